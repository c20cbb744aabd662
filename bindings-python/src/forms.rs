//! Keys and the small forms that signed things have: strict JSON, canonical JSON, signed notes.

use std::path::PathBuf;

use placet::crypto::json::{MAX_JSON_DEPTH, parse_strict_within};
use placet::crypto::{KeyName, NamedSigningKey, NamedVerifyingKey, SigningKey, jcs, note};
use placet_store::keys::{read_signing_key, write_signing_key, write_verifying_key};
use placet_store::system;
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::door::{Input, guarded};
use crate::errors::Failure;
use crate::values::{to_json, to_python};

/// Makes an Ed25519 key: `NAME.key` (mode 0600) and `NAME.vkey` in a directory.
#[pyfunction]
#[pyo3(signature = (name, directory=PathBuf::from(".")))]
pub(crate) fn new_key(
    py: Python<'_>,
    name: &str,
    directory: PathBuf,
) -> PyResult<(PathBuf, PathBuf)> {
    guarded(py, || {
        let key_name = KeyName::parse(name).map_err(Failure::from)?;
        let seed = system::seed().map_err(Failure::from)?;
        let key = NamedSigningKey::new(key_name, SigningKey::from_seed(&seed));
        let file: String = name
            .chars()
            .map(|c| if c.is_ascii_alphanumeric() || "._-".contains(c) { c } else { '-' })
            .collect();
        let file = file.trim_start_matches('.');
        let private = directory.join(format!("{file}.key"));
        let public = directory.join(format!("{file}.vkey"));
        write_signing_key(&private, &key).map_err(Failure::from)?;
        write_verifying_key(&public, &key.verifying_key()).map_err(Failure::from)?;
        Ok((private, public))
    })
}

/// JSON without what two readers could read in two ways.
#[pyfunction]
#[pyo3(signature = (text, *, max_bytes=1 << 20))]
pub(crate) fn parse_strict<'py>(
    text: &Bound<'py, PyAny>,
    max_bytes: usize,
) -> PyResult<Bound<'py, PyAny>> {
    let py = text.py();
    guarded(py, || {
        let input = Input::required(text, "the text")?;
        let value = parse_strict_within(input.bytes(), max_bytes, MAX_JSON_DEPTH);
        to_python(py, &value.map_err(Failure::from)?)
    })
}

/// The canonical form of a value (RFC 8785), as it is hashed and signed.
#[pyfunction]
pub(crate) fn canonical<'py>(value: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyBytes>> {
    let py = value.py();
    guarded(py, || {
        let json = to_json(value, "value")?;
        let bytes = jcs::to_canonical(&json).map_err(Failure::from)?;
        Ok(PyBytes::new(py, &bytes))
    })
}

/// Opens a signed note: its text and the names of the known keys that signed it.
#[pyfunction]
pub(crate) fn open_note(
    note: &Bound<'_, PyAny>,
    keys: Vec<String>,
) -> PyResult<(String, Vec<String>)> {
    guarded(note.py(), || {
        let input = Input::required(note, "the note")?;
        let read = |text: &String| NamedVerifyingKey::parse(text.trim()).map_err(Failure::from);
        let keys: Vec<NamedVerifyingKey> = keys.iter().map(read).collect::<Result<_, _>>()?;
        let note = note::open(input.bytes(), &keys).map_err(Failure::from)?;
        let names = note.signers().iter().filter_map(|at| keys.get(*at));
        Ok((note.text().to_owned(), names.map(|key| key.name().to_string()).collect()))
    })
}

/// Signs a text as a note.
#[pyfunction]
pub(crate) fn sign_note(py: Python<'_>, text: &str, keys: Vec<PathBuf>) -> PyResult<String> {
    guarded(py, || {
        let read = |path: &PathBuf| read_signing_key(path).map_err(Failure::from);
        let keys: Vec<NamedSigningKey> = keys.iter().map(read).collect::<Result<_, _>>()?;
        let keys: Vec<&NamedSigningKey> = keys.iter().collect();
        Ok(note::sign(text, &keys).map_err(Failure::from)?)
    })
}
