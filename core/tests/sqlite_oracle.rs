//! SQLite itself as the judge of the SQLite cases: a statement that it prepares and does not call
//! read-only must be a write to us, and the columns that it names must be those that we name.
#![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use std::fs;
use std::path::Path;

use placet::command::{Dialect, Protocol};
use placet::facts::{self, Outputs, Scope, Understanding};
use placet::schema::{Catalog, SqlSession};
use rusqlite::Connection;

const SCHEMA: &str = "
    CREATE TABLE customers (id INTEGER PRIMARY KEY, name TEXT, email TEXT UNIQUE, ssn TEXT);
    CREATE TABLE orders (id INTEGER PRIMARY KEY, customer_id INT, total NUMERIC, note TEXT);
    CREATE TABLE order_lines (order_id INT, line INT, product TEXT, UNIQUE (order_id, line));
    CREATE VIEW contacts AS SELECT id, email FROM customers;
    CREATE TABLE t (x, y, a, b);
    INSERT INTO customers VALUES (1, 'n1', 'e1', 's1'), (2, 'n2', 'e2', 's2'), (7, 'n7', 'e7', 's7');
    INSERT INTO orders VALUES (1, 1, 10, 'a'), (2, 1, 20, 'b'), (5, 2, 30, 'c');
";

fn texts() -> Vec<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().join("testdata/commands");
    let mut texts = Vec::new();
    for protocol in ["sqlite", "postgres"] {
        for entry in fs::read_dir(root.join(protocol)).unwrap() {
            let text = fs::read_to_string(entry.unwrap().path()).unwrap();
            let file: toml::Table = toml::from_str(&text).unwrap();
            for case in file.get("case").and_then(toml::Value::as_array).unwrap() {
                if let Some(text) = case.get("text").and_then(toml::Value::as_str) {
                    texts.push(text.to_owned());
                }
            }
        }
    }
    texts
}

#[test]
fn what_sqlite_calls_a_write_is_a_write() {
    let catalog = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let catalog = fs::read_to_string(catalog.join("testdata/catalogs/crm-sqlite.json")).unwrap();
    let catalog: Catalog = serde_json::from_str(&catalog).unwrap();
    let session = SqlSession::server_defaults();
    let scope = Scope { catalog: Some(&catalog), session: &session };
    let (mut prepared, mut writing, mut named, mut emptied) = (0, 0, 0, 0);
    for text in texts() {
        let connection = Connection::open_in_memory().unwrap();
        connection.execute_batch(SCHEMA).unwrap();
        // `prepare` takes the first statement of a batch and refuses text behind it.
        let Ok(mut statement) = connection.prepare(&text) else { continue };
        if statement.column_count() == 0 && statement.expanded_sql().is_none() {
            continue;
        }
        prepared += 1;
        let facts = facts::read(Protocol::Sql(Dialect::Sqlite), text.as_bytes(), &scope);
        if !statement.readonly() && statement.is_explain() == 0 {
            writing += 1;
            assert!(facts.writes(), "SQLite writes, and the facts say that this reads: {text}");
        }
        if facts.understanding == Understanding::Opaque || statement.is_explain() != 0 {
            continue;
        }
        if let (true, [action]) = (statement.readonly(), facts.actions.as_slice())
            && let Outputs::Columns(columns) = &action.outputs
        {
            named += 1;
            assert_eq!(columns.len(), statement.column_count(), "number of columns of {text}");
        }
        // Rows that a bounded change changes.
        if let (false, Some(most)) = (statement.readonly(), facts.max_rows())
            && statement.parameter_count() == 0
            && statement.column_count() == 0
            && let Ok(changed) = statement.execute([])
        {
            let name = facts.actions.first().map(|action| action.verb.as_str());
            if matches!(name, Some("INSERT" | "UPDATE" | "DELETE" | "REPLACE")) {
                emptied += 1;
                let changed = u64::try_from(changed).unwrap();
                assert!(changed <= most, "{changed} rows instead of at most {most}: {text}");
            }
        }
    }
    // Without these the test would pass by preparing nothing.
    assert!(prepared > 120 && writing > 60 && named > 30 && emptied > 3);
}
