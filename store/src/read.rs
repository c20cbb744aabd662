//! Reading logs: every writer's segments into the verifier, leaves for other readers, proofs.

use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::io::{self, Read as _};
use std::ops::ControlFlow;
use std::path::Path;

use placet::approval::escape;
use placet::audit::proof::InclusionProof;
use placet::audit::segment::{
    FRAME_HEADER_BYTES, Frame, FrameKind, parse_segment_name, read_frame, segment_name,
};
use placet::audit::{
    Checkpoint, Class, Leaf, LogVerifier, Report, State, Tail, Verified, WriterReport, tree,
};
use placet::crypto::NamedVerifyingKey;
use placet::primitives::Timestamp;

use crate::error::StoreError;

/// The mark behind what was handed over and is not signed yet, in a writer's directory.
pub(crate) const TAIL_FILE: &str = "tail";

/// Bytes read at a time.
const CHUNK_BYTES: usize = 256 * 1024;

/// What a verification compares with beside the key.
#[derive(Clone, Debug, Default)]
pub struct VerifyOptions {
    /// A checkpoint that the caller kept in a safe place: shows forks and rollbacks.
    pub earlier: Option<Checkpoint>,
    /// The time now: shows logs that fell silent.
    pub now: Option<Timestamp>,
}

/// Verifies a directory of writers, or the directory of one writer.
///
/// Every writer must be certified by `key`; the worst state wins. A directory without any log is
/// STALE. With an earlier checkpoint, a log that is not there is ROLLED_BACK.
///
/// # Errors
/// [`StoreError::File`] only where files cannot be read: what is in them is never an error.
pub fn verify(
    dir: &Path,
    key: &NamedVerifyingKey,
    options: &VerifyOptions,
) -> Result<Report, StoreError> {
    judge(dir, key, options).map_err(|error| StoreError::file(dir, error))
}

fn judge(dir: &Path, key: &NamedVerifyingKey, options: &VerifyOptions) -> io::Result<Report> {
    let mut notes = Vec::new();
    let mut writers = Vec::new();
    let here = list_segments(dir)?;
    let below = logs_below(dir, &here)?;
    if here.is_writer() {
        let path = dir.canonicalize()?;
        let name = path.file_name().unwrap_or_default();
        let mut report = judge_writer(dir, name, &here, key, options)?;
        // Whoever was handed one directory may have renamed it; another writer's log may stand in it.
        let named = format!("{}/{}/", key.name(), name.to_string_lossy());
        if let Some(origin) = report.origin.as_ref().filter(|origin| !origin.starts_with(&named)) {
            let name = shown(name);
            report.notes.push(format!("the directory `{name}` holds the log `{origin}`"));
        }
        // Segments beside the directories of writers would hide these from whoever reads the report.
        if here.holds_log() && !below.is_empty() && report.state < State::Tampered {
            "segments stand beside the directories of writers".clone_into(&mut report.detail);
            (report.state, report.class) = (State::Tampered, Some(Class::Insert));
            report.index = Some(0);
        }
        writers.push(report);
    } else {
        let foreign = here.foreign.iter().map(|name| shown(name));
        notes.extend(foreign.map(|name| format!("`{name}` is no part of a log")));
    }
    for (name, listed) in below {
        let mut report = judge_writer(&dir.join(&name), &name, &listed, key, options)?;
        let expected = name.to_str().map(|name| format!("{}/{name}/", key.name()));
        if let Some(origin) = &report.origin
            && expected.is_none_or(|expected| !origin.starts_with(&expected))
            && report.state < State::Tampered
        {
            report.detail = format!("the directory holds the log `{origin}`");
            (report.state, report.class) = (State::Tampered, Some(Class::Splice));
            report.index = Some(0);
        }
        writers.push(report);
    }
    two_histories(&mut writers);
    if let Some(earlier) = &options.earlier
        && !writers.iter().any(|w| w.origin.as_deref() == Some(earlier.origin.as_str()))
    {
        writers.push(missing(earlier));
    }
    Ok(Report::of(key.to_string(), writers, notes))
}

/// Two directories with one origin are two histories, or a copy that passes for a second writer.
fn two_histories(writers: &mut [WriterReport]) {
    let origins: Vec<_> = writers.iter().filter_map(|writer| writer.origin.clone()).collect();
    for writer in writers {
        let origin = writer.origin.as_ref();
        if origins.iter().filter(|other| Some(*other) == origin).count() > 1
            && writer.state < State::Forked
        {
            (writer.state, writer.class, writer.index) = (State::Forked, Some(Class::Fork), None);
            writer.detail = "the same log stands in two directories".to_owned();
        }
    }
}

fn missing(earlier: &Checkpoint) -> WriterReport {
    WriterReport {
        writer: earlier.origin.to_string(),
        origin: Some(earlier.origin.to_string()),
        state: State::RolledBack,
        class: Some(Class::Rollback),
        index: Some(0),
        index_end: None,
        proven_size: 0,
        proven_time: None,
        unsigned_bytes: 0,
        epochs: 0,
        detail: format!("the log of the earlier checkpoint ({} leaves) is gone", earlier.size),
        notes: Vec::new(),
    }
}

/// The directories of writers below: all directories, or inside of a writer's own directory those
/// that hold a log all the same.
fn logs_below(dir: &Path, here: &Listed) -> io::Result<Vec<(OsString, Listed)>> {
    let mut below = Vec::new();
    for name in &here.directories {
        let listed = list_segments(&dir.join(name))?;
        if !here.is_writer() || listed.holds_log() {
            below.push((name.clone(), listed));
        }
    }
    Ok(below)
}

/// A name for a report: nothing in it moves a cursor or looks like another name.
fn shown(name: &OsStr) -> String {
    escape(name.as_encoded_bytes()).replace('\n', "")
}

fn judge_writer(
    dir: &Path,
    name: &OsStr,
    listed: &Listed,
    key: &NamedVerifyingKey,
    options: &VerifyOptions,
) -> io::Result<WriterReport> {
    let (segments, now) = (&listed.segments, options.now);
    let earlier = options.earlier.clone().filter(|earlier| {
        first_origin(dir, segments).is_some_and(|origin| origin == earlier.origin.as_str())
    });
    let mut verifier = LogVerifier::new(key.clone(), earlier);
    feed(&mut verifier, dir, segments)?;
    let mut report = verifier.finish(&shown(name), now).report;
    let foreign = listed.foreign.iter().chain(&listed.directories).map(|name| shown(name));
    report.notes.extend(foreign.map(|name| format!("`{name}` is no part of the log")));
    if let Some(name) = listed.misnamed.first()
        && report.state < State::Tampered
    {
        report.detail = format!("`{}` is no segment: its name, or no regular file", shown(name));
        (report.state, report.class) = (State::Tampered, Some(Class::Insert));
        report.index = Some(report.proven_size);
    }
    Ok(report)
}

/// The log that the first leaf names.
fn first_origin(dir: &Path, segments: &[u64]) -> Option<String> {
    let file = File::open(dir.join(segment_name(*segments.first()?))).ok()?;
    let mut head = Vec::new();
    file.take(128 * 1024).read_to_end(&mut head).ok()?;
    match read_frame(&head) {
        Frame::Whole { kind: FrameKind::Leaf, payload } => {
            Leaf::parse(payload).map(|leaf| leaf.log.to_owned())
        }
        Frame::Whole { .. } | Frame::Cut | Frame::Bad { .. } => None,
    }
}

/// The names in a directory, sorted.
#[derive(Debug, Default)]
pub(crate) struct Listed {
    /// First indexes of the segments.
    pub(crate) segments: Vec<u64>,
    /// Names that start like a segment's and are none, and what is no regular file.
    pub(crate) misnamed: Vec<OsString>,
    locked: bool,
    foreign: Vec<OsString>,
    directories: Vec<OsString>,
}

impl Listed {
    const fn is_writer(&self) -> bool {
        self.holds_log() || self.locked
    }

    const fn holds_log(&self) -> bool {
        !self.segments.is_empty() || !self.misnamed.is_empty()
    }
}

pub(crate) fn list_segments(dir: &Path) -> io::Result<Listed> {
    let mut listed = Listed::default();
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        let name = entry.file_name();
        // Follows links, so that a link to a directory is judged like one. A segment that is a
        // device or a pipe would never end, and one that is not there could not be read.
        let meta = fs::metadata(entry.path()).ok();
        let is_file = meta.as_ref().is_some_and(fs::Metadata::is_file);
        let is_dir = meta.is_some_and(|meta| meta.is_dir());
        match name.to_str().and_then(parse_segment_name) {
            Some(first) if is_file => listed.segments.push(first),
            Some(_) => listed.misnamed.push(name),
            None if name.as_encoded_bytes().starts_with(b"seg-") => listed.misnamed.push(name),
            None if name == "lock" && !is_dir => listed.locked = true,
            None if name == TAIL_FILE && is_file => {}
            None if is_dir => listed.directories.push(name),
            None => listed.foreign.push(name),
        }
    }
    listed.segments.sort_unstable();
    listed.misnamed.sort();
    listed.foreign.sort();
    listed.directories.sort();
    Ok(listed)
}

/// Verifies the segments for a writer, who goes on behind `tail` if the mark is its own.
pub(crate) fn verify_segments(
    dir: &Path,
    segments: &[u64],
    key: NamedVerifyingKey,
    tail: Option<Tail>,
    name: &str,
) -> io::Result<Verified> {
    let mut verifier = LogVerifier::new(key, None);
    if let Some(tail) = tail {
        verifier = verifier.with_tail(tail.size());
    }
    feed(&mut verifier, dir, segments)?;
    Ok(verifier.finish(name, None))
}

fn feed(verifier: &mut LogVerifier, dir: &Path, segments: &[u64]) -> io::Result<()> {
    let mut chunk = vec![0; CHUNK_BYTES];
    for (at, first) in segments.iter().enumerate() {
        verifier.begin_segment(*first, at + 1 == segments.len());
        let mut file = File::open(dir.join(segment_name(*first)))?;
        loop {
            let read = match file.read(&mut chunk) {
                Ok(read) => read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            if read == 0 {
                break;
            }
            verifier.push(chunk.get(..read).unwrap_or_default());
        }
        verifier.end_segment();
    }
    Ok(())
}

/// Gives every leaf of a directory of writers, or of one writer, in the order of the files:
/// the writer's name and the line. Unverified; stops a writer at the first frame that is not whole.
///
/// # Errors
/// [`StoreError::File`].
pub fn for_each_leaf(
    dir: &Path,
    mut visit: impl FnMut(&str, &[u8]) -> ControlFlow<()>,
) -> Result<(), StoreError> {
    let cannot = |error| StoreError::file(dir, error);
    let here = list_segments(dir).map_err(cannot)?;
    let below = logs_below(dir, &here).map_err(cannot)?;
    let own = here.is_writer().then(|| (OsString::from("."), here));
    for (name, listed) in own.into_iter().chain(below) {
        let path = dir.join(&name);
        let name = shown(&name);
        let flow = for_each_frame(&path, &listed.segments, |kind, payload| match kind {
            FrameKind::Leaf => visit(&name, payload),
            FrameKind::Checkpoint | FrameKind::SegmentEnd => ControlFlow::Continue(()),
        });
        if flow.map_err(cannot)?.is_break() {
            break;
        }
    }
    Ok(())
}

fn for_each_frame(
    dir: &Path,
    segments: &[u64],
    mut visit: impl FnMut(FrameKind, &[u8]) -> ControlFlow<()>,
) -> io::Result<ControlFlow<()>> {
    for first in segments {
        let mut file = File::open(dir.join(segment_name(*first)))?;
        let mut buffer: Vec<u8> = Vec::new();
        loop {
            let before = buffer.len();
            (&mut file).take(CHUNK_BYTES as u64).read_to_end(&mut buffer)?;
            let ended = buffer.len() == before;
            let mut used = 0;
            while let Some(rest) = buffer.get(used..) {
                let Frame::Whole { kind, payload } = read_frame(rest) else { break };
                used += FRAME_HEADER_BYTES + payload.len();
                if visit(kind, payload).is_break() {
                    return Ok(ControlFlow::Break(()));
                }
            }
            buffer.drain(..used.min(buffer.len()));
            if ended {
                break;
            }
        }
    }
    Ok(ControlFlow::Continue(()))
}

/// The last checkpoint of one writer's log, to be kept in another place: given to a later
/// verification, it shows forks and rollbacks. `None` where there is none.
///
/// Verify the log first: this reads, and judges nothing.
///
/// # Errors
/// [`StoreError::File`].
pub fn last_checkpoint(writer_dir: &Path) -> Result<Option<Vec<u8>>, StoreError> {
    let cannot = |error| StoreError::file(writer_dir, error);
    let listed = list_segments(writer_dir).map_err(cannot)?;
    let mut last = None;
    let read = for_each_frame(writer_dir, &listed.segments, |kind, payload| {
        if kind == FrameKind::Checkpoint {
            last = Some(payload.to_vec());
        }
        ControlFlow::Continue(())
    });
    let _ = read.map_err(cannot)?;
    Ok(last)
}

/// The proof that leaf `index` stands in the log of one writer, under its last checkpoint.
///
/// Verify the log first: a proof of a changed log is refused or proves what was signed.
///
/// # Errors
/// [`StoreError::NoLeaf`] if no checkpoint covers the leaf, [`StoreError::File`].
pub fn prove(writer_dir: &Path, index: u64) -> Result<InclusionProof, StoreError> {
    let cannot = |error| StoreError::file(writer_dir, error);
    let listed = list_segments(writer_dir).map_err(cannot)?;
    let mut leaves = Vec::new();
    let mut checkpoint = String::new();
    let read = for_each_frame(writer_dir, &listed.segments, |kind, payload| {
        match kind {
            FrameKind::Leaf => leaves.push(tree::leaf_hash(payload)),
            FrameKind::Checkpoint => checkpoint = String::from_utf8_lossy(payload).into_owned(),
            FrameKind::SegmentEnd => {}
        }
        ControlFlow::Continue(())
    });
    let _ = read.map_err(cannot)?;
    InclusionProof::new(&leaves, index, &checkpoint)
        .ok_or_else(|| StoreError::NoLeaf { path: writer_dir.to_owned() })
}
