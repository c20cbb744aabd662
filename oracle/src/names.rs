//! Names in facts.

use placet::facts::{Facts, Segment, Target};
use placet::schema::NameCase;

/// Whether a target of the facts is, or may be, this relation.
pub(crate) fn covers(facts: &Facts, case: NameCase, schema: &str, name: &str) -> bool {
    let may_be = |segment: Option<&Segment>, name: &str| match segment {
        Some(Segment::Exact(exact)) => case.same(exact, name),
        Some(Segment::Prefix(_) | Segment::Glob(_) | Segment::Dynamic) => true,
        None => false,
    };
    let covered = |target: &Target| {
        let mut segments = target.path.0.iter().rev();
        let named = may_be(segments.next(), name);
        named && (schema.is_empty() || segments.next().is_none_or(|s| may_be(Some(s), schema)))
    };
    facts.all_actions().into_iter().flat_map(|action| &action.targets).any(covered)
}

/// The last part of a dotted name.
pub(crate) fn last(name: &str) -> &str {
    match name.strip_suffix('"') {
        Some(quoted) => quoted.rsplit_once('"').map_or(name, |(_, last)| last),
        None => name.rsplit_once('.').map_or(name, |(_, last)| last),
    }
}
