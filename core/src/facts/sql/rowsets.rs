//! The columns of functions that stand in FROM.

use crate::command::Dialect;

/// What the columns of a function's rows are called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RowColumns {
    /// There is one, called as the relation is.
    Alias,
    /// These.
    Named(&'static [&'static str]),
    /// Not known.
    Unknown,
}

/// The columns of a function of the server's own that makes its rows of its arguments alone.
pub(super) fn columns(dialect: Dialect, function: &str) -> RowColumns {
    let table: &[(&str, RowColumns)] = match dialect {
        Dialect::Postgres => POSTGRES,
        Dialect::Sqlite => SQLITE,
        Dialect::Mssql => MSSQL,
        Dialect::Snowflake => SNOWFLAKE,
        Dialect::Mysql
        | Dialect::Mariadb
        | Dialect::Bigquery
        | Dialect::Redshift
        | Dialect::Clickhouse
        | Dialect::Oracle
        | Dialect::Duckdb
        | Dialect::Hive
        | Dialect::Spark
        | Dialect::Databricks => &[],
    };
    let row = table.iter().find(|(name, _)| *name == function);
    row.map_or(RowColumns::Unknown, |(_, columns)| *columns)
}

const VALUE: RowColumns = RowColumns::Named(&["value"]);
const KEY_VALUE: RowColumns = RowColumns::Named(&["key", "value"]);

/// As `pg_proc` of PostgreSQL 15 names them. A function that gives plain values names its column
/// after the relation, but for one that names it in its definition.
const POSTGRES: &[(&str, RowColumns)] = &[
    ("aclexplode", RowColumns::Named(&["grantor", "grantee", "privilege_type", "is_grantable"])),
    ("each", KEY_VALUE),
    ("generate_series", RowColumns::Alias),
    ("generate_subscripts", RowColumns::Alias),
    ("json_array_elements", VALUE),
    ("json_array_elements_text", VALUE),
    ("json_each", KEY_VALUE),
    ("json_each_text", KEY_VALUE),
    ("json_object_keys", RowColumns::Alias),
    ("jsonb_array_elements", VALUE),
    ("jsonb_array_elements_text", VALUE),
    ("jsonb_each", KEY_VALUE),
    ("jsonb_each_text", KEY_VALUE),
    ("jsonb_object_keys", RowColumns::Alias),
    ("jsonb_path_query", RowColumns::Alias),
    ("lower", RowColumns::Alias),
    ("regexp_matches", RowColumns::Alias),
    ("regexp_split_to_table", RowColumns::Alias),
    ("skeys", RowColumns::Alias),
    ("string_to_table", RowColumns::Alias),
    ("svals", RowColumns::Alias),
    ("upper", RowColumns::Alias),
];

const TREE: RowColumns =
    RowColumns::Named(&["key", "value", "type", "atom", "id", "parent", "fullkey", "path"]);

const SQLITE: &[(&str, RowColumns)] = &[("json_each", TREE), ("json_tree", TREE)];

const MSSQL: &[(&str, RowColumns)] = &[("generate_series", VALUE)];

const SNOWFLAKE: &[(&str, RowColumns)] =
    &[("flatten", RowColumns::Named(&["seq", "key", "path", "index", "value", "this"]))];
