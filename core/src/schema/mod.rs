//! What bundles and readers share: the catalog, the session's parser state, column tags and
//! classes.

mod session;

pub use session::SqlSession;
