use std::collections::BTreeMap;

use super::*;
use crate::facts::{
    Action, Effect, EffectSet, Evasion, EvasionSet, Extent, Op, Outputs, Understanding,
};
use crate::request::{
    Context, Enforces, Principal, PrincipalKind, Resource, Session, Value as Claim,
};

fn request() -> Request {
    Request {
        principal: Principal {
            id: "agent:support-7".into(),
            kind: PrincipalKind::Agent,
            groups: vec!["agents/support".into()],
            claims: BTreeMap::from([
                ("level".into(), Claim::Int(3)),
                ("team".into(), Claim::Text("crm".into())),
                ("mfa".into(), Claim::Bool(true)),
                ("roles".into(), Claim::List(vec!["dev".into()])),
            ]),
            delegator: None,
        },
        resource: Resource {
            kind: "postgres".into(),
            name: "crm-main".into(),
            labels: BTreeMap::from([("env".into(), "prod".into())]),
        },
        session: Session {
            labels: vec!["read_secret".into()],
            counters: BTreeMap::from([("rows_out".into(), 500)]),
        },
        context: Context { now: Timestamp::parse("2026-11-22T12:00:00Z") },
        enforces: Enforces::ALL,
    }
}

fn action() -> Action {
    Action {
        op: Op::Delete,
        verb: "DELETE".into(),
        targets: Vec::new(),
        extent: Extent::AtMost(7),
        may: EffectSet::NONE,
        outputs: Outputs::None,
        calls: vec!["lower".into()],
        via: Vec::new(),
        span: Span::new(0, 1),
        nested: Vec::new(),
    }
}

fn known(action: &Action) -> CellFacts<'_> {
    CellFacts {
        action: Some(action),
        target: Known::Nothing,
        effect: Known::Is(Effect::WriteData),
        calls_complete: true,
        understanding: Understanding::Full,
        statements: Some(1),
        writes: Tri::True,
        destructive: Tri::False,
        unbounded: Tri::False,
        protocol: "postgres",
        evasion: Evasion::MixedCase.into(),
    }
}

/// The cell of an opaque command.
fn opaque() -> CellFacts<'static> {
    CellFacts {
        action: None,
        target: Known::Unknown,
        effect: Known::Unknown,
        calls_complete: false,
        understanding: Understanding::Opaque,
        statements: None,
        writes: Tri::Unknown,
        destructive: Tri::Unknown,
        unbounded: Tri::Unknown,
        protocol: "postgres",
        evasion: EvasionSet::NONE,
    }
}

fn eval(text: &str, cell: &CellFacts<'_>) -> Tri {
    let condition = Condition::compile(text, Span::default())
        .unwrap_or_else(|faults| panic!("{text}: {faults:?}"));
    condition.eval(cell, &request())
}

#[test]
fn what_is_known_is_decided() {
    let action = action();
    for (text, wanted) in [
        ("true", true),
        ("!true || !!true", true),
        ("op == \"delete\" && max_rows == 7", true),
        ("op in [\"read\", 'delete']", true),
        ("op != \"delete\"", false),
        ("max_rows > 7", false),
        ("max_rows >= 7 && 7 >= max_rows && max_rows < 8", true),
        ("max_rows > -1", true),
        ("extent == \"at_most\"", true),
        ("effect == \"write_data\"", true),
        ("kind == \"table\"", false),
        ("kind != \"table\"", true),
        ("has(kind)", false),
        ("has(effect) && has(max_rows)", true),
        ("writes && !destructive", true),
        ("writes == true", true),
        ("writes != destructive", true),
        ("(writes || destructive) == (1 == 1)", true),
        ("\"lower\" in calls && !(\"upper\" in calls)", true),
        ("size(calls) == 1", true),
        ("size(principal.id) == 15", true),
        ("verb.startsWith(\"DEL\") && verb.endsWith('ETE') && verb.contains(\"LE\")", true),
        ("\"agents/support\" in principal.groups", true),
        ("principal.kind == \"agent\"", true),
        ("principal.claims.level >= 3", true),
        ("principal.claims.team == \"crm\"", true),
        ("principal.claims.mfa", true),
        ("principal.claims.mfa == true", true),
        ("\"dev\" in principal.claims.roles", true),
        ("has(principal.claims.missing)", false),
        ("resource.labels.env in [\"prod\", \"stage\"]", true),
        ("has(resource.labels.owner)", false),
        ("\"read_secret\" in session.labels", true),
        ("session.rows_out < 1000", true),
        ("now > timestamp(\"2026-01-01T00:00:00Z\")", true),
        ("statements == 1", true),
        ("protocol == \"postgres\"", true),
        ("understanding == \"full\"", true),
        ("\"mixed_case\" in evasion", true),
        ("\"split_text\" in evasion", false),
        ("size(evasion) == 1 && has(evasion)", true),
        ("true || false && false", true),
    ] {
        assert_eq!(eval(text, &known(&action)), Tri::from(wanted), "{text}");
    }
}

#[test]
fn what_is_not_known_stays_unknown() {
    let mut action = action();
    action.extent = Extent::Unknown;
    action.op = Op::Unknown;
    let mut partial = known(&action);
    partial.calls_complete = false;
    for text in [
        "max_rows > 7",
        "max_rows <= 7",
        "!(max_rows > 7)",
        "has(max_rows)",
        "extent == \"all\"",
        "extent != \"all\"",
        "extent == \"unknown\"",
        "op == \"read\"",
        "op != \"read\"",
        "op in [\"unknown\"]",
        "\"upper\" in calls",
        "size(calls) == 1",
        "resource.labels.owner == \"me\"",
        "resource.labels.owner != \"me\"",
        "principal.claims.missing == 1",
        "principal.claims.level == \"three\"",
        "principal.claims.team > 3",
        "principal.claims.team",
        "session.writes > 3",
        // Letter case: perhaps the same.
        "verb == \"delete\"",
        "verb.startsWith(\"del\")",
        "principal.id == \"Agent:Support-7\"",
        "\"Agents/Support\" in principal.groups",
        "max_rows > 7 || false",
        "max_rows > 7 && true",
        "(max_rows > 7) == true",
    ] {
        assert_eq!(eval(text, &partial), Tri::Unknown, "{text}");
    }
    assert_eq!(eval("max_rows > 7 || true", &partial), Tri::True);
    assert_eq!(eval("max_rows > 7 && false", &partial), Tri::False);
    assert_eq!(eval("\"lower\" in calls", &partial), Tri::True);
}

#[test]
fn an_opaque_command_is_known_to_be_opaque_and_nothing_else() {
    for text in [
        "op == \"read\"",
        "verb == \"SELECT\"",
        "extent == \"all\"",
        "has(effect)",
        "has(kind)",
        "role == \"source\"",
        "\"f\" in calls",
        "size(calls) == 0",
        "statements > 0",
        "writes",
        "!writes",
        "destructive",
        "unbounded",
        "has(max_rows)",
        "\"mixed_case\" in evasion",
        "size(evasion) > 0",
    ] {
        assert_eq!(eval(text, &opaque()), Tri::Unknown, "{text}");
    }
    assert_eq!(eval("understanding == \"opaque\"", &opaque()), Tri::True);
    assert_eq!(eval("understanding != \"opaque\"", &opaque()), Tri::False);
    assert_eq!(eval("principal.kind == \"agent\"", &opaque()), Tri::True);
}

#[test]
fn unknowns_are_named() {
    let condition =
        Condition::compile("max_rows > 3 && writes && op == \"read\"", Span::default()).unwrap();
    assert_eq!(condition.unknowns(&opaque(), &request()), ["max_rows", "writes", "op"]);
}

#[test]
fn what_cannot_be_read_is_refused() {
    for (text, code) in [
        ("", "POL010"),
        ("max_rows >", "POL010"),
        ("(writes", "POL010"),
        ("writes)", "POL010"),
        ("writes writes", "POL010"),
        ("writes & writes", "POL010"),
        ("\"open", "POL010"),
        ("max_rows > 1x", "POL010"),
        ("max_rows > 99999999999999999999", "POL010"),
        ("max_rows + 1 > 3", "POL010"),
        ("1 < max_rows < 3", "POL010"),
        ("op in", "POL010"),
        ("verb == \"\\q\"", "POL010"),
        ("principal.", "POL010"),
        ("max_rows > \"3\"", "POL011"),
        ("max_rows", "POL011"),
        ("\"text\"", "POL011"),
        ("writes > true", "POL011"),
        ("op < \"read\"", "POL011"),
        ("calls == \"f\"", "POL011"),
        ("op in calls", "POL011"),
        ("max_rows in calls", "POL011"),
        ("max_rows in [\"3\"]", "POL011"),
        ("max_rows in [statements]", "POL011"),
        ("size(op) == 3", "POL011"),
        ("size(\"text\") == 3", "POL011"),
        ("has(3)", "POL011"),
        ("has(op, verb)", "POL011"),
        ("op.startsWith(\"d\")", "POL011"),
        ("verb.startsWith(3)", "POL011"),
        ("startsWith(\"d\")", "POL011"),
        ("size(calls)", "POL011"),
        ("now > \"2026-01-01T00:00:00Z\"", "POL011"),
        ("now > 3", "POL011"),
        ("max_row > 3", "POL012"),
        ("Op == \"read\"", "POL012"),
        ("principal.groups.x == \"a\"", "POL012"),
        ("principal.claims == \"a\"", "POL012"),
        ("session == 3", "POL012"),
        ("verb.matches(\"D\")", "POL013"),
        ("lower(verb) == \"d\"", "POL013"),
        ("now > timestamp(\"tomorrow\")", "POL025"),
        ("op == \"drop\"", "POL005"),
        ("effect in [\"destroy\", \"destory\"]", "POL005"),
        ("op in []", "POL020"),
    ] {
        let faults = Condition::compile(text, Span::default()).expect_err(text);
        assert_eq!(faults[0].kind.code(), code, "{text}: {faults:?}");
    }
}

#[test]
fn size_and_depth_are_bounded() {
    let long = format!("writes{}", " ".repeat(5000));
    let deep = format!("{}writes{}", "(".repeat(33), ")".repeat(33));
    let wide = vec!["writes"; 300].join("||");
    for text in [long, deep, wide] {
        let faults = Condition::compile(&text, Span::default()).unwrap_err();
        assert_eq!(faults[0].kind, Kind::ConditionTooLarge);
    }
    let fine = format!("{}writes{}", "(".repeat(31), ")".repeat(31));
    assert!(Condition::compile(&fine, Span::default()).is_ok());
}
