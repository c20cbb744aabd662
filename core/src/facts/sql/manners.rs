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
    /// What of a name tells one query of a WITH from another.
    pub(super) spelling: Spelling,
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
    /// What the name of a query means in the queries of its WITH that stand before it.
    pub(super) later: Later,
    /// Whether a query sees itself only where it is a UNION; else the table is meant.
    pub(super) only_unions_recurse: bool,
    /// WHERE and HAVING see the names of the select list.
    pub(super) late_where: bool,
    /// HAVING alone sees them.
    pub(super) late_having: bool,
    /// ORDER BY and its like see the names of the select list inside expressions too, and mix
    /// them with columns; else a name that stands alone, and by the rules of SQL-92.
    pub(super) late_names: bool,
    /// The names of the select list come before columns everywhere in the query.
    pub(super) aliases_first: bool,
    /// A statement that changes a table reads there what it has put in so far.
    pub(super) reads_own_rows: bool,
    /// Assignments see what those before them gave.
    pub(super) assigns_in_turn: bool,
    /// What the name of a relation means where a column could stand.
    pub(super) rows: Rows,
    /// `x.f` is the field `f` of the column `x` where no relation is called so.
    pub(super) fields: bool,
    /// Every table has PostgreSQL's system columns.
    pub(super) system_columns: bool,
    /// Of several columns of one name the server takes one; else it refuses.
    pub(super) chooses: bool,
    /// How `*` over a join gives the columns that USING or NATURAL merges.
    pub(super) merges: Merges,
    /// A column that a join merges comes before others of its name.
    pub(super) merged_first: bool,
    /// A join of one side (SEMI, ANTI) is over with its condition: the other side is not seen.
    pub(super) one_sided: bool,
    /// A name in FROM may be a function without its brackets.
    pub(super) function_tables: bool,
    /// `DUAL` is a word for no table at all.
    pub(super) dual: bool,
    /// A string may stand where a name does.
    pub(super) text_names: bool,
    /// How `SELECT … INTO x` is meant.
    pub(super) into: Into,
}

/// How names of queries are told from one another, and from those of tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Spelling {
    /// As they are read here.
    Folded,
    /// By their case.
    AsWritten,
    /// By their case, where they stand in quotes.
    UpperUnlessQuoted,
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

/// What a name means that WITH gives later on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Later {
    /// The table of that name.
    Table,
    /// The query, where WITH recurses; else the table.
    Query,
    /// Where WITH recurses, either: releases differ, or nobody says.
    Either,
    /// Either, in every WITH.
    AlwaysEither,
}

/// What the name of a relation means as a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rows {
    /// Its row, where no column of any scope has the name.
    Last,
    /// Its row or a column: which of them comes first is not relied on.
    Beside,
    /// Nothing that is known.
    Never,
}

/// How the columns of a join stand that USING or NATURAL merges.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Merges {
    /// Merged ones first, as USING lists them (NATURAL: as the left side has them).
    AsListed,
    /// Merged ones first, as the first side has them; of a RIGHT JOIN the right side is first.
    AsFirst,
    /// The left side as it is, then what the right side has more.
    InPlace,
    /// Not relied on, nor which side a merged value comes from.
    Unsure,
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
            Dialect::Mysql => &MYSQL,
            Dialect::Mariadb => &MARIADB,
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
    spelling: Spelling::Folded,
    lookup: Lookup::Current,
    temporary: "temp",
    one_database: false,
    attribute_calls: false,
    with_recurses: false,
    later: Later::Either,
    only_unions_recurse: false,
    late_where: false,
    late_having: false,
    late_names: true,
    aliases_first: false,
    reads_own_rows: false,
    assigns_in_turn: false,
    rows: Rows::Never,
    fields: false,
    system_columns: false,
    chooses: false,
    merges: Merges::Unsure,
    merged_first: false,
    one_sided: false,
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
    late_names: false,
    later: Later::Query,
    rows: Rows::Last,
    system_columns: true,
    merges: Merges::AsListed,
    into: Into::Table,
    ..COMMON
};

/// Names are folded in quotes too, unless a cluster says otherwise.
static REDSHIFT: Manners = Manners {
    case: NameCase::Ignored,
    name_bytes: Some(127),
    one_database: false,
    later: Later::Either,
    late_where: true,
    late_names: true,
    fields: true,
    system_columns: false,
    ..POSTGRES
};

static SQLITE: Manners = Manners {
    lookup: Lookup::Attached,
    with_recurses: true,
    late_where: true,
    reads_own_rows: true,
    merges: Merges::InPlace,
    function_tables: true,
    text_names: true,
    ..COMMON
};

static DUCKDB: Manners = Manners {
    later: Later::Table,
    only_unions_recurse: true,
    late_where: true,
    rows: Rows::Beside,
    fields: true,
    merged_first: true,
    one_sided: true,
    function_tables: true,
    text_names: true,
    ..COMMON
};

/// Queries that see each other round about are refused.
static MYSQL: Manners = Manners { later: Later::Table, ..MARIADB };

/// On Linux, names of tables differ by case.
static MARIADB: Manners = Manners {
    spelling: Spelling::AsWritten,
    later: Later::Query,
    late_having: true,
    reads_own_rows: true,
    assigns_in_turn: true,
    merges: Merges::AsFirst,
    dual: true,
    into: Into::Variables,
    ..COMMON
};

static MSSQL: Manners = Manners {
    temporary: "tempdb",
    with_recurses: true,
    later: Later::Table,
    into: Into::Table,
    ..COMMON
};

static ORACLE: Manners = Manners {
    spelling: Spelling::UpperUnlessQuoted,
    with_recurses: true,
    later: Later::Table,
    chooses: true,
    into: Into::Variables,
    ..COMMON
};

static SNOWFLAKE: Manners = Manners {
    spelling: Spelling::UpperUnlessQuoted,
    with_recurses: true,
    later: Later::Table,
    late_where: true,
    fields: true,
    into: Into::Variables,
    ..COMMON
};

static BIGQUERY: Manners =
    Manners { late_having: true, rows: Rows::Beside, fields: true, ..COMMON };

static CLICKHOUSE: Manners = Manners {
    spelling: Spelling::AsWritten,
    later: Later::AlwaysEither,
    late_where: true,
    aliases_first: true,
    fields: true,
    chooses: true,
    ..COMMON
};

static HIVE: Manners = Manners {
    later: Later::AlwaysEither,
    late_having: true,
    fields: true,
    one_sided: true,
    ..COMMON
};

/// Select lists and later clauses see the names that stand before them.
static SPARK: Manners =
    Manners { late_where: true, fields: true, merges: Merges::AsListed, one_sided: true, ..COMMON };
