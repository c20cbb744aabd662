//! Patterns for names: groups, targets, functions, labels. Matching is three-valued, so that
//! letter case, a name that is not known yet and a missing schema never open a door.

use super::tri::Tri;
use crate::facts::{Path, Segment, Target, TargetKind};

/// Compares two names: equal is certain, equal but for letter case is possible.
pub(crate) fn same_name(pattern: &str, name: &str) -> Tri {
    if pattern == name {
        Tri::True
    } else if same_but_for_case(pattern, name) {
        Tri::Unknown
    } else {
        Tri::False
    }
}

fn same_but_for_case(a: &str, b: &str) -> bool {
    if a.is_ascii() && b.is_ascii() {
        return a.eq_ignore_ascii_case(b);
    }
    a.chars().flat_map(char::to_lowercase).eq(b.chars().flat_map(char::to_lowercase))
}

/// A text with wildcards: `*` stands for any run of characters. In file names `*` stops at `/`
/// and `**` does not.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Glob {
    text: String,
    folded: String,
    slashes: bool,
}

impl Glob {
    pub(crate) fn new(text: &str, slashes: bool) -> Self {
        Self { text: text.to_owned(), folded: text.to_lowercase(), slashes }
    }

    pub(crate) fn matches(&self, name: &str) -> Tri {
        if !self.text.contains('*') {
            return same_name(&self.text, name);
        }
        if wild(self.text.as_bytes(), name.as_bytes(), self.slashes) {
            Tri::True
        } else if wild(self.folded.as_bytes(), name.to_lowercase().as_bytes(), self.slashes) {
            Tri::Unknown
        } else {
            Tri::False
        }
    }

    pub(crate) fn is_pattern(&self) -> bool {
        self.text.contains('*')
    }

    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// Whether a name that starts with `start` (letter case aside) may match.
    fn may_start(&self, start: &str) -> Tri {
        let literal = self.folded.split('*').next().unwrap_or_default();
        let start = start.to_lowercase();
        if literal.starts_with(&start) || start.starts_with(literal) {
            Tri::Unknown
        } else {
            Tri::False
        }
    }
}

/// Matches bytes against a pattern. One backtrack point a kind of star: the last `*`, and the last
/// `**`, so the cost is O(pattern × name) at worst.
fn wild(pattern: &[u8], name: &[u8], slashes: bool) -> bool {
    // Rows of reachable pattern positions, one name byte after the other.
    let mut reach = vec![false; pattern.len() + 1];
    let close = |reach: &mut [bool]| {
        let mut at = 0;
        while at < pattern.len() {
            let star = reach.get(at).copied().unwrap_or(false) && pattern.get(at) == Some(&b'*');
            if star && let Some(next) = reach.get_mut(at + 1) {
                *next = true;
            }
            at += 1;
        }
    };
    if let Some(first) = reach.first_mut() {
        *first = true;
    }
    close(&mut reach);
    for byte in name {
        let mut next = vec![false; pattern.len() + 1];
        for (at, symbol) in pattern.iter().enumerate() {
            if !reach.get(at).copied().unwrap_or(false) {
                continue;
            }
            if *symbol == b'*' {
                let double = pattern.get(at + 1) == Some(&b'*')
                    || (at > 0 && pattern.get(at - 1) == Some(&b'*'));
                if (!slashes || *byte != b'/' || double)
                    && let Some(cell) = next.get_mut(at)
                {
                    *cell = true;
                }
            } else if symbol == byte
                && let Some(cell) = next.get_mut(at + 1)
            {
                *cell = true;
            }
        }
        reach = next;
        close(&mut reach);
    }
    reach.last().copied().unwrap_or(false)
}

/// A group pattern: segments joined with `/`; `*` is one segment (or a run inside one), `**` any
/// number of them.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct GroupPattern {
    parts: Vec<Part>,
}

impl GroupPattern {
    pub(crate) fn parse(text: &str) -> Result<Self, &'static str> {
        if text.is_empty() || text.split('/').any(str::is_empty) {
            return Err("a segment of the pattern is empty");
        }
        let parts = text.split('/').map(|segment| Part::new(segment, false)).collect();
        Ok(Self { parts })
    }

    pub(crate) fn matches(&self, group: &str) -> Tri {
        let pieces = group.split('/').map(Piece::Exact);
        if let Some(matched) = match_simple(&self.parts, pieces.clone(), true) {
            return matched;
        }
        match_parts(&self.parts, &pieces.collect::<Vec<_>>(), true)
    }
}

/// One segment of a pattern.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Part {
    /// This name; `folded` is how an unquoted name is written by the server, and what is certain.
    Name(String),
    /// A run of characters with wildcards.
    Glob(Glob),
    /// Any one segment.
    One,
    /// Any number of segments.
    Many,
    /// Any number of segments in front, none included: what a bare name starts with.
    Outer,
}

impl Part {
    fn new(segment: &str, slashes: bool) -> Self {
        match segment {
            "**" if !slashes => Self::Many,
            "*" if !slashes => Self::One,
            _ if segment.contains('*') => Self::Glob(Glob::new(segment, slashes)),
            _ => Self::Name(segment.to_owned()),
        }
    }

    fn matches(&self, piece: Piece<'_>) -> Tri {
        match (self, piece) {
            (Self::One | Self::Many | Self::Outer, _) => Tri::True,
            (Self::Name(name), Piece::Exact(exact)) => same_name(name, exact),
            (Self::Glob(glob), Piece::Exact(exact)) => glob.matches(exact),
            (Self::Name(name), Piece::Starts(start)) => {
                Tri::from(name.to_lowercase().starts_with(&start.to_lowercase())).at_most_possible()
            }
            (Self::Glob(glob), Piece::Starts(start)) => glob.may_start(start),
            (Self::Name(_) | Self::Glob(_), Piece::Any) => Tri::Unknown,
        }
    }
}

/// One segment of a name, as far as it is known.
#[derive(Clone, Copy, Debug)]
enum Piece<'a> {
    Exact(&'a str),
    Starts(&'a str),
    Any,
}

impl<'a> From<&'a Segment> for Piece<'a> {
    fn from(segment: &'a Segment) -> Self {
        match segment {
            Segment::Exact(name) => Self::Exact(name),
            Segment::Prefix(start) => Self::Starts(start),
            Segment::Glob(glob) => Self::Starts(glob.split(['*', '?']).next().unwrap_or_default()),
            Segment::Dynamic => Self::Any,
        }
    }
}

/// Matches without a table, where there is nothing to try out: a pattern without `**`, or with one
/// at the end. `None` for every other pattern.
fn match_simple<'a>(
    parts: &[Part],
    mut pieces: impl Iterator<Item = Piece<'a>>,
    empty_tail: bool,
) -> Option<Tri> {
    let mut matched = Tri::True;
    let last = parts.len().saturating_sub(1);
    for (index, part) in parts.iter().enumerate() {
        match part {
            Part::Many if index == last => {
                let nothing = !empty_tail && pieces.next().is_none();
                return Some(if nothing { matched.at_most_possible() } else { matched });
            }
            Part::Many | Part::Outer => return None,
            Part::Name(_) | Part::Glob(_) | Part::One => match pieces.next() {
                Some(piece) => matched = matched.and(part.matches(piece)),
                None => matched = Tri::False,
            },
        }
        if matched == Tri::False {
            return Some(Tri::False);
        }
    }
    Some(if pieces.next().is_none() { matched } else { Tri::False })
}

/// Matches segment by segment. `**` at the end that stands for nothing is only possible: `crm.**`
/// speaks of what is inside `crm`, and dropping `crm` itself drops that too. `empty_tail` makes it
/// certain (groups have no such relation).
fn match_parts(parts: &[Part], pieces: &[Piece<'_>], empty_tail: bool) -> Tri {
    // row[k]: how the parts so far match the first k pieces.
    let mut row = vec![Tri::False; pieces.len() + 1];
    if let Some(first) = row.first_mut() {
        *first = Tri::True;
    }
    let last = parts.len().saturating_sub(1);
    for (index, part) in parts.iter().enumerate() {
        let mut next = vec![Tri::False; pieces.len() + 1];
        let many = *part == Part::Many || *part == Part::Outer;
        for k in 0..=pieces.len() {
            let here = row.get(k).copied().unwrap_or(Tri::False);
            let mut value = Tri::False;
            if many {
                let nothing_left = *part == Part::Many && index == last && k == pieces.len();
                let nothing =
                    if nothing_left && !empty_tail { here.at_most_possible() } else { here };
                value = value.or(nothing);
            }
            if let Some(before) = k.checked_sub(1)
                && let Some(piece) = pieces.get(before)
            {
                let from = row.get(before).copied().unwrap_or(Tri::False);
                value = value.or(from.and(part.matches(*piece)));
                if many {
                    value = value.or(next.get(before).copied().unwrap_or(Tri::False));
                }
            }
            if let Some(cell) = next.get_mut(k) {
                *cell = value;
            }
        }
        row = next;
    }
    row.last().copied().unwrap_or(Tri::False)
}

/// A pattern for targets: `crm.**`, `*.users`, `customers`, `"Odd.Name"`, `file:/etc/**`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TargetPattern {
    kind: Option<TargetKind>,
    parts: Vec<Part>,
}

impl TargetPattern {
    /// Reads a pattern; the message says what is wrong with it.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let (kind, rest) = match text.split_once(':') {
            Some((word, rest)) if !word.contains(['.', '"', '*', '/']) => {
                let found = TargetKind::ALL.iter().copied().find(|kind| kind.name() == word);
                let Some(kind) = found else {
                    let kinds = TargetKind::ALL.iter().map(|kind| kind.name());
                    let help = super::error::suggestion(word, kinds);
                    return Err(format!("unknown target kind `{word}`; {help}"));
                };
                (Some(kind), rest)
            }
            _ => (None, text),
        };
        if rest.is_empty() {
            return Err("the pattern is empty".into());
        }
        if kind.is_some_and(is_raw) {
            return Ok(Self { kind, parts: vec![Part::new(rest, true)] });
        }
        let mut parts = parse_dotted(rest)?;
        if let [Part::Name(_) | Part::Glob(_) | Part::One] = parts.as_slice() {
            parts.insert(0, Part::Outer);
        }
        Ok(Self { kind, parts })
    }

    pub(crate) fn matches(&self, target: &Target) -> Tri {
        if self.kind.is_some_and(|kind| kind != target.kind) {
            return Tri::False;
        }
        self.matches_path(&target.path, target.kind)
    }

    pub(crate) fn matches_path(&self, path: &Path, kind: TargetKind) -> Tri {
        if let [first, second] = path.0.as_slice()
            && kind.lives_in_schema()
            && !self.names_outer()
        {
            // By far the most common: schema and name.
            let pieces = [Piece::from(first), Piece::from(second)];
            let matched = match self.parts.as_slice() {
                [Part::Outer, name] => Some(name.matches(Piece::from(second))),
                parts => match_simple(parts, pieces.into_iter(), false),
            };
            if let Some(matched) = matched {
                return matched;
            }
        }
        let pieces: Vec<Piece<'_>> = path.0.iter().map(Piece::from).collect();
        if let [] | [Piece::Any] = pieces.as_slice() {
            // Nothing is known, not even how many segments there are.
            let everything =
                matches!(self.parts.as_slice(), [Part::Many] | [Part::Outer, Part::One]);
            return if everything { Tri::True } else { Tri::Unknown };
        }
        if kind == TargetKind::File && !self.is_everything() {
            let Some(Part::Name(text) | Part::Glob(Glob { text, .. })) = self.parts.last() else {
                return match_parts(&self.parts, &pieces, false);
            };
            if let [Piece::Exact(name)] = pieces.as_slice()
                && !is_plain_file(name, text)
            {
                return Tri::Unknown;
            }
        }
        if !kind.lives_in_schema() {
            return match_parts(&self.parts, &pieces, false);
        }
        let with_outer = || {
            let mut longer = vec![Piece::Any];
            longer.extend(&pieces);
            match_parts(&self.parts, &longer, false)
        };
        match pieces.len() {
            // The schema is not known.
            1 => with_outer(),
            // The database's name may be left out in the path or in the pattern; whether it is
            // the same database cannot be seen, so such a match is possible only.
            2 if self.names_outer() => {
                match_parts(&self.parts, &pieces, false).or(with_outer().at_most_possible())
            }
            2 => match_parts(&self.parts, &pieces, false),
            _ => {
                let whole = match_parts(&self.parts, &pieces, false);
                let inner = pieces.get(pieces.len() - 2..).unwrap_or_default();
                whole.or(match_parts(&self.parts, inner, false).at_most_possible())
            }
        }
    }

    /// Whether the pattern itself may name a database: more than schema and name, or a schema and
    /// whatever is in it.
    fn names_outer(&self) -> bool {
        let fixed = self.parts.iter().take_while(|part| **part != Part::Many).count();
        let tail = self.parts.len() - fixed;
        self.parts.first() != Some(&Part::Outer)
            && ((tail == 0 && fixed >= 3) || (tail == 1 && fixed >= 2))
    }

    /// Whether it matches whatever there is.
    pub(crate) fn is_everything(&self) -> bool {
        self.kind.is_none()
            && match self.parts.as_slice() {
                [Part::Many] | [Part::Outer, Part::One] => true,
                parts => parts.len() > 1 && parts.iter().all(|part| *part == Part::Many),
            }
    }

    /// The last segment where it is a plain name: what an index can use.
    pub(crate) fn last_name(&self) -> Option<&str> {
        match self.parts.last()? {
            Part::Name(name) => Some(name),
            Part::Glob(_) | Part::One | Part::Many | Part::Outer => None,
        }
    }
}

/// Kinds whose names hold dots and slashes of their own: the rest of the pattern is one segment.
const fn is_raw(kind: TargetKind) -> bool {
    match kind {
        TargetKind::File | TargetKind::Program | TargetKind::Host | TargetKind::Server => true,
        TargetKind::Table
        | TargetKind::Index
        | TargetKind::Sequence
        | TargetKind::Schema
        | TargetKind::Database
        | TargetKind::Function
        | TargetKind::Type
        | TargetKind::Trigger
        | TargetKind::Extension
        | TargetKind::Role
        | TargetKind::Setting
        | TargetKind::LargeObject
        | TargetKind::Other => false,
    }
}

/// Whether a file's name says by itself which file is meant: no `..`, nothing that the server's
/// directory, its home or another notation decides.
fn is_plain_file(name: &str, pattern: &str) -> bool {
    let stray = |part: &str| part == ".." || part == ".";
    let inner = name.strip_prefix('/').unwrap_or(name);
    let relative_both = !name.starts_with('/') && !pattern.starts_with(['/', '*']);
    (name.starts_with('/') || relative_both)
        && !inner.split('/').any(|part| stray(part) || part.is_empty())
        && !name.starts_with('~')
        && !name.contains(['\\', '\0'])
}

/// Reads segments joined with dots; quoted ones are taken as they are, others in lower case.
fn parse_dotted(text: &str) -> Result<Vec<Part>, String> {
    split_dotted(text)?
        .into_iter()
        .map(|(segment, quoted)| {
            if quoted {
                return Ok(Part::Name(segment));
            }
            if segment.is_empty() {
                return Err("a segment of the pattern is empty".to_owned());
            }
            if segment.contains("**") && segment != "**" {
                return Err("`**` must be a segment of its own".to_owned());
            }
            Ok(Part::new(&segment.to_lowercase(), false))
        })
        .collect()
}

/// Splits at dots outside double quotes; a doubled quote inside quotes is one quote. Returns each
/// segment and whether it was quoted.
pub(crate) fn split_dotted(text: &str) -> Result<Vec<(String, bool)>, String> {
    let mut segments = Vec::new();
    let mut segment = String::new();
    let mut quoted = false;
    let mut inside = false;
    let mut closed = false;
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '"' if inside && chars.peek() == Some(&'"') => {
                chars.next();
                segment.push('"');
            }
            '"' if inside => {
                inside = false;
                closed = true;
            }
            '"' if segment.is_empty() && !closed => {
                inside = true;
                quoted = true;
            }
            '"' => return Err("a quote inside an unquoted segment".into()),
            '.' if !inside => {
                segments.push((std::mem::take(&mut segment), quoted));
                quoted = false;
                closed = false;
            }
            _ if closed => return Err("text behind a quoted segment".into()),
            _ => segment.push(c),
        }
    }
    if inside {
        return Err("a quoted segment has no end".into());
    }
    segments.push((segment, quoted));
    Ok(segments)
}

/// A pattern for functions and procedures, written like a target's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CallPattern(TargetPattern);

impl CallPattern {
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let mut parts = parse_dotted(text)?;
        if let [Part::Name(_) | Part::Glob(_)] = parts.as_slice() {
            parts.insert(0, Part::Outer);
        }
        Ok(Self(TargetPattern { kind: None, parts }))
    }

    pub(crate) fn matches(&self, call: &str) -> Tri {
        // A call is displayed as a path is; one that cannot be split may be anything.
        let Ok(segments) = split_dotted(call) else { return Tri::Unknown };
        let path = Path::exact(segments.into_iter().map(|(segment, _)| segment));
        self.0.matches_path(&path, TargetKind::Function)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn table(pattern: &str, segments: &[&str]) -> Tri {
        let path = Path::exact(segments.iter().copied());
        TargetPattern::parse(pattern).unwrap().matches_path(&path, TargetKind::Table)
    }

    #[test]
    fn segments_are_never_string_prefixes() {
        assert_eq!(table("db9.*", &["db99", "t"]), Tri::False);
        assert_eq!(table("crm.**", &["crm", "users"]), Tri::True);
        assert_eq!(table("crm.**", &["crm2", "users"]), Tri::False);
        assert_eq!(table("customers", &["crm", "customers"]), Tri::True);
        assert_eq!(table("customers", &["crm", "customers_old"]), Tri::False);
        assert_eq!(table("crm.audit_*", &["crm", "audit_2026"]), Tri::True);
        assert_eq!(table("crm.audit_*", &["crm", "audit"]), Tri::False);
    }

    #[test]
    fn a_missing_schema_is_possible_only() {
        assert_eq!(table("crm.users", &["users"]), Tri::Unknown);
        assert_eq!(table("crm.**", &["users"]), Tri::Unknown);
        assert_eq!(table("users", &["users"]), Tri::True);
        assert_eq!(table("**.users", &["users"]), Tri::True);
        assert_eq!(table("*.users", &["users"]), Tri::True);
        assert_eq!(table("crm.users", &["orders"]), Tri::False);
    }

    #[test]
    fn a_database_in_front_is_possible_only() {
        assert_eq!(table("crm.users", &["prod", "crm", "users"]), Tri::Unknown);
        assert_eq!(table("prod.crm.users", &["crm", "users"]), Tri::Unknown);
        assert_eq!(table("prod.crm.**", &["crm", "users"]), Tri::Unknown);
        assert_eq!(table("crm.**", &["public", "users"]), Tri::False);
        assert_eq!(table("prod.crm.users", &["crm", "orders"]), Tri::False);
    }

    #[test]
    fn letter_case_is_possible_only() {
        assert_eq!(table("crm.Users", &["crm", "users"]), Tri::True);
        assert_eq!(table("crm.users", &["crm", "Users"]), Tri::Unknown);
        assert_eq!(table(r#"crm."Users""#, &["crm", "Users"]), Tri::True);
        assert_eq!(table(r#"crm."Users""#, &["crm", "users"]), Tri::Unknown);
        assert_eq!(table("crm.us*", &["crm", "USERS"]), Tri::Unknown);
        assert_eq!(GroupPattern::parse("agents/*").unwrap().matches("Agents/x"), Tri::Unknown);
    }

    #[test]
    fn what_is_not_known_is_possible() {
        let matches = |pattern: &str, path: Vec<Segment>| {
            TargetPattern::parse(pattern).unwrap().matches_path(&Path(path), TargetKind::Table)
        };
        assert_eq!(matches("crm.users", vec![Segment::Dynamic]), Tri::Unknown);
        assert_eq!(matches("**", vec![Segment::Dynamic]), Tri::True);
        let crm = || Segment::Exact("crm".into());
        assert_eq!(matches("crm.users", vec![crm(), Segment::Dynamic]), Tri::Unknown);
        assert_eq!(matches("crm.*", vec![crm(), Segment::Dynamic]), Tri::True);
        assert_eq!(matches("crm.users", vec![crm(), Segment::Prefix("us".into())]), Tri::Unknown);
        assert_eq!(matches("crm.users", vec![crm(), Segment::Prefix("or".into())]), Tri::False);
        assert_eq!(matches("crm.users", vec![crm(), Segment::Glob("u*s".into())]), Tri::Unknown);
    }

    #[test]
    fn a_schema_holds_its_tables() {
        let pattern = TargetPattern::parse("crm.**").unwrap();
        let schema = pattern.matches_path(&Path::exact(["crm"]), TargetKind::Schema);
        assert_eq!(schema, Tri::Unknown);
        let other = pattern.matches_path(&Path::exact(["hr"]), TargetKind::Schema);
        assert_eq!(other, Tri::False);
    }

    #[test]
    fn files_keep_their_dots_and_slashes() {
        let file = |pattern: &str, name: &str| {
            TargetPattern::parse(pattern)
                .unwrap()
                .matches_path(&Path::exact([name]), TargetKind::File)
        };
        assert_eq!(file("file:/etc/**", "/etc/ssl/key.pem"), Tri::True);
        assert_eq!(file("file:/etc/*", "/etc/ssl/key.pem"), Tri::False);
        assert_eq!(file("file:/etc/*", "/etc/passwd"), Tri::True);
        assert_eq!(file("file:/etc/**", "/ETC/passwd"), Tri::Unknown);
        assert_eq!(file("file:/etc/**", "/etcetera"), Tri::False);
    }

    #[test]
    fn bad_patterns_are_refused() {
        for bad in ["", "a..b", "a.", ".a", "a**.b", "\"a", "a\"b", "\"a\"b", "planet:x", "table:"]
        {
            assert!(TargetPattern::parse(bad).is_err(), "{bad}");
        }
        for bad in ["", "a//b", "/a", "a/"] {
            assert!(GroupPattern::parse(bad).is_err(), "{bad}");
        }
    }

    fn naive(pattern: &[u8], name: &[u8]) -> bool {
        match (pattern.split_first(), name.split_first()) {
            (None, None) => true,
            (Some((b'*', rest)), None) => naive(rest, name),
            (Some((b'*', rest)), Some((_, tail))) => naive(rest, name) || naive(pattern, tail),
            (Some((p, rest)), Some((n, tail))) => p == n && naive(rest, tail),
            (None, Some(_)) | (Some(_), None) => false,
        }
    }

    /// A pattern's parts, or a name's pieces, out of few words.
    fn words(alphabet: &'static str, most: usize) -> BoxedStrategy<Vec<String>> {
        let word = proptest::sample::select(alphabet.split(' ').collect::<Vec<_>>());
        proptest::collection::vec(word.prop_map(str::to_owned), 1..=most).boxed()
    }

    proptest! {
        #[test]
        fn shortcuts_agree_with_the_table(p in words("a b A a* * **", 4), n in words("a b A ab", 4)) {
            let group = GroupPattern::parse(&p.join("/")).unwrap();
            let joined = n.join("/");
            let pieces: Vec<Piece<'_>> = joined.split('/').map(Piece::Exact).collect();
            prop_assert_eq!(group.matches(&joined), match_parts(&group.parts, &pieces, true));
            if let [_, _] = pieces.as_slice() {
                let target = TargetPattern::parse(&p.join(".")).unwrap();
                if !target.names_outer() {
                    let wanted = match_parts(&target.parts, &pieces, false);
                    prop_assert_eq!(table(&p.join("."), &[&n[0], &n[1]]), wanted);
                }
            }
        }

        #[test]
        fn wildcards_match_as_the_obvious_recursion(p in "[ab*]{0,6}", n in "[ab]{0,8}") {
            prop_assert_eq!(wild(p.as_bytes(), n.as_bytes(), false), naive(p.as_bytes(), n.as_bytes()));
        }

        #[test]
        fn no_pattern_panics(p in "\\PC{0,20}", n in "\\PC{0,20}") {
            if let Ok(pattern) = TargetPattern::parse(&p) {
                let _ = pattern.matches_path(&Path::exact([n.as_str()]), TargetKind::Table);
            }
            if let Ok(pattern) = GroupPattern::parse(&p) {
                let _ = pattern.matches(&n);
            }
            if let Ok(pattern) = CallPattern::parse(&p) {
                let _ = pattern.matches(&n);
            }
        }
    }
}
