//! C2SP tlog-proofs: one leaf's index and path, with the checkpoint that covers it, as one text.

use base64::{Engine as _, engine::general_purpose::STANDARD};

use crate::audit::checkpoint::Checkpoint;
use crate::audit::tree::{MAX_PROOF_HASHES, leaf_hash, prove_inclusion, verify_inclusion};
use crate::crypto::NamedVerifyingKey;
use crate::crypto::note::{MAX_NOTE_BYTES, open};
use crate::primitives::Digest;

const HEADER: &str = "c2sp.org/tlog-proof@v1";

/// The proof that one leaf stands in a log: what an auditor is handed with the leaf.
///
/// Form: `c2sp.org/tlog-proof@v1`, `index N`, one base64 hash a line, a blank line, the signed
/// checkpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InclusionProof {
    index: u64,
    hashes: Vec<Digest>,
    checkpoint: String,
}

impl InclusionProof {
    /// The proof of leaf `index` under `checkpoint`, a note; `leaves` are all leaf hashes of the
    /// log. `None` if the checkpoint does not cover the leaf, or covers other leaves.
    #[must_use]
    pub fn new(leaves: &[Digest], index: u64, checkpoint: &str) -> Option<Self> {
        let signed = Checkpoint::from_trusted_note(checkpoint.as_bytes())?;
        let leaves = leaves.get(..usize::try_from(signed.size).ok()?)?;
        let hashes = prove_inclusion(leaves, usize::try_from(index).ok()?)?;
        let leaf = leaves.get(usize::try_from(index).ok()?)?;
        verify_inclusion(index, signed.size, leaf, &hashes, &signed.root).then(|| Self {
            index,
            hashes,
            checkpoint: checkpoint.to_owned(),
        })
    }

    /// The text to hand over.
    #[must_use]
    pub fn to_text(&self) -> String {
        let mut out = format!("{HEADER}\nindex {}\n", self.index);
        for hash in &self.hashes {
            STANDARD.encode_string(hash.as_bytes(), &mut out);
            out.push('\n');
        }
        out.push('\n');
        out.push_str(&self.checkpoint);
        out
    }

    /// Reads the text. Believes nothing in it; see [`verify`](Self::verify).
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        if text.len() > MAX_NOTE_BYTES + 64 * MAX_PROOF_HASHES {
            return None;
        }
        let (head, checkpoint) = text.split_once("\n\n")?;
        let mut lines = head.split('\n');
        if lines.next()? != HEADER {
            return None;
        }
        let index = lines.next()?.strip_prefix("index ")?;
        if index.is_empty() || !index.bytes().all(|c| c.is_ascii_digit()) {
            return None;
        }
        let hashes = lines.map(|line| {
            let bytes = STANDARD.decode(line).ok()?;
            Some(Digest::from_bytes(bytes.try_into().ok()?))
        });
        Some(Self {
            index: index.parse().ok()?,
            hashes: hashes.collect::<Option<_>>()?,
            checkpoint: checkpoint.to_owned(),
        })
    }

    /// The checkpoint that `key` signed and that covers `leaf` at this index; `None` if any of it
    /// fails. `key` is the epoch key of that checkpoint, or the root key for an epoch's first.
    #[must_use]
    pub fn verify(&self, leaf: &[u8], key: &NamedVerifyingKey) -> Option<Checkpoint> {
        let note = open(self.checkpoint.as_bytes(), std::slice::from_ref(key)).ok()?;
        let signed = Checkpoint::parse(note.text())?;
        let leaf = leaf_hash(leaf);
        verify_inclusion(self.index, signed.size, &leaf, &self.hashes, &signed.root)
            .then_some(signed)
    }
}
