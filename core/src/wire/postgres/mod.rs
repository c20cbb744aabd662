//! The PostgreSQL protocol, version 3: a session between a client and a server.
//!
//! A [`Session`] is fed with what either side sends and answers with a [`Turn`]: events for the
//! log, then bytes for both sides. The embedder's [`Judge`] decides. What is refused never reaches
//! the server: a statement that always fails takes its place, so that the server itself skips the
//! rest of a batch and ends a transaction, and the client reads the refusal in the place of the
//! server's error.
//!
//! Source: PostgreSQL documentation, chapter "Frontend/Backend Protocol".

mod complaint;
mod copy;
mod counts;
pub mod frame;
mod judge;
mod objects;
mod queue;
pub mod reply;
mod rows;
pub mod scram;
mod session;
pub mod startup;
mod turn;
pub mod upstream;
mod value;

pub use complaint::Complaint;
pub use counts::Counts;
pub use judge::{Asked, Judge, JudgedStep, Judgement};
pub use session::{Session, Start, Waiting};
pub use turn::{Out, Turn};
