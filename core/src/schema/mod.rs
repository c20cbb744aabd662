//! What bundles and readers share: the catalog, the session's parser state, column tags and
//! classes.

mod approvals;
mod classes;
mod session;

pub use approvals::{ApprovalKind, ApprovalSpec, ApprovalStage, Approver, Excluded};
pub use classes::{Class, MaskOperator};
pub use session::SqlSession;
