//! What holds for every text.

use proptest::prelude::*;

use super::*;

const DIALECTS: &[Dialect] = Dialect::ALL;

fn sessions() -> [SqlSession; 4] {
    [
        (Some(true), Some("")),
        (Some(false), Some("ANSI_QUOTES")),
        (Some(true), Some("NO_BACKSLASH_ESCAPES")),
        (None, None),
    ]
    .map(|(standard, mode)| SqlSession {
        standard_conforming_strings: standard,
        sql_mode: mode.map(str::to_owned),
        ..SqlSession::server_defaults()
    })
}

/// Fragments that meet at every edge of the lexers.
const FRAGMENTS: &[&str] = &[
    "SELECT",
    "FROM",
    "WHERE",
    "CASE",
    "END",
    "BEGIN ATOMIC",
    "CREATE FUNCTION",
    "CREATE TRIGGER",
    "CREATE RULE",
    "CREATE PROCEDURE",
    "IF",
    "LOOP",
    "\nGO\n",
    "\n/\n",
    "\nDELIMITER //\n",
    "//",
    "/*!",
    "/*!50701",
    "q'[",
    "]'",
    "r'",
    "'''",
    "\"\"\"",
    "@@a",
    "##t",
    "}",
    "^",
    "&",
    "a",
    "b$c",
    "é",
    "x",
    "u&",
    "e",
    "n",
    "'",
    "''",
    "'a'",
    "E'\\''",
    "\\",
    "\"",
    "\"\"",
    "U&\"a\"",
    "`",
    "[",
    "]",
    "$",
    "$$",
    "$a$",
    "$1",
    "?",
    ":a",
    "::",
    ":=",
    "@a",
    "1",
    "0x1",
    "1e",
    "1.5",
    ".",
    "..",
    "(",
    ")",
    "{",
    ",",
    ";",
    "-",
    "--",
    "-- x\n",
    "-- x\r",
    "/*",
    "*/",
    "/**/",
    "/",
    "*",
    "+",
    "<=-",
    "->>",
    "!",
    "=",
    "%",
    "|",
    "#",
    "~",
    "\n",
    "\r",
    "\t",
    "\x0c",
    "\x0b",
    " ",
    "\u{a0}",
    "\u{200b}",
    "\u{202e}",
    "\0",
    "\u{ff}",
];

fn soup() -> impl Strategy<Value = String> {
    let fragment = prop_oneof![
        4 => prop::sample::select(FRAGMENTS).prop_map(str::to_owned),
        1 => any::<char>().prop_map(String::from),
    ];
    let spaced = (fragment, prop::sample::select(&["", " ", "", "\n"][..]));
    prop::collection::vec(spaced, 0..30)
        .prop_map(|parts| parts.into_iter().map(|(text, gap)| text + gap).collect())
}

/// A statement in pieces, so that what stands between them can be changed.
fn pieces() -> impl Strategy<Value = Vec<&'static str>> {
    let word = prop::sample::select(
        &[
            "SELECT", "a", "FROM", "t", "WHERE", "=", "1", "'it''s'", "\"Q\"", "(", ")", ",",
            "AND", "||", "1.5e3", "x'1F'", "INSERT", "INTO", "VALUES", "DELETE", "*",
        ][..],
    );
    prop::collection::vec(word, 1..20).prop_map(|mut words| {
        // Two strings in a row are one or two, as the blanks between them say.
        words.dedup_by(|a, b| a.ends_with('\'') && b.ends_with('\''));
        words
    })
}

fn words(text: &str, dialect: Dialect) -> Result<Vec<(TokenKind, String)>, &'static str> {
    let guard = guard(text.as_bytes(), dialect, &SqlSession::server_defaults());
    let guard = guard.map_err(Refusal::code)?;
    Ok(guard
        .tokens
        .iter()
        .map(|token| {
            let text = token.text(text);
            let fold = token.kind == TokenKind::Word;
            (token.kind, if fold { text.to_ascii_lowercase() } else { text.to_owned() })
        })
        .collect())
}

/// Whether a client takes a line for itself: `DELIMITER`, `GO`, and the slash of SQL*Plus, alone on its line.
fn has_client_lines(text: &str) -> bool {
    text.contains("DELIMITER") || text.contains("GO") || text.lines().any(|line| line.trim() == "/")
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(ProptestConfig::default().cases.max(512)))]

    /// Every byte is in exactly one piece, in order, and a refusal points into the text.
    #[test]
    fn pieces_partition_the_text(text in soup()) {
        for &dialect in DIALECTS {
            for session in sessions() {
                let text = text.replace('\0', "");
                let modes = Modes::of(dialect, &session);
                let mut lexer = Lexer::new(&text, Rules::of(dialect), modes);
                let mut at = 0;
                loop {
                    match lexer.next() {
                        Ok(Some(Piece::Blank(span) | Piece::Comment(span) | Piece::Token(Token { span, .. }))) => {
                            prop_assert_eq!(span.start(), at);
                            prop_assert!(!span.is_empty());
                            prop_assert!(text.is_char_boundary(span.end()));
                            at = span.end();
                        }
                        Ok(None) => {
                            prop_assert_eq!(at, text.len());
                            break;
                        }
                        Err(refusal) => {
                            prop_assert!(refusal.span().end() <= text.len());
                            prop_assert!(!refusal.span().is_empty());
                            break;
                        }
                    }
                }
            }
        }
    }

    /// Any text gets an answer, and its statements lie in it in order.
    #[test]
    fn any_text_is_answered(text in soup()) {
        for &dialect in DIALECTS {
            for session in sessions() {
                read(text.as_bytes(), dialect, &session, |reading| match reading {
                    Ok(reading) => {
                        let mut at = 0;
                        for statement in &reading.statements {
                            assert!(statement.span.start() >= at && !statement.tokens.is_empty());
                            at = statement.span.end();
                        }
                        assert!(at <= text.len());
                    }
                    Err(refusal) => assert!(refusal.span().end() <= text.len()),
                });
            }
        }
    }

    #[test]
    fn any_bytes_are_answered(bytes in prop::collection::vec(any::<u8>(), 0..60)) {
        for &dialect in DIALECTS {
            read(&bytes, dialect, &SqlSession::default(), |reading| reading.is_ok());
        }
    }

    /// Case, blanks and comments between tokens change no token.
    #[test]
    fn rewriting_keeps_the_tokens(
        pieces in pieces(),
        gaps in prop::collection::vec(
            prop::sample::select(&[" ", "\n", "\t ", "/* ; ' */", " -- ; '\n", "\r\n", "/**/\x0c"][..]), 20),
        upper in any::<bool>(),
    ) {
        let plain = pieces.join(" ");
        let mut changed = String::new();
        for (piece, gap) in pieces.iter().zip(gaps.iter().cycle()) {
            let is_word = piece.chars().all(char::is_alphabetic);
            let piece = if is_word && upper { piece.to_uppercase() } else { (*piece).to_owned() };
            changed.push_str(&piece);
            changed.push_str(gap);
        }
        for &dialect in DIALECTS {
            prop_assert_eq!(words(&plain, dialect), words(&changed, dialect), "{}", changed);
        }
    }

    /// Blanks, comments and the case of words change no fingerprint; another token does.
    #[test]
    fn fingerprints_follow_the_tokens(a in soup(), b in soup()) {
        let session = SqlSession::server_defaults();
        for &dialect in DIALECTS {
            let of = |text: &str| fingerprint(text.as_bytes(), dialect, &session, Literals::Values);
            let (Ok(left), Ok(right)) = (of(&a), of(&b)) else { continue };
            let case = |text: &str| text.to_ascii_lowercase();
            let tokens = |text: &str| -> Vec<_> {
                let words = words(text, dialect).unwrap();
                words.into_iter().map(|(kind, text)| (kind, case(&text))).collect()
            };
            if left == right {
                prop_assert_eq!(tokens(&a), tokens(&b));
            }
            if words(&a, dialect) == words(&b, dialect) {
                prop_assert_eq!(left, right);
            }
        }
    }

    /// `a ; b` is the tokens of `a`, the separator, and the tokens of `b`.
    #[test]
    fn a_separator_joins_token_streams(a in soup(), b in soup()) {
        for &dialect in DIALECTS {
            let (Ok(left), Ok(right)) = (words(&a, dialect), words(&b, dialect)) else { continue };
            // What the client's own lines do reaches further than a statement.
            let text = format!("{a}\n;{b}");
            if [&a, &b, &text].iter().any(|text| has_client_lines(text)) {
                continue;
            }
            // A comment to the end of the line would reach over the separator.
            let Ok(both) = words(&text, dialect) else { continue };
            let separator = (TokenKind::Semicolon, ";".to_owned());
            let expected: Vec<_> = left.into_iter().chain([separator]).chain(right).collect();
            prop_assert_eq!(both, expected);
        }
    }

    /// A statement's slice reads as the statement did within the whole.
    #[test]
    fn a_slice_reads_as_the_whole(text in soup()) {
        for &dialect in DIALECTS {
            let session = SqlSession::server_defaults();
            let Ok(whole) = guard(text.as_bytes(), dialect, &session) else { continue };
            for part in &whole.parts {
                let tokens = &whole.tokens[part.tokens.clone()];
                let span = span_of(tokens);
                let slice = span.of(text.as_bytes()).unwrap();
                // `--#` is two signs and a comment to MySQL, `--` at the end a comment.
                let slice_ends_in_signs = slice.ends_with(b"--");
                if slice_ends_in_signs || has_client_lines(std::str::from_utf8(slice).unwrap()) {
                    continue;
                }
                // What stands before may make a placeholder of `%` an operator; a refusal is safe.
                let Ok(alone) = guard(slice, dialect, &session) else { continue };
                prop_assert_eq!(alone.parts.len(), 1);
                prop_assert_eq!(alone.tokens.len(), tokens.len());
                prop_assert_eq!(alone.parts[0].height, part.height);
            }
        }
    }

    /// A literal's value, written again as a literal, has the same value.
    #[test]
    fn values_round_trip(value in "[^\0]{0,20}") {
        for (dialect, literal) in [
            (Dialect::Postgres, format!("'{}'", value.replace('\'', "''"))),
            (Dialect::Sqlite, format!("'{}'", value.replace('\'', "''"))),
            (Dialect::Postgres, format!("E'{}'", value.replace('\\', "\\\\").replace('\'', "\\'"))),
            (Dialect::Postgres, format!("U&'{}'", value.replace('\\', "\\\\").replace('\'', "''"))),
            (Dialect::Postgres, format!("$q${value}$q$")),
        ] {
            let read = guard(literal.as_bytes(), dialect, &SqlSession::server_defaults());
            let Ok(read) = read else {
                prop_assert!(value.contains('$'), "{}", literal);
                continue;
            };
            if read.tokens.len() == 1 {
                let decoded = text_value(&read.tokens[0], &literal, dialect, read.modes);
                prop_assert_eq!(decoded.as_deref(), Some(value.as_str()));
            } else {
                prop_assert!(value.contains('$'), "{}", literal);
            }
        }
    }
}
