//! Facts that were read before. Applications send the same commands again and again.
//!
//! The key is the command, byte for byte, with its protocol and its session: facts hold places in
//! the text, so that a command with one more blank has other facts.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use placet::command::Protocol;
use placet::facts::{self, Facts, Scope};
use placet::schema::{Catalog, SqlSession};

/// Longer commands are read each time: they are rarely sent again, and fill the room of many.
const MAX_COMMAND_BYTES: usize = 4 * 1024;

/// Commands of one generation; there are two.
const MAX_COMMANDS: usize = 1024;

/// What was read under one catalog.
///
/// Bounded: two generations of 1,024 commands of up to 4 KiB. What is asked for again moves into
/// the younger one; when that is full, the older one goes.
#[derive(Default)]
pub(crate) struct FactsCache {
    generations: Mutex<Generations>,
}

#[derive(Default)]
struct Generations {
    young: Known,
    old: Known,
}

/// By the command's bytes: what it does under a protocol and a session.
type Known = HashMap<Box<[u8]>, Entry>;

struct Entry {
    protocol: Protocol,
    session: SqlSession,
    facts: Arc<Facts>,
}

impl FactsCache {
    /// The facts of a command, read only if they are not known.
    pub(crate) fn read(
        &self,
        protocol: Protocol,
        bytes: &[u8],
        session: &SqlSession,
        catalog: Option<&Catalog>,
    ) -> Arc<Facts> {
        let read = || Arc::new(facts::read(protocol, bytes, &Scope { catalog, session }));
        if bytes.len() > MAX_COMMAND_BYTES {
            return read();
        }
        if let Some(known) = self.lock().find(protocol, bytes, session) {
            return known;
        }
        // Not under the lock: others need not wait.
        let facts = read();
        let entry = Entry { protocol, session: session.clone(), facts: Arc::clone(&facts) };
        self.lock().put(bytes.into(), entry);
        facts
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Generations> {
        // Every change leaves whole maps behind.
        self.generations.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Generations {
    fn find(
        &mut self,
        protocol: Protocol,
        bytes: &[u8],
        session: &SqlSession,
    ) -> Option<Arc<Facts>> {
        let holds = |entry: &&Entry| entry.protocol == protocol && entry.session == *session;
        if let Some(entry) = self.young.get(bytes).filter(holds) {
            return Some(Arc::clone(&entry.facts));
        }
        let found = self.old.get(bytes).filter(holds).map(|entry| Arc::clone(&entry.facts));
        if found.is_some()
            && let Some((bytes, entry)) = self.old.remove_entry(bytes)
        {
            self.put(bytes, entry);
        }
        found
    }

    fn put(&mut self, bytes: Box<[u8]>, entry: Entry) {
        if self.young.len() >= MAX_COMMANDS {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(bytes, entry);
    }
}

#[cfg(test)]
mod tests {
    use super::{FactsCache, MAX_COMMANDS};
    use crate::{Guard, Options};
    use placet::command::Protocol;
    use placet::facts::{self, Scope};
    use placet::schema::SqlSession;
    use std::sync::Arc;

    fn postgres() -> Protocol {
        Protocol::parse("postgres").unwrap()
    }

    #[test]
    fn what_is_known_is_what_would_be_read() {
        let cache = FactsCache::default();
        let session = SqlSession::server_defaults();
        let other = SqlSession { standard_conforming_strings: Some(false), ..session.clone() };
        let mysql = Protocol::parse("mysql").unwrap();
        let texts: [&[u8]; 4] =
            [b"SELECT 1", b"DELETE FROM t", b"SELECT 'a\\'; DROP TABLE t; --'", b"\xff"];
        for _ in 0..3 {
            for text in texts {
                for protocol in [postgres(), mysql] {
                    for session in [&session, &other] {
                        let known = cache.read(protocol, text, session, None);
                        let scope = Scope { catalog: None, session };
                        assert_eq!(*known, facts::read(protocol, text, &scope));
                    }
                }
            }
        }
    }

    #[test]
    fn the_same_command_is_read_once_and_many_others_push_it_out() {
        let cache = FactsCache::default();
        let session = SqlSession::server_defaults();
        let read = |text: &str| cache.read(postgres(), text.as_bytes(), &session, None);
        let first = read("SELECT 1");
        assert!(Arc::ptr_eq(&first, &read("SELECT 1")));
        for number in 0..MAX_COMMANDS {
            read(&format!("SELECT {number}, 2"));
        }
        assert!(Arc::ptr_eq(&first, &read("SELECT 1")), "it stood in the older generation");
        for number in 0..3 * MAX_COMMANDS {
            read(&format!("SELECT {number}, 3"));
        }
        assert!(!Arc::ptr_eq(&first, &read("SELECT 1")));
        let generations = cache.lock();
        assert!(generations.young.len() + generations.old.len() <= 2 * MAX_COMMANDS);
    }

    #[test]
    fn a_command_that_is_kept_is_in_no_debug_output() {
        let guard = Guard::open(Options::shipped("baseline")).unwrap();
        let session = SqlSession::server_defaults();
        assert!(!guard.facts(postgres(), b"SELECT 'not for eyes'", &session).writes());
        assert_eq!(guard.inner.known.lock().young.len(), 1);
        let shown = format!("{guard:?} {guard:#?}");
        assert!(!shown.contains("not for eyes") && !shown.contains("SELECT"), "{shown}");
    }

    #[test]
    fn a_long_command_is_not_kept() {
        let cache = FactsCache::default();
        let session = SqlSession::server_defaults();
        let long = format!("SELECT '{}'", "a".repeat(super::MAX_COMMAND_BYTES));
        cache.read(postgres(), long.as_bytes(), &session, None);
        assert!(cache.lock().young.is_empty());
    }
}
