//! Held requests and their answers in hostile or careless hands, and what reaches a terminal.
#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::{Value, json};

/// Runs the command line, expects this exit code, gives both outputs.
fn run(dir: &Path, arguments: &[&str], input: &str, code: i32) -> String {
    let mut child = Command::new(env!("CARGO_BIN_EXE_placet"))
        .current_dir(dir)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let text = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
    assert_eq!(output.status.code(), Some(code), "{arguments:?}: {text}");
    text
}

/// The demo's directory, and its one request that still waits.
fn demo() -> (tempfile::TempDir, String) {
    let dir = tempfile::tempdir().unwrap();
    run(dir.path(), &["demo", "--out", "d"], "", 0);
    run(dir.path(), &["key", "new", "ana"], "", 0);
    let open = fs::read_dir(dir.path().join("d/approvals"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .find(|path| !path.join("settled.json").exists())
        .unwrap();
    let ticket = open.file_name().unwrap().to_str().unwrap().to_owned();
    (dir, ticket)
}

fn approve(dir: &Path, store: &str, ticket: &str, who: &str, code: i32) -> String {
    let start = ["approve", ticket, "--store", store, "--key", "ana.key", "--as", who];
    run(dir, &start, "", code)
}

#[test]
fn a_slip_in_the_path_is_not_an_empty_queue() {
    let (dir, ticket) = demo();
    assert!(run(dir.path(), &["approvals", "--store", "typo"], "", 2).contains("API003"));
    assert!(approve(dir.path(), "typo", &ticket, "ana", 2).contains("API003"));
    assert!(!dir.path().join("typo").exists());
}

#[test]
fn a_damaged_request_hides_no_other() {
    let (dir, ticket) = demo();
    let store = dir.path().join("d/approvals");
    for (name, content) in
        [("00000000000000000000000000000001", "{}"), ("f".repeat(32).as_str(), "\u{0}")]
    {
        fs::create_dir(store.join(name)).unwrap();
        fs::write(store.join(name).join("request.json"), content).unwrap();
    }
    // One that is nobody's file would be waited for, or read for ever.
    let device = store.join("00000000000000000000000000000002");
    fs::create_dir(&device).unwrap();
    std::os::unix::fs::symlink("/dev/zero", device.join("request.json")).unwrap();
    let said = run(dir.path(), &["approvals", "--store", "d/approvals"], "", 2);
    assert!(said.contains(&ticket) && said.contains("1 waiting"), "{said}");
    assert_eq!(said.matches("APR031").count(), 2, "{said}");
    assert_eq!(said.matches("no regular file").count(), 1, "{said}");
}

/// The stored request after a change.
fn changed(dir: &Path, ticket: &str, change: impl FnOnce(&mut Value)) -> PathBuf {
    let path = dir.join("d/approvals").join(ticket).join("request.json");
    let mut request: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    change(&mut request);
    fs::write(&path, request.to_string()).unwrap();
    path
}

#[test]
fn what_the_approver_would_sign_is_what_was_held() {
    let bytes = "RFJPUCBUQUJMRSBvcmRlcnM="; // DROP TABLE orders
    for (key, value) in [
        ("bytes", json!(bytes)),
        ("effects", json!([])),
        ("rules", json!(["harmless"])),
        ("hidden", json!([[[0, 32, "PERSON"]]])),
        ("expires", json!("2099-01-01T00:00:00.000Z")),
        ("requester", json!({"id": "agent:other", "delegator": null})),
        ("resource_name", json!("staging")),
        ("display_hash", json!(format!("sha256:{}", "0".repeat(64)))),
    ] {
        let (dir, ticket) = demo();
        changed(dir.path(), &ticket, |request| request[key] = value);
        let said = approve(dir.path(), "d/approvals", &ticket, "ana", 2);
        assert!(said.contains("APR031") && !said.contains("approved by"), "{key}: {said}");
    }
}

#[test]
fn answers_that_cannot_count_are_refused_at_once() {
    let (dir, ticket) = demo();
    for who in ["", "ana\n", "\u{202e}ana", "ana\u{1b}[2J", "a\u{200b}na"] {
        let said = approve(dir.path(), "d/approvals", &ticket, who, 2);
        assert!(said.contains("API021") && !said.contains('\u{1b}'), "{said}");
    }
    for who in ["agent:support-7", "Human:Customer-Desk"] {
        assert!(approve(dir.path(), "d/approvals", &ticket, who, 2).contains("APR012"));
    }
    for strange in ["../x", "..", "", "/etc/passwd", &ticket.to_uppercase(), &format!("{ticket}/")]
    {
        assert!(approve(dir.path(), "d/approvals", strange, "ana", 2).contains("APR030"));
    }
    let said = approve(dir.path(), "d/approvals", &ticket, "ana", 0);
    assert!(said.contains("counts where the bundle lists `ana` with the key ana+"), "{said}");
}

#[test]
fn names_in_a_decision_do_not_reach_the_terminal_raw() {
    let dir = tempfile::tempdir().unwrap();
    let question = json!({
        "principal": {"id": "agent:x", "kind": "agent", "groups": [], "claims": {}},
        "resource": {"kind": "postgres", "name": "crm", "labels": {}},
        "command": {"protocol": "postgres", "text": "SELECT 1 FROM \"a\u{1b}[2J\u{202e}b\""},
    });
    let said = run(dir.path(), &["decide", "--bundle", "baseline"], &question.to_string(), 0);
    assert!(!said.contains(['\u{1b}', '\u{202e}']), "{said:?}");
}

#[test]
fn the_tail_gives_as_many_events_as_asked() {
    let (dir, _) = demo();
    for (count, lines) in [("0", 0), ("1", 1), ("3", 3)] {
        for json in [&["--json"][..], &[]] {
            let arguments = [&["audit", "tail", "d/audit", "-n", count][..], json].concat();
            assert_eq!(run(dir.path(), &arguments, "", 0).lines().count(), lines);
        }
    }
}

#[test]
fn a_kept_checkpoint_shows_what_the_key_alone_cannot() {
    let (dir, _) = demo();
    let writer = dir.path().join("d/audit/gateway-1");
    let one = ["--key", "d/audit.vkey"];
    let kept =
        run(dir.path(), &[&["audit", "checkpoint", "d/audit/gateway-1"][..], &one].concat(), "", 0);
    fs::write(dir.path().join("kept"), &kept).unwrap();
    assert!(kept.starts_with("placet.example/demo-log/gateway-1/"), "{kept}");
    let verify = ["audit", "verify", "d/audit", "--key", "d/audit.vkey", "--checkpoint", "kept"];
    assert!(run(dir.path(), &verify, "", 0).contains("\n  log placet.example/demo-log/gateway-1/"));
    // Of several writers, each has its own.
    run(dir.path(), &[&["audit", "checkpoint", "d/audit"][..], &one].concat(), "", 2);
    fs::remove_dir_all(&writer).unwrap();
    assert!(run(dir.path(), &verify, "", 6).ends_with("rollback at index 0\n"));
    // A changed log gives nothing to keep.
    let tampered = ["audit", "checkpoint", "d/audit-tampered/gateway-1", "--key", "d/audit.vkey"];
    assert!(run(dir.path(), &tampered, "", 6).starts_with("error[API020]"));
}

#[test]
fn a_reader_that_goes_away_is_no_complaint_and_no_success() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("text"), "x".repeat(4_000_000)).unwrap();
    let mut child = Command::new(env!("CARGO_BIN_EXE_placet"))
        .current_dir(dir.path())
        .args(["mask", "text"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), output.stderr.len()), (Some(2), 0));
}

#[test]
fn a_first_use_of_a_state_is_said() {
    let dir = tempfile::tempdir().unwrap();
    run(dir.path(), &["demo", "--out", "d"], "", 0);
    let state = ["bundle", "verify", "d/bundle.placet.json", "--root", "d/bundle-root.json"];
    let verify = |name| run(dir.path(), &[&state[..], &["--state", name]].concat(), "", 0);
    assert!(!verify("d/bundle-state.json").contains("first use"));
    assert!(verify("lost.json").contains("first use"));
    assert!(!verify("lost.json").contains("first use"));
    fs::write(dir.path().join("lost.json"), "").unwrap();
    let said = run(dir.path(), &[&state[..], &["--state", "lost.json"]].concat(), "", 2);
    assert!(said.contains("API135") && !said.contains("--> d/bundle"), "{said}");
}
