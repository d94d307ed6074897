//! The table of functions: names, forms, argument and result types.

use Kind::{Any, Bool, Bytes, Double, Duration, Int, List, Map, Number, Text, Texts, Timestamp};

use super::time::Part;
use super::types::Type;

/// What a call does once its overload is chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Function {
    Size,
    Contains,
    StartsWith,
    EndsWith,
    Matches,
    ToInt,
    ToUint,
    ToDouble,
    ToText,
    ToBool,
    ToBytes,
    ToTimestamp,
    ToDuration,
    ToDyn,
    TypeOf,
    Part(Part),
    Min,
    Max,
    Abs,
    Clamp,
    Round,
    Floor,
    Ceil,
    Ln,
    Exp,
    Pow,
    Sqrt,
    DaysBetween,
    LowerAscii,
    UpperAscii,
    Trim,
    Split,
    Join,
    Replace,
    Substring,
    CharAt,
    IndexOf,
    LastIndexOf,
    Reverse,
    Greatest,
    Least,
    Trunc,
    Sign,
    IsNan,
    IsInfinite,
    IsFinite,
    Sum,
    Average,
    Distinct,
    Sort,
    Slice,
    Flatten,
    Range,
    SetContains,
    SetIntersects,
    SetEquivalent,
    YearsBetween,
    MonthsBetween,
    StartOfDay,
    StartOfMonth,
}

/// What a parameter takes or a result is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Any,
    Bool,
    Int,
    Uint,
    Double,
    /// int, uint or double. As a result: int (uint) where all arguments are, else double.
    Number,
    Text,
    Bytes,
    Timestamp,
    Duration,
    List,
    Texts,
    Map,
    Type,
    /// As a result: the type all arguments have, else dyn.
    Common,
    /// As a result: the type of the first argument.
    First,
    /// As a result: the type of the first argument's elements.
    Element,
}

/// One overload.
pub(super) struct Signature {
    pub(super) name: &'static str,
    /// Written `first.name(rest)` rather than `name(first, rest)`.
    pub(super) member: bool,
    pub(super) params: &'static [Kind],
    /// Whether the last parameter may be repeated.
    pub(super) repeats: bool,
    pub(super) result: Kind,
    pub(super) function: Function,
}

const fn global(
    name: &'static str,
    params: &'static [Kind],
    result: Kind,
    function: Function,
) -> Signature {
    Signature { name, member: false, params, repeats: false, result, function }
}

const fn member(
    name: &'static str,
    params: &'static [Kind],
    result: Kind,
    function: Function,
) -> Signature {
    Signature { member: true, ..global(name, params, result, function) }
}

const fn repeated(name: &'static str, function: Function) -> Signature {
    Signature { repeats: true, ..global(name, &[Kind::Number], Kind::Number, function) }
}

const fn repeated_as(name: &'static str, result: Kind, function: Function) -> Signature {
    Signature { result, ..repeated(name, function) }
}

const fn part(name: &'static str, part: Part) -> [Signature; 2] {
    [
        member(name, &[Kind::Timestamp], Kind::Int, Function::Part(part)),
        member(name, &[Kind::Timestamp, Kind::Text], Kind::Int, Function::Part(part)),
    ]
}

const fn duration_part(name: &'static str, part: Part) -> Signature {
    member(name, &[Kind::Duration], Kind::Int, Function::Part(part))
}

static SIMPLE: &[Signature] = &[
    global("size", &[Text], Int, Function::Size),
    global("size", &[Bytes], Int, Function::Size),
    global("size", &[List], Int, Function::Size),
    global("size", &[Map], Int, Function::Size),
    member("size", &[Text], Int, Function::Size),
    member("size", &[Bytes], Int, Function::Size),
    member("size", &[List], Int, Function::Size),
    member("size", &[Map], Int, Function::Size),
    member("contains", &[Text, Text], Bool, Function::Contains),
    member("startsWith", &[Text, Text], Bool, Function::StartsWith),
    member("endsWith", &[Text, Text], Bool, Function::EndsWith),
    member("matches", &[Text, Text], Bool, Function::Matches),
    global("matches", &[Text, Text], Bool, Function::Matches),
    global("int", &[Number], Int, Function::ToInt),
    global("int", &[Text], Int, Function::ToInt),
    global("int", &[Timestamp], Int, Function::ToInt),
    global("uint", &[Number], Kind::Uint, Function::ToUint),
    global("uint", &[Text], Kind::Uint, Function::ToUint),
    global("double", &[Number], Double, Function::ToDouble),
    global("double", &[Text], Double, Function::ToDouble),
    global("string", &[Text], Text, Function::ToText),
    global("string", &[Number], Text, Function::ToText),
    global("string", &[Bool], Text, Function::ToText),
    global("string", &[Bytes], Text, Function::ToText),
    global("string", &[Timestamp], Text, Function::ToText),
    global("string", &[Duration], Text, Function::ToText),
    global("bool", &[Bool], Bool, Function::ToBool),
    global("bool", &[Text], Bool, Function::ToBool),
    global("bytes", &[Bytes], Bytes, Function::ToBytes),
    global("bytes", &[Text], Bytes, Function::ToBytes),
    global("timestamp", &[Timestamp], Timestamp, Function::ToTimestamp),
    global("timestamp", &[Text], Timestamp, Function::ToTimestamp),
    global("timestamp", &[Int], Timestamp, Function::ToTimestamp),
    global("duration", &[Duration], Duration, Function::ToDuration),
    global("duration", &[Text], Duration, Function::ToDuration),
    global("dyn", &[Any], Any, Function::ToDyn),
    global("type", &[Any], Kind::Type, Function::TypeOf),
    duration_part("getHours", Part::Hours),
    duration_part("getMinutes", Part::Minutes),
    duration_part("getSeconds", Part::Seconds),
    duration_part("getMilliseconds", Part::Milliseconds),
    repeated("min", Function::Min),
    repeated("max", Function::Max),
    global("abs", &[Number], Number, Function::Abs),
    global("clamp", &[Number, Number, Number], Number, Function::Clamp),
    global("round", &[Number], Number, Function::Round),
    global("floor", &[Number], Number, Function::Floor),
    global("ceil", &[Number], Number, Function::Ceil),
    global("ln", &[Number], Double, Function::Ln),
    global("exp", &[Number], Double, Function::Exp),
    global("pow", &[Number, Number], Double, Function::Pow),
    global("sqrt", &[Number], Double, Function::Sqrt),
    global("days_between", &[Timestamp, Timestamp], Int, Function::DaysBetween),
    member("lowerAscii", &[Text], Text, Function::LowerAscii),
    member("upperAscii", &[Text], Text, Function::UpperAscii),
    member("trim", &[Text], Text, Function::Trim),
    member("split", &[Text, Text], Texts, Function::Split),
    member("join", &[List], Text, Function::Join),
    member("join", &[List, Text], Text, Function::Join),
    member("replace", &[Text, Text, Text], Text, Function::Replace),
    member("substring", &[Text, Int], Text, Function::Substring),
    member("substring", &[Text, Int, Int], Text, Function::Substring),
];

/// Namespaces of functions: `math.abs(x)` is no method of a value `math`.
pub(super) const NAMESPACES: [&str; 3] = ["math", "lists", "sets"];

static MORE: &[Signature] = &[
    repeated_as("math.greatest", Kind::Common, Function::Greatest),
    global("math.greatest", &[List], Kind::Element, Function::Greatest),
    repeated_as("math.least", Kind::Common, Function::Least),
    global("math.least", &[List], Kind::Element, Function::Least),
    global("math.abs", &[Number], Kind::First, Function::Abs),
    global("math.ceil", &[Double], Double, Function::Ceil),
    global("math.floor", &[Double], Double, Function::Floor),
    global("math.round", &[Double], Double, Function::Round),
    global("math.trunc", &[Double], Double, Function::Trunc),
    global("math.sign", &[Number], Kind::First, Function::Sign),
    global("math.sqrt", &[Number], Double, Function::Sqrt),
    global("math.isNaN", &[Double], Bool, Function::IsNan),
    global("math.isInf", &[Double], Bool, Function::IsInfinite),
    global("math.isFinite", &[Double], Bool, Function::IsFinite),
    member("charAt", &[Text, Int], Text, Function::CharAt),
    member("indexOf", &[Text, Text], Int, Function::IndexOf),
    member("indexOf", &[Text, Text, Int], Int, Function::IndexOf),
    member("lastIndexOf", &[Text, Text], Int, Function::LastIndexOf),
    member("lastIndexOf", &[Text, Text, Int], Int, Function::LastIndexOf),
    member("replace", &[Text, Text, Text, Int], Text, Function::Replace),
    member("split", &[Text, Text, Int], Texts, Function::Split),
    member("reverse", &[Text], Kind::First, Function::Reverse),
    member("reverse", &[List], Kind::First, Function::Reverse),
    member("sum", &[List], Kind::Element, Function::Sum),
    member("avg", &[List], Double, Function::Average),
    member("distinct", &[List], Kind::First, Function::Distinct),
    member("sort", &[List], Kind::First, Function::Sort),
    member("slice", &[List, Int, Int], Kind::First, Function::Slice),
    member("flatten", &[List], List, Function::Flatten),
    member("flatten", &[List, Int], List, Function::Flatten),
    global("lists.range", &[Int], List, Function::Range),
    global("sets.contains", &[List, List], Bool, Function::SetContains),
    global("sets.intersects", &[List, List], Bool, Function::SetIntersects),
    global("sets.equivalent", &[List, List], Bool, Function::SetEquivalent),
    global("years_between", &[Timestamp, Timestamp], Int, Function::YearsBetween),
    global("years_between", &[Timestamp, Timestamp, Text], Int, Function::YearsBetween),
    global("months_between", &[Timestamp, Timestamp], Int, Function::MonthsBetween),
    global("months_between", &[Timestamp, Timestamp, Text], Int, Function::MonthsBetween),
    global("start_of_day", &[Timestamp], Timestamp, Function::StartOfDay),
    global("start_of_day", &[Timestamp, Text], Timestamp, Function::StartOfDay),
    global("start_of_month", &[Timestamp], Timestamp, Function::StartOfMonth),
    global("start_of_month", &[Timestamp, Text], Timestamp, Function::StartOfMonth),
];

static PARTS: &[[Signature; 2]] = &[
    part("getFullYear", Part::FullYear),
    part("getMonth", Part::Month),
    part("getDate", Part::Date),
    part("getDayOfMonth", Part::DayOfMonth),
    part("getDayOfWeek", Part::DayOfWeek),
    part("getDayOfYear", Part::DayOfYear),
    part("getHours", Part::Hours),
    part("getMinutes", Part::Minutes),
    part("getSeconds", Part::Seconds),
    part("getMilliseconds", Part::Milliseconds),
];

/// The names of all functions, as expressions write them; each once, sorted.
pub fn function_names() -> impl Iterator<Item = &'static str> {
    let names: std::collections::BTreeSet<_> =
        signatures().map(|s| s.name).chain(["coalesce"]).collect();
    names.into_iter()
}

/// All overloads of all functions.
pub(super) fn signatures() -> impl Iterator<Item = &'static Signature> {
    SIMPLE.iter().chain(MORE).chain(PARTS.iter().flatten())
}

impl Kind {
    pub(super) fn accepts(self, ty: &Type) -> bool {
        match (self, ty) {
            (Self::Any, _) | (_, Type::Dyn) => true,
            (Self::Number, ty) => matches!(ty, Type::Int | Type::Uint | Type::Double),
            (Self::Text, ty) => matches!(ty, Type::String | Type::Enum(_)),
            (Self::List | Self::Texts, ty) => matches!(ty, Type::List(_)),
            (Self::Map, ty) => matches!(ty, Type::Map(..)),
            (kind, ty) => kind.ty() == *ty,
        }
    }

    pub(super) fn ty(self) -> Type {
        match self {
            Self::Any | Self::Number | Self::Common | Self::First | Self::Element => Type::Dyn,
            Self::Bool => Type::Bool,
            Self::Int => Type::Int,
            Self::Uint => Type::Uint,
            Self::Double => Type::Double,
            Self::Text => Type::String,
            Self::Bytes => Type::Bytes,
            Self::Timestamp => Type::Timestamp,
            Self::Duration => Type::Duration,
            Self::List => Type::List(Type::Dyn.into()),
            Self::Texts => Type::List(Type::String.into()),
            Self::Map => Type::Map(Type::Dyn.into(), Type::Dyn.into()),
            Self::Type => Type::Type,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Any | Self::Common | Self::First | Self::Element => "any",
            Self::Bool => "bool",
            Self::Int => "int",
            Self::Uint => "uint",
            Self::Double => "double",
            Self::Number => "number",
            Self::Text => "string",
            Self::Bytes => "bytes",
            Self::Timestamp => "timestamp",
            Self::Duration => "duration",
            Self::List => "list",
            Self::Texts => "list(string)",
            Self::Map => "map",
            Self::Type => "type",
        }
    }
}

impl Signature {
    pub(super) fn takes(&self, count: usize) -> bool {
        count == self.params.len() || self.repeats && count > self.params.len()
    }

    /// The parameter the argument at `index` goes to.
    pub(super) fn param(&self, index: usize) -> Option<Kind> {
        let last = if self.repeats { self.params.last() } else { None };
        self.params.get(index).or(last).copied()
    }

    /// The type of the result for arguments of these types.
    pub(super) fn result(&self, args: &[Type]) -> Type {
        match (self.result, args.first()) {
            (Kind::Number, _) => {}
            (Kind::First, Some(first)) => return first.clone(),
            (Kind::Element, Some(Type::List(element))) => return (**element).clone(),
            (Kind::Common, Some(first)) => {
                let one = args.iter().all(|arg| arg == first);
                return if one { first.clone() } else { Type::Dyn };
            }
            (other, _) => return other.ty(),
        }
        if args.iter().all(|a| *a == Type::Int) {
            Type::Int
        } else if args.iter().all(|a| *a == Type::Uint) {
            Type::Uint
        } else if args.contains(&Type::Dyn) {
            Type::Dyn
        } else {
            Type::Double
        }
    }
}

impl std::fmt::Display for Signature {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut names = self.params.iter().map(|p| p.name());
        if self.member {
            write!(f, "{}.", names.next().unwrap_or_default())?;
        }
        let rest: Vec<_> = names.collect();
        let dots = if self.repeats { ", ..." } else { "" };
        write!(f, "{}({}{dots})", self.name, rest.join(", "))
    }
}
