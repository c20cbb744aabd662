//! Masking: texts, JSON, streams and rows. What was changed waits here until JavaScript has made
//! room for it, because a buffer of ours that JavaScript owns costs more than a copy.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Instant;

use napi::bindgen_prelude::BufferSlice;
use napi_derive::napi;
use placet::mask::shape::{csv::CsvMasker, json::JsonMasker, yaml::YamlMasker};
use placet::mask::{
    self, ColumnRule, Context, Detectors, Finding, Forced, MaskError, Masker, Operator, Operators,
    RowMasker,
};
use serde::Deserialize;

use crate::failure::Failure;
use crate::input::{first, json};
use crate::slots::Slots;

/// Nothing was changed: the caller keeps what it has.
const UNCHANGED: i64 = -1;

/// Bytes for JavaScript, and what was found in the input they came from.
#[derive(Debug, Default)]
struct Output {
    bytes: Vec<u8>,
    findings: Vec<Finding>,
}

impl Output {
    fn keep(&mut self, bytes: Vec<u8>) -> i64 {
        self.bytes = bytes;
        i64::try_from(self.bytes.len()).unwrap_or(i64::MAX)
    }

    fn copy_into(&mut self, out: &mut [u8]) -> napi::Result<()> {
        if out.len() != self.bytes.len() {
            return Err(Failure::new("MSK002", "no output waits here", "start anew").into());
        }
        out.copy_from_slice(&self.bytes);
        self.bytes = Vec::new();
        Ok(())
    }

    fn text(&mut self) -> String {
        let bytes = std::mem::take(&mut self.bytes);
        String::from_utf8(bytes)
            .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
    }
}

fn findings(findings: &[Finding]) -> napi::Result<String> {
    json(&findings)
}

/// What masks, and what it made last.
#[derive(Debug)]
struct MaskerState {
    detectors: Detectors,
    operators: Operators,
    output: Output,
}

thread_local! {
    static MASKERS: Slots<MaskerState> = const { Slots::new() };
}

/// Masks the first bytes of a buffer as text: -1 where nothing was found, else how many bytes the
/// masked text has. `masker`: the number of a masker.
///
/// # Errors
/// `MSK` codes.
#[napi(catch_unwind)]
pub fn mask_text(masker: u32, bytes: &[u8], length: u32) -> napi::Result<i64> {
    masked(masker, first(bytes, length))
}

/// As `maskText`, for all of a buffer: one argument less is cheaper.
///
/// # Errors
/// `MSK` codes.
#[napi(catch_unwind)]
pub fn mask_bytes(masker: u32, bytes: &[u8]) -> napi::Result<i64> {
    masked(masker, bytes)
}

fn masked(masker: u32, bytes: &[u8]) -> napi::Result<i64> {
    MASKERS
        .with(|maskers| maskers.with(masker, |state| state.text(bytes, Context::default())))
        .unwrap_or_else(|| Err(Failure::object("masker").into()))
}

/// Copies what a masker made last into `out`, which has its length.
///
/// # Errors
/// `MSK002` where nothing of this length waits.
#[napi(catch_unwind)]
pub fn take_masked(masker: u32, mut out: BufferSlice<'_>) -> napi::Result<()> {
    MASKERS
        .with(|maskers| maskers.with(masker, |state| state.output.copy_into(&mut out)))
        .unwrap_or_else(|| Err(Failure::object("masker").into()))
}

impl MaskerState {
    fn text(&mut self, input: &[u8], context: Context<'_>) -> napi::Result<i64> {
        let masked = mask::text_in_context(&self.detectors, &self.operators, input, context)
            .map_err(Failure::from)?;
        if masked.findings.is_empty() {
            return Ok(UNCHANGED);
        }
        self.output.findings = masked.findings;
        let bytes = masked.bytes.into_owned();
        Ok(self.output.keep(bytes))
    }

    fn json(&mut self, input: &[u8]) -> napi::Result<i64> {
        let mut masker = JsonMasker::new(self.detectors, self.operators.clone());
        let mut out = masker.push(input).map_err(Failure::from)?;
        out.extend(masker.finish().map_err(Failure::from)?);
        self.output.findings = masker.take_findings();
        // A number beyond its bound is replaced without a finding.
        if out == input { Ok(UNCHANGED) } else { Ok(self.output.keep(out)) }
    }
}

/// Masks whole values.
#[napi]
#[derive(Debug)]
pub struct NativeMasker {
    state: Rc<RefCell<MaskerState>>,
    number: u32,
}

impl NativeMasker {
    pub(crate) fn of(detectors: Detectors, operators: Operators) -> Self {
        let state = MaskerState { detectors, operators, output: Output::default() };
        let state = Rc::new(RefCell::new(state));
        let number = MASKERS.with(|maskers| maskers.add(&state));
        Self { state, number }
    }

    fn parts(&self) -> (Detectors, Operators) {
        let state = self.state.borrow();
        (state.detectors, state.operators.clone())
    }
}

impl Drop for NativeMasker {
    fn drop(&mut self) {
        // At the end of its thread the slots may be gone before it.
        let _ = MASKERS.try_with(|maskers| maskers.remove(self.number));
    }
}

#[napi]
impl NativeMasker {
    /// The number that stands for it in `maskText`.
    #[napi(getter, catch_unwind)]
    pub fn number(&self) -> u32 {
        self.number
    }

    /// As `maskText`, with a name that speaks for the value.
    ///
    /// # Errors
    /// `MSK` codes.
    #[napi(catch_unwind)]
    pub fn text_in_context(&self, bytes: &[u8], length: u32, key: String) -> napi::Result<i64> {
        self.state.borrow_mut().text(first(bytes, length), Context { key: Some(&key) })
    }

    /// As `maskText`, for one JSON document: keys are context, numbers count.
    ///
    /// # Errors
    /// `MSK` codes.
    #[napi(catch_unwind)]
    pub fn json(&self, bytes: &[u8], length: u32) -> napi::Result<i64> {
        self.state.borrow_mut().json(first(bytes, length))
    }

    /// The masked text.
    #[napi(catch_unwind)]
    pub fn take_text(&self) -> String {
        self.state.borrow_mut().output.text()
    }

    /// Nanoseconds that so many maskings take without a crossing into JavaScript; for benchmarks.
    #[napi(catch_unwind)]
    pub fn time_text(&self, bytes: &[u8], length: u32, rounds: u32) -> f64 {
        let (detectors, operators) = self.parts();
        let bytes = first(bytes, length);
        let start = Instant::now();
        for _ in 0..rounds {
            // What it answers is not looked at: it is the work that is measured.
            drop(std::hint::black_box(mask::text(&detectors, &operators, bytes)));
        }
        start.elapsed().as_secs_f64() * 1e9
    }

    /// A stream with the same detectors and operators. `format`: `text`, `json`, `csv`, `yaml`.
    ///
    /// # Errors
    /// `API033` for another format.
    #[napi(catch_unwind)]
    pub fn stream(&self, format: String) -> napi::Result<NativeStream> {
        let (detectors, operators) = self.parts();
        let shape = match format.as_str() {
            "text" => Shape::Text(Masker::new(detectors, operators)),
            "json" => Shape::Json(JsonMasker::new(detectors, operators)),
            "csv" => Shape::Csv(CsvMasker::new(detectors, operators)),
            "yaml" => Shape::Yaml(YamlMasker::new(detectors, operators)),
            _ => {
                let help = "use `text`, `json`, `csv` or `yaml`";
                return Err(Failure::new("API033", "no format has this name", help).into());
            }
        };
        Ok(NativeStream { shape, output: Output::default() })
    }

    /// A masker of rows. `columns`: JSON, `[{"name", "forced"?}]`.
    ///
    /// # Errors
    /// `API010`.
    #[napi(catch_unwind)]
    pub fn rows(&self, columns: String) -> napi::Result<NativeRows> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Column {
            name: String,
            forced: Option<String>,
        }
        let columns: Vec<Column> =
            serde_json::from_str(&columns).map_err(|_| Failure::object("columns"))?;
        let columns = columns.into_iter().map(|column| ColumnRule {
            name: column.name,
            forced: column.forced.map(|class| Forced { class, operator: Operator::Redact }),
        });
        let (detectors, operators) = self.parts();
        let masker = RowMasker::new(detectors, operators, columns.collect());
        Ok(NativeRows::of(masker))
    }
}

#[derive(Debug)]
enum Shape {
    Text(Masker),
    Json(JsonMasker),
    Csv(CsvMasker),
    Yaml(YamlMasker),
}

macro_rules! each {
    ($shape:expr, $masker:ident => $call:expr) => {
        match $shape {
            Shape::Text($masker) => $call,
            Shape::Json($masker) => $call,
            Shape::Csv($masker) => $call,
            Shape::Yaml($masker) => $call,
        }
    };
}

/// Masks a stream, cut anywhere.
#[napi]
#[derive(Debug)]
pub struct NativeStream {
    shape: Shape,
    output: Output,
}

#[napi]
impl NativeStream {
    /// Takes the next chunk: how many bytes may leave now.
    ///
    /// # Errors
    /// `MSK002`.
    #[napi(catch_unwind)]
    pub fn push(&mut self, chunk: &[u8]) -> napi::Result<i64> {
        let out: Result<Vec<u8>, MaskError> = each!(&mut self.shape, masker => masker.push(chunk));
        self.settle(out)
    }

    /// Ends the stream: how many bytes are left.
    ///
    /// # Errors
    /// `MSK002`.
    #[napi(catch_unwind)]
    pub fn finish(&mut self) -> napi::Result<i64> {
        let out = each!(&mut self.shape, masker => masker.finish());
        self.settle(out)
    }

    /// Copies what may leave into `out`, which has its length.
    ///
    /// # Errors
    /// `MSK002`.
    #[napi(catch_unwind)]
    pub fn take(&mut self, mut out: BufferSlice<'_>) -> napi::Result<()> {
        self.output.copy_into(&mut out)
    }

    /// What was found since the last call, as JSON.
    ///
    /// # Errors
    /// `API009`.
    #[napi(catch_unwind)]
    pub fn take_findings(&mut self) -> napi::Result<String> {
        findings(&std::mem::take(&mut self.output.findings))
    }

    /// Bytes that are inside and not yet returned.
    #[napi(catch_unwind)]
    pub fn held_back_bytes(&self) -> u32 {
        let held = each!(&self.shape, masker => masker.held_back_bytes());
        u32::try_from(held).unwrap_or(u32::MAX)
    }
}

impl NativeStream {
    fn settle(&mut self, out: Result<Vec<u8>, MaskError>) -> napi::Result<i64> {
        let out = out.map_err(Failure::from)?;
        self.output.findings.extend(each!(&mut self.shape, masker => masker.take_findings()));
        Ok(self.output.keep(out))
    }
}

/// Masks the cells of a result.
#[napi]
#[derive(Debug)]
pub struct NativeRows {
    masker: RowMasker,
    output: Output,
    /// Structured cells that were masked by their parts.
    structured: u64,
}

impl NativeRows {
    pub(crate) fn of(masker: RowMasker) -> Self {
        Self { masker, output: Output::default(), structured: 0 }
    }
}

#[napi]
impl NativeRows {
    /// Masks one cell that is not null: -1 where it stays, else how many bytes the masked cell has.
    ///
    /// # Errors
    /// `MSK003` for a column that was not declared.
    #[napi(catch_unwind)]
    pub fn cell(&mut self, column: u32, bytes: &[u8], length: u32) -> napi::Result<i64> {
        let column = usize::try_from(column).unwrap_or(usize::MAX);
        let masked = self.masker.cell(column, first(bytes, length)).map_err(Failure::from)?;
        if !masked.changed() {
            return Ok(UNCHANGED);
        }
        let bytes = masked.bytes().to_vec();
        Ok(self.output.keep(bytes))
    }

    /// Copies the masked cell into `out`, which has its length.
    ///
    /// # Errors
    /// `MSK002`.
    #[napi(catch_unwind)]
    pub fn take(&mut self, mut out: BufferSlice<'_>) -> napi::Result<()> {
        self.output.copy_into(&mut out)
    }

    /// The masked cell as text.
    #[napi(catch_unwind)]
    pub fn take_text(&mut self) -> String {
        self.output.text()
    }

    /// Cells that were changed so far.
    #[napi(catch_unwind)]
    pub fn masked_cells(&self) -> i64 {
        i64::try_from(self.masker.masked_cells() + self.structured).unwrap_or(i64::MAX)
    }

    /// Counts a structured cell that was masked by its parts.
    #[napi(catch_unwind)]
    pub fn count_cell(&mut self) {
        self.structured = self.structured.saturating_add(1);
    }

    /// Whether every cell of this column is replaced, whatever is in it.
    ///
    /// # Errors
    /// `MSK003`.
    #[napi(catch_unwind)]
    pub fn is_forced(&self, column: u32) -> napi::Result<bool> {
        let column = usize::try_from(column).unwrap_or(usize::MAX);
        // On a copy: a question counts no cell.
        let mut copy = self.masker.clone();
        Ok(copy.cell(column, b"").map_err(Failure::from)?.changed())
    }
}
