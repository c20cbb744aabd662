//! Where something was found: never what.

use serde::Serialize;
use serde::ser::{SerializeStruct, Serializer};

use super::EntityType;

/// A value that was found, by its place. `start` and `end` are offsets in bytes from the start of
/// the input, half-open; `score` is how sure the detector is, in percent.
///
/// Serialized as `{"type","start","end","score"}` with the score from 0 to 1.
///
/// # Examples
/// ```
/// use placet::mask::{EntityType, Finding};
/// let found = Finding { start: 3, end: 18, kind: EntityType::EmailAddress, score: 100 };
/// let json = serde_json::to_string(&found)?;
/// assert_eq!(json, r#"{"type":"EMAIL_ADDRESS","start":3,"end":18,"score":1.0}"#);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Finding {
    /// First byte of the value.
    pub start: u64,
    /// One past its last byte.
    pub end: u64,
    /// What it is.
    pub kind: EntityType,
    /// Percent, 1 to 100.
    pub score: u8,
}

impl Serialize for Finding {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut out = serializer.serialize_struct("Finding", 4)?;
        out.serialize_field("type", &self.kind)?;
        out.serialize_field("start", &self.start)?;
        out.serialize_field("end", &self.end)?;
        out.serialize_field("score", &(f64::from(self.score) / 100.0))?;
        out.end()
    }
}
