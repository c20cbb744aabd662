//! A session with a MySQL or MariaDB server: log in, ask, read rows of texts.

use zeroize::Zeroizing;

use super::auth::{Method, clear};
use super::wire::{FULL, Fields, Greeting, can, error_number, login_head, row};
use crate::error::CatalogError;
use crate::link::Link;
use crate::snapshot::{MAX_SNAPSHOT_BYTES, too_large};
use crate::source::{Server, Tls};
use crate::{Progress, Watch, tls};

/// A row: texts, or null.
pub(super) type Row = Vec<Option<String>>;

/// What this client can do. It loads no local file and sends one statement at a time: a server that
/// asks for a file gets none.
const OURS: u32 = can::LONG_PASSWORD
    | can::PROTOCOL_41
    | can::TRANSACTIONS
    | can::SECURE_CONNECTION
    | can::PLUGIN_AUTH;

/// Messages of one login: the answer, a switch of the method, and what that asks for.
const MAX_LOGIN_MESSAGES: usize = 8;

/// A session that is ready for questions.
pub(super) struct Client {
    link: Link,
    sequence: u8,
    /// Bytes that may still be received: a server must not fill the memory.
    room: usize,
    pub(super) version: String,
}

impl Client {
    /// Connects and logs in.
    pub(super) fn open(server: &Server) -> Result<Self, CatalogError> {
        let link = Link::open(server)?;
        let room = 4 * MAX_SNAPSHOT_BYTES;
        let mut client = Self { link, sequence: 0, room, version: String::new() };
        let packet = client.receive()?;
        if packet.first() == Some(&0xff) {
            return Err(refused_login(error_number(&packet)));
        }
        let greeting =
            Greeting::parse(&packet).ok_or_else(|| CatalogError::protocol("the greeting"))?;
        let needed = can::PROTOCOL_41 | can::SECURE_CONNECTION | can::PLUGIN_AUTH;
        if greeting.capabilities & needed != needed {
            return Err(CatalogError::protocol("a server before MySQL 5.5"));
        }
        client.log_in(server, &greeting)?;
        client.version = greeting.version;
        Ok(client)
    }

    fn log_in(&mut self, server: &Server, greeting: &Greeting) -> Result<(), CatalogError> {
        let mut capabilities = OURS;
        if server.database.is_some() {
            capabilities |= can::CONNECT_WITH_DB;
        }
        match server.tls {
            Tls::Disable => {}
            Tls::VerifyFull(_) | Tls::Require => {
                if greeting.capabilities & can::TLS == 0 {
                    return Err(tls::not_offered());
                }
                capabilities |= can::TLS;
                self.send(&login_head(capabilities))?;
                self.link.secure(server, None)?;
            }
        }
        let empty = Zeroizing::default();
        let password = server.password.as_ref().unwrap_or(&empty);
        // What a server offers first is a guess of its own; it switches to what the account has.
        let offered = Method::of(greeting.plugin.as_bytes()).filter(|m| *m != Method::Clear);
        let (mut method, name) = match offered {
            Some(method) => (method, greeting.plugin.as_bytes()),
            None => (Method::Native, &b"mysql_native_password"[..]),
        };
        let answer = method.answer(password, &greeting.nonce);
        let mut login = Zeroizing::new(login_head(capabilities));
        login.extend_from_slice(server.user.as_bytes());
        login.push(0);
        login.push(u8::try_from(answer.len()).unwrap_or_default());
        login.extend_from_slice(&answer);
        if let Some(database) = &server.database {
            login.extend_from_slice(database.as_bytes());
            login.push(0);
        }
        login.extend_from_slice(name);
        login.push(0);
        self.send(&login)?;
        for _ in 0..MAX_LOGIN_MESSAGES {
            let packet = self.receive()?;
            let mut fields = Fields::new(&packet);
            match fields.byte() {
                Some(0x00) => return Ok(()),
                Some(0xff) => return Err(refused_login(error_number(&packet))),
                Some(0xfe) => {
                    let plugin = fields.text();
                    method = self.method(plugin)?;
                    let nonce = fields.rest();
                    let nonce = nonce.strip_suffix(&[0]).unwrap_or(nonce);
                    self.send(&method.answer(password, nonce))?;
                }
                Some(0x01) => match (method, fields.rest()) {
                    // It remembers the password.
                    (Method::CachingSha2, [3]) => {}
                    (Method::CachingSha2, [4]) => {
                        self.private()?;
                        self.send(&clear(password))?;
                    }
                    _ => return Err(CatalogError::protocol("the login")),
                },
                _ => return Err(CatalogError::protocol("the login")),
            }
        }
        Err(CatalogError::protocol("the login"))
    }

    /// The method of a plugin that the server wants, where the connection lets it be used.
    fn method(&self, plugin: &[u8]) -> Result<Method, CatalogError> {
        match Method::of(plugin) {
            Some(Method::Clear) => self.private().map(|()| Method::Clear),
            Some(method @ (Method::Native | Method::CachingSha2)) => Ok(method),
            None => Err(CatalogError::new(
                "API062",
                "the account's way to log in is not spoken",
                "spoken are mysql_native_password, caching_sha2_password, sha256_password and \
                 mysql_clear_password: give the account one of them, or make one for this task",
            )),
        }
    }

    /// Refuses where a password in clear could be read.
    fn private(&self) -> Result<(), CatalogError> {
        if self.link.is_private() {
            return Ok(());
        }
        Err(CatalogError::new(
            "API062",
            "the server asks for the password in clear, and the connection is not verified",
            "write `?sslmode=verify-full`, or connect by the server's socket",
        ))
    }

    /// Runs a command whose answer is of no interest.
    pub(super) fn run(&mut self, sql: &str) -> Result<(), CatalogError> {
        self.rows(sql, "session", &mut |_| {}).map(drop)
    }

    /// The rows that a question gives.
    pub(super) fn rows(
        &mut self,
        sql: &str,
        what: &'static str,
        watch: &mut Watch<'_>,
    ) -> Result<Vec<Row>, CatalogError> {
        self.sequence = 0;
        self.send(&[b"\x03", sql.as_bytes()].concat())?;
        let packet = self.receive()?;
        let columns = match packet.first() {
            Some(0x00) => return Ok(Vec::new()),
            Some(0xff) => return Err(refused_question(what, error_number(&packet))),
            // A file of this machine, which it does not get.
            Some(0xfb) | None => return Err(CatalogError::protocol("an answer")),
            Some(count) => u64::from(*count),
        };
        for _ in 0..columns {
            self.receive()?;
        }
        if !is_end(&self.receive()?) {
            return Err(CatalogError::protocol("an answer"));
        }
        let mut rows = Vec::new();
        loop {
            let packet = self.receive()?;
            if packet.first() == Some(&0xff) {
                return Err(refused_question(what, error_number(&packet)));
            }
            if is_end(&packet) {
                return Ok(rows);
            }
            rows.push(row(&packet, columns)?);
            if rows.len() % 1000 == 0 {
                watch(Progress { what, count: rows.len() });
            }
        }
    }

    fn send(&mut self, body: &[u8]) -> Result<(), CatalogError> {
        let length = u32::try_from(body.len()).ok().filter(|length| (*length as usize) < FULL);
        let length = length.ok_or_else(|| CatalogError::protocol("a question"))?;
        let [a, b, c, _] = length.to_le_bytes();
        let mut out = Zeroizing::new(Vec::with_capacity(body.len() + 4));
        out.extend_from_slice(&[a, b, c, self.sequence]);
        out.extend_from_slice(body);
        self.sequence = self.sequence.wrapping_add(1);
        self.link.send(&out)
    }

    /// The next message, of one packet or several.
    fn receive(&mut self) -> Result<Vec<u8>, CatalogError> {
        let mut message = Vec::new();
        loop {
            let mut head = [0; 4];
            self.link.fill(&mut head)?;
            let [a, b, c, sequence] = head;
            if sequence != self.sequence {
                return Err(CatalogError::protocol("a packet out of order"));
            }
            self.sequence = self.sequence.wrapping_add(1);
            let length = usize::from(a) | usize::from(b) << 8 | usize::from(c) << 16;
            self.room = self.room.checked_sub(length).ok_or_else(too_large)?;
            let start = message.len();
            message.resize(start + length, 0);
            self.link.fill(message.get_mut(start..).unwrap_or_default())?;
            if length < FULL {
                return Ok(message);
            }
        }
    }
}

/// The packet behind the last of a list.
fn is_end(packet: &[u8]) -> bool {
    packet.first() == Some(&0xfe) && packet.len() < 9
}

fn refused_login(number: u64) -> CatalogError {
    let help = match number {
        1045 | 1698 => "user or password is wrong; give it in MYSQL_PWD or with `--password-file`",
        1044 => "the user may not use this database",
        1049 => "no database has this name",
        1040 | 1203 => "every session that the server or the user may have is taken: try again",
        1129 | 1130 => "the server lets nobody in from this host: see its accounts",
        3159 => "the server wants TLS: write `?sslmode=verify-full`",
        _ => "the server's log says why",
    };
    CatalogError::new("API062", format!("the server refuses the session (error {number})"), help)
}

fn refused_question(what: &str, number: u64) -> CatalogError {
    let help = match number {
        1142 | 1143 | 1227 => "the account may not read it: grant SHOW VIEW, or SELECT",
        1969 | 3024 => "a timeout of the server's ended it: name fewer schemas with `--schema`",
        _ => "the server's log says why",
    };
    let message = format!("the server refuses to tell its {what} (error {number})");
    CatalogError::new("API065", message, help)
}
