//! The hostile cases: every way of letting something run that was not approved.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use crate::approval::*;
use crate::crypto::{KeyName, NamedSigningKey, SigningKey};
use crate::primitives::{Digest, Span, Timestamp};
use crate::schema::{ApprovalKind, ApprovalSpec, ApprovalStage, Approver};

const ANA: u8 = 1;
const BEN: u8 = 2;
const CAI: u8 = 3;
const BOB: u8 = 4;

fn key(n: u8) -> NamedSigningKey {
    NamedSigningKey::new(KeyName::parse(&format!("k{n}")).unwrap(), SigningKey::from_seed(&[n; 32]))
}

fn person(id: &str, groups: &[&str], keys: &[u8]) -> Approver {
    Approver {
        id: id.into(),
        groups: groups.iter().map(|g| (*g).to_owned()).collect(),
        keys: keys.iter().map(|n| key(*n).verifying_key().to_string()).collect(),
    }
}

fn spec(id: &str, min: u32) -> ApprovalSpec {
    ApprovalSpec {
        id: id.into(),
        about: None,
        distinct: true,
        not: Vec::new(),
        kind: ApprovalKind::Normal,
        stages: vec![ApprovalStage { any_of: vec!["dba".into()], min }],
        expires_in_seconds: 600,
    }
}

#[derive(Clone)]
struct Approvals {
    specs: Vec<ApprovalSpec>,
    approvers: Vec<Approver>,
}

impl Approvals {
    fn roster(&self) -> Roster {
        Roster::new(&self.specs, &self.approvers).unwrap()
    }
}

/// Ana has two keys; Bob delegates to the agent and is a dba himself; Dee is in no group.
fn approvals() -> Approvals {
    Approvals {
        specs: vec![spec("one", 1), spec("two", 2), spec("three", 3)],
        approvers: vec![
            person("ana", &["dba"], &[ANA, 11]),
            person("ben", &["dba"], &[BEN]),
            person("cai", &["dba"], &[CAI]),
            person("bob", &["dba"], &[BOB]),
            person("agent:7", &["dba"], &[7]),
            person("dee", &["other"], &[5]),
        ],
    }
}

fn roster() -> Arc<Roster> {
    Arc::new(approvals().roster())
}

fn command() -> BoundCommand {
    BoundCommand {
        protocol: "postgres".into(),
        resource_kind: "postgres".into(),
        resource_name: "crm".into(),
        bytes: b"DELETE FROM users WHERE id = $1".to_vec(),
        params: vec![Param::Number("7".into())],
        context: BoundContext { role: Some("app".into()), ..BoundContext::default() },
    }
}

fn asked(specs: &[&str]) -> Asked {
    Asked {
        decision_id: "d-1".into(),
        requester: Requester { id: "agent:7".into(), delegator: Some("bob".into()) },
        log: "example.com/gw".into(),
        command: command(),
        rules: vec!["r".into()],
        effects: vec!["delete crm.users, at most 1 row".into()],
        specs: specs.iter().map(|s| (*s).to_owned()).collect(),
        bundle_digest: Digest::from_bytes([9; 32]),
    }
}

fn t(seconds: i64) -> Timestamp {
    Timestamp::from_unix_millis(1_800_000_000_000).plus_seconds(seconds)
}

fn request_of(asked: Asked, random: u8) -> Result<ApprovalRequest, ApprovalError> {
    ApprovalRequest::new(asked, &roster(), &[random; 96], t(0), |_| Some(Vec::new()))
}

fn hold(specs: &[&str]) -> Hold {
    Hold::new(request_of(asked(specs), 1).unwrap(), roster()).unwrap()
}

fn signed(hold: &Hold, who: &str, n: u8, answer: Answer) -> SignedStatement {
    hold.request().statement(who, answer, None).sign(key(n).key()).unwrap()
}

fn approve(hold: &mut Hold, who: &str, n: u8) -> Result<HoldState, ApprovalError> {
    let answer = signed(hold, who, n, Answer::Approve);
    hold.answer(answer, t(1))
}

fn presented(roster: &Roster) -> Presented<'_> {
    Presented {
        command: command(),
        requester: Requester { id: "agent:7".into(), delegator: Some("bob".into()) },
        log: "example.com/gw",
        redecision: Redecision::RequireApproval { specs: vec!["one".into()] },
        roster,
        bundle_digest: Digest::from_bytes([9; 32]),
    }
}

#[derive(Default)]
struct Memory(Mutex<BTreeSet<Instance>>);

impl ReplayStore for Memory {
    fn consume(&self, receipt: &Consumed) -> Result<(), ConsumeError> {
        let new = self.0.lock().unwrap().insert(receipt.instance);
        if new { Ok(()) } else { Err(ConsumeError::Settled) }
    }
}

fn approved() -> Hold {
    let mut hold = hold(&["one"]);
    assert_eq!(approve(&mut hold, "ana", ANA), Ok(HoldState::Approved));
    hold
}

#[test]
fn what_was_approved_runs_once() {
    let (mut hold, roster, store) = (approved(), roster(), Memory::default());
    let logged = Cell::new(0);
    let log = |event: &Consumed| {
        assert_eq!(event.answers.len(), 1);
        logged.set(logged.get() + 1);
        true
    };
    let granted = hold.resume(presented(&roster), t(2)).unwrap().consume(&store, log).unwrap();
    assert_eq!(granted.command(), &command());
    assert_eq!(granted.ticket(), hold.request().ticket());
    let again = hold.resume(presented(&roster), t(2)).unwrap().consume(&store, log);
    assert_eq!(again.unwrap_err(), ApprovalError::Consumed);
    assert_eq!(logged.get(), 1);
}

#[test]
fn approved_a_and_run_b() {
    let (mut hold, roster) = (approved(), roster());
    let mut refuse = |change: &dyn Fn(&mut Presented<'_>), error: ApprovalError| {
        let mut other = presented(&roster);
        change(&mut other);
        assert_eq!(hold.resume(other, t(2)).unwrap_err(), error);
    };
    let differs = ApprovalError::Mismatch;
    refuse(&|p| p.command.bytes.push(b' '), differs);
    refuse(&|p| p.command.bytes = b"DELETE FROM users WHERE id=$1".to_vec(), differs);
    refuse(&|p| p.command.params = vec![Param::Number("8".into())], differs);
    refuse(&|p| p.command.params = vec![Param::Text("7".into())], differs);
    refuse(&|p| p.command.params.clear(), differs);
    refuse(&|p| p.command.protocol = "mysql".into(), differs);
    refuse(&|p| p.command.context.role = None, differs);
    refuse(&|p| p.command.context.database = Some("prod".into()), differs);
    refuse(&|p| p.command.context.search_path = Some(vec!["evil".into()]), differs);
    refuse(&|p| p.command.context.cwd = Some("/".into()), differs);
    refuse(&|p| p.command.context.kube_context = Some("prod".into()), differs);
    refuse(
        &|p| {
            p.command.context.parser_state.insert("prepared".into(), "{}".into());
        },
        differs,
    );
    refuse(&|p| p.command.resource_name = "billing".into(), ApprovalError::Actor);
    refuse(&|p| p.command.resource_kind = "mysql".into(), ApprovalError::Actor);
    refuse(&|p| p.requester.id = "agent:8".into(), ApprovalError::Actor);
    refuse(&|p| p.requester.delegator = None, ApprovalError::Actor);
    refuse(&|p| p.requester.delegator = Some("eve".into()), ApprovalError::Actor);
    refuse(&|p| p.log = "example.com/other", ApprovalError::Actor);
    // A wrong presentation does not use the approval up.
    assert!(hold.resume(presented(&roster), t(2)).is_ok());
}

#[test]
fn an_answer_that_differs_in_one_field_is_no_answer() {
    let base = hold(&["one"]);
    let other_digest = Digest::from_bytes([8; 32]);
    let refuse = |change: &dyn Fn(&mut Statement), error: ApprovalError| {
        let mut statement = base.request().statement("ana", Answer::Approve, None);
        change(&mut statement);
        let mut hold = base.clone();
        let signed = statement.sign(key(ANA).key()).unwrap();
        assert_eq!(hold.answer(signed, t(1)), Err(error), "{error}");
        assert_eq!(hold.state(t(1)), HoldState::Pending);
    };
    refuse(&|s| s.instance = Instance::from_bytes([0; 16]), ApprovalError::Instance);
    refuse(&|s| s.nonce = Nonce::from_bytes([0; 32]), ApprovalError::Instance);
    refuse(&|s| s.decision_id.push('x'), ApprovalError::Instance);
    refuse(&|s| s.action_hash = other_digest, ApprovalError::Action);
    refuse(&|s| s.display_hash = other_digest, ApprovalError::Display);
    refuse(&|s| s.bundle_digest = other_digest, ApprovalError::Bundle);
    refuse(&|s| s.audience.log.push('x'), ApprovalError::Audience);
    refuse(&|s| s.audience.resource_name.push('x'), ApprovalError::Audience);
    refuse(&|s| s.audience.resource_kind.push('x'), ApprovalError::Audience);
    refuse(&|s| s.requester.id.push('x'), ApprovalError::Requester);
    refuse(&|s| s.requester.delegator = None, ApprovalError::Requester);
    refuse(&|s| s.quorum.m = 0, ApprovalError::Quorum);
    refuse(&|s| s.quorum.n += 1, ApprovalError::Quorum);
    refuse(&|s| s.quorum.specs.push("two".into()), ApprovalError::Quorum);
    refuse(&|s| s.expires = s.expires.plus_seconds(1), ApprovalError::Window);
    refuse(&|s| s.not_before = s.not_before.plus_seconds(-1), ApprovalError::Window);
    refuse(&|s| s.not_before = t(5), ApprovalError::NotYetValid);
    refuse(&|s| s.expires = t(1), ApprovalError::Expired);
    // Another name under Ana's key, and the other way round.
    refuse(&|s| s.approver = "ben".into(), ApprovalError::Signature);
    refuse(&|s| s.approver = "nobody".into(), ApprovalError::UnknownApprover);
    refuse(&|s| s.approver = "ANA".into(), ApprovalError::UnknownApprover);
}

#[test]
fn a_signature_for_anything_else_is_no_answer() {
    let mut hold = hold(&["one"]);
    let good = signed(&hold, "ana", ANA, Answer::Approve);
    // Every changed field after signing, through the text form.
    let text = String::from_utf8(good.to_json()).unwrap();
    let flipped = text.replace("\"approve\"", "\"deny\"");
    let flipped = SignedStatement::parse(flipped.as_bytes()).unwrap();
    assert_eq!(hold.answer(flipped, t(1)), Err(ApprovalError::Signature));
    // A signature over the same JSON without our prefix.
    let json = crate::crypto::jcs::to_canonical(good.statement()).unwrap();
    use base64::{Engine as _, engine::general_purpose::STANDARD};
    let foreign = STANDARD.encode(key(ANA).key().sign(&json));
    let (_, rest) = text.split_once("\",\"statement\"").unwrap();
    let foreign = format!("{{\"signature\":\"{foreign}\",\"statement\"{rest}");
    let foreign = SignedStatement::parse(foreign.as_bytes()).unwrap();
    assert_eq!(hold.answer(foreign, t(1)), Err(ApprovalError::Signature));
    assert_eq!(hold.answer(good, t(1)), Ok(HoldState::Approved));
}

#[test]
fn malformed_answers() {
    let hold = hold(&["one"]);
    let good = String::from_utf8(signed(&hold, "ana", ANA, Answer::Approve).to_json()).unwrap();
    assert!(SignedStatement::parse(good.as_bytes()).is_ok());
    let expires = hold.request().expires().to_string();
    for bad in [
        String::new(),
        "null".into(),
        "{}".into(),
        good.replace("{\"signature", "{\"x\":1,\"signature"),
        good.replace("\"verdict\":\"approve\"", "\"verdict\":\"deny\",\"verdict\":\"approve\""),
        good.replace("\"verdict\":\"approve\"", "\"verdict\":\"APPROVE\""),
        good.replace("\"verdict\":\"approve\"", "\"verdict\":\"approve\",\"extra\":1"),
        good.replace(",\"verdict\":\"approve\"", ""),
        good.replace("\"comment_hash\":null,", ""),
        good.replace("\"class\":\"key\"", "\"class\":\"none\""),
        good.replace("sha256:", "sha512:"),
        good.replace(&expires, "tomorrow"),
        good.replace(&expires, &expires.replace(".000Z", "Z")),
        good.replace("\"signature\":\"", "\"signature\":\"AAAA"),
        format!("{good} x"),
        format!("{good}{good}"),
        format!("{:>20000}", good),
    ] {
        assert_ne!(bad, good);
        assert_eq!(SignedStatement::parse(bad.as_bytes()), Err(ApprovalError::Malformed), "{bad}");
    }
    for class in ["webauthn", "oidc", "attested"] {
        let other = good.replace("\"class\":\"key\"", &format!("\"class\":\"{class}\""));
        let other = SignedStatement::parse(other.as_bytes()).unwrap();
        assert_eq!(hold.clone().answer(other, t(1)), Err(ApprovalError::Class));
    }
    let mut statement = hold.request().statement("ana", Answer::Approve, None);
    statement.v = 2;
    assert_eq!(statement.sign(key(ANA).key()), Err(ApprovalError::Malformed));
}

#[test]
fn a_quorum_counts_people() {
    let mut hold = hold(&["two"]);
    assert_eq!(approve(&mut hold, "ana", ANA), Ok(HoldState::Pending));
    // The same answer again; the other key of the same person.
    assert_eq!(approve(&mut hold, "ana", ANA), Ok(HoldState::Pending));
    assert_eq!(approve(&mut hold, "ana", 11), Ok(HoldState::Pending));
    assert_eq!(hold.approvals().len(), 1);
    let (roster, store) = (roster(), Memory::default());
    assert_eq!(hold.resume(presented(&roster), t(2)).unwrap_err(), ApprovalError::Pending);
    assert_eq!(approve(&mut hold, "ben", BEN), Ok(HoldState::Approved));
    assert!(hold.resume(presented(&roster), t(2)).unwrap().consume(&store, |_| true).is_ok());
}

#[test]
fn every_spec_must_be_met() {
    let mut hold = hold(&["three", "one", "three"]);
    assert_eq!(hold.request().specs(), ["one", "three"]);
    assert_eq!(hold.request().quorum().m, 4);
    assert_eq!(approve(&mut hold, "ana", ANA), Ok(HoldState::Pending));
    assert_eq!(approve(&mut hold, "ben", BEN), Ok(HoldState::Pending));
    assert_eq!(approve(&mut hold, "cai", CAI), Ok(HoldState::Approved));
}

#[test]
fn requester_and_delegator_never_count() {
    let mut hold = hold(&["one"]);
    for (who, n) in [("agent:7", 7), ("bob", BOB)] {
        for answer in [Answer::Approve, Answer::Deny] {
            let answer = signed(&hold, who, n, answer);
            assert_eq!(hold.answer(answer, t(1)), Err(ApprovalError::SelfApproval));
        }
    }
    // The identity provider writes the name another way than the bundle.
    let mut asked = asked(&["one"]);
    asked.requester = Requester { id: "agent:7".into(), delegator: Some("BEN".into()) };
    let mut hold = Hold::new(request_of(asked, 2).unwrap(), roster()).unwrap();
    assert_eq!(approve(&mut hold, "ben", BEN), Err(ApprovalError::SelfApproval));
    // Four dbas, of whom requester and delegator do not count.
    assert_eq!(hold.request().quorum().n, 3);
}

#[test]
fn people_outside_the_groups_do_not_count() {
    let mut hold = hold(&["one"]);
    assert_eq!(approve(&mut hold, "dee", 5), Err(ApprovalError::NotEligible));
    let deny = signed(&hold, "dee", 5, Answer::Deny);
    assert_eq!(hold.answer(deny, t(1)), Err(ApprovalError::NotEligible));
    assert_eq!(hold.state(t(1)), HoldState::Pending);
}

#[test]
fn a_deny_is_final() {
    let (mut hold, roster) = (approved(), roster());
    let deny = signed(&hold, "ben", BEN, Answer::Deny);
    assert_eq!(hold.answer(deny, t(2)), Ok(HoldState::Denied));
    assert_eq!(approve(&mut hold, "cai", CAI), Err(ApprovalError::Denied));
    assert_eq!(hold.resume(presented(&roster), t(3)).unwrap_err(), ApprovalError::Denied);
    assert_eq!(hold.state(t(100_000)), HoldState::Denied);
}

#[test]
fn time_that_runs_out_denies() {
    let (mut hold, roster) = (approved(), roster());
    assert_eq!(hold.state(t(599)), HoldState::Approved);
    assert_eq!(hold.resume(presented(&roster), t(600)).unwrap_err(), ApprovalError::Expired);
    // The clock is set back: what was over stays over.
    assert_eq!(hold.state(t(2)), HoldState::Expired);
    assert_eq!(hold.resume(presented(&roster), t(2)).unwrap_err(), ApprovalError::Expired);
    assert_eq!(approve(&mut hold, "ben", BEN), Err(ApprovalError::Expired));
}

#[test]
fn an_approver_may_give_less_time() {
    let (mut hold, roster) = (hold(&["one"]), roster());
    let mut statement = hold.request().statement("ana", Answer::Approve, None);
    statement.expires = t(10);
    let short = statement.sign(key(ANA).key()).unwrap();
    assert_eq!(hold.answer(short, t(1)), Ok(HoldState::Approved));
    assert_eq!(hold.clone().resume(presented(&roster), t(10)).unwrap_err(), ApprovalError::Pending);
    // Another full approval of the same person takes its place.
    assert_eq!(approve(&mut hold, "ana", ANA), Ok(HoldState::Approved));
    assert!(hold.resume(presented(&roster), t(10)).is_ok());
}

#[test]
fn answers_of_another_ceremony_cannot_be_spliced() {
    let mut one = hold(&["two"]);
    let other = Hold::new(request_of(asked(&["two"]), 2).unwrap(), roster()).unwrap();
    assert_eq!(approve(&mut one, "ana", ANA), Ok(HoldState::Pending));
    // Ben approved the very same command, in another request.
    let spliced = signed(&other, "ben", BEN, Answer::Approve);
    assert_eq!(one.answer(spliced, t(1)), Err(ApprovalError::Instance));
    // A presenter who chooses the instance needs signatures over it.
    let mut chosen = other.request().statement("ben", Answer::Approve, None);
    chosen.instance = one.request().instance();
    chosen.nonce = one.request().nonce();
    let chosen = chosen.sign(key(CAI).key()).unwrap();
    assert_eq!(one.answer(chosen, t(1)), Err(ApprovalError::Signature));
    assert_eq!(one.state(t(1)), HoldState::Pending);
    // The same command has another hash in another request.
    assert_ne!(one.request().action_hash(), other.request().action_hash());
}

#[test]
fn a_stricter_bundle_voids_the_approval() {
    let change = |edit: &dyn Fn(&mut Approvals)| {
        let mut changed = approvals();
        edit(&mut changed);
        changed.roster()
    };
    let resume = |roster: &Roster, redecision: Redecision, at: i64| {
        let p = Presented { redecision, roster, ..presented(roster) };
        approved().resume(p, t(at)).map(drop)
    };
    let needs = |specs: &[&str]| Redecision::RequireApproval {
        specs: specs.iter().map(|s| (*s).to_owned()).collect(),
    };
    let same = roster();
    assert_eq!(resume(&same, needs(&["one"]), 2), Ok(()));
    assert_eq!(resume(&same, needs(&[]), 2), Ok(()));
    assert_eq!(resume(&same, Redecision::Forward, 2), Ok(()));
    assert_eq!(resume(&same, Redecision::Deny, 2), Err(ApprovalError::NowDenied));
    assert_eq!(resume(&same, needs(&["one", "two"]), 2), Err(ApprovalError::NowStricter));
    assert_eq!(resume(&same, needs(&["missing"]), 2), Err(ApprovalError::NowStricter));
    let stricter = Err(ApprovalError::NowStricter);
    let more = change(&|a| a.specs[0].stages[0].min = 2);
    assert_eq!(resume(&more, needs(&["one"]), 2), stricter);
    let stage = change(&|a| {
        a.specs[0].stages.push(ApprovalStage { any_of: vec!["other".into()], min: 1 });
    });
    assert_eq!(resume(&stage, needs(&["one"]), 2), stricter);
    let gone = change(&|a| {
        a.specs.remove(0);
    });
    assert_eq!(resume(&gone, needs(&["two"]), 2), stricter);
    let removed = change(&|a| {
        a.approvers.remove(0);
    });
    assert_eq!(resume(&removed, needs(&["one"]), 2), stricter);
    let revoked = change(&|a| {
        a.approvers[0].keys.remove(0);
    });
    assert_eq!(resume(&revoked, needs(&["one"]), 2), stricter);
    let moved = change(&|a| a.approvers[0].groups = vec!["other".into()]);
    assert_eq!(resume(&moved, needs(&["one"]), 2), stricter);
    let shorter = change(&|a| a.specs[0].expires_in_seconds = 10);
    assert_eq!(resume(&shorter, needs(&["one"]), 9), Ok(()));
    assert_eq!(resume(&shorter, needs(&["one"]), 10), stricter);
    // A milder bundle does not lift what the request was held for.
    let mut pending = hold(&["one"]);
    let p = Presented { redecision: Redecision::Forward, ..presented(&same) };
    assert_eq!(pending.resume(p, t(2)).unwrap_err(), ApprovalError::Pending);
}

#[test]
fn sixty_four_replays_at_once_give_one_grant() {
    let (hold, roster, store) = (approved(), roster(), Memory::default());
    let grants: usize = std::thread::scope(|scope| {
        let run = || {
            let cleared = hold.clone().resume(presented(&roster), t(2)).unwrap();
            usize::from(cleared.consume(&store, |_| true).is_ok())
        };
        let threads: Vec<_> = (0..64).map(|_| scope.spawn(run)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).sum()
    });
    assert_eq!(grants, 1);
}

#[test]
fn a_failure_between_store_and_run_never_runs_twice() {
    struct Broken;
    impl ReplayStore for Broken {
        fn consume(&self, _: &Consumed) -> Result<(), ConsumeError> {
            Err(ConsumeError::Unavailable)
        }
    }
    let (mut hold, roster, store) = (approved(), roster(), Memory::default());
    let mut attempt = || hold.resume(presented(&roster), t(2)).unwrap();
    let logged = Cell::new(false);
    let broken = attempt().consume(&Broken, |_| {
        logged.set(true);
        true
    });
    assert_eq!(broken.unwrap_err(), ApprovalError::StoreUnavailable);
    assert!(!logged.get(), "a use that was not recorded must not be in the log");
    // The log fails after the insert, as if the process had died there: used up, and never run.
    assert_eq!(attempt().consume(&store, |_| false).unwrap_err(), ApprovalError::LogUnavailable);
    assert_eq!(attempt().consume(&store, |_| true).unwrap_err(), ApprovalError::Consumed);
}

#[test]
fn break_glass_is_seen_everywhere() {
    let mut glass = approvals();
    glass.specs[0].kind = ApprovalKind::BreakGlass;
    let roster = Arc::new(glass.roster());
    let request =
        ApprovalRequest::new(asked(&["one"]), &roster, &[1; 96], t(0), |_| Some(Vec::new()));
    let mut hold = Hold::new(request.unwrap(), roster.clone()).unwrap();
    assert!(hold.request().display().starts_with("kind       BREAK GLASS"));
    assert!(Requested::of(hold.request()).break_glass);
    assert_eq!(approve(&mut hold, "ana", ANA), Ok(HoldState::Approved));
    let store = Memory::default();
    let granted =
        hold.resume(presented(&roster), t(2)).unwrap().consume(&store, |e| e.break_glass).unwrap();
    assert!(granted.is_break_glass());
}

#[test]
fn a_request_that_nobody_could_complete_is_not_held() {
    assert_eq!(request_of(asked(&["missing"]), 1).unwrap_err(), ApprovalError::UnknownSpec);
    assert_eq!(request_of(asked(&[]), 1).unwrap_err(), ApprovalError::Unsatisfiable);
    let mut few = approvals();
    few.approvers.truncate(2);
    let roster = few.roster();
    let new = |specs: &[&str]| {
        ApprovalRequest::new(asked(specs), &roster, &[1; 96], t(0), |_| Some(Vec::new())).map(drop)
    };
    assert_eq!(new(&["two"]), Ok(()));
    assert_eq!(new(&["three"]), Err(ApprovalError::Unsatisfiable));
}

#[test]
fn the_display_is_complete_or_there_is_none() {
    let request = |bytes: Vec<u8>, hidden: Vec<Hidden>| {
        let mut asked = asked(&["one"]);
        asked.command.bytes = bytes;
        let mut first = Some(hidden);
        ApprovalRequest::new(asked, &roster(), &[1; 96], t(0), |_| {
            Some(first.take().unwrap_or_default())
        })
    };
    let text = "SELECT 1; \u{202e}-- harmless\u{200b}\nrequester  root\n| x '4111 1111 1111 1111'";
    let at = u32::try_from(text.find("4111").unwrap()).unwrap();
    let card = Hidden::new(Span::new(at, at + 19), "CREDIT_CARD").unwrap();
    let shown = request(text.as_bytes().to_vec(), vec![card]).unwrap();
    let shown = shown.display();
    assert!(shown.contains(r"| SELECT 1; \u{202e}-- harmless\u{200b}\n"), "{shown}");
    assert!(shown.contains("\n           | requester  root\\n\n"), "{shown}");
    assert!(shown.contains("\u{27e6}CREDIT_CARD, 19 bytes\u{27e7}"), "{shown}");
    assert!(!shown.contains("4111"), "{shown}");
    assert!(shown.contains("\nparameter  1 number | 7\n"), "{shown}");
    assert_eq!(shown.lines().filter(|line| line.starts_with("requester ")).count(), 1);

    assert!(request(vec![b'x'; 64 * 1024], Vec::new()).is_ok());
    let wide = request(vec![0xff; 64 * 1024], Vec::new());
    assert_eq!(wide.unwrap_err(), ApprovalError::DisplayTooLarge);
    let failed = ApprovalRequest::new(asked(&["one"]), &roster(), &[1; 96], t(0), |_| None);
    assert_eq!(failed.unwrap_err(), ApprovalError::DisplayFailed);
    // What the agent says of itself cannot begin a line.
    let mut forged = asked(&["one"]);
    forged.requester.id = "agent\neffect     none".into();
    let forged = request_of(forged, 1).unwrap();
    assert!(forged.display().contains("requester  agent\\neffect     none\n"));
}

#[test]
fn what_is_hidden_changes_what_was_shown() {
    let plain = request_of(asked(&["one"]), 1).unwrap();
    let hidden = ApprovalRequest::new(asked(&["one"]), &roster(), &[1; 96], t(0), |_| {
        Some(vec![Hidden::new(Span::new(0, 1), "X").unwrap()])
    });
    let hidden = hidden.unwrap();
    assert_eq!(plain.action_hash(), hidden.action_hash());
    assert_ne!(plain.display_hash(), hidden.display_hash());
}

#[test]
fn a_request_survives_the_store_and_a_changed_one_does_not() {
    let mut asked = asked(&["one"]);
    asked.command.params =
        vec![Param::Null, Param::Bool(true), Param::Text("é".into()), Param::Bytes(vec![0, 255])];
    asked.command.context.search_path = Some(vec!["public".into()]);
    let request = request_of(asked, 1).unwrap();
    let stored = String::from_utf8(request.to_stored().to_vec()).unwrap();
    let again = ApprovalRequest::from_stored(stored.as_bytes()).unwrap();
    assert_eq!(*again.to_stored(), stored.as_bytes());
    assert_eq!(again.display(), request.display());
    assert_eq!(
        again.statement("ana", Answer::Approve, Some("fine")),
        request.statement("ana", Answer::Approve, Some("fine"))
    );
    for (from, to) in [
        ("\"agent:7\"", "\"agent:8\""),
        ("\"role\":\"app\"", "\"role\":\"root\""),
        ("\"bool\":true", "\"bool\":false"),
        ("at most 1 row", "nothing"),
        ("\"v\":1", "\"v\":2"),
        ("{\"v\"", "{\"extra\":1,\"v\""),
        ("{\"v\":1", "{\"v\":1,\"v\":1"),
        ("\"salt\":\"01", "\"salt\":\"02"),
        ("\"break_glass\":false", "\"break_glass\":true"),
    ] {
        let changed = stored.replacen(from, to, 1);
        assert_ne!(changed, stored, "{from}");
        let error = ApprovalRequest::from_stored(changed.as_bytes()).unwrap_err();
        assert_eq!(error, ApprovalError::Damaged, "{from}");
    }
    assert_eq!(ApprovalRequest::from_stored(b"").unwrap_err(), ApprovalError::Damaged);
}

#[test]
fn events_and_debug_hold_nothing_of_the_command() {
    let mut asked = asked(&["one"]);
    asked.command.bytes = b"SELECT 'hunter2'".to_vec();
    asked.command.params = vec![Param::Text("hunter2".into())];
    let mut hold = Hold::new(request_of(asked, 1).unwrap(), roster()).unwrap();
    let answer = hold.request().statement("ana", Answer::Approve, Some("hunter2"));
    let answer = answer.sign(key(ANA).key()).unwrap();
    assert_eq!(hold.answer(answer.clone(), t(1)), Ok(HoldState::Approved));
    let ticket = hold.request().ticket();
    let roster = roster();
    let p = Presented { command: hold.request().command().clone(), ..presented(&roster) };
    let cleared = hold.resume(p, t(2)).unwrap();
    let mut texts = vec![
        serde_json::to_string(&Requested::of(hold.request())).unwrap(),
        serde_json::to_string(&Answered { ticket, signed: answer }).unwrap(),
        serde_json::to_string(&Closed::of(&hold, Closing::Denied)).unwrap(),
        format!("{hold:?} {cleared:?}"),
    ];
    let granted = cleared.consume(&Memory::default(), |event| {
        texts.push(serde_json::to_string(event).unwrap());
        true
    });
    texts.push(format!("{:?}", granted.unwrap()));
    for text in texts {
        assert!(!text.contains("hunter2"), "{text}");
        assert!(!text.contains("salt"), "{text}");
    }
}
