//! What is wrong with a configuration, or keeps the proxy from starting.

use std::fmt;

use placet::primitives::Span;
use placet_guard::GuardError;

/// A complaint with a stable code, the file and the bytes it speaks of, and a remedy.
///
/// Holds no secret and no value that may be one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProxyError {
    code: &'static str,
    message: String,
    file: Option<String>,
    span: Option<Span>,
    help: String,
}

impl ProxyError {
    /// Every code of this crate's own with its meaning.
    pub const CODES: &'static [(&'static str, &'static str)] = &[
        ("API040", "a configuration is not valid TOML"),
        ("API041", "a key that the configuration does not know"),
        ("API042", "a key of the configuration is missing"),
        ("API043", "a value of the configuration has the wrong type"),
        ("API044", "a value of the configuration is outside what its key allows"),
        ("API045", "a name in the configuration stands twice"),
        ("API046", "a listener beyond the loopback interface without TLS"),
        ("API047", "a secret cannot be read"),
        ("API048", "a certificate or its key cannot be used"),
        ("API049", "an address cannot be listened on"),
        ("API050", "a setting that no client may choose"),
        ("API051", "an agent is let into a database that is not defined"),
        ("API052", "a password would leave the proxy over an unverified connection"),
        ("API053", "a catalog cannot be read"),
        ("API054", "the runtime cannot be started"),
    ];

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
    pub(crate) fn at(mut self, span: Span) -> Self {
        self.span = Some(span);
        self
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
}

impl fmt::Display for ProxyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for ProxyError {}

impl From<GuardError> for ProxyError {
    fn from(error: GuardError) -> Self {
        let mut out = Self::new(error.code(), error.to_string(), error.help());
        out.file = error.file().map(str::to_owned);
        // A place in a bundle, whose text is not the configuration's.
        out.span = None;
        out
    }
}
