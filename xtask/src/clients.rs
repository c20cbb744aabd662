//! The clients of the live tests: a Python environment and Node modules, installed from the pinned
//! lists of `proxy-reference/tests/` into `target/clients/`, again only when a list has changed.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::process::output;

/// Where the clients are.
#[derive(Clone, Debug)]
pub struct Clients {
    dir: PathBuf,
}

impl Clients {
    /// Installs what is missing.
    ///
    /// # Errors
    /// Python, Node or a package cannot be had.
    pub fn install() -> Result<Self, String> {
        let root = root()?;
        let lists = root.join("proxy-reference/tests");
        let clients = Self { dir: root.join("target/clients") };
        fs::create_dir_all(&clients.dir).map_err(|error| error.to_string())?;
        // Two test programs may want them at the same time.
        let lock = fs::File::create(clients.dir.join("lock")).map_err(|error| error.to_string())?;
        lock.lock().map_err(|error| error.to_string())?;
        once(&clients.dir.join("venv"), &[lists.join("requirements.txt")], |dir| {
            output(Command::new("python3").args(["-m", "venv", "--clear"]).arg(dir))?;
            let mut pip = Command::new(dir.join("bin/python"));
            pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]);
            output(pip.arg("--requirement").arg(lists.join("requirements.txt"))).map(|_| ())
        })?;
        let (package, lock) = (lists.join("package.json"), lists.join("package-lock.json"));
        once(&clients.dir.join("node"), &[package.clone(), lock.clone()], |dir| {
            fs::create_dir_all(dir).map_err(|error| error.to_string())?;
            for file in [&package, &lock] {
                let name = file.file_name().unwrap_or_default();
                fs::copy(file, dir.join(name)).map_err(|error| error.to_string())?;
            }
            let mut npm = Command::new("npm");
            npm.args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"]).current_dir(dir);
            output(&mut npm).map(|_| ())
        })?;
        Ok(clients)
    }

    /// Python with the pinned packages.
    #[must_use]
    pub fn python(&self) -> Command {
        Command::new(self.dir.join("venv/bin/python"))
    }

    /// Node with the pinned packages.
    #[must_use]
    pub fn node(&self) -> Command {
        let mut command = Command::new("node");
        command.env("NODE_PATH", self.dir.join("node/node_modules"));
        command
    }
}

/// Makes a directory unless it was made from the same lists.
///
/// # Errors
/// A list cannot be read, or what `make` says.
pub fn once(
    dir: &Path,
    lists: &[PathBuf],
    make: impl FnOnce(&Path) -> Result<(), String>,
) -> Result<(), String> {
    let mut wanted = String::new();
    for list in lists {
        let text = fs::read_to_string(list);
        wanted += &text.map_err(|error| format!("{}: {error}", list.display()))?;
    }
    let made = dir.join("made-from");
    if fs::read_to_string(&made).is_ok_and(|found| found == wanted) {
        return Ok(());
    }
    if dir.exists() {
        fs::remove_dir_all(dir).map_err(|error| format!("{}: {error}", dir.display()))?;
    }
    make(dir)?;
    fs::write(&made, wanted).map_err(|error| format!("{}: {error}", made.display()))
}

/// The root of the tree.
///
/// # Errors
/// The tree is not where it was built.
pub fn root() -> Result<PathBuf, String> {
    let own = Path::new(env!("CARGO_MANIFEST_DIR"));
    own.parent().map(Path::to_owned).ok_or_else(|| "the tree has no root".to_owned())
}
