//! Secrets of the configuration: where they come from, and a form that cannot be printed.

use std::fmt;
use std::io::Read as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use zeroize::Zeroizing;

use crate::error::ProxyError;

/// Bytes of a secret. A long password has a hundred; a token a few thousand.
const MAX_SECRET_BYTES: usize = 16 * 1024;

/// How long a command may take to print a secret.
const COMMAND_TIME: Duration = Duration::from_secs(10);

/// Where a secret comes from. Holds names only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SecretFrom {
    /// A file; a newline at its end is left out.
    File(PathBuf),
    /// A variable of the environment.
    Env(String),
    /// What a command prints; a newline at its end is left out.
    Exec(Vec<String>),
}

/// Bytes that nothing prints; wiped when dropped.
pub(crate) struct Secret(Zeroizing<Vec<u8>>);

impl Secret {
    pub(crate) fn into_bytes(self) -> Zeroizing<Vec<u8>> {
        self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Secret({} bytes)", self.0.len())
    }
}

impl SecretFrom {
    /// Reads the secret. Complaints name the source, never the content.
    pub(crate) fn read(&self) -> Result<Secret, ProxyError> {
        let (mut bytes, shown) = match self {
            Self::File(path) => (from_file(path)?, path.display().to_string()),
            Self::Env(name) => {
                let value = std::env::var_os(name).ok_or_else(|| {
                    unreadable(format!("no variable `{name}` is set"), "set it for this process")
                })?;
                (Zeroizing::new(value.into_encoded_bytes()), name.clone())
            }
            Self::Exec(words) => (from_command(words)?, words.first().cloned().unwrap_or_default()),
        };
        if bytes.last() == Some(&b'\n') {
            bytes.pop();
            if bytes.last() == Some(&b'\r') {
                bytes.pop();
            }
        }
        if bytes.is_empty() || bytes.len() > MAX_SECRET_BYTES {
            let message = format!("the secret of `{shown}` is empty or too long");
            return Err(unreadable(message, "give a secret of 1 to 16384 bytes"));
        }
        Ok(Secret(bytes))
    }
}

fn unreadable(message: String, help: &str) -> ProxyError {
    ProxyError::new("API047", message, help)
}

fn from_file(path: &std::path::Path) -> Result<Zeroizing<Vec<u8>>, ProxyError> {
    let shown = path.display().to_string();
    let cannot = |error: std::io::Error| {
        unreadable(
            format!("the secret's file cannot be read: {error}"),
            "check path and permissions",
        )
        .in_file(shown.clone())
    };
    let meta = std::fs::metadata(path).map_err(cannot)?;
    if !meta.is_file() {
        return Err(
            unreadable("the secret's file is no regular file".into(), "give a file").in_file(shown)
        );
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt as _;
        if meta.mode() & 0o007 != 0 {
            let message = "the secret's file is open to everybody".to_owned();
            return Err(unreadable(message, "chmod o= FILE, and change the secret").in_file(shown));
        }
    }
    let file = std::fs::File::open(path).map_err(cannot)?;
    read_all(file).map_err(cannot)
}

/// Reads into a buffer that never grows: one that did would leave copies behind.
fn read_all(from: impl std::io::Read) -> std::io::Result<Zeroizing<Vec<u8>>> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(MAX_SECRET_BYTES + 64));
    from.take(MAX_SECRET_BYTES as u64 + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn from_command(words: &[String]) -> Result<Zeroizing<Vec<u8>>, ProxyError> {
    let [program, arguments @ ..] = words else {
        return Err(unreadable("a command of no words".into(), "name a program"));
    };
    let cannot = |why: &str| {
        unreadable(format!("the command `{program}` gave no secret: {why}"), "run it by hand")
    };
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|error| cannot(&error.to_string()))?;
    let out = child.stdout.take().ok_or_else(|| cannot("it has no output"))?;
    let reader = std::thread::spawn(move || read_all(out));
    let deadline = Instant::now() + COMMAND_TIME;
    let status = loop {
        match child.try_wait() {
            Ok(Some(status)) => break status,
            Ok(None) if Instant::now() < deadline => {
                std::thread::sleep(Duration::from_millis(10));
            }
            Ok(None) | Err(_) => {
                // It may have ended by itself just now.
                let _ = child.kill();
                let _ = child.wait();
                return Err(cannot("it did not end in time"));
            }
        }
    };
    if !status.success() {
        return Err(cannot("it failed"));
    }
    match reader.join() {
        Ok(Ok(bytes)) => Ok(bytes),
        Ok(Err(_)) | Err(_) => Err(cannot("its output cannot be read")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("secret");
        std::fs::write(&path, "hunter2\r\n").unwrap();
        let open = |mode: u32| {
            use std::os::unix::fs::PermissionsExt as _;
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        };
        open(0o644);
        let error = SecretFrom::File(path.clone()).read().unwrap_err();
        assert_eq!(error.code(), "API047");
        open(0o640);
        let secret = SecretFrom::File(path.clone()).read().unwrap();
        assert_eq!(format!("{secret:?}"), "Secret(7 bytes)");
        assert_eq!(&*secret.into_bytes(), b"hunter2");
        let exec = |words: &[&str]| {
            SecretFrom::Exec(words.iter().map(|word| (*word).to_owned()).collect()).read()
        };
        assert_eq!(&*exec(&["printf", "x y"]).unwrap().into_bytes(), b"x y");
        for bad in [&["false"][..], &["printf", ""], &["no-such-program-here"], &[]] {
            assert_eq!(exec(bad).unwrap_err().code(), "API047", "{bad:?}");
        }
        let error = SecretFrom::Env("PLACET_NO_SUCH_VARIABLE".into()).read().unwrap_err();
        assert!(error.to_string().contains("PLACET_NO_SUCH_VARIABLE"));
        assert_eq!(SecretFrom::File(dir.path().into()).read().unwrap_err().code(), "API047");
    }
}
