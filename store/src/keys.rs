//! Keys at rest: one line a file, private ones for their owner only, never overwritten.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use placet::crypto::{KeyError, NamedSigningKey, NamedVerifyingKey};
use zeroize::Zeroizing;

use crate::error::StoreError;
use crate::files::{create, read_bounded};

/// Bytes of a key file; a key has about 150.
const MAX_KEY_FILE_BYTES: u64 = 4096;

/// What a private key's text starts with.
const PRIVATE: &str = "PRIVATE+KEY+";

fn shortened() -> PathBuf {
    PathBuf::from(format!("{PRIVATE}…"))
}

/// Writes a private key to a new file of mode 0600.
///
/// # Errors
/// [`StoreError::Exists`]: an old key is never lost to a new one.
pub fn write_signing_key(path: &Path, key: &NamedSigningKey) -> Result<(), StoreError> {
    let mut text = Zeroizing::new(String::with_capacity(512));
    text.push_str(&key.to_secret_text());
    text.push('\n');
    create(path, text.as_bytes())
}

/// Writes a public key to a new file.
///
/// # Errors
/// As [`write_signing_key`].
pub fn write_verifying_key(path: &Path, key: &NamedVerifyingKey) -> Result<(), StoreError> {
    create(path, format!("{key}\n").as_bytes())
}

/// Reads a private key.
///
/// # Errors
/// [`StoreError::OpenToOthers`] if the group or others can read the file: such a key is not
/// private any more. [`StoreError::Key`], [`StoreError::File`].
pub fn read_signing_key(path: &Path) -> Result<NamedSigningKey, StoreError> {
    if path.as_os_str().as_encoded_bytes().starts_with(PRIVATE.as_bytes()) {
        // Complaints name the path, and this one is the secret.
        let source = io::Error::other("give the key's file, not the key; replace this key");
        return Err(StoreError::File { path: shortened(), source });
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt as _;
        let meta = fs::metadata(path).map_err(|error| StoreError::file(path, error))?;
        if meta.mode() & 0o077 != 0 {
            return Err(StoreError::OpenToOthers { path: path.to_owned() });
        }
    }
    let bytes = Zeroizing::new(read_bounded(path, MAX_KEY_FILE_BYTES)?);
    let text = std::str::from_utf8(&bytes).map_err(|_| KeyError::Form);
    text.and_then(NamedSigningKey::parse)
        .map_err(|source| StoreError::Key { path: path.to_owned(), source })
}

/// Reads a public key from a file, or takes the argument itself as the key's text.
///
/// # Errors
/// [`StoreError::Key`] for a file that holds none; [`StoreError::File`].
pub fn read_verifying_key(file_or_text: &str) -> Result<NamedVerifyingKey, StoreError> {
    let path = Path::new(file_or_text);
    match NamedVerifyingKey::parse(file_or_text) {
        Ok(key) => return Ok(key),
        // A private key must not come back in a complaint about a file of that name.
        Err(source) if file_or_text.starts_with(PRIVATE) => {
            return Err(StoreError::Key { path: shortened(), source });
        }
        Err(source) if file_or_text.contains('+') && !path.exists() => {
            return Err(StoreError::Key { path: path.to_owned(), source });
        }
        Err(_) => {}
    }
    let bytes = read_bounded(path, MAX_KEY_FILE_BYTES)?;
    let text = std::str::from_utf8(&bytes).map_err(|_| KeyError::Form);
    text.and_then(NamedVerifyingKey::parse)
        .map_err(|source| StoreError::Key { path: path.to_owned(), source })
}
