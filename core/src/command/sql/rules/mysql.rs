//! MySQL and MariaDB.

use super::{
    Behind, Body, BodyKind, DollarStrings, Ends, Escapes, HeadWord, Holds, LineComment, Mark,
    Nesting, Operators, Placeholders, Quote, Rules, Sure, prefixed, quote,
};

/// MySQL 8: sql/sql_lex.cc (`lex_one_token`), sql/sql_yacc.yy. Comments that the server runs are
/// taken out before the text is cut.
pub(super) static MYSQL: Rules = RULES;

/// MariaDB 10.11: sql/sql_lex.cc, sql/sql_yacc.yy.
pub(super) static MARIADB: Rules = RULES;

const RULES: Rules = Rules {
    line_comments: &[
        LineComment { mark: "--", then: Behind::Blank, ends_at_cr: Sure::No, continues: Sure::No },
        LineComment {
            mark: "#",
            then: Behind::Anything,
            ends_at_cr: Sure::No,
            continues: Sure::No,
        },
    ],
    nested_comments: Nesting::Flat,
    runs_comments: true,
    quotes: QUOTES,
    strings_continue: false,
    dollar_strings: DollarStrings::None,
    number_bases: &[(b'x', 16), (b'b', 2)],
    number_suffixes: &[],
    word_starts: b"$@",
    word_parts: b"$",
    placeholders: Placeholders::Marks(&[Mark::Question]),
    operators: Operators::List(&[
        "->>", "<=>", "->", "||", "&&", "<<", ">>", "<=", ">=", "<>", "!=", ":=", "+", "-", "*",
        "/", "%", "<", ">", "=", "|", "&", "^", "~", "!", "@", ":",
    ]),
    brackets: b"{",
    bodies: BODIES,
    ends: Ends::ClientDelimiter,
};

const QUOTES: &[Quote] = &[
    quote("'", Holds::Text, Escapes::Session),
    quote("\"", Holds::NameIfAnsi, Escapes::Session),
    quote("`", Holds::Name, Escapes::Doubled),
    prefixed("n", "'", Holds::Text, Escapes::Session),
    prefixed("b", "'", Holds::Bytes, Escapes::Never),
    prefixed("x", "'", Holds::Bytes, Escapes::Never),
];

/// Stored programs, and the compound statements that MariaDB runs outside of them.
const BODIES: &[Body] = &[
    Body {
        head: &[
            HeadWord::One(&["create", "alter"]),
            HeadWord::Any,
            HeadWord::One(&["procedure", "function", "trigger", "event", "package"]),
        ],
        kind: BodyKind::Program,
    },
    Body { head: &[HeadWord::One(&["begin"]), HeadWord::One(&["not"])], kind: BodyKind::Program },
    // MariaDB: settings for one statement, which may be any.
    Body {
        head: &[HeadWord::One(&["set"]), HeadWord::One(&["statement"])],
        kind: BodyKind::Program,
    },
    Body {
        head: &[HeadWord::One(&["if", "case", "loop", "while", "repeat", "for"])],
        kind: BodyKind::Program,
    },
];
