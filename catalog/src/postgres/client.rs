//! A session with a PostgreSQL server: log in, ask, read rows of texts.

use placet::wire::WireError;
use placet::wire::postgres::frame::{Body, HEAD_BYTES, head, put, put_text};
use placet::wire::postgres::scram::NONCE_BYTES;
use placet::wire::postgres::upstream::{
    Credentials, Methods, Ready, SSL_REQUEST, ServerEvent, ServerStartup,
};
use zeroize::Zeroizing;

use crate::error::CatalogError;
use crate::link::Link;
use crate::snapshot::{MAX_SNAPSHOT_BYTES, too_large};
use crate::source::{Server, Tls};
use crate::{Progress, Watch, tls};

/// The name of the protocol inside TLS, as PostgreSQL registered it.
const ALPN: &[u8] = b"postgresql";

/// A row: texts, or null.
pub(super) type Row = Vec<Option<String>>;

/// A session that is ready for questions.
pub(super) struct Client {
    link: Link,
    buffer: Vec<u8>,
    /// How much of the buffer was read.
    at: usize,
    /// Bytes that may still be received: a server must not fill the memory.
    room: usize,
    ready: Ready,
}

impl Client {
    /// Connects and logs in.
    pub(super) fn open(server: &Server) -> Result<Self, CatalogError> {
        let mut link = Link::open(server)?;
        match server.tls {
            Tls::Disable => {}
            Tls::VerifyFull(_) | Tls::Require => {
                link.send(&SSL_REQUEST)?;
                // One byte and no more: what follows it unencrypted would count as encrypted.
                let mut answer = [0; 1];
                link.fill(&mut answer)?;
                match answer {
                    [b'S'] => link.secure(server, Some(ALPN))?,
                    [b'N'] => return Err(tls::not_offered()),
                    _ => return Err(CatalogError::protocol("the answer to a request for TLS")),
                }
            }
        }
        let (buffer, at, room) = (Vec::new(), 0, 4 * MAX_SNAPSHOT_BYTES);
        let mut client = Self { link, buffer, at, room, ready: Ready::default() };
        client.log_in(server)?;
        Ok(client)
    }

    fn log_in(&mut self, server: &Server) -> Result<(), CatalogError> {
        let private = self.link.is_private();
        let password = server.password.clone().unwrap_or_default();
        let methods = Methods {
            scram: server.password.is_some(),
            // Who asks for no proof may be anybody, unless the way to the server is its proof.
            trust: private || server.password.is_none(),
            cleartext: private && !password.is_empty(),
        };
        let credentials = Credentials { user: server.user.clone(), password, methods };
        let mut random = [0; NONCE_BYTES];
        getrandom::fill(&mut random).map_err(|_| CatalogError::protocol("no random source"))?;
        let database = server.database.as_deref().unwrap_or(&server.user);
        let settings = [("application_name".to_owned(), "placet".to_owned())];
        let (mut startup, packet) =
            ServerStartup::new(credentials, database, &settings, random).map_err(not_protocol)?;
        self.link.send(&packet)?;
        let mut buffer = vec![0; 4096];
        loop {
            match startup.next_event() {
                Ok(None) => {
                    let count = self.link.some(&mut buffer)?;
                    startup.push(buffer.get(..count).unwrap_or_default());
                }
                Ok(Some(ServerEvent::Send(bytes))) => self.link.send(&Zeroizing::new(bytes))?,
                Ok(Some(ServerEvent::Refused(state))) => return Err(refused_login(&state)),
                Ok(Some(ServerEvent::Ready(ready))) => {
                    self.buffer = startup.rest().to_vec();
                    self.ready = ready;
                    return Ok(());
                }
                Err(WireError::Startup { what }) => return Err(other_login(what, server)),
                Err(error) => return Err(not_protocol(error)),
            }
        }
    }

    /// The server's version as it counts: 160004 for 16.4.
    pub(super) fn version(&mut self) -> Result<u32, CatalogError> {
        let rows = self.rows("SHOW server_version_num", "version", &mut |_| {})?;
        let told = rows.first().and_then(|row| row.first()?.as_deref()?.parse().ok());
        told.ok_or_else(|| CatalogError::protocol("a version"))
    }

    /// Runs a command whose answer is of no interest.
    pub(super) fn run(&mut self, sql: &str) -> Result<(), CatalogError> {
        self.rows(sql, "", &mut |_| {}).map(drop)
    }

    /// The rows that a question gives.
    pub(super) fn rows(
        &mut self,
        sql: &str,
        what: &'static str,
        watch: &mut Watch<'_>,
    ) -> Result<Vec<Row>, CatalogError> {
        let mut out = Vec::new();
        put(&mut out, b'Q', |body| put_text(body, sql)).map_err(not_protocol)?;
        self.link.send(&out)?;
        let (mut rows, mut refused) = (Vec::new(), None);
        loop {
            let (tag, body) = self.message()?;
            match tag {
                b'D' => {
                    rows.push(row(Body::new(&body)).map_err(not_protocol)?);
                    if rows.len() % 1000 == 0 {
                        watch(Progress { what, count: rows.len() });
                    }
                }
                b'E' => refused = refused.or_else(|| Some(sqlstate(Body::new(&body)))),
                b'Z' => break,
                // What columns there are, that it is done, what the server says beside it.
                b'T' | b'C' | b'N' | b'S' | b'A' | b'I' => {}
                _ => return Err(CatalogError::protocol("a message of the server")),
            }
        }
        match refused {
            None => Ok(rows),
            Some(state) => Err(refused_question(what, &state)),
        }
    }

    fn message(&mut self) -> Result<(u8, Vec<u8>), CatalogError> {
        loop {
            let waiting = self.buffer.get(self.at..).unwrap_or_default();
            if let Some(head) = head(waiting).map_err(not_protocol)? {
                if head.len > self.room {
                    return Err(too_large());
                }
                if let Some(body) = waiting.get(HEAD_BYTES..head.len) {
                    let body = body.to_vec();
                    self.at = self.at.saturating_add(head.len);
                    self.room = self.room.saturating_sub(head.len);
                    return Ok((head.tag, body));
                }
            }
            self.buffer.drain(..self.at);
            self.at = 0;
            let mut more = [0; 32 * 1024];
            let count = self.link.some(&mut more)?;
            self.buffer.extend_from_slice(more.get(..count).unwrap_or_default());
        }
    }
}

fn row(mut body: Body<'_>) -> Result<Row, WireError> {
    let count = body.count()?;
    let mut row = Vec::with_capacity(count.min(16));
    for _ in 0..count {
        let value = body.value()?.map(|bytes| {
            std::str::from_utf8(bytes).map(str::to_owned).map_err(|_| WireError::Encoding)
        });
        row.push(value.transpose()?);
    }
    Ok(row)
}

/// The SQLSTATE of an error.
fn sqlstate(mut body: Body<'_>) -> String {
    let unknown = || "XX000".to_owned();
    while let Ok(field) = body.byte() {
        let Ok(text) = body.raw_text() else { return unknown() };
        if field == b'C' && text.len() == 5 && text.iter().all(u8::is_ascii_alphanumeric) {
            return String::from_utf8_lossy(text).into_owned();
        }
    }
    unknown()
}

fn not_protocol(error: WireError) -> CatalogError {
    if error == WireError::Encoding {
        return CatalogError::new(
            "API064",
            "a name in the catalog is not UTF-8",
            "rename it, or leave its schema out with `--schema`",
        );
    }
    CatalogError::protocol(&error.to_string())
}

fn refused_login(state: &str) -> CatalogError {
    let help = match state {
        "28P01" => "user or password is wrong; give it in PGPASSWORD or with `--password-file`",
        "28000" => "the server lets this user not in from here: see its pg_hba.conf",
        "3D000" => "no database has this name",
        "42501" => "the user may not connect to this database",
        "53300" => "every session that the server has is taken: try again",
        "57P03" => "the server starts or stops: try again",
        _ => "the server's log says why",
    };
    CatalogError::new("API062", format!("the server refuses the session (SQLSTATE {state})"), help)
}

fn other_login(what: &str, server: &Server) -> CatalogError {
    let help = match (&server.tls, server.password.is_some()) {
        (_, false) => "give a password in PGPASSWORD or with `--password-file`",
        (Tls::VerifyFull(_), true) => {
            "SCRAM-SHA-256 and cleartext passwords are spoken; MD5 is not"
        }
        (Tls::Require | Tls::Disable, true) => {
            "SCRAM-SHA-256 is spoken; what proves less needs `?sslmode=verify-full`, MD5 is not spoken"
        }
    };
    CatalogError::new("API062", format!("the login cannot go on: {what}"), help)
}

fn refused_question(what: &str, state: &str) -> CatalogError {
    let help = match state {
        "57014" => "a timeout of the server's ended it: raise `statement_timeout` of this user",
        "42883" | "42703" | "42P01" => "PostgreSQL 12 or newer is needed",
        _ => "the server's log says why",
    };
    let message = format!("the server refuses to tell its {what} (SQLSTATE {state})");
    CatalogError::new("API065", message, help)
}
