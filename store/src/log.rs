//! The writer of one log: a directory, a lock, segments, and group commit for many callers.

use std::fmt;
use std::fs::{self, File};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Condvar, Mutex, MutexGuard};
use std::time::Duration;

use placet::audit::segment::segment_name;
use placet::audit::writer::Discarded;
use placet::audit::{
    Ack, AuditError, AuditSink, Cause, Event, Group, Origin, Recovered, State, Writer,
};
use placet::crypto::{Hasher, NamedSigningKey};
use placet::primitives::Timestamp;
use zeroize::Zeroizing;

use crate::files::{create_private_dir, private, sync_dir};
use crate::read::{list_segments, verify_segments};

/// Leaves that one write of [`LogWriter::append_all`] carries.
const LEAVES_PER_GROUP: usize = 1024;

/// What stands behind an acknowledgement.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Durability {
    /// Handed to the kernel: survives the death of the process, not of the machine.
    Buffered,
    /// Synced to the disk.
    #[default]
    Durable,
}

/// Where a log stands and what it promises.
#[derive(Clone, Debug)]
pub struct LogOptions {
    dir: PathBuf,
    writer: String,
    cadence: Duration,
    durability: Durability,
    segment_bytes: u64,
}

impl LogOptions {
    /// The log `dir/writer`: durable, with a cadence of 60 seconds and segments of 64 MiB.
    ///
    /// - `writer`: letters, digits and `. _ -`, not starting with a dot, at most 64 bytes; one for
    ///   each process that writes at the same time.
    #[must_use]
    pub fn new(dir: &Path, writer: &str) -> Self {
        Self {
            dir: dir.to_owned(),
            writer: writer.to_owned(),
            cadence: Duration::from_secs(60),
            durability: Durability::default(),
            segment_bytes: placet::limits::MAX_SEGMENT_BYTES,
        }
    }

    /// What stands behind an acknowledgement.
    #[must_use]
    pub const fn durability(mut self, durability: Durability) -> Self {
        self.durability = durability;
        self
    }

    /// How often at least something is logged, if only a heartbeat; whole seconds, at least one.
    #[must_use]
    pub const fn cadence(mut self, cadence: Duration) -> Self {
        self.cadence = cadence;
        self
    }

    /// Bytes of a segment before the next one starts.
    #[must_use]
    pub const fn segment_bytes(mut self, bytes: u64) -> Self {
        self.segment_bytes = bytes;
        self
    }
}

type Clock = Box<dyn Fn() -> Timestamp + Send + Sync>;
type Random = Box<dyn Fn(&mut [u8]) -> Result<(), AuditError> + Send + Sync>;

/// The one writer of a log. Share it between threads; their events go to disk in groups, with one
/// write, one signature and (durable) one sync a group.
///
/// Fails closed: after one failed write or sync every call fails, because nobody knows what the
/// disk holds; opening the log again reads all of it. A forked child cannot use the parent's.
/// Dropping it without [`close`](Self::close) looks like a crash, and is as safe.
pub struct LogWriter {
    inner: Mutex<Inner>,
    settled: Condvar,
    clock: Clock,
    random: Random,
    pid: u32,
    /// Held for the lock on it.
    lock: File,
}

struct Inner {
    writer: Writer,
    /// Taken by the caller that writes.
    files: Option<Files>,
    /// Leaves that are acknowledged.
    settled: u64,
    failure: Option<Cause>,
}

struct Files {
    dir: PathBuf,
    segment: File,
    durability: Durability,
}

impl fmt::Debug for LogWriter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LogWriter").field("pid", &self.pid).finish_non_exhaustive()
    }
}

impl LogWriter {
    /// Opens a log for appending, or starts it.
    ///
    /// Takes the lock, verifies all that is there under `root`, drops an unsigned end (and says so
    /// in the log), begins a new key epoch. `root` signs that epoch's first checkpoint and is not
    /// kept.
    ///
    /// - `clock`, `random`: the caller's, so that tests can fix them; see
    ///   [`system`](crate::system).
    ///
    /// # Errors
    /// [`AuditError::Busy`], [`AuditError::Tampered`] (nothing is changed then),
    /// [`AuditError::Origin`] for a writer's name, [`AuditError::Files`].
    pub fn open(
        options: LogOptions,
        root: &NamedSigningKey,
        clock: impl Fn() -> Timestamp + Send + Sync + 'static,
        random: impl Fn(&mut [u8]) -> Result<(), AuditError> + Send + Sync + 'static,
    ) -> Result<Self, AuditError> {
        check_name(&options.writer)?;
        let dir = options.dir.join(&options.writer);
        create_private_dir(&dir).map_err(cannot)?;
        let lock = lock(&dir.join("lock"))?;
        let cadence = options.cadence.as_secs().max(1);
        let (log, discarded) = match recover(&dir, root, &options.writer)? {
            Found::Log(log, discarded) => (log.with_cadence(cadence), discarded),
            Found::Nothing(discarded) => {
                let mut instance = [0; 8];
                random(&mut instance)?;
                let instance = u64::from_be_bytes(instance);
                let origin = format!("{}/{}/{instance:016x}", root.name(), options.writer);
                (Recovered::nothing(Origin::parse(&origin)?, cadence), discarded)
            }
        };
        let path = dir.join(segment_name(log.segment_first()));
        let segment =
            private().append(true).create(log.segment_bytes() == 0).open(path).map_err(cannot)?;
        let mut seed = Zeroizing::new([0; 32]);
        random(&mut *seed)?;
        let (writer, group) = Writer::reopen(log, root, &seed, discarded.as_ref(), clock())?;
        let writer = writer.with_segment_limit(options.segment_bytes);
        let mut files = Files { dir, segment, durability: options.durability };
        files.write(&group).and_then(|()| sync_dir(&files.dir)).map_err(cannot)?;
        let inner = Inner { writer, files: Some(files), settled: group.size, failure: None };
        Ok(Self {
            inner: Mutex::new(inner),
            settled: Condvar::new(),
            clock: Box::new(clock),
            random: Box::new(random),
            pid: std::process::id(),
            lock,
        })
    }

    /// Appends many events with few writes: in groups of 1024.
    ///
    /// # Errors
    /// As [`AuditSink::append`]; the events before the one that failed may be in the log.
    pub fn append_all(&self, events: &[Event]) -> Result<Vec<Ack>, AuditError> {
        let mut acks = Vec::with_capacity(events.len());
        let mut inner = self.lock()?;
        for event in events {
            let staged = inner.writer.append(event);
            if staged.is_err() {
                drop(self.settle(inner)?);
                staged?;
                return Ok(acks);
            }
            acks.extend(staged);
            if inner.writer.open_leaves() >= LEAVES_PER_GROUP {
                inner = self.settle(inner)?;
            }
        }
        drop(self.settle(inner)?);
        Ok(acks)
    }

    /// Logs a heartbeat if nothing was logged for one cadence. Call it from a timer.
    ///
    /// # Errors
    /// As [`AuditSink::append`].
    pub fn heartbeat(&self) -> Result<(), AuditError> {
        let now = (self.clock)();
        let mut inner = self.lock()?;
        if !inner.writer.heartbeat_due(now) {
            return Ok(());
        }
        inner.writer.heartbeat(now)?;
        self.settle(inner).map(drop)
    }

    /// Begins a new key epoch: who steals the key from now on cannot write the past anew.
    ///
    /// # Errors
    /// As [`AuditSink::append`].
    pub fn rotate(&self, root: &NamedSigningKey) -> Result<(), AuditError> {
        let mut seed = Zeroizing::new([0; 32]);
        (self.random)(&mut *seed)?;
        self.alone(|writer, now| writer.rotate(root, &seed, now))
    }

    /// Ends the log in order. Every later call fails, and the log may be opened again.
    ///
    /// # Errors
    /// As [`AuditSink::append`].
    pub fn close(&self) -> Result<(), AuditError> {
        self.alone(Writer::close)?;
        // Nothing is written any more, whoever still holds this handle.
        self.lock.unlock().map_err(cannot)
    }

    /// The name of the log.
    ///
    /// # Errors
    /// As [`AuditSink::append`].
    pub fn origin(&self) -> Result<Origin, AuditError> {
        Ok(self.lock()?.writer.origin().clone())
    }

    /// Settles what is open, then writes a group of the log's own.
    fn alone(
        &self,
        make: impl FnOnce(&mut Writer, Timestamp) -> Result<Group, AuditError>,
    ) -> Result<(), AuditError> {
        let now = (self.clock)();
        let mut inner = self.settle(self.lock()?)?;
        let Some(mut files) = inner.files.take() else {
            return Err(AuditError::Files(Cause("the segment is not there".to_owned())));
        };
        // Under the lock: these are rare, and no event may come between.
        let group = make(&mut inner.writer, now);
        let written = match &group {
            Ok(group) => files.write(group).map_err(|error| failed(&error)),
            Err(_) => Ok(()),
        };
        inner.files = Some(files);
        if let Err(cause) = written {
            inner.failure = Some(cause.clone());
            self.settled.notify_all();
            return Err(AuditError::Poisoned(cause));
        }
        inner.settled = group?.size;
        Ok(())
    }

    /// The lock, unless the log failed or the process was forked.
    fn lock(&self) -> Result<MutexGuard<'_, Inner>, AuditError> {
        if std::process::id() != self.pid {
            return Err(AuditError::Forked);
        }
        let inner = self.inner.lock().map_err(|_| thread_died())?;
        healthy(inner)
    }

    /// Waits until every leaf staged so far is written, by this caller or by another.
    fn settle<'a>(
        &'a self,
        mut inner: MutexGuard<'a, Inner>,
    ) -> Result<MutexGuard<'a, Inner>, AuditError> {
        let size = inner.writer.size();
        loop {
            inner = healthy(inner)?;
            if inner.settled >= size && inner.files.is_some() {
                return Ok(inner);
            }
            let Some(mut files) = inner.files.take() else {
                inner = self.settled.wait(inner).map_err(|_| thread_died())?;
                continue;
            };
            let group = inner.writer.commit();
            // Others stage their events while this one writes.
            drop(inner);
            let written = match &group {
                Ok(Some(group)) => files.write(group).map_err(|error| failed(&error)),
                Ok(None) => Ok(()),
                Err(error) => Err(Cause(error.to_string())),
            };
            inner = self.inner.lock().map_err(|_| thread_died())?;
            inner.files = Some(files);
            match (written, group) {
                (Ok(()), Ok(Some(group))) => inner.settled = group.size,
                (Ok(()), _) => {}
                (Err(cause), _) => inner.failure = Some(cause),
            }
            self.settled.notify_all();
        }
    }
}

impl AuditSink for LogWriter {
    fn append(&self, event: &Event) -> Result<Ack, AuditError> {
        let mut inner = self.lock()?;
        let ack = match inner.writer.append(event) {
            Err(AuditError::GroupFull { .. }) => {
                inner = self.settle(inner)?;
                inner.writer.append(event)?
            }
            staged => staged?,
        };
        self.settle(inner).map(drop)?;
        Ok(ack)
    }
}

impl Files {
    fn write(&mut self, group: &Group) -> io::Result<()> {
        let Some(new) = &group.new_segment else {
            self.segment.write_all(&group.bytes)?;
            return self.sync();
        };
        // The new segment lasts before the old one says that it is there, under either policy:
        // this happens once in 64 MiB, and a seal without its next segment means tampering.
        let path = self.dir.join(segment_name(new.first));
        let mut segment = private().append(true).create_new(true).open(path)?;
        segment.write_all(&group.bytes)?;
        segment.sync_all()?;
        sync_dir(&self.dir)?;
        self.segment.write_all(&new.seal)?;
        self.sync()?;
        self.segment = segment;
        Ok(())
    }

    fn sync(&self) -> io::Result<()> {
        match self.durability {
            Durability::Buffered => Ok(()),
            Durability::Durable => self.segment.sync_data(),
        }
    }
}

/// What an opened directory holds.
enum Found {
    Nothing(Option<Discarded>),
    Log(Recovered, Option<Discarded>),
}

/// Verifies what is there and drops an end that no checkpoint covers.
fn recover(dir: &Path, root: &NamedSigningKey, writer: &str) -> Result<Found, AuditError> {
    let listed = list_segments(dir).map_err(cannot)?;
    if let Some(name) = listed.misnamed.first() {
        let name = name.display();
        return Err(AuditError::Tampered(Cause(format!("`{name}` is no segment"))));
    }
    if listed.segments.is_empty() {
        return Ok(Found::Nothing(None));
    }
    let verified =
        verify_segments(dir, &listed.segments, &root.verifying_key(), None, None, writer)
            .map_err(cannot)?;
    let report = verified.report;
    let (log, keep, keep_bytes) = match verified.recovered {
        Some(log) => {
            let prefix = format!("{}/{writer}/", root.name());
            if report.origin.as_ref().is_none_or(|origin| !origin.starts_with(&prefix)) {
                return Err(AuditError::Tampered(Cause("the log of another writer".to_owned())));
            }
            let (first, bytes) = (log.segment_first(), log.segment_bytes());
            (Some(log), first, bytes)
        }
        // A crash before the first checkpoint was whole: nothing was ever acknowledged.
        None if report.proven_size == 0 && report.state <= State::TornTail => (None, 0, 0),
        None => return Err(AuditError::Tampered(Cause(report.detail))),
    };
    let mut hasher = Hasher::new();
    let mut bytes = 0u64;
    for first in listed.segments.iter().copied().filter(|first| *first >= keep) {
        let from = if first == keep { keep_bytes } else { 0 };
        bytes = bytes.saturating_add(drop_tail(dir, first, from, &mut hasher).map_err(cannot)?);
    }
    sync_dir(dir).map_err(cannot)?;
    let discarded = (bytes > 0).then(|| Discarded { bytes, sha256: hasher.finish() });
    let Some(log) = log else { return Ok(Found::Nothing(discarded)) };
    if let Some((first, seal)) = log.missing_seal() {
        let mut before =
            private().append(true).open(dir.join(segment_name(first))).map_err(cannot)?;
        before.write_all(&seal).and_then(|()| before.sync_all()).map_err(cannot)?;
    }
    Ok(Found::Log(log, discarded))
}

/// Cuts a segment after `keep` bytes, or removes it where that is nothing; hashes what goes.
fn drop_tail(dir: &Path, first: u64, keep: u64, hasher: &mut Hasher) -> io::Result<u64> {
    let path = dir.join(segment_name(first));
    let mut file = fs::OpenOptions::new().read(true).write(true).open(&path)?;
    file.seek(SeekFrom::Start(keep))?;
    let mut dropped = 0u64;
    let mut chunk = vec![0; 64 * 1024];
    loop {
        let read = file.read(&mut chunk)?;
        if read == 0 {
            break;
        }
        hasher.update(chunk.get(..read).unwrap_or_default());
        dropped = dropped.saturating_add(read as u64);
    }
    if keep == 0 {
        fs::remove_file(&path)?;
    } else if dropped > 0 {
        file.set_len(keep)?;
        file.sync_all()?;
    }
    Ok(dropped)
}

fn lock(path: &Path) -> Result<File, AuditError> {
    let file = private().create(true).truncate(false).open(path).map_err(cannot)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(fs::TryLockError::WouldBlock) => Err(AuditError::Busy),
        Err(fs::TryLockError::Error(error)) => Err(cannot(error)),
    }
}

fn check_name(writer: &str) -> Result<(), AuditError> {
    let fits = |c: u8| c.is_ascii_alphanumeric() || b"._-".contains(&c);
    let named = (1..=64).contains(&writer.len()) && writer.bytes().all(fits);
    if named && !writer.starts_with('.') { Ok(()) } else { Err(AuditError::Origin) }
}

fn healthy(inner: MutexGuard<'_, Inner>) -> Result<MutexGuard<'_, Inner>, AuditError> {
    match &inner.failure {
        Some(cause) => Err(AuditError::Poisoned(cause.clone())),
        None => Ok(inner),
    }
}

fn thread_died() -> AuditError {
    AuditError::Poisoned(Cause("a thread died while it wrote".to_owned()))
}

fn failed(error: &io::Error) -> Cause {
    Cause(error.kind().to_string())
}

fn cannot(error: io::Error) -> AuditError {
    AuditError::Files(Cause(error.to_string()))
}
