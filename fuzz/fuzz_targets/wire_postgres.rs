//! A session of the PostgreSQL protocol under any conversation: it does not panic, and what comes out
//! does not depend on how the bytes were cut.
#![no_main]

use std::sync::{Arc, LazyLock};

use libfuzzer_sys::fuzz_target;
use placet::approval::Ticket;
use placet::engine::{Decided, Engine};
use placet::policy::{Source, Verdict, VerifiedBundle};
use placet::primitives::Timestamp;
use placet::request::{Context, Principal, PrincipalKind, Request, Resource};
use placet::schema::SqlSession;
use placet::wire::WireError;
use placet::wire::postgres::{
    Asked, Judge, JudgedStep, Judgement, Session, Start, Turn, Waiting,
};

const BUNDLE: &[(&str, &str)] = &[
    ("bundle.toml", "name = \"wire\""),
    (
        "classes.toml",
        "[[class]]\nname = \"pii\"\ndetectors = [\"EMAIL_ADDRESS\"]\noperator = \"redact\"\n",
    ),
    (
        "rules/all.toml",
        "[[rule]]\nid = \"all\"\nwhat = { op = [\"read\", \"stream\", \"session\", \"txn\"] }\npartial = true\n\
         verdict = [\"allow\", { mask = [\"pii\"] }]\n\n\
         [[rule]]\nid = \"few\"\nwhat = { op = [\"read\"], target = \"few\" }\n\
         verdict = { limit = { rows = 1 } }\n",
    ),
];

static ENGINE: LazyLock<Engine> = LazyLock::new(|| {
    let source = Source::from_files(BUNDLE.iter().copied());
    Engine::new(&VerifiedBundle::unsigned(source).expect("the bundle is good"))
});

struct FuzzJudge(Request);

impl FuzzJudge {
    fn new() -> Self {
        Self(Request {
            principal: Principal {
                id: "agent:1".into(),
                kind: PrincipalKind::Agent,
                groups: vec![],
                claims: Default::default(),
                delegator: None,
            },
            resource: Resource { kind: "postgres".into(), name: "f".into(), labels: [].into() },
            session: Default::default(),
            context: Context::default(),
            enforces: placet::request::Enforces::ALL,
        })
    }
}

impl Judge for FuzzJudge {
    fn would_deny(&mut self, asked: &Asked<'_>) -> bool {
        ENGINE.rules().decide(asked.facts, &self.0).verdict == Verdict::Deny
    }

    fn judge(&mut self, asked: &Asked<'_>) -> Result<Judgement, WireError> {
        let request = Request { enforces: asked.enforces, ..self.0.clone() };
        let decision = ENGINE.rules().decide(asked.facts, &request);
        let step = match decision.verdict {
            Verdict::Deny | Verdict::RequireApproval => JudgedStep::Refused("no".into()),
            Verdict::Allow | Verdict::Mask | Verdict::Limit => JudgedStep::Forward,
        };
        Ok(Judgement {
            id: "d".into(),
            decided: Arc::new(Decided { facts: Arc::clone(asked.facts), decision }),
            engine: ENGINE.clone(),
            event: None,
            step,
        })
    }

    fn resume(&mut self, _: Ticket, asked: &Asked<'_>) -> Result<Judgement, WireError> {
        self.judge(asked)
    }

    fn has_news(&mut self, _: Ticket) -> bool {
        false
    }

    fn withdraw(&mut self, _: Ticket) {}
}

/// The parts of a conversation: a byte says who speaks and which message, the next how long its
/// body is; the length is written in front of it, or the bytes are taken as they are.
fn parts(mut data: &[u8]) -> Vec<(bool, Vec<u8>)> {
    const CLIENT: &[u8] = b"QPBDECSHFXdcf";
    const SERVER: &[u8] = b"12CDEGHINSTZAVcdnstK";
    let mut parts = Vec::new();
    while let [head, length, rest @ ..] = data {
        let count = usize::from(*length).min(rest.len());
        let (body, later) = rest.split_at(count);
        data = later;
        let (client, kinds) = if head & 1 == 0 { (true, CLIENT) } else { (false, SERVER) };
        let tag = kinds[usize::from(head >> 2) % kinds.len()];
        let mut bytes = Vec::new();
        if head & 2 == 0 {
            bytes.push(tag);
            bytes.extend(u32::try_from(body.len() + 4).expect("short").to_be_bytes());
        }
        bytes.extend(body);
        parts.push((client, bytes));
    }
    parts
}

fn play(parts: &[(bool, Vec<u8>)], piece: usize) -> (Vec<u8>, Vec<u8>, bool) {
    let now = Timestamp::from_unix_millis(0);
    let mut judge = FuzzJudge::new();
    let mut session = Session::new(Start {
        catalog: None,
        session: SqlSession::server_defaults(),
        search_path_unknown: false,
        hash_key: None,
        waiting: Waiting { seconds: 0, in_transaction_seconds: 0 },
    });
    let (mut server, mut client, mut closed) = (Vec::new(), Vec::new(), false);
    for (from_client, bytes) in parts {
        for chunk in bytes.chunks(piece) {
            let turn: Turn = if *from_client {
                session.on_client(chunk, &mut judge, now)
            } else {
                session.on_server(chunk, &mut judge, now)
            };
            let out = turn.release().expect("nothing waits for a log");
            server.extend(out.to_server);
            client.extend(out.to_client);
            closed |= out.close;
        }
    }
    (server, client, closed)
}

fuzz_target!(|data: &[u8]| {
    let parts = parts(data);
    let whole = play(&parts, usize::MAX);
    for piece in [1, 3, 7] {
        assert_eq!(play(&parts, piece), whole);
    }
});
