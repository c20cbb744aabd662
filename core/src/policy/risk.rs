//! Risk: a whole number made of named addends. It can only raise a verdict.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Serialize, Serializer};

use super::bundle::manifest::{Raise, read_raise};
use super::bundle::names::Names;
use super::error::CompileErrorKind as Kind;
use super::read::{Node, Problems, Table};
use super::tags::ClassSet;
use crate::facts::{Effect, EffectSet, Understanding};
use crate::request::Request;

/// The risk of one command: what was added up, and the sum, cut at the bundle's cap.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Risk {
    /// The sum, at most the cap.
    pub score: u32,
    /// Every addend, in a fixed order.
    pub addends: Vec<RiskAddend>,
}

/// One addend of a risk.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RiskAddend {
    /// What is counted: `effect.destroy`, `class.pii.email`, `unbounded`, `label.env`…
    #[serde(serialize_with = "text")]
    pub what: Arc<str>,
    /// How much it adds.
    pub points: u32,
}

/// The weights of `risk.toml`, or the defaults.
#[derive(Clone, Debug)]
pub(crate) struct RiskTable {
    /// Name and weight of each effect, in their order.
    effects: Vec<(Arc<str>, u32)>,
    classes: BTreeMap<u16, (Arc<str>, u32)>,
    /// Label, value, name and weight.
    labels: Vec<(String, String, Arc<str>, u32)>,
    unbounded: u32,
    unknown_rows: u32,
    partial: u32,
    opaque: u32,
    evasion: u32,
    denial: u32,
    cap: u32,
    bands: Vec<Band>,
}

/// From `at` points on, the verdict is at least this.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Band {
    pub(crate) at: u32,
    pub(crate) raise: Raise,
}

/// Default weight of each effect; docs/spec/bundle.md lists them.
const fn default_weight(effect: Effect) -> u32 {
    match effect {
        Effect::ReadData => 1,
        Effect::WriteData | Effect::ParserState => 10,
        Effect::Availability => 15,
        Effect::Schema
        | Effect::Identity
        | Effect::FsRead
        | Effect::NetEgress
        | Effect::PiiMove => 20,
        Effect::Persistence => 25,
        Effect::Destroy | Effect::Privilege | Effect::CodeExec | Effect::FsWrite => 30,
        Effect::SecretRead | Effect::AuditTamper => 40,
    }
}

impl Default for RiskTable {
    fn default() -> Self {
        Self {
            effects: Effect::ALL
                .iter()
                .map(|effect| (format!("effect.{}", effect.name()).into(), default_weight(*effect)))
                .collect(),
            classes: BTreeMap::new(),
            labels: Vec::new(),
            unbounded: 20,
            unknown_rows: 5,
            partial: 10,
            opaque: 50,
            evasion: 10,
            denial: 2,
            cap: 100,
            bands: Vec::new(),
        }
    }
}

/// What a risk is computed from.
#[derive(Clone, Debug)]
pub(crate) struct RiskInput<'a> {
    pub(crate) effects: EffectSet,
    pub(crate) classes: &'a ClassSet,
    pub(crate) unbounded: bool,
    /// Rows are changed, and how many is not known.
    pub(crate) unknown_rows: bool,
    pub(crate) understanding: Understanding,
    /// Whether its text shows a sign of evasion.
    pub(crate) evades: bool,
    pub(crate) request: &'a Request,
}

impl RiskTable {
    pub(crate) fn score(&self, input: &RiskInput<'_>) -> Risk {
        let mut addends: Vec<RiskAddend> = Vec::new();
        let mut add = |what: &Arc<str>, points: u32| {
            if points > 0 {
                addends.push(RiskAddend { what: what.clone(), points });
            }
        };
        for (effect, (name, points)) in Effect::ALL.iter().zip(&self.effects) {
            if input.effects.contains(*effect) {
                add(name, *points);
            }
        }
        for (class, (name, points)) in &self.classes {
            if input.classes.contains(*class) {
                add(name, *points);
            }
        }
        if input.unbounded {
            add(&"unbounded".into(), self.unbounded);
        }
        if input.unknown_rows {
            add(&"unknown_rows".into(), self.unknown_rows);
        }
        match input.understanding {
            Understanding::Full => {}
            Understanding::Partial => add(&"partial".into(), self.partial),
            Understanding::Opaque => add(&"opaque".into(), self.opaque.max(self.partial)),
        }
        if input.evades {
            add(&"evasion".into(), self.evasion);
        }
        for (label, value, name, points) in &self.labels {
            // A label that is missing may have any value.
            let here = input.request.resource.labels.get(label);
            if here.is_none_or(|here| super::pattern::same_name(value, here).possible()) {
                add(name, *points);
            }
        }
        if let Some(denials) = input.request.session.counters.get("denials") {
            let denials = u32::try_from(*denials).unwrap_or(u32::MAX);
            add(&"session.denials".into(), denials.saturating_mul(self.denial));
        }
        let sum = addends.iter().fold(0u32, |sum, addend| sum.saturating_add(addend.points));
        Risk { score: sum.min(self.cap), addends }
    }

    /// The bands that a score reaches.
    pub(crate) fn bands(&self, score: u32) -> impl Iterator<Item = Raise> {
        self.bands.iter().filter(move |band| score >= band.at).map(|band| band.raise)
    }
}

pub(crate) const RISK_KEYS: &[&str] = &[
    "effects",
    "classes",
    "labels",
    "unbounded",
    "unknown_rows",
    "partial",
    "opaque",
    "evasion",
    "denial",
    "cap",
    "band",
];

pub(crate) fn read_risk(
    problems: &mut Problems<'_>,
    table: &Table<'_, '_>,
    names: &Names,
) -> RiskTable {
    let mut risk = RiskTable::default();
    if let Some(node) = table.get("effects") {
        for entry in node.open_table(problems, "effects") {
            let points = points(problems, entry.value, &entry.key.value);
            let effect =
                super::read::closed(problems, "effect", &entry.key, Effect::ALL, Effect::name);
            let place = effect.and_then(|effect| Effect::ALL.iter().position(|e| *e == effect));
            if let (Some(points), Some((_, weight))) =
                (points, place.and_then(|place| risk.effects.get_mut(place)))
            {
                *weight = points;
            }
        }
    }
    if let Some(node) = table.get("classes") {
        for entry in node.open_table(problems, "classes") {
            let points = points(problems, entry.value, &entry.key.value);
            let set = names.classes(problems, std::slice::from_ref(&entry.key));
            let Some(points) = points else { continue };
            for (name, index) in names.classes.iter().filter(|(_, index)| set.contains(**index)) {
                risk.classes.insert(*index, (format!("class.{name}").into(), points));
            }
        }
    }
    if let Some(node) = table.get("labels") {
        for entry in node.open_table(problems, "labels") {
            for value in entry.value.open_table(problems, &entry.key.value) {
                if let Some(points) = points(problems, value.value, &value.key.value) {
                    let (label, value) = (entry.key.value.clone(), value.key.value);
                    let name = format!("label.{label}={value}").into();
                    risk.labels.push((label, value, name, points));
                }
            }
        }
    }
    let weights = [
        ("unbounded", &mut risk.unbounded),
        ("unknown_rows", &mut risk.unknown_rows),
        ("partial", &mut risk.partial),
        ("opaque", &mut risk.opaque),
        ("evasion", &mut risk.evasion),
        ("denial", &mut risk.denial),
        ("cap", &mut risk.cap),
    ];
    for (key, weight) in weights {
        if let Some(points) = table.get(key).and_then(|node| points(problems, node, key)) {
            *weight = points;
        }
    }
    for node in table.list(problems, "band") {
        let Some(inner) = node.table(problems, "band", &["at", "verdict"]) else { continue };
        let at = inner.required(problems, "at").and_then(|node| points(problems, node, "at"));
        let raise = inner.required(problems, "verdict");
        let raise = raise.and_then(|node| read_raise(problems, node, "verdict", names));
        if let (Some(at), Some(raise)) = (at, raise) {
            risk.bands.push(Band { at, raise });
        }
    }
    risk
}

fn points(problems: &mut Problems<'_>, node: Node<'_, '_>, name: &str) -> Option<u32> {
    let number = node.number(problems, name)?;
    match u32::try_from(number.value).ok().filter(|points| *points <= 10_000) {
        Some(points) => Some(points),
        None => {
            let message = format!("`{name}` must be 0 to 10000 points");
            problems.report(Kind::BadValue, number.span, message, "");
            None
        }
    }
}

fn text<S: Serializer>(text: &Arc<str>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(text)
}
