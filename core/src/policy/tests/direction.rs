//! What is proven to tighten does: held against the evaluator itself.

use std::collections::BTreeSet;

use proptest::collection::vec;
use proptest::prelude::*;

use super::{ALLOWS, DENIES, OBLIGES};
use super::{BASE, any_rule, facts, hard_rule, request, rule, verdicts};
use crate::policy::{Decision, MaskedColumns, Obligation, Source, Verdict, compile, loosenings};

/// What becomes of a rule.
#[derive(Clone, Debug)]
enum Edit {
    Keep,
    Drop,
    Replace(String),
}

fn edit() -> BoxedStrategy<Edit> {
    prop_oneof![
        5 => Just(Edit::Keep),
        2 => Just(Edit::Drop),
        1 => rule(verdicts(DENIES)).prop_map(Edit::Replace),
        1 => any_rule().prop_map(Edit::Replace),
    ]
    .boxed()
}

fn source(rules: &[(usize, &String)]) -> Source {
    let mut source = Source::from_files(BASE.iter().copied());
    let text: String =
        rules.iter().map(|(id, rule)| format!("[[rule]]\nid = \"r{id:02}\"\n{rule}\n")).collect();
    source.insert("rules/random.toml", text);
    source
}

/// Whether everything that `before` obliges to, `after` obliges to as well.
fn obliges_as_much(before: &Decision, after: &Decision) -> bool {
    after.verdict == Verdict::Deny
        || before.obligations.iter().all(|old| {
            after.obligations.iter().any(|new| match (old, new) {
                (Obligation::Mask(old), Obligation::Mask(new)) => {
                    let columns = |columns: &MaskedColumns| match columns {
                        MaskedColumns::All => None,
                        MaskedColumns::Listed(list) => {
                            Some(list.iter().map(|column| column.index).collect::<BTreeSet<_>>())
                        }
                    };
                    let covers = match (columns(&old.columns), columns(&new.columns)) {
                        (_, None) => true,
                        (None, Some(_)) => false,
                        (Some(old), Some(new)) => old.is_subset(&new),
                    };
                    covers && old.classes.iter().all(|class| new.classes.contains(class))
                }
                (Obligation::Limit { rows: old }, Obligation::Limit { rows: new }) => new <= old,
                (Obligation::Approval { spec: old }, Obligation::Approval { spec: new }) => {
                    old == new
                }
                (
                    Obligation::Mask(_) | Obligation::Limit { .. } | Obligation::Approval { .. },
                    _,
                ) => false,
            })
        })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: ProptestConfig::default().cases.max(1000), max_global_rejects: 100_000, ..ProptestConfig::default() })]

    /// A change in which nothing is found to loosen never gives a milder answer, whatever the
    /// rules match: if this fails, one key can open a door that takes two.
    #[test]
    fn what_is_proven_to_tighten_is_never_milder(
        rules in vec((prop_oneof![2 => rule(verdicts(ALLOWS)), 1 => hard_rule(), 1 => any_rule()], edit()), 0..6),
        added in vec(prop_oneof![3 => rule(verdicts(DENIES)), 2 => rule(verdicts(OBLIGES)), 1 => any_rule()], 0..3),
        facts in facts(),
        request in request(),
    ) {
        let before: Vec<_> = rules.iter().map(|(rule, _)| rule).enumerate().collect();
        let kept = rules.iter().enumerate().filter_map(|(id, (rule, edit))| match edit {
            Edit::Keep => Some((id, rule)),
            Edit::Drop => None,
            Edit::Replace(other) => Some((id, other)),
        });
        let after: Vec<_> = kept.chain(added.iter().enumerate().map(|(n, rule)| (n + 50, rule))).collect();
        let (before, after) = (source(&before), source(&after));
        prop_assume!(loosenings(&before, &after).is_empty());
        let old = compile(&before).unwrap().decide(&facts, &request);
        let new = compile(&after).unwrap().decide(&facts, &request);
        prop_assert!(new.verdict >= old.verdict, "{:?} became {:?}", old.verdict, new.verdict);
        prop_assert!(obliges_as_much(&old, &new), "{:?} became {:?}", old.obligations, new.obligations);
    }
}
