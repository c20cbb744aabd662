//! Complaints and tables, as people read them.

use std::io::{self, Write};

use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet};
use placet::policy::{CompileError, Source};
use placet::primitives::Span;

use crate::failure::Failure;

/// Writes a complaint to standard error: code, message, place, help.
pub(crate) fn failure(failure: &Failure) {
    let mut text = format!("error[{}]: {}\n", failure.code, failure.message);
    if let Some(file) = &failure.file {
        text.push_str(&format!(" --> {file}\n"));
    }
    if !failure.help.is_empty() {
        text.push_str(&format!("help: {}\n", failure.help));
    }
    // A closed standard error leaves nobody to tell.
    let _ = io::stderr().write_all(text.as_bytes());
}

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

/// Writes every problem of a bundle to standard error, with the bytes that it speaks of.
pub(crate) fn problems(source: &Source, problems: &[CompileError]) {
    let mut text = String::new();
    for problem in problems {
        let title = format!("[{}]: {problem}", problem.code());
        let place = Place { file: problem.file(), span: problem.span() };
        text.push_str(&snippet("error", &title, &place, source, problem.help()));
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
    let code = code.trim_start_matches('[');
    let title = base.primary_title(message).id(code);
    let span = place.span.filter(|span| span.end() <= text.len());
    let group = match span {
        Some(span) => title.element(
            Snippet::source(text)
                .path(place.file)
                .annotation(AnnotationKind::Primary.span(span.start()..span.end())),
        ),
        None => title.element(Origin::path(place.file)),
    };
    let mut report = vec![group];
    if !help.is_empty() {
        report.push(Group::with_title(Level::HELP.secondary_title(help)));
    }
    format!("{}\n\n", Renderer::plain().render(&report))
}

/// Writes text to standard output as it stands.
pub(crate) fn text(text: &str) -> Result<(), Failure> {
    io::stdout()
        .write_all(text.as_bytes())
        .map_err(|error| crate::files::cannot_write("standard output", &error))
}
