//! A proxy of ours in front of a private PostgreSQL, and what its log says.

use std::fmt;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::account::random_word;
use crate::clients::root;
use crate::postgres::{Server, environment};
use crate::process::{cargo, output};
use crate::{Running, free_port, wait_for_port};

/// The bundle of the bench: everything runs, and what masking finds in a result is masked.
pub const MASKING: &str = r#"
[[class]]
name      = "pii.contact"
about     = "How to reach a person."
detectors = ["EMAIL_ADDRESS", "PHONE_NUMBER"]
operator  = "redact"

[[class]]
name      = "pii.card"
about     = "Payment card numbers."
detectors = ["CREDIT_CARD"]
operator  = "redact"
"#;

/// The bundle of the conformance runs: everything runs, and masking looks for what is not there.
pub const UNSEEN: &str = r#"
[[class]]
name      = "secret.aws"
about     = "Keys that no test data holds."
detectors = ["SECRET_AWS_ACCESS_KEY_ID"]
operator  = "redact"
"#;

const MANIFEST: &str = r#"name = "allow-all"
about = "Everything that is understood runs; results are masked."
layer = "org"
owner = "tests"
"#;

const RULES: &str = r#"[[rule]]
id = "everything"
about = "For measurements: what a rule costs, not what it stops."
verdict = "allow"
partial = true

[[rule]]
id = "results-are-masked"
about = "Whatever comes back is looked through."
what = { op = "read" }
verdict = { mask = ["*"] }
"#;

/// Writes a bundle that allows everything and masks `classes`.
///
/// # Errors
/// A file cannot be written.
pub fn bundle(dir: &Path, classes: &str) -> Result<PathBuf, String> {
    write(&dir.join("bundle.toml"), MANIFEST)?;
    write(&dir.join("classes.toml"), classes)?;
    write(&dir.join("rules/all.toml"), RULES)?;
    Ok(dir.to_owned())
}

fn write(path: &Path, text: &str) -> Result<(), String> {
    let made = path.parent().map_or(Ok(()), fs::create_dir_all);
    made.and_then(|()| fs::write(path, text))
        .map_err(|error| format!("{}: {error}", path.display()))
}

/// A directory that goes with its value.
#[derive(Debug)]
pub struct Scratch(PathBuf);

impl Scratch {
    /// Makes one.
    ///
    /// # Errors
    /// The directory cannot be made.
    pub fn new(name: &str) -> Result<Self, String> {
        let path = std::env::temp_dir().join(format!("placet-{name}-{}", random_word()?));
        fs::create_dir(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        Ok(Self(path))
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _gone = fs::remove_dir_all(&self.0);
    }
}

/// The release build of the command line.
///
/// # Errors
/// It does not build.
pub fn release_binary() -> Result<PathBuf, String> {
    build(&["--release"], "release")
}

/// The debug build of the command line.
///
/// # Errors
/// It does not build.
pub fn debug_binary() -> Result<PathBuf, String> {
    build(&[], "debug")
}

fn build(flags: &[&str], profile: &str) -> Result<PathBuf, String> {
    let mut cargo = cargo();
    cargo.args(["build", "--quiet", "--package", "placet-cli", "--bin", "placet"]).args(flags);
    output(cargo.current_dir(root()?))?;
    Ok(root()?.join("target").join(profile).join("placet"))
}

/// Makes a key pair `NAME.key`, `NAME.vkey` in a directory; the verifier key.
///
/// # Errors
/// What the command line says.
pub fn key(binary: &Path, name: &str, dir: &Path) -> Result<String, String> {
    output(Command::new(binary).args(["key", "new", name, "--out"]).arg(dir))?;
    let path = dir.join(format!("{name}.vkey"));
    let text = fs::read_to_string(&path);
    text.map(|text| text.trim().to_owned()).map_err(|error| format!("{}: {error}", path.display()))
}

/// Copies a bundle with some words replaced.
///
/// # Errors
/// A file cannot be read or written.
pub fn copy_bundle(from: &Path, to: &Path, words: &[(&str, &str)]) -> Result<(), String> {
    let told = |error: std::io::Error| format!("{}: {error}", from.display());
    for entry in fs::read_dir(from).map_err(told)? {
        let path = entry.map_err(told)?.path();
        let target = to.join(path.file_name().unwrap_or_default());
        if path.is_dir() {
            copy_bundle(&path, &target, words)?;
            continue;
        }
        let mut text = fs::read_to_string(&path).map_err(told)?;
        for (word, put) in words {
            text = text.replace(word, put);
        }
        write(&target, &text)?;
    }
    Ok(())
}

/// What a proxy is started with. Holds a password: its `Debug` shows the rest.
#[derive(Clone)]
pub struct Setup {
    binary: PathBuf,
    bundle: String,
    catalog: Option<PathBuf>,
    port: u16,
    user: String,
    password: String,
    database: String,
    wait: Duration,
    under: Vec<String>,
}

impl fmt::Debug for Setup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Setup")
            .field("bundle", &self.bundle)
            .field("database", &self.database)
            .finish_non_exhaustive()
    }
}

impl Setup {
    /// A proxy with the bundle of a directory in front of a database.
    #[must_use]
    pub fn new(binary: &Path, bundle: &Path, server: &Server, database: &str) -> Self {
        Self::named(binary, &bundle.display().to_string(), server, database)
    }

    /// A proxy with a bundle by its name in front of a database.
    #[must_use]
    pub fn named(binary: &Path, bundle: &str, server: &Server, database: &str) -> Self {
        Self {
            binary: binary.to_owned(),
            bundle: bundle.to_owned(),
            catalog: None,
            port: server.port(),
            user: server.user().to_owned(),
            password: server.password().to_owned(),
            database: database.to_owned(),
            wait: Duration::ZERO,
            under: Vec::new(),
        }
    }

    /// In front of another database.
    #[must_use]
    pub fn database(mut self, name: &str) -> Self {
        name.clone_into(&mut self.database);
        self
    }

    /// Run by another program, which gets these words first.
    #[must_use]
    pub fn under(mut self, words: &[&str]) -> Self {
        self.under = words.iter().map(|word| (*word).to_owned()).collect();
        self
    }

    /// With a catalog snapshot.
    #[must_use]
    pub fn catalog(mut self, file: &Path) -> Self {
        self.catalog = Some(file.to_owned());
        self
    }

    /// Lets a held command wait so long for its approval; without it, it is refused with a ticket.
    #[must_use]
    pub fn wait(mut self, patience: Duration) -> Self {
        self.wait = patience;
        self
    }
}

/// A running proxy. Holds a token: its `Debug` shows the rest.
pub struct Proxy {
    running: Running,
    binary: PathBuf,
    dir: Scratch,
    port: u16,
    token: String,
    database: String,
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Proxy")
            .field("dir", &self.dir)
            .field("port", &self.port)
            .finish_non_exhaustive()
    }
}

impl Proxy {
    /// Writes keys and configuration, starts it and waits until it listens.
    ///
    /// # Errors
    /// It does not start; the text holds what it said.
    pub fn start(setup: &Setup) -> Result<Self, String> {
        let dir = Scratch::new("proxy")?;
        key(&setup.binary, "audit", dir.path())?;
        let (port, token) = (free_port()?, format!("{}{}", random_word()?, random_word()?));
        let config = configuration(setup, dir.path(), port, &token)?;
        let path = dir.path().join("proxy.toml");
        write(&path, &config)?;
        let told = dir.path().join("output");
        let file = fs::File::create(&told).map_err(|error| error.to_string())?;
        let copy = file.try_clone().map_err(|error| error.to_string())?;
        let mut command = match setup.under.as_slice() {
            [] => Command::new(&setup.binary),
            [first, rest @ ..] => {
                let mut command = Command::new(first);
                command.args(rest).arg(&setup.binary);
                command
            }
        };
        command.args(["proxy", "--config"]).arg(&path);
        command.stdin(Stdio::null()).stdout(file).stderr(copy);
        let mut running = Running::start("the proxy", &mut command)?;
        let ready = wait_for_port(port, &mut running, Duration::from_secs(60));
        ready.map_err(|why| format!("{why}: {}", fs::read_to_string(&told).unwrap_or_default()))?;
        let (binary, database) = (setup.binary.clone(), setup.database.clone());
        Ok(Self { running, binary, dir, port, token, database })
    }

    /// The process's number.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.running.id()
    }

    /// The port of its listener.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The database behind it.
    #[must_use]
    pub fn database(&self) -> &str {
        &self.database
    }

    /// The directory of held requests.
    #[must_use]
    pub fn approvals(&self) -> PathBuf {
        self.dir.path().join("approvals")
    }

    /// The directory of its log.
    #[must_use]
    pub fn audit(&self) -> PathBuf {
        self.dir.path().join("audit")
    }

    /// The file that holds what it said.
    #[must_use]
    pub fn output(&self) -> PathBuf {
        self.dir.path().join("output")
    }

    /// The variables that lead libpq's clients through it, as the agent.
    #[must_use]
    pub fn env(&self) -> Vec<(&'static str, String)> {
        environment(self.port, "agent", &self.token, &self.database)
    }

    /// Whether it has ended, and how.
    ///
    /// # Errors
    /// The system does not know the process.
    pub fn ended(&mut self) -> Result<Option<String>, String> {
        let told = || fs::read_to_string(self.output()).unwrap_or_default();
        let told = told();
        Ok(self.running.ended()?.map(|how| format!("{how}: {told}")))
    }

    /// Ends it in good order; what it wrote stays until the value goes.
    pub fn stop(&mut self) {
        self.running.stop(Duration::from_secs(20));
    }

    /// The events of its log in order, without the first so many.
    ///
    /// # Errors
    /// A segment cannot be read, or is none.
    pub fn events(&self, skip: usize) -> Result<Vec<Value>, String> {
        let (mut events, mut seen) = (Vec::new(), 0);
        leaves(&self.audit(), &mut |leaf| {
            seen += 1;
            if seen > skip {
                events.push(serde_json::from_slice(leaf).map_err(|error| error.to_string())?);
            }
            Ok(())
        })?;
        Ok(events)
    }

    /// How many decisions its log holds.
    ///
    /// # Errors
    /// As [`events`](Self::events).
    pub fn decisions(&self) -> Result<u64, String> {
        let mut count = 0;
        leaves(&self.audit(), &mut |leaf| {
            // The type stands behind six keys of known length, before anything of an embedder.
            let head = leaf.get(..leaf.len().min(600)).unwrap_or_default();
            let wanted = b"\"type\":\"decision\"";
            count += u64::from(head.windows(wanted.len()).any(|part| part == wanted));
            Ok(())
        })?;
        Ok(count)
    }

    /// Whether the log verifies; it must have been closed.
    ///
    /// # Errors
    /// What the verifier says.
    pub fn verify(&self) -> Result<String, String> {
        let mut verify = Command::new(&self.binary);
        verify.args(["audit", "verify"]).arg(self.audit());
        verify.arg("--key").arg(self.dir.path().join("audit.vkey"));
        let report = output(&mut verify)?;
        let closed = report.contains("CLOSED_CLEAN");
        if closed { Ok(report) } else { Err(format!("the log is not closed: {report}")) }
    }
}

/// The configuration of a proxy; the server's password lies in a file beside it.
fn configuration(setup: &Setup, dir: &Path, port: u16, token: &str) -> Result<String, String> {
    let password = dir.join("password");
    write(&password, &setup.password)?;
    fs::set_permissions(&password, fs::Permissions::from_mode(0o600))
        .map_err(|error| format!("{}: {error}", password.display()))?;
    let bundle = if Path::new(&setup.bundle).is_dir() { "dir" } else { "pack" };
    let catalog = setup
        .catalog
        .as_ref()
        .map_or_else(String::new, |file| format!("catalog  = \"{}\"\n", file.display()));
    let digest: String = Sha256::digest(token).iter().map(|byte| format!("{byte:02x}")).collect();
    Ok(format!(
        "listen        = \"127.0.0.1:{port}\"\n\
         drain_seconds = 2\n\
         bundle        = {{ {bundle} = \"{}\" }}\n\
         audit         = {{ dir = \"audit\", key = \"audit.key\", durability = \"buffered\" }}\n\
         approvals     = {{ dir = \"approvals\", wait_seconds = {} }}\n\
         \n[[database]]\n\
         name     = \"{database}\"\n\
         {catalog}\
         upstream = {{ address = \"127.0.0.1:{}\", user = \"{}\", tls = \"disable\", \
         password = {{ file = \"password\" }} }}\n\
         \n[[agent]]\n\
         token_sha256 = \"{digest}\"\n\
         principal    = {{ id = \"agent:tests\" }}\n\
         databases    = [\"{database}\"]\n",
        setup.bundle,
        setup.wait.as_secs(),
        setup.port,
        setup.user,
        database = setup.database,
    ))
}

/// Calls `each` with every leaf of every writer's segments, in order.
fn leaves(dir: &Path, each: &mut dyn FnMut(&[u8]) -> Result<(), String>) -> Result<(), String> {
    let mut segments = Vec::new();
    // A log stands there from its first event on.
    if dir.exists() {
        collect(dir, &mut segments)?;
    }
    segments.sort();
    for segment in segments {
        let bytes =
            fs::read(&segment).map_err(|error| format!("{}: {error}", segment.display()))?;
        let mut rest = bytes.as_slice();
        // docs/spec/log.md, "Frames": type, length, checksum, payload.
        while let [kind, a, b, c, d, _, _, _, _, behind @ ..] = rest {
            let length = usize::try_from(u32::from_le_bytes([*a, *b, *c, *d]));
            // A frame at the end may be half written.
            let Some((payload, next)) =
                length.ok().and_then(|length| behind.split_at_checked(length))
            else {
                break;
            };
            if *kind == 1 {
                each(payload)?;
            }
            rest = next;
        }
    }
    Ok(())
}

fn collect(dir: &Path, out: &mut Vec<PathBuf>) -> Result<(), String> {
    let told = |error: std::io::Error| format!("{}: {error}", dir.display());
    for entry in fs::read_dir(dir).map_err(told)? {
        let path = entry.map_err(told)?.path();
        if path.is_dir() {
            collect(&path, out)?;
        } else if path.extension().is_some_and(|extension| extension == "log") {
            out.push(path);
        }
    }
    Ok(())
}
