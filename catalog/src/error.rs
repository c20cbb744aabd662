//! Why no snapshot could be taken.

use std::fmt;

/// A complaint with a stable code, the database it speaks of, and a remedy.
///
/// Holds no password, and no text of a server: those name users, hosts and values. What the server
/// meant stands as its own code (SQLSTATE or error number).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CatalogError {
    code: &'static str,
    message: String,
    place: Option<String>,
    help: String,
}

impl CatalogError {
    /// Every code of this crate's own with its meaning.
    pub const CODES: &'static [(&'static str, &'static str)] = &[
        ("API060", "an address of a database cannot be read"),
        ("API061", "a database cannot be reached"),
        ("API062", "a database refuses the session"),
        ("API063", "a connection cannot be encrypted, or its certificate verified"),
        ("API064", "a database does not answer as its protocol says"),
        ("API065", "a database refuses to tell its catalog"),
        ("API066", "a database has no schema of this name"),
        ("API067", "a catalog is larger than its bound"),
    ];

    pub(crate) fn new(
        code: &'static str,
        message: impl Into<String>,
        help: impl Into<String>,
    ) -> Self {
        Self { code, message: message.into(), place: None, help: help.into() }
    }

    /// The same complaint, about this database; a place that was given earlier stays.
    pub(crate) fn at(mut self, place: &str) -> Self {
        self.place.get_or_insert_with(|| place.to_owned());
        self
    }

    /// An answer that the protocol does not have.
    pub(crate) fn protocol(what: &str) -> Self {
        Self::new(
            "API064",
            format!("not understood: {what}"),
            "check that the port is the server's",
        )
    }

    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        self.code
    }

    /// The database or file it speaks of, without a password.
    #[must_use]
    pub fn place(&self) -> Option<&str> {
        self.place.as_deref()
    }

    /// How to mend it.
    #[must_use]
    pub fn help(&self) -> &str {
        &self.help
    }
}

impl fmt::Display for CatalogError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for CatalogError {}
