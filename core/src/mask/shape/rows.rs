//! Rows of a result: cells are masked by what is known of their column first, by shape second.

use std::borrow::Cow;
use std::sync::Arc;

use crate::mask::stream::mask_into;
use crate::mask::{Context, Detectors, MaskError, Masked, Operator, Operators};

/// What is known of a column before its first cell arrives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ColumnRule {
    /// The column's name: context for its cells.
    pub name: String,
    /// What the bundle says of the column: then every cell that is not NULL is replaced, whatever
    /// a detector says.
    pub forced: Option<Forced>,
}

/// How the cells of a column are replaced, whatever is in them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Forced {
    /// What the cells are called: the class. It stands in capitals where the operator shows it.
    pub class: String,
    /// What takes their place.
    pub operator: Operator,
}

/// Masks the cells of a result, column by column.
///
/// # Examples
/// ```
/// # use placet::mask::{ColumnRule, Detectors, Forced, Operator, Operators, RowMasker};
/// let forced = Forced { class: "pii.name".into(), operator: Operator::Redact };
/// let columns = vec![
///     ColumnRule { name: "name".into(), forced: Some(forced) },
///     ColumnRule { name: "note".into(), forced: None },
/// ];
/// let mut rows = RowMasker::new(Detectors::builtin(), Operators::redact_all(), columns);
/// assert_eq!(rows.cell(0, b"Ada")?.bytes(), b"[PII.NAME]");
/// assert_eq!(rows.cell(1, b"write to ada@example.com")?.bytes(), b"write to [EMAIL_ADDRESS]");
/// assert_eq!(rows.cell(2, b"?").unwrap_err().code(), "MSK003");
/// # Ok::<(), placet::mask::MaskError>(())
/// ```
#[derive(Clone, Debug)]
pub struct RowMasker {
    detectors: Detectors,
    operators: Operators,
    columns: Arc<[ColumnRule]>,
    masked_cells: u64,
}

impl RowMasker {
    /// A masker for rows with these columns.
    #[must_use]
    pub fn new(detectors: Detectors, operators: Operators, columns: Vec<ColumnRule>) -> Self {
        Self { detectors, operators, columns: columns.into(), masked_cells: 0 }
    }

    /// Masks one cell that is not NULL, given as text.
    ///
    /// # Errors
    /// [`MaskError::UnknownColumn`] (`MSK003`) for a column that was not declared.
    pub fn cell<'a>(&mut self, column: usize, value: &'a [u8]) -> Result<Masked<'a>, MaskError> {
        let mut out = Vec::new();
        let changed = self.cell_into(column, value, &mut out)?;
        Ok(Masked(if changed { Cow::Owned(out) } else { Cow::Borrowed(value) }))
    }

    /// [`cell`](Self::cell) for a caller with a buffer: appends what takes the cell's place, or
    /// nothing where it stays, and says which.
    ///
    /// # Errors
    /// As [`cell`](Self::cell); nothing is appended then.
    ///
    /// # Examples
    /// ```
    /// # use placet::mask::{ColumnRule, Detectors, Operators, RowMasker};
    /// let columns = vec![ColumnRule { name: "note".into(), forced: None }];
    /// let mut rows = RowMasker::new(Detectors::builtin(), Operators::redact_all(), columns);
    /// let mut out = Vec::new();
    /// assert!(!rows.cell_into(0, b"call me", &mut out)?);
    /// assert!(rows.cell_into(0, b"ada@example.com", &mut out)?);
    /// assert_eq!(out, b"[EMAIL_ADDRESS]");
    /// # Ok::<(), placet::mask::MaskError>(())
    /// ```
    pub fn cell_into(
        &mut self,
        column: usize,
        value: &[u8],
        out: &mut Vec<u8>,
    ) -> Result<bool, MaskError> {
        let rule = self.columns.get(column).ok_or(MaskError::UnknownColumn)?;
        let changed = match &rule.forced {
            Some(forced) => {
                forced.operator.apply(&forced.class.to_ascii_uppercase(), value, out);
                true
            }
            None => {
                let context = Context { key: Some(&rule.name) };
                mask_into(&self.detectors, &self.operators, value, &context, out, |_, _| ())
            }
        };
        self.masked_cells += u64::from(changed);
        Ok(changed)
    }

    /// Whether every cell of this column is replaced, whatever is in it.
    #[must_use]
    pub fn forces(&self, column: usize) -> bool {
        self.columns.get(column).is_some_and(|rule| rule.forced.is_some())
    }

    /// What looks for values in the cells of the other columns.
    pub(crate) fn detection(&self) -> (Detectors, Operators) {
        (self.detectors, self.operators.clone())
    }

    /// Counts a cell that was masked by its shape.
    pub(crate) const fn count_masked(&mut self) {
        self.masked_cells += 1;
    }

    /// Cells that were changed so far.
    #[must_use]
    pub const fn masked_cells(&self) -> u64 {
        self.masked_cells
    }
}
