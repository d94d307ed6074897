//! A column of amounts: numbers from 0 on.

use crate::cli::data::table::{Cell, DataError, Table, number};

/// Amounts by row.
///
/// # Errors
/// When the column is not there, or a cell is no finite number from 0 on.
pub fn amounts(table: &Table, name: &str) -> Result<Vec<f64>, DataError> {
    let column = table.column(name)?;
    let amount = |(at, cell): (usize, &Cell)| -> Result<f64, DataError> {
        let shown = match cell {
            Cell::Text(text) => match (text.trim(), number(text)) {
                ("true" | "True" | "TRUE", _) => return Ok(1.0),
                ("false" | "False" | "FALSE", _) => return Ok(0.0),
                (_, Some(Some(amount))) if amount.is_finite() && amount >= 0.0 => {
                    return Ok(amount);
                }
                _ => format!("`{text}` is no amount"),
            },
            Cell::Missing => "the amount is missing".to_owned(),
            Cell::List(_) => "a list is no amount".to_owned(),
        };
        let reason = format!("{shown}: it must be a number from 0 on");
        Err(DataError::cell(column.first_row(at), name, reason))
    };
    let distinct: Vec<f64> =
        column.distinct.iter().enumerate().map(amount).collect::<Result<_, _>>()?;
    let of = |cell: &u32| distinct.get(*cell as usize).copied().unwrap_or_default();
    Ok(column.cells.iter().map(of).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::data::table::Column;

    #[test]
    fn what_is_no_amount_is_named() {
        let mut column = Column::new("spend");
        for text in ["0", "12.5", "-3"] {
            column.push(Cell::Text(text.into())).unwrap();
        }
        let table = Table { columns: vec![column], rows: 3 };
        let fault = amounts(&table, "spend").unwrap_err().to_string();
        assert_eq!(
            fault,
            "row 3, column `spend`: `-3` is no amount: it must be a number from 0 on"
        );
    }
}
