//! WITH: which of its queries a name means, and what those give that read themselves.

use std::rc::Rc;

use sqlparser::ast::{self, Ident, Query, SetExpr, SetOperator, TableAlias, With};

use super::flow::{Column, Cte, Flow, Listed, Names, Origin, Relation, weight};
use super::manners::{Later, Spelling};
use super::query::{Tail, alias_columns};
use super::walk::{Walk, take};
use crate::command::sql::VALUE_MARK;
use crate::facts::{Extent, Path, Role, TargetKind};

/// What is known of a union that may read itself.
enum Rounds {
    /// Its columns after any number of rounds.
    Known(Rc<Vec<Column>>),
    /// Its first part does not use it; what it gives is not known.
    Later,
    /// Its first part may use it.
    Unknown,
}

impl<'a> Walk<'_, 'a> {
    /// Reads the queries of a WITH into `names`.
    pub(super) fn with<'p>(&mut self, with: &'p With, names: &mut Names<'p, 'a>) {
        // SQLite lets every expression of the list see every other, whatever the keyword says.
        let recursive = with.recursive || self.manners().with_recurses;
        let later = match (self.manners().later, recursive) {
            (Later::Query, true) => Some(Cte::Pending),
            (Later::Either, true) | (Later::AlwaysEither, _) => Some(Cte::Either),
            (Later::Query | Later::Either, false) | (Later::Table, _) => None,
        };
        let first = names.ctes.len();
        let around = std::iter::successors(Some(&*names), |names| names.parent)
            .any(|names| names.unsure || !names.relations.is_empty());
        for cte in with.cte_tables.iter().filter(|_| later.is_some()) {
            let cte_later = later.clone().unwrap_or(Cte::Either);
            names.ctes.push(self.listed_as(&cte.alias.name, cte_later));
        }
        for (at, cte) in with.cte_tables.iter().enumerate() {
            if cte.from.is_some() || cte.alias.at.is_some() {
                self.not_covered();
            }
            let new = alias_columns(self, &cte.alias);
            let name = self.fold(&cte.alias.name);
            // It comes no later any more.
            if let (true, Some(listed)) =
                (later.is_some(), names.ctes.get_mut(first.saturating_add(at)))
            {
                listed.name.clear();
            }
            if recursive && let Some(own) = self.own_name(cte, &new, names) {
                names.ctes.push(self.listed_as(&cte.alias.name, own));
            }
            let (rows, part) = self.apart(|walk| {
                walk.via.push("with");
                let rows = walk.query(&cte.query, names, false);
                walk.via.pop();
                rows
            });
            // A value is made where it is used: its names mean nothing of the queries around.
            let columns = rows.columns.filter(|_| !(name.starts_with(VALUE_MARK) && around));
            let ready = Cte::Ready {
                columns: self.renamed(columns, &new),
                depends: rows.depends,
                targets: Rc::new(part.targets.clone()),
                extent: if part.recursed { Extent::Unknown } else { rows.extent },
            };
            self.absorb(part);
            // Later expressions of the same name hide earlier ones.
            names.queries.push(name, cte);
            names.ctes.push(self.listed_as(&cte.alias.name, ready));
        }
    }

    fn listed_as(&self, ident: &Ident, cte: Cte) -> Listed {
        Listed { name: self.fold(ident), spelled: self.spelling(ident), cte }
    }

    /// A name as the server tells it from others, where names of queries may differ by case alone.
    pub(super) fn spelling(&self, ident: &Ident) -> String {
        match self.manners().spelling {
            Spelling::Folded => self.fold(ident),
            Spelling::AsWritten => ident.value.clone(),
            Spelling::UpperUnlessQuoted if ident.quote_style.is_some() => ident.value.clone(),
            Spelling::UpperUnlessQuoted => ident.value.to_ascii_uppercase(),
        }
    }

    /// The value that WITH gives a name, where the server takes it before a column of that name.
    pub(super) fn named_value(&self, name: &str, names: &Names<'_, 'a>) -> Option<Flow> {
        if !self.manners().aliases_first {
            return None;
        }
        let Cte::Ready { columns, .. } = names.cte(&format!("{VALUE_MARK}{name}"))? else {
            return Some(Flow::any());
        };
        match columns.as_deref().map(Vec::as_slice) {
            Some([column]) if column.flow.holds != Origin::Any => Some(column.flow.clone()),
            Some(_) | None => Some(Flow::any()),
        }
    }

    /// A name of WITH in FROM.
    pub(super) fn named_query(
        &mut self,
        cte: Cte,
        parts: Vec<String>,
        alias: Option<&TableAlias>,
        level: &mut Names<'_, 'a>,
    ) -> Extent {
        let new = alias.map(|alias| alias_columns(self, alias)).unwrap_or_default();
        let name = self.alias(alias).or_else(|| parts.last().cloned());
        // SQLite may also mean the table of that name where a query is not read to its end.
        let may_be_table = match cte {
            Cte::Either => true,
            Cte::Pending | Cte::Own(_) => self.is_sqlite(),
            Cte::Ready { .. } => false,
        };
        if may_be_table {
            self.reads_file(&parts);
            let relation = self.existing(parts, None, Role::Source);
            if let Some(path) = relation.target {
                self.source(TargetKind::Table, path);
            }
        }
        let (columns, extent) = match cte {
            Cte::Ready { columns, depends, targets, extent } => {
                level.decided.add(&depends);
                if self.has_room(targets.len()) {
                    for target in targets.iter() {
                        self.target(target.clone());
                    }
                } else {
                    self.source(TargetKind::Table, Path::dynamic());
                }
                (columns, extent)
            }
            Cte::Own(columns) => (Some(columns), Extent::Unknown),
            Cte::Pending | Cte::Either => {
                self.part.recursed = true;
                level.decided = Origin::Any;
                (None, Extent::Unknown)
            }
        };
        let columns = self.renamed(columns, &new);
        level.relations.push(Relation::of(name, columns));
        extent
    }

    /// What the name of a query means inside it where WITH recurses; `None`: not this query.
    fn own_name(
        &mut self,
        cte: &ast::Cte,
        new: &[String],
        names: &mut Names<'_, 'a>,
    ) -> Option<Cte> {
        let (query, name) = (&cte.query, &cte.alias.name);
        // Where it is refused, it is no table.
        let refuses = self.manners().later == Later::Query;
        let unknown = if refuses { Cte::Pending } else { Cte::Either };
        let unions = match &*query.body {
            SetExpr::SetOperation { op, .. } => *op == SetOperator::Union,
            // In brackets it may be one.
            SetExpr::Query(_) => return Some(unknown),
            SetExpr::Select(_)
            | SetExpr::Values(_)
            | SetExpr::Insert(_)
            | SetExpr::Update(_)
            | SetExpr::Delete(_)
            | SetExpr::Merge(_)
            | SetExpr::Table(_) => false,
        };
        if !unions {
            return Some(unknown).filter(|_| !self.manners().only_unions_recurse);
        }
        names.ctes.push(self.listed_as(name, unknown.clone()));
        let known = self.rounds(query, name, new, names);
        names.ctes.pop();
        Some(match known {
            Rounds::Known(columns) => Cte::Own(columns),
            // The first part of the union does not use it, and the others mean the query.
            Rounds::Later => Cte::Pending,
            Rounds::Unknown => unknown,
        })
    }

    /// The columns of a union that reads itself: what its first part gives, and what any number of
    /// rounds of the second make of that.
    fn rounds(
        &mut self,
        query: &Query,
        name: &Ident,
        new: &[String],
        names: &mut Names<'_, 'a>,
    ) -> Rounds {
        let SetExpr::SetOperation { left, op: SetOperator::Union, set_quantifier: _, right } =
            &*query.body
        else {
            return Rounds::Unknown;
        };
        if !take(&self.setting.room.rounds, 1) {
            return Rounds::Unknown;
        }
        // Its own name stands for nothing known yet, so that what the first part gives is known
        // only if it does not use it.
        let (first, before, recursed) = self.rehearsed(|walk| {
            let mut level = Names::inside(names);
            if let Some(with) = &query.with {
                walk.with(with, &mut level);
            }
            walk.part.recursed = false;
            let rows = walk.body(left, &level, Tail::default(), false);
            let before = std::mem::replace(&mut walk.part.recursed, false);
            if !before && rows.columns.is_some() {
                walk.body(right, &level, Tail::default(), false);
            }
            (rows.columns, before, walk.part.recursed)
        });
        if before {
            return Rounds::Unknown;
        }
        let Some(mut known) = self.renamed(first.filter(|_| recursed), new) else {
            return Rounds::Later;
        };
        loop {
            // Each round adds a source to a column, or is the last.
            if !take(&self.setting.room.rounds, 1) {
                return Rounds::Later;
            }
            names.ctes.push(self.listed_as(name, Cte::Own(Rc::clone(&known))));
            let round = self.rehearsed(|walk| walk.query(query, names, false).columns);
            names.ctes.pop();
            let Some(round) = self.renamed(round, new) else { return Rounds::Later };
            if round.len() != known.len() || !self.has_room(weight(&known)) {
                return Rounds::Later;
            }
            let mut next = known.to_vec();
            for (column, other) in next.iter_mut().zip(round.iter()) {
                column.flow.mix(&other.flow);
            }
            if next.iter().zip(known.iter()).all(|(next, known)| next.flow == known.flow) {
                return Rounds::Known(known);
            }
            known = Rc::new(next);
        }
    }

    /// Walks something that is walked once more: only the answer stays.
    fn rehearsed<T>(&mut self, walk: impl FnOnce(&mut Self) -> T) -> T {
        let (actions, session) = (self.actions.len(), self.session.len());
        let (result, _) = self.apart(walk);
        self.actions.truncate(actions);
        self.session.truncate(session);
        result
    }
}
