//! Which way a bundle moves: what of a change is not proven to tighten.

use std::collections::{BTreeMap, BTreeSet};

use toml::{Table, Value};

use crate::policy::bundle::Source;
use crate::primitives::Timestamp;

/// A part of a change that may open something.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Loosening {
    /// The rule's id, or the file.
    pub what: String,
    /// Why it is not proven to tighten.
    pub why: &'static str,
}

/// Keys of a rule that no decision depends on.
const NEUTRAL_RULE_KEYS: &[&str] = &["about", "say", "controls", "hit", "miss", "owner"];

/// Keys of a rule that may stand in one that only tightens.
const TIGHTENING_RULE_KEYS: &[&str] =
    &["id", "who", "where", "what", "when", "unless", "verdict", "expires"];

/// Keys of `bundle.toml` that no decision depends on.
const NEUTRAL_BUNDLE_KEYS: &[&str] = &["about", "owner", "sequence", "previous", "loosens"];

/// Everything in the change from `active` to `next` that is not proven to tighten, sorted.
///
/// Proven are, and only because every matching rule counts and the strictest answer wins:
/// - a rule was added whose verdicts are `deny` (without `on_doubt`), `mask` or `limit` (without `approval`);
/// - a rule that only allows was removed, or replaced by such a rule;
/// - an earlier `expires` of a bundle that denies once expired;
/// - people or keys were taken out of `approvals.toml`;
/// - texts for people, tests and examples changed.
///
/// Everything else counts as loosening, also what cannot be read.
///
/// # Examples
/// ```
/// # use placet::policy::{Source, loosenings};
/// let bundle = |rules: &str| Source::from_files([("bundle.toml", "name = \"x\""), ("rules/a.toml", rules)]);
/// let reads = "[[rule]]\nid = \"reads\"\nwhat = { op = \"read\" }\nverdict = \"allow\"\n";
/// let locked = format!("{reads}[[rule]]\nid = \"lock\"\nverdict = \"deny\"\n");
/// assert!(loosenings(&bundle(reads), &bundle(&locked)).is_empty());
/// assert_eq!(loosenings(&bundle(&locked), &bundle(reads))[0].what, "lock");
/// ```
#[must_use]
pub fn loosenings(active: &Source, next: &Source) -> Vec<Loosening> {
    let mut found = BTreeSet::new();
    let mut add = |what: &str, why: &'static str| {
        found.insert(Loosening { what: what.to_owned(), why });
    };
    match (rules(active), rules(next)) {
        (Some(before), Some(after)) => {
            let ids: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
            for id in ids {
                let why = match (before.get(id), after.get(id)) {
                    (Some(old), Some(new)) if old == new => continue,
                    (Some(old), Some(new)) if only_allows(old) && only_tightens(new) => continue,
                    (Some(old), None) if only_allows(old) => continue,
                    (None, Some(new)) if only_tightens(new) => continue,
                    (Some(_), Some(_)) => "the rule changed",
                    (Some(_), None) => "a rule that restricts was removed",
                    (None, _) => "a rule that can grant was added",
                };
                add(id, why);
            }
        }
        (None, _) | (_, None) => add("rules", "the rules cannot be compared"),
    }
    let paths: BTreeSet<&str> = active.files().chain(next.files()).map(|(path, _)| path).collect();
    for path in paths {
        if path.starts_with("rules/") || path.starts_with("tests/") {
            continue;
        }
        let table = |source: &Source| source.get(path)?.parse::<Table>().ok();
        let proven = match (table(active), table(next)) {
            (Some(old), Some(new)) if old == new => true,
            (Some(old), Some(new)) if path == "bundle.toml" => manifest_tightens(old, new),
            (Some(old), Some(new)) if path == "approvals.toml" => people_removed(old, new),
            (Some(_), Some(_)) | (Some(_), None) | (None, Some(_)) | (None, None) => false,
        };
        if !proven {
            add(path, "the file changed");
        }
    }
    found.into_iter().collect()
}

/// Every rule by id, without what no decision depends on. `None` where a file cannot be read or an
/// id stands twice.
fn rules(source: &Source) -> Option<BTreeMap<String, Table>> {
    let mut rules = BTreeMap::new();
    for (_, text) in source.files().filter(|(path, _)| path.starts_with("rules/")) {
        let file: Table = text.parse().ok()?;
        for (key, value) in &file {
            let list = value.as_array().filter(|_| key == "rule")?;
            for rule in list {
                let mut rule = rule.as_table()?.clone();
                NEUTRAL_RULE_KEYS.iter().for_each(|key| {
                    rule.remove(*key);
                });
                let id = rule.get("id")?.as_str()?.to_owned();
                if rules.insert(id, rule).is_some() {
                    return None;
                }
            }
        }
    }
    Some(rules)
}

/// The verdicts of a rule; one stands alone or in a list.
fn verdicts(rule: &Table) -> &[Value] {
    match rule.get("verdict") {
        Some(Value::Array(list)) => list,
        Some(one) => std::slice::from_ref(one),
        None => &[],
    }
}

fn only_allows(rule: &Table) -> bool {
    let verdicts = verdicts(rule);
    !verdicts.is_empty() && verdicts.iter().all(|verdict| verdict.as_str() == Some("allow"))
}

fn only_tightens(rule: &Table) -> bool {
    let tightens = |verdict: &Value| match verdict {
        Value::String(word) => word == "deny",
        Value::Table(table) => table.iter().all(|(key, value)| match key.as_str() {
            "mask" => true,
            "limit" => value.as_table().is_some_and(|limit| !limit.contains_key("approval")),
            _ => false,
        }),
        Value::Integer(_)
        | Value::Float(_)
        | Value::Boolean(_)
        | Value::Datetime(_)
        | Value::Array(_) => false,
    };
    let verdicts = verdicts(rule);
    !verdicts.is_empty()
        && verdicts.iter().all(tightens)
        && rule.keys().all(|key| TIGHTENING_RULE_KEYS.contains(&key.as_str()))
}

/// Only words for people, the number, or an earlier end changed.
fn manifest_tightens(mut old: Table, mut new: Table) -> bool {
    for key in NEUTRAL_BUNDLE_KEYS {
        old.remove(*key);
        new.remove(*key);
    }
    let moment = |value: Option<Value>| match value? {
        Value::String(text) => Timestamp::parse(&text),
        Value::Datetime(moment) => Timestamp::parse(&moment.to_string()),
        Value::Integer(_)
        | Value::Float(_)
        | Value::Boolean(_)
        | Value::Array(_)
        | Value::Table(_) => None,
    };
    let denies = old.get("on_expiry").is_none_or(|action| action.as_str() == Some("deny"));
    let (before, after) = (old.remove("expires"), new.remove("expires"));
    let earlier = before == after
        || match (moment(before), moment(after)) {
            (Some(before), Some(after)) => denies && after <= before,
            (Some(_), None) | (None, Some(_)) | (None, None) => false,
        };
    earlier && old == new
}

/// Whether `new` is `old` without some people, some of their keys or some of their groups.
fn people_removed(mut old: Table, mut new: Table) -> bool {
    let (before, after) = (old.remove("approver"), new.remove("approver"));
    if old != new {
        return false;
    }
    let people = |value: Option<Value>| -> Option<BTreeMap<String, Table>> {
        let mut people = BTreeMap::new();
        let list = value.map_or_else(|| Some(Vec::new()), |value| value.as_array().cloned())?;
        for person in list {
            let person = person.as_table()?.clone();
            let id = person.get("id")?.as_str()?.to_owned();
            if people.insert(id, person).is_some() {
                return None;
            }
        }
        Some(people)
    };
    let (Some(before), Some(after)) = (people(before), people(after)) else { return false };
    after.iter().all(|(id, person)| {
        let Some(was) = before.get(id) else { return false };
        person.keys().len() == was.keys().len()
            && person.iter().all(|(key, value)| match (key.as_str(), was.get(key)) {
                (_, Some(old)) if old == value => true,
                ("keys" | "groups", Some(old)) => is_subset(value, old),
                (_, _) => false,
            })
    })
}

/// Whether a text or list of texts holds nothing that the other does not.
fn is_subset(small: &Value, large: &Value) -> bool {
    let items = |value: &Value| match value {
        Value::Array(list) => list.clone(),
        Value::String(_)
        | Value::Integer(_)
        | Value::Float(_)
        | Value::Boolean(_)
        | Value::Datetime(_)
        | Value::Table(_) => vec![value.clone()],
    };
    let large = items(large);
    items(small).iter().all(|item| large.contains(item))
}
