//! What a literal or a quoted name stands for.

use crate::command::Dialect;
use crate::command::sql::{Token, TokenKind};

/// The text that a string literal stands for; `None` where the server would refuse it, where it
/// is a bit or hex string, or where its value cannot be known.
///
/// - `standard_strings`: the session's `standard_conforming_strings`; only PostgreSQL has it.
///
/// # Examples
/// ```
/// # use placet::command::{sql, Dialect};
/// # use placet::schema::SqlSession;
/// let text = r"DO E'it\'s \u0041' ";
/// let session = SqlSession::server_defaults();
/// sql::read(text.as_bytes(), Dialect::Postgres, &session, |reading| {
///     let statement = &reading.unwrap().statements[0];
///     let value = sql::text_value(&statement.tokens[1], text, Dialect::Postgres, Some(true));
///     assert_eq!(value.as_deref(), Some("it's A"));
/// });
/// ```
#[must_use]
pub fn text_value(
    token: &Token,
    text: &str,
    dialect: Dialect,
    standard_strings: Option<bool>,
) -> Option<String> {
    if token.kind != TokenKind::Text {
        return None;
    }
    let literal = token.text(text);
    if literal.starts_with('$') {
        let tag = literal.get(1..)?.find('$')? + 2;
        return Some(literal.get(tag..literal.len().checked_sub(tag)?)?.to_owned());
    }
    let quote = literal.find('\'')?;
    let prefix = literal.get(..quote)?.to_ascii_lowercase();
    let backslash = match (dialect, prefix.as_str()) {
        (Dialect::Sqlite, "") => false,
        (Dialect::Sqlite, _) => return None,
        (_, "" | "n") => match standard_strings {
            Some(standard) => !standard,
            None if literal.contains('\\') => return None,
            None => false,
        },
        (_, "e") => true,
        (_, "u&") => return unicode(&joined(literal, quote, false)?),
        (_, _) => return None,
    };
    let raw = joined(literal, quote, backslash)?;
    if backslash { unescape(&raw) } else { Some(raw) }
}

/// The name that a word or a quoted name stands for, its case as written.
///
/// `None` for other tokens, and for a `U&"…"` that the server would refuse.
#[must_use]
pub fn name_value(token: &Token, text: &str) -> Option<String> {
    let name = token.text(text);
    match token.kind {
        TokenKind::Word => Some(name.to_owned()),
        TokenKind::QuotedName => {
            let open = name.find(['"', '`', '['])?;
            let inside = name.get(open + 1..name.len().checked_sub(1)?)?;
            match name.get(open..=open)? {
                "[" => Some(inside.to_owned()),
                quote => {
                    let plain = inside.replace(&quote.repeat(2), quote);
                    if open > 0 { unicode(&plain) } else { Some(plain) }
                }
            }
        }
        TokenKind::Text
        | TokenKind::Number
        | TokenKind::Placeholder
        | TokenKind::Operator
        | TokenKind::Open
        | TokenKind::Close
        | TokenKind::Comma
        | TokenKind::Dot
        | TokenKind::Semicolon => None,
    }
}

/// The inside of a literal, its continued parts joined and doubled quotes made single;
/// backslashes stay.
fn joined(literal: &str, quote: usize, backslash: bool) -> Option<String> {
    let mut out = String::with_capacity(literal.len());
    let mut chars = literal.get(quote + 1..)?.chars().peekable();
    loop {
        match chars.next()? {
            '\\' if backslash => {
                out.push('\\');
                out.push(chars.next()?);
            }
            '\'' if chars.peek() == Some(&'\'') => {
                chars.next();
                out.push('\'');
            }
            '\'' => {
                // The end, or blanks and comments up to the next part. A comment may hold quotes.
                loop {
                    match chars.next() {
                        None => return Some(out),
                        Some('\'') => break,
                        Some('-') => {
                            while chars.next_if(|c| !matches!(c, '\n' | '\r')).is_some() {}
                        }
                        Some(_) => {}
                    }
                }
            }
            char => out.push(char),
        }
    }
}

/// The escapes of `E'…'` (scan.l, `unescape_single_char`).
fn unescape(raw: &str) -> Option<String> {
    let mut out = String::with_capacity(raw.len());
    let mut chars = raw.chars().peekable();
    while let Some(char) = chars.next() {
        if char != '\\' {
            out.push(char);
            continue;
        }
        let escape = chars.next()?;
        let decoded = match escape {
            'b' => '\u{8}',
            'f' => '\u{c}',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            '0'..='7' => ascii(digits(&mut chars, 8, 2, escape.to_digit(8)?).0)?,
            'x' => match digits(&mut chars, 16, 2, 0) {
                (_, 0) => 'x',
                (value, _) => ascii(value)?,
            },
            'u' => scalar(exactly(&mut chars, 4)?)?,
            'U' => scalar(exactly(&mut chars, 8)?)?,
            other => other,
        };
        out.push(decoded);
    }
    Some(out)
}

/// The escapes of `U&'…'` with the backslash as escape character.
fn unicode(raw: &str) -> Option<String> {
    let mut out = String::with_capacity(raw.len());
    let mut chars = raw.chars().peekable();
    while let Some(char) = chars.next() {
        let decoded = match char {
            '\\' if chars.next_if_eq(&'\\').is_some() => '\\',
            '\\' if chars.next_if_eq(&'+').is_some() => scalar(exactly(&mut chars, 6)?)?,
            '\\' => scalar(exactly(&mut chars, 4)?)?,
            plain => plain,
        };
        out.push(decoded);
    }
    Some(out)
}

type Rest<'a> = std::iter::Peekable<std::str::Chars<'a>>;

/// Up to `most` digits behind those that make `value`; the new value and how many were taken.
fn digits(chars: &mut Rest<'_>, base: u32, most: usize, mut value: u32) -> (u32, usize) {
    let mut taken = 0;
    while taken < most {
        let Some(digit) = chars.peek().and_then(|char| char.to_digit(base)) else { break };
        chars.next();
        value = value.saturating_mul(base).saturating_add(digit);
        taken += 1;
    }
    (value, taken)
}

fn exactly(chars: &mut Rest<'_>, count: usize) -> Option<u32> {
    let (value, taken) = digits(chars, 16, count, 0);
    (taken == count).then_some(value)
}

fn scalar(value: u32) -> Option<char> {
    char::from_u32(value).filter(|char| *char != '\0')
}

/// A byte escape. Above ASCII it is one byte of a letter: not decoded, so the value is unknown.
fn ascii(value: u32) -> Option<char> {
    let byte = u8::try_from(value & 0xff).ok()?;
    (byte.is_ascii() && byte != 0).then_some(char::from(byte))
}
