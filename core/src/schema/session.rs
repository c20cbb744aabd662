//! The session state that decides how SQL text is read.

use std::collections::BTreeMap;

use serde::Deserialize;

/// What is known of the session in which SQL will run. Every `None` is unknown, and an unknown
/// that changes how a text is read counts against the text.
///
/// The JSON form is that of `placet facts --session` (`docs/spec/facts.md`).
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
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
