//! Takes a catalog snapshot from a live database: what `placet facts --catalog` and a guard need to
//! resolve `*`, keys and views, and to know what functions may do.
//!
//! Reads names and definitions, never a row of a user's table, and writes nothing. Where a snapshot
//! cannot say how something is, it leaves the thing out and says so in [`Snapshot::notes`]: what a
//! catalog does not list is unknown, and makes answers stricter.
//!
//! # Examples
//! ```
//! # let dir = tempfile::tempdir()?;
//! # let path = dir.path().join("shop.db");
//! # rusqlite::Connection::open(&path)?.execute_batch(
//! #     "CREATE TABLE customers(id INTEGER PRIMARY KEY, mail TEXT);
//! #      CREATE VIEW mails AS SELECT mail FROM customers;")?;
//! use placet_catalog::{Options, Source, dump};
//! let source = Source::parse(&format!("sqlite:{}", path.display()))?;
//! let snapshot = dump(&source, &Options::default(), &mut |_| {})?;
//! assert_eq!(snapshot.tables()[0].unique, [["id"]]);
//! assert_eq!(snapshot.views()[0].sql, "SELECT mail FROM customers");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod error;
mod link;
mod mysql;
mod postgres;
mod snapshot;
mod source;
mod sqlite;
mod tls;

pub use error::CatalogError;
pub use snapshot::{MAX_SNAPSHOT_BYTES, Snapshot};
pub use source::{Server, Source};

/// What a snapshot is to hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// The schemas whose tables and views are wanted; every one that is not the server's own where
    /// this is empty. Functions are always taken from all of them: a call need not name a schema.
    pub schemas: Vec<String>,
    /// The schema in which unqualified names are looked up; that of the session where absent.
    pub default_schema: Option<String>,
}

impl Options {
    /// Whether this schema is wanted.
    fn wants(&self, schema: &str) -> bool {
        self.schemas.is_empty() || self.schemas.iter().any(|wanted| wanted == schema)
    }

    /// Refuses a name that the database does not have: a slip would give an empty catalog.
    fn check(&self, has: impl Fn(&str) -> bool) -> Result<(), CatalogError> {
        let named = self.schemas.iter().chain(&self.default_schema);
        match named.into_iter().find(|schema| !has(schema)) {
            None => Ok(()),
            Some(absent) => Err(CatalogError::new(
                "API066",
                format!("no schema is called `{absent}`"),
                "names are compared exactly; check that the account may see it",
            )),
        }
    }
}

/// How far a snapshot is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// What is being read.
    pub what: &'static str,
    /// How many of them have come.
    pub count: usize,
}

/// Who is told how far it is.
type Watch<'a> = dyn FnMut(Progress) + 'a;

/// Takes a snapshot.
///
/// - `watch`: told of every thousand things read.
///
/// Cost: a handful of questions, whatever the number of tables. Memory is that of the snapshot, at
/// most [`MAX_SNAPSHOT_BYTES`] and a part of it again.
///
/// # Errors
/// `API061` to `API063`: no session with the server; `API064`, `API065`: it answers otherwise than
/// expected; `API066`: a schema that it does not have; `API067`: a catalog beyond its bound.
pub fn dump(
    source: &Source,
    options: &Options,
    watch: &mut Watch<'_>,
) -> Result<Snapshot, CatalogError> {
    let snapshot = match source {
        Source::Postgres(server) => postgres::dump(server, options, watch),
        Source::Mysql(server) => mysql::dump(server, options, watch),
        Source::Sqlite(path) => sqlite::dump(path, options, watch),
    };
    let mut snapshot = snapshot.map_err(|error| error.at(&source.place()))?;
    if let Some(schema) = &options.default_schema {
        snapshot.set_default_schema(Some(schema.clone()));
    }
    snapshot.finish();
    Ok(snapshot)
}
