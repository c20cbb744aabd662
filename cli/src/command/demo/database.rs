//! The demo's database: made-up customers in SQLite, and the catalog read from it.

use std::path::Path;

use placet::schema::Catalog;
use rusqlite::Connection;
use serde_json::{Value, json};

use crate::failure::Failure;

/// Made-up people: names, addresses at reserved domains, numbers of reserved or test ranges.
const PEOPLE: &[(&str, &str, &str, &str)] = &[
    ("Ada Fenwick", "ada.fenwick@example.com", "+1 202 555 0101", "536-90-4399"),
    ("Bram Oduya", "bram@example.net", "+44 20 7946 0102", "536-90-4400"),
    ("Chidi Larsen", "c.larsen@example.org", "+1 202 555 0103", "536-90-4401"),
    ("Dana Petrov", "dana.petrov@example.com", "+44 20 7946 0104", "536-90-4402"),
    ("Eun Marchetti", "eun@example.net", "+1 202 555 0105", "536-90-4403"),
    ("Farid Novak", "farid.novak@example.org", "+1 202 555 0106", "536-90-4404"),
    ("Mira Oduya", "mira@example.com", "+44 20 7946 0107", "536-90-4405"),
    ("Hana Silva", "h.silva@example.net", "+1 202 555 0108", "536-90-4406"),
];

/// Test numbers that no bank has given out.
const CARDS: &[&str] = &["4111 1111 1111 1111", "5555 5555 5555 4444", "3782 822463 10005"];

const TICKETS: &[&str] = &[
    "Parcel 20266 came late, please look at the route.",
    "I was charged twice on card 4111 1111 1111 1111, write to ada.fenwick@example.com.",
    "Works again since yesterday, thank you.",
];

const SCHEMA: &str = "
CREATE TABLE customers (id INTEGER PRIMARY KEY, name TEXT, email TEXT, phone TEXT, ssn TEXT);
CREATE TABLE cards (id INTEGER PRIMARY KEY, customer_id INTEGER, number TEXT);
CREATE TABLE orders (id INTEGER PRIMARY KEY, customer_id INTEGER, status TEXT, total_cents INTEGER);
CREATE TABLE tickets (id INTEGER PRIMARY KEY, body TEXT);
";

/// Makes the database at `path`.
pub(crate) fn make(path: &Path) -> Result<Connection, Failure> {
    let connection =
        Connection::open(path).and_then(|connection| fill(&connection).map(|()| connection));
    connection.map_err(|error| complaint(&error))
}

fn fill(db: &Connection) -> rusqlite::Result<()> {
    db.execute_batch(SCHEMA)?;
    for (id, (name, email, phone, ssn)) in (1i64..).zip(PEOPLE) {
        db.execute(
            "INSERT INTO customers VALUES (?1, ?2, ?3, ?4, ?5)",
            (id, name, email, phone, ssn),
        )?;
        let card = CARDS.iter().cycle().nth(usize::try_from(id).unwrap_or_default());
        db.execute("INSERT INTO cards VALUES (?1, ?1, ?2)", (id, card))?;
    }
    let states = ["paid", "shipped", "open"];
    for (id, status) in (1i64..=24).zip(states.iter().cycle()) {
        let total = (id * 1733) % 9000 + 500;
        db.execute("INSERT INTO orders VALUES (?1, ?2, ?3, ?4)", (id, id % 8 + 1, status, total))?;
    }
    for (id, body) in (1i64..).zip(TICKETS) {
        db.execute("INSERT INTO tickets VALUES (?1, ?2)", (id, body))?;
    }
    Ok(())
}

/// The catalog snapshot of the database, as a person would dump it.
pub(crate) fn catalog(db: &Connection) -> Result<Catalog, Failure> {
    let tables = tables(db).map_err(|error| complaint(&error))?;
    let snapshot = json!({"dialect": "sqlite", "default_schema": "main", "tables": tables,
        "views": [], "functions": []});
    serde_json::from_value(snapshot).map_err(|error| {
        Failure::new("API010", format!("the catalog cannot be read back: {error}"), "report it")
    })
}

fn tables(db: &Connection) -> rusqlite::Result<Vec<Value>> {
    let mut names =
        db.prepare("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name")?;
    let names: Vec<String> =
        names.query_map((), |row| row.get(0))?.collect::<rusqlite::Result<_>>()?;
    names.into_iter().map(|name| table(db, &name)).collect()
}

fn table(db: &Connection, name: &str) -> rusqlite::Result<Value> {
    let mut info = db.prepare("SELECT name, type, pk FROM pragma_table_info(?1) ORDER BY cid")?;
    let rows: Vec<(String, String, i64)> = info
        .query_map([name], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?
        .collect::<rusqlite::Result<_>>()?;
    let columns: Vec<Value> =
        rows.iter().map(|(name, kind, _)| json!({"name": name, "type": kind})).collect();
    let key: Vec<&str> =
        rows.iter().filter(|(_, _, pk)| *pk > 0).map(|(name, _, _)| name.as_str()).collect();
    let unique = if key.is_empty() { json!([]) } else { json!([key]) };
    Ok(json!({"schema": "main", "name": name, "columns": columns, "unique": unique}))
}

fn complaint(error: &rusqlite::Error) -> Failure {
    Failure::new("API012", format!("the demo's database failed: {error}"), "give another --out")
}
