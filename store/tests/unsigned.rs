//! Logs whose signatures wait: what was acknowledged stays, and nothing else slips in.
#![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
#![expect(clippy::indexing_slicing, reason = "a test may stop at the first surprise")]
#![expect(clippy::string_slice, reason = "a test may stop at the first surprise")]

use std::fs;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::{Duration, Instant};

use placet::audit::segment::{FRAME_HEADER_BYTES, Frame, FrameKind, read_frame};
use placet::audit::tree::leaf_hash;
use placet::audit::{AuditSink as _, Event, EventKind, Leaf, Report, State};
use placet::crypto::{KeyName, NamedSigningKey, SigningKey};
use placet::primitives::Timestamp;
use placet_store::{Durability, LogOptions, LogWriter, VerifyOptions, for_each_leaf, verify};

/// Longer than any test.
const NEVER: Duration = Duration::from_secs(3600);

fn root() -> NamedSigningKey {
    let name = KeyName::parse("example.com/audit").unwrap();
    NamedSigningKey::new(name, SigningKey::from_seed(&[1; 32]))
}

fn start() -> Timestamp {
    Timestamp::parse("2026-11-22T12:00:00Z").unwrap()
}

fn waits(dir: &Path) -> LogOptions {
    LogOptions::new(dir, "w").durability(Durability::Buffered).sign_within(NEVER)
}

fn open(options: LogOptions) -> LogWriter {
    static NEXT: AtomicU8 = AtomicU8::new(0);
    let random = |out: &mut [u8]| {
        out.fill(NEXT.fetch_add(1, Ordering::Relaxed));
        Ok(())
    };
    LogWriter::open(options, &root(), start, random).unwrap()
}

fn event(n: u64) -> Event {
    Event::new(EventKind::Decision, start(), &serde_json::json!({ "n": n })).unwrap()
}

fn check(dir: &Path) -> Report {
    verify(dir, &root().verifying_key(), &VerifyOptions::default()).unwrap()
}

/// The bodies of the leaves of a kind.
fn bodies(dir: &Path, kind: &str) -> Vec<serde_json::Value> {
    let mut out = Vec::new();
    for_each_leaf(dir, |_, line| {
        let leaf = Leaf::parse(line).unwrap();
        if leaf.kind == kind {
            out.push(serde_json::from_slice(&leaf.body()).unwrap());
        }
        ControlFlow::Continue(())
    })
    .unwrap();
    out
}

fn numbers(dir: &Path) -> Vec<u64> {
    bodies(dir, "decision").iter().map(|body| body["n"].as_u64().unwrap()).collect()
}

fn segment(dir: &Path) -> PathBuf {
    dir.join("w/seg-00000000000000000000.log")
}

fn frames(bytes: &[u8]) -> Vec<(FrameKind, &[u8])> {
    let mut out = Vec::new();
    let mut rest = bytes;
    while let Frame::Whole { kind, payload } = read_frame(rest) {
        out.push((kind, payload));
        rest = &rest[FRAME_HEADER_BYTES + payload.len()..];
    }
    out
}

/// A leaf's frame, with a checksum that fits.
fn frame(leaf: &[u8]) -> Vec<u8> {
    let mut covered = vec![1];
    covered.extend(u32::try_from(leaf.len()).unwrap().to_le_bytes());
    let mut out = covered.clone();
    covered.extend(leaf);
    // CRC-32C bit by bit, from its polynomial.
    let crc = !covered.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
            if crc & 1 == 1 { crc >> 1 ^ 0x82F6_3B78 } else { crc >> 1 }
        })
    });
    out.extend(crc.to_le_bytes());
    out.extend(leaf);
    out
}

/// Copies a log as a crash leaves it.
fn crashed(from: &Path) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir(dir.path().join("w")).unwrap();
    for entry in fs::read_dir(from.join("w")).unwrap() {
        let path = entry.unwrap().path();
        fs::copy(&path, dir.path().join("w").join(path.file_name().unwrap())).unwrap();
    }
    dir
}

#[test]
fn many_groups_share_a_signature() {
    let dir = tempfile::tempdir().unwrap();
    let log = open(waits(dir.path()));
    for n in 0..10 {
        assert_eq!(log.append(&event(n)).unwrap().index, n + 2);
        let report = check(dir.path());
        assert_eq!((report.state, report.proven_size), (State::TornTail, 2), "{n}");
    }
    log.sign().unwrap();
    let report = check(dir.path());
    assert_eq!((report.state, report.proven_size), (State::LiveUnchecked, 12));
    log.sign().unwrap();
    assert_eq!(check(dir.path()).proven_size, 12, "nothing is signed twice");
    log.append_all(&[event(10), event(11)]).unwrap();
    log.rotate(&root()).unwrap();
    log.append(&event(12)).unwrap();
    log.close().unwrap();
    let bytes = fs::read(segment(dir.path())).unwrap();
    let signed = frames(&bytes).iter().filter(|(kind, _)| *kind == FrameKind::Checkpoint).count();
    // At the opening, for ten events, for two, for the new epoch, for one, for the end.
    assert_eq!(signed, 6);
    assert_eq!(check(dir.path()).state, State::ClosedClean);
    assert_eq!(numbers(dir.path()), (0..13).collect::<Vec<_>>());
}

#[test]
fn the_signature_comes_by_itself() {
    for durability in [Durability::Buffered, Durability::Durable] {
        let dir = tempfile::tempdir().unwrap();
        let options = waits(dir.path()).durability(durability);
        let log = open(options.sign_within(Duration::from_millis(1)));
        for n in 0..3 {
            log.append(&event(n)).unwrap();
            let begun = Instant::now();
            while check(dir.path()).proven_size < n + 3 {
                assert!(begun.elapsed() < Duration::from_secs(60), "nobody signs");
                std::thread::sleep(Duration::from_millis(1));
            }
        }
    }
}

/// A log that was dropped can be opened at once: the thread that signs holds nothing back.
#[test]
fn a_dropped_log_is_free() {
    let dir = tempfile::tempdir().unwrap();
    for round in 0..200 {
        let log = open(waits(dir.path()).sign_within(Duration::from_micros(50 * (round % 4))));
        log.append(&event(round)).unwrap();
        drop(log);
    }
    open(waits(dir.path())).close().unwrap();
    assert_eq!(check(dir.path()).state, State::ClosedClean);
    assert_eq!(numbers(dir.path()), (0..200).collect::<Vec<_>>());
}

#[test]
fn a_long_group_is_signed_before_its_time() {
    let dir = tempfile::tempdir().unwrap();
    let log = open(waits(dir.path()));
    let events: Vec<_> = (0..2500).map(event).collect();
    log.append_all(&events).unwrap();
    assert_eq!(check(dir.path()).proven_size, 2 + 2048);
}

/// What was acknowledged is kept and told; the log goes on in order.
#[test]
fn a_crash_keeps_what_was_acknowledged() {
    let dir = tempfile::tempdir().unwrap();
    for round in 0..3 {
        let log = open(waits(dir.path()));
        for n in 0..5 {
            log.append(&event(round * 5 + n)).unwrap();
        }
        drop(log);
        assert_eq!(check(dir.path()).state, State::TornTail);
    }
    open(waits(dir.path())).close().unwrap();
    assert_eq!(check(dir.path()).state, State::ClosedClean);
    assert_eq!(numbers(dir.path()), (0..15).collect::<Vec<_>>());
    let told = bodies(dir.path(), "log.recovered");
    assert_eq!(told.len(), 3);
    assert!(told.iter().all(|body| body["kept_leaves"] == 5 && body["discarded_bytes"] == 0));
    // Who signs at once goes on behind a log whose signatures waited, and the other way round.
    let log = open(waits(dir.path()));
    log.append(&event(15)).unwrap();
    drop(log);
    let log = open(LogOptions::new(dir.path(), "w"));
    log.append(&event(16)).unwrap();
    drop(log);
    open(waits(dir.path())).close().unwrap();
    assert_eq!(numbers(dir.path()), (0..17).collect::<Vec<_>>());
}

/// A crash at any byte: whole writes are kept as far as the mark says, the rest is dropped.
#[test]
fn a_cut_at_every_byte_is_no_tampering() {
    let dir = tempfile::tempdir().unwrap();
    let log = open(waits(dir.path()));
    log.append(&event(0)).unwrap();
    log.append_all(&[event(1), event(2)]).unwrap();
    drop(log);
    let whole = fs::read(segment(dir.path())).unwrap();
    for keep in 0..whole.len() {
        let crashed = crashed(dir.path());
        fs::write(segment(crashed.path()), &whole[..keep]).unwrap();
        open(waits(crashed.path())).close().unwrap();
        assert_eq!(check(crashed.path()).state, State::ClosedClean, "cut at {keep}");
        // The mark stands behind three events: where one is missing, it fits nothing.
        assert!(numbers(crashed.path()).is_empty(), "cut at {keep}");
    }
    // What was written behind the mark was never acknowledged.
    let crashed = crashed(dir.path());
    let mut more = whole.clone();
    more.extend_from_slice(&[1, 9, 0, 0]);
    fs::write(segment(crashed.path()), &more).unwrap();
    open(waits(crashed.path())).close().unwrap();
    assert_eq!(numbers(crashed.path()), [0, 1, 2]);
    assert_eq!(bodies(crashed.path(), "log.recovered")[0]["discarded_bytes"], 4);
}

/// Who can write to the disk, and has no key, puts nothing into the log: not another leaf in the
/// place of one, not one behind the last, not with an old mark, a made-up one, or another log's.
#[test]
fn nobody_slips_leaves_in() {
    let dir = tempfile::tempdir().unwrap();
    let log = open(waits(dir.path()));
    log.append(&event(0)).unwrap();
    let early = crashed(dir.path());
    log.append(&event(1)).unwrap();
    drop(log);
    let whole = fs::read(segment(dir.path())).unwrap();
    let tail = |dir: &Path| dir.join("w/tail");
    let mark = fs::read(tail(dir.path())).unwrap();
    let (last, lines) = {
        let all = frames(&whole);
        let lines: Vec<_> = all.iter().filter(|(kind, _)| *kind == FrameKind::Leaf).collect();
        let last = lines[lines.len() - 1].1;
        (leaf_hash(last), String::from_utf8(last.to_vec()).unwrap())
    };
    // The leaf that a forger would write next: a perfect one, but for the key.
    let at = lines.find("\"prev\":\"").unwrap() + 8;
    let forged = format!("{}{last}{}", &lines[..at], &lines[at + 71..]);
    let forged = forged.replace("\"seq\":3", "\"seq\":4").replace("\"n\":1", "\"n\":666");
    let mut longer = whole.clone();
    longer.extend(frame(forged.as_bytes()));
    let mut next = mark.clone();
    next[..8].copy_from_slice(&5u64.to_le_bytes());
    let edited = {
        let cut = whole.len() - FRAME_HEADER_BYTES - lines.len();
        let mut edited = whole[..cut].to_vec();
        let other = lines.replace("\"n\":1", "\"n\":2");
        edited.extend(frame(other.as_bytes()));
        edited
    };
    let other = tempfile::tempdir().unwrap();
    let log = open(waits(other.path()));
    for n in 0..3 {
        log.append(&event(n)).unwrap();
    }
    drop(log);
    let foreign = fs::read(tail(other.path())).unwrap();
    let old = fs::read(tail(early.path())).unwrap();
    let none: &[u64] = &[];
    for (what, bytes, mark, kept) in [
        ("nothing changed", &whole, &mark, &[0, 1][..]),
        ("a leaf behind the mark", &longer, &mark, &[0, 1][..]),
        ("a mark with another number", &longer, &next, none),
        ("another leaf", &edited, &mark, none),
        ("an old mark", &whole, &old, &[0][..]),
        ("the mark of another log", &longer, &foreign, none),
        ("no mark", &whole, &Vec::new(), none),
        ("a long mark", &whole, &[mark.clone(), mark.clone()].concat(), none),
    ] {
        let crashed = crashed(dir.path());
        fs::write(segment(crashed.path()), bytes).unwrap();
        fs::write(tail(crashed.path()), mark).unwrap();
        let log = open(waits(crashed.path()));
        log.close().unwrap();
        assert_eq!(check(crashed.path()).state, State::ClosedClean, "{what}");
        assert_eq!(numbers(crashed.path()), kept, "{what}");
        let told = bodies(crashed.path(), "log.recovered");
        assert_eq!(told[0]["kept_leaves"].as_u64().unwrap_or(0), kept.len() as u64, "{what}");
    }
    // What is no file is no mark, and is not waited for.
    fs::remove_file(tail(dir.path())).unwrap();
    fs::create_dir(tail(dir.path())).unwrap();
    let opened = LogWriter::open(waits(dir.path()), &root(), start, |_| Ok(()));
    assert_eq!(opened.unwrap_err().code(), "AUD010");
}

/// Two histories from one wreck have epochs of one number, whose marks have one key: each mark fits
/// its own history only.
#[test]
fn a_mark_of_a_history_that_was_rolled_back_fits_no_other() {
    let dir = tempfile::tempdir().unwrap();
    let log = open(waits(dir.path()));
    log.append(&event(0)).unwrap();
    drop(log);
    let histories = [1, 2].map(|n| {
        let copy = crashed(dir.path());
        let log = open(waits(copy.path()));
        log.append(&event(n)).unwrap();
        drop(log);
        copy
    });
    let [first, second] = &histories;
    let (mark, other) = (first.path().join("w/tail"), second.path().join("w/tail"));
    assert_eq!(fs::read(&mark).unwrap()[..8], fs::read(&other).unwrap()[..8], "one size");
    fs::copy(mark, other).unwrap();
    open(waits(second.path())).close().unwrap();
    assert_eq!(numbers(second.path()), [0]);
    open(waits(first.path())).close().unwrap();
    assert_eq!(numbers(first.path()), [0, 1]);
}

/// Groups end in the segment where they began, and segments stay within their bound.
#[test]
fn segments_follow_one_another() {
    let dir = tempfile::tempdir().unwrap();
    for round in 0..4 {
        let log = open(waits(dir.path()).segment_bytes(8192));
        for n in 0..40 {
            log.append(&event(round * 40 + n)).unwrap();
        }
        drop(log);
    }
    open(waits(dir.path()).segment_bytes(8192)).close().unwrap();
    let report = check(dir.path());
    assert_eq!(report.state, State::ClosedClean, "{report:?}");
    assert_eq!(numbers(dir.path()), (0..160).collect::<Vec<_>>());
    let mut count = 0;
    for entry in fs::read_dir(dir.path().join("w")).unwrap() {
        let entry = entry.unwrap();
        if entry.path().extension().is_some_and(|ext| ext == "log") {
            count += 1;
            let len = entry.metadata().unwrap().len();
            // What an opening adds behind kept leaves stands where these stand.
            assert!(len <= 8192 + 3 * 1024, "{len}");
        }
    }
    assert!(count > 4, "{count}");
}
