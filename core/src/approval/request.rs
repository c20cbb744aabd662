//! A held command: what was asked, by whom, under which bundle, and the text for the approvers.

use std::collections::BTreeMap;
use std::fmt;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::approval::action::{BoundCommand, BoundContext, Param};
use crate::approval::display::{Frame, Hidden, compose, display_hash};
use crate::approval::error::ApprovalError;
use crate::approval::id::{Instance, Nonce, Salt, Ticket};
use crate::approval::roster::{MAX_SPECS_OF_A_REQUEST, Roster};
use crate::approval::statement::{
    Answer, Audience, Class, Quorum, Requester, Statement, comment_hash, digest, timestamp,
};
use crate::crypto::json;
use crate::limits::MAX_APPROVAL_SECONDS;
use crate::primitives::{Digest, Span, Timestamp};

/// Random bytes that one request needs: ticket 16, instance 16, nonce 32, salt 32.
pub const REQUEST_RANDOM_BYTES: usize = 96;

/// Bytes of a name or line beside the command: who, where, which rule, what effect.
const MAX_LINE_BYTES: usize = 1024;

/// Rules, effects, parameters of one request.
const MAX_LINES: usize = 1024;

/// What the caller knows when a decision asks for approval.
#[derive(Clone, Debug)]
pub struct Asked {
    /// The decision in the log.
    pub decision_id: String,
    /// Who asked.
    pub requester: Requester,
    /// Origin of the log into which the use of the approval will be written.
    pub log: String,
    /// What would run.
    pub command: BoundCommand,
    /// Ids of the rules that asked, for the approver to read.
    pub rules: Vec<String>,
    /// What the command would do, a line each, for the approver to read. Without values.
    pub effects: Vec<String>,
    /// Names of the approval specs; all of them must be met.
    pub specs: Vec<String>,
    /// The bundle that asked.
    pub bundle_digest: Digest,
}

/// A request for approval. The agent gets its [`ticket`](Self::ticket) and nothing else of it.
///
/// Holds the raw command: `Debug` shows lengths only, and there is no `Serialize`;
/// [`to_stored`](Self::to_stored) is for the store alone.
#[derive(Clone)]
pub struct ApprovalRequest {
    ticket: Ticket,
    instance: Instance,
    nonce: Nonce,
    salt: Salt,
    asked: Asked,
    hidden: Vec<Vec<Hidden>>,
    created: Timestamp,
    expires: Timestamp,
    quorum: Quorum,
    break_glass: bool,
    action_hash: Digest,
    display: String,
    display_hash: Digest,
}

impl ApprovalRequest {
    /// Holds a command.
    ///
    /// - `roster`: specs and approvers of the bundle that asked.
    /// - `random`: [`REQUEST_RANDOM_BYTES`] bytes from a cryptographic source, used for this request only.
    /// - `detect`: finds the values that approvers must not see, in the command and in each
    ///   parameter; `None` if it failed. It gets bytes and answers spans of these bytes.
    ///
    /// # Errors
    /// Nothing is held, so the command is denied: [`ApprovalError::UnknownSpec`],
    /// [`ApprovalError::Unsatisfiable`] if not even all eligible people were enough,
    /// [`ApprovalError::DisplayTooLarge`], [`ApprovalError::DisplayFailed`].
    ///
    /// # Examples
    /// See [`Hold`](crate::approval::Hold).
    pub fn new(
        mut asked: Asked,
        roster: &Roster,
        random: &[u8; REQUEST_RANDOM_BYTES],
        now: Timestamp,
        mut detect: impl FnMut(&[u8]) -> Option<Vec<Hidden>>,
    ) -> Result<Self, ApprovalError> {
        asked.specs.sort();
        asked.specs.dedup();
        let mut ids = Random { rest: random };
        let seconds = asked.specs.iter().try_fold(MAX_APPROVAL_SECONDS, |shortest, id| {
            Ok::<_, ApprovalError>(shortest.min(roster.spec(id)?.expires_in_seconds))
        })?;
        let mut hidden = vec![detect(&asked.command.bytes).ok_or(ApprovalError::DisplayFailed)?];
        for param in &asked.command.params {
            hidden.push(detect(param.bytes()).ok_or(ApprovalError::DisplayFailed)?);
        }
        let eligible = roster.eligible(&asked.specs, &asked.requester)?;
        if !roster.filled(&asked.specs, &eligible)? {
            return Err(ApprovalError::Unsatisfiable);
        }
        let mut places = 0u32;
        for id in &asked.specs {
            places = roster
                .spec(id)?
                .stages
                .iter()
                .fold(places, |sum, stage| sum.saturating_add(stage.min));
        }
        let people = u32::try_from(eligible.len()).unwrap_or(u32::MAX);
        let parts = Parts {
            ticket: Ticket::from_bytes(ids.draw()),
            instance: Instance::from_bytes(ids.draw()),
            nonce: Nonce::from_bytes(ids.draw()),
            salt: Salt::from_bytes(ids.draw()),
            hidden,
            created: now,
            expires: after(now, seconds),
            quorum: Quorum { m: places, n: people, specs: asked.specs.clone() },
            break_glass: roster.is_break_glass(&asked.specs)?,
            asked,
        };
        parts.finish()
    }

    /// The handle for the agent.
    #[must_use]
    pub const fn ticket(&self) -> Ticket {
        self.ticket
    }

    /// The ceremony's id.
    #[must_use]
    pub const fn instance(&self) -> Instance {
        self.instance
    }

    /// The random part that answers repeat.
    #[must_use]
    pub const fn nonce(&self) -> Nonce {
        self.nonce
    }

    /// The decision that asked.
    #[must_use]
    pub fn decision_id(&self) -> &str {
        &self.asked.decision_id
    }

    /// Who asked.
    #[must_use]
    pub const fn requester(&self) -> &Requester {
        &self.asked.requester
    }

    /// What would run. Secret: not for approvers, who read [`display`](Self::display).
    #[must_use]
    pub const fn command(&self) -> &BoundCommand {
        &self.asked.command
    }

    /// Where answers count.
    #[must_use]
    pub fn audience(&self) -> Audience {
        Audience {
            log: self.asked.log.clone(),
            resource_kind: self.asked.command.resource_kind.clone(),
            resource_name: self.asked.command.resource_name.clone(),
        }
    }

    /// The bundle that asked.
    #[must_use]
    pub const fn bundle_digest(&self) -> Digest {
        self.asked.bundle_digest
    }

    /// Names of the specs, sorted.
    #[must_use]
    pub fn specs(&self) -> &[String] {
        &self.asked.specs
    }

    /// How many people it takes.
    #[must_use]
    pub const fn quorum(&self) -> &Quorum {
        &self.quorum
    }

    /// Whether a spec for emergencies is among the specs.
    #[must_use]
    pub const fn is_break_glass(&self) -> bool {
        self.break_glass
    }

    /// When it was made.
    #[must_use]
    pub const fn created(&self) -> Timestamp {
        self.created
    }

    /// When it counts as denied.
    #[must_use]
    pub const fn expires(&self) -> Timestamp {
        self.expires
    }

    /// The digest of what would run.
    #[must_use]
    pub const fn action_hash(&self) -> Digest {
        self.action_hash
    }

    /// The digest of what approvers read.
    #[must_use]
    pub const fn display_hash(&self) -> Digest {
        self.display_hash
    }

    /// The text for approvers: complete, escaped, detected values as typed placeholders.
    #[must_use]
    pub fn display(&self) -> &str {
        &self.display
    }

    /// The salt of this request's hashes.
    #[must_use]
    pub const fn salt(&self) -> &Salt {
        &self.salt
    }

    /// The statement of one approver about this request, ready to be signed.
    ///
    /// Show [`display`](Self::display) to the approver first: the statement says that they saw it.
    #[must_use]
    pub fn statement(&self, approver: &str, answer: Answer, comment: Option<&str>) -> Statement {
        Statement {
            v: 1,
            class: Class::Key,
            decision_id: self.asked.decision_id.clone(),
            instance: self.instance,
            action_hash: self.action_hash,
            display_hash: self.display_hash,
            bundle_digest: self.asked.bundle_digest,
            requester: self.asked.requester.clone(),
            audience: self.audience(),
            approver: approver.to_owned(),
            verdict: answer,
            not_before: self.created,
            expires: self.expires,
            nonce: self.nonce,
            quorum: self.quorum.clone(),
            comment_hash: comment.map(|comment| comment_hash(&self.salt, comment)),
        }
    }

    /// Whether a statement is about this request and nothing else, field by field.
    pub(crate) fn check_binding(&self, statement: &Statement) -> Result<(), ApprovalError> {
        let wrong = |equal: bool, error: ApprovalError| if equal { Ok(()) } else { Err(error) };
        let ours = statement.instance == self.instance
            && statement.nonce == self.nonce
            && statement.decision_id == self.asked.decision_id;
        wrong(ours, ApprovalError::Instance)?;
        wrong(statement.action_hash == self.action_hash, ApprovalError::Action)?;
        wrong(statement.display_hash == self.display_hash, ApprovalError::Display)?;
        wrong(statement.bundle_digest == self.asked.bundle_digest, ApprovalError::Bundle)?;
        wrong(statement.audience == self.audience(), ApprovalError::Audience)?;
        wrong(statement.requester == self.asked.requester, ApprovalError::Requester)?;
        wrong(statement.quorum == self.quorum, ApprovalError::Quorum)?;
        let inside = self.created <= statement.not_before && statement.expires <= self.expires;
        wrong(inside, ApprovalError::Window)
    }

    /// The form for the store. It holds the raw command and the salt: keep it private, and erase
    /// it when the request is settled.
    #[must_use]
    pub fn to_stored(&self) -> Zeroizing<Vec<u8>> {
        Zeroizing::new(serde_json::to_vec(&Stored::of(self)).unwrap_or_default())
    }

    /// Reads what [`to_stored`](Self::to_stored) wrote.
    ///
    /// # Errors
    /// [`ApprovalError::Damaged`] (`APR031`): another form, or hashes and text that do not follow
    /// from the rest.
    pub fn from_stored(bytes: &[u8]) -> Result<Self, ApprovalError> {
        let value = json::parse_strict(bytes).map_err(|_| ApprovalError::Damaged)?;
        let stored: Stored = serde_json::from_value(value).map_err(|_| ApprovalError::Damaged)?;
        stored.read()
    }
}

impl fmt::Debug for ApprovalRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ApprovalRequest({}, {:?})", self.ticket, self.asked.command)
    }
}

/// `seconds` later.
pub(crate) fn after(moment: Timestamp, seconds: u64) -> Timestamp {
    moment.plus_seconds(i64::try_from(seconds).unwrap_or(i64::MAX))
}

/// Cuts the caller's random bytes into ids.
struct Random<'a> {
    rest: &'a [u8],
}

impl Random<'_> {
    fn draw<const N: usize>(&mut self) -> [u8; N] {
        let mut out = [0; N];
        // INVARIANT: REQUEST_RANDOM_BYTES is the sum of what is drawn, so nothing runs short.
        if let Some((first, rest)) = self.rest.split_at_checked(N) {
            out.iter_mut().zip(first).for_each(|(to, from)| *to = *from);
            self.rest = rest;
        }
        out
    }
}

/// A request before its hashes and its text are computed.
struct Parts {
    ticket: Ticket,
    instance: Instance,
    nonce: Nonce,
    salt: Salt,
    asked: Asked,
    hidden: Vec<Vec<Hidden>>,
    created: Timestamp,
    expires: Timestamp,
    quorum: Quorum,
    break_glass: bool,
}

impl Parts {
    fn finish(self) -> Result<ApprovalRequest, ApprovalError> {
        let asked = &self.asked;
        let lists = [&asked.rules, &asked.effects, &asked.specs];
        let short = lists.iter().all(|list| list.len() <= MAX_LINES)
            && lists.into_iter().flatten().all(|line| line.len() <= MAX_LINE_BYTES)
            && [&asked.decision_id, &asked.log, &asked.requester.id]
                .into_iter()
                .chain(&asked.requester.delegator)
                .all(|line| line.len() <= MAX_LINE_BYTES)
            && asked.specs.len() <= MAX_SPECS_OF_A_REQUEST
            && asked.command.params.len() <= MAX_LINES;
        if !short {
            return Err(ApprovalError::DisplayTooLarge);
        }
        let frame = Frame {
            requester: &asked.requester.id,
            delegator: asked.requester.delegator.as_deref(),
            log: &asked.log,
            rules: &asked.rules,
            specs: &asked.specs,
            effects: &asked.effects,
            break_glass: self.break_glass,
            created: self.created,
            expires: self.expires,
        };
        let display = compose(&frame, &asked.command, &self.hidden)?;
        Ok(ApprovalRequest {
            action_hash: asked.command.action_hash(&self.salt),
            display_hash: display_hash(&display),
            display,
            ticket: self.ticket,
            instance: self.instance,
            nonce: self.nonce,
            salt: self.salt,
            asked: self.asked,
            hidden: self.hidden,
            created: self.created,
            expires: self.expires,
            quorum: self.quorum,
            break_glass: self.break_glass,
        })
    }
}

/// The stored form (`docs/spec/approvals.md`).
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Stored {
    v: u8,
    ticket: String,
    instance: String,
    nonce: String,
    salt: String,
    decision_id: String,
    requester: Requester,
    log: String,
    protocol: String,
    resource_kind: String,
    resource_name: String,
    bytes: String,
    params: Vec<StoredParam>,
    context: StoredContext,
    rules: Vec<String>,
    effects: Vec<String>,
    #[serde(deserialize_with = "digest")]
    bundle_digest: Digest,
    hidden: Vec<Vec<(u32, u32, String)>>,
    #[serde(deserialize_with = "timestamp")]
    created: Timestamp,
    #[serde(deserialize_with = "timestamp")]
    expires: Timestamp,
    quorum: Quorum,
    break_glass: bool,
    #[serde(deserialize_with = "digest")]
    action_hash: Digest,
    #[serde(deserialize_with = "digest")]
    display_hash: Digest,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "snake_case")]
enum StoredParam {
    Null,
    Bool(bool),
    Number(String),
    Text(String),
    Bytes(String),
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct StoredContext {
    database: Option<String>,
    search_path: Option<Vec<String>>,
    role: Option<String>,
    parser_state: BTreeMap<String, String>,
    cwd: Option<String>,
    kube_context: Option<String>,
}

impl Stored {
    fn of(request: &ApprovalRequest) -> Self {
        let ApprovalRequest { asked, .. } = request;
        let command = &asked.command;
        let context = command.context.clone();
        let param = |param: &Param| match param {
            Param::Null => StoredParam::Null,
            Param::Bool(value) => StoredParam::Bool(*value),
            Param::Number(text) => StoredParam::Number(text.clone()),
            Param::Text(text) => StoredParam::Text(text.clone()),
            Param::Bytes(bytes) => StoredParam::Bytes(STANDARD.encode(bytes)),
        };
        let offset = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
        let hidden = |part: &Hidden| {
            (offset(part.span().start()), offset(part.span().end()), part.kind().to_owned())
        };
        Self {
            v: 1,
            ticket: request.ticket.to_string(),
            instance: request.instance.to_string(),
            nonce: request.nonce.to_string(),
            salt: request.salt.to_hex(),
            decision_id: asked.decision_id.clone(),
            requester: asked.requester.clone(),
            log: asked.log.clone(),
            protocol: command.protocol.clone(),
            resource_kind: command.resource_kind.clone(),
            resource_name: command.resource_name.clone(),
            bytes: STANDARD.encode(&command.bytes),
            params: command.params.iter().map(param).collect(),
            context: StoredContext {
                database: context.database,
                search_path: context.search_path,
                role: context.role,
                parser_state: context.parser_state,
                cwd: context.cwd,
                kube_context: context.kube_context,
            },
            rules: asked.rules.clone(),
            effects: asked.effects.clone(),
            bundle_digest: asked.bundle_digest,
            hidden: request.hidden.iter().map(|list| list.iter().map(hidden).collect()).collect(),
            created: request.created,
            expires: request.expires,
            quorum: request.quorum.clone(),
            break_glass: request.break_glass,
            action_hash: request.action_hash,
            display_hash: request.display_hash,
        }
    }

    fn read(self) -> Result<ApprovalRequest, ApprovalError> {
        let damaged = |_| ApprovalError::Damaged;
        let decode = |text: &str| STANDARD.decode(text).map_err(|_| ApprovalError::Damaged);
        let param = |param: StoredParam| {
            Ok(match param {
                StoredParam::Null => Param::Null,
                StoredParam::Bool(value) => Param::Bool(value),
                StoredParam::Number(text) => Param::Number(text),
                StoredParam::Text(text) => Param::Text(text),
                StoredParam::Bytes(text) => Param::Bytes(decode(&text)?),
            })
        };
        let hidden = |list: &Vec<(u32, u32, String)>| {
            list.iter()
                .map(|(start, end, kind)| Hidden::new(Span::new(*start, *end), kind))
                .collect()
        };
        let command = BoundCommand {
            protocol: self.protocol,
            resource_kind: self.resource_kind,
            resource_name: self.resource_name,
            bytes: decode(&self.bytes)?,
            params: self.params.into_iter().map(param).collect::<Result<_, _>>()?,
            context: BoundContext {
                database: self.context.database,
                search_path: self.context.search_path,
                role: self.context.role,
                parser_state: self.context.parser_state,
                cwd: self.context.cwd,
                kube_context: self.context.kube_context,
            },
        };
        let parts = Parts {
            ticket: Ticket::parse(&self.ticket).map_err(damaged)?,
            instance: Instance::parse(&self.instance).map_err(damaged)?,
            nonce: Nonce::parse(&self.nonce).map_err(damaged)?,
            salt: Salt::parse(&self.salt).ok_or(ApprovalError::Damaged)?,
            hidden: self.hidden.iter().map(hidden).collect::<Result<_, _>>().map_err(damaged)?,
            created: self.created,
            expires: self.expires,
            break_glass: self.break_glass,
            asked: Asked {
                decision_id: self.decision_id,
                requester: self.requester,
                log: self.log,
                command,
                rules: self.rules,
                effects: self.effects,
                specs: self.quorum.specs.clone(),
                bundle_digest: self.bundle_digest,
            },
            quorum: self.quorum,
        };
        let request = parts.finish().map_err(damaged)?;
        let consistent = self.v == 1
            && request.action_hash == self.action_hash
            && request.display_hash == self.display_hash;
        if consistent { Ok(request) } else { Err(ApprovalError::Damaged) }
    }
}
