//! Strings: from the bytes between the quotes to the text they mean, and the way back.

/// The text that a JSON string means, with the way back from its offsets to the written bytes.
pub(in crate::mask::shape) struct Decoded {
    pub(in crate::mask::shape) text: Vec<u8>,
    escapes: Vec<Place>,
}

/// Where one escape stands: in the decoded text and in the written bytes (both half-open).
struct Place {
    text: (usize, usize),
    raw: (usize, usize),
}

impl Decoded {
    /// Decodes the bytes between the quotes; `None` where an escape is not JSON's.
    ///
    /// A surrogate without its partner becomes U+FFFD: it names no character that a detector knows.
    pub(in crate::mask::shape) fn parse(raw: &[u8]) -> Option<Self> {
        let mut decoded = Self { text: Vec::with_capacity(raw.len()), escapes: Vec::new() };
        let mut at = 0;
        while let Some(rest) = raw.get(at..) {
            let plain = memchr::memchr(b'\\', rest).unwrap_or(rest.len());
            decoded.text.extend(rest.iter().take(plain));
            at += plain;
            let Some(escape) = raw.get(at..).filter(|rest| !rest.is_empty()) else { break };
            let Escape::Complete { meaning, len } = Escape::parse(escape, true) else {
                return None;
            };
            let start = decoded.text.len();
            push_char(&mut decoded.text, meaning);
            decoded.escapes.push(Place { text: (start, decoded.text.len()), raw: (at, at + len) });
            at += len;
        }
        Some(decoded)
    }

    /// Where the written form of the text's byte `at` starts.
    pub(in crate::mask::shape) fn raw_start(&self, at: usize) -> usize {
        let before = self.escapes.partition_point(|escape| escape.text.0 <= at);
        match before.checked_sub(1).and_then(|last| self.escapes.get(last)) {
            None => at,
            Some(escape) if at < escape.text.1 => escape.raw.0,
            Some(escape) => escape.raw.1 + (at - escape.text.1),
        }
    }

    /// Where the written form of the text before `end` ends; an escape is never cut.
    pub(in crate::mask::shape) fn raw_end(&self, end: usize) -> usize {
        let before = self.escapes.partition_point(|escape| escape.text.0 < end);
        match before.checked_sub(1).and_then(|last| self.escapes.get(last)) {
            None => end,
            Some(escape) if end <= escape.text.1 => escape.raw.1,
            Some(escape) => escape.raw.1 + (end - escape.text.1),
        }
    }
}

/// One escape at the start of some bytes.
enum Escape {
    Complete {
        meaning: char,
        len: usize,
    },
    /// More bytes decide.
    Open,
    /// Not an escape of RFC 8259, section 7.
    Foreign,
}

impl Escape {
    /// Reads the escape that `bytes` starts with; with `last`, no further bytes will come.
    fn parse(bytes: &[u8], last: bool) -> Self {
        let open = if last { Self::Foreign } else { Self::Open };
        let simple = |meaning| Self::Complete { meaning, len: 2 };
        match bytes.get(1) {
            None => open,
            Some(b'"') => simple('"'),
            Some(b'\\') => simple('\\'),
            Some(b'/') => simple('/'),
            Some(b'b') => simple('\u{8}'),
            Some(b'f') => simple('\u{c}'),
            Some(b'n') => simple('\n'),
            Some(b'r') => simple('\r'),
            Some(b't') => simple('\t'),
            Some(b'u') => match unit(bytes) {
                Unit::Open => open,
                Unit::Foreign => Self::Foreign,
                Unit::Value(high @ 0xd800..=0xdbff) => {
                    let rest = bytes.get(6..).unwrap_or_default();
                    match unit(rest) {
                        Unit::Value(low @ 0xdc00..=0xdfff) => {
                            let code = 0x1_0000 + ((high - 0xd800) << 10) + (low - 0xdc00);
                            let meaning =
                                char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER);
                            Self::Complete { meaning, len: 12 }
                        }
                        Unit::Open if !last => Self::Open,
                        Unit::Open | Unit::Foreign | Unit::Value(_) => {
                            Self::Complete { meaning: char::REPLACEMENT_CHARACTER, len: 6 }
                        }
                    }
                }
                Unit::Value(code) => Self::Complete {
                    meaning: char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER),
                    len: 6,
                },
            },
            Some(_) => Self::Foreign,
        }
    }
}

enum Unit {
    Value(u32),
    Open,
    Foreign,
}

/// The UTF-16 unit of a `\uXXXX` at the start of `bytes`.
fn unit(bytes: &[u8]) -> Unit {
    let mut value = 0;
    for (at, byte) in bytes.iter().take(6).enumerate() {
        let digit = match at {
            0 if *byte == b'\\' => continue,
            1 if *byte == b'u' => continue,
            0 | 1 => None,
            _ => char::from(*byte).to_digit(16),
        };
        let Some(digit) = digit else { return Unit::Foreign };
        value = value << 4 | digit;
    }
    if bytes.len() < 6 { Unit::Open } else { Unit::Value(value) }
}

/// Decodes a string that is too long to be held, byte by byte.
///
/// What is no escape of JSON's is taken as it stands, backslash included: the string was refused
/// by no one before it grew long, so its rest is read as text.
#[derive(Default)]
pub(super) struct Unescaper {
    open: Vec<u8>,
}

impl Unescaper {
    pub(super) fn push(&mut self, byte: u8, out: &mut Vec<u8>) {
        if self.open.is_empty() && byte != b'\\' {
            out.push(byte);
            return;
        }
        self.open.push(byte);
        self.settle(false, out);
    }

    pub(super) fn finish(&mut self, out: &mut Vec<u8>) {
        self.settle(true, out);
    }

    fn settle(&mut self, last: bool, out: &mut Vec<u8>) {
        while let Some(first) = self.open.first().copied() {
            let taken = if first == b'\\' {
                match Escape::parse(&self.open, last) {
                    Escape::Open => return,
                    Escape::Foreign => {
                        out.push(first);
                        1
                    }
                    Escape::Complete { meaning, len } => {
                        push_char(out, meaning);
                        len
                    }
                }
            } else {
                out.push(first);
                1
            };
            self.open.drain(..taken.min(self.open.len()));
        }
    }
}

/// Appends `text` as the inside of a JSON string.
pub(in crate::mask::shape) fn escape_into(out: &mut Vec<u8>, text: &[u8]) {
    for byte in text.iter().copied() {
        match byte {
            b'"' | b'\\' => out.extend([b'\\', byte]),
            b'\n' => out.extend(b"\\n"),
            b'\r' => out.extend(b"\\r"),
            b'\t' => out.extend(b"\\t"),
            0..0x20 => {
                let digit = |nibble: u8| match nibble {
                    0..=9 => b'0' + nibble,
                    _ => b'a' + (nibble - 10),
                };
                out.extend(b"\\u00");
                out.extend([digit(byte >> 4), digit(byte & 15)]);
            }
            _ => out.push(byte),
        }
    }
}

fn push_char(out: &mut Vec<u8>, meaning: char) {
    out.extend_from_slice(meaning.encode_utf8(&mut [0; 4]).as_bytes());
}
