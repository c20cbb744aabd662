//! Opening a log that stands there: verify, keep what its writer had handed over, drop the rest.

use std::fs;
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::Path;

use placet::audit::segment::segment_name;
use placet::audit::tail::TAIL_BYTES;
use placet::audit::{AuditError, Cause, Mended, Recovered, State, Tail, TailKey};
use placet::crypto::{Hasher, NamedSigningKey};

use crate::files::{private, read_regular, sync_dir};
use crate::log::cannot;
use crate::read::{TAIL_FILE, list_segments, verify_segments};

/// What an opened directory holds.
pub(crate) enum Found {
    Nothing(Option<Mended>),
    Log(Recovered, Option<Mended>),
}

/// Verifies what is there, keeps what was acknowledged, and drops an end that was not.
pub(crate) fn recover(
    dir: &Path,
    root: &NamedSigningKey,
    writer: &str,
) -> Result<Found, AuditError> {
    let listed = list_segments(dir).map_err(cannot)?;
    if let Some(name) = listed.misnamed.first() {
        let name = name.display();
        return Err(AuditError::Tampered(Cause(format!("`{name}` is no segment"))));
    }
    if listed.segments.is_empty() {
        return Ok(Found::Nothing(None));
    }
    // A mark that cannot be read is none: then only what is signed counts.
    let tail = read_regular(&dir.join(TAIL_FILE), TAIL_BYTES as u64).ok();
    let tail = tail.and_then(|bytes| Tail::parse(&bytes));
    let key = root.verifying_key();
    let verified = verify_segments(dir, &listed.segments, key, tail, writer).map_err(cannot)?;
    let proven_size = verified.report.proven_size;
    let kept = verified.tail.zip(tail).and_then(|((log, last), tail)| {
        let key = TailKey::new(root, log.origin(), log.epoch());
        key.left(&tail, &last).then_some(log)
    });
    let kept_leaves = kept.as_ref().map_or(0, |log| log.size().saturating_sub(proven_size));
    let report = verified.report;
    let (log, keep, keep_bytes) = match kept.or(verified.recovered) {
        Some(log) => {
            let prefix = format!("{}/{writer}/", root.name());
            if report.origin.as_ref().is_none_or(|origin| !origin.starts_with(&prefix)) {
                return Err(AuditError::Tampered(Cause("the log of another writer".to_owned())));
            }
            let (first, bytes) = (log.segment_first(), log.segment_bytes());
            (Some(log), first, bytes)
        }
        // A crash before the first checkpoint was whole: nothing was ever acknowledged.
        None if report.proven_size == 0 && report.state <= State::TornTail => (None, 0, 0),
        None => return Err(AuditError::Tampered(Cause(report.detail))),
    };
    let mut hasher = Hasher::new();
    let mut bytes = 0u64;
    for first in listed.segments.iter().copied().filter(|first| *first >= keep) {
        let from = if first == keep { keep_bytes } else { 0 };
        bytes = bytes.saturating_add(drop_tail(dir, first, from, &mut hasher).map_err(cannot)?);
    }
    sync_dir(dir).map_err(cannot)?;
    let mended = (bytes > 0 || kept_leaves > 0).then(|| Mended {
        kept_leaves,
        discarded_bytes: bytes,
        sha256: hasher.finish(),
    });
    let Some(log) = log else { return Ok(Found::Nothing(mended)) };
    if let Some((first, seal)) = log.missing_seal() {
        let mut before =
            private().append(true).open(dir.join(segment_name(first))).map_err(cannot)?;
        before.write_all(&seal).and_then(|()| before.sync_all()).map_err(cannot)?;
    }
    Ok(Found::Log(log, mended))
}

/// Cuts a segment after `keep` bytes, or removes it where that is nothing; hashes what goes.
fn drop_tail(dir: &Path, first: u64, keep: u64, hasher: &mut Hasher) -> io::Result<u64> {
    let path = dir.join(segment_name(first));
    let mut file = fs::OpenOptions::new().read(true).write(true).open(&path)?;
    file.seek(SeekFrom::Start(keep))?;
    let mut dropped = 0u64;
    let mut chunk = vec![0; 64 * 1024];
    loop {
        let read = file.read(&mut chunk)?;
        if read == 0 {
            break;
        }
        hasher.update(chunk.get(..read).unwrap_or_default());
        dropped = dropped.saturating_add(read as u64);
    }
    if keep == 0 {
        fs::remove_file(&path)?;
    } else if dropped > 0 {
        file.set_len(keep)?;
        file.sync_all()?;
    }
    Ok(dropped)
}
