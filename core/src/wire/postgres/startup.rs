//! The beginning of a session, towards the client: encryption, start-up message, token.
//!
//! Bytes go in with [`push`](ClientStartup::push), events come out of
//! [`next_event`](ClientStartup::next_event); the events are the same for every way of cutting the bytes.

use std::fmt;
use std::sync::Arc;

use zeroize::Zeroizing;

use crate::wire::WireError;
use crate::wire::postgres::frame::{Body, HEAD_BYTES, head, put, put_text};

/// Bytes of a start-up packet: the bound that PostgreSQL has.
pub const MAX_STARTUP_BYTES: usize = 10_000;

/// Bytes of a token. A JWT with many groups has two thousand.
pub const MAX_TOKEN_BYTES: usize = 4096;

/// Bytes of a key for cancel requests: the protocol's own bound.
pub const MAX_CANCEL_KEY_BYTES: usize = 256;

/// Requests for encryption that one connection may make: clients make at most one of each kind.
const MAX_NEGOTIATIONS: u8 = 4;

/// The newest minor version of protocol 3 that is spoken to clients.
const NEWEST_MINOR: u16 = 2;

const CANCEL_REQUEST: i32 = 80_877_102;
const SSL_REQUEST: i32 = 80_877_103;
const GSSENC_REQUEST: i32 = 80_877_104;

/// Settings that a client may never choose at start-up, whatever a configuration lists: they change
/// who runs statements or how they are read.
pub const NEVER_SETTINGS: &[&str] = &[
    "backslash_quote",
    "client_encoding",
    "escape_string_warning",
    "role",
    "row_security",
    "search_path",
    "session_authorization",
    "session_preload_libraries",
    "session_replication_role",
    "standard_conforming_strings",
    "transform_null_equals",
];

/// What a listener offers and accepts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Terms {
    /// Whether the listener has a certificate. If so, nothing but TLS is accepted: the token comes
    /// in clear.
    pub tls: bool,
    /// Names of settings that a client may choose at start-up, in lower case. Those of
    /// [`NEVER_SETTINGS`] are refused even so.
    pub settings: Vec<String>,
}

/// What a client asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Startup {
    /// The name that the client gives itself. It proves nothing: the token does.
    pub user: String,
    /// The database; the user's name where the client names none.
    pub database: String,
    /// Settings in the order in which they came, each one once, names in lower case.
    pub settings: Vec<(String, String)>,
    /// The minor version of the protocol that is spoken with this client.
    pub minor: u16,
}

impl Startup {
    /// Bytes of a key for cancel requests that this client can take.
    #[must_use]
    pub const fn cancel_key_bytes(&self) -> usize {
        // Up to 3.1 a key is one number of 32 bits.
        if self.minor >= 2 { 32 } else { 4 }
    }
}

/// What came in the password field. Prints as its length only; wiped when dropped.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(Zeroizing<Vec<u8>>);

impl Token {
    /// The bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Token({} bytes)", self.0.len())
    }
}

/// The key of a cancel request. Prints without the key.
#[derive(Clone, PartialEq, Eq)]
pub struct CancelKey {
    /// The process that the client was told.
    pub process: i32,
    /// The secret that the client was told.
    pub key: Vec<u8>,
}

impl fmt::Debug for CancelKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CancelKey({}, {} bytes)", self.process, self.key.len())
    }
}

/// What the embedder has to do next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClientEvent {
    /// Send these bytes to the client.
    Send(Vec<u8>),
    /// Send these bytes, do the handshake of TLS, then call [`ClientStartup::secured`].
    StartTls(Vec<u8>),
    /// The connection only asks to cancel what another one runs. Close it without an answer.
    Cancel(CancelKey),
    /// The start-up message and the token are there: check the token.
    Login(Startup, Token),
}

/// The client's half of a start-up.
///
/// # Examples
/// ```
/// use std::sync::Arc;
/// use placet::wire::postgres::startup::{ClientEvent, ClientStartup, Terms};
/// let terms = Arc::new(Terms { tls: false, settings: vec![] });
/// let mut startup = ClientStartup::new(terms);
/// startup.push(b"\0\0\0\x08\x04\xd2\x16\x2f"); // SSLRequest
/// assert_eq!(startup.next_event()?, Some(ClientEvent::Send(b"N".to_vec())));
/// startup.push(b"\0\0\0\x16\0\x03\0\0user\0ada\0");
/// assert_eq!(startup.next_event()?, None); // not whole yet
/// startup.push(b"\0\0\0\0\0");
/// assert_eq!(startup.next_event().unwrap_err().code(), "WIR003"); // bytes after its end
/// # Ok::<(), placet::wire::WireError>(())
/// ```
pub struct ClientStartup {
    terms: Arc<Terms>,
    buffer: Zeroizing<Vec<u8>>,
    state: State,
    negotiations: u8,
    secure: bool,
}

enum State {
    Packet,
    Handshake,
    Password(Startup),
    Done,
    /// For ever; with the place where it happened.
    Failed(WireError, &'static str),
}

impl fmt::Debug for ClientStartup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientStartup")
            .field("place", &self.place())
            .field("secure", &self.secure)
            .field("buffered", &self.buffer.len())
            .finish_non_exhaustive()
    }
}

impl ClientStartup {
    /// A connection that was just accepted.
    #[must_use]
    pub fn new(terms: Arc<Terms>) -> Self {
        // Room for the largest packet: a buffer that grew would leave a token behind.
        let buffer = Zeroizing::new(Vec::with_capacity(2 * MAX_STARTUP_BYTES));
        Self { terms, buffer, state: State::Packet, negotiations: 0, secure: false }
    }

    /// A connection whose TLS handshake came before everything else (`sslnegotiation=direct`).
    #[must_use]
    pub fn new_secured(terms: Arc<Terms>) -> Self {
        Self { secure: true, ..Self::new(terms) }
    }

    /// Takes bytes of the client. At most [`MAX_STARTUP_BYTES`] at once keep the promise that the
    /// token is wiped from memory.
    pub fn push(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    /// What to do next; `None` while more bytes are needed.
    ///
    /// # Errors
    /// [`WireError`]: tell the client with [`fatal`](crate::wire::postgres::reply::fatal), and
    /// close. Every later call gives the same error.
    pub fn next_event(&mut self) -> Result<Option<ClientEvent>, WireError> {
        let result = match &self.state {
            State::Packet => self.packet(),
            State::Password(_) => self.password(),
            State::Handshake if !self.buffer.is_empty() => Err(WireError::OutOfOrder),
            State::Handshake | State::Done => Ok(None),
            State::Failed(error, _) => Err(*error),
        };
        if let Err(error) = result {
            self.fail(error);
        }
        result
    }

    /// The handshake was done. Bytes that had come before it are refused: they were not protected,
    /// and would count as if they were.
    ///
    /// # Errors
    /// [`WireError::OutOfOrder`].
    pub fn secured(&mut self) -> Result<(), WireError> {
        let waited = matches!(self.state, State::Handshake);
        if !waited || !self.buffer.is_empty() {
            self.fail(WireError::OutOfOrder);
            return Err(WireError::OutOfOrder);
        }
        self.secure = true;
        self.state = State::Packet;
        Ok(())
    }

    fn fail(&mut self, error: WireError) {
        self.state = State::Failed(error, self.place());
    }

    /// Where the start-up stands, or where it failed, in words for an error.
    #[must_use]
    pub const fn place(&self) -> &'static str {
        match self.state {
            State::Packet => "the start-up message",
            State::Handshake => "before the TLS handshake",
            State::Password(_) => "the password message",
            State::Done => "after the password message",
            State::Failed(_, place) => place,
        }
    }

    /// The bytes that came behind the password message: the session takes them.
    #[must_use]
    pub fn rest(&self) -> &[u8] {
        match self.state {
            State::Done => &self.buffer,
            State::Packet | State::Handshake | State::Password(_) | State::Failed(..) => &[],
        }
    }

    fn take(&mut self, count: usize) {
        let count = count.min(self.buffer.len());
        self.buffer.drain(..count);
    }

    fn packet(&mut self) -> Result<Option<ClientEvent>, WireError> {
        let Some(length) = self.buffer.first_chunk::<4>() else { return Ok(None) };
        let length = usize::try_from(i32::from_be_bytes(*length)).map_err(|_| WireError::Length)?;
        if length < 8 {
            return Err(WireError::Length);
        }
        if length > MAX_STARTUP_BYTES {
            return Err(WireError::TooLong);
        }
        let Some(packet) = self.buffer.get(4..length) else { return Ok(None) };
        let packet = packet.to_vec();
        let mut body = Body::new(&packet);
        let event = match body.int32()? {
            CANCEL_REQUEST => Self::cancel(body)?,
            SSL_REQUEST => self.encryption(body, true)?,
            GSSENC_REQUEST => self.encryption(body, false)?,
            version => {
                let (startup, reply) = self.startup(version, body)?;
                self.state = State::Password(startup);
                ClientEvent::Send(reply)
            }
        };
        self.take(length);
        match &event {
            ClientEvent::StartTls(_) => self.state = State::Handshake,
            ClientEvent::Cancel(_) => self.state = State::Done,
            ClientEvent::Send(_) | ClientEvent::Login(..) => {}
        }
        Ok(Some(event))
    }

    fn cancel(mut body: Body<'_>) -> Result<ClientEvent, WireError> {
        let process = body.int32()?;
        let key = body.rest();
        if key.len() < 4 {
            return Err(WireError::Malformed);
        }
        if key.len() > MAX_CANCEL_KEY_BYTES {
            return Err(WireError::TooLong);
        }
        Ok(ClientEvent::Cancel(CancelKey { process, key: key.to_vec() }))
    }

    fn encryption(&mut self, body: Body<'_>, tls: bool) -> Result<ClientEvent, WireError> {
        if !body.is_empty() {
            return Err(WireError::Malformed);
        }
        self.negotiations = self.negotiations.saturating_add(1);
        if self.negotiations > MAX_NEGOTIATIONS || (tls && self.secure) {
            return Err(WireError::OutOfOrder);
        }
        Ok(if tls && self.terms.tls {
            ClientEvent::StartTls(b"S".to_vec())
        } else {
            ClientEvent::Send(b"N".to_vec())
        })
    }

    /// Reads a start-up message; the second part asks for the password.
    fn startup(&self, version: i32, mut body: Body<'_>) -> Result<(Startup, Vec<u8>), WireError> {
        let [major_high, major_low, minor_high, minor_low] = version.to_be_bytes();
        if [major_high, major_low] != [0, 3] {
            return Err(WireError::Startup { what: "another protocol than version 3" });
        }
        let asked_minor = u16::from_be_bytes([minor_high, minor_low]);
        let mut wanted = Wanted::new(&self.terms);
        loop {
            let name = body.text()?;
            if name.is_empty() {
                break;
            }
            let value = body.text()?;
            wanted.parameter(name, value)?;
        }
        if !body.is_empty() {
            return Err(WireError::Malformed);
        }
        if self.terms.tls && !self.secure {
            return Err(WireError::Startup { what: "a connection without TLS" });
        }
        let user = wanted
            .user
            .filter(|user| !user.is_empty())
            .ok_or(WireError::Startup { what: "a session without the name of a user" })?;
        let database = wanted.database.filter(|name| !name.is_empty());
        let database = database.unwrap_or_else(|| user.clone());
        let mut reply = Vec::new();
        if asked_minor > NEWEST_MINOR || !wanted.unknown.is_empty() {
            let minor = asked_minor.min(NEWEST_MINOR);
            let count = i32::try_from(wanted.unknown.len()).map_err(|_| WireError::TooLong)?;
            put(&mut reply, b'v', |body| {
                body.extend([0, 3]);
                body.extend(minor.to_be_bytes());
                body.extend(count.to_be_bytes());
                for name in &wanted.unknown {
                    put_text(body, name);
                }
            })?;
        }
        // AuthenticationCleartextPassword
        put(&mut reply, b'R', |body| body.extend(3i32.to_be_bytes()))?;
        let minor = asked_minor.min(NEWEST_MINOR);
        Ok((Startup { user, database, settings: wanted.settings, minor }, reply))
    }

    fn password(&mut self) -> Result<Option<ClientEvent>, WireError> {
        let Some(head) = head(&self.buffer)? else { return Ok(None) };
        if head.tag != b'p' {
            return Err(WireError::OutOfOrder);
        }
        if head.len > HEAD_BYTES + MAX_TOKEN_BYTES + 1 {
            return Err(WireError::TooLong);
        }
        let Some(body) = self.buffer.get(HEAD_BYTES..head.len) else { return Ok(None) };
        let mut body = Body::new(body);
        let token = Token(Zeroizing::new(body.raw_text()?.to_vec()));
        if !body.is_empty() {
            return Err(WireError::Malformed);
        }
        if token.0.is_empty() {
            return Err(WireError::Token);
        }
        self.take(head.len);
        match std::mem::replace(&mut self.state, State::Done) {
            State::Password(startup) => Ok(Some(ClientEvent::Login(startup, token))),
            State::Packet | State::Handshake | State::Done | State::Failed(..) => {
                Err(WireError::OutOfOrder)
            }
        }
    }
}

/// The parameters of a start-up message, as they are read.
struct Wanted<'a> {
    terms: &'a Terms,
    user: Option<String>,
    database: Option<String>,
    settings: Vec<(String, String)>,
    /// Options of the protocol that nobody here knows.
    unknown: Vec<String>,
    encoding: bool,
    options: bool,
}

impl<'a> Wanted<'a> {
    const fn new(terms: &'a Terms) -> Self {
        Self {
            terms,
            user: None,
            database: None,
            settings: Vec::new(),
            unknown: Vec::new(),
            encoding: false,
            options: false,
        }
    }

    fn parameter(&mut self, name: &str, value: &str) -> Result<(), WireError> {
        let twice = match name {
            "user" => self.user.replace(value.to_owned()).is_some(),
            "database" => self.database.replace(value.to_owned()).is_some(),
            "replication" => {
                return Err(WireError::Startup { what: "replication" });
            }
            "options" => {
                let twice = std::mem::replace(&mut self.options, true);
                self.options(value)?;
                twice
            }
            _ if name.starts_with("_pq_.") => {
                self.unknown.push(name.to_owned());
                false
            }
            _ => {
                self.setting(name, value)?;
                false
            }
        };
        if twice { Err(WireError::Malformed) } else { Ok(()) }
    }

    fn setting(&mut self, name: &str, value: &str) -> Result<(), WireError> {
        let name = name.to_ascii_lowercase();
        if name == "client_encoding" {
            let plain: String = value
                .chars()
                .filter(char::is_ascii_alphanumeric)
                .map(|c| c.to_ascii_lowercase())
                .collect();
            let twice = std::mem::replace(&mut self.encoding, true);
            return match plain.as_str() {
                "utf8" | "unicode" if !twice => Ok(()),
                _ => Err(WireError::Encoding),
            };
        }
        if NEVER_SETTINGS.contains(&name.as_str()) || !self.terms.settings.contains(&name) {
            return Err(WireError::Startup { what: "a setting that is not allowed at start-up" });
        }
        if self.settings.iter().any(|(known, _)| *known == name) {
            return Err(WireError::Startup { what: "one setting twice" });
        }
        self.settings.push((name, value.to_owned()));
        Ok(())
    }

    /// Reads the arguments of a server's command line, cut and unescaped as the server does: blanks
    /// cut, a backslash takes the next character as it is. Nothing but settings passes.
    fn options(&mut self, text: &str) -> Result<(), WireError> {
        let refused = || WireError::Startup { what: "an option of the server's command line" };
        let mut words = words(text).into_iter();
        while let Some(word) = words.next() {
            let setting = if word == "-c" {
                words.next().ok_or_else(refused)?
            } else if let Some(rest) = word.strip_prefix("--").or(word.strip_prefix("-c")) {
                rest.to_owned()
            } else {
                return Err(refused());
            };
            let (name, value) = setting.split_once('=').ok_or_else(refused)?;
            // The server reads `-` in a name as `_`.
            self.setting(&name.replace('-', "_"), value)?;
        }
        Ok(())
    }
}

fn words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        // As `isspace` in the server: ASCII only.
        if matches!(c, ' ' | '\t' | '\n' | '\r' | '\x0b' | '\x0c') {
            words.extend(word.take());
            continue;
        }
        let c = if c == '\\' { chars.next() } else { Some(c) };
        word.get_or_insert_default().extend(c);
    }
    words.extend(word);
    words
}

#[cfg(test)]
mod tests;
