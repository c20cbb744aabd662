//! The guard's judge with a count of what it decided.

use std::sync::Arc;

use placet::approval::Ticket;
use placet::policy::Verdict;
use placet::wire::WireError;
use placet::wire::postgres::{Asked, Judge, Judgement};
use placet_guard::SessionJudge;

use crate::metrics::{Metrics, add};

/// Decides for one session, and counts.
pub(crate) struct CountingJudge {
    judge: SessionJudge,
    metrics: Arc<Metrics>,
}

impl CountingJudge {
    pub(crate) const fn new(judge: SessionJudge, metrics: Arc<Metrics>) -> Self {
        Self { judge, metrics }
    }

    fn count(&self, judgement: &Judgement) {
        let metric = match judgement.decided.decision.verdict {
            Verdict::Allow => &self.metrics.allow,
            Verdict::Mask => &self.metrics.mask,
            Verdict::Limit => &self.metrics.limit,
            Verdict::RequireApproval => &self.metrics.require_approval,
            Verdict::Deny => &self.metrics.deny,
        };
        add(metric, 1);
    }
}

impl Judge for CountingJudge {
    fn would_deny(&mut self, asked: &Asked<'_>) -> bool {
        self.judge.would_deny(asked)
    }

    fn judge(&mut self, asked: &Asked<'_>) -> Result<Judgement, WireError> {
        let judgement = self.judge.judge(asked)?;
        self.count(&judgement);
        Ok(judgement)
    }

    fn resume(&mut self, ticket: Ticket, asked: &Asked<'_>) -> Result<Judgement, WireError> {
        let judgement = self.judge.resume(ticket, asked)?;
        self.count(&judgement);
        Ok(judgement)
    }

    fn has_news(&mut self, ticket: Ticket) -> bool {
        self.judge.has_news(ticket)
    }

    fn withdraw(&mut self, ticket: Ticket) {
        self.judge.withdraw(ticket);
    }
}
