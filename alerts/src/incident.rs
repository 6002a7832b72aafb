//! Incidents: from "it fires" to "somebody is told", with the reason for every decision.
//!
//! A rule says at each evaluation how its matter stands. This file turns that into the
//! few messages that people want: one when it begins, one when it is over, one now and
//! then while it lasts, one to a second receiver if nobody mends it, and one instead of
//! twenty when it comes and goes. Silences, maintenance and inhibition hold messages back
//! and never the incident itself: what is held back is decided anew at each step, so that
//! an incident that outlives its silence is told then.
//!
//! Pure. Times run on one clock that goes on over restarts; the state is to be kept.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::level::Standing;

/// How many times an incident may begin within [`FLAP_WINDOW`] before it counts as
/// flapping.
pub const FLAP_BEGINNINGS: usize = 4;

/// The time over which beginnings are counted.
pub const FLAP_WINDOW: Duration = Duration::from_secs(30 * 60);

/// How long a flapping incident must be over before it is told as resolved.
pub const FLAP_QUIET: Duration = Duration::from_secs(15 * 60);

/// When people hear of an incident again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cadence {
    /// From one reminder to the next while it lasts; `None` for none.
    pub repeat: Option<Duration>,
    /// After how long a second receiver is told; `None` for never.
    pub escalate: Option<Duration>,
}

/// Why a message is held back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hold {
    /// Somebody silenced it.
    Silence,
    /// A maintenance window, or an update that runs, explains it.
    Maintenance,
    /// Another incident explains it.
    Inhibition,
}

/// What is said to people.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Message {
    /// It began.
    Firing,
    /// It comes and goes: the last message until it is quiet.
    Flapping,
    /// It still lasts.
    Reminder,
    /// It still lasts, and now a second receiver hears of it.
    Escalation,
    /// It is over.
    Resolved,
}

/// Why nothing is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quiet {
    /// There is no incident.
    NoIncident,
    /// Not for long enough yet.
    Pending,
    /// It is told already, and a reminder is not due.
    Told,
    /// Held back.
    Held(Hold),
    /// It comes and goes, which was told.
    Flapping,
    /// It began and ended while it was held back: nobody ever heard of it.
    NeverTold,
}

/// A decision, with its reason in its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// Say this.
    Say(Message),
    /// Say nothing.
    Stay(Quiet),
}

/// What is remembered of a matter. Written as it is, so that it outlives the process.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Incident {
    /// Since when it has been firing.
    #[serde(skip_serializing_if = "Option::is_none")]
    since: Option<Duration>,
    /// When people heard of it last; `None` if they think all is well.
    #[serde(skip_serializing_if = "Option::is_none")]
    told_at: Option<Duration>,
    is_escalated: bool,
    /// When it began, of late.
    // Invariant: at most FLAP_BEGINNINGS, the oldest first.
    beginnings: Vec<Duration>,
    is_flapping: bool,
    /// Since when it has been over, while people still think that it lasts.
    #[serde(skip_serializing_if = "Option::is_none")]
    over_since: Option<Duration>,
}

impl Incident {
    /// Since when it has been firing; `None` if it is not.
    pub const fn since(&self) -> Option<Duration> {
        self.since
    }

    /// Whether people were told, and not yet that it is over.
    pub const fn is_told(&self) -> bool {
        self.told_at.is_some()
    }

    /// Whether a second receiver was told, who is then told the rest as well.
    pub const fn is_escalated(&self) -> bool {
        self.is_escalated
    }

    /// Whether it comes and goes, which people were told.
    pub const fn is_flapping(&self) -> bool {
        self.is_flapping
    }

    /// Whether nothing is worth remembering any more.
    pub fn is_forgettable(&self, now: Duration) -> bool {
        let last = self.beginnings.last();
        self.since.is_none()
            && self.told_at.is_none()
            && last.is_none_or(|at| FLAP_WINDOW < now.saturating_sub(*at))
    }

    /// One step at `now`: how the matter stands, and whether messages are held back.
    pub fn step(
        &mut self,
        standing: Standing,
        hold: Option<Hold>,
        cadence: Cadence,
        now: Duration,
    ) -> Decision {
        if standing == Standing::Firing {
            self.go_on(hold, cadence, now)
        } else {
            self.be_over(standing, hold, now)
        }
    }

    fn go_on(&mut self, hold: Option<Hold>, cadence: Cadence, now: Duration) -> Decision {
        self.over_since = None;
        if self.since.is_none() {
            self.since = Some(now);
            self.note_beginning(now);
        }
        if let Some(hold) = hold {
            return Decision::Stay(Quiet::Held(hold));
        }
        if self.beginnings.len() == FLAP_BEGINNINGS && !self.is_flapping {
            self.is_flapping = true;
            return self.say(Message::Flapping, now);
        }
        let Some(told_at) = self.told_at else {
            return self.say(Message::Firing, now);
        };
        let lasted = self
            .since
            .map_or(Duration::ZERO, |at| now.saturating_sub(at));
        if !self.is_escalated && cadence.escalate.is_some_and(|after| after <= lasted) {
            self.is_escalated = true;
            return self.say(Message::Escalation, now);
        }
        let waited = now.saturating_sub(told_at);
        if cadence.repeat.is_some_and(|every| every <= waited) {
            return self.say(Message::Reminder, now);
        }
        let is_quiet_about_it = self.is_flapping && self.beginnings.last() == Some(&now);
        Decision::Stay(if is_quiet_about_it {
            Quiet::Flapping
        } else {
            Quiet::Told
        })
    }

    fn be_over(&mut self, standing: Standing, hold: Option<Hold>, now: Duration) -> Decision {
        let was_firing = self.since.take().is_some();
        if self.told_at.is_none() {
            self.is_escalated = false;
            return Decision::Stay(match (was_firing, standing) {
                (true, _) => Quiet::NeverTold,
                (false, Standing::Pending) => Quiet::Pending,
                (false, Standing::Inactive | Standing::Firing) => Quiet::NoIncident,
            });
        }
        let over_since = *self.over_since.get_or_insert(now);
        if self.is_flapping && now.saturating_sub(over_since) < FLAP_QUIET {
            return Decision::Stay(Quiet::Flapping);
        }
        // Whoever heard that it began hears that it is over, unless told not to be.
        if let Some(hold) = hold {
            return Decision::Stay(Quiet::Held(hold));
        }
        self.told_at = None;
        self.is_escalated = false;
        self.over_since = None;
        if self.is_flapping {
            self.is_flapping = false;
            self.beginnings.clear();
        }
        Decision::Say(Message::Resolved)
    }

    fn say(&mut self, message: Message, now: Duration) -> Decision {
        self.told_at = Some(now);
        Decision::Say(message)
    }

    fn note_beginning(&mut self, now: Duration) {
        self.beginnings
            .retain(|at| now.saturating_sub(*at) <= FLAP_WINDOW);
        if self.beginnings.len() == FLAP_BEGINNINGS {
            self.beginnings.remove(0);
        }
        self.beginnings.push(now);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const NEVER: Cadence = Cadence {
        repeat: None,
        escalate: None,
    };

    const fn minutes(count: u64) -> Duration {
        Duration::from_secs(60 * count)
    }

    /// What is said, by minute; `F` fires, `p` is pending, `.` is well, `s` fires in a
    /// silence.
    fn said(story: &str, cadence: Cadence) -> Vec<(u64, Message)> {
        let mut incident = Incident::default();
        let mut messages = Vec::new();
        for (minute, letter) in (0..).zip(story.chars()) {
            let (standing, hold) = match letter {
                'F' => (Standing::Firing, None),
                's' => (Standing::Firing, Some(Hold::Silence)),
                'S' => (Standing::Inactive, Some(Hold::Silence)),
                'p' => (Standing::Pending, None),
                _ => (Standing::Inactive, None),
            };
            if let Decision::Say(message) = incident.step(standing, hold, cadence, minutes(minute))
            {
                messages.push((minute, message));
            }
        }
        messages
    }

    #[test]
    fn beginning_and_end_are_told_once_each() {
        assert_eq!(
            said("..ppFFFF...", NEVER),
            [(4, Message::Firing), (8, Message::Resolved)]
        );
    }

    #[test]
    fn it_is_told_again_while_it_lasts_and_then_to_a_second_receiver() {
        let cadence = Cadence {
            repeat: Some(minutes(3)),
            escalate: Some(minutes(5)),
        };
        assert_eq!(
            said("FFFFFFFFF.", cadence),
            [
                (0, Message::Firing),
                (3, Message::Reminder),
                (5, Message::Escalation),
                (8, Message::Reminder),
                (9, Message::Resolved),
            ]
        );
    }

    #[test]
    fn what_outlives_its_silence_is_told_then() {
        assert_eq!(
            said(".sssFF.", NEVER),
            [(4, Message::Firing), (6, Message::Resolved)]
        );
        assert_eq!(said(".sss...", NEVER), []);
        // The end waits as well, and is not lost.
        assert_eq!(
            said("FFsSS..", NEVER),
            [(0, Message::Firing), (5, Message::Resolved)]
        );
    }

    #[test]
    fn what_comes_and_goes_is_told_as_such_until_it_is_quiet() {
        let restless = "F.F.F.F.F.F.F.F.F.F.".to_owned() + &".".repeat(20);
        assert_eq!(
            said(&restless, NEVER),
            [
                (0, Message::Firing),
                (1, Message::Resolved),
                (2, Message::Firing),
                (3, Message::Resolved),
                (4, Message::Firing),
                (5, Message::Resolved),
                (6, Message::Flapping),
                (34, Message::Resolved),
            ]
        );
    }

    #[test]
    fn a_matter_that_is_over_is_forgotten_after_a_while() {
        let mut incident = Incident::default();
        assert!(incident.is_forgettable(minutes(0)));
        incident.step(Standing::Firing, None, NEVER, minutes(0));
        incident.step(Standing::Inactive, None, NEVER, minutes(1));
        assert!(!incident.is_forgettable(minutes(30)));
        assert!(incident.is_forgettable(minutes(31)));
    }

    proptest! {
        /// Nobody is left thinking that it lasts, or that all is well, once it is quiet.
        #[test]
        fn in_the_end_people_know_how_it_is(story in "[.pFsS]{0,60}", ends_firing: bool) {
            let tail = if ends_firing { "F" } else { "." }.repeat(20);
            let messages = said(&format!("{story}{tail}"), NEVER);
            let last = messages.last().map(|(_, message)| *message);
            let believes_firing = last.is_some_and(|message| message != Message::Resolved);
            prop_assert_eq!(believes_firing, ends_firing);
        }

        #[test]
        fn nobody_hears_that_it_is_over_who_never_heard_of_it(story in "[.pFsS]{0,80}") {
            let mut is_open = false;
            for (_, message) in said(&story, NEVER) {
                match message {
                    Message::Firing => prop_assert!(!std::mem::replace(&mut is_open, true)),
                    Message::Resolved => prop_assert!(std::mem::replace(&mut is_open, false)),
                    Message::Flapping => is_open = true,
                    Message::Reminder | Message::Escalation => prop_assert!(is_open),
                }
            }
        }
    }
}
