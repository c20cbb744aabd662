//! What the log keeps of an approval: ids, digests and signed statements, never the command.

use serde::Serialize;

use crate::approval::hold::Hold;
use crate::approval::id::{Instance, Nonce, Ticket};
use crate::approval::request::ApprovalRequest;
use crate::approval::statement::{Audience, Quorum, Requester, SignedStatement};
use crate::primitives::{Digest, Timestamp};

/// Body of `approval.requested`: a command is held.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Requested {
    /// The handle.
    pub ticket: Ticket,
    /// The ceremony.
    pub instance: Instance,
    /// The decision that asked.
    pub decision_id: String,
    /// What would run.
    pub action_hash: Digest,
    /// What approvers read.
    pub display_hash: Digest,
    /// The bundle that asked.
    pub bundle_digest: Digest,
    /// Who asked.
    pub requester: Requester,
    /// Where answers count.
    pub audience: Audience,
    /// How many people it takes.
    pub quorum: Quorum,
    /// Whether it is an emergency.
    pub break_glass: bool,
    /// When it was made.
    pub created: Timestamp,
    /// When it counts as denied.
    pub expires: Timestamp,
    /// The random part that answers repeat.
    pub nonce: Nonce,
}

impl Requested {
    /// The event's type.
    pub const TYPE: &'static str = "approval.requested";

    /// The body for a request.
    #[must_use]
    pub fn of(request: &ApprovalRequest) -> Self {
        Self {
            ticket: request.ticket(),
            instance: request.instance(),
            decision_id: request.decision_id().to_owned(),
            action_hash: request.action_hash(),
            display_hash: request.display_hash(),
            bundle_digest: request.bundle_digest(),
            requester: request.requester().clone(),
            audience: request.audience(),
            quorum: request.quorum().clone(),
            break_glass: request.is_break_glass(),
            created: request.created(),
            expires: request.expires(),
            nonce: request.nonce(),
        }
    }
}

/// Body of `approval.answered`: an answer was taken. Approvals and denials both.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Answered {
    /// The handle.
    pub ticket: Ticket,
    /// The whole statement with its signature, for proof without this library.
    pub signed: SignedStatement,
}

impl Answered {
    /// The event's type.
    pub const TYPE: &'static str = "approval.answered";
}

/// How a request ended without a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Closing {
    /// A person denied it.
    Denied,
    /// Its time ran out.
    Expired,
    /// The bundle in force denies the command, or asks for more than was given.
    Void,
    /// Its requester took it back, or went away.
    Withdrawn,
}

/// Body of `approval.closed`: the request ended and nothing ran.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Closed {
    /// The handle.
    pub ticket: Ticket,
    /// The ceremony.
    pub instance: Instance,
    /// The decision that asked.
    pub decision_id: String,
    /// Why it ended.
    pub outcome: Closing,
    /// Approvals that had come until then.
    pub approvals: usize,
}

impl Closed {
    /// The event's type.
    pub const TYPE: &'static str = "approval.closed";

    /// The body for a hold that ended.
    #[must_use]
    pub fn of(hold: &Hold, outcome: Closing) -> Self {
        let request = hold.request();
        Self {
            ticket: request.ticket(),
            instance: request.instance(),
            decision_id: request.decision_id().to_owned(),
            outcome,
            approvals: hold.approvals().len(),
        }
    }
}

/// Body of `approval.consumed`: the approval is used up. Stands durably in the log before the
/// command runs, and proves the approval by itself: the statements are in it, whole.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Consumed {
    /// The handle.
    pub ticket: Ticket,
    /// The ceremony: unique over all uses.
    pub instance: Instance,
    /// The decision that asked.
    pub decision_id: String,
    /// What runs.
    pub action_hash: Digest,
    /// The bundle that asked.
    pub bundle_digest: Digest,
    /// The bundle in force at the run.
    pub bundle_in_force: Digest,
    /// The approvals.
    pub answers: Vec<SignedStatement>,
    /// Whether it is an emergency.
    pub break_glass: bool,
    /// When it was used.
    pub consumed: Timestamp,
}

impl Consumed {
    /// The event's type.
    pub const TYPE: &'static str = "approval.consumed";

    pub(crate) fn of(
        request: &ApprovalRequest,
        answers: &[SignedStatement],
        bundle_in_force: Digest,
        break_glass: bool,
        consumed: Timestamp,
    ) -> Self {
        Self {
            ticket: request.ticket(),
            instance: request.instance(),
            decision_id: request.decision_id().to_owned(),
            action_hash: request.action_hash(),
            bundle_digest: request.bundle_digest(),
            bundle_in_force,
            answers: answers.to_vec(),
            break_glass: break_glass || request.is_break_glass(),
            consumed,
        }
    }
}
