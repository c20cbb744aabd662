//! A private PostgreSQL: system packages, a fresh data directory, the loopback address, a free
//! port, a password of its own; gone with the value that holds it.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::account::{Account, private_dir, random_word};
use crate::debian::install;
use crate::process::output;
use crate::{Running, free_port, wait_for_port};

/// The user that owns the server's databases.
const SUPERUSER: &str = "placet";

/// Settings for a server that lives for minutes and whose data nobody needs afterwards.
const SETTINGS: &str = "\
listen_addresses = '127.0.0.1'
fsync = off
synchronous_commit = off
full_page_writes = off
shared_buffers = 256MB
max_connections = 200
max_prepared_transactions = 10
autovacuum = off
jit = off
";

/// A running server.
///
/// Dropping it stops the server at once and removes its data. The server also ends with the
/// thread that started it. Holds a password: its `Debug` shows the rest.
pub struct Server {
    running: Running,
    account: Account,
    bin: PathBuf,
    dir: PathBuf,
    port: u16,
    password: String,
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server")
            .field("dir", &self.dir)
            .field("port", &self.port)
            .finish_non_exhaustive()
    }
}

impl Server {
    /// Starts one with further lines for `postgresql.conf`.
    ///
    /// # Errors
    /// PostgreSQL is not there and cannot be installed, or does not start; the text says what to do.
    pub fn start(settings: &[&str]) -> Result<Self, String> {
        let bin = bin()?;
        let account = Account::find(&["postgres", "nobody"])?;
        let dir = private_dir(&account, "postgres")?;
        match Self::start_in(&bin, &account, &dir, settings) {
            Ok(server) => Ok(server),
            Err(why) => {
                let log = fs::read_to_string(dir.join("log")).unwrap_or_default();
                let _gone = fs::remove_dir_all(&dir);
                Err(format!("PostgreSQL does not start: {why}\n{log}"))
            }
        }
    }

    fn start_in(
        bin: &Path,
        account: &Account,
        dir: &Path,
        settings: &[&str],
    ) -> Result<Self, String> {
        let (data, pwfile) = (dir.join("data"), dir.join("pw"));
        let password = random_word()?;
        fs::write(&pwfile, &password).map_err(|error| format!("{}: {error}", pwfile.display()))?;
        account.own(&pwfile)?;
        output(
            account
                .command(&bin.join("initdb"))
                .arg("--pgdata")
                .arg(&data)
                .arg("--pwfile")
                .arg(&pwfile)
                .args(["--username", SUPERUSER, "--auth=scram-sha-256", "--encoding=UTF8"])
                .args(["--locale=C.UTF-8", "--no-sync"]),
        )?;
        let _gone = fs::remove_file(&pwfile);
        let port = free_port()?;
        let conf = data.join("postgresql.conf");
        let own = format!("port = {port}\nunix_socket_directories = '{}'\n", dir.display());
        let shipped = fs::read_to_string(&conf).map_err(|error| error.to_string())?;
        let all = [&shipped, "\n", SETTINGS, &own, &settings.join("\n"), "\n"].concat();
        fs::write(&conf, all).map_err(|error| format!("{}: {error}", conf.display()))?;
        let log = fs::File::create(dir.join("log")).map_err(|error| error.to_string())?;
        let copy = log.try_clone().map_err(|error| error.to_string())?;
        let mut command = account.command(&bin.join("postgres"));
        command.arg("-D").arg(&data).stdin(Stdio::null()).stdout(log).stderr(copy);
        let mut running = Running::start("PostgreSQL", &mut command)?;
        wait_for_port(port, &mut running, Duration::from_secs(30))?;
        let server = Self {
            running,
            account: account.clone(),
            bin: bin.to_owned(),
            dir: dir.to_owned(),
            port,
            password,
        };
        server.wait_until_ready()?;
        Ok(server)
    }

    /// The port accepts before the server takes sessions.
    fn wait_until_ready(&self) -> Result<(), String> {
        let mut command = self.client("pg_isready");
        command.args(["--timeout=30", "--quiet"]);
        for _ in 0..100 {
            if command.status().is_ok_and(|status| status.success()) {
                return Ok(());
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        Err("it takes no sessions".to_owned())
    }

    /// The port it listens on.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The name of its superuser.
    #[must_use]
    pub fn user(&self) -> &str {
        SUPERUSER
    }

    /// The password of its superuser.
    #[must_use]
    pub fn password(&self) -> &str {
        &self.password
    }

    /// The directory of the client programs of the same version.
    #[must_use]
    pub fn bin(&self) -> &Path {
        &self.bin
    }

    /// What the server has written to its log.
    #[must_use]
    pub fn log(&self) -> String {
        let bytes = fs::read(self.dir.join("log")).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// The variables that lead libpq's clients here.
    #[must_use]
    pub fn env(&self) -> Vec<(&'static str, String)> {
        environment(self.port, SUPERUSER, &self.password, "postgres")
    }

    /// One of the server's own client programs, led here.
    #[must_use]
    pub fn client(&self, program: &str) -> Command {
        let mut command = Command::new(self.bin.join(program));
        command.envs(self.env());
        command
    }

    /// A program that runs as the server's own account, never as root.
    #[must_use]
    pub fn unprivileged(&self, program: &Path) -> Command {
        self.account.command(program)
    }

    /// Gives a file or directory to the server's account.
    ///
    /// # Errors
    /// The system refuses.
    pub fn give(&self, path: &Path) -> Result<(), String> {
        self.account.own(path)
    }

    /// Runs SQL as the superuser; rows as `psql -qtA` prints them.
    ///
    /// # Errors
    /// What psql said.
    pub fn sql(&self, database: &str, text: &str) -> Result<String, String> {
        let mut command = self.client("psql");
        command.args(["-qtAX", "-v", "ON_ERROR_STOP=1", "-d", database, "-c", text]);
        output(&mut command).map(|text| text.trim_end().to_owned())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let mut stop = self.account.command(&self.bin.join("pg_ctl"));
        stop.arg("-D").arg(self.dir.join("data")).args(["-m", "immediate", "-w", "stop"]);
        let _stopped = stop.stdout(Stdio::null()).stderr(Stdio::null()).status();
        self.running.stop(Duration::from_secs(5));
        let _gone = fs::remove_dir_all(&self.dir);
    }
}

/// The variables that lead libpq's clients to a server on the loopback address.
#[must_use]
pub fn environment(
    port: u16,
    user: &str,
    password: &str,
    database: &str,
) -> Vec<(&'static str, String)> {
    vec![
        ("PGHOST", "127.0.0.1".to_owned()),
        ("PGPORT", port.to_string()),
        ("PGUSER", user.to_owned()),
        ("PGPASSWORD", password.to_owned()),
        ("PGDATABASE", database.to_owned()),
        ("PGPASSFILE", "/dev/null".to_owned()),
    ]
}

/// Runs a command beside a fresh server, whose client programs come first in its `PATH`.
///
/// # Errors
/// The server does not start, or the command fails.
pub fn with(words: &[String]) -> Result<(), String> {
    let [program, arguments @ ..] = words else {
        return Err("usage: cargo xtask with-postgres -- CMD [ARGUMENT…]".to_owned());
    };
    let server = Server::start(&[])?;
    let path = std::env::var_os("PATH").unwrap_or_default();
    let dirs = std::iter::once(server.bin.clone()).chain(std::env::split_paths(&path));
    let path = std::env::join_paths(dirs).map_err(|error| error.to_string())?;
    let mut command = Command::new(program);
    command.args(arguments).envs(server.env()).env("PATH", path);
    let status = command.status().map_err(|error| format!("cannot run `{program}`: {error}"))?;
    if status.success() { Ok(()) } else { Err(format!("`{program}` {status}")) }
}

/// The directory of the newest server's programs; installs the packages where root may.
///
/// # Errors
/// PostgreSQL is not there and cannot be installed; the text says what to do.
pub fn bin() -> Result<PathBuf, String> {
    if let Some(found) = installed() {
        return Ok(found);
    }
    install("postgresql")?;
    installed().ok_or_else(|| "the package `postgresql` brought no `initdb`".to_owned())
}

/// Debian keeps the programs of each version in a directory of their own. A `postgres` of the
/// `PATH` may be somebody's wrapper, so the directory is where `initdb` truly stands.
fn installed() -> Option<PathBuf> {
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut found: Vec<(u32, PathBuf)> = versions
        .filter_map(|entry| {
            let version = entry.file_name().to_str()?.parse().ok()?;
            Some((version, entry.path().join("bin")))
        })
        .filter(|(_, bin)| complete(bin))
        .collect();
    found.sort();
    let newest = found.pop().map(|(_, bin)| bin);
    newest.or_else(|| {
        let path = std::env::var_os("PATH")?;
        let real =
            |dir: PathBuf| Some(fs::canonicalize(dir.join("initdb")).ok()?.parent()?.to_owned());
        std::env::split_paths(&path).filter_map(real).find(|bin| complete(bin))
    })
}

fn complete(bin: &Path) -> bool {
    ["initdb", "postgres", "pg_ctl", "psql", "pg_dump", "pgbench"]
        .iter()
        .all(|program| bin.join(program).is_file())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn a_server_lives_as_long_as_its_value() {
        let server = Server::start(&["log_statement = 'all'"]).unwrap();
        assert_eq!(server.sql("postgres", "SELECT 40 + 2").unwrap(), "42");
        assert!(server.log().contains("statement: SELECT 40 + 2"));
        assert!(server.sql("postgres", "SELECT nothing").unwrap_err().contains("nothing"));
        let (dir, port) = (server.dir.clone(), server.port());
        assert_eq!(fs::metadata(&dir).unwrap().permissions().mode() & 0o777, 0o700);
        let mut stranger = server.client("psql");
        stranger.env("PGPASSWORD", "wrong").args(["-c", "SELECT 1"]);
        assert!(output(&mut stranger).unwrap_err().contains("password authentication failed"));
        drop(server);
        assert!(!dir.exists());
        assert!(std::net::TcpStream::connect(("127.0.0.1", port)).is_err());
    }

    #[test]
    fn the_command_gets_the_server_and_its_failure_is_ours() {
        let words = |line: &str| line.split('|').map(str::to_owned).collect::<Vec<_>>();
        with(&words("sh|-c|test \"$(psql -Atc 'SELECT current_user')\" = placet")).unwrap();
        assert!(with(&words("sh|-c|exit 3")).unwrap_err().contains('3'));
        assert!(with(&words("no-such-program")).unwrap_err().contains("no-such-program"));
        assert!(with(&[]).unwrap_err().contains("usage"));
    }
}
