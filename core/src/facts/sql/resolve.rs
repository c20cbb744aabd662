//! Resolving column names in scopes. What is not proven is `None`, and then anything.

use std::rc::Rc;

use super::flow::{Column, Columns, Flow, Joined, Names, Origin, Relation, Shape, Slot, weight};
use super::manners::Rows;
use super::walk::Walk;
use crate::facts::{How, Path};
use crate::schema::{CatalogTable, NameCase};

/// Columns that tables have without listing them.
fn is_hidden(name: &str) -> bool {
    is_system(name) || matches!(name, "oid" | "rowid" | "_rowid_")
}

/// Columns of PostgreSQL's tables that say where a row stands and who wrote it. They hold nothing
/// of other columns, and no column of a table may be called so.
fn is_system(name: &str) -> bool {
    matches!(name, "ctid" | "xmin" | "xmax" | "cmin" | "cmax" | "tableoid")
}

/// The answer of one level of scopes.
enum Found {
    One(Flow),
    /// The name may mean something here, and it is not known what.
    Unsure,
    /// It means nothing here.
    Nothing,
}

/// One item of FROM for names without a qualifier.
enum Item<'n, 'a> {
    Relation(&'n Relation<'a>),
    Joined(&'n Joined),
}

/// The items of a level, in their order.
fn items<'n, 'a>(level: &'n Names<'_, 'a>) -> impl Iterator<Item = Item<'n, 'a>> {
    // INVARIANT: joins are sorted and do not overlap.
    let mut joins = level.joined.iter().filter(|joined| joined.first >= level.first).peekable();
    let mut covered = 0;
    level.seen().filter_map(move |(at, relation)| {
        if let Some(joined) = joins.next_if(|joined| joined.first == at) {
            covered = joined.end;
            return Some(Item::Joined(joined));
        }
        (at >= covered).then_some(Item::Relation(relation))
    })
}

impl<'a> Walk<'_, 'a> {
    /// What the column `parts` holds; `None` where that is not known for sure.
    pub(super) fn resolve(&mut self, parts: &[String], names: &Names<'_, 'a>) -> Option<Flow> {
        let parts = match parts {
            // The database part can only name the current one.
            [_, rest @ ..] if rest.len() == 3 && self.manners().one_database => rest,
            parts => parts,
        };
        match self.resolve_column(parts, names) {
            Found::One(flow) => Some(flow),
            Found::Unsure => None,
            Found::Nothing => match parts {
                [name] => {
                    let relation = self.row_named(name, names)?;
                    Some(self.whole_row(&relation))
                }
                // A field of a value.
                [first @ .., _] if self.manners().fields => {
                    self.resolve(first, names).map(Flow::derived)
                }
                _ => None,
            },
        }
    }

    fn resolve_column(&mut self, parts: &[String], names: &Names<'_, 'a>) -> Found {
        let mut at = Some(names);
        while let Some(level) = at {
            let found = match parts {
                [name] => self.unqualified_column(name, level),
                [qualifier, name] => self.qualified_column(None, qualifier, name, level),
                [schema, qualifier, name] => {
                    self.qualified_column(Some(schema), qualifier, name, level)
                }
                _ if self.manners().fields => Found::Nothing,
                _ => Found::Unsure,
            };
            match found {
                Found::Nothing => at = level.parent,
                Found::One(_) | Found::Unsure => return found,
            }
        }
        Found::Nothing
    }

    /// The column that a bare name in GROUP BY means first where the server looks there first.
    pub(super) fn input_column(&mut self, name: &str, level: &Names<'_, 'a>) -> Option<Flow> {
        match self.unqualified_column(name, level) {
            Found::One(flow) => Some(flow),
            Found::Unsure => Some(Flow::any()),
            Found::Nothing => None,
        }
    }

    fn unqualified_column(&mut self, name: &str, level: &Names<'_, 'a>) -> Found {
        let case = self.case();
        let mut found = None;
        let mut unsure = level.unsure;
        let mut several = false;
        for item in items(level) {
            let of_item = match &item {
                Item::Relation(relation) => self.column_of(relation, name),
                Item::Joined(joined) => self.column_joined(joined, name, level),
            };
            // It may be merged, and then it is the one.
            several |=
                of_item.is_err() && matches!(item, Item::Joined(_)) && self.manners().merged_first;
            match of_item {
                Err(()) => unsure = true,
                Ok(None) => {}
                Ok(Some(flow)) if found.is_none() => found = Some(flow),
                Ok(Some(_)) => several = true,
            }
        }
        if self.manners().rows != Rows::Last {
            let mut named = level.seen().filter(|(_, r)| r.name.as_deref() == Some(name));
            if let Some((_, relation)) = named.next() {
                match (self.manners().rows, &mut found) {
                    (Rows::Beside, Some(flow)) => flow.mix(&self.whole_row(relation)),
                    (Rows::Beside, none) => *none = Some(self.whole_row(relation)),
                    (Rows::Last | Rows::Never, _) => unsure = true,
                }
            }
        }
        if let Some(value) = self.named_value(name, level) {
            // The select list of a query inside may give the name anew.
            if level.aliases.iter().any(|alias| case.same(&alias.name, name)) {
                return Found::Unsure;
            }
            let mut flow = found.unwrap_or_else(Flow::constant);
            flow.mix(&value);
            return Found::One(flow);
        }
        // Of two columns of one name, and of a column and one that is not known, servers refuse
        // to choose, but for a few that take one of them.
        if several || (unsure && found.is_some() && self.manners().chooses) {
            return Found::Unsure;
        }
        let alias: Vec<&Column> = if self.manners().late_names {
            level.aliases.iter().filter(|c| case.same(&c.name, name)).collect()
        } else {
            Vec::new()
        };
        match (found, alias.as_slice()) {
            (Some(flow), []) => Found::One(flow),
            (None, [alias]) if !unsure => Found::One(alias.flow.clone()),
            (Some(mut flow), [alias]) => {
                flow.mix(&alias.flow);
                Found::One(flow)
            }
            (_, [_, ..]) => Found::Unsure,
            (None, []) if unsure => Found::Unsure,
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
        let mut matching = level.seen().filter(|(_, relation)| {
            relation.name.as_deref() == Some(qualifier)
                && schema.is_none_or(|schema| relation.schema.as_ref() == Some(schema))
        });
        match (matching.next(), matching.next()) {
            (None, _) => Found::Nothing,
            (Some((_, relation)), None) => {
                match (self.column_of(relation, name), &relation.shape) {
                    (Ok(Some(flow)), _) => Found::One(flow),
                    // Where a call can be written so, it may be one.
                    (_, Shape::Within { flow, named: _ }) if !self.manners().attribute_calls => {
                        Found::One(flow.clone().derived())
                    }
                    (Ok(None) | Err(()), _) => Found::Unsure,
                }
            }
            (Some(_), Some(_)) => Found::Unsure,
        }
    }

    /// The column `name` of a join that merges; `Err` where it may be one that is not known.
    fn column_joined(
        &mut self,
        joined: &Joined,
        name: &str,
        level: &Names<'_, 'a>,
    ) -> Result<Option<Flow>, ()> {
        let case = self.case();
        let mut matching = joined.slots.iter().filter(|slot| case.same(slot.name(), name));
        match (matching.next(), matching.next()) {
            (Some(slot), None) => Ok(Some(self.slot(slot, level).flow)),
            (None, _) if joined.complete => Ok(None),
            (None | Some(_), _) => Err(()),
        }
    }

    /// The column that a slot of a join stands for.
    pub(super) fn slot(&mut self, slot: &Slot, level: &Names<'_, 'a>) -> Column {
        match slot {
            Slot::Merged(column) => column.clone(),
            Slot::Of { relation, position, name } => {
                let relation = level.relations.get(*relation);
                let flow = relation.and_then(|relation| self.column_at(relation, *position));
                Column { name: name.clone(), flow: flow.unwrap_or_else(Flow::any) }
            }
        }
    }

    /// The column `name` of `relation`; `Err` where its columns are not known.
    fn column_of(&mut self, relation: &Relation<'a>, name: &str) -> Result<Option<Flow>, ()> {
        let case = self.case();
        match &relation.shape {
            Shape::Unknown => Err(()),
            Shape::Within { flow, named } => {
                let known = named.iter().any(|known| case.same(known, name));
                if known { Ok(Some(flow.clone())) } else { Err(()) }
            }
            Shape::Derived(columns) => {
                let mut matching = columns.iter().filter(|column| case.same(&column.name, name));
                match (matching.next(), matching.next()) {
                    (Some(column), None) => Ok(Some(written(relation, column).flow)),
                    (Some(_), Some(_)) => Err(()),
                    // The server gave a column a name that is not known here.
                    (None, _) if columns.iter().any(|column| column.name.is_empty()) => Err(()),
                    (None, _) if is_hidden(name) && !self.manners().system_columns => Err(()),
                    (None, _) => Ok(None),
                }
            }
            Shape::Base { table, renamed } => {
                let position = position(table, renamed, name, case);
                match position.and_then(|at| self.column_at(relation, at)) {
                    Some(flow) => Ok(Some(flow)),
                    None if self.manners().system_columns && is_system(name) => {
                        Ok(Some(Flow::constant()))
                    }
                    None if is_hidden(name) => Err(()),
                    None => Ok(None),
                }
            }
        }
    }

    /// The column at `position` of `relation`.
    fn column_at(&mut self, relation: &Relation<'a>, position: usize) -> Option<Flow> {
        match &relation.shape {
            Shape::Unknown | Shape::Within { flow: _, named: _ } => None,
            Shape::Derived(columns) => {
                columns.get(position).map(|column| written(relation, column).flow)
            }
            Shape::Base { table, renamed: _ } => {
                let stored = self.fold_text(&table.columns.get(position)?.name, true);
                Some(self.base_column(relation, &stored))
            }
        }
    }

    fn base_column(&mut self, relation: &Relation<'_>, column: &str) -> Flow {
        let Some(path) = &relation.target else { return Flow::any() };
        self.touch(path, column);
        let mut full: Path = path.clone();
        full.0.push(crate::facts::Segment::Exact(column.to_owned()));
        let mut flow =
            Flow { holds: Origin::one(full.to_string()), how: How::Plain, depends: Origin::NONE };
        if let Some(written) = &relation.written {
            written.after(column, &mut flow);
        }
        flow
    }

    /// The names of the columns of `relation`, in its order, where they are all known.
    pub(super) fn column_names(&self, relation: &Relation<'a>) -> Option<Vec<String>> {
        match &relation.shape {
            Shape::Unknown | Shape::Within { flow: _, named: _ } => None,
            Shape::Derived(columns) => {
                let named = columns.iter().all(|column| !column.name.is_empty());
                named.then(|| columns.iter().map(|column| column.name.clone()).collect())
            }
            Shape::Base { table, renamed } => {
                let stored = table.columns.iter().enumerate().map(|(at, column)| {
                    let stored = || self.fold_text(&column.name, true);
                    renamed.get(at).cloned().unwrap_or_else(stored)
                });
                Some(stored.collect())
            }
        }
    }

    /// The type of the column at `position` of `relation`, where the catalog says it.
    pub(super) fn column_type(relation: &Relation<'a>, position: usize) -> Option<&'a str> {
        match relation.shape {
            Shape::Base { table, renamed: _ } => {
                let column = table.columns.get(position)?;
                Some(column.data_type.as_str()).filter(|data_type| !data_type.is_empty())
            }
            Shape::Derived(_) | Shape::Within { flow: _, named: _ } | Shape::Unknown => None,
        }
    }

    /// Every column of `relation`, in its order.
    pub(super) fn all_columns(&mut self, relation: &Relation<'a>) -> Columns {
        match &relation.shape {
            Shape::Unknown => {
                self.part.unresolved = true;
                None
            }
            Shape::Within { flow: _, named: _ } => None,
            Shape::Derived(columns) if relation.written.is_none() => Some(Rc::clone(columns)),
            Shape::Derived(columns) => {
                Some(Rc::new(columns.iter().map(|column| written(relation, column)).collect()))
            }
            Shape::Base { table, renamed } => {
                let mut columns = Vec::with_capacity(table.columns.len());
                for (at, column) in table.columns.iter().enumerate() {
                    let stored = self.fold_text(&column.name, true);
                    let flow = self.base_column(relation, &stored);
                    columns.push(Column { name: renamed.get(at).cloned().unwrap_or(stored), flow });
                }
                Some(Rc::new(columns))
            }
        }
    }

    /// `*` over every relation of this level.
    pub(super) fn star(&mut self, level: &Names<'_, 'a>) -> Columns {
        let mut all = Some(Vec::new());
        for item in items(level) {
            let columns = match item {
                Item::Relation(relation) => self.all_columns(relation),
                Item::Joined(joined) => {
                    let known = joined.complete && joined.ordered;
                    self.part.unresolved |= !known;
                    let room = known && self.has_room(joined.slots.len());
                    room.then(|| {
                        let slots = joined.slots.iter();
                        Rc::new(slots.map(|slot| self.slot(slot, level)).collect())
                    })
                }
            };
            match (&mut all, columns) {
                (Some(all), Some(columns)) if self.has_room(weight(&columns)) => {
                    all.extend(columns.iter().cloned());
                }
                (all, _) => *all = None,
            }
        }
        if level.unsure || level.relations.is_empty() {
            return None;
        }
        all.map(Rc::new)
    }

    /// The relation that `name` means as a value, where no column has that name.
    fn row_named(&self, name: &str, names: &Names<'_, 'a>) -> Option<Relation<'a>> {
        if self.manners().rows == Rows::Never {
            return None;
        }
        let mut at = Some(names);
        while let Some(level) = at {
            let mut named = level.seen().filter(|(_, r)| r.name.as_deref() == Some(name));
            match (named.next(), named.next()) {
                (Some((_, relation)), None) => return Some(relation.clone()),
                (Some(_), Some(_)) => return None,
                (None, _) => at = level.parent,
            }
        }
        None
    }

    /// The relation that a name means as a value; `None` where a column may be meant.
    pub(super) fn row_of(&mut self, name: &str, names: &Names<'_, 'a>) -> Option<Relation<'a>> {
        match self.resolve_column(&[name.to_owned()], names) {
            Found::Nothing => self.row_named(name, names),
            Found::One(_) | Found::Unsure => None,
        }
    }

    /// The row of `relation` as one value.
    pub(super) fn whole_row(&mut self, relation: &Relation<'a>) -> Flow {
        if let Shape::Within { flow, named: _ } = &relation.shape {
            return flow.clone().derived();
        }
        match self.all_columns(relation) {
            Some(columns) if self.has_room(weight(&columns)) => mixed(&columns),
            Some(_) | None => Flow::any(),
        }
    }

    /// The field `name` of the row of `relation`.
    pub(super) fn field(&mut self, relation: &Relation<'a>, name: &str) -> Option<Flow> {
        self.column_of(relation, name).ok().flatten()
    }
}

/// A value that is made of all these.
pub(super) fn mixed(columns: &[Column]) -> Flow {
    let mut flow = Flow::constant();
    for column in columns {
        flow.mix(&column.flow);
    }
    flow
}

/// A column after what the statement puts into it.
fn written(relation: &Relation<'_>, column: &Column) -> Column {
    let mut column = column.clone();
    if let Some(written) = &relation.written {
        written.after(&column.name, &mut column.flow);
    }
    column
}

/// Where the column that is now called `name` stands in `table`.
fn position(table: &CatalogTable, renamed: &[String], name: &str, case: NameCase) -> Option<usize> {
    let new = renamed.iter().position(|new| case.same(new, name));
    new.or_else(|| {
        let rest = table.columns.iter().enumerate().skip(renamed.len());
        rest.into_iter().find(|(_, column)| case.same(&column.name, name)).map(|(at, _)| at)
    })
}
