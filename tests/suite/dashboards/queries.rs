//! Promise: whatever a dashboard asks, a real Prometheus that scrapes the demo answers with data.
//!
//! The demo's connectors fail and heal, so each query is asked again until it has given data
//! once, or stands among those that may be empty, with the reason. Printed as a table.
//!
//! Known limit: one agent on one host, and no label `site`; that a query works with many is
//! said by its matchers, which `rules` looks at.

use std::cell::RefCell;
use std::fs::File;
use std::process::Command;
use std::time::Duration;

use harness::agent::Agent;
use harness::prometheus::Prometheus;
use harness::tools::agent_binary;
use harness::wait;
use serde_json::Value;
use tempfile::TempDir;

use super::{Asker, Page, Query, filled, items, pages};

/// As long as the demo's story takes, and a busy machine of two cores besides.
const LIMIT: Duration = Duration::from_secs(150);

/// What may give nothing here: dashboard (`*` is any), place, letter, and why.
const EMPTY: &[(&str, &str, &str, &str)] = &[
    (
        "*",
        "site",
        "",
        "a label of the operator's, which this scrape does not set",
    ),
    (
        "*",
        "Update running",
        "",
        "the demo's updates are over in one line",
    ),
    (
        "*",
        "Update succeeded",
        "",
        "the demo's updates fail or are not needed",
    ),
    (
        "*",
        "Not back after the update",
        "",
        "the demo's Publisher comes back",
    ),
    (
        "clients",
        "Update failed",
        "",
        "updates of clients are not in their logs",
    ),
    (
        "publisher",
        "Releases behind",
        "A",
        "the demo lists no releases",
    ),
    (
        "clients",
        "Configuration updated",
        "A",
        "the demo's tool does not tell it",
    ),
    (
        "host",
        "Clock",
        "A",
        "absent where no service is asked, as in a container",
    ),
    (
        "host",
        "System is supported",
        "A",
        "absent where the vendor says nothing of the system",
    ),
    (
        "host",
        "Where the kernel's tables end",
        "A",
        "absent without the kernel's module",
    ),
    (
        "host",
        "Disks",
        "A",
        "absent on a host without a disk of its own",
    ),
    (
        "host",
        "Disks",
        "B",
        "absent on a host without a disk of its own",
    ),
    ("agent", "Outbox", "B", "absent while nothing waits"),
    (
        "agent",
        "Commits: how long, how often in vain",
        "B",
        "no commit fails",
    ),
    (
        "agent",
        "SNMP: refused, by cause",
        "A",
        "nobody asks wrongly",
    ),
];

/// A demo that lives fast, and the folder for what it leaves.
pub(super) fn demo() -> (Agent, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let mut command = Command::new(agent_binary().unwrap());
    command
        .args([
            "demo",
            "--listen",
            "127.0.0.1:0",
            "--snmp-listen",
            "127.0.0.1:0",
        ])
        .args(["--speed", "4", "--seconds", "600", "--log-format", "json"])
        .env("TMPDIR", folder.path())
        .stdout(File::create(folder.path().join("told")).unwrap());
    let mut agent = Agent::spawn(&mut command).unwrap();
    agent.wait_until_listening().unwrap();
    (agent, folder)
}

/// A demo that lives fast, and a Prometheus that looks every second.
struct Scene {
    prometheus: Prometheus,
    /// When it began, in seconds since the epoch.
    begun: f64,
    _agent: Agent,
    _folder: TempDir,
}

impl Scene {
    fn start() -> Self {
        let (agent, folder) = demo();
        let address = agent.address().unwrap();
        let prometheus = Prometheus::start(address).unwrap();
        let begun = now(&prometheus);
        Self {
            prometheus,
            begun,
            _agent: agent,
            _folder: folder,
        }
    }

    /// How many series a query gives, those without any number left out.
    fn series(&self, query: &Query, connectors: &str) -> anyhow::Result<usize> {
        let is_of_bars = !query.detail.is_empty();
        let text = filled(
            &query.text,
            &[
                ("$job", ".+"),
                ("$site", ".*"),
                ("$instance", ".+"),
                ("$connector", connectors),
                ("$__rate_interval", "10s"),
                (
                    "$__interval",
                    if is_of_bars { &query.detail } else { "10s" },
                ),
                ("$__range", "5m"),
            ],
        );
        let answer = match query.asker {
            Asker::Variable => {
                let what = format!("label/{}/values", query.detail);
                self.prometheus.ask(&what, &[("match[]", &text)])?
            }
            Asker::PanelOfNow => self.prometheus.ask("query", &[("query", &text)])?,
            Asker::Annotation | Asker::PanelOverTime => {
                let (start, end) = (self.begun.to_string(), now(&self.prometheus).to_string());
                let range = [("query", text.as_str()), ("start", &start), ("end", &end)];
                let parameters = [&range[..], &[("step", "2")]].concat();
                self.prometheus.ask("query_range", &parameters)?
            }
        };
        anyhow::ensure!(
            answer["status"] == "success",
            "{}: {answer}\n{text}",
            query.name()
        );
        let names = items(&answer, "/data").len();
        let series = items(&answer, "/data/result").iter();
        Ok(names + series.filter(|one| has_a_number(one)).count())
    }

    /// What "All" is for the variable `connector`: a dashboard may offer some kinds only.
    fn connectors(&self, page: &Page) -> anyhow::Result<String> {
        let Some(variable) = page.variable("connector") else {
            return Ok(String::new());
        };
        if let Some(all) = variable["allValue"].as_str() {
            return Ok(all.to_owned());
        }
        let queries = page.queries();
        let query = queries.iter().find(|query| query.place == "connector");
        let text = &query.unwrap().text;
        let variables = [("$job", ".+"), ("$site", ".*"), ("$instance", ".+")];
        let selector = filled(text, &variables);
        let answer = self
            .prometheus
            .ask("label/connector/values", &[("match[]", &selector)])?;
        let names = items(&answer, "/data").iter().filter_map(Value::as_str);
        Ok(format!("({})", names.collect::<Vec<_>>().join("|")))
    }
}

fn now(prometheus: &Prometheus) -> f64 {
    prometheus.query("vector(time())").unwrap().unwrap()
}

fn has_a_number(series: &Value) -> bool {
    let values = items(series, "/values").iter().chain(series.get("value"));
    let numbers = values.filter_map(|value| value.get(1)?.as_str()?.parse::<f64>().ok());
    numbers.into_iter().any(f64::is_finite)
}

/// Why a query may be empty.
fn excuse(query: &Query) -> Option<&'static str> {
    let matches = |row: &&(&str, &str, &str, &str)| {
        (row.0 == "*" || row.0 == query.page) && row.1 == query.place && row.2 == query.letter
    };
    EMPTY.iter().find(matches).map(|row| row.3)
}

fn table(rows: &[(Query, usize)]) -> String {
    let mut lines = vec![format!(
        "{:<10} {:<42} {:<6} {:>6}",
        "dashboard", "panel", "query", "series"
    )];
    for (query, series) in rows {
        let why = if *series == 0 {
            excuse(query).unwrap_or("UNEXPLAINED")
        } else {
            ""
        };
        let asker = match query.asker {
            Asker::Variable => "var",
            Asker::Annotation => "mark",
            Asker::PanelOfNow | Asker::PanelOverTime => &query.letter,
        };
        let line = format!(
            "{:<10} {:<42} {asker:<6} {series:>6}  {why}",
            query.page, query.place
        );
        lines.push(line.trim_end().to_owned());
    }
    lines.join("\n")
}

#[test]
fn every_query_of_every_dashboard_gives_data_or_says_why_not() {
    let scene = Scene::start();
    let pages = pages();
    let all = pages.iter().flat_map(Page::queries);
    let rows: RefCell<Vec<(Query, usize)>> = RefCell::new(all.map(|query| (query, 0)).collect());
    let ended = wait::until(LIMIT, "data for every query", || {
        let mut rows = rows.borrow_mut();
        for page in &pages {
            let connectors = scene.connectors(page)?;
            let of_page = rows.iter_mut().filter(|(query, _)| query.page == page.file);
            for (query, series) in of_page.filter(|(_, series)| *series == 0) {
                *series = scene.series(query, &connectors)?;
            }
        }
        let is_open = |(query, series): &(Query, usize)| *series == 0 && excuse(query).is_none();
        Ok((!rows.iter().any(is_open)).then_some(()))
    });
    let rows = rows.into_inner();
    println!("{}", table(&rows));
    println!(
        "{} queries, {} of them empty",
        rows.len(),
        rows.iter().filter(|row| row.1 == 0).count()
    );
    ended.unwrap();
    assert!(150 < rows.len(), "{} queries were found", rows.len());
}

#[test]
fn no_excuse_is_left_over() {
    let pages = pages();
    let queries: Vec<Query> = pages.iter().flat_map(Page::queries).collect();
    for row in EMPTY {
        let is_needed = queries.iter().any(|query| {
            (row.0 == "*" || row.0 == query.page) && row.1 == query.place && row.2 == query.letter
        });
        assert!(is_needed, "nothing is called {row:?}");
    }
}
