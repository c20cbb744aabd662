//! CREATE, ALTER, DROP, COMMENT.

use sqlparser::ast::{
    AlterColumnOperation, AlterTable, AlterTableOperation, ColumnDef, ColumnOption, CommentObject,
    ConditionalStatements, CreateFunction, CreateFunctionBody, CreateTable, CreateTableLikeKind,
    CreateTrigger, CreateView, DataType, Expr, ForValues, FunctionArg, FunctionArgExpr,
    FunctionArguments, FunctionReturnType, FunctionSecurity, IndexColumn, ObjectName, ObjectType,
    OnCommit, OneOrManyWithParens, Partition, PartitionBoundValue, RenameTableNameKind, Statement,
    TableConstraint, Value, WrappedCollection,
};

use super::calls::text_literal;
use super::flow::Names;
use super::walk::Walk;
use crate::command::Dialect;
use crate::command::sql::TokenKind;
use crate::facts::{Effect, EffectSet, Op, Outputs, Path, Reason, Role, TargetKind};

impl<'a> Walk<'_, 'a> {
    /// Statements that define, change or remove things; and everything that the tables lack.
    pub(super) fn definition(&mut self, statement: &Statement, names: &Names<'_, 'a>) {
        match statement {
            Statement::CreateTable(table) => self.create_table(table, names),
            // Its words say all of it.
            Statement::CreateUser(_) if self.is_postgres() => self.by_head(),
            Statement::CreateUser(_) => self.not_covered(),
            Statement::CreateView(view) => self.create_view(view, names),
            Statement::CreateIndex(index) => {
                let mut level = Names::inside(names);
                let Some(parts) = self.parts(&index.table_name) else { return self.not_covered() };
                let relation = self.existing(parts, None, Role::Object);
                level.relations.push(relation);
                self.index_columns(&index.columns, &level);
                self.exprs(index.predicate.iter().chain(&index.with), &level);
                for option in &index.alter_options {
                    self.alter_operation(option, &level);
                }
                self.part.unresolved = true;
                if let Some(name) = &index.name {
                    let path = self.made(name, false);
                    self.object(TargetKind::Index, path);
                }
                self.define("CREATE INDEX", Effect::Schema | Effect::Availability);
            }
            Statement::CreateFunction(function) => self.create_function(function, names),
            Statement::CreateTrigger(trigger) => self.create_trigger(trigger, names),
            Statement::CreateVirtualTable { name, if_not_exists: _, module_name, module_args: _ } => {
                let path = self.made(name, false);
                self.object(TargetKind::Table, path);
                let module = self.fold(module_name);
                self.part.calls.insert(module.clone());
                let inert = ["fts3", "fts4", "fts5", "rtree", "rtree_i32", "geopoly", "dbstat"];
                if !inert.contains(&module.as_str()) {
                    self.unknown_function(Some(&module));
                }
                self.define("CREATE VIRTUAL TABLE", Effect::Schema.into());
            }
            Statement::CreateSchema {
                schema_name,
                or_replace: _,
                if_not_exists: _,
                with: None,
                options: None,
                default_collate_spec: None,
                clone: None,
            } => {
                use sqlparser::ast::SchemaName;
                let path = match schema_name {
                    SchemaName::Simple(name) | SchemaName::NamedAuthorization(name, _) => {
                        self.plain_path(name)
                    }
                    SchemaName::UnnamedAuthorization(role) => Path::exact([self.fold(role)]),
                };
                self.object(TargetKind::Schema, path);
                self.define("CREATE SCHEMA", Effect::Schema.into());
            }
            Statement::CreateDatabase { db_name, .. } => {
                let path = self.plain_path(db_name);
                self.object(TargetKind::Database, path);
                self.define("CREATE DATABASE", Effect::Schema | Effect::Availability);
            }
            Statement::CreateSequence {
                temporary,
                if_not_exists: _,
                name,
                data_type: _,
                sequence_options: _,
                owned_by: _,
            } => {
                let path = self.made(name, *temporary);
                self.object(TargetKind::Sequence, path);
                self.define("CREATE SEQUENCE", Effect::Schema.into());
            }
            Statement::CreateDomain(domain) => {
                self.exprs(&domain.default, names);
                for constraint in &domain.constraints {
                    self.constraint(constraint, names);
                }
                self.made_type(&domain.name, "CREATE DOMAIN");
            }
            Statement::CreateType { name, representation: _ } => {
                // The functions of a base type run on every value of it.
                self.part.may |= Effect::CodeExec | Effect::Persistence;
                self.made_type(name, "CREATE TYPE");
            }
            Statement::CreateCollation(collation) => {
                self.made_type(&collation.name, "CREATE COLLATION");
            }
            Statement::CreateTextSearch(search) => {
                self.made_type(&search.name, "CREATE TEXT SEARCH");
            }
            Statement::CreateOperator(operator) => {
                self.part.may |= Effect::CodeExec | Effect::Persistence;
                self.made_type(&operator.name, "CREATE OPERATOR");
            }
            Statement::CreateOperatorFamily(family) => {
                self.made_type(&family.name, "CREATE OPERATOR FAMILY");
            }
            Statement::CreateOperatorClass(class) => {
                self.part.may |= Effect::CodeExec | Effect::Persistence;
                self.made_type(&class.name, "CREATE OPERATOR CLASS");
            }
            Statement::CreateExtension(extension) => {
                let path = Path::exact([self.fold(&extension.name)]);
                self.object(TargetKind::Extension, path);
                let may = Effect::Schema | Effect::CodeExec | Effect::Persistence;
                self.define("CREATE EXTENSION", may);
            }
            Statement::CreateServer(server) => {
                let path = self.plain_path(&server.name);
                self.object(TargetKind::Host, path);
                let may = Effect::Schema | Effect::NetEgress | Effect::Persistence;
                self.define("CREATE SERVER", may);
            }
            Statement::CreateRole(_)
            | Statement::AlterRole { name: _, operation: _ }
            | Statement::CreatePolicy(_)
            | Statement::AlterPolicy(_)
            | Statement::DropPolicy(_)
            | Statement::Grant(_)
            | Statement::Revoke(_) => self.rights(statement, names),
            Statement::AlterTable(table) => self.alter_table(table, names),
            Statement::AlterIndex { name, operation: _ } => {
                let path = self.named(name).path;
                self.object(TargetKind::Index, path);
                self.define("ALTER INDEX", Effect::Schema.into());
            }
            Statement::AlterView { name, columns: _, query, with_options: _ } => {
                let path = self.named(name).path;
                self.object(TargetKind::Table, path);
                self.query(query, names, false);
                self.define("ALTER VIEW", Effect::Schema.into());
            }
            Statement::AlterSchema(schema) => {
                let path = self.plain_path(&schema.name);
                self.object(TargetKind::Schema, path);
                self.define("ALTER SCHEMA", Effect::Schema | Effect::Privilege);
            }
            Statement::AlterType(alter) => self.altered(&alter.name, "ALTER TYPE"),
            Statement::AlterCollation(alter) => self.altered(&alter.name, "ALTER COLLATION"),
            Statement::AlterOperator(alter) => self.altered(&alter.name, "ALTER OPERATOR"),
            Statement::AlterOperatorFamily(alter) => {
                self.altered(&alter.name, "ALTER OPERATOR FAMILY");
            }
            Statement::AlterOperatorClass(alter) => {
                self.altered(&alter.name, "ALTER OPERATOR CLASS");
            }
            Statement::AlterTextSearch(alter) => self.altered(&alter.name, "ALTER TEXT SEARCH"),
            Statement::AlterFunction(alter) => {
                let path = self.plain_path(&alter.function.name);
                self.object(TargetKind::Function, path);
                let may = Effect::Schema | Effect::Privilege;
                self.define("ALTER FUNCTION", may | Effect::CodeExec | Effect::Persistence);
            }
            Statement::Drop {
                object_type,
                if_exists: _,
                names: dropped,
                cascade,
                restrict: _,
                purge,
                temporary,
                table,
            } => {
                // Past the bin, or the session's own only.
                let _ = (purge, temporary);
                if let Some(table) = table {
                    let path = self.named(table).path;
                    self.object(TargetKind::Table, path);
                }
                self.drop_objects(*object_type, dropped, *cascade);
            }
            Statement::DropFunction(drop) => {
                let named = drop.func_desc.iter().map(|function| &function.name);
                self.dropped(TargetKind::Function, "DROP FUNCTION", named);
            }
            Statement::DropProcedure { if_exists: _, proc_desc, drop_behavior: _ } => {
                let named = proc_desc.iter().map(|function| &function.name);
                self.dropped(TargetKind::Function, "DROP PROCEDURE", named);
            }
            Statement::DropDomain(drop) => {
                self.dropped(TargetKind::Type, "DROP DOMAIN", std::iter::once(&drop.name));
            }
            Statement::DropTrigger(drop) => {
                if let Some(table) = &drop.table_name {
                    let path = self.named(table).path;
                    self.object(TargetKind::Table, path);
                }
                // Triggers keep audit tables.
                self.part.may |= Effect::AuditTamper;
                let name = std::iter::once(&drop.trigger_name);
                self.dropped(TargetKind::Trigger, "DROP TRIGGER", name);
            }
            Statement::DropExtension(drop) => {
                for name in &drop.names {
                    let path = Path::exact([self.fold(name)]);
                    self.object(TargetKind::Extension, path);
                }
                self.dynamic_target();
                self.dropped(TargetKind::Extension, "DROP EXTENSION", std::iter::empty());
            }
            Statement::DropOperator(drop) => {
                let named = drop.operators.iter().map(|operator| &operator.name);
                self.dropped(TargetKind::Other, "DROP OPERATOR", named);
            }
            Statement::DropOperatorFamily(drop) => {
                self.dropped(TargetKind::Other, "DROP OPERATOR FAMILY", drop.names.iter());
            }
            Statement::DropOperatorClass(drop) => {
                self.dropped(TargetKind::Other, "DROP OPERATOR CLASS", drop.names.iter());
            }
            Statement::Comment { object_type, object_name, comment: _, if_exists: _ } => {
                let kind = comment_kind(*object_type);
                let path = if kind == TargetKind::Table {
                    let mut parts = self.parts(object_name).unwrap_or_default();
                    if *object_type == CommentObject::Column {
                        parts.pop();
                    }
                    self.named_parts(parts).path
                } else {
                    self.plain_path(object_name)
                };
                self.object(kind, path);
                self.define("COMMENT", Effect::Schema.into());
            }
            // Handled before, by the caller.
            Statement::Query(_)
            | Statement::Insert(_)
            | Statement::Update(_)
            | Statement::Delete(_)
            | Statement::Merge(_)
            | Statement::Truncate(_)
            | Statement::Copy { .. }
            | Statement::Call(_)
            | Statement::Explain { .. }
            | Statement::ExplainTable { .. }
            | Statement::Prepare { .. }
            | Statement::Execute { .. }
            | Statement::Deallocate { .. }
            | Statement::Declare { .. }
            | Statement::Fetch { .. }
            | Statement::Close { .. }
            | Statement::Set(_)
            | Statement::Reset(_)
            | Statement::Discard { .. }
            | Statement::ShowVariable { .. }
            | Statement::StartTransaction { .. }
            | Statement::Commit { .. }
            | Statement::Rollback { .. }
            | Statement::Savepoint { .. }
            | Statement::ReleaseSavepoint { .. }
            | Statement::LISTEN { .. }
            | Statement::UNLISTEN { .. }
            | Statement::NOTIFY { .. }
            | Statement::Lock(_)
            | Statement::Analyze(_)
            | Statement::Vacuum(_)
            | Statement::Load { .. }
            | Statement::AttachDatabase { .. }
            // Of other servers.
            | Statement::CreateSchema { .. }
            | Statement::Msck(_)
            | Statement::Install { .. }
            | Statement::Directory { .. }
            | Statement::Case(_)
            | Statement::If(_)
            | Statement::While(_)
            | Statement::Raise(_)
            | Statement::CopyIntoSnowflake { .. }
            | Statement::Open(_)
            | Statement::CreateSecret { .. }
            | Statement::CreateConnector(_)
            | Statement::AlterConnector { .. }
            | Statement::AlterSession { .. }
            | Statement::AttachDuckDBDatabase { .. }
            | Statement::DetachDuckDBDatabase { .. }
            | Statement::DropSecret { .. }
            | Statement::DropConnector { .. }
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
            | Statement::CreateProcedure { .. }
            | Statement::CreateMacro { .. }
            | Statement::CreateStage { .. }
            | Statement::CreateFileFormat { .. }
            | Statement::CreateWarehouse(_)
            | Statement::Assert { .. }
            | Statement::Deny(_)
            | Statement::Kill { .. }
            | Statement::Cache { .. }
            | Statement::UNCache { .. }
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
            | Statement::AlterUser(_) => self.not_covered(),
        }
    }

    pub(super) fn define(&mut self, verb: &str, may: EffectSet) {
        self.part.may |= may;
        let op = if self.gives_away() { Op::Grant } else { Op::Define };
        self.finish_plain(op, verb);
    }

    /// Whether the statement only gives a thing to another owner: `ALTER … OWNER TO x`.
    pub(super) fn gives_away(&self) -> bool {
        let at = self.tokens.len().saturating_sub(3);
        self.word(0) == "alter" && self.after(at, &["owner", "to"]).is_some()
    }

    fn made_type(&mut self, name: &ObjectName, verb: &str) {
        let path = self.made(name, false);
        self.object(TargetKind::Type, path);
        self.define(verb, Effect::Schema.into());
    }

    fn altered(&mut self, name: &ObjectName, verb: &str) {
        let path = self.plain_path(name);
        self.object(TargetKind::Type, path);
        self.define(verb, Effect::Schema | Effect::Privilege);
    }

    fn create_table(&mut self, table: &CreateTable, names: &Names<'_, 'a>) {
        let alters =
            self.setting.dialect == Dialect::Snowflake && self.after(1, &["or", "alter"]).is_some();
        if table.or_replace || alters {
            // What stood there is gone, or the columns that are not listed.
            self.part.may |= Effect::Destroy | Effect::WriteData;
        }
        // Tables that hold what another holds, in Snowflake and BigQuery.
        let clones = matches!(self.setting.dialect, Dialect::Snowflake | Dialect::Bigquery)
            && !table.external;
        let located = table.location.as_deref().or_else(|| {
            table.hive_formats.as_ref().and_then(|formats| formats.location.as_deref())
        });
        let engines = self.engine_of_table(located);
        let foreign = (table.clone.is_some() || table.version.is_some()) && !clones
            || table.with_connection.is_some()
            || !engines && (table.external || located.is_some());
        if foreign {
            self.not_covered();
        }
        if self.is_mysql() {
            self.mysql_table_options();
        }
        let mut level = Names::inside(names);
        level.unsure = true;
        if table.dynamic {
            // Its query runs again and again.
            self.part.may |= Effect::WriteData | Effect::Persistence;
        }
        if table.iceberg || table.external_volume.is_some() || table.base_location.is_some() {
            self.part.may |= Effect::NetEgress | Effect::FsRead | Effect::FsWrite;
        }
        if let Some(name) = &table.clone {
            self.part.may |= Effect::WriteData;
            match self.parts(name) {
                Some(parts) => {
                    self.existing(parts, None, Role::Source);
                }
                None => self.source(TargetKind::Table, Path::dynamic()),
            }
            self.version(table.version.as_ref(), &level, &mut super::flow::Origin::NONE.clone());
        }
        for column in &table.columns {
            self.column_definition(column, &level);
        }
        for constraint in &table.constraints {
            self.constraint(constraint, &level);
        }
        self.arrangement(table, &level);
        match &table.for_values {
            None | Some(ForValues::Default | ForValues::With { modulus: _, remainder: _ }) => {}
            Some(ForValues::In(values)) => {
                self.exprs(values, &level);
            }
            Some(ForValues::From { from, to }) => {
                for bound in from.iter().chain(to) {
                    match bound {
                        PartitionBoundValue::Expr(expr) => {
                            self.expr(expr, &level);
                        }
                        PartitionBoundValue::MinValue | PartitionBoundValue::MaxValue => {}
                    }
                }
            }
        }
        match &table.like {
            None => {}
            Some(CreateTableLikeKind::Parenthesized(like) | CreateTableLikeKind::Plain(like)) => {
                let path = self.named(&like.name).path;
                self.object(TargetKind::Table, path);
            }
        }
        self.liked();
        for parent in table.inherits.iter().flatten().chain(&table.partition_of) {
            let path = self.named(parent).path;
            self.object(TargetKind::Table, path);
        }
        self.part.may |= Effect::Schema;
        let filled = table.query.as_ref().map(|query| self.query(query, names, false));
        let path = self.made(&table.name, table.temporary);
        if table.temporary {
            let name = super::names::last(&path).to_owned();
            self.temp_table(name);
            // Outside a transaction it is gone with this very statement.
            if matches!(table.on_commit, Some(OnCommit::Drop)) {
                self.state.session.to_mut().temp_tables = None;
            }
        }
        self.sink(TargetKind::Table, path);
        match filled {
            None => {
                self.part.unresolved = true;
                self.finish_plain(Op::Define, "CREATE TABLE");
            }
            Some(rows) => {
                self.part.may |= Effect::WriteData;
                self.finish(Op::Define, "CREATE TABLE AS", rows.extent, Outputs::None);
            }
        }
    }

    /// `CREATE TABLE t (a int, LIKE other)`: the parser takes it for a column `LIKE`.
    fn liked(&mut self) {
        if !self.is_postgres() {
            return;
        }
        let mut depth = 0_usize;
        for at in 0..self.tokens.len() {
            match self.kind(at) {
                Some(TokenKind::Open) => depth = depth.saturating_add(1),
                Some(TokenKind::Close) => depth = depth.saturating_sub(1),
                _ => {}
            }
            let before = at.checked_sub(1).and_then(|before| self.kind(before));
            let begins = matches!(before, Some(TokenKind::Open | TokenKind::Comma));
            if depth == 1
                && begins
                && self.word(at) == "like"
                && let Some((parts, _)) = self.name_at(at.saturating_add(1))
            {
                let path = self.named_parts(parts).path;
                self.object(TargetKind::Table, path);
            }
        }
    }

    /// How rows are laid out: expressions that run for every row.
    fn arrangement(&mut self, table: &CreateTable, names: &Names<'_, 'a>) {
        for expr in table.partition_by.iter().chain(&table.primary_key) {
            self.laid_out(expr, names);
        }
        for expr in table.distkey.iter().chain(table.sortkey.iter().flatten()) {
            self.expr(expr, names);
        }
        match &table.order_by {
            None => {}
            Some(OneOrManyWithParens::One(expr)) => self.laid_out(expr, names),
            Some(OneOrManyWithParens::Many(exprs)) => {
                self.exprs(exprs, names);
            }
        }
        match &table.cluster_by {
            None => {}
            Some(WrappedCollection::NoWrapping(exprs) | WrappedCollection::Parentheses(exprs)) => {
                self.exprs(exprs, names);
            }
        }
    }

    /// `RANGE (a, f(b))` looks like a call.
    fn laid_out(&mut self, expr: &Expr, names: &Names<'_, 'a>) {
        if let Expr::Function(function) = expr
            && let FunctionArguments::List(list) = &function.args
            && let Some([kind]) = self.parts(&function.name).as_deref()
            && LAYOUTS.contains(&kind.as_str())
        {
            for arg in &list.args {
                self.argument(arg, names);
            }
        } else {
            self.expr(expr, names);
        }
    }

    /// Defaults, checks and generated columns hold expressions that will run.
    fn column_definition(&mut self, column: &ColumnDef, names: &Names<'_, 'a>) {
        for option in &column.options {
            self.column_option(&option.option, names);
        }
    }

    fn column_option(&mut self, option: &ColumnOption, names: &Names<'_, 'a>) {
        match option {
            ColumnOption::Default(expr)
            | ColumnOption::Materialized(expr)
            | ColumnOption::Alias(expr)
            | ColumnOption::OnUpdate(expr) => {
                self.expr(expr, names);
            }
            ColumnOption::Check(check) => {
                self.expr(&check.expr, names);
            }
            ColumnOption::Ephemeral(expr) => {
                self.exprs(expr, names);
            }
            ColumnOption::Srid(expr) => {
                self.expr(expr, names);
            }
            ColumnOption::Generated {
                generated_as: _,
                sequence_options: _,
                generation_expr,
                generation_expr_mode: _,
                generated_keyword: _,
            } => {
                self.exprs(generation_expr, names);
            }
            ColumnOption::Null
            | ColumnOption::NotNull
            | ColumnOption::PrimaryKey(_)
            | ColumnOption::Unique(_)
            | ColumnOption::DialectSpecific(_)
            | ColumnOption::CharacterSet(_)
            | ColumnOption::Collation(_)
            | ColumnOption::Comment(_)
            | ColumnOption::OnConflict(_)
            | ColumnOption::Invisible => {}
            ColumnOption::ForeignKey(key) => {
                let path = self.named(&key.foreign_table).path;
                self.object(TargetKind::Table, path);
            }
            // Numbers, names and texts.
            ColumnOption::Identity(_) | ColumnOption::Policy(_) | ColumnOption::Tags(_) => {}
            ColumnOption::Options(options) => {
                for option in options {
                    if let sqlparser::ast::SqlOption::KeyValue { key: _, value } = option {
                        self.expr(value, names);
                    }
                }
            }
        }
    }

    fn constraint(&mut self, constraint: &TableConstraint, names: &Names<'_, 'a>) {
        match constraint {
            TableConstraint::Check(check) => {
                self.expr(&check.expr, names);
            }
            TableConstraint::Exclude(exclude) => {
                for element in &exclude.elements {
                    self.sort_key(&element.column.column, names);
                }
                if let Some(condition) = &exclude.where_clause {
                    self.expr(condition, names);
                }
            }
            TableConstraint::Unique(unique) => self.index_columns(&unique.columns, names),
            TableConstraint::PrimaryKey(key) => self.index_columns(&key.columns, names),
            TableConstraint::ForeignKey(key) => {
                let path = self.named(&key.foreign_table).path;
                self.object(TargetKind::Table, path);
            }
            TableConstraint::PrimaryKeyUsingIndex(_) | TableConstraint::UniqueUsingIndex(_) => {}
            TableConstraint::Index(index) => self.index_columns(&index.columns, names),
            TableConstraint::FulltextOrSpatial(index) => self.index_columns(&index.columns, names),
        }
    }

    /// What an index is made of: columns, expressions, and in MySQL the first characters of a
    /// column, which look like a call: `name(20)`.
    fn index_columns(&mut self, columns: &[IndexColumn], names: &Names<'_, 'a>) {
        let prefixes = self.is_mysql();
        for column in columns {
            let prefix = prefixes && is_prefix(&column.column.expr);
            if !prefix {
                self.sort_key(&column.column, names);
            }
        }
    }

    fn create_view(&mut self, view: &CreateView, names: &Names<'_, 'a>) {
        if view.to.is_some() || view.or_alter {
            self.not_covered();
        }
        self.via.push("create_view");
        let rows = self.query(&view.query, names, false);
        self.via.pop();
        let path = self.made(&view.name, view.temporary);
        if view.temporary {
            let name = super::names::last(&path).to_owned();
            self.temp_table(name);
            if self.is_postgres() {
                // A change of it is one of the table behind it: its name says nothing.
                self.state.session.to_mut().temp_tables = None;
            }
        }
        self.sink(TargetKind::Table, path);
        self.part.may |= Effect::Schema;
        if view.materialized {
            self.part.may |= Effect::WriteData;
        }
        let verb = if view.materialized { "CREATE MATERIALIZED VIEW" } else { "CREATE VIEW" };
        self.finish(Op::Define, verb, rows.extent, Outputs::None);
    }

    fn create_function(&mut self, function: &CreateFunction, names: &Names<'_, 'a>) {
        let bigquery = self.setting.dialect == Dialect::Bigquery;
        let foreign = function.or_alter
            || (function.temporary && !bigquery)
            || function.using.is_some()
            || (function.options.is_some() && !bigquery);
        if foreign {
            self.not_covered();
        }
        if function.remote_connection.is_some() {
            // What it is called with goes to another service.
            self.part.may |= Effect::NetEgress;
        }
        let path = self.made(&function.name, false);
        self.object(TargetKind::Function, path);
        self.state.shadowed = true;
        for arg in function.args.iter().flatten() {
            self.exprs(&arg.default_expr, names);
        }
        let named = function.args.iter().flatten().filter_map(|arg| arg.name.as_ref());
        let mut arguments: Vec<String> = named.map(|name| self.fold(name)).collect();
        if let Some(FunctionReturnType::DataType(DataType::Table(Some(columns)))) =
            &function.return_type
        {
            arguments.extend(columns.iter().map(|column| self.fold(&column.name)));
        }
        let language = function.language.as_ref().map(|language| self.fold(language));
        match &function.function_body {
            None => self.foreign_code(0),
            Some(
                CreateFunctionBody::AsBeforeOptions { body, link_symbol: None }
                | CreateFunctionBody::AsAfterOptions(body),
            ) => match (language.as_deref(), text_literal(body)) {
                (None | Some("sql"), None) if bigquery => {
                    let mut level = Names::inside(names);
                    level.unsure = true;
                    self.expr(body, &level);
                }
                (Some("sql"), Some(text)) => {
                    self.with_variables(arguments.iter(), |walk| walk.code(text));
                }
                (Some("plpgsql"), Some(text)) if self.is_postgres() => {
                    self.plpgsql(text, &arguments);
                }
                (_, text) => self.foreign_code(text.map_or(0, str::len)),
            },
            Some(CreateFunctionBody::AsBeforeOptions { body: _, link_symbol: Some(_) }) => {
                self.foreign_code(0);
            }
            Some(CreateFunctionBody::Return(body) | CreateFunctionBody::AsReturnExpr(body)) => {
                let mut level = Names::inside(names);
                level.unsure = true;
                self.expr(body, &level);
            }
            Some(CreateFunctionBody::AsBeginEnd(_) | CreateFunctionBody::AsReturnSelect(_)) => {
                self.not_covered()
            }
        }
        match function.security {
            Some(FunctionSecurity::Definer) => self.part.may |= Effect::Privilege,
            Some(FunctionSecurity::Invoker) | None => {}
        }
        let may = Effect::Schema | Effect::CodeExec | Effect::Persistence;
        self.define("CREATE FUNCTION", may);
    }

    fn create_trigger(&mut self, trigger: &CreateTrigger, names: &Names<'_, 'a>) {
        if trigger.or_alter || trigger.statements_as {
            self.not_covered();
        }
        let mut level = Names::inside(names);
        level.unsure = true;
        if let Some(condition) = &trigger.condition {
            self.expr(condition, &level);
        }
        let table = self.named(&trigger.table_name).path;
        self.object(TargetKind::Table, table);
        if let Some(other) = &trigger.referenced_table_name {
            let path = self.named(other).path;
            self.object(TargetKind::Table, path);
        }
        let path = self.plain_path(&trigger.name);
        self.object(TargetKind::Trigger, path);
        if let Some(body) = &trigger.exec_body {
            let parts = self.parts(&body.func_desc.name).unwrap_or_default();
            self.part.calls.insert(Path::exact(parts).to_string());
        }
        let may = Effect::Schema | Effect::CodeExec | Effect::Persistence;
        self.define("CREATE TRIGGER", may);
        match &trigger.statements {
            None => {}
            Some(ConditionalStatements::Sequence { statements }) => self.later(statements),
            Some(ConditionalStatements::BeginEnd(block)) => self.later(&block.statements),
        }
    }

    /// The statements of a trigger, which run later.
    fn later(&mut self, statements: &[Statement]) {
        self.via.push("create_trigger");
        for statement in statements {
            self.tree(statement);
        }
        self.via.pop();
    }

    fn alter_table(&mut self, table: &AlterTable, names: &Names<'_, 'a>) {
        if table.location.is_some() || table.on_cluster.is_some() || table.table_type.is_some() {
            self.not_covered();
        }
        let Some(parts) = self.parts(&table.name) else { return self.not_covered() };
        let mut level = Names::inside(names);
        let relation = self.existing(parts, None, Role::Object);
        level.relations.push(relation);
        level.unsure = true;
        self.part.unresolved = true;
        let mut only_owner = !table.operations.is_empty();
        for operation in &table.operations {
            only_owner &= self.alter_operation(operation, &level);
        }
        if only_owner {
            self.finish_plain(Op::Grant, "ALTER TABLE");
        } else {
            self.define("ALTER TABLE", Effect::Schema.into());
        }
    }

    /// One clause of ALTER TABLE; the answer is whether it only gives the table to someone else.
    fn alter_operation(&mut self, operation: &AlterTableOperation, names: &Names<'_, 'a>) -> bool {
        match operation {
            AlterTableOperation::OwnerTo { new_owner: _ } => {
                self.part.may |= Effect::Privilege;
                return true;
            }
            AlterTableOperation::AddConstraint { constraint, not_valid: _ } => {
                self.constraint(constraint, names);
            }
            AlterTableOperation::AddColumn {
                column_keyword: _,
                if_not_exists: _,
                column_def,
                column_position: _,
            } => self.column_definition(column_def, names),
            AlterTableOperation::DropConstraint { if_exists: _, name: _, drop_behavior: _ }
            | AlterTableOperation::DropColumn {
                has_column_keyword: _,
                column_names: _,
                if_exists: _,
                drop_behavior: _,
            }
            | AlterTableOperation::DropPrimaryKey { drop_behavior: _ }
            | AlterTableOperation::DropForeignKey { name: _, drop_behavior: _ } => {
                self.part.may |= Effect::Destroy;
            }
            AlterTableOperation::DisableRowLevelSecurity
            | AlterTableOperation::EnableRowLevelSecurity
            | AlterTableOperation::ForceRowLevelSecurity
            | AlterTableOperation::NoForceRowLevelSecurity => {
                self.part.may |= Effect::Privilege;
            }
            AlterTableOperation::DisableRule { name: _ }
            | AlterTableOperation::DisableTrigger { name: _ }
            | AlterTableOperation::EnableAlwaysRule { name: _ }
            | AlterTableOperation::EnableAlwaysTrigger { name: _ }
            | AlterTableOperation::EnableReplicaRule { name: _ }
            | AlterTableOperation::EnableReplicaTrigger { name: _ }
            | AlterTableOperation::EnableRule { name: _ }
            | AlterTableOperation::EnableTrigger { name: _ } => {
                self.part.may |= Effect::Persistence | Effect::AuditTamper;
            }
            AlterTableOperation::ReplicaIdentity { identity: _ }
            | AlterTableOperation::RenameColumn { old_column_name: _, new_column_name: _ }
            | AlterTableOperation::RenameConstraint { old_name: _, new_name: _ }
            | AlterTableOperation::ValidateConstraint { name: _ }
            | AlterTableOperation::SetLogged
            | AlterTableOperation::SetUnlogged
            | AlterTableOperation::SetOptionsParens { options: _ } => {
                self.part.may |= Effect::Availability;
            }
            AlterTableOperation::AlterColumn { column_name: _, op } => match op {
                AlterColumnOperation::SetNotNull
                | AlterColumnOperation::DropNotNull
                | AlterColumnOperation::DropDefault
                | AlterColumnOperation::AddGenerated { generated_as: _, sequence_options: _ } => {}
                AlterColumnOperation::SetDefault { value } => {
                    self.expr(value, names);
                }
                AlterColumnOperation::SetDataType { data_type: _, using, had_set: _ } => {
                    // Values are converted in place, and what does not fit is lost.
                    self.part.may |= Effect::WriteData | Effect::Destroy;
                    self.exprs(using, names);
                }
            },
            // Snowflake's MODIFY, in which the parser reads a type: also policies of a column.
            AlterTableOperation::ModifyColumn { .. }
                if self.setting.dialect == Dialect::Snowflake =>
            {
                self.head_only();
                self.part.may |= Effect::WriteData | Effect::Destroy;
                self.part.may |= Effect::Privilege | Effect::AuditTamper;
                self.dynamic_target();
            }
            AlterTableOperation::RenameTable { table_name } => {
                self.part.may |= Effect::Availability;
                let (RenameTableNameKind::To(name) | RenameTableNameKind::As(name)) = table_name;
                let path = self.named(name).path;
                self.object(TargetKind::Table, path);
            }
            AlterTableOperation::ChangeColumn {
                old_name: _,
                new_name: _,
                data_type: _,
                options,
                column_position: _,
            }
            | AlterTableOperation::ModifyColumn {
                col_name: _,
                data_type: _,
                options,
                column_position: _,
            } => {
                // Values are converted in place, and what does not fit is lost.
                self.part.may |= Effect::WriteData | Effect::Destroy;
                for option in options {
                    self.column_option(option, names);
                }
            }
            AlterTableOperation::DropIndex { name: _ }
            | AlterTableOperation::Algorithm { equals: _, algorithm: _ }
            | AlterTableOperation::Lock { equals: _, lock: _ }
            | AlterTableOperation::AutoIncrement { equals: _, value: _ }
            | AlterTableOperation::DropClusteringKey
            | AlterTableOperation::SuspendRecluster
            | AlterTableOperation::ResumeRecluster
            | AlterTableOperation::Suspend
            | AlterTableOperation::Resume
            | AlterTableOperation::SetTblProperties { table_properties: _ } => {
                self.part.may |= Effect::Availability;
            }
            AlterTableOperation::ClusterBy { exprs }
            | AlterTableOperation::AlterSortKey { columns: exprs } => {
                self.part.may |= Effect::Availability;
                self.exprs(exprs, names);
            }
            AlterTableOperation::AddPartitions { if_not_exists: _, new_partitions } => {
                for partition in new_partitions {
                    self.partition(partition, names);
                }
            }
            AlterTableOperation::DropPartitions { partitions, if_exists: _ } => {
                self.part.may |= Effect::WriteData | Effect::Destroy;
                self.exprs(partitions, names);
            }
            AlterTableOperation::RenamePartitions { old_partitions, new_partitions } => {
                self.part.may |= Effect::Availability;
                self.exprs(old_partitions.iter().chain(new_partitions), names);
            }
            AlterTableOperation::AttachPartition { partition } => {
                self.part.may |= Effect::WriteData;
                self.partition(partition, names);
            }
            AlterTableOperation::DetachPartition { partition } => {
                self.part.may |= Effect::WriteData | Effect::Destroy;
                self.partition(partition, names);
            }
            AlterTableOperation::FreezePartition { partition, with_name: _ }
            | AlterTableOperation::UnfreezePartition { partition, with_name: _ } => {
                self.part.may |= Effect::FsWrite;
                self.partition(partition, names);
            }
            AlterTableOperation::SwapWith { table_name } => {
                self.part.may |= Effect::WriteData | Effect::Destroy;
                let path = self.named(table_name).path;
                self.object(TargetKind::Table, path);
            }
            // It reads files anew from wherever the table lies.
            AlterTableOperation::Refresh { subpath: _ } => {
                self.part.may |= Effect::NetEgress | Effect::FsRead;
            }
            AlterTableOperation::AddProjection { if_not_exists: _, name: _, select: _ } => {
                self.not_covered();
            }
            AlterTableOperation::DropProjection { if_exists: _, name: _ }
            | AlterTableOperation::MaterializeProjection { if_exists: _, name: _, partition: _ }
            | AlterTableOperation::ClearProjection { if_exists: _, name: _, partition: _ } => {
                self.part.may |= Effect::Availability;
            }
        }
        false
    }

    fn partition(&mut self, partition: &Partition, names: &Names<'_, 'a>) {
        match partition {
            Partition::Identifier(_) => {}
            Partition::Expr(expr) | Partition::Part(expr) => {
                self.expr(expr, names);
            }
            Partition::Partitions(exprs) => {
                self.exprs(exprs, names);
            }
        }
    }

    fn drop_objects(&mut self, kind: ObjectType, names: &[ObjectName], cascade: bool) {
        let (kind, verb) = match kind {
            ObjectType::Table => (TargetKind::Table, "DROP TABLE"),
            ObjectType::View => (TargetKind::Table, "DROP VIEW"),
            ObjectType::MaterializedView => (TargetKind::Table, "DROP MATERIALIZED VIEW"),
            ObjectType::Index => (TargetKind::Index, "DROP INDEX"),
            ObjectType::Schema => (TargetKind::Schema, "DROP SCHEMA"),
            ObjectType::Database => (TargetKind::Database, "DROP DATABASE"),
            ObjectType::Sequence => (TargetKind::Sequence, "DROP SEQUENCE"),
            ObjectType::Type => (TargetKind::Type, "DROP TYPE"),
            ObjectType::Collation => (TargetKind::Type, "DROP COLLATION"),
            ObjectType::Role | ObjectType::User => {
                self.part.may |= Effect::Privilege;
                (TargetKind::Role, "DROP ROLE")
            }
            ObjectType::Stage | ObjectType::Stream | ObjectType::Warehouse => {
                return self.not_covered();
            }
        };
        if cascade {
            self.dynamic_target();
        }
        self.dropped(kind, verb, names.iter());
    }

    fn dropped<'n>(
        &mut self,
        kind: TargetKind,
        verb: &str,
        names: impl Iterator<Item = &'n ObjectName>,
    ) {
        for name in names {
            let path = if kind == TargetKind::Table {
                self.named(name).path
            } else {
                self.plain_path(name)
            };
            self.object(kind, path);
        }
        self.part.may |= Effect::Schema | Effect::Destroy;
        self.finish_plain(Op::Destroy, verb);
    }

    /// An expression of a definition, in which names mean what is being defined.
    pub(super) fn defined_expr(&mut self, expr: &Expr, names: &Names<'_, 'a>) {
        let mut level = Names::inside(names);
        level.unsure = true;
        self.expr(expr, &level);
    }

    /// A statement that is understood by its first words only.
    pub(super) fn head_only(&mut self) {
        self.partial(Reason::HeadOnly);
    }
}

/// Ways of spreading rows over partitions.
const LAYOUTS: &[&str] = &["range", "list", "hash", "key", "linear", "tuple", "columns"];

/// Whether an expression is the name of a column and a number of characters.
fn is_prefix(expr: &Expr) -> bool {
    let Expr::Function(function) = expr else { return false };
    let FunctionArguments::List(list) = &function.args else { return false };
    let [FunctionArg::Unnamed(FunctionArgExpr::Expr(Expr::Value(value)))] = list.args.as_slice()
    else {
        return false;
    };
    function.name.0.len() == 1 && matches!(value.value, Value::Number(_, _))
}

const fn comment_kind(object: CommentObject) -> TargetKind {
    match object {
        CommentObject::Table
        | CommentObject::View
        | CommentObject::MaterializedView
        | CommentObject::Column => TargetKind::Table,
        CommentObject::Database => TargetKind::Database,
        CommentObject::Extension => TargetKind::Extension,
        CommentObject::Function | CommentObject::Procedure => TargetKind::Function,
        CommentObject::Index => TargetKind::Index,
        CommentObject::Role | CommentObject::User => TargetKind::Role,
        CommentObject::Schema => TargetKind::Schema,
        CommentObject::Sequence => TargetKind::Sequence,
        CommentObject::Domain | CommentObject::Type | CommentObject::Collation => TargetKind::Type,
    }
}
