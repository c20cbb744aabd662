//! Queries: WITH, SELECT, set operations, VALUES; their columns and their reach.

use std::rc::Rc;

use sqlparser::ast::{
    ConnectByKind, Distinct, Expr, Fetch, ForClause, GroupByExpr, GroupByWithModifier, LimitClause,
    NamedWindowDefinition, NamedWindowExpr, OrderBy, Query, Select, SelectFlavor, SelectInto,
    SetExpr, SetOperator, SetQuantifier, Top, TopQuantity, Value,
};

use super::aim::Aim;
use super::extent;
use super::flow::{Column, Columns, Names, Origin, Relation, Shape, shared_dependence, weight};
use super::keys::Key;
use super::manners::Into;
use super::resolve::mixed;
use super::walk::{Walk, wider};
use crate::command::Dialect;
use crate::facts::{Effect, Extent, How, Outputs, TargetKind};

/// What a query gives.
#[derive(Clone, Debug)]
pub(super) struct Rows {
    pub(super) columns: Columns,
    /// What decides which rows there are; every column depends on it too.
    pub(super) depends: Origin,
    pub(super) extent: Extent,
}

/// What stands after the body of a query and belongs to it.
#[derive(Clone, Copy, Default)]
pub(super) struct Tail<'q> {
    order: Option<&'q OrderBy>,
    limit: Option<u64>,
}

impl<'a> Walk<'_, 'a> {
    /// Walks a query. `top`: it is the statement itself and not a part of an expression.
    pub(super) fn query(&mut self, query: &Query, outer: &Names<'_, 'a>, top: bool) -> Rows {
        let Query {
            with,
            body,
            order_by,
            limit_clause,
            fetch,
            locks: _,
            for_clause,
            settings,
            format_clause,
            pipe_operators,
        } = query;
        // What the rows are written as.
        let _ = format_clause;
        let mut names: Names<'_, 'a> = Names::inside(outer);
        if let Some(with) = with {
            self.with(with, &mut names);
        }
        let mut depends = Origin::NONE;
        let limit = self.limit(limit_clause.as_ref(), fetch.as_ref(), &names, &mut depends);
        let tail = Tail { order: order_by.as_ref(), limit };
        let mut rows = self.body(body, &names, tail, top);
        depends.add(&self.own_settings(settings.as_ref(), &names));
        if !pipe_operators.is_empty() {
            rows = self.pipe(rows, body, pipe_operators, &names);
        }
        match for_clause {
            None => {}
            Some(ForClause::Browse) => rows.columns = None,
            // One value of all of them.
            Some(ForClause::Json { .. } | ForClause::Xml { .. }) => {
                self.part.loose = true;
                rows.columns = rows.columns.map(|columns| {
                    let flow = mixed(&columns).aggregated();
                    Rc::new(vec![Column { name: String::new(), flow }])
                });
            }
        }
        if depends != Origin::NONE {
            rows.depends.add(&depends);
            rows.columns = rows.columns.and_then(|columns| self.depending(&columns, &depends));
        }
        rows
    }

    /// The first columns under new names.
    pub(super) fn renamed(&self, columns: Columns, new: &[String]) -> Columns {
        if new.is_empty() {
            return columns;
        }
        let mut columns = columns?;
        for (column, name) in Rc::make_mut(&mut columns).iter_mut().zip(new) {
            column.name.clone_from(name);
        }
        Some(columns)
    }

    pub(super) fn body(
        &mut self,
        body: &SetExpr,
        names: &Names<'_, 'a>,
        tail: Tail<'_>,
        top: bool,
    ) -> Rows {
        match body {
            SetExpr::Select(select) => self.select(select, names, tail, top),
            SetExpr::Query(query) => {
                let rows = self.query(query, names, top);
                self.tail(rows, names, tail)
            }
            SetExpr::SetOperation { left, op, set_quantifier, right } => {
                let rows = self.set_operation(left, *op, *set_quantifier, right, names);
                self.tail(rows, names, tail)
            }
            SetExpr::Values(values) => {
                let mut columns: Vec<Column> = Vec::new();
                let width = values.rows.first().map_or(0, |row| row.content.len());
                for row in &values.rows {
                    for (at, value) in row.content.iter().enumerate() {
                        let flow = self.expr(value, names);
                        match columns.get_mut(at) {
                            Some(column) => column.flow.mix(&flow),
                            None => columns.push(Column { name: self.value_name(at), flow }),
                        }
                    }
                }
                let same = values.rows.iter().all(|row| row.content.len() == width);
                let count = u64::try_from(values.rows.len()).unwrap_or(u64::MAX);
                let extent = if self.part.rows { Extent::Unknown } else { at_most(count) };
                let columns = same.then(|| Rc::new(columns));
                let rows = Rows { columns, depends: Origin::NONE, extent };
                self.tail(rows, names, tail)
            }
            SetExpr::Insert(statement)
            | SetExpr::Update(statement)
            | SetExpr::Delete(statement)
            | SetExpr::Merge(statement) => {
                let (columns, _) = self.apart(|walk| walk.modify(statement, names));
                let depends = columns.as_deref().map(|columns| shared_dependence(columns));
                let depends = depends.unwrap_or_default();
                let rows = Rows { columns, depends, extent: Extent::Unknown };
                self.tail(rows, names, tail)
            }
            SetExpr::Table(table) => {
                let named = |name: &String| self.fold_text(name, false);
                let parts: Vec<String> =
                    table.schema_name.iter().chain(&table.table_name).map(named).collect();
                let mut level = Names::inside(names);
                self.relation_named(parts, None, None, &mut level);
                let columns = self.star(&level);
                let extent = Extent::All;
                self.tail(Rows { columns, depends: level.decided, extent }, names, tail)
            }
        }
    }

    fn set_operation(
        &mut self,
        left: &SetExpr,
        op: SetOperator,
        quantifier: SetQuantifier,
        right: &SetExpr,
        names: &Names<'_, 'a>,
    ) -> Rows {
        let mut by_name = false;
        // The mark of a set operation that leaves columns out.
        let drops =
            quantifier == SetQuantifier::ByName && self.setting.dialect == Dialect::Bigquery;
        match quantifier {
            SetQuantifier::All | SetQuantifier::Distinct | SetQuantifier::None => {}
            SetQuantifier::ByName | SetQuantifier::AllByName | SetQuantifier::DistinctByName => {
                by_name = true;
            }
        }
        let left = self.body(left, names, Tail::default(), false);
        let right = self.body(right, names, Tail::default(), false);
        let extent = wider(left.extent, right.extent);
        let mut depends = left.depends;
        depends.add(&right.depends);
        let keeps_all = matches!(quantifier, SetQuantifier::All | SetQuantifier::AllByName);
        // All columns together decide which rows stay.
        let decides = match op {
            SetOperator::Union => !keeps_all,
            SetOperator::Intersect | SetOperator::Except | SetOperator::Minus => true,
        };
        for side in [&left.columns, &right.columns].into_iter().filter(|_| decides) {
            let all = side.as_deref().map(|columns| mixed(columns).as_dependence());
            depends.add(&all.unwrap_or(Origin::Any));
        }
        let columns = left.columns.zip(right.columns).and_then(|(left, right)| {
            if drops {
                return None;
            }
            if by_name {
                let joined = self.by_name(op, &left, &right)?;
                return if decides && joined.len() > 1 {
                    let mut all = mixed(&left).as_dependence();
                    all.add(&mixed(&right).as_dependence());
                    self.depending(&joined, &all)
                } else {
                    Some(joined)
                };
            }
            if left.len() != right.len() {
                return None;
            }
            let joined = left.iter().zip(right.iter()).map(|(left, right)| {
                let mut flow = left.flow.clone();
                match op {
                    SetOperator::Union | SetOperator::Intersect => flow.mix(&right.flow),
                    SetOperator::Except | SetOperator::Minus => {
                        flow.depends.add(&right.flow.as_dependence());
                    }
                }
                Column { name: left.name.clone(), flow }
            });
            let joined: Vec<Column> = joined.collect();
            match op {
                SetOperator::Union if keeps_all => Some(Rc::new(joined)),
                SetOperator::Union
                | SetOperator::Intersect
                | SetOperator::Except
                | SetOperator::Minus
                    if joined.len() < 2 =>
                {
                    Some(Rc::new(joined))
                }
                // Which rows stay is decided by all columns together.
                SetOperator::Union
                | SetOperator::Intersect
                | SetOperator::Except
                | SetOperator::Minus => {
                    let mut depends = mixed(&left).as_dependence();
                    depends.add(&mixed(&right).as_dependence());
                    self.depending(&joined, &depends)
                }
            }
        });
        Rows { columns, depends, extent }
    }

    /// `UNION BY NAME`: the columns of the left side, then what the right side has more.
    fn by_name(&mut self, op: SetOperator, left: &[Column], right: &[Column]) -> Columns {
        let case = self.case();
        let mut joined = left.to_vec();
        for column in right {
            let mut same = joined.iter_mut().filter(|c| case.same(&c.name, &column.name));
            match (same.next(), same.next()) {
                (Some(mine), None) => mine.flow.mix(&column.flow),
                (None, _) => joined.push(column.clone()),
                (Some(_), Some(_)) => return None,
            }
        }
        let sure = joined.iter().all(|column| !column.name.is_empty());
        (sure && op == SetOperator::Union).then(|| Rc::new(joined))
    }

    /// ORDER BY and LIMIT over something that is not a plain SELECT.
    fn tail(&mut self, mut rows: Rows, names: &Names<'_, 'a>, tail: Tail<'_>) -> Rows {
        if let Some(order) = tail.order {
            let mut level = Names::inside(names);
            match &rows.columns {
                Some(columns) => level.aliases = columns.to_vec(),
                None => level.unsure = true,
            }
            let depends = self.order(order, &level);
            rows.columns = rows.columns.map(|mut columns| {
                self.interpolated(order, Rc::make_mut(&mut columns).as_mut_slice(), &level);
                columns
            });
            rows.depends.add(&depends);
            rows.columns = rows.columns.and_then(|columns| self.depending(&columns, &depends));
        }
        rows.extent = self.limited(rows.extent, tail.limit);
        rows
    }

    pub(super) fn limited(&self, extent: Extent, limit: Option<u64>) -> Extent {
        match limit {
            Some(limit) if !self.part.loose => match extent.max_rows() {
                Some(rows) => at_most(rows.min(limit)),
                None => at_most(limit),
            },
            Some(_) | None => extent,
        }
    }

    fn select(
        &mut self,
        select: &Select,
        outer: &Names<'_, 'a>,
        tail: Tail<'_>,
        top: bool,
    ) -> Rows {
        let Select {
            select_token: _,
            optimizer_hints: _,
            distinct,
            select_modifiers,
            top: top_clause,
            top_before_distinct: _,
            projection,
            exclude,
            into,
            from,
            lateral_views,
            prewhere,
            selection,
            connect_by,
            group_by,
            cluster_by,
            distribute_by,
            sort_by,
            having,
            named_window,
            qualify,
            window_before_qualify: _,
            value_table_mode,
            flavor,
        } = select;
        // Hints, and how rows are wrapped.
        let _ = select_modifiers;
        let outer_inner = self.part.inner.take();
        let outer_listed = std::mem::take(&mut self.listed);
        let mut level = Names::inside(outer);
        let mut depends = Origin::NONE;
        // What decides about the rows, and in a column about nothing but itself.
        let mut alone = Origin::NONE;
        let from_extent = self.from(from, &mut level, &mut depends);
        depends.add(&level.decided);
        for view in lateral_views {
            let flow = self.expr(&view.lateral_view, &level).derived();
            depends.add(&flow.as_dependence());
            let last = view.lateral_view_name.0.last().and_then(|part| part.as_ident());
            let name = last.map(|ident| self.fold(ident));
            let named: Vec<String> =
                view.lateral_col_alias.iter().map(|alias| self.fold(alias)).collect();
            let shape = if named.is_empty() {
                Shape::Within { flow, named: Rc::new(named) }
            } else {
                let columns = named.into_iter().map(|name| Column { name, flow: flow.clone() });
                Shape::Derived(Rc::new(columns.collect()))
            };
            level.relations.push(Relation { shape, ..Relation::of(name, None) });
        }
        if let Some(into) = into {
            self.select_into(into, top);
        }
        let mut bound = tail.limit;
        if let Some(top) = top_clause {
            bound = [bound, self.top_clause(top, &level, &mut depends)].into_iter().flatten().min();
        }
        if let Some(condition) = prewhere {
            depends.add(&self.condition(condition, &level));
        }
        for connect in connect_by {
            match connect {
                ConnectByKind::ConnectBy { connect_token: _, nocycle: _, relationships } => {
                    depends.add(&self.exprs(relationships, &level).as_dependence());
                }
                ConnectByKind::StartWith { start_token: _, condition } => {
                    depends.add(&self.condition(condition, &level));
                }
            }
        }
        let (late_where, late_having) = (self.manners().late_where, self.manners().late_having);
        let early = selection.iter().filter(|_| !late_where);
        for condition in early.chain(having.iter().filter(|_| !late_where && !late_having)) {
            depends.add(&self.condition(condition, &level));
        }
        if !late_where {
            self.named_windows(named_window, &mut level);
        }
        if self.manners().aliases_first {
            level.aliases = self.given_names(projection);
        }
        let mut columns = match flavor {
            SelectFlavor::Standard | SelectFlavor::FromFirst => self.projection(projection, &level),
            SelectFlavor::FromFirstNoSelect => {
                self.star(&level).map(|columns| columns.iter().cloned().collect())
            }
        };
        if let Some(exclude) = exclude {
            columns = columns.and_then(|columns| self.without(columns, &self.excluded(exclude)));
        }
        if value_table_mode.is_some() {
            columns = None;
        }
        if let Some(columns) = &columns {
            level.aliases.clone_from(columns);
        } else {
            level.unsure = true;
        }
        match distinct {
            None | Some(Distinct::All) => {}
            // All columns together decide which rows stay.
            Some(Distinct::Distinct) => match &columns {
                Some(columns) if columns.len() < 2 => alone = mixed(columns).as_dependence(),
                Some(columns) => depends.add(&mixed(columns).as_dependence()),
                None => depends = Origin::Any,
            },
            Some(Distinct::On(exprs)) => {
                for expr in exprs {
                    depends.add(&self.key(expr, Key::Order, &level).as_dependence());
                }
            }
        }
        let mut grouped = false;
        match group_by {
            GroupByExpr::All(modifiers) => {
                grouped = true;
                // Every column that is no aggregate.
                match &columns {
                    Some(columns) => depends.add(&mixed(columns).as_dependence()),
                    None => depends = Origin::Any,
                }
                depends.add(&self.group_modifiers(modifiers, &level));
            }
            GroupByExpr::Expressions(exprs, modifiers) => {
                grouped |= !exprs.is_empty();
                for expr in exprs {
                    depends.add(&self.key(expr, Key::Group, &level).as_dependence());
                }
                depends.add(&self.group_modifiers(modifiers, &level));
            }
        }
        let late = selection.iter().filter(|_| late_where);
        for condition in late.chain(having.iter().filter(|_| late_where || late_having)) {
            depends.add(&self.condition(condition, &level));
        }
        if let Some(condition) = qualify {
            depends.add(&self.condition(condition, &level));
        }
        for by in sort_by {
            depends.add(&self.order_key(by, &level).as_dependence());
        }
        depends.add(&self.exprs(cluster_by.iter().chain(distribute_by), &level).as_dependence());
        if late_where {
            // What a window sees may be the names of the select list, so it was not known there.
            self.named_windows(named_window, &mut level);
            for (_, origin) in &level.windows {
                depends.add(origin);
            }
        }
        if let Some(order) = tail.order {
            depends.add(&self.order(order, &level));
            if let Some(columns) = &mut columns {
                self.interpolated(order, columns, &level);
            }
        }
        self.part.loose |= grouped;
        let own = if from.is_empty() {
            match self.part.inner.take() {
                _ if self.part.rows => Extent::Unknown,
                Some(inner) => inner,
                None => Extent::One,
            }
        } else {
            let aim = Aim::of_select(self, &level);
            let conditions: Vec<&Expr> = selection.iter().chain(prewhere).collect();
            if self.setting.dialect == Dialect::Oracle {
                let rownum = selection.as_ref().and_then(extent::rownum_bound);
                bound = [bound, rownum].into_iter().flatten().min();
            }
            let own = extent::narrowed(from_extent, &conditions, &aim);
            match self.part.inner.take() {
                Some(inner) if inner.max_rows().is_none() => wider(own, inner),
                Some(_) | None => own,
            }
        };
        // A call that gives rows multiplies what the tables give.
        let own = if self.part.rows && own.max_rows().is_some() { Extent::Unknown } else { own };
        let extent = self.limited(own, bound);
        self.part.inner = outer_inner;
        let listed = std::mem::replace(&mut self.listed, outer_listed);
        let several = columns.as_ref().is_none_or(|columns| columns.len() > 1);
        if several { &mut depends } else { &mut alone }.add(&listed.rows);
        for column in
            columns.iter_mut().flatten().filter(|column| column.flow.how != How::Aggregate)
        {
            if column.flow.holds != Origin::NONE {
                column.flow.depends.add(&listed.picks);
            }
        }
        let columns = columns.and_then(|columns| self.depending(&columns, &depends));
        depends.add(&alone);
        Rows { columns, depends, extent }
    }

    fn named_windows(&mut self, windows: &[NamedWindowDefinition], level: &mut Names<'_, 'a>) {
        for NamedWindowDefinition(name, window) in windows {
            let name = self.fold(name);
            let origin = match window {
                NamedWindowExpr::NamedWindow(other) => self.named_window(other, level),
                NamedWindowExpr::WindowSpec(spec) => self.window_spec(spec, level),
            };
            level.windows.push((name, origin));
        }
    }

    /// `TOP (n)`, `TOP n PERCENT`, `TOP n WITH TIES`.
    fn top_clause(
        &mut self,
        top: &Top,
        names: &Names<'_, 'a>,
        depends: &mut Origin,
    ) -> Option<u64> {
        let Top { with_ties, percent, quantity } = top;
        let rows = match quantity {
            None => None,
            Some(TopQuantity::Constant(rows)) => Some(*rows),
            Some(TopQuantity::Expr(expr)) => {
                depends.add(&self.condition(expr, names));
                row_count(expr)
            }
        };
        rows.filter(|_| !with_ties && !percent)
    }

    fn group_modifiers(
        &mut self,
        modifiers: &[GroupByWithModifier],
        names: &Names<'_, 'a>,
    ) -> Origin {
        let mut origin = Origin::NONE;
        for modifier in modifiers {
            match modifier {
                GroupByWithModifier::Rollup
                | GroupByWithModifier::Cube
                | GroupByWithModifier::Totals => {}
                GroupByWithModifier::GroupingSets(expr) => {
                    origin.add(&self.condition(expr, names));
                }
            }
        }
        origin
    }

    fn select_into(&mut self, into: &SelectInto, top: bool) {
        if !top {
            self.not_covered();
        }
        if self.manners().into == Into::Variables {
            let names = Names::default();
            let computed = into.targets.iter().filter(|target| {
                !matches!(target, Expr::Identifier(_) | Expr::CompoundIdentifier(_))
            });
            self.exprs(computed, &names);
            return;
        }
        for target in &into.targets {
            if let Expr::Identifier(ident) = target {
                self.new_table(vec![self.fold(ident)], into.temporary);
            } else if let Expr::CompoundIdentifier(idents) = target {
                let parts = idents.iter().map(|ident| self.fold(ident)).collect();
                self.new_table(parts, into.temporary);
            } else {
                self.not_covered();
            }
        }
    }

    /// The result goes into a new table.
    pub(super) fn new_table(&mut self, parts: Vec<String>, temporary: bool) {
        self.part.into = true;
        self.part.may |= Effect::Schema | Effect::WriteData;
        if let (true, Some(name)) = (temporary, parts.last()) {
            self.temp_table(name.clone());
        }
        let path = self.made_parts(parts, temporary);
        self.sink(TargetKind::Table, path);
    }

    fn limit(
        &mut self,
        clause: Option<&LimitClause>,
        fetch: Option<&Fetch>,
        names: &Names<'_, 'a>,
        depends: &mut Origin,
    ) -> Option<u64> {
        let mut bound = None;
        match clause {
            None => {}
            Some(LimitClause::LimitOffset { limit, offset, limit_by }) => {
                // So many for each value of these.
                depends.add(&self.exprs(limit_by, names).as_dependence());
                if let Some(limit) = limit {
                    bound = row_count(limit).filter(|_| limit_by.is_empty());
                    depends.add(&self.condition(limit, names));
                }
                if let Some(offset) = offset {
                    depends.add(&self.condition(&offset.value, names));
                }
            }
            Some(LimitClause::OffsetCommaLimit { offset, limit }) => {
                bound = row_count(limit);
                depends.add(&self.condition(offset, names));
                depends.add(&self.condition(limit, names));
            }
        }
        if let Some(Fetch { with_ties, percent, quantity }) = fetch {
            if let Some(quantity) = quantity {
                depends.add(&self.condition(quantity, names));
            }
            if !with_ties && !percent {
                let rows = quantity.as_ref().map_or(Some(1), row_count);
                bound = [bound, rows].into_iter().flatten().min();
            }
        }
        bound
    }

    pub(super) fn depending(&mut self, columns: &[Column], depends: &Origin) -> Columns {
        let names = columns.len().saturating_mul(depends.len());
        self.has_room(names.saturating_add(weight(columns))).then(|| {
            let columns = columns.iter().map(|column| {
                let mut column = column.clone();
                column.flow.depends.add(depends);
                column
            });
            Rc::new(columns.collect())
        })
    }

    /// The outputs of rows.
    pub(super) fn outputs(&self, columns: Columns) -> Outputs {
        match columns {
            None => Outputs::Opaque,
            Some(columns) => {
                let outputs = columns.iter().map(|column| column.clone().output(&Origin::NONE));
                Outputs::Columns(outputs.collect())
            }
        }
    }
}

/// The new names of an alias with a column list.
pub(super) fn alias_columns(
    walk: &Walk<'_, '_>,
    alias: &sqlparser::ast::TableAlias,
) -> Vec<String> {
    alias.columns.iter().map(|column| walk.fold(&column.name)).collect()
}

/// The extent of at most so many rows.
pub(super) const fn at_most(rows: u64) -> Extent {
    if rows == 1 { Extent::One } else { Extent::AtMost(rows) }
}

/// The number that a plain literal in LIMIT stands for. Anything computed, signed or quoted
/// bounds nothing here: SQLite reads a negative number as no bound at all. Nor does a number that
/// no table reaches: `18446744073709551615` is how MySQL's manual spells "all".
pub(super) fn row_count(expr: &Expr) -> Option<u64> {
    let Expr::Value(value) = expr else { return None };
    let Value::Number(digits, _) = &value.value else { return None };
    let plain = digits.bytes().all(|c| c.is_ascii_digit());
    plain.then(|| digits.parse::<u32>().ok().map(u64::from)).flatten()
}
