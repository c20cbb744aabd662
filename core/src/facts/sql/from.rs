//! FROM: tables, views, common table expressions, derived tables, functions, joins.

use std::rc::Rc;

use sqlparser::ast::{
    Expr, Join, JoinConstraint, JoinOperator, PivotValueSource, TableAlias, TableFactor,
    TableFunctionArgs, TableSampleKind, TableVersion, TableWithJoins, XmlTableColumnOption,
};

use super::flow::{Cte, Names, Origin, Relation, Shape};
use super::nested;
use super::query::alias_columns;
use super::walk::{Walk, wider};
use crate::command::Dialect;
use crate::facts::{Columns, Extent, Path, Reason, Role, Segment, Target, TargetKind};

impl<'a> Walk<'_, 'a> {
    /// Walks a FROM clause into `level`; the answer is its reach before any WHERE.
    pub(super) fn from(
        &mut self,
        from: &[TableWithJoins],
        level: &mut Names<'_, 'a>,
        depends: &mut Origin,
    ) -> Extent {
        let mut extent = None;
        for tables in from {
            let own = self.table_with_joins(tables, level, depends);
            extent = Some(match extent {
                None => own,
                Some(extent) => product(extent, own),
            });
        }
        extent.unwrap_or(Extent::One)
    }

    fn table_with_joins(
        &mut self,
        tables: &TableWithJoins,
        level: &mut Names<'_, 'a>,
        depends: &mut Origin,
    ) -> Extent {
        let mut extent = self.factor(&tables.relation, level, depends);
        for join in &tables.joins {
            let Join { relation, global, join_operator } = join;
            // ClickHouse's GLOBAL says where it is computed.
            let _ = global;
            let own = self.factor(relation, level, depends);
            extent = product(extent, own);
            self.join(join_operator, level, depends);
        }
        extent
    }

    fn join(&mut self, join: &JoinOperator, level: &mut Names<'_, 'a>, depends: &mut Origin) {
        let constraint = match join {
            JoinOperator::Join(constraint)
            | JoinOperator::Inner(constraint)
            | JoinOperator::Left(constraint)
            | JoinOperator::LeftOuter(constraint)
            | JoinOperator::Right(constraint)
            | JoinOperator::RightOuter(constraint)
            | JoinOperator::FullOuter(constraint)
            | JoinOperator::StraightJoin(constraint)
            | JoinOperator::CrossJoin(constraint) => constraint,
            // One side only decides, and is not part of what comes out.
            JoinOperator::Semi(constraint)
            | JoinOperator::LeftSemi(constraint)
            | JoinOperator::RightSemi(constraint)
            | JoinOperator::Anti(constraint)
            | JoinOperator::LeftAnti(constraint)
            | JoinOperator::RightAnti(constraint) => {
                level.merged = true;
                constraint
            }
            JoinOperator::AsOf { match_condition, constraint } => {
                depends.add(&self.condition(match_condition, level));
                constraint
            }
            JoinOperator::CrossApply | JoinOperator::OuterApply => return,
            // What is joined is a column, and no table of its own.
            JoinOperator::ArrayJoin
            | JoinOperator::LeftArrayJoin
            | JoinOperator::InnerArrayJoin => {
                level.merged = true;
                self.part.unresolved = true;
                *depends = Origin::Any;
                return;
            }
        };
        match constraint {
            JoinConstraint::On(condition) => depends.add(&self.condition(condition, level)),
            JoinConstraint::Using(_) | JoinConstraint::Natural => {
                level.merged = true;
                self.part.unresolved = true;
                *depends = Origin::Any;
            }
            JoinConstraint::None => {}
        }
    }

    pub(super) fn factor(
        &mut self,
        factor: &TableFactor,
        level: &mut Names<'_, 'a>,
        depends: &mut Origin,
    ) -> Extent {
        match factor {
            TableFactor::Table {
                name,
                alias,
                args,
                with_hints,
                version,
                with_ordinality,
                partitions,
                json_path,
                sample,
                index_hints,
            } => {
                // Which partitions and indexes are read, and how: no more than without them.
                let _ = (partitions, index_hints);
                self.exprs(with_hints, level);
                self.version(version.as_ref(), level, depends);
                if let Some(path) = json_path {
                    self.json_path(path, level);
                }
                self.sample(sample.as_ref(), level, depends);
                let Some(parts) = self.parts(name) else {
                    self.not_covered();
                    return Extent::Unknown;
                };
                match args {
                    Some(TableFunctionArgs { args, settings }) => {
                        for setting in settings.iter().flatten() {
                            self.expr(&setting.value, level);
                        }
                        self.table_function(parts, args, alias.as_ref(), level, depends)
                    }
                    None => {
                        if *with_ordinality {
                            level.merged = true;
                        }
                        self.relation_named(parts, alias.as_ref(), level)
                    }
                }
            }
            TableFactor::Function { lateral: _, name, args, with_ordinality: _, alias } => {
                match self.parts(name) {
                    Some(parts) => self.table_function(parts, args, alias.as_ref(), level, depends),
                    None => {
                        self.not_covered();
                        Extent::Unknown
                    }
                }
            }
            TableFactor::Derived { lateral, subquery, alias, sample } => {
                self.sample(sample.as_ref(), level, depends);
                let rows = if *lateral {
                    self.query(subquery, level, false)
                } else {
                    let empty = Names::default();
                    let outer = level.parent.unwrap_or(&empty);
                    self.query(subquery, outer, false)
                };
                let new = alias.as_ref().map(|alias| alias_columns(self, alias));
                let columns = self.renamed(rows.columns, &new.unwrap_or_default());
                level.relations.push(Relation {
                    name: self.alias(alias.as_ref()),
                    schema: None,
                    shape: columns.map_or(Shape::Unknown, Shape::Derived),
                    target: None,
                });
                rows.extent
            }
            TableFactor::TableFunction { expr, alias } => {
                let flow = self.expr(expr, level);
                depends.add(&flow.as_dependence());
                self.push_unknown(alias.as_ref(), level);
                Extent::Unknown
            }
            TableFactor::UNNEST {
                alias,
                array_exprs,
                with_offset: _,
                with_offset_alias: _,
                with_ordinality: _,
            } => {
                self.exprs(array_exprs, level);
                self.part.calls.insert("unnest".into());
                self.push_unknown(alias.as_ref(), level);
                Extent::Unknown
            }
            TableFactor::JsonTable { json_expr, json_path: _, columns: _, alias }
            | TableFactor::OpenJsonTable { json_expr, json_path: _, columns: _, alias } => {
                self.expr(json_expr, level);
                self.push_unknown(alias.as_ref(), level);
                Extent::Unknown
            }
            TableFactor::XmlTable { namespaces, row_expression, passing, columns, alias } => {
                self.expr(row_expression, level);
                self.exprs(namespaces.iter().map(|namespace| &namespace.uri), level);
                self.exprs(passing.arguments.iter().map(|argument| &argument.expr), level);
                for column in columns {
                    match &column.option {
                        XmlTableColumnOption::NamedInfo {
                            r#type: _,
                            path,
                            default,
                            nullable: _,
                        } => {
                            self.exprs(path.iter().chain(default), level);
                        }
                        XmlTableColumnOption::ForOrdinality => {}
                    }
                }
                self.push_unknown(alias.as_ref(), level);
                Extent::Unknown
            }
            TableFactor::NestedJoin { table_with_joins, alias } => {
                match alias {
                    None => self.table_with_joins(table_with_joins, level, depends),
                    Some(alias) => {
                        // The alias hides the names inside.
                        let mut inside = Names { parent: level.parent, ..Names::default() };
                        let extent = self.table_with_joins(table_with_joins, &mut inside, depends);
                        let star = self.star(&inside);
                        let columns = self.renamed(star, &alias_columns(self, alias));
                        level.relations.push(Relation {
                            name: self.alias(Some(alias)),
                            schema: None,
                            shape: columns.map_or(Shape::Unknown, Shape::Derived),
                            target: None,
                        });
                        extent
                    }
                }
            }
            TableFactor::Pivot {
                table,
                aggregate_functions,
                value_column,
                value_source,
                default_on_null,
                alias,
            } => {
                let mut inside = Names { parent: level.parent, ..Names::default() };
                let extent = self.factor(table, &mut inside, depends);
                inside.merged = true;
                let named = aggregate_functions.iter().map(|named| &named.expr);
                self.exprs(named.chain(value_column).chain(default_on_null), &inside);
                match value_source {
                    PivotValueSource::List(values) => {
                        self.exprs(values.iter().map(|value| &value.expr), &inside);
                    }
                    PivotValueSource::Any(order) => {
                        for by in order {
                            self.order_expr(by, &inside);
                        }
                    }
                    PivotValueSource::Subquery(query) => {
                        let rows = self.query(query, &inside, false);
                        self.reach_inside(rows.extent);
                    }
                }
                self.part.unresolved = true;
                self.part.loose = true;
                self.push_unknown(alias.as_ref(), level);
                extent
            }
            TableFactor::Unpivot { table, value, name: _, columns, null_inclusion: _, alias } => {
                let mut inside = Names { parent: level.parent, ..Names::default() };
                self.factor(table, &mut inside, depends);
                inside.merged = true;
                self.exprs(columns.iter().map(|column| &column.expr), &inside);
                self.expr(value, &inside);
                self.part.unresolved = true;
                self.part.loose = true;
                self.push_unknown(alias.as_ref(), level);
                Extent::Unknown
            }
            TableFactor::MatchRecognize {
                table,
                partition_by: _,
                order_by: _,
                measures: _,
                rows_per_match: _,
                after_match_skip: _,
                pattern: _,
                symbols: _,
                alias: _,
            } => {
                self.not_covered();
                self.factor(table, level, depends)
            }
            TableFactor::UnpivotExpr { expression: _, value_alias: _, attribute_alias: _ }
            | TableFactor::SemanticView {
                name: _,
                dimensions: _,
                metrics: _,
                facts: _,
                where_clause: _,
                alias: _,
            } => {
                self.not_covered();
                Extent::Unknown
            }
        }
    }

    fn alias(&self, alias: Option<&TableAlias>) -> Option<String> {
        alias.map(|alias| self.fold(&alias.name))
    }

    fn push_unknown(&mut self, alias: Option<&TableAlias>, level: &mut Names<'_, 'a>) {
        let name = self.alias(alias);
        level.relations.push(Relation { name, schema: None, shape: Shape::Unknown, target: None });
    }

    /// `FOR SYSTEM_TIME AS OF x`, `AT (TIMESTAMP => x)`.
    fn version(
        &mut self,
        version: Option<&TableVersion>,
        level: &Names<'_, 'a>,
        depends: &mut Origin,
    ) {
        match version {
            None => {}
            Some(
                TableVersion::ForSystemTimeAsOf(expr)
                | TableVersion::TimestampAsOf(expr)
                | TableVersion::VersionAsOf(expr)
                | TableVersion::Function(expr),
            ) => depends.add(&self.condition(expr, level)),
            Some(TableVersion::Changes { changes, at, end }) => {
                for expr in [changes, at].into_iter().chain(end) {
                    depends.add(&self.condition(expr, level));
                }
                // Rows of a table's history, with columns of their own.
                self.part.unresolved = true;
            }
        }
    }

    fn sample(
        &mut self,
        sample: Option<&TableSampleKind>,
        level: &Names<'_, 'a>,
        depends: &mut Origin,
    ) {
        let sample = match sample {
            None => return,
            Some(TableSampleKind::BeforeTableAlias(s) | TableSampleKind::AfterTableAlias(s)) => s,
        };
        let quantity = sample.quantity.as_ref().map(|quantity| &quantity.value);
        let exprs: Vec<&Expr> = quantity.into_iter().chain(sample.offset.as_ref()).collect();
        depends.add(&self.exprs(exprs, level).as_dependence());
        if let Some(bucket) = &sample.bucket {
            depends.add(&self.exprs(&bucket.on, level).as_dependence());
        }
    }

    fn table_function(
        &mut self,
        parts: Vec<String>,
        args: &[sqlparser::ast::FunctionArg],
        alias: Option<&TableAlias>,
        level: &mut Names<'_, 'a>,
        depends: &mut Origin,
    ) -> Extent {
        let mut literals = Vec::with_capacity(args.len());
        for arg in args {
            literals.push(super::calls::literal_argument(arg));
            depends.add(&self.argument(arg, level).as_dependence());
        }
        let name = self.alias(alias).or_else(|| parts.last().cloned());
        if self.is_xml_method(&parts, level) {
            self.part.unresolved = true;
            self.push_unknown(alias, level);
            return Extent::Unknown;
        }
        // In FROM a function's rows are rows: LIMIT bounds them.
        let (loose, rows) = (self.part.loose, self.part.rows);
        if self.invoke(parts, &literals).is_some() {
            (self.part.loose, self.part.rows) = (loose, rows);
        }
        level.relations.push(Relation { name, schema: None, shape: Shape::Unknown, target: None });
        Extent::Unknown
    }

    /// A table, view or common table expression by its name.
    pub(super) fn relation_named(
        &mut self,
        parts: Vec<String>,
        alias: Option<&TableAlias>,
        level: &mut Names<'_, 'a>,
    ) -> Extent {
        if alias.is_some_and(|alias| alias.at.is_some()) {
            self.not_covered();
        }
        let new = alias.map(|alias| alias_columns(self, alias)).unwrap_or_default();
        let cte = match parts.as_slice() {
            [name] => level.cte(name).cloned(),
            _ => None,
        };
        match cte {
            Some(Cte::Ready { columns, targets, extent }) => {
                if self.has_room(targets.len()) {
                    for target in targets.iter() {
                        self.target(target.clone());
                    }
                } else {
                    self.source(TargetKind::Table, Path::dynamic());
                }
                let columns = self.renamed(columns, &new);
                level.relations.push(Relation {
                    name: self.alias(alias).or_else(|| parts.last().cloned()),
                    schema: None,
                    shape: columns.map_or(Shape::Unknown, Shape::Derived),
                    target: None,
                });
                return extent;
            }
            Some(Cte::Pending) => {
                // SQLite may also mean the table of that name here.
                if self.manners().with_beside_tables {
                    let named = self.named_parts(parts.clone());
                    self.source(TargetKind::Table, named.path);
                }
                let name = self.alias(alias).or_else(|| parts.last().cloned());
                level.relations.push(Relation {
                    name,
                    schema: None,
                    shape: Shape::Unknown,
                    target: None,
                });
                return Extent::Unknown;
            }
            None => {}
        }
        // SQLite runs a table-valued function without its brackets too.
        if let ([name], true) = (parts.as_slice(), self.manners().function_tables)
            && super::functions::builtin(self.setting.dialect, name)
                .is_some_and(|function| function.set || function.catalogued)
        {
            self.invoke(parts.clone(), &[]);
        }
        let relation = self.existing(parts, alias, Role::Source);
        level.relations.push(relation);
        if let (Some(last), false) = (level.relations.last_mut(), new.is_empty()) {
            match &mut last.shape {
                Shape::Base { table, renamed } if new.len() <= table.columns.len() => {
                    *renamed = Rc::new(new);
                }
                Shape::Base { table: _, renamed: _ } | Shape::Derived(_) | Shape::Unknown => {
                    last.shape = Shape::Unknown;
                }
            }
        }
        Extent::All
    }

    /// Notes a table or view that exists as a target, and gives the relation that it is.
    pub(super) fn existing(
        &mut self,
        parts: Vec<String>,
        alias: Option<&TableAlias>,
        role: Role,
    ) -> Relation<'a> {
        let name = self.alias(alias).or_else(|| parts.last().cloned());
        let named = self.named_parts(parts);
        if let (true, [_, Segment::Exact(relation)]) = (named.system, named.path.0.as_slice())
            && let Some(may) = super::functions::system_relation(relation)
        {
            self.part.may |= may;
        }
        if let (true, [Segment::Exact(schema), Segment::Exact(relation)]) =
            (self.is_postgres(), named.path.0.as_slice())
        {
            if schema == "information_schema"
                && let Some(may) = super::functions::information_relation(relation)
            {
                self.part.may |= may;
            }
            // The long values of some other table, whose name does not stand here.
            if schema == "pg_toast" {
                self.source(TargetKind::Table, Path::dynamic());
            }
        }
        if !self.is_postgres() || self.setting.dialect == Dialect::Redshift {
            self.part.may |=
                super::functions::relation_effects(self.setting.dialect, &named.path.0);
        }
        let rowset = matches!(
            named.path.0.as_slice(),
            [Segment::Exact(name)]
                if matches!(name.as_str(), "openquery" | "openrowset" | "opendatasource")
        );
        if rowset && self.setting.dialect == Dialect::Mssql {
            // No table: a call, whose arguments the parser took for columns.
            self.unknown_function(None);
        }
        let remote = self.remote(&named.path);
        if let Some(host) = remote {
            self.part.may |= crate::facts::Effect::NetEgress;
            self.object(TargetKind::Host, host);
            // The same name without the link: whoever denies the table means it there too.
            let mut bare = named.path.clone();
            if let Some(at) = bare.0.iter().position(|name| match name {
                Segment::Exact(name) => name.contains('@'),
                Segment::Prefix(_) | Segment::Glob(_) | Segment::Dynamic => false,
            }) {
                bare.0.truncate(at.saturating_add(1));
                if let Some(Segment::Exact(name)) = bare.0.last_mut() {
                    name.truncate(name.find('@').unwrap_or(name.len()));
                }
                let (kind, columns) = (TargetKind::Table, Columns::Any);
                self.target(Target { kind, path: bare, role, columns });
            }
        }
        let columns = match named.table {
            Some(_) => Columns::Named(Vec::new()),
            None => Columns::Any,
        };
        let (path, kind) = (named.path, TargetKind::Table);
        let schema = match (alias, path.0.as_slice()) {
            (None, [Segment::Exact(schema), _]) => Some(schema.clone()),
            _ => None,
        };
        self.target(Target { kind, path: path.clone(), role, columns });
        if let Some(view) = named.view {
            self.view(&view.sql, role);
        }
        let shape = match named.table {
            Some(table) => Shape::Base { table, renamed: Rc::new(Vec::new()) },
            None => Shape::Unknown,
        };
        Relation { name, schema, shape, target: Some(path) }
    }

    /// The server that a name says a table is on: `server.db.schema.t`, `t@link`.
    fn remote(&self, path: &Path) -> Option<Path> {
        if let (Dialect::Mssql, [server, _, _, _, ..]) = (self.setting.dialect, path.0.as_slice()) {
            return Some(Path(vec![server.clone()]));
        }
        if self.setting.dialect != Dialect::Oracle {
            return None;
        }
        path.0.iter().find_map(|name| {
            let Segment::Exact(name) = name else { return None };
            let (_, link) = name.split_once('@')?;
            Some(Path::exact([link]))
        })
    }

    /// What stands behind a view is read, or written, with it.
    fn view(&mut self, sql: &str, role: Role) {
        let facts = nested::read_view(&self.setting, sql);
        self.understanding = self.understanding.max(facts.understanding);
        self.reasons.extend(&facts.reasons);
        for action in facts.all_actions() {
            self.part.may |= action.may;
            self.part.calls.extend(action.calls.iter().cloned());
            for target in &action.targets {
                let role = if target.role == Role::Source { role } else { target.role };
                let columns = Columns::Any;
                self.target(Target { role, columns, ..target.clone() });
            }
        }
        if facts.actions.is_empty() {
            self.partial(Reason::UnknownStatement);
            self.object(TargetKind::Other, Path::dynamic());
        }
    }
}

/// The reach of two relations side by side.
fn product(a: Extent, b: Extent) -> Extent {
    match (a.max_rows(), b.max_rows()) {
        (Some(a), Some(b)) => a.checked_mul(b).map_or(Extent::Unknown, super::query::at_most),
        _ => match (a, b) {
            (Extent::All, _) | (_, Extent::All) => Extent::All,
            (Extent::Unknown, other) | (other, Extent::Unknown) if other.max_rows().is_none() => {
                // A function beside a table: the table's rows are all reached.
                other
            }
            (a, b) => wider(a, b),
        },
    }
}
