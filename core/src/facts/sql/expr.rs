//! Expressions: what they call, read and hold.

use sqlparser::ast::{
    AccessExpr, BinaryOperator, CastKind, CeilFloorKind, DataType, Expr, Ident, JsonPath,
    JsonPathElem, ObjectName, Subscript, UnaryOperator, Value, WindowFrameBound, WindowSpec,
    WindowType,
};

use super::calls::Shape;
use super::flow::{Columns, Flow, Names, Origin, Relation, weight};
use super::resolve::mixed;
use super::walk::Walk;
use crate::command::Dialect;
use crate::facts::How;

impl<'a> Walk<'_, 'a> {
    /// Walks several expressions; the answer is a value computed from all of them.
    pub(super) fn exprs<'e>(
        &mut self,
        exprs: impl IntoIterator<Item = &'e Expr>,
        names: &Names<'_, 'a>,
    ) -> Flow {
        let mut flow = Flow::constant();
        for expr in exprs {
            flow.mix(&self.expr(expr, names));
        }
        flow.derived()
    }

    /// Walks an expression that only decides.
    pub(super) fn condition(&mut self, expr: &Expr, names: &Names<'_, 'a>) -> Origin {
        self.expr(expr, names).as_dependence()
    }

    /// Walks an expression.
    pub(super) fn expr(&mut self, expr: &Expr, names: &Names<'_, 'a>) -> Flow {
        match expr {
            Expr::Identifier(ident) => self.column(std::slice::from_ref(ident), names),
            Expr::CompoundIdentifier(idents) => self.column(idents, names),
            Expr::CompoundFieldAccess { root, access_chain } => {
                self.field_access(root, access_chain, names)
            }
            Expr::JsonAccess { value, path } => {
                // DuckDB: `name: ssn` is `ssn AS name`, and no path into a value.
                if self.setting.dialect == Dialect::Duckdb {
                    self.not_covered();
                }
                let mut flow = self.expr(value, names);
                flow.mix(&self.json_path(path, names));
                flow.derived()
            }
            Expr::Nested(inner) => self.expr(inner, names),
            Expr::IsFalse(inner)
            | Expr::IsNotFalse(inner)
            | Expr::IsTrue(inner)
            | Expr::IsNotTrue(inner)
            | Expr::IsNull(inner)
            | Expr::IsNotNull(inner)
            | Expr::IsUnknown(inner)
            | Expr::IsNotUnknown(inner)
            | Expr::IsJson { expr: inner, kind: _, unique_keys: _, negated: _ }
            | Expr::IsNormalized { expr: inner, form: _, negated: _ }
            | Expr::Extract { field: _, syntax: _, expr: inner }
            | Expr::Collate { expr: inner, collation: _ }
            | Expr::Prefixed { prefix: _, value: inner }
            | Expr::Named { expr: inner, name: _ }
            | Expr::OuterJoin(inner)
            | Expr::Prior(inner) => self.expr(inner, names).derived(),
            Expr::UnaryOp { op, expr: inner } => {
                self.unary(*op);
                self.expr(inner, names).derived()
            }
            Expr::IsDistinctFrom(left, right)
            | Expr::IsNotDistinctFrom(left, right)
            | Expr::InUnnest { expr: left, array_expr: right, negated: _ }
            | Expr::Position { expr: left, r#in: right }
            | Expr::AtTimeZone { timestamp: left, time_zone: right }
            | Expr::RLike { negated: _, expr: left, pattern: right, regexp: _ } => {
                self.exprs([&**left, &**right], names)
            }
            Expr::BinaryOp { left, op, right } => {
                self.operator(op);
                self.chain(left, right, names)
            }
            Expr::AnyOp { left, compare_op, right, is_some: _ }
            | Expr::AllOp { left, compare_op, right } => {
                self.operator(compare_op);
                let mut flow = self.expr(left, names);
                let right = self.compared(right, names);
                flow.mix(&right);
                flow.derived()
            }
            Expr::Like { negated: _, any: _, expr, pattern, escape_char }
            | Expr::ILike { negated: _, any: _, expr, pattern, escape_char }
            | Expr::SimilarTo { negated: _, expr, pattern, escape_char } => self.exprs(
                [Some(expr), Some(pattern), escape_char.as_ref()]
                    .into_iter()
                    .flatten()
                    .map(|e| &**e),
                names,
            ),
            Expr::Between { expr, negated: _, low, high } => {
                self.exprs([&**expr, &**low, &**high], names)
            }
            Expr::InList { expr, list, negated: _ } => {
                self.set_table(list);
                self.exprs(std::iter::once(&**expr).chain(list), names)
            }
            Expr::InSubquery { expr, subquery, negated: _ } => {
                let mut flow = self.expr(expr, names);
                flow.mix(&self.subselect(subquery, names).only_decides());
                flow.derived()
            }
            Expr::Subquery(query) => self.subselect(query, names),
            Expr::Exists { subquery, negated: _ } => {
                let result = self.query(subquery, names, false);
                self.reach_inside(result.extent);
                let mut depends = result.depends;
                // What stands in its select list is not looked at, but for calls that give rows.
                if self.part.rows {
                    let all = result.columns.map(|columns| mixed(&columns).as_dependence());
                    depends.add(&all.unwrap_or(Origin::Any));
                }
                Flow { depends, ..Flow::constant() }
            }
            Expr::Convert {
                is_try: _,
                expr: inner,
                data_type,
                charset: _,
                target_before_value: _,
                styles,
            } => {
                // `{fn CONVERT(dbo.f(1), SQL_INTEGER)}` has its value first.
                if let Some(DataType::Custom(name, _)) = data_type
                    && name.0.len() > 1
                {
                    self.unknown_function(None);
                }
                self.exprs(std::iter::once(&**inner).chain(styles), names)
            }
            Expr::Cast { kind, expr: inner, data_type: _, format: _ } => {
                if *kind == CastKind::DoubleColon && self.setting.dialect == Dialect::Mssql {
                    self.static_method(inner);
                }
                self.expr(inner, names).derived()
            }
            Expr::Ceil { expr: inner, field } | Expr::Floor { expr: inner, field } => {
                match field {
                    CeilFloorKind::DateTimeField(_) | CeilFloorKind::Scale(_) => {}
                }
                let name = if matches!(expr, Expr::Ceil { .. }) { "ceil" } else { "floor" };
                let flow = self.expr(inner, names).derived();
                self.called(name, flow)
            }
            Expr::Substring { expr, substring_from, substring_for, special, shorthand } => {
                let parts = [Some(expr), substring_from.as_ref(), substring_for.as_ref()];
                let flow = self.exprs(parts.into_iter().flatten().map(|e| &**e), names);
                match (special, shorthand) {
                    // `SUBSTRING(a FROM b)` is the server's own, whoever made another.
                    (false, false) => flow,
                    (true, false) => self.called("substring", flow),
                    (_, true) => self.called("substr", flow),
                }
            }
            Expr::Trim { trim_where: _, trim_what, expr, trim_characters } => {
                let characters = trim_characters.iter().flatten();
                let parts = [Some(expr), trim_what.as_ref()];
                self.exprs(parts.into_iter().flatten().map(|e| &**e).chain(characters), names)
            }
            Expr::Overlay { expr, overlay_what, overlay_from, overlay_for } => {
                let parts =
                    [Some(expr), Some(overlay_what), Some(overlay_from), overlay_for.as_ref()];
                self.exprs(parts.into_iter().flatten().map(|e| &**e), names)
            }
            Expr::Value(value) => self.value(&value.value),
            Expr::TypedString(_) => Flow::constant(),
            Expr::Function(function) => self.call(function, names),
            Expr::Case { case_token: _, end_token: _, operand, conditions, else_result } => {
                let mut depends = Origin::NONE;
                if let Some(operand) = operand {
                    depends.add(&self.condition(operand, names));
                }
                let mut flow = Flow::constant();
                for when in conditions {
                    depends.add(&self.condition(&when.condition, names));
                    flow.mix(&self.expr(&when.result, names));
                }
                if let Some(result) = else_result {
                    flow.mix(&self.expr(result, names));
                }
                flow.depends.add(&depends);
                flow.derived()
            }
            Expr::GroupingSets(sets) | Expr::Cube(sets) | Expr::Rollup(sets) => {
                self.exprs(sets.iter().flatten(), names)
            }
            Expr::Tuple(values) => self.exprs(values, names),
            Expr::Struct { values, fields: _ } => self.exprs(values, names),
            Expr::Dictionary(fields) => self.exprs(fields.iter().map(|field| &*field.value), names),
            Expr::Map(map) => {
                self.exprs(map.entries.iter().flat_map(|e| [&*e.key, &*e.value]), names)
            }
            Expr::Array(array) => self.exprs(&array.elem, names),
            Expr::Interval(interval) => self.expr(&interval.value, names).derived(),
            Expr::Wildcard(_) => self.star_value(names),
            Expr::QualifiedWildcard(name, _) => self.row_value(name, names),
            Expr::MatchAgainst { columns, match_value: _, opt_search_modifier: _ } => {
                let mut flow = Flow::constant();
                for column in columns {
                    let parts = self.parts(column).unwrap_or_default();
                    match self.resolve(&parts, names) {
                        Some(column) => flow.mix(&column),
                        None => {
                            self.part.unresolved = true;
                            flow = Flow::any();
                        }
                    }
                }
                flow.derived()
            }
            // Its parameters hide columns of their names: what it holds is not known.
            Expr::Lambda(lambda) => {
                // Its parameters hide names, and where the arrow reads JSON they are names.
                self.part.unresolved = true;
                let mut level = Names::inside(names);
                level.unsure = true;
                for parameter in &lambda.params {
                    let name = self.fold(&parameter.name);
                    if self.mentions(&lambda.body, &name) {
                        self.bind(&name);
                    }
                }
                self.expr(&lambda.body, &level);
                Flow::any()
            }
            Expr::MemberOf(member) => self.exprs([&*member.value, &*member.array], names),
        }
    }

    /// Walks a run of binary operators. The parser leans it to the left; the guard lexer bounds
    /// its length, and this loop keeps it off the stack.
    fn chain(&mut self, left: &Expr, right: &Expr, names: &Names<'_, 'a>) -> Flow {
        let mut flow = self.expr(right, names);
        let mut at = left;
        while let Expr::BinaryOp { left, op, right } = at {
            self.operator(op);
            flow.mix(&self.expr(right, names));
            at = left;
        }
        flow.mix(&self.expr(at, names));
        flow.derived()
    }

    /// Literals and parameters hold nothing. Snowflake's `$1` is a column, and `$x` and `:x` are
    /// variables, which may hold what was read before.
    fn value(&mut self, value: &Value) -> Flow {
        match value {
            Value::Placeholder(name)
                if self.setting.dialect == Dialect::Snowflake && name.starts_with(['$', ':']) =>
            {
                // `$4` is whatever column stands there.
                self.part.unresolved |= name.starts_with('$');
                Flow::any()
            }
            Value::Placeholder(_)
            | Value::Number(_, _)
            | Value::SingleQuotedString(_)
            | Value::DollarQuotedString(_)
            | Value::TripleSingleQuotedString(_)
            | Value::TripleDoubleQuotedString(_)
            | Value::EscapedStringLiteral(_)
            | Value::UnicodeStringLiteral(_)
            | Value::SingleQuotedByteStringLiteral(_)
            | Value::DoubleQuotedByteStringLiteral(_)
            | Value::TripleSingleQuotedByteStringLiteral(_)
            | Value::TripleDoubleQuotedByteStringLiteral(_)
            | Value::SingleQuotedRawStringLiteral(_)
            | Value::DoubleQuotedRawStringLiteral(_)
            | Value::TripleSingleQuotedRawStringLiteral(_)
            | Value::TripleDoubleQuotedRawStringLiteral(_)
            | Value::NationalStringLiteral(_)
            | Value::QuoteDelimitedStringLiteral(_)
            | Value::NationalQuoteDelimitedStringLiteral(_)
            | Value::HexStringLiteral(_)
            | Value::DoubleQuotedString(_)
            | Value::Boolean(_)
            | Value::Null => Flow::constant(),
        }
    }

    /// `x.f`, `(x).f`, `x[i]`.
    fn field_access(&mut self, root: &Expr, chain: &[AccessExpr], names: &Names<'_, 'a>) -> Flow {
        let mut chain = chain;
        let mut flow = match (self.row_relation(root, names), chain) {
            // A field of a row: a column comes before a function of its name.
            (Some(relation), [AccessExpr::Dot(Expr::Identifier(ident)), rest @ ..]) => {
                let field = self.fold(ident);
                match self.field(&relation, &field) {
                    Some(flow) => {
                        chain = rest;
                        flow
                    }
                    None => self.whole_row(&relation),
                }
            }
            (Some(relation), _) => self.whole_row(&relation),
            (None, _) => {
                // A row without known columns: where none has the name, a function of it is called.
                if self.manners().attribute_calls && is_row(root, names, self) {
                    self.unknown_function(None);
                }
                self.expr(root, names).derived()
            }
        };
        for access in chain {
            match access {
                AccessExpr::Dot(Expr::Identifier(ident)) => {
                    self.attribute(ident);
                    // It may be a call.
                    if self.manners().attribute_calls {
                        flow = Flow::any();
                    }
                }
                AccessExpr::Dot(other) => {
                    self.expr(other, names);
                    flow = Flow::any();
                }
                AccessExpr::Subscript(subscript) => {
                    flow.mix(&self.subscript(subscript, names));
                    flow = flow.derived();
                }
            }
        }
        flow
    }

    /// The relation of which an expression is the row, where its columns are known.
    pub(super) fn row_relation(
        &mut self,
        expr: &Expr,
        names: &Names<'_, 'a>,
    ) -> Option<Relation<'a>> {
        let mut expr = expr;
        while let Expr::Nested(inner) = expr {
            expr = inner;
        }
        let Expr::Identifier(ident) = expr else { return None };
        self.row_of(&self.fold(ident), names)
    }

    /// `t.*` where one value stands.
    pub(super) fn row_value(&mut self, name: &ObjectName, names: &Names<'_, 'a>) -> Flow {
        let parts = self.parts(name).unwrap_or_default();
        let columns = self.qualified_star(&parts, names);
        self.one_value(columns)
    }

    /// `*` where one value stands.
    pub(super) fn star_value(&mut self, names: &Names<'_, 'a>) -> Flow {
        let columns = self.star(names);
        self.one_value(columns)
    }

    pub(super) fn one_value(&mut self, columns: Columns) -> Flow {
        match columns {
            Some(columns) if self.has_room(weight(&columns)) => mixed(&columns),
            Some(_) | None => {
                self.part.unresolved = true;
                Flow::any()
            }
        }
    }

    /// The right side of a comparison with ANY or ALL: the rows of a sub-select only decide.
    fn compared(&mut self, expr: &Expr, names: &Names<'_, 'a>) -> Flow {
        let mut expr = expr;
        while let Expr::Nested(inner) = expr {
            expr = inner;
        }
        let flow = self.expr(expr, names);
        if let Expr::Subquery(_) = expr { flow.only_decides() } else { flow }
    }

    fn subselect(&mut self, query: &sqlparser::ast::Query, names: &Names<'_, 'a>) -> Flow {
        let result = self.query(query, names, false);
        self.reach_inside(result.extent);
        match result.columns {
            None => Flow::any(),
            Some(columns) => {
                let mut flow = Flow::constant();
                flow.how = How::Plain;
                for column in columns.iter() {
                    flow.mix(&column.flow);
                }
                flow
            }
        }
    }

    fn subscript(&mut self, subscript: &Subscript, names: &Names<'_, 'a>) -> Flow {
        match subscript {
            Subscript::Index { index } => self.expr(index, names),
            Subscript::Slice { lower_bound, upper_bound, stride } => {
                self.exprs([lower_bound, upper_bound, stride].into_iter().flatten(), names)
            }
        }
    }

    pub(super) fn json_path(&mut self, path: &JsonPath, names: &Names<'_, 'a>) -> Flow {
        let mut flow = Flow::constant();
        for element in &path.path {
            match element {
                JsonPathElem::Dot { key: _, quoted: _ } => {}
                JsonPathElem::Bracket { key } | JsonPathElem::ColonBracket { key } => {
                    flow.mix(&self.expr(key, names));
                }
            }
        }
        flow
    }

    /// A call that the parser has a node of its own for. Its arguments make `flow`.
    fn called(&mut self, name: &str, flow: Flow) -> Flow {
        match self.invoke(vec![name.to_owned()], &[]) {
            None | Some(Shape::Rows) => Flow::any(),
            Some(Shape::Scalar | Shape::Aggregate) => flow,
        }
    }

    /// `x.name`: PostgreSQL reads it as `name(x)` where there is no such column.
    pub(super) fn attribute(&mut self, ident: &Ident) {
        if !self.manners().attribute_calls {
            return;
        }
        let name = self.fold(ident);
        if self.has_effects(&name) {
            self.invoke(vec![name], &[]);
        }
    }

    /// T-SQL's `type::Method(…)`: those of a type that the server does not bring may do anything.
    fn static_method(&mut self, of: &Expr) {
        let own = if let Expr::Identifier(of) = of {
            ["geography", "geometry", "hierarchyid"].contains(&self.fold(of).as_str())
        } else {
            false
        };
        if !own {
            self.unknown_function(None);
        }
    }

    fn unary(&mut self, op: UnaryOperator) {
        match op {
            UnaryOperator::AtDashAt
            | UnaryOperator::BangNot
            | UnaryOperator::BitwiseNot
            | UnaryOperator::DoubleAt
            | UnaryOperator::Hash
            | UnaryOperator::Plus
            | UnaryOperator::Minus
            | UnaryOperator::Not
            | UnaryOperator::PGAbs
            | UnaryOperator::PGCubeRoot
            | UnaryOperator::PGPostfixFactorial
            | UnaryOperator::PGPrefixFactorial
            | UnaryOperator::PGSquareRoot
            | UnaryOperator::QuestionDash
            | UnaryOperator::QuestionPipe => {}
        }
    }

    /// Operators are functions by another name; those that the server does not bring with it may
    /// do anything.
    fn operator(&mut self, op: &BinaryOperator) {
        match op {
            // Functions by another name: `statement` looks whether one may be hidden.
            BinaryOperator::Custom(symbol)
                if self.setting.dialect == Dialect::Duckdb
                    && DUCKDB_OPERATORS.contains(&symbol.as_str()) => {}
            BinaryOperator::Custom(symbol) => {
                if !OPERATORS.contains(&symbol.as_str()) {
                    self.unknown_function(None);
                }
            }
            BinaryOperator::PGCustomBinaryOperator(parts) => {
                let known = match parts.as_slice() {
                    [symbol] => OPERATORS.contains(&symbol.as_str()),
                    [schema, symbol] => {
                        schema.eq_ignore_ascii_case("pg_catalog")
                            && OPERATORS.contains(&symbol.as_str())
                    }
                    _ => false,
                };
                if !known {
                    self.unknown_function(None);
                }
            }
            BinaryOperator::Plus
            | BinaryOperator::Minus
            | BinaryOperator::Multiply
            | BinaryOperator::Divide
            | BinaryOperator::Modulo
            | BinaryOperator::StringConcat
            | BinaryOperator::Gt
            | BinaryOperator::Lt
            | BinaryOperator::GtEq
            | BinaryOperator::LtEq
            | BinaryOperator::Spaceship
            | BinaryOperator::Eq
            | BinaryOperator::NotEq
            | BinaryOperator::And
            | BinaryOperator::Or
            | BinaryOperator::Xor
            | BinaryOperator::BitwiseOr
            | BinaryOperator::BitwiseAnd
            | BinaryOperator::BitwiseXor
            | BinaryOperator::DuckIntegerDivide
            | BinaryOperator::MyIntegerDivide
            | BinaryOperator::Match
            | BinaryOperator::Regexp
            | BinaryOperator::Glob
            | BinaryOperator::PGBitwiseXor
            | BinaryOperator::PGBitwiseShiftLeft
            | BinaryOperator::PGBitwiseShiftRight
            | BinaryOperator::PGExp
            | BinaryOperator::PGOverlap
            | BinaryOperator::PGRegexMatch
            | BinaryOperator::PGRegexIMatch
            | BinaryOperator::PGRegexNotMatch
            | BinaryOperator::PGRegexNotIMatch
            | BinaryOperator::PGLikeMatch
            | BinaryOperator::PGILikeMatch
            | BinaryOperator::PGNotLikeMatch
            | BinaryOperator::PGNotILikeMatch
            | BinaryOperator::PGStartsWith
            | BinaryOperator::Arrow
            | BinaryOperator::LongArrow
            | BinaryOperator::HashArrow
            | BinaryOperator::HashLongArrow
            | BinaryOperator::AtAt
            | BinaryOperator::AtArrow
            | BinaryOperator::ArrowAt
            | BinaryOperator::HashMinus
            | BinaryOperator::AtQuestion
            | BinaryOperator::Question
            | BinaryOperator::QuestionAnd
            | BinaryOperator::QuestionPipe
            | BinaryOperator::Overlaps
            | BinaryOperator::DoubleHash
            | BinaryOperator::LtDashGt
            | BinaryOperator::AndLt
            | BinaryOperator::AndGt
            | BinaryOperator::LtLtPipe
            | BinaryOperator::PipeGtGt
            | BinaryOperator::AndLtPipe
            | BinaryOperator::PipeAndGt
            | BinaryOperator::LtCaret
            | BinaryOperator::GtCaret
            | BinaryOperator::QuestionHash
            | BinaryOperator::QuestionDash
            | BinaryOperator::QuestionDashPipe
            | BinaryOperator::QuestionDoublePipe
            | BinaryOperator::At
            | BinaryOperator::TildeEq
            | BinaryOperator::Assignment => {}
        }
    }

    /// Walks a window: what it partitions and orders by is not held, and decides.
    pub(super) fn window(&mut self, window: &WindowType, names: &Names<'_, 'a>) -> Origin {
        match window {
            WindowType::NamedWindow(name) => self.named_window(name, names),
            WindowType::WindowSpec(spec) => self.window_spec(spec, names),
        }
    }

    /// What a window of the WINDOW clause goes by. One that is not read yet adds what it goes by
    /// to every column.
    pub(super) fn named_window(&self, name: &Ident, names: &Names<'_, 'a>) -> Origin {
        let name = self.fold(name);
        let window = names.windows.iter().find(|(window, _)| *window == name);
        window.map_or(Origin::NONE, |(_, origin)| origin.clone())
    }

    pub(super) fn window_spec(&mut self, spec: &WindowSpec, names: &Names<'_, 'a>) -> Origin {
        let WindowSpec { window_name, partition_by, order_by, window_frame } = spec;
        let mut flow = self.exprs(partition_by, names);
        if let Some(name) = window_name {
            flow.depends.add(&self.named_window(name, names));
        }
        for by in order_by {
            flow.mix(&self.sort_key(by, names));
        }
        if let Some(frame) = window_frame {
            for bound in std::iter::once(&frame.start_bound).chain(&frame.end_bound) {
                match bound {
                    WindowFrameBound::CurrentRow => {}
                    WindowFrameBound::Preceding(expr) | WindowFrameBound::Following(expr) => {
                        if let Some(expr) = expr {
                            flow.mix(&self.expr(expr, names));
                        }
                    }
                }
            }
        }
        flow.as_dependence()
    }
}

/// The operators of PostgreSQL 15 and of `pg_trgm`, `hstore`, `ltree`, `cube`, `pgvector`.
const OPERATORS: &[&str] = &[
    "!!", "!=", "!~", "!~*", "!~~", "!~~*", "#", "##", "#-", "#=", "#>", "#>>", "%", "%#", "%%",
    "%>", "%>>", "&", "&&", "&<", "&<|", "&>", "*", "*<", "*<=", "*<>", "*=", "*>", "*>=", "+",
    "-", "->", "->>", "-|-", "/", "<", "<#>", "<%", "<%>", "<+>", "<->", "<->>", "<->>>", "<<",
    "<<%", "<<->", "<<<->", "<<=", "<<|", "<=", "<=>", "<>", "<@", "<^", "<~>", "=", "==", ">",
    ">=", ">>", ">>=", ">^", "?", "?#", "?&", "?-", "?-|", "?<@", "?@>", "?|", "?||", "?~", "@",
    "@-@", "@>", "@?", "@@", "@@@", "^", "^?", "^@", "|", "|&>", "|/", "|>>", "||", "||/", "~",
    "~*", "~<=~", "~<~", "~=", "~>", "~>=~", "~>~", "~~", "~~*",
];

/// The operators of DuckDB 2.0 that the parser has no name for.
const DUCKDB_OPERATORS: &[&str] =
    &["!~~~", "&&", "**", "//", "<->", "<=>", "<@", "@>", "^@", "~~~"];

/// Whether an expression in brackets is a whole row of a relation that is seen.
fn is_row(expr: &Expr, names: &Names<'_, '_>, walk: &Walk<'_, '_>) -> bool {
    let mut expr = expr;
    while let Expr::Nested(inner) = expr {
        expr = inner;
    }
    let Expr::Identifier(ident) = expr else { return false };
    let name = walk.fold(ident);
    let mut at = Some(names);
    while let Some(names) = at {
        if names.relations.iter().any(|relation| relation.name.as_ref() == Some(&name)) {
            return true;
        }
        at = names.parent;
    }
    false
}
