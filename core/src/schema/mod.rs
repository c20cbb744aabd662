//! What bundles and readers share: the catalog, the session's parser state, column tags and
//! classes, approval specs and approvers.

mod approvals;
mod session;

pub use approvals::{
    ApprovalSpec, Approvals, Approver, DEFAULT_EXPIRES_IN_SECONDS, SpecKind, Stage,
};
pub use session::SqlSession;
