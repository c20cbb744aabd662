//! What the writer accepts, what it refuses, and what an auditor can do with one leaf.
#![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
#![expect(clippy::indexing_slicing, reason = "a test may stop at the first surprise")]

mod audit_support;

use audit_support::*;
use placet::audit::proof::InclusionProof;
use placet::audit::segment::{
    FRAME_HEADER_BYTES, Frame, FrameKind, parse_segment_name, read_frame,
};
use placet::audit::tree::leaf_hash;
use placet::audit::{
    AuditError, Checkpoint, Event, EventKind, Leaf, LogVerifier, Mended, Origin, State, Writer,
};
use placet::crypto::sha256;
use placet::limits::{MAX_GROUP_LEAVES, MAX_LEAF_BYTES};
use proptest::prelude::*;
use serde_json::json;

fn refused(body: &serde_json::Value) -> &'static str {
    Event::new(EventKind::Decision, now(), body).unwrap_err().code()
}

#[test]
fn bodies_that_could_be_read_in_two_ways_are_refused() {
    for key in ["v", "log", "seq", "prev", "time", "epoch", "type"] {
        assert_eq!(refused(&json!({ key: 1 })), "AUD002", "{key}");
        // The same key, spelled with an escape.
        let (first, rest) = key.split_at(1);
        let first = u32::from(first.as_bytes()[0]);
        let text = format!("{{\"\\u{first:04x}{rest}\":1}}");
        let event = Event::from_json(EventKind::Decision, now(), text.as_bytes());
        assert_eq!(event.unwrap_err().code(), "AUD002", "{text}");
    }
    // Inside the body they are nobody's business.
    assert!(Event::new(EventKind::Decision, now(), &json!({"inner": {"seq": 1}})).is_ok());
    for body in [json!([]), json!(1), json!("x"), json!(null)] {
        assert_eq!(refused(&body), "AUD001", "{body}");
    }
    for text in ["", "{", "{}\n", "{\"a\":\n1}", "{\"a\":1}{}", " {}", "{\"a\":{\"b\":1,\"b\":2}}"]
    {
        let event = Event::from_json(EventKind::Decision, now(), text.as_bytes());
        assert_eq!(event.unwrap_err().code(), "AUD001", "{text:?}");
    }
    let twice = Event::from_json(EventKind::Decision, now(), b"{\"a\":1,\"\\u0061\":2}");
    assert_eq!(twice.unwrap_err().code(), "AUD001");
}

#[test]
fn the_logs_own_events_are_its_own() {
    for kind in EventKind::ALL {
        assert_eq!(EventKind::parse(kind.as_str()), Some(*kind));
        let made = Event::new(*kind, now(), &json!({}));
        let own = kind.as_str().starts_with("log.") || kind.as_str().starts_with("key.");
        assert_eq!(made.is_err(), own, "{kind:?}");
        assert_eq!(kind.is_reserved(), own);
    }
    assert_eq!(EventKind::parse("decision "), None);
}

#[test]
fn events_print_as_their_length() {
    let event = Event::new(EventKind::Decision, now(), &json!({"secret": "hunter2"})).unwrap();
    assert_eq!(format!("{event:?}"), "Event(decision, 20 bytes)");
    let (mut writer, _) = start("w");
    writer.append(&event).unwrap();
    let text = format!("{writer:?} {:?}", writer.commit().unwrap());
    assert!(!text.contains("hunter2") && !text.contains("secret"), "{text}");
}

/// A leaf of exactly the bound fits; one byte more is refused, and leaves nothing behind.
#[test]
fn the_bound_of_a_leaf_is_exact() {
    let (mut writer, first) = start("w");
    let mut log = first.bytes;
    let of =
        |len: usize| Event::new(EventKind::Finding, now(), &json!({"t": "x".repeat(len)})).unwrap();
    writer.append(&of(0)).unwrap();
    let group = writer.commit().unwrap().unwrap();
    let head = payload(&frames(&group.bytes)[0].1).len();
    log.extend(group.bytes);
    writer.append(&of(MAX_LEAF_BYTES - head)).unwrap();
    let before = writer.size();
    let error = writer.append(&of(MAX_LEAF_BYTES - head + 1)).unwrap_err();
    assert_eq!(
        error,
        AuditError::LeafTooLarge { bytes: MAX_LEAF_BYTES + 1, limit: MAX_LEAF_BYTES }
    );
    assert_eq!(writer.size(), before);
    log.extend(writer.commit().unwrap().unwrap().bytes);
    log.extend(writer.close(now()).unwrap().bytes);
    assert_eq!(verify(&log).state, State::ClosedClean);
}

fn payload(frame: &[u8]) -> Vec<u8> {
    frame[FRAME_HEADER_BYTES..].to_vec()
}

#[test]
fn a_group_has_a_bound_that_writer_and_verifier_share() {
    let (mut writer, first) = start("w");
    let mut log = first.bytes;
    let small = Event::new(EventKind::Outcome, now(), &json!({})).unwrap();
    let mut count = 0;
    let error = loop {
        match writer.append(&small) {
            Ok(_) => count += 1,
            Err(error) => break error,
        }
    };
    assert_eq!((error.code(), count), ("LIM302", MAX_GROUP_LEAVES - 4));
    assert_eq!(writer.close(now()).unwrap_err().code(), "LIM302", "the group is not committed");
    log.extend(writer.commit().unwrap().unwrap().bytes);
    assert_eq!(writer.commit().unwrap(), None);
    log.extend(writer.close(now()).unwrap().bytes);
    assert_eq!(verify(&log).state, State::ClosedClean);
}

/// The fullest group that a writer hands over unsigned has room for what the next opening adds to it.
#[test]
fn a_full_group_that_was_kept_can_be_signed_for() {
    let (mut writer, first) = start("w");
    let mut log = first.bytes;
    let small = Event::new(EventKind::Outcome, now(), &json!({})).unwrap();
    while writer.append(&small).is_ok() {}
    writer.heartbeat(now()).unwrap();
    let flushed = writer.flush().unwrap();
    log.extend(flushed.bytes);
    let mut verifier = LogVerifier::new(root().verifying_key(), None).with_tail(flushed.size);
    verifier.begin_segment(0, true);
    verifier.push(&log);
    verifier.end_segment();
    let (kept, _) = verifier.finish("w", None).tail.unwrap();
    let kept_leaves = kept.size() - first.size;
    let mended = Mended { kept_leaves, discarded_bytes: 0, sha256: sha256(b"") };
    let (mut writer, group) =
        Writer::reopen(kept, &root(), &[3; 32], Some(&mended), now()).unwrap();
    log.extend(group.bytes);
    log.extend(writer.close(now()).unwrap().bytes);
    let report = verify(&log);
    assert_eq!((report.state, report.proven_size), (State::ClosedClean, writer.size()));
}

#[test]
fn leaves_are_lines_with_a_head_and_the_body() {
    let log = log("w", &[2], false);
    let all = frames(&log);
    let positions = leaves(&all);
    let line = payload(&all[positions[2]].1);
    let leaf = Leaf::parse(&line).unwrap();
    assert_eq!((leaf.seq, leaf.epoch, leaf.kind), (2, 1, "decision"));
    assert_eq!(leaf.prev, leaf_hash(&payload(&all[positions[1]].1)));
    assert_eq!(leaf.body(), br#"{"decision_id":"d1","verdict":"allow"}"#);
    let value: serde_json::Value = serde_json::from_slice(&line).unwrap();
    assert_eq!(value["seq"], 2);
    // Another spelling of the same head is no leaf.
    let text = String::from_utf8(line).unwrap();
    for (from, to) in [
        ("\"v\":1", "\"v\":2"),
        ("\"v\":1", "\"v\": 1"),
        ("\"seq\":2", "\"seq\":02"),
        ("\"seq\":2", "\"seq\":-2"),
        ("\"seq\":2", "\"seq\":99999999999999999999"),
        ("sha256:", "SHA256:"),
        (".000Z", "Z"),
        (".000Z", ".000+00:00"),
        ("\"type\":\"decision\"", "\"type\":\"deci\\u0073ion\""),
        ("allow\"}", "allow\"}\n"),
        ("allow\"}", "allow\""),
        ("{\"v\"", " {\"v\""),
    ] {
        let changed = text.replacen(from, to, 1);
        assert_ne!(changed, text, "{from}");
        assert_eq!(Leaf::parse(changed.as_bytes()), None, "{changed}");
    }
}

#[test]
fn one_leaf_can_be_proven_alone() {
    let log = log("w", &[1, 3, 1], true);
    let all = frames(&log);
    let lines: Vec<_> = leaves(&all).into_iter().map(|at| payload(&all[at].1)).collect();
    let hashes: Vec<_> = lines.iter().map(|line| leaf_hash(line)).collect();
    let note = String::from_utf8(payload(&all.last().unwrap().1)).unwrap();
    let opening = String::from_utf8(payload(&all[2].1)).unwrap();
    let key_leaf = Leaf::parse(&lines[1]).unwrap();
    let body: serde_json::Value = serde_json::from_slice(&key_leaf.body()).unwrap();
    let epoch = placet::crypto::NamedVerifyingKey::parse(body["new"].as_str().unwrap()).unwrap();
    for (index, line) in lines.iter().enumerate() {
        let proof = InclusionProof::new(&hashes, index as u64, &note).unwrap();
        let text = proof.to_text();
        assert!(text.starts_with("c2sp.org/tlog-proof@v1\nindex "));
        let read = InclusionProof::parse(&text).unwrap();
        assert_eq!(read.verify(line, &epoch).unwrap().size, hashes.len() as u64);
        assert_eq!(read.verify(line, &root().verifying_key()), None, "signed by the epoch key");
        assert_eq!(read.verify(b"another line", &epoch), None);
        let moved = text.replace(&format!("index {index}\n"), &format!("index {}\n", index + 1));
        assert_eq!(InclusionProof::parse(&moved).unwrap().verify(line, &epoch), None);
    }
    assert_eq!(InclusionProof::new(&hashes, 2, &opening), None, "not covered yet");
    let first = InclusionProof::new(&hashes, 1, &opening).unwrap();
    assert!(first.verify(&lines[1], &root().verifying_key()).is_some());
    for text in
        ["", "c2sp.org/tlog-proof@v1\n", "c2sp.org/tlog-proof@v1\nindex -1\n\nx", "x\nindex 1\n\nx"]
    {
        assert_eq!(InclusionProof::parse(text), None, "{text}");
    }
}

#[test]
fn checkpoints_have_one_spelling() {
    let good = "example.com/log\n12\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n";
    assert_eq!(Checkpoint::parse(good).unwrap().to_text(), good);
    for (from, to) in [
        ("12", "012"),
        ("12", "+12"),
        ("12", ""),
        ("12", "18446744073709551616"),
        ("FU=\n", "FU=\nextension\n"),
        ("FU=\n", "FU="),
        ("FU=", "FV="),
        ("47DE", "7DE"),
        ("example.com/log", "two words"),
        ("example.com/log", ""),
    ] {
        assert_eq!(Checkpoint::parse(&good.replace(from, to)), None, "{from} -> {to}");
    }
}

#[test]
fn reports_use_the_words_of_the_specification() {
    let states = [
        (State::ClosedClean, "CLOSED_CLEAN", 0),
        (State::LiveFresh, "LIVE_FRESH", 0),
        (State::LiveUnchecked, "LIVE_UNCHECKED", 7),
        (State::Stale, "STALE", 7),
        (State::TornTail, "TORN_TAIL", 7),
        (State::RolledBack, "ROLLED_BACK", 6),
        (State::Forked, "FORKED", 6),
        (State::Tampered, "TAMPERED", 6),
    ];
    for (state, name, exit) in states {
        assert_eq!((state.as_str(), state.exit_code()), (name, exit));
        assert_eq!(json!(state), json!(name));
    }
    assert!(states.windows(2).all(|pair| pair[0].0 < pair[1].0), "the worst one wins");
    let one = verify(&log("w", &[1], true));
    let report = placet::audit::Report::of("key".to_owned(), vec![one], Vec::new());
    let value = json!(report);
    assert_eq!(value["state"], "CLOSED_CLEAN");
    assert_eq!((&value["class"], &value["index"]), (&json!(null), &json!(null)));
    assert_eq!((&value["proven_size"], &value["writers"][0]["epochs"]), (&json!(4), &json!(1)));
    assert_eq!(value["proven_time"], "2026-11-22T12:01:39.000Z");
    assert!(!value["cannot_prove"].as_array().unwrap().is_empty());
    let none = placet::audit::Report::of("key".to_owned(), Vec::new(), Vec::new());
    assert_eq!((none.state, none.proven_size, none.proven_time), (State::Stale, 0, None));
}

#[test]
fn origins_need_no_escape_anywhere() {
    for bad in ["", "a b", "a\"b", "a\\b", "a+b", "ä", "a\nb", &"x".repeat(201)] {
        assert_eq!(Origin::parse(bad).unwrap_err().code(), "AUD004", "{bad:?}");
    }
}

#[test]
fn frames_are_little_endian_and_named_by_index() {
    let bytes = frame(1, b"abc");
    assert_eq!(bytes[..5], [1, 3, 0, 0, 0]);
    let read = read_frame(&bytes);
    assert_eq!(read, Frame::Whole { kind: FrameKind::Leaf, payload: &b"abc"[..] });
    for len in 0..bytes.len() {
        assert_eq!(read_frame(&bytes[..len]), Frame::Cut, "{len}");
    }
    for name in [
        "seg-1.log",
        "seg-000000000000000000000.log",
        "seg-0000000000000000000x.log",
        "SEG-00000000000000000000.log",
        "seg-99999999999999999999.log",
    ] {
        assert_eq!(parse_segment_name(name), None, "{name}");
    }
}

proptest! {
    /// Whatever text an event holds, the leaf is one JSON line from which the text comes back.
    #[test]
    fn any_text_survives(text in "\\PC*", key in "[a-z_]{8,12}") {
        let (mut writer, _) = start("w");
        let event = Event::new(EventKind::Finding, now(), &json!({ &key: text })).unwrap();
        writer.append(&event).unwrap();
        let group = writer.commit().unwrap().unwrap();
        let line = payload(&frames(&group.bytes)[0].1);
        prop_assert!(!line.contains(&b'\n'));
        let leaf = Leaf::parse(&line).unwrap();
        let body: serde_json::Value = serde_json::from_slice(&leaf.body()).unwrap();
        prop_assert_eq!(body[&key].as_str(), Some(text.as_str()));
    }

    #[test]
    fn no_line_panics(line in proptest::collection::vec(any::<u8>(), 0..120), text in "\\PC{0,80}") {
        let _ = Leaf::parse(&line);
        let _ = Leaf::parse(format!("{{\"v\":1,\"log\":\"a\",\"seq\":{text}").as_bytes());
        let _ = Checkpoint::parse(&text);
        let _ = Checkpoint::from_trusted_note(&line);
        let _ = InclusionProof::parse(&text);
        let _ = read_frame(&line);
    }
}
