//! From YAML to rules, with every mistake at its place.
//!
//! A file is read twice: once for where each key stands and for what is no plain YAML
//! (`places`), once for what it says (`raw`). `check` and `trigger` make rules of
//! that, and `links` looks at what rules say of each other when all files are read. An
//! unknown key is a mistake, and nothing of a file with a mistake is in force.

mod check;
mod links;
mod places;
mod raw;
mod scalar;
mod trigger;

use std::sync::Arc;

use self::places::Places;
use self::raw::{RawFile, RawRule};
use super::nearest::near;
use super::{Rule, RuleSet};

/// A file of rules.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleFile {
    /// What errors call it.
    pub name: String,
    /// Its text.
    pub text: String,
}

/// The rules that come with the program, as a file: `alerts/rules/default.yaml`.
pub const DEFAULT_RULES: &str = include_str!("../../rules/default.yaml");

/// What errors call [`DEFAULT_RULES`].
pub const DEFAULT_RULES_NAME: &str = "default.yaml";

/// Longest file, in bytes. Ours has 30 kB.
pub const FILE_BYTES_MAX: usize = 1 << 20;

/// Most rules of all files together.
pub const RULES_MAX: usize = 1_000;

/// Why a file of rules is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{file}:{line}: {message}")]
pub struct RuleError {
    /// The file.
    pub file: String,
    /// The line, from 1 on.
    pub line: usize,
    /// The rule's id, if it has got so far.
    pub rule: Option<String>,
    /// What is wrong and what is wanted, in words for people.
    pub message: String,
}

/// A mistake in a rule: the key below the rule, and what is wrong with it.
#[derive(Debug)]
struct Mistake {
    /// The key, such as `on.sample`; empty for the rule itself.
    key: String,
    message: String,
}

impl Mistake {
    fn new(key: &str, message: impl Into<String>) -> Self {
        Self {
            key: key.to_owned(),
            message: message.into(),
        }
    }
}

/// A rule with what is needed to speak of it later.
struct Loaded {
    rule: Option<Arc<Rule>>,
    id: String,
    is_on: bool,
    file: String,
    /// Where its keys stand.
    lines: places::RuleLines,
}

impl Loaded {
    fn refuse(&self, mistake: &Mistake) -> RuleError {
        RuleError {
            file: self.file.clone(),
            line: self.lines.of(&mistake.key),
            message: told(&self.id, mistake),
            rule: Some(self.id.clone()),
        }
    }
}

/// Loads and checks files of rules, in their order. An id in a later file replaces the
/// rule of the same id in an earlier one, at its place; `disabled` alone switches it off
/// or on.
///
/// # Errors
///
/// The first mistake, with its place.
pub fn load(files: &[RuleFile]) -> Result<RuleSet, RuleError> {
    let mut loaded: Vec<Loaded> = Vec::new();
    for file in files {
        let first_of_file = loaded.len();
        let mut seen: Vec<String> = Vec::new();
        for one in read(file)? {
            if seen.contains(&one.id) {
                let message = "stands in this file a second time, want unlike ids";
                return Err(one.refuse(&Mistake::new("id", message)));
            }
            seen.push(one.id.clone());
            put(&mut loaded, one)?;
        }
        if let Some(one) = loaded.get(first_of_file..).and_then(|new| new.last())
            && RULES_MAX < loaded.len()
        {
            let message = format!("is one rule too many, want at most {RULES_MAX}");
            return Err(one.refuse(&Mistake::new("", message)));
        }
    }
    links::check(&loaded)?;
    let known: Vec<String> = on(&loaded).map(|rule| rule.id.to_string()).collect();
    let rules = on(&loaded).map(|rule| links::without_absent(rule, &known));
    Ok(RuleSet {
        rules: rules.collect(),
    })
}

/// The names of those of `files` that hold nothing about any rule: right, and most likely
/// not what somebody wanted.
pub fn empty_files(files: &[RuleFile]) -> impl Iterator<Item = &str> {
    let empty = files
        .iter()
        .filter(|file| read(file).is_ok_and(|rules| rules.is_empty()));
    empty.map(|file| file.name.as_str())
}

fn on(loaded: &[Loaded]) -> impl Iterator<Item = &Arc<Rule>> {
    let on = loaded.iter().filter(|one| one.is_on);
    on.filter_map(|one| one.rule.as_ref())
}

/// Puts a rule to those before: new, instead of one, or as a switch of one.
fn put(loaded: &mut Vec<Loaded>, one: Loaded) -> Result<(), RuleError> {
    let before = loaded.iter().position(|other| other.id == one.id);
    let place = before.and_then(|place| loaded.get_mut(place));
    match (place, &one.rule) {
        (Some(other), None) => other.is_on = one.is_on,
        (Some(other), Some(_)) => *other = one,
        (None, Some(_)) => loaded.push(one),
        (None, None) => {
            let known: Vec<&str> = loaded.iter().map(|other| other.id.as_str()).collect();
            let message = format!(
                "switches a rule that there is not{}; want the id of an earlier rule, or a \
                 whole rule",
                near(&one.id, known)
            );
            return Err(one.refuse(&Mistake::new("id", message)));
        }
    }
    Ok(())
}

fn read(file: &RuleFile) -> Result<Vec<Loaded>, RuleError> {
    let refuse = |line: usize, message: String| RuleError {
        file: file.name.clone(),
        line,
        rule: None,
        message,
    };
    if FILE_BYTES_MAX < file.text.len() {
        let message = format!("the file is larger than 1 MiB: {} bytes", file.text.len());
        return Err(refuse(1, message));
    }
    let text = file.text.strip_prefix('\u{feff}').unwrap_or(&file.text);
    let places = Places::read(text).map_err(|(line, message)| refuse(line, message))?;
    if places.is_empty() {
        return Ok(Vec::new());
    }
    let parsed: RawFile = serde_path_to_error::deserialize(serde_yaml::Deserializer::from_str(
        text,
    ))
    .map_err(|error| {
        let path = error.path().to_string();
        let (line, id) = (places.line(&path), places.rule_at(&path));
        let mistake = Mistake {
            key: places::below_rule(&path),
            message: raw::in_words(&error.into_inner().to_string()),
        };
        RuleError {
            message: id
                .as_deref()
                .map_or_else(|| unnamed(&path, &mistake), |id| told(id, &mistake)),
            rule: id,
            ..refuse(line, String::new())
        }
    })?;
    if parsed.version.is_some_and(|version| version != 1) {
        let message = "`version` is not known, want 1".to_owned();
        return Err(refuse(places.line("version"), message));
    }
    let rules = parsed.rules.unwrap_or_default();
    let numbered = rules.into_iter().enumerate();
    numbered
        .map(|(number, rule)| one_rule(file, &places, number, rule))
        .collect()
}

fn one_rule(
    file: &RuleFile,
    places: &Places,
    number: usize,
    raw: RawRule,
) -> Result<Loaded, RuleError> {
    let lines = places.of_rule(number);
    let mut loaded = Loaded {
        rule: None,
        id: raw.id.clone(),
        is_on: raw.disabled != Some(true),
        file: file.name.clone(),
        lines,
    };
    if raw.is_switch() {
        return check::id(&raw.id)
            .map(|()| loaded)
            .map_err(|mistake| RuleError {
                file: file.name.clone(),
                line: places.line(&format!("rules[{number}].{}", mistake.key)),
                rule: None,
                message: mistake.message,
            });
    }
    let place = format!("{}:{}", file.name, loaded.lines.of(""));
    match check::rule(raw, Arc::from(place)) {
        Ok(rule) => {
            loaded.rule = Some(Arc::new(rule));
            Ok(loaded)
        }
        Err(mistake) => Err(loaded.refuse(&mistake)),
    }
}

/// A mistake in a rule, in words.
fn told(id: &str, mistake: &Mistake) -> String {
    let Mistake { key, message } = mistake;
    if key.is_empty() {
        format!("rule `{id}` {message}")
    } else {
        format!("rule `{id}`: `{key}` {message}")
    }
}

/// A mistake where no rule with an id is.
fn unnamed(path: &str, mistake: &Mistake) -> String {
    if path.is_empty() || path == "." {
        mistake.message.clone()
    } else {
        format!("`{path}` {}", mistake.message)
    }
}

#[cfg(test)]
mod tests;
