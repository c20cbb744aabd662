//! Keys, and what is signed with them: notes, and the answers of approvers.

use std::path::Path;

use napi_derive::napi;
use placet::approval::{Answer, ApprovalError, Ticket};
use placet::crypto::{KeyName, NamedSigningKey, NamedVerifyingKey, SigningKey, note};
use placet_store::{ApprovalStore, StoredAnswer, keys, system};

use crate::failure::Failure;

/// Makes a key: the private half into a file for its owner only, the public half beside it. Returns
/// the verifier key.
///
/// # Errors
/// `API101` for the name, `API132` where a file stands already.
#[napi(catch_unwind)]
pub fn new_key(name: String, private: String, public: String) -> napi::Result<String> {
    let name = KeyName::parse(&name).map_err(Failure::from)?;
    let seed = system::seed().map_err(Failure::from)?;
    let key = NamedSigningKey::new(name, SigningKey::from_seed(&seed));
    let verifier = key.verifying_key();
    // The public half first: what fails halfway leaves no private key that nobody knows of.
    keys::write_verifying_key(Path::new(&public), &verifier).map_err(Failure::from)?;
    if let Err(error) = keys::write_signing_key(Path::new(&private), &key) {
        // Made a moment ago, and good for nothing without the other half.
        let _ = std::fs::remove_file(&public);
        return Err(Failure::from(error).into());
    }
    Ok(verifier.to_string())
}

/// Checks the text of a verifier key, and returns its name.
///
/// # Errors
/// `API102` to `API106`.
#[napi(catch_unwind)]
pub fn key_name(text: String) -> napi::Result<String> {
    let key = NamedVerifyingKey::parse(text.trim_end()).map_err(Failure::from)?;
    Ok(key.name().to_string())
}

/// Opens a signed note under a verifier key, and returns its text.
///
/// # Errors
/// `AUD101` to `AUD104`.
#[napi(catch_unwind)]
pub fn open_note(bytes: &[u8], key: String) -> napi::Result<String> {
    let key = keys::read_verifying_key(&key).map_err(Failure::from)?;
    let opened = note::open(bytes, &[key]).map_err(Failure::from)?;
    Ok(opened.text().to_owned())
}

/// Tickets that wait in a store of held requests.
///
/// # Errors
/// `API131`.
#[napi(catch_unwind)]
pub fn held_tickets(store: String) -> napi::Result<Vec<String>> {
    let tickets = open(&store)?.tickets().map_err(Failure::from)?;
    Ok(tickets.iter().map(ToString::to_string).collect())
}

/// What a person is shown before answering.
///
/// # Errors
/// `APR018`, `APR030`, `APR031`.
#[napi(catch_unwind)]
pub fn held_display(store: String, ticket: String) -> napi::Result<String> {
    let ticket = Ticket::parse(&ticket).map_err(Failure::from)?;
    let request = open(&store)?.request(ticket).map_err(Failure::from)?;
    Ok(request.display().to_owned())
}

/// Signs an answer to a held request and leaves it where the gateway finds it.
///
/// # Errors
/// `APR012`, `APR014`, `APR018`, `APR021`; `API` codes for the key's file.
#[napi(catch_unwind)]
pub fn answer(
    store: String,
    ticket: String,
    approver: String,
    key: String,
    approve: bool,
    comment: Option<String>,
) -> napi::Result<()> {
    let ticket = Ticket::parse(&ticket).map_err(Failure::from)?;
    let key = keys::read_signing_key(Path::new(&key)).map_err(Failure::from)?;
    let store = open(&store)?;
    let request = store.request(ticket).map_err(Failure::from)?;
    // The gateway refuses these too; whoever answers should hear it now.
    if system::now() >= request.expires() {
        return Err(Failure::from(ApprovalError::Expired).into());
    }
    if request.requester().is(&approver) {
        return Err(Failure::from(ApprovalError::SelfApproval).into());
    }
    let answer = if approve { Answer::Approve } else { Answer::Deny };
    let statement = request.statement(&approver, answer, comment.as_deref());
    let signed = statement.sign(key.key()).map_err(Failure::from)?;
    Ok(store.answer(ticket, &StoredAnswer { signed, comment }).map_err(Failure::from)?)
}

/// The store, which the guard has made: a slip in the path must not look like nothing waiting.
fn open(store: &str) -> Result<ApprovalStore, Failure> {
    if !Path::new(store).is_dir() {
        let help = "give the directory that the guard uses";
        return Err(Failure::new("API003", "no store of held requests stands there", help));
    }
    Ok(ApprovalStore::open(Path::new(store))?)
}
