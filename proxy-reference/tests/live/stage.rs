//! What all tests share: a server with the live database, and proxies in front of it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use xtask::clients::{Clients, root};
use xtask::postgres::Server;
use xtask::proxy::{self, Proxy, Scratch, Setup};

use crate::wire::Client;

/// How long a held command waits at the patient proxy.
const PATIENCE: Duration = Duration::from_secs(30);

/// The stage. Fields go in order: proxies before their server.
pub(crate) struct Stage {
    /// Lets a held command wait.
    pub(crate) patient: Mutex<Proxy>,
    /// Refuses a held command with a ticket.
    pub(crate) curt: Mutex<Proxy>,
    pub(crate) server: Server,
    pub(crate) clients: Clients,
    pub(crate) binary: PathBuf,
    scratch: Scratch,
    doors: [Door; 2],
}

/// How a client gets in.
#[derive(Clone, Debug)]
pub(crate) struct Door {
    pub(crate) port: u16,
    pub(crate) env: Vec<(&'static str, String)>,
    pub(crate) approvals: PathBuf,
}

impl Door {
    fn of(proxy: &Proxy) -> Self {
        Self { port: proxy.port(), env: proxy.env(), approvals: proxy.approvals() }
    }

    fn value(&self, name: &str) -> &str {
        let found = self.env.iter().find(|(key, _)| *key == name);
        found.map_or("", |(_, value)| value)
    }

    /// The agent's token.
    pub(crate) fn token(&self) -> &str {
        self.value("PGPASSWORD")
    }

    /// A session of the agent, message by message.
    pub(crate) fn session(&self) -> Client {
        Client::session(self.port, self.value("PGUSER"), self.token(), self.value("PGDATABASE"))
    }
}

impl Stage {
    /// Starts everything.
    pub(crate) fn set() -> Result<Self, String> {
        let binary = proxy::debug_binary()?;
        let clients = Clients::install()?;
        let server = Server::start(&["log_statement = 'all'"])?;
        let scratch = Scratch::new("live")?;
        server.sql("postgres", "CREATE DATABASE live")?;
        let tests = root()?.join("proxy-reference/tests");
        let script = fs::read_to_string(tests.join("live.sql")).map_err(|e| e.to_string())?;
        server.sql("live", &script)?;
        let key = proxy::key(&binary, "dana", scratch.path())?;
        let bundle = scratch.path().join("bundle");
        proxy::copy_bundle(&tests.join("bundle"), &bundle, &[("@APPROVER_KEY@", &key)])?;
        let setup =
            Setup::new(&binary, &bundle, &server, "live").catalog(&tests.join("catalog.json"));
        let patient = Proxy::start(&setup.clone().wait(PATIENCE))?;
        let curt = Proxy::start(&setup)?;
        let doors = [Door::of(&patient), Door::of(&curt)];
        Ok(Self {
            patient: Mutex::new(patient),
            curt: Mutex::new(curt),
            server,
            clients,
            binary,
            scratch,
            doors,
        })
    }

    /// The way in where held commands wait.
    pub(crate) fn patient(&self) -> &Door {
        &self.doors[0]
    }

    /// The way in where held commands are refused with a ticket.
    pub(crate) fn curt(&self) -> &Door {
        &self.doors[1]
    }

    /// psql through a proxy, with these arguments.
    pub(crate) fn psql(&self, door: &Door, arguments: &[&str]) -> Command {
        let mut psql = self.server.client("psql");
        psql.envs(door.env.iter().cloned()).arg("-qtAX").args(arguments);
        psql
    }

    /// What the server itself says, as its superuser.
    pub(crate) fn truth(&self, sql: &str) -> String {
        self.server.sql("live", sql).unwrap()
    }

    /// How often the server was sent this text by anybody.
    pub(crate) fn seen(&self, text: &str) -> usize {
        self.server.log().matches(text).count()
    }

    /// `placet` with these words.
    pub(crate) fn placet(&self, words: &[&str]) -> Output {
        Command::new(&self.binary).args(words).output().unwrap()
    }

    /// The tickets that wait behind a door for a command with this text.
    pub(crate) fn tickets(&self, door: &Door, text: &str) -> Vec<String> {
        let store = door.approvals.to_str().unwrap();
        let told = self.placet(&["approvals", "--store", store, "--json"]);
        let told: serde_json::Value = serde_json::from_slice(&told.stdout).unwrap_or_default();
        let all = told.as_array().or_else(|| told["requests"].as_array()).cloned();
        all.unwrap_or_default()
            .iter()
            .filter(|request| request.to_string().contains(text))
            .filter_map(|request| request["ticket"].as_str().map(str::to_owned))
            .collect()
    }

    /// Waits for a ticket.
    pub(crate) fn ticket(&self, door: &Door, text: &str) -> String {
        let end = Instant::now() + Duration::from_secs(15);
        while Instant::now() < end {
            if let Some(ticket) = self.tickets(door, text).pop() {
                return ticket;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        panic!("nothing is held for `{text}`");
    }

    /// Answers a ticket as Dana: `approve` or `deny`.
    pub(crate) fn answer(&self, door: &Door, word: &str, ticket: &str) {
        let key = self.scratch.path().join("dana.key");
        let (store, key) = (door.approvals.to_str().unwrap(), key.to_str().unwrap());
        let words = [word, ticket, "--store", store, "--key", key, "--as", "human:dana"];
        let told = self.placet(&words);
        assert!(told.status.success(), "{word}: {}", text(&told));
    }

    /// A file of the stage.
    pub(crate) fn file(&self, name: &str, content: &str) -> PathBuf {
        let path = self.scratch.path().join(name);
        fs::write(&path, content).unwrap();
        path
    }

    /// The directory of the tests.
    pub(crate) fn tests() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("tests")
    }
}

/// Both outputs.
pub(crate) fn text(output: &Output) -> String {
    String::from_utf8_lossy(&[&*output.stdout, &*output.stderr].concat()).into_owned()
}
