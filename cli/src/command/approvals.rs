//! `placet approvals`, `approve`, `deny`: people answer held requests.

use placet::approval::{Answer, Ticket};
use placet_store::{ApprovalStore, StoredAnswer, keys};
use serde::Serialize;

use crate::args;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::render;

/// A held request for `approvals --json`. Values that were detected are hidden in `display`.
#[derive(Serialize)]
struct Held {
    ticket: String,
    requester: String,
    created: String,
    expires: String,
    specs: Vec<String>,
    display: String,
}

/// Lists the requests that wait.
pub(crate) fn list(args: &args::Approvals) -> Result<Exit, Failure> {
    let store = ApprovalStore::open(&args.store)?;
    let tickets = store.tickets()?;
    let mut held = Vec::new();
    for ticket in tickets {
        let request = store.request(ticket)?;
        held.push(Held {
            ticket: ticket.to_string(),
            requester: request.requester().id.clone(),
            created: request.created().to_string(),
            expires: request.expires().to_string(),
            specs: request.specs().to_vec(),
            display: request.display().to_owned(),
        });
    }
    if args.json {
        render::json(&held)?;
        return Ok(Exit::Done);
    }
    for request in &held {
        let Held { ticket, requester, expires, specs, display, .. } = request;
        render::line(&format!("{ticket}  {requester}  {}  until {expires}", specs.join(", ")))?;
        for line in display.lines() {
            render::line(&format!("  {line}"))?;
        }
    }
    render::line(&format!("{} waiting", held.len()))?;
    Ok(Exit::Done)
}

/// Signs an answer and leaves it where the gateway finds it.
pub(crate) fn answer(args: &args::Answer, answer: Answer) -> Result<Exit, Failure> {
    let ticket = Ticket::parse(&args.ticket)?;
    let key = keys::read_signing_key(&args.key)?;
    let store = ApprovalStore::open(&args.store)?;
    let request = store.request(ticket)?;
    // What is signed is shown first: an answer to something unseen is no answer.
    for line in request.display().lines() {
        render::line(&format!("  {line}"))?;
    }
    let statement = request.statement(&args.approver, answer, args.comment.as_deref());
    let signed = statement.sign(key.key())?;
    let stored = StoredAnswer { signed, comment: args.comment.clone() };
    store.answer(ticket, &stored)?;
    let word = match answer {
        Answer::Approve => "approved",
        Answer::Deny => "denied",
    };
    render::line(&format!("{ticket} {word} by {}", args.approver))?;
    Ok(Exit::Done)
}
