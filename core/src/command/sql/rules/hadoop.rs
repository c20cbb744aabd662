//! Hive, Spark and Databricks.

use super::{
    Body, BodyKind, DASHES, DollarStrings, Ends, Escapes, HeadWord, Holds, LineComment, Mark,
    Nesting, Operators, Placeholders, Rules, Sure, prefixed, quote,
};

/// Hive's language manual; HiveLexer.g (`StringLiteral`, `COMMENT`, `Identifier`).
pub(super) static HIVE: Rules = Rules {
    line_comments: &[LineComment { ends_at_cr: Sure::Varies, ..DASHES }],
    nested_comments: Nesting::Varies,
    quotes: &[
        quote("'", Holds::Text, Escapes::DoubledAndBackslash),
        quote("\"", Holds::Text, Escapes::DoubledAndBackslash),
        quote("`", Holds::Name, Escapes::Doubled),
    ],
    ..SPARK_RULES
};

/// Spark: SqlBaseLexer.g4 (`STRING_LITERAL`, `SIMPLE_COMMENT`, `BRACKETED_COMMENT`); checked on
/// 4.3. Since 3.0 a backslash carries a comment to the next line. Literals side by side are one.
pub(super) static SPARK: Rules = SPARK_RULES;

/// Databricks' SQL language reference; its grammar is Spark's.
pub(super) static DATABRICKS: Rules = SPARK_RULES;

const SPARK_RULES: Rules = Rules {
    line_comments: &[LineComment { ends_at_cr: Sure::Yes, continues: Sure::Varies, ..DASHES }],
    nested_comments: Nesting::Nested,
    runs_comments: false,
    quotes: &[
        quote("'", Holds::Text, Escapes::DoubledAndBackslash),
        quote("\"", Holds::Text, Escapes::DoubledAndBackslash),
        quote("`", Holds::Name, Escapes::Doubled),
        prefixed("r", "'", Holds::Text, Escapes::Never),
        prefixed("r", "\"", Holds::Text, Escapes::Never),
        prefixed("x", "'", Holds::Bytes, Escapes::Never),
        prefixed("x", "\"", Holds::Bytes, Escapes::Never),
    ],
    strings_continue: false,
    dollar_strings: DollarStrings::None,
    number_bases: &[],
    number_suffixes: &["l", "s", "y", "d", "f", "bd"],
    word_starts: b"",
    word_parts: b"",
    placeholders: Placeholders::Marks(&[Mark::Question, Mark::Colon]),
    operators: Operators::List(&[
        "<=>", "::", "||", "|>", "->", "=>", "==", "<<", ">>>", ">>", "<=", ">=", "<>", "!=", "+",
        "-", "*", "/", "%", "<", ">", "=", "|", "&", "^", "~", "!", ":",
    ]),
    brackets: b"[",
    bodies: &[Body { head: &[HeadWord::One(&["begin"])], kind: BodyKind::Program }],
    ends: Ends::Separator,
};
