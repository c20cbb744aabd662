//! Debian's packages: installed where they are missing and root may.

use std::path::Path;
use std::process::Command;

use crate::process::output;

/// Installs a Debian package.
///
/// # Errors
/// Nobody here may install packages; the text says what to install.
pub fn install(package: &str) -> Result<(), String> {
    let missing = format!("`{package}` is not installed: install the package `{package}`");
    if !is_root()? || !Path::new("/usr/bin/apt-get").exists() {
        return Err(missing);
    }
    let apt = |arguments: &[&str]| {
        let mut command = Command::new("apt-get");
        command.args(arguments).env("DEBIAN_FRONTEND", "noninteractive");
        output(&mut command).map_err(|why| format!("{missing}: {why}"))
    };
    apt(&["update", "--quiet"])?;
    apt(&["install", "--yes", "--quiet", "--no-install-recommends", package]).map(|_| ())
}

pub(crate) fn is_root() -> Result<bool, String> {
    Ok(output(Command::new("id").arg("-u"))?.trim() == "0")
}
