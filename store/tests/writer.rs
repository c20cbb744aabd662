//! The writer on a real disk: what was acknowledged is there, whatever happened.
#![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU8, Ordering};
use std::time::Duration;

use placet::audit::{AuditError, AuditSink as _, Event, EventKind, Leaf, Report, State};
use placet::crypto::{KeyName, NamedSigningKey, SigningKey};
use placet::primitives::Timestamp;
use placet_store::{
    Durability, LogOptions, LogWriter, VerifyOptions, for_each_leaf, prove, verify,
};

fn root() -> NamedSigningKey {
    let name = KeyName::parse("example.com/audit").unwrap();
    NamedSigningKey::new(name, SigningKey::from_seed(&[1; 32]))
}

fn start() -> Timestamp {
    Timestamp::parse("2026-11-22T12:00:00Z").unwrap()
}

fn options(dir: &Path) -> LogOptions {
    LogOptions::new(dir, "w").durability(Durability::Buffered)
}

/// The options of a child process: its parent says whether signatures wait.
fn child_options(dir: &Path) -> LogOptions {
    match std::env::var("PLACET_TEST_WAITS").is_ok() {
        true => options(dir).sign_within(Duration::from_millis(2)),
        false => options(dir),
    }
}

fn open(options: LogOptions) -> Result<LogWriter, AuditError> {
    LogWriter::open(options, &root(), start, |out| {
        static NEXT: AtomicU8 = AtomicU8::new(0);
        out.fill(NEXT.fetch_add(1, Ordering::Relaxed));
        Ok(())
    })
}

fn event(n: u64) -> Event {
    Event::new(EventKind::Decision, start(), &serde_json::json!({ "n": n })).unwrap()
}

fn check(dir: &Path) -> Report {
    verify(dir, &root().verifying_key(), &VerifyOptions::default()).unwrap()
}

fn numbers(dir: &Path) -> Vec<u64> {
    let mut out = Vec::new();
    for_each_leaf(dir, |_, line| {
        let leaf = Leaf::parse(line).unwrap();
        let body: serde_json::Value = serde_json::from_slice(&leaf.body()).unwrap();
        out.extend(body.get("n").and_then(serde_json::Value::as_u64));
        ControlFlow::Continue(())
    })
    .unwrap();
    out
}

fn kinds(dir: &Path) -> Vec<String> {
    let mut out = Vec::new();
    for_each_leaf(dir, |_, line| {
        out.push(Leaf::parse(line).unwrap().kind.to_owned());
        ControlFlow::Continue(())
    })
    .unwrap();
    out
}

fn segments(dir: &Path) -> Vec<PathBuf> {
    let mut all: Vec<_> = fs::read_dir(dir.join("w"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|ext| ext == "log"))
        .collect();
    all.sort();
    all
}

#[test]
fn a_log_lives_through_closing_and_opening() {
    let dir = tempfile::tempdir().unwrap();
    for round in 0..3 {
        let log = open(options(dir.path())).unwrap();
        log.append(&event(round)).unwrap();
        assert_eq!(check(dir.path()).state, State::LiveUnchecked);
        log.close().unwrap();
        assert_eq!(log.append(&event(9)).unwrap_err(), AuditError::Closed);
        assert_eq!(log.close().unwrap_err(), AuditError::Closed);
    }
    let report = check(dir.path());
    assert_eq!((report.state, report.proven_size), (State::ClosedClean, 12));
    assert_eq!(numbers(dir.path()), [0, 1, 2]);
}

/// A handle that someone still holds keeps nobody out once its log is closed, and writes nothing.
#[test]
fn a_closed_log_lets_go_of_its_lock() {
    let dir = tempfile::tempdir().unwrap();
    let first = open(options(dir.path())).unwrap();
    assert_eq!(open(options(dir.path())).unwrap_err(), AuditError::Busy);
    first.close().unwrap();
    let second = open(options(dir.path())).unwrap();
    assert_eq!(first.append(&event(9)).unwrap_err(), AuditError::Closed);
    assert_eq!(first.rotate(&root()).unwrap_err(), AuditError::Closed);
    second.append(&event(0)).unwrap();
    second.close().unwrap();
    assert_eq!(check(dir.path()).state, State::ClosedClean);
    assert_eq!(numbers(dir.path()), [0]);
}

#[test]
fn one_writer_at_a_time_and_only_good_names() {
    let dir = tempfile::tempdir().unwrap();
    let log = open(options(dir.path())).unwrap();
    assert_eq!(open(options(dir.path())).unwrap_err(), AuditError::Busy);
    drop(log);
    drop(open(options(dir.path())).unwrap());
    for name in ["", "..", ".x", "a/b", "a b", &"x".repeat(65)] {
        let refused = open(LogOptions::new(dir.path(), name)).unwrap_err();
        assert_eq!(refused, AuditError::Origin, "{name}");
    }
}

#[cfg(unix)]
#[test]
fn files_are_for_their_owner() {
    use std::os::unix::fs::MetadataExt as _;
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path().join("audit");
    open(options(&dir)).unwrap().append(&event(0)).unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().mode() & 0o777;
    assert_eq!(mode(&dir.join("w")), 0o700);
    for name in ["lock", "seg-00000000000000000000.log"] {
        assert_eq!(mode(&dir.join("w").join(name)), 0o600, "{name}");
    }
}

#[test]
fn segments_follow_one_another() {
    let dir = tempfile::tempdir().unwrap();
    let small = || options(dir.path()).segment_bytes(4096);
    let log = open(small()).unwrap();
    (0..40).for_each(|n| assert_eq!(log.append(&event(n)).unwrap().index, n + 2));
    log.rotate(&root()).unwrap();
    drop(log);
    let log = open(small()).unwrap();
    let more: Vec<_> = (40..80).map(event).collect();
    assert_eq!(log.append_all(&more).unwrap().len(), 40);
    log.close().unwrap();
    assert!(segments(dir.path()).len() > 4);
    let report = check(dir.path());
    assert_eq!((report.state, report.proven_size), (State::ClosedClean, 2 + 40 + 1 + 2 + 40 + 1));
    assert_eq!(numbers(dir.path()), (0..80).collect::<Vec<_>>());
    for index in [0, 1, 41, 85] {
        let proof = prove(&dir.path().join("w"), index).unwrap();
        let again = placet::audit::proof::InclusionProof::parse(&proof.to_text()).unwrap();
        assert_eq!(again, proof);
    }
    assert_eq!(prove(&dir.path().join("w"), 86).unwrap_err().code(), "API136");
}

/// A directory in memory where there is one: thousands of syncs would only make the test slow.
fn scratch() -> tempfile::TempDir {
    tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap()
}

/// A crash at any byte of any segment: the log opens, says what it dropped, and goes on; all that
/// stood under a whole checkpoint is still there.
#[test]
fn a_cut_at_every_byte_recovers() {
    let dir = scratch();
    let log = open(options(dir.path()).segment_bytes(1800)).unwrap();
    log.append_all(&[event(0), event(1)]).unwrap();
    for n in 2..4 {
        log.append(&event(n)).unwrap();
    }
    drop(log);
    let all = segments(dir.path());
    assert_eq!(all.len(), 2, "two segments, so that the cut crosses from one to the other");
    let content: Vec<_> = all.iter().map(|path| fs::read(path).unwrap()).collect();
    let [first, second] = &content[..] else { panic!("two") };
    let cuts = (0..second.len()).map(|keep| (first.len(), Some(keep)));
    // With the second segment gone, the first ends as it did before the seal was written.
    let seal = placet::audit::segment::FRAME_HEADER_BYTES + 8;
    let cuts = cuts.chain((0..first.len() - seal).map(|keep| (keep, None)));
    for (one, two) in cuts {
        let crashed = scratch();
        let copy = crashed.path().join("w");
        fs::create_dir(&copy).unwrap();
        // The seal follows the second segment's first group: it is not there before.
        let sealed = two.is_some_and(|keep| keep == second.len() - 1);
        let one = if sealed { one } else { one.min(first.len() - seal) };
        fs::write(copy.join(all[0].file_name().unwrap()), &first[..one]).unwrap();
        if let Some(keep) = two {
            fs::write(copy.join(all[1].file_name().unwrap()), &second[..keep]).unwrap();
        }
        let before = check(crashed.path());
        let what = format!("cut at {one}, {two:?}: {before:?}");
        let names = [State::LiveUnchecked, State::TornTail, State::Stale];
        assert!(names.contains(&before.state), "{what}");
        let log = open(options(crashed.path())).unwrap_or_else(|e| panic!("{e}: {what}"));
        log.append(&event(77)).unwrap();
        log.close().unwrap();
        let after = check(crashed.path());
        assert_eq!(after.state, State::ClosedClean, "{what}\n{after:?}");
        let recovered = kinds(crashed.path()).contains(&"log.recovered".to_owned());
        let torn = before.writers.iter().any(|w| w.unsigned_bytes > 0);
        assert_eq!(recovered, torn, "{what}");
        let kept = numbers(crashed.path());
        let whole = usize::try_from(before.proven_size.saturating_sub(2)).unwrap();
        let expected: Vec<u64> = (0..whole as u64).chain([77]).collect();
        assert_eq!(kept, expected, "{what}");
    }
}

#[test]
fn a_changed_log_is_not_opened_and_not_touched() {
    let dir = tempfile::tempdir().unwrap();
    let log = open(options(dir.path())).unwrap();
    for n in 0..3 {
        log.append(&event(n)).unwrap();
    }
    drop(log);
    let path = segments(dir.path()).remove(0);
    let good = fs::read(&path).unwrap();
    for at in [30, good.len() / 2, good.len() - 700] {
        let mut bad = good.clone();
        bad[at] ^= 1;
        fs::write(&path, &bad).unwrap();
        assert_eq!(open(options(dir.path())).unwrap_err().code(), "AUD007", "{at}");
        assert_eq!(fs::read(&path).unwrap(), bad);
    }
    fs::write(&path, &good).unwrap();
    fs::write(dir.path().join("w/seg-1.log"), b"").unwrap();
    assert_eq!(open(options(dir.path())).unwrap_err().code(), "AUD007");
    fs::remove_file(dir.path().join("w/seg-1.log")).unwrap();
    // Another root key did not certify this log.
    let other = NamedSigningKey::new(root().name().clone(), SigningKey::from_seed(&[8; 32]));
    let refused = LogWriter::open(options(dir.path()), &other, start, |_| Ok(()));
    assert_eq!(refused.unwrap_err().code(), "AUD007");
    // The log of another writer under this one's name.
    fs::rename(dir.path().join("w"), dir.path().join("v")).unwrap();
    let moved = LogWriter::open(LogOptions::new(dir.path(), "v"), &root(), start, |_| Ok(()));
    assert_eq!(moved.unwrap_err().code(), "AUD007");
    let report = check(dir.path());
    assert_eq!((report.state, report.class.unwrap().as_str()), (State::Tampered, "splice"));
}

#[test]
fn a_failed_write_poisons() {
    let dir = tempfile::tempdir().unwrap();
    let log = open(options(dir.path()).segment_bytes(4096)).unwrap();
    // The next segment cannot be made: its name is taken by a directory.
    let mut logged = 0;
    let failure = loop {
        let next = dir.path().join("w").join(placet::audit::segment::segment_name(logged + 2));
        fs::create_dir(&next).unwrap();
        match log.append(&event(logged)) {
            Ok(_) => logged += 1,
            Err(error) => break error,
        }
        fs::remove_dir(&next).unwrap();
    };
    assert_eq!(failure.code(), "AUD006");
    for _ in 0..3 {
        assert_eq!(log.append(&event(99)).unwrap_err().code(), "AUD006");
        assert_eq!(log.append_all(&[event(99)]).unwrap_err().code(), "AUD006");
        assert_eq!(log.close().unwrap_err().code(), "AUD006");
        assert_eq!(log.heartbeat().unwrap_err().code(), "AUD006");
    }
    drop(log);
    fs::remove_dir(dir.path().join("w").join(placet::audit::segment::segment_name(logged + 2)))
        .unwrap();
    open(options(dir.path())).unwrap().close().unwrap();
    assert_eq!(check(dir.path()).state, State::ClosedClean);
    assert_eq!(numbers(dir.path()), (0..logged).collect::<Vec<_>>());
}

#[test]
fn a_large_event_is_refused_whole() {
    let dir = tempfile::tempdir().unwrap();
    let log = open(options(dir.path())).unwrap();
    let large = serde_json::json!({ "text": "x".repeat(66_000) });
    let large = Event::new(EventKind::Finding, start(), &large).unwrap();
    assert_eq!(log.append(&large).unwrap_err().code(), "LIM301");
    assert_eq!(log.append_all(&[event(0), large, event(1)]).unwrap_err().code(), "LIM301");
    assert_eq!(log.append(&event(2)).unwrap().index, 3);
    log.close().unwrap();
    assert_eq!(check(dir.path()).state, State::ClosedClean);
    assert_eq!(numbers(dir.path()), [0, 2]);
}

#[test]
fn many_threads_share_groups() {
    let dir = tempfile::tempdir().unwrap();
    let log = Arc::new(open(options(dir.path()).segment_bytes(16 * 1024)).unwrap());
    let threads: Vec<_> = (0..8u64)
        .map(|thread| {
            let log = Arc::clone(&log);
            std::thread::spawn(move || {
                let mut last = 0;
                for n in 0..50 {
                    let ack = log.append(&event(thread * 1000 + n)).unwrap();
                    assert!(ack.index > last);
                    last = ack.index;
                }
            })
        })
        .collect();
    threads.into_iter().for_each(|thread| thread.join().unwrap());
    log.close().unwrap();
    assert_eq!(check(dir.path()).state, State::ClosedClean);
    let mut all = numbers(dir.path());
    all.sort_unstable();
    let expected: Vec<_> = (0..8).flat_map(|t| (0..50).map(move |n| t * 1000 + n)).collect();
    assert_eq!(all, expected);
}

#[test]
fn heartbeats_come_when_due() {
    static CLOCK: AtomicI64 = AtomicI64::new(0);
    let dir = tempfile::tempdir().unwrap();
    let clock = || start().plus_seconds(CLOCK.load(Ordering::Relaxed));
    let options = options(dir.path()).cadence(Duration::from_secs(10));
    let log = LogWriter::open(options, &root(), clock, |_| Ok(())).unwrap();
    for (seconds, size) in [(9, 2), (10, 3), (19, 3), (20, 4)] {
        CLOCK.store(seconds, Ordering::Relaxed);
        log.heartbeat().unwrap();
        assert_eq!(check(dir.path()).proven_size, size, "{seconds}");
    }
    let at = |seconds| VerifyOptions { earlier: None, now: Some(start().plus_seconds(seconds)) };
    let state = |seconds| verify(dir.path(), &root().verifying_key(), &at(seconds)).unwrap().state;
    assert_eq!((state(40), state(41)), (State::LiveFresh, State::Stale));
    // The cadence is the promise of who writes now.
    drop(log);
    let options = LogOptions::new(dir.path(), "w").cadence(Duration::from_secs(30));
    drop(LogWriter::open(options, &root(), clock, |_| Ok(())).unwrap());
    assert_eq!((state(80), state(81)), (State::LiveFresh, State::Stale));
}

/// The child's part of the test below: the system refuses its writes past 20 KiB.
#[test]
#[ignore = "run by another test as a process of its own"]
fn child_that_writes_until_a_write_fails() {
    let Some(dir) = std::env::var_os("PLACET_TEST_DIR").map(PathBuf::from) else { return };
    let log = open(child_options(&dir)).unwrap();
    let mut out = std::io::stdout().lock();
    for n in 0..1000 {
        match log.append(&event(n)) {
            Ok(_) => writeln!(out, "acknowledged {n}").unwrap(),
            Err(error) => {
                let again = log.append(&event(n)).unwrap_err();
                let closed = log.close().unwrap_err();
                writeln!(out, "failed {} {} {}", error.code(), again.code(), closed.code())
                    .unwrap();
                return;
            }
        }
    }
}

#[cfg(unix)]
#[test]
fn a_write_that_the_system_cuts_short_poisons_and_recovers() {
    for waits in [None, Some(("PLACET_TEST_WAITS", "1"))] {
        cut_short(waits);
    }
}

#[cfg(unix)]
fn cut_short(waits: Option<(&str, &str)>) {
    let dir = tempfile::tempdir().unwrap();
    // 40 blocks of 512 bytes; with the signal ignored, the write that passes them is cut short and
    // the next one fails, as on a full disk.
    let script = "trap '' XFSZ; ulimit -f 40; exec \"$0\" --ignored --exact --nocapture \
                  child_that_writes_until_a_write_fails";
    let run = Command::new("sh")
        .args(["-c", script])
        .arg(std::env::current_exe().unwrap())
        .env("PLACET_TEST_DIR", dir.path())
        .envs(waits)
        .output()
        .unwrap();
    let text = String::from_utf8(run.stdout).unwrap();
    assert!(text.contains("failed AUD006 AUD006 AUD006"), "{text}");
    let acknowledged = text.matches("acknowledged ").count() as u64;
    assert!(acknowledged > 10, "{text}");
    let before = check(dir.path());
    assert_eq!(before.state, State::TornTail, "{before:?}");
    open(options(dir.path())).unwrap().close().unwrap();
    assert_eq!(check(dir.path()).state, State::ClosedClean);
    assert_eq!(numbers(dir.path()), (0..acknowledged).collect::<Vec<_>>());
    assert!(kinds(dir.path()).contains(&"log.recovered".to_owned()));
}

/// The child's part of the test below.
#[test]
#[ignore = "run by another test as a process of its own"]
fn child_that_writes_until_it_is_killed() {
    let Some(dir) = std::env::var_os("PLACET_TEST_DIR").map(PathBuf::from) else { return };
    let log = open(child_options(&dir).segment_bytes(32 * 1024)).unwrap();
    let mut out = std::io::stdout().lock();
    for n in 0.. {
        log.append(&event(n)).unwrap();
        writeln!(out, "acknowledged {n}").unwrap();
    }
}

#[test]
fn a_killed_process_loses_nothing_that_it_acknowledged() {
    for round in 0..12u64 {
        let waits = (round % 2 == 1).then_some(("PLACET_TEST_WAITS", "1"));
        let dir = tempfile::tempdir().unwrap();
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--ignored", "--exact", "--nocapture", "child_that_writes_until_it_is_killed"])
            .env("PLACET_TEST_DIR", dir.path())
            .envs(waits)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut acknowledged = None;
        for line in lines {
            let Ok(line) = line else { break };
            let number = line.rsplit_once("acknowledged ").and_then(|(_, n)| n.parse().ok());
            acknowledged = number.or(acknowledged);
            if acknowledged >= Some(100 + round * 37) {
                child.kill().unwrap(); // SIGKILL; what it wrote meanwhile is still read
            }
        }
        child.wait().unwrap();
        let acknowledged: u64 = acknowledged.unwrap();
        assert_ne!(check(dir.path()).state, State::Tampered);
        open(options(dir.path())).unwrap().close().unwrap();
        assert_eq!(check(dir.path()).state, State::ClosedClean);
        let kept = numbers(dir.path());
        assert_eq!(kept, (0..kept.len() as u64).collect::<Vec<_>>());
        assert!(kept.len() as u64 > acknowledged, "{} of {acknowledged}", kept.len());
    }
}
