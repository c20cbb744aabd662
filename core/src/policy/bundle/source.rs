//! The files of a bundle, by relative path.

use std::collections::BTreeMap;

use crate::primitives::Digest;

/// The text of a bundle: relative path with slashes → content.
///
/// Holds any map; [`compile`](crate::policy::compile) says which files make a bundle. Files are
/// taken in the order of their paths' bytes, which is also the order of rules ("bundle order").
///
/// # Examples
/// ```
/// # use placet::policy::Source;
/// let source = Source::from_files([("bundle.toml", "name = \"x\"\n\nlayer = 7")]);
/// assert_eq!(source.position("bundle.toml", 12), Some((3, 1)));
/// assert!(source.digest().to_string().starts_with("sha256:"));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Source {
    files: BTreeMap<String, String>,
}

impl Source {
    /// A source of these files; of two with one path the last counts.
    pub fn from_files<P: Into<String>, T: Into<String>>(
        files: impl IntoIterator<Item = (P, T)>,
    ) -> Self {
        Self { files: files.into_iter().map(|(path, text)| (path.into(), text.into())).collect() }
    }

    /// Adds a file, or replaces the one with this path.
    pub fn insert(&mut self, path: impl Into<String>, text: impl Into<String>) {
        self.files.insert(path.into(), text.into());
    }

    /// The content of a file.
    #[must_use]
    pub fn get(&self, path: &str) -> Option<&str> {
        self.files.get(path).map(String::as_str)
    }

    /// Every file with its content, in bundle order.
    pub fn files(&self) -> impl Iterator<Item = (&str, &str)> {
        self.files.iter().map(|(path, text)| (path.as_str(), text.as_str()))
    }

    /// Bytes of all files and their paths together.
    #[must_use]
    pub fn total_bytes(&self) -> usize {
        self.files.iter().map(|(path, text)| path.len().saturating_add(text.len())).sum()
    }

    /// Line and column of a byte offset, both counted from 1, columns in characters. `None`
    /// where the file does not exist; an offset past the end means the end.
    #[must_use]
    pub fn position(&self, file: &str, offset: usize) -> Option<(usize, usize)> {
        let before: String = self
            .get(file)?
            .char_indices()
            .take_while(|(at, _)| *at < offset)
            .map(|(_, c)| c)
            .collect();
        let line = before.matches('\n').count() + 1;
        let column = before.chars().rev().take_while(|c| *c != '\n').count() + 1;
        Some((line, column))
    }

    /// The digest of the files: SHA-256 over their packed form ([`pack`](crate::policy::envelope::pack)), so
    /// that a directory and the file it is packed to have one digest.
    #[must_use]
    pub fn digest(&self) -> Digest {
        crate::policy::bundle::envelope::digest(self)
    }
}
