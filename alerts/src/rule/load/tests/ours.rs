//! The rules that come with the program: what they cover and what they say.

mod said;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use model::alert::{AgentFault, Severity};
use model::event::{Event, EventKey, EventKind, Field, Reason};
use model::snapshot::RecentEvent;
use model::untrusted::Untrusted;

use self::said::SAID;
use super::{default_file, loaded};
use crate::level::Side;
use crate::rule::wording::{Told, Vocabulary, Wording, WordingScope};
use crate::rule::{Counted, Rule, SeverityOf, Trigger, View, catalogue};
use crate::updates::UpdateAlert;

fn example_labels() -> Vec<(Arc<str>, Arc<str>)> {
    [
        ("connector", "pub-1"),
        ("fault", "store"),
        ("function", "eventlog.cpp:logPublisherTunnelEvent"),
        ("log", "agent"),
        ("probe", "management-plane"),
        ("reason", "service_impaired"),
        ("resource", "cpu"),
        ("service", "private_access"),
    ]
    .map(|(name, value)| (Arc::from(name), Arc::from(value)))
    .to_vec()
}

fn example_event() -> RecentEvent {
    RecentEvent {
        connector: Arc::from("pub-1"),
        log: Arc::from("agent"),
        file: Arc::from("/logs/agent.txt"),
        offset: 0,
        read_at: Timestamp::UNIX_EPOCH,
        event: Event {
            key: EventKey {
                kind: EventKind::UpdateFailed,
                reason: Reason::new("docker_pull").unwrap(),
            },
            time: None,
            fields: vec![Field {
                name: Arc::from("code"),
                value: Untrusted::new("5"),
            }],
        },
        line: None,
    }
}

/// Severity, summary and action of a rule for the example.
fn said(rule: &Rule) -> (String, String, String) {
    let labels = example_labels();
    let event = example_event();
    let members = [Arc::from("pub-2"), Arc::from("pub-3")];
    let reasons = [Arc::from("docker_pull")];
    let facts = [
        ("profile", Told::Text("eu-weekly")),
        ("zone", Told::Text("US/Eastern")),
        (
            "start",
            Told::Moment("2026-12-08T05:00:00Z".parse().unwrap()),
        ),
        ("wave", Told::Text("2")),
        ("stitcher", Told::Text("s1")),
        ("members", Told::List(&members)),
        ("reasons", Told::List(&reasons)),
    ];
    let scope = WordingScope {
        labels: &labels,
        event: Some(&event),
        reason: None,
        facts: &facts,
    };
    let severity = match &rule.severity {
        SeverityOf::Is(severity) => severity.name().to_owned(),
        SeverityOf::Told(wording) => wording.render(&scope).unwrap(),
    };
    let render = |wording: &Wording| wording.render(&scope).unwrap();
    (severity, render(&rule.summary), render(&rule.action))
}

#[test]
fn every_rule_says_what_it_should() {
    let rules = loaded(&[default_file()]);
    let ids: Vec<&str> = rules.rules.iter().map(|rule| &*rule.id).collect();
    let wanted: Vec<&str> = SAID.iter().map(|(id, ..)| *id).collect();
    assert_eq!(ids, wanted);
    for (id, severity, summary) in SAID {
        let rule = rules.find(id).unwrap();
        let (told_severity, told_summary, told_action) = said(rule);
        assert_eq!(
            (told_severity.as_str(), told_summary.as_str()),
            (*severity, *summary)
        );
        assert!(Severity::from_name(&told_severity).is_some(), "{id}");
        assert!(20 < told_action.len(), "{id}: {told_action}");
        assert!(!told_action.contains(".."), "{id}: {told_action}");
    }
}

/// Also of rules that are off, hence by the file's text.
#[test]
fn every_rule_has_its_page_and_every_page_its_rule() {
    let text = default_file().text;
    let lines = text.lines().map(str::trim);
    let named: BTreeSet<&str> = lines
        .filter_map(|line| line.strip_prefix("runbook: docs/runbooks/"))
        .collect();
    let rules = text.matches("\n    alert: ").count();
    assert_eq!(text.matches("\n    runbook: docs/runbooks/").count(), rules);
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/runbooks");
    let entries = std::fs::read_dir(folder).unwrap();
    let files: Vec<String> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        // An agent that is gone is told by Prometheus: no rule of ours can say so.
        .filter(|name| name != "README.md" && name != "agent-away.md")
        .collect();
    let pages: BTreeSet<&str> = files.iter().map(String::as_str).collect();
    assert_eq!(named, pages, "rules' pages, and those in docs/runbooks");
    let index = std::fs::read_to_string(format!("{folder}/README.md")).unwrap();
    for page in pages {
        assert!(
            index.contains(&format!("]({page}) |")),
            "{page} is not in the index"
        );
    }
}

#[test]
fn the_vendors_five_and_the_skipped_have_a_rule_each() {
    let rules = loaded(&[default_file()]);
    for alert in [
        UpdateAlert::WillStart,
        UpdateAlert::Started,
        UpdateAlert::Succeeded,
        UpdateAlert::Failed,
        UpdateAlert::ConnectionFailed,
        UpdateAlert::Skipped,
    ] {
        let of_alert = rules
            .rules
            .iter()
            .find(|rule| rule.on == Trigger::Update(alert));
        assert_eq!(of_alert.map(|rule| &*rule.alert), Some(alert.name()));
    }
}

#[test]
fn every_failure_of_an_update_is_told_with_the_vendors_action() {
    let rules = loaded(&[default_file()]);
    for row in catalogue::rows() {
        let id = match row.event.as_str() {
            "update.failed" => "update-failed",
            "update.reconnect_failed" => "update-reconnect-failed",
            _ => "update-skipped",
        };
        let scope = WordingScope {
            reason: Some(&row.reason),
            ..WordingScope::default()
        };
        let told = rules.find(id).unwrap().action.render(&scope).unwrap();
        assert!(told.contains(&row.action), "{}: {told}", row.reason);
    }
}

#[test]
fn only_what_breaks_the_agents_own_work_is_critical() {
    let rules = loaded(&[default_file()]);
    let rule = rules.find("agent-fault").unwrap();
    let SeverityOf::Told(wording) = &rule.severity else {
        panic!("a word for each fault");
    };
    let critical = AgentFault::ALL.iter().filter(|fault| {
        let labels = [(Arc::from("fault"), Arc::from(fault.name()))];
        let scope = WordingScope {
            labels: &labels,
            ..WordingScope::default()
        };
        wording.render(&scope).unwrap() == "critical"
    });
    let names: Vec<&str> = critical.map(|fault| fault.name()).collect();
    assert_eq!(
        names,
        [
            "store",
            "outbox_age",
            "mail_config",
            "delivery_dead",
            "events_skipped"
        ]
    );
}

/// It stands on the page from the first bad number on, and in a reminder a week later.
#[test]
fn no_summary_says_for_how_long_it_has_been_so() {
    for rule in loaded(&[default_file()]).rules {
        let summary = rule.summary.text();
        assert!(!summary.contains("lasting"), "{}: {summary}", rule.id);
    }
}

#[test]
fn a_command_for_publishers_is_not_the_advice_for_a_client() {
    for rule in loaded(&[default_file()]).rules {
        let (_, summary, action) = said(&rule);
        let is_of_any_kind = rule.label_names().contains("connector")
            && !matches!(rule.on, Trigger::Update(_))
            && !summary.contains("Publisher");
        let is_for_publishers = ["~/logs/", "docker"].map(|word| action.contains(word));
        if is_of_any_kind && is_for_publishers.contains(&true) {
            let kinds = ["Publisher", "lient"].map(|kind| action.contains(kind));
            assert_eq!(kinds, [true; 2], "{}: {action}", rule.id);
        }
    }
}

/// Whoever reads the mail need not look elsewhere, and no word is cut at its hyphen.
#[test]
fn each_fault_of_the_agent_has_its_own_advice() {
    let rules = loaded(&[default_file()]);
    let action = &rules.find("agent-fault").unwrap().action;
    let told = AgentFault::ALL.iter().map(|fault| {
        let labels = [(Arc::from("fault"), Arc::from(fault.name()))];
        let scope = WordingScope {
            labels: &labels,
            ..WordingScope::default()
        };
        action.render(&scope).unwrap()
    });
    let told: BTreeSet<String> = told.collect();
    assert_eq!(told.len(), AgentFault::ALL.len(), "{told:?}");
    for advice in &told {
        assert!(!advice.contains("What it is stands"), "{advice}");
        assert!(
            !advice.contains("- ") && advice.ends_with(['.', '?']),
            "{advice}"
        );
    }
}

/// The table of docs/alert-rules.md, which is written by this test's message.
#[test]
fn the_table_of_the_documentation_is_current() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/alert-rules.md");
    let page = std::fs::read_to_string(path).unwrap();
    let table = table();
    assert!(
        page.contains(&table),
        "docs/alert-rules.md is not current, its table is:\n{table}"
    );
}

fn table() -> String {
    let mut table = String::from("| rule | alert | severity | fires |\n|---|---|---|---|\n");
    for rule in loaded(&[default_file()]).rules {
        let severity = match &rule.severity {
            SeverityOf::Is(severity) => severity.name(),
            SeverityOf::Told(_) => "by what it is",
        };
        table += &format!(
            "| `{}` | `{}` | {severity} | {} |\n",
            rule.id,
            rule.alert,
            fires(&rule)
        );
    }
    table
}

fn fires(rule: &Rule) -> String {
    let names = |kinds: &[EventKind]| {
        let names: Vec<String> = kinds
            .iter()
            .map(|kind| format!("`{}`", kind.name()))
            .collect();
        names.join(", ")
    };
    match &rule.on {
        Trigger::Event { kinds, .. } => match &rule.resolve_on {
            Some(end) => format!("at {}, until {}", names(kinds), names(&end.kinds)),
            None => format!("at {}", names(kinds)),
        },
        Trigger::Rate {
            of,
            at_least,
            within,
        } => {
            let what = match of {
                Counted::Events { kinds, .. } => names(kinds),
                Counted::Growth { signal, .. } => format!("`{}`", signal.row().name),
            };
            format!("at {what} {at_least} times within {}", time(*within))
        }
        Trigger::Sample { .. } => of_sample(rule),
        Trigger::Absence {
            after,
            until,
            within,
        } => {
            format!(
                "no {} within {} of {}",
                names(until),
                time(*within),
                names(after)
            )
        }
        Trigger::Update(UpdateAlert::WillStart) => "24 h before a scheduled update".to_owned(),
        Trigger::Update(_) => "as the vendor groups it, see above".to_owned(),
    }
}

fn time(span: Duration) -> String {
    let words = Vocabulary {
        fixed: vec![("span", Told::Number(span.as_secs_f64()))],
        ..Vocabulary::default()
    };
    let wording = Wording::compile("{{ span | duration }}", &words).unwrap();
    wording.render(&WordingScope::default()).unwrap()
}

fn of_sample(rule: &Rule) -> String {
    let Trigger::Sample {
        signal,
        view,
        only,
        level,
    } = &rule.on
    else {
        return String::new();
    };
    let side = match level.side {
        Side::Above => "above",
        Side::Below => "below",
    };
    let only: Vec<String> = only
        .iter()
        .map(|(label, values)| format!(" {label} {}", values.join(" or ")))
        .collect();
    let (view, limit) = match view {
        View::Value => ("", level.limit.to_string()),
        View::SecondsSince => ("time since ", time(Duration::from_secs_f64(level.limit))),
        View::SecondsUntil => ("time until ", time(Duration::from_secs_f64(level.limit))),
    };
    let lasting = if level.lasting.is_zero() {
        String::new()
    } else {
        format!(" for {}", time(level.lasting))
    };
    let name = signal.row().name;
    format!("{view}`{name}`{} {side} {limit}{lasting}", only.concat())
}
