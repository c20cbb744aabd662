//! A server for all tests, and a proxy of its own for each.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use placet::crypto::{KeyName, NamedSigningKey, SigningKey, sha256};
use xtask::postgres::Server;
use xtask::{Running, free_port, output, wait_for_port};

pub(crate) const TOKEN: &str = "placet_the-token-of-these-tests";
pub(crate) const OTHER_TOKEN: &str = "placet_a-token-for-another-database";
pub(crate) const SHORT_TOKEN: &str = "placet_a-token-that-ends-in-seconds";
pub(crate) const OLD_TOKEN: &str = "placet_a-token-that-has-ended";

const RULES: &str = r#"
[[rule]]
id = "everything"
about = "What is understood runs."
verdict = "allow"
partial = true

[[rule]]
id = "removals"
about = "People look at what goes away."
what = { op = "delete" }
verdict = { require_approval = "one" }
"#;

const APPROVALS: &str = r#"
[[spec]]
id = "one"
about = "One person."
stages = [{ any_of = ["people"], min = 1 }]
expires_in = "15m"

[[approver]]
id = "human:ana"
groups = ["people"]
keys = ["@KEY@"]
"#;

/// Certificates: an authority, one of its own for the host, and an authority that signed nothing.
pub(crate) struct Certificates {
    pub(crate) dir: tempfile::TempDir,
}

impl Certificates {
    fn new() -> Self {
        use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
        let dir = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| fs::write(dir.path().join(name), text).unwrap();
        let authority = |name: &str| {
            let key = KeyPair::generate().unwrap();
            let mut params = CertificateParams::new(vec![]).unwrap();
            params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
            write(name, &params.self_signed(&key).unwrap().pem());
            Issuer::new(params, key)
        };
        let ca = authority("ca.pem");
        authority("stranger.pem");
        for (host, name) in [("127.0.0.1", "host"), ("elsewhere.example", "elsewhere")] {
            let key = KeyPair::generate().unwrap();
            let params = CertificateParams::new(vec![host.to_owned()]).unwrap();
            let certificate = params.signed_by(&key, &ca).unwrap();
            write(&format!("{name}.pem"), &certificate.pem());
            write(&format!("{name}.key"), &key.serialize_pem());
        }
        for entry in fs::read_dir(dir.path()).unwrap() {
            fs::set_permissions(entry.unwrap().path(), fs::Permissions::from_mode(0o600)).unwrap();
        }
        Self { dir }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }
}

pub(crate) struct Stage {
    pub(crate) server: Server,
    pub(crate) certificates: Certificates,
    _server_files: tempfile::TempDir,
}

impl Stage {
    pub(crate) fn set() -> Result<Self, String> {
        let certificates = Certificates::new();
        // PostgreSQL wants its key to be its own.
        let files = tempfile::tempdir().unwrap();
        fs::set_permissions(files.path(), fs::Permissions::from_mode(0o755)).unwrap();
        let server_file = |name: &str| {
            let path = files.path().join(name);
            fs::copy(certificates.path(name), &path).unwrap();
            path
        };
        let (cert, key) = (server_file("host.pem"), server_file("host.key"));
        let settings = [
            "ssl = on".to_owned(),
            format!("ssl_cert_file = '{}'", cert.display()),
            format!("ssl_key_file = '{}'", key.display()),
        ];
        own(&[&cert, &key]);
        let settings: Vec<&str> = settings.iter().map(String::as_str).collect();
        let server = Server::start(&settings)?;
        server.sql("postgres", "CREATE DATABASE crm")?;
        server.sql("crm", "CREATE TABLE t AS SELECT generate_series(1, 10) AS id")?;
        Ok(Self { server, certificates, _server_files: files })
    }

    /// A proxy with this text in front of its configuration, and this for the server's connection.
    pub(crate) fn proxy(&self, head: &str, upstream: &str) -> Proxy {
        self.proxy_to(self.server.port(), head, upstream)
    }

    /// The same in front of whatever listens on this port.
    pub(crate) fn proxy_to(&self, server: u16, head: &str, upstream: &str) -> Proxy {
        let dir = tempfile::tempdir().unwrap();
        let file = |name: &str, text: &str| {
            let path = dir.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(&path, text).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
            path
        };
        let key = |name: &str, seed: u8| {
            let name = KeyName::parse(name).unwrap();
            NamedSigningKey::new(name, SigningKey::from_seed(&[seed; 32]))
        };
        let audit = key("test/audit", 7);
        placet_store::keys::write_signing_key(&dir.path().join("audit.key"), &audit).unwrap();
        let approver = key("ana", 8).verifying_key().to_string();
        file("bundle/bundle.toml", "name = \"t\"\nabout = \"t\"\nlayer = \"org\"\nowner = \"t\"\n");
        file("bundle/rules/all.toml", RULES);
        file("bundle/approvals.toml", &APPROVALS.replace("@KEY@", &approver));
        file("password", self.server.password());
        let (port, admin) = (free_port().unwrap(), free_port().unwrap());
        let agent = |token: &str, rest: &str| {
            let digest = sha256(token.as_bytes()).to_string().replace("sha256:", "");
            format!(
                "[[agent]]\ntoken_sha256 = \"{digest}\"\nprincipal = {{ id = \"agent:t\" }}\n{rest}\n"
            )
        };
        let database = |name: &str| {
            format!(
                "[[database]]\nname = \"{name}\"\nupstream = {{ address = \"127.0.0.1:{server}\", database = \"crm\", \
                 user = \"{}\", password = {{ file = \"password\" }}, {upstream} }}\n",
                self.server.user(),
            )
        };
        let own_audit = head.contains("audit = ");
        let audit =
            if own_audit { "" } else { "audit = { dir = \"audit\", key = \"audit.key\" }\n" };
        // Long enough to log in, short enough to wait for.
        let soon = placet_store::system::now().plus_seconds(4);
        let config = [
            format!(
                "listen = \"127.0.0.1:{port}\"\nadmin = {{ listen = \"127.0.0.1:{admin}\" }}\n"
            ),
            "bundle = { dir = \"bundle\" }\n".to_owned(),
            audit.to_owned(),
            "approvals = { dir = \"held\", wait_seconds = 60 }\n".to_owned(),
            head.to_owned(),
            database("crm"),
            database("erp"),
            agent(TOKEN, "databases = [\"crm\"]"),
            agent(OTHER_TOKEN, "databases = [\"erp\"]"),
            agent(SHORT_TOKEN, &format!("databases = [\"crm\"]\nexpires = {soon}")),
            agent(OLD_TOKEN, "databases = [\"crm\"]\nexpires = 2020-01-01T00:00:00Z"),
        ];
        let config = file("proxy.toml", &config.concat());
        let said = fs::File::create(dir.path().join("said")).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_placet-proxy"));
        command.arg("--config").arg(&config).stdin(Stdio::null()).stderr(said);
        let mut running = Running::start("the proxy", &mut command).unwrap();
        let ready = wait_for_port(port, &mut running, Duration::from_secs(30));
        let proxy = Proxy { running, dir, port, admin };
        ready.unwrap_or_else(|why| panic!("{why}: {}", proxy.said()));
        proxy
    }

    /// A proxy as it is configured most simply.
    pub(crate) fn plain_proxy(&self) -> Proxy {
        self.proxy("", "tls = \"disable\"")
    }
}

/// Files for the server's account, where root runs the tests.
fn own(paths: &[&Path]) {
    // Without root the server runs as the account that owns them already.
    for path in paths {
        let _ = Command::new("chown").arg("postgres").arg(path).stderr(Stdio::null()).status();
    }
}

pub(crate) struct Proxy {
    pub(crate) running: Running,
    pub(crate) dir: tempfile::TempDir,
    pub(crate) port: u16,
    admin: u16,
}

impl Proxy {
    pub(crate) fn said(&self) -> String {
        fs::read_to_string(self.dir.path().join("said")).unwrap_or_default()
    }

    /// A page of the admin listener: its first line, and its body.
    pub(crate) fn page(&self, path: &str) -> (String, String) {
        let mut stream = TcpStream::connect(("127.0.0.1", self.admin)).unwrap();
        write!(stream, "GET {path} HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        (head.lines().next().unwrap_or_default().to_owned(), body.to_owned())
    }

    /// A number of the metrics.
    pub(crate) fn metric(&self, name: &str) -> u64 {
        let (_, text) = self.page("/metrics");
        let line = text.lines().find(|line| line.starts_with(name)).unwrap();
        line.rsplit(' ').next().unwrap().parse().unwrap()
    }

    pub(crate) fn signal(&self, name: &str) {
        output(Command::new("kill").arg(format!("-{name}")).arg(self.running.id().to_string()))
            .unwrap();
    }

    /// Stops it; its logs must then verify, and hold no secret.
    pub(crate) fn stop(mut self, stage: &Stage) {
        self.running.stop(Duration::from_secs(10));
        let key = placet_store::keys::read_signing_key(&self.dir.path().join("audit.key")).unwrap();
        let audit = self.dir.path().join("audit");
        let options = placet_store::VerifyOptions::default();
        let report = placet_store::verify(&audit, &key.verifying_key(), &options).unwrap();
        assert_eq!(report.state, placet::audit::State::ClosedClean, "{}", self.said());
        let said = self.said();
        for secret in [TOKEN, OTHER_TOKEN, OLD_TOKEN, stage.server.password()] {
            assert!(!said.contains(secret));
            let mut open = vec![audit.clone()];
            while let Some(dir) = open.pop() {
                for entry in fs::read_dir(dir).unwrap().map(Result::unwrap) {
                    if entry.path().is_dir() {
                        open.push(entry.path());
                    } else {
                        let bytes = fs::read(entry.path()).unwrap();
                        assert!(!bytes.windows(secret.len()).any(|part| part == secret.as_bytes()));
                    }
                }
            }
        }
    }
}
