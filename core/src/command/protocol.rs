//! The protocols and SQL dialects that a command can be written in.

use std::fmt;

use serde::{Serialize, Serializer};

macro_rules! named {
    ($(#[$meta:meta])* $name:ident { $($(#[$doc:meta])* $variant:ident = $word:literal,)* }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum $name { $($(#[$doc])* $variant,)* }

        impl $name {
            /// Every value, in the order of the specification.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The word that stands for it in JSON, TOML and on the command line.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $word,)* }
            }
        }
    };
}

named! {
    /// An SQL dialect, named after the server that speaks it.
    Dialect {
        /// PostgreSQL.
        Postgres = "postgres",
        /// MySQL.
        Mysql = "mysql",
        /// MariaDB.
        Mariadb = "mariadb",
        /// Microsoft SQL Server (T-SQL).
        Mssql = "mssql",
        /// SQLite.
        Sqlite = "sqlite",
        /// Snowflake.
        Snowflake = "snowflake",
        /// Google BigQuery.
        Bigquery = "bigquery",
        /// Amazon Redshift.
        Redshift = "redshift",
        /// ClickHouse.
        Clickhouse = "clickhouse",
        /// Oracle Database.
        Oracle = "oracle",
        /// DuckDB.
        Duckdb = "duckdb",
        /// Apache Hive.
        Hive = "hive",
        /// Apache Spark SQL.
        Spark = "spark",
        /// Databricks SQL.
        Databricks = "databricks",
    }
}

named! {
    /// What is not SQL: protocols with a reader of their own.
    Other {
        /// A shell command line.
        Shell = "shell",
        /// A Kubernetes API request.
        Kubernetes = "kubernetes",
        /// A `kubectl` command line.
        Kubectl = "kubectl",
        /// An HTTP request.
        Http = "http",
        /// An MCP JSON-RPC message.
        Mcp = "mcp",
        /// A Redis command.
        Redis = "redis",
        /// A MongoDB command.
        Mongodb = "mongodb",
        /// A tool call of an agent framework.
        Tool = "tool",
        /// A cloud provider's command line.
        Cloud = "cloud",
    }
}

/// The language and transport of a command.
///
/// # Examples
/// ```
/// # use placet::command::{Dialect, Protocol};
/// assert_eq!(Protocol::parse("sqlite"), Some(Protocol::Sql(Dialect::Sqlite)));
/// assert_eq!(Protocol::parse("kubectl").unwrap().name(), "kubectl");
/// assert_eq!(Protocol::parse("SQL"), None);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Protocol {
    /// SQL in a dialect.
    Sql(Dialect),
    /// Everything else.
    Other(Other),
}

impl Protocol {
    /// Every protocol, dialects first, in the order of the specification.
    pub fn all() -> impl Iterator<Item = Self> {
        let sql = Dialect::ALL.iter().map(|dialect| Self::Sql(*dialect));
        sql.chain(Other::ALL.iter().map(|other| Self::Other(*other)))
    }

    /// The protocol that `name` stands for; names are lower case and exact.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::all().find(|protocol| protocol.name() == name)
    }

    /// The word that stands for it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sql(dialect) => dialect.name(),
            Self::Other(other) => other.name(),
        }
    }
}

impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Serialize for Protocol {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}
