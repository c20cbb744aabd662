//! Statements that only SQLite has, read by their words: PRAGMA, ATTACH, DETACH, VACUUM.

use super::walk::Walk;
use crate::command::sql::TokenKind;
use crate::facts::{Effect, EffectSet, Extent, Op, Outputs, Path, Reason, Role, TargetKind};

impl Walk<'_, '_> {
    /// Whether the statement was one of these.
    pub(super) fn sqlite_by_words(&mut self) -> bool {
        match self.word(0).as_str() {
            "pragma" => self.pragma(),
            "attach" => self.attach(),
            "detach" => {
                let at = self.skip(1, &["database"]);
                match self.name_at(at) {
                    Some((parts, after)) if after == self.tokens.len() => {
                        self.object(TargetKind::Database, Path::exact(parts));
                        self.maintain(
                            "DETACH",
                            Effect::FsRead | Effect::FsWrite | Effect::ParserState,
                        );
                    }
                    Some(_) | None => self.opaque(Reason::NotParsed),
                }
            }
            "vacuum" => self.vacuum(),
            _ => return false,
        }
        true
    }

    fn attach(&mut self) {
        let at = self.skip(1, &["database"]);
        let file = matches!(
            self.kind(at),
            Some(
                TokenKind::Text | TokenKind::QuotedName | TokenKind::Word | TokenKind::Placeholder
            )
        );
        let name = self.after(at.saturating_add(1), &["as"]).and_then(|at| self.name_at(at));
        match name {
            Some((parts, after)) if file && after == self.tokens.len() => {
                self.object(TargetKind::File, Path::dynamic());
                self.object(TargetKind::Database, Path::exact(parts));
                self.maintain("ATTACH", Effect::FsRead | Effect::FsWrite | Effect::ParserState);
            }
            // The file's name may be computed, by anything.
            Some(_) | None => self.opaque(Reason::NotParsed),
        }
    }

    fn vacuum(&mut self) {
        let mut at = 1;
        if self.word(at) != "into"
            && let Some((parts, after)) = self.name_at(at)
        {
            self.object(TargetKind::Database, Path::exact(parts));
            at = after;
        } else {
            self.object(TargetKind::Database, Path::exact(["main"]));
        }
        if self.word(at) == "into" {
            at = at.saturating_add(1);
            let plain = matches!(self.kind(at), Some(TokenKind::Text | TokenKind::Placeholder));
            if !plain || at.saturating_add(1) != self.tokens.len() {
                return self.opaque(Reason::NotParsed);
            }
            self.source(TargetKind::Table, Path::dynamic());
            self.place(TargetKind::File, Role::Sink);
            self.part.may |= Effect::ReadData | Effect::FsWrite;
            return self.finish(Op::Stream, "VACUUM", Extent::All, Outputs::None);
        }
        if at != self.tokens.len() {
            return self.opaque(Reason::NotParsed);
        }
        self.maintain("VACUUM", Effect::Availability.into());
    }

    fn pragma(&mut self) {
        let Some((mut parts, at)) = self.name_at(1) else { return self.opaque(Reason::NotParsed) };
        let name = parts.pop().unwrap_or_default();
        self.object(TargetKind::Setting, Path::exact([name.as_str()]));
        let valued = at < self.tokens.len();
        let may = if READING.contains(&name.as_str()) {
            Some(EffectSet::NONE)
        } else if ACTING.contains(&name.as_str()) {
            Some(EffectSet::from(Effect::Availability))
        } else if !valued {
            let known = SETTINGS.iter().any(|(known, _)| *known == name);
            known.then_some(EffectSet::NONE)
        } else {
            SETTINGS.iter().find(|(known, _)| *known == name).map(|(_, may)| may.set())
        };
        match may {
            Some(may) if may.is_empty() => {
                self.finish(Op::Read, "PRAGMA", Extent::Unknown, Outputs::Opaque);
            }
            Some(may) => {
                self.part.may |= may;
                let op =
                    if may.contains(Effect::ParserState) { Op::Session } else { Op::Configure };
                self.finish(op, "PRAGMA", Extent::Unknown, Outputs::Opaque);
            }
            None => {
                self.partial(Reason::UnknownStatement);
                self.part.may = EffectSet::ALL;
                self.dynamic_target();
                self.finish(Op::Configure, "PRAGMA", Extent::Unknown, Outputs::Opaque);
            }
        }
    }
}

/// Pragmas that read, whatever their argument.
const READING: &[&str] = &[
    "table_info",
    "table_xinfo",
    "table_list",
    "index_list",
    "index_info",
    "index_xinfo",
    "foreign_key_list",
    "foreign_key_check",
    "database_list",
    "collation_list",
    "function_list",
    "module_list",
    "pragma_list",
    "compile_options",
    "integrity_check",
    "quick_check",
    "data_version",
    "freelist_count",
    "page_count",
];

/// Pragmas that do something, with an argument or without.
const ACTING: &[&str] =
    &["journal_mode", "wal_checkpoint", "optimize", "incremental_vacuum", "shrink_memory"];

/// What giving a pragma a value does.
#[derive(Clone, Copy)]
enum Given {
    /// It changes how the engine works, for this connection or for the file.
    Configures,
    /// It changes what later statements mean or may do.
    Parses,
    /// It changes a number in the file that other programs read.
    Writes,
    /// It lets data be lost or the schema be rewritten.
    Endangers,
    /// It chooses a directory.
    Places,
}

impl Given {
    fn set(self) -> EffectSet {
        match self {
            Self::Configures => Effect::Availability.into(),
            Self::Parses => Effect::ParserState.into(),
            Self::Writes => Effect::WriteData.into(),
            Self::Endangers => Effect::ParserState | Effect::Schema | Effect::Destroy,
            Self::Places => Effect::FsRead | Effect::FsWrite | Effect::ParserState,
        }
    }
}

/// Pragmas that read without a value.
const SETTINGS: &[(&str, Given)] = &[
    ("analysis_limit", Given::Configures),
    ("application_id", Given::Writes),
    ("auto_vacuum", Given::Configures),
    ("automatic_index", Given::Configures),
    ("busy_timeout", Given::Configures),
    ("cache_size", Given::Configures),
    ("cache_spill", Given::Configures),
    ("case_sensitive_like", Given::Parses),
    ("cell_size_check", Given::Endangers),
    ("checkpoint_fullfsync", Given::Configures),
    ("count_changes", Given::Parses),
    ("data_store_directory", Given::Places),
    ("default_cache_size", Given::Configures),
    ("defer_foreign_keys", Given::Parses),
    ("empty_result_callbacks", Given::Parses),
    ("encoding", Given::Parses),
    ("foreign_keys", Given::Parses),
    ("full_column_names", Given::Parses),
    ("fullfsync", Given::Configures),
    ("hard_heap_limit", Given::Configures),
    ("ignore_check_constraints", Given::Endangers),
    ("journal_mode", Given::Configures),
    ("journal_size_limit", Given::Configures),
    ("legacy_alter_table", Given::Parses),
    ("legacy_file_format", Given::Configures),
    ("locking_mode", Given::Configures),
    ("max_page_count", Given::Configures),
    ("mmap_size", Given::Configures),
    ("page_size", Given::Configures),
    ("query_only", Given::Parses),
    ("read_uncommitted", Given::Parses),
    ("recursive_triggers", Given::Parses),
    ("reverse_unordered_selects", Given::Parses),
    ("schema_version", Given::Endangers),
    ("secure_delete", Given::Configures),
    ("short_column_names", Given::Parses),
    ("soft_heap_limit", Given::Configures),
    ("synchronous", Given::Endangers),
    ("temp_store", Given::Endangers),
    ("temp_store_directory", Given::Places),
    ("threads", Given::Configures),
    ("trusted_schema", Given::Endangers),
    ("user_version", Given::Writes),
    ("wal_autocheckpoint", Given::Configures),
    ("writable_schema", Given::Endangers),
];
