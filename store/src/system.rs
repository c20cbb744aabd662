//! The clock and the random source of the machine, for callers that have none of their own.

use std::time::{SystemTime, UNIX_EPOCH};

use placet::audit::{AuditError, Cause};
use placet::primitives::Timestamp;
use zeroize::Zeroizing;

/// The time of the system's clock.
#[must_use]
pub fn now() -> Timestamp {
    let millis = match SystemTime::now().duration_since(UNIX_EPOCH) {
        Ok(after) => i64::try_from(after.as_millis()).unwrap_or(i64::MAX),
        Err(before) => i64::try_from(before.duration().as_millis()).map_or(i64::MIN, |ms| -ms),
    };
    Timestamp::from_unix_millis(millis)
}

/// Fills `out` from the system's cryptographic random source.
///
/// # Errors
/// [`AuditError::Files`] if the system has none.
pub fn random(out: &mut [u8]) -> Result<(), AuditError> {
    getrandom::fill(out).map_err(|_| AuditError::Files(Cause("no random source".to_owned())))
}

/// A new seed for a key, wiped when dropped.
///
/// # Errors
/// As [`random`].
pub fn seed() -> Result<Zeroizing<[u8; 32]>, AuditError> {
    let mut seed = Zeroizing::new([0; 32]);
    random(&mut *seed)?;
    Ok(seed)
}
