//! FROM: tables, views, common table expressions, derived tables, functions, joins.

use std::rc::Rc;

use sqlparser::ast::{
    Expr, FunctionArg, FunctionArgExpr, FunctionArguments, Join, JoinOperator, JsonTableColumn,
    PivotValueSource, Query, TableAlias, TableFactor, TableFunctionArgs, TableSampleKind,
    TableVersion, TableWithJoins, XmlTableColumnOption,
};

use super::flow::{
    Column, Cte, Flow, Names, Origin, Relation, Shape, UNNAMED, shared_dependence, weight,
};
use super::manners::Merges;
use super::nested;
use super::query::alias_columns;
use super::resolve::mixed;
use super::rowsets;
use super::walk::{Walk, wider};
use crate::command::Dialect;
use crate::facts::{
    Columns, Extent, Op, OutputColumn, Outputs, Path, Reason, Role, Segment, Target, TargetKind,
};

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

    pub(super) fn table_with_joins(
        &mut self,
        tables: &TableWithJoins,
        level: &mut Names<'_, 'a>,
        depends: &mut Origin,
    ) -> Extent {
        let first = level.relations.len();
        let mut extent = self.factor(&tables.relation, level, depends);
        for join in &tables.joins {
            let Join { relation, global, join_operator } = join;
            // ClickHouse's GLOBAL says where it is computed.
            let _ = global;
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
                let Some(parts) = self.parts(name) else {
                    self.not_covered();
                    return Extent::Unknown;
                };
                match args {
                    Some(TableFunctionArgs { args, settings }) => {
                        for setting in settings.iter().flatten() {
                            self.expr(&setting.value, level);
                        }
                        let call = TableCall { parts, args, ordinality: *with_ordinality };
                        self.table_function(call, alias.as_ref(), level, depends)
                    }
                    None => {
                        if *with_ordinality {
                            level.unsure = true;
                        }
                        self.relation_named(parts, alias.as_ref(), level)
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
                        let mut inside =
                            Names { parent: Some(&*level), beside: true, ..Names::default() };
                        let extent = self.table_with_joins(table_with_joins, &mut inside, depends);
                        self.unorder_nested(0, &mut inside);
                        let star = self.star(&inside);
                        let decided = std::mem::take(&mut inside.decided);
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
                let mut inside = Names { parent: Some(&*level), beside: true, ..Names::default() };
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
                self.push_within(alias.as_ref(), flow.aggregated(), level);
                extent
            }
            TableFactor::Unpivot { table, value, name: _, columns, null_inclusion: _, alias } => {
                let mut inside = Names { parent: Some(&*level), beside: true, ..Names::default() };
                self.factor(table, &mut inside, depends);
                depends.add(&inside.decided);
                let mut flow = self.everything(&inside);
                inside.unsure = true;
                flow.mix(&self.exprs(columns.iter().map(|column| &column.expr), &inside));
                self.expr(value, &inside);
                self.part.unresolved = true;
                self.part.loose = true;
                self.push_within(alias.as_ref(), flow.derived(), level);
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
            Some(Cte::Ready { columns, depends, targets, extent }) => {
                level.decided.add(&depends);
                if self.has_room(targets.len()) {
                    for target in targets.iter() {
                        self.target(target.clone());
                    }
                } else {
                    self.source(TargetKind::Table, Path::dynamic());
                }
                let columns = self.renamed(columns, &new);
                let name = self.alias(alias).or_else(|| parts.last().cloned());
                level.relations.push(Relation::of(name, columns));
                return extent;
            }
            Some(Cte::Own(columns)) => {
                if self.manners().with_beside_tables {
                    let named = self.named_parts(parts.clone());
                    self.source(TargetKind::Table, named.path);
                }
                let columns = self.renamed(Some(columns), &new);
                let name = self.alias(alias).or_else(|| parts.last().cloned());
                level.relations.push(Relation::of(name, columns));
                return Extent::Unknown;
            }
            Some(Cte::Pending) => {
                self.part.recursed = true;
                // SQLite may also mean the table of that name here.
                if self.manners().with_beside_tables {
                    let named = self.named_parts(parts.clone());
                    self.source(TargetKind::Table, named.path);
                }
                let name = self.alias(alias).or_else(|| parts.last().cloned());
                level.relations.push(Relation::of(name, None));
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
        if let Shape::Derived(columns) = &relation.shape {
            level.decided.add(&shared_dependence(columns));
        }
        level.relations.push(relation);
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
        let mut shape = match named.table {
            Some(table) => Shape::Base { table, renamed: Rc::new(Vec::new()) },
            None => Shape::Unknown,
        };
        if let Some(view) = named.view {
            let columns = self.view(&view.sql, role);
            if named.table.is_none() {
                shape = columns.map_or(Shape::Unknown, Shape::Derived);
            }
        }
        let new = alias.map(|alias| alias_columns(self, alias)).unwrap_or_default();
        if !new.is_empty() {
            shape = match shape {
                Shape::Base { table, renamed: _ } if new.len() <= table.columns.len() => {
                    Shape::Base { table, renamed: Rc::new(new) }
                }
                Shape::Derived(columns) if new.len() <= columns.len() => {
                    let renamed = self.renamed(Some(columns), &new);
                    renamed.map_or(Shape::Unknown, Shape::Derived)
                }
                Shape::Base { table: _, renamed: _ }
                | Shape::Derived(_)
                | Shape::Within { flow: _, named: _ }
                | Shape::Unknown => Shape::Unknown,
            };
        }
        Relation { name, schema, shape, target: Some(path), written: None }
    }

    /// An output of a view as a column of it.
    fn input(&self, output: &OutputColumn) -> Column {
        let OutputColumn { name, sources, how, implicit } = output;
        let flow = Flow { holds: sources.into(), how: *how, depends: implicit.into() };
        let known = name != UNNAMED;
        Column { name: if known { self.fold_text(name, true) } else { String::new() }, flow }
    }

    /// What stands behind a view is read, or written, with it. The answer is its columns.
    fn view(&mut self, sql: &str, role: Role) -> super::flow::Columns {
        let facts = nested::read_view(&self.setting, sql);
        self.understanding = self.understanding.max(facts.understanding);
        self.reasons.extend(&facts.reasons);
        for action in facts.all_actions() {
            self.part.may |= action.may;
            self.part.calls.extend(action.calls.iter().cloned());
            for target in &action.targets {
                let (role, columns) = match (target.role, role) {
                    // What it reads is read with it, whatever of it the reader takes.
                    (Role::Source, Role::Source) => (role, target.columns.clone()),
                    (Role::Source, Role::Sink | Role::Object) => (role, Columns::Any),
                    (own, _) => (own, Columns::Any),
                };
                self.target(Target { role, columns, ..target.clone() });
            }
        }
        let [action] = facts.actions.as_slice() else {
            if facts.actions.is_empty() {
                self.partial(Reason::UnknownStatement);
                self.object(TargetKind::Other, Path::dynamic());
            }
            return None;
        };
        let (Op::Read, false) = (action.op, self.state.stale) else { return None };
        let outputs = match &action.outputs {
            Outputs::Columns(outputs) => outputs,
            Outputs::None | Outputs::Opaque => return None,
        };
        let columns: Vec<Column> = outputs.iter().map(|output| self.input(output)).collect();
        self.has_room(weight(&columns)).then(|| Rc::new(columns))
    }
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
