//! The manual page `docs/spec/sql.md`, written from the tables that the readers use.

use std::fmt::Write as _;

use super::functions;
use super::heads::{Head, Tail, heads, verb_of};
use super::manners::{Into, Lookup, Manners};
use crate::command::Dialect;
use crate::command::sql::manual as scanning;
use crate::facts::{Effect, Reason};
use crate::limits;
use crate::schema::NameCase;

const INTRODUCTION: &str = "\
# SQL: what is understood, what is refused, and why

This page is written by a test from the tables that the readers themselves use (`core/src/command/sql/rules/`,
`core/src/facts/sql/manners.rs`, `heads/`, `tables/`): what stands here is what is done.
`UPDATE_MANUAL=1 cargo test -p placet --lib manual` writes it anew.

A text is read twice: by a guard lexer that cuts it as the server does, and by a parser (sqlparser). Both must cut the
same statements and the same tokens. Three answers are possible: `full`, `partial` (the effects and targets are an
upper bound), `opaque` (no bound; a rule that restricts matches, none that allows).
";

#[test]
fn the_manual_is_written_from_the_tables() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/spec/sql.md");
    let manual = manual();
    if std::env::var_os("UPDATE_MANUAL").is_some() {
        std::fs::write(path, &manual).unwrap();
    }
    let kept = std::fs::read_to_string(path).unwrap_or_default();
    let same = kept.lines().zip(manual.lines()).find(|(kept, new)| kept != new);
    assert_eq!(same, None, "UPDATE_MANUAL=1 cargo test -p placet --lib manual");
    assert_eq!(kept.len(), manual.len(), "UPDATE_MANUAL=1 cargo test -p placet --lib manual");
}

fn manual() -> String {
    let mut out = INTRODUCTION.to_owned();
    bounds(&mut out);
    reasons(&mut out);
    cutting(&mut out);
    names(&mut out);
    for dialect in Dialect::ALL {
        statements(&mut out, *dialect);
    }
    for dialect in Dialect::ALL {
        calls(&mut out, *dialect);
    }
    out
}

fn bounds(out: &mut String) {
    out.push_str("\n## Bounds\n\n| what | at most |\n|---|---|\n");
    for (what, most) in [
        ("bytes of a command", limits::MAX_COMMAND_BYTES),
        ("tokens", limits::MAX_SQL_TOKENS),
        ("statements", limits::MAX_SQL_STATEMENTS),
        ("brackets and blocks inside each other", limits::MAX_SQL_DEPTH),
        ("operators in one chain", limits::MAX_SQL_CHAIN),
        ("code inside code inside …", limits::MAX_NESTED_COMMANDS),
        ("texts that one command stands for over releases", limits::MAX_SQL_VERSIONS),
        ("names that lineage holds", limits::MAX_SQL_LINEAGE),
    ] {
        writeln!(out, "| {what} | {most} |").unwrap();
    }
}

fn reasons(out: &mut String) {
    out.push_str(
        "\n## Why a command is not understood better\n\n| reason | meaning |\n|---|---|\n",
    );
    for (_, code, meaning) in Reason::ALL {
        writeln!(out, "| `{code}` | {meaning} |").unwrap();
    }
}

fn cutting(out: &mut String) {
    out.push_str("\n## How a text is cut\n\n");
    out.push_str("*varies*: releases of the server differ, or nobody says; where it matters the text is refused.\n\n");
    out.push_str("| dialect | comments | strings | names | placeholders | ends |\n|---|---|---|---|---|---|\n");
    for dialect in Dialect::ALL {
        let [comments, strings, names, placeholders, ends] = scanning::row(*dialect);
        writeln!(
            out,
            "| {} | {comments} | {strings} | {names} | {placeholders} | {ends} |",
            dialect.name()
        )
        .unwrap();
    }
}

fn names(out: &mut String) {
    out.push_str("\n## How names are taken\n\n");
    out.push_str("| dialect | case | looked up in | `db.schema.name` | INTO | WITH recurses | `x.f` calls |\n|---|---|---|---|---|---|---|\n");
    let yes = |yes: bool| if yes { "yes" } else { "no" };
    for dialect in Dialect::ALL {
        let manners = Manners::of(*dialect);
        let case = match manners.case {
            NameCase::Exact => "kept in quotes, else lower",
            NameCase::Ignored => "ignored",
        };
        let lookup = match manners.lookup {
            Lookup::SearchPath => "`search_path`",
            Lookup::Attached => "`temp`, `main`, attached",
            Lookup::Current => "the current schema",
        };
        let database = if manners.one_database { "`db` is the current one" } else { "kept" };
        let into = match manners.into {
            Into::Table => "a new table",
            Into::Variables => "variables, files",
            Into::Nothing => "none",
        };
        writeln!(
            out,
            "| {} | {case} | {lookup} | {database} | {into} | {} | {} |",
            dialect.name(),
            if manners.with_recurses { "always" } else { "with RECURSIVE" },
            yes(manners.attribute_calls)
        )
        .unwrap();
    }
}

fn statements(out: &mut String, dialect: Dialect) {
    let tables = heads(dialect);
    if tables.is_empty() {
        return;
    }
    writeln!(out, "\n## {}: statements by their first words\n", dialect.name()).unwrap();
    out.push_str("Queries, INSERT, UPDATE, DELETE, MERGE and definitions of tables and views are read by their trees.\n\n");
    out.push_str("| first words | operation | may | the rest |\n|---|---|---|---|\n");
    let mut rows: Vec<&Head> = tables.iter().flat_map(|table| table.iter()).collect();
    rows.sort_by_key(|head| head.words);
    for head in rows {
        let may: Vec<&str> = head.may.iter().map(|effect| effect.name()).collect();
        let rest = match head.tail {
            Tail::Inert => "nothing in it runs",
            Tail::Looked => "everything may happen where it may hold an expression",
            Tail::Code => "code that is not read",
            Tail::Statement => "a statement that runs",
            Tail::Expression => "expressions that are computed",
            Tail::Step(_) => "a step of a transaction",
            Tail::Current => "the schema that is current from then on",
            Tail::Own(_) => "read by a function of its own",
        };
        let words = head.words.replace('|', "\\|").to_ascii_uppercase();
        debug_assert!(!verb_of(head.words).is_empty());
        writeln!(out, "| {words} | {} | {} | {rest} |", head.op.name(), may.join(" ")).unwrap();
    }
}

fn calls(out: &mut String, dialect: Dialect) {
    writeln!(out, "\n## {}: functions and system relations\n", dialect.name()).unwrap();
    let (count, effects) = functions::listing(dialect);
    writeln!(
        out,
        "{count} functions are known; any other may do everything. Those that do more than compute:\n"
    )
    .unwrap();
    out.push_str("| effect | functions |\n|---|---|\n");
    for effect in Effect::ALL {
        let names: Vec<String> = effects
            .iter()
            .filter(|(_, words)| words.split(' ').any(|word| word == effect.name()))
            .map(|(name, _)| format!("`{name}`"))
            .collect();
        if !names.is_empty() {
            writeln!(out, "| {} | {} |", effect.name(), names.join(" ")).unwrap();
        }
    }
    let relations = functions::relation_listing(dialect);
    if !relations.is_empty() {
        out.push_str("\n| relation | reading it |\n|---|---|\n");
        for (name, words) in relations {
            writeln!(out, "| `{name}` | {words} |").unwrap();
        }
    }
}
