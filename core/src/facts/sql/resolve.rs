//! Resolving column names in scopes. What is not proven is `None`, and then anything.

use std::rc::Rc;

use super::flow::{Column, Columns, Flow, Names, Origin, Relation, Shape};
use super::walk::Walk;
use crate::facts::{How, Path};
use crate::schema::{CatalogTable, NameCase};

/// Columns that tables have without listing them.
fn is_hidden(name: &str) -> bool {
    matches!(
        name,
        "ctid" | "xmin" | "xmax" | "cmin" | "cmax" | "tableoid" | "oid" | "rowid" | "_rowid_"
    )
}

/// The answer of one level of scopes.
enum Found {
    One(Flow),
    /// The name may mean something here, and it is not known what.
    Unsure,
    /// It means nothing here.
    Nothing,
}

impl<'a> Walk<'_, 'a> {
    /// What the column `parts` holds; `None` where that is not known for sure.
    pub(super) fn resolve(&mut self, parts: &[String], names: &Names<'_, 'a>) -> Option<Flow> {
        let mut at = Some(names);
        while let Some(level) = at {
            let found = match parts {
                [name] => self.unqualified_column(name, level),
                [qualifier, name] => self.qualified_column(None, qualifier, name, level),
                [schema, qualifier, name] => {
                    self.qualified_column(Some(schema), qualifier, name, level)
                }
                _ => Found::Unsure,
            };
            match found {
                Found::One(flow) => return Some(flow),
                Found::Unsure => return None,
                Found::Nothing => at = level.parent,
            }
        }
        None
    }

    fn unqualified_column(&mut self, name: &str, level: &Names<'_, 'a>) -> Found {
        let mut found = None;
        for relation in &level.relations {
            // A whole row, or a column that the tables do not list.
            if relation.name.as_deref() == Some(name) || is_hidden(name) {
                return Found::Unsure;
            }
            match self.column_of(relation, name) {
                Err(()) => return Found::Unsure,
                Ok(None) => {}
                Ok(Some(flow)) if found.is_none() => found = Some(flow),
                // Ambiguous, or merged by USING.
                Ok(Some(_)) => return Found::Unsure,
            }
        }
        let alias: Vec<&Column> = {
            let case = self.case();
            level.aliases.iter().filter(|c| case.same(&c.name, name)).collect()
        };
        match (found, alias.as_slice()) {
            (Some(flow), []) => Found::One(flow),
            (None, [alias]) => Found::One(alias.flow.clone()),
            (Some(mut flow), [alias]) => {
                flow.mix(&alias.flow);
                Found::One(flow)
            }
            (_, [_, _, ..]) => Found::Unsure,
            (None, []) if level.merged => Found::Unsure,
            (None, []) => Found::Nothing,
        }
    }

    fn qualified_column(
        &mut self,
        schema: Option<&String>,
        qualifier: &str,
        name: &str,
        level: &Names<'_, 'a>,
    ) -> Found {
        let mut matching = level.relations.iter().filter(|relation| {
            relation.name.as_deref() == Some(qualifier)
                && schema.is_none_or(|schema| relation.schema.as_ref() == Some(schema))
        });
        match (matching.next(), matching.next()) {
            (None, _) => Found::Nothing,
            (Some(relation), None) => match self.column_of(relation, name) {
                Ok(Some(flow)) => Found::One(flow),
                Ok(None) | Err(()) => Found::Unsure,
            },
            (Some(_), Some(_)) => Found::Unsure,
        }
    }

    /// The column `name` of `relation`; `Err` where its columns are not known.
    fn column_of(&mut self, relation: &Relation<'a>, name: &str) -> Result<Option<Flow>, ()> {
        let case = self.case();
        match &relation.shape {
            Shape::Unknown => Err(()),
            Shape::Derived(columns) => {
                let mut matching = columns.iter().filter(|column| case.same(&column.name, name));
                match (matching.next(), matching.next()) {
                    (None, _) => Ok(None),
                    (Some(column), None) => Ok(Some(column.flow.clone())),
                    (Some(_), Some(_)) => Err(()),
                }
            }
            Shape::Base { table, renamed } => {
                let position = position(table, renamed, name, case);
                let Some(column) = position.and_then(|at| table.columns.get(at)) else {
                    return Ok(None);
                };
                let column = self.fold_text(&column.name, true);
                Ok(Some(self.base_column(relation.target.as_ref(), &column)))
            }
        }
    }

    fn base_column(&mut self, target: Option<&Path>, column: &str) -> Flow {
        let Some(path) = target else { return Flow::any() };
        self.touch(path, column);
        let mut full = path.clone();
        full.0.push(crate::facts::Segment::Exact(column.to_owned()));
        Flow { holds: Origin::one(full.to_string()), how: How::Plain, depends: Origin::NONE }
    }

    /// Every column of `relation`, in its order.
    pub(super) fn all_columns(&mut self, relation: &Relation<'a>) -> Columns {
        match &relation.shape {
            Shape::Unknown => {
                self.part.unresolved = true;
                None
            }
            Shape::Derived(columns) => Some(Rc::clone(columns)),
            Shape::Base { table, renamed } => {
                let mut columns = Vec::with_capacity(table.columns.len());
                for (at, column) in table.columns.iter().enumerate() {
                    let stored = self.fold_text(&column.name, true);
                    let flow = self.base_column(relation.target.as_ref(), &stored);
                    columns.push(Column { name: renamed.get(at).cloned().unwrap_or(stored), flow });
                }
                Some(Rc::new(columns))
            }
        }
    }
}

/// Where the column that is now called `name` stands in `table`.
fn position(table: &CatalogTable, renamed: &[String], name: &str, case: NameCase) -> Option<usize> {
    let new = renamed.iter().position(|new| case.same(new, name));
    new.or_else(|| {
        let rest = table.columns.iter().enumerate().skip(renamed.len());
        rest.into_iter().find(|(_, column)| case.same(&column.name, name)).map(|(at, _)| at)
    })
}
