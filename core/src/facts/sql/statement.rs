//! One statement: what kind it is.

use sqlparser::ast::{
    CloseCursor, CopySource, CopyTarget, Declare, DeclareType, DiscardObject, FetchDirection,
    Ident, Query, SetExpr, Statement, Value,
};

use super::flow::Names;
use super::functions;
use super::manners::Into;
use super::query::at_most;
use super::settings;
use super::walk::Walk;
use crate::command::Dialect;
use crate::command::sql::TokenKind;
use crate::facts::{
    Action, Effect, EffectSet, Extent, Op, Outputs, Path, Reason, Role, SessionDelta, TargetKind,
    Transaction,
};

impl<'a> Walk<'_, 'a> {
    /// Walks a statement; without a tree, by its first words.
    pub(super) fn statement(&mut self, tree: Option<&Statement>) {
        if self.state.shadowed
            && matches!(self.setting.dialect, Dialect::Duckdb | Dialect::Clickhouse)
        {
            // DuckDB's operators and literals are functions too, and any may be another one now;
            // ClickHouse was told of another grammar.
            self.unknown_function(None);
        }
        if self.hides_operators() {
            self.unknown_function(None);
        }
        let bound = self.setting.room.variables.borrow().len();
        let by_words = if self.is_sqlite() {
            self.sqlite_by_words()
        } else {
            self.setting.dialect == Dialect::Snowflake && self.piped_statements() || self.by_row()
        };
        match tree {
            _ if by_words => {}
            Some(tree) => self.tree(tree),
            None if self.by_fallback() => {}
            None if self.is_postgres() || self.is_sqlite() => self.by_head(),
            None => self.by_first_word(),
        }
        if self.is_postgres() && matches!(self.word(0).as_str(), "drop" | "alter") {
            self.reach_of_cascade();
        }
        if self.setting.dialect == Dialect::Clickhouse {
            self.clickhouse_beside();
        }
        self.setting.room.variables.borrow_mut().truncate(bound);
    }

    /// CASCADE takes along what depends on the things that are named.
    fn reach_of_cascade(&mut self) {
        if !(0..self.tokens.len()).any(|at| self.word(at) == "cascade") {
            return;
        }
        let target = crate::facts::Target {
            kind: TargetKind::Other,
            path: Path::dynamic(),
            role: Role::Object,
            columns: crate::facts::Columns::Any,
        };
        for action in &mut self.actions {
            if !action.targets.contains(&target) {
                action.targets.push(target.clone());
            }
        }
    }

    pub(super) fn tree(&mut self, statement: &Statement) {
        let names = Names::default();
        let names = &names;
        match statement {
            Statement::Query(query) => self.top_query(query, names),
            Statement::Insert(_)
            | Statement::Update(_)
            | Statement::Delete(_)
            | Statement::Merge(_) => {
                self.modify(statement, names);
            }
            Statement::Truncate(truncate) => self.truncate(truncate),
            Statement::Copy { source, to, target, options: _, legacy_options: _, values: _ } => {
                self.copy(source, *to, target, names);
            }
            Statement::Call(function) => {
                self.part.may |= Effect::CodeExec;
                self.call(function, names);
                self.finish(Op::Execute, "CALL", Extent::Unknown, Outputs::Opaque);
            }
            Statement::Explain {
                describe_alias: _,
                analyze,
                verbose: _,
                query_plan,
                estimate,
                statement,
                format: _,
                options,
            } => {
                if *estimate || (*query_plan && !self.is_sqlite()) {
                    self.not_covered();
                }
                let named = options.iter().flatten().any(|option| {
                    // PostgreSQL takes both spellings for one word.
                    ["analyze", "analyse"].iter().any(|w| option.name.value.eq_ignore_ascii_case(w))
                        && !option.arg.as_ref().is_some_and(is_off)
                });
                self.explain(*analyze || named, statement);
            }
            Statement::ExplainTable {
                describe_alias: _,
                hive_format: _,
                has_table_keyword: _,
                table_name,
            } => {
                let path = self.named(table_name).path;
                self.object(TargetKind::Table, path);
                self.finish(Op::Read, "EXPLAIN", Extent::Unknown, Outputs::Opaque);
            }
            Statement::Prepare { name, data_types: _, statement } => self.prepare(name, statement),
            Statement::Execute {
                name,
                parameters,
                has_parentheses: _,
                immediate,
                into,
                using,
                output,
                default,
            } => {
                if *immediate || !into.is_empty() || !using.is_empty() || *output || *default {
                    self.not_covered();
                }
                self.exprs(parameters, names);
                let name = name.as_ref().and_then(|name| self.parts(name));
                self.execute(name.and_then(|mut name| name.pop()));
            }
            Statement::Deallocate { name, prepare: _ } => {
                let name = self.fold(name);
                let all = name == "all";
                if let Some(prepared) = &mut self.state.session.to_mut().prepared {
                    if all {
                        prepared.clear();
                    } else {
                        prepared.remove(&name);
                    }
                }
                self.session.push(SessionDelta::Deallocated((!all).then_some(name)));
                self.finish_plain(Op::Session, "DEALLOCATE");
            }
            Statement::Declare { stmts } => self.declare(stmts, names),
            Statement::Fetch { name, direction, position: _, into } => {
                if into.is_some() {
                    self.not_covered();
                }
                self.fetch(name, direction);
            }
            Statement::Close { cursor } => {
                let session = self.state.session.to_mut();
                match (cursor, &mut session.cursors) {
                    (CloseCursor::All, Some(cursors)) => cursors.clear(),
                    (CloseCursor::Specific { name }, Some(cursors)) => {
                        cursors.remove(&name.value);
                    }
                    (CloseCursor::All | CloseCursor::Specific { name: _ }, None) => {}
                }
                self.finish_plain(Op::Session, "CLOSE");
            }
            Statement::Set(set) => self.set(set, names),
            Statement::Reset(reset) => self.reset(reset),
            Statement::Discard { object_type } => match object_type {
                DiscardObject::ALL => self.reset_all("DISCARD"),
                DiscardObject::PLANS | DiscardObject::SEQUENCES => {
                    self.finish_plain(Op::Session, "DISCARD");
                }
                DiscardObject::TEMP => {
                    if let Some(tables) = &mut self.state.session.to_mut().temp_tables {
                        tables.clear();
                    }
                    self.part.may |= Effect::ParserState | Effect::Destroy;
                    self.session.push(SessionDelta::Unknown);
                    self.finish_plain(Op::Session, "DISCARD");
                }
            },
            Statement::ShowVariable { variable: _ } => self.show(),
            Statement::StartTransaction {
                modes,
                begin,
                transaction: _,
                modifier: _,
                statements,
                exception,
                has_end_keyword,
            } => {
                if !statements.is_empty() || exception.is_some() || *has_end_keyword {
                    self.not_covered();
                }
                self.part.may |= settings::access(modes);
                let verb = if *begin { "BEGIN" } else { "START TRANSACTION" };
                self.transaction(verb, Transaction::Begin);
            }
            Statement::Commit { chain: _, end: _, modifier: _ } => {
                self.transaction("COMMIT", Transaction::Commit);
            }
            Statement::Rollback { chain: _, savepoint: _ } => {
                self.transaction("ROLLBACK", Transaction::Rollback);
            }
            Statement::Savepoint { name: _ } => {
                self.transaction("SAVEPOINT", Transaction::Savepoint);
            }
            Statement::ReleaseSavepoint { name: _ } => {
                self.transaction("RELEASE", Transaction::Savepoint);
            }
            Statement::LISTEN { channel: _ } => self.finish_plain(Op::Stream, "LISTEN"),
            Statement::UNLISTEN { channel: _ } => self.finish_plain(Op::Stream, "UNLISTEN"),
            Statement::NOTIFY { channel: _, payload: _ } => {
                self.part.may |= Effect::NetEgress;
                self.finish_plain(Op::Stream, "NOTIFY");
            }
            Statement::Lock(lock) => {
                for table in &lock.tables {
                    let path = self.named(&table.name).path;
                    self.object(TargetKind::Table, path);
                }
                self.maintain("LOCK", Effect::Availability.into());
            }
            Statement::Analyze(analyze) => {
                match &analyze.table_name {
                    Some(name) => {
                        let path = self.named(name).path;
                        self.object(TargetKind::Table, path);
                    }
                    None => self.object(TargetKind::Table, Path::dynamic()),
                }
                if analyze.partitions.is_some() || analyze.cache_metadata {
                    self.not_covered();
                }
                self.maintain("ANALYZE", Effect::Availability.into());
            }
            Statement::Vacuum(vacuum) => {
                match &vacuum.table_name {
                    Some(name) => {
                        let path = self.named(name).path;
                        self.object(TargetKind::Table, path);
                    }
                    None => self.object(TargetKind::Table, Path::dynamic()),
                }
                self.maintain("VACUUM", Effect::Availability.into());
            }
            Statement::Load { extension_name: _ } => {
                self.object(TargetKind::Extension, Path::dynamic());
                self.maintain("LOAD", Effect::CodeExec | Effect::Availability);
            }
            Statement::AttachDatabase { schema_name, database_file_name, database: _ } => {
                self.expr(database_file_name, names);
                self.part.may |= Effect::FsRead | Effect::FsWrite | Effect::ParserState;
                let path = Path::exact([self.fold(schema_name)]);
                self.object(TargetKind::File, Path::dynamic());
                self.object(TargetKind::Database, path);
                self.finish_plain(Op::Configure, "ATTACH");
            }
            Statement::Msck(_)
            | Statement::Install { .. }
            | Statement::Directory { .. }
            | Statement::Case(_)
            | Statement::If(_)
            | Statement::While(_)
            | Statement::Raise(_)
            | Statement::CopyIntoSnowflake { .. }
            | Statement::Open(_)
            | Statement::CreateView(_)
            | Statement::CreateTable(_)
            | Statement::CreateVirtualTable { .. }
            | Statement::CreateIndex(_)
            | Statement::CreateRole(_)
            | Statement::CreateSecret { .. }
            | Statement::CreateServer(_)
            | Statement::CreatePolicy(_)
            | Statement::CreateConnector(_)
            | Statement::CreateOperator(_)
            | Statement::CreateOperatorFamily(_)
            | Statement::CreateOperatorClass(_)
            | Statement::CreateTextSearch(_)
            | Statement::AlterTable(_)
            | Statement::AlterSchema(_)
            | Statement::AlterIndex { .. }
            | Statement::AlterView { .. }
            | Statement::AlterFunction(_)
            | Statement::AlterType(_)
            | Statement::AlterCollation(_)
            | Statement::AlterOperator(_)
            | Statement::AlterOperatorFamily(_)
            | Statement::AlterOperatorClass(_)
            | Statement::AlterTextSearch(_)
            | Statement::AlterRole { .. }
            | Statement::AlterPolicy(_)
            | Statement::AlterConnector { .. }
            | Statement::AlterSession { .. }
            | Statement::AttachDuckDBDatabase { .. }
            | Statement::DetachDuckDBDatabase { .. }
            | Statement::Drop { .. }
            | Statement::DropFunction(_)
            | Statement::DropDomain(_)
            | Statement::DropProcedure { .. }
            | Statement::DropSecret { .. }
            | Statement::DropPolicy(_)
            | Statement::DropConnector { .. }
            | Statement::CreateExtension(_)
            | Statement::CreateCollation(_)
            | Statement::DropExtension(_)
            | Statement::DropOperator(_)
            | Statement::DropOperatorFamily(_)
            | Statement::DropOperatorClass(_)
            | Statement::Flush { .. }
            | Statement::ShowFunctions { .. }
            | Statement::ShowStatus { .. }
            | Statement::ShowVariables { .. }
            | Statement::ShowCreate { .. }
            | Statement::ShowColumns { .. }
            | Statement::ShowCatalogs { .. }
            | Statement::ShowDatabases { .. }
            | Statement::ShowProcessList { .. }
            | Statement::ShowSchemas { .. }
            | Statement::ShowCharset(_)
            | Statement::ShowObjects(_)
            | Statement::ShowTables { .. }
            | Statement::ShowViews { .. }
            | Statement::ShowCollation { .. }
            | Statement::Use(_)
            | Statement::Comment { .. }
            | Statement::CreateSchema { .. }
            | Statement::CreateDatabase { .. }
            | Statement::CreateFunction(_)
            | Statement::CreateTrigger(_)
            | Statement::DropTrigger(_)
            | Statement::CreateProcedure { .. }
            | Statement::CreateMacro { .. }
            | Statement::CreateStage { .. }
            | Statement::CreateFileFormat { .. }
            | Statement::CreateWarehouse(_)
            | Statement::Assert { .. }
            | Statement::Grant(_)
            | Statement::Deny(_)
            | Statement::Revoke(_)
            | Statement::Kill { .. }
            | Statement::Cache { .. }
            | Statement::UNCache { .. }
            | Statement::CreateSequence { .. }
            | Statement::CreateDomain(_)
            | Statement::CreateType { .. }
            | Statement::Pragma { .. }
            | Statement::LockTables { .. }
            | Statement::UnlockTables
            | Statement::Unload { .. }
            | Statement::OptimizeTable { .. }
            | Statement::LoadData { .. }
            | Statement::RenameTable(_)
            | Statement::List(_)
            | Statement::Put { .. }
            | Statement::Remove(_)
            | Statement::RaisError { .. }
            | Statement::Throw(_)
            | Statement::Print(_)
            | Statement::WaitFor(_)
            | Statement::Return(_)
            | Statement::ExportData(_)
            | Statement::CreateUser(_)
            | Statement::AlterUser(_) => self.definition(statement, names),
        }
    }

    fn top_query(&mut self, query: &Query, names: &Names<'_, 'a>) {
        let rows = self.query(query, names, true);
        let mut body = &*query.body;
        while let SetExpr::Query(inner) = body {
            body = &inner.body;
        }
        let verb = match body {
            // The action of the statement itself stands in the list already.
            SetExpr::Insert(_) | SetExpr::Update(_) | SetExpr::Delete(_) | SetExpr::Merge(_) => {
                return self.joins_action();
            }
            SetExpr::Values(_) => "VALUES",
            SetExpr::Table(_) => "TABLE",
            SetExpr::Select(_) | SetExpr::Query(_) | SetExpr::SetOperation { .. } => "SELECT",
        };
        self.by_words_into();
        if self.part.into {
            self.finish(Op::Define, "SELECT INTO", rows.extent, Outputs::None);
        } else {
            let outputs = self.outputs(rows.columns);
            self.finish(Op::Read, verb, rows.extent, outputs);
        }
    }

    /// What named queries before the statement do belongs to its own action, which is the last.
    fn joins_action(&mut self) {
        let own = std::mem::take(&mut self.part);
        let Some(mut action) = self.actions.pop() else {
            self.part = own;
            return self.finish(Op::Read, "WITH", Extent::Unknown, Outputs::None);
        };
        self.part.targets = std::mem::take(&mut action.targets);
        self.absorb(own);
        let (op, may, outputs) = (action.op, action.may, action.outputs);
        self.part.may |= may;
        self.part.calls.extend(action.calls);
        self.part.nested.extend(action.nested);
        self.part.unresolved = false;
        self.finish(op, &action.verb, action.extent, outputs);
    }

    /// `SELECT INTO t FROM …` and `SELECT … INTO t`: the parser takes some spellings for a column
    /// and its alias. INTO is reserved, so an INTO that belongs to no INSERT or MERGE and is no
    /// label makes a table.
    fn by_words_into(&mut self) {
        if self.part.into || self.manners().into != Into::Table {
            return;
        }
        let found = (0..self.tokens.len()).find(|at| {
            let before = at.checked_sub(1);
            let label = before.is_some_and(|before| {
                matches!(self.word(before).as_str(), "insert" | "merge" | "as")
                    || self.kind(before) == Some(TokenKind::Dot)
            });
            self.word(*at) == "into" && !label
        });
        let Some(at) = found else { return };
        let mut at = at.saturating_add(1);
        let mut temporary = false;
        for word in ["local", "global", "temporary", "temp", "unlogged", "table"] {
            if self.word(at) == word {
                temporary |= word.starts_with("temp");
                at = at.saturating_add(1);
            }
        }
        match self.name_at(at) {
            Some((parts, _)) => self.new_table(parts, temporary),
            None => self.opaque(Reason::NotParsed),
        }
    }

    pub(super) fn transaction(&mut self, verb: &str, step: Transaction) {
        self.session.push(SessionDelta::Transaction(step));
        self.finish_plain(Op::Txn, verb);
    }

    pub(super) fn maintain(&mut self, verb: &str, may: EffectSet) {
        self.part.may |= may;
        self.finish_plain(Op::Configure, verb);
    }

    fn truncate(&mut self, truncate: &sqlparser::ast::Truncate) {
        if truncate.partitions.is_some() || truncate.on_cluster.is_some() {
            self.not_covered();
        }
        for target in &truncate.table_names {
            let parts = self.parts(&target.name).unwrap_or_default();
            self.existing(parts, None, Role::Object);
        }
        match truncate.cascade {
            Some(sqlparser::ast::CascadeOption::Cascade) => self.dynamic_target(),
            Some(sqlparser::ast::CascadeOption::Restrict) | None => {}
        }
        self.part.unresolved = true;
        self.part.may |= Effect::WriteData | Effect::Destroy;
        self.finish(Op::Delete, "TRUNCATE", Extent::All, Outputs::None);
    }

    fn copy(&mut self, source: &CopySource, to: bool, target: &CopyTarget, names: &Names<'_, 'a>) {
        match target {
            CopyTarget::Stdin | CopyTarget::Stdout => {}
            CopyTarget::File { filename: _ } => {
                let role = if to { Role::Sink } else { Role::Source };
                self.part.may |= if to { Effect::FsWrite } else { Effect::FsRead };
                self.place(TargetKind::File, role);
            }
            CopyTarget::Program { command: _ } => {
                let role = if to { Role::Sink } else { Role::Source };
                self.part.may |= Effect::CodeExec | Effect::NetEgress;
                self.place(TargetKind::Program, role);
            }
        }
        let streams = *target == CopyTarget::Stdout || *target == CopyTarget::Stdin;
        match source {
            CopySource::Table { table_name, columns } => {
                let Some(parts) = self.parts(table_name) else { return self.not_covered() };
                let mut level = Names::inside(names);
                let role = if to { Role::Source } else { Role::Sink };
                let relation = self.existing(parts, None, role);
                level.relations.push(relation);
                let list = if columns.is_empty() {
                    self.star(&level)
                } else {
                    let columns = columns.iter().map(|ident| {
                        let name = self.fold(ident);
                        let flow = self.column(std::slice::from_ref(ident), &level);
                        super::flow::Column { name, flow }
                    });
                    Some(std::rc::Rc::new(columns.collect()))
                };
                if to {
                    let outputs = if streams { self.outputs(list) } else { Outputs::None };
                    self.finish(Op::Stream, "COPY", Extent::All, outputs);
                } else {
                    self.part.may |= Effect::WriteData;
                    self.finish(Op::Create, "COPY", Extent::Unknown, Outputs::None);
                }
            }
            CopySource::Query(query) => {
                if !to {
                    self.not_covered();
                }
                self.via.push("copy");
                let rows = self.query(query, names, false);
                self.via.pop();
                self.by_words_into();
                let outputs = if streams { self.outputs(rows.columns) } else { Outputs::None };
                self.finish(Op::Stream, "COPY", rows.extent, outputs);
            }
        }
    }

    pub(super) fn place(&mut self, kind: TargetKind, role: Role) {
        let columns = crate::facts::Columns::Any;
        self.target(crate::facts::Target { kind, path: Path::dynamic(), role, columns });
    }

    /// EXPLAIN: with ANALYZE it runs; without, the planner runs what it takes for a constant: in
    /// PostgreSQL what reads, and what is not known; in MySQL any call, and sub-selects.
    fn explain(&mut self, runs: bool, statement: &Statement) {
        let before = self.actions.len();
        let session = self.session.len();
        let state = self.state.clone();
        self.via.push("explain");
        self.tree(statement);
        self.via.pop();
        if runs {
            // What comes back is the plan, with constants of the statement in it.
            for action in self.actions.iter_mut().skip(before) {
                action.outputs = Outputs::Opaque;
            }
            return;
        }
        *self.state = state;
        self.session.truncate(session);
        let held = self.actions.drain(before..).collect();
        self.planned(held);
    }

    /// Closes an EXPLAIN of these actions, which do not run.
    pub(super) fn planned(&mut self, held: Vec<Action>) {
        let unknown = self.reasons.contains(&Reason::UnknownFunction);
        let listed = self.setting.catalog.is_some_and(|catalog| !catalog.functions().is_empty());
        for action in held {
            if self.setting.dialect == Dialect::Duckdb {
                // Files are opened for the plan, to learn their columns.
                let opens = [Effect::FsRead, Effect::NetEgress, Effect::SecretRead];
                let opens = opens.into_iter().filter(|effect| action.may.contains(*effect));
                self.part.may |= opens.collect::<EffectSet>();
            }
            for target in action.targets {
                let kind = target.kind;
                if unknown && kind == TargetKind::Other {
                    self.object(kind, target.path);
                } else {
                    self.source(kind, target.path);
                }
            }
            for call in &action.calls {
                let name = call.rsplit('.').next().unwrap_or_default();
                if let Some(function) = functions::builtin(self.setting.dialect, name) {
                    self.part.may |= match self.is_mysql() {
                        true => function.may,
                        false => function.may.intersection(EffectSet::READING),
                    };
                }
                if listed
                    && self.setting.catalog.is_some_and(|catalog| {
                        catalog.functions_named(name, self.case()).next().is_some()
                    })
                {
                    self.part.may |= action.may;
                }
            }
            self.part.calls.extend(action.calls);
        }
        if unknown {
            self.part.may = EffectSet::ALL;
        }
        let may = self.part.may;
        self.finish(Op::Read, "EXPLAIN", Extent::Unknown, Outputs::Opaque);
        if let Some(action) = self.actions.last_mut() {
            action.may = may;
        }
    }

    fn prepare(&mut self, name: &Ident, statement: &Statement) {
        let name = self.fold(name);
        let text = self.find(0, "as").and_then(|at| self.text_from(at.saturating_add(1)));
        let text = text.map(str::to_owned);
        let state = self.state.clone();
        self.via.push("prepare");
        self.tree(statement);
        self.via.pop();
        // It has not run yet.
        *self.state = state;
        if let Some(prepared) = &mut self.state.session.to_mut().prepared {
            match text {
                Some(text) => prepared.insert(name.clone(), text),
                None => prepared.remove(&name),
            };
        }
        self.session.push(SessionDelta::Prepared(name));
    }

    pub(super) fn execute(&mut self, name: Option<String>) {
        let prepared = self.state.session.prepared.as_ref();
        let text = name.and_then(|name| prepared.and_then(|p| p.get(&name)).cloned());
        match text {
            Some(text) => {
                self.code(&text);
                self.finish(Op::Execute, "EXECUTE", Extent::Unknown, Outputs::Opaque);
            }
            None => {
                self.opaque(Reason::UnknownPrepared);
                self.part.may = EffectSet::ALL;
                self.finish(Op::Execute, "EXECUTE", Extent::Unknown, Outputs::Opaque);
            }
        }
    }

    fn declare(&mut self, declares: &[Declare], names: &Names<'_, 'a>) {
        for declare in declares {
            let Declare {
                names: cursors,
                data_type,
                assignment,
                declare_type,
                binary: _,
                sensitive: _,
                scroll: _,
                hold: _,
                for_query,
            } = declare;
            let (Some(DeclareType::Cursor), Some(query), [cursor]) =
                (declare_type, for_query, cursors.as_slice())
            else {
                self.not_covered();
                continue;
            };
            if data_type.is_some() || assignment.is_some() {
                self.not_covered();
            }
            self.via.push("declare_cursor");
            let rows = self.query(query, names, false);
            self.by_words_into();
            let outputs = Outputs::None;
            self.finish(Op::Read, "DECLARE", rows.extent, outputs);
            self.via.pop();
            let cursor = self.fold(cursor);
            let text = self.find(0, "for").and_then(|at| self.text_from(at.saturating_add(1)));
            let text = text.map(str::to_owned);
            if let (Some(open), Some(text)) = (&mut self.state.session.to_mut().cursors, text) {
                open.insert(cursor.clone(), text);
            }
            self.session.push(SessionDelta::Cursor(cursor));
        }
    }

    fn fetch(&mut self, name: &Ident, direction: &FetchDirection) {
        let count = |value: &Value| {
            if let Value::Number(digits, _) = value { digits.parse().ok() } else { None }
        };
        let extent = match direction {
            FetchDirection::Next
            | FetchDirection::Prior
            | FetchDirection::First
            | FetchDirection::Last
            | FetchDirection::Absolute { limit: _ }
            | FetchDirection::Relative { limit: _ } => Extent::One,
            FetchDirection::Count { limit } => count(&limit.value).map_or(Extent::Unknown, at_most),
            FetchDirection::Forward { limit } | FetchDirection::Backward { limit } => match limit {
                None => Extent::One,
                Some(limit) => count(&limit.value).map_or(Extent::Unknown, at_most),
            },
            FetchDirection::All | FetchDirection::ForwardAll | FetchDirection::BackwardAll => {
                Extent::All
            }
        };
        let name = self.fold(name);
        self.cursor_read("FETCH", &name, extent);
    }

    /// FETCH and MOVE run the cursor's query.
    pub(super) fn cursor_read(&mut self, verb: &str, name: &str, extent: Extent) {
        let cursors = self.state.session.cursors.as_ref();
        match cursors.and_then(|cursors| cursors.get(name)).cloned() {
            Some(text) => {
                self.code(&text);
                self.part.may |= Effect::ReadData;
            }
            None => {
                self.opaque(Reason::UnknownPrepared);
                self.part.may = EffectSet::ALL;
            }
        }
        self.finish(Op::Read, verb, extent, Outputs::Opaque);
    }
}

/// Whether an option's value is certainly "off".
fn is_off(value: &sqlparser::ast::Expr) -> bool {
    if let sqlparser::ast::Expr::Identifier(ident) = value {
        return ident.quote_style.is_none()
            && ["off", "false"].iter().any(|off| ident.value.eq_ignore_ascii_case(off));
    }
    if let sqlparser::ast::Expr::Value(value) = value {
        if let Value::Boolean(value) = value.value {
            return !value;
        }
        if let Value::Number(digits, _) = &value.value {
            return digits == "0";
        }
    }
    false
}
