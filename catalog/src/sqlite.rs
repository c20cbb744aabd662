//! SQLite: the schema of one file, which is not written to.

use std::path::{Path, PathBuf};

use placet::schema::CatalogView;
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags, params};

use crate::error::CatalogError;
use crate::snapshot::{MAX_SNAPSHOT_BYTES, Snapshot, shown, table, too_large};
use crate::{Options, Progress, Watch};

/// The one schema that a file has; what a session attaches beside it is another file.
const MAIN: &str = "main";

/// Takes a snapshot of a file.
pub(crate) fn dump(
    path: &Path,
    options: &Options,
    watch: &mut Watch<'_>,
) -> Result<Snapshot, CatalogError> {
    options.check(|name| name == MAIN)?;
    let db = open(path)?;
    let mut snapshot = Snapshot::new("sqlite");
    snapshot.set_default_schema(Some(MAIN.to_owned()));
    read(&db, &mut snapshot, watch).map_err(|error| told(&error))??;
    Ok(snapshot)
}

/// Opens the file so that nothing is written: not to it, and not beside it.
fn open(path: &Path) -> Result<Connection, CatalogError> {
    let mut head = [0; 20];
    let read = std::fs::File::open(path)
        .and_then(|mut file| std::io::Read::read_exact(&mut file, &mut head));
    if let Err(error) = read
        && error.kind() != std::io::ErrorKind::UnexpectedEof
    {
        let message = format!("the file cannot be read: {error}");
        return Err(CatalogError::new("API061", message, "check the path and its permissions"));
    }
    if !head.starts_with(b"SQLite format 3\0") {
        let help = "write sqlite:PATH, or postgres:// or mysql:// before the name of a host";
        return Err(CatalogError::new("API064", "the file is no database of SQLite", help));
    }
    // A file in WAL mode that nobody has open would get two files beside it. Nobody writes to it, so
    // it can be read without locks.
    let wal = head.ends_with(&[2, 2]);
    let alone = wal && !beside(path, "-wal").exists();
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let opened = if alone {
        Connection::open_with_flags(uri(path), flags | OpenFlags::SQLITE_OPEN_URI)
    } else {
        Connection::open_with_flags(path, flags)
    };
    let db = opened.map_err(|error| told(&error))?;
    let prepared = db
        .set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)
        .and_then(|_| db.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false))
        .and_then(|_| db.busy_timeout(std::time::Duration::from_secs(10)))
        .and_then(|()| db.execute_batch("BEGIN"));
    prepared.map_err(|error| told(&error))?;
    Ok(db)
}

fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    PathBuf::from(name)
}

/// The file as one that nobody changes.
fn uri(path: &Path) -> PathBuf {
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let Some(text) = absolute.to_str() else { return path.to_owned() };
    let mut uri = String::from("file://");
    for c in text.chars() {
        match c {
            '%' => uri.push_str("%25"),
            '?' => uri.push_str("%3f"),
            '#' => uri.push_str("%23"),
            c => uri.push(c),
        }
    }
    uri.push_str("?immutable=1");
    PathBuf::from(uri)
}

/// The library's words may quote a definition: its number says enough.
fn told(error: &rusqlite::Error) -> CatalogError {
    let (message, help) = match error.sqlite_error_code() {
        Some(rusqlite::ErrorCode::DatabaseBusy | rusqlite::ErrorCode::DatabaseLocked) => {
            ("the database is locked", "try again when its writer is done")
        }
        Some(rusqlite::ErrorCode::NotADatabase) => {
            ("the file is no database of SQLite, or is encrypted", "decrypt a copy of it first")
        }
        Some(rusqlite::ErrorCode::DatabaseCorrupt) => {
            ("the schema of the file is damaged", "see what `PRAGMA integrity_check` says")
        }
        Some(rusqlite::ErrorCode::CannotOpen | rusqlite::ErrorCode::ReadOnly) => (
            "the file needs a writer first: a transaction was cut short, or its log is not readable",
            "open it once with its own application",
        ),
        _ => ("the schema of the file cannot be read", "see what `PRAGMA integrity_check` says"),
    };
    let number = error.sqlite_error().map_or(0, |error| error.extended_code);
    CatalogError::new("API065", format!("{message} (SQLite {number})"), help)
}

type Read<T> = Result<Result<T, CatalogError>, rusqlite::Error>;

fn read(db: &Connection, snapshot: &mut Snapshot, watch: &mut Watch<'_>) -> Read<()> {
    let mut list = db.prepare(
        "SELECT l.name, l.type, s.sql FROM pragma_table_list AS l
         LEFT JOIN sqlite_schema AS s ON s.name = l.name AND s.type IN ('table', 'view')
         WHERE l.schema = 'main' AND l.name NOT LIKE 'sqlite\\_%' ESCAPE '\\'
         ORDER BY l.name",
    )?;
    let things = list.query_map([], |row| {
        Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?, row.get::<_, Option<String>>(2)?))
    })?;
    let things = things.collect::<Result<Vec<_>, _>>()?;
    let mut room = MAX_SNAPSHOT_BYTES;
    for (count, (name, kind, sql)) in (1..).zip(things) {
        let sql = sql.unwrap_or_default();
        let Some(left) = room.checked_sub(sql.len()) else { return Ok(Err(too_large())) };
        room = left;
        if count % 1000 == 0 {
            watch(Progress { what: "tables", count });
        }
        match kind.as_str() {
            "view" => match query_of(&sql) {
                Some(query) => {
                    let schema = MAIN.to_owned();
                    snapshot.push_view(CatalogView { schema, name, sql: query });
                }
                None => snapshot.note(left_out(&name, "its definition cannot be read")),
            },
            // Its columns may have no place in `*`, and its module may run whatever it likes.
            "virtual" => snapshot.note(left_out(&name, "it is virtual: a module makes its rows")),
            _ => push_table(db, snapshot, &name)?,
        }
    }
    Ok(Ok(()))
}

fn left_out(name: &str, why: &str) -> String {
    format!("{} is left out: {why}", shown(MAIN, name))
}

fn push_table(db: &Connection, snapshot: &mut Snapshot, name: &str) -> Result<(), rusqlite::Error> {
    // Generated columns are among those of `*`; those that are not belong to virtual tables.
    let mut info = db.prepare(
        "SELECT name, type, hidden, pk FROM pragma_table_xinfo(?1, 'main') ORDER BY cid",
    )?;
    let columns = info.query_map(params![name], |row| {
        let column = (row.get::<_, String>(0)?, row.get::<_, String>(1)?);
        Ok((column, row.get::<_, i64>(2)? == 1, row.get::<_, i64>(3)? > 0))
    })?;
    let columns = columns.collect::<Result<Vec<_>, _>>()?;
    if columns.iter().any(|(_, hidden, _)| *hidden) {
        snapshot.note(left_out(name, "it has hidden columns, of which a catalog cannot speak"));
        return Ok(());
    }
    let keyed: Vec<String> = columns
        .iter()
        .filter(|(_, _, is_key)| *is_key)
        .map(|((name, _), _, _)| name.clone())
        .collect();
    let columns = columns.into_iter().map(|(column, _, _)| column).collect();
    let mut new = table(MAIN, name, columns);
    let (unique, has_key) = keys(db, name)?;
    new.unique = unique;
    // An integer key that is the row's own number has no index.
    if !has_key && let [_] = keyed.as_slice() {
        new.unique.push(keyed);
    }
    snapshot.push_table(new);
    Ok(())
}

/// The unique keys that have an index, and whether the primary key is among the indexes.
fn keys(db: &Connection, table: &str) -> Result<(Vec<Vec<String>>, bool), rusqlite::Error> {
    let mut list = db.prepare(
        "SELECT name, origin, partial FROM pragma_index_list(?1, 'main') WHERE \"unique\" = 1",
    )?;
    let indexes = list.query_map(params![table], |row| {
        Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?, row.get::<_, i64>(2)? == 1))
    })?;
    let (mut keys, mut has_key) = (Vec::new(), false);
    for index in indexes {
        let (index, origin, partial) = index?;
        has_key |= origin == "pk";
        if !partial && let Some(columns) = key(db, table, &index)? {
            keys.push(columns);
        }
    }
    Ok((keys, has_key))
}

/// The columns of an index; `None` where one is an expression, or is compared otherwise than `=`
/// compares it.
fn key(db: &Connection, table: &str, index: &str) -> Result<Option<Vec<String>>, rusqlite::Error> {
    let mut info = db.prepare(
        "SELECT name, coll FROM pragma_index_xinfo(?1, 'main') WHERE key = 1 ORDER BY seqno",
    )?;
    let parts = info.query_map(params![index], |row| {
        Ok((row.get::<_, Option<String>>(0)?, row.get::<_, Option<String>>(1)?))
    })?;
    let mut columns = Vec::new();
    for part in parts {
        let (Some(column), Some(collation)) = part? else { return Ok(None) };
        let (_, own, ..) = db.column_metadata(Some(MAIN), table, &*column)?;
        let same = own.and_then(|own| own.to_str().ok()).unwrap_or("BINARY");
        if !same.eq_ignore_ascii_case(&collation) {
            return Ok(None);
        }
        columns.push(column);
    }
    Ok(Some(columns))
}

/// The query of a `CREATE VIEW`. Where that names the columns, a query around it does.
fn query_of(sql: &str) -> Option<String> {
    let mut words = Words { rest: sql };
    // The file holds `CREATE VIEW`, whatever was written, and then the user's own text.
    for expected in ["CREATE", "VIEW"] {
        words.next().filter(|word| word.eq_ignore_ascii_case(expected))?;
    }
    let _name = words.next()?;
    let mut named = None;
    let mut word = words.next()?;
    if word == "(" {
        let start = words.rest;
        let mut columns = 0;
        while word != ")" {
            word = words.next()?;
            columns = start.len().checked_sub(words.rest.len())?;
        }
        named = Some(start.get(..columns)?.strip_suffix(')')?);
        word = words.next()?;
    }
    if !word.eq_ignore_ascii_case("AS") {
        return None;
    }
    words.skip_blanks();
    let query = words.rest.trim_end();
    let Some(columns) = named else { return Some(query.to_owned()) };
    let mut around = String::from("placet_view");
    while sql.to_ascii_lowercase().contains(&around) {
        around.push('_');
    }
    // A comment at its end would swallow the bracket.
    Some(format!("WITH {around}({columns}) AS ({query}\n) SELECT * FROM {around}"))
}

/// Cuts SQL into names, quoted names and single characters; comments and blanks aside.
struct Words<'a> {
    rest: &'a str,
}

impl<'a> Words<'a> {
    /// Comments count as blanks.
    fn skip_blanks(&mut self) {
        loop {
            self.rest = self.rest.trim_start();
            if let Some(comment) = self.rest.strip_prefix("--") {
                self.rest = comment.split_once('\n').map_or("", |(_, rest)| rest);
            } else if let Some(comment) = self.rest.strip_prefix("/*") {
                self.rest = comment.split_once("*/").map_or("", |(_, rest)| rest);
            } else {
                return;
            }
        }
    }

    fn next(&mut self) -> Option<&'a str> {
        self.skip_blanks();
        let first = self.rest.chars().next()?;
        let length = match first {
            '"' | '`' | '\'' => self.quoted(first)?,
            '[' => self.rest.find(']')?.saturating_add(1),
            c if is_word(c) => self.rest.find(|c| !is_word(c)).unwrap_or(self.rest.len()),
            c => c.len_utf8(),
        };
        let (word, rest) = self.rest.split_at_checked(length)?;
        self.rest = rest;
        Some(word)
    }

    /// Bytes of a quoted name with its quotes; a doubled one stands for itself.
    fn quoted(&self, quote: char) -> Option<usize> {
        let mut chars = self.rest.char_indices().skip(1).peekable();
        while let Some((at, c)) = chars.next() {
            if c != quote {
                continue;
            }
            match chars.peek() {
                Some((_, next)) if *next == quote => {
                    chars.next();
                }
                Some(_) | None => return Some(at.saturating_add(1)),
            }
        }
        None
    }
}

fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '$') || !c.is_ascii()
}

#[cfg(test)]
mod tests;
