//! Two verifiers that share no code must say the same of logs that were changed at random.
#![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
#![expect(clippy::indexing_slicing, reason = "a test may stop at the first surprise")]

mod golden;

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Command, Stdio};

use golden::{Files, logs, root, testdata, write};
use placet::audit::segment::{FRAME_HEADER_BYTES, Frame, read_frame};
use placet::audit::{Class, State};
use placet_store::{VerifyOptions, verify};
use serde_json::{Value, json};

/// Logs that are changed; a few seconds in all.
const ROUNDS: usize = 600;

/// xorshift64: the same changes on every machine.
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).unwrap() % n.max(1)
    }
}

type Frames = Vec<(String, Vec<u8>)>;

fn split(files: &Files) -> Frames {
    let mut out = Vec::new();
    for (file, bytes) in files {
        let mut rest = &bytes[..];
        while let Frame::Whole { payload, .. } = read_frame(rest) {
            let (frame, after) = rest.split_at(FRAME_HEADER_BYTES + payload.len());
            out.push((file.clone(), frame.to_vec()));
            rest = after;
        }
    }
    out
}

fn mend(frame: &mut [u8]) {
    let covered = [&frame[..5], &frame[9..]].concat();
    let crc = !covered.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
            if crc & 1 == 1 { crc >> 1 ^ 0x82F6_3B78 } else { crc >> 1 }
        })
    });
    frame[5..9].copy_from_slice(&crc.to_le_bytes());
}

/// One change; gives its description.
fn change(frames: &mut Frames, foreign: &Frames, dice: &mut Dice) -> String {
    let (a, b) = (dice.below(frames.len()), dice.below(frames.len()));
    let kind = dice.below(7);
    match kind {
        0 | 1 => {
            let at = dice.below(frames[a].1.len());
            frames[a].1[at] ^= 1 << dice.below(8);
            if kind == 1 {
                mend(&mut frames[a].1);
            }
            format!("flip byte {at} of frame {a}, mended: {}", kind == 1)
        }
        2 => {
            frames.remove(a);
            format!("drop frame {a}")
        }
        3 => {
            let other = frames[b].1.clone();
            frames[b].1 = std::mem::replace(&mut frames[a].1, other);
            format!("swap frames {a} and {b}")
        }
        4 => {
            let copy = (frames[b].0.clone(), frames[a].1.clone());
            frames.insert(b, copy);
            format!("copy frame {a} before {b}")
        }
        5 => {
            let from = dice.below(foreign.len());
            let piece = (frames[a].0.clone(), foreign[from].1.clone());
            frames.insert(a, piece);
            format!("splice frame {from} of another log before {a}")
        }
        _ => {
            let end = (a + 1 + dice.below(3)).min(frames.len());
            frames.drain(a..end);
            format!("drop frames {a}..{end}")
        }
    }
}

fn hex(files: &Files) -> Value {
    let of = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    files.iter().map(|(name, bytes)| (name.clone(), json!(of(bytes)))).collect()
}

#[test]
fn both_verifiers_agree() {
    let mut python = Command::new("python3")
        .arg(testdata().join("verify.py"))
        .arg("--jsonl")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut ask = python.stdin.take().unwrap();
    let mut answers = BufReader::new(python.stdout.take().unwrap()).lines();
    let logs = logs();
    let foreign = split(&logs["other"]);
    let mut dice = Dice(0x9E37_79B9_7F4A_7C15);
    let mut tampered = 0;
    for round in 0..ROUNDS {
        let name = ["closed", "live", "segments"][round % 3];
        let mut files = logs[name].clone();
        let mut frames = split(&files);
        let count = 1 + dice.below(3);
        let what: Vec<_> = (0..count).map(|_| change(&mut frames, &foreign, &mut dice)).collect();
        files.values_mut().for_each(Vec::clear);
        for (file, bytes) in frames {
            files.get_mut(&file).unwrap().extend(bytes);
        }
        let dir = tempfile::tempdir().unwrap();
        write(&files, dir.path());
        let report =
            verify(dir.path(), &root().verifying_key(), &VerifyOptions::default()).unwrap();
        let (class, end) = (report.class.map(Class::as_str), report.writers[0].index_end);
        let ours = json!([report.state.as_str(), class, report.index, end, report.proven_size]);
        writeln!(ask, "{}", json!({ "files": hex(&files) })).unwrap();
        let theirs: Value = serde_json::from_str(&answers.next().unwrap().unwrap()).unwrap();
        assert_eq!(ours, theirs, "{name}, {what:?}: {}", report.writers[0].detail);
        tampered += usize::from(report.state == State::Tampered);
    }
    drop(ask);
    assert!(python.wait().unwrap().success());
    assert!(tampered > ROUNDS / 2, "{tampered}");
}

#[test]
fn the_second_verifier_holds_the_cases() {
    let run = Command::new("python3").arg(testdata().join("verify.py")).arg("--cases").output();
    let run = run.unwrap();
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stdout));
}
