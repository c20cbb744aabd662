//! Who counts: specs and approvers of the bundle in force, with their keys read.

use std::collections::{BTreeMap, BTreeSet};

use crate::approval::error::ApprovalError;
use crate::approval::statement::Requester;
use crate::crypto::{NamedVerifyingKey, VerifyingKey};
use crate::limits::{MAX_APPROVAL_SECONDS, MAX_APPROVAL_STAGES, MAX_QUORUM};
use crate::schema::{ApprovalKind, ApprovalSpec, ApprovalStage, Approver};

/// Specs that one request may need at once.
pub const MAX_SPECS_OF_A_REQUEST: usize = 16;

/// Bytes of an id: of a spec, a group or a person.
const MAX_ID_BYTES: usize = 200;

/// Approval specs and approvers whose keys are read and whose entries do not contradict each other.
///
/// Made from the bundle in force and from nothing else; a ticket or an answer adds nobody to it.
#[derive(Clone, Debug)]
pub struct Roster {
    specs: BTreeMap<String, ApprovalSpec>,
    people: BTreeMap<String, Person>,
}

#[derive(Clone, Debug)]
struct Person {
    groups: BTreeSet<String>,
    keys: Vec<VerifyingKey>,
}

impl Roster {
    /// Reads the specs and approvers of a bundle.
    ///
    /// # Errors
    /// [`ApprovalError::Roster`] (`APR032`): an id that stands twice (people's ids also in another
    /// letter case), one key under two people, a key that cannot be read, a spec without stages, a
    /// stage that asks for nobody, or a bound passed. Fails closed: nothing of it can be used.
    pub fn new(specs: &[ApprovalSpec], approvers: &[Approver]) -> Result<Self, ApprovalError> {
        let is_id = |id: &str| (1..=MAX_ID_BYTES).contains(&id.len());
        let mut by_id = BTreeMap::new();
        for spec in specs {
            let places = spec.stages.iter().try_fold(0u32, |sum, stage| sum.checked_add(stage.min));
            let stages_fit = (1..=MAX_APPROVAL_STAGES).contains(&spec.stages.len())
                && spec.stages.iter().all(|stage| stage.min > 0 && !stage.any_of.is_empty());
            let fits = is_id(&spec.id)
                && (1..=MAX_APPROVAL_SECONDS).contains(&spec.expires_in_seconds)
                && stages_fit
                && places.is_some_and(|places| places <= MAX_QUORUM);
            if !fits || by_id.insert(spec.id.clone(), spec.clone()).is_some() {
                return Err(ApprovalError::Roster);
            }
        }
        let mut people = BTreeMap::new();
        let mut names = BTreeSet::new();
        let mut taken = BTreeSet::new();
        for approver in approvers {
            let mut keys = Vec::new();
            for key in &approver.keys {
                let key = NamedVerifyingKey::parse(key).map_err(|_| ApprovalError::Roster)?;
                keys.push(*key.key());
            }
            keys.sort();
            keys.dedup();
            // One key under two people would let one person be counted as two.
            let fits = is_id(&approver.id)
                && names.insert(approver.id.to_lowercase())
                && keys.iter().all(|key| taken.insert(*key));
            if !fits {
                return Err(ApprovalError::Roster);
            }
            let person = Person { groups: approver.groups.iter().cloned().collect(), keys };
            people.insert(approver.id.clone(), person);
        }
        Ok(Self { specs: by_id, people })
    }

    /// The spec of this name.
    ///
    /// # Errors
    /// [`ApprovalError::UnknownSpec`] (`APR026`).
    pub fn spec(&self, id: &str) -> Result<&ApprovalSpec, ApprovalError> {
        self.specs.get(id).ok_or(ApprovalError::UnknownSpec)
    }

    /// The keys of this person; `None` where the bundle lists no such approver.
    pub(crate) fn keys_of(&self, id: &str) -> Option<&[VerifyingKey]> {
        self.people.get(id).map(|person| person.keys.as_slice())
    }

    /// Whether any of the specs is for emergencies.
    pub(crate) fn is_break_glass(&self, specs: &[String]) -> Result<bool, ApprovalError> {
        specs.iter().try_fold(false, |any, id| match self.spec(id)?.kind {
            ApprovalKind::Normal => Ok(any),
            ApprovalKind::BreakGlass => Ok(true),
        })
    }

    /// The people who may answer a request of `requester` under any of the specs.
    pub(crate) fn eligible(
        &self,
        specs: &[String],
        requester: &Requester,
    ) -> Result<BTreeSet<&str>, ApprovalError> {
        let mut groups = BTreeSet::new();
        for id in specs {
            groups.extend(self.spec(id)?.stages.iter().flat_map(|stage| &stage.any_of));
        }
        let may = |(id, person): &(&String, &Person)| {
            !requester.is(id)
                && !person.keys.is_empty()
                && person.groups.iter().any(|group| groups.contains(group))
        };
        Ok(self.people.iter().filter(may).map(|(id, _)| id.as_str()).collect())
    }

    /// Whether these people fill every stage of every spec. In one spec a person fills one place,
    /// however many groups the person is in, unless the spec says `distinct = false`: then one
    /// place a stage. Each spec is looked at on its own.
    pub(crate) fn filled(
        &self,
        specs: &[String],
        people: &BTreeSet<&str>,
    ) -> Result<bool, ApprovalError> {
        for id in specs {
            let spec = self.spec(id)?;
            let places = |stage: &'_ ApprovalStage| -> Vec<Vec<String>> {
                (0..stage.min).map(|_| stage.any_of.clone()).collect()
            };
            let filled = if spec.distinct {
                self.fill(&spec.stages.iter().flat_map(places).collect::<Vec<_>>(), people)
            } else {
                spec.stages.iter().all(|stage| self.fill(&places(stage), people))
            };
            if !filled {
                return Ok(false);
            }
        }
        // No spec at all is no approval at all.
        Ok(!specs.is_empty())
    }

    /// Matching of people to places by augmenting paths: a greedy choice would refuse a quorum
    /// that another choice completes.
    fn fill(&self, places: &[Vec<String>], people: &BTreeSet<&str>) -> bool {
        let fits = |person: &str, place: &[String]| {
            self.people
                .get(person)
                .is_some_and(|person| place.iter().any(|group| person.groups.contains(group)))
        };
        // Who holds which place. INVARIANT: at most one place a person.
        let mut holder: Vec<Option<&str>> = vec![None; places.len()];
        for start in 0..places.len() {
            // Who could move, and to which place.
            let mut reached: BTreeMap<&str, usize> = BTreeMap::new();
            let mut queue = vec![start];
            let mut free = None;
            while let (None, Some(place)) = (free, queue.pop()) {
                let Some(groups) = places.get(place) else { continue };
                for person in people.iter().copied().filter(|person| fits(person, groups)) {
                    if reached.contains_key(person) {
                        continue;
                    }
                    reached.insert(person, place);
                    match holder.iter().position(|held| *held == Some(person)) {
                        Some(held) => queue.push(held),
                        None => {
                            free = Some(person);
                            break;
                        }
                    }
                }
            }
            let Some(mut person) = free else { return false };
            // Along the path, everyone moves to the place from which they were reached.
            while let Some(place) = reached.get(person).copied() {
                let Some(slot) = holder.get_mut(place) else { return false };
                let moved = slot.replace(person);
                if place == start {
                    break;
                }
                let Some(next) = moved else { return false };
                person = next;
            }
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::crypto::{KeyName, NamedSigningKey, SigningKey};

    fn vkey(n: u8) -> String {
        let name = KeyName::parse(&format!("k{n}")).unwrap();
        NamedSigningKey::new(name, SigningKey::from_seed(&[n; 32])).verifying_key().to_string()
    }

    fn person(n: u8, groups: &[&str]) -> Approver {
        Approver {
            id: format!("p{n}"),
            groups: groups.iter().map(|g| (*g).to_owned()).collect(),
            keys: vec![vkey(n)],
        }
    }

    fn spec(stages: &[(&[&str], u32)]) -> ApprovalSpec {
        let stages = stages.iter().map(|(groups, min)| ApprovalStage {
            any_of: groups.iter().map(|g| (*g).to_owned()).collect(),
            min: *min,
        });
        ApprovalSpec {
            id: "s".into(),
            about: None,
            distinct: true,
            not: Vec::new(),
            kind: ApprovalKind::Normal,
            stages: stages.collect(),
            expires_in_seconds: 60,
        }
    }

    type Lists = (Vec<ApprovalSpec>, Vec<Approver>);

    #[test]
    fn contradictions_are_refused() {
        let good = (vec![spec(&[(&["a"], 1)])], vec![person(1, &["a"])]);
        assert!(Roster::new(&good.0, &good.1).is_ok());
        let refuse = |change: &dyn Fn(&mut Lists)| {
            let mut other = good.clone();
            change(&mut other);
            assert_eq!(Roster::new(&other.0, &other.1).unwrap_err(), ApprovalError::Roster);
        };
        refuse(&|a| a.0.push(a.0[0].clone()));
        refuse(&|a| a.0[0].stages.clear());
        refuse(&|a| a.0[0].stages[0].min = 0);
        refuse(&|a| a.0[0].stages[0].min = u32::MAX);
        refuse(&|a| a.0[0].stages[0].any_of.clear());
        refuse(&|a| a.0[0].expires_in_seconds = 0);
        refuse(&|a| a.0[0].expires_in_seconds = u64::MAX);
        refuse(&|a| a.1.push(person(1, &[])));
        refuse(&|a| a.1.push(Approver { id: "P1".into(), ..person(2, &[]) }));
        refuse(&|a| a.1.push(Approver { id: "p2".into(), ..person(1, &[]) }));
        refuse(&|a| a.1[0].keys.push("nonsense".into()));
        refuse(&|a| a.1[0].id.clear());
    }

    #[test]
    fn one_person_fills_one_place() {
        let mut spec = spec(&[(&["dba"], 1), (&["security"], 1)]);
        let people = [person(1, &["dba", "security"]), person(2, &["dba"])];
        let roster = Roster::new(std::slice::from_ref(&spec), &people).unwrap();
        let ids = ["s".to_owned()];
        assert!(!roster.filled(&ids, &BTreeSet::from(["p1"])).unwrap());
        assert!(!roster.filled(&ids, &BTreeSet::from(["p2"])).unwrap());
        // A greedy choice puts p1 on the first stage and finds nobody for the second.
        assert!(roster.filled(&ids, &BTreeSet::from(["p1", "p2"])).unwrap());
        assert!(!roster.filled(&[], &BTreeSet::from(["p1", "p2"])).unwrap());
        assert_eq!(
            roster.filled(&["t".to_owned()], &BTreeSet::new()),
            Err(ApprovalError::UnknownSpec)
        );
        // A spec may let one person fill several stages, and never several places of one.
        spec.distinct = false;
        let roster = Roster::new(std::slice::from_ref(&spec), &people).unwrap();
        assert!(roster.filled(&ids, &BTreeSet::from(["p1"])).unwrap());
        spec.stages[0].min = 2;
        let roster = Roster::new(&[spec], &people).unwrap();
        assert!(!roster.filled(&ids, &BTreeSet::from(["p1"])).unwrap());
        assert!(roster.filled(&ids, &BTreeSet::from(["p1", "p2"])).unwrap());
    }

    /// Every way of putting people on places, tried one after another.
    fn fills_slowly(places: &[&[String]], people: &[(&str, &BTreeSet<String>)]) -> bool {
        let Some((place, rest)) = places.split_first() else { return true };
        (0..people.len()).any(|at| {
            let mut left = people.to_vec();
            let (_, groups) = left.remove(at);
            place.iter().any(|group| groups.contains(group)) && fills_slowly(rest, &left)
        })
    }

    proptest! {
        #[test]
        fn matching_agrees_with_trying_everything(
            members in proptest::collection::vec(proptest::collection::vec(0usize..3, 0..3), 0..5),
            stages in proptest::collection::vec((proptest::collection::vec(0usize..3, 1..3), 1u32..3), 1..4),
        ) {
            const GROUPS: [&str; 3] = ["a", "b", "c"];
            let names = |list: &[usize]| list.iter().map(|at| GROUPS[*at].to_owned()).collect::<Vec<_>>();
            let approvers = (1u8..).zip(&members).map(|(n, groups)| Approver { groups: names(groups), ..person(n, &[]) });
            let stages = stages.iter().map(|(groups, min)| ApprovalStage { any_of: names(groups), min: *min });
            let spec = ApprovalSpec { stages: stages.collect(), ..spec(&[]) };
            let roster = Roster::new(std::slice::from_ref(&spec), &approvers.collect::<Vec<_>>()).unwrap();
            let all: BTreeSet<&str> = roster.people.keys().map(String::as_str).collect();
            let places: Vec<&[String]> = spec.stages.iter()
                .flat_map(|stage| (0..stage.min).map(|_| stage.any_of.as_slice())).collect();
            let people: Vec<_> = roster.people.iter().map(|(id, person)| (id.as_str(), &person.groups)).collect();
            prop_assert_eq!(
                roster.filled(&["s".to_owned()], &all).unwrap(),
                fills_slowly(&places, &people)
            );
        }
    }
}
