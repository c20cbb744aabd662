//! Settings: what setting them does, and what the session then is.

use sqlparser::ast::{
    ContextModifier, Expr, ObjectName, Reset, ResetStatement, Set,
    SetSessionAuthorizationParamKind, TransactionAccessMode, TransactionMode,
};

use super::calls::text_literal;
use super::flow::{Names, Origin};
use super::heads::clickhouse::setting_effects;
use super::walk::Walk;
use crate::facts::{Effect, EffectSet, Extent, Op, Outputs, Path, SessionDelta, TargetKind};

/// What giving the setting `name` (lower case) another value may do.
pub(super) fn effects(name: &str) -> EffectSet {
    let parser = EffectSet::from(Effect::ParserState);
    match name {
        "role" | "session_authorization" | "is_superuser" => Effect::Identity.into(),
        "search_path"
        | "standard_conforming_strings"
        | "backslash_quote"
        | "escape_string_warning"
        | "client_encoding"
        | "names"
        | "row_security"
        | "session_replication_role"
        | "transform_null_equals"
        | "array_nulls"
        | "xmloption"
        | "sql_mode"
        | "sql_inheritance"
        | "default_transaction_read_only"
        | "transaction_read_only"
        | "fmtonly"
        | "noexec"
        | "parseonly"
        | "check_function_bodies"
        | "quote_all_identifiers"
        | "lo_compat_privileges"
        | "operator_precedence_warning"
        | "default_with_oids"
        | "default_table_access_method"
        | "bytea_output"
        | "createrole_self_grant"
        | "event_triggers"
        | "gin_fuzzy_search_limit"
        | "restrict_nonsystem_relation_kind" => parser,
        "sql_log_bin"
        | "sql_log_off"
        | "general_log"
        | "slow_query_log"
        | "log_output"
        | "binlog_format"
        | "binlog_row_image"
        | "gtid_domain_id"
        | "gtid_next"
        | "gtid_seq_no"
        | "long_query_time"
        | "min_examined_row_limit"
        | "pseudo_slave_mode"
        | "server_id"
        | "skip_replication"
        | "wsrep_on" => Effect::AuditTamper.into(),
        // They name files, or a folder for them.
        "debug" | "debug_dbug" | "innodb_tmpdir" => Effect::FsWrite | Effect::ParserState,
        "general_log_file" | "slow_query_log_file" | "log_error" => {
            Effect::FsWrite | Effect::AuditTamper
        }
        "init_connect" | "init_file" | "init_slave" | "init_replica" | "plugin_dir" => {
            Effect::CodeExec.into()
        }
        "password" | "default_role" | "mandatory_roles" | "proxy_user" => Effect::Privilege.into(),
        "character_set_client"
        | "charset"
        | "collation_connection"
        | "character_set_connection"
        | "character_set_results"
        | "foreign_key_checks"
        | "unique_checks"
        | "check_constraint_checks"
        | "read_only"
        | "super_read_only"
        | "enable_case_sensitive_identifier"
        | "enable_case_sensitive_super_attribute"
        | "downcase_delimited_identifier"
        | "default_storage_engine"
        | "enforce_storage_engine"
        | "old_mode"
        | "path"
        | "sql_auto_is_null"
        | "sql_select_limit"
        | "system_versioning_asof"
        | "tx_read_only"
        | "local_infile"
        | "lower_case_table_names"
        | "quoted_identifier"
        | "ansi_nulls"
        | "ansi_defaults"
        | "concat_null_yields_null"
        | "identity_insert"
        | "xact_abort" => parser,
        "allow_system_table_mods" | "ignore_system_indexes" => parser | Effect::Privilege,
        "zero_damaged_pages" | "ignore_checksum_failure" => Effect::Destroy | Effect::Availability,
        "dynamic_library_path"
        | "local_preload_libraries"
        | "session_preload_libraries"
        | "shared_preload_libraries"
        | "jit_provider" => Effect::CodeExec.into(),
        _ if name.ends_with("_command") || name.ends_with("_library") => Effect::CodeExec.into(),
        _ if is_audit(name) => Effect::AuditTamper.into(),
        // Settings of the application's own: row policies read them to know who asks.
        _ if name.contains('.') => parser,
        _ => EffectSet::NONE,
    }
}

/// What the modes of a transaction change: to let it write is to set `transaction_read_only`.
pub(super) fn access(modes: &[TransactionMode]) -> EffectSet {
    let writes = TransactionMode::AccessMode(TransactionAccessMode::ReadWrite);
    if modes.contains(&writes) {
        return Effect::ParserState.into();
    }
    EffectSet::NONE
}

fn is_audit(name: &str) -> bool {
    name.starts_with("log_")
        || name.starts_with("track_")
        || name.starts_with("pgaudit")
        || name.starts_with("auto_explain")
        || name.starts_with("pg_stat_statements")
        || name.starts_with("server_audit")
        || name.starts_with("debug_print_")
        || matches!(name, "logging_collector" | "compute_query_id")
}

/// The names in a list such as the value of `search_path`.
pub(super) fn split_list(text: &str) -> Vec<String> {
    let part = |part: &str| {
        let part = part.trim();
        match part.strip_prefix('"').and_then(|part| part.strip_suffix('"')) {
            Some(quoted) => quoted.replace("\"\"", "\""),
            None => part.to_ascii_lowercase(),
        }
    };
    text.split(',').map(part).filter(|part| !part.is_empty()).collect()
}

/// What may stand before a system variable of MySQL.
const SCOPES: &[&str] = &["global", "session", "local", "persist", "persist_only"];

impl<'a> Walk<'_, 'a> {
    pub(super) fn set(&mut self, set: &Set, names: &Names<'_, 'a>) {
        match set {
            Set::SingleAssignment { scope, hivevar, variable, values } => {
                if *hivevar {
                    self.not_covered();
                }
                self.exprs(values, names);
                // It ends with the transaction, or at once where there is none.
                let local = self.is_postgres() && matches!(scope, Some(ContextModifier::Local));
                let values = if local { None } else { self.setting_values(values) };
                self.set_scoped(scope.as_ref(), variable, values);
            }
            Set::ParenthesizedAssignments { variables, values } => {
                self.exprs(values, names);
                for variable in variables {
                    self.set_named(variable, None);
                }
                self.not_covered();
            }
            Set::MultipleAssignments { assignments } => {
                for assignment in assignments {
                    self.expr(&assignment.value, names);
                    let values = self.setting_values(std::slice::from_ref(&assignment.value));
                    self.set_scoped(assignment.scope.as_ref(), &assignment.name, values);
                }
            }
            Set::SetSessionAuthorization(param) => {
                let value = match &param.kind {
                    SetSessionAuthorizationParamKind::Default => None,
                    SetSessionAuthorizationParamKind::User(name) => Some(vec![self.fold(name)]),
                };
                self.assume("SET SESSION AUTHORIZATION", value);
            }
            Set::SetRole { context_modifier, role_name } => {
                let local = matches!(context_modifier, Some(ContextModifier::Local));
                let role = role_name.as_ref().filter(|_| !local);
                let value = role.map(|name| vec![self.fold(name)]);
                self.assume("SET ROLE", value);
            }
            Set::SetTimeZone { local: _, value } => {
                self.expr(value, names);
                self.one_setting("timezone".to_owned(), None);
            }
            Set::SetNames { charset_name, collation_name: _ } => {
                let value = Some(vec![charset_name.value.clone()]);
                self.one_setting("client_encoding".to_owned(), value);
            }
            Set::SetNamesDefault {} => self.one_setting("client_encoding".to_owned(), None),
            Set::SetTransaction { modes, snapshot: _, session: _ } => {
                self.part.may |= access(modes);
                self.finish_plain(Op::Session, "SET TRANSACTION");
            }
            Set::SetSessionParam(_) => {
                self.not_covered();
                self.finish_plain(Op::Session, "SET");
            }
        }
    }

    fn setting_values(&self, values: &[Expr]) -> Option<Vec<String>> {
        let mut out = Vec::with_capacity(values.len());
        for value in values {
            if let Expr::Identifier(ident) = value {
                let name = self.fold(ident);
                if name == "default" && ident.quote_style.is_none() {
                    return None;
                }
                out.push(name);
            } else if let Expr::Value(value) = value
                && let sqlparser::ast::Value::Boolean(on) = value.value
            {
                out.push(if on { "on" } else { "off" }.to_owned());
            } else {
                out.push(text_literal(value)?.to_owned());
            }
        }
        Some(out)
    }

    /// A setting with the scope that MySQL gives it: `GLOBAL x`, `@@global.x`, `@x`.
    fn set_scoped(
        &mut self,
        scope: Option<&ContextModifier>,
        variable: &ObjectName,
        values: Option<Vec<String>>,
    ) {
        if self.is_postgres() || self.is_sqlite() {
            return self.set_named(variable, values);
        }
        let Some(mut parts) = self.parts(variable) else { return self.not_covered() };
        let mut wide = matches!(scope, Some(ContextModifier::Global));
        if let Some(first) = parts.first_mut()
            && let Some(bare) = first.strip_prefix("@@")
        {
            let bare = bare.to_owned();
            *first = bare;
        } else if parts.first().is_some_and(|first| first.starts_with('@')) {
            // A variable of the session's own: what it holds was walked.
            return self.finish_plain(Op::Session, "SET");
        }
        if parts.len() > 1
            && let Some(first) = parts.first()
            && SCOPES.contains(&first.as_str())
        {
            wide |= !matches!(first.as_str(), "session" | "local");
            parts.remove(0);
        }
        let name = parts.join(".");
        if wide {
            // Every session's, from now on.
            self.part.may |= effects(&name) | Effect::Availability | Effect::Persistence;
            self.object(TargetKind::Setting, Path::exact([name.as_str()]));
            return self.finish_plain(Op::Configure, "SET GLOBAL");
        }
        self.one_setting(name, values);
    }

    fn set_named(&mut self, variable: &ObjectName, values: Option<Vec<String>>) {
        match self.parts(variable) {
            Some(parts) => self.one_setting(parts.join("."), values),
            None => self.not_covered(),
        }
    }

    /// One SET of one setting, as an action.
    pub(super) fn one_setting(&mut self, name: String, values: Option<Vec<String>>) {
        let may = effects(&name);
        if may.contains(Effect::Identity) {
            let verb = if name == "role" { "SET ROLE" } else { "SET SESSION AUTHORIZATION" };
            return self.assume(verb, values);
        }
        self.part.may |= may;
        self.object(TargetKind::Setting, Path::exact([name.as_str()]));
        self.set_value(name, values);
        self.finish_plain(Op::Session, "SET");
    }

    fn assume(&mut self, verb: &str, role: Option<Vec<String>>) {
        self.part.may |= Effect::Identity;
        let path = match role.as_deref() {
            Some([role]) => Path::exact([role.as_str()]),
            Some(_) | None => Path::dynamic(),
        };
        self.object(TargetKind::Role, path);
        let name = if verb == "SET ROLE" { "role" } else { "session_authorization" };
        self.set_value(name.to_owned(), role);
        self.finish_plain(Op::Assume, verb);
    }

    /// ClickHouse's `… SETTINGS a = 1`: what holds for the statement alone.
    pub(super) fn own_settings(
        &mut self,
        settings: Option<&Vec<sqlparser::ast::Setting>>,
        names: &Names<'_, 'a>,
    ) -> Origin {
        let mut depends = Origin::NONE;
        for sqlparser::ast::Setting { key, value } in settings.into_iter().flatten() {
            self.part.may |= setting_effects(&key.value.to_ascii_lowercase());
            self.filters_by_text(&key.value);
            depends.add(&self.condition(value, names));
        }
        depends
    }

    /// Notes that a setting takes these values, for the statements that follow.
    pub(super) fn set_value(&mut self, name: String, values: Option<Vec<String>>) {
        let values = match name.as_str() {
            "search_path" | "role" | "session_authorization" => values,
            "standard_conforming_strings" | "client_encoding" | "row_security" | "sql_mode" => {
                values
            }
            // Any other value may be a secret.
            _ => None,
        };
        let session = self.state.session.to_mut();
        match name.as_str() {
            "search_path" => {
                self.state.path_unknown = values.is_none();
                session.search_path.clone_from(&values);
            }
            "role" | "session_authorization" => {
                session.role = values.as_ref().and_then(|values| values.first().cloned());
                // `$user` now stands for another schema.
                self.state.path_unknown |=
                    session.search_path.as_ref().is_some_and(|p| p.iter().any(|s| s == "$user"))
                        && session.role.is_none();
            }
            "standard_conforming_strings" => {
                let value = values.as_deref().and_then(<[String]>::first);
                session.standard_conforming_strings =
                    value.and_then(|value| match value.to_ascii_lowercase().as_str() {
                        "on" | "true" | "1" | "yes" => Some(true),
                        "off" | "false" | "0" | "no" => Some(false),
                        _ => None,
                    });
            }
            "sql_mode" => {
                session.sql_mode = values.as_ref().map(|values| values.join(","));
            }
            "character_set_client" | "charset" => session.client_encoding = None,
            "quoted_identifier" | "ansi_defaults" => session.sql_mode = None,
            "client_encoding" => {
                session.client_encoding =
                    values.as_ref().and_then(|values| values.first().cloned());
            }
            _ => {}
        }
        self.session.push(SessionDelta::Setting { name, values });
    }

    /// The session is no longer known.
    pub(super) fn forget_session(&mut self) {
        let dialect = self.state.session.dialect.clone();
        *self.state.session.to_mut() = crate::schema::SqlSession { dialect, ..Default::default() };
        self.state.path_unknown = true;
    }

    /// Any setting may be another one now; what was prepared, opened or made stays.
    pub(super) fn forget_settings(&mut self) {
        let session = self.state.session.to_mut();
        *session = crate::schema::SqlSession {
            dialect: session.dialect.take(),
            prepared: session.prepared.take(),
            temp_tables: session.temp_tables.take(),
            cursors: session.cursors.take(),
            ..Default::default()
        };
        self.state.path_unknown = true;
    }

    pub(super) fn reset(&mut self, reset: &ResetStatement) {
        match &reset.reset {
            Reset::ALL => self.reset_all("RESET"),
            Reset::SessionAuthorization => self.assume("SET SESSION AUTHORIZATION", None),
            Reset::ConfigurationParameter(name) => self.set_named(name, None),
        }
    }

    /// RESET ALL, DISCARD ALL: everything is as at the session's start, which is not known here.
    pub(super) fn reset_all(&mut self, verb: &str) {
        self.part.may |= Effect::ParserState | Effect::AuditTamper;
        if verb == "DISCARD" {
            self.part.may |= Effect::Identity;
        }
        self.object(TargetKind::Setting, Path::dynamic());
        self.session.push(SessionDelta::Reset);
        self.forget_session();
        self.finish_plain(Op::Session, verb);
    }

    /// SHOW of a setting.
    pub(super) fn show(&mut self) {
        self.finish(Op::Read, "SHOW", Extent::Unknown, Outputs::Opaque);
    }

    /// A temporary table of this name hides others from now on.
    pub(super) fn temp_table(&mut self, name: String) {
        if let Some(tables) = &mut self.state.session.to_mut().temp_tables {
            tables.push(name.clone());
        }
        self.session.push(SessionDelta::TempTable(name));
    }
}
