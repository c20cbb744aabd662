//! What two commands have in common: the fingerprints of every protocol.

use serde::Serialize;

use super::Protocol;
use super::sql::{self, Literals};
use crate::primitives::Digest;
use crate::schema::SqlSession;

/// The two fingerprints of a command.
///
/// # Examples
/// ```
/// use placet::command::{Fingerprint, Protocol};
/// use placet::schema::SqlSession;
///
/// let session = SqlSession::server_defaults();
/// let postgres = Protocol::parse("postgres").unwrap();
/// let of = |text: &str| Fingerprint::of(postgres, text.as_bytes(), &session).unwrap();
/// let (a, b) = (of("SELECT * FROM t WHERE id = 1"), of("select *\nfrom T -- all\nwhere id = 2"));
/// assert_eq!(a.shape, b.shape);
/// assert_ne!(a.exact, b.exact);
/// assert!(Fingerprint::of(postgres, b"SELECT 'open", &session).is_none());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
pub struct Fingerprint {
    /// Of every token with its value: what has the same one is read as the same command, for lists
    /// of commands that are known.
    pub exact: Digest,
    /// Of every token, literals by their kind only: to count and to group by. A literal may be code
    /// or a bound, so that two commands of one shape may do different things. Nothing of a secret
    /// is in it.
    pub shape: Digest,
}

impl Fingerprint {
    /// The fingerprints of a command; `None` where the guard lexer does not cut it, and where no
    /// reader knows the protocol.
    ///
    /// - `bytes`: the command as it was received.
    ///
    /// Cost: linear in the text, within the bounds of [`limits`](crate::limits).
    #[must_use]
    pub fn of(protocol: Protocol, bytes: &[u8], session: &SqlSession) -> Option<Self> {
        let Protocol::Sql(dialect) = protocol else { return None };
        let of = |literals| sql::fingerprint(bytes, dialect, session, literals).ok();
        Some(Self { exact: of(Literals::Values)?, shape: of(Literals::Kinds)? })
    }
}
