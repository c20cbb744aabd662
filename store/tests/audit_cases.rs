//! The golden logs and `testdata/audit/cases.toml`: what was done to a log, and what must be said.
#![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
#![expect(clippy::panic, reason = "a test may stop at the first surprise")]
#![expect(clippy::indexing_slicing, reason = "a test may stop at the first surprise")]

mod golden;

use std::fs;

use golden::{Files, logs, root, testdata, write};
use libtest_mimic::{Arguments, Failed, Trial};
use placet::audit::segment::{FRAME_HEADER_BYTES, Frame, FrameKind, read_frame};
use placet::audit::{Checkpoint, Leaf};
use placet::primitives::Timestamp;
use placet_store::{VerifyOptions, verify};
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Cases {
    case: Vec<Case>,
}

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    #[expect(dead_code, reason = "for readers")]
    why: String,
    /// The golden log that is changed.
    log: String,
    #[serde(default)]
    mutate: Vec<Mutation>,
    /// Where the verifier is pointed, inside the log.
    #[serde(default)]
    path: String,
    now: Option<String>,
    /// `log@size`: the checkpoint over so many leaves of a golden log.
    checkpoint: Option<String>,
    state: String,
    class: Option<String>,
    index: Option<u64>,
    index_end: Option<u64>,
    size: u64,
    exit: u8,
}

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields, tag = "op", rename_all = "snake_case")]
enum Mutation {
    /// Changes text in a leaf; the frame's checksum is mended or left.
    Edit {
        leaf: u64,
        find: String,
        with: String,
        checksum: Checksum,
    },
    /// Flips a bit of a byte of a frame, counted over the whole log.
    Flip {
        frame: usize,
        byte: usize,
        bit: u8,
    },
    /// Removes frames `from..to`.
    DropFrames {
        from: usize,
        to: usize,
    },
    /// Copies a frame before another.
    CopyFrame {
        frame: usize,
        before: usize,
    },
    DropLeaf {
        leaf: u64,
    },
    /// Copies a leaf before another.
    CopyLeaf {
        leaf: u64,
        before: u64,
    },
    SwapLeaves {
        a: u64,
        b: u64,
    },
    SwapFrames {
        a: usize,
        b: usize,
    },
    /// Puts a leaf of another golden log before or in place of one.
    Splice {
        from: String,
        leaf: u64,
        at: u64,
        replace: bool,
    },
    /// Keeps so many bytes of a file.
    Cut {
        file: String,
        keep: usize,
    },
    Append {
        file: String,
        byte: u8,
        count: usize,
    },
    Remove {
        file: String,
    },
    Rename {
        file: String,
        to: String,
    },
    Write {
        file: String,
        text: String,
    },
}

#[derive(Clone, Copy, Deserialize, PartialEq)]
#[serde(rename_all = "snake_case")]
enum Checksum {
    Mend,
    Leave,
}

/// A frame, the file it stands in, and the leaf index that it claims.
struct Framed {
    file: String,
    kind: FrameKind,
    bytes: Vec<u8>,
    seq: Option<u64>,
}

fn split(files: &Files) -> Vec<Framed> {
    let mut out = Vec::new();
    for (file, bytes) in files {
        let mut rest = &bytes[..];
        while let Frame::Whole { kind, payload } = read_frame(rest) {
            let (frame, after) = rest.split_at(FRAME_HEADER_BYTES + payload.len());
            let seq = Leaf::parse(payload).map(|leaf| leaf.seq);
            out.push(Framed { file: file.clone(), kind, bytes: frame.to_vec(), seq });
            rest = after;
        }
        assert!(rest.is_empty(), "frames are counted before other changes");
    }
    out
}

fn join(files: &mut Files, frames: Vec<Framed>) {
    files.values_mut().for_each(Vec::clear);
    for frame in frames {
        files.get_mut(&frame.file).unwrap().extend(frame.bytes);
    }
}

fn mended(kind: u8, payload: &[u8]) -> Vec<u8> {
    let len = u32::try_from(payload.len()).unwrap().to_le_bytes();
    let covered = [&[kind][..], &len, payload].concat();
    let crc = !covered.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
            if crc & 1 == 1 { crc >> 1 ^ 0x82F6_3B78 } else { crc >> 1 }
        })
    });
    [&[kind][..], &len, &crc.to_le_bytes(), payload].concat()
}

fn leaf(frames: &[Framed], seq: u64) -> usize {
    frames.iter().position(|frame| frame.seq == Some(seq)).unwrap()
}

fn mutate(files: &mut Files, mutation: &Mutation) {
    match mutation {
        Mutation::Cut { file, keep } => files.get_mut(file).unwrap().truncate(*keep),
        Mutation::Append { file, byte, count } => {
            files.get_mut(file).unwrap().extend(vec![*byte; *count]);
        }
        Mutation::Remove { file } => drop(files.remove(file).unwrap()),
        Mutation::Rename { file, to } => {
            let bytes = files.remove(file).unwrap();
            files.insert(to.clone(), bytes);
        }
        Mutation::Write { file, text } => drop(files.insert(file.clone(), text.clone().into())),
        Mutation::Edit { .. }
        | Mutation::Flip { .. }
        | Mutation::DropFrames { .. }
        | Mutation::CopyFrame { .. }
        | Mutation::DropLeaf { .. }
        | Mutation::CopyLeaf { .. }
        | Mutation::SwapLeaves { .. }
        | Mutation::SwapFrames { .. }
        | Mutation::Splice { .. } => {
            let mut frames = split(files);
            mutate_frames(&mut frames, mutation);
            join(files, frames);
        }
    }
}

fn mutate_frames(frames: &mut Vec<Framed>, mutation: &Mutation) {
    match mutation {
        Mutation::Edit { leaf: seq, find, with, checksum } => {
            let at = leaf(frames, *seq);
            let text = String::from_utf8(frames[at].bytes[FRAME_HEADER_BYTES..].to_vec()).unwrap();
            assert!(text.contains(find), "`{find}` is not in the leaf");
            let text = text.replacen(find, with, 1);
            let mut bytes = mended(1, text.as_bytes());
            if *checksum == Checksum::Leave {
                bytes[5..9].copy_from_slice(&frames[at].bytes[5..9]);
            }
            frames[at].bytes = bytes;
        }
        Mutation::Flip { frame, byte, bit } => frames[*frame].bytes[*byte] ^= 1 << bit,
        Mutation::DropFrames { from, to } => drop(frames.drain(from..to)),
        Mutation::DropLeaf { leaf: seq } => drop(frames.remove(leaf(frames, *seq))),
        Mutation::CopyLeaf { leaf: seq, before } => {
            let (frame, before) = (leaf(frames, *seq), leaf(frames, *before));
            mutate_frames(frames, &Mutation::CopyFrame { frame, before });
        }
        Mutation::CopyFrame { frame, before } => {
            let (file, bytes) = (frames[*before].file.clone(), frames[*frame].bytes.clone());
            frames.insert(*before, Framed { file, kind: frames[*frame].kind, bytes, seq: None });
        }
        Mutation::SwapLeaves { a, b } => {
            let (a, b) = (leaf(frames, *a), leaf(frames, *b));
            mutate_frames(frames, &Mutation::SwapFrames { a, b });
        }
        Mutation::SwapFrames { a, b } => {
            let bytes = frames[*a].bytes.clone();
            frames[*a].bytes = std::mem::replace(&mut frames[*b].bytes, bytes);
        }
        Mutation::Splice { from, leaf: seq, at, replace } => {
            let foreign = split(&logs()[from.as_str()]);
            let bytes = foreign[leaf(&foreign, *seq)].bytes.clone();
            let at = leaf(frames, *at);
            let file = frames[at].file.clone();
            if *replace {
                frames[at].bytes = bytes;
            } else {
                frames.insert(at, Framed { file, kind: FrameKind::Leaf, bytes, seq: None });
            }
        }
        Mutation::Cut { .. }
        | Mutation::Append { .. }
        | Mutation::Remove { .. }
        | Mutation::Rename { .. }
        | Mutation::Write { .. } => panic!("not a change of frames"),
    }
}

fn checkpoint(which: &str) -> Checkpoint {
    let (log, size) = which.split_once('@').unwrap();
    let size: u64 = size.parse().unwrap();
    let notes = split(&logs()[log]).into_iter().filter(|f| f.kind == FrameKind::Checkpoint);
    let mut all = notes
        .map(|frame| Checkpoint::from_trusted_note(&frame.bytes[FRAME_HEADER_BYTES..]).unwrap());
    all.find(|checkpoint| checkpoint.size == size).unwrap()
}

fn run(case: &Case) -> Result<(), Failed> {
    let mut files = logs()[case.log.as_str()].clone();
    case.mutate.iter().for_each(|mutation| mutate(&mut files, mutation));
    let dir = tempfile::tempdir().unwrap();
    write(&files, dir.path());
    let options = VerifyOptions {
        earlier: case.checkpoint.as_deref().map(checkpoint),
        now: case.now.as_deref().map(|text| Timestamp::parse(text).unwrap()),
    };
    let report = verify(&dir.path().join(&case.path), &root().verifying_key(), &options).unwrap();
    let index_end = report.writers.iter().filter(|w| w.state == report.state).map(|w| w.index_end);
    let got = (
        report.state.as_str(),
        report.class.map(placet::audit::Class::as_str),
        report.index,
        index_end.max().flatten(),
        report.proven_size,
        report.state.exit_code(),
    );
    let class = case.class.as_deref();
    let want = (&*case.state, class, case.index, case.index_end, case.size, case.exit);
    if got == want {
        Ok(())
    } else {
        Err(format!("expected {want:?}\n     got {got:?}\n{report:#?}").into())
    }
}

/// The bytes in the repository are those that the writer makes today.
fn golden_bytes(name: &str, files: &Files) -> Result<(), Failed> {
    let dir = testdata().join("golden").join(name);
    let mut there = Files::new();
    for writer in fs::read_dir(&dir)? {
        let writer = writer?;
        for file in fs::read_dir(writer.path())? {
            let file = file?;
            let [writer, name] =
                [writer.file_name(), file.file_name()].map(|name| name.into_string().unwrap());
            there.insert(format!("{writer}/{name}"), fs::read(file.path())?);
        }
    }
    if there == *files { Ok(()) } else { Err("other bytes than in the repository".into()) }
}

fn main() {
    let arguments = Arguments::from_args();
    let mut trials = Vec::new();
    for (name, files) in logs() {
        trials.push(Trial::test(format!("golden::{name}"), {
            let files = files.clone();
            move || golden_bytes(name, &files)
        }));
        // `cargo test --test audit_cases -- --ignored regenerate` after a deliberate change.
        let again = Trial::test(format!("regenerate::{name}"), move || {
            let dir = testdata().join("golden").join(name);
            let _ = fs::remove_dir_all(&dir);
            write(&files, &dir);
            fs::write(
                testdata().join("golden/root.vkey"),
                format!("{}\n", root().verifying_key()),
            )?;
            Ok(())
        });
        trials.push(again.with_ignored_flag(true));
    }
    let text = fs::read_to_string(testdata().join("cases.toml")).unwrap();
    let cases: Cases = toml::from_str(&text).unwrap();
    for case in cases.case {
        trials.push(Trial::test(format!("case::{}", case.name), move || run(&case)));
    }
    libtest_mimic::run(&arguments, trials).exit();
}
