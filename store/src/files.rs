//! Files that are whole or not there: private modes, atomic replacement, no overwriting.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

use crate::error::StoreError;

/// Creates a directory and its parents, for the owner only. One that stands stays as it is.
pub(crate) fn create_private_dir(path: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt as _;
        builder.mode(0o700);
    }
    builder.create(path)
}

/// Options that create files for the owner only.
pub(crate) fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.write(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    options
}

/// Makes a change of names in a directory last.
pub(crate) fn sync_dir(path: &Path) -> io::Result<()> {
    if cfg!(unix) { File::open(path)?.sync_all() } else { Ok(()) }
}

/// Replaces a file by these bytes: a reader sees the old content or the new, never a part, and
/// after a crash one of the two is there. Mode 0600.
///
/// # Errors
/// [`StoreError::File`]; the old content is then still there.
pub fn replace(path: &Path, bytes: &[u8]) -> Result<(), StoreError> {
    let temporary = write_beside(path, bytes)?;
    let moved = fs::rename(&temporary, path).and_then(|()| sync_dir(parent(path)));
    moved.map_err(|error| {
        let _ = fs::remove_file(&temporary);
        StoreError::file(path, error)
    })
}

/// Writes a file that must not stand yet, whole or not at all. Mode 0600.
///
/// # Errors
/// [`StoreError::Exists`] for any file of that name, also one that someone else makes meanwhile.
pub fn create(path: &Path, bytes: &[u8]) -> Result<(), StoreError> {
    let temporary = write_beside(path, bytes)?;
    // A link fails where a rename would overwrite.
    let linked = fs::hard_link(&temporary, path);
    let _ = fs::remove_file(&temporary);
    linked.and_then(|()| sync_dir(parent(path))).map_err(|error| StoreError::file(path, error))
}

/// Reads a file of at most `limit` bytes.
pub(crate) fn read_bounded(path: &Path, limit: u64) -> Result<Vec<u8>, StoreError> {
    let mut bytes = Vec::new();
    let read = File::open(path).and_then(|file| file.take(limit + 1).read_to_end(&mut bytes));
    let too_large = || io::Error::new(io::ErrorKind::FileTooLarge, "larger than its bound");
    match read {
        Ok(_) if bytes.len() as u64 <= limit => Ok(bytes),
        Ok(_) => Err(StoreError::file(path, too_large())),
        Err(error) => Err(StoreError::file(path, error)),
    }
}

/// Reads a regular file of at most `limit` bytes: a pipe in a shared directory would be waited for.
pub(crate) fn read_regular(path: &Path, limit: u64) -> Result<Vec<u8>, StoreError> {
    match fs::metadata(path) {
        Ok(meta) if meta.is_file() => read_bounded(path, limit),
        Ok(_) => Err(StoreError::file(path, io::Error::other("no regular file"))),
        Err(error) => Err(StoreError::file(path, error)),
    }
}

fn parent(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

fn write_beside(path: &Path, bytes: &[u8]) -> Result<PathBuf, StoreError> {
    let mut tag = [0u8; 8];
    getrandom::fill(&mut tag)
        .map_err(|_| StoreError::file(path, io::Error::other("no random source")))?;
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let temporary = parent(path).join(format!(".{name}.{:016x}", u64::from_le_bytes(tag)));
    let written = private().create_new(true).open(&temporary).and_then(|mut file| {
        file.write_all(bytes)?;
        file.sync_all()
    });
    match written {
        Ok(()) => Ok(temporary),
        Err(error) => {
            let _ = fs::remove_file(&temporary);
            Err(StoreError::file(path, error))
        }
    }
}
