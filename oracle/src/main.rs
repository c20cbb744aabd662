//! Second opinions: everything that the library's SQL readers say is compared with true grammars
//! and real servers. Developers' work only; nothing of it is part of the library.

mod cases;
mod generated;
mod grammar;
mod kinds;
mod leaks;
mod lineage;
mod live;
mod live_mariadb;
mod live_postgres;
mod mysqltest;
mod names;
mod psql;
mod reading;
mod report;
mod schema;
mod suite;
mod tally;
mod tree;

use std::io;
use std::path::PathBuf;
use std::process::ExitCode;

use report::Report;

/// The comparisons, in the order in which they run.
const PARTS: &[(&str, fn(&mut Report) -> Result<(), String>)] = &[
    (grammar::PART, grammar::run),
    (live_postgres::PART, live_postgres::run),
    (lineage::PART, lineage::run),
    (live_mariadb::PART, live_mariadb::run),
];

/// Disagreements in which the library is right.
const KNOWN: &str = include_str!("../known.toml");

const HELP: &str = "\
usage: cargo xtask oracle [--json] [PART…]

  grammar   PostgreSQL's own grammar over its regression tests and our cases
  postgres  a live PostgreSQL runs our cases
  lineage   a live PostgreSQL whose data is changed, and sqlglot, say where columns come from
  mariadb   a live MariaDB reads its own test suite, and runs our cases
";

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let (options, names): (Vec<&str>, Vec<&str>) =
        words.iter().map(String::as_str).partition(|word| word.starts_with('-'));
    let known = |name: &&str| PARTS.iter().any(|(part, _)| part == name);
    if options.iter().any(|option| *option != "--json") || !names.iter().all(known) {
        tell(&mut io::stderr(), HELP);
        return ExitCode::from(2);
    }
    let report = match run(&names) {
        Ok(report) => report,
        Err(why) => {
            tell(&mut io::stderr(), &format!("✗ {why}\n"));
            return ExitCode::from(2);
        }
    };
    let json = options.contains(&"--json");
    let text = if json { format!("{:#}\n", report.json()) } else { report.text() };
    tell(&mut io::stdout(), &text);
    if report.findings.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn run(names: &[&str]) -> Result<Report, String> {
    let wanted = |part: &str| names.is_empty() || names.contains(&part);
    let mut report = Report::default();
    for (part, compare) in PARTS.iter().filter(|(part, _)| wanted(part)) {
        compare(&mut report).map_err(|why| format!("{part}: {why}"))?;
    }
    report.settle(KNOWN, wanted)?;
    Ok(report)
}

/// Where the set-up has put something: `cargo xtask oracle` says so in the environment.
fn place(variable: &str) -> Result<PathBuf, String> {
    std::env::var_os(variable)
        .map(PathBuf::from)
        .ok_or_else(|| format!("`{variable}` is not set: run `cargo xtask oracle`"))
}

fn tell(stream: &mut dyn io::Write, text: &str) {
    // A closed stream leaves nobody to tell.
    let _ = stream.write_all(text.as_bytes());
}
