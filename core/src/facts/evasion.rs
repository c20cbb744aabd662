//! Signs that a command was written to be read in two ways, or not to be read at all.

use std::ops::{BitOr, BitOrAssign};

/// One sign of evasion.
///
/// A sign says how a text is written, never what it does: facts are as sure with it as without.
/// Honest texts hardly show one, generated attacks show many.
///
/// # Examples
/// ```
/// use placet::command::Protocol;
/// use placet::facts::{self, Evasion, Scope};
/// use placet::schema::SqlSession;
///
/// let session = SqlSession::server_defaults();
/// let scope = Scope { catalog: None, session: &session };
/// let mysql = Protocol::parse("mysql").unwrap();
/// let facts = facts::read(mysql, b"sElEcT/**/name/**/from users", &scope);
/// assert!(facts.evasion.contains(Evasion::CommentAsSpace));
/// assert!(facts.evasion.contains(Evasion::MixedCase));
/// assert_eq!(Evasion::parse("mixed_case"), Some(Evasion::MixedCase));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u16)]
pub enum Evasion {
    /// A comment that the server runs, or that some of its releases run.
    ExecutableComment = 1 << 0,
    /// A comment that holds the end of a clause: a condition, a bound, the rest of a literal.
    CommentedOut = 1 << 1,
    /// Nothing but a comment between two words.
    CommentAsSpace = 1 << 2,
    /// Several comments in a row inside a statement, a comment in a comment, or a comment that
    /// holds one mark of another.
    StackedComments = 1 << 3,
    /// A blank that is no space, tab or line break.
    UnusualSpace = 1 << 4,
    /// A control character.
    ControlCharacter = 1 << 5,
    /// A character that is not seen, or that turns the direction of what is.
    FormatCharacter = 1 << 6,
    /// A word with letters that look like those of another script.
    MixedScript = 1 << 7,
    /// Plain letters or digits that are written as escapes.
    EscapedText = 1 << 8,
    /// A text that is written in hexadecimal, in Base64 or as character codes.
    EncodedText = 1 << 9,
    /// A word that is put together from short literals.
    SplitText = 1 << 10,
    /// A keyword with capitals inside.
    MixedCase = 1 << 11,
}

impl Evasion {
    /// Every sign, in the order of the specification.
    pub const ALL: &'static [Self] = &[
        Self::ExecutableComment,
        Self::CommentedOut,
        Self::CommentAsSpace,
        Self::StackedComments,
        Self::UnusualSpace,
        Self::ControlCharacter,
        Self::FormatCharacter,
        Self::MixedScript,
        Self::EscapedText,
        Self::EncodedText,
        Self::SplitText,
        Self::MixedCase,
    ];

    /// The word of the specification.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::ExecutableComment => "executable_comment",
            Self::CommentedOut => "commented_out",
            Self::CommentAsSpace => "comment_as_space",
            Self::StackedComments => "stacked_comments",
            Self::UnusualSpace => "unusual_space",
            Self::ControlCharacter => "control_character",
            Self::FormatCharacter => "format_character",
            Self::MixedScript => "mixed_script",
            Self::EscapedText => "escaped_text",
            Self::EncodedText => "encoded_text",
            Self::SplitText => "split_text",
            Self::MixedCase => "mixed_case",
        }
    }

    /// The sign that `name` stands for.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|sign| sign.name() == name)
    }
}

/// A set of signs.
///
/// # Examples
/// ```
/// # use placet::facts::{Evasion, EvasionSet};
/// let signs = Evasion::MixedCase | Evasion::SplitText;
/// assert!(signs.contains(Evasion::SplitText) && !signs.is_empty());
/// assert_eq!(signs.iter().map(Evasion::name).collect::<Vec<_>>(), ["split_text", "mixed_case"]);
/// assert_eq!(EvasionSet::default(), EvasionSet::NONE);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct EvasionSet(u16);

impl EvasionSet {
    /// No sign.
    pub const NONE: Self = Self(0);

    /// Whether `sign` is in the set.
    #[must_use]
    pub const fn contains(self, sign: Evasion) -> bool {
        self.0 & sign as u16 != 0
    }

    /// Whether the set holds no sign.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Number of signs in the set.
    #[must_use]
    pub const fn len(self) -> u32 {
        self.0.count_ones()
    }

    /// The signs of the set, in the order of the specification.
    pub fn iter(self) -> impl Iterator<Item = Evasion> {
        Evasion::ALL.iter().copied().filter(move |sign| self.contains(*sign))
    }
}

impl From<Evasion> for EvasionSet {
    fn from(sign: Evasion) -> Self {
        Self(sign as u16)
    }
}

impl BitOr for EvasionSet {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl BitOr for Evasion {
    type Output = EvasionSet;

    fn bitor(self, other: Self) -> EvasionSet {
        EvasionSet::from(self) | EvasionSet::from(other)
    }
}

impl<T: Into<Self>> BitOrAssign<T> for EvasionSet {
    fn bitor_assign(&mut self, other: T) {
        self.0 |= other.into().0;
    }
}
