//! Hold, answer, expire, resume: an answer is bound to the digest of the exact command.
//!
//! A command that needs approval becomes an [`ApprovalRequest`]; the agent gets its [`Ticket`].
//! People read [`ApprovalRequest::display`] and sign a [`Statement`]; a [`Hold`] counts them. When the
//! agent comes back, [`Hold::resume`] checks that the same bytes are presented and that the bundle in
//! force asks for nothing more, and [`Cleared::consume`] gives the one [`Granted`] that lets them run.
//!
//! No clock, no randomness, no files here: times and random bytes are arguments, and single use is
//! decided by the caller's [`ReplayStore`]. Every doubt holds the command. The forms and the rules
//! are specified in `docs/spec/approvals.md`.

mod action;
mod display;
mod error;
mod event;
mod hold;
mod id;
mod request;
mod resume;
mod roster;
mod statement;
#[cfg(test)]
mod tests;

pub use action::{ActionHasher, BoundCommand, BoundContext, Param};
pub use display::{Hidden, MAX_DISPLAY_BYTES, escape};
pub use error::ApprovalError;
pub use event::{Answered, Closed, Closing, Consumed, Requested};
pub use hold::{Hold, HoldState, MAX_ANSWERS};
pub use id::{Instance, Nonce, Salt, Ticket};
pub use request::{ApprovalRequest, Asked, REQUEST_RANDOM_BYTES};
pub use resume::{Cleared, ConsumeError, Granted, Presented, Redecision, ReplayStore};
pub use roster::{MAX_SPECS_OF_A_REQUEST, Roster};
pub use statement::{
    Answer, Audience, Class, MAX_STATEMENT_BYTES, Quorum, Requester, SIGNATURE_PREFIX,
    SignedStatement, Statement, comment_hash,
};
