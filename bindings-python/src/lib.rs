//! placet for Python: types and errors of the core in Python's words, and nothing else.

use placet::command::Protocol;
use placet::facts::{self, Scope};
use placet::schema::SqlSession;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

/// The compiled half of the package `placet`.
#[pymodule(gil_used = false)]
mod _core {
    #[pymodule_export]
    use super::facts_json;
}

/// What a command would do, as the JSON text of `docs/spec/facts.md`.
#[pyfunction]
fn facts_json(protocol: &str, command: &[u8]) -> PyResult<String> {
    let protocol = Protocol::parse(protocol)
        .ok_or_else(|| PyValueError::new_err("API008: no protocol has this name"))?;
    let session = SqlSession::server_defaults();
    let facts = facts::read(protocol, command, &Scope { catalog: None, session: &session });
    serde_json::to_string(&facts).map_err(|error| PyValueError::new_err(error.to_string()))
}
