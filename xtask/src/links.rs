//! Links between the project's own files: what a page or a comment points at is there.
//!
//! Three kinds: `[text](target)` in Markdown, a path between backticks in Markdown, and `docs/…`
//! anywhere.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Directories that hold nothing of ours.
const SKIPPED: &[&str] = &["target", ".git", ".venv", "node_modules", "demo-out"];

/// Directories whose paths a page may name.
const TOP: &[&str] =
    &["core", "store", "cli", "xtask", "testdata", "docs", "benches", "fuzz", "examples"];

/// Checks the links of every Markdown file, and every `docs/…` that a source names.
pub(crate) fn check() -> Result<(), String> {
    let mut files = Vec::new();
    collect(Path::new("."), &mut files)?;
    let mut wrong = Vec::new();
    let mut links = 0usize;
    for file in &files {
        let text = fs::read_to_string(file).map_err(|error| told(file, &error))?;
        if file.extension().is_some_and(|extension| extension == "md") {
            for link in targets(&text) {
                links += 1;
                wrong.extend(broken(file, link).map(|why| format!("{}: {why}", file.display())));
            }
            let gone = quoted(&text).into_iter().filter(|path| !exists(path));
            wrong.extend(gone.map(|path| format!("{}: no `{path}`", file.display())));
        }
        for named in pages(&text).into_iter().filter(|named| !exists(named)) {
            wrong.push(format!("{}: no `{named}`", file.display()));
        }
    }
    if links == 0 {
        return Err("no link was found: run it at the root of the tree".to_owned());
    }
    if wrong.is_empty() { Ok(()) } else { Err(wrong.join("\n")) }
}

fn told(path: &Path, error: &std::io::Error) -> String {
    format!("cannot read `{}`: {error}", path.display())
}

fn collect(dir: &Path, out: &mut Vec<PathBuf>) -> Result<(), String> {
    for entry in fs::read_dir(dir).map_err(|error| told(dir, &error))? {
        let entry = entry.map_err(|error| told(dir, &error))?;
        let (path, name) = (entry.path(), entry.file_name());
        let kind = entry.file_type().map_err(|error| told(&path, &error))?;
        if kind.is_dir() && !SKIPPED.iter().any(|skipped| name == *skipped) {
            collect(&path, out)?;
        } else if kind.is_file()
            && path.extension().is_some_and(|e| e == "md" || e == "rs" || e == "toml" || e == "py")
        {
            out.push(path);
        }
    }
    Ok(())
}

/// The targets of `[text](target)` outside code.
fn targets(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut fenced = false;
    for line in text.lines() {
        if line.trim_start().starts_with("```") {
            fenced = !fenced;
        }
        if fenced {
            continue;
        }
        // Every second piece stands between backticks.
        for piece in line.split('`').step_by(2) {
            let ends = piece.split("](").skip(1).filter_map(|rest| rest.split_once(')'));
            found.extend(ends.map(|(target, _)| target));
        }
    }
    found
}

/// Why a link leads nowhere.
fn broken(file: &Path, link: &str) -> Option<String> {
    if ["https://", "http://", "mailto:"].iter().any(|scheme| link.starts_with(scheme)) {
        return None;
    }
    let (path, anchor) = link.split_once('#').unwrap_or((link, ""));
    let target = if path.is_empty() { file.to_owned() } else { file.parent()?.join(path) };
    if !target.exists() {
        return Some(format!("`{link}` leads nowhere"));
    }
    if anchor.is_empty() {
        return None;
    }
    let headings = fs::read_to_string(&target).ok().map(|text| headings(&text));
    let known = headings.is_some_and(|headings| headings.contains(anchor));
    (!known).then(|| format!("`{link}` names no heading of `{}`", target.display()))
}

/// The anchors of a page: its headings in lower case, blanks as hyphens, signs left out.
fn headings(text: &str) -> BTreeSet<String> {
    let heading = |line: &str| {
        let words = line.trim_start_matches('#').trim().to_lowercase();
        let kept = words.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
        kept.map(|c| if c == ' ' { '-' } else { c }).collect()
    };
    text.lines().filter(|line| line.starts_with('#')).map(heading).collect()
}

/// Every path of the tree that stands between backticks.
fn quoted(text: &str) -> Vec<&str> {
    let ours = |piece: &&str| {
        piece.split_once('/').is_some_and(|(top, _)| TOP.contains(&top))
            && piece.chars().all(of_a_path)
    };
    text.lines().flat_map(|line| line.split('`').skip(1).step_by(2)).filter(ours).collect()
}

fn of_a_path(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '/' | '.' | '-' | '_')
}

/// Every `docs/…` that stands in a text.
fn pages(text: &str) -> Vec<&str> {
    text.match_indices("docs/")
        .filter(|(at, _)| text.get(..*at).is_some_and(|before| !before.ends_with(of_a_path)))
        .filter_map(|(at, _)| text.get(at..)?.split(|c| !of_a_path(c)).next())
        .map(|path| path.trim_end_matches(['.', '-']))
        .collect()
}

/// Whether the file or directory stands there; the number of a decision is enough for its page.
fn exists(named: &str) -> bool {
    let path = Path::new(named);
    let number = path.file_name().and_then(|name| name.to_str());
    path.exists()
        || number.zip(path.parent()).is_some_and(|(number, dir)| {
            let pages = fs::read_dir(dir).into_iter().flatten().flatten();
            let begins = |name: String| name.starts_with(&format!("{number}-"));
            number.len() == 4
                && pages.into_iter().any(|page| page.file_name().into_string().is_ok_and(begins))
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_are_found_outside_code_only() {
        let text = "[a](x.md) and [b](y.md#z)\n```\n[c](no.md)\n```\n`[d](no.md)` [e](w.md)";
        assert_eq!(targets(text), ["x.md", "y.md#z", "w.md"]);
        assert_eq!(
            pages("see docs/adr/0002, (docs/spec/log.md). xdocs/no"),
            ["docs/adr/0002", "docs/spec/log.md"]
        );
        assert_eq!(quoted("`core/src/lib.rs` and `core/{a}` and `a/b`"), ["core/src/lib.rs"]);
        assert!(headings("# A b, c\n## `D`-e").is_superset(&["a-b-c".into(), "d-e".into()].into()));
    }
}
