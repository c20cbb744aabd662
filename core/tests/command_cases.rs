//! The cases of `testdata/commands/<protocol>/*.toml`: a command, and what its facts must say.
//!
//! The format is described in `testdata/README.md`; the same files are run from the other faces.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test may stop at the first surprise"
)]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::{fs, process};

use base64::Engine as _;
use libtest_mimic::{Arguments, Failed, Trial};
use placet::command::Protocol;
use placet::facts::{self, Action, Columns, Extent, Facts, OutputColumn, Outputs, Scope, Sources};
use placet::schema::{Catalog, SqlSession};
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    case: Vec<Case>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    why: String,
    text: Option<String>,
    bytes: Option<String>,
    session: Option<SqlSession>,
    catalog: Option<String>,
    understanding: Option<String>,
    reasons: Option<Vec<String>>,
    statements: Option<toml::Value>,
    writes: Option<bool>,
    destructive: Option<bool>,
    unbounded: Option<bool>,
    max_rows: Option<toml::Value>,
    effects: Option<Vec<String>>,
    evasion: Option<Vec<String>>,
    actions: Option<Vec<ActionCase>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ActionCase {
    op: Option<String>,
    verb: Option<String>,
    targets: Option<Vec<String>>,
    extent: Option<String>,
    calls: Option<Vec<String>>,
    outputs: Option<toml::Value>,
    may: Option<Vec<String>>,
    via: Option<Vec<String>>,
    nested: Option<usize>,
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().join("testdata")
}

fn main() -> process::ExitCode {
    let args = Arguments::from_args();
    let mut trials = Vec::new();
    let mut names = BTreeSet::new();
    let mut folders: Vec<PathBuf> =
        fs::read_dir(root().join("commands")).unwrap().map(|entry| entry.unwrap().path()).collect();
    folders.sort();
    for folder in folders {
        let protocol = folder.file_name().unwrap().to_str().unwrap().to_owned();
        let protocol = Protocol::parse(&protocol).expect("a folder of commands names a protocol");
        let mut files: Vec<PathBuf> =
            fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        files.sort();
        for path in files {
            let theme = path.file_stem().unwrap().to_str().unwrap().to_owned();
            let text = fs::read_to_string(&path).unwrap();
            let file: File =
                toml::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            for case in file.case {
                let name = format!("{}/{theme}/{}", protocol.name(), case.name);
                assert!(names.insert(name.clone()), "two cases are called `{name}`");
                let case = Arc::new(case);
                trials.push(Trial::test(name, move || run(protocol, &case)));
            }
        }
    }
    assert!(!trials.is_empty(), "there are no cases");
    libtest_mimic::run(&args, trials).exit_code()
}

fn run(protocol: Protocol, case: &Case) -> Result<(), Failed> {
    let bytes = match (&case.text, &case.bytes) {
        (Some(text), None) => text.clone().into_bytes(),
        (None, Some(bytes)) => base64::engine::general_purpose::STANDARD.decode(bytes).unwrap(),
        _ => return Err("a case has either `text` or `bytes`".into()),
    };
    if case.why.trim().is_empty() {
        return Err("a case says why it is there".into());
    }
    let catalog: Option<Catalog> = case.catalog.as_ref().map(|name| {
        let text = fs::read_to_string(root().join("catalogs").join(name)).unwrap();
        serde_json::from_str(&text).unwrap()
    });
    let session = case.session.clone().unwrap_or_else(SqlSession::server_defaults);
    let scope = Scope { catalog: catalog.as_ref(), session: &session };
    let facts = facts::read(protocol, &bytes, &scope);
    let mut wrong = Vec::new();
    check(case, &facts, &mut wrong);
    laws(&facts, &bytes, &mut wrong);
    if wrong.is_empty() {
        return Ok(());
    }
    let json = serde_json::to_string(&facts).unwrap();
    Err(format!("{}\nfacts: {json}", wrong.join("\n")).into())
}

/// What holds of any facts.
fn laws(facts: &Facts, bytes: &[u8], wrong: &mut Vec<String>) {
    let full = facts.understanding == facts::Understanding::Full;
    if full != facts.reasons.is_empty() {
        wrong.push("reasons are empty exactly when the understanding is full".into());
    }
    for action in facts.all_actions() {
        if action.span.end() > bytes.len()
            && action.nested.is_empty()
            && facts.actions.contains(action)
        {
            wrong.push("a span reaches past the end".into());
        }
        if action.verb != action.verb.to_ascii_uppercase() {
            wrong.push(format!("verb {} is not in upper case", action.verb));
        }
    }
    let json = serde_json::to_value(facts).unwrap();
    if Facts::from_json(&json).as_ref() != Ok(facts) {
        wrong.push("the JSON form does not come back as the same facts".into());
    }
}

fn check(case: &Case, facts: &Facts, wrong: &mut Vec<String>) {
    let mut expect = |what: &str, expected: &dyn std::fmt::Debug, found: &dyn std::fmt::Debug| {
        let (expected, found) = (format!("{expected:?}"), format!("{found:?}"));
        if expected != found {
            wrong.push(format!("{what}: expected {expected}, found {found}"));
        }
    };
    if let Some(understanding) = &case.understanding {
        expect("understanding", understanding, &facts.understanding.name());
    }
    if let Some(reasons) = &case.reasons {
        let found: Vec<&str> = facts.reasons.iter().map(|reason| reason.code()).collect();
        expect("reasons", reasons, &found);
    }
    if let Some(statements) = &case.statements {
        let found = facts.statements.map_or("none".to_owned(), |n| n.to_string());
        expect("statements", &plain(statements), &found);
    }
    if let Some(writes) = case.writes {
        expect("writes", &writes, &facts.writes());
    }
    if let Some(destructive) = case.destructive {
        expect("destructive", &destructive, &facts.destructive());
    }
    if let Some(unbounded) = case.unbounded {
        expect("unbounded", &unbounded, &facts.unbounded());
    }
    if let Some(max_rows) = &case.max_rows {
        let found = facts.max_rows().map_or("none".to_owned(), |n| n.to_string());
        expect("max_rows", &plain(max_rows), &found);
    }
    if let Some(evasion) = &case.evasion {
        let found: Vec<&str> = facts.evasion.iter().map(facts::Evasion::name).collect();
        expect("evasion", evasion, &found);
    }
    if let Some(effects) = &case.effects {
        let found: Vec<&str> = facts.effects().iter().map(facts::Effect::name).collect();
        expect("effects", effects, &found);
    }
    if let Some(actions) = &case.actions {
        expect("number of actions", &actions.len(), &facts.actions.len());
        for (index, (expected, found)) in actions.iter().zip(&facts.actions).enumerate() {
            let mut part =
                |what: &str, expected: &dyn std::fmt::Debug, found: &dyn std::fmt::Debug| {
                    expect(&format!("actions[{index}].{what}"), expected, found);
                };
            action(expected, found, &mut part);
        }
    }
}

type Expect<'a> = &'a mut dyn FnMut(&str, &dyn std::fmt::Debug, &dyn std::fmt::Debug);

fn action(expected: &ActionCase, found: &Action, expect: Expect<'_>) {
    if let Some(op) = &expected.op {
        expect("op", op, &found.op.name());
    }
    if let Some(verb) = &expected.verb {
        expect("verb", verb, &found.verb);
    }
    if let Some(targets) = &expected.targets {
        // `kind role path`, and the columns in brackets where the case names them.
        let named = targets.iter().any(|target| target.ends_with(')'));
        let shown = found.targets.iter().map(|target| {
            let plain = format!("{} {} {}", target.kind.name(), target.role.name(), target.path);
            match (&target.columns, named) {
                (Columns::Named(columns), true) => format!("{plain} ({})", columns.join(" ")),
                (Columns::Any, true) => format!("{plain} (any)"),
                (_, false) => plain,
            }
        });
        expect("targets", targets, &shown.collect::<Vec<_>>());
    }
    if let Some(extent) = &expected.extent {
        let shown = match &found.extent {
            Extent::Filtered(columns) if columns.is_empty() => "filtered".to_owned(),
            Extent::Filtered(columns) => format!("filtered {}", columns.join(" ")),
            Extent::AtMost(rows) => format!("at_most {rows}"),
            plain @ (Extent::One | Extent::All | Extent::Unknown) => plain.name().to_owned(),
        };
        expect("extent", extent, &shown);
    }
    if let Some(calls) = &expected.calls {
        expect("calls", calls, &found.calls);
    }
    if let Some(may) = &expected.may {
        let shown: Vec<&str> = found.may.iter().map(facts::Effect::name).collect();
        expect("may", may, &shown);
    }
    if let Some(via) = &expected.via {
        expect("via", via, &found.via);
    }
    if let Some(nested) = &expected.nested {
        expect("nested", nested, &found.nested.len());
    }
    match (&expected.outputs, &found.outputs) {
        (None, _) => {}
        (Some(toml::Value::Array(columns)), Outputs::Columns(found)) => {
            let expected: Vec<&str> = columns.iter().map(|c| c.as_str().unwrap()).collect();
            let implicit = expected.iter().any(|column| column.contains(" by "));
            let shown: Vec<String> = found.iter().map(|c| output(c, implicit)).collect();
            expect("outputs", &expected, &shown);
        }
        (Some(expected), Outputs::None) => expect("outputs", &plain(expected), &"none"),
        (Some(expected), Outputs::Opaque) => expect("outputs", &plain(expected), &"opaque"),
        (Some(expected), Outputs::Columns(found)) => {
            let shown: Vec<String> = found.iter().map(|c| output(c, true)).collect();
            expect("outputs", &plain(expected), &shown);
        }
    }
}

/// `name <- source source how`, and ` by implicit…` where the case speaks of it.
fn output(column: &OutputColumn, implicit: bool) -> String {
    let sources = |sources: &Sources| match sources {
        Sources::Any => "any".to_owned(),
        Sources::Columns(columns) if columns.is_empty() => "nothing".to_owned(),
        Sources::Columns(columns) => columns.join(" "),
    };
    let plain = format!("{} <- {} {}", column.name, sources(&column.sources), column.how.name());
    if implicit { format!("{plain} by {}", sources(&column.implicit)) } else { plain }
}

fn plain(value: &toml::Value) -> String {
    match (value.as_str(), value.as_integer()) {
        (Some(text), _) => text.to_owned(),
        (None, Some(number)) => number.to_string(),
        (None, None) => format!("{value:?}"),
    }
}
