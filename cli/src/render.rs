//! Complaints and tables, as people read them.

use std::io::{self, Write};

use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet};
use placet::policy::{CompileError, Source};
use placet::primitives::Span;

use crate::failure::Failure;

/// Writes a complaint to standard error: code, message, place, help.
pub(crate) fn failure(failure: &Failure) {
    let mut text = format!("error[{}]: {}\n", failure.code, plain(&failure.message));
    if let Some(file) = &failure.file {
        text.push_str(&format!(" --> {}\n", plain(file)));
    }
    if !failure.help.is_empty() {
        text.push_str(&format!("help: {}\n", plain(&failure.help)));
    }
    // A closed standard error leaves nobody to tell.
    let _ = io::stderr().write_all(text.as_bytes());
}

/// A text from outside in one line of a terminal: no control character moves a cursor, no direction
/// mark turns letters around, and a megabyte does not bury what stands before it.
pub(crate) fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len().min(MAX_SHOWN_CHARS));
    for (count, c) in text.chars().enumerate() {
        if count >= MAX_SHOWN_CHARS {
            out.push('…');
            break;
        }
        let hidden = matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{ad}' | '\u{61c}');
        if c.is_control() || hidden {
            out.extend(c.escape_default());
        } else {
            out.push(c);
        }
    }
    out
}

/// Characters of one text from outside in a message.
const MAX_SHOWN_CHARS: usize = 600;

/// Problems that are shown one by one; further ones are counted.
pub(crate) const MAX_SHOWN_PROBLEMS: usize = 200;

/// Bytes of source lines that stand under a message.
const MAX_SHOWN_SOURCE: usize = 2000;

/// Writes a value to standard output as indented JSON.
pub(crate) fn json(value: &impl serde::Serialize) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    serde_json::to_writer_pretty(&mut out, value)
        .map_err(io::Error::from)
        .and_then(|()| out.write_all(b"\n"))
        .map_err(|error| crate::files::cannot_write("standard output", &error))
}

/// Writes one line to standard output.
pub(crate) fn line(text: &str) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())
        .and_then(|()| out.write_all(b"\n"))
        .map_err(|error| crate::files::cannot_write("standard output", &error))
}

/// Writes one line to standard error, beside the answer.
pub(crate) fn aside(text: &str) {
    // A closed standard error leaves nobody to tell.
    let _ = io::stderr().write_all(format!("{}\n", plain(text)).as_bytes());
}

/// Writes every problem of a bundle to standard error, with the bytes that it speaks of.
pub(crate) fn problems(source: &Source, problems: &[CompileError]) {
    let mut text = String::new();
    for problem in problems.iter().take(MAX_SHOWN_PROBLEMS) {
        let title = format!("[{}]: {problem}", problem.code());
        let place = Place { file: problem.file(), span: problem.span() };
        text.push_str(&snippet("error", &title, &place, source, problem.help()));
    }
    if let Some(more) = problems.len().checked_sub(MAX_SHOWN_PROBLEMS).filter(|more| *more > 0) {
        text.push_str(&format!("and {more} more\n\n"));
    }
    // A closed standard error leaves nobody to tell.
    let _ = io::stderr().write_all(text.as_bytes());
}

/// Where something stands in a bundle.
pub(crate) struct Place<'a> {
    pub(crate) file: &'a str,
    pub(crate) span: Option<Span>,
}

/// A message with the lines that it speaks of.
pub(crate) fn snippet(
    level: &'static str,
    title: &str,
    place: &Place<'_>,
    source: &Source,
    help: &str,
) -> String {
    let text = source.get(place.file).unwrap_or_default();
    let base = if level == "error" { Level::ERROR } else { Level::WARNING };
    // The code stands inside the level's word: `error[POL012]: unknown fact`.
    let (code, message) = title.split_once("]: ").unwrap_or(("", title));
    let (code, message) = (code.trim_start_matches('['), plain(message));
    let (file, help) = (plain(place.file), plain(help));
    let title = base.primary_title(message).id(code);
    let lines = place.span.and_then(|span| Lines::around(text, span));
    let group = match &lines {
        Some(lines) => title.element(
            Snippet::source(lines.text)
                .line_start(lines.first)
                .path(&file)
                .annotation(AnnotationKind::Primary.span(lines.start..lines.end)),
        ),
        None => title.element(Origin::path(&file)),
    };
    let mut report = vec![group];
    if !help.is_empty() {
        report.push(Group::with_title(Level::HELP.secondary_title(help)));
    }
    format!("{}\n\n", Renderer::plain().render(&report))
}

/// The whole lines that a span stands in: a renderer that is given more looks at all of it.
struct Lines<'a> {
    text: &'a str,
    /// The number of the first line, from 1.
    first: usize,
    start: usize,
    end: usize,
}

impl<'a> Lines<'a> {
    /// `None` for a span outside of the text, and for lines too long to be read.
    fn around(text: &'a str, span: Span) -> Option<Self> {
        let (before, after) = (text.get(..span.start())?, text.get(span.end()..)?);
        let from = before.rfind('\n').map_or(0, |at| at + 1);
        let to = span.end() + after.find('\n').unwrap_or(after.len());
        let lines = text.get(from..to).filter(|lines| lines.len() <= MAX_SHOWN_SOURCE)?;
        let first = before.bytes().filter(|byte| *byte == b'\n').count() + 1;
        Some(Self { text: lines, first, start: span.start() - from, end: span.end() - from })
    }
}

/// Writes text to standard output as it stands.
pub(crate) fn text(text: &str) -> Result<(), Failure> {
    bytes(text.as_bytes())
}

/// Writes bytes to standard output as they stand.
pub(crate) fn bytes(bytes: &[u8]) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    out.write_all(bytes)
        .and_then(|()| out.flush())
        .map_err(|error| crate::files::cannot_write("standard output", &error))
}
