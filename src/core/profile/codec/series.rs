//! Series: key, kind, state. A cell is a byte (count, gap to the bucket before, how many numbers
//! follow) and as few numbers as determine it exactly.

use super::wire::{Reader, Writer};
use super::{check_ascending, value};
use crate::core::key::Key;
use crate::core::profile::ProfileError;
use crate::core::profile::limits::{BUCKETS_MAX, DISTINCT_MAX, SERIES_MAX};
use crate::core::profile::series::{Bucket, Buckets, Cell, Decayed, Distinct, Seen, Series};
use crate::core::time::{MINUTE_MS, SECOND_MS};

const BUCKETS: u8 = 0;
const TOTAL: u8 = 1;
const DECAYED: u8 = 2;
const DECAYED_COUNT: u8 = 3;
const LAST: u8 = 4;
const DISTINCT: u8 = 5;

/// Nothing but the count; all numbers are 0.
const FORM_COUNT: u8 = 0;
/// Every event had this number.
const FORM_EQUAL: u8 = 1;
/// Smallest and largest; the sum is theirs.
const FORM_PAIR: u8 = 2;
/// Smallest, largest, sum.
const FORM_FULL: u8 = 3;

pub(super) fn put(w: &mut Writer, series: &[(Key, Series)]) {
    w.count_unless_empty(series.len());
    for (key, state) in series {
        w.key(*key);
        match state {
            Series::Buckets(buckets) => put_buckets(w, buckets),
            Series::Total { cell, latest_at } => {
                w.byte(TOTAL);
                w.age(*latest_at, SECOND_MS);
                put_cell(w, cell, None);
            }
            Series::Decayed(decayed) => {
                let counts = decayed.sum.to_bits() == 0;
                w.byte(if counts { DECAYED_COUNT } else { DECAYED });
                w.age(decayed.at, SECOND_MS);
                w.f32(decayed.count);
                if !counts {
                    w.f32(decayed.sum);
                }
            }
            Series::Last { value, at } => {
                w.byte(LAST);
                w.age(*at, 1);
                value::put(w, value, false);
            }
            Series::Distinct(distinct) => {
                w.byte(DISTINCT);
                w.varint(distinct.values.len() as u64);
                let mut times = w.times(MINUTE_MS);
                for seen in &distinct.values {
                    w.key(seen.value);
                    w.next_time(&mut times, seen.at);
                }
            }
        }
    }
}

pub(super) fn get(r: &mut Reader<'_>) -> Result<Vec<(Key, Series)>, ProfileError> {
    let n = r.count("series", SERIES_MAX)?;
    let mut series = r.list(n);
    for _ in 0..n {
        let key = r.key()?;
        series.push((key, get_state(r)?));
    }
    check_ascending(&series, |s| s.0)?;
    Ok(series)
}

fn get_state(r: &mut Reader<'_>) -> Result<Series, ProfileError> {
    Ok(match r.byte()? {
        BUCKETS => Series::Buckets(get_buckets(r)?),
        TOTAL => Series::Total { latest_at: r.age(SECOND_MS)?, cell: get_cell(r)?.0 },
        kind @ (DECAYED | DECAYED_COUNT) => {
            let at = r.age(SECOND_MS)?;
            let count = r.f32()?;
            let sum = if kind == DECAYED { r.f32()? } else { 0.0 };
            if count < 0.0 {
                return Err(ProfileError::Malformed("negative count"));
            }
            Series::Decayed(Decayed { count, sum, at })
        }
        LAST => Series::Last { at: r.age(1)?, value: value::get(r)?.0 },
        DISTINCT => {
            let n = r.count("distinct values", DISTINCT_MAX)?;
            let mut values = r.list(n);
            let mut times = r.times(MINUTE_MS);
            for _ in 0..n {
                values.push(Seen { value: r.key()?, at: r.next_time(&mut times)? });
            }
            check_ascending(&values, |v| *v)?;
            Series::Distinct(Distinct { values })
        }
        _ => return Err(ProfileError::Malformed("unknown kind of series")),
    })
}

#[expect(clippy::cast_sign_loss, reason = "widths are positive, indices ascend")]
fn put_buckets(w: &mut Writer, buckets: &Buckets) {
    w.byte(BUCKETS);
    match buckets.width_minutes() {
        Some(minutes) => w.varint((minutes as u64) << 1),
        None => w.varint((buckets.width_ms as u64) << 1 | 1),
    }
    w.age(buckets.latest_at, SECOND_MS);
    w.varint(buckets.cells.len() as u64);
    let mut previous = None;
    let newest = w.clock_at().0.div_euclid(buckets.width_ms);
    for Bucket { index, cell } in &buckets.cells {
        let gap = previous.map(|previous| index.saturating_sub(previous) as u64);
        if gap.is_none() {
            w.varint(newest.saturating_sub(*index).max(0) as u64);
        }
        put_cell(w, cell, gap);
        previous = Some(*index);
    }
}

fn get_buckets(r: &mut Reader<'_>) -> Result<Buckets, ProfileError> {
    const BAD_WIDTH: ProfileError = ProfileError::Malformed("width of a bucket out of range");
    let width = r.varint()?;
    let width_ms = i64::try_from(width >> 1)
        .ok()
        .and_then(|n| n.checked_mul(if width & 1 == 0 { MINUTE_MS } else { 1 }))
        .filter(|width_ms| *width_ms > 0)
        .ok_or(BAD_WIDTH)?;
    let latest_at = r.age(SECOND_MS)?;
    let n = r.count("buckets", BUCKETS_MAX)?;
    let mut cells: Vec<Bucket> = r.list(n);
    let newest = r.clock_at().0.div_euclid(width_ms);
    for _ in 0..n {
        let (cell, index) = if let Some(last) = cells.last().map(|b| b.index) {
            let (cell, gap) = get_cell(r)?;
            (cell, last.saturating_add(gap))
        } else {
            let age = i64::try_from(r.varint()?).unwrap_or(i64::MAX);
            (get_cell(r)?.0, newest.saturating_sub(age))
        };
        if index > newest {
            return Err(ProfileError::Malformed("bucket after the clock"));
        }
        cells.push(Bucket { index, cell });
    }
    check_ascending(&cells, |b| b.index)?;
    Ok(Buckets { width_ms, latest_at, cells })
}

/// Bits 0..3 count (0: it follows), 3..6 gap (0: it follows, if there is one), 6..8 form. A cell
/// without a gap has gap code 1.
#[expect(clippy::cast_possible_truncation, reason = "below 8")]
fn put_cell(w: &mut Writer, cell: &Cell, gap: Option<u64>) {
    let form = form(cell);
    let gap = gap.unwrap_or(1);
    let count_code = if cell.count < 8 { cell.count as u8 } else { 0 };
    let gap_code = if gap < 8 { gap as u8 } else { 0 };
    w.byte(count_code | gap_code << 3 | form << 6);
    if count_code == 0 {
        w.varint(u64::from(cell.count));
    }
    if gap_code == 0 {
        w.varint(gap);
    }
    if form >= FORM_EQUAL {
        w.number(cell.min);
    }
    if form >= FORM_PAIR {
        w.number(cell.max);
    }
    if form == FORM_FULL {
        w.number(cell.sum);
    }
}

fn get_cell(r: &mut Reader<'_>) -> Result<(Cell, i64), ProfileError> {
    let head = r.byte()?;
    let count = match head & 7 {
        0 => {
            u32::try_from(r.varint()?).map_err(|_| ProfileError::Malformed("count out of range"))?
        }
        n => u32::from(n),
    };
    let gap = match head >> 3 & 7 {
        0 => i64::try_from(r.varint()?).unwrap_or(i64::MAX),
        n => i64::from(n),
    };
    let (mut min, mut max, mut sum) = (0.0, 0.0, 0.0);
    match head >> 6 {
        FORM_COUNT => {}
        FORM_EQUAL => {
            min = r.number()?;
            max = min;
            sum = multiple(min, count);
        }
        FORM_PAIR => {
            min = r.number()?;
            max = r.number()?;
            sum = min + max;
        }
        _ => {
            min = r.number()?;
            max = r.number()?;
            sum = r.number()?;
        }
    }
    if count == 0 || min > max || !sum.is_finite() {
        return Err(ProfileError::Malformed("impossible cell"));
    }
    Ok((Cell { count, sum, min, max }, gap))
}

fn form(cell: &Cell) -> u8 {
    let same = |a: f64, b: f64| a.to_bits() == b.to_bits();
    let equal = same(cell.min, cell.max) && same(multiple(cell.min, cell.count), cell.sum);
    if equal && cell.sum.to_bits() == 0 {
        FORM_COUNT
    } else if equal {
        FORM_EQUAL
    } else if same(cell.min + cell.max, cell.sum) {
        FORM_PAIR
    } else {
        FORM_FULL
    }
}

fn multiple(number: f64, count: u32) -> f64 {
    number * f64::from(count)
}
