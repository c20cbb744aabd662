//! Every code of the project: unique, of a known family, and listed in the specification.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use placet::command::sql::Refusal;
use placet::crypto::{dsse, jcs, json, note};
use placet::facts::Reason;
use placet::policy::{CompileError, DECISION_REASONS, LINTS};

use super::*;

type Codes = &'static [(&'static str, &'static str)];

/// Who must act, by the letters of a code.
const FAMILIES: &[&str] = &["POL", "BND", "APR", "MSK", "AUD", "API", "LIM", "WIR"];

fn errors() -> Vec<Codes> {
    vec![
        CompileError::CODES,
        BundleError::CODES,
        ApprovalError::CODES,
        MaskError::CODES,
        placet::wire::WireError::CODES,
        AuditError::CODES,
        note::NoteError::CODES,
        dsse::EnvelopeError::CODES,
        KeyError::CODES,
        json::JsonError::CODES,
        jcs::CanonicalError::CODES,
        StoreError::CODES,
        GuardError::CODES,
        placet_guard::FACE_CODES,
        ProxyError::CODES,
        CatalogError::CODES,
    ]
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// A code as it stands in a source: letters of a family and three digits between quotes.
fn codes_in(text: &str) -> BTreeSet<String> {
    let family = |code: &str| FAMILIES.iter().any(|family| code.starts_with(family));
    text.split('"')
        .filter(|piece| piece.len() == 6 && piece.is_ascii() && family(piece))
        .filter(|piece| piece.bytes().skip(3).all(|byte| byte.is_ascii_digit()))
        .map(str::to_owned)
        .collect()
}

fn sources(dir: &Path, out: &mut String) {
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, out);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            out.push_str(&fs::read_to_string(path).unwrap());
        }
    }
}

#[test]
fn codes_are_unique_and_of_a_known_family() {
    let mut seen = BTreeSet::new();
    for (code, meaning) in errors().into_iter().flatten() {
        assert!(seen.insert(*code), "`{code}` stands for two errors");
        assert!(codes_in(&format!("\"{code}\"")).contains(*code), "`{code}` is of no family");
        assert!(!meaning.is_empty() && !meaning.ends_with('.'), "meaning of `{code}`");
    }
    for (code, _) in LINTS {
        assert!(seen.insert(code), "`{code}` stands twice");
        assert!(code.len() == 4 && code.starts_with("P1"), "`{code}` is no code of a lint");
    }
    let words = Reason::ALL.iter().map(|(_, code, _)| code);
    for word in words.chain(DECISION_REASONS.iter().map(|(code, _)| code)) {
        assert!(seen.insert(word), "`{word}` stands twice");
        assert!(word.bytes().all(|b| b == b'_' || b.is_ascii_lowercase()), "`{word}` is no word");
    }
    for (code, _) in Refusal::CODES {
        assert!(seen.contains(code), "the refusal `{code}` is no reason");
    }
}

#[test]
fn a_code_in_the_sources_is_in_a_table() {
    let tables: BTreeSet<String> =
        errors().into_iter().flatten().map(|(code, _)| (*code).to_owned()).collect();
    let mut text = String::new();
    for part in
        ["core/src", "store/src", "guard/src", "proxy-reference/src", "catalog/src", "cli/src"]
    {
        sources(&root().join(part), &mut text);
    }
    let used = codes_in(&text);
    assert_eq!(used.difference(&tables).collect::<Vec<_>>(), Vec::<&String>::new());
}

#[test]
fn the_specification_lists_every_code() {
    let page = fs::read_to_string(root().join("docs/spec/errors.md")).unwrap();
    let rows: Vec<&str> = page.lines().filter(|line| line.starts_with("| `")).collect();
    let mut codes: Vec<_> = errors().into_iter().flatten().collect();
    codes.sort_by_key(|(code, _)| {
        (FAMILIES.iter().position(|family| code.starts_with(family)), *code)
    });
    let wanted: Vec<String> = codes
        .into_iter()
        .chain(LINTS)
        .chain(DECISION_REASONS)
        .map(|(code, meaning)| format!("| `{code}` | {meaning} |"))
        .collect();
    assert_eq!(rows, wanted);
}
