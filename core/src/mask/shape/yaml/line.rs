//! One line of YAML, as far as a scanner of lines can read it.

/// The parts of a line that is not blank, no comment and no document marker.
pub(super) struct Line<'a> {
    /// Everything before the value: blanks, dashes, the key, its colon.
    pub(super) head: &'a [u8],
    /// Column of the first dash, where there is one.
    pub(super) dash: Option<usize>,
    /// Column of what follows the dashes.
    pub(super) column: usize,
    pub(super) key: Option<&'a [u8]>,
    pub(super) value: &'a [u8],
}

/// The line without its end, and the end.
pub(super) fn split_end(line: &[u8]) -> (&[u8], &[u8]) {
    let body = line.strip_suffix(b"\n").unwrap_or(line);
    let body = body.strip_suffix(b"\r").unwrap_or(body);
    line.split_at_checked(body.len()).unwrap_or((line, &[]))
}

pub(super) fn indent(line: &[u8]) -> usize {
    line.iter().take_while(|byte| **byte == b' ').count()
}

impl<'a> Line<'a> {
    /// Reads a line without its end; `None` where it needs more than a scanner of lines.
    pub(super) fn parse(line: &'a [u8]) -> Option<Self> {
        let mut column = indent(line);
        let mut dash = None;
        let mut rest = line.get(column..)?;
        while let Some(after) = rest.strip_prefix(b"-") {
            if !after.is_empty() && !after.starts_with(b" ") {
                break;
            }
            dash = dash.or(Some(column));
            let blanks = indent(after);
            column += 1 + blanks;
            rest = after.get(blanks..)?;
        }
        // Tags, anchors, aliases, complex keys, tabs: the value may be elsewhere, or be a key.
        if matches!(rest.first(), Some(b'&' | b'*' | b'!' | b'\t' | b'%' | b'@' | b'`'))
            || rest == b"?"
            || rest.starts_with(b"? ")
        {
            return None;
        }
        let Some((key, taken)) = key(rest)? else {
            let head = line.get(..column)?;
            return Some(Self { head, dash, column, key: None, value: rest });
        };
        let after = rest.get(taken..)?;
        let blanks = indent(after);
        let value = after.get(blanks..)?;
        if matches!(value.first(), Some(b'&' | b'*' | b'!' | b'\t')) {
            return None;
        }
        let head = line.get(..column + taken + blanks)?;
        Some(Self { head, dash, column, key: Some(key), value })
    }
}

/// The key at the start of `text` and the bytes up to behind its colon; the outer `None` where a
/// key is written with escapes.
fn key(text: &[u8]) -> Option<Option<(&[u8], usize)>> {
    let colon_at = |at: usize| {
        text.get(at) == Some(&b':') && matches!(text.get(at + 1), None | Some(b' ' | b'\t'))
    };
    if let Some(quote @ (b'"' | b'\'')) = text.first().copied() {
        let inside = text.get(1..)?;
        let Some(len) = inside.iter().position(|byte| *byte == quote || *byte == b'\\') else {
            return Some(None);
        };
        let blanks = indent(text.get(len + 2..).unwrap_or_default());
        let escaped = inside.get(len) == Some(&b'\\') || inside.get(len + 1) == Some(&quote);
        if escaped {
            // A value may be written with escapes; a key with them could be any key.
            let may_be_key = memchr::memmem::find(inside, b":").is_some();
            return if may_be_key { None } else { Some(None) };
        }
        let colon = len + 2 + blanks;
        // JSON needs no blank behind the colon of a quoted key.
        return Some((text.get(colon) == Some(&b':')).then_some((inside.get(..len)?, colon + 1)));
    }
    if matches!(text.first(), Some(b'{' | b'[' | b'|' | b'>' | b'}' | b']' | b',')) {
        return Some(None);
    }
    let comment = memchr::memmem::find(text, b" #").unwrap_or(text.len());
    Some(
        (0..comment)
            .find(|at| colon_at(*at))
            .map(|colon| (text.get(..colon).unwrap_or_default().trim_ascii_end(), colon + 1)),
    )
}

/// A scalar on one line.
pub(super) enum Scalar<'a> {
    Double {
        inside: &'a [u8],
        rest: &'a [u8],
    },
    Single {
        inside: &'a [u8],
        rest: &'a [u8],
    },
    Plain {
        text: &'a [u8],
        rest: &'a [u8],
    },
    /// It goes on below, or is a collection.
    Open,
}

impl<'a> Scalar<'a> {
    pub(super) fn parse(value: &'a [u8]) -> Self {
        match value.first() {
            Some(b'"') => {
                let mut escaped = false;
                let end = value.iter().skip(1).position(|byte| {
                    let ends = *byte == b'"' && !escaped;
                    escaped = *byte == b'\\' && !escaped;
                    ends
                });
                Self::closed(value, end, |inside, rest| Self::Double { inside, rest })
            }
            Some(b'\'') => {
                let mut at = 1;
                let end = loop {
                    match (value.get(at), value.get(at + 1)) {
                        (None, _) => break None,
                        (Some(b'\''), Some(b'\'')) => at += 2,
                        (Some(b'\''), _) => break Some(at - 1),
                        _ => at += 1,
                    }
                };
                Self::closed(value, end, |inside, rest| Self::Single { inside, rest })
            }
            Some(b'|' | b'>' | b'{' | b'[') => Self::Open,
            _ => {
                let end = memchr::memmem::find(value, b" #").unwrap_or(value.len());
                let (text, rest) = value.split_at_checked(end).unwrap_or((value, &[]));
                let trimmed = text.trim_ascii_end().len();
                let (text, _) = value.split_at_checked(trimmed).unwrap_or((text, rest));
                Self::Plain { text, rest: value.get(trimmed..).unwrap_or_default() }
            }
        }
    }

    fn closed(
        value: &'a [u8],
        end: Option<usize>,
        make: impl Fn(&'a [u8], &'a [u8]) -> Self,
    ) -> Self {
        let inside = end.and_then(|end| value.get(1..=end));
        let rest = end.and_then(|end| value.get(end + 2..));
        match (inside, rest) {
            (Some(inside), Some(rest)) => make(inside, rest),
            _ => Self::Open,
        }
    }
}

/// Whether a text means itself as a plain scalar behind a key.
pub(super) fn is_plain(text: &[u8]) -> bool {
    let first = text.first().is_some_and(|byte| {
        byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'/' | b'.' | b'+' | b'(')
    });
    first
        && memchr::memmem::find(text, b": ").is_none()
        && memchr::memmem::find(text, b" #").is_none()
        && !text.ends_with(b":")
        && !text.iter().any(|byte| *byte < 0x20)
}
