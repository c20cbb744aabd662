//! Microsoft SQL Server.

use super::{
    Body, BodyKind, DASHES, DollarStrings, Ends, Escapes, HeadWord, Holds, LineComment, Mark,
    Nesting, Operators, Placeholders, Quote, Rules, Sure, prefixed, quote,
};

/// Transact-SQL reference, "Comments", "Constants", "Database identifiers". Statements need no
/// separator between them.
pub(super) static MSSQL: Rules = Rules {
    // Whether a carriage return alone ends a line is not documented.
    line_comments: &[LineComment { ends_at_cr: Sure::Varies, ..DASHES }],
    nested_comments: Nesting::Nested,
    runs_comments: false,
    quotes: &[
        quote("'", Holds::Text, Escapes::Doubled),
        quote("\"", Holds::NameIfAnsi, Escapes::Doubled),
        Quote { prefix: "", open: "[", close: "]", holds: Holds::Name, escapes: Escapes::Doubled },
        prefixed("n", "'", Holds::Text, Escapes::Doubled),
    ],
    strings_continue: false,
    dollar_strings: DollarStrings::None,
    number_bases: &[(b'x', 16)],
    number_suffixes: &[],
    word_starts: b"@#$",
    word_parts: b"@$#",
    placeholders: Placeholders::Marks(&[Mark::Question]),
    operators: Operators::List(&[
        "::", "<=", ">=", "<>", "!=", "!<", "!>", "+=", "-=", "*=", "/=", "%=", "&=", "|=", "^=",
        "||", "+", "-", "*", "/", "%", "<", ">", "=", "|", "&", "^", "~", ":",
    ]),
    brackets: b"{",
    bodies: &[Body {
        head: &[
            HeadWord::One(&["create", "alter"]),
            HeadWord::Maybe(&["or"]),
            HeadWord::Maybe(&["alter"]),
            HeadWord::One(&["procedure", "proc", "function", "trigger", "view"]),
        ],
        kind: BodyKind::Rest,
    }],
    ends: Ends::NextStatement,
};
