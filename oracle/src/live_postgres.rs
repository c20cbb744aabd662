//! Every case on a live PostgreSQL: did it write, how many rows, and what came back?
//!
//! Each case runs in a transaction that is rolled back, as a role that may run no program and write
//! no file; where a transaction cannot hold it, its database is thrown away. Names that a case takes for granted are made when the
//! server misses them.

use std::collections::BTreeMap;

use placet::command::Protocol;
use postgres::{Client, NoTls, SimpleQueryMessage};
use xtask::postgres::Server;

use crate::cases::{self, Case};
use crate::leaks::Rows;
use crate::live::{Log, Observed};
use crate::report::Report;
use crate::schema::{self, Change, Schema};
use crate::tree;

/// The name of this comparison.
pub(crate) const PART: &str = "postgres";

/// The catalog that stands for the database of a case that names none.
pub(crate) const CATALOG: &str = "crm.json";

/// How often missing names are made before a case counts as one that cannot run.
const REPAIRS: usize = 12;

/// Runs the cases.
///
/// # Errors
/// The server does not start, or the cases cannot be read.
pub(crate) fn run(report: &mut Report) -> Result<(), String> {
    let mut live = Live::start()?;
    let protocol = Protocol::parse(PART).ok_or("the library has no protocol `postgres`")?;
    // What a catalog leaves out may keep the server from making its views.
    let mut schemas: BTreeMap<String, Result<Schema, String>> = BTreeMap::new();
    let mut log = Log::new(PART);
    for case in cases::read(PART)? {
        let Some(text) = case.text() else {
            log.stopped("it is no text", &case);
            continue;
        };
        let facts = case.facts(protocol, &text)?;
        let catalog = case.catalog.as_deref().unwrap_or(CATALOG);
        let template = catalog.trim_end_matches(".json").replace('-', "_");
        if !schemas.contains_key(catalog) {
            let schema = Schema::read(catalog)?;
            let made = live.create(&template, &schema, None).map(|()| schema);
            schemas.insert(catalog.to_owned(), made);
        }
        let schema = match schemas.get(catalog) {
            Some(Ok(schema)) => schema,
            Some(Err(why)) => {
                log.stopped(why, &case);
                continue;
            }
            None => continue,
        };
        match live.observe(&case, &text, &template) {
            Ok(observed) => log.add(&case, text, &facts, observed, schema),
            Err(why) => log.stopped(&why, &case),
        }
    }
    log.report("Live PostgreSQL: the cases of testdata/commands/postgres", report);
    Ok(())
}

/// A server with a role for the cases.
pub(crate) struct Live {
    admin: Client,
    superuser: Door,
    /// The role of the cases.
    pub(crate) agent: Door,
    // Gone last.
    _server: Server,
    /// The database of the cases, whether one may have changed it, and how many there were.
    database: String,
    /// The database that it was made from.
    template: String,
    dirty: bool,
    databases: u32,
}

/// What the role may do beyond its own databases: enough to see many effects, not enough to run a
/// program or to write a file.
const GRANTS: &[&str] = &[
    "GRANT pg_monitor, pg_checkpoint TO agent",
    "GRANT SET ON PARAMETER log_statement, session_replication_role TO agent",
];

/// Functions of the superuser that only read, or only touch the private server.
const FUNCTIONS: &[&str] = &[
    "pg_read_file(text)",
    "pg_ls_dir(text)",
    "pg_reload_conf()",
    "pg_rotate_logfile()",
    "lo_import(text)",
];

impl Live {
    /// # Errors
    /// The server does not start.
    pub(crate) fn start() -> Result<Self, String> {
        let server = Server::start(&["statement_timeout = '5s'", "lock_timeout = '2s'"])?;
        let port = server.port();
        let door = |user: &str, password: String| Door { port, user: user.to_owned(), password };
        let superuser = door(server.user(), server.password().to_owned());
        let agent = door("agent", xtask::random_word()?);
        let mut admin = superuser.connect("postgres")?;
        let role = format!("CREATE ROLE agent LOGIN CREATEROLE PASSWORD '{}'", agent.password);
        let statements = [role.as_str()].into_iter().chain(GRANTS.iter().copied());
        for statement in statements {
            admin.batch_execute(statement).map_err(|error| said(&error))?;
        }
        Ok(Self {
            admin,
            superuser,
            agent,
            _server: server,
            database: "case_0".to_owned(),
            template: String::new(),
            dirty: true,
            databases: 0,
        })
    }

    /// Makes a database from a schema.
    ///
    /// # Errors
    /// What the server says.
    pub(crate) fn create(
        &mut self,
        name: &str,
        schema: &Schema,
        change: Option<&Change>,
    ) -> Result<(), String> {
        let create = format!("CREATE DATABASE {name} OWNER agent");
        self.admin.batch_execute(&create).map_err(|error| said(&error))?;
        let mut superuser = self.superuser.connect(name)?;
        for function in FUNCTIONS {
            let grant = format!("GRANT EXECUTE ON FUNCTION {function} TO agent");
            superuser.batch_execute(&grant).map_err(|error| said(&error))?;
        }
        let statements = schema.statements(schema::Server::Postgres, change).join(";\n");
        self.agent.connect(name)?.batch_execute(&statements).map_err(|error| said(&error))
    }

    fn observe(&mut self, case: &Case, text: &str, template: &str) -> Result<Observed, String> {
        let trees = tree::read(text).unwrap_or_default();
        if trees.iter().any(|tree| tree.kind == "CopyStmt") {
            return Err("COPY data is not spoken here".to_owned());
        }
        if self.dirty || self.template != template {
            template.clone_into(&mut self.template);
            self.fresh()?;
        }
        // What is rolled back leaves nothing: only a case that ends its transaction may.
        self.dirty = trees.iter().any(|tree| tree.kind == "TransactionStmt");
        self.observe_clean(case, text, &trees)
    }

    /// A new database for the cases.
    fn fresh(&mut self) -> Result<(), String> {
        // A case may leave something behind that keeps its database; the server's end does not.
        let drop = format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.database);
        let _ = self.admin.batch_execute(&drop);
        self.databases += 1;
        self.database = format!("case_{}", self.databases);
        let (name, template) = (&self.database, &self.template);
        let create = format!("CREATE DATABASE {name} TEMPLATE {template} OWNER agent");
        self.admin.batch_execute(&create).map_err(|error| said(&error))
    }

    fn observe_clean(
        &mut self,
        case: &Case,
        text: &str,
        trees: &[tree::Tree],
    ) -> Result<Observed, String> {
        let mut begin = "BEGIN";
        let mut observed = self.attempt(case, text, begin)?;
        for _ in 0..REPAIRS {
            let Some(error) = &observed.error else { break };
            if error.starts_with(NOT_IN_A_TRANSACTION) && !begin.is_empty() {
                begin = "";
                self.dirty = true;
            } else if let Some(repair) = repair(error, trees) {
                self.dirty = true;
                if self.agent.connect(&self.database)?.batch_execute(&repair).is_err() {
                    break;
                }
            } else {
                break;
            }
            observed = self.attempt(case, text, begin)?;
        }
        // A transaction that may only read refuses a write even where no row is there to change.
        let refused = self.attempt(case, text, "BEGIN READ ONLY")?.error;
        if let Some(refusal) = refused.filter(|error| error.starts_with(READ_ONLY)) {
            observed.wrote.get_or_insert(refusal);
        }
        // Locks on rows are written to rows, but are no writes in the words of facts.
        if trees.iter().any(|tree| tree.locks_rows) && trees.iter().all(|t| t.writes.is_empty()) {
            observed.wrote = None;
        }
        Ok(observed)
    }

    fn attempt(&mut self, case: &Case, text: &str, begin: &str) -> Result<Observed, String> {
        let mut client = self.agent.connect(&self.database)?;
        let session = preparations(case)?;
        client.batch_execute(&session).map_err(|error| said(&error))?;
        let (transactions, state) = (self.transactions()?, state(&mut client));
        client.batch_execute(begin).map_err(|error| said(&error))?;
        if let Some(cursors) = case.session.as_ref().and_then(|session| session.cursors.as_ref()) {
            for (name, query) in cursors {
                let declare = format!("DECLARE {name} CURSOR FOR {query}");
                client.batch_execute(&declare).map_err(|error| said(&error))?;
            }
        }
        let (results, rows, error) = match client.simple_query(text) {
            Ok(messages) => {
                let (results, rows) = gather(messages);
                (results, rows, None)
            }
            Err(error) => (Vec::new(), 0, Some(said(&error))),
        };
        let after = if error.is_none() { self::state(&mut client) } else { state.clone() };
        // Where the text has ended the transaction, there is nothing to roll back.
        let _ = client.batch_execute("ROLLBACK");
        let numbered = self.transactions()? != transactions;
        // Else the server does so when the session is gone, and that is a write at an odd time.
        let _ = client.batch_execute("DISCARD TEMP");
        let wrote = match (numbered, after == state) {
            (true, _) => Some("the transaction got a number".to_owned()),
            (_, false) => Some(format!("the session was {state:?} and is {after:?}")),
            (false, true) => None,
        };
        Ok(Observed { results, rows, wrote, error })
    }

    /// The next transaction's number: it moves when anything in the server writes.
    fn transactions(&mut self) -> Result<Vec<Rows>, String> {
        let query = "SELECT pg_snapshot_xmax(pg_current_snapshot())";
        Ok(gather(self.admin.simple_query(query).map_err(|error| said(&error))?).0)
    }
}

/// How a role reaches the server.
#[derive(Clone)]
pub(crate) struct Door {
    port: u16,
    user: String,
    password: String,
}

impl Door {
    /// A session.
    ///
    /// # Errors
    /// What the server says.
    pub(crate) fn connect(&self, database: &str) -> Result<Client, String> {
        let mut config = postgres::Config::new();
        config.host("127.0.0.1").port(self.port).dbname(database);
        config.user(&self.user).password(&self.password);
        config.connect(NoTls).map_err(|error| said(&error))
    }
}

/// `ERRCODE_READ_ONLY_SQL_TRANSACTION` and `ERRCODE_ACTIVE_SQL_TRANSACTION`.
const READ_ONLY: &str = "25006";
const NOT_IN_A_TRANSACTION: &str = "25001";

/// What counts as the session's state: who acts, how text is read, what is locked for others.
fn state(client: &mut Client) -> Option<Vec<Option<String>>> {
    let settings = [
        "search_path",
        "standard_conforming_strings",
        "client_encoding",
        "row_security",
        "session_replication_role",
    ];
    let settings = settings.map(|name| format!("current_setting('{name}')")).join(", ");
    let locks = "(SELECT count(*) FROM pg_locks \
                 WHERE locktype = 'advisory' AND pid = pg_backend_pid())";
    let query = format!("SELECT session_user, current_user, {settings}, {locks}");
    gather(client.simple_query(&query).ok()?).0.first()?.cells.first().cloned()
}

/// The state in which the case begins.
fn preparations(case: &Case) -> Result<String, String> {
    let mut out = String::new();
    let Some(session) = &case.session else { return Ok(out) };
    if session.client_encoding.as_deref().is_none_or(|encoding| encoding != "UTF8") {
        return Err("its client encoding is not spoken here".to_owned());
    }
    if let Some(on) = session.standard_conforming_strings {
        out += &format!("SET standard_conforming_strings = {on};");
    }
    if let Some(path) = &session.search_path {
        out += &format!("SET search_path = {};", path.join(", "));
    }
    for (name, text) in session.prepared.iter().flatten() {
        out += &format!("PREPARE {name} AS {text};");
    }
    for name in session.temp_tables.iter().flatten() {
        out += &format!("CREATE TEMP TABLE {name} (id int, name text, email text, ssn text);");
    }
    Ok(out)
}

/// Result sets, and how many rows were returned or changed.
pub(crate) fn gather(messages: Vec<SimpleQueryMessage>) -> (Vec<Rows>, u64) {
    let (mut results, mut rows): (Vec<Rows>, u64) = (Vec::new(), 0);
    for message in messages {
        match message {
            SimpleQueryMessage::RowDescription(columns) => results.push(Rows {
                names: columns.iter().map(|column| column.name().to_owned()).collect(),
                cells: Vec::new(),
            }),
            SimpleQueryMessage::Row(row) => {
                let cells = (0..row.len()).map(|index| row.get(index).map(str::to_owned)).collect();
                if let Some(result) = results.last_mut() {
                    result.cells.push(cells);
                }
            }
            SimpleQueryMessage::CommandComplete(count) => rows += count,
            _ => {}
        }
    }
    (results, rows)
}

/// Code and message of an error.
pub(crate) fn said(error: &postgres::Error) -> String {
    match error.as_db_error() {
        Some(error) => format!("{} {}", error.code().code(), error.message()),
        None => error.to_string(),
    }
}

/// What makes the name that the server misses.
fn repair(error: &str, trees: &[tree::Tree]) -> Option<String> {
    let (code, message) = error.split_once(' ')?;
    let quoted = message.split('"').nth(1);
    match code {
        // undefined_table
        "42P01" => {
            let name = quoted?;
            let schema = name.split_once('.').map(|(schema, _)| schema);
            let make = schema.map(|schema| format!("CREATE SCHEMA IF NOT EXISTS {schema};"));
            Some(format!("{}CREATE TABLE {name} (id int UNIQUE)", make.unwrap_or_default()))
        }
        // undefined_column: it may be a column of any of the tables
        "42703" => {
            let name = quoted.or_else(|| message.split(' ').nth(1)?.rsplit('.').next())?;
            let number = name == "id" || name.ends_with("_id") || name.len() == 1;
            let kind = if number { "int" } else { "text" };
            let tables = trees.iter().flat_map(|tree| &tree.tables).map(|(schema, table)| {
                let schema = if schema.is_empty() { "" } else { &format!("{schema}.") };
                format!("ALTER TABLE IF EXISTS {schema}{table} ADD COLUMN IF NOT EXISTS \"{name}\" {kind}")
            });
            Some(tables.collect::<Vec<_>>().join(";"))
        }
        // invalid_schema_name
        "3F000" => Some(format!("CREATE SCHEMA {}", quoted?)),
        // undefined_function
        "42883" => {
            let signature = message.strip_prefix("function ")?.split(')').next()?;
            let schema = signature.split_once('.').map(|(schema, _)| schema);
            let make = schema.map(|schema| format!("CREATE SCHEMA IF NOT EXISTS {schema};"));
            let signature = signature.replace("unknown", "text");
            let body = "RETURNS int LANGUAGE sql AS 'SELECT 1'";
            Some(format!("{}CREATE FUNCTION {signature}) {body}", make.unwrap_or_default()))
        }
        // undefined_object, invalid_parameter_value
        "42704" | "22023" if message.starts_with("role ") => {
            let name = quoted?;
            Some(format!("CREATE ROLE {name}; GRANT {name} TO agent"))
        }
        _ => None,
    }
}
