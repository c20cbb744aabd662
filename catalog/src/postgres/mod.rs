//! PostgreSQL: everything from `pg_catalog`, in one transaction, without a search path.

mod client;
mod functions;

use crate::error::CatalogError;
use crate::snapshot::{Snapshot, table};
use crate::source::Server;
use crate::{Options, Watch};
use client::{Client, Row};
use placet::schema::CatalogView;

/// Takes a snapshot of one database.
pub(crate) fn dump(
    server: &Server,
    options: &Options,
    watch: &mut Watch<'_>,
) -> Result<Snapshot, CatalogError> {
    let mut client = Client::open(server)?;
    let version = client.version()?;
    // As the session of this account looks names up, before that is taken away.
    let default = client.rows("SELECT pg_catalog.current_schema()", "session", watch)?;
    // One view of the catalog for all questions. With an empty path the server writes every name that
    // is not its own with its schema, so that the texts mean the same under any path.
    client.run("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")?;
    client.run("SET LOCAL search_path = ''")?;
    client.run("SET LOCAL quote_all_identifiers = off")?;
    let schemas = client.rows(SCHEMAS, "schemas", watch)?;
    let has = |name: &str| schemas.iter().any(|row| cell(row, 0) == Some(name));
    options.check(has)?;
    let mut snapshot = Snapshot::new("postgres");
    snapshot.set_default_schema(default.first().and_then(|row| cell(row, 0)).map(str::to_owned));
    let only = only(options);
    for row in client.rows(&TABLES.replace(ONLY, &only), "tables", watch)? {
        let (schema, name, columns) = (needed(&row, 0)?, needed(&row, 1)?, needed(&row, 2)?);
        snapshot.push_table(table(schema, name, list(columns)?));
    }
    snapshot.sort_tables();
    for row in client.rows(&KEYS.replace(ONLY, &only), "keys", watch)? {
        snapshot.push_unique(needed(&row, 0)?, needed(&row, 1)?, list(needed(&row, 2)?)?);
    }
    for row in client.rows(&VIEWS.replace(ONLY, &only), "views", watch)? {
        let sql = needed(&row, 2)?.trim().trim_end_matches(';').to_owned();
        let (schema, name) = (needed(&row, 0)?.to_owned(), needed(&row, 1)?.to_owned());
        snapshot.push_view(CatalogView { schema, name, sql });
    }
    functions::read(&mut client, version, &mut snapshot, watch)?;
    client.run("COMMIT")?;
    Ok(snapshot)
}

fn cell(row: &Row, at: usize) -> Option<&str> {
    row.get(at)?.as_deref()
}

fn needed(row: &Row, at: usize) -> Result<&str, CatalogError> {
    cell(row, at).ok_or_else(|| CatalogError::protocol("a row of the catalog"))
}

/// A list that came as JSON: names hold whatever they like.
fn list<T: serde::de::DeserializeOwned>(json: &str) -> Result<Vec<T>, CatalogError> {
    serde_json::from_str(json).map_err(|_| CatalogError::protocol("a list of the catalog"))
}

/// The condition on the schema `n`: that it is nobody's but the users', and wanted.
fn only(options: &Options) -> String {
    if options.schemas.is_empty() {
        return "true".to_owned();
    }
    let names: Vec<String> =
        options.schemas.iter().map(|name| format!("'{}'", name.replace('\'', "''"))).collect();
    format!("n.nspname IN ({})", names.join(", "))
}

/// What [`only`] replaces.
const ONLY: &str = "/* only */ true";

/// Names that begin with `pg_` are the server's.
const SCHEMAS: &str = "SELECT nspname FROM pg_catalog.pg_namespace \
    WHERE nspname !~ '^pg_' AND nspname <> 'information_schema'";

/// Tables, partitioned tables with their partitions, foreign tables. Columns that were dropped
/// leave a gap in the numbers and are in no `*`.
const TABLES: &str = "\
SELECT n.nspname, c.relname, columns.columns
FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
CROSS JOIN LATERAL (
    SELECT COALESCE(pg_catalog.json_agg(pg_catalog.json_build_array(
        a.attname, pg_catalog.format_type(a.atttypid, a.atttypmod)) ORDER BY a.attnum), '[]') AS columns
    FROM pg_catalog.pg_attribute a
    WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped) AS columns
WHERE c.relkind IN ('r', 'p', 'f')
  AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' AND /* only */ true";

/// Sets of columns of which no two rows that a query can see have the same values. Left out is
/// every index
/// - that does not hold for all rows, or not at all times: partial, invalid, deferrable;
/// - of expressions;
/// - of a table with children that inherit from it: a query of the table gives their rows too, and
///   they have indexes of their own. Partitions are not such children;
/// - that compares otherwise than `=` does: by an operator class or a collation of its own.
const KEYS: &str = "\
SELECT n.nspname, c.relname, keys.columns
FROM pg_catalog.pg_index i
JOIN pg_catalog.pg_class c ON c.oid = i.indrelid
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
CROSS JOIN LATERAL (
    SELECT pg_catalog.json_agg(a.attname ORDER BY k.at) AS columns,
        pg_catalog.bool_and(o.opcdefault AND (i.indcollation[k.at] = a.attcollation
            OR (ours.collisdeterministic AND theirs.collisdeterministic))) AS plain
    FROM pg_catalog.generate_series(0, i.indnkeyatts - 1) AS k (at)
    LEFT JOIN pg_catalog.pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[k.at]
    LEFT JOIN pg_catalog.pg_opclass o ON o.oid = i.indclass[k.at]
    LEFT JOIN pg_catalog.pg_collation ours ON ours.oid = i.indcollation[k.at]
    LEFT JOIN pg_catalog.pg_collation theirs ON theirs.oid = a.attcollation) AS keys
WHERE i.indisunique AND i.indisvalid AND i.indimmediate
  AND i.indpred IS NULL AND i.indexprs IS NULL AND keys.plain
  AND c.relkind IN ('r', 'p')
  AND (c.relkind = 'p' OR NOT EXISTS (
      SELECT FROM pg_catalog.pg_inherits h WHERE h.inhparent = c.oid))
  AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' AND /* only */ true";

/// Views, and materialised views: what they hold came from their query.
const VIEWS: &str = "\
SELECT n.nspname, c.relname, pg_catalog.pg_get_viewdef(c.oid)
FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('v', 'm')
  AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' AND /* only */ true";
