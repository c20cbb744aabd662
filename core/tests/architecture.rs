//! The tree is the architecture: a module may import only what this table lists.
#![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
use std::{fs, path::Path, path::PathBuf};

/// Every module may import these two.
const BASE: &[&str] = &["primitives", "limits"];

const MAY_IMPORT: &[(&str, &[&str])] = &[
    ("primitives", &[]),
    ("limits", &[]),
    ("schema", &[]),
    ("request", &[]),
    ("crypto", &[]),
    ("command", &["schema"]),
    ("facts", &["schema", "command"]),
    ("policy", &["schema", "request", "crypto", "facts"]),
    ("mask", &["schema", "request", "crypto"]),
    ("approval", &["schema", "request", "crypto"]),
    ("audit", &["schema", "request", "crypto"]),
    (
        "engine",
        &["schema", "request", "crypto", "command", "facts", "policy", "mask", "approval", "audit"],
    ),
    (
        "wire",
        &[
            "schema", "request", "crypto", "command", "facts", "policy", "mask", "approval",
            "audit", "engine",
        ],
    ),
];

fn rust_files(path: &Path, out: &mut Vec<PathBuf>) {
    if path.is_dir() {
        for entry in fs::read_dir(path).unwrap().map(Result::unwrap) {
            rust_files(&entry.path(), out);
        }
    } else if path.extension().is_some_and(|ext| ext == "rs") {
        out.push(path.to_owned());
    }
}

/// The folder or the file (or both) that holds a module.
fn files_of(module: &str) -> Vec<PathBuf> {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    for path in [src.join(module), src.join(format!("{module}.rs"))] {
        if path.exists() {
            rust_files(&path, &mut files);
        }
    }
    files
}

#[test]
fn imports_point_downwards() {
    let mut wrong = Vec::new();
    for (module, allowed) in MAY_IMPORT {
        let files = files_of(module);
        assert!(!files.is_empty(), "the table names `{module}`, and no such module stands in src");
        for file in files {
            let text = fs::read_to_string(&file).unwrap();
            let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
            for (number, line) in (1..).zip(code) {
                for after in line.split("crate::").skip(1) {
                    let target = after.split(|c: char| !c.is_alphanumeric() && c != '_').next();
                    let target = target.unwrap_or_default();
                    assert!(!target.is_empty(), "{}:{number}: grouped import", file.display());
                    if target != *module && !BASE.contains(&target) && !allowed.contains(&target) {
                        wrong.push(format!("{}:{number}: {module} -> {target}", file.display()));
                    }
                }
            }
        }
    }
    assert!(wrong.is_empty(), "imports against the table:\n{}", wrong.join("\n"));
}

#[test]
fn every_module_stands_in_the_table() {
    let lib = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/lib.rs")).unwrap();
    for line in lib.lines() {
        let Some(rest) = line.trim().strip_prefix("pub mod ").or(line.strip_prefix("mod ")) else {
            continue;
        };
        let name = rest.trim_end_matches([';', '{', ' ']);
        if !MAY_IMPORT.iter().any(|(module, _)| *module == name) {
            panic!("`{name}` is not in the table of allowed imports");
        }
    }
}
