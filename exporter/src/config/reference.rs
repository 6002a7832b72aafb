//! Every key there is: the manual, the errors' "want" and the ranges, from one table.
//!
//! `docs/configuration.md` is written from it and kept current by a test. Other
//! tests hold that each key of the types has a row, that each row's example is
//! accepted, and that defaults are what the table says.

mod rows;

use std::fmt::Write as _;

pub use self::rows::rows;
use super::path::{KeyPath, Step};
use super::quantity::{DURATION_WANTED, HumanDuration, HumanSize, SIZE_WANTED};

/// What a value must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// Keys of its own.
    Section,
    /// A list whose items have a row of their own.
    List(&'static str),
    /// Text, described in words.
    Text(&'static str),
    /// One of these words.
    Word(&'static [&'static str]),
    /// `true` or `false`.
    Truth,
    /// A whole number within bounds.
    Count(u32, u32),
    /// A duration within bounds, in milliseconds.
    Duration(u64, u64),
    /// `never`, or a duration within bounds, in milliseconds.
    DurationOrNever(u64, u64),
    /// A size within bounds, in bytes.
    Size(u64, u64),
}

/// One key.
#[derive(Debug, Clone, Copy)]
pub struct Row {
    /// Its full name. `[]` is any item of a list, `*` any name.
    pub key: &'static str,
    /// What its value must be.
    pub shape: Shape,
    /// What holds without it, or `required`.
    pub default: &'static str,
    /// A value in YAML that is accepted; empty for sections.
    pub example: &'static str,
    /// What it means, and what happens at its edges.
    pub meaning: &'static str,
}

/// The row of a key's full name, as [`Row::key`] has it.
pub fn find(key: &str) -> Option<&'static Row> {
    rows().find(|row| row.key == key)
}

/// The row of the key at `path`.
pub(super) fn find_at(path: &KeyPath) -> Option<&'static Row> {
    find(&general(path))
}

/// What is wanted at `path`, for the end of an error. Empty if the table has no row.
pub(super) fn wanted(path: &KeyPath) -> String {
    find_at(path)
        .map(|row| row.shape.wanted())
        .unwrap_or_default()
}

/// The path with `[]` for each item and `*` for each name that a person gave.
fn general(path: &KeyPath) -> String {
    let mut key = String::new();
    for step in &path.0 {
        match step {
            Step::Index(_) => key.push_str("[]"),
            Step::Key(_)
                if matches!(
                    &*key,
                    "connectors[].logs" | "connectors[].tools" | "snmp.views"
                ) =>
            {
                key.push_str(".*");
            }
            Step::Key(name) if key.is_empty() => key.push_str(name),
            Step::Key(name) => {
                key.push('.');
                key.push_str(name);
            }
        }
    }
    key
}

impl Shape {
    /// The words behind "want".
    pub fn wanted(self) -> String {
        match self {
            Self::Section => "keys with values below it".to_owned(),
            Self::List(words) | Self::Text(words) => words.to_owned(),
            Self::Word([only]) => format!("`{only}`"),
            Self::Word(words) => {
                let words: Vec<String> = words.iter().map(|word| format!("`{word}`")).collect();
                words.join(" or ")
            }
            Self::Truth => "`true` or `false`".to_owned(),
            Self::Count(..) => format!("a whole number from {}", self.range()),
            Self::Duration(..) => format!("{DURATION_WANTED}, from {}", self.range()),
            Self::DurationOrNever(..) => {
                format!("{DURATION_WANTED}; {}", self.range())
            }
            Self::Size(..) => format!("{SIZE_WANTED}, from {}", self.range()),
        }
    }

    /// Whether a number, in the shape's own unit, is within the bounds.
    pub fn holds(self, number: u64) -> bool {
        match self {
            Self::Count(least, most) => (u64::from(least)..=u64::from(most)).contains(&number),
            Self::Duration(least, most)
            | Self::DurationOrNever(least, most)
            | Self::Size(least, most) => (least..=most).contains(&number),
            Self::Section | Self::List(_) | Self::Text(_) | Self::Word(_) | Self::Truth => true,
        }
    }

    fn range(self) -> String {
        match self {
            Self::Count(least, most) => format!("{least} to {most}"),
            Self::Duration(least, most) => format!("{} to {}", duration(least), duration(most)),
            Self::DurationOrNever(least, most) => {
                format!("`never` or {} to {}", duration(least), duration(most))
            }
            Self::Size(least, most) => format!("{} to {}", HumanSize(least), HumanSize(most)),
            Self::Section | Self::List(_) | Self::Text(_) | Self::Word(_) | Self::Truth => {
                String::new()
            }
        }
    }
}

fn duration(milliseconds: u64) -> HumanDuration {
    HumanDuration(std::time::Duration::from_millis(milliseconds))
}

/// The manual, as `docs/configuration.md` has it.
pub fn manual() -> String {
    let mut page = OPENING.to_owned();
    for row in rows() {
        let wanted = match row.shape {
            Shape::Count(..)
            | Shape::Duration(..)
            | Shape::DurationOrNever(..)
            | Shape::Size(..) => row.shape.range(),
            Shape::Section => String::new(),
            Shape::List(_) | Shape::Text(_) | Shape::Word(_) | Shape::Truth => row.shape.wanted(),
        };
        let cells =
            [wanted.as_str(), row.default, row.meaning].map(|cell| cell.replace('|', "\\|"));
        // Writing to a string cannot fail.
        let _ = writeln!(page, "| `{}` | {} |", row.key, cells.join(" | "));
    }
    page.push_str(ENDING);
    page
}

const OPENING: &str = "\
<!-- Generated from the program's table; \
`UPDATE_EXPECT=1 cargo test -p ztna-exporter` writes it. -->
# Configuration

One YAML file: `ztna-exporter run --config FILE`. `ztna-exporter check-config FILE` says
whether it is right (exit code 0) or where it is wrong (78). A key that is not in the table
below is an error. Without a file, connectors are found at their vendors' well-known paths.

```yaml
store: {path: /var/lib/ztna-exporter/state.db}
web: {listen: [\"127.0.0.1:10942\"]}
connectors:
  - name: pub-fra-1
    kind: netskope-publisher
    logs:
      agent:  [/home/ubuntu/logs/agent.txt*]
      wizard: [/home/ubuntu/logs/publisher_wizard.log*]
    timezone: UTC
  - name: laptop-7
    kind: netskope-client
    logs: {client: [/opt/netskope/stagent/logs/nsdebuglog*.log]}
    tools: {nsdiag: {interval: 10m}}
```

Durations carry their unit (`250ms`, `90s`, `1m30s`, `2h`, `7d`), sizes too (`300MB`,
`1GiB`). Relative paths start at the configuration file's folder. A reload (SIGHUP) takes
a new file over whole, or keeps the old one; `store.path` needs a restart.

| key | value | default | meaning |
|---|---|---|---|
";

const ENDING: &str = "
A mistake is told with its place and its mend:

```text
error: `tail.poll_interval` is `5ms`
 --> agent.yaml:3:18
  |
3 |   poll_interval: 5ms
  |                  ^^^
  |
  = help: want a duration with its unit, like `250ms`, `90s`, `1m30s`, `2h` or `7d`, from 10ms to 1m
```

The file is at most 1MiB of UTF-8, one document, without anchors, aliases and tags.
";

#[cfg(test)]
mod tests;
