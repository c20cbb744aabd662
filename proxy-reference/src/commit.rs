//! Group commit: the events of all sessions of one worker go into the log together, with one write
//! and one signature (at once, or a moment later where it waits), and nobody's bytes move before they
//! are written.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use placet::audit::Event;
use placet::engine::Outcome;
use placet::wire::WireError;
use placet_guard::Guard;
use placet_store::{Durability, system};
use tokio::sync::Notify;

use crate::metrics::{Metrics, add};
use crate::say::say;

/// How long an event that nobody waits for may stay out of the log.
const LATEST: Duration = Duration::from_millis(5);

/// How often a group that will be signed looks for more before it is written: nobody waits for a busy
/// neighbour.
const MAX_ROUNDS: usize = 8;

/// The same where the signature waits: a write costs little more than a look.
const MAX_ROUNDS_UNSIGNED: usize = 2;

/// The open group of one worker.
#[derive(Clone)]
pub(crate) struct Commits(Arc<Shared>);

struct Shared {
    guard: Guard,
    durability: Durability,
    /// How often a group looks for more.
    rounds: usize,
    metrics: Arc<Metrics>,
    batch: Mutex<Batch>,
    /// Groups reach the log one after the other: a later one must not settle an earlier one.
    order: tokio::sync::Mutex<()>,
    /// Somebody waits.
    now: Notify,
    /// Nobody waits, but something is there.
    later: Notify,
}

#[derive(Default)]
struct Batch {
    events: Vec<Event>,
    /// What became of earlier decisions: one event holds many.
    outcomes: Vec<Outcome>,
    waiting: Vec<Waker>,
    /// The number of the open group.
    open: u64,
    /// Groups below this number are in the log.
    settled: u64,
    failed: bool,
}

impl Commits {
    /// - `signs`: whether each group is signed before it is acknowledged.
    pub(crate) fn new(
        guard: Guard,
        durability: Durability,
        signs: bool,
        metrics: Arc<Metrics>,
    ) -> Self {
        Self(Arc::new(Shared {
            guard,
            durability,
            rounds: if signs { MAX_ROUNDS } else { MAX_ROUNDS_UNSIGNED },
            metrics,
            batch: Mutex::default(),
            order: tokio::sync::Mutex::default(),
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

    /// Puts outcomes into the log with the next group, in a few milliseconds at the latest.
    ///
    /// # Errors
    /// [`WireError::NotLogged`] if the log failed before.
    pub(crate) fn later(&self, mut outcomes: Vec<Outcome>) -> Result<(), WireError> {
        self.stage_later(|batch| batch.outcomes.append(&mut outcomes))
    }

    /// Puts an event that nobody waits for into the log, as late.
    ///
    /// # Errors
    /// As [`later`](Self::later).
    pub(crate) fn event_later(&self, event: Event) -> Result<(), WireError> {
        self.stage_later(|batch| batch.events.push(event))
    }

    fn stage_later(&self, stage: impl FnOnce(&mut Batch)) -> Result<(), WireError> {
        let mut batch = self.lock();
        if batch.failed {
            return Err(WireError::NotLogged);
        }
        stage(&mut batch);
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
            self.gather().await;
            self.write().await;
        }
    }

    /// Lets tasks that are ready stage their events first, as long as some do: a look at the
    /// sockets costs a microsecond, a write two, a signature twenty.
    async fn gather(&self) {
        let mut before = 0;
        for _ in 0..self.0.rounds {
            let staged = self.lock().events.len();
            if staged == before {
                return;
            }
            before = staged;
            tokio::task::yield_now().await;
        }
    }

    /// Writes the open group.
    pub(crate) async fn write(&self) {
        let _order = self.0.order.lock().await;
        let (staged, outcomes, group) = {
            let mut batch = self.lock();
            let group = batch.open;
            batch.open = group.wrapping_add(1);
            (std::mem::take(&mut batch.events), std::mem::take(&mut batch.outcomes), group)
        };
        // Their decisions are in earlier groups; the end of their session may be in this one.
        let mut events = Outcome::events(&outcomes, system::now());
        events.extend(staged);
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

#[cfg(test)]
mod tests {
    use std::sync::atomic::Ordering;

    use placet::audit::EventKind;
    use placet::crypto::{KeyName, NamedSigningKey, SigningKey};
    use placet::engine::OutcomeState;
    use placet_guard::{AuditOptions, Options};

    use super::*;

    fn key() -> NamedSigningKey {
        NamedSigningKey::new(KeyName::parse("t").unwrap(), SigningKey::from_seed(&[7; 32]))
    }

    fn open(dir: &std::path::Path, durability: Durability) -> (Commits, Arc<Metrics>) {
        let mut audit = AuditOptions::new(dir, "w", key());
        audit.durability = durability;
        let guard = Guard::open(Options::shipped("baseline").audit(audit)).unwrap();
        let metrics = Arc::new(Metrics::default());
        (Commits::new(guard, durability, true, Arc::clone(&metrics)), metrics)
    }

    fn event() -> Event {
        let body = serde_json::json!({ "finding": "test" });
        Event::new(EventKind::Finding, system::now(), &body).unwrap()
    }

    fn ended() -> Vec<Outcome> {
        vec![Outcome {
            decision_id: "d".into(),
            state: OutcomeState::Completed,
            rows_out: 1,
            rows_changed: None,
            masked_cells: 0,
        }]
    }

    /// How many outcomes a log tells of.
    fn outcomes(dir: &std::path::Path) -> usize {
        let mut count = 0;
        placet_store::for_each_leaf(dir, |_, line| {
            let leaf: serde_json::Value = serde_json::from_slice(line).unwrap();
            count += match leaf["outcomes"].as_array() {
                Some(many) => many.len(),
                None => usize::from(leaf["type"] == "outcome"),
            };
            std::ops::ControlFlow::Continue(())
        })
        .unwrap();
        count
    }

    fn run<F: Future>(work: F) -> F::Output {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        runtime.block_on(work)
    }

    #[test]
    fn ready_sessions_share_a_group() {
        for durability in [Durability::Buffered, Durability::Durable] {
            let dir = tempfile::tempdir().unwrap();
            let (commits, metrics) = open(dir.path(), durability);
            run(async {
                let writer = tokio::spawn(commits.clone().run());
                let sessions: Vec<_> = (0..50)
                    .map(|_| {
                        let commits = commits.clone();
                        tokio::spawn(async move {
                            commits.append(vec![event()]).await.unwrap();
                            commits.later(ended()).unwrap();
                        })
                    })
                    .collect();
                for session in sessions {
                    session.await.unwrap();
                }
                tokio::time::sleep(10 * LATEST).await;
                writer.abort();
            });
            let groups = metrics.audit_groups.load(Ordering::Relaxed);
            assert!((2..=10).contains(&groups), "{groups}");
            let events = metrics.audit_events.load(Ordering::Relaxed);
            assert!((51..=50 + groups).contains(&events), "outcomes share leaves: {events}");
            assert_eq!(outcomes(dir.path()), 50);
            let (guard, key) = (&commits.0.guard, key().verifying_key());
            guard.close().unwrap();
            let options = placet_store::VerifyOptions::default();
            let report = placet_store::verify(dir.path(), &key, &options).unwrap();
            assert_eq!(report.state, placet::audit::State::ClosedClean);
        }
    }

    #[test]
    fn a_log_that_fails_lets_nothing_pass() {
        let dir = tempfile::tempdir().unwrap();
        let (commits, metrics) = open(dir.path(), Durability::Buffered);
        run(async {
            let writer = tokio::spawn(commits.clone().run());
            commits.append(vec![event()]).await.unwrap();
            commits.0.guard.close().unwrap();
            for _ in 0..3 {
                assert_eq!(commits.append(vec![event()]).await, Err(WireError::NotLogged));
            }
            assert_eq!(commits.later(ended()), Err(WireError::NotLogged));
            writer.abort();
        });
        assert_eq!(metrics.audit_failures.load(Ordering::Relaxed), 1);
    }
}
