//! The writer of one log: a directory, a lock, segments, and group commit for many callers.
//!
//! Signatures may wait ([`LogOptions::sign_within`]): what was handed over is then acknowledged
//! with a mark of its own beside the segments, and a thread signs for it a moment later.

use std::fmt;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, Weak};
use std::time::Duration;

use placet::audit::segment::segment_name;
use placet::audit::{
    Ack, AuditError, AuditSink, Cause, Event, Flushed, Group, Origin, Recovered, Tail, Writer,
};
use placet::crypto::NamedSigningKey;
use placet::primitives::Timestamp;
use zeroize::Zeroizing;

use crate::files::{create_private_dir, private, sync_dir};
use crate::read::TAIL_FILE;
use crate::recover::{Found, recover};

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
    sign_within: Option<Duration>,
    segment_bytes: u64,
}

impl LogOptions {
    /// The log `dir/writer`: durable, each group signed before it is acknowledged, with a cadence
    /// of 60 seconds and segments of 64 MiB.
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
            sign_within: None,
            segment_bytes: placet::limits::MAX_SEGMENT_BYTES,
        }
    }

    /// What stands behind an acknowledgement.
    #[must_use]
    pub const fn durability(mut self, durability: Durability) -> Self {
        self.durability = durability;
        self
    }

    /// Acknowledges a group once it is handed over, and signs for it so much later.
    ///
    /// The death of the process loses nothing: whoever opens the log with the root key keeps what
    /// was acknowledged, says so in the log, and signs for it. Until it is signed it proves nothing
    /// to others: a verifier says TORN_TAIL of it.
    #[must_use]
    pub const fn sign_within(mut self, delay: Duration) -> Self {
        self.sign_within = Some(delay);
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
    shared: Arc<Shared>,
}

/// What callers share, with each other and with the thread that signs.
struct Shared {
    inner: Mutex<Inner>,
    settled: Condvar,
    clock: Clock,
    random: Random,
    pid: u32,
    /// Held for the lock on it.
    lock: File,
    /// Wakes the thread that signs, where signatures wait.
    signer: Option<SyncSender<()>>,
}

struct Inner {
    writer: Writer,
    /// Taken by the caller that writes.
    files: Option<Files>,
    /// Leaves that are acknowledged.
    settled: u64,
    /// Leaves that a checkpoint covers.
    signed: u64,
    /// Callers that wait for the one that writes.
    waiting: usize,
    /// The thread that signs was woken.
    alarmed: bool,
    failure: Option<Cause>,
}

struct Files {
    dir: PathBuf,
    segment: File,
    /// Where the mark stands, where signatures wait.
    tail: Option<File>,
    durability: Durability,
}

/// How far a caller waits.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Until {
    /// Handed over, as the log promises it.
    Written,
    /// Signed as well.
    Signed,
}

impl fmt::Debug for LogWriter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LogWriter").field("pid", &self.shared.pid).finish_non_exhaustive()
    }
}

impl Drop for LogWriter {
    /// Nothing is written any more, and the log can be opened again, even while the thread that signs
    /// still holds on to it.
    fn drop(&mut self) {
        self.shared.leave();
    }
}

impl LogWriter {
    /// Opens a log for appending, or starts it.
    ///
    /// Takes the lock, verifies all that is there under `root`, keeps what was acknowledged and is
    /// not signed yet, drops an unfinished end (and says both in the log), begins a new key epoch.
    /// `root` signs that epoch's first checkpoint and is not kept.
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
        let (log, mended) = match recover(&dir, root, &options.writer)? {
            Found::Log(log, mended) => (log.with_cadence(cadence), mended),
            Found::Nothing(mended) => {
                let mut instance = [0; 8];
                random(&mut instance)?;
                let instance = u64::from_be_bytes(instance);
                let origin = format!("{}/{}/{instance:016x}", root.name(), options.writer);
                (Recovered::nothing(Origin::parse(&origin)?, cadence), mended)
            }
        };
        let path = dir.join(segment_name(log.segment_first()));
        let segment =
            private().append(true).create(log.segment_bytes() == 0).open(path).map_err(cannot)?;
        let tail = options.sign_within.map(|_| open_own(&dir.join(TAIL_FILE)).map_err(cannot));
        let mut seed = Zeroizing::new([0; 32]);
        random(&mut *seed)?;
        let (writer, group) = Writer::reopen(log, root, &seed, mended.as_ref(), clock())?;
        let writer = writer.with_segment_limit(options.segment_bytes);
        let tail = tail.transpose()?;
        let mut files = Files { dir, segment, tail, durability: options.durability };
        files.write(&group).and_then(|()| sync_dir(&files.dir)).map_err(cannot)?;
        let inner = Inner {
            writer,
            files: Some(files),
            settled: group.size,
            signed: group.size,
            waiting: 0,
            alarmed: false,
            failure: None,
        };
        let (signer, wakes) = sync_channel(1);
        let shared = Arc::new(Shared {
            inner: Mutex::new(inner),
            settled: Condvar::new(),
            clock: Box::new(clock),
            random: Box::new(random),
            pid: std::process::id(),
            lock,
            signer: options.sign_within.map(|_| signer),
        });
        if let Some(delay) = options.sign_within {
            let log = Arc::downgrade(&shared);
            let thread = std::thread::Builder::new().name("placet-log".to_owned());
            thread.spawn(move || sign_later(&log, &wakes, delay)).map_err(cannot)?;
        }
        Ok(Self { shared })
    }

    /// Appends many events with few writes: in groups of 1024.
    ///
    /// # Errors
    /// As [`AuditSink::append`]; the events before the one that failed may be in the log.
    pub fn append_all(&self, events: &[Event]) -> Result<Vec<Ack>, AuditError> {
        let mut acks = Vec::with_capacity(events.len());
        let mut inner = self.shared.lock()?;
        for event in events {
            let ack;
            (inner, ack) = self.shared.stage(inner, event)?;
            match ack {
                Ok(ack) => acks.push(ack),
                Err(error) => {
                    drop(self.shared.settle(inner, Until::Written)?);
                    return Err(error);
                }
            }
            if inner.writer.open_leaves() >= LEAVES_PER_GROUP {
                inner = self.shared.settle(inner, Until::Written)?;
            }
        }
        drop(self.shared.settle(inner, Until::Written)?);
        Ok(acks)
    }

    /// Logs a heartbeat if nothing was logged for one cadence. Call it from a timer.
    ///
    /// # Errors
    /// As [`AuditSink::append`].
    pub fn heartbeat(&self) -> Result<(), AuditError> {
        let now = (self.shared.clock)();
        let mut inner = self.shared.lock()?;
        if !inner.writer.heartbeat_due(now) {
            return Ok(());
        }
        inner.writer.heartbeat(now)?;
        self.shared.settle(inner, Until::Written).map(drop)
    }

    /// Signs for what was handed over, now.
    ///
    /// # Errors
    /// As [`AuditSink::append`].
    pub fn sign(&self) -> Result<(), AuditError> {
        self.shared.sign()
    }

    /// Begins a new key epoch: who steals the key from now on cannot write the past anew.
    ///
    /// # Errors
    /// As [`AuditSink::append`].
    pub fn rotate(&self, root: &NamedSigningKey) -> Result<(), AuditError> {
        let mut seed = Zeroizing::new([0; 32]);
        (self.shared.random)(&mut *seed)?;
        self.shared.alone(|writer, now| writer.rotate(root, &seed, now))
    }

    /// Ends the log in order. Every later call fails, and the log may be opened again.
    ///
    /// # Errors
    /// As [`AuditSink::append`].
    pub fn close(&self) -> Result<(), AuditError> {
        self.shared.alone(Writer::close)?;
        // Nothing is written any more, whoever still holds this handle.
        self.shared.lock.unlock().map_err(cannot)
    }

    /// The name of the log.
    ///
    /// # Errors
    /// As [`AuditSink::append`].
    pub fn origin(&self) -> Result<Origin, AuditError> {
        Ok(self.shared.lock()?.writer.origin().clone())
    }
}

impl AuditSink for LogWriter {
    fn append(&self, event: &Event) -> Result<Ack, AuditError> {
        let (inner, ack) = self.shared.stage(self.shared.lock()?, event)?;
        let ack = ack?;
        self.shared.settle(inner, Until::Written).map(drop)?;
        Ok(ack)
    }
}

/// Signs a moment after each wake-up, until the log is dropped or fails.
fn sign_later(log: &Weak<Shared>, wakes: &Receiver<()>, delay: Duration) {
    while wakes.recv().is_ok() {
        std::thread::sleep(delay);
        let Some(log) = log.upgrade() else { return };
        // A failure is kept for the callers: nothing is acknowledged behind it. A closed log is
        // signed.
        if log.sign().is_err() {
            return;
        }
    }
}

impl Shared {
    /// Adds an event to the open group, which is signed for before where it or its segment is full.
    fn stage<'a>(
        &'a self,
        mut inner: MutexGuard<'a, Inner>,
        event: &Event,
    ) -> Result<(MutexGuard<'a, Inner>, Result<Ack, AuditError>), AuditError> {
        loop {
            if !inner.writer.is_full_for(event) {
                match inner.writer.append(event) {
                    Err(AuditError::GroupFull { .. }) => {}
                    ack => return Ok((inner, ack)),
                }
            }
            inner = self.settle(inner, Until::Signed)?;
        }
    }

    fn sign(&self) -> Result<(), AuditError> {
        let mut inner = self.lock()?;
        inner.alarmed = false;
        self.settle(inner, Until::Signed).map(drop)
    }

    /// Settles what is open, then writes a group of the log's own.
    fn alone(
        &self,
        make: impl FnOnce(&mut Writer, Timestamp) -> Result<Group, AuditError>,
    ) -> Result<(), AuditError> {
        let now = (self.clock)();
        let mut inner = self.settle(self.lock()?, Until::Signed)?;
        let Some(mut files) = inner.files.take() else {
            return Err(AuditError::Files(Cause("the segment is not there".to_owned())));
        };
        // Under the lock: these are rare, and no event may come between. What others added while this
        // caller waited goes first: somebody always writes to a busy log.
        let (open, own) = match inner.writer.commit() {
            Ok(open) => (open, make(&mut inner.writer, now)),
            Err(error) => (None, Err(error)),
        };
        let written = open.iter().chain(&own).try_for_each(|group| files.write(group));
        inner.files = Some(files);
        self.settled.notify_all();
        if let Err(error) = written {
            let cause = failed(&error);
            inner.failure = Some(cause.clone());
            return Err(AuditError::Poisoned(cause));
        }
        if let Some(group) = open.iter().chain(&own).last() {
            inner.settled = group.size;
            inner.signed = group.size;
        }
        own.map(drop)
    }

    /// Waits for a write that is under way, and gives the log back. A forked child leaves the lock to
    /// its parent.
    fn leave(&self) {
        if std::process::id() != self.pid {
            return;
        }
        let Ok(mut inner) = self.inner.lock() else { return };
        while inner.files.is_none() {
            let Some(next) = self.wait(inner) else { return };
            inner = next;
        }
        inner.failure.get_or_insert_with(|| Cause("the log was dropped".to_owned()));
        // Where it fails, the lock lasts as long as the thread that signs.
        let _ = self.lock.unlock();
    }

    /// The lock, unless the log failed or the process was forked.
    fn lock(&self) -> Result<MutexGuard<'_, Inner>, AuditError> {
        if std::process::id() != self.pid {
            return Err(AuditError::Forked);
        }
        let inner = self.inner.lock().map_err(|_| thread_died())?;
        healthy(inner)
    }

    /// Waits until every leaf staged so far is where it shall be, by this caller's hand or another's.
    fn settle<'a>(
        &'a self,
        mut inner: MutexGuard<'a, Inner>,
        until: Until,
    ) -> Result<MutexGuard<'a, Inner>, AuditError> {
        let size = inner.writer.size();
        loop {
            inner = healthy(inner)?;
            let there = match until {
                Until::Written => inner.settled >= size,
                Until::Signed => inner.signed >= size && inner.files.is_some(),
            };
            if there {
                return Ok(inner);
            }
            let Some(mut files) = inner.files.take() else {
                inner = self.wait(inner).ok_or_else(thread_died)?;
                continue;
            };
            let signs = self.signer.is_none()
                || until == Until::Signed
                || inner.writer.open_leaves() >= LEAVES_PER_GROUP
                || inner.writer.starts_segment();
            let step = if signs {
                inner.writer.commit().map(|group| group.map(Step::Sign))
            } else {
                Ok(inner.writer.flush().map(Step::Flush))
            };
            // Others stage their events while this one writes.
            drop(inner);
            let written = match &step {
                Ok(Some(Step::Sign(group))) => files.write(group).map_err(|error| failed(&error)),
                Ok(Some(Step::Flush(flushed))) => {
                    files.hand_over(flushed).map_err(|error| failed(&error))
                }
                Ok(None) => Ok(()),
                Err(error) => Err(Cause(error.to_string())),
            };
            inner = self.inner.lock().map_err(|_| thread_died())?;
            inner.files = Some(files);
            match (written, step) {
                (Ok(()), Ok(Some(Step::Sign(group)))) => {
                    inner.settled = group.size;
                    inner.signed = group.size;
                }
                (Ok(()), Ok(Some(Step::Flush(flushed)))) => {
                    inner.settled = flushed.size;
                    self.alarm(&mut inner);
                }
                (Ok(()), _) => {}
                (Err(cause), _) => inner.failure = Some(cause),
            }
            // Waking nobody would still be a call of the system.
            if inner.waiting > 0 {
                self.settled.notify_all();
            }
        }
    }

    /// Waits until a caller that writes is done; `None` where it died.
    fn wait<'a>(&'a self, mut inner: MutexGuard<'a, Inner>) -> Option<MutexGuard<'a, Inner>> {
        inner.waiting += 1;
        let mut inner = self.settled.wait(inner).ok()?;
        inner.waiting -= 1;
        Some(inner)
    }

    /// Wakes the thread that signs, once until it has.
    fn alarm(&self, inner: &mut Inner) {
        if let Some(signer) = self.signer.as_ref().filter(|_| !inner.alarmed) {
            // A full channel is a wake-up on its way; a closed one is a log that failed.
            let _ = signer.try_send(());
            inner.alarmed = true;
        }
    }
}

/// What one caller writes for all.
enum Step {
    Sign(Group),
    Flush(Flushed),
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

    /// Writes what no checkpoint covers yet, then the mark behind it.
    fn hand_over(&mut self, flushed: &Flushed) -> io::Result<()> {
        self.segment.write_all(&flushed.bytes)?;
        self.sync()?;
        let Some(tail) = &mut self.tail else { return Err(io::Error::other("no mark")) };
        write_at_start(tail, &flushed.tail)?;
        match self.durability {
            Durability::Buffered => Ok(()),
            Durability::Durable => tail.sync_data(),
        }
    }

    fn sync(&self) -> io::Result<()> {
        match self.durability {
            Durability::Buffered => Ok(()),
            Durability::Durable => self.segment.sync_data(),
        }
    }
}

fn write_at_start(file: &mut File, tail: &Tail) -> io::Result<()> {
    #[cfg(unix)]
    {
        std::os::unix::fs::FileExt::write_all_at(file, &tail.to_bytes(), 0)
    }
    #[cfg(not(unix))]
    {
        use std::io::{Seek as _, SeekFrom};
        file.seek(SeekFrom::Start(0))?;
        file.write_all(&tail.to_bytes())
    }
}

/// Opens a file of the log's own beside its segments. A pipe in its place would be waited for, and
/// what a link leads to would be written over.
fn open_own(path: &Path) -> io::Result<File> {
    match fs::symlink_metadata(path) {
        Ok(meta) if !meta.is_file() => Err(io::Error::other("no regular file")),
        Ok(_) | Err(_) => private().create(true).truncate(false).open(path),
    }
}

fn lock(path: &Path) -> Result<File, AuditError> {
    let file = open_own(path).map_err(cannot)?;
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

pub(crate) fn cannot(error: io::Error) -> AuditError {
    AuditError::Files(Cause(error.to_string()))
}
