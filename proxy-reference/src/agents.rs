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
    /// When the token ends, and the session with it.
    pub(crate) expires: Option<Timestamp>,
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
            expires: agent.expires,
            databases: agent.databases.clone(),
        })
    }
}

/// What the log calls a token: the start of its hash, which leads nobody back to a random token.
#[must_use]
pub fn token_id(token: Digest) -> String {
    token.as_bytes().iter().take(6).map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use placet::wire::postgres::startup::{ClientEvent, ClientStartup, Terms};

    use super::*;

    fn token(text: &str) -> Token {
        let mut startup =
            ClientStartup::new(std::sync::Arc::new(Terms { tls: false, settings: vec![] }));
        startup.push(b"\0\0\0\x10\0\x03\0\0user\0x\0\0");
        startup.next_event().unwrap();
        let length = u32::try_from(text.len() + 5).unwrap();
        startup.push(&[b"p", &length.to_be_bytes()[..], text.as_bytes(), b"\0"].concat());
        match startup.next_event().unwrap() {
            Some(ClientEvent::Login(_, token)) => token,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_token_is_its_agents_until_it_ends() {
        let of = |text: &str, expires: Option<&str>| Agent {
            token: sha256(text.as_bytes()),
            principal: Principal {
                id: text.to_owned(),
                kind: placet::request::PrincipalKind::Agent,
                groups: vec![],
                claims: Default::default(),
                delegator: None,
            },
            databases: vec!["crm".to_owned()],
            expires: expires.and_then(Timestamp::parse),
        };
        let agents = Agents::new(vec![of("a", None), of("b", Some("2027-01-01T00:00:00Z"))]);
        let at = |time: &str| Timestamp::parse(time).unwrap();
        let found = agents.find(&token("a"), at("2999-01-01T00:00:00Z")).unwrap();
        assert_eq!(found.principal.id, "a");
        assert!(found.may_use("crm") && !found.may_use("erp") && !found.may_use("cr"));
        let hash = sha256(b"a").to_string();
        let Authn::Verified { jti, .. } = found.authn else { panic!() };
        assert_eq!(hash.get(7..19), Some(&*jti));
        let last = agents.find(&token("b"), at("2026-12-31T23:59:59.999Z")).unwrap();
        assert_eq!(last.expires, Timestamp::parse("2027-01-01T00:00:00Z"));
        assert_eq!(agents.find(&token("b"), at("2027-01-01T00:00:00Z")), None);
        for wrong in ["c", "aa", "A", &hash] {
            assert_eq!(agents.find(&token(wrong), at("2026-01-01T00:00:00Z")), None, "{wrong}");
        }
    }
}
