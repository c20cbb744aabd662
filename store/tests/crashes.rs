//! Logs that are driven at random and crash at random, against a model of what was promised.
#![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
#![expect(clippy::indexing_slicing, reason = "a test may stop at the first surprise")]

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::ops::ControlFlow;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use placet::audit::segment::FRAME_HEADER_BYTES;
use placet::audit::{AuditSink as _, Class, Event, EventKind, Leaf, State};
use placet::crypto::{KeyName, NamedSigningKey, SigningKey};
use placet::primitives::Timestamp;
use placet_store::{Durability, LogOptions, LogWriter, VerifyOptions, for_each_leaf, verify};
use serde_json::{Value, json};

/// Logs that are driven; a few seconds in all.
const ROUNDS: u64 = 36;

/// Steps of each.
const STEPS: u64 = 60;

/// The second verifier is slow: it looks at every so many crashes.
const SECOND_OPINION: u64 = 12;

/// A segment's end: a frame with one number.
const END_BYTES: usize = FRAME_HEADER_BYTES + 8;

/// xorshift64: the same steps on every machine.
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 33) % n.max(1)
    }

    /// A number of bytes, at most `len`; often none and often all.
    fn part(&mut self, len: usize) -> usize {
        match self.below(4) {
            0 => 0,
            1 => len,
            _ => usize::try_from(self.below(len as u64 + 1)).unwrap(),
        }
    }
}

/// The key that the second verifier knows.
fn root() -> NamedSigningKey {
    let name = KeyName::parse("example.com/audit").unwrap();
    NamedSigningKey::new(name, SigningKey::from_seed(&[1; 32]))
}

fn event(n: u64, filler: u64) -> Event {
    let filler = "x".repeat(usize::try_from(filler).unwrap());
    let body = json!({ "n": n, "filler": filler });
    Event::new(EventKind::Decision, clock(0), &body).unwrap()
}

fn clock(seconds: i64) -> Timestamp {
    Timestamp::parse("2026-11-22T12:00:00Z").unwrap().plus_seconds(seconds)
}

/// Opens a log whose time is `seconds`.
fn open(options: LogOptions, seconds: &Arc<AtomicI64>) -> LogWriter {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    let seconds = Arc::clone(seconds);
    let now = move || clock(seconds.load(Ordering::Relaxed));
    let random = |out: &mut [u8]| {
        let seed = NEXT.fetch_add(1, Ordering::Relaxed).to_be_bytes();
        out.iter_mut().zip(seed.iter().cycle()).for_each(|(out, seed)| *out = *seed);
        Ok(())
    };
    LogWriter::open(options, &root(), now, random).unwrap()
}

/// The numbers of the events, in their order.
fn numbers(dir: &Path) -> Vec<u64> {
    let mut out = Vec::new();
    for_each_leaf(dir, |_, line| {
        let leaf = Leaf::parse(line).unwrap();
        let body: Value = serde_json::from_slice(&leaf.body()).unwrap();
        out.extend(body.get("n").and_then(Value::as_u64));
        ControlFlow::Continue(())
    })
    .unwrap();
    out
}

/// A writer's directory: names and contents.
type Files = BTreeMap<String, Vec<u8>>;

fn read(dir: &Path) -> Files {
    let entries = fs::read_dir(dir.join("w")).unwrap().map(|entry| entry.unwrap().path());
    let name = |path: &Path| path.file_name().unwrap().to_str().unwrap().to_owned();
    entries.map(|path| (name(&path), fs::read(&path).unwrap())).collect()
}

fn write(files: &Files) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir(dir.path().join("w")).unwrap();
    for (name, bytes) in files {
        fs::write(dir.path().join("w").join(name), bytes).unwrap();
    }
    dir
}

fn segments(files: &Files) -> Vec<&String> {
    files.keys().filter(|name| name.starts_with("seg-")).collect()
}

/// A state between these two, as the death of the writer leaves it: each write cut anywhere, and
/// none before the one that it follows.
fn between(before: &Files, after: &Files, dice: &mut Dice) -> Files {
    let mut out = before.clone();
    let new: Vec<_> =
        segments(after).into_iter().filter(|name| !before.contains_key(*name)).collect();
    assert!(new.len() <= 1, "one step starts one segment");
    let mut whole = true;
    for name in segments(after).into_iter().filter(|name| before.contains_key(*name)) {
        let (old, now) = (&before[name], &after[name]);
        let same = old.iter().zip(now).take_while(|(old, now)| old == now).count();
        if same == old.len() && same == now.len() {
            continue;
        }
        // The end of a segment is written behind the next one.
        let seal = if new.is_empty() { 0 } else { END_BYTES };
        let more = now.len() - seal - same;
        let part = dice.part(more);
        whole &= part == more;
        out.insert(name.clone(), now[..same + part].to_vec());
    }
    if let Some(name) = new.first().filter(|_| whole && dice.below(4) > 0) {
        let bytes = &after[*name];
        let part = dice.part(bytes.len());
        out.insert((*name).clone(), bytes[..part].to_vec());
        if part == bytes.len() {
            let name = *segments(before).last().unwrap();
            let whole = &after[name];
            let missing = END_BYTES - dice.part(END_BYTES);
            out.insert(name.clone(), whole[..whole.len() - missing].to_vec());
        }
    } else if new.is_empty() && whole && dice.below(2) == 0 {
        return after.clone();
    }
    out
}

/// The verifier that shares no code with the library.
struct Second {
    child: std::process::Child,
    ask: Option<std::process::ChildStdin>,
    answers: std::io::Lines<BufReader<std::process::ChildStdout>>,
}

impl Second {
    fn start() -> Self {
        let mut child = Command::new("python3")
            .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("../testdata/audit/verify.py"))
            .arg("--jsonl")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let ask = child.stdin.take();
        let answers = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { child, ask, answers }
    }

    fn report(&mut self, files: &Files) -> Value {
        let hex = |bytes: &[u8]| bytes.iter().map(|c| format!("{c:02x}")).collect::<String>();
        let named = files.iter().filter(|(name, _)| name.starts_with("seg-"));
        let files: serde_json::Map<_, _> =
            named.map(|(name, bytes)| (format!("w/{name}"), json!(hex(bytes)))).collect();
        writeln!(self.ask.as_mut().unwrap(), "{}", json!({ "files": files })).unwrap();
        serde_json::from_str(&self.answers.next().unwrap().unwrap()).unwrap()
    }

    fn end(mut self) {
        drop(self.ask.take());
        assert!(self.child.wait().unwrap().success());
    }
}

/// A log that is written, signed for, rotated, closed, opened and killed in any order keeps every
/// acknowledged event, once and in order; nobody calls it tampered with; and both verifiers agree.
#[test]
fn what_was_acknowledged_outlives_any_crash() {
    let mut dice = Dice(0x2545_F491_4F6C_DD1D);
    let mut second = Second::start();
    let (mut crashes, mut kept) = (0, 0);
    for round in 0..ROUNDS {
        let seconds = Arc::new(AtomicI64::new(0));
        let mut dir = tempfile::tempdir().unwrap();
        let segment = 4096 + dice.below(8192);
        let options = |dir: &Path, dice: &mut Dice| {
            let options =
                LogOptions::new(dir, "w").durability(Durability::Buffered).segment_bytes(segment);
            // Mostly later than any test lasts.
            match dice.below(6) {
                0 => options,
                _ => options.sign_within(Duration::from_secs(60)),
            }
        };
        let mut log = open(options(dir.path(), &mut dice), &seconds);
        let mut acknowledged: Vec<u64> = Vec::new();
        let mut next = 0;
        for step in 0..STEPS {
            let here = format!("round {round}, step {step}");
            let before = read(dir.path());
            let mut asked = Vec::new();
            match dice.below(20) {
                0..10 => {
                    log.append(&event(next, dice.below(700))).unwrap();
                    asked.push(next);
                }
                10..13 => {
                    // So few and so short that they fill no segment.
                    asked.extend(next..next + 1 + dice.below(4));
                    let events: Vec<_> = asked.iter().map(|n| event(*n, 0)).collect();
                    log.append_all(&events).unwrap();
                }
                13..15 => log.sign().unwrap(),
                15 => log.rotate(&root()).unwrap(),
                16 => {
                    seconds.fetch_add(61, Ordering::Relaxed);
                    log.heartbeat().unwrap();
                }
                17 => {
                    log.close().unwrap();
                    log = open(options(dir.path(), &mut dice), &seconds);
                }
                18 => {
                    drop(log);
                    log = open(options(dir.path(), &mut dice), &seconds);
                }
                19.. => {}
            }
            next += asked.len() as u64;
            if dice.below(5) > 0 {
                acknowledged.extend(asked);
                assert_eq!(numbers(dir.path()), acknowledged, "{here}");
                continue;
            }
            // It dies inside of this step, or right behind it.
            crashes += 1;
            let after = read(dir.path());
            let files = between(&before, &after, &mut dice);
            if files == after {
                acknowledged.append(&mut asked);
            }
            drop(log);
            dir = write(&files);
            let options_ = VerifyOptions::default();
            let report = verify(dir.path(), &root().verifying_key(), &options_).unwrap();
            assert!(report.state <= State::TornTail, "{here}: {report:?}");
            if crashes % SECOND_OPINION == 0 {
                let end = report.writers[0].index_end;
                let class = report.class.map(Class::as_str);
                let ours =
                    json!([report.state.as_str(), class, report.index, end, report.proven_size]);
                assert_eq!(ours, second.report(&files), "{here}");
            }
            log = open(options(dir.path(), &mut dice), &seconds);
            let found = numbers(dir.path());
            let promised = acknowledged.len();
            assert_eq!(found.get(..promised), Some(&acknowledged[..]), "{here}");
            assert!(asked.starts_with(&found[promised..]), "{here}: {found:?}");
            acknowledged = found;
        }
        log.close().unwrap();
        assert_eq!(numbers(dir.path()), acknowledged, "round {round}");
        let report = verify(dir.path(), &root().verifying_key(), &VerifyOptions::default());
        assert_eq!(report.unwrap().state, State::ClosedClean, "round {round}");
        for_each_leaf(dir.path(), |_, line| {
            kept += u64::from(line.windows(13).any(|word| word == b"\"kept_leaves\""));
            ControlFlow::Continue(())
        })
        .unwrap();
        if round % SECOND_OPINION == 0 {
            assert_eq!(second.report(&read(dir.path()))[0], "CLOSED_CLEAN", "round {round}");
        }
    }
    second.end();
    assert!(crashes > 300 && kept > 100, "{crashes} crashes, {kept} with kept leaves");
}

/// Keys are replaced and the log is closed while others write: neither fails, and what was
/// acknowledged is there, once and in the order of each thread.
#[test]
fn a_busy_log_can_be_rotated_and_closed() {
    for waits in [false, true] {
        let dir = tempfile::tempdir().unwrap();
        let options = LogOptions::new(dir.path(), "w").segment_bytes(32 * 1024);
        let options = match waits {
            false => options,
            true => options.sign_within(Duration::from_millis(1)),
        };
        let log = open(options, &Arc::default());
        let ended = AtomicBool::new(false);
        let mut acknowledged = Vec::new();
        std::thread::scope(|scope| {
            let threads: Vec<_> = (0..4)
                .map(|thread| {
                    let (log, ended) = (&log, &ended);
                    scope.spawn(move || {
                        let mut mine = Vec::new();
                        for n in (thread * 1_000_000).. {
                            match log.append(&event(n, 0)) {
                                Ok(_) => mine.push(n),
                                Err(_) => break,
                            }
                            if ended.load(Ordering::SeqCst) {
                                break;
                            }
                        }
                        mine
                    })
                })
                .collect();
            let rotated: Vec<_> = (0..20)
                .map(|_| {
                    std::thread::sleep(Duration::from_millis(2));
                    log.rotate(&root())
                })
                .collect();
            let closed = log.close();
            ended.store(true, Ordering::SeqCst);
            acknowledged.extend(threads.into_iter().map(|thread| thread.join().unwrap()));
            assert_eq!(rotated.iter().filter(|rotated| rotated.is_err()).count(), 0, "{rotated:?}");
            closed.unwrap();
        });
        let found = numbers(dir.path());
        for (thread, mine) in (0u64..).zip(&acknowledged) {
            let of_it = |n: &&u64| **n / 1_000_000 == thread;
            let theirs: Vec<_> = found.iter().filter(of_it).copied().collect();
            assert_eq!(&theirs, mine, "waits: {waits}");
        }
        let report = verify(dir.path(), &root().verifying_key(), &VerifyOptions::default());
        assert_eq!(report.unwrap().state, State::ClosedClean, "waits: {waits}");
    }
}
