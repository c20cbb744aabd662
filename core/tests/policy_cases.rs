//! Runs the rows of `testdata/policies/*.toml`: facts and a bundle in, a decision or the bundle's
//! errors out. The form of a row is described in `docs/spec/bundle.md`, "Case files".
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may stop at the first surprise"
)]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path as FilePath, PathBuf};

use libtest_mimic::{Arguments, Failed, Trial};
use placet::facts::{
    Action, Columns, Effect, EvasionSet, Extent, Facts, How, Op, OutputColumn, Outputs, Path,
    Protocol, Reason, Role, Scope, Segment, Sources, Target, TargetKind, Understanding,
};
use placet::policy::{Source, compile, pack_source};
use placet::primitives::{Span, Timestamp};
use placet::request::{Context, Enforces, Principal, PrincipalKind, Request, Resource, Session};
use placet::schema::SqlSession;
use serde::Deserialize;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    case: Vec<Case>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    why: String,
    /// A directory of `testdata/bundles`, or the name of a shipped pack.
    base: Option<String>,
    /// More files of the bundle, or others in their place.
    #[serde(default)]
    files: BTreeMap<String, String>,
    /// The text of `rules/case.toml`.
    rules: Option<String>,
    facts: Option<FactsRow>,
    /// A command, read under `protocol`, in the place of `facts`.
    text: Option<String>,
    protocol: Option<String>,
    principal: Option<Principal>,
    resource: Option<Resource>,
    session: Option<Session>,
    now: Option<String>,
    enforces: Option<Vec<String>>,
    expect: Expect,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Expect {
    verdict: Option<String>,
    rules: Option<Vec<String>>,
    reasons: Option<Vec<String>>,
    obligations: Option<Vec<serde_json::Value>>,
    remedy: Option<String>,
    risk: Option<u32>,
    unknown: Option<Vec<String>>,
    stamps: Option<Vec<String>>,
    /// `CODE file line:column`, in bundle order; the column where there is a place.
    errors: Option<Vec<String>>,
    /// A part of the help of the first error.
    help: Option<String>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct FactsRow {
    protocol: Option<String>,
    understanding: Option<String>,
    #[serde(default)]
    reasons: Vec<String>,
    statements: Option<u32>,
    #[serde(default)]
    actions: Vec<ActionRow>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ActionRow {
    op: String,
    verb: Option<String>,
    #[serde(default)]
    targets: Vec<TargetRow>,
    extent: Option<toml::Value>,
    #[serde(default)]
    may: Vec<String>,
    #[serde(default)]
    calls: Vec<String>,
    outputs: Option<toml::Value>,
    #[serde(default)]
    nested: Vec<FactsRow>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct TargetRow {
    kind: Option<String>,
    path: String,
    role: Option<String>,
    columns: Option<Vec<String>>,
}

fn facts(row: &FactsRow) -> Facts {
    let protocol = Protocol::parse(row.protocol.as_deref().unwrap_or("postgres")).unwrap();
    let understanding = match row.understanding.as_deref().unwrap_or("full") {
        "full" => Understanding::Full,
        "partial" => Understanding::Partial,
        "opaque" => Understanding::Opaque,
        other => panic!("understanding {other}"),
    };
    let reason = |code: &String| Reason::ALL.iter().find(|(_, word, _)| word == code).unwrap().0;
    let reasons: Vec<Reason> = row.reasons.iter().map(reason).collect();
    if understanding == Understanding::Opaque && row.actions.is_empty() {
        return Facts::opaque(protocol, reasons.first().copied().unwrap_or(Reason::NotParsed), 10);
    }
    Facts {
        protocol,
        understanding,
        reasons,
        actions: row.actions.iter().map(action).collect(),
        session: Vec::new(),
        statements: row.statements.or((understanding != Understanding::Opaque).then_some(1)),
        evasion: EvasionSet::NONE,
    }
}

fn action(row: &ActionRow) -> Action {
    let op = Op::parse(&row.op).unwrap();
    Action {
        op,
        verb: row.verb.clone().unwrap_or_else(|| row.op.to_uppercase()),
        targets: row.targets.iter().map(target).collect(),
        extent: extent(row.extent.as_ref()),
        may: row.may.iter().map(|word| Effect::parse(word).unwrap()).collect(),
        outputs: outputs(row.outputs.as_ref()),
        calls: row.calls.clone(),
        via: Vec::new(),
        span: Span::new(0, 10),
        nested: row.nested.iter().map(facts).collect(),
    }
}

fn target(row: &TargetRow) -> Target {
    let kind = row.kind.as_deref().unwrap_or("table");
    let kind = TargetKind::ALL.iter().copied().find(|k| k.name() == kind).unwrap();
    let segment = |text: &str| match text {
        "<dynamic>" => Segment::Dynamic,
        _ if text.ends_with('*') => Segment::Prefix(text.trim_end_matches('*').into()),
        _ => Segment::Exact(text.into()),
    };
    let whole = [TargetKind::File, TargetKind::Host, TargetKind::Program].contains(&kind);
    let path = match whole {
        true => vec![segment(&row.path)],
        false => row.path.split('.').map(segment).collect(),
    };
    Target {
        kind,
        path: Path(path),
        role: match row.role.as_deref().unwrap_or("object") {
            "source" => Role::Source,
            "sink" => Role::Sink,
            "object" => Role::Object,
            other => panic!("role {other}"),
        },
        columns: row.columns.clone().map_or(Columns::Any, Columns::Named),
    }
}

fn extent(value: Option<&toml::Value>) -> Extent {
    match value {
        None => Extent::Unknown,
        Some(toml::Value::String(word)) => match word.as_str() {
            "one" => Extent::One,
            "all" => Extent::All,
            "unknown" => Extent::Unknown,
            other => panic!("extent {other}"),
        },
        Some(toml::Value::Table(table)) if table.contains_key("at_most") => {
            Extent::AtMost(table["at_most"].as_integer().unwrap().try_into().unwrap())
        }
        Some(toml::Value::Table(table)) => Extent::Filtered(texts(&table["filtered"])),
        Some(other) => panic!("extent {other:?}"),
    }
}

fn texts(value: &toml::Value) -> Vec<String> {
    value.as_array().unwrap().iter().map(|item| item.as_str().unwrap().into()).collect()
}

/// `"none"`, `"opaque"`, or `{ name = ["schema.table.column"] | "any" }` a column, in a list.
fn outputs(value: Option<&toml::Value>) -> Outputs {
    let column = |item: &toml::Value| {
        let (name, sources) = item.as_table().unwrap().iter().next().unwrap();
        let sources = match sources.is_str() {
            true => Sources::Any,
            false => Sources::Columns(texts(sources)),
        };
        let implicit = Sources::Columns(Vec::new());
        OutputColumn { name: name.clone(), sources, how: How::Plain, implicit }
    };
    match value {
        None => Outputs::None,
        Some(toml::Value::String(word)) if word == "none" => Outputs::None,
        Some(toml::Value::String(_)) => Outputs::Opaque,
        Some(list) => Outputs::Columns(list.as_array().unwrap().iter().map(column).collect()),
    }
}

fn root() -> PathBuf {
    FilePath::new(env!("CARGO_MANIFEST_DIR")).join("../testdata")
}

fn add_directory(source: &mut Source, directory: &FilePath, prefix: &str) {
    for entry in fs::read_dir(directory).unwrap().map(Result::unwrap) {
        let name = format!("{prefix}{}", entry.file_name().to_str().unwrap());
        match entry.path().is_dir() {
            true => add_directory(source, &entry.path(), &format!("{name}/")),
            false => source.insert(name, fs::read_to_string(entry.path()).unwrap()),
        }
    }
}

fn source(case: &Case) -> Source {
    let mut source = Source::default();
    match case.base.as_deref() {
        None => source.insert("bundle.toml", "name = \"case\""),
        Some(name) => match pack_source(name) {
            Some(pack) => source = pack,
            None => add_directory(&mut source, &root().join("bundles").join(name), ""),
        },
    }
    for (path, text) in &case.files {
        source.insert(path, text);
    }
    if let Some(rules) = &case.rules {
        source.insert("rules/case.toml", rules);
    }
    source
}

fn request(case: &Case) -> Request {
    Request {
        principal: case.principal.clone().unwrap_or_else(|| Principal {
            id: "agent:seven".into(),
            kind: PrincipalKind::Agent,
            groups: vec!["agents/support".into()],
            claims: BTreeMap::new(),
            delegator: None,
        }),
        resource: case.resource.clone().unwrap_or_else(|| Resource {
            kind: "postgres".into(),
            name: "crm-main".into(),
            labels: BTreeMap::from([("env".into(), "prod".into())]),
        }),
        session: case.session.clone().unwrap_or_default(),
        context: Context { now: case.now.as_deref().map(|now| Timestamp::parse(now).unwrap()) },
        enforces: case.enforces.as_ref().map_or(Enforces::ALL, |words| Enforces {
            mask: words.iter().any(|word| word == "mask"),
            limit: words.iter().any(|word| word == "limit"),
            approve: words.iter().any(|word| word == "approve"),
        }),
    }
}

fn same<T: PartialEq + std::fmt::Debug>(what: &str, found: T, wanted: T) -> Result<(), Failed> {
    if found == wanted {
        return Ok(());
    }
    Err(format!("{what}\n   found {found:?}\n  wanted {wanted:?}").into())
}

fn run(case: &Case) -> Result<(), Failed> {
    let source = source(case);
    let expect = &case.expect;
    let rules = match compile(&source) {
        Ok(rules) => rules,
        Err(errors) => {
            let line = |error: &placet::policy::CompileError| {
                assert!(!error.to_string().contains('\n'), "{error}");
                let place = error
                    .span()
                    .and_then(|span| source.position(error.file(), span.start()))
                    .map(|(line, column)| format!(" {line}:{column}"));
                format!("{} {}{}", error.code(), error.file(), place.unwrap_or_default())
            };
            let found: Vec<String> = errors.iter().map(line).collect();
            let texts: Vec<String> = errors.iter().map(ToString::to_string).collect();
            let Some(wanted) = expect.errors.clone() else {
                return Err(format!("the bundle is refused: {found:?} {texts:?}").into());
            };
            same(&format!("errors {texts:?}"), found, wanted)?;
            let help = errors.iter().next().unwrap().help().to_owned();
            let wanted = expect.help.clone().unwrap_or_default();
            return match help.contains(&wanted) {
                true => Ok(()),
                false => Err(format!("help\n   found {help}\n  wanted {wanted}").into()),
            };
        }
    };
    if let Some(errors) = &expect.errors {
        return Err(format!("the bundle compiles, wanted {errors:?}").into());
    }
    let facts = match (&case.facts, &case.text) {
        (Some(row), None) => facts(row),
        (None, Some(text)) => {
            let protocol = case.protocol.as_deref().unwrap_or("postgres");
            let session = SqlSession::server_defaults();
            let scope = Scope { catalog: None, session: &session };
            placet::facts::read(Protocol::parse(protocol).unwrap(), text.as_bytes(), &scope)
        }
        _ => return Err("a case needs `facts`, `text` or `expect.errors`".into()),
    };
    let request = request(case);
    let decision = rules.decide(&facts, &request);
    assert_eq!(decision, rules.decide(&facts, &request), "a decision is a function");
    let json = serde_json::to_value(&decision).unwrap();
    let shown = format!("{json}");
    let check = || -> Result<(), Failed> {
        let verdict = expect.verdict.clone().ok_or("a case needs `expect.verdict`")?;
        same("verdict", decision.verdict.name().to_owned(), verdict)?;
        if let Some(wanted) = &expect.rules {
            let found: Vec<String> = decision.rules.iter().map(|id| id.to_string()).collect();
            same("rules", &found, wanted)?;
        }
        if let Some(wanted) = &expect.reasons {
            let found: Vec<String> = decision.reasons.iter().map(|&code| code.into()).collect();
            same("reasons", &found, wanted)?;
        }
        if let Some(wanted) = &expect.obligations {
            same("obligations", &json["obligations"], &serde_json::Value::from(wanted.clone()))?;
        }
        if let Some(wanted) = &expect.remedy {
            same("remedy", decision.remedy.as_ref(), Some(wanted))?;
        }
        if let Some(wanted) = expect.risk {
            same("risk", decision.risk.score, wanted)?;
        }
        if let Some(wanted) = &expect.unknown {
            same("unknown", &decision.explanation.unknown, wanted)?;
        }
        if let Some(wanted) = &expect.stamps {
            let found: Vec<String> =
                decision.stamps.iter().map(|stamp| stamp.name().into()).collect();
            same("stamps", &found, wanted)?;
        }
        Ok(())
    };
    check().map_err(|failed| format!("{}\n{shown}", failed.message().unwrap_or_default()).into())
}

fn main() {
    let arguments = Arguments::from_args();
    let mut trials = Vec::new();
    let mut files: Vec<PathBuf> =
        fs::read_dir(root().join("policies")).unwrap().map(|e| e.unwrap().path()).collect();
    files.sort();
    for path in files {
        let stem = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let text = fs::read_to_string(&path).unwrap();
        let file: File =
            toml::from_str(&text).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        for case in file.case {
            assert!(!case.why.is_empty(), "{stem}::{} says why", case.name);
            let name = format!("{stem}::{}", case.name);
            assert!(trials.iter().all(|t: &Trial| t.name() != name), "{name} stands twice");
            trials.push(Trial::test(name, move || run(&case)));
        }
    }
    libtest_mimic::run(&arguments, trials).exit();
}
