//! PostgreSQL and what came of it.

use super::{
    Behind, Body, BodyKind, DollarStrings, Ends, Escapes, HeadWord, Holds, LineComment, Nesting,
    Operators, Placeholders, Quote, Rules, Sure, prefixed, quote,
};

/// PostgreSQL 16: src/backend/parser/scan.l, gram.y (`toplevel_stmt`, `routine_body_stmt_list`,
/// `RuleActionMulti`). Older releases differ where a number runs into a word; that is refused.
pub(super) static POSTGRES: Rules = Rules {
    line_comments: &[LineComment {
        mark: "--",
        then: Behind::Anything,
        ends_at_cr: Sure::Yes,
        continues: Sure::No,
    }],
    nested_comments: Nesting::Nested,
    runs_comments: false,
    quotes: &[
        quote("'", Holds::Text, Escapes::Session),
        quote("\"", Holds::Name, Escapes::Doubled),
        prefixed("n", "'", Holds::Text, Escapes::Session),
        prefixed("e", "'", Holds::Text, Escapes::DoubledAndBackslash),
        prefixed("b", "'", Holds::Bytes, Escapes::Never),
        prefixed("x", "'", Holds::Bytes, Escapes::Never),
        prefixed("u&", "'", Holds::Text, Escapes::Unicode),
        prefixed("u&", "\"", Holds::Name, Escapes::Unicode),
    ],
    strings_continue: true,
    dollar_strings: DollarStrings::Tagged,
    number_bases: &[(b'x', 16), (b'o', 8), (b'b', 2)],
    number_suffixes: &[],
    word_starts: b"",
    word_parts: b"$",
    placeholders: Placeholders::DollarNumber,
    operators: Operators::Run(OPERATORS),
    brackets: b"[",
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
    ends: Ends::Separator,
};

/// Amazon Redshift's Database Developer Guide, "Names and identifiers", "Literals". It grew from
/// PostgreSQL 8.0, where a backslash escapes in plain strings; today's clusters differ.
pub(super) static REDSHIFT: Rules = Rules {
    line_comments: &[LineComment {
        mark: "--",
        then: Behind::Anything,
        ends_at_cr: Sure::Varies,
        continues: Sure::No,
    }],
    nested_comments: Nesting::Nested,
    runs_comments: false,
    quotes: REDSHIFT_QUOTES,
    strings_continue: true,
    dollar_strings: DollarStrings::Tagged,
    number_bases: &[],
    number_suffixes: &[],
    word_starts: b"#",
    word_parts: b"$#",
    placeholders: Placeholders::DollarNumber,
    operators: Operators::Run(OPERATORS),
    brackets: b"[",
    bodies: &[],
    ends: Ends::Separator,
};

const REDSHIFT_QUOTES: &[Quote] = &[
    quote("'", Holds::Text, Escapes::BackslashVaries),
    quote("\"", Holds::Name, Escapes::Doubled),
    prefixed("n", "'", Holds::Text, Escapes::BackslashVaries),
    prefixed("e", "'", Holds::Text, Escapes::DoubledAndBackslash),
    prefixed("b", "'", Holds::Bytes, Escapes::Never),
    prefixed("x", "'", Holds::Bytes, Escapes::Never),
];

const OPERATORS: &[u8] = b"~!@#^&|`?+-*/%<>=";
