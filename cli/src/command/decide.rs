//! `placet decide`: what a bundle says about a command.

use placet::engine::{Decided, Engine};
use placet::facts::Scope;
use placet::policy::{Decision, Verdict};
use placet::primitives::Timestamp;
use placet::request::{Context, Enforces, Principal, Request, Resource, Session};
use placet::schema::{Catalog, SqlSession};
use serde::Deserialize;
use serde_json::Value;

use crate::args;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::input::{self, Body};
use crate::{bundles, files, jsonl, render};

/// One question; `id` is read by the loop.
#[derive(Deserialize)]
pub(crate) struct Question {
    principal: Principal,
    resource: Resource,
    command: Command,
    #[serde(default)]
    session: Option<Value>,
    #[serde(default)]
    context: ContextInput,
    #[serde(default)]
    enforces: Option<Vec<Enforced>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Command {
    protocol: String,
    text: Option<String>,
    bytes: Option<String>,
    request: Option<Value>,
    /// Bound parameters: they never enter the facts. Read so that a wrong type is an error here
    /// and not later, when an approval is bound to them.
    #[serde(default, rename = "params")]
    _params: Option<Vec<Scalar>>,
}

#[derive(Deserialize)]
#[serde(untagged)]
#[expect(dead_code, reason = "only the shape is checked")]
enum Scalar {
    Null(()),
    Bool(bool),
    Number(serde_json::Number),
    Text(String),
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct ContextInput {
    #[serde(default)]
    now: Option<String>,
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Enforced {
    Mask,
    Limit,
    Approve,
}

/// Runs the command.
pub(crate) fn run(args: &args::Decide) -> Result<Exit, Failure> {
    let engine = bundles::engine(&args.bundle)?;
    let catalog = args.catalog.as_deref().map(input::catalog).transpose()?;
    let answer = |question: Question| decide(&engine, catalog.as_ref(), question);
    if args.jsonl {
        return jsonl::serve(|question| answer(question).map(|decided| decided.decision));
    }
    let question = jsonl::one(&files::read("-".as_ref())?)?;
    let decided = answer(question)?;
    if args.json {
        render::json(&decided.decision)?;
    } else {
        render::line(&explain(&decided))?;
    }
    Ok(exit(&decided.decision))
}

/// The exit code of one decision.
const fn exit(decision: &Decision) -> Exit {
    match decision.verdict {
        Verdict::Allow | Verdict::Mask | Verdict::Limit => Exit::Done,
        Verdict::RequireApproval => Exit::Approval,
        Verdict::Deny => Exit::Deny,
    }
}

fn decide(
    engine: &Engine,
    catalog: Option<&Catalog>,
    question: Question,
) -> Result<Decided, Failure> {
    let Question { principal, resource, command, session, context, enforces } = question;
    let protocol = input::protocol(&command.protocol)?;
    let body = Body { text: command.text, bytes: command.bytes, request: command.request };
    let bytes = body.bytes()?;
    let (sql_session, session) = match session {
        Some(object) => input::sessions(object)?,
        None => (SqlSession::server_defaults(), Session::default()),
    };
    let now = match context.now {
        Some(text) => Some(Timestamp::parse(&text).ok_or_else(|| {
            Failure::new("API014", "`context.now` is not a time", "write it as RFC 3339")
        })?),
        None => None,
    };
    let enforces = enforces.map_or(Enforces::ALL, |list| Enforces {
        mask: list.contains(&Enforced::Mask),
        limit: list.contains(&Enforced::Limit),
        approve: list.contains(&Enforced::Approve),
    });
    let request = Request { principal, resource, session, context: Context { now }, enforces };
    let scope = Scope { catalog, session: &sql_session };
    Ok(engine.decide(protocol, &bytes, &scope, &request))
}

/// The decision for a person: verdict, reasons, the parts that decided, the remedy.
fn explain(decided: &Decided) -> String {
    let Decided { decision, .. } = decided;
    let mut lines = vec![format!("{} ({})", decision.verdict.name(), why(decision))];
    for cell in &decision.explanation.cells {
        let target = cell.target.as_deref().unwrap_or("no target");
        let effect = cell.effect.unwrap_or("no effect");
        let rules: Vec<&str> = cell.rules.iter().map(|rule| &*rule.id).collect();
        let by = if rules.is_empty() { "no rule".to_owned() } else { rules.join(", ") };
        lines.push(format!("  {} {target} {effect}: {} by {by}", cell.op, cell.reason));
    }
    if decision.explanation.more_cells > 0 {
        lines.push(format!("  and {} more parts", decision.explanation.more_cells));
    }
    if !decision.explanation.unknown.is_empty() {
        lines.push(format!("  not known: {}", decision.explanation.unknown.join(", ")));
    }
    lines.extend(decision.remedy.iter().map(|remedy| format!("remedy: {remedy}")));
    // Targets and rules bear names that someone else chose.
    let lines: Vec<String> = lines.iter().map(|line| render::plain(line)).collect();
    lines.join("\n")
}

/// Rules and reason codes in one line.
pub(crate) fn why(decision: &Decision) -> String {
    let rules = decision.rules.iter().map(|rule| &**rule);
    let all: Vec<&str> = rules.chain(decision.reasons.iter().copied()).collect();
    if all.is_empty() { "nothing forbids it".to_owned() } else { all.join(", ") }
}
