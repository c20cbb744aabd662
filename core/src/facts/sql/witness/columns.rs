//! What a name stands for: a column of the target, of what stands beside it, or of a query.

use sqlparser::ast::{Expr, Ident, Select, SelectItem, TableAliasColumnDef};

use super::samples::{hash, key_of};
use super::{Datum, Grade, Kind, MAX_DEPTH, Sample, Search};

impl<'e> Search<'e, '_> {
    pub(super) fn column(&mut self, expr: &'e Expr) -> Sample {
        let (qualifier, ident) = match expr {
            Expr::Identifier(ident) => (None, ident),
            Expr::CompoundIdentifier(idents) => match idents.as_slice() {
                [.., qualifier, ident] => (Some(self.aim.folded(qualifier)), ident),
                [ident] => (None, ident),
                [] => return Sample::OPEN,
            },
            _ => return Sample::OPEN,
        };
        let name = self.aim.folded(ident);
        // Of all rows of a table, the table.
        if name == "tableoid" {
            return Sample::OPEN;
        }
        for depth in (0..self.stack.len()).rev() {
            let Some(at) = self.stack.get(depth).copied() else { continue };
            if let Some(value) = self.column_of_scope(at, qualifier.as_deref(), &name) {
                return value;
            }
        }
        if let Some(name) = self.aim.column(expr) {
            return self.column_of_target(&name);
        }
        if !self.around.is_empty()
            && let Some(value) =
                self.column_of_scope(self.around.start, qualifier.as_deref(), &name)
        {
            return value;
        }
        // A variable, or what is computed without brackets.
        self.made_of(hash(&[53], name.as_bytes()), &[])
    }

    pub(super) fn column_of_target(&mut self, name: &str) -> Sample {
        if let Kind::Query { .. } = self.target
            && let Some(value) = self.column_of_query(self.target, name)
        {
            return value;
        }
        self.own(name)
    }

    /// A column of the target's own row.
    fn own(&mut self, name: &str) -> Sample {
        self.touched = true;
        let key = key_of(name);
        if self.is_missing(key) && !self.aim.is_never_null(name) {
            return Sample::of(Datum::Null, Grade::Row);
        }
        Sample::of(Datum::Cell(self.pick(key)), Grade::Row)
    }

    /// A value that the rows in sight have each for themselves.
    pub(super) fn of_the_row(&mut self, what: u64) -> Sample {
        let scope = self.stack.last().and_then(|at| self.scopes.get(*at));
        match scope {
            Some(scope) if !scope.same => {
                let at = self.pick_theirs(what, scope.row);
                self.read = true;
                Sample::of(Datum::Cell(at), Grade::Theirs)
            }
            Some(_) | None => {
                self.touched = true;
                Sample::of(Datum::Cell(self.pick(what)), Grade::Row)
            }
        }
    }

    pub(super) fn column_of_scope(
        &mut self,
        at: usize,
        qualifier: Option<&str>,
        name: &str,
    ) -> Option<Sample> {
        let scope = self.scopes.get(at)?;
        let chosen = scope.relations.iter().position(|relation| match qualifier {
            Some(qualifier) => relation.name.as_deref() == Some(qualifier),
            None => self.gives(relation.kind, name),
        })?;
        self.column_of_relation(at, chosen, name)
    }

    /// Whether a relation may have a column of that name.
    pub(super) fn gives(&self, kind: Kind<'e>, name: &str) -> bool {
        match kind {
            Kind::Table { whole: _ } => true,
            Kind::Query { select, scope: _, renamed } => {
                self.item_named(select, renamed, name).is_some()
                    || renamed.is_empty() && has_star(select)
            }
        }
    }

    pub(super) fn column_of_relation(
        &mut self,
        at: usize,
        position: usize,
        name: &str,
    ) -> Option<Sample> {
        let scope = self.scopes.get(at)?;
        let relation = scope.relations.get(position)?;
        if relation.absent {
            return Some(Sample::NULL);
        }
        self.joined |= relation.optional.is_some();
        match relation.kind {
            Kind::Table { whole: true } if scope.same && relation.chosen.is_none() => {
                Some(self.own(name))
            }
            Kind::Table { whole: _ } => {
                let row = relation.chosen.unwrap_or(scope.row);
                self.read = true;
                let key = hash(&[59, u64::try_from(position).unwrap_or(0)], name.as_bytes());
                Some(Sample::of(Datum::Cell(self.pick_theirs(key, row)), Grade::Theirs))
            }
            kind @ Kind::Query { .. } => self.column_of_query(kind, name),
        }
    }

    fn column_of_query(&mut self, kind: Kind<'e>, name: &str) -> Option<Sample> {
        let Kind::Query { select, scope, renamed } = kind else { return None };
        let item = self.item_named(select, renamed, name);
        if item.is_none() && has_star(select) && !renamed.is_empty() {
            // Which column has the new name is not known.
            return Some(Sample::OPEN);
        }
        if item.is_none() && !has_star(select) {
            return None;
        }
        self.inside(scope, |search| match item {
            Some(expr) => Some(search.value(expr)),
            None => search.column_of_scope(scope, None, name),
        })
    }

    /// Looks inside a query, where only its own FROM is seen; and what stands around it, so that a
    /// query may be its own. So far in, nothing is known.
    fn inside(
        &mut self,
        scope: usize,
        look: impl FnOnce(&mut Self) -> Option<Sample>,
    ) -> Option<Sample> {
        if self.queries_in >= MAX_DEPTH {
            return Some(Sample::OPEN);
        }
        self.queries_in += 1;
        let stack = std::mem::replace(&mut self.stack, vec![scope]);
        let value = look(self);
        self.stack = stack;
        self.queries_in -= 1;
        value
    }

    /// What a select list gives under a name.
    fn item_named(
        &self,
        select: &'e Select,
        renamed: &[TableAliasColumnDef],
        name: &str,
    ) -> Option<&'e Expr> {
        let is_named = |ident: &Ident| self.aim.folded(ident) == name;
        if !renamed.is_empty() {
            let at = renamed.iter().position(|column| is_named(&column.name));
            return match select.projection.get(at?)? {
                SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. }
                    if !has_star(select) =>
                {
                    Some(expr)
                }
                _ => None,
            };
        }
        select.projection.iter().find_map(|item| match item {
            SelectItem::ExprWithAlias { expr, alias } => is_named(alias).then_some(expr),
            SelectItem::UnnamedExpr(expr) => match expr {
                Expr::Identifier(ident) => is_named(ident).then_some(expr),
                Expr::CompoundIdentifier(idents) => {
                    idents.last().is_some_and(is_named).then_some(expr)
                }
                _ => None,
            },
            SelectItem::ExprWithAliases { .. }
            | SelectItem::QualifiedWildcard(_, _)
            | SelectItem::Wildcard(_) => None,
        })
    }

    /// The only column of the query in sight that gives `*`; of the target's own rows it is what
    /// it is compared with.
    pub(super) fn only_column(&mut self, like: &'e Expr) -> Sample {
        let at = self.stack.last().copied();
        at.and_then(|at| self.only_column_of(at, like)).unwrap_or(Sample::OPEN)
    }

    fn only_column_of(&mut self, at: usize, like: &'e Expr) -> Option<Sample> {
        let scope = self.scopes.get(at)?;
        let (row, same) = (scope.row, scope.same);
        match scope.relations.first()?.kind {
            Kind::Table { whole: true } if same => Some(self.value(like)),
            Kind::Table { whole: _ } => {
                self.read = true;
                Some(Sample::of(Datum::Cell(self.pick_theirs(67, row)), Grade::Theirs))
            }
            Kind::Query { select, scope, renamed: _ } => {
                self.inside(scope, |search| match select.projection.as_slice() {
                    [SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. }] => {
                        Some(search.value(expr))
                    }
                    _ => search.only_column_of(scope, like),
                })
            }
        }
    }
}

fn has_star(select: &Select) -> bool {
    select
        .projection
        .iter()
        .any(|item| matches!(item, SelectItem::Wildcard(_) | SelectItem::QualifiedWildcard(_, _)))
}
