//! Wherever the process is killed, people hear what they would have heard, under the same
//! names.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

/// What may happen to a Publisher.
const KINDS: [(EventKind, &str); 8] = [
    (EventKind::UpdateStarted, ""),
    (EventKind::UpdateSucceeded, ""),
    (EventKind::UpdateFailed, "docker_pull"),
    (EventKind::UpdateFailed, "host_os"),
    (EventKind::UpdateSkipped, "same_version"),
    (EventKind::UpdateReconnectFailed, "reconnect_timeout"),
    (EventKind::TunnelDisconnected, ""),
    (EventKind::TunnelConnected, ""),
];

/// Something that happens so many minutes after the last, to a member.
type Happening = (i64, usize, usize);

/// Who is told what, and when: each message with all its words.
fn told(happenings: &[Happening], kill_at: &[usize], commits: Commits) -> Vec<(i64, Notification)> {
    let plan = plan(weekly(5));
    let at: &[(&str, &[&str])] = &[("s1", &["p1", "p2", "p3"]), ("s2", &["p4", "p5"])];
    let mut story = Story::of(&plan, at);
    story.clock = -26 * 3600;
    story.pace = 300;
    story.commit();
    let mut minute = -26 * 60;
    for (number, (pause, member, kind)) in happenings.iter().enumerate() {
        minute += pause;
        story.until(minute);
        if commits == Commits::EachTurn {
            story.commit();
        }
        if kill_at.contains(&number) {
            story.commit();
            story.restart(&plan);
        }
        let name = format!("p{}", member + 1);
        let (kind, reason) = KINDS[*kind];
        story.say(minute * 60, &[name.as_str()], kind, reason);
    }
    story.until(minute + 300);
    story.mails
}

/// When the store gets what changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Commits {
    EachTurn,
    AtKills,
}

fn any_story() -> impl Strategy<Value = Vec<Happening>> {
    let pause = prop_oneof![4 => 0..4_i64, 3 => 4..30_i64, 2 => 30..200_i64, 1 => 1000..1600_i64];
    prop::collection::vec((pause, 0..5_usize, 0..KINDS.len()), 1..25)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn a_restart_anywhere_changes_nothing_of_what_is_told(
        happenings in any_story(),
        kills in prop::collection::vec(0..25_usize, 1..4),
    ) {
        let whole = told(&happenings, &[], Commits::EachTurn);
        let cut = told(&happenings, &kills, Commits::EachTurn);
        prop_assert_eq!(&cut, &whole);
        let seldom = told(&happenings, &kills, Commits::AtKills);
        prop_assert_eq!(&seldom, &whole);
    }

    /// A crash before the commit takes back what was decided; deciding it again from the
    /// log gives the same names.
    #[test]
    fn what_is_decided_again_has_the_same_name(happenings in any_story(), kill in 0..25_usize) {
        let plan = plan(weekly(5));
        let mut story = Story::of(&plan, &[("s1", &["p1", "p2", "p3", "p4", "p5"])]);
        let mut minute = -10;
        for (number, (pause, member, kind)) in happenings.iter().enumerate() {
            minute += pause % 30;
            story.until(minute);
            story.commit();
            let name = format!("p{}", member + 1);
            let (kind, reason) = KINDS[*kind];
            let told = story.mails.len();
            story.say(minute * 60, &[name.as_str()], kind, reason);
            story.until(minute + 1);
            if number == kill {
                let lost = story.mails.split_off(told);
                story.restart(&plan);
                story.clock = minute * 60;
                story.say(minute * 60, &[name.as_str()], kind, reason);
                story.until(minute + 1);
                let again: Vec<_> = story.mails[told..].to_vec();
                prop_assert_eq!(again, lost);
            }
            minute += 1;
        }
    }

    /// Nobody is named twice in mails of one kind about one run, but for what the log adds
    /// and who is back after all.
    #[test]
    fn nobody_is_told_of_twice(happenings in any_story()) {
        let mut named: BTreeMap<(String, String), u32> = BTreeMap::new();
        for (_, mail) in told(&happenings, &[], Commits::EachTurn) {
            let is_mail = mail.ended_at.is_none();
            let is_first = |item: &&crate::notification::NotificationItem| {
                let mut columns = item.facts.iter();
                !columns.any(|(_, value)| value.contains("told another end"))
            };
            for item in mail.items.iter().filter(|_| is_mail).filter(is_first) {
                *named.entry((mail.key.to_string(), item.name.to_string())).or_default() += 1;
            }
        }
        prop_assert!(named.values().all(|count| *count == 1), "{named:?}");
    }
}

#[test]
fn a_turn_writes_what_changed_and_no_more() {
    let plan = plan(weekly(5));
    let mut story = Story::of(&plan, &[("s1", &["p1", "p2", "p3", "p4", "p5"])]);
    story.until(5);
    story.commit();
    story.step();
    assert_eq!(story.desk.uncommitted(), [], "nothing happened");
    story.start(6, &["p2"]);
    let written: Vec<String> = story
        .desk
        .uncommitted()
        .iter()
        .filter_map(|(name, _)| Some(name.rsplit_once('/')?.0.to_owned()))
        .collect();
    assert_eq!(written, ["update/run", "update/batch"]);
    story.commit();
    let bytes: usize = story.store.values().map(Vec::len).sum();
    assert!(bytes < 5_000, "{bytes} bytes for a run of five");
    story.desk.mark_uncommitted();
    assert_eq!(story.desk.uncommitted().len(), story.store.len());
}

#[test]
fn what_is_long_over_leaves_the_store() {
    let mut story = Story::of(&plan(weekly(1)), &[("s1", &["p1"])]);
    story.start(0, &["p1"]).succeed(10, &["p1"]).until(130);
    story.commit();
    let has = |told: &Story, what: &str| told.store.keys().any(|name| name.starts_with(what));
    assert!(has(&story, "update/run") && has(&story, "update/batch"));
    story.clock = 60 * 3600;
    story.step();
    story.commit();
    assert!(!has(&story, "update/run") && !has(&story, "update/batch"));
}

#[test]
fn what_cannot_be_read_is_dropped_and_leaves_the_store() {
    let plan = plan(weekly(1));
    let mut story = Story::of(&plan, &[]);
    for name in ["update/run/0123456789abcdef", "update/notice/x"] {
        story.store.insert(Arc::from(name), b"\xff{".to_vec());
    }
    story
        .store
        .insert(Arc::from("rule/other"), b"kept".to_vec());
    story.restart(&plan);
    story.commit();
    let left: Vec<&str> = story.store.keys().map(|name| &**name).collect();
    assert_eq!(left, ["rule/other"]);
}
