//! Names with one map, against names that are kept twice.

use super::*;

/// What is done to the names.
const STEPS: usize = 40_000;

/// xorshift64: the same steps on every machine.
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 33) % n
    }
}

/// The same, as plainly as it can be said.
#[derive(Default)]
struct Twice {
    confirmed: HashMap<&'static str, Arc<u64>>,
    ahead: HashMap<&'static str, (Option<Arc<u64>>, u64)>,
}

/// What was found: its number; nothing; or that one has to wait.
fn found(found: Found<u64>) -> Result<Option<u64>, ()> {
    match found {
        Found::Known(value) => Ok(Some(*value)),
        Found::Unknown => Ok(None),
        Found::Wait => Err(()),
    }
}

impl Twice {
    fn find(&self, name: &str, batch: u64) -> Result<Option<u64>, ()> {
        match self.ahead.get(name) {
            Some((_, other)) if *other != batch => Err(()),
            Some((ahead, _)) => Ok(ahead.as_deref().copied()),
            None => Ok(self.confirmed.get(name).map(|value| **value)),
        }
    }
}

#[test]
fn one_map_finds_what_two_find() {
    const NAMES: [&str; 4] = ["", "a", "b", "c"];
    let mut dice = Dice(0x2545_F491_4F6C_DD1D);
    let (mut names, mut twice) = (Names::new(), Twice::default());
    // Definitions and ends that are on their way.
    let mut sent: Vec<(&str, Option<Arc<u64>>, u64)> = Vec::new();
    let (mut batch, mut waited, mut known) = (0, 0, 0);
    for step in 0..STEPS {
        let name = NAMES[usize::try_from(dice.below(4)).unwrap()];
        match dice.below(12) {
            0..5 => {
                let value = (dice.below(3) > 0).then(|| Arc::new(step as u64));
                names.begin(name.as_bytes(), value.clone(), batch).unwrap();
                twice.ahead.insert(name, (value.clone(), batch));
                sent.push((name, value, batch));
            }
            5..9 if !sent.is_empty() => {
                let (name, value, _) = sent.remove(0);
                names.confirm(name.as_bytes(), value.as_ref());
                let of = twice.ahead.get(name).map(|(ahead, _)| ahead);
                if of.is_some_and(|ahead| same(ahead.as_ref(), value.as_ref())) {
                    twice.ahead.remove(name);
                }
                match value {
                    Some(value) => drop(twice.confirmed.insert(name, value)),
                    None => drop(twice.confirmed.remove(name)),
                }
            }
            9 => {
                // The server skips what is left of a batch.
                let failed = sent.first().map_or(batch, |(_, _, batch)| *batch);
                sent.retain(|(name, _, of)| {
                    if *of == failed {
                        names.drop_batch(name.as_bytes(), failed);
                        twice.ahead.retain(|known, (_, of)| known != name || *of != failed);
                    }
                    *of != failed
                });
            }
            10 if dice.below(4) == 0 => {
                names.forget_confirmed();
                twice.confirmed.clear();
            }
            11 if dice.below(20) == 0 => {
                names.forget();
                twice = Twice::default();
                sent.clear();
            }
            _ => batch += 1,
        }
        for name in NAMES {
            for of in [batch, batch.saturating_sub(1)] {
                let here = found(names.find(name.as_bytes(), of));
                assert_eq!(here, twice.find(name, of), "step {step}: {name} in {of}");
                waited += usize::from(here.is_err());
                known += usize::from(here.is_ok_and(|value| value.is_some()));
            }
        }
        let settled = twice.ahead.keys().all(|name| name.is_empty());
        assert_eq!(names.is_settled(), settled, "step {step}");
        assert!(names.named.values().all(|slot| !slot.is_empty()), "step {step}");
    }
    assert!(waited > STEPS && known > STEPS, "{waited} waited, {known} known");
}
