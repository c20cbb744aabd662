//! Messages that the gateway itself sends to a client.

use crate::wire::WireError;
use crate::wire::postgres::Complaint;
use crate::wire::postgres::frame::{put, put_text};

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
        | WireError::Malformed
        | WireError::UnknownMessage
        | WireError::OutOfOrder => "08P01",
        WireError::TooLong | WireError::Bound { .. } => "54000",
        WireError::Encoding => "22021",
        WireError::Startup { .. } => "0A000",
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
/// let out = fatal(&WireError::Length, "the start-up message");
/// let out = String::from_utf8_lossy(&out);
/// assert!(out.contains("cannot be (the start-up message)"));
/// assert!(out.contains("WIR001"));
/// ```
#[must_use]
pub fn fatal(error: &WireError, place: &str) -> Vec<u8> {
    let message = format!("{error} ({place})");
    let mut out = Vec::new();
    let complaint = Complaint {
        detail: Some(error.code()),
        hint: Some(error.help()),
        ..Complaint::fatal(sqlstate(error), &message)
    };
    // These texts are a few hundred bytes.
    let _ = complaint.put(&mut out);
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
