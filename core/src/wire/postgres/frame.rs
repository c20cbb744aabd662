//! Messages: a type, a length, a body; and the fields of a body.

use crate::wire::WireError;

/// The head of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// The type of the message.
    pub tag: u8,
    /// Bytes of the whole message: type, length and body.
    pub len: usize,
}

/// Bytes of a message before its body: the type and the length.
pub const HEAD_BYTES: usize = 5;

/// Reads the head of the next message; `None` while it has not arrived.
///
/// # Errors
/// [`WireError::Length`] for a length that does not cover itself.
///
/// # Examples
/// ```
/// use placet::wire::postgres::frame::head;
/// let sync = [b'S', 0, 0, 0, 4];
/// let head_ = head(&sync)?.unwrap();
/// assert_eq!((head_.tag, head_.len), (b'S', 5));
/// assert_eq!(head(&sync[..4])?, None);
/// assert_eq!(head(&[b'S', 0, 0, 0, 3]).unwrap_err().code(), "WIR001");
/// # Ok::<(), placet::wire::WireError>(())
/// ```
pub fn head(bytes: &[u8]) -> Result<Option<Head>, WireError> {
    let [tag, a, b, c, d, ..] = *bytes else { return Ok(None) };
    let length = i32::from_be_bytes([a, b, c, d]);
    let length = usize::try_from(length).map_err(|_| WireError::Length)?;
    if length < 4 {
        return Err(WireError::Length);
    }
    Ok(Some(Head { tag, len: length.saturating_add(1) }))
}

/// Reads the fields of a body, from front to back. Every read is checked.
///
/// # Examples
/// ```
/// use placet::wire::postgres::frame::Body;
/// let mut body = Body::new(b"name\0\0\x02rest");
/// assert_eq!(body.text()?, "name");
/// assert_eq!(body.int16()?, 2);
/// assert_eq!(body.bytes(4)?, b"rest");
/// assert!(body.is_empty() && body.byte().is_err());
/// # Ok::<(), placet::wire::WireError>(())
/// ```
#[derive(Clone, Copy)]
pub struct Body<'a>(&'a [u8]);

impl std::fmt::Debug for Body<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Body({} bytes left)", self.0.len())
    }
}

impl<'a> Body<'a> {
    /// The body of a message.
    #[must_use]
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// Whether every byte was read.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What is left.
    #[must_use]
    pub const fn rest(&self) -> &'a [u8] {
        self.0
    }

    /// One byte.
    ///
    /// # Errors
    /// [`WireError::Malformed`] where the body ends; so for every read.
    pub fn byte(&mut self) -> Result<u8, WireError> {
        let (first, rest) = self.0.split_first().ok_or(WireError::Malformed)?;
        self.0 = rest;
        Ok(*first)
    }

    /// So many bytes.
    ///
    /// # Errors
    /// As [`byte`](Self::byte).
    pub fn bytes(&mut self, count: usize) -> Result<&'a [u8], WireError> {
        let (bytes, rest) = self.0.split_at_checked(count).ok_or(WireError::Malformed)?;
        self.0 = rest;
        Ok(bytes)
    }

    /// A 16-bit number.
    ///
    /// # Errors
    /// As [`byte`](Self::byte).
    pub fn int16(&mut self) -> Result<i16, WireError> {
        let (bytes, rest) = self.0.split_first_chunk().ok_or(WireError::Malformed)?;
        self.0 = rest;
        Ok(i16::from_be_bytes(*bytes))
    }

    /// A 32-bit number.
    ///
    /// # Errors
    /// As [`byte`](Self::byte).
    pub fn int32(&mut self) -> Result<i32, WireError> {
        let (bytes, rest) = self.0.split_first_chunk().ok_or(WireError::Malformed)?;
        self.0 = rest;
        Ok(i32::from_be_bytes(*bytes))
    }

    /// A count that may not be negative.
    ///
    /// # Errors
    /// As [`byte`](Self::byte).
    pub fn count(&mut self) -> Result<usize, WireError> {
        usize::try_from(self.int16()?).map_err(|_| WireError::Malformed)
    }

    /// The bytes before the next zero byte, which is read too.
    ///
    /// # Errors
    /// As [`byte`](Self::byte).
    pub fn raw_text(&mut self) -> Result<&'a [u8], WireError> {
        let end = memchr::memchr(0, self.0).ok_or(WireError::Malformed)?;
        let text = self.bytes(end)?;
        self.byte()?;
        Ok(text)
    }

    /// The text before the next zero byte, which is read too.
    ///
    /// # Errors
    /// As [`byte`](Self::byte); [`WireError::Encoding`] where it is not UTF-8.
    pub fn text(&mut self) -> Result<&'a str, WireError> {
        std::str::from_utf8(self.raw_text()?).map_err(|_| WireError::Encoding)
    }

    /// A value behind its length; `None` where the length is -1: SQL's null.
    ///
    /// # Errors
    /// As [`byte`](Self::byte).
    pub fn value(&mut self) -> Result<Option<&'a [u8]>, WireError> {
        match self.int32()? {
            -1 => Ok(None),
            length => {
                let length = usize::try_from(length).map_err(|_| WireError::Malformed)?;
                self.bytes(length).map(Some)
            }
        }
    }
}

/// Appends a message: `fill` writes its body.
///
/// # Errors
/// [`WireError::TooLong`] for a body that no length can name; nothing is appended then.
///
/// # Examples
/// ```
/// use placet::wire::postgres::frame::put;
/// let mut out = Vec::new();
/// put(&mut out, b'Z', |body| body.push(b'I'))?;
/// assert_eq!(out, b"Z\0\0\0\x05I");
/// # Ok::<(), placet::wire::WireError>(())
/// ```
pub fn put(out: &mut Vec<u8>, tag: u8, fill: impl FnOnce(&mut Vec<u8>)) -> Result<(), WireError> {
    let start = out.len();
    out.extend_from_slice(&[tag, 0, 0, 0, 0]);
    fill(out);
    let length = out.len().saturating_sub(start + 1);
    match (i32::try_from(length), out.get_mut(start + 1..start + HEAD_BYTES)) {
        (Ok(length), Some(place)) => {
            place.copy_from_slice(&length.to_be_bytes());
            Ok(())
        }
        _ => {
            out.truncate(start);
            Err(WireError::TooLong)
        }
    }
}

/// Appends a text and its zero byte; what stands behind a zero byte of its own is left out.
pub fn put_text(out: &mut Vec<u8>, text: &str) {
    let end = text.bytes().position(|byte| byte == 0).unwrap_or(text.len());
    out.extend(text.bytes().take(end));
    out.push(0);
}
