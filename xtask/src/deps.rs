//! Licences, sources and the size of core's tree, from `cargo metadata`.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use serde_json::Value;

/// Licences that we accept; an expression passes when one of its alternatives does.
const LICENCES: &[&str] = &[
    "MIT",
    "Apache-2.0",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "ISC",
    "MPL-2.0",
    "Unlicense",
    "Zlib",
    "Unicode-3.0",
    "CC0-1.0",
    "0BSD",
    "BSL-1.0",
    "Apache-2.0 WITH LLVM-exception",
];

/// Crates in core's tree, itself not counted (normal and build dependencies): the budget without
/// a shell reader and without JWT (docs/adr/0001).
const CORE_BUDGET: usize = 66;

/// Checks every package of the workspace's tree.
pub(crate) fn check() -> Result<(), String> {
    let output = Command::new("cargo")
        .args(["metadata", "--format-version", "1", "--locked"])
        .output()
        .map_err(|error| format!("cannot run cargo metadata: {error}"))?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned());
    }
    let metadata: Value =
        serde_json::from_slice(&output.stdout).map_err(|error| error.to_string())?;
    let mut wrong = Vec::new();
    for package in list(&metadata, "packages") {
        let name = text(package, "name");
        let licence = text(package, "license");
        if !accepted(licence) {
            wrong.push(format!("{name}: licence `{licence}` is not on the list"));
        }
        let source = text(package, "source");
        if !(source.is_empty() || source.starts_with("registry+")) {
            wrong.push(format!("{name}: comes from `{source}`, not from the registry"));
        }
    }
    let core = tree_of(&metadata, "placet");
    if core.len() > CORE_BUDGET {
        wrong.push(format!("core has {} crates, its budget is {CORE_BUDGET}", core.len()));
    }
    if wrong.is_empty() { Ok(()) } else { Err(wrong.join("\n")) }
}

/// Whether a licence expression leaves a choice that is on the list. Every part of an `AND`
/// must be on it, one part of an `OR` (or of the old `/`).
fn accepted(expression: &str) -> bool {
    let plain = expression.replace(['(', ')'], "");
    !plain.is_empty()
        && plain.split(" AND ").all(|part| {
            let mut choices = part.split(" OR ").flat_map(|choice| choice.split('/'));
            choices.any(|choice| LICENCES.contains(&choice.trim()))
        })
}

/// The ids of all crates that `root` needs to build and run, itself left out.
fn tree_of(metadata: &Value, root: &str) -> BTreeSet<String> {
    let mut needs: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    let mut start = None;
    for node in metadata.get("resolve").map_or(&[][..], |resolve| list(resolve, "nodes")) {
        let id = text(node, "id");
        if id.contains(&format!("/core#{root}@")) {
            start = Some(id);
        }
        for dependency in list(node, "deps") {
            let dev_only = list(dependency, "dep_kinds")
                .iter()
                .all(|kind| kind.get("kind").and_then(Value::as_str) == Some("dev"));
            if !dev_only {
                needs.entry(id).or_default().push(text(dependency, "pkg"));
            }
        }
    }
    let mut seen = BTreeSet::new();
    let mut open: Vec<&str> = start.into_iter().collect();
    while let Some(id) = open.pop() {
        for next in needs.get(id).into_iter().flatten() {
            if seen.insert((*next).to_owned()) {
                open.push(next);
            }
        }
    }
    seen
}

fn list<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    value.get(key).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value.get(key).and_then(Value::as_str).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::accepted;

    #[test]
    fn licences() {
        assert!(accepted("MIT OR GPL-3.0"));
        assert!(accepted("MIT/Apache-2.0"));
        assert!(accepted("(MIT OR Apache-2.0) AND Unicode-3.0"));
        assert!(!accepted("GPL-3.0"));
        assert!(!accepted("MIT AND GPL-3.0"));
        assert!(!accepted(""));
    }
}
