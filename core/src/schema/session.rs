//! The session state that decides how SQL text is read.

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;

/// What is known of the session in which SQL will run. Every `None` is unknown, and an unknown
/// that changes how a text is read counts against the text.
///
/// The JSON form is that of `placet facts --session` (`docs/spec/facts.md`). Prepared statements and
/// cursors hold literals: `Debug` shows their names only.
///
/// # Examples
/// ```
/// use placet::schema::SqlSession;
/// let session = SqlSession { role: Some("app".into()), ..SqlSession::server_defaults() };
/// assert_eq!(session.standard_conforming_strings, Some(true));
/// assert_eq!(SqlSession::default().standard_conforming_strings, None);
/// ```
#[derive(Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SqlSession {
    /// The dialect that the session speaks, where it differs from the protocol's.
    pub dialect: Option<String>,
    /// Whether backslashes are plain characters in ordinary strings (PostgreSQL).
    pub standard_conforming_strings: Option<bool>,
    /// The server's SQL mode, for example `ANSI_QUOTES,NO_BACKSLASH_ESCAPES` (MySQL).
    pub sql_mode: Option<String>,
    /// The client's encoding, for example `UTF8`.
    pub client_encoding: Option<String>,
    /// Schemas in which unqualified names are looked up, in order.
    pub search_path: Option<Vec<String>>,
    /// The role that acts.
    pub role: Option<String>,
    /// Prepared statements by name.
    pub prepared: Option<BTreeMap<String, String>>,
    /// Names of temporary tables.
    pub temp_tables: Option<Vec<String>>,
    /// Open cursors by name, with their queries.
    pub cursors: Option<BTreeMap<String, String>>,
}

impl fmt::Debug for SqlSession {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Named one by one, so that a new field is a decision.
        let Self {
            dialect,
            standard_conforming_strings,
            sql_mode,
            client_encoding,
            search_path,
            role,
            prepared,
            temp_tables,
            cursors,
        } = self;
        let names = |texts: &Option<BTreeMap<String, String>>| {
            texts.as_ref().map(|texts| texts.keys().cloned().collect::<Vec<_>>())
        };
        f.debug_struct("SqlSession")
            .field("dialect", dialect)
            .field("standard_conforming_strings", standard_conforming_strings)
            .field("sql_mode", sql_mode)
            .field("client_encoding", client_encoding)
            .field("search_path", search_path)
            .field("role", role)
            .field("prepared", &names(prepared))
            .field("temp_tables", temp_tables)
            .field("cursors", &names(cursors))
            .finish()
    }
}

impl SqlSession {
    /// A fresh session with the server's defaults: standard strings, UTF-8, nothing prepared.
    #[must_use]
    pub fn server_defaults() -> Self {
        Self {
            dialect: None,
            standard_conforming_strings: Some(true),
            sql_mode: Some(String::new()),
            client_encoding: Some("UTF8".into()),
            search_path: None,
            role: None,
            prepared: Some(BTreeMap::new()),
            temp_tables: Some(Vec::new()),
            cursors: Some(BTreeMap::new()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_no_text_of_a_statement() {
        let texts = || Some(BTreeMap::from([("p".to_owned(), "SELECT 'hunter2'".to_owned())]));
        let session = SqlSession { prepared: texts(), cursors: texts(), ..SqlSession::default() };
        let shown = format!("{session:?}");
        assert!(shown.contains("\"p\"") && !shown.contains("hunter2"), "{shown}");
    }
}
