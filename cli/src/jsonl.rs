//! One JSON object a line in, one a line out; a line that cannot be read gets an answer too.

use std::io::{self, BufRead, Read, Write};

use placet::primitives::Span;
use serde::de::DeserializeOwned;
use serde::Serialize;
use serde_json::Value;

use crate::exit::Exit;
use crate::failure::Failure;
use crate::files;

/// Bytes of one line.
const MAX_LINE_BYTES: u64 = 16 * 1024 * 1024;

/// Answers every line of standard input with `answer`, which gets the `id` and the fields.
pub(crate) fn serve<Q, A, F>(mut answer: F) -> Result<Exit, Failure>
where
    Q: DeserializeOwned,
    A: Serialize,
    F: FnMut(Q) -> Result<A, Failure>,
{
    let mut input = io::BufReader::with_capacity(64 * 1024, io::stdin().lock());
    let mut output = io::BufWriter::new(io::stdout().lock());
    let mut line = Vec::new();
    loop {
        if input.buffer().is_empty() {
            // Answers leave before we wait for more: a caller may hold a conversation.
            output.flush().map_err(|error| files::cannot_write("standard output", &error))?;
        }
        line.clear();
        let read = (&mut input).take(MAX_LINE_BYTES).read_until(b'\n', &mut line);
        if read.map_err(|error| files::cannot_read("standard input", &error))? == 0 {
            output.flush().map_err(|error| files::cannot_write("standard output", &error))?;
            return Ok(Exit::Done);
        }
        let whole = line.pop_if(|byte| *byte == b'\n').is_some();
        let reply = if !whole && line.len() as u64 >= MAX_LINE_BYTES {
            skip_line(&mut input)?;
            Reply::Bad(Value::Null, too_long())
        } else {
            reply_to(&line, &mut answer)
        };
        write_reply(&mut output, &reply)?;
    }
}

/// The answer to a line.
enum Reply<A> {
    Good(Value, A),
    Bad(Value, Failure),
}

fn reply_to<Q, A, F>(line: &[u8], answer: &mut F) -> Reply<A>
where
    Q: DeserializeOwned,
    F: FnMut(Q) -> Result<A, Failure>,
{
    #[derive(serde::Deserialize)]
    struct Id {
        #[serde(default)]
        id: Value,
    }
    let id = serde_json::from_slice::<Id>(line).map_or(Value::Null, |line| line.id);
    let parsed = serde_json::from_slice::<Q>(line).map_err(|error| bad_line(line, &error));
    match parsed.and_then(answer) {
        Ok(good) => Reply::Good(id, good),
        Err(failure) => Reply::Bad(id, failure),
    }
}

fn write_reply<A: Serialize>(output: &mut impl Write, reply: &Reply<A>) -> Result<(), Failure> {
    #[derive(Serialize)]
    struct Good<'a, A> {
        id: &'a Value,
        #[serde(flatten)]
        answer: &'a A,
    }
    #[derive(Serialize)]
    struct Complaint<'a> {
        code: &'a str,
        message: &'a str,
        span: Option<Span>,
        help: &'a str,
    }
    #[derive(Serialize)]
    struct Bad<'a> {
        id: &'a Value,
        error: Complaint<'a>,
    }
    let bytes = match reply {
        Reply::Good(id, answer) => serde_json::to_vec(&Good { id, answer }),
        Reply::Bad(id, failure) => serde_json::to_vec(&Bad {
            id,
            error: Complaint {
                code: failure.code,
                message: &failure.message,
                span: failure.span,
                help: &failure.help,
            },
        }),
    };
    let mut bytes = bytes.map_err(|error| {
        Failure::new("API009", format!("an answer cannot be written as JSON: {error}"), "report it")
    })?;
    bytes.push(b'\n');
    output.write_all(&bytes).map_err(|error| files::cannot_write("standard output", &error))
}

/// Says where a line breaks, never what stands there: it may hold a secret.
fn bad_line(line: &[u8], error: &serde_json::Error) -> Failure {
    let at = error.column().saturating_sub(1).min(line.len());
    let (code, help) = match error.classify() {
        serde_json::error::Category::Syntax | serde_json::error::Category::Eof => {
            ("API001", "write one JSON object on each line")
        }
        serde_json::error::Category::Data | serde_json::error::Category::Io => {
            ("API002", "see docs/spec/cli.md for the keys of this command and their types")
        }
    };
    let message = match error.classify() {
        serde_json::error::Category::Data => shape_of(error),
        serde_json::error::Category::Syntax
        | serde_json::error::Category::Eof
        | serde_json::error::Category::Io => "the line is not a JSON object".to_owned(),
    };
    let end = (at + 1).min(line.len());
    Failure::new(code, message, help).at(Some(Span::from_offsets(at.min(end), end)))
}

/// The parser's words for a missing, unknown or doubled key name keys; its words for a wrong type
/// quote the value, so those are replaced.
fn shape_of(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let known = ["missing field `", "duplicate field `"];
    match known.iter().find(|start| text.starts_with(**start)) {
        Some(_) => {
            let cut = text.rfind(" at line").unwrap_or(text.len());
            text.get(..cut).unwrap_or_default().replace("field", "key")
        }
        None => "a key is not known here, or its value has the wrong type".to_owned(),
    }
}

fn too_long() -> Failure {
    Failure::new(
        "LIM001",
        format!("the line is longer than {MAX_LINE_BYTES} bytes"),
        "send longer texts through `placet mask`, which streams",
    )
}

fn skip_line(input: &mut impl BufRead) -> Result<(), Failure> {
    loop {
        let mut rest = Vec::new();
        let read = input.take(64 * 1024).read_until(b'\n', &mut rest);
        let read = read.map_err(|error| files::cannot_read("standard input", &error))?;
        if read == 0 || rest.last() == Some(&b'\n') {
            return Ok(());
        }
    }
}
