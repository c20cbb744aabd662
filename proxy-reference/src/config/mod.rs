//! The configuration: one TOML file, unknown keys refused, all problems at once.

mod read;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use placet::engine::Enforcement;
use placet::primitives::{Digest, Span, Timestamp};
use placet::request::{Principal, PrincipalKind, Resource};
use placet::wire::postgres::startup::NEVER_SETTINGS;
use placet::wire::postgres::upstream::Methods;
use placet_guard::BundleFrom;
use placet_store::Durability;
use toml::de::DeTable;

use crate::error::ProxyError;
use crate::secret::SecretFrom;
use read::{At, Node, Problems, Table};

/// Bytes of a configuration.
const MAX_CONFIG_BYTES: usize = 4 * 1024 * 1024;

/// Settings that a client may choose where the configuration says nothing: how values are printed,
/// how long a statement may take, and what drivers send without being asked.
pub const DEFAULT_SETTINGS: &[&str] = &[
    "application_name",
    "datestyle",
    "extra_float_digits",
    "geqo",
    "idle_in_transaction_session_timeout",
    "intervalstyle",
    "jit",
    "lock_timeout",
    "statement_timeout",
    "timezone",
];

/// A configuration whose own words are right. What they name (files, secrets, addresses) is read
/// when the proxy starts.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where clients connect.
    pub listen: SocketAddr,
    /// Certificate chain and key of the listener, PEM.
    pub tls: Option<(PathBuf, PathBuf)>,
    /// Worker threads.
    pub workers: usize,
    /// Sessions at the same time.
    pub max_sessions: usize,
    /// How long a client may take to log in.
    pub login_time: Duration,
    /// How long sessions may go on after the signal to stop.
    pub drain_time: Duration,
    /// Who enforces, for the log.
    pub enforcement: Enforcement,
    /// The bundle.
    pub bundle: BundleFrom,
    /// The log.
    pub audit: Audit,
    /// Held requests; without it, what needs approval is refused.
    pub approvals: Option<Approvals>,
    /// The key of classes that are hashed; without it they are redacted.
    pub hash_key: Option<SecretFrom>,
    /// Where health and metrics are told.
    pub admin: Option<SocketAddr>,
    /// Databases by the name that clients use.
    pub databases: Vec<Database>,
    /// Who may come in.
    pub agents: Vec<Agent>,
}

/// Where the log stands and who writes it.
#[derive(Clone, Debug)]
pub struct Audit {
    /// The directory of all writers.
    pub dir: PathBuf,
    /// The first part of the writers' names; the database's name is the second.
    pub writer: String,
    /// The file of the root key.
    pub key: PathBuf,
    /// What stands behind an acknowledgement.
    pub durability: Durability,
    /// How long signatures may wait; `None` signs each group before it is acknowledged.
    pub sign_within: Option<Duration>,
}

/// What happens with a command that needs people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Approvals {
    /// The directory of held requests.
    pub dir: PathBuf,
    /// How long a session waits for an answer; `None` = it is refused at once with a ticket, and
    /// the same command, sent again, runs once it was approved.
    pub wait: Option<Duration>,
    /// The same inside a transaction, where the server holds locks meanwhile.
    pub wait_in_transaction: Option<Duration>,
}

/// A database: what clients call it, and where it is.
#[derive(Clone, Debug)]
pub struct Database {
    /// The name that clients use.
    pub name: String,
    /// What policy sees.
    pub resource: Resource,
    /// The catalog snapshot.
    pub catalog: Option<PathBuf>,
    /// Settings that clients may choose at start-up.
    pub settings: Vec<String>,
    /// The server.
    pub upstream: Upstream,
}

/// A server and the credential that is used there.
#[derive(Clone, Debug)]
pub struct Upstream {
    /// Host and port.
    pub address: String,
    /// The database there.
    pub database: String,
    /// The user there.
    pub user: String,
    /// The password; none where the server trusts the proxy.
    pub password: Option<SecretFrom>,
    /// Encryption.
    pub tls: UpstreamTls,
    /// The certificates of the authorities, PEM, for `verify-full`.
    pub ca: Option<PathBuf>,
    /// How the server may let the proxy in.
    pub methods: Methods,
}

impl Upstream {
    /// The host in the address, without the brackets of an IPv6 address.
    #[must_use]
    pub fn host(&self) -> &str {
        let host = self.address.rsplit_once(':').map_or(self.address.as_str(), |(host, _)| host);
        host.trim_start_matches('[').trim_end_matches(']')
    }
}

/// How the connection to a server is protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UpstreamTls {
    /// Not at all.
    Disable,
    /// Encrypted; nobody looks at the certificate.
    Require,
    /// Encrypted, with a certificate of a known authority for this host.
    VerifyFull,
}

/// An agent and its token.
#[derive(Clone, Debug)]
pub struct Agent {
    /// SHA-256 of the token.
    pub token: Digest,
    /// Who it is.
    pub principal: Principal,
    /// The databases that it may use.
    pub databases: Vec<String>,
    /// When the token ends; `None` = never.
    pub expires: Option<Timestamp>,
}

/// Every problem of a configuration, with its text.
#[derive(Clone, Debug)]
pub struct Refused {
    /// The file's name.
    pub file: String,
    /// What it holds; empty where it could not be read.
    pub text: String,
    /// The problems.
    pub errors: Vec<ProxyError>,
}

impl Config {
    /// Reads a configuration from a file. Relative paths in it start at its directory.
    ///
    /// # Errors
    /// Every problem at once.
    pub fn load(path: &Path) -> Result<Self, Box<Refused>> {
        let file = path.display().to_string();
        let refused = |error: ProxyError| {
            Box::new(Refused {
                file: file.clone(),
                text: String::new(),
                errors: vec![error.in_file(file.clone())],
            })
        };
        let bytes = placet_guard::bundle::read(path).map_err(|error| refused(error.into()))?;
        if bytes.len() > MAX_CONFIG_BYTES {
            let help = "split the agents over several proxies";
            return Err(refused(ProxyError::new("LIM002", "the file is too long", help)));
        }
        let text = String::from_utf8(bytes).map_err(|_| {
            refused(ProxyError::new("API004", "the file is not UTF-8 text", "save it as UTF-8"))
        })?;
        let home = path.parent().unwrap_or(Path::new("")).to_owned();
        Self::parse(&file, &home, text)
    }

    /// Reads a configuration from its text.
    ///
    /// - `file`: its name, for complaints.
    /// - `home`: where relative paths start.
    ///
    /// # Errors
    /// Every problem at once.
    ///
    /// # Examples
    /// ```
    /// use std::path::Path;
    /// use placet_proxy::Config;
    /// let refused = Config::parse("proxy.toml", Path::new(""), "lisen = \"x\"".into()).unwrap_err();
    /// assert_eq!(refused.errors[0].code(), "API042"); // `listen` is missing
    /// let unknown = refused.errors.iter().find(|error| error.code() == "API041").unwrap();
    /// assert_eq!(unknown.help(), "did you mean `listen`?");
    /// ```
    pub fn parse(file: &str, home: &Path, text: String) -> Result<Self, Box<Refused>> {
        let mut problems = Problems::new(file);
        let config = {
            let (document, errors) = DeTable::parse_recoverable(&text);
            errors.iter().for_each(|error| problems.syntax(error));
            Reader { home, problems: &mut problems }.config(Table::root(document.get_ref()))
        };
        let errors = problems.errors;
        match config {
            Some(config) if errors.is_empty() => Ok(config),
            _ => Err(Box::new(Refused { file: file.to_owned(), text, errors })),
        }
    }
}

/// Reads tables; what is wrong goes to `problems`.
struct Reader<'a, 'f> {
    home: &'a Path,
    problems: &'a mut Problems<'f>,
}

impl Reader<'_, '_> {
    fn config(&mut self, mut root: Table<'_, '_>) -> Option<Config> {
        let listen = root.need(self.problems, "listen").and_then(|node| self.address(&node));
        let tls = root.get("tls").and_then(|node| self.tls(&node));
        let workers = self.number(&mut root, "workers", 1..=64, 1);
        let max_sessions = self.number(&mut root, "max_sessions", 1..=100_000, 1000);
        let login = self.number(&mut root, "login_seconds", 1..=300, 30);
        let drain = self.number(&mut root, "drain_seconds", 0..=3600, 30);
        let enforcement = root.get("enforcement").and_then(|node| {
            let words = [
                ("gateway", Enforcement::Gateway),
                ("separate_process", Enforcement::SeparateProcess),
            ];
            self.word(&node, &words)
        });
        let bundle = root.need(self.problems, "bundle").and_then(|node| self.bundle(&node));
        let audit = root.need(self.problems, "audit").and_then(|node| self.audit(&node));
        let approvals = root.get("approvals").and_then(|node| self.approvals(&node));
        let hash_key = root.get("hash_key").and_then(|node| self.secret(&node));
        let admin = root.get("admin").and_then(|node| self.admin(&node));
        let before = self.problems.errors.len();
        let databases = root.need(self.problems, "database");
        let databases = databases.map_or_else(Vec::new, |node| self.databases(&node));
        // One that has a problem is not known here: agents are not blamed for it.
        let known = (before == self.problems.errors.len()).then_some(databases.as_slice());
        let agents = root.need(self.problems, "agent");
        let agents = agents.map_or_else(Vec::new, |node| self.agents(&node, known));
        if let (Some(listen), None) = (&listen, &tls)
            && !listen.value.ip().is_loopback()
        {
            let message = "tokens would cross the network in clear";
            let help = "add `tls = { cert = \"…\", key = \"…\" }`, or listen on 127.0.0.1";
            self.problems.report("API046", listen.span, message, help);
        }
        root.done(self.problems);
        Some(Config {
            listen: listen?.value,
            tls,
            workers: usize::try_from(workers).ok()?,
            max_sessions: usize::try_from(max_sessions).ok()?,
            login_time: Duration::from_secs(login),
            drain_time: Duration::from_secs(drain),
            enforcement: enforcement.unwrap_or(Enforcement::SeparateProcess),
            bundle: bundle?,
            audit: audit?,
            approvals,
            hash_key,
            admin,
            databases,
            agents,
        })
    }

    fn number(
        &mut self,
        table: &mut Table<'_, '_>,
        key: &'static str,
        range: std::ops::RangeInclusive<u64>,
        default: u64,
    ) -> u64 {
        table.get(key).and_then(|node| node.number(self.problems, range)).unwrap_or(default)
    }

    fn word<T: Copy>(&mut self, node: &Node<'_, '_>, words: &[(&str, T)]) -> Option<T> {
        let text = node.text(self.problems)?;
        let found = words.iter().find(|(word, _)| *word == text.value);
        if found.is_none() {
            let known: Vec<_> = words.iter().map(|(word, _)| format!("`{word}`")).collect();
            let help = format!("use {}", known.join(" or "));
            self.bad(&text, "this word is not known here", &help);
        }
        found.map(|(_, value)| *value)
    }

    fn bad<T>(&mut self, at: &At<T>, message: &str, help: &str) {
        self.problems.report("API044", at.span, message, help);
    }

    fn address(&mut self, node: &Node<'_, '_>) -> Option<At<SocketAddr>> {
        let text = node.text(self.problems)?;
        let Ok(value) = text.value.parse() else {
            self.bad(&text, "not an address with a port", "write `127.0.0.1:6432` or `[::1]:6432`");
            return None;
        };
        Some(At { value, span: text.span })
    }

    fn path(&mut self, node: Option<Node<'_, '_>>) -> Option<PathBuf> {
        let text = node?.text(self.problems)?;
        Some(self.home.join(text.value))
    }

    fn needed_path(&mut self, table: &mut Table<'_, '_>, key: &'static str) -> Option<PathBuf> {
        let node = table.need(self.problems, key);
        self.path(node)
    }

    fn tls(&mut self, node: &Node<'_, '_>) -> Option<(PathBuf, PathBuf)> {
        let mut table = node.table(self.problems)?;
        let cert = self.needed_path(&mut table, "cert");
        let key = self.needed_path(&mut table, "key");
        table.done(self.problems);
        Some((cert?, key?))
    }

    fn admin(&mut self, node: &Node<'_, '_>) -> Option<SocketAddr> {
        let mut table = node.table(self.problems)?;
        let listen = table.need(self.problems, "listen").and_then(|node| self.address(&node));
        table.done(self.problems);
        let listen = listen?;
        if !listen.value.ip().is_loopback() {
            self.bad(&listen, "the admin listener has no login", "listen on 127.0.0.1");
        }
        Some(listen.value)
    }

    fn bundle(&mut self, node: &Node<'_, '_>) -> Option<BundleFrom> {
        let mut table = node.table(self.problems)?;
        let pack = table.get("pack");
        let dir = table.get("dir");
        let file = table.get("file");
        let root = table.get("root");
        let state = table.get("state");
        let span = table.span();
        table.done(self.problems);
        match (pack, dir, file) {
            (Some(pack), None, None) if root.is_none() && state.is_none() => {
                Some(BundleFrom::Shipped(pack.text(self.problems)?.value))
            }
            (None, Some(dir), None) if root.is_none() && state.is_none() => {
                Some(BundleFrom::Directory(self.path(Some(dir))?))
            }
            (None, None, Some(file)) if root.is_some() => {
                let (file, root) = (self.path(Some(file))?, self.path(root)?);
                let state = self.path(state);
                Some(BundleFrom::Packed { file, root, state })
            }
            _ => {
                let message = "a bundle is a pack, a directory, or a packed file with its root";
                let help = "write `{ pack = \"baseline\" }`, `{ dir = \"…\" }` or \
                    `{ file = \"…\", root = \"…\", state = \"…\" }`";
                self.problems.report("API044", span, message, help);
                None
            }
        }
    }

    fn audit(&mut self, node: &Node<'_, '_>) -> Option<Audit> {
        let mut table = node.table(self.problems)?;
        let dir = self.needed_path(&mut table, "dir");
        let key = self.needed_path(&mut table, "key");
        let writer = table.get("writer").and_then(|node| self.name(&node, 20));
        let durability = table.get("durability").and_then(|node| {
            let words = [("buffered", Durability::Buffered), ("durable", Durability::Durable)];
            self.word(&node, &words)
        });
        let durability = durability.unwrap_or_default();
        let usual = match durability {
            Durability::Buffered => 20,
            Durability::Durable => 0,
        };
        let delay = self.number(&mut table, "sign_within_milliseconds", 0..=10_000, usual);
        table.done(self.problems);
        Some(Audit {
            dir: dir?,
            writer: writer.map_or_else(|| "proxy".to_owned(), |writer| writer.value),
            key: key?,
            durability,
            sign_within: (delay > 0).then(|| Duration::from_millis(delay)),
        })
    }

    fn approvals(&mut self, node: &Node<'_, '_>) -> Option<Approvals> {
        let mut table = node.table(self.problems)?;
        let dir = self.needed_path(&mut table, "dir");
        // Longer than this no client waits without giving up.
        let wait = self.number(&mut table, "wait_seconds", 0..=3600, 0);
        let inside = self.number(&mut table, "wait_in_transaction_seconds", 0..=3600, 0);
        table.done(self.problems);
        let time = |seconds: u64| (seconds > 0).then(|| Duration::from_secs(seconds));
        Some(Approvals { dir: dir?, wait: time(wait), wait_in_transaction: time(inside) })
    }

    /// A name that is a part of the name of a log's writer.
    fn name(&mut self, node: &Node<'_, '_>, longest: usize) -> Option<At<String>> {
        let text = node.text(self.problems)?;
        let fits = |c: u8| c.is_ascii_alphanumeric() || b"._-".contains(&c);
        let plain = text.value.bytes().all(fits) && !text.value.starts_with('.');
        if !plain || text.value.len() > longest {
            let help = format!("use up to {longest} letters, digits and `. _ -`");
            self.bad(&text, "not a name", &help);
            return None;
        }
        Some(text)
    }

    fn databases(&mut self, node: &Node<'_, '_>) -> Vec<Database> {
        let mut databases: Vec<Database> = Vec::new();
        for node in node.list(self.problems) {
            let Some((name, database)) = self.database(&node) else { continue };
            if databases.iter().any(|known| known.name == database.name) {
                let message = "a database of this name stands above";
                self.problems.report("API045", name, message, "give each its own name");
                continue;
            }
            databases.push(database);
        }
        databases
    }

    fn database(&mut self, node: &Node<'_, '_>) -> Option<(Span, Database)> {
        let mut table = node.table(self.problems)?;
        let name = table.need(self.problems, "name").and_then(|node| self.name(&node, 40));
        let labels = table.get("labels").and_then(|node| self.labels(&node));
        let catalog = table.get("catalog");
        let catalog = self.path(catalog);
        let settings = table.get("settings").map(|node| self.settings(&node));
        let name_of = name.as_ref().map(|name| name.value.clone());
        let upstream = table.need(self.problems, "upstream");
        let upstream = upstream.and_then(|node| self.upstream(&node, name_of.as_deref()));
        table.done(self.problems);
        let name = name?;
        let resource = Resource {
            kind: "postgres".to_owned(),
            name: name.value.clone(),
            labels: labels.unwrap_or_default(),
        };
        let settings = settings
            .unwrap_or_else(|| DEFAULT_SETTINGS.iter().map(|name| (*name).to_owned()).collect());
        let upstream = upstream?;
        Some((name.span, Database { name: name.value, resource, catalog, settings, upstream }))
    }

    fn labels(&mut self, node: &Node<'_, '_>) -> Option<BTreeMap<String, String>> {
        let table = node.table(self.problems)?;
        let entries = table.entries().into_iter();
        Some(
            entries
                .filter_map(|(key, node)| Some((key, node.text(self.problems)?.value)))
                .collect(),
        )
    }

    fn settings(&mut self, node: &Node<'_, '_>) -> Vec<String> {
        let mut names = Vec::new();
        for text in node.texts(self.problems) {
            let name = text.value.to_ascii_lowercase();
            if NEVER_SETTINGS.contains(&name.as_str()) {
                let message = "this setting changes who runs statements, or how they are read";
                let help = "leave it out; policy decides about `SET` in a session";
                self.problems.report("API050", text.span, message, help);
            }
            names.push(name);
        }
        names
    }

    fn upstream(&mut self, node: &Node<'_, '_>, name: Option<&str>) -> Option<Upstream> {
        let mut table = node.table(self.problems)?;
        let address = table.need(self.problems, "address").and_then(|node| self.host(&node));
        let database = table.get("database").and_then(|node| node.text(self.problems));
        let user = table.need(self.problems, "user").and_then(|node| node.text(self.problems));
        let password = table.get("password");
        let has_password = password.is_some();
        let password = password.and_then(|node| self.secret(&node));
        let tls = table.need(self.problems, "tls").and_then(|node| {
            let words = [
                ("disable", UpstreamTls::Disable),
                ("require", UpstreamTls::Require),
                ("verify-full", UpstreamTls::VerifyFull),
            ];
            self.word(&node, &words)
        });
        let ca = table.get("ca");
        let ca_missing = ca.is_none();
        let ca = self.path(ca);
        let auth = table.get("auth").map(|node| self.methods(&node, tls));
        let span = table.span();
        table.done(self.problems);
        let methods = auth.unwrap_or(Methods::SCRAM);
        if tls == Some(UpstreamTls::VerifyFull) && ca_missing {
            let message = "`verify-full` needs the certificates of the authorities";
            self.problems.report("API042", span, message, "add `ca = \"FILE.pem\"`");
        }
        if (methods.scram || methods.cleartext) && !has_password {
            let message = "a login by password needs one";
            let help = "add `password = { file = \"…\" }`, or `auth = [\"trust\"]`";
            self.problems.report("API042", span, message, help);
        }
        let database = database.map(|text| text.value).or_else(|| name.map(str::to_owned));
        Some(Upstream {
            address: address?,
            database: database?,
            user: user?.value,
            password,
            tls: tls?,
            ca,
            methods,
        })
    }

    fn host(&mut self, node: &Node<'_, '_>) -> Option<String> {
        let text = node.text(self.problems)?;
        let port = text.value.rsplit_once(':').map(|(host, port)| (host, port.parse::<u16>()));
        match port {
            Some((host, Ok(port))) if !host.is_empty() && port != 0 => Some(text.value),
            _ => {
                self.bad(&text, "not a host with a port", "write `db.internal:5432`");
                None
            }
        }
    }

    fn methods(&mut self, node: &Node<'_, '_>, tls: Option<UpstreamTls>) -> Methods {
        let mut methods = Methods { scram: false, trust: false, cleartext: false };
        for text in node.texts(self.problems) {
            match text.value.as_str() {
                "scram" => methods.scram = true,
                "trust" => methods.trust = true,
                "cleartext" => {
                    methods.cleartext = true;
                    if tls != Some(UpstreamTls::VerifyFull) {
                        let message = "the password would go in clear to whoever answers";
                        let help = "use `tls = \"verify-full\"` with it, or `auth = [\"scram\"]`";
                        self.problems.report("API052", text.span, message, help);
                    }
                }
                "md5" => {
                    let help = "set `password_encryption = 'scram-sha-256'` at the server";
                    self.bad(&text, "MD5 is no proof of a password", help);
                }
                _ => self.bad(
                    &text,
                    "no way to log in has this name",
                    "use `scram`, `trust` or `cleartext`",
                ),
            }
        }
        methods
    }

    fn secret(&mut self, node: &Node<'_, '_>) -> Option<SecretFrom> {
        let Some(mut table) = node.table(self.problems) else {
            // Whoever wrote the password here should take it away again.
            return None;
        };
        let file = table.get("file");
        let env = table.get("env");
        let exec = table.get("exec");
        let span = table.span();
        table.done(self.problems);
        match (file, env, exec) {
            (Some(file), None, None) => Some(SecretFrom::File(self.path(Some(file))?)),
            (None, Some(env), None) => Some(SecretFrom::Env(env.text(self.problems)?.value)),
            (None, None, Some(exec)) => {
                let words: Vec<_> =
                    exec.texts(self.problems).into_iter().map(|text| text.value).collect();
                if words.is_empty() {
                    self.problems.report("API044", span, "a command of no words", "name a program");
                    return None;
                }
                Some(SecretFrom::Exec(words))
            }
            _ => {
                let help = "write `{ file = \"…\" }`, `{ env = \"…\" }` or `{ exec = [\"…\"] }`";
                self.problems.report("API044", span, "a secret has one source", help);
                None
            }
        }
    }

    fn agents(&mut self, node: &Node<'_, '_>, databases: Option<&[Database]>) -> Vec<Agent> {
        let mut agents: Vec<Agent> = Vec::new();
        for node in node.list(self.problems) {
            let Some((token, agent)) = self.agent(&node, databases) else { continue };
            if agents.iter().any(|known| known.token == agent.token) {
                let message = "this token stands above";
                self.problems.report("API045", token, message, "give each agent its own token");
                continue;
            }
            agents.push(agent);
        }
        agents
    }

    fn agent(
        &mut self,
        node: &Node<'_, '_>,
        databases: Option<&[Database]>,
    ) -> Option<(Span, Agent)> {
        let mut table = node.table(self.problems)?;
        let token = table.need(self.problems, "token_sha256").and_then(|node| {
            let text = node.text(self.problems)?;
            let digest = Digest::parse(&format!("sha256:{}", text.value));
            if digest.is_none() {
                let help = "take the line that `placet token new` prints; never the token itself";
                self.bad(&text, "not the 64 hexadecimal digits of a SHA-256", help);
            }
            Some(At { value: digest?, span: text.span })
        });
        let principal =
            table.need(self.problems, "principal").and_then(|node| self.principal(&node));
        let names = table.need(self.problems, "databases");
        let names = names.map_or_else(Vec::new, |node| node.texts(self.problems));
        for name in &names {
            let known = |known: &[Database]| known.iter().any(|known| known.name == name.value);
            if !databases.is_none_or(known) {
                let message = "no database of this name is defined";
                self.problems.report("API051", name.span, message, "add a `[[database]]`");
            }
        }
        let expires = table.get("expires").and_then(|node| {
            let text = node.date(self.problems)?;
            let time = Timestamp::parse(&text.value);
            if time.is_none() {
                self.bad(&text, "not a time", "write it as `2027-01-31T00:00:00Z`");
            }
            time
        });
        table.done(self.problems);
        let databases = names.into_iter().map(|name| name.value).collect();
        let token = token?;
        let principal = principal?;
        Some((token.span, Agent { token: token.value, principal, databases, expires }))
    }

    fn principal(&mut self, node: &Node<'_, '_>) -> Option<Principal> {
        let mut table = node.table(self.problems)?;
        let id = table.need(self.problems, "id").and_then(|node| node.text(self.problems));
        let kind = table.get("kind").and_then(|node| {
            let words = [
                ("agent", PrincipalKind::Agent),
                ("service", PrincipalKind::Service),
                ("human", PrincipalKind::Human),
            ];
            self.word(&node, &words)
        });
        let groups = table.get("groups").map(|node| node.texts(self.problems));
        let claims = table.get("claims").and_then(|node| node.table(self.problems));
        let claims = claims.map_or_else(BTreeMap::new, |table| {
            let entries = table.entries().into_iter();
            entries.filter_map(|(key, node)| Some((key, node.scalar(self.problems)?))).collect()
        });
        let delegator = table.get("delegator").and_then(|node| node.text(self.problems));
        table.done(self.problems);
        Some(Principal {
            id: id?.value,
            kind: kind.unwrap_or(PrincipalKind::Agent),
            groups: groups.unwrap_or_default().into_iter().map(|group| group.value).collect(),
            claims,
            delegator: delegator.map(|text| text.value),
        })
    }
}

#[cfg(test)]
mod tests;
