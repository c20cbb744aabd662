//! How far texts were understood, counted by kind and by reason.

use std::collections::BTreeMap;

use placet::facts::{Action, Facts, Op, Understanding};
use serde_json::{Value, json};

use crate::report::{Table, percent};

/// Counts of one corpus.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    kinds: BTreeMap<String, Row>,
    reasons: BTreeMap<(String, &'static str, String), Group>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Row {
    texts: usize,
    given: usize,
    named: usize,
    full: usize,
    partial: usize,
    opaque: usize,
    contradictions: usize,
}

impl Row {
    fn and(self, other: &Self) -> Self {
        Self {
            texts: self.texts + other.texts,
            given: self.given + other.given,
            named: self.named + other.named,
            full: self.full + other.full,
            partial: self.partial + other.partial,
            opaque: self.opaque + other.opaque,
            contradictions: self.contradictions + other.contradictions,
        }
    }
}

#[derive(Debug)]
struct Group {
    texts: usize,
    example: String,
}

/// Kinds that have a line of their own.
const KINDS: usize = 60;
/// Groups of reasons that are printed.
const GROUPS: usize = 40;

impl Tally {
    pub(crate) fn add(&mut self, kind: &str, text: &str, facts: &Facts, contradicted: bool) {
        let row = self.kinds.entry(kind.to_owned()).or_default();
        let opaque = facts.is_opaque();
        row.texts += 1;
        row.given += usize::from(!opaque && all_known(&facts.all_actions()));
        row.named += usize::from(all_known(&facts.actions.iter().collect::<Vec<_>>()));
        row.contradictions += usize::from(contradicted);
        match (opaque, facts.understanding) {
            (true, _) | (_, Understanding::Opaque) => row.opaque += 1,
            (_, Understanding::Partial) => row.partial += 1,
            (_, Understanding::Full) => row.full += 1,
        }
        let how = if opaque { "opaque" } else { facts.understanding.name() };
        if how == "full" {
            return;
        }
        let reasons = reasons(facts);
        let group = self
            .reasons
            .entry((kind.to_owned(), how, reasons))
            .or_insert_with(|| Group { texts: 0, example: text.to_owned() });
        group.texts += 1;
        if text.len() < group.example.len() {
            text.clone_into(&mut group.example);
        }
    }

    /// The counts by kind, biggest first, with a line for all.
    pub(crate) fn table(&self, title: String, notes: Vec<String>) -> Table {
        let mut rows: Vec<(&str, Row)> =
            self.kinds.iter().map(|(kind, row)| (kind.as_str(), *row)).collect();
        rows.sort_by_key(|(_, row)| std::cmp::Reverse(row.texts));
        let all = rows.iter().fold(Row::default(), |sum, (_, row)| sum.and(row));
        // Kinds of which there are few are shown together, unless something is wrong with them.
        let (mut few, mut others) = (0, Row::default());
        let mut place = 0;
        rows.retain(|(_, row)| {
            place += 1;
            let shown = place <= KINDS || row.contradictions > 0;
            if !shown {
                (few, others) = (few + 1, others.and(row));
            }
            shown
        });
        let few_kinds = format!("{few} other kinds");
        if few > 0 {
            rows.push((&few_kinds, others));
        }
        let cells = |(kind, row): (&str, Row)| {
            vec![
                json!(kind),
                json!(row.texts),
                percent(row.named, row.texts),
                percent(row.given, row.texts),
                percent(row.full, row.texts),
                percent(row.partial, row.texts),
                percent(row.opaque, row.texts),
                json!(row.contradictions),
            ]
        };
        Table {
            title,
            header: vec![
                "kind",
                "texts",
                "named %",
                "given %",
                "full %",
                "partial %",
                "opaque %",
                "wrong",
            ],
            rows: [("all", all)].into_iter().chain(rows).map(cells).collect(),
            notes,
        }
    }

    /// Why texts were not understood better, biggest group first.
    pub(crate) fn groups(&self, title: String) -> Table {
        let mut groups: Vec<_> = self.reasons.iter().collect();
        groups.sort_by_key(|(_, group)| std::cmp::Reverse(group.texts));
        let more = groups.len().saturating_sub(GROUPS);
        let rows = groups.into_iter().take(GROUPS).map(|((kind, how, reasons), group)| {
            vec![json!(group.texts), json!(how), json!(reasons), json!(kind), json!(group.example)]
        });
        Table {
            title,
            header: vec!["texts", "understood", "reasons", "kind", "shortest example"],
            rows: rows.collect::<Vec<Vec<Value>>>(),
            notes: if more > 0 {
                vec![format!("… and {more} smaller groups")]
            } else {
                Vec::new()
            },
        }
    }
}

/// Whether facts say what these are. A text is *named* where its own actions are known, though code
/// in it may be opaque; it is *given a kind* where nothing in it is unknown.
fn all_known(actions: &[&Action]) -> bool {
    actions.iter().all(|action| action.op != Op::Unknown)
}

/// The reasons, those of nested code included.
fn reasons(facts: &Facts) -> String {
    let mut codes: Vec<&str> = facts.reasons.iter().map(|reason| reason.code()).collect();
    let nested = facts.all_actions().into_iter().flat_map(|action| &action.nested);
    codes.extend(nested.flat_map(|facts| &facts.reasons).map(|reason| reason.code()));
    codes.sort_unstable();
    codes.dedup();
    codes.join(" ")
}
