//! Reads exposition text: names, labels and values, enough to look a number up.
//!
//! Whether the text is correct is `promtool`'s business, not ours; lines that do
//! not look like samples are skipped.

use std::collections::BTreeMap;

/// One sample.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sample {
    /// The full name.
    pub name: String,
    /// Labels by name.
    pub labels: BTreeMap<String, String>,
    /// The value as it was written.
    pub value: String,
}

/// One scrape.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Page {
    /// The samples in the order of the page.
    pub samples: Vec<Sample>,
}

impl Page {
    /// Reads a page of text or OpenMetrics format.
    pub fn parse(text: &str) -> Self {
        let lines = text.lines().filter(|line| !line.starts_with('#'));
        Self {
            samples: lines.filter_map(sample).collect(),
        }
    }

    /// Samples of `name` that carry at least these labels.
    pub fn select<'a>(
        &'a self,
        name: &'a str,
        labels: &'a [(&'a str, &'a str)],
    ) -> impl Iterator<Item = &'a Sample> {
        self.samples.iter().filter(move |sample| {
            let has = |(label, value): &(&str, &str)| {
                sample.labels.get(*label).map(String::as_str) == Some(*value)
            };
            sample.name == name && labels.iter().all(has)
        })
    }

    /// The value of the only sample of `name` with these labels. `None` if there is
    /// none or more than one.
    pub fn value(&self, name: &str, labels: &[(&str, &str)]) -> Option<f64> {
        let mut found = self.select(name, labels);
        match (found.next(), found.next()) {
            (Some(only), None) => only.value.parse().ok(),
            (Some(_), Some(_)) | (None, _) => None,
        }
    }

    /// The sum over all whole-number samples of `name` that carry these labels.
    pub fn count(&self, name: &str, labels: &[(&str, &str)]) -> u64 {
        self.select(name, labels)
            .filter_map(|sample| sample.value.parse::<u64>().ok())
            .sum()
    }

    /// Whether a sample is there that one line names, like
    /// `ztna_client_status{status="enabled"} 1`: only one may have these labels, others
    /// beside them are not looked at.
    pub fn shows(&self, line: &str) -> bool {
        let Some(wanted) = sample(line) else {
            return false;
        };
        let labels: Vec<(&str, &str)> = wanted
            .labels
            .iter()
            .map(|(label, value)| (label.as_str(), value.as_str()))
            .collect();
        self.value(&wanted.name, &labels) == wanted.value.parse().ok()
    }

    /// How often `event` was counted, over all connectors and reasons.
    pub fn events(&self, event: &str) -> u64 {
        self.count("ztna_events_total", &[("event", event)])
    }

    /// Every event that happened, as `event` or `event|reason`: the form of a truth.
    pub fn event_counts(&self) -> BTreeMap<String, u64> {
        let mut counts = BTreeMap::new();
        for sample in self.select("ztna_events_total", &[]) {
            let label = |name| {
                sample
                    .labels
                    .get(name)
                    .map(String::as_str)
                    .unwrap_or_default()
            };
            let (event, reason) = (label("event"), label("reason"));
            let key = if reason.is_empty() {
                event.to_owned()
            } else {
                format!("{event}|{reason}")
            };
            match sample.value.parse::<u64>() {
                Ok(0) | Err(_) => {}
                Ok(count) => *counts.entry(key).or_default() += count,
            }
        }
        counts
    }

    /// Every counter with its labels, to compare two scrapes.
    pub fn counters(&self) -> BTreeMap<String, u64> {
        let counters = self
            .samples
            .iter()
            .filter(|sample| sample.name.ends_with("_total"));
        counters
            .filter_map(|sample| {
                let key = format!("{}{:?}", sample.name, sample.labels);
                sample.value.parse().ok().map(|value| (key, value))
            })
            .collect()
    }
}

fn sample(line: &str) -> Option<Sample> {
    let name_end = line.find(['{', ' '])?;
    let (name, rest) = line.split_at_checked(name_end)?;
    let (labels, rest) = match rest.strip_prefix('{') {
        Some(inside) => labels(inside)?,
        None => (BTreeMap::new(), rest),
    };
    let value = rest.split_whitespace().next()?;
    Some(Sample {
        name: name.to_owned(),
        labels,
        value: value.to_owned(),
    })
}

/// Reads `name="value",…}` and returns what follows.
fn labels(mut rest: &str) -> Option<(BTreeMap<String, String>, &str)> {
    let mut labels = BTreeMap::new();
    loop {
        rest = rest.trim_start_matches(',');
        if let Some(after) = rest.strip_prefix('}') {
            return Some((labels, after));
        }
        let (name, quoted) = rest.split_once("=\"")?;
        let (value, after) = quoted_value(quoted)?;
        labels.insert(name.to_owned(), value);
        rest = after;
    }
}

fn quoted_value(text: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut characters = text.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => return Some((value, text.get(at + 1..)?)),
            '\\' => match characters.next()?.1 {
                'n' => value.push('\n'),
                escaped => value.push(escaped),
            },
            plain => value.push(plain),
        }
    }
    None
}
