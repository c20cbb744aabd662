//! Statements by their first words: tables of what each kind may do, for the dialects beside
//! PostgreSQL and SQLite.
//!
//! A row may give less than every effect only if nothing in the rest of its statement can run. Where
//! something can, the row says so, and the rest is looked at: if it may hold an expression, a query
//! or code, the bound is everything.

mod bigquery;
mod bound;
pub(super) mod clickhouse;
mod cloud;
mod duckdb;
mod mssql;
mod mysql;
mod oracle;
mod redshift;
mod script;
mod snowflake;
mod spark;

use super::manners::Into;
use super::walk::Walk;
use crate::command::Dialect;
use crate::facts::{
    Effect, EffectSet, Extent, Op, Outputs, Path, SessionDelta, TargetKind, Transaction,
};

/// One kind of statement.
#[derive(Debug)]
pub(in crate::facts) struct Head {
    /// Its first words, in lower case; `a|b` is either.
    pub words: &'static str,
    pub op: Op,
    pub may: &'static [Effect],
    /// What the name behind the words names.
    pub names: Names,
    pub tail: Tail,
    /// Whether rows come back, of which nothing is known.
    pub rows: bool,
}

/// What stands behind the first words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::facts) enum Names {
    /// Nothing that is acted on.
    Nothing,
    /// A thing of this kind, and perhaps more that the rest names.
    One(TargetKind),
    /// Things of this kind, not read.
    Some(TargetKind),
}

/// The rest of a statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::facts) enum Tail {
    /// Names, numbers, texts, options: nothing in it runs.
    Inert,
    /// It may hold an expression or a query, or may not.
    Looked,
    /// Code that is not read.
    Code,
    /// A statement that runs.
    Statement,
    /// An expression that is computed and thrown away.
    Expression,
    /// A step of a transaction.
    Step(Transaction),
    /// It makes this database or schema the current one.
    Current,
    /// Read by a function of its own.
    Own(Own),
}

/// Statements that are read by a function of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::facts) enum Own {
    Prepare,
    Execute,
    ExecuteImmediate,
    Deallocate,
    Handler,
    LoadData,
    Grant,
    AnalyzeStatement,
    CreateProgram,
    Compound,
    SetStatement,
    Table,
    ShowCreate,
    SetTransaction,
    SetCharset,
    Snowflake(snowflake::Special),
    Bigquery(bigquery::Special),
    Redshift(redshift::Special),
    Duckdb(duckdb::Own),
    Clickhouse(clickhouse::Own),
    Spark(spark::Own),
    Tsql(mssql::Tsql),
    Oracle(oracle::Own),
}

/// A row without rows that come back.
const fn row(
    words: &'static str,
    op: Op,
    may: &'static [Effect],
    names: Names,
    tail: Tail,
) -> Head {
    Head { words, op, may, names, tail, rows: false }
}

/// A row of a statement that only shows something.
const fn shows(words: &'static str, may: &'static [Effect]) -> Head {
    Head { words, op: Op::Read, may, names: Names::Nothing, tail: Tail::Looked, rows: true }
}

/// The tables of a dialect, the more special first.
pub(in crate::facts) const fn heads(dialect: Dialect) -> &'static [&'static [Head]] {
    match dialect {
        Dialect::Mysql => &[mysql::MYSQL, mysql::COMMON],
        Dialect::Mariadb => &[mysql::MARIADB, mysql::COMMON],
        Dialect::Snowflake => &[snowflake::SNOWFLAKE],
        Dialect::Bigquery => &[bigquery::BIGQUERY],
        Dialect::Redshift => &[redshift::REDSHIFT],
        Dialect::Duckdb => &[duckdb::DUCKDB],
        Dialect::Clickhouse => &[clickhouse::CLICKHOUSE],
        Dialect::Hive => &[spark::HIVE, spark::COMMON],
        Dialect::Spark => &[spark::SPARK, spark::COMMON],
        Dialect::Databricks => &[spark::DATABRICKS, spark::SPARK, spark::COMMON],
        Dialect::Mssql => &[mssql::MSSQL],
        Dialect::Oracle => &[oracle::ORACLE],
        Dialect::Postgres | Dialect::Sqlite => &[],
    }
}

/// The tables of a dialect for statements that have no tree.
pub(in crate::facts) const fn fallbacks(dialect: Dialect) -> &'static [&'static [Head]] {
    match dialect {
        Dialect::Snowflake => &[snowflake::FALLBACKS],
        Dialect::Bigquery => &[bigquery::FALLBACKS],
        Dialect::Redshift => &[redshift::FALLBACKS],
        Dialect::Mysql
        | Dialect::Mariadb
        | Dialect::Postgres
        | Dialect::Sqlite
        | Dialect::Mssql
        | Dialect::Clickhouse
        | Dialect::Oracle
        | Dialect::Duckdb
        | Dialect::Hive
        | Dialect::Spark
        | Dialect::Databricks => &[],
    }
}

impl<'a> Walk<'_, 'a> {
    /// Reads the statement by a row of its dialect; the answer is whether there is one.
    pub(super) fn by_row(&mut self) -> bool {
        if self.setting.dialect == Dialect::Clickhouse && self.goes_parallel() {
            self.opaque(crate::facts::Reason::NotParsed);
            return true;
        }
        self.by_row_of(heads(self.setting.dialect))
    }

    /// The verb of a row, its words as they stand here.
    fn spoken(&self, words: &str) -> String {
        let mut at = 0;
        let mut verb = Vec::new();
        for wanted in words.split(' ') {
            let mut found = self.word(at);
            while !found.is_empty() && !wanted.split('|').any(|word| word == found) {
                at = at.saturating_add(1);
                found = self.word(at);
            }
            verb.push(found);
            at = at.saturating_add(1);
        }
        verb.join(" ").to_ascii_uppercase()
    }

    /// Reads a statement without a tree by a row that is for those alone.
    pub(super) fn by_fallback(&mut self) -> bool {
        self.by_row_of(fallbacks(self.setting.dialect))
    }

    fn by_row_of(&mut self, tables: &[&'static [Head]]) -> bool {
        let row = self.row(tables).filter(|(head, _)| !self.declines(head));
        let Some((head, after)) = row else { return false };
        if let Tail::Own(Own::Oracle(own)) = head.tail
            && !self.oracle_takes(own)
        {
            return false;
        }
        self.read_row(head, after);
        true
    }

    /// Whether the statement is one of a row's that its tree says more of.
    fn declines(&self, head: &Head) -> bool {
        match head.tail {
            Tail::Own(Own::Clickhouse(clickhouse::Own::Insert)) => !self.clickhouse_inserts_apart(),
            Tail::Own(Own::Spark(own)) => self.spark_declines(own),
            Tail::Own(_)
            | Tail::Inert
            | Tail::Looked
            | Tail::Code
            | Tail::Statement
            | Tail::Expression
            | Tail::Step(_)
            | Tail::Current => false,
        }
    }

    /// A statement of which only the first word is understood; everything may happen.
    pub(super) fn by_first_word(&mut self) {
        let first = self.word(0);
        if self.manners().into == Into::Variables && self.writes_file() {
            return;
        }
        if self.by_bounds(&first) || self.setting.dialect == Dialect::Mssql && self.tsql_unparsed()
        {
            return;
        }
        match UNPARSED.iter().find(|(word, _)| *word == first) {
            Some((_, op)) => self.anything(*op, &first.to_ascii_uppercase()),
            None => self.opaque(crate::facts::Reason::NotParsed),
        }
    }

    /// The row with the most words that fit, and the position behind them.
    fn row(&self, tables: &[&'static [Head]]) -> Option<(&'static Head, usize)> {
        let fitting = tables
            .iter()
            .flat_map(|table| table.iter())
            .filter_map(|head| self.after_head(head.words).map(|after| (head, after)));
        // The first of those with most words: `max_by_key` would take the last.
        fitting.fold(None, |best: Option<(&Head, usize)>, (head, after)| match best {
            Some((_, most)) if most >= after => best,
            Some(_) | None => Some((head, after)),
        })
    }

    /// The position behind these words, words that say nothing left out.
    fn after_head(&self, words: &str) -> Option<usize> {
        let mut at = 0;
        for (index, wanted) in words.split(' ').enumerate() {
            let is = |at: usize| {
                self.token(at).is_some_and(|token| {
                    wanted.split('|').any(|word| token.is_word(self.text, word))
                })
            };
            if index > 0 {
                at = self.skip(at, &["or", "replace"]);
                while NOISE.contains(&self.word(at).as_str()) && !is(at) {
                    at = at.saturating_add(1);
                }
            }
            if !is(at) {
                return None;
            }
            at = at.saturating_add(1);
        }
        Some(at)
    }

    fn read_row(&mut self, head: &'static Head, after: usize) {
        let verb = match self.setting.dialect {
            Dialect::Snowflake | Dialect::Bigquery | Dialect::Redshift => self.spoken(head.words),
            Dialect::Mssql | Dialect::Oracle => self.spelled(head.words, after),
            Dialect::Mysql
            | Dialect::Mariadb
            | Dialect::Postgres
            | Dialect::Sqlite
            | Dialect::Clickhouse
            | Dialect::Duckdb
            | Dialect::Hive
            | Dialect::Spark
            | Dialect::Databricks => verb_of(head.words),
        };
        let may: EffectSet = head.may.iter().copied().collect();
        if self.setting.dialect == Dialect::Mssql
            && !matches!(head.tail, Tail::Own(_))
            && self.tsql_hides(after)
        {
            // The next statement should have been cut off.
            return self.opaque(crate::facts::Reason::NotParsed);
        }
        match head.tail {
            Tail::Own(own) => return self.read_own(own),
            Tail::Step(step) if self.is_step(after) => {
                self.part.may |= may;
                return self.transaction(&verb, step);
            }
            Tail::Step(_) => return self.opaque(crate::facts::Reason::NotParsed),
            Tail::Statement => return self.runs_rest(after, &verb),
            Tail::Expression => return self.computes_rest(after, &verb),
            Tail::Inert | Tail::Looked | Tail::Code | Tail::Current => {}
        }
        let at = self.skip(after, &["if", "not", "exists"]);
        let at = self.skip(at, &["if", "exists"]);
        if head.tail == Tail::Current {
            return self.makes_current(at, &verb);
        }
        if head.tail == Tail::Code {
            let rest = self.text_from(at).map_or(0, str::len);
            self.foreign_code(rest);
        }
        let shows = self.is_mysql() && self.word(0) == "show" && self.mysql_shows_plainly(at);
        let runs = head.tail == Tail::Looked && !shows && !self.plain_from(at);
        let mut acts = !may.is_empty();
        // Nothing is left that could say more.
        let mut is_whole = false;
        match head.names {
            Names::Nothing => acts = false,
            Names::Some(kind) => self.object(kind, Path::dynamic()),
            Names::One(kind) => {
                let more = self.named_object(kind, at);
                is_whole = head.tail == Tail::Inert && more == Some(self.tokens.len());
                acts = more.is_none_or(|after| after < self.tokens.len()) && acts;
            }
        }
        if runs {
            self.part.may = EffectSet::ALL;
        }
        self.part.may |= may;
        let holds = [TargetKind::Schema, TargetKind::Sequence, TargetKind::Role, TargetKind::Host];
        let replaces = self.is_mysql() && self.after(1, &["or", "replace"]).is_some();
        if replaces && matches!(head.names, Names::One(kind) if holds.contains(&kind)) {
            // What stood there goes, with all that it held; a sequence may have been a table.
            self.part.may |= Effect::Destroy | Effect::WriteData;
        }
        if self.after(1, &["or", "replace"]).is_some() && snowflake::HOLDING.contains(&head.words) {
            self.part.may |= Effect::Destroy;
        }
        if runs || head.tail == Tail::Code || acts {
            // What else the rest names.
            self.dynamic_target();
        }
        if runs || !is_whole && (head.names != Names::Nothing || !may.is_empty()) {
            self.head_only();
        }
        let outputs = if head.rows { Outputs::Opaque } else { Outputs::None };
        self.finish(head.op, &verb, Extent::Unknown, outputs);
    }

    /// The words of a row as they stand before `after`.
    fn spelled(&self, words: &str, after: usize) -> String {
        let mut at = 0;
        let mut out: Vec<String> = Vec::new();
        for wanted in words.split(' ') {
            let is = |at: usize| wanted.split('|').any(|word| self.word(at) == word);
            while at < after && !is(at) {
                at = at.saturating_add(1);
            }
            out.push(self.word(at).to_ascii_uppercase());
            at = at.saturating_add(1);
        }
        out.join(" ")
    }

    fn read_own(&mut self, own: Own) {
        match own {
            Own::Prepare => self.mysql_prepare(),
            Own::Execute => self.mysql_execute(),
            Own::ExecuteImmediate => self.mariadb_immediate(),
            Own::Deallocate => self.mysql_deallocate(),
            Own::Handler => self.mysql_handler(),
            Own::LoadData => self.mysql_load(),
            Own::Grant => self.mysql_grant(),
            Own::AnalyzeStatement => self.mariadb_analyze(),
            Own::CreateProgram => self.mysql_program(),
            Own::Compound => self.mysql_compound(),
            Own::SetStatement => self.mariadb_set_statement(),
            Own::Table => self.head_table(),
            Own::ShowCreate => self.mysql_show_create(),
            Own::SetTransaction => self.mysql_set_transaction(),
            Own::SetCharset => self.one_setting("character_set_client".to_owned(), None),
            Own::Snowflake(special) => self.snowflake(special),
            Own::Bigquery(special) => self.bigquery(special),
            Own::Redshift(special) => self.redshift(special),
            Own::Duckdb(own) => self.duckdb_own(own),
            Own::Clickhouse(own) => self.clickhouse_own(own),
            Own::Spark(own) => self.spark_own(own),
            Own::Tsql(own) => self.tsql(own),
            Own::Oracle(own) => self.oracle(own),
        }
    }

    /// The rest is a statement, and runs.
    fn runs_rest(&mut self, after: usize, verb: &str) {
        match self.text_from(after).map(str::to_owned) {
            Some(text) => self.code(&text),
            None => self.opaque(crate::facts::Reason::NotParsed),
        }
        self.finish(Op::Execute, verb, Extent::Unknown, Outputs::Opaque);
    }

    /// The rest is a list of expressions.
    fn computes_rest(&mut self, after: usize, verb: &str) {
        let Some(rest) = self.text_from(after) else {
            return self.opaque(crate::facts::Reason::NotParsed);
        };
        let text = format!("SELECT {rest}");
        let facts = super::nested::read_sql(&self.setting, self.state, &text);
        self.understanding = self.understanding.max(facts.understanding);
        self.reasons.extend(&facts.reasons);
        self.session.extend(facts.session.iter().cloned());
        let before = self.actions.len();
        for mut action in facts.actions {
            action.outputs = Outputs::None;
            action.span = self.span;
            verb.clone_into(&mut action.verb);
            self.actions.push(action);
        }
        if self.actions.len() == before {
            self.opaque(crate::facts::Reason::NotParsed);
            self.finish(Op::Execute, verb, Extent::Unknown, Outputs::None);
        }
    }

    /// `USE db`.
    fn makes_current(&mut self, at: usize, verb: &str) {
        self.part.may |= Effect::ParserState;
        match self.name_at(at) {
            Some((parts, end)) if end == self.tokens.len() => {
                let session = self.state.session.to_mut();
                session.search_path = parts.last().map(|name| vec![name.clone()]);
                self.state.path_unknown = parts.len() != 1;
                let name = "search_path".to_owned();
                let values = session.search_path.clone();
                self.session.push(SessionDelta::Setting { name, values });
                self.object(TargetKind::Schema, Path::exact(parts));
            }
            Some(_) | None => {
                self.object(TargetKind::Schema, Path::dynamic());
                self.session.push(SessionDelta::Unknown);
                self.forget_session();
            }
        }
        self.finish_plain(Op::Session, verb);
    }
}

/// What is known of statements that the parser's grammar does not cover, in every dialect: their
/// kind, and nothing that bounds it.
const UNPARSED: &[(&str, Op)] = &[
    ("insert", Op::Create),
    ("replace", Op::Create),
    ("update", Op::Update),
    ("delete", Op::Delete),
    ("merge", Op::Update),
    ("truncate", Op::Delete),
    ("copy", Op::Stream),
    ("create", Op::Define),
    ("alter", Op::Define),
    ("rename", Op::Define),
    ("drop", Op::Destroy),
    ("call", Op::Execute),
    ("exec", Op::Execute),
    ("execute", Op::Execute),
    ("grant", Op::Grant),
    ("revoke", Op::Grant),
    ("set", Op::Session),
];

/// The verb of a row: its words, each in its first spelling.
pub(in crate::facts) fn verb_of(words: &str) -> String {
    let first = words.split(' ').map(|word| word.split('|').next().unwrap_or_default());
    first.collect::<Vec<_>>().join(" ").to_ascii_uppercase()
}

/// Words between the first ones that say nothing of what is done.
const NOISE: &[&str] = &[
    "aggregate",
    "definer",
    "full",
    "global",
    "local",
    "no_write_to_binlog",
    "private",
    "public",
    "session",
    "temp",
    "temporary",
    "extended",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_row_hides_another() {
        for dialect in Dialect::ALL {
            for table in heads(*dialect).iter().chain(fallbacks(*dialect)) {
                for (at, head) in table.iter().enumerate() {
                    assert_eq!(head.words, head.words.to_ascii_lowercase(), "{}", head.words);
                    let before = table.iter().take(at);
                    let same = before.filter(|other| other.words == head.words).count();
                    assert_eq!(same, 0, "{dialect:?}: {}", head.words);
                }
            }
        }
    }
}
