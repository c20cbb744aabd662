//! Lints: what compiles and is probably not meant. A lint never changes a decision.

use super::compile::RuleSet;
use super::error::suggestion;
use super::rule::{PlaceKey, Rule, What};
use crate::facts::{EffectSet, Op, Protocol};
use crate::primitives::Span;
use crate::schema::ApprovalSpec;

/// Something in a bundle that is probably not meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lint {
    /// The stable code, `Pnnn`.
    pub code: &'static str,
    /// The file that holds it.
    pub file: String,
    /// Its place in the file; `None` where the whole file is meant.
    pub span: Option<Span>,
    /// What was found: one line.
    pub message: String,
    /// What would mend it.
    pub help: String,
}

/// Every lint with its meaning in one line.
pub const LINTS: &[(&str, &str)] = &[
    ("P102", "a rule that never matches"),
    ("P104", "a name that nothing else in the bundle knows"),
    ("P105", "an allow for writes on every target"),
    ("P106", "an approval that its approvers cannot give"),
    ("P107", "a class that nothing finds"),
    ("P108", "an allow without owner or expiry"),
    ("P109", "a rule without both a hit and a miss"),
];

/// Looks for what is probably not meant, in bundle order.
///
/// # Examples
/// ```
/// use placet::policy::{Source, compile, lint};
/// let rules = compile(&Source::from_files([
///     ("bundle.toml", "name = \"demo\""),
///     ("rules/all.toml", "[[rule]]\nid = \"everything\"\nverdict = \"allow\""),
/// ]))?;
/// let codes: Vec<_> = lint(&rules).iter().map(|lint| lint.code).collect();
/// assert_eq!(codes, ["P105", "P108", "P109"]);
/// # Ok::<(), placet::policy::CompileErrors>(())
/// ```
#[must_use]
pub fn lint(rules: &RuleSet) -> Vec<Lint> {
    let mut lints = Vec::new();
    for rule in &rules.rules {
        lint_rule(rules, rule, &mut lints);
    }
    for spec in &rules.specs {
        lint_spec(rules, spec, &mut lints);
    }
    lint_classes(rules, &mut lints);
    lints
}

fn lint_rule(rules: &RuleSet, rule: &Rule, lints: &mut Vec<Lint>) {
    let mut add = |code, message: String, help: &str| {
        lints.push(Lint {
            code,
            file: rule.file.to_string(),
            span: Some(rule.span),
            message,
            help: help.to_owned(),
        });
    };
    let id = &rule.id;
    let constant = |condition: &Option<super::condition::Condition>| {
        condition.as_ref().and_then(super::condition::Condition::constant)
    };
    if constant(&rule.when) == Some(false) || constant(&rule.unless) == Some(true) {
        add("P102", format!("rule `{id}` never matches: its condition is constant"), "delete it");
    }
    for test in &rule.place {
        let known: Vec<&str> = match &test.key {
            PlaceKey::Kind => Protocol::all().map(Protocol::name).collect(),
            PlaceKey::Name => rules.inventory.keys().map(String::as_str).collect(),
            PlaceKey::Label(label) => rules
                .inventory
                .values()
                .filter_map(|entry| entry.labels.get(label))
                .map(String::as_str)
                .collect(),
        };
        let nothing_known = known.is_empty();
        for value in test.values.iter().filter(|value| !value.is_pattern()) {
            if !nothing_known && !known.contains(&value.text()) {
                let message = format!("rule `{id}` names `{}`, which nothing knows", value.text());
                add("P104", message, &suggestion(value.text(), known.iter().copied()));
            }
        }
    }
    if rule.outcome.allow {
        let everywhere =
            rule.what.targets.is_empty() || rule.what.targets.iter().any(|t| t.is_everything());
        if everywhere && rule.what.classes.is_none() && may_write(&rule.what) && rule.when.is_none()
        {
            let message = format!("rule `{id}` allows writes on every target");
            add("P105", message, "name targets, effects or operations");
        }
        if rule.owner.is_none() && rule.expires.is_none() && rules.manifest.owner.is_none() {
            let message = format!("rule `{id}` allows without owner or expiry");
            add("P108", message, "add `owner` to the rule or to bundle.toml");
        }
    }
    let tested = rules
        .tests
        .iter()
        .any(|test| test.rules.as_ref().is_some_and(|ids| ids.iter().any(|other| **other == **id)));
    let hit = rule.examples.iter().any(|example| example.hit);
    let miss = rule.examples.iter().any(|example| !example.hit);
    if !(hit && miss || tested) {
        let message = format!("rule `{id}` has no hit and miss, and no test names it");
        add("P109", message, "add `hit` and `miss`");
    }
}

/// Whether a rule speaks of operations and effects that change something.
fn may_write(what: &What) -> bool {
    let quiet = [Op::Read, Op::List, Op::Session, Op::Txn];
    let quiet = quiet.into_iter().fold(0, |bits, op| bits | What::op_bit(op));
    let ops = what.ops.is_none_or(|ops| ops & !quiet != 0);
    let effects = what.effects.is_none_or(|effects| effects.intersects(EffectSet::WRITING));
    ops && effects
}

fn lint_spec(rules: &RuleSet, spec: &ApprovalSpec, lints: &mut Vec<Lint>) {
    for stage in &spec.stages {
        let people = rules
            .approvers
            .iter()
            .filter(|approver| approver.groups.iter().any(|group| stage.any_of.contains(group)));
        let people = people.count();
        if people < usize::try_from(stage.min).unwrap_or(usize::MAX) {
            lints.push(Lint {
                code: "P106",
                file: "approvals.toml".into(),
                span: None,
                message: format!(
                    "approval spec `{}` needs {} of `{}`, the bundle knows {people}",
                    spec.id,
                    stage.min,
                    stage.any_of.join("`, `"),
                ),
                help: "add [[approver]] entries, or load a bundle that has them".into(),
            });
        }
    }
}

fn lint_classes(rules: &RuleSet, lints: &mut Vec<Lint>) {
    let tagged = rules.tags.classes();
    for (index, class) in (0u16..).zip(&rules.classes) {
        if class.detectors.is_empty() && !tagged.contains(index) {
            lints.push(Lint {
                code: "P107",
                file: "classes.toml".into(),
                span: None,
                message: format!(
                    "class `{}` has no detector, and no column is tagged with it",
                    class.name
                ),
                help: "add `detectors`, or tag its columns".into(),
            });
        }
    }
}
