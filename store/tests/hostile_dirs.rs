//! Log directories that hold what no file system under a writer would: devices, dead links, names
//! that move a cursor. The verifier answers, soon, and never with a clean state.
#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
#![expect(clippy::indexing_slicing, reason = "a test may stop at the first surprise")]

mod golden;

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use golden::{logs, root, testdata, write};
use placet::audit::{AuditSink as _, Class, Event, EventKind, Report, State};
use placet::primitives::Timestamp;
use placet_store::{LogOptions, LogWriter, VerifyOptions, keys, verify};

const SEGMENT: &str = "gateway-1/seg-00000000000000000009.log";

/// The closed golden log after a change, judged.
fn judged(change: impl FnOnce(&Path)) -> Report {
    let dir = tempfile::tempdir().unwrap();
    write(&logs()["closed"], dir.path());
    change(dir.path());
    let key = testdata().join("golden/root.vkey");
    let key = keys::read_verifying_key(key.to_str().unwrap()).unwrap();
    verify(dir.path(), &key, &VerifyOptions::default()).unwrap()
}

#[test]
fn a_segment_is_a_regular_file() {
    for target in ["/dev/zero", "/nowhere", "seg-00000000000000000009.log", "."] {
        let report = judged(|dir| {
            fs::remove_file(dir.join(SEGMENT)).unwrap();
            symlink(target, dir.join(SEGMENT)).unwrap();
        });
        assert_eq!(report.state, State::Tampered, "{target}");
        let report = judged(|dir| {
            symlink(target, dir.join("gateway-1/seg-00000000000000000099.log")).unwrap();
        });
        assert_eq!((report.state, report.class), (State::Tampered, Some(Class::Insert)));
    }
    let moved = judged(|dir| {
        fs::rename(dir.join(SEGMENT), dir.join("elsewhere")).unwrap();
        symlink("../elsewhere", dir.join(SEGMENT)).unwrap();
    });
    assert_eq!(moved.state, State::ClosedClean, "a link to the bytes is the bytes");
}

#[test]
fn names_are_shown_harmless() {
    let bad = OsStr::from_bytes(b"x\n\x1b[2J\xff\xe2\x80\xaeCLOSED_CLEAN");
    let report = judged(|dir| fs::write(dir.join("gateway-1").join(bad), "").unwrap());
    assert_eq!(report.state, State::ClosedClean);
    assert_eq!(
        report.writers[0].notes,
        [r"`x\n\u{1b}[2J\xff\u{202e}CLOSED_CLEAN` is no part of the log"]
    );
    let report = judged(|dir| fs::create_dir(dir.join(bad)).unwrap());
    assert_eq!(report.state, State::Stale, "a directory without a log proves nothing");
    assert!(report.writers.iter().all(|writer| !writer.writer.contains(['\n', '\x1b'])));
    let report = judged(|dir| fs::rename(dir.join("gateway-1"), dir.join(bad)).unwrap());
    assert_eq!((report.state, report.class), (State::Tampered, Some(Class::Splice)));
}

/// A writer waits for nobody, and writes over nothing: what stands in the place of its mark or its
/// lock is a file of its own, or the log is not opened.
#[test]
fn a_writer_keeps_to_its_own_files() {
    for name in ["tail", "lock"] {
        for kind in ["pipe", "link"] {
            let dir = tempfile::tempdir().unwrap();
            fs::create_dir(dir.path().join("w")).unwrap();
            let place = dir.path().join("w").join(name);
            let other = dir.path().join("other");
            fs::write(&other, "other").unwrap();
            match kind {
                "pipe" => assert!(Command::new("mkfifo").arg(&place).status().unwrap().success()),
                _ => symlink(&other, &place).unwrap(),
            }
            let (done, answer) = std::sync::mpsc::channel();
            let options = LogOptions::new(dir.path(), "w").sign_within(Duration::from_secs(60));
            std::thread::spawn(move || {
                let now = || Timestamp::from_unix_millis(1_800_000_000_000);
                let log = LogWriter::open(options, &root(), now, |_| Ok(()));
                let said = log.and_then(|log| {
                    let event = Event::new(EventKind::Finding, now(), &serde_json::json!({}));
                    log.append(&event.unwrap())
                });
                done.send(said.map_err(|error| error.code())).unwrap();
            });
            let answer = answer.recv_timeout(Duration::from_secs(20));
            assert_eq!(answer, Ok(Err("AUD010")), "{name}, {kind}");
            assert_eq!(fs::read(&other).unwrap(), b"other", "{name}, {kind}");
        }
    }
}
