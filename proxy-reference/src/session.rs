//! Sessions of one worker: login, the event of opening, the relay, the event of ending.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use placet::audit::{Event, EventKind};
use placet::wire::WireError;
use placet::wire::postgres::reply;
use placet_store::system;
use tokio::net::TcpStream;

use crate::commit::Commits;
use crate::door::{Door, Phase};
use crate::login::{self, Opened, farewell};
use crate::metrics::{Gauge, add};
use crate::relay::{Relay, Talk};

/// The groups of events that a worker's sessions share: one a database, because each has its log.
pub(crate) struct Sessions(HashMap<String, Commits>);

impl Sessions {
    /// Starts the tasks that write the groups.
    pub(crate) fn start(door: &Door) -> Self {
        let commits = door.databases.values().map(|target| {
            let (guard, metrics) = (target.guard.clone(), Arc::clone(&door.metrics));
            let commits = Commits::new(guard, door.durability, door.signs, metrics);
            tokio::spawn(commits.clone().run());
            (target.name.clone(), commits)
        });
        Self(commits.collect())
    }

    /// Serves one connection in a task of its own.
    pub(crate) fn spawn(&self, door: &Arc<Door>, tcp: TcpStream) {
        let connection = Connection::new(door);
        let all = self.0.clone();
        tokio::spawn(async move {
            let door = &connection.0;
            let Some(opened) = login::login(door, tcp).await else { return };
            if let Some(commits) = all.get(&opened.target.name) {
                serve(door, commits, opened).await;
            }
        });
    }

    /// Waits for the sessions to end, and puts the last events into the logs.
    pub(crate) async fn finish(&self, door: &Door) {
        while door.connections.load(Ordering::Relaxed) > 0 && *door.phase.borrow() < Phase::Closed {
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
        for commits in self.0.values() {
            commits.write().await;
        }
    }
}

/// One of the connections that are open.
struct Connection(Arc<Door>);

impl Connection {
    fn new(door: &Arc<Door>) -> Self {
        door.connections.fetch_add(1, Ordering::Relaxed);
        Self(Arc::clone(door))
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.0.connections.fetch_sub(1, Ordering::Relaxed);
    }
}

async fn serve(door: &Door, commits: &Commits, opened: Opened) {
    let mut opened = opened;
    let mut id = [0; 8];
    if getrandom::fill(&mut id).is_err() {
        return;
    }
    let id: String = id.iter().map(|byte| format!("{byte:02x}")).collect();
    let body = serde_json::json!({
        "session": id,
        "enforcement": door.enforcement,
        "authn": opened.identity.authn,
        "principal": opened.identity.principal,
        "resource": opened.target.resource,
    });
    let logged = match Event::new(EventKind::SessionOpen, system::now(), &body) {
        Ok(event) => commits.append(vec![event]).await,
        Err(_) => Err(WireError::NotLogged),
    };
    let key = opened.key.as_ref().map(|key| (key.process, key.key.as_slice()));
    let welcome = logged.and_then(|()| reply::welcome(&opened.server.ready.parameters, key));
    let welcome = match welcome {
        Ok(welcome) => welcome,
        Err(error) => {
            farewell(&mut opened.client, &reply::fatal(&error, "the start-up")).await;
            return;
        }
    };
    add(&door.metrics.sessions, 1);
    let _open = Gauge::up(&door.metrics.sessions_open);
    let talk = Talk::new(door, &opened, &id);
    let expires = opened.identity.expires;
    let Opened { client, server, target, early, key, cancels, .. } = opened;
    let mut relay = Relay {
        client,
        server: server.stream,
        talk,
        commits: commits.clone(),
        phase: door.phase.clone(),
        cancels,
        target,
        server_key: server.ready.key,
        metrics: Arc::clone(&door.metrics),
        expires,
    };
    let end = relay.run(welcome, early, server.rest).await;
    drop(key);
    let body = serde_json::json!({
        "session": id,
        "end": end.name(),
        "counters": relay.talk.session.counts(),
    });
    if let Ok(event) = Event::new(EventKind::SessionEnd, system::now(), &body) {
        // A log that failed has said so.
        let _ = commits.event_later(event);
    }
}
