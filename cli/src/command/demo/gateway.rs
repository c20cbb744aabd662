//! What stands between the agent and the database: the engine, the log, the approvals.
//!
//! The order is the promise: the decision is in the log before anything is forwarded, an approval
//! is used up before its command runs, the outcome is an event of its own.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use placet::approval::{
    Answer, ApprovalRequest, Asked, BoundCommand, BoundContext, Closed, Closing, Granted, Hidden,
    HoldState, Presented, REQUEST_RANDOM_BYTES, Redecision, Requested, Requester, Roster, Salt,
};
use placet::audit::{AuditSink, Event, EventKind};
use placet::command::{Dialect, Protocol};
use placet::crypto::NamedSigningKey;
use placet::engine::{Decided, DecisionEvent, Enforcement, Engine, OutcomeEvent};
use placet::facts::Scope;
use placet::mask::{self, Detectors, Operators};
use placet::policy::{Obligation, RoleKeys, RootDocument, Source, Verdict, envelope};
use placet::primitives::{Digest, Span};
use placet::request::{Context, Enforces, Principal, PrincipalKind, Request, Resource, Session};
use placet::schema::{Catalog, SqlSession};
use placet_store::{ApprovalStore, LogOptions, LogWriter, StoredAnswer, Waiting, system};
use rusqlite::Connection;
use serde::Serialize;

use super::{WRITER, database};
use crate::bundles;
use crate::command::key;
use crate::failure::Failure;
use crate::files;

/// The demo's bundle; `@APPROVER_KEY@` becomes the approver's fresh key.
const BUNDLE: &[(&str, &str)] = &[
    ("bundle.toml", include_str!("../../../templates/demo/bundle.toml")),
    ("classes.toml", include_str!("../../../templates/demo/classes.toml")),
    ("approvals.toml", include_str!("../../../templates/demo/approvals.toml")),
    ("tags/shop.toml", include_str!("../../../templates/demo/tags/shop.toml")),
    ("rules/00-understood.toml", include_str!("../../../templates/demo/rules/00-understood.toml")),
    ("rules/10-reads.toml", include_str!("../../../templates/demo/rules/10-reads.toml")),
    ("rules/20-changes.toml", include_str!("../../../templates/demo/rules/20-changes.toml")),
    ("tests/shop.toml", include_str!("../../../templates/demo/tests/shop.toml")),
];

/// Who approves in the demo; the bundle names the same person.
const APPROVER: &str = "human:lead-on-duty";

/// The gateway of the demo.
pub(super) struct Gateway {
    pub(super) db: Connection,
    pub(super) engine: Engine,
    log: LogWriter,
    log_name: String,
    approvals: ApprovalStore,
    roster: Arc<Roster>,
    approver: NamedSigningKey,
    catalog: Catalog,
    session: SqlSession,
    request: Request,
    bundle_digest: Digest,
    decisions: u32,
}

/// A decision that is in the log.
pub(super) struct Logged {
    pub(super) id: String,
    pub(super) decided: Decided,
}

impl Gateway {
    /// Makes database, keys and bundle in `dir`, verifies the signed bundle, opens the log.
    pub(super) fn open(dir: &Path, log_key: &NamedSigningKey) -> Result<Self, Failure> {
        let db = database::make(&dir.join("shop.db"))?;
        let catalog = database::catalog(&db)?;
        let approver = key::make("lead-on-duty")?;
        let source = write_bundle(&dir.join("bundle"), &approver)?;
        let packed = sign_bundle(dir, &source)?;
        let bundle = bundles::verify(
            &packed.file,
            &packed.root,
            Some(&dir.join("bundle-state.json")),
            system::now(),
        )?;
        let rules = bundle.rules();
        let roster = Roster::new(rules.approval_specs(), rules.approvers())?;
        let log = LogWriter::open(
            LogOptions::new(&dir.join("audit"), WRITER),
            log_key,
            system::now,
            system::random,
        )?;
        let origin = log.origin()?;
        let approvals = ApprovalStore::open(&dir.join("approvals"))?;
        let gateway = Self {
            db,
            engine: Engine::new(&bundle),
            log,
            log_name: origin.as_str().to_owned(),
            approvals,
            roster: Arc::new(roster),
            approver,
            catalog,
            session: SqlSession::server_defaults(),
            request: request(),
            bundle_digest: bundle.digest(),
            decisions: 0,
        };
        let loaded = serde_json::json!({"name": "shop", "digest": bundle.digest()});
        gateway.append(EventKind::BundleLoaded, &loaded)?;
        Ok(gateway)
    }

    /// Decides about a command; the decision is in the log when this returns.
    pub(super) fn decide(&mut self, sql: &str) -> Result<Logged, Failure> {
        self.request.context = Context { now: Some(system::now()) };
        let scope = Scope { catalog: Some(&self.catalog), session: &self.session };
        let sqlite = Protocol::Sql(Dialect::Sqlite);
        let decided = self.engine.decide(sqlite, sql.as_bytes(), &scope, &self.request);
        self.decisions += 1;
        let id = format!("demo-{:04}", self.decisions);
        // The salt is thrown away: the demo has no use for proving what the bytes were.
        let hash = self.bound(sql).action_hash(&Salt::from_bytes(random()?));
        let event = DecisionEvent::new(
            &decided,
            &self.request,
            &id,
            Enforcement::InProcess,
            (sql.len(), hash),
        );
        self.append(EventKind::Decision, &event)?;
        if decided.decision.verdict == Verdict::Deny {
            *self.request.session.counters.entry("denials".into()).or_default() += 1;
        }
        Ok(Logged { id, decided })
    }

    /// Holds a command, lets the demo's approver answer, and resumes it with what the agent sends
    /// then. `Ok(Err(why))` is a refusal that the agent is told.
    pub(super) fn approve(
        &mut self,
        logged: &Logged,
        sql: &str,
        answer: Answer,
        sent_then: &str,
    ) -> Result<Result<Granted, String>, Failure> {
        let request = match self.hold(logged, sql) {
            Ok(request) => request,
            Err(error) => return Ok(Err(error.message)),
        };
        let ticket = request.ticket();
        self.approvals.insert(&request)?;
        self.append(EventKind::ApprovalRequested, &Requested::of(&request))?;
        let signed = request.statement(APPROVER, answer, None).sign(self.approver.key())?;
        let stored = StoredAnswer { signed, comment: None };
        self.approvals.answer(ticket, &stored)?;
        let mut waiting = self.approvals.wait(ticket, Arc::clone(&self.roster))?;
        let state = self.poll(&mut waiting)?;
        match state {
            HoldState::Approved => self.resume(&mut waiting, sent_then),
            HoldState::Denied => {
                let closed = Closed::of(waiting.hold(), Closing::Denied);
                self.append(EventKind::ApprovalClosed, &closed)?;
                Ok(Err(format!("{APPROVER} refused")))
            }
            HoldState::Pending | HoldState::Expired => Ok(Err("nobody answered".into())),
        }
    }

    fn hold(&self, logged: &Logged, sql: &str) -> Result<ApprovalRequest, Failure> {
        let decision = &logged.decided.decision;
        let asked = Asked {
            decision_id: logged.id.clone(),
            requester: self.requester(),
            log: self.log_name.clone(),
            command: self.bound(sql),
            rules: decision.rules.iter().map(|rule| rule.to_string()).collect(),
            effects: logged.decided.facts.effects().iter().map(|e| e.name().to_owned()).collect(),
            specs: specs(&decision.obligations),
            bundle_digest: self.bundle_digest,
        };
        let random: [u8; REQUEST_RANDOM_BYTES] = random()?;
        ApprovalRequest::new(asked, &self.roster, &random, system::now(), detect)
            .map_err(Failure::from)
    }

    fn poll(&self, waiting: &mut Waiting) -> Result<HoldState, Failure> {
        let ticket = waiting.hold().request().ticket();
        let (state, polled) = waiting.poll(&self.approvals, system::now())?;
        for answer in polled.into_iter().filter_map(|polled| polled.answer) {
            let body = placet::approval::Answered { ticket, signed: answer.signed };
            self.append(EventKind::ApprovalAnswered, &body)?;
        }
        Ok(state)
    }

    /// Decides again about what is sent now, and uses the approval up.
    fn resume(
        &mut self,
        waiting: &mut Waiting,
        sent_then: &str,
    ) -> Result<Result<Granted, String>, Failure> {
        let again = self.decide(sent_then)?;
        let decision = &again.decided.decision;
        let presented = Presented {
            command: self.bound(sent_then),
            requester: self.requester(),
            log: &self.log_name,
            redecision: match decision.verdict {
                Verdict::Deny => Redecision::Deny,
                Verdict::RequireApproval => {
                    Redecision::RequireApproval { specs: specs(&decision.obligations) }
                }
                Verdict::Allow | Verdict::Mask | Verdict::Limit => Redecision::Forward,
            },
            roster: &self.roster,
            bundle_digest: self.bundle_digest,
        };
        let cleared = match waiting.hold_mut().resume(presented, system::now()) {
            Ok(cleared) => cleared,
            Err(error) => return Ok(Err(format!("{} {error}", error.code()))),
        };
        // The writer is durable: what it acknowledged is on the disk.
        let log = |receipt: &placet::approval::Consumed| {
            self.append(EventKind::ApprovalConsumed, receipt).is_ok()
        };
        Ok(cleared
            .consume(&self.approvals, log)
            .map_err(|error| format!("{} {error}", error.code())))
    }

    /// Logs what became of a command.
    pub(super) fn outcome(&self, outcome: &OutcomeEvent<'_>) -> Result<(), Failure> {
        self.append(EventKind::Outcome, outcome)
    }

    /// Closes the log in order.
    pub(super) fn close(self) -> Result<(), Failure> {
        self.log.close().map_err(Failure::from)
    }

    fn append(&self, kind: EventKind, body: &impl Serialize) -> Result<(), Failure> {
        let event = Event::new(kind, system::now(), body);
        event.and_then(|event| self.log.append(&event)).map(|_| ()).map_err(Failure::from)
    }

    fn bound(&self, sql: &str) -> BoundCommand {
        BoundCommand {
            protocol: Dialect::Sqlite.name().to_owned(),
            resource_kind: self.request.resource.kind.clone(),
            resource_name: self.request.resource.name.clone(),
            bytes: sql.as_bytes().to_vec(),
            params: Vec::new(),
            context: BoundContext::of_sql(Some("main"), &self.session),
        }
    }

    fn requester(&self) -> Requester {
        let principal = &self.request.principal;
        Requester { id: principal.id.clone(), delegator: principal.delegator.clone() }
    }
}

fn request() -> Request {
    Request {
        principal: Principal {
            id: "agent:support-7".into(),
            kind: PrincipalKind::Agent,
            groups: vec!["agents/support".into()],
            claims: Default::default(),
            delegator: Some("human:customer-desk".into()),
        },
        resource: Resource {
            kind: "sqlite".into(),
            name: "shop".into(),
            labels: [("env".to_owned(), "demo".to_owned())].into(),
        },
        session: Session::default(),
        context: Context::default(),
        enforces: Enforces::ALL,
    }
}

fn specs(obligations: &[Obligation]) -> Vec<String> {
    obligations
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

fn write_bundle(dir: &Path, approver: &NamedSigningKey) -> Result<Source, Failure> {
    let vkey = approver.verifying_key().to_string();
    for (name, text) in BUNDLE {
        let path = dir.join(name);
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent)
                .map_err(|error| files::cannot_write(&parent.display().to_string(), &error))?;
        }
        files::write(&path, text.replace("@APPROVER_KEY@", &vkey).as_bytes())?;
    }
    bundles::source(dir)
}

struct Packed {
    file: PathBuf,
    root: PathBuf,
}

/// Packs the bundle, signs it with a fresh key, and pins a root that names the key.
fn sign_bundle(dir: &Path, source: &Source) -> Result<Packed, Failure> {
    let security = key::make("shop-security")?;
    let all = RoleKeys { keys: vec![security.verifying_key()], threshold: 1 };
    let document = RootDocument {
        version: 1,
        expires: system::now().plus_seconds(24 * 3600),
        root: all.clone(),
        bundle: all.clone(),
        loosen: all.clone(),
        revoke: all,
    };
    let packed =
        Packed { file: dir.join("bundle.placet.json"), root: dir.join("bundle-root.json") };
    files::write(&packed.root, &document.sign(&[security.key()])?)?;
    files::write(&packed.file, &envelope::sign(source, &[security.key()])?)?;
    Ok(packed)
}

fn random<const N: usize>() -> Result<[u8; N], Failure> {
    let mut bytes = [0; N];
    system::random(&mut bytes)?;
    Ok(bytes)
}
