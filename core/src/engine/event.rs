//! What the log keeps of a decision and of its outcome.

use std::sync::Arc;

use serde::Serialize;

use super::Decided;
use crate::audit::line::Line;
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
    enforcement: Enforcement,
    authn: &'a Authn,
    #[serde(skip_serializing_if = "Option::is_none")]
    session: Option<&'a str>,
    principal: &'a Principal,
    resource: &'a Resource,
    session_facts: &'a Session,
    #[serde(skip_serializing_if = "Option::is_none")]
    now: Option<Timestamp>,
    command_bytes: usize,
    /// Salted: the salt lies with the command, so that both can be erased.
    action_hash: Digest,
    facts: Recorded<'a>,
    decision: &'a Decision,
    engine: &'static str,
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
            enforcement,
            authn: &Authn::AssertedByEmbedder,
            session: None,
            principal: &request.principal,
            resource: &request.resource,
            session_facts: &request.session,
            now: request.context.now,
            command_bytes,
            action_hash,
            facts: recorded(&decided.facts),
            decision: &decided.decision,
            engine: env!("CARGO_PKG_VERSION"),
        }
    }

    /// The same event for a principal whose name was established in this way.
    #[must_use]
    pub const fn authn(mut self, authn: &'a Authn) -> Self {
        self.authn = authn;
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

/// The body of a `decision` event that repeats an earlier one of its log: of the same principal on
/// the same resource, about a command of the same facts, with the same answer in everything. What
/// is left out here stands there.
#[derive(Clone, Copy, Debug)]
pub struct RepeatedDecision<'a> {
    /// This decision.
    pub decision_id: &'a str,
    /// Its answer.
    pub verdict: Verdict,
    /// The decision that it repeats.
    pub same_as: &'a str,
    /// The session of the log.
    pub session: &'a str,
    /// Length of the command, in bytes.
    pub command_bytes: usize,
    /// Its salted hash.
    pub action_hash: Digest,
    /// What the session had done, where it is not the same as then in everything that the bundle
    /// looks at.
    pub session_facts: Option<&'a Session>,
}

impl RepeatedDecision<'_> {
    /// The event for the log; decided at `now`.
    #[must_use]
    pub fn event(&self, now: Timestamp) -> Event {
        let mut line = Line::new();
        line.text("decision_id", self.decision_id)
            .text("verdict", self.verdict.name())
            .text("same_as", self.same_as)
            .text("session", self.session)
            .number("command_bytes", u64::try_from(self.command_bytes).unwrap_or(u64::MAX))
            .digest("action_hash", &self.action_hash);
        if let Some(facts) = self.session_facts {
            line.value("session_facts", facts).time("now", now);
        }
        Event::of_line(EventKind::Decision, now, line)
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

impl OutcomeState {
    /// Its word in the log.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::StoppedAtLimit => "stopped_at_limit",
            Self::Suspended => "suspended",
            Self::Skipped => "skipped",
        }
    }
}

/// What became of one decision: the body of an `outcome` event, or one of its list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// The decision that it belongs to.
    pub decision_id: Arc<str>,
    /// What became of it.
    pub state: OutcomeState,
    /// Rows that were returned.
    pub rows_out: u64,
    /// Rows that were changed, where the target says so.
    pub rows_changed: Option<u64>,
    /// Cells that masking changed.
    pub masked_cells: u64,
}

/// Bytes of outcomes that one leaf holds: half of it, and what they are put into.
const MAX_OUTCOMES_BYTES: usize = 32 * 1024;

impl Outcome {
    /// The event of this outcome alone.
    #[must_use]
    pub fn event(&self, now: Timestamp) -> Event {
        let mut line = Line::new();
        self.write(&mut line);
        Event::of_line(EventKind::Outcome, now, line)
    }

    /// The events of some outcomes: one where one leaf holds them all.
    ///
    /// # Examples
    /// ```
    /// # use placet::engine::{Outcome, OutcomeState};
    /// # use placet::primitives::Timestamp;
    /// let ran = |id: &str| Outcome {
    ///     decision_id: id.into(),
    ///     state: OutcomeState::Completed,
    ///     rows_out: 1,
    ///     rows_changed: None,
    ///     masked_cells: 0,
    /// };
    /// let now = Timestamp::parse("2026-11-30T12:00:00Z").unwrap();
    /// assert_eq!(Outcome::events(&[ran("a"), ran("b")], now).len(), 1);
    /// ```
    #[must_use]
    pub fn events(outcomes: &[Self], now: Timestamp) -> Vec<Event> {
        let mut events = Vec::new();
        let mut rest = outcomes;
        while !rest.is_empty() {
            let mut bytes = 0usize;
            let fits = rest.iter().take_while(|outcome| {
                // Escapes make six bytes of one; the other fields have less than 200.
                bytes = bytes.saturating_add(outcome.decision_id.len().saturating_mul(6) + 200);
                bytes <= MAX_OUTCOMES_BYTES
            });
            let (now_fit, later) = rest.split_at(fits.count().max(1));
            events.push(match now_fit {
                [one] => one.event(now),
                many => {
                    let mut line = Line::with_capacity(32 + many.len().saturating_mul(160));
                    line.objects("outcomes", many, Self::write);
                    Event::of_line(EventKind::Outcome, now, line)
                }
            });
            rest = later;
        }
        events
    }

    fn write(&self, line: &mut Line) {
        line.text("decision_id", &self.decision_id)
            .text("state", self.state.name())
            .number("rows_out", self.rows_out)
            .optional("rows_changed", self.rows_changed)
            .number("masked_cells", self.masked_cells);
    }
}
