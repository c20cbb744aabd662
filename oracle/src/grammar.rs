//! PostgreSQL's own grammar against facts: over PostgreSQL's regression tests, and over our cases.

use std::collections::{BTreeMap, BTreeSet};

use placet::command::Protocol;
use placet::facts::{Effect, EffectSet, Facts, Outputs, Understanding};
use placet::schema::NameCase;

use crate::corpus::Source;
use crate::report::{Finding, Report};
use crate::tally::Tally;
use crate::tree::{self, Tree};
use crate::{cases, corpus, kinds, names, place, positions, psql, reading};

/// The name of this comparison.
pub(crate) const PART: &str = "grammar";

/// The tree is walked, and decoded, by recursion: PostgreSQL bounds neither.
const TREE_STACK_BYTES: usize = 256 * 1024 * 1024;

/// Compares over PostgreSQL's regression tests and over the cases.
///
/// # Errors
/// The tests or the cases cannot be read.
pub(crate) fn run(report: &mut Report) -> Result<(), String> {
    let tests = place("ORACLE_POSTGRES_TESTS")?;
    let corpus = corpus::read(&tests, &[""], &["sql"], psql::split)?;
    compare("PostgreSQL's regression tests", corpus, report)?;
    let cases = cases::read("postgres")?.into_iter();
    let sources = cases.filter_map(|case| Some(Source { text: case.text()?, origin: case.name }));
    compare("the cases of testdata/commands/postgres", sources.collect(), report)?;
    let made =
        positions::texts().into_iter().map(|text| Source { text, origin: "made".to_owned() });
    compare("an expression in every place", made.collect(), report)
}

fn compare(title: &str, sources: Vec<Source>, report: &mut Report) -> Result<(), String> {
    let trees = reading::spread(&sources, TREE_STACK_BYTES, |source| tree::read(&source.text))?;
    let accepted: Vec<(&Source, &Vec<Tree>)> = sources
        .iter()
        .zip(&trees)
        .filter_map(|(source, trees)| Some((source, trees.as_ref().ok()?)))
        .filter(|(_, trees)| !trees.is_empty())
        .collect();
    let texts: Vec<&str> = accepted.iter().map(|(source, _)| source.text.as_str()).collect();
    let postgres = Protocol::parse("postgres").ok_or("the library has no protocol `postgres`")?;
    let facts = reading::all(postgres, &texts)?;
    let effects = effects_of_calls(postgres, accepted.iter().flat_map(|(_, trees)| *trees))?;
    let mut tally = Tally::default();
    for ((source, trees), facts) in accepted.iter().zip(&facts) {
        let kind = match trees.as_slice() {
            [one] => one.kind.as_str(),
            _ => "several statements",
        };
        let problems = problems(trees, facts, &effects);
        tally.add(kind, &source.text, facts, !problems.is_empty());
        report.findings.extend(problems.into_iter().map(|(problem, detail)| Finding {
            part: PART,
            problem: problem.to_owned(),
            detail,
            text: source.text.clone(),
            origin: source.origin.clone(),
        }));
    }
    let refused = sources.len() - accepted.len();
    let notes = vec![
        format!("{refused} more texts are refused by PostgreSQL's grammar"),
        reading::cost(postgres, &texts)?,
    ];
    report.tables.push(tally.table(format!("Grammar: {title}"), notes));
    report.tables.push(tally.groups(format!("Grammar: {title}, not fully understood")));
    Ok(())
}

/// Where the facts say something that the trees deny.
fn problems(trees: &[Tree], facts: &Facts, effects: &Effects<'_>) -> Vec<(&'static str, String)> {
    let mut out = Vec::new();
    if let Some(count) = facts.statements.filter(|count| usize::try_from(*count) != Ok(trees.len()))
    {
        out.push(("another number of statements", format!("{} are {count}", trees.len())));
    }
    if facts.is_opaque() {
        return out;
    }
    if let Some(write) = trees.iter().find_map(kinds::write).filter(|_| !facts.writes()) {
        out.push(("a write is taken for a read", write));
    }
    if trees.iter().any(|tree| tree.unbounded) && !facts.unbounded() {
        out.push(("an unbounded write is not flagged", String::new()));
    }
    for (schema, name) in trees.iter().flat_map(|tree| &tree.tables) {
        if !names::covers(facts, NameCase::Exact, schema, name) {
            out.push(("a relation is no target", format!("`{schema}.{name}`")));
        }
    }
    if trees.iter().any(|tree| tree.reads) && !facts.effects().contains(Effect::ReadData) {
        out.push(("a read is not named", String::new()));
    }
    for call in trees.iter().filter(|tree| !tree.only_explains).flat_map(|tree| &tree.calls) {
        let missing = effects.get(call.as_str()).copied().unwrap_or_default();
        let missing: Vec<&str> =
            missing.iter().filter(|e| !facts.effects().contains(*e)).map(Effect::name).collect();
        if !missing.is_empty() {
            out.push((
                "an effect of a call is missing",
                format!("`{call}`: {}", missing.join(" ")),
            ));
        }
    }
    if facts.understanding == Understanding::Full {
        let calls: Vec<&str> = facts
            .all_actions()
            .into_iter()
            .flat_map(|action| &action.calls)
            .map(|c| names::last(c))
            .collect();
        for call in trees.iter().flat_map(|tree| &tree.calls) {
            if !calls.contains(&call.as_str()) {
                out.push(("a call is missing", format!("`{call}`")));
            }
        }
    }
    if let [tree] = trees {
        let allowed = kinds::operations(&tree.kind);
        if !facts.all_actions().iter().any(|action| allowed.contains(&action.op)) {
            let found: Vec<&str> = facts.actions.iter().map(|action| action.op.name()).collect();
            out.push(("another kind", format!("{} is {}", tree.kind, found.join(", "))));
        }
        if let (Some(columns), Some(found)) = (tree.columns, returned(facts))
            && columns != found
        {
            out.push(("another number of columns", format!("{columns} columns are {found}")));
        }
    }
    out
}

/// Functions whose effects follow from an argument.
const BY_ARGUMENT: &[&str] = &["set_config"];

/// What calling a function may do, by its name.
type Effects<'a> = BTreeMap<&'a str, EffectSet>;

/// The effects that the library itself sees in a call that stands alone: they may not get lost
/// where the call stands elsewhere.
fn effects_of_calls<'a>(
    protocol: Protocol,
    trees: impl Iterator<Item = &'a Tree>,
) -> Result<Effects<'a>, String> {
    let names: BTreeSet<&str> = trees.flat_map(|tree| &tree.calls).map(String::as_str).collect();
    let names: Vec<&str> = names.into_iter().filter(|name| !BY_ARGUMENT.contains(name)).collect();
    let alone: Vec<String> =
        names.iter().map(|name| format!("SELECT \"{}\"()", name.replace('"', "\"\""))).collect();
    let alone: Vec<&str> = alone.iter().map(String::as_str).collect();
    let facts = reading::all(protocol, &alone)?;
    let known = names.into_iter().zip(facts).filter(|(_, facts)| !facts.is_opaque());
    Ok(known.map(|(name, facts)| (name, facts.effects())).collect())
}

/// How many columns the facts say come back; `None` where they leave it open.
fn returned(facts: &Facts) -> Option<usize> {
    let mut shapes = facts.actions.iter().filter(|action| action.via.is_empty()).map(|action| {
        match &action.outputs {
            Outputs::None => Some(0),
            Outputs::Columns(columns) => Some(columns.len()),
            Outputs::Opaque => None,
        }
    });
    shapes.try_fold(0, |most, shape| Some(most.max(shape?)))
}
