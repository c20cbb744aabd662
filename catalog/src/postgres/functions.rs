//! What the functions of a PostgreSQL database may do: nothing is believed, little can be proven.
//!
//! `IMMUTABLE` and `STABLE` are promises of a function's author, and bind nothing that it calls. So
//! a function is `unknown`, unless one of two proofs holds:
//!
//! 1. **It is bound, and reads as harmless.** The body stands in the catalog as a tree (`BEGIN
//!    ATOMIC`, `RETURN`), the server recorded that it depends on nothing but the server's own
//!    objects, and the library reads its text in full: no effect, no target. A body that is text
//!    (`AS $$…$$`) means what the caller's search path makes of it.
//! 2. **It belongs to an extension that computes**, and to a superuser, so that only a superuser can
//!    have changed it.

use placet::command::Protocol;
use placet::facts::{self, Op, Scope, Understanding};
use placet::schema::{CatalogFunction, SqlSession};

use super::client::Client;
use super::{cell, needed};
use crate::Watch;
use crate::error::CatalogError;
use crate::snapshot::{Snapshot, UNKNOWN, shown};

/// Extensions whose functions give a value for their arguments, and do nothing else. Not among
/// them: `tablefunc` and `xml2` (run texts as SQL), `lo` and `tcn` (triggers with effects), `dblink`,
/// `postgres_fdw`, `file_fdw`, `adminpack`, `pageinspect` and all that reaches files, hosts or other
/// sessions; `postgis` (some of its functions change definitions).
const COMPUTING: &[&str] = &[
    "btree_gin",
    "btree_gist",
    "citext",
    "cube",
    "earthdistance",
    "fuzzystrmatch",
    "hstore",
    "intarray",
    "isn",
    "ltree",
    "pg_trgm",
    "pgcrypto",
    "seg",
    "unaccent",
    "uuid-ossp",
    "vector",
];

/// The first version that binds bodies.
const BINDS: u32 = 140_000;

/// Adds every function that is not the server's own. Of an extension that computes, those that share
/// a name with one of the server's are left out: they do for their types what their namesake does
/// for its own, and listing them would make `max` an unknown aggregate wherever citext is installed.
pub(super) fn read(
    client: &mut Client,
    version: u32,
    snapshot: &mut Snapshot,
    watch: &mut Watch<'_>,
) -> Result<(), CatalogError> {
    let body = if version >= BINDS { BODY } else { "NULL" };
    let names: Vec<String> = COMPUTING.iter().map(|name| format!("'{name}'")).collect();
    let sql = FUNCTIONS
        .replace("/* body */ NULL", body)
        .replace("/* computing */ NULL", &names.join(", "));
    let rows = client.rows(&sql, "functions", watch)?;
    let mut hides = Vec::new();
    for row in &rows {
        let (schema, name) = (needed(row, 0)?, needed(row, 1)?);
        let (namesake, computes) = (cell(row, 2) == Some("t"), cell(row, 3) == Some("t"));
        if namesake && computes {
            continue;
        }
        let harmless = computes || cell(row, 4).is_some_and(is_harmless);
        snapshot.push_function(function(schema, name, harmless));
        if namesake && !harmless {
            hides.push(shown(schema, name));
        }
    }
    for name in hides {
        snapshot.note(format!(
            "{name} has the name of one of the server's own functions, so every call of that name counts as unknown"
        ));
    }
    Ok(())
}

fn function(schema: &str, name: &str, harmless: bool) -> CatalogFunction {
    let effects = if harmless { Vec::new() } else { vec![UNKNOWN.to_owned()] };
    CatalogFunction { schema: schema.to_owned(), name: name.to_owned(), effects }
}

/// Whether the text of a bound body reads as a computation: in full, without an effect, of nothing.
/// A name without a schema is one of the server's own: the text was written without a search path.
fn is_harmless(body: &str) -> bool {
    let body = body.trim();
    let text = match (body.strip_prefix("RETURN "), body.strip_prefix("BEGIN ATOMIC")) {
        (Some(value), _) => format!("SELECT {value}"),
        (None, Some(rest)) => match rest.strip_suffix("END") {
            Some(statements) => statements.to_owned(),
            None => return false,
        },
        (None, None) => return false,
    };
    let Some(protocol) = Protocol::parse("postgres") else { return false };
    let session = SqlSession::server_defaults();
    let scope = Scope { catalog: None, session: &session };
    let facts = facts::read(protocol, text.as_bytes(), &scope);
    facts.understanding == Understanding::Full
        && facts.reasons.is_empty()
        && facts.session.is_empty()
        && facts.all_actions().iter().all(|action| {
            action.op == Op::Read
                && action.may.is_empty()
                && action.targets.is_empty()
                && action.nested.is_empty()
        })
}

/// Functions, procedures, aggregates: schema, name, whether one of the server's own has the name,
/// whether it computes, and the body where that is bound. The numbers below 16384 are the server's.
const FUNCTIONS: &str = "\
SELECT n.nspname, p.proname,
    EXISTS (SELECT FROM pg_catalog.pg_proc own WHERE own.proname = p.proname AND own.oid < 16384
        AND own.pronamespace = 'pg_catalog'::pg_catalog.regnamespace),
    EXISTS (SELECT FROM pg_catalog.pg_depend d
        JOIN pg_catalog.pg_extension e ON e.oid = d.refobjid
        JOIN pg_catalog.pg_roles owner ON owner.oid = p.proowner
        WHERE d.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass AND d.objid = p.oid
          AND d.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass AND d.deptype = 'e'
          AND e.extname IN (/* computing */ NULL) AND owner.rolsuper),
    /* body */ NULL
FROM pg_catalog.pg_proc p
JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
WHERE p.oid >= 16384 AND n.nspname !~ '^pg_(temp|toast)'";

/// The bound body of a plain function without defaults, which run before it, that depends on
/// nothing but the server's own objects (on them no dependency is recorded) and its schema.
const BODY: &str = "\
CASE WHEN p.prosqlbody IS NOT NULL AND p.prokind = 'f' AND p.proargdefaults IS NULL
    AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d
        WHERE d.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass AND d.objid = p.oid
          AND d.refclassid <> 'pg_catalog.pg_namespace'::pg_catalog.regclass)
    THEN pg_catalog.pg_get_function_sqlbody(p.oid) END";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bodies() {
        for body in [
            "RETURN ((a)::integer + 1)",
            "RETURN lower(x)",
            "BEGIN ATOMIC\n SELECT CASE WHEN (a > 1) THEN a ELSE 0 END;\nEND",
            "BEGIN ATOMIC\nEND",
        ] {
            assert!(is_harmless(body), "{body}");
        }
        for body in [
            "SELECT 1",
            "RETURN (SELECT count(*) FROM pg_class)",
            "RETURN pg_read_file('/etc/passwd'::text)",
            "RETURN other(1)",
            "RETURN public.other(1)",
            "RETURN nextval('s'::regclass)",
            "RETURN set_config('role'::text, 'x'::text, false)",
            "RETURN query_to_xml(x, true, true, ''::text)",
            "BEGIN ATOMIC\n DELETE FROM pg_largeobject;\nEND",
            "BEGIN ATOMIC\n SELECT 1;\n DELETE FROM t;\nEND",
            "BEGIN ATOMIC\n SELECT 1;",
            "",
        ] {
            assert!(!is_harmless(body), "{body}");
        }
    }
}
