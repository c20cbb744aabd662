//! MySQL's packets: the fields of the ones that a client needs, read with every step checked.

use crate::error::CatalogError;

/// Bytes of one packet's body before it goes on in the next.
pub(super) const FULL: usize = 0xff_ffff;

/// What a client can do and a server offers (`CLIENT_…`).
pub(super) mod can {
    pub(in crate::mysql) const LONG_PASSWORD: u32 = 1;
    pub(in crate::mysql) const CONNECT_WITH_DB: u32 = 1 << 3;
    pub(in crate::mysql) const PROTOCOL_41: u32 = 1 << 9;
    pub(in crate::mysql) const TLS: u32 = 1 << 11;
    pub(in crate::mysql) const TRANSACTIONS: u32 = 1 << 13;
    pub(in crate::mysql) const SECURE_CONNECTION: u32 = 1 << 15;
    pub(in crate::mysql) const PLUGIN_AUTH: u32 = 1 << 19;
}

/// utf8mb4_general_ci: known to every version that is still kept.
const UTF8: u8 = 45;

/// Reads the fields of a packet from front to back.
#[derive(Clone, Copy)]
pub(super) struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    pub(super) const fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    pub(super) const fn rest(&self) -> &'a [u8] {
        self.0
    }

    pub(super) fn bytes(&mut self, count: usize) -> Option<&'a [u8]> {
        let (bytes, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(bytes)
    }

    pub(super) fn byte(&mut self) -> Option<u8> {
        self.bytes(1)?.first().copied()
    }

    /// A number of so many bytes, the lowest first.
    fn number(&mut self, bytes: usize) -> Option<u64> {
        let bytes = self.bytes(bytes)?;
        Some(bytes.iter().rev().fold(0, |number, byte| (number << 8) | u64::from(*byte)))
    }

    /// The bytes before the next zero byte, which is read too; all of them where there is none.
    pub(super) fn text(&mut self) -> &'a [u8] {
        let end = self.0.iter().position(|byte| *byte == 0);
        let text = self.bytes(end.unwrap_or(self.0.len())).unwrap_or_default();
        self.bytes(usize::from(end.is_some()));
        text
    }

    /// A value behind its length; the inner `None` is SQL's null.
    pub(super) fn value(&mut self) -> Option<Option<&'a [u8]>> {
        let length = match self.byte()? {
            0xfb => return Some(None),
            0xfc => self.number(2)?,
            0xfd => self.number(3)?,
            0xfe => self.number(8)?,
            0xff => return None,
            short => u64::from(short),
        };
        self.bytes(usize::try_from(length).ok()?).map(Some)
    }
}

/// What a server says first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Greeting {
    pub(super) version: String,
    pub(super) capabilities: u32,
    pub(super) nonce: Vec<u8>,
    pub(super) plugin: String,
}

impl Greeting {
    /// `None` where it is no greeting of protocol 10.
    pub(super) fn parse(packet: &[u8]) -> Option<Self> {
        let mut fields = Fields::new(packet);
        if fields.byte()? != 10 {
            return None;
        }
        let version = String::from_utf8_lossy(fields.text()).into_owned();
        fields.bytes(4)?;
        let mut nonce = fields.bytes(8)?.to_vec();
        fields.byte()?;
        let low = fields.number(2)?;
        fields.bytes(3)?;
        let capabilities = u32::try_from(low | (fields.number(2)? << 16)).ok()?;
        let length = usize::from(fields.byte()?);
        fields.bytes(10)?;
        // The second part has at least 13 bytes, the last of them a zero.
        nonce.extend_from_slice(fields.bytes(length.saturating_sub(8).max(13))?);
        nonce.truncate(20);
        let plugin = String::from_utf8_lossy(fields.text()).into_owned();
        Some(Self { version, capabilities, nonce, plugin })
    }
}

/// The head of a login: what the client can do. By itself it asks for TLS.
pub(super) fn login_head(capabilities: u32) -> Vec<u8> {
    let mut out = capabilities.to_le_bytes().to_vec();
    // The largest packet that the server may send.
    out.extend(0x0100_0000u32.to_le_bytes());
    out.push(UTF8);
    out.extend([0; 23]);
    out
}

/// The number of an error.
pub(super) fn error_number(packet: &[u8]) -> u64 {
    let mut fields = Fields::new(packet);
    fields.byte().and_then(|_| fields.number(2)).unwrap_or_default()
}

/// A row of texts and nulls.
pub(super) fn row(packet: &[u8], columns: u64) -> Result<Vec<Option<String>>, CatalogError> {
    let mut fields = Fields::new(packet);
    let mut row = Vec::new();
    for _ in 0..columns {
        let value = fields.value().ok_or_else(|| CatalogError::protocol("a row"))?;
        let value = value.map(|bytes| String::from_utf8(bytes.to_vec()));
        row.push(value.transpose().map_err(|_| CatalogError::protocol("a name outside of UTF-8"))?);
    }
    if fields.rest().is_empty() { Ok(row) } else { Err(CatalogError::protocol("a row")) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const NATIVE: &[u8] =
        b"\x0a5.5.5-10.11.6-MariaDB\0\x07\0\0\0abcdefgh\0\xfe\xf7\x2d\x02\0\xff\x81\
        \x15\0\0\0\0\0\0\x1d\0\0\0ijklmnopqrst\0mysql_native_password\0";

    #[test]
    fn a_greeting() {
        let greeting = Greeting::parse(NATIVE).unwrap();
        assert_eq!(greeting.version, "5.5.5-10.11.6-MariaDB");
        assert_eq!(greeting.nonce, b"abcdefghijklmnopqrst");
        assert_eq!(greeting.plugin, "mysql_native_password");
        assert_eq!(greeting.capabilities, 0x81ff_f7fe);
        assert_eq!(Greeting::parse(b"\x09old\0"), None);
    }

    #[test]
    fn rows() {
        let long = vec![b'x'; 300];
        let packet = [&b"\x01a\xfb\x00\xfc\x2c\x01"[..], &long].concat();
        let row = row(&packet, 4).unwrap();
        let long = String::from_utf8(long).unwrap();
        assert_eq!(row, [Some("a".into()), None, Some(String::new()), Some(long)]);
        for broken in [&b"\x02a"[..], b"\xfe\xff\xff\xff\xff\xff\xff\xff\xff", b"\xff", b"\x01\x80"]
        {
            assert_eq!(super::row(broken, 1).unwrap_err().code(), "API064");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_answered(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = Greeting::parse(&bytes);
            let _ = row(&bytes, 3);
            let _ = error_number(&bytes);
            let cut = &NATIVE[..bytes.len().min(NATIVE.len())];
            let _ = Greeting::parse(cut);
        }
    }
}
