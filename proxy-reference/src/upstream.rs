//! Connections to servers: TCP, TLS, login, cancel requests.

use std::io;
use std::time::Duration;

use placet::wire::WireError;
use placet::wire::postgres::scram::NONCE_BYTES;
use placet::wire::postgres::startup::CancelKey;
use placet::wire::postgres::upstream::{
    Ready, SSL_REQUEST, ServerEvent, ServerStartup, cancel_request,
};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::door::Target;
use crate::stream::{Stream, prepare};

/// How long a connection and the login on it may take.
const CONNECT_TIME: Duration = Duration::from_secs(15);

/// Why there is no session at a server.
#[derive(Debug)]
pub(crate) enum NoServer {
    /// It cannot be reached, or hung up.
    Unreachable(io::Error),
    /// It took too long.
    Slow,
    /// It has no TLS, and the configuration asks for it.
    NoTls,
    /// It sent what is not in the protocol, or wants to be logged in to otherwise.
    Wire(WireError, &'static str),
    /// It refused the session, with this SQLSTATE.
    Refused(String),
}

impl From<io::Error> for NoServer {
    fn from(error: io::Error) -> Self {
        Self::Unreachable(error)
    }
}

/// A session at a server that is ready for queries.
pub(crate) struct Server {
    pub(crate) stream: Stream,
    pub(crate) ready: Ready,
    /// What came behind `ReadyForQuery`.
    pub(crate) rest: Vec<u8>,
}

/// Opens a session.
pub(crate) async fn open(
    target: &Target,
    settings: &[(String, String)],
) -> Result<Server, NoServer> {
    let opening = login(target, settings);
    tokio::time::timeout(CONNECT_TIME, opening).await.unwrap_or(Err(NoServer::Slow))
}

async fn login(target: &Target, settings: &[(String, String)]) -> Result<Server, NoServer> {
    let mut stream = connect(target).await?;
    let mut random = [0; NONCE_BYTES];
    getrandom::fill(&mut random).map_err(|_| io::Error::other("no random source"))?;
    let credentials = target.credentials.clone();
    let (mut startup, packet) = ServerStartup::new(credentials, &target.database, settings, random)
        .map_err(|error| NoServer::Wire(error, "the start-up message"))?;
    stream.write_all(&packet).await?;
    stream.flush().await?;
    let mut buffer = [0; 4096];
    loop {
        match startup.next_event() {
            Ok(None) => {
                let count = stream.read(&mut buffer).await?;
                match buffer.get(..count) {
                    Some(bytes) if count > 0 => startup.push(bytes),
                    _ => return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into()),
                }
            }
            Ok(Some(ServerEvent::Send(bytes))) => {
                let bytes = zeroize::Zeroizing::new(bytes);
                stream.write_all(&bytes).await?;
                stream.flush().await?;
            }
            Ok(Some(ServerEvent::Refused(sqlstate))) => return Err(NoServer::Refused(sqlstate)),
            Ok(Some(ServerEvent::Ready(ready))) => {
                let rest = startup.rest().to_vec();
                return Ok(Server { stream, ready, rest });
            }
            Err(error) => return Err(NoServer::Wire(error, startup.place())),
        }
    }
}

async fn connect(target: &Target) -> Result<Stream, NoServer> {
    let mut tcp = TcpStream::connect(&target.address).await?;
    prepare(&tcp)?;
    let Some(tls) = &target.tls else { return Ok(Stream::Plain(tcp)) };
    tcp.write_all(&SSL_REQUEST).await?;
    // One byte and no more: what follows it unencrypted would count as encrypted.
    let mut answer = [0; 1];
    tcp.read_exact(&mut answer).await?;
    if answer != *b"S" {
        return Err(NoServer::NoTls);
    }
    let stream = tls.connector.connect(tls.name.clone(), tcp).await?;
    Ok(Stream::ToServer(Box::new(stream)))
}

/// Asks a server to stop what one of its sessions runs.
pub(crate) async fn cancel(target: &Target, key: &CancelKey) -> Result<(), NoServer> {
    let asking = async {
        let mut stream = connect(target).await?;
        stream.write_all(&cancel_request(key)).await?;
        stream.flush().await?;
        // The server answers by hanging up; waiting for it keeps the order that clients expect.
        let mut nothing = [0; 16];
        let _ = stream.read(&mut nothing).await;
        Ok(())
    };
    tokio::time::timeout(CONNECT_TIME, asking).await.unwrap_or(Err(NoServer::Slow))
}
