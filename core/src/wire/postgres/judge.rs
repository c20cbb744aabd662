//! Who decides: what a session asks of its embedder.

use std::sync::Arc;

use crate::approval::{Param, Ticket};
use crate::audit::Event;
use crate::engine::{Decided, Engine};
use crate::facts::Facts;
use crate::primitives::Timestamp;
use crate::request::Enforces;
use crate::schema::SqlSession;
use crate::wire::WireError;
use crate::wire::postgres::Counts;

/// A command that waits for its decision.
pub struct Asked<'a> {
    /// The exact text.
    pub bytes: &'a [u8],
    /// What it would do.
    pub facts: &'a Arc<Facts>,
    /// Its bound parameters.
    pub params: &'a [Param],
    /// Types of the parameters as OIDs, as far as the client named them; 0 leaves it to the server.
    /// They decide which functions and operators run.
    pub types: &'a [u32],
    /// The session in which it would run.
    pub session: &'a SqlSession,
    /// Another number after every change of the session, but for the names of statements and
    /// cursors.
    pub session_version: u64,
    /// What the session did so far.
    pub counts: Counts,
    /// What the session can enforce of this command.
    pub enforces: Enforces,
    /// The time.
    pub now: Timestamp,
}

impl std::fmt::Debug for Asked<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Asked({} bytes, {} params)", self.bytes.len(), self.params.len())
    }
}

/// A decision, and what is to happen.
#[derive(Clone, Debug)]
pub struct Judgement {
    /// The decision's id in the log.
    pub id: Arc<str>,
    /// Facts and decision.
    pub decided: Arc<Decided>,
    /// The engine that decided: it knows the masks of the decision.
    pub engine: Engine,
    /// The event that must be in the log before anything is forwarded; `None` where it is there
    /// already.
    pub event: Option<Event>,
    /// What is to happen.
    pub step: JudgedStep,
}

/// What is to happen with a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum JudgedStep {
    /// Forward it, with its obligations.
    Forward,
    /// Hold it: people are asked under this ticket.
    Held(Ticket),
    /// Refuse it, with one line for the agent.
    Refused(String),
}

/// Decides, holds, and makes events: the embedder's side of a session.
///
/// Every failure refuses: a session whose judge fails forwards nothing more.
pub trait Judge {
    /// Whether the bundle would deny a command of these facts whatever its parameters are. Nothing
    /// is logged.
    fn would_deny(&mut self, asked: &Asked<'_>) -> bool;

    /// Decides about a command that is about to run.
    ///
    /// # Errors
    /// The decision could not be made an event, or could not be held.
    fn judge(&mut self, asked: &Asked<'_>) -> Result<Judgement, WireError>;

    /// Asks again about a command that is held: still held, approved (and then used up), or
    /// refused.
    ///
    /// # Errors
    /// As [`judge`](Self::judge).
    fn resume(&mut self, ticket: Ticket, asked: &Asked<'_>) -> Result<Judgement, WireError>;

    /// Whether anything about a held command may have changed since it was last asked about.
    fn has_news(&mut self, ticket: Ticket) -> bool;

    /// A held command is not wanted any more.
    fn withdraw(&mut self, ticket: Ticket);
}
