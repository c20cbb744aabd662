//! A file of SQLite; what `--out` does.

use std::fs;

use serde_json::json;

use crate::{catalog, columns, dump, facts, refused, stderr, targets, text, thing, unique};

#[test]
fn a_file() {
    let dir = tempfile::tempdir().unwrap();
    let (db, out) = (dir.path().join("shop.db"), dir.path().join("catalog.json"));
    let script = "CREATE TABLE customers(id INTEGER PRIMARY KEY, mail TEXT, ssn TEXT);
        CREATE VIEW contacts(who) AS SELECT mail FROM customers;
        CREATE VIRTUAL TABLE notes USING fts5(body);";
    rusqlite::Connection::open(&db).unwrap().execute_batch(script).unwrap();
    let source = format!("sqlite:{}", db.display());
    let dumped = dump(&[&source], "");
    assert!(stderr(&dumped).contains("note: `main.notes` is left out"), "{}", stderr(&dumped));
    let found = catalog(&dumped);
    assert_eq!((&found["dialect"], &found["default_schema"]), (&json!("sqlite"), &json!("main")));
    assert_eq!(columns(&found, "customers"), ["id", "mail", "ssn"]);
    assert_eq!(unique(&found, "customers"), r#"[["id"]]"#);
    assert!(
        text(&thing(&found, "views", "contacts")["sql"]).ends_with("SELECT * FROM placet_view")
    );

    let to = out.to_str().unwrap();
    let written = dump(&[db.to_str().unwrap(), "--out", to], "");
    assert_eq!((written.status.code(), written.stdout.len()), (Some(0), 0), "{}", stderr(&written));
    assert_eq!(fs::read(&out).unwrap(), dumped.stdout);
    let told = facts("sqlite", &out, "SELECT who FROM contacts");
    assert_eq!(told["understanding"], "full");
    assert!(targets(&told).contains(&"main.customers".to_owned()), "{told}");
    let told = facts("sqlite", &out, "SELECT * FROM customers WHERE id = 7");
    assert_eq!(told["max_rows"], 1);
    let sources = &told["actions"][0]["outputs"]["columns"][2]["sources"];
    assert_eq!(sources, &json!(["main.customers.ssn"]));

    // An older catalog is replaced, and nothing else.
    assert_eq!(dump(&[&source, "--out", to], "").status.code(), Some(0));
    let key = dir.path().join("key");
    for not_a_catalog in ["s3cret", "{}"] {
        fs::write(&key, not_a_catalog).unwrap();
        assert_eq!(refused(&dump(&[&source, "--out", key.to_str().unwrap()], "")), "API132");
        assert_eq!(fs::read_to_string(&key).unwrap(), not_a_catalog);
    }
    assert_eq!(refused(&dump(&["/nowhere/at.db"], "")), "API061");
    assert_eq!(refused(&dump(&[&source, "--schema", "temp"], "")), "API066");
}
