//! What can go wrong with a file that is not the log's own.

use std::io;
use std::path::{Path, PathBuf};

use placet::crypto::KeyError;

/// Why a file was not read or written. Never holds content.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The file system refused.
    #[error("cannot use `{}`: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The file stands already, and is never overwritten.
    #[error("`{}` exists already", path.display())]
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// Others than the owner can read a private key.
    #[error("`{}` can be read by others", path.display())]
    OpenToOthers {
        /// The file.
        path: PathBuf,
    },
    /// The file holds no key.
    #[error("`{}`: {source}", path.display())]
    Key {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: KeyError,
    },
    /// The state file is not what was written.
    #[error("`{}` is not a state file", path.display())]
    State {
        /// The file.
        path: PathBuf,
    },
    /// There is no such leaf under a checkpoint, or no log at all.
    #[error("`{}` holds no such leaf under a checkpoint", path.display())]
    NoLeaf {
        /// The directory.
        path: PathBuf,
    },
}

impl StoreError {
    /// Every code of this family with its meaning.
    pub const CODES: &'static [(&'static str, &'static str)] = &[
        ("API131", "a file cannot be read or written"),
        ("API132", "a file exists already"),
        ("API133", "a private key can be read by others"),
        ("API134", "a file holds no key"),
        ("API135", "a file is not a state file"),
        ("API136", "no such leaf under a checkpoint"),
    ];

    pub(crate) fn file(path: &Path, source: io::Error) -> Self {
        if source.kind() == io::ErrorKind::AlreadyExists {
            return Self::Exists { path: path.to_owned() };
        }
        Self::File { path: path.to_owned(), source }
    }

    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::File { .. } => "API131",
            Self::Exists { .. } => "API132",
            Self::OpenToOthers { .. } => "API133",
            Self::Key { .. } => "API134",
            Self::State { .. } => "API135",
            Self::NoLeaf { .. } => "API136",
        }
    }

    /// What to do about it.
    #[must_use]
    pub const fn help(&self) -> &'static str {
        match self {
            Self::File { .. } => "check the path and its permissions",
            Self::Exists { .. } => "choose another name, or move the file away first",
            Self::OpenToOthers { .. } => "run `chmod 600` on it, and replace the key",
            Self::Key { source, .. } => source.help(),
            Self::State { .. } => {
                "restore it from a copy; deleting it gives up rollback protection"
            }
            Self::NoLeaf { .. } => "give the directory of one writer and an index below its size",
        }
    }
}
