//! The one place where the stages meet: a command becomes facts, facts a decision, a decision
//! masks and events.

mod check;
mod event;
mod masks;

pub use check::{TestResult, check, run_tests};
pub use event::{Authn, DecisionEvent, Enforcement, Outcome, OutcomeState, RepeatedDecision};

use std::sync::Arc;

use crate::command::Protocol;
use crate::facts::{self, Facts, Scope};
use crate::policy::{Decision, RuleSet, VerifiedBundle};
use crate::request::Request;

/// What a command would do, and what is to happen with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decided {
    /// What it would do.
    pub facts: Arc<Facts>,
    /// What is to happen.
    pub decision: Decision,
}

/// Commands in, decisions out: a compiled bundle with the readers in front of it.
///
/// A cheap handle, `Send` and `Sync`; calls never fail, panic, abort or hang.
///
/// # Examples
/// ```
/// use placet::command::Protocol;
/// use placet::engine::Engine;
/// use placet::facts::Scope;
/// use placet::policy::{Verdict, VerifiedBundle};
/// use placet::request::{Context, Enforces, Principal, PrincipalKind, Request, Resource, Session};
/// use placet::schema::SqlSession;
///
/// let engine = Engine::new(&VerifiedBundle::shipped("baseline").unwrap()?);
/// let request = Request {
///     principal: Principal {
///         id: "agent:support-7".into(),
///         kind: PrincipalKind::Agent,
///         groups: vec!["agents/support".into()],
///         claims: Default::default(),
///         delegator: None,
///     },
///     resource: Resource { kind: "postgres".into(), name: "crm".into(), labels: Default::default() },
///     session: Session::default(),
///     context: Context::default(),
///     enforces: Enforces::ALL,
/// };
/// let session = SqlSession::server_defaults();
/// let scope = Scope { catalog: None, session: &session };
/// let postgres = Protocol::parse("postgres").unwrap();
///
/// let read = engine.decide(postgres, b"SELECT 1", &scope, &request);
/// assert_eq!(read.decision.verdict, Verdict::Allow);
///
/// let wipe = engine.decide(postgres, b"DELETE FROM customers -- WHERE id = 7", &scope, &request);
/// assert!(wipe.facts.unbounded());
/// assert!(wipe.decision.verdict > Verdict::Limit);
/// # Ok::<(), placet::policy::BundleError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Engine {
    rules: Arc<RuleSet>,
}

impl Engine {
    /// An engine that decides under this bundle: verified, shipped, or unsigned and stamped so.
    #[must_use]
    pub fn new(bundle: &VerifiedBundle) -> Self {
        Self { rules: Arc::clone(bundle.rules()) }
    }

    /// The rules in force.
    #[must_use]
    pub fn rules(&self) -> &RuleSet {
        &self.rules
    }

    /// Reads a command and decides about it.
    ///
    /// - `bytes`: the command as it would be forwarded, any bytes.
    /// - `scope`: what is known of the names and the session that the command speaks of.
    /// - `request`: who asks, on what, and what the caller can enforce.
    ///
    /// Fails closed: what is not understood meets no `allow`. The same arguments give the same
    /// answer for ever.
    #[must_use]
    pub fn decide(
        &self,
        protocol: Protocol,
        bytes: &[u8],
        scope: &Scope<'_>,
        request: &Request,
    ) -> Decided {
        let facts = facts::read(protocol, bytes, scope);
        let decision = self.rules.decide(&facts, request);
        Decided { facts: Arc::new(facts), decision }
    }
}
