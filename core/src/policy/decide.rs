//! Rules × facts × request → decision. Total: no I/O, no clock, no panic.

use std::borrow::Cow;

use super::bundle::manifest::{OnExpiry, Raise};
use super::cell::{Cell, Cells, cells};
use super::compile::RuleSet;
use super::condition::Known;
use super::decision::{Decision, Stamp};
use super::explain::{CellReason, Explanation, MAX_CELLS, MAX_RULES, RuleReason};
use super::matching::{conditions, may_allow};
use super::obligation::{MaskObligation, MaskedColumn, MaskedColumns, Obligation};
use super::risk::RiskInput;
use super::rule::Rule;
use super::tags::ClassSet;
use super::tri::Tri;
use super::verdict::Verdict;
use crate::facts::{Action, Facts, Op, Outputs, Sources, Understanding};
use crate::request::{Request, Value};

/// Indices of rules, as bits; iterates in bundle order.
#[derive(Clone, Debug, Default)]
struct RuleBits(Vec<u64>);

impl RuleBits {
    fn insert(&mut self, index: usize) {
        let word = index / 64;
        if self.0.len() <= word {
            self.0.resize(word + 1, 0);
        }
        if let Some(word) = self.0.get_mut(word) {
            *word |= 1 << (index % 64);
        }
    }

    fn iter(&self) -> impl Iterator<Item = usize> {
        self.0.iter().enumerate().flat_map(|(word, bits)| {
            (0..64).filter(move |bit| bits >> bit & 1 == 1).map(move |bit| word * 64 + bit)
        })
    }
}

/// How one rule met one cell.
#[derive(Clone, Copy, Debug)]
struct Hit {
    rule: usize,
    matched: Tri,
    /// Whether it grants the cell: an `allow`, an approval, or a deny that is softened.
    grants: bool,
    verdict: Verdict,
}

/// The answer of one cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Judged {
    verdict: Verdict,
    granted: bool,
    forbidden: bool,
    limit_exceeded: bool,
}

impl Judged {
    fn reason(self) -> &'static str {
        if self.forbidden {
            "forbidden"
        } else if self.limit_exceeded {
            "limit_exceeded"
        } else if self.granted {
            "granted"
        } else {
            "no_rule"
        }
    }
}

/// What the rules ask for over all cells.
#[derive(Default)]
struct Asked {
    masks: ClassSet,
    masked: bool,
    mask_rules: RuleBits,
    rows: Option<u64>,
    limit_rules: RuleBits,
    /// Sorted indices of approval specs.
    specs: Vec<usize>,
    approval_rules: RuleBits,
}

impl Asked {
    fn spec(&mut self, spec: usize) {
        if let Err(at) = self.specs.binary_search(&spec) {
            self.specs.insert(at, spec);
        }
    }
}

impl RuleSet {
    /// Decides about a command.
    ///
    /// Every cell (action × target × effect, code inside code included) is decided alone; the
    /// answer is the strictest. Nothing granted is deny; doubt counts against the command.
    ///
    /// Never fails and never panics; the same arguments give the same answer. Cost: cells × rules
    /// whose `who` and `where` fit.
    ///
    /// # Examples
    /// ```
    /// use placet::facts::{Facts, Protocol, Reason};
    /// use placet::policy::{Source, Verdict, compile};
    /// use placet::request::{Context, Enforces, Principal, PrincipalKind, Request, Resource, Session};
    ///
    /// let rules = compile(&Source::from_files([
    ///     ("bundle.toml", "name = \"demo\""),
    ///     ("rules/all.toml", "[[rule]]\nid = \"everything\"\nverdict = \"allow\""),
    /// ]))?;
    /// let request = Request {
    ///     principal: Principal {
    ///         id: "agent:one".into(),
    ///         kind: PrincipalKind::Agent,
    ///         groups: vec![],
    ///         claims: Default::default(),
    ///         delegator: None,
    ///     },
    ///     resource: Resource {
    ///         kind: "postgres".into(),
    ///         name: "crm".into(),
    ///         labels: Default::default(),
    ///     },
    ///     session: Session::default(),
    ///     context: Context::default(),
    ///     enforces: Enforces::ALL,
    /// };
    /// // Not even a rule that allows everything allows what is not understood.
    /// let protocol = Protocol::parse("postgres").unwrap();
    /// let facts = Facts::opaque(protocol, Reason::NotParsed, 9);
    /// let decision = rules.decide(&facts, &request);
    /// assert_eq!(decision.verdict, Verdict::Deny);
    /// assert_eq!(decision.reasons, ["not_parsed", "no_rule"]);
    /// # Ok::<(), placet::policy::CompileErrors>(())
    /// ```
    pub fn decide(&self, facts: &Facts, request: &Request) -> Decision {
        let request = &*self.completed(request);
        let tags = self.uses_classes.then_some(&self.tags);
        let cells = cells(facts, tags);
        let candidates = self.candidates(request, &cells);
        let mut asked = Asked::default();
        let mut verdict = Verdict::Allow;
        let mut rules = RuleBits::default();
        let (mut no_rule, mut forbidden, mut limit_exceeded) = (false, false, false);
        let mut kept: Vec<(usize, Judged, Vec<Hit>)> = Vec::new();
        let mut deciding = 0usize;
        let mut hits: Vec<Hit> = Vec::new();
        for (index, cell) in cells.cells.iter().enumerate() {
            hits.clear();
            let judged = self.judge(cell, &cells, &candidates, request, &mut asked, &mut hits);
            no_rule |= judged.reason() == "no_rule";
            forbidden |= judged.forbidden;
            limit_exceeded |= judged.limit_exceeded;
            if judged.verdict > verdict {
                verdict = judged.verdict;
                rules = RuleBits::default();
                kept.clear();
                deciding = 0;
            }
            if judged.verdict == verdict {
                let determining = hits.iter().filter(|hit| hit.verdict == verdict);
                determining.for_each(|hit| rules.insert(hit.rule));
                deciding = deciding.saturating_add(1);
                if kept.len() < MAX_CELLS {
                    kept.push((index, judged, hits.clone()));
                }
            }
        }
        let explanation = self.explain(&cells, &kept, deciding, &candidates, request);

        let mut reasons = fact_reasons(facts);
        let mut stamps: Vec<Stamp> = self.stamps.iter().copied().collect();
        if verdict == Verdict::Deny {
            let codes = [
                (no_rule, "no_rule"),
                (forbidden, "forbidden"),
                (limit_exceeded, "limit_exceeded"),
            ];
            reasons.extend(codes.into_iter().filter(|(given, _)| *given).map(|(_, code)| code));
        }
        let mut raise = |raise: Raise, code: &'static str, asked: &mut Asked| {
            let wanted = match raise {
                Raise::Deny => Verdict::Deny,
                Raise::RequireApproval(spec) => {
                    asked.spec(spec);
                    Verdict::RequireApproval
                }
            };
            if wanted > verdict {
                verdict = wanted;
                rules = RuleBits::default();
            }
            if wanted == verdict && !reasons.contains(&code) {
                reasons.push(code);
            }
        };
        if let Some(expires) = self.manifest.expires {
            match request.context.now {
                Some(now) if now >= expires => {
                    let wanted = match self.manifest.on_expiry {
                        OnExpiry::Deny => Raise::Deny,
                        OnExpiry::RequireApproval(spec) => Raise::RequireApproval(spec),
                    };
                    raise(wanted, "bundle_expired", &mut asked);
                }
                Some(_) => {}
                None => stamps.push(Stamp::ExpiryUnchecked),
            }
        }
        if request.context.now.is_none()
            && !stamps.contains(&Stamp::ExpiryUnchecked)
            && self.has_expiring_rules
        {
            stamps.push(Stamp::ExpiryUnchecked);
        }
        let risk = self.risk.score(&RiskInput {
            effects: cells.effects,
            classes: &cells.classes,
            unbounded: cells.unbounded,
            unknown_rows: cells.unknown_rows,
            understanding: cells.understanding,
            evades: cells.evades,
            request,
        });
        self.risk.bands(risk.score).for_each(|band| raise(band, "risk", &mut asked));

        if verdict < Verdict::Deny {
            let missing = [
                (asked.masked && !request.enforces.mask, &asked.mask_rules),
                (asked.rows.is_some() && !request.enforces.limit, &asked.limit_rules),
                (!asked.specs.is_empty() && !request.enforces.approve, &asked.approval_rules),
            ];
            if missing.iter().any(|(missing, _)| *missing) {
                verdict = Verdict::Deny;
                rules = RuleBits::default();
                reasons.push("unenforceable");
                for (_, owners) in missing.iter().filter(|(missing, _)| *missing) {
                    owners.iter().for_each(|rule| rules.insert(rule));
                }
            }
        }
        let obligations =
            if verdict == Verdict::Deny { Vec::new() } else { self.obligations(&asked, facts) };
        let determining: Vec<&Rule> =
            rules.iter().filter_map(|index| self.rules.get(index)).collect();
        Decision {
            verdict,
            rules: determining.iter().map(|rule| rule.id.clone()).collect(),
            reasons,
            understanding: cells.understanding,
            risk,
            obligations,
            remedy: determining.iter().find_map(|rule| rule.say.clone()),
            bundle: self.digest,
            stamps,
            explanation,
        }
    }

    /// The request with what the bundle knows of its resource and its claims.
    fn completed<'r>(&self, request: &'r Request) -> Cow<'r, Request> {
        let mut request = Cow::Borrowed(request);
        if let Some(entry) = self.inventory.get(&request.resource.name) {
            let other_kind = entry.kind.as_ref().is_some_and(|kind| *kind != request.resource.kind);
            for (label, value) in &entry.labels {
                match request.resource.labels.get(label) {
                    // Two truths about one label, or about what the resource is: not known.
                    Some(told) if told != value || other_kind => {
                        request.to_mut().resource.labels.remove(label);
                    }
                    Some(_) => {}
                    None if other_kind => {}
                    None => {
                        let labels = &mut request.to_mut().resource.labels;
                        labels.insert(label.clone(), value.clone());
                    }
                }
            }
        }
        for map in &self.claims {
            let has = match request.principal.claims.get(&map.claim) {
                Some(Value::Text(text)) => *text == map.has,
                Some(Value::List(texts)) => texts.contains(&map.has),
                Some(Value::Bool(_) | Value::Int(_)) | None => false,
            };
            if has {
                let groups = &mut request.to_mut().principal.groups;
                groups.extend(map.groups.iter().cloned());
            }
        }
        request
    }

    /// Decides one cell; notes what the rules that meet it ask for.
    fn judge(
        &self,
        cell: &Cell<'_>,
        cells: &Cells<'_>,
        candidates: &[(usize, &Rule, Tri)],
        request: &Request,
        asked: &mut Asked,
        hits: &mut Vec<Hit>,
    ) -> Judged {
        let mut floor = Verdict::Allow;
        let (mut granted, mut forbidden, mut limit_exceeded) = (false, false, false);
        for (index, rule, fits) in candidates {
            let what = self.what(&rule.what, cell, cells, false);
            if !what.possible() {
                continue;
            }
            let matched = conditions(rule, cell, request, fits.and(what));
            if !matched.possible() {
                continue;
            }
            let mut hit = |verdict: Verdict, grants: bool| {
                hits.push(Hit { rule: *index, matched, grants, verdict });
            };
            let outcome = &rule.outcome;
            if outcome.deny {
                match rule.on_doubt {
                    Some(spec) if !matched.certain() => {
                        granted = true;
                        floor = floor.max(Verdict::RequireApproval);
                        asked.spec(spec);
                        asked.approval_rules.insert(*index);
                        hit(Verdict::RequireApproval, true);
                    }
                    Some(_) | None => {
                        forbidden = true;
                        hit(Verdict::Deny, false);
                    }
                }
                continue;
            }
            let grants = outcome.grants()
                && matched.certain()
                && self.what(&rule.what, cell, cells, true).certain();
            if outcome.allow && grants && may_allow(rule, cells.understanding) {
                granted = true;
                hit(Verdict::Allow, true);
            }
            if let Some(classes) = &outcome.mask {
                floor = floor.max(Verdict::Mask);
                asked.masks.union(classes);
                asked.masked = true;
                asked.mask_rules.insert(*index);
                hit(Verdict::Mask, false);
            }
            if let Some(limit) = outcome.limit {
                floor = floor.max(Verdict::Limit);
                asked.rows = Some(asked.rows.map_or(limit.rows, |rows| rows.min(limit.rows)));
                asked.limit_rules.insert(*index);
                hit(Verdict::Limit, false);
                // A write cannot be stopped at a row: its bound must be known before.
                let within = |action: &Action| {
                    !action.changes_rows()
                        || action.max_rows().is_some_and(|rows| rows <= limit.rows)
                };
                if !cell.facts.action.is_some_and(within) {
                    match limit.approval {
                        Some(spec) => {
                            floor = floor.max(Verdict::RequireApproval);
                            asked.spec(spec);
                            asked.approval_rules.insert(*index);
                            hit(Verdict::RequireApproval, false);
                        }
                        None => {
                            limit_exceeded = true;
                            hit(Verdict::Deny, false);
                        }
                    }
                }
            }
            if !outcome.approvals.is_empty() {
                granted |= grants;
                floor = floor.max(Verdict::RequireApproval);
                outcome.approvals.iter().for_each(|spec| asked.spec(*spec));
                asked.approval_rules.insert(*index);
                hit(Verdict::RequireApproval, grants);
            }
        }
        let denied = forbidden || limit_exceeded || !granted;
        let verdict = if denied { Verdict::Deny } else { floor };
        Judged { verdict, granted, forbidden, limit_exceeded }
    }

    fn obligations(&self, asked: &Asked, facts: &Facts) -> Vec<Obligation> {
        let mut obligations = Vec::new();
        if asked.masked {
            obligations.push(Obligation::Mask(self.mask(&asked.masks, facts)));
        }
        obligations.extend(asked.rows.map(|rows| Obligation::Limit { rows }));
        let specs = asked.specs.iter().filter_map(|spec| self.spec_id(*spec));
        obligations.extend(specs.map(|spec| Obligation::Approval { spec: spec.to_owned() }));
        obligations
    }

    fn mask(&self, masks: &ClassSet, facts: &Facts) -> MaskObligation {
        let mut classes: Vec<_> = masks
            .iter()
            .filter_map(|class| self.classes.get(usize::from(class)))
            .cloned()
            .collect();
        classes.sort_by(|a, b| a.name.cmp(&b.name));
        let mut returning: Vec<&Outputs> = Vec::new();
        collect_outputs(facts, &mut returning);
        let understanding = super::cell::understanding(facts);
        let columns = match returning.as_slice() {
            // What is understood in part may return what was not seen.
            [] if understanding == Understanding::Full => MaskedColumns::Listed(Vec::new()),
            [Outputs::Columns(columns)] if understanding < Understanding::Opaque => {
                let listed = columns
                    .iter()
                    .enumerate()
                    .map(|(index, column)| Some((index, self.strongest(masks, &column.sources)?)));
                // One column from anywhere may be all columns: a star whose table is not known.
                match listed.collect::<Option<Vec<_>>>() {
                    None => MaskedColumns::All,
                    Some(listed) => MaskedColumns::Listed(
                        listed
                            .into_iter()
                            .filter_map(|(index, class)| {
                                Some(MaskedColumn { index, class: class?.to_owned() })
                            })
                            .collect(),
                    ),
                }
            }
            _ => MaskedColumns::All,
        };
        MaskObligation { classes, columns }
    }

    /// The class with the strongest operator among those that a column may hold and that are to
    /// be masked; the outer `None` where the column may hold anything.
    fn strongest(&self, masks: &ClassSet, sources: &Sources) -> Option<Option<&str>> {
        let held = self.tags.held_by_sources(sources)?;
        let classes = held
            .iter()
            .filter(|class| masks.contains(*class))
            .filter_map(|class| self.classes.get(usize::from(class)));
        let strongest =
            classes.max_by(|a, b| a.operator.cmp(&b.operator).then_with(|| b.name.cmp(&a.name)));
        Some(strongest.map(|class| class.name.as_str()))
    }

    fn explain(
        &self,
        cells: &Cells<'_>,
        kept: &[(usize, Judged, Vec<Hit>)],
        deciding: usize,
        candidates: &[(usize, &Rule, Tri)],
        request: &Request,
    ) -> Explanation {
        let mut explanation = Explanation::default();
        for (index, judged, hits) in kept {
            let Some(cell) = cells.cells.get(*index) else { continue };
            let mut rules: Vec<RuleReason> = Vec::new();
            let mut more_rules = 0usize;
            let mut before = None;
            for hit in hits {
                let Some(rule) = self.rules.get(hit.rule) else { continue };
                // The hits of one rule stand side by side.
                if before == Some(hit.rule) {
                    if let Some(same) = rules.last_mut().filter(|same| same.id == rule.id) {
                        same.grants |= hit.grants;
                    }
                    continue;
                }
                before = Some(hit.rule);
                if rules.len() >= MAX_RULES {
                    more_rules = more_rules.saturating_add(1);
                    continue;
                }
                let unknown = if hit.matched.certain() {
                    Vec::new()
                } else {
                    let at = candidates.binary_search_by_key(&hit.rule, |(index, _, _)| *index);
                    let fits = at.ok().and_then(|at| candidates.get(at));
                    let fits = fits.map_or(Tri::Unknown, |(_, _, fits)| *fits);
                    self.unknowns(rule, fits, cell, cells, request)
                };
                for name in &unknown {
                    if !explanation.unknown.contains(name) {
                        explanation.unknown.push(name.clone());
                    }
                }
                rules.push(RuleReason {
                    id: rule.id.clone(),
                    matched: hit.matched.name(),
                    grants: hit.grants,
                    file: rule.file.clone(),
                    span: rule.span,
                    unknown,
                });
            }
            let target = match cell.facts.target {
                Known::Is(target) => Some(format!("{}:{}", target.kind.name(), target.path)),
                Known::Nothing | Known::Unknown => None,
            };
            let effect = match cell.facts.effect {
                Known::Is(effect) => Some(effect.name()),
                Known::Nothing | Known::Unknown => None,
            };
            let op = match cell.op {
                Known::Is(op) => op,
                Known::Nothing | Known::Unknown => Op::Unknown,
            };
            explanation.cells.push(CellReason {
                span: cell.facts.action.map(|action| action.span),
                op: op.name(),
                verb: cell
                    .facts
                    .action
                    .map(|action| action.verb.clone())
                    .filter(|verb| !verb.is_empty()),
                target,
                effect,
                verdict: judged.verdict,
                reason: judged.reason(),
                rules,
                more_rules,
            });
        }
        explanation.more_cells = deciding.saturating_sub(explanation.cells.len());
        explanation.unknown.sort();
        explanation
    }
}

/// The reason codes of a command and of everything nested in it, without repeats.
fn fact_reasons(facts: &Facts) -> Vec<&'static str> {
    let mut codes: Vec<&'static str> = Vec::new();
    let mut waiting = vec![facts];
    while let Some(facts) = waiting.pop() {
        for reason in &facts.reasons {
            if !codes.contains(&reason.code()) {
                codes.push(reason.code());
            }
        }
        waiting.extend(facts.actions.iter().rev().flat_map(|action| action.nested.iter().rev()));
    }
    codes
}

fn collect_outputs<'a>(facts: &'a Facts, out: &mut Vec<&'a Outputs>) {
    for action in &facts.actions {
        match &action.outputs {
            Outputs::None => {}
            outputs @ (Outputs::Columns(_) | Outputs::Opaque) => out.push(outputs),
        }
        action.nested.iter().for_each(|nested| collect_outputs(nested, out));
    }
}
