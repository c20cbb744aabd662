//! The reference proxy: sockets, TLS, timers and secrets around placet's sans-I/O sessions.
//!
//! A readable shell on purpose. What a message means is decided in `placet::wire`, what may run in
//! a bundle, and what is written down before anything runs in `placet-guard`; here bytes are moved.
//!
//! - A client proves who it is with a token in the password field ([`Config::agents`]).
//! - The server is logged in to with a credential that the client never sees.
//! - Nothing is forwarded before its decision is in the log; if the log fails, sessions end.
//!
//! One runtime of one thread a worker, one task a connection. The specification is
//! `docs/spec/proxy.md`.

mod admin;
mod agents;
mod cancel;
mod commit;
mod config;
mod door;
mod error;
mod judge;
mod login;
mod metrics;
mod relay;
mod say;
mod secret;
mod server;
mod session;
mod stream;
mod tls;
mod upstream;

pub use agents::token_id;
pub use config::{
    Agent, Approvals, Audit, Config, DEFAULT_SETTINGS, Database, Refused, Upstream, UpstreamTls,
};
pub use error::ProxyError;
pub use secret::SecretFrom;
pub use server::{check, run};
