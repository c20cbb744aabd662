//! Views, functions and triggers: what they hold runs later.

use sqlparser::ast::{
    ConditionalStatements, CreateFunction, CreateFunctionBody, CreateTrigger, CreateView, DataType,
    FunctionReturnType, FunctionSecurity, Statement,
};

use crate::command::Dialect;
use crate::facts::sql::calls::text_literal;
use crate::facts::sql::flow::Names;
use crate::facts::sql::walk::Walk;
use crate::facts::{Effect, Op, Outputs, Path, TargetKind};

impl<'a> Walk<'_, 'a> {
    pub(super) fn create_view(&mut self, view: &CreateView, names: &Names<'_, 'a>) {
        if view.to.is_some() || view.or_alter {
            self.not_covered();
        }
        self.via.push("create_view");
        let rows = self.query(&view.query, names, false);
        self.via.pop();
        let path = self.made(&view.name, view.temporary);
        if view.temporary {
            let name = crate::facts::sql::names::last(&path).to_owned();
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

    pub(super) fn create_function(&mut self, function: &CreateFunction, names: &Names<'_, 'a>) {
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

    pub(super) fn create_trigger(&mut self, trigger: &CreateTrigger, names: &Names<'_, 'a>) {
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
    pub(super) fn later(&mut self, statements: &[Statement]) {
        self.via.push("create_trigger");
        for statement in statements {
            self.tree(statement);
        }
        self.via.pop();
    }
}
