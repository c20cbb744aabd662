//! placet for those who embed it: the stages of the core in the one order that keeps the promises.
//!
//! A [`Guard`] holds a verified bundle, a log and the store of held requests. [`Guard::admit`]
//! decides, logs, and says what is to happen; only then may a command run. What needs people is
//! held; [`Guard::resume`] lets exactly that command run, once. What became of it goes into the log
//! with [`Guard::outcome`].
//!
//! ```
//! use placet::{command::Protocol, request::*, schema::SqlSession};
//! use placet_guard::{Ask, Guard, Options, Step};
//!
//! let guard = Guard::open(Options::shipped("baseline"))?;
//! let request = Request {
//!     principal: Principal { id: "agent:7".into(), kind: PrincipalKind::Agent, groups: vec![], claims: Default::default(), delegator: None },
//!     resource: Resource { kind: "postgres".into(), name: "crm".into(), labels: Default::default() },
//!     session: Session::default(),
//!     context: Context::default(),
//!     enforces: Enforces::ALL,
//! };
//! let postgres = Protocol::parse("postgres").unwrap();
//! let ask = Ask::new(postgres, b"TRUNCATE customers", SqlSession::server_defaults(), request);
//! let admission = guard.admit(&ask)?;
//! assert!(matches!(admission.step, Step::Refused(_)));
//! # Ok::<(), placet_guard::GuardError>(())
//! ```

mod ask;
pub mod bundle;
mod cache;
mod codes;
mod error;
mod guard;
mod hold;
mod options;
mod wire;

pub use ask::{Admission, Ask, Refusal, Step};
pub use bundle::BundleFrom;
pub use codes::FACE_CODES;
pub use error::GuardError;
pub use guard::{Guard, Judged};
pub use options::{AuditOptions, Options};
pub use wire::{Peer, SessionJudge};
