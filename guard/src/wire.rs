//! The guard as the judge of a wire protocol's session.

use std::fmt;
use std::sync::Arc;

use placet::approval::{BoundCommand, BoundContext, Ticket};
use placet::audit::{AuditSink as _, Event, EventKind};
use placet::command::Protocol;
use placet::engine::{Authn, OutcomeEvent};
use placet::policy::Verdict;
use placet::primitives::Timestamp;
use placet::request::{Context, Principal, Request, Resource};
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
/// many at once; what concerns approvals is logged here, at once.
pub struct SessionJudge {
    guard: Guard,
    protocol: Protocol,
    peer: Peer,
}

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
    pub const fn new(guard: Guard, protocol: Protocol, peer: Peer) -> Self {
        Self { guard, protocol, peer }
    }

    /// Who is at the other end.
    #[must_use]
    pub const fn peer(&self) -> &Peer {
        &self.peer
    }

    fn request(&self, asked: &Asked<'_>) -> Request {
        Request {
            principal: self.peer.principal.clone(),
            resource: self.peer.resource.clone(),
            session: asked.counters.clone(),
            context: Context { now: Some(asked.now) },
            enforces: asked.enforces,
        }
    }

    fn command(&self, asked: &Asked<'_>) -> BoundCommand {
        let mut context = BoundContext::of_sql(self.peer.database.as_deref(), asked.session);
        if !asked.facts.all_actions().iter().any(|action| !action.nested.is_empty()) {
            // What other statements and cursors stand for decides nothing about this one; drivers
            // number them as they go.
            context.parser_state.remove("prepared");
            context.parser_state.remove("cursors");
        }
        BoundCommand {
            protocol: self.protocol.name().to_owned(),
            resource_kind: self.peer.resource.kind.clone(),
            resource_name: self.peer.resource.name.clone(),
            bytes: asked.bytes.to_vec(),
            params: asked.params.to_vec(),
            context,
        }
    }

    /// The whole question, for what waits for people.
    fn ask(&self, asked: &Asked<'_>, command: BoundCommand, request: Request) -> Ask {
        Ask {
            protocol: self.protocol,
            command,
            session: asked.session.clone(),
            request,
            authn: self.peer.authn.clone(),
            session_id: self.peer.session_id.clone(),
            facts: Some((**asked.facts).clone()),
        }
    }
}

impl Judge for SessionJudge {
    fn would_deny(&mut self, asked: &Asked<'_>) -> bool {
        let decision = self.guard.engine().rules().decide(asked.facts, &self.request(asked));
        decision.verdict == Verdict::Deny
    }

    fn judge(&mut self, asked: &Asked<'_>) -> Result<Judgement, WireError> {
        let (command, request) = (self.command(asked), self.request(asked));
        let who = (&self.peer.authn, self.peer.session_id.as_str());
        let facts = (**asked.facts).clone();
        let judged =
            self.guard.judge(facts, &command, &request, who, asked.now).map_err(not_logged)?;
        let (step, event) = match judged.decided.decision.verdict {
            Verdict::Allow | Verdict::Mask | Verdict::Limit => {
                (JudgedStep::Forward, Some(judged.event.clone()))
            }
            Verdict::Deny => {
                (JudgedStep::Refused(denied(&judged.decided.decision)), Some(judged.event.clone()))
            }
            Verdict::RequireApproval => {
                // The request stands behind its decision in the log.
                if let Some(log) = self.guard.log() {
                    log.append(&judged.event).map_err(|_| WireError::NotLogged)?;
                }
                let ask = self.ask(asked, command, request);
                (step(self.guard.hold(&ask, &judged).map_err(not_logged)?), None)
            }
        };
        let (id, decided) = (judged.id, Arc::new(judged.decided));
        Ok(Judgement { id, decided, engine: self.guard.engine(), event, step })
    }

    fn resume(&mut self, ticket: Ticket, asked: &Asked<'_>) -> Result<Judgement, WireError> {
        let (command, request) = (self.command(asked), self.request(asked));
        let ask = self.ask(asked, command, request);
        let admission = self.guard.resume(ticket, &ask).map_err(not_logged)?;
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
        Event::new(EventKind::Outcome, now, outcome).map_err(|_| WireError::NotLogged)
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
