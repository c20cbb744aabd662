//! What calling a function may do: the tables of the servers' own functions.

use crate::command::Dialect;
use crate::facts::{Effect, EffectSet, Segment};

macro_rules! table {
    ($name:literal) => {
        include_str!(concat!("tables/", $name, ".txt"))
    };
}

const POSTGRES_RELATIONS: &str = table!("postgres_relations");

/// The functions of a server, the more special table first.
const fn functions(dialect: Dialect) -> &'static [&'static str] {
    match dialect {
        Dialect::Postgres => &[table!("postgres_functions")],
        Dialect::Redshift => &[table!("redshift_functions")],
        Dialect::Sqlite => &[table!("sqlite_functions")],
        Dialect::Mysql => &[table!("mysql_functions")],
        Dialect::Mariadb => &[table!("mariadb_functions")],
        Dialect::Mssql => &[table!("mssql_functions")],
        Dialect::Oracle => &[table!("oracle_functions")],
        Dialect::Snowflake => &[table!("snowflake_functions")],
        Dialect::Bigquery => &[table!("bigquery_functions")],
        Dialect::Clickhouse => &[table!("clickhouse_functions")],
        Dialect::Duckdb => &[table!("duckdb_functions")],
        Dialect::Hive => &[table!("hive_functions")],
        Dialect::Spark => &[table!("spark_functions")],
        Dialect::Databricks => &[table!("databricks_functions"), table!("spark_functions")],
    }
}

/// The relations of a server that do more than hold data when they are read.
const fn relations(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::Postgres => POSTGRES_RELATIONS,
        Dialect::Redshift => table!("redshift_relations"),
        Dialect::Mysql | Dialect::Mariadb => table!("mysql_relations"),
        Dialect::Mssql => table!("mssql_relations"),
        Dialect::Oracle => table!("oracle_relations"),
        Dialect::Snowflake => table!("snowflake_relations"),
        Dialect::Bigquery => table!("bigquery_relations"),
        Dialect::Clickhouse => table!("clickhouse_relations"),
        Dialect::Duckdb => table!("duckdb_relations"),
        Dialect::Hive => table!("hive_relations"),
        Dialect::Databricks => table!("databricks_relations"),
        Dialect::Spark | Dialect::Sqlite => "",
    }
}

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
    listed(dialect, name).or_else(|| combined(dialect, name)).map(parse)
}

/// Which argument of the function `name` is SQL that it runs.
pub(super) fn code_of(dialect: Dialect, name: &str) -> Option<usize> {
    match builtin(dialect, name)?.code {
        Code::Argument(at) => Some(at),
        Code::None | Code::AnyText => None,
    }
}

/// The function `schema.name` of the server.
pub(super) fn builtin_of(dialect: Dialect, schema: &str, name: &str) -> Option<Function> {
    match dialect {
        Dialect::Postgres => (schema == "pg_catalog").then(|| builtin(dialect, name))?,
        // What the server brings has a prefix of its own; other names are the users'.
        Dialect::Mssql => {
            let own = ["sp_", "xp_", "fn_", "dm_", "sysmail_", "rds_"];
            let prefixed = own.iter().any(|prefix| name.starts_with(prefix));
            (prefixed && matches!(schema, "sys" | "dbo")).then(|| builtin(dialect, name))?
        }
        Dialect::Bigquery if schema == "safe" => builtin(dialect, name),
        Dialect::Snowflake if schema == "information_schema" => builtin(dialect, name),
        Dialect::Redshift if schema == "pg_catalog" => builtin(dialect, name),
        Dialect::Duckdb if matches!(schema, "main" | "system" | "pg_catalog") => {
            builtin(dialect, name)
        }
        Dialect::Mysql
        | Dialect::Mariadb
        | Dialect::Sqlite
        | Dialect::Snowflake
        | Dialect::Bigquery
        | Dialect::Redshift
        | Dialect::Clickhouse
        | Dialect::Oracle
        | Dialect::Duckdb
        | Dialect::Hive
        | Dialect::Spark
        | Dialect::Databricks => listed(dialect, &format!("{schema}.{name}")).map(parse),
    }
}

fn listed(dialect: Dialect, name: &str) -> Option<&'static str> {
    functions(dialect).iter().find_map(|table| line(table, name))
}

/// An aggregate of ClickHouse with combinators behind its name: it stays that aggregate.
fn combined(dialect: Dialect, name: &str) -> Option<&'static str> {
    if dialect != Dialect::Clickhouse {
        return None;
    }
    let mut name = name;
    for _ in 0..MAX_COMBINATORS {
        let shorter = COMBINATORS.iter().find_map(|combinator| name.strip_suffix(combinator))?;
        if let Some(words) = listed(dialect, shorter)
            && words.split_ascii_whitespace().any(|word| word == "aggregate")
        {
            return Some(words);
        }
        name = shorter;
    }
    None
}

/// Longer ones before those that they end in.
const COMBINATORS: &[&str] = &[
    "simplestate",
    "ordefault",
    "resample",
    "distinct",
    "foreach",
    "argmin",
    "argmax",
    "ornull",
    "state",
    "merge",
    "array",
    "tuple",
    "null",
    "map",
    "if",
];

const MAX_COMBINATORS: usize = 6;

/// What reading a relation does beside reading data, as its server's table says: `path` are the
/// names, innermost last.
pub(super) fn relation_effects(dialect: Dialect, path: &[Segment]) -> EffectSet {
    let words = match path {
        [.., Segment::Exact(schema), Segment::Exact(name)] => {
            line(relations(dialect), &format!("{schema}.{}", unnumbered(dialect, name)))
        }
        [Segment::Exact(name)] if !name.contains('.') => line(relations(dialect), name),
        _ => None,
    };
    words.unwrap_or_default().split_ascii_whitespace().filter_map(Effect::parse).collect()
}

/// ClickHouse rotates its logs to `query_log_0` and so on.
fn unnumbered(dialect: Dialect, name: &str) -> &str {
    let bare = name.trim_end_matches(|c: char| c.is_ascii_digit());
    match bare.strip_suffix('_') {
        Some(bare) if dialect == Dialect::Clickhouse => bare,
        Some(_) | None => name,
    }
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

/// How many functions a server's tables know, and those with effects of their own.
#[cfg(test)]
pub(super) fn listing(dialect: Dialect) -> (usize, Vec<(&'static str, &'static str)>) {
    let tables = functions(dialect).iter();
    let lines = tables.flat_map(|table| table.lines()).filter(|line| !line.starts_with('#'));
    let mut entries: Vec<_> =
        lines.map(|line| line.split_once(' ').unwrap_or((line, ""))).collect();
    entries.sort_unstable();
    entries.dedup_by_key(|(name, _)| *name);
    let count = entries.len();
    entries.retain(|(_, words)| words.split(' ').any(|word| Effect::parse(word).is_some()));
    (count, entries)
}

/// The relations of a server that do more than hold data.
#[cfg(test)]
pub(super) fn relation_listing(dialect: Dialect) -> Vec<(&'static str, &'static str)> {
    let lines = relations(dialect).lines().filter(|line| !line.starts_with('#'));
    lines.filter_map(|line| line.split_once(' ')).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_sorted_and_speak_known_words() {
        let dialects = || Dialect::ALL.iter();
        let tables = dialects().flat_map(|dialect| functions(*dialect)).copied();
        for table in tables.chain(dialects().map(|dialect| relations(*dialect))) {
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
