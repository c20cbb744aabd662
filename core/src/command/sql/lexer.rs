//! The guard lexer: cuts a text into tokens, comments and blanks exactly as the server does.
//!
//! One pass, no recursion, no allocation a piece. Every byte of the text is in exactly one piece;
//! what the server would read in two ways, or what a reader cannot see, is refused.

use crate::command::sql::rules::{Escapes, NameQuote, Operators, Placeholders, Prefix, Rules};
use crate::command::sql::{Refusal, Token, TokenKind};
use crate::primitives::Span;

/// One piece of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Piece {
    /// Blanks and line breaks.
    Blank(Span),
    /// A comment with its marks.
    Comment(Span),
    /// A token; a `;` between statements is one too.
    Token(Token),
}

/// Cuts a text into pieces.
pub(super) struct Lexer<'a> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
    rules: &'static Rules,
    /// Whether backslashes are plain characters in ordinary strings; `None` = not known.
    standard_strings: Option<bool>,
}

impl<'a> Lexer<'a> {
    pub(super) const fn new(
        text: &'a str,
        rules: &'static Rules,
        standard_strings: Option<bool>,
    ) -> Self {
        Self { text, bytes: text.as_bytes(), at: 0, rules, standard_strings }
    }

    /// The next piece, `None` at the end.
    ///
    /// # Errors
    /// What cannot be read in exactly one way. The lexer must not be used after that.
    pub(super) fn next(&mut self) -> Result<Option<Piece>, Refusal> {
        let start = self.at;
        let Some(&byte) = self.bytes.get(start) else { return Ok(None) };
        if is_blank(byte) {
            self.skip_while(is_blank);
            return Ok(Some(Piece::Blank(self.since(start))));
        }
        if byte == b'-' && self.peek(1) == b'-' {
            self.line_comment()?;
            return Ok(Some(Piece::Comment(self.since(start))));
        }
        if byte == b'/' && self.peek(1) == b'*' {
            self.block_comment()?;
            return Ok(Some(Piece::Comment(self.since(start))));
        }
        let kind = self.token(byte)?;
        Ok(Some(Piece::Token(Token { kind, span: self.since(start) })))
    }

    fn token(&mut self, byte: u8) -> Result<TokenKind, Refusal> {
        if let Some((prefix, letters)) = self.prefix() {
            self.at += letters;
            return if prefix.quote == b'"' {
                self.quoted_name(&NameQuote { open: b'"', close: b'"', doubled: true })
            } else {
                self.string(prefix)
            };
        }
        let rules = self.rules;
        if let Some(quote) = rules.name_quotes.iter().find(|quote| quote.open == byte) {
            return self.quoted_name(quote);
        }
        match byte {
            b'0'..=b'9' => self.number(),
            b'.' if self.peek(1).is_ascii_digit() => self.number(),
            b'a'..=b'z' | b'A'..=b'Z' | b'_' | 0x80.. => self.word(),
            b'(' => Ok(self.one(TokenKind::Open)),
            b')' => Ok(self.one(TokenKind::Close)),
            b'[' if rules.square_brackets => Ok(self.one(TokenKind::Open)),
            b']' if rules.square_brackets => Ok(self.one(TokenKind::Close)),
            b',' => Ok(self.one(TokenKind::Comma)),
            b'.' => Ok(self.one(TokenKind::Dot)),
            b';' => Ok(self.one(TokenKind::Semicolon)),
            b'$' | b':' | b'?' | b'@' => self.placeholder_or_operator(byte),
            _ if rules.is_operator_byte(byte) => self.operator(),
            _ => Err(Refusal::StrangeByte(self.here())),
        }
    }

    // Words and names.

    fn word(&mut self) -> Result<TokenKind, Refusal> {
        while let Some(&byte) = self.bytes.get(self.at) {
            if is_word_byte(byte) {
                self.at += 1;
            } else if byte >= 0x80 {
                self.letter()?;
            } else {
                break;
            }
        }
        Ok(TokenKind::Word)
    }

    /// Takes one letter outside ASCII. Servers take every byte above 0x7F as part of a word; a
    /// reader sees blanks or nothing for many of them.
    fn letter(&mut self) -> Result<(), Refusal> {
        let Some(char) = self.text.get(self.at..).and_then(|rest| rest.chars().next()) else {
            return Err(Refusal::StrangeByte(self.here()));
        };
        if !is_visible_letter(char) {
            return Err(Refusal::StrangeByte(self.here()));
        }
        self.at += char.len_utf8();
        Ok(())
    }

    fn quoted_name(&mut self, quote: &NameQuote) -> Result<TokenKind, Refusal> {
        let start = self.at;
        self.at += 1;
        loop {
            match self.find(|byte| byte == quote.close) {
                None => return Err(Refusal::Unterminated(self.to_end(start))),
                Some(end) if quote.doubled && self.byte(end + 1) == quote.close => {
                    self.at = end + 2
                }
                Some(end) => {
                    self.at = end + 1;
                    return Ok(TokenKind::QuotedName);
                }
            }
        }
    }

    // Strings.

    /// The prefix that opens a string or a quoted name here, and the length of its letters.
    fn prefix(&self) -> Option<(&'static Prefix, usize)> {
        let here = self.bytes.get(self.at..)?;
        self.rules.prefixes.iter().find_map(|prefix| {
            let letters = prefix.letters.as_bytes();
            let (head, rest) = here.split_at_checked(letters.len())?;
            let fits = head.eq_ignore_ascii_case(letters) && rest.first() == Some(&prefix.quote);
            fits.then_some((prefix, letters.len()))
        })
    }

    fn string(&mut self, prefix: &Prefix) -> Result<TokenKind, Refusal> {
        let start = self.at;
        let (doubled, backslash) = match prefix.escapes {
            Escapes::Never => (false, false),
            Escapes::Doubled | Escapes::Unicode => (true, false),
            Escapes::Backslash => (true, true),
            Escapes::Session => (true, self.standard_strings == Some(false)),
        };
        // While the setting is not known, a backslash is the first place where the two readings
        // part, so both are the same as long as none stands in a plain string.
        let unknown = prefix.escapes == Escapes::Session && self.standard_strings.is_none();
        self.at += 1;
        loop {
            let stop = self.find(|byte| byte == b'\'' || byte == b'\\');
            let Some(stop) = stop else {
                return Err(Refusal::Unterminated(self.to_end(start)));
            };
            self.at = stop + 1;
            if self.byte(stop) == b'\\' {
                if unknown {
                    return Err(Refusal::ParserStateUnknown(Span::from_offsets(stop, stop + 1)));
                }
                if backslash {
                    self.at = (stop + 2).min(self.bytes.len());
                }
            } else if doubled && self.byte(self.at) == b'\'' {
                self.at += 1;
            } else if let Some(inside) = self.continuation()? {
                self.at = inside;
            } else {
                return Ok(TokenKind::Text);
            }
        }
    }

    /// Where the string goes on behind a closing quote: after a line break, with blanks and `--`
    /// comments around it, a quote opens the next part of the same literal (scan.l,
    /// `quotecontinue`).
    fn continuation(&mut self) -> Result<Option<usize>, Refusal> {
        if !self.rules.strings_continue {
            return Ok(None);
        }
        let back = self.at;
        let mut broken = false;
        let found = loop {
            match self.byte(self.at) {
                b'\n' | b'\r' => {
                    broken = true;
                    self.at += 1;
                }
                b' ' | b'\t' | b'\x0c' => self.at += 1,
                b'-' if self.peek(1) == b'-' => self.line_comment()?,
                b'\'' if broken => break Some(self.at + 1),
                _ => break None,
            }
        };
        self.at = back;
        Ok(found)
    }

    fn dollar_string(&mut self, start: usize, inside: usize) -> Result<TokenKind, Refusal> {
        let rest = self.bytes.get(inside..).unwrap_or_default();
        let delimiter = self.bytes.get(start..inside).unwrap_or_default();
        let Some(length) = memchr::memmem::find(rest, delimiter) else {
            return Err(Refusal::Unterminated(self.to_end(start)));
        };
        self.at = inside + length + delimiter.len();
        Ok(TokenKind::Text)
    }

    // Numbers.

    fn number(&mut self) -> Result<TokenKind, Refusal> {
        let start = self.at;
        let base = (self.byte(start) == b'0')
            .then(|| {
                let letter = self.peek(1).to_ascii_lowercase();
                self.rules.number_bases.iter().find(|(key, _)| *key == letter)
            })
            .flatten();
        if let Some((_, base)) = base {
            self.at += 2;
            let digits = self.at;
            self.digits(*base, true);
            if self.at == digits {
                return Err(Refusal::ReadingsDisagree(self.since(start)));
            }
        } else {
            self.digits(10, false);
            if self.byte(self.at) == b'.' && self.peek(1) != b'.' {
                self.at += 1;
                self.digits(10, false);
            }
            if self.byte(self.at).eq_ignore_ascii_case(&b'e') {
                let sign = usize::from(matches!(self.peek(1), b'+' | b'-'));
                if self.peek(1 + sign).is_ascii_digit() {
                    self.at += 1 + sign;
                    self.digits(10, false);
                }
            }
        }
        // A number that runs into a word: an error in new releases, two tokens in old ones.
        if is_word_byte(self.byte(self.at)) && self.byte(self.at) != b'$'
            || self.byte(self.at) >= 0x80
        {
            return Err(Refusal::ReadingsDisagree(Span::from_offsets(start, self.at + 1)));
        }
        Ok(TokenKind::Number)
    }

    /// Digits, with single underscores between them.
    fn digits(&mut self, base: u32, underscore_first: bool) {
        let is_digit = |byte: u8| char::from(byte).is_digit(base);
        let first = self.at;
        loop {
            if is_digit(self.byte(self.at)) {
                self.at += 1;
            } else if self.byte(self.at) == b'_'
                && (self.at > first || underscore_first)
                && is_digit(self.peek(1))
            {
                self.at += 2;
            } else {
                break;
            }
        }
    }

    // Placeholders and operators.

    fn placeholder_or_operator(&mut self, byte: u8) -> Result<TokenKind, Refusal> {
        match self.rules.placeholders {
            Placeholders::DollarNumber => match byte {
                b'$' => self.dollar(),
                b':' => {
                    self.at += if matches!(self.peek(1), b':' | b'=') { 2 } else { 1 };
                    Ok(TokenKind::Operator)
                }
                _ => self.operator(),
            },
            Placeholders::Sqlite if byte == b'?' => {
                self.at += 1;
                self.skip_while(|byte| byte.is_ascii_digit());
                Ok(TokenKind::Placeholder)
            }
            Placeholders::Sqlite => self.named_placeholder(),
        }
    }

    /// PostgreSQL's `$1`, `$tag$ … $tag$`.
    fn dollar(&mut self) -> Result<TokenKind, Refusal> {
        let start = self.at;
        self.at += 1;
        if self.byte(self.at).is_ascii_digit() {
            self.skip_while(|byte| byte.is_ascii_digit());
            let next = self.byte(self.at);
            return if next.is_ascii_alphabetic() || next == b'_' || next >= 0x80 {
                Err(Refusal::ReadingsDisagree(Span::from_offsets(start, self.at + 1)))
            } else {
                Ok(TokenKind::Placeholder)
            };
        }
        self.skip_while(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80);
        if self.rules.dollar_strings && self.byte(self.at) == b'$' {
            return self.dollar_string(start, self.at + 1);
        }
        Err(Refusal::ForeignPlaceholder(self.since(start)))
    }

    /// SQLite's `:a`, `@a`, `$a`, `$a::b(c)`.
    fn named_placeholder(&mut self) -> Result<TokenKind, Refusal> {
        let start = self.at;
        self.at += 1;
        let mut letters = 0_usize;
        loop {
            let byte = self.byte(self.at);
            if is_word_byte(byte) {
                letters += 1;
                self.at += 1;
            } else if byte >= 0x80 {
                letters += 1;
                self.letter()?;
            } else if byte == b'(' && letters > 0 {
                match self.find(|byte| byte == b')' || is_blank(byte)) {
                    Some(end) if self.byte(end) == b')' => self.at = end + 1,
                    _ => return Err(Refusal::Unterminated(self.since(start))),
                }
                break;
            } else if byte == b':' && self.peek(1) == b':' {
                self.at += 2;
            } else {
                break;
            }
        }
        if letters == 0 {
            return Err(Refusal::ForeignPlaceholder(self.since(start)));
        }
        Ok(TokenKind::Placeholder)
    }

    fn operator(&mut self) -> Result<TokenKind, Refusal> {
        let here = self.bytes.get(self.at..).unwrap_or_default();
        let length = match self.rules.operators {
            Operators::Run(allowed) => {
                let window = here.get(..MAX_OPERATOR_RUN).unwrap_or(here);
                if window.len() == MAX_OPERATOR_RUN && window.iter().all(|b| allowed.contains(b)) {
                    let end = self.at + MAX_OPERATOR_RUN;
                    return Err(Refusal::TooChained(Span::from_offsets(self.at, end)));
                }
                operator_run(window, allowed)
            }
            Operators::List(words) => words
                .iter()
                .find(|word| here.starts_with(word.as_bytes()))
                .map_or(0, |word| word.len()),
        };
        if length == 0 {
            return Err(Refusal::StrangeByte(self.here()));
        }
        self.at += length;
        Ok(TokenKind::Operator)
    }

    // Comments.

    fn line_comment(&mut self) -> Result<(), Refusal> {
        let start = self.at;
        let cr_ends = self.rules.comment_ends_at_cr;
        self.at =
            self.find(|byte| byte == b'\n' || cr_ends && byte == b'\r').unwrap_or(self.bytes.len());
        self.check_comment(start)
    }

    fn block_comment(&mut self) -> Result<(), Refusal> {
        let start = self.at;
        self.at += 2;
        let mut depth = 1_usize;
        loop {
            let Some(stop) = self.find(|byte| byte == b'*' || byte == b'/') else {
                return Err(Refusal::Unterminated(self.to_end(start)));
            };
            self.at = stop + 1;
            match (self.byte(stop), self.byte(stop + 1)) {
                (b'*', b'/') => {
                    self.at = stop + 2;
                    depth -= 1;
                    if depth == 0 {
                        return self.check_comment(start);
                    }
                }
                (b'/', b'*') if self.rules.nested_comments => {
                    self.at = stop + 2;
                    depth += 1;
                }
                _ => {}
            }
        }
    }

    /// A comment may hold any letter, but nothing that makes a screen show another text.
    fn check_comment(&self, start: usize) -> Result<(), Refusal> {
        let comment = self.text.get(start..self.at).unwrap_or_default();
        let bad = comment.char_indices().find(|(_, char)| hides_text(*char));
        bad.map_or(Ok(()), |(offset, char)| {
            let at = start + offset;
            Err(Refusal::StrangeByte(Span::from_offsets(at, at + char.len_utf8())))
        })
    }

    // The cursor.

    fn byte(&self, at: usize) -> u8 {
        // INVARIANT: no NUL stands in the text (`read` refuses it), so 0 means the end.
        self.bytes.get(at).copied().unwrap_or(0)
    }

    fn peek(&self, ahead: usize) -> u8 {
        self.byte(self.at + ahead)
    }

    const fn one(&mut self, kind: TokenKind) -> TokenKind {
        self.at += 1;
        kind
    }

    fn skip_while(&mut self, test: impl Fn(u8) -> bool) {
        self.at = self.find(|byte| !test(byte)).unwrap_or(self.bytes.len());
    }

    fn find(&self, test: impl Fn(u8) -> bool) -> Option<usize> {
        let rest = self.bytes.get(self.at..)?;
        rest.iter().position(|byte| test(*byte)).map(|offset| self.at + offset)
    }

    fn since(&self, start: usize) -> Span {
        Span::from_offsets(start, self.at)
    }

    fn to_end(&self, start: usize) -> Span {
        Span::from_offsets(start, self.bytes.len())
    }

    /// The character at the cursor.
    fn here(&self) -> Span {
        let char = self.text.get(self.at..).and_then(|rest| rest.chars().next());
        Span::from_offsets(self.at, self.at + char.map_or(1, char::len_utf8))
    }
}

/// Operator characters in a row that are looked at. The server cuts a run of signs one by one and
/// looks at the whole rest each time; its longest operator has 63 characters.
const MAX_OPERATOR_RUN: usize = 128;

/// The length of a PostgreSQL operator at the start of `here` (scan.l, rule `operator`).
fn operator_run(here: &[u8], allowed: &[u8]) -> usize {
    let run = here.iter().position(|byte| !allowed.contains(byte)).unwrap_or(here.len());
    let mut length = run;
    for (at, pair) in here.windows(2).take(run).enumerate().skip(1) {
        if pair == b"--" || pair == b"/*" {
            length = at;
            break;
        }
    }
    let operator = here.get(..length).unwrap_or_default();
    let keeps_sign = operator.iter().any(|byte| b"~!@#^&|`?%".contains(byte));
    if !keeps_sign {
        while length > 1 && operator.get(length - 1).is_some_and(|byte| b"+-".contains(byte)) {
            length -= 1;
        }
    }
    length
}

/// White space of both servers: a vertical tab is white space in the newest releases only.
pub(super) const fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r' | b'\x0c')
}

const fn is_word_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'$'
}

/// Letters that a reader can see: alphabetic, digits of other scripts, and combining accents, but
/// not the fillers, which are letters without ink.
fn is_visible_letter(char: char) -> bool {
    (char.is_alphanumeric() || matches!(char, '\u{300}'..='\u{36f}'))
        && !matches!(char, '\u{115f}' | '\u{1160}' | '\u{3164}' | '\u{ffa0}')
}

/// Control characters but for plain blanks, line separators that servers do not know, and the
/// characters that have no width or turn the direction of text.
fn hides_text(char: char) -> bool {
    let plain_blank = u8::try_from(char).is_ok_and(is_blank);
    (char.is_control() && !plain_blank)
        || matches!(
            char,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}'
                | '\u{e0000}'..='\u{e007f}'
        )
}
