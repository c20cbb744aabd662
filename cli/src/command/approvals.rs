//! `placet approvals`, `approve`, `deny`: people answer held requests.

use placet::approval::{Answer, ApprovalError, Ticket};
use placet_store::{ApprovalStore, ApprovalStoreError, StoredAnswer, keys};
use serde::Serialize;

use crate::args;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::{files, render};

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
    let store = ApprovalStore::open(&args.store).map_err(|error| files::store(&error))?;
    let tickets = store.tickets().map_err(|error| files::store(&error))?;
    let mut held = Vec::new();
    for ticket in tickets {
        let request = store.request(ticket).map_err(|error| store_complaint(&error))?;
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
    let ticket = Ticket::parse(&args.ticket).map_err(|error| complaint(&error))?;
    let key = keys::read_signing_key(&args.key).map_err(|error| files::store(&error))?;
    let store = ApprovalStore::open(&args.store).map_err(|error| files::store(&error))?;
    let request = store.request(ticket).map_err(|error| store_complaint(&error))?;
    // What is signed is shown first: an answer to something unseen is no answer.
    for line in request.display().lines() {
        render::line(&format!("  {line}"))?;
    }
    let statement = request.statement(&args.approver, answer, args.comment.as_deref());
    let signed = statement.sign(key.key()).map_err(|error| complaint(&error))?;
    let stored = StoredAnswer { signed, comment: args.comment.clone() };
    store.answer(ticket, &stored).map_err(|error| store_complaint(&error))?;
    let word = match answer {
        Answer::Approve => "approved",
        Answer::Deny => "denied",
    };
    render::line(&format!("{ticket} {word} by {}", args.approver))?;
    Ok(Exit::Done)
}

fn complaint(error: &ApprovalError) -> Failure {
    Failure::new(error.code(), error.to_string(), error.help())
}

fn store_complaint(error: &ApprovalStoreError) -> Failure {
    Failure::new(error.code(), error.to_string(), error.help())
}
