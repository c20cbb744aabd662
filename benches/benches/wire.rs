//! A session of the PostgreSQL protocol without sockets: what one prepared one-row SELECT costs
//! (Bind, Describe, Execute, Sync and its answer), decided, logged and masked; and what 1,000 rows
//! with three masked values each cost.
#![expect(clippy::unwrap_used, reason = "a bench may stop at the first surprise")]

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use placet::command::Protocol;
use placet::crypto::{KeyName, NamedSigningKey, SigningKey};
use placet::engine::{Authn, Outcome};
use placet::primitives::Timestamp;
use placet::request::{Principal, PrincipalKind, Resource};
use placet::schema::SqlSession;
use placet::wire::postgres::frame::{put, put_text};
use placet::wire::postgres::{Session, Start, Turn, Waiting};
use placet_guard::{AuditOptions, Guard, Options, Peer, SessionJudge};
use placet_store::Durability;

const BUNDLE: &[(&str, &str)] = &[
    ("bundle.toml", "name = \"bench\""),
    (
        "classes.toml",
        "[[class]]\nname = \"pii\"\noperator = \"redact\"\n\
         detectors = [\"EMAIL_ADDRESS\", \"CREDIT_CARD\", \"PHONE_NUMBER\", \"US_SSN\"]\n",
    ),
    (
        "rules/all.toml",
        "[[rule]]\nid = \"reads\"\nwhat = { op = [\"read\"] }\n\
         verdict = [\"allow\", { mask = [\"pii\"] }]\n",
    ),
];

fn guard(dir: &std::path::Path) -> Guard {
    for (name, text) in BUNDLE {
        let path = dir.join("bundle").join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    let name = KeyName::parse("example.com/audit").unwrap();
    let key = NamedSigningKey::new(name, SigningKey::from_seed(&[1; 32]));
    let audit = AuditOptions {
        durability: Durability::Buffered,
        sign_within: Some(std::time::Duration::from_millis(20)),
        ..AuditOptions::new(&dir.join("audit"), "bench", key)
    };
    Guard::open(Options::directory(&dir.join("bundle")).audit(audit)).unwrap()
}

fn judge(guard: &Guard) -> SessionJudge {
    let principal = Principal {
        id: "agent:bench".into(),
        kind: PrincipalKind::Agent,
        groups: vec!["agents/bench".into()],
        claims: Default::default(),
        delegator: None,
    };
    let resource = Resource { kind: "postgres".into(), name: "bench".into(), labels: [].into() };
    let peer = Peer {
        principal,
        authn: Authn::AssertedByEmbedder,
        resource,
        database: Some("bench".into()),
        session_id: "s-1".into(),
    };
    SessionJudge::new(guard.clone(), Protocol::parse("postgres").unwrap(), peer)
}

fn session() -> Session {
    Session::new(Start {
        catalog: None,
        session: SqlSession::server_defaults(),
        search_path_unknown: false,
        hash_key: None,
        waiting: Waiting { seconds: 0, in_transaction_seconds: 0 },
    })
}

fn message(tag: u8, fill: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
    let mut out = Vec::new();
    put(&mut out, tag, fill).unwrap();
    out
}

fn columns(names: &[&str]) -> Vec<u8> {
    message(b'T', |body| {
        body.extend(u16::try_from(names.len()).unwrap().to_be_bytes());
        for name in names {
            put_text(body, name);
            body.extend([0; 6]);
            body.extend(25u32.to_be_bytes());
            body.extend([255, 255, 255, 255, 255, 255, 0, 0]);
        }
    })
}

fn row(cells: &[&str]) -> Vec<u8> {
    message(b'D', |body| {
        body.extend(u16::try_from(cells.len()).unwrap().to_be_bytes());
        for cell in cells {
            body.extend(u32::try_from(cell.len()).unwrap().to_be_bytes());
            body.extend(cell.as_bytes());
        }
    })
}

fn complete(tag: &str) -> Vec<u8> {
    let done = message(b'C', |body| put_text(body, tag));
    [done, message(b'Z', |body| body.push(b'I'))].concat()
}

fn run() -> Vec<u8> {
    [
        message(b'B', |body| body.extend(b"\0P_0\0\0\0\0\x01\0\0\0\x0542007\0\0")),
        message(b'D', |body| body.extend(b"P\0")),
        message(b'E', |body| body.extend(b"\0\0\0\0\0")),
        message(b'S', |_| {}),
    ]
    .concat()
}

struct Side {
    guard: Guard,
    judge: SessionJudge,
    session: Session,
    now: Timestamp,
    bytes: usize,
    outcomes: Vec<Outcome>,
}

impl Side {
    fn new(guard: &Guard) -> Self {
        let now = Timestamp::from_unix_millis(1_795_348_800_000);
        let (judge, session) = (judge(guard), session());
        Self { guard: guard.clone(), judge, session, now, bytes: 0, outcomes: Vec::new() }
    }

    fn settle(&mut self, mut turn: Turn) {
        let mut events = turn.take_decisions();
        self.outcomes.extend(turn.take_outcomes());
        if !events.is_empty() {
            let mut group = Outcome::events(&self.outcomes, self.now);
            self.outcomes.clear();
            group.append(&mut events);
            self.guard.log().unwrap().append_all(&group).unwrap();
        }
        let out = turn.release().unwrap();
        assert!(!out.close, "{}", String::from_utf8_lossy(&out.to_client));
        self.bytes += black_box(out.to_server.len() + out.to_client.len());
    }

    fn client(&mut self, bytes: &[u8]) {
        let turn = self.session.on_client(bytes, &mut self.judge, self.now);
        self.settle(turn);
    }

    fn server(&mut self, bytes: &[u8]) {
        let turn = self.session.on_server(bytes, &mut self.judge, self.now);
        self.settle(turn);
    }
}

fn prepared(c: &mut Criterion) {
    let dir = tempfile::tempdir().unwrap();
    let guard = guard(dir.path());
    let mut side = Side::new(&guard);
    side.client(
        &[
            message(b'P', |body| {
                put_text(body, "P_0");
                put_text(body, "SELECT abalance FROM pgbench_accounts WHERE aid = $1;");
                body.extend([0, 0]);
            }),
            message(b'S', |_| {}),
        ]
        .concat(),
    );
    side.server(&[message(b'1', |_| {}), message(b'Z', |body| body.push(b'I'))].concat());
    let answer =
        [message(b'2', |_| {}), columns(&["abalance"]), row(&["-12345"]), complete("SELECT 1")]
            .concat();
    let ask = run();
    let mut group = c.benchmark_group("session");
    group.bench_function("prepared, one by one", |b| {
        b.iter(|| {
            side.client(&ask);
            side.server(&answer);
        });
    });
    let (asks, answers) = (ask.repeat(20), answer.repeat(20));
    group.throughput(Throughput::Elements(20));
    group.bench_function("prepared, 20 in a pipeline", |b| {
        b.iter(|| {
            side.client(&asks);
            side.server(&answers);
        });
    });
    group.finish();
}

fn wide(c: &mut Criterion) {
    let dir = tempfile::tempdir().unwrap();
    let guard = guard(dir.path());
    let mut side = Side::new(&guard);
    let mut rows = columns(&["id", "name", "email", "phone", "card", "note", "created"]);
    for n in 0..1000 {
        rows.extend(row(&[
            &n.to_string(),
            &format!("Person {n}"),
            &format!("user{n}@example.com"),
            &format!("+1-202-555-{n:04}"),
            "4111-1111-1111-1111",
            "lorem ipsum dolor lorem ipsum dolor lorem ipsum dolor lorem ipsum dolor ",
            "2026-11-22 12:00:00.123456+00",
        ]));
    }
    rows.extend(complete("SELECT 1000"));
    let ask = message(b'Q', |body| {
        put_text(body, "select * from people where id between 1 and 1000");
    });
    let mut group = c.benchmark_group("session");
    group.sample_size(20).throughput(Throughput::Bytes(rows.len() as u64));
    group.bench_function("1,000 rows with three masked values", |b| {
        b.iter(|| {
            side.client(&ask);
            side.server(&rows);
        });
    });
    group.finish();
}

criterion_group!(benches, prepared, wide);
criterion_main!(benches);
