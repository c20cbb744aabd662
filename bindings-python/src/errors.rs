//! The library's complaints as Python's exceptions: one class a family, with code, span and help.
//!
//! The classes are written in Python (`placet/_errors.py`), so that they can be read, subclassed
//! and pickled like any other.

use placet::approval::ApprovalError;
use placet::audit::AuditError;
use placet::crypto::KeyError;
use placet::crypto::{dsse::EnvelopeError, jcs::CanonicalError, json::JsonError, note::NoteError};
use placet::mask::MaskError;
use placet::policy::{BundleError, CompileError, CompileErrors, Source};
use placet::primitives::Span;
use placet_guard::GuardError;
use placet_store::{ApprovalStoreError, StoreError, TrustError};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyType};

/// A complaint on its way to Python. In a box: it is made rarely and returned everywhere.
#[derive(Debug)]
pub(crate) struct Failure(Box<Complaint>);

#[derive(Debug)]
struct Complaint {
    code: &'static str,
    message: String,
    help: String,
    span: Option<Span>,
    file: Option<String>,
    problems: Vec<Problem>,
}

/// One problem of a bundle.
#[derive(Debug)]
struct Problem {
    code: &'static str,
    message: String,
    file: String,
    span: Option<Span>,
    position: Option<(usize, usize)>,
    help: String,
}

impl Failure {
    pub(crate) fn new(
        code: &'static str,
        message: impl Into<String>,
        help: impl Into<String>,
    ) -> Self {
        let (message, help) = (message.into(), help.into());
        let (span, file, problems) = (None, None, Vec::new());
        Self(Box::new(Complaint { code, message, help, span, file, problems }))
    }

    pub(crate) fn at(mut self, span: Option<Span>) -> Self {
        self.0.span = span;
        self
    }

    pub(crate) fn in_file(mut self, file: impl Into<String>) -> Self {
        self.0.file = Some(file.into());
        self
    }

    /// A bundle that does not compile.
    pub(crate) fn bundle(source: &Source, errors: &CompileErrors) -> Self {
        Self::problems(source, errors.iter())
    }

    /// All problems of a bundle; its text gives each a line and a column.
    pub(crate) fn problems<'a>(
        source: &Source,
        errors: impl Iterator<Item = &'a CompileError>,
    ) -> Self {
        let problem = |error: &CompileError| Problem {
            code: error.code(),
            message: error.to_string(),
            file: error.file().to_owned(),
            span: error.span(),
            position: error.span().and_then(|span| source.position(error.file(), span.start())),
            help: error.help().to_owned(),
        };
        let problems: Vec<Problem> = errors.map(problem).collect();
        let more = match problems.len() {
            0 | 1 => String::new(),
            n => format!(" (and {} more problems)", n - 1),
        };
        let Some(first) = problems.first() else {
            return Self::new("POL001", "the bundle was refused", "");
        };
        let place = match first.position {
            Some((line, column)) => format!("{}:{line}:{column}: ", first.file),
            None => format!("{}: ", first.file),
        };
        let mut failure =
            Self::new(first.code, format!("{place}{}{more}", first.message), first.help.clone())
                .at(first.span)
                .in_file(first.file.clone());
        failure.0.problems = problems;
        failure
    }
}

macro_rules! from_errors {
    ($($error:ty),*) => {
        $(impl From<$error> for Failure {
            fn from(error: $error) -> Self {
                Self::new(error.code(), error.to_string(), error.help())
            }
        })*
    };
}

from_errors!(
    ApprovalError,
    ApprovalStoreError,
    AuditError,
    KeyError,
    MaskError,
    StoreError,
    TrustError,
    NoteError,
    EnvelopeError,
    CanonicalError
);

impl From<BundleError> for Failure {
    fn from(error: BundleError) -> Self {
        Self::new(error.code(), error.to_string(), error.help()).at(error.span())
    }
}

impl From<JsonError> for Failure {
    fn from(error: JsonError) -> Self {
        Self::new(error.code(), error.to_string(), error.help()).at(error.span())
    }
}

impl From<GuardError> for Failure {
    fn from(error: GuardError) -> Self {
        if let Some((source, problems)) = error.problems() {
            return Self::problems(source, problems.iter());
        }
        let mut failure = Self::new(error.code(), error.to_string(), error.help()).at(error.span());
        failure.0.file = error.file().map(str::to_owned);
        failure
    }
}

impl From<Failure> for PyErr {
    fn from(failure: Failure) -> Self {
        Python::attach(|py| raise(py, &failure.0).unwrap_or_else(|error| error))
    }
}

/// The class of a code: its letters say who must act.
pub(crate) fn class_of(code: &str) -> &'static str {
    let letters = code.trim_end_matches(|c: char| c.is_ascii_digit());
    match letters {
        "POL" | "P" => "PolicyError",
        "BND" => "BundleError",
        "APR" => "ApprovalError",
        "MSK" => "MaskError",
        "AUD" => "AuditError",
        "LIM" => "LimitError",
        "API" => "UsageError",
        _ => "CommandError",
    }
}

fn raise(py: Python<'_>, failure: &Complaint) -> PyResult<PyErr> {
    let details = PyDict::new(py);
    details.set_item("code", failure.code)?;
    details.set_item("help", &failure.help)?;
    details.set_item("span", failure.span.map(|span| (span.start(), span.end())))?;
    details.set_item("file", failure.file.as_deref())?;
    if !failure.problems.is_empty() {
        let class = class(py, "Problem")?;
        let mut problems = Vec::new();
        for problem in &failure.problems {
            let span = problem.span.map(|span| (span.start(), span.end()));
            let (line, column) = problem.position.unzip();
            problems.push(class.call1((
                problem.code,
                &problem.message,
                &problem.file,
                span,
                line,
                column,
                &problem.help,
            ))?);
        }
        details.set_item("problems", problems)?;
    }
    let error = class(py, class_of(failure.code))?.call((&failure.message,), Some(&details))?;
    Ok(PyErr::from_value(error))
}

fn class<'py>(py: Python<'py>, name: &str) -> PyResult<Bound<'py, PyType>> {
    Ok(py.import("placet._errors")?.getattr(name)?.cast_into::<PyType>()?)
}

/// A panic of the library, as `placet.InternalError`: an `Exception`, which `except Exception`
/// catches, and which lets nothing run.
pub(crate) fn internal(py: Python<'_>) -> PyErr {
    let error = class(py, "InternalError").and_then(|class| class.call0());
    error.map_or_else(|error| error, PyErr::from_value)
}
