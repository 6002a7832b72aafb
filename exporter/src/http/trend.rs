//! The last hours of each connector: how it stood, minute by minute, in memory.
//!
//! One byte a minute: the worst mood that a published snapshot showed in it. Minutes are
//! those of the monotonic clock, so a clock that is set changes nothing, and the minutes
//! in which the machine slept are empty. A restart begins anew, and the words say how
//! long was watched. The picture is made of paths with classes, since the content policy
//! lets no style stand in the page.
//!
//! Known limit: of more connectors than [`CONNECTORS_MAX`] the later ones have no picture.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};
use std::fmt::Write as _;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use model::connector::Mood;
use model::snapshot::Snapshot;
use model::standing::Alerted;

/// How many minutes are kept: six hours.
const MINUTES: usize = 360;

/// Most connectors with a picture: 1.8 MB.
const CONNECTORS_MAX: usize = 5_000;

/// Minutes in one bar: 120 bars can still be told apart.
const MINUTES_A_BAR: usize = 3;

/// The picture's height in its own units; its width is a unit for each bar.
const HEIGHT: usize = 16;

/// Nothing was seen in the minute. The other values are those of [`code`].
const UNSEEN: u8 = 0;

/// The worse, the greater.
const fn code(mood: Mood) -> u8 {
    match mood {
        Mood::Good => 1,
        Mood::Open => 2,
        Mood::Bad => 3,
    }
}

type Ring = Box<[u8; MINUTES]>;

/// The rings of all connectors.
#[derive(Debug, Default)]
pub(super) struct Trends(Mutex<Rings>);

#[derive(Debug, Default)]
struct Rings {
    /// The minute that was noted last.
    minute: u64,
    rings: HashMap<Arc<str>, Ring>,
}

/// How one connector fared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Trend {
    /// In words, for everybody.
    pub(super) words: String,
    /// The bars of each mood as the path of an SVG.
    pub(super) good: String,
    pub(super) open: String,
    pub(super) bad: String,
}

impl Trends {
    /// Notes how every connector stands at `monotonic`.
    pub(super) fn note(&self, snapshot: &Snapshot, monotonic: Duration) {
        let minute = monotonic.as_secs() / 60;
        let alerted = Alerted::of(snapshot);
        let mut rings = self.lock();
        rings.advance_to(minute);
        let connectors = snapshot.connectors.iter();
        let names: HashSet<&str> = connectors.map(|connector| &*connector.name).collect();
        rings.rings.retain(|name, _| names.contains(&**name));
        for connector in &snapshot.connectors {
            let has_room = rings.rings.len() < CONNECTORS_MAX;
            let ring = match rings.rings.entry(Arc::clone(&connector.name)) {
                Entry::Occupied(known) => known.into_mut(),
                Entry::Vacant(vacant) if has_room => vacant.insert(Box::new([UNSEEN; MINUTES])),
                Entry::Vacant(_) => continue,
            };
            if let Some(slot) = ring.get_mut(slot_of(minute)) {
                *slot = (*slot).max(code(alerted.mood_of(connector)));
            }
        }
    }

    /// The picture of a connector; `None` before the first look at it.
    pub(super) fn of(&self, name: &str) -> Option<Trend> {
        let rings = self.lock();
        let ring = rings.rings.get(name)?;
        let oldest = slot_of(rings.minute).saturating_add(1) % MINUTES;
        let (newer, older) = ring.split_at_checked(oldest)?;
        let minutes = [older, newer].concat();
        drop(rings);
        Some(Trend {
            words: words(&minutes),
            good: path(&minutes, code(Mood::Good), 5),
            open: path(&minutes, code(Mood::Open), 10),
            bad: path(&minutes, code(Mood::Bad), HEIGHT),
        })
    }

    fn lock(&self) -> MutexGuard<'_, Rings> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Rings {
    /// Empties the minutes between the last one and this one.
    fn advance_to(&mut self, minute: u64) {
        let passed = minute.saturating_sub(self.minute);
        let passed = usize::try_from(passed).map_or(MINUTES, |passed| passed.min(MINUTES));
        for back in 0..passed {
            let back = u64::try_from(back).unwrap_or_default();
            let slot = slot_of(minute.saturating_sub(back));
            for ring in self.rings.values_mut() {
                if let Some(slot) = ring.get_mut(slot) {
                    *slot = UNSEEN;
                }
            }
        }
        self.minute = self.minute.max(minute);
    }
}

fn slot_of(minute: u64) -> usize {
    let minutes = u64::try_from(MINUTES).unwrap_or(u64::MAX);
    usize::try_from(minute % minutes).unwrap_or_default()
}

/// For example "trouble in 5 of 360 min, twice".
fn words(minutes: &[u8]) -> String {
    let watched = minutes.iter().filter(|minute| **minute != UNSEEN).count();
    let mut bad = 0_usize;
    let mut times = 0_usize;
    let mut was_bad = false;
    for minute in minutes.iter().filter(|minute| **minute != UNSEEN) {
        let is_bad = *minute == code(Mood::Bad);
        bad = bad.saturating_add(usize::from(is_bad));
        times = times.saturating_add(usize::from(is_bad && !was_bad));
        was_bad = is_bad;
    }
    let times = match times {
        0 | 1 => String::new(),
        2 => ", twice".to_owned(),
        more => format!(", {more} times"),
    };
    match (bad, watched) {
        (0, MINUTES) => "no trouble in 6 h".to_owned(),
        (0, _) => format!("no trouble in {watched} min"),
        (_, _) => format!("trouble in {bad} of {watched} min{times}"),
    }
}

/// The bars whose worst minute is `wanted`, neighbours as one.
fn path(minutes: &[u8], wanted: u8, height: usize) -> String {
    let bars: Vec<bool> = minutes
        .chunks(MINUTES_A_BAR)
        .map(|bar| bar.iter().max() == Some(&wanted))
        .collect();
    let mut path = String::new();
    let mut begin = None;
    for (place, is_wanted) in bars.iter().copied().chain([false]).enumerate() {
        match (is_wanted, begin) {
            (true, None) => begin = Some(place),
            (false, Some(from)) => {
                let (top, width) = (HEIGHT.saturating_sub(height), place.saturating_sub(from));
                // Writing to a String does not fail.
                let _ = write!(path, "M{from} {top}h{width}v{height}h-{width}z");
                begin = None;
            }
            (true, Some(_)) | (false, None) => {}
        }
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::sample;

    fn at_minute(minute: u64) -> Duration {
        Duration::from_secs(minute * 60)
    }

    fn snapshot(connectors: Vec<model::snapshot::ConnectorSnapshot>) -> Snapshot {
        Snapshot {
            connectors,
            ..Snapshot::default()
        }
    }

    #[test]
    fn a_minute_is_as_bad_as_its_worst_moment() {
        let trends = Trends::default();
        let well = snapshot(vec![sample::healthy("a")]);
        let ill = snapshot(vec![sample::troubled("a")]);
        for (minute, picture) in [(0, &well), (1, &well), (1, &ill), (1, &well), (2, &well)] {
            trends.note(picture, at_minute(minute));
        }
        let trend = trends.of("a").unwrap();
        assert_eq!(trend.words, "trouble in 1 of 3 min");
        assert_eq!(
            (trend.bad.as_str(), trend.good.as_str()),
            ("M119 0h1v16h-1z", "")
        );
    }

    #[test]
    fn a_minute_in_which_an_alert_told_of_it_is_bad() {
        let trends = Trends::default();
        let mut told = sample::whole();
        told.connectors = vec![sample::healthy("pub-sjc-2"), sample::healthy("a")];
        trends.note(&told, at_minute(0));
        assert_eq!(
            trends.of("pub-sjc-2").unwrap().words,
            "trouble in 1 of 1 min"
        );
        assert_eq!(trends.of("a").unwrap().words, "no trouble in 1 min");
    }

    #[test]
    fn troubles_are_counted_and_neighbouring_minutes_are_one() {
        let trends = Trends::default();
        for (minute, is_ill) in [true, false, true, true, false, true]
            .into_iter()
            .enumerate()
        {
            let connector = if is_ill {
                sample::troubled("a")
            } else {
                sample::healthy("a")
            };
            let minute = u64::try_from(minute).unwrap();
            trends.note(&snapshot(vec![connector]), at_minute(minute));
        }
        let words = trends.of("a").unwrap().words;
        assert_eq!(words, "trouble in 4 of 6 min, 3 times");
    }

    #[test]
    fn six_hours_later_nothing_is_left_of_it() {
        let trends = Trends::default();
        trends.note(&snapshot(vec![sample::troubled("a")]), at_minute(3));
        let well = snapshot(vec![sample::healthy("a")]);
        for minute in 4..363 {
            trends.note(&well, at_minute(minute));
        }
        let before = trends.of("a").unwrap().words;
        assert_eq!(before, "trouble in 1 of 360 min");
        trends.note(&well, at_minute(363));
        let after = trends.of("a").unwrap();
        assert_eq!(after.words, "no trouble in 6 h");
        assert_eq!(after.good, "M0 11h120v5h-120z");
    }

    #[test]
    fn the_time_of_a_sleep_is_no_time_watched() {
        let trends = Trends::default();
        let ill = snapshot(vec![sample::troubled("a")]);
        trends.note(&ill, at_minute(0));
        trends.note(&ill, at_minute(100));
        let trend = trends.of("a").unwrap();
        assert_eq!(trend.words, "trouble in 2 of 2 min");
        trends.note(&ill, at_minute(10_000));
        assert_eq!(trends.of("a").unwrap().words, "trouble in 1 of 1 min");
    }

    #[test]
    fn a_connector_that_is_gone_is_forgotten_and_a_new_one_begins() {
        let trends = Trends::default();
        trends.note(&snapshot(vec![sample::healthy("a")]), at_minute(0));
        trends.note(&snapshot(vec![sample::healthy("b")]), at_minute(1));
        assert_eq!(trends.of("a"), None);
        assert_eq!(trends.of("b").unwrap().words, "no trouble in 1 min");
    }

    #[test]
    fn there_are_so_many_pictures_and_no_more() {
        let trends = Trends::default();
        let names = (0..CONNECTORS_MAX + 1).map(|number| format!("pub-{number}"));
        let connectors = names.map(|name| sample::healthy(&name)).collect();
        trends.note(&snapshot(connectors), at_minute(0));
        assert!(trends.of(&format!("pub-{}", CONNECTORS_MAX - 1)).is_some());
        assert_eq!(trends.of(&format!("pub-{CONNECTORS_MAX}")), None);
    }
}
