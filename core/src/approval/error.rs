//! Why a request, an answer or a resumption was refused.

use crate::primitives::Span;

macro_rules! errors {
    ($($(#[$note:meta])* $variant:ident = $code:literal, $text:literal, $help:literal;)*) => {
        /// Why something about an approval was refused. Every refusal leaves the command held or
        /// denied; none lets it run.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
        #[non_exhaustive]
        pub enum ApprovalError {
            $($(#[$note])* #[error($text)] $variant,)*
        }

        impl ApprovalError {
            /// Every code of this family with its meaning.
            pub const CODES: &'static [(&'static str, &'static str)] = &[$(($code, $text),)*];

            /// The stable code.
            #[must_use]
            pub const fn code(&self) -> &'static str {
                match self { $(Self::$variant => $code,)* }
            }

            /// What to do about it.
            #[must_use]
            pub const fn help(&self) -> &'static str {
                match self { $(Self::$variant => $help,)* }
            }

            /// Always `None`: these errors speak of an answer as a whole.
            #[must_use]
            pub const fn span(&self) -> Option<Span> {
                None
            }

            #[cfg(test)]
            pub(crate) const ALL: &'static [Self] = &[$(Self::$variant,)*];
        }
    };
}

errors! {
    /// Not a signed statement: not strict JSON, an unknown or missing key, a value in a second spelling.
    Malformed = "APR001", "not a signed approval statement",
        "send the statement exactly as `placet approve` wrote it";
    /// A class of proof that this version cannot verify.
    Class = "APR002", "this class of approval cannot be verified here",
        "answer with an approver's key";
    /// The bundle knows no such approver.
    UnknownApprover = "APR003", "the bundle lists no approver of this name",
        "check the name, or add the approver to `approvals.toml`";
    /// No key that the bundle lists for this approver made the signature.
    Signature = "APR004", "no key of this approver made the signature",
        "sign with a key that the bundle lists for this approver";
    /// The answer belongs to another request (instance, nonce or decision).
    Instance = "APR005", "the answer belongs to another request",
        "answer this ticket; answers cannot be moved between requests";
    /// The answer is about other bytes, parameters or context.
    Action = "APR006", "the answer is about another action",
        "answer this ticket; answers cannot be moved between requests";
    /// The approver was shown something else.
    Display = "APR007", "the approver was shown something else than this request",
        "show the approver the text of this request and ask again";
    /// The answer was given under another bundle than the request.
    Bundle = "APR008", "the answer names another bundle than the request",
        "answer this ticket as it stands in the store";
    /// The answer was given for another log or resource.
    Audience = "APR009", "the answer is meant for another log or resource",
        "answer at the gateway that holds the request";
    /// The answer names another requester or delegator.
    Requester = "APR010", "the answer names another requester",
        "answer this ticket as it stands in the store";
    /// The answer names another quorum.
    Quorum = "APR011", "the answer names another quorum than the request",
        "answer this ticket as it stands in the store";
    /// The approver is the requester or its delegator.
    SelfApproval = "APR012", "a requester or its delegator cannot answer",
        "ask another person";
    /// The approver is in no group that a stage of the request names.
    NotEligible = "APR013", "this approver is in no group that the request needs",
        "ask a person of a group that the approval spec names";
    /// The statement's time is over.
    Expired = "APR014", "the time for an answer is over",
        "send the command again to get a new ticket";
    /// The statement's time has not begun.
    NotYetValid = "APR015", "the answer is not valid yet",
        "check the clocks of gateway and approver";
    /// The statement claims a time outside the request's.
    Window = "APR016", "the answer claims a longer time than the request has",
        "answer within the time of the request";
    /// Someone denied the request; that is final.
    Denied = "APR017", "the request was denied",
        "send a different command, or ask the person who denied it";
    /// No request has this ticket.
    UnknownTicket = "APR018", "no held request has this ticket",
        "check the ticket; it is 32 hexadecimal digits";
    /// What is presented now is not what was approved.
    Mismatch = "APR019", "the command, its parameters or its context differ from what was approved",
        "send exactly what was approved, or send the new command for approval";
    /// Not enough people have approved.
    Pending = "APR020", "the request waits for approvals",
        "wait until the quorum is complete";
    /// The approval was used, or the request was settled otherwise.
    Consumed = "APR021", "the approval was already used",
        "send the command again to get a new ticket";
    /// The store that decides single use did not answer.
    StoreUnavailable = "APR022", "the store that decides single use did not answer",
        "see that the directory of the store can be written";
    /// The log did not take the event, so nothing may run.
    LogUnavailable = "APR023", "the log did not take the event of use",
        "see that the log can be written; the approval counts as used";
    /// The bundle in force denies the command now.
    NowDenied = "APR024", "the bundle in force denies this command now",
        "read the remedy of the new decision";
    /// The bundle in force asks for more than was given.
    NowStricter = "APR025", "the bundle in force asks for more approval than was given",
        "send the command again to get a ticket under the bundle in force";
    /// The bundle has no such spec.
    UnknownSpec = "APR026", "the bundle has no approval spec of this name",
        "define the spec in `approvals.toml`";
    /// Not even all eligible people together could fill the stages.
    Unsatisfiable = "APR027", "no set of eligible people could fill the stages of the spec",
        "add approvers to the groups of the spec";
    /// The text that an approver would have to read is beyond the bound, and is never cut.
    DisplayTooLarge = "APR028", "the request is too large to be shown whole, so nobody can approve it",
        "split the command, or allow it by a rule";
    /// The values could not be masked for display.
    DisplayFailed = "APR029", "the command could not be masked for display",
        "see the masking error; without a display nobody can approve";
    /// Not an id of this kind.
    Id = "APR030", "not a ticket, instance or nonce",
        "give it as it was printed";
    /// A stored request that contradicts itself.
    Damaged = "APR031", "the stored request is damaged",
        "treat the store as tampered with; send the command again";
    /// Specs or approvers that contradict themselves.
    Roster = "APR032", "the approvers or approval specs of the bundle contradict themselves",
        "run `placet bundle lint`";
    /// Another log or actor than the request was made for presents it.
    Actor = "APR033", "the approval was given to another requester, log or resource",
        "the requester resumes at the gateway that held the request";
    /// More answers than one request can have.
    TooManyAnswers = "APR034", "the request has more answers than its bound",
        "treat the store as tampered with; send the command again";
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn codes_are_unique_and_every_error_helps() {
        let codes: BTreeSet<_> = ApprovalError::ALL.iter().map(ApprovalError::code).collect();
        assert_eq!(codes.len(), ApprovalError::CODES.len());
        for error in ApprovalError::ALL {
            assert!(!error.help().is_empty() && !error.to_string().ends_with('.'), "{error}");
        }
    }
}
