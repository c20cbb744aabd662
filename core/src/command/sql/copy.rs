//! The shape of the rows that a `COPY … TO STDOUT` sends.

use sqlparser::ast::{self, CopyOption, CopyTarget};

use super::read;
use crate::command::Dialect;
use crate::schema::SqlSession;

/// How rows are written: one line a row, fields apart by a delimiter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CopyShape {
    /// The byte between fields.
    pub delimiter: u8,
    /// What a field that is null is written as.
    pub null: Vec<u8>,
    /// Quotes, for CSV; without them the text format with its backslashes.
    pub csv: Option<CsvShape>,
}

/// What CSV has beside the delimiter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CsvShape {
    /// The byte around a field, doubled inside one.
    pub quote: u8,
    /// Whether the first line holds the names.
    pub header: bool,
}

/// The shape of the rows of a command that is one `COPY … TO STDOUT` in text or CSV; `None` for
/// everything else and for every option that is not known.
///
/// # Examples
/// ```
/// use placet::command::{Dialect, sql::copy_shape};
/// use placet::schema::SqlSession;
/// let shape = |text: &str| {
///     copy_shape(text.as_bytes(), Dialect::Postgres, &SqlSession::server_defaults())
/// };
/// assert_eq!(shape("COPY t TO STDOUT").unwrap().delimiter, b'\t');
/// assert!(shape("COPY t TO STDOUT (FORMAT csv, HEADER)").unwrap().csv.unwrap().header);
/// assert_eq!(shape("COPY t TO STDOUT (FORMAT binary)"), None);
/// assert_eq!(shape("SELECT 1"), None);
/// ```
#[must_use]
pub fn copy_shape(bytes: &[u8], dialect: Dialect, session: &SqlSession) -> Option<CopyShape> {
    read(bytes, dialect, session, |reading| {
        let reading = reading.ok()?;
        let [statement] = reading.statements.as_slice() else { return None };
        let Some(ast::Statement::Copy {
            source: _,
            to: true,
            target: CopyTarget::Stdout,
            options,
            legacy_options,
            values: _,
        }) = statement.tree
        else {
            return None;
        };
        // The old spelling has its own rules for what follows what.
        if !legacy_options.is_empty() {
            return None;
        }
        shape_of(options)
    })
}

fn shape_of(options: &[CopyOption]) -> Option<CopyShape> {
    let byte = |c: char| u8::try_from(c).ok().filter(u8::is_ascii);
    let (mut csv, mut header) = (false, false);
    let (mut delimiter, mut quote, mut escape, mut null) = (None, None, None, None);
    for option in options {
        match option {
            CopyOption::Format(name) => {
                csv = match name.value.to_ascii_lowercase().as_str() {
                    "csv" => true,
                    "text" => false,
                    _ => return None,
                };
            }
            CopyOption::Delimiter(c) => delimiter = Some(byte(*c)?),
            CopyOption::Quote(c) => quote = Some(byte(*c)?),
            CopyOption::Escape(c) => escape = Some(byte(*c)?),
            CopyOption::Null(text) => null = Some(text.clone().into_bytes()),
            CopyOption::Header(on) => header = *on,
            CopyOption::ForceQuote(_) => {}
            CopyOption::Freeze(_)
            | CopyOption::ForceNotNull(_)
            | CopyOption::ForceNull(_)
            | CopyOption::Encoding(_) => return None,
        }
    }
    if csv {
        let quote = quote.unwrap_or(b'"');
        if escape.is_some_and(|escape| escape != quote) {
            return None;
        }
        let csv = CsvShape { quote, header };
        let delimiter = delimiter.unwrap_or(b',');
        return Some(CopyShape { delimiter, null: null.unwrap_or_default(), csv: Some(csv) });
    }
    // A header of the text format came with PostgreSQL 15; quotes belong to CSV.
    if header || quote.is_some() || escape.is_some() {
        return None;
    }
    let null = null.unwrap_or_else(|| b"\\N".to_vec());
    Some(CopyShape { delimiter: delimiter.unwrap_or(b'\t'), null, csv: None })
}
