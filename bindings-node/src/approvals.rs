//! Approvals by themselves: what is bound, what is shown, which answers count.

use std::collections::BTreeMap;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use napi_derive::napi;
use placet::approval::{
    ApprovalRequest, BoundCommand, BoundContext, Hold, Param, Roster, Salt, SignedStatement,
};
use placet::schema::{ApprovalKind, ApprovalSpec, ApprovalStage, Approver};
use serde::Deserialize;
use serde_json::json;

use crate::failure::Failure;
use crate::input::{json as to_json, timestamp};

/// Bytes as approvers are shown them: nothing moves a cursor or passes for something else.
#[napi(catch_unwind)]
pub fn escape(bytes: &[u8]) -> String {
    placet::approval::escape(bytes)
}

/// A bound parameter: one key, which is its type.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "snake_case")]
pub(crate) enum ParamForm {
    Null(bool),
    Bool(bool),
    Number(String),
    Text(String),
    /// In base64.
    Bytes(String),
}

impl ParamForm {
    pub(crate) fn read(self) -> Result<Param, Failure> {
        Ok(match self {
            Self::Null(true) => Param::Null,
            Self::Null(false) => return Err(Failure::object("parameter")),
            Self::Bool(value) => Param::Bool(value),
            Self::Number(text) => Param::Number(text),
            Self::Text(text) => Param::Text(text),
            Self::Bytes(text) => Param::Bytes(base64(&text)?),
        })
    }
}

fn base64(text: &str) -> Result<Vec<u8>, Failure> {
    STANDARD.decode(text).map_err(|_| {
        Failure::new("API007", "the bytes are not base64", "use the standard alphabet, padded")
    })
}

/// What else decides what the same bytes mean.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct ContextForm {
    database: Option<String>,
    search_path: Option<Vec<String>>,
    role: Option<String>,
    parser_state: BTreeMap<String, String>,
    cwd: Option<String>,
    kube_context: Option<String>,
}

impl ContextForm {
    fn read(self) -> BoundContext {
        let Self { database, search_path, role, parser_state, cwd, kube_context } = self;
        BoundContext { database, search_path, role, parser_state, cwd, kube_context }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CommandForm {
    protocol: String,
    resource_kind: String,
    resource_name: String,
    bytes: String,
    #[serde(default)]
    params: Vec<ParamForm>,
    #[serde(default)]
    context: ContextForm,
}

/// The salted hash that an approval is bound to.
///
/// # Errors
/// `API007`, `API010`.
#[napi(catch_unwind)]
pub fn action_hash(command: String, salt: &[u8]) -> napi::Result<String> {
    let command: CommandForm =
        serde_json::from_str(&command).map_err(|_| Failure::object("command"))?;
    let salt = <[u8; 32]>::try_from(salt).map_err(|_| Failure::object("salt of 32 bytes"))?;
    let params: Result<Vec<Param>, Failure> =
        command.params.into_iter().map(ParamForm::read).collect();
    let command = BoundCommand {
        protocol: command.protocol,
        resource_kind: command.resource_kind,
        resource_name: command.resource_name,
        bytes: base64(&command.bytes)?,
        params: params?,
        context: command.context.read(),
    };
    Ok(command.action_hash(&Salt::from_bytes(salt)).to_string())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Ceremony {
    /// The request as it is stored.
    request: String,
    specs: Vec<SpecForm>,
    approvers: Vec<ApproverForm>,
    answers: Vec<String>,
    now: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SpecForm {
    id: String,
    any_of: Vec<String>,
    min: u32,
    expires_in_seconds: u64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ApproverForm {
    id: String,
    groups: Vec<String>,
    keys: Vec<String>,
}

/// Judges the answers to a stored request under these specs and people: `{"display", "state",
/// "answers": [null | {code, message, help}]}`.
///
/// # Errors
/// `APR` codes where the request or the specs cannot be used.
#[napi(catch_unwind)]
pub fn judge(ceremony: String) -> napi::Result<String> {
    let Ceremony { request, specs, approvers, answers, now } =
        serde_json::from_str(&ceremony).map_err(|_| Failure::object("ceremony"))?;
    let spec = |spec: SpecForm| ApprovalSpec {
        id: spec.id,
        about: None,
        kind: ApprovalKind::Normal,
        stages: vec![ApprovalStage { any_of: spec.any_of, min: spec.min }],
        distinct: true,
        not: Vec::new(),
        expires_in_seconds: spec.expires_in_seconds,
    };
    let person =
        |person: ApproverForm| Approver { id: person.id, groups: person.groups, keys: person.keys };
    let specs: Vec<_> = specs.into_iter().map(spec).collect();
    let people: Vec<_> = approvers.into_iter().map(person).collect();
    let roster = Arc::new(Roster::new(&specs, &people).map_err(Failure::from)?);
    let request = ApprovalRequest::from_stored(request.as_bytes()).map_err(Failure::from)?;
    let now = timestamp(&now)?;
    let display = request.display().to_owned();
    let mut hold = Hold::new(request, roster).map_err(Failure::from)?;
    let mut taken = Vec::new();
    for answer in answers {
        let answer = SignedStatement::parse(answer.as_bytes());
        taken.push(answer.and_then(|answer| hold.answer(answer, now)).err().map(Failure::from));
    }
    to_json(&json!({ "display": display, "state": hold.state(now).name(), "answers": taken }))
}
