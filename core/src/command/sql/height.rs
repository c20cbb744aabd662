//! An upper bound on the height of the tree that a parser makes of a run of tokens.
//!
//! Chains of operators become left-deep trees, one level a link, and every level costs stack when
//! the tree is walked or dropped. Heights add up along brackets: `((a+a…)+a…)` is as high as all
//! its chains together. So the bound is kept for the whole path, not for one run.

/// How tightly a link binds. A tighter one never has a looser one below it outside brackets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Link {
    /// Operators, casts, postfix words, subscripts and calls.
    Operator,
    /// `AND`, `OR`.
    Logical,
    /// `JOIN`.
    Join,
    /// `UNION`, `EXCEPT`, `INTERSECT`.
    Set,
}

/// The parser calls itself for every JOIN that comes before an ON, and each such call takes the
/// stack of several levels: 25 KiB in an unoptimised build.
const LEVELS_A_JOIN: u32 = 4;

#[derive(Clone, Copy, Debug, Default)]
struct Chain {
    links: u32,
    /// The highest tree among the operands.
    below: u32,
}

impl Chain {
    const fn height(self) -> u32 {
        self.links.saturating_add(self.below)
    }
}

/// The chains of one bracket, from the tightest to the loosest.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Height {
    operator: Chain,
    logical: Chain,
    join: Chain,
    set: Chain,
}

impl Height {
    /// Counts a link and ends the tighter chains before it.
    pub(super) fn link(&mut self, link: Link) {
        match link {
            Link::Operator => self.operator.links = self.operator.links.saturating_add(1),
            Link::Logical => {
                self.end_operators();
                self.logical.links = self.logical.links.saturating_add(1);
            }
            Link::Join => {
                self.end_logical();
                self.join.links = self.join.links.saturating_add(LEVELS_A_JOIN);
            }
            Link::Set => {
                self.end_joins();
                self.set.links = self.set.links.saturating_add(1);
            }
        }
    }

    /// Ends everything that cannot reach past a comma.
    pub(super) fn comma(&mut self) {
        self.end_joins();
    }

    /// Puts a closed bracket of the given height below the current operand.
    pub(super) fn operand(&mut self, height: u32) {
        self.operator.below = self.operator.below.max(height);
        self.link(Link::Operator);
    }

    /// The bound for everything seen so far.
    pub(super) fn total(mut self) -> u32 {
        self.end_joins();
        self.set.height()
    }

    fn end_operators(&mut self) {
        self.logical.below = self.logical.below.max(self.operator.height());
        self.operator = Chain::default();
    }

    fn end_logical(&mut self) {
        self.end_operators();
        self.join.below = self.join.below.max(self.logical.height());
        self.logical = Chain::default();
    }

    fn end_joins(&mut self) {
        self.end_logical();
        self.set.below = self.set.below.max(self.join.height());
        self.join = Chain::default();
    }
}
