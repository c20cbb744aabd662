//! Masking of single values and of streams.

use std::sync::{Mutex, PoisonError};

use placet::mask::shape::{csv::CsvMasker, json::JsonMasker, yaml::YamlMasker};
use placet::mask::{self, Detectors, EntityType, Finding, MaskError, Masker, Operators};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyString, PyTuple};

use crate::door::{Input, detached, guarded, text_of};
use crate::errors::Failure;
use crate::nested;

/// What is looked for, and what takes its place.
#[derive(Clone)]
pub(crate) struct Masks {
    pub(crate) detectors: Detectors,
    pub(crate) operators: Operators,
}

impl Masks {
    pub(crate) fn builtin() -> Self {
        Self { detectors: Detectors::builtin(), operators: Operators::redact_all() }
    }

    /// Masks a value; `None` where nothing changes.
    pub(crate) fn value<'py>(
        &self,
        value: &Bound<'py, PyAny>,
        key: Option<&str>,
    ) -> PyResult<Option<Bound<'py, PyAny>>> {
        let py = value.py();
        let Some(input) = Input::of(value)? else {
            return nested::mask(self, value, key);
        };
        let context = mask::Context { key };
        let bytes = input.bytes();
        let masked = detached(py, bytes.len(), || {
            mask::text_in_context(&self.detectors, &self.operators, bytes, context)
        })
        .map_err(Failure::from)?;
        if masked.findings.is_empty() {
            return Ok(None);
        }
        if input.is_text() {
            text_of(py, &masked.bytes).map(Some)
        } else {
            Ok(Some(PyBytes::new(py, &masked.bytes).into_any()))
        }
    }
}

/// A value that was found, by its place and type; it holds nothing of the value.
#[pyclass(frozen, eq, hash, module = "placet", name = "Finding")]
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct PyFinding(pub(crate) Finding);

#[pymethods]
impl PyFinding {
    #[classattr]
    #[pyo3(name = "__match_args__")]
    const MATCH_ARGS: (&'static str, &'static str, &'static str) = ("type", "start", "end");

    #[new]
    #[pyo3(signature = (r#type, start, end, score=1.0))]
    fn new(r#type: &str, start: u64, end: u64, score: f64) -> PyResult<Self> {
        let kind = EntityType::parse(r#type).ok_or_else(|| {
            let help = "see docs/spec/masking.md for the types";
            Failure::new("API010", "no type of value has this name", help)
        })?;
        let near = |percent: &u8| (f64::from(*percent) / 100.0 - score).abs();
        let percent = (1..=100u8).min_by(|one, two| near(one).total_cmp(&near(two)));
        Ok(Self(Finding { start, end, kind, score: percent.unwrap_or(100) }))
    }

    #[getter]
    fn r#type(&self) -> &'static str {
        self.0.kind.name()
    }

    #[getter]
    const fn start(&self) -> u64 {
        self.0.start
    }

    #[getter]
    const fn end(&self) -> u64 {
        self.0.end
    }

    #[getter]
    fn score(&self) -> f64 {
        f64::from(self.0.score) / 100.0
    }

    fn __repr__(&self) -> String {
        format!("Finding({}, {}..{})", self.0.kind.name(), self.0.start, self.0.end)
    }

    fn __reduce__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        let state = (self.r#type(), self.0.start, self.0.end, self.score());
        (py.get_type::<Self>(), state).into_pyobject(py)
    }
}

/// A stream in one of the shapes.
pub(crate) enum Stream {
    Text(Masker),
    Json(JsonMasker),
    Csv(CsvMasker),
    Yaml(YamlMasker),
}

impl Stream {
    pub(crate) fn new(format: &str, masks: &Masks) -> PyResult<Self> {
        let (detectors, operators) = (masks.detectors, masks.operators.clone());
        Ok(match format {
            "text" => Self::Text(Masker::new(detectors, operators)),
            "json" => Self::Json(JsonMasker::new(detectors, operators)),
            "csv" => Self::Csv(CsvMasker::new(detectors, operators)),
            "yaml" => Self::Yaml(YamlMasker::new(detectors, operators)),
            _ => {
                let help = "use one of: text json csv yaml";
                return Err(Failure::new("API033", "no shape has this name", help).into());
            }
        })
    }

    pub(crate) fn push(&mut self, chunk: &[u8]) -> Result<Vec<u8>, MaskError> {
        match self {
            Self::Text(masker) => masker.push(chunk),
            Self::Json(masker) => masker.push(chunk),
            Self::Csv(masker) => masker.push(chunk),
            Self::Yaml(masker) => masker.push(chunk),
        }
    }

    pub(crate) fn finish(&mut self) -> Result<Vec<u8>, MaskError> {
        match self {
            Self::Text(masker) => masker.finish(),
            Self::Json(masker) => masker.finish(),
            Self::Csv(masker) => masker.finish(),
            Self::Yaml(masker) => masker.finish(),
        }
    }

    pub(crate) fn take_findings(&mut self) -> Vec<Finding> {
        match self {
            Self::Text(masker) => masker.take_findings(),
            Self::Json(masker) => masker.take_findings(),
            Self::Csv(masker) => masker.take_findings(),
            Self::Yaml(masker) => masker.take_findings(),
        }
    }

    fn held_back(&self) -> usize {
        match self {
            Self::Text(masker) => masker.held_back_bytes(),
            Self::Json(masker) => masker.held_back_bytes(),
            Self::Csv(masker) => masker.held_back_bytes(),
            Self::Yaml(masker) => masker.held_back_bytes(),
        }
    }
}

/// Masks a stream chunk by chunk.
#[pyclass(frozen, module = "placet", name = "Masker")]
pub(crate) struct PyMasker(
    /// Taken out for the time of a call: a call from inside it, from another thread at the same
    /// time, or after a panic finds nothing and is refused.
    Mutex<Option<Open>>,
);

struct Open {
    stream: Stream,
    /// Whether chunks are `str`; set by the first.
    text: Option<bool>,
    /// Bytes of a character whose rest has not left the masker yet.
    part: Vec<u8>,
}

impl PyMasker {
    pub(crate) fn new(format: &str, masks: &Masks) -> PyResult<Self> {
        let stream = Stream::new(format, masks)?;
        Ok(Self(Mutex::new(Some(Open { stream, text: None, part: Vec::new() }))))
    }

    fn with<T>(&self, py: Python<'_>, body: impl FnOnce(&mut Open) -> PyResult<T>) -> PyResult<T> {
        let taken = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        let mut open = taken.ok_or_else(|| Failure::from(MaskError::Poisoned))?;
        let out = guarded(py, || body(&mut open));
        if !matches!(&out, Err(error) if is_internal(py, error)) {
            *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(open);
        }
        out
    }
}

/// After a fault of the library nothing more of a stream is released.
pub(crate) fn is_internal(py: Python<'_>, error: &PyErr) -> bool {
    error.get_type(py).name().is_ok_and(|name| name == "InternalError")
}

impl Open {
    fn out<'py>(&mut self, py: Python<'py>, bytes: Vec<u8>) -> PyResult<Bound<'py, PyAny>> {
        if self.text != Some(true) {
            return Ok(PyBytes::new(py, &bytes).into_any());
        }
        self.part.extend(bytes);
        // A character may leave the masker in two parts: the first waits for the second.
        let whole = match str::from_utf8(&self.part) {
            Ok(text) => text.len(),
            Err(error) if error.error_len().is_none() => error.valid_up_to(),
            Err(_) => self.part.len(),
        };
        let rest = self.part.split_off(whole);
        text_of(py, &std::mem::replace(&mut self.part, rest))
    }
}

#[pymethods]
impl PyMasker {
    fn push<'py>(&self, py: Python<'py>, chunk: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        let input = Input::required(chunk, "the chunk")?;
        self.with(py, |open| {
            if *open.text.get_or_insert(input.is_text()) != input.is_text() {
                let help = "decode or encode the chunks first";
                let message = "text and bytes are mixed in one stream";
                return Err(Failure::new("API034", message, help).into());
            }
            let bytes = input.bytes();
            let stream = &mut open.stream;
            let out = detached(py, bytes.len(), || stream.push(bytes)).map_err(Failure::from)?;
            open.out(py, out)
        })
    }

    fn finish<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.with(py, |open| {
            let out = open.stream.finish().map_err(Failure::from)?;
            let last = open.out(py, out)?;
            if open.part.is_empty() {
                return Ok(last);
            }
            let rest = String::from_utf8_lossy(&std::mem::take(&mut open.part)).into_owned();
            last.add(PyString::new(py, &rest))
        })
    }

    fn take_findings(&self, py: Python<'_>) -> PyResult<Vec<PyFinding>> {
        self.with(py, |open| Ok(open.stream.take_findings().into_iter().map(PyFinding).collect()))
    }

    #[getter]
    fn held_back_bytes(&self, py: Python<'_>) -> PyResult<usize> {
        self.with(py, |open| Ok(open.stream.held_back()))
    }

    fn __repr__(&self) -> &'static str {
        "Masker(…)"
    }
}
