//! Which columns hold which classes.

use std::collections::BTreeMap;

use super::pattern::{TargetPattern, same_name};
use super::tri::Tri;
use crate::facts::{Columns, Path, Segment, Sources, Target, TargetKind};

/// Index of a class in its bundle.
pub(crate) type ClassIndex = u16;

/// A set of classes of one bundle, as bits.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct ClassSet(Vec<u64>);

impl ClassSet {
    pub(crate) fn insert(&mut self, class: ClassIndex) {
        let (word, bit) = (usize::from(class / 64), class % 64);
        if self.0.len() <= word {
            self.0.resize(word + 1, 0);
        }
        if let Some(word) = self.0.get_mut(word) {
            *word |= 1 << bit;
        }
    }

    pub(crate) fn contains(&self, class: ClassIndex) -> bool {
        let word = self.0.get(usize::from(class / 64)).copied().unwrap_or(0);
        word >> (class % 64) & 1 == 1
    }

    pub(crate) fn union(&mut self, other: &Self) {
        if self.0.len() < other.0.len() {
            self.0.resize(other.0.len(), 0);
        }
        for (mine, theirs) in self.0.iter_mut().zip(&other.0) {
            *mine |= theirs;
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.iter().all(|word| *word == 0)
    }

    pub(crate) fn intersects(&self, other: &Self) -> bool {
        self.0.iter().zip(&other.0).any(|(a, b)| a & b != 0)
    }

    fn is_subset(&self, other: &Self) -> bool {
        let rest = other.0.iter().copied().chain(std::iter::repeat(0));
        self.0.iter().zip(rest).all(|(mine, theirs)| mine & !theirs == 0)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = ClassIndex> {
        let words = (0u16..).zip(&self.0);
        words.flat_map(|(index, word)| {
            (0..64u16).filter(move |bit| *word >> bit & 1 == 1).map(move |bit| index * 64 + bit)
        })
    }
}

/// Classes that something holds for certain, and that it may hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Held {
    pub(crate) certain: ClassSet,
    /// Includes the certain ones.
    pub(crate) possible: ClassSet,
}

impl Held {
    fn add(&mut self, match_: Tri, classes: &ClassSet) {
        if match_.certain() {
            self.certain.union(classes);
        }
        if match_.possible() {
            self.possible.union(classes);
        }
    }

    /// Whether one of `wanted` is held: what a rule that restricts asks.
    pub(crate) fn any_of(&self, wanted: &ClassSet) -> Tri {
        if self.certain.intersects(wanted) {
            Tri::True
        } else {
            Tri::from(self.possible.intersects(wanted)).at_most_possible()
        }
    }
}

/// The classes of one column.
#[derive(Clone, Debug)]
pub(crate) struct Tag {
    pub(crate) table: TargetPattern,
    pub(crate) column: String,
    pub(crate) classes: ClassSet,
}

/// Every tagged column of a bundle.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tags {
    tags: Vec<Tag>,
    /// Lower-case table name → tags, so that a lookup does not walk them all.
    by_table: BTreeMap<String, Vec<usize>>,
    /// Tags whose table is a pattern.
    elsewhere: Vec<usize>,
}

impl Tags {
    pub(crate) fn new(tags: Vec<Tag>) -> Self {
        let mut all = Self { tags, ..Self::default() };
        for (index, tag) in all.tags.iter().enumerate() {
            match tag.table.last_name() {
                Some(name) => all.by_table.entry(name.to_lowercase()).or_default().push(index),
                None => all.elsewhere.push(index),
            }
        }
        all
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.tags.is_empty()
    }

    /// Every class that a column is tagged with.
    pub(crate) fn classes(&self) -> ClassSet {
        let mut classes = ClassSet::default();
        self.tags.iter().for_each(|tag| classes.union(&tag.classes));
        classes
    }

    /// The tags whose table may be this one, with how sure that is.
    fn of_table<'t>(
        &'t self,
        path: &'t Path,
        kind: TargetKind,
    ) -> impl Iterator<Item = (Tri, &'t Tag)> {
        let named: Vec<usize> = match path.0.last() {
            Some(Segment::Exact(name)) => {
                self.by_table.get(&name.to_lowercase()).cloned().unwrap_or_default()
            }
            Some(Segment::Prefix(_) | Segment::Glob(_) | Segment::Dynamic) | None => {
                self.by_table.values().flatten().copied().collect()
            }
        };
        let indices = named.into_iter().chain(self.elsewhere.iter().copied());
        indices.filter_map(move |index| {
            let tag = self.tags.get(index)?;
            let matched = tag.table.matches_path(path, kind);
            matched.possible().then_some((matched, tag))
        })
    }

    /// The classes of the columns that an action touches in a target.
    pub(crate) fn held_by(&self, target: &Target) -> Held {
        let mut held = Held::default();
        if self.tags.is_empty() {
            return held;
        }
        match target.kind {
            TargetKind::Table => {
                for (matched, tag) in self.of_table(&target.path, target.kind) {
                    let column = match &target.columns {
                        Columns::Any => Tri::Unknown,
                        Columns::Named(names) => names
                            .iter()
                            .fold(Tri::False, |any, name| any.or(same_name(&tag.column, name))),
                    };
                    held.add(matched.and(column), &tag.classes);
                }
            }
            // Whoever drops or moves a schema or a database touches what is inside.
            TargetKind::Schema => {
                let mut inside = target.path.clone();
                inside.0.push(Segment::Dynamic);
                for (matched, tag) in self.of_table(&inside, TargetKind::Table) {
                    held.add(matched.at_most_possible(), &tag.classes);
                }
            }
            TargetKind::Database | TargetKind::Server | TargetKind::Other => {
                self.tags.iter().for_each(|tag| held.add(Tri::Unknown, &tag.classes));
            }
            TargetKind::Index
            | TargetKind::Sequence
            | TargetKind::Function
            | TargetKind::Type
            | TargetKind::Trigger
            | TargetKind::Extension
            | TargetKind::Role
            | TargetKind::Setting
            | TargetKind::File
            | TargetKind::Program
            | TargetKind::Host
            | TargetKind::LargeObject => {}
        }
        held
    }

    /// Whether every touched column is known, tagged, and holds classes of `wanted` only: what a
    /// grant asks. Never unknown in a grant's favour.
    pub(crate) fn all_within(&self, target: &Target, wanted: &ClassSet) -> Tri {
        let Columns::Named(names) = &target.columns else { return Tri::Unknown };
        if target.kind != TargetKind::Table || names.is_empty() {
            return Tri::False;
        }
        let each = |name: &String| {
            let mut held = Held::default();
            for (matched, tag) in self.of_table(&target.path, target.kind) {
                held.add(matched.and(same_name(&tag.column, name)), &tag.classes);
            }
            if !held.certain.is_empty() && held.possible.is_subset(wanted) {
                Tri::True
            } else if held.possible.is_empty() {
                Tri::False
            } else {
                Tri::Unknown
            }
        };
        names.iter().fold(Tri::True, |all, name| all.and(each(name)))
    }

    /// The classes that an output column may hold; `None` where its sources are not known.
    pub(crate) fn held_by_sources(&self, sources: &Sources) -> Option<ClassSet> {
        let Sources::Columns(columns) = sources else { return None };
        let mut held = ClassSet::default();
        for source in columns {
            let segments = super::pattern::split_dotted(source).ok()?;
            let mut names: Vec<String> = segments.into_iter().map(|(name, _)| name).collect();
            let column = names.pop()?;
            if names.is_empty() {
                return None;
            }
            let path = Path::exact(names);
            for (matched, tag) in self.of_table(&path, TargetKind::Table) {
                if matched.and(same_name(&tag.column, &column)).possible() {
                    held.union(&tag.classes);
                }
            }
        }
        Some(held)
    }
}
