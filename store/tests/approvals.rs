//! Held requests shared by threads and processes: one approval, one run, whatever dies in between.
#![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;

use placet::approval::*;
use placet::crypto::{KeyName, NamedSigningKey, SigningKey};
use placet::primitives::{Digest, Timestamp};
use placet::schema::{ApprovalKind, ApprovalSpec, ApprovalStage, Approver};
use placet_store::{ApprovalStore, StoredAnswer};

/// Tells a child process, which is this test binary again, what to do.
const TASK: &str = "PLACET_TEST_TASK";

fn key(n: u8) -> SigningKey {
    SigningKey::from_seed(&[n; 32])
}

fn roster() -> Arc<Roster> {
    let spec = ApprovalSpec {
        id: "two".into(),
        about: None,
        kind: ApprovalKind::Normal,
        stages: vec![ApprovalStage { any_of: vec!["dba".into()], min: 2 }],
        distinct: true,
        not: Vec::new(),
        expires_in_seconds: 600,
    };
    let people = [("ana", 1), ("ben", 2), ("cai", 3)].map(|(id, n)| Approver {
        id: id.into(),
        groups: vec!["dba".into()],
        keys: vec![
            NamedSigningKey::new(KeyName::parse(id).unwrap(), key(n)).verifying_key().to_string(),
        ],
    });
    Arc::new(Roster::new(&[spec], &people).unwrap())
}

fn t(seconds: i64) -> Timestamp {
    Timestamp::from_unix_millis(1_800_000_000_000).plus_seconds(seconds)
}

fn command() -> BoundCommand {
    BoundCommand {
        protocol: "sqlite".into(),
        resource_kind: "sqlite".into(),
        resource_name: "crm".into(),
        bytes: b"DELETE FROM customers".to_vec(),
        params: Vec::new(),
        context: BoundContext::default(),
    }
}

fn request(n: u8) -> ApprovalRequest {
    let asked = Asked {
        decision_id: "d-1".into(),
        requester: Requester { id: "agent:7".into(), delegator: None },
        log: "example.com/gw".into(),
        command: command(),
        rules: vec!["r".into()],
        effects: Vec::new(),
        specs: vec!["two".into()],
        bundle_digest: Digest::from_bytes([9; 32]),
    };
    ApprovalRequest::new(asked, &roster(), &[n; 96], t(0), |_| Some(Vec::new())).unwrap()
}

fn answer(request: &ApprovalRequest, who: &str, n: u8, answer: Answer) -> StoredAnswer {
    let comment = Some("looked at it".to_owned());
    let statement = request.statement(who, answer, comment.as_deref());
    StoredAnswer { signed: statement.sign(&key(n)).unwrap(), comment }
}

fn approved(dir: &Path) -> (ApprovalStore, Ticket) {
    let store = ApprovalStore::open(dir).unwrap();
    let request = request(7);
    store.insert(&request).unwrap();
    for (who, n) in [("ana", 1), ("ben", 2)] {
        store.answer(request.ticket(), &answer(&request, who, n, Answer::Approve)).unwrap();
    }
    (store, request.ticket())
}

/// What a gateway does when the agent comes back.
fn run_once(
    store: &ApprovalStore,
    ticket: Ticket,
    log: impl FnOnce() -> bool,
) -> Result<Granted, String> {
    let roster = roster();
    let mut waiting =
        store.wait(ticket, roster.clone()).map_err(|error| error.code().to_owned())?;
    let (state, _) = waiting.poll(store, t(1)).map_err(|error| error.code().to_owned())?;
    assert_eq!(state, HoldState::Approved);
    let presented = Presented {
        command: command(),
        requester: Requester { id: "agent:7".into(), delegator: None },
        log: "example.com/gw",
        redecision: Redecision::RequireApproval { specs: vec!["two".into()] },
        roster: &roster,
        bundle_digest: Digest::from_bytes([9; 32]),
    };
    let cleared = waiting.hold_mut().resume(presented, t(2)).map_err(|e| e.code().to_owned())?;
    cleared.consume(store, |_| log()).map_err(|error| error.code().to_owned())
}

#[test]
fn people_answer_from_other_processes() {
    let dir = tempfile::tempdir().unwrap();
    let store = ApprovalStore::open(dir.path()).unwrap();
    let request = request(7);
    let ticket = request.ticket();
    store.insert(&request).unwrap();
    assert_eq!(store.insert(&request).unwrap_err().code(), "API132");
    assert_eq!(store.tickets().unwrap(), [ticket]);
    assert_eq!(store.request(ticket).unwrap().display(), request.display());
    let mut waiting = store.wait(ticket, roster()).unwrap();
    assert_eq!(waiting.poll(&store, t(1)).unwrap().0, HoldState::Pending);
    let ana = answer(&request, "ana", 1, Answer::Approve);
    store.answer(ticket, &ana).unwrap();
    store.answer(ticket, &ana).unwrap();
    // A stranger's answer, and words that the approver did not sign.
    store.answer(ticket, &answer(&request, "eve", 9, Answer::Approve)).unwrap();
    store.answer(ticket, &answer(&request, "eve", 9, Answer::Deny)).unwrap();
    let mut forged = answer(&request, "ben", 2, Answer::Approve);
    forged.comment = Some("something else".into());
    store.answer(ticket, &forged).unwrap();
    let (state, polled) = waiting.poll(&store, t(1)).unwrap();
    assert_eq!((state, polled.len()), (HoldState::Pending, 4));
    let mut codes: Vec<_> =
        polled.iter().filter_map(|p| p.result.as_ref().err()).map(|e| e.code()).collect();
    codes.sort_unstable();
    assert_eq!(codes, ["APR001", "APR003", "APR003"]);
    store.answer(ticket, &answer(&request, "cai", 3, Answer::Approve)).unwrap();
    let (state, polled) = waiting.poll(&store, t(1)).unwrap();
    assert_eq!((state, polled.len()), (HoldState::Approved, 1));
    let unknown = Ticket::from_bytes([0; 16]);
    assert_eq!(store.answer(unknown, &ana).unwrap_err().code(), "APR018");
    assert_eq!(store.wait(unknown, roster()).unwrap_err().code(), "APR018");
}

#[test]
fn a_deny_survives_the_process() {
    let dir = tempfile::tempdir().unwrap();
    let (store, ticket) = approved(dir.path());
    let request = store.request(ticket).unwrap();
    store.answer(ticket, &answer(&request, "cai", 3, Answer::Deny)).unwrap();
    let mut waiting = store.wait(ticket, roster()).unwrap();
    assert_eq!(waiting.poll(&store, t(1)).unwrap().0, HoldState::Denied);
    // Deleting the deny brings the request back to nobody.
    for entry in std::fs::read_dir(dir.path().join(ticket.to_string())).unwrap() {
        let path = entry.unwrap().path();
        if std::fs::read_to_string(&path).unwrap().contains("\"verdict\":\"deny\"") {
            std::fs::remove_file(path).unwrap();
        }
    }
    assert_eq!(run_once(&store, ticket, || true).unwrap_err(), "APR017");
    assert!(store.tickets().unwrap().is_empty());
}

#[test]
fn an_expired_request_stays_closed() {
    let dir = tempfile::tempdir().unwrap();
    let (store, ticket) = approved(dir.path());
    let mut waiting = store.wait(ticket, roster()).unwrap();
    assert_eq!(waiting.poll(&store, t(600)).unwrap().0, HoldState::Expired);
    assert_eq!(run_once(&store, ticket, || true).unwrap_err(), "APR014");
}

#[test]
fn damaged_files_stop_everything() {
    let dir = tempfile::tempdir().unwrap();
    let (store, ticket) = approved(dir.path());
    let path = dir.path().join(ticket.to_string());
    let good = std::fs::read(path.join("request.json")).unwrap();
    for at in (0..good.len()).step_by(7) {
        let mut bad = good.clone();
        bad[at] ^= 1;
        std::fs::write(path.join("request.json"), &bad).unwrap();
        // A changed id or time is no damage that can be seen in the file: the signatures show it.
        if let Ok(mut waiting) = store.wait(ticket, roster()) {
            assert_ne!(waiting.poll(&store, t(1)).unwrap().0, HoldState::Approved, "byte {at}");
            let _ = std::fs::remove_file(path.join("settled.json"));
        }
    }
    std::fs::write(path.join("request.json"), &good).unwrap();
    // An empty mark is a use that was begun.
    std::fs::write(path.join("settled.json"), b"").unwrap();
    assert_eq!(run_once(&store, ticket, || true).unwrap_err(), "APR021");
    let another = dir.path().join(Ticket::from_bytes([1; 16]).to_string());
    std::fs::rename(&path, &another).unwrap();
    assert_eq!(store.request(Ticket::from_bytes([1; 16])).unwrap_err().code(), "APR031");
}

#[cfg(unix)]
#[test]
fn others_cannot_read_what_is_held() {
    use std::os::unix::fs::PermissionsExt as _;
    let dir = tempfile::tempdir().unwrap();
    let (_, ticket) = approved(&dir.path().join("new"));
    let path = dir.path().join("new").join(ticket.to_string());
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&path), 0o700);
    for entry in std::fs::read_dir(&path).unwrap() {
        assert_eq!(mode(&entry.unwrap().path()), 0o600);
    }
}

#[test]
fn erasing_leaves_the_mark() {
    let dir = tempfile::tempdir().unwrap();
    let (store, ticket) = approved(dir.path());
    assert_eq!(store.erase(ticket).unwrap_err().code(), "APR020");
    let granted = run_once(&store, ticket, || true).unwrap();
    assert_eq!(granted.command(), &command());
    store.erase(ticket).unwrap();
    store.erase(ticket).unwrap();
    let left: Vec<PathBuf> = std::fs::read_dir(dir.path().join(ticket.to_string()))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    assert_eq!(left, [dir.path().join(ticket.to_string()).join("settled.json")]);
    assert_eq!(run_once(&store, ticket, || true).unwrap_err(), "APR018");
}

#[test]
fn sixty_four_threads_give_one_run() {
    let dir = tempfile::tempdir().unwrap();
    let (store, ticket) = approved(dir.path());
    let results: Vec<_> = std::thread::scope(|scope| {
        let threads: Vec<_> =
            (0..64).map(|_| scope.spawn(|| run_once(&store, ticket, || true).map(drop))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 1);
    assert!(results.iter().flat_map(|r| r.as_ref().err()).all(|code| code == "APR021"));
}

/// Not a test of its own: what a child process does. Without a task it does nothing.
#[test]
fn child_process() {
    let Ok(task) = std::env::var(TASK) else { return };
    let (what, dir) = task.split_once(' ').unwrap();
    let store = ApprovalStore::open(Path::new(dir)).unwrap();
    let ticket = request(7).ticket();
    match what {
        "run" => {
            let code = match run_once(&store, ticket, || true) {
                Ok(_) => 40,
                Err(code) if code == "APR021" => 41,
                Err(code) => panic!("{code}"),
            };
            std::process::exit(code);
        }
        // Between the insert and the log, that is before the command runs.
        "die" => {
            let _ = run_once(&store, ticket, || std::process::abort());
        }
        other => panic!("{other}"),
    }
}

fn spawn(task: &str, dir: &Path) -> std::process::Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["child_process", "--exact", "--nocapture"])
        .env(TASK, format!("{task} {}", dir.display()))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

#[test]
fn sixty_four_processes_give_one_run() {
    let dir = tempfile::tempdir().unwrap();
    approved(dir.path());
    let children: Vec<_> = (0..64).map(|_| spawn("run", dir.path())).collect();
    let codes: Vec<_> =
        children.into_iter().map(|mut child| child.wait().unwrap().code()).collect();
    assert_eq!(codes.iter().filter(|code| **code == Some(40)).count(), 1, "{codes:?}");
    assert_eq!(codes.iter().filter(|code| **code == Some(41)).count(), 63, "{codes:?}");
}

#[test]
fn a_process_that_dies_before_the_run_used_the_approval_up() {
    let dir = tempfile::tempdir().unwrap();
    let (store, ticket) = approved(dir.path());
    assert!(!spawn("die", dir.path()).wait().unwrap().success());
    assert_eq!(run_once(&store, ticket, || true).unwrap_err(), "APR021");
}
