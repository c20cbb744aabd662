//! What went wrong, in the shape that every face reports: code, place, help.

use std::fmt;

use placet::primitives::Span;

/// A complaint of the command line or of the library, ready to be rendered.
#[derive(Clone, Debug)]
pub(crate) struct Failure {
    /// Stable code, for example `API003`.
    pub(crate) code: &'static str,
    /// One line, lower case, without a full stop.
    pub(crate) message: String,
    /// The file it speaks of.
    pub(crate) file: Option<String>,
    /// The bytes it speaks of.
    pub(crate) span: Option<Span>,
    /// How to mend it.
    pub(crate) help: String,
}

impl Failure {
    /// A complaint without a place.
    pub(crate) fn new(
        code: &'static str,
        message: impl Into<String>,
        help: impl Into<String>,
    ) -> Self {
        Self { code, message: message.into(), file: None, span: None, help: help.into() }
    }

    /// The same complaint, about this file.
    pub(crate) fn in_file(mut self, file: impl Into<String>) -> Self {
        self.file = Some(file.into());
        self
    }

    /// The same complaint, about these bytes.
    pub(crate) fn at(mut self, span: Option<Span>) -> Self {
        self.span = span;
        self
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Failure {}
