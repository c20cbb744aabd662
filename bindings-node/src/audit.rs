//! Logs: verified and read.

use std::ops::ControlFlow;
use std::path::Path;

use napi_derive::napi;
use placet::audit::Checkpoint;
use placet_store::{VerifyOptions, keys};
use serde_json::Value;

use crate::failure::Failure;
use crate::input::{json, timestamp};

/// Verifies a log; `key` is a file or the key itself, `checkpoint` a signed note that was kept,
/// `now` the time to judge silence by. Returns the report as JSON, with `exit_code`.
///
/// # Errors
/// `API` codes where key or files cannot be read. What is wrong in the log is in the report.
#[napi(catch_unwind)]
pub fn verify_log(
    dir: String,
    key: String,
    checkpoint: Option<&[u8]>,
    now: Option<String>,
) -> napi::Result<String> {
    let key = keys::read_verifying_key(&key).map_err(Failure::from)?;
    let earlier = checkpoint.map(|note| {
        Checkpoint::from_trusted_note(note).ok_or_else(|| {
            Failure::new("API017", "no checkpoint", "give a signed note of this log")
        })
    });
    let options = VerifyOptions {
        earlier: earlier.transpose()?,
        now: now.as_deref().map(timestamp).transpose()?,
    };
    let report = placet_store::verify(Path::new(&dir), &key, &options).map_err(Failure::from)?;
    let mut value = serde_json::to_value(&report).unwrap_or_default();
    if let Value::Object(map) = &mut value {
        map.insert("exit_code".to_owned(), report.state.exit_code().into());
    }
    json(&value)
}

/// The last checkpoint of one writer's log; null where there is none.
///
/// # Errors
/// `API131`.
#[napi(catch_unwind)]
pub fn last_checkpoint(writer_dir: String) -> napi::Result<Option<String>> {
    let note = placet_store::last_checkpoint(Path::new(&writer_dir)).map_err(Failure::from)?;
    Ok(note.map(|note| String::from_utf8_lossy(&note).into_owned()))
}

/// The events of a log in the order of its files, unverified: JSON lines.
///
/// # Errors
/// `API131`.
#[napi(catch_unwind)]
pub fn read_log(dir: String) -> napi::Result<Vec<String>> {
    let mut lines = Vec::new();
    placet_store::for_each_leaf(Path::new(&dir), |_, line| {
        lines.push(String::from_utf8_lossy(line).into_owned());
        ControlFlow::Continue(())
    })
    .map_err(Failure::from)?;
    Ok(lines)
}

/// The proof that a leaf stands in the log of one writer, as text.
///
/// # Errors
/// `API136`.
#[napi(catch_unwind)]
pub fn prove(writer_dir: String, index: u32) -> napi::Result<String> {
    let proof =
        placet_store::prove(Path::new(&writer_dir), u64::from(index)).map_err(Failure::from)?;
    Ok(proof.to_text())
}
