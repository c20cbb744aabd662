//! The log: written, and verified with a public key alone.

use std::ops::ControlFlow;
use std::path::PathBuf;

use placet::audit::{AuditSink as _, Checkpoint, Event, EventKind, Report};
use placet_store::{LogOptions, LogWriter, VerifyOptions, keys, system};
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use serde_json::Value;

use crate::door::{Input, guarded};
use crate::errors::Failure;
use crate::guard::{durability, word_refused};
use crate::request::moment;
use crate::values::{to_json, to_python, unreadable};

/// What a log proves.
#[pyclass(frozen, eq, module = "placet.audit", name = "Report")]
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct PyReport(Report);

/// Verifies the directory of a log, or of one of its writers.
#[pyfunction]
#[pyo3(signature = (directory, *, key, checkpoint=None, now=None))]
pub(crate) fn verify(
    py: Python<'_>,
    directory: PathBuf,
    key: PathBuf,
    checkpoint: Option<&Bound<'_, PyAny>>,
    now: Option<&Bound<'_, PyAny>>,
) -> PyResult<PyReport> {
    guarded(py, || {
        let key = keys::read_verifying_key(&key.to_string_lossy()).map_err(Failure::from)?;
        let earlier = checkpoint
            .map(|note| {
                let input = Input::required(note, "the checkpoint")?;
                Checkpoint::from_trusted_note(input.bytes()).ok_or_else(|| {
                    let help = "give what `placet audit checkpoint` printed";
                    PyErr::from(Failure::new("API017", "this is no checkpoint", help))
                })
            })
            .transpose()?;
        let options = VerifyOptions { earlier, now: now.map(moment).transpose()? };
        let report = py.detach(|| placet_store::verify(&directory, &key, &options));
        Ok(PyReport(report.map_err(Failure::from)?))
    })
}

#[pymethods]
impl PyReport {
    #[getter]
    const fn state(&self) -> &'static str {
        self.0.state.as_str()
    }

    #[getter]
    const fn ok(&self) -> bool {
        self.0.state.exit_code() == 0
    }

    #[getter]
    const fn exit_code(&self) -> u8 {
        self.0.state.exit_code()
    }

    #[getter]
    fn class_(&self) -> Option<&'static str> {
        self.0.class.map(placet::audit::Class::as_str)
    }

    #[getter]
    const fn index(&self) -> Option<u64> {
        self.0.index
    }

    #[getter]
    fn index_end(&self) -> Option<u64> {
        let worst = self.0.writers.iter().filter(|writer| writer.state == self.0.state);
        worst.map(|writer| writer.index_end).max().flatten()
    }

    #[getter]
    const fn proven_size(&self) -> u64 {
        self.0.proven_size
    }

    #[getter]
    fn proven_time(&self) -> Option<String> {
        self.0.proven_time.map(|time| time.to_string())
    }

    #[getter]
    fn key(&self) -> &str {
        &self.0.key
    }

    #[getter]
    fn writers<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let json = serde_json::to_value(&self.0.writers).map_err(|_| unreadable("report"))?;
        to_python(py, &json)
    }

    #[getter]
    fn notes(&self) -> Vec<String> {
        self.0.notes.clone()
    }

    #[getter]
    fn cannot_prove(&self) -> Vec<&'static str> {
        self.0.cannot_prove.to_vec()
    }

    fn json(&self) -> PyResult<String> {
        serde_json::to_string(&self.0).map_err(|_| unreadable("report").into())
    }

    fn __repr__(&self) -> String {
        format!("Report({}, size {})", self.0.state.as_str(), self.0.proven_size)
    }
}

/// The last checkpoint of one writer: keep it elsewhere, for a later verification.
#[pyfunction]
pub(crate) fn checkpoint(py: Python<'_>, directory: PathBuf) -> PyResult<Bound<'_, PyBytes>> {
    guarded(py, || {
        let note = placet_store::last_checkpoint(&directory).map_err(Failure::from)?;
        let note = note.ok_or_else(|| {
            let help = "give the directory of one writer, LOG/<writer>";
            Failure::new("API017", "no checkpoint stands here", help)
        })?;
        Ok(PyBytes::new(py, &note))
    })
}

/// The proof that an event stands in the log of one writer.
#[pyfunction]
pub(crate) fn prove(py: Python<'_>, directory: PathBuf, index: u64) -> PyResult<String> {
    guarded(py, || {
        let proof = py.detach(|| placet_store::prove(&directory, index));
        Ok(proof.map_err(Failure::from)?.to_text())
    })
}

/// All events of a log with their writers, unverified: `(writer, leaf)`.
#[pyfunction]
pub(crate) fn events<'py>(
    py: Python<'py>,
    directory: PathBuf,
) -> PyResult<Vec<(String, Bound<'py, PyAny>)>> {
    guarded(py, || {
        let mut leaves = Vec::new();
        placet_store::for_each_leaf(&directory, |writer, line| {
            leaves.push((writer.to_owned(), line.to_vec()));
            ControlFlow::Continue(())
        })
        .map_err(Failure::from)?;
        let read = |(writer, line): (String, Vec<u8>)| {
            let value: Value = serde_json::from_slice(&line).unwrap_or_default();
            Ok((writer, to_python(py, &value)?))
        };
        leaves.into_iter().map(read).collect()
    })
}

/// The one writer of a log.
#[pyclass(frozen, module = "placet.audit", name = "Log")]
#[derive(Debug)]
pub(crate) struct PyLog(LogWriter);

#[pymethods]
impl PyLog {
    #[new]
    #[pyo3(signature = (directory, *, writer, key, durability="durable"))]
    fn new(
        py: Python<'_>,
        directory: PathBuf,
        writer: &str,
        key: PathBuf,
        durability: &str,
    ) -> PyResult<Self> {
        guarded(py, || {
            let options = LogOptions::new(&directory, writer);
            let options = options.durability(self::durability(durability)?);
            let key = keys::read_signing_key(&key).map_err(Failure::from)?;
            let log = py.detach(|| LogWriter::open(options, &key, system::now, system::random));
            Ok(Self(log.map_err(Failure::from)?))
        })
    }

    #[pyo3(signature = (kind, body, *, time=None))]
    fn append(
        &self,
        py: Python<'_>,
        kind: &str,
        body: &Bound<'_, PyAny>,
        time: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<u64> {
        guarded(py, || {
            let kind = EventKind::parse(kind)
                .ok_or_else(|| word_refused("kind", "the types of docs/spec/log.md"))?;
            let time = time.map(moment).transpose()?.unwrap_or_else(system::now);
            let event = match Input::of(body)? {
                Some(text) => Event::from_json(kind, time, text.bytes()),
                None => Event::new(kind, time, &to_json(body, "event")?),
            };
            let event = event.map_err(Failure::from)?;
            let ack = py.detach(|| self.0.append(&event)).map_err(Failure::from)?;
            Ok(ack.index)
        })
    }

    fn heartbeat(&self, py: Python<'_>) -> PyResult<()> {
        guarded(py, || py.detach(|| self.0.heartbeat()).map_err(|e| Failure::from(e).into()))
    }

    fn rotate(&self, py: Python<'_>, key: PathBuf) -> PyResult<()> {
        guarded(py, || {
            let key = keys::read_signing_key(&key).map_err(Failure::from)?;
            py.detach(|| self.0.rotate(&key)).map_err(|error| Failure::from(error).into())
        })
    }

    fn close(&self, py: Python<'_>) -> PyResult<()> {
        guarded(py, || py.detach(|| self.0.close()).map_err(|error| Failure::from(error).into()))
    }

    #[getter]
    fn origin(&self, py: Python<'_>) -> PyResult<String> {
        guarded(py, || Ok(self.0.origin().map_err(Failure::from)?.as_str().to_owned()))
    }
}
