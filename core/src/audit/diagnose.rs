//! What was done to a log: compares what stands there with what a later signature proves.
//!
//! Each leaf names the hash of the one before it, and each checkpoint signs the root over all. So
//! the true leaf hashes of a group can often be put together from what is left (leaves, and the
//! `prev` of their followers); where they give a signed root they are proven, and the difference
//! to what stands in the file *is* the tampering. Only where no such proof exists do sequence
//! numbers decide, which a careful forger could have rewritten.

use std::collections::HashMap;

use crate::audit::report::Class;
use crate::audit::tree::Tree;
use crate::primitives::Digest;

/// Hashes that the search for the true leaves may cost.
const SEARCH_BUDGET: u64 = 4_000_000;

/// Checkpoints that the search tries.
const MAX_TRIED: usize = 8;

/// What a verifier stumbled over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reason {
    /// A frame that does not hold together.
    Damage,
    /// A leaf or checkpoint that is not of the writer's form.
    Form,
    /// A leaf of another log.
    OtherLog,
    /// The log names another root key.
    OtherRoot,
    /// Sequence number or hash of the leaf before do not fit.
    Chain,
    /// An event where it cannot stand.
    Order,
    /// An epoch that was not begun properly.
    Epoch,
    /// More leaves than a group may have.
    GroupTooLarge,
    /// A checkpoint without the signatures that it needs.
    Signature,
    /// A checkpoint over no new leaf.
    CheckpointRepeated,
    /// A good checkpoint over other leaves.
    Root,
    /// A segment's end in the wrong place.
    Seal,
    /// A segment that ends before its end.
    SegmentCut,
    /// A segment is not there.
    SegmentMissing,
    /// Two segments for the same leaves.
    SegmentRepeated,
}

impl Reason {
    const fn class(self) -> Class {
        match self {
            Self::Damage
            | Self::Form
            | Self::Chain
            | Self::Epoch
            | Self::Signature
            | Self::Root
            | Self::Seal => Class::Edit,
            Self::OtherLog | Self::OtherRoot => Class::Splice,
            Self::Order
            | Self::GroupTooLarge
            | Self::CheckpointRepeated
            | Self::SegmentRepeated => Class::Insert,
            Self::SegmentCut | Self::SegmentMissing => Class::Delete,
        }
    }

    const fn text(self) -> &'static str {
        match self {
            Self::Damage => "a frame's checksum or header does not fit",
            Self::Form => "not of the form that a writer makes",
            Self::OtherLog => "belongs to another log",
            Self::OtherRoot => "certified by another root key: a replaced log, or the wrong key",
            Self::Chain => "does not follow the leaf before it",
            Self::Order => "an event stands where none may stand",
            Self::Epoch => "the key epoch was not begun properly",
            Self::GroupTooLarge => "more events than a group may hold without a checkpoint",
            Self::Signature => "the checkpoint lacks a signature that it needs",
            Self::CheckpointRepeated => "a checkpoint over no new event",
            Self::Root => "the checkpoint signed other leaves",
            Self::Seal => "the segment's end is wrong",
            Self::SegmentCut => "the segment ends before its end",
            Self::SegmentMissing => "a segment is missing or has another name",
            Self::SegmentRepeated => "two segments hold the same leaves",
        }
    }
}

/// What a leaf says of itself.
#[derive(Clone, Copy, Debug)]
pub(super) struct Claims {
    /// Which log; 0 is ours.
    pub(super) log: usize,
    pub(super) seq: u64,
    pub(super) prev: Digest,
}

/// What is kept of a leaf until its group is proven.
#[derive(Clone, Copy, Debug)]
pub(super) struct LeafRecord {
    pub(super) hash: Digest,
    pub(super) claims: Option<Claims>,
    pub(super) damaged: bool,
}

/// What stands in the file, in order.
#[derive(Debug)]
pub(super) enum Seen {
    Leaf(LeafRecord),
    /// Signed by the root key or the epoch key in force.
    Checkpoint {
        log: usize,
        size: u64,
        root: Digest,
    },
    /// Anything else.
    Damage,
}

/// Everything from the last good checkpoint on.
#[derive(Debug)]
pub(super) struct Scene<'a> {
    /// Leaves proven.
    pub(super) size: u64,
    /// The hash of the last of them.
    pub(super) prev: Digest,
    pub(super) tree: &'a Tree,
    pub(super) reason: Reason,
    /// Where the verifier stumbled.
    pub(super) index: u64,
    pub(super) seen: &'a [Seen],
}

/// What was done, and where.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Finding {
    pub(super) class: Class,
    pub(super) index: u64,
    pub(super) index_end: Option<u64>,
    pub(super) detail: String,
}

/// A signed checkpoint of the scene.
#[derive(Clone, Copy)]
struct Signed {
    log: usize,
    size: u64,
    root: Digest,
    /// Leaves that stand before it.
    leaves_before: usize,
}

/// Tells what was done. Total; the cost is bounded by the scene and the search budget.
pub(super) fn diagnose(scene: &Scene<'_>) -> Finding {
    let mut leaves = Vec::new();
    let mut signed = Vec::new();
    for seen in scene.seen {
        match seen {
            Seen::Leaf(leaf) => leaves.push(*leaf),
            Seen::Checkpoint { log, size, root } if *size > scene.size => {
                let (log, size, root) = (*log, *size, *root);
                signed.push(Signed { log, size, root, leaves_before: leaves.len() });
            }
            Seen::Checkpoint { .. } | Seen::Damage => {}
        }
    }
    // Before anything is proven the log's name is what the root key signed, not what leaf 0 says.
    let log = signed.first().filter(|_| scene.size == 0).map_or(0, |first| first.log);
    for checkpoint in signed.iter().filter(|checkpoint| checkpoint.log == log).take(MAX_TRIED) {
        if let Some(truth) = true_hashes(scene, &leaves, log, checkpoint) {
            return compare(scene, &leaves, log, checkpoint, &truth);
        }
    }
    by_claims(scene, &leaves, log, signed.iter().find(|checkpoint| checkpoint.log == log))
}

/// The leaf hashes from the proven size to the checkpoint's, if some choice gives its root.
fn true_hashes(
    scene: &Scene<'_>,
    leaves: &[LeafRecord],
    log: usize,
    checkpoint: &Signed,
) -> Option<Vec<Digest>> {
    let count = usize::try_from(checkpoint.size.checked_sub(scene.size)?).ok()?;
    // Every missing hash needs a leaf that is there: more than the scene holds cannot be found.
    if count > leaves.len().saturating_mul(2) {
        return None;
    }
    let mut candidates: HashMap<u64, Vec<Digest>> = HashMap::new();
    let mut propose = |seq: u64, hash: Digest| {
        let known = candidates.entry(seq).or_default();
        if known.len() < 8 && !known.contains(&hash) {
            known.push(hash);
        }
    };
    for leaf in leaves {
        let Some(claims) = leaf.claims.filter(|claims| claims.log == log) else { continue };
        propose(claims.seq, leaf.hash);
        if let Some(before) = claims.seq.checked_sub(1) {
            propose(before, claims.prev);
        }
    }
    let choices: Vec<&[Digest]> = (scene.size..checkpoint.size)
        .map(|seq| candidates.get(&seq).map(Vec::as_slice))
        .collect::<Option<_>>()?;
    let tries = choices.iter().try_fold(1u64, |all, some| {
        all.checked_mul(some.len() as u64).filter(|all| *all <= 4096)
    })?;
    if tries.saturating_mul(count as u64) > SEARCH_BUDGET {
        return None;
    }
    for attempt in 0..tries {
        let mut left = attempt;
        let mut tree = scene.tree.clone();
        let mut truth = Vec::with_capacity(count);
        for some in &choices {
            let len = some.len() as u64;
            let pick = usize::try_from(left.checked_rem(len)?).ok()?;
            left = left.checked_div(len)?;
            let hash = *some.get(pick)?;
            tree.push(hash);
            truth.push(hash);
        }
        if tree.root() == checkpoint.root {
            return Some(truth);
        }
    }
    None
}

/// The first difference between what stands there and what was signed.
fn compare(
    scene: &Scene<'_>,
    leaves: &[LeafRecord],
    log: usize,
    checkpoint: &Signed,
    truth: &[Digest],
) -> Finding {
    let found = |class, at: usize, detail: &str| Finding {
        class,
        index: scene.size.saturating_add(at as u64),
        index_end: None,
        detail: detail.to_owned(),
    };
    let foreign = |leaf: &LeafRecord| leaf.claims.is_some_and(|claims| claims.log != log);
    let mut prev = scene.prev;
    for (at, expected) in truth.iter().enumerate() {
        let actual = leaves.get(at).filter(|_| at < checkpoint.leaves_before);
        if let Some(actual) = actual
            && actual.hash == *expected
        {
            if actual.damaged {
                return found(Class::Edit, at, "the leaf's frame was changed around its text");
            }
            prev = *expected;
            continue;
        }
        let later = leaves.iter().skip(at + 1).any(|leaf| leaf.hash == *expected);
        let Some(actual) = actual else {
            return if later || leaves.get(at).is_some_and(|leaf| leaf.hash == *expected) {
                found(Class::Reorder, at, "the leaf stands after the checkpoint that covers it")
            } else {
                found(Class::Delete, at, "the leaf is gone; its hash is still signed")
            };
        };
        // Signed for a later place; or it follows, or is followed, beyond this checkpoint.
        let belongs_later = truth.iter().skip(at + 1).any(|hash| *hash == actual.hash)
            || leaves
                .iter()
                .filter_map(|leaf| leaf.claims)
                .any(|follower| follower.seq > checkpoint.size && follower.prev == actual.hash)
            || actual.claims.is_some_and(|claims| {
                claims.log == log
                    && claims.seq == checkpoint.size
                    && truth.last() == Some(&claims.prev)
            });
        // The leaf that stood here, with another log written over its own. (Of leaf 0 this cannot
        // be told: all first leaves follow the same nothing.)
        let place = scene.size.saturating_add(at as u64);
        let renamed = place > 0
            && actual.claims.is_some_and(|claims| claims.prev == prev && claims.seq == place);
        let times = leaves.iter().filter(|leaf| leaf.hash == actual.hash).count();
        return match (later, belongs_later) {
            (true, true) if times == 1 => found(Class::Reorder, at, "leaves changed places"),
            (true, _) if foreign(actual) => found(Class::Splice, at, "a leaf of another log"),
            (true, _) => found(Class::Insert, at, "a leaf that was not written here"),
            (false, true) => found(Class::Delete, at, "the leaf is gone; its hash is still signed"),
            (false, false) if foreign(actual) && !renamed => {
                found(Class::Splice, at, "a leaf of another log in the place of this one")
            }
            (false, false) => found(Class::Edit, at, "the leaf is not what was signed"),
        };
    }
    if let Some(extra) = leaves.get(truth.len()).filter(|_| checkpoint.leaves_before > truth.len())
    {
        let class = if foreign(extra) { Class::Splice } else { Class::Insert };
        return found(class, truth.len(), "a leaf that the checkpoint does not cover");
    }
    // The leaves are all there: what is wrong stands between them.
    let class = match scene.reason {
        Reason::SegmentMissing => Class::Reorder,
        Reason::Damage
        | Reason::Form
        | Reason::OtherLog
        | Reason::OtherRoot
        | Reason::Chain
        | Reason::Order
        | Reason::Epoch
        | Reason::GroupTooLarge
        | Reason::Signature
        | Reason::CheckpointRepeated
        | Reason::Root
        | Reason::Seal
        | Reason::SegmentCut
        | Reason::SegmentRepeated => scene.reason.class(),
    };
    Finding { class, index: scene.index, index_end: None, detail: scene.reason.text().to_owned() }
}

/// No signature settles it: what the leaves say of themselves.
fn by_claims(
    scene: &Scene<'_>,
    leaves: &[LeafRecord],
    log: usize,
    checkpoint: Option<&Signed>,
) -> Finding {
    let found = |class, index: u64, detail: &str| Finding {
        class,
        index,
        index_end: None,
        detail: detail.to_owned(),
    };
    let (mut next, mut prev) = (scene.size, scene.prev);
    for (at, leaf) in leaves.iter().enumerate() {
        if checkpoint.is_some_and(|checkpoint| at >= checkpoint.leaves_before) {
            break;
        }
        if leaf.damaged {
            return found(Class::Edit, next, Reason::Damage.text());
        }
        let Some(claims) = leaf.claims else {
            return found(Class::Edit, next, Reason::Form.text());
        };
        let follows = claims.prev == prev;
        if claims.log != log {
            let renamed = follows && claims.seq == next && next > 0;
            let class = if renamed { Class::Edit } else { Class::Splice };
            return found(class, next, Reason::OtherLog.text());
        }
        // As many leaves as were signed, and this one follows the one before: only its number is
        // wrong.
        let complete = checkpoint.is_some_and(|checkpoint| {
            scene.size.saturating_add(checkpoint.leaves_before as u64) == checkpoint.size
        });
        if claims.seq != next && follows && complete {
            return found(Class::Edit, next, "the leaf's number is not its place");
        }
        if claims.seq > next {
            let later = leaves.iter().skip(at + 1).filter_map(|leaf| leaf.claims);
            return if later.into_iter().any(|c| c.log == log && c.seq == next) {
                found(Class::Reorder, next, "leaves changed places")
            } else {
                found(Class::Delete, next, "sequence numbers are missing")
            };
        }
        if claims.seq < next {
            return found(Class::Insert, next, "a sequence number comes twice");
        }
        if !follows {
            // The leaf before is not what this one saw; the last proven leaf certainly is.
            let index = if at == 0 { next } else { next.saturating_sub(1) };
            return found(Class::Edit, index, Reason::Chain.text());
        }
        next = next.saturating_add(1);
        prev = leaf.hash;
    }
    // The leaves agree with each other: one forger wrote them all, or it is no leaf that is wrong.
    match checkpoint.map(|checkpoint| checkpoint.size) {
        Some(size) if scene.reason == Reason::Root || scene.reason == Reason::Chain => {
            let class = match next.cmp(&size) {
                std::cmp::Ordering::Less => Class::Delete,
                std::cmp::Ordering::Equal => Class::Edit,
                std::cmp::Ordering::Greater => Class::Insert,
            };
            let single = size.saturating_sub(scene.size) == 1;
            Finding {
                class,
                index: scene.size,
                index_end: if single { None } else { Some(size.max(next)) },
                detail: "the leaves agree with each other, and not with the signature".to_owned(),
            }
        }
        Some(_) | None => found(scene.reason.class(), scene.index, scene.reason.text()),
    }
}
