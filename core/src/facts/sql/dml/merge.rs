//! MERGE, clause by clause.

use std::rc::Rc;

use sqlparser::ast::{
    Expr, Merge, MergeAction, MergeClause, MergeClauseKind, MergeInsertKind, MergeUpdateKind,
};

use crate::facts::sql::aim::{Aim, Tables};
use crate::facts::sql::extent;
use crate::facts::sql::flow::{Column, Columns, Flow, Names, Origin, Written};
use crate::facts::sql::walk::Walk;
use crate::facts::{Effect, Extent, Op, Outputs, Role};

impl<'a> Walk<'_, 'a> {
    pub(super) fn merge(&mut self, merge: &Merge, names: &Names<'_, 'a>) -> Columns {
        let Merge {
            merge_token: _,
            optimizer_hints: _,
            into: _,
            table,
            source,
            on,
            clauses,
            output,
        } = merge;
        let mut level = Names::inside(names);
        let mut written = Written::nothing();
        let ((known, source_extent), changed) = self.apart(|walk| {
            let known = walk.changed(table, &mut level);
            let mut depends = Origin::NONE;
            let extent = walk.factor(source, &mut level, &mut depends);
            depends.add(&walk.condition(on, &level));
            depends.add(&level.decided);
            written.every.depends = depends;
            (known, extent)
        });
        if !known {
            self.not_covered();
        }
        let mut acts = Vec::new();
        for clause in clauses {
            let ((), part) = self.apart(|walk| {
                walk.absorb(changed.clone());
                walk.merge_clause(clause, &level, &mut written);
            });
            let (op, verb) = match &clause.action {
                MergeAction::Insert(_) => (Op::Create, "MERGE INSERT"),
                MergeAction::Update(_) => (Op::Update, "MERGE UPDATE"),
                MergeAction::Delete { delete_token: _ } => (Op::Delete, "MERGE DELETE"),
                MergeAction::DoNothing { do_token: _, nothing_token: _ } => continue,
            };
            let predicate = clause.predicate.as_ref();
            let reach = |tables: &[Tables<'_>], conditions: &[&Expr]| {
                let aim = Aim::of_target(self, &level, 0, tables);
                extent::narrowed(Extent::All, conditions, &aim)
            };
            let predicates: Vec<&Expr> = predicate.into_iter().collect();
            let extent = match clause.clause_kind {
                _ if op == Op::Create => source_extent.clone(),
                MergeClauseKind::Matched => {
                    let matched: Vec<&Expr> = std::iter::once(&**on).chain(predicate).collect();
                    reach(&[(table, &[]), (source, &[])], &matched)
                }
                MergeClauseKind::NotMatched
                | MergeClauseKind::NotMatchedByTarget
                | MergeClauseKind::NotMatchedBySource => reach(&[], &predicates),
            };
            acts.push((op, verb, extent, part));
        }
        // RETURNING of a MERGE, of PostgreSQL 17: what `*` gives is not relied on.
        level.unsure = true;
        let ((returned, outputs), base) = self.apart(|walk| {
            walk.absorb(changed.clone());
            walk.returned(None, output.as_ref(), &mut level, written)
        });
        if acts.is_empty() {
            self.absorb(base);
            for target in &mut self.part.targets {
                target.role = Role::Source;
            }
            self.finish(Op::Read, "MERGE", Extent::Unknown, Outputs::None);
            return returned;
        }
        let mut outputs = Some(outputs);
        for (op, verb, extent, part) in acts {
            self.absorb(base.clone());
            self.absorb(part);
            if op == Op::Create {
                for target in &mut self.part.targets {
                    if target.role == Role::Object {
                        target.role = Role::Sink;
                    }
                }
            }
            self.finish(op, verb, extent, outputs.take().unwrap_or(Outputs::None));
        }
        returned
    }

    pub(super) fn merge_clause(
        &mut self,
        clause: &MergeClause,
        level: &Names<'_, 'a>,
        written: &mut Written,
    ) {
        let MergeClause { when_token: _, clause_kind: _, predicate, action } = clause;
        let predicates = match action {
            MergeAction::Insert(insert) => [predicate, &insert.insert_predicate, &None],
            MergeAction::Update(update) => {
                [predicate, &update.update_predicate, &update.delete_predicate]
            }
            MergeAction::Delete { .. } | MergeAction::DoNothing { .. } => [predicate, &None, &None],
        };
        for predicate in predicates.into_iter().flatten() {
            written.every.depends.add(&self.condition(predicate, level));
        }
        if let MergeAction::DoNothing { .. } = action {
            return;
        }
        self.part.may |= Effect::WriteData;
        match action {
            MergeAction::Insert(insert) => {
                match &insert.kind {
                    MergeInsertKind::Values(values) => {
                        for row in &values.rows {
                            let columns = row.content.iter().map(|value| Column {
                                name: String::new(),
                                flow: self.expr(value, level),
                            });
                            let columns = Some(Rc::new(columns.collect()));
                            match level.relations.first() {
                                Some(target) => {
                                    self.put(target, &insert.columns, &columns, written);
                                }
                                None => written.every = Flow::any(),
                            }
                        }
                    }
                    MergeInsertKind::Row | MergeInsertKind::Wildcard => {
                        written.every = Flow::any();
                    }
                }
                self.part.unresolved = true;
            }
            MergeAction::Update(update) => {
                match &update.kind {
                    MergeUpdateKind::Set(assignments) => {
                        let set = self.assignments(assignments, level);
                        written.mix(&set);
                    }
                    MergeUpdateKind::Wildcard => {
                        written.every = Flow::any();
                        self.part.unresolved = true;
                    }
                }
                // Oracle: rows that were updated go if this holds.
                if update.delete_predicate.is_some() {
                    self.part.may |= Effect::Destroy;
                    self.part.unresolved = true;
                }
            }
            MergeAction::Delete { delete_token: _ } => {
                self.part.may |= Effect::Destroy;
                self.part.unresolved = true;
            }
            MergeAction::DoNothing { do_token: _, nothing_token: _ } => {}
        }
    }
}
