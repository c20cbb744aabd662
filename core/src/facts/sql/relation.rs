//! Relations by their names: named queries, tables, views, and what stands behind them.

use std::rc::Rc;

use sqlparser::ast::TableAlias;

use super::flow::{
    Column, Cte, Flow, Names, Origin, Relation, Shape, UNNAMED, shared_dependence, weight,
};
use super::nested;
use super::query::alias_columns;
use super::walk::Walk;
use crate::command::Dialect;
use crate::facts::{
    Columns, Effect, EffectSet, Extent, Op, OutputColumn, Outputs, Path, Reason, Role, Segment,
    SessionDelta, Target, TargetKind,
};

impl<'a> Walk<'_, 'a> {
    /// A table, view or common table expression by its name.
    pub(super) fn relation_named(
        &mut self,
        parts: Vec<String>,
        spelled: Option<String>,
        alias: Option<&TableAlias>,
        level: &mut Names<'_, 'a>,
    ) -> Extent {
        if let Some(index) = alias.and_then(|alias| alias.at.as_ref()) {
            // PartiQL: the place of an element in its array.
            let name = Some(self.fold(index));
            level.relations.push(Relation {
                name,
                schema: None,
                shape: Shape::Unknown,
                target: None,
                written: None,
            });
            level.unsure = true;
        }
        if self.manners().dual && parts.as_slice() == ["dual"] {
            return Extent::One;
        }
        let cte = match parts.as_slice() {
            [name] => level.listed(name).map(|listed| match &spelled {
                // It may be the name of another.
                Some(spelled) if *spelled != listed.spelled => Cte::Either,
                Some(_) | None => listed.cte.clone(),
            }),
            _ => None,
        };
        if let Some(cte) = cte {
            return self.named_query(cte, parts, alias, level);
        }
        // SQLite runs a table-valued function without its brackets too.
        if let ([name] | [_, name], true) = (parts.as_slice(), self.manners().function_tables)
            && (super::functions::builtin(self.setting.dialect, name)
                .is_some_and(|function| function.set || function.catalogued)
                // Every pragma of SQLite is a table too, those that act among them.
                || self.is_sqlite() && name.starts_with("pragma_"))
        {
            self.invoke(vec![name.clone()], &[]);
        }
        self.reads_file(&parts);
        let (relation, decided) = self.existing_rows(parts, alias, Role::Source);
        level.decided.add(&decided);
        level.relations.push(relation);
        Extent::All
    }

    /// Notes a table or view that exists as a target, and gives the relation that it is.
    pub(super) fn existing(
        &mut self,
        parts: Vec<String>,
        alias: Option<&TableAlias>,
        role: Role,
    ) -> Relation<'a> {
        self.existing_rows(parts, alias, role).0
    }

    /// The same, and what decides which rows it has.
    pub(super) fn existing_rows(
        &mut self,
        parts: Vec<String>,
        alias: Option<&TableAlias>,
        role: Role,
    ) -> (Relation<'a>, Origin) {
        let name = self.alias(alias).or_else(|| parts.last().cloned());
        if role != Role::Source {
            self.changes_file(&parts);
        }
        let named = self.named_parts(parts);
        if let (true, [_, Segment::Exact(relation)]) = (named.system, named.path.0.as_slice())
            && let Some(may) = super::functions::system_relation(relation)
        {
            self.part.may |= may;
        }
        if let (true, [Segment::Exact(schema), Segment::Exact(relation)]) =
            (self.is_postgres(), named.path.0.as_slice())
        {
            if schema == "information_schema"
                && let Some(may) = super::functions::information_relation(relation)
            {
                self.part.may |= may;
            }
            // The long values of some other table, whose name does not stand here.
            if schema == "pg_toast" {
                self.source(TargetKind::Table, Path::dynamic());
            }
        }
        if !self.is_postgres() || self.setting.dialect == Dialect::Redshift {
            self.part.may |=
                super::functions::relation_effects(self.setting.dialect, &named.path.0);
        }
        let rowset = matches!(
            named.path.0.as_slice(),
            [Segment::Exact(name)]
                if matches!(name.as_str(), "openquery" | "openrowset" | "opendatasource")
        );
        if rowset && self.setting.dialect == Dialect::Mssql {
            // No table: a call, whose arguments the parser took for columns.
            self.unknown_function(None);
        }
        let remote = self.remote(&named.path);
        if let Some(host) = remote {
            self.part.may |= Effect::NetEgress;
            self.object(TargetKind::Host, host);
            // The same name without the link: whoever denies the table means it there too.
            let mut bare = named.path.clone();
            if let Some(at) = bare.0.iter().position(|name| match name {
                Segment::Exact(name) => name.contains('@'),
                Segment::Prefix(_) | Segment::Glob(_) | Segment::Dynamic => false,
            }) {
                bare.0.truncate(at.saturating_add(1));
                if let Some(Segment::Exact(name)) = bare.0.last_mut() {
                    name.truncate(name.find('@').unwrap_or(name.len()));
                }
                let (kind, columns) = (TargetKind::Table, Columns::Any);
                self.target(Target { kind, path: bare, role, columns });
            }
        }
        let columns = match named.table {
            Some(_) => Columns::Named(Vec::new()),
            None => Columns::Any,
        };
        let (path, kind) = (named.path, TargetKind::Table);
        let schema = match (alias, path.0.as_slice()) {
            (None, [Segment::Exact(schema), _]) => Some(schema.clone()),
            _ => None,
        };
        self.target(Target { kind, path: path.clone(), role, columns });
        if role != Role::Source {
            self.changes_catalog(&path);
        }
        let mut shape = match named.table {
            Some(table) => Shape::Base { table, renamed: Rc::new(Vec::new()) },
            None => Shape::Unknown,
        };
        let mut decided = Origin::NONE;
        for view in named.views {
            let columns = self.view(&view.sql, role);
            decided.add(
                &columns.as_deref().map_or(Origin::Any, |columns| decides(columns, &view.sql)),
            );
            if self.state.stale {
                // Another query may stand behind it by now.
                let columns = Columns::Any;
                self.target(Target { kind, path: Path::dynamic(), role, columns });
            } else if named.table.is_none() && !named.several {
                shape = columns.map_or(Shape::Unknown, Shape::Derived);
            }
        }
        let new = alias.map(|alias| alias_columns(self, alias)).unwrap_or_default();
        if !new.is_empty() {
            shape = match shape {
                Shape::Base { table, renamed: _ } if new.len() <= table.columns.len() => {
                    Shape::Base { table, renamed: Rc::new(new) }
                }
                Shape::Derived(columns) if new.len() <= columns.len() => {
                    let renamed = self.renamed(Some(columns), &new);
                    renamed.map_or(Shape::Unknown, Shape::Derived)
                }
                Shape::Base { table: _, renamed: _ }
                | Shape::Derived(_)
                | Shape::Within { flow: _, named: _ }
                | Shape::Unknown => Shape::Unknown,
            };
        }
        (Relation { name, schema, shape, target: Some(path), written: None }, decided)
    }

    /// Rows of the server's own tables are accounts, rights, code and settings: to change them is to
    /// do anything.
    pub(super) fn changes_catalog(&mut self, path: &Path) {
        const UPKEEP: &[&str] = &[
            "analyse", "analyze", "check", "cluster", "comment", "lock", "optimize", "reindex",
            "repair", "vacuum",
        ];
        let (schema, name) = match path.0.as_slice() {
            [.., Segment::Exact(schema), Segment::Exact(name)] => (schema.as_str(), name.as_str()),
            [Segment::Exact(name)] => ("", name.as_str()),
            _ => return,
        };
        let own = match self.setting.dialect {
            Dialect::Postgres | Dialect::Redshift => schema == "pg_catalog",
            Dialect::Mysql | Dialect::Mariadb => {
                matches!(schema, "mysql" | "performance_schema" | "sys")
            }
            Dialect::Sqlite => matches!(
                name,
                "sqlite_master"
                    | "sqlite_schema"
                    | "sqlite_temp_master"
                    | "sqlite_temp_schema"
                    | "sqlite_dbpage"
                    | "sqlite_dbdata"
                    | "sqlite_dbptr"
            ),
            Dialect::Oracle => schema == "sys",
            Dialect::Mssql
            | Dialect::Snowflake
            | Dialect::Bigquery
            | Dialect::Clickhouse
            | Dialect::Duckdb
            | Dialect::Hive
            | Dialect::Spark
            | Dialect::Databricks => false,
        };
        if !own || UPKEEP.contains(&self.word(0).as_str()) {
            return;
        }
        self.part.may = EffectSet::ALL;
        self.dynamic_target();
        if name == "pg_settings" {
            // Its rows are the settings of the session.
            self.session.push(SessionDelta::Unknown);
            self.forget_settings();
        }
    }

    /// The server that a name says a table is on: `server.db.schema.t`, `t@link`.
    pub(super) fn remote(&self, path: &Path) -> Option<Path> {
        if let (Dialect::Mssql, [server, _, _, _, ..]) = (self.setting.dialect, path.0.as_slice()) {
            return Some(Path(vec![server.clone()]));
        }
        if self.setting.dialect != Dialect::Oracle {
            return None;
        }
        path.0.iter().find_map(|name| {
            let Segment::Exact(name) = name else { return None };
            let (_, link) = name.split_once('@')?;
            Some(Path::exact([link]))
        })
    }

    /// An output of a view as a column of it.
    pub(super) fn input(&self, output: &OutputColumn) -> Column {
        let OutputColumn { name, sources, how, implicit } = output;
        let flow = Flow { holds: sources.into(), how: *how, depends: implicit.into() };
        let known = name != UNNAMED;
        Column { name: if known { self.fold_text(name, true) } else { String::new() }, flow }
    }

    /// What stands behind a view is read, or written, with it. The answer is its columns.
    pub(super) fn view(&mut self, sql: &str, role: Role) -> super::flow::Columns {
        let facts = nested::read_view(&self.setting, sql);
        self.understanding = self.understanding.max(facts.understanding);
        self.reasons.extend(&facts.reasons);
        for action in facts.all_actions() {
            self.part.may |= action.may;
            self.part.calls.extend(action.calls.iter().cloned());
            for target in &action.targets {
                let (role, columns) = match (target.role, role) {
                    // What it reads is read with it, whatever of it the reader takes.
                    (Role::Source, Role::Source) => (role, target.columns.clone()),
                    (Role::Source, Role::Sink | Role::Object) => (role, Columns::Any),
                    (own, _) => (own, Columns::Any),
                };
                self.target(Target { role, columns, ..target.clone() });
            }
        }
        let [action] = facts.actions.as_slice() else {
            if facts.actions.is_empty() {
                self.partial(Reason::UnknownStatement);
                self.object(TargetKind::Other, Path::dynamic());
            }
            return None;
        };
        let (Op::Read, false) = (action.op, self.state.stale) else { return None };
        let outputs = match &action.outputs {
            Outputs::Columns(outputs) => outputs,
            Outputs::None | Outputs::Opaque => return None,
        };
        let columns: Vec<Column> = outputs.iter().map(|output| self.input(output)).collect();
        self.has_room(weight(&columns)).then(|| Rc::new(columns))
    }
}

/// What decides about the rows of a view: of its columns all that depends on it is said, but for
/// one column alone, which may be told apart by itself.
fn decides(columns: &[Column], sql: &str) -> Origin {
    let mut decided = shared_dependence(columns);
    let sql = sql.to_ascii_lowercase().replace("union all", "");
    let kept_apart = ["distinct", "unique", "union", "intersect", "except", "minus", "("];
    if let [column] = columns
        && kept_apart.iter().any(|word| sql.contains(word))
    {
        decided.add(&column.flow.as_dependence());
    }
    decided
}
