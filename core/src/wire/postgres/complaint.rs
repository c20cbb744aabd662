//! Errors and notices: our own, and the server's with what they may hold masked.

use super::frame::{Body, put, put_text};
use crate::mask::{self, Detectors, Operators};
use crate::wire::WireError;

/// The text in place of words that may hold values.
const MASKED: &str = "[MASKED]";

/// What an error or a notice of our own says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Complaint<'a> {
    /// `ERROR`, `FATAL` or `NOTICE`.
    pub severity: &'static str,
    /// The SQLSTATE.
    pub sqlstate: &'static str,
    /// One line.
    pub message: &'a str,
    /// What a program reads: JSON on one line.
    pub detail: Option<&'a str>,
    /// What to do.
    pub hint: Option<&'a str>,
}

impl<'a> Complaint<'a> {
    /// The complaint that ends a session.
    #[must_use]
    pub const fn fatal(sqlstate: &'static str, message: &'a str) -> Self {
        Self { severity: "FATAL", sqlstate, message, detail: None, hint: None }
    }

    /// Appends it as an ErrorResponse, or as a NoticeResponse where it is a notice.
    ///
    /// # Errors
    /// [`WireError::TooLong`].
    pub fn put(&self, out: &mut Vec<u8>) -> Result<(), WireError> {
        let tag = if self.severity == "NOTICE" { b'N' } else { b'E' };
        put(out, tag, |body| {
            let mut field = |code: u8, text: &str| {
                body.push(code);
                put_text(body, text);
            };
            field(b'S', self.severity);
            field(b'V', self.severity);
            field(b'C', self.sqlstate);
            field(b'M', self.message);
            if let Some(detail) = self.detail {
                field(b'D', detail);
            }
            if let Some(hint) = self.hint {
                field(b'H', hint);
            }
            body.push(0);
        })
    }
}

/// How the server's words are masked.
#[derive(Clone, Debug)]
pub(super) struct WordMask {
    pub(super) detectors: Detectors,
    pub(super) operators: Operators,
    /// Values of a masked class may have any shape: words that may quote them are left out.
    pub(super) strict: bool,
}

impl WordMask {
    /// An error or a notice of the server with its words masked.
    ///
    /// Kept as they are: severity, SQLSTATE, positions, and the names of schema, table, column,
    /// type and constraint. Under `strict`, the words stay only where the error arose before any
    /// row was read: errors of syntax and of access rules (class 42) without a context.
    pub(super) fn message(&self, tag: u8, body: &[u8]) -> Result<Vec<u8>, WireError> {
        let fields = fields(body)?;
        let code = fields.iter().find(|(code, _)| *code == b'C').map_or(&b""[..], |(_, text)| text);
        let has_context = fields.iter().any(|(code, _)| matches!(code, b'W' | b'q'));
        let keeps_words = !self.strict || (code.starts_with(b"42") && !has_context);
        let mut masked = Vec::with_capacity(fields.len());
        for (code, text) in fields {
            match code {
                b'S' | b'V' | b'C' | b'P' | b'p' | b's' | b't' | b'c' | b'd' | b'n' | b'F'
                | b'L' | b'R' => masked.push((code, text.to_vec())),
                b'M' if !keeps_words => masked.push((code, MASKED.as_bytes().to_vec())),
                _ if !keeps_words => {}
                // Also fields that a later version may have.
                _ => masked.push((code, self.text(text)?)),
            }
        }
        let mut out = Vec::with_capacity(body.len() + 16);
        put(&mut out, tag, |out| {
            for (code, text) in &masked {
                out.push(*code);
                out.extend_from_slice(text);
                out.push(0);
            }
            out.push(0);
        })?;
        Ok(out)
    }

    /// A text that belongs to no command, such as the payload of a notification.
    pub(super) fn loose(&self, text: &[u8]) -> Result<Vec<u8>, WireError> {
        if self.strict && !text.is_empty() {
            return Ok(MASKED.as_bytes().to_vec());
        }
        self.text(text)
    }

    fn text(&self, text: &[u8]) -> Result<Vec<u8>, WireError> {
        let masked = mask::text(&self.detectors, &self.operators, text);
        // No operator of today fails; one that did would close the session.
        masked.map(|masked| masked.bytes.into_owned()).map_err(|_| WireError::Malformed)
    }
}

/// The fields of an ErrorResponse or a NoticeResponse.
fn fields(body: &[u8]) -> Result<Vec<(u8, &[u8])>, WireError> {
    let mut body = Body::new(body);
    let mut fields = Vec::new();
    loop {
        match body.byte()? {
            0 if body.is_empty() => return Ok(fields),
            0 => return Err(WireError::Malformed),
            code => fields.push((code, body.raw_text()?)),
        }
    }
}

/// Whether an ErrorResponse ends the session.
pub(super) fn severity_is_fatal(body: &[u8]) -> bool {
    fields(body).is_ok_and(|fields| {
        fields.iter().any(|(code, text)| *code == b'V' && matches!(*text, b"FATAL" | b"PANIC"))
    })
}
