//! RFC 8785 canonical JSON, for small signed statements only (never on a hot path).

use serde::Serialize;
use serde_json::Value;

use crate::crypto::json::MAX_SAFE_INTEGER;

/// Why a value has no canonical form here.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CanonicalError {
    /// An integer past 2^53: RFC 8785 would round it.
    #[error("an integer past 2^53 has no exact canonical form")]
    LargeInteger,
    /// A number with a fraction or an exponent: statements need none, and readers print them apart.
    #[error("a fractional number has no canonical form here")]
    Fraction,
    /// The value could not be turned into JSON at all.
    #[error("the value cannot be written as JSON")]
    NotJson,
}

impl CanonicalError {
    /// Every code of this family with its meaning.
    pub const CODES: &'static [(&'static str, &'static str)] = &[
        ("API121", "an integer past 2^53 cannot be signed"),
        ("API122", "a fractional number cannot be signed"),
        ("API123", "the value cannot be written as JSON"),
    ];

    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::LargeInteger => "API121",
            Self::Fraction => "API122",
            Self::NotJson => "API123",
        }
    }

    /// What to do about it.
    #[must_use]
    pub const fn help(&self) -> &'static str {
        match self {
            Self::LargeInteger | Self::Fraction => "write the number as a string",
            Self::NotJson => "use maps with text keys and plain values",
        }
    }
}

/// The canonical bytes of a value: keys sorted by UTF-16 units, no spaces, minimal escapes.
///
/// Two values that are equal as JSON give equal bytes. Independent of how the map keeps its keys.
///
/// # Errors
/// [`CanonicalError`] where RFC 8785 would lose or reformat a number.
///
/// # Examples
/// ```
/// # use placet::crypto::jcs::to_canonical;
/// let value = serde_json::json!({"b": [true, null], "a": "é\n"});
/// assert_eq!(to_canonical(&value).unwrap(), r#"{"a":"é\n","b":[true,null]}"#.as_bytes());
/// assert!(to_canonical(&9_007_199_254_740_993u64).is_err());
/// ```
pub fn to_canonical(value: &impl Serialize) -> Result<Vec<u8>, CanonicalError> {
    let value = serde_json::to_value(value).map_err(|_| CanonicalError::NotJson)?;
    let mut out = String::new();
    write(&value, &mut out)?;
    Ok(out.into_bytes())
}

fn write(value: &Value, out: &mut String) -> Result<(), CanonicalError> {
    match value {
        Value::Null => out.push_str("null"),
        Value::Bool(true) => out.push_str("true"),
        Value::Bool(false) => out.push_str("false"),
        Value::Number(number) => {
            let size = match (number.as_u64(), number.as_i64()) {
                (Some(n), _) => n,
                (None, Some(n)) => n.unsigned_abs(),
                (None, None) => return Err(CanonicalError::Fraction),
            };
            if size > MAX_SAFE_INTEGER {
                return Err(CanonicalError::LargeInteger);
            }
            out.push_str(&number.to_string());
        }
        Value::String(text) => quote(text, out),
        Value::Array(items) => {
            out.push('[');
            for (n, item) in items.iter().enumerate() {
                if n > 0 {
                    out.push(',');
                }
                write(item, out)?;
            }
            out.push(']');
        }
        Value::Object(object) => {
            // RFC 8785 3.2.3: by UTF-16 units, which differs from code point order past U+FFFF.
            let mut entries: Vec<_> = object.iter().collect();
            entries.sort_by(|(a, _), (b, _)| a.encode_utf16().cmp(b.encode_utf16()));
            out.push('{');
            for (n, (key, item)) in entries.into_iter().enumerate() {
                if n > 0 {
                    out.push(',');
                }
                quote(key, out);
                out.push(':');
                write(item, out)?;
            }
            out.push('}');
        }
    }
    Ok(())
}

/// RFC 8785 3.2.2.2: the short escapes, lower-case `\u00xx` for other controls, nothing else.
fn quote(text: &str, out: &mut String) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\u{8}' => out.push_str("\\b"),
            '\t' => out.push_str("\\t"),
            '\n' => out.push_str("\\n"),
            '\u{c}' => out.push_str("\\f"),
            '\r' => out.push_str("\\r"),
            c if c < ' ' => out.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => out.push(c),
        }
    }
    out.push('"');
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::crypto::json::parse_strict;

    #[test]
    fn key_order_of_rfc_8785() {
        // RFC 8785 3.2.3: the emoji (surrogates) sorts before the hebrew presentation form.
        let value = json!({"\u{20ac}": 1, "\r": 2, "\u{fb33}": 3, "1": 4, "\u{1f600}": 5,
                           "\u{80}": 6, "\u{f6}": 7});
        let text = String::from_utf8(to_canonical(&value).unwrap()).unwrap();
        assert!(text.starts_with("{\"\\r\":2,\"1\":4,\"\u{80}\":6,\"\u{f6}\":7,\"\u{20ac}\":1"));
        assert!(text.ends_with("\"\u{1f600}\":5,\"\u{fb33}\":3}"), "{text}");
    }

    #[test]
    fn escapes_and_numbers() {
        let text = to_canonical(&"\u{0}\u{8}\t\n\u{c}\r\u{1f}\"\\/\u{7f}").unwrap();
        assert_eq!(text, "\"\\u0000\\b\\t\\n\\f\\r\\u001f\\\"\\\\/\u{7f}\"".as_bytes());
        assert_eq!(to_canonical(&json!(-9_007_199_254_740_991i64)).unwrap(), b"-9007199254740991");
        assert_eq!(to_canonical(&json!(1.5)), Err(CanonicalError::Fraction));
        assert_eq!(to_canonical(&json!(1.0)), Err(CanonicalError::Fraction));
        assert_eq!(to_canonical(&json!(1u64 << 53)), Err(CanonicalError::LargeInteger));
        assert_eq!(to_canonical(&json!(i64::MIN)), Err(CanonicalError::LargeInteger));
    }

    proptest! {
        #[test]
        fn canonical_is_stable_and_means_the_same(
            map in proptest::collection::btree_map("\\PC{0,6}", "\\PC{0,6}", 0..6),
        ) {
            let bytes = to_canonical(&map).unwrap();
            let again = parse_strict(&bytes).unwrap();
            prop_assert_eq!(&again, &serde_json::to_value(&map).unwrap());
            prop_assert_eq!(to_canonical(&again).unwrap(), bytes);
        }
    }
}
