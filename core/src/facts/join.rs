//! Two readings of one command become one answer.

use super::{Facts, Outputs, Reason, SessionDelta, Understanding};

impl Facts {
    /// The facts of a command that is read in one of two ways, and nobody knows which.
    ///
    /// What may happen is what may happen under either reading; what is promised is what both
    /// promise. Readings that do not even agree on the number of statements leave no bound.
    ///
    /// # Examples
    /// ```
    /// use placet::command::Protocol;
    /// use placet::facts::{self, Reason, Scope};
    /// use placet::schema::SqlSession;
    ///
    /// let session = SqlSession::server_defaults();
    /// let scope = Scope { catalog: None, session: &session };
    /// let read = |text: &[u8]| facts::read(Protocol::parse("mysql").unwrap(), text, &scope);
    /// let joined = read(b"DELETE FROM t WHERE id = 1").join(read(b"DELETE FROM t"), Reason::ExecutableComment);
    /// assert!(joined.unbounded());
    /// assert!(read(b"DELETE FROM t /*!99999 WHERE id = 1 */").unbounded());
    /// ```
    #[must_use]
    pub fn join(self, other: Self, why: Reason) -> Self {
        if self == other {
            return self;
        }
        let Self { protocol, understanding, reasons, actions, session, statements, evasion } =
            other;
        let len = |facts: &[super::Action]| facts.iter().map(|a| a.span.end()).max().unwrap_or(0);
        let end = len(&self.actions).max(len(&actions));
        let counts_differ = self.statements != statements;
        let evasion = self.evasion | evasion;
        let mut joined = Self { evasion, ..self };
        joined.reasons.extend(reasons);
        joined.reasons.push(why);
        joined.reasons.sort_unstable();
        joined.reasons.dedup();
        if counts_differ {
            let reasons = joined.reasons;
            return Self { reasons, evasion, ..Self::opaque(protocol, why, end) };
        }
        joined.understanding = joined.understanding.max(understanding).max(Understanding::Partial);
        for action in actions {
            if !joined.actions.contains(&action) {
                joined.actions.push(action);
            }
        }
        // Which of them the rows belong to cannot be seen.
        for action in &mut joined.actions {
            if matches!(action.outputs, Outputs::Columns(_)) {
                action.outputs = Outputs::Opaque;
            }
        }
        if joined.session != session {
            joined.session.extend(session);
            joined.session.push(SessionDelta::Unknown);
        }
        joined
    }
}
