//! How the time for a statement's facts spreads over our own cases, grows with the statement, and
//! is held on hostile texts; on a thread of 512 KiB.
//!
//! Prints tables, in microseconds; a time is the least of several runs.
#![expect(clippy::unwrap_used, reason = "a bench may stop at the first surprise")]
#![expect(clippy::print_stdout, reason = "the tables are what it is for")]

use std::hint::black_box;
use std::path::Path;
use std::time::Instant;
use std::{fs, thread};

use placet::command::Protocol;
use placet::facts::{self, Scope};
use placet::schema::{Catalog, SqlSession};
use serde::Deserialize;

#[derive(Deserialize)]
struct File {
    case: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    text: Option<String>,
}

/// What the threads of many servers have.
const STACK: usize = 512 * 1024;

fn main() {
    let run = || {
        spread();
        growth();
        hostile();
    };
    thread::Builder::new().stack_size(STACK).spawn(run).unwrap().join().unwrap();
}

fn micros(protocol: Protocol, text: &str, catalog: Option<&Catalog>, runs: usize) -> f64 {
    let session = SqlSession::server_defaults();
    let scope = Scope { catalog, session: &session };
    let times = (0..runs).map(|_| {
        let start = Instant::now();
        black_box(facts::read(protocol, black_box(text.as_bytes()), &scope));
        start.elapsed().as_secs_f64() * 1e6
    });
    times.fold(f64::INFINITY, f64::min)
}

fn catalog() -> Catalog {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../testdata/catalogs/crm.json");
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

/// The statements of at most 1 KiB among our cases, dialect by dialect.
fn spread() {
    println!("{:<12} {:>6} {:>8} {:>8} {:>8}", "dialect", "cases", "p50", "p99", "most");
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../testdata/commands");
    let mut dialects: Vec<_> = fs::read_dir(root).unwrap().map(|e| e.unwrap().path()).collect();
    dialects.sort();
    let mut all = Vec::new();
    for folder in dialects {
        let name = folder.file_name().unwrap().to_string_lossy().into_owned();
        let Some(protocol) = Protocol::parse(&name) else { continue };
        let mut times = Vec::new();
        for path in fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()) {
            let file: File = toml::from_str(&fs::read_to_string(path).unwrap()).unwrap();
            let texts = file.case.into_iter().filter_map(|case| case.text);
            times.extend(
                texts.filter(|t| t.len() <= 1024).map(|text| micros(protocol, &text, None, 9)),
            );
        }
        row(&name, &mut times);
        all.append(&mut times);
    }
    row("all", &mut all);
    println!();
}

fn row(name: &str, times: &mut [f64]) {
    times.sort_by(f64::total_cmp);
    let at = |share: usize| times.get(times.len() * share / 100).copied().unwrap_or(f64::NAN);
    let most = times.last().copied().unwrap_or(f64::NAN);
    println!("{name:<12} {:>6} {:>8.1} {:>8.1} {most:>8.1}", times.len(), at(50), at(99));
}

/// A name, the most parts, and the text of so many.
type Form = (&'static str, usize, fn(usize) -> String);

/// Time per part as a statement grows to its bounds: a row that stays level is linear growth.
fn growth() {
    let catalog = catalog();
    let forms: &[Form] = &[
        ("joins", 256, |n| {
            let joins: String =
                (1..n).map(|i| format!(" JOIN orders o{i} ON o{i}.customer_id = c.id")).collect();
            format!("SELECT c.name FROM customers c{joins}")
        }),
        ("columns", 1024, |n| {
            let columns: Vec<String> = (0..n).map(|i| format!("c.email AS a{i}")).collect();
            format!("SELECT {} FROM customers c", columns.join(", "))
        }),
        ("levels", 32, |n| {
            let open = "SELECT * FROM (".repeat(n);
            let close: String = (0..n).map(|i| format!(") t{i}")).collect();
            format!("{open}SELECT id, email FROM customers{close}")
        }),
        ("named queries", 256, |n| {
            let more: String =
                (1..n).map(|i| format!(", q{i} AS (SELECT * FROM q{})", i - 1)).collect();
            format!("WITH q0 AS (SELECT id, email FROM customers){more} SELECT * FROM q{}", n - 1)
        }),
        ("conditions", 256, |n| {
            let all: Vec<String> = (0..n).map(|i| format!("name <> 'x{i}' OR id = {i}")).collect();
            format!("DELETE FROM customers WHERE {}", all.join(" OR "))
        }),
        ("values of IN", 4096, |n| {
            let all: Vec<String> = (0..n).map(|i| i.to_string()).collect();
            format!("DELETE FROM customers WHERE id IN ({})", all.join(", "))
        }),
        ("rows", 2048, |n| format!("INSERT INTO orders VALUES {}", vec!["(1, 2)"; n].join(", "))),
        ("statements", 1024, |n| "SELECT id FROM customers;\n".repeat(n)),
    ];
    let postgres = Protocol::parse("postgres").unwrap();
    println!("microseconds a part, of 1/16, 1/8, 1/4, 1/2 and all of the greatest");
    for (name, greatest, text) in forms {
        print!("{name:<14} {greatest:>5}");
        for share in [16, 8, 4, 2, 1] {
            let parts = (greatest / share).max(1);
            let text = text(parts);
            let parts = f64::from(u32::try_from(parts).unwrap());
            print!(" {:>8.2}", micros(postgres, &text, Some(&catalog), 3) / parts);
        }
        println!();
    }
    println!();
}

/// Texts of 64 KiB made to take long.
fn hostile() {
    const BYTES: usize = 64 * 1024;
    let filled = |unit: &str| unit.repeat(BYTES / unit.len());
    let around = |head: &str, unit: &str, tail: &str| {
        let room = BYTES - head.len() - tail.len();
        format!("{head}{}{tail}", unit.repeat(room / unit.len()))
    };
    let texts = [
        ("brackets", filled("(")),
        ("quotes", filled("'")),
        ("dollars", filled("$a$")),
        ("comments", filled("/*")),
        ("operators", filled("+-*/ ")),
        ("statements", filled("a;")),
        ("words", filled("select ")),
        ("commas", around("SELECT ", "a,", "a")),
        ("stars", around("SELECT ", "*,", "* FROM customers")),
        ("stars over joins", {
            let stars = vec!["*"; 900].join(",");
            let tables: Vec<String> = (0..900).map(|i| format!("customers c{i}")).collect();
            format!("SELECT {stars} FROM {}", tables.join(","))
        }),
        ("cases", around("SELECT ", "CASE WHEN a THEN b ELSE ", "c")),
        ("ors", around("DELETE FROM t WHERE ", "a<>b OR ", "c=1")),
        ("open ors", around("DELETE FROM t WHERE a=a AND (", "b<>c AND ", "c=c)")),
        ("sub-selects", around("SELECT ", "(SELECT a FROM t WHERE b=", "1")),
        ("exists", {
            let one = "NOT EXISTS (SELECT 1 FROM u WHERE u.a=t.a AND u.b<>t.b) OR ";
            around("DELETE FROM t WHERE ", one, "1=0")
        }),
        ("named", {
            let more: String =
                (1..1500).map(|i| format!(",q{i} AS (SELECT * FROM q{})", i - 1)).collect();
            format!("WITH q0 AS (SELECT * FROM customers){more} SELECT * FROM q1499")
        }),
        ("unions", around("SELECT a FROM t", " UNION SELECT a FROM t", "")),
        ("texts", around("SELECT ", "'a'||", "'b'")),
        ("calls", around("SELECT ", "f(", "1")),
        ("executable comments", filled("/*!50000 a*/")),
        ("casts", around("SELECT 1", "::int", "")),
        ("joins", around("SELECT 1 FROM t", " NATURAL JOIN t", "")),
    ];
    let catalog = catalog();
    println!("64 KiB, milliseconds; the slowest dialect");
    for (name, text) in &texts {
        let mut worst = (0.0, "");
        for dialect in [
            "postgres",
            "mysql",
            "mariadb",
            "mssql",
            "sqlite",
            "oracle",
            "snowflake",
            "bigquery",
            "redshift",
            "clickhouse",
            "duckdb",
            "hive",
            "spark",
            "databricks",
        ] {
            let protocol = Protocol::parse(dialect).unwrap();
            let time = micros(protocol, text, Some(&catalog), 2) / 1e3;
            if time > worst.0 {
                worst = (time, dialect);
            }
        }
        println!("{name:<20} {:>8.2} {}", worst.0, worst.1);
    }
}
