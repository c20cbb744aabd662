//! The verifier of one writer's log: takes the bytes of its segments in order, holds one group.

use serde::Deserialize;

use crate::audit::checkpoint::Checkpoint;
use crate::audit::diagnose::{LeafRecord, Reason, Scene, Seen, diagnose};
use crate::audit::event::{EventKind, Leaf, Origin};
use crate::audit::report::{Class, State, WriterReport};
use crate::audit::segment::{FRAME_HEADER_BYTES, Frame, FrameKind, read_frame, write_frame};
use crate::audit::tree::{Tree, empty_root, leaf_hash};
use crate::crypto::{NamedVerifyingKey, note};
use crate::limits::{MAX_GROUP_LEAVES, MAX_LEAF_BYTES};
use crate::primitives::{Digest, Timestamp};

/// Bytes that must lie ahead before damage is judged: a whole frame that was lost, and the next.
const LOOKAHEAD_BYTES: usize = 2 * (MAX_LEAF_BYTES + FRAME_HEADER_BYTES) + 64;

/// Bytes of checksums that finding the next whole frame after damage may cost, for a whole log.
const RESYNC_BUDGET_BYTES: usize = 64 * 1024 * 1024;

/// Leaves looked at after the first sign of tampering, to tell what was done.
const MAX_SCENE: usize = 2 * MAX_GROUP_LEAVES;

/// Names of foreign logs told apart; further ones count as one.
const MAX_FOREIGN_LOGS: usize = 64;

/// Judges the log of one writer under the root key that must have certified it.
///
/// Feed it every segment in the order of their names: [`begin_segment`](Self::begin_segment), the
/// bytes by [`push`](Self::push) in pieces of any size, [`end_segment`](Self::end_segment); then
/// [`finish`](Self::finish). The result does not depend on the cuts.
///
/// Total: any bytes give a report. Memory: the leaves of one group (100 bytes each); after the
/// first sign of tampering those of the next two. Cost: two hashes and one checksum a leaf, one
/// signature a group.
#[derive(Debug)]
pub struct LogVerifier {
    root: NamedVerifyingKey,
    earlier: Option<Checkpoint>,
    earlier_root: Option<Digest>,
    /// Origins met in leaves; the first is the log's.
    logs: Vec<String>,
    live: Position,
    proven: Position,
    pending: Option<Pending>,
    group: Vec<LeafRecord>,
    segment: Option<Segment>,
    /// Bytes of the current segment that are not consumed yet.
    buffer: Vec<u8>,
    pushed: u64,
    consumed: u64,
    trouble: Option<Trouble>,
    /// Damage that may still turn out to be the zeros that a crash leaves at the end.
    zero_tail: bool,
    unsealed: Option<Unsealed>,
    resync_left: usize,
    /// The size at which a writer left its mark, and the log there.
    tail_size: Option<u64>,
    tail: Option<Position>,
}

/// The log at one size.
#[derive(Clone, Debug)]
struct Position {
    tree: Tree,
    prev: Digest,
    epoch: u64,
    key: Option<NamedVerifyingKey>,
    closed: bool,
    time: Option<Timestamp>,
    cadence_seconds: u64,
    /// The segment and the offset in it.
    segment: u64,
    offset: u64,
    consumed: u64,
}

/// An epoch that began and has no checkpoint yet.
#[derive(Debug)]
struct Pending {
    number: u64,
    key: Option<NamedVerifyingKey>,
    old_signs: bool,
}

#[derive(Debug)]
struct Segment {
    first: u64,
    last: bool,
    offset: u64,
    sealed: bool,
    /// Bytes of its end, where it was cut short.
    seal_bytes: usize,
}

/// A segment whose end a crash left out, or cut short.
#[derive(Clone, Copy, Debug)]
struct Unsealed {
    first: u64,
    /// Bytes of the end that stand there.
    seal_bytes: usize,
}

#[derive(Debug)]
struct Trouble {
    reason: Reason,
    index: u64,
    seen: Vec<Seen>,
    /// Whether anything whole stands after it.
    frames_follow: bool,
}

#[derive(Deserialize)]
struct OpenBody {
    root: String,
    cadence_seconds: u64,
}

#[derive(Deserialize)]
struct EpochBody {
    old: Option<String>,
    new: String,
}

/// The result of a verification.
#[derive(Debug)]
pub struct Verified {
    /// What was found.
    pub report: WriterReport,
    /// Where a writer may continue; `None` where nothing is proven or something is wrong.
    pub recovered: Option<Recovered>,
    /// Where it may continue if the mark behind this leaf is its own: beyond what is proven.
    pub tail: Option<(Recovered, Digest)>,
}

/// The end of the proven part of a log: where a writer continues.
#[derive(Clone, Debug)]
pub struct Recovered {
    pub(crate) origin: Origin,
    pub(crate) cadence_seconds: u64,
    pub(crate) tree: Tree,
    pub(crate) prev: Digest,
    pub(crate) epoch: u64,
    pub(crate) segment_first: u64,
    pub(crate) segment_bytes: u64,
    unsealed: Option<Unsealed>,
}

impl Recovered {
    /// The start of a log that has nothing in it.
    #[must_use]
    pub fn nothing(origin: Origin, cadence_seconds: u64) -> Self {
        Self {
            origin,
            cadence_seconds,
            tree: Tree::new(),
            prev: empty_root(),
            epoch: 0,
            segment_first: 0,
            segment_bytes: 0,
            unsealed: None,
        }
    }

    /// The same end, to be continued with another cadence.
    #[must_use]
    pub fn with_cadence(mut self, seconds: u64) -> Self {
        self.cadence_seconds = seconds.max(1);
        self
    }

    /// The first index of the segment that holds the end. Later segments hold nothing proven.
    #[must_use]
    pub const fn segment_first(&self) -> u64 {
        self.segment_first
    }

    /// The log.
    #[must_use]
    pub const fn origin(&self) -> &Origin {
        &self.origin
    }

    /// Leaves up to the end.
    #[must_use]
    pub const fn size(&self) -> u64 {
        self.tree.size()
    }

    /// The key epoch of the last leaf.
    #[must_use]
    pub const fn epoch(&self) -> u64 {
        self.epoch
    }

    /// Bytes of that segment that are proven; what follows is to be dropped.
    #[must_use]
    pub const fn segment_bytes(&self) -> u64 {
        self.segment_bytes
    }

    /// The segment before, where a crash left it without its last frame, and what is missing of that
    /// frame.
    #[must_use]
    pub fn missing_seal(&self) -> Option<(u64, Vec<u8>)> {
        let before = self.unsealed.filter(|before| before.first != self.segment_first)?;
        let mut seal = seal(self.segment_first);
        seal.drain(..before.seal_bytes.min(seal.len()));
        Some((before.first, seal))
    }
}

/// The frame that ends a segment.
fn seal(next: u64) -> Vec<u8> {
    let mut seal = Vec::new();
    write_frame(FrameKind::SegmentEnd, &next.to_le_bytes(), &mut seal);
    seal
}

impl LogVerifier {
    /// A verifier under `root`; `earlier` is a checkpoint that the caller kept and trusts.
    #[must_use]
    pub fn new(root: NamedVerifyingKey, earlier: Option<Checkpoint>) -> Self {
        let start = Position {
            tree: Tree::new(),
            prev: empty_root(),
            epoch: 0,
            key: None,
            closed: false,
            time: None,
            cadence_seconds: 0,
            segment: 0,
            offset: 0,
            consumed: 0,
        };
        let earlier_root = earlier.as_ref().filter(|c| c.size == 0).map(|_| empty_root());
        Self {
            root,
            earlier,
            earlier_root,
            logs: Vec::new(),
            live: start.clone(),
            proven: start,
            pending: None,
            group: Vec::new(),
            segment: None,
            buffer: Vec::new(),
            pushed: 0,
            consumed: 0,
            trouble: None,
            zero_tail: false,
            unsealed: None,
            resync_left: RESYNC_BUDGET_BYTES,
            tail_size: None,
            tail: None,
        }
    }

    /// The same verifier, which remembers the log at this size: a writer's mark says that it had
    /// handed over so many leaves. What is proven does not change.
    #[must_use]
    pub const fn with_tail(mut self, size: u64) -> Self {
        self.tail_size = Some(size);
        self
    }

    /// Starts a segment.
    ///
    /// - `first`: the index in its file name.
    /// - `last`: whether no segment follows.
    pub fn begin_segment(&mut self, first: u64, last: bool) {
        let size = self.live.tree.size();
        let wrong = match &self.segment {
            None => false,
            Some(before) if before.sealed => false,
            // A crash between a new segment's first group and the seal of the one before.
            Some(before) if last && self.group.is_empty() && first == size => {
                let Segment { first, seal_bytes, .. } = *before;
                self.unsealed = Some(Unsealed { first, seal_bytes });
                false
            }
            Some(_) => true,
        };
        if wrong {
            self.trouble(Reason::SegmentCut, None);
        }
        if first > size {
            self.trouble(Reason::SegmentMissing, None);
        } else if first < size {
            self.trouble(Reason::SegmentRepeated, None);
        }
        self.segment = Some(Segment { first, last, offset: 0, sealed: false, seal_bytes: 0 });
    }

    /// Takes the next bytes of the current segment.
    pub fn push(&mut self, bytes: &[u8]) {
        self.pushed = self.pushed.saturating_add(bytes.len() as u64);
        if self.buffer.is_empty() {
            let used = self.consume(bytes, false);
            self.buffer.extend_from_slice(bytes.get(used..).unwrap_or_default());
        } else {
            let mut buffer = std::mem::take(&mut self.buffer);
            buffer.extend_from_slice(bytes);
            let used = self.consume(&buffer, false);
            buffer.drain(..used.min(buffer.len()));
            self.buffer = buffer;
        }
    }

    /// Ends the current segment.
    pub fn end_segment(&mut self) {
        let buffer = std::mem::take(&mut self.buffer);
        let _ = self.consume(&buffer, true);
        let Some(segment) = &self.segment else { return };
        if segment.last && segment.sealed {
            // A seal is written after the next segment's first group: that segment was removed.
            self.trouble(Reason::SegmentMissing, None);
        }
    }

    /// Consumes whole frames; gives the number of bytes used. At the end of a segment, all.
    fn consume(&mut self, bytes: &[u8], end: bool) -> usize {
        let mut used = 0;
        while let Some(rest) = bytes.get(used..).filter(|rest| !rest.is_empty()) {
            if !end && self.trouble.is_some() && rest.len() < LOOKAHEAD_BYTES {
                break;
            }
            let step = if self.zero_tail && rest.iter().all(|c| *c == 0) {
                rest.len()
            } else {
                self.zero_tail = false;
                match read_frame(rest) {
                    Frame::Whole { kind, payload } => {
                        let step = FRAME_HEADER_BYTES + payload.len();
                        self.advance(step);
                        self.frame(kind, payload);
                        used += step;
                        continue;
                    }
                    Frame::Cut if !end => break,
                    Frame::Bad { .. } if !end && rest.len() < LOOKAHEAD_BYTES => break,
                    Frame::Cut => self.cut(rest),
                    Frame::Bad { payload } => self.damage(rest, payload, end),
                }
            };
            let step = step.clamp(1, rest.len());
            self.advance(step);
            used += step;
        }
        used
    }

    fn advance(&mut self, bytes: usize) {
        self.consumed = self.consumed.saturating_add(bytes as u64);
        if let Some(segment) = &mut self.segment {
            segment.offset = segment.offset.saturating_add(bytes as u64);
        }
    }

    /// A frame that its segment ends in: what a crash leaves, in the last segment; unless a frame
    /// follows, and only the length is wrong.
    fn cut(&mut self, rest: &[u8]) -> usize {
        if self.resync(rest).is_some() {
            return self.damage(rest, None, true);
        }
        let last = self.segment.as_ref().is_some_and(|segment| segment.last);
        if !last {
            // Only the end of a segment is written while there is a next one.
            let is_seal = self.trouble.is_none()
                && self.group.is_empty()
                && seal(self.live.tree.size()).starts_with(rest);
            match self.segment.as_mut().filter(|segment| is_seal && !segment.sealed) {
                Some(segment) => segment.seal_bytes = rest.len(),
                None => self.trouble(Reason::SegmentCut, None),
            }
        } else if self.trouble.is_some() {
            self.saw(Seen::Damage);
        }
        rest.len()
    }

    /// A frame that does not hold together: finds out how long it was, and what it was.
    fn damage(&mut self, rest: &[u8], payload: Option<&[u8]>, end: bool) -> usize {
        let whole_len = payload.map(|payload| FRAME_HEADER_BYTES + payload.len());
        if self.trouble.is_none() && self.segment.as_ref().is_some_and(|segment| segment.last) {
            // A file system may fill the end of a torn write with zeros.
            let filled = rest.iter().rposition(|c| *c != 0).map_or(0, |at| at + 1);
            let frame = whole_len.unwrap_or(FRAME_HEADER_BYTES + MAX_LEAF_BYTES);
            self.zero_tail = filled < frame && filled < rest.len();
        }
        let (step, inside) = match whole_len {
            Some(len) if self.frame_follows(rest, len, end) => (len, payload),
            _ => {
                let step = self.resync(rest).unwrap_or_else(|| self.reach(rest));
                (step, rest.get(FRAME_HEADER_BYTES..step))
            }
        };
        let looks_like_leaf = rest.first() == Some(&1)
            || inside.is_some_and(|payload| payload.starts_with(b"{\"v\":1,"));
        let record = inside.filter(|_| looks_like_leaf).map(|payload| {
            let mut record = self.record(payload, leaf_hash(payload));
            record.damaged = true;
            record
        });
        self.trouble(Reason::Damage, Some(record.map_or(Seen::Damage, Seen::Leaf)));
        step
    }

    fn frame_follows(&mut self, rest: &[u8], len: usize, end: bool) -> bool {
        match rest.get(len..) {
            Some([]) => end,
            Some(next) => self.is_frame(next),
            None => false,
        }
    }

    /// Whether a whole frame stands here, paid for from the budget.
    fn is_frame(&mut self, bytes: &[u8]) -> bool {
        let plausible = match bytes.split_at_checked(FRAME_HEADER_BYTES) {
            Some(([1, ..], payload)) => payload.starts_with(b"{\"v\":1,"),
            // Which log's checkpoint it is may be what was tampered with, so any will do.
            Some(([2, ..], payload)) => payload.first().is_some_and(u8::is_ascii_graphic),
            Some(([3, ..], _)) => true,
            Some(_) | None => false,
        };
        if !plausible || self.resync_left == 0 {
            return false;
        }
        match read_frame(bytes) {
            Frame::Whole { .. } => true,
            Frame::Cut => false,
            Frame::Bad { payload } => {
                let cost = payload.map_or(1, |payload| payload.len() + 1);
                self.resync_left = self.resync_left.saturating_sub(cost);
                false
            }
        }
    }

    /// Bytes up to the next whole frame; `None` if none is in reach.
    fn resync(&mut self, rest: &[u8]) -> Option<usize> {
        (1..self.reach(rest)).find(|at| rest.get(*at..).is_some_and(|bytes| self.is_frame(bytes)))
    }

    /// Where the frame after a lost one starts at the latest.
    fn reach(&self, rest: &[u8]) -> usize {
        rest.len().min(FRAME_HEADER_BYTES + MAX_LEAF_BYTES + 1)
    }

    fn frame(&mut self, kind: FrameKind, payload: &[u8]) {
        if let Some(trouble) = &mut self.trouble {
            trouble.frames_follow = true;
        }
        match kind {
            FrameKind::Leaf => {
                let hash = leaf_hash(payload);
                let record = self.record(payload, hash);
                let judged = if self.trouble.is_some() {
                    self.saw(Seen::Leaf(record));
                    return;
                } else {
                    self.leaf(payload, hash, &record)
                };
                match judged {
                    Ok(()) => {
                        self.group.push(record);
                        self.note_tail();
                    }
                    Err(reason) => self.trouble(reason, Some(Seen::Leaf(record))),
                }
            }
            FrameKind::Checkpoint => {
                if self.trouble.is_some() {
                    let seen = self.signed_checkpoint(payload).map_or(Seen::Damage, |c| {
                        let log = self.intern(c.origin.as_str());
                        Seen::Checkpoint { log, size: c.size, root: c.root }
                    });
                    self.saw(seen);
                } else if let Err(reason) = self.checkpoint(payload) {
                    // The checkpoint itself may help to tell what was done to its leaves.
                    self.trouble(reason, None);
                    self.frame(kind, payload);
                }
            }
            FrameKind::SegmentEnd => {
                let next = payload.try_into().map(u64::from_le_bytes).ok();
                let fits = next == Some(self.live.tree.size()) && self.group.is_empty();
                let (segment, consumed) = (self.segment.as_mut(), self.consumed);
                match segment {
                    Some(segment) if fits && !segment.sealed && self.trouble.is_none() => {
                        segment.sealed = true;
                        self.proven.consumed = consumed;
                    }
                    _ => self.trouble(Reason::Seal, Some(Seen::Damage)),
                }
            }
        }
    }

    /// Remembers the log where a writer left its mark, inside of an epoch.
    fn note_tail(&mut self) {
        let here = self.tail_size == Some(self.live.tree.size()) && self.pending.is_none();
        let Some(segment) = self.segment.as_ref().filter(|_| here) else { return };
        let (segment, offset) = (segment.first, segment.offset);
        self.tail =
            Some(Position { segment, offset, consumed: self.consumed, ..self.live.clone() });
    }

    /// Judges the next leaf and moves on over it.
    fn leaf(&mut self, payload: &[u8], hash: Digest, record: &LeafRecord) -> Result<(), Reason> {
        let leaf = Leaf::parse(payload).ok_or(Reason::Form)?;
        let size = self.live.tree.size();
        if self.segment.as_ref().is_none_or(|segment| segment.sealed) {
            return Err(Reason::Seal);
        }
        if record.claims.is_none_or(|claims| claims.log != 0) {
            return Err(Reason::OtherLog);
        }
        if leaf.seq != size || leaf.prev != self.live.prev {
            return Err(Reason::Chain);
        }
        if self.group.len() >= MAX_GROUP_LEAVES {
            return Err(Reason::GroupTooLarge);
        }
        let kind = EventKind::parse(leaf.kind);
        let opens = kind == Some(EventKind::LogOpen);
        if (size == 0 || self.live.closed) && !opens {
            return Err(Reason::Order);
        }
        self.epoch(&leaf, kind)?;
        if opens {
            let body: OpenBody = serde_json::from_slice(&leaf.body()).map_err(|_| Reason::Form)?;
            if body.root != self.root.to_string() {
                return Err(Reason::OtherRoot);
            }
            self.live.cadence_seconds = body.cadence_seconds;
        }
        self.live.closed = kind == Some(EventKind::LogClose);
        self.live.time = Some(leaf.time);
        self.live.prev = hash;
        self.live.tree.push(hash);
        if let Some(earlier) = &self.earlier
            && earlier.size == self.live.tree.size()
        {
            self.earlier_root = Some(self.live.tree.root());
        }
        Ok(())
    }

    /// An epoch begins with `log.open` or `key.epoch`, and its key comes in one `key.epoch`.
    fn epoch(&mut self, leaf: &Leaf<'_>, kind: Option<EventKind>) -> Result<(), Reason> {
        let begins = matches!(kind, Some(EventKind::LogOpen | EventKind::KeyEpoch));
        match &self.pending {
            Some(pending) if pending.number != leaf.epoch => return Err(Reason::Epoch),
            Some(_) => {}
            None if begins && Some(leaf.epoch) == self.live.epoch.checked_add(1) => {
                self.pending = Some(Pending { number: leaf.epoch, key: None, old_signs: false });
            }
            None if !begins && leaf.epoch == self.live.epoch => {}
            None => return Err(Reason::Epoch),
        }
        if kind == Some(EventKind::KeyEpoch) {
            let body: EpochBody = serde_json::from_slice(&leaf.body()).map_err(|_| Reason::Form)?;
            let new = NamedVerifyingKey::parse(&body.new).map_err(|_| Reason::Epoch)?;
            let old_fits = match (&body.old, &self.live.key) {
                (None, _) => true,
                (Some(old), Some(key)) => *old == key.to_string(),
                (Some(_), None) => false,
            };
            let Some(pending) = &mut self.pending else { return Err(Reason::Epoch) };
            if !old_fits || pending.key.is_some() || new.name().as_str() != leaf.log {
                return Err(Reason::Epoch);
            }
            pending.key = Some(new);
            pending.old_signs = body.old.is_some();
        }
        Ok(())
    }

    /// Judges a checkpoint; where it is good, everything before it is proven.
    fn checkpoint(&mut self, payload: &[u8]) -> Result<(), Reason> {
        let (root, mut keys) = (0, vec![self.root.clone()]);
        let mut position = |key: Option<&NamedVerifyingKey>| {
            keys.extend(key.cloned());
            keys.len() - 1
        };
        let current = position(self.live.key.as_ref());
        let next = position(self.pending.as_ref().and_then(|pending| pending.key.as_ref()));
        let note = note::open(payload, &keys).map_err(|_| Reason::Signature)?;
        let checkpoint = Checkpoint::parse(note.text()).ok_or(Reason::Form)?;
        if self.logs.first().is_some_and(|log| checkpoint.origin.as_str() != log) {
            return Err(Reason::OtherLog);
        }
        let size = self.live.tree.size();
        if checkpoint.size <= self.proven.tree.size() {
            return Err(Reason::CheckpointRepeated);
        }
        if checkpoint.size != size || checkpoint.root != self.live.tree.root() {
            return Err(Reason::Root);
        }
        let signed = match &self.pending {
            None => self.live.key.is_some() && note.is_signed_by(current),
            Some(pending) => {
                pending.key.is_some()
                    && note.is_signed_by(root)
                    && note.is_signed_by(next)
                    && (!pending.old_signs || note.is_signed_by(current))
            }
        };
        let Some(segment) = self.segment.as_ref().filter(|segment| signed && !segment.sealed)
        else {
            return Err(Reason::Signature);
        };
        if let Some(pending) = self.pending.take() {
            self.live.epoch = pending.number;
            self.live.key = pending.key;
        }
        self.live.segment = segment.first;
        self.live.offset = segment.offset;
        self.live.consumed = self.consumed;
        self.proven = self.live.clone();
        self.group.clear();
        Ok(())
    }

    /// A checkpoint that keys from the proven part signed, whatever stands around it.
    fn signed_checkpoint(&self, payload: &[u8]) -> Option<Checkpoint> {
        let mut keys = vec![self.root.clone()];
        keys.extend(self.proven.key.clone());
        let note = note::open(payload, &keys).ok()?;
        Checkpoint::parse(note.text())
    }

    fn record(&mut self, payload: &[u8], hash: Digest) -> LeafRecord {
        let claims = Leaf::parse(payload).map(|leaf| {
            let log = self.intern(leaf.log);
            crate::audit::diagnose::Claims { log, seq: leaf.seq, prev: leaf.prev }
        });
        LeafRecord { hash, claims, damaged: false }
    }

    fn intern(&mut self, log: &str) -> usize {
        if let Some(position) = self.logs.iter().position(|known| known == log) {
            return position;
        }
        let position = self.logs.len();
        if position < MAX_FOREIGN_LOGS {
            self.logs.push(log.to_owned());
        }
        position
    }

    /// Notes the first thing that is wrong; what comes later only helps to explain it.
    fn trouble(&mut self, reason: Reason, seen: Option<Seen>) {
        if self.trouble.is_none() {
            let leaves = std::mem::take(&mut self.group).into_iter().map(Seen::Leaf);
            let index = self.live.tree.size();
            let seen = leaves.collect();
            self.trouble = Some(Trouble { reason, index, seen, frames_follow: false });
        }
        if let Some(seen) = seen {
            self.saw(seen);
        }
    }

    fn saw(&mut self, seen: Seen) {
        if let Some(trouble) = &mut self.trouble
            && trouble.seen.len() < MAX_SCENE
        {
            trouble.seen.push(seen);
        }
    }

    /// The report, and where a writer may continue.
    ///
    /// - `writer`: the name of the directory.
    /// - `now`: the caller's time, to tell a live log from a silent one.
    #[must_use]
    pub fn finish(mut self, writer: &str, now: Option<Timestamp>) -> Verified {
        if self.zero_tail {
            self.trouble = None;
        }
        let unsigned_bytes = self.pushed.saturating_sub(self.proven.consumed);
        let origin = self.logs.first().filter(|_| self.proven.tree.size() > 0).cloned();
        let mut report = WriterReport {
            writer: writer.to_owned(),
            origin,
            state: State::Tampered,
            class: None,
            index: None,
            index_end: None,
            proven_size: self.proven.tree.size(),
            proven_time: self.proven.time,
            unsigned_bytes,
            epochs: self.proven.epoch,
            detail: String::new(),
            notes: Vec::new(),
        };
        self.judge(&mut report, now);
        // A damaged end that no checkpoint covers was never acknowledged: a writer may drop it.
        let loose_end = self
            .trouble
            .as_ref()
            .is_some_and(|trouble| trouble.reason == Reason::Damage && !trouble.frames_follow);
        let sound = loose_end || report.state < State::RolledBack;
        let at = |position: &Position| {
            Some(Recovered {
                origin: Origin::parse(report.origin.as_deref()?).ok()?,
                cadence_seconds: position.cadence_seconds,
                tree: position.tree.clone(),
                prev: position.prev,
                epoch: position.epoch,
                segment_first: position.segment,
                segment_bytes: position.offset,
                unsealed: self.unsealed,
            })
        };
        let recovered = at(&self.proven).filter(|_| sound);
        let tail = self
            .tail
            .as_ref()
            .filter(|tail| recovered.is_some() && tail.tree.size() > self.proven.tree.size());
        let tail = tail.and_then(|tail| Some((at(tail)?, tail.prev)));
        Verified { report, recovered, tail }
    }

    fn judge(&self, report: &mut WriterReport, now: Option<Timestamp>) {
        let size = report.proven_size;
        let (state, class, index, detail) = if let Some(trouble) = &self.trouble {
            let found = diagnose(&Scene {
                size,
                prev: self.proven.prev,
                tree: &self.proven.tree,
                reason: trouble.reason,
                index: trouble.index,
                seen: &trouble.seen,
            });
            report.index_end = found.index_end;
            (State::Tampered, Some(found.class), Some(found.index), found.detail)
        } else if let Some((state, class, detail)) = self.against_earlier(size) {
            let index = if state == State::RolledBack { Some(size) } else { None };
            (state, Some(class), index, detail)
        } else if report.unsigned_bytes > 0 || self.unsealed.is_some() {
            let detail = format!(
                "{} bytes after the last checkpoint are unsigned, as a crash leaves them",
                report.unsigned_bytes
            );
            (State::TornTail, Some(Class::TornTail), Some(size), detail)
        } else if size == 0 {
            (State::Stale, None, None, "nothing is logged here".to_owned())
        } else if self.proven.closed {
            (State::ClosedClean, None, None, "closed in order".to_owned())
        } else {
            let (state, detail) = self.liveness(now);
            (state, None, None, detail.to_owned())
        };
        (report.state, report.class, report.index, report.detail) = (state, class, index, detail);
    }

    fn against_earlier(&self, size: u64) -> Option<(State, Class, String)> {
        let earlier = self.earlier.as_ref()?;
        if self.earlier_root.is_some_and(|root| root != earlier.root) {
            let text = "another history than the earlier checkpoint signed".to_owned();
            return Some((State::Forked, Class::Fork, text));
        }
        if size < earlier.size {
            let text = format!(
                "ends at {size}, before the {} leaves of the earlier checkpoint",
                earlier.size
            );
            return Some((State::RolledBack, Class::Rollback, text));
        }
        None
    }

    fn liveness(&self, now: Option<Timestamp>) -> (State, &'static str) {
        let (Some(now), Some(last)) = (now, self.proven.time) else {
            return (State::LiveUnchecked, "open; give the time to see whether it is still fed");
        };
        // One heartbeat may be on its way, so silence is two cadences.
        let cadence = i64::try_from(self.proven.cadence_seconds).unwrap_or(i64::MAX);
        let patience = cadence.saturating_mul(2);
        if now < last.plus_seconds(patience.saturating_neg()) {
            (State::Stale, "the last event is in the future of the time given")
        } else if now > last.plus_seconds(patience) {
            (State::Stale, "open, and silent for more than two cadences: stopped, or cut")
        } else {
            (State::LiveFresh, "open, and fed within two cadences")
        }
    }
}
