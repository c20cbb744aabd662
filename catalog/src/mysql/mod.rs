//! MySQL and MariaDB: everything from `information_schema`, which tells what the account may see.

mod auth;
mod client;
mod wire;

use std::collections::{BTreeMap, BTreeSet};

use crate::error::CatalogError;
use crate::snapshot::{Snapshot, UNKNOWN, shown, table};
use crate::source::Server;
use crate::{Options, Watch};
use client::{Client, Row};
use placet::schema::{CatalogFunction, CatalogView};

/// Schemas that are the server's own.
const OWN: &str = "('mysql', 'information_schema', 'performance_schema', 'sys')";

/// Engines whose unique keys hold. Others keep their rows elsewhere, or merge those of several
/// tables.
const KEEPS_KEYS: &[&str] =
    &["aria", "innodb", "memory", "myisam", "ndbcluster", "rocksdb", "tokudb"];

/// Takes a snapshot of every schema that the account sees.
pub(crate) fn dump(
    server: &Server,
    options: &Options,
    watch: &mut Watch<'_>,
) -> Result<Snapshot, CatalogError> {
    let mut client = Client::open(server)?;
    // Plain quotes in our own questions, and in the texts that the server writes.
    client.run("SET SESSION sql_mode = 'NO_BACKSLASH_ESCAPES'")?;
    client.run("SET NAMES utf8mb4")?;
    client.run("SET SESSION TRANSACTION READ ONLY")?;
    let default = client.rows("SELECT DATABASE()", "session", watch)?;
    let schemas = client.rows(SCHEMAS, "schemas", watch)?;
    options.check(|name| schemas.iter().any(|row| cell(row, 0) == Some(name)))?;
    let is_mariadb = client.version.contains("MariaDB");
    let mut snapshot = Snapshot::new(if is_mariadb { "mariadb" } else { "mysql" });
    snapshot.set_default_schema(default.first().and_then(|row| cell(row, 0)).map(str::to_owned));
    let mut ask = |sql: &str, schema: &str, what| {
        client.rows(&format!("{sql} AND {}", only(schema, options)), what, watch)
    };
    let tables = ask(TABLES, "table_schema", "tables")?;
    let columns = ask(COLUMNS, "table_schema", "columns")?;
    let keys = ask(KEYS, "table_schema", "keys")?;
    let views = ask(VIEWS, "table_schema", "views")?;
    // A call need not name a schema that was asked for.
    let functions = client.rows(FUNCTIONS, "functions", watch)?;
    let grants = client.rows("SHOW GRANTS", "privileges", watch)?;
    push_tables(&mut snapshot, options, &tables, &columns, &grants)?;
    push_keys(&mut snapshot, &tables, &keys)?;
    for row in &views {
        let (schema, name) = (needed(row, 0)?, needed(row, 1)?);
        match cell(row, 2).map(str::trim).filter(|sql| !sql.is_empty()) {
            _ if !options.wants(schema) => {}
            Some(sql) => {
                let (schema, name) = (schema.to_owned(), name.to_owned());
                snapshot.push_view(CatalogView { schema, name, sql: sql.to_owned() });
            }
            None => snapshot.note(format!(
                "{} is left out: the account may not see its query (grant SHOW VIEW)",
                shown(schema, name)
            )),
        }
    }
    for row in &functions {
        let (schema, name) = (needed(row, 0)?.to_owned(), needed(row, 1)?.to_owned());
        // `NO SQL`, `READS SQL DATA` and `DETERMINISTIC` are words of the author that bind nothing.
        let effects = vec![UNKNOWN.to_owned()];
        snapshot.push_function(CatalogFunction { schema, name, effects });
    }
    Ok(snapshot)
}

fn cell(row: &Row, at: usize) -> Option<&str> {
    row.get(at)?.as_deref()
}

fn needed(row: &Row, at: usize) -> Result<&str, CatalogError> {
    cell(row, at).ok_or_else(|| CatalogError::protocol("a row of the catalog"))
}

/// The condition on a schema: that it is nobody's but the users', and wanted.
fn only(schema: &str, options: &Options) -> String {
    let own = format!("{schema} NOT IN {OWN}");
    if options.schemas.is_empty() {
        return own;
    }
    // Nothing but a quote ends a text while backslashes are plain.
    let names: Vec<String> =
        options.schemas.iter().map(|name| format!("'{}'", name.replace('\'', "''"))).collect();
    format!("{own} AND {schema} IN ({})", names.join(", "))
}

/// A table: schema and name.
type Name<'a> = (&'a str, &'a str);

/// The tables with their columns. Where a snapshot cannot say how a table is, the table is left out.
fn push_tables(
    snapshot: &mut Snapshot,
    options: &Options,
    tables: &[Row],
    columns: &[Row],
    grants: &[Row],
) -> Result<(), CatalogError> {
    let mut of: BTreeMap<Name<'_>, Vec<Column<'_>>> = BTreeMap::new();
    for row in columns {
        let number = needed(row, 2)?.parse().map_err(|_| CatalogError::protocol("a column"))?;
        let (name, data_type) = (needed(row, 3)?, needed(row, 4)?);
        let hidden = cell(row, 5).unwrap_or_default().to_ascii_uppercase().contains("INVISIBLE");
        let column = Column { number, name, data_type, hidden };
        of.entry((needed(row, 0)?, needed(row, 1)?)).or_default().push(column);
    }
    let grants: Vec<&str> = grants.iter().filter_map(|row| cell(row, 0)).collect();
    for row in tables {
        let (schema, name, kind) = (needed(row, 0)?, needed(row, 1)?, needed(row, 2)?);
        if !options.wants(schema) {
            continue;
        }
        let mut columns = of.remove(&(schema, name)).unwrap_or_default();
        columns.sort_by_key(|column| column.number);
        let whole = (1..).zip(&columns).all(|(number, column): (u32, _)| column.number == number);
        let why = if kind == "SYSTEM VERSIONED" {
            "it keeps old rows, in columns that are in no list"
        } else if columns.iter().any(|column| column.hidden) {
            "it has invisible columns, of which a catalog cannot speak"
        } else if columns.is_empty() || !whole || is_partly_seen(&grants, schema, name) {
            "the account may see some of its columns only (grant SELECT on the table)"
        } else {
            let columns = columns.iter().map(|c| (c.name.to_owned(), c.data_type.to_owned()));
            snapshot.push_table(table(schema, name, columns.collect()));
            continue;
        };
        snapshot.note(format!("{} is left out: {why}", shown(schema, name)));
    }
    snapshot.sort_tables();
    Ok(())
}

struct Column<'a> {
    number: u32,
    name: &'a str,
    data_type: &'a str,
    hidden: bool,
}

/// Whether the account has rights on single columns of a table, and none on all of it: what the
/// server tells of the table then lacks the other columns. `SHOW GRANTS` speaks of active roles too.
fn is_partly_seen(grants: &[&str], schema: &str, name: &str) -> bool {
    let quoted = |name: &str| format!("`{}`", name.replace('`', "``"));
    let table = format!("{}.{} TO ", quoted(schema), quoted(name));
    let wider = ["*.* TO ".to_owned(), format!("{}.* TO ", quoted(schema))];
    let mut single = false;
    for (rights, on) in grants.iter().filter_map(|line| line.split_once(" ON ")) {
        let of_columns = rights.contains('(');
        single |= of_columns && on.starts_with(&table);
        let of_all = wider.iter().chain([&table]).any(|wide| on.starts_with(wide));
        if of_all && !of_columns && rights != "GRANT USAGE" {
            return false;
        }
    }
    single
}

/// Keys that hold for every row that a query can see, of whole columns: equal texts may differ in
/// the first bytes that a prefix is made of.
fn push_keys(snapshot: &mut Snapshot, tables: &[Row], keys: &[Row]) -> Result<(), CatalogError> {
    let mut keeps = BTreeSet::new();
    for row in tables {
        let engine = cell(row, 3).unwrap_or_default().to_ascii_lowercase();
        if KEEPS_KEYS.contains(&engine.as_str()) {
            keeps.insert((needed(row, 0)?, needed(row, 1)?));
        }
    }
    let mut of: BTreeMap<(Name<'_>, &str), BTreeMap<u32, Option<&str>>> = BTreeMap::new();
    for row in keys {
        let table = (needed(row, 0)?, needed(row, 1)?);
        let number = needed(row, 3)?.parse().map_err(|_| CatalogError::protocol("a key"))?;
        // An expression has no column, and a prefix is not all of one.
        let column = cell(row, 4).filter(|_| cell(row, 5).is_none());
        of.entry((table, needed(row, 2)?)).or_default().insert(number, column);
    }
    for ((table, _), parts) in of {
        let columns: Option<Vec<String>> =
            parts.into_values().map(|column| column.map(str::to_owned)).collect();
        if let Some(columns) = columns.filter(|_| keeps.contains(&table)) {
            snapshot.push_unique(table.0, table.1, columns);
        }
    }
    Ok(())
}

const SCHEMAS: &str = "SELECT schema_name FROM information_schema.schemata \
    WHERE schema_name NOT IN ('mysql', 'information_schema', 'performance_schema', 'sys')";

/// Views have an entry of their own; sequences and the server's views are no tables.
const TABLES: &str = "SELECT table_schema, table_name, table_type, engine \
    FROM information_schema.tables WHERE table_type IN ('BASE TABLE', 'SYSTEM VERSIONED')";

const COLUMNS: &str = "SELECT table_schema, table_name, ordinal_position, column_name, column_type, \
    extra FROM information_schema.columns WHERE true";

const KEYS: &str = "SELECT table_schema, table_name, index_name, seq_in_index, column_name, sub_part \
    FROM information_schema.statistics WHERE non_unique = 0";

const VIEWS: &str = "SELECT table_schema, table_name, view_definition \
    FROM information_schema.views WHERE true";

const FUNCTIONS: &str = "SELECT routine_schema, routine_name FROM information_schema.routines \
    WHERE routine_schema NOT IN ('mysql', 'information_schema', 'performance_schema', 'sys')";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rights_on_single_columns() {
        let usage = "GRANT USAGE ON *.* TO `a`@`%` IDENTIFIED BY PASSWORD '*X'";
        let columns = "GRANT SELECT (`id`, `x`) ON `app`.`t` TO `a`@`%`";
        assert!(is_partly_seen(&[usage, columns], "app", "t"));
        assert!(!is_partly_seen(&[usage, columns], "app", "u"));
        for whole in ["*.*", "`app`.*", "`app`.`t`"] {
            let whole = format!("GRANT SHOW VIEW ON {whole} TO `a`@`%`");
            assert!(!is_partly_seen(&[usage, columns, &whole], "app", "t"), "{whole}");
        }
        let odd = "GRANT SELECT (`x`) ON `a``p`.`t` TO `a`@`%`";
        assert!(is_partly_seen(&[odd], "a`p", "t"));
    }
}
