//! The catalog of the simulated world.

use std::sync::{Arc, LazyLock};

use arbitra::core::catalog::Catalog;
use arbitra::engine::{Proved, prove};

/// Letters a customer may get.
pub const LETTERS_MAX: usize = 3;
/// Letters with the scarce gift that there are, for all customers.
pub const GIFTS_MAX: usize = 2;

const FILES: [(&str, &str); 5] = [
    (
        "schema.yaml",
        "attributes: {}\n\
         events: { purchase: { fields: { amount: { type: double } } } }\n\
         aggregates:\n  purchases: { function: count, event: purchase, window: 90d }\n",
    ),
    ("arbitration.yaml", "default: propensity\n"),
    (
        "channels.yaml",
        "channels:\n  \
         email: { contact: decision, locales: [en], placements: { letter: { slots: 1 } } }\n  \
         web: { locales: [en], placements: { page: { slots: 2 } } }\n",
    ),
    (
        "offers/all.yaml",
        "groups: { gifts: {} }\noffers:\n  \
         - { id: gift, name: Gift, group: gifts, kind: sell, prior: { probability: 0.5, evidence: 50 }, treatments: [{ channel: email, content: { title: A gift } }, { channel: web, content: { title: A gift } }] }\n  \
         - { id: loan, name: Loan, group: gifts, kind: sell, treatments: [{ channel: email, content: { title: A loan } }, { channel: web, content: { title: A loan } }] }\n  \
         - { id: card, name: Card, group: gifts, kind: sell, treatments: [{ channel: email, content: { title: A card } }, { channel: web, content: { title: A card } }] }\n",
    ),
    (
        "policies/limits.yaml",
        "contact_limits:\n  - { id: letters, channels: [email], max: 3, window: 30d }\n\
         quotas:\n  - { id: gifts, channels: [email], applies_to: { offers: [gift] }, max: 2, per: ever }\n",
    ),
];

static CATALOG: LazyLock<Arc<Catalog>> = LazyLock::new(|| {
    let files = FILES.map(|(path, text)| (path.to_owned(), text.as_bytes().to_vec()));
    prove(&files).unwrap_or_else(|error| panic!("{error}")).catalog
});

pub fn rules() -> Proved {
    Proved { catalog: CATALOG.clone(), warnings: vec![], cases: vec![] }
}
