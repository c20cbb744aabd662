//! placet for Node: types and errors of the core in Node's words, and nothing else.

use napi::bindgen_prelude::Buffer;
use napi_derive::napi;
use placet::command::Protocol;
use placet::facts::{self, Scope};
use placet::schema::SqlSession;

/// What a command would do, as the JSON text of `docs/spec/facts.md`.
///
/// # Errors
/// `API008` for a protocol that does not exist.
#[napi(catch_unwind)]
pub fn facts_json(protocol: String, command: Buffer) -> napi::Result<String> {
    let protocol = Protocol::parse(&protocol)
        .ok_or_else(|| napi::Error::from_reason("API008: no protocol has this name"))?;
    let session = SqlSession::server_defaults();
    let facts = facts::read(protocol, &command, &Scope { catalog: None, session: &session });
    serde_json::to_string(&facts).map_err(|error| napi::Error::from_reason(error.to_string()))
}
