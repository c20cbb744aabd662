//! A client that sends what it is told.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::Duration;

use placet::wire::postgres::frame::{Body, HEAD_BYTES, head, put, put_text};
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

use crate::stage::TOKEN;

pub(crate) trait Wire: Read + Write {}

impl<T: Read + Write> Wire for T {}

pub(crate) struct Client {
    pub(crate) wire: Box<dyn Wire>,
    buffer: Vec<u8>,
}

/// A message: its type and its body.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Message(pub(crate) u8, pub(crate) Vec<u8>);

impl Message {
    /// A field of an error.
    pub(crate) fn field(&self, code: u8) -> String {
        assert_eq!(self.0, b'E', "{self:?}");
        let mut body = Body::new(&self.1);
        loop {
            match body.byte().unwrap() {
                0 => return String::new(),
                found if found == code => return body.text().unwrap().to_owned(),
                _ => drop(body.text().unwrap()),
            }
        }
    }
}

pub(crate) const V3_0: i32 = 0x0003_0000;
pub(crate) const V3_2: i32 = 0x0003_0002;
pub(crate) const SSL_REQUEST: &[u8] = b"\0\0\0\x08\x04\xd2\x16\x2f";

pub(crate) fn startup(version: i32, parameters: &[(&str, &str)]) -> Vec<u8> {
    let mut packet = [&[0; 4][..], &version.to_be_bytes()].concat();
    for (name, value) in parameters {
        put_text(&mut packet, name);
        put_text(&mut packet, value);
    }
    packet.push(0);
    let length = u32::try_from(packet.len()).unwrap();
    packet[..4].copy_from_slice(&length.to_be_bytes());
    packet
}

pub(crate) fn message(tag: u8, body: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    put(&mut out, tag, |to| to.extend_from_slice(body)).unwrap();
    out
}

pub(crate) fn connect(port: u16) -> TcpStream {
    let stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    stream
}

impl Client {
    pub(crate) fn plain(port: u16) -> Self {
        Self { wire: Box::new(connect(port)), buffer: Vec::new() }
    }

    /// A client inside TLS over a stream on which nothing but the request for it was said.
    pub(crate) fn secured(
        stream: TcpStream,
        ca: &std::path::Path,
        alpn: Option<&[u8]>,
    ) -> std::io::Result<Self> {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_file(ca).unwrap()).unwrap();
        let mut config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        config.alpn_protocols = alpn.into_iter().map(<[u8]>::to_vec).collect();
        let name = ServerName::try_from("127.0.0.1").unwrap();
        let connection = ClientConnection::new(Arc::new(config), name).unwrap();
        let mut stream = StreamOwned::new(connection, stream);
        stream.conn.complete_io(&mut stream.sock)?;
        Ok(Self { wire: Box::new(stream), buffer: Vec::new() })
    }

    pub(crate) fn send(&mut self, bytes: &[u8]) {
        self.wire.write_all(bytes).unwrap();
        self.wire.flush().unwrap();
    }

    /// The next message; `None` where the proxy hung up.
    pub(crate) fn next(&mut self) -> Option<Message> {
        loop {
            if let Some(head) = head(&self.buffer).unwrap()
                && self.buffer.len() >= head.len
            {
                let rest = self.buffer.split_off(head.len);
                let whole = std::mem::replace(&mut self.buffer, rest);
                return Some(Message(head.tag, whole[HEAD_BYTES..].to_vec()));
            }
            let mut bytes = [0; 4096];
            match self.wire.read(&mut bytes) {
                Ok(0) => return None,
                Ok(count) => self.buffer.extend_from_slice(&bytes[..count]),
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {
                    panic!("no answer in time")
                }
                // Hung up with bytes of ours unread.
                Err(_) => return None,
            }
        }
    }

    /// Everything up to and with the message of this type.
    pub(crate) fn until(&mut self, tag: u8) -> Vec<Message> {
        let mut messages = Vec::new();
        loop {
            let message = self.next().unwrap_or_else(|| panic!("hung up after {messages:?}"));
            let last = message.0 == tag;
            messages.push(message);
            if last {
                return messages;
            }
        }
    }

    /// Sends a start-up message and a token.
    pub(crate) fn log_in(&mut self, version: i32, database: &str, token: &str) {
        self.send(&startup(version, &[("user", "x"), ("database", database)]));
        let asked = self.until(b'R');
        assert_eq!(asked.last().unwrap().1, 3i32.to_be_bytes());
        self.send(&message(b'p', &[token.as_bytes(), b"\0"].concat()));
    }

    /// A session, and the key for cancelling it.
    pub(crate) fn session(port: u16) -> (Self, Vec<u8>) {
        let mut client = Self::plain(port);
        client.log_in(V3_0, "crm", TOKEN);
        let key = client.welcomed();
        (client, key)
    }

    /// Reads up to the first `ReadyForQuery`; the body of the key.
    pub(crate) fn welcomed(&mut self) -> Vec<u8> {
        let messages = self.until(b'Z');
        assert_eq!(messages[0], Message(b'R', vec![0; 4]), "{messages:?}");
        let names = messages.iter().filter(|message| message.0 == b'S');
        assert!(names.count() > 8, "{messages:?}");
        messages.into_iter().find(|message| message.0 == b'K').unwrap().1
    }

    /// Runs a statement; the types of what came back.
    pub(crate) fn query(&mut self, text: &str) -> Vec<Message> {
        self.send(&message(b'Q', &[text.as_bytes(), b"\0"].concat()));
        self.until(b'Z')
    }

    /// Whether the session works.
    pub(crate) fn works(&mut self) -> bool {
        let types: Vec<u8> = self.query("SELECT 1").iter().map(|message| message.0).collect();
        types == b"TDCZ"
    }
}
