//! A text that is refused is an opaque command with the same code.

use placet::command::sql::Refusal;
use placet::facts::Reason;

#[test]
fn every_refusal_is_a_reason_with_the_same_words() {
    for (code, meaning) in Refusal::CODES {
        let reason = Reason::ALL.iter().find(|(_, other, _)| other == code);
        assert_eq!(reason.map(|(_, _, meaning)| meaning), Some(meaning), "{code}");
    }
}
