//! What JavaScript hands over: bytes, and objects as JSON texts.

use placet::command::Protocol;
use placet::primitives::Timestamp;
use placet::request::{Context, Enforces, Principal, Request, Resource, Session};
use placet::schema::{Catalog, SqlSession};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::failure::Failure;

/// The first bytes of a buffer: JavaScript writes texts into one that is larger.
pub(crate) fn first(bytes: &[u8], length: u32) -> &[u8] {
    let length = usize::try_from(length).unwrap_or(usize::MAX);
    bytes.get(..length).unwrap_or(bytes)
}

/// A value as JSON text.
pub(crate) fn json(value: &impl Serialize) -> napi::Result<String> {
    serde_json::to_string(value).map_err(|_| {
        Failure::new("API009", "the answer cannot be written as JSON", "report it").into()
    })
}

/// The protocol of this name.
pub(crate) fn protocol(name: &str) -> Result<Protocol, Failure> {
    Protocol::parse(name).ok_or_else(|| {
        let names: Vec<&str> = Protocol::all().map(Protocol::name).collect();
        let help = format!("use one of: {}", names.join(" "));
        Failure::new("API008", "no protocol has this name", help)
    })
}

/// A catalog snapshot.
pub(crate) fn catalog(text: &str) -> Result<Catalog, Failure> {
    serde_json::from_str(text).map_err(|_| Failure::object("catalog"))
}

/// An instant in RFC 3339.
pub(crate) fn timestamp(text: &str) -> Result<Timestamp, Failure> {
    let help = "write it as RFC 3339";
    Timestamp::parse(text).ok_or_else(|| Failure::new("API014", "not a time", help))
}

/// Milliseconds since 1970 from JavaScript; not a number where the time is not known.
pub(crate) fn millis(now: f64) -> Context {
    // Whole and within 53 bits: JavaScript's own clock gives no others.
    #[expect(clippy::cast_possible_truncation, reason = "checked to be within an i64")]
    let now = (now.abs() <= MAX_SAFE).then_some(now as i64);
    Context { now: now.map(Timestamp::from_unix_millis) }
}

/// The largest number below which JavaScript counts exactly.
const MAX_SAFE: f64 = 9_007_199_254_740_991.0;

/// A session object: the state that SQL is read under, and the labels and counters for policy.
pub(crate) fn sessions(mut whole: Value) -> Result<(SqlSession, Session), Failure> {
    let refused = || Failure::object("session");
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

/// Who asks, on what, in which session: everything of a question but the command and the time.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Asker {
    principal: Value,
    resource: Value,
    #[serde(default)]
    session: Option<Value>,
    #[serde(default)]
    enforces: Option<Value>,
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Enforced {
    Mask,
    Limit,
    Approve,
}

impl Asker {
    /// The asker in a JSON text.
    pub(crate) fn parse(text: &str) -> Result<(SqlSession, Request), Failure> {
        let asker: Self = serde_json::from_str(text).map_err(|_| Failure::object("options"))?;
        let principal: Principal =
            serde_json::from_value(asker.principal).map_err(|_| Failure::object("principal"))?;
        let resource: Resource =
            serde_json::from_value(asker.resource).map_err(|_| Failure::object("resource"))?;
        let (sql, session) = match asker.session {
            Some(object) => sessions(object)?,
            None => (SqlSession::server_defaults(), Session::default()),
        };
        let enforces = match asker.enforces {
            None => Enforces::ALL,
            Some(list) => {
                let list: Vec<Enforced> =
                    serde_json::from_value(list).map_err(|_| Failure::object("list `enforces`"))?;
                Enforces {
                    mask: list.contains(&Enforced::Mask),
                    limit: list.contains(&Enforced::Limit),
                    approve: list.contains(&Enforced::Approve),
                }
            }
        };
        let context = Context::default();
        Ok((sql, Request { principal, resource, session, context, enforces }))
    }
}
