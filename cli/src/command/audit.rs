//! `placet audit`: verify and read logs.

use std::collections::VecDeque;
use std::ops::ControlFlow;
use std::path::Path;

use placet::audit::{Checkpoint, Leaf, Report, State};
use placet_store::{VerifyOptions, keys};
use serde_json::Value;

use crate::args::Audit;
use crate::command::bundle::time;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::{files, render};

/// Runs the command.
pub(crate) fn run(args: &Audit) -> Result<Exit, Failure> {
    match args {
        Audit::Verify { log, key, checkpoint, now, json } => {
            let earlier = checkpoint.as_deref().map(earlier).transpose()?;
            let now = now.as_deref().map(time).transpose()?;
            verify(log, key, &VerifyOptions { earlier, now }, *json)
        }
        Audit::Checkpoint { log, key, checkpoint } => {
            let earlier = checkpoint.as_deref().map(earlier).transpose()?;
            print_checkpoint(log, key, earlier)
        }
        Audit::Tail { log, count, json } => tail(log, *count, *json),
    }
}

/// A checkpoint that the user kept: trusted because they kept it.
fn earlier(path: &Path) -> Result<Checkpoint, Failure> {
    Checkpoint::from_trusted_note(&files::read(path)?).ok_or_else(|| {
        Failure::new("API017", "the file holds no checkpoint", "give a signed note of this log")
            .in_file(path.display().to_string())
    })
}

fn verify(log: &Path, key: &str, options: &VerifyOptions, json: bool) -> Result<Exit, Failure> {
    let key = keys::read_verifying_key(key)?;
    let report = placet_store::verify(log, &key, options)?;
    if json {
        render::json(&report)?;
    } else {
        render::text(&for_people(&report))?;
    }
    Ok(exit(report.state))
}

/// Prints the last checkpoint of a log that holds together.
fn print_checkpoint(log: &Path, key: &str, earlier: Option<Checkpoint>) -> Result<Exit, Failure> {
    let key = keys::read_verifying_key(key)?;
    let options = VerifyOptions { earlier, now: None };
    let report = placet_store::verify(log, &key, &options)?;
    if exit(report.state) == Exit::Tampered {
        // Nothing is printed that could be kept by mistake.
        render::failure(&Failure::new(
            "API020",
            format!("the log is {}: no checkpoint of it is worth keeping", report.state.as_str()),
            "run `placet audit verify` on it",
        ));
        return Ok(Exit::Tampered);
    }
    let last = placet_store::last_checkpoint(log)?;
    let Some(last) = last else {
        let help = "give the directory of one writer, LOG/<writer>";
        return Err(Failure::new("API017", "no checkpoint stands here", help)
            .in_file(log.display().to_string()));
    };
    render::text(&String::from_utf8_lossy(&last))?;
    Ok(Exit::Done)
}

/// The exit code of a state.
pub(crate) const fn exit(state: State) -> Exit {
    match state {
        State::ClosedClean | State::LiveFresh => Exit::Done,
        State::Tampered | State::Forked | State::RolledBack => Exit::Tampered,
        State::LiveUnchecked | State::Stale | State::TornTail => Exit::Unproven,
    }
}

/// The report as text; the last line names the state.
pub(crate) fn for_people(report: &Report) -> String {
    let mut lines = vec![format!("key {}", report.key)];
    for writer in &report.writers {
        lines.push(format!(
            "writer {}: {}, {}",
            writer.writer,
            writer.state.as_str(),
            writer.detail
        ));
        lines.extend(writer.origin.iter().map(|origin| format!("  log {origin}")));
        lines.extend(writer.notes.iter().map(|note| format!("  {note}")));
    }
    lines.extend(report.notes.iter().cloned());
    lines.push("a public key alone cannot prove:".to_owned());
    lines.extend(report.cannot_prove.iter().map(|limit| format!("  {limit}")));
    let through = report.proven_time.map_or_else(|| "no event".to_owned(), |t| t.to_string());
    let mut last = format!(
        "{}: complete through {through}, size {}",
        report.state.as_str(),
        report.proven_size
    );
    if let Some(class) = report.class {
        last.push_str(&format!(", {}", class.as_str()));
    }
    if let Some(index) = report.index {
        last.push_str(&format!(" at index {index}"));
    }
    lines.push(last);
    lines.join("\n") + "\n"
}

fn tail(log: &Path, count: usize, json: bool) -> Result<Exit, Failure> {
    let mut last: VecDeque<(String, Vec<u8>)> = VecDeque::new();
    placet_store::for_each_leaf(log, |writer, line| {
        last.push_back((writer.to_owned(), line.to_vec()));
        if last.len() > count {
            last.pop_front();
        }
        ControlFlow::Continue(())
    })?;
    for (writer, line) in &last {
        if json {
            render::line(&String::from_utf8_lossy(line))?;
        } else {
            render::line(&render::plain(&summary(writer, line)))?;
        }
    }
    Ok(Exit::Done)
}

/// One event in one line.
fn summary(writer: &str, line: &[u8]) -> String {
    let Some(leaf) = Leaf::parse(line) else {
        return format!("{writer}: a line that is no event ({} bytes)", line.len());
    };
    let body: Value = serde_json::from_slice(line).unwrap_or_default();
    let told = [
        body.pointer("/principal/id"),
        body.pointer("/decision/verdict"),
        body.pointer("/state"),
        body.pointer("/decision_id"),
    ];
    let mut told: Vec<&str> = told.into_iter().flatten().filter_map(Value::as_str).collect();
    let many = body.get("outcomes").and_then(Value::as_array);
    let many = many.map(|outcomes| format!("of {} decisions", outcomes.len()));
    told.extend(many.as_deref());
    format!("{writer} {} {} {} {}", leaf.seq, leaf.time, leaf.kind, told.join(" "))
}
