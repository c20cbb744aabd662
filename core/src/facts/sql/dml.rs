//! INSERT, UPDATE, DELETE, MERGE.

use sqlparser::ast::{
    Assignment, AssignmentTarget, ConflictTarget, Delete, FromTable, Insert, Merge, MergeAction,
    MergeClause, MergeClauseKind, MergeInsertKind, MergeUpdateKind, ObjectName, OnConflictAction,
    OnInsert, OutputClause, SelectItem, SqliteOnConflict, Statement, TableFactor, TableObject,
    Update, UpdateTableFromKind,
};

use super::extent::{self, Aim};
use super::flow::{Columns, Flow, Names, Origin, Relation, Shape};
use super::query::{at_most, row_count};
use super::walk::Walk;
use crate::facts::{Effect, Extent, Op, Outputs, Path, Role};

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
            self.merge(merge, names);
            None
        } else {
            self.not_covered();
            None
        }
    }

    fn returned(
        &mut self,
        returning: Option<&Vec<SelectItem>>,
        output: Option<&OutputClause>,
        level: &Names<'_, 'a>,
        written: &Flow,
    ) -> (Columns, Outputs) {
        if output.is_some() {
            self.not_covered();
        }
        match returning {
            None => (None, Outputs::None),
            Some(items) => {
                let columns = self.projection(items, level);
                let names = written.holds.len().saturating_add(written.depends.len());
                let names = columns.iter().flatten().count().saturating_mul(names);
                let room = self.has_room(names);
                let columns = columns.filter(|_| room).map(|mut columns| {
                    // What was just written comes back under the names of where it was put.
                    for column in &mut columns {
                        if written.holds == Origin::NONE {
                            column.flow.depends.add(&written.depends);
                        } else {
                            column.flow.mix(written);
                        }
                    }
                    std::rc::Rc::new(columns)
                });
                self.part.may |= Effect::ReadData;
                (columns.clone(), self.outputs(columns))
            }
        }
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
        let foreign = *ignore
            || *overwrite
            || *has_table_keyword
            || !assignments.is_empty()
            || partitioned.is_some()
            || !after_columns.is_empty()
            || priority.is_some()
            || insert_alias.is_some()
            || settings.is_some()
            || format_clause.is_some()
            || multi_table_insert_type.is_some()
            || !multi_table_into_clauses.is_empty()
            || !multi_table_when_clauses.is_empty()
            || multi_table_else_clause.is_some();
        if foreign {
            self.not_covered();
        }
        let mut level = Names::inside(names);
        let name = match table {
            TableObject::TableName(name) => self.parts(name),
            TableObject::TableFunction(_) | TableObject::TableQuery(_) => None,
        };
        let Some(parts) = name else {
            self.not_covered();
            self.finish(Op::Create, "INSERT", Extent::Unknown, Outputs::Opaque);
            return None;
        };
        let mut written = Flow::constant();
        let extent = match source {
            None => Extent::One,
            Some(query) => {
                let rows = self.query(query, names, false);
                match rows.columns {
                    None => written = Flow::any(),
                    Some(columns) => columns.iter().for_each(|column| written.mix(&column.flow)),
                }
                rows.extent
            }
        };
        let mut relation = self.existing(parts.clone(), None, Role::Sink);
        if let Some(alias) = table_alias {
            relation.name = Some(self.fold(&alias.alias));
        }
        self.touch_columns(&relation, columns);
        self.part.may |= Effect::WriteData;
        let replaces = *replace_into || *or == Some(SqliteOnConflict::Replace);
        if replaces {
            self.part.may |= Effect::Destroy;
        }
        let on = match on {
            None => None,
            Some(OnInsert::OnConflict(on)) => Some(on),
            // `OnInsert` is closed to matching without a last arm.
            Some(_) => {
                self.not_covered();
                None
            }
        };
        level.relations.push(relation.clone());
        if let Some(OnConflictAction::DoUpdate(update)) = on.map(|on| &on.action) {
            // Its effects belong to the action beside this one; what it writes comes back here.
            let (flow, _) = self.apart(|walk| {
                walk.existing(parts.clone(), None, Role::Object);
                walk.assignments(&update.assignments, &level)
            });
            written.mix(&flow);
        }
        let (returned, outputs) =
            self.returned(returning.as_ref(), output.as_ref(), &level, &written);
        let verb = if *replace_into || self.word(0) == "replace" { "REPLACE" } else { "INSERT" };
        self.finish(Op::Create, verb, extent.clone(), outputs);
        if let Some(on) = on {
            match &on.action {
                OnConflictAction::DoNothing => {}
                OnConflictAction::DoUpdate(update) => {
                    self.existing(parts, None, Role::Object);
                    let mut both = Names::inside(names);
                    let excluded = Relation { name: Some("excluded".into()), ..relation.clone() };
                    both.relations.push(relation);
                    both.relations.push(excluded);
                    self.assignments(&update.assignments, &both);
                    if let Some(selection) = &update.selection {
                        self.condition(selection, &both);
                    }
                    self.part.may |= Effect::WriteData;
                    // A row that is put in changes at most one that stands there.
                    let extent = match extent.max_rows() {
                        Some(_) => extent,
                        None => Extent::Filtered(match &on.conflict_target {
                            Some(ConflictTarget::Columns(columns)) => {
                                let mut names: Vec<String> =
                                    columns.iter().map(|column| self.fold(column)).collect();
                                names.sort();
                                names.dedup();
                                names
                            }
                            Some(ConflictTarget::OnConstraint(_)) | None => Vec::new(),
                        }),
                    };
                    self.finish(Op::Update, "ON CONFLICT DO UPDATE", extent, Outputs::None);
                }
            }
        }
        returned
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
    fn assignments(&mut self, assignments: &[Assignment], level: &Names<'_, 'a>) -> Flow {
        let mut written = Flow::constant();
        for Assignment { target, value } in assignments {
            let columns = match target {
                AssignmentTarget::ColumnName(name) => std::slice::from_ref(name),
                AssignmentTarget::Tuple(names) => names,
            };
            for column in columns {
                let parts = self.parts(column).unwrap_or_default();
                match level.relations.first().cloned() {
                    Some(relation) => match relation.target.clone() {
                        Some(path) => self.touch_known(&relation, &path, parts.first()),
                        None => self.part.unresolved = true,
                    },
                    None => self.part.unresolved = true,
                }
            }
            written.mix(&self.expr(value, level));
        }
        written
    }

    /// The table that an UPDATE or DELETE names, as the first relation of `level`.
    fn changed(&mut self, factor: &TableFactor, level: &mut Names<'_, 'a>) -> bool {
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
            self.not_covered();
            return false;
        };
        if !with_hints.is_empty() || !partitions.is_empty() || !index_hints.is_empty() {
            self.not_covered();
        }
        let mut relation = self.existing(parts, alias.as_ref(), Role::Object);
        if alias.as_ref().is_some_and(|alias| !alias.columns.is_empty()) {
            relation.shape = Shape::Unknown;
        }
        level.relations.push(relation);
        true
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
        if !table.joins.is_empty() {
            self.not_covered();
        }
        let mut depends = Origin::NONE;
        self.changed(&table.relation, &mut level);
        match from {
            None => {}
            Some(UpdateTableFromKind::BeforeSet(tables)) => {
                self.not_covered();
                self.from(tables, &mut level, &mut depends);
            }
            Some(UpdateTableFromKind::AfterSet(tables)) => {
                self.from(tables, &mut level, &mut depends);
            }
        }
        let mut written = self.assignments(assignments, &level);
        if let Some(selection) = selection {
            depends.add(&self.condition(selection, &level));
        }
        written.depends.add(&depends);
        for by in order_by {
            self.order_expr(by, &level);
        }
        let aim = Aim::of_target(self, &level);
        let extent = extent::narrowed(Extent::All, selection.as_ref(), &aim);
        let extent = self.limited_change(extent, limit.as_ref(), &level);
        self.part.may |= Effect::WriteData;
        if *or == Some(SqliteOnConflict::Replace) {
            self.part.may |= Effect::Destroy;
        }
        let (returned, outputs) =
            self.returned(returning.as_ref(), output.as_ref(), &level, &written);
        self.finish(Op::Update, "UPDATE", extent, outputs);
        returned
    }

    fn limited_change(
        &mut self,
        extent: Extent,
        limit: Option<&sqlparser::ast::Expr>,
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

    fn delete(&mut self, delete: &Delete, names: &Names<'_, 'a>) -> Columns {
        let Delete {
            delete_token: _,
            optimizer_hints: _,
            tables,
            from,
            using,
            selection,
            returning,
            output,
            order_by,
            limit,
        } = delete;
        let mut level = Names::inside(names);
        if !tables.is_empty() {
            self.not_covered();
        }
        let from = match from {
            FromTable::WithFromKeyword(from) => from,
            FromTable::WithoutKeyword(from) => {
                self.not_covered();
                from
            }
        };
        let mut depends = Origin::NONE;
        match from.as_slice() {
            [table] if table.joins.is_empty() => {
                self.changed(&table.relation, &mut level);
            }
            _ => self.not_covered(),
        }
        if let Some(using) = using {
            self.from(using, &mut level, &mut depends);
        }
        if let Some(selection) = selection {
            depends.add(&self.condition(selection, &level));
        }
        for by in order_by {
            self.order_expr(by, &level);
        }
        let aim = Aim::of_target(self, &level);
        let extent = extent::narrowed(Extent::All, selection.as_ref(), &aim);
        let extent = self.limited_change(extent, limit.as_ref(), &level);
        self.part.may |= Effect::WriteData | Effect::Destroy;
        let written = Flow { depends, ..Flow::constant() };
        let (returned, outputs) =
            self.returned(returning.as_ref(), output.as_ref(), &level, &written);
        // A row goes with all its columns.
        for target in &mut self.part.targets {
            if target.role == Role::Object {
                target.columns = crate::facts::Columns::Any;
            }
        }
        self.finish(Op::Delete, "DELETE", extent, outputs);
        returned
    }

    fn merge(&mut self, merge: &Merge, names: &Names<'_, 'a>) {
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
        // RETURNING of a MERGE, of PostgreSQL 17.
        let outputs = match output {
            None => Outputs::None,
            Some(OutputClause::Returning { returning_token: _, select_items }) => {
                self.part.may |= Effect::ReadData;
                let mut unknown = Names::inside(names);
                unknown.merged = true;
                self.projection(select_items, &unknown);
                self.part.unresolved = true;
                Outputs::Opaque
            }
            Some(OutputClause::Output { output_token: _, select_items: _, into_table: _ }) => {
                self.not_covered();
                Outputs::Opaque
            }
        };
        let mut level = Names::inside(names);
        let ((known, source_extent), changed) = self.apart(|walk| {
            let known = walk.changed(table, &mut level);
            let mut depends = Origin::NONE;
            let extent = walk.factor(source, &mut level, &mut depends);
            walk.condition(on, &level);
            (known, extent)
        });
        if !known {
            self.not_covered();
        }
        let base = std::mem::take(&mut self.part);
        let mut outputs = Some(outputs);
        let mut acted = false;
        for MergeClause { when_token: _, clause_kind, predicate, action } in clauses {
            let (op, verb) = match action {
                MergeAction::Insert(_) => (Op::Create, "MERGE INSERT"),
                MergeAction::Update(_) => (Op::Update, "MERGE UPDATE"),
                MergeAction::Delete { delete_token: _ } => (Op::Delete, "MERGE DELETE"),
                MergeAction::DoNothing { do_token: _, nothing_token: _ } => continue,
            };
            acted = true;
            self.part = base.clone();
            self.absorb(changed.clone());
            if let Some(predicate) = predicate {
                self.condition(predicate, &level);
            }
            self.part.may |= Effect::WriteData;
            match action {
                MergeAction::Insert(insert) => {
                    match &insert.kind {
                        MergeInsertKind::Values(values) => {
                            for row in &values.rows {
                                self.exprs(&row.content, &level);
                            }
                        }
                        MergeInsertKind::Row | MergeInsertKind::Wildcard => self.not_covered(),
                    }
                    if let Some(predicate) = &insert.insert_predicate {
                        self.condition(predicate, &level);
                        self.not_covered();
                    }
                    self.part.unresolved = true;
                }
                MergeAction::Update(update) => {
                    match &update.kind {
                        MergeUpdateKind::Set(assignments) => {
                            self.assignments(assignments, &level);
                        }
                        MergeUpdateKind::Wildcard => self.not_covered(),
                    }
                    for predicate in update.update_predicate.iter().chain(&update.delete_predicate)
                    {
                        self.condition(predicate, &level);
                        self.not_covered();
                    }
                }
                MergeAction::Delete { delete_token: _ } => {
                    self.part.may |= Effect::Destroy;
                    self.part.unresolved = true;
                }
                MergeAction::DoNothing { do_token: _, nothing_token: _ } => {}
            }
            if op == Op::Create {
                for target in &mut self.part.targets {
                    if target.role == Role::Object {
                        target.role = Role::Sink;
                    }
                }
            }
            let aim = Aim::of_target(self, &level);
            let extent = match clause_kind {
                _ if op == Op::Create => source_extent.clone(),
                MergeClauseKind::Matched => {
                    let joined = extent::narrowed(Extent::All, Some(on), &aim);
                    if joined == Extent::All {
                        extent::narrowed(joined, predicate.as_ref(), &aim)
                    } else {
                        joined
                    }
                }
                MergeClauseKind::NotMatched
                | MergeClauseKind::NotMatchedByTarget
                | MergeClauseKind::NotMatchedBySource => {
                    extent::narrowed(Extent::All, predicate.as_ref(), &aim)
                }
            };
            self.finish(op, verb, extent, outputs.take().unwrap_or(Outputs::None));
        }
        if !acted {
            self.part = base;
            self.absorb(changed);
            for target in &mut self.part.targets {
                target.role = Role::Source;
            }
            self.finish(Op::Read, "MERGE", Extent::Unknown, Outputs::None);
        }
    }
}
