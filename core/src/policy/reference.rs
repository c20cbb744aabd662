//! The slow, obvious evaluator, written from `docs/spec/bundle.md` and independent of `decide.rs`
//! and `cell.rs`: the oracle for them. It shares the matching of single names and the evaluation
//! of conditions, which have truth tables and tests of their own.

use super::compile::RuleSet;
use super::condition::{CellFacts, Known};
use super::rule::{PlaceKey, Rule};
use super::tri::Tri;
use super::verdict::Verdict;
use crate::facts::{Action, Effect, Facts, Op, Role, Target, Understanding};
use crate::request::Request;

/// A cell as the specification names it: everything by value, nothing shared.
struct Cell<'a> {
    action: Option<&'a Action>,
    op: Option<Op>,
    target: Option<&'a Target>,
    effect: Option<Effect>,
    opaque: bool,
}

fn worst(facts: &Facts) -> Understanding {
    let mut worst = facts.understanding;
    for action in &facts.actions {
        for nested in &action.nested {
            worst = worst.max(self::worst(nested));
        }
    }
    worst
}

fn collect<'a>(facts: &'a Facts, cells: &mut Vec<Cell<'a>>) {
    let opaque = facts.understanding == Understanding::Opaque;
    for action in &facts.actions {
        for nested in &action.nested {
            collect(nested, cells);
        }
        if opaque && action.op == Op::Unknown {
            continue;
        }
        let has_source = action.targets.iter().any(|target| target.role == Role::Source);
        let has_other = action.targets.iter().any(|target| target.role != Role::Source);
        // Who carries an effect: sources what reads, other targets the rest; without a source the
        // other targets carry everything; what nobody carries is decided without a target.
        for target in &action.targets {
            let source = target.role == Role::Source;
            let carried: Vec<Effect> = action
                .may
                .iter()
                .filter(
                    |effect| if source { effect.reads() } else { !has_source || !effect.reads() },
                )
                .collect();
            let op = Some(if source { Op::Read } else { action.op });
            let all = carried.iter().map(|effect| Some(*effect));
            let none = carried.is_empty().then_some(None);
            for effect in all.chain(none) {
                let target = Some(target);
                cells.push(Cell { action: Some(action), op, target, effect, opaque: false });
            }
        }
        if !has_other {
            let rest = action.may.iter().filter(|effect| !has_source || !effect.reads());
            let mut rest: Vec<Option<Effect>> = rest.map(Some).collect();
            if rest.is_empty() && !has_source {
                rest.push(None);
            }
            for effect in rest {
                let op = Some(action.op);
                cells.push(Cell { action: Some(action), op, target: None, effect, opaque: false });
            }
        }
    }
    if opaque {
        cells.push(Cell { action: None, op: None, target: None, effect: None, opaque: true });
    }
}

fn or(items: impl Iterator<Item = Tri>) -> Tri {
    items.fold(Tri::False, Tri::or)
}

fn not_none<T>(value: Option<T>) -> Known<T> {
    value.map_or(Known::Nothing, Known::Is)
}

fn matched(
    rules: &RuleSet,
    rule: &Rule,
    cell: &Cell<'_>,
    facts: &Facts,
    request: &Request,
    grant: bool,
) -> Tri {
    let mut parts: Vec<Tri> = Vec::new();
    let groups = |patterns: &[super::pattern::GroupPattern]| {
        or(request.principal.groups.iter().flat_map(|g| patterns.iter().map(|p| p.matches(g))))
    };
    let id = &request.principal.id;
    if !rule.who.groups.is_empty() {
        parts.push(groups(&rule.who.groups));
    }
    if !rule.who.ids.is_empty() {
        parts.push(or(rule.who.ids.iter().map(|glob| glob.matches(id))));
    }
    if !rule.who.kinds.is_empty() {
        parts.push(rule.who.kinds.contains(&request.principal.kind).into());
    }
    parts.push(groups(&rule.who.not_groups).not());
    parts.push(or(rule.who.not_ids.iter().map(|glob| glob.matches(id))).not());
    for test in &rule.place {
        let value = match &test.key {
            PlaceKey::Kind => Some(&request.resource.kind),
            PlaceKey::Name => Some(&request.resource.name),
            PlaceKey::Label(label) => request.resource.labels.get(label),
        };
        parts.push(match value {
            Some(value) => or(test.values.iter().map(|glob| glob.matches(value))),
            None => Tri::Unknown,
        });
    }
    if let Some(expires) = rule.expires {
        parts.push(match request.context.now {
            Some(now) => (now < expires).into(),
            None => Tri::Unknown,
        });
    }
    let complete = worst(facts) == Understanding::Full;
    parts.push(what(rules, rule, cell, complete, grant));
    let opaque = worst(facts) == Understanding::Opaque;
    let view = CellFacts {
        action: cell.action,
        target: if cell.opaque { Known::Unknown } else { not_none(cell.target) },
        effect: if cell.opaque { Known::Unknown } else { not_none(cell.effect) },
        calls_complete: complete,
        understanding: worst(facts),
        statements: facts.statements.filter(|_| !opaque),
        writes: if opaque { Tri::Unknown } else { facts.writes().into() },
        destructive: if opaque { Tri::Unknown } else { facts.destructive().into() },
        unbounded: if opaque { Tri::Unknown } else { facts.unbounded().into() },
        protocol: facts.protocol.name(),
        evasion: facts.all_evasion(),
    };
    if let Some(when) = &rule.when {
        parts.push(when.eval(&view, request));
    }
    if let Some(unless) = &rule.unless {
        parts.push(unless.eval(&view, request).not());
    }
    parts.into_iter().fold(Tri::True, Tri::and)
}

fn what(rules: &RuleSet, rule: &Rule, cell: &Cell<'_>, complete: bool, grant: bool) -> Tri {
    let what = &rule.what;
    if cell.opaque {
        return if what.is_empty() { Tri::True } else { Tri::Unknown };
    }
    let mut parts: Vec<Tri> = Vec::new();
    if let Some(ops) = what.ops {
        parts.push(match cell.op {
            Some(Op::Unknown) | None => Tri::Unknown,
            Some(op) => (ops & super::rule::What::op_bit(op) != 0).into(),
        });
    }
    if let Some(effects) = what.effects {
        parts.push(cell.effect.is_some_and(|effect| effects.contains(effect)).into());
    }
    if !what.verbs.is_empty() {
        let verb = &cell.action.unwrap().verb;
        parts.push(or(what.verbs.iter().map(|wanted| super::pattern::same_name(wanted, verb))));
    }
    if !what.targets.is_empty() {
        parts.push(match cell.target {
            Some(target) => or(what.targets.iter().map(|pattern| pattern.matches(target))),
            None => Tri::False,
        });
    }
    if let Some(classes) = &what.classes {
        parts.push(match cell.target {
            None => Tri::False,
            Some(target) if grant => rules.tags.all_within(target, classes),
            Some(target) => rules.tags.held_by(target).any_of(classes),
        });
    }
    if !what.calls.is_empty() {
        let calls = &cell.action.unwrap().calls;
        let one = |call: &String| or(what.calls.iter().map(|pattern| pattern.matches(call)));
        parts.push(if grant {
            let all = calls.iter().map(one).fold(Tri::True, Tri::and);
            all.and((complete && !calls.is_empty()).into())
        } else {
            let unseen = if complete { Tri::False } else { Tri::Unknown };
            or(calls.iter().map(one)).or(unseen)
        });
    }
    parts.into_iter().fold(Tri::True, Tri::and)
}

/// The verdict and the ids of the rules that gave it, from the text of the specification. Leaves
/// out what `decide` adds behind the cells: expiry of the bundle, risk, enforcement.
pub(super) fn decide(rules: &RuleSet, facts: &Facts, request: &Request) -> (Verdict, Vec<String>) {
    let mut cells = Vec::new();
    collect(facts, &mut cells);
    if cells.is_empty() {
        let op = Some(Op::Read);
        let action = Some(&super::cell::NOTHING);
        cells.push(Cell { action, op, target: None, effect: None, opaque: false });
    }
    let answers: Vec<(Verdict, Vec<usize>)> =
        cells.iter().map(|cell| decide_cell(rules, cell, facts, request)).collect();
    let verdict = answers.iter().map(|(verdict, _)| *verdict).max().unwrap();
    let mut determining: Vec<usize> = answers
        .into_iter()
        .filter(|(answer, _)| *answer == verdict)
        .flat_map(|(_, rules)| rules)
        .collect();
    determining.sort_unstable();
    determining.dedup();
    let id = |index: usize| rules.rules[index].id.to_string();
    (verdict, determining.into_iter().map(id).collect())
}

fn decide_cell(
    rules: &RuleSet,
    cell: &Cell<'_>,
    facts: &Facts,
    request: &Request,
) -> (Verdict, Vec<usize>) {
    let understanding = worst(facts);
    let restricts: Vec<Tri> =
        rules.rules.iter().map(|r| matched(rules, r, cell, facts, request, false)).collect();
    let certain: Vec<bool> = rules
        .rules
        .iter()
        .map(|rule| matched(rules, rule, cell, facts, request, true) == Tri::True)
        .collect();
    let with = |test: &dyn Fn(usize, &Rule) -> bool| -> Vec<usize> {
        let all = rules.rules.iter().enumerate();
        all.filter(|(index, rule)| test(*index, rule)).map(|(index, _)| index).collect()
    };
    let possible = |index: usize| restricts[index] != Tri::False;
    // A write whose bound is not known to be within the limit.
    let above = |rule: &Rule| {
        let Some(limit) = rule.outcome.limit else { return false };
        let Some(action) = cell.action else { return cell.opaque };
        action.changes_rows() && action.max_rows().is_none_or(|rows| rows > limit.rows)
    };
    let way_out = |rule: &Rule| rule.outcome.limit.is_some_and(|limit| limit.approval.is_some());

    let deny = with(&|index, rule| {
        let hard = rule.on_doubt.is_none() || restricts[index] == Tri::True;
        (rule.outcome.deny && possible(index) && hard)
            || (possible(index) && above(rule) && !way_out(rule))
    });
    if !deny.is_empty() {
        return (Verdict::Deny, deny);
    }
    let allow = with(&|index, rule| {
        let understood = match understanding {
            Understanding::Full => true,
            Understanding::Partial => rule.partial,
            Understanding::Opaque => false,
        };
        rule.outcome.allow && certain[index] && understood
    });
    let softened = with(&|index, rule| {
        rule.outcome.deny && rule.on_doubt.is_some() && restricts[index] == Tri::Unknown
    });
    let granted_for_approval =
        with(&|index, rule| !rule.outcome.approvals.is_empty() && certain[index]);
    if allow.is_empty() && softened.is_empty() && granted_for_approval.is_empty() {
        return (Verdict::Deny, Vec::new());
    }
    let approve = with(&|index, rule| {
        possible(index)
            && (!rule.outcome.approvals.is_empty()
                || softened.contains(&index)
                || (above(rule) && way_out(rule)))
    });
    if !approve.is_empty() {
        return (Verdict::RequireApproval, approve);
    }
    let limit = with(&|index, rule| possible(index) && rule.outcome.limit.is_some());
    if !limit.is_empty() {
        return (Verdict::Limit, limit);
    }
    let mask = with(&|index, rule| possible(index) && rule.outcome.mask.is_some());
    if !mask.is_empty() {
        return (Verdict::Mask, mask);
    }
    (Verdict::Allow, allow)
}
