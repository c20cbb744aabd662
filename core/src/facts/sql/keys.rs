//! The keys of ORDER BY, GROUP BY and DISTINCT ON.

use sqlparser::ast::{Expr, InterpolateExpr, OrderBy, OrderByExpr, OrderByKind, OrderBySort};

use super::flow::{Column, Flow, Names, Origin};
use super::query::row_count;
use super::resolve::mixed;
use super::walk::Walk;

/// Which clause a key stands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Key {
    /// A column of FROM comes before a name of the select list.
    Group,
    /// A name of the select list comes first.
    Order,
}

impl<'a> Walk<'_, 'a> {
    pub(super) fn order(&mut self, order: &OrderBy, names: &Names<'_, 'a>) -> Origin {
        let mut origin = Origin::NONE;
        for filled in order.interpolate.iter().filter_map(|interpolate| interpolate.exprs.as_ref())
        {
            for expr in filled.iter().filter_map(|filled| filled.expr.as_ref()) {
                origin.add(&self.condition(expr, names));
            }
        }
        match &order.kind {
            OrderByKind::All(_) if names.unsure => origin = Origin::Any,
            OrderByKind::All(_) => origin = mixed(&names.aliases).as_dependence(),
            OrderByKind::Expressions(exprs) => {
                for by in exprs {
                    origin.add(&self.order_key(by, names).as_dependence());
                }
            }
        }
        origin
    }

    /// WITH FILL … INTERPOLATE: the rows between hold these values.
    pub(super) fn interpolated(
        &mut self,
        order: &OrderBy,
        columns: &mut [Column],
        names: &Names<'_, 'a>,
    ) {
        let case = self.case();
        let filled = order.interpolate.iter().filter_map(|interpolate| interpolate.exprs.as_ref());
        for InterpolateExpr { column, expr } in filled.flatten() {
            let Some(expr) = expr else { continue };
            let (flow, name) = (self.expr(expr, names).derived(), self.fold(column));
            let known = columns.iter().any(|column| case.same(&column.name, &name));
            for column in columns.iter_mut() {
                if !known || case.same(&column.name, &name) {
                    column.flow.mix(&flow);
                }
            }
        }
    }

    /// A key of the ORDER BY of a query, which may be a position or a name of the select list.
    pub(super) fn order_key(&mut self, by: &OrderByExpr, names: &Names<'_, 'a>) -> Flow {
        self.sorting(by, names);
        self.key(&by.expr, Key::Order, names)
    }

    /// A key of another ORDER BY: of a window, of an aggregate.
    pub(super) fn sort_key(&mut self, by: &OrderByExpr, names: &Names<'_, 'a>) -> Flow {
        self.sorting(by, names);
        self.expr(&by.expr, names)
    }

    fn sorting(&mut self, by: &OrderByExpr, names: &Names<'_, 'a>) {
        let OrderByExpr { expr: _, options, with_fill } = by;
        if let Some(fill) = with_fill {
            // Rows are made between those that are there.
            self.part.loose = true;
            self.exprs([&fill.from, &fill.to, &fill.step].into_iter().flatten(), names);
        }
        match &options.sort {
            None | Some(OrderBySort::Asc | OrderBySort::Desc) => {}
            // Sorting by an operator that anyone may have made.
            Some(OrderBySort::Using(_)) => self.unknown_function(None),
        }
    }

    /// A key of GROUP BY, ORDER BY or DISTINCT ON: a number stands for a column of the select
    /// list, and a name may.
    pub(super) fn key(&mut self, expr: &Expr, key: Key, names: &Names<'_, 'a>) -> Flow {
        let mut expr = expr;
        while let Expr::Nested(inner) = expr {
            expr = inner;
        }
        if let Expr::GroupingSets(sets) | Expr::Cube(sets) | Expr::Rollup(sets) = expr {
            return self.keys(sets.iter().flatten(), key, names);
        }
        if let Expr::Tuple(values) = expr {
            return self.keys(values, key, names);
        }
        if let Some(position) = row_count(expr) {
            let at = usize::try_from(position).ok().and_then(|at| at.checked_sub(1));
            let column = at.and_then(|at| names.aliases.get(at));
            return column.map_or_else(Flow::any, |column| column.flow.clone());
        }
        let Expr::Identifier(ident) = expr else { return self.expr(expr, names) };
        if self.manners().late_names {
            return self.expr(expr, names);
        }
        let name = self.fold(ident);
        let input = match key {
            Key::Group => self.input_column(&name, names),
            Key::Order => None,
        };
        if let Some(flow) = input {
            return flow;
        }
        if names.unsure && names.aliases.is_empty() {
            self.expr(expr, names);
            return Flow::any();
        }
        let mut named = None;
        for column in names.aliases.iter().filter(|column| column.name == name) {
            named.get_or_insert_with(Flow::constant).mix(&column.flow);
        }
        named.unwrap_or_else(|| self.expr(expr, names))
    }

    fn keys<'e>(
        &mut self,
        exprs: impl IntoIterator<Item = &'e Expr>,
        key: Key,
        names: &Names<'_, 'a>,
    ) -> Flow {
        let mut flow = Flow::constant();
        for expr in exprs {
            flow.mix(&self.key(expr, key, names));
        }
        flow
    }
}
