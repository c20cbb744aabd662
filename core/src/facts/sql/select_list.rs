//! The select list: stars and what is taken out of them, and what expressions give.

use std::rc::Rc;

use sqlparser::ast::{
    ExceptSelectItem, ExcludeSelectItem, Expr, Ident, IdentWithAlias, RenameSelectItem, SelectItem,
    SelectItemQualifiedWildcardKind, WildcardAdditionalOptions,
};

use super::flow::{Column, Columns, Joined, Names, Slot, weight};
use super::functions;
use super::manners::Merges;
use super::walk::Walk;
use crate::command::Dialect;
use crate::command::sql::VALUE_MARK;

impl<'a> Walk<'_, 'a> {
    /// The select list; `None` where its columns are not known for sure.
    pub(super) fn projection(
        &mut self,
        items: &[SelectItem],
        level: &Names<'_, 'a>,
    ) -> Option<Vec<Column>> {
        let mut columns = Some(Vec::with_capacity(items.len()));
        // `*` gives the same wherever it stands in the list.
        let mut star: Option<Columns> = None;
        for item in items {
            let spread = std::mem::replace(&mut self.spread, false);
            let found: Columns = match item {
                SelectItem::UnnamedExpr(expr) => {
                    let flow = self.expr(expr, level);
                    self.spread |= self.gives_columns(expr) || self.spreads(expr);
                    Some(Rc::new(vec![Column { name: self.output_name(expr), flow }]))
                }
                SelectItem::ExprWithAlias { expr, alias } => {
                    let flow = self.expr(expr, level);
                    self.spread |= self.spreads(expr);
                    Some(Rc::new(vec![Column { name: self.shown(alias), flow }]))
                }
                // One call gives several columns.
                SelectItem::ExprWithAliases { expr, aliases } => {
                    let flow = self.expr(expr, level).derived();
                    let names = aliases.iter().map(|alias| self.shown(alias));
                    let columns = names.map(|name| Column { name, flow: flow.clone() });
                    Some(Rc::new(columns.collect()))
                }
                SelectItem::Wildcard(options) => {
                    let columns = star.get_or_insert_with(|| self.star(level)).clone();
                    self.wildcard_options(columns, options, level)
                }
                SelectItem::QualifiedWildcard(kind, options) => {
                    let columns = match kind {
                        SelectItemQualifiedWildcardKind::Expr(expr) => self.row_star(expr, level),
                        SelectItemQualifiedWildcardKind::ObjectName(name) => {
                            let parts = self.parts(name).unwrap_or_default();
                            self.qualified_star(&parts, level)
                        }
                    };
                    self.wildcard_options(columns, options, level)
                }
            };
            // How many columns it gives is not known.
            let spreads = std::mem::replace(&mut self.spread, spread);
            match (&mut columns, found) {
                (Some(columns), Some(found)) if !spreads && self.has_room(weight(&found)) => {
                    columns.extend(found.iter().cloned());
                }
                (columns, _) => *columns = None,
            }
        }
        columns
    }

    /// Whether an expression without a name may give several columns.
    fn gives_columns(&self, expr: &Expr) -> bool {
        let Expr::Function(function) = expr else { return false };
        let spark =
            matches!(self.setting.dialect, Dialect::Hive | Dialect::Spark | Dialect::Databricks);
        let name = self.parts(&function.name).and_then(|mut parts| parts.pop());
        // Generators: `explode` of a map gives a key and a value.
        spark
            && name.is_some_and(|name| {
                functions::builtin(self.setting.dialect, &name)
                    .is_none_or(|function| function.set || function.catalogued)
                    || GENERATORS.contains(&name.as_str())
            })
    }

    /// `(x).*`: the fields of a row.
    fn row_star(&mut self, expr: &Expr, level: &Names<'_, 'a>) -> Columns {
        if let Some(relation) = self.row_relation(expr, level) {
            return self.all_columns(&relation);
        }
        self.expr(expr, level);
        self.part.unresolved = true;
        None
    }

    /// Columns of one side of a join, which may give what the join made of them.
    fn with_merged(&self, mut columns: Rc<Vec<Column>>, joined: &Joined) -> Rc<Vec<Column>> {
        let case = self.case();
        for slot in &joined.slots {
            let Slot::Merged(merged) = slot else { continue };
            for column in Rc::make_mut(&mut columns) {
                if case.same(&column.name, &merged.name) {
                    column.flow.mix(&merged.flow);
                }
            }
        }
        columns
    }

    /// What is left of `*` when its columns are filtered, replaced and renamed.
    pub(super) fn wildcard_options(
        &mut self,
        columns: Columns,
        options: &WildcardAdditionalOptions,
        level: &Names<'_, 'a>,
    ) -> Columns {
        let WildcardAdditionalOptions {
            wildcard_token: _,
            opt_ilike,
            opt_exclude,
            opt_except,
            opt_replace,
            opt_rename,
            opt_alias,
        } = options;
        // Expressions are walked, whatever becomes of the columns.
        let replaced: Vec<Column> = opt_replace
            .iter()
            .flat_map(|replace| &replace.items)
            .map(|item| Column {
                name: self.fold(&item.column_name),
                flow: self.expr(&item.expr, level),
            })
            .collect();
        if opt_ilike.is_some() || opt_alias.is_some() {
            return None;
        }
        let is_plain = opt_exclude.is_none()
            && opt_except.is_none()
            && opt_replace.is_none()
            && opt_rename.is_none();
        if is_plain {
            return columns;
        }
        let mut columns = columns?.to_vec();
        if let Some(exclude) = opt_exclude {
            columns = self.without(columns, &self.excluded(exclude))?;
        }
        if let Some(ExceptSelectItem { first_element, additional_elements }) = opt_except {
            let names = std::iter::once(first_element).chain(additional_elements);
            let names: Vec<String> = names.map(|ident| self.fold(ident)).collect();
            columns = self.without(columns, &names)?;
        }
        for column in replaced {
            self.only(&mut columns, &column.name)?.flow = column.flow;
        }
        let renamed = match opt_rename {
            None => &[][..],
            Some(RenameSelectItem::Single(item)) => std::slice::from_ref(item),
            Some(RenameSelectItem::Multiple(items)) => items,
        };
        for IdentWithAlias { ident, alias } in renamed {
            let (old, new) = (self.fold(ident), self.shown(alias));
            self.only(&mut columns, &old)?.name = new;
        }
        Some(Rc::new(columns))
    }

    pub(super) fn excluded(&self, exclude: &ExcludeSelectItem) -> Vec<String> {
        let names = match exclude {
            ExcludeSelectItem::Single(name) => std::slice::from_ref(name),
            ExcludeSelectItem::Multiple(names) => names,
        };
        names
            .iter()
            .map(|name| self.parts(name).and_then(|mut p| p.pop()).unwrap_or_default())
            .collect()
    }

    /// The columns without those of these names; `None` where not each means just one.
    pub(super) fn without(
        &self,
        mut columns: Vec<Column>,
        names: &[String],
    ) -> Option<Vec<Column>> {
        for name in names {
            self.only(&mut columns, name)?;
            columns.retain(|column| !self.case().same(&column.name, name));
        }
        Some(columns)
    }

    /// The one column that is called so.
    fn only<'c>(&self, columns: &'c mut [Column], name: &str) -> Option<&'c mut Column> {
        let case = self.case();
        let mut same = columns.iter_mut().filter(|column| case.same(&column.name, name));
        let only = same.next();
        only.filter(|_| same.next().is_none())
    }

    pub(super) fn qualified_star(&mut self, parts: &[String], level: &Names<'_, 'a>) -> Columns {
        if let [mark, name] = parts
            && mark == VALUE_MARK
        {
            // `(t).*`.
            let row = self.row_of(name, level).and_then(|relation| self.all_columns(&relation));
            self.part.unresolved |= row.is_none();
            return row;
        }
        let (schema, name) = match parts {
            [name] => (None, name),
            [schema, name] => (Some(schema), name),
            _ => {
                self.part.unresolved = true;
                return None;
            }
        };
        let mut at = Some(level);
        while let Some(names) = at {
            let mut matching = names.seen().filter(|(_, relation)| {
                relation.name.as_ref() == Some(name)
                    && schema.is_none_or(|schema| relation.schema.as_ref() == Some(schema))
            });
            match (matching.next(), matching.next()) {
                (Some((at, relation)), None) => {
                    let columns = self.all_columns(relation)?;
                    let merged = names.joined.iter().find(|j| (j.first..j.end).contains(&at));
                    return match (merged, self.manners().merges) {
                        (None, _) | (Some(_), Merges::AsListed | Merges::AsFirst) => Some(columns),
                        // SQLite gives what was merged under the names of either side.
                        (Some(joined), Merges::InPlace) if joined.complete => {
                            Some(self.with_merged(columns, joined))
                        }
                        // Whether a merged column belongs to it is not known.
                        (Some(_), Merges::InPlace | Merges::Unsure) => None,
                    };
                }
                (Some(_), Some(_)) => break,
                (None, _) => at = names.parent,
            }
        }
        self.part.unresolved = true;
        None
    }

    /// A name as the server shows it.
    pub(super) fn shown(&self, ident: &Ident) -> String {
        if self.is_postgres() { self.fold(ident) } else { ident.value.clone() }
    }
}

/// Functions of Hive and Spark that give several columns.
const GENERATORS: &[&str] = &[
    "explode",
    "explode_outer",
    "inline",
    "inline_outer",
    "json_tuple",
    "parse_url_tuple",
    "posexplode",
    "posexplode_outer",
    "stack",
    "variant_explode",
    "variant_explode_outer",
];
