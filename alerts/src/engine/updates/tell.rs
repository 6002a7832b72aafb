//! From what [`crate::updates`] tells to what is to be said of it, before a rule words it.
//!
//! Who, with which columns, under which labels, and what else a reader wants to know of
//! the run. [`super::words`] and [`super::columns`] hold the sentences and the tables,
//! [`super::say`] has the rules.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use model::event::{EventKey, EventKind, Reason};
use model::signal::{HostSignal, Signal};

use super::super::lines::UpdateSpan;
use super::super::naming;
use super::columns::{Table, row};
use super::say::{Member, Opening, Saying};
use super::words::{self, UNKNOWN};
use super::{Decided, EngineTime, Look, UpdateDesk, event_of, key_of, name_of};
use crate::batch::Batch;
use crate::facts::Facts;
use crate::incident::Message;
use crate::notification::{BATCH_FACT, NotificationKind, START_FACT};
use crate::profile::{Profile, releases_behind};
use crate::run::{Attempt, Outcome};
use crate::updates::{
    Item, KeyPart, MailKey, NO_PROFILE, Notice, RunId, RunKind, Told, UpdateAlert, begins_by,
};

impl UpdateDesk {
    /// Turns what is to be told into notifications, events and lines of history.
    pub(super) fn tell(&mut self, told: Told, look: &Look<'_>) {
        let now = look.now;
        match told {
            Told::Notice(notice) => {
                let saying = self.notice(&notice, look.facts);
                self.say(&saying, look);
            }
            Told::Mail(batch) => {
                let saying = self.mail(&batch, now);
                self.say(&saying, look);
            }
            Told::Judged {
                run,
                member,
                outcome,
            } => self.judge(&run, &member, &outcome, now),
            Told::BackAfterAll { run, member } => {
                let kind = NotificationKind::Incident(Message::Resolved);
                let alert = UpdateAlert::ConnectionFailed;
                let what = "back".to_owned();
                let mut saying = self.about_one((run, alert, kind), &member, what, now);
                saying.ended_at = Some(now.wall);
                "it is connected again".clone_into(&mut saying.why);
                self.say(&saying, look);
            }
            Told::TooOld { member, at } => self.pass_over(&member, at),
        }
    }

    /// One line of history for each member of whom reports were passed over.
    pub(super) fn note_passed_over(&mut self, now: EngineTime) {
        for (member, (count, latest)) in std::mem::take(&mut self.too_old) {
            let reason = format!(
                "{count} reports on updates of {member} are too old to be told, the latest of {}",
                words::moment(latest, None)
            );
            self.note(now, ("", &member_key(&member)), Decided::TooOld, reason);
        }
    }

    fn judge(&mut self, run: &RunId, member: &Arc<str>, outcome: &Outcome, now: EngineTime) {
        let found = self.updates.run(run);
        let attempt = found.and_then(|found| found.attempts.get(member));
        let at = attempt.and_then(|one| one.ended_at).unwrap_or(now.wall);
        let evidence = attempt.and_then(|one| {
            let (_, known) = one.end.as_ref()?;
            Some(words::evidence(*known, outcome, one.is_silent))
        });
        let reason = format!(
            "the update of {member} {}: {}",
            words::ended(outcome),
            evidence.unwrap_or("our own judgement")
        );
        let key = member_key(member);
        self.note(now, ("", &key), Decided::Update, reason);
        self.output
            .events
            .push(event_of(member, key_of(outcome), at, now.wall));
    }

    /// A notice of a coming update.
    fn notice(&self, notice: &Notice, facts: &dyn Facts) -> Saying {
        let run = RunId {
            profile: Arc::clone(&notice.profile),
            start: notice.start.at,
            kind: RunKind::Scheduled,
        };
        let mut told = self.run_facts(&run);
        told.push(("Time until then", words::duration(notice.lead)));
        if let Some(before) = notice.instead_of {
            told.push((
                "Announced before for",
                words::moment(before, self.zone_of(&run)),
            ));
        }
        if !notice.joined.is_empty() {
            told.push(("New in the profile", words::names(&notice.joined)));
        }
        if let Some(free) = free_space(facts) {
            told.push(("Free for the update", free));
        }
        let opening = if notice.instead_of.is_some() {
            Opening::Before("Rescheduled: ")
        } else if 1 < notice.number {
            Opening::Before("Changed: ")
        } else {
            Opening::Nothing
        };
        let why = match (notice.instead_of, notice.joined.is_empty()) {
            (Some(_), _) => "the start that was announced does not hold any more",
            (None, false) => "somebody joined the profile",
            (None, true) => "the update is due within 24 hours",
        };
        Saying {
            kind: NotificationKind::Update(run.clone()),
            alert: UpdateAlert::WillStart,
            labels: labels_of(&run, None),
            what: "notice".to_owned(),
            number: notice.number,
            members: notice
                .members
                .iter()
                .map(|one| self.expected(one, &run))
                .collect(),
            facts: told,
            lead: Some(notice.lead),
            opening,
            ended_at: None,
            why: why.to_owned(),
            run,
        }
    }

    /// A Publisher before its update, as the picture shows it.
    fn expected(&self, name: &Arc<str>, run: &RunId) -> Member {
        let seen = self.seen.get(name);
        let version = seen.and_then(|seen| seen.version.clone());
        let releases = &self.plan.releases;
        let behind = version
            .as_deref()
            .and_then(|version| releases_behind(releases, version))
            .map_or_else(|| UNKNOWN.to_owned(), |count| count.to_string());
        let heard = seen.and_then(|seen| seen.heard_at).map_or_else(
            || UNKNOWN.to_owned(),
            |at| words::moment(at, self.zone_of(run)),
        );
        let shown = version.as_deref().unwrap_or(UNKNOWN).to_owned();
        let columns = vec![
            ("Version", shown),
            ("Newer releases", behind),
            ("Last heard", heard),
        ];
        Member {
            item: row(name, columns),
            reason: None,
            version,
            event: None,
            span: None,
        }
    }

    /// A mail about members of a run.
    fn mail(&self, batch: &Batch<MailKey, Item>, now: EngineTime) -> Saying {
        let key = &batch.key;
        let release = self.profile_of(&key.run).map(|one| one.release.name());
        let table = Table {
            alert: key.alert,
            zone: self.zone_of(&key.run),
            release: release.as_deref(),
        };
        let members: Vec<Member> = batch
            .items
            .iter()
            .map(|(name, item)| member_of(&table, &key.run, name, item, now))
            .collect();
        let mut facts = self.run_facts(&key.run);
        // In no profile nobody has said who is in which, and it would be said in each mail.
        let is_told = |value: &str| &*key.run.profile != NO_PROFILE || value != UNKNOWN;
        for (name, value) in labels_of(&key.run, Some(key)) {
            match &*name {
                _ if !is_told(&value) => {}
                "wave" => facts.push((BATCH_FACT, value.to_string())),
                "stitcher" => facts.push(("Stitcher", value.to_string())),
                _ => {}
            }
        }
        facts.extend(self.not_in_list(key, &members));
        if 1 < batch.number {
            let told = "repeats nothing that a mail before it told".to_owned();
            facts.push(("Follow-up", told));
        }
        Saying {
            kind: NotificationKind::Update(key.run.clone()),
            alert: key.alert,
            run: key.run.clone(),
            labels: labels_of(&key.run, Some(key)),
            what: "mail".to_owned(),
            number: batch.number,
            members,
            facts,
            lead: None,
            opening: Opening::Nothing,
            ended_at: None,
            why: words::why_now(batch.closed_by).to_owned(),
        }
    }

    /// What is said of one Publisher by itself, after the mails of its run.
    fn about_one(
        &self,
        (run, alert, kind): (RunId, UpdateAlert, NotificationKind),
        member: &Arc<str>,
        what: String,
        now: EngineTime,
    ) -> Saying {
        let release = self.profile_of(&run).map(|one| one.release.name());
        let table = Table {
            alert,
            zone: self.zone_of(&run),
            release: release.as_deref(),
        };
        let found = self.updates.run(&run);
        let attempt = found.and_then(|found| found.attempts.get(member));
        let item = attempt.map(|one| Item::of(one, one.end.clone()));
        let members = item.map(|item| member_of(&table, &run, member, &item, now));
        let key = attempt.map(|one| MailKey::of(alert, &run, one));
        Saying {
            kind,
            alert,
            labels: labels_of(&run, key.as_ref()),
            what,
            number: 1,
            members: members.into_iter().collect(),
            facts: self.run_facts(&run),
            lead: None,
            opening: Opening::Nothing,
            ended_at: None,
            why: String::new(),
            run,
        }
    }

    /// Who belongs to the same and is not told about now, and how they stand.
    fn not_in_list(&self, key: &MailKey, listed: &[Member]) -> Option<(&'static str, String)> {
        let run = self.updates.run(&key.run)?;
        let is_listed = |name: &Arc<str>| listed.iter().any(|one| one.item.name == *name);
        let others: Vec<String> = run
            .attempts
            .iter()
            .filter(|(name, attempt)| !is_listed(name) && key.covers(attempt))
            .map(|(name, attempt)| format!("{name} {}", words::standing(attempt)))
            .collect();
        (!others.is_empty()).then(|| ("Not in this list", words::list(others)))
    }

    /// What every mail of a run says.
    fn run_facts(&self, run: &RunId) -> Vec<(&'static str, String)> {
        let zone = self.zone_of(run);
        let profile = self.profile_of(run);
        let found = self.updates.run(run);
        let mut start = words::moment(run.start, zone);
        match run.kind {
            // Whoever updates by a schedule that nobody told us of looks the same.
            RunKind::Manual if profile.is_none() => {}
            RunKind::Manual if zone.is_none() => start.push_str(", begun by hand"),
            RunKind::Manual => start.push_str(", not by the profile's schedule"),
            RunKind::Scheduled if profile.is_some_and(|one| is_shifted(one, run.start)) => {
                start.push_str(", later than scheduled: clocks are put forward over that hour");
            }
            RunKind::Scheduled => {}
        }
        let mut facts = Vec::new();
        if &*run.profile != NO_PROFILE {
            facts.push(("Profile", run.profile.to_string()));
        }
        // Without a schedule the start is what a line told, or else not known.
        let is_start_known = run.kind == RunKind::Scheduled
            || found.is_some_and(|found| found.attempts.values().any(Attempt::is_start_told));
        if is_start_known {
            facts.push((START_FACT, start));
        }
        if let Some(profile) = profile {
            facts.push(("Release", profile.release.name()));
        }
        if let Some(found) = found.filter(|_| is_start_known) {
            facts.push(("Expected end", words::moment(found.window_end, zone)));
        }
        facts
    }
}

fn member_of(
    table: &Table<'_>,
    run: &RunId,
    name: &Arc<str>,
    item: &Item,
    now: EngineTime,
) -> Member {
    let key = match &item.end {
        Some((outcome, _)) => key_of(outcome),
        None => EventKey {
            kind: EventKind::UpdateStarted,
            reason: Reason::none(),
        },
    };
    let reason = key.reason.clone();
    let at = item.ended_at.or(item.started_at).unwrap_or(now.wall);
    Member {
        item: table.row(name, item),
        reason: (!reason.is_none()).then(|| Arc::from(reason.as_str())),
        version: item.version.clone(),
        event: Some(event_of(name, key, at, now.wall)),
        span: Some(UpdateSpan {
            connector: Arc::clone(name),
            from: item.started_at.unwrap_or_else(|| begins_by(run.start)),
            until: item.ended_at.unwrap_or(now.wall),
        }),
    }
}

/// Labels of what is said, sorted by name.
fn labels_of(run: &RunId, key: Option<&MailKey>) -> Vec<(Arc<str>, Arc<str>)> {
    let mut labels: Vec<(Arc<str>, Arc<str>)> = vec![
        (Arc::from("profile"), name_of(&run.profile)),
        (Arc::from("run"), Arc::from(run.start.to_string())),
    ];
    let unknown = || Arc::from(UNKNOWN);
    match key.map(|key| &key.stitcher) {
        None | Some(KeyPart::Any) => {}
        Some(KeyPart::Unknown) => labels.push((Arc::from("stitcher"), unknown())),
        Some(KeyPart::Is(name)) => labels.push((Arc::from("stitcher"), name_of(name))),
    }
    match key.map(|key| &key.wave) {
        None | Some(KeyPart::Any) => {}
        Some(KeyPart::Unknown) => labels.push((Arc::from("wave"), unknown())),
        Some(KeyPart::Is(wave)) => {
            labels.push((Arc::from("wave"), Arc::from(wave.to_string())));
        }
    }
    labels
}

/// Whether a profile's clocks are put forward over the hour at which it would start.
fn is_shifted(profile: &Profile, start: Timestamp) -> bool {
    let before = start.saturating_sub(SignedDuration::from_nanos(1)).ok();
    let schedule = profile.schedule.as_ref();
    let found = before.and_then(|before| schedule?.next_after(before));
    found.is_some_and(|found| found.at == start && found.is_shifted)
}

/// How much is free where an update is written, with a word of warning if the vendor's
/// check will fail.
fn free_space(facts: &dyn Facts) -> Option<String> {
    let mut free = None;
    facts.readings(Signal::Host(HostSignal::UpdateSpace), &mut |_, value| {
        free = Some(value);
    });
    let mut is_enough = true;
    facts.readings(
        Signal::Host(HostSignal::UpdateSpaceSufficient),
        &mut |_, value| {
            is_enough = 0.0 < value;
        },
    );
    let megabytes = free? / 1e6;
    let warning = if is_enough {
        ""
    } else {
        ": less than the 300 MB that the vendor's check wants, the update will fail"
    };
    Some(format!("{megabytes:.0} MB{warning}"))
}

/// The matter's name of what is about a Publisher and no rule.
fn member_key(member: &Arc<str>) -> Arc<str> {
    naming::key_of("update", &[(Arc::from("connector"), Arc::clone(member))])
}
