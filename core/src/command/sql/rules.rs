//! What a server's own scanner does, as tables: one `Rules` a dialect, read by one lexer.

use crate::command::{Dialect, Reader};

/// How a server cuts text into tokens and tokens into statements.
#[derive(Debug)]
pub(super) struct Rules {
    /// Whether `/* /* */ */` is one comment.
    pub nested_comments: bool,
    /// Whether a carriage return ends a `--` comment, as a line feed does.
    pub comment_ends_at_cr: bool,
    /// Notations of quoted names.
    pub name_quotes: &'static [NameQuote],
    /// Letters that may stand directly before a quote and change what it opens.
    pub prefixes: &'static [Prefix],
    /// Whether `'a'`, a line break and `'b'` are one literal.
    pub strings_continue: bool,
    /// Whether `$tag$ … $tag$` is a literal.
    pub dollar_strings: bool,
    /// Letters behind a leading zero that open a number of another base, with that base.
    pub number_bases: &'static [(u8, u32)],
    /// Notations of placeholders.
    pub placeholders: Placeholders,
    /// How characters join to operators.
    pub operators: Operators,
    /// Whether `[` and `]` are brackets (a subscript).
    pub square_brackets: bool,
    /// Statements that hold `;` inside.
    pub bodies: &'static [Body],
}

/// One notation of quoted names.
#[derive(Debug)]
pub(super) struct NameQuote {
    pub open: u8,
    pub close: u8,
    /// Whether the closing character written twice stands for itself.
    pub doubled: bool,
}

/// A prefix of a string or of a quoted name.
#[derive(Debug)]
pub(super) struct Prefix {
    /// Lower case.
    pub letters: &'static str,
    pub quote: u8,
    pub escapes: Escapes,
}

/// How a string's inside is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Escapes {
    /// None: the first quote ends it.
    Never,
    /// A doubled quote only.
    Doubled,
    /// A doubled quote, and a backslash that takes the next character with it.
    Backslash,
    /// As the session's `standard_conforming_strings` says.
    Session,
    /// A doubled quote only while `standard_conforming_strings` is on; an error when it is off.
    Unicode,
}

/// The placeholders of a dialect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Placeholders {
    /// `$1`.
    DollarNumber,
    /// `?`, `?1`, `:a`, `@a`, `$a`, `$a::b(c)`.
    Sqlite,
}

/// How operator characters join.
#[derive(Clone, Copy, Debug)]
pub(super) enum Operators {
    /// PostgreSQL: the longest run of these characters, cut before a comment, without a trailing
    /// `+` or `-` unless one of `~!@#^&|`?%` stands in it.
    Run(&'static [u8]),
    /// The longest of these words.
    List(&'static [&'static str]),
}

/// A statement that holds `;` inside.
#[derive(Debug)]
pub(super) struct Body {
    /// Its first words.
    pub head: &'static [HeadWord],
    pub kind: BodyKind,
}

/// One word at the start of a statement.
#[derive(Debug)]
pub(super) enum HeadWord {
    /// One of these must stand here.
    One(&'static [&'static str]),
    /// One of these may stand here.
    Maybe(&'static [&'static str]),
}

/// Where the `;` are that do not end the statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BodyKind {
    /// Between these words and an `END` that directly follows a `;`, outside brackets. Without
    /// the words, a `;` ends the statement.
    Block(&'static [&'static str]),
    /// The same, and a `;` before these words is an error of the server.
    MandatoryBlock(&'static [&'static str]),
    /// Inside brackets.
    Brackets,
}

impl Rules {
    /// The table of a dialect, where there is one.
    pub(super) const fn of(dialect: Dialect) -> Option<&'static Self> {
        let Some(reader) = dialect.reader() else { return None };
        Some(match reader {
            Reader::Postgres => &POSTGRES,
            Reader::Sqlite => &SQLITE,
        })
    }

    /// Whether `byte` may be part of an operator.
    pub(super) fn is_operator_byte(&self, byte: u8) -> bool {
        match self.operators {
            Operators::Run(bytes) => bytes.contains(&byte),
            Operators::List(words) => words.iter().any(|word| word.as_bytes().contains(&byte)),
        }
    }
}

/// PostgreSQL 16: src/backend/parser/scan.l, gram.y (`toplevel_stmt`, `routine_body_stmt_list`,
/// `RuleActionMulti`). Older releases differ where a number runs into a word; that is refused.
static POSTGRES: Rules = Rules {
    nested_comments: true,
    comment_ends_at_cr: true,
    name_quotes: &[NameQuote { open: b'"', close: b'"', doubled: true }],
    prefixes: &[
        Prefix { letters: "", quote: b'\'', escapes: Escapes::Session },
        Prefix { letters: "n", quote: b'\'', escapes: Escapes::Session },
        Prefix { letters: "e", quote: b'\'', escapes: Escapes::Backslash },
        Prefix { letters: "b", quote: b'\'', escapes: Escapes::Never },
        Prefix { letters: "x", quote: b'\'', escapes: Escapes::Never },
        Prefix { letters: "u&", quote: b'\'', escapes: Escapes::Unicode },
        Prefix { letters: "u&", quote: b'"', escapes: Escapes::Unicode },
    ],
    strings_continue: true,
    dollar_strings: true,
    number_bases: &[(b'x', 16), (b'o', 8), (b'b', 2)],
    placeholders: Placeholders::DollarNumber,
    operators: Operators::Run(b"~!@#^&|`?+-*/%<>="),
    square_brackets: true,
    bodies: &[
        Body {
            head: &[
                HeadWord::One(&["create"]),
                HeadWord::Maybe(&["or"]),
                HeadWord::Maybe(&["replace"]),
                HeadWord::One(&["function", "procedure"]),
            ],
            kind: BodyKind::Block(&["begin", "atomic"]),
        },
        Body {
            head: &[
                HeadWord::One(&["create"]),
                HeadWord::Maybe(&["or"]),
                HeadWord::Maybe(&["replace"]),
                HeadWord::One(&["rule"]),
            ],
            kind: BodyKind::Brackets,
        },
    ],
};

/// SQLite 3.46: src/tokenize.c, src/parse.y (`trigger_cmd_list`).
static SQLITE: Rules = Rules {
    nested_comments: false,
    comment_ends_at_cr: false,
    name_quotes: &[
        NameQuote { open: b'"', close: b'"', doubled: true },
        NameQuote { open: b'`', close: b'`', doubled: true },
        NameQuote { open: b'[', close: b']', doubled: false },
    ],
    prefixes: &[
        Prefix { letters: "", quote: b'\'', escapes: Escapes::Doubled },
        Prefix { letters: "x", quote: b'\'', escapes: Escapes::Never },
    ],
    strings_continue: false,
    dollar_strings: false,
    number_bases: &[(b'x', 16)],
    placeholders: Placeholders::Sqlite,
    operators: Operators::List(&[
        "->>", "->", "||", "<<", ">>", "<=", ">=", "<>", "!=", "==", "+", "-", "*", "/", "%", "<",
        ">", "=", "|", "&", "~",
    ]),
    square_brackets: false,
    bodies: &[Body {
        head: &[
            HeadWord::Maybe(&["explain"]),
            HeadWord::Maybe(&["query"]),
            HeadWord::Maybe(&["plan"]),
            HeadWord::One(&["create"]),
            HeadWord::Maybe(&["temp", "temporary"]),
            HeadWord::One(&["trigger"]),
        ],
        kind: BodyKind::MandatoryBlock(&["begin"]),
    }],
};
