//! What a literal or a quoted name stands for.

use crate::command::Dialect;
use crate::command::sql::rules::{Escapes, Holds, Rules};
use crate::command::sql::{Modes, Token, TokenKind};

/// The text that a string literal stands for; `None` where the server would refuse it, where it
/// holds bytes or bits, or where its value cannot be known.
///
/// # Examples
/// ```
/// # use placet::command::{sql, Dialect};
/// # use placet::schema::SqlSession;
/// let text = r"DO E'it\'s \u0041' ";
/// let session = SqlSession::server_defaults();
/// sql::read(text.as_bytes(), Dialect::Postgres, &session, |reading| {
///     let statement = &reading.unwrap().statements[0];
///     let modes = sql::Modes::of(Dialect::Postgres, &session);
///     let value = sql::text_value(&statement.tokens[1], text, Dialect::Postgres, modes);
///     assert_eq!(value.as_deref(), Some("it's A"));
/// });
/// ```
#[must_use]
pub fn text_value(token: &Token, text: &str, dialect: Dialect, modes: Modes) -> Option<String> {
    if token.kind != TokenKind::Text {
        return None;
    }
    let literal = token.text(text);
    if literal.starts_with('$') {
        let tag = literal.get(1..)?.find('$')? + 2;
        return Some(literal.get(tag..literal.len().checked_sub(tag)?)?.to_owned());
    }
    let quote = Rules::of(dialect).quote(literal.as_bytes())?;
    if quote.holds == Holds::Bytes {
        return None;
    }
    let inside = literal.get(quote.prefix.len() + quote.open.len()..)?;
    let closing = inside.len().checked_sub(quote.close.len())?;
    let mark = quote.close.chars().next()?;
    let plain = |raw: &str| joined(raw, mark, false);
    let escaped = |doubled: bool| {
        let raw =
            if doubled { joined(inside, mark, true)? } else { inside.get(..closing)?.to_owned() };
        unescape(&raw, escapes_of(dialect))
    };
    match quote.escapes {
        Escapes::Never | Escapes::Raw => inside.get(..closing).map(str::to_owned),
        Escapes::Doubled => plain(inside),
        Escapes::Unicode => unicode(&plain(inside)?),
        Escapes::Delimited => inside.get(1..closing.checked_sub(1)?).map(str::to_owned),
        Escapes::Backslash => escaped(false),
        Escapes::DoubledAndBackslash | Escapes::DoubledAndBackslashAlone => escaped(true),
        Escapes::PlainInside => plain(inside),
        Escapes::BackslashVaries if inside.contains('\\') => None,
        Escapes::BackslashVaries => plain(inside),
        Escapes::Session => match modes.backslash {
            Some(true) => escaped(true),
            Some(false) => plain(inside),
            None if inside.contains('\\') => None,
            None => plain(inside),
        },
    }
}

/// The name that a word or a quoted name stands for, its case as written.
///
/// `None` for other tokens, for a `U&"…"` that the server would refuse, and for a name with
/// backslashes where they escape.
#[must_use]
pub fn name_value(token: &Token, text: &str, dialect: Dialect) -> Option<String> {
    let name = token.text(text);
    match token.kind {
        TokenKind::Word => Some(name.to_owned()),
        TokenKind::QuotedName => {
            let quote = Rules::of(dialect).quote(name.as_bytes())?;
            let inside = name.get(quote.prefix.len() + quote.open.len()..)?;
            let inside = inside.get(..inside.len().checked_sub(quote.close.len())?)?;
            let plain = || inside.replace(&quote.close.repeat(2), quote.close);
            match quote.escapes {
                Escapes::Never => Some(inside.to_owned()),
                Escapes::Unicode => unicode(&plain()),
                Escapes::Doubled | Escapes::Session | Escapes::PlainInside => Some(plain()),
                Escapes::Backslash | Escapes::DoubledAndBackslash if inside.contains('\\') => None,
                Escapes::DoubledAndBackslash => Some(plain()),
                Escapes::Backslash => Some(inside.to_owned()),
                Escapes::Raw
                | Escapes::BackslashVaries
                | Escapes::DoubledAndBackslashAlone
                | Escapes::Delimited => None,
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

/// Whose escapes stand behind a backslash.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Family {
    /// scan.l, `unescape_single_char`.
    Postgres,
    /// `\0 \b \n \r \t \Z`; `\%` and `\_` stay as they are.
    Mysql,
    /// Snowflake, "String & binary data types": a backslash before any other character says
    /// nothing. Where octal digits end is not taken apart.
    Snowflake,
    /// GoogleSQL, "Lexical structure": any other character is an error.
    Google,
    /// Not taken apart: a literal with a backslash other than before a quote or a backslash has
    /// no known value.
    Quotes,
}

const fn escapes_of(dialect: Dialect) -> Family {
    match dialect {
        Dialect::Postgres | Dialect::Redshift | Dialect::Duckdb => Family::Postgres,
        Dialect::Mysql | Dialect::Mariadb => Family::Mysql,
        Dialect::Snowflake => Family::Snowflake,
        Dialect::Bigquery => Family::Google,
        Dialect::Mssql
        | Dialect::Sqlite
        | Dialect::Clickhouse
        | Dialect::Oracle
        | Dialect::Hive
        | Dialect::Spark
        | Dialect::Databricks => Family::Quotes,
    }
}

/// The inside of a literal, its continued parts joined and doubled marks made single;
/// backslashes stay. `raw` begins behind the opening mark and ends with the closing one.
fn joined(raw: &str, mark: char, backslash: bool) -> Option<String> {
    let mut out = String::with_capacity(raw.len());
    let mut chars = raw.chars().peekable();
    loop {
        match chars.next()? {
            '\\' if backslash => {
                out.push('\\');
                out.push(chars.next()?);
            }
            char if char == mark && chars.peek() == Some(&mark) => {
                chars.next();
                out.push(mark);
            }
            char if char == mark => {
                // The end, or blanks and comments up to the next part. A comment may hold quotes.
                loop {
                    match chars.next() {
                        None => return Some(out),
                        Some(char) if char == mark => break,
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

/// The text behind a server's escapes.
fn unescape(raw: &str, family: Family) -> Option<String> {
    let mut out = String::with_capacity(raw.len());
    let mut chars = raw.chars().peekable();
    while let Some(char) = chars.next() {
        if char != '\\' {
            out.push(char);
            continue;
        }
        let escape = chars.next()?;
        let decoded = match (family, escape) {
            (Family::Quotes, '\'' | '"' | '\\' | '`') => escape,
            (Family::Quotes, _) => return None,
            (Family::Mysql, '0') => return None,
            (Family::Snowflake, '0'..='9') => return None,
            (Family::Snowflake | Family::Google, 'x') => {
                let value = exactly(&mut chars, 2)?;
                ascii(value)?
            }
            (Family::Snowflake | Family::Google, 'u') => scalar(exactly(&mut chars, 4)?)?,
            (Family::Google, 'U') => scalar(exactly(&mut chars, 8)?)?,
            (Family::Google, 'a') => '\u{7}',
            (Family::Google, 'v') => '\u{b}',
            (Family::Snowflake | Family::Google, 'f') => '\u{c}',
            (Family::Google, '\'' | '"' | '\\' | '`' | '?') => escape,
            (Family::Google, other) if !matches!(other, 'b' | 'n' | 'r' | 't') => return None,
            (Family::Mysql, 'Z') => '\u{1a}',
            (Family::Mysql, '%' | '_') => {
                out.push('\\');
                escape
            }
            (_, 'b') => '\u{8}',
            (_, 'n') => '\n',
            (_, 'r') => '\r',
            (_, 't') => '\t',
            (Family::Mysql | Family::Snowflake | Family::Google, other) => other,
            (Family::Postgres, 'f') => '\u{c}',
            (Family::Postgres, '0'..='7') => {
                ascii(digits(&mut chars, 8, 2, escape.to_digit(8)?).0)?
            }
            (Family::Postgres, 'x') => match digits(&mut chars, 16, 2, 0) {
                (_, 0) => 'x',
                (value, _) => ascii(value)?,
            },
            (Family::Postgres, 'u') => scalar(exactly(&mut chars, 4)?)?,
            (Family::Postgres, 'U') => scalar(exactly(&mut chars, 8)?)?,
            (Family::Postgres, other) => other,
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
