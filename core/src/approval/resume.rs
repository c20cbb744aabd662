//! From an approved request to the one run that it allows.

use std::fmt;

use crate::approval::action::BoundCommand;
use crate::approval::error::ApprovalError;
use crate::approval::event::Consumed;
use crate::approval::hold::{Hold, HoldState};
use crate::approval::id::{Instance, Ticket};
use crate::approval::request::after;
use crate::approval::roster::Roster;
use crate::approval::statement::Requester;
use crate::primitives::{Digest, Timestamp};

/// What the bundle in force says about the command now. Decided by the caller, at resume.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Redecision {
    /// It would forward the command even without an approval.
    Forward,
    /// It asks for approval under these specs, all of them.
    RequireApproval {
        /// Names of the specs.
        specs: Vec<String>,
    },
    /// It denies the command.
    Deny,
}

/// What is presented when a requester comes back with a ticket.
#[derive(Clone, Debug)]
pub struct Presented<'a> {
    /// The command as it would run now.
    pub command: BoundCommand,
    /// Who presents it.
    pub requester: Requester,
    /// Origin of the log of the gateway that would run it.
    pub log: &'a str,
    /// The decision of the bundle in force.
    pub redecision: Redecision,
    /// Specs and approvers of the bundle in force.
    pub roster: &'a Roster,
    /// Digest of the bundle in force.
    pub bundle_digest: Digest,
}

impl Hold {
    /// Checks that what is presented now is what was approved, and that the bundle in force asks
    /// for nothing more than was given.
    ///
    /// The answers are looked at again, under the keys and specs of the bundle in force: an approver
    /// who was removed, a key that was revoked, a stage that was added, a shorter time all count.
    /// A wrong presentation does not use the approval up.
    ///
    /// # Errors
    /// Nothing may run: [`ApprovalError::Denied`], [`ApprovalError::Expired`],
    /// [`ApprovalError::Pending`], [`ApprovalError::Actor`], [`ApprovalError::Mismatch`],
    /// [`ApprovalError::NowDenied`], [`ApprovalError::NowStricter`].
    pub fn resume(
        &mut self,
        presented: Presented<'_>,
        now: Timestamp,
    ) -> Result<Cleared, ApprovalError> {
        let now = self.see(now);
        match self.state(now) {
            HoldState::Denied => return Err(ApprovalError::Denied),
            HoldState::Expired => return Err(ApprovalError::Expired),
            HoldState::Pending | HoldState::Approved => {}
        }
        let request = self.request();
        let audience = request.audience();
        let same_actor = presented.requester == *request.requester()
            && presented.log == audience.log
            && presented.command.resource_kind == audience.resource_kind
            && presented.command.resource_name == audience.resource_name;
        if !same_actor {
            return Err(ApprovalError::Actor);
        }
        if presented.command.action_hash(request.salt()) != request.action_hash() {
            return Err(ApprovalError::Mismatch);
        }
        let mut specs = request.specs().to_vec();
        match presented.redecision {
            Redecision::Deny => return Err(ApprovalError::NowDenied),
            Redecision::Forward => {}
            Redecision::RequireApproval { specs: now_needed } => specs.extend(now_needed),
        }
        specs.sort();
        specs.dedup();
        for id in &specs {
            // A spec that is gone, or whose time is now shorter, voids what was given under it.
            let spec = presented.roster.spec(id).map_err(|_| ApprovalError::NowStricter)?;
            if now >= after(request.created(), spec.expires_in_seconds) {
                return Err(ApprovalError::NowStricter);
            }
        }
        if self.state(now) == HoldState::Pending {
            return Err(ApprovalError::Pending);
        }
        if !self.is_met(presented.roster, &specs, now) {
            return Err(ApprovalError::NowStricter);
        }
        Ok(Cleared {
            receipt: Consumed::of(
                request,
                self.approvals(),
                presented.bundle_digest,
                presented.roster.is_break_glass(&specs)?,
                now,
            ),
            command: presented.command,
        })
    }
}

/// Where it is decided that an approval is used once: a unique insert that survives a crash.
pub trait ReplayStore {
    /// Records the use. Exactly one call for one instance may ever answer `Ok`, over all processes
    /// that share the store, and only after the record is durable.
    ///
    /// # Errors
    /// [`ConsumeError::Settled`] if it was used or settled otherwise; [`ConsumeError::Unavailable`]
    /// for everything else. Both keep the command from running.
    fn consume(&self, receipt: &Consumed) -> Result<(), ConsumeError>;
}

/// Why a use was not recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConsumeError {
    /// The approval was used, or the request was denied or expired.
    #[error("the request is settled")]
    Settled,
    /// The store did not answer, or may have recorded it or not.
    #[error("the store is unavailable")]
    Unavailable,
}

/// A resumption that passed every check and was not yet recorded. It lets nothing run.
#[derive(Debug)]
#[must_use = "nothing may run before `consume`"]
pub struct Cleared {
    command: BoundCommand,
    receipt: Consumed,
}

impl Cleared {
    /// Uses the approval up: first the store's unique insert, then the log, then the grant.
    ///
    /// - `log`: appends the event `approval.consumed` and returns `true` once it is **durable**.
    ///
    /// If the process dies in between, the approval counts as used and the command does not run:
    /// at most once, never twice.
    ///
    /// # Errors
    /// Nothing may run: [`ApprovalError::Consumed`] (`APR021`), [`ApprovalError::StoreUnavailable`]
    /// (`APR022`), [`ApprovalError::LogUnavailable`] (`APR023`).
    pub fn consume(
        self,
        store: &impl ReplayStore,
        log: impl FnOnce(&Consumed) -> bool,
    ) -> Result<Granted, ApprovalError> {
        store.consume(&self.receipt).map_err(|error| match error {
            ConsumeError::Settled => ApprovalError::Consumed,
            ConsumeError::Unavailable => ApprovalError::StoreUnavailable,
        })?;
        if !log(&self.receipt) {
            return Err(ApprovalError::LogUnavailable);
        }
        Ok(Granted { command: self.command, receipt: self.receipt })
    }
}

/// The right to run one command once: made by [`Cleared::consume`] alone, and not to be copied.
///
/// The obligations of the decision in force (masks, limits) stay with the run.
#[must_use = "the approval is used up, whether the command runs or not"]
pub struct Granted {
    command: BoundCommand,
    receipt: Consumed,
}

impl Granted {
    /// What may run: forward these bytes and parameters, and no others.
    #[must_use]
    pub const fn command(&self) -> &BoundCommand {
        &self.command
    }

    /// The ticket that was used.
    #[must_use]
    pub const fn ticket(&self) -> Ticket {
        self.receipt.ticket
    }

    /// The ceremony that was used.
    #[must_use]
    pub const fn instance(&self) -> Instance {
        self.receipt.instance
    }

    /// Whether it was for an emergency: raise an alert.
    #[must_use]
    pub const fn is_break_glass(&self) -> bool {
        self.receipt.break_glass
    }
}

impl fmt::Debug for Granted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Granted({}, {:?})", self.receipt.ticket, self.command)
    }
}
