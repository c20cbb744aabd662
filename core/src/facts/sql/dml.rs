//! INSERT, UPDATE, DELETE, MERGE.

use std::rc::Rc;

use sqlparser::ast::{
    Assignment, AssignmentTarget, ConflictTarget, Delete, Expr, FromTable, Insert, Merge,
    MergeAction, MergeClause, MergeClauseKind, MergeInsertKind, MergeUpdateKind,
    MultiTableInsertIntoClause, MultiTableInsertValue, ObjectName, OnConflictAction, OnInsert,
    OutputClause, SelectItem, SqliteOnConflict, Statement, TableFactor, TableObject,
    TableWithJoins, Update, UpdateTableFromKind,
};

use super::aim::{Aim, Tables, parts_of};
use super::extent;
use super::flow::{Column, Columns, Cte, Flow, Names, Origin, Relation, Shape, Written};
use super::names::last;
use super::query::{at_most, row_count};
use super::resolve::mixed;
use super::rewritten::Rewritten;
use super::walk::{Walk, wider};
use crate::command::Dialect;
use crate::command::sql::TokenKind;
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

    /// What rows put into a table: by the names of `columns`, else by position.
    fn put(
        &self,
        relation: &Relation<'a>,
        columns: &[ObjectName],
        rows: &Columns,
        written: &mut Written,
    ) {
        let Some(rows) = rows else {
            written.every = Flow::any();
            return;
        };
        let names = if columns.is_empty() {
            self.column_names(relation)
        } else {
            let named = columns.iter().map(|name| self.parts(name)?.into_iter().next());
            named.collect()
        };
        match names {
            Some(names) if names.len() >= rows.len() => {
                for (name, column) in names.into_iter().zip(rows.iter()) {
                    written.add(name, &column.flow);
                }
            }
            Some(_) | None => written.every.mix(&mixed(rows)),
        }
    }

    /// DuckDB's `INSERT INTO t BY NAME …`, whose words do not reach the parser: the columns are not
    /// filled in their order.
    fn fills_by_name(&self) -> bool {
        let mut before_rows = (1..self.tokens.len())
            .take_while(|at| !matches!(self.word(*at).as_str(), "select" | "from" | "values"));
        self.setting.dialect == Dialect::Duckdb
            && before_rows
                .any(|at| self.word(at) == "by" && self.word(at.saturating_add(1)) == "name")
    }

    fn insert(&mut self, insert: &Insert, names: &Names<'_, 'a>) -> Columns {
        let Insert {
            insert_token: _,
            optimizer_hints: _,
            or,
            ignore,
            into: _,
            table,
            table_alias,
            columns,
            overwrite,
            source,
            assignments,
            partitioned,
            after_columns,
            has_table_keyword,
            on,
            returning,
            output,
            replace_into,
            priority,
            insert_alias,
            settings,
            format_clause,
            multi_table_insert_type,
            multi_table_into_clauses,
            multi_table_when_clauses,
            multi_table_else_clause,
        } = insert;
        let several = multi_table_insert_type.is_some()
            || !multi_table_into_clauses.is_empty()
            || !multi_table_when_clauses.is_empty()
            || multi_table_else_clause.is_some();
        // Rows in a format of their own stand behind the statement.
        if format_clause.is_some() {
            self.not_covered();
        }
        if several {
            let into = multi_table_into_clauses
                .iter()
                .chain(multi_table_when_clauses.iter().flat_map(|when| &when.into_clauses))
                .chain(multi_table_else_clause.iter().flatten());
            let conditions = multi_table_when_clauses.iter().map(|when| &when.condition);
            self.insert_several(into, conditions, source.as_deref(), *overwrite, names);
            return None;
        }
        // What happens to rows that do not fit, and when.
        let _ = (ignore, has_table_keyword, priority);
        self.own_settings(settings.as_ref(), names);
        let mut level = Names::inside(names);
        let name = match table {
            TableObject::TableName(name) => self.parts(name),
            // Another server, a file, or the tables behind a query.
            TableObject::TableFunction(function) => {
                self.call(function, names);
                None
            }
            TableObject::TableQuery(query) => {
                self.query(query, names, false);
                None
            }
        };
        let Some(parts) = name else {
            if !matches!(table, TableObject::TableName(_)) {
                self.not_covered();
            }
            self.partial(Reason::DynamicCode);
            self.sink(TargetKind::Table, Path::dynamic());
            self.part.may |= Effect::WriteData | Effect::Destroy;
            if let Some(query) = source {
                self.query(query, names, false);
            }
            if !assignments.is_empty() || partitioned.is_some() || returning.is_some() {
                self.not_covered();
            }
            self.finish(Op::Create, "INSERT", Extent::Unknown, Outputs::Opaque);
            return None;
        };
        let rows = source.as_ref().map(|query| self.query(query, names, false));
        let mut relation = self.existing(parts.clone(), None, Role::Sink);
        let commands = self.is_sqlite()
            && columns.iter().any(|column| {
                let column = self.parts(column).and_then(|mut parts| parts.pop());
                column.is_some_and(|column| parts.last() == Some(&column))
            });
        if commands {
            // A column with the name of the table: a command to a full text index, as `delete-all`.
            self.part.may |= Effect::Destroy | Effect::Schema;
        }
        let mut written = Written::nothing();
        let extent = match rows {
            None => Extent::One,
            Some(rows) => {
                if self.fills_by_name() {
                    let all = rows.columns.as_deref().map(|columns| mixed(columns));
                    written.every.mix(&all.unwrap_or_else(Flow::any));
                } else {
                    self.put(&relation, columns, &rows.columns, &mut written);
                }
                written.every.depends.add(&rows.depends);
                rows.extent
            }
        };
        if let Some(alias) = table_alias {
            relation.name = Some(self.fold(&alias.alias));
        }
        self.touch_columns(&relation, columns);
        for column in after_columns {
            let column = self.fold(column);
            match &relation.target {
                Some(path) => self.touch_known(&relation, path, Some(&column)),
                None => self.part.unresolved = true,
            }
        }
        if !assignments.is_empty() || partitioned.is_some() {
            let mut own = Names::inside(names);
            own.relations.push(relation.clone());
            written.every.mix(&self.exprs(partitioned.iter().flatten(), &own));
            written.mix(&self.assignments(assignments, &own));
        }
        if !after_columns.is_empty() {
            let columns = std::mem::take(&mut written.columns);
            columns.values().for_each(|flow| written.every.mix(flow));
        }
        self.part.may |= Effect::WriteData;
        let replaces = *replace_into || *overwrite || *or == Some(SqliteOnConflict::Replace);
        if replaces {
            self.part.may |= Effect::Destroy;
        }
        let (on, duplicate) = match on {
            None => (None, None),
            Some(OnInsert::OnConflict(on)) => {
                self.conflict_calls();
                (Some(on), None)
            }
            Some(OnInsert::DuplicateKeyUpdate(assignments)) => (None, Some(assignments)),
            // `OnInsert` is closed to matching without a last arm.
            Some(_) => {
                self.not_covered();
                (None, None)
            }
        };
        let own = relation.target.clone();
        level.relations.push(relation.clone());
        if *ignore || *or == Some(SqliteOnConflict::Ignore) || on.is_some() || duplicate.is_some() {
            let decides = self.conflict(&relation, on, &written);
            written.every.depends.add(&decides);
        }
        let mut changes = None;
        // A row that one of this statement stands in the way of reads it.
        let again = extent != Extent::One && self.manners().reads_own_rows;
        if let Some(assignments) = duplicate {
            let mut both = Names::inside(names);
            // `VALUES(x)` is what was to be put into `x`.
            let relation = Relation { written: Some(Rc::new(written.clone())), ..relation };
            both.relations.push(relation);
            if let Some(alias) = insert_alias {
                // The new row under a name: what it holds was walked.
                let name = self.parts(&alias.row_alias).and_then(|mut parts| parts.pop());
                both.relations.push(Relation::of(name, None));
            }
            let (changed, part) = self.apart(|walk| {
                walk.existing(parts, None, Role::Object);
                walk.assignments(assignments, &both)
            });
            let mut part = part;
            // A name that is none of the table's is one of the tables that the rows come from.
            let known = |flow: &Flow| flow.as_dependence() != Origin::Any;
            let all_known = known(&changed.every) && changed.columns.values().all(known);
            if part.unresolved && !all_known {
                for target in self.part.targets.iter_mut().filter(|t| t.role == Role::Source) {
                    target.columns = crate::facts::Columns::Any;
                    part.targets.push(target.clone());
                }
            }
            written.mix(&changed);
            changes = Some(("ON DUPLICATE KEY UPDATE", part, Vec::new()));
        } else if let Some(on) = on
            && let OnConflictAction::DoUpdate(update) = &on.action
        {
            let mut both = Names::inside(names);
            let excluded = Relation {
                name: Some("excluded".into()),
                written: Some(Rc::new(written.clone())),
                ..relation.clone()
            };
            let seen = again.then(|| Rc::new(written.clone()));
            both.relations.push(Relation { written: seen, ..relation });
            both.relations.push(excluded);
            let ((changed, depends), part) = self.apart(|walk| {
                walk.existing(parts, None, Role::Object);
                let changed = walk.assignments(&update.assignments, &both);
                let selection = update.selection.as_ref();
                (changed, selection.map(|selection| walk.condition(selection, &both)))
            });
            written.mix(&changed);
            if let Some(depends) = depends {
                written.every.depends.add(&depends);
            }
            let columns = match &on.conflict_target {
                Some(ConflictTarget::Columns(columns)) => {
                    let mut names: Vec<String> =
                        columns.iter().map(|column| self.fold(column)).collect();
                    names.sort();
                    names.dedup();
                    names
                }
                Some(ConflictTarget::OnConstraint(_)) | None => Vec::new(),
            };
            changes = Some(("ON CONFLICT DO UPDATE", part, columns));
        }
        if let (true, true, Some(path)) = (again, changes.is_some(), &own) {
            written.read_again(path);
        }
        let takes_from_itself = self
            .part
            .targets
            .iter()
            .any(|target| target.role == Role::Source && Some(&target.path) == own.as_ref());
        let (returned, outputs) =
            self.returned(returning.as_ref(), output.as_ref(), &mut level, written);
        let verb = if *replace_into || self.word(0) == "replace" { "REPLACE" } else { "INSERT" };
        self.finish(Op::Create, verb, extent.clone(), outputs);
        if let Some((verb, part, columns)) = changes {
            self.part = part;
            self.part.may |= Effect::WriteData;
            // A row that is put in changes at most one that stands there.
            let extent = match extent.max_rows() {
                Some(_) => extent,
                None if takes_from_itself && extent == Extent::All => extent,
                None => Extent::Filtered(columns),
            };
            self.finish(Op::Update, verb, extent, Outputs::None);
        }
        returned
    }

    /// Snowflake's INSERT ALL and INSERT FIRST: the rows of one query into several tables.
    fn insert_several<'e>(
        &mut self,
        into: impl Iterator<Item = &'e MultiTableInsertIntoClause>,
        conditions: impl Iterator<Item = &'e Expr>,
        source: Option<&sqlparser::ast::Query>,
        overwrite: bool,
        names: &Names<'_, 'a>,
    ) {
        let extent = match source {
            None => Extent::Unknown,
            Some(query) => self.query(query, names, false).extent,
        };
        let mut level = Names::inside(names);
        level.unsure = true;
        self.exprs(conditions, &level);
        let mut clauses = 0_u64;
        for clause in into {
            clauses = clauses.saturating_add(1);
            match self.parts(&clause.table_name) {
                Some(parts) => {
                    self.existing(parts, None, Role::Sink);
                }
                None => {
                    self.partial(Reason::DynamicCode);
                    self.sink(TargetKind::Table, Path::dynamic());
                }
            }
            for value in clause.values.iter().flat_map(|values| &values.values) {
                match value {
                    MultiTableInsertValue::Expr(expr) => {
                        self.expr(expr, &level);
                    }
                    MultiTableInsertValue::Default => {}
                }
            }
        }
        self.part.unresolved = true;
        self.part.may |= Effect::WriteData;
        if overwrite {
            self.part.may |= Effect::Destroy;
        }
        let extent = match extent.max_rows() {
            Some(rows) => rows.checked_mul(clauses).map_or(Extent::Unknown, at_most),
            None => extent,
        };
        self.finish(Op::Create, "INSERT ALL", extent, Outputs::None);
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

    fn delete(&mut self, delete: &Delete, names: &Names<'_, 'a>) -> Columns {
        let Delete {
            delete_token: _,
            optimizer_hints: _,
            tables: named,
            from,
            using,
            selection,
            returning,
            output,
            order_by,
            limit,
        } = delete;
        let mut level = Names::inside(names);
        let (FromTable::WithFromKeyword(from) | FromTable::WithoutKeyword(from)) = from;
        let mut depends = Origin::NONE;
        let more = using.as_deref().unwrap_or_default();
        let mut tables: Vec<Tables<'_>> = from.iter().chain(more).map(parts_of).collect();
        let mut changed = vec![0];
        match from.as_slice() {
            // MySQL: with USING, FROM names relations of USING, by their aliases too.
            [table]
                if table.joins.is_empty()
                    && named.is_empty()
                    && (more.is_empty() || !self.is_mysql()) =>
            {
                self.no_alias(&table.relation);
                self.changed(&table.relation, &mut level);
                self.from(more, &mut level, &mut depends);
            }
            _ => {
                if self.is_mysql() && !more.is_empty() {
                    tables = more.iter().map(parts_of).collect();
                }
                changed = self.deleted_of_several(named, from, more, &mut level, &mut depends);
            }
        }
        if let Some(selection) = selection {
            depends.add(&self.condition(selection, &level));
        }
        for by in order_by {
            self.sort_key(by, &level);
        }
        let extent = self.reach_of_change(&changed, &tables, selection.as_ref(), &level);
        let extent = self.limited_change(extent, limit.as_ref(), &level);
        let extent = self.bounded_change(extent, selection.as_ref());
        self.part.may |= Effect::WriteData | Effect::Destroy;
        let mut written = Written::nothing();
        written.every.depends = depends;
        written.every.depends.add(&level.decided);
        let (returned, outputs) =
            self.returned(returning.as_ref(), output.as_ref(), &mut level, written);
        // A row goes with all its columns.
        for target in &mut self.part.targets {
            if target.role == Role::Object {
                target.columns = crate::facts::Columns::Any;
            }
        }
        self.finish(Op::Delete, "DELETE", extent, outputs);
        returned
    }

    /// `DELETE a, b FROM a JOIN b …`, `DELETE FROM a, b USING a JOIN b …`.
    fn deleted_of_several(
        &mut self,
        tables: &[ObjectName],
        from: &[TableWithJoins],
        using: &[TableWithJoins],
        level: &mut Names<'_, 'a>,
        depends: &mut Origin,
    ) -> Vec<usize> {
        let (named, read) = if tables.is_empty() && !using.is_empty() {
            let factors = from.iter().map(|table| {
                if let TableFactor::Table { name, .. } = &table.relation {
                    self.parts(name)
                } else {
                    None
                }
            });
            (factors.collect::<Vec<_>>(), using)
        } else {
            (tables.iter().map(|name| self.parts(name)).collect(), from)
        };
        self.from(read, level, depends);
        let mut changed = Vec::new();
        for parts in named {
            if let (Some(parts), Dialect::Mssql) = (&parts, self.setting.dialect)
                && !level.relations.iter().any(|relation| self.is_changed_as(relation, parts))
            {
                // No relation of FROM: every row of it stands beside each of theirs.
                let apart = self.existing(parts.clone(), None, Role::Object);
                changed.push(level.relations.len());
                level.relations.push(apart);
                continue;
            }
            let last = parts.as_ref().and_then(|parts| parts.last());
            let of = level
                .relations
                .iter()
                .position(|relation| last.is_some() && relation.name.as_ref() == last);
            match of {
                Some(index) => changed.push(index),
                // `a.*`, or a name that FROM does not give: any of them.
                None => {
                    changed.extend(0..level.relations.len());
                    self.part.unresolved = true;
                }
            }
        }
        if tables.is_empty() && using.is_empty() {
            changed.extend(0..level.relations.len());
        }
        self.objects_first(&changed, level)
    }

    /// Whether T-SQL takes the name behind DELETE for this relation of FROM: its alias, or the table
    /// itself, as far as both names are written.
    fn is_changed_as(&self, relation: &Relation<'a>, parts: &[String]) -> bool {
        if let [name] = parts
            && relation.name.as_ref() == Some(name)
        {
            return true;
        }
        let mine = self.named_parts(parts.to_vec()).path;
        relation.target.as_ref().is_some_and(|theirs| match parts {
            [_] => mine == *theirs,
            _ => {
                mine.0.iter().rev().zip(theirs.0.iter().rev()).all(|(mine, theirs)| mine == theirs)
            }
        })
    }

    /// The functions that `ON CONFLICT (lower(a))` names, which the parser is not shown.
    fn conflict_calls(&mut self) {
        let Some(from) = self.find(0, "conflict") else { return };
        let end = self.find(from, "do").unwrap_or(self.tokens.len());
        for at in from.saturating_add(2)..end {
            let name = self.word(at);
            let called = self.kind(at.saturating_add(1)) == Some(TokenKind::Open);
            if called && super::functions::builtin(self.setting.dialect, &name).is_some() {
                self.part.calls.insert(name);
            }
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

    fn merge(&mut self, merge: &Merge, names: &Names<'_, 'a>) -> Columns {
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

    fn merge_clause(&mut self, clause: &MergeClause, level: &Names<'_, 'a>, written: &mut Written) {
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
