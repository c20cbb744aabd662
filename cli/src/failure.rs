//! What went wrong, in the shape that every face reports: code, place, help.

use std::fmt;

use placet::approval::ApprovalError;
use placet::audit::AuditError;
use placet::crypto::KeyError;
use placet::mask::MaskError;
use placet::policy::BundleError;
use placet::primitives::Span;
use placet_catalog::CatalogError;
use placet_guard::GuardError;
use placet_proxy::ProxyError;
use placet_store::{ApprovalStoreError, StoreError, TrustError};

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
    /// Nothing to tell: the reader of the output went away, as `| head` does.
    pub(crate) silent: bool,
}

impl Failure {
    /// A complaint without a place.
    pub(crate) fn new(
        code: &'static str,
        message: impl Into<String>,
        help: impl Into<String>,
    ) -> Self {
        let (message, help) = (message.into(), help.into());
        Self { code, message, file: None, span: None, help, silent: false }
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

/// The library's complaints keep their code and their help.
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
    TrustError
);

impl From<GuardError> for Failure {
    fn from(error: GuardError) -> Self {
        let mut failure = Self::new(error.code(), error.to_string(), error.help());
        failure.file = error.file().map(str::to_owned);
        // The problems of a bundle are shown with their own places.
        failure.span = error.span().filter(|_| error.problems().is_none());
        failure
    }
}

impl From<ProxyError> for Failure {
    fn from(error: ProxyError) -> Self {
        let mut failure = Self::new(error.code(), error.to_string(), error.help());
        failure.file = error.file().map(str::to_owned);
        failure.span = error.span();
        failure
    }
}

impl From<CatalogError> for Failure {
    fn from(error: CatalogError) -> Self {
        let mut failure = Self::new(error.code(), error.to_string(), error.help());
        failure.file = error.place().map(str::to_owned);
        failure
    }
}

impl From<BundleError> for Failure {
    fn from(error: BundleError) -> Self {
        Self::new(error.code(), error.to_string(), error.help()).at(error.span())
    }
}

#[cfg(test)]
mod tests;
