//! The texts of a folder of scripts, each once.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// A text and where it comes from.
#[derive(Clone, Debug)]
pub(crate) struct Source {
    pub(crate) text: String,
    pub(crate) origin: String,
}

/// Cuts every script with one of these extensions below the folders of `dir`.
///
/// # Errors
/// A script cannot be read, or there is none.
pub(crate) fn read(
    dir: &Path,
    folders: &[&str],
    extensions: &[&str],
    split: impl Fn(&str) -> Vec<(usize, String)>,
) -> Result<Vec<Source>, String> {
    let mut files = BTreeSet::new();
    for folder in folders {
        find(&dir.join(folder), extensions, &mut files);
    }
    let mut texts = BTreeMap::new();
    for file in &files {
        let bytes = fs::read(file).map_err(|error| format!("{}: {error}", file.display()))?;
        let name = file.strip_prefix(dir).unwrap_or(file).display().to_string();
        // A few scripts are in other encodings on purpose: what is no text there is left out.
        for (line, text) in split(&String::from_utf8_lossy(&bytes)) {
            if !text.contains(char::REPLACEMENT_CHARACTER) {
                texts.entry(text).or_insert_with(|| format!("{name}:{line}"));
            }
        }
    }
    if texts.is_empty() {
        return Err(format!(
            "{} holds no scripts: remove it, and it is set up anew",
            dir.display()
        ));
    }
    Ok(texts.into_iter().map(|(text, origin)| Source { text, origin }).collect())
}

fn find(dir: &Path, extensions: &[&str], files: &mut BTreeSet<PathBuf>) {
    for entry in fs::read_dir(dir).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            find(&path, extensions, files);
        } else if path.extension().is_some_and(|found| extensions.iter().any(|e| found == *e)) {
            files.insert(path);
        }
    }
}
