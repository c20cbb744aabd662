//! Facts of SQL: how long it takes to say what a statement would do.
#![expect(clippy::unwrap_used, reason = "a bench may stop at the first surprise")]

use std::hint::black_box;
use std::sync::Arc;

use criterion::{Criterion, criterion_group, criterion_main};
use placet::command::sql::{Literals, fingerprint};
use placet::command::{Dialect, Protocol};
use placet::facts::{self, Scope};
use placet::schema::{Catalog, SqlSession};
use placet_guard::{Guard, Options};

fn facts_of_sql(criterion: &mut Criterion) {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../testdata/catalogs/crm.json");
    let catalog: Catalog = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let session = SqlSession::server_defaults();
    let postgres = Protocol::parse("postgres").unwrap();
    let short = "SELECT id, email FROM customers WHERE id = 7";
    let join = "SELECT c.name, count(*), sum(o.total) FROM customers c JOIN orders o ON o.customer_id = c.id \
                WHERE o.total > 100 AND c.email LIKE '%@example.org' GROUP BY c.name ORDER BY 3 DESC LIMIT 20";
    let insert =
        format!("INSERT INTO orders VALUES {}", vec!["(1, 2, 3.5, 'note')"; 50].join(", "));
    let cases = [
        ("44 bytes", short, None),
        ("44 bytes, catalog", short, Some(&catalog)),
        ("190 bytes, join, catalog", join, Some(&catalog)),
        ("1 KB, insert of 50 rows", insert.as_str(), None),
    ];
    assert_eq!(short.len(), 44);
    let mut group = criterion.benchmark_group("facts");
    for (name, text, catalog) in cases {
        let scope = Scope { catalog, session: &session };
        group.bench_function(name, |bencher| {
            bencher.iter(|| facts::read(postgres, black_box(text.as_bytes()), &scope));
        });
    }
    group.finish();
    let mut group = criterion.benchmark_group("fingerprint");
    for (name, text, _) in cases {
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                let text = black_box(text.as_bytes());
                fingerprint(text, Dialect::Postgres, &session, Literals::Values)
            });
        });
    }
    group.finish();
    let guard = Guard::open(Options::shipped("baseline")).unwrap();
    let mut group = criterion.benchmark_group("facts of a known command");
    for (name, text) in [("44 bytes", short), ("190 bytes, join", join), ("1 KB", insert.as_str())]
    {
        let known = guard.facts(postgres, text.as_bytes(), &session);
        assert!(Arc::ptr_eq(&known, &guard.facts(postgres, text.as_bytes(), &session)));
        group.bench_function(name, |bencher| {
            bencher.iter(|| guard.facts(postgres, black_box(text.as_bytes()), &session));
        });
    }
    group.finish();
}

criterion_group!(benches, facts_of_sql);
criterion_main!(benches);
