//! The names that servers give expressions without an alias.

use sqlparser::ast::{
    AccessExpr, DataType, Expr, Ident, Query, SelectItem, SetExpr, Subscript, TimezoneInfo,
    TrimWhereField, Value,
};

use super::flow::{Column, Flow, UNNAMED};
use super::walk::Walk;
use crate::command::Dialect;

/// A name, and whether it comes before the type of a cast around it.
type Label = Option<(String, bool)>;

impl Walk<'_, '_> {
    /// The name that the server gives an expression without an alias; empty where that is not
    /// known. Most take the text of the expression, which may hold literals.
    pub(super) fn output_name(&self, expr: &Expr) -> String {
        let label = if self.is_postgres() { self.label(expr) } else { self.last_name(expr) };
        label.map(|(name, _)| name).unwrap_or_default()
    }

    /// The name of the column at `position` of VALUES.
    pub(super) fn value_name(&self, position: usize) -> String {
        let next = position.saturating_add(1);
        match self.setting.dialect {
            Dialect::Postgres | Dialect::Redshift | Dialect::Sqlite | Dialect::Snowflake => {
                format!("column{next}")
            }
            Dialect::Mysql => format!("column_{position}"),
            Dialect::Duckdb => format!("col{position}"),
            Dialect::Spark | Dialect::Databricks | Dialect::Hive => format!("col{next}"),
            Dialect::Mariadb
            | Dialect::Mssql
            | Dialect::Bigquery
            | Dialect::Clickhouse
            | Dialect::Oracle => String::new(),
        }
    }

    /// The names that a select list gives, for servers on which they come before columns in all
    /// of it: what a name holds is known only once all of it was read.
    pub(super) fn given_names(&self, items: &[SelectItem]) -> Vec<Column> {
        let alias = |item: &SelectItem| match item {
            SelectItem::ExprWithAlias { expr: _, alias } => Some(self.shown(alias)),
            SelectItem::UnnamedExpr(_)
            | SelectItem::ExprWithAliases { .. }
            | SelectItem::Wildcard(_)
            | SelectItem::QualifiedWildcard(_, _) => None,
        };
        let names = items.iter().filter_map(alias);
        names.map(|name| Column { name, flow: Flow::any() }).collect()
    }

    fn last_name(&self, expr: &Expr) -> Label {
        let mut expr = expr;
        while let Expr::Nested(inner) = expr {
            expr = inner;
        }
        let ident = if let Expr::Identifier(ident) = expr {
            Some(ident)
        } else if let Expr::CompoundIdentifier(idents) = expr {
            // `@@session.sql_mode` is called so.
            let variable = idents.first().is_some_and(|first| first.value.starts_with('@'));
            idents.last().filter(|_| !variable)
        } else {
            None
        };
        ident.map(|ident| (self.shown(ident), true))
    }

    /// As PostgreSQL's `FigureColname` finds it; `None` for what differs between its versions.
    fn label(&self, expr: &Expr) -> Label {
        let strong = |name: &str| Some((name.to_owned(), true));
        let of = |ident: &Ident| Some((self.fold(ident), true));
        if let Expr::Identifier(ident) = expr {
            return of(ident);
        }
        if let Expr::CompoundIdentifier(idents) = expr {
            return idents.last().and_then(of);
        }
        // `(t.*)::text`.
        if let Expr::QualifiedWildcard(name, _) = expr {
            return name.0.last().and_then(|part| part.as_ident()).and_then(of);
        }
        if let Expr::CompoundFieldAccess { root, access_chain } = expr {
            let last = access_chain.iter().rev().find_map(|access| match access {
                AccessExpr::Dot(Expr::Identifier(ident)) => Some(ident),
                AccessExpr::Dot(_)
                | AccessExpr::Subscript(Subscript::Index { .. } | Subscript::Slice { .. }) => None,
            });
            return last.map_or_else(|| self.label(root), of);
        }
        if let Expr::Nested(inner) | Expr::Collate { expr: inner, .. } = expr {
            return self.label(inner);
        }
        if let Expr::Function(function) = expr {
            let name = function.name.0.last().and_then(|part| part.as_ident());
            // `(VALUES (x))`, in which the parser sees a call.
            let rows = name.is_some_and(|name| {
                name.quote_style.is_none() && name.value.eq_ignore_ascii_case("values")
            });
            return if rows { strong("column1") } else { name.and_then(of) };
        }
        if let Expr::Cast { expr: inner, data_type, .. } = expr {
            return match self.label(inner) {
                Some((name, true)) => Some((name, true)),
                _ => self.type_label(data_type).map(|name| (name, false)),
            };
        }
        if let Expr::TypedString(typed) = expr {
            return self.type_label(&typed.data_type).map(|name| (name, false));
        }
        if let Expr::Case { else_result, .. } = expr {
            return match else_result.as_ref().and_then(|inner| self.label(inner)) {
                Some((name, true)) => Some((name, true)),
                _ => Some(("case".to_owned(), false)),
            };
        }
        if let Expr::Subquery(query) = expr {
            return self.query_label(query).map(|name| (name, true));
        }
        if let Expr::Exists { negated: false, .. } = expr {
            return strong("exists");
        }
        if let Expr::Array(_) = expr {
            return strong("array");
        }
        if let Expr::Tuple(_) = expr {
            return strong("row");
        }
        if let Expr::Position { .. } = expr {
            return strong("position");
        }
        if let Expr::Overlay { .. } = expr {
            return strong("overlay");
        }
        if let Expr::Substring { shorthand, .. } = expr {
            return strong(if *shorthand { "substr" } else { "substring" });
        }
        if let Expr::Trim { trim_where, .. } = expr {
            return strong(match trim_where {
                None | Some(TrimWhereField::Both) => "btrim",
                Some(TrimWhereField::Leading) => "ltrim",
                Some(TrimWhereField::Trailing) => "rtrim",
            });
        }
        if let Expr::AtTimeZone { .. } = expr {
            return strong("timezone");
        }
        if let Expr::Ceil { .. } = expr {
            return strong("ceil");
        }
        if let Expr::Floor { .. } = expr {
            return strong("floor");
        }
        if let Expr::Interval(_) = expr {
            return Some(("interval".to_owned(), false));
        }
        is_nameless(expr).then(|| (UNNAMED.to_owned(), false))
    }

    /// The name of the one column of a sub-select.
    fn query_label(&self, query: &Query) -> Option<String> {
        let mut body = &*query.body;
        loop {
            if let SetExpr::Query(inner) = body {
                body = &inner.body;
            } else if let SetExpr::SetOperation { left, .. } = body {
                body = left;
            } else {
                break;
            }
        }
        if let SetExpr::Values(_) = body {
            return Some("column1".to_owned());
        }
        let SetExpr::Select(select) = body else { return None };
        let [item] = select.projection.as_slice() else { return None };
        if let SelectItem::ExprWithAlias { expr: _, alias } = item {
            return Some(self.fold(alias));
        }
        let SelectItem::UnnamedExpr(expr) = item else { return None };
        self.label(expr).map(|(name, _)| name)
    }

    /// The server's own name of a type.
    fn type_label(&self, data_type: &DataType) -> Option<String> {
        let name = if let DataType::Text = data_type {
            "text"
        } else if let DataType::Int(_) | DataType::Integer(_) | DataType::Int4(_) = data_type {
            "int4"
        } else if let DataType::BigInt(_) | DataType::Int8(_) = data_type {
            "int8"
        } else if let DataType::SmallInt(_) | DataType::Int2(_) = data_type {
            "int2"
        } else if let DataType::Varchar(_) | DataType::CharacterVarying(_) = data_type {
            "varchar"
        } else if let DataType::Numeric(_) | DataType::Decimal(_) = data_type {
            "numeric"
        } else if let DataType::Real | DataType::Float4 = data_type {
            "float4"
        } else if let DataType::DoublePrecision | DataType::Float8 = data_type {
            "float8"
        } else if let DataType::Boolean | DataType::Bool = data_type {
            "bool"
        } else if let DataType::Date = data_type {
            "date"
        } else if let DataType::Timestamp(_, TimezoneInfo::None | TimezoneInfo::WithoutTimeZone) =
            data_type
        {
            "timestamp"
        } else if let DataType::Timestamp(_, TimezoneInfo::Tz | TimezoneInfo::WithTimeZone) =
            data_type
        {
            "timestamptz"
        } else if let DataType::JSON = data_type {
            "json"
        } else if let DataType::JSONB = data_type {
            "jsonb"
        } else if let DataType::Uuid = data_type {
            "uuid"
        } else if let DataType::Bytea = data_type {
            "bytea"
        } else if let DataType::Custom(name, _) = data_type {
            return name.0.last().and_then(|part| part.as_ident()).map(|ident| self.fold(ident));
        } else {
            return None;
        };
        Some(name.to_owned())
    }
}

/// What no version of PostgreSQL has a name for. (`true` is one that some call `bool`.)
fn is_nameless(expr: &Expr) -> bool {
    if let Expr::Value(value) = expr {
        return !matches!(value.value, Value::Boolean(_));
    }
    matches!(
        expr,
        Expr::BinaryOp { .. }
            | Expr::UnaryOp { .. }
            | Expr::IsFalse(_)
            | Expr::IsNotFalse(_)
            | Expr::IsTrue(_)
            | Expr::IsNotTrue(_)
            | Expr::IsNull(_)
            | Expr::IsNotNull(_)
            | Expr::IsUnknown(_)
            | Expr::IsNotUnknown(_)
            | Expr::IsDistinctFrom(_, _)
            | Expr::IsNotDistinctFrom(_, _)
            | Expr::InList { .. }
            | Expr::InSubquery { .. }
            | Expr::Between { .. }
            | Expr::Like { .. }
            | Expr::ILike { .. }
            | Expr::SimilarTo { .. }
            | Expr::AnyOp { .. }
            | Expr::AllOp { .. }
            | Expr::Exists { negated: true, .. }
    )
}
