//! Bodies of the events that a busy gateway writes thousands of times a second, by hand.

use crate::primitives::{Digest, Timestamp};

/// A JSON object on one line that grows key by key.
pub(crate) struct Line(Vec<u8>);

impl Line {
    /// An object without keys.
    pub(crate) fn new() -> Self {
        Self::with_capacity(320)
    }

    /// The same, for so many bytes.
    pub(crate) fn with_capacity(bytes: usize) -> Self {
        let mut bytes = Vec::with_capacity(bytes);
        bytes.push(b'{');
        Self(bytes)
    }

    fn key(&mut self, key: &'static str) {
        if self.0.last() != Some(&b'{') {
            self.0.push(b',');
        }
        self.0.push(b'"');
        self.0.extend_from_slice(key.as_bytes());
        self.0.extend_from_slice(b"\":");
    }

    /// The next key, with a text.
    pub(crate) fn text(&mut self, key: &'static str, text: &str) -> &mut Self {
        self.key(key);
        push_text(&mut self.0, text);
        self
    }

    /// The next key, with a number.
    pub(crate) fn number(&mut self, key: &'static str, number: u64) -> &mut Self {
        self.key(key);
        push_number(&mut self.0, number);
        self
    }

    /// The next key, with a number or null.
    pub(crate) fn optional(&mut self, key: &'static str, number: Option<u64>) -> &mut Self {
        self.key(key);
        match number {
            Some(number) => push_number(&mut self.0, number),
            None => self.0.extend_from_slice(b"null"),
        }
        self
    }

    /// The next key, with a digest.
    pub(crate) fn digest(&mut self, key: &'static str, digest: &Digest) -> &mut Self {
        self.key(key);
        self.0.push(b'"');
        self.0.extend_from_slice(&digest.text());
        self.0.push(b'"');
        self
    }

    /// The next key, with a time.
    pub(crate) fn time(&mut self, key: &'static str, time: Timestamp) -> &mut Self {
        self.key(key);
        self.0.push(b'"');
        self.0.extend_from_slice(&time.text());
        self.0.push(b'"');
        self
    }

    /// The next key, with what serde makes of it.
    pub(crate) fn value(&mut self, key: &'static str, value: &impl serde::Serialize) -> &mut Self {
        self.key(key);
        let start = self.0.len();
        if serde_json::to_writer(&mut self.0, value).is_err() {
            // Only a map with keys that are no texts could fail; half of it is not left there.
            self.0.truncate(start);
            self.0.extend_from_slice(b"null");
        }
        self
    }

    /// The next key, with objects: `fill` writes the keys of each.
    pub(crate) fn objects<T>(
        &mut self,
        key: &'static str,
        items: &[T],
        fill: impl Fn(&T, &mut Self),
    ) -> &mut Self {
        self.key(key);
        for (index, item) in items.iter().enumerate() {
            self.0.extend_from_slice(if index == 0 { b"[{" } else { b",{" });
            fill(item, self);
            self.0.push(b'}');
        }
        if items.is_empty() {
            self.0.push(b'[');
        }
        self.0.push(b']');
        self
    }

    /// The object.
    pub(crate) fn finish(mut self) -> Vec<u8> {
        self.0.push(b'}');
        self.0
    }
}

/// Writes a text with its quotes.
fn push_text(out: &mut Vec<u8>, text: &str) {
    let special = |byte: u8| byte < b' ' || byte == b'"' || byte == b'\\';
    // Without an early end: the compiler looks at many bytes at once.
    if !text.bytes().fold(false, |any, byte| any | special(byte)) {
        out.push(b'"');
        out.extend_from_slice(text.as_bytes());
        out.push(b'"');
    } else {
        // Writing a text to a vector cannot fail.
        let _ = serde_json::to_writer(out, text);
    }
}

/// Writes a number in decimal digits.
pub(crate) fn push_number(out: &mut Vec<u8>, mut number: u64) {
    let mut digits = [0; 20];
    let mut count = 0;
    for place in digits.iter_mut().rev() {
        // INVARIANT: a remainder of ten is one digit.
        *place = b'0' + u8::try_from(number % 10).unwrap_or(0);
        count += 1;
        number /= 10;
        if number == 0 {
            break;
        }
    }
    let (_, used) = digits.split_at(digits.len() - count);
    out.extend_from_slice(used);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn writes_what_serde_writes(text in "\\PC{0,8}[\\x00-\\x7f]{0,8}", number: u64, bytes: [u8; 32], rows: Option<u64>, millis in 0i64..4_000_000_000_000) {
            let (digest, time) = (Digest::from_bytes(bytes), Timestamp::from_unix_millis(millis));
            let mut line = Line::new();
            line.text("a", &text).number("b", number).digest("c", &digest).optional("d", rows);
            line.time("e", time).value("f", &[&text]);
            line.objects("g", &[true, false], |full, line| {
                if *full {
                    line.text("b", &text);
                }
            });
            line.objects("h", &[] as &[u8], |_, _| ());
            let written: serde_json::Value = serde_json::from_slice(&line.finish()).unwrap();
            let wanted = serde_json::json!({
                "a": text, "b": number, "c": digest, "d": rows, "e": time, "f": [text],
                "g": [{ "b": text }, {}], "h": [],
            });
            prop_assert_eq!(written, wanted);
        }
    }
}
