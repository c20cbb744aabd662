//! Inputs that exhaust the stack of a parser that is let loose on them. A stack overflow is no
//! panic: it ends the process, also that of an embedding Python or Node. So these run in a child
//! process, on threads with small stacks, and the child must come back with an answer for each.
#![expect(clippy::print_stdout, reason = "the child's answers are read from its output")]

use std::io::Write as _;
use std::process::Command;
use std::thread;

use placet::command::{Dialect, sql};
use placet::limits;
use placet::schema::SqlSession;

/// Bytes of stack: a pool thread of a cautious embedder, and Rust's own default.
const STACKS: &[usize] = &[512 * 1024, 2 * 1024 * 1024];

const CHILD: &str = "PLACET_ABORT_INPUTS_CHILD";

/// A text and the answers that are right for it: the refusal's code, `parsed`, or `read` where the
/// grammar does not cover it.
struct Input {
    name: &'static str,
    text: String,
    answers: &'static [&'static str],
}

fn input(name: &'static str, text: String, answers: &'static [&'static str]) -> Input {
    Input { name, text, answers }
}

/// `head`, `count` times `unit`, `tail`.
fn chain(head: &str, unit: &str, count: usize, tail: &str) -> String {
    format!("{head}{}{tail}", unit.repeat(count))
}

/// `count` times `open`, `middle`, `count` times `close`.
fn nest(head: &str, open: &str, count: usize, middle: &str, close: &str) -> String {
    format!("{head}{}{middle}{}", open.repeat(count), close.repeat(count))
}

fn inputs() -> Vec<Input> {
    let many = 5_000;
    let chained = &["too_chained"][..];
    let deep = &["too_deep"][..];
    let any_bound = &["too_chained", "too_deep", "too_many_tokens", "too_long"][..];
    let mut all = vec![
        input("plus", chain("SELECT 1", " + 1", many, ""), chained),
        input(
            "casts",
            chain("SELECT 1", "::int", many, ""),
            &["too_chained", "strange_byte", "foreign_placeholder"],
        ),
        input("unions", chain("SELECT 1", " UNION SELECT 1", 4_000, ""), chained),
        input("unions-with-lists", chain("SELECT 1, 2", " UNION SELECT 1, 2", 3_000, ""), chained),
        input("ors", chain("SELECT 1 WHERE a", " OR a", many, ""), chained),
        input("ands", chain("SELECT 1 WHERE a", " AND a = 1", 4_000, ""), chained),
        input("joins", chain("SELECT 1 FROM a", " JOIN a", many, ""), chained),
        input("joins-on", chain("SELECT 1 FROM a", " JOIN a ON a.b = a.c", 1_500, ""), chained),
        input("nots", chain("SELECT ", "NOT ", many, "a"), chained),
        input("minuses", chain("SELECT ", "- ", many, "1"), chained),
        input("tildes", chain("SELECT ", "~ ", many, "1"), chained),
        input("is-null", chain("SELECT a", " IS NULL", many, ""), chained),
        input("isnull", chain("SELECT a", " ISNULL", many, ""), chained),
        input("collate", chain("SELECT a", " COLLATE b", many, ""), chained),
        input("between", chain("SELECT a", " BETWEEN a AND a", 4_000, ""), chained),
        input("likes", chain("SELECT a", " LIKE a", many, ""), chained),
        input("in-lists", chain("SELECT a", " IN (a)", 3_500, ""), chained),
        input("calls", chain("SELECT a", "(a)", many, ""), chained),
        input("at-time-zone", chain("SELECT a", " AT TIME ZONE 'x'", 3_500, ""), chained),
        input("case-minus", chain("SELECT ", "case - ", 3_000, "1"), any_bound),
        input("case-in-case", nest("SELECT ", "CASE WHEN 1 THEN ", 2_000, "1", " END"), deep),
        input("case-without-end", chain("SELECT ", "CASE ", many, ""), deep),
        input("else-chain", chain("SELECT 1", " + else", many, ""), chained),
        input("dots", chain("SELECT a", ".b", many, ""), &["parsed"]),
        input("row-dots", chain("SELECT (a)", ".b", many, ""), &["parsed"]),
        input("round", nest("SELECT ", "(", 20_000, "1", ")"), &["too_deep", "too_many_tokens"]),
        input("round-open", "(".repeat(limits::MAX_COMMAND_BYTES), &["too_many_tokens"]),
        input("round-open-few", "(".repeat(10_000), deep),
        input("square-open", chain("SELECT ", "[", 10_000, ""), &["too_deep", "unterminated"]),
        input("square-pairs", chain("SELECT a", "[1]", 4_000, ""), &["too_chained", "read"]),
        input(
            "array-types",
            chain("SELECT a::int", "[]", 4_000, ""),
            &["too_chained", "foreign_placeholder", "strange_byte"],
        ),
        input("subselects", nest("SELECT * FROM ", "(SELECT * FROM ", 2_000, "t", ") x"), deep),
        input("scalar-subselects", nest("", "SELECT (", 2_000, "SELECT 1", ")"), deep),
        input("exists", nest("SELECT ", "EXISTS (SELECT ", 2_000, "1", ")"), deep),
        input("arrays", nest("SELECT ", "ARRAY[", 3_000, "1", "]"), &["too_deep", "strange_byte"]),
        input("functions", nest("SELECT ", "f(", 5_000, "1", ")"), deep),
        input("array-angle", chain("CREATE TABLE t (a ", "ARRAY<", 3_000, "int)"), any_bound),
        input("explains", chain("", "EXPLAIN ", many, "SELECT 1"), &["read"]),
        input("prepares", chain("", "PREPARE a AS ", 3_000, "SELECT 1"), &["read"]),
        input(
            "ctes",
            format!("WITH a AS (SELECT 1){} SELECT 1", ", a AS (SELECT 1)".repeat(2_500)),
            &["parsed"],
        ),
        input("nested-ctes", nest("", "WITH a AS (", 2_000, "SELECT 1", ") SELECT 1"), deep),
        input("in-9000", chain("SELECT a IN (1", ", 1", 9_000, ")"), &["parsed"]),
        input("in-20000", chain("SELECT a IN (1", ",1", 20_000, ")"), &["too_many_tokens"]),
        input("long-string", format!("SELECT '{}'", "x".repeat(60_000)), &["parsed"]),
        input("long-name", format!("SELECT \"{}\"", "x".repeat(60_000)), &["parsed"]),
        input("long-comment", format!("SELECT 1 /*{}*/", "x".repeat(60_000)), &["parsed"]),
        input(
            "nested-comments",
            nest("SELECT 1 ", "/*", 15_000, "", "*/"),
            &["parsed", "too_chained"],
        ),
        input("too-long", " ".repeat(limits::MAX_COMMAND_BYTES + 1), &["too_long"]),
        input("blanks", " ".repeat(limits::MAX_COMMAND_BYTES), &["parsed"]),
        input("semicolons", ";".repeat(limits::MAX_SQL_TOKENS), &["parsed"]),
        input("statements", "SELECT 1;".repeat(6_000), &["too_many_statements"]),
        input("quotes", "'".repeat(limits::MAX_COMMAND_BYTES), &["read", "unterminated"]),
        input(
            "dollars",
            "$a$".repeat(20_000),
            &["read", "unterminated", "too_many_tokens", "foreign_placeholder", "too_chained"],
        ),
        input(
            "continued-strings",
            format!("SELECT {}", "'a'\n".repeat(15_000)),
            &["parsed", "read"],
        ),
        input(
            "slashes",
            "/".repeat(limits::MAX_COMMAND_BYTES),
            &["read", "too_many_tokens", "too_chained"],
        ),
        input("signs", "+".repeat(limits::MAX_COMMAND_BYTES), &["too_chained", "too_many_tokens"]),
        input("operators", "+*".repeat(30_000), &["too_chained", "too_many_tokens"]),
    ];
    // The highest and deepest texts inside the bounds: these reach the parser.
    let links = limits::MAX_SQL_CHAIN - 2;
    let depth = limits::MAX_SQL_DEPTH - 1;
    let inside = &["parsed"][..];
    for (name, start, unit) in [
        ("within-plus", " WHERE a", " + 1"),
        ("within-union", "", " UNION SELECT 1"),
        ("within-or", " WHERE a", " OR a"),
        ("within-join", "", " JOIN a"),
        ("within-like", " WHERE a", " LIKE a"),
        ("within-is-not-null", " WHERE a", " IS NOT NULL"),
    ] {
        let count = match unit {
            " IS NOT NULL" => links / 2,
            " JOIN a" => links / 4,
            _ => links,
        };
        let text = chain(&format!("SELECT a FROM a{start}"), unit, count, "");
        all.push(input(name, text, inside));
    }
    let within = [
        ("within-not", chain("SELECT ", "NOT ", links, "a")),
        ("within-minus", chain("SELECT ", "- ", links, "a")),
        ("within-round", nest("SELECT ", "(", depth, "1", ")")),
        ("within-subselect", nest("SELECT * FROM ", "(SELECT * FROM ", depth, "t", ") x")),
        ("within-case", nest("SELECT ", "CASE WHEN 1 THEN ", depth, "1", " END")),
        ("within-function", nest("SELECT ", "f(", depth, "1", ")")),
        ("within-exists", nest("SELECT ", "EXISTS (SELECT ", depth, "1", ")")),
        ("within-cte", nest("", "WITH a AS (", depth, "SELECT 1", ") SELECT 1")),
        ("within-high-brackets", nest("SELECT ", "(", depth, "1", " + 1 + 1 + 1 + 1)")),
        ("within-left-brackets", nest("SELECT ", "(1 + ", depth, "1", " + 1)")),
        ("within-in", nest("SELECT ", "a IN (", depth, "1", ")")),
        ("within-joins-in-brackets", nest("SELECT 1 FROM ", "(a JOIN ", depth, "b", ")")),
        ("within-create", nest("CREATE TABLE t AS SELECT ", "(", depth, "1", ")")),
        ("within-case-chain", chain("SELECT ", "case-", depth, "c")),
    ];
    for (name, text) in within {
        all.push(input(name, text, inside));
    }
    // Inside the bounds, and the grammar does not take so many of them.
    // SQLite's grammar copies the left side of GLOB, MATCH and REGEXP.
    let globs = chain("SELECT a", " GLOB a", links, "");
    all.push(input("within-glob", globs, &["parsed", "read"]));
    let copied = chain("SELECT 1", " + 1", links - 1, " MATCH 'x'");
    all.push(input("within-match", copied, &["parsed", "read"]));
    let isnull = chain("SELECT a", " ISNULL", links, "");
    all.push(input("within-isnull", isnull, inside));
    let statements = "SELECT 1;".repeat(limits::MAX_SQL_STATEMENTS);
    all.push(input("within-statements", statements, inside));
    let collate = chain("SELECT a", " COLLATE b", links, "");
    all.push(input("within-collate", collate, &["read"]));
    all
}

fn answer(text: &str, dialect: Dialect) -> &'static str {
    let session = SqlSession::server_defaults();
    sql::read(text.as_bytes(), dialect, &session, |reading| match reading {
        Ok(reading) if reading.statements.iter().all(|s| s.tree.is_some()) => "parsed",
        Ok(_) => "read",
        Err(refusal) => refusal.code(),
    })
}

/// The child: answers every input on every stack, one line each.
#[test]
fn child() {
    if std::env::var_os(CHILD).is_none() {
        return;
    }
    for stack in STACKS {
        let work = thread::Builder::new().stack_size(*stack).spawn(|| {
            for input in inputs() {
                for dialect in [Dialect::Postgres, Dialect::Sqlite] {
                    // The name goes out before the work: what the last line names has failed.
                    print!("\n{} {} ", input.name, dialect.name());
                    std::io::stdout().flush().unwrap();
                    print!("{}", answer(&input.text, dialect));
                }
            }
        });
        work.expect("a thread").join().expect("no panic");
        println!("\nstack {stack} done");
    }
}

#[test]
fn no_input_ends_the_process() {
    let exe = std::env::current_exe().unwrap();
    let output = Command::new(exe)
        .args(["--exact", "child", "--nocapture"])
        .env(CHILD, "1")
        .output()
        .unwrap();
    let answers = String::from_utf8_lossy(&output.stdout);
    let last = answers.lines().last().unwrap_or_default();
    assert!(output.status.success(), "the child died at `{last}`: {}", output.status);
    let mut wrong = Vec::new();
    for input in inputs() {
        for dialect in [Dialect::Postgres, Dialect::Sqlite] {
            let head = format!("{} {} ", input.name, dialect.name());
            let given: Vec<_> = answers.lines().filter_map(|l| l.strip_prefix(&head)).collect();
            assert_eq!(given.len(), STACKS.len(), "{head}: not answered on every stack");
            wrong.extend(
                given.iter().filter(|a| !input.answers.contains(a)).map(|a| format!("{head}{a}")),
            );
        }
    }
    assert!(wrong.is_empty(), "wrong answers:\n{}", wrong.join("\n"));
}
