//! Properties of decisions over random bundles and random facts.

mod direction;

use std::collections::BTreeMap;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};

use super::compile::{RuleSet, compile};
use super::{Decision, Source, Verdict, reference};
use crate::facts::{
    Action, Columns, EffectSet, Evasion, EvasionSet, Extent, Facts, Op, OutputColumn, Outputs,
    Path, Protocol, Reason, Role, Segment, Sources, Target, TargetKind, Understanding,
};
use crate::primitives::{Span, Timestamp};
use crate::request::{Context, Enforces, Principal, PrincipalKind, Request, Resource, Session};

const BASE: &[(&str, &str)] = &[
    ("bundle.toml", "name = \"random\""),
    ("classes.toml", include_str!("../../../testdata/bundles/shop/classes.toml")),
    ("tags/crm.toml", include_str!("../../../testdata/bundles/shop/tags/crm.toml")),
    ("approvals.toml", include_str!("../../../testdata/bundles/shop/approvals.toml")),
];

fn bundle(rules: &[String]) -> RuleSet {
    let mut source = Source::from_files(BASE.iter().copied());
    let numbered = rules.iter().enumerate();
    let text: String =
        numbered.map(|(n, rule)| format!("[[rule]]\nid = \"r{n:02}\"\n{rule}\n")).collect();
    source.insert("rules/random.toml", text.clone());
    compile(&source).unwrap_or_else(|errors| {
        let lines: Vec<String> = errors.iter().map(ToString::to_string).collect();
        panic!("{lines:?}\n{text}")
    })
}

fn key(name: &'static str, values: &'static [&'static str]) -> BoxedStrategy<Option<String>> {
    prop_oneof![
        2 => Just(None),
        1 => subsequence(values, 1..=2).prop_map(move |chosen| {
            let quoted: Vec<String> = chosen.iter().map(|value| format!("'{value}'")).collect();
            Some(format!("{name} = [{}]", quoted.join(", ")))
        }),
    ]
    .boxed()
}

fn condition(name: &'static str) -> BoxedStrategy<Option<String>> {
    let atoms = select(vec![
        "max_rows > 10",
        "has(max_rows)",
        "has(effect)",
        "effect == \"destroy\"",
        "op == \"read\"",
        "extent == \"all\"",
        "writes",
        "destructive",
        "unbounded",
        "statements > 1",
        "kind == \"table\"",
        "role == \"source\"",
        "\"f\" in calls",
        "size(calls) == 0",
        "verb.startsWith(\"D\")",
        "session.rows_out > 100",
        "session.writes > 2",
        "\"tainted\" in session.labels",
        "resource.labels.env == \"prod\"",
        "principal.claims.level > 3",
        "now < timestamp(\"2026-06-01T00:00:00Z\")",
        "\"agents/a\" in principal.groups",
    ]);
    let joined = (atoms.clone(), select(vec!["&&", "||"]), atoms, any::<bool>()).prop_map(
        |(left, op, right, negate)| {
            let bang = if negate { "!" } else { "" };
            format!("{bang}({left} {op} {right})")
        },
    );
    prop_oneof![
        3 => Just(None),
        1 => joined.prop_map(move |text| Some(format!("{name} = '{text}'"))),
    ]
    .boxed()
}

/// The body of a rule with this verdict.
fn rule(verdict: BoxedStrategy<String>) -> BoxedStrategy<String> {
    let what = (
        key("op", &["read", "create", "update", "delete", "destroy", "unknown"]),
        key("effect", &["read_data", "write_data", "destroy", "code_exec"]),
        key("target", &["crm.**", "crm.customers", "customers", "*.tokens", "**", "crm.tok*"]),
        key("class", &["pii.*", "secret", "pii.email"]),
        key("call", &["f", "g", "s.f"]),
        key("verb", &["DELETE", "READ", "delete"]),
    );
    let who = (
        key("groups", &["agents/*", "agents/a", "staff/**"]),
        key("not", &["break-glass", "agents/b"]),
    );
    let place = (key("env", &["prod", "test"]), key("kind", &["postgres", "mysql"]));
    let dressing = (condition("when"), condition("unless"), select(vec![0, 0, 0, 1, 2]));
    (what, who, place, dressing, verdict)
        .prop_map(|(what, who, place, (when, unless, expires), verdict)| {
            let table = |name: &str, parts: Vec<Option<String>>| {
                let parts: Vec<String> = parts.into_iter().flatten().collect();
                (!parts.is_empty()).then(|| format!("{name} = {{ {} }}", parts.join(", ")))
            };
            let (op, effect, target, class, call, verb) = what;
            let lines = [
                table("what", vec![op, effect, target, class, call, verb]),
                table("who", vec![who.0, who.1]),
                table("where", vec![place.0, place.1]),
                when,
                unless,
                match expires {
                    1 => Some("expires = 2026-01-01T00:00:00Z".into()),
                    2 => Some("expires = 2027-01-01T00:00:00Z".into()),
                    _ => None,
                },
                Some(verdict),
            ];
            lines.into_iter().flatten().collect::<Vec<_>>().join("\n")
        })
        .boxed()
}

fn verdicts(lines: &'static [&'static str]) -> BoxedStrategy<String> {
    select(lines).prop_map(str::to_owned).boxed()
}

const ALLOWS: &[&str] = &["verdict = 'allow'", "verdict = ['allow', { mask = ['pii.*'] }]"];
const ASKS: &[&str] = &["verdict = { require_approval = 'two-dbas' }"];
const DENIES: &[&str] = &["verdict = 'deny'"];
const OBLIGES: &[&str] = &[
    "verdict = { mask = ['*'] }",
    "verdict = { limit = { rows = 10 } }",
    "verdict = { limit = { rows = 10, approval = 'on-call' } }",
];
/// The declared keys that soften doubt.
const SOFT: &[&str] = &[
    "verdict = 'allow'\npartial = true",
    "verdict = 'deny'\non_doubt = { require_approval = 'on-call' }",
];

fn hard_rule() -> BoxedStrategy<String> {
    let verdict = prop_oneof![
        3 => verdicts(ALLOWS),
        1 => verdicts(ASKS),
        1 => verdicts(DENIES),
        1 => verdicts(OBLIGES),
    ];
    rule(verdict.boxed())
}

fn any_rule() -> BoxedStrategy<String> {
    prop_oneof![3 => hard_rule(), 1 => rule(verdicts(SOFT))].boxed()
}

fn target() -> BoxedStrategy<Target> {
    let name = select(vec!["customers", "tokens", "Customers", "orders", "notes"]);
    let last = prop_oneof![
        4 => name.prop_map(|name| Segment::Exact(name.into())),
        1 => Just(Segment::Dynamic),
        1 => Just(Segment::Prefix("tok".into())),
    ];
    let schema = prop_oneof![
        2 => Just(None),
        3 => select(vec!["crm", "CRM", "hr"]).prop_map(|name| Some(Segment::Exact(name.into()))),
    ];
    let columns = prop_oneof![
        Just(Columns::Any),
        subsequence(vec!["contact", "email", "id", "phone", "value"], 0..3)
            .prop_map(|names| Columns::Named(names.into_iter().map(str::to_owned).collect())),
    ];
    let kind = select(vec![
        TargetKind::Table,
        TargetKind::Table,
        TargetKind::Schema,
        TargetKind::File,
        TargetKind::Role,
    ]);
    let role = select(vec![Role::Source, Role::Sink, Role::Object]);
    (kind, schema, last, role, columns)
        .prop_map(|(kind, schema, last, role, columns)| Target {
            kind,
            path: Path(schema.into_iter().chain([last]).collect()),
            role,
            columns,
        })
        .boxed()
}

fn action(nested: BoxedStrategy<Vec<Facts>>) -> BoxedStrategy<Action> {
    let op = select(vec![Op::Read, Op::Create, Op::Update, Op::Delete, Op::Destroy, Op::Unknown]);
    let extent = select(vec![
        Extent::One,
        Extent::AtMost(10),
        Extent::AtMost(11),
        Extent::Filtered(vec!["id".into()]),
        Extent::All,
        Extent::Unknown,
    ]);
    use crate::facts::Effect::{CodeExec, Destroy, ReadData, WriteData};
    let may = subsequence(vec![ReadData, WriteData, Destroy, CodeExec], 0..=3)
        .prop_map(|effects| effects.into_iter().collect::<EffectSet>());
    let calls = subsequence(vec!["f", "g", "s.f"], 0..=2)
        .prop_map(|calls| calls.into_iter().map(str::to_owned).collect::<Vec<String>>());
    let column = |sources| OutputColumn {
        name: "c".into(),
        sources,
        how: crate::facts::How::Plain,
        implicit: Sources::Columns(vec![]),
    };
    let outputs = select(vec![
        Outputs::None,
        Outputs::Opaque,
        Outputs::Columns(vec![column(Sources::Any)]),
        Outputs::Columns(vec![column(Sources::Columns(vec!["crm.customers.email".into()]))]),
    ]);
    (op, extent, may, calls, outputs, vec(target(), 0..3), nested)
        .prop_map(|(op, extent, may, calls, outputs, targets, nested)| Action {
            op,
            verb: op.name().to_uppercase(),
            targets,
            extent,
            may,
            outputs,
            calls,
            via: Vec::new(),
            span: Span::new(0, 1),
            nested,
        })
        .boxed()
}

fn facts_over(nested: BoxedStrategy<Vec<Facts>>) -> BoxedStrategy<Facts> {
    let understanding = prop_oneof![
        4 => Just(Understanding::Full),
        1 => Just(Understanding::Partial),
        1 => Just(Understanding::Opaque),
    ];
    let evasion = prop_oneof![
        3 => Just(EvasionSet::NONE),
        1 => Just(Evasion::MixedCase.into()),
        1 => Just(Evasion::MixedCase | Evasion::CommentAsSpace),
    ];
    (understanding, vec(action(nested), 0..3), evasion)
        .prop_map(|(understanding, actions, evasion)| Facts {
            protocol: Protocol::parse("postgres").unwrap(),
            understanding,
            reasons: match understanding {
                Understanding::Full => vec![],
                Understanding::Partial | Understanding::Opaque => vec![Reason::NotParsed],
            },
            statements: (understanding != Understanding::Opaque).then_some(1),
            actions,
            session: Vec::new(),
            evasion,
        })
        .boxed()
}

fn facts() -> BoxedStrategy<Facts> {
    let inner = facts_over(Just(Vec::new()).boxed());
    facts_over(prop_oneof![3 => Just(Vec::new()), 1 => vec(inner, 1..2)].boxed())
}

fn request() -> BoxedStrategy<Request> {
    let groups = subsequence(vec!["agents/a", "agents/b", "staff/x/y", "break-glass"], 0..3);
    let env = select(vec![None, Some("prod"), Some("Prod"), Some("test")]);
    let now = select(vec![None, Some("2026-03-01T00:00:00Z"), Some("2028-01-01T00:00:00Z")]);
    let rows = select(vec![None, Some(7u64), Some(7000)]);
    let tainted = select(vec![None, None, Some("tainted")]);
    let denials = select(vec![None, None, Some(3)]);
    (groups, env, now, rows, (tainted, denials))
        .prop_map(|(groups, env, now, rows, (tainted, denials))| Request {
            principal: Principal {
                id: "agent:x".into(),
                kind: PrincipalKind::Agent,
                groups: groups.into_iter().map(str::to_owned).collect(),
                claims: BTreeMap::new(),
                delegator: None,
            },
            resource: Resource {
                kind: "postgres".into(),
                name: "r".into(),
                labels: env.into_iter().map(|env| ("env".to_owned(), env.to_owned())).collect(),
            },
            session: Session {
                labels: tainted.into_iter().map(str::to_owned).collect(),
                counters: [("rows_out", rows), ("denials", denials)]
                    .into_iter()
                    .filter_map(|(name, count)| Some((name.to_owned(), count?)))
                    .collect(),
            },
            context: Context { now: now.and_then(Timestamp::parse) },
            enforces: Enforces::ALL,
        })
        .boxed()
}

fn ids(decision: &Decision) -> Vec<String> {
    decision.rules.iter().map(|id| id.to_string()).collect()
}

/// The same facts, understood worse.
fn doubted(mut facts: Facts, to: Understanding) -> Facts {
    if facts.understanding < to {
        facts.understanding = to;
        facts.reasons = vec![Reason::NotParsed];
        if to == Understanding::Opaque {
            facts.statements = None;
        }
    }
    facts
}

proptest! {
    #![proptest_config(ProptestConfig { cases: ProptestConfig::default().cases.max(2000), ..ProptestConfig::default() })]

    /// `decide` answers as the evaluator that was written from the text of the specification.
    #[test]
    fn decides_as_the_reference(rules in vec(any_rule(), 0..6), facts in facts(), request in request()) {
        let rules = bundle(&rules);
        let decision = rules.decide(&facts, &request);
        let (verdict, wanted) = reference::decide(&rules, &facts, &request);
        prop_assert_eq!(decision.verdict, verdict);
        prop_assert_eq!(ids(&decision), wanted);
    }

    /// Promise 9, and what a decision must never look like.
    #[test]
    fn decisions_are_deterministic_and_consistent(rules in vec(any_rule(), 0..6), facts in facts(), request in request()) {
        let rules = bundle(&rules);
        let decision = rules.decide(&facts, &request);
        prop_assert_eq!(&decision, &rules.clone().decide(&facts.clone(), &request.clone()));
        prop_assert_eq!(decision.verdict == Verdict::Deny || decision.verdict == Verdict::Allow, decision.obligations.is_empty());
        prop_assert!(decision.verdict != Verdict::Deny || decision.reasons.iter().any(|code| ["no_rule", "forbidden", "limit_exceeded"].contains(code)));
        prop_assert!(!decision.explanation.cells.is_empty());
    }

    /// A decision holds for as long as its basis does.
    #[test]
    fn equal_bases_decide_alike(rules in vec(any_rule(), 0..6), facts in facts(), first in request(), other in request()) {
        let rules = bundle(&rules);
        let mut second = first.clone();
        (second.session, second.context) = (other.session, other.context);
        let basis = rules.basis(&first);
        prop_assert_eq!(rules.is_basis(&basis, &second), basis == rules.basis(&second));
        if rules.is_basis(&basis, &second) {
            prop_assert_eq!(rules.decide(&facts, &first), rules.decide(&facts, &second));
        }
    }

    /// Promise 1: without the keys that declare it, doubt never lowers a verdict.
    #[test]
    fn doubt_never_lowers(rules in vec(hard_rule(), 0..6), facts in facts(), request in request()) {
        let rules = bundle(&rules);
        let before = rules.decide(&facts, &request).verdict;
        for to in [Understanding::Partial, Understanding::Opaque] {
            let after = rules.decide(&doubted(facts.clone(), to), &request).verdict;
            prop_assert!(after >= before, "{:?} < {:?}", after, before);
        }
        let nothing = Facts::opaque(facts.protocol, Reason::NotParsed, 1);
        prop_assert!(rules.decide(&nothing, &request).verdict >= before);
    }

    /// Promise 1: whatever is nested in addition never lowers a verdict. Conditions are left out:
    /// those on the whole command (`writes`, `statements`) are the author's own word about it.
    #[test]
    fn a_nested_command_never_lowers(rules in vec(hard_rule(), 0..6), mut facts in facts().prop_filter("something to nest in", |facts| !facts.actions.is_empty()), inner in facts(), request in request()) {
        let plain = |rule: &String| {
            let kept = rule.lines().filter(|l| !l.starts_with("when") && !l.starts_with("unless"));
            kept.collect::<Vec<_>>().join("\n")
        };
        let rules = bundle(&rules.iter().map(plain).collect::<Vec<_>>());
        let before = rules.decide(&facts, &request).verdict;
        facts.actions[0].nested.push(inner);
        prop_assert!(rules.decide(&facts, &request).verdict >= before);
    }

    /// A longer rule set with one more mask, limit or deny is never milder.
    #[test]
    fn restrictions_never_loosen(rules in vec(any_rule(), 0..5), more in prop_oneof![rule(verdicts(OBLIGES)), rule(verdicts(DENIES))], facts in facts(), request in request()) {
        let before = bundle(&rules).decide(&facts, &request).verdict;
        let longer: Vec<String> = rules.into_iter().chain([more]).collect();
        prop_assert!(bundle(&longer).decide(&facts, &request).verdict >= before);
    }

    /// One more grant loosens only what nothing had granted.
    #[test]
    fn grants_open_only_what_was_ungranted(rules in vec(any_rule(), 0..5), more in prop_oneof![rule(verdicts(ALLOWS)), rule(verdicts(ASKS))], facts in facts(), request in request()) {
        let before = bundle(&rules).decide(&facts, &request);
        let longer: Vec<String> = rules.into_iter().chain([more]).collect();
        let after = bundle(&longer).decide(&facts, &request);
        prop_assert!(after.verdict >= before.verdict || before.reasons.contains(&"no_rule"));
        prop_assert!(!before.reasons.contains(&"forbidden") || after.verdict == Verdict::Deny);
    }

    /// A caller that can do less never gets a milder answer.
    #[test]
    fn a_weaker_caller_gets_no_milder_answer(rules in vec(any_rule(), 0..6), facts in facts(), mut request in request()) {
        let rules = bundle(&rules);
        let before = rules.decide(&facts, &request).verdict;
        request.enforces = Enforces::NOTHING;
        let after = rules.decide(&facts, &request).verdict;
        prop_assert!(after == Verdict::Allow && before == Verdict::Allow || after == Verdict::Deny);
    }
}

proptest! {
    /// No text makes the compiler panic, and what it refuses it explains in one line.
    #[test]
    fn no_text_breaks_the_compiler(text in "\\PC{0,200}", rules in "[\\[\\]a-z=\"'{}. \n,!&|<>0-9_-]{0,200}") {
        let source = Source::from_files([
            ("bundle.toml", text.as_str()),
            ("rules/a.toml", rules.as_str()),
        ]);
        if let Err(errors) = compile(&source) {
            for error in &errors {
                prop_assert!(!error.to_string().contains('\n'));
                if let Some(span) = error.span() {
                    prop_assert!(source.get(error.file()).is_none_or(|text| span.end() <= text.len()));
                }
            }
        }
    }

    /// Nor does a condition.
    #[test]
    fn no_condition_breaks_the_compiler(text in "[a-z_.()!&|<>=\"' 0-9,\\[\\]-]{0,120}") {
        let _ = super::condition::Condition::compile(&text, Span::default());
    }
}
