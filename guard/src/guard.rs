//! The guard: a bundle in force, a log, held requests.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use placet::approval::{BoundCommand, Roster, Salt};
use placet::audit::{AuditSink as _, Event, EventKind};
use placet::command::Protocol;
use placet::crypto::sha256;
use placet::engine::{Authn, Decided, DecisionEvent, Enforcement, Engine, Outcome};
use placet::facts::Facts;
use placet::mask::{Detectors, HashKey, Operators, RowMasker};
use placet::policy::{Decision, Verdict};
use placet::primitives::{Digest, Timestamp};
use placet::request::Request;
use placet::schema::{Catalog, SqlSession};
use placet_store::{LogOptions, LogWriter, system};
use serde::Serialize;
use zeroize::Zeroizing;

use crate::ask::{Admission, Ask, Refusal, Step};
use crate::bundle::BundleFrom;
use crate::cache::FactsCache;
use crate::error::GuardError;
use crate::hold::Holds;
use crate::options::Options;

/// What is decided under: replaced whole when a bundle is reloaded.
pub(crate) struct InForce {
    pub(crate) engine: Engine,
    pub(crate) roster: Arc<Roster>,
    pub(crate) digest: Digest,
}

/// A bundle in force with what stands around it. A cheap handle, `Send` and `Sync`.
///
/// Fails closed: what cannot be logged is not admitted, and what cannot be held is refused.
#[derive(Clone)]
pub struct Guard {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    from: BundleFrom,
    force: RwLock<Arc<InForce>>,
    catalog: Option<Catalog>,
    log: Option<LogWriter>,
    pub(crate) log_name: String,
    pub(crate) holds: Option<Holds>,
    enforcement: Enforcement,
    hash_key: Option<HashKey>,
    /// Makes ids and salts that nobody can foresee, and that are this process's own.
    secret: [u8; 32],
    run: String,
    decisions: AtomicU64,
    pub(crate) known: FactsCache,
}

impl fmt::Debug for Guard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Guard").field("bundle", &self.bundle_digest()).finish_non_exhaustive()
    }
}

/// A decision that is not in the log yet.
#[must_use = "nothing may be forwarded before the event is in the log"]
#[derive(Clone, Debug)]
pub struct Judged {
    /// The decision's id.
    pub id: String,
    /// Facts and decision.
    pub decided: Decided,
    /// The event to append before anything is forwarded.
    pub event: Event,
}

impl Guard {
    /// Verifies the bundle, opens the log and finds the requests that are held.
    ///
    /// # Errors
    /// Whatever refuses the bundle, the log's directory, its key or the store of approvals;
    /// `API022` for approvals without a log.
    pub fn open(options: Options) -> Result<Self, GuardError> {
        let Options { bundle: from, catalog, audit, approvals, enforcement, hash_key } = options;
        let mut secret = [0; 32];
        system::random(&mut secret)?;
        let bundle = from.open(system::now())?;
        let force = in_force(&Engine::new(&bundle), bundle.digest())?;
        let log = audit
            .map(|audit| {
                let mut options = LogOptions::new(&audit.dir, &audit.writer)
                    .durability(audit.durability)
                    .cadence(audit.cadence);
                if let Some(delay) = audit.sign_within {
                    options = options.sign_within(delay);
                }
                LogWriter::open(options, &audit.key, system::now, system::random)
            })
            .transpose()?;
        let log_name = match &log {
            Some(log) => log.origin()?.as_str().to_owned(),
            None => String::new(),
        };
        let holds = match (approvals, &log) {
            (None, _) => None,
            (Some(dir), Some(_)) => Some(Holds::open(&dir, secret)?),
            (Some(_), None) => {
                let help = "give the log's directory and key as well";
                return Err(GuardError::new("API022", "held requests need a log", help));
            }
        };
        let mut run = [0; 6];
        system::random(&mut run)?;
        let run: String = run.iter().map(|byte| format!("{byte:02x}")).collect();
        let guard = Self {
            inner: Arc::new(Inner {
                from,
                force: RwLock::new(Arc::new(force)),
                catalog,
                log,
                log_name,
                holds,
                enforcement,
                hash_key,
                secret,
                run,
                decisions: AtomicU64::new(0),
                known: FactsCache::default(),
            }),
        };
        guard.append(EventKind::BundleLoaded, &guard.loaded())?;
        Ok(guard)
    }

    fn loaded(&self) -> impl Serialize {
        let force = self.in_force();
        serde_json::json!({
            "name": force.engine.rules().manifest().name,
            "digest": force.digest,
        })
    }

    pub(crate) fn in_force(&self) -> Arc<InForce> {
        // A writer only ever replaces the handle: a poisoned lock still holds a whole one.
        Arc::clone(&self.inner.force.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Reads the bundle again from where it stands. A refused one changes nothing, and the log says
    /// that it was refused.
    ///
    /// # Errors
    /// Whatever refuses it.
    pub fn reload(&self) -> Result<Digest, GuardError> {
        let loaded = self.inner.from.open(system::now()).and_then(|bundle| {
            let force = in_force(&Engine::new(&bundle), bundle.digest())?;
            Ok(Arc::new(force))
        });
        match loaded {
            Ok(force) => {
                let digest = force.digest;
                *self.inner.force.write().unwrap_or_else(PoisonError::into_inner) = force;
                self.append(EventKind::BundleLoaded, &self.loaded())?;
                Ok(digest)
            }
            Err(error) => {
                let body = serde_json::json!({ "code": error.code() });
                self.append(EventKind::BundleRefused, &body)?;
                Err(error)
            }
        }
    }

    /// The digest of the bundle in force.
    #[must_use]
    pub fn bundle_digest(&self) -> Digest {
        self.in_force().digest
    }

    /// The engine of the bundle in force.
    #[must_use]
    pub fn engine(&self) -> Engine {
        self.in_force().engine.clone()
    }

    /// The names of the database that commands speak of.
    #[must_use]
    pub fn catalog(&self) -> Option<&Catalog> {
        self.inner.catalog.as_ref()
    }

    /// The log, for events of the embedder's own and for groups of events.
    #[must_use]
    pub fn log(&self) -> Option<&LogWriter> {
        self.inner.log.as_ref()
    }

    /// What a command would do. Short commands that were read before are not read again.
    #[must_use]
    pub fn facts(&self, protocol: Protocol, bytes: &[u8], session: &SqlSession) -> Arc<Facts> {
        self.inner.known.read(protocol, bytes, session, self.catalog())
    }

    /// What the bundle in force says about a command. Nothing is logged: this answers questions,
    /// [`admit`](Self::admit) lets things happen.
    #[must_use]
    pub fn decide(
        &self,
        protocol: Protocol,
        bytes: &[u8],
        session: &SqlSession,
        request: &Request,
    ) -> Decided {
        let facts = self.facts(protocol, bytes, session);
        let decision = self.in_force().engine.rules().decide(&facts, request);
        Decided { facts, decision }
    }

    /// Decides about a command whose facts are known, and makes the event of it.
    ///
    /// The caller appends the event before anything is forwarded; [`admit`](Self::admit) does all
    /// of it at once.
    ///
    /// # Errors
    /// An event that no leaf can hold: nothing may be forwarded.
    pub fn judge(
        &self,
        facts: impl Into<Arc<Facts>>,
        command: &BoundCommand,
        request: &Request,
        (authn, session_id): (&Authn, &str),
        now: Timestamp,
    ) -> Result<Judged, GuardError> {
        let facts = facts.into();
        let (id, salt) = self.next_id();
        let id = id.to_string();
        let decision = self.in_force().engine.rules().decide(&facts, request);
        let decided = Decided { facts, decision };
        let of = (command.bytes.len(), command.action_hash(&salt));
        let body = DecisionEvent::new(&decided, request, &id, self.inner.enforcement, of);
        let body = body.authn(authn);
        let body = if session_id.is_empty() { body } else { body.in_session(session_id) };
        let event = Event::new(EventKind::Decision, now, &body)?;
        Ok(Judged { id, decided, event })
    }

    /// The id of the next decision, and the salt of its hash. The salt is not kept: it makes the hash
    /// one that nobody can try commands against.
    pub(crate) fn next_id(&self) -> (Arc<str>, Salt) {
        let number = self.inner.decisions.fetch_add(1, Ordering::Relaxed);
        // The secret serves nothing else: with the number it fills one block of the hash.
        let mut seed = Zeroizing::new([0; 40]);
        let (secret, count) = seed.split_at_mut(32);
        secret.copy_from_slice(&self.inner.secret);
        count.copy_from_slice(&number.to_be_bytes());
        let salt = Salt::from_bytes(*sha256(&*seed).as_bytes());
        (format!("{}-{number}", self.inner.run).into(), salt)
    }

    pub(crate) fn enforcement(&self) -> Enforcement {
        self.inner.enforcement
    }

    /// Decides about a command, logs the decision, and says what is to happen.
    ///
    /// A command that needs approval is held; the same command of the same requester, asked again,
    /// finds its ticket, and runs once when it was approved. Without a store for held requests it is
    /// refused.
    ///
    /// # Errors
    /// The decision could not be logged, or the store failed: nothing may be forwarded.
    pub fn admit(&self, ask: &Ask) -> Result<Admission, GuardError> {
        let judged = self.judged(ask)?;
        let step = match judged.decided.decision.verdict {
            Verdict::Allow | Verdict::Mask | Verdict::Limit => Step::Forward(None),
            Verdict::RequireApproval => self.hold(ask, &judged.id, &judged.decided)?,
            Verdict::Deny => {
                Step::Refused(Refusal { code: None, text: denied(&judged.decided.decision) })
            }
        };
        Ok(Admission { id: judged.id, decided: judged.decided, step })
    }

    /// Decides and logs.
    pub(crate) fn judged(&self, ask: &Ask) -> Result<Judged, GuardError> {
        let facts = match &ask.facts {
            Some(facts) => Arc::new(facts.clone()),
            None => self.facts(ask.protocol, &ask.command.bytes, &ask.session),
        };
        let now = ask.request.context.now.unwrap_or_else(system::now);
        let authn = (&ask.authn, ask.session_id.as_str());
        let judged = self.judge(facts, &ask.command, &ask.request, authn, now)?;
        if let Some(log) = self.log() {
            log.append(&judged.event)?;
        }
        Ok(judged)
    }

    /// Logs what became of a command.
    ///
    /// # Errors
    /// The log did not take it.
    pub fn outcome(&self, outcome: &Outcome) -> Result<(), GuardError> {
        let Some(log) = self.log() else { return Ok(()) };
        log.append(&outcome.event(system::now()))?;
        Ok(())
    }

    /// The masker that a decision asks for, for rows with these columns; `None` where it asks for
    /// none.
    #[must_use]
    pub fn row_masker(&self, decided: &Decided, columns: &[&str]) -> Option<RowMasker> {
        self.in_force().engine.row_masker(decided, columns, self.inner.hash_key.as_ref())
    }

    /// Detectors and operators that a decision asks for; `None` where it asks for none.
    #[must_use]
    pub fn masks(&self, decided: &Decided) -> Option<(Detectors, Operators)> {
        self.in_force().engine.masks(decided, self.inner.hash_key.as_ref())
    }

    /// Appends an event, where there is a log.
    ///
    /// # Errors
    /// The log did not take it.
    pub fn append(&self, kind: EventKind, body: &impl Serialize) -> Result<(), GuardError> {
        let Some(log) = self.log() else { return Ok(()) };
        log.append(&Event::new(kind, system::now(), body)?)?;
        Ok(())
    }

    /// Ends the log in order. Nothing is admitted afterwards.
    ///
    /// # Errors
    /// The log could not be closed.
    pub fn close(&self) -> Result<(), GuardError> {
        self.log().map_or(Ok(()), LogWriter::close).map_err(GuardError::from)
    }
}

fn in_force(engine: &Engine, digest: Digest) -> Result<InForce, GuardError> {
    let rules = engine.rules();
    let roster = Roster::new(rules.approval_specs(), rules.approvers())?;
    Ok(InForce { engine: engine.clone(), roster: Arc::new(roster), digest })
}

/// One line for the agent: rules and reasons, then the remedy.
pub(crate) fn denied(decision: &Decision) -> String {
    let rules = decision.rules.iter().map(|rule| &**rule);
    let why: Vec<&str> = rules.chain(decision.reasons.iter().copied()).collect();
    let why = why.join(", ");
    match &decision.remedy {
        Some(remedy) => format!("denied by policy ({why}): {remedy}"),
        None => format!("denied by policy ({why})"),
    }
}
