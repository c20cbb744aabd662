//! Promise 7: tampering shows, with the right class and index, for every leaf and every byte.
#![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
#![expect(clippy::indexing_slicing, reason = "a test may stop at the first surprise")]

mod audit_support;

use audit_support::*;
use placet::audit::segment::{FRAME_HEADER_BYTES, FrameKind};
use placet::audit::{Class, LogVerifier, State, WriterReport};
use proptest::prelude::*;

/// Groups of one, of several, and one that ends the log (before `log.close`).
const GROUPS: &[usize] = &[1, 3, 1, 4, 2];

/// What an untouched log gives, so that the tests below cannot pass on a broken one.
#[test]
fn an_untouched_log_is_clean() {
    let report = verify(&log("w", GROUPS, true));
    assert_eq!((report.state, report.proven_size), (State::ClosedClean, 14));
    let report = verify(&log("w", GROUPS, false));
    assert_eq!((report.state, report.proven_size), (State::LiveFresh, 13));
}

fn check(report: &WriterReport, class: Class, index: usize, what: &str) {
    assert_eq!((report.state, report.class), (State::Tampered, Some(class)), "{what}: {report:?}");
    assert_eq!((report.index, report.index_end), (Some(index as u64), None), "{what}: {report:?}");
    assert!(report.proven_size <= index as u64, "{what}: proven past the tampering");
}

fn join(frames: &[(FrameKind, Vec<u8>)]) -> Vec<u8> {
    frames.iter().flat_map(|(_, bytes)| bytes.clone()).collect()
}

fn payload(frame: &[u8]) -> Vec<u8> {
    frame[FRAME_HEADER_BYTES..].to_vec()
}

/// Changes the frames of a log and asks the verifier, for every leaf.
fn for_every_leaf(
    class: Class,
    what: &str,
    change: impl Fn(&mut Vec<(FrameKind, Vec<u8>)>, usize, usize) -> bool,
) {
    let good = frames(&log("w", GROUPS, true));
    for (index, at) in leaves(&good).into_iter().enumerate() {
        let mut changed = good.clone();
        if change(&mut changed, at, index) {
            check(&verify(&join(&changed)), class, index, &format!("{what} {index}"));
        }
    }
}

#[test]
fn edits() {
    for_every_leaf(Class::Edit, "body, checksum mended", |frames, at, _| {
        let mut leaf = payload(&frames[at].1);
        let last = leaf.len() - 2;
        leaf[last] ^= 1;
        frames[at].1 = frame(1, &leaf);
        true
    });
    for_every_leaf(Class::Edit, "body, checksum left", |frames, at, _| {
        let last = frames[at].1.len() - 2;
        frames[at].1[last] ^= 1;
        true
    });
    for_every_leaf(Class::Edit, "emptied", |frames, at, _| {
        frames[at].1 = frame(1, b"{}");
        true
    });
    for_every_leaf(Class::Edit, "another sequence number", |frames, at, index| {
        let text = String::from_utf8(payload(&frames[at].1)).unwrap();
        let other = text.replace(&format!("\"seq\":{index},"), "\"seq\":77,");
        frames[at].1 = frame(1, other.as_bytes());
        true
    });
    for_every_leaf(Class::Edit, "another time", |frames, at, _| {
        let text = String::from_utf8(payload(&frames[at].1)).unwrap();
        frames[at].1 = frame(1, text.replacen("2026-11-22", "2026-11-21", 1).as_bytes());
        true
    });
    for_every_leaf(Class::Edit, "a leaf turned into another frame", |frames, at, _| {
        frames[at].1[0] = 2;
        true
    });
}

#[test]
fn deletions() {
    for_every_leaf(Class::Delete, "one", |frames, at, _| {
        frames.remove(at);
        true
    });
    // Of two leaves only one hash is left, so only their group is certain; where the group goes on,
    // its numbers tell more.
    let good = frames(&log("w", GROUPS, true));
    let all = leaves(&good);
    for (index, pair) in all.windows(2).enumerate() {
        let mut changed = good.clone();
        changed.drain(pair[0]..=pair[1]);
        let report = verify(&join(&changed));
        let (from, to) = (report.index.unwrap(), report.index_end);
        let what = format!("{index}: {report:?}");
        if pair[1] + 2 >= good.len() {
            assert!(report.state >= State::TornTail, "{what}");
            continue;
        }
        assert_eq!((report.state, report.class), (State::Tampered, Some(Class::Delete)), "{what}");
        assert!((from..to.unwrap_or(from + 1)).contains(&(index as u64)), "{what}");
    }
}

#[test]
fn insertions() {
    for_every_leaf(Class::Insert, "a copy of itself", |frames, at, _| {
        let copy = frames[at].clone();
        frames.insert(at, copy);
        // The copy cannot be told from its original: the second one is the insertion.
        false
    });
    for_every_leaf(Class::Insert, "a copy of the first event", |frames, at, index| {
        let copy = frames[leaves(frames)[2]].clone();
        frames.insert(at, copy);
        index != 2 && index != 3
    });
    for_every_leaf(Class::Insert, "a copy of a later event", |frames, at, index| {
        let copy = frames[leaves(frames)[9]].clone();
        frames.insert(at, copy);
        index < 9
    });
    for_every_leaf(Class::Insert, "an event of the forger's own", |frames, at, index| {
        let text = String::from_utf8(payload(&frames[at].1)).unwrap();
        let own = text.replacen("\"type\":\"", "\"type\":\"finding.", 1);
        frames.insert(at, (FrameKind::Leaf, frame(1, own.as_bytes())));
        index < 13
    });
}

#[test]
fn reordering() {
    for_every_leaf(Class::Reorder, "with the next", |frames, at, _| {
        let next = leaves(frames).into_iter().find(|leaf| *leaf > at);
        next.map(|next| frames.swap(at, next)).is_some()
    });
    for_every_leaf(Class::Reorder, "behind its checkpoint", |frames, at, index| {
        frames.swap(at, at + 1);
        // Only for leaves right before a checkpoint, and not where nothing follows.
        frames[at].0 == FrameKind::Checkpoint && index < 13
    });
}

#[test]
fn whole_groups_change_places() {
    let good = frames(&log("w", &[2, 2, 2], true));
    // Opening group: two leaves and a checkpoint. Then three frames a group.
    let mut changed = good.clone();
    changed[3..9].rotate_left(3);
    check(&verify(&join(&changed)), Class::Reorder, 2, "groups");
    let mut gone = good;
    gone.drain(6..9);
    check(&verify(&join(&gone)), Class::Delete, 4, "a whole group");
}

#[test]
fn splices() {
    let other = frames(&log("x", GROUPS, true));
    for_every_leaf(Class::Splice, "in place of", |frames, at, _| {
        frames[at] = other[at].clone();
        true
    });
    for_every_leaf(Class::Splice, "before", |frames, at, _| {
        frames.insert(at, other[at].clone());
        true
    });
}

/// A forger who mends all that a reader without keys could check: checksums and the chain.
#[test]
fn a_careful_forger_is_bound_to_the_group() {
    let good = frames(&log("w", GROUPS, true));
    let all = leaves(&good);
    for (index, at) in all.iter().enumerate() {
        let mut changed = good.clone();
        let text = String::from_utf8(payload(&changed[*at].1)).unwrap();
        let mut prev = mend(&mut changed, *at, &text.replace("11-22", "11-23"), None);
        for later in all.iter().skip(index + 1) {
            let text = String::from_utf8(payload(&changed[*later].1)).unwrap();
            prev = mend(&mut changed, *later, &text, Some(prev));
        }
        let report = verify(&join(&changed));
        assert_eq!((report.state, report.class), (State::Tampered, Some(Class::Edit)), "{index}");
        let (from, to) = (report.index.unwrap(), report.index_end);
        let to = to.unwrap_or(from + 1);
        assert!((from..to).contains(&(index as u64)), "{index}: {report:?}");
    }
}

fn mend(
    frames: &mut [(FrameKind, Vec<u8>)],
    at: usize,
    text: &str,
    prev: Option<placet::primitives::Digest>,
) -> placet::primitives::Digest {
    let mut text = text.to_owned();
    if let Some(prev) = prev {
        let start = text.find("sha256:").unwrap();
        text.replace_range(start..start + 71, &prev.to_string());
    }
    frames[at].1 = frame(1, text.as_bytes());
    placet::audit::tree::leaf_hash(text.as_bytes())
}

/// Every byte, every bit of it: noticed, and where the byte belongs to a leaf, at that leaf.
#[test]
fn every_flipped_byte_shows() {
    let good = log("w", &[1, 2, 1], true);
    let list = frames(&good);
    let (mut at, mut index) = (0, 0u64);
    for (position, (kind, bytes)) in list.iter().enumerate() {
        for offset in 0..bytes.len() {
            for bit in [0, 3, 7] {
                let mut changed = good.clone();
                changed[at + offset] ^= 1 << bit;
                let report = verify(&changed);
                let what = format!("byte {offset} of frame {position} ({kind:?}), bit {bit}");
                if position + 1 == list.len() && (1..5).contains(&offset) {
                    // A longer length in the last frame is what a torn write looks like.
                    assert!(report.state >= State::TornTail, "{what}: {report:?}");
                    continue;
                }
                assert_eq!(report.state, State::Tampered, "{what}: {report:?}");
                // Leaf 0 under another name is what a leaf of another log looks like.
                let renamed = index == 0 && (23..60).contains(&offset);
                let classes = [Class::Edit, if renamed { Class::Splice } else { Class::Edit }];
                assert!(classes.contains(&report.class.unwrap()), "{what}: {report:?}");
                assert_eq!(report.index, Some(index), "{what}: {report:?}");
            }
        }
        at += bytes.len();
        index += u64::from(*kind == FrameKind::Leaf);
    }
}

/// A cut at every byte: never clean, never fresh without the leaves to show for it.
#[test]
fn every_cut_shows() {
    let good = log("w", GROUPS, true);
    let late = now().plus_seconds(3600);
    for len in 0..good.len() {
        let report = verify_with(&good[..len], None, Some(late)).report;
        assert!(matches!(report.state, State::Stale | State::TornTail), "{len}: {report:?}");
        let report = verify_with(&good[..len], None, None).report;
        assert!(report.state > State::LiveFresh, "{len}: {report:?}");
    }
    let kept = frames(&good).into_iter().rfind(|(kind, _)| *kind == FrameKind::Checkpoint);
    let kept = placet::audit::Checkpoint::from_trusted_note(&payload(&kept.unwrap().1)).unwrap();
    for len in 0..good.len() {
        let report = verify_with(&good[..len], Some(kept.clone()), Some(now())).report;
        assert_eq!(report.state, State::RolledBack, "{len}: {report:?}");
    }
    let report = verify_with(&good, Some(kept), None).report;
    assert_eq!(report.state, State::ClosedClean);
}

#[test]
fn another_history_is_a_fork() {
    let one = log("w", &[1, 2], true);
    let other = frames(&log("w", &[3], true));
    let kept = payload(&other[other.len() - 3].1);
    let kept = placet::audit::Checkpoint::from_trusted_note(&kept).unwrap();
    // Both histories hold five leaves before the close; their times make them differ.
    let report = verify_with(&one, Some(kept), None).report;
    assert_eq!(report.state, State::ClosedClean, "the same leaves in other groups are one history");
    let (mut writer, first) = start("w");
    let mut fork = first.bytes;
    for n in 7..10 {
        writer.append(&event(n)).unwrap();
    }
    let group = writer.commit().unwrap().unwrap();
    fork.extend(group.bytes);
    let kept = placet::audit::Checkpoint::from_trusted_note(group.checkpoint.as_bytes()).unwrap();
    let report = verify_with(&one, Some(kept.clone()), None).report;
    assert_eq!((report.state, report.class), (State::Forked, Some(Class::Fork)));
    assert_eq!(verify_with(&fork, Some(kept), None).report.state, State::LiveUnchecked);
}

#[test]
fn a_log_of_another_root_key_proves_nothing() {
    let good = log("w", &[2], true);
    let other = placet::crypto::SigningKey::from_seed(&[9; 32]);
    let other = placet::crypto::NamedSigningKey::new(root().name().clone(), other);
    let mut verifier = LogVerifier::new(other.verifying_key(), None);
    verifier.begin_segment(0, true);
    verifier.push(&good);
    verifier.end_segment();
    let verified = verifier.finish("w", None);
    assert!(verified.recovered.is_none());
    let report = verified.report;
    assert_eq!((report.state, report.proven_size), (State::Tampered, 0));
    assert_eq!((report.class, report.index), (Some(Class::Splice), Some(0)));
}

#[test]
fn epochs_follow_the_root_key() {
    let (mut writer, first) = start("w");
    let mut log = first.bytes;
    writer.append(&event(1)).unwrap();
    assert!(writer.rotate(&root(), &[3; 32], now()).is_err(), "a group is open");
    log.extend(writer.commit().unwrap().unwrap().bytes);
    log.extend(writer.rotate(&root(), &[3; 32], now()).unwrap().bytes);
    writer.append(&event(2)).unwrap();
    log.extend(writer.commit().unwrap().unwrap().bytes);
    log.extend(writer.close(now()).unwrap().bytes);
    let report = verify(&log);
    assert_eq!((report.state, report.epochs), (State::ClosedClean, 2));
    // Each signature line of the rotation's checkpoint is needed: old key, root, new key.
    let good = frames(&log);
    let at = leaves(&good)[3] + 1;
    let note = String::from_utf8(payload(&good[at].1)).unwrap();
    let lines: Vec<&str> = note.lines().collect();
    assert_eq!(lines.len(), 7, "{note}");
    for missing in 4..7 {
        let kept = lines.iter().enumerate().filter(|(n, _)| *n != missing);
        let text: String = kept.map(|(_, line)| format!("{line}\n")).collect();
        let mut changed = good.clone();
        changed[at].1 = frame(2, text.as_bytes());
        check(&verify(&join(&changed)), Class::Edit, 4, &format!("without line {missing}"));
    }
}

#[test]
fn the_cadence_decides_between_fresh_and_stale() {
    let log = log("w", &[1], false);
    let state = |seconds| verify_with(&log, None, Some(now().plus_seconds(seconds))).report.state;
    assert_eq!(state(1), State::LiveFresh);
    assert_eq!(state(121), State::LiveFresh);
    assert_eq!(state(122), State::Stale);
    assert_eq!(state(-119), State::LiveFresh);
    assert_eq!(state(-120), State::Stale);
    assert_eq!(verify_with(&log, None, None).report.state, State::LiveUnchecked);
}

#[test]
fn zeros_at_the_end_are_a_torn_write_and_other_bytes_are_not() {
    let good = log("w", GROUPS, false);
    let size = |len| verify_with(&good[..len], None, None).report.proven_size;
    let whole = good.len();
    for cut in [whole - 1, whole - 40, whole - 300] {
        let mut torn = good[..cut].to_vec();
        torn.extend(vec![0; whole - cut + 4096]);
        let verified = verify_with(&torn, None, None);
        assert_eq!(verified.report.state, State::TornTail, "{cut}: {:?}", verified.report);
        assert_eq!(verified.report.proven_size, size(cut));
        assert!(verified.recovered.is_some());
    }
    let mut junk = good.clone();
    junk.extend([7; 100]);
    let verified = verify_with(&junk, None, None);
    assert_eq!(verified.report.state, State::Tampered);
    assert_eq!(verified.report.proven_size, 13);
    // No checkpoint covers it, so a writer may drop it and say so in the log.
    assert!(verified.recovered.is_some());
    let mut early = good;
    early[300] ^= 1;
    assert!(verify_with(&early, None, None).recovered.is_none());
}

/// Leaves near their bound, so that damage, what follows it and the end lie in different pieces.
#[test]
fn damage_in_large_leaves_is_found_in_pieces() {
    let (mut writer, first) = start("w");
    let mut good = first.bytes;
    for n in 0..10usize {
        let body = serde_json::json!({"text": "x".repeat(65_000 - 7_000 * (n % 3))});
        let event = placet::audit::Event::new(placet::audit::EventKind::Finding, now(), &body);
        writer.append(&event.unwrap()).unwrap();
        if n % 4 == 3 {
            good.extend(writer.commit().unwrap().unwrap().bytes);
        }
    }
    good.extend(writer.commit().unwrap().unwrap().bytes);
    good.extend(writer.close(now()).unwrap().bytes);
    assert_eq!(verify(&good).state, State::ClosedClean);
    let list = frames(&good);
    let (mut at, mut index) = (0, 0);
    for (kind, bytes) in &list {
        for offset in [0, 1, 2, 3, 6, 9, bytes.len() / 2, bytes.len() - 1] {
            let mut changed = good.clone();
            changed[at + offset] ^= 1;
            let whole = verify(&changed);
            if at + bytes.len() < good.len() {
                let what = format!("byte {offset} of the {kind:?} at {index}");
                check(&whole, Class::Edit, index, &what);
            }
            for step in [1_000, 70_000, 131_000, 140_000] {
                let mut verifier = LogVerifier::new(root().verifying_key(), None);
                verifier.begin_segment(0, true);
                changed.chunks(step).for_each(|chunk| verifier.push(chunk));
                verifier.end_segment();
                let report = verifier.finish("w", Some(now().plus_seconds(100))).report;
                assert_eq!(report, whole, "{step}");
            }
        }
        at += bytes.len();
        index += usize::from(*kind == FrameKind::Leaf);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn the_cuts_of_the_input_do_not_show(flip in proptest::option::of((any::<usize>(), 1u8..)),
                                         cuts in proptest::collection::vec(1usize..900, 1..20)) {
        let mut bytes = log("w", GROUPS, true);
        if let Some((at, mask)) = flip {
            let at = at % bytes.len();
            bytes[at] ^= mask;
        }
        let whole = verify(&bytes);
        let mut verifier = LogVerifier::new(root().verifying_key(), None);
        verifier.begin_segment(0, true);
        let mut rest = &bytes[..];
        for cut in cuts.iter().cycle() {
            let (head, tail) = rest.split_at((*cut).min(rest.len()));
            verifier.push(head);
            rest = tail;
            if rest.is_empty() {
                break;
            }
        }
        verifier.end_segment();
        prop_assert_eq!(verifier.finish("w", Some(now().plus_seconds(100))).report, whole);
    }

    #[test]
    fn no_bytes_panic_and_none_are_accepted(bytes in proptest::collection::vec(any::<u8>(), 1..400)) {
        prop_assert!(verify(&bytes).state > State::LiveUnchecked);
    }

    #[test]
    fn frames_of_anything_are_never_accepted(
        parts in proptest::collection::vec((1u8..4, "(\\{\"v\":1,\"log\":\"[a-z]\",\"seq\":[0-9],)?[ -~]{0,40}"), 1..12),
    ) {
        let bytes: Vec<u8> = parts.iter().flat_map(|(kind, text)| frame(*kind, text.as_bytes())).collect();
        prop_assert!(verify(&bytes).state > State::LiveUnchecked);
    }
}
