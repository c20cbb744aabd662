//! How much of its target a WHERE clause leaves within reach.
//!
//! Whatever is not recognised as restricting nothing counts as a restriction of unknown strength,
//! if it mentions a column of the target; a condition that mentions none lets all rows pass or
//! none, so it restricts nothing.

use std::collections::BTreeSet;

use sqlparser::ast::{
    BinaryOperator, Expr, ObjectName, Query, Select, SelectItem, SetExpr, TableFactor,
    UnaryOperator, Value,
};

use super::calls::text_value;
use super::children::children;
use super::constant::{asks_for_a_value, fold, is_truth, strip};
use super::flow::{Names, Shape};
use super::query::at_most;
use super::walk::Walk;
use crate::command::Dialect;
use crate::facts::Extent;
use crate::schema::NameCase;

/// What a restriction aims at.
#[derive(Debug)]
pub(super) struct Aim {
    dialect: Dialect,
    /// Variables around the statement.
    variables: Vec<String>,
    case: NameCase,
    /// Names by which columns of the target are qualified; none: every relation counts.
    qualifiers: Vec<String>,
    /// Names of relations beside the target.
    others: Vec<String>,
    /// The target's columns, where they are known.
    columns: Option<Vec<String>>,
    /// Sets of columns that identify one row, if there is nothing beside the target.
    keys: Vec<Vec<String>>,
    /// Columns that are never null.
    never_null: Vec<String>,
    /// The target's own name, to recognise a sub-select on itself.
    table: Option<String>,
    /// Names that are variables, and columns only where a column is known to have the name.
    doubtful: Vec<String>,
}

impl Aim {
    /// The aim of a SELECT: every relation of its FROM.
    pub(super) fn of_select(walk: &Walk<'_, '_>, level: &Names<'_, '_>) -> Self {
        let mut aim = Self {
            dialect: walk.setting.dialect,
            variables: walk.setting.room.variables.borrow().clone(),
            case: walk.case(),
            qualifiers: Vec::new(),
            others: Vec::new(),
            columns: None,
            keys: Vec::new(),
            never_null: Vec::new(),
            table: None,
            doubtful: never_columns(walk),
        };
        if let [relation] = level.relations.as_slice() {
            aim.learn(walk, &relation.shape);
            aim.table = relation.target.as_ref().map(|path| super::names::last(path).to_owned());
        }
        aim
    }

    /// The aim of an UPDATE or DELETE: the first relation; those after it are beside it.
    pub(super) fn of_target(walk: &Walk<'_, '_>, level: &Names<'_, '_>) -> Self {
        let mut relations = level.relations.iter();
        let Some(target) = relations.next() else { return Self::of_select(walk, level) };
        let mut aim = Self {
            dialect: walk.setting.dialect,
            variables: walk.setting.room.variables.borrow().clone(),
            case: walk.case(),
            qualifiers: target.name.iter().cloned().collect(),
            others: relations.filter_map(|relation| relation.name.clone()).collect(),
            columns: None,
            keys: Vec::new(),
            never_null: Vec::new(),
            table: target.target.as_ref().map(|path| super::names::last(path).to_owned()),
            doubtful: never_columns(walk),
        };
        aim.learn(walk, &target.shape);
        if level.relations.len() > 1 {
            aim.keys.clear();
        }
        aim
    }

    fn learn(&mut self, walk: &Walk<'_, '_>, shape: &Shape<'_>) {
        match shape {
            Shape::Base { table, renamed } if renamed.is_empty() => {
                let fold = |name: &String| walk.fold_text(name, true);
                self.columns = Some(table.columns.iter().map(|c| fold(&c.name)).collect());
                self.keys = table.unique.iter().map(|key| key.iter().map(fold).collect()).collect();
                self.never_null = table.unique.iter().flatten().map(fold).collect();
            }
            Shape::Base { table: _, renamed: _ }
            | Shape::Derived(_)
            | Shape::Within { flow: _, named: _ }
            | Shape::Unknown => {}
        }
    }

    /// The column of the target that `expr` is, if it may be one.
    fn column(&self, expr: &Expr) -> Option<String> {
        let name = |ident: &sqlparser::ast::Ident| match (self.case, ident.quote_style) {
            (NameCase::Exact, Some(_)) => ident.value.clone(),
            (NameCase::Exact, None) | (NameCase::Ignored, _) => ident.value.to_ascii_lowercase(),
        };
        if let Expr::Identifier(ident) = expr {
            // `@p`: a parameter or a variable.
            if ident.quote_style.is_none() && ident.value.starts_with('@') {
                return None;
            }
            let name = name(ident);
            if ident.quote_style.is_none() && self.is_value(&name) {
                return None;
            }
            return match &self.columns {
                Some(columns) if !columns.contains(&name) => {
                    matches!(name.as_str(), "ctid" | "rowid" | "oid" | "_rowid_").then_some(name)
                }
                None if self.doubtful.contains(&name) => None,
                Some(_) | None => Some(name),
            };
        }
        if let Expr::CompoundIdentifier(idents) = expr
            && let [.., qualifier, column] = idents.as_slice()
        {
            let (qualifier, column) = (name(qualifier), name(column));
            let ours = self.qualifiers.is_empty() || self.qualifiers.contains(&qualifier);
            return ours.then_some(column);
        }
        None
    }

    /// Whether a word is no column: a variable, or what Oracle computes without brackets.
    fn is_value(&self, name: &str) -> bool {
        name.starts_with('@')
            || self.dialect == Dialect::Oracle && ORACLE_VALUES.contains(&name)
            || self.variables.iter().any(|variable| variable == name)
    }

    fn columns_of(&self, expr: &Expr, out: &mut BTreeSet<String>) {
        if let Some(column) = self.column(expr) {
            out.insert(column);
        }
        if let Expr::Exists { subquery, .. } | Expr::InSubquery { subquery, .. } = expr {
            self.correlated(subquery, out);
        }
        if let Expr::Subquery(subquery) = expr {
            self.correlated(subquery, out);
        }
        children(expr, &mut |child| self.columns_of(child, out));
    }

    /// Columns of the target that a sub-select mentions by their qualified names.
    fn correlated(&self, query: &Query, out: &mut BTreeSet<String>) {
        let SetExpr::Select(select) = &*query.body else { return };
        if self.qualifiers.is_empty() {
            return;
        }
        let hidden: Vec<String> =
            select.from.iter().filter_map(|tables| factor_name(&tables.relation)).collect();
        let inside = Self {
            dialect: self.dialect,
            variables: self.variables.clone(),
            case: self.case,
            qualifiers: self
                .qualifiers
                .iter()
                .filter(|name| !hidden.iter().any(|hidden| hidden.eq_ignore_ascii_case(name)))
                .cloned()
                .collect(),
            others: Vec::new(),
            columns: Some(Vec::new()),
            keys: Vec::new(),
            never_null: Vec::new(),
            table: None,
            doubtful: Vec::new(),
        };
        if inside.qualifiers.is_empty() {
            return;
        }
        for condition in select.selection.iter().chain(&select.having) {
            inside.columns_of(condition, out);
        }
    }

    /// Whether both sides are the same value in every row.
    fn same(&self, a: &Expr, b: &Expr) -> bool {
        let (a, b) = (strip(a), strip(b));
        if a == b {
            return true;
        }
        matches!((self.column(a), self.column(b)), (Some(a), Some(b)) if a == b)
    }
}

/// Names that stand for no column of a table: variables, and reserved words that the parser takes
/// for names.
fn never_columns(walk: &Walk<'_, '_>) -> Vec<String> {
    let reserved: &[&str] = match walk.setting.dialect {
        Dialect::Redshift => {
            &["current_user", "current_user_id", "session_user", "sysdate", "user", "systime"]
        }
        Dialect::Snowflake => &["current_user", "localtime", "localtimestamp"],
        Dialect::Postgres
        | Dialect::Mysql
        | Dialect::Mariadb
        | Dialect::Mssql
        | Dialect::Sqlite
        | Dialect::Bigquery
        | Dialect::Clickhouse
        | Dialect::Oracle
        | Dialect::Duckdb
        | Dialect::Hive
        | Dialect::Spark
        | Dialect::Databricks => &[],
    };
    let reserved = reserved.iter().map(|word| (*word).to_owned());
    walk.state.variables.iter().cloned().chain(reserved).collect()
}

/// What Oracle computes without brackets (SQL Language Reference, "Pseudocolumns", "Functions").
pub(super) const ORACLE_VALUES: &[&str] = &[
    "current_date",
    "current_timestamp",
    "dbtimezone",
    "level",
    "localtimestamp",
    "ora_invoking_user",
    "rownum",
    "sessiontimezone",
    "sysdate",
    "systimestamp",
    "uid",
    "user",
];

/// The rows that `ROWNUM < n` leaves: no more than that are numbered, whatever else restricts them.
pub(super) fn rownum_bound(selection: &Expr) -> Option<u64> {
    let mut bound: Option<u64> = None;
    conjuncts(selection, &mut |conjunct| {
        let Expr::BinaryOp { left, op, right } = conjunct else { return };
        let is_rownum = |expr: &Expr| {
            if let Expr::Identifier(ident) = strip(expr) {
                ident.quote_style.is_none() && ident.value.eq_ignore_ascii_case("rownum")
            } else {
                false
            }
        };
        let side = if is_rownum(left) {
            side(op).map(|side| (side, right))
        } else if is_rownum(right) {
            side(op).map(|side| (side.turned(), left))
        } else {
            None
        };
        let Some((side, value)) = side else { return };
        let Some(super::constant::Constant::Int(value)) = fold(value) else { return };
        let value = u64::try_from(value).unwrap_or(0);
        let rows = match side {
            Side::Less => value.saturating_sub(1),
            Side::LessEqual => value,
            Side::Equal => 1,
            Side::NotEqual | Side::GreaterEqual | Side::Greater => return,
        };
        bound = Some(bound.map_or(rows, |bound| bound.min(rows)));
    });
    bound
}

fn factor_name(factor: &TableFactor) -> Option<String> {
    if let TableFactor::Table { name, alias, .. } = factor {
        return match alias {
            Some(alias) => Some(alias.name.value.clone()),
            None => last_name(name),
        };
    }
    if let TableFactor::Derived { alias: Some(alias), .. } = factor {
        return Some(alias.name.value.clone());
    }
    None
}

fn last_name(name: &ObjectName) -> Option<String> {
    name.0.last().and_then(|part| part.as_ident()).map(|ident| ident.value.clone())
}

/// What a condition leaves.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Restriction {
    /// Every row.
    Nothing,
    /// No row.
    Never,
    /// Rows chosen by these columns, strength unknown.
    Columns(BTreeSet<String>),
}

impl Restriction {
    fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Never, _) | (_, Self::Never) => Self::Never,
            (Self::Nothing, other) | (other, Self::Nothing) => other,
            (Self::Columns(mut a), Self::Columns(b)) => {
                a.extend(b);
                Self::Columns(a)
            }
        }
    }

    fn or(self, other: Self) -> Self {
        match (self, other) {
            (Self::Nothing, _) | (_, Self::Nothing) => Self::Nothing,
            (Self::Never, other) | (other, Self::Never) => other,
            (Self::Columns(mut a), Self::Columns(b)) => {
                a.extend(b);
                Self::Columns(a)
            }
        }
    }
}

/// The reach that is left of `from` under `selection`.
pub(super) fn narrowed(from: Extent, selection: Option<&Expr>, aim: &Aim) -> Extent {
    let Some(selection) = selection else { return from };
    let columns = match restriction(selection, false, aim) {
        Restriction::Nothing => return from,
        Restriction::Never => BTreeSet::new(),
        Restriction::Columns(columns) => columns,
    };
    if from.max_rows().is_some() {
        return from;
    }
    match by_key(selection, aim) {
        Some(rows) => at_most(rows),
        None => Extent::Filtered(columns.into_iter().collect()),
    }
}

fn restriction(expr: &Expr, negated: bool, aim: &Aim) -> Restriction {
    if let Some(value) = fold(expr) {
        return match value.passes() {
            Some(passes) if passes != negated => Restriction::Nothing,
            Some(_) => Restriction::Never,
            None => Restriction::Nothing,
        };
    }
    let expr = strip(expr);
    if let Expr::UnaryOp { op: UnaryOperator::Not, expr } = expr {
        return restriction(expr, !negated, aim);
    }
    if let Expr::IsTrue(inner) | Expr::IsNotFalse(inner) = expr {
        return restriction(inner, negated, aim);
    }
    if let Expr::IsFalse(inner) | Expr::IsNotTrue(inner) = expr {
        return restriction(inner, !negated, aim);
    }
    if let Expr::BinaryOp { left, op, right } = expr {
        let is_and = *op == BinaryOperator::And;
        if is_and || *op == BinaryOperator::Or {
            let (a, b) = (restriction(left, negated, aim), restriction(right, negated, aim));
            // Under NOT the two change places.
            if is_and != negated {
                return a.and(b);
            }
            if covers(expr, op, negated, aim) {
                return Restriction::Nothing;
            }
            return a.or(b);
        }
        if *op == BinaryOperator::Xor {
            return leaf(expr, aim);
        }
    }
    if let Expr::Case { conditions, else_result, operand: None, .. } = expr {
        let mut all = match else_result {
            Some(result) => restriction(result, negated, aim),
            None => Restriction::Never,
        };
        let mut any_open = all == Restriction::Nothing;
        let mut all_open = any_open;
        for when in conditions {
            let result = restriction(&when.result, negated, aim);
            any_open |= result == Restriction::Nothing;
            all_open &= result == Restriction::Nothing;
            all = all.or(result);
        }
        if all_open {
            return Restriction::Nothing;
        }
        return if any_open { leaf(expr, aim) } else { all.and(leaf(expr, aim)) };
    }
    if passes_all(expr, negated, aim) { Restriction::Nothing } else { leaf(expr, aim) }
}

fn leaf(expr: &Expr, aim: &Aim) -> Restriction {
    let mut columns = BTreeSet::new();
    aim.columns_of(expr, &mut columns);
    if columns.is_empty() { Restriction::Nothing } else { Restriction::Columns(columns) }
}

/// Whether a single comparison lets every row pass.
fn passes_all(expr: &Expr, negated: bool, aim: &Aim) -> bool {
    if let Expr::BinaryOp { left, op, right } = expr {
        let same = aim.same(left, right);
        let reflexive = *op == BinaryOperator::Eq
            || *op == BinaryOperator::GtEq
            || *op == BinaryOperator::LtEq
            || *op == BinaryOperator::Spaceship;
        let irreflexive =
            *op == BinaryOperator::NotEq || *op == BinaryOperator::Lt || *op == BinaryOperator::Gt;
        if same && ((reflexive && !negated) || (irreflexive && negated)) {
            return true;
        }
        // A join of the target with itself on the same column.
        if !negated && *op == BinaryOperator::Eq && joins_itself(left, right, aim) {
            return true;
        }
        return !negated && always(left, op, right);
    }
    if let Expr::IsNotDistinctFrom(a, b) = expr
        && !negated
        && aim.same(a, b)
    {
        return true;
    }
    if let Expr::IsDistinctFrom(a, b) = expr
        && negated
        && aim.same(a, b)
    {
        return true;
    }
    if let Some(inner) = asks_for_a_value(expr, negated) {
        if is_truth(strip(inner)) {
            return true;
        }
        return aim.column(strip(inner)).is_some_and(|column| {
            aim.never_null.contains(&column)
                || matches!(column.as_str(), "ctid" | "rowid" | "_rowid_" | "oid" | "xmin")
        });
    }
    if let Expr::InList { expr, list, negated: not } = expr {
        return *not == negated && list.iter().any(|item| aim.same(expr, item));
    }
    if let Expr::Between { expr, negated: not, low, high } = expr {
        return *not == negated && aim.same(expr, low) && aim.same(expr, high);
    }
    if let Expr::Like { negated: not, pattern, .. }
    | Expr::ILike { negated: not, pattern, .. }
    | Expr::SimilarTo { negated: not, pattern, .. } = expr
    {
        let all =
            constant_text(pattern).is_some_and(|p| !p.is_empty() && p.bytes().all(|c| c == b'%'));
        return *not == negated && all;
    }
    if let Expr::RLike { negated: not, pattern, .. } = expr {
        return *not == negated && constant_text(pattern).is_some_and(|p| any_regex(&p));
    }
    if let Expr::InSubquery { expr, subquery, negated: not } = expr {
        return *not == negated && selects_itself(expr, subquery, aim);
    }
    if let Expr::AnyOp { left, compare_op: BinaryOperator::Eq, right, .. } = expr
        && let Expr::Subquery(subquery) = strip(right)
    {
        return !negated && selects_itself(left, subquery, aim);
    }
    if let Expr::Exists { subquery, negated: not } = expr {
        return *not == negated && exists_for_all(subquery, aim);
    }
    false
}

fn constant_text(expr: &Expr) -> Option<String> {
    match fold(expr)? {
        super::constant::Constant::Text(text) => Some(text),
        super::constant::Constant::Bool(_)
        | super::constant::Constant::Int(_)
        | super::constant::Constant::Null => None,
    }
}

fn any_regex(pattern: &str) -> bool {
    let core = pattern.trim_start_matches('^').trim_end_matches('$');
    matches!(core, "" | ".*" | ".*?" | "(.*)" | ".*.*" | "[\\s\\S]*" | ".?")
}

/// Comparisons that every value passes.
fn always(left: &Expr, op: &BinaryOperator, right: &Expr) -> bool {
    let ge = *op == BinaryOperator::GtEq;
    let gt = *op == BinaryOperator::Gt;
    if ge && constant_text(right).as_deref() == Some("") {
        return true;
    }
    if *op == BinaryOperator::LtEq && constant_text(left).as_deref() == Some("") {
        return true;
    }
    let regex = *op == BinaryOperator::PGRegexMatch
        || *op == BinaryOperator::PGRegexIMatch
        || *op == BinaryOperator::Regexp;
    if regex {
        return constant_text(right).is_some_and(|pattern| any_regex(&pattern));
    }
    let like = *op == BinaryOperator::PGLikeMatch || *op == BinaryOperator::PGILikeMatch;
    if like || *op == BinaryOperator::Glob {
        let any = if like { b'%' } else { b'*' };
        return constant_text(right)
            .is_some_and(|pattern| !pattern.is_empty() && pattern.bytes().all(|c| c == any));
    }
    let Some(super::constant::Constant::Int(bound)) = fold(right) else { return false };
    let least = i128::from(i64::MIN);
    let most = i128::from(i64::MAX);
    let beyond = (ge && bound <= least)
        || (gt && bound < least)
        || (*op == BinaryOperator::LtEq && bound >= most)
        || (*op == BinaryOperator::Lt && bound > most);
    if beyond {
        return true;
    }
    let never_negative = if let Expr::Function(function) = strip(left) {
        last_name(&function.name).is_some_and(|name| {
            let name = name.to_ascii_lowercase();
            matches!(
                name.as_str(),
                "length" | "char_length" | "character_length" | "octet_length" | "abs"
            )
        })
    } else {
        false
    };
    never_negative && ((ge && bound <= 0) || (gt && bound < 0))
}

fn joins_itself(left: &Expr, right: &Expr, aim: &Aim) -> bool {
    let split = |expr: &Expr| {
        if let Expr::CompoundIdentifier(idents) = strip(expr)
            && let [.., qualifier, column] = idents.as_slice()
        {
            return Some((qualifier.value.to_ascii_lowercase(), column.value.to_ascii_lowercase()));
        }
        None
    };
    let (Some((a, x)), Some((b, y))) = (split(left), split(right)) else { return false };
    // Which table `others` are is not kept, so this only knows a table joined under its own name.
    x == y
        && a != b
        && aim.table.as_ref().is_some_and(|table| *table == a || *table == b)
        && aim
            .others
            .iter()
            .any(|other| (*other == a || *other == b) && aim.table.as_ref() == Some(other))
}

/// The only table of a sub-select without grouping, bounds or anything else that leaves rows out.
fn plain_select(query: &Query) -> Option<(&Select, String)> {
    if query.with.is_some() || query.limit_clause.is_some() || query.fetch.is_some() {
        return None;
    }
    let SetExpr::Select(select) = &*query.body else { return None };
    let [tables] = select.from.as_slice() else { return None };
    if !tables.joins.is_empty() || select.having.is_some() || select.into.is_some() {
        return None;
    }
    let TableFactor::Table { name, args: None, sample: None, .. } = &tables.relation else {
        return None;
    };
    Some((select, last_name(name)?.to_ascii_lowercase()))
}

/// `x IN (SELECT x FROM the_same_table)`.
fn selects_itself(expr: &Expr, query: &Query, aim: &Aim) -> bool {
    if let SetExpr::Select(select) = &*query.body
        && select.from.is_empty()
        && select.selection.is_none()
        && let [SelectItem::UnnamedExpr(item)] = select.projection.as_slice()
    {
        return aim.same(expr, item);
    }
    let Some((select, table)) = plain_select(query) else { return false };
    if aim.table.as_ref() != Some(&table) {
        return false;
    }
    let [SelectItem::UnnamedExpr(item) | SelectItem::ExprWithAlias { expr: item, .. }] =
        select.projection.as_slice()
    else {
        return false;
    };
    let inside = Aim {
        dialect: aim.dialect,
        variables: aim.variables.clone(),
        case: aim.case,
        qualifiers: Vec::new(),
        others: Vec::new(),
        columns: None,
        keys: Vec::new(),
        never_null: aim.never_null.clone(),
        doubtful: aim.doubtful.clone(),
        table: aim.table.clone(),
    };
    let same = matches!(
        (aim.column(strip(expr)), inside.column(strip(item))), (Some(a), Some(b)) if a == b
    );
    let open = match &select.selection {
        None => true,
        Some(selection) => restriction(selection, false, &inside) == Restriction::Nothing,
    };
    same && open
}

/// `EXISTS (SELECT … FROM the_same_table t2 WHERE t2.x = t.x)`, and nothing else in its WHERE.
fn exists_for_all(query: &Query, aim: &Aim) -> bool {
    let Some((select, table)) = plain_select(query) else { return false };
    if aim.table.as_ref() != Some(&table) {
        return false;
    }
    let Some(selection) = &select.selection else { return true };
    let mut open = true;
    conjuncts(selection, &mut |conjunct| {
        let column = |expr: &Expr| {
            if let Expr::CompoundIdentifier(idents) = strip(expr) {
                idents.last().map(|ident| ident.value.to_ascii_lowercase())
            } else if let Expr::Identifier(ident) = strip(expr) {
                Some(ident.value.to_ascii_lowercase())
            } else {
                None
            }
        };
        let same = if let Expr::BinaryOp { left, op: BinaryOperator::Eq, right } = conjunct {
            column(left).is_some() && column(left) == column(right)
        } else {
            false
        };
        open &= same || fold(conjunct).is_some_and(|value| value.passes() == Some(true));
    });
    open
}

fn conjuncts<'e>(expr: &'e Expr, visit: &mut dyn FnMut(&'e Expr)) {
    let mut at = strip(expr);
    while let Expr::BinaryOp { left, op: BinaryOperator::And, right } = at {
        conjuncts(right, visit);
        at = strip(left);
    }
    visit(at);
}

/// The rows that equality with a whole unique key leaves.
fn by_key(selection: &Expr, aim: &Aim) -> Option<u64> {
    if aim.keys.is_empty() {
        return None;
    }
    let mut fixed: Vec<(String, u64)> = Vec::new();
    conjuncts(selection, &mut |conjunct| {
        if let Expr::BinaryOp { left, op: BinaryOperator::Eq, right } = conjunct {
            let (left, right) = (strip(left), strip(right));
            if let (Expr::Tuple(columns), Expr::Tuple(values)) = (left, right)
                && columns.len() == values.len()
            {
                for (column, value) in columns.iter().zip(values) {
                    fix(column, value, aim, &mut fixed);
                }
            }
            fix(left, right, aim, &mut fixed);
            fix(right, left, aim, &mut fixed);
        }
        if let Expr::InList { expr, list, negated: false } = conjunct
            && let Some(column) = aim.column(strip(expr))
            && list.iter().all(|value| is_value(value, aim.case))
        {
            fixed.push((column, u64::try_from(list.len()).unwrap_or(u64::MAX)));
        }
    });
    let bound = |key: &Vec<String>| {
        let rows = key.iter().map(|column| {
            fixed.iter().filter(|(name, _)| name == column).map(|(_, rows)| *rows).min()
        });
        rows.into_iter().try_fold(1u64, |product, rows| product.checked_mul(rows?))
    };
    aim.keys.iter().filter(|key| !key.is_empty()).filter_map(bound).min()
}

fn fix(column: &Expr, value: &Expr, aim: &Aim, fixed: &mut Vec<(String, u64)>) {
    if let Some(column) = aim.column(strip(column))
        && is_value(value, aim.case)
    {
        fixed.push((column, 1));
    }
}

/// A literal or placeholder whose comparison with a column uses the column's own equality. Casts
/// to other types, and collations, can make several keys equal.
fn is_value(expr: &Expr, case: NameCase) -> bool {
    let expr = strip(expr);
    if let Expr::UnaryOp { op: UnaryOperator::Minus, expr } = expr {
        return is_value(expr, case);
    }
    if let Expr::Cast { expr, data_type, format: None, .. } = expr {
        use sqlparser::ast::DataType;
        let exact = [
            DataType::Int(None),
            DataType::Integer(None),
            DataType::BigInt(None),
            DataType::SmallInt(None),
            DataType::Int4(None),
            DataType::Int8(None),
            DataType::Int2(None),
            DataType::Uuid,
            DataType::Text,
        ];
        // SQLite makes the column a number for a number that was cast: '1', '01' and '1.0' are equal
        // then.
        let keeps_column = case == NameCase::Exact || *data_type == DataType::Text;
        return exact.contains(data_type) && keeps_column && is_value(expr, case);
    }
    if let Expr::Value(value) = expr {
        if let Value::Number(digits, _) = &value.value {
            return !digits.contains(['e', 'E']);
        }
        if let Value::Placeholder(_) | Value::Null = &value.value {
            return true;
        }
        return text_value(&value.value).is_some();
    }
    false
}

/// Whether two branches of an OR (or of a negated AND) leave no row out between them.
fn covers(expr: &Expr, op: &BinaryOperator, negated: bool, aim: &Aim) -> bool {
    let mut branches: Vec<&Expr> = Vec::new();
    let mut at = expr;
    while let Expr::BinaryOp { left, op: inner, right } = at
        && inner == op
    {
        branches.push(strip(right));
        at = strip(left);
    }
    branches.push(at);
    // Pairs are compared, so their number is held: beyond it the chain counts as restricting.
    branches.truncate(MAX_BRANCHES);
    branches.iter().enumerate().any(|(at, a)| {
        branches.iter().skip(at.saturating_add(1)).any(|b| complements(a, b, negated, aim))
    })
}

const MAX_BRANCHES: usize = 64;

fn complements(a: &Expr, b: &Expr, negated: bool, aim: &Aim) -> bool {
    if let Expr::UnaryOp { op: UnaryOperator::Not, expr } = a {
        return aim.same(expr, b);
    }
    if let Expr::UnaryOp { op: UnaryOperator::Not, expr } = b {
        return aim.same(expr, a);
    }
    let pairs = [(a, b), (b, a)];
    for (a, b) in pairs {
        if let (Expr::IsNull(a), Expr::IsNotNull(b))
        | (Expr::IsTrue(a), Expr::IsNotTrue(b))
        | (Expr::IsFalse(a), Expr::IsNotFalse(b))
        | (Expr::IsTrue(a), Expr::IsFalse(b))
        | (Expr::IsUnknown(a), Expr::IsNotUnknown(b))
        | (Expr::IsNull(a), Expr::IsTrue(b) | Expr::IsFalse(b)) = (a, b)
        {
            return aim.same(a, b);
        }
    }
    if let (
        Expr::Like { negated: x, expr: a, pattern: p, .. },
        Expr::Like { negated: y, expr: b, pattern: q, .. },
    )
    | (
        Expr::ILike { negated: x, expr: a, pattern: p, .. },
        Expr::ILike { negated: y, expr: b, pattern: q, .. },
    ) = (a, b)
    {
        return x != y && aim.same(a, b) && p == q;
    }
    if let (
        Expr::InList { expr: a, list: p, negated: x },
        Expr::InList { expr: b, list: q, negated: y },
    ) = (a, b)
    {
        return x != y && aim.same(a, b) && p == q;
    }
    if let (
        Expr::Between { expr: a, negated: x, low: l, high: h },
        Expr::Between { expr: b, negated: y, low: m, high: i },
    ) = (a, b)
    {
        return x != y && aim.same(a, b) && l == m && h == i;
    }
    let (
        Expr::BinaryOp { left: al, op: a_op, right: ar },
        Expr::BinaryOp { left: bl, op: b_op, right: br },
    ) = (a, b)
    else {
        return false;
    };
    let (Some(mut x), Some(mut y)) = (side(a_op), side(b_op)) else { return false };
    let (mut ar, mut br) = (&**ar, &**br);
    if !aim.same(al, bl) {
        // `1 > x` is `x < 1`.
        if aim.same(al, br) {
            y = y.turned();
            br = bl;
        } else if aim.same(ar, bl) {
            x = x.turned();
            ar = al;
        } else {
            return false;
        }
    }
    if negated {
        (x, y) = (x.opposite(), y.opposite());
    }
    let order = match (fold(ar), fold(br)) {
        (Some(super::constant::Constant::Int(a)), Some(super::constant::Constant::Int(b))) => {
            a.cmp(&b)
        }
        _ if aim.same(ar, br) => std::cmp::Ordering::Equal,
        (Some(a), Some(b)) if a != b => {
            // Constants without a known order: only two inequalities cover everything.
            return x == Side::NotEqual && y == Side::NotEqual;
        }
        _ => return false,
    };
    Side::cover(x, y, order)
}

/// A comparison with a constant, as the part of a line that it leaves.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Less,
    LessEqual,
    Equal,
    NotEqual,
    GreaterEqual,
    Greater,
}

fn side(op: &BinaryOperator) -> Option<Side> {
    let table = [
        (BinaryOperator::Lt, Side::Less),
        (BinaryOperator::LtEq, Side::LessEqual),
        (BinaryOperator::Eq, Side::Equal),
        (BinaryOperator::NotEq, Side::NotEqual),
        (BinaryOperator::GtEq, Side::GreaterEqual),
        (BinaryOperator::Gt, Side::Greater),
    ];
    table.into_iter().find(|(known, _)| known == op).map(|(_, side)| side)
}

impl Side {
    const fn turned(self) -> Self {
        match self {
            Self::Less => Self::Greater,
            Self::LessEqual => Self::GreaterEqual,
            Self::GreaterEqual => Self::LessEqual,
            Self::Greater => Self::Less,
            Self::Equal => Self::Equal,
            Self::NotEqual => Self::NotEqual,
        }
    }

    const fn opposite(self) -> Self {
        match self {
            Self::Less => Self::GreaterEqual,
            Self::LessEqual => Self::Greater,
            Self::GreaterEqual => Self::Less,
            Self::Greater => Self::LessEqual,
            Self::Equal => Self::NotEqual,
            Self::NotEqual => Self::Equal,
        }
    }

    /// Whether `x ∘ a OR x ∘ b` holds for every value, where `a` compares with `b` as `order`.
    fn cover(first: Self, second: Self, order: std::cmp::Ordering) -> bool {
        let below = |side| matches!(side, Self::Less | Self::LessEqual);
        let above = |side| matches!(side, Self::Greater | Self::GreaterEqual);
        match (first, second) {
            (Self::NotEqual, Self::NotEqual) => order.is_ne(),
            (Self::Equal, Self::NotEqual) | (Self::NotEqual, Self::Equal) => order.is_eq(),
            (Self::NotEqual, Self::Less) | (Self::Greater, Self::NotEqual) => order.is_lt(),
            (Self::NotEqual, Self::Greater) | (Self::Less, Self::NotEqual) => order.is_gt(),
            (Self::NotEqual, Self::LessEqual) | (Self::GreaterEqual, Self::NotEqual) => {
                order.is_le()
            }
            (Self::NotEqual, Self::GreaterEqual) | (Self::LessEqual, Self::NotEqual) => {
                order.is_ge()
            }
            (a, b) if below(a) && above(b) => {
                order.is_gt()
                    || (order.is_eq() && (a == Self::LessEqual || b == Self::GreaterEqual))
            }
            (a, b) if above(a) && below(b) => {
                order.is_lt()
                    || (order.is_eq() && (a == Self::GreaterEqual || b == Self::LessEqual))
            }
            _ => false,
        }
    }
}
