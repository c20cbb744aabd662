//! The text that an approver reads: complete, escaped, with detected values as typed placeholders.
//!
//! What a person approves is what this text says, so nothing in it may look like what it is not.
//! Outside of placeholders it is a function of the bytes alone, and two different byte strings give
//! two different texts.

use std::fmt::Write as _;

use crate::approval::action::{BoundCommand, Param};
use crate::approval::error::ApprovalError;
use crate::crypto::FieldHasher;
use crate::primitives::{Digest, Span, Timestamp};

/// Bytes of the text for an approver. It is never cut: what cannot be shown whole cannot be
/// approved. A command of the largest size in plain ASCII fits.
pub const MAX_DISPLAY_BYTES: usize = 128 * 1024;

/// Bytes of the name of a type in a placeholder.
const MAX_KIND_BYTES: usize = 64;

/// A part of a command or parameter that is shown as its type and length only.
///
/// # Examples
/// ```
/// # use placet::{approval::Hidden, primitives::Span};
/// assert!(Hidden::new(Span::new(2, 6), "EMAIL_ADDRESS").is_ok());
/// assert!(Hidden::new(Span::new(2, 6), "harmless text").is_err());
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hidden {
    span: Span,
    kind: String,
}

impl Hidden {
    /// Hides `span`; `kind` is a type's name: capitals, digits and underscores.
    ///
    /// # Errors
    /// [`ApprovalError::DisplayFailed`] (`APR029`) for another name: a placeholder must not be able
    /// to say something.
    pub fn new(span: Span, kind: &str) -> Result<Self, ApprovalError> {
        let is_name = (1..=MAX_KIND_BYTES).contains(&kind.len())
            && kind.bytes().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == b'_');
        if !is_name {
            return Err(ApprovalError::DisplayFailed);
        }
        Ok(Self { span, kind: kind.to_owned() })
    }

    /// The bytes that are hidden.
    #[must_use]
    pub const fn span(&self) -> Span {
        self.span
    }

    /// The type that is shown in their place.
    #[must_use]
    pub fn kind(&self) -> &str {
        &self.kind
    }
}

/// What stands around the command in the text.
pub(crate) struct Frame<'a> {
    pub(crate) requester: &'a str,
    pub(crate) delegator: Option<&'a str>,
    pub(crate) log: &'a str,
    pub(crate) rules: &'a [String],
    pub(crate) specs: &'a [String],
    pub(crate) effects: &'a [String],
    pub(crate) break_glass: bool,
    pub(crate) created: Timestamp,
    pub(crate) expires: Timestamp,
}

/// The whole text for one request; `hidden` holds one list for the command and one a parameter.
pub(crate) fn compose(
    frame: &Frame<'_>,
    command: &BoundCommand,
    hidden: &[Vec<Hidden>],
) -> Result<String, ApprovalError> {
    if hidden.len() != command.params.len() + 1 {
        return Err(ApprovalError::DisplayFailed);
    }
    let mut out = String::new();
    let mut line = |label: &str, value: &str| {
        let _ = writeln!(out, "{label:<10} {value}");
    };
    // One line each: a line end stays visible as `\n` and cannot begin a line of its own.
    let word = |text: &str| escape(text.as_bytes()).replace('\n', "");
    if frame.break_glass {
        line("kind", "BREAK GLASS: every use raises an alert");
    }
    line("made", &frame.created.to_string());
    line("until", &frame.expires.to_string());
    line("requester", &word(frame.requester));
    if let Some(delegator) = frame.delegator {
        line("for", &word(delegator));
    }
    let resource = format!("{} {}", word(&command.resource_kind), word(&command.resource_name));
    line("resource", &resource);
    line("gateway", &word(frame.log));
    frame.rules.iter().for_each(|rule| line("rule", &word(rule)));
    frame.specs.iter().for_each(|spec| line("approval", &word(spec)));
    frame.effects.iter().for_each(|effect| line("effect", &word(effect)));
    let context = &command.context;
    for (label, value) in [
        ("database", &context.database),
        ("role", &context.role),
        ("directory", &context.cwd),
        ("context", &context.kube_context),
    ] {
        if let Some(value) = value {
            line(label, &word(value));
        }
    }
    for schema in context.search_path.iter().flatten() {
        line("schema", &word(schema));
    }
    // Names only: values may be whole prepared statements. They are bound by the action hash.
    for (name, value) in &context.parser_state {
        line("setting", &format!("{} ({} bytes)", word(name), value.len()));
    }
    line("protocol", &word(&command.protocol));
    line("command", &format!("{} bytes", command.bytes.len()));
    // Every line of the command stands behind a bar, so that no command can write a line of ours.
    for shown in render(&command.bytes, hidden.first().map_or(&[], Vec::as_slice)).lines() {
        line("", &format!("| {shown}"));
    }
    for ((number, param), hidden) in (1usize..).zip(&command.params).zip(hidden.iter().skip(1)) {
        let value = match param {
            Param::Null => String::new(),
            Param::Bool(_) | Param::Number(_) | Param::Text(_) | Param::Bytes(_) => {
                format!(" | {}", render(param.bytes(), hidden).replace('\n', ""))
            }
        };
        line("parameter", &format!("{number} {}{value}", param.kind()));
    }
    if out.len() > MAX_DISPLAY_BYTES { Err(ApprovalError::DisplayTooLarge) } else { Ok(out) }
}

/// The digest of a text as it was shown.
pub(crate) fn display_hash(text: &str) -> Digest {
    let mut hash = FieldHasher::new("placet-display/v1");
    hash.field(text.as_bytes());
    hash.finish()
}

/// `bytes` escaped, with `hidden` parts as `⟦TYPE, n bytes⟧`; overlapping parts become one.
fn render(bytes: &[u8], hidden: &[Hidden]) -> String {
    let mut parts: Vec<&Hidden> = hidden.iter().filter(|part| !part.span.is_empty()).collect();
    parts.sort_by_key(|part| (part.span, &part.kind));
    let mut out = String::new();
    let mut at = 0;
    let mut parts = parts.into_iter().peekable();
    while let Some(part) = parts.next() {
        let (start, mut end) = (part.span.start().min(bytes.len()), part.span.end());
        while let Some(next) = parts.next_if(|next| next.span.start() < end) {
            end = end.max(next.span.end());
        }
        let end = end.min(bytes.len());
        if start >= end {
            continue;
        }
        out.push_str(&escape(bytes.get(at..start).unwrap_or_default()));
        // The brackets are never left unescaped elsewhere, so no command can fake a placeholder.
        let _ = write!(out, "\u{27e6}{}, {} bytes\u{27e7}", part.kind, end - start);
        at = end;
    }
    out.push_str(&escape(bytes.get(at..).unwrap_or_default()));
    out
}

/// Makes everything visible that could hide or look like something else.
///
/// ASCII that prints stays, a backslash is doubled, a line end is `\n` and a new line; accented
/// Latin letters stay; every other character is its code point (`\u{202e}`), and bytes that are no
/// UTF-8 are `\xff`. So control, direction and zero-width characters show, and a Cyrillic letter
/// cannot stand for a Latin one. Two different inputs never give the same text.
///
/// # Examples
/// ```
/// # use placet::approval::escape;
/// assert_eq!(escape("DROP\u{202e} t\u{0430}ble é".as_bytes()), r"DROP\u{202e} t\u{430}ble é");
/// assert_eq!(escape(b"a\\b\xff\x07"), r"a\\b\xff\u{7}");
/// ```
#[must_use]
pub fn escape(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            match c {
                '\\' => out.push_str("\\\\"),
                '\n' => out.push_str("\\n\n"),
                '\r' => out.push_str("\\r"),
                '\t' => out.push_str("\\t"),
                ' '..='~' => out.push(c),
                c if is_plain_letter(c) => out.push(c),
                c => {
                    let _ = write!(out, "\\u{{{:x}}}", u32::from(c));
                }
            }
        }
        for byte in chunk.invalid() {
            let _ = write!(out, "\\x{byte:02x}");
        }
    }
    out
}

/// Accented Latin letters, of which none looks like an ASCII letter or sign: left out are the
/// dotless i, the kra, the long s, ŀ and ŉ, and the signs × and ÷ between the letters.
const fn is_plain_letter(c: char) -> bool {
    matches!(c,
        '\u{c0}'..='\u{d6}' | '\u{d8}'..='\u{f6}' | '\u{f8}'..='\u{130}'
        | '\u{132}'..='\u{137}' | '\u{139}'..='\u{13e}' | '\u{141}'..='\u{148}'
        | '\u{14a}'..='\u{17e}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Reads an escaped text back: the proof that nothing was lost.
    fn unescape(text: &str) -> Vec<u8> {
        let mut out = Vec::new();
        let mut chars = text.chars().peekable();
        while let Some(c) = chars.next() {
            if c != '\\' {
                out.extend(c.to_string().bytes());
                continue;
            }
            match chars.next().unwrap() {
                '\\' => out.push(b'\\'),
                'n' => {
                    assert_eq!(chars.next(), Some('\n'));
                    out.push(b'\n');
                }
                'r' => out.push(b'\r'),
                't' => out.push(b'\t'),
                'x' => {
                    let digits: String = chars.by_ref().take(2).collect();
                    out.push(u8::from_str_radix(&digits, 16).unwrap());
                }
                'u' => {
                    let digits: String = chars.by_ref().skip(1).take_while(|c| *c != '}').collect();
                    let code = u32::from_str_radix(&digits, 16).unwrap();
                    out.extend(char::from_u32(code).unwrap().to_string().bytes());
                }
                other => panic!("{other}"),
            }
        }
        out
    }

    fn hide(start: u32, end: u32, kind: &str) -> Hidden {
        Hidden::new(Span::new(start, end), kind).unwrap()
    }

    #[test]
    fn what_hides_becomes_visible() {
        for (hostile, shown) in [
            ("a\u{202e}b", r"a\u{202e}b"),
            ("a\u{2066}b", r"a\u{2066}b"),
            ("a\u{200b}b", r"a\u{200b}b"),
            ("a\u{feff}b", r"a\u{feff}b"),
            ("a\u{ad}b", r"a\u{ad}b"),
            ("a\u{a0}b", r"a\u{a0}b"),
            ("a\u{1b}[2Kb", r"a\u{1b}[2Kb"),
            ("a\rb", r"a\rb"),
            ("a\u{8}b", r"a\u{8}b"),
            ("a\u{0}b", r"a\u{0}b"),
            ("a\u{85}b", r"a\u{85}b"),
            ("a\u{2028}b", r"a\u{2028}b"),
            ("\u{0441}rm", r"\u{441}rm"),
            ("\u{ff53}elect", r"\u{ff53}elect"),
            ("\u{1d5ee}", r"\u{1d5ee}"),
            ("e\u{301}", r"e\u{301}"),
            ("\u{e0041}", r"\u{e0041}"),
            ("\u{5d0}", r"\u{5d0}"),
            ("\u{131}\u{138}\u{17f}", r"\u{131}\u{138}\u{17f}"),
            ("\u{2018}\u{2019}\u{ff07}", r"\u{2018}\u{2019}\u{ff07}"),
            ("\u{27e6}EMAIL_ADDRESS, 3 bytes\u{27e7}", r"\u{27e6}EMAIL_ADDRESS, 3 bytes\u{27e7}"),
        ] {
            assert_eq!(escape(hostile.as_bytes()), shown);
        }
        assert_eq!(escape("Zoë Müller".as_bytes()), "Zoë Müller");
    }

    #[test]
    fn hidden_parts_merge_and_stay_inside() {
        let text = b"mail a@b.example to c";
        assert_eq!(
            render(text, &[hide(5, 16, "EMAIL_ADDRESS")]),
            "mail \u{27e6}EMAIL_ADDRESS, 11 bytes\u{27e7} to c"
        );
        assert_eq!(
            render(text, &[hide(12, 99, "B"), hide(5, 13, "A"), hide(6, 7, "C"), hide(3, 3, "D")]),
            "mail \u{27e6}A, 16 bytes\u{27e7}"
        );
        assert_eq!(render(text, &[hide(50, 60, "A")]), escape(text));
        // A cut inside a character shows the rest of it as bytes.
        assert_eq!(render("é!".as_bytes(), &[hide(0, 1, "A")]), "\u{27e6}A, 1 bytes\u{27e7}\\xa9!");
    }

    proptest! {
        #[test]
        fn escaping_loses_nothing(bytes in proptest::collection::vec(any::<u8>(), 0..60)) {
            prop_assert_eq!(unescape(&escape(&bytes)), bytes);
        }

        #[test]
        fn escaping_loses_no_character(text in "\\PC{0,20}[\\x00-\\x1f\\\\xu{}n]{0,6}") {
            prop_assert_eq!(unescape(&escape(text.as_bytes())), text.as_bytes());
        }

        #[test]
        fn nothing_invisible_is_left(text in any::<String>()) {
            for c in escape(text.as_bytes()).chars() {
                prop_assert!(c == '\n' || matches!(c, ' '..='~') || is_plain_letter(c));
            }
        }

        #[test]
        fn any_spans_render(text in "[a-zé]{0,20}", spans in proptest::collection::vec((0u32..30, 0u32..30), 0..6)) {
            let parts: Vec<_> = spans.iter().map(|(a, b)| hide(*a, *b, "X")).collect();
            let shown = render(text.as_bytes(), &parts);
            let hidden: Vec<bool> = (0..text.len())
                .map(|at| parts.iter().any(|p| p.span.start() <= at && at < p.span.end()))
                .collect();
            prop_assert_eq!(shown.contains('X'), hidden.contains(&true));
        }
    }
}
