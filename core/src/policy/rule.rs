//! One rule: read from TOML, with every name resolved.

use std::sync::Arc;

use super::bundle::names::Names;
use super::condition::Condition;
use super::error::CompileErrorKind as Kind;
use super::pattern::{CallPattern, Glob, GroupPattern, TargetPattern};
use super::read::{At, Node, Problems, Table, closed};
use super::tags::ClassSet;
use crate::facts::{Effect, EffectSet, Op};
use crate::primitives::{Span, Timestamp};
use crate::request::PrincipalKind;

/// A compiled rule.
#[derive(Clone, Debug)]
pub(crate) struct Rule {
    pub(crate) id: Arc<str>,
    pub(crate) about: Option<String>,
    pub(crate) file: Arc<str>,
    pub(crate) span: Span,
    pub(crate) who: Who,
    /// Which of the bundle's distinct `who` this is: rules of one team share theirs, and each is
    /// matched once a decision.
    pub(crate) who_index: usize,
    pub(crate) place: Vec<PlaceTest>,
    pub(crate) what: What,
    pub(crate) when: Option<Condition>,
    pub(crate) unless: Option<Condition>,
    pub(crate) outcome: Outcome,
    pub(crate) partial: bool,
    pub(crate) on_doubt: Option<usize>,
    pub(crate) say: Option<String>,
    pub(crate) controls: Vec<String>,
    pub(crate) examples: Vec<ExampleText>,
    pub(crate) expires: Option<Timestamp>,
    pub(crate) owner: Option<String>,
}

/// Which principals a rule speaks of; every key that is there must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Who {
    pub(crate) groups: Vec<GroupPattern>,
    pub(crate) ids: Vec<Glob>,
    pub(crate) kinds: Vec<PrincipalKind>,
    pub(crate) not_groups: Vec<GroupPattern>,
    pub(crate) not_ids: Vec<Glob>,
}

/// One key of `where`.
#[derive(Clone, Debug)]
pub(crate) struct PlaceTest {
    pub(crate) key: PlaceKey,
    pub(crate) values: Vec<Glob>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum PlaceKey {
    Kind,
    Name,
    Label(String),
}

/// Which cells a rule speaks of; every key that is there must hold.
#[derive(Clone, Debug, Default)]
pub(crate) struct What {
    pub(crate) ops: Option<u32>,
    pub(crate) verbs: Vec<String>,
    pub(crate) effects: Option<EffectSet>,
    pub(crate) targets: Vec<TargetPattern>,
    pub(crate) classes: Option<ClassSet>,
    pub(crate) calls: Vec<CallPattern>,
}

/// A key of `what`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WhatKey {
    Op,
    Effect,
    Verb,
    Target,
    Class,
    Call,
}

impl WhatKey {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Op => "op",
            Self::Effect => "effect",
            Self::Verb => "verb",
            Self::Target => "target",
            Self::Class => "class",
            Self::Call => "call",
        }
    }
}

impl What {
    /// Every key, the cheapest to match first.
    pub(crate) const KEYS: &[WhatKey] = &[
        WhatKey::Op,
        WhatKey::Effect,
        WhatKey::Verb,
        WhatKey::Target,
        WhatKey::Class,
        WhatKey::Call,
    ];

    pub(crate) fn has(&self, key: WhatKey) -> bool {
        match key {
            WhatKey::Op => self.ops.is_some(),
            WhatKey::Effect => self.effects.is_some(),
            WhatKey::Verb => !self.verbs.is_empty(),
            WhatKey::Target => !self.targets.is_empty(),
            WhatKey::Class => self.classes.is_some(),
            WhatKey::Call => !self.calls.is_empty(),
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        !Self::KEYS.iter().any(|key| self.has(*key))
    }

    pub(crate) const fn op_bit(op: Op) -> u32 {
        1 << op as u32
    }
}

/// What a rule does where it matches.
#[derive(Clone, Debug, Default)]
pub(crate) struct Outcome {
    pub(crate) allow: bool,
    pub(crate) deny: bool,
    pub(crate) mask: Option<ClassSet>,
    pub(crate) limit: Option<Limit>,
    /// Indices of approval specs.
    pub(crate) approvals: Vec<usize>,
}

impl Outcome {
    /// Whether the rule can open a door.
    pub(crate) fn grants(&self) -> bool {
        self.allow || !self.approvals.is_empty()
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Limit {
    pub(crate) rows: u64,
    pub(crate) approval: Option<usize>,
}

/// A command that a rule must match (`hit`) or must not (`miss`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ExampleText {
    pub(crate) text: String,
    pub(crate) protocol: Option<String>,
    pub(crate) hit: bool,
    pub(crate) span: Span,
}

pub(crate) const RULE_KEYS: &[&str] = &[
    "id", "about", "who", "where", "what", "when", "unless", "verdict", "partial", "on_doubt",
    "say", "controls", "hit", "miss", "expires", "owner",
];

/// Reads one `[[rule]]`. Returns `None` where it is too broken to go on with; everything that is
/// wrong has been reported.
pub(crate) fn read_rule(
    problems: &mut Problems<'_>,
    node: Node<'_, '_>,
    file: &Arc<str>,
    names: &Names,
) -> Option<Rule> {
    let table = node.table(problems, "rule", RULE_KEYS)?;
    let id = table.required_text(problems, "id").and_then(|id| checked_id(problems, "id", id));
    let about = table.text(problems, "about").map(|about| about.value);
    let who = table.get("who").map(|node| read_who(problems, node)).unwrap_or_default();
    let place = table.get("where").map(|node| read_place(problems, node)).unwrap_or_default();
    let what = table.get("what").map(|node| read_what(problems, node, names)).unwrap_or_default();
    let when = read_condition(problems, &table, "when");
    let unless = read_condition(problems, &table, "unless");
    let outcome = table
        .required(problems, "verdict")
        .map(|node| read_verdict(problems, node, names))
        .unwrap_or_default();
    let partial = table.boolean(problems, "partial").is_some_and(|partial| partial.value);
    if partial && !outcome.allow {
        let message = "`partial` stands in a rule that does not allow";
        let help = "only an `allow` may opt in to commands that are understood in part";
        problems.report(Kind::KeyNeedsVerdict, table.key_span("partial"), message, help);
    }
    let on_doubt = table.get("on_doubt").and_then(|node| {
        if !outcome.deny {
            let message = "`on_doubt` stands in a rule that does not deny";
            problems.report(Kind::KeyNeedsVerdict, table.key_span("on_doubt"), message, "");
        }
        let inner = node.table(problems, "on_doubt", &["require_approval"])?;
        let spec = inner.required_text(problems, "require_approval")?;
        names.spec(problems, &spec)
    });
    let say = table.text(problems, "say").map(|say| say.value);
    let controls = table.texts(problems, "controls").into_iter().map(|text| text.value).collect();
    let mut examples = read_examples(problems, &table, "hit");
    examples.extend(read_examples(problems, &table, "miss"));
    let expires = table.get("expires").and_then(|node| node.moment(problems, "expires"));
    let owner = table.text(problems, "owner").map(|owner| owner.value);
    Some(Rule {
        id: id?.value.into(),
        about,
        file: file.clone(),
        span: table.span,
        who,
        who_index: 0,
        place,
        what,
        when,
        unless,
        outcome,
        partial,
        on_doubt,
        say,
        controls,
        examples,
        expires: expires.map(|moment| moment.value),
        owner,
    })
}

/// Ids are lower-case words joined with `-`, `_` or `.`: they stand in logs and on command lines.
pub(crate) fn checked_id(
    problems: &mut Problems<'_>,
    key: &str,
    id: At<String>,
) -> Option<At<String>> {
    let word = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    let good = id.value.len() <= 100
        && id.value.starts_with(word)
        && id.value.chars().all(|c| word(c) || matches!(c, '-' | '_' | '.'));
    if !good {
        let message =
            format!("`{key}` must be 1 to 100 of a-z 0-9 - _ . and start with a letter or digit");
        problems.report(Kind::BadValue, id.span, message, "");
        return None;
    }
    Some(id)
}

fn read_who(problems: &mut Problems<'_>, node: Node<'_, '_>) -> Who {
    let Some(table) = node.table(problems, "who", &["groups", "ids", "kinds", "not"]) else {
        return Who::default();
    };
    let groups = table.texts(problems, "groups");
    let groups = groups.iter().filter_map(|text| group_pattern(problems, text)).collect();
    let not = table.texts(problems, "not");
    let kinds = table.texts(problems, "kinds");
    let kinds = kinds.iter().filter_map(|word| {
        let all = [PrincipalKind::Human, PrincipalKind::Service, PrincipalKind::Agent];
        closed(problems, "kind of principal", word, &all, |kind| match kind {
            PrincipalKind::Human => "human",
            PrincipalKind::Service => "service",
            PrincipalKind::Agent => "agent",
        })
    });
    let kinds = kinds.collect();
    let glob = |text: &At<String>| Glob::new(&text.value, false);
    Who {
        groups,
        ids: table.texts(problems, "ids").iter().map(glob).collect(),
        kinds,
        // An exception names groups or ids; what cannot be a group's name is an id.
        not_groups: not.iter().filter_map(|text| GroupPattern::parse(&text.value).ok()).collect(),
        not_ids: not.iter().map(glob).collect(),
    }
}

fn group_pattern(problems: &mut Problems<'_>, text: &At<String>) -> Option<GroupPattern> {
    match GroupPattern::parse(&text.value) {
        Ok(pattern) => Some(pattern),
        Err(why) => {
            let message = format!("`{}` is not a group pattern: {why}", text.value);
            problems.report(Kind::BadPattern, text.span, message, "write agents/* or agents/**");
            None
        }
    }
}

fn read_place(problems: &mut Problems<'_>, node: Node<'_, '_>) -> Vec<PlaceTest> {
    let entries = node.open_table(problems, "where");
    if entries.is_empty() && node.raw().is_table() {
        let message = "`where` is empty";
        problems.report(Kind::EmptyList, node.span(), message, "leave the key out");
    }
    let tests = entries.into_iter().map(|entry| {
        let texts = entry.value.texts(problems, &entry.key.value);
        PlaceTest {
            key: match entry.key.value.as_str() {
                "kind" => PlaceKey::Kind,
                "name" => PlaceKey::Name,
                label => PlaceKey::Label(label.to_owned()),
            },
            values: texts.iter().map(|text| Glob::new(&text.value, false)).collect(),
        }
    });
    tests.collect()
}

fn read_what(problems: &mut Problems<'_>, node: Node<'_, '_>, names: &Names) -> What {
    const KEYS: &[&str] = &["op", "verb", "effect", "target", "class", "call"];
    let Some(table) = node.table(problems, "what", KEYS) else { return What::default() };
    let ops = table.get("op").map(|_| {
        let words = table.texts(problems, "op");
        let ops = words.iter().filter_map(|word| closed(problems, "op", word, Op::ALL, Op::name));
        ops.fold(0, |bits, op| bits | What::op_bit(op))
    });
    let effects = table.get("effect").map(|_| {
        let words = table.texts(problems, "effect");
        let effects = words
            .iter()
            .filter_map(|word| closed(problems, "effect", word, Effect::ALL, Effect::name));
        effects.collect::<EffectSet>()
    });
    let mut targets = Vec::new();
    for text in table.texts(problems, "target") {
        match TargetPattern::parse(&text.value) {
            Ok(pattern) => targets.push(pattern),
            Err(why) => bad_pattern(problems, "target", &text, &why),
        }
    }
    let mut calls = Vec::new();
    for text in table.texts(problems, "call") {
        match CallPattern::parse(&text.value) {
            Ok(pattern) => calls.push(pattern),
            Err(why) => bad_pattern(problems, "function", &text, &why),
        }
    }
    let classes = table.get("class").map(|_| {
        let texts = table.texts(problems, "class");
        names.classes(problems, &texts)
    });
    let verbs = table.texts(problems, "verb").into_iter().map(|verb| verb.value).collect();
    What { ops, verbs, effects, targets, classes, calls }
}

fn bad_pattern(problems: &mut Problems<'_>, what: &str, text: &At<String>, why: &str) {
    let message = format!("`{}` is not a {what} pattern: {why}", text.value);
    problems.report(Kind::BadPattern, text.span, message, "");
}

fn read_condition(
    problems: &mut Problems<'_>,
    table: &Table<'_, '_>,
    key: &str,
) -> Option<Condition> {
    let text = table.text(problems, key)?;
    match Condition::compile(&text.value, text.span) {
        Ok(condition) => Some(condition),
        Err(faults) => {
            for fault in faults {
                let span = problems.inside(&text, fault.span);
                problems.report(fault.kind, span, fault.message, fault.help);
            }
            None
        }
    }
}

fn read_verdict(problems: &mut Problems<'_>, node: Node<'_, '_>, names: &Names) -> Outcome {
    let mut outcome = Outcome::default();
    let items = if node.raw().is_array() {
        node.list(problems, "verdict").unwrap_or_default()
    } else {
        vec![node]
    };
    if items.is_empty() {
        problems.report(Kind::EmptyList, node.span(), "`verdict` is an empty list", "");
    }
    for item in &items {
        read_verdict_item(problems, *item, names, &mut outcome);
    }
    let others = outcome.allow
        || outcome.mask.is_some()
        || outcome.limit.is_some()
        || !outcome.approvals.is_empty();
    let clash = if outcome.deny && others {
        Some("`deny` stands beside another verdict in one rule")
    } else if outcome.allow && !outcome.approvals.is_empty() {
        Some("`allow` stands beside `require_approval` in one rule")
    } else {
        None
    };
    if let Some(message) = clash {
        problems.report(Kind::VerdictClash, node.span(), message, "write two rules");
    }
    outcome
}

fn read_verdict_item(
    problems: &mut Problems<'_>,
    node: Node<'_, '_>,
    names: &Names,
    outcome: &mut Outcome,
) {
    if node.raw().is_str() {
        let Some(word) = node.text(problems, "verdict") else { return };
        let known = closed(problems, "verdict", &word, &["allow", "deny"], |word| word);
        outcome.allow |= known == Some("allow");
        outcome.deny |= known == Some("deny");
        return;
    }
    const KEYS: &[&str] = &["mask", "limit", "require_approval"];
    let Some(table) = node.table(problems, "verdict", KEYS) else { return };
    let given: Vec<&&str> = KEYS.iter().filter(|key| table.get(key).is_some()).collect();
    if given.len() != 1 {
        let message =
            "a verdict is `allow`, `deny`, or a table with one of mask, limit, require_approval";
        problems.report(Kind::BadValue, table.span, message, "use a list for several");
    }
    if table.get("mask").is_some() {
        let texts = table.texts(problems, "mask");
        let classes = names.classes(problems, &texts);
        outcome.mask.get_or_insert_default().union(&classes);
    }
    if let Some(node) = table.get("limit") {
        read_limit(problems, node, names, outcome);
    }
    if let Some(spec) = table.text(problems, "require_approval") {
        outcome.approvals.extend(names.spec(problems, &spec));
    }
}

fn read_limit(
    problems: &mut Problems<'_>,
    node: Node<'_, '_>,
    names: &Names,
    outcome: &mut Outcome,
) {
    let Some(table) = node.table(problems, "limit", &["rows", "approval"]) else { return };
    table.required(problems, "rows");
    let rows = table.number(problems, "rows");
    let approval = table.text(problems, "approval").and_then(|spec| names.spec(problems, &spec));
    if outcome.limit.is_some() {
        let message = "one rule has two limits";
        problems.report(Kind::VerdictClash, node.span(), message, "write two rules");
    }
    outcome.limit = rows.map(|rows| Limit { rows: rows.value, approval });
}

fn read_examples(
    problems: &mut Problems<'_>,
    table: &Table<'_, '_>,
    key: &str,
) -> Vec<ExampleText> {
    let hit = key == "hit";
    let mut examples = Vec::new();
    for node in table.list(problems, key) {
        let (text, protocol) = if node.raw().is_table() {
            let Some(inner) = node.table(problems, key, &["protocol", "text"]) else { continue };
            let protocol = inner.required_text(problems, "protocol");
            let protocol =
                protocol.and_then(|word| super::bundle::names::protocol(problems, &word));
            (inner.required_text(problems, "text"), protocol)
        } else {
            (node.text(problems, key), None)
        };
        let Some(text) = text else { continue };
        examples.push(ExampleText { text: text.value, protocol, hit, span: text.span });
    }
    examples
}
