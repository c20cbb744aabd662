//! Events and the exact line that the log stores for one: a leaf.

use std::fmt;

use serde::de::{Error as _, IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

use crate::audit::error::AuditError;
use crate::audit::line::{Line, push_number};
use crate::crypto::json::{MAX_JSON_DEPTH, parse_strict_within};
use crate::limits::MAX_LEAF_BYTES;
use crate::primitives::{Digest, Timestamp};

/// The keys that stand first in every leaf, in this order.
pub const HEAD_KEYS: [&str; 7] = ["v", "log", "seq", "prev", "time", "epoch", "type"];

/// What an event speaks of.
///
/// Kinds that start with `log.` or `key.` are written by the log itself.
///
/// # Examples
/// ```
/// use placet::audit::EventKind;
/// assert_eq!(EventKind::parse("decision"), Some(EventKind::Decision));
/// assert_eq!(EventKind::parse("Decision"), None);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum EventKind {
    /// A writer opened the log: origin, root key, cadence of heartbeats.
    LogOpen,
    /// The writer closed it in order; nothing follows but another `log.open`.
    LogClose,
    /// Nothing happened for one cadence, and the writer lives.
    LogHeartbeat,
    /// An unsigned tail was dropped when the log was opened.
    LogRecovered,
    /// A new epoch key, certified by the root key.
    KeyEpoch,
    /// A session began.
    SessionOpen,
    /// A chunk of a session's recording was stored.
    SessionChunk,
    /// A session ended.
    SessionEnd,
    /// What was decided about a command, before it was forwarded.
    Decision,
    /// What became of a forwarded command.
    Outcome,
    /// A command waits for people.
    ApprovalRequested,
    /// A person answered.
    ApprovalAnswered,
    /// An approval was used up, before its command was forwarded.
    ApprovalConsumed,
    /// An approval was refused, ran out or was void.
    ApprovalClosed,
    /// A bundle came into force.
    BundleLoaded,
    /// A bundle was refused; the last good one stays.
    BundleRefused,
    /// Something to look at: an attack, an evasion, sensitive data where none belongs.
    Finding,
    /// Recordings were removed after their time.
    RetentionPurged,
    /// A legal hold was set or lifted.
    RetentionHold,
    /// Events were lost or refused, and this one says so.
    AuditFailure,
}

impl EventKind {
    /// Every kind.
    pub const ALL: &'static [Self] = &[
        Self::LogOpen,
        Self::LogClose,
        Self::LogHeartbeat,
        Self::LogRecovered,
        Self::KeyEpoch,
        Self::SessionOpen,
        Self::SessionChunk,
        Self::SessionEnd,
        Self::Decision,
        Self::Outcome,
        Self::ApprovalRequested,
        Self::ApprovalAnswered,
        Self::ApprovalConsumed,
        Self::ApprovalClosed,
        Self::BundleLoaded,
        Self::BundleRefused,
        Self::Finding,
        Self::RetentionPurged,
        Self::RetentionHold,
        Self::AuditFailure,
    ];

    /// The `type` of the leaf.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::LogOpen => "log.open",
            Self::LogClose => "log.close",
            Self::LogHeartbeat => "log.heartbeat",
            Self::LogRecovered => "log.recovered",
            Self::KeyEpoch => "key.epoch",
            Self::SessionOpen => "session.open",
            Self::SessionChunk => "session.chunk",
            Self::SessionEnd => "session.end",
            Self::Decision => "decision",
            Self::Outcome => "outcome",
            Self::ApprovalRequested => "approval.requested",
            Self::ApprovalAnswered => "approval.answered",
            Self::ApprovalConsumed => "approval.consumed",
            Self::ApprovalClosed => "approval.closed",
            Self::BundleLoaded => "bundle.loaded",
            Self::BundleRefused => "bundle.refused",
            Self::Finding => "finding",
            Self::RetentionPurged => "retention.purged",
            Self::RetentionHold => "retention.hold",
            Self::AuditFailure => "audit_failure",
        }
    }

    /// The kind of a leaf's `type`; `None` for one that a later version may know.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.as_str() == text)
    }

    /// Whether only the log's writer makes such events.
    #[must_use]
    pub const fn is_reserved(self) -> bool {
        match self {
            Self::LogOpen
            | Self::LogClose
            | Self::LogHeartbeat
            | Self::LogRecovered
            | Self::KeyEpoch => true,
            Self::SessionOpen
            | Self::SessionChunk
            | Self::SessionEnd
            | Self::Decision
            | Self::Outcome
            | Self::ApprovalRequested
            | Self::ApprovalAnswered
            | Self::ApprovalConsumed
            | Self::ApprovalClosed
            | Self::BundleLoaded
            | Self::BundleRefused
            | Self::Finding
            | Self::RetentionPurged
            | Self::RetentionHold
            | Self::AuditFailure => false,
        }
    }
}

/// The name of a log, for ever: letters, digits and `. _ - / :`, 1 to 200 bytes.
///
/// Unique for each log that was ever started, so that leaves of one never pass in another: the
/// store joins the root key's name, the writer's name and eight random bytes.
///
/// # Examples
/// ```
/// # use placet::audit::Origin;
/// assert!(Origin::parse("example.com/audit/gateway-1/0f3a").is_ok());
/// assert!(Origin::parse("two words").is_err());
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Origin(String);

impl Origin {
    /// Reads an origin.
    ///
    /// # Errors
    /// [`AuditError::Origin`] (`AUD004`).
    pub fn parse(text: &str) -> Result<Self, AuditError> {
        // INVARIANT: no byte needs an escape in JSON, nor ends a key name or a line.
        let fits = |c: u8| c.is_ascii_alphanumeric() || b"._-/:".contains(&c);
        if (1..=200).contains(&text.len()) && text.bytes().all(fits) {
            Ok(Self(text.to_owned()))
        } else {
            Err(AuditError::Origin)
        }
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// An event that may be appended: a kind, a time and a JSON object of its own.
///
/// Prints as its kind and length only. What the body holds is the caller's duty: no value that
/// masking would cover belongs into a log.
///
/// # Examples
/// ```
/// # use placet::audit::{Event, EventKind};
/// # use placet::primitives::Timestamp;
/// let now = Timestamp::parse("2026-11-22T12:00:00Z").unwrap();
/// let body = serde_json::json!({"verdict": "deny", "rules": ["prod-writes-need-two"]});
/// assert!(Event::new(EventKind::Decision, now, &body).is_ok());
/// let body = serde_json::json!({"seq": 7});
/// assert_eq!(Event::new(EventKind::Decision, now, &body).unwrap_err().code(), "AUD002");
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Event {
    kind: EventKind,
    time: Timestamp,
    /// INVARIANT: a JSON object on one line without a key of `HEAD_KEYS` and without repeats.
    body: Vec<u8>,
}

impl Event {
    /// An event with this body.
    ///
    /// - `body`: serialises as an object; its keys are none of [`HEAD_KEYS`], and none twice.
    ///
    /// # Errors
    /// [`AuditError::NotAnObject`], [`AuditError::ReservedKey`], [`AuditError::ReservedKind`].
    pub fn new(
        kind: EventKind,
        time: Timestamp,
        body: &impl Serialize,
    ) -> Result<Self, AuditError> {
        if kind.is_reserved() {
            return Err(AuditError::ReservedKind);
        }
        Self::internal(kind, time, body)
    }

    /// An event whose body is JSON text already; kept byte for byte.
    ///
    /// # Errors
    /// As [`new`](Self::new); a key that is repeated at any depth is refused too.
    pub fn from_json(kind: EventKind, time: Timestamp, body: &[u8]) -> Result<Self, AuditError> {
        if kind.is_reserved() {
            return Err(AuditError::ReservedKind);
        }
        parse_strict_within(body, MAX_LEAF_BYTES, MAX_JSON_DEPTH)
            .map_err(|_| AuditError::NotAnObject)?;
        Self::checked(kind, time, body.to_vec())
    }

    /// An event whose body is a struct of this library: an object on one line, none of whose keys
    /// is reserved or stands twice.
    pub(crate) fn trusted(
        kind: EventKind,
        time: Timestamp,
        body: &impl Serialize,
    ) -> Result<Self, AuditError> {
        // Most have some hundred bytes.
        let mut bytes = Vec::with_capacity(1024);
        serde_json::to_writer(&mut bytes, body).map_err(|_| AuditError::NotAnObject)?;
        debug_assert!(Self::checked(kind, time, bytes.clone()).is_ok(), "a body against its word");
        Ok(Self { kind, time, body: bytes })
    }

    /// An event of a body that was written by hand, for which the same holds.
    pub(crate) fn of_line(kind: EventKind, time: Timestamp, line: Line) -> Self {
        let body = line.finish();
        debug_assert!(Self::checked(kind, time, body.clone()).is_ok(), "a body against its word");
        Self { kind, time, body }
    }

    /// An event of the writer's own.
    pub(crate) fn internal(
        kind: EventKind,
        time: Timestamp,
        body: &impl Serialize,
    ) -> Result<Self, AuditError> {
        let body = serde_json::to_vec(body).map_err(|_| AuditError::NotAnObject)?;
        Self::checked(kind, time, body)
    }

    fn checked(kind: EventKind, time: Timestamp, body: Vec<u8>) -> Result<Self, AuditError> {
        let framed = body.first() == Some(&b'{') && body.last() == Some(&b'}');
        if !framed || memchr::memchr2(b'\n', b'\r', &body).is_some() {
            return Err(AuditError::NotAnObject);
        }
        match serde_json::from_slice::<TopKeys>(&body) {
            Ok(TopKeys) => Ok(Self { kind, time, body }),
            Err(error) if error.to_string().starts_with(RESERVED) => Err(AuditError::ReservedKey),
            Err(_) => Err(AuditError::NotAnObject),
        }
    }

    /// What it speaks of.
    #[must_use]
    pub const fn kind(&self) -> EventKind {
        self.kind
    }

    /// When it happened.
    #[must_use]
    pub const fn time(&self) -> Timestamp {
        self.time
    }

    /// At least as many bytes as its frame has.
    pub(crate) const fn leaf_bytes(&self) -> u64 {
        // The head holds an origin of 200 bytes, a digest, a time and two numbers.
        self.body.len() as u64 + 512
    }

    /// Writes the leaf of this event at the end of `out`.
    pub(crate) fn write_leaf(
        &self,
        head: &mut LeafHead,
        seq: u64,
        prev: &Digest,
        out: &mut Vec<u8>,
    ) -> Result<(), AuditError> {
        let start = out.len();
        if head.time.0 != self.time {
            head.time = (self.time, self.time.text());
        }
        out.extend_from_slice(&head.log);
        push_number(out, seq);
        out.extend_from_slice(b",\"prev\":\"");
        out.extend_from_slice(&prev.text());
        out.extend_from_slice(b"\",\"time\":\"");
        out.extend_from_slice(&head.time.1);
        out.extend_from_slice(&head.epoch);
        out.extend_from_slice(self.kind.as_str().as_bytes());
        out.push(b'"');
        let rest = self.body.get(1..).unwrap_or(b"}");
        if rest.trim_ascii() != b"}" {
            out.push(b',');
        }
        out.extend_from_slice(rest);
        let bytes = out.len().saturating_sub(start);
        if bytes > MAX_LEAF_BYTES {
            out.truncate(start);
            return Err(AuditError::LeafTooLarge { bytes, limit: MAX_LEAF_BYTES });
        }
        Ok(())
    }
}

/// What the leaves of an epoch have in common.
pub(crate) struct LeafHead {
    /// Up to the index.
    log: Vec<u8>,
    /// Behind the time, up to the kind.
    epoch: Vec<u8>,
    /// The time of the last leaf, and its text: many leaves share one.
    time: (Timestamp, [u8; 24]),
}

impl LeafHead {
    pub(crate) fn new(log: &Origin, epoch: u64, now: Timestamp) -> Self {
        Self {
            log: format!("{{\"v\":1,\"log\":\"{log}\",\"seq\":").into_bytes(),
            epoch: format!("\",\"epoch\":{epoch},\"type\":\"").into_bytes(),
            time: (now, now.text()),
        }
    }
}

impl fmt::Debug for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Event({}, {} bytes)", self.kind.as_str(), self.body.len())
    }
}

// INVARIANT: serde_json's own messages never start with this word.
const RESERVED: &str = "placet: reserved key";

/// Reads an object's own keys and skips their values.
struct TopKeys;

impl<'de> Deserialize<'de> for TopKeys {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_map(Self)
    }
}

impl<'de> Visitor<'de> for TopKeys {
    type Value = Self;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut from: A) -> Result<Self, A::Error> {
        // Bodies have some ten keys; sorting once is cheaper than a set.
        let mut keys: Vec<std::borrow::Cow<'de, str>> = Vec::with_capacity(16);
        while let Some(key) = from.next_key()? {
            from.next_value::<IgnoredAny>()?;
            keys.push(key);
        }
        keys.sort_unstable();
        let repeated = keys.windows(2).any(|pair| matches!(pair, [a, b] if a == b));
        if repeated || keys.iter().any(|key| HEAD_KEYS.contains(&&**key)) {
            return Err(A::Error::custom(RESERVED));
        }
        Ok(self)
    }
}

/// The head of a leaf: the seven fields that the writer put in front.
///
/// # Examples
/// ```
/// # use placet::audit::Leaf;
/// assert_eq!(Leaf::parse(br#"{"v":1,"log":"x"}"#), None);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Leaf<'a> {
    /// The origin of the log that it was written to.
    pub log: &'a str,
    /// Its index.
    pub seq: u64,
    /// The leaf hash of the one before it.
    pub prev: Digest,
    /// When it happened, as the writer says.
    pub time: Timestamp,
    /// The number of the key epoch.
    pub epoch: u64,
    /// Its kind, as text.
    pub kind: &'a str,
    /// What follows the head: `}`, or a comma and the body without its first brace.
    rest: &'a [u8],
}

impl<'a> Leaf<'a> {
    /// Reads the head of a leaf. `None` for anything but the exact form that the writer makes:
    /// one line, these keys in this order, no space, no leading zero.
    ///
    /// The body is not parsed; [`body`](Self::body) gives it.
    #[must_use]
    pub fn parse(line: &'a [u8]) -> Option<Self> {
        let mut at = Cursor(line);
        at.literal(b"{\"v\":1,\"log\":\"")?;
        let log = at.until_quote()?;
        at.literal(b",\"seq\":")?;
        let seq = at.number()?;
        at.literal(b",\"prev\":\"")?;
        let prev = Digest::parse(at.until_quote()?)?;
        at.literal(b",\"time\":\"")?;
        let time = at.until_quote().filter(|text| text.len() == 24 && text.ends_with('Z'))?;
        let time = Timestamp::parse(time)?;
        at.literal(b",\"epoch\":")?;
        let epoch = at.number()?;
        at.literal(b",\"type\":\"")?;
        let kind = at.until_quote()?;
        let rest = at.0;
        let closed = rest == b"}" || (rest.first() == Some(&b',') && rest.last() == Some(&b'}'));
        (closed && memchr::memchr(b'\n', rest).is_none()).then_some(Self {
            log,
            seq,
            prev,
            time,
            epoch,
            kind,
            rest,
        })
    }

    /// The body as the JSON object that the event was made with.
    #[must_use]
    pub fn body(&self) -> Vec<u8> {
        let rest = self.rest.strip_prefix(b",").unwrap_or(self.rest);
        let mut body = Vec::with_capacity(rest.len() + 1);
        body.push(b'{');
        body.extend_from_slice(rest);
        body
    }
}

struct Cursor<'a>(&'a [u8]);

impl<'a> Cursor<'a> {
    fn literal(&mut self, text: &[u8]) -> Option<()> {
        self.0 = self.0.strip_prefix(text)?;
        Some(())
    }

    /// Printable ASCII up to the next quote, without escapes.
    fn until_quote(&mut self) -> Option<&'a str> {
        let end = memchr::memchr(b'"', self.0)?;
        let (text, rest) = self.0.split_at_checked(end)?;
        self.0 = rest.get(1..)?;
        let plain = text.iter().all(|c| matches!(c, b' '..=b'~') && *c != b'\\');
        if plain { std::str::from_utf8(text).ok() } else { None }
    }

    fn number(&mut self) -> Option<u64> {
        let digits = self.0.iter().take_while(|c| c.is_ascii_digit()).count();
        let (text, rest) = self.0.split_at_checked(digits)?;
        if digits == 0 || digits > 20 || (digits > 1 && text.first() == Some(&b'0')) {
            return None;
        }
        self.0 = rest;
        std::str::from_utf8(text).ok()?.parse().ok()
    }
}
