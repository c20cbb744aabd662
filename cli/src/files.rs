//! Reading and writing files, with complaints that name the file.

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
