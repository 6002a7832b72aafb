//! What outlives the process: any story cut anywhere and gone on with says the same.

use std::sync::LazyLock;

use proptest::prelude::*;

use super::*;

const RULES: &str = r#"
  - id: cpu
    alert: CPU
    on: {sample: host_cpu_used_ratio}
    above: 0.75
    clear: 0.65
    for: 2m
    keep_firing_for: 1m
    severity: warning
    repeat: 9m
    escalate: {after: 12m, to: [second]}
    summary: "busy"
    action: "look"
  - id: tunnel
    alert: TUNNEL
    on: {sample: tunnel_up, by: [connector]}
    below: 1
    severity: critical
    summary: "down {{ connector }}"
    action: "look"
  - id: registration
    alert: REGISTRATION
    on: {event: registration.failed}
    resolve_on: {event: registration.succeeded}
    by: [connector]
    severity: critical
    inhibited_by: [{rule: tunnel, equal: [connector]}]
    summary: "not registered {{ connector }}"
    action: "look"
  - id: tls
    alert: TLS
    on: {event: tls.error}
    by: [connector]
    dedup: 4m
    severity: warning
    summary: "tls {{ connector }}"
    action: "look"
  - id: installs
    alert: INSTALLS
    on: {event: client.install_failed}
    by: [connector, reason]
    batch: {by: [reason], wait: 3m, max_wait: 8m}
    severity: warning
    summary: "install {{ connector }}"
    action: "look"
  - id: flapping
    alert: FLAPPING
    on: {event: tunnel.disconnected, at_least: 3, within: 10m}
    by: [connector]
    severity: warning
    summary: "flaps {{ connector }}"
    action: "look"
  - id: not-back
    alert: NOT_BACK
    on: {absence: {after: tunnel.connecting, until: tunnel.connected, within: 4m}}
    severity: critical
    summary: "not back {{ connector }}"
    action: "look"
"#;

/// The plan, read once: a story begins anew many times.
static PLAN: LazyLock<EnginePlan> = LazyLock::new(|| plan(RULES));

/// What may happen in a minute.
#[derive(Debug, Clone, Copy)]
enum Happening {
    Cpu(bool),
    Tunnel(u8, bool),
    Event(u8, EventKind),
    Down(u8),
    Silence,
}

fn happening() -> impl Strategy<Value = Happening> {
    let kinds = prop::sample::select(vec![
        EventKind::RegistrationFailed,
        EventKind::RegistrationSucceeded,
        EventKind::TlsError,
        EventKind::ClientInstallFailed,
        EventKind::TunnelConnecting,
        EventKind::TunnelConnected,
    ]);
    prop_oneof![
        any::<bool>().prop_map(Happening::Cpu),
        (0..2_u8, any::<bool>()).prop_map(|(who, is_up)| Happening::Tunnel(who, is_up)),
        (0..2_u8, kinds).prop_map(|(who, kind)| Happening::Event(who, kind)),
        (0..2_u8).prop_map(Happening::Down),
        Just(Happening::Silence),
    ]
}

fn name_of(who: u8) -> &'static str {
    if who == 0 { "pub-1" } else { "pub-2" }
}

fn apply(story: &mut Story, happening: Happening, at: i64, place: i64) {
    match happening {
        Happening::Cpu(is_busy) => {
            let share = if is_busy { 0.9 } else { 0.5 };
            story.facts.set("host_cpu_used_ratio", &[], share);
        }
        Happening::Tunnel(who, is_up) => {
            let value = if is_up { 1.0 } else { 0.0 };
            story.facts.set("tunnel_up", &[name_of(who)], value);
        }
        Happening::Event(who, kind) => {
            let told = event(name_of(who), kind, "other", 60 * at + place);
            story.happen(&told, minute(at));
        }
        Happening::Down(who) => story.facts.counts[usize::from(who)].3 += 1,
        Happening::Silence => {
            let made = Silence {
                id: Arc::from("s1"),
                matchers: vec![(Arc::from("connector"), Arc::from("pub-1"))],
                who: "ann".to_owned(),
                why: "work".to_owned(),
                from: minute(at).wall,
                until: minute(at + 3).wall,
            };
            story.engine.silence(made).unwrap();
        }
    }
}

fn beginning() -> Story {
    let mut story = Story::planned(PLAN.clone());
    story.facts.set("host_cpu_used_ratio", &[], 0.1);
    for who in 0..2 {
        story.facts.set("tunnel_up", &[name_of(who)], 1.0);
        let name = name_of(who).to_owned();
        let kind = EventKind::TunnelDisconnected;
        story.facts.counts.push((name, kind, "", 0));
    }
    story
}

/// Plays a story; `cut` says before which minutes the process begins anew, and whether the
/// minute before was done twice since its first commit never came.
fn play(minutes: &[Vec<Happening>], cut: impl Fn(i64) -> Option<bool>) -> Story {
    let mut story = beginning();
    let mut rows = Vec::new();
    for (at, happenings) in (0..).zip(minutes) {
        let cut = cut(at);
        if cut.is_some() {
            story.engine = Engine::open(PLAN.clone(), &rows, minute(at));
        }
        let facts = story.facts.clone();
        let (said, decided) = (story.said.len(), story.history.len());
        for _ in 0..=u8::from(cut == Some(true)) {
            if cut == Some(true) {
                // The crash took what was said with it.
                story.engine = Engine::open(PLAN.clone(), &rows, minute(at));
                story.facts = facts.clone();
                story.said.truncate(said);
                story.history.truncate(decided);
            }
            for (place, happening) in (0..).zip(happenings) {
                apply(&mut story, *happening, at, place);
            }
            story.step(minute(at));
        }
        rows = story.stored();
    }
    story
}

fn told(story: &Story) -> Vec<(Arc<str>, Arc<str>, String)> {
    let words = |one: &Notification| {
        let thread = Arc::clone(&one.thread);
        let (facts, lines) = (&one.facts, &one.log_lines);
        let said = format!("{} {} {facts:?} {lines:?}", one.at, one.kind.word());
        (Arc::clone(&one.id), thread, said)
    };
    story.said.iter().map(words).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// A restart, and a crash before a commit, change nothing of what people hear, nor of
    /// its ids.
    #[test]
    fn a_story_that_is_cut_says_the_same(
        minutes in prop::collection::vec(prop::collection::vec(happening(), 0..3), 5..50),
        every in 1..7_i64,
        twice: bool,
    ) {
        let whole = play(&minutes, |_| None);
        let cut = play(&minutes, |at| (at % every == 0 && 0 < at).then_some(twice));
        prop_assert_eq!(told(&whole), told(&cut));
        let decisions = |story: &Story| -> Vec<String> {
            story.history.iter().map(|row| format!("{} {} {}", row.key, row.decision, row.reason)).collect()
        };
        prop_assert_eq!(decisions(&whole), decisions(&cut));
        let rows = |story: &Story| -> Vec<AlertRow> { story.engine.rows() };
        prop_assert_eq!(rows(&whole), rows(&cut));
    }

    /// Nothing is said twice under one id, and whoever hears of an end heard of a beginning
    /// in the same thread.
    #[test]
    fn ids_are_unlike_each_other_and_ends_have_a_beginning(
        minutes in prop::collection::vec(prop::collection::vec(happening(), 0..3), 5..60),
    ) {
        let story = play(&minutes, |_| None);
        let ids: BTreeSet<&str> = story.said.iter().map(|one| &*one.id).collect();
        prop_assert_eq!(ids.len(), story.said.len());
        for (place, one) in story.said.iter().enumerate() {
            if one.kind.is_end() {
                let before = &story.said[..place];
                let begun = before.iter().any(|other| {
                    other.thread == one.thread && other.summary == one.summary
                });
                prop_assert!(begun, "{} ends without a beginning", one.key);
            }
        }
    }

    /// Rows that somebody damaged are left out, and nothing else happens.
    #[test]
    fn damaged_rows_are_dropped(
        bytes in prop::collection::vec(any::<u8>(), 0..40),
        place in 0..20_usize,
    ) {
        let mut story = beginning();
        for at in 0..6 {
            story.facts.set("host_cpu_used_ratio", &[], 0.9);
            apply(&mut story, Happening::Event(0, EventKind::TlsError), at, 0);
            apply(&mut story, Happening::Event(0, EventKind::RegistrationFailed), at, 1);
            apply(&mut story, Happening::Event(0, EventKind::ClientInstallFailed), at, 2);
            apply(&mut story, Happening::Silence, at, 3);
            story.step(minute(at));
        }
        let mut rows = story.stored();
        let count = rows.len();
        rows[place % count].1 = bytes;
        let mut again = Engine::open(PLAN.clone(), &rows, minute(7));
        again.step(&story.facts, minute(7));
    }
}

#[test]
fn what_was_pending_when_nobody_looked_for_more_than_an_hour_begins_anew() {
    let mut story = beginning();
    story.facts.set("host_cpu_used_ratio", &[], 0.9);
    story.step(minute(0));
    story.step(minute(1));
    story.restart(plan(RULES), minute(90));
    story.step(minute(90));
    assert_eq!(story.take_said(), []);
    story.step(minute(92));
    assert_eq!(story.take_said(), said(&[(92, "firing", "cpu")]));
    let reasons: Vec<&str> = story.history.iter().map(|row| &*row.reason).collect();
    assert!(
        reasons[1].starts_with("nobody looked for 1 h 29 min"),
        "{reasons:?}"
    );
}

#[test]
fn a_for_goes_on_over_a_short_absence() {
    let mut story = beginning();
    story.facts.set("host_cpu_used_ratio", &[], 0.9);
    story.step(minute(0));
    story.restart(plan(RULES), minute(30));
    story.step(minute(30));
    assert_eq!(story.take_said(), said(&[(30, "firing", "cpu")]));
    assert_eq!(story.said, []);
}

#[test]
fn an_alert_that_fires_is_bridged_until_its_first_number_comes() {
    let mut story = beginning();
    story.facts.set("tunnel_up", &["pub-1"], 0.0);
    story.step(minute(0));
    story.take_said();
    story.restart(plan(RULES), minute(600));
    story.facts.remove("tunnel_up", &["pub-1"]);
    for at in 600..=605 {
        story.step(minute(at));
    }
    assert_eq!(story.take_said(), []);
    story.step(minute(606));
    let key = r#"tunnel{connector="pub-1"}"#;
    assert_eq!(story.take_said(), said(&[(606, "resolved", key)]));
}

#[test]
fn whoever_was_told_hears_that_a_rule_is_gone() {
    let (_, without) = RULES.split_once("  - id: tunnel\n").unwrap();
    let without = without.split_once("  - id: tls").unwrap().1;
    let without = format!("  - id: tls{without}");
    for by_restart in [false, true] {
        let mut story = beginning();
        story.facts.set("tunnel_up", &["pub-1"], 0.0);
        story.facts.set("host_cpu_used_ratio", &[], 0.9);
        for at in 0..4 {
            story.step(minute(at));
        }
        assert_eq!(story.take_said().len(), 2);
        if by_restart {
            story.restart(plan(&without), minute(4));
        } else {
            story.engine.change(plan(&without), minute(4));
        }
        story.step(minute(4));
        let summaries = story.said.iter().map(|one| one.summary.as_str());
        let last: Vec<&str> = summaries.collect();
        let why = "(its rule was removed or changed: nobody looks at it any more)";
        assert!(last.iter().all(|told| told.ends_with(why)), "{last:?}");
        let said = story.take_said();
        let words: Vec<(&str, &str)> = said.iter().map(|(_, word, key)| (*word, &**key)).collect();
        let tunnel = r#"tunnel{connector="pub-1"}"#;
        assert_eq!(words, [("resolved", "cpu"), ("resolved", tunnel)]);
        assert_eq!(story.engine.rows(), []);
        let kept = story.stored();
        assert!(
            !kept.iter().any(|(key, _)| key.starts_with("rule/")),
            "{kept:?}"
        );
    }
}

#[test]
fn a_rule_that_tells_no_ends_tells_none_when_it_is_gone() {
    let rule = |id: &str, more: &str| {
        format!(
            "  - id: {id}\n    alert: TUNNEL\n    on: {{sample: tunnel_up, by: [connector]}}\n    \
             below: 1\n    severity: critical\n    summary: down\n    action: look\n{more}"
        )
    };
    let silent = rule("tunnel", "    send_resolved: false\n");
    for is_over in [false, true] {
        let mut story = Story::of(&silent);
        story.facts.set("tunnel_up", &["pub-1"], 0.0);
        story.step(minute(0));
        assert_eq!(story.take_said().len(), 1);
        if is_over {
            story.facts.set("tunnel_up", &["pub-1"], 1.0);
            story.step(minute(1));
            // Told ends from now on: this one was over before.
            story.restart(plan(&rule("tunnel", "")), minute(2));
            story.step(minute(2));
        }
        story.restart(plan(&rule("other", "")), minute(3));
        story.facts.set("tunnel_up", &["pub-1"], 1.0);
        story.step(minute(3));
        assert_eq!(story.take_said(), [], "over before: {is_over}");
    }
}

#[test]
fn a_new_plan_lets_alerts_of_rules_that_stay_go_on() {
    let mut story = beginning();
    story.facts.set("tunnel_up", &["pub-1"], 0.0);
    story.facts.set("host_cpu_used_ratio", &[], 0.9);
    story.step(minute(0));
    story.step(minute(1));
    let before = story.engine.rows();
    let mut changed = plan(RULES);
    changed.agent = Arc::from("agent-1");
    story.engine.change(changed, minute(1));
    assert_eq!(story.engine.rows(), before);
    story.take_said();
    story.step(minute(2));
    assert_eq!(story.take_said(), said(&[(2, "firing", "cpu")]));
}

#[test]
fn a_number_that_was_given_out_for_nothing_is_not_given_out_again() {
    let index = |is_cut: bool| {
        let mut story = beginning();
        for kind in [
            EventKind::RegistrationFailed,
            EventKind::RegistrationSucceeded,
        ] {
            story.happen(&event("pub-1", kind, "", 1), minute(1));
        }
        story.step(minute(1));
        if is_cut {
            story.restart(plan(RULES), minute(2));
        }
        story.facts.set("tunnel_up", &["pub-1"], 0.0);
        story.step(minute(2));
        story.engine.rows()[0].index
    };
    assert_eq!(index(false), index(true));
}

#[test]
fn the_clock_that_a_store_has_is_the_last_one() {
    let mut story = beginning();
    assert_eq!(Engine::stored_clock(&[]), None);
    story.facts.set("host_cpu_used_ratio", &[], 0.9);
    story.step(minute(5));
    let rows = story.stored();
    assert_eq!(Engine::stored_clock(&rows), Some(minute(5).clock));
}

/// A store that is full keeps nothing: after a crash the log is read again, and critical
/// messages that left already are decided anew.
#[test]
fn what_is_decided_again_without_a_store_bears_the_same_name_and_date() {
    let told = |now| {
        let mut story = Story::planned(PLAN.clone());
        let failed = event("pub-1", EventKind::RegistrationFailed, "", 60);
        let intercepted = event("pub-2", EventKind::TlsError, "", 61);
        story.happen(&failed, now);
        story.happen(&intercepted, now);
        story.step(now);
        story.said
    };
    let (first, again) = (told(second(62)), told(minute(90)));
    assert_eq!(first.len(), 2);
    for (one, other) in first.iter().zip(&again) {
        assert_eq!((&one.id, one.dated), (&other.id, other.dated));
        assert_eq!(one.dated, one.started_at);
        assert_ne!(one.at, other.at);
    }
}

#[test]
fn what_has_lasted_for_long_enough_bears_the_date_of_that_moment() {
    let mut story = Story::planned(PLAN.clone());
    story.facts.set("host_cpu_used_ratio", &[], 0.9);
    story.step(minute(1));
    story.step(minute(4));
    let dates: Vec<_> = story.said.iter().map(|one| (one.at, one.dated)).collect();
    assert_eq!(dates, [(minute(4).wall, minute(3).wall)]);
}
