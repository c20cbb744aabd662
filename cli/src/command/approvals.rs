//! `placet approvals`, `approve`, `deny`: people answer held requests.

use std::path::Path;

use placet::approval::{Answer, ApprovalError, Ticket};
use placet_store::{ApprovalStore, StoredAnswer, keys, system};
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
    expired: bool,
    specs: Vec<String>,
    display: String,
}

/// The store, which the gateway has made: a slip in the path must not look like "0 waiting".
fn open(dir: &Path) -> Result<ApprovalStore, Failure> {
    if !dir.is_dir() {
        let message = "no store of held requests stands there";
        return Err(Failure::new("API003", message, "give the directory that the gateway uses")
            .in_file(dir.display().to_string()));
    }
    Ok(ApprovalStore::open(dir)?)
}

/// Lists the requests that wait. One that cannot be read does not hide the others.
pub(crate) fn list(args: &args::Approvals) -> Result<Exit, Failure> {
    let store = open(&args.store)?;
    let tickets = store.tickets()?;
    let (mut held, mut damaged) = (Vec::new(), 0);
    for ticket in tickets {
        let request = match store.request(ticket) {
            Ok(request) => request,
            Err(error) => {
                damaged += 1;
                render::failure(&Failure::from(error).in_file(ticket.to_string()));
                continue;
            }
        };
        held.push(Held {
            ticket: ticket.to_string(),
            requester: request.requester().id.clone(),
            created: request.created().to_string(),
            expires: request.expires().to_string(),
            expired: system::now() >= request.expires(),
            specs: request.specs().to_vec(),
            display: request.display().to_owned(),
        });
    }
    let exit = if damaged == 0 { Exit::Done } else { Exit::Unreadable };
    if args.json {
        render::json(&held)?;
        return Ok(exit);
    }
    for request in &held {
        let Held { ticket, requester, expires, expired, specs, display, .. } = request;
        let until = if *expired { "OUT OF TIME since" } else { "until" };
        let line = format!("{ticket}  {requester}  {}  {until} {expires}", specs.join(", "));
        render::line(&render::plain(&line))?;
        for line in display.lines() {
            render::line(&format!("  {line}"))?;
        }
    }
    let waiting = held.iter().filter(|request| !request.expired).count();
    render::line(&format!("{waiting} waiting"))?;
    Ok(exit)
}

/// Signs an answer and leaves it where the gateway finds it.
pub(crate) fn answer(args: &args::Answer, answer: Answer) -> Result<Exit, Failure> {
    let ticket = Ticket::parse(&args.ticket)?;
    if args.approver.is_empty() || render::plain(&args.approver) != args.approver {
        let message = "`--as` holds nothing, or characters that nobody sees";
        let help = "give the approver's id as `approvals.toml` has it";
        return Err(Failure::new("API021", message, help));
    }
    let key = keys::read_signing_key(&args.key)?;
    let store = open(&args.store)?;
    let request = store.request(ticket)?;
    // The gateway refuses these too; whoever answers should hear it now.
    if system::now() >= request.expires() {
        return Err(ApprovalError::Expired.into());
    }
    if request.requester().is(&args.approver) {
        return Err(ApprovalError::SelfApproval.into());
    }
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
    let (who, public) = (&args.approver, key.verifying_key());
    render::line(&format!("counts where the bundle lists `{who}` with the key {public}"))?;
    Ok(Exit::Done)
}
