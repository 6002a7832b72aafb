//! Round trips to the vendor's gateways, in buckets by connector and point of presence.
//!
//! Every bucket is a counter of its own in a table like that of the other counters, so
//! it is committed with the lines that it counts and survives as exactly. Names of
//! points of presence come from lines of logs: only plain words become a series, and
//! only so many of a connector; all others count together.
//!
//! Known limit: a point of presence keeps its series for as long as the store lives,
//! whether the client still measures it or not.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use model::histogram::{OTHER_POP, POPS_MAX, RTT_BOUNDS_MS, RttHistogram};
use model::reading::SeriesKey;
use model::signal::Signal;

use super::counters::{CounterIndex, CounterTable};

/// Longest round trip that is believed, in milliseconds. What takes longer is no
/// measurement of a network.
const RTT_MAX_MS: u64 = 60_000;

/// Longest name of a point of presence that becomes a label, in bytes.
const POP_BYTES_MAX: usize = 16;

/// Stands in the store for the bucket above all bounds.
const ABOVE: &str = "above";

/// Stands in the store for the sum of all measurements.
const SUM: &str = "sum_ms";

/// All round trips of one run and of those before it.
#[derive(Debug, Default)]
pub struct RoundTrips {
    counters: CounterTable,
    connectors: Vec<Measured>,
}

/// One connector's points of presence.
#[derive(Debug)]
struct Measured {
    connector: Arc<str>,
    /// First of the counters of each: its buckets, and last the sum.
    pops: BTreeMap<Arc<str>, CounterIndex>,
}

impl RoundTrips {
    /// Begins with the points of presence that the store knows.
    pub fn open(
        connectors: impl Iterator<Item = Arc<str>>,
        restored: HashMap<SeriesKey, u64>,
    ) -> Self {
        let mut known: Vec<(Arc<str>, Arc<str>)> = restored
            .keys()
            .filter_map(|key| match key.label_values.as_slice() {
                [connector, pop, _] => Some((Arc::clone(connector), Arc::clone(pop))),
                _ => None,
            })
            .collect();
        known.sort_unstable();
        known.dedup();
        let mut round_trips = Self {
            counters: CounterTable::new(restored),
            connectors: connectors.map(Measured::new).collect(),
        };
        for (connector, pop) in known {
            let mut measured = round_trips.connectors.iter();
            if let Some(place) = measured.position(|one| one.connector == connector) {
                round_trips.open_pop(place, &pop);
            }
        }
        round_trips
    }

    /// Counts one measurement, as a line gave it. A number that is none, or that no
    /// network has, counts nowhere.
    pub fn measure(&mut self, connector: usize, pop: &str, rtt_ms: &str) {
        let Some(rtt_ms) = rtt_ms
            .parse()
            .ok()
            .filter(|ms| (1..=RTT_MAX_MS).contains(ms))
        else {
            return;
        };
        if let Some(first) = self.open_pop(connector, pop) {
            self.counters
                .add(first.plus(RttHistogram::step_of(rtt_ms)), 1);
            self.counters.add(first.plus(RttHistogram::steps()), rtt_ms);
        }
    }

    /// A connector's measurements by point of presence, sorted by its name.
    pub fn of(&self, connector: usize) -> Vec<(Arc<str>, RttHistogram)> {
        let pops = self
            .connectors
            .get(connector)
            .map(|measured| &measured.pops);
        pops.into_iter()
            .flatten()
            .map(|(pop, first)| (Arc::clone(pop), self.histogram(*first)))
            .collect()
    }

    /// Counters that moved since the last commit, with their values.
    pub fn uncommitted(&self) -> Vec<(SeriesKey, u64)> {
        self.counters.uncommitted()
    }

    /// The store has all values of [`Self::uncommitted`] now.
    pub fn mark_committed(&mut self) {
        self.counters.mark_committed();
    }

    /// No store has any of it: everything is to be written again.
    pub fn mark_uncommitted(&mut self) {
        self.counters.mark_uncommitted();
    }

    /// Adds what was measured in other files of the same connectors.
    pub fn absorb(&mut self, other: &Self) {
        for (place, measured) in other.connectors.iter().enumerate() {
            for (pop, theirs) in &measured.pops {
                let Some(ours) = self.open_pop(place, pop) else {
                    continue;
                };
                for step in 0..=RttHistogram::steps() {
                    let value = other.counters.value(theirs.plus(step));
                    self.counters.add(ours.plus(step), value);
                }
            }
        }
    }

    /// The counters of a point of presence, or of the others if it has none of its own.
    fn open_pop(&mut self, connector: usize, pop: &str) -> Option<CounterIndex> {
        let Self {
            counters,
            connectors,
        } = self;
        let Measured { connector, pops } = connectors.get_mut(connector)?;
        if let Some(first) = pops.get(pop) {
            return Some(*first);
        }
        let own = pops.keys().filter(|known| &***known != OTHER_POP).count();
        let label = if is_plain_name(pop) && own < POPS_MAX {
            pop
        } else {
            OTHER_POP
        };
        if let Some(first) = pops.get(label) {
            return Some(*first);
        }
        let label: Arc<str> = Arc::from(label);
        let labels = |step: String| vec![Arc::clone(connector), Arc::clone(&label), step.into()];
        let first = counters.open(Signal::GatewayRtt, step_names().map(labels));
        pops.insert(label, first);
        Some(first)
    }

    fn histogram(&self, first: CounterIndex) -> RttHistogram {
        RttHistogram {
            counts: (0..RttHistogram::steps())
                .map(|step| self.counters.value(first.plus(step)))
                .collect(),
            sum_ms: self.counters.value(first.plus(RttHistogram::steps())),
        }
    }
}

impl Measured {
    const fn new(connector: Arc<str>) -> Self {
        Self {
            connector,
            pops: BTreeMap::new(),
        }
    }
}

/// What the counters of one point of presence are called in the store. Named by their
/// bounds, so that other bounds would be other counters.
fn step_names() -> impl Iterator<Item = String> {
    let bounds = RTT_BOUNDS_MS.iter().map(u64::to_string);
    bounds.chain([ABOVE.to_owned(), SUM.to_owned()])
}

fn is_plain_name(pop: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    (1..=POP_BYTES_MAX).contains(&pop.len()) && pop.bytes().all(is_plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open(restored: Vec<(SeriesKey, u64)>) -> RoundTrips {
        let names = ["laptop", "desktop"].into_iter().map(Arc::from);
        RoundTrips::open(names, restored.into_iter().collect())
    }

    fn names(round_trips: &RoundTrips) -> Vec<String> {
        let shown = round_trips.of(0);
        shown.iter().map(|(pop, _)| pop.to_string()).collect()
    }

    #[test]
    fn measurements_fall_into_buckets_and_are_summed_up() {
        let mut round_trips = open(Vec::new());
        for rtt_ms in ["1", "5", "6", "60000"] {
            round_trips.measure(0, "US-ORD2", rtt_ms);
        }
        let shown = round_trips.of(0);
        let (pop, histogram) = &shown[0];
        assert_eq!(
            (&**pop, histogram.sum_ms, histogram.count()),
            ("US-ORD2", 60_012, 4)
        );
        assert_eq!(histogram.counts[..2], [2, 1]);
        assert_eq!(histogram.counts.last(), Some(&1));
        assert_eq!(round_trips.of(1), [], "another connector's");
    }

    #[test]
    fn what_is_no_round_trip_counts_nowhere() {
        let mut round_trips = open(Vec::new());
        for rtt_ms in ["0", "60001", "-1", "", "12ms", "99999999999999999999999"] {
            round_trips.measure(0, "US-ORD2", rtt_ms);
        }
        round_trips.measure(7, "US-ORD2", "12");
        assert_eq!(round_trips.of(0), []);
    }

    #[test]
    fn a_name_that_is_no_plain_word_counts_among_the_others() {
        let mut round_trips = open(Vec::new());
        for pop in [
            "",
            "a b",
            "a\"b",
            "bob@example.com",
            "é",
            "seventeen-letters",
        ] {
            round_trips.measure(0, pop, "12");
        }
        round_trips.measure(0, OTHER_POP, "12");
        assert_eq!(names(&round_trips), [OTHER_POP]);
        assert_eq!(round_trips.of(0)[0].1.count(), 7);
    }

    #[test]
    fn no_log_makes_more_series_than_allowed() {
        let mut round_trips = open(Vec::new());
        round_trips.measure(0, "no name at all", "12");
        for pop in 0..200 {
            round_trips.measure(0, &format!("POP-{pop:03}"), "12");
        }
        assert_eq!(names(&round_trips).len(), POPS_MAX + 1);
        let restarted = open(round_trips.uncommitted());
        assert_eq!(restarted.of(0), round_trips.of(0));
        assert_eq!(restarted.uncommitted(), [], "the store has it all");
    }

    #[test]
    fn files_that_were_read_side_by_side_add_up() {
        let mut one = open(Vec::new());
        one.measure(0, "US-ORD2", "12");
        one.measure(0, "US-MIA2", "12");
        let mut other = open(Vec::new());
        other.measure(0, "US-MIA2", "20");
        other.measure(0, "US-STL1", "90");
        one.absorb(&other);
        assert_eq!(names(&one), ["US-MIA2", "US-ORD2", "US-STL1"]);
        assert_eq!(one.of(0)[0].1.sum_ms, 32);
    }
}
