//! The second reading: the parser's own tokenizer must cut a statement as the guard lexer did.
//!
//! Both streams are laid over the text. Where their cuts meet again after one token each, the
//! tokens must be of one kind and mean the same. Where it takes several, only the differences
//! that are known, named below, pass; then the guard's reading is the one that is parsed.

use sqlparser::ast::{DollarQuotedString, QuoteDelimitedString};
use sqlparser::keywords::Keyword;
use sqlparser::tokenizer::{
    Location, Span as ParsedSpan, Token as Parsed, TokenWithSpan, Tokenizer, Word,
};

use crate::command::Dialect;
use crate::command::sql::parse::with_grammar;
use crate::command::sql::{Modes, Refusal, Token, TokenKind, name_value, text_value};
use crate::primitives::Span;

/// The tokens of one statement for the parser, or where the readings part.
pub(super) fn agree(
    text: &str,
    tokens: &[Token],
    dialect: Dialect,
    modes: Modes,
) -> Result<Vec<TokenWithSpan>, Refusal> {
    let (Some(first), Some(last)) = (tokens.first(), tokens.last()) else { return Ok(Vec::new()) };
    let whole = Span::from_offsets(first.span.start(), last.span.end());
    let slice = text.get(whole.start()..whole.end()).unwrap_or_default();
    let masked = mask_literals(slice, whole.start(), tokens, dialect);
    let slice = masked.as_deref().unwrap_or(slice);
    let second = with_grammar(dialect, 0, modes, |grammar| {
        Tokenizer::new(grammar, slice).tokenize_with_location().ok()
    });
    let second = second.ok_or(Refusal::ReadingsDisagree(whole))?;

    let reading = Guarded { text, dialect, modes };
    let mut agreed = Vec::with_capacity(tokens.len() + 1);
    let mut guard = tokens.iter();
    let mut parsed = Second::new(slice, whole.start(), second);
    while let Some(token) = guard.next() {
        let disagree = Refusal::ReadingsDisagree(token.span);
        let (other, span) = parsed.next().ok_or(disagree)?;
        if span.start() != token.span.start() {
            return Err(disagree);
        }
        if span.end() == token.span.end() {
            let disagree = if reading.value_is_unknown(token) {
                Refusal::ParserStateUnknown(token.span)
            } else {
                disagree
            };
            let word = reading.same(token, other).ok_or(disagree)?;
            agreed.push(placed(word, token.span));
            continue;
        }
        // The cuts differ: collect both streams until they meet.
        let (mut mine, mut theirs) = (vec![token], vec![other]);
        let (mut my_end, mut their_end) = (token.span.end(), span.end());
        while my_end != their_end {
            if my_end < their_end {
                let next = guard.next().ok_or(disagree)?;
                my_end = next.span.end();
                mine.push(next);
            } else {
                let (next, span) = parsed.next().ok_or(disagree)?;
                their_end = span.end();
                theirs.push(next);
            }
        }
        for token in &mine {
            let word = reading.known_difference(token, mine.len(), &theirs).ok_or(disagree)?;
            agreed.push(placed(word, token.span));
        }
    }
    match parsed.next() {
        Some((_, span)) => Err(Refusal::ReadingsDisagree(span)),
        None => Ok(agreed),
    }
}

/// `slice` with the insides of some literals blotted out, where the tokenizer cuts them wrong.
///
/// GoogleSQL's scanner takes a backslash and the character behind it together in every literal,
/// raw ones and bytes too (zetasql/parser/flex_tokenizer.l: `(\\(.|\n)|[^'\\\n])*`). The tokenizer
/// ends raw strings and bytes at the first quote. The guard lexer cuts them as the server does; the
/// tokenizer is then asked about everything else, byte for byte in the same places.
fn mask_literals(slice: &str, offset: usize, tokens: &[Token], dialect: Dialect) -> Option<String> {
    if dialect != Dialect::Bigquery || !slice.contains('\\') {
        return None;
    }
    let mut bytes = slice.as_bytes().to_vec();
    for token in tokens.iter().filter(|token| token.kind == TokenKind::Text) {
        let (start, end) = (token.span.start() - offset, token.span.end() - offset);
        let literal = slice.get(start..end)?;
        let quotes = literal.find(['\'', '"'])?;
        if quotes == 0 || !literal.contains('\\') {
            continue;
        }
        let mark = literal.get(quotes..=quotes)?.repeat(3);
        let width = if literal.get(quotes..)?.starts_with(&mark) { 3 } else { 1 };
        bytes.get_mut(start + quotes + width..end.checked_sub(width)?)?.fill(b'x');
    }
    String::from_utf8(bytes).ok()
}

/// The parser's tokens without blanks and comments, each with its bytes in the command.
struct Second<'a> {
    tokens: std::vec::IntoIter<TokenWithSpan>,
    places: Places<'a>,
    /// Where the statement begins in the command.
    offset: usize,
    /// The end of the token before; tokens leave no gap.
    at: usize,
}

/// Lines and characters of a text become bytes. The tokenizer counts from 1.
enum Places<'a> {
    /// A character is a byte: where each line begins.
    Ascii(Vec<usize>),
    /// Characters, and the line and column that they have reached.
    Letters(std::str::CharIndices<'a>, u64, u64),
}

impl<'a> Second<'a> {
    fn new(slice: &'a str, offset: usize, tokens: Vec<TokenWithSpan>) -> Self {
        let places = if slice.is_ascii() {
            let breaks = memchr::memchr_iter(b'\n', slice.as_bytes()).map(|at| at + 1);
            Places::Ascii(std::iter::once(0).chain(breaks).collect())
        } else {
            Places::Letters(slice.char_indices(), 1, 1)
        };
        Self { tokens: tokens.into_iter(), places, offset, at: 0 }
    }

    /// The next token; `None` at the end.
    fn next(&mut self) -> Option<(Parsed, Span)> {
        loop {
            let TokenWithSpan { token, span } = self.tokens.next()?;
            let Some(end) = self.places.byte(span.end) else {
                // A place that is none agrees with nothing.
                return Some((token, Span::default()));
            };
            let start = std::mem::replace(&mut self.at, end);
            if !matches!(token, Parsed::Whitespace(_)) {
                let span = Span::from_offsets(self.offset + start, self.offset + self.at);
                return Some((token, span));
            }
        }
    }
}

impl Places<'_> {
    fn byte(&mut self, place: Location) -> Option<usize> {
        match self {
            Self::Ascii(lines) => {
                let line = usize::try_from(place.line).ok()?.checked_sub(1)?;
                let column = usize::try_from(place.column).ok()?.checked_sub(1)?;
                lines.get(line)?.checked_add(column)
            }
            Self::Letters(chars, line, column) => {
                while (*line, *column) != (place.line, place.column) {
                    let (_, char) = chars.next()?;
                    (*line, *column) =
                        if char == '\n' { (*line + 1, 1) } else { (*line, *column + 1) };
                }
                Some(chars.offset())
            }
        }
    }
}

/// A token whose place is its byte offset plus one, on line 1.
fn placed(token: Parsed, span: Span) -> TokenWithSpan {
    let location = |offset: usize| Location::new(1, offset as u64 + 1);
    TokenWithSpan::new(token, ParsedSpan::new(location(span.start()), location(span.end())))
}

/// The guard's reading.
struct Guarded<'a> {
    text: &'a str,
    dialect: Dialect,
    modes: Modes,
}

impl Guarded<'_> {
    /// The token to parse where both readings made one token of the same bytes; `None` where
    /// they took it for different things.
    fn same(&self, token: &Token, other: Parsed) -> Option<Parsed> {
        let text = token.text(self.text);
        let fits = match token.kind {
            // `$action` of T-SQL. Any other word with a dollar there is an amount of money, and what
            // stands behind it a word of its own.
            TokenKind::Word if matches!(other, Parsed::Placeholder(_)) => {
                let known = DOLLAR_WORDS.iter().any(|word| word.eq_ignore_ascii_case(text));
                return known.then(|| Parsed::make_word(text, None));
            }
            TokenKind::Word => matches!(&other, Parsed::Word(word) if word.quote_style.is_none()),
            TokenKind::QuotedName => {
                let name = name_value(token, self.text, self.dialect)?;
                matches!(&other, Parsed::Word(word) if word.quote_style.is_some() && word.value == name)
            }
            TokenKind::Text => return self.same_text(token, other),
            // `0x1F`, which the tokenizer takes for a byte string; `$12`, for a parameter.
            TokenKind::Number
                if matches!(other, Parsed::HexStringLiteral(_) | Parsed::Placeholder(_)) =>
            {
                return Some(Parsed::Number(text.to_owned(), false));
            }
            // `0b101`, `1L`, which look like a name that begins with a digit.
            TokenKind::Number if matches!(other, Parsed::Word(_)) => {
                return Some(Parsed::Number(text.to_owned(), false));
            }
            TokenKind::Number => matches!(other, Parsed::Number(_, _)),
            TokenKind::Placeholder if other == Parsed::Question => {
                return Some(Parsed::Placeholder(text.to_owned()));
            }
            TokenKind::Placeholder => matches!(other, Parsed::Placeholder(_)),
            TokenKind::Operator => return Some(self.operator(text)),
            TokenKind::Open => {
                other
                    == match text {
                        "(" => Parsed::LParen,
                        "[" => Parsed::LBracket,
                        _ => Parsed::LBrace,
                    }
            }
            TokenKind::Close => {
                other
                    == match text {
                        ")" => Parsed::RParen,
                        "]" => Parsed::RBracket,
                        _ => Parsed::RBrace,
                    }
            }
            TokenKind::Comma => other == Parsed::Comma,
            TokenKind::Dot => other == Parsed::Period,
            TokenKind::Semicolon => other == Parsed::SemiColon,
        };
        fits.then_some(other)
    }

    /// A literal: both readings must give it the same value, or the value must be none of the
    /// kind that is read again as code.
    fn same_text(&self, token: &Token, other: Parsed) -> Option<Parsed> {
        if is_bytes(&other) {
            return Some(other);
        }
        // Hive's texts in double quotes.
        if let Parsed::Word(word) = &other
            && self.dialect == Dialect::Hive
            && word.quote_style == Some('"')
        {
            return self.value(token).map(Parsed::SingleQuotedString);
        }
        let second = text_of(&other)?;
        let exact = self.dialect == Dialect::Postgres && self.modes.backslash != Some(true);
        match self.value(token) {
            Some(value) if value == *second => Some(if is_plain_text(&other) {
                other
            } else {
                // One kind of text for the walk, whatever its quotes.
                Parsed::SingleQuotedString(value)
            }),
            // It ends where the server ends it, and the tokenizer knows other escapes.
            Some(value) if !exact => Some(Parsed::SingleQuotedString(value)),
            Some(_) => None,
            // A value that is not known is none that is read again as code.
            None => {
                (self.dialect != Dialect::Postgres).then(|| Parsed::HexStringLiteral(String::new()))
            }
        }
    }

    /// The parser's token for an operator. MySQL's `||` is OR while PIPES_AS_CONCAT is off, and `&&`
    /// is AND.
    fn operator(&self, text: &str) -> Parsed {
        if matches!(self.dialect, Dialect::Mysql | Dialect::Mariadb) {
            match text {
                "||" if self.modes.pipes_join != Some(true) => {
                    return Parsed::make_word("OR", None);
                }
                "&&" => return Parsed::make_word("AND", None),
                _ => {}
            }
        }
        operator(text)
    }

    /// Whether it is the session's state that hides what a literal stands for.
    fn value_is_unknown(&self, token: &Token) -> bool {
        token.kind == TokenKind::Text
            && self.modes.backslash.is_none()
            && self.value(token).is_none()
    }

    fn value(&self, token: &Token) -> Option<String> {
        text_value(token, self.text, self.dialect, self.modes)
    }

    /// The token to parse where the cuts differ in a way that is known: `token` is one of `count`
    /// tokens of the guard that stand where the tokenizer sees `theirs`.
    fn known_difference(&self, token: &Token, count: usize, theirs: &[Parsed]) -> Option<Parsed> {
        let text = token.text(self.text);
        if token.kind == TokenKind::Operator {
            // Signs behind an operator: the server's rules for cutting them are the guard's.
            return Some(self.operator(text));
        }
        if count != 1 {
            // `1..10` of PL/SQL, which the tokenizer takes for two numbers.
            let numbers = |other: &Parsed| matches!(other, Parsed::Number(_, _) | Parsed::Period);
            if self.dialect == Dialect::Oracle && theirs.iter().all(numbers) {
                if token.kind == TokenKind::Number {
                    return Some(Parsed::Number(text.to_owned(), false));
                }
                if token.kind == TokenKind::Dot {
                    return Some(Parsed::Period);
                }
            }
            // `root@localhost`, which the tokenizer takes for one word.
            return match (token.kind, theirs) {
                (TokenKind::Word, [Parsed::Word(whole)])
                    if whole.quote_style.is_none() && whole.value.contains('@') =>
                {
                    Some(Parsed::make_word(text, None))
                }
                // `@%t`, in which the tokenizer sees a parameter.
                (TokenKind::Word, [Parsed::Placeholder(_)])
                    if self.dialect == Dialect::Snowflake =>
                {
                    Some(Parsed::make_word(text, None))
                }
                _ => None,
            };
        }
        match token.kind {
            // `rb'…'`, whose prefix the tokenizer does not know.
            TokenKind::Text
                if self.dialect == Dialect::Bigquery
                    && matches!(theirs, [Parsed::Word(prefix), literal]
                        if ["rb", "br"].iter().any(|p| prefix.value.eq_ignore_ascii_case(p))
                            && (is_bytes(literal) || text_of(literal).is_some())) =>
            {
                Some(Parsed::HexStringLiteral(String::new()))
            }
            // `'a'`, a line break, `'b'`: one literal that goes on.
            TokenKind::Text
                if matches!(
                    theirs,
                    [Parsed::Word(letter), Parsed::SingleQuotedString(_) | Parsed::DoubleQuotedString(_)]
                        if ["e", "r"].iter().any(|known| letter.value.eq_ignore_ascii_case(known))
                ) =>
            {
                // `e'…'`, `r'…'`.
                self.value(token).map(Parsed::SingleQuotedString)
            }
            TokenKind::Text => {
                let strings = theirs.iter().all(|other| {
                    matches!(other, Parsed::SingleQuotedString(_) | Parsed::EscapedStringLiteral(_))
                });
                strings.then(|| self.value(token)).flatten().map(Parsed::SingleQuotedString)
            }
            // `0b11`, `0o17`, `1_000`.
            TokenKind::Number => Some(Parsed::Number(text.to_owned(), false)),
            // `:a`, `@a`, `$a::b(c)`.
            TokenKind::Placeholder => Some(Parsed::Placeholder(text.to_owned())),
            // `U&"d!0061ta"`.
            TokenKind::QuotedName => Some(Parsed::Word(Word {
                value: name_value(token, self.text, self.dialect)?,
                quote_style: Some('"'),
                keyword: Keyword::NoKeyword,
            })),
            // `a$b` in SQLite, letters beyond ASCII in other dialects.
            TokenKind::Word => (text.contains(['$', '@', '#'])
                || !text.is_ascii()
                || self.dialect == Dialect::Hive && text.starts_with('_'))
            .then(|| Parsed::make_word(text, None)),
            TokenKind::Operator
            | TokenKind::Open
            | TokenKind::Close
            | TokenKind::Comma
            | TokenKind::Dot
            | TokenKind::Semicolon => None,
        }
    }
}

fn is_bytes(token: &Parsed) -> bool {
    matches!(
        token,
        Parsed::HexStringLiteral(_)
            | Parsed::SingleQuotedByteStringLiteral(_)
            | Parsed::DoubleQuotedByteStringLiteral(_)
            | Parsed::TripleSingleQuotedByteStringLiteral(_)
            | Parsed::TripleDoubleQuotedByteStringLiteral(_)
    )
}

/// Texts that the walk knows as they are.
fn is_plain_text(token: &Parsed) -> bool {
    matches!(
        token,
        Parsed::SingleQuotedString(_)
            | Parsed::NationalStringLiteral(_)
            | Parsed::EscapedStringLiteral(_)
            | Parsed::UnicodeStringLiteral(_)
            | Parsed::DollarQuotedString(_)
    )
}

/// What the tokenizer takes a literal to stand for.
fn text_of(token: &Parsed) -> Option<&String> {
    if let Parsed::SingleQuotedString(value)
    | Parsed::DoubleQuotedString(value)
    | Parsed::TripleSingleQuotedString(value)
    | Parsed::TripleDoubleQuotedString(value)
    | Parsed::SingleQuotedRawStringLiteral(value)
    | Parsed::DoubleQuotedRawStringLiteral(value)
    | Parsed::TripleSingleQuotedRawStringLiteral(value)
    | Parsed::TripleDoubleQuotedRawStringLiteral(value)
    | Parsed::NationalStringLiteral(value)
    | Parsed::EscapedStringLiteral(value)
    | Parsed::UnicodeStringLiteral(value)
    | Parsed::QuoteDelimitedStringLiteral(QuoteDelimitedString { value, .. })
    | Parsed::NationalQuoteDelimitedStringLiteral(QuoteDelimitedString { value, .. })
    | Parsed::DollarQuotedString(DollarQuotedString { value, .. }) = token
    {
        Some(value)
    } else {
        None
    }
}

/// The names of T-SQL that begin with a dollar (Transact-SQL reference: "MERGE", "Pseudo-columns",
/// "$PARTITION", "SQL Graph").
const DOLLAR_WORDS: &[&str] = &[
    "$action",
    "$edge_id",
    "$from_id",
    "$identity",
    "$node_id",
    "$partition",
    "$rowguid",
    "$to_id",
];

/// The parser's token for an operator.
fn operator(text: &str) -> Parsed {
    let known = OPERATORS.iter().find(|(word, _)| *word == text);
    known.map_or_else(|| Parsed::CustomBinaryOperator(text.to_owned()), |(_, token)| token.clone())
}

const OPERATORS: &[(&str, Parsed)] = &[
    ("=", Parsed::Eq),
    ("*", Parsed::Mul),
    ("<", Parsed::Lt),
    (">", Parsed::Gt),
    ("<=", Parsed::LtEq),
    (">=", Parsed::GtEq),
    ("<>", Parsed::Neq),
    ("!=", Parsed::Neq),
    ("==", Parsed::DoubleEq),
    ("|>", Parsed::VerticalBarRightAngleBracket),
    ("+", Parsed::Plus),
    ("-", Parsed::Minus),
    ("/", Parsed::Div),
    ("%", Parsed::Mod),
    ("||", Parsed::StringConcat),
    ("::", Parsed::DoubleColon),
    (":=", Parsed::Assignment),
    (":", Parsed::Colon),
    ("=>", Parsed::RArrow),
    ("->", Parsed::Arrow),
    ("->>", Parsed::LongArrow),
    ("<=>", Parsed::Spaceship),
    ("&", Parsed::Ampersand),
    ("|", Parsed::Pipe),
    ("^", Parsed::Caret),
    ("#", Parsed::Sharp),
    ("##", Parsed::DoubleSharp),
    ("~", Parsed::Tilde),
    ("~*", Parsed::TildeAsterisk),
    ("!~", Parsed::ExclamationMarkTilde),
    ("!~*", Parsed::ExclamationMarkTildeAsterisk),
    ("~~", Parsed::DoubleTilde),
    ("~~*", Parsed::DoubleTildeAsterisk),
    ("!~~", Parsed::ExclamationMarkDoubleTilde),
    ("!~~*", Parsed::ExclamationMarkDoubleTildeAsterisk),
    ("<<", Parsed::ShiftLeft),
    (">>", Parsed::ShiftRight),
    ("&&", Parsed::Overlap),
    ("!", Parsed::ExclamationMark),
    ("!!", Parsed::DoubleExclamationMark),
    ("@", Parsed::AtSign),
    ("^@", Parsed::CaretAt),
    ("|/", Parsed::PGSquareRoot),
    ("||/", Parsed::PGCubeRoot),
    ("#>", Parsed::HashArrow),
    ("#>>", Parsed::HashLongArrow),
    ("#-", Parsed::HashMinus),
    ("@-@", Parsed::AtDashAt),
    ("@>", Parsed::AtArrow),
    ("<@", Parsed::ArrowAt),
    ("@?", Parsed::AtQuestion),
    ("@@", Parsed::AtAt),
    ("?", Parsed::Question),
    ("?&", Parsed::QuestionAnd),
    ("?|", Parsed::QuestionPipe),
    ("?-", Parsed::QuestionMarkDash),
    ("?#", Parsed::QuestionMarkSharp),
    ("?-|", Parsed::QuestionMarkDashVerticalBar),
    ("?||", Parsed::QuestionMarkDoubleVerticalBar),
    ("&<", Parsed::AmpersandLeftAngleBracket),
    ("&>", Parsed::AmpersandRightAngleBracket),
    ("&<|", Parsed::AmpersandLeftAngleBracketVerticalBar),
    ("|&>", Parsed::VerticalBarAmpersandRightAngleBracket),
    ("<->", Parsed::TwoWayArrow),
    ("<^", Parsed::LeftAngleBracketCaret),
    (">^", Parsed::RightAngleBracketCaret),
    ("~=", Parsed::TildeEqual),
    ("<<|", Parsed::ShiftLeftVerticalBar),
    ("|>>", Parsed::VerticalBarShiftRight),
];
