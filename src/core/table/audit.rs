//! Gaps, overlaps and rows that are never hit. Walks the regions input by input, keeping the rows
//! still possible; regions with the same rows are walked once, so the work follows the number of
//! truly different cases. Bounded: a table that would take more is said to be checked in part.

use std::collections::{BTreeMap, BTreeSet};

use super::index::Bits;
use super::regions::Regions;
use super::{Hit, Input, Table};
use crate::core::expression::Type;
use crate::core::value::Value;

/// Most steps of one audit.
const STEPS_MAX: usize = 400_000;
/// Most gaps, and most overlaps, reported.
const FOUND_MAX: usize = 8;

/// What an audit found.
#[derive(Debug, Default)]
pub struct Audit {
    /// Inputs for which no row matches: an example of each, as text.
    pub gaps: Vec<String>,
    /// Two rows (from 0) that match at once, and an example.
    pub overlaps: Vec<(usize, usize, String)>,
    /// Rows (from 0) that are never hit.
    pub unreachable: Vec<usize>,
    /// Whether all was checked.
    pub complete: bool,
}

/// Audits a table.
#[must_use]
pub fn audit(table: &Table) -> Audit {
    let spec = table.spec();
    let columns: Vec<Vec<(usize, String)>> = spec
        .inputs
        .iter()
        .zip(table.index.regions())
        .map(|(input, regions)| possible(input, regions))
        .collect();
    let mut walk = Walk {
        table,
        columns: &columns,
        steps_left: STEPS_MAX,
        seen: BTreeSet::new(),
        chosen: Vec::new(),
        hit: vec![0; table.index.all().len()],
        pairs: BTreeMap::new(),
        gaps: Vec::new(),
    };
    walk.from(0, table.index.all().to_vec());
    let complete = walk.steps_left > 0;
    let rows = 0..spec.rows.len();
    let is_hit =
        |row: &usize| walk.hit.get(row / 64).is_some_and(|word| word >> (row % 64) & 1 == 1);
    let unreachable = match complete {
        true => rows.filter(|row| !is_hit(row)).collect(),
        false => Vec::new(),
    };
    let overlaps = walk.pairs.into_iter().map(|((a, b), example)| (a, b, example)).collect();
    Audit { gaps: walk.gaps, overlaps, unreachable, complete }
}

struct Walk<'t> {
    table: &'t Table,
    columns: &'t [Vec<(usize, String)>],
    steps_left: usize,
    /// Inputs walked from with these rows: what follows is known.
    seen: BTreeSet<(usize, Vec<u64>)>,
    /// Examples of the regions chosen so far.
    chosen: Vec<&'t str>,
    hit: Vec<u64>,
    pairs: BTreeMap<(usize, usize), String>,
    gaps: Vec<String>,
}

impl<'t> Walk<'t> {
    fn from(&mut self, column: usize, rows: Vec<u64>) {
        if rows.iter().all(|word| *word == 0) {
            self.gap();
            return;
        }
        let Some(regions) = self.columns.get(column) else {
            self.found(&rows);
            return;
        };
        if self.steps_left == 0 || !self.seen.insert((column, rows.clone())) {
            return;
        }
        let mut same = BTreeSet::new();
        for (region, example) in regions {
            self.steps_left = self.steps_left.saturating_sub(1);
            if self.steps_left == 0 {
                return;
            }
            let set = self.table.index.set(column, *region);
            let left: Vec<u64> = rows.iter().zip(set).map(|(a, b)| a & b).collect();
            if same.insert(left.clone()) {
                self.chosen.push(example);
                self.from(column + 1, left);
                self.chosen.pop();
            }
        }
    }

    fn gap(&mut self) {
        if self.gaps.len() < FOUND_MAX {
            let example = self.example();
            self.gaps.push(example);
        }
    }

    /// All inputs chosen, these rows match.
    fn found(&mut self, rows: &[u64]) {
        let first_only = self.table.spec().hit == Hit::First;
        for (hit, bits) in self.hit.iter_mut().zip(rows) {
            if first_only {
                if let Some(bit) = Bits(*bits).next() {
                    *hit |= 1 << bit;
                    break;
                }
            } else {
                *hit |= bits;
            }
        }
        if self.table.spec().hit == Hit::Unique && self.pairs.len() < FOUND_MAX {
            let words = rows.iter().enumerate();
            let mut rows = words.flat_map(|(word, bits)| Bits(*bits).map(move |b| word * 64 + b));
            if let (Some(a), Some(b)) = (rows.next(), rows.next()) {
                let example = self.example();
                self.pairs.entry((a, b)).or_insert(example);
            }
        }
    }

    fn example(&self) -> String {
        // A gap may show before the last input is reached: then any value of the rest will do.
        let rest = self.columns.iter().skip(self.chosen.len());
        let rest = rest.map(|regions| regions.first().map_or("-", |(_, example)| example));
        let inputs = self.table.spec().inputs.iter().zip(self.chosen.iter().copied().chain(rest));
        let parts: Vec<_> =
            inputs.map(|(input, chosen)| format!("{} {chosen}", input.name)).collect();
        parts.join(", ")
    }
}

/// The regions in which the input can have a value, each with an example.
fn possible(input: &Input, regions: &Regions) -> Vec<(usize, String)> {
    let example = |region| example(input, regions, region).map(|example| (region, example));
    (0..regions.len()).filter_map(example).collect()
}

fn example(input: &Input, regions: &Regions, region: usize) -> Option<String> {
    let (low, high) = regions.ends(region);
    let single = region % 2 == 1;
    match &input.ty {
        Type::Bool => listed([false, true].map(Value::Bool).iter(), regions, region),
        Type::Enum(values) => {
            let values: Vec<_> = values.iter().map(|v| Value::String(v.clone())).collect();
            listed(values.iter(), regions, region)
        }
        Type::Int => {
            let from = low.map(|v| int(v).saturating_add(i128::from(!single)));
            let to = high.map(|v| int(v) - i128::from(!single));
            let (min, max) = input.range;
            #[expect(clippy::cast_possible_truncation, reason = "saturates, which keeps the order")]
            let from = from.into_iter().chain(min.map(|m| libm::ceil(m) as i128)).max();
            #[expect(clippy::cast_possible_truncation, reason = "saturates, which keeps the order")]
            let to = to.into_iter().chain(max.map(|m| libm::floor(m) as i128)).min();
            match (from, to) {
                (Some(from), Some(to)) if from > to => None,
                (Some(from), _) => Some(from.to_string()),
                (None, Some(to)) => Some(to.to_string()),
                (None, None) => Some("0".to_owned()),
            }
        }
        Type::Double => {
            double(input.range, low.and_then(Value::as_f64), high.and_then(Value::as_f64), single)
        }
        _ if single => low.map(shown),
        Type::String => (region == 0).then(|| match regions.cuts().is_empty() {
            true => "of any text".to_owned(),
            false => "of any other text".to_owned(),
        }),
        // Instants and spans: between any two there is another.
        _ => Some(match (low, high) {
            (Some(low), Some(high)) => format!("between {} and {}", shown(low), shown(high)),
            (Some(low), None) => format!("above {}", shown(low)),
            (None, Some(high)) => format!("below {}", shown(high)),
            (None, None) => "of any value".to_owned(),
        }),
    }
}

fn listed<'v>(
    mut values: impl Iterator<Item = &'v Value>,
    regions: &Regions,
    region: usize,
) -> Option<String> {
    values.find(|value| regions.of(value) == Some(region)).map(shown)
}

fn int(value: &Value) -> i128 {
    match value {
        Value::Int(int) => i128::from(*int),
        _ => 0,
    }
}

/// A double of the region, within the input's range.
fn double(
    (min, max): (Option<f64>, Option<f64>),
    low: Option<f64>,
    high: Option<f64>,
    single: bool,
) -> Option<String> {
    let inside = |x: f64| min.is_none_or(|min| x >= min) && max.is_none_or(|max| x <= max);
    let between =
        |x: f64| inside(x) && low.is_none_or(|low| x > low) && high.is_none_or(|high| x < high);
    if single {
        return low.filter(|x| inside(*x)).map(|x| x.to_string());
    }
    let middle = low.zip(high).map(|(low, high)| low / 2.0 + high / 2.0);
    let beyond = [low.map(|x| x + 1.0), high.map(|x| x - 1.0), min, max];
    let clipped = [low.zip(max), high.zip(min)].map(|p| p.map(|(a, b)| a / 2.0 + b / 2.0));
    let mut tried = [middle].into_iter().chain(beyond).chain(clipped).flatten().chain([0.0]);
    tried.find(|x| between(*x)).map(|x| x.to_string())
}

fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => format!("`{text}`"),
        Value::Bool(truth) => truth.to_string(),
        Value::Timestamp(at) => at.to_string(),
        Value::Duration(span) => format!("{span:#}"),
        Value::Int(int) => int.to_string(),
        Value::Double(double) => double.to_string(),
        other => other.type_name().to_owned(),
    }
}
