//! What all sessions share: databases, agents, keys, numbers, the signal to stop.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize};
use std::time::Duration;

use placet::engine::Enforcement;
use placet::mask::HashKey;
use placet::request::Resource;
use placet::schema::Catalog;
use placet::wire::postgres::startup::Terms;
use placet::wire::postgres::upstream::Credentials;
use placet_guard::{AuditOptions, BundleFrom, Guard, Options};
use placet_store::{Durability, keys};
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;

use crate::agents::Agents;
use crate::cancel::Cancels;
use crate::config::{Approvals, Config, Database};
use crate::error::ProxyError;
use crate::metrics::Metrics;
use crate::tls::{self, Connector};

/// How far the proxy is on its way out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Phase {
    /// Sessions are opened.
    Running,
    /// No more sessions; those that are open may end.
    Draining,
    /// Sessions are closed.
    Closing,
    /// Whoever is still there is left behind.
    Closed,
}

/// What all sessions share.
pub(crate) struct Door {
    pub(crate) tls: Option<TlsAcceptor>,
    pub(crate) terms: Arc<Terms>,
    pub(crate) databases: HashMap<String, Arc<Target>>,
    pub(crate) agents: Agents,
    pub(crate) cancels: Arc<Cancels>,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) enforcement: Enforcement,
    pub(crate) approvals: Option<Approvals>,
    pub(crate) hash_key: Option<HashKey>,
    pub(crate) durability: Durability,
    /// Whether each group of the log is signed before it is acknowledged.
    pub(crate) signs: bool,
    pub(crate) login_time: Duration,
    pub(crate) max_sessions: usize,
    pub(crate) connections: AtomicUsize,
    pub(crate) sessions: AtomicUsize,
    pub(crate) phase: watch::Receiver<Phase>,
    /// The last bundle that was offered at reload was refused.
    pub(crate) stale_bundle: AtomicBool,
}

/// A database with everything that a session on it needs.
pub(crate) struct Target {
    pub(crate) name: String,
    pub(crate) resource: Resource,
    pub(crate) guard: Guard,
    pub(crate) catalog: Option<Arc<Catalog>>,
    pub(crate) settings: Vec<String>,
    pub(crate) address: String,
    pub(crate) database: String,
    pub(crate) credentials: Credentials,
    pub(crate) tls: Option<Connector>,
}

impl Door {
    /// Reads every file and secret that the configuration names, and opens the logs.
    ///
    /// Every problem is found before the first log is opened.
    pub(crate) fn open(
        config: &Config,
        phase: watch::Receiver<Phase>,
    ) -> Result<Self, Vec<ProxyError>> {
        let parts = Parts::read(config, false)?;
        let mut databases = HashMap::new();
        let key_file = &config.audit.key;
        for (database, part) in config.databases.iter().zip(parts.databases) {
            let key = keys::read_signing_key(key_file).map_err(|error| {
                let error = ProxyError::new(error.code(), error.to_string(), error.help());
                vec![error.in_file(key_file.display().to_string())]
            })?;
            let hash_key = parts.hash_key.clone();
            let guard = Guard::open(options(config, database, part.catalog, hash_key, key))
                .map_err(|error| vec![error.into()])?;
            let target = Target {
                name: database.name.clone(),
                resource: database.resource.clone(),
                catalog: guard.catalog().cloned().map(Arc::new),
                guard,
                settings: database.settings.clone(),
                address: database.upstream.address.clone(),
                database: database.upstream.database.clone(),
                credentials: part.credentials,
                tls: part.tls,
            };
            databases.insert(database.name.clone(), Arc::new(target));
        }
        // The start-up message names the database after its settings were read: what one database
        // allows is looked at again once it is known.
        let mut settings: Vec<String> =
            config.databases.iter().flat_map(|database| database.settings.clone()).collect();
        settings.sort();
        settings.dedup();
        Ok(Self {
            terms: Arc::new(Terms { tls: parts.tls.is_some(), settings }),
            tls: parts.tls,
            databases,
            agents: Agents::new(config.agents.clone()),
            cancels: Arc::default(),
            metrics: Arc::default(),
            enforcement: config.enforcement,
            approvals: config.approvals.clone(),
            hash_key: parts.hash_key,
            durability: config.audit.durability,
            signs: config.audit.sign_within.is_none(),
            login_time: config.login_time,
            max_sessions: config.max_sessions,
            connections: AtomicUsize::new(0),
            sessions: AtomicUsize::new(0),
            phase,
            stale_bundle: AtomicBool::new(false),
        })
    }
}

fn options(
    config: &Config,
    database: &Database,
    catalog: Option<Catalog>,
    hash_key: Option<HashKey>,
    key: placet::crypto::NamedSigningKey,
) -> Options {
    let writer = format!("{}-{}", config.audit.writer, database.name);
    let mut audit = AuditOptions::new(&config.audit.dir, &writer, key);
    audit.durability = config.audit.durability;
    audit.sign_within = config.audit.sign_within;
    let mut options =
        Options::new(config.bundle.clone()).audit(audit).enforcement(config.enforcement);
    if let Some(catalog) = catalog {
        options = options.catalog(catalog);
    }
    if let Some(hash_key) = hash_key {
        options = options.hash_key(hash_key);
    }
    if let Some(approvals) = &config.approvals {
        options = options.approvals(&approvals.dir);
    }
    options
}

/// What the files and secrets of a configuration hold.
pub(crate) struct Parts {
    tls: Option<TlsAcceptor>,
    hash_key: Option<HashKey>,
    databases: Vec<Part>,
}

struct Part {
    catalog: Option<Catalog>,
    credentials: Credentials,
    tls: Option<Connector>,
}

impl Parts {
    /// Reads them all; every problem at once.
    ///
    /// - `bundle`: looks at the bundle too. It leaves the rollback state as it is.
    pub(crate) fn read(config: &Config, bundle: bool) -> Result<Self, Vec<ProxyError>> {
        let mut errors = Vec::new();
        let mut keep = |error: ProxyError| errors.push(error);
        let tls = config.tls.as_ref().map(|(cert, key)| tls::acceptor(cert, key));
        let tls = tls.transpose().map_err(&mut keep).ok().flatten();
        if let Err(error) = keys::read_signing_key(&config.audit.key) {
            keep(
                ProxyError::new(error.code(), error.to_string(), error.help())
                    .in_file(config.audit.key.display().to_string()),
            );
        }
        let hash_key = config.hash_key.as_ref().map(|from| {
            let key = HashKey::new(&from.read()?.into_bytes());
            key.map_err(|error| ProxyError::new(error.code(), error.to_string(), error.help()))
        });
        let hash_key = hash_key.transpose().map_err(&mut keep).ok().flatten();
        if bundle {
            let from = match &config.bundle {
                BundleFrom::Packed { file, root, .. } => {
                    BundleFrom::Packed { file: file.clone(), root: root.clone(), state: None }
                }
                BundleFrom::Shipped(_) | BundleFrom::Directory(_) => config.bundle.clone(),
            };
            if let Err(error) = from.open(placet_store::system::now()) {
                keep(error.into());
            }
        }
        let mut databases = Vec::new();
        for database in &config.databases {
            let catalog = database.catalog.as_ref().map(|path| catalog(path)).transpose();
            let credentials = credentials(database);
            let tls = tls::connector(&database.upstream);
            match (catalog, credentials, tls) {
                (Ok(catalog), Ok(credentials), Ok(tls)) => {
                    databases.push(Part { catalog, credentials, tls });
                }
                (catalog, credentials, tls) => {
                    [catalog.err(), credentials.err(), tls.err()]
                        .into_iter()
                        .flatten()
                        .for_each(&mut keep);
                }
            }
        }
        if errors.is_empty() { Ok(Self { tls, hash_key, databases }) } else { Err(errors) }
    }
}

fn credentials(database: &Database) -> Result<Credentials, ProxyError> {
    let upstream = &database.upstream;
    let password = match &upstream.password {
        None => Default::default(),
        Some(from) => from.read()?.into_bytes(),
    };
    // Others would need SASLprep (RFC 4013), and a zero byte ends a password of the protocol.
    if !password.iter().all(|byte| matches!(byte, 0x20..=0x7e)) {
        let message = format!("the password for `{}` has bytes beyond ASCII", database.name);
        return Err(ProxyError::new("API047", message, "use printable ASCII"));
    }
    Ok(Credentials { user: upstream.user.clone(), password, methods: upstream.methods })
}

fn catalog(path: &std::path::Path) -> Result<Catalog, ProxyError> {
    let bytes = placet_guard::bundle::read(path)?;
    let refused = |why: String| {
        ProxyError::new("API053", why, "see docs/spec/facts.md for the catalog object")
            .in_file(path.display().to_string())
    };
    // A key that stands twice says two things; a map of no fixed keys would take the last.
    let depth = placet::crypto::json::MAX_JSON_DEPTH;
    if let Err(error) = placet::crypto::json::parse_strict_within(&bytes, bytes.len(), depth)
        && error.code() == "API113"
    {
        return Err(refused("the catalog holds one key of an object twice".to_owned()));
    }
    serde_json::from_slice(&bytes).map_err(|error| {
        let (line, column) = (error.line(), error.column());
        refused(format!("not a catalog (line {line}, column {column})"))
    })
}
