//! INSERT: rows, where they come from, and what happens to rows that do not fit.

use std::rc::Rc;

use sqlparser::ast::{
    ConflictTarget, Expr, Insert, MultiTableInsertIntoClause, MultiTableInsertValue, ObjectName,
    OnConflictAction, OnInsert, SqliteOnConflict, TableObject,
};

use crate::command::Dialect;
use crate::command::sql::TokenKind;
use crate::facts::sql::flow::{Columns, Flow, Names, Origin, Relation, Written};
use crate::facts::sql::functions;
use crate::facts::sql::query::at_most;
use crate::facts::sql::resolve::mixed;
use crate::facts::sql::walk::Walk;
use crate::facts::{Effect, Extent, Op, Outputs, Path, Reason, Role, TargetKind};

impl<'a> Walk<'_, 'a> {
    /// What rows put into a table: by the names of `columns`, else by position.
    pub(super) fn put(
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
    pub(super) fn fills_by_name(&self) -> bool {
        let mut before_rows = (1..self.tokens.len())
            .take_while(|at| !matches!(self.word(*at).as_str(), "select" | "from" | "values"));
        self.setting.dialect == Dialect::Duckdb
            && before_rows
                .any(|at| self.word(at) == "by" && self.word(at.saturating_add(1)) == "name")
    }

    pub(super) fn insert(&mut self, insert: &Insert, names: &Names<'_, 'a>) -> Columns {
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
    pub(super) fn insert_several<'e>(
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

    /// The functions that `ON CONFLICT (lower(a))` names, which the parser is not shown.
    pub(super) fn conflict_calls(&mut self) {
        let Some(from) = self.find(0, "conflict") else { return };
        let end = self.find(from, "do").unwrap_or(self.tokens.len());
        for at in from.saturating_add(2)..end {
            let name = self.word(at);
            let called = self.kind(at.saturating_add(1)) == Some(TokenKind::Open);
            if called && functions::builtin(self.setting.dialect, &name).is_some() {
                self.part.calls.insert(name);
            }
        }
    }
}
