//! The rules that Grafana's own linter of dashboards has, and some of ours.
//!
//! They are written anew from their descriptions, since the linter is a program in Go that no
//! package manager here has. Queries are read by the parser that `Cargo.toml` names, with
//! stand-ins for Grafana's variables. Ours besides: what an import must not need, metrics and
//! rules that exist, and what every panel must say.

use std::collections::BTreeSet;
use std::fs;

use promql_parser::label::MatchOp;
use promql_parser::parser::Expr;
use serde_json::{Value, json};

use super::asked::{RATE_INTERVAL, function, read, selector, walk_queries};
use super::{Asker, PAGES, Page, Query, items, label_values, pages};
use crate::tree::{assert_none, root};

/// Panels a dashboard may have at most: more than that nobody reads.
const PANELS_MAX: usize = 24;

/// Units that we use, all of them Grafana's.
const UNITS: &[&str] = &[
    "short",
    "none",
    "s",
    "bytes",
    "decbytes",
    "percentunit",
    "Bps",
    "pps",
    "cps",
    "ops",
    "dateTimeFromNow",
];

/// Families that Prometheus makes itself.
const OF_PROMETHEUS: &[&str] = &["up", "scrape_duration_seconds"];

/// A rule's name, and what it finds.
type Rule = (&'static str, fn(&Page) -> Vec<String>);

const RULES: &[Rule] = &[
    ("template-datasource", datasource_is_a_variable),
    (
        "template-job, template-instance",
        job_and_instance_are_variables,
    ),
    ("template-label-promql", variables_ask_for_labels),
    (
        "template-on-time-change-reload",
        variables_follow_the_time_range,
    ),
    ("panel-datasource", datasource_is_asked_everywhere),
    ("panel-title-description", panels_say_what_they_show),
    ("panel-units", panels_have_units),
    ("panel-no-targets", panels_ask_something),
    ("target-promql", queries_can_be_read),
    ("target-rate-interval", rates_use_the_rate_interval),
    ("target-job, target-instance", selectors_have_their_matchers),
    ("target-counter-agg", counters_are_never_shown_as_they_are),
    ("uneditable", is_not_editable),
    ("import", needs_nothing_at_import),
    ("links", leads_up_and_to_the_others),
    ("size", is_not_too_large),
    ("metrics", metrics_exist),
];

fn datasource_is_a_variable(page: &Page) -> Vec<String> {
    let is_right = page.variable("datasource").is_some_and(|variable| {
        variable["type"] == "datasource"
            && variable["query"] == "prometheus"
            && variable["label"] == "Data source"
    });
    complaint(
        is_right,
        "no variable `datasource` of type prometheus, labelled Data source",
    )
}

fn complaint(is_right: bool, words: &str) -> Vec<String> {
    if is_right {
        Vec::new()
    } else {
        vec![words.to_owned()]
    }
}

fn job_and_instance_are_variables(page: &Page) -> Vec<String> {
    let wanted = [
        ("job", "Job", ".+"),
        ("instance", "Instance", ".+"),
        ("site", "Site", ".*"),
    ];
    let mut findings = Vec::new();
    for (name, label, all) in wanted {
        let is_right = page.variable(name).is_some_and(|variable| {
            variable["label"] == label
                && variable["multi"] == true
                && variable["includeAll"] == true
                && variable["allValue"] == all
                && variable.pointer("/datasource/uid") == Some(&json!("${datasource}"))
        });
        findings.extend(complaint(is_right, &format!("no proper variable `{name}`")));
    }
    findings
}

fn query_variables(page: &Page) -> impl Iterator<Item = &Value> {
    let variables = page.variables().iter();
    variables.filter(|variable| variable["type"] == "query")
}

fn variables_ask_for_labels(page: &Page) -> Vec<String> {
    let mut findings = Vec::new();
    for variable in query_variables(page) {
        let query = variable["query"].as_str().unwrap_or_default();
        let is_read = label_values(query)
            .is_some_and(|(selector, label)| !label.is_empty() && read(selector).is_ok());
        findings.extend(complaint(is_read, &format!("cannot read `{query}`")));
    }
    findings
}

fn variables_follow_the_time_range(page: &Page) -> Vec<String> {
    query_variables(page)
        .filter(|variable| variable["refresh"] != 2)
        .map(|variable| format!("{} is not reloaded", variable["name"]))
        .collect()
}

fn datasource_is_asked_everywhere(page: &Page) -> Vec<String> {
    let targets = page.panels().flat_map(|panel| items(panel, "/targets"));
    let all = page.panels().chain(targets).chain(page.annotations());
    all.filter(|one| one.pointer("/datasource/uid") != Some(&json!("${datasource}")))
        .map(|one| format!("{} {} has another data source", one["title"], one["expr"]))
        .collect()
}

fn panels_say_what_they_show(page: &Page) -> Vec<String> {
    let says =
        |panel: &Value, field: &str| panel[field].as_str().is_some_and(|text| 3 < text.len());
    page.panels()
        .filter(|panel| !says(panel, "title") || !says(panel, "description"))
        .map(|panel| format!("{} has no title or description", panel["title"]))
        .collect()
}

fn panels_have_units(page: &Page) -> Vec<String> {
    let mut findings = Vec::new();
    for panel in page.panels() {
        let defaults = panel
            .pointer("/fieldConfig/defaults")
            .unwrap_or(&Value::Null);
        let overrides = items(panel, "/fieldConfig/overrides");
        let properties = overrides.iter().flat_map(|one| items(one, "/properties"));
        let units = properties
            .filter(|property| property["id"] == "unit")
            .map(|property| &property["value"]);
        for unit in units.chain([&defaults["unit"]]) {
            if !UNITS.iter().any(|known| unit == known) {
                findings.push(format!("{} has the unit {unit}", panel["title"]));
            }
        }
        if items(defaults, "/thresholds/steps").is_empty() {
            findings.push(format!("{} has no thresholds", panel["title"]));
        }
    }
    findings
}

fn panels_ask_something(page: &Page) -> Vec<String> {
    page.panels()
        .filter(|panel| items(panel, "/targets").is_empty())
        .map(|panel| format!("{} asks nothing", panel["title"]))
        .collect()
}

fn queries_can_be_read(page: &Page) -> Vec<String> {
    let complaint = |query: &Query| {
        let error = read(&query.text).err()?;
        Some(format!("{}: {error}", query.name()))
    };
    page.queries().iter().filter_map(complaint).collect()
}

fn rates_use_the_rate_interval(page: &Page) -> Vec<String> {
    walk_queries(page, |expression, around| {
        let Expr::MatrixSelector(matrix) = expression else {
            return None;
        };
        let is_rate = matches!(function(around), "rate" | "irate");
        let is_right = (matrix.range == RATE_INTERVAL) == is_rate;
        (!is_right).then(|| format!("{expression} in `{}`", function(around)))
    })
}

/// Variables narrow each other and so come before some of these; they are left out.
fn selectors_have_their_matchers(page: &Page) -> Vec<String> {
    let mut findings = walk_queries(page, |expression, _| {
        let selector = selector(expression)?;
        let has = |name: &str, value: &str| {
            let mut matchers = selector.matchers.matchers.iter();
            matchers.any(|one| {
                one.name == name && one.value == value && matches!(one.op, MatchOp::Re(_))
            })
        };
        let wanted = [
            ("job", "$job"),
            ("site", "$site"),
            ("instance", "$instance"),
        ];
        let missing = wanted.iter().find(|(name, value)| !has(name, value))?;
        Some(format!("{expression} has no {}", missing.0))
    });
    let variables: Vec<String> = page
        .queries()
        .iter()
        .filter(|query| query.asker == Asker::Variable)
        .map(|query| format!("{}:", query.name()))
        .collect();
    findings.retain(|finding| !variables.iter().any(|name| finding.starts_with(name)));
    findings
}

fn counters_are_never_shown_as_they_are(page: &Page) -> Vec<String> {
    walk_queries(page, |expression, around| {
        let name = selector(expression)?.name.as_deref().unwrap_or_default();
        let endings = ["_total", "_bucket", "_count", "_sum"];
        let is_counter = endings.iter().any(|ending| name.ends_with(ending));
        let is_grown = matches!(expression, Expr::MatrixSelector(_))
            && matches!(function(around), "rate" | "irate" | "increase");
        (is_counter && !is_grown).then(|| format!("{name} is shown as it is"))
    })
}

fn is_not_editable(page: &Page) -> Vec<String> {
    complaint(
        page.json["editable"] == false,
        "can be edited, and the next import undoes it",
    )
}

/// No data source of somebody else's by name, no question at import, a uid that lasts.
fn needs_nothing_at_import(page: &Page) -> Vec<String> {
    let uid = PAGES.iter().find(|(file, _)| *file == page.file);
    let is_ours = uid.is_some_and(|(_, uid)| page.json["uid"] == *uid);
    let mut findings = complaint(is_ours, "has another uid");
    let has_inputs = page.json.get("__inputs").is_some() || page.json.to_string().contains("${DS_");
    findings.extend(complaint(!has_inputs, "asks for a data source at import"));
    let has_no_id = page.json.get("id").is_none_or(Value::is_null);
    findings.extend(complaint(
        has_no_id,
        "has an id, which belongs to one Grafana",
    ));
    findings
}

fn leads_up_and_to_the_others(page: &Page) -> Vec<String> {
    let links = items(&page.json, "/links");
    let has_others = links.iter().any(|link| {
        link["type"] == "dashboards" && link["tags"] == json!(["ztna"]) && link["keepTime"] == true
    });
    let leads_up = links.iter().any(|link| link["url"] == "/d/ztna-overview");
    let mut findings = complaint(has_others, "has no links to the other dashboards");
    let is_top = page.file == "overview";
    findings.extend(complaint(leads_up || is_top, "has no link up"));
    let text = page.json.to_string();
    for target in text.split("/d/").skip(1) {
        let uid = target.split(['?', '"']).next().unwrap_or_default();
        let is_known = PAGES.iter().any(|(_, known)| *known == uid);
        findings.extend(complaint(
            is_known,
            &format!("leads to `{uid}`, which is not there"),
        ));
    }
    findings
}

fn is_not_too_large(page: &Page) -> Vec<String> {
    let count = page.panels().count();
    complaint(
        count <= PANELS_MAX,
        &format!("{count} panels, want {PANELS_MAX}"),
    )
}

/// The families of the reference, with the parts that a histogram has.
pub(super) fn families() -> BTreeSet<String> {
    let reference = fs::read_to_string(root().join("docs/metrics.md")).unwrap();
    let mut families: BTreeSet<String> = OF_PROMETHEUS.iter().map(|name| (*name).into()).collect();
    for line in reference.lines() {
        let mut cells = line.split('|').map(str::trim).skip(1);
        let (Some(name), Some(kind)) = (cells.next(), cells.next()) else {
            continue;
        };
        let name = name.trim_matches('`');
        families.insert(name.to_owned());
        if kind == "histogram" {
            families.extend(["_bucket", "_sum", "_count"].map(|part| format!("{name}{part}")));
        }
    }
    families
}

fn metrics_exist(page: &Page) -> Vec<String> {
    let families = families();
    assert!(
        families.contains("ztna_tunnel_up"),
        "the reference was not understood"
    );
    walk_queries(page, |expression, _| {
        let name = selector(expression)?.name.as_deref().unwrap_or_default();
        (!families.contains(name)).then(|| format!("docs/metrics.md does not know `{name}`"))
    })
}

#[test]
fn every_dashboard_keeps_the_linters_rules_and_ours() {
    let mut findings = Vec::new();
    for page in pages() {
        for (name, rule) in RULES {
            let found = rule(&page);
            findings.extend(
                found
                    .iter()
                    .map(|words| format!("{} [{name}] {words}", page.file)),
            );
        }
    }
    assert_none(&findings);
}

/// Ways to spoil a dashboard, each with the rule that must say so.
const SPOILT: &[(&str, &str, &str)] = &[
    (
        "template-datasource",
        "/templating/list/0/query",
        r#""loki""#,
    ),
    (
        "template-job, template-instance",
        "/templating/list/1/allValue",
        r#"".*""#,
    ),
    (
        "template-label-promql",
        "/templating/list/1/query",
        r#""label_values(a{, job)""#,
    ),
    (
        "template-on-time-change-reload",
        "/templating/list/1/refresh",
        "1",
    ),
    (
        "panel-datasource",
        "/panels/0/datasource/uid",
        r#""prometheus""#,
    ),
    (
        "panel-datasource",
        "/annotations/list/0/datasource/uid",
        r#""prometheus""#,
    ),
    ("panel-title-description", "/panels/0/description", r#""""#),
    (
        "panel-units",
        "/panels/0/fieldConfig/defaults/unit",
        r#""furlong""#,
    ),
    ("panel-no-targets", "/panels/0/targets", "[]"),
    ("target-promql", "/panels/0/targets/0/expr", r#""sum(""#),
    (
        "target-rate-interval",
        "/panels/0/targets/0/expr",
        r#""rate(a_total[5m])""#,
    ),
    (
        "target-rate-interval",
        "/panels/0/targets/0/expr",
        r#""increase(a_total[$__rate_interval])""#,
    ),
    (
        "target-job, target-instance",
        "/panels/0/targets/0/expr",
        r#""sum(up{job=~\"$job\"})""#,
    ),
    (
        "target-job, target-instance",
        "/annotations/list/0/expr",
        r#""max(up)""#,
    ),
    (
        "target-counter-agg",
        "/panels/0/targets/0/expr",
        r#""sum(a_total)""#,
    ),
    (
        "target-counter-agg",
        "/panels/0/targets/0/expr",
        r#""max_over_time(a_total[5m])""#,
    ),
    ("uneditable", "/editable", "true"),
    ("import", "/uid", r#""fresh""#),
    ("import", "/id", "7"),
    ("links", "/panels/0/description", r#""see /d/elsewhere?x""#),
    (
        "metrics",
        "/panels/0/targets/0/expr",
        r#""ztna_wished_for""#,
    ),
];

#[test]
fn a_spoilt_dashboard_is_noticed_by_the_rule_that_forbids_it() {
    for (name, pointer, value) in SPOILT {
        let mut page = Page::read("publisher");
        let (_, rule) = RULES.iter().find(|(rule, _)| rule == name).unwrap();
        assert_none(&rule(&page));
        let spoilt = serde_json::from_str(value).unwrap();
        *page.json.pointer_mut(pointer).unwrap() = spoilt;
        assert!(
            !rule(&page).is_empty(),
            "{name} does not notice {pointer} = {value}"
        );
    }
}
