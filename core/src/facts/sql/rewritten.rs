//! What a statement puts into a table, what it reads of it again while it runs, and the rows that it
//! meets there.
//!
//! PostgreSQL reads the rows as they were before. Other servers let RETURNING, later assignments
//! and rows that conflict with one of the same statement see what was put in.

use std::borrow::Cow;

use sqlparser::ast::{BinaryOperator, ConflictTarget, Expr, ObjectName, OnConflict};

use super::flow::{Flow, Origin, Relation, Shape, Written};
use super::walk::Walk;
use crate::command::Dialect;
use crate::facts::{How, Path, Role, Target};

/// A table that is read while a statement puts something into it.
pub(super) struct Rewritten<'w> {
    /// The table's path, as it stands before its columns.
    prefix: String,
    written: &'w Written,
}

impl<'w> Rewritten<'w> {
    pub(super) fn of(written: &'w Written, path: &Path) -> Self {
        Self { prefix: format!("{path}."), written }
    }

    /// Adds to a value what it may hold instead.
    pub(super) fn reach(&self, flow: &mut Flow) {
        let (held, decides) =
            (flow.holds.of_table(&self.prefix), flow.depends.of_table(&self.prefix));
        for put in self.behind(&held) {
            if put.holds == Origin::NONE {
                flow.depends.add(&put.depends);
            } else {
                flow.mix(put);
                flow.how = flow.how.max(How::Derived);
            }
        }
        for put in self.behind(&decides) {
            flow.depends.add(&put.as_dependence());
        }
    }

    /// What was put into these columns.
    fn behind(&self, columns: &[String]) -> impl Iterator<Item = &'w Flow> {
        let written = self.written;
        let every = (!columns.is_empty()).then_some(&written.every);
        let put = columns.iter().filter_map(move |column| {
            let name = column.strip_prefix(&self.prefix)?;
            let quoted = name.strip_prefix('"').and_then(|name| name.strip_suffix('"'));
            match quoted {
                Some(name) => written.columns.get(&name.replace("\"\"", "\"")),
                None => written.columns.get(name),
            }
        });
        every.into_iter().chain(put)
    }
}

impl Written {
    /// What it is when values that it puts in were read of rows that it put in before.
    pub(super) fn read_again(&mut self, path: &Path) {
        for _ in 0..ROUNDS {
            let before = self.clone();
            let rewritten = Rewritten::of(&before, path);
            let mut same = true;
            for (column, flow) in &mut self.columns {
                rewritten.reach(flow);
                same &= before.columns.get(column) == Some(&*flow);
            }
            if same {
                return;
            }
        }
        self.every = Flow::any();
    }
}

impl<'a> Walk<'_, 'a> {
    /// Whether the statement may read what it puts into the table at `path`.
    pub(super) fn reads_again(&self, path: &Path) -> bool {
        let reads = |target: &Target| target.role == Role::Source && target.path == *path;
        self.manners().reads_own_rows && self.part.targets.iter().any(reads)
    }

    /// What decides whether a row that is put in meets one that stands there: the keys, and what
    /// is put into them.
    pub(super) fn conflict(
        &mut self,
        relation: &Relation<'a>,
        on: Option<&OnConflict>,
        written: &Written,
    ) -> Origin {
        let named = match on.and_then(|on| on.conflict_target.as_ref()) {
            Some(ConflictTarget::Columns(columns)) => {
                Some(columns.iter().map(|column| self.fold(column)).collect())
            }
            // Any key of the table may be meant.
            Some(ConflictTarget::OnConstraint(_)) | None => None,
        };
        let keys: Vec<String> = match (named, &relation.shape) {
            (Some(named), _) => named,
            (None, Shape::Base { table, renamed: _ }) => {
                table.unique.iter().flatten().map(|name| self.fold_text(name, true)).collect()
            }
            (None, Shape::Derived(_) | Shape::Within { .. } | Shape::Unknown) => Vec::new(),
        };
        if keys.is_empty() {
            return Origin::Any;
        }
        let mut decides = written.every.as_dependence();
        for key in &keys {
            if let Some(put) = written.columns.get(key) {
                decides.add(&put.as_dependence());
            }
            decides.add(&self.field(relation, key).map_or(Origin::Any, |f| f.as_dependence()));
        }
        decides
    }

    /// T-SQL's `@v = a = x` puts `x` into the column `a` as well.
    pub(super) fn also_assigned<'e>(
        &self,
        columns: &'e [ObjectName],
        value: &'e Expr,
    ) -> (Cow<'e, [ObjectName]>, &'e Expr) {
        if let ([variable], Dialect::Mssql) = (columns, self.setting.dialect)
            && let Some([name]) = self.parts(variable).as_deref()
            && name.starts_with('@')
            && let Expr::BinaryOp { left, op: BinaryOperator::Eq, right } = value
        {
            let idents = if let Expr::Identifier(ident) = &**left {
                vec![ident.clone()]
            } else if let Expr::CompoundIdentifier(idents) = &**left {
                idents.clone()
            } else {
                return (columns.into(), value);
            };
            return (vec![ObjectName::from(idents)].into(), &**right);
        }
        (columns.into(), value)
    }
}

/// Rounds in which columns pass on what they were given by others; then it may be anything.
const ROUNDS: usize = 3;
