//! `sources.yaml`: what may be read in place, and every fault of it with its place.

use super::super::load;
use super::{check, folder};
use crate::core::live::{Access, Dialect};

#[test]
fn a_source_compiles_to_what_it_gives() {
    let loaded = load(&folder(&[(
        "sources.yaml",
        "sources:\n  core:\n    kind: mysql\n    query: 'SELECT id, inc FROM t WHERE id IN ( ? )'\n    \
         key: id\n    key_type: int\n    attributes: { income: inc }\n    cache: 2s\n",
    )]))
    .unwrap_or_else(|faults| panic!("{faults:#?}"));
    let [source] = loaded.catalog.sources.as_slice() else { panic!("one source") };
    let Access::Sql { dialect, key, int_keys, .. } = &source.access else { panic!("a database") };
    assert_eq!((*dialect, &**key, *int_keys), (Dialect::MySql, "id", true));
    assert_eq!((source.timeout_ms, source.cache_ms, source.batch_max), (50, 2000, 256));
    assert_eq!(source.fields.len(), 1);
}

#[test]
fn everything_wrong_with_sources_is_told_at_once() {
    check(
        &[(
            "sources.yaml",
            "sources:
  a:
    kind: postgres
    query: SELECT 1 WHERE x = $1 AND y = $2
    attributes: { incom: x }
  b:
    kind: sqlite
    query: DELETE FROM t WHERE x IN (?)
    attributes: { income: x }
    timeout: 11s
  c:
    kind: http
    path: //elsewhere.example/{customer}
    attributes: { income: x }
    batch_max: 0
  d:
    kind: mysql
    query: SELECT 1 FROM t WHERE x IN (?); DROP TABLE t
    attributes: {}
  e:
    kind: http
    query: SELECT 1
    attributes: { age: x }
",
        )],
        &[
            "sources.yaml:4:12: the customers asked for must be the only parameter (take the \
             customers as `= ANY($1)`, once)",
            "sources.yaml:5:19: there is no attribute `incom` (did you mean `income`?)",
            "sources.yaml:8:12: a source only reads (begin with SELECT or WITH)",
            "sources.yaml:13:11: not a path below the source's address (write it as \
             `/v1/customers/{customer}`: no host, no `..`, no space, `{customer}` once)",
            "sources.yaml:14:19: `income` comes from source `b` already",
            "sources.yaml:18:12: one statement, without `;` and without comments",
            "sources.yaml:19:5: it gives no attribute",
            "sources.yaml:20:3: a source over HTTP needs a `path`",
            "sources.yaml:22:5: a source over HTTP has no `query`",
        ],
    );
}
