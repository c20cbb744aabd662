//! Sub-selects, and the relations beside the target: which rows they may give.

use std::cmp::Ordering;
use std::ops::Range;

use sqlparser::ast::{
    Expr, FunctionArg, FunctionArgExpr, FunctionArguments, GroupByExpr, JoinConstraint,
    JoinOperator, LimitClause, Query, Select, SelectItem, SetExpr, SetOperator,
    TableAliasColumnDef, TableFactor, Value,
};

use super::samples::{ENDS, hash};
use super::{
    Asked, Condition, Datum, Grade, Item, Kind, MAX_DEPTH, MAX_SCOPES, Relation, Row, Sample,
    Scope, Search, Shown, Truth,
};
use crate::command::Dialect;
use crate::facts::sql::aim::{Tables, parts_of};
use crate::facts::sql::query::row_count;

// ---- which relations there are

impl<'e> Search<'e, '_> {
    /// Opens the scope of the relations beside the target, and of the target where it is a query.
    pub(super) fn stand_around(&mut self) {
        let start = self.scopes.len();
        self.scopes.push(Scope::new(None, false));
        let mut target = None;
        for tables in self.aim.tables() {
            if self.item(start, *tables, false, 0, &mut target).is_none() {
                // Too much to look through: nothing is known of what stands beside.
                self.scopes.truncate(start);
                return;
            }
        }
        self.around = start..self.scopes.len();
        if let Some(factor) = target
            && !self.aim.is_table()
            && let Some((_, kind)) = self.kind_of(factor, false, 0)
        {
            let own = Shown { row: Row::Mixed(2), same: true, nulls: false };
            self.show(self.around.end..self.scopes.len(), own);
            self.all_whole(self.around.end);
            self.target = kind;
        }
    }

    /// Opens the scope of a FROM, and of those inside it; the answer is its number.
    fn scope(&mut self, select: &'e Select, query: &'e Query, depth: usize) -> Option<usize> {
        if depth > MAX_DEPTH || self.scopes.len() >= MAX_SCOPES {
            return None;
        }
        let bounded = query.limit_clause.as_ref().is_some_and(leaves_rows_out)
            || query.fetch.is_some()
            || select.top.is_some()
            || select.having.is_some()
            || select.qualify.is_some()
            || !select.connect_by.is_empty();
        let empty = match &query.limit_clause {
            Some(LimitClause::LimitOffset { limit: Some(limit), .. }) => {
                row_count(limit) == Some(0)
            }
            Some(LimitClause::LimitOffset { .. } | LimitClause::OffsetCommaLimit { .. }) | None => {
                false
            }
        };
        let at = self.scopes.len();
        let mut scope = Scope::new(Some(&select.group_by), empty);
        let conditions = select.selection.iter().chain(&select.prewhere);
        scope.conditions = conditions.map(Condition::Holds).collect();
        self.scopes.push(scope);
        for tables in &select.from {
            self.item(at, parts_of(tables), bounded, depth, &mut None)?;
        }
        if bounded {
            self.none_whole(at);
        }
        Some(at)
    }

    /// Adds the relations of one item of a FROM to the scope at `at`. The target of the statement
    /// is put into `target` instead; conditions of its inner joins are the search's own.
    fn item(
        &mut self,
        at: usize,
        (relation, joins): Tables<'e>,
        bounded: bool,
        depth: usize,
        target: &mut Option<&'e TableFactor>,
    ) -> Option<()> {
        let first = self.scopes.get(at)?.relations.len();
        self.factor(at, relation, bounded, depth, target)?;
        for join in joins {
            let before = self.scopes.get(at)?.relations.len();
            self.factor(at, &join.relation, bounded, depth, target)?;
            let after = self.scopes.get(at)?.relations.len();
            let of_target = depth == 0 && self.aim.is_object(&join.relation);
            let (left, right) = (first..before, before..after);
            let (optional, constraint) = match &join.join_operator {
                JoinOperator::OuterApply => (Some(right), &JoinConstraint::None),
                JoinOperator::Join(constraint)
                | JoinOperator::Inner(constraint)
                | JoinOperator::StraightJoin(constraint)
                | JoinOperator::Semi(constraint)
                | JoinOperator::LeftSemi(constraint) => (None, constraint),
                // Of the target, only rows that are joined are within reach.
                JoinOperator::Left(constraint) | JoinOperator::LeftOuter(constraint)
                    if of_target =>
                {
                    (None, constraint)
                }
                JoinOperator::Right(constraint) | JoinOperator::RightOuter(constraint)
                    if !of_target && depth == 0 && target.is_some() =>
                {
                    (None, constraint)
                }
                JoinOperator::Left(constraint) | JoinOperator::LeftOuter(constraint) => {
                    (Some(right), constraint)
                }
                JoinOperator::FullOuter(constraint) if !of_target => (Some(right), constraint),
                JoinOperator::Right(constraint)
                | JoinOperator::RightOuter(constraint)
                | JoinOperator::FullOuter(constraint) => (Some(left), constraint),
                // What else there is narrows nothing here.
                _ => continue,
            };
            let conditions = match constraint {
                JoinConstraint::On(on) => vec![Condition::Holds(on)],
                JoinConstraint::Using(names) => {
                    let idents = names.iter().filter_map(|name| name.0.last()?.as_ident());
                    idents.map(|ident| Condition::Shares(before, ident)).collect()
                }
                JoinConstraint::Natural | JoinConstraint::None => Vec::new(),
            };
            let scope = self.scopes.get_mut(at)?;
            match optional {
                Some(range) => {
                    for relation in scope.relations.get_mut(range).into_iter().flatten() {
                        relation.optional.get_or_insert_default().extend(&conditions);
                    }
                }
                None => scope.conditions.extend(conditions),
            }
        }
        Some(())
    }

    fn factor(
        &mut self,
        at: usize,
        factor: &'e TableFactor,
        bounded: bool,
        depth: usize,
        target: &mut Option<&'e TableFactor>,
    ) -> Option<()> {
        if depth == 0 && target.is_none() && self.aim.is_object(factor) {
            *target = Some(factor);
            return Some(());
        }
        if self.is_dual(factor) {
            // It has no columns to hide those of the target.
            return Some(());
        }
        if let TableFactor::NestedJoin { table_with_joins, alias: None } = factor {
            return self.item(at, parts_of(table_with_joins), bounded, depth, target);
        }
        let (name, kind) = self.kind_of(factor, bounded, depth)?;
        let relation = Relation { name, kind, optional: None, chosen: None, absent: false };
        self.scopes.get_mut(at)?.relations.push(relation);
        Some(())
    }

    /// The table of one row and no data that some servers have.
    fn is_dual(&self, factor: &TableFactor) -> bool {
        let has_one =
            matches!(self.aim.dialect(), Dialect::Mysql | Dialect::Mariadb | Dialect::Oracle);
        if let (TableFactor::Table { name, alias: None, args: None, .. }, true) = (factor, has_one)
            && let [only] = name.0.as_slice()
        {
            return only.as_ident().is_some_and(|name| self.aim.folded(name) == "dual");
        }
        false
    }

    fn kind_of(
        &mut self,
        factor: &'e TableFactor,
        bounded: bool,
        depth: usize,
    ) -> Option<(Option<String>, Kind<'e>)> {
        match factor {
            TableFactor::Table { name, alias, args: None, .. } => {
                let last = self.aim.folded(name.0.last()?.as_ident()?);
                let new = alias.as_ref().map_or(&[][..], |alias| &alias.columns);
                let alias = alias.as_ref().map(|alias| self.aim.folded(&alias.name));
                let named = match name.0.as_slice() {
                    [_] => self.queries.find(&last),
                    _ => None,
                };
                let kind = match named {
                    Some((cte, behind)) => {
                        let new = if new.is_empty() { &cte.alias.columns } else { new };
                        // Its own name and those after it are not seen inside.
                        let seen = std::mem::replace(&mut self.queries, behind);
                        let kind = self.kind_of_query(&cte.query, new, bounded, depth);
                        self.queries = seen;
                        kind?
                    }
                    None => Kind::Table { whole: !bounded && self.aim.is_itself(name) },
                };
                Some((Some(alias.unwrap_or(last)), kind))
            }
            TableFactor::Derived { subquery, alias, .. } => {
                let new = alias.as_ref().map_or(&[][..], |alias| &alias.columns);
                let kind = self.kind_of_query(subquery, new, bounded, depth)?;
                Some((alias.as_ref().map(|alias| self.aim.folded(&alias.name)), kind))
            }
            _ => Some((None, Kind::Table { whole: false })),
        }
    }

    fn kind_of_query(
        &mut self,
        query: &'e Query,
        renamed: &'e [TableAliasColumnDef],
        bounded: bool,
        depth: usize,
    ) -> Option<Kind<'e>> {
        let seen = self.queries.clone();
        self.name_queries(query);
        let kind = match &*query.body {
            // One row, whatever it is made of.
            SetExpr::Select(select) if gives_one_row(select, query) => Kind::Table { whole: false },
            SetExpr::Select(select) => {
                let scope = self.scope(select, query, depth.saturating_add(1))?;
                if bounded {
                    self.none_whole(scope);
                }
                Kind::Query { select, scope, renamed }
            }
            SetExpr::Query(inner) => {
                self.kind_of_query(inner, renamed, bounded, depth.saturating_add(1))?
            }
            // The first part of it, so that a whole one is not missed.
            SetExpr::SetOperation { left, .. } => match &**left {
                SetExpr::Select(select) => {
                    let scope = self.scope(select, query, depth.saturating_add(1))?;
                    Kind::Query { select, scope, renamed }
                }
                _ => Kind::Table { whole: false },
            },
            SetExpr::Values(_)
            | SetExpr::Insert(_)
            | SetExpr::Update(_)
            | SetExpr::Delete(_)
            | SetExpr::Merge(_)
            | SetExpr::Table(_) => Kind::Table { whole: false },
        };
        self.queries = seen;
        Some(kind)
    }

    fn name_queries(&mut self, query: &'e Query) {
        for cte in query.with.iter().flat_map(|with| &with.cte_tables) {
            self.queries.push(self.aim.folded(&cte.alias.name), cte);
        }
    }

    fn none_whole(&mut self, from: usize) {
        for relation in self.scopes.iter_mut().skip(from).flat_map(|scope| &mut scope.relations) {
            if let Kind::Table { whole } = &mut relation.kind {
                *whole = false;
            }
        }
    }

    /// What stands behind a target that is a query is the target.
    fn all_whole(&mut self, from: usize) {
        for relation in self.scopes.iter_mut().skip(from).flat_map(|scope| &mut scope.relations) {
            if let Kind::Table { whole } = &mut relation.kind {
                *whole = true;
            }
        }
    }

    pub(super) fn has_whole(&self, scopes: Range<usize>) -> bool {
        let relations = self.scopes.get(scopes).into_iter().flatten().flat_map(|s| &s.relations);
        relations.into_iter().any(|relation| matches!(relation.kind, Kind::Table { whole: true }))
    }
}

impl<'e> Scope<'e> {
    const fn new(group_by: Option<&'e GroupByExpr>, empty: bool) -> Self {
        Self {
            relations: Vec::new(),
            conditions: Vec::new(),
            group_by,
            empty,
            row: Row::Mixed(2),
            same: false,
        }
    }
}

// ---- which rows they show

impl<'e> Search<'e, '_> {
    pub(super) fn show(&mut self, scopes: Range<usize>, shown: Shown) {
        let Shown { row, same, nulls } = shown;
        (self.beside, self.their_nulls) = (row, nulls);
        for scope in self.scopes.get_mut(scopes).into_iter().flatten() {
            (scope.row, scope.same) = (row, same);
            for relation in &mut scope.relations {
                (relation.chosen, relation.absent) = (None, false);
            }
        }
    }

    /// Whether a scope has the row that it shows.
    pub(super) fn there(&mut self, at: usize) -> Truth {
        if !self.step() {
            return Truth::Open;
        }
        let Some(scope) = self.scopes.get(at) else { return Truth::Open };
        if scope.empty {
            return Truth::No;
        }
        let mut all = Truth::Yes;
        for position in 0..scope.relations.len() {
            let Some(relation) = self.scopes.get(at).and_then(|s| s.relations.get(position)) else {
                continue;
            };
            let optional = relation.optional.clone();
            let inside = match relation.kind {
                Kind::Query { select: _, scope, renamed: _ } => Some(scope),
                Kind::Table { whole: _ } => None,
            };
            match optional {
                Some(conditions) => self.join_outer(at, position, inside, &conditions),
                None => all = all.and(inside.map_or(Truth::Yes, |scope| self.there(scope))),
            }
            if all == Truth::No {
                return all;
            }
        }
        let conditions =
            self.scopes.get(at).map(|scope| scope.conditions.clone()).unwrap_or_default();
        all.and(self.all_hold(at, &conditions))
    }

    fn all_hold(&mut self, at: usize, conditions: &[Condition<'e>]) -> Truth {
        // Beside the target, a name is first of all the target's.
        let is_inside = at != self.around.start || self.around.is_empty();
        if is_inside {
            self.stack.push(at);
        }
        let mut all = Truth::Yes;
        for condition in conditions {
            if all != Truth::No {
                let holds = match *condition {
                    Condition::Holds(expr) => self.truth(expr),
                    Condition::Shares(position, ident) => self.shares(at, position, ident),
                };
                all = all.and(holds);
            }
        }
        if is_inside {
            self.stack.pop();
        }
        all
    }

    /// Finds the row of an outer join, or that there is none.
    fn join_outer(
        &mut self,
        at: usize,
        position: usize,
        inside: Option<usize>,
        conditions: &[Condition<'e>],
    ) {
        let own = std::iter::once(None);
        let others = self.candidates(false).into_iter().map(Some);
        for chosen in own.chain(others) {
            if let (Some(scope), Some(shown)) = (inside, chosen) {
                let same = self.scopes.get(scope).is_some_and(|scope| scope.same);
                self.show(scope..scope.saturating_add(1), Shown { same, ..shown });
            }
            self.choose(at, position, chosen.map(|shown| shown.row), false);
            let there = inside.map_or(Truth::Yes, |scope| self.there(scope));
            if there != Truth::No && there.and(self.all_hold(at, conditions)).passes() {
                return;
            }
            if !self.step() {
                return;
            }
        }
        self.choose(at, position, None, true);
    }

    fn choose(&mut self, at: usize, position: usize, row: Option<Row>, is_absent: bool) {
        let scope = self.scopes.get_mut(at);
        if let Some(relation) = scope.and_then(|scope| scope.relations.get_mut(position)) {
            (relation.chosen, relation.absent) = (row, is_absent);
        }
    }

    /// `USING (name)`.
    fn shares(&mut self, at: usize, position: usize, ident: &'e sqlparser::ast::Ident) -> Truth {
        let name = self.aim.folded(ident);
        let theirs = self.column_of_relation(at, position, &name);
        let earlier = (0..position).find(|earlier| {
            let relation = self.scopes.get(at).and_then(|s| s.relations.get(*earlier));
            relation.is_some_and(|relation| self.gives(relation.kind, &name))
        });
        let around = self.around.contains(&at) && at == self.around.start;
        let mine = match earlier {
            Some(earlier) if !around => self.column_of_relation(at, earlier, &name),
            Some(_) | None if around => Some(self.column_of_target(&name)),
            Some(_) | None => None,
        };
        match (theirs, mine) {
            (Some(a), Some(b)) => self.compare(&a, &b, Ordering::is_eq),
            (None, _) | (_, None) => Truth::Open,
        }
    }
}

// ---- sub-selects

impl<'e> Search<'e, '_> {
    /// Whether a query gives a row for which `test` holds.
    pub(super) fn any_row(
        &mut self,
        query: &'e Query,
        asked: Asked,
        test: &mut dyn FnMut(&mut Self, Item<'e>) -> Truth,
    ) -> Truth {
        let seen = self.queries.clone();
        self.name_queries(query);
        let found = self.any_row_of(&query.body, query, asked, test);
        self.queries = seen;
        found
    }

    fn any_row_of(
        &mut self,
        body: &'e SetExpr,
        query: &'e Query,
        asked: Asked,
        test: &mut dyn FnMut(&mut Self, Item<'e>) -> Truth,
    ) -> Truth {
        if !self.step() {
            return Truth::Open;
        }
        match body {
            SetExpr::Select(select) => self.any_row_of_select(select, query, asked, test),
            SetExpr::Query(inner) => self.any_row(inner, asked, test),
            SetExpr::SetOperation { left, op, set_quantifier: _, right } => {
                let first = self.any_row_of(left, query, asked, test);
                match op {
                    SetOperator::Union => first.or(self.any_row_of(right, query, asked, test)),
                    SetOperator::Intersect => first.and(self.any_row_of(right, query, asked, test)),
                    SetOperator::Except | SetOperator::Minus if asked.equality => {
                        first.and(self.any_row_of(right, query, asked, test).not())
                    }
                    SetOperator::Except | SetOperator::Minus if left == right => Truth::No,
                    // What the right side takes away is not followed.
                    SetOperator::Except | SetOperator::Minus => first,
                }
            }
            SetExpr::Values(values) => {
                let mut found = Truth::No;
                for row in &values.rows {
                    let [value] = row.content.as_slice() else { return Truth::Open };
                    found = found.or(test(self, Item::Expr(value)));
                }
                found
            }
            SetExpr::Insert(_)
            | SetExpr::Update(_)
            | SetExpr::Delete(_)
            | SetExpr::Merge(_)
            | SetExpr::Table(_) => Truth::Open,
        }
    }

    fn any_row_of_select(
        &mut self,
        select: &'e Select,
        query: &'e Query,
        asked: Asked,
        test: &mut dyn FnMut(&mut Self, Item<'e>) -> Truth,
    ) -> Truth {
        let item = match select.projection.as_slice() {
            [SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. }] => {
                Item::Expr(expr)
            }
            _ => Item::Star,
        };
        // One row, of whatever there is.
        if asked.exists
            && counts(query)
            && !query.limit_clause.as_ref().is_some_and(leaves_rows_out)
        {
            return Truth::Open;
        }
        let first = self.scopes.len();
        let Some(scope) = self.scope(select, query, 1) else {
            self.scopes.truncate(first);
            return Truth::Open;
        };
        let inside = scope..self.scopes.len();
        if self.scopes.get(inside.clone()).into_iter().flatten().any(|scope| scope.empty) {
            self.scopes.truncate(first);
            return Truth::No;
        }
        let alone = select.from.is_empty();
        let candidates = if alone {
            vec![Shown { row: Row::Mixed(2), same: false, nulls: false }]
        } else {
            self.candidates(self.has_whole(inside.clone()))
        };
        let beside = (self.beside, self.their_nulls);
        let outer =
            (std::mem::replace(&mut self.touched, false), std::mem::replace(&mut self.read, false));
        let mut found = Truth::No;
        for shown in candidates {
            if !self.step() {
                found = Truth::Open;
                break;
            }
            self.show(inside.clone(), shown);
            let there = self.there(scope);
            if !there.passes() {
                continue;
            }
            self.stack.push(scope);
            let holds = there.and(test(self, item));
            self.stack.pop();
            found = found.or(holds);
            if found == Truth::Yes {
                break;
            }
        }
        let (touched, read) = (self.touched, self.read);
        self.touched |= outer.0;
        self.read |= outer.1;
        (self.beside, self.their_nulls) = beside;
        self.scopes.truncate(first);
        // What does not depend on the row is the same for all of them.
        let same_for_all = !asked.of_row && !touched && !alone && (read || found != Truth::No);
        if same_for_all { Truth::Open } else { found }
    }

    /// A sub-select that stands for one value.
    pub(super) fn scalar(&mut self, query: &'e Query) -> Sample {
        let known = self.scalars.iter().position(|other| *other == query);
        let number = known.unwrap_or(self.scalars.len());
        if known.is_none() {
            self.scalars.push(query);
        }
        let number = u64::try_from(number).unwrap_or(0);
        if counts(query) {
            return Sample::of(Datum::Int(i128::from(number).saturating_add(7)), Grade::Fixed);
        }
        if let Some((name, _)) = lone_call(query) {
            let end = match name.as_str() {
                "min" => Some(ENDS.0),
                "max" => Some(ENDS.1),
                _ => None,
            };
            if let Some(end) = end
                && self.holds_all(query)
            {
                return Sample::of(Datum::Cell(end), Grade::Fixed);
            }
        }
        let call = lone_call(query);
        let extreme = call.filter(|(name, _)| matches!(name.as_str(), "min" | "max"));
        let before = std::mem::replace(&mut self.touched, false);
        let mut values: Vec<Sample> = Vec::new();
        self.any_row(query, Asked::default(), &mut |search, item| {
            let value = match (&extreme, item) {
                (Some((_, of)), _) => search.value(of),
                (None, Item::Expr(expr)) => search.value(expr),
                (None, Item::Star) => Sample::OPEN,
            };
            values.push(value);
            Truth::No
        });
        let of_row = std::mem::replace(&mut self.touched, before) && !self.holds_all(query);
        self.touched |= of_row;
        let what = hash(&[61, number], &[]);
        let Some(first) = values.first() else { return Sample::NULL };
        if !of_row {
            return self.made_of(what, &[]);
        }
        let another = Sample::of(Datum::Cell(self.pick(what)), Grade::Row);
        if first.grade != Grade::Row {
            return another;
        }
        // All rows that it may be of have the target's own value, or that is one of them.
        if values.iter().all(|value| self.order(value, first) == Some(Ordering::Equal)) {
            return first.clone();
        }
        match extreme {
            Some((name, _)) => {
                let wanted = if name == "min" { Ordering::Less } else { Ordering::Greater };
                let is_beyond = self.order(&another, first) == Some(wanted);
                if is_beyond { another } else { first.clone() }
            }
            None => another,
        }
    }

    /// Whether a query reads all rows of the target and nothing else.
    fn holds_all(&mut self, query: &'e Query) -> bool {
        let SetExpr::Select(select) = &*query.body else { return false };
        let (scopes, seen) = (self.scopes.len(), self.queries.clone());
        self.name_queries(query);
        let whole = self.scope(select, query, 1).is_some_and(|scope| self.is_whole(scope));
        self.scopes.truncate(scopes);
        self.queries = seen;
        whole
    }

    fn is_whole(&self, scope: usize) -> bool {
        let Some(scope) = self.scopes.get(scope) else { return false };
        scope.conditions.is_empty()
            && match scope.relations.as_slice() {
                [relation] => match relation.kind {
                    Kind::Table { whole } => whole,
                    Kind::Query { select: _, scope, renamed: _ } => self.is_whole(scope),
                },
                _ => false,
            }
    }
}

/// Whether LIMIT and OFFSET are there to leave rows out.
fn leaves_rows_out(clause: &LimitClause) -> bool {
    let is_parameter = |expr: &Expr| matches!(expr, Expr::Value(value) if matches!(value.value, Value::Placeholder(_)));
    let skips = |offset: &Expr| row_count(offset) != Some(0);
    let ends = |limit: &Expr| row_count(limit).is_some() || is_parameter(limit);
    match clause {
        LimitClause::LimitOffset { limit, offset, limit_by: _ } => {
            limit.as_ref().is_some_and(ends)
                || offset.as_ref().is_some_and(|offset| skips(&offset.value))
        }
        LimitClause::OffsetCommaLimit { offset, limit } => skips(offset) || ends(limit),
    }
}

/// Whether a query gives a number of rows.
fn counts(query: &Query) -> bool {
    let SetExpr::Select(select) = &*query.body else { return false };
    let is_one = matches!(&select.group_by, GroupByExpr::Expressions(keys, _) if keys.is_empty());
    is_one
        && select.having.is_none()
        && matches!(
            select.projection.as_slice(),
            [
                SelectItem::UnnamedExpr(Expr::Function(function))
                | SelectItem::ExprWithAlias { expr: Expr::Function(function), .. },
            ] if function.name.to_string().eq_ignore_ascii_case("count")
        )
}

/// Whether a query gives a row of nothing but aggregates, of all rows that there are or of none.
fn gives_one_row(select: &Select, query: &Query) -> bool {
    const AGGREGATES: &[&str] = &["avg", "count", "max", "min", "sum"];
    let is_aggregate = |item: &SelectItem| match item {
        SelectItem::UnnamedExpr(Expr::Function(function))
        | SelectItem::ExprWithAlias { expr: Expr::Function(function), .. } => {
            let name = function.name.to_string();
            function.over.is_none() && AGGREGATES.iter().any(|a| name.eq_ignore_ascii_case(a))
        }
        _ => false,
    };
    let is_whole = matches!(&select.group_by, GroupByExpr::Expressions(keys, _) if keys.is_empty());
    is_whole
        && select.having.is_none()
        && select.qualify.is_none()
        && !query.limit_clause.as_ref().is_some_and(leaves_rows_out)
        && query.fetch.is_none()
        && select.top.is_none()
        && !select.projection.is_empty()
        && select.projection.iter().all(is_aggregate)
}

/// The function that is all a query gives, and what it is of.
fn lone_call(query: &Query) -> Option<(String, &Expr)> {
    let SetExpr::Select(select) = &*query.body else { return None };
    let [
        SelectItem::UnnamedExpr(Expr::Function(function))
        | SelectItem::ExprWithAlias { expr: Expr::Function(function), .. },
    ] = select.projection.as_slice()
    else {
        return None;
    };
    let FunctionArguments::List(list) = &function.args else { return None };
    let name = function.name.to_string().to_ascii_lowercase();
    match list.args.as_slice() {
        [FunctionArg::Unnamed(FunctionArgExpr::Expr(of))] => Some((name, of)),
        _ => None,
    }
}
