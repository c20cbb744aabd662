//! Tokens: who comes in, and where to.

use placet::crypto::sha256;
use placet::engine::Authn;
use placet::primitives::{Digest, Timestamp};
use placet::request::Principal;
use placet::wire::postgres::startup::Token;
use subtle::ConstantTimeEq as _;

use crate::config::Agent;

/// What vouches for a token of the configuration.
const ISSUER: &str = "placet-proxy";

/// Who came in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Identity {
    pub(crate) principal: Principal,
    pub(crate) authn: Authn,
    databases: Vec<String>,
}

impl Identity {
    /// Whether the token is for this database.
    pub(crate) fn may_use(&self, database: &str) -> bool {
        self.databases.iter().any(|name| name == database)
    }
}

/// The tokens of the configuration.
#[derive(Debug)]
pub(crate) struct Agents(Vec<Agent>);

impl Agents {
    pub(crate) const fn new(agents: Vec<Agent>) -> Self {
        Self(agents)
    }

    /// Whose token it is, if it is still valid.
    ///
    /// Every entry is looked at, whether one matched or not: the time tells nothing.
    pub(crate) fn find(&self, token: &Token, now: Timestamp) -> Option<Identity> {
        let digest = sha256(token.as_bytes());
        let mut found = None;
        for agent in &self.0 {
            if bool::from(agent.token.as_bytes().ct_eq(digest.as_bytes())) {
                found = Some(agent);
            }
        }
        let agent = found.filter(|agent| agent.expires.is_none_or(|expires| now < expires))?;
        let authn = Authn::Verified { iss: ISSUER.to_owned(), jti: token_id(agent.token) };
        Some(Identity {
            principal: agent.principal.clone(),
            authn,
            databases: agent.databases.clone(),
        })
    }
}

/// What the log calls a token: the start of its hash, which leads nobody back to a random token.
#[must_use]
pub fn token_id(token: Digest) -> String {
    token.as_bytes().iter().take(6).map(|byte| format!("{byte:02x}")).collect()
}
