//! What stands between the agent and the database: a guard with its log and its approvals.

use std::path::{Path, PathBuf};

use placet::approval::{Answer, Granted, Ticket};
use placet::command::{Dialect, Protocol};
use placet::crypto::NamedSigningKey;
use placet::engine::{Decided, Outcome};
use placet::mask::RowMasker;
use placet::policy::{RoleKeys, RootDocument, Source, Verdict, envelope};
use placet::request::{Context, Enforces, Principal, PrincipalKind, Request, Resource, Session};
use placet::schema::SqlSession;
use placet_guard::{Ask, AuditOptions, Guard, Options, Step};
use placet_store::{ApprovalStore, StoredAnswer, system};
use rusqlite::Connection;

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
    guard: Guard,
    /// Where the approver of the demo answers.
    desk: ApprovalStore,
    approver: NamedSigningKey,
    request: Request,
}

/// A decision that is in the log.
pub(super) struct Logged {
    pub(super) id: String,
    pub(super) decided: Decided,
    /// Where it waits for people.
    ticket: Option<Ticket>,
}

impl Gateway {
    /// Makes database, keys and bundle in `dir`, verifies the signed bundle, opens the log.
    pub(super) fn open(dir: &Path, log_key: NamedSigningKey) -> Result<Self, Failure> {
        let db = database::make(&dir.join("shop.db"))?;
        let approver = key::make("lead-on-duty")?;
        let source = write_bundle(&dir.join("bundle"), &approver)?;
        let packed = sign_bundle(dir, &source)?;
        let approvals = dir.join("approvals");
        let state = dir.join("bundle-state.json");
        let options = Options::packed(&packed.file, &packed.root, Some(&state))
            .catalog(database::catalog(&db)?)
            .audit(AuditOptions::new(&dir.join("audit"), WRITER, log_key))
            .approvals(&approvals);
        let guard = Guard::open(options)?;
        let desk = ApprovalStore::open(&approvals)?;
        Ok(Self { db, guard, desk, approver, request: request() })
    }

    /// Decides about a command; the decision is in the log when this returns.
    pub(super) fn decide(&mut self, sql: &str) -> Result<Logged, Failure> {
        let admission = self.guard.admit(&self.ask(sql))?;
        let decided = admission.decided;
        if decided.decision.verdict == Verdict::Deny {
            *self.request.session.counters.entry("denials".into()).or_default() += 1;
        }
        let ticket = match admission.step {
            Step::Held(ticket) => Some(ticket),
            Step::Forward(_) | Step::Refused(_) => None,
        };
        Ok(Logged { id: admission.id, decided, ticket })
    }

    /// Lets the demo's approver answer a held command, and resumes it with what the agent sends
    /// then. `Ok(Err(why))` is a refusal that the agent is told.
    pub(super) fn approve(
        &self,
        logged: &Logged,
        answer: Answer,
        sent_then: &str,
    ) -> Result<Result<Box<Granted>, String>, Failure> {
        let Some(ticket) = logged.ticket else { return Ok(Err("it could not be held".into())) };
        let statement = self.desk.request(ticket)?.statement(APPROVER, answer, None);
        let signed = statement.sign(self.approver.key())?;
        self.desk.answer(ticket, &StoredAnswer { signed, comment: None })?;
        Ok(match self.guard.resume(ticket, &self.ask(sent_then))?.step {
            Step::Forward(Some(granted)) => Ok(granted),
            Step::Forward(None) | Step::Held(_) => Err("nobody answered".into()),
            Step::Refused(refusal) => match refusal.code {
                Some(code) => Err(format!("{code} {}", refusal.text)),
                None => Err(refusal.text),
            },
        })
    }

    /// The masker that a decision asks for.
    pub(super) fn row_masker(&self, decided: &Decided, columns: &[&str]) -> Option<RowMasker> {
        self.guard.row_masker(decided, columns)
    }

    /// Logs what became of a command.
    pub(super) fn outcome(&self, outcome: &Outcome) -> Result<(), Failure> {
        Ok(self.guard.outcome(outcome)?)
    }

    /// Closes the log in order.
    pub(super) fn close(self) -> Result<(), Failure> {
        Ok(self.guard.close()?)
    }

    fn ask(&self, sql: &str) -> Ask {
        let mut request = self.request.clone();
        request.context = Context { now: Some(system::now()) };
        let sqlite = Protocol::Sql(Dialect::Sqlite);
        Ask::new(sqlite, sql.as_bytes(), SqlSession::server_defaults(), request)
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
