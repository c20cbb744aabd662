//! C2SP tlog-checkpoints: origin, size and root of a tree, signed as a note.

use base64::{Engine as _, engine::general_purpose::STANDARD};

use crate::audit::event::Origin;
use crate::audit::tree::Tree;
use crate::crypto::note;
use crate::primitives::Digest;

/// The head of a log at one size.
///
/// # Examples
/// ```
/// # use placet::audit::Checkpoint;
/// let text = "example.com/log\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n";
/// let checkpoint = Checkpoint::parse(text).unwrap();
/// assert_eq!(checkpoint.size, 0);
/// assert_eq!(checkpoint.to_text(), text);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// The log.
    pub origin: Origin,
    /// Number of leaves.
    pub size: u64,
    /// The root over them.
    pub root: Digest,
}

impl Checkpoint {
    pub(crate) fn of(origin: &Origin, tree: &Tree) -> Self {
        Self { origin: origin.clone(), size: tree.size(), root: tree.root() }
    }

    /// The three lines that are signed.
    #[must_use]
    pub fn to_text(&self) -> String {
        format!("{}\n{}\n{}\n", self.origin, self.size, STANDARD.encode(self.root.as_bytes()))
    }

    /// Reads the three lines; `None` for anything else. Extension lines are not accepted, because
    /// this log writes none.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut lines = text.strip_suffix('\n')?.split('\n');
        let origin = Origin::parse(lines.next()?).ok()?;
        let size = lines.next()?;
        let proper =
            size.bytes().all(|c| c.is_ascii_digit()) && (size == "0" || !size.starts_with('0'));
        let size = if proper { size.parse().ok()? } else { return None };
        let root = STANDARD.decode(lines.next()?).ok()?;
        let root = Digest::from_bytes(root.try_into().ok()?);
        if lines.next().is_some() { None } else { Some(Self { origin, size, root }) }
    }

    /// Reads the checkpoint out of a note without looking at its signatures: for a note that the
    /// caller kept in a safe place and trusts as it is.
    #[must_use]
    pub fn from_trusted_note(bytes: &[u8]) -> Option<Self> {
        if bytes.len() > note::MAX_NOTE_BYTES {
            return None;
        }
        let note = std::str::from_utf8(bytes).ok()?;
        let (text, _) = note.split_once("\n\n")?;
        Self::parse(note.get(..text.len() + 1)?)
    }
}
