//! Cases on a live server: what was seen beside what the facts say.

use std::collections::BTreeMap;

use placet::facts::Facts;
use serde_json::json;

use crate::cases::Case;
use crate::leaks::{self, Problem, Rows};
use crate::report::{Finding, Report, Table, one_line};
use crate::schema::Schema;

/// What the server said of a case.
pub(crate) struct Observed {
    pub(crate) results: Vec<Rows>,
    /// Rows returned and changed.
    pub(crate) rows: u64,
    /// What was written, in words.
    pub(crate) wrote: Option<String>,
    /// Why it did not run to its end.
    pub(crate) error: Option<String>,
}

/// What was found over the cases of one server.
pub(crate) struct Log {
    part: &'static str,
    counts: Counts,
    /// Cases that did not run to their end, by reason.
    stopped: BTreeMap<String, Vec<String>>,
    findings: Vec<Finding>,
}

impl Log {
    pub(crate) fn new(part: &'static str) -> Self {
        let (counts, stopped) = (Counts::default(), BTreeMap::new());
        Self { part, counts, stopped, findings: Vec::new() }
    }

    pub(crate) fn stopped(&mut self, why: &str, case: &Case) {
        self.stopped.entry(why.to_owned()).or_default().push(case.name.clone());
    }

    pub(crate) fn add(
        &mut self,
        case: &Case,
        text: String,
        facts: &Facts,
        observed: Observed,
        schema: &Schema,
    ) {
        self.counts.add(facts, &observed);
        let problems = problems(facts, &observed, schema).into_iter();
        self.findings.extend(problems.map(|(problem, detail)| Finding {
            part: self.part,
            problem: problem.to_owned(),
            detail,
            text: text.clone(),
            origin: case.name.clone(),
        }));
        if let Some(why) = observed.error {
            self.stopped(&why, case);
        }
    }

    pub(crate) fn report(self, title: &str, report: &mut Report) {
        report.findings.extend(self.findings);
        report.tables.push(self.counts.table(title));
        report
            .tables
            .push(not_run(&format!("{title} that did not run to their end"), self.stopped));
    }
}

/// Where the server saw more than the facts say.
fn problems(facts: &Facts, observed: &Observed, schema: &Schema) -> Vec<Problem> {
    let mut out = leaks::problems(facts, &observed.results, schema);
    if let Some(what) = observed.wrote.as_ref().filter(|_| !facts.writes()) {
        out.push(("a write is taken for a read", what.clone()));
    }
    if let Some(most) = facts.max_rows().filter(|most| observed.rows > *most) {
        out.push(("more rows than the bound", format!("{} rows, at most {most}", observed.rows)));
    }
    out
}

/// Counts over the cases.
#[derive(Debug, Default)]
struct Counts {
    cases: u64,
    ended: u64,
    wrote: u64,
    said_write: u64,
    opaque: u64,
    results: u64,
}

impl Counts {
    fn add(&mut self, facts: &Facts, observed: &Observed) {
        self.cases += 1;
        self.ended += u64::from(observed.error.is_none());
        self.wrote += u64::from(observed.wrote.is_some());
        self.said_write += u64::from(facts.writes());
        self.opaque += u64::from(facts.is_opaque());
        let columns = observed.results.iter().map(|rows| rows.names.len());
        self.results += u64::try_from(columns.sum::<usize>()).unwrap_or_default();
    }

    fn table(&self, title: &str) -> Table {
        let rows = [
            ("cases that the server took", self.cases),
            ("… of which it ran to their end", self.ended),
            ("… of which it saw write, or refused in a transaction that only reads", self.wrote),
            ("… of which facts say that they write", self.said_write),
            ("… of which facts are opaque", self.opaque),
            ("columns that came back, looked at for leaks", self.results),
        ];
        Table {
            title: title.to_owned(),
            header: vec!["what", "number"],
            rows: rows.into_iter().map(|(what, n)| vec![json!(what), json!(n)]).collect(),
            notes: Vec::new(),
        }
    }
}

/// What did not run, by reason: never hidden.
fn not_run(title: &str, stopped: BTreeMap<String, Vec<String>>) -> Table {
    let mut reasons: Vec<(String, Vec<String>)> = stopped.into_iter().collect();
    reasons.sort_by_key(|(_, names)| std::cmp::Reverse(names.len()));
    let rows = reasons.into_iter().map(|(why, names)| {
        vec![json!(names.len()), json!(one_line(&why, 90)), json!(names.join(" "))]
    });
    Table {
        title: title.to_owned(),
        header: vec!["cases", "the server's reason", "names"],
        rows: rows.collect(),
        notes: Vec::new(),
    }
}
