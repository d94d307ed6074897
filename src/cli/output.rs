//! What goes to the terminal: reports to stdout, progress and complaints to stderr. A closed pipe
//! is nobody's fault.

use std::io::{IsTerminal as _, Write as _, stderr, stdout};
use std::time::Duration;

use comfy_table::presets::UTF8_FULL_CONDENSED;
use comfy_table::{CellAlignment, Table};
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;

use super::Failure;

/// A line of a report.
pub fn say(line: &str) {
    let _closed = writeln!(stdout(), "{line}");
}

/// A line for people beside the report.
pub fn complain(line: &str) {
    let _closed = writeln!(stderr(), "{line}");
}

/// A report for machines.
///
/// # Errors
/// When it cannot be written as JSON.
pub fn say_json(report: &impl Serialize) -> Result<(), Failure> {
    let text = serde_json::to_string_pretty(report)
        .map_err(|error| Failure::other("the report cannot be written", error))?;
    say(&text);
    Ok(())
}

/// A table whose columns from `numbers_from` on are numbers, aligned to the right.
#[must_use]
pub fn table(header: &[&str], numbers_from: usize, rows: &[Vec<String>]) -> Table {
    let mut table = Table::new();
    table.load_style(UTF8_FULL_CONDENSED).set_header(header.to_vec());
    for row in rows {
        table.add_row(row);
    }
    for column in table.column_iter_mut().skip(numbers_from) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table
}

/// A bar over `items`, on stderr; hidden where it would not be seen or would be in the way.
#[must_use]
pub fn progress(items: u64, hidden: bool) -> ProgressBar {
    if hidden || !stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{bar:30} {pos}/{len} {elapsed} (left {eta})  {msg}");
    ProgressBar::new(items).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}

/// A time as people read it: three digits and a unit.
#[must_use]
pub fn duration(time: Duration) -> String {
    let seconds = time.as_secs_f64();
    match seconds {
        s if s >= 1.0 => format!("{s:.2} s"),
        s if s >= 1e-3 => format!("{:.2} ms", s * 1e3),
        s => format!("{:.0} µs", s * 1e6),
    }
}

/// A share in percent, with one digit.
#[must_use]
pub fn percent(share: f64) -> String {
    format!("{:.1} %", share * 100.0)
}

/// A number with its thousands apart.
#[must_use]
pub fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_well() {
        assert_eq!(thousands(12_684), "12,684");
        assert_eq!(thousands(999), "999");
        assert_eq!(thousands(1_000_000), "1,000,000");
        assert_eq!(percent(0.5684), "56.8 %");
        assert_eq!(duration(Duration::from_micros(180)), "180 µs");
        assert_eq!(duration(Duration::from_micros(1_810)), "1.81 ms");
        assert_eq!(duration(Duration::from_millis(1_810)), "1.81 s");
    }
}
