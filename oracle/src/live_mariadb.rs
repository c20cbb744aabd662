//! A live MariaDB: its own test suite, and every case of the dialects `mysql` and `mariadb`.
//!
//! A case runs as a user who has nothing but the databases of the cases; they are made anew behind
//! each case that wrote, because definitions are never rolled back there.

use std::collections::BTreeSet;
use std::path::PathBuf;

use mysql::prelude::Queryable as _;
use mysql::{Conn, OptsBuilder, Value};
use placet::command::Protocol;
use xtask::mariadb::Server;

use crate::cases::{self, Case};
use crate::leaks::Rows;
use crate::live::{Log, Observed};
use crate::report::Report;
use crate::schema::{self, Schema};
use crate::{place, suite};

/// The name of this comparison.
pub(crate) const PART: &str = "mariadb";

/// The database that a session begins in.
pub(crate) const SCRATCH: &str = "scratch";

/// The catalog of cases that name none.
const CATALOG: &str = "crm.json";

/// How often missing names are made before a case counts as one that cannot run.
const REPAIRS: usize = 12;

/// The server's code for a write in a transaction that may only read.
const READ_ONLY: u16 = 1792;

/// Runs the suite and the cases.
///
/// # Errors
/// The server does not start, or texts cannot be read.
pub(crate) fn run(report: &mut Report) -> Result<(), String> {
    let server = Server::start(&["--max-statement-time=3", "--lock-wait-timeout=2"])?;
    server.sql(&format!(
        "CREATE DATABASE {SCRATCH}; CREATE USER agent; GRANT ALL ON {SCRATCH}.* TO agent"
    ))?;
    let door = Door { socket: server.socket() };
    suite::run(PART, &door, &place("ORACLE_MARIADB_TESTS")?, report)?;
    for dialect in ["mysql", "mariadb"] {
        let protocol = Protocol::parse(dialect).ok_or("the library has no such dialect")?;
        let mut log = Log::new(PART);
        let mut live = Live { server: &server, door: &door, made: None };
        for case in cases::read(dialect)? {
            let Some(text) = case.text() else {
                log.stopped("it is no text", &case);
                continue;
            };
            let schema = Schema::read(case.catalog.as_deref().unwrap_or(CATALOG))?;
            let facts = case.facts(protocol, &text)?;
            match live.observe(&case, &schema, &text) {
                Ok(observed) => log.add(&case, text, &facts, observed, &schema),
                Err(why) => log.stopped(&why, &case),
            }
        }
        log.report(&format!("Live MariaDB: the cases of testdata/commands/{dialect}"), report);
    }
    Ok(())
}

/// How the user reaches the server.
pub(crate) struct Door {
    socket: PathBuf,
}

impl Door {
    /// A session in the scratch database.
    ///
    /// # Errors
    /// What the server says.
    pub(crate) fn session(&self) -> Result<Session, String> {
        let options = OptsBuilder::new().socket(self.socket.to_str()).user(Some("agent"));
        let options = options.db_name(Some(SCRATCH)).prefer_socket(true);
        Conn::new(options).map(Session).map_err(|error| told(&error))
    }
}

/// A session of the user.
pub(crate) struct Session(Conn);

/// The server's code and message.
pub(crate) type Refusal = (u16, String);

impl Session {
    /// Prepares a text; what the server has against it.
    ///
    /// # Errors
    /// The server does not answer.
    pub(crate) fn prepare(&mut self, text: &str) -> Result<Option<Refusal>, String> {
        let text = text.replace('\\', "\\\\").replace('\'', "\\'");
        refusal(self.0.query_drop(format!("PREPARE oracle FROM '{text}'")))
    }

    /// Runs a text where only reads are allowed; what the server has against it.
    ///
    /// # Errors
    /// The server does not answer.
    pub(crate) fn read_only(&mut self, text: &str) -> Result<Option<Refusal>, String> {
        self.0.reset().map_err(|error| told(&error))?;
        refusal(self.0.query_drop(format!("USE {SCRATCH}")))?;
        refusal(self.0.query_drop(ONLY_READ))?;
        refusal(self.0.query_drop(text))
    }

    /// The first cells of a query.
    fn row(&mut self, text: &str) -> Option<Vec<Option<String>>> {
        let (results, _) = self.ask(text).ok()?;
        results.first()?.cells.first().cloned()
    }

    /// Result sets, and how many rows were returned or changed.
    fn ask(&mut self, text: &str) -> Result<(Vec<Rows>, u64), mysql::Error> {
        let (mut results, mut count) = (Vec::new(), 0);
        let mut answer = self.0.query_iter(text)?;
        while let Some(set) = answer.iter() {
            count += set.affected_rows();
            let names = set.columns().as_ref().iter().map(|c| c.name_str().into_owned()).collect();
            let mut rows = Rows { names, cells: Vec::new() };
            for row in set {
                let cells: Vec<_> = row?.unwrap().into_iter().map(cell).collect();
                rows.cells.push(cells);
                count += 1;
            }
            results.push(rows);
        }
        results.retain(|rows| !rows.names.is_empty());
        Ok((results, count))
    }
}

fn refusal(result: mysql::Result<()>) -> Result<Option<Refusal>, String> {
    match result {
        Ok(()) => Ok(None),
        Err(mysql::Error::MySqlError(error)) => Ok(Some((error.code, error.message))),
        Err(error) => Err(told(&error)),
    }
}

fn told(error: &mysql::Error) -> String {
    format!("MariaDB: {error}")
}

fn cell(value: Value) -> Option<String> {
    match value {
        Value::NULL => None,
        Value::Bytes(bytes) => Some(String::from_utf8_lossy(&bytes).into_owned()),
        other => Some(other.as_sql(true)),
    }
}

/// A server that runs cases.
struct Live<'a> {
    server: &'a Server,
    door: &'a Door,
    /// The databases of which catalog stand there, untouched.
    made: Option<String>,
}

impl Live<'_> {
    /// Makes the databases of the schema anew, unless they stand there untouched.
    fn fresh(&mut self, case: &Case, schema: &Schema) -> Result<(), String> {
        let name = case.catalog.clone().unwrap_or_default();
        if self.made.as_ref() == Some(&name) {
            return Ok(());
        }
        let own = ["information_schema", "mysql", "performance_schema", "sys"];
        for database in self.server.sql("SHOW DATABASES")?.lines().filter(|d| !own.contains(d)) {
            self.server.sql(&format!("DROP DATABASE `{database}`"))?;
        }
        let databases: BTreeSet<&str> = schema
            .tables
            .iter()
            .map(|table| table.schema.as_str())
            .chain([SCRATCH, schema.home()])
            .collect();
        let makes = databases.iter().map(|database| {
            format!("CREATE DATABASE `{database}`; GRANT ALL ON `{database}`.* TO agent")
        });
        self.server.sql(&makes.collect::<Vec<_>>().join(";\n"))?;
        // A view that the server refuses is missed by the cases that name it.
        self.server.forced(&schema.statements(schema::Server::MariaDb, None).join(";\n"))?;
        self.made = Some(name);
        Ok(())
    }

    fn observe(&mut self, case: &Case, schema: &Schema, text: &str) -> Result<Observed, String> {
        self.fresh(case, schema)?;
        let database = schema.home();
        let mut observed = self.attempt(case, database, text)?;
        for _ in 0..REPAIRS {
            let repair = observed.error.as_ref().and_then(|error| repair(error, database, text));
            let Some(repair) = repair else { break };
            self.made = None;
            if self.server.sql(&repair).is_err() {
                break;
            }
            observed = self.attempt(case, database, text)?;
        }
        let refused = self.read_only(case, database, text)?;
        // A transaction that may only read refuses a write even where no row is there to change.
        if let Some((code, message)) = refused.filter(|(code, _)| *code == READ_ONLY) {
            observed.wrote.get_or_insert(format!("{code} {message}"));
        }
        if observed.wrote.is_some() {
            self.made = None;
        }
        Ok(observed)
    }

    fn read_only(
        &self,
        case: &Case,
        database: &str,
        text: &str,
    ) -> Result<Option<Refusal>, String> {
        let mut session = self.session(case, database)?;
        refusal(session.0.query_drop(ONLY_READ))?;
        Ok(session.ask(text).err().and_then(|error| refusal(Err(error)).ok()?))
    }

    /// A session in the case's state.
    fn session(&self, case: &Case, database: &str) -> Result<Session, String> {
        let mut session = self.door.session()?;
        let mut lines = vec![format!("USE `{database}`")];
        if let Some(known) = &case.session {
            lines.extend(known.sql_mode.iter().map(|mode| format!("SET sql_mode = '{mode}'")));
            for (name, text) in known.prepared.iter().flatten() {
                let text = text.replace('\\', "\\\\").replace('\'', "\\'");
                lines.push(format!("PREPARE {name} FROM '{text}'"));
            }
            lines.extend(known.temp_tables.iter().flatten().map(|name| {
                format!("CREATE TEMPORARY TABLE {name} (id int, name text, email text, ssn text)")
            }));
        }
        for line in lines {
            if let Some((code, message)) = refusal(session.0.query_drop(line))? {
                return Err(format!("{code} {message}"));
            }
        }
        Ok(session)
    }

    fn attempt(&self, case: &Case, database: &str, text: &str) -> Result<Observed, String> {
        let mut session = self.session(case, database)?;
        let (written, state) = (session.row(WRITTEN), session.row(STATE));
        let (results, rows, error) = match session.ask(text) {
            Ok((results, rows)) => (results, rows, None),
            Err(mysql::Error::MySqlError(error)) => {
                (Vec::new(), 0, Some(format!("{} {}", error.code, error.message)))
            }
            Err(error) => (Vec::new(), 0, Some(error.to_string())),
        };
        let (now, after) = (session.row(WRITTEN), session.row(STATE));
        let wrote = match (now != written, after != state && error.is_none()) {
            (true, _) => Some("rows were written".to_owned()),
            (_, true) => Some(format!("the session was {state:?} and is {after:?}")),
            (false, false) => None,
        };
        Ok(Observed { results, rows, wrote, error })
    }
}

/// Holds for every transaction of the session: definitions begin one of their own.
const ONLY_READ: &str = "SET SESSION TRANSACTION READ ONLY";

/// Rows that the session has written to tables; internal ones are counted elsewhere.
const WRITTEN: &str = "SELECT SUM(VARIABLE_VALUE) FROM information_schema.SESSION_STATUS \
                       WHERE VARIABLE_NAME IN ('HANDLER_WRITE', 'HANDLER_UPDATE', 'HANDLER_DELETE')";

/// What counts as the session's state: who acts, and how text is read.
const STATE: &str = "SELECT CURRENT_USER(), CURRENT_ROLE(), @@sql_mode, @@character_set_client";

/// What makes the name that the server misses.
fn repair(error: &str, database: &str, text: &str) -> Option<String> {
    let (code, message) = error.split_once(' ')?;
    let quoted = message.split('\'').nth(1);
    match code {
        // ER_NO_SUCH_TABLE
        "1146" => {
            let (schema, table) = quoted?.split_once('.')?;
            Some(format!("CREATE TABLE `{schema}`.`{table}` (id int UNIQUE)"))
        }
        // ER_BAD_DB_ERROR
        "1049" => {
            let name = quoted?;
            Some(format!("CREATE DATABASE `{name}`; GRANT ALL ON `{name}`.* TO agent"))
        }
        // ER_BAD_FIELD_ERROR: it may be a column of the first table that the text names
        "1054" => {
            let name = quoted?.rsplit('.').next()?;
            let number = name == "id" || name.ends_with("_id") || name.len() == 1;
            let kind = if number { "int" } else { "varchar(200)" };
            let words = text.split(|c: char| !c.is_alphanumeric() && c != '_');
            let words: Vec<String> =
                words.filter(|w| !w.is_empty()).map(|w| format!("'{w}'")).collect();
            Some(format!(
                "SET @name = (SELECT table_name FROM information_schema.tables \
                 WHERE table_schema = '{database}' AND table_type = 'BASE TABLE' \
                 AND table_name IN ({words}) ORDER BY FIELD(table_name, {words}) LIMIT 1); \
                 USE `{database}`; \
                 EXECUTE IMMEDIATE CONCAT('ALTER TABLE `', @name, '` ADD COLUMN `{name}` {kind}')",
                words = words.join(", ")
            ))
        }
        _ => None,
    }
}
