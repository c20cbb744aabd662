//! What the log keeps of a decision and of its outcome.

use serde::Serialize;

use super::Decided;
use crate::audit::{AuditError, Event, EventKind};
use crate::facts::Facts;
use crate::policy::{Decision, Verdict};
use crate::primitives::{Digest, Timestamp};
use crate::request::{Principal, Request, Resource, Session};

/// Who enforces the decision, and how far its word can be trusted (DESIGN: where a promise holds).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Enforcement {
    /// Code in the same process as the agent.
    InProcess,
    /// A process of another user.
    SeparateProcess,
    /// A gateway on another host.
    Gateway,
}

/// How far the name of a principal can be trusted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Authn {
    /// The code that embeds the library says so.
    AssertedByEmbedder,
    /// A token was checked.
    Verified {
        /// Who vouches for it.
        iss: String,
        /// The token's id; never the token.
        jti: String,
    },
}

/// The body of a `decision` event: exactly what the evaluator was given, and its answer. Appended
/// before anything is forwarded.
#[derive(Clone, Debug, Serialize)]
pub struct DecisionEvent<'a> {
    decision_id: &'a str,
    verdict: Verdict,
    /// The decision that this one repeats: of the same principal on the same resource, about a
    /// command of the same facts, with the same answer. What is left out here stands there.
    #[serde(skip_serializing_if = "Option::is_none")]
    same_as: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    enforcement: Option<Enforcement>,
    #[serde(skip_serializing_if = "Option::is_none")]
    authn: Option<&'a Authn>,
    #[serde(skip_serializing_if = "Option::is_none")]
    session: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    principal: Option<&'a Principal>,
    #[serde(skip_serializing_if = "Option::is_none")]
    resource: Option<&'a Resource>,
    session_facts: &'a Session,
    #[serde(skip_serializing_if = "Option::is_none")]
    now: Option<Timestamp>,
    command_bytes: usize,
    /// Salted: the salt lies with the command, so that both can be erased.
    action_hash: Digest,
    #[serde(skip_serializing_if = "Option::is_none")]
    facts: Option<Recorded<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    decision: Option<&'a Decision>,
    #[serde(skip_serializing_if = "Option::is_none")]
    engine: Option<&'static str>,
}

/// Facts, or how large they are where a leaf cannot hold them.
#[derive(Clone, Debug, Serialize)]
#[serde(untagged)]
enum Recorded<'a> {
    Whole(&'a Facts),
    TooLarge { bytes: usize, sha256: Digest },
}

/// Bytes of facts that a leaf holds: the rest of a leaf is the request and the decision.
const MAX_FACTS_BYTES: usize = 32 * 1024;

impl<'a> DecisionEvent<'a> {
    /// The event of a decision.
    ///
    /// - `decision_id`: unique in the log.
    /// - `command_bytes`, `action_hash`: length of the command and its salted hash.
    #[must_use]
    pub fn new(
        decided: &'a Decided,
        request: &'a Request,
        decision_id: &'a str,
        enforcement: Enforcement,
        (command_bytes, action_hash): (usize, Digest),
    ) -> Self {
        Self {
            decision_id,
            verdict: decided.decision.verdict,
            same_as: None,
            enforcement: Some(enforcement),
            authn: Some(&Authn::AssertedByEmbedder),
            session: None,
            principal: Some(&request.principal),
            resource: Some(&request.resource),
            session_facts: &request.session,
            now: request.context.now,
            command_bytes,
            action_hash,
            facts: Some(recorded(&decided.facts)),
            decision: Some(&decided.decision),
            engine: Some(env!("CARGO_PKG_VERSION")),
        }
    }

    /// The event of a decision that repeats another one of its log: of the same principal on the
    /// same resource, about a command of the same facts, with the same answer in everything. Only
    /// what may differ is written, and the session facts and the time under which it was decided
    /// again.
    #[must_use]
    pub fn repeated(
        first: &'a str,
        verdict: Verdict,
        request: &'a Request,
        decision_id: &'a str,
        (command_bytes, action_hash): (usize, Digest),
    ) -> Self {
        Self {
            decision_id,
            verdict,
            same_as: Some(first),
            enforcement: None,
            authn: None,
            session: None,
            principal: None,
            resource: None,
            session_facts: &request.session,
            now: request.context.now,
            command_bytes,
            action_hash,
            facts: None,
            decision: None,
            engine: None,
        }
    }

    /// The same event for a principal whose name was established in this way.
    #[must_use]
    pub const fn authn(mut self, authn: &'a Authn) -> Self {
        self.authn = Some(authn);
        self
    }

    /// The same event in this session of the log.
    #[must_use]
    pub const fn in_session(mut self, session: &'a str) -> Self {
        self.session = Some(session);
        self
    }
}

impl DecisionEvent<'_> {
    /// The event for the log.
    ///
    /// # Errors
    /// As [`Event::new`].
    pub fn event(&self, now: Timestamp) -> Result<Event, AuditError> {
        Event::trusted(EventKind::Decision, now, self)
    }
}

impl OutcomeEvent<'_> {
    /// The event for the log.
    ///
    /// # Errors
    /// As [`Event::new`].
    pub fn event(&self, now: Timestamp) -> Result<Event, AuditError> {
        Event::trusted(EventKind::Outcome, now, self)
    }
}

fn recorded(facts: &Facts) -> Recorded<'_> {
    // Facts always serialize; were they ever not to, their absence is told and not hidden.
    let bytes = serde_json::to_vec(facts).unwrap_or_default();
    if (1..=MAX_FACTS_BYTES).contains(&bytes.len()) {
        Recorded::Whole(facts)
    } else {
        Recorded::TooLarge { bytes: bytes.len(), sha256: crate::crypto::sha256(&bytes) }
    }
}

/// What became of a forwarded command.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum OutcomeState {
    /// It ran to its end.
    Completed,
    /// The target refused it or failed.
    Failed,
    /// It was stopped at a limit of rows.
    StoppedAtLimit,
    /// It returned as many rows as were asked for; more may follow under the same decision.
    Suspended,
    /// It never ran: something before it in the same batch failed.
    Skipped,
}

/// The body of an `outcome` event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct OutcomeEvent<'a> {
    /// The decision it belongs to.
    pub decision_id: &'a str,
    /// What became of it.
    pub state: OutcomeState,
    /// Rows that were returned.
    pub rows_out: u64,
    /// Rows that were changed, where the target says so.
    pub rows_changed: Option<u64>,
    /// Cells that masking changed.
    pub masked_cells: u64,
}
