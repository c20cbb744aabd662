//! DELETE: of one table, and of several at once.

use sqlparser::ast::{Delete, FromTable, ObjectName, TableFactor, TableWithJoins};

use crate::command::Dialect;
use crate::facts::sql::aim::{Tables, parts_of};
use crate::facts::sql::flow::{Columns, Names, Origin, Relation, Written};
use crate::facts::sql::walk::Walk;
use crate::facts::{Effect, Op, Role};

impl<'a> Walk<'_, 'a> {
    pub(super) fn delete(&mut self, delete: &Delete, names: &Names<'_, 'a>) -> Columns {
        let Delete {
            delete_token: _,
            optimizer_hints: _,
            tables: named,
            from,
            using,
            selection,
            returning,
            output,
            order_by,
            limit,
        } = delete;
        let mut level = Names::inside(names);
        let (FromTable::WithFromKeyword(from) | FromTable::WithoutKeyword(from)) = from;
        let mut depends = Origin::NONE;
        let more = using.as_deref().unwrap_or_default();
        let mut tables: Vec<Tables<'_>> = from.iter().chain(more).map(parts_of).collect();
        let mut changed = vec![0];
        match from.as_slice() {
            // MySQL: with USING, FROM names relations of USING, by their aliases too.
            [table]
                if table.joins.is_empty()
                    && named.is_empty()
                    && (more.is_empty() || !self.is_mysql()) =>
            {
                self.no_alias(&table.relation);
                self.changed(&table.relation, &mut level);
                self.from(more, &mut level, &mut depends);
            }
            _ => {
                if self.is_mysql() && !more.is_empty() {
                    tables = more.iter().map(parts_of).collect();
                }
                changed = self.deleted_of_several(named, from, more, &mut level, &mut depends);
            }
        }
        if let Some(selection) = selection {
            depends.add(&self.condition(selection, &level));
        }
        for by in order_by {
            self.sort_key(by, &level);
        }
        let extent = self.reach_of_change(&changed, &tables, selection.as_ref(), &level);
        let extent = self.limited_change(extent, limit.as_ref(), &level);
        let extent = self.bounded_change(extent, selection.as_ref());
        self.part.may |= Effect::WriteData | Effect::Destroy;
        let mut written = Written::nothing();
        written.every.depends = depends;
        written.every.depends.add(&level.decided);
        let (returned, outputs) =
            self.returned(returning.as_ref(), output.as_ref(), &mut level, written);
        // A row goes with all its columns.
        for target in &mut self.part.targets {
            if target.role == Role::Object {
                target.columns = crate::facts::Columns::Any;
            }
        }
        self.finish(Op::Delete, "DELETE", extent, outputs);
        returned
    }

    /// `DELETE a, b FROM a JOIN b …`, `DELETE FROM a, b USING a JOIN b …`.
    pub(super) fn deleted_of_several(
        &mut self,
        tables: &[ObjectName],
        from: &[TableWithJoins],
        using: &[TableWithJoins],
        level: &mut Names<'_, 'a>,
        depends: &mut Origin,
    ) -> Vec<usize> {
        let (named, read) = if tables.is_empty() && !using.is_empty() {
            let factors = from.iter().map(|table| {
                if let TableFactor::Table { name, .. } = &table.relation {
                    self.parts(name)
                } else {
                    None
                }
            });
            (factors.collect::<Vec<_>>(), using)
        } else {
            (tables.iter().map(|name| self.parts(name)).collect(), from)
        };
        self.from(read, level, depends);
        let mut changed = Vec::new();
        for parts in named {
            if let (Some(parts), Dialect::Mssql) = (&parts, self.setting.dialect)
                && !level.relations.iter().any(|relation| self.is_changed_as(relation, parts))
            {
                // No relation of FROM: every row of it stands beside each of theirs.
                let apart = self.existing(parts.clone(), None, Role::Object);
                changed.push(level.relations.len());
                level.relations.push(apart);
                continue;
            }
            let last = parts.as_ref().and_then(|parts| parts.last());
            let of = level
                .relations
                .iter()
                .position(|relation| last.is_some() && relation.name.as_ref() == last);
            match of {
                Some(index) => changed.push(index),
                // `a.*`, or a name that FROM does not give: any of them.
                None => {
                    changed.extend(0..level.relations.len());
                    self.part.unresolved = true;
                }
            }
        }
        if tables.is_empty() && using.is_empty() {
            changed.extend(0..level.relations.len());
        }
        self.objects_first(&changed, level)
    }

    /// Whether T-SQL takes the name behind DELETE for this relation of FROM: its alias, or the table
    /// itself, as far as both names are written.
    pub(super) fn is_changed_as(&self, relation: &Relation<'a>, parts: &[String]) -> bool {
        if let [name] = parts
            && relation.name.as_ref() == Some(name)
        {
            return true;
        }
        let mine = self.named_parts(parts.to_vec()).path;
        relation.target.as_ref().is_some_and(|theirs| match parts {
            [_] => mine == *theirs,
            _ => {
                mine.0.iter().rev().zip(theirs.0.iter().rev()).all(|(mine, theirs)| mine == theirs)
            }
        })
    }
}
