//! Reading and writing files, with complaints that name the file.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use crate::failure::Failure;

/// Bytes of one file that the command line reads whole.
const MAX_FILE_BYTES: u64 = 64 * 1024 * 1024;

/// The whole of a file, or of standard input for `-`.
pub(crate) fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    let name = path.display().to_string();
    let bytes = if path == Path::new("-") {
        read_bounded(io::stdin().lock())
    } else {
        std::fs::File::open(path).and_then(read_bounded)
    };
    let bytes = bytes.map_err(|error| cannot_read(&name, &error))?;
    if bytes.len() as u64 > MAX_FILE_BYTES {
        return Err(Failure::new(
            "LIM002",
            format!("the file is longer than {MAX_FILE_BYTES} bytes"),
            "split it",
        )
        .in_file(name));
    }
    Ok(bytes)
}

fn read_bounded(source: impl io::Read) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    io::Read::read_to_end(&mut io::Read::take(source, MAX_FILE_BYTES + 1), &mut bytes)?;
    Ok(bytes)
}

/// The whole of a file as text.
pub(crate) fn read_text(path: &Path) -> Result<String, Failure> {
    String::from_utf8(read(path)?).map_err(|_| {
        Failure::new("API004", "the file is not UTF-8 text", "save it as UTF-8")
            .in_file(path.display().to_string())
    })
}

/// The `.toml` files below a directory, by path relative to it with forward slashes. Hidden files
/// and directories are left out.
///
/// Whatever looks like a part of the bundle is taken or refused, never passed over: a rule file
/// that nobody reads is a rule that nobody applies. Links may only lead to files of the same
/// directory (mounted configuration does so), because complaints show lines of what they read.
pub(crate) fn read_tree(dir: &Path) -> Result<BTreeMap<String, String>, Failure> {
    let cannot = |path: &Path, error| cannot_read(&path.display().to_string(), &error);
    let home = dir.canonicalize().map_err(|error| cannot(dir, error))?;
    let mut files = BTreeMap::new();
    let mut bytes = 0;
    let mut open = vec![(dir.to_owned(), String::new())];
    while let Some((next, prefix)) = open.pop() {
        for entry in std::fs::read_dir(&next).map_err(|error| cannot(&next, error))? {
            let entry = entry.map_err(|error| cannot(&next, error))?;
            let (path, name) = (entry.path(), entry.file_name());
            if name.as_encoded_bytes().starts_with(b".") {
                continue;
            }
            let kind = entry.file_type().map_err(|error| cannot(&path, error))?;
            let is_toml = path.extension().is_some_and(|ext| ext.eq_ignore_ascii_case("toml"));
            let leads_to_dir = kind.is_symlink() && path.is_dir();
            if !is_toml && !kind.is_dir() && !leads_to_dir {
                continue;
            }
            let plain = |c: char| !c.is_control() && c != '\\';
            let Some(name) = name.to_str().filter(|name| name.chars().all(plain)) else {
                return Err(no_part(&path, "use letters, digits, `_`, `-` and `.` in names"));
            };
            let inside = || path.canonicalize().is_ok_and(|target| target.starts_with(&home));
            if kind.is_dir() {
                open.push((path, format!("{prefix}{name}/")));
            } else if leads_to_dir || !path.is_file() || (kind.is_symlink() && !inside()) {
                return Err(no_part(&path, "put the file itself there; links stay inside"));
            } else {
                let text = read_text(&path)?;
                bytes += text.len();
                if bytes > placet::limits::MAX_BUNDLE_BYTES {
                    let limit = placet::limits::MAX_BUNDLE_BYTES;
                    let message = format!("the bundle is longer than {limit} bytes");
                    let failure = Failure::new("LIM002", message, "split it");
                    return Err(failure.in_file(dir.display().to_string()));
                }
                files.insert(format!("{prefix}{name}"), text);
            }
        }
    }
    Ok(files)
}

fn no_part(path: &Path, help: &'static str) -> Failure {
    Failure::new("API018", "a bundle directory holds files and directories with plain names", help)
        .in_file(path.display().to_string())
}

/// Writes a new file; one that stands is never lost to it.
pub(crate) fn create(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    Ok(placet_store::files::create(path, bytes)?)
}

/// Writes a file whole: to a neighbour first, which then takes its place.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    placet_store::files::replace(path, bytes).map_err(Failure::from)
}

/// The complaint for a file that cannot be read.
pub(crate) fn cannot_read(name: &str, error: &io::Error) -> Failure {
    Failure::new("API003", format!("cannot read: {error}"), "check the path and its permissions")
        .in_file(name)
}

/// The complaint for a file that cannot be written.
pub(crate) fn cannot_write(name: &str, error: &io::Error) -> Failure {
    let mut failure = Failure::new(
        "API005",
        format!("cannot write: {error}"),
        "check the path and its permissions",
    )
    .in_file(name);
    failure.silent = error.kind() == io::ErrorKind::BrokenPipe;
    failure
}
