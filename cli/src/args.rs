//! What may stand on the command line.

use std::path::PathBuf;

use clap::{Args as Group, Parser, Subcommand, ValueEnum};

/// Policy and masking for AI agents that reach production.
#[derive(Debug, Parser)]
#[command(name = "placet", version, disable_help_subcommand = true)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Say what a command would do
    Facts(Facts),
    /// Say what a bundle decides about a command
    Decide(Decide),
    /// Mask sensitive values in standard input or files
    Mask(Mask),
    /// Make, check, pack and sign bundles
    #[command(subcommand)]
    Bundle(Bundle),
    /// Make keys
    #[command(subcommand)]
    Key(Key),
    /// Verify and read audit logs
    #[command(subcommand)]
    Audit(Audit),
    /// List the requests that wait for an answer
    Approvals(Approvals),
    /// Approve a held request
    Approve(Answer),
    /// Refuse a held request
    Deny(Answer),
    /// Take snapshots of a database's names
    #[command(subcommand)]
    Catalog(Catalog),
    /// Play an agent's session from command to verified log
    Demo(Demo),
    /// Stand between agents and their PostgreSQL servers
    Proxy(Proxy),
    /// Make tokens for agents
    #[command(subcommand)]
    Token(Token),
}

/// `placet facts`
#[derive(Debug, Group)]
pub(crate) struct Facts {
    /// Protocol or SQL dialect: postgres, sqlite, shell, …
    #[arg(long, value_name = "P")]
    pub(crate) protocol: String,
    /// Catalog snapshot (JSON)
    #[arg(long, value_name = "FILE")]
    pub(crate) catalog: Option<PathBuf>,
    /// State of the session (JSON)
    #[arg(long, value_name = "FILE")]
    pub(crate) session: Option<PathBuf>,
    /// Add the command's fingerprints: of its tokens, and of their shape
    #[arg(long)]
    pub(crate) fingerprint: bool,
    /// One JSON object a line in and out
    #[arg(long, conflicts_with = "text")]
    pub(crate) jsonl: bool,
    /// The command; standard input where absent
    pub(crate) text: Option<String>,
}

/// What names a bundle and the trust in it.
#[derive(Clone, Debug, Group)]
pub(crate) struct BundleRef {
    /// Directory, packed file, or the name of a shipped pack
    #[arg(long, value_name = "DIR|FILE|PACK")]
    pub(crate) bundle: String,
    /// Pinned root document, for a packed file
    #[arg(long, value_name = "FILE")]
    pub(crate) root: Option<PathBuf>,
    /// Rollback state, for a packed file
    #[arg(long, value_name = "FILE")]
    pub(crate) state: Option<PathBuf>,
}

/// `placet decide`
#[derive(Debug, Group)]
pub(crate) struct Decide {
    #[command(flatten)]
    pub(crate) bundle: BundleRef,
    /// Catalog snapshot (JSON)
    #[arg(long, value_name = "FILE")]
    pub(crate) catalog: Option<PathBuf>,
    /// One JSON object a line in and out; else one object in, an explanation out
    #[arg(long)]
    pub(crate) jsonl: bool,
    /// Print the decision as JSON
    #[arg(long, conflicts_with = "jsonl")]
    pub(crate) json: bool,
}

/// The shapes that `placet mask` reads.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Format {
    /// Any bytes
    Text,
    /// JSON and NDJSON
    Json,
    /// Comma-separated values with a header line
    Csv,
    /// YAML
    Yaml,
}

/// `placet mask`
#[derive(Debug, Group)]
pub(crate) struct Mask {
    /// Shape of the input
    #[arg(long, value_enum, default_value = "text")]
    pub(crate) format: Format,
    /// Bundle whose classes and operators apply
    #[arg(long, value_name = "DIR|FILE|PACK")]
    pub(crate) bundle: Option<String>,
    /// Pinned root document, for a packed bundle
    #[arg(long, value_name = "FILE")]
    pub(crate) root: Option<PathBuf>,
    /// Print where something was found, exit 1 if so, and mask nothing
    #[arg(long)]
    pub(crate) check: bool,
    /// One JSON object a line in and out
    #[arg(long, conflicts_with_all = ["check", "format", "paths"])]
    pub(crate) jsonl: bool,
    /// Files; standard input where absent
    pub(crate) paths: Vec<PathBuf>,
}

/// `placet bundle`
#[derive(Debug, Subcommand)]
pub(crate) enum Bundle {
    /// Write a first bundle with its tests
    Init {
        /// Directory to make
        dir: PathBuf,
    },
    /// Compile, run hit and miss examples, report every finding
    Lint {
        /// Directory, or the name of a shipped pack
        bundle: String,
        /// Print the findings as JSON
        #[arg(long)]
        json: bool,
    },
    /// Run the bundle's own tests
    Test {
        /// Directory, or the name of a shipped pack
        bundle: String,
        /// Print the results as JSON
        #[arg(long)]
        json: bool,
    },
    /// Pack a directory into one unsigned DSSE file
    Pack {
        /// Directory
        dir: PathBuf,
        /// File to write
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
    },
    /// Add a signature to a packed bundle
    Sign {
        /// Packed file, changed in place
        file: PathBuf,
        /// Private key
        #[arg(long, value_name = "KEY")]
        key: PathBuf,
    },
    /// Check signatures, thresholds, freshness and rollback
    Verify {
        /// Packed file
        file: PathBuf,
        /// Pinned root document
        #[arg(long, value_name = "FILE")]
        root: PathBuf,
        /// Rollback state
        #[arg(long, value_name = "FILE")]
        state: Option<PathBuf>,
        /// The time to check against (RFC 3339); the clock where absent
        #[arg(long, value_name = "T")]
        now: Option<String>,
        /// Print the result as JSON
        #[arg(long)]
        json: bool,
    },
    /// Make and sign a root document
    Root {
        /// Private keys that sign for every role; give two or more for thresholds above one
        #[arg(long, value_name = "KEY", required = true)]
        key: Vec<PathBuf>,
        /// How many keys a loosening change needs
        #[arg(long, value_name = "N", default_value_t = 1)]
        loosen: usize,
        /// When the document expires (RFC 3339)
        #[arg(long, value_name = "T")]
        expires: String,
        /// File to write
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
    },
}

/// `placet key`
#[derive(Debug, Subcommand)]
pub(crate) enum Key {
    /// Make a key pair: NAME.key (mode 0600) and NAME.vkey
    New {
        /// Name of the key, for example `example.org/audit`
        name: String,
        /// Directory to write to
        #[arg(long, value_name = "DIR", default_value = ".")]
        out: PathBuf,
    },
}

/// `placet audit`
#[derive(Debug, Subcommand)]
pub(crate) enum Audit {
    /// Verify a log offline
    Verify {
        /// The log: a directory of writers, or one writer's directory
        log: PathBuf,
        /// Verifier key of the root: a file or the text itself
        #[arg(long, value_name = "VKEY")]
        key: String,
        /// A checkpoint seen earlier
        #[arg(long, value_name = "FILE")]
        checkpoint: Option<PathBuf>,
        /// The time to judge freshness by (RFC 3339)
        #[arg(long, value_name = "T")]
        now: Option<String>,
        /// Print one JSON document
        #[arg(long)]
        json: bool,
    },
    /// Verify one writer's log and print its last checkpoint: keep it where the writer cannot write
    Checkpoint {
        /// One writer's directory
        log: PathBuf,
        /// Verifier key of the root: a file or the text itself
        #[arg(long, value_name = "VKEY")]
        key: String,
        /// A checkpoint seen earlier
        #[arg(long, value_name = "FILE")]
        checkpoint: Option<PathBuf>,
    },
    /// Print the last events of a log
    Tail {
        /// The log: a directory of writers, or one writer's directory
        log: PathBuf,
        /// How many
        #[arg(short = 'n', default_value_t = 20)]
        count: usize,
        /// Print the stored lines
        #[arg(long)]
        json: bool,
    },
}

/// `placet approvals`
#[derive(Debug, Group)]
pub(crate) struct Approvals {
    /// Directory of held requests
    #[arg(long, value_name = "DIR")]
    pub(crate) store: PathBuf,
    /// Print the requests as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// `placet approve` and `placet deny`
#[derive(Debug, Group)]
pub(crate) struct Answer {
    /// The ticket
    pub(crate) ticket: String,
    /// Directory of held requests
    #[arg(long, value_name = "DIR")]
    pub(crate) store: PathBuf,
    /// The approver's private key
    #[arg(long, value_name = "KEY")]
    pub(crate) key: PathBuf,
    /// The approver's name, as in the bundle
    #[arg(long = "as", value_name = "WHO")]
    pub(crate) approver: String,
    /// A comment; only its hash enters the statement
    #[arg(long)]
    pub(crate) comment: Option<String>,
}

/// `placet catalog`
#[derive(Debug, Subcommand)]
pub(crate) enum Catalog {
    /// Write the catalog of a live database as JSON: tables, keys, views, functions
    #[command(after_help = DUMP_HELP)]
    Dump(Dump),
}

const DUMP_HELP: &str = "\
Sources:
  postgres://USER@HOST[:PORT]/DATABASE   mysql://USER@HOST[:PORT]/DATABASE   sqlite:PATH   PATH
  postgres://USER@/DATABASE?host=DIR     mysql://USER@/DATABASE?socket=PATH   (sockets of this machine)
Special characters in a part of an address are percent-encoded.

Password: --password-file, or `:PASSWORD` behind the user (which others on this machine may see in
the list of processes), else PGPASSWORD or MYSQL_PWD.

TLS: servers that are not this machine are verified (sslmode=verify-full) against the system's
authorities, or those of `?sslrootcert=FILE.pem`. `?sslmode=require` encrypts and looks at no
certificate, `?sslmode=disable` does neither: whoever stands between can then give a false catalog.

Names and definitions are read, no row of a user's table; nothing is written to the database.
What a snapshot cannot say is left out and told on standard error: it counts as unknown.
Use an account that may see every definition, and take a new snapshot after each change of the schema.";

/// `placet catalog dump`
#[derive(Debug, Group)]
pub(crate) struct Dump {
    /// Address of a database, or path of a SQLite file
    #[arg(value_name = "SOURCE")]
    pub(crate) source: Address,
    /// File to write, whole or not at all; standard output where absent
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
    /// Take tables and views of this schema only; may stand several times
    #[arg(long = "schema", value_name = "NAME")]
    pub(crate) schemas: Vec<String>,
    /// Where unqualified names are looked up, if not where the session of this account looks
    #[arg(long, value_name = "NAME")]
    pub(crate) default_schema: Option<String>,
    /// File whose content is the password; `-` for standard input
    #[arg(long, value_name = "FILE")]
    pub(crate) password_file: Option<PathBuf>,
}

/// An address, in which a password may stand.
#[derive(Clone)]
pub(crate) struct Address(pub(crate) String);

impl From<&str> for Address {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl std::fmt::Debug for Address {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Address({} bytes)", self.0.len())
    }
}

/// `placet demo`
#[derive(Debug, Group)]
pub(crate) struct Demo {
    /// Directory for database, bundle, keys and log; kept. Must not exist or be empty
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
}

/// `placet proxy`
#[derive(Debug, Group)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct Proxy {
    #[command(subcommand)]
    pub(crate) task: Option<ProxyTask>,
    /// Configuration (TOML)
    #[arg(long, value_name = "FILE", required = true)]
    pub(crate) config: Option<PathBuf>,
}

/// What `placet proxy` does instead of running.
#[derive(Debug, Subcommand)]
pub(crate) enum ProxyTask {
    /// Look at the configuration and at everything that it names; connect to nothing
    Check {
        /// Configuration (TOML)
        #[arg(long, value_name = "FILE")]
        config: PathBuf,
    },
}

/// `placet token`
#[derive(Debug, Subcommand)]
pub(crate) enum Token {
    /// Make a token: the token, then the line for the configuration
    New,
}
