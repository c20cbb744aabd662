//! The corpus through the proxy: what is decided about a text that comes over the wire is what the
//! library decides about the same text.
//!
//! Every PostgreSQL case of `testdata/commands` and every case of `testdata/policies` that is a text
//! goes to the server as one simple query of a session of its own. What the server makes of it does
//! not matter; its decision event must hold the facts, verdict, rules and reasons of the library.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use base64::Engine as _;
use placet::command::Protocol;
use placet::engine::Engine;
use placet::facts::Scope;
use placet::policy::VerifiedBundle;
use placet::request::{Context, Enforces, Principal, PrincipalKind, Request, Resource, Session};
use placet::schema::{Catalog, SqlSession};
use serde_json::{Value, json};
use xtask::clients::root;
use xtask::proxy::{Proxy, Setup};

use crate::Test;
use crate::stage::{Stage, text};
use crate::wire::{Client, Message, frame};

pub(crate) const TESTS: &[Test] = &[
    ("commands", commands),
    ("commands_with_a_catalog", commands_with_a_catalog),
    ("policies", policies),
    ("command_line", command_line),
];

/// A text with its name.
struct Case {
    name: String,
    bytes: Vec<u8>,
}

/// The cases of some files that `wanted` takes.
fn cases(folder: &str, wanted: impl Fn(&toml::Table) -> bool) -> Vec<Case> {
    let folder = root().unwrap().join("testdata").join(folder);
    let mut files: Vec<PathBuf> =
        fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let mut found = Vec::new();
    for file in files {
        let table: toml::Table = toml::from_str(&fs::read_to_string(&file).unwrap()).unwrap();
        let theme = file.file_stem().unwrap().to_str().unwrap();
        for case in table["case"].as_array().unwrap() {
            let case = case.as_table().unwrap();
            if !wanted(case) {
                continue;
            }
            let text = |key: &str| case.get(key).and_then(toml::Value::as_str);
            let bytes = match (text("text"), text("bytes")) {
                (Some(text), _) => text.as_bytes().to_vec(),
                (None, Some(coded)) => {
                    base64::engine::general_purpose::STANDARD.decode(coded).unwrap()
                }
                (None, None) => continue,
            };
            found.push(Case { name: format!("{theme}/{}", text("name").unwrap()), bytes });
        }
    }
    found
}

fn commands(stage: &Stage) {
    let cases = cases("commands/postgres", |_| true);
    assert!(cases.len() > 400, "{} cases", cases.len());
    through(stage, "corpus", None, &cases);
}

fn commands_with_a_catalog(stage: &Stage) {
    let cases = cases("commands/postgres", |case| case.contains_key("catalog"));
    assert!(cases.len() > 100, "{} cases", cases.len());
    through(stage, "corpus_catalog", Some("crm.json"), &cases);
}

fn policies(stage: &Stage) {
    let plain = |case: &toml::Table| {
        case.contains_key("text")
            && case.get("base").and_then(toml::Value::as_str) == Some("baseline")
            && ["rules", "files", "principal", "resource", "session", "now", "enforces"]
                .iter()
                .all(|key| !case.contains_key(*key))
    };
    let cases = cases("policies", plain);
    assert!(cases.len() >= 12, "{} cases", cases.len());
    through(stage, "corpus_policies", None, &cases);
}

/// What the library says.
struct Library {
    engine: Engine,
    catalog: Option<Catalog>,
    session: SqlSession,
    request: Request,
}

impl Library {
    fn new(catalog: Option<&str>) -> Self {
        let bundle = VerifiedBundle::shipped("baseline").unwrap().unwrap();
        let catalog = catalog.map(|name| {
            let path = root().unwrap().join("testdata/catalogs").join(name);
            serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
        });
        let principal = Principal {
            id: "agent:live".into(),
            kind: PrincipalKind::Agent,
            groups: Vec::new(),
            claims: std::collections::BTreeMap::default(),
            delegator: None,
        };
        let resource = Resource {
            kind: "postgres".into(),
            name: "live".into(),
            labels: std::collections::BTreeMap::default(),
        };
        let request = Request {
            principal,
            resource,
            session: Session::default(),
            context: Context::default(),
            enforces: Enforces::ALL,
        };
        let session = SqlSession::server_defaults();
        Self { engine: Engine::new(&bundle), catalog, session, request }
    }

    /// What must be the same in the event.
    fn says(&self, bytes: &[u8]) -> Value {
        let scope = Scope { catalog: self.catalog.as_ref(), session: &self.session };
        let postgres = Protocol::parse("postgres").unwrap();
        let decided = self.engine.decide(postgres, bytes, &scope, &self.request);
        // What is too large for a leaf stands there as its length and hash.
        let facts = serde_json::to_vec(&*decided.facts).unwrap();
        let facts = if facts.len() <= 32 * 1024 {
            json!(*decided.facts)
        } else {
            json!({ "bytes": facts.len(), "sha256": placet::crypto::sha256(&facts) })
        };
        shape(&json!({ "facts": facts, "decision": decided.decision }))
    }
}

/// The part of an event that does not depend on who asks and when.
fn shape(event: &Value) -> Value {
    let decision = &event["decision"];
    let keys = ["verdict", "rules", "reasons", "understanding", "obligations", "remedy"];
    let decision: Value =
        keys.iter().map(|key| ((*key).to_owned(), decision[*key].clone())).collect();
    json!({ "facts": event["facts"], "decision": decision })
}

fn through(stage: &Stage, database: &str, catalog: Option<&str>, cases: &[Case]) {
    let library = Library::new(catalog);
    stage.server.sql("postgres", &format!("CREATE DATABASE {database}")).unwrap();
    let mut setup = Setup::named(&stage.binary, "baseline", &stage.server, database);
    if let Some(name) = catalog {
        setup = setup.catalog(&root().unwrap().join("testdata/catalogs").join(name));
    }
    let mut proxy = Proxy::start(&setup).unwrap();
    let mut known = proxy.events(0).unwrap().len();
    let (mut wrong, mut impossible) = (Vec::new(), BTreeSet::new());
    for case in cases {
        let told = send(&proxy, &case.bytes);
        let events = proxy.events(known).unwrap();
        known += events.len();
        let decisions: Vec<&Value> =
            events.iter().filter(|event| event["type"] == "decision").collect();
        // A zero byte ends a text on the wire, and the proxy speaks UTF-8 only.
        if case.bytes.contains(&0) || std::str::from_utf8(&case.bytes).is_err() {
            impossible.insert(case.name.as_str());
            if told.iter().any(|message| message.tag == b'C') {
                wrong.push(format!("{}: it ran: {told:?}", case.name));
            }
            continue;
        }
        let expected = library.says(&case.bytes);
        let found: Vec<Value> = decisions.iter().map(|event| shape(event)).collect();
        if found.as_slice() != [expected.clone()] {
            let found = serde_json::to_string(&found).unwrap();
            wrong.push(format!("{}\n  library {expected}\n  proxy   {found}", case.name));
        }
        let refused = told.iter().any(|message| {
            message.tag == b'E' && message.field(b'C') == "42501" && !message.field(b'D').is_empty()
        });
        let verdict = expected["decision"]["verdict"].as_str().unwrap().to_owned();
        if refused != ["deny", "require_approval"].contains(&verdict.as_str()) {
            wrong.push(format!("{}: {verdict}, and the client was told {told:?}", case.name));
        }
    }
    proxy.stop();
    proxy.verify().unwrap();
    assert!(impossible.len() * 20 < cases.len() + 20, "too many left out: {impossible:?}");
    let count = wrong.len();
    wrong.truncate(12);
    assert!(count == 0, "{count} of {} differ:\n{}", cases.len(), wrong.join("\n"));
}

/// Sends a text in a session of its own; everything that comes back.
fn send(proxy: &Proxy, bytes: &[u8]) -> Vec<Message> {
    let env = proxy.env();
    let value = |name: &str| env.iter().find(|(key, _)| *key == name).unwrap().1.clone();
    let (user, password, database) = (value("PGUSER"), value("PGPASSWORD"), value("PGDATABASE"));
    let mut client = Client::session(proxy.port(), &user, &password, &database);
    client.send(&frame(b'Q', &[bytes, b"\0"].concat()));
    let mut told = Vec::new();
    while let Some(message) = client.receive() {
        let tag = message.tag;
        told.push(message);
        match tag {
            b'Z' => break,
            // The server waits for data: there is none.
            b'G' => client.send(&frame(b'f', b"no data\0")),
            _ => {}
        }
    }
    told
}

/// The command line gives the verdict that the proxy's log holds, for a text of each verdict.
fn command_line(stage: &Stage) {
    let library = Library::new(None);
    for sql in ["SELECT 1", "DELETE FROM t", "DELETE FROM t WHERE id = 1", "SELEC 1"] {
        let question = json!({
            "principal": library.request.principal,
            "resource": library.request.resource,
            "command": { "protocol": "postgres", "text": sql },
        });
        let file = stage.file("question.json", &question.to_string());
        let mut decide = std::process::Command::new(&stage.binary);
        decide.args(["decide", "--bundle", "baseline", "--json"]);
        let told = decide.stdin(fs::File::open(file).unwrap()).output().unwrap();
        let found: Value =
            serde_json::from_slice(&told.stdout).unwrap_or_else(|_| panic!("{}", text(&told)));
        let expected = library.says(sql.as_bytes());
        assert_eq!(found["verdict"], expected["decision"]["verdict"], "{sql}");
        assert_eq!(found["rules"], expected["decision"]["rules"], "{sql}");
    }
}
