//! Rows that are cut in place, against rows that are built anew from what is in them.

use super::*;
use crate::mask::{ColumnRule, Detectors, Forced, Operator, Operators};

/// Rows that are compared.
const ROWS: usize = 20_000;

/// Rows of one result.
const ROWS_A_PLAN: usize = 20;

/// xorshift64: the same rows on every machine.
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).unwrap() % n
    }

    fn of<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        &all[self.below(all.len())]
    }
}

/// Texts, and what is left of them.
const TEXTS: &[(&str, &str)] = &[
    ("", ""),
    ("plain", "plain"),
    ("ada@example.com", "[EMAIL_ADDRESS]"),
    ("to ada@example.com, bo@example.org.", "to [EMAIL_ADDRESS], [EMAIL_ADDRESS]."),
    ("4111 1111 1111 1111", "[CREDIT_CARD]"),
    ("a line\nand \"quotes\"", "a line\nand \"quotes\""),
];

/// Whole numbers, and whether a detector finds them.
const NUMBERS: &[(i64, bool)] = &[(0, false), (-7, false), (4_111_111_111_111_111, true)];

/// What a column may hold.
#[derive(Clone, Copy, Debug)]
enum Kind {
    Text,
    Number,
    Flag,
    Bytes,
    Json,
    BinaryJson,
    Array(&'static Self, u32),
    Strange,
}

const KINDS: &[(Kind, u32, i16)] = &[
    (Kind::Text, 25, 0),
    (Kind::Text, 1043, 1),
    (Kind::Number, 20, 1),
    (Kind::Flag, 16, 1),
    (Kind::Bytes, 17, 0),
    (Kind::Bytes, 17, 1),
    (Kind::Json, 114, 0),
    (Kind::BinaryJson, 3802, 1),
    (Kind::Array(&Kind::Text, 25), 1009, 1),
    (Kind::Array(&Kind::Number, 20), 1016, 1),
    (Kind::Strange, 999_999, 1),
];

type Cell = Option<Vec<u8>>;

fn put_cell(out: &mut Vec<u8>, cell: &Cell) {
    let length = cell.as_ref().map_or(-1, |bytes| i32::try_from(bytes.len()).unwrap());
    out.extend(length.to_be_bytes());
    out.extend(cell.iter().flatten());
}

/// An array in binary, of one or two dimensions, or of none.
fn array(element: u32, cells: &[Cell], rows: usize) -> Vec<u8> {
    let sizes = match (cells.len(), rows) {
        (0, _) => vec![],
        (count, 1) => vec![count],
        (count, rows) => vec![rows, count / rows],
    };
    let mut out = Vec::new();
    out.extend(i32::try_from(sizes.len()).unwrap().to_be_bytes());
    out.extend(i32::from(cells.iter().any(Option::is_none)).to_be_bytes());
    out.extend(element.to_be_bytes());
    for size in sizes {
        out.extend(i32::try_from(size).unwrap().to_be_bytes());
        out.extend(1i32.to_be_bytes());
    }
    cells.iter().for_each(|cell| put_cell(&mut out, cell));
    out
}

fn hex(bytes: &[u8]) -> Vec<u8> {
    let digits: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("\\x{digits}").into_bytes()
}

/// A value of this kind, and what takes its place.
fn value(kind: Kind, oid: u32, format: i16, dice: &mut Dice) -> (Vec<u8>, Cell) {
    let &(text, masked) = dice.of(TEXTS);
    let &(number, found) = dice.of(NUMBERS);
    let json = |text: &str| serde_json::json!({ "note": text, "n": 1 }).to_string().into_bytes();
    match kind {
        Kind::Text => (text.into(), Some(masked.into())),
        Kind::Number => {
            let bytes = number.to_be_bytes().to_vec();
            (bytes.clone(), (!found).then_some(bytes))
        }
        Kind::Flag => (vec![1], Some(vec![1])),
        Kind::Bytes => {
            let bytes = if format == 0 { hex(text.as_bytes()) } else { text.into() };
            (bytes.clone(), (text == masked).then_some(bytes))
        }
        Kind::Json => (json(text), Some(json(masked))),
        Kind::BinaryJson => {
            let behind = |text| [b"\x01".to_vec(), json(text)].concat();
            (behind(text), Some(behind(masked)))
        }
        Kind::Array(of, element) => {
            let rows = 1 + dice.below(2);
            let count = rows * dice.below(4);
            let (mut cells, mut left) = (Vec::new(), Vec::new());
            for _ in 0..count {
                let (cell, new) = value(*of, element, 1, dice);
                let null = dice.below(4) == 0;
                left.push(new.filter(|_| !null));
                cells.push(Some(cell).filter(|_| !null));
            }
            (array(element, &cells, rows), Some(array(element, &left, rows)))
        }
        Kind::Strange => (oid.to_be_bytes().to_vec(), None),
    }
}

/// What takes the place of any value of a column that is masked whatever is in it.
fn forced(kind: Kind) -> Cell {
    match kind {
        Kind::Text => Some(b"[PII]".to_vec()),
        Kind::Json => Some(b"\"[PII]\"".to_vec()),
        Kind::BinaryJson => Some(b"\x01\"[PII]\"".to_vec()),
        Kind::Number | Kind::Flag | Kind::Bytes | Kind::Array(..) | Kind::Strange => None,
    }
}

fn body(cells: &[Cell]) -> Vec<u8> {
    let mut out = i16::try_from(cells.len()).unwrap().to_be_bytes().to_vec();
    cells.iter().for_each(|cell| put_cell(&mut out, cell));
    out
}

/// Every row is, byte for byte, the one with each cell replaced by itself; a row that is cut short or
/// goes on behind its last cell is no row.
#[test]
fn a_row_is_its_cells() {
    let mut dice = Dice(0x9E37_79B9_7F4A_7C15);
    let (mut changed_rows, mut same_rows) = (0, 0);
    for _ in 0..ROWS / ROWS_A_PLAN {
        let count = dice.below(6);
        let columns: Vec<_> = (0..count).map(|_| (*dice.of(KINDS), dice.below(5) == 0)).collect();
        let fields: Vec<_> = columns
            .iter()
            .map(|((_, oid, format), _)| Field { name: "c".into(), oid: *oid, format: *format })
            .collect();
        let rules = columns
            .iter()
            .map(|(_, is_forced)| ColumnRule {
                name: "c".into(),
                forced: is_forced
                    .then(|| Forced { class: "pii".into(), operator: Operator::Redact }),
            })
            .collect();
        let masker = RowMasker::new(Detectors::builtin(), Operators::redact_all(), rules);
        let mut plan = RowPlan::new(masker, &fields, None);
        for _ in 0..ROWS_A_PLAN {
            let (mut cells, mut wanted) = (Vec::new(), Vec::new());
            for ((kind, oid, format), is_forced) in &columns {
                if dice.below(4) == 0 {
                    cells.push(None);
                    wanted.push(None);
                    continue;
                }
                let (cell, new) = value(*kind, *oid, *format, &mut dice);
                cells.push(Some(cell));
                wanted.push(if *is_forced { forced(*kind) } else { new });
            }
            let row = body(&cells);
            let before = b"what stands there".to_vec();
            let (mut out, mut changed) = (before.clone(), 0);
            let is_new = plan.row(&row, &mut changed, &mut out).unwrap();
            let differ = cells.iter().zip(&wanted).filter(|(cell, new)| cell != new).count();
            assert_eq!(changed, differ as u64, "{columns:?}: {cells:?}");
            assert_eq!(is_new, differ > 0);
            let mut whole = before.clone();
            if is_new {
                put_row(&mut whole, &body(&wanted)).unwrap();
                changed_rows += 1;
            } else {
                same_rows += 1;
            }
            assert_eq!(out, whole, "{columns:?}: {cells:?}");

            let cut = dice.below(row.len());
            let mut longer = row.clone();
            longer.push(0);
            for broken in [&row[..cut], &longer] {
                assert!(
                    plan.row(broken, &mut 0, &mut Vec::new()).is_err(),
                    "{columns:?}: {cells:?}"
                );
            }
        }
    }
    assert!(changed_rows > ROWS / 4 && same_rows > ROWS / 10, "{changed_rows}, {same_rows}");
}
