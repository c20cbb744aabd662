//! Why a session cannot go on.

use crate::primitives::Span;

/// Why a session cannot go on, or could not start. The embedder tells the client and closes both
/// sides; other sessions notice nothing.
///
/// Holds no byte of what was received.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WireError {
    /// A length that no message can have.
    #[error("the length of a message cannot be")]
    Length,
    /// A message beyond its bound.
    #[error("a message is longer than its bound")]
    TooLong,
    /// A message whose body is not what its type says.
    #[error("the body of a message cannot be read")]
    Malformed,
    /// A type of message that this protocol does not have.
    #[error("no message has this type")]
    UnknownMessage,
    /// A message that may not come at this point.
    #[error("a message came out of order")]
    OutOfOrder,
    /// Text that is not UTF-8, or a client encoding other than UTF-8.
    #[error("a text is not UTF-8")]
    Encoding,
    /// A start-up that asks for what the session does not offer.
    #[error("the start-up asks for what is not offered: {what}")]
    Startup {
        /// What it asks for.
        what: &'static str,
    },
    /// More requests in flight, statements or portals than a session may have.
    #[error("the session is beyond a bound: {what}")]
    Bound {
        /// Which bound.
        what: &'static str,
    },
    /// The log could not keep an event: nothing more may be forwarded.
    #[error("the log does not take events, so nothing is forwarded")]
    NotLogged,
    /// The token is missing, not known, or no longer valid.
    #[error("the token is not accepted")]
    Token,
}

impl WireError {
    /// Every code of this family with its meaning.
    pub const CODES: &'static [(&'static str, &'static str)] = &[
        ("WIR001", "a length that no message can have"),
        ("WIR002", "a message beyond its bound"),
        ("WIR003", "a message whose body is not what its type says"),
        ("WIR004", "a type of message that the protocol does not have"),
        ("WIR005", "a message that may not come at this point"),
        ("WIR006", "a text that is not UTF-8, or another client encoding"),
        ("WIR007", "a start-up that asks for what is not offered"),
        ("WIR008", "more in flight, or more objects, than a session may have"),
        ("WIR009", "the log could not keep an event"),
        ("WIR010", "a token that is missing, not known, or no longer valid"),
    ];

    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Length => "WIR001",
            Self::TooLong => "WIR002",
            Self::Malformed => "WIR003",
            Self::UnknownMessage => "WIR004",
            Self::OutOfOrder => "WIR005",
            Self::Encoding => "WIR006",
            Self::Startup { .. } => "WIR007",
            Self::Bound { .. } => "WIR008",
            Self::NotLogged => "WIR009",
            Self::Token => "WIR010",
        }
    }

    /// A stream has no place to point at.
    #[must_use]
    pub const fn span(&self) -> Option<Span> {
        None
    }

    /// What to do about it.
    #[must_use]
    pub const fn help(&self) -> &'static str {
        match self {
            Self::Length | Self::TooLong | Self::Malformed => {
                "send messages as the protocol's documentation describes them"
            }
            Self::UnknownMessage | Self::OutOfOrder => {
                "use the simple or the extended query protocol, or COPY"
            }
            Self::Encoding => "set the client's encoding to UTF8",
            Self::Startup { .. } => "connect without it",
            Self::Bound { .. } => "close what is no longer used, or wait for answers",
            Self::NotLogged => "see to the log of the gateway, then connect again",
            Self::Token => "ask the security team for a token",
        }
    }
}
