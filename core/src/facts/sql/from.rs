//! FROM: tables, views, common table expressions, derived tables, functions, joins.

use std::rc::Rc;

use sqlparser::ast::{
    Expr, FunctionArg, FunctionArgExpr, FunctionArguments, Join, JoinOperator, JsonTableColumn,
    PivotValueSource, Query, TableAlias, TableFactor, TableFunctionArgs, TableSample,
    TableSampleKind, TableVersion, TableWithJoins, XmlTableColumnOption,
};

use super::flow::{Column, Flow, Names, Origin, Relation, Shape};
use super::manners::Merges;
use super::query::alias_columns;
use super::resolve::mixed;
use super::rowsets;
use super::walk::{Walk, wider};
use crate::command::Dialect;
use crate::command::sql::{ROWS_MARK, STAGE_MARK};
use crate::facts::{Effect, Extent, Path, Reason, Role, TargetKind};

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
            // In SQLite a comma is a join like any other: USING sees what stands before it.
            let first = if self.is_sqlite() { 0 } else { level.relations.len() };
            let own = self.joined_to(first, tables, level, depends);
            extent = Some(match extent {
                None => own,
                Some(extent) => product(extent, own),
            });
        }
        extent.unwrap_or(Extent::One)
    }

    pub(super) fn table_with_joins(
        &mut self,
        tables: &TableWithJoins,
        level: &mut Names<'_, 'a>,
        depends: &mut Origin,
    ) -> Extent {
        self.joined_to(level.relations.len(), tables, level, depends)
    }

    /// The same, where the left side of its joins begins with the relation at `first`.
    fn joined_to(
        &mut self,
        first: usize,
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
                self.join(
                    join_operator,
                    (first, level.relations.len().saturating_sub(1)),
                    level,
                    depends,
                );
                continue;
            }
            let right = level.relations.len();
            let own = match (join_operator, relation) {
                // What is applied sees what it is applied to.
                (
                    JoinOperator::CrossApply | JoinOperator::OuterApply,
                    TableFactor::Derived { lateral: _, subquery, alias, sample: None },
                ) => self.derived_table(true, subquery, alias.as_ref(), level),
                (_, relation) => self.factor(relation, level, depends),
            };
            extent = product(extent, own);
            self.join(join_operator, (first, right), level, depends);
        }
        extent
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
                // `FROM STREAM t`: the table, unless `stream` is one and `t` its label.
                if let (Dialect::Databricks, [only], Some(label), None) =
                    (self.setting.dialect, parts.as_slice(), alias, args)
                    && only == "stream"
                    && !label.explicit
                {
                    self.existing(vec![self.fold(&label.name)], None, Role::Source);
                    level.unsure = true;
                }
                match args {
                    Some(TableFunctionArgs { args, settings }) => {
                        self.own_settings(settings.as_ref(), level);
                        let call = TableCall { parts, args, ordinality: *with_ordinality };
                        self.table_function(call, alias.as_ref(), level, depends)
                    }
                    None => {
                        if *with_ordinality {
                            level.unsure = true;
                        }
                        let last = name.0.last().and_then(|part| part.as_ident());
                        let spelled = last.map(|ident| self.spelling(ident));
                        self.relation_named(parts, spelled, alias.as_ref(), level)
                    }
                }
            }
            TableFactor::Function { lateral: _, name, args, with_ordinality, alias } => {
                match self.parts(name) {
                    Some(parts) => {
                        let call = TableCall { parts, args, ordinality: *with_ordinality };
                        self.table_function(call, alias.as_ref(), level, depends)
                    }
                    None => {
                        self.not_covered();
                        Extent::Unknown
                    }
                }
            }
            TableFactor::Derived { lateral, subquery, alias, sample } => {
                self.sample(sample.as_ref(), level, depends);
                self.derived_table(*lateral, subquery, alias.as_ref(), level)
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
                    Some(parts) => self.relation_named(parts, None, alias.as_ref(), level),
                    None => self.computed_relation(alias.as_ref(), level),
                }
            }
            TableFactor::TableFunction { expr, alias } => {
                if let Expr::Function(function) = expr
                    && let (Some(parts), FunctionArguments::List(list)) =
                        (self.parts(&function.name), &function.args)
                    && list.clauses.is_empty()
                {
                    let call = TableCall { parts, args: &list.args, ordinality: false };
                    return self.table_function(call, alias.as_ref(), level, depends);
                }
                let flow = self.expr(expr, level);
                depends.add(&flow.as_dependence());
                self.push_within(alias.as_ref(), flow, level);
                Extent::Unknown
            }
            TableFactor::UNNEST {
                alias,
                array_exprs,
                with_offset,
                with_offset_alias,
                with_ordinality,
            } => {
                self.part.calls.insert("unnest".into());
                let flows: Vec<Flow> =
                    array_exprs.iter().map(|expr| self.expr(expr, level).derived()).collect();
                for flow in &flows {
                    depends.add(&flow.as_dependence());
                }
                let arrays: Vec<&Expr> = array_exprs.iter().collect();
                let plain = self.plain_arrays(&arrays, level);
                let mut relation = self.unnested(flows, plain, *with_ordinality, alias.as_ref());
                if let (true, Shape::Within { flow: _, named }) =
                    (*with_offset, &mut relation.shape)
                {
                    let offset = with_offset_alias.as_ref().map(|alias| self.fold(alias));
                    Rc::make_mut(named).push(offset.unwrap_or_else(|| "offset".into()));
                }
                level.relations.push(relation);
                Extent::Unknown
            }
            TableFactor::JsonTable { json_expr, json_path: _, columns, alias } => {
                let flow = self.expr(json_expr, level).derived();
                let mut names = Vec::new();
                self.json_columns(columns, &mut names);
                self.push_made(alias.as_ref(), names, &flow, level, depends);
                Extent::Unknown
            }
            TableFactor::OpenJsonTable { json_expr, json_path: _, columns, alias } => {
                let flow = self.expr(json_expr, level).derived();
                let mut names: Vec<(String, bool)> =
                    columns.iter().map(|column| (self.fold(&column.name), true)).collect();
                if names.is_empty() {
                    names.extend(["key", "value", "type"].map(|name| (name.to_owned(), true)));
                }
                self.push_made(alias.as_ref(), names, &flow, level, depends);
                Extent::Unknown
            }
            TableFactor::XmlTable { namespaces, row_expression, passing, columns, alias } => {
                let mut flow = self.expr(row_expression, level);
                flow.mix(&self.exprs(namespaces.iter().map(|namespace| &namespace.uri), level));
                let passed = passing.arguments.iter().map(|argument| &argument.expr);
                flow.mix(&self.exprs(passed, level));
                let mut names = Vec::new();
                for column in columns {
                    let holds = match &column.option {
                        XmlTableColumnOption::NamedInfo {
                            r#type: _,
                            path,
                            default,
                            nullable: _,
                        } => {
                            flow.mix(&self.exprs(path.iter().chain(default), level));
                            true
                        }
                        XmlTableColumnOption::ForOrdinality => false,
                    };
                    names.push((self.fold(&column.name), holds));
                }
                self.push_made(alias.as_ref(), names, &flow.derived(), level, depends);
                Extent::Unknown
            }
            TableFactor::NestedJoin { table_with_joins, alias } => {
                match alias {
                    None => {
                        let first = level.relations.len();
                        let extent = self.table_with_joins(table_with_joins, level, depends);
                        self.unorder_nested(first, level);
                        extent
                    }
                    Some(alias) => {
                        // The alias hides the names inside.
                        let mut inside = Names::beside(&*level);
                        let extent = self.table_with_joins(table_with_joins, &mut inside, depends);
                        self.unorder_nested(0, &mut inside);
                        let star = self.star(&inside);
                        let decided = std::mem::take(&mut inside.decided);
                        drop(inside);
                        let columns = self.renamed(star, &alias_columns(self, alias));
                        level.relations.push(Relation::of(self.alias(Some(alias)), columns));
                        level.decided.add(&decided);
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
                let mut inside = Names::beside(&*level);
                let extent = self.factor(table, &mut inside, depends);
                depends.add(&inside.decided);
                let mut flow = self.everything(&inside);
                inside.unsure = true;
                let named = aggregate_functions.iter().map(|named| &named.expr);
                flow.mix(&self.exprs(named.chain(value_column).chain(default_on_null), &inside));
                match value_source {
                    // Constants, which some servers write as names.
                    PivotValueSource::List(values) => {
                        self.exprs(values.iter().map(|value| &value.expr), &inside);
                    }
                    PivotValueSource::Any(order) => {
                        for by in order {
                            flow.mix(&self.sort_key(by, &inside));
                        }
                    }
                    PivotValueSource::Subquery(query) => {
                        let rows = self.query(query, &inside, false);
                        flow.depends.add(
                            &rows
                                .columns
                                .map_or(Origin::Any, |columns| mixed(&columns).as_dependence()),
                        );
                        self.reach_inside(rows.extent);
                    }
                }
                self.part.unresolved = true;
                self.part.loose = true;
                drop(inside);
                // What is not aggregated tells the rows apart.
                depends.add(&flow.as_dependence());
                self.push_within(alias.as_ref(), flow.aggregated(), level);
                extent
            }
            TableFactor::Unpivot { table, value, name: _, columns, null_inclusion: _, alias } => {
                let mut inside = Names::beside(&*level);
                self.factor(table, &mut inside, depends);
                depends.add(&inside.decided);
                let mut flow = self.everything(&inside);
                inside.unsure = true;
                // Rows without a value are left out.
                let listed = self.exprs(columns.iter().map(|column| &column.expr), &inside);
                depends.add(&listed.as_dependence());
                flow.mix(&listed);
                self.expr(value, &inside);
                self.part.unresolved = true;
                self.part.loose = true;
                drop(inside);
                self.push_within(alias.as_ref(), flow.derived(), level);
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
                let mut inside = Names {
                    parent: level.parent,
                    queries: level.queries.clone(),
                    ..Names::default()
                };
                self.factor(table, &mut inside, depends);
                inside.unsure = true;
                let measured = measures.iter().map(|measure| &measure.expr);
                let defined = symbols.iter().map(|symbol| &symbol.definition);
                self.exprs(partition_by.iter().chain(measured).chain(defined), &inside);
                for by in order_by {
                    self.sort_key(by, &inside);
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
                        written: None,
                    });
                }
                level.unsure = true;
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
                let mut inside = Names {
                    parent: level.parent,
                    queries: level.queries.clone(),
                    ..Names::default()
                };
                inside.unsure = true;
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
            // What decided about them was said where they were made.
            level.decided = Origin::Any;
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

    fn derived_table(
        &mut self,
        lateral: bool,
        query: &Query,
        alias: Option<&TableAlias>,
        level: &mut Names<'_, 'a>,
    ) -> Extent {
        let rows = if lateral {
            self.query(query, level, false)
        } else {
            let empty = Names::default();
            self.query(query, level.outside().unwrap_or(&empty), false)
        };
        let new = alias.map(|alias| alias_columns(self, alias)).unwrap_or_default();
        let columns = self.renamed(rows.columns, &new);
        level.relations.push(Relation::of(self.alias(alias), columns));
        level.decided.add(&rows.depends);
        rows.extent
    }

    pub(super) fn alias(&self, alias: Option<&TableAlias>) -> Option<String> {
        alias.map(|alias| self.fold(&alias.name))
    }

    /// SQLite makes a query of some joins in brackets, whose columns stand in another order.
    fn unorder_nested(&self, first: usize, level: &mut Names<'_, 'a>) {
        if self.manners().merges == Merges::InPlace {
            for joined in level.joined.iter_mut().filter(|joined| joined.first >= first) {
                joined.ordered = false;
            }
        }
    }

    /// A relation whose columns hold no more than `flow`.
    /// A relation whose columns are not known.
    pub(super) fn push_unknown(&mut self, alias: Option<&TableAlias>, level: &mut Names<'_, 'a>) {
        level.relations.push(Relation::of(self.alias(alias), None));
    }

    fn push_within(&mut self, alias: Option<&TableAlias>, flow: Flow, level: &mut Names<'_, 'a>) {
        let name = self.alias(alias);
        let named = Rc::new(alias.map(|alias| alias_columns(self, alias)).unwrap_or_default());
        let shape = Shape::Within { flow, named };
        level.relations.push(Relation { shape, ..Relation::of(name, None) });
    }

    /// A relation that a call makes: the names of its columns, and whether one holds more than
    /// its own number.
    fn push_made(
        &mut self,
        alias: Option<&TableAlias>,
        names: Vec<(String, bool)>,
        flow: &Flow,
        level: &mut Names<'_, 'a>,
        depends: &mut Origin,
    ) {
        depends.add(&flow.as_dependence());
        let room = self.has_room(names.len().saturating_mul(flow.holds.len().saturating_add(1)));
        let columns = names.into_iter().map(|(name, holds)| {
            let flow = if holds { flow.clone() } else { flow.only_decides() };
            Column { name, flow }
        });
        let columns = room.then(|| Rc::new(columns.collect()));
        let columns =
            self.renamed(columns, &alias.map(|a| alias_columns(self, a)).unwrap_or_default());
        level.relations.push(Relation::of(self.alias(alias), columns));
    }

    /// All that the relations of a level hold, as one value.
    fn everything(&mut self, level: &Names<'_, 'a>) -> Flow {
        let mut flow = Flow::constant();
        for (_, relation) in level.seen() {
            flow.mix(&self.whole_row(relation));
        }
        flow
    }

    fn json_columns(&self, columns: &[JsonTableColumn], names: &mut Vec<(String, bool)>) {
        for column in columns {
            match column {
                JsonTableColumn::Named(column) => names.push((self.fold(&column.name), true)),
                JsonTableColumn::ForOrdinality(name) => names.push((self.fold(name), false)),
                JsonTableColumn::Nested(nested) => self.json_columns(&nested.columns, names),
            }
        }
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

    fn table_function(
        &mut self,
        call: TableCall<'_>,
        alias: Option<&TableAlias>,
        level: &mut Names<'_, 'a>,
        depends: &mut Origin,
    ) -> Extent {
        let TableCall { parts, args, ordinality } = call;
        let mut literals = Vec::with_capacity(args.len());
        let mut flows = Vec::with_capacity(args.len());
        for arg in args {
            literals.push(super::calls::literal_argument(arg));
            let flow = self.argument(arg, level).derived();
            depends.add(&flow.as_dependence());
            flows.push(flow);
        }
        let name = parts.last().cloned().unwrap_or_default();
        if self.is_xml_method(&parts, level) {
            self.part.unresolved = true;
            self.push_unknown(alias, level);
            return Extent::Unknown;
        }
        self.reads_argument(&name, args);
        let elements = self.holds_arguments(&parts);
        // In FROM a function's rows are rows: LIMIT bounds them.
        let (loose, rows) = (self.part.loose, self.part.rows);
        let known = self.invoke(parts, &literals).is_some();
        if known {
            (self.part.loose, self.part.rows) = (loose, rows);
        }
        let relation = if !elements || !known {
            Relation::of(self.alias(alias).or(Some(name)), None)
        } else if name == "unnest" {
            let arrays: Option<Vec<&Expr>> = args.iter().map(plain_argument).collect();
            let plain = arrays.is_some_and(|arrays| self.plain_arrays(&arrays, level));
            self.unnested(flows, plain, ordinality, alias)
        } else {
            let mut flow = Flow::constant();
            flows.iter().for_each(|other| flow.mix(other));
            self.rows_of(&name, &flow, ordinality, alias)
        };
        level.relations.push(relation);
        Extent::Unknown
    }

    /// The rows of a function that makes them of its arguments.
    fn rows_of(
        &mut self,
        name: &str,
        flow: &Flow,
        ordinality: bool,
        alias: Option<&TableAlias>,
    ) -> Relation<'a> {
        let own = self.alias(alias).unwrap_or_else(|| name.to_owned());
        // `AS x(a int, b text)`: these are the columns.
        let defined = alias.is_some_and(|alias| {
            !alias.columns.is_empty() && alias.columns.iter().all(|c| c.data_type.is_some())
        });
        let new = alias.map(|alias| alias_columns(self, alias)).unwrap_or_default();
        let mut names: Vec<String> = if defined {
            new.clone()
        } else {
            match rowsets::columns(self.setting.dialect, name) {
                rowsets::RowColumns::Alias => vec![own.clone()],
                rowsets::RowColumns::Named(names) => {
                    names.iter().map(|name| (*name).to_owned()).collect()
                }
                rowsets::RowColumns::Among(names) => {
                    let mut named = new;
                    named.extend(names.iter().map(|name| (*name).to_owned()));
                    named.push(own.clone());
                    let shape = Shape::Within { flow: flow.clone(), named: Rc::new(named) };
                    return Relation { shape, ..Relation::of(Some(own), None) };
                }
            }
        };
        let held = names.len();
        if ordinality {
            names.push("ordinality".into());
        }
        let room = self.has_room(names.len().saturating_mul(flow.holds.len().saturating_add(1)));
        let columns = names.into_iter().enumerate().map(|(at, name)| {
            let flow = if at < held { flow.clone() } else { flow.only_decides() };
            Column { name, flow }
        });
        let columns = room.then(|| Rc::new(columns.collect()));
        Relation::of(Some(own), self.renamed(columns, &new))
    }

    fn plain_arrays(&self, arrays: &[&Expr], level: &Names<'_, 'a>) -> bool {
        self.setting.dialect == Dialect::Postgres
            && arrays.iter().all(|array| self.is_plain_array(array, level))
    }

    /// UNNEST: one column an array, but for an array of rows, which gives one a field.
    fn unnested(
        &mut self,
        flows: Vec<Flow>,
        plain: bool,
        ordinality: bool,
        alias: Option<&TableAlias>,
    ) -> Relation<'a> {
        let own = self.alias(alias).unwrap_or_else(|| "unnest".to_owned());
        let new = alias.map(|alias| alias_columns(self, alias)).unwrap_or_default();
        if plain {
            // Of several arrays, each column is called after the function.
            let name = if flows.len() == 1 { own.clone() } else { "unnest".to_owned() };
            let mut columns: Vec<Column> =
                flows.into_iter().map(|flow| Column { name: name.clone(), flow }).collect();
            if ordinality {
                let flow = mixed(&columns).only_decides();
                columns.push(Column { name: "ordinality".into(), flow });
            }
            let columns = self.renamed(Some(Rc::new(columns)), &new);
            return Relation::of(Some(own), columns);
        }
        let mut flow = Flow::constant();
        flows.iter().for_each(|other| flow.mix(other));
        let mut named = new;
        named.push(own.clone());
        if ordinality {
            named.push("ordinality".into());
        }
        let shape = Shape::Within { flow, named: Rc::new(named) };
        Relation { shape, ..Relation::of(Some(own), None) }
    }
}

/// Whether the first names of a path stand in one pair of quotes, as BigQuery's tables may. The
/// parser takes such a token apart and leaves its place with each part.
fn in_one_quote(name: &sqlparser::ast::ObjectName) -> bool {
    let place = |at: usize| name.0.get(at).and_then(|part| part.as_ident()).map(|i| i.span);
    place(0).is_none() || place(0) == place(1)
}

/// An argument without a name.
fn plain_argument(arg: &FunctionArg) -> Option<&Expr> {
    if let FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) = arg { Some(expr) } else { None }
}

/// A call in FROM.
struct TableCall<'e> {
    parts: Vec<String>,
    args: &'e [FunctionArg],
    ordinality: bool,
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

/// Whether an expression is Snowflake's `identifier(…)`.
fn names_something(expr: &Expr) -> bool {
    let Expr::Function(function) = expr else { return false };
    let name = function.name.0.last().and_then(|part| part.as_ident());
    name.is_none_or(|name| name.value.eq_ignore_ascii_case("identifier"))
}
