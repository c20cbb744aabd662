//! Why a command was not understood better.

macro_rules! reasons {
    ($($variant:ident = $code:literal, $meaning:literal;)*) => {
        /// Why a command was not understood better. Codes are stable for ever.
        ///
        /// # Examples
        /// ```
        /// use placet::facts::Reason;
        /// assert_eq!(Reason::TooDeep.code(), "too_deep");
        /// assert_eq!(Reason::TooDeep.meaning(), "brackets or blocks nest deeper than the bound");
        /// ```
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum Reason { $(#[doc = $meaning] $variant,)* }

        impl Reason {
            /// Every reason with its code and its meaning.
            pub const ALL: &'static [(Self, &'static str, &'static str)] =
                &[$((Self::$variant, $code, $meaning),)*];

            /// The code of the specification.
            #[must_use]
            pub const fn code(self) -> &'static str {
                match self { $(Self::$variant => $code,)* }
            }

            /// What it means, in one line.
            #[must_use]
            pub const fn meaning(self) -> &'static str {
                match self { $(Self::$variant => $meaning,)* }
            }
        }
    };
}

reasons! {
    ReaderAbsent = "reader_absent", "no reader for this protocol is built in";
    NotText = "not_text", "the bytes are not valid UTF-8 text";
    TooLong = "too_long", "the command is longer than the bound";
    TooManyTokens = "too_many_tokens", "the command has more tokens than the bound";
    TooManyStatements = "too_many_statements", "the command has more statements than the bound";
    TooDeep = "too_deep", "brackets or blocks nest deeper than the bound";
    TooChained = "too_chained", "a run of operators is longer than the bound";
    Unterminated = "unterminated", "a string, comment, quoted name or bracket has no end";
    StrangeByte = "strange_byte", "a control, invisible or non-ASCII space character stands outside literals";
    ForeignPlaceholder = "foreign_placeholder", "a placeholder style that the dialect does not have";
    ReadingsDisagree = "readings_disagree", "two readings of the text differ";
    ExecutableComment = "executable_comment", "a comment that some releases of the server run, and that cannot be read both ways";
    ParserStateUnknown = "parser_state_unknown", "the session's state changes how the text is read, and it is not known";
    NotParsed = "not_parsed", "the grammar does not cover the text";
    HeadOnly = "head_only", "only the first words are understood; effects are an upper bound";
    UnknownStatement = "unknown_statement", "a statement of a kind that is not in the tables";
    UnknownFunction = "unknown_function", "a function whose effects are not known";
    DynamicCode = "dynamic_code", "code that is made while it runs";
    OpaqueCode = "opaque_code", "code in a language that is not read";
    NestedTooDeep = "nested_too_deep", "code inside code beyond the bound";
    UnknownPrepared = "unknown_prepared", "a prepared statement that this session is not known to hold";
}
