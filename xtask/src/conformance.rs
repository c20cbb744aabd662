//! Whether real clients notice the proxy: under a bundle that allows everything, and masks what
//! none of their data holds, they get through it what they get without it.
//!
//! pgbench in every mode, pg_dump and restore, SQLAlchemy's suite for dialects: each runs directly
//! and through the proxy on the same server, and the results are compared. Every statement that the
//! server logged for the proxy's database has its decision event.

use std::collections::BTreeMap;
use std::fs;
use std::process::Command;

use xtask::clients::{Clients, root};
use xtask::postgres::Server;
use xtask::proxy::{self, Proxy, Scratch, Setup};
use xtask::{output, say};

/// Marks each line of the server's log that begins an entry: database, then session.
const SETTINGS: &[&str] = &[
    "log_statement = 'all'",
    "log_line_prefix = '@%d %c '",
    "log_min_messages = 'error'",
    "log_min_error_statement = 'error'",
    "log_error_verbosity = 'default'",
];

/// What the runs share.
struct Run {
    server: Server,
    scratch: Scratch,
    setup: Setup,
}

/// Runs them: `quick` leaves out what takes longer than a minute.
pub(crate) fn run(quick: bool) -> Result<(), String> {
    let binary = proxy::debug_binary()?;
    let server = Server::start(SETTINGS)?;
    let scratch = Scratch::new("conformance")?;
    let bundle = proxy::bundle(&scratch.path().join("bundle"), proxy::UNSEEN)?;
    let setup = Setup::new(&binary, &bundle, &server, "");
    let run = Run { server, scratch, setup };
    run.pgbench(if quick { 20 } else { 500 })?;
    run.dump()?;
    if !quick {
        run.sqlalchemy()?;
    }
    Ok(())
}

impl Run {
    /// An empty database, and a proxy in front of it.
    fn database(&self, name: &str) -> Result<Proxy, String> {
        self.server.sql("postgres", &format!("CREATE DATABASE {name}"))?;
        Proxy::start(&self.setup.clone().database(name))
    }

    /// How many statements a proxy's database was sent by now.
    fn sent(&self, proxy: &Proxy) -> u64 {
        statements(&self.server.log(), proxy.database())
    }

    /// Ends a proxy: its log verifies, and holds a decision for each statement that its database was
    /// sent beside those `before`, which did not come through it.
    fn end(&self, what: &str, mut proxy: Proxy, before: u64) -> Result<(), String> {
        let statements = self.sent(&proxy).saturating_sub(before);
        proxy.stop();
        proxy.verify()?;
        let decisions = proxy.decisions()?;
        if decisions != statements {
            return Err(format!("{what}: {statements} statements, {decisions} decision events"));
        }
        say(&format!("{what}: {statements} statements, as many decision events"));
        Ok(())
    }

    fn pgbench(&self, transactions: u32) -> Result<(), String> {
        let proxy = self.database("pgbench")?;
        let mut fill = self.server.client("pgbench");
        output(fill.args(["-i", "-q", "-s", "1", "pgbench"]))?;
        let before = self.sent(&proxy);
        let script = self.scratch.path().join("pipeline.sql");
        let text = "\\startpipeline\nSELECT abalance FROM pgbench_accounts WHERE aid = 1;\n\
                    UPDATE pgbench_accounts SET abalance = abalance + 1 WHERE aid = 2;\n\
                    SELECT abalance FROM pgbench_accounts WHERE aid = 2;\n\\endpipeline\n";
        fs::write(&script, text).map_err(|error| error.to_string())?;
        let file = format!("-f {}", script.display());
        let count = transactions.to_string();
        for mode in ["simple", "extended", "prepared"] {
            let scripts =
                ["-b tpcb-like", "-b simple-update", "-b select-only", "-C -b select-only"];
            let pipeline = Some(file.as_str()).filter(|_| mode != "simple");
            for line in scripts.into_iter().chain(pipeline) {
                let mut pgbench = self.server.client("pgbench");
                pgbench.envs(proxy.env()).args(["-n", "-c", "4", "-j", "2", "-M", mode]);
                // A connection for each transaction takes its time.
                let few = if line.starts_with("-C") { "20" } else { &count };
                let told = output(pgbench.args(["-t", few]).args(line.split(' ')))
                    .map_err(|why| format!("pgbench -M {mode} {line}: {why}"))?;
                if !told.contains("number of failed transactions: 0 ") {
                    return Err(format!("pgbench -M {mode} {line}: {told}"));
                }
            }
        }
        self.end("pgbench in every mode", proxy, before)?;
        let sums = "SELECT (SELECT sum(abalance) FROM pgbench_accounts WHERE aid <> 2) \
                    = (SELECT sum(delta) FROM pgbench_history WHERE aid <> 2)";
        if self.server.sql("pgbench", sums)? != "t" {
            return Err("pgbench: the balances do not add up".to_owned());
        }
        Ok(())
    }

    fn dump(&self) -> Result<(), String> {
        let proxy = self.database("origin")?;
        let script = root()?.join("proxy-reference/tests/conformance.sql");
        let mut psql = self.server.client("psql");
        psql.args(["-qX", "-v", "ON_ERROR_STOP=1", "-d", "origin", "-f"]).arg(&script);
        output(&mut psql)?;
        let direct = self.dumped("direct.sql", &self.server.env(), "origin")?;
        let before = self.sent(&proxy);
        let through = self.dumped("through.sql", &proxy.env(), "origin")?;
        same("pg_dump through the proxy", &direct, &through)?;
        self.end("pg_dump", proxy, before)?;

        let proxy = self.database("restored")?;
        let mut psql = self.server.client("psql");
        psql.envs(proxy.env()).args(["-qX", "-v", "ON_ERROR_STOP=1", "-f"]);
        output(psql.arg(self.scratch.path().join("direct.sql")))
            .map_err(|why| format!("restore through the proxy: {why}"))?;
        self.end("restore", proxy, 0)?;
        let restored = self.dumped("restored.sql", &self.server.env(), "restored")?;
        same("the restored database", &direct, &restored)
    }

    fn dumped(
        &self,
        file: &str,
        env: &[(&'static str, String)],
        database: &str,
    ) -> Result<Vec<u8>, String> {
        let path = self.scratch.path().join(file);
        let mut dump = self.server.client("pg_dump");
        dump.envs(env.iter().cloned()).env("PGDATABASE", database).arg("--file").arg(&path);
        // Newer versions write a random word into each dump.
        let help = output(self.server.client("pg_dump").arg("--help"))?;
        if help.contains("--restrict-key") {
            dump.arg("--restrict-key=placet");
        }
        output(&mut dump).map_err(|why| format!("pg_dump of {database}: {why}"))?;
        fs::read(&path).map_err(|error| format!("{}: {error}", path.display()))
    }

    fn sqlalchemy(&self) -> Result<(), String> {
        let clients = Clients::install()?;
        self.server.sql("postgres", "CREATE DATABASE suite_direct")?;
        let proxy = self.database("suite_proxy")?;
        for database in ["suite_direct", "suite_proxy"] {
            let schemas = "CREATE SCHEMA test_schema; CREATE SCHEMA test_schema_2; \
                           CREATE EXTENSION hstore; CREATE EXTENSION citext";
            self.server.sql(database, schemas)?;
        }
        let mut env = self.server.env();
        env.retain(|(key, _)| *key != "PGDATABASE");
        env.push(("PGDATABASE", "suite_direct".to_owned()));
        let direct = self.suite(&clients, "direct", &env)?;
        let before = self.sent(&proxy);
        let through = self.suite(&clients, "through", &proxy.env())?;
        let passed = |outcomes: &BTreeMap<String, String>| {
            outcomes.values().filter(|outcome| *outcome == "passed").count()
        };
        say(&format!(
            "SQLAlchemy: direct {} of {} pass, through the proxy {} of {}",
            passed(&direct),
            direct.len(),
            passed(&through),
            through.len()
        ));
        let new: Vec<&str> = direct
            .iter()
            .filter(|(test, outcome)| *outcome != "failed" && through.get(*test) != Some(*outcome))
            .map(|(test, _)| test.as_str())
            .collect();
        if passed(&direct) < 1000 {
            return Err("SQLAlchemy: the suite did not run".to_owned());
        }
        if !new.is_empty() {
            return Err(format!("SQLAlchemy: {} new failures:\n{}", new.len(), new.join("\n")));
        }
        self.end("SQLAlchemy", proxy, before)
    }

    /// Runs the suite; what became of each test.
    fn suite(
        &self,
        clients: &Clients,
        name: &str,
        env: &[(&'static str, String)],
    ) -> Result<BTreeMap<String, String>, String> {
        let outcomes = self.scratch.path().join(format!("{name}.outcomes"));
        let mut pytest: Command = clients.python();
        pytest.current_dir(root()?.join("proxy-reference/tests/sqlalchemy"));
        pytest.args(["-B", "-m", "pytest", "-c", "setup.cfg", "-q"]);
        // libpq takes everything else from its environment; the password enters no command line.
        pytest.args(["--dburi", "postgresql+psycopg://"]).envs(env.iter().cloned());
        pytest.env("OUTCOMES", &outcomes);
        let told = pytest.output().map_err(|error| format!("pytest: {error}"))?;
        let text = fs::read_to_string(&outcomes)
            .map_err(|error| format!("{error}: {}", String::from_utf8_lossy(&told.stdout)))?;
        let report = self.scratch.path().join(format!("{name}.report"));
        fs::write(&report, &told.stdout).map_err(|error| error.to_string())?;
        Ok(text.lines().filter_map(|line| line.split_once(' ')).fold(
            BTreeMap::new(),
            |mut all, (outcome, test)| {
                // A test that fails in its end has passed before: the worse outcome counts.
                let worse = outcome == "failed" || !all.contains_key(test);
                if worse {
                    all.insert(test.to_owned(), outcome.to_owned());
                }
                all
            },
        ))
    }
}

fn same(what: &str, expected: &[u8], found: &[u8]) -> Result<(), String> {
    if expected == found {
        say(&format!("{what}: {} bytes, equal", found.len()));
        return Ok(());
    }
    let lines = |bytes: &[u8]| {
        String::from_utf8_lossy(bytes).lines().map(str::to_owned).collect::<Vec<_>>()
    };
    let (expected, found) = (lines(expected), lines(found));
    let differs = expected.iter().zip(&found).position(|(a, b)| a != b);
    let at = differs.unwrap_or_else(|| expected.len().min(found.len()));
    let show = |lines: &[String]| {
        lines.get(at).map_or("(end)".to_owned(), |line| line.chars().take(200).collect())
    };
    Err(format!(
        "{what} differs in line {}:\n  direct {}\n  found  {}",
        at + 1,
        show(&expected),
        show(&found)
    ))
}

/// How many statements the server was sent for a database: those that it logged as such, and those
/// that it refused before.
fn statements(log: &str, database: &str) -> u64 {
    let mark = format!("@{database} ");
    let mut count = 0;
    // The last statement of each session that no error was told of yet.
    let mut last: BTreeMap<&str, String> = BTreeMap::new();
    let mut entries = log.split("\n@").map(|entry| entry.trim_start_matches('@'));
    let mut failed: Option<&str> = None;
    let wanted = mark.trim_start_matches('@');
    for entry in entries.by_ref() {
        let Some(rest) = entry.strip_prefix(wanted) else { continue };
        let Some((session, text)) = rest.split_once(' ') else { continue };
        if let Some(text) = text.strip_prefix("LOG:  ") {
            let statement = text
                .strip_prefix("statement: ")
                .or_else(|| text.strip_prefix("execute ").and_then(|text| behind_name(text)));
            // The proxy's own question at the start of a session is nobody's command.
            let statement = statement.filter(|text| !text.starts_with("/* placet */"));
            if let Some(statement) = statement {
                count += 1;
                last.insert(session, statement.to_owned());
            }
        } else if text.starts_with("ERROR:  ") {
            failed = Some(session);
        } else if let Some(statement) = text.strip_prefix("STATEMENT:  ")
            && failed.take() == Some(session)
            && last.remove(session).is_none_or(|known| known != statement)
        {
            // It was refused while it was read, so it was never logged by itself.
            count += 1;
        }
    }
    count
}

/// The text behind `name: `; a name is a quoted or plain word without blanks.
fn behind_name(text: &str) -> Option<&str> {
    text.split_once(": ").map(|(_, statement)| statement)
}

#[cfg(test)]
mod tests {
    use super::statements;

    #[test]
    fn statements_of_a_log() {
        let log = "\
@a 1.1 LOG:  statement: SELECT 1
@b 2.1 LOG:  statement: SELECT 1
@a 1.1 LOG:  execute <unnamed>: SELECT 1/0
@a 1.1 DETAIL:  parameters: $1 = '1'
@a 1.1 ERROR:  division by zero
@a 1.1 STATEMENT:  SELECT 1/0
@a 1.1 ERROR:  syntax error at or near \"SELEC\"
@a 1.1 STATEMENT:  SELEC
@a 1.3 LOG:  statement: SELECT
\t2
@a 1.1 LOG:  disconnection
";
        assert_eq!(statements(log, "a"), 4);
        assert_eq!(statements(log, "b"), 1);
        assert_eq!(statements(log, "c"), 0);
    }
}
