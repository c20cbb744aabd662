//! The smallest gateway: each line of standard input is an SQL command of an agent; it is decided,
//! logged, forwarded and masked. `gateway DIR` keeps its log in `DIR/audit`; `DIR` is new.

use std::error::Error;
use std::io::{self, BufRead, Write};
use std::path::PathBuf;

use placet::approval::{BoundCommand, BoundContext, Salt};
use placet::audit::{AuditSink, Event, EventKind};
use placet::command::{Dialect, Protocol};
use placet::crypto::{KeyName, NamedSigningKey, SigningKey};
use placet::engine::{DecisionEvent, Enforcement, Engine, Outcome, OutcomeState};
use placet::facts::Scope;
use placet::mask::{ColumnRule, Detectors, Operators, RowMasker};
use placet::policy::{Verdict, VerifiedBundle};
use placet::request::{Context, Enforces, Principal, PrincipalKind, Request, Resource, Session};
use placet::schema::SqlSession;
use placet_store::{LogOptions, LogWriter, keys, system};

/// The server behind this gateway: a stand-in that answers every command with the same made-up row.
const COLUMNS: [&str; 2] = ["id", "email"];
const ROW: [&str; 2] = ["7", "ada@example.com"];

fn main() -> Result<(), Box<dyn Error>> {
    let dir = PathBuf::from(std::env::args_os().nth(1).ok_or("usage: gateway DIR < commands")?);
    // The log's key. In production it lies where the agent's account cannot read it.
    let name = KeyName::parse("example.com/gateway")?;
    let root = NamedSigningKey::new(name, SigningKey::from_seed(&*system::seed()?));
    std::fs::create_dir_all(&dir)?;
    keys::write_verifying_key(&dir.join("audit.vkey"), &root.verifying_key())?;
    let options = LogOptions::new(&dir.join("audit"), "gateway-1");
    let log = LogWriter::open(options, &root, system::now, system::random)?;
    // Compiled once; from here on deciding is cheap and cannot fail.
    let engine = Engine::new(&VerifiedBundle::shipped("baseline").ok_or("no such pack")??);

    let (session, mut request) = (SqlSession::server_defaults(), request());
    let scope = Scope { catalog: None, session: &session };
    let mut out = io::stdout().lock();
    for (number, line) in (1u32..).zip(io::stdin().lock().lines()) {
        let (sql, id) = (line?, format!("gateway-1-{number}"));
        request.context = Context { now: Some(system::now()) };
        let postgres = Protocol::Sql(Dialect::Postgres);
        let decided = engine.decide(postgres, sql.as_bytes(), &scope, &request);

        // The decision is in the log before anything is forwarded; where logging fails, `?` stops.
        // The log holds no text of the command, only a salted hash of what it is and runs under.
        let mut salt = [0; 32];
        system::random(&mut salt)?;
        let hash = bound(&sql, &request, &session).action_hash(&Salt::from_bytes(salt));
        let event =
            DecisionEvent::new(&decided, &request, &id, Enforcement::Gateway, (sql.len(), hash));
        log.append(&Event::new(EventKind::Decision, system::now(), &event)?)?;

        match decided.decision.verdict {
            Verdict::Allow | Verdict::Mask | Verdict::Limit => {}
            // This gateway holds nothing for approval: `Enforces` says so, and `decide` denies.
            Verdict::RequireApproval | Verdict::Deny => {
                let reasons = decided.decision.reasons.join(", ");
                let remedy = decided.decision.remedy.as_deref().unwrap_or("Ask for less.");
                writeln!(out, "refused ({reasons}): {remedy}")?;
                continue;
            }
        }
        // Columns that the bundle knows are masked by rule; in all others the detectors look.
        let mut rows = engine.row_masker(&decided, &COLUMNS, None).unwrap_or_else(detectors_alone);
        for (column, cell) in ROW.iter().enumerate() {
            let end = if column + 1 == ROW.len() { "\n" } else { "\t" };
            out.write_all(rows.cell(column, cell.as_bytes())?.bytes())?;
            out.write_all(end.as_bytes())?;
        }
        let outcome = Outcome {
            decision_id: id.into(),
            state: OutcomeState::Completed,
            rows_out: 1,
            rows_changed: None,
            masked_cells: rows.masked_cells(),
        };
        log.append(&outcome.event(system::now()))?;
    }
    Ok(log.close()?)
}

fn detectors_alone() -> RowMasker {
    let column = |name: &&str| ColumnRule { name: (*name).to_owned(), forced: None };
    let columns = COLUMNS.iter().map(column).collect();
    RowMasker::new(Detectors::builtin(), Operators::redact_all(), columns)
}

/// Who asks for what. A real gateway takes the principal from a verified token.
fn request() -> Request {
    Request {
        principal: Principal {
            id: "agent:support-7".into(),
            kind: PrincipalKind::Agent,
            groups: vec!["agents/support".into()],
            claims: Default::default(),
            delegator: None,
        },
        resource: Resource {
            kind: "postgres".into(),
            name: "crm".into(),
            labels: Default::default(),
        },
        session: Session::default(),
        context: Context::default(),
        // What is obliged and not enforced here becomes a deny.
        enforces: Enforces { mask: true, limit: false, approve: false },
    }
}

fn bound(sql: &str, request: &Request, session: &SqlSession) -> BoundCommand {
    BoundCommand {
        protocol: Dialect::Postgres.name().to_owned(),
        resource_kind: request.resource.kind.clone(),
        resource_name: request.resource.name.clone(),
        bytes: sql.as_bytes().to_vec(),
        params: Vec::new(),
        context: BoundContext::of_sql(None, session),
    }
}
