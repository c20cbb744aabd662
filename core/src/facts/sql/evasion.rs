//! Signs of evasion in an SQL text: how it is written, not what it does.
//!
//! Every sign is one that honest texts hardly show. They stand in the characters, the tokens and
//! the comments of the original.

use crate::command::Dialect;
use crate::command::sql::{Reading, Token, TokenKind};
use crate::facts::{Evasion, EvasionSet};
use crate::primitives::Span;

/// The signs of a text that was cut into tokens.
pub(super) fn of_reading(reading: &Reading<'_>, dialect: Dialect) -> EvasionSet {
    let tokens = || reading.statements.iter().flat_map(|statement| statement.tokens);
    let mut signs = EvasionSet::NONE;
    if !is_usual(reading.text.as_bytes()) {
        let literals = tokens().filter(|token| token.kind == TokenKind::Text);
        signs |= of_characters(reading.text, literals.map(|token| token.span));
        signs |= of_scripts(reading.text, tokens());
    }
    for statement in &reading.statements {
        signs |= of_tokens(statement.tokens, reading.text, dialect);
    }
    if !reading.comments.is_empty() {
        signs |= of_comments(reading);
    }
    signs
}

/// The signs of a text that was refused: its characters show them still.
pub(super) fn of_refused(bytes: &[u8]) -> EvasionSet {
    if is_usual(bytes) {
        return EvasionSet::NONE;
    }
    of_characters(&String::from_utf8_lossy(bytes), std::iter::empty())
}

/// Whether a text is printable ASCII with plain blanks.
fn is_usual(bytes: &[u8]) -> bool {
    bytes.iter().all(|byte| matches!(byte, b' '..=b'~' | b'\t' | b'\n' | b'\r'))
}

// Characters.

/// `literals`: where a character may be part of a language, in order.
fn of_characters(text: &str, literals: impl Iterator<Item = Span>) -> EvasionSet {
    let mut literals = literals.peekable();
    let mut signs = EvasionSet::NONE;
    for (at, char) in text.char_indices() {
        if matches!(char, ' '..='~' | '\t' | '\n' | '\r') || char.is_alphabetic() {
            continue;
        }
        while literals.next_if(|literal| literal.end() <= at).is_some() {}
        let in_literal = literals.peek().is_some_and(|literal| literal.start() <= at);
        // A mark at the very beginning says how the text is encoded.
        if at == 0 && char == '\u{feff}' {
            continue;
        }
        match char {
            '\u{200b}'
            | '\u{ad}'
            | '\u{61c}'
            | '\u{180e}'
            | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{feff}'
            | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e007f}' => signs |= Evasion::FormatCharacter,
            // They join letters and faces, and tell names of two directions apart.
            '\u{200c}'..='\u{200f}' if !in_literal => signs |= Evasion::FormatCharacter,
            '\u{b}' | '\u{c}' | '\u{85}' => signs |= Evasion::UnusualSpace,
            _ if char.is_control() => signs |= Evasion::ControlCharacter,
            _ if char.is_whitespace() && !in_literal => signs |= Evasion::UnusualSpace,
            _ => {}
        }
    }
    signs
}

/// Names that mix Latin letters with letters that look like them.
fn of_scripts<'a>(text: &str, tokens: impl Iterator<Item = &'a Token>) -> EvasionSet {
    let is_name = |token: &&Token| matches!(token.kind, TokenKind::Word | TokenKind::QuotedName);
    let mixes = |token: &Token| {
        let name = token.text(text);
        !name.is_ascii()
            && name.split(|char: char| !char.is_alphanumeric()).any(|word| {
                let latin = word.bytes().any(|byte| byte.is_ascii_alphabetic());
                word.chars().any(|char| is_styled(char) || latin && is_lookalike(char))
            })
    };
    if tokens.filter(is_name).any(mixes) {
        return Evasion::MixedScript.into();
    }
    EvasionSet::NONE
}

/// Letters of the scripts whose letters are taken for Latin ones.
const fn is_lookalike(char: char) -> bool {
    matches!(char, '\u{370}'..='\u{58f}' | '\u{10a0}'..='\u{10ff}' | '\u{13a0}'..='\u{13ff}' | '\u{1f00}'..='\u{1fff}')
}

/// Latin letters in another dress: wide, bold, circled.
const fn is_styled(char: char) -> bool {
    matches!(char, '\u{2460}'..='\u{24ff}' | '\u{ff21}'..='\u{ff5a}' | '\u{1d400}'..='\u{1d7ff}' | '\u{1f130}'..='\u{1f189}')
}

// Tokens.

fn of_tokens(tokens: &[Token], text: &str, dialect: Dialect) -> EvasionSet {
    let mut signs = EvasionSet::NONE;
    let (mut codes, mut joints) = (0, 0);
    for (at, token) in tokens.iter().enumerate() {
        let behind = tokens.get(at + 1..).unwrap_or_default();
        let word = token.text(text);
        if token.kind == TokenKind::Word {
            if is_mixed_case(word) {
                signs |= Evasion::MixedCase;
            }
            if let [open, arguments @ ..] = behind
                && open.kind == TokenKind::Open
            {
                codes += character_codes(word, arguments, text);
                if codes >= MIN_CODES || decodes_a_literal(word, arguments, text) {
                    signs |= Evasion::EncodedText;
                }
                if let [left, comma, right, ..] = arguments
                    && comma.kind == TokenKind::Comma
                    && word.eq_ignore_ascii_case("concat")
                    && letters_of_a_word(left, right, text) > 2
                {
                    signs |= Evasion::SplitText;
                }
            }
        } else if token.kind == TokenKind::Text {
            if has_escaped_letters(word, dialect) {
                signs |= Evasion::EscapedText;
            }
            if hexadecimal(word).is_some_and(is_written_text) {
                signs |= Evasion::EncodedText;
            }
            let next = match behind {
                [joint, next, ..] if matches!(joint.text(text), "||" | "+") => Some(next),
                _ => behind.first(),
            };
            // Two single letters stand for themselves; more of them make a word.
            let letters = next.map_or(0, |next| letters_of_a_word(token, next, text));
            joints += usize::from(letters > 0);
            if letters > 2 || joints > 1 {
                signs |= Evasion::SplitText;
            }
        } else if token.kind == TokenKind::QuotedName && has_escaped_letters(word, dialect) {
            signs |= Evasion::EscapedText;
        } else if token.kind == TokenKind::Number
            && word.get(2..).filter(|_| starts_with(word, "0x")).is_some_and(is_written_text)
        {
            signs |= Evasion::EncodedText;
        }
    }
    signs
}

fn starts_with(text: &str, prefix: &str) -> bool {
    text.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix))
}

/// Keywords that scanners look for.
const KEYWORDS: &[&str] = &[
    "alter", "call", "copy", "create", "delete", "drop", "exec", "execute", "from", "grant",
    "group", "having", "insert", "into", "like", "limit", "merge", "null", "order", "revoke",
    "select", "sleep", "table", "truncate", "union", "update", "values", "where",
];

/// A keyword that is written neither small, nor large, nor with a large first letter.
fn is_mixed_case(word: &str) -> bool {
    let Some((first, rest)) = word.as_bytes().split_first() else { return false };
    let large = rest.iter().filter(|byte| byte.is_ascii_uppercase()).count();
    if large == 0 || large == rest.len() && first.is_ascii_uppercase() {
        return false;
    }
    KEYWORDS.iter().any(|keyword| word.eq_ignore_ascii_case(keyword))
}

/// Character codes that make a word; two or three make a line break.
const MIN_CODES: usize = 4;

/// How many codes of letters the arguments of a function of characters hold.
fn character_codes(function: &str, arguments: &[Token], text: &str) -> usize {
    const FUNCTIONS: &[&str] = &["char", "chr", "nchar", "char_from_code", "code_points_to_string"];
    if !FUNCTIONS.iter().any(|known| function.eq_ignore_ascii_case(known)) {
        return 0;
    }
    let arguments = arguments.iter().take_while(|token| token.kind != TokenKind::Close);
    let is_letter = |token: &&Token| {
        let number = token.text(text);
        let code = match number.get(2..).filter(|_| starts_with(number, "0x")) {
            Some(digits) => u8::from_str_radix(digits, 16),
            None => number.parse(),
        };
        token.kind == TokenKind::Number && code.is_ok_and(|code| code.is_ascii_graphic())
    };
    arguments.filter(is_letter).count()
}

/// Whether a function gives a text back that a literal hides.
fn decodes_a_literal(function: &str, arguments: &[Token], text: &str) -> bool {
    const DECODE: &[&str] = &[
        "base64_decode_string",
        "base64decode",
        "code_points_to_string",
        "convert_from",
        "from_base64",
        "from_hex",
        "hex_decode_string",
        "tryhex_decode_string",
        "unbase64",
        "unhex",
        "unistr",
        "url_decode",
        "utl_encode",
    ];
    let [first, rest @ ..] = arguments else { return false };
    if first.kind != TokenKind::Text || first.span.len() <= MIN_HIDDEN {
        return false;
    }
    if function.eq_ignore_ascii_case("decode") {
        let codes = ["'hex'", "'base64'", "'escape'"];
        return rest.get(1).is_some_and(|code| {
            codes.iter().any(|known| code.text(text).eq_ignore_ascii_case(known))
        });
    }
    DECODE.iter().any(|known| function.eq_ignore_ascii_case(known))
}

/// Bytes of a literal, its quotes included, that hide no word yet.
const MIN_HIDDEN: usize = 6;

/// The digits of `X'…'`.
fn hexadecimal(literal: &str) -> Option<&str> {
    starts_with(literal, "x'").then(|| literal.get(2..)?.strip_suffix('\'')).flatten()
}

/// Whether hexadecimal digits are a word or a sentence: letters and what stands between them.
fn is_written_text(digits: &str) -> bool {
    let value = |digit: u8| char::from(digit).to_digit(16);
    let mut letters = 0;
    let pairs = digits.as_bytes().chunks(2);
    let readable = pairs.clone().all(|pair| {
        let &[high, low] = pair else { return false };
        let (Some(high), Some(low)) = (value(high), value(low)) else { return false };
        let char = char::from_u32(high * 16 + low).unwrap_or_default();
        letters += usize::from(char.is_ascii_alphabetic());
        matches!(char, ' '..='~' | '\t' | '\n' | '\r')
    });
    readable && pairs.len() >= MIN_CODES && letters * 2 >= pairs.len()
}

/// Whether escapes stand for letters or digits, which need none.
fn has_escaped_letters(literal: &str, dialect: Dialect) -> bool {
    if memchr::memchr(b'\\', literal.as_bytes()).is_none() {
        return false;
    }
    let unicode = starts_with(literal, "u&");
    let plain_backslash = match dialect {
        Dialect::Postgres | Dialect::Redshift | Dialect::Duckdb => !starts_with(literal, "e'"),
        Dialect::Mssql | Dialect::Sqlite | Dialect::Oracle => true,
        Dialect::Mysql
        | Dialect::Mariadb
        | Dialect::Snowflake
        | Dialect::Bigquery
        | Dialect::Clickhouse
        | Dialect::Hive
        | Dialect::Spark
        | Dialect::Databricks => starts_with(literal, "r"),
    };
    if plain_backslash && !unicode {
        return false;
    }
    let is_letter = |digits: Option<&str>, radix| {
        let code = digits.and_then(|digits| u32::from_str_radix(digits, radix).ok());
        code.and_then(char::from_u32).is_some_and(|char| char.is_ascii_alphanumeric())
    };
    let mut rest = literal;
    while let Some((_, behind)) = rest.split_once('\\') {
        let escaped = match behind.as_bytes().first() {
            Some(b'x') => is_letter(behind.get(1..3), 16),
            Some(b'u') => is_letter(behind.get(1..5), 16),
            Some(b'U') => is_letter(behind.get(1..9), 16),
            Some(b'+') if unicode => is_letter(behind.get(1..7), 16),
            Some(b'0'..=b'9' | b'a'..=b'f' | b'A'..=b'F') if unicode => {
                is_letter(behind.get(..4), 16)
            }
            Some(b'0'..=b'7') => is_letter(behind.get(..3), 8),
            _ => false,
        };
        if escaped {
            return true;
        }
        // The character behind a backslash escapes nothing itself.
        let step = behind.chars().next().map_or(0, char::len_utf8);
        rest = behind.get(step..).unwrap_or_default();
    }
    false
}

/// The bytes of the word that two short literals make (`'DR' || 'OP'`); 0 where they make none.
fn letters_of_a_word(left: &Token, right: &Token, text: &str) -> usize {
    const LONGEST: usize = 10;
    let inside = |token: &Token| token.text(text).strip_prefix('\'')?.strip_suffix('\'');
    let (Some(left), Some(right)) = (inside(left), inside(right)) else { return 0 };
    let letter = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphabetic);
    let joins = letter(left.as_bytes().last()) && letter(right.as_bytes().first());
    if joins && left.len() <= LONGEST && right.len() <= LONGEST {
        return left.len() + right.len();
    }
    0
}

// Comments.

fn of_comments(reading: &Reading<'_>) -> EvasionSet {
    let text = reading.text.as_bytes();
    let byte = |at: usize| text.get(at).copied();
    // What a blank is needed, or usual, between.
    let joins = |byte: Option<u8>, brackets: &[u8; 2]| {
        byte.is_some_and(|byte| {
            byte.is_ascii_alphanumeric()
                || byte >= 0x80
                || b"_'\"`*".contains(&byte)
                || brackets.contains(&byte)
        })
    };
    let start = reading.statements.first().map_or(0, |statement| statement.span.start());
    let mut signs = EvasionSet::NONE;
    let mut lines_as_space = 0;
    let mut statements = reading.statements.iter().map(|statement| statement.span).peekable();
    let mut rest = reading.comments;
    while let Some((first, others)) = rest.split_first() {
        // Comments that touch are one piece.
        let (mut end, mut touching) = (first.end(), 1);
        rest = others;
        while let Some((next, others)) = rest.split_first()
            && next.start() == end
        {
            (end, touching, rest) = (next.end(), touching + 1, others);
        }
        while statements.next_if(|statement| statement.end() <= first.start()).is_some() {}
        let inside = statements.peek().is_some_and(|statement| statement.start() < first.start());
        let whole = reading.text.get(first.start()..first.end()).unwrap_or_default();
        let block = whole.starts_with("/*");
        let before = first.start().checked_sub(1).and_then(byte);
        if inside && joins(before, b")]") {
            if block && joins(byte(end), b"([") {
                signs |= Evasion::CommentAsSpace;
            } else if !block && joins(byte(end + 1), b"([") {
                lines_as_space += 1;
            }
        }
        if inside && touching > 1 {
            signs |= Evasion::StackedComments;
        }
        let inner = whole.get(2..).unwrap_or_default();
        let crossed = match block {
            true => inner.contains("/*"),
            false => inner.contains("/*") != inner.contains("*/"),
        };
        if crossed {
            signs |= Evasion::StackedComments;
        }
        if first.start() > start && cuts_a_clause(inner.trim_end_matches("*/")) {
            signs |= Evasion::CommentedOut;
        }
    }
    if lines_as_space > 1 {
        signs |= Evasion::CommentAsSpace;
    }
    signs
}

/// Whether a comment holds what would have gone on with the statement.
fn cuts_a_clause(inner: &str) -> bool {
    let inner = inner.trim_start_matches(['-', '#', '/', '*', ' ', '\t', '\r', '\n']);
    let word_end = inner.find(|char: char| !char.is_ascii_alphanumeric()).unwrap_or(inner.len());
    let (word, behind) = inner.split_at(word_end);
    if word.is_empty() {
        // The rest of a literal or of a bracket, which is closed before.
        return inner.starts_with(['\'', '"', ')', ';']) && behind.len() > 1;
    }
    let clause = ["and", "fetch", "having", "limit", "or", "where"];
    clause.iter().any(|known| word.eq_ignore_ascii_case(known))
        && behind.bytes().any(|byte| b"=<>".contains(&byte) || byte.is_ascii_digit())
}
