//! Each mistake with its line and its words.

use super::{file, load};

/// A whole rule whose lines a case replaces: line 2 is the id.
const RULE: &[(&str, &str)] = &[
    ("id", "one"),
    ("alert", "ONE"),
    ("on", "{event: tls.error}"),
    ("severity", "info"),
    ("summary", "It happened"),
    ("action", "Look"),
];

/// The rule with keys replaced, added, or (empty) taken away.
fn with(changes: &[(&str, &str)]) -> String {
    let mut keys: Vec<(&str, &str)> = RULE.to_vec();
    for (key, value) in changes {
        match keys.iter_mut().find(|(known, _)| known == key) {
            Some(known) => known.1 = value,
            None => keys.push((key, value)),
        }
    }
    keys.retain(|(_, value)| !value.is_empty());
    let lines = keys.iter().enumerate().map(|(number, (key, value))| {
        let mark = if number == 0 { "- " } else { "  " };
        format!("  {mark}{key}: {value}\n")
    });
    format!("rules:\n{}", lines.collect::<String>())
}

fn refused(changes: &[(&str, &str)]) -> String {
    let text = with(changes);
    match load(&[file("x.yaml", &text)]) {
        Ok(_) => panic!("not refused: {text}"),
        Err(error) => error.to_string(),
    }
}

const CPU: (&str, &str) = ("on", "{sample: host_cpu_used_ratio}");
const STARTED: (&str, &str) = ("on", "{event: update.started}");

/// What is written, and how the answer begins or what it contains.
type Case = (&'static [(&'static str, &'static str)], &'static str);

const CASES: &[Case] = &[
    (
        &[("id", "One")],
        "x.yaml:2: rule `One`: `id` is no id, want 1 to 64 of a-z",
    ),
    (&[("id", "-a")], "`id` is no id"),
    (
        &[("alert", "One")],
        "x.yaml:3: rule `one`: `alert` is no type of alert",
    ),
    (&[("alert", "")], "x.yaml:2: rule `one` has no `alert`"),
    (
        &[("sumary", "x")],
        "x.yaml:8: rule `one`: `sumary` is no key here (did you mean `summary`?)",
    ),
    (&[("summary", "")], "rule `one` has no `summary`"),
    (&[("action", "\" \"")], "rule `one` has no `action`"),
    (
        &[("severity", "critcal")],
        "x.yaml:5: rule `one`: `severity` is `critcal` (did you mean `critical`?)",
    ),
    (&[("severity", "")], "rule `one` has no `severity`"),
    (
        &[("severity", "\"{{ nothing }}\"")],
        "`severity` knows no `nothing`",
    ),
    (&[("on", "")], "rule `one` has no `on`"),
    (
        &[("on", "{}")],
        "x.yaml:4: rule `one`: `on` is not clear, want one of `event`",
    ),
    (
        &[("on", "{event: tls.error, sample: tunnel_up}")],
        "`on` is not clear",
    ),
    (
        &[("on", "{event: tls.eror}")],
        "`on.event` has `tls.eror`, which is no event (did you mean `tls.error`?)",
    ),
    (&[("on", "{event: []}")], "`on.event` is empty"),
    (&[("on", "{event: 5}")], "`on.event` is of the wrong kind"),
    (
        &[("on", "{event: client.disconnected}")],
        "want a rule with `at_least` and `within`",
    ),
    (
        &[("on", "{event: tls.error, reason: \"No!\"}")],
        "`on.reason` has `No!`",
    ),
    (
        &[("on", "{event: tls.error, at_least: 3}")],
        "`on` has no `within`",
    ),
    (
        &[("on", "{event: tls.error, within: 3m}")],
        "`on` has no `at_least`",
    ),
    (
        &[("on", "{event: tls.error, at_least: 0, within: 3m}")],
        "`on.at_least` is 0",
    ),
    (
        &[(
            "on",
            "{sample: host_cpu_used_ratio, at_least: 2, within: 1h}",
        )],
        "is no counter",
    ),
    (
        &[
            (
                "on",
                "{sample: log_near_miss_total, at_least: 2, within: 1h}",
            ),
            ("above", "3"),
        ],
        "means nothing here",
    ),
    (
        &[("on", "{event: tls.error, at_least: 2, within: 30d}")],
        "`on.within` is out of bounds",
    ),
    (
        &[
            ("on", "{event: tls.error, at_least: 2, within: 3m}"),
            ("by", "[log]"),
        ],
        "`by` has `log`",
    ),
    (
        &[("on", "{event: tls.error, only: {connector: x}}")],
        "`on.only` means nothing",
    ),
    (
        &[("on", "{sample: nothing_like_it}"), ("above", "1")],
        "`on.sample` is `nothing_like_it`, which is no metric",
    ),
    (
        &[("on", "{sample: tunel_up}"), ("above", "1")],
        "(did you mean `tunnel_up`?)",
    ),
    (
        &[("on", "{sample: ztna_tunnel_up}"), ("above", "1")],
        "want the name without it",
    ),
    (
        &[("on", "{sample: connector_info}"), ("above", "1")],
        "which is always 1",
    ),
    (
        &[("on", "{sample: gateway_rtt_seconds}"), ("above", "1")],
        "it is a histogram",
    ),
    (&[CPU], "rule `one` has no limit"),
    (
        &[CPU, ("above", "1"), ("below", "1")],
        "`below` stands beside `above`",
    ),
    (
        &[CPU, ("above", "0.75"), ("clear", "0.8")],
        "`clear` is on the bad side of `above`, want at most 0.75",
    ),
    (
        &[CPU, ("below", "0.75"), ("clear", "0.7")],
        "want at least 0.75",
    ),
    (
        &[CPU, ("above", "1GB")],
        "x.yaml:8: rule `one`: `above` is `1GB`, want a share like 0.75 or 75%",
    ),
    (&[CPU, ("above", ".nan")], "`above` is no finite number"),
    (
        &[CPU, ("above", "1"), ("for", "5")],
        "`for` is 5 without a unit, want a time like 5s or 5m",
    ),
    (
        &[CPU, ("above", "1"), ("for", "soon")],
        "`for` is `soon`, want a time",
    ),
    (
        &[CPU, ("above", "1"), ("for", "2000d")],
        "want at most 366d",
    ),
    (
        &[CPU, ("above", "1"), ("when", "'true'")],
        "`when` means nothing here",
    ),
    (
        &[CPU, ("above", "1"), ("by", "[connector]")],
        "`by` has the label `connector`, which there is not; it has no labels",
    ),
    (
        &[CPU, ("above", "1"), ("dedup", "5m")],
        "`dedup` means nothing here",
    ),
    (
        &[CPU, ("above", "1"), ("resolve_on", "{event: tls.error}")],
        "`resolve_on` means nothing here",
    ),
    (
        &[CPU, ("above", "1"), ("summary", "\"{{ value }}\"")],
        "`summary` asks for `value`, which changes",
    ),
    (
        &[("above", "1")],
        "`above` means nothing here: it is for rules on samples",
    ),
    (&[("for", "1m")], "`for` means nothing here"),
    (
        &[
            ("on", "{sample: tunnel_state, only: {stat: x}}"),
            ("above", "0"),
        ],
        "`on.only.stat` has the label `stat`",
    ),
    (
        &[
            ("on", "{sample: tunnel_up, by: [connector]}"),
            ("above", "0"),
            ("by", "[]"),
        ],
        "`by` stands in `on` as well",
    ),
    (
        &[
            ("on", "{sample: tunnel_up, as: seconds_since}"),
            ("above", "0"),
        ],
        "`on.as` wants a metric that is a moment",
    ),
    (
        &[
            ("on", "{sample: event_last_timestamp_seconds}"),
            ("above", "0"),
        ],
        "`on.as` is missing",
    ),
    (
        &[("on", "{sample: tunnel_up, as: sum}"), ("above", "0")],
        "`on.as` is `sum`",
    ),
    (
        &[("on", "{absence: {after: tls.error, until: tls.error}}")],
        "`on.absence` is of the wrong kind: missing field `within`",
    ),
    (
        &[(
            "on",
            "{absence: {after: tls.error, until: tls.error, within: 0s}}",
        )],
        "`on.absence.within` is 0",
    ),
    (
        &[(
            "on",
            "{absence: {after: tls.error, until: client.connected, within: 1h}}",
        )],
        "daily business",
    ),
    (
        &[
            (
                "on",
                "{absence: {after: tls.error, until: tls.error, within: 1h}}",
            ),
            ("when", "event.kind == 'x'"),
        ],
        "`when` asks for `event`, but here there is none",
    ),
    (&[("on", "{schedule: moon}")], "`on.schedule` is `moon`"),
    (
        &[("on", "{schedule: update_profile, lead: 2h}")],
        "`on.lead` is fixed",
    ),
    (
        &[STARTED, ("batch", "{by: [profile]}")],
        "is not how the vendor groups UPGRADE_STARTED, want [profile, run, wave, stitcher]",
    ),
    (
        &[
            STARTED,
            ("batch", "{by: [profile, run, wave, stitcher], wait: 5m}"),
        ],
        "`batch` has times, which are fixed",
    ),
    (
        &[
            STARTED,
            ("batch", "{by: [profile, run, wave, stitcher]}"),
            ("by", "[connector]"),
        ],
        "`by` means nothing here",
    ),
    (
        &[
            ("on", "{event: [update.started, update.failed]}"),
            ("batch", "{by: [profile]}"),
        ],
        "several events of updates",
    ),
    (
        &[("when", "event.kin == 'x'")],
        "x.yaml:8: rule `one`: `when` knows no `event.kin`",
    ),
    (&[("when", "event.kind ==")], "`when` is no condition"),
    (
        &[("when", "'1'")],
        "x.yaml:8: rule `one`: `when` wants true or false, and it is a number",
    ),
    (
        &[("by", "[conector]")],
        "`by` has the label `conector`, which there is not (did you mean `connector`?)",
    ),
    (&[("by", "[log, log]")], "`by` has `log` twice"),
    (
        &[("batch", "{by: [log]}")],
        "`batch.by` has `log`, which is not in the rule's `by`",
    ),
    (
        &[("batch", "{by: [connector], wait: 5m, max_wait: 1m}")],
        "`batch.max_wait` is shorter than `wait`",
    ),
    (
        &[("dedup", "1m"), ("resolve_on", "{event: tls.error}")],
        "`dedup` means nothing beside `resolve_on`",
    ),
    (
        &[("resolve_on", "{event: client.connected}")],
        "`resolve_on.event` has client.connected, which is daily",
    ),
    (
        &[("resolve_on", "{event: tls.error, when: 'x'}")],
        "`resolve_on.when` knows no `x`",
    ),
    (
        &[("resolve_on", "{evnt: tls.error}")],
        "`resolve_on.evnt` is no key here (did you mean `event`?)",
    ),
    (&[("repeat", "5s")], "`repeat` is shorter than a minute"),
    (
        &[("escalate", "{after: 1h, to: []}")],
        "`escalate.to` is empty",
    ),
    (&[("receivers", "[a, a]")], "`receivers` has `a` twice"),
    (
        &[("receivers", "{a: b}")],
        "`receivers` is of the wrong kind",
    ),
    (
        &[("inhibited_by", "[{rule: one}]")],
        "`inhibited_by[0].rule` is the rule itself",
    ),
    (
        &[("inhibited_by", "[{rule: two}]")],
        "x.yaml:8: rule `one`: `inhibited_by[0].rule` is `two`, which is no rule",
    ),
    (
        &[("inhibited_by", "[{rule: two, equal: [log]}]")],
        "which is not in the rule's `by`",
    ),
    (
        &[("runbook", "javascript://x")],
        "`runbook` is no page's address",
    ),
    (
        &[("runbook", "https://user:pw@example.com/x")],
        "`runbook` holds a user's name",
    ),
    (
        &[("runbook", "'https:/\\user:pw@example.com/x'")],
        "`runbook` holds a user's name",
    ),
    (&[("disabled", "maybe")], "`disabled` is of the wrong kind"),
    (
        &[("summary", "\"{{ conector }}\"")],
        "`summary` knows no `conector` (did you mean `connector`?)",
    ),
];

#[test]
fn every_mistake_is_told_with_its_line_and_what_is_wanted() {
    for (changes, wanted) in CASES {
        let told = refused(changes);
        assert!(
            told.contains(wanted),
            "{changes:?}\n  told {told}\nwanted {wanted}"
        );
        assert!(told.starts_with("x.yaml:"), "{told}");
    }
}

#[test]
fn the_rule_that_all_mistakes_start_from_is_a_good_one() {
    assert!(load(&[file("x.yaml", &with(&[]))]).is_ok());
}

#[test]
fn what_is_no_file_of_rules_is_refused_at_its_line() {
    let told = |text: &str| load(&[file("x.yaml", text)]).unwrap_err().to_string();
    for (text, wanted) in [
        ("rules: [", "x.yaml:2: is not YAML"),
        (
            "a: 1\n",
            "x.yaml:1: `a` is no key here; there are version, rules",
        ),
        (
            "version: 2\nrules: []\n",
            "x.yaml:1: `version` is not known",
        ),
        ("- 1\n", "x.yaml:1: is no file of rules"),
        ("rules: 5\n", "x.yaml:1: `rules` is of the wrong kind"),
        (
            "rules: []\nrules: []\n",
            "x.yaml:2: `rules` stands here again; the first is in line 1",
        ),
        ("rules: &a []\n", "x.yaml:1: uses an anchor"),
        (
            "rules: []\n---\nrules: []\n",
            "a second document begins here",
        ),
        (
            "rules:\n  - alert: X\n",
            "`rules[0]` is of the wrong kind: missing field `id`",
        ),
        (
            "rules:\n  - {id: x, disabled: true}\n",
            "switches a rule that there is not",
        ),
        ("rules:\n\t- id: x\n", "x.yaml:2: is not YAML"),
    ] {
        let answer = told(text);
        assert!(
            answer.contains(wanted),
            "{text:?}\n  told {answer}\nwanted {wanted}"
        );
    }
    let deep = "[".repeat(40) + &"]".repeat(40);
    assert!(told(&format!("rules: {deep}")).contains("nested too deeply"));
    let twice = with(&[]) + &with(&[]).replace("rules:\n", "");
    assert!(told(&twice).contains("stands in this file a second time"));
}

#[test]
fn rules_that_explain_each_other_are_refused() {
    let rule = |id: &str, by: &str| {
        format!(
            "  - {{id: {id}, alert: A, on: {{event: tls.error}}, severity: info, summary: s, action: a, inhibited_by: [{{rule: {by}}}]}}\n"
        )
    };
    let text = format!(
        "rules:\n{}{}{}",
        rule("a", "b"),
        rule("b", "c"),
        rule("c", "a")
    );
    let told = load(&[file("x.yaml", &text)]).unwrap_err().to_string();
    assert!(told.contains("in turn: nobody would be told"), "{told}");
}

#[test]
fn an_update_has_one_rule() {
    let rule = |id: &str| {
        format!(
            "  - {{id: {id}, alert: A, on: {{event: update.skipped}}, batch: {{by: [run, profile]}}, severity: info, summary: s, action: a}}\n"
        )
    };
    let text = format!("rules:\n{}{}", rule("a"), rule("b"));
    let told = load(&[file("x.yaml", &text)]).unwrap_err().to_string();
    assert!(
        told.contains("is a second rule for UPGRADE_SKIPPED"),
        "{told}"
    );
}
