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

fn catalog() -> Catalog {
    let catalog = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let catalog = fs::read_to_string(catalog.join("testdata/catalogs/crm-sqlite.json")).unwrap();
    serde_json::from_str(&catalog).unwrap()
}

#[test]
fn what_sqlite_calls_a_write_is_a_write() {
    let catalog = catalog();
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
        // Rows that a bounded change changes. Nothing else runs: ATTACH and VACUUM make files.
        let verb = facts.actions.first().map(|action| action.verb.as_str());
        let changes = matches!(verb, Some("INSERT" | "UPDATE" | "DELETE" | "REPLACE"));
        if let (true, Some(most)) = (changes && !statement.readonly(), facts.max_rows())
            && statement.parameter_count() == 0
            && statement.column_count() == 0
            && let Ok(changed) = statement.execute([])
        {
            emptied += 1;
            let changed = u64::try_from(changed).unwrap();
            assert!(changed <= most, "{changed} rows instead of at most {most}: {text}");
        }
    }
    // Without these the test would pass by preparing nothing.
    assert!(prepared > 120 && writing > 60 && named > 30 && emptied > 3);
}

/// Tables in which every value names its column, so that a result shows where it came from.
const MARKED: &str = "
    CREATE TABLE customers (id TEXT, name TEXT, email TEXT, ssn TEXT);
    CREATE TABLE orders (id TEXT, customer_id TEXT, total TEXT, note TEXT);
    CREATE TABLE order_lines (order_id TEXT, line TEXT, product TEXT);
    CREATE VIEW contacts AS SELECT id, email FROM customers;
    INSERT INTO customers VALUES ('main.customers.id', 'main.customers.name', 'main.customers.email', 'main.customers.ssn');
    INSERT INTO orders VALUES ('main.orders.id', 'main.orders.customer_id', 'main.orders.total', 'main.orders.note');
    INSERT INTO order_lines VALUES ('main.order_lines.order_id', 'main.order_lines.line', 'main.order_lines.product');
";

/// Queries without predicates on values, so that the marked rows come through.
const SHAPES: &[&str] = &[
    "SELECT * FROM customers",
    "SELECT ssn AS email, email AS ssn FROM customers",
    "SELECT c.*, o.note FROM customers c, orders o",
    "SELECT * FROM (SELECT ssn AS a, email AS b FROM customers) x, (SELECT note AS a FROM orders) y",
    "SELECT x.a FROM (SELECT ssn AS a FROM customers UNION ALL SELECT note FROM orders) x",
    "SELECT (SELECT ssn FROM customers) AS x",
    "SELECT (SELECT note FROM orders WHERE customer_id <> c.id) || c.email AS x FROM customers c",
    "WITH w(p, q) AS (SELECT ssn, email FROM customers) SELECT q, p FROM w",
    "WITH w AS (SELECT ssn FROM customers), v AS (SELECT ssn AS t FROM w) SELECT t FROM v",
    "WITH customers AS (SELECT note AS ssn FROM orders) SELECT ssn FROM customers",
    "WITH w AS (SELECT * FROM z), z AS (SELECT ssn FROM customers) SELECT * FROM w",
    "WITH RECURSIVE w(a, b, n) AS (SELECT 'x', ssn, 0 FROM customers UNION ALL SELECT b, a, n + 1 FROM w WHERE n < 2) SELECT a FROM w",
    "SELECT group_concat(ssn) AS x, max(email) AS y FROM customers",
    "SELECT CASE WHEN 1 THEN ssn ELSE email END AS x FROM customers",
    "SELECT coalesce(NULL, ssn) AS x, iif(0, name, email) AS y FROM customers",
    "SELECT json_object('k', ssn) AS x, json_group_array(email) AS y FROM customers",
    "SELECT * FROM customers JOIN orders USING (id)",
    "SELECT * FROM customers LEFT JOIN orders ON orders.id = customers.ssn",
    "SELECT name, * FROM customers",
    "SELECT lag(ssn, 0) OVER (ORDER BY id) AS x FROM customers",
    "SELECT email FROM customers UNION SELECT ssn FROM customers EXCEPT SELECT note FROM orders",
    "VALUES ((SELECT ssn FROM customers), 'x')",
    "SELECT column1 FROM (VALUES ((SELECT ssn FROM customers)))",
    "SELECT rowid, oid FROM customers",
    "SELECT value FROM json_each((SELECT json_array(ssn) FROM customers))",
    "SELECT email FROM contacts",
    "SELECT * FROM contacts, orders",
    "SELECT \"ssn\", [email], `name` FROM customers",
    "SELECT SSN FROM Customers",
    "SELECT main.customers.ssn FROM customers",
    "SELECT (ssn, 1) = (email, 2) AS x, substr(ssn, 1) AS y FROM customers",
    "SELECT o.x FROM (SELECT ssn x FROM customers) o ORDER BY 1",
    "SELECT * FROM (SELECT * FROM (SELECT ssn AS deep FROM customers))",
    "SELECT ssn AS id FROM customers ORDER BY id",
    "SELECT EXISTS (SELECT ssn FROM customers) AS x, email FROM customers",
    "SELECT 'a' AS ssn FROM customers WHERE ssn <> 'z'",
    "INSERT INTO orders (note) SELECT ssn FROM customers RETURNING note, id",
    "UPDATE orders SET note = (SELECT ssn FROM customers) RETURNING note",
    "UPDATE orders SET note = c.ssn FROM customers c RETURNING note",
    "DELETE FROM customers RETURNING ssn, email AS e",
    "INSERT INTO orders (id, note) SELECT email, ssn FROM customers RETURNING *",
];

#[test]
fn a_value_is_never_in_a_column_that_does_not_name_its_source() {
    let catalog = catalog();
    let session = SqlSession::server_defaults();
    let scope = Scope { catalog: Some(&catalog), session: &session };
    let columns: Vec<String> = catalog
        .tables()
        .iter()
        .flat_map(|t| t.columns.iter().map(|c| format!("main.{}.{}", t.name, c.name)))
        .collect();
    let mut seen = 0;
    let mut exact = 0;
    let texts = texts();
    for text in SHAPES.iter().copied().chain(texts.iter().map(String::as_str)) {
        let connection = Connection::open_in_memory().unwrap();
        connection.execute_batch(MARKED).unwrap();
        let Ok(mut statement) = connection.prepare(text) else { continue };
        if statement.parameter_count() > 0 || statement.is_explain() != 0 {
            continue;
        }
        let facts = facts::read(Protocol::Sql(Dialect::Sqlite), text.as_bytes(), &scope);
        if facts.understanding == Understanding::Opaque {
            continue;
        }
        let outputs = facts.actions.last().map(|action| &action.outputs);
        let width = statement.column_count();
        let Ok(mut rows) = statement.query([]) else { continue };
        // A recursive query may never end.
        for _ in 0..20 {
            let Ok(Some(row)) = rows.next() else { break };
            for at in 0..width {
                let Ok(value) = row.get::<_, String>(at) else { continue };
                for column in columns.iter().filter(|column| value.contains(column.as_str())) {
                    seen += 1;
                    match outputs {
                        Some(Outputs::Opaque) => {}
                        Some(Outputs::Columns(outputs)) => match &outputs[at].sources {
                            facts::Sources::Any => {}
                            facts::Sources::Columns(sources) => {
                                exact += 1;
                                assert!(
                                    sources.contains(column),
                                    "column {at} of `{text}` holds {column}, and names {sources:?}"
                                );
                            }
                        },
                        Some(Outputs::None) | None => {
                            panic!(
                                "`{text}` gives {column}, and the facts say that nothing comes back"
                            )
                        }
                    }
                }
            }
        }
    }
    assert!(seen > 80 && exact > 40, "{seen} values seen, {exact} with exact sources");
}
