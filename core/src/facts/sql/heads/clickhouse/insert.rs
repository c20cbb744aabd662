//! INSERT of ClickHouse, where no tree says more.

use crate::command::Dialect;
use crate::command::sql::TokenKind;
use crate::facts::sql::functions;
use crate::facts::sql::walk::Walk;
use crate::facts::{Effect, EffectSet, Extent, Op, Outputs, Path, Reason, Role, TargetKind};

use Effect::{FsRead, FsWrite, WriteData};

impl Walk<'_, '_> {
    /// Whether an INSERT takes its rows from elsewhere than a query or VALUES, or puts them into a
    /// function; any other has a tree.
    pub(in crate::facts::sql) fn clickhouse_inserts_apart(&self) -> bool {
        let at = self.skip(self.skip(1, &["into"]), &["table"]);
        let plain = |at: usize| {
            matches!(self.word(at).as_str(), "values" | "select" | "with")
                && self.kind(at.saturating_sub(1)) != Some(TokenKind::Dot)
        };
        let rows = (at..self.tokens.len()).find(|at| plain(*at)).unwrap_or(self.tokens.len());
        self.word(at) == "function"
            || rows == self.tokens.len()
            || (at..rows).any(|at| matches!(self.word(at).as_str(), "format" | "infile"))
    }

    /// INSERT with rows in a format of their own, into a function, from a file of the client.
    pub(super) fn clickhouse_insert(&mut self) {
        let at = self.skip(self.skip(1, &["into"]), &["table"]);
        let values = (at..self.tokens.len()).find(|at| self.word(*at) == "values");
        let select = (at..self.tokens.len()).find(|at| {
            matches!(self.word(*at).as_str(), "select" | "with" | "from" | "explain")
                || self.word(*at) == "infile"
        });
        let format = self.find(at, "format").filter(|format| {
            values.is_none_or(|values| *format < values)
                && select.is_none_or(|s| *format < s || self.word(s) == "infile")
        });
        if self.word(at) == "function" {
            return self.clickhouse_insert_function(at.saturating_add(1));
        }
        let Some((parts, after)) = self.name_at(at) else { return self.opaque(Reason::NotParsed) };
        let infile = self.find(after, "infile");
        // Rows in the text itself end with their line for some clients, and with the text for others.
        let inline = format.map_or(self.tokens.len(), |at| at.saturating_add(2));
        if inline < self.tokens.len()
            && (self.text_from(inline).unwrap_or_default().contains('\n')
                || self.text_between(inline.saturating_sub(1), self.tokens.len()).contains('\n'))
        {
            return self.opaque(Reason::NotParsed);
        }
        if format.is_some() || infile.is_some() || values.is_none() && select.is_none() {
            // The rows stand behind the statement, whatever they look like.
            self.reach_of(after.saturating_add(1)..format.unwrap_or(self.tokens.len()));
            self.existing(parts, None, Role::Sink);
            self.part.unresolved = true;
            self.part.may |= WriteData;
            if infile.is_some() {
                self.part.may |= FsRead;
            }
            // The name of a file may say the format too.
            let named = infile.and_then(|at| self.text_at(at.saturating_add(1)));
            let named = named.is_some_and(|name| name.to_ascii_lowercase().contains(".values"));
            match format.or_else(|| infile.and_then(|at| self.find(at, "format"))) {
                Some(format) => self.clickhouse_rows(format.saturating_add(1), infile.is_some()),
                None if named => self.any_expressions(),
                None => {}
            }
            return self.finish(Op::Create, "INSERT", Extent::Unknown, Outputs::None);
        }
        self.opaque(Reason::NotParsed);
    }

    /// Rows in the format at `at`: those of VALUES are expressions, which the server computes.
    fn clickhouse_rows(&mut self, at: usize, elsewhere: bool) {
        let rows = at.saturating_add(1)..self.tokens.len();
        // The name of a format may be quoted.
        let format = self.name_at(at).and_then(|(mut parts, _)| parts.pop()).unwrap_or_default();
        if !format.eq_ignore_ascii_case("values") {
            return;
        }
        if elsewhere {
            self.any_expressions();
        }
        if rows.clone().any(|at| self.word(at) == "select") {
            self.source(TargetKind::Table, Path::dynamic());
            self.head_only();
        }
        self.reach_of(rows);
    }

    /// Expressions that stand elsewhere.
    fn any_expressions(&mut self) {
        self.partial(Reason::DynamicCode);
        self.part.may = EffectSet::ALL;
        self.dynamic_target();
    }

    /// `INSERT INTO FUNCTION f(…) SELECT …`: what the function reaches is written to.
    fn clickhouse_insert_function(&mut self, at: usize) {
        let Some((parts, open)) = self.name_at(at) else { return self.opaque(Reason::NotParsed) };
        let Some(close) = self.closing(open).filter(|_| self.kind(open) == Some(TokenKind::Open))
        else {
            return self.opaque(Reason::NotParsed);
        };
        let name = parts.last().cloned().unwrap_or_default();
        self.reach_of(at..close.saturating_add(1));
        let file = functions::builtin(Dialect::Clickhouse, &name)
            .is_some_and(|function| function.may.contains(FsRead));
        if file {
            self.part.may |= FsWrite;
            self.place(TargetKind::File, Role::Sink);
        }
        self.sink(TargetKind::Table, Path::dynamic());
        self.part.may |= WriteData;
        let rest = close.saturating_add(1);
        let query = (rest..self.tokens.len()).find(|at| {
            matches!(self.word(*at).as_str(), "select" | "with" | "from" | "values" | "format")
        });
        let mut extent = Extent::Unknown;
        match query.map(|at| (self.word(at), at)) {
            Some((word, at)) if word != "values" && word != "format" => {
                let text = self.text_from(at).unwrap_or_default().to_owned();
                let facts = self.inside(&text);
                for action in facts.actions {
                    extent = action.extent;
                    self.part.may |= action.may;
                    self.part.calls.extend(action.calls);
                    for target in action.targets {
                        self.target(target);
                    }
                }
            }
            Some((word, at)) if word == "values" => self.reach_of(at..self.tokens.len()),
            Some((_, at)) => self.clickhouse_rows(at.saturating_add(1), false),
            None => {}
        }
        self.finish(Op::Create, "INSERT", extent, Outputs::None);
    }
}
