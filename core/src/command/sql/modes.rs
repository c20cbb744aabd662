//! What of a session's state changes how its texts are cut.

use crate::command::Dialect;
use crate::schema::SqlSession;

/// How a session's texts are cut, as far as the session decides it; `None` is not known.
///
/// # Examples
/// ```
/// use placet::command::{Dialect, sql::Modes};
/// use placet::schema::SqlSession;
///
/// let mut session = SqlSession::server_defaults();
/// assert_eq!(Modes::of(Dialect::Mysql, &session).backslash, Some(true));
/// session.sql_mode = Some("ANSI_QUOTES,NO_BACKSLASH_ESCAPES".into());
/// let modes = Modes::of(Dialect::Mysql, &session);
/// assert_eq!((modes.backslash, modes.ansi_quotes), (Some(false), Some(true)));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Modes {
    /// Whether a backslash escapes in plain strings.
    pub backslash: Option<bool>,
    /// Whether double quotes hold a name.
    pub ansi_quotes: Option<bool>,
    /// Whether `||` joins texts; else it is a logical or.
    pub pipes_join: Option<bool>,
    /// The session speaks another language than the dialect's.
    pub foreign: bool,
}

impl Modes {
    /// The modes of a session of this dialect.
    #[must_use]
    pub fn of(dialect: Dialect, session: &SqlSession) -> Self {
        let fixed = Self {
            backslash: Some(false),
            ansi_quotes: Some(true),
            pipes_join: Some(true),
            foreign: false,
        };
        match dialect {
            Dialect::Postgres => {
                let standard = session.standard_conforming_strings;
                Self { backslash: standard.map(|standard| !standard), ..fixed }
            }
            Dialect::Mysql | Dialect::Mariadb => Self::of_mysql(session.sql_mode.as_deref()),
            // QUOTED_IDENTIFIER is on for every client but the oldest; nothing else is kept there.
            Dialect::Mssql => {
                let on = session.sql_mode.as_deref() == Some("");
                Self { ansi_quotes: on.then_some(true), ..fixed }
            }
            Dialect::Sqlite
            | Dialect::Snowflake
            | Dialect::Bigquery
            | Dialect::Redshift
            | Dialect::Clickhouse
            | Dialect::Oracle
            | Dialect::Duckdb
            | Dialect::Hive
            | Dialect::Spark
            | Dialect::Databricks => fixed,
        }
    }

    fn of_mysql(sql_mode: Option<&str>) -> Self {
        let unknown = Self { backslash: None, ansi_quotes: None, pipes_join: None, foreign: false };
        let Some(modes) = sql_mode else { return unknown };
        let mut known = Self {
            backslash: Some(true),
            ansi_quotes: Some(false),
            pipes_join: Some(false),
            foreign: false,
        };
        for mode in modes.split(',').map(str::trim).filter(|mode| !mode.is_empty()) {
            match mode.to_ascii_uppercase().as_str() {
                "NO_BACKSLASH_ESCAPES" => known.backslash = Some(false),
                "ANSI_QUOTES" => known.ansi_quotes = Some(true),
                "PIPES_AS_CONCAT" => known.pipes_join = Some(true),
                "ANSI" => (known.ansi_quotes, known.pipes_join) = (Some(true), Some(true)),
                "ORACLE" | "MSSQL" | "DB2" | "MAXDB" | "POSTGRESQL" => known.foreign = true,
                // `NOT a BETWEEN b AND c` is another condition then.
                "HIGH_NOT_PRECEDENCE" => known.foreign = true,
                other if OTHER_MODES.contains(&other) => {}
                _ => return unknown,
            }
        }
        known
    }
}

/// Modes that change what a statement does with values, not how it is read.
const OTHER_MODES: &[&str] = &[
    "ALLOW_INVALID_DATES",
    "EMPTY_STRING_IS_NULL",
    "ERROR_FOR_DIVISION_BY_ZERO",
    "IGNORE_BAD_TABLE_OPTIONS",
    "IGNORE_SPACE",
    "MYSQL323",
    "MYSQL40",
    "NO_AUTO_CREATE_USER",
    "NO_AUTO_VALUE_ON_ZERO",
    "NO_DIR_IN_CREATE",
    "NO_ENGINE_SUBSTITUTION",
    "NO_FIELD_OPTIONS",
    "NO_KEY_OPTIONS",
    "NO_TABLE_OPTIONS",
    "NO_UNSIGNED_SUBTRACTION",
    "NO_ZERO_DATE",
    "NO_ZERO_IN_DATE",
    "ONLY_FULL_GROUP_BY",
    "PAD_CHAR_TO_FULL_LENGTH",
    "REAL_AS_FLOAT",
    "SIMULTANEOUS_ASSIGNMENT",
    "STRICT_ALL_TABLES",
    "STRICT_TRANS_TABLES",
    "TIME_ROUND_FRACTIONAL",
    "TIME_TRUNCATE_FRACTIONAL",
    "TRADITIONAL",
];
