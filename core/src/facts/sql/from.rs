//! FROM: tables, views, common table expressions, derived tables, functions, joins.

use std::rc::Rc;

use sqlparser::ast::{
    Expr, FunctionArguments, Join, JoinConstraint, JoinOperator, PivotValueSource, TableAlias,
    TableFactor, TableFunctionArgs, TableSample, TableSampleKind, TableVersion, TableWithJoins,
    XmlTableColumnOption,
};

use super::flow::{Cte, Names, Origin, Relation, Shape};
use super::nested;
use super::query::alias_columns;
use super::walk::{Walk, wider};
use crate::command::Dialect;
use crate::command::sql::{ROWS_MARK, STAGE_MARK};
use crate::facts::{Columns, Effect, Extent, Path, Reason, Role, Segment, Target, TargetKind};

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
            // What is joined is an array, and no table.
            if let (
                JoinOperator::ArrayJoin
                | JoinOperator::LeftArrayJoin
                | JoinOperator::InnerArrayJoin,
                TableFactor::Table { args: None, alias, .. },
            ) = (join_operator, relation)
            {
                self.push_unknown(alias.as_ref(), level);
                self.join(join_operator, level, depends);
                continue;
            }
            let own = self.factor(relation, level, depends);
            extent = product(extent, own);
            self.join(join_operator, level, depends);
        }
        extent
    }

    pub(super) fn join(
        &mut self,
        join: &JoinOperator,
        level: &mut Names<'_, 'a>,
        depends: &mut Origin,
    ) {
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
                if let Some(extent) = self.no_table(name, args.as_ref(), alias.as_ref(), level) {
                    return extent;
                }
                let Some(parts) = self.parts(name) else {
                    return self.computed_relation(alias.as_ref(), level);
                };
                // BigQuery: `FROM t, t.items` are the elements of a column.
                if let ([first, _, ..], None, Dialect::Bigquery) =
                    (parts.as_slice(), args, self.setting.dialect)
                    && !in_one_quote(name)
                    && level.relations.iter().any(|relation| relation.name.as_ref() == Some(first))
                {
                    self.part.unresolved = true;
                    self.push_unknown(alias.as_ref(), level);
                    return Extent::Unknown;
                }
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
            TableFactor::TableFunction { expr, alias }
                if self.setting.dialect == Dialect::Snowflake
                    && (!matches!(expr, Expr::Function(_)) || names_something(expr)) =>
            {
                // `TABLE('a.b')`, `TABLE($t)`: the name of a table.
                let name = super::calls::text_literal(expr).filter(|name| !name.contains('"'));
                let parts = match (name, expr) {
                    (Some(name), _) => {
                        Some(name.split('.').map(|part| self.fold_text(part, false)).collect())
                    }
                    (None, Expr::Identifier(ident)) => Some(vec![self.fold(ident)]),
                    (None, Expr::CompoundIdentifier(idents)) => {
                        Some(idents.iter().map(|ident| self.fold(ident)).collect())
                    }
                    (None, other) => {
                        self.expr(other, level);
                        None
                    }
                };
                // `TABLE(identifier(…))`: what it names may be a function too.
                if names_something(expr) {
                    self.unknown_function(None);
                }
                match parts {
                    Some(parts) => self.relation_named(parts, alias.as_ref(), level),
                    None => self.computed_relation(alias.as_ref(), level),
                }
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
                partition_by,
                order_by,
                measures,
                rows_per_match: _,
                after_match_skip: _,
                pattern: _,
                symbols,
                alias,
            } => {
                let mut inside = Names { parent: level.parent, ..Names::default() };
                self.factor(table, &mut inside, depends);
                inside.merged = true;
                let measured = measures.iter().map(|measure| &measure.expr);
                let defined = symbols.iter().map(|symbol| &symbol.definition);
                self.exprs(partition_by.iter().chain(measured).chain(defined), &inside);
                for by in order_by {
                    self.order_expr(by, &inside);
                }
                self.part.unresolved = true;
                self.part.loose = true;
                *depends = Origin::Any;
                self.push_unknown(alias.as_ref(), level);
                Extent::Unknown
            }
            TableFactor::UnpivotExpr { expression, value_alias, attribute_alias } => {
                let flow = self.expr(expression, level);
                depends.add(&flow.as_dependence());
                for ident in std::iter::once(value_alias).chain(attribute_alias) {
                    let name = Some(self.fold(ident));
                    level.relations.push(Relation {
                        name,
                        schema: None,
                        shape: Shape::Unknown,
                        target: None,
                    });
                }
                level.merged = true;
                Extent::Unknown
            }
            TableFactor::SemanticView { name, dimensions, metrics, facts, where_clause, alias } => {
                match self.parts(name) {
                    Some(parts) => {
                        self.existing(parts, None, Role::Source);
                    }
                    None => {
                        self.computed_relation(None, level);
                    }
                }
                // What stands behind it is defined elsewhere.
                self.source(TargetKind::Table, Path::dynamic());
                let mut inside = Names { parent: level.parent, ..Names::default() };
                inside.merged = true;
                self.exprs(dimensions.iter().chain(metrics).chain(facts), &inside);
                if let Some(condition) = where_clause {
                    self.expr(condition, &inside);
                }
                self.part.unresolved = true;
                self.part.loose = true;
                *depends = Origin::Any;
                self.push_unknown(alias.as_ref(), level);
                Extent::Unknown
            }
        }
    }

    /// What stands in FROM of Snowflake in the place of a table: a stage, or the rows of an earlier
    /// statement of a pipe.
    fn no_table(
        &mut self,
        name: &sqlparser::ast::ObjectName,
        args: Option<&TableFunctionArgs>,
        alias: Option<&TableAlias>,
        level: &mut Names<'_, 'a>,
    ) -> Option<Extent> {
        if self.setting.dialect != Dialect::Snowflake {
            return None;
        }
        let [part] = name.0.as_slice() else { return None };
        let ident = part.as_ident()?;
        let stage = if let Some(stage) = ident.value.strip_prefix(STAGE_MARK) {
            Some(stage)
        } else if let Some(rows) = ident.value.strip_prefix(ROWS_MARK) {
            if !rows.bytes().skip(1).all(|byte| byte.is_ascii_digit()) {
                return Some(self.computed_relation(alias, level));
            }
            None
        } else if ident.quote_style != Some('\'') {
            return None;
        } else if let Some(path) = ident.value.strip_prefix('@') {
            path.split('/').next()
        } else {
            self.place(TargetKind::File, Role::Source);
            self.part.may |= Effect::FsRead | Effect::NetEgress;
            Some("")
        };
        if let Some(TableFunctionArgs { args, settings: _ }) = args {
            for arg in args {
                self.argument(arg, level);
            }
        }
        if let Some(stage) = stage.filter(|stage| !stage.is_empty()) {
            self.stage(stage, Role::Source);
        }
        self.push_unknown(alias, level);
        Some(if stage.is_some() { Extent::All } else { Extent::Unknown })
    }

    /// A relation whose name is made while the statement runs.
    fn computed_relation(
        &mut self,
        alias: Option<&TableAlias>,
        level: &mut Names<'_, 'a>,
    ) -> Extent {
        self.partial(Reason::DynamicCode);
        self.source(TargetKind::Table, Path::dynamic());
        self.push_unknown(alias, level);
        Extent::All
    }

    pub(super) fn alias(&self, alias: Option<&TableAlias>) -> Option<String> {
        alias.map(|alias| self.fold(&alias.name))
    }

    fn push_unknown(&mut self, alias: Option<&TableAlias>, level: &mut Names<'_, 'a>) {
        let name = self.alias(alias);
        level.relations.push(Relation { name, schema: None, shape: Shape::Unknown, target: None });
    }

    /// `FOR SYSTEM_TIME AS OF x`, `AT (TIMESTAMP => x)`.
    pub(super) fn version(
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
                | TableVersion::VersionAsOf(expr),
            ) => depends.add(&self.condition(expr, level)),
            Some(TableVersion::Function(expr)) => depends.add(&self.moment(expr, level)),
            Some(TableVersion::Changes { changes, at, end }) => {
                for expr in [changes, at].into_iter().chain(end) {
                    depends.add(&self.moment(expr, level));
                }
                // Rows of a table's history, with columns of their own.
                self.part.unresolved = true;
            }
        }
    }

    /// `AT (TIMESTAMP => x)`, in which the parser sees a call.
    fn moment(&mut self, expr: &Expr, level: &Names<'_, 'a>) -> Origin {
        let Expr::Function(function) = expr else { return self.condition(expr, level) };
        let FunctionArguments::List(list) = &function.args else {
            return self.condition(expr, level);
        };
        let clause = function.name.0.first().and_then(|part| part.as_ident()).is_some_and(|name| {
            ["at", "before", "changes", "end"].iter().any(|w| name.value.eq_ignore_ascii_case(w))
        });
        if !clause || !list.clauses.is_empty() || function.name.0.len() > 1 {
            return self.condition(expr, level);
        }
        let mut origin = Origin::NONE;
        for arg in &list.args {
            origin.add(&self.argument(arg, level).as_dependence());
        }
        origin
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
        self.sampled(sample, level, depends);
    }

    pub(super) fn sampled(
        &mut self,
        sample: &TableSample,
        level: &Names<'_, 'a>,
        depends: &mut Origin,
    ) {
        let quantity = sample.quantity.as_ref().map(|quantity| &quantity.value);
        let exprs: Vec<&Expr> = quantity.into_iter().chain(sample.offset.as_ref()).collect();
        depends.add(&self.exprs(exprs, level).as_dependence());
        if let Some(bucket) = &sample.bucket {
            depends.add(&self.exprs(&bucket.on, level).as_dependence());
        }
    }

    pub(super) fn table_function(
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
        if let Some(index) = alias.and_then(|alias| alias.at.as_ref()) {
            // PartiQL: the place of an element in its array.
            let name = Some(self.fold(index));
            level.relations.push(Relation {
                name,
                schema: None,
                shape: Shape::Unknown,
                target: None,
            });
            level.merged = true;
        }
        if self.manners().dual && parts.as_slice() == ["dual"] {
            return Extent::One;
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
        self.reads_file(&parts);
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
        if role != Role::Source {
            self.changes_file(&parts);
        }
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
            self.part.may |= Effect::NetEgress;
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

/// Whether an expression is Snowflake's `identifier(…)`.
fn names_something(expr: &Expr) -> bool {
    let Expr::Function(function) = expr else { return false };
    let name = function.name.0.last().and_then(|part| part.as_ident());
    name.is_none_or(|name| name.value.eq_ignore_ascii_case("identifier"))
}

/// Whether the first names of a path stand in one pair of quotes, as BigQuery's tables may. The
/// parser takes such a token apart and leaves its place with each part.
fn in_one_quote(name: &sqlparser::ast::ObjectName) -> bool {
    let place = |at: usize| name.0.get(at).and_then(|part| part.as_ident()).map(|i| i.span);
    place(0).is_none() || place(0) == place(1)
}

/// The reach of two relations side by side.
pub(super) fn product(a: Extent, b: Extent) -> Extent {
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
