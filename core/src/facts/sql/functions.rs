//! What calling a function may do: the tables of the servers' own functions.

use crate::command::Dialect;
use crate::facts::{Effect, EffectSet};

const POSTGRES: &str = include_str!("tables/postgres_functions.txt");
const POSTGRES_RELATIONS: &str = include_str!("tables/postgres_relations.txt");
const SQLITE: &str = include_str!("tables/sqlite_functions.txt");

/// Which arguments of a function are SQL that it runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Code {
    /// None.
    None,
    /// The argument at this position, counted from 0.
    Argument(usize),
    /// Any argument that is a text.
    AnyText,
}

/// A function of the tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Function {
    /// What calling it may do.
    pub(super) may: EffectSet,
    /// It makes one value of many rows, so that a bound on rows does not bound what comes back.
    pub(super) aggregate: bool,
    /// It can give more than one row.
    pub(super) set: bool,
    /// It reads tables that the call does not name.
    pub(super) tables: bool,
    /// The relation of `pg_catalog` whose values it gives.
    pub(super) reads: Option<&'static str>,
    /// Its effects are not bounded.
    pub(super) unknown: bool,
    /// The table speaks of its effects, so that `x.name` counts as a call of it.
    pub(super) catalogued: bool,
    /// SQL among its arguments.
    pub(super) code: Code,
}

/// The function `name` (folded) of the server.
pub(super) fn builtin(dialect: Dialect, name: &str) -> Option<Function> {
    let tables = match dialect {
        Dialect::Postgres | Dialect::Redshift => &[POSTGRES],
        Dialect::Sqlite => &[SQLITE],
        Dialect::Mysql
        | Dialect::Mariadb
        | Dialect::Mssql
        | Dialect::Snowflake
        | Dialect::Bigquery
        | Dialect::Clickhouse
        | Dialect::Oracle
        | Dialect::Duckdb
        | Dialect::Hive
        | Dialect::Spark
        | Dialect::Databricks => &[POSTGRES],
    };
    tables.iter().find_map(|table| line(table, name)).map(parse)
}

/// What reading the relation `name` of `pg_catalog` does beside reading data; `None` where there
/// is no such relation.
pub(super) fn system_relation(name: &str) -> Option<EffectSet> {
    if name.contains('.') {
        return None;
    }
    relation(name)
}

/// The same for `name` of `information_schema`, where the table speaks of it.
pub(super) fn information_relation(name: &str) -> Option<EffectSet> {
    relation(&format!("information_schema.{name}"))
}

fn relation(name: &str) -> Option<EffectSet> {
    let words = line(POSTGRES_RELATIONS, name)?;
    Some(words.split_ascii_whitespace().filter_map(Effect::parse).collect())
}

fn parse(words: &'static str) -> Function {
    let mut function = Function {
        may: EffectSet::NONE,
        aggregate: false,
        set: false,
        tables: false,
        reads: None,
        unknown: false,
        catalogued: false,
        code: Code::None,
    };
    for word in words.split_ascii_whitespace() {
        match word {
            "aggregate" => function.aggregate = true,
            "window" => {}
            "set" => function.set = true,
            "tables" => function.tables = true,
            "none" => function.catalogued = true,
            "unknown" => function.unknown = true,
            "sql" => function.code = Code::AnyText,
            _ if word.starts_with("of:") => function.reads = word.strip_prefix("of:"),
            _ => match (word.strip_prefix("sql:").and_then(|at| at.parse().ok()), word) {
                (Some(position), _) => function.code = Code::Argument(position),
                (None, word) => match Effect::parse(word) {
                    Some(effect) => function.may |= effect,
                    None => function.unknown = true,
                },
            },
        }
    }
    if function.unknown {
        function.may = EffectSet::ALL;
    }
    function.catalogued |= !function.may.is_empty();
    function
}

/// The rest of the line of `table` that starts with `name`: a binary search over the bytes of a
/// sorted text, so that the tables need neither a build step nor a global that is filled at run
/// time.
fn line<'t>(table: &'t str, name: &str) -> Option<&'t str> {
    if name.starts_with('#') {
        return None;
    }
    let (mut low, mut high) = (0, table.len());
    while low < high {
        let middle = low + (high - low) / 2;
        let start = table.get(..middle)?.rfind('\n').map_or(0, |at| at + 1);
        let end = table.get(middle..)?.find('\n').map_or(table.len(), |at| middle + at);
        let (key, words) = {
            let line = table.get(start..end)?;
            line.split_once(' ').unwrap_or((line, ""))
        };
        // Comments start with `#`, which sorts before every name.
        match key.cmp(name) {
            std::cmp::Ordering::Less => low = end + 1,
            std::cmp::Ordering::Equal => return Some(words),
            std::cmp::Ordering::Greater => high = start,
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The tables of the other servers.
    const OTHERS: &[&str] = &[
        include_str!("tables/bigquery_functions.txt"),
        include_str!("tables/bigquery_relations.txt"),
        include_str!("tables/clickhouse_functions.txt"),
        include_str!("tables/clickhouse_relations.txt"),
        include_str!("tables/databricks_functions.txt"),
        include_str!("tables/databricks_relations.txt"),
        include_str!("tables/duckdb_functions.txt"),
        include_str!("tables/duckdb_relations.txt"),
        include_str!("tables/hive_functions.txt"),
        include_str!("tables/hive_relations.txt"),
        include_str!("tables/mariadb_functions.txt"),
        include_str!("tables/mssql_functions.txt"),
        include_str!("tables/mssql_relations.txt"),
        include_str!("tables/mysql_functions.txt"),
        include_str!("tables/mysql_relations.txt"),
        include_str!("tables/oracle_functions.txt"),
        include_str!("tables/oracle_relations.txt"),
        include_str!("tables/redshift_functions.txt"),
        include_str!("tables/redshift_relations.txt"),
        include_str!("tables/snowflake_functions.txt"),
        include_str!("tables/snowflake_relations.txt"),
        include_str!("tables/spark_functions.txt"),
    ];

    #[test]
    fn tables_are_sorted_and_speak_known_words() {
        for &table in [POSTGRES, SQLITE, POSTGRES_RELATIONS].iter().chain(OTHERS) {
            let lines: Vec<&str> = table.lines().filter(|line| !line.starts_with('#')).collect();
            for pair in lines.windows(2) {
                let key = |line: &str| line.split(' ').next().unwrap_or_default().to_owned();
                assert!(key(pair[0]) < key(pair[1]), "{} before {}", pair[0], pair[1]);
            }
            for entry in lines {
                let (name, words) = entry.split_once(' ').unwrap_or((entry, ""));
                assert_eq!(line(table, name), Some(words), "{name}");
                for word in words.split(' ').filter(|word| !word.is_empty()) {
                    let shape = ["aggregate", "window", "set", "tables", "none", "unknown", "sql"];
                    let known = shape.contains(&word)
                        || word.starts_with("sql:")
                        || word.strip_prefix("of:").is_some_and(|n| system_relation(n).is_some())
                        || Effect::parse(word).is_some();
                    assert!(known, "{entry}");
                }
            }
            assert_eq!(line(table, "no_such_name"), None);
        }
    }

    #[test]
    fn effects_are_found() {
        let read_file = builtin(Dialect::Postgres, "pg_read_file").unwrap();
        assert_eq!(read_file.may, EffectSet::from(Effect::FsRead));
        assert!(builtin(Dialect::Postgres, "lower").unwrap().may.is_empty());
        assert_eq!(builtin(Dialect::Postgres, "query_to_xml").unwrap().code, Code::Argument(0));
        assert_eq!(builtin(Dialect::Sqlite, "pg_read_file"), None);
        assert_eq!(builtin(Dialect::Postgres, "#"), None);
    }
}
