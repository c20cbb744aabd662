//! A request and the answers to it: pending, approved, denied, expired.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::approval::error::ApprovalError;
use crate::approval::request::ApprovalRequest;
use crate::approval::roster::Roster;
use crate::approval::statement::{Answer, SignedStatement};
use crate::primitives::Timestamp;

/// Answers that one request can have. All of them go into the event of use, and an event has room
/// for so many.
pub const MAX_ANSWERS: usize = 32;

/// How a request stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[must_use = "only `Approved` may go on, and only through `resume`"]
pub enum HoldState {
    /// It waits for people.
    Pending,
    /// The quorum is complete. It may be resumed, once.
    Approved,
    /// Someone denied it. Final.
    Denied,
    /// Its time is over, which counts as denied.
    Expired,
}

impl HoldState {
    /// The word of the specification.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Approved => "approved",
            Self::Denied => "denied",
            Self::Expired => "expired",
        }
    }
}

/// A held command while people answer.
///
/// Believes an answer only if the bundle's own keys prove it and it names this request in every
/// field. Counts people, never keys or answers. A deny is final; time that runs out denies.
///
/// # Examples
/// ```
/// # use std::sync::Arc;
/// # use placet::approval::*;
/// # use placet::crypto::{KeyName, NamedSigningKey, SigningKey};
/// # use placet::primitives::{Digest, Timestamp};
/// # use placet::schema::*;
/// let ana = NamedSigningKey::new(KeyName::parse("ana")?, SigningKey::from_seed(&[1; 32]));
/// let spec = ApprovalSpec {
///     id: "one-dba".into(),
///     about: None,
///     kind: ApprovalKind::Normal,
///     stages: vec![ApprovalStage { any_of: vec!["dba".into()], min: 1 }],
///     distinct: true,
///     not: Vec::new(),
///     expires_in_seconds: 600,
/// };
/// let approver = Approver {
///     id: "ana".into(),
///     groups: vec!["dba".into()],
///     keys: vec![ana.verifying_key().to_string()],
/// };
/// // In earnest: `Roster::new(rule_set.approval_specs(), rule_set.approvers())`.
/// let roster = Arc::new(Roster::new(&[spec], &[approver])?);
/// let asked = Asked {
///     decision_id: "d-1".into(),
///     requester: Requester { id: "agent:7".into(), delegator: Some("bo".into()) },
///     log: "example.com/gateway".into(),
///     command: BoundCommand {
///         protocol: "postgres".into(),
///         resource_kind: "postgres".into(),
///         resource_name: "crm".into(),
///         bytes: b"DELETE FROM users WHERE id = 7".to_vec(),
///         params: Vec::new(),
///         context: BoundContext::default(),
///     },
///     rules: vec!["deletes-need-one".into()],
///     effects: vec!["delete crm.users, at most 1 row".into()],
///     specs: vec!["one-dba".into()],
///     bundle_digest: Digest::from_bytes([9; 32]),
/// };
/// let now = Timestamp::parse("2026-11-22T12:00:00Z").unwrap();
/// let request = ApprovalRequest::new(asked, &roster, &[5; 96], now, |_| Some(Vec::new()))?;
/// let mut hold = Hold::new(request, roster)?;
/// assert_eq!(hold.state(now), HoldState::Pending);
///
/// let statement = hold.request().statement("ana", Answer::Approve, None);
/// hold.answer(statement.sign(ana.key())?, now)?;
/// assert_eq!(hold.state(now), HoldState::Approved);
/// assert_eq!(hold.state(now.plus_seconds(600)), HoldState::Expired);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Hold {
    request: ApprovalRequest,
    roster: Arc<Roster>,
    approvals: Vec<SignedStatement>,
    denied: bool,
    /// The latest moment seen: a clock that is set back does not make an answer valid again.
    latest: Timestamp,
}

impl Hold {
    /// Opens the ceremony for a request under the specs and approvers of the bundle in force.
    ///
    /// # Errors
    /// [`ApprovalError::UnknownSpec`] if that bundle has not all specs of the request.
    pub fn new(request: ApprovalRequest, roster: Arc<Roster>) -> Result<Self, ApprovalError> {
        for id in request.specs() {
            roster.spec(id)?;
        }
        let latest = request.created();
        Ok(Self { request, roster, approvals: Vec::new(), denied: false, latest })
    }

    /// The request.
    #[must_use]
    pub const fn request(&self) -> &ApprovalRequest {
        &self.request
    }

    /// Approvals taken so far, at most one a person.
    #[must_use]
    pub fn approvals(&self) -> &[SignedStatement] {
        &self.approvals
    }

    /// Takes an answer.
    ///
    /// The same answer again, or a second approval of the same person, counts once. Append
    /// [`Answered`](crate::approval::Answered) to the log when this succeeds.
    ///
    /// # Errors
    /// Nothing was counted: [`ApprovalError`] `APR002`–`APR017`, one code a reason.
    pub fn answer(
        &mut self,
        signed: SignedStatement,
        now: Timestamp,
    ) -> Result<HoldState, ApprovalError> {
        let now = self.see(now);
        if self.denied {
            return Err(ApprovalError::Denied);
        }
        if now >= self.request.expires() {
            return Err(ApprovalError::Expired);
        }
        check(&self.request, self.request.specs(), &self.roster, &signed)?;
        check_time(&signed, now)?;
        match signed.statement().verdict {
            Answer::Deny => self.denied = true,
            Answer::Approve => self.keep(signed)?,
        }
        Ok(self.state(now))
    }

    /// How the request stands.
    pub fn state(&self, now: Timestamp) -> HoldState {
        let now = now.max(self.latest);
        if self.denied {
            HoldState::Denied
        } else if now >= self.request.expires() {
            HoldState::Expired
        } else if self.is_met(&self.roster, self.request.specs(), now) {
            HoldState::Approved
        } else {
            HoldState::Pending
        }
    }

    /// Whether the approvals at hand, looked at under this roster, meet these specs.
    pub(crate) fn is_met(&self, roster: &Roster, specs: &[String], now: Timestamp) -> bool {
        let now = now.max(self.latest);
        let counted: BTreeSet<&str> = self
            .approvals
            .iter()
            .filter(|signed| check_time(signed, now).is_ok())
            .filter(|signed| check(&self.request, specs, roster, signed).is_ok())
            .map(|signed| signed.statement().approver.as_str())
            .collect();
        roster.filled(specs, &counted) == Ok(true)
    }

    /// Moves the latest moment forward, never back.
    pub(crate) fn see(&mut self, now: Timestamp) -> Timestamp {
        self.latest = self.latest.max(now);
        self.latest
    }

    /// Keeps one approval a person: the one that lasts longer.
    fn keep(&mut self, signed: SignedStatement) -> Result<(), ApprovalError> {
        let person = &signed.statement().approver;
        let full = self.approvals.len() >= MAX_ANSWERS;
        match self.approvals.iter_mut().find(|kept| kept.statement().approver == *person) {
            Some(kept) if kept.statement().expires < signed.statement().expires => *kept = signed,
            Some(_) => {}
            None if full => return Err(ApprovalError::TooManyAnswers),
            None => self.approvals.push(signed),
        }
        Ok(())
    }
}

/// Everything about an answer but its time: who gave it, and that it is about this request.
fn check(
    request: &ApprovalRequest,
    specs: &[String],
    roster: &Roster,
    signed: &SignedStatement,
) -> Result<(), ApprovalError> {
    let statement = signed.statement();
    let approver = statement.approver.as_str();
    // The requester first: a person who is both must not learn that only the key was wrong.
    if request.requester().is(approver) {
        return Err(ApprovalError::SelfApproval);
    }
    let keys = roster.keys_of(approver).ok_or(ApprovalError::UnknownApprover)?;
    signed.verify(keys)?;
    request.check_binding(statement)?;
    if roster.eligible(specs, request.requester())?.contains(approver) {
        Ok(())
    } else {
        Err(ApprovalError::NotEligible)
    }
}

fn check_time(signed: &SignedStatement, now: Timestamp) -> Result<(), ApprovalError> {
    let statement = signed.statement();
    if now < statement.not_before {
        Err(ApprovalError::NotYetValid)
    } else if now >= statement.expires {
        Err(ApprovalError::Expired)
    } else {
        Ok(())
    }
}
