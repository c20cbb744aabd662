//! What a session did so far, in numbers that rules can ask for.

use serde::Serialize;

/// What a session did so far. The names are those of `session.<name>` in conditions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Commands that were denied, or held and not waited for.
    pub denials: u64,
    /// Cells that masking changed.
    pub masked_cells: u64,
    /// Rows that were returned.
    pub rows_out: u64,
    /// Commands that were let through.
    pub statements: u64,
    /// Commands among them that write.
    pub writes: u64,
}

impl Counts {
    /// Every name with its number.
    ///
    /// # Examples
    /// ```
    /// # use placet::wire::postgres::Counts;
    /// let counts = Counts { rows_out: 7, ..Counts::default() };
    /// assert!(counts.all().contains(&("rows_out", 7)));
    /// ```
    #[must_use]
    pub const fn all(&self) -> [(&'static str, u64); 5] {
        let Self { denials, masked_cells, rows_out, statements, writes } = *self;
        [
            ("denials", denials),
            ("masked_cells", masked_cells),
            ("rows_out", rows_out),
            ("statements", statements),
            ("writes", writes),
        ]
    }

    /// The number of one name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<u64> {
        self.all().into_iter().find(|(known, _)| *known == name).map(|(_, number)| number)
    }
}
