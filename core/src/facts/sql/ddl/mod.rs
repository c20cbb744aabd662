//! CREATE, ALTER, DROP, COMMENT.

mod alter;
mod code;
mod table;

use sqlparser::ast::{
    CommentObject, Expr, ObjectName, ObjectType, Statement, UserDefinedTypeRepresentation,
};

use super::flow::Names;
use super::walk::Walk;
use crate::facts::{Effect, EffectSet, Op, Path, Reason, Role, TargetKind};

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
            Statement::CreateType { name, representation } => {
                if !matches!(representation, Some(UserDefinedTypeRepresentation::Enum { .. })) {
                    // The functions of a base type run on every value of it.
                    self.part.may |= Effect::CodeExec | Effect::Persistence;
                }
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
