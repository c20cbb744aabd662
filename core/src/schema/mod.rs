//! What bundles and readers share: the catalog, the session's parser state, column tags and
//! classes.

mod catalog;
mod session;

pub use catalog::{Catalog, CatalogColumn, CatalogFunction, CatalogTable, CatalogView, NameCase};
pub use session::SqlSession;
