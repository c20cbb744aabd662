//! The names that rules refer to: classes, approval specs, protocols.

use std::collections::BTreeMap;

use crate::facts::Protocol;
use crate::policy::error::{CompileErrorKind as Kind, suggestion};
use crate::policy::read::{At, Problems, closed};
use crate::policy::tags::{ClassIndex, ClassSet};

/// What `classes.toml` and `approvals.toml` define.
#[derive(Clone, Debug, Default)]
pub(crate) struct Names {
    pub(crate) classes: BTreeMap<String, ClassIndex>,
    pub(crate) specs: BTreeMap<String, usize>,
}

impl Names {
    /// The index of an approval spec, or a problem.
    pub(crate) fn spec(&self, problems: &mut Problems<'_>, spec: &At<String>) -> Option<usize> {
        let found = self.specs.get(&spec.value).copied();
        if found.is_none() {
            let message = format!("unknown approval spec `{}`", spec.value);
            let help = suggestion(&spec.value, self.specs.keys().map(String::as_str));
            let help = if help.is_empty() { "define it in approvals.toml".into() } else { help };
            problems.report(Kind::UnknownSpec, spec.span, message, help);
        }
        found
    }

    /// The classes that these names and patterns mean: `pii.email`, `pii.*`, `*`.
    pub(crate) fn classes(&self, problems: &mut Problems<'_>, texts: &[At<String>]) -> ClassSet {
        let mut set = ClassSet::default();
        for text in texts {
            let prefix = text.value.strip_suffix('*');
            let mut any = false;
            for (name, index) in &self.classes {
                let matched = match prefix {
                    Some("") => true,
                    Some(prefix) => prefix.ends_with('.') && name.starts_with(prefix),
                    None => *name == text.value,
                };
                if matched {
                    set.insert(*index);
                    any = true;
                }
            }
            if !any {
                let message = format!("unknown class `{}`", text.value);
                let help = suggestion(&text.value, self.classes.keys().map(String::as_str));
                let help = if help.is_empty() { "define it in classes.toml".into() } else { help };
                problems.report(Kind::UnknownClass, text.span, message, help);
            }
        }
        set
    }
}

/// The name of a protocol, or a problem.
pub(crate) fn protocol(problems: &mut Problems<'_>, word: &At<String>) -> Option<String> {
    let all: Vec<Protocol> = Protocol::all().collect();
    closed(problems, "protocol", word, &all, Protocol::name).map(|found| found.name().to_owned())
}
