//! The guard as the judge of a wire protocol's session.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use placet::approval::{ActionHasher, BoundCommand, BoundContext, Salt, Ticket};
use placet::audit::{AuditSink as _, Event};
use placet::command::Protocol;
use placet::engine::{Authn, Decided, DecisionEvent, Engine, RepeatedDecision};
use placet::facts::Facts;
use placet::policy::{Basis, Decision, Verdict};
use placet::request::{Context, Enforces, Principal, Request, Resource, Session};
use placet::schema::SqlSession;
use placet::wire::WireError;
use placet::wire::postgres::{Asked, Judge, JudgedStep, Judgement};

use crate::ask::{Ask, Step};
use crate::error::GuardError;
use crate::guard::{Guard, denied};

/// Who is at the other end of a session, and where it leads.
#[derive(Clone, Debug)]
pub struct Peer {
    /// Who asks.
    pub principal: Principal,
    /// How far its name can be trusted.
    pub authn: Authn,
    /// What the session leads to.
    pub resource: Resource,
    /// The database that it was opened on.
    pub database: Option<String>,
    /// The session's id in the log.
    pub session_id: String,
}

/// Judges the commands of one session, for one peer.
///
/// Decisions that let a command run are events of the session's turn, so that the embedder can log
/// many at once; what concerns approvals is logged here, at once. A decision that repeats an earlier
/// one of the session in everything is logged as such, in a fifth of the bytes.
pub struct SessionJudge {
    guard: Guard,
    protocol: Protocol,
    peer: Peer,
    /// Filled anew for each question that is evaluated.
    request: Request,
    /// The context of approvals, without the names of statements and cursors, under a version of the
    /// session.
    context: Option<(u64, BoundContext)>,
    /// Decisions whose events are in the log, by their facts.
    logged: HashMap<usize, Logged>,
}

/// A decision whose event holds everything.
struct Logged {
    id: Arc<str>,
    decided: Arc<Decided>,
    /// Who decided, on what basis, for a session that can do what.
    engine: Engine,
    basis: Basis,
    enforces: Enforces,
    action: Action,
}

impl Logged {
    /// Whether the engine would decide the same about this question.
    fn holds(&self, engine: &Engine, asked: &Asked<'_>) -> bool {
        let counter = |name: &str| asked.counts.get(name);
        std::ptr::eq(self.engine.rules(), engine.rules())
            && self.enforces == asked.enforces
            && engine.rules().is_basis_of(&self.basis, &[], counter, Some(asked.now))
    }
}

/// A command but for its parameters, and what its hashes begin with.
struct Action {
    bytes: Vec<u8>,
    types: Vec<u32>,
    /// The version of the session; `None` where more of it counts.
    session_version: Option<u64>,
    hasher: ActionHasher,
}

impl Action {
    /// Whether it is this command, in the same state of the session.
    fn is(&self, asked: &Asked<'_>) -> bool {
        self.session_version == Some(asked.session_version)
            && self.bytes == asked.bytes
            && self.types.len() == asked.types.len()
            // Comparing nothing is not free: the empty vector has an address that faults.
            && (self.types.is_empty() || self.types == asked.types)
    }
}

/// Decisions of one session that are kept to be repeated. Sessions prepare some hundred statements.
const MAX_LOGGED: usize = 1024;

impl fmt::Debug for SessionJudge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionJudge")
            .field("session", &self.peer.session_id)
            .finish_non_exhaustive()
    }
}

impl SessionJudge {
    /// A judge for the commands of this peer.
    #[must_use]
    pub fn new(guard: Guard, protocol: Protocol, peer: Peer) -> Self {
        let request = Request {
            principal: peer.principal.clone(),
            resource: peer.resource.clone(),
            session: Session::default(),
            context: Context::default(),
            enforces: Enforces::NOTHING,
        };
        Self { guard, protocol, peer, request, context: None, logged: HashMap::new() }
    }

    /// Who is at the other end.
    #[must_use]
    pub const fn peer(&self) -> &Peer {
        &self.peer
    }

    /// Fills the request with what is asked now.
    fn fill(&mut self, asked: &Asked<'_>) {
        for (name, count) in asked.counts.all() {
            match self.request.session.counters.get_mut(name) {
                Some(counter) => *counter = count,
                None => drop(self.request.session.counters.insert(name.to_owned(), count)),
            }
        }
        self.request.context = Context { now: Some(asked.now) };
        self.request.enforces = asked.enforces;
    }

    /// The context that approval of this command is bound to.
    fn context(&mut self, asked: &Asked<'_>) -> Cow<'_, BoundContext> {
        let database = self.peer.database.as_deref();
        let context = if looks_at_names(asked.facts) {
            Cow::Owned(BoundContext::of_sql(database, asked.session))
        } else {
            let version = asked.session_version;
            if self.context.as_ref().is_some_and(|(of, _)| *of != version) {
                self.context = None;
            }
            let (_, context) = self.context.get_or_insert_with(|| {
                // What other statements and cursors stand for decides nothing about this one;
                // drivers number them as they go.
                let session = SqlSession { prepared: None, cursors: None, ..asked.session.clone() };
                (version, BoundContext::of_sql(database, &session))
            });
            Cow::Borrowed(&*context)
        };
        if asked.types.iter().all(|oid| *oid == 0) {
            return context;
        }
        // Values mean what their types make of them.
        let mut context = context.into_owned();
        let types = serde_json::json!(asked.types).to_string();
        context.parser_state.insert("parameter_types".to_owned(), types);
        Cow::Owned(context)
    }

    /// The whole question, for what waits for people.
    fn ask(&mut self, asked: &Asked<'_>) -> Ask {
        self.fill(asked);
        let context = self.context(asked).into_owned();
        let command = BoundCommand {
            protocol: self.protocol.name().to_owned(),
            resource_kind: self.peer.resource.kind.clone(),
            resource_name: self.peer.resource.name.clone(),
            bytes: asked.bytes.to_vec(),
            params: asked.params.to_vec(),
            context,
        };
        Ask {
            protocol: self.protocol,
            command,
            session: asked.session.clone(),
            request: self.request.clone(),
            authn: self.peer.authn.clone(),
            session_id: self.peer.session_id.clone(),
            facts: Some((**asked.facts).clone()),
        }
    }

    /// The command of a question, to be hashed.
    fn action(&mut self, asked: &Asked<'_>) -> Action {
        let context = self.context(asked).into_owned();
        let resource = (self.peer.resource.kind.as_str(), self.peer.resource.name.as_str());
        Action {
            bytes: asked.bytes.to_vec(),
            types: asked.types.to_vec(),
            session_version: (!looks_at_names(asked.facts)).then_some(asked.session_version),
            hasher: ActionHasher::new(self.protocol.name(), resource, asked.bytes, &context),
        }
    }

    /// Decides, and makes the event: a short one where the same was decided before.
    fn decided(
        &mut self,
        asked: &Asked<'_>,
        engine: &Engine,
    ) -> Result<(Arc<str>, Arc<Decided>, Event), WireError> {
        let (id, salt) = self.guard.next_id();
        // INVARIANT: the facts behind a key are kept with it, so that no others get their address.
        let key = Arc::as_ptr(asked.facts).addr();
        let holds = self.logged.get(&key).is_some_and(|logged| logged.holds(engine, asked));
        if !holds {
            self.fill(asked);
            let decision = engine.rules().decide(asked.facts, &self.request);
            let logged = self.logged.get(&key);
            if logged.is_none_or(|logged| logged.decided.decision != decision) {
                return self.first(asked, engine, (id, salt), decision);
            }
        }
        let known = self.logged.get(&key).is_some_and(|logged| logged.action.is(asked));
        let action = (!known).then(|| self.action(asked));
        // INVARIANT: it is there, or it was told as the first.
        let Some(logged) = self.logged.get_mut(&key) else { return Err(WireError::NotLogged) };
        if let Some(action) = action {
            logged.action = action;
        }
        let event = RepeatedDecision {
            decision_id: &id,
            verdict: logged.decided.decision.verdict,
            same_as: &logged.id,
            session: &self.peer.session_id,
            command_bytes: asked.bytes.len(),
            action_hash: logged.action.hasher.hash(&salt, asked.params),
            session_facts: (!holds).then_some(&self.request.session),
        };
        let event = event.event(asked.now);
        Ok((id, Arc::clone(&logged.decided), event))
    }

    /// A decision that repeats none: its event holds everything.
    fn first(
        &mut self,
        asked: &Asked<'_>,
        engine: &Engine,
        (id, salt): (Arc<str>, Salt),
        decision: Decision,
    ) -> Result<(Arc<str>, Arc<Decided>, Event), WireError> {
        let action = self.action(asked);
        let of = (asked.bytes.len(), action.hasher.hash(&salt, asked.params));
        let decided = Arc::new(Decided { facts: Arc::clone(asked.facts), decision });
        let enforcement = self.guard.enforcement();
        let event = DecisionEvent::new(&decided, &self.request, &id, enforcement, of)
            .authn(&self.peer.authn)
            .in_session(&self.peer.session_id)
            .event(asked.now)
            .map_err(|_| WireError::NotLogged)?;
        if self.logged.len() >= MAX_LOGGED {
            self.logged.clear();
        }
        let logged = Logged {
            id: Arc::clone(&id),
            decided: Arc::clone(&decided),
            engine: engine.clone(),
            basis: engine.rules().basis(&self.request),
            enforces: self.request.enforces,
            action,
        };
        self.logged.insert(Arc::as_ptr(asked.facts).addr(), logged);
        Ok((id, decided, event))
    }
}

/// Whether a command depends on what the names of statements and cursors stand for.
fn looks_at_names(facts: &Facts) -> bool {
    facts.all_actions().iter().any(|action| !action.nested.is_empty())
}

impl Judge for SessionJudge {
    fn would_deny(&mut self, asked: &Asked<'_>) -> bool {
        self.fill(asked);
        let decision = self.guard.engine().rules().decide(asked.facts, &self.request);
        decision.verdict == Verdict::Deny
    }

    fn judge(&mut self, asked: &Asked<'_>) -> Result<Judgement, WireError> {
        let engine = self.guard.engine();
        let (id, decided, event) = self.decided(asked, &engine)?;
        let (step, event) = match decided.decision.verdict {
            Verdict::Allow | Verdict::Mask | Verdict::Limit => (JudgedStep::Forward, Some(event)),
            Verdict::Deny => (JudgedStep::Refused(denied(&decided.decision)), Some(event)),
            Verdict::RequireApproval => {
                // The request stands behind its decision in the log.
                if let Some(log) = self.guard.log() {
                    log.append(&event).map_err(|_| WireError::NotLogged)?;
                }
                let ask = self.ask(asked);
                let held = self.guard.hold(&ask, &id, &decided);
                (step(held.map_err(not_logged)?), None)
            }
        };
        Ok(Judgement { id, decided, engine, event, step })
    }

    fn resume(&mut self, ticket: Ticket, asked: &Asked<'_>) -> Result<Judgement, WireError> {
        let ask = self.ask(asked);
        let admission = self.guard.resume(ticket, &ask).map_err(not_logged)?;
        Ok(Judgement {
            id: admission.id.into(),
            decided: Arc::new(admission.decided),
            engine: self.guard.engine(),
            event: None,
            step: step(admission.step),
        })
    }

    fn has_news(&mut self, ticket: Ticket) -> bool {
        use placet::approval::HoldState;
        match self.guard.state(ticket) {
            Ok(HoldState::Pending) => false,
            // A store that fails is news too: the command is then refused.
            Ok(HoldState::Approved | HoldState::Denied | HoldState::Expired) | Err(_) => true,
        }
    }

    fn withdraw(&mut self, ticket: Ticket) {
        // The request then runs out by itself; nobody can use it but this requester.
        let _ = self.guard.withdraw(ticket);
    }
}

fn step(step: Step) -> JudgedStep {
    match step {
        Step::Forward(_) => JudgedStep::Forward,
        Step::Held(ticket) => JudgedStep::Held(ticket),
        Step::Refused(refusal) => JudgedStep::Refused(match refusal.code {
            Some(code) => format!("{code} {}", refusal.text),
            None => refusal.text,
        }),
    }
}

fn not_logged(_: GuardError) -> WireError {
    WireError::NotLogged
}

#[cfg(test)]
mod tests;
