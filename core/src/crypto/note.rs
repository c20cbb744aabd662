//! C2SP signed notes: a text, a blank line, and one line a signature. Checkpoints are notes.

use base64::{Engine as _, engine::general_purpose::STANDARD};

use crate::crypto::keys::{NamedSigningKey, NamedVerifyingKey};

/// Bytes of a note; a checkpoint with sixteen signatures stays below 4 KiB.
pub const MAX_NOTE_BYTES: usize = 32 * 1024;

/// Signature lines of a note; the specification asks for at least sixteen.
pub const MAX_NOTE_SIGNATURES: usize = 64;

/// Why a note was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NoteError {
    /// More bytes or signature lines than the bounds.
    #[error("the note is too large")]
    TooLarge,
    /// No blank line before signatures, a control character, not UTF-8, a malformed line.
    #[error("not a signed note")]
    Form,
    /// A line names a known key, and its signature does not verify.
    #[error("a signature of a known key does not verify")]
    BadSignature,
    /// No line is from a known key.
    #[error("no known key signed the note")]
    Unsigned,
}

impl NoteError {
    /// Every code of this family with its meaning.
    pub const CODES: &'static [(&'static str, &'static str)] = &[
        ("AUD101", "a signed note is larger than its bound"),
        ("AUD102", "not a signed note"),
        ("AUD103", "a known key's signature does not verify"),
        ("AUD104", "no known key signed the note"),
    ];

    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::TooLarge => "AUD101",
            Self::Form => "AUD102",
            Self::BadSignature => "AUD103",
            Self::Unsigned => "AUD104",
        }
    }

    /// What to do about it.
    #[must_use]
    pub const fn help(&self) -> &'static str {
        match self {
            Self::TooLarge | Self::Form => "give the note exactly as it was written",
            Self::BadSignature => "treat the note as forged",
            Self::Unsigned => "check that the key given belongs to this log",
        }
    }
}

/// A note that at least one known key signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note<'a> {
    text: &'a str,
    signers: Vec<usize>,
    unknown: usize,
}

impl<'a> Note<'a> {
    /// What was signed, with its last newline.
    #[must_use]
    pub const fn text(&self) -> &'a str {
        self.text
    }

    /// Which of the given keys signed, by position, each once.
    #[must_use]
    pub fn signers(&self) -> &[usize] {
        &self.signers
    }

    /// Whether the key at this position signed.
    #[must_use]
    pub fn is_signed_by(&self, position: usize) -> bool {
        self.signers.contains(&position)
    }

    /// How many lines were ignored because their key is unknown.
    #[must_use]
    pub const fn unknown_signatures(&self) -> usize {
        self.unknown
    }
}

/// Signs `text` with every key, in order.
///
/// - `text`: ends with a newline, holds no control character but newlines.
/// - returns: the note's bytes as text.
///
/// # Errors
/// [`NoteError::Form`] for a text that cannot stand in a note, [`NoteError::TooLarge`].
///
/// # Examples
/// ```
/// # use placet::crypto::{KeyName, NamedSigningKey, SigningKey, note};
/// let key = NamedSigningKey::new(KeyName::parse("example.com/log")?, SigningKey::from_seed(&[7; 32]));
/// let signed = note::sign("example.com/log\n0\n", &[&key])?;
/// let opened = note::open(signed.as_bytes(), &[key.verifying_key()])?;
/// assert_eq!(opened.text(), "example.com/log\n0\n");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn sign(text: &str, keys: &[&NamedSigningKey]) -> Result<String, NoteError> {
    if !is_note_text(text) {
        return Err(NoteError::Form);
    }
    let mut out = String::with_capacity(text.len() + keys.len() * 160);
    out.push_str(text);
    out.push('\n');
    for key in keys {
        let mut signature = key.verifying_key().hash().to_vec();
        signature.extend(key.key().sign(text.as_bytes()));
        out.push_str("\u{2014} ");
        out.push_str(key.name().as_str());
        out.push(' ');
        STANDARD.encode_string(signature, &mut out);
        out.push('\n');
    }
    if out.len() > MAX_NOTE_BYTES || keys.len() > MAX_NOTE_SIGNATURES {
        return Err(NoteError::TooLarge);
    }
    Ok(out)
}

/// Opens a note against the keys that the caller knows.
///
/// A line is from a known key if name and key hash are that key's; lines of unknown keys are
/// ignored; a known key's second line is checked like the first and counts once.
///
/// # Errors
/// [`NoteError`]: fails closed. A known key with a signature that does not verify refuses the
/// whole note, whatever else stands in it; so does a note without any known key.
pub fn open<'a>(bytes: &'a [u8], keys: &[NamedVerifyingKey]) -> Result<Note<'a>, NoteError> {
    if bytes.len() > MAX_NOTE_BYTES {
        return Err(NoteError::TooLarge);
    }
    let note = std::str::from_utf8(bytes).map_err(|_| NoteError::Form)?;
    // The last blank line: the text itself may hold others.
    let (before, lines) = note.rsplit_once("\n\n").ok_or(NoteError::Form)?;
    let text = note.get(..before.len() + 1).ok_or(NoteError::Form)?;
    if !is_note_text(text) {
        return Err(NoteError::Form);
    }
    let lines = lines.strip_suffix('\n').ok_or(NoteError::Form)?;
    let mut opened = Note { text, signers: Vec::new(), unknown: 0 };
    for (count, line) in lines.split('\n').enumerate() {
        if count >= MAX_NOTE_SIGNATURES {
            return Err(NoteError::TooLarge);
        }
        let line = line.strip_prefix("\u{2014} ").ok_or(NoteError::Form)?;
        let (name, encoded) = line.split_once(' ').ok_or(NoteError::Form)?;
        let named = !name.is_empty() && !name.chars().any(|c| c.is_whitespace() || c == '+');
        let signature = STANDARD.decode(encoded).map_err(|_| NoteError::Form)?;
        let Some((hash, signature)) = signature.split_first_chunk::<4>() else {
            return Err(NoteError::Form);
        };
        if !named || signature.is_empty() || name.chars().any(|c| c < ' ') {
            return Err(NoteError::Form);
        }
        let mut known = false;
        for (position, key) in keys.iter().enumerate() {
            if key.name().as_str() != name || key.hash() != *hash {
                continue;
            }
            known = true;
            if !key.key().verify(text.as_bytes(), signature) {
                return Err(NoteError::BadSignature);
            }
            if !opened.signers.contains(&position) {
                opened.signers.push(position);
            }
        }
        opened.unknown += usize::from(!known);
    }
    if opened.signers.is_empty() { Err(NoteError::Unsigned) } else { Ok(opened) }
}

fn is_note_text(text: &str) -> bool {
    text.ends_with('\n') && text.chars().all(|c| c >= ' ' || c == '\n')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::crypto::keys::{KeyName, SigningKey};

    /// The example of C2SP's signed-note specification and of Go's note package.
    const EXAMPLE: &str = "If you think cryptography is the answer to your problem,\n\
         then you don't know what your problem is.\n\n\
         \u{2014} PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";
    const VKEY: &str = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";

    fn key(n: u8) -> NamedSigningKey {
        let name = KeyName::parse(&format!("example.com/{n}")).unwrap();
        NamedSigningKey::new(name, SigningKey::from_seed(&[n; 32]))
    }

    #[test]
    fn the_published_example_opens() {
        let known = [NamedVerifyingKey::parse(VKEY).unwrap()];
        let note = open(EXAMPLE.as_bytes(), &known).unwrap();
        assert!(note.text().ends_with("problem is.\n"));
        assert_eq!(note.signers(), [0]);
    }

    #[test]
    fn sixteen_signatures_and_unknown_keys() {
        let keys: Vec<_> = (0..16).map(key).collect();
        let signed = sign("a\n\nb\n", &keys.iter().collect::<Vec<_>>()).unwrap();
        let known: Vec<_> = [3, 40, 15].map(|n| key(n).verifying_key()).to_vec();
        let note = open(signed.as_bytes(), &known).unwrap();
        assert_eq!((note.text(), note.signers()), ("a\n\nb\n", &[0, 2][..]));
        assert_eq!(note.unknown_signatures(), 14);
    }

    #[test]
    fn refusals() {
        let one = key(1);
        let known = [one.verifying_key()];
        let good = sign("text\n", &[&one]).unwrap();
        let (_, line) = good.split_once("\n\n").unwrap();
        let check = |note: &str| open(note.as_bytes(), &known).unwrap_err();
        assert_eq!(check(&good.replace("text", "Text")), NoteError::BadSignature);
        // A good line does not outweigh a bad one of the same key, in either order.
        let forged = sign("other\n", &[&one]).unwrap();
        let (_, bad) = forged.split_once("\n\n").unwrap();
        assert_eq!(check(&format!("{good}{bad}")), NoteError::BadSignature);
        assert_eq!(check(&format!("text\n\n{bad}{line}")), NoteError::BadSignature);
        assert_eq!(check(&sign("text\n", &[&key(2)]).unwrap()), NoteError::Unsigned);
        for broken in [
            "",
            "text\n",
            "text\n\n",
            "\n\n",
            &good.replace("text\n\n", "text\n"),
            &good.replace("text", "te\rxt"),
            &good.replace('\u{2014}', "-"),
            &good.replace("example.com/1 ", "example.com/1  "),
            &format!("{good}\n"),
            good.trim_end(),
            &format!("{good}\u{2014} x AAAA\n"),
            &format!("{good}\u{2014} x+y AAAAAAAA\n"),
        ] {
            let error = check(broken);
            assert!(matches!(error, NoteError::Form), "{broken:?}: {error:?}");
        }
        assert_eq!(check(&format!("{good}{}", line.repeat(64))), NoteError::TooLarge);
        assert_eq!(check(&"x".repeat(MAX_NOTE_BYTES + 1)), NoteError::TooLarge);
        assert_eq!(open(b"te\xffxt\n\n", &known).unwrap_err(), NoteError::Form);
        assert_eq!(sign("no newline", &[&one]), Err(NoteError::Form));
        assert_eq!(sign("tab\t\n", &[&one]), Err(NoteError::Form));
    }

    proptest! {
        #[test]
        fn any_changed_byte_is_refused(at in 0usize..200, to: u8) {
            let one = key(1);
            let signed = sign("example.com/log\n12\nroot\n", &[&one]).unwrap().into_bytes();
            let mut changed = signed.clone();
            let at = at % changed.len();
            prop_assume!(changed[at] != to);
            changed[at] = to;
            prop_assert!(open(&changed, &[one.verifying_key()]).is_err());
        }

        #[test]
        fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = open(&bytes, &[key(1).verifying_key()]);
        }
    }
}
