//! One JSON object a line in, one a line out; a line that cannot be read gets an answer too.

use std::io::{self, BufRead, Read, Write};

use placet::crypto::json::{self, JsonError};
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
    // The strict reader first: an object that holds one key twice is two questions in one.
    let object = match json::parse_strict(line) {
        Ok(object @ Value::Object(_)) => object,
        Ok(_) => return Reply::Bad(Value::Null, not_an_object()),
        Err(error) => return Reply::Bad(Value::Null, bad_json(&error)),
    };
    let id = object.get("id").cloned().unwrap_or(Value::Null);
    let question = serde_json::from_value::<Q>(object).map_err(|error| bad_shape(&error));
    match question.and_then(answer) {
        Ok(good) => Reply::Good(id, good),
        Err(failure) => Reply::Bad(id, failure),
    }
}

/// The one object that is the whole input.
pub(crate) fn one<Q: DeserializeOwned>(bytes: &[u8]) -> Result<Q, Failure> {
    let object = json::parse_strict(bytes).map_err(|error| bad_json(&error))?;
    serde_json::from_value(object).map_err(|error| bad_shape(&error))
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

const ONE_OBJECT: &str = "write one JSON object on each line";

fn not_an_object() -> Failure {
    Failure::new("API001", "the line is not a JSON object", ONE_OBJECT)
}

fn bad_json(error: &JsonError) -> Failure {
    // `API115`: not JSON at all.
    let help = if error.code() == "API115" { ONE_OBJECT } else { error.help() };
    Failure::new(error.code(), error.to_string(), help).at(error.span())
}

/// The parser's words for a missing or doubled key name that key; its words for a wrong type quote
/// the value, which may be a secret, so those are replaced.
fn bad_shape(error: &serde_json::Error) -> Failure {
    let text = error.to_string();
    let message = if text.starts_with("missing field `") {
        text.replace("field", "key")
    } else {
        "a key is not known here, or its value has the wrong type".to_owned()
    };
    Failure::new("API002", message, "see docs/spec/cli.md for the keys of this command")
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
