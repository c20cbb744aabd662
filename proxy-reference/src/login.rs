//! From an accepted connection to a session: TLS, start-up message, token, server.

use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use placet::wire::WireError;
use placet::wire::postgres::startup::{CancelKey, ClientEvent, ClientStartup, Startup, Token};
use placet::wire::postgres::{Complaint, reply};
use placet_store::system;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::{mpsc, oneshot};
use tokio_rustls::TlsAcceptor;
use zeroize::Zeroizing;

use crate::agents::Identity;
use crate::cancel::{self, Cancelled, Registered};
use crate::door::{Door, Target};
use crate::metrics::add;
use crate::say::say;
use crate::stream::{Stream, prepare};
use crate::tls::ALPN;
use crate::upstream::{self, NoServer, Server};

/// How long a wrong token waits for its answer.
const WRONG_TOKEN_TIME: Duration = Duration::from_millis(300);

/// How long a cancel request waits to be passed on.
const CANCEL_TIME: Duration = Duration::from_secs(15);

/// A session that was opened on both sides; its client was not yet told.
pub(crate) struct Opened {
    pub(crate) client: Stream,
    pub(crate) server: Server,
    pub(crate) identity: Identity,
    pub(crate) target: Arc<Target>,
    /// What the client sent behind its token.
    pub(crate) early: Vec<u8>,
    /// The key that the client is told; `None` where the server gave none.
    pub(crate) key: Option<Registered>,
    /// Cancel requests that come for this session.
    pub(crate) cancels: mpsc::Receiver<Cancelled>,
    _count: Counted,
}

/// One of the sessions that may be open at a time.
struct Counted(Arc<Door>);

impl Counted {
    fn one_more(door: &Arc<Door>) -> Option<Self> {
        let before = door.sessions.fetch_add(1, Ordering::Relaxed);
        let counted = Self(Arc::clone(door));
        (before < door.max_sessions).then_some(counted)
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.sessions.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Answers a connection up to the point where both sides are logged in. `None` where there is no
/// session: a cancel request, a refusal, a client that went away.
pub(crate) async fn login(door: &Arc<Door>, tcp: TcpStream) -> Option<Opened> {
    add(&door.metrics.connections, 1);
    let asked = tokio::time::timeout(door.login_time, ask(door, tcp)).await;
    let (stream, startup, token, early) = match asked {
        Ok(Ok(Asked::Login { stream, startup, token, early })) => (stream, startup, token, early),
        Ok(Ok(Asked::Cancel(key))) => {
            forward_cancel(door, &key).await;
            return None;
        }
        // A client that went away, or that took too long: nobody to tell, nothing to say.
        Ok(Ok(Asked::Nothing) | Err(_)) | Err(_) => return None,
    };
    let mut stream = stream;
    match open(door, &startup, &token).await {
        Ok((identity, target, server, count)) => {
            let (session, cancels) = mpsc::channel(4);
            let key = server.ready.key.as_ref().and_then(|_| {
                door.cancels.register(startup.cancel_key_bytes(), cancel::Target { session })
            });
            Some(Opened {
                client: stream,
                server,
                identity,
                target,
                early,
                key,
                cancels,
                _count: count,
            })
        }
        Err(message) => {
            farewell(&mut stream, &message).await;
            None
        }
    }
}

/// Sends a last message; whoever does not take it in a second goes without.
pub(crate) async fn farewell(stream: &mut Stream, message: &[u8]) {
    let sending = async {
        stream.write_all(message).await?;
        stream.flush().await?;
        stream.shutdown().await
    };
    // The client may be gone.
    let _ = tokio::time::timeout(Duration::from_secs(1), sending).await;
}

/// What a connection is for.
enum Asked {
    Login {
        stream: Stream,
        startup: Startup,
        token: Token,
        early: Vec<u8>,
    },
    Cancel(CancelKey),
    /// It ended before it said.
    Nothing,
}

async fn handshake(acceptor: &TlsAcceptor, tcp: TcpStream, direct: bool) -> io::Result<Stream> {
    let stream = acceptor.accept(tcp).await?;
    // PostgreSQL documentation, "SSL Session Encryption": without an SSLRequest the client must
    // name the protocol, so that no other protocol's client can be led here.
    if direct && stream.get_ref().1.alpn_protocol() != Some(ALPN) {
        return Err(io::Error::other("no protocol was named"));
    }
    Ok(Stream::FromClient(Box::new(stream)))
}

async fn ask(door: &Arc<Door>, tcp: TcpStream) -> io::Result<Asked> {
    prepare(&tcp)?;
    let mut first = [0; 1];
    let peeked = tcp.peek(&mut first).await?;
    let (mut stream, mut startup) = match &door.tls {
        // The first byte of a TLS handshake, which is no length of a start-up packet.
        Some(acceptor) if peeked == 1 && first == [0x16] => {
            let stream = handshake(acceptor, tcp, true).await?;
            (stream, ClientStartup::new_secured(Arc::clone(&door.terms)))
        }
        _ => (Stream::Plain(tcp), ClientStartup::new(Arc::clone(&door.terms))),
    };
    let mut buffer = Zeroizing::new([0; 4096]);
    loop {
        let error = match startup.next_event() {
            Ok(None) => {
                let count = stream.read(&mut *buffer).await?;
                match buffer.get(..count) {
                    Some(bytes) if count > 0 => startup.push(bytes),
                    _ => return Ok(Asked::Nothing),
                }
                continue;
            }
            Ok(Some(ClientEvent::Send(bytes))) => {
                stream.write_all(&bytes).await?;
                stream.flush().await?;
                continue;
            }
            // What came behind the request already is refused before it is answered.
            Ok(Some(ClientEvent::StartTls(bytes))) => match startup.next_event() {
                Err(error) => error,
                Ok(_) => {
                    let (Some(acceptor), Stream::Plain(mut tcp)) = (&door.tls, stream) else {
                        return Ok(Asked::Nothing);
                    };
                    tcp.write_all(&bytes).await?;
                    stream = handshake(acceptor, tcp, false).await?;
                    match startup.secured() {
                        Ok(()) => continue,
                        Err(error) => error,
                    }
                }
            },
            Ok(Some(ClientEvent::Cancel(key))) => return Ok(Asked::Cancel(key)),
            Ok(Some(ClientEvent::Login(asked, token))) => {
                let early = startup.rest().to_vec();
                return Ok(Asked::Login { stream, startup: asked, token, early });
            }
            Err(error) => error,
        };
        add(&door.metrics.logins_refused, 1);
        let message = reply::fatal(&error, startup.place());
        say(format_args!("login refused: {} {error} ({})", error.code(), startup.place()));
        farewell(&mut stream, &message).await;
        return Ok(Asked::Nothing);
    }
}

type Open = (Identity, Arc<Target>, Server, Counted);

/// Checks the token and opens the session at the server; the message for the client where either
/// fails.
async fn open(door: &Arc<Door>, startup: &Startup, token: &Token) -> Result<Open, Vec<u8>> {
    let Some(identity) = door.agents.find(token, system::now()) else {
        add(&door.metrics.logins_refused, 1);
        tokio::time::sleep(WRONG_TOKEN_TIME).await;
        say(format_args!("login refused: {} {}", WireError::Token.code(), WireError::Token));
        return Err(reply::fatal(&WireError::Token, "the password message"));
    };
    let refused = |sqlstate: &'static str, message: &str, hint: &str| {
        add(&door.metrics.logins_refused, 1);
        say(format_args!("login of {} refused: {message}", identity.principal.id));
        said(sqlstate, message, hint)
    };
    let target = door.databases.get(&startup.database);
    let Some(target) = target.filter(|target| identity.may_use(&target.name)) else {
        let hint = "name a database that the token is for";
        return Err(refused("3D000", "this token opens no database of that name", hint));
    };
    if startup.settings.iter().any(|(name, _)| !target.settings.contains(name)) {
        let error = WireError::Startup { what: "a setting that is not allowed at start-up" };
        add(&door.metrics.logins_refused, 1);
        return Err(reply::fatal(&error, "the start-up message"));
    }
    let Some(count) = Counted::one_more(door) else {
        return Err(refused("53300", "too many sessions at this gateway", "try again later"));
    };
    match upstream::open(target, &startup.settings).await {
        Ok(server) => Ok((identity, Arc::clone(target), server, count)),
        Err(error) => {
            add(&door.metrics.upstream_errors, 1);
            say(format_args!("database {}: {}", target.name, told(&error)));
            Err(no_server(&error))
        }
    }
}

/// The message that ends a session.
pub(crate) fn said(sqlstate: &'static str, message: &str, hint: &str) -> Vec<u8> {
    let mut out = Vec::new();
    let complaint = Complaint { hint: Some(hint), ..Complaint::fatal(sqlstate, message) };
    // These texts are a few hundred bytes.
    let _ = complaint.put(&mut out);
    out
}

/// For whoever runs the proxy.
pub(crate) fn told(error: &NoServer) -> String {
    match error {
        NoServer::Unreachable(error) => format!("the server cannot be reached: {}", error.kind()),
        NoServer::Slow => "the server does not answer in time".to_owned(),
        NoServer::NoTls => "the server has no TLS, and `tls` asks for it".to_owned(),
        NoServer::Wire(error, place) => format!("{} {error} ({place})", error.code()),
        NoServer::Refused(sqlstate) => format!("the server refuses the session: {sqlstate}"),
    }
}

/// For the client: which server it is, who logs in there and what it said is not for it.
fn no_server(error: &NoServer) -> Vec<u8> {
    let hint = "tell whoever runs the gateway";
    match error {
        NoServer::Refused(sqlstate) => {
            let (sqlstate, message) = match sqlstate.get(..2) {
                Some("53") => ("53300", "the server has no room for another session"),
                Some("57") => ("57P03", "the server takes no sessions now"),
                Some("22") => ("22023", "the server refuses a setting of the start-up"),
                // With its own code the client would doubt its token.
                _ => ("08004", "the server refuses the gateway"),
            };
            said(sqlstate, message, hint)
        }
        NoServer::Wire(..) | NoServer::NoTls => {
            said("08004", "the gateway does not go on with the server", hint)
        }
        NoServer::Unreachable(_) | NoServer::Slow => {
            said("08001", "the server cannot be reached", hint)
        }
    }
}

/// Lets the session of this key cancel, and waits until it did: a client sends its next command
/// when this connection ends.
async fn forward_cancel(door: &Door, key: &CancelKey) {
    let Some(found) = door.cancels.find(key) else { return };
    let (done, passed_on) = oneshot::channel();
    if found.session.try_send(done).is_ok() {
        add(&door.metrics.cancels, 1);
        let _ = tokio::time::timeout(CANCEL_TIME, passed_on).await;
    }
}
