//! A small catalog with a source, and reading it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use arbitra::core::catalog::{Catalog, load};
use arbitra::core::value::Value;
use arbitra::source::{Connection, Reading, SourceUse, Sources, SourcesConfig};

pub const SCHEMA: &str = "purposes: { profiling: Theirs }
attributes:
  score: { type: int, min: 0, max: 1000 }
  tier: { type: string, values: [basic, gold], default: basic }
  balance: { type: double }
  since: { type: timestamp }
  blocked: { type: bool, default: false }
  tags: { type: string_list }
  grace: { type: duration }
  wealth: { type: double, purpose: profiling, optional: true }
";

const CHANNELS: &str = "channels:
  web: { locales: [en], contact: impression, placements: { hero: { slots: 2 } } }
";

const OFFERS: &str = "groups: { g: {} }
offers:
  - id: loan
    name: Loan
    group: g
    kind: serve
    eligibility: [{ when: customer.score >= 700, reason: The score is too low }]
    treatments: [{ channel: web, content: { title: Loan } }]
  - id: note
    name: Note
    group: g
    kind: serve
    treatments: [{ channel: web, content: { title: Note } }]
";

/// The files of a folder with these sources.
pub fn files(sources: &str) -> Vec<(String, Vec<u8>)> {
    let files = [
        ("schema.yaml", SCHEMA),
        ("channels.yaml", CHANNELS),
        ("arbitration.yaml", "default: priority\n"),
        ("offers/all.yaml", OFFERS),
        ("sources.yaml", sources),
    ];
    files.iter().map(|(path, text)| ((*path).to_owned(), text.as_bytes().to_vec())).collect()
}

/// Its catalog.
pub fn catalog(sources: &str) -> Catalog {
    load(&files(sources)).unwrap_or_else(|faults| panic!("{faults:#?}")).catalog
}

/// Where source `live` is.
pub fn config(url: &str) -> SourcesConfig {
    let connection = Connection { url: url.to_owned(), ..Connection::default() };
    SourcesConfig::default().with("live", connection)
}

/// Source `live` of a catalog, read here.
pub struct World {
    pub catalog: Arc<Catalog>,
    pub sources: Sources,
}

impl World {
    /// `spec` is the flow-style body of source `live`.
    pub fn new(spec: &str, config: SourcesConfig) -> Self {
        let catalog = Arc::new(catalog(&format!("sources:\n  live: {{ {spec} }}\n")));
        Self { catalog, sources: Sources::new(config) }
    }

    pub async fn read_within(&self, customer: &str, within: Duration) -> Reading {
        self.sources.read(&self.catalog.sources, customer, Instant::now() + within).await
    }

    pub async fn read(&self, customer: &str) -> Reading {
        self.read_within(customer, Duration::from_secs(20)).await
    }

    pub async fn used(&self, customer: &str) -> SourceUse {
        self.read(customer).await.uses.remove(0)
    }

    /// What a reading says of an attribute.
    pub fn value(&self, reading: &Reading, name: &str) -> Option<Value> {
        let slot = self.catalog.schema.attributes.get(name).unwrap();
        reading.values.iter().find(|(of, _)| of == slot).unwrap().1.clone()
    }

    /// Queries made so far.
    pub fn queries(&self) -> u64 {
        self.sources.stats("live").map_or(0, |stats| stats.queries)
    }
}
