//! Messages that the gateway itself sends to a client.

use crate::wire::WireError;
use crate::wire::postgres::frame::{put, put_text};

/// How bad an error is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// The command failed, the session goes on.
    Error,
    /// The session ends.
    Fatal,
}

impl Severity {
    const fn word(self) -> &'static str {
        match self {
            Self::Error => "ERROR",
            Self::Fatal => "FATAL",
        }
    }
}

/// An `ErrorResponse` in the gateway's own words.
///
/// # Examples
/// ```
/// use placet::wire::postgres::reply::{ErrorReply, Severity};
/// let reply = ErrorReply::new(Severity::Fatal, "57P01", "the gateway shuts down");
/// let mut out = Vec::new();
/// reply.put(&mut out)?;
/// assert_eq!(out[0], b'E');
/// assert!(out.windows(6).any(|bytes| bytes == b"C57P01"));
/// # Ok::<(), placet::wire::WireError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ErrorReply<'a> {
    severity: Severity,
    sqlstate: &'a str,
    message: &'a str,
    detail: Option<&'a str>,
    hint: Option<&'a str>,
}

impl<'a> ErrorReply<'a> {
    /// An error with this SQLSTATE and these words.
    #[must_use]
    pub const fn new(severity: Severity, sqlstate: &'a str, message: &'a str) -> Self {
        Self { severity, sqlstate, message, detail: None, hint: None }
    }

    /// With a detail.
    #[must_use]
    pub const fn detail(mut self, detail: &'a str) -> Self {
        self.detail = Some(detail);
        self
    }

    /// With a hint.
    #[must_use]
    pub const fn hint(mut self, hint: &'a str) -> Self {
        self.hint = Some(hint);
        self
    }

    /// Appends the message.
    ///
    /// # Errors
    /// [`WireError::TooLong`] for texts that no message can hold.
    pub fn put(&self, out: &mut Vec<u8>) -> Result<(), WireError> {
        let fields = [
            (b'S', Some(self.severity.word())),
            (b'V', Some(self.severity.word())),
            (b'C', Some(self.sqlstate)),
            (b'M', Some(self.message)),
            (b'D', self.detail),
            (b'H', self.hint),
        ];
        put(out, b'E', |body| {
            for (field, text) in fields {
                if let Some(text) = text {
                    body.push(field);
                    put_text(body, text);
                }
            }
            body.push(0);
        })
    }
}

/// The SQLSTATE that a client is told for an error of its session.
///
/// # Examples
/// ```
/// use placet::wire::{WireError, postgres::reply::sqlstate};
/// assert_eq!(sqlstate(&WireError::Malformed), "08P01");
/// assert_eq!(sqlstate(&WireError::Token), "28P01");
/// ```
#[must_use]
pub const fn sqlstate(error: &WireError) -> &'static str {
    match error {
        WireError::Length
        | WireError::TooLong
        | WireError::Malformed
        | WireError::UnknownMessage
        | WireError::OutOfOrder => "08P01",
        WireError::Encoding => "22021",
        WireError::Startup { .. } => "0A000",
        WireError::Bound { .. } => "54000",
        WireError::NotLogged => "58000",
        WireError::Token => "28P01",
    }
}

/// The message that ends a session: what went wrong, where, its code and one remedy.
///
/// - `place`: in which message or at which point.
///
/// # Examples
/// ```
/// use placet::wire::{WireError, postgres::reply::fatal};
/// let out = String::from_utf8(fatal(&WireError::Length, "the start-up message")).unwrap();
/// assert!(out.contains("a length that") || out.contains("(the start-up message)"));
/// assert!(out.contains("WIR001"));
/// ```
#[must_use]
pub fn fatal(error: &WireError, place: &str) -> Vec<u8> {
    let message = format!("{error} ({place})");
    let mut out = Vec::new();
    let reply = ErrorReply::new(Severity::Fatal, sqlstate(error), &message)
        .detail(error.code())
        .hint(error.help());
    // These texts are a few hundred bytes.
    let _ = reply.put(&mut out);
    out
}

/// What a client hears once it is logged in: `AuthenticationOk`, the parameters of the server, the
/// key for cancel requests, `ReadyForQuery`.
///
/// - `key`: the gateway's own, never the server's; `None` where the server gave none.
///
/// # Errors
/// [`WireError::TooLong`] for texts that no message can hold.
///
/// # Examples
/// ```
/// use placet::wire::postgres::reply::welcome;
/// let out = welcome(&[("server_version".to_owned(), "15.1".to_owned())], None)?;
/// assert!(out.starts_with(b"R\0\0\0\x08\0\0\0\0S") && out.ends_with(b"Z\0\0\0\x05I"));
/// # Ok::<(), placet::wire::WireError>(())
/// ```
pub fn welcome(
    parameters: &[(String, String)],
    key: Option<(i32, &[u8])>,
) -> Result<Vec<u8>, WireError> {
    let mut out = Vec::with_capacity(512);
    put(&mut out, b'R', |body| body.extend([0; 4]))?;
    for (name, value) in parameters {
        put(&mut out, b'S', |body| {
            put_text(body, name);
            put_text(body, value);
        })?;
    }
    if let Some((process, key)) = key {
        put(&mut out, b'K', |body| {
            body.extend(process.to_be_bytes());
            body.extend(key);
        })?;
    }
    put(&mut out, b'Z', |body| body.push(b'I'))?;
    Ok(out)
}
