//! The writer as a calculator: events go in, the bytes to append come out, one signature a group.

use std::fmt;

use serde::Serialize;

use crate::audit::checkpoint::Checkpoint;
use crate::audit::error::AuditError;
use crate::audit::event::{Event, EventKind, LeafHead, Origin};
use crate::audit::segment::{FrameKind, write_frame};
use crate::audit::tail::{Tail, TailKey};
use crate::audit::tree::{Tree, leaf_hash};
use crate::audit::verify::Recovered;
use crate::crypto::note;
use crate::crypto::{KeyName, NamedSigningKey, SigningKey};
use crate::limits::{MAX_GROUP_LEAVES, MAX_SEGMENT_BYTES};
use crate::primitives::{Digest, Timestamp};

/// The place of an event in the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Ack {
    /// The index of its leaf.
    pub index: u64,
    /// The leaf hash, which an inclusion proof starts from.
    pub leaf: Digest,
}

/// The bytes of some events and of the checkpoint that covers them.
///
/// Append `bytes` with one write, and acknowledge the events when it has returned.
#[derive(Clone, PartialEq, Eq)]
pub struct Group {
    /// Frames to append to the current segment, or to `new_segment` where there is one.
    pub bytes: Vec<u8>,
    /// Leaves in the log once these bytes stand.
    pub size: u64,
    /// The checkpoint in `bytes`, as a note.
    pub checkpoint: String,
    /// Set where these bytes start a segment.
    pub new_segment: Option<NewSegment>,
}

impl fmt::Debug for Group {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Group(size {}, {} bytes)", self.size, self.bytes.len())
    }
}

/// A segment that a group starts. Order: write the group into the new file, sync the file and its
/// directory, then append `seal` to the segment before. So a sealed segment always has a next one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewSegment {
    /// The index of its first leaf, which gives its file name.
    pub first: u64,
    /// The frame that ends the segment before.
    pub seal: Vec<u8>,
}

/// Leaves that no checkpoint covers yet, to be handed over all the same.
///
/// Append `bytes`, then store `tail` in the place of the one before, then acknowledge.
#[derive(Clone, PartialEq, Eq)]
pub struct Flushed {
    /// Frames to append to the current segment.
    pub bytes: Vec<u8>,
    /// Leaves in the log once these bytes stand.
    pub size: u64,
    /// The mark behind the last of them.
    pub tail: Tail,
}

impl fmt::Debug for Flushed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Flushed(size {}, {} bytes)", self.size, self.bytes.len())
    }
}

/// What was done with the unsigned end of a log when it was opened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Mended {
    /// Leaves that had been handed over and are signed now.
    #[serde(skip_serializing_if = "is_zero")]
    pub kept_leaves: u64,
    /// Bytes behind them that were dropped.
    pub discarded_bytes: u64,
    /// The digest of these bytes.
    pub sha256: Digest,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature that serde wants")]
const fn is_zero(count: &u64) -> bool {
    *count == 0
}

/// Turns events into the bytes of one log.
///
/// Holds the epoch key, never the root key. Prints without keys and events.
///
/// Fails closed: an event that was refused left nothing behind. The caller drops the writer when
/// a write fails, because what the file then holds is unknown.
pub struct Writer {
    origin: Origin,
    cadence_seconds: u64,
    epoch: u64,
    head: LeafHead,
    key: NamedSigningKey,
    /// Over all leaves, those of the open group included.
    tree: Tree,
    prev: Digest,
    last_time: Timestamp,
    tail_key: TailKey,
    /// Frames of the open group that were not handed over.
    group: Vec<u8>,
    /// Leaves of the open group.
    group_leaves: usize,
    /// A part of the open group was handed over: it ends in the segment where it began.
    begun: bool,
    segment_bytes: u64,
    segment_limit: u64,
    closed: bool,
}

impl fmt::Debug for Writer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Writer")
            .field("origin", &self.origin)
            .field("epoch", &self.epoch)
            .field("size", &self.tree.size())
            .finish_non_exhaustive()
    }
}

#[derive(Serialize)]
struct OpenBody {
    root: String,
    cadence_seconds: u64,
}

#[derive(Serialize)]
struct EpochBody {
    old: Option<String>,
    new: String,
}

#[derive(Serialize)]
struct CloseBody {
    size: u64,
}

#[derive(Serialize)]
struct NoBody {}

impl Writer {
    /// Starts a log: `log.open` and the first `key.epoch`, under a checkpoint that the root key
    /// and the epoch key both sign.
    ///
    /// - `origin`: never used before (see [`Origin`]).
    /// - `epoch_seed`: 32 bytes from a cryptographic random source, kept nowhere else.
    /// - `cadence_seconds`: the writer's promise of a heartbeat at least this often; at least 1.
    ///
    /// # Errors
    /// [`AuditError`] only where a line would pass its bound.
    pub fn create(
        origin: Origin,
        root: &NamedSigningKey,
        epoch_seed: &[u8; 32],
        cadence_seconds: u64,
        now: Timestamp,
    ) -> Result<(Self, Group), AuditError> {
        let start = Recovered::nothing(origin, cadence_seconds.max(1));
        Self::reopen(start, root, epoch_seed, None, now)
    }

    /// Continues a log that the verifier found in order: `log.open`, `log.recovered` where an
    /// unsigned end was kept or dropped, and a new `key.epoch`.
    ///
    /// # Errors
    /// As [`create`](Self::create).
    pub fn reopen(
        log: Recovered,
        root: &NamedSigningKey,
        epoch_seed: &[u8; 32],
        mended: Option<&Mended>,
        now: Timestamp,
    ) -> Result<(Self, Group), AuditError> {
        let key = epoch_key(&log.origin, epoch_seed)?;
        let epoch = log.epoch.saturating_add(1);
        let mut writer = Self {
            cadence_seconds: log.cadence_seconds,
            epoch,
            head: LeafHead::new(&log.origin, epoch, now),
            key,
            prev: log.prev,
            tree: log.tree,
            last_time: now,
            tail_key: TailKey::new(root, &log.origin, epoch),
            group: Vec::new(),
            group_leaves: 0,
            // Kept leaves wait for their checkpoint where they stand.
            begun: mended.is_some_and(|mended| mended.kept_leaves > 0),
            segment_bytes: log.segment_bytes,
            segment_limit: MAX_SEGMENT_BYTES,
            closed: false,
            origin: log.origin,
        };
        let open = OpenBody {
            root: root.verifying_key().to_string(),
            cadence_seconds: writer.cadence_seconds,
        };
        writer.stage(&Event::internal(EventKind::LogOpen, now, &open)?)?;
        if let Some(mended) = mended {
            writer.stage(&Event::internal(EventKind::LogRecovered, now, mended)?)?;
        }
        let body = EpochBody { old: None, new: writer.key.verifying_key().to_string() };
        writer.stage(&Event::internal(EventKind::KeyEpoch, now, &body)?)?;
        let group = writer.seal_group(&[root])?;
        Ok((writer, group))
    }

    /// The same writer with a smaller bound for its segments, for tests and small disks.
    #[must_use]
    pub fn with_segment_limit(mut self, bytes: u64) -> Self {
        self.segment_limit = bytes.min(MAX_SEGMENT_BYTES);
        self
    }

    /// The log.
    #[must_use]
    pub const fn origin(&self) -> &Origin {
        &self.origin
    }

    /// Leaves, those of the open group included.
    #[must_use]
    pub const fn size(&self) -> u64 {
        self.tree.size()
    }

    /// Leaves of the open group.
    #[must_use]
    pub const fn open_leaves(&self) -> usize {
        self.group_leaves
    }

    /// Adds an event to the open group. It is not in the log before [`commit`](Self::commit)'s
    /// bytes are.
    ///
    /// Cost: one serialisation of the head, two hashes. No signature.
    ///
    /// # Errors
    /// [`AuditError::LeafTooLarge`], [`AuditError::GroupFull`], [`AuditError::Closed`]; the group
    /// is then as it was.
    pub fn append(&mut self, event: &Event) -> Result<Ack, AuditError> {
        if event.kind().is_reserved() {
            return Err(AuditError::ReservedKind);
        }
        let limit = MAX_GROUP_LEAVES - OWN_LEAVES;
        if self.group_leaves >= limit {
            return Err(AuditError::GroupFull { limit });
        }
        self.stage(event)
    }

    fn stage(&mut self, event: &Event) -> Result<Ack, AuditError> {
        if self.closed {
            return Err(AuditError::Closed);
        }
        let index = self.tree.size();
        // The frame's header is written after its payload is known to fit.
        let start = self.group.len();
        self.group.extend_from_slice(&[0; crate::audit::segment::FRAME_HEADER_BYTES]);
        let written = event.write_leaf(&mut self.head, index, &self.prev, &mut self.group);
        if let Err(error) = written {
            self.group.truncate(start);
            return Err(error);
        }
        let leaf = crate::audit::segment::finish_frame(FrameKind::Leaf, start, &mut self.group);
        let leaf = leaf_hash(leaf);
        self.tree.push(leaf);
        self.prev = leaf;
        self.group_leaves += 1;
        self.last_time = event.time();
        Ok(Ack { index, leaf })
    }

    /// Hands over what was added, without a checkpoint: [`commit`](Self::commit) signs for it
    /// later. `None` where nothing was added, or where it must be committed at once because it
    /// starts a segment.
    ///
    /// Until then it counts for whoever opens the log with the root key, and proves nothing to
    /// anybody else.
    pub fn flush(&mut self) -> Option<Flushed> {
        if self.group.is_empty() || self.starts_segment() {
            return None;
        }
        let bytes = std::mem::take(&mut self.group);
        self.begun = true;
        self.segment_bytes = self.segment_bytes.saturating_add(bytes.len() as u64);
        let size = self.tree.size();
        Some(Flushed { bytes, size, tail: self.tail_key.mark(size, &self.prev) })
    }

    /// Whether the open group is the first of a new segment.
    #[must_use]
    pub const fn starts_segment(&self) -> bool {
        let then = self.segment_bytes.saturating_add(self.group.len() as u64);
        let full = then.saturating_add(CHECKPOINT_BYTES) > self.segment_limit;
        !self.begun && self.segment_bytes > 0 && full
    }

    /// Whether the open group must be committed before this event is added: a part of it was handed
    /// over, and the segment would grow too long.
    #[must_use]
    pub fn is_full_for(&self, event: &Event) -> bool {
        let open = (self.group.len() as u64).saturating_add(event.leaf_bytes());
        let then = self.segment_bytes.saturating_add(open);
        self.begun && then.saturating_add(CHECKPOINT_BYTES) > self.segment_limit
    }

    /// Signs a checkpoint over the open group and gives its bytes; `None` if it is empty.
    ///
    /// # Errors
    /// [`AuditError::Origin`] if the checkpoint cannot be signed, which a checked origin excludes.
    pub fn commit(&mut self) -> Result<Option<Group>, AuditError> {
        if self.group_leaves == 0 { Ok(None) } else { self.seal_group(&[]).map(Some) }
    }

    /// Replaces the epoch key: a `key.epoch` leaf under a checkpoint that the old key, the root
    /// key and the new key sign; the old one is wiped. The group before it must be committed.
    ///
    /// # Errors
    /// [`AuditError::GroupFull`] if a group is open, [`AuditError::Closed`].
    pub fn rotate(
        &mut self,
        root: &NamedSigningKey,
        epoch_seed: &[u8; 32],
        now: Timestamp,
    ) -> Result<Group, AuditError> {
        if self.group_leaves > 0 {
            return Err(AuditError::GroupFull { limit: 0 });
        }
        let new = epoch_key(&self.origin, epoch_seed)?;
        let body = EpochBody {
            old: Some(self.key.verifying_key().to_string()),
            new: new.verifying_key().to_string(),
        };
        let event = Event::internal(EventKind::KeyEpoch, now, &body)?;
        self.epoch = self.epoch.saturating_add(1);
        self.head = LeafHead::new(&self.origin, self.epoch, now);
        self.tail_key = TailKey::new(root, &self.origin, self.epoch);
        let old = std::mem::replace(&mut self.key, new);
        self.stage(&event)?;
        self.seal_group(&[root, &old])
    }

    /// Whether the cadence asks for a heartbeat at `now`.
    #[must_use]
    pub fn heartbeat_due(&self, now: Timestamp) -> bool {
        let seconds = i64::try_from(self.cadence_seconds).unwrap_or(i64::MAX);
        !self.closed && now >= self.last_time.plus_seconds(seconds)
    }

    /// Adds a heartbeat to the open group.
    ///
    /// # Errors
    /// [`AuditError::Closed`].
    pub fn heartbeat(&mut self, now: Timestamp) -> Result<Ack, AuditError> {
        self.stage(&Event::internal(EventKind::LogHeartbeat, now, &NoBody {})?)
    }

    /// Ends the log in order. `log.close` stands alone in its group, so that whatever is changed
    /// in the last group of events can be told exactly. The group before it must be committed.
    ///
    /// # Errors
    /// [`AuditError::GroupFull`] if a group is open, [`AuditError::Closed`] the second time.
    pub fn close(&mut self, now: Timestamp) -> Result<Group, AuditError> {
        if self.group_leaves > 0 {
            return Err(AuditError::GroupFull { limit: 0 });
        }
        let body = CloseBody { size: self.tree.size().saturating_add(1) };
        self.stage(&Event::internal(EventKind::LogClose, now, &body)?)?;
        self.closed = true;
        self.seal_group(&[])
    }

    fn seal_group(&mut self, others: &[&NamedSigningKey]) -> Result<Group, AuditError> {
        let first = self.tree.size().saturating_sub(self.group_leaves as u64);
        let text = Checkpoint::of(&self.origin, &self.tree).to_text();
        let mut keys = vec![&self.key];
        keys.extend(others);
        let checkpoint = note::sign(&text, &keys).map_err(|_| AuditError::Origin)?;
        let mut bytes = std::mem::take(&mut self.group);
        write_frame(FrameKind::Checkpoint, checkpoint.as_bytes(), &mut bytes);
        self.group_leaves = 0;
        let added = bytes.len() as u64;
        let begun = std::mem::take(&mut self.begun);
        let full = self.segment_bytes.saturating_add(added) > self.segment_limit;
        let new_segment = if self.segment_bytes > 0 && !begun && full {
            let mut seal = Vec::new();
            write_frame(FrameKind::SegmentEnd, &first.to_le_bytes(), &mut seal);
            self.segment_bytes = 0;
            Some(NewSegment { first, seal })
        } else {
            None
        };
        self.segment_bytes = self.segment_bytes.saturating_add(added);
        Ok(Group { bytes, size: self.tree.size(), checkpoint, new_segment })
    }
}

/// Leaves of a group that are kept free for the writer's own events: a heartbeat, and the three of an
/// opening, which go behind leaves that a crash left unsigned.
const OWN_LEAVES: usize = 4;

/// Bytes that a checkpoint needs at most: three lines and three signatures, each with a name.
const CHECKPOINT_BYTES: u64 = 2048;

fn epoch_key(origin: &Origin, seed: &[u8; 32]) -> Result<NamedSigningKey, AuditError> {
    let name = KeyName::parse(origin.as_str()).map_err(|_| AuditError::Origin)?;
    Ok(NamedSigningKey::new(name, SigningKey::from_seed(seed)))
}
