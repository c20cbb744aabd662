//! What went wrong, in the shape that every face reports: code, place, help.

use std::fmt;

use placet::approval::ApprovalError;
use placet::audit::AuditError;
use placet::crypto::KeyError;
use placet::mask::MaskError;
use placet::policy::{BundleError, CompileError, Source};
use placet::primitives::Span;
use placet_store::{ApprovalStoreError, StoreError, TrustError};

/// A complaint of the library or of a file, ready to be told: a stable code, one line, the place
/// where there is one, and how to mend it.
///
/// Holds no value of a command, a response or a token.
#[derive(Clone, Debug)]
pub struct GuardError {
    code: &'static str,
    message: String,
    file: Option<String>,
    span: Option<Span>,
    help: String,
    refused: Option<Box<(Source, Vec<CompileError>)>>,
}

impl GuardError {
    /// Every code of this crate's own with its meaning.
    pub const CODES: &'static [(&'static str, &'static str)] = &[
        ("API003", "a file cannot be read"),
        ("API004", "a file is not UTF-8 text"),
        ("API013", "no bundle stands there"),
        ("API015", "a packed bundle needs a root"),
        ("API018", "a bundle directory holds what cannot be a part of a bundle"),
        ("API022", "held requests need a log"),
        ("LIM002", "a file is larger than its bound"),
    ];

    /// A complaint without a place.
    pub fn new(code: &'static str, message: impl Into<String>, help: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            file: None,
            span: None,
            help: help.into(),
            refused: None,
        }
    }

    /// The same complaint, about this file.
    #[must_use]
    pub fn in_file(mut self, file: impl Into<String>) -> Self {
        self.file = Some(file.into());
        self
    }

    /// The complaint about a bundle with these problems.
    pub(crate) fn problems_of(source: &Source, problems: Vec<CompileError>) -> Self {
        let noun = if problems.len() == 1 { "problem" } else { "problems" };
        let first = problems.first();
        let mut error = Self::new(
            first.map_or("POL001", CompileError::code),
            format!("the bundle was refused whole: {} {noun}", problems.len()),
            "mend them all; `placet bundle lint` shows them again",
        );
        error.span = first.and_then(CompileError::span);
        error.refused = Some(Box::new((source.clone(), problems)));
        error
    }

    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        self.code
    }

    /// The file it speaks of.
    #[must_use]
    pub fn file(&self) -> Option<&str> {
        self.file.as_deref()
    }

    /// The bytes it speaks of.
    #[must_use]
    pub const fn span(&self) -> Option<Span> {
        self.span
    }

    /// How to mend it.
    #[must_use]
    pub fn help(&self) -> &str {
        &self.help
    }

    /// Every problem of a bundle that was refused, with the bundle's text.
    #[must_use]
    pub fn problems(&self) -> Option<(&Source, &[CompileError])> {
        self.refused.as_deref().map(|(source, problems)| (source, problems.as_slice()))
    }
}

impl fmt::Display for GuardError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for GuardError {}

/// The library's complaints keep their code and their help.
macro_rules! from_errors {
    ($($error:ty),*) => {
        $(impl From<$error> for GuardError {
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
    TrustError
);

impl From<BundleError> for GuardError {
    fn from(error: BundleError) -> Self {
        let mut out = Self::new(error.code(), error.to_string(), error.help());
        out.span = error.span();
        out
    }
}
