//! Commands that wait for people.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use placet::approval::{
    Answered, ApprovalError, ApprovalRequest, Asked, Closed, Closing, Consumed, Hidden, HoldState,
    Presented, REQUEST_RANDOM_BYTES, Redecision, Requested, Requester, Salt, Ticket,
};
use placet::audit::EventKind;
use placet::engine::Decided;
use placet::mask::{self, Detectors, Operators};
use placet::policy::{Decision, Obligation, Verdict};
use placet::primitives::{Digest, Span};
use placet_store::{ApprovalStore, Waiting, system};

use crate::ask::{Admission, Ask, Refusal, Step};
use crate::error::GuardError;
use crate::guard::Guard;

/// Requests that one guard keeps in mind. An agent in a loop must not fill the memory or the disk.
const MAX_HELD: usize = 10_000;

/// Held requests: the store, and which command waits under which ticket.
pub(crate) struct Holds {
    store: ApprovalStore,
    /// Hides commands in the keys of `open`.
    salt: Salt,
    open: Mutex<Open>,
}

#[derive(Default)]
struct Open {
    waiting: HashMap<Ticket, Waiting>,
    /// Which ticket a command of a requester has.
    tickets: HashMap<Key, Ticket>,
}

/// A requester and the hash of its exact command.
type Key = (String, Option<String>, Digest);

impl Holds {
    pub(crate) fn open(dir: &Path, secret: [u8; 32]) -> Result<Self, GuardError> {
        let store = ApprovalStore::open(dir)?;
        let salt = Salt::from_bytes(secret);
        let mut open = Open::default();
        for ticket in store.tickets()?.into_iter().take(MAX_HELD) {
            // One that cannot be read can be resumed by nobody; it hides no other.
            let Ok(request) = store.request(ticket) else { continue };
            let key = key(request.requester(), request.command().action_hash(&salt));
            open.tickets.insert(key, ticket);
        }
        Ok(Self { store, salt, open: Mutex::new(open) })
    }

    fn lock(&self) -> MutexGuard<'_, Open> {
        // What is inside only says where to look: every answer comes from the store and its keys.
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Holds {
    /// Whether one more request may be kept in mind. When there is no room, those that are settled
    /// are forgotten.
    fn has_room(&self) -> Result<bool, GuardError> {
        let mut open = self.lock();
        if open.tickets.len() < MAX_HELD {
            return Ok(true);
        }
        let waiting: HashSet<Ticket> = self.store.tickets()?.into_iter().collect();
        open.tickets.retain(|_, ticket| waiting.contains(ticket));
        open.waiting.retain(|ticket, _| waiting.contains(ticket));
        Ok(open.tickets.len() < MAX_HELD)
    }
}

impl Guard {
    fn holds(&self) -> Result<&Holds, GuardError> {
        self.inner.holds.as_ref().ok_or_else(|| ApprovalError::UnknownTicket.into())
    }

    /// Holds a command whose decision asks for people, or goes on with the request that it has.
    pub(crate) fn hold(&self, ask: &Ask, id: &str, decided: &Decided) -> Result<Step, GuardError> {
        let Some(holds) = &self.inner.holds else {
            let text = "approval is needed, and nobody can be asked here".to_owned();
            return Ok(Step::Refused(Refusal { code: Some("APR022"), text }));
        };
        let key = key(&ask.requester(), ask.command.action_hash(&holds.salt));
        let known = holds.lock().tickets.get(&key).copied();
        if let Some(ticket) = known {
            match self.state(ticket) {
                Ok(HoldState::Pending) => return Ok(Step::Held(ticket)),
                Ok(HoldState::Approved) => {
                    return self.present(ticket, ask, &decided.decision);
                }
                Ok(HoldState::Denied) => {
                    return Ok(Step::Refused(refusal(&ApprovalError::Denied)));
                }
                // It ran out, was used, or is not there any more: the command is asked anew.
                Ok(HoldState::Expired) => {}
                Err(error)
                    if matches!(
                        error.code(),
                        "APR014" | "APR018" | "APR021" | "APR024" | "APR025"
                    ) => {}
                Err(error) if error.code() == ApprovalError::Denied.code() => {
                    return Ok(Step::Refused(refusal(&ApprovalError::Denied)));
                }
                Err(error) => return Err(error),
            }
        }
        if known.is_none() && !holds.has_room()? {
            let text = "too many requests wait for people".to_owned();
            return Ok(Step::Refused(Refusal { code: Some("APR022"), text }));
        }
        let request = match self.request(ask, id, decided) {
            Ok(request) => request,
            Err(error) => return Ok(Step::Refused(refusal(&error))),
        };
        let ticket = request.ticket();
        holds.store.insert(&request)?;
        self.append(EventKind::ApprovalRequested, &Requested::of(&request))?;
        holds.lock().tickets.insert(key, ticket);
        Ok(Step::Held(ticket))
    }

    fn request(
        &self,
        ask: &Ask,
        id: &str,
        decided: &Decided,
    ) -> Result<ApprovalRequest, ApprovalError> {
        let force = self.in_force();
        let decision = &decided.decision;
        let asked = Asked {
            decision_id: id.to_owned(),
            requester: ask.requester(),
            log: self.inner.log_name.clone(),
            command: ask.command.clone(),
            rules: decision.rules.iter().map(|rule| rule.to_string()).collect(),
            effects: decided
                .facts
                .effects()
                .iter()
                .map(|effect| effect.name().to_owned())
                .collect(),
            specs: specs(decision),
            bundle_digest: force.digest,
        };
        let mut random = [0; REQUEST_RANDOM_BYTES];
        system::random(&mut random).map_err(|_| ApprovalError::StoreUnavailable)?;
        ApprovalRequest::new(asked, &force.roster, &random, system::now(), detect)
    }

    /// How a held request stands. Answers that came are checked, counted and logged.
    ///
    /// # Errors
    /// `APR018` for a ticket that is not known; `APR014`, `APR017`, `APR021` for one that is
    /// settled; whatever the store or the log report.
    pub fn state(&self, ticket: Ticket) -> Result<HoldState, GuardError> {
        let holds = self.holds()?;
        let mut open = holds.lock();
        self.poll(holds, &mut open, ticket)
    }

    fn poll(
        &self,
        holds: &Holds,
        open: &mut Open,
        ticket: Ticket,
    ) -> Result<HoldState, GuardError> {
        let waiting = match open.waiting.entry(ticket) {
            Entry::Occupied(entry) => entry.into_mut(),
            Entry::Vacant(entry) => {
                let roster = Arc::clone(&self.in_force().roster);
                entry.insert(holds.store.wait(ticket, roster)?)
            }
        };
        let (state, polled) = waiting.poll(&holds.store, system::now())?;
        for polled in polled {
            let Some(answer) = polled.answer.filter(|_| polled.result.is_ok()) else {
                let body =
                    serde_json::json!({ "finding": "approval_answer_refused", "ticket": ticket });
                self.append(EventKind::Finding, &body)?;
                continue;
            };
            self.append(EventKind::ApprovalAnswered, &Answered { ticket, signed: answer.signed })?;
        }
        let closing = match state {
            HoldState::Pending | HoldState::Approved => return Ok(state),
            HoldState::Denied => Closing::Denied,
            HoldState::Expired => Closing::Expired,
        };
        let closed = Closed::of(waiting.hold(), closing);
        open.waiting.remove(&ticket);
        self.append(EventKind::ApprovalClosed, &closed)?;
        Ok(state)
    }

    /// Lets a held command run, if it is exactly what was approved: decides again under the bundle
    /// in force, logs, and uses the approval up. Durable before it answers, whatever the log's own
    /// policy says.
    ///
    /// # Errors
    /// The log or the store failed. A refusal is not an error: see [`Step`].
    pub fn resume(&self, ticket: Ticket, ask: &Ask) -> Result<Admission, GuardError> {
        let judged = self.judged(ask)?;
        let step = self.present(ticket, ask, &judged.decided.decision)?;
        Ok(Admission { id: judged.id, decided: judged.decided, step })
    }

    fn present(&self, ticket: Ticket, ask: &Ask, decision: &Decision) -> Result<Step, GuardError> {
        let holds = self.holds()?;
        let force = self.in_force();
        let mut open = holds.lock();
        match self.poll(holds, &mut open, ticket) {
            Ok(HoldState::Approved) => {}
            Ok(HoldState::Pending) => return Ok(Step::Held(ticket)),
            Ok(HoldState::Denied) => return Ok(Step::Refused(refusal(&ApprovalError::Denied))),
            Ok(HoldState::Expired) => return Ok(Step::Refused(refusal(&ApprovalError::Expired))),
            Err(error) if error.code().starts_with("APR") => {
                let text = error.to_string();
                return Ok(Step::Refused(Refusal { code: Some(error.code()), text }));
            }
            Err(error) => return Err(error),
        }
        let waiting = open.waiting.get_mut(&ticket).ok_or(ApprovalError::UnknownTicket)?;
        let presented = Presented {
            command: ask.command.clone(),
            requester: ask.requester(),
            log: &self.inner.log_name,
            redecision: match decision.verdict {
                Verdict::Deny => Redecision::Deny,
                Verdict::RequireApproval => Redecision::RequireApproval { specs: specs(decision) },
                Verdict::Allow | Verdict::Mask | Verdict::Limit => Redecision::Forward,
            },
            roster: &force.roster,
            bundle_digest: force.digest,
        };
        let cleared = match waiting.hold_mut().resume(presented, system::now()) {
            Ok(cleared) => cleared,
            Err(error) => return Ok(Step::Refused(refusal(&error))),
        };
        let log = |receipt: &Consumed| self.append(EventKind::ApprovalConsumed, receipt).is_ok();
        let granted = cleared.consume(&holds.store, log);
        open.waiting.remove(&ticket);
        open.tickets.retain(|_, known| *known != ticket);
        match granted {
            Ok(granted) => Ok(Step::Forward(Some(Box::new(granted)))),
            Err(error) => Ok(Step::Refused(refusal(&error))),
        }
    }

    /// Takes a request back: its requester went away or no longer wants it.
    ///
    /// # Errors
    /// The store or the log failed.
    pub fn withdraw(&self, ticket: Ticket) -> Result<(), GuardError> {
        let holds = self.holds()?;
        let mut open = holds.lock();
        if self.poll(holds, &mut open, ticket).is_err() {
            return Ok(());
        }
        holds.store.close(ticket, Closing::Withdrawn)?;
        if let Some(waiting) = open.waiting.remove(&ticket) {
            let closed = Closed::of(waiting.hold(), Closing::Withdrawn);
            self.append(EventKind::ApprovalClosed, &closed)?;
        }
        open.tickets.retain(|_, known| *known != ticket);
        Ok(())
    }
}

fn key(requester: &Requester, hash: Digest) -> Key {
    (requester.id.clone(), requester.delegator.clone(), hash)
}

fn refusal(error: &ApprovalError) -> Refusal {
    Refusal { code: Some(error.code()), text: error.to_string() }
}

fn specs(decision: &Decision) -> Vec<String> {
    decision
        .obligations
        .iter()
        .filter_map(|obligation| match obligation {
            Obligation::Approval { spec } => Some(spec.clone()),
            Obligation::Mask(_) | Obligation::Limit { .. } => None,
        })
        .collect()
}

/// The values that an approver does not get to see.
fn detect(bytes: &[u8]) -> Option<Vec<Hidden>> {
    let masked = mask::text(&Detectors::builtin(), &Operators::redact_all(), bytes).ok()?;
    masked
        .findings
        .iter()
        .map(|finding| {
            let start = usize::try_from(finding.start).ok()?;
            let end = usize::try_from(finding.end).ok()?;
            Hidden::new(Span::from_offsets(start, end), finding.kind.name()).ok()
        })
        .collect()
}
