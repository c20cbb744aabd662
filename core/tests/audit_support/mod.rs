//! A small log with known keys and times, and frames that a forger can cut and paste.
#![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
#![expect(clippy::panic, reason = "a test may stop at the first surprise")]
#![expect(unreachable_pub, reason = "a module of several test binaries")]

use placet::audit::segment::{FRAME_HEADER_BYTES, Frame, FrameKind, read_frame};
use placet::audit::{
    Checkpoint, Event, EventKind, Group, LogVerifier, Origin, Verified, Writer, WriterReport,
};
use placet::crypto::{KeyName, NamedSigningKey, SigningKey};
use placet::primitives::Timestamp;

pub fn now() -> Timestamp {
    Timestamp::parse("2026-11-22T12:00:00Z").unwrap()
}

pub fn root() -> NamedSigningKey {
    let name = KeyName::parse("example.com/audit").unwrap();
    NamedSigningKey::new(name, SigningKey::from_seed(&[1; 32]))
}

pub fn event(n: usize) -> Event {
    let body = serde_json::json!({"decision_id": format!("d{n}"), "verdict": "allow"});
    Event::new(EventKind::Decision, now().plus_seconds(n as i64), &body).unwrap()
}

/// A log in one piece: groups of these sizes after the opening group, closed or not.
pub fn log(name: &str, groups: &[usize], close: bool) -> Vec<u8> {
    let (mut writer, first) = start(name);
    let mut out = first.bytes;
    let mut n = 0;
    for size in groups {
        for _ in 0..*size {
            n += 1;
            writer.append(&event(n)).unwrap();
        }
        out.extend(writer.commit().unwrap().unwrap().bytes);
    }
    if close {
        out.extend(writer.close(now().plus_seconds(99)).unwrap().bytes);
    }
    out
}

pub fn start(name: &str) -> (Writer, Group) {
    let origin = Origin::parse(&format!("example.com/audit/{name}/0011223344556677")).unwrap();
    Writer::create(origin, &root(), &[2; 32], 60, now()).unwrap()
}

/// The frames of a log, each with its header.
pub fn frames(log: &[u8]) -> Vec<(FrameKind, Vec<u8>)> {
    let mut out = Vec::new();
    let mut rest = log;
    while !rest.is_empty() {
        let Frame::Whole { kind, payload } = read_frame(rest) else { panic!("a bad frame") };
        let (frame, after) = rest.split_at(FRAME_HEADER_BYTES + payload.len());
        out.push((kind, frame.to_vec()));
        rest = after;
    }
    out
}

/// Positions of the leaves among the frames.
pub fn leaves(frames: &[(FrameKind, Vec<u8>)]) -> Vec<usize> {
    let of =
        |(at, (kind, _)): (usize, &(FrameKind, Vec<u8>))| (*kind == FrameKind::Leaf).then_some(at);
    frames.iter().enumerate().filter_map(of).collect()
}

/// A frame around these bytes, with a checksum that fits.
pub fn frame(kind: u8, payload: &[u8]) -> Vec<u8> {
    let len = u32::try_from(payload.len()).unwrap().to_le_bytes();
    let mut covered = vec![kind];
    covered.extend(len);
    covered.extend(payload);
    let mut out = vec![kind];
    out.extend(len);
    out.extend(crc32c(&covered).to_le_bytes());
    out.extend(payload);
    out
}

/// CRC-32C bit by bit: the slow way, from its polynomial.
fn crc32c(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
            if crc & 1 == 1 { crc >> 1 ^ 0x82F6_3B78 } else { crc >> 1 }
        })
    })
}

pub fn verify(log: &[u8]) -> WriterReport {
    verify_with(log, None, Some(now().plus_seconds(100))).report
}

pub fn verify_with(log: &[u8], earlier: Option<Checkpoint>, at: Option<Timestamp>) -> Verified {
    let mut verifier = LogVerifier::new(root().verifying_key(), earlier);
    verifier.begin_segment(0, true);
    verifier.push(log);
    verifier.end_segment();
    verifier.finish("w", at)
}
