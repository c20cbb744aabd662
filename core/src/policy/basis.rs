//! What of a request changes a decision: how long one that was made holds.

use std::collections::BTreeSet;

use super::compile::RuleSet;
use super::condition::Fact;
use crate::primitives::Timestamp;
use crate::request::{Request, Session};

/// The parts of a session and of the time that the rules of one bundle look at.
#[derive(Clone, Debug, Default)]
pub(crate) struct Watched {
    /// Counters of the session.
    counters: BTreeSet<String>,
    /// The session's labels.
    labels: bool,
    /// The time itself.
    clock: bool,
    /// When rules or the bundle expire, sorted.
    ends: Vec<Timestamp>,
}

impl Watched {
    /// What `rules` look at; `expires` is the bundle's own end.
    pub(super) fn of(rules: &[super::rule::Rule], expires: Option<Timestamp>) -> Self {
        // The risk counts denials.
        let counters = BTreeSet::from(["denials".to_owned()]);
        let mut watched = Self { counters, ..Self::default() };
        for rule in rules {
            watched.ends.extend(rule.expires);
            for condition in [&rule.when, &rule.unless].into_iter().flatten() {
                condition.each_fact(&mut |fact| watched.add(fact));
            }
        }
        watched.ends.extend(expires);
        watched.ends.sort_unstable();
        watched
    }

    fn add(&mut self, fact: &Fact) {
        match fact {
            Fact::Counter(name) => drop(self.counters.insert(name.clone())),
            Fact::SessionLabels => self.labels = true,
            Fact::Now => self.clock = true,
            Fact::Op
            | Fact::Verb
            | Fact::Extent
            | Fact::MaxRows
            | Fact::Effect
            | Fact::Role
            | Fact::Kind
            | Fact::Understanding
            | Fact::Statements
            | Fact::Writes
            | Fact::Destructive
            | Fact::Unbounded
            | Fact::Protocol
            | Fact::Calls
            | Fact::Evasion
            | Fact::PrincipalId
            | Fact::PrincipalKind
            | Fact::PrincipalGroups
            | Fact::Claim(_)
            | Fact::ResourceKind
            | Fact::ResourceName
            | Fact::Label(_) => {}
        }
    }
}

/// What of a session and of the time a decision rests on.
///
/// Two decisions of one [`RuleSet`] are equal if their facts, principal, resource and enforcement
/// are equal and their bases are.
///
/// # Examples
/// ```
/// use placet::policy::VerifiedBundle;
/// use placet::primitives::Timestamp;
/// # use placet::request::{Context, Enforces, Principal, PrincipalKind, Request, Resource, Session};
/// # let mut request = Request {
/// #     principal: Principal {
/// #         id: "agent:one".into(), kind: PrincipalKind::Agent, groups: vec![],
/// #         claims: Default::default(), delegator: None,
/// #     },
/// #     resource: Resource {
/// #         kind: "postgres".into(), name: "crm".into(), labels: Default::default(),
/// #     },
/// #     session: Session::default(), context: Context::default(), enforces: Enforces::ALL,
/// # };
/// let bundle = VerifiedBundle::shipped("baseline").unwrap()?;
/// request.context.now = Some(Timestamp::parse("2026-11-30T12:00:00Z").unwrap());
/// let basis = bundle.rules().basis(&request);
/// // No rule of this bundle looks at rows or at the time, so neither changes a decision…
/// request.session.counters.insert("rows_out".into(), 7);
/// request.context.now = Some(Timestamp::parse("2026-11-30T12:00:01Z").unwrap());
/// assert!(bundle.rules().is_basis(&basis, &request));
/// // …but denials make risk.
/// request.session.counters.insert("denials".into(), 1);
/// assert!(!bundle.rules().is_basis(&basis, &request));
/// # Ok::<(), placet::policy::BundleError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Basis {
    /// The watched counters of the session, in their order.
    counters: Vec<Option<u64>>,
    labels: Vec<String>,
    moment: Moment,
}

/// What is watched of the time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Moment {
    Unknown,
    /// So many ends have passed.
    Ended(usize),
    Exact(Timestamp),
}

impl RuleSet {
    /// What of the request's session and time a decision would rest on.
    #[must_use]
    pub fn basis(&self, request: &Request) -> Basis {
        let session = &request.session;
        let counters = self.watched.counters.iter();
        let labels = if self.watched.labels { session.labels.as_slice() } else { &[] };
        Basis {
            counters: counters.map(|name| session.counters.get(name).copied()).collect(),
            labels: labels.to_vec(),
            moment: self.moment(request.context.now),
        }
    }

    /// Whether a decision about this request would rest on `basis`: [`basis`](Self::basis) would
    /// return an equal one. Allocates nothing.
    #[must_use]
    pub fn is_basis(&self, basis: &Basis, request: &Request) -> bool {
        let Session { labels, counters } = &request.session;
        let counter = |name: &str| counters.get(name).copied();
        self.is_basis_of(basis, labels, counter, request.context.now)
    }

    /// [`is_basis`](Self::is_basis) for a session whose counters are kept in another form.
    #[must_use]
    pub fn is_basis_of(
        &self,
        basis: &Basis,
        labels: &[String],
        counter: impl Fn(&str) -> Option<u64>,
        now: Option<Timestamp>,
    ) -> bool {
        let counters = self.watched.counters.iter().map(|name| counter(name));
        self.moment(now) == basis.moment
            && (!self.watched.labels || basis.labels == labels)
            && counters.eq(basis.counters.iter().copied())
    }

    fn moment(&self, now: Option<Timestamp>) -> Moment {
        match now {
            None => Moment::Unknown,
            Some(now) if self.watched.clock => Moment::Exact(now),
            Some(now) => Moment::Ended(self.watched.ends.partition_point(|end| *end <= now)),
        }
    }
}
