//! The agent sends its session, line by line, and sees what comes back.

use placet::approval::Answer;
use placet::engine::{Outcome, OutcomeState};
use placet::mask::RowMasker;
use placet::policy::{Obligation, Verdict};
use rusqlite::types::ValueRef;

use super::gateway::{Gateway, Logged};
use super::script::{Approver, SESSION};
use super::show::{Entry, Screen, Table};
use crate::command::decide::why;
use crate::failure::Failure;

/// How the session went.
#[derive(Debug, Default)]
pub(super) struct Played {
    commands: usize,
    ran: usize,
    refused: usize,
    approved: usize,
    masked_cells: u64,
}

impl Played {
    pub(super) fn summary(&self) -> String {
        format!(
            "{} commands: {} ran ({} of them approved by a person), {} were refused; {} cells came \
             back masked.",
            self.commands, self.ran, self.approved, self.refused, self.masked_cells
        )
    }
}

/// Plays the session and shows it.
pub(super) fn play(gateway: &mut Gateway, screen: &mut Screen) -> Result<Played, Failure> {
    let mut played = Played::default();
    let mut group = "";
    for (number, line) in (1..).zip(SESSION) {
        if line.group != group {
            group = line.group;
            screen.heading(group)?;
        }
        let logged = gateway.decide(line.sql)?;
        let decision = &logged.decided.decision;
        let mut entry = Entry {
            number,
            command: line.sql,
            verdict: decision.verdict,
            reason: reason(&logged),
            notes: Vec::new(),
            result: None,
        };
        played.commands += 1;
        let runs = match decision.verdict {
            Verdict::Allow | Verdict::Mask | Verdict::Limit => true,
            Verdict::RequireApproval => {
                let approved = ask(gateway, &logged, line.sql, line.approver, &mut entry)?;
                played.approved += usize::from(approved);
                approved
            }
            Verdict::Deny => {
                entry.notes.extend(decision.remedy.iter().map(|say| format!("→ {say}")));
                false
            }
        };
        if runs {
            played.ran += 1;
            played.masked_cells += forward(gateway, &logged, line.sql, &mut entry)?;
        } else {
            played.refused += 1;
        }
        screen.entry(&entry)?;
    }
    Ok(played)
}

/// Why, in one line. Against what is not understood every rule counts: then the codes say more than
/// the rules.
fn reason(logged: &Logged) -> String {
    let facts = &logged.decided.facts;
    if facts.is_opaque() {
        let codes: Vec<&str> = facts.reasons.iter().map(|reason| reason.code()).collect();
        return format!("not understood: {}", codes.join(", "));
    }
    why(&logged.decided.decision)
}

/// Asks the demo's approver; whether the command may run now.
fn ask(
    gateway: &mut Gateway,
    logged: &Logged,
    sql: &str,
    approver: Approver,
    entry: &mut Entry<'_>,
) -> Result<bool, Failure> {
    let (answer, sent_then) = match approver {
        Approver::Approves => (Answer::Approve, sql),
        Approver::Refuses => (Answer::Deny, sql),
        Approver::ApprovesAndAgentSwaps(other) => (Answer::Approve, other),
    };
    if sent_then != sql {
        entry.notes.push("approved with a signature; the agent then sends other bytes:".into());
        entry.notes.push(sent_then.to_owned());
    }
    match gateway.approve(logged, answer, sent_then)? {
        Ok(granted) => {
            let ticket = granted.ticket().to_string();
            let start: String = ticket.chars().take(8).collect();
            entry.notes.push(format!("approved with a signature, ticket {start}…, used once"));
            Ok(true)
        }
        Err(why) => {
            entry.notes.push(format!("→ {why}"));
            Ok(false)
        }
    }
}

/// Runs a command, masks what comes back, logs the outcome; how many cells were masked.
fn forward(
    gateway: &Gateway,
    logged: &Logged,
    sql: &str,
    entry: &mut Entry<'_>,
) -> Result<u64, Failure> {
    let limit =
        logged.decided.decision.obligations.iter().find_map(|obligation| match obligation {
            Obligation::Limit { rows } => Some(*rows),
            Obligation::Mask(_) | Obligation::Approval { .. } => None,
        });
    let ran = run(gateway, logged, sql, limit);
    let (state, rows_out, rows_changed, masked_cells) = match ran {
        Ok(ran) => {
            let state = if ran.stopped {
                entry.notes.push(format!(
                    "stopped behind {} rows with an error, not cut in silence",
                    ran.table.rows.len()
                ));
                OutcomeState::StoppedAtLimit
            } else {
                OutcomeState::Completed
            };
            entry.notes.extend(ran.changed.map(|rows| format!("{rows} row changed")));
            let rows = ran.table.rows.len() as u64;
            if !ran.table.columns.is_empty() {
                entry.result = Some(ran.table);
            }
            (state, rows, ran.changed, ran.masked_cells)
        }
        // The database's words may hold values: they go through the mask like rows do, and the
        // demo leaves them out.
        Err(_) => {
            entry.notes.push("the database refused it".into());
            (OutcomeState::Failed, 0, None, 0)
        }
    };
    gateway.outcome(&Outcome {
        decision_id: logged.id.as_str().into(),
        state,
        rows_out,
        rows_changed,
        masked_cells,
    })?;
    Ok(masked_cells)
}

struct Ran {
    table: Table,
    stopped: bool,
    changed: Option<u64>,
    masked_cells: u64,
}

fn run(
    gateway: &Gateway,
    logged: &Logged,
    sql: &str,
    limit: Option<u64>,
) -> Result<Ran, rusqlite::Error> {
    let mut statement = gateway.db.prepare(sql)?;
    if statement.column_count() == 0 {
        let changed = statement.execute(())?;
        let table = Table::default();
        return Ok(Ran { table, stopped: false, changed: Some(changed as u64), masked_cells: 0 });
    }
    let columns: Vec<String> = statement.column_names().map(str::to_owned).collect();
    let names: Vec<&str> = columns.iter().map(String::as_str).collect();
    let mut masker = gateway.row_masker(&logged.decided, &names);
    let mut rows = statement.query(())?;
    let mut table = Table { columns: columns.clone(), rows: Vec::new() };
    let mut stopped = false;
    while let Some(row) = rows.next()? {
        if limit.is_some_and(|limit| table.rows.len() as u64 >= limit) {
            stopped = true;
            break;
        }
        let cells =
            (0..columns.len()).map(|index| Ok(cell(&mut masker, index, row.get_ref(index)?)));
        table.rows.push(cells.collect::<Result<_, rusqlite::Error>>()?);
    }
    let masked_cells = masker.map_or(0, |masker| masker.masked_cells());
    Ok(Ran { table, stopped, changed: None, masked_cells })
}

/// One cell as text, masked where the decision asks for it.
fn cell(masker: &mut Option<RowMasker>, index: usize, value: ValueRef<'_>) -> String {
    let bytes = match value {
        ValueRef::Null => return "NULL".to_owned(),
        ValueRef::Integer(number) => number.to_string().into_bytes(),
        ValueRef::Real(number) => number.to_string().into_bytes(),
        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => bytes.to_vec(),
    };
    match masker {
        None => String::from_utf8_lossy(&bytes).into_owned(),
        // A cell that cannot be masked is not shown.
        Some(masker) => masker.cell(index, &bytes).map_or_else(
            |error| format!("[{}]", error.code()),
            |masked| String::from_utf8_lossy(masked.bytes()).into_owned(),
        ),
    }
}
