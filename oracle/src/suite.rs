//! MariaDB's own test suite: every statement that a live server can prepare, beside its facts.

use std::path::Path;

use placet::command::Protocol;
use placet::facts::Facts;
use placet::schema::NameCase;

use crate::corpus::Source;
use crate::live_mariadb::{Door, Refusal, SCRATCH};
use crate::report::{Finding, Report};
use crate::tally::Tally;
use crate::{corpus, mysqltest, names, reading};

/// The folders of the suite that are about SQL.
const FOLDERS: &[&str] = &[
    "main",
    "suite/innodb/t",
    "suite/json/t",
    "suite/funcs_1",
    "suite/funcs_2",
    "suite/engines/funcs/t",
    "suite/gcol",
    "suite/vcol",
    "suite/period/t",
    "suite/versioning/t",
    "suite/sql_sequence",
    "suite/handler",
    "suite/roles",
];

/// Texts that one session of the server is asked about.
const TEXTS_A_SESSION: usize = 500;

/// The server's codes for text that is no statement: a syntax error, no statement at all.
const NO_STATEMENT: &[u16] = &[1064, 1065];
/// A table that is not there, and a write in a transaction that may only read.
const NO_TABLE: u16 = 1146;
const READ_ONLY: u16 = 1792;

const SESSION_STACK_BYTES: usize = 8 * 1024 * 1024;

/// Compares over the suite in `dir`.
///
/// # Errors
/// The suite cannot be read, or the server does not answer.
pub(crate) fn run(
    part: &'static str,
    door: &Door,
    dir: &Path,
    report: &mut Report,
) -> Result<(), String> {
    let sources = corpus::read(dir, FOLDERS, &["test", "inc"], mysqltest::split)?;
    let chunks: Vec<&[Source]> = sources.chunks(TEXTS_A_SESSION).collect();
    let prepared = reading::spread(&chunks, SESSION_STACK_BYTES, |chunk| {
        let mut session = door.session()?;
        chunk.iter().map(|source| session.prepare(&source.text)).collect::<Result<Vec<_>, _>>()
    })?;
    let prepared: Vec<Vec<_>> = prepared.into_iter().collect::<Result<_, _>>()?;
    let accepted: Vec<(&Source, &Option<Refusal>)> = sources
        .iter()
        .zip(prepared.iter().flatten())
        .filter(|(_, error)| !error.as_ref().is_some_and(|(code, _)| NO_STATEMENT.contains(code)))
        .collect();
    let texts: Vec<&str> = accepted.iter().map(|(source, _)| source.text.as_str()).collect();
    let mariadb = Protocol::parse("mariadb").ok_or("the library has no protocol `mariadb`")?;
    let facts = reading::all(mariadb, &texts)?;
    let writes = server_says_write(door, &texts, &facts)?;
    let mut tally = Tally::default();
    for (((Source { text, origin }, error), facts), write) in
        accepted.iter().zip(&facts).zip(&writes)
    {
        let problems = problems(text, error.as_ref(), facts, *write);
        tally.add(&kind(text), text, facts, !problems.is_empty());
        report.findings.extend(problems.into_iter().map(|(problem, detail)| Finding {
            part,
            problem: problem.to_owned(),
            detail,
            text: text.clone(),
            origin: origin.clone(),
        }));
    }
    let notes = vec![
        format!("{} more texts are no statements for the server", sources.len() - accepted.len()),
        reading::cost(mariadb, &texts)?,
    ];
    report.tables.push(tally.table("MariaDB's test suite".to_owned(), notes));
    report.tables.push(tally.groups("MariaDB's test suite, not fully understood".to_owned()));
    Ok(())
}

/// Where the facts say something that the server denies.
fn problems(
    text: &str,
    error: Option<&Refusal>,
    facts: &Facts,
    write: bool,
) -> Vec<(&'static str, String)> {
    let mut out = Vec::new();
    // What can be prepared is one statement, or a comment and none.
    let expected = u32::from(!only_comment(text));
    if let Some(count) = facts.statements.filter(|count| *count != expected) {
        out.push(("another number of statements", format!("{expected} is {count}")));
    }
    if facts.is_opaque() {
        return out;
    }
    if write {
        out.push((
            "a write is taken for a read",
            "refused where only reads are allowed".to_owned(),
        ));
    }
    if bare(text) && !facts.unbounded() {
        out.push(("an unbounded write is not flagged", String::new()));
    }
    let missing = error.filter(|(code, _)| *code == NO_TABLE);
    let missing = missing.and_then(|(_, message)| {
        message.strip_prefix("Table '")?.strip_suffix("' doesn't exist")?.split_once('.')
    });
    if let Some((database, table)) = missing {
        let database = if database == SCRATCH { "" } else { database };
        if !names::covers(facts, NameCase::Ignored, database, table) {
            out.push(("a relation is no target", format!("`{database}.{table}`")));
        }
    }
    out
}

/// A DELETE or UPDATE of one table that certainly has no restriction.
fn bare(text: &str) -> bool {
    let text = text.to_lowercase();
    let mut words = text.split_whitespace();
    let restricts = ["where", "limit", "join", "using", "portion", "("];
    let head = words.next();
    let simple = match head {
        Some("delete") => !text.contains(',') && words.any(|word| word == "from"),
        Some("update") => text.split(" set ").next().is_some_and(|tables| !tables.contains(',')),
        _ => false,
    };
    simple && !restricts.iter().any(|word| text.contains(word))
}

/// Whether the server refuses a text that the facts take for a read, in a transaction that may only
/// read. Only such texts run, as a user who has nothing but an empty database.
fn server_says_write(door: &Door, texts: &[&str], facts: &[Facts]) -> Result<Vec<bool>, String> {
    let asked: Vec<(&str, bool)> = texts
        .iter()
        .zip(facts)
        .map(|(text, facts)| (*text, !facts.writes() && !refused_too(text)))
        .collect();
    let chunks: Vec<&[(&str, bool)]> = asked.chunks(TEXTS_A_SESSION).collect();
    let answers = reading::spread(&chunks, SESSION_STACK_BYTES, |chunk| {
        let mut session = door.session()?;
        let mut answers = Vec::new();
        for (text, run) in *chunk {
            let error = if *run { session.read_only(text) } else { Ok(None) };
            // A text may end its own session; then the server is asked on in another one.
            if error.is_err() {
                session = door.session().map_err(|why| format!("{why} behind `{text}`"))?;
            }
            answers.push(matches!(error, Ok(Some((READ_ONLY, _)))));
        }
        Ok::<_, String>(answers)
    })?;
    Ok(answers.into_iter().collect::<Result<Vec<_>, _>>()?.concat())
}

/// The server refuses there what is no write in the words of facts: the plan of a write, and locks on
/// rows.
fn refused_too(text: &str) -> bool {
    let lower = text.to_lowercase();
    matches!(kind(text).as_str(), "EXPLAIN" | "DESCRIBE" | "DESC")
        || kind(text).starts_with("PREPARE") && lower.contains("explain")
        || lower.contains("for update")
}

/// One comment that no server executes.
fn only_comment(text: &str) -> bool {
    let inner = text.strip_prefix("/*").and_then(|rest| rest.strip_suffix("*/"));
    inner.is_some_and(|inner| !inner.starts_with(['!', 'M']) && !inner.contains("*/"))
}

/// The first word, and the second where the first says little.
fn kind(text: &str) -> String {
    let words = text.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|w| !w.is_empty());
    let mut words = words.map(str::to_uppercase);
    let first = words.next().unwrap_or_default();
    let vague = ["CREATE", "ALTER", "DROP", "SHOW", "LOAD", "START", "BEGIN", "SET", "RENAME"];
    match words.next().filter(|_| vague.contains(&first.as_str())) {
        Some(second) if second.chars().all(char::is_alphabetic) => format!("{first} {second}"),
        _ => first,
    }
}
