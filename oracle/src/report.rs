//! What the oracle prints: tables, contradictions, and the known ones among them.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

/// Two that should agree do not.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub(crate) struct Finding {
    /// The comparison that found it.
    pub(crate) part: &'static str,
    /// What is wrong, without details.
    pub(crate) problem: String,
    /// The details.
    pub(crate) detail: String,
    /// The command.
    pub(crate) text: String,
    /// Where the command comes from.
    pub(crate) origin: String,
}

/// A disagreement in which the library is right.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Known {
    part: String,
    problem: String,
    text: String,
    reason: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct KnownFile {
    #[serde(default)]
    known: Vec<Known>,
}

/// A table with a title and lines below it.
#[derive(Debug)]
pub(crate) struct Table {
    pub(crate) title: String,
    pub(crate) header: Vec<&'static str>,
    pub(crate) rows: Vec<Vec<Value>>,
    pub(crate) notes: Vec<String>,
}

/// Everything that was found.
#[derive(Debug, Default)]
pub(crate) struct Report {
    pub(crate) tables: Vec<Table>,
    pub(crate) findings: Vec<Finding>,
    known: Vec<(Finding, String)>,
}

impl Report {
    /// Sets the known disagreements apart. One that is not found any more is an error, so that the
    /// list stays true; only those of the parts that ran are looked for.
    ///
    /// # Errors
    /// The list cannot be read, or holds something that no longer happens.
    pub(crate) fn settle(&mut self, list: &str, ran: impl Fn(&str) -> bool) -> Result<(), String> {
        let file: KnownFile =
            toml::from_str(list).map_err(|error| format!("oracle/known.toml: {error}"))?;
        for known in file.known.iter().filter(|known| ran(&known.part)) {
            let same = |found: &Finding| {
                found.part == known.part
                    && found.problem == known.problem
                    && found.text == known.text
            };
            let found: Vec<Finding> = self.findings.extract_if(.., |found| same(found)).collect();
            if found.is_empty() || known.reason.trim().is_empty() {
                return Err(format!(
                    "oracle/known.toml: `{}` of `{}` is not found any more, or has no reason: \
                     remove it or mend it",
                    known.problem, known.text
                ));
            }
            self.known.extend(found.into_iter().map(|found| (found, known.reason.clone())));
        }
        Ok(())
    }

    /// Tables and findings for people.
    pub(crate) fn text(&self) -> String {
        let mut out = String::new();
        for table in &self.tables {
            table.print(&mut out);
        }
        let mut groups: BTreeMap<(&str, &str), Vec<&Finding>> = BTreeMap::new();
        for finding in &self.findings {
            groups.entry((finding.part, &finding.problem)).or_default().push(finding);
        }
        for ((part, problem), findings) in groups {
            let _ = writeln!(out, "\n✗ {part}: {problem} ({})", findings.len());
            for finding in findings.iter().take(SHOWN) {
                let Finding { detail, text, origin, .. } = finding;
                let _ = writeln!(out, "  {}\n    {detail}  [{origin}]", one_line(text, 160));
            }
            if findings.len() > SHOWN {
                let _ = writeln!(out, "  … and {} more", findings.len() - SHOWN);
            }
        }
        for (finding, reason) in &self.known {
            let _ = writeln!(out, "\n· known: {}\n    {reason}", one_line(&finding.text, 160));
        }
        let _ = writeln!(
            out,
            "\n{} contradictions, {} known disagreements",
            self.findings.len(),
            self.known.len()
        );
        out
    }

    /// The same for programs.
    pub(crate) fn json(&self) -> Value {
        let known = self
            .known
            .iter()
            .map(|(finding, reason)| json!({ "finding": finding, "reason": reason }));
        json!({
            "tables": self.tables.iter().map(Table::json).collect::<Vec<_>>(),
            "contradictions": self.findings,
            "known": known.collect::<Vec<_>>(),
        })
    }
}

/// Findings of one problem that are printed.
const SHOWN: usize = 5;

impl Table {
    fn print(&self, out: &mut String) {
        let head: Vec<String> = self.header.iter().map(|word| (*word).to_owned()).collect();
        let rows: Vec<Vec<String>> =
            self.rows.iter().map(|row| row.iter().map(shown).collect()).collect();
        let width = |column: usize| {
            let cells = rows.iter().chain([&head]).filter_map(|row| row.get(column));
            cells.map(|cell| cell.chars().count()).max().unwrap_or_default()
        };
        let widths: Vec<usize> = (0..head.len()).map(width).collect();
        let _ = writeln!(out, "\n{}", self.title);
        for row in [&head].into_iter().chain(&rows) {
            let cells = row.iter().zip(&widths).enumerate().map(|(column, (cell, width))| {
                // Words stand left, numbers right.
                let words = self.rows.iter().all(|r| r.get(column).is_none_or(Value::is_string));
                if words { format!("{cell:<width$}") } else { format!("{cell:>width$}") }
            });
            let line = cells.collect::<Vec<_>>().join("  ");
            let _ = writeln!(out, "  {}", line.trim_end());
        }
        for note in &self.notes {
            let _ = writeln!(out, "  {note}");
        }
    }

    fn json(&self) -> Value {
        let rows = self.rows.iter().map(|row| {
            let cells = self.header.iter().zip(row).map(|(k, v)| ((*k).to_owned(), v.clone()));
            Value::Object(cells.collect::<Map<_, _>>())
        });
        json!({ "title": self.title, "rows": rows.collect::<Vec<_>>(), "notes": self.notes })
    }
}

fn shown(cell: &Value) -> String {
    match cell {
        Value::String(text) => one_line(text, 90),
        Value::Number(number) if number.is_f64() => {
            format!("{:.1}", number.as_f64().unwrap_or_default())
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
            cell.to_string()
        }
    }
}

/// A text on one line, cut at so many characters.
pub(crate) fn one_line(text: &str, most: usize) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    let line = words.join(" ");
    let cut: String = line.chars().take(most).collect();
    if cut.len() < line.len() { cut + "…" } else { line }
}

/// A share in percent.
pub(crate) fn percent(part: usize, of: usize) -> Value {
    if of == 0 {
        return Value::Null;
    }
    // Counts of texts are far below 2^52.
    #[expect(clippy::cast_precision_loss, reason = "counts are small")]
    let share = part as f64 * 100.0 / of as f64;
    json!(share)
}
