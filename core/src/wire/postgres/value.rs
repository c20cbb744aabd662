//! Values by their types: what a detector can read, and what may stand in a value's place.
//!
//! OIDs and binary forms are those of PostgreSQL's `pg_type.dat` and of the types' send functions;
//! the built-in ones are fixed for ever.

use std::borrow::Cow;

use super::frame::Body;
use crate::mask::shape::json::JsonMasker;
use crate::mask::{MaskError, RowMasker};

/// How the values of a column are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// Text that stays valid with any other text in it.
    Text,
    /// A JSON text: what is masked in it stays JSON.
    Json,
    /// `jsonb` in binary: a version byte, then JSON text.
    BinaryJson,
    /// The text of a type that takes no other text: masked means NULL.
    Strict,
    /// `bytea` as text: its bytes may hold anything.
    HexBytes,
    /// `bytea` in binary.
    RawBytes,
    /// A whole number in binary, of this many bytes.
    Int(usize),
    /// A floating-point number in binary, of this many bytes.
    Float(usize),
    /// `numeric` in binary.
    Numeric,
    /// An address in binary.
    Inet,
    /// An array in binary.
    Array,
    /// Holds nothing that a detector could find: only a forced column masks it.
    Plain,
    /// Binary of a type that is not known here: NULL under any mask.
    Opaque,
}

/// What takes the place of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Replacement {
    /// The value itself.
    Same,
    /// SQL's null.
    Null,
    /// What was appended.
    Written,
}

mod oid {
    pub(super) const BOOL: u32 = 16;
    pub(super) const BYTEA: u32 = 17;
    pub(super) const CHAR: u32 = 18;
    pub(super) const NAME: u32 = 19;
    pub(super) const INT8: u32 = 20;
    pub(super) const INT2: u32 = 21;
    pub(super) const INT4: u32 = 23;
    pub(super) const TEXT: u32 = 25;
    pub(super) const OID: u32 = 26;
    pub(super) const JSON: u32 = 114;
    pub(super) const XML: u32 = 142;
    pub(super) const CIDR: u32 = 650;
    pub(super) const FLOAT4: u32 = 700;
    pub(super) const FLOAT8: u32 = 701;
    pub(super) const UNKNOWN: u32 = 705;
    pub(super) const MONEY: u32 = 790;
    pub(super) const INET: u32 = 869;
    pub(super) const BPCHAR: u32 = 1042;
    pub(super) const VARCHAR: u32 = 1043;
    pub(super) const DATE: u32 = 1082;
    pub(super) const TIME: u32 = 1083;
    pub(super) const TIMESTAMP: u32 = 1114;
    pub(super) const TIMESTAMPTZ: u32 = 1184;
    pub(super) const INTERVAL: u32 = 1186;
    pub(super) const TIMETZ: u32 = 1266;
    pub(super) const NUMERIC: u32 = 1700;
    pub(super) const VOID: u32 = 2278;
    pub(super) const UUID: u32 = 2950;
    pub(super) const JSONB: u32 = 3802;
}

/// Arrays of built-in types whose elements have a form.
const ARRAYS: &[u32] = &[
    199, 651, 1000, 1001, 1002, 1003, 1005, 1007, 1009, 1014, 1015, 1016, 1021, 1022, 1028, 1041,
    1115, 1182, 1183, 1185, 1187, 1231, 1270, 143, 2951, 3807,
];

impl Form {
    /// The form of a type in a format: 0 is text, 1 is binary.
    pub(super) fn of(oid: u32, format: i16) -> Self {
        let text = format == 0;
        match oid {
            oid::TEXT | oid::VARCHAR | oid::BPCHAR | oid::NAME | oid::XML | oid::UNKNOWN => {
                Self::Text
            }
            oid::JSON => Self::Json,
            oid::JSONB if text => Self::Json,
            oid::JSONB => Self::BinaryJson,
            oid::BYTEA if text => Self::HexBytes,
            oid::BYTEA => Self::RawBytes,
            oid::BOOL
            | oid::CHAR
            | oid::DATE
            | oid::TIME
            | oid::TIMETZ
            | oid::TIMESTAMP
            | oid::TIMESTAMPTZ
            | oid::INTERVAL
            | oid::UUID
            | oid::VOID => Self::Plain,
            oid::INT2
            | oid::INT4
            | oid::INT8
            | oid::OID
            | oid::FLOAT4
            | oid::FLOAT8
            | oid::NUMERIC
            | oid::INET
            | oid::CIDR
            | oid::MONEY
                if text =>
            {
                Self::Strict
            }
            oid::INT2 => Self::Int(2),
            oid::INT4 | oid::OID => Self::Int(4),
            oid::INT8 => Self::Int(8),
            oid::FLOAT4 => Self::Float(4),
            oid::FLOAT8 => Self::Float(8),
            oid::NUMERIC => Self::Numeric,
            oid::INET | oid::CIDR => Self::Inet,
            // Arrays, composites, enumerations, types of extensions: their text holds their values.
            _ if text => Self::Text,
            _ if ARRAYS.contains(&oid) => Self::Array,
            _ => Self::Opaque,
        }
    }
}

/// What takes the place of a value that is not NULL: appended to `out`, if it is other bytes.
pub(super) fn replace(
    masker: &mut RowMasker,
    column: usize,
    form: Form,
    value: &[u8],
    out: &mut Vec<u8>,
) -> Result<Replacement, MaskError> {
    if masker.forces(column) {
        return force(masker, column, form, value, out);
    }
    let read: Cow<'_, [u8]> = match form {
        Form::Plain => return Ok(Replacement::Same),
        Form::Opaque => return Ok(Replacement::Null),
        Form::Text => {
            let changed = masker.cell_into(column, value, out)?;
            return Ok(if changed { Replacement::Written } else { Replacement::Same });
        }
        Form::Json => return json(masker, value, b"", out),
        Form::BinaryJson => {
            return match value.split_first() {
                Some((1, text)) => json(masker, text, b"\x01", out),
                Some(_) | None => Ok(Replacement::Null),
            };
        }
        Form::Array => return array(masker, column, value, out),
        Form::Strict | Form::RawBytes => Cow::Borrowed(value),
        Form::HexBytes => match unhex(value) {
            Some(bytes) => Cow::Owned(bytes),
            // The old escape format is text.
            None => Cow::Borrowed(value),
        },
        Form::Int(bytes) => match int(value, bytes) {
            Some(text) => Cow::Owned(text),
            None => return Ok(Replacement::Null),
        },
        Form::Float(bytes) => match float(value, bytes) {
            Some(text) => Cow::Owned(text),
            None => return Ok(Replacement::Null),
        },
        Form::Numeric => match numeric(value) {
            Some(text) => Cow::Owned(text),
            None => return Ok(Replacement::Null),
        },
        Form::Inet => match inet(value) {
            Some(text) => Cow::Owned(text),
            None => return Ok(Replacement::Null),
        },
    };
    Ok(if masker.cell(column, &read)?.changed() { Replacement::Null } else { Replacement::Same })
}

/// What takes the place of a value of a column that is masked whatever is in it.
fn force(
    masker: &mut RowMasker,
    column: usize,
    form: Form,
    value: &[u8],
    out: &mut Vec<u8>,
) -> Result<Replacement, MaskError> {
    match form {
        Form::Text => {
            masker.cell_into(column, value, out)?;
            return Ok(Replacement::Written);
        }
        Form::Json | Form::BinaryJson => {
            let masked = masker.cell(column, value)?.into_bytes();
            if form == Form::BinaryJson {
                out.push(1);
            }
            out.extend_from_slice(&json_string(&masked));
            return Ok(Replacement::Written);
        }
        Form::Strict
        | Form::HexBytes
        | Form::RawBytes
        | Form::Int(_)
        | Form::Float(_)
        | Form::Numeric
        | Form::Inet
        | Form::Array
        | Form::Plain
        | Form::Opaque => {}
    }
    masker.count_masked();
    Ok(Replacement::Null)
}

/// Masks a JSON text by its shape: keys are context, and it stays JSON. Written behind `head`.
fn json(
    masker: &mut RowMasker,
    text: &[u8],
    head: &[u8],
    out: &mut Vec<u8>,
) -> Result<Replacement, MaskError> {
    let (detectors, operators) = masker.detection();
    let mut shape = JsonMasker::new(detectors, operators);
    let mut masked = shape.push(text)?;
    masked.extend(shape.finish()?);
    if masked == text {
        return Ok(Replacement::Same);
    }
    masker.count_masked();
    out.extend_from_slice(head);
    out.extend_from_slice(&masked);
    Ok(Replacement::Written)
}

/// A JSON string of this text.
fn json_string(text: &[u8]) -> Vec<u8> {
    let text = String::from_utf8_lossy(text);
    serde_json::to_vec(&*text).unwrap_or_else(|_| b"null".to_vec())
}

/// Masks an array in binary, element by element. One that cannot be read is NULL.
fn array(
    masker: &mut RowMasker,
    column: usize,
    value: &[u8],
    out: &mut Vec<u8>,
) -> Result<Replacement, MaskError> {
    let begin = out.len();
    let masked = elements(masker, column, value, out)?;
    if masked != Replacement::Written {
        out.truncate(begin);
    }
    Ok(masked)
}

/// Appends the array; what is appended counts only where it was written.
fn elements(
    masker: &mut RowMasker,
    column: usize,
    value: &[u8],
    out: &mut Vec<u8>,
) -> Result<Replacement, MaskError> {
    let begin = out.len();
    let mut body = Body::new(value);
    let Ok((form, start, elements)) = array_head(&mut body, value.len()) else {
        return Ok(Replacement::Null);
    };
    out.extend_from_slice(value.get(..start).unwrap_or_default());
    let (mut changed, mut null) = (false, false);
    for _ in 0..elements {
        let Ok(element) = body.value() else { return Ok(Replacement::Null) };
        let place = out.len();
        out.extend_from_slice(&(-1i32).to_be_bytes());
        let Some(element) = element else {
            null = true;
            continue;
        };
        match replace(masker, column, form, element, out)? {
            Replacement::Same => out.extend_from_slice(element),
            Replacement::Null => {
                (changed, null) = (true, true);
                continue;
            }
            Replacement::Written => changed = true,
        }
        // Elements are shorter than the message that holds them, whose length fits.
        let length = i32::try_from(out.len().saturating_sub(place + 4)).unwrap_or(-1);
        if let Some(place) = out.get_mut(place..place + 4) {
            place.copy_from_slice(&length.to_be_bytes());
        }
    }
    if !body.is_empty() {
        return Ok(Replacement::Null);
    }
    if let Some(flag) = out.get_mut(begin + 4..begin + 8).filter(|_| null) {
        flag.copy_from_slice(&1i32.to_be_bytes());
    }
    Ok(if changed { Replacement::Written } else { Replacement::Same })
}

/// The form of the elements, where they start, and how many there are.
fn array_head(body: &mut Body<'_>, len: usize) -> Result<(Form, usize, usize), ()> {
    let mut number = || body.int32().map_err(drop);
    let dimensions = usize::try_from(number()?).map_err(drop)?;
    let (_has_null, oid) = (number()?, number()?.cast_unsigned());
    // PostgreSQL's MAXDIM.
    if dimensions > 6 {
        return Err(());
    }
    let mut elements = usize::from(dimensions > 0);
    for _ in 0..dimensions {
        let size = usize::try_from(number()?).map_err(drop)?;
        let _lower_bound = number()?;
        elements = elements.checked_mul(size).ok_or(())?;
    }
    // Every element has a length of four bytes.
    if elements > len / 4 {
        return Err(());
    }
    let form = Form::of(oid, 1);
    let readable = form != Form::Array && form != Form::Opaque;
    if readable { Ok((form, 12 + 8 * dimensions, elements)) } else { Err(()) }
}

fn unhex(value: &[u8]) -> Option<Vec<u8>> {
    let digits = value.strip_prefix(b"\\x")?;
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let (pairs, []) = digits.as_chunks::<2>() else { return None };
    pairs.iter().map(|[high, low]| Some(digit(*high)? << 4 | digit(*low)?)).collect()
}

fn int(value: &[u8], bytes: usize) -> Option<Vec<u8>> {
    let number = match bytes {
        2 => i64::from(i16::from_be_bytes(value.try_into().ok()?)),
        4 => i64::from(i32::from_be_bytes(value.try_into().ok()?)),
        _ => i64::from_be_bytes(value.try_into().ok()?),
    };
    Some(number.to_string().into_bytes())
}

fn float(value: &[u8], bytes: usize) -> Option<Vec<u8>> {
    let number = match bytes {
        4 => f64::from(f32::from_be_bytes(value.try_into().ok()?)),
        _ => f64::from_be_bytes(value.try_into().ok()?),
    };
    Some(number.to_string().into_bytes())
}

/// A `numeric` as its digits: groups of four, a weight, a sign, a scale.
fn numeric(value: &[u8]) -> Option<Vec<u8>> {
    let mut body = Body::new(value);
    let groups = body.count().ok()?;
    let weight = body.int16().ok()?;
    let sign = body.int16().ok()?.cast_unsigned();
    let scale = body.count().ok()?;
    match sign {
        0x0000 | 0x4000 => {}
        // Not a number, or infinite: nothing to find.
        0xc000 | 0xd000 | 0xf000 => return Some(Vec::new()),
        _ => return None,
    }
    let mut digits = Vec::with_capacity(groups);
    for _ in 0..groups {
        let group = body.int16().ok()?;
        if !(0..10_000).contains(&group) {
            return None;
        }
        digits.push(group);
    }
    // A number of any length; beyond this no detector has a use for it.
    if !body.is_empty() || weight > 64 {
        return body.is_empty().then(Vec::new);
    }
    let mut text = if sign == 0x4000 { "-".to_owned() } else { String::new() };
    let group = |index: i32| {
        usize::try_from(index).ok().and_then(|index| digits.get(index)).copied().unwrap_or(0)
    };
    if weight < 0 {
        text.push('0');
    }
    for index in 0..=i32::from(weight) {
        let digits = group(index);
        text.push_str(&if index == 0 { digits.to_string() } else { format!("{digits:04}") });
    }
    if scale > 0 {
        let mut fraction = String::new();
        let mut index = i32::from(weight) + 1;
        while fraction.len() < scale.min(64) {
            fraction.push_str(&format!("{:04}", if index < 0 { 0 } else { group(index) }));
            index += 1;
        }
        fraction.truncate(scale.min(64));
        text.push('.');
        text.push_str(&fraction);
    }
    Some(text.into_bytes())
}

/// An address as text.
fn inet(value: &[u8]) -> Option<Vec<u8>> {
    let [family, bits, _is_cidr, length, address @ ..] = value else { return None };
    let text = match (*family, *length, address.len()) {
        (2, 4, 4) => std::net::Ipv4Addr::from(<[u8; 4]>::try_from(address).ok()?).to_string(),
        (3, 16, 16) => std::net::Ipv6Addr::from(<[u8; 16]>::try_from(address).ok()?).to_string(),
        _ => return None,
    };
    let whole = if *family == 2 { 32 } else { 128 };
    let text = if *bits == whole { text } else { format!("{text}/{bits}") };
    Some(text.into_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_in_binary_read_as_their_text() {
        let numeric_of = |weight: i16, sign: u16, scale: i16, groups: &[i16]| {
            let mut out = i16::try_from(groups.len()).unwrap().to_be_bytes().to_vec();
            out.extend(weight.to_be_bytes());
            out.extend(sign.to_be_bytes());
            out.extend(scale.to_be_bytes());
            groups.iter().for_each(|group| out.extend(group.to_be_bytes()));
            String::from_utf8(numeric(&out).unwrap()).unwrap()
        };
        assert_eq!(numeric_of(3, 0, 0, &[4111, 1111, 1111, 1111]), "4111111111111111");
        assert_eq!(numeric_of(1, 0x4000, 2, &[1, 2345, 6700]), "-12345.67");
        assert_eq!(numeric_of(-1, 0, 4, &[5]), "0.0005");
        assert_eq!(numeric_of(-2, 0, 8, &[5]), "0.00000005");
        assert_eq!(numeric_of(1, 0, 0, &[1]), "10000", "zero groups at the end are left out");
        assert_eq!(numeric_of(0, 0xc000, 0, &[]), "");
        assert_eq!(numeric(b"\0\x01\0\0\0\0\0\0\x7f\xff"), None);
        assert_eq!(int(&7i64.to_be_bytes(), 8).unwrap(), b"7");
        assert_eq!(inet(&[2, 32, 0, 4, 10, 0, 0, 1]).unwrap(), b"10.0.0.1");
        assert_eq!(inet(&[2, 8, 1, 4, 10, 0, 0, 0]).unwrap(), b"10.0.0.0/8");
        assert_eq!(unhex(b"\\x4869").unwrap(), b"Hi");
        assert_eq!(unhex(b"\\x486"), None);
    }
}
