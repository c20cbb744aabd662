//! `placet mask`: mask sensitive values in a stream.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::Path;

use placet::mask::shape::{csv::CsvMasker, json::JsonMasker, yaml::YamlMasker};
use placet::mask::{self, Detectors, Finding, MaskError, Masker, Operators};
use serde::{Deserialize, Serialize};

use crate::args::{self, Format};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::{bundles, files, jsonl, render};

/// Bytes of one read.
const CHUNK_BYTES: usize = 64 * 1024;

/// A line of `mask --jsonl`; `id` is read by the loop.
#[derive(Deserialize)]
struct Line {
    text: String,
}

#[derive(Serialize)]
struct Answer {
    text: String,
    findings: Vec<Finding>,
}

/// Runs the command.
pub(crate) fn run(args: &args::Mask) -> Result<Exit, Failure> {
    let detectors = Detectors::builtin();
    let operators = match &args.bundle {
        Some(bundle) => bundles::operators(bundle, args.root.as_deref())?,
        None => Operators::redact_all(),
    };
    if args.jsonl {
        return jsonl::serve(|line: Line| one(&detectors, &operators, &line.text));
    }
    let mut found = 0;
    let mut each = |name: &str, source: &mut dyn Read| -> Result<(), Failure> {
        let stream = Stream::new(args.format, &detectors, &operators);
        let findings = copy(stream, name, source, !args.check)?;
        found += findings.len();
        if args.check { report(name, &findings) } else { Ok(()) }
    };
    if args.paths.is_empty() {
        each("-", &mut io::stdin().lock())?;
    }
    for path in &args.paths {
        let name = path.display().to_string();
        if path == Path::new("-") {
            each(&name, &mut io::stdin().lock())?;
        } else {
            let mut file = File::open(path).map_err(|error| files::cannot_read(&name, &error))?;
            each(&name, &mut file)?;
        }
    }
    Ok(if args.check && found > 0 { Exit::No } else { Exit::Done })
}

fn one(detectors: &Detectors, operators: &Operators, text: &str) -> Result<Answer, Failure> {
    let masked = mask::text(detectors, operators, text.as_bytes())?;
    // Matches begin and end at ASCII bytes, so that masked text stays text.
    let text = String::from_utf8_lossy(&masked.bytes).into_owned();
    Ok(Answer { text, findings: masked.findings })
}

/// A masker for one shape.
enum Stream {
    Text(Masker),
    Json(JsonMasker),
    Csv(CsvMasker),
    Yaml(YamlMasker),
}

impl Stream {
    fn new(format: Format, detectors: &Detectors, operators: &Operators) -> Self {
        let (detectors, operators) = (*detectors, operators.clone());
        match format {
            Format::Text => Self::Text(Masker::new(detectors, operators)),
            Format::Yaml => Self::Yaml(YamlMasker::new(detectors, operators)),
            Format::Json => Self::Json(JsonMasker::new(detectors, operators)),
            Format::Csv => Self::Csv(CsvMasker::new(detectors, operators)),
        }
    }

    fn push(&mut self, chunk: &[u8]) -> Result<Vec<u8>, MaskError> {
        match self {
            Self::Text(masker) => masker.push(chunk),
            Self::Json(masker) => masker.push(chunk),
            Self::Csv(masker) => masker.push(chunk),
            Self::Yaml(masker) => masker.push(chunk),
        }
    }

    fn finish(&mut self) -> Result<Vec<u8>, MaskError> {
        match self {
            Self::Text(masker) => masker.finish(),
            Self::Json(masker) => masker.finish(),
            Self::Csv(masker) => masker.finish(),
            Self::Yaml(masker) => masker.finish(),
        }
    }

    fn take_findings(&mut self) -> Vec<Finding> {
        match self {
            Self::Text(masker) => masker.take_findings(),
            Self::Json(masker) => masker.take_findings(),
            Self::Csv(masker) => masker.take_findings(),
            Self::Yaml(masker) => masker.take_findings(),
        }
    }
}

/// Streams one source through a masker to standard output; nothing is written with `write` off.
fn copy(
    mut stream: Stream,
    name: &str,
    source: &mut dyn Read,
    write: bool,
) -> Result<Vec<Finding>, Failure> {
    let mut out = io::stdout().lock();
    let mut emit = |bytes: &[u8]| -> Result<(), Failure> {
        if write {
            out.write_all(bytes).map_err(|error| files::cannot_write("standard output", &error))?;
        }
        Ok(())
    };
    let mut chunk = vec![0; CHUNK_BYTES];
    let mut findings = Vec::new();
    loop {
        let read = match source.read(&mut chunk) {
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(files::cannot_read(name, &error)),
        };
        if read == 0 {
            break;
        }
        let bytes = chunk.get(..read).unwrap_or_default();
        emit(&stream.push(bytes)?)?;
        findings.append(&mut stream.take_findings());
        if write {
            findings.clear();
        }
    }
    emit(&stream.finish()?)?;
    findings.append(&mut stream.take_findings());
    out.flush().map_err(|error| files::cannot_write("standard output", &error))?;
    Ok(findings)
}

fn report(name: &str, findings: &[Finding]) -> Result<(), Failure> {
    findings.iter().try_for_each(|finding| {
        let (start, end) = (finding.start, finding.end);
        render::line(&render::plain(&format!("{name}:{start}-{end}: {}", finding.kind.name())))
    })
}
