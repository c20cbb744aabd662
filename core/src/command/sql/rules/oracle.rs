//! Oracle Database.

use super::{
    Body, BodyKind, DASHES, DollarStrings, Ends, Escapes, HeadWord, Holds, LineComment, Mark,
    Nesting, Operators, Placeholders, Quote, Rules, Sure, prefixed, quote,
};

/// SQL Language Reference 23, "Literals", "Database Object Names and Qualifiers", "Comments"; PL/SQL
/// Language Reference. A unit of PL/SQL goes on to the end of the text, or to a line with `/`.
pub(super) static ORACLE: Rules = Rules {
    // Whether a carriage return alone ends a line is not documented.
    line_comments: &[LineComment { ends_at_cr: Sure::Varies, ..DASHES }],
    nested_comments: Nesting::Flat,
    runs_comments: false,
    quotes: &[
        quote("'", Holds::Text, Escapes::Doubled),
        quote("\"", Holds::Name, Escapes::Never),
        Quote {
            prefix: "q",
            open: "'",
            close: "'",
            holds: Holds::Text,
            escapes: Escapes::Delimited,
        },
        Quote {
            prefix: "nq",
            open: "'",
            close: "'",
            holds: Holds::Text,
            escapes: Escapes::Delimited,
        },
        prefixed("n", "'", Holds::Text, Escapes::Doubled),
    ],
    strings_continue: false,
    dollar_strings: DollarStrings::None,
    number_bases: &[],
    number_suffixes: &["d", "f"],
    word_starts: b"",
    word_parts: b"$#@",
    placeholders: Placeholders::Marks(&[Mark::Question, Mark::Colon]),
    operators: Operators::List(&[
        "||", "**", "=>", ":=", "<=", ">=", "<>", "!=", "^=", "~=", "..", "+", "-", "*", "/", "<",
        ">", "=", "|", ":", "%",
    ]),
    brackets: b"[",
    bodies: &[
        Body { head: &[HeadWord::One(&["begin", "declare"])], kind: BodyKind::Rest },
        Body {
            head: &[
                HeadWord::One(&["create"]),
                HeadWord::Any,
                HeadWord::One(&[
                    "procedure",
                    "function",
                    "package",
                    "trigger",
                    "type",
                    "java",
                    "library",
                ]),
            ],
            kind: BodyKind::Rest,
        },
        // A query with functions of its own.
        Body {
            head: &[HeadWord::One(&["with"]), HeadWord::One(&["function", "procedure"])],
            kind: BodyKind::Rest,
        },
    ],
    ends: Ends::SlashLine,
};
