//! Snowflake, BigQuery and ClickHouse.

use super::{
    Behind, Body, BodyKind, DASHES, DollarStrings, Ends, Escapes, HeadWord, Holds, LineComment,
    Mark, Nesting, Operators, Placeholders, Quote, Rules, Sure, prefixed, quote,
};

/// Snowflake's SQL reference, "String & binary data types", "Identifiers", "Comments".
pub(super) static SNOWFLAKE: Rules = Rules {
    line_comments: &[
        LineComment { ends_at_cr: Sure::Varies, ..DASHES },
        LineComment { mark: "//", ends_at_cr: Sure::Varies, ..DASHES },
    ],
    nested_comments: Nesting::Varies,
    runs_comments: false,
    quotes: &[
        quote("'", Holds::Text, Escapes::DoubledAndBackslash),
        quote("\"", Holds::Name, Escapes::Doubled),
        prefixed("x", "'", Holds::Bytes, Escapes::Never),
    ],
    strings_continue: false,
    dollar_strings: DollarStrings::Bare,
    number_bases: &[],
    number_suffixes: &[],
    word_starts: b"",
    word_parts: b"$",
    placeholders: Placeholders::Marks(&[Mark::Question, Mark::Colon, Mark::Dollar]),
    operators: Operators::List(&[
        "->>", "::", ":=", "||", "=>", "<=", ">=", "<>", "!=", "->", "+", "-", "*", "/", "%", "<",
        ">", "=", "|", "&", "^", "~", ":", "@", "!",
    ]),
    brackets: b"[{",
    bodies: &[
        Body {
            head: &[
                HeadWord::One(&["create"]),
                HeadWord::Any,
                HeadWord::One(&["procedure", "function", "task"]),
            ],
            kind: BodyKind::Program,
        },
        BLOCK,
        Body { head: &[HeadWord::One(&["declare"])], kind: BodyKind::Declared },
        CONTROL,
    ],
    ends: Ends::Separator,
};

/// GoogleSQL's "Lexical structure and syntax", "Procedural language".
pub(super) static BIGQUERY: Rules = Rules {
    line_comments: &[
        LineComment { ends_at_cr: Sure::Varies, ..DASHES },
        LineComment { mark: "#", ends_at_cr: Sure::Varies, ..DASHES },
    ],
    nested_comments: Nesting::Flat,
    runs_comments: false,
    quotes: BIGQUERY_QUOTES,
    strings_continue: false,
    dollar_strings: DollarStrings::None,
    number_bases: &[(b'x', 16)],
    number_suffixes: &[],
    word_starts: b"@",
    word_parts: b"",
    placeholders: Placeholders::Marks(&[Mark::Question]),
    operators: Operators::List(&[
        "||", "|>", "=>", "<<", ">>", "<=", ">=", "<>", "!=", "->", "+", "-", "*", "/", "<", ">",
        "=", "|", "&", "^", "~", ":",
    ]),
    brackets: b"[{",
    bodies: &[
        Body {
            head: &[HeadWord::One(&["create"]), HeadWord::Any, HeadWord::One(&["procedure"])],
            kind: BodyKind::Program,
        },
        BLOCK,
        CONTROL,
    ],
    ends: Ends::Separator,
};

const BIGQUERY_QUOTES: &[Quote] = &[
    quote("'''", Holds::Text, Escapes::Backslash),
    quote("\"\"\"", Holds::Text, Escapes::Backslash),
    quote("'", Holds::Text, Escapes::Backslash),
    quote("\"", Holds::Text, Escapes::Backslash),
    quote("`", Holds::Name, Escapes::Backslash),
    prefixed("r", "'''", Holds::Text, Escapes::Raw),
    prefixed("r", "\"\"\"", Holds::Text, Escapes::Raw),
    prefixed("r", "'", Holds::Text, Escapes::Raw),
    prefixed("r", "\"", Holds::Text, Escapes::Raw),
    prefixed("b", "'''", Holds::Bytes, Escapes::Backslash),
    prefixed("b", "\"\"\"", Holds::Bytes, Escapes::Backslash),
    prefixed("b", "'", Holds::Bytes, Escapes::Backslash),
    prefixed("b", "\"", Holds::Bytes, Escapes::Backslash),
    prefixed("rb", "'''", Holds::Bytes, Escapes::Raw),
    prefixed("rb", "\"\"\"", Holds::Bytes, Escapes::Raw),
    prefixed("rb", "'", Holds::Bytes, Escapes::Raw),
    prefixed("rb", "\"", Holds::Bytes, Escapes::Raw),
    prefixed("br", "'''", Holds::Bytes, Escapes::Raw),
    prefixed("br", "\"\"\"", Holds::Bytes, Escapes::Raw),
    prefixed("br", "'", Holds::Bytes, Escapes::Raw),
    prefixed("br", "\"", Holds::Bytes, Escapes::Raw),
];

/// ClickHouse: src/Parsers/Lexer.cpp; checked on 26.9.
pub(super) static CLICKHOUSE: Rules = Rules {
    line_comments: &[
        DASHES,
        LineComment { mark: "//", ..DASHES },
        LineComment { mark: "#", then: Behind::BlankOrBang, ..DASHES },
    ],
    nested_comments: Nesting::Nested,
    runs_comments: false,
    quotes: &[
        quote("'", Holds::Text, Escapes::DoubledAndBackslash),
        quote("\"", Holds::Name, Escapes::DoubledAndBackslash),
        quote("`", Holds::Name, Escapes::DoubledAndBackslash),
        prefixed("x", "'", Holds::Bytes, Escapes::Never),
        prefixed("b", "'", Holds::Bytes, Escapes::Never),
    ],
    strings_continue: false,
    dollar_strings: DollarStrings::Tagged,
    number_bases: &[(b'x', 16), (b'b', 2)],
    number_suffixes: &[],
    word_starts: b"",
    word_parts: b"$",
    placeholders: Placeholders::Marks(&[Mark::Question]),
    operators: Operators::List(&[
        "<=>", "::", "||", "->", "==", "<=", ">=", "<>", "!=", "@@", "+", "-", "*", "/", "%", "<",
        ">", "=", ":", "@", "^",
    ]),
    brackets: b"[{",
    bodies: &[],
    ends: Ends::Separator,
};

/// A block, where the word does not begin a transaction.
const BLOCK: Body = Body {
    head: &[HeadWord::One(&["begin"]), HeadWord::Not(&["transaction", "work", "name"])],
    kind: BodyKind::Program,
};

/// Statements of control flow outside of blocks.
const CONTROL: Body = Body {
    head: &[HeadWord::One(&["if", "case", "loop", "while", "repeat", "for"])],
    kind: BodyKind::Program,
};
