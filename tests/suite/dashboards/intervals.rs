//! Promise: graphs of what is counted have no gaps, whether scrapes come each 15 s or each minute.
//!
//! Grafana widens `$__rate_interval` with the data source's interval and `$__interval` never
//! below it; a window in which less than two scrapes fall is empty. An hour of the past is
//! made from one page of the demo, with counters that grow, and put into a real Prometheus.

use std::fmt::Write as _;

use harness::prometheus::Prometheus;
use serde_json::Value;

use super::queries::demo;
use super::{Asker, Page, Query, filled, items, pages};

/// Begin of the hour that is made, in seconds since the epoch: any will do.
const BEGIN: u64 = 1_700_000_000;

const HOUR: u64 = 3_600;

/// An hour of scrapes that found `page`, its counters growing.
fn history(page: &str, scrape: u64) -> String {
    let mut samples = String::new();
    for line in page.lines().filter(|line| !line.starts_with('#')) {
        let Some((series, value)) = line.rsplit_once(' ') else {
            continue;
        };
        let (name, labels) = series.split_once('{').unwrap_or((series, "}"));
        let endings = ["_total", "_bucket", "_sum", "_count"];
        let grows = endings.iter().any(|ending| name.ends_with(ending));
        let value: f64 = value.parse().unwrap();
        for number in (0..=HOUR / scrape).map(|number| u32::try_from(number).unwrap()) {
            let now = if grows {
                value * f64::from(number)
            } else {
                value
            };
            let at = BEGIN + scrape * u64::from(number);
            writeln!(
                samples,
                "{name}{{job=\"ztna\",instance=\"one\",{labels} {now} {at}"
            )
            .unwrap();
        }
    }
    samples.replace(",}", "}") + "# EOF\n"
}

/// Whether a query counts over windows that Grafana chooses.
fn is_of_windows(query: &Query) -> bool {
    let of_window = query.text.contains("$__rate_interval") || query.text.contains("$__interval");
    query.asker == Asker::PanelOverTime && of_window
}

/// The seconds of `2m`.
fn seconds(text: &str) -> Option<u64> {
    text.strip_suffix('m')?
        .parse::<u64>()
        .ok()
        .map(|minutes| 60 * minutes)
}

/// The least share of steps that a series has a number for, of the series that have any.
fn share(answer: &Value, steps: u64) -> Option<f64> {
    let numbers = |series: &Value| {
        let values = items(series, "/values").iter();
        let numbers = values.filter_map(|value| value.get(1)?.as_str()?.parse::<f64>().ok());
        u32::try_from(numbers.filter(|number| number.is_finite()).count()).unwrap()
    };
    let counts = items(answer, "/data/result").iter().map(numbers);
    let least = counts.filter(|count| 0 < *count).min()?;
    Some(f64::from(least) / f64::from(u32::try_from(steps).unwrap()))
}

/// What is empty or has gaps if Prometheus scrapes each `scrape` seconds.
fn gaps(page: &str, scrape: u64, widened: u64) -> (Vec<String>, usize) {
    let prometheus = Prometheus::remembering(&history(page, scrape)).unwrap();
    let mut findings = Vec::new();
    let mut asked = 0;
    let pages = pages();
    for query in pages.iter().flat_map(Page::queries).filter(is_of_windows) {
        // As Grafana computes it for an hour on a wide screen.
        let step = seconds(&query.detail).unwrap_or_default().max(scrape);
        let (interval, rate_interval) = (format!("{step}s"), format!("{}s", widened * scrape));
        let text = filled(
            &query.text,
            &[
                ("$job", ".+"),
                ("$site", ".*"),
                ("$instance", ".+"),
                ("$connector", ".*"),
                ("$__rate_interval", &rate_interval),
                ("$__interval", &interval),
            ],
        );
        // The first windows begin before the hour does; and none ends with a scrape, which
        // would be in two windows.
        let (start, end) = (BEGIN + 607, BEGIN + HOUR);
        let range = [("start", start), ("end", end), ("step", step)]
            .map(|(name, value)| (name, value.to_string()));
        let mut parameters: Vec<(&str, &str)> = vec![("query", &text)];
        parameters.extend(range.iter().map(|(name, value)| (*name, value.as_str())));
        let answer = prometheus.ask("query_range", &parameters).unwrap();
        assert_eq!(answer["status"], "success", "{answer}");
        match share(&answer, (end - start) / step) {
            Some(share) if share < 0.95 => findings.push(format!("{}: {share:.2}", query.name())),
            Some(_) => asked += 1,
            // Not counted yet when the page was taken; that it gives data is for `queries`.
            None => {}
        }
    }
    (findings, asked)
}

#[test]
fn no_graph_has_gaps_with_scrapes_each_quarter_or_each_minute() {
    let (agent, _folder) = demo();
    let lived = agent.wait_for("some turns", |page| {
        20 <= page.count("ztna_turns_total", &[])
    });
    lived.unwrap();
    let page = agent.get("/metrics").unwrap().text();
    let counts = [15, 60].map(|scrape| {
        let (findings, asked) = gaps(&page, scrape, 4);
        println!("scrapes each {scrape} s: {asked} queries have no gaps");
        assert!(findings.is_empty(), "{scrape} s: {findings:#?}");
        asked
    });
    assert!(25 < counts[0], "only {} queries gave data", counts[0]);
    assert_eq!(
        counts[0], counts[1],
        "some give data with one interval only"
    );
    // What happens to whoever does not tell Grafana the interval.
    let (_, asked) = gaps(&page, 60, 1);
    let lost = counts[0].saturating_sub(asked);
    assert!(
        10 < lost,
        "only {lost} queries notice a window that is too short"
    );
}
