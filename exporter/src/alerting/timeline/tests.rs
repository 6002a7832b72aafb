//! Small timelines that are right, wrong, or none.

use std::path::Path;

use alerts::level::Side;
use alerts::rule::{Rule, Trigger, View};
use jiff::Timestamp;
use model::untrusted::is_unprintable;

use super::*;
use crate::alerting::settings::default_rules;
use crate::alerting::wish::SilenceWish;

const HEAD: &str = "connectors: {pub-1: netskope-publisher}\ntests:\n- name: one\n  at: \
                    2026-12-01T12:00:00Z\n";

const DOWN: &str = "  when: [{t: 1m, event: tunnel.disconnected}]\n";

const TOLD: &str = "{at: 3m, alert: TUNNEL_DOWN, status: firing, to: [ops@example.com], \
                    subject: pub-1, body: [doctor], not_body: [nonsense]}";

fn complaints(rest: &str) -> String {
    let outcomes = run_text("test", &format!("{HEAD}{rest}"), Path::new("")).unwrap();
    outcomes.into_iter().next().unwrap().complaints
}

fn refusal(text: &str) -> String {
    run_text("test", text, Path::new("")).unwrap_err()
}

#[test]
fn a_mail_that_comes_as_expected_is_all_right() {
    let outcome = complaints(&format!(
        "{DOWN}  until: 5m\n  expect: {{mails: [{TOLD}]}}\n"
    ));
    assert_eq!(outcome, "");
}

#[test]
fn a_mail_that_is_missing_and_one_that_nobody_expects_are_both_wrong() {
    let unexpected = complaints(&format!("{DOWN}  until: 5m\n  expect: {{mails: []}}\n"));
    assert!(
        unexpected.contains("seen and not expected: at 3m for ops"),
        "{unexpected}"
    );
    assert!(
        unexpected.contains("3m: firing tunnel-down"),
        "{unexpected}"
    );
    let missing = complaints(&format!("  until: 5m\n  expect: {{mails: [{TOLD}]}}\n"));
    assert!(
        missing.contains("expected and not seen: mail 1, at 3m"),
        "{missing}"
    );
    let twice = complaints(&format!(
        "{DOWN}  until: 5m\n  expect: {{mails: [{TOLD}, {TOLD}]}}\n"
    ));
    assert!(twice.contains("expected and not seen: mail 2"), "{twice}");
}

#[test]
fn everything_that_is_said_of_a_mail_is_looked_at() {
    for (right, wrong, words) in [
        ("at: 3m", "at: 2m", "it came at 3m"),
        ("at: 3m", "at: 4m", "it came at 3m"),
        ("TUNNEL_DOWN", "TUNNEL_UP", "its alert is `TUNNEL_DOWN`"),
        ("firing", "resolved", "its status is `firing`"),
        ("ops@", "noc@", "it goes to ops@example.com"),
        ("pub-1", "pub-2", "its subject has no `pub-2`"),
        ("[doctor]", "[nurse]", "its text has no `nurse`"),
        ("[nonsense]", "[doctor]", "its text has `doctor`"),
        (
            "status",
            "severity: info, status",
            "its severity is `critical`",
        ),
        ("status", "receiver: boss, status", "its receiver is `ops`"),
        ("status", "items: [p1], status", "it lists "),
        ("status", "number: 2, status", "its number is not 2"),
        ("status", "wave: 2, status", "has no `batch 2`"),
        ("status", "stitcher: s1, status", "has no `stitcher s1`"),
    ] {
        let told = TOLD.replacen(right, wrong, 1);
        let outcome = complaints(&format!(
            "{DOWN}  until: 5m\n  expect: {{mails: [{told}]}}\n"
        ));
        assert!(outcome.contains(words), "{wrong}: {outcome}");
    }
    let history = complaints(&format!(
        "{DOWN}  until: 5m\n  expect: {{mails: [{TOLD}], history: [\"held tunnel-down\"]}}\n"
    ));
    assert!(
        history.contains("no decision in the history has `held tunnel-down`"),
        "{history}"
    );
}

#[test]
fn no_word_of_the_file_or_its_name_moves_a_cursor() {
    let wanted = "{at: 3m, alert: \"A\\e[31m\", body: [\"\\e[2J\"]}";
    let told = complaints(&format!(
        "{DOWN}  until: 5m\n  expect: {{mails: [{wanted}], history: [\"\\u202e\"]}}\n"
    ));
    for words in ["alert `A\\u{1b}[31m`", "no `\\u{1b}[2J`", "has `\\u{202e}`"] {
        assert!(told.contains(words), "{words}: {told}");
    }
    let is_raw = |text: &str| text.lines().any(|line| line.contains(is_unprintable));
    assert!(!is_raw(&told), "{told:?}");
    let missing = run(Path::new("/none/x\u{1b}[31m")).unwrap_err();
    let wrong = run_text("x\u{1b}[31m", "tests: [{nam: a}]", Path::new("")).unwrap_err();
    for error in [missing, wrong] {
        assert!(
            !is_raw(&error) && error.contains("x\\u{1b}[31m"),
            "{error:?}"
        );
    }
}

#[test]
fn threads_tell_matters_apart() {
    let two = "  when: [{t: 1m, event: tunnel.disconnected}, {t: 5m, event: tunnel.connected}]\n  \
               expect:\n    mails:\n    - {at: 3m, thread: a}\n    - {at: 5m, thread: B}\n";
    assert_eq!(complaints(&two.replace('B', "a")), "");
    let apart = complaints(&two.replace('B', "b"));
    assert!(apart.contains("its thread is"), "{apart}");
}

#[test]
fn a_mistake_in_the_file_is_told_with_its_place() {
    for (text, words) in [
        ("tests: [{nam: a}]", "test:1:10"),
        (
            &format!("{HEAD}  expect: {{mails: []}}\n  when: [{{t: 1m, event: tunnel.gone}}]\n"),
            "`tunnel.gone` is no event",
        ),
        (
            &format!("{HEAD}  expect: {{mails: []}}\n  when: [{{t: 1m, sample: nothing}}]\n"),
            "`nothing` is no signal",
        ),
        (
            &format!("{HEAD}  expect: {{mails: []}}\n  when: [{{t: 1m}}]\n"),
            "nothing happens",
        ),
        (
            &format!(
                "{HEAD}  expect: {{mails: []}}\n  when: [{{t: 1m, connector: pub-2, event: tls.error}}]\n"
            ),
            "there is no connector `pub-2`",
        ),
        (
            &format!("{HEAD}  expect: {{mails: []}}\n  when: [{{t: 1m, log: none, lines: [x]}}]\n"),
            "there are: agent, wizard",
        ),
        (
            &format!(
                "{HEAD}  expect: {{mails: []}}\n  when: [{{t: 1m, sample: probe_success, labels: {{prob: x}}, value: 1}}]\n"
            ),
            "has no label `prob`",
        ),
        (
            &format!(
                "{HEAD}  expect: {{mails: []}}\n  when: [{{t: 1m, sample: probe_success, value: 1}}]\n"
            ),
            "is missing",
        ),
        (
            &format!("{HEAD}  until: 1m\n  expect: {{mails: [{{at: 3m}}]}}\n"),
            "after that",
        ),
        (
            &format!("alerts: {{receivers: [{{name: a}}]}}\n{HEAD}  expect: {{mails: []}}\n"),
            "test:1:22",
        ),
    ] {
        let refused = refusal(text);
        assert!(refused.contains(words), "{text}: {refused}");
    }
}

/// A timeline in which the number that a rule looks at is bad for long enough. `None` for a
/// rule that looks at none. What belongs to a connector or to none belongs to none.
fn bad_number(rule: &Rule) -> Option<String> {
    let Trigger::Sample {
        signal,
        view,
        only,
        level,
    } = &rule.on
    else {
        return None;
    };
    let noon: Timestamp = "2026-12-01T12:00:00Z".parse().unwrap();
    let noon = f64::from(u32::try_from(noon.as_second()).unwrap());
    let labels = signal.row().labels.iter().map(|label| {
        let wanted = only.iter().find(|(name, _)| **name == **label);
        let usual = if *label == "connector" { "" } else { "x" };
        let value = wanted.map_or(usual, |(_, values)| &*values[0]);
        format!("{label}: \"{value}\"")
    });
    let seen = match level.side {
        Side::Above => level.limit + 1.0,
        Side::Below => level.limit - 1.0,
    };
    let number = match view {
        View::Value => seen,
        View::SecondsSince => noon - seen,
        View::SecondsUntil => noon + seen,
    };
    let name = signal.row().name.strip_prefix("ztna_").unwrap();
    let labels = labels.collect::<Vec<_>>().join(", ");
    let seconds = level.lasting.as_secs() + 180;
    Some(format!(
        "  when: [{{t: 1m, sample: {name}, labels: {{{labels}}}, value: {number}}}]\n  \
         until: {seconds}s\n  expect: {{mails: []}}\n"
    ))
}

#[test]
fn the_command_in_a_mail_of_each_default_rule_on_a_number_makes_a_silence() {
    let now = "2026-12-01T12:00:00Z".parse().unwrap();
    let mut looked_at = 0;
    for rule in &default_rules().unwrap().rules {
        let Some(rest) = bad_number(rule) else {
            continue;
        };
        let outcomes = run_text("test", &format!("{HEAD}{rest}"), Path::new("")).unwrap();
        let mails = &outcomes[0].in_full;
        let own = format!("rule={}", rule.id);
        let mut commands = mails
            .lines()
            .filter_map(|line| {
                line.split_once("alerts silence add ")?
                    .1
                    .split_once("'WHY' ")
            })
            .filter(|(_, matchers)| matchers.split(' ').next() == Some(&*own));
        let Some((_, matchers)) = commands.next() else {
            panic!("{own}: {mails}");
        };
        let matchers = matchers.split(' ').map(|one| one.trim_matches('\''));
        let wish = SilenceWish {
            matchers: matchers.map(str::to_owned).collect(),
            lasts: "2h".to_owned(),
            who: "ops".to_owned(),
            why: "test".to_owned(),
            id: None,
        };
        let granted = wish.granted(now);
        assert!(granted.is_ok(), "{wish:?} {granted:?}");
        looked_at += 1;
    }
    assert!(10 < looked_at, "{looked_at}");
}

#[test]
fn a_client_that_blocks_is_one_mail() {
    let text = "connectors: {lap-1: netskope-client}\ntests:\n- name: one\n  at: \
                2026-12-01T12:00:00Z\n  when:\n  - {t: 0m, event: tunnel.connected}\n  \
                - {t: 5m, event: tunnel.disconnected}\n  - {t: 5m, sample: client_status, \
                labels: {connector: lap-1, status: fail_closed}, value: 1}\n  until: 30m\n  \
                expect: {mails: [{at: 5m, alert: CLIENT_FAIL_CLOSED}]}\n";
    let outcomes = run_text("test", text, Path::new("")).unwrap();
    assert_eq!(outcomes[0].complaints, "");
}
