//! What users hand over: protocols, catalogs, sessions and the bodies of commands.

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use placet::command::Protocol;
use placet::crypto::json::{MAX_JSON_DEPTH, parse_strict_within};
use placet::primitives::Span;
use placet::request::Session;
use placet::schema::{Catalog, SqlSession};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::failure::Failure;
use crate::files;

/// The body of a command: exactly one of the three.
#[derive(Deserialize)]
pub(crate) struct Body {
    pub(crate) text: Option<String>,
    pub(crate) bytes: Option<String>,
    pub(crate) request: Option<Value>,
}

impl Body {
    /// The command's bytes; a structured request as its JSON text.
    pub(crate) fn bytes(self) -> Result<Vec<u8>, Failure> {
        match (self.text, self.bytes, self.request) {
            (Some(text), None, None) => Ok(text.into_bytes()),
            (None, Some(encoded), None) => STANDARD.decode(encoded).map_err(|_| {
                Failure::new("API007", "`bytes` is not base64", "use the standard alphabet, padded")
            }),
            (None, None, Some(request)) => Ok(request.to_string().into_bytes()),
            (None, None, None) => Err(Failure::new(
                "API006",
                "the line holds no command",
                "give `text`, `bytes` (base64) or `request`",
            )),
            (Some(_), Some(_), _) | (Some(_), _, Some(_)) | (_, Some(_), Some(_)) => {
                Err(Failure::new(
                    "API006",
                    "the line holds more than one command",
                    "give one of `text`, `bytes` and `request`",
                ))
            }
        }
    }
}

/// The protocol of this name.
pub(crate) fn protocol(name: &str) -> Result<Protocol, Failure> {
    Protocol::parse(name).ok_or_else(|| {
        let names: Vec<&str> = Protocol::all().map(Protocol::name).collect();
        Failure::new(
            "API008",
            format!("no protocol is called `{}`", name.escape_debug()),
            format!("use one of: {}", names.join(" ")),
        )
    })
}

/// A catalog snapshot from a JSON file.
pub(crate) fn catalog(path: &Path) -> Result<Catalog, Failure> {
    json_file(path, "see docs/spec/facts.md for the catalog object")
}

/// The state of an SQL session from a JSON file; `labels` and `counters` may stand beside it.
pub(crate) fn sql_session(path: &Path) -> Result<SqlSession, Failure> {
    let whole: Value = json_file(path, SESSION_HELP)?;
    let sessions = sessions(whole).map_err(|error| error.in_file(path.display().to_string()));
    sessions.map(|(sql, _)| sql)
}

/// A session object: the state that SQL is read under, and the labels and counters for policy.
pub(crate) fn sessions(mut whole: Value) -> Result<(SqlSession, Session), Failure> {
    let refused = || Failure::new("API010", "the session object cannot be read", SESSION_HELP);
    let object = whole.as_object_mut().ok_or_else(refused)?;
    let mut session = serde_json::Map::new();
    for key in ["labels", "counters"] {
        session.extend(object.remove(key).map(|value| (key.to_owned(), value)));
    }
    // Without a word about SQL the server's defaults hold; with one, what is absent is unknown.
    let sql = if object.is_empty() {
        SqlSession::server_defaults()
    } else {
        serde_json::from_value(whole).map_err(|_| refused())?
    };
    let session = serde_json::from_value(Value::Object(session)).map_err(|_| refused())?;
    Ok((sql, session))
}

fn json_file<T: DeserializeOwned>(path: &Path, help: &str) -> Result<T, Failure> {
    let bytes = files::read(path)?;
    let name = path.display().to_string();
    // A key that stands twice says two things; a map of no fixed keys would take the last.
    if let Err(error) = parse_strict_within(&bytes, bytes.len(), MAX_JSON_DEPTH)
        && error.code() == "API113"
    {
        let at = error.span().map_or(0, Span::start);
        let message = format!("the file holds one key of an object twice (byte {at})");
        return Err(Failure::new("API010", message, error.help()).in_file(name));
    }
    serde_json::from_slice(&bytes).map_err(|error| {
        // Data errors may quote a value of the file: only the place is told.
        let place = format!("line {}, column {}", error.line(), error.column());
        Failure::new("API010", format!("the file cannot be read as this object ({place})"), help)
            .in_file(name)
    })
}

const SESSION_HELP: &str = "see docs/spec/facts.md for the session object";
