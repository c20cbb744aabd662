//! Queries: WITH, SELECT, set operations, VALUES; their columns and their reach.

use std::rc::Rc;

use sqlparser::ast::{
    ConnectByKind, Distinct, Expr, Fetch, GroupByExpr, GroupByWithModifier, Ident, LimitClause,
    NamedWindowExpr, OrderBy, OrderByExpr, OrderByKind, OrderBySort, Query, Select, SelectFlavor,
    SelectInto, SelectItem, SelectItemQualifiedWildcardKind, SetExpr, SetOperator, SetQuantifier,
    Top, TopQuantity, Value, WildcardAdditionalOptions, With,
};

use super::extent::{self, Aim};
use super::flow::{Column, Columns, Cte, Flow, Names, Origin, Relation, Shape, weight};
use super::manners::Into;
use super::walk::{Walk, wider};
use crate::command::Dialect;
use crate::facts::{Effect, Extent, Outputs, TargetKind};

/// What a query gives.
#[derive(Clone, Debug)]
pub(super) struct Rows {
    pub(super) columns: Columns,
    pub(super) extent: Extent,
}

/// What stands after the body of a query and belongs to it.
#[derive(Clone, Copy, Default)]
struct Tail<'q> {
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
        let mut names = Names::inside(outer);
        if let Some(with) = with {
            self.with(with, &mut names);
        }
        let mut depends = Origin::NONE;
        let limit = self.limit(limit_clause.as_ref(), fetch.as_ref(), &names, &mut depends);
        let tail = Tail { order: order_by.as_ref(), limit };
        let mut rows = self.body(body, &names, tail, top);
        for setting in settings.iter().flatten() {
            depends.add(&self.condition(&setting.value, &names));
        }
        if !pipe_operators.is_empty() {
            rows = self.pipe(rows, body, pipe_operators, &names);
        }
        if for_clause.is_some() {
            // FOR XML, FOR JSON: one value of all of them.
            self.part.loose = true;
            rows.columns = None;
        }
        if depends != Origin::NONE {
            rows.columns = rows.columns.and_then(|columns| self.depending(&columns, &depends));
        }
        rows
    }

    fn with(&mut self, with: &With, names: &mut Names<'_, 'a>) {
        // SQLite lets every expression of the list see every other, whatever the keyword says.
        let recursive = with.recursive || self.manners().with_recurses;
        if recursive {
            for cte in &with.cte_tables {
                names.ctes.push((self.fold(&cte.alias.name), Cte::Pending));
            }
        }
        for cte in &with.cte_tables {
            if cte.from.is_some() || cte.alias.at.is_some() {
                self.not_covered();
            }
            let (rows, part) = self.apart(|walk| {
                walk.via.push("with");
                let rows = walk.query(&cte.query, names, false);
                walk.via.pop();
                rows
            });
            let ready = Cte::Ready {
                columns: self.renamed(rows.columns, &alias_columns(self, &cte.alias)),
                targets: Rc::new(part.targets.clone()),
                extent: if recursive { Extent::Unknown } else { rows.extent },
            };
            self.absorb(part);
            let name = self.fold(&cte.alias.name);
            // Later expressions of the same name hide earlier ones.
            names.ctes.push((name, ready));
        }
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

    fn body(&mut self, body: &SetExpr, names: &Names<'_, 'a>, tail: Tail<'_>, top: bool) -> Rows {
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
                            None => columns.push(Column {
                                name: format!("column{}", at.saturating_add(1)),
                                flow,
                            }),
                        }
                    }
                }
                let same = values.rows.iter().all(|row| row.content.len() == width);
                let count = u64::try_from(values.rows.len()).unwrap_or(u64::MAX);
                let extent = if self.part.rows { Extent::Unknown } else { at_most(count) };
                let rows = Rows { columns: same.then(|| Rc::new(columns)), extent };
                self.tail(rows, names, tail)
            }
            SetExpr::Insert(statement)
            | SetExpr::Update(statement)
            | SetExpr::Delete(statement)
            | SetExpr::Merge(statement) => {
                let (columns, _) = self.apart(|walk| walk.modify(statement, names));
                let rows = Rows { columns, extent: Extent::Unknown };
                self.tail(rows, names, tail)
            }
            SetExpr::Table(table) => {
                let named = |name: &String| self.fold_text(name, false);
                let parts: Vec<String> =
                    table.schema_name.iter().chain(&table.table_name).map(named).collect();
                let mut level = Names::inside(names);
                self.relation_named(parts, None, &mut level);
                let columns = self.star(&level);
                let extent = Extent::All;
                self.tail(Rows { columns, extent }, names, tail)
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
        match quantifier {
            SetQuantifier::All | SetQuantifier::Distinct | SetQuantifier::None => {}
            SetQuantifier::ByName | SetQuantifier::AllByName | SetQuantifier::DistinctByName => {
                by_name = true;
            }
        }
        let left = self.body(left, names, Tail::default(), false);
        let right = self.body(right, names, Tail::default(), false);
        let extent = wider(left.extent, right.extent);
        let columns = left.columns.zip(right.columns).and_then(|(left, right)| {
            (left.len() == right.len() && !by_name).then(|| {
                let pairs = left.iter().zip(right.iter());
                let joined = pairs.map(|(left, right)| {
                    let mut flow = left.flow.clone();
                    match op {
                        SetOperator::Union | SetOperator::Intersect => flow.mix(&right.flow),
                        SetOperator::Except | SetOperator::Minus => {
                            flow.depends.add(&right.flow.as_dependence());
                        }
                    }
                    Column { name: left.name.clone(), flow }
                });
                Rc::new(joined.collect())
            })
        });
        Rows { columns, extent }
    }

    /// ORDER BY and LIMIT over something that is not a plain SELECT.
    fn tail(&mut self, mut rows: Rows, names: &Names<'_, 'a>, tail: Tail<'_>) -> Rows {
        if let Some(order) = tail.order {
            let mut level = Names::inside(names);
            match &rows.columns {
                Some(columns) => level.aliases = columns.to_vec(),
                None => level.merged = true,
            }
            let depends = self.order(order, &level);
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
        let mut level = Names::inside(outer);
        let mut depends = Origin::NONE;
        let from_extent = self.from(from, &mut level, &mut depends);
        for view in lateral_views {
            let flow = self.expr(&view.lateral_view, &level);
            depends.add(&flow.as_dependence());
            level.relations.push(Relation {
                name: view
                    .lateral_view_name
                    .0
                    .last()
                    .and_then(|part| part.as_ident())
                    .map(|ident| self.fold(ident)),
                schema: None,
                shape: Shape::Unknown,
                target: None,
            });
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
        let mut columns = match flavor {
            SelectFlavor::FromFirstNoSelect => {
                self.star(&level).map(|columns| columns.iter().cloned().collect())
            }
            SelectFlavor::Standard | SelectFlavor::FromFirst => self.projection(projection, &level),
        };
        if exclude.is_some() || value_table_mode.is_some() {
            columns = None;
        }
        if let Some(columns) = &columns {
            level.aliases.clone_from(columns);
        } else {
            level.merged = true;
        }
        match distinct {
            None | Some(Distinct::All | Distinct::Distinct) => {}
            Some(Distinct::On(exprs)) => depends.add(&self.exprs(exprs, &level).as_dependence()),
        }
        let mut grouped = false;
        match group_by {
            GroupByExpr::All(modifiers) => {
                grouped = true;
                depends = Origin::Any;
                self.group_modifiers(modifiers, &level);
            }
            GroupByExpr::Expressions(exprs, modifiers) => {
                grouped |= !exprs.is_empty();
                for expr in exprs {
                    depends.add(&self.by_position(expr, &level).as_dependence());
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
            depends.add(&self.order_expr(by, &level).as_dependence());
        }
        depends.add(&self.exprs(cluster_by.iter().chain(distribute_by), &level).as_dependence());
        for window in named_window {
            match &window.1 {
                NamedWindowExpr::NamedWindow(_) => {}
                NamedWindowExpr::WindowSpec(spec) => depends.add(&self.window_spec(spec, &level)),
            }
        }
        if let Some(order) = tail.order {
            depends.add(&self.order(order, &level));
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
            let restriction = selection.as_ref().or(prewhere.as_ref());
            if self.setting.dialect == Dialect::Oracle {
                let rownum = selection.as_ref().and_then(extent::rownum_bound);
                bound = [bound, rownum].into_iter().flatten().min();
            }
            let own = extent::narrowed(from_extent, restriction, &aim);
            match self.part.inner.take() {
                Some(inner) if inner.max_rows().is_none() => wider(own, inner),
                Some(_) | None => own,
            }
        };
        // A call that gives rows multiplies what the tables give.
        let own = if self.part.rows && own.max_rows().is_some() { Extent::Unknown } else { own };
        let extent = self.limited(own, bound);
        self.part.inner = outer_inner;
        Rows { columns: columns.and_then(|columns| self.depending(&columns, &depends)), extent }
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

    /// The select list; `None` where its columns are not known for sure.
    pub(super) fn projection(
        &mut self,
        items: &[SelectItem],
        level: &Names<'_, 'a>,
    ) -> Option<Vec<Column>> {
        let mut columns = Some(Vec::with_capacity(items.len()));
        for item in items {
            let found: Columns = match item {
                // One of them gives several columns.
                SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, alias: _ }
                    if self.spreads(expr) =>
                {
                    self.expr(expr, level);
                    self.part.unresolved = true;
                    None
                }
                SelectItem::UnnamedExpr(expr) => {
                    let flow = self.expr(expr, level);
                    Some(Rc::new(vec![Column { name: self.output_name(expr), flow }]))
                }
                SelectItem::ExprWithAlias { expr, alias } => {
                    let flow = self.expr(expr, level);
                    Some(Rc::new(vec![Column { name: self.shown(alias), flow }]))
                }
                // One call gives several columns.
                SelectItem::ExprWithAliases { expr, aliases: _ } => {
                    self.expr(expr, level);
                    None
                }
                SelectItem::Wildcard(options) => {
                    let plain = self.wildcard_options(options, level);
                    self.star(level).filter(|_| plain)
                }
                SelectItem::QualifiedWildcard(kind, options) => {
                    let plain = self.wildcard_options(options, level);
                    match kind {
                        SelectItemQualifiedWildcardKind::Expr(expr) => {
                            self.expr(expr, level);
                            self.part.unresolved = true;
                            None
                        }
                        SelectItemQualifiedWildcardKind::ObjectName(name) => {
                            let parts = self.parts(name).unwrap_or_default();
                            self.qualified_star(&parts, level).filter(|_| plain)
                        }
                    }
                }
            };
            match (&mut columns, found) {
                (Some(columns), Some(found)) if self.has_room(weight(&found)) => {
                    columns.extend(found.iter().cloned());
                }
                (columns, _) => *columns = None,
            }
        }
        columns
    }

    /// Whether `*` gives every column under its own name.
    fn wildcard_options(
        &mut self,
        options: &WildcardAdditionalOptions,
        level: &Names<'_, 'a>,
    ) -> bool {
        let WildcardAdditionalOptions {
            wildcard_token: _,
            opt_ilike,
            opt_exclude,
            opt_except,
            opt_replace,
            opt_rename,
            opt_alias,
        } = options;
        if let Some(replace) = opt_replace {
            self.exprs(replace.items.iter().map(|item| &item.expr), level);
        }
        opt_ilike.is_none()
            && opt_exclude.is_none()
            && opt_except.is_none()
            && opt_replace.is_none()
            && opt_rename.is_none()
            && opt_alias.is_none()
    }

    /// `*` over every relation of this level.
    pub(super) fn star(&mut self, level: &Names<'_, 'a>) -> Columns {
        let mut all = Some(Vec::new());
        for relation in &level.relations {
            match (&mut all, self.all_columns(relation)) {
                (Some(all), Some(columns)) if self.has_room(weight(&columns)) => {
                    all.extend(columns.iter().cloned());
                }
                (all, _) => *all = None,
            }
        }
        if level.merged || level.relations.is_empty() {
            return None;
        }
        all.map(Rc::new)
    }

    fn qualified_star(&mut self, parts: &[String], level: &Names<'_, 'a>) -> Columns {
        let (schema, name) = match parts {
            [name] => (None, name),
            [schema, name] => (Some(schema), name),
            _ => {
                self.part.unresolved = true;
                return None;
            }
        };
        let mut at = Some(level);
        while let Some(names) = at {
            let mut matching = names.relations.iter().filter(|relation| {
                relation.name.as_ref() == Some(name)
                    && schema.is_none_or(|schema| relation.schema.as_ref() == Some(schema))
            });
            match (matching.next(), matching.next()) {
                (Some(relation), None) => {
                    let relation = relation.clone();
                    return self.all_columns(&relation);
                }
                (Some(_), Some(_)) => break,
                (None, _) => at = names.parent,
            }
        }
        self.part.unresolved = true;
        None
    }

    pub(super) fn order(&mut self, order: &OrderBy, names: &Names<'_, 'a>) -> Origin {
        let mut origin = Origin::NONE;
        for filled in order.interpolate.iter().filter_map(|interpolate| interpolate.exprs.as_ref())
        {
            for expr in filled.iter().filter_map(|filled| filled.expr.as_ref()) {
                origin.add(&self.condition(expr, names));
            }
        }
        match &order.kind {
            OrderByKind::All(_) => origin = Origin::Any,
            OrderByKind::Expressions(exprs) => {
                for by in exprs {
                    origin.add(&self.order_expr(by, names).as_dependence());
                }
            }
        }
        origin
    }

    pub(super) fn order_expr(&mut self, by: &OrderByExpr, names: &Names<'_, 'a>) -> Flow {
        let OrderByExpr { expr, options, with_fill } = by;
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
        self.by_position(expr, names)
    }

    /// A number in GROUP BY or ORDER BY stands for a column of the select list.
    fn by_position(&mut self, expr: &Expr, names: &Names<'_, 'a>) -> Flow {
        match row_count(expr) {
            None => self.expr(expr, names),
            Some(position) => {
                let at = usize::try_from(position).ok().and_then(|at| at.checked_sub(1));
                let column = at.and_then(|at| names.aliases.get(at));
                column.map_or_else(Flow::any, |column| column.flow.clone())
            }
        }
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

    /// The name that the server gives an expression without an alias. Most take the text of the
    /// expression, which may hold literals; then this is `?column?` too.
    pub(super) fn output_name(&self, expr: &Expr) -> String {
        let mut expr = expr;
        loop {
            if let Expr::Nested(inner) = expr {
                expr = inner;
            } else if let (Expr::Cast { expr: inner, .. }, true) = (expr, self.is_postgres()) {
                expr = inner;
            } else {
                break;
            }
        }
        let ident = if let Expr::Identifier(ident) = expr {
            Some(ident)
        } else if let Expr::CompoundIdentifier(idents) = expr {
            idents.last()
        } else if let (Expr::Function(function), true) = (expr, self.is_postgres()) {
            function.name.0.last().and_then(|part| part.as_ident())
        } else {
            None
        };
        ident.map_or_else(|| "?column?".to_owned(), |ident| self.shown(ident))
    }

    /// A name as the server shows it.
    fn shown(&self, ident: &Ident) -> String {
        if ident.value.starts_with('\0') {
            return "?column?".to_owned();
        }
        if self.is_postgres() { self.fold(ident) } else { ident.value.clone() }
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
/// bounds nothing here: SQLite reads a negative number as no bound at all.
pub(super) fn row_count(expr: &Expr) -> Option<u64> {
    let Expr::Value(value) = expr else { return None };
    let Value::Number(digits, _) = &value.value else { return None };
    digits.bytes().all(|c| c.is_ascii_digit()).then(|| digits.parse().ok()).flatten()
}
