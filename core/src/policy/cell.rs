//! Cells: what a command does, cut into action × target × effect. Every cell is decided alone.

use super::condition::{CellFacts, Known};
use super::tags::{ClassSet, Held, Tags};
use super::tri::Tri;
use crate::facts::{
    Action, Effect, EffectSet, Extent, Facts, Op, Outputs, Role, Target, Understanding,
};
use crate::primitives::Span;

/// One cell with what is known of it.
#[derive(Clone, Debug)]
pub(crate) struct Cell<'a> {
    pub(crate) facts: CellFacts<'a>,
    /// As which operation it is decided; never `Op::Unknown`.
    pub(crate) op: Known<Op>,
    /// Index into [`Cells::held`] of its target's classes.
    pub(crate) held: Option<usize>,
    /// The one cell that stands for everything an opaque command may also do.
    pub(crate) opaque: bool,
}

/// The cells of a command, and what is known of the command as a whole.
#[derive(Clone, Debug)]
pub(crate) struct Cells<'a> {
    pub(crate) cells: Vec<Cell<'a>>,
    pub(crate) held: Vec<Held>,
    pub(crate) understanding: Understanding,
    pub(crate) effects: EffectSet,
    pub(crate) unbounded: bool,
    /// Rows are changed, and how many is not known.
    pub(crate) unknown_rows: bool,
    /// Its text shows a sign of evasion.
    pub(crate) evades: bool,
    /// Classes that the command may touch.
    pub(crate) classes: ClassSet,
}

/// What a command without a statement does: it reads nothing.
pub(crate) static NOTHING: Action = Action {
    op: Op::Read,
    verb: String::new(),
    targets: Vec::new(),
    extent: Extent::AtMost(0),
    may: EffectSet::NONE,
    outputs: Outputs::None,
    calls: Vec::new(),
    via: Vec::new(),
    span: Span::new(0, 0),
    nested: Vec::new(),
};

/// The worst understanding of a command and of everything nested in it.
pub(crate) fn understanding(facts: &Facts) -> Understanding {
    let nested = facts.actions.iter().flat_map(|action| &action.nested).map(understanding);
    nested.fold(facts.understanding, Ord::max)
}

/// Cuts a command into cells. `tags` is given where a rule asks for classes.
pub(crate) fn cells<'a>(facts: &'a Facts, tags: Option<&Tags>) -> Cells<'a> {
    let understanding = understanding(facts);
    let opaque = understanding == Understanding::Opaque;
    // For an opaque command the model answers `true`: an upper bound, which must not lift a rule.
    let known = |yes: bool| if opaque { Tri::Unknown } else { Tri::from(yes) };
    let (unbounded, evasion) = (facts.unbounded(), facts.all_evasion());
    let base = CellFacts {
        action: None,
        target: Known::Unknown,
        effect: Known::Unknown,
        calls_complete: understanding == Understanding::Full,
        understanding,
        statements: if opaque { None } else { facts.statements },
        writes: known(facts.writes()),
        destructive: known(facts.destructive()),
        unbounded: known(unbounded),
        protocol: facts.protocol.name(),
        evasion,
    };
    let mut out = Cells {
        cells: Vec::new(),
        held: Vec::new(),
        understanding,
        effects: if opaque { EffectSet::ALL } else { EffectSet::NONE },
        unbounded,
        unknown_rows: opaque,
        evades: !evasion.is_empty(),
        classes: ClassSet::default(),
    };
    out.add_facts(facts, &base, tags);
    if out.cells.is_empty() {
        let facts = CellFacts {
            action: Some(&NOTHING),
            target: Known::Nothing,
            effect: Known::Nothing,
            ..base
        };
        out.cells.push(Cell { facts, op: Known::Is(Op::Read), held: None, opaque: false });
    }
    out
}

impl<'a> Cells<'a> {
    fn add_facts(&mut self, facts: &'a Facts, base: &CellFacts<'a>, tags: Option<&Tags>) {
        let opaque = facts.understanding == Understanding::Opaque;
        for action in &facts.actions {
            // In opaque facts an action without a known operation says what the opaque cell says.
            if !(opaque && action.op == Op::Unknown) {
                self.add_action(action, base, tags);
            }
            for nested in &action.nested {
                self.add_facts(nested, base, tags);
            }
        }
        if opaque {
            self.cells.push(Cell { facts: *base, op: Known::Unknown, held: None, opaque: true });
        }
    }

    fn add_action(&mut self, action: &'a Action, base: &CellFacts<'a>, tags: Option<&Tags>) {
        self.effects |= action.may;
        self.unknown_rows |= action.changes_rows() && action.max_rows().is_none();
        let is_source = |target: &&Target| target.role == Role::Source;
        let sources = action.targets.iter().filter(is_source).count();
        let others = action.targets.len() - sources;
        let reads = action.may.intersection(EffectSet::READING);
        let changes = action.may.intersection(EffectSet::WRITING);
        // No effect of an action may fall between its targets: what reads belongs to the sources,
        // the rest to the other targets, and whatever has no target of its side to the action.
        let carried = if sources == 0 { action.may } else { changes };
        for target in &action.targets {
            let (op, effects) = match target.role {
                Role::Source => (Op::Read, reads),
                Role::Sink | Role::Object => (action.op, carried),
            };
            let held = tags.map(|tags| {
                let held = tags.held_by(target);
                self.classes.union(&held.possible);
                self.held.push(held);
                self.held.len() - 1
            });
            let facts = CellFacts { action: Some(action), target: Known::Is(target), ..*base };
            self.add_effects(&facts, op, effects, held);
        }
        if others == 0 && (sources == 0 || !carried.is_empty()) {
            let facts = CellFacts { action: Some(action), target: Known::Nothing, ..*base };
            self.add_effects(&facts, action.op, carried, None);
        }
    }

    fn add_effects(
        &mut self,
        facts: &CellFacts<'a>,
        op: Op,
        effects: EffectSet,
        held: Option<usize>,
    ) {
        let op = if op == Op::Unknown { Known::Unknown } else { Known::Is(op) };
        let mut push = |effect: Known<Effect>| {
            let facts = CellFacts { effect, ..*facts };
            self.cells.push(Cell { facts, op, held, opaque: false });
        };
        if effects.is_empty() {
            push(Known::Nothing);
        }
        effects.iter().for_each(|effect| push(Known::Is(effect)));
    }
}
