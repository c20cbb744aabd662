//! Group commit: the events of all sessions of one worker go into the log together, with one
//! signature and one write, and nobody's bytes move before.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use placet::audit::Event;
use placet::wire::WireError;
use placet_guard::Guard;
use placet_store::Durability;
use tokio::sync::Notify;

use crate::metrics::{Metrics, add};
use crate::say::say;

/// How long an event that nobody waits for may stay out of the log.
const LATEST: Duration = Duration::from_millis(5);

/// The open group of one worker.
#[derive(Clone)]
pub(crate) struct Commits(Arc<Shared>);

struct Shared {
    guard: Guard,
    durability: Durability,
    metrics: Arc<Metrics>,
    batch: Mutex<Batch>,
    /// Somebody waits.
    now: Notify,
    /// Nobody waits, but something is there.
    later: Notify,
}

#[derive(Default)]
struct Batch {
    events: Vec<Event>,
    waiting: Vec<Waker>,
    /// The number of the open group.
    open: u64,
    /// Groups below this number are in the log.
    settled: u64,
    failed: bool,
}

impl Commits {
    pub(crate) fn new(guard: Guard, durability: Durability, metrics: Arc<Metrics>) -> Self {
        Self(Arc::new(Shared {
            guard,
            durability,
            metrics,
            batch: Mutex::default(),
            now: Notify::new(),
            later: Notify::new(),
        }))
    }

    fn lock(&self) -> MutexGuard<'_, Batch> {
        self.0.batch.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts events into the log; done when they are there.
    ///
    /// # Errors
    /// [`WireError::NotLogged`], now and for ever after: nothing may be forwarded.
    pub(crate) async fn append(&self, events: Vec<Event>) -> Result<(), WireError> {
        let group = {
            let mut batch = self.lock();
            if batch.failed {
                return Err(WireError::NotLogged);
            }
            batch.events.extend(events);
            batch.open
        };
        self.0.now.notify_one();
        Settled { commits: self, group }.await
    }

    /// Puts events into the log with the next group, in a few milliseconds at the latest.
    ///
    /// # Errors
    /// [`WireError::NotLogged`] if the log failed before.
    pub(crate) fn later(&self, events: Vec<Event>) -> Result<(), WireError> {
        let mut batch = self.lock();
        if batch.failed {
            return Err(WireError::NotLogged);
        }
        batch.events.extend(events);
        drop(batch);
        self.0.later.notify_one();
        Ok(())
    }

    /// Writes groups for as long as it is polled. One task a worker.
    pub(crate) async fn run(self) {
        loop {
            tokio::select! {
                biased;
                () = self.0.now.notified() => {}
                () = async {
                    self.0.later.notified().await;
                    tokio::time::sleep(LATEST).await;
                } => {}
            }
            // Tasks that are ready now stage their events first and share the write.
            tokio::task::yield_now().await;
            self.write().await;
        }
    }

    /// Writes the open group.
    pub(crate) async fn write(&self) {
        let (events, group) = {
            let mut batch = self.lock();
            let group = batch.open;
            batch.open = group.wrapping_add(1);
            (std::mem::take(&mut batch.events), group)
        };
        let count = u64::try_from(events.len()).unwrap_or(u64::MAX);
        let written = match (self.0.guard.log(), self.0.durability) {
            (None, _) => Ok(()),
            (Some(_), _) if events.is_empty() => Ok(()),
            (Some(log), Durability::Buffered) => log.append_all(&events).map(drop),
            // The disk may take its time; other sessions go on meanwhile.
            (Some(_), Durability::Durable) => {
                let guard = self.0.guard.clone();
                let write =
                    move || guard.log().map_or(Ok(()), |log| log.append_all(&events).map(drop));
                match tokio::task::spawn_blocking(write).await {
                    Ok(written) => written,
                    Err(_) => Err(placet::audit::AuditError::Files(placet::audit::Cause(
                        "the writer stopped".to_owned(),
                    ))),
                }
            }
        };
        let waiting = {
            let mut batch = self.lock();
            match &written {
                Ok(()) => batch.settled = group.wrapping_add(1),
                Err(_) => batch.failed = true,
            }
            std::mem::take(&mut batch.waiting)
        };
        match written {
            Ok(()) => {
                add(&self.0.metrics.audit_groups, u64::from(count > 0));
                add(&self.0.metrics.audit_events, count);
            }
            Err(error) => {
                add(&self.0.metrics.audit_failures, count);
                say(format_args!("log failed: {} {error}; nothing is forwarded", error.code()));
            }
        }
        waiting.into_iter().for_each(Waker::wake);
    }
}

/// Waits for one group.
struct Settled<'a> {
    commits: &'a Commits,
    group: u64,
}

impl Future for Settled<'_> {
    type Output = Result<(), WireError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut batch = self.commits.lock();
        if batch.settled > self.group {
            return Poll::Ready(Ok(()));
        }
        if batch.failed {
            return Poll::Ready(Err(WireError::NotLogged));
        }
        batch.waiting.push(cx.waker().clone());
        Poll::Pending
    }
}
