//! Bundles that ship with the library, by name. Their digests are pinned in a test.

use super::bundle::source::Source;
use super::compile::{RuleSet, compile_stamped};
use super::error::CompileErrors;

/// Names of the shipped packs.
pub const PACKS: &[&str] = &["baseline"];

/// The files of a shipped pack; `None` where there is none with this name.
///
/// # Examples
/// ```
/// let source = placet::policy::pack_source("baseline").unwrap();
/// assert!(source.get("rules/20-writes.toml").unwrap().contains("Add a WHERE"));
/// assert!(placet::policy::pack_source("none").is_none());
/// ```
#[must_use]
pub fn pack_source(name: &str) -> Option<Source> {
    let files: &[(&str, &str)] = match name {
        "baseline" => &[
            ("bundle.toml", include_str!("../../packs/baseline/bundle.toml")),
            ("approvals.toml", include_str!("../../packs/baseline/approvals.toml")),
            ("rules/05-doubt.toml", include_str!("../../packs/baseline/rules/05-doubt.toml")),
            ("rules/10-reads.toml", include_str!("../../packs/baseline/rules/10-reads.toml")),
            ("rules/20-writes.toml", include_str!("../../packs/baseline/rules/20-writes.toml")),
            ("rules/30-refused.toml", include_str!("../../packs/baseline/rules/30-refused.toml")),
            ("tests/baseline.toml", include_str!("../../packs/baseline/tests/baseline.toml")),
        ],
        _ => return None,
    };
    Some(Source::from_files(files.iter().copied()))
}

/// A shipped pack, compiled. Its decisions bear no stamp: it is part of the library.
///
/// # Errors
/// None for the packs as shipped (a test compiles each); the type keeps the door closed if one
/// were broken.
///
/// # Examples
/// ```
/// let rules = placet::policy::pack("baseline").unwrap()?;
/// assert!(rules.rule_ids().any(|id| id == "baseline-reads"));
/// # Ok::<(), placet::policy::CompileErrors>(())
/// ```
#[must_use]
pub fn pack(name: &str) -> Option<Result<RuleSet, CompileErrors>> {
    pack_source(name).map(|source| compile_stamped(&source, []))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::lint;

    #[test]
    fn every_pack_compiles_and_lints_clean() {
        for name in PACKS {
            let rules = pack(name).unwrap().unwrap_or_else(|errors| {
                let lines: Vec<String> = errors
                    .iter()
                    .map(|e| format!("{} {} {:?} {e}", e.code(), e.file(), e.span()))
                    .collect();
                panic!("{}", lines.join("\n"))
            });
            // The pack holds no keys: that its approvals need some is said in its file.
            let lints: Vec<_> =
                lint(&rules).into_iter().filter(|lint| lint.code != "P106").collect();
            assert!(lints.is_empty(), "{lints:?}");
            for rule in &rules.rules {
                let hit = rule.examples.iter().any(|example| example.hit);
                let miss = rule.examples.iter().any(|example| !example.hit);
                assert!(rule.about.is_some() && hit && miss, "{}", rule.id);
                assert!(!rule.controls.is_empty(), "{}", rule.id);
                assert!(rule.outcome.allow || rule.say.is_some(), "{}", rule.id);
                // A person can look at what is not understood.
                assert!(!rule.outcome.deny || rule.on_doubt.is_some(), "{}", rule.id);
            }
        }
    }
}
