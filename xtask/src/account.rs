//! The accounts of private servers, and directories that are theirs alone.

use std::fs;
use std::io::Read as _;
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::debian::is_root;
use crate::process::output;

/// Who runs a server: it refuses root.
#[derive(Clone, Debug)]
pub(crate) enum Account {
    /// The user who started us.
    Own,
    /// Another one, with its numbers.
    Other { name: &'static str, uid: u32, gid: u32 },
}

impl Account {
    /// The user who started us; instead of root, the first of these that there is.
    pub(crate) fn find(names: &[&'static str]) -> Result<Self, String> {
        if !is_root()? {
            return Ok(Self::Own);
        }
        let number = |flag: &str, name: &str| {
            let text = output(Command::new("id").args([flag, name])).ok()?;
            text.trim().parse::<u32>().ok()
        };
        names
            .iter()
            .find_map(|&name| {
                Some(Self::Other { name, uid: number("-u", name)?, gid: number("-g", name)? })
            })
            .ok_or_else(|| {
                format!(
                    "a server does not run as root, and there is no user `{}`",
                    names.join("` or `")
                )
            })
    }

    /// A program of this account, as the very process that is started.
    pub(crate) fn command(&self, program: &Path) -> Command {
        let setpriv = Path::new("/usr/bin/setpriv");
        let mut command = match self {
            Self::Own if !setpriv.exists() => Command::new(program),
            Self::Other { name, .. } if !setpriv.exists() => {
                let mut command = Command::new("su");
                command.args([*name, "-s", "/bin/sh", "-c", "exec \"$0\" \"$@\"", "--"]);
                command.arg(program);
                command
            }
            Self::Own | Self::Other { .. } => {
                let mut command = Command::new(setpriv);
                if let Self::Other { uid, gid, .. } = self {
                    command.arg(format!("--reuid={uid}")).arg(format!("--regid={gid}"));
                    command.arg("--clear-groups");
                }
                // Whoever is killed cannot stop the server any more.
                command.args(["--pdeathsig=QUIT", "--"]).arg(program);
                command
            }
        };
        // A working directory that the account may not enter makes some programs fail.
        command.current_dir("/");
        command
    }

    pub(crate) fn own(&self, path: &Path) -> Result<(), String> {
        match self {
            Self::Own => Ok(()),
            Self::Other { uid, gid, .. } => chown(path, Some(*uid), Some(*gid))
                .map_err(|error| format!("{}: {error}", path.display())),
        }
    }
}

/// A directory that only the server's account enters.
pub(crate) fn private_dir(account: &Account, server: &str) -> Result<PathBuf, String> {
    let dir = std::env::temp_dir().join(format!("placet-{server}-{}", random_word()?));
    let told = |error: std::io::Error| format!("{}: {error}", dir.display());
    fs::create_dir(&dir).map_err(told)?;
    fs::set_permissions(&dir, fs::Permissions::from_mode(0o700)).map_err(told)?;
    account.own(&dir)?;
    Ok(dir)
}

/// 96 random bits as hexadecimal digits.
///
/// # Errors
/// The system gives no randomness.
pub fn random_word() -> Result<String, String> {
    let mut bytes = [0u8; 12];
    fs::File::open("/dev/urandom")
        .and_then(|mut file| file.read_exact(&mut bytes))
        .map_err(|error| format!("no randomness: {error}"))?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}
