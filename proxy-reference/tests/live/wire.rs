//! A client that sends whatever it is told: the messages of the protocol, byte by byte.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpStream};
use std::time::Duration;

/// A message of the server.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Message {
    pub(crate) tag: u8,
    pub(crate) body: Vec<u8>,
}

impl std::fmt::Debug for Message {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Long values would hide what matters.
        let body = &self.body[..self.body.len().min(400)];
        write!(f, "{}{:?}", char::from(self.tag), String::from_utf8_lossy(body))
    }
}

impl Message {
    /// A field of an ErrorResponse or NoticeResponse; empty where there is none.
    pub(crate) fn field(&self, kind: u8) -> String {
        let fields = self.body.split(|byte| *byte == 0);
        let found =
            fields.filter_map(|field| field.split_first()).find(|(first, _)| **first == kind);
        found.map(|(_, text)| String::from_utf8_lossy(text).into_owned()).unwrap_or_default()
    }

    /// The cells of a DataRow.
    pub(crate) fn cells(&self) -> Vec<Option<Vec<u8>>> {
        assert_eq!(self.tag, b'D', "no row: {self:?}");
        let mut rest = &self.body[2..];
        let mut cells = Vec::new();
        for _ in 0..u16::from_be_bytes([self.body[0], self.body[1]]) {
            let length = i32::from_be_bytes(rest[..4].try_into().unwrap());
            rest = &rest[4..];
            cells.push(usize::try_from(length).ok().map(|length| {
                let (cell, behind) = rest.split_at(length);
                rest = behind;
                cell.to_vec()
            }));
        }
        assert!(rest.is_empty(), "bytes behind the last cell: {self:?}");
        cells
    }
}

/// The type letters of messages, in order.
pub(crate) fn tags(messages: &[Message]) -> String {
    messages.iter().map(|message| char::from(message.tag)).collect()
}

/// A connection.
pub(crate) struct Client {
    stream: TcpStream,
    /// What BackendKeyData said.
    pub(crate) key: Vec<u8>,
}

impl Client {
    /// A connection on which nothing was sent.
    pub(crate) fn connect(port: u16) -> Self {
        let stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        stream.set_nodelay(true).unwrap();
        Self { stream, key: Vec::new() }
    }

    /// A session: start-up, password, and everything up to the first ReadyForQuery.
    pub(crate) fn session(port: u16, user: &str, password: &str, database: &str) -> Self {
        let mut client = Self::connect(port);
        let told = client.start(&[("user", user), ("database", database)], password);
        let last = told.last().unwrap();
        assert_eq!(last.tag, b'Z', "{told:?}");
        client
    }

    /// Sends the start-up packet and the password; everything up to ReadyForQuery or an error.
    pub(crate) fn start(&mut self, parameters: &[(&str, &str)], password: &str) -> Vec<Message> {
        let mut packet = vec![0, 0, 0, 0, 0, 3, 0, 0];
        for (name, value) in parameters {
            packet.extend([name.as_bytes(), b"\0", value.as_bytes(), b"\0"].concat());
        }
        packet.push(0);
        let length = u32::try_from(packet.len()).unwrap();
        packet[..4].copy_from_slice(&length.to_be_bytes());
        self.send(&packet);
        let mut told = Vec::new();
        while let Some(message) = self.receive() {
            let (tag, body) = (message.tag, message.body.clone());
            told.push(message);
            match tag {
                b'R' if body == [0, 0, 0, 3] => {
                    self.send(&frame(b'p', &[password.as_bytes(), b"\0"].concat()));
                }
                b'R' => assert_eq!(body, [0, 0, 0, 0], "another way to prove who one is"),
                b'K' => self.key = body,
                b'Z' | b'E' => break,
                _ => {}
            }
        }
        told
    }

    pub(crate) fn send(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).unwrap();
    }

    /// Sends to a side that may have hung up by now.
    pub(crate) fn try_send(&mut self, bytes: &[u8]) {
        let _sent = self.stream.write_all(bytes);
    }

    /// The next message; `None` at the end of the stream.
    pub(crate) fn receive(&mut self) -> Option<Message> {
        let mut head = [0; 5];
        // A connection that was reset is as closed as one that was ended in order.
        match self.stream.read_exact(&mut head) {
            Ok(()) => {}
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {
                panic!("no answer within 20 seconds")
            }
            Err(_) => return None,
        }
        let length = u32::from_be_bytes(head[1..].try_into().unwrap());
        // A server may complain in the words of an older protocol, which have no length.
        let length = usize::try_from(length).unwrap().checked_sub(4)?;
        if length > 1 << 28 {
            return None;
        }
        let mut body = vec![0; length];
        self.stream.read_exact(&mut body).ok()?;
        Some(Message { tag: head[0], body })
    }

    /// Everything up to the next ReadyForQuery, which is the last.
    pub(crate) fn until_ready(&mut self) -> Vec<Message> {
        let mut told = Vec::new();
        loop {
            let Some(message) = self.receive() else { panic!("closed after {told:?}") };
            told.push(message);
            if told.last().is_some_and(|message| message.tag == b'Z') {
                return told;
            }
        }
    }

    /// What a simple query brings.
    pub(crate) fn query(&mut self, sql: &str) -> Vec<Message> {
        self.send(&query(sql));
        self.until_ready()
    }

    /// Whether the session still answers, and in step.
    pub(crate) fn alive(&mut self) {
        let told = self.query("SELECT 40 + 2 AS answer");
        assert_eq!(tags(&told), "TDCZ", "{told:?}");
        assert_eq!(told[1].cells(), [Some(b"42".to_vec())]);
    }

    /// Ends our half: the other side sees the end of the stream.
    pub(crate) fn finish(&mut self) {
        let _closed = self.stream.shutdown(Shutdown::Write);
    }

    /// Whether the other side ends the connection; what it says before.
    pub(crate) fn closed(&mut self) -> Vec<Message> {
        let mut told = Vec::new();
        while let Some(message) = self.receive() {
            told.push(message);
        }
        told
    }
}

pub(crate) fn frame(tag: u8, body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len() + 4).unwrap();
    [&[tag][..], &length.to_be_bytes(), body].concat()
}

pub(crate) fn query(sql: &str) -> Vec<u8> {
    frame(b'Q', &[sql.as_bytes(), b"\0"].concat())
}

pub(crate) fn parse(name: &str, sql: &str) -> Vec<u8> {
    frame(b'P', &[name.as_bytes(), b"\0", sql.as_bytes(), b"\0\0\0"].concat())
}

/// Binds the unnamed portal: parameters as text, all results in one format (0 text, 1 binary).
pub(crate) fn bind(statement: &str, parameters: &[&str], format: u8) -> Vec<u8> {
    let mut body = [b"\0", statement.as_bytes(), b"\0\0\0"].concat();
    body.extend(u16::try_from(parameters.len()).unwrap().to_be_bytes());
    for value in parameters {
        body.extend(u32::try_from(value.len()).unwrap().to_be_bytes());
        body.extend(value.as_bytes());
    }
    body.extend([0, 1, 0, format]);
    frame(b'B', &body)
}

pub(crate) fn describe_portal() -> Vec<u8> {
    frame(b'D', b"P\0")
}

/// Executes the unnamed portal for at most so many rows; 0 is all of them.
pub(crate) fn execute(rows: u32) -> Vec<u8> {
    frame(b'E', &[b"\0".as_slice(), &rows.to_be_bytes()].concat())
}

pub(crate) fn sync() -> Vec<u8> {
    frame(b'S', b"")
}

/// A statement that is parsed, bound, described and executed, without Sync.
pub(crate) fn extended(sql: &str, parameters: &[&str], format: u8) -> Vec<u8> {
    [parse("", sql), bind("", parameters, format), describe_portal(), execute(0)].concat()
}
