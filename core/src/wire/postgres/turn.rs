//! What a session wants done after it was fed: first the log, then the bytes.

use std::fmt;

use crate::audit::Event;
use crate::engine::Outcome;
use crate::wire::WireError;

/// What follows from bytes that arrived: events for the log, and bytes for both sides.
///
/// The bytes come out only when the events were taken, to be appended: no action is forwarded
/// before its decision is in the log. When the log does not take them, drop the turn and end the
/// session.
#[must_use = "a turn holds what must be logged and sent"]
#[derive(Default)]
pub struct Turn {
    pub(super) decisions: Vec<Event>,
    pub(super) outcomes: Vec<Outcome>,
    pub(super) out: Out,
}

/// Bytes to send. `Debug` shows their numbers only.
#[derive(Default)]
pub struct Out {
    /// For the server.
    pub to_server: Vec<u8>,
    /// For the client.
    pub to_client: Vec<u8>,
    /// The session is over: send what is there, then close both sides.
    pub close: bool,
}

impl Turn {
    /// Takes the decisions that must be in the log before [`release`](Self::release).
    pub fn take_decisions(&mut self) -> Vec<Event> {
        std::mem::take(&mut self.decisions)
    }

    /// Takes the outcomes, which may reach the log later: [`Outcome::events`] makes events of many.
    pub fn take_outcomes(&mut self) -> Vec<Outcome> {
        std::mem::take(&mut self.outcomes)
    }

    /// Whether nothing has to wait for the log.
    #[must_use]
    pub const fn is_logged(&self) -> bool {
        self.decisions.is_empty()
    }

    /// The bytes, once the decisions were taken.
    ///
    /// # Errors
    /// [`WireError::NotLogged`] (`WIR009`) while decisions are left in it.
    pub fn release(self) -> Result<Out, WireError> {
        if self.is_logged() { Ok(self.out) } else { Err(WireError::NotLogged) }
    }
}

impl fmt::Debug for Turn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Turn")
            .field("decisions", &self.decisions.len())
            .field("outcomes", &self.outcomes.len())
            .field("out", &self.out)
            .finish()
    }
}

impl fmt::Debug for Out {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Out")
            .field("to_server_bytes", &self.to_server.len())
            .field("to_client_bytes", &self.to_client.len())
            .field("close", &self.close)
            .finish()
    }
}
