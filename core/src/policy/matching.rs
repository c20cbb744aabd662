//! Rules × cells: which rules meet a cell, and how surely. Total, like the decision above it.

use std::collections::BTreeMap;

use super::cell::{Cell, Cells, cells};
use super::compile::RuleSet;
use super::condition::Known;
use super::pattern::{GroupPattern, same_name};
use super::rule::{PlaceKey, PlaceTest, Rule, What, WhatKey, Who};
use super::tri::Tri;
use crate::facts::{EffectSet, Facts, Understanding};
use crate::request::{Context, Enforces, Principal, PrincipalKind, Request, Resource, Session};

impl RuleSet {
    /// How a rule's `what`, `when` and `unless` match a command; `who`, `where` and time do not
    /// count. For the examples of rules.
    ///
    /// An `allow` is matched as a grant: `True` where it would grant a part of the command, else
    /// `False`. Every other rule counts where the answer is not `False`. `None` where there is no
    /// rule with this index.
    #[must_use]
    pub fn rule_matches(&self, rule_index: usize, facts: &Facts) -> Option<Tri> {
        let rule = self.rules.get(rule_index)?;
        let request = Request {
            principal: Principal {
                id: "agent:example".into(),
                kind: PrincipalKind::Agent,
                groups: Vec::new(),
                claims: BTreeMap::new(),
                delegator: None,
            },
            resource: Resource {
                kind: facts.protocol.name().into(),
                name: "example".into(),
                labels: BTreeMap::new(),
            },
            session: Session::default(),
            context: Context::default(),
            enforces: Enforces::ALL,
        };
        let cells = cells(facts, Some(&self.tags));
        let grant = rule.outcome.allow;
        let each = |cell: &Cell<'_>| {
            let what = self.what(&rule.what, cell, &cells, grant);
            conditions(rule, cell, &request, what)
        };
        let matched = cells.cells.iter().fold(Tri::False, |any, cell| any.or(each(cell)));
        Some(match grant {
            true => Tri::from(matched.certain() && may_allow(rule, cells.understanding)),
            false => matched,
        })
    }

    /// The rules whose `who`, `where` and time fit, with how sure that is. Rules of which no cell
    /// has an operation and an effect are left out first: that costs two tests of bits.
    pub(super) fn candidates(
        &self,
        request: &Request,
        cells: &Cells<'_>,
    ) -> Vec<(usize, &Rule, Tri)> {
        let (mut ops, mut effects, mut anything) = (0u32, EffectSet::NONE, false);
        for cell in &cells.cells {
            match (cell.op, cell.facts.effect) {
                (Known::Is(op), Known::Is(effect)) => {
                    ops |= What::op_bit(op);
                    effects |= effect;
                }
                (Known::Is(op), Known::Nothing) => ops |= What::op_bit(op),
                (Known::Nothing | Known::Unknown, _) | (Known::Is(_), Known::Unknown) => {
                    anything = true;
                }
            }
        }
        let mut candidates = Vec::new();
        let mut whos: Vec<Option<Tri>> = vec![None; self.distinct_whos];
        for (index, rule) in self.rules.iter().enumerate() {
            let what = &rule.what;
            let out = what.ops.is_some_and(|wanted| wanted & ops == 0)
                || what.effects.is_some_and(|wanted| !wanted.intersects(effects));
            if out && !anything {
                continue;
            }
            let fresh = || who(&rule.who, &request.principal);
            let known = match whos.get_mut(rule.who_index) {
                Some(known) => *known.get_or_insert_with(fresh),
                None => fresh(),
            };
            let fits = applies(rule, request, known);
            if fits.possible() {
                candidates.push((index, rule, fits));
            }
        }
        candidates
    }

    /// Matches the keys of `what`. For a grant, classes and calls must all be inside the lists.
    pub(super) fn what(&self, what: &What, cell: &Cell<'_>, cells: &Cells<'_>, grant: bool) -> Tri {
        if cell.opaque {
            return if what.is_empty() { Tri::True } else { Tri::Unknown };
        }
        let mut matched = Tri::True;
        for key in What::KEYS {
            matched = matched.and(self.key(*key, what, cell, cells, grant));
            if matched == Tri::False {
                break;
            }
        }
        matched
    }

    /// Matches one key of `what`; a key that is not there matches.
    fn key(
        &self,
        key: WhatKey,
        what: &What,
        cell: &Cell<'_>,
        cells: &Cells<'_>,
        grant: bool,
    ) -> Tri {
        if !what.has(key) {
            return Tri::True;
        }
        if cell.opaque {
            return Tri::Unknown;
        }
        match key {
            WhatKey::Op => match cell.op {
                Known::Is(op) => Tri::from(what.ops.unwrap_or(0) & What::op_bit(op) != 0),
                Known::Nothing => Tri::False,
                Known::Unknown => Tri::Unknown,
            },
            WhatKey::Effect => match cell.facts.effect {
                Known::Is(effect) => Tri::from(what.effects.is_some_and(|e| e.contains(effect))),
                Known::Nothing => Tri::False,
                Known::Unknown => Tri::Unknown,
            },
            WhatKey::Verb => {
                let verb = cell.facts.action.map(|action| action.verb.as_str());
                any(&what.verbs, |wanted| verb.map_or(Tri::False, |verb| same_name(wanted, verb)))
            }
            WhatKey::Target => match cell.facts.target {
                Known::Is(target) => any(&what.targets, |pattern| pattern.matches(target)),
                Known::Nothing => Tri::False,
                Known::Unknown => Tri::Unknown,
            },
            WhatKey::Class => {
                let Some(classes) = &what.classes else { return Tri::True };
                let held = cell.held.and_then(|held| cells.held.get(held));
                match cell.facts.target {
                    Known::Is(target) if grant => self.tags.all_within(target, classes),
                    Known::Is(_) => held.map_or(Tri::False, |held| held.any_of(classes)),
                    Known::Nothing => Tri::False,
                    Known::Unknown => Tri::Unknown,
                }
            }
            WhatKey::Call => {
                let complete = cell.facts.calls_complete;
                let calls = cell.facts.action.map_or(&[][..], |action| action.calls.as_slice());
                let one = |call: &String| any(&what.calls, |pattern| pattern.matches(call));
                if grant {
                    let every = calls.iter().fold(Tri::True, |all, call| all.and(one(call)));
                    every.and(Tri::from(complete && !calls.is_empty()))
                } else {
                    any(calls, one).or(if complete { Tri::False } else { Tri::Unknown })
                }
            }
        }
    }

    /// What was not known when a rule met a cell only possibly.
    pub(super) fn unknowns(
        &self,
        rule: &Rule,
        fits: Tri,
        cell: &Cell<'_>,
        cells: &Cells<'_>,
        request: &Request,
    ) -> Vec<String> {
        let mut names = Vec::new();
        if !fits.certain() {
            if !who(&rule.who, &request.principal).certain() {
                names.push("who".to_owned());
            }
            for test in &rule.place {
                if !place(test, request).certain() {
                    names.push(match &test.key {
                        PlaceKey::Kind => "where.kind".to_owned(),
                        PlaceKey::Name => "where.name".to_owned(),
                        PlaceKey::Label(label) => format!("where.{label}"),
                    });
                }
            }
            if rule.expires.is_some() && request.context.now.is_none() {
                names.push("now".to_owned());
            }
        }
        for key in What::KEYS {
            if self.key(*key, &rule.what, cell, cells, false) == Tri::Unknown {
                names.push(key.name().to_owned());
            }
        }
        for condition in [&rule.when, &rule.unless].into_iter().flatten() {
            if condition.eval(&cell.facts, request) == Tri::Unknown {
                names.extend(condition.unknowns(&cell.facts, request));
            }
        }
        names
    }
}

/// An `allow` needs full understanding, or its own word that part of it is enough.
pub(super) fn may_allow(rule: &Rule, understanding: Understanding) -> bool {
    match understanding {
        Understanding::Full => true,
        Understanding::Partial => rule.partial,
        Understanding::Opaque => false,
    }
}

/// `matched`, and `when`, and not `unless`. An unknown `when` leaves the match possible; an
/// unknown `unless` does not lift it, but nothing is certain any more.
pub(super) fn conditions(rule: &Rule, cell: &Cell<'_>, request: &Request, matched: Tri) -> Tri {
    let mut matched = matched;
    if let Some(when) = rule.when.as_ref().filter(|_| matched.possible()) {
        matched = matched.and(when.eval(&cell.facts, request));
    }
    if let Some(unless) = rule.unless.as_ref().filter(|_| matched.possible()) {
        matched = matched.and(unless.eval(&cell.facts, request).not());
    }
    matched
}

/// Whether a rule speaks of this principal, this resource and this time.
fn applies(rule: &Rule, request: &Request, who: Tri) -> Tri {
    let mut fits = who;
    for test in &rule.place {
        if !fits.possible() {
            return fits;
        }
        fits = fits.and(place(test, request));
    }
    match (rule.expires, request.context.now) {
        (None, _) => fits,
        (Some(expires), Some(now)) => fits.and(Tri::from(now < expires)),
        (Some(_), None) => fits.and(Tri::Unknown),
    }
}

fn who(who: &Who, principal: &Principal) -> Tri {
    let in_group = |patterns: &[GroupPattern]| {
        any(patterns, |pattern| any(&principal.groups, |group| pattern.matches(group)))
    };
    let mut fits = Tri::True;
    if !who.groups.is_empty() {
        fits = fits.and(in_group(&who.groups));
    }
    if !who.ids.is_empty() {
        fits = fits.and(any(&who.ids, |id| id.matches(&principal.id)));
    }
    if !who.kinds.is_empty() {
        fits = fits.and(Tri::from(who.kinds.contains(&principal.kind)));
    }
    let out = in_group(&who.not_groups).or(any(&who.not_ids, |id| id.matches(&principal.id)));
    fits.and(out.not())
}

fn place(test: &PlaceTest, request: &Request) -> Tri {
    let value = match &test.key {
        PlaceKey::Kind => Some(&request.resource.kind),
        PlaceKey::Name => Some(&request.resource.name),
        PlaceKey::Label(label) => request.resource.labels.get(label),
    };
    value.map_or(Tri::Unknown, |value| any(&test.values, |glob| glob.matches(value)))
}

fn any<T>(items: &[T], matches: impl Fn(&T) -> Tri) -> Tri {
    let mut found = Tri::False;
    for item in items {
        found = found.or(matches(item));
        if found.certain() {
            break;
        }
    }
    found
}
