//! Processes that end with their owner, and ports.

use std::io::{self, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, Output};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// A process that is stopped when this value goes.
#[derive(Debug)]
pub struct Running {
    child: Child,
    name: String,
}

impl Running {
    /// Starts a process.
    ///
    /// # Errors
    /// The program cannot be run.
    pub fn start(name: &str, command: &mut Command) -> Result<Self, String> {
        let child = command.spawn().map_err(|error| format!("cannot run {name}: {error}"))?;
        Ok(Self { child, name: name.to_owned() })
    }

    /// The process's number.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Whether it has ended, and how.
    ///
    /// # Errors
    /// The system does not know the process.
    pub fn ended(&mut self) -> Result<Option<String>, String> {
        let ended = self.child.try_wait().map_err(|error| format!("{}: {error}", self.name))?;
        Ok(ended.map(|status| format!("{} ended: {status}", self.name)))
    }

    /// Asks it to end (SIGTERM), waits, and insists after `patience`.
    pub fn stop(&mut self, patience: Duration) {
        if !matches!(self.child.try_wait(), Ok(None)) {
            return;
        }
        let _asked = Command::new("kill").arg(self.child.id().to_string()).status();
        let end = Instant::now() + patience;
        while Instant::now() < end {
            if !matches!(self.child.try_wait(), Ok(None)) {
                return;
            }
            sleep(Duration::from_millis(20));
        }
        let _killed = self.child.kill();
        let _reaped = self.child.wait();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.stop(Duration::from_secs(10));
    }
}

/// A port of the loopback address that nobody listens on.
///
/// # Errors
/// The system gives none.
pub fn free_port() -> Result<u16, String> {
    let told = |error: io::Error| format!("no free port: {error}");
    let listener = TcpListener::bind(("127.0.0.1", 0)).map_err(told)?;
    Ok(listener.local_addr().map_err(told)?.port())
}

/// Waits until something accepts on a port of the loopback address.
///
/// # Errors
/// The process ended, or nothing accepted in time.
pub fn wait_for_port(port: u16, of: &mut Running, patience: Duration) -> Result<(), String> {
    let address = SocketAddr::from(([127, 0, 0, 1], port));
    let end = Instant::now() + patience;
    loop {
        if let Some(why) = of.ended()? {
            return Err(why);
        }
        if TcpStream::connect_timeout(&address, Duration::from_millis(200)).is_ok() {
            return Ok(());
        }
        if Instant::now() > end {
            return Err(format!("{} does not listen on port {port}", of.name));
        }
        sleep(Duration::from_millis(30));
    }
}

/// Cargo, without what an outer cargo has left in the environment: it would pin the toolchain, and
/// make build scripts that look at it run again.
#[must_use]
pub fn cargo() -> Command {
    let mut cargo = Command::new("cargo");
    for (key, _) in std::env::vars_os() {
        let name = key.to_string_lossy();
        let left = ["CARGO_MANIFEST_", "CARGO_PKG_", "CARGO_BIN_", "CARGO_CRATE_"];
        if name == "CARGO" || name == "RUSTUP_TOOLCHAIN" || left.iter().any(|l| name.starts_with(l))
        {
            cargo.env_remove(&key);
        }
    }
    cargo
}

/// Tells whoever runs the task.
pub fn say(line: &str) {
    // A closed standard error leaves nobody to tell.
    let _told = writeln!(io::stderr(), "{line}");
}

/// Runs a command to its end; what it printed.
///
/// # Errors
/// It cannot be run, or failed: then what it said and how it ended.
pub fn output(command: &mut Command) -> Result<String, String> {
    let name = command.get_program().to_string_lossy().into_owned();
    let output = command.output().map_err(|error| format!("cannot run `{name}`: {error}"))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    Err(format!("`{name}` {}: {}", output.status, said(&output)))
}

fn said(output: &Output) -> String {
    let text = [&*output.stdout, &*output.stderr].concat();
    String::from_utf8_lossy(&text).trim().to_owned()
}
