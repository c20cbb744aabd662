//! Calls of functions, in every notation, and the code that some of them run.

use sqlparser::ast::{
    DataType, Expr, Function, FunctionArg, FunctionArgExpr, FunctionArgumentClause,
    FunctionArgumentList, FunctionArguments, HavingBound, ListAggOnOverflow, ObjectNamePart, Value,
};

use super::flow::{Flow, Names, Origin};
use super::functions::{self, Code};
use super::nested;
use super::settings;
use super::walk::Walk;
use crate::command::Dialect;
use crate::command::sql::{STAGE_MARK, TokenKind};
use crate::facts::{
    Effect, EffectSet, How, Path, Reason, Role, SessionDelta, TargetKind, Understanding,
};

/// What is known of a call's result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    Scalar,
    Aggregate,
    /// One row or many, or not known.
    Rows,
}

impl<'a> Walk<'_, 'a> {
    /// Walks a call written as one.
    pub(super) fn call(&mut self, function: &Function, names: &Names<'_, 'a>) -> Flow {
        let Function {
            name,
            uses_odbc_syntax: _,
            parameters,
            args,
            within_group,
            filter,
            null_treatment: _,
            over,
        } = function;
        let mut flow = Flow::constant();
        let mut literals: Vec<Option<&str>> = Vec::new();
        match parameters {
            FunctionArguments::None => {}
            FunctionArguments::Subquery(_) => self.not_covered(),
            // `quantile(0.9)(x)`.
            FunctionArguments::List(list) => {
                for arg in &list.args {
                    flow.mix(&self.argument(arg, names));
                }
            }
        }
        match args {
            FunctionArguments::None => {}
            FunctionArguments::Subquery(query) => {
                // ARRAY(SELECT …) makes one value of many rows.
                self.part.loose = true;
                let result = self.query(query, names, false);
                self.reach_inside(result.extent);
                match result.columns {
                    None => flow = Flow::any(),
                    Some(columns) => columns.iter().for_each(|column| flow.mix(&column.flow)),
                }
                flow = flow.aggregated();
                literals.push(None);
            }
            FunctionArguments::List(list) => {
                let FunctionArgumentList { duplicate_treatment: _, args, clauses } = list;
                let called = self.parts(name).and_then(|mut parts| parts.pop());
                let counts = matches!(called.as_deref(), Some("count" | "count_big" | "count_if"));
                let parts_of_dates = called.as_deref().map_or(0..0, |name| self.date_part_at(name));
                for arg in args {
                    literals.push(literal_argument(arg));
                    // `DATEADD(day, 1, a)`: a word, and no column of that name.
                    if parts_of_dates.contains(&literals.len()) && names_a_date_part(arg) {
                        continue;
                    }
                    // `count(*)` holds nothing of the rows.
                    if let (true, FunctionArg::Unnamed(FunctionArgExpr::Wildcard)) = (counts, arg) {
                        continue;
                    }
                    let value = self.argument(arg, names);
                    // `nullif(a, b)` gives `a` or nothing, `grouping(a)` a number.
                    let decides = match called.as_deref() {
                        Some("nullif") => literals.len() == 2,
                        Some("grouping" | "grouping_id") => true,
                        Some("if" | "iff" | "iif" | "nvl2" | "choose" | "elt") => {
                            literals.len() == 1
                        }
                        Some(_) | None => false,
                    };
                    flow.mix(&if decides { value.only_decides() } else { value });
                }
                for clause in clauses {
                    let origin = self.argument_clause(clause, names);
                    flow.depends.add(&origin);
                }
            }
        }
        let joins = self.parts(name).and_then(|mut parts| parts.pop()).is_some_and(|name| {
            matches!(name.as_str(), "listagg" | "string_agg" | "array_agg" | "group_concat")
        });
        for by in within_group {
            let key = self.sort_key(by, names);
            flow.mix(&if joins { key.only_decides() } else { key });
        }
        if let Some(filter) = filter {
            flow.depends.add(&self.condition(filter, names));
        }
        if let Some(over) = over {
            flow.depends.add(&self.window(over, names));
        }
        if let FunctionArguments::List(list) = args {
            self.set_function(&function.name, list);
        }
        let mut parts = Vec::with_capacity(name.0.len());
        for part in &name.0 {
            match part {
                ObjectNamePart::Identifier(ident) => parts.push(self.fold(ident)),
                ObjectNamePart::Function(_) => self.not_covered(),
            }
        }
        let identifier =
            self.setting.dialect == Dialect::Snowflake && parts.as_slice() == ["identifier"];
        if identifier || self.is_xml_method(&parts, names) {
            // The name of a column, or a value of one.
            self.part.unresolved = true;
            return Flow::any();
        }
        if self.setting.dialect == Dialect::Mariadb {
            self.sequence_argument(&parts, args);
        }
        self.spread |= self.call_spreads(&parts);
        let elements = self.holds_arguments(&parts);
        // SQLite's `max(a, b)` is the larger of two values.
        let of_one_row = self.is_sqlite()
            && literals.len() > 1
            && matches!(parts.last().map(String::as_str), Some("max" | "min"));
        let picks = self.is_sqlite()
            && over.is_none()
            && literals.len() == 1
            && matches!(parts.as_slice(), [name] if name == "min" || name == "max");
        if picks {
            self.listed.picks.add(&flow.as_dependence());
        }
        match self.invoke(parts, &literals) {
            Some(Shape::Rows) if elements => {
                self.listed.rows.add(&flow.as_dependence());
                flow.derived()
            }
            None | Some(Shape::Rows) => Flow::any(),
            Some(Shape::Scalar) => flow.derived(),
            Some(Shape::Aggregate) if of_one_row => flow.derived(),
            Some(Shape::Aggregate) => flow.aggregated(),
        }
    }

    /// At which places (counted from 1) a function of the server's own takes a word for a part of a
    /// date.
    fn date_part_at(&self, name: &str) -> std::ops::Range<usize> {
        let first = match self.setting.dialect {
            Dialect::Mssql => matches!(
                name,
                "dateadd"
                    | "datediff"
                    | "datediff_big"
                    | "datename"
                    | "datepart"
                    | "datetrunc"
                    | "date_bucket"
            ),
            Dialect::Snowflake => matches!(
                name,
                "dateadd"
                    | "datediff"
                    | "date_part"
                    | "date_trunc"
                    | "timeadd"
                    | "timediff"
                    | "timestampadd"
                    | "timestampdiff"
            ),
            Dialect::Redshift => matches!(name, "dateadd" | "datediff"),
            Dialect::Mysql | Dialect::Mariadb => matches!(name, "timestampadd" | "timestampdiff"),
            Dialect::Spark | Dialect::Databricks => matches!(
                name,
                "dateadd"
                    | "date_add"
                    | "datediff"
                    | "date_diff"
                    | "timestampadd"
                    | "timestampdiff"
            ),
            Dialect::Bigquery => {
                let last = matches!(
                    name,
                    "date_diff"
                        | "date_trunc"
                        | "datetime_diff"
                        | "datetime_trunc"
                        | "last_day"
                        | "time_diff"
                        | "time_trunc"
                        | "timestamp_diff"
                        | "timestamp_trunc"
                );
                return if last { 2..4 } else { 0..0 };
            }
            Dialect::Postgres
            | Dialect::Sqlite
            | Dialect::Clickhouse
            | Dialect::Oracle
            | Dialect::Duckdb
            | Dialect::Hive => false,
        };
        if first { 1..2 } else { 0..0 }
    }

    /// Whether a function of the server's own makes what it gives of its arguments alone.
    pub(super) fn holds_arguments(&self, parts: &[String]) -> bool {
        let Some(name) = parts.last() else { return false };
        // Its argument is the number of a document that was read before.
        if self.setting.dialect == Dialect::Mssql && name == "openxml" {
            return false;
        }
        functions::builtin(self.setting.dialect, name)
            .is_some_and(|f| !f.catalogued && !f.tables && f.reads.is_none() && !f.unknown)
            && self
                .setting
                .catalog
                .is_none_or(|catalog| catalog.functions_named(name, self.case()).next().is_none())
    }

    /// MariaDB's `NEXTVAL(s)`: what looks like a column names a sequence.
    fn sequence_argument(&mut self, parts: &[String], args: &FunctionArguments) {
        let names_one =
            matches!(parts, [name] if ["nextval", "lastval", "setval"].contains(&name.as_str()));
        let FunctionArguments::List(list) = args else { return };
        let Some(FunctionArg::Unnamed(FunctionArgExpr::Expr(expr))) =
            list.args.first().filter(|_| names_one)
        else {
            return;
        };
        let idents = if let Expr::Identifier(ident) = expr {
            std::slice::from_ref(ident)
        } else if let Expr::CompoundIdentifier(idents) = expr {
            idents
        } else {
            return;
        };
        let path = Path::exact(idents.iter().map(|ident| self.fold(ident)));
        self.object(TargetKind::Sequence, path);
    }

    /// Whether a call may stand for several columns of the result.
    fn call_spreads(&self, parts: &[String]) -> bool {
        let Some(name) = parts.last().map(String::as_str) else { return false };
        match self.setting.dialect {
            Dialect::Duckdb => matches!(name, "columns" | "unnest" | "unpack"),
            Dialect::Clickhouse => matches!(name, "columns" | "untuple"),
            Dialect::Postgres
            | Dialect::Mysql
            | Dialect::Mariadb
            | Dialect::Mssql
            | Dialect::Sqlite
            | Dialect::Snowflake
            | Dialect::Bigquery
            | Dialect::Redshift
            | Dialect::Oracle
            | Dialect::Hive
            | Dialect::Spark
            | Dialect::Databricks => false,
        }
    }

    pub(super) fn argument(&mut self, arg: &FunctionArg, names: &Names<'_, 'a>) -> Flow {
        match arg {
            FunctionArg::Named { name: _, arg, operator: _ } | FunctionArg::Unnamed(arg) => {
                self.argument_expr(arg, names)
            }
            FunctionArg::ExprNamed { name, arg, operator: _ } => {
                let mut flow = self.expr(name, names);
                flow.mix(&self.argument_expr(arg, names));
                flow
            }
        }
    }

    fn argument_expr(&mut self, arg: &FunctionArgExpr, names: &Names<'_, 'a>) -> Flow {
        match arg {
            FunctionArgExpr::Expr(expr) => self.expr(expr, names),
            FunctionArgExpr::Wildcard => self.star_value(names),
            FunctionArgExpr::QualifiedWildcard(name) => self.row_value(name, names),
            FunctionArgExpr::WildcardWithOptions(options) => {
                let columns = self.star(names);
                let columns = self.wildcard_options(columns, options, names);
                self.one_value(columns)
            }
        }
    }

    fn argument_clause(
        &mut self,
        clause: &FunctionArgumentClause,
        names: &Names<'_, 'a>,
    ) -> Origin {
        match clause {
            FunctionArgumentClause::IgnoreOrRespectNulls(_)
            | FunctionArgumentClause::Separator(_)
            | FunctionArgumentClause::JsonNullClause(_)
            | FunctionArgumentClause::JsonReturningClause(_) => Origin::NONE,
            FunctionArgumentClause::Where(expr)
            | FunctionArgumentClause::Limit(expr)
            | FunctionArgumentClause::Having(HavingBound(_, expr)) => self.condition(expr, names),
            FunctionArgumentClause::OrderBy(by) => {
                let mut origin = Origin::NONE;
                for by in by {
                    origin.add(&self.sort_key(by, names).as_dependence());
                }
                origin
            }
            FunctionArgumentClause::OnOverflow(overflow) => match overflow {
                ListAggOnOverflow::Error => Origin::NONE,
                ListAggOnOverflow::Truncate { filler, with_count: _ } => match filler {
                    Some(filler) => self.condition(filler, names),
                    None => Origin::NONE,
                },
            },
        }
    }

    /// Whether a table or the catalog gives effects to functions of this name.
    pub(super) fn has_effects(&self, name: &str) -> bool {
        let listed = self
            .setting
            .catalog
            .is_some_and(|catalog| catalog.functions_named(name, self.case()).next().is_some());
        listed || functions::builtin(self.setting.dialect, name).is_some_and(|f| f.catalogued)
    }

    /// Whether the server's own functions can be trusted to be meant by an unqualified name.
    fn builtins_come_first(&self) -> bool {
        if !self.is_postgres() {
            // DuckDB's macros, Spark's and Hive's temporary functions hide what has their name.
            return match self.setting.dialect {
                Dialect::Duckdb | Dialect::Hive | Dialect::Spark | Dialect::Databricks => {
                    !self.state.shadowed
                }
                Dialect::Postgres
                | Dialect::Redshift
                | Dialect::Mysql
                | Dialect::Mariadb
                | Dialect::Mssql
                | Dialect::Sqlite
                | Dialect::Snowflake
                | Dialect::Bigquery
                | Dialect::Clickhouse
                | Dialect::Oracle => true,
            };
        }
        let path = self.state.session.search_path.as_deref().unwrap_or_default();
        !self.state.path_unknown && path.iter().position(|s| s == "pg_catalog").unwrap_or(0) == 0
    }

    /// Whether an unqualified name means the catalog's function: no schema that the catalog has
    /// nothing of is searched before those that hold it.
    fn finds_function(&self, name: &str) -> bool {
        if self.state.path_unknown {
            return false;
        }
        let (Some(catalog), Some(path)) =
            (self.setting.catalog, self.state.session.search_path.as_deref())
        else {
            return true;
        };
        let holds = |schema: &str| {
            catalog.functions_named(name, self.case()).any(|function| function.schema == schema)
        };
        let mut schemas = path.iter().map(String::as_str).filter(|schema| *schema != "pg_catalog");
        schemas.find(|schema| holds(schema) || !self.knows_schema(schema)).is_some_and(holds)
    }

    /// Whether the statement may call operators that hide the server's own.
    pub(super) fn hides_operators(&self) -> bool {
        const CALLS: &[&str] = &[
            "all", "any", "between", "case", "distinct", "ilike", "in", "like", "natural",
            "nullif", "overlaps", "similar", "some", "using",
        ];
        if !self.is_postgres() || self.builtins_come_first() {
            return false;
        }
        let sets = matches!(self.word(0).as_str(), "set" | "alter");
        !sets
            && (0..self.tokens.len()).any(|at| {
                self.kind(at) == Some(TokenKind::Operator) && !self.is_star(at)
                    || CALLS.contains(&self.word(at).as_str())
            })
    }

    /// `*` for all columns: nothing stands before it that could be multiplied.
    fn is_star(&self, at: usize) -> bool {
        let before = at.checked_sub(1);
        self.operator_at(at, "*")
            && before.is_none_or(|before| match self.kind(before) {
                Some(TokenKind::Open | TokenKind::Dot | TokenKind::Comma) => true,
                Some(TokenKind::Word) => {
                    matches!(
                        self.word(before).as_str(),
                        "select" | "distinct" | "all" | "returning"
                    )
                }
                _ => false,
            })
    }

    /// PostgreSQL's functions with effects, whatever schema they are called in: extensions live
    /// anywhere.
    fn catalogued_anywhere(&self, name: &str) -> Option<functions::Function> {
        let function = functions::builtin(self.setting.dialect, name).filter(|f| f.catalogued);
        function.filter(|_| self.is_postgres())
    }

    /// Notes a call of the function `parts` (folded) with those of its arguments that are
    /// literals. `None`: the function is not known.
    pub(super) fn invoke(&mut self, parts: Vec<String>, args: &[Option<&str>]) -> Option<Shape> {
        let parts = match parts.len() {
            0..=2 => parts,
            // The database part can only name the current one.
            more => parts.into_iter().skip(more - 2).collect(),
        };
        let (schema, name) = match parts.as_slice() {
            [name] => (None, name.as_str()),
            [schema, name] => (Some(schema.as_str()), name.as_str()),
            _ => {
                self.not_covered();
                return None;
            }
        };
        let columns = matches!(self.setting.dialect, Dialect::Duckdb | Dialect::Clickhouse)
            && (schema, name) == (None, "columns");
        if columns {
            // No function: many columns.
            self.part.unresolved = true;
            return None;
        }
        self.part.calls.insert(Path::exact(parts.iter().map(String::as_str)).to_string());
        let mut known = None;
        let mut bounded = true;
        if let Some(catalog) = self.setting.catalog {
            let case = self.case();
            let hidden = schema.is_none() && self.is_postgres() && !self.finds_function(name);
            let listed = catalog.functions_named(name, case).filter(|_| !hidden);
            for function in listed.filter(|f| schema.is_none_or(|s| case.same(s, &f.schema))) {
                for effect in &function.effects {
                    match Effect::parse(effect) {
                        Some(effect) => self.part.may |= effect,
                        None => bounded = false,
                    }
                }
                // A function of the database's own may give rows, and is never taken for a
                // plain scalar.
                known = Some(Shape::Rows);
                self.part.loose = true;
                self.part.rows = true;
            }
        }
        if !bounded {
            self.unknown_function(Some(name));
        }
        let builtin = match schema {
            None => functions::builtin(self.setting.dialect, name)
                .filter(|function| function.catalogued || self.builtins_come_first()),
            Some(schema) => functions::builtin_of(self.setting.dialect, schema, name)
                .or_else(|| self.catalogued_anywhere(name)),
        };
        let Some(function) = builtin else {
            if known.is_none() {
                self.unknown_function(Some(name));
            }
            return known;
        };
        self.part.may |= function.may;
        self.part.loose |= function.aggregate || function.set || function.catalogued;
        self.part.rows |= function.set || function.unknown;
        if function.unknown {
            self.partial(Reason::DynamicCode);
            self.dynamic_target();
        }
        if function.tables {
            self.source(TargetKind::Table, Path::dynamic());
        }
        if let Some(relation) = function.reads {
            self.source(TargetKind::Table, Path::exact(["pg_catalog", relation]));
        }
        match function.code {
            Code::None => {}
            Code::Argument(at) => self.code_argument(args.get(at).copied().flatten()),
            Code::AnyText if args.is_empty() => self.code_argument(None),
            Code::AnyText => {
                for arg in args {
                    self.code_argument(*arg);
                }
            }
        }
        if name == "set_config" && self.is_postgres() {
            self.set_config(args);
        }
        Some(match function {
            // What it gives comes from elsewhere than its arguments.
            _ if known.is_some() || function.set || function.catalogued => Shape::Rows,
            functions::Function { aggregate: true, .. } => Shape::Aggregate,
            functions::Function { aggregate: false, .. } => Shape::Scalar,
        })
    }

    /// A function of which nothing is known may do anything to anything.
    pub(super) fn unknown_function(&mut self, name: Option<&str>) {
        self.partial(Reason::UnknownFunction);
        self.part.may |= EffectSet::ALL;
        self.part.loose = true;
        self.part.rows = true;
        if let Some(name) = name {
            self.object(TargetKind::Function, Path::exact([name]));
        }
        self.dynamic_target();
    }

    /// A target that is known only when the command runs.
    pub(super) fn dynamic_target(&mut self) {
        self.object(TargetKind::Other, Path::dynamic());
    }

    /// ClickHouse's settings that hold conditions, in texts.
    pub(super) fn filters_by_text(&mut self, setting: &str) {
        let conditions = ["additional_table_filters", "additional_result_filter"];
        if conditions.iter().any(|name| setting.eq_ignore_ascii_case(name)) {
            self.code_argument(None);
        }
    }

    fn code_argument(&mut self, text: Option<&str>) {
        match text {
            Some(text) => self.code(text),
            None => {
                self.opaque(Reason::DynamicCode);
                self.part.may |= EffectSet::ALL;
            }
        }
    }

    /// Reads SQL that runs inside this action.
    pub(super) fn code(&mut self, text: &str) {
        let facts = nested::read_sql(&self.setting, self.state, text);
        self.understanding = self.understanding.max(facts.understanding);
        self.reasons.extend(&facts.reasons);
        self.session.extend(facts.session.iter().cloned());
        self.part.nested.push(facts);
    }

    /// Code in a language that is not read.
    pub(super) fn foreign_code(&mut self, len: usize) {
        let facts = nested::unread(&self.setting, len);
        self.understanding = Understanding::Opaque;
        self.reasons.extend(&facts.reasons);
        self.part.nested.push(facts);
    }

    fn set_config(&mut self, args: &[Option<&str>]) {
        let name = args.first().copied().flatten();
        let value = args.get(1).copied().flatten();
        match name {
            Some(name) => {
                let name = name.to_ascii_lowercase();
                self.part.may |= settings::effects(&name);
                self.object(TargetKind::Setting, Path::exact([name.as_str()]));
                let values = value.map(settings::split_list).filter(|_| self.sets_for_sure());
                self.set_value(name, values);
            }
            None => {
                self.part.may |= Effect::ParserState | Effect::Identity | Effect::AuditTamper;
                self.object(TargetKind::Setting, Path::dynamic());
                self.session.push(SessionDelta::Unknown);
                self.forget_settings();
            }
        }
    }

    /// Whether every `set_config` of the statement runs, once, and holds beyond the transaction.
    fn sets_for_sure(&self) -> bool {
        const MAY_NOT_RUN: &[&str] = &[
            "and",
            "case",
            "coalesce",
            "except",
            "fetch",
            "from",
            "having",
            "if",
            "intersect",
            "limit",
            "nullif",
            "offset",
            "or",
            "union",
            "where",
            "with",
        ];
        let plain = |at: &usize| {
            let at = *at;
            let is = |ahead: usize, kind| self.kind(at.saturating_add(ahead)) == Some(kind);
            let is_text = |ahead| is(ahead, TokenKind::Text);
            let comma = |ahead| is(ahead, TokenKind::Comma);
            let keeps = matches!(self.word(at.saturating_add(6)).as_str(), "false" | "f");
            is(1, TokenKind::Open) && is_text(2) && comma(3) && is_text(4) && comma(5) && keeps
        };
        let mut calls = (0..self.tokens.len()).filter(|at| self.word(*at) == "set_config");
        self.word(0) == "select"
            && calls.all(|at| plain(&at))
            && !(0..self.tokens.len()).any(|at| MAY_NOT_RUN.contains(&self.word(at).as_str()))
    }

    /// `x`, `t.x`, `s.t.x`: a column, or by PostgreSQL's other notation a call.
    pub(super) fn column(
        &mut self,
        idents: &[sqlparser::ast::Ident],
        names: &Names<'_, 'a>,
    ) -> Flow {
        let parts: Vec<String> = idents.iter().map(|ident| self.fold(ident)).collect();
        if let [ident] = idents
            && let Some(stage) = ident.value.strip_prefix(STAGE_MARK)
        {
            self.stage(stage, Role::Source);
            return Flow::any();
        }
        if let ([sequence @ .., last], Dialect::Snowflake) =
            (parts.as_slice(), self.setting.dialect)
            && last == "nextval"
            && !sequence.is_empty()
        {
            // A sequence moves on.
            self.part.may |= Effect::WriteData;
            self.object(TargetKind::Sequence, Path::exact(sequence.iter().map(String::as_str)));
            return Flow::constant();
        }
        if let ([name], Dialect::Mssql) = (parts.as_slice(), self.setting.dialect)
            && name.starts_with('@')
        {
            // A variable, whatever was put into it.
            return Flow { how: How::Opaque, ..Flow::any() };
        }
        if let ([name], Dialect::Oracle) = (parts.as_slice(), self.setting.dialect)
            && super::aim::ORACLE_VALUES.contains(&name.as_str())
            && idents.iter().all(|ident| ident.quote_style.is_none())
        {
            // Reserved: it holds nothing of the rows.
            return Flow::constant().derived();
        }
        if self.setting.dialect == Dialect::Oracle && self.oracle_call(&parts, names) {
            return Flow { how: How::Opaque, ..Flow::any() };
        }
        if let Some(flow) = self.resolve(&parts, names) {
            return flow;
        }
        self.part.unresolved = true;
        if let ([_, .., last], true) = (idents, self.manners().attribute_calls) {
            self.attribute(last);
        }
        Flow { how: How::Opaque, ..Flow::any() }
    }
}

impl<'a> Walk<'_, 'a> {
    /// Oracle calls functions without arguments by their names alone (`pkg.f`), and counts sequences
    /// by `s.nextval`. The answer is whether the name is no column.
    fn oracle_call(&mut self, parts: &[String], names: &Names<'_, 'a>) -> bool {
        let mut level = Some(names);
        let (mut related, mut only_dual) = (false, true);
        let relation = match parts {
            [relation, _] | [_, relation, _] => Some(relation),
            _ => parts.first(),
        };
        while let Some(names) = level {
            for known in &names.relations {
                let name = known.name.as_deref();
                related |= name == relation.map(String::as_str)
                    || name == parts.first().map(String::as_str)
                    // A query without a name, or a table of which only a part is named.
                    || name.is_none() && parts.len() == 1;
                only_dual &= name == Some("dual");
            }
            level = names.parent;
        }
        if let [.., sequence, "nextval" | "currval"] =
            parts.iter().map(String::as_str).collect::<Vec<_>>().as_slice()
            && !related
        {
            if parts.last().is_some_and(|last| last == "nextval") {
                self.part.may |= Effect::WriteData;
            }
            self.object(TargetKind::Sequence, Path::exact([*sequence]));
            return true;
        }
        let variable = |name: &String| {
            super::aim::ORACLE_VALUES.contains(&name.as_str())
                || self.setting.room.variables.borrow().contains(name)
        };
        match parts {
            [] => false,
            [name] => {
                let computed = self.has_effects(name)
                    || only_dual
                        && !names.unsure
                        && names.joined.is_empty()
                        && name != "dummy"
                        && !variable(name);
                if computed {
                    self.invoke(parts.to_vec(), &[]);
                }
                computed
            }
            [first, ..] => {
                let called =
                    !related && !names.unsure && names.joined.is_empty() && !variable(first);
                if called {
                    self.invoke(parts.to_vec(), &[]);
                }
                called
            }
        }
    }
}

/// The text of an argument that is a literal. One with a name stands at another place than it is
/// written at.
pub(super) fn literal_argument(arg: &FunctionArg) -> Option<&str> {
    let FunctionArg::Unnamed(_) = arg else { return None };
    written_argument(arg)
}

/// The text of an argument that is a literal, with a name or without.
pub(super) fn written_argument(arg: &FunctionArg) -> Option<&str> {
    let (FunctionArg::Named { arg, .. }
    | FunctionArg::ExprNamed { arg, .. }
    | FunctionArg::Unnamed(arg)) = arg;
    match arg {
        FunctionArgExpr::Expr(expr) => text_literal(expr),
        FunctionArgExpr::QualifiedWildcard(_)
        | FunctionArgExpr::Wildcard
        | FunctionArgExpr::WildcardWithOptions(_) => None,
    }
}

/// Whether an argument is a word that servers know as a part of a date.
fn names_a_date_part(arg: &FunctionArg) -> bool {
    const PARTS: &[&str] = &[
        "day",
        "dayofweek",
        "dayofyear",
        "dd",
        "decade",
        "epoch_second",
        "hour",
        "hh",
        "isoweek",
        "isoyear",
        "microsecond",
        "millisecond",
        "minute",
        "mi",
        "mm",
        "month",
        "ms",
        "nanosecond",
        "quarter",
        "qq",
        "second",
        "ss",
        "week",
        "weekday",
        "wk",
        "ww",
        "year",
        "yy",
        "yyyy",
    ];
    let FunctionArg::Unnamed(FunctionArgExpr::Expr(Expr::Identifier(ident))) = arg else {
        return false;
    };
    ident.quote_style.is_none() && PARTS.iter().any(|part| ident.value.eq_ignore_ascii_case(part))
}

/// The text of a string literal, brackets aside, and casts that leave it as it is: others cut it,
/// pad it, or read it as something else.
pub(super) fn text_literal(expr: &Expr) -> Option<&str> {
    let mut expr = expr;
    loop {
        if let Expr::Nested(inner) = expr {
            expr = inner;
        } else if let Expr::Cast { expr: inner, data_type, format: None, kind: _ } = expr
            && matches!(
                data_type,
                DataType::Text
                    | DataType::String(None)
                    | DataType::Varchar(None)
                    | DataType::CharacterVarying(None)
            )
        {
            expr = inner;
        } else if let Expr::Value(value) = expr {
            return text_value(&value.value);
        } else {
            return None;
        }
    }
}

/// The text of a string value. Escapes that the parser has not resolved are no plain text.
pub(super) fn text_value(value: &Value) -> Option<&str> {
    match value {
        Value::SingleQuotedString(text)
        | Value::EscapedStringLiteral(text)
        | Value::NationalStringLiteral(text)
        | Value::UnicodeStringLiteral(text) => Some(text),
        Value::DollarQuotedString(text) => Some(&text.value),
        Value::Number(_, _)
        | Value::TripleSingleQuotedString(_)
        | Value::TripleDoubleQuotedString(_)
        | Value::SingleQuotedByteStringLiteral(_)
        | Value::DoubleQuotedByteStringLiteral(_)
        | Value::TripleSingleQuotedByteStringLiteral(_)
        | Value::TripleDoubleQuotedByteStringLiteral(_)
        | Value::SingleQuotedRawStringLiteral(_)
        | Value::DoubleQuotedRawStringLiteral(_)
        | Value::TripleSingleQuotedRawStringLiteral(_)
        | Value::TripleDoubleQuotedRawStringLiteral(_)
        | Value::QuoteDelimitedStringLiteral(_)
        | Value::NationalQuoteDelimitedStringLiteral(_)
        | Value::HexStringLiteral(_)
        | Value::DoubleQuotedString(_)
        | Value::Boolean(_)
        | Value::Null
        | Value::Placeholder(_) => None,
    }
}
