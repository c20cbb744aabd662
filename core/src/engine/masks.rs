//! From a decision's mask obligations to a masker of rows.

use super::{Decided, Engine};
use crate::facts::{Facts, Outputs};
use crate::mask::{
    ColumnRule, Detectors, EntityType, Forced, HashKey, Operator, Operators, RowMasker,
};
use crate::policy::{MaskObligation, MaskedColumns, Obligation};
use crate::schema::{Class, MaskOperator};

impl Engine {
    /// The masker that a decision asks for, for a result with these columns; `None` where it asks
    /// for none.
    ///
    /// Columns that the decision lists are masked whatever is in them; the classes' detectors run
    /// over the rest. Where the result has another number of columns than was worked out before
    /// the command ran, every column is masked. Without `key`, what should be hashed is redacted.
    #[must_use]
    pub fn row_masker(
        &self,
        decided: &Decided,
        columns: &[&str],
        key: Option<&HashKey>,
    ) -> Option<RowMasker> {
        let masks: Vec<&MaskObligation> = masks_of(decided).collect();
        if masks.is_empty() {
            return None;
        }
        let as_expected = expected_columns(&decided.facts) == Some(columns.len());
        let rule = |(index, name): (usize, &&str)| ColumnRule {
            name: (*name).to_owned(),
            forced: masks.iter().find_map(|mask| self.forced(mask, index, as_expected, key)),
        };
        let rules = columns.iter().enumerate().map(rule).collect();
        let classes = masks.iter().flat_map(|mask| &mask.classes);
        let (detectors, operators) = detection(classes, key);
        Some(RowMasker::new(detectors, operators, rules))
    }

    /// Detectors and operators of the classes that a decision masks, for what is no row: messages,
    /// free text. `None` where it masks nothing.
    #[must_use]
    pub fn masks(
        &self,
        decided: &Decided,
        key: Option<&HashKey>,
    ) -> Option<(Detectors, Operators)> {
        masks_of(decided).next()?;
        Some(detection(masks_of(decided).flat_map(|mask| &mask.classes), key))
    }

    /// Detectors and operators of every class of the bundle, for what belongs to no command.
    #[must_use]
    pub fn every_mask(&self, key: Option<&HashKey>) -> (Detectors, Operators) {
        detection(self.rules.classes().iter(), key)
    }

    /// Whether a decision masks a class that columns are tagged with, so that values of it may have
    /// any shape and no detector finds them in a free text.
    #[must_use]
    pub fn masks_tagged(&self, decided: &Decided) -> bool {
        let mut classes = masks_of(decided).flat_map(|mask| &mask.classes);
        classes.any(|class| self.rules.is_tagged(&class.name))
    }

    /// How the cells of a column are replaced whatever is in them. A class that no column is tagged
    /// with and that has detectors is found by them alone: it forces no column.
    fn forced(
        &self,
        mask: &MaskObligation,
        index: usize,
        as_expected: bool,
        key: Option<&HashKey>,
    ) -> Option<Forced> {
        let class = match &mask.columns {
            MaskedColumns::Listed(listed) if as_expected => {
                let column = listed.iter().find(|column| column.index == index)?;
                mask.classes.iter().find(|class| class.name == column.class)
            }
            MaskedColumns::Listed(_) | MaskedColumns::All => {
                let shapeless = |class: &&Class| {
                    class.detectors.is_empty() || self.rules.is_tagged(&class.name)
                };
                let forcing = mask.classes.iter().filter(shapeless);
                Some(forcing.max_by_key(|class| class.operator)?)
            }
        };
        Some(match class {
            Some(class) => Forced { class: class.name.clone(), operator: operator(class, key) },
            None => Forced { class: "masked".to_owned(), operator: Operator::Redact },
        })
    }
}

fn masks_of(decided: &Decided) -> impl Iterator<Item = &MaskObligation> {
    decided.decision.obligations.iter().filter_map(|obligation| match obligation {
        Obligation::Mask(mask) => Some(mask),
        Obligation::Limit { .. } | Obligation::Approval { .. } => None,
    })
}

/// Columns of the one result that the command returns; `None` where there are more results, or
/// their shape is not known.
fn expected_columns(facts: &Facts) -> Option<usize> {
    let mut results = facts.actions.iter().filter_map(|action| match &action.outputs {
        Outputs::None => None,
        Outputs::Columns(columns) => Some(Some(columns.len())),
        Outputs::Opaque => Some(None),
    });
    let first = results.next()?;
    if results.next().is_some() { None } else { first }
}

/// The detectors of these classes, each type with the strongest operator that a class gives it.
pub(super) fn detection<'a>(
    classes: impl Iterator<Item = &'a Class>,
    key: Option<&HashKey>,
) -> (Detectors, Operators) {
    let mut kinds: Vec<(EntityType, &Class)> = Vec::new();
    for class in classes {
        for kind in class.detectors.iter().filter_map(|name| EntityType::parse(name)) {
            match kinds.iter_mut().find(|(known, _)| *known == kind) {
                Some((_, known)) if known.operator >= class.operator => {}
                Some((_, known)) => *known = class,
                None => kinds.push((kind, class)),
            }
        }
    }
    let operators = kinds.iter().fold(Operators::redact_all(), |operators, (kind, class)| {
        operators.with(*kind, operator(class, key))
    });
    let kinds: Vec<EntityType> = kinds.into_iter().map(|(kind, _)| kind).collect();
    (Detectors::only(&kinds), operators)
}

fn operator(class: &Class, key: Option<&HashKey>) -> Operator {
    match (class.operator, key) {
        (MaskOperator::Partial { keep }, _) => {
            Operator::Partial { first: 0, last: usize::from(keep) }
        }
        (MaskOperator::Hash, Some(key)) => Operator::KeyedHash(key.clone()),
        (MaskOperator::Hash, None) | (MaskOperator::Redact, _) => Operator::Redact,
    }
}
