//! The cases of `testdata/commands/`: what is needed to run their texts elsewhere.

use std::fs;
use std::path::PathBuf;

use base64::Engine as _;
use placet::command::Protocol;
use placet::facts::{self, Facts, Scope};
use placet::schema::{Catalog, SqlSession};
use serde::Deserialize;

/// A case. What it expects is checked by the library's own tests.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Case {
    pub(crate) name: String,
    text: Option<String>,
    bytes: Option<String>,
    pub(crate) session: Option<SqlSession>,
    pub(crate) catalog: Option<String>,
}

#[derive(Deserialize)]
struct File {
    case: Vec<Case>,
}

impl Case {
    /// The command, where it is text.
    pub(crate) fn text(&self) -> Option<String> {
        match (&self.text, &self.bytes) {
            (Some(text), _) => Some(text.clone()),
            (None, Some(bytes)) => {
                let bytes = base64::engine::general_purpose::STANDARD.decode(bytes).ok()?;
                String::from_utf8(bytes).ok()
            }
            (None, None) => None,
        }
    }

    /// The facts of its text, under its session and its catalog.
    ///
    /// # Errors
    /// The catalog cannot be read.
    pub(crate) fn facts(&self, protocol: Protocol, text: &str) -> Result<Facts, String> {
        let session = self.session.clone().unwrap_or_else(SqlSession::server_defaults);
        let catalog = self.catalog.as_deref().map(catalog).transpose()?;
        let scope = Scope { catalog: catalog.as_ref(), session: &session };
        Ok(facts::read(protocol, text.as_bytes(), &scope))
    }
}

/// A catalog of `testdata/catalogs/`.
///
/// # Errors
/// It cannot be read.
pub(crate) fn catalog(name: &str) -> Result<Catalog, String> {
    let text = catalog_text(name)?;
    serde_json::from_str(&text).map_err(|error| format!("testdata/catalogs/{name}: {error}"))
}

/// The text of a catalog.
///
/// # Errors
/// It cannot be read.
pub(crate) fn catalog_text(name: &str) -> Result<String, String> {
    let path = testdata()?.join("catalogs").join(name);
    fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))
}

/// The cases of a protocol, `theme/name` each; none where it has no folder.
///
/// # Errors
/// A file cannot be read.
pub(crate) fn read(protocol: &str) -> Result<Vec<Case>, String> {
    let dir = testdata()?.join("commands").join(protocol);
    let mut files: Vec<PathBuf> =
        fs::read_dir(&dir).into_iter().flatten().flatten().map(|entry| entry.path()).collect();
    files.sort();
    let mut cases = Vec::new();
    for path in files {
        let told = |error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
        let text = fs::read_to_string(&path).map_err(|error| told(&error))?;
        let file: File = toml::from_str(&text).map_err(|error| told(&error))?;
        let theme = path.file_stem().unwrap_or_default().to_string_lossy();
        cases.extend(
            file.case
                .into_iter()
                .map(|case| Case { name: format!("{protocol}/{theme}/{}", case.name), ..case }),
        );
    }
    Ok(cases)
}

fn testdata() -> Result<PathBuf, String> {
    Ok(xtask::clients::root()?.join("testdata"))
}
