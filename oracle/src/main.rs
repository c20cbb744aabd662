//! Second opinions: everything that the library's SQL readers say is compared with true grammars
//! and real servers. Developers' work only; nothing of it is part of the library.

mod cases;
mod corpus;
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
mod positions;
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
use std::time::Instant;

use report::Report;

/// A comparison adds its tables and its findings.
type Part = fn(&mut Report) -> Result<(), String>;

/// The comparisons, in the order in which they run.
const PARTS: &[(&str, Part)] = &[
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
    let json = format!("{:#}\n", report.json());
    // Whoever reads the tables may want the rest without another run.
    if let Some(path) = std::env::var_os("ORACLE_REPORT") {
        let kept = std::fs::write(&path, &json);
        let kept = kept.map(|()| format!("everything: {}\n", PathBuf::from(path).display()));
        tell(&mut io::stderr(), &kept.unwrap_or_else(|error| format!("no report kept: {error}\n")));
    }
    let text = if options.contains(&"--json") { json } else { report.text() };
    tell(&mut io::stdout(), &text);
    if report.findings.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn run(names: &[&str]) -> Result<Report, String> {
    let wanted = |part: &str| names.is_empty() || names.contains(&part);
    let mut report = Report::default();
    for (part, compare) in PARTS.iter().filter(|(part, _)| wanted(part)) {
        let start = Instant::now();
        compare(&mut report).map_err(|why| format!("{part}: {why}"))?;
        tell(&mut io::stderr(), &format!("   {part} ({:.0} s)\n", start.elapsed().as_secs_f32()));
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
