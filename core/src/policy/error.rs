//! What can be wrong with a bundle. All problems are reported at once; a bundle with one is
//! refused whole.

use std::fmt;

use crate::primitives::Span;

macro_rules! codes {
    ($($variant:ident = $code:literal, $meaning:literal;)*) => {
        /// The kind of a problem in a bundle. Codes are stable for ever.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum CompileErrorKind { $(#[doc = $meaning] $variant,)* }

        impl CompileErrorKind {
            /// The stable code.
            #[must_use]
            pub const fn code(self) -> &'static str {
                match self { $(Self::$variant => $code,)* }
            }
        }

        impl CompileError {
            /// Every code with its meaning in one line.
            pub const CODES: &'static [(&'static str, &'static str)] = &[$(($code, $meaning),)*];
        }
    };
}

codes! {
    Syntax = "POL001", "a file of the bundle is not valid TOML";
    UnknownKey = "POL002", "a key that the format does not know";
    MissingKey = "POL003", "a key that must be there is missing";
    WrongType = "POL004", "a value of the wrong type";
    UnknownWord = "POL005", "a word outside the closed set for this place";
    Duplicate = "POL006", "an id or entry that stands twice";
    UnknownFile = "POL007", "a file that is no part of a bundle";
    MissingFile = "POL008", "a file that every bundle has is missing";
    BadValue = "POL009", "a value outside what the key allows";
    ConditionSyntax = "POL010", "a condition that cannot be read";
    ConditionType = "POL011", "a condition that compares or combines values of different types";
    UnknownFact = "POL012", "a condition names a fact that no command carries";
    UnknownFunction = "POL013", "a condition calls a function that does not exist";
    ConditionTooLarge = "POL014", "a condition beyond the bound on length, depth or size";
    BadPattern = "POL015", "a pattern that cannot be read";
    UnknownClass = "POL016", "a class or class pattern that `classes.toml` does not define";
    UnknownSpec = "POL017", "an approval spec that `approvals.toml` does not define";
    KeyNeedsVerdict = "POL018", "a key that this rule's verdict does not have";
    VerdictClash = "POL019", "verdicts in one rule that exclude each other";
    EmptyList = "POL020", "a list that must not be empty";
    Unsupported = "POL021", "a part of the format that this version cannot honour";
    EngineTooOld = "POL022", "the bundle asks for a newer engine";
    UnknownFeature = "POL023", "the bundle asks for a feature that this engine does not have";
    TooLarge = "POL024", "the bundle is beyond a bound";
    BadTime = "POL025", "a time or duration that cannot be read";
    Example = "POL026", "an example of a rule that does not hold";
}

/// One problem in a bundle: what, where, and what would mend it.
///
/// Displayed as one line without code and place; faces add those.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CompileError {
    kind: CompileErrorKind,
    file: String,
    span: Option<Span>,
    message: String,
    help: String,
}

impl CompileError {
    /// A problem at `span` of `file`; `help` may be empty.
    #[must_use]
    pub fn new(
        kind: CompileErrorKind,
        file: impl Into<String>,
        span: Option<Span>,
        message: impl Into<String>,
        help: impl Into<String>,
    ) -> Self {
        Self { kind, file: file.into(), span, message: message.into(), help: help.into() }
    }

    /// The kind of the problem.
    #[must_use]
    pub const fn kind(&self) -> CompileErrorKind {
        self.kind
    }

    /// The stable code, `POLnnn`.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        self.kind.code()
    }

    /// The file of the bundle that holds the problem.
    #[must_use]
    pub fn file(&self) -> &str {
        &self.file
    }

    /// Its bytes in the file; `None` where the whole file is meant.
    #[must_use]
    pub const fn span(&self) -> Option<Span> {
        self.span
    }

    /// What would mend it; empty where the message says so already.
    #[must_use]
    pub fn help(&self) -> &str {
        &self.help
    }
}

impl fmt::Display for CompileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for CompileError {}

/// Every problem of a bundle, in bundle order; never empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CompileErrors(Vec<CompileError>);

impl CompileErrors {
    /// The problems in order of file and place; `None` where there are none.
    #[must_use]
    pub fn from_problems(mut problems: Vec<CompileError>) -> Option<Self> {
        problems.sort_by(|a, b| (&a.file, a.span, a.kind).cmp(&(&b.file, b.span, b.kind)));
        problems.dedup();
        (!problems.is_empty()).then_some(Self(problems))
    }

    /// A bundle that is refused though nothing of it was named: the answer of last resort.
    pub(crate) fn refused() -> Self {
        let message = "the bundle cannot be read";
        Self(vec![CompileError::new(
            CompileErrorKind::MissingFile,
            "bundle.toml",
            None,
            message,
            "",
        )])
    }

    /// The problems, in bundle order.
    pub fn iter(&self) -> std::slice::Iter<'_, CompileError> {
        self.0.iter()
    }
}

impl<'a> IntoIterator for &'a CompileErrors {
    type Item = &'a CompileError;
    type IntoIter = std::slice::Iter<'a, CompileError>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}

impl fmt::Display for CompileErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.as_slice() {
            [] => Ok(()),
            [one] => write!(f, "{}: {one} ({})", one.file, one.code()),
            [first, rest @ ..] => {
                write!(f, "{}: {first} ({}), and {} more", first.file, first.code(), rest.len())
            }
        }
    }
}

impl std::error::Error for CompileErrors {}

/// The candidate nearest to `word`, if one is near enough to be meant: at most a third of its
/// letters differ (insert, delete, replace, swap of neighbours).
pub(crate) fn nearest<'a>(
    word: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    let word = word.to_lowercase();
    let limit = (word.chars().count() / 3).max(1);
    candidates
        .into_iter()
        .filter(|candidate| candidate.len().abs_diff(word.len()) <= 2 * limit)
        .map(|candidate| (distance(&word, &candidate.to_lowercase()), candidate))
        .filter(|(far, _)| *far <= limit)
        .min_by_key(|(far, _)| *far)
        .map(|(_, candidate)| candidate)
}

/// `did you mean …?`, or the whole set where it is small, or nothing.
pub(crate) fn suggestion<'a>(
    word: &str,
    candidates: impl IntoIterator<Item = &'a str> + Clone,
) -> String {
    if let Some(near) = nearest(word, candidates.clone()) {
        return format!("did you mean `{near}`?");
    }
    let all: Vec<&str> = candidates.into_iter().collect();
    match all.len() {
        0 => String::new(),
        1..=24 => format!("one of: {}", all.join(", ")),
        _ => String::new(),
    }
}

/// Optimal string alignment distance.
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) =
        (a.chars().take(64).collect(), b.chars().take(64).collect());
    let mut before: Vec<usize> = Vec::new();
    let mut above: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, y) in b.iter().enumerate() {
            let at = |row: &[usize], k: usize| row.get(k).copied().unwrap_or(usize::MAX / 2);
            let mut best = (at(&above, j) + usize::from(x != y))
                .min(at(&above, j + 1) + 1)
                .min(at(&row, j) + 1);
            let swapped = i > 0
                && j > 0
                && Some(x) == b.get(j.wrapping_sub(1))
                && Some(y) == a.get(i.wrapping_sub(1));
            if swapped {
                best = best.min(at(&before, j.wrapping_sub(1)) + 1);
            }
            row.push(best);
        }
        before = std::mem::replace(&mut above, row);
    }
    above.last().copied().unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_misses_are_found_and_far_ones_are_not() {
        assert_eq!(nearest("max_row", ["max_rows", "op"]), Some("max_rows"));
        assert_eq!(nearest("opp", ["verb", "op"]), Some("op"));
        assert_eq!(nearest("wehre", ["where", "when"]), Some("where"));
        assert_eq!(nearest("zebra", ["where", "when"]), None);
        assert_eq!(nearest("", ["a"]), Some("a"));
    }
}
