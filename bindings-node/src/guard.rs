//! The guard's handles: a bundle in force, a bound asker, a decision that is in the log.

use std::cell::RefCell;
use std::path::PathBuf;
use std::rc::Rc;
use std::time::Instant;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use napi_derive::napi;
use placet::approval::{HoldState, Param, Ticket};
use placet::audit::{AuditSink as _, Event, EventKind};
use placet::command::{Fingerprint, Protocol};
use placet::crypto::json::{MAX_JSON_DEPTH, parse_strict_within};
use placet::engine::{Decided, Outcome, OutcomeState};
use placet::facts::Facts;
use placet::mask::{Detectors, HashKey};
use placet::policy::Verdict;
use placet::request::Request;
use placet::schema::SqlSession;
use placet_guard::{Admission, Ask, AuditOptions, Guard, GuardError, Options, Step};
use placet_store::{Durability, keys, system};
use serde::Deserialize;
use serde_json::{Value, json};
use zeroize::Zeroizing;

use crate::approvals::ParamForm;
use crate::failure::Failure;
use crate::input::{Asker, catalog, first, json as to_json, millis, protocol, sessions};
use crate::mask::{NativeMasker, NativeRows};
use crate::slots::Slots;

/// What `Guard.open` is given, as JSON.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OptionsForm {
    bundle: String,
    root: Option<PathBuf>,
    state: Option<PathBuf>,
    audit: Option<PathBuf>,
    audit_key: Option<PathBuf>,
    writer: Option<String>,
    durability: Option<DurabilityForm>,
    approvals: Option<PathBuf>,
    /// The text of a catalog object.
    catalog: Option<String>,
    /// The key of classes that are hashed, in base64.
    hash_key: Option<String>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum DurabilityForm {
    Buffered,
    Durable,
}

impl OptionsForm {
    fn read(self) -> Result<(Options, Option<HashKey>), Failure> {
        let (root, state) = (self.root.as_deref(), self.state.as_deref());
        let mut options = Options::named(&self.bundle, root, state)?;
        match (self.audit, self.audit_key) {
            (Some(dir), Some(key)) => {
                let key = keys::read_signing_key(&key)?;
                let mut audit =
                    AuditOptions::new(&dir, self.writer.as_deref().unwrap_or("node"), key);
                audit.durability = match self.durability {
                    Some(DurabilityForm::Buffered) => Durability::Buffered,
                    Some(DurabilityForm::Durable) | None => Durability::Durable,
                };
                options = options.audit(audit);
            }
            (None, None) => {}
            (Some(_), None) | (None, Some(_)) => {
                let help = "give `audit`, the directory, and `auditKey`, the key's file";
                return Err(Failure::new("API038", "a log needs the file of its key", help));
            }
        }
        if let Some(dir) = self.approvals {
            options = options.approvals(&dir);
        }
        if let Some(text) = self.catalog {
            options = options.catalog(strict_catalog(&text)?);
        }
        let Some(text) = self.hash_key.map(Zeroizing::new) else { return Ok((options, None)) };
        let bytes = STANDARD.decode(text.as_bytes()).map(Zeroizing::new);
        let bytes = bytes.map_err(|_| Failure::object("hash key"))?;
        let key = HashKey::new(&bytes)?;
        Ok((options.hash_key(key.clone()), Some(key)))
    }
}

/// A catalog in which no key stands twice: it would say two things, and a map would take the last.
fn strict_catalog(text: &str) -> Result<placet::schema::Catalog, Failure> {
    parse_strict_within(text.as_bytes(), MAX_CATALOG_BYTES, MAX_JSON_DEPTH)?;
    catalog(text)
}

/// Bytes of a catalog: as of every file that is read whole.
const MAX_CATALOG_BYTES: usize = 64 * 1024 * 1024;

/// The number of a verdict: its place in the order of strictness.
fn number(verdict: Verdict) -> u32 {
    let place = Verdict::ALL.iter().position(|known| *known == verdict);
    place.and_then(|place| u32::try_from(place).ok()).unwrap_or(DENY)
}

/// The number of deny, which is also that of everything unheard of.
const DENY: u32 = 4;

/// Facts that the caller states, in their JSON form.
/// A session object, as JSON; the server's defaults where there is none.
fn session_of(text: Option<String>) -> napi::Result<SqlSession> {
    let Some(text) = text else { return Ok(SqlSession::server_defaults()) };
    let value: Value = serde_json::from_str(&text).map_err(|_| Failure::object("session"))?;
    Ok(sessions(value)?.0)
}

pub(crate) fn facts(text: &str) -> Result<Facts, Failure> {
    let help = "see docs/spec/facts.md for the object";
    let facts = serde_json::from_str(text).map_err(|_| Failure::object("facts"))?;
    Facts::from_json(&facts).map_err(|error| Failure::new("API010", &error.to_string(), help))
}

fn ticket(text: &str) -> Result<Ticket, Failure> {
    Ok(Ticket::parse(text)?)
}

/// A bundle in force with what stands around it.
#[napi]
#[derive(Debug)]
pub struct NativeGuard {
    guard: Guard,
    /// Of classes that are hashed, for what belongs to no command.
    hash_key: Option<HashKey>,
}

#[napi]
impl NativeGuard {
    /// Opens a guard. `options`: JSON.
    ///
    /// # Errors
    /// Whatever refuses the bundle, the log, its key or the store of approvals.
    #[napi(factory, catch_unwind)]
    pub fn open(options: String) -> napi::Result<Self> {
        let options = Zeroizing::new(options);
        let options: OptionsForm =
            serde_json::from_str(&options).map_err(|_| Failure::object("options"))?;
        let (options, hash_key) = options.read()?;
        let guard = Guard::open(options).map_err(Failure::from)?;
        Ok(Self { guard, hash_key })
    }

    /// The digest of the bundle in force.
    #[napi(getter, catch_unwind)]
    pub fn bundle(&self) -> String {
        self.guard.bundle_digest().to_string()
    }

    /// Reads the bundle again from where it stands; returns its digest.
    ///
    /// # Errors
    /// Whatever refuses it: the one in force stays.
    #[napi(catch_unwind)]
    pub fn reload(&self) -> napi::Result<String> {
        Ok(self.guard.reload().map_err(Failure::from)?.to_string())
    }

    /// What a command would do, as JSON. `session`: a session object, as JSON; absent, the server's
    /// defaults hold. `catalog`: a catalog object in the place of the guard's.
    ///
    /// # Errors
    /// `API008`, `API010`.
    #[napi(catch_unwind)]
    pub fn facts(
        &self,
        protocol_name: String,
        bytes: &[u8],
        length: u32,
        session: Option<String>,
        catalog_text: Option<String>,
    ) -> napi::Result<String> {
        let protocol = protocol(&protocol_name)?;
        let session = session_of(session)?;
        let given = catalog_text.as_deref().map(strict_catalog).transpose()?;
        let catalog = given.as_ref().or_else(|| self.guard.catalog());
        let scope = placet::facts::Scope { catalog, session: &session };
        to_json(&placet::facts::read(protocol, first(bytes, length), &scope))
    }

    /// The fingerprints of a command, as JSON; `null` where it cannot be cut into tokens.
    ///
    /// # Errors
    /// `API008`, `API010`.
    #[napi(catch_unwind)]
    pub fn fingerprint(
        &self,
        protocol_name: String,
        bytes: &[u8],
        length: u32,
        session: Option<String>,
    ) -> napi::Result<String> {
        let protocol = protocol(&protocol_name)?;
        let session = session_of(session)?;
        to_json(&Fingerprint::of(protocol, first(bytes, length), &session))
    }

    /// Binds an asker (JSON) and a protocol, so that each decision costs little.
    ///
    /// # Errors
    /// `API008`, `API010`.
    #[napi(catch_unwind)]
    pub fn session(&self, protocol_name: String, asker: String) -> napi::Result<NativeSession> {
        let protocol = protocol(&protocol_name)?;
        let (sql, request) = Asker::parse(&asker)?;
        let asking = Asking { guard: self.guard.clone(), protocol, sql, request, last: None };
        let asking = Rc::new(RefCell::new(asking));
        let number = ASKING.with(|slots| slots.add(&asking));
        Ok(NativeSession { asking, number })
    }

    /// Every built-in type, with the operators of the bundle's classes.
    #[napi(catch_unwind)]
    pub fn masker(&self) -> NativeMasker {
        let (_, operators) = self.guard.engine().every_mask(self.hash_key.as_ref());
        NativeMasker::of(Detectors::builtin(), operators)
    }

    /// How a held request stands: `pending`, `approved`, `denied`, `expired`.
    ///
    /// # Errors
    /// `APR018` for a ticket that is not known; `APR014`, `APR017`, `APR021` for a settled one.
    #[napi(catch_unwind)]
    pub fn state(&self, ticket_text: String) -> napi::Result<String> {
        let state: HoldState = self.guard.state(ticket(&ticket_text)?).map_err(Failure::from)?;
        Ok(state.name().to_owned())
    }

    /// Takes a held request back.
    ///
    /// # Errors
    /// The store or the log failed.
    #[napi(catch_unwind)]
    pub fn withdraw(&self, ticket_text: String) -> napi::Result<()> {
        Ok(self.guard.withdraw(ticket(&ticket_text)?).map_err(Failure::from)?)
    }

    /// Logs what became of a command: `completed`, `failed`, `stopped_at_limit`.
    ///
    /// # Errors
    /// The log did not take it.
    #[napi(catch_unwind)]
    pub fn outcome(
        &self,
        decision_id: String,
        state: String,
        rows_out: i64,
        masked_cells: i64,
    ) -> napi::Result<()> {
        let state = match state.as_str() {
            "completed" => OutcomeState::Completed,
            "failed" => OutcomeState::Failed,
            "stopped_at_limit" => OutcomeState::StoppedAtLimit,
            _ => return Err(Failure::object("outcome").into()),
        };
        let count = |number: i64| u64::try_from(number).unwrap_or_default();
        let outcome = Outcome {
            decision_id: decision_id.into(),
            state,
            rows_out: count(rows_out),
            rows_changed: None,
            masked_cells: count(masked_cells),
        };
        Ok(self.guard.outcome(&outcome).map_err(Failure::from)?)
    }

    /// Logs an event of the embedder's own. `kind`: the type of a leaf; `body`: a JSON object.
    ///
    /// # Errors
    /// `AUD001` to `AUD003`, `LIM301`, or the log did not take it.
    #[napi(catch_unwind)]
    pub fn event(&self, kind: String, body: String) -> napi::Result<()> {
        let kind = EventKind::parse(&kind).ok_or_else(|| {
            let help = "use a type of docs/spec/log.md, such as `finding`";
            Failure::new("API036", "no event has this type", help)
        })?;
        let event =
            Event::from_json(kind, system::now(), body.as_bytes()).map_err(Failure::from)?;
        let Some(log) = self.guard.log() else { return Ok(()) };
        log.append(&event).map_err(Failure::from)?;
        Ok(())
    }

    /// Ends the log in order. Nothing is admitted afterwards.
    ///
    /// # Errors
    /// The log could not be closed.
    #[napi(catch_unwind)]
    pub fn close(&self) -> napi::Result<()> {
        Ok(self.guard.close().map_err(Failure::from)?)
    }
}

/// Who asks, on what, in which session, over which protocol; and what was decided last.
#[derive(Debug)]
struct Asking {
    guard: Guard,
    protocol: Protocol,
    sql: SqlSession,
    request: Request,
    /// Until its details are asked for, or the next decision.
    last: Option<Decided>,
}

impl Asking {
    fn decide(&mut self, bytes: &[u8], now: f64) -> u32 {
        // Also when the call below panics: what was decided before is no answer to this.
        self.last = None;
        self.request.context = millis(now);
        let decided = self.guard.decide(self.protocol, bytes, &self.sql, &self.request);
        let verdict = number(decided.decision.verdict);
        self.last = Some(decided);
        verdict
    }
}

thread_local! {
    static ASKING: Slots<Asking> = const { Slots::new() };
}

/// The number of the verdict about the first bytes of a buffer: 0 allow, 1 mask, 2 limit,
/// 3 `require_approval`, 4 deny. Nothing is logged. `session`: the number of a session; `now`:
/// milliseconds, or NaN.
#[napi(catch_unwind)]
pub fn decide(session: u32, bytes: &[u8], length: u32, now: f64) -> u32 {
    ASKING
        .with(|asking| asking.with(session, |asking| asking.decide(first(bytes, length), now)))
        .unwrap_or(DENY)
}

/// A bound asker: who asks, on what, in which session, over which protocol.
#[napi]
#[derive(Debug)]
pub struct NativeSession {
    asking: Rc<RefCell<Asking>>,
    number: u32,
}

impl Drop for NativeSession {
    fn drop(&mut self) {
        // At the end of its thread the slots may be gone before it.
        let _ = ASKING.try_with(|asking| asking.remove(self.number));
    }
}

#[napi]
impl NativeSession {
    /// The number that stands for it in `decide`.
    #[napi(getter, catch_unwind)]
    pub fn number(&self) -> u32 {
        self.number
    }

    /// The last decision, as JSON.
    ///
    /// # Errors
    /// `API009`.
    #[napi(catch_unwind)]
    pub fn decision(&self) -> napi::Result<String> {
        to_json(&self.asking.borrow().last.as_ref().map(|decided| &decided.decision))
    }

    /// The facts of the last decision, as JSON.
    ///
    /// # Errors
    /// `API009`.
    #[napi(catch_unwind)]
    pub fn facts(&self) -> napi::Result<String> {
        to_json(&self.asking.borrow().last.as_ref().map(|decided| &*decided.facts))
    }

    /// The masker of rows that the last decision asks for; null where it asks for none.
    #[napi(catch_unwind)]
    pub fn rows(&self, columns: Vec<String>) -> Option<NativeRows> {
        let asking = self.asking.borrow();
        rows(&asking.guard, asking.last.as_ref()?, &columns)
    }

    /// The masker of free texts that the last decision asks for; null where it asks for none.
    #[napi(catch_unwind)]
    pub fn masker(&self) -> Option<NativeMasker> {
        let asking = self.asking.borrow();
        masker(&asking.guard, asking.last.as_ref()?)
    }

    /// Whether the last decision masks what no detector finds in a free text.
    #[napi(catch_unwind)]
    pub fn masks_tagged(&self) -> bool {
        let asking = self.asking.borrow();
        let tagged = |decided| asking.guard.engine().masks_tagged(decided);
        asking.last.as_ref().is_none_or(tagged)
    }

    /// Decides, logs the decision, and holds what needs people. `params`: JSON, one typed value a
    /// parameter; `facts`: JSON, what the caller knows of a command that no reader reads.
    ///
    /// # Errors
    /// The decision could not be logged, or the store failed: nothing may run.
    #[napi(catch_unwind)]
    pub fn admit(
        &self,
        bytes: &[u8],
        length: u32,
        params: Option<String>,
        facts: Option<String>,
        now: f64,
    ) -> napi::Result<NativeAdmission> {
        let asking = self.asking.borrow();
        let ask = asking.ask(first(bytes, length), params, facts, now)?;
        asking.admission(asking.guard.admit(&ask))
    }

    /// Lets a held command run, if it is exactly what was approved.
    ///
    /// # Errors
    /// The log or the store failed: nothing may run.
    #[napi(catch_unwind)]
    pub fn resume(
        &self,
        ticket_text: String,
        bytes: &[u8],
        length: u32,
        params: Option<String>,
        facts: Option<String>,
        now: f64,
    ) -> napi::Result<NativeAdmission> {
        let asking = self.asking.borrow();
        let ask = asking.ask(first(bytes, length), params, facts, now)?;
        asking.admission(asking.guard.resume(ticket(&ticket_text)?, &ask))
    }

    /// Nanoseconds that so many decisions take without a crossing into JavaScript; for benchmarks.
    #[napi(catch_unwind)]
    pub fn time_decide(&self, bytes: &[u8], length: u32, now: f64, rounds: u32) -> f64 {
        let bytes = first(bytes, length);
        let mut asking = self.asking.borrow_mut();
        let start = Instant::now();
        for _ in 0..rounds {
            std::hint::black_box(asking.decide(bytes, now));
        }
        start.elapsed().as_secs_f64() * 1e9
    }
}

impl Asking {
    fn ask(
        &self,
        bytes: &[u8],
        params: Option<String>,
        known: Option<String>,
        now: f64,
    ) -> napi::Result<Ask> {
        let mut request = self.request.clone();
        request.context = millis(now);
        let mut ask = Ask::new(self.protocol, bytes, self.sql.clone(), request);
        if let Some(known) = known {
            ask = ask.with_facts(facts(&known)?);
        }
        let Some(params) = params.map(Zeroizing::new) else { return Ok(ask) };
        let params: Vec<ParamForm> =
            serde_json::from_str(&params).map_err(|_| Failure::object("list of parameters"))?;
        let params: Result<Vec<Param>, Failure> = params.into_iter().map(ParamForm::read).collect();
        Ok(ask.with_params(params?))
    }

    fn admission(&self, admission: Result<Admission, GuardError>) -> napi::Result<NativeAdmission> {
        let admission = admission.map_err(Failure::from)?;
        Ok(NativeAdmission { guard: self.guard.clone(), admission })
    }
}

fn rows(guard: &Guard, decided: &Decided, columns: &[String]) -> Option<NativeRows> {
    let columns: Vec<&str> = columns.iter().map(String::as_str).collect();
    guard.row_masker(decided, &columns).map(NativeRows::of)
}

fn masker(guard: &Guard, decided: &Decided) -> Option<NativeMasker> {
    guard.masks(decided).map(|(detectors, operators)| NativeMasker::of(detectors, operators))
}

/// A decision that is in the log, and what follows from it.
#[napi]
#[derive(Debug)]
pub struct NativeAdmission {
    guard: Guard,
    admission: Admission,
}

#[napi]
impl NativeAdmission {
    /// The decision's id in the log.
    #[napi(getter, catch_unwind)]
    pub fn id(&self) -> String {
        self.admission.id.clone()
    }

    /// The number of the verdict.
    #[napi(getter, catch_unwind)]
    pub fn verdict(&self) -> u32 {
        number(self.admission.decided.decision.verdict)
    }

    /// What is to happen, as JSON: `{"step": "forward" | "held" | "refused", "ticket"?, "code"?,
    /// "text"?}`.
    ///
    /// # Errors
    /// `API009`.
    #[napi(catch_unwind)]
    pub fn step(&self) -> napi::Result<String> {
        to_json(&match &self.admission.step {
            Step::Forward(granted) => json!({ "step": "forward", "approved": granted.is_some() }),
            Step::Held(ticket) => json!({ "step": "held", "ticket": ticket.to_string() }),
            Step::Refused(refusal) => {
                json!({ "step": "refused", "code": refusal.code, "text": refusal.text })
            }
        })
    }

    /// The decision, as JSON.
    ///
    /// # Errors
    /// `API009`.
    #[napi(catch_unwind)]
    pub fn decision(&self) -> napi::Result<String> {
        to_json(&self.admission.decided.decision)
    }

    /// The facts, as JSON.
    ///
    /// # Errors
    /// `API009`.
    #[napi(catch_unwind)]
    pub fn facts(&self) -> napi::Result<String> {
        to_json(&*self.admission.decided.facts)
    }

    /// The masker of rows that the decision asks for; null where it asks for none.
    #[napi(catch_unwind)]
    pub fn rows(&self, columns: Vec<String>) -> Option<NativeRows> {
        rows(&self.guard, &self.admission.decided, &columns)
    }

    /// The masker of free texts that the decision asks for; null where it asks for none.
    #[napi(catch_unwind)]
    pub fn masker(&self) -> Option<NativeMasker> {
        masker(&self.guard, &self.admission.decided)
    }

    /// Whether the decision masks what no detector finds in a free text.
    #[napi(catch_unwind)]
    pub fn masks_tagged(&self) -> bool {
        self.guard.engine().masks_tagged(&self.admission.decided)
    }
}
