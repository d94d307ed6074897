//! Functions of the calendar: whole years and months, starts of days and months, in a time zone.

use std::borrow::Cow;

use jiff::tz::TimeZone;
use jiff::{Timestamp, Unit, Zoned};

use super::no_overload;
use crate::core::expression::functions::Function;
use crate::core::expression::stop::Stop;
use crate::core::expression::time;
use crate::core::value::Value;

pub(super) fn calendar(function: Function, args: &[Cow<'_, Value>]) -> Result<Value, Stop> {
    let mut args = args.iter().map(|a| &**a);
    let between = matches!(function, Function::YearsBetween | Function::MonthsBetween);
    let (from, to, zone) =
        match (args.next(), if between { args.next() } else { None }, args.next()) {
            (Some(Value::Timestamp(from)), Some(Value::Timestamp(to)), zone) if between => {
                (*from, *to, zone)
            }
            (Some(Value::Timestamp(from)), None, zone) if !between => (*from, *from, zone),
            _ => return Err(no_overload(function)),
        };
    let zone = match zone {
        None => TimeZone::UTC,
        Some(Value::String(name)) => time::time_zone(name)
            .ok_or_else(|| Stop::because(format!("unknown time zone `{name}`")))?,
        Some(_) => return Err(no_overload(function)),
    };
    match function {
        Function::YearsBetween => whole(from, to, zone, Unit::Year),
        Function::MonthsBetween => whole(from, to, zone, Unit::Month),
        Function::StartOfDay => start(from.to_zoned(zone).start_of_day()),
        _ => start(from.to_zoned(zone).first_of_month().and_then(|first| first.start_of_day())),
    }
}

/// Whole years or months from one instant to another, by the calendar; negative backwards.
fn whole(from: Timestamp, to: Timestamp, zone: TimeZone, unit: Unit) -> Result<Value, Stop> {
    let (from, to) = (from.to_zoned(zone.clone()), to.to_zoned(zone));
    let span = from.until((unit, &to)).map_err(|_| Stop::failed(time::RANGE))?;
    Ok(Value::Int(match unit {
        Unit::Year => i64::from(span.get_years()),
        _ => i64::from(span.get_months()),
    }))
}

fn start(start: Result<Zoned, jiff::Error>) -> Result<Value, Stop> {
    let start = start.ok().map(|zoned| zoned.timestamp()).and_then(time::in_range);
    start.map(Value::Timestamp).ok_or(Stop::failed(time::RANGE))
}
