//! What a server's own scanner does, as tables: one `Rules` a dialect, read by one lexer.

mod cloud;
mod embedded;
mod hadoop;
mod mssql;
mod mysql;
mod oracle;
mod postgres;

use crate::command::Dialect;

/// How a server cuts text into tokens and tokens into statements.
#[derive(Debug)]
pub(super) struct Rules {
    /// Marks that open a comment to the end of the line.
    pub line_comments: &'static [LineComment],
    /// Whether `/* /* */ */` is one comment.
    pub nested_comments: Nesting,
    /// Whether the server runs the inside of `/*! … */`, or some of its releases do.
    pub runs_comments: bool,
    /// Strings and quoted names; a longer notation stands before one that it begins with.
    pub quotes: &'static [Quote],
    /// Whether `'a'`, a line break and `'b'` are one literal.
    pub strings_continue: bool,
    /// Literals between dollars.
    pub dollar_strings: DollarStrings,
    /// Letters behind a leading zero that open a number of another base, with that base.
    pub number_bases: &'static [(u8, u32)],
    /// Letters directly behind a number that say which type it has, in lower case.
    pub number_suffixes: &'static [&'static str],
    /// Bytes beside letters and `_` that a word may begin with.
    pub word_starts: &'static [u8],
    /// Bytes beside letters, digits and `_` that a word may hold.
    pub word_parts: &'static [u8],
    /// Notations of placeholders.
    pub placeholders: Placeholders,
    /// How characters join to operators.
    pub operators: Operators,
    /// Brackets beside the round ones, opening ones.
    pub brackets: &'static [u8],
    /// Statements that hold `;` inside.
    pub bodies: &'static [Body],
    /// What ends a statement beside `;`.
    pub ends: Ends,
}

/// A mark that opens a comment to the end of the line.
#[derive(Debug)]
pub(super) struct LineComment {
    pub mark: &'static str,
    /// What must stand behind the mark.
    pub then: Behind,
    /// Whether a carriage return ends it, as a line feed does.
    pub ends_at_cr: Sure,
    /// Whether a backslash before the line feed carries it to the next line.
    pub continues: Sure,
}

/// What must stand behind a mark.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Behind {
    Anything,
    /// A blank, a control character or the end of the text.
    Blank,
    /// A blank or `!`.
    BlankOrBang,
}

/// What is certain, and what varies over releases or is not documented: where it matters, the text
/// is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sure {
    Yes,
    No,
    Varies,
}

/// Comments inside comments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Nesting {
    Nested,
    Flat,
    /// Releases differ: a comment that opens another is refused.
    Varies,
}

/// One notation of a string or of a quoted name.
#[derive(Debug)]
pub(super) struct Quote {
    /// Letters directly before the opening mark, in lower case.
    pub prefix: &'static str,
    pub open: &'static str,
    pub close: &'static str,
    pub holds: Holds,
    pub escapes: Escapes,
}

/// What stands between quotes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Holds {
    /// A text.
    Text,
    /// Bytes or bits: no text of the server.
    Bytes,
    /// A name.
    Name,
    /// A name while the session has ANSI quotes, else a text.
    NameIfAnsi,
}

/// How the inside of a string or of a quoted name is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Escapes {
    /// None: the first closing mark ends it.
    Never,
    /// A closing mark written twice stands for itself.
    Doubled,
    /// A backslash takes the next character with it.
    Backslash,
    /// Both.
    DoubledAndBackslash,
    /// Both; releases differ on how a part behind a line break is read, so one is refused.
    DoubledAndBackslashAlone,
    /// Releases differ on whether the marks quote at all: refused, unless nothing but letters,
    /// digits, blanks and `_` stand inside.
    PlainInside,
    /// A backslash takes the next character with it as far as cutting goes, and stays.
    Raw,
    /// A closing mark written twice; a backslash as the session says.
    Session,
    /// A closing mark written twice; whether a backslash escapes varies over releases.
    BackslashVaries,
    /// A closing mark written twice, and hexadecimal escapes; an error where backslashes escape
    /// in plain strings.
    Unicode,
    /// Up to the counterpart of the first character, before the closing mark (`q'[…]'`).
    Delimited,
}

/// Literals between dollars.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum DollarStrings {
    None,
    /// `$$ … $$` only.
    Bare,
    /// `$tag$ … $tag$`.
    Tagged,
}

/// The placeholders of a dialect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Placeholders {
    /// `$1`.
    DollarNumber,
    /// `?`, `?1`, `:a`, `@a`, `$a`, `$a::b(c)`.
    Sqlite,
    /// One of these marks: alone, or with the word or number behind it.
    Marks(&'static [Mark]),
}

/// One notation of placeholders.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mark {
    /// `?`.
    Question,
    /// `:` before a name or number that stands where a value begins. It is no token of its own:
    /// the grammar tells it from other colons.
    Colon,
    /// `$` before a number or name.
    Dollar,
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

/// What ends a statement beside `;`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ends {
    /// Nothing.
    Separator,
    /// A delimiter that a `DELIMITER` line of the client has set.
    ClientDelimiter,
    /// The first word of the next statement, and a line that says `GO`.
    NextStatement,
    /// A line that says `/`.
    SlashLine,
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
    /// Any words may stand here, up to the next that must.
    Any,
    /// None of these, and no end of the statement, may stand here.
    Not(&'static [&'static str]),
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
    /// Inside compound statements, from the first word that opens one to the last `END`. Without
    /// one, a `;` ends the statement.
    Program,
    /// The same, and before the first of those words a `;` does not end it either: variables are
    /// declared there. Without one, the text is not read.
    Declared,
    /// All of them: it goes on to the end of the batch.
    Rest,
}

impl Rules {
    /// The table of a dialect.
    pub(super) const fn of(dialect: Dialect) -> &'static Self {
        match dialect {
            Dialect::Postgres => &postgres::POSTGRES,
            Dialect::Redshift => &postgres::REDSHIFT,
            Dialect::Mysql => &mysql::MYSQL,
            Dialect::Mariadb => &mysql::MARIADB,
            Dialect::Mssql => &mssql::MSSQL,
            Dialect::Sqlite => &embedded::SQLITE,
            Dialect::Duckdb => &embedded::DUCKDB,
            Dialect::Snowflake => &cloud::SNOWFLAKE,
            Dialect::Bigquery => &cloud::BIGQUERY,
            Dialect::Clickhouse => &cloud::CLICKHOUSE,
            Dialect::Oracle => &oracle::ORACLE,
            Dialect::Hive => &hadoop::HIVE,
            Dialect::Spark => &hadoop::SPARK,
            Dialect::Databricks => &hadoop::DATABRICKS,
        }
    }

    /// Whether `byte` may be part of an operator.
    pub(super) fn is_operator_byte(&self, byte: u8) -> bool {
        match self.operators {
            Operators::Run(bytes) => bytes.contains(&byte),
            Operators::List(words) => words.iter().any(|word| word.as_bytes().contains(&byte)),
        }
    }

    /// The notation of a string or quoted name that begins `here`.
    pub(super) fn quote(&self, here: &[u8]) -> Option<&'static Quote> {
        self.quotes.iter().find(|quote| {
            let prefix = quote.prefix.as_bytes();
            here.split_at_checked(prefix.len()).is_some_and(|(head, rest)| {
                rest.starts_with(quote.open.as_bytes()) && head.eq_ignore_ascii_case(prefix)
            })
        })
    }
}

/// `-- …` whatever stands behind, to the line feed.
const DASHES: LineComment =
    LineComment { mark: "--", then: Behind::Anything, ends_at_cr: Sure::No, continues: Sure::No };

/// A notation without a prefix.
const fn quote(open: &'static str, holds: Holds, escapes: Escapes) -> Quote {
    Quote { prefix: "", open, close: open, holds, escapes }
}

/// A notation with letters before it.
const fn prefixed(
    prefix: &'static str,
    open: &'static str,
    holds: Holds,
    escapes: Escapes,
) -> Quote {
    Quote { prefix, open, close: open, holds, escapes }
}
