//! The guard as the judge of a wire protocol's session.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use placet::approval::{BoundCommand, BoundContext, Ticket, action_hash};
use placet::audit::{AuditSink as _, Event};
use placet::command::Protocol;
use placet::engine::{Authn, Decided, DecisionEvent, Engine, OutcomeEvent};
use placet::policy::Verdict;
use placet::primitives::Timestamp;
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
    /// Filled anew for each question.
    request: Request,
    /// The context of approvals, without the names of statements and cursors, under a version of the
    /// session.
    context: Option<(u64, BoundContext)>,
    /// Decisions whose events are in the log, by their facts.
    logged: HashMap<usize, Logged>,
}

/// A decision whose event holds everything.
struct Logged {
    id: String,
    decided: Arc<Decided>,
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
        let session = &mut self.request.session;
        if session.labels != asked.counters.labels {
            session.labels.clone_from(&asked.counters.labels);
        }
        for (name, value) in &asked.counters.counters {
            match session.counters.get_mut(name) {
                Some(counter) => *counter = *value,
                None => drop(session.counters.insert(name.clone(), *value)),
            }
        }
        self.request.context = Context { now: Some(asked.now) };
        self.request.enforces = asked.enforces;
        let known = self.context.as_ref().is_some_and(|(of, _)| *of == asked.session_version);
        if !known {
            // What other statements and cursors stand for decides nothing about this one; drivers
            // number them as they go.
            let session = SqlSession { prepared: None, cursors: None, ..asked.session.clone() };
            let context = BoundContext::of_sql(self.peer.database.as_deref(), &session);
            self.context = Some((asked.session_version, context));
        }
    }

    /// The context that approval of this command is bound to.
    fn context(&self, asked: &Asked<'_>) -> Cow<'_, BoundContext> {
        let nested = asked.facts.all_actions().iter().any(|action| !action.nested.is_empty());
        match &self.context {
            Some((_, context)) if !nested => Cow::Borrowed(context),
            _ => Cow::Owned(BoundContext::of_sql(self.peer.database.as_deref(), asked.session)),
        }
    }

    /// The whole question, for what waits for people.
    fn ask(&self, asked: &Asked<'_>) -> Ask {
        let command = BoundCommand {
            protocol: self.protocol.name().to_owned(),
            resource_kind: self.peer.resource.kind.clone(),
            resource_name: self.peer.resource.name.clone(),
            bytes: asked.bytes.to_vec(),
            params: asked.params.to_vec(),
            context: self.context(asked).into_owned(),
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

    /// Decides, and makes the event: a short one where the same was decided before.
    fn decided(
        &mut self,
        asked: &Asked<'_>,
        engine: &Engine,
    ) -> Result<(String, Arc<Decided>, Event), WireError> {
        let decision = engine.rules().decide(asked.facts, &self.request);
        let (id, salt) = self.guard.next_id();
        let resource = (self.peer.resource.kind.as_str(), self.peer.resource.name.as_str());
        let hash = action_hash(
            &salt,
            self.protocol.name(),
            resource,
            asked.bytes,
            asked.params,
            &self.context(asked),
        );
        let of = (asked.bytes.len(), hash);
        let session = self.peer.session_id.as_str();
        // INVARIANT: the facts behind a key are kept with it, so that no others get their address.
        let key = Arc::as_ptr(asked.facts).addr();
        if let Some(logged) = self.logged.get(&key)
            && logged.decided.decision == decision
        {
            let verdict = decision.verdict;
            let body = DecisionEvent::repeated(&logged.id, verdict, &self.request, &id, of);
            let event = body.in_session(session).event(asked.now);
            let event = event.map_err(|_| WireError::NotLogged)?;
            return Ok((id, Arc::clone(&logged.decided), event));
        }
        let decided = Arc::new(Decided { facts: Arc::clone(asked.facts), decision });
        let enforcement = self.guard.enforcement();
        let body = DecisionEvent::new(&decided, &self.request, &id, enforcement, of)
            .authn(&self.peer.authn)
            .in_session(session);
        let event = body.event(asked.now);
        let event = event.map_err(|_| WireError::NotLogged)?;
        if self.logged.len() >= MAX_LOGGED {
            self.logged.clear();
        }
        self.logged.insert(key, Logged { id: id.clone(), decided: Arc::clone(&decided) });
        Ok((id, decided, event))
    }
}

impl Judge for SessionJudge {
    fn would_deny(&mut self, asked: &Asked<'_>) -> bool {
        self.fill(asked);
        let decision = self.guard.engine().rules().decide(asked.facts, &self.request);
        decision.verdict == Verdict::Deny
    }

    fn judge(&mut self, asked: &Asked<'_>) -> Result<Judgement, WireError> {
        self.fill(asked);
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
                let held = self.guard.hold(&self.ask(asked), &id, &decided);
                (step(held.map_err(not_logged)?), None)
            }
        };
        Ok(Judgement { id, decided, engine, event, step })
    }

    fn resume(&mut self, ticket: Ticket, asked: &Asked<'_>) -> Result<Judgement, WireError> {
        self.fill(asked);
        let admission = self.guard.resume(ticket, &self.ask(asked)).map_err(not_logged)?;
        Ok(Judgement {
            id: admission.id,
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

    fn outcome(&mut self, outcome: &OutcomeEvent<'_>, now: Timestamp) -> Result<Event, WireError> {
        outcome.event(now).map_err(|_| WireError::NotLogged)
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
