//! What really happened: the rows of `examples/coupons`, as a client would tell them, and the rules
//! that go with them. Both are part of the binary, so that the demo runs from anywhere.

use std::collections::BTreeMap;
use std::io::Read as _;

use crate::api::wire::v1;
use crate::cli::{Failure, values};

const ROWS_GZ: &[u8] = include_bytes!("../../../examples/coupons/coupon.csv.gz");
/// More than the data unpacks to: a limit, as everything has one.
const CSV_BYTES_MAX: u64 = 16 << 20;

macro_rules! embedded {
    ($($path:literal),* $(,)?) => {
        &[$(($path, include_str!(concat!("../../../examples/coupons/rules/", $path)))),*]
    };
}

/// The rules folder, by path within it.
const RULES: &[(&str, &str)] = embedded![
    "arbitration.yaml",
    "cases/coupons.yaml",
    "channels.yaml",
    "models.yaml",
    "offers/coupons.yaml",
    "schema.yaml",
];

/// Column of the data → attribute of the customer.
const PERSONAL: &[(&str, &str)] = &[
    ("gender", "gender"),
    ("age", "age"),
    ("maritalStatus", "marital_status"),
    ("has_children", "has_children"),
    ("education", "education"),
    ("occupation", "occupation"),
    ("income", "income"),
    ("car", "car"),
    ("Bar", "bar"),
    ("CoffeeHouse", "coffee_house"),
    ("CarryAway", "carry_away"),
    ("RestaurantLessThan20", "restaurant_less_than_20"),
    ("Restaurant20To50", "restaurant_20_to_50"),
];

/// Column of the data → context.
const SITUATION: &[(&str, &str)] = &[
    ("destination", "destination"),
    ("passenger", "passenger"),
    ("weather", "weather"),
    ("time", "time"),
    ("expiration", "expiration"),
    ("temperature", "temperature"),
    ("toCoupon_GEQ15min", "to_coupon_geq15min"),
    ("toCoupon_GEQ25min", "to_coupon_geq25min"),
    ("direction_same", "direction_same"),
];

/// Column `coupon` → offer.
const COUPONS: &[(&str, &str)] = &[
    ("Coffee House", "coffee_house"),
    ("Restaurant(<20)", "restaurant_less_than_20"),
    ("Carry out & Take away", "carry_away"),
    ("Bar", "bar"),
    ("Restaurant(20-50)", "restaurant_20_to_50"),
];

const FLAGS: &[&str] =
    &["has_children", "toCoupon_GEQ15min", "toCoupon_GEQ25min", "direction_same"];
const NUMBERS: &[&str] = &["temperature"];

/// One answer that a person gave.
#[derive(Clone, Debug)]
pub struct Row {
    /// The respondent: runs of equal personal columns in the file's order.
    pub customer: String,
    /// What is known of them.
    pub attributes: BTreeMap<String, v1::Value>,
    /// The situation.
    pub context: BTreeMap<String, v1::Value>,
    /// The offer that was really shown.
    pub shown: &'static str,
    /// Whether it was accepted.
    pub accepted: bool,
    order: usize,
}

/// The rules folder's files.
#[must_use]
pub fn rules() -> Vec<(String, Vec<u8>)> {
    RULES.iter().map(|(path, text)| ((*path).to_owned(), text.as_bytes().to_vec())).collect()
}

/// The first `limit` rows, in the order of the data's own shuffle.
///
/// # Errors
/// When the data is not what the binary was built with.
pub fn rows(limit: Option<usize>) -> Result<Vec<Row>, Failure> {
    let broken = |why: String| Failure::other("the coupon data cannot be read", why);
    let mut text = String::new();
    flate2::read::GzDecoder::new(ROWS_GZ)
        .take(CSV_BYTES_MAX)
        .read_to_string(&mut text)
        .map_err(|error| broken(error.to_string()))?;
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let records = reader.deserialize::<BTreeMap<String, String>>();
    let records = records.collect::<Result<Vec<_>, _>>().map_err(|e| broken(e.to_string()))?;
    let mut rows = Vec::with_capacity(records.len());
    let mut person: Vec<&str> = Vec::new();
    let mut respondents = 0;
    for record in &records {
        let cell = |column: &str| record.get(column).map_or("", String::as_str);
        let now: Vec<_> = PERSONAL.iter().map(|(column, _)| cell(column)).collect();
        if now != person {
            person = now;
            respondents += 1;
        }
        let coupon = cell("coupon");
        let shown = COUPONS.iter().find(|(name, _)| *name == coupon);
        let (_, shown) = shown.ok_or_else(|| broken(format!("unknown coupon `{coupon}`")))?;
        rows.push(Row {
            customer: format!("respondent-{respondents}"),
            attributes: entries(PERSONAL, cell),
            context: entries(SITUATION, cell),
            shown,
            accepted: cell("y") == "1",
            order: cell("shuf42").parse().map_err(|_| broken("bad `shuf42`".to_owned()))?,
        });
    }
    rows.sort_by_key(|row| row.order);
    rows.truncate(limit.unwrap_or(usize::MAX));
    Ok(rows)
}

/// The cells of `columns` under their names on the wire; an empty cell is missing.
fn entries<'a>(
    columns: &[(&str, &str)],
    cell: impl Fn(&str) -> &'a str,
) -> BTreeMap<String, v1::Value> {
    columns
        .iter()
        .map(|&(column, name)| (column, name, cell(column)))
        .filter(|(.., text)| !text.is_empty())
        .map(|(column, name, text)| {
            let value = if FLAGS.contains(&column) {
                values::bool(text == "1")
            } else if NUMBERS.contains(&column) {
                text.parse().map_or_else(|_| values::text(text), values::int)
            } else {
                values::text(text)
            };
            (name.to_owned(), value)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use super::*;

    #[test]
    fn the_rows_are_those_of_the_readme() {
        let rows = rows(None).unwrap();
        assert_eq!(rows.len(), 12_684);
        assert_eq!(rows.iter().filter(|row| row.accepted).count(), 7_210);
        let customers: BTreeSet<_> = rows.iter().map(|row| &row.customer).collect();
        assert_eq!(customers.len(), 587);
        let bars: Vec<_> = rows.iter().filter(|row| row.shown == "bar").collect();
        assert_eq!(bars.len(), 2_017);
        assert_eq!(rows[1991].context["temperature"], values::int(55));
        assert_eq!(rows[1991].attributes["marital_status"], values::text("Unmarried partner"));
        assert!(!rows[1991].attributes.contains_key("car"));
    }

    #[test]
    fn the_rules_in_the_binary_are_the_folder() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/coupons/rules");
        let mut found = BTreeSet::new();
        let mut folders = vec![root.clone()];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else {
                    let name = path.strip_prefix(&root).unwrap();
                    found.insert(name.to_string_lossy().into_owned());
                }
            }
        }
        let embedded: BTreeSet<_> = rules().into_iter().map(|(path, _)| path).collect();
        assert_eq!(embedded, found);
    }
}
