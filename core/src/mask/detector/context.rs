//! Words near a value that speak for it.

use super::{CONTEXT_BYTES, View};

/// What is known around a value: the key of its JSON member, the name of its column.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Context<'a> {
    /// A name that speaks of the whole input; `None` where there is none.
    pub key: Option<&'a str>,
}

impl Context<'_> {
    /// Whether one of `words` (lower case) stands in the key, or before `at` on the same line.
    ///
    /// Names are split at everything but letters and digits, and where a small letter meets a
    /// capital. A label in brackets (`[US_SSN]`) is no word: masking twice changes nothing.
    pub(crate) fn speaks(&self, view: View<'_>, at: usize, words: &[&str]) -> bool {
        if self.key.is_some_and(|key| any_word(key.as_bytes(), words)) {
            return true;
        }
        let start = at.saturating_sub(CONTEXT_BYTES);
        let before = view.slice(start, at);
        let line = before.rsplit(|byte| *byte == b'\n' || *byte == b'\r').next();
        any_word(line.unwrap_or_default(), words)
    }
}

fn any_word(text: &[u8], words: &[&str]) -> bool {
    let mut rest = text;
    while let Some(start) = rest.iter().position(u8::is_ascii_alphanumeric) {
        let in_label = start.checked_sub(1).and_then(|i| rest.get(i)) == Some(&b'[');
        let tail = rest.get(start..).unwrap_or_default();
        if in_label {
            let label =
                |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b':' | b'.');
            let end = tail.iter().position(|byte| !label(byte)).unwrap_or(tail.len());
            if tail.get(end) == Some(&b']') {
                rest = tail.get(end..).unwrap_or_default();
                continue;
            }
        }
        let end = word_end(tail);
        let word = tail.get(..end).unwrap_or_default();
        if words.iter().any(|wanted| word.eq_ignore_ascii_case(wanted.as_bytes())) {
            return true;
        }
        rest = tail.get(end..).unwrap_or_default();
    }
    false
}

/// The end of the word at the start of `text`, which starts with a letter or digit.
fn word_end(text: &[u8]) -> usize {
    let mut previous = 0u8;
    for (index, byte) in text.iter().enumerate() {
        let hump = previous.is_ascii_lowercase() && byte.is_ascii_uppercase();
        if !byte.is_ascii_alphanumeric() || hump {
            return index;
        }
        previous = *byte;
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::any_word;

    #[test]
    fn words_are_whole_words() {
        assert!(any_word(b"customerSsn: ", &["ssn"]));
        assert!(any_word(b"customer_ssn=", &["ssn"]));
        assert!(any_word(b"SSN ", &["ssn"]));
        assert!(!any_word(b"lessness ", &["ssn"]));
        assert!(!any_word(b"[US_SSN] ", &["ssn"]));
        assert!(!any_word(b"[US_SSN:hmac:00ff] ", &["ssn"]));
        assert!(any_word(b"[ssn of ", &["ssn"]));
    }
}
