//! What the proxies leave behind: a log that verifies and tells the story, and no secret anywhere.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::PoisonError;

use serde_json::Value;
use xtask::proxy::Proxy;

use crate::shell::SECRETS;
use crate::stage::Stage;

/// Ends the proxies and looks at what they wrote; `whole` where every test has run.
pub(crate) fn check(stage: &Stage, whole: bool) -> Result<(), String> {
    for proxy in [&stage.patient, &stage.curt] {
        let mut proxy = proxy.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(how) = proxy.ended()? {
            return Err(format!("a proxy is gone: {how}"));
        }
        proxy.stop();
        let report = proxy.verify()?;
        if !report.contains("complete through") {
            return Err(format!("the report proves nothing: {report}"));
        }
        let events = proxy.events(0)?;
        order(&events)?;
        secrets(stage, &proxy)?;
        if whole {
            told(&events, proxy.port() == stage.patient().port)?;
        }
    }
    Ok(())
}

fn id(event: &Value) -> &str {
    event["decision_id"].as_str().unwrap_or_default()
}

/// Every outcome follows its decision, and each decision has one at most, but for those of a
/// portal that goes on.
fn order(events: &[Value]) -> Result<(), String> {
    let mut open: BTreeMap<&str, Option<&Value>> = BTreeMap::new();
    for event in events {
        match event["type"].as_str().unwrap_or_default() {
            "decision" if open.insert(id(event), None).is_some() => {
                return Err(format!("two decisions are called {}", id(event)));
            }
            "outcome" => {
                // Those of a group share a leaf.
                let alone = std::slice::from_ref(event);
                let outcomes = event["outcomes"].as_array().map_or(alone, Vec::as_slice);
                for outcome in outcomes {
                    match open.insert(id(outcome), Some(outcome)) {
                        Some(None) => {}
                        Some(Some(first)) if first["state"] == "suspended" => {}
                        Some(Some(first)) => {
                            return Err(format!("two outcomes: {first}\n{outcome}"));
                        }
                        None => {
                            return Err(format!("an outcome before its decision: {outcome}"));
                        }
                    }
                }
            }
            _ => {}
        }
    }
    Ok(())
}

/// The words of the story are there.
fn told(events: &[Value], patient: bool) -> Result<(), String> {
    let count = |kind: &str| events.iter().filter(|event| event["type"] == kind).count();
    let verdicts = |verdict: &str| {
        events.iter().filter(|event| event["decision"]["verdict"] == verdict).count()
    };
    let mut wanted = vec![
        ("decision", count("decision")),
        ("outcome", count("outcome")),
        ("approval.requested", count("approval.requested")),
        ("approval.answered", count("approval.answered")),
        ("approval.consumed", count("approval.consumed")),
        ("require_approval", verdicts("require_approval")),
    ];
    if patient {
        // One was approved and ran, one was refused, two were taken back.
        wanted.push(("approval.closed", count("approval.closed")));
        if count("approval.consumed") != 1 {
            return Err(format!("{} approvals were used up", count("approval.consumed")));
        }
    } else {
        wanted.push(("deny", verdicts("deny")));
        wanted.push(("mask", verdicts("mask")));
    }
    let missing: Vec<&str> =
        wanted.into_iter().filter(|(_, count)| *count == 0).map(|(name, _)| name).collect();
    if missing.is_empty() { Ok(()) } else { Err(format!("the log has no {}", missing.join(", "))) }
}

/// Neither passwords, tokens nor values of the database stand in a file that a proxy wrote.
fn secrets(stage: &Stage, proxy: &Proxy) -> Result<(), String> {
    let env = proxy.env();
    let token = env.iter().find(|(key, _)| *key == "PGPASSWORD").map_or("", |(_, token)| token);
    let mut hidden = vec![token, stage.server.password()];
    hidden.extend(SECRETS);
    for dir in [proxy.audit(), proxy.output()] {
        look(&dir, &hidden)?;
    }
    Ok(())
}

fn look(path: &Path, hidden: &[&str]) -> Result<(), String> {
    if path.is_dir() {
        for entry in fs::read_dir(path).map_err(|error| error.to_string())? {
            look(&entry.map_err(|error| error.to_string())?.path(), hidden)?;
        }
        return Ok(());
    }
    let bytes = fs::read(path).map_err(|error| format!("{}: {error}", path.display()))?;
    let text = String::from_utf8_lossy(&bytes);
    match hidden.iter().find(|secret| text.contains(**secret)) {
        Some(secret) => Err(format!("{} holds a secret of {} bytes", path.display(), secret.len())),
        None => Ok(()),
    }
}
