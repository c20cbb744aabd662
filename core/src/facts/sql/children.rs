//! The parts of an expression, for walks that only look.

use sqlparser::ast::{
    AccessExpr, Expr, FunctionArg, FunctionArgExpr, FunctionArguments, Subscript,
};

/// Calls `visit` on the expressions directly inside `expr`; sub-selects are left out.
pub(super) fn children<'e>(expr: &'e Expr, visit: &mut dyn FnMut(&'e Expr)) {
    match expr {
        Expr::Identifier(_)
        | Expr::CompoundIdentifier(_)
        | Expr::Value(_)
        | Expr::TypedString(_)
        | Expr::Exists { subquery: _, negated: _ }
        | Expr::Subquery(_)
        | Expr::MatchAgainst { columns: _, match_value: _, opt_search_modifier: _ }
        | Expr::Wildcard(_)
        | Expr::QualifiedWildcard(_, _) => {}
        Expr::CompoundFieldAccess { root, access_chain } => {
            visit(root);
            for access in access_chain {
                match access {
                    AccessExpr::Dot(_) => {}
                    AccessExpr::Subscript(Subscript::Index { index }) => visit(index),
                    AccessExpr::Subscript(Subscript::Slice {
                        lower_bound,
                        upper_bound,
                        stride,
                    }) => {
                        [lower_bound, upper_bound, stride]
                            .into_iter()
                            .flatten()
                            .for_each(&mut *visit);
                    }
                }
            }
        }
        Expr::JsonAccess { value: inner, path: _ }
        | Expr::IsFalse(inner)
        | Expr::IsNotFalse(inner)
        | Expr::IsTrue(inner)
        | Expr::IsNotTrue(inner)
        | Expr::IsNull(inner)
        | Expr::IsNotNull(inner)
        | Expr::IsUnknown(inner)
        | Expr::IsNotUnknown(inner)
        | Expr::IsJson { expr: inner, kind: _, unique_keys: _, negated: _ }
        | Expr::IsNormalized { expr: inner, form: _, negated: _ }
        | Expr::InSubquery { expr: inner, subquery: _, negated: _ }
        | Expr::UnaryOp { op: _, expr: inner }
        | Expr::Cast { kind: _, expr: inner, data_type: _, format: _ }
        | Expr::Extract { field: _, syntax: _, expr: inner }
        | Expr::Ceil { expr: inner, field: _ }
        | Expr::Floor { expr: inner, field: _ }
        | Expr::Collate { expr: inner, collation: _ }
        | Expr::Nested(inner)
        | Expr::Prefixed { prefix: _, value: inner }
        | Expr::Named { expr: inner, name: _ }
        | Expr::OuterJoin(inner)
        | Expr::Prior(inner) => visit(inner),
        Expr::IsDistinctFrom(a, b)
        | Expr::IsNotDistinctFrom(a, b)
        | Expr::InUnnest { expr: a, array_expr: b, negated: _ }
        | Expr::BinaryOp { left: a, op: _, right: b }
        | Expr::RLike { negated: _, expr: a, pattern: b, regexp: _ }
        | Expr::AnyOp { left: a, compare_op: _, right: b, is_some: _ }
        | Expr::AllOp { left: a, compare_op: _, right: b }
        | Expr::AtTimeZone { timestamp: a, time_zone: b }
        | Expr::Position { expr: a, r#in: b } => {
            visit(a);
            visit(b);
        }
        Expr::Between { expr, negated: _, low, high } => {
            [expr, low, high].into_iter().for_each(|e| visit(e));
        }
        Expr::Like { negated: _, any: _, expr, pattern, escape_char }
        | Expr::ILike { negated: _, any: _, expr, pattern, escape_char }
        | Expr::SimilarTo { negated: _, expr, pattern, escape_char } => {
            visit(expr);
            visit(pattern);
            escape_char.iter().for_each(|e| visit(e));
        }
        Expr::InList { expr, list, negated: _ } => {
            visit(expr);
            list.iter().for_each(visit);
        }
        Expr::Convert {
            is_try: _,
            expr,
            data_type: _,
            charset: _,
            target_before_value: _,
            styles,
        } => {
            visit(expr);
            styles.iter().for_each(visit);
        }
        Expr::Substring { expr, substring_from, substring_for, special: _, shorthand: _ } => {
            visit(expr);
            substring_from.iter().chain(substring_for).for_each(|e| visit(e));
        }
        Expr::Trim { trim_where: _, trim_what, expr, trim_characters } => {
            visit(expr);
            trim_what.iter().for_each(|e| visit(e));
            trim_characters.iter().flatten().for_each(visit);
        }
        Expr::Overlay { expr, overlay_what, overlay_from, overlay_for } => {
            [expr, overlay_what, overlay_from].into_iter().for_each(|e| visit(e));
            overlay_for.iter().for_each(|e| visit(e));
        }
        Expr::Function(function) => {
            match &function.args {
                FunctionArguments::None | FunctionArguments::Subquery(_) => {}
                FunctionArguments::List(list) => {
                    for arg in &list.args {
                        let arg = match arg {
                            FunctionArg::Named { name: _, arg, operator: _ }
                            | FunctionArg::ExprNamed { name: _, arg, operator: _ }
                            | FunctionArg::Unnamed(arg) => arg,
                        };
                        match arg {
                            FunctionArgExpr::Expr(expr) => visit(expr),
                            FunctionArgExpr::QualifiedWildcard(_)
                            | FunctionArgExpr::Wildcard
                            | FunctionArgExpr::WildcardWithOptions(_) => {}
                        }
                    }
                }
            }
            function.filter.iter().for_each(|e| visit(e));
        }
        Expr::Case { case_token: _, end_token: _, operand, conditions, else_result } => {
            operand.iter().for_each(|e| visit(e));
            for when in conditions {
                visit(&when.condition);
                visit(&when.result);
            }
            else_result.iter().for_each(|e| visit(e));
        }
        Expr::GroupingSets(sets) | Expr::Cube(sets) | Expr::Rollup(sets) => {
            sets.iter().flatten().for_each(visit);
        }
        Expr::Tuple(values) | Expr::Struct { values, fields: _ } => values.iter().for_each(visit),
        Expr::Dictionary(fields) => fields.iter().for_each(|field| visit(&field.value)),
        Expr::Map(map) => map.entries.iter().for_each(|entry| {
            visit(&entry.key);
            visit(&entry.value);
        }),
        Expr::Array(array) => array.elem.iter().for_each(visit),
        Expr::Interval(interval) => visit(&interval.value),
        Expr::Lambda(lambda) => visit(&lambda.body),
        Expr::MemberOf(member) => {
            visit(&member.value);
            visit(&member.array);
        }
    }
}
