//! Rows on their way to the client: which columns they have, and how each is masked.

use std::borrow::Cow;
use std::sync::Arc;

use super::frame::{Body, HEAD_BYTES, put};
use super::value::{Form, Replacement, replace};
use crate::limits::MAX_RESULT_COLUMNS;
use crate::mask::{MaskError, RowMasker};
use crate::wire::WireError;

/// A column of a RowDescription.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Field {
    /// The name under which it is returned.
    pub(super) name: String,
    /// The type's OID.
    pub(super) oid: u32,
    /// 0 is text, 1 is binary; as the RowDescription says.
    pub(super) format: i16,
}

/// The columns of a RowDescription.
pub(super) fn description(body: &[u8]) -> Result<Arc<[Field]>, WireError> {
    let mut body = Body::new(body);
    let count = body.count()?;
    if count > MAX_RESULT_COLUMNS {
        return Err(WireError::Malformed);
    }
    let mut fields = Vec::with_capacity(count);
    for _ in 0..count {
        // A name that is not UTF-8 says nothing to a detector.
        let name = String::from_utf8_lossy(body.raw_text()?).into_owned();
        let (_table, _attribute) = (body.int32()?, body.int16()?);
        let oid = body.int32()?.cast_unsigned();
        let (_size, _modifier) = (body.int16()?, body.int32()?);
        fields.push(Field { name, oid, format: body.int16()? });
    }
    if body.is_empty() { Ok(fields.into()) } else { Err(WireError::Malformed) }
}

/// The format of a column of a portal, by the result formats of its Bind: none means text, one
/// stands for all.
pub(super) fn format_of(formats: &[i16], index: usize) -> i16 {
    match formats {
        [] => 0,
        [all] => *all,
        each => each.get(index).copied().unwrap_or(0),
    }
}

/// How the rows of one result are masked.
#[derive(Debug)]
pub(super) struct RowPlan {
    masker: RowMasker,
    forms: Arc<[Form]>,
    /// What takes the place of the value at hand.
    masked: Vec<u8>,
}

impl Clone for RowPlan {
    fn clone(&self) -> Self {
        let (masker, forms) = (self.masker.clone(), Arc::clone(&self.forms));
        Self { masker, forms, masked: Vec::new() }
    }
}

impl RowPlan {
    /// The plan for a result with these columns, in these formats.
    pub(super) fn new(masker: RowMasker, fields: &[Field], formats: Option<&[i16]>) -> Self {
        let forms = fields
            .iter()
            .enumerate()
            .map(|(index, field)| {
                let format = formats.map_or(field.format, |formats| format_of(formats, index));
                Form::of(field.oid, format)
            })
            .collect();
        Self { masker, forms, masked: Vec::new() }
    }

    /// Masks a DataRow: puts the message in its place into `out`, or nothing where nothing changes,
    /// and says which. `changed` counts cells.
    ///
    /// A row with another number of columns than were described has every cell set to NULL.
    pub(super) fn row(
        &mut self,
        body: &[u8],
        changed: &mut u64,
        out: &mut Vec<u8>,
    ) -> Result<bool, WireError> {
        let mut cells = Body::new(body);
        let count = cells.count()?;
        if count != self.forms.len() {
            put_row(out, &nulls(body, changed)?)?;
            return Ok(true);
        }
        let start = out.len();
        // What of the body stands in `out`, behind a head: nothing before the first change.
        let mut copied = 0;
        for (index, form) in self.forms.iter().enumerate() {
            let before = body.len().saturating_sub(cells.rest().len());
            let Some(value) = cells.value()? else { continue };
            self.masked.clear();
            let replacement = replace(&mut self.masker, index, *form, value, &mut self.masked)
                .map_err(|_: MaskError| WireError::Malformed)?;
            let new = match replacement {
                Replacement::Same => continue,
                Replacement::Null => None,
                Replacement::Written => Some(self.masked.as_slice()),
            };
            *changed += 1;
            if copied == 0 {
                out.extend_from_slice(&[b'D', 0, 0, 0, 0]);
            }
            out.extend_from_slice(body.get(copied..before).unwrap_or_default());
            put_value(out, new)?;
            copied = body.len().saturating_sub(cells.rest().len());
        }
        if !cells.is_empty() {
            return Err(WireError::Malformed);
        }
        if copied == 0 {
            return Ok(false);
        }
        out.extend_from_slice(body.get(copied..).unwrap_or_default());
        let length = out.len().saturating_sub(start + 1);
        let length = i32::try_from(length).map_err(|_| WireError::TooLong)?;
        if let Some(place) = out.get_mut(start + 1..start + HEAD_BYTES) {
            place.copy_from_slice(&length.to_be_bytes());
        }
        Ok(true)
    }

    /// Masks one field of a text format (COPY), which has no type: text that stays text.
    pub(super) fn field<'a>(
        &mut self,
        index: usize,
        value: &'a [u8],
    ) -> Result<Cow<'a, [u8]>, WireError> {
        if index >= self.forms.len() {
            return Err(WireError::Malformed);
        }
        let masked = self.masker.cell(index, value).map_err(|_| WireError::Malformed)?;
        Ok(if masked.changed() {
            Cow::Owned(masked.bytes().to_vec())
        } else {
            Cow::Borrowed(value)
        })
    }

    /// Columns of the result.
    pub(super) fn columns(&self) -> usize {
        self.forms.len()
    }
}

/// A row of NULLs: what a client gets of a row that cannot be read under a mask.
pub(super) fn nulls(body: &[u8], changed: &mut u64) -> Result<Vec<u8>, WireError> {
    let count = Body::new(body).int16()?;
    let mut out = count.to_be_bytes().to_vec();
    for _ in 0..count.max(0) {
        put_value(&mut out, None)?;
        *changed += 1;
    }
    Ok(out)
}

fn put_value(out: &mut Vec<u8>, value: Option<&[u8]>) -> Result<(), WireError> {
    match value {
        None => out.extend_from_slice(&(-1i32).to_be_bytes()),
        Some(value) => {
            let length = i32::try_from(value.len()).map_err(|_| WireError::TooLong)?;
            out.extend_from_slice(&length.to_be_bytes());
            out.extend_from_slice(value);
        }
    }
    Ok(())
}

/// A DataRow with this body.
pub(super) fn put_row(out: &mut Vec<u8>, body: &[u8]) -> Result<(), WireError> {
    put(out, b'D', |out| out.extend_from_slice(body))
}

#[cfg(test)]
mod tests;
