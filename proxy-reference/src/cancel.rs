//! Keys for cancel requests: the client gets one of ours, the server's stays here.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use placet::wire::postgres::startup::CancelKey;
use subtle::ConstantTimeEq as _;
use tokio::sync::{mpsc, oneshot};
use zeroize::Zeroizing;

/// The keys of all sessions.
#[derive(Default)]
pub(crate) struct Cancels(Mutex<HashMap<i32, Entry>>);

struct Entry {
    key: Zeroizing<Vec<u8>>,
    target: Target,
}

/// A cancel request that came for a session; answered once it was passed on.
pub(crate) type Cancelled = oneshot::Sender<()>;

/// What a cancel request reaches.
#[derive(Clone)]
pub(crate) struct Target {
    /// The session: it knows whether its command runs at the server or waits for people.
    pub(crate) session: mpsc::Sender<Cancelled>,
}

/// A key while its session lasts.
pub(crate) struct Registered {
    cancels: Arc<Cancels>,
    pub(crate) process: i32,
    pub(crate) key: Vec<u8>,
}

impl Cancels {
    fn lock(&self) -> MutexGuard<'_, HashMap<i32, Entry>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A new key of `bytes` bytes; `None` where there is no randomness, or no number left.
    pub(crate) fn register(self: &Arc<Self>, bytes: usize, target: Target) -> Option<Registered> {
        let mut key = Zeroizing::new(vec![0; bytes]);
        getrandom::fill(&mut key).ok()?;
        let mut entries = self.lock();
        let process = (0..64).find_map(|_| {
            let mut number = [0; 4];
            getrandom::fill(&mut number).ok()?;
            // Clients show it as a process: a positive number.
            let number = i32::from_be_bytes(number) & i32::MAX;
            (number != 0 && !entries.contains_key(&number)).then_some(number)
        })?;
        let told = key.to_vec();
        entries.insert(process, Entry { key, target });
        drop(entries);
        Some(Registered { cancels: Arc::clone(self), process, key: told })
    }

    /// What a request may cancel; `None` for a key that is not known.
    pub(crate) fn find(&self, asked: &CancelKey) -> Option<Target> {
        let entries = self.lock();
        let entry = entries.get(&asked.process)?;
        bool::from(entry.key.as_slice().ct_eq(&asked.key)).then(|| entry.target.clone())
    }
}

impl Drop for Registered {
    fn drop(&mut self) {
        self.cancels.lock().remove(&self.process);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_good_for_its_session_alone() {
        let cancels = Arc::new(Cancels::default());
        let (to_a, _at_a) = mpsc::channel(1);
        let (to_b, _at_b) = mpsc::channel(1);
        let a = cancels.register(4, Target { session: to_a.clone() });
        let b = cancels.register(32, Target { session: to_b.clone() });
        let (a, b) = (a.unwrap(), b.unwrap());
        assert_eq!((a.key.len(), b.key.len()), (4, 32));
        let key = |of: &Registered| CancelKey { process: of.process, key: of.key.clone() };
        assert!(cancels.find(&key(&a)).unwrap().session.same_channel(&to_a));
        assert!(cancels.find(&key(&b)).unwrap().session.same_channel(&to_b));
        for wrong in [
            CancelKey { process: a.process, key: b.key.clone() },
            CancelKey { process: b.process, key: b.key[..4].to_vec() },
            CancelKey { process: b.process.wrapping_add(1), key: b.key.clone() },
            CancelKey { process: a.process, key: vec![] },
        ] {
            assert!(cancels.find(&wrong).is_none());
        }
        let gone = key(&a);
        drop(a);
        assert!(cancels.find(&gone).is_none());
    }
}
