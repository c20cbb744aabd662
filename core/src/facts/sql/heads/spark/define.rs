//! Definitions of Spark, Hive and Databricks: tables, schemas, views, what they hold and where.

use super::format_effects;
use crate::command::sql::TokenKind;
use crate::facts::sql::files::place_effects;
use crate::facts::sql::walk::Walk;
use crate::facts::{Effect, EffectSet, Extent, Op, Outputs, Path, Reason, Role, TargetKind};

use Effect::{
    AuditTamper, Availability, CodeExec, Destroy, FsRead, FsWrite, NetEgress, Privilege, Schema,
    WriteData,
};

impl Walk<'_, '_> {
    /// CREATE TABLE, and of databases: where it is kept, and by what.
    pub(super) fn spark_create(&mut self) {
        let replaces = self.after(1, &["or", "replace"]).is_some() || self.word(0) == "replace";
        let kind = (1..self.tokens.len())
            .find(|at| {
                matches!(self.word(*at).as_str(), "table" | "database" | "schema" | "namespace")
            })
            .unwrap_or(1);
        let what = self.word(kind);
        let at = self.skip(kind.saturating_add(1), &["if", "not", "exists"]);
        let Some((parts, after)) = self.name_at(at) else { return self.opaque(Reason::NotParsed) };
        let rows = self.query_behind(after).unwrap_or(self.tokens.len());
        self.spark_clauses(after, rows);
        self.part.may |= Schema;
        if replaces {
            self.part.may |= Destroy;
        }
        if let Some((like, _)) = self.after(after, &["like"]).and_then(|at| self.name_at(at)) {
            self.reads_file(&like);
            self.existing(like, None, Role::Object);
        }
        let clone = (after..rows).find(|at| self.word(*at) == "clone");
        if let Some((of, _)) = clone.and_then(|at| self.name_at(at.saturating_add(1))) {
            self.reads_file(&of);
            self.existing(of, None, Role::Source);
            self.part.may |= WriteData;
        }
        let mut extent = Extent::Unknown;
        if rows < self.tokens.len() {
            let text = self.text_from(rows).unwrap_or_default().to_owned();
            extent = self.takes_over(&text);
            self.part.may |= WriteData;
        }
        self.part.unresolved = true;
        if what != "table" {
            self.object(TargetKind::Schema, Path::exact(parts));
            return self.finish_plain(Op::Define, "CREATE SCHEMA");
        }
        let temporary = (1..kind).any(|at| matches!(self.word(at).as_str(), "temporary" | "temp"));
        if temporary && let Some(name) = parts.last() {
            self.temp_table(name.clone());
        }
        let file = parts.clone();
        let path = self.made_parts(parts, temporary);
        self.sink(TargetKind::Table, path);
        // ``CREATE TABLE delta.`/path` ``
        if file.len() == 2 && file.iter().any(|part| part.contains('/')) {
            self.part.may |= FsWrite;
            self.place(TargetKind::File, Role::Sink);
        }
        let verb = if rows < self.tokens.len() { "CREATE TABLE AS" } else { "CREATE TABLE" };
        self.finish(Op::Define, verb, extent, Outputs::None);
    }

    /// What the clauses of a table reach: its place, its format, the calls of its defaults.
    pub(super) fn spark_clauses(&mut self, from: usize, to: usize) {
        let mut depth = 0_usize;
        for at in from..to {
            match self.kind(at) {
                Some(TokenKind::Open) => {
                    depth = depth.saturating_add(1);
                    continue;
                }
                Some(TokenKind::Close) => {
                    depth = depth.saturating_sub(1);
                    continue;
                }
                _ => {}
            }
            if depth > 0 {
                continue;
            }
            let next = at.saturating_add(1);
            match self.word(at).as_str() {
                "location" => {
                    let place = self.place_at(next).unwrap_or_else(|| "dynamic://".to_owned());
                    self.part.may |= place_effects(&place, FsWrite) | FsRead;
                    self.place(TargetKind::File, Role::Object);
                }
                "managedlocation" | "managed" => self.part.may |= FsWrite | FsRead,
                "using" => self.part.may |= format_effects(&self.word(next)),
                "stored" if self.word(next) == "by" => {
                    self.part.may |= CodeExec | NetEgress;
                    self.dynamic_target();
                }
                "inputformat" | "outputformat" | "serde" => self.part.may |= CodeExec,
                "options" => self.spark_options(next),
                _ => {}
            }
        }
        // Types and columns look like calls; only defaults and generated columns make any.
        let calls =
            (from..to).find(|at| matches!(self.word(*at).as_str(), "default" | "as" | "check"));
        if let Some(at) = calls {
            self.reach_of(at..to);
        }
    }

    /// `OPTIONS (key value, …)` of a table, whose keys may be texts: a path, an address, classes.
    pub(super) fn spark_options(&mut self, open: usize) {
        let end = self.closing(open).unwrap_or(self.tokens.len());
        for at in open..end {
            let value = self
                .text_at(at)
                .or_else(|| self.name_at(at).and_then(|(mut parts, _)| parts.pop()));
            let Some(value) = value.map(|value| value.to_ascii_lowercase()) else { continue };
            match value.as_str() {
                "path" | "paths" | "location" => {
                    self.part.may |= FsRead | FsWrite | NetEgress;
                    self.place(TargetKind::File, Role::Object);
                }
                "serde" | "inputformat" | "outputformat" => self.part.may |= CodeExec,
                _ if self.kind(at) == Some(TokenKind::Text)
                    && place_effects(&value, FsRead).contains(NetEgress) =>
                {
                    self.part.may |= NetEgress;
                }
                _ => {}
            }
        }
    }

    /// The place that the texts at `at` name: side by side they are one.
    pub(super) fn place_at(&self, at: usize) -> Option<String> {
        let mut place = self.text_at(at)?;
        let mut at = at.saturating_add(1);
        while let Some(more) = self.text_at(at).filter(|_| self.kind(at) == Some(TokenKind::Text)) {
            place.push_str(&more);
            at = at.saturating_add(1);
        }
        Some(place)
    }

    /// Where the query begins that a definition ends in, brackets around it included; AS may be
    /// missing.
    pub(super) fn query_behind(&self, from: usize) -> Option<usize> {
        let mut depth = 0_usize;
        for at in from..self.tokens.len() {
            match self.kind(at) {
                Some(TokenKind::Open) => {
                    if depth == 0 && self.opens_query(at, from) {
                        return Some(at);
                    }
                    depth = depth.saturating_add(1);
                }
                Some(TokenKind::Close) => depth = depth.saturating_sub(1),
                Some(TokenKind::Word) if depth == 0 && self.begins_query(at) => return Some(at),
                _ => {}
            }
        }
        None
    }

    /// Whether the word at `at`, outside brackets, begins a query and no clause.
    fn begins_query(&self, at: usize) -> bool {
        let before = at.saturating_sub(1);
        let behind_as = self.word(before) == "as";
        let next = self.word(at.saturating_add(1));
        if matches!(self.kind(before), Some(TokenKind::Dot | TokenKind::Operator))
            || self.kind(at.saturating_add(1)) == Some(TokenKind::Dot)
            || matches!(self.word(before).as_str(), "like" | "clone")
        {
            return false;
        }
        match self.word(at).as_str() {
            "select" | "from" | "values" => true,
            "with" => {
                behind_as || !matches!(next.as_str(), "serdeproperties" | "dbproperties" | "schema")
            }
            "table" => behind_as || self.name_at(at.saturating_add(1)).is_some(),
            // `MAP KEYS TERMINATED BY`.
            "map" | "reduce" => behind_as || next != "keys",
            _ => false,
        }
    }

    /// Whether the bracket at `at` holds a query, and no columns, partitions or options.
    fn opens_query(&self, at: usize, from: usize) -> bool {
        let first = (at..self.tokens.len()).find(|at| self.kind(*at) != Some(TokenKind::Open));
        let Some(first) = first else { return false };
        let word = self.word(first);
        let begins = matches!(
            word.as_str(),
            "select" | "from" | "values" | "with" | "table" | "map" | "reduce"
        );
        let before = self.word(at.saturating_sub(1));
        if before == "as" {
            return begins;
        }
        // A column may have such a name.
        let end = self.closing(at).unwrap_or(self.tokens.len());
        let selects = (first..end).any(|at| self.word(at) == "select");
        let computes = word == "values"
            && !matches!(self.kind(first.saturating_add(1)), Some(TokenKind::Word));
        let listed = LISTS.contains(&before.as_str());
        begins && !listed && (selects || computes || at > from && word == "table")
    }

    pub(in crate::facts::sql) fn spark_table(&mut self, located: Option<&str>) {
        if let Some(place) = located {
            self.part.may |= place_effects(place, FsWrite) | FsRead;
            self.place(TargetKind::File, Role::Object);
        }
    }

    /// ALTER of a table or view.
    pub(super) fn spark_alter(&mut self) {
        let at = self.skip(2, &["if", "exists"]);
        let Some((parts, after)) = self.name_at(at) else { return self.opaque(Reason::NotParsed) };
        let words: Vec<String> = (after..self.tokens.len()).map(|at| self.word(at)).collect();
        let has = |wanted: &[&str]| words.windows(wanted.len()).any(|words| words == wanted);
        let view = self.word(1) == "view";
        self.part.may |= Schema;
        if has(&["drop"])
            || has(&["replace", "columns"])
            || has(&["exchange"])
            || has(&["concatenate"])
            || has(&["compact"])
        {
            self.part.may |= Destroy | WriteData;
        }
        // Iceberg: other snapshots take the place of the current one, or go.
        let branch = self.skip(after, &["create", "or"]);
        let replaces = matches!(self.word(branch.saturating_add(1)).as_str(), "branch" | "tag");
        if self.word(after) == "execute" || self.word(branch) == "replace" && replaces {
            self.part.may |= Destroy | WriteData;
        }
        if has(&["change"]) || has(&["alter"]) || has(&["recover"]) || has(&["add"]) {
            self.part.may |= WriteData;
        }
        if has(&["location"]) || has(&["add", "partition"]) {
            let places: Vec<String> = (after..self.tokens.len())
                .filter(|at| self.word(*at) == "location")
                .filter_map(|at| self.place_at(at.saturating_add(1)))
                .collect();
            for place in &places {
                self.part.may |= place_effects(place, FsWrite) | FsRead;
            }
            if has(&["location"]) {
                self.part.may |= FsRead | FsWrite;
                self.place(TargetKind::File, Role::Object);
            }
        }
        if has(&["serde"]) || has(&["fileformat"]) || has(&["inputformat"]) {
            self.part.may |= CodeExec;
        }
        if has(&["owner"]) || has(&["tags"]) || has(&["mask"]) || has(&["row", "filter"]) {
            self.part.may |= Privilege;
        }
        if has(&["row", "filter"]) || has(&["mask"]) {
            self.part.may |= AuditTamper | CodeExec;
        }
        let rows = if self.word(after) == "as" {
            Some(after.saturating_add(1))
        } else {
            self.query_behind(after)
        };
        let rows = rows.filter(|_| view);
        if let Some(rows) = rows {
            let text = self.text_from(rows).unwrap_or_default().to_owned();
            self.takes_over(&text);
        } else {
            let calls = (after..self.tokens.len()).find(|at| {
                matches!(self.word(*at).as_str(), "default" | "check" | "partition" | "where")
            });
            if let Some(at) = calls {
                self.reach_of(at.saturating_add(1)..self.tokens.len());
            }
        }
        let renamed = (after..self.tokens.len())
            .find(|at| self.after(*at, &["rename", "to"]).is_some())
            .and_then(|at| self.name_at(at.saturating_add(2)));
        // A partition goes from the one to the other.
        let exchanged = (after..self.tokens.len())
            .filter(|_| has(&["exchange"]))
            .find(|at| self.after(*at, &["with", "table"]).is_some())
            .and_then(|at| self.name_at(at.saturating_add(2)));
        for (other, _) in renamed.into_iter().chain(exchanged) {
            let path = self.named_parts(other).path;
            self.object(TargetKind::Table, path);
        }
        self.existing(parts, None, Role::Object);
        self.part.unresolved = true;
        self.define(if view { "ALTER VIEW" } else { "ALTER TABLE" }, EffectSet::NONE);
    }

    /// `CACHE [LAZY] TABLE t [OPTIONS (…)] [AS query]`: a table in memory, until it is let go.
    pub(super) fn spark_cache(&mut self) {
        let at = self.find(1, "table").map_or(1, |at| at.saturating_add(1));
        let Some((parts, after)) = self.name_at(at) else { return self.opaque(Reason::NotParsed) };
        let query = self.query_behind(after);
        if let Some(query) = query {
            let text = self.text_from(query).unwrap_or_default().to_owned();
            self.takes_over(&text);
            if let Some(name) = parts.last() {
                self.temp_table(name.clone());
            }
            self.part.may |= Schema;
            self.sink(TargetKind::Table, Path::exact(parts));
        } else {
            self.reads_file(&parts);
            self.existing(parts, None, Role::Source);
        }
        self.part.unresolved = true;
        self.maintain("CACHE TABLE", Availability.into());
    }

    /// ALTER of a schema: its properties, its owner, where it is kept.
    pub(super) fn spark_alter_schema(&mut self) {
        let at = self.skip(2, &["if", "exists"]);
        let after = self.named_object(TargetKind::Schema, at).unwrap_or(at);
        for at in after..self.tokens.len() {
            if !matches!(self.word(at).as_str(), "location" | "managedlocation") {
                continue;
            }
            let place = self.place_at(at.saturating_add(1));
            let place = place.unwrap_or_else(|| "dynamic://".to_owned());
            self.part.may |= place_effects(&place, FsWrite) | FsRead;
            self.place(TargetKind::File, Role::Object);
        }
        self.head_only();
        self.dynamic_target();
        let verb = format!("ALTER {}", self.word(1).to_ascii_uppercase());
        self.define(&verb, Schema | Privilege);
    }

    /// `CONVERT TO DELTA t`, ``CONVERT TO DELTA parquet.`place` ``.
    pub(super) fn databricks_convert(&mut self) {
        let Some((parts, _)) = self.name_at(3) else { return self.opaque(Reason::NotParsed) };
        self.reads_file(&parts);
        self.changes_file(&parts);
        self.existing(parts, None, Role::Object);
        self.part.unresolved = true;
        self.head_only();
        self.define("CONVERT TO DELTA", Schema | WriteData | FsRead | FsWrite);
    }
}

/// Words that a list in brackets follows.
const LISTS: &[&str] = &[
    "by",
    "columns",
    "dbproperties",
    "on",
    "options",
    "partition",
    "properties",
    "serdeproperties",
    "tblproperties",
];
