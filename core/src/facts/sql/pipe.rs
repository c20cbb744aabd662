//! BigQuery's pipes: `FROM t |> WHERE x |> AGGREGATE count(*) GROUP BY y`.
//!
//! Every step sees the columns that the step before gives. Names of tables go on to be seen, but
//! what they stand for is not followed: a qualified column may be any.

use std::rc::Rc;

use sqlparser::ast::{
    AssignmentTarget, Expr, ExprWithAlias, ExprWithAliasAndOrderBy, Ident, Join, PipeOperator,
    PivotValueSource, SetExpr, TableFactor,
};

use super::aim::Aim;
use super::extent;
use super::flow::{Column, Flow, Names, Origin, Relation, Shape};
use super::query::{Rows, row_count};
use super::resolve::mixed;
use super::walk::{Walk, wider};
use crate::command::sql::DISTINCT_MARK;
use crate::facts::Extent;

/// What goes through a pipe.
struct Flowing {
    rows: Rows,
    /// The name that the last `|> AS` gave.
    name: Option<String>,
    /// What the rows depend on.
    depends: Origin,
    /// Rows are still those of the tables.
    plain: bool,
}

impl<'a> Walk<'_, 'a> {
    /// Sends the rows of a query's body through the steps behind it.
    pub(super) fn pipe(
        &mut self,
        rows: Rows,
        body: &SetExpr,
        steps: &[PipeOperator],
        names: &Names<'_, 'a>,
    ) -> Rows {
        let mut outer = Names::inside(names);
        if let SetExpr::Select(select) = body {
            for tables in &select.from {
                let joined = tables.joins.iter().map(|join| &join.relation);
                for factor in std::iter::once(&tables.relation).chain(joined) {
                    self.hide(factor, &mut outer);
                }
            }
        }
        let depends = rows.depends.clone();
        let mut flowing = Flowing { rows, name: None, depends, plain: true };
        for step in steps {
            self.step(step, &mut flowing, &mut outer);
        }
        let Flowing { mut rows, name: _, depends, plain: _ } = flowing;
        if depends != Origin::NONE {
            rows.depends.add(&depends);
            rows.columns = rows.columns.and_then(|columns| self.depending(&columns, &depends));
        }
        rows
    }

    /// The name of a table goes on to be seen.
    fn hide(&mut self, factor: &TableFactor, outer: &mut Names<'_, 'a>) {
        let mut scratch = Names::default();
        if let TableFactor::Table { name, alias, .. } = factor {
            let name = self
                .alias(alias.as_ref())
                .or_else(|| self.parts(name).and_then(|mut parts| parts.pop()));
            scratch.relations.push(unknown(name));
        } else if let TableFactor::Derived { alias, .. }
        | TableFactor::UNNEST { alias, .. }
        | TableFactor::Function { alias, .. }
        | TableFactor::TableFunction { alias, .. } = factor
        {
            scratch.relations.push(unknown(self.alias(alias.as_ref())));
        } else {
            scratch.relations.push(unknown(None));
        }
        outer.relations.append(&mut scratch.relations);
    }

    fn step(&mut self, step: &PipeOperator, flowing: &mut Flowing, outer: &mut Names<'_, 'a>) {
        let relation = Relation {
            name: flowing.name.clone(),
            schema: None,
            shape: flowing.rows.columns.clone().map_or(Shape::Unknown, Shape::Derived),
            target: None,
            written: None,
        };
        let mut joined = None;
        {
            let mut level = Names::inside(outer);
            level.relations.push(relation);
            match step {
                PipeOperator::Where { expr } => self.kept(expr, flowing, &level),
                PipeOperator::Limit { expr, offset } => {
                    for expr in std::iter::once(expr).chain(offset) {
                        flowing.depends.add(&self.condition(expr, &level));
                    }
                    let rows = std::mem::replace(&mut flowing.rows.extent, Extent::Unknown);
                    flowing.rows.extent = self.limited(rows, row_count(expr));
                    flowing.plain = false;
                }
                PipeOperator::OrderBy { exprs } => {
                    for by in exprs {
                        flowing.depends.add(&self.sort_key(by, &level).as_dependence());
                    }
                }
                PipeOperator::Select { exprs } => {
                    flowing.rows.columns = self.projection(exprs, &level).map(Rc::new);
                    self.computed(flowing);
                }
                PipeOperator::Extend { exprs } => {
                    let more = self.projection(exprs, &level);
                    let columns = flowing.rows.columns.take();
                    flowing.rows.columns = columns.zip(more).map(|(columns, more)| {
                        Rc::new(columns.iter().cloned().chain(more).collect())
                    });
                    self.computed(flowing);
                }
                PipeOperator::Set { assignments } => {
                    for assignment in assignments {
                        let flow = self.expr(&assignment.value, &level);
                        let set = match &assignment.target {
                            AssignmentTarget::ColumnName(name) => self.parts(name),
                            AssignmentTarget::Tuple(_) => None,
                        };
                        self.replaced(flowing, set, flow);
                    }
                    self.computed(flowing);
                }
                PipeOperator::Drop { columns } => {
                    let dropped: Vec<String> =
                        columns.iter().map(|column| self.fold(column)).collect();
                    let case = self.case();
                    if let Some(columns) = &mut flowing.rows.columns {
                        Rc::make_mut(columns).retain(|column| {
                            !dropped.iter().any(|dropped| case.same(dropped, &column.name))
                        });
                    }
                }
                PipeOperator::As { alias } if alias.value == DISTINCT_MARK => {
                    let all = flowing.rows.columns.as_deref();
                    let all = all.map_or(Origin::Any, |columns| mixed(columns).as_dependence());
                    flowing.depends.add(&all);
                }
                PipeOperator::As { alias } => flowing.name = Some(self.fold(alias)),
                PipeOperator::Aggregate { full_table_exprs, group_by_expr } => {
                    self.aggregated(full_table_exprs, group_by_expr, flowing, &level);
                }
                PipeOperator::TableSample { sample } => {
                    self.sampled(sample, &level, &mut flowing.depends);
                }
                PipeOperator::Rename { mappings } => {
                    let case = self.case();
                    for mapping in mappings {
                        let old = self.fold(&mapping.ident);
                        if let Some(columns) = &mut flowing.rows.columns {
                            for column in Rc::make_mut(columns) {
                                if case.same(&column.name, &old) {
                                    column.name.clone_from(&mapping.alias.value);
                                }
                            }
                        }
                    }
                    flowing.plain = false;
                }
                PipeOperator::Union { set_quantifier: _, queries }
                | PipeOperator::Intersect { set_quantifier: _, queries }
                | PipeOperator::Except { set_quantifier: _, queries } => {
                    for query in queries {
                        let rows = self.query(query, &level, false);
                        let extent = std::mem::replace(&mut flowing.rows.extent, Extent::Unknown);
                        flowing.rows.extent = wider(extent, rows.extent);
                    }
                    // Columns may be paired by name.
                    self.lost(flowing);
                }
                PipeOperator::Call { function, alias } => {
                    self.call(function, &level);
                    self.part.unresolved = true;
                    flowing.name = alias.as_ref().map(|alias| self.fold(alias));
                    flowing.rows.extent = Extent::Unknown;
                    self.lost(flowing);
                }
                PipeOperator::Pivot {
                    aggregate_functions,
                    value_column: _,
                    value_source,
                    alias,
                } => {
                    self.exprs(aggregate_functions.iter().map(|named| &named.expr), &level);
                    match value_source {
                        PivotValueSource::List(values) => {
                            self.exprs(values.iter().map(|value| &value.expr), &level);
                        }
                        PivotValueSource::Any(order) => {
                            for by in order {
                                self.sort_key(by, &level);
                            }
                        }
                        PivotValueSource::Subquery(query) => {
                            let rows = self.query(query, &level, false);
                            self.reach_inside(rows.extent);
                        }
                    }
                    flowing.name = alias.as_ref().map(|alias| self.fold(alias));
                    self.lost(flowing);
                }
                PipeOperator::Unpivot {
                    value_column: _,
                    name_column: _,
                    unpivot_columns: _,
                    alias,
                } => {
                    flowing.name = alias.as_ref().map(|alias| self.fold(alias));
                    flowing.rows.extent = Extent::Unknown;
                    self.lost(flowing);
                }
                PipeOperator::Join(join) => {
                    let Join { relation, global: _, join_operator } = join;
                    let right = level.relations.len();
                    let own = self.factor(relation, &mut level, &mut flowing.depends);
                    self.join(join_operator, (0, right), &mut level, &mut flowing.depends);
                    flowing.depends.add(&level.decided);
                    let extent = std::mem::replace(&mut flowing.rows.extent, Extent::Unknown);
                    flowing.rows.extent = super::from::product(extent, own);
                    flowing.rows.columns = self.star(&level);
                    flowing.plain = false;
                    joined = Some(relation);
                }
            }
        }
        if let Some(relation) = joined {
            self.hide(relation, outer);
            flowing.name = None;
        }
    }

    /// `|> WHERE`: narrows what the tables give as long as nothing was computed.
    fn kept(&mut self, expr: &Expr, flowing: &mut Flowing, level: &Names<'_, 'a>) {
        flowing.depends.add(&self.condition(expr, level));
        if flowing.plain && flowing.rows.extent == Extent::All {
            let aim = Aim::of_select(self, level);
            flowing.rows.extent = extent::narrowed(Extent::All, &[expr], &aim);
        }
    }

    fn computed(&mut self, flowing: &mut Flowing) {
        flowing.plain = false;
        if flowing.rows.columns.is_none() {
            self.part.unresolved = true;
        }
    }

    /// Nothing is known of the columns, nor of what decides about the rows, and one row may be made
    /// of many.
    fn lost(&mut self, flowing: &mut Flowing) {
        flowing.depends = Origin::Any;
        flowing.rows.columns = None;
        flowing.plain = false;
        self.part.unresolved = true;
        self.part.loose = true;
    }

    fn replaced(&mut self, flowing: &mut Flowing, set: Option<Vec<String>>, flow: Flow) {
        let case = self.case();
        let name = set.filter(|parts| parts.len() == 1).and_then(|mut parts| parts.pop());
        let columns = flowing.rows.columns.take();
        flowing.rows.columns = columns.zip(name).map(|(mut columns, name)| {
            for column in Rc::make_mut(&mut columns) {
                if case.same(&column.name, &name) {
                    column.flow = flow.clone();
                }
            }
            columns
        });
    }

    fn aggregated(
        &mut self,
        aggregates: &[ExprWithAliasAndOrderBy],
        groups: &[ExprWithAliasAndOrderBy],
        flowing: &mut Flowing,
        level: &Names<'_, 'a>,
    ) {
        let mut columns = Vec::with_capacity(groups.len().saturating_add(aggregates.len()));
        for (part, grouping) in
            groups.iter().map(|group| (group, true)).chain(aggregates.iter().map(|a| (a, false)))
        {
            let ExprWithAliasAndOrderBy { expr: ExprWithAlias { expr, alias }, order_by: _ } = part;
            // A number stands for a column of the input.
            let flow = if grouping && row_count(expr).is_some() {
                Flow::any()
            } else {
                self.expr(expr, level)
            };
            if grouping {
                flowing.depends.add(&flow.as_dependence());
            }
            let name = alias.as_ref().map_or_else(|| self.output_name(expr), Ident::to_string);
            columns.push(Column { name, flow });
        }
        flowing.rows.columns = Some(Rc::new(columns));
        flowing.plain = false;
        self.part.loose = true;
        if groups.is_empty() && !self.part.rows && flowing.rows.extent.max_rows().is_some() {
            flowing.rows.extent = Extent::One;
        }
    }
}

const fn unknown<'a>(name: Option<String>) -> Relation<'a> {
    Relation { name, schema: None, shape: Shape::Unknown, target: None, written: None }
}
