//! placet understands what a command would do, decides under a policy bundle, masks what comes
//! back and keeps a log that an outsider can verify.

pub mod approval;
pub mod audit;
pub mod command;
pub mod crypto;
pub mod engine;
pub mod facts;
pub mod limits;
pub mod mask;
pub mod policy;
pub mod primitives;
pub mod request;
pub mod schema;
