//! The process: listener, workers, signals, reload, the way out.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::{Builder, Runtime};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{mpsc, watch};
use tokio::time::Instant;

use crate::admin;
use crate::config::Config;
use crate::door::{Door, Parts, Phase};
use crate::error::ProxyError;
use crate::metrics::add;
use crate::say::say;
use crate::session::Sessions;

/// Connections that are not sessions yet, beyond the bound on sessions.
const MAX_LOGINS: usize = 256;

/// How often the logs say that they live, at most.
const HEARTBEAT: Duration = Duration::from_secs(10);

/// How long sessions take to say goodbye once they are closed.
const FAREWELL: Duration = Duration::from_secs(3);

/// Looks at everything that a configuration names: files, secrets, certificates, bundle. Listens
/// nowhere, connects to nothing, and leaves the rollback state and the logs as they are.
///
/// # Errors
/// Every problem at once.
pub fn check(config: &Config) -> Result<(), Vec<ProxyError>> {
    Parts::read(config, true).map(drop)
}

/// Runs the proxy until SIGTERM or SIGINT. SIGHUP reads the bundle again.
///
/// # Errors
/// What keeps it from starting, all problems at once; or a log that could not be closed.
pub fn run(config: &Config) -> Result<(), Vec<ProxyError>> {
    let (phases, phase) = watch::channel(Phase::Running);
    let runtime = runtime().map_err(|error| vec![error])?;
    // Addresses first: they fail without having written anything.
    let (listener, admin) = runtime.block_on(listeners(config)).map_err(|error| vec![error])?;
    let door = Arc::new(Door::open(config, phase)?);
    let workers = (0..config.workers)
        .map(|number| worker(number, Arc::clone(&door)))
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| vec![error])?;
    let (feeds, threads): (Vec<_>, Vec<_>) = workers.into_iter().unzip();
    let result = runtime.block_on(serve(config, &door, listener, admin, feeds, &phases));
    for thread in threads {
        // A worker that panicked has said so.
        let _ = thread.join();
    }
    for target in door.databases.values() {
        if let Err(error) = target.guard.close() {
            return Err(vec![error.into()]);
        }
    }
    say(format_args!("stopped"));
    result.map_err(|error| vec![error])
}

fn runtime() -> Result<Runtime, ProxyError> {
    let cannot = |error: std::io::Error| {
        ProxyError::new(
            "API054",
            format!("no runtime: {error}"),
            "see to the limits of the process",
        )
    };
    Builder::new_current_thread().enable_io().enable_time().build().map_err(cannot)
}

async fn listen(address: SocketAddr) -> Result<TcpListener, ProxyError> {
    TcpListener::bind(address).await.map_err(|error| {
        let message = format!("cannot listen on {address}: {error}");
        ProxyError::new("API049", message, "take another port, or stop who has this one")
    })
}

async fn listeners(config: &Config) -> Result<(TcpListener, Option<TcpListener>), ProxyError> {
    let listener = listen(config.listen).await?;
    let admin = match config.admin {
        Some(address) => Some(listen(address).await?),
        None => None,
    };
    Ok((listener, admin))
}

type Feed = mpsc::UnboundedSender<std::net::TcpStream>;

/// A thread with a runtime of its own, fed with connections.
fn worker(number: usize, door: Arc<Door>) -> Result<(Feed, thread::JoinHandle<()>), ProxyError> {
    let (feed, mut connections) = mpsc::unbounded_channel::<std::net::TcpStream>();
    let runtime = runtime()?;
    let work = move || {
        runtime.block_on(async move {
            let sessions = Sessions::start(&door);
            let mut phase = door.phase.clone();
            loop {
                tokio::select! {
                    connection = connections.recv() => {
                        let Some(connection) = connection else { break };
                        let Ok(tcp) = TcpStream::from_std(connection) else { continue };
                        sessions.spawn(&door, tcp);
                    }
                    changed = phase.wait_for(|phase| *phase > Phase::Running) => {
                        // Either way nothing more comes.
                        let _ = changed;
                        break;
                    }
                }
            }
            sessions.finish(&door).await;
        });
    };
    let thread = thread::Builder::new().name(format!("worker-{number}")).spawn(work);
    let thread = thread.map_err(|error| {
        ProxyError::new("API054", format!("no thread: {error}"), "see to the limits of the process")
    })?;
    Ok((feed, thread))
}

async fn serve(
    config: &Config,
    door: &Arc<Door>,
    listener: TcpListener,
    admin: Option<TcpListener>,
    feeds: Vec<Feed>,
    phases: &watch::Sender<Phase>,
) -> Result<(), ProxyError> {
    let no_signals = |error: std::io::Error| {
        ProxyError::new("API054", format!("no signals: {error}"), "report it")
    };
    let mut terminate = signal(SignalKind::terminate()).map_err(no_signals)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(no_signals)?;
    let mut hangup = signal(SignalKind::hangup()).map_err(no_signals)?;
    if let Some(admin) = admin {
        tokio::spawn(admin::serve(admin, Arc::clone(door)));
    }
    let mut heartbeat = tokio::time::interval(HEARTBEAT);
    let address = listener.local_addr().unwrap_or(config.listen);
    say(format_args!(
        "listening on {address}{}, {} databases, {} workers",
        if door.tls.is_some() { " with TLS" } else { "" },
        door.databases.len(),
        feeds.len(),
    ));
    let mut next = feeds.iter().cycle();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((tcp, _)) => {
                    let open = door.connections.load(Ordering::Relaxed);
                    let room = open < door.max_sessions.saturating_add(MAX_LOGINS);
                    if let (true, Ok(tcp), Some(feed)) = (room, tcp.into_std(), next.next()) {
                        // A worker that is gone takes nothing; the connection ends here.
                        let _ = feed.send(tcp);
                    }
                }
                // Out of descriptors: the next one may fit.
                Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
            },
            _ = hangup.recv() => reload(door).await,
            _ = terminate.recv() => break,
            _ = interrupt.recv() => break,
            _ = heartbeat.tick() => heartbeats(door),
        }
    }
    drop(listener);
    say(format_args!("stopping: {} sessions", door.sessions.load(Ordering::Relaxed)));
    // A receiver lives in the door.
    let _ = phases.send(Phase::Draining);
    let deadline = Instant::now() + config.drain_time;
    while door.connections.load(Ordering::Relaxed) > 0 && Instant::now() < deadline {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let _ = phases.send(Phase::Closing);
    let deadline = Instant::now() + FAREWELL;
    while door.connections.load(Ordering::Relaxed) > 0 && Instant::now() < deadline {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let _ = phases.send(Phase::Closed);
    Ok(())
}

/// Reads the bundle again, for each database; a refused one leaves the one in force.
async fn reload(door: &Arc<Door>) {
    let mut refused = false;
    for target in door.databases.values() {
        let guard = target.guard.clone();
        let loaded = tokio::task::spawn_blocking(move || guard.reload()).await;
        match loaded {
            Ok(Ok(digest)) => {
                add(&door.metrics.reloads, 1);
                say(format_args!("database {}: bundle {digest}", target.name));
            }
            Ok(Err(error)) => {
                refused = true;
                add(&door.metrics.reloads_refused, 1);
                let (name, code) = (&target.name, error.code());
                say(format_args!("database {name}: bundle refused: {code} {error}"));
            }
            Err(_) => refused = true,
        }
    }
    door.stale_bundle.store(refused, Ordering::Relaxed);
}

fn heartbeats(door: &Door) {
    for target in door.databases.values() {
        let Some(Err(error)) = target.guard.log().map(|log| log.heartbeat()) else { continue };
        add(&door.metrics.audit_failures, 1);
        say(format_args!("database {}: log failed: {} {error}", target.name, error.code()));
    }
}
