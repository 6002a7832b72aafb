//! Promise: the dashboards show something, of what there is, and stay what their program writes.
//!
//! What a test of this folder looks at is here: the committed dashboards, and the queries that
//! their panels, variables and annotations ask. Whether they are written well is judged by
//! `rules` and `runbooks`, whether they give data by `queries` and `intervals`, whether they are
//! current by `written`, and what goes around them by `around` and `recorded`. No Grafana runs
//! here: none can be installed. How they look is for people: `./test --dashboards` draws them.

mod around;
mod asked;
mod intervals;
mod queries;
mod recorded;
mod rules;
mod runbooks;
mod written;

use std::fs;

use serde_json::Value;

use crate::tree::root;

/// The dashboards by file, with the uid that links and bookmarks know them by.
const PAGES: &[(&str, &str)] = &[
    ("overview", "ztna-overview"),
    ("publisher", "ztna-publisher"),
    ("clients", "ztna-clients"),
    ("host", "ztna-host"),
    ("agent", "ztna-agent"),
];

/// One dashboard.
struct Page {
    /// Its file's name, without the ending.
    file: &'static str,
    json: Value,
}

/// What asks a query.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Asker {
    Variable,
    Annotation,
    /// A panel that wants the values of now.
    PanelOfNow,
    /// A panel that wants values over time.
    PanelOverTime,
}

/// One query of a dashboard.
#[derive(Debug)]
struct Query {
    page: &'static str,
    asker: Asker,
    /// The title of the panel, or the name of the variable or annotation.
    place: String,
    /// The letter of a panel's query; else empty.
    letter: String,
    /// PromQL with Grafana's variables; of a variable the selector alone.
    text: String,
    /// What a step lasts at least, if the panel says so; of a variable the label it wants.
    detail: String,
}

impl Page {
    fn read(file: &'static str) -> Self {
        let path = root().join(format!("dashboards/grafana/{file}.json"));
        let text = fs::read_to_string(path).unwrap();
        Self {
            file,
            json: serde_json::from_str(&text).unwrap(),
        }
    }

    /// The panels, without the headings between them.
    fn panels(&self) -> impl Iterator<Item = &Value> {
        let panels = items(&self.json, "/panels");
        panels.iter().filter(|panel| panel["type"] != "row")
    }

    fn variables(&self) -> &[Value] {
        items(&self.json, "/templating/list")
    }

    fn annotations(&self) -> &[Value] {
        items(&self.json, "/annotations/list")
    }

    fn variable(&self, name: &str) -> Option<&Value> {
        let mut variables = self.variables().iter();
        variables.find(|variable| variable["name"] == name)
    }

    fn query(&self, asker: Asker, place: &Value, text: &str) -> Query {
        Query {
            page: self.file,
            asker,
            place: place.as_str().unwrap_or_default().to_owned(),
            letter: String::new(),
            text: text.to_owned(),
            detail: String::new(),
        }
    }

    /// All that is asked of Prometheus, in the order in which a reader sees it.
    fn queries(&self) -> Vec<Query> {
        let mut queries = Vec::new();
        for variable in self.variables().iter().filter(|one| one["type"] == "query") {
            let text = variable["query"].as_str().unwrap_or_default();
            let (selector, label) = label_values(text).unwrap_or((text, ""));
            let mut query = self.query(Asker::Variable, &variable["name"], selector);
            label.clone_into(&mut query.detail);
            queries.push(query);
        }
        for annotation in self.annotations() {
            let text = annotation["expr"].as_str().unwrap_or_default();
            queries.push(self.query(Asker::Annotation, &annotation["name"], text));
        }
        for panel in self.panels() {
            for target in items(panel, "/targets") {
                let asker = match target["instant"].as_bool() {
                    Some(true) => Asker::PanelOfNow,
                    _ => Asker::PanelOverTime,
                };
                let text = target["expr"].as_str().unwrap_or_default();
                let mut query = self.query(asker, &panel["title"], text);
                query.letter = target["refId"].as_str().unwrap_or_default().to_owned();
                query.detail = panel["interval"].as_str().unwrap_or_default().to_owned();
                queries.push(query);
            }
        }
        queries
    }
}

impl Query {
    /// Where it stands, for people.
    fn name(&self) -> String {
        format!("{}, {} {}", self.page, self.place, self.letter)
    }
}

fn pages() -> Vec<Page> {
    PAGES.iter().map(|(file, _)| Page::read(file)).collect()
}

/// A list in a document; empty if there is none.
fn items<'a>(value: &'a Value, pointer: &str) -> &'a [Value] {
    let list = value.pointer(pointer).and_then(Value::as_array);
    list.map(Vec::as_slice).unwrap_or_default()
}

/// The selector and the label of `label_values(selector, label)`.
fn label_values(text: &str) -> Option<(&str, &str)> {
    let inside = text.strip_prefix("label_values(")?.strip_suffix(')')?;
    let (selector, label) = inside.rsplit_once(',')?;
    Some((selector.trim(), label.trim()))
}

/// A query as Prometheus takes it: what Grafana would put in place of its variables.
fn filled(text: &str, variables: &[(&str, &str)]) -> String {
    // The longest names first: `$__range` begins others.
    let mut sorted = variables.to_vec();
    sorted.sort_by_key(|(name, _)| std::cmp::Reverse(name.len()));
    sorted.iter().fold(text.to_owned(), |text, (name, value)| {
        text.replace(name, value)
    })
}

#[test]
fn what_grafana_puts_in_place_of_a_variable_is_not_cut_short() {
    let variables = [("$__interval", "1m"), ("$__interval_ms", "60000")];
    assert_eq!(
        filled("[$__interval_ms:$__interval]", &variables),
        "[60000:1m]"
    );
    assert_eq!(
        label_values("label_values(a{b=~\"$c\", d=\"e\"}, f)"),
        Some(("a{b=~\"$c\", d=\"e\"}", "f"))
    );
    assert_eq!(label_values("query_result(a)"), None);
}
