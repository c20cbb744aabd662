//! A small file of named values that must not go back: the trusted state of bundles.

use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use placet::crypto::json::parse_strict_within;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::error::StoreError;
use crate::files::{private, read_regular, replace};

/// Bytes of a state file: it holds the packed bundle in force, with which the next is compared.
const MAX_STATE_BYTES: usize = 16 * 1024 * 1024;

/// Named values in one JSON file, replaced atomically, for the owner only.
///
/// Several processes may share it: each change holds a lock beside the file while it reads,
/// changes and replaces it.
///
/// Fails closed: a file that cannot be read as what was written is an error, never an empty state.
///
/// # Examples
/// ```
/// # use placet_store::StateFile;
/// # let dir = tempfile::tempdir().unwrap();
/// let state = StateFile::new(&dir.path().join("state.json"));
/// assert_eq!(state.get::<u64>("sql-safety")?, None);
/// state.put("sql-safety", &7u64)?;
/// assert_eq!(state.get("sql-safety")?, Some(7u64));
/// # Ok::<(), placet_store::StoreError>(())
/// ```
#[derive(Clone, Debug)]
pub struct StateFile {
    path: PathBuf,
}

impl StateFile {
    /// The state in this file, which need not stand yet.
    #[must_use]
    pub fn new(path: &Path) -> Self {
        Self { path: path.to_owned() }
    }

    /// The value under a name.
    ///
    /// # Errors
    /// [`StoreError::State`] for a file or a value of another form, [`StoreError::File`].
    pub fn get<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>, StoreError> {
        let Some(value) = self.read()?.remove(name) else { return Ok(None) };
        serde_json::from_value(value).map(Some).map_err(|_| self.broken())
    }

    /// Sets the value under a name.
    ///
    /// # Errors
    /// As [`get`](Self::get); the old state is then still there.
    pub fn put<T: Serialize>(&self, name: &str, value: &T) -> Result<(), StoreError> {
        let value = serde_json::to_value(value).map_err(|_| self.broken())?;
        self.update(|state| {
            state.insert(name.to_owned(), value);
        })
    }

    /// Changes the whole state while no other process does.
    ///
    /// # Errors
    /// As [`get`](Self::get).
    pub fn update(
        &self,
        change: impl FnOnce(&mut BTreeMap<String, Value>),
    ) -> Result<(), StoreError> {
        let _lock = self.lock()?;
        let mut state = self.read()?;
        change(&mut state);
        let mut bytes = serde_json::to_vec_pretty(&state).map_err(|_| self.broken())?;
        bytes.push(b'\n');
        replace(&self.path, &bytes)
    }

    fn read(&self) -> Result<BTreeMap<String, Value>, StoreError> {
        let bytes = match read_regular(&self.path, MAX_STATE_BYTES as u64) {
            Ok(bytes) => bytes,
            Err(StoreError::File { source, .. }) if source.kind() == io::ErrorKind::NotFound => {
                return Ok(BTreeMap::new());
            }
            Err(error) => return Err(error),
        };
        let value = parse_strict_within(&bytes, MAX_STATE_BYTES, 16).map_err(|_| self.broken())?;
        serde_json::from_value(value).map_err(|_| self.broken())
    }

    fn lock(&self) -> Result<File, StoreError> {
        let mut name = self.path.clone().into_os_string();
        name.push(".lock");
        let path = PathBuf::from(name);
        let locked = private().create(true).truncate(false).open(&path).and_then(|file| {
            file.lock()?;
            Ok(file)
        });
        locked.map_err(|error| StoreError::file(&path, error))
    }

    fn broken(&self) -> StoreError {
        StoreError::State { path: self.path.clone() }
    }
}
