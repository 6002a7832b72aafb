//! The whole engine with the rules that come with the program: what updates mean to all
//! other alerts, and what silences and maintenance mean to mails about updates.

use model::alert::{HistoryRow, Silence};

use super::*;
use crate::engine::{Beginning, Engine, MaintenanceWindow};
use crate::rule::condition::{Condition, Subject};
use crate::rule::load::{DEFAULT_RULES, RuleFile, load};

/// A picture that shows tunnels besides.
#[derive(Debug, Clone, Default)]
struct Tunnels {
    picture: Picture,
    down: Vec<String>,
}

impl Facts for Tunnels {
    fn readings(&self, signal: Signal, each: &mut dyn FnMut(&[&str], f64)) {
        if Signal::from_name("ztna_tunnel_state") == Some(signal) {
            for one in &self.picture.publishers {
                let is_down = self.down.contains(&one.name);
                each(&[&one.name, "connected"], f64::from(u8::from(!is_down)));
                each(&[&one.name, "disconnected"], f64::from(u8::from(is_down)));
            }
        }
    }

    fn is_caught_up(&self) -> bool {
        self.picture.is_caught_up()
    }

    fn connectors(&self, each: &mut dyn FnMut(ConnectorFacts<'_>)) {
        self.picture.connectors(each);
    }

    fn event_counts(&self, _: &mut dyn FnMut(EventCount<'_>)) {}
}

/// An engine, its store, and what it said.
struct Whole {
    plan: EnginePlan,
    engine: Engine,
    facts: Tunnels,
    store: BTreeMap<Arc<str>, Vec<u8>>,
    said: Vec<(i64, Notification)>,
    history: Vec<HistoryRow>,
    events: Vec<RecentEvent>,
    clock: i64,
}

impl Whole {
    fn of(members: usize, alter: impl Fn(&mut EnginePlan)) -> Self {
        let default = RuleFile {
            name: "default.yaml".to_owned(),
            text: DEFAULT_RULES.to_owned(),
        };
        let mut plan = plan(weekly(members));
        plan.rules = Arc::new(load(&[default]).unwrap());
        alter(&mut plan);
        let shown = plan.profiles[0].members.iter().map(|name| Shown {
            name: name.to_string(),
            is_tunnel_up: true,
            stitcher: Some("s1".to_owned()),
            version: Some("127.0.2.5".to_owned()),
            heard_at: Some(second(-700)),
            ..Shown::default()
        });
        let picture = Picture {
            publishers: shown.collect(),
            is_behind: false,
        };
        Self {
            engine: Engine::open(plan.clone(), &[], now(-600)),
            plan,
            facts: Tunnels {
                picture,
                down: Vec::new(),
            },
            store: BTreeMap::new(),
            said: Vec::new(),
            history: Vec::new(),
            events: Vec::new(),
            clock: -600,
        }
    }

    fn until(&mut self, minutes: i64) -> &mut Self {
        while self.clock < minutes * 60 {
            self.clock += 30;
            self.engine.step(&self.facts, now(self.clock));
            let output = self.engine.take_output();
            let minute = self.clock / 60;
            self.said
                .extend(output.notifications.into_iter().map(|one| (minute, one)));
            self.history.extend(output.history);
            self.events.extend(output.events);
            for (name, value) in self.engine.uncommitted() {
                match value {
                    Some(value) => self.store.insert(name, value),
                    None => self.store.remove(&name),
                };
            }
            self.engine.mark_committed();
        }
        self
    }

    fn say(&mut self, minute: i64, members: &[&str], kind: EventKind, reason: &str) -> &mut Self {
        self.until(minute);
        for member in members {
            let line = event(member, kind, reason, second(self.clock));
            self.engine.take_event(&line, now(self.clock));
        }
        self
    }

    fn restart(&mut self) {
        let stored: Vec<(Arc<str>, Vec<u8>)> = self.store.clone().into_iter().collect();
        self.engine = Engine::open(self.plan.clone(), &stored, now(self.clock));
    }

    /// What was said of a rule: minute, word and sentence.
    fn of_rule(&self, rule: &str) -> Vec<String> {
        let told = self.said.iter().filter(|(_, one)| *one.rule == *rule);
        told.map(|(minute, one)| format!("{minute} {} {}", one.kind.word(), one.summary))
            .collect()
    }
}

#[test]
fn the_vendors_examples_come_out_with_the_rules_of_the_program() {
    let mut five = Whole::of(5, |_| {});
    five.say(0, &["p1"], EventKind::UpdateStarted, "")
        .say(12, &["p1"], EventKind::UpdateSucceeded, "")
        .say(20, &["p2", "p3"], EventKind::UpdateStarted, "")
        .say(35, &["p2", "p3"], EventKind::UpdateSucceeded, "")
        .say(40, &["p4", "p5"], EventKind::UpdateStarted, "")
        .say(55, &["p4", "p5"], EventKind::UpdateSucceeded, "")
        .until(130);
    assert_eq!(
        five.of_rule("update-succeeded"),
        [
            "12 update Update of p1 succeeded, profile eu-weekly, batch 1",
            "35 update Update of p2, p3 succeeded, profile eu-weekly, batch 2",
            "55 update Update of p4, p5 succeeded, profile eu-weekly, batch 3",
        ]
    );
    assert_eq!(five.of_rule("update-started").len(), 3);
    assert_eq!(five.events, []);
    let mut seven = Whole::of(7, |_| {});
    seven.facts.picture.publishers[3].stitcher = Some("s2".to_owned());
    seven
        .say(0, &["p2", "p3", "p4"], EventKind::UpdateStarted, "")
        .say(
            20,
            &["p2", "p3", "p4"],
            EventKind::UpdateFailed,
            "docker_pull",
        )
        .until(40);
    assert_eq!(
        seven.of_rule("update-failed"),
        [
            "20 update Update of p2, p3 failed (docker_pull), stitcher s1, profile eu-weekly, \
             batch 2",
            "20 update Update of p4 failed (docker_pull), stitcher s2, profile eu-weekly, batch 2",
        ]
    );
    let (_, mail) = seven.said.last().unwrap();
    assert_eq!(mail.severity, Severity::Critical);
    assert_eq!(fact(mail, "Where to look"), None, "the action names it");
    let counts = seven.engine.rules();
    let failed = counts.iter().find(|rule| &*rule.id == "update-failed");
    let updates = failed.unwrap().notifications.iter();
    let told = updates.filter(|(word, _)| *word == "update");
    assert_eq!(told.map(|(_, count)| *count).sum::<u64>(), 2);
    assert_eq!(seven.engine.releases_behind().len(), 7);
    assert_eq!(
        seven.engine.scheduled(now(0))[0].1,
        Some(second(7 * 86_400))
    );
}

#[test]
fn a_tunnel_that_falls_for_an_update_is_told_only_if_it_outlives_it() {
    let mut story = Whole::of(1, |_| {});
    story.say(1, &["p1"], EventKind::UpdateStarted, "").say(
        2,
        &["p1"],
        EventKind::TunnelDisconnected,
        "",
    );
    story.facts.down = vec!["p1".to_owned()];
    story.facts.picture.publishers[0].is_tunnel_up = false;
    story.until(60);
    assert_eq!(story.of_rule("tunnel-down"), [""; 0]);
    let held = story.history.iter().find(|row| &*row.decision == "held");
    let reason = &held.unwrap().reason;
    assert!(
        reason.contains("update of eu-weekly from 2026-12-08 00:00 EST"),
        "{reason}"
    );
    story.restart();
    story.until(119);
    assert_eq!(
        story.of_rule("tunnel-down"),
        [""; 0],
        "also after a restart"
    );
    story.until(140);
    assert_eq!(
        story.of_rule("tunnel-down"),
        ["120 firing The tunnel of p1 is down"]
    );
    assert_eq!(
        story.of_rule("update-reconnect-failed"),
        ["120 update Not back after the update: p1, profile eu-weekly"]
    );
    assert_eq!(story.events.len(), 1);
    // Judgements come back from nowhere: the rules made them.
    let judged = story.events[0].clone();
    story.engine.take_event(&judged, now(story.clock));
    let told = story.said.len();
    story.until(160);
    assert_eq!(story.said.len(), told);
}

#[test]
fn a_silence_keeps_mails_about_updates_back_and_says_so() {
    let silence = Silence {
        id: Arc::from("quiet"),
        matchers: vec![
            (Arc::from("rule"), Arc::from("update-*")),
            (Arc::from("profile"), Arc::from("eu-weekly")),
        ],
        who: "ann".to_owned(),
        why: "we look ourselves".to_owned(),
        from: second(-86_400),
        until: second(86_400),
    };
    let mut story = Whole::of(1, |plan| plan.silences = vec![silence.clone()]);
    story
        .say(1, &["p1"], EventKind::UpdateFailed, "host_os")
        .until(20);
    assert_eq!(story.said.len(), 0);
    let rows = story.history.iter();
    let held: Vec<&HistoryRow> = rows.filter(|row| &*row.decision == "held").collect();
    assert_eq!(held.len(), 2, "the notice and the failure");
    assert!(held[1].reason.contains("silence quiet of ann"), "{held:?}");
    assert!(held.iter().all(|row| row.notification.is_none()));
}

#[test]
fn maintenance_holds_mails_about_updates_only_if_it_names_them() {
    let window = |matchers: Vec<(Arc<str>, Arc<str>)>| MaintenanceWindow {
        name: Arc::from("tuesdays"),
        begins: Beginning::At(second(-3600)),
        lasts: Duration::from_secs(4 * 3600),
        matchers,
    };
    let mut all = Whole::of(1, |plan| plan.maintenance = vec![window(Vec::new())]);
    all.say(1, &["p1"], EventKind::UpdateFailed, "host_os")
        .until(20);
    assert_eq!(all.of_rule("update-failed").len(), 1);
    let named = vec![(Arc::from("alert"), Arc::from("UPGRADE_*"))];
    let mut some = Whole::of(1, |plan| plan.maintenance = vec![window(named.clone())]);
    some.say(1, &["p1"], EventKind::UpdateFailed, "host_os")
        .until(20);
    assert_eq!(some.of_rule("update-failed").len(), 0);
}

#[test]
fn a_condition_leaves_members_out_and_one_that_fails_leaves_out_nobody() {
    let rules = |when: &str| {
        let failed = Rule {
            when: Some(Condition::compile(when, Subject::Event).unwrap()),
            ..rule(UpdateAlert::Failed)
        };
        Arc::new(RuleSet {
            rules: vec![Arc::new(failed)],
        })
    };
    let told = |when: &str| {
        let mut story = Whole::of(5, |plan| plan.rules = rules(when));
        story
            .say(1, &["p2"], EventKind::UpdateFailed, "host_os")
            .say(1, &["p3"], EventKind::UpdateFailed, "generic")
            .until(20);
        let mails = story.said.iter();
        let names = mails.flat_map(|(_, mail)| mail.items.iter().map(|one| one.name.to_string()));
        (names.collect::<Vec<_>>(), story.engine.rules()[0].failures)
    };
    assert_eq!(
        told("event.reason != \"generic\""),
        (vec!["p2".to_owned()], 0)
    );
    assert_eq!(told("event.reason == \"none\""), (vec![], 0));
    assert_eq!(
        told("event.kind > 3"),
        (vec!["p2".to_owned(), "p3".to_owned()], 1)
    );
    assert_eq!(
        told("state.version == \"127.0.2.5\""),
        (vec!["p2".to_owned(), "p3".to_owned()], 0)
    );
}

#[test]
fn a_new_store_gets_what_is_there_and_nothing_that_is_gone() {
    let mut story = Whole::of(1, |_| {});
    story.say(1, &["p1"], EventKind::UpdateStarted, "").until(5);
    story.restart();
    story.clock = 60 * 3600;
    story.until(60 * 60 + 1);
    story.engine.mark_uncommitted();
    let rows = story.engine.uncommitted();
    let of_runs = rows.iter().filter(|(key, _)| key.starts_with("update/run"));
    assert_eq!(of_runs.count(), 0, "the run is forgotten");
    assert!(rows.iter().any(|(key, _)| key.starts_with("update/member")));
}
