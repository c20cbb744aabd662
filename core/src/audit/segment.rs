//! The bytes of a segment file: frames with a checksum, and the names of the files.
//!
//! A frame is `type u8 | len u32 | crc32c u32 | payload`, numbers little-endian, the checksum over
//! type, length and payload. It finds accidents; against people there are the tree and the keys.

use crate::crypto::note::MAX_NOTE_BYTES;
use crate::limits::MAX_LEAF_BYTES;

/// Bytes before a frame's payload.
pub const FRAME_HEADER_BYTES: usize = 9;

/// What a frame holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FrameKind {
    /// Type 1: an event's line, without a newline.
    Leaf,
    /// Type 2: a checkpoint, as a signed note.
    Checkpoint,
    /// Type 3: the segment ends; the index of the next segment's first leaf, `u64`.
    SegmentEnd,
}

impl FrameKind {
    const fn byte(self) -> u8 {
        match self {
            Self::Leaf => 1,
            Self::Checkpoint => 2,
            Self::SegmentEnd => 3,
        }
    }

    const fn parse(byte: u8) -> Option<Self> {
        match byte {
            1 => Some(Self::Leaf),
            2 => Some(Self::Checkpoint),
            3 => Some(Self::SegmentEnd),
            _ => None,
        }
    }

    const fn max_bytes(self) -> usize {
        match self {
            Self::Leaf => MAX_LEAF_BYTES,
            Self::Checkpoint => MAX_NOTE_BYTES,
            Self::SegmentEnd => 8,
        }
    }
}

/// Writes a frame at the end of `out`. The caller keeps payloads within their bounds.
pub(crate) fn write_frame(kind: FrameKind, payload: &[u8], out: &mut Vec<u8>) {
    let len = u32::try_from(payload.len()).unwrap_or(u32::MAX).to_le_bytes();
    out.push(kind.byte());
    out.extend_from_slice(&len);
    out.extend_from_slice(&checksum(kind.byte(), len, payload).to_le_bytes());
    out.extend_from_slice(payload);
}

/// Fills in the header of a frame whose payload runs from `start` plus a header to the end of
/// `out`, and gives back that payload.
pub(crate) fn finish_frame(kind: FrameKind, start: usize, out: &mut [u8]) -> &[u8] {
    let (header, payload) = out
        .get_mut(start..)
        .and_then(|frame| frame.split_first_chunk_mut::<FRAME_HEADER_BYTES>())
        .map_or((None, &[][..]), |(header, payload)| (Some(header), &*payload));
    let len = u32::try_from(payload.len()).unwrap_or(u32::MAX).to_le_bytes();
    if let Some(header) = header {
        let [a, b, c, d] = len;
        let [w, x, y, z] = checksum(kind.byte(), len, payload).to_le_bytes();
        *header = [kind.byte(), a, b, c, d, w, x, y, z];
    }
    payload
}

fn checksum(kind: u8, len: [u8; 4], payload: &[u8]) -> u32 {
    let [a, b, c, d] = len;
    crc32c::crc32c_append(crc32c::crc32c(&[kind, a, b, c, d]), payload)
}

/// What stands at the start of some bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Frame<'a> {
    /// A whole frame whose checksum fits.
    Whole {
        /// What it holds.
        kind: FrameKind,
        /// The payload.
        payload: &'a [u8],
    },
    /// The bytes end before the frame does.
    Cut,
    /// A type or a length that no frame has, or a checksum that does not fit.
    Bad {
        /// The payload that the length field claims, where all of it is there.
        payload: Option<&'a [u8]>,
    },
}

/// Reads the frame at the start of `bytes`. Total; cost is the frame's length.
///
/// # Examples
/// ```
/// # use placet::audit::segment::{Frame, read_frame};
/// assert_eq!(read_frame(&[1, 0, 0]), Frame::Cut);
/// assert_eq!(read_frame(&[9; 20]), Frame::Bad { payload: None });
/// ```
#[must_use]
pub fn read_frame(bytes: &[u8]) -> Frame<'_> {
    let Some((&kind_byte, rest)) = bytes.split_first() else { return Frame::Cut };
    let kind = FrameKind::parse(kind_byte);
    let (Some((len, rest)), Some(bound)) =
        (rest.split_first_chunk::<4>(), kind.map_or(Some(MAX_LEAF_BYTES), |k| Some(k.max_bytes())))
    else {
        return if kind.is_none() { Frame::Bad { payload: None } } else { Frame::Cut };
    };
    let Ok(claimed) = usize::try_from(u32::from_le_bytes(*len)) else {
        return Frame::Bad { payload: None };
    };
    if claimed > bound {
        return Frame::Bad { payload: None };
    }
    let payload = rest.split_first_chunk::<4>().map(|(crc, rest)| (crc, rest.get(..claimed)));
    match (kind, payload) {
        (Some(kind), Some((crc, Some(payload)))) => {
            if checksum(kind_byte, *len, payload) == u32::from_le_bytes(*crc) {
                Frame::Whole { kind, payload }
            } else {
                Frame::Bad { payload: Some(payload) }
            }
        }
        (None, Some((_, Some(payload)))) => Frame::Bad { payload: Some(payload) },
        (None, _) => Frame::Bad { payload: None },
        (Some(_), _) => Frame::Cut,
    }
}

/// The file name of the segment whose first leaf has this index.
///
/// # Examples
/// ```
/// # use placet::audit::segment::{parse_segment_name, segment_name};
/// assert_eq!(segment_name(7), "seg-00000000000000000007.log");
/// assert_eq!(parse_segment_name("seg-00000000000000000007.log"), Some(7));
/// assert_eq!(parse_segment_name("seg-7.log"), None);
/// ```
#[must_use]
pub fn segment_name(first: u64) -> String {
    format!("seg-{first:020}.log")
}

/// The index in a segment's file name; `None` for any other name.
#[must_use]
pub fn parse_segment_name(name: &str) -> Option<u64> {
    let digits = name.strip_prefix("seg-")?.strip_suffix(".log")?;
    let fits = digits.len() == 20 && digits.bytes().all(|c| c.is_ascii_digit());
    if fits { digits.parse().ok() } else { None }
}
