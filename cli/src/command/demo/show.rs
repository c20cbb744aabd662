//! The demo on the terminal: one entry a command, with verdict, reason and masked rows.

use std::io::{self, IsTerminal, Write};

use placet::policy::Verdict;

use crate::failure::Failure;
use crate::files;

/// Columns of text; wide enough for the longest command, narrow enough for a split screen.
const WIDTH: usize = 100;

/// Where an entry's text starts: behind number and verdict.
const INDENT: usize = 24;

/// Rows of a result that are shown.
const SHOWN_ROWS: usize = 4;

/// What became of one command.
#[derive(Debug)]
pub(crate) struct Entry<'a> {
    pub(crate) number: usize,
    pub(crate) command: &'a str,
    pub(crate) verdict: Verdict,
    /// Why, in one line: rules and reason codes.
    pub(crate) reason: String,
    /// What happened then: approval, execution, remedy.
    pub(crate) notes: Vec<String>,
    /// What came back, masked.
    pub(crate) result: Option<Table>,
}

/// Masked rows.
#[derive(Debug, Default)]
pub(crate) struct Table {
    pub(crate) columns: Vec<String>,
    pub(crate) rows: Vec<Vec<String>>,
}

/// Writes to standard output, with colour on a terminal that wants it.
pub(crate) struct Screen {
    out: io::Stdout,
    colour: bool,
}

impl Screen {
    pub(crate) fn new() -> Self {
        let plain = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        Self { out: io::stdout(), colour: io::stdout().is_terminal() && !plain }
    }

    /// One line as it stands.
    pub(crate) fn line(&mut self, text: &str) -> Result<(), Failure> {
        writeln!(self.out, "{text}").map_err(|error| files::cannot_write("standard output", &error))
    }

    /// A heading with a rule behind it.
    pub(crate) fn heading(&mut self, text: &str) -> Result<(), Failure> {
        let rule = "─".repeat(WIDTH.saturating_sub(text.chars().count() + 4));
        let line = self.paint("1", &format!("── {text} {rule}"));
        self.line(&format!("\n{line}"))
    }

    /// One command with what became of it.
    pub(crate) fn entry(&mut self, entry: &Entry<'_>) -> Result<(), Failure> {
        let word = entry.verdict.name().replace('_', " ");
        let verdict = self.paint(colour_of(entry.verdict), &format!("{word:<17}"));
        let command = visible(entry.command);
        let mut lines = wrap(&command, WIDTH - INDENT).into_iter();
        self.line(&format!("{:>4}  {verdict} {}", entry.number, lines.next().unwrap_or_default()))?;
        for line in lines {
            self.indented(&line)?;
        }
        for note in std::iter::once(&entry.reason).chain(&entry.notes) {
            for line in wrap(note, WIDTH - INDENT) {
                let line = self.paint("2", &line);
                self.indented(&line)?;
            }
        }
        entry.result.as_ref().map_or(Ok(()), |table| self.table(table))
    }

    fn indented(&mut self, text: &str) -> Result<(), Failure> {
        self.line(&format!("{:INDENT$}{text}", ""))
    }

    fn table(&mut self, table: &Table) -> Result<(), Failure> {
        let shown: Vec<&Vec<String>> = table.rows.iter().take(SHOWN_ROWS).collect();
        let widths: Vec<usize> = (0..table.columns.len())
            .map(|at| {
                let cells = shown.iter().filter_map(|row| row.get(at));
                cells.chain(table.columns.get(at)).map(|cell| cell.chars().count()).max()
            })
            .map(|width| width.unwrap_or_default().min(48))
            .collect();
        let draw = |cells: &[String]| {
            let cells = cells.iter().zip(&widths).map(|(cell, width)| pad(cell, *width));
            cells.collect::<Vec<_>>().join(" │ ")
        };
        let head = self.paint("4", &draw(&table.columns));
        self.indented(&head)?;
        for row in &shown {
            self.indented(&draw(row))?;
        }
        match table.rows.len().saturating_sub(shown.len()) {
            0 => Ok(()),
            more => self.indented(&format!("… and {more} more")),
        }
    }

    /// Text in a colour, where colour is wanted.
    pub(crate) fn paint(&self, code: &str, text: &str) -> String {
        if self.colour { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text.to_owned() }
    }
}

const fn colour_of(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Allow => "32",
        Verdict::Mask => "36",
        Verdict::Limit => "34",
        Verdict::RequireApproval => "33",
        Verdict::Deny => "31",
    }
}

/// Characters that a terminal would hide or act on, made visible.
fn visible(text: &str) -> String {
    let hidden = |c: char| c.is_control() || (c.is_whitespace() && c != ' ');
    text.chars()
        .flat_map(|c| if hidden(c) { c.escape_unicode().collect() } else { vec![c] })
        .collect()
}

fn pad(cell: &str, width: usize) -> String {
    let length = cell.chars().count();
    if length <= width {
        return format!("{cell}{}", " ".repeat(width - length));
    }
    cell.chars().take(width.saturating_sub(1)).chain(['…']).collect()
}

/// Lines of at most `width` characters, broken at blanks; a longer word is cut.
fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        let last = lines.last().map_or(0, |line| line.chars().count());
        let needed = word.chars().count() + usize::from(last > 0);
        if last > 0 && last + needed > width {
            lines.push(String::new());
        }
        if let Some(line) = lines.last_mut() {
            if !line.is_empty() {
                line.push(' ');
            }
            line.extend(word.chars().take(width));
        }
    }
    lines
}
