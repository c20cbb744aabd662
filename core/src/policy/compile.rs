//! Source → rules that can decide. Reports every problem of a bundle at once and leaves none for
//! the time of a decision.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use super::basis::Watched;
use super::bundle::Source;
use super::bundle::manifest::{
    self, BundleTest, ClaimMap, ExampleSetting, InventoryEntry, Manifest, OnExpiry,
};
use super::bundle::names::Names;
use super::decision::Stamp;
use super::error::{CompileError, CompileErrorKind as Kind, CompileErrors, suggestion};
use super::read::{At, Problems, Table, walk_file};
use super::risk::{RISK_KEYS, RiskTable, read_risk};
use super::rule::{Rule, Who, read_rule};
use super::tags::{ClassIndex, Tag, Tags};
use crate::crypto::{NamedVerifyingKey, VerifyingKey};
use crate::limits::{
    MAX_APPROVAL_SECONDS, MAX_APPROVAL_STAGES, MAX_BUNDLE_BYTES, MAX_QUORUM, MAX_RULES,
};
use crate::primitives::{Digest, Span};
use crate::schema::{ApprovalSpec, Approver, Class};

/// A compiled bundle: immutable, cheap to share, decides without failing.
///
/// # Examples
/// ```
/// use placet::policy::{Source, compile};
/// let source = Source::from_files([
///     ("bundle.toml", "name = \"demo\""),
///     ("rules/reads.toml", r#"
///         [[rule]]
///         id = "reads"
///         what = { op = "read" }
///         verdict = "allow"
///     "#),
/// ]);
/// let rules = compile(&source)?;
/// assert_eq!(rules.manifest().name, "demo");
///
/// let broken = Source::from_files([("bundle.toml", "nmae = \"demo\"")]);
/// let errors = compile(&broken).unwrap_err();
/// let codes: Vec<_> = errors.iter().map(|error| error.code()).collect();
/// assert_eq!(codes, ["POL003", "POL002"]); // `name` is missing, `nmae` is unknown
/// assert_eq!(errors.iter().last().unwrap().help(), "did you mean `name`?");
/// # Ok::<(), placet::policy::CompileErrors>(())
/// ```
#[derive(Clone, Debug)]
pub struct RuleSet {
    pub(crate) manifest: Manifest,
    pub(crate) digest: Digest,
    pub(crate) rules: Vec<Rule>,
    pub(crate) classes: Vec<Class>,
    pub(crate) tags: Tags,
    pub(crate) specs: Vec<ApprovalSpec>,
    pub(crate) approvers: Vec<Approver>,
    pub(crate) risk: RiskTable,
    pub(crate) inventory: BTreeMap<String, InventoryEntry>,
    pub(crate) claims: Vec<ClaimMap>,
    pub(crate) examples: ExampleSetting,
    pub(crate) tests: Vec<BundleTest>,
    pub(crate) stamps: BTreeSet<Stamp>,
    /// Whether any rule or weight asks for classes, so that cells need theirs.
    pub(crate) uses_classes: bool,
    /// Whether a rule expires, so that a decision without a clock says so.
    pub(crate) has_expiring_rules: bool,
    /// What the rules look at of the session and of the time.
    pub(crate) watched: Watched,
    /// How many different `who` the rules have.
    pub(crate) distinct_whos: usize,
}

/// An example command of a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Example<'a> {
    /// Index of the rule, for [`RuleSet::rule_matches`].
    pub rule_index: usize,
    /// The rule's id.
    pub rule: &'a str,
    /// The command.
    pub text: &'a str,
    /// The protocol to read it under.
    pub protocol: Option<&'a str>,
    /// Whether the rule must match it (`hit`) or must not (`miss`).
    pub expect_hit: bool,
    /// The file that holds it.
    pub file: &'a str,
    /// Its place in the file.
    pub span: Span,
}

impl RuleSet {
    /// What `bundle.toml` says.
    #[must_use]
    pub const fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// The digest of the bundle's files.
    #[must_use]
    pub const fn digest(&self) -> Digest {
        self.digest
    }

    /// Number of rules.
    #[must_use]
    pub const fn rule_count(&self) -> usize {
        self.rules.len()
    }

    /// The ids of the rules, in bundle order.
    pub fn rule_ids(&self) -> impl Iterator<Item = &str> {
        self.rules.iter().map(|rule| &*rule.id)
    }

    /// What a rule says about itself: `about`, `say`, `controls`.
    ///
    /// # Examples
    /// ```
    /// # use placet::policy::VerifiedBundle;
    /// let bundle = VerifiedBundle::shipped("baseline").unwrap()?;
    /// let texts = bundle.rules().rule_texts("baseline-unbounded-writes").unwrap();
    /// assert_eq!(texts.say, Some("Add a WHERE that names the rows you mean."));
    /// # Ok::<(), placet::policy::BundleError>(())
    /// ```
    #[must_use]
    pub fn rule_texts(&self, id: &str) -> Option<RuleTexts<'_>> {
        let rule = self.rules.iter().find(|rule| &*rule.id == id)?;
        Some(RuleTexts {
            about: rule.about.as_deref(),
            say: rule.say.as_deref(),
            controls: &rule.controls,
            file: &rule.file,
            span: rule.span,
        })
    }

    /// The classes, in the order of `classes.toml`.
    #[must_use]
    pub fn classes(&self) -> &[Class] {
        &self.classes
    }

    /// Whether columns are tagged with this class. One that is not is found by its detectors alone.
    #[must_use]
    pub fn is_tagged(&self, class: &str) -> bool {
        let index = self.classes.iter().position(|known| known.name == class);
        let index = index.and_then(|index| ClassIndex::try_from(index).ok());
        index.is_some_and(|index| self.tags.classes().contains(index))
    }

    /// Every approval spec, in the order of `approvals.toml`.
    #[must_use]
    pub fn approval_specs(&self) -> &[ApprovalSpec] {
        &self.specs
    }

    /// The people whose keys count.
    #[must_use]
    pub fn approvers(&self) -> &[Approver] {
        &self.approvers
    }

    /// How the examples of rules are to be read.
    #[must_use]
    pub const fn example_setting(&self) -> &ExampleSetting {
        &self.examples
    }

    /// Every `hit` and `miss`, in bundle order.
    pub fn examples(&self) -> impl Iterator<Item = Example<'_>> {
        self.rules.iter().enumerate().flat_map(move |(rule_index, rule)| {
            rule.examples.iter().map(move |example| Example {
                rule_index,
                rule: &rule.id,
                text: &example.text,
                protocol: example.protocol.as_deref().or(self.examples.protocol.as_deref()),
                expect_hit: example.hit,
                file: &rule.file,
                span: example.span,
            })
        })
    }

    /// The rows of `tests/*.toml`.
    #[must_use]
    pub fn tests(&self) -> &[BundleTest] {
        &self.tests
    }
}

/// What a rule says about itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RuleTexts<'a> {
    /// What it is for.
    pub about: Option<&'a str>,
    /// The remedy that it gives to the agent.
    pub say: Option<&'a str>,
    /// The controls that it serves, for example `AC-6(9)`.
    pub controls: &'a [String],
    /// The file that holds it.
    pub file: &'a str,
    /// Its place in the file.
    pub span: Span,
}

/// Compiles a bundle. Every decision of the result is stamped `unsigned`.
///
/// Cost: linear in the text. Bounded by [`MAX_BUNDLE_BYTES`] and [`MAX_RULES`].
///
/// # Errors
/// Every problem of the bundle at once ([`CompileError::CODES`]); a bundle with one is refused
/// whole.
pub fn compile(source: &Source) -> Result<RuleSet, CompileErrors> {
    compile_stamped(source, [Stamp::Unsigned])
}

/// Compiles a bundle whose decisions bear these stamps: for the places that have verified it.
pub(crate) fn compile_stamped(
    source: &Source,
    stamps: impl IntoIterator<Item = Stamp>,
) -> Result<RuleSet, CompileErrors> {
    let mut compiler = Compiler::new(source);
    let rule_set = compiler.run();
    match (rule_set, CompileErrors::from_problems(compiler.errors)) {
        (_, Some(errors)) => Err(errors),
        (Some(rule_set), None) => Ok(RuleSet { stamps: stamps.into_iter().collect(), ..rule_set }),
        (None, None) => Err(CompileErrors::refused()),
    }
}

/// Gives equal `who` of different rules one number; returns how many there are.
fn number_whos(rules: &mut [Rule]) -> usize {
    let mut numbers: HashMap<Who, usize> = HashMap::new();
    for rule in rules {
        let next = numbers.len();
        rule.who_index = *numbers.entry(rule.who.clone()).or_insert(next);
    }
    numbers.len()
}

struct Compiler<'s> {
    source: &'s Source,
    errors: Vec<CompileError>,
    names: Names,
}

/// Files with a fixed name.
const FILES: &[&str] = &[
    "bundle.toml",
    "claims.toml",
    "resources.toml",
    "classes.toml",
    "approvals.toml",
    "risk.toml",
    "tools.toml",
];

/// Folders whose `.toml` files belong to a bundle.
const FOLDERS: &[&str] = &["rules", "tags", "tests"];

impl<'s> Compiler<'s> {
    fn new(source: &'s Source) -> Self {
        Self { source, errors: Vec::new(), names: Names::default() }
    }

    fn run(&mut self) -> Option<RuleSet> {
        if self.source.total_bytes() > MAX_BUNDLE_BYTES {
            let message = format!("the bundle holds more than {MAX_BUNDLE_BYTES} bytes");
            self.errors.push(CompileError::new(Kind::TooLarge, "bundle.toml", None, message, ""));
            return None;
        }
        self.check_files();
        let classes = self.classes();
        let (specs, approvers) = self.approvals();
        let manifest = self.manifest();
        let tags = self.tags();
        let mut rules = self.rules();
        let distinct_whos = number_whos(&mut rules);
        let risk = self
            .walk("risk.toml", RISK_KEYS, |problems, table, names| {
                read_risk(problems, table, names)
            })
            .unwrap_or_default();
        let inventory = self.inventory();
        let claims = self
            .walk("claims.toml", &["map"], |problems, table, _| {
                manifest::read_claims(problems, table)
            })
            .unwrap_or_default();
        let (examples, tests) = self.tests();
        let uses_classes = !tags.is_empty();
        let has_expiring_rules = rules.iter().any(|rule| rule.expires.is_some());
        let manifest = manifest?;
        let watched = Watched::of(&rules, manifest.expires);
        Some(RuleSet {
            manifest,
            digest: self.source.digest(),
            rules,
            classes,
            tags,
            specs,
            approvers,
            risk,
            inventory,
            claims,
            examples,
            tests,
            stamps: BTreeSet::new(),
            uses_classes,
            has_expiring_rules,
            watched,
            distinct_whos,
        })
    }

    /// Reads one file, if it is there.
    fn walk<T>(
        &mut self,
        file: &str,
        keys: &'static [&'static str],
        read: impl FnOnce(&mut Problems<'_>, &Table<'_, '_>, &Names) -> T,
    ) -> Option<T> {
        let text = self.source.get(file)?;
        let names = &self.names;
        let mut result = None;
        walk_file(file, text, &mut self.errors, |problems, table, span| {
            let table = Table::new(problems, table, span, keys);
            result = Some(read(problems, &table, names));
        });
        result
    }

    fn folder(&self, folder: &str) -> Vec<&'s str> {
        let source = self.source;
        let inside = |path: &str| {
            path.strip_prefix(folder).is_some_and(|rest| {
                rest.starts_with('/') && rest.ends_with(".toml") && rest.matches('/').count() == 1
            })
        };
        source.files().map(|(path, _)| path).filter(|path| inside(path)).collect()
    }

    /// A file that nobody reads would be a rule that nobody applies.
    fn check_files(&mut self) {
        if self.source.get("bundle.toml").is_none() {
            let message = "a bundle needs the file `bundle.toml`";
            let help = "write name = \"…\" into it";
            self.errors.push(CompileError::new(
                Kind::MissingFile,
                "bundle.toml",
                None,
                message,
                help,
            ));
        }
        for (path, _) in self.source.files() {
            let known = FILES.contains(&path)
                || FOLDERS.iter().any(|folder| self.folder(folder).contains(&path));
            if path == "tools.toml" || path.starts_with("policies/") {
                let message =
                    format!("`{path}` is part of the format, but this version cannot honour it");
                let help = "leave the file out";
                self.errors.push(CompileError::new(Kind::Unsupported, path, None, message, help));
            } else if !known {
                let message = format!("`{path}` is no part of a bundle");
                let mut help = suggestion(path, FILES.iter().copied());
                if !help.starts_with("did") {
                    help =
                        "rules stand in rules/*.toml, tags in tags/*.toml, tests in tests/*.toml"
                            .into();
                }
                self.errors.push(CompileError::new(Kind::UnknownFile, path, None, message, help));
            }
        }
    }

    fn classes(&mut self) -> Vec<Class> {
        let found = self.walk("classes.toml", &["class"], |problems, table, _| {
            manifest::read_classes(problems, table)
        });
        let mut classes: Vec<Class> = Vec::new();
        for class in found.unwrap_or_default() {
            let Ok(index) = u16::try_from(classes.len()) else {
                self.report("classes.toml", class.span, Kind::TooLarge, "more than 65535 classes");
                break;
            };
            if self.names.classes.insert(class.value.name.clone(), index).is_some() {
                let message = format!("class `{}` stands twice", class.value.name);
                self.report("classes.toml", class.span, Kind::Duplicate, &message);
            }
            classes.push(class.value);
        }
        classes
    }

    fn approvals(&mut self) -> (Vec<ApprovalSpec>, Vec<Approver>) {
        let found = self.walk("approvals.toml", &["spec", "approver"], |problems, table, _| {
            (manifest::read_specs(problems, table), manifest::read_approvers(problems, table))
        });
        let (specs, approvers) = found.unwrap_or_default();
        let mut kept = Vec::new();
        for spec in specs {
            if self.names.specs.insert(spec.value.id.clone(), kept.len()).is_some() {
                let message = format!("approval spec `{}` stands twice", spec.value.id);
                self.report("approvals.toml", spec.span, Kind::Duplicate, &message);
            }
            let places =
                spec.value.stages.iter().fold(0u32, |n, stage| n.saturating_add(stage.min));
            if places > MAX_QUORUM || spec.value.stages.len() > MAX_APPROVAL_STAGES {
                let message = format!("a spec may ask for {MAX_QUORUM} people at most");
                self.report("approvals.toml", spec.span, Kind::BadValue, &message);
            }
            if !(1..=MAX_APPROVAL_SECONDS).contains(&spec.value.expires_in_seconds) {
                let message = "`expires_in` must be one second to seven days";
                self.report("approvals.toml", spec.span, Kind::BadValue, message);
            }
            kept.push(spec.value);
        }
        let mut ids = BTreeSet::new();
        let mut people = Vec::new();
        let mut holders: BTreeMap<VerifyingKey, String> = BTreeMap::new();
        for approver in approvers {
            // People are counted, and one person's id is written in several letter cases.
            if !ids.insert(approver.value.id.to_lowercase()) {
                let message = format!("approver `{}` stands twice", approver.value.id);
                self.report("approvals.toml", approver.span, Kind::Duplicate, &message);
            }
            let keys =
                approver.value.keys.iter().filter_map(|key| NamedVerifyingKey::parse(key).ok());
            let keys: BTreeSet<VerifyingKey> = keys.map(|key| *key.key()).collect();
            for key in keys {
                if let Some(other) = holders.insert(key, approver.value.id.clone()) {
                    let message =
                        format!("a key of `{}` is also a key of `{other}`", approver.value.id);
                    self.report("approvals.toml", approver.span, Kind::Duplicate, &message);
                }
            }
            people.push(approver.value);
        }
        (kept, people)
    }

    fn manifest(&mut self) -> Option<Manifest> {
        self.walk("bundle.toml", manifest::BUNDLE_KEYS, |problems, table, names| {
            manifest::read_manifest(problems, table, names)
        })?
    }

    fn tags(&mut self) -> Tags {
        let mut tags: Vec<Tag> = Vec::new();
        let mut seen: BTreeSet<String> = BTreeSet::new();
        for file in self.folder("tags") {
            let found = self.walk(file, &["columns"], |problems, table, names| {
                manifest::read_tags(problems, table, names)
            });
            for (key, tag) in found.unwrap_or_default() {
                if !seen.insert(key.value.clone()) {
                    let message = format!("column `{}` is tagged twice", key.value);
                    self.report(file, key.span, Kind::Duplicate, &message);
                }
                tags.push(tag);
            }
        }
        Tags::new(tags)
    }

    fn rules(&mut self) -> Vec<Rule> {
        let mut rules: Vec<Rule> = Vec::new();
        let mut ids: BTreeMap<Arc<str>, Arc<str>> = BTreeMap::new();
        for file in self.folder("rules") {
            let name: Arc<str> = file.into();
            let found = self.walk(file, &["rule"], |problems, table, names| {
                let nodes = table.list(problems, "rule");
                let rules =
                    nodes.into_iter().filter_map(|node| read_rule(problems, node, &name, names));
                rules.collect::<Vec<Rule>>()
            });
            for rule in found.unwrap_or_default() {
                if let Some(first) = ids.insert(rule.id.clone(), name.clone()) {
                    let message = format!("rule `{}` stands twice, first in `{first}`", rule.id);
                    self.report(file, rule.span, Kind::Duplicate, &message);
                }
                rules.push(rule);
            }
        }
        if rules.len() > MAX_RULES {
            let message = format!("more than {MAX_RULES} rules");
            self.errors.push(CompileError::new(Kind::TooLarge, "rules", None, message, ""));
        }
        rules
    }

    fn inventory(&mut self) -> BTreeMap<String, InventoryEntry> {
        let found = self.walk("resources.toml", &["resource"], |problems, table, _| {
            manifest::read_resources(problems, table)
        });
        let mut inventory = BTreeMap::new();
        for (name, entry) in found.unwrap_or_default() {
            let At { value, span } = name;
            if inventory.contains_key(&value) {
                let message = format!("resource `{value}` stands twice");
                self.report("resources.toml", span, Kind::Duplicate, &message);
            }
            inventory.insert(value, entry);
        }
        inventory
    }

    fn tests(&mut self) -> (ExampleSetting, Vec<BundleTest>) {
        let mut setting: Option<ExampleSetting> = None;
        let mut tests: Vec<BundleTest> = Vec::new();
        for file in self.folder("tests") {
            let found = self.walk(file, &["examples", "test"], |problems, table, _| {
                manifest::read_tests(problems, table)
            });
            let Some((examples, found)) = found else { continue };
            if examples.is_some() && setting.is_some() {
                let message = "`examples` stands in two files of tests/";
                self.report(file, Span::default(), Kind::Duplicate, message);
            }
            setting = examples.or(setting);
            for test in found {
                if tests.iter().any(|other| other.name == test.name) {
                    let message = format!("test `{}` stands twice", test.name);
                    self.report(file, test.span, Kind::Duplicate, &message);
                }
                tests.push(test);
            }
        }
        (setting.unwrap_or_default(), tests)
    }

    fn report(&mut self, file: &str, span: Span, kind: Kind, message: &str) {
        self.errors.push(CompileError::new(kind, file, Some(span), message, ""));
    }
}

impl RuleSet {
    /// The approval spec with this index.
    pub(crate) fn spec_id(&self, index: usize) -> Option<&str> {
        self.specs.get(index).map(|spec| spec.id.as_str())
    }

    /// What the bundle declares for the time behind its expiry.
    #[must_use]
    pub const fn on_expiry(&self) -> OnExpiry {
        self.manifest.on_expiry
    }
}
