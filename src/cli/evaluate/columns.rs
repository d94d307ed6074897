//! Which columns are what: types inferred from the cells or told, and each row as the features
//! that serving would make of it.

use crate::cli::data::table::{Cell, Column, DataError, Table, number};
use crate::core::feature::{FEATURES_MAX, FeatureBuilder, FeatureVector, token};
use crate::core::key::Key;

/// Whole numbers with more distinct values than this, under a name that says identifier, are
/// categories.
const ID_VALUES_MIN: usize = 20;

/// How a cell becomes features.
#[derive(Clone, Debug, PartialEq)]
enum Item {
    Missing,
    Number(f64),
    Tokens(Vec<u32>),
}

/// A column that models see.
#[derive(Clone, Debug)]
struct Feature {
    name: Key,
    /// By distinct cell of the column.
    items: Vec<Item>,
    /// Place of the column in the table.
    column: usize,
}

/// What the command line says of columns.
#[derive(Clone, Debug, Default)]
pub struct Told<'a> {
    /// Columns that are not features.
    pub apart: Vec<&'a str>,
    /// Columns that are numbers whatever they look like.
    pub numeric: &'a [String],
    /// Columns that are categories whatever they look like.
    pub categorical: &'a [String],
}

/// The features of a table.
#[derive(Clone, Debug, Default)]
pub struct Features {
    features: Vec<Feature>,
    /// Names of the numeric columns.
    pub numeric: Vec<String>,
    /// Names of the categorical columns.
    pub categorical: Vec<String>,
}

impl Features {
    /// Takes every column but those told apart; one whose cells are all numbers is numeric, unless
    /// its name and values say that it identifies something.
    ///
    /// # Errors
    /// When a told column is not there or no number, or a number is infinite.
    pub fn of(table: &Table, told: &Told<'_>) -> Result<Self, DataError> {
        for name in told.apart.iter().copied() {
            table.column(name)?;
        }
        for name in told.numeric.iter().chain(told.categorical) {
            table.column(name)?;
        }
        let mut all = Self::default();
        for (place, column) in table.columns.iter().enumerate() {
            if told.apart.contains(&column.name.as_str()) {
                continue;
            }
            let numeric = if told.numeric.contains(&column.name) {
                true
            } else if told.categorical.contains(&column.name) {
                false
            } else {
                looks_numeric(column)
            };
            let list = if numeric { &mut all.numeric } else { &mut all.categorical };
            list.push(column.name.clone());
            let items = items(column, numeric)?;
            all.features.push(Feature { name: Key::of(&column.name), items, column: place });
        }
        if all.features.is_empty() {
            return Err(DataError::whole("no column is left to learn from"));
        }
        Ok(all)
    }

    /// The features of a row, as serving makes them of a profile and a context.
    #[must_use]
    pub fn row(&self, table: &Table, row: usize) -> FeatureVector {
        let mut builder = FeatureBuilder::new(FEATURES_MAX);
        for feature in &self.features {
            let cell = table.columns.get(feature.column).and_then(|column| column.cells.get(row));
            let item = cell.and_then(|cell| feature.items.get(*cell as usize));
            match item.unwrap_or(&Item::Missing) {
                Item::Missing => builder.category(feature.name, None),
                Item::Number(number) => builder.number(feature.name, *number),
                Item::Tokens(tokens) => {
                    tokens.iter().for_each(|token| builder.push_token(feature.name, *token));
                }
            }
        }
        builder.finish()
    }
}

fn looks_numeric(column: &Column) -> bool {
    let mut numbers = 0_usize;
    let mut whole = true;
    for cell in &column.distinct {
        match cell {
            Cell::Missing => {}
            Cell::List(_) => return false,
            Cell::Text(text) => match number(text) {
                None => return false,
                // Codes: an account, a postal code.
                Some(Some(_)) if text.len() > 1 && text.starts_with('0') && is_digits(text) => {
                    return false;
                }
                Some(Some(number)) => {
                    numbers += 1;
                    whole &= number.fract() == 0.0;
                }
                Some(None) => {}
            },
        }
    }
    numbers > 0 && !(whole && numbers > ID_VALUES_MIN && names_an_identifier(&column.name))
}

fn is_digits(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}

fn names_an_identifier(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    let words = ["id", "uuid", "zip", "zipcode", "postcode", "code", "sku"];
    let last = lower.rsplit(['_', '-', ' ', '.']).next().unwrap_or_default();
    words.contains(&last) || name.ends_with("Id") || name.ends_with("ID")
}

fn items(column: &Column, numeric: bool) -> Result<Vec<Item>, DataError> {
    let item = |(at, cell): (usize, &Cell)| -> Result<Item, DataError> {
        let fault = |reason: String| DataError::cell(column.first_row(at), &column.name, reason);
        Ok(match (cell, numeric) {
            (Cell::Missing, _) => Item::Missing,
            (Cell::Text(text), true) => match number(text) {
                Some(Some(number)) if number.is_infinite() => {
                    return Err(fault(format!("`{text}` is an infinite number")));
                }
                Some(Some(number)) => Item::Number(number),
                Some(None) => Item::Missing,
                None => return Err(fault(format!("`{text}` is no number"))),
            },
            (Cell::List(_), true) => return Err(fault("a list is no number".to_owned())),
            (Cell::Text(text), false) => Item::Tokens(vec![token(text)]),
            (Cell::List(list), false) if list.is_empty() => Item::Missing,
            (Cell::List(list), false) => {
                Item::Tokens(list.iter().take(FEATURES_MAX).map(|text| token(text)).collect())
            }
        })
    };
    column.distinct.iter().enumerate().map(item).collect()
}

/// Rows in the order of a column (numbers by size, else texts by alphabet; equals keep the file's
/// order), or as they stand.
///
/// # Errors
/// When the column is not there, or a row has no value in it.
pub fn order(table: &Table, column: Option<&str>) -> Result<Vec<usize>, DataError> {
    let mut rows: Vec<usize> = (0..table.rows).collect();
    let Some(name) = column else { return Ok(rows) };
    let column = table.column(name)?;
    let text = |cell: &Cell| match cell {
        Cell::Text(text) => Some(text.to_string()),
        _ => None,
    };
    let texts: Vec<Option<String>> = column.distinct.iter().map(text).collect();
    if let Some(missing) = texts.iter().position(Option::is_none) {
        let row = column.first_row(missing);
        return Err(DataError::cell(row, name, "nothing to order the row by"));
    }
    let texts: Vec<String> = texts.into_iter().flatten().collect();
    let numbers: Option<Vec<f64>> = texts.iter().map(|text| number(text).flatten()).collect();
    let mut ranked: Vec<usize> = (0..texts.len()).collect();
    ranked.sort_by(|a, b| match &numbers {
        Some(numbers) => match (numbers.get(*a), numbers.get(*b)) {
            (Some(a), Some(b)) => a.total_cmp(b),
            _ => std::cmp::Ordering::Equal,
        },
        None => texts.get(*a).cmp(&texts.get(*b)),
    });
    let mut rank = vec![0_usize; texts.len()];
    for (place, distinct) in ranked.into_iter().enumerate() {
        if let Some(rank) = rank.get_mut(distinct) {
            *rank = place;
        }
    }
    rows.sort_by_key(|row| {
        let cell = column.cells.get(*row).copied().unwrap_or_default();
        rank.get(cell as usize).copied().unwrap_or_default()
    });
    Ok(rows)
}

/// Labels 0 and 1 by row.
///
/// # Errors
/// When the column is not there, or a label is another.
pub fn labels(table: &Table, name: &str) -> Result<Vec<bool>, DataError> {
    let column = table.column(name)?;
    let label = |(at, cell): (usize, &Cell)| -> Result<bool, DataError> {
        let shown = match cell {
            Cell::Text(text) => match (text.trim(), number(text)) {
                ("true" | "True" | "TRUE", _) | (_, Some(Some(1.0))) => return Ok(true),
                ("false" | "False" | "FALSE", _) | (_, Some(Some(0.0))) => return Ok(false),
                _ => format!("`{text}` is no label"),
            },
            Cell::Missing => "the label is missing".to_owned(),
            Cell::List(_) => "a list is no label".to_owned(),
        };
        let reason = format!("{shown}: it must be 0 or 1");
        Err(DataError::cell(column.first_row(at), name, reason))
    };
    let distinct: Vec<bool> =
        column.distinct.iter().enumerate().map(label).collect::<Result<_, _>>()?;
    let of = |cell: &u32| distinct.get(*cell as usize).copied().unwrap_or_default();
    Ok(column.cells.iter().map(of).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::value::Value;

    fn table(columns: &[(&str, &[&str])]) -> Table {
        let column = |(name, cells): &(&str, &[&str])| {
            let mut column = Column::new(name);
            for text in *cells {
                let cell = if text.is_empty() { Cell::Missing } else { Cell::Text((*text).into()) };
                column.push(cell).unwrap();
            }
            column
        };
        Table { columns: columns.iter().map(column).collect(), rows: columns[0].1.len() }
    }

    #[test]
    fn rows_are_the_features_serving_makes() {
        let table = table(&[("age", &["41", ""]), ("city", &["Quito", "Lima"])]);
        let features = Features::of(&table, &Told::default()).unwrap();
        assert_eq!(features.numeric, ["age"]);
        let mut served = FeatureBuilder::new(8);
        served.push(Key::of("age"), Some(&Value::from(41.0)));
        served.push(Key::of("city"), Some(&Value::from("Quito")));
        assert_eq!(features.row(&table, 0), served.finish());
        let mut served = FeatureBuilder::new(8);
        served.push(Key::of("age"), None);
        served.push(Key::of("city"), Some(&Value::from("Lima")));
        assert_eq!(features.row(&table, 1), served.finish());
    }

    #[test]
    fn types_are_inferred_and_told() {
        let ids: Vec<String> = (100..130).map(|n| n.to_string()).collect();
        let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
        let zips: Vec<String> = (0..30).map(|n| format!("{n:05}")).collect();
        let zips: Vec<&str> = zips.iter().map(String::as_str).collect();
        let table = table(&[("site_id", &ids), ("area", &zips), ("sum", &ids)]);
        let features = Features::of(&table, &Told::default()).unwrap();
        assert_eq!(features.numeric, ["sum"]);
        let numeric = ["site_id".to_owned()];
        let told = Told { numeric: &numeric, ..Told::default() };
        assert_eq!(Features::of(&table, &told).unwrap().numeric, ["site_id", "sum"]);
    }

    #[test]
    fn unusable_cells_are_named() {
        let table = table(&[("y", &["0", "2"]), ("x", &["1", "1e999"])]);
        let label = labels(&table, "y").unwrap_err().to_string();
        assert_eq!(label, "row 2, column `y`: `2` is no label: it must be 0 or 1");
        let number = Features::of(&table, &Told::default()).unwrap_err().to_string();
        assert_eq!(number, "row 2, column `x`: `1e999` is an infinite number");
        let absent = labels(&table, "z").unwrap_err().to_string();
        assert!(absent.starts_with("there is no column `z`; did you mean"), "{absent}");
    }

    #[test]
    fn rows_go_by_size_then_as_they_stand() {
        let table = table(&[("n", &["10", "9", "10", "-1"])]);
        assert_eq!(order(&table, Some("n")).unwrap(), [3, 1, 0, 2]);
        assert_eq!(order(&table, None).unwrap(), [0, 1, 2, 3]);
    }
}
