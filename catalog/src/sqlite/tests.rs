use super::*;
use crate::{Source, dump};

fn file(dir: &Path, name: &str, sql: &str) -> PathBuf {
    let path = dir.join(name);
    Connection::open(&path).unwrap().execute_batch(sql).unwrap();
    path
}

fn snapshot(path: &Path) -> Snapshot {
    dump(&Source::Sqlite(path.to_owned()), &Options::default(), &mut |_| {}).unwrap()
}

fn unique(snapshot: &Snapshot, name: &str) -> Vec<Vec<String>> {
    let mut tables = snapshot.tables().iter();
    tables.find(|table| table.name == name).unwrap_or_else(|| panic!("{name}")).unique.clone()
}

#[test]
fn tables_and_keys() {
    let dir = tempfile::tempdir().unwrap();
    let path = file(
        dir.path(),
        "shop.db",
        r#"
        CREATE TABLE rowid_key(id INTEGER PRIMARY KEY, mail TEXT UNIQUE, n AS (id + 1), m AS (id) STORED);
        CREATE TABLE text_key(code TEXT PRIMARY KEY, part INT, UNIQUE(code, part));
        CREATE TABLE without_rowid(a INT, b INT, PRIMARY KEY(b, a)) WITHOUT ROWID;
        CREATE TABLE descending(id INTEGER PRIMARY KEY DESC);
        CREATE TABLE no_key(a, b);
        CREATE UNIQUE INDEX partial ON no_key(a) WHERE b > 0;
        CREATE UNIQUE INDEX expression ON no_key(a + b);
        CREATE INDEX plain ON no_key(a);
        CREATE TABLE loose(x TEXT COLLATE NOCASE, y TEXT COLLATE NOCASE UNIQUE, z TEXT);
        CREATE UNIQUE INDEX loose_x ON loose(x COLLATE BINARY);
        CREATE UNIQUE INDEX loose_z ON loose(z COLLATE NOCASE);
        CREATE UNIQUE INDEX loose_zz ON loose(z);
        CREATE TABLE "odd ""name"".💣"("a.b" INT UNIQUE, "ütf" TEXT);
        CREATE TABLE counted(id INTEGER PRIMARY KEY AUTOINCREMENT);
        CREATE VIRTUAL TABLE search USING fts5(body);
        "#,
    );
    let snapshot = snapshot(&path);
    let columns: Vec<(&str, &str)> = snapshot
        .tables()
        .iter()
        .find(|table| table.name == "rowid_key")
        .unwrap()
        .columns
        .iter()
        .map(|column| (column.name.as_str(), column.data_type.as_str()))
        .collect();
    assert_eq!(columns, [("id", "INTEGER"), ("mail", "TEXT"), ("n", ""), ("m", "")]);
    assert_eq!(unique(&snapshot, "rowid_key"), [["id"], ["mail"]]);
    assert_eq!(unique(&snapshot, "text_key"), [vec!["code"], vec!["code", "part"]]);
    assert_eq!(unique(&snapshot, "without_rowid"), [["b", "a"]]);
    assert_eq!(unique(&snapshot, "descending"), [["id"]]);
    assert_eq!(unique(&snapshot, "no_key"), Vec::<Vec<String>>::new());
    // `=` ignores case where the column does: an index that does not may hold both.
    assert_eq!(unique(&snapshot, "loose"), [["y"], ["z"]]);
    assert_eq!(unique(&snapshot, "odd \"name\".💣"), [["a.b"]]);
    assert!(snapshot.tables().iter().all(|table| table.name != "search"));
    assert!(snapshot.tables().iter().all(|table| !table.name.starts_with("sqlite_")));
    assert!(snapshot.notes().iter().any(|note| note.contains("`main.search` is left out")));
    assert_eq!(snapshot.catalog().default_schema(), Some("main"));
}

#[test]
fn views_are_their_queries() {
    for (sql, query) in [
        ("CREATE VIEW v AS SELECT 1", "SELECT 1"),
        ("CREATE VIEW \"a AS (\" AS SELECT 1", "SELECT 1"),
        ("CREATE VIEW [a AS] AS SELECT 1", "SELECT 1"),
        ("CREATE VIEW `a``b`/* AS */AS--x\nSELECT 1 -- end", "SELECT 1 -- end"),
        (
            "CREATE VIEW v(a, \"b)\") AS SELECT 1, 2 -- end",
            "WITH placet_view(a, \"b)\") AS (SELECT 1, 2 -- end\n) SELECT * FROM placet_view",
        ),
        (
            "CREATE VIEW v(a) AS SELECT x FROM Placet_View",
            "WITH placet_view_(a) AS (SELECT x FROM Placet_View\n) SELECT * FROM placet_view_",
        ),
        ("CREATE VIEW früh AS VALUES(1)", "VALUES(1)"),
    ] {
        assert_eq!(query_of(sql).as_deref(), Some(query), "{sql}");
    }
    for broken in ["", "CREATE", "CREATE VIEW", "CREATE VIEW \"a AS SELECT 1", "CREATE VIEW v(a"] {
        assert_eq!(query_of(broken), None, "{broken}");
    }
}

#[test]
fn nothing_is_written() {
    let dir = tempfile::tempdir().unwrap();
    let names = || {
        let mut names: Vec<_> =
            std::fs::read_dir(dir.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
        names.sort();
        names
    };
    let path = file(dir.path(), "w?l #%41.db", "PRAGMA journal_mode=WAL; CREATE TABLE t(a);");
    let (before, bytes) = (names(), std::fs::read(&path).unwrap());
    assert_eq!(before.len(), 1);
    assert_eq!(snapshot(&path).tables().len(), 1);
    assert_eq!((names(), std::fs::read(&path).unwrap()), (before, bytes));
    // What a writer has not moved into the file yet is seen.
    let writer = Connection::open(&path).unwrap();
    writer.execute_batch("CREATE TABLE u(a);").unwrap();
    assert_eq!(snapshot(&path).tables().len(), 2);
}

#[test]
fn what_is_no_database() {
    let dir = tempfile::tempdir().unwrap();
    let text = dir.path().join("text");
    std::fs::write(&text, "hello, this is no database at all").unwrap();
    let damaged = file(dir.path(), "damaged.db", "CREATE TABLE t(a);");
    let mut bytes = std::fs::read(&damaged).unwrap();
    bytes.iter_mut().skip(100).for_each(|byte| *byte = 0xa5);
    std::fs::write(&damaged, bytes).unwrap();
    let absent = dir.path().join("absent.db");
    for (path, code) in [
        (&text, "API064"),
        (&damaged, "API065"),
        (&absent, "API061"),
        (&dir.path().to_owned(), "API061"),
    ] {
        let source = Source::Sqlite(path.clone());
        let error = dump(&source, &Options::default(), &mut |_| {}).unwrap_err();
        assert_eq!(error.code(), code, "{}: {error}", path.display());
        assert_eq!(error.place(), Some(&*path.display().to_string()));
    }
    assert!(!absent.exists());
    let options = Options { schemas: vec!["temp".into()], default_schema: None };
    let shop = file(dir.path(), "shop.db", "CREATE TABLE t(a);");
    let error = dump(&Source::Sqlite(shop), &options, &mut |_| {}).unwrap_err();
    assert_eq!(error.code(), "API066");
}
