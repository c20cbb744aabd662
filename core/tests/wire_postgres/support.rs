//! Messages, a judge over a bundle, and conversations that are played in pieces.

use std::sync::Arc;

use placet::approval::Ticket;
use placet::audit::{Event, EventKind};
use placet::engine::{Decided, Engine};
use placet::policy::{Source, Verdict, VerifiedBundle};
use placet::primitives::Timestamp;
use placet::request::{Context, Principal, PrincipalKind, Request, Resource};
use placet::schema::SqlSession;
use placet::wire::WireError;
use placet::wire::postgres::frame::{put, put_text};
use placet::wire::postgres::{Asked, Judge, JudgedStep, Judgement, Session, Start, Turn, Waiting};

pub(crate) const BUNDLE: &[(&str, &str)] = &[
    ("bundle.toml", "name = \"wire\""),
    (
        "classes.toml",
        "[[class]]\nname = \"pii\"\ndetectors = [\"EMAIL_ADDRESS\", \"CREDIT_CARD\"]\noperator = \"redact\"\n",
    ),
    (
        "tags/t.toml",
        "[columns]\n\"public.people.name\" = [\"pii\"]\n\"old.people.name\" = [\"pii\"]\n",
    ),
    (
        "approvals.toml",
        "[[spec]]\nid = \"one\"\nstages = [{ any_of = [\"dba\"], min = 1 }]\nexpires_in = \"10m\"\n",
    ),
    (
        "rules/all.toml",
        "[[rule]]\nid = \"all\"\nwhat = { op = [\"read\", \"create\", \"session\", \"txn\", \"stream\", \"execute\", \"configure\", \"define\", \"destroy\"] }\npartial = true\nverdict = \"allow\"\n\n\
         [[rule]]\nid = \"people\"\nwhat = { op = [\"read\", \"stream\"], target = [\"public.people\", \"old.people\"] }\nverdict = { mask = [\"pii\"] }\n\n\
         [[rule]]\nid = \"few\"\nwhat = { op = [\"read\"], target = \"public.few\" }\nverdict = { limit = { rows = 2 } }\n\n\
         [[rule]]\nid = \"deletes\"\nwhat = { op = [\"delete\"] }\nverdict = \"deny\"\nsay = \"Ask a person.\"\n\n\
         [[rule]]\nid = \"updates\"\nwhat = { op = [\"update\"] }\nverdict = { require_approval = \"one\" }\n",
    ),
];

const CATALOG: &str = r#"{"dialect":"postgres","default_schema":"public","tables":[
    {"schema":"public","name":"people","columns":[{"name":"name"},{"name":"note"}]},
    {"schema":"old","name":"people","columns":[{"name":"name"},{"name":"note"},{"name":"since"}]},
    {"schema":"public","name":"few","columns":[{"name":"id"}],"unique":[["id"]]},
    {"schema":"public","name":"t","columns":[{"name":"id"}]}]}"#;

pub(crate) fn now() -> Timestamp {
    Timestamp::parse("2026-11-22T12:00:00Z").unwrap()
}

/// Decides under the bundle; `approved` is what people said.
pub(crate) struct TestJudge {
    engine: Engine,
    request: Request,
    pub(crate) approved: Option<bool>,
    pub(crate) withdrawn: bool,
    pub(crate) asked: Vec<(Verdict, String)>,
    pub(crate) fails: bool,
}

impl TestJudge {
    pub(crate) fn new() -> Self {
        let bundle = VerifiedBundle::unsigned(Source::from_files(BUNDLE.iter().copied())).unwrap();
        let principal = Principal {
            id: "agent:1".into(),
            kind: PrincipalKind::Agent,
            groups: vec![],
            claims: Default::default(),
            delegator: None,
        };
        let resource = Resource { kind: "postgres".into(), name: "crm".into(), labels: [].into() };
        let request = Request {
            principal,
            resource,
            session: Default::default(),
            context: Context { now: Some(now()) },
            enforces: placet::request::Enforces::ALL,
        };
        Self {
            engine: Engine::new(&bundle),
            request,
            approved: None,
            withdrawn: false,
            asked: Vec::new(),
            fails: false,
        }
    }

    fn decided(&self, asked: &Asked<'_>) -> Decided {
        let request = Request {
            session: placet::request::Session {
                labels: Vec::new(),
                counters: asked.counts.all().map(|(name, count)| (name.to_owned(), count)).into(),
            },
            enforces: asked.enforces,
            ..self.request.clone()
        };
        let decision = self.engine.rules().decide(asked.facts, &request);
        Decided { facts: Arc::clone(asked.facts), decision }
    }
}

impl Judge for TestJudge {
    fn would_deny(&mut self, asked: &Asked<'_>) -> bool {
        self.decided(asked).decision.verdict == Verdict::Deny
    }

    fn judge(&mut self, asked: &Asked<'_>) -> Result<Judgement, WireError> {
        if self.fails {
            return Err(WireError::NotLogged);
        }
        let decided = self.decided(asked);
        let verdict = decided.decision.verdict;
        self.asked.push((verdict, String::from_utf8_lossy(asked.bytes).into_owned()));
        let step = match (verdict, self.approved) {
            (Verdict::Deny, _) => JudgedStep::Refused("denied by policy".into()),
            (Verdict::RequireApproval, None) => JudgedStep::Held(Ticket::from_bytes([7; 16])),
            (Verdict::RequireApproval, Some(false)) => JudgedStep::Refused("APR017 denied".into()),
            (Verdict::RequireApproval, Some(true))
            | (Verdict::Allow | Verdict::Mask | Verdict::Limit, _) => JudgedStep::Forward,
        };
        let body = serde_json::json!({ "verdict": verdict.name() });
        Ok(Judgement {
            id: format!("d-{}", self.asked.len()).into(),
            decided: Arc::new(decided),
            engine: self.engine.clone(),
            event: Some(Event::new(EventKind::Decision, now(), &body).unwrap()),
            step,
        })
    }

    fn resume(&mut self, _: Ticket, asked: &Asked<'_>) -> Result<Judgement, WireError> {
        self.judge(asked)
    }

    fn has_news(&mut self, _: Ticket) -> bool {
        self.approved.is_some()
    }

    fn withdraw(&mut self, _: Ticket) {
        self.withdrawn = true;
    }
}

pub(crate) fn session() -> Session {
    waiting_session(Waiting { seconds: 60, in_transaction_seconds: 0 })
}

pub(crate) fn waiting_session(waiting: Waiting) -> Session {
    Session::new(Start {
        catalog: Some(Arc::new(serde_json::from_str(CATALOG).unwrap())),
        session: SqlSession::server_defaults(),
        search_path_unknown: false,
        hash_key: None,
        waiting,
    })
}

/// One side speaks.
#[derive(Clone, Debug)]
pub(crate) enum Said {
    Client(Vec<u8>),
    Server(Vec<u8>),
    Tick,
}

/// Everything that came out of a conversation.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Heard {
    pub(crate) to_server: Vec<u8>,
    pub(crate) to_client: Vec<u8>,
    pub(crate) closed: bool,
    pub(crate) asked: Vec<(Verdict, String)>,
    pub(crate) outcomes: Vec<String>,
}

/// Plays a conversation, each part cut into pieces of at most `piece(n)` bytes.
pub(crate) fn play(
    session: &mut Session,
    judge: &mut TestJudge,
    script: &[Said],
    mut piece: impl FnMut() -> usize,
) -> Heard {
    let mut heard = Heard {
        to_server: Vec::new(),
        to_client: Vec::new(),
        closed: false,
        asked: Vec::new(),
        outcomes: Vec::new(),
    };
    let mut take = |mut turn: Turn| {
        drop(turn.take_decisions());
        heard.outcomes.extend(turn.take_outcomes().iter().map(|outcome| {
            format!("{} {:?} {}", outcome.decision_id, outcome.state, outcome.rows_out)
        }));
        let out = turn.release().unwrap();
        heard.to_server.extend(out.to_server);
        heard.to_client.extend(out.to_client);
        heard.closed |= out.close;
    };
    for said in script {
        match said {
            Said::Client(bytes) | Said::Server(bytes) => {
                let mut rest = bytes.as_slice();
                while !rest.is_empty() {
                    let (now_, later) = rest.split_at(piece().clamp(1, rest.len()));
                    rest = later;
                    take(match said {
                        Said::Client(_) => session.on_client(now_, judge, now()),
                        Said::Server(_) | Said::Tick => session.on_server(now_, judge, now()),
                    });
                }
            }
            Said::Tick => take(session.on_tick(judge, now())),
        }
    }
    heard.asked.clone_from(&judge.asked);
    heard
}

/// Plays a conversation whole.
pub(crate) fn hear(script: &[Said]) -> Heard {
    play(&mut session(), &mut TestJudge::new(), script, || usize::MAX)
}

pub(crate) fn c(parts: &[Vec<u8>]) -> Said {
    Said::Client(parts.concat())
}

pub(crate) fn s(parts: &[Vec<u8>]) -> Said {
    Said::Server(parts.concat())
}

pub(crate) fn message(tag: u8, fill: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
    let mut out = Vec::new();
    put(&mut out, tag, fill).unwrap();
    out
}

pub(crate) fn query(text: &str) -> Vec<u8> {
    message(b'Q', |body| put_text(body, text))
}

pub(crate) fn parse(name: &str, text: &str) -> Vec<u8> {
    message(b'P', |body| {
        put_text(body, name);
        put_text(body, text);
        body.extend([0, 0]);
    })
}

pub(crate) fn bind(portal: &str, statement: &str) -> Vec<u8> {
    message(b'B', |body| {
        put_text(body, portal);
        put_text(body, statement);
        body.extend([0, 0, 0, 0, 0, 0]);
    })
}

pub(crate) fn named(tag: u8, kind: u8, name: &str) -> Vec<u8> {
    message(tag, |body| {
        body.push(kind);
        put_text(body, name);
    })
}

pub(crate) fn execute(portal: &str) -> Vec<u8> {
    message(b'E', |body| {
        put_text(body, portal);
        body.extend([0, 0, 0, 0]);
    })
}

pub(crate) fn bare(tag: u8) -> Vec<u8> {
    message(tag, |_| {})
}

pub(crate) fn ready(status: u8) -> Vec<u8> {
    message(b'Z', |body| body.push(status))
}

pub(crate) fn complete(tag: &str) -> Vec<u8> {
    message(b'C', |body| put_text(body, tag))
}

/// A RowDescription of text columns.
pub(crate) fn columns(names: &[&str]) -> Vec<u8> {
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

pub(crate) fn row(cells: &[&str]) -> Vec<u8> {
    message(b'D', |body| {
        body.extend(u16::try_from(cells.len()).unwrap().to_be_bytes());
        for cell in cells {
            body.extend(u32::try_from(cell.len()).unwrap().to_be_bytes());
            body.extend(cell.as_bytes());
        }
    })
}

pub(crate) fn error(code: &str, text: &str) -> Vec<u8> {
    said(b'E', "ERROR", code, text)
}

pub(crate) fn said(tag: u8, severity: &str, code: &str, text: &str) -> Vec<u8> {
    message(tag, |body| {
        for (field, value) in [(b'S', severity), (b'V', severity), (b'C', code), (b'M', text)] {
            body.push(field);
            put_text(body, value);
        }
        body.push(0);
    })
}

pub(crate) fn parameter(name: &str, value: &str) -> Vec<u8> {
    message(b'S', |body| {
        put_text(body, name);
        put_text(body, value);
    })
}

/// The types of the messages in a stream.
pub(crate) fn tags(mut bytes: &[u8]) -> String {
    let mut tags = String::new();
    while let Ok(Some(head)) = placet::wire::postgres::frame::head(bytes) {
        tags.push(char::from(head.tag));
        bytes = bytes.get(head.len..).unwrap_or_default();
    }
    assert!(bytes.is_empty(), "a message is cut");
    tags
}

pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
