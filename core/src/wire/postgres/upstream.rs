//! The beginning of a session, towards the server: start-up message, proof of the password, what
//! the server says about itself.

use std::fmt;

use zeroize::Zeroizing;

use crate::wire::WireError;
use crate::wire::postgres::frame::{Body, HEAD_BYTES, head, put, put_text};
use crate::wire::postgres::scram::{MECHANISM, NONCE_BYTES, Scram};
use crate::wire::postgres::startup::{CancelKey, MAX_CANCEL_KEY_BYTES};

/// Bytes of one message before the session is ready. The longest in practice, an error, has a
/// thousand.
pub const MAX_LOGIN_MESSAGE_BYTES: usize = 32 * 1024;

/// What a place of the login is called.
const LOGIN: &str = "the login at the server";

/// Parameters that a server may report. PostgreSQL 18 reports sixteen.
const MAX_PARAMETERS: usize = 128;

/// The request for encryption; the answer is one byte: `S` or `N`. Read that byte alone.
pub const SSL_REQUEST: [u8; 8] = [0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f];

/// A request to cancel what a session of the server runs.
///
/// # Examples
/// ```
/// use placet::wire::postgres::startup::CancelKey;
/// use placet::wire::postgres::upstream::cancel_request;
/// let key = CancelKey { process: 7, key: vec![1, 2, 3, 4] };
/// assert_eq!(cancel_request(&key)[..8], [0, 0, 0, 16, 0x04, 0xd2, 0x16, 0x2e]);
/// ```
#[must_use]
pub fn cancel_request(key: &CancelKey) -> Vec<u8> {
    let length = u32::try_from(key.key.len()).unwrap_or(0).saturating_add(12);
    let mut out = Vec::with_capacity(16);
    out.extend(length.to_be_bytes());
    out.extend(80_877_102i32.to_be_bytes());
    out.extend(key.process.to_be_bytes());
    out.extend(&key.key);
    out
}

/// How a server may let the gateway in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Methods {
    /// By SCRAM-SHA-256.
    pub scram: bool,
    /// Without a proof.
    pub trust: bool,
    /// By the password in clear; only for a connection whose certificate was verified.
    pub cleartext: bool,
}

impl Methods {
    /// SCRAM-SHA-256 alone.
    pub const SCRAM: Self = Self { scram: true, trust: false, cleartext: false };
}

/// What the gateway presents to a server. Prints without the password.
#[derive(Clone)]
pub struct Credentials {
    /// The user.
    pub user: String,
    /// The password; ASCII. Empty where there is none.
    pub password: Zeroizing<Vec<u8>>,
    /// How the server may let the gateway in.
    pub methods: Methods,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials").field("user", &self.user).finish_non_exhaustive()
    }
}

/// What a server said before it was ready.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ready {
    /// Its parameters, in the order in which they came.
    pub parameters: Vec<(String, String)>,
    /// The key for cancel requests; a server need not give one.
    pub key: Option<CancelKey>,
    /// The search path that holds: a role or a database may have one of its own, and it decides
    /// what unqualified names mean. Servers before version 18 do not tell it, and are asked.
    pub search_path: String,
}

/// The question for the search path. The server's log shows whose it is.
const ASKED: &str = "/* placet */ SHOW search_path";

/// What the embedder has to do next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ServerEvent {
    /// Send these bytes to the server.
    Send(Vec<u8>),
    /// The server refuses the session, with this SQLSTATE. Its text stays here: it names users,
    /// hosts and rules of the server.
    Refused(String),
    /// The session is ready.
    Ready(Ready),
}

/// The server's half of a start-up. Prints nothing of the password.
pub struct ServerStartup {
    credentials: Credentials,
    random: [u8; NONCE_BYTES],
    buffer: Vec<u8>,
    state: State,
    ready: Ready,
}

enum State {
    /// The start-up message was sent.
    Authentication,
    Challenge(Scram),
    Signature(Scram),
    /// Nothing but `AuthenticationOk` may come.
    Proven,
    LoggedIn,
    /// The server was asked for its search path; what it answered so far.
    Asked(Option<String>),
    Done,
    /// For ever; with the place where it happened.
    Failed(WireError, &'static str),
}

impl fmt::Debug for ServerStartup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServerStartup").field("place", &self.place()).finish_non_exhaustive()
    }
}

impl ServerStartup {
    /// The start-up message, and what waits for the answer to it.
    ///
    /// - `settings`: as the client chose them; `client_encoding` is always UTF-8.
    /// - `random`: fresh for each connection.
    ///
    /// # Errors
    /// [`WireError::TooLong`] for texts that no packet can hold.
    pub fn new(
        credentials: Credentials,
        database: &str,
        settings: &[(String, String)],
        random: [u8; NONCE_BYTES],
    ) -> Result<(Self, Vec<u8>), WireError> {
        let mut packet = vec![0, 0, 0, 0, 0, 3, 0, 0];
        let own = [
            ("user", credentials.user.as_str()),
            ("database", database),
            ("client_encoding", "UTF8"),
        ];
        let chosen = settings.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        for (name, value) in own.into_iter().chain(chosen) {
            put_text(&mut packet, name);
            put_text(&mut packet, value);
        }
        packet.push(0);
        let length = u32::try_from(packet.len()).map_err(|_| WireError::TooLong)?;
        packet.iter_mut().zip(length.to_be_bytes()).for_each(|(to, from)| *to = from);
        let (buffer, ready) = (Vec::new(), Ready::default());
        Ok((Self { credentials, random, buffer, state: State::Authentication, ready }, packet))
    }

    /// Takes bytes of the server.
    pub fn push(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    /// What to do next; `None` while more bytes are needed.
    ///
    /// # Errors
    /// [`WireError`]: close both sides. Every later call gives the same error.
    pub fn next_event(&mut self) -> Result<Option<ServerEvent>, WireError> {
        let result = self.step();
        if let Err(error) = result {
            self.state = State::Failed(error, self.place());
        }
        result
    }

    /// Where the start-up stands, in words for an error.
    #[must_use]
    pub const fn place(&self) -> &'static str {
        match self.state {
            State::Authentication | State::Challenge(_) | State::Signature(_) | State::Proven => {
                LOGIN
            }
            State::LoggedIn | State::Asked(_) => "the server's start-up",
            State::Done => "after the server's start-up",
            State::Failed(_, place) => place,
        }
    }

    /// The bytes that came behind `ReadyForQuery`: the session takes them.
    #[must_use]
    pub fn rest(&self) -> &[u8] {
        match self.state {
            State::Done => &self.buffer,
            State::Authentication
            | State::Challenge(_)
            | State::Signature(_)
            | State::Proven
            | State::LoggedIn
            | State::Asked(_)
            | State::Failed(..) => &[],
        }
    }

    fn step(&mut self) -> Result<Option<ServerEvent>, WireError> {
        loop {
            match self.state {
                State::Done => return Ok(None),
                State::Failed(error, _) => return Err(error),
                State::Authentication
                | State::Challenge(_)
                | State::Signature(_)
                | State::Proven
                | State::LoggedIn
                | State::Asked(_) => {}
            }
            let Some(head) = head(&self.buffer)? else { return Ok(None) };
            if head.len > MAX_LOGIN_MESSAGE_BYTES {
                return Err(WireError::TooLong);
            }
            let Some(body) = self.buffer.get(HEAD_BYTES..head.len) else { return Ok(None) };
            let body = Zeroizing::new(body.to_vec());
            self.buffer.drain(..head.len);
            if let Some(event) = self.message(head.tag, Body::new(&body))? {
                return Ok(Some(event));
            }
        }
    }

    fn message(&mut self, tag: u8, body: Body<'_>) -> Result<Option<ServerEvent>, WireError> {
        match (tag, &self.state) {
            (b'E', _) => {
                self.state = State::Failed(WireError::OutOfOrder, self.place());
                sqlstate(body).map(|code| Some(ServerEvent::Refused(code)))
            }
            // What a server tells while it starts is for its own clients.
            (b'N', _) => Ok(None),
            (b'R', State::LoggedIn) => Err(WireError::OutOfOrder),
            (b'R', _) => self.authentication(body),
            (b'S', State::LoggedIn) => self.parameter(body).map(|()| None),
            (b'K', State::LoggedIn) => self.key(body).map(|()| None),
            (b'Z', State::LoggedIn) if body.rest() == b"I" => self.logged_in(),
            (b'Z', State::Asked(Some(path))) if body.rest() == b"I" => {
                self.ready.search_path = path.clone();
                Ok(Some(self.done()))
            }
            (b'Z', State::LoggedIn | State::Asked(_)) => Err(WireError::Malformed),
            (b'T' | b'C', State::Asked(_)) => Ok(None),
            (b'D', State::Asked(None)) => self.told(body).map(|()| None),
            (b'S', State::Asked(_)) => self.parameter(body).map(|()| None),
            (b'S' | b'K' | b'Z' | b'v', _) => Err(WireError::OutOfOrder),
            _ => Err(WireError::UnknownMessage),
        }
    }

    /// The server is ready; one that has not told its search path is asked first.
    fn logged_in(&mut self) -> Result<Option<ServerEvent>, WireError> {
        let told = self.ready.parameters.iter().rev().find(|(name, _)| name == "search_path");
        if let Some((_, path)) = told {
            self.ready.search_path = path.clone();
            return Ok(Some(self.done()));
        }
        self.state = State::Asked(None);
        let mut out = Vec::new();
        put(&mut out, b'Q', |body| put_text(body, ASKED))?;
        Ok(Some(ServerEvent::Send(out)))
    }

    fn done(&mut self) -> ServerEvent {
        self.state = State::Done;
        ServerEvent::Ready(std::mem::take(&mut self.ready))
    }

    /// The one cell of the answer.
    fn told(&mut self, mut body: Body<'_>) -> Result<(), WireError> {
        let (1, Some(path)) = (body.count()?, body.value()?) else {
            return Err(WireError::Malformed);
        };
        let path = std::str::from_utf8(path).map_err(|_| WireError::Encoding)?;
        if !body.is_empty() {
            return Err(WireError::Malformed);
        }
        self.state = State::Asked(Some(path.to_owned()));
        Ok(())
    }

    fn authentication(&mut self, mut body: Body<'_>) -> Result<Option<ServerEvent>, WireError> {
        let methods = self.credentials.methods;
        let kind = body.int32()?;
        let state = std::mem::replace(&mut self.state, State::Failed(WireError::OutOfOrder, LOGIN));
        let (next, sent) = match (kind, state) {
            (0, State::Proven) => (State::LoggedIn, None),
            (0, State::Authentication) if methods.trust => (State::LoggedIn, None),
            (0, State::Authentication) => {
                return Err(WireError::Startup { what: "a login at the server without a proof" });
            }
            (3, State::Authentication) if methods.cleartext => {
                let password = &self.credentials.password;
                let mut out = Vec::new();
                put(&mut out, b'p', |body| {
                    body.extend_from_slice(password);
                    body.push(0);
                })?;
                (State::Proven, Some(out))
            }
            (10, State::Authentication) if methods.scram => {
                let mut offered = false;
                loop {
                    match body.text()? {
                        "" => break,
                        mechanism => offered |= mechanism == MECHANISM,
                    }
                }
                if !offered {
                    return Err(WireError::Startup { what: "a way to log in that is not spoken" });
                }
                let scram = Scram::new(&self.credentials.password, &self.random);
                let first = scram.first();
                let length = i32::try_from(first.len()).map_err(|_| WireError::TooLong)?;
                let mut out = Vec::new();
                put(&mut out, b'p', |body| {
                    put_text(body, MECHANISM);
                    body.extend(length.to_be_bytes());
                    body.extend(first);
                })?;
                (State::Challenge(scram), Some(out))
            }
            (11, State::Challenge(mut scram)) => {
                let proof = scram.proof(body.rest())?;
                let mut out = Vec::new();
                put(&mut out, b'p', |body| body.extend(proof))?;
                (State::Signature(scram), Some(out))
            }
            (12, State::Signature(scram)) => {
                scram.verify(body.rest())?;
                (State::Proven, None)
            }
            (2..=9, State::Authentication) | (10, State::Authentication) => {
                return Err(WireError::Startup { what: "a way to log in that is not allowed" });
            }
            _ => return Err(WireError::OutOfOrder),
        };
        // Kind 0, 3, and 5 have nothing behind; those of SASL were read to their end.
        if matches!(kind, 0 | 3 | 10) && !body.is_empty() {
            return Err(WireError::Malformed);
        }
        self.state = next;
        Ok(sent.map(ServerEvent::Send))
    }

    fn parameter(&mut self, mut body: Body<'_>) -> Result<(), WireError> {
        let (name, value) = (body.text()?, body.text()?);
        if !body.is_empty() {
            return Err(WireError::Malformed);
        }
        if name == "client_encoding" && value != "UTF8" {
            return Err(WireError::Encoding);
        }
        if self.ready.parameters.len() >= MAX_PARAMETERS {
            return Err(WireError::Bound { what: "parameters of the server" });
        }
        self.ready.parameters.push((name.to_owned(), value.to_owned()));
        Ok(())
    }

    fn key(&mut self, mut body: Body<'_>) -> Result<(), WireError> {
        if self.ready.key.is_some() {
            return Err(WireError::OutOfOrder);
        }
        let process = body.int32()?;
        let key = body.rest();
        if !(1..=MAX_CANCEL_KEY_BYTES).contains(&key.len()) {
            return Err(WireError::Malformed);
        }
        self.ready.key = Some(CancelKey { process, key: key.to_vec() });
        Ok(())
    }
}

/// The SQLSTATE of an error, if it is one.
fn sqlstate(mut body: Body<'_>) -> Result<String, WireError> {
    let mut code = None;
    loop {
        let field = body.byte()?;
        if field == 0 {
            break;
        }
        let text = body.raw_text()?;
        let fits = text.len() == 5 && text.iter().all(u8::is_ascii_alphanumeric);
        if field == b'C' && fits {
            code = Some(String::from_utf8_lossy(text).into_owned());
        }
    }
    Ok(code.unwrap_or_else(|| "XX000".to_owned()))
}

#[cfg(test)]
mod tests;
