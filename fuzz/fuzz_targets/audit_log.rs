//! Any bytes as a log: a report, never a panic, never a clean state for what no key signed, and the
//! same report for every way of cutting the input.
#![no_main]

use libfuzzer_sys::fuzz_target;
use placet::audit::{Checkpoint, LogVerifier, State};
use placet::audit::proof::InclusionProof;
use placet::crypto::{KeyName, NamedSigningKey, SigningKey};

fuzz_target!(|data: &[u8]| {
    let name = KeyName::parse("example.com/audit").expect("a name");
    let root = NamedSigningKey::new(name, SigningKey::from_seed(&[1; 32])).verifying_key();
    let Some((head, data)) = data.split_at_checked(2) else { return };
    let (step, segments) = (usize::from(head[0]) + 1, usize::from(head[1] % 3) + 1);
    let report = |step: usize| {
        let mut verifier = LogVerifier::new(root.clone(), None);
        for (n, part) in data.chunks(data.len() / segments + 1).enumerate() {
            verifier.begin_segment(n as u64 * 9, n + 1 >= segments);
            part.chunks(step).for_each(|chunk| verifier.push(chunk));
            verifier.end_segment();
        }
        verifier.finish("fuzz", None).report
    };
    let whole = report(usize::MAX);
    assert_eq!(whole, report(step), "the cuts show");
    // The golden logs are in the corpus, signed by this key: they, and prefixes, may be good.
    if whole.proven_size == 0 {
        assert!(whole.state >= State::Stale);
    }
    let _ = Checkpoint::from_trusted_note(data);
    let _ = std::str::from_utf8(data).map(InclusionProof::parse);
});
