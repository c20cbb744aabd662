//! What a statement puts into a table, and reads of it again while it runs.
//!
//! PostgreSQL reads the rows as they were before. Other servers let RETURNING, later assignments
//! and rows that conflict with one of the same statement see what was put in.

use super::flow::{Flow, Origin, Written};
use crate::facts::{How, Path};

/// A table that is read while a statement puts something into it.
pub(super) struct Rewritten<'w> {
    /// The table's path, as it stands before its columns.
    prefix: String,
    written: &'w Written,
}

impl<'w> Rewritten<'w> {
    pub(super) fn of(written: &'w Written, path: &Path) -> Self {
        Self { prefix: format!("{path}."), written }
    }

    /// Adds to a value what it may hold instead.
    pub(super) fn reach(&self, flow: &mut Flow) {
        let (held, decides) =
            (flow.holds.of_table(&self.prefix), flow.depends.of_table(&self.prefix));
        for put in self.behind(&held) {
            if put.holds == Origin::NONE {
                flow.depends.add(&put.depends);
            } else {
                flow.mix(put);
                flow.how = flow.how.max(How::Derived);
            }
        }
        for put in self.behind(&decides) {
            flow.depends.add(&put.as_dependence());
        }
    }

    /// What was put into these columns.
    fn behind(&self, columns: &[String]) -> impl Iterator<Item = &'w Flow> {
        let written = self.written;
        let every = (!columns.is_empty()).then_some(&written.every);
        let put = columns.iter().filter_map(move |column| {
            let name = column.strip_prefix(&self.prefix)?;
            let quoted = name.strip_prefix('"').and_then(|name| name.strip_suffix('"'));
            match quoted {
                Some(name) => written.columns.get(&name.replace("\"\"", "\"")),
                None => written.columns.get(name),
            }
        });
        every.into_iter().chain(put)
    }
}

impl Written {
    /// What it is when values that it puts in were read of rows that it put in before.
    pub(super) fn read_again(&mut self, path: &Path) {
        for _ in 0..ROUNDS {
            let before = self.clone();
            let rewritten = Rewritten::of(&before, path);
            let mut same = true;
            for (column, flow) in &mut self.columns {
                rewritten.reach(flow);
                same &= before.columns.get(column) == Some(&*flow);
            }
            if same {
                return;
            }
        }
        self.every = Flow::any();
    }
}

/// Rounds in which columns pass on what they were given by others; then it may be anything.
const ROUNDS: usize = 3;
