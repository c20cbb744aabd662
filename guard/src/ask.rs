//! What is asked, and what is answered.

use std::fmt;

use placet::approval::{BoundCommand, BoundContext, Granted, Param, Requester, Ticket};
use placet::command::Protocol;
use placet::engine::{Authn, Decided};
use placet::facts::Facts;
use placet::request::Request;
use placet::schema::SqlSession;

/// A command with everything that decides what it does and who asks for it.
///
/// May hold secrets: its `Debug` shows lengths and names only.
#[derive(Clone)]
pub struct Ask {
    /// How the command is read.
    pub protocol: Protocol,
    /// The exact bytes with parameters and context: what an approval is bound to.
    pub command: BoundCommand,
    /// The state of the session, for SQL.
    pub session: SqlSession,
    /// Who asks, on what, and what the caller can enforce.
    pub request: Request,
    /// How far the principal's name can be trusted.
    pub authn: Authn,
    /// The session, for the log; empty where there is none.
    pub session_id: String,
    /// What the embedder knows of a command that no reader here reads; `None` to read it.
    pub facts: Option<Facts>,
}

impl Ask {
    /// A command of this principal on this resource; the context of approval is that of `session`.
    ///
    /// # Examples
    /// ```
    /// # use placet::{command::Protocol, request::*, schema::SqlSession};
    /// # use placet_guard::Ask;
    /// # let principal = Principal { id: "agent:7".into(), kind: PrincipalKind::Agent, groups: vec![], claims: Default::default(), delegator: None };
    /// # let resource = Resource { kind: "postgres".into(), name: "crm".into(), labels: Default::default() };
    /// # let request = Request { principal, resource, session: Session::default(), context: Context::default(), enforces: Enforces::ALL };
    /// let postgres = Protocol::parse("postgres").unwrap();
    /// let ask = Ask::new(postgres, b"DELETE FROM t", SqlSession::server_defaults(), request);
    /// assert!(!format!("{ask:?}").contains("DELETE"));
    /// ```
    #[must_use]
    pub fn new(protocol: Protocol, bytes: &[u8], session: SqlSession, request: Request) -> Self {
        let command = BoundCommand {
            protocol: protocol.name().to_owned(),
            resource_kind: request.resource.kind.clone(),
            resource_name: request.resource.name.clone(),
            bytes: bytes.to_vec(),
            params: Vec::new(),
            context: BoundContext::of_sql(None, &session),
        };
        Self {
            protocol,
            command,
            session,
            request,
            authn: Authn::AssertedByEmbedder,
            session_id: String::new(),
            facts: None,
        }
    }

    /// The same command with these parameters bound.
    #[must_use]
    pub fn with_params(mut self, params: Vec<Param>) -> Self {
        self.command.params = params;
        self
    }

    /// The same command with these facts: the embedder answers for them.
    ///
    /// # Examples
    /// ```
    /// # use placet::{command::Protocol, facts::{self, Scope}, request::*, schema::SqlSession};
    /// # use placet_guard::{Ask, Guard, Options, Step};
    /// # let principal = Principal { id: "agent:7".into(), kind: PrincipalKind::Agent, groups: vec![], claims: Default::default(), delegator: None };
    /// # let resource = Resource { kind: "tool".into(), name: "files".into(), labels: Default::default() };
    /// # let request = Request { principal, resource, session: Session::default(), context: Context::default(), enforces: Enforces::ALL };
    /// let (tool, sql) = (Protocol::parse("tool").unwrap(), Protocol::parse("postgres").unwrap());
    /// let session = SqlSession::server_defaults();
    /// let reads = facts::read(sql, b"SELECT 1", &Scope { catalog: None, session: &session });
    /// let guard = Guard::open(Options::shipped("baseline"))?;
    /// let ask = Ask::new(tool, b"{}", session, request);
    /// assert!(matches!(guard.admit(&ask)?.step, Step::Refused(_)));
    /// assert!(matches!(guard.admit(&ask.with_facts(reads))?.step, Step::Forward(None)));
    /// # Ok::<(), placet_guard::GuardError>(())
    /// ```
    #[must_use]
    pub fn with_facts(mut self, facts: Facts) -> Self {
        self.facts = Some(facts);
        self
    }

    /// Who asks, in the words of approvals.
    pub(crate) fn requester(&self) -> Requester {
        let principal = &self.request.principal;
        Requester { id: principal.id.clone(), delegator: principal.delegator.clone() }
    }
}

impl fmt::Debug for Ask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ask")
            .field("protocol", &self.protocol.name())
            .field("command", &self.command)
            .field("principal", &self.request.principal.id)
            .finish_non_exhaustive()
    }
}

/// What is to happen with a command now.
#[must_use = "only `Forward` may go on"]
#[derive(Debug)]
pub enum Step {
    /// Forward it, with the obligations of its decision; the grant where people approved it.
    Forward(Option<Box<Granted>>),
    /// It waits for people under this ticket.
    Held(Ticket),
    /// It is refused.
    Refused(Refusal),
}

/// Why a command is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The code where approval failed (`APR017`…); `None` where the decision is deny.
    pub code: Option<&'static str>,
    /// One line for the agent.
    pub text: String,
}

/// A decision that is in the log, and what follows from it.
#[derive(Debug)]
pub struct Admission {
    /// The decision's id in the log.
    pub id: String,
    /// Facts and decision.
    pub decided: Decided,
    /// What is to happen.
    pub step: Step,
}
