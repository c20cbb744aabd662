//! The guard lexer: cuts a text into tokens, comments and blanks exactly as the server does.
//!
//! One pass, no recursion, no allocation a piece. Every byte of the text is in exactly one piece;
//! what the server would read in two ways, or what a reader cannot see, is refused.

use crate::command::sql::rules::{
    Behind, DollarStrings, Ends, Escapes, Holds, LineComment, Mark, Nesting, Operators,
    Placeholders, Quote, Rules, Sure,
};
use crate::command::sql::{Modes, Refusal, Token, TokenKind};
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
    modes: Modes,
    /// No token stands before this place in its statement, or none stands before it in its line.
    statement_starts: bool,
    line_starts: bool,
    /// What a `DELIMITER` line of the client has set.
    delimiter: &'a [u8],
}

impl<'a> Lexer<'a> {
    pub(super) const fn new(text: &'a str, rules: &'static Rules, modes: Modes) -> Self {
        Self {
            text,
            bytes: text.as_bytes(),
            at: 0,
            rules,
            modes,
            statement_starts: true,
            line_starts: true,
            delimiter: b"",
        }
    }

    /// Goes on at another place: behind a comment that it has refused.
    pub(super) const fn go_on_at(&mut self, at: usize) {
        self.at = at;
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
            let blank = self.since(start);
            self.line_starts |= blank.of(self.bytes).unwrap_or_default().contains(&b'\n');
            return Ok(Some(Piece::Blank(blank)));
        }
        if let Some(comment) = self.line_comment_here(byte) {
            self.line_comment(comment)?;
            return Ok(Some(Piece::Comment(self.since(start))));
        }
        if byte == b'/' && self.peek(1) == b'*' {
            self.block_comment()?;
            return Ok(Some(Piece::Comment(self.since(start))));
        }
        let kind = match self.end_of_statement()? {
            Some(kind) => kind,
            None => self.token(byte)?,
        };
        self.statement_starts = kind == TokenKind::Semicolon;
        self.line_starts = false;
        Ok(Some(Piece::Token(Token { kind, span: self.since(start) })))
    }

    fn token(&mut self, byte: u8) -> Result<TokenKind, Refusal> {
        if self.may_open_quote(byte)
            && let Some(quote) = self.bytes.get(self.at..).and_then(|here| self.rules.quote(here))
        {
            return self.quoted(quote);
        }
        let rules = self.rules;
        match byte {
            b'0'..=b'9' => self.number(),
            b'.' if self.peek(1).is_ascii_digit() => self.number(),
            b'a'..=b'z' | b'A'..=b'Z' | b'_' | 0x80.. => self.word(),
            b'(' => Ok(self.one(TokenKind::Open)),
            b')' => Ok(self.one(TokenKind::Close)),
            b'[' | b'{' if rules.brackets.contains(&byte) => Ok(self.one(TokenKind::Open)),
            b']' if rules.brackets.contains(&b'[') => Ok(self.one(TokenKind::Close)),
            b'}' if rules.brackets.contains(&b'{') => Ok(self.one(TokenKind::Close)),
            b',' => Ok(self.one(TokenKind::Comma)),
            b'.' => Ok(self.one(TokenKind::Dot)),
            b';' => Ok(self.one(TokenKind::Semicolon)),
            _ if rules.word_starts.contains(&byte) && self.word_follows() => self.word(),
            b'$' | b':' | b'?' | b'@' => self.placeholder_or_operator(byte),
            _ if rules.is_operator_byte(byte) => self.operator(),
            _ => Err(Refusal::StrangeByte(self.here())),
        }
    }

    // What ends a statement beside `;`.

    fn end_of_statement(&mut self) -> Result<Option<TokenKind>, Refusal> {
        match self.rules.ends {
            Ends::Separator => Ok(None),
            Ends::ClientDelimiter => self.client_delimiter(),
            Ends::NextStatement => Ok(self.go_line()),
            Ends::SlashLine => self.slash_line(),
        }
    }

    /// `DELIMITER x`: the client keeps the line, and from now on `x` ends a statement too. A server
    /// that is sent the line itself stops there.
    fn client_delimiter(&mut self) -> Result<Option<TokenKind>, Refusal> {
        let here = self.bytes.get(self.at..).unwrap_or_default();
        if !self.delimiter.is_empty() && here.starts_with(self.delimiter) {
            self.at += self.delimiter.len();
            return Ok(Some(TokenKind::Semicolon));
        }
        let word = here.get(..DELIMITER.len()).unwrap_or_default();
        let behind = here.get(DELIMITER.len()).copied().unwrap_or(b' ');
        if !(self.statement_starts || self.line_starts)
            || !word.eq_ignore_ascii_case(DELIMITER)
            || !is_blank(behind)
        {
            return Ok(None);
        }
        let start = self.at;
        self.at = self.find(|byte| byte == b'\n').unwrap_or(self.bytes.len());
        let line = self.bytes.get(start + DELIMITER.len()..self.at).unwrap_or_default();
        let delimiter = line.trim_ascii();
        let plain = !delimiter.is_empty()
            && delimiter.len() <= MAX_DELIMITER_BYTES
            && delimiter.iter().all(|byte| b"$/;|!^~%&".contains(byte));
        if !plain {
            return Err(Refusal::ReadingsDisagree(self.since(start)));
        }
        self.delimiter = if delimiter == b";" { b"" } else { delimiter };
        Ok(Some(TokenKind::Semicolon))
    }

    /// A line that says `GO`, or `GO` and how often.
    fn go_line(&mut self) -> Option<TokenKind> {
        let rest = self.rest_of_line()?;
        let count = rest.get(..2).filter(|word| word.eq_ignore_ascii_case(b"go"))?;
        let behind = rest.get(count.len()..).unwrap_or_default();
        let number = behind.trim_ascii();
        let fits = number.iter().all(u8::is_ascii_digit)
            && (behind.is_empty() || behind.first().is_some_and(|byte| is_blank(*byte)));
        fits.then(|| {
            self.at += rest.len();
            TokenKind::Semicolon
        })
    }

    /// A line that says `/`. Behind the `;` of a statement, or at the end of the text, it ends what
    /// stands before; elsewhere it does so for a client, and divides for the server.
    fn slash_line(&mut self) -> Result<Option<TokenKind>, Refusal> {
        let Some(rest) = self.rest_of_line().filter(|rest| rest.trim_ascii_end() == b"/") else {
            return Ok(None);
        };
        let behind = self.bytes.get(self.at + rest.len()..).unwrap_or_default();
        if !self.statement_starts && !behind.trim_ascii().is_empty() {
            return Err(Refusal::ReadingsDisagree(self.here()));
        }
        Ok(Some(self.one(TokenKind::Semicolon)))
    }

    /// The line from here on, if nothing but blanks stands before.
    fn rest_of_line(&self) -> Option<&'a [u8]> {
        let rest = self.bytes.get(self.at..).filter(|_| self.line_starts)?;
        rest.split(|byte| *byte == b'\n').next().map(<[u8]>::trim_ascii_end)
    }

    // Words and names.

    /// Whether a word begins here with one of the dialect's own first characters.
    fn word_follows(&self) -> bool {
        let mut ahead = 1;
        // `@@rowcount`, `##temporary`.
        if self.peek(1) == self.peek(0) && self.peek(0) != b'$' {
            ahead = 2;
        }
        let next = self.peek(ahead);
        next.is_ascii_alphabetic()
            || next == b'_'
            || next >= 0x80
            || (next.is_ascii_digit() && self.peek(0) != b'$')
    }

    fn word(&mut self) -> Result<TokenKind, Refusal> {
        let extra = self.rules.word_starts;
        if extra.contains(&self.peek(0)) {
            self.at += if self.peek(1) == self.peek(0) { 2 } else { 1 };
        }
        while let Some(&byte) = self.bytes.get(self.at) {
            if self.is_word_byte(byte) {
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

    fn is_word_byte(&self, byte: u8) -> bool {
        byte.is_ascii_alphanumeric() || byte == b'_' || self.rules.word_parts.contains(&byte)
    }

    // Strings and quoted names.

    /// Whether a string or quoted name may begin here: a quote, or letters right before one.
    fn may_open_quote(&self, byte: u8) -> bool {
        is_quote(byte)
            || byte == b'['
            || byte.is_ascii_alphabetic() && (1..=MAX_PREFIX).any(|at| is_quote(self.peek(at)))
    }

    fn quoted(&mut self, quote: &Quote) -> Result<TokenKind, Refusal> {
        let start = self.at;
        let name = match quote.holds {
            Holds::Text | Holds::Bytes => false,
            Holds::Name => true,
            Holds::NameIfAnsi => match self.modes.ansi_quotes {
                Some(ansi) => ansi,
                None => return Err(Refusal::ParserStateUnknown(self.here())),
            },
        };
        self.at += quote.prefix.len() + quote.open.len();
        let kind = if name { TokenKind::QuotedName } else { TokenKind::Text };
        let (doubled, backslash) = match quote.escapes {
            Escapes::Never => (false, Backslash::Plain),
            Escapes::Doubled | Escapes::Unicode | Escapes::PlainInside => (true, Backslash::Plain),
            Escapes::Backslash | Escapes::Raw => (false, Backslash::Escapes),
            Escapes::DoubledAndBackslash | Escapes::DoubledAndBackslashAlone => {
                (true, Backslash::Escapes)
            }
            Escapes::BackslashVaries => (true, Backslash::Varies),
            Escapes::Session if name => (true, Backslash::Plain),
            Escapes::Session => match self.modes.backslash {
                Some(true) => (true, Backslash::Escapes),
                Some(false) => (true, Backslash::Plain),
                None => (true, Backslash::Varies),
            },
            Escapes::Delimited => return self.delimited(start),
        };
        let close = quote.close.as_bytes();
        let mark = close.first().copied().unwrap_or_default();
        let open = |lexer: &Self| Refusal::Unterminated(lexer.to_end(start));
        loop {
            let stop = self.find(|byte| byte == mark || byte == b'\\').ok_or_else(|| open(self))?;
            self.at = stop + 1;
            if self.byte(stop) == b'\\' {
                match backslash {
                    Backslash::Plain => {}
                    Backslash::Escapes => {
                        // Only the first byte of what it takes: the rest of a letter is no mark.
                        self.at = (stop + 2).min(self.bytes.len());
                    }
                    Backslash::Varies => self.backslashes(stop, mark)?,
                }
                continue;
            }
            if !self.bytes.get(stop..).is_some_and(|rest| rest.starts_with(close)) {
                continue;
            }
            self.at = stop + close.len();
            if doubled && self.byte(self.at) == mark {
                self.at += 1;
            } else if kind == TokenKind::Text
                && let Some(inside) = self.continuation()?
            {
                if quote.escapes == Escapes::DoubledAndBackslashAlone {
                    return Err(Refusal::ReadingsDisagree(self.since(start)));
                }
                self.at = inside;
            } else if quote.escapes == Escapes::PlainInside && !self.is_plain_inside(start) {
                return Err(Refusal::ReadingsDisagree(self.since(start)));
            } else {
                return Ok(kind);
            }
        }
    }

    /// Whether nothing but letters, digits, blanks and `_` stand between the marks since `start`.
    fn is_plain_inside(&self, start: usize) -> bool {
        let inside = self.bytes.get(start + 1..self.at.saturating_sub(1)).unwrap_or_default();
        inside.iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b' '))
    }

    /// Backslashes of which nobody knows whether they escape. Where an odd number of them stands
    /// before the mark, one reading ends there and the other goes on.
    fn backslashes(&mut self, stop: usize, mark: u8) -> Result<(), Refusal> {
        self.skip_while(|byte| byte == b'\\');
        if self.byte(self.at) == mark && (self.at - stop) % 2 == 1 {
            return Err(Refusal::ParserStateUnknown(Span::from_offsets(stop, self.at)));
        }
        Ok(())
    }

    /// `q'[ … ]'`: the character behind the quote, or its counterpart, ends it before a quote.
    fn delimited(&mut self, start: usize) -> Result<TokenKind, Refusal> {
        let open = self.byte(self.at);
        let close = match open {
            b'[' => b']',
            b'{' => b'}',
            b'(' => b')',
            b'<' => b'>',
            plain if plain.is_ascii_graphic() => plain,
            _ => return Err(Refusal::ReadingsDisagree(self.to_end(start))),
        };
        self.at += 1;
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let Some(length) = memchr::memmem::find(rest, &[close, b'\'']) else {
            return Err(Refusal::Unterminated(self.to_end(start)));
        };
        self.at += length + 2;
        Ok(TokenKind::Text)
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
                b'-' if self.peek(1) == b'-' => {
                    let Some(comment) = self.line_comment_here(b'-') else { break None };
                    self.line_comment(comment)?;
                }
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
        self.number_suffix();
        // A number that runs into a word: an error in new releases, two tokens in old ones.
        let next = self.byte(self.at);
        if next.is_ascii_alphanumeric() || next == b'_' || next >= 0x80 {
            return Err(Refusal::ReadingsDisagree(Span::from_offsets(start, self.at + 1)));
        }
        Ok(TokenKind::Number)
    }

    /// The letters that say which type a number has.
    fn number_suffix(&mut self) {
        let here = self.bytes.get(self.at..).unwrap_or_default();
        let letters = here.iter().take_while(|byte| byte.is_ascii_alphabetic()).count();
        let letters = here.get(..letters).unwrap_or_default();
        let known = |suffix: &&&str| suffix.as_bytes().eq_ignore_ascii_case(letters);
        if self.rules.number_suffixes.iter().find(known).is_some() {
            self.at += letters.len();
        }
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
            Placeholders::Marks(marks) => self.marked(byte, marks),
        }
    }

    fn marked(&mut self, byte: u8, marks: &[Mark]) -> Result<TokenKind, Refusal> {
        let has = |mark: Mark| marks.contains(&mark);
        let start = self.at;
        match byte {
            b'?' if has(Mark::Question) => {
                self.at += 1;
                self.skip_while(|byte| byte.is_ascii_digit());
                Ok(TokenKind::Placeholder)
            }
            b'$' if self.dollar_string_opens() => self.dollar(),
            b'$' if has(Mark::Dollar) => {
                self.at += 1;
                self.skip_while(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
                if self.at == start + 1 {
                    return Err(Refusal::ForeignPlaceholder(self.since(start)));
                }
                Ok(TokenKind::Placeholder)
            }
            // `$12.50` is money.
            b'$' if self.rules.word_starts.contains(&b'$') && self.peek(1).is_ascii_digit() => {
                self.at += 1;
                self.number()
            }
            b'$' | b'?' => Err(Refusal::ForeignPlaceholder(self.here())),
            b':' if matches!(self.rules.operators, Operators::Run(_)) => {
                self.at += if matches!(self.peek(1), b':' | b'=') { 2 } else { 1 };
                Ok(TokenKind::Operator)
            }
            _ if self.rules.is_operator_byte(byte) => self.operator(),
            _ => Err(Refusal::ForeignPlaceholder(self.here())),
        }
    }

    /// Whether a `$` opens a literal between dollars.
    fn dollar_string_opens(&self) -> bool {
        match self.rules.dollar_strings {
            DollarStrings::None => false,
            DollarStrings::Bare => self.peek(1) == b'$',
            DollarStrings::Tagged => {
                let rest = self.bytes.get(self.at + 1..).unwrap_or_default();
                let tag =
                    |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_' || *byte >= 0x80;
                let length = rest.iter().take_while(|byte| tag(byte)).count();
                !rest.first().is_some_and(u8::is_ascii_digit) && rest.get(length) == Some(&b'$')
            }
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
        if self.rules.dollar_strings != DollarStrings::None && self.byte(self.at) == b'$' {
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
            if self.is_word_byte(byte) {
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

    /// The comment to the end of the line that begins here.
    fn line_comment_here(&self, byte: u8) -> Option<&'static LineComment> {
        self.rules.line_comments.iter().find(|comment| {
            let mark = comment.mark.as_bytes();
            // The first byte decides in nearly every place.
            mark.first() == Some(&byte)
                && self.bytes.get(self.at..).is_some_and(|here| here.starts_with(mark))
                && match comment.then {
                    Behind::Anything => true,
                    Behind::Blank => {
                        let behind = self.peek(mark.len());
                        behind <= b' ' || behind == 0x7f
                    }
                    Behind::BlankOrBang => matches!(self.peek(mark.len()), b' ' | b'!'),
                }
        })
    }

    fn line_comment(&mut self, comment: &LineComment) -> Result<(), Refusal> {
        let start = self.at;
        let cr_ends = comment.ends_at_cr == Sure::Yes;
        self.at =
            self.find(|byte| byte == b'\n' || cr_ends && byte == b'\r').unwrap_or(self.bytes.len());
        let inside = self.bytes.get(start..self.at).unwrap_or_default();
        // A carriage return right before the line feed ends it there in either reading.
        let inside = inside.strip_suffix(b"\r").unwrap_or(inside);
        if comment.mark == "//" && self.in_a_path(start, inside) {
            return Err(Refusal::ReadingsDisagree(self.since(start)));
        }
        let varies = comment.ends_at_cr == Sure::Varies && inside.contains(&b'\r')
            || comment.continues == Sure::Varies && inside.ends_with(b"\\");
        if varies {
            return Err(Refusal::ReadingsDisagree(self.since(start)));
        }
        self.check_comment(start)
    }

    /// Whether what looks like a comment may be a part of the path of a file: `@stage//x`,
    /// `file:///x`. The latter stands in statements that end with the line.
    fn in_a_path(&self, start: usize, comment: &[u8]) -> bool {
        let before = self.bytes.get(..start).unwrap_or_default();
        let word = before.iter().rposition(|byte| is_blank(*byte)).map_or(0, |blank| blank + 1);
        let word = before.get(word..).unwrap_or_default();
        word.contains(&b'@') || word.ends_with(b":") && comment.contains(&b';')
    }

    fn block_comment(&mut self) -> Result<(), Refusal> {
        let start = self.at;
        if self.rules.line_comments.iter().any(|comment| comment.mark == "//")
            && self.in_a_path(start, b"")
        {
            return Err(Refusal::ReadingsDisagree(self.to_end(start)));
        }
        if self.rules.runs_comments && runs_inside(self.bytes.get(start..).unwrap_or_default()) {
            return Err(Refusal::ExecutableComment(self.to_end(start)));
        }
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
                        let inside = self.bytes.get(start..stop).unwrap_or_default();
                        if self.rules.runs_comments && is_open_hint(inside) {
                            return Err(Refusal::ReadingsDisagree(self.since(start)));
                        }
                        return self.check_comment(start);
                    }
                }
                (b'/', b'*') => match self.rules.nested_comments {
                    Nesting::Nested => {
                        self.at = stop + 2;
                        depth += 1;
                    }
                    Nesting::Flat => {}
                    Nesting::Varies => {
                        return Err(Refusal::ReadingsDisagree(self.since(start)));
                    }
                },
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

/// Whether a comment is one of those that some servers run: `/*! … */`, `/*M! … */`.
pub(super) fn runs_inside(comment: &[u8]) -> bool {
    comment.starts_with(b"/*!") || comment.starts_with(b"/*M!")
}

const fn is_quote(byte: u8) -> bool {
    matches!(byte, b'\'' | b'"' | b'`')
}

/// What a backslash in a string does.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Backslash {
    Plain,
    Escapes,
    Varies,
}

/// The longest letters before a quote (`u&`, `nq`).
const MAX_PREFIX: usize = 2;

const DELIMITER: &[u8] = b"delimiter";

/// The client's own bound.
const MAX_DELIMITER_BYTES: usize = 15;

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

/// Whether a hint (`/*+ …`) ends inside quotes for a server that does not read hints: one that does
/// goes on behind them.
fn is_open_hint(comment: &[u8]) -> bool {
    if !comment.starts_with(b"/*+") {
        return false;
    }
    let mut open = None;
    for byte in comment {
        match open {
            None if is_quote(*byte) => open = Some(byte),
            Some(quote) if quote == byte => open = None,
            None | Some(_) => {}
        }
    }
    open.is_some()
}
