//! The files of a bundle beside its rules: what each may hold, and what was read from it.

use std::collections::{BTreeMap, BTreeSet};

use serde::de::DeserializeOwned;

use super::names::{Names, protocol};
use crate::crypto::NamedVerifyingKey;
use crate::limits::MAX_QUORUM;
use crate::policy::error::CompileErrorKind as Kind;
use crate::policy::pattern::{TargetPattern, split_dotted};
use crate::policy::read::{At, Node, Problems, Table, closed};
use crate::policy::rule::checked_id;
use crate::policy::tags::Tag;
use crate::policy::verdict::Verdict;
use crate::primitives::{Digest, Span, Timestamp};
use crate::request::{Enforces, Principal, PrincipalKind, Resource, Session};
use crate::schema::{
    ApprovalKind, ApprovalSpec, ApprovalStage, Approver, Class, Excluded, MaskOperator,
};

/// Whose bundle it is: a lower layer only tightens what an upper one decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Layer {
    /// The whole organisation.
    Org,
    /// One team.
    Team,
    /// One session or task.
    Grant,
}

impl Layer {
    /// The word of the specification.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Org => "org",
            Self::Team => "team",
            Self::Grant => "grant",
        }
    }
}

/// What happens with a command once the bundle has expired.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnExpiry {
    /// Everything is denied.
    Deny,
    /// Everything that is not denied needs an approval under this spec (its index).
    RequireApproval(usize),
}

/// What a bundle owns up to loosening, compared with the one before it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Loosens {
    /// `loosens = true`: it may loosen anything.
    Anything,
    /// Ids of rules and names of files; empty where the key is absent or `false`.
    Named(Vec<String>),
}

/// What `bundle.toml` says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Manifest {
    /// The bundle's name.
    pub name: String,
    /// What it is for.
    pub about: Option<String>,
    /// Whose it is.
    pub layer: Layer,
    /// Increases with every version; 0 for a bundle that was never signed.
    pub sequence: u64,
    /// From when on it no longer holds.
    pub expires: Option<Timestamp>,
    /// What happens then.
    pub on_expiry: OnExpiry,
    /// Who answers for it.
    pub owner: Option<String>,
    /// Features that it needs.
    pub features: Vec<String>,
    /// Digest of the bundle before it, where it names one.
    pub previous: Option<Digest>,
    /// What it owns up to loosening.
    pub loosens: Loosens,
}

/// Features that a bundle may ask for, and that this engine has.
pub(crate) const FEATURES: &[&str] = &["sql", "mask", "limit", "approval", "risk"];

pub(crate) const BUNDLE_KEYS: &[&str] = &[
    "name",
    "about",
    "layer",
    "sequence",
    "expires",
    "on_expiry",
    "engine",
    "features",
    "owner",
    "previous",
    "loosens",
];

pub(crate) fn read_manifest(
    problems: &mut Problems<'_>,
    table: &Table<'_, '_>,
    names: &Names,
) -> Option<Manifest> {
    let name = table.required_text(problems, "name");
    let name = name.and_then(|name| checked_id(problems, "name", name));
    let about = table.text(problems, "about").map(|about| about.value);
    let layer = table.text(problems, "layer").and_then(|word| {
        closed(problems, "layer", &word, &[Layer::Org, Layer::Team, Layer::Grant], Layer::name)
    });
    let sequence = table.number(problems, "sequence").map_or(0, |number| number.value);
    let expires = table.get("expires").and_then(|node| node.moment(problems, "expires"));
    let on_expiry = table.get("on_expiry").and_then(|node| {
        if table.get("expires").is_none() {
            let message = "`on_expiry` stands in a bundle that does not expire";
            problems.report(
                Kind::MissingKey,
                table.key_span("on_expiry"),
                message,
                "add `expires`",
            );
        }
        read_raise(problems, node, "on_expiry", names)
    });
    let owner = table.text(problems, "owner").map(|owner| owner.value);
    if let Some(engine) = table.text(problems, "engine") {
        check_engine(problems, &engine);
    }
    let features = table.texts(problems, "features");
    for feature in &features {
        if !FEATURES.contains(&feature.value.as_str()) {
            let message = format!("this engine has no feature `{}`", feature.value);
            let help = crate::policy::error::suggestion(&feature.value, FEATURES.iter().copied());
            problems.report(Kind::UnknownFeature, feature.span, message, help);
        }
    }
    Some(Manifest {
        name: name?.value,
        about,
        layer: layer.unwrap_or(Layer::Org),
        sequence,
        expires: expires.map(|moment| moment.value),
        on_expiry: match on_expiry {
            Some(Raise::RequireApproval(spec)) => OnExpiry::RequireApproval(spec),
            Some(Raise::Deny) | None => OnExpiry::Deny,
        },
        owner,
        features: features.into_iter().map(|feature| feature.value).collect(),
        previous: table.text(problems, "previous").and_then(|text| {
            let digest = Digest::parse(&text.value);
            if digest.is_none() {
                let message = "`previous` is not a digest";
                problems.report(Kind::BadValue, text.span, message, "write sha256:<64 hex digits>");
            }
            digest
        }),
        loosens: match table.get("loosens") {
            Some(node) if node.raw().is_bool() => match node.boolean(problems, "loosens") {
                Some(At { value: true, .. }) => Loosens::Anything,
                Some(_) | None => Loosens::Named(Vec::new()),
            },
            Some(node) => {
                let names = node.texts(problems, "loosens");
                Loosens::Named(names.into_iter().map(|name| name.value).collect())
            }
            None => Loosens::Named(Vec::new()),
        },
    })
}

/// A verdict that something outside the rules asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Raise {
    Deny,
    RequireApproval(usize),
}

/// `"deny"` or `{ require_approval = "spec" }`.
pub(crate) fn read_raise(
    problems: &mut Problems<'_>,
    node: Node<'_, '_>,
    name: &str,
    names: &Names,
) -> Option<Raise> {
    if node.raw().is_str() {
        let word = node.text(problems, name)?;
        return closed(problems, "verdict", &word, &[Raise::Deny], |_| "deny");
    }
    let table = node.table(problems, name, &["require_approval"])?;
    let spec = table.required_text(problems, "require_approval")?;
    names.spec(problems, &spec).map(Raise::RequireApproval)
}

/// `>=1.2` or `>=1.2.3`.
fn check_engine(problems: &mut Problems<'_>, engine: &At<String>) {
    let numbers = |text: &str| -> Option<Vec<u64>> {
        let parts: Option<Vec<u64>> = text.split('.').map(|part| part.parse().ok()).collect();
        parts.filter(|parts| (1..=3).contains(&parts.len()))
    };
    let wanted = engine.value.strip_prefix(">=").map(str::trim).and_then(numbers);
    let Some(mut wanted) = wanted else {
        let message = format!("`{}` is not a version requirement", engine.value);
        problems.report(Kind::BadValue, engine.span, message, "write >=0.1");
        return;
    };
    wanted.resize(3, 0);
    let mine = numbers(env!("CARGO_PKG_VERSION")).unwrap_or_default();
    if mine < wanted {
        let message = format!(
            "the bundle needs engine {}, this is {}",
            engine.value,
            env!("CARGO_PKG_VERSION")
        );
        problems.report(Kind::EngineTooOld, engine.span, message, "");
    }
}

/// `[class.NAME]` of `classes.toml`.
pub(crate) fn read_classes(problems: &mut Problems<'_>, table: &Table<'_, '_>) -> Vec<At<Class>> {
    let mut classes = Vec::new();
    for node in table.list(problems, "class") {
        const KEYS: &[&str] = &["name", "about", "detectors", "operator"];
        let Some(inner) = node.table(problems, "class", KEYS) else { continue };
        let name = inner.required_text(problems, "name");
        let about = inner.text(problems, "about").map(|about| about.value);
        let detectors = inner.texts(problems, "detectors");
        for detector in &detectors {
            let good = detector.value.starts_with(|c: char| c.is_ascii_uppercase())
                && detector
                    .value
                    .chars()
                    .all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_');
            if !good {
                let message = format!("`{}` is not a masking type", detector.value);
                problems.report(Kind::BadValue, detector.span, message, "write EMAIL_ADDRESS");
            }
        }
        let operator = inner.required(problems, "operator");
        let operator = operator.and_then(|node| read_operator(problems, node));
        let (Some(name), Some(operator)) = (name, operator) else { continue };
        let word = |part: &str| {
            !part.is_empty()
                && part.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
        };
        if name.value.split('.').count() > 2 || !name.value.split('.').all(word) {
            let message = format!("`{}` is not a class name", name.value);
            let help = "one or two lower-case words joined with a dot, such as pii.email";
            problems.report(Kind::BadValue, name.span, message, help);
            continue;
        }
        let detectors = detectors.into_iter().map(|detector| detector.value).collect();
        classes.push(At::new(Class { name: name.value, about, detectors, operator }, name.span));
    }
    classes
}

fn read_operator(problems: &mut Problems<'_>, node: Node<'_, '_>) -> Option<MaskOperator> {
    if node.raw().is_str() {
        let word = node.text(problems, "operator")?;
        let plain = [MaskOperator::Redact, MaskOperator::Hash];
        return closed(problems, "operator", &word, &plain, MaskOperator::name);
    }
    let table = node.table(problems, "operator", &["partial"])?;
    let inner = table.required(problems, "partial")?.table(problems, "partial", &["keep"])?;
    inner.required(problems, "keep");
    let keep = inner.number(problems, "keep")?;
    // More than a handful of visible characters is the value itself for most types.
    match u8::try_from(keep.value).ok().filter(|keep| *keep <= 8) {
        Some(keep) => Some(MaskOperator::Partial { keep }),
        None => {
            let message = "`keep` must be 0 to 8 characters";
            problems.report(Kind::BadValue, keep.span, message, "");
            None
        }
    }
}

/// `[columns]` of a file in `tags/`: `"schema.table.column" = ["class"]`.
pub(crate) fn read_tags(
    problems: &mut Problems<'_>,
    table: &Table<'_, '_>,
    names: &Names,
) -> Vec<(At<String>, Tag)> {
    let Some(columns) = table.required(problems, "columns") else { return Vec::new() };
    let mut tags = Vec::new();
    for entry in columns.open_table(problems, "columns") {
        let texts = entry.value.texts(problems, &entry.key.value);
        let classes = names.classes(problems, &texts);
        match tag_path(&entry.key.value) {
            Ok((table, column)) => tags.push((entry.key, Tag { table, column, classes })),
            Err(why) => {
                let message = format!("`{}` is not a column: {why}", entry.key.value);
                let help = "write \"schema.table.column\" or \"table.column\"";
                problems.report(Kind::BadPattern, entry.key.span, message, help);
            }
        }
    }
    tags
}

fn tag_path(text: &str) -> Result<(TargetPattern, String), String> {
    let mut segments = split_dotted(text)?;
    let Some((column, quoted)) = segments.pop() else { return Err("it is empty".into()) };
    if column.is_empty() || (!quoted && column.contains('*')) {
        return Err("the column must be a name".into());
    }
    let column = if quoted { column } else { column.to_lowercase() };
    if segments.is_empty() {
        return Err("the table is missing".into());
    }
    let written = segments.iter().map(|(segment, quoted)| match quoted {
        true => format!("\"{}\"", segment.replace('"', "\"\"")),
        false => segment.clone(),
    });
    let table = TargetPattern::parse(&written.collect::<Vec<_>>().join("."))?;
    Ok((table, column))
}

/// `[[spec]]` of `approvals.toml`.
pub(crate) fn read_specs(
    problems: &mut Problems<'_>,
    table: &Table<'_, '_>,
) -> Vec<At<ApprovalSpec>> {
    const KEYS: &[&str] = &["id", "about", "kind", "stages", "distinct", "not", "expires_in"];
    let mut specs = Vec::new();
    for node in table.list(problems, "spec") {
        let Some(inner) = node.table(problems, "spec", KEYS) else { continue };
        let id = inner.required_text(problems, "id");
        let id = id.and_then(|id| checked_id(problems, "id", id));
        let about = inner.text(problems, "about").map(|about| about.value);
        let kind = inner.text(problems, "kind").and_then(|word| {
            let all = [ApprovalKind::Normal, ApprovalKind::BreakGlass];
            closed(problems, "kind of spec", &word, &all, ApprovalKind::name)
        });
        let stages = inner.required(problems, "stages");
        let stages = stages.map(|node| read_stages(problems, node)).unwrap_or_default();
        let distinct = inner.boolean(problems, "distinct").is_none_or(|distinct| distinct.value);
        let excluded = inner.texts(problems, "not");
        let mut not: BTreeSet<Excluded> = excluded
            .iter()
            .filter_map(|word| {
                let all = [Excluded::Requester, Excluded::Delegator];
                closed(problems, "excluded person", word, &all, Excluded::name)
            })
            .collect();
        // DESIGN: none of the approvers is requester or delegator, whatever the spec says.
        not.extend([Excluded::Requester, Excluded::Delegator]);
        let expires_in = inner.required(problems, "expires_in");
        let expires_in = expires_in.and_then(|node| node.seconds(problems, "expires_in"));
        let (Some(id), Some(expires_in)) = (id, expires_in) else { continue };
        let spec = ApprovalSpec {
            id: id.value,
            about,
            kind: kind.unwrap_or(ApprovalKind::Normal),
            stages,
            distinct,
            not: not.into_iter().collect(),
            expires_in_seconds: expires_in.value,
        };
        specs.push(At::new(spec, id.span));
    }
    specs
}

fn read_stages(problems: &mut Problems<'_>, node: Node<'_, '_>) -> Vec<ApprovalStage> {
    let items = node.list(problems, "stages").unwrap_or_default();
    if items.is_empty() {
        problems.report(Kind::EmptyList, node.span(), "`stages` is empty", "name who may approve");
    }
    let mut stages = Vec::new();
    for item in items {
        let Some(table) = item.table(problems, "stage", &["any_of", "min"]) else { continue };
        table.required(problems, "any_of");
        let any_of: Vec<String> =
            table.texts(problems, "any_of").into_iter().map(|group| group.value).collect();
        let min = table.number(problems, "min");
        let count = min.as_ref().map_or(Some(1), |min| u32::try_from(min.value).ok());
        match count.filter(|count| (1..=MAX_QUORUM).contains(count)) {
            Some(min) => stages.push(ApprovalStage { any_of, min }),
            None => {
                let span = min.map_or(table.span, |min| min.span);
                problems.report(Kind::BadValue, span, "`min` must be 1 to 16 people", "");
            }
        }
    }
    stages
}

/// `[[approver]]` of `approvals.toml`.
pub(crate) fn read_approvers(
    problems: &mut Problems<'_>,
    table: &Table<'_, '_>,
) -> Vec<At<Approver>> {
    let mut approvers = Vec::new();
    for node in table.list(problems, "approver") {
        let Some(inner) = node.table(problems, "approver", &["id", "groups", "keys"]) else {
            continue;
        };
        let id = inner.required_text(problems, "id");
        inner.required(problems, "groups");
        let groups = inner.texts(problems, "groups").into_iter().map(|group| group.value).collect();
        inner.required(problems, "keys");
        let keys = inner.texts(problems, "keys");
        for key in &keys {
            if let Err(error) = NamedVerifyingKey::parse(&key.value) {
                problems.report(Kind::BadValue, key.span, error.to_string(), error.help());
            }
        }
        let Some(id) = id else { continue };
        let keys = keys.into_iter().map(|key| key.value).collect();
        approvers.push(At::new(Approver { id: id.value, groups, keys }, id.span));
    }
    approvers
}

/// What is known of a resource beside what a request says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct InventoryEntry {
    pub(crate) kind: Option<String>,
    pub(crate) labels: BTreeMap<String, String>,
}

/// `[[resource]]` of `resources.toml`.
pub(crate) fn read_resources(
    problems: &mut Problems<'_>,
    table: &Table<'_, '_>,
) -> Vec<(At<String>, InventoryEntry)> {
    let mut resources = Vec::new();
    for node in table.list(problems, "resource") {
        const KEYS: &[&str] = &["name", "kind", "labels"];
        let Some(inner) = node.table(problems, "resource", KEYS) else { continue };
        let name = inner.required_text(problems, "name");
        let kind = inner.text(problems, "kind").map(|kind| kind.value);
        let mut labels = BTreeMap::new();
        if let Some(node) = inner.get("labels") {
            for entry in node.open_table(problems, "labels") {
                let Some(value) = entry.value.text(problems, &entry.key.value) else { continue };
                labels.insert(entry.key.value, value.value);
            }
        }
        let Some(name) = name else { continue };
        resources.push((name, InventoryEntry { kind, labels }));
    }
    resources
}

/// A claim that makes its holder a member of groups.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ClaimMap {
    pub(crate) claim: String,
    pub(crate) has: String,
    pub(crate) groups: Vec<String>,
}

/// `[[map]]` of `claims.toml`.
pub(crate) fn read_claims(problems: &mut Problems<'_>, table: &Table<'_, '_>) -> Vec<ClaimMap> {
    let mut maps = Vec::new();
    for node in table.list(problems, "map") {
        let Some(inner) = node.table(problems, "map", &["claim", "has", "groups"]) else {
            continue;
        };
        let claim = inner.required_text(problems, "claim");
        let has = inner.required_text(problems, "has");
        inner.required(problems, "groups");
        let groups = inner.texts(problems, "groups").into_iter().map(|group| group.value).collect();
        let (Some(claim), Some(has)) = (claim, has) else { continue };
        maps.push(ClaimMap { claim: claim.value, has: has.value, groups });
    }
    maps
}

/// How the examples of rules are read: protocol, and the catalog that they assume.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ExampleSetting {
    /// The protocol of examples that name none.
    pub protocol: Option<String>,
    /// The catalog object of `docs/spec/facts.md`.
    pub catalog: Option<serde_json::Value>,
}

/// One row of `tests/*.toml`: a command, who sends it where, and what must come out.
#[derive(Clone, Debug, PartialEq)]
pub struct BundleTest {
    /// Its name.
    pub name: String,
    /// Why it is there.
    pub why: Option<String>,
    /// The file that holds it.
    pub file: String,
    /// Its place in the file.
    pub span: Span,
    /// The protocol under which the text is read.
    pub protocol: String,
    /// The command.
    pub text: String,
    /// The catalog object, where it differs from that of the examples.
    pub catalog: Option<serde_json::Value>,
    /// Who asks.
    pub principal: Principal,
    /// On what.
    pub resource: Resource,
    /// What the session has done.
    pub session: Session,
    /// The time.
    pub now: Option<Timestamp>,
    /// What the caller can enforce.
    pub enforces: Enforces,
    /// The verdict that must come out.
    pub verdict: Verdict,
    /// The rules that must have given it, where the row says so.
    pub rules: Option<Vec<String>>,
    /// Reason codes that must be among those of the decision.
    pub reasons: Vec<String>,
}

/// `[examples]` and `[[test]]` of a file in `tests/`.
pub(crate) fn read_tests(
    problems: &mut Problems<'_>,
    table: &Table<'_, '_>,
) -> (Option<ExampleSetting>, Vec<BundleTest>) {
    let examples = table.get("examples").and_then(|node| {
        let inner = node.table(problems, "examples", &["protocol", "catalog"])?;
        let word = inner.text(problems, "protocol");
        let protocol = word.and_then(|word| protocol(problems, &word));
        Some(ExampleSetting { protocol, catalog: inner.get("catalog").map(Node::json) })
    });
    let default_protocol = examples.as_ref().and_then(|setting| setting.protocol.clone());
    let mut tests = Vec::new();
    for node in table.list(problems, "test") {
        tests.extend(read_test(problems, node, default_protocol.as_deref()));
    }
    (examples, tests)
}

fn read_test(
    problems: &mut Problems<'_>,
    node: Node<'_, '_>,
    default_protocol: Option<&str>,
) -> Option<BundleTest> {
    const KEYS: &[&str] = &[
        "name",
        "why",
        "protocol",
        "text",
        "catalog",
        "principal",
        "resource",
        "session",
        "now",
        "enforces",
        "verdict",
        "rules",
        "reasons",
    ];
    let table = node.table(problems, "test", KEYS)?;
    let name = table.required_text(problems, "name");
    let why = table.text(problems, "why").map(|why| why.value);
    let text = table.required_text(problems, "text");
    let named = match table.text(problems, "protocol") {
        Some(word) => protocol(problems, &word),
        None => default_protocol.map(str::to_owned),
    };
    if named.is_none() && table.get("protocol").is_none() {
        table.required(problems, "protocol");
    }
    let principal =
        typed::<Principal>(problems, &table, "principal").unwrap_or_else(|| Principal {
            id: "agent:test".into(),
            kind: PrincipalKind::Agent,
            groups: Vec::new(),
            claims: BTreeMap::new(),
            delegator: None,
        });
    let resource = typed::<Resource>(problems, &table, "resource").unwrap_or_else(|| Resource {
        kind: named.clone().unwrap_or_default(),
        name: "test".into(),
        labels: BTreeMap::new(),
    });
    let session = typed::<Session>(problems, &table, "session").unwrap_or_default();
    let now = table.get("now").and_then(|node| node.moment(problems, "now"));
    let enforces = match table.get("enforces") {
        None => Enforces::ALL,
        Some(node) => read_enforces(problems, node),
    };
    let verdict = table.required_text(problems, "verdict");
    let verdict =
        verdict.and_then(|word| closed(problems, "verdict", &word, Verdict::ALL, Verdict::name));
    let list = |problems: &mut Problems<'_>, key: &str| -> Option<Vec<String>> {
        let items = table.get(key)?.list(problems, key)?;
        Some(items.into_iter().filter_map(|item| Some(item.text(problems, key)?.value)).collect())
    };
    let rules = list(problems, "rules");
    let reasons = list(problems, "reasons").unwrap_or_default();
    Some(BundleTest {
        name: name?.value,
        why,
        file: problems.file.to_owned(),
        span: table.span,
        protocol: named?,
        text: text?.value,
        catalog: table.get("catalog").map(Node::json),
        principal,
        resource,
        session,
        now: now.map(|now| now.value),
        enforces,
        verdict: verdict?,
        rules,
        reasons,
    })
}

fn read_enforces(problems: &mut Problems<'_>, node: Node<'_, '_>) -> Enforces {
    let mut enforces = Enforces::NOTHING;
    for item in node.list(problems, "enforces").unwrap_or_default() {
        let Some(word) = item.text(problems, "enforces") else { continue };
        match closed(problems, "obligation", &word, &["mask", "limit", "approve"], |word| word) {
            Some("mask") => enforces.mask = true,
            Some("limit") => enforces.limit = true,
            Some("approve") => enforces.approve = true,
            _ => {}
        }
    }
    enforces
}

/// A value that another part of the library defines, read through its JSON form.
fn typed<T: DeserializeOwned>(
    problems: &mut Problems<'_>,
    table: &Table<'_, '_>,
    key: &str,
) -> Option<T> {
    let node = table.get(key)?;
    match serde_json::from_value(node.json()) {
        Ok(value) => Some(value),
        Err(error) => {
            let message = format!("`{key}` cannot be read: {error}");
            problems.report(Kind::WrongType, node.span(), message, "");
            None
        }
    }
}
