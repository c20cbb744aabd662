//! Second opinions on SQL: sets up grammars, corpora and clients under `target/oracle/`, then runs the
//! crate `oracle/`. Nothing of what is fetched is committed.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use xtask::clients::{once, root};
use xtask::{cargo, debian, output, postgres, say};

/// Runs the comparisons; the options are the oracle's own.
///
/// # Errors
/// Something cannot be set up, or a contradiction was found.
pub(crate) fn run(options: &[String]) -> Result<(), String> {
    let root = root()?;
    let dir = root.join("target/oracle");
    fs::create_dir_all(&dir).map_err(|error| format!("{}: {error}", dir.display()))?;
    clang()?;
    say("── PostgreSQL's regression tests");
    let regression = regression(&dir)?;
    say("── MariaDB's test suite");
    let mariadb = mariadb_tests()?;
    say("── sqlglot");
    let python = python(&root, &dir)?;
    say("── oracle");
    let mut command = cargo();
    command.args(["run", "--quiet", "--release", "--locked", "--manifest-path"]);
    command.arg(root.join("oracle/Cargo.toml")).arg("--target-dir").arg(dir.join("build"));
    command.arg("--").args(options);
    command.env("ORACLE_POSTGRES_TESTS", regression).env("ORACLE_MARIADB_TESTS", mariadb);
    command.env("ORACLE_PYTHON", python).env("ORACLE_REPORT", dir.join("report.json"));
    let status = command.status().map_err(|error| format!("cannot run cargo: {error}"))?;
    if status.success() { Ok(()) } else { Err(format!("the oracle disagrees: {status}")) }
}

/// `pg_query` makes its bindings with libclang.
fn clang() -> Result<(), String> {
    let found = fs::read_dir("/usr/lib").into_iter().flatten().flatten().any(|entry| {
        let lib = entry.path().join("lib/libclang.so");
        entry.file_name().to_string_lossy().starts_with("llvm-") && lib.exists()
    });
    if !found {
        debian::install("libclang-dev")?;
    }
    if Path::new("/usr/bin/clang").exists() { Ok(()) } else { debian::install("clang") }
}

/// The `.sql` files of PostgreSQL's source package, of the version that is installed here.
fn regression(dir: &Path) -> Result<PathBuf, String> {
    let made = dir.join("postgres");
    if made.is_dir() {
        return Ok(made);
    }
    let bin = postgres::bin()?;
    let major = bin.parent().and_then(Path::file_name).and_then(OsStr::to_str);
    let package = format!("postgresql-{}", major.unwrap_or_default());
    let archive = source(&dir.join("apt"), &package)?;
    if !Path::new("/usr/bin/bzip2").exists() {
        debian::install("bzip2")?;
    }
    let unpacked = dir.join("postgres.unpacked");
    let _old = fs::remove_dir_all(&unpacked);
    fs::create_dir_all(&unpacked).map_err(|error| error.to_string())?;
    let mut tar = Command::new("tar");
    tar.arg("--extract").arg("--file").arg(archive).arg("--directory").arg(&unpacked);
    output(tar.args(["--strip-components=1", "--wildcards", "*/sql/*.sql"]))?;
    // Whoever is interrupted before this line starts anew.
    fs::rename(&unpacked, &made).map_err(|error| format!("{}: {error}", made.display()))?;
    Ok(made)
}

/// Downloads the original archive of a source package with a configuration of its own: the
/// machine's lists stay as they are.
fn source(dir: &Path, package: &str) -> Result<PathBuf, String> {
    let missing = |why: &str| {
        format!(
            "the source package `{package}` cannot be had from Debian: {why}; \
                 put its .sql files under target/oracle/postgres/ by hand"
        )
    };
    let (parts, lists) = (dir.join("parts"), dir.join("lists/partial"));
    for dir in [&parts, &lists] {
        fs::create_dir_all(dir).map_err(|error| format!("{}: {error}", dir.display()))?;
    }
    source_lists(&parts)?;
    let apt = |program: &str| {
        let mut command = Command::new(program);
        command.current_dir(dir).args(["-o", "Dir::Etc::sourcelist=/dev/null"]);
        command.arg("-o").arg(format!("Dir::Etc::sourceparts={}", parts.display()));
        command.arg("-o").arg(format!("Dir::State::lists={}", dir.join("lists").display()));
        command.arg("-o").arg(format!("Dir::Cache={}", dir.display()));
        // The directory is ours, so the download is, too.
        command.args(["-o", "APT::Sandbox::User=root"]);
        command
    };
    output(apt("apt-get").args(["update", "--quiet"])).map_err(|why| missing(&why))?;
    let shown = output(apt("apt-cache").args(["showsrc", package])).map_err(|why| missing(&why))?;
    let mut versions: Vec<&str> =
        shown.lines().filter_map(|line| line.strip_prefix("Version: ")).collect();
    versions.sort_unstable();
    versions.dedup();
    let mut why = "no version is listed".to_owned();
    // A mirror may list a version that it does not hold yet.
    for version in versions.iter().rev() {
        let mut get = apt("apt-get");
        get.args(["source", "--quiet", "--download-only", "--tar-only"]);
        match output(get.arg(format!("{package}={version}"))) {
            Ok(_) => return archive(dir, package).ok_or_else(|| missing("no archive arrived")),
            Err(error) => why = error,
        }
    }
    Err(missing(&why))
}

/// Debian's own entries, for source packages.
fn source_lists(parts: &Path) -> Result<(), String> {
    let others = fs::read_dir("/etc/apt/sources.list.d").into_iter().flatten().flatten();
    let files = others.map(|entry| entry.path());
    for file in files.chain([PathBuf::from("/etc/apt/sources.list")]) {
        let text = fs::read_to_string(&file).unwrap_or_default();
        if text.contains("/debian") {
            let lines = text.lines().map(|line| match line.strip_prefix("deb ") {
                Some(rest) => format!("deb-src {rest}\n"),
                None if line.starts_with("Types:") => "Types: deb-src\n".to_owned(),
                None => format!("{line}\n"),
            });
            let name = file.file_name().unwrap_or_default();
            fs::write(parts.join(name), lines.collect::<String>())
                .map_err(|error| format!("{}: {error}", parts.display()))?;
        }
    }
    Ok(())
}

fn archive(dir: &Path, package: &str) -> Option<PathBuf> {
    let files = fs::read_dir(dir).into_iter().flatten().flatten();
    let mut archives = files.map(|entry| entry.path()).filter(|path| {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        name.starts_with(&format!("{package}_")) && name.contains(".orig.tar.")
    });
    archives.next()
}

/// MariaDB's test suite is a package of its own.
fn mariadb_tests() -> Result<PathBuf, String> {
    let dir = PathBuf::from("/usr/share/mysql/mysql-test");
    if !dir.join("main").is_dir() {
        debian::install("mariadb-test-data")?;
    }
    Ok(dir)
}

/// Python with the pinned packages of the oracle.
fn python(root: &Path, dir: &Path) -> Result<PathBuf, String> {
    let list = root.join("oracle/requirements.txt");
    let venv = dir.join("venv");
    once(&venv, std::slice::from_ref(&list), |venv| {
        output(Command::new("python3").args(["-m", "venv", "--clear"]).arg(venv))?;
        let mut pip = Command::new(venv.join("bin/python"));
        pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]);
        output(pip.arg("--requirement").arg(&list)).map(|_| ())
    })?;
    Ok(venv.join("bin/python"))
}
