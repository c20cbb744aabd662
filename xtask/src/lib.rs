//! What the chores share with the live tests: private servers, their clients, a running proxy.

mod account;
pub mod clients;
pub mod debian;
pub mod mariadb;
pub mod postgres;
mod process;
pub mod proxy;

pub use account::random_word;
pub use process::{Running, cargo, free_port, output, say, wait_for_port};
