//! What the servers do differently with names and clauses, as a table: one `Manners` a dialect.

use crate::command::Dialect;
use crate::schema::NameCase;

/// How a dialect's server takes names and clauses.
#[derive(Debug)]
pub(super) struct Manners {
    /// Whether a name means what it is only in its case; else every name is read in lower case.
    ///
    /// Servers that fold to upper case, or that keep a name's case as it was made, are read in
    /// lower case too: patterns of rules are, and whoever denies a table means it in every
    /// spelling.
    pub(super) case: NameCase,
    /// Names are cut at so many bytes, between characters.
    pub(super) name_bytes: Option<usize>,
    /// Where an unqualified name is looked up.
    pub(super) lookup: Lookup,
    /// The schema that holds temporary tables.
    pub(super) temporary: &'static str,
    /// `db.schema.name` can only name the current database, so `db` says nothing.
    pub(super) one_database: bool,
    /// `x.f` calls the function `f` where there is no such column.
    pub(super) attribute_calls: bool,
    /// WITH lets queries see themselves and each other without a RECURSIVE.
    pub(super) with_recurses: bool,
    /// A named query that sees itself may also be the table of that name.
    pub(super) with_beside_tables: bool,
    /// WHERE and HAVING see the names of the select list.
    pub(super) late_where: bool,
    /// HAVING alone sees them.
    pub(super) late_having: bool,
    /// A name in FROM may be a function without its brackets.
    pub(super) function_tables: bool,
    /// `DUAL` is a word for no table at all.
    pub(super) dual: bool,
    /// A string may stand where a name does.
    pub(super) text_names: bool,
    /// How `SELECT … INTO x` is meant.
    pub(super) into: Into,
}

/// Where an unqualified name of a table is looked up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lookup {
    /// The schemas of `search_path`, `pg_catalog` before them.
    SearchPath,
    /// `temp`, `main`, whatever was attached.
    Attached,
    /// The current schema or database alone.
    Current,
}

/// What a SELECT's INTO names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Into {
    /// A table that it makes.
    Table,
    /// Variables, and with OUTFILE or DUMPFILE a file.
    Variables,
    /// The server has no such clause.
    Nothing,
}

impl Manners {
    /// The table of a dialect.
    pub(super) const fn of(dialect: Dialect) -> &'static Self {
        match dialect {
            Dialect::Postgres => &POSTGRES,
            Dialect::Redshift => &REDSHIFT,
            Dialect::Sqlite => &SQLITE,
            Dialect::Duckdb => &DUCKDB,
            Dialect::Mysql | Dialect::Mariadb => &MYSQL,
            Dialect::Mssql => &MSSQL,
            Dialect::Oracle => &ORACLE,
            Dialect::Snowflake => &SNOWFLAKE,
            Dialect::Bigquery => &BIGQUERY,
            Dialect::Clickhouse => &CLICKHOUSE,
            Dialect::Hive => &HIVE,
            Dialect::Spark | Dialect::Databricks => &SPARK,
        }
    }
}

/// What most servers do.
const COMMON: Manners = Manners {
    case: NameCase::Ignored,
    name_bytes: None,
    lookup: Lookup::Current,
    temporary: "temp",
    one_database: false,
    attribute_calls: false,
    with_recurses: false,
    with_beside_tables: false,
    late_where: false,
    late_having: false,
    function_tables: false,
    dual: false,
    text_names: false,
    into: Into::Nothing,
};

static POSTGRES: Manners = Manners {
    case: NameCase::Exact,
    name_bytes: Some(63),
    lookup: Lookup::SearchPath,
    temporary: "pg_temp",
    one_database: true,
    attribute_calls: true,
    into: Into::Table,
    ..COMMON
};

/// Names are folded in quotes too, unless a cluster says otherwise.
static REDSHIFT: Manners = Manners {
    case: NameCase::Ignored,
    name_bytes: Some(127),
    one_database: false,
    late_where: true,
    ..POSTGRES
};

static SQLITE: Manners = Manners {
    lookup: Lookup::Attached,
    with_recurses: true,
    with_beside_tables: true,
    late_where: true,
    function_tables: true,
    text_names: true,
    ..COMMON
};

static DUCKDB: Manners =
    Manners { late_where: true, function_tables: true, text_names: true, ..COMMON };

static MYSQL: Manners = Manners { late_having: true, dual: true, into: Into::Variables, ..COMMON };

static MSSQL: Manners =
    Manners { temporary: "tempdb", with_recurses: true, into: Into::Table, ..COMMON };

static ORACLE: Manners = Manners { with_recurses: true, into: Into::Variables, ..COMMON };

static SNOWFLAKE: Manners =
    Manners { with_recurses: true, late_where: true, into: Into::Variables, ..COMMON };

static BIGQUERY: Manners = Manners { late_having: true, ..COMMON };

static CLICKHOUSE: Manners = Manners { late_where: true, ..COMMON };

static HIVE: Manners = Manners { late_having: true, ..COMMON };

/// Select lists and later clauses see the names that stand before them.
static SPARK: Manners = Manners { late_where: true, ..COMMON };
