//! INSERT, UPDATE, DELETE, MERGE: what they share, and UPDATE.

mod delete;
mod insert;
mod merge;

use std::rc::Rc;

use sqlparser::ast::{
    Assignment, AssignmentTarget, Expr, ObjectName, OutputClause, SelectItem, SqliteOnConflict,
    Statement, TableFactor, TableWithJoins, Update, UpdateTableFromKind,
};

use crate::command::Dialect;
use crate::facts::sql::aim::{Aim, Tables, parts_of};
use crate::facts::sql::extent;
use crate::facts::sql::flow::{Columns, Cte, Names, Origin, Relation, Shape, Written};
use crate::facts::sql::names::last;
use crate::facts::sql::query::{at_most, row_count};
use crate::facts::sql::rewritten::Rewritten;
use crate::facts::sql::walk::{Walk, wider};
use crate::facts::{Effect, Extent, Op, Outputs, Path, Reason, Role, Target, TargetKind};

impl<'a> Walk<'_, 'a> {
    /// A data-modifying statement, alone or inside a query; the answer is what it returns.
    pub(super) fn modify(&mut self, statement: &Statement, names: &Names<'_, 'a>) -> Columns {
        if let Statement::Insert(insert) = statement {
            self.insert(insert, names)
        } else if let Statement::Update(update) = statement {
            self.update(update, names)
        } else if let Statement::Delete(delete) = statement {
            self.delete(delete, names)
        } else if let Statement::Merge(merge) = statement {
            self.merge(merge, names)
        } else {
            self.not_covered();
            None
        }
    }

    /// What a statement gives back of `level`, whose first relation is the one that it changes, as
    /// it is before that. `written` is what it puts in, `depends` what decides about its rows.
    fn returned(
        &mut self,
        returning: Option<&Vec<SelectItem>>,
        output: Option<&OutputClause>,
        level: &mut Names<'_, 'a>,
        written: Written,
    ) -> (Columns, Outputs) {
        let before = level.relations.first().cloned();
        let written = Rc::new(written);
        let after = |relation: &Relation<'a>| Relation {
            written: Some(Rc::clone(&written)),
            ..relation.clone()
        };
        let (items, into) = match output {
            None => (returning, None),
            Some(OutputClause::Returning { returning_token: _, select_items }) => {
                (Some(select_items), None)
            }
            // T-SQL's OUTPUT: columns of `inserted` and `deleted`, to the client or into a table.
            Some(OutputClause::Output { output_token: _, select_items, into_table }) => {
                for (name, relation) in
                    [("inserted", before.as_ref().map(after)), ("deleted", before.clone())]
                {
                    let relation = relation.unwrap_or_else(|| Relation::of(None, None));
                    let (name, schema) = (Some(name.to_owned()), None);
                    level.relations.push(Relation { name, schema, ..relation });
                }
                level.unsure = true;
                (Some(select_items), into_table.as_ref())
            }
        };
        if let Some(first) = level.relations.first_mut() {
            *first = after(first);
        }
        if self.is_sqlite() {
            // Only the table that is changed is seen.
            level.relations.truncate(1);
            level.joined.clear();
        }
        let Some(items) = items else { return (None, Outputs::None) };
        let own = before.and_then(|relation| relation.target);
        let columns = self.projection(items, level).map(|mut columns| {
            if let Some(path) = own.filter(|path| self.reads_again(path)) {
                let rewritten = Rewritten::of(&written, &path);
                columns.iter_mut().for_each(|column| rewritten.reach(&mut column.flow));
            }
            columns
        });
        let columns = columns.and_then(|columns| self.depending(&columns, &written.every.depends));
        self.part.may |= Effect::ReadData;
        let Some(into) = into else { return (columns.clone(), self.outputs(columns)) };
        for target in &into.targets {
            let idents = if let Expr::Identifier(ident) = target {
                std::slice::from_ref(ident)
            } else if let Expr::CompoundIdentifier(idents) = target {
                idents
            } else {
                self.not_covered();
                continue;
            };
            let parts = idents.iter().map(|ident| self.fold(ident)).collect();
            self.existing(parts, None, Role::Sink);
        }
        (None, Outputs::None)
    }

    /// Notes the columns that an INSERT names; all of them where it names none.
    fn touch_columns(&mut self, relation: &Relation<'a>, columns: &[ObjectName]) {
        if columns.is_empty() {
            self.all_columns(relation);
            return;
        }
        for column in columns {
            match (self.parts(column), &relation.target) {
                (Some(parts), Some(path)) => self.touch_known(relation, path, parts.first()),
                _ => self.part.unresolved = true,
            }
        }
    }

    fn touch_known(&mut self, relation: &Relation<'a>, path: &Path, column: Option<&String>) {
        let known = match (&relation.shape, column) {
            (Shape::Base { table, renamed: _ }, Some(column)) => {
                table.columns.iter().any(|known| self.case().same(&known.name, column))
            }
            _ => false,
        };
        match column {
            Some(column) if known => self.touch(path, column),
            _ => self.part.unresolved = true,
        }
    }

    /// Walks the assignments; the answer is all that they write.
    fn assignments(&mut self, assignments: &[Assignment], level: &Names<'_, 'a>) -> Written {
        let mut written = Written::nothing();
        let own = level.relations.first().and_then(|relation| relation.target.clone());
        for Assignment { target, value } in assignments {
            let columns = match target {
                AssignmentTarget::ColumnName(name) => std::slice::from_ref(name),
                AssignmentTarget::Tuple(names) => names,
            };
            let (columns, value) = self.also_assigned(columns, value);
            let mut flow = self.expr(value, level);
            if let (true, Some(path)) = (self.manners().assigns_in_turn, &own) {
                Rewritten::of(&written, path).reach(&mut flow);
            }
            for column in columns.iter() {
                let parts = self.parts(column).unwrap_or_default();
                match level.relations.first().cloned() {
                    Some(relation) => match relation.target.clone() {
                        Some(path) => self.touch_known(&relation, &path, parts.first()),
                        None => self.part.unresolved = true,
                    },
                    None => self.part.unresolved = true,
                }
                match parts.as_slice() {
                    // `t.x`, or the field `x` of `t`.
                    [_, _, ..] | [] => written.every.mix(&flow),
                    [column] => written.add(column.clone(), &flow),
                }
            }
        }
        written
    }

    /// The table that an UPDATE or DELETE names, as the first relation of `level`.
    fn changed(&mut self, factor: &TableFactor, level: &mut Names<'_, 'a>) -> bool {
        if let (TableFactor::Derived { .. }, Dialect::Oracle) = (factor, self.setting.dialect) {
            // The tables behind a query.
            let mut depends = Origin::NONE;
            self.factor(factor, level, &mut depends);
            let last = level.relations.len().saturating_sub(1);
            self.objects_first(&[last], level);
            return true;
        }
        let TableFactor::Table {
            name,
            alias,
            args: None,
            with_hints,
            version: None,
            with_ordinality: false,
            partitions,
            json_path: None,
            sample: None,
            index_hints,
        } = factor
        else {
            self.not_covered();
            return false;
        };
        let Some(parts) = self.parts(name) else {
            // A name that is made while it runs.
            self.partial(Reason::DynamicCode);
            self.object(TargetKind::Table, Path::dynamic());
            let name = alias.as_ref().map(|alias| self.fold(&alias.name));
            level.relations.push(Relation {
                name,
                schema: None,
                shape: Shape::Unknown,
                target: None,
                written: None,
            });
            self.part.unresolved = true;
            return true;
        };
        // Which partitions, and how they are found: no more than without them.
        let _ = (partitions, index_hints);
        self.exprs(with_hints, level);
        self.named_query_changed(&parts, level);
        let mut relation = self.existing(parts, alias.as_ref(), Role::Object);
        if alias.as_ref().is_some_and(|alias| !alias.columns.is_empty()) {
            relation.shape = Shape::Unknown;
        }
        level.relations.push(relation);
        true
    }

    /// Some servers change the tables behind a named query.
    fn named_query_changed(&mut self, parts: &[String], level: &Names<'_, 'a>) {
        let [name] = parts else { return };
        match level.cte(name).cloned() {
            None => {}
            Some(Cte::Pending | Cte::Either | Cte::Own(_)) => {
                self.object(TargetKind::Table, Path::dynamic())
            }
            Some(Cte::Ready { columns: _, depends: _, targets, extent: _ }) => {
                for target in targets.iter() {
                    self.target(Target { role: Role::Object, ..target.clone() });
                }
                self.part.unresolved = true;
            }
        }
    }

    /// Of the relations of a statement that changes some of several tables, those that it changes
    /// become its objects, the first of them first. The answer is where they are then.
    fn objects_first(&mut self, changed: &[usize], level: &mut Names<'_, 'a>) -> Vec<usize> {
        for index in changed {
            let relation = level.relations.get(*index);
            match relation.and_then(|relation| relation.target.clone()) {
                Some(path) => {
                    let is_known = relation.is_some_and(|r| matches!(r.shape, Shape::Base { .. }));
                    let columns = if is_known {
                        crate::facts::Columns::Named(Vec::new())
                    } else {
                        crate::facts::Columns::Any
                    };
                    let kind = TargetKind::Table;
                    self.target(Target { kind, path, role: Role::Object, columns });
                }
                // A query: the tables behind it are changed.
                None => {
                    let behind: Vec<Target> = self.part.targets.clone();
                    for target in behind.into_iter().filter(|t| t.kind == TargetKind::Table) {
                        self.target(Target { role: Role::Object, ..target });
                    }
                    self.part.unresolved = true;
                }
            }
        }
        if let Some(first) = changed.first()
            && *first < level.relations.len()
        {
            if *first > 0 && !level.joined.is_empty() {
                // The joins are no longer in the order that they know.
                level.joined.clear();
                level.unsure = true;
            }
            level.relations.swap(0, *first);
        }
        let first = changed.first().copied().unwrap_or(0);
        let moved = |at: &usize| match *at {
            0 => first,
            at if at == first => 0,
            at => at,
        };
        changed.iter().map(moved).collect()
    }

    /// The relations that assignments write to: those that qualify a column, or all of them.
    fn assigned(&self, assignments: &[Assignment], level: &Names<'_, 'a>) -> Vec<usize> {
        let mut changed = Vec::new();
        for Assignment { target, value: _ } in assignments {
            let columns = match target {
                AssignmentTarget::ColumnName(name) => std::slice::from_ref(name),
                AssignmentTarget::Tuple(names) => names,
            };
            for column in columns {
                let parts = self.parts(column).unwrap_or_default();
                let qualifier = parts.len().checked_sub(2).and_then(|at| parts.get(at));
                let found = level.relations.iter().position(|relation| {
                    qualifier.is_some() && relation.name.as_ref() == qualifier
                });
                match found {
                    Some(index) => changed.push(index),
                    None => changed.extend(0..level.relations.len()),
                }
            }
        }
        changed.sort_unstable();
        changed.dedup();
        changed
    }

    /// The reach of a change of these relations.
    fn reach_of_change<'e>(
        &self,
        changed: &[usize],
        tables: &[Tables<'e>],
        selection: Option<&'e Expr>,
        level: &Names<'e, 'a>,
    ) -> Extent {
        let selections: Vec<&Expr> = selection.into_iter().collect();
        let of = |at: &usize| {
            let aim = Aim::of_target(self, level, *at, tables);
            extent::narrowed(self.reach_behind(*at, level), &selections, &aim)
        };
        changed.iter().map(of).reduce(wider).unwrap_or(Extent::All)
    }

    /// The rows of a relation: T-SQL changes those that a named query leaves of the table behind it.
    fn reach_behind(&self, at: usize, level: &Names<'_, 'a>) -> Extent {
        if self.setting.dialect != Dialect::Mssql {
            return Extent::All;
        }
        let target = level.relations.get(at).and_then(|relation| relation.target.as_ref());
        match target.and_then(|path| level.cte(last(path))) {
            Some(Cte::Ready { extent, .. }) if extent.max_rows().is_some() => extent.clone(),
            Some(Cte::Ready { .. } | Cte::Pending | Cte::Either | Cte::Own(_)) | None => {
                Extent::All
            }
        }
    }

    fn update(&mut self, update: &Update, names: &Names<'_, 'a>) -> Columns {
        let Update {
            update_token: _,
            optimizer_hints: _,
            table,
            assignments,
            from,
            selection,
            returning,
            output,
            or,
            order_by,
            limit,
        } = update;
        let mut level = Names::inside(names);
        let mut depends = Origin::NONE;
        let more = match from {
            None => &[][..],
            Some(
                UpdateTableFromKind::BeforeSet(tables) | UpdateTableFromKind::AfterSet(tables),
            ) => tables,
        };
        let mut tables: Vec<Tables<'_>> = more.iter().map(parts_of).collect();
        let mut changed = vec![0];
        let aliased = self.alias_of(&table.relation, more);
        if let Some(alias) = aliased {
            // T-SQL: `UPDATE x SET … FROM orders x`.
            self.from(more, &mut level, &mut depends);
            changed = (0..level.relations.len())
                .filter(|at| {
                    level.relations.get(*at).is_some_and(|r| r.name.as_ref() == Some(&alias))
                })
                .collect();
            changed = self.objects_first(&changed, &mut level);
        } else if table.joins.is_empty() && !matches!(from, Some(UpdateTableFromKind::BeforeSet(_)))
        {
            self.no_alias(&table.relation);
            tables.push(parts_of(table));
            self.changed(&table.relation, &mut level);
            self.from(more, &mut level, &mut depends);
        } else {
            tables.push(parts_of(table));
            self.from(std::slice::from_ref(table), &mut level, &mut depends);
            self.from(more, &mut level, &mut depends);
            changed = self.assigned(assignments, &level);
            changed = self.objects_first(&changed, &mut level);
        }
        let mut written = self.assignments(assignments, &level);
        if let Some(selection) = selection {
            depends.add(&self.condition(selection, &level));
        }
        let own = level.relations.first().and_then(|relation| relation.target.clone());
        if let Some(path) = own.filter(|path| self.reads_again(path)) {
            written.read_again(&path);
        }
        written.every.depends.add(&depends);
        written.every.depends.add(&level.decided);
        for by in order_by {
            self.sort_key(by, &level);
        }
        let extent = self.reach_of_change(&changed, &tables, selection.as_ref(), &level);
        let extent = self.limited_change(extent, limit.as_ref(), &level);
        let extent = self.bounded_change(extent, selection.as_ref());
        self.part.may |= Effect::WriteData;
        if *or == Some(SqliteOnConflict::Replace) {
            self.part.may |= Effect::Destroy;
        }
        let (returned, outputs) =
            self.returned(returning.as_ref(), output.as_ref(), &mut level, written);
        // An update of this view is a query, and gives rows.
        let settings = Path::exact(["pg_catalog", "pg_settings"]);
        let answers = self.part.targets.iter().any(|target| target.path == settings);
        let outputs = if answers { Outputs::Opaque } else { outputs };
        self.finish(Op::Update, "UPDATE", extent, outputs);
        returned
    }

    fn limited_change(
        &mut self,
        extent: Extent,
        limit: Option<&Expr>,
        level: &Names<'_, 'a>,
    ) -> Extent {
        let Some(limit) = limit else { return extent };
        self.expr(limit, level);
        match (row_count(limit), extent.max_rows()) {
            (Some(rows), Some(bound)) => at_most(rows.min(bound)),
            (Some(rows), None) => at_most(rows),
            (None, _) => extent,
        }
    }

    /// T-SQL gives no alias to what it changes: such a word begins another statement.
    fn no_alias(&mut self, factor: &TableFactor) {
        if let (TableFactor::Table { alias: Some(_), .. }, Dialect::Mssql) =
            (factor, self.setting.dialect)
        {
            self.not_covered();
        }
    }

    /// The bound that `TOP (n)` and `ROWNUM < n` give.
    fn bounded_change(&self, extent: Extent, selection: Option<&Expr>) -> Extent {
        let bound = if self.setting.repeats {
            None
        } else if self.setting.dialect == Dialect::Mssql {
            self.top_of_change()
        } else if self.setting.dialect == Dialect::Oracle {
            selection.and_then(extent::rownum_bound)
        } else {
            None
        };
        match (bound, extent.max_rows()) {
            (Some(rows), Some(bound)) => at_most(rows.min(bound)),
            (Some(rows), None) => at_most(rows),
            (None, _) => extent,
        }
    }

    /// The alias that an UPDATE names in place of a table.
    fn alias_of(&self, factor: &TableFactor, from: &[TableWithJoins]) -> Option<String> {
        let TableFactor::Table { name, alias: None, .. } = factor else { return None };
        let parts = self.parts(name)?;
        let [name] = parts.as_slice() else { return None };
        let joined = from.iter().flat_map(|tables| {
            std::iter::once(&tables.relation).chain(tables.joins.iter().map(|join| &join.relation))
        });
        let mut named = joined.filter_map(|factor| {
            if let TableFactor::Table { alias: Some(alias), .. }
            | TableFactor::Derived { alias: Some(alias), .. } = factor
            {
                Some(self.fold(&alias.name))
            } else if let TableFactor::Table { name, alias: None, .. } = factor {
                self.parts(name)?.pop()
            } else {
                None
            }
        });
        // PostgreSQL would join the table with itself.
        (!self.is_postgres() && !self.is_sqlite() && named.any(|other| other == *name))
            .then(|| name.clone())
    }
}
