//! The connection to a server: TCP or a socket of this machine, with TLS or without, and never
//! longer in one read than a bound.

use std::io::{self, Read, Write};
use std::net::{TcpStream, ToSocketAddrs as _};
#[cfg(unix)]
use std::os::unix::net::UnixStream;
use std::time::Duration;

use rustls::{ClientConnection, StreamOwned};

use crate::error::CatalogError;
use crate::source::{Host, Server, Tls};
use crate::tls;

/// How long a connection may take.
const CONNECT_TIME: Duration = Duration::from_secs(15);

/// How long a server may be silent. The slowest question is that for the columns of every schema,
/// which some servers answer by opening each table.
const SILENCE: Duration = Duration::from_secs(120);

/// An open connection.
pub(crate) struct Link {
    stream: Stream,
    /// Whoever reads along, or answers in the server's place, could do so without it.
    private: bool,
}

enum Stream {
    Tcp(TcpStream),
    #[cfg(unix)]
    Unix(UnixStream),
    Tls(Box<StreamOwned<ClientConnection, TcpStream>>),
    /// Between two of the others.
    Gone,
}

impl Link {
    /// Connects, without TLS yet.
    pub(crate) fn open(server: &Server) -> Result<Self, CatalogError> {
        let private = server.host.is_local();
        let stream = match &server.host {
            Host::Tcp(host, port) => tcp(host, *port, private).map(Stream::Tcp),
            #[cfg(unix)]
            Host::Unix(path) => unix(path).map(Stream::Unix),
            #[cfg(not(unix))]
            Host::Unix(_) => Err(io::Error::from(io::ErrorKind::Unsupported)),
        };
        stream.map(|stream| Self { stream, private }).map_err(|error| unreachable_host(&error))
    }

    /// Whether a password may be sent as it is.
    pub(crate) const fn is_private(&self) -> bool {
        self.private
    }

    /// Does the handshake; what was received before it must have been read to its end.
    pub(crate) fn secure(
        &mut self,
        server: &Server,
        alpn: Option<&[u8]>,
    ) -> Result<(), CatalogError> {
        let mut tcp = match std::mem::replace(&mut self.stream, Stream::Gone) {
            Stream::Tcp(tcp) => tcp,
            #[cfg(unix)]
            Stream::Unix(_) => return Err(CatalogError::protocol("TLS on a socket")),
            Stream::Tls(_) | Stream::Gone => {
                return Err(CatalogError::protocol("TLS inside of TLS"));
            }
        };
        let mut connection = tls::connection(server, alpn)?;
        while connection.is_handshaking() {
            connection.complete_io(&mut tcp).map_err(|error| match tls::told(&error) {
                Some(refused) => refused,
                None => lost(&error),
            })?;
        }
        self.stream = Stream::Tls(Box::new(StreamOwned::new(connection, tcp)));
        self.private = match server.tls {
            Tls::VerifyFull(_) => true,
            Tls::Require | Tls::Disable => self.private,
        };
        Ok(())
    }

    /// Sends all of these bytes.
    pub(crate) fn send(&mut self, bytes: &[u8]) -> Result<(), CatalogError> {
        let to: &mut dyn Write = match &mut self.stream {
            Stream::Tcp(stream) => stream,
            #[cfg(unix)]
            Stream::Unix(stream) => stream,
            Stream::Tls(stream) => stream,
            Stream::Gone => return Err(CatalogError::protocol("a connection that is gone")),
        };
        to.write_all(bytes).and_then(|()| to.flush()).map_err(|error| lost(&error))
    }

    /// Fills the buffer.
    pub(crate) fn fill(&mut self, buffer: &mut [u8]) -> Result<(), CatalogError> {
        self.reader()?.read_exact(buffer).map_err(|error| lost(&error))
    }

    /// Reads what is there; at least one byte.
    pub(crate) fn some(&mut self, buffer: &mut [u8]) -> Result<usize, CatalogError> {
        match self.reader()?.read(buffer) {
            Ok(0) => Err(lost(&io::Error::from(io::ErrorKind::UnexpectedEof))),
            Ok(count) => Ok(count),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => self.some(buffer),
            Err(error) => Err(lost(&error)),
        }
    }

    fn reader(&mut self) -> Result<&mut dyn Read, CatalogError> {
        Ok(match &mut self.stream {
            Stream::Tcp(stream) => stream,
            #[cfg(unix)]
            Stream::Unix(stream) => stream,
            Stream::Tls(stream) => stream,
            Stream::Gone => return Err(CatalogError::protocol("a connection that is gone")),
        })
    }
}

/// `localhost` is this machine, whatever a name server says.
fn tcp(host: &str, port: u16, local: bool) -> io::Result<TcpStream> {
    let mut last = io::Error::new(io::ErrorKind::NotFound, "the host has no address");
    for address in (host, port).to_socket_addrs()? {
        if local && !address.ip().is_loopback() {
            continue;
        }
        match TcpStream::connect_timeout(&address, CONNECT_TIME) {
            Ok(stream) => {
                stream.set_nodelay(true)?;
                stream.set_read_timeout(Some(SILENCE))?;
                stream.set_write_timeout(Some(SILENCE))?;
                return Ok(stream);
            }
            Err(error) => last = error,
        }
    }
    Err(last)
}

#[cfg(unix)]
fn unix(path: &std::path::Path) -> io::Result<UnixStream> {
    let stream = UnixStream::connect(path)?;
    stream.set_read_timeout(Some(SILENCE))?;
    stream.set_write_timeout(Some(SILENCE))?;
    Ok(stream)
}

fn unreachable_host(error: &io::Error) -> CatalogError {
    CatalogError::new(
        "API061",
        format!("the server cannot be reached: {error}"),
        "check host and port, and that this machine may connect there",
    )
}

fn lost(error: &io::Error) -> CatalogError {
    let silent = [io::ErrorKind::WouldBlock, io::ErrorKind::TimedOut].contains(&error.kind());
    let (message, help) = if silent {
        (
            format!("the server was silent for {} s", SILENCE.as_secs()),
            "try again when it is less busy, or name fewer schemas with `--schema`",
        )
    } else if error.kind() == io::ErrorKind::UnexpectedEof {
        (
            "the server hung up".to_owned(),
            "see the server's log; check that the port is the server's",
        )
    } else {
        (format!("the connection was lost: {error}"), "try again, and see the server's log")
    };
    CatalogError::new("API061", message, help)
}
