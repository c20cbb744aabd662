//! Expressions: what they call, read and hold.

use sqlparser::ast::{
    AccessExpr, BinaryOperator, CeilFloorKind, Expr, Ident, JsonPath, JsonPathElem, Subscript,
    UnaryOperator, WindowFrameBound, WindowSpec, WindowType,
};

use super::calls::Shape;
use super::flow::{Flow, Names, Origin};
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
                let mut flow = self.expr(root, names).derived();
                for access in access_chain {
                    match access {
                        AccessExpr::Dot(Expr::Identifier(ident)) => {
                            self.attribute(ident);
                            flow = Flow::any();
                        }
                        AccessExpr::Dot(other) => {
                            flow.mix(&self.expr(other, names));
                            flow = Flow::any();
                        }
                        AccessExpr::Subscript(subscript) => {
                            flow.mix(&self.subscript(subscript, names));
                        }
                    }
                }
                flow
            }
            Expr::JsonAccess { value, path } => {
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
            | Expr::Named { expr: inner, name: _ } => self.expr(inner, names).derived(),
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
                self.exprs([&**left, &**right], names)
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
                flow.mix(&self.subselect(subquery, names));
                flow.derived()
            }
            Expr::Subquery(query) => self.subselect(query, names),
            Expr::Exists { subquery, negated: _ } => {
                let flow = self.subselect(subquery, names);
                Flow { holds: Origin::NONE, how: How::Derived, depends: flow.as_dependence() }
            }
            Expr::Convert {
                is_try: _,
                expr: inner,
                data_type: _,
                charset: _,
                target_before_value: _,
                styles,
            } => self.exprs(std::iter::once(&**inner).chain(styles), names),
            Expr::Cast { kind: _, expr: inner, data_type: _, format: _ } => {
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
            Expr::Value(_) | Expr::TypedString(_) => Flow::constant(),
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
            Expr::Wildcard(_) | Expr::QualifiedWildcard(_, _) => {
                self.part.unresolved = true;
                Flow::any()
            }
            Expr::OuterJoin(inner) | Expr::Prior(inner) => {
                self.expr(inner, names);
                Flow::any()
            }
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
                level.merged = true;
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
            WindowType::NamedWindow(_) => Origin::NONE,
            WindowType::WindowSpec(spec) => self.window_spec(spec, names),
        }
    }

    pub(super) fn window_spec(&mut self, spec: &WindowSpec, names: &Names<'_, 'a>) -> Origin {
        let WindowSpec { window_name: _, partition_by, order_by, window_frame } = spec;
        let mut flow = self.exprs(partition_by, names);
        for by in order_by {
            flow.mix(&self.order_expr(by, names));
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
