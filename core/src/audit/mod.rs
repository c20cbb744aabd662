//! Events, the RFC 6962 tree over their stored bytes, checkpoints and the verifier.
