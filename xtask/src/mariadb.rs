//! A private MariaDB: system packages, a fresh data directory, a socket that nobody else reaches;
//! gone with the value that holds it.

use std::fs;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::Running;
use crate::account::{Account, private_dir};
use crate::debian::install;
use crate::process::output;

/// Options for a server that lives for minutes and whose data nobody needs afterwards.
const OPTIONS: &[&str] = &[
    "--no-defaults",
    "--skip-networking",
    "--innodb-flush-log-at-trx-commit=0",
    "--innodb-flush-method=nosync",
    "--innodb-buffer-pool-size=64M",
    "--skip-log-bin",
    "--secure-file-priv=/dev/null",
];

/// A running server.
///
/// Dropping it stops the server and removes its data. The server also ends with the thread that
/// started it. Its superuser `root` has no password: the socket's directory keeps others out.
#[derive(Debug)]
pub struct Server {
    running: Running,
    dir: PathBuf,
}

impl Server {
    /// Starts one with further options.
    ///
    /// # Errors
    /// MariaDB is not there and cannot be installed, or does not start; the text says what to do.
    pub fn start(options: &[&str]) -> Result<Self, String> {
        let program = program()?;
        let account = Account::find(&["mysql", "nobody"])?;
        let dir = private_dir(&account, "mariadb")?;
        match Self::start_in(&program, &account, &dir, options) {
            Ok(running) => Ok(Self { running, dir }),
            Err(why) => {
                let log = fs::read_to_string(dir.join("log")).unwrap_or_default();
                let _gone = fs::remove_dir_all(&dir);
                Err(format!("MariaDB does not start: {why}\n{log}"))
            }
        }
    }

    fn start_in(
        program: &Path,
        account: &Account,
        dir: &Path,
        options: &[&str],
    ) -> Result<Running, String> {
        let data = format!("--datadir={}", dir.join("data").display());
        let mut install = account.command(Path::new("/usr/bin/mariadb-install-db"));
        install.args(["--no-defaults", "--auth-root-authentication-method=normal"]);
        output(install.args(["--skip-test-db", "--skip-name-resolve"]).arg(&data))?;
        let socket = dir.join("socket");
        let log = fs::File::create(dir.join("log")).map_err(|error| error.to_string())?;
        let copy = log.try_clone().map_err(|error| error.to_string())?;
        let mut command = account.command(program);
        command.args(OPTIONS).arg(data).args(options);
        command.arg(format!("--socket={}", socket.display()));
        command.arg(format!("--tmpdir={}", dir.display()));
        command.arg(format!("--pid-file={}", dir.join("pid").display()));
        command.stdin(Stdio::null()).stdout(log).stderr(copy);
        let mut running = Running::start("MariaDB", &mut command)?;
        let end = Instant::now() + Duration::from_secs(60);
        while UnixStream::connect(&socket).is_err() {
            if let Some(why) = running.ended()? {
                return Err(why);
            }
            if Instant::now() > end {
                return Err("it takes no sessions".to_owned());
            }
            sleep(Duration::from_millis(50));
        }
        Ok(running)
    }

    /// The socket it listens on.
    #[must_use]
    pub fn socket(&self) -> PathBuf {
        self.dir.join("socket")
    }

    /// Runs SQL as the superuser; rows as `mariadb --batch` prints them.
    ///
    /// # Errors
    /// What the client said.
    pub fn sql(&self, text: &str) -> Result<String, String> {
        output(self.client().args(["--execute", text])).map(|text| text.trim_end().to_owned())
    }

    /// Runs SQL as the superuser, and goes on behind a statement that fails.
    ///
    /// # Errors
    /// The client cannot be run.
    pub fn forced(&self, text: &str) -> Result<(), String> {
        let mut client = self.client();
        client.args(["--force", "--execute", text]).stdout(Stdio::null()).stderr(Stdio::null());
        client.status().map(|_| ()).map_err(|error| format!("cannot run `mariadb`: {error}"))
    }

    fn client(&self) -> Command {
        let mut command = Command::new("mariadb");
        command.args(["--no-defaults", "--batch", "--skip-column-names", "--user=root"]);
        command.arg(format!("--socket={}", self.socket().display()));
        command
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.running.stop(Duration::from_secs(10));
        let _gone = fs::remove_dir_all(&self.dir);
    }
}

/// The server's program; installs the package where root may.
fn program() -> Result<PathBuf, String> {
    let program = Path::new("/usr/sbin/mariadbd");
    if !program.exists() {
        install("mariadb-server")?;
    }
    if program.exists() {
        return Ok(program.to_owned());
    }
    Err("the package `mariadb-server` brought no `mariadbd`".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_lives_as_long_as_its_value() {
        let server = Server::start(&[]).unwrap();
        assert_eq!(server.sql("SELECT 40 + 2").unwrap(), "42");
        assert!(server.sql("SELECT nothing").unwrap_err().contains("nothing"));
        let dir = server.dir.clone();
        drop(server);
        assert!(!dir.exists());
    }
}
