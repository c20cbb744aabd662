//! Where output columns come from, by two witnesses: a live PostgreSQL, where one base column after
//! the other is changed and what comes back is compared; and sqlglot.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;
use std::process::{Command, Stdio};

use placet::command::Protocol;
use placet::facts::{self, Facts, OutputColumn, Outputs, Scope, Sources};
use placet::schema::SqlSession;
use serde::Deserialize;
use serde_json::{Value, json};
use xtask::clients::root;

use crate::live_postgres::{CATALOG, Live, gather};
use crate::report::{Finding, Report, Table};
use crate::schema::{Change, Schema};
use crate::{cases, generated, leaks, place, reading};

/// The name of this comparison.
pub(crate) const PART: &str = "lineage";

/// Base columns.
type Columns = BTreeSet<String>;

/// A read whose output columns are known to the library.
struct Read {
    text: String,
    origin: String,
    facts: Facts,
    columns: Vec<OutputColumn>,
}

/// Compares the cases with this catalog and the generated SELECTs.
///
/// # Errors
/// The server or sqlglot does not start.
pub(crate) fn run(report: &mut Report) -> Result<(), String> {
    let schema = Schema::read(CATALOG)?;
    let (reads, others) = reads()?;
    let answers = answers(&schema, &reads)?;
    let opinions = opinions(&schema, &reads)?;
    let mut found = Vec::new();
    let mut live = Tally::default();
    let mut glot = Tally::default();
    let mut errors: BTreeMap<&str, usize> = BTreeMap::new();
    for ((read, answer), opinion) in reads.iter().zip(&answers).zip(&opinions) {
        match answer {
            Some(answer) => {
                found.extend(
                    answer.leaks.iter().map(|(problem, detail)| finding(read, problem, detail)),
                );
                for (index, column) in read.columns.iter().enumerate() {
                    let moved = answer.moved.get(index).cloned().unwrap_or_default();
                    if let Some(missing) = live.add(column, &moved) {
                        let detail = format!("`{}` changes with {missing}", column.name);
                        found.push(finding(read, "a dependence is not named", &detail));
                    }
                }
            }
            None => live.refused += 1,
        }
        let columns = match opinion {
            Opinion::Columns(columns) if columns.len() == read.columns.len() => columns,
            Opinion::Columns(_) => {
                glot.refused += 1;
                *errors.entry("another number of columns").or_default() += 1;
                continue;
            }
            Opinion::Error(error) => {
                glot.refused += 1;
                *errors.entry(error.split(':').next().unwrap_or_default()).or_default() += 1;
                continue;
            }
        };
        for (index, column) in read.columns.iter().enumerate() {
            let seen = columns.get(index).cloned().unwrap_or_default();
            let Some(missing) = glot.add(column, &seen) else { continue };
            // The server is the better witness: what it does not move does not flow.
            let moved = answer.as_ref().and_then(|answer| answer.moved.get(index));
            if moved.is_some_and(|moved| !moved.contains(&missing)) {
                glot.refuted += 1;
            } else {
                let detail = format!("sqlglot: `{}` holds {missing}", column.name);
                found.push(finding(read, "sqlglot sees a source that is not named", &detail));
            }
        }
    }
    report.findings.extend(found);
    report.tables.push(Table {
        title: "Lineage: output columns of reads of the catalog's tables".to_owned(),
        header: vec![
            "witness", "columns", "same", "as implicit", "wider", "any", "narrower", "refuted", "not run",
        ],
        rows: vec![live.row("PostgreSQL, changed data"), glot.row("sqlglot")],
        notes: vec![
            format!("{} reads; {others} more texts are no reads, or their columns are not known", reads.len()),
            "narrower: the witness sees a base column that the facts do not name; refuted: the server \
             says that it does not flow"
                .to_owned(),
            format!("sqlglot does not answer: {errors:?}"),
        ],
    });
    Ok(())
}

fn finding(read: &Read, problem: &str, detail: &str) -> Finding {
    Finding {
        part: PART,
        problem: problem.to_owned(),
        detail: detail.to_owned(),
        text: read.text.clone(),
        origin: read.origin.clone(),
    }
}

/// The reads, and how many texts are none.
fn reads() -> Result<(Vec<Read>, usize), String> {
    let postgres = Protocol::parse("postgres").ok_or("the library has no protocol `postgres`")?;
    let (catalog, session) = (cases::catalog(CATALOG)?, SqlSession::server_defaults());
    let cases = cases::read("postgres")?.into_iter().filter(|case| case.session.is_none());
    let texts = cases.filter_map(|case| Some((case.text()?, case.name)));
    let made = generated::selects().into_iter().map(|text| (text, "generated".to_owned()));
    let (mut reads, mut others) = (Vec::new(), 0);
    for (text, origin) in texts.chain(made) {
        let scope = Scope { catalog: Some(&catalog), session: &session };
        let facts = facts::read(postgres, text.as_bytes(), &scope);
        let columns = match facts.actions.as_slice() {
            [action] if !facts.writes() && facts.statements == Some(1) && action.via.is_empty() => {
                match &action.outputs {
                    Outputs::Columns(columns) => Some(columns.clone()),
                    Outputs::None | Outputs::Opaque => None,
                }
            }
            _ => None,
        };
        match columns {
            Some(columns) => reads.push(Read { text, origin, facts, columns }),
            None => others += 1,
        }
    }
    Ok((reads, others))
}

/// What the server says of a read.
struct Answer {
    /// By output column: the base columns with which it changes.
    moved: Vec<Columns>,
    /// Values that came back from where the facts do not say.
    leaks: Vec<leaks::Problem>,
}

/// The values of a result, column by column, in no order.
type Values = Vec<Vec<Option<String>>>;

fn answers(schema: &Schema, reads: &[Read]) -> Result<Vec<Option<Answer>>, String> {
    let mut live = Live::start()?;
    let mut changes = vec![("base".to_owned(), None), ("again".to_owned(), None)];
    for (number, column) in schema.columns().into_iter().enumerate() {
        changes.push((
            format!("other_{number}"),
            Some(Change { column: column.clone(), null: false }),
        ));
        changes.push((format!("null_{number}"), Some(Change { column, null: true })));
    }
    for (database, change) in &changes {
        live.create(database, schema, change.as_ref())?;
    }
    let door = live.agent.clone();
    let ask = |(database, _): &(String, Option<Change>)| {
        let mut client = door.connect(database)?;
        let ask = |read: &Read| {
            let (results, _) = gather(client.simple_query(&read.text).ok()?);
            results.into_iter().next()
        };
        Ok::<_, String>(reads.iter().map(ask).collect::<Vec<_>>())
    };
    let answers = reading::spread(&changes, ASKING_STACK_BYTES, ask)?;
    let answers = answers.into_iter().collect::<Result<Vec<_>, _>>()?;
    let [base, again, changed @ ..] = answers.as_slice() else {
        return Err("there is nothing to compare".to_owned());
    };
    let answer = |index: usize, read: &Read| {
        let result = base.get(index)?.as_ref()?;
        let values = columns(result);
        // What differs by itself (a clock, a die) says nothing.
        if columns(again.get(index)?.as_ref()?) != values {
            return None;
        }
        let mut moved = vec![Columns::new(); values.len()];
        for (answers, (_, change)) in changed.iter().zip(changes.iter().skip(2)) {
            let (Some(Some(other)), Some(change)) = (answers.get(index), change) else { continue };
            for ((moved, before), after) in moved.iter_mut().zip(&values).zip(columns(other)) {
                if *before != after {
                    moved.insert(change.column.clone());
                }
            }
        }
        let leaks = leaks::problems(&read.facts, std::slice::from_ref(result), schema);
        Some(Answer { moved, leaks })
    };
    Ok(reads.iter().enumerate().map(|(index, read)| answer(index, read)).collect())
}

/// A session needs little.
const ASKING_STACK_BYTES: usize = 8 * 1024 * 1024;

fn columns(rows: &leaks::Rows) -> Values {
    let column = |index: usize| {
        let mut cells: Vec<Option<String>> =
            rows.cells.iter().filter_map(|row| row.get(index).cloned()).collect();
        cells.sort_unstable();
        cells
    };
    (0..rows.names.len()).map(column).collect()
}

/// What sqlglot says of a read.
#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Opinion {
    Columns(Vec<Columns>),
    Error(String),
}

fn opinions(schema: &Schema, reads: &[Read]) -> Result<Vec<Opinion>, String> {
    let mut tables: BTreeMap<&str, BTreeMap<&str, Value>> = BTreeMap::new();
    for table in &schema.tables {
        let columns = table.columns.iter().map(|c| (c.name.clone(), json!(c.data_type)));
        tables.entry(&table.schema).or_default().insert(&table.name, columns.collect());
    }
    let mut lines = vec![json!({ "dialect": "postgres", "schema": tables }).to_string()];
    lines.extend(reads.iter().map(|read| json!({ "sql": read.text }).to_string()));
    let mut command = Command::new(place("ORACLE_PYTHON")?);
    command.arg(root()?.join("oracle/lineage.py"));
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    let told = |error: std::io::Error| format!("sqlglot does not run: {error}");
    let mut child = command.spawn().map_err(told)?;
    let mut stdin = child.stdin.take().ok_or("sqlglot has no standard input")?;
    let writer = std::thread::spawn(move || stdin.write_all((lines.join("\n") + "\n").as_bytes()));
    let output = child.wait_with_output().map_err(told)?;
    let written = writer.join().map_err(|_| "the writer panicked".to_owned())?;
    written.map_err(told)?;
    let text = String::from_utf8_lossy(&output.stdout);
    let answers = text.lines().map(|line| {
        serde_json::from_str(line).map_err(|error| format!("sqlglot answers `{line}`: {error}"))
    });
    let answers: Vec<Opinion> = answers.collect::<Result<_, _>>()?;
    if answers.len() == reads.len() {
        return Ok(answers);
    }
    Err(format!("sqlglot answers {} of {} texts", answers.len(), reads.len()))
}

/// How the facts stand beside a witness.
#[derive(Debug, Default)]
struct Tally {
    columns: usize,
    same: usize,
    implicit: usize,
    wider: usize,
    any: usize,
    narrower: usize,
    refuted: usize,
    refused: usize,
}

impl Tally {
    /// Counts one output column; the base column that the facts do not name, where there is one.
    fn add(&mut self, column: &OutputColumn, seen: &Columns) -> Option<String> {
        self.columns += 1;
        let Sources::Columns(sources) = &column.sources else {
            self.any += 1;
            return None;
        };
        let sources: Columns = sources.iter().cloned().collect();
        let apart = |name: &&String| !leaks::holds(&column.sources, name);
        let missing = seen.iter().filter(apart).find(|name| !leaks::holds(&column.implicit, name));
        if let Some(missing) = missing {
            self.narrower += 1;
            return Some(missing.clone());
        }
        match () {
            () if *seen == sources => self.same += 1,
            () if seen.iter().any(|name| !sources.contains(name)) => self.implicit += 1,
            () => self.wider += 1,
        }
        None
    }

    fn row(&self, witness: &str) -> Vec<Value> {
        let Self { columns, same, implicit, wider, any, narrower, refuted, refused } = self;
        let counts = [columns, same, implicit, wider, any, narrower, refuted, refused];
        [json!(witness)].into_iter().chain(counts.map(|count| json!(count))).collect()
    }
}
