//! Facts read back from their JSON form: what a log kept, or what an embedder states about a
//! command whose protocol has no reader here.

use serde_json::Value;

use super::{
    Action, Columns, Effect, EffectSet, Evasion, EvasionSet, Extent, Facts, How, Op, OutputColumn,
    Outputs, Path, Protocol, Reason, Role, Segment, SessionDelta, Sources, Target, TargetKind,
    Transaction, Understanding,
};
use crate::primitives::Span;

/// What may wrap an action; see `via` in `docs/spec/facts.md`.
const VIA: &[&str] = &[
    "create_view",
    "create_trigger",
    "with",
    "copy",
    "explain",
    "prepare",
    "declare_cursor",
    "script",
];

/// Levels of code inside code; the readers stop far earlier.
const MAX_NESTING: usize = 16;

impl Facts {
    /// Reads the JSON form back: a recorded decision can be made again, and an embedder can state
    /// the facts of a command that no reader here knows.
    ///
    /// - `json`: the object of `docs/spec/facts.md`. Keys that follow from the others (`writes`,
    ///   `destructive`, `unbounded`, `max_rows`, `effects`) may be absent; where they stand they
    ///   must be what follows. Without `evasion` there is no sign of it. Other unknown keys are
    ///   ignored.
    ///
    /// Fails closed: a word outside its closed set is an error, never a guess.
    ///
    /// # Errors
    /// [`StoredFactsError`] with the key that cannot be read.
    ///
    /// # Examples
    /// ```
    /// # use placet::facts::Facts;
    /// let json = serde_json::json!({
    ///     "protocol": "tool", "understanding": "full", "reasons": [], "statements": 1, "session": [],
    ///     "actions": [{
    ///         "op": "update", "verb": "REFUND", "extent": "one", "may": ["write_data"],
    ///         "targets": [{"kind": "other", "path": "billing.refunds", "role": "object", "columns": "any"}],
    ///         "calls": [], "outputs": "none", "via": [], "span": [0, 0], "nested": [],
    ///     }],
    /// });
    /// let facts = Facts::from_json(&json)?;
    /// assert!(facts.writes() && facts.max_rows() == Some(1));
    /// assert_eq!(Facts::from_json(&serde_json::to_value(&facts)?)?, facts);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn from_json(json: &Value) -> Result<Self, StoredFactsError> {
        facts(json, 0)
    }
}

/// Facts that cannot be read back: the key that is missing or does not hold what it must.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{key}` of the facts is missing, or is not what the specification says")]
pub struct StoredFactsError {
    key: &'static str,
}

impl StoredFactsError {
    /// The key that cannot be read.
    #[must_use]
    pub const fn key(&self) -> &'static str {
        self.key
    }
}

type Read<T> = Result<T, StoredFactsError>;

const fn wrong(key: &'static str) -> StoredFactsError {
    StoredFactsError { key }
}

fn facts(json: &Value, depth: usize) -> Read<Facts> {
    if depth > MAX_NESTING {
        return Err(wrong("nested"));
    }
    let facts = Facts {
        protocol: Protocol::parse(text(json, "protocol")?).ok_or(wrong("protocol"))?,
        understanding: match text(json, "understanding")? {
            "full" => Understanding::Full,
            "partial" => Understanding::Partial,
            "opaque" => Understanding::Opaque,
            _ => return Err(wrong("understanding")),
        },
        reasons: each(json, "reasons", |value| {
            let code = value.as_str()?;
            Reason::ALL.iter().find(|(_, known, _)| *known == code).map(|(reason, _, _)| *reason)
        })?,
        actions: list(json, "actions")?
            .iter()
            .map(|json| action(json, depth))
            .collect::<Read<_>>()?,
        session: each(json, "session", delta)?,
        statements: number(json, "statements")?
            .map(u32::try_from)
            .transpose()
            .map_err(|_| wrong("statements"))?,
        evasion: match json.get("evasion") {
            Some(_) => each(json, "evasion", |sign| Evasion::parse(sign.as_str()?))?
                .into_iter()
                .fold(EvasionSet::NONE, |signs, sign| signs | sign.into()),
            None => EvasionSet::NONE,
        },
    };
    // A record that contradicts itself is no record.
    if (facts.understanding == Understanding::Full) != facts.reasons.is_empty() {
        return Err(wrong("reasons"));
    }
    for (key, value) in [
        ("writes", facts.writes()),
        ("destructive", facts.destructive()),
        ("unbounded", facts.unbounded()),
    ] {
        if json.get(key).is_some_and(|stated| *stated != Value::Bool(value)) {
            return Err(wrong(key));
        }
    }
    if json.get("max_rows").is_some() && number(json, "max_rows")? != facts.max_rows() {
        return Err(wrong("max_rows"));
    }
    if json.get("effects").is_some() && effects(json, "effects")? != facts.effects() {
        return Err(wrong("effects"));
    }
    Ok(facts)
}

fn action(json: &Value, depth: usize) -> Read<Action> {
    let span = json.get("span").and_then(Value::as_array).ok_or(wrong("span"))?;
    let offset = |value: &Value| value.as_u64().and_then(|n| u32::try_from(n).ok());
    let [start, end] = span.as_slice() else { return Err(wrong("span")) };
    let (Some(start), Some(end)) = (offset(start), offset(end)) else { return Err(wrong("span")) };
    let known = |word: &Value| VIA.iter().copied().find(|known| word.as_str() == Some(known));
    Ok(Action {
        op: Op::parse(text(json, "op")?).ok_or(wrong("op"))?,
        verb: text(json, "verb")?.to_owned(),
        targets: each(json, "targets", target)?,
        extent: extent(json).ok_or(wrong("extent"))?,
        may: effects(json, "may")?,
        outputs: outputs(json).ok_or(wrong("outputs"))?,
        calls: texts(json.get("calls")).ok_or(wrong("calls"))?,
        // For readers only: a word of a newer engine is left out.
        via: list(json, "via")?.iter().filter_map(known).collect(),
        span: Span::new(start, end),
        nested: list(json, "nested")?
            .iter()
            .map(|json| facts(json, depth + 1))
            .collect::<Read<_>>()?,
    })
}

fn target(json: &Value) -> Option<Target> {
    let kind = json.get("kind")?.as_str()?;
    Some(Target {
        kind: TargetKind::ALL.iter().copied().find(|known| known.name() == kind)?,
        path: path(json.get("path")?.as_str()?)?,
        role: match json.get("role")?.as_str()? {
            "source" => Role::Source,
            "sink" => Role::Sink,
            "object" => Role::Object,
            _ => return None,
        },
        columns: match json.get("columns")?.as_str() {
            Some("any") => Columns::Any,
            Some(_) => return None,
            None => Columns::Named(texts(json.get("columns"))?),
        },
    })
}

/// The inverse of [`Path`]'s `Display`: segments between dots, quoted ones taken whole.
fn path(shown: &str) -> Option<Path> {
    let mut segments = Vec::new();
    let mut rest = shown;
    loop {
        let after = if let Some(quoted) = rest.strip_prefix('"') {
            let (name, after) = unquoted(quoted)?;
            segments.push(Segment::Exact(name));
            after
        } else {
            let end = rest.find('.').unwrap_or(rest.len());
            let (segment, after) = rest.split_at_checked(end)?;
            segments.push(bare(segment)?);
            after
        };
        match after.strip_prefix('.') {
            Some(more) => rest = more,
            None if after.is_empty() => return Some(Path(segments)),
            None => return None,
        }
    }
}

/// A name up to its closing quote, with doubled quotes undone, and what stands behind it.
fn unquoted(text: &str) -> Option<(String, &str)> {
    let mut name = String::new();
    let mut rest = text;
    loop {
        let (part, after) = rest.split_once('"')?;
        name.push_str(part);
        match after.strip_prefix('"') {
            Some(more) => {
                name.push('"');
                rest = more;
            }
            None => return Some((name, after)),
        }
    }
}

fn bare(segment: &str) -> Option<Segment> {
    Some(match segment {
        "" => return None,
        "<dynamic>" => Segment::Dynamic,
        _ => match segment.strip_suffix('*') {
            Some(prefix) if !prefix.is_empty() && !prefix.contains(['*', '?']) => {
                Segment::Prefix(prefix.to_owned())
            }
            Some(_) | None if segment.contains(['*', '?']) => Segment::Glob(segment.to_owned()),
            Some(_) | None if segment.contains(['<', '>', '"']) => return None,
            Some(_) | None => Segment::Exact(segment.to_owned()),
        },
    })
}

fn extent(json: &Value) -> Option<Extent> {
    let extent = json.get("extent")?;
    Some(match extent.as_str() {
        Some("one") => Extent::One,
        Some("all") => Extent::All,
        Some("unknown") => Extent::Unknown,
        Some(_) => return None,
        None => match (extent.get("at_most"), extent.get("filtered")) {
            (Some(rows), None) => Extent::AtMost(rows.as_u64()?),
            (None, columns) => Extent::Filtered(texts(columns)?),
            (Some(_), Some(_)) => return None,
        },
    })
}

fn outputs(json: &Value) -> Option<Outputs> {
    let outputs = json.get("outputs")?;
    Some(match outputs.as_str() {
        Some("none") => Outputs::None,
        Some("opaque") => Outputs::Opaque,
        Some(_) => return None,
        None => {
            let columns = outputs.get("columns")?.as_array()?;
            Outputs::Columns(columns.iter().map(output).collect::<Option<_>>()?)
        }
    })
}

fn output(json: &Value) -> Option<OutputColumn> {
    let sources = |key| match json.get(key)?.as_str() {
        Some("any") => Some(Sources::Any),
        Some(_) => None,
        None => texts(json.get(key)).map(Sources::Columns),
    };
    Some(OutputColumn {
        name: json.get("name")?.as_str()?.to_owned(),
        sources: sources("sources")?,
        how: match json.get("how")?.as_str()? {
            "plain" => How::Plain,
            "derived" => How::Derived,
            "aggregate" => How::Aggregate,
            "opaque" => How::Opaque,
            _ => return None,
        },
        implicit: sources("implicit")?,
    })
}

fn delta(json: &Value) -> Option<SessionDelta> {
    let entries = json.as_object()?;
    let name = |key: &str| entries.get(key)?.as_str().map(str::to_owned);
    Some(match entries.keys().find(|key| *key != "values")?.as_str() {
        "setting" => SessionDelta::Setting {
            name: name("setting")?,
            values: match entries.get("values")? {
                values if values.is_null() => None,
                values => Some(texts(Some(values))?),
            },
        },
        "prepared" => SessionDelta::Prepared(name("prepared")?),
        "deallocated" => SessionDelta::Deallocated(match entries.get("deallocated")? {
            all if all.is_null() => None,
            _ => Some(name("deallocated")?),
        }),
        "temp_table" => SessionDelta::TempTable(name("temp_table")?),
        "cursor" => SessionDelta::Cursor(name("cursor")?),
        "transaction" => SessionDelta::Transaction(match name("transaction")?.as_str() {
            "begin" => Transaction::Begin,
            "commit" => Transaction::Commit,
            "rollback" => Transaction::Rollback,
            "savepoint" => Transaction::Savepoint,
            _ => return None,
        }),
        "reset" => SessionDelta::Reset,
        "unknown" => SessionDelta::Unknown,
        _ => return None,
    })
}

fn text<'a>(json: &'a Value, key: &'static str) -> Read<&'a str> {
    json.get(key).and_then(Value::as_str).ok_or(wrong(key))
}

fn list<'a>(json: &'a Value, key: &'static str) -> Read<&'a [Value]> {
    json.get(key).and_then(Value::as_array).map(Vec::as_slice).ok_or(wrong(key))
}

fn each<T>(json: &Value, key: &'static str, read: impl Fn(&Value) -> Option<T>) -> Read<Vec<T>> {
    list(json, key)?.iter().map(|value| read(value).ok_or(wrong(key))).collect()
}

fn texts(json: Option<&Value>) -> Option<Vec<String>> {
    json?.as_array()?.iter().map(|value| value.as_str().map(str::to_owned)).collect()
}

fn effects(json: &Value, key: &'static str) -> Read<EffectSet> {
    Ok(each(json, key, |word| Effect::parse(word.as_str()?))?.into_iter().collect())
}

fn number(json: &Value, key: &'static str) -> Read<Option<u64>> {
    let value = json.get(key).ok_or(wrong(key))?;
    if value.is_null() { Ok(None) } else { value.as_u64().map(Some).ok_or(wrong(key)) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::{self, Scope};
    use crate::schema::SqlSession;

    #[test]
    fn paths_come_back() {
        for segments in [
            vec![Segment::Exact("public".into()), Segment::Exact("odd\"na.me".into())],
            vec![Segment::Exact(String::new()), Segment::Dynamic],
            vec![Segment::Prefix("log_".into())],
            vec![Segment::Glob("a?b".into()), Segment::Exact("<dynamic>".into())],
        ] {
            let given = Path(segments);
            assert_eq!(path(&given.to_string()), Some(given));
        }
        for bad in ["", "a.", ".a", "\"a", "\"a\"b", "a<b"] {
            assert_eq!(path(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_record_that_contradicts_itself_is_refused() {
        let session = SqlSession::server_defaults();
        let scope = Scope { catalog: None, session: &session };
        let protocol = Protocol::parse("postgres").unwrap();
        let facts = facts::read(protocol, b"DELETE FROM t", &scope);
        let good = serde_json::to_value(&facts).unwrap();
        assert_eq!(Facts::from_json(&good), Ok(facts));
        for (key, value) in [
            ("protocol", "sequel".into()),
            ("understanding", "opaque".into()),
            ("writes", false.into()),
            ("unbounded", false.into()),
            ("max_rows", 7.into()),
            ("effects", serde_json::json!(["read_data"])),
            ("reasons", serde_json::json!(["too_deep"])),
            ("statements", (-1).into()),
            ("actions", Value::Null),
        ] {
            let mut bad = good.clone();
            *bad.get_mut(key).unwrap() = value;
            assert!(Facts::from_json(&bad).is_err(), "{key}");
        }
    }
}
