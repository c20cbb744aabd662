//! The mask stream: any bytes, cut anywhere, give the same output as the whole, and masking the
//! output of a redaction again never panics.
#![no_main]

use libfuzzer_sys::fuzz_target;
use placet::limits::MAX_HELD_BACK_BYTES;
use placet::mask::{self, Detectors, Masker, Operators};

fuzz_target!(|data: &[u8]| {
    // The first byte says how the rest is cut.
    let Some((seed, text)) = data.split_first() else { return };
    let step = usize::from(*seed) % 61 + 1;
    let detectors = Detectors::builtin();
    let operators = Operators::redact_all();
    let whole = mask::text(&detectors, &operators, text).expect("no operator of today fails");
    let mut masker = Masker::new(detectors.clone(), operators.clone());
    let mut out = Vec::new();
    for chunk in text.chunks(step) {
        out.extend(masker.push(chunk).expect("an open stream takes every chunk"));
        assert!(masker.held_back_bytes() <= MAX_HELD_BACK_BYTES);
    }
    out.extend(masker.finish().expect("an open stream can be finished"));
    assert_eq!(out, &*whole.bytes);
    assert_eq!(masker.take_findings(), whole.findings);
    let _ = mask::text(&detectors, &operators, &out);
});
