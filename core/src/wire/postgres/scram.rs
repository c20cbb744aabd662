//! SCRAM-SHA-256, the client's half: how the gateway proves a password without sending it.
//!
//! Without channel binding: whoever relays between gateway and server is kept out by a verified
//! certificate. Source: RFC 5802, RFC 7677.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use crate::wire::WireError;

/// Random bytes of a nonce: PostgreSQL's own clients take as many.
pub const NONCE_BYTES: usize = 18;

/// Rounds that a server may ask for. PostgreSQL asks for 4096; more than this would stop a worker
/// for longer than a tenth of a second.
const MAX_ROUNDS: u32 = 200_000;

/// The name of the mechanism.
pub const MECHANISM: &str = "SCRAM-SHA-256";

/// One exchange. Prints nothing of the password.
pub struct Scram {
    password: Zeroizing<Vec<u8>>,
    nonce: String,
    /// The server's signature as it must be; there once the proof was made.
    expected: Option<Zeroizing<[u8; 32]>>,
}

impl fmt::Debug for Scram {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Scram")
    }
}

impl Scram {
    /// An exchange for this password.
    ///
    /// - `password`: ASCII, which needs no preparation (RFC 4013); the caller sees to it.
    /// - `random`: fresh for each exchange.
    #[must_use]
    pub fn new(password: &[u8], random: &[u8; NONCE_BYTES]) -> Self {
        let nonce = STANDARD.encode(random);
        Self { password: Zeroizing::new(password.to_vec()), nonce, expected: None }
    }

    /// The first message. The name of the user stands in the start-up message.
    #[must_use]
    pub fn first(&self) -> Vec<u8> {
        format!("n,,{}", self.first_bare()).into_bytes()
    }

    fn first_bare(&self) -> String {
        format!("n=,r={}", self.nonce)
    }

    /// Answers the server's challenge with the proof.
    ///
    /// # Errors
    /// [`WireError::Malformed`] for a challenge of another form, a nonce that does not go on where
    /// ours ends, or a number of rounds beyond the bound.
    pub fn proof(&mut self, challenge: &[u8]) -> Result<Vec<u8>, WireError> {
        let challenge = std::str::from_utf8(challenge).map_err(|_| WireError::Malformed)?;
        let mut parts = challenge.split(',');
        let mut part = |name: &str| {
            parts.next().and_then(|part| part.strip_prefix(name)).ok_or(WireError::Malformed)
        };
        let (nonce, salt, rounds) = (part("r=")?, part("s=")?, part("i=")?);
        // RFC 5802 5.1: the server's nonce starts with the client's.
        if nonce.strip_prefix(self.nonce.as_str()).is_none_or(str::is_empty) {
            return Err(WireError::Malformed);
        }
        let salt = STANDARD.decode(salt).map_err(|_| WireError::Malformed)?;
        let rounds: u32 = rounds.parse().map_err(|_| WireError::Malformed)?;
        if salt.is_empty() || !(1..=MAX_ROUNDS).contains(&rounds) {
            return Err(WireError::Malformed);
        }
        let salted = salted(&self.password, &salt, rounds);
        let client_key = Zeroizing::new(mac(&*salted, b"Client Key"));
        let stored_key: [u8; 32] = Sha256::digest(*client_key).into();
        let without_proof = format!("c=biws,r={nonce}");
        let signed = format!("{},{challenge},{without_proof}", self.first_bare());
        let signature = mac(&stored_key, signed.as_bytes());
        let mut proof = [0; 32];
        for (to, (a, b)) in proof.iter_mut().zip(client_key.iter().zip(signature)) {
            *to = a ^ b;
        }
        let server_key = Zeroizing::new(mac(&*salted, b"Server Key"));
        self.expected = Some(Zeroizing::new(mac(&*server_key, signed.as_bytes())));
        Ok(format!("{without_proof},p={}", STANDARD.encode(proof)).into_bytes())
    }

    /// Checks that the server knows the password too. An answer without this is worth nothing.
    ///
    /// # Errors
    /// [`WireError::Malformed`] for another signature, or before the proof was made.
    pub fn verify(&self, answer: &[u8]) -> Result<(), WireError> {
        let expected = self.expected.as_ref().ok_or(WireError::Malformed)?;
        let signature = answer.strip_prefix(b"v=").ok_or(WireError::Malformed)?;
        let signature = STANDARD.decode(signature).map_err(|_| WireError::Malformed)?;
        // The length is no secret; the bytes are compared without an early end.
        let differ = expected.iter().zip(&signature).fold(0, |all, (a, b)| all | (a ^ b));
        if signature.len() == expected.len() && differ == 0 {
            Ok(())
        } else {
            Err(WireError::Malformed)
        }
    }
}

#[cfg(test)]
impl Scram {
    /// What a server that knows the password answers.
    pub(crate) fn signature_for_tests(&self) -> String {
        format!("v={}", STANDARD.encode(**self.expected.as_ref().unwrap()))
    }
}

/// RFC 5802 2.2, `Hi`: PBKDF2 with HMAC-SHA-256 and one block.
fn salted(password: &[u8], salt: &[u8], rounds: u32) -> Zeroizing<[u8; 32]> {
    let keyed = keyed(password);
    let mut last: [u8; 32] =
        keyed.clone().chain_update(salt).chain_update([0, 0, 0, 1]).finalize().into_bytes().into();
    let mut out = Zeroizing::new(last);
    for _ in 1..rounds {
        last = keyed.clone().chain_update(last).finalize().into_bytes().into();
        out.iter_mut().zip(last).for_each(|(to, from)| *to ^= from);
    }
    out
}

fn mac(key: &[u8], message: &[u8]) -> [u8; 32] {
    keyed(key).chain_update(message).finalize().into_bytes().into()
}

/// RFC 2104 2: a key longer than the block is hashed first, a shorter one padded with zeros.
fn keyed(key: &[u8]) -> Hmac<Sha256> {
    let mut block = Zeroizing::new([0u8; 64]);
    if key.len() > block.len() {
        let hashed: [u8; 32] = Sha256::digest(key).into();
        block.iter_mut().zip(hashed).for_each(|(to, from)| *to = from);
    } else {
        block.iter_mut().zip(key).for_each(|(to, from)| *to = *from);
    }
    <Hmac<Sha256> as KeyInit>::new((&*block).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 7677 3, with the name of the user as it stands there.
    #[test]
    fn known_answer() {
        let nonce = "rOprNGfwEbeRWgbNEkqO";
        let mut scram = Scram {
            password: Zeroizing::new(b"pencil".to_vec()),
            nonce: nonce.to_owned(),
            expected: None,
        };
        assert_eq!(scram.first(), b"n,,n=,r=rOprNGfwEbeRWgbNEkqO");
        let challenge = b"r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,\
            s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096";
        let proof = scram.proof(challenge).unwrap();
        let salted = salted(b"pencil", &STANDARD.decode("W22ZaJ0SNY7soEsUEjb6gQ==").unwrap(), 4096);
        // The RFC's exchange has `n=user`; with it, its proof and signature come out.
        let without = "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0";
        let challenge_text = std::str::from_utf8(challenge).unwrap();
        let signed = format!("n=user,r={nonce},{challenge_text},{without}");
        let client_key = mac(&*salted, b"Client Key");
        let stored: [u8; 32] = Sha256::digest(client_key).into();
        let signature = mac(&stored, signed.as_bytes());
        let rfc: Vec<u8> = client_key.iter().zip(signature).map(|(a, b)| a ^ b).collect();
        assert_eq!(STANDARD.encode(rfc), "dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=");
        let server = mac(&mac(&*salted, b"Server Key"), signed.as_bytes());
        assert_eq!(STANDARD.encode(server), "6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=");

        assert!(proof.starts_with(without.as_bytes()));
        let answer = scram.signature_for_tests();
        assert_eq!(scram.verify(answer.as_bytes()), Ok(()));
        let short = answer.get(..10).unwrap();
        for wrong in [short, "v=", "e=other-error", &format!("{answer}AAAA")] {
            assert!(scram.verify(wrong.as_bytes()).is_err(), "{wrong}");
        }
    }

    #[test]
    fn challenges_that_are_refused() {
        let fresh = || Scram::new(b"x", &[7; NONCE_BYTES]);
        assert!(fresh().verify(b"v=AAAA").is_err(), "before the proof");
        let ours = fresh().nonce;
        for challenge in [
            String::new(),
            format!("r={ours},s=AAAA,i=4096"),
            format!("r=other{ours},s=AAAA,i=4096"),
            format!("r={ours}x,s=,i=4096"),
            format!("r={ours}x,s=*,i=4096"),
            format!("r={ours}x,s=AAAA,i=0"),
            format!("r={ours}x,s=AAAA,i=4000000000"),
            format!("m=ext,r={ours}x,s=AAAA,i=4096"),
            format!("s=AAAA,r={ours}x,i=4096"),
        ] {
            assert!(fresh().proof(challenge.as_bytes()).is_err(), "{challenge}");
        }
        assert!(fresh().proof(format!("r={ours}x,s=AAAA,i=4096").as_bytes()).is_ok());
    }
}
