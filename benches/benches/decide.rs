//! What does a decision cost over facts, with a bundle of 10, 100 and 1,000 rules?
//!
//! Rules differ in group, target and effect as those of a real bundle do; every tenth has a
//! condition. Three commands: a read that one rule allows (the last one), a delete that a rule with
//! a condition catches, and an opaque command that every rule possibly meets.
#![expect(clippy::unwrap_used, reason = "a bench may stop at the first surprise")]

use std::collections::BTreeMap;
use std::fmt::Write;
use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use placet::facts::{
    Action, Columns, Effect, EffectSet, EvasionSet, Extent, Facts, Op, Outputs, Path, Protocol,
    Reason, Role, Target, TargetKind, Understanding,
};
use placet::policy::{RuleSet, Source, Verdict, compile};
use placet::primitives::Span;
use placet::request::{Context, Enforces, Principal, PrincipalKind, Request, Resource, Session};

fn bundle(count: usize) -> RuleSet {
    let mut rules = String::new();
    for n in 0..count - 1 {
        let group = ["agents/*", "agents/support", "staff/**", "etl/nightly"]
            .get(n % 4)
            .copied()
            .unwrap_or_default();
        let verdict = if n % 3 == 0 { "'deny'" } else { "'allow'" };
        let effect = ["destroy", "write_data", "read_data"].get(n % 3).copied().unwrap_or_default();
        writeln!(rules, "[[rule]]\nid = \"r{n}\"\nwho = {{ groups = [\"{group}\"] }}").unwrap();
        writeln!(rules, "what = {{ effect = \"{effect}\", target = \"app{n}.**\" }}").unwrap();
        if n % 10 == 0 {
            writeln!(rules, "when = 'max_rows > {n} && resource.labels.env == \"prod\"'").unwrap();
        }
        writeln!(rules, "verdict = {verdict}").unwrap();
    }
    rules.push_str("[[rule]]\nid = \"last\"\nwhat = { op = \"read\", target = \"crm.**\" }\n");
    rules.push_str("verdict = \"allow\"\n");
    let source =
        Source::from_files([("bundle.toml", "name = \"bench\""), ("rules/a.toml", &rules)]);
    compile(&source).unwrap()
}

fn command(op: Op, may: EffectSet, schema: &str, role: Role) -> Facts {
    Facts {
        protocol: Protocol::parse("postgres").unwrap(),
        understanding: Understanding::Full,
        reasons: Vec::new(),
        actions: vec![Action {
            op,
            verb: op.name().to_uppercase(),
            targets: vec![Target {
                kind: TargetKind::Table,
                path: Path::exact([schema, "customers"]),
                role,
                columns: Columns::Named(vec!["city".into(), "name".into()]),
            }],
            extent: Extent::Filtered(vec!["id".into()]),
            may,
            outputs: Outputs::Opaque,
            calls: Vec::new(),
            via: Vec::new(),
            span: Span::new(0, 44),
            nested: Vec::new(),
        }],
        session: Vec::new(),
        statements: Some(1),
        evasion: EvasionSet::NONE,
    }
}

fn decide(criterion: &mut Criterion) {
    let request = Request {
        principal: Principal {
            id: "agent:support-7".into(),
            kind: PrincipalKind::Agent,
            groups: vec!["agents/support".into(), "staff/crm".into()],
            claims: BTreeMap::new(),
            delegator: None,
        },
        resource: Resource {
            kind: "postgres".into(),
            name: "crm-main".into(),
            labels: BTreeMap::from([("env".into(), "prod".into())]),
        },
        session: Session::default(),
        context: Context::default(),
        enforces: Enforces::ALL,
    };
    let read = command(Op::Read, Effect::ReadData.into(), "crm", Role::Source);
    let delete = command(Op::Delete, Effect::WriteData | Effect::Destroy, "app0", Role::Object);
    let opaque = Facts::opaque(Protocol::parse("postgres").unwrap(), Reason::NotParsed, 44);
    for count in [10, 100, 1000] {
        let rules = bundle(count);
        let cases = [
            ("read", &read, Verdict::Allow),
            ("delete", &delete, Verdict::Deny),
            ("opaque", &opaque, Verdict::Deny),
        ];
        for (name, facts, wanted) in cases {
            assert_eq!(rules.decide(facts, &request).verdict, wanted, "{name}");
            criterion.bench_function(&format!("decide/{count}-rules/{name}"), |bencher| {
                bencher.iter(|| rules.decide(black_box(facts), black_box(&request)));
            });
        }
    }
}

criterion_group!(benches, decide);
criterion_main!(benches);
