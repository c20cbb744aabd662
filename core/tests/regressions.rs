//! What fuzzing found, replayed: every file under `fuzz/regressions/<target>/` through the door that
//! the target opens.

#![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use std::path::PathBuf;

use placet::limits::MAX_HELD_BACK_BYTES;
use placet::mask::{self, Detectors, EntityType, HashKey, Masker, Operator, Operators};

fn inputs(target: &str) -> Vec<(PathBuf, Vec<u8>)> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../fuzz/regressions").join(target);
    let files = std::fs::read_dir(&folder).unwrap();
    let mut paths: Vec<PathBuf> = files.map(|file| file.unwrap().path()).collect();
    paths.sort();
    assert!(!paths.is_empty(), "{} is empty", folder.display());
    paths.into_iter().map(|path| (path.clone(), std::fs::read(path).unwrap())).collect()
}

#[test]
fn mask_stream() {
    let key = HashKey::new(b"0123456789abcdef").unwrap();
    for (path, data) in inputs("mask_stream") {
        let (cut, text) = data.split_first().unwrap();
        let operators = Operators::redact_all()
            .with(EntityType::EmailAddress, Operator::Partial { first: 1, last: usize::from(*cut) })
            .with(EntityType::IpAddress, Operator::KeyedHash(key.clone()));
        let whole = mask::text(&Detectors::builtin(), &operators, text).unwrap();
        for step in [1, 2, 3, 7, 40, 64, usize::MAX] {
            let mut masker = Masker::new(Detectors::builtin(), operators.clone());
            let mut out = Vec::new();
            for chunk in text.chunks(step) {
                out.extend(masker.push(chunk).unwrap());
                assert!(masker.held_back_bytes() <= MAX_HELD_BACK_BYTES, "{}", path.display());
            }
            out.extend(masker.finish().unwrap());
            assert_eq!(out, *whole.bytes, "{} in steps of {step}", path.display());
            assert_eq!(masker.take_findings(), whole.findings, "{}", path.display());
        }
    }
}
