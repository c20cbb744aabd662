//! Comments that some releases of a server run: `/*!50701 … */`, `/*M!100300 … */`.
//!
//! Such a text stands for several: one for each span of releases that read it alike. All of them
//! are read; nobody has to know which one the server is.

use std::borrow::Cow;

use super::guarded_text;
use super::lexer::{Lexer, runs_inside};
use super::rules::Rules;
use super::{Modes, Refusal};
use crate::command::Dialect;
use crate::limits;
use crate::primitives::Span;
use crate::schema::SqlSession;

/// Every text that `bytes` stands for, at least one and at most
/// [`MAX_SQL_VERSIONS`](limits::MAX_SQL_VERSIONS). Places are the same in all of them.
///
/// # Errors
/// A comment whose end or whose version can be read in two ways, and whatever keeps the text from
/// being cut.
pub(crate) fn versions<'a>(
    bytes: &'a [u8],
    dialect: Dialect,
    session: &SqlSession,
) -> Result<Vec<Cow<'a, [u8]>>, Refusal> {
    let rules = Rules::of(dialect);
    let may_hold = rules.runs_comments
        && memchr::memmem::find_iter(bytes, b"/*")
            .any(|at| runs_inside(bytes.get(at..).unwrap_or_default()));
    if !may_hold {
        return Ok(vec![Cow::Borrowed(bytes)]);
    }
    let text = guarded_text(bytes, dialect, session)?;
    let comments = comments(text, rules, Modes::of(dialect, session), dialect)?;
    let mut thresholds: Vec<u32> = comments.iter().filter_map(|comment| comment.since()).collect();
    thresholds.sort_unstable();
    thresholds.dedup();
    if thresholds.len() >= limits::MAX_SQL_VERSIONS {
        let first = comments.first().map_or(Span::default(), |comment| comment.whole);
        return Err(Refusal::ExecutableComment(first));
    }
    // The oldest release runs none of those that vary.
    let releases = std::iter::once(None).chain(thresholds.into_iter().map(Some));
    Ok(releases.map(|release| Cow::Owned(text_of(bytes, &comments, release))).collect())
}

/// A comment that may run.
struct Comment {
    whole: Span,
    /// What it holds, without marks and version.
    inside: Span,
    runs: Runs,
}

/// Which releases run it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Runs {
    Always,
    Never,
    Since(u32),
}

impl Comment {
    const fn since(&self) -> Option<u32> {
        match self.runs {
            Runs::Since(version) => Some(version),
            Runs::Always | Runs::Never => None,
        }
    }
}

fn comments(
    text: &str,
    rules: &'static Rules,
    modes: Modes,
    dialect: Dialect,
) -> Result<Vec<Comment>, Refusal> {
    let mut comments = Vec::new();
    let mut lexer = Lexer::new(text, rules, modes);
    loop {
        match lexer.next() {
            Ok(Some(_)) => {}
            Ok(None) => return Ok(comments),
            Err(Refusal::ExecutableComment(rest)) => {
                let comment = comment(text, rest.start(), rules, modes, dialect)?;
                lexer.go_on_at(comment.whole.end());
                comments.push(comment);
            }
            Err(refusal) => return Err(refusal),
        }
    }
}

fn comment(
    text: &str,
    start: usize,
    rules: &'static Rules,
    modes: Modes,
    dialect: Dialect,
) -> Result<Comment, Refusal> {
    let bytes = text.as_bytes();
    let rest = bytes.get(start..).unwrap_or_default();
    let Some(length) = memchr::memmem::find(rest, b"*/") else {
        return Err(Refusal::Unterminated(Span::from_offsets(start, bytes.len())));
    };
    let whole = Span::from_offsets(start, start + length + 2);
    let refused = Refusal::ExecutableComment(whole);
    let only_mariadb = rest.starts_with(b"/*M!");
    let marks = if only_mariadb { 4 } else { 3 };
    let behind = rest.get(marks..length).unwrap_or_default();
    let digits = behind.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let inside = Span::from_offsets(start + marks + digits, start + length);
    // Inside, the server reads on as it does outside: what it reads must end where a reader who
    // skips the comment ends it.
    let inner = text.get(inside.start()..inside.end()).unwrap_or_default();
    let mut lexer = Lexer::new(inner, rules, modes);
    loop {
        match lexer.next() {
            Ok(Some(super::lexer::Piece::Comment(_))) | Err(_) => return Err(refused),
            Ok(Some(_)) => {}
            Ok(None) => break,
        }
    }
    let version = match digits {
        0 => None,
        5 | 6 => {
            let digits = behind.get(..digits).and_then(|digits| std::str::from_utf8(digits).ok());
            Some(digits.and_then(|digits| digits.parse().ok()).ok_or(refused)?)
        }
        _ => return Err(refused),
    };
    let runs = match (dialect, version) {
        (Dialect::Mysql, _) if only_mariadb => Runs::Never,
        (_, None) => Runs::Always,
        (Dialect::Mysql, Some(version)) if version <= OLDEST_MYSQL => Runs::Always,
        (Dialect::Mariadb, Some(version)) if OTHER_MYSQL.contains(&version) && !only_mariadb => {
            Runs::Never
        }
        (Dialect::Mariadb, Some(version)) if version <= OLDEST_MARIADB => Runs::Always,
        (_, Some(version)) => Runs::Since(version),
    };
    Ok(Comment { whole, inside, runs })
}

/// The text as a release reads it: `None` stands for one before all that vary.
fn text_of(bytes: &[u8], comments: &[Comment], release: Option<u32>) -> Vec<u8> {
    let mut text = bytes.to_vec();
    let mut blank = |from: usize, to: usize| {
        if let Some(part) = text.get_mut(from..to) {
            part.fill(b' ');
        }
    };
    for Comment { whole, inside, runs } in comments {
        let runs = match runs {
            Runs::Always => true,
            Runs::Never => false,
            Runs::Since(version) => release.is_some_and(|release| release >= *version),
        };
        if runs {
            blank(whole.start(), inside.start());
            blank(inside.end(), whole.end());
        } else {
            blank(whole.start(), whole.end());
        }
    }
    text
}

/// MySQL 5.6 and MariaDB 10.0: nobody runs older ones.
const OLDEST_MYSQL: u32 = 50_600;
const OLDEST_MARIADB: u32 = 100_000;

/// Versions of MySQL that MariaDB leaves out whatever its own is.
const OTHER_MYSQL: std::ops::RangeInclusive<u32> = 50_700..=99_999;
