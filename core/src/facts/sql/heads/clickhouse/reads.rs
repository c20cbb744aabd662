//! Statements of ClickHouse that ask: EXPLAIN, DESCRIBE, and what stands beside any query.

use crate::command::sql::TokenKind;
use crate::facts::sql::functions;
use crate::facts::sql::walk::Walk;
use crate::facts::{
    Action, Columns, Effect, EffectSet, Extent, Op, Outputs, Path, Reason, Role, Target, TargetKind,
};

use Effect::{Availability, CodeExec, FsRead, FsWrite, NetEgress, ReadData, SecretRead};

impl Walk<'_, '_> {
    /// EXPLAIN of any kind runs nothing but the scalar parts of a query, and opens what an INSERT
    /// writes to; EXPLAIN ANALYZE runs it.
    pub(super) fn clickhouse_explain(&mut self) {
        let starts = |at: &usize| {
            STARTS.contains(&self.word(*at).as_str())
                && !self.operator_at(at.saturating_add(1), "=")
        };
        let start = (1..self.tokens.len()).find(starts);
        // TABLE OVERRIDE asks another server.
        let Some(start) = start.filter(|_| self.word(1) != "table") else {
            return self.opaque(Reason::NotParsed);
        };
        let mut at = start;
        while at > 1 && self.kind(at.saturating_sub(1)) == Some(TokenKind::Open) {
            at = at.saturating_sub(1);
        }
        let runs = (1..at).any(|at| self.word(at) == "analyze");
        let text = self.text_from(at).unwrap_or_default().to_owned();
        let state = self.state.clone();
        let facts = self.inside(&text);
        if runs {
            self.actions.extend(facts.actions);
            return;
        }
        *self.state = state;
        self.session.clear();
        let reads = matches!(self.word(start).as_str(), "select" | "with" | "from" | "values");
        for action in facts.actions {
            self.planned_part(action, reads);
        }
        if !reads {
            self.part.may |= ReadData;
        }
        self.finish_planned("EXPLAIN", Op::Read);
    }

    /// Takes an action that does not run into the one under construction: constants are folded and
    /// scalar sub-selects are run for the plan.
    fn planned_part(&mut self, action: Action, reads: bool) {
        let folded = action.calls.iter().filter_map(|call| {
            functions::builtin(self.setting.dialect, call.rsplit('.').next().unwrap_or_default())
        });
        let folded = folded.fold(EffectSet::NONE, |may, function| may | function.may);
        let whole = reads || self.reasons.contains(&Reason::UnknownFunction);
        let opened = OPENED.iter().copied().filter(|effect| action.may.contains(*effect));
        self.part.may |= if whole { action.may } else { opened.collect::<EffectSet>() | folded };
        for target in action.targets {
            let written = target.role == Role::Sink && target.kind == TargetKind::File;
            if written { self.target(target) } else { self.source(target.kind, target.path) }
        }
        self.part.calls.extend(action.calls);
    }

    /// Closes an action that reads no more than was noted.
    fn finish_planned(&mut self, verb: &str, op: Op) {
        let may = self.part.may;
        self.finish(op, verb, Extent::Unknown, Outputs::Opaque);
        if let Some(action) = self.actions.last_mut() {
            action.may = may;
        }
    }

    /// DESCRIBE of a table, of a function or of a query, which looks at what it would read.
    pub(super) fn clickhouse_describe(&mut self) {
        let at = self.skip(1, &["table"]);
        let open = self.kind(at) == Some(TokenKind::Open);
        let named = self.name_at(at);
        let dotted = named.as_ref().is_some_and(|(parts, _)| parts.len() > 1);
        let query = open
            || !dotted && matches!(self.word(at).as_str(), "select" | "with" | "from" | "explain");
        if !query {
            match named {
                Some((parts, after)) if self.kind(after) != Some(TokenKind::Open) => {
                    self.existing(parts, None, Role::Object);
                    self.part.unresolved = true;
                }
                Some(_) | None => {}
            }
            self.reach_of(at..self.tokens.len());
            return self.finish(Op::List, "DESCRIBE", Extent::Unknown, Outputs::Opaque);
        }
        let end = if open { self.closing(at) } else { Some(self.tokens.len()) };
        let Some(end) = end else { return self.opaque(Reason::NotParsed) };
        let text = self.text_between(at.saturating_add(usize::from(open)), end).to_owned();
        self.reach_of(end..self.tokens.len());
        let state = self.state.clone();
        let facts = self.inside(&text);
        *self.state = state;
        self.session.clear();
        for action in facts.actions {
            self.planned_part(action, true);
        }
        self.finish_planned("EXPLAIN", Op::Read);
    }

    /// What any statement may have beside it: a file that its answer goes to, the table of queries
    /// that name none.
    pub(in crate::facts::sql) fn clickhouse_beside(&mut self) {
        let outfile =
            (1..self.tokens.len()).any(|at| self.after(at, &["into", "outfile"]).is_some());
        let written = |action: &Action| action.may.contains(FsWrite);
        if outfile
            && !self.actions.iter().any(written)
            && let Some(action) = self.actions.last_mut()
        {
            action.may |= FsWrite;
            action.targets.push(Target {
                kind: TargetKind::File,
                path: Path::dynamic(),
                role: Role::Sink,
                columns: Columns::Any,
            });
        }
        let implicit = (1..self.tokens.len()).find(|at| {
            self.operator_at(at.saturating_add(1), "=")
                && self
                    .name_at(*at)
                    .is_some_and(|(parts, _)| parts.as_slice() == ["implicit_table_at_top_level"])
        });
        let Some(at) = implicit.filter(|_| self.word(0) != "set") else { return };
        let path = match self.text_at(at.saturating_add(2)) {
            Some(name) if !name.contains(['"', '`']) => {
                self.named_parts(name.split('.').map(str::to_owned).collect()).path
            }
            Some(_) | None => Path::dynamic(),
        };
        for action in &mut self.actions {
            action.may |= ReadData;
            if action.op == Op::Read {
                action.extent = Extent::All;
                action.outputs = Outputs::Opaque;
            }
            action.targets.push(Target {
                kind: TargetKind::Table,
                path: path.clone(),
                role: Role::Source,
                columns: Columns::Any,
            });
        }
    }
}

/// What making a plan already does.
const OPENED: &[Effect] =
    &[ReadData, FsRead, FsWrite, NetEgress, SecretRead, CodeExec, Availability];

const STARTS: &[&str] = &[
    "select", "with", "from", "insert", "create", "alter", "drop", "delete", "update", "values",
    "truncate", "grant", "set", "system", "optimize", "rename",
];
