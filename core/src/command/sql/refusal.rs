//! Why a text is not handed on as statements.

use crate::primitives::Span;

macro_rules! refusals {
    ($($variant:ident = $code:literal, $meaning:literal, $help:literal;)*) => {
        /// Why a text is not handed on as statements, with the bytes that decided it.
        ///
        /// The codes are those of [`Reason`](crate::facts::Reason), one to one.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[non_exhaustive]
        pub enum Refusal { $(#[doc = $meaning] $variant(Span),)* }

        impl Refusal {
            /// Every code with its meaning.
            pub const CODES: &'static [(&'static str, &'static str)] = &[$(($code, $meaning),)*];

            /// The stable code.
            #[must_use]
            pub const fn code(self) -> &'static str {
                match self { $(Self::$variant(_) => $code,)* }
            }

            /// The bytes of the command that decided it.
            #[must_use]
            pub const fn span(self) -> Span {
                match self { $(Self::$variant(span) => span,)* }
            }

            /// What the author of the command can do.
            #[must_use]
            pub const fn help(self) -> &'static str {
                match self { $(Self::$variant(_) => $help,)* }
            }
        }
    };
}

refusals! {
    ReaderAbsent = "reader_absent", "no reader for this protocol is built in",
        "ask for a dialect that is read, or let a rule decide about unread commands";
    NotText = "not_text", "the bytes are not valid UTF-8 text", "send the command as UTF-8";
    TooLong = "too_long", "the command is longer than the bound", "send smaller commands";
    TooManyTokens = "too_many_tokens", "the command has more tokens than the bound",
        "send smaller commands, or bind the values of a long list as one parameter";
    TooManyStatements = "too_many_statements", "the command has more statements than the bound",
        "send a long script in parts";
    TooDeep = "too_deep", "brackets or blocks nest deeper than the bound",
        "split the statement, or name its inner queries in a WITH clause";
    TooChained = "too_chained", "a run of operators is longer than the bound",
        "replace the chain by a list: `IN (…)`, VALUES, or a bound array";
    Unterminated = "unterminated", "a string, comment, quoted name or bracket has no end",
        "close it; a bracket must be closed before the statement ends";
    StrangeByte = "strange_byte",
        "a control, invisible or non-ASCII space character stands outside literals",
        "retype the character; use plain spaces and line breaks";
    ForeignPlaceholder = "foreign_placeholder", "a placeholder style that the dialect does not have",
        "use the server's own placeholders";
    ReadingsDisagree = "readings_disagree", "two readings of the text differ",
        "write the marked part in the plainest notation that the server has";
    ExecutableComment = "executable_comment",
        "a comment that some releases of the server run, and that cannot be read both ways",
        "write what it holds outside of the comment, or leave it out";
    ParserStateUnknown = "parser_state_unknown",
        "the session's state changes how the text is read, and it is not known",
        "tell the session's settings, or avoid backslashes in plain strings";
}
