//! What the server still owes: one entry a message that it answers, in the order of the answers.

use std::sync::Arc;

use super::copy::CopyMasker;
use super::objects::{Portal, Ruling, Statement};
use super::rows::RowPlan;

/// A command that runs.
pub(super) struct Run {
    pub(super) ruling: Arc<Ruling>,
    /// The portal of an Execute; `None` for a simple query.
    pub(super) portal: Option<Arc<Portal>>,
    /// The text of a simple query that copies; empty for everything else.
    pub(super) text: Vec<u8>,
    /// It returns the data of a COPY.
    pub(super) copies_out: bool,
    /// The plan of the result that is being returned.
    pub(super) plan: Option<RowPlan>,
    /// The masker of a COPY that is being returned.
    pub(super) copy: Option<Box<CopyMasker>>,
    pub(super) rows_out: u64,
    pub(super) rows_changed: Option<u64>,
    pub(super) masked_cells: u64,
    pub(super) failed: bool,
    /// A limit was reached: nothing more of this result passes.
    pub(super) stopped: bool,
}

impl Run {
    pub(super) const fn new(ruling: Arc<Ruling>, portal: Option<Arc<Portal>>) -> Self {
        Self {
            ruling,
            portal,
            text: Vec::new(),
            copies_out: false,
            plan: None,
            copy: None,
            rows_out: 0,
            rows_changed: None,
            masked_cells: 0,
            failed: false,
            stopped: false,
        }
    }
}

/// Whose columns a Describe asks for.
#[derive(Clone)]
pub(super) enum Described {
    Statement(Arc<Statement>),
    Portal(Arc<Portal>),
    /// Something that did not go through this session: the server will not know it either, or its
    /// columns hold no row.
    Nothing,
}

impl Owed {
    /// Whether the answer ends with ReadyForQuery.
    pub(super) const fn is_end(&self) -> bool {
        matches!(self, Self::Sync | Self::Query(_) | Self::Refused { ready: true, .. })
    }
}

/// One answer that is owed.
pub(super) enum Owed {
    /// ParseComplete.
    Parse { name: Vec<u8>, statement: Arc<Statement>, batch: u64 },
    /// BindComplete.
    Bind { name: Vec<u8>, portal: Arc<Portal>, batch: u64 },
    /// RowDescription or NoData, behind ParameterDescription for a statement. `own` is one that
    /// this session asked for: the client does not see it.
    Describe { of: Described, own: bool },
    /// Rows and how they end.
    Execute(Box<Run>),
    /// CloseComplete.
    Close { portal: bool, name: Vec<u8>, batch: u64 },
    /// ReadyForQuery.
    Sync,
    /// Results and ReadyForQuery.
    Query(Box<Run>),
    /// The error of a statement that stands in for a refused one; then, for one that was no part
    /// of a batch, ReadyForQuery.
    Refused { complaint: Vec<u8>, ready: bool },
}
