//! What the chores share with the live tests: a private PostgreSQL, its clients, a running proxy.

pub mod clients;
pub mod postgres;
mod process;
pub mod proxy;

pub use process::{Running, cargo, free_port, output, say, wait_for_port};
