//! A strict JSON reader for signed documents: what two readers could read differently is refused.

use std::fmt;

use serde::de::{DeserializeSeed, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

use crate::primitives::Span;

/// Bytes of a document that [`parse_strict`] reads: a packed bundle grown by base64.
pub const MAX_JSON_BYTES: usize = 16 * 1024 * 1024;

/// Levels of arrays and objects that [`parse_strict`] reads; a statement needs fewer than ten.
pub const MAX_JSON_DEPTH: usize = 64;

/// The largest integer that every JSON reader keeps exactly (RFC 7493 2.2).
pub const MAX_SAFE_INTEGER: u64 = (1 << 53) - 1;

/// Why a JSON document was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum JsonError {
    /// More bytes than the caller allows.
    #[error("the JSON document has {bytes} bytes, more than {limit}")]
    TooLarge {
        /// Bytes that came.
        bytes: usize,
        /// Bytes allowed.
        limit: usize,
    },
    /// Arrays and objects nested deeper than the caller allows.
    #[error("the JSON document nests deeper than {limit} levels")]
    TooDeep {
        /// Levels allowed.
        limit: usize,
    },
    /// An object that holds one key twice: readers differ in which one they take.
    #[error("a JSON object holds one key twice")]
    DuplicateKey {
        /// Where the reader stood.
        at: Span,
    },
    /// A number that readers round differently (past 2^53 with a fraction or an exponent).
    #[error("a JSON number cannot be kept exactly")]
    InexactNumber {
        /// Where the reader stood.
        at: Span,
    },
    /// Not JSON, not UTF-8, or more after the document.
    #[error("not a JSON document")]
    Syntax {
        /// Where the reader stood.
        at: Span,
    },
}

impl JsonError {
    /// Every code of this family with its meaning.
    pub const CODES: &'static [(&'static str, &'static str)] = &[
        ("API111", "a JSON document is larger than its bound"),
        ("API112", "a JSON document nests too deeply"),
        ("API113", "a JSON object holds one key twice"),
        ("API114", "a JSON number cannot be kept exactly"),
        ("API115", "not a JSON document"),
    ];

    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::TooLarge { .. } => "API111",
            Self::TooDeep { .. } => "API112",
            Self::DuplicateKey { .. } => "API113",
            Self::InexactNumber { .. } => "API114",
            Self::Syntax { .. } => "API115",
        }
    }

    /// Where the reader stood, where that is one place.
    #[must_use]
    pub const fn span(&self) -> Option<Span> {
        match self {
            Self::TooLarge { .. } | Self::TooDeep { .. } => None,
            Self::DuplicateKey { at } | Self::InexactNumber { at } | Self::Syntax { at } => {
                Some(*at)
            }
        }
    }

    /// What to do about it.
    #[must_use]
    pub const fn help(&self) -> &'static str {
        match self {
            Self::TooLarge { .. } | Self::TooDeep { .. } => "split the document, or send less",
            Self::DuplicateKey { .. } => "keep one of the two keys",
            Self::InexactNumber { .. } => "write large or fractional numbers as strings",
            Self::Syntax { .. } => "check the document with a JSON parser",
        }
    }
}

/// Reads one JSON document, refusing what readers could disagree about.
///
/// - `bytes`: at most [`MAX_JSON_BYTES`], UTF-8, nested at most [`MAX_JSON_DEPTH`] levels.
/// - returns: the value. Integers within `i64` and `u64` are exact; other numbers are `f64` and at
///   most 2^53 in size.
///
/// Fails closed: a repeated key (also one that is spelled with escapes), a lone surrogate, text
/// after the document, a number past the exact range are errors. Never panics; cost is linear.
///
/// # Errors
/// [`JsonError`], one variant a reason.
///
/// # Examples
/// ```
/// # use placet::crypto::json::parse_strict;
/// assert_eq!(parse_strict(br#"{"n":7}"#).unwrap()["n"], 7);
/// assert_eq!(parse_strict(br#"{"n":7,"\u006e":8}"#).unwrap_err().code(), "API113");
/// ```
pub fn parse_strict(bytes: &[u8]) -> Result<Value, JsonError> {
    parse_strict_within(bytes, MAX_JSON_BYTES, MAX_JSON_DEPTH)
}

/// [`parse_strict`] with the caller's own bounds; `max_depth` past 120 counts as 120.
///
/// # Errors
/// As [`parse_strict`].
pub fn parse_strict_within(
    bytes: &[u8],
    max_bytes: usize,
    max_depth: usize,
) -> Result<Value, JsonError> {
    if bytes.len() > max_bytes {
        return Err(JsonError::TooLarge { bytes: bytes.len(), limit: max_bytes });
    }
    // serde_json itself stops at 128 levels with an error that is not told apart from bad syntax.
    let limit = max_depth.min(120);
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let result =
        Strict { left: limit }.deserialize(&mut reader).and_then(|v| reader.end().map(|()| v));
    result.map_err(|error| {
        let at = position(bytes, error.line(), error.column());
        let text = error.to_string();
        if text.starts_with(DUPLICATE) {
            JsonError::DuplicateKey { at }
        } else if text.starts_with(INEXACT) {
            JsonError::InexactNumber { at }
        } else if text.starts_with(DEEP) {
            JsonError::TooDeep { limit }
        } else {
            JsonError::Syntax { at }
        }
    })
}

// INVARIANT: serde_json's own messages never start with these words, and none of them quotes input.
const DUPLICATE: &str = "placet: duplicate key";
const INEXACT: &str = "placet: inexact number";
const DEEP: &str = "placet: too deep";

/// The byte offset of serde_json's line and column (both from 1; column 0 is the line's start).
fn position(bytes: &[u8], line: usize, column: usize) -> Span {
    let start = match line.checked_sub(2) {
        None => 0,
        Some(nth) => memchr::memchr_iter(b'\n', bytes).nth(nth).map_or(0, |at| at + 1),
    };
    let at = start.saturating_add(column.saturating_sub(1)).min(bytes.len());
    Span::from_offsets(at, at.saturating_add(1).min(bytes.len()))
}

/// Reads a value and counts the levels that are left.
#[derive(Clone, Copy)]
struct Strict {
    left: usize,
}

impl Strict {
    fn deeper<E: serde::de::Error>(self) -> Result<Self, E> {
        self.left.checked_sub(1).map(|left| Self { left }).ok_or_else(|| E::custom(DEEP))
    }
}

impl<'de> DeserializeSeed<'de> for Strict {
    type Value = Value;

    fn deserialize<D: serde::Deserializer<'de>>(self, from: D) -> Result<Value, D::Error> {
        from.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Value, E> {
        // 2^53: an integer past u64 arrives here already rounded, so size is all that is left to
        // tell; and readers differ in what they make of it.
        if value.abs() > 9_007_199_254_740_992.0 {
            return Err(E::custom(INEXACT));
        }
        Number::from_f64(value).map(Value::Number).ok_or_else(|| E::custom(INEXACT))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut from: A) -> Result<Value, A::Error> {
        let inner = self.deeper()?;
        let mut items = Vec::new();
        while let Some(item) = from.next_element_seed(inner)? {
            items.push(item);
        }
        Ok(Value::Array(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut from: A) -> Result<Value, A::Error> {
        let inner = self.deeper()?;
        let mut object = Map::new();
        while let Some(key) = from.next_key::<String>()? {
            if object.contains_key(&key) {
                return Err(A::Error::custom(DUPLICATE));
            }
            let value = from.next_value_seed(inner)?;
            object.insert(key, value);
        }
        Ok(Value::Object(object))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn refusals() {
        for (text, code) in [
            (r#"{"a":1,"a":1}"#, "API113"),
            (r#"{"a":[{"b":1,"\u0062":2}]}"#, "API113"),
            ("18446744073709551616", "API114"),
            ("-9223372036854775809", "API114"),
            ("1e300", "API114"),
            ("1e999", "API115"),
            ("", "API115"),
            ("{} {}", "API115"),
            ("\u{feff}{}", "API115"),
            (r#""\ud800""#, "API115"),
            ("01", "API115"),
            ("NaN", "API115"),
            ("[1,]", "API115"),
            ("\"a\nb\"", "API115"),
        ] {
            assert_eq!(parse_strict(text.as_bytes()).unwrap_err().code(), code, "{text}");
        }
        assert_eq!(parse_strict(b"\"\xff\"").unwrap_err().code(), "API115");
        let deep = |n: usize| [vec![b'['; n], vec![b']'; n]].concat();
        assert!(parse_strict(&deep(MAX_JSON_DEPTH)).is_ok());
        assert_eq!(parse_strict(&deep(MAX_JSON_DEPTH + 1)).unwrap_err().code(), "API112");
        assert_eq!(parse_strict(&deep(100_000)).unwrap_err().code(), "API112");
        assert_eq!(parse_strict_within(b"[[1]]", 4, 9).unwrap_err().code(), "API111");
    }

    #[test]
    fn numbers_stay_numbers() {
        // Fails when someone switches on serde_json's `arbitrary_precision` for the whole build.
        assert_eq!(parse_strict(b"18446744073709551615").unwrap().as_u64(), Some(u64::MAX));
        assert_eq!(parse_strict(b"1.5").unwrap().as_f64(), Some(1.5));
    }

    #[test]
    fn the_place_is_in_the_document() {
        let error = parse_strict(b"{\n \"a\": 1,\n \"a\": 2}").unwrap_err();
        assert_eq!(error.span().unwrap().start(), 14);
    }

    proptest! {
        #[test]
        fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = parse_strict(&bytes);
        }

        #[test]
        fn agrees_with_serde_json_on_what_both_read(text in "[\\[\\]{},:\"a0-9. etrufalsn]{0,40}") {
            if let Ok(value) = parse_strict(text.as_bytes()) {
                prop_assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), value);
            }
        }
    }
}
