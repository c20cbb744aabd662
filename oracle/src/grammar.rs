//! PostgreSQL's own grammar against facts: over PostgreSQL's regression tests, and over our cases.

use placet::command::Protocol;
use placet::facts::{Facts, Outputs, Understanding};
use placet::schema::NameCase;

use crate::corpus::Source;
use crate::report::{Finding, Report};
use crate::tally::Tally;
use crate::tree::{self, Tree};
use crate::{cases, corpus, kinds, names, place, psql, reading};

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
    compare("the cases of testdata/commands/postgres", sources.collect(), report)
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
    let mut tally = Tally::default();
    for ((source, trees), facts) in accepted.iter().zip(&facts) {
        let kind = match trees.as_slice() {
            [one] => one.kind.as_str(),
            _ => "several statements",
        };
        let problems = problems(trees, facts);
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
fn problems(trees: &[Tree], facts: &Facts) -> Vec<(&'static str, String)> {
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
