//! What sentences may ask for, and what is left of a hostile log in them.

use model::event::{Event, EventKey, EventKind, Field, Reason};
use model::untrusted::Untrusted;
use proptest::prelude::*;

use super::*;

fn words() -> Vocabulary {
    Vocabulary {
        labels: vec![Arc::from("connector"), Arc::from("mountpoint")],
        has_event: true,
        has_failure: true,
        facts: UPDATE_FACTS,
        fixed: vec![("limit", Told::Number(1e9))],
    }
}

fn event(reason: &str, code: &str) -> RecentEvent {
    RecentEvent {
        connector: Arc::from("pub-1"),
        log: Arc::from("agent"),
        file: Arc::default(),
        offset: 0,
        read_at: Timestamp::UNIX_EPOCH,
        event: Event {
            key: EventKey {
                kind: EventKind::UpdateFailed,
                reason: Reason::new(reason).unwrap(),
            },
            time: None,
            fields: vec![Field {
                name: Arc::from("code"),
                value: Untrusted::new(code),
            }],
        },
        line: None,
    }
}

fn rendered(text: &str) -> Result<String, String> {
    let event = event("docker_pull", "769");
    let members = [Arc::from("pub-2"), Arc::from("pub-3")];
    let scope = WordingScope {
        labels: &[(Arc::from("connector"), Arc::from("pub-1"))],
        event: Some(&event),
        reason: None,
        facts: &[
            ("members", Told::List(&members)),
            ("start", Told::Moment(Timestamp::UNIX_EPOCH)),
            ("zone", Told::Text("US/Eastern")),
        ],
    };
    Wording::compile(text, &words())?.render(&scope)
}

#[test]
fn the_places_of_a_sentence_are_filled() {
    let cases = [
        ("Nothing to fill", "Nothing to fill"),
        (
            "{{ connector }} and {{ labels.connector }}",
            "pub-1 and pub-1",
        ),
        ("below {{ limit | size }}", "below 1 GB"),
        (
            "{{ event.kind }}: {{ event.fields.code }}",
            "update.failed: 769",
        ),
        ("{{ event.fields[\"ours\"] }}.", "."),
        ("{{ failure.severity }}", "critical"),
        (
            "{{ members | length }}: {{ members | join(', ') }}",
            "2: pub-2, pub-3",
        ),
        ("{{ start | local(zone) }}", "1969-12-31 19:00 EST"),
        ("{% if event.reason == 'x' %}a{% else %}b{% endif %}", "b"),
        ("wave {{ wave }}, {{ lead }}", "wave unknown, 0"),
        (
            "on{{ wave | known(' wave ') }}{{ zone | known(' ') }}",
            "on US/Eastern",
        ),
        ("  two\n lines\t{# of #} text ", "two lines text"),
    ];
    for (text, wanted) in cases {
        assert_eq!(rendered(text).as_deref(), Ok(wanted), "{text}");
    }
}

#[test]
fn a_name_that_its_rule_cannot_give_is_refused() {
    let refused = |text: &str| rendered(text).expect_err(text);
    assert!(refused("{{ conector }}").contains("(did you mean `connector`?)"));
    assert!(refused("{{ event.resaon }}").contains("(did you mean `event.reason`?)"));
    assert!(refused("{{ value }}").contains("changes while the alert lasts"));
    for text in [
        "{{ labels.log }}",
        "{{ event }}",
        "{{ failure.code }}",
        "{{ connector | shout }}",
        "{{ shout(connector) }}",
        "{{ connector is loud }}",
        "{{ connector",
        "{% include 'x' %}",
        "{% for x in range(99999) %}{% for y in range(99999) %}.{% endfor %}{% endfor %}",
        &"x".repeat(WORDING_BYTES_MAX + 1),
    ] {
        assert!(!refused(text).is_empty(), "{text}");
    }
    let bare = Vocabulary::default();
    let wrong = Wording::compile("{{ event.kind }}", &bare).unwrap_err();
    assert!(wrong.contains("nothing to ask for in this rule"), "{wrong}");
}

#[test]
fn a_failure_nobody_knows_is_told_by_the_catch_all() {
    let event = event("moon_full", "");
    let scope = WordingScope {
        event: Some(&event),
        ..WordingScope::default()
    };
    let told = |text: &str| Wording::compile(text, &words()).unwrap().render(&scope);
    assert_eq!(told("{{ failure.reason }}"), Ok("unknown".to_owned()));
    let of_other = WordingScope {
        reason: Some("same_version"),
        ..scope
    };
    let wording = Wording::compile("{{ failure.severity }}", &words()).unwrap();
    assert_eq!(wording.render(&of_other), Ok("info".to_owned()));
}

#[test]
fn what_a_log_says_stays_on_one_line_and_is_never_a_template() {
    let hostile = "\u{1b}[2J\r\nBcc: x\u{202e}{{ 7 * 7 }}";
    let event = event("docker_pull", hostile);
    let scope = WordingScope {
        event: Some(&event),
        ..WordingScope::default()
    };
    let wording = Wording::compile("<{{ event.fields.code }}>", &words()).unwrap();
    let told = wording.render(&scope).unwrap();
    assert!(told.contains("{{ 7 * 7 }}"), "{told}");
    assert!(!told.chars().any(is_unprintable), "{told:?}");
}

#[test]
fn a_sentence_without_end_has_one() {
    let long = "ä".repeat(900);
    let wording = Wording::plain(&long);
    let told = wording.render(&WordingScope::default()).unwrap();
    assert!(told.len() <= RENDERED_BYTES_MAX, "{}", told.len());
    assert!(!told.is_empty());
}

#[test]
fn a_sentence_that_could_make_something_large_is_refused_or_cut() {
    let refused = |text: &str| Wording::compile(text, &words()).expect_err(text);
    let doubled = "{% set a = 'xx' %}".to_owned() + &"{% set a = a ~ a %}".repeat(60) + "{{ a }}";
    for text in [
        doubled.as_str(),
        "{% macro a(x) %}{{ x }}{{ x }}{% endmacro %}{{ a(a('x')) }}",
        "{%- filter indent(1000000000) %}x{% endfilter %}",
        "{{ 'a' * 1000000000 }}",
        "{{ 2 ** 1000000000 }}",
        "{{ connector | indent(1000000000) }}",
        "{{ '%1000000000d' | format(1) }}",
        "{% for a in [[connector, connector]] %}{% for b in [[a, a]] %}{% endfor %}{% endfor %}",
        "{{ 'a' | urlencode }}",
        "{% for x in range(1000000000) %}.{% endfor %}",
        &format!(
            "{{% for a in [1,2,3,4,5,6,7,8,9] %}}{}{{% endfor %}}",
            "x".repeat(3_500)
        ),
        &format!("{0}{0}{0}x{1}{1}{1}", loop_of(30), "{% endfor %}"),
    ] {
        assert!(!refused(text).is_empty(), "{text}");
    }
    assert_eq!(
        rendered("2 * 3 {# * {% set #} {{ '*' }}").as_deref(),
        Ok("2 * 3 *")
    );
    let many: Vec<Arc<str>> = (0..5_000)
        .map(|one| Arc::from(format!("pub-{one}")))
        .collect();
    let scope = WordingScope {
        facts: &[("members", Told::List(&many))],
        ..WordingScope::default()
    };
    let wording = Wording::compile("{{ members | join(', ') }}", &words()).unwrap();
    let told = wording.render(&scope).unwrap();
    assert!(told.starts_with("pub-0, pub-1, "), "{told}");
}

fn loop_of(turns: usize) -> String {
    let list = vec!["1"; turns].join(",");
    format!("{{% for a in [{list}] %}}")
}

proptest! {
    #[test]
    fn no_text_makes_it_stumble(text in "[ -~ä\\n]{0,20}(\\{\\{|\\{%)[ -~ä]{0,30}(\\}\\}|%\\})") {
        if let Ok(wording) = Wording::compile(&text, &words())
            && let Ok(told) = wording.render(&WordingScope::default())
        {
            prop_assert!(told.len() <= RENDERED_BYTES_MAX);
            prop_assert!(!told.chars().any(is_unprintable));
        }
    }
}
