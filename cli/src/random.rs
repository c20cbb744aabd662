//! Randomness of the operating system.

use placet_store::Zeroizing;

use crate::failure::Failure;

/// 32 fresh bytes for a key, wiped when dropped.
pub(crate) fn seed() -> Result<Zeroizing<[u8; 32]>, Failure> {
    let mut seed = Zeroizing::new([0; 32]);
    fill(seed.as_mut_slice())?;
    Ok(seed)
}

/// Fresh bytes.
pub(crate) fn bytes<const N: usize>() -> Result<[u8; N], Failure> {
    let mut bytes = [0; N];
    fill(&mut bytes)?;
    Ok(bytes)
}

fn fill(bytes: &mut [u8]) -> Result<(), Failure> {
    getrandom::fill(bytes).map_err(|error| {
        Failure::new("API011", format!("the system gave no randomness: {error}"), "try again")
    })
}
