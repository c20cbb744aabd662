//! What bundles and readers share: the catalog, the session's parser state, column tags and
//! classes.

mod approvals;
mod catalog;
mod classes;
mod session;

pub use approvals::{ApprovalKind, ApprovalSpec, ApprovalStage, Approver, Excluded};
pub use catalog::{Catalog, CatalogColumn, CatalogFunction, CatalogTable, CatalogView, NameCase};
pub use classes::{Class, MaskOperator};
pub use session::SqlSession;
