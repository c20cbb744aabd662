//! CREATE TABLE and CREATE INDEX: columns, constraints, where rows lie.

use sqlparser::ast::{
    ColumnDef, ColumnOption, CreateTable, CreateTableLikeKind, Expr, ForValues, FunctionArg,
    FunctionArgExpr, FunctionArguments, IndexColumn, OnCommit, OneOrManyWithParens,
    PartitionBoundValue, TableConstraint, Value, WrappedCollection,
};

use crate::command::Dialect;
use crate::command::sql::TokenKind;
use crate::facts::sql::flow::Names;
use crate::facts::sql::walk::Walk;
use crate::facts::{Effect, Op, Outputs, Path, Role, TargetKind};

impl<'a> Walk<'_, 'a> {
    pub(super) fn create_table(&mut self, table: &CreateTable, names: &Names<'_, 'a>) {
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
            self.version(
                table.version.as_ref(),
                &level,
                &mut crate::facts::sql::flow::Origin::NONE.clone(),
            );
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
            let name = crate::facts::sql::names::last(&path).to_owned();
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
    pub(super) fn liked(&mut self) {
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
    pub(super) fn arrangement(&mut self, table: &CreateTable, names: &Names<'_, 'a>) {
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
    pub(super) fn laid_out(&mut self, expr: &Expr, names: &Names<'_, 'a>) {
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
    pub(super) fn column_definition(&mut self, column: &ColumnDef, names: &Names<'_, 'a>) {
        for option in &column.options {
            self.column_option(&option.option, names);
        }
    }

    pub(super) fn column_option(&mut self, option: &ColumnOption, names: &Names<'_, 'a>) {
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

    pub(super) fn constraint(&mut self, constraint: &TableConstraint, names: &Names<'_, 'a>) {
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
    pub(super) fn index_columns(&mut self, columns: &[IndexColumn], names: &Names<'_, 'a>) {
        let prefixes = self.is_mysql();
        for column in columns {
            let prefix = prefixes && is_prefix(&column.column.expr);
            if !prefix {
                self.sort_key(&column.column, names);
            }
        }
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
