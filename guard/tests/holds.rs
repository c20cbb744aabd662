//! Held commands through the guard: once, exactly, by others than the requester.
#![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use std::path::Path;

use placet::approval::{Answer, Ticket};
use placet::audit::{EventKind, Leaf, State};
use placet::command::Protocol;
use placet::crypto::{KeyName, NamedSigningKey, SigningKey};
use placet::request::{Context, Enforces, Principal, PrincipalKind, Request, Resource, Session};
use placet::schema::SqlSession;
use placet_guard::{Ask, AuditOptions, Guard, Options, Step};
use placet_store::{ApprovalStore, StoredAnswer, VerifyOptions};

fn key(name: &str, seed: u8) -> NamedSigningKey {
    NamedSigningKey::new(KeyName::parse(name).unwrap(), SigningKey::from_seed(&[seed; 32]))
}

fn bundle(dir: &Path) {
    let write = |name: &str, text: String| {
        let path = dir.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    };
    write("bundle.toml", "name = \"held\"\n".into());
    let ana = key("ana", 7).verifying_key();
    write(
        "approvals.toml",
        format!(
            "[[spec]]\nid = \"one\"\nkind = \"normal\"\nstages = [{{ any_of = [\"dba\"], min = 1 }}]\n\
             distinct = true\nexpires_in = \"10m\"\n\n[[approver]]\nid = \"human:ana\"\n\
             groups = [\"dba\"]\nkeys = [\"{ana}\"]\n"
        ),
    );
    write(
        "rules/all.toml",
        "[[rule]]\nid = \"reads\"\nwhat = { op = [\"read\"] }\nverdict = \"allow\"\n\n\
         [[rule]]\nid = \"deletes\"\nwhat = { op = [\"delete\"] }\n\
         verdict = { require_approval = \"one\" }\n"
            .into(),
    );
}

fn guard(dir: &Path) -> Guard {
    let options = Options::directory(&dir.join("bundle"))
        .audit(AuditOptions::new(&dir.join("audit"), "test", key("example.com/log", 1)))
        .approvals(&dir.join("approvals"));
    Guard::open(options).unwrap()
}

fn ask(sql: &str) -> Ask {
    let request = Request {
        principal: Principal {
            id: "agent:7".into(),
            kind: PrincipalKind::Agent,
            groups: vec![],
            claims: Default::default(),
            delegator: None,
        },
        resource: Resource { kind: "postgres".into(), name: "crm".into(), labels: [].into() },
        session: Session::default(),
        context: Context::default(),
        enforces: Enforces::ALL,
    };
    let postgres = Protocol::parse("postgres").unwrap();
    Ask::new(postgres, sql.as_bytes(), SqlSession::server_defaults(), request)
}

fn answer(dir: &Path, ticket: Ticket, answer: Answer) {
    let desk = ApprovalStore::open(&dir.join("approvals")).unwrap();
    let statement = desk.request(ticket).unwrap().statement("human:ana", answer, None);
    let signed = statement.sign(key("ana", 7).key()).unwrap();
    desk.answer(ticket, &StoredAnswer { signed, comment: None }).unwrap();
}

fn held(step: &Step) -> Ticket {
    let ticket = match step {
        Step::Held(ticket) => Some(*ticket),
        Step::Forward(_) | Step::Refused(_) => None,
    };
    ticket.unwrap()
}

fn kinds(dir: &Path) -> Vec<String> {
    let mut kinds = Vec::new();
    placet_store::for_each_leaf(&dir.join("audit").join("test"), |_, bytes| {
        kinds.push(Leaf::parse(bytes).unwrap().kind.to_owned());
        std::ops::ControlFlow::Continue(())
    })
    .unwrap();
    kinds
}

#[test]
fn the_same_command_finds_its_ticket_and_runs_once() {
    let dir = tempfile::tempdir().unwrap();
    bundle(&dir.path().join("bundle"));
    let guard = guard(dir.path());
    let delete = ask("DELETE FROM t WHERE id = 1");
    let ticket = held(&guard.admit(&delete).unwrap().step);
    assert_eq!(held(&guard.admit(&delete).unwrap().step), ticket, "asked again, not held again");
    assert_ne!(held(&guard.admit(&ask("DELETE FROM t WHERE id = 2")).unwrap().step), ticket);

    answer(dir.path(), ticket, Answer::Approve);
    let swapped = guard.resume(ticket, &ask("DELETE FROM t WHERE id > 1")).unwrap();
    assert!(matches!(&swapped.step, Step::Refused(why) if why.code == Some("APR019")));
    let mut other = delete.clone();
    other.request.principal.id = "agent:8".into();
    let stolen = guard.resume(ticket, &other).unwrap();
    assert!(matches!(&stolen.step, Step::Refused(why) if why.code == Some("APR033")));

    assert!(matches!(guard.admit(&delete).unwrap().step, Step::Forward(Some(_))));
    let again = guard.resume(ticket, &delete).unwrap();
    assert!(matches!(&again.step, Step::Refused(why) if why.code == Some("APR021")), "{again:?}");
    assert_ne!(held(&guard.admit(&delete).unwrap().step), ticket, "a new question");
    guard.close().unwrap();

    let vkey = key("example.com/log", 1).verifying_key();
    let options = VerifyOptions::default();
    let report = placet_store::verify(&dir.path().join("audit"), &vkey, &options).unwrap();
    assert_eq!(report.state, State::ClosedClean);
    let kinds = kinds(dir.path());
    let consumed = EventKind::ApprovalConsumed.as_str();
    assert_eq!(kinds.iter().filter(|kind| *kind == consumed).count(), 1, "{kinds:?}");
}

#[test]
fn a_denial_stands_and_a_restart_forgets_nothing() {
    let dir = tempfile::tempdir().unwrap();
    bundle(&dir.path().join("bundle"));
    let first = guard(dir.path());
    let delete = ask("DELETE FROM t WHERE id = 1");
    let (one, two) = (ask("DELETE FROM t WHERE id = 2"), ask("DELETE FROM t WHERE id = 3"));
    let ticket = held(&first.admit(&delete).unwrap().step);
    let denied = held(&first.admit(&one).unwrap().step);
    let withdrawn = held(&first.admit(&two).unwrap().step);
    answer(dir.path(), denied, Answer::Deny);
    let refused = first.admit(&one).unwrap();
    assert!(matches!(&refused.step, Step::Refused(why) if why.code == Some("APR017")));
    first.withdraw(withdrawn).unwrap();
    drop(first);

    let second = guard(dir.path());
    assert_eq!(held(&second.admit(&delete).unwrap().step), ticket);
    let refused = second.resume(denied, &one).unwrap();
    assert!(matches!(&refused.step, Step::Refused(why) if why.code == Some("APR017")));
    let gone = second.resume(withdrawn, &two).unwrap();
    assert!(matches!(&gone.step, Step::Refused(why) if why.code == Some("APR014")));
    answer(dir.path(), ticket, Answer::Approve);
    // The log's name is the same after a restart, so the approval still counts.
    assert!(matches!(second.resume(ticket, &delete).unwrap().step, Step::Forward(Some(_))));
}

#[test]
fn without_a_store_nobody_is_asked_and_nothing_runs() {
    let dir = tempfile::tempdir().unwrap();
    bundle(&dir.path().join("bundle"));
    let guard = Guard::open(Options::directory(&dir.path().join("bundle"))).unwrap();
    let refused = guard.admit(&ask("DELETE FROM t WHERE id = 1")).unwrap();
    assert!(matches!(refused.step, Step::Refused(_)));
    let options = Options::shipped("baseline").approvals(dir.path());
    assert_eq!(Guard::open(options).unwrap_err().code(), "API022");
}

#[test]
fn a_refused_reload_changes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    bundle(&dir.path().join("bundle"));
    let guard = guard(dir.path());
    let before = guard.bundle_digest();
    let rules = dir.path().join("bundle/rules/all.toml");
    let text = std::fs::read_to_string(&rules).unwrap();
    std::fs::write(&rules, format!("{text}\n[[rule]]\nid = \"x\"\n")).unwrap();
    let error = guard.reload().unwrap_err();
    assert!(error.problems().is_some() && error.code().starts_with("POL"), "{error:?}");
    assert_eq!(guard.bundle_digest(), before);
    std::fs::write(&rules, text.replace("\"allow\"", "\"deny\"")).unwrap();
    assert_ne!(guard.reload().unwrap(), before);
    assert!(matches!(guard.admit(&ask("SELECT 1")).unwrap().step, Step::Refused(_)));
    guard.close().unwrap();
    let kinds = kinds(dir.path());
    assert!(kinds.contains(&"bundle.refused".to_owned()), "{kinds:?}");
}
