//! Joins: what decides, and which columns USING and NATURAL make one.

use std::collections::BTreeMap;

use sqlparser::ast::{JoinConstraint, JoinOperator, ObjectName};

use super::flow::{Column, Flow, Joined, Names, Origin, Relation, Slot};
use super::manners::Merges;
use super::walk::Walk;
use crate::schema::NameCase;

/// Which side of a join stays where the other has nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kept {
    Both,
    Left,
    Right,
    /// Neither: the sides are equal.
    Inner,
}

/// One side of a join.
struct Side {
    slots: Vec<Slot>,
    complete: bool,
    ordered: bool,
}

impl Side {
    fn named(&self, name: &str, case: NameCase) -> Named<'_> {
        let mut matching = self.slots.iter().filter(|slot| case.same(slot.name(), name));
        match (matching.next(), matching.next()) {
            (Some(slot), None) => Named::One(slot),
            (None, _) => Named::Unknown,
            (Some(_), Some(_)) => Named::Several,
        }
    }
}

/// What a name of USING means on one side.
enum Named<'s> {
    One(&'s Slot),
    Unknown,
    Several,
}

impl<'a> Walk<'_, 'a> {
    /// Joins the relations from `first` on with those from `right` on.
    pub(super) fn join(
        &mut self,
        join: &JoinOperator,
        (first, right): (usize, usize),
        level: &mut Names<'_, 'a>,
        depends: &mut Origin,
    ) {
        let (constraint, kept) = match join {
            JoinOperator::Join(constraint)
            | JoinOperator::Inner(constraint)
            | JoinOperator::StraightJoin(constraint)
            | JoinOperator::CrossJoin(constraint) => (constraint, Kept::Inner),
            JoinOperator::Left(constraint) | JoinOperator::LeftOuter(constraint) => {
                (constraint, Kept::Left)
            }
            JoinOperator::Right(constraint) | JoinOperator::RightOuter(constraint) => {
                (constraint, Kept::Right)
            }
            JoinOperator::FullOuter(constraint) => (constraint, Kept::Both),
            // One side only decides, and is not part of what comes out.
            JoinOperator::Semi(constraint)
            | JoinOperator::LeftSemi(constraint)
            | JoinOperator::Anti(constraint)
            | JoinOperator::LeftAnti(constraint) => {
                self.constrained(constraint, Kept::Both, (first, right), level, depends);
                if self.manners().one_sided {
                    level.joined.retain(|joined| joined.end <= right);
                    level.relations.truncate(right);
                } else {
                    level.unsure = true;
                }
                return;
            }
            JoinOperator::RightSemi(constraint) | JoinOperator::RightAnti(constraint) => {
                level.unsure = true;
                (constraint, Kept::Both)
            }
            JoinOperator::AsOf { match_condition, constraint } => {
                depends.add(&self.condition(match_condition, level));
                (constraint, Kept::Both)
            }
            JoinOperator::CrossApply | JoinOperator::OuterApply => return,
            // What is joined is a column, and no table of its own.
            JoinOperator::ArrayJoin
            | JoinOperator::LeftArrayJoin
            | JoinOperator::InnerArrayJoin => {
                level.unsure = true;
                self.part.unresolved = true;
                *depends = Origin::Any;
                return;
            }
        };
        self.constrained(constraint, kept, (first, right), level, depends);
    }

    fn constrained(
        &mut self,
        constraint: &JoinConstraint,
        kept: Kept,
        (first, right): (usize, usize),
        level: &mut Names<'_, 'a>,
        depends: &mut Origin,
    ) {
        match constraint {
            JoinConstraint::On(condition) => {
                // PostgreSQL looks for a name that the two sides do not have outside of the query.
                let seen = if self.is_postgres() { first } else { level.first };
                let before = std::mem::replace(&mut level.first, seen);
                depends.add(&self.condition(condition, level));
                level.first = before;
            }
            JoinConstraint::Using(names) => {
                self.merge_columns(Some(names), kept, (first, right), level, depends);
            }
            JoinConstraint::Natural => {
                self.merge_columns(None, kept, (first, right), level, depends)
            }
            JoinConstraint::None => {}
        }
    }

    /// Makes one item of two: what both sides call so is one column. `None`: every name that both
    /// have.
    fn merge_columns(
        &mut self,
        using: Option<&[ObjectName]>,
        kept: Kept,
        (first, right): (usize, usize),
        level: &mut Names<'_, 'a>,
        depends: &mut Origin,
    ) {
        let end = level.relations.len();
        let (mut left_side, mut right_side) =
            (self.side(first, right, level), self.side(right, end, level));
        level.joined.retain(|joined| joined.end <= first);
        let room = self.has_room(left_side.slots.len().saturating_add(right_side.slots.len()));
        let shared = match using {
            Some(names) => Some(names.iter().filter_map(|name| self.parts(name)?.pop()).collect()),
            None => self.natural(&left_side, &right_side),
        };
        let shared: Vec<String> = match shared {
            Some(shared) if room => shared,
            Some(_) | None => {
                // Any column may be a merged one.
                self.part.unresolved = true;
                *depends = Origin::Any;
                let slots = Vec::new();
                level.joined.push(Joined { first, end, slots, complete: false, ordered: false });
                return;
            }
        };
        let merges = self.manners().merges;
        if merges == Merges::AsFirst && kept == Kept::Right {
            std::mem::swap(&mut left_side, &mut right_side);
        }
        let kept = match (merges, kept) {
            (Merges::Unsure, _) => Kept::Both,
            (Merges::AsFirst, Kept::Right) => Kept::Left,
            (Merges::AsListed | Merges::AsFirst | Merges::InPlace, kept) => kept,
        };
        let mut complete = left_side.complete && right_side.complete;
        let mut merged = Vec::with_capacity(shared.len());
        for name in &shared {
            let (ours, theirs) = (
                self.side_column(&left_side, name, level),
                self.side_column(&right_side, name, level),
            );
            complete &= ours.is_some() && theirs.is_some();
            self.part.unresolved |= ours.is_none() || theirs.is_none();
            let same_type = ours.as_ref().and_then(|(_, of)| *of)
                == theirs.as_ref().and_then(|(_, of)| *of)
                && ours.as_ref().is_some_and(|(_, of)| of.is_some());
            let ours = ours.map_or_else(Flow::any, |(flow, _)| flow);
            let theirs = theirs.map_or_else(Flow::any, |(flow, _)| flow);
            depends.add(&ours.as_dependence());
            depends.add(&theirs.as_dependence());
            let flow = match kept {
                Kept::Left => ours,
                Kept::Right => theirs,
                // The side that needs no conversion is taken.
                Kept::Inner if same_type => ours,
                Kept::Inner | Kept::Both => {
                    let mut flow = ours;
                    flow.mix(&theirs);
                    flow
                }
            };
            merged.push(Column { name: name.clone(), flow });
        }
        let ordered = left_side.ordered && right_side.ordered && merges != Merges::Unsure;
        let slots = self.in_order(merges, merged, left_side.slots, right_side.slots);
        level.joined.push(Joined { first, end, slots, complete, ordered });
    }

    fn in_order(
        &self,
        merges: Merges,
        merged: Vec<Column>,
        left: Vec<Slot>,
        right: Vec<Slot>,
    ) -> Vec<Slot> {
        let case = self.case();
        let same = |slot: &Slot| merged.iter().find(|column| case.same(&column.name, slot.name()));
        let mut slots: Vec<Slot> = Vec::with_capacity(left.len().saturating_add(right.len()));
        let mut rest: Vec<Slot> = Vec::new();
        match merges {
            Merges::AsListed | Merges::Unsure => {
                slots.extend(merged.iter().cloned().map(Slot::Merged));
                rest.extend(left.into_iter().filter(|slot| same(slot).is_none()));
            }
            Merges::AsFirst => {
                for slot in left {
                    match same(&slot) {
                        Some(column) => slots.push(Slot::Merged(column.clone())),
                        None => rest.push(slot),
                    }
                }
            }
            Merges::InPlace => {
                for slot in left {
                    let column = same(&slot).cloned();
                    slots.push(column.map_or(slot, Slot::Merged));
                }
            }
        }
        slots.append(&mut rest);
        slots.extend(right.into_iter().filter(|slot| same(slot).is_none()));
        slots
    }

    /// The names that both sides have, as the left one orders them; `None` where that is not
    /// known.
    fn natural(&self, left: &Side, right: &Side) -> Option<Vec<String>> {
        if !left.complete || !right.complete {
            return None;
        }
        let key = |slot: &Slot| match self.case() {
            NameCase::Exact => slot.name().to_owned(),
            NameCase::Ignored => slot.name().to_ascii_lowercase(),
        };
        let mut sides: BTreeMap<String, (u32, u32)> = BTreeMap::new();
        for slot in &left.slots {
            let (ours, _) = sides.entry(key(slot)).or_default();
            *ours = ours.saturating_add(1);
        }
        for slot in &right.slots {
            let (_, theirs) = sides.entry(key(slot)).or_default();
            *theirs = theirs.saturating_add(1);
        }
        if sides.values().any(|(ours, theirs)| *ours > 0 && *theirs > 0 && ours + theirs > 2) {
            return None;
        }
        let shared = left.slots.iter().filter(|slot| sides.get(&key(slot)) == Some(&(1, 1)));
        Some(shared.map(|slot| slot.name().to_owned()).collect())
    }

    /// What the relations from `start` to `end` give, as one side of a join.
    fn side(&self, start: usize, end: usize, level: &Names<'_, 'a>) -> Side {
        let mut side = Side { slots: Vec::new(), complete: true, ordered: true };
        let mut at = start;
        let mut joins = level.joined.iter().filter(|joined| joined.first >= start).peekable();
        while at < end {
            if let Some(joined) = joins.next_if(|joined| joined.first == at) {
                side.slots.extend(joined.slots.iter().cloned());
                side.complete &= joined.complete;
                side.ordered &= joined.ordered;
                at = joined.end.max(at.saturating_add(1));
                continue;
            }
            match level.relations.get(at).and_then(|relation| self.column_names(relation)) {
                None => side.complete = false,
                Some(names) => {
                    let slots = names.into_iter().enumerate();
                    side.slots.extend(slots.map(|(position, name)| Slot::Of {
                        relation: at,
                        position,
                        name,
                    }));
                }
            }
            at = at.saturating_add(1);
        }
        side
    }

    /// The column `name` of one side, with its type; `None` where it is not known.
    fn side_column(
        &mut self,
        side: &Side,
        name: &str,
        level: &Names<'_, 'a>,
    ) -> Option<(Flow, Option<&'a str>)> {
        match side.named(name, self.case()) {
            Named::One(slot) => {
                let data_type = match slot {
                    Slot::Merged(_) => None,
                    Slot::Of { relation, position, name: _ } => {
                        let relation: Option<&Relation<'a>> = level.relations.get(*relation);
                        relation.and_then(|relation| Self::column_type(relation, *position))
                    }
                };
                Some((self.slot(slot, level).flow, data_type))
            }
            Named::Unknown | Named::Several => None,
        }
    }
}
