//! A session between two sockets: reads, lets the session of the core work, logs, writes.
//!
//! One task. Both directions flow on their own, so that neither waits for a buffer that only the
//! other could empty. Reading goes on only while what was read before could be passed on.

use std::cell::RefCell;
use std::future::{Future as _, poll_fn};
use std::io;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use placet::command::{Dialect, Protocol};
use placet::primitives::Timestamp;
use placet::schema::SqlSession;
use placet::wire::postgres::startup::CancelKey;
use placet::wire::postgres::{Session, Start, Turn, Waiting};
use placet_guard::{Peer, SessionJudge};
use placet_store::system;
use tokio::io::{AsyncRead as _, AsyncWrite as _, ReadBuf};
use tokio::sync::{mpsc, watch};
use tokio::time::Instant;

use crate::cancel::Cancelled;
use crate::commit::Commits;
use crate::door::{Door, Phase, Target};
use crate::judge::CountingJudge;
use crate::login::{Opened, said, told};
use crate::metrics::{Gauge, Metrics, add};
use crate::say::say;
use crate::stream::Stream;
use crate::upstream;

/// Bytes of one read.
const READ_BYTES: usize = 64 * 1024;

/// Bytes that wait for one side before the other is read no more.
const HIGH_WATER: usize = 256 * 1024;

/// How often a session that waits for people looks for their answers.
const TICK: Duration = Duration::from_millis(200);

/// The search path of a server that nobody changed.
const DEFAULT_PATH: &str = "\"$user\", public";

/// How often the clock is looked at, for tokens that end.
const CLOCK: Duration = Duration::from_secs(60);

/// How long the last words of a session may take.
const LAST_WORDS: Duration = Duration::from_secs(1);

thread_local! {
    /// One buffer a worker: an idle session holds none.
    static SCRATCH: RefCell<Vec<u8>> = RefCell::new(vec![0; READ_BYTES]);
}

/// Why a session ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// The client went away.
    Client,
    /// The server went away.
    Server,
    /// The session ended in order, or for what one side sent.
    Session,
    /// The log takes no events.
    Log,
    /// The proxy stops.
    Shutdown,
    /// The token ended.
    Token,
}

impl End {
    /// The word of the log.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Client => "client_gone",
            Self::Server => "server_gone",
            Self::Session => "closed",
            Self::Log => "log_failed",
            Self::Shutdown => "shutdown",
            Self::Token => "token_ended",
        }
    }
}

/// What happened.
enum Seen {
    Turn(Turn),
    ClientGone,
    ServerGone,
    Tick,
    Cancelled(Cancelled),
    Closing,
    TokenEnded,
}

/// Bytes on their way to one side.
#[derive(Default)]
struct Queue {
    bytes: Vec<u8>,
    sent: usize,
    unflushed: bool,
}

impl Queue {
    fn push(&mut self, bytes: Vec<u8>) {
        if bytes.is_empty() {
            return;
        }
        if self.len() == 0 {
            self.bytes = bytes;
            self.sent = 0;
        } else {
            self.bytes.extend_from_slice(&bytes);
        }
    }

    const fn len(&self) -> usize {
        self.bytes.len().saturating_sub(self.sent)
    }

    fn poll_send(&mut self, cx: &mut Context<'_>, to: &mut Stream) -> Poll<io::Result<()>> {
        while let Some(bytes) = self.bytes.get(self.sent..).filter(|bytes| !bytes.is_empty()) {
            let count = ready!(Pin::new(&mut *to).poll_write(cx, bytes))?;
            if count == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.sent = self.sent.saturating_add(count);
            self.unflushed = true;
        }
        // What was sent is not kept: an idle session holds no buffers.
        self.bytes = Vec::new();
        self.sent = 0;
        if self.unflushed {
            ready!(Pin::new(to).poll_flush(cx))?;
            self.unflushed = false;
        }
        Poll::Ready(Ok(()))
    }
}

/// A session of the core with who decides for it.
pub(crate) struct Talk {
    pub(crate) session: Session,
    pub(crate) judge: CountingJudge,
}

impl Talk {
    /// The session of the core for a session that was opened on both sides.
    pub(crate) fn new(door: &Door, opened: &Opened, id: &str) -> Self {
        let target = &opened.target;
        let peer = Peer {
            principal: opened.identity.principal.clone(),
            authn: opened.identity.authn.clone(),
            resource: target.resource.clone(),
            database: Some(target.database.clone()),
            session_id: id.to_owned(),
        };
        let judge = SessionJudge::new(target.guard.clone(), Protocol::Sql(Dialect::Postgres), peer);
        let told = |name: &str| {
            let parameters = opened.server.ready.parameters.iter();
            parameters.rev().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
        };
        let strings = told("standard_conforming_strings").map(|value| value == "on");
        let session =
            SqlSession { standard_conforming_strings: strings, ..SqlSession::server_defaults() };
        let search_path_unknown = opened.server.ready.search_path != DEFAULT_PATH;
        let seconds = |time: Option<Duration>| {
            time.map_or(0, |time| u32::try_from(time.as_secs()).unwrap_or(u32::MAX))
        };
        let approvals = door.approvals.as_ref();
        let waiting = Waiting {
            seconds: seconds(approvals.and_then(|approvals| approvals.wait)),
            in_transaction_seconds: seconds(
                approvals.and_then(|approvals| approvals.wait_in_transaction),
            ),
        };
        let session = Session::new(Start {
            catalog: target.catalog.clone(),
            session,
            search_path_unknown,
            hash_key: door.hash_key.clone(),
            waiting,
        });
        Self { session, judge: CountingJudge::new(judge, Arc::clone(&door.metrics)) }
    }

    fn on_client(&mut self, bytes: &[u8]) -> Turn {
        self.session.on_client(bytes, &mut self.judge, system::now())
    }

    fn on_server(&mut self, bytes: &[u8]) -> Turn {
        self.session.on_server(bytes, &mut self.judge, system::now())
    }
}

/// Both sides and what lies between them.
pub(crate) struct Relay {
    pub(crate) client: Stream,
    pub(crate) server: Stream,
    pub(crate) talk: Talk,
    pub(crate) commits: Commits,
    pub(crate) phase: watch::Receiver<Phase>,
    pub(crate) cancels: mpsc::Receiver<Cancelled>,
    pub(crate) target: Arc<Target>,
    /// The key of this session at the server.
    pub(crate) server_key: Option<CancelKey>,
    pub(crate) metrics: Arc<Metrics>,
    /// When the token ends.
    pub(crate) expires: Option<Timestamp>,
}

impl Relay {
    /// Relays until one side ends, then closes both.
    ///
    /// - `welcome`: for the client, before everything else.
    /// - `from_client`, `from_server`: what came before.
    pub(crate) async fn run(
        &mut self,
        welcome: Vec<u8>,
        from_client: Vec<u8>,
        from_server: Vec<u8>,
    ) -> End {
        let (mut to_client, mut to_server) = (Queue::default(), Queue::default());
        to_client.push(welcome);
        let end = self.relay(&mut to_client, &mut to_server, from_client, from_server).await;
        let words = match end {
            End::Client | End::Session | End::Shutdown | End::Token => None,
            End::Server => Some(("08006", "the server closed the connection", "connect again")),
            End::Log => Some((
                "58000",
                "the log takes no events, so nothing is forwarded",
                "see to the log of the gateway",
            )),
        };
        if let Some((sqlstate, message, hint)) = words {
            to_client.push(said(sqlstate, message, hint));
        }
        self.talk.session.end(&mut self.talk.judge);
        let last = async {
            let _ = poll_fn(|cx| to_client.poll_send(cx, &mut self.client)).await;
            let _ = poll_fn(|cx| Pin::new(&mut self.client).poll_shutdown(cx)).await;
            let _ = poll_fn(|cx| to_server.poll_send(cx, &mut self.server)).await;
            let _ = poll_fn(|cx| Pin::new(&mut self.server).poll_shutdown(cx)).await;
        };
        // Whoever does not take its last words goes without.
        let _ = tokio::time::timeout(LAST_WORDS, last).await;
        // A server that runs a command sees its client go only when it writes: it is told.
        if matches!(end, End::Client | End::Log) {
            self.cancel_at_server(None);
        }
        end
    }

    async fn relay(
        &mut self,
        to_client: &mut Queue,
        to_server: &mut Queue,
        from_client: Vec<u8>,
        from_server: Vec<u8>,
    ) -> End {
        for (bytes, server) in [(from_server, true), (from_client, false)] {
            if bytes.is_empty() {
                continue;
            }
            let talk = &mut self.talk;
            let turn = if server { talk.on_server(&bytes) } else { talk.on_client(&bytes) };
            if let Err(end) = self.settle(turn, to_client, to_server).await {
                return end;
            }
        }
        let mut closing = pin!(closing(self.phase.clone()));
        let mut ended = pin!(ended(self.expires));
        let mut tick = pin!(tokio::time::sleep(TICK));
        let metrics = Arc::clone(&self.metrics);
        let mut waits = None;
        loop {
            let held = self.talk.session.is_held();
            if held != waits.is_some() {
                waits = held.then(|| Gauge::up(&metrics.held));
            }
            if held && tick.is_elapsed() {
                tick.as_mut().reset(Instant::now() + TICK);
            }
            let seen = poll_fn(|cx| {
                if let Poll::Ready(Err(_)) = to_server.poll_send(cx, &mut self.server) {
                    return Poll::Ready(Seen::ServerGone);
                }
                if let Poll::Ready(Err(_)) = to_client.poll_send(cx, &mut self.client) {
                    return Poll::Ready(Seen::ClientGone);
                }
                if to_client.len() < HIGH_WATER {
                    let talk = &mut self.talk;
                    match poll_bytes(cx, &mut self.server, |bytes| talk.on_server(bytes)) {
                        Poll::Ready(Some(turn)) => return Poll::Ready(Seen::Turn(turn)),
                        Poll::Ready(None) => return Poll::Ready(Seen::ServerGone),
                        Poll::Pending => {}
                    }
                }
                if to_server.len() < HIGH_WATER && self.talk.session.wants_client() {
                    let talk = &mut self.talk;
                    match poll_bytes(cx, &mut self.client, |bytes| talk.on_client(bytes)) {
                        Poll::Ready(Some(turn)) => return Poll::Ready(Seen::Turn(turn)),
                        Poll::Ready(None) => return Poll::Ready(Seen::ClientGone),
                        Poll::Pending => {}
                    }
                }
                if held && tick.as_mut().poll(cx).is_ready() {
                    return Poll::Ready(Seen::Tick);
                }
                if let Poll::Ready(Some(cancelled)) = self.cancels.poll_recv(cx) {
                    return Poll::Ready(Seen::Cancelled(cancelled));
                }
                if ended.as_mut().poll(cx).is_ready() {
                    return Poll::Ready(Seen::TokenEnded);
                }
                closing.as_mut().poll(cx).map(|()| Seen::Closing)
            })
            .await;
            let Talk { session, judge } = &mut self.talk;
            let (turn, end) = match seen {
                Seen::Turn(turn) => (turn, End::Session),
                Seen::ClientGone => return End::Client,
                Seen::ServerGone => return End::Server,
                Seen::Tick => (session.on_tick(judge, system::now()), End::Session),
                Seen::Closing => {
                    (session.on_shutdown(judge, "the gateway shuts down"), End::Shutdown)
                }
                Seen::TokenEnded => (session.on_shutdown(judge, "the token has ended"), End::Token),
                Seen::Cancelled(done) => match session.on_cancel(judge, system::now()) {
                    None => {
                        self.cancel_at_server(Some(done));
                        continue;
                    }
                    // Answered by dropping it.
                    Some(turn) => (turn, End::Session),
                },
            };
            if let Err(ended) = self.settle(turn, to_client, to_server).await {
                return if ended == End::Session { end } else { ended };
            }
        }
    }

    /// The log first, then the bytes.
    async fn settle(
        &self,
        mut turn: Turn,
        to_client: &mut Queue,
        to_server: &mut Queue,
    ) -> Result<(), End> {
        let outcomes = turn.take_outcomes();
        if !outcomes.is_empty() {
            let masked = outcomes.iter().map(|outcome| outcome.masked_cells).sum();
            add(&self.metrics.masked_cells, masked);
            self.commits.later(outcomes).map_err(|_| End::Log)?;
        }
        if !turn.is_logged() {
            self.commits.append(turn.take_decisions()).await.map_err(|_| End::Log)?;
        }
        let out = turn.release().map_err(|_| End::Log)?;
        to_server.push(out.to_server);
        to_client.push(out.to_client);
        if out.close { Err(End::Session) } else { Ok(()) }
    }

    /// Asks the server to stop what this session runs there.
    fn cancel_at_server(&self, done: Option<Cancelled>) {
        let Some(key) = self.server_key.clone() else { return };
        let (target, metrics) = (Arc::clone(&self.target), Arc::clone(&self.metrics));
        tokio::spawn(async move {
            if let Err(error) = upstream::cancel(&target, &key).await {
                add(&metrics.upstream_errors, 1);
                say(format_args!("database {}: cancel: {}", target.name, told(&error)));
            }
            // The connection of the cancel request may be gone.
            let _ = done.map(|done| done.send(()));
        });
    }
}

/// Done when sessions are to be closed.
async fn closing(mut phase: watch::Receiver<Phase>) {
    if phase.wait_for(|phase| *phase >= Phase::Closing).await.is_err() {
        // Nobody can change it any more.
        std::future::pending::<()>().await;
    }
}

/// Done when the token ends.
async fn ended(expires: Option<Timestamp>) {
    let Some(expires) = expires else { return std::future::pending().await };
    loop {
        let left = expires.unix_millis().saturating_sub(system::now().unix_millis());
        let Some(left) = u64::try_from(left).ok().filter(|left| *left > 0) else { return };
        // The clock may be set meanwhile: it is looked at again.
        tokio::time::sleep(Duration::from_millis(left).min(CLOCK)).await;
    }
}

/// Reads what is there and hands it on; `None` where the stream ended.
fn poll_bytes(
    cx: &mut Context<'_>,
    from: &mut Stream,
    take: impl FnOnce(&[u8]) -> Turn,
) -> Poll<Option<Turn>> {
    SCRATCH.with_borrow_mut(|scratch| {
        let mut buffer = ReadBuf::new(scratch);
        match ready!(Pin::new(from).poll_read(cx, &mut buffer)) {
            Ok(()) if !buffer.filled().is_empty() => Poll::Ready(Some(take(buffer.filled()))),
            Ok(()) | Err(_) => Poll::Ready(None),
        }
    })
}
