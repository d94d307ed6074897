//! Who was treated how: the column of treatments as a control and candidates.

use super::super::propensity::NOTHING_DECLARED;
use crate::cli::data::table::{Cell, DataError, Table};
use crate::core::key::Key;
use crate::core::propensity::Candidate;

/// Most treatments beside the control.
const ARMS_MAX: usize = 16;

/// The arms of a trial.
#[derive(Debug)]
pub struct Arms {
    /// Name of the control.
    pub control: String,
    /// Names of the treatments.
    pub names: Vec<String>,
    /// What models are asked about each treatment.
    pub candidates: Vec<Candidate>,
    /// By distinct cell of the column: which treatment; `None`: the control.
    by_cell: Vec<Option<usize>>,
    column: usize,
}

impl Arms {
    /// Takes the column `name` apart; the control is the value told, else the one that reads as such.
    ///
    /// # Errors
    /// When there is no such column or control, a treatment is missing, or there are too many.
    pub fn of(table: &Table, name: &str, control: Option<&str>) -> Result<Self, DataError> {
        let column = table.column(name)?;
        let text = |(at, cell): (usize, &Cell)| match cell {
            Cell::Text(text) => Ok(text.to_string()),
            Cell::Missing | Cell::List(_) => {
                Err(DataError::cell(column.first_row(at), name, "there is no treatment"))
            }
        };
        let texts: Vec<String> =
            column.distinct.iter().enumerate().map(text).collect::<Result<_, _>>()?;
        let is_control = |text: &&String| match control {
            Some(control) => **text == control,
            None => reads_as_control(text),
        };
        let found: Vec<&String> = texts.iter().filter(is_control).collect();
        let [control] = found.as_slice() else {
            let listed = texts.iter().take(20).map(|text| format!("`{text}`"));
            let listed = listed.collect::<Vec<_>>().join(", ");
            let reason = format!("which of {listed} is the control? say it with --control VALUE");
            return Err(DataError::column(name, reason));
        };
        let control = (*control).clone();
        let names: Vec<String> = texts.iter().filter(|text| **text != control).cloned().collect();
        if names.is_empty() || names.len() > ARMS_MAX {
            let reason = format!("{} treatments; between 1 and {ARMS_MAX}", names.len());
            return Err(DataError::column(name, reason));
        }
        let candidate = |name: &String| Candidate {
            offer: Key::of(name),
            group: Key::of("group"),
            treatment: Key::of(name),
            channel: Key::of("channel"),
            prior: NOTHING_DECLARED,
            ..Candidate::default()
        };
        let by_cell = texts.iter().map(|text| names.iter().position(|name| name == text));
        let place = table.columns.iter().position(|other| other.name == name);
        Ok(Self {
            control,
            candidates: names.iter().map(candidate).collect(),
            by_cell: by_cell.collect(),
            names,
            column: place.unwrap_or_default(),
        })
    }

    /// Which treatment a row had; `None`: the control.
    #[must_use]
    pub fn row(&self, table: &Table, row: usize) -> Option<usize> {
        let cell = table.columns.get(self.column)?.cells.get(row)?;
        self.by_cell.get(*cell as usize).copied().flatten()
    }
}

fn reads_as_control(text: &str) -> bool {
    let text = text.trim().to_ascii_lowercase();
    let words = ["0", "false", "no", "none", "control", "holdout", "hold-out", "untreated"];
    words.contains(&text.as_str()) || text.starts_with("no ") || text.starts_with("control ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::data::table::Column;

    fn table(values: &[&str]) -> Table {
        let mut column = Column::new("action");
        values.iter().for_each(|text| column.push(Cell::Text((*text).into())).unwrap());
        Table { columns: vec![column], rows: values.len() }
    }

    #[test]
    fn the_control_is_found_or_asked_for() {
        let mails = table(&["Mens E-Mail", "No E-Mail", "Womens E-Mail"]);
        let arms = Arms::of(&mails, "action", None).unwrap();
        assert_eq!((&*arms.control, arms.names.len()), ("No E-Mail", 2));
        assert_eq!([0, 1, 2].map(|row| arms.row(&mails, row)), [Some(0), None, Some(1)]);
        let letters = table(&["a", "b"]);
        let fault = Arms::of(&letters, "action", None).unwrap_err().to_string();
        assert!(fault.ends_with("say it with --control VALUE"), "{fault}");
        assert_eq!(Arms::of(&letters, "action", Some("b")).unwrap().names, ["a"]);
    }
}
