//! What a server returned against what the facts say comes back.

use placet::facts::{Action, Facts, OutputColumn, Outputs, Sources};

use crate::schema::Schema;

/// Rows that a server returned for one statement.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Rows {
    pub(crate) names: Vec<String>,
    pub(crate) cells: Vec<Vec<Option<String>>>,
}

/// A problem and its details.
pub(crate) type Problem = (&'static str, String);

/// Where more came back than the facts say.
pub(crate) fn problems(facts: &Facts, results: &[Rows], schema: &Schema) -> Vec<Problem> {
    let mut out = Vec::new();
    if facts.is_opaque() {
        return out;
    }
    let columns = match (facts.actions.as_slice(), results) {
        ([action], [rows]) => {
            shape(action, rows, &mut out);
            outputs(action)
        }
        _ => None,
    };
    for rows in results {
        for (index, name) in rows.names.iter().enumerate() {
            let cells = rows.cells.iter().filter_map(|row| row.get(index)?.as_ref());
            let mut origins: Vec<String> = cells.flat_map(|cell| schema.origins(cell)).collect();
            origins.sort_unstable();
            origins.dedup();
            for origin in origins {
                let held = match columns.and_then(|columns| columns.get(index)) {
                    Some(column) => holds(&column.sources, &origin),
                    None => {
                        facts.all_actions().into_iter().any(|action| may_return(action, &origin))
                    }
                };
                if !held {
                    out.push(("a column leaks", format!("`{name}` holds {origin}")));
                }
            }
        }
    }
    out
}

/// Number and names of the columns.
fn shape(action: &Action, rows: &Rows, out: &mut Vec<Problem>) {
    let Some(columns) = outputs(action) else { return };
    if columns.len() != rows.names.len() {
        let detail = format!("{} columns are {}", rows.names.len(), columns.len());
        out.push(("another number of columns", detail));
        return;
    }
    for (column, name) in columns.iter().zip(&rows.names) {
        if column.name != *name && column.name != "?column?" {
            out.push(("another column name", format!("`{name}` is `{}`", column.name)));
        }
    }
}

fn outputs(action: &Action) -> Option<&[OutputColumn]> {
    match &action.outputs {
        Outputs::None => Some(&[]),
        Outputs::Columns(columns) => Some(columns),
        Outputs::Opaque => None,
    }
}

fn may_return(action: &Action, origin: &str) -> bool {
    outputs(action).is_none_or(|columns| columns.iter().any(|c| holds(&c.sources, origin)))
}

/// Whether these sources may be this column. Where the schema is not known, they lack it.
pub(crate) fn holds(sources: &Sources, origin: &str) -> bool {
    match sources {
        Sources::Any => true,
        Sources::Columns(columns) => columns.iter().any(|column| {
            let rest = origin.strip_suffix(column.as_str());
            rest.is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
        }),
    }
}
