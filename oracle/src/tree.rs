//! What the tree of PostgreSQL's own grammar says of a text.
//!
//! The tree is walked as JSON, so that the walk is complete by construction: what lies in a node
//! that nobody thought of is seen all the same.

use std::collections::BTreeSet;

use pg_query::protobuf::{CmdType, CoercionForm, ObjectType};
use serde_json::{Map, Value};

/// Calls that the grammar makes of words (`EXTRACT(day FROM x)`), and clauses of MERGE that do nothing.
const SQL_SYNTAX: i32 = CoercionForm::CoerceSqlSyntax as i32;
const NOTHING: i32 = CmdType::CmdNothing as i32;

/// Statements that name relations to read them, but for their targets.
const QUERIES: &[&str] = &[
    "SelectStmt",
    "InsertStmt",
    "UpdateStmt",
    "DeleteStmt",
    "MergeStmt",
    "CreateTableAsStmt",
    "PrepareStmt",
    "DeclareCursorStmt",
    "ExplainStmt",
];

type Fields = Map<String, Value>;

/// One statement of a text.
#[derive(Debug, Default)]
pub(crate) struct Tree {
    /// The name of its node.
    pub(crate) kind: String,
    /// Nodes in it that change rows when it runs or, for PREPARE, that it prepares.
    pub(crate) writes: BTreeSet<String>,
    /// Whether such an UPDATE or DELETE has no condition.
    pub(crate) unbounded: bool,
    /// Whether it reads rows of a relation.
    pub(crate) reads: bool,
    /// Whether it is an EXPLAIN that runs nothing.
    pub(crate) only_explains: bool,
    /// Whether it locks rows (`FOR UPDATE`).
    pub(crate) locks_rows: bool,
    /// Relations it names, with the schema where it says so; names of WITH are none.
    pub(crate) tables: BTreeSet<(String, String)>,
    /// Last parts of the names of the functions it calls in function notation.
    pub(crate) calls: BTreeSet<String>,
    /// Columns of its result; `None` where a star stands in it, or where it gives no rows.
    pub(crate) columns: Option<usize>,
    /// Its own fields.
    pub(crate) fields: Fields,
}

/// The statements of a text, or why PostgreSQL's grammar refuses it.
pub(crate) fn read(text: &str) -> Result<Vec<Tree>, String> {
    let parsed = pg_query::parse(text, 0).map_err(|error| error.to_string())?;
    let json = serde_json::to_value(&parsed.protobuf).map_err(|error| error.to_string())?;
    let statements = json.get("stmts").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    Ok(statements.iter().filter_map(|statement| tree(statement.get("stmt")?, text)).collect())
}

fn tree(statement: &Value, text: &str) -> Option<Tree> {
    let (kind, fields) = tagged(statement.as_object()?)?;
    let mut walk = Walk {
        text: text.to_lowercase(),
        runs: true,
        queries: QUERIES.contains(&kind),
        ctes: Vec::new(),
        out: Tree::default(),
    };
    walk.node(kind, fields);
    Some(Tree {
        kind: kind.to_owned(),
        columns: columns(kind, fields),
        fields: fields.clone(),
        ..walk.out
    })
}

/// A node with its name: `{"node": {"SelectStmt": {…}}}`.
fn tagged(object: &Fields) -> Option<(&str, &Fields)> {
    let (tag, fields) = object.get("node")?.as_object()?.iter().next()?;
    Some((tag, fields.as_object()?))
}

struct Walk {
    text: String,
    /// Whether what is walked runs; EXPLAIN alone runs nothing.
    runs: bool,
    /// Whether it is a statement in which other relations than its target are read.
    queries: bool,
    /// Names of WITH that are visible here.
    ctes: Vec<String>,
    out: Tree,
}

impl Walk {
    fn value(&mut self, value: &Value) {
        match value {
            Value::Array(values) => values.iter().for_each(|value| self.value(value)),
            Value::Object(object) => match tagged(object) {
                Some((tag, fields)) => self.node(tag, fields),
                None => self.node(untagged(object), object),
            },
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }

    fn node(&mut self, tag: &str, fields: &Fields) {
        let (runs, visible) = (self.runs, self.ctes.len());
        match tag {
            "ExplainStmt" => {
                self.runs &= analyzes(fields);
                self.out.only_explains = !self.runs;
            }
            "RuleStmt" => self.ctes.extend(["old".to_owned(), "new".to_owned()]),
            "InsertStmt" | "UpdateStmt" | "DeleteStmt" | "MergeStmt" => self.change(tag, fields),
            "RangeVar" => self.table(fields, true),
            // The new table is none that is read.
            "IntoClause" => {
                if self.runs {
                    self.out.writes.insert(tag.to_owned());
                }
                if let Some(relation) = fields.get("rel").and_then(Value::as_object) {
                    self.table(relation, false);
                }
                return;
            }
            "FuncCall" => self.call(fields),
            "DropStmt" => self.drops(fields),
            // Names of labels and of constraints look like names of relations there.
            "LockingClause" => {
                self.out.locks_rows = true;
                return;
            }
            "ConstraintsSetStmt" => return,
            _ => {}
        }
        if let Some(with) = fields.get("with_clause").and_then(Value::as_object) {
            self.with(with);
        }
        for (key, value) in fields {
            let done = key == "with_clause" || (key == "relation" && changes(tag));
            if !done {
                self.value(value);
            }
        }
        self.runs = runs;
        self.ctes.truncate(visible);
    }

    fn change(&mut self, tag: &str, fields: &Fields) {
        if let Some(relation) = fields.get("relation").and_then(Value::as_object) {
            self.table(relation, false);
        }
        // MERGE may do nothing at all.
        let clauses = list(fields, "merge_when_clauses");
        let idle = |clause: &Value| {
            clause.pointer("/node/MergeWhenClause/command_type") == Some(&NOTHING.into())
        };
        let changes = clauses.is_empty() || !clauses.iter().all(idle);
        if self.runs && changes {
            self.out.writes.insert(tag.to_owned());
            let bare = fields.get("where_clause").is_some_and(Value::is_null);
            self.out.unbounded |= bare && (tag == "UpdateStmt" || tag == "DeleteStmt");
        }
    }

    /// A name of WITH is visible in the queries behind it, with RECURSIVE in all of them.
    fn with(&mut self, with: &Fields) {
        let queries = list(with, "ctes");
        let names = queries.iter().filter_map(|query| {
            let (_, fields) = tagged(query.as_object()?)?;
            Some((text(fields, "ctename").to_owned(), fields.get("ctequery")?))
        });
        let names: Vec<(String, &Value)> = names.collect();
        let recursive = with.get("recursive").and_then(Value::as_bool).unwrap_or_default();
        if recursive {
            self.ctes.extend(names.iter().map(|(name, _)| name.clone()));
        }
        for (name, query) in names {
            self.value(query);
            if !recursive {
                self.ctes.push(name);
            }
        }
    }

    fn table(&mut self, fields: &Fields, may_be_cte: bool) {
        let (schema, name) = (text(fields, "schemaname"), text(fields, "relname"));
        let cte = may_be_cte && schema.is_empty() && self.ctes.iter().any(|cte| cte == name);
        if !cte && !name.is_empty() {
            self.out.reads |= may_be_cte && self.runs && self.queries;
            self.out.tables.insert((schema.to_owned(), name.to_owned()));
        }
    }

    /// DROP names its objects by lists of words.
    fn drops(&mut self, fields: &Fields) {
        let number = fields.get("remove_type").and_then(Value::as_i64).unwrap_or_default();
        let object = i32::try_from(number).ok().and_then(|n| ObjectType::try_from(n).ok());
        let relation = matches!(
            object,
            Some(
                ObjectType::ObjectTable
                    | ObjectType::ObjectView
                    | ObjectType::ObjectMatview
                    | ObjectType::ObjectForeignTable
                    | ObjectType::ObjectSequence
                    | ObjectType::ObjectIndex
            )
        );
        for object in list(fields, "objects").iter().filter(|_| relation) {
            let Some((_, fields)) = object.as_object().and_then(tagged) else { continue };
            let mut names = list(fields, "items").iter().rev().filter_map(string);
            let (name, schema) =
                (names.next().unwrap_or_default(), names.next().unwrap_or_default());
            self.out.tables.insert((schema.to_owned(), name.to_owned()));
        }
    }

    fn call(&mut self, fields: &Fields) {
        let parts = list(fields, "funcname");
        let names: Vec<&str> = parts.iter().filter_map(string).collect();
        // The grammar itself makes calls of its own words (`AT TIME ZONE`, `LIKE … ESCAPE`).
        let own = names.first() == Some(&"pg_catalog")
            && (fields.get("funcformat") == Some(&SQL_SYNTAX.into())
                || !names.last().is_some_and(|name| self.text.contains(name)));
        if let Some(name) = names.last().filter(|_| !own) {
            self.out.calls.insert((*name).to_owned());
        }
    }
}

/// Fields of a fixed type have no name of their own in the tree.
fn untagged(object: &Fields) -> &'static str {
    let has = |key| object.contains_key(key);
    match () {
        () if has("relname") && has("relpersistence") => "RangeVar",
        () if has("table_space_name") && has("on_commit") && has("rel") => "IntoClause",
        () if has("target_list") && has("larg") => "SelectStmt",
        () if has("funcname") && has("agg_star") => "FuncCall",
        () => "",
    }
}

fn changes(tag: &str) -> bool {
    matches!(tag, "InsertStmt" | "UpdateStmt" | "DeleteStmt" | "MergeStmt")
}

/// The last of several options counts.
fn analyzes(explain: &Fields) -> bool {
    let options = list(explain, "options").iter().rev().filter_map(|option| {
        let (_, fields) = tagged(option.as_object()?)?;
        (text(fields, "defname") == "analyze").then_some(fields)
    });
    options.map(switched_on).next().unwrap_or_default()
}

fn switched_on(option: &Fields) -> bool {
    let argument = option.get("arg").filter(|argument| !argument.is_null()).map(Value::to_string);
    let off = ["\"off\"", "\"false\"", "\"ival\":0"];
    argument.is_none_or(|argument| !off.iter().any(|off| argument.to_lowercase().contains(off)))
}

/// How many columns come back, by the text alone.
fn columns(kind: &str, fields: &Fields) -> Option<usize> {
    let targets = match kind {
        "SelectStmt" => {
            let mut select = fields;
            while let Some(left) = select.get("larg").and_then(Value::as_object) {
                select = left;
            }
            if select.get("into_clause").is_some_and(|into| !into.is_null()) {
                return None;
            }
            match list(select, "values_lists").first() {
                Some(row) => list(tagged(row.as_object()?)?.1, "items"),
                None => list(select, "target_list"),
            }
        }
        "InsertStmt" | "UpdateStmt" | "DeleteStmt" | "MergeStmt" => {
            list(fields.get("returning_clause")?.as_object()?, "exprs")
        }
        _ => return None,
    };
    let star = targets.iter().any(|target| target.to_string().contains("AStar"));
    (!star && !targets.is_empty()).then_some(targets.len())
}

pub(crate) fn list<'a>(fields: &'a Fields, key: &str) -> &'a [Value] {
    fields.get(key).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

pub(crate) fn text<'a>(fields: &'a Fields, key: &str) -> &'a str {
    fields.get(key).and_then(Value::as_str).unwrap_or_default()
}

fn string(node: &Value) -> Option<&str> {
    tagged(node.as_object()?)?.1.get("sval")?.as_str()
}
