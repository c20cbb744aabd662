//! What went wrong, on its way to JavaScript: one JSON text, which the JavaScript layer makes an
//! error of the code's family from.

use placet::approval::ApprovalError;
use placet::audit::AuditError;
use placet::crypto::KeyError;
use placet::crypto::json::JsonError;
use placet::crypto::note::NoteError;
use placet::mask::MaskError;
use placet::policy::{BundleError, CompileError, CompileErrors, Source};
use placet::primitives::Span;
use placet_guard::GuardError;
use placet_store::{ApprovalStoreError, StoreError, TrustError};
use serde::Serialize;

/// A complaint in the shape that every face reports: code, place, help.
#[derive(Clone, Debug, Serialize)]
#[serde(transparent)]
pub(crate) struct Failure(Box<Told>);

#[derive(Clone, Debug, Serialize)]
struct Told {
    code: &'static str,
    message: String,
    help: String,
    /// The file it speaks of.
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<String>,
    span: Option<Span>,
    /// Every problem of a bundle, where it was refused for its content.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    problems: Vec<Problem>,
}

/// One problem of a bundle.
#[derive(Clone, Debug, Serialize)]
struct Problem {
    code: &'static str,
    file: String,
    span: Option<Span>,
    /// Counted from 1; `None` where the whole file is meant.
    line: Option<usize>,
    column: Option<usize>,
    message: String,
    help: String,
}

impl Failure {
    /// A complaint without a place.
    pub(crate) fn new(code: &'static str, message: &str, help: impl Into<String>) -> Self {
        let (message, help) = (message.to_owned(), help.into());
        let told = Told { code, message, help, file: None, span: None, problems: Vec::new() };
        Self(Box::new(told))
    }

    fn at(mut self, span: Option<Span>) -> Self {
        self.0.span = span;
        self
    }

    /// An object that the caller handed over and that has not the form it should have. Values are
    /// not told: they may be secrets.
    pub(crate) fn object(what: &str) -> Self {
        let message = format!("the {what} cannot be read");
        Self::new("API010", &message, "see docs/spec/node.md for the object")
    }

    /// The same complaint, with the problems of this bundle.
    fn with_problems<'a>(
        mut self,
        source: &Source,
        errors: impl Iterator<Item = &'a CompileError>,
    ) -> Self {
        let problem = |error: &CompileError| {
            let place = error.span().and_then(|span| source.position(error.file(), span.start()));
            Problem {
                code: error.code(),
                file: error.file().to_owned(),
                span: error.span(),
                line: place.map(|(line, _)| line),
                column: place.map(|(_, column)| column),
                message: error.to_string(),
                help: error.help().to_owned(),
            }
        };
        self.0.problems = errors.map(problem).collect();
        self
    }

    /// A bundle that was refused for its content, with every problem.
    pub(crate) fn bundle(source: &Source, errors: &CompileErrors) -> Self {
        Self::from(BundleError::Compile(errors.clone())).with_problems(source, errors.iter())
    }
}

macro_rules! from_errors {
    ($($error:ty),*) => {
        $(impl From<$error> for Failure {
            fn from(error: $error) -> Self {
                Self::new(error.code(), &error.to_string(), error.help())
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
    NoteError,
    StoreError,
    TrustError
);

impl From<GuardError> for Failure {
    fn from(error: GuardError) -> Self {
        let failure = Self::new(error.code(), &error.to_string(), error.help());
        let mut failure = failure.at(error.span());
        failure.0.file = error.file().map(str::to_owned);
        match error.problems() {
            Some((source, problems)) => failure.with_problems(source, problems.iter()),
            None => failure,
        }
    }
}

impl From<JsonError> for Failure {
    fn from(error: JsonError) -> Self {
        Self::new(error.code(), &error.to_string(), error.help()).at(error.span())
    }
}

impl From<BundleError> for Failure {
    fn from(error: BundleError) -> Self {
        Self::new(error.code(), &error.to_string(), error.help()).at(error.span())
    }
}

impl From<Failure> for napi::Error {
    fn from(failure: Failure) -> Self {
        // A failure always serializes; were it not to, the text without braces is an internal error.
        Self::from_reason(serde_json::to_string(&failure).unwrap_or_default())
    }
}
