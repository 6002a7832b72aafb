//! What conditions may ask, what they answer, and what is refused.

use std::sync::Arc;

use jiff::Timestamp;
use model::event::{Event, EventKey, EventKind, Field, Reason};
use model::signal::{Signal, SignalKind};
use model::untrusted::Untrusted;
use proptest::prelude::*;

use super::*;

fn event(kind: EventKind, reason: &str, fields: &[(&str, &str)]) -> RecentEvent {
    let field = |(name, value): &(&str, &str)| Field {
        name: Arc::from(*name),
        value: Untrusted::new(value),
    };
    RecentEvent {
        connector: Arc::from("pub-1"),
        log: Arc::from("agent"),
        file: Arc::from("/logs/agent.txt"),
        offset: 0,
        read_at: Timestamp::UNIX_EPOCH,
        event: Event {
            key: EventKey {
                kind,
                reason: Reason::new(reason).unwrap_or_default(),
            },
            time: None,
            fields: fields.iter().map(field).collect(),
        },
        line: None,
    }
}

fn holds(text: &str) -> Result<bool, String> {
    let event = event(EventKind::UpdateFailed, "docker_pull", &[("code", "769")]);
    let state = [
        ("tunnel", StateValue::Word("connected")),
        ("is_silent", StateValue::Truth(true)),
    ];
    let scope = Scope {
        event: Some(&event),
        state: &state,
    };
    Condition::compile(text, Subject::Event)?.evaluate(&scope)
}

fn refused(text: &str) -> String {
    Condition::compile(text, Subject::Event).expect_err(text)
}

#[test]
fn a_condition_asks_for_the_event_and_for_its_connector() {
    for text in [
        "event.kind == \"update.failed\"",
        "event.reason in [\"docker_pull\", \"docker_engine\"]",
        "event.reason.startsWith(\"docker_\") && event.log == 'agent'",
        "event.severity == \"critical\"",
        "event.fields.code == \"769\"",
        "event.fields[\"code\"].matches(\"^7\")",
        "int(event.fields.code) > 700",
        "[\"a\", event.reason].exists(one, one == \"docker_pull\")",
        "state.tunnel == \"connected\" && state.is_silent",
        "event.connector == \"pub-1\" ? true : false",
    ] {
        assert_eq!(holds(text), Ok(true), "{text}");
    }
    assert_eq!(holds("event.reason == \"host_os\""), Ok(false));
}

#[test]
fn what_is_not_known_has_a_value_all_the_same() {
    assert_eq!(holds("event.fields.pop == \"\""), Ok(true));
    assert_eq!(holds("event.fields[\"our_own\"] == \"\""), Ok(true));
    assert_eq!(holds("state.update == \"unknown\""), Ok(true));
    assert_eq!(
        holds("state.version == \"\" && !state.is_tunnel_up"),
        Ok(true)
    );
    let other = event(EventKind::TlsError, "ssl", &[]);
    let severity = Condition::compile("event.severity == \"\"", Subject::Event).unwrap();
    let scope = Scope {
        event: Some(&other),
        state: &[],
    };
    assert_eq!(severity.evaluate(&scope), Ok(true), "not an update");
}

#[test]
fn what_is_neither_true_nor_false_is_refused() {
    assert_eq!(
        refused("1"),
        "wants true or false, and it is a number: compare it, as in `state.tunnel == \
         \"connected\"`"
    );
    for (text, place) in [
        ("\"yes\"", "it is a text"),
        ("event.reason", "it is a text"),
        ("event.fields[\"code\"]", "it is a text"),
        ("state.tunnel", "it is a text"),
        ("int(event.fields.code) + 1", "it is a sum"),
        ("size(event.reason)", "it is a number"),
        ("[true]", "it is a list"),
        ("[true].map(one, one)", "it is a list"),
        ("null", "it is nothing"),
        ("state.is_silent && event.log", "a side of `&&` is a text"),
        ("1 || true", "a side of `||` is a number"),
        ("!state.version", "what follows `!` is a text"),
        (
            "event.log ? true : false",
            "what stands before `?` is a text",
        ),
        ("state.is_silent ? true : 1", "what follows `:` is a number"),
    ] {
        let told = refused(text);
        assert!(told.contains(place), "{text}: {told}");
    }
    for text in [
        "true",
        "!state.is_silent",
        "[true, false].exists(one, one)",
        "[1, 2].all(one, one > 0)",
        "[1, 2].exists_one(one, one > 1)",
        "state.is_silent ? event.log == 'agent' : !state.is_tunnel_up",
    ] {
        assert!(holds(text).is_ok(), "{text}");
    }
}

#[test]
fn a_name_that_does_not_exist_is_refused_with_the_nearest_one() {
    assert_eq!(
        refused("event.reson == \"x\""),
        "knows no `event.reson` (did you mean `reason`?); there are kind, reason, connector, \
         log, severity and fields"
    );
    assert!(refused("event.fields.openssl_cod == \"1\"").contains("`openssl_code`"));
    assert!(refused("state.tunel == \"connected\"").contains("(did you mean `tunnel`?)"));
    assert!(refused("evnt.kind == \"x\"").contains("(did you mean `event`?)"));
    assert!(refused("event.kind.containz(\"x\")").contains("(did you mean `contains`?)"));
    for text in [
        "event == 1",
        "event.fields == 1",
        "state",
        "has(event.reason)",
        "event[\"kind\"] == \"x\"",
        "event.kind.foo == 1",
        "event.kind.matches(\"(\")",
        "event.kind.matches(event.reason)",
        "duration(\"5m\") > duration(\"1m\")",
        "Thing{a: 1}.a == 1",
        "nothing",
        "",
        "event.kind ==",
        "event.?kind == 1",
    ] {
        assert!(!refused(text).is_empty(), "{text}");
    }
}

#[test]
fn where_there_is_no_event_none_can_be_asked_for() {
    let text = "event.kind == \"x\"";
    assert!(Condition::compile(text, Subject::State).is_err());
    assert!(Condition::compile("state.tunnel == \"connected\"", Subject::State).is_ok());
    let condition = Condition::compile(text, Subject::Event).unwrap();
    assert!(condition.evaluate(&Scope::default()).is_err());
}

#[test]
fn what_cannot_be_evaluated_is_never_no() {
    for text in [
        "int(event.reason) > 1",
        "event.kind > 3",
        "event.reason",
        "1 / 0 == 1",
        "state.tunnel && true",
    ] {
        assert!(holds(text).is_err(), "{text}");
    }
}

#[test]
fn a_mountain_of_parentheses_is_an_error_and_no_crash() {
    let mountain = format!("{}true{}", "(".repeat(20_000), ")".repeat(20_000));
    assert!(refused(&mountain).contains("want at most"));
    let hill = format!("{}true{}", "(".repeat(900), ")".repeat(900));
    assert!(!refused(&hill).is_empty());
    let many = "!".repeat(1_900) + "true";
    let _ = Condition::compile(&many, Subject::Event);
}

/// Every state set of the table can be asked for, by its own name.
#[test]
fn the_states_are_those_that_are_published() {
    let sets = model::signal::SIGNALS.iter();
    for row in sets.filter(|row| row.kind == SignalKind::StateSet) {
        let asked = STATE_NAMES.iter().any(|one| one.signal == row.name);
        assert!(asked, "{}", row.name);
    }
    for one in STATE_NAMES.iter().filter(|one| !one.signal.is_empty()) {
        let signal = Signal::from_name(one.signal).expect(one.name);
        if let Some((label, _)) = one.only {
            assert!(signal.row().labels.contains(&label), "{}", one.name);
        }
    }
}

/// The fields that our catalogues of log lines can give, read from their text.
#[test]
fn every_field_of_the_catalogues_can_be_asked_for() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../logparse/catalogue");
    let mut found = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let text = std::fs::read_to_string(entry.unwrap().path()).unwrap();
        let captures = text.split("(?<").skip(1);
        let captures = captures.filter_map(|rest| rest.split_once('>'));
        for (name, _) in captures {
            assert!(FIELD_NAMES.contains(&name), "{name}");
            found += 1;
        }
    }
    assert!(20 < found, "{found}");
}

proptest! {
    #[test]
    fn no_text_makes_the_compiler_stumble(text in "[ -~äß\\n]{0,80}") {
        let _ = Condition::compile(&text, Subject::Event);
    }

    #[test]
    fn no_mixture_of_its_words_makes_it_stumble(
        words in prop::collection::vec(
            prop::sample::select(vec![
                "event", ".", "kind", "fields", "[", "]", "\"x\"", "state", "(", ")", "&&",
                "||", "!", "==", "in", "exists", ",", "?", ":", "1", "-", "matches", "{", "}",
            ]),
            0..30,
        ),
    ) {
        if let Ok(condition) = Condition::compile(&words.join(" "), Subject::Event) {
            let event = event(EventKind::TlsError, "ssl", &[]);
            let _ = condition.evaluate(&Scope { event: Some(&event), state: &[] });
        }
    }
}

#[test]
fn a_condition_that_could_hold_up_the_writer_is_refused() {
    let ones = ["1"; 40].join(", ");
    let many = ["1"; 600].join(",");
    let nested = format!("[{ones}].all(a, [{ones}].all(b, [{ones}].all(c, a + b + c > 0)))");
    let in_range = format!("[[{ones}]].all(a, a.exists(b, b > 0))");
    let wide = format!("[{many}].all(a, a in [1, 2, 3, 4])");
    let patterns = ["event.reason.matches(\"a|b\")"; 5].join(" || ");
    for (text, wanted) in [
        (
            nested.as_str(),
            "a loop (all, exists, map, filter) in a loop",
        ),
        (
            in_range.as_str(),
            "a loop (all, exists, map, filter) in a loop",
        ),
        (
            "[[1]].map(a, a.map(b, b)) == []",
            "a loop (all, exists, map, filter) in a loop",
        ),
        (wide.as_str(), "steps on each event, want at most 2000"),
        (patterns.as_str(), "more than 4 patterns"),
        (r#"event.reason.matches("(\\w{100}){9}")"#, "too costly"),
        (r#"event.reason.matches("((a{99}){99}){99}")"#, "too costly"),
        (
            r#"["a"].exists(one, event.reason.matches("a"))"#,
            "a pattern in a loop",
        ),
        (r#""a" * 1000000000 == "b""#, ""),
    ] {
        match Condition::compile(text, Subject::Event) {
            Err(told) => assert!(told.contains(wanted), "{text}: {told}"),
            // Refused, if at all, when it is evaluated; at once.
            Ok(_) => assert_eq!(wanted, "", "{text}"),
        }
    }
    let names: Vec<String> = (0..50).map(|one| format!("\"name{one}\"")).collect();
    let usual = format!(
        "[{}].exists(one, event.reason.startsWith(one))",
        names.join(", ")
    );
    assert_eq!(holds(&usual), Ok(false), "fifty words are no burden");
    let twice = "[1, 2].map(one, one + 1).exists(one, one == 3) && [1].all(one, one == 1)";
    assert_eq!(holds(twice), Ok(true), "side by side");
    assert_eq!(holds(r#"event.reason.matches("^\\w+_pull$")"#), Ok(true));
}

#[test]
fn the_longest_texts_of_a_log_are_put_together_in_no_time() {
    let long = "x".repeat(4_000);
    let event = event(EventKind::UpdateFailed, "docker_pull", &[("code", &long)]);
    let sum = ["event.fields.code"; 60].join(" + ");
    let text = format!("[1, 2, 3, 4, 5].exists(one, {sum} == \"\")");
    let condition = Condition::compile(&text, Subject::Event).unwrap();
    let scope = Scope {
        event: Some(&event),
        state: &[],
    };
    assert_eq!(condition.evaluate(&scope), Ok(false));
}
