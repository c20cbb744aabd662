//! Databases that live in a process: SQLite and DuckDB.

use super::{
    Body, BodyKind, DASHES, DollarStrings, Ends, Escapes, HeadWord, Holds, LineComment, Mark,
    Nesting, Operators, Placeholders, Quote, Rules, Sure, prefixed, quote,
};

/// SQLite 3.46: src/tokenize.c, src/parse.y (`trigger_cmd_list`).
pub(super) static SQLITE: Rules = Rules {
    line_comments: &[DASHES],
    nested_comments: Nesting::Flat,
    runs_comments: false,
    quotes: &[
        quote("'", Holds::Text, Escapes::Doubled),
        quote("\"", Holds::Name, Escapes::Doubled),
        quote("`", Holds::Name, Escapes::Doubled),
        Quote { prefix: "", open: "[", close: "]", holds: Holds::Name, escapes: Escapes::Never },
        prefixed("x", "'", Holds::Bytes, Escapes::Never),
    ],
    strings_continue: false,
    dollar_strings: DollarStrings::None,
    number_bases: &[(b'x', 16)],
    number_suffixes: &[],
    word_starts: b"",
    word_parts: b"$",
    placeholders: Placeholders::Sqlite,
    operators: Operators::List(&[
        "->>", "->", "||", "<<", ">>", "<=", ">=", "<>", "!=", "==", "+", "-", "*", "/", "%", "<",
        ">", "=", "|", "&", "~",
    ]),
    brackets: b"",
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
    ends: Ends::Separator,
};

/// DuckDB 2.0 and 1.x: their scanner is PostgreSQL's (third_party/libpg_query/scan.l), or made
/// after it, with `?`, `$name`, `#1` and braces. Checked with `extract_statements` of 2.0.1.
pub(super) static DUCKDB: Rules = Rules {
    line_comments: &[LineComment { ends_at_cr: Sure::Yes, ..DASHES }],
    nested_comments: Nesting::Nested,
    runs_comments: false,
    quotes: &[
        quote("'", Holds::Text, Escapes::Doubled),
        quote("\"", Holds::Name, Escapes::Doubled),
        // An operator's character in 1.x.
        quote("`", Holds::Name, Escapes::PlainInside),
        prefixed("n", "'", Holds::Text, Escapes::Doubled),
        // 1.x reads `E'a'⏎'b\''` as PostgreSQL does, 2.0 reads its second part as a plain string.
        prefixed("e", "'", Holds::Text, Escapes::DoubledAndBackslashAlone),
        prefixed("b", "'", Holds::Bytes, Escapes::Never),
        prefixed("x", "'", Holds::Bytes, Escapes::Never),
    ],
    strings_continue: true,
    dollar_strings: DollarStrings::Tagged,
    number_bases: &[(b'x', 16), (b'o', 8), (b'b', 2)],
    number_suffixes: &[],
    word_starts: b"",
    word_parts: b"$",
    placeholders: Placeholders::Marks(&[Mark::Question, Mark::Dollar]),
    operators: Operators::Run(b"~!@#^&|+-*/%<>="),
    brackets: b"[{",
    bodies: &[],
    ends: Ends::Separator,
};
