//! Hold, answer, expire: an answer is bound to the digest of the exact command.
