//! Gives out the places for connections, and decides who leaves when all are taken.
//!
//! A client that asks nothing must not shut out one that does. So a newcomer takes the
//! place of one that waits: whose request has not come wholly, or who idles after an
//! answer. Of an address over its bound that is the one that waits longest; of all,
//! the one that waits longest among those of the address that holds most. It is asked
//! to leave, and stays if its request has come meanwhile; then the next one is asked.
//! Only if all are busy with an answer is the newcomer refused. Deadlines are
//! `connection`'s matter.
//!
//! Known limits: under a flood a client has as long for its request as it takes others
//! to connect as often as there are places. Who asks and then reads nothing counts as
//! busy until the deadline for writing.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};
use std::mem;
use std::net::{IpAddr, Ipv6Addr};
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use super::HttpLimits;
use crate::metrics::{AgentMetrics, Rejection};

/// Knows the open connections of all listeners.
#[derive(Debug)]
pub(super) struct Gate {
    connections_max: usize,
    per_address_max: usize,
    metrics: AgentMetrics,
    places: Mutex<Places>,
    /// A place is free, or one that was asked to leave stays.
    changed: Notify,
}

/// A connection's place; given back when dropped.
#[derive(Debug)]
pub(super) struct Place {
    gate: Arc<Gate>,
    id: u64,
    is_response_made: AtomicBool,
    leave: Arc<Notify>,
}

#[derive(Debug, Default)]
struct Places {
    taken: BTreeMap<u64, Occupant>,
    /// Orders what happens here, in place of a clock.
    turn: u64,
}

#[derive(Debug)]
struct Occupant {
    address: IpAddr,
    activity: Activity,
    leave: Arc<Notify>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Activity {
    /// For the rest of a request or for the next one, since this turn.
    Waits { since: u64 },
    /// As before, and has been asked to leave.
    Leaves,
    /// A request is there whose answer is not out.
    Answers,
}

impl Gate {
    pub(super) fn new(limits: &HttpLimits, metrics: AgentMetrics) -> Self {
        Self {
            connections_max: limits.connections_max,
            per_address_max: limits.connections_per_address_max,
            metrics,
            places: Mutex::default(),
            changed: Notify::new(),
        }
    }

    /// Takes a place for a client, if need be that of one that waits, or says which
    /// bound it is over. Counts who is refused.
    ///
    /// Returns when the one before has closed its connection. That one needs nothing
    /// of its client for it, so no client can hold this up.
    pub(super) async fn admit(self: &Arc<Self>, peer: IpAddr) -> Result<Arc<Place>, Rejection> {
        let address = counted_address(peer);
        loop {
            let mut changed = pin!(self.changed.notified());
            // Before the look, so that no change after it is missed.
            changed.as_mut().enable();
            let place = self
                .take_place(address)
                .inspect_err(|cause| self.metrics.http_rejected(*cause))?;
            if let Some(place) = place {
                return Ok(place);
            }
            changed.await;
        }
    }

    /// Takes a place; `None` if one has been asked to leave and has not answered.
    fn take_place(self: &Arc<Self>, address: IpAddr) -> Result<Option<Arc<Place>>, Rejection> {
        let mut places = self.places();
        if self.per_address_max <= places.held_by(address) {
            let asked = places.ask_to_leave(|occupant| occupant.address == address);
            return asked.map_or(Err(Rejection::ConnectionsPerAddress), |()| Ok(None));
        }
        if self.connections_max <= places.taken.len() {
            let asked = places.ask_to_leave(|_| true);
            return asked.map_or(Err(Rejection::Connections), |()| Ok(None));
        }
        let id = places.next_turn();
        let leave = Arc::new(Notify::new());
        let occupant = Occupant {
            address,
            activity: Activity::Waits { since: id },
            leave: Arc::clone(&leave),
        };
        places.taken.insert(id, occupant);
        drop(places);
        self.metrics.http_connected();
        Ok(Some(Arc::new(Place {
            gate: Arc::clone(self),
            id,
            is_response_made: AtomicBool::new(false),
            leave,
        })))
    }

    fn places(&self) -> MutexGuard<'_, Places> {
        self.places.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Places {
    fn next_turn(&mut self) -> u64 {
        self.turn = self.turn.saturating_add(1);
        self.turn
    }

    fn held_by(&self, address: IpAddr) -> usize {
        self.taken
            .values()
            .filter(|occupant| occupant.address == address)
            .count()
    }

    /// Asks one that waits to leave, of those that `may_go`. `None` if all are busy.
    fn ask_to_leave(&mut self, may_go: impl Fn(&Occupant) -> bool) -> Option<()> {
        let mut held: HashMap<IpAddr, usize> = HashMap::new();
        for occupant in self.taken.values() {
            let count = held.entry(occupant.address).or_default();
            *count = count.saturating_add(1);
        }
        let candidates = self.taken.values_mut().filter(|occupant| may_go(occupant));
        let rank = |occupant: &Occupant| match occupant.activity {
            // Nobody else is asked before this one has answered.
            Activity::Leaves => Some((None, 0)),
            // A flood from one address gives way to itself before others do.
            Activity::Waits { since } => Some((Some(Reverse(held.get(&occupant.address))), since)),
            Activity::Answers => None,
        };
        let ranked = candidates.filter_map(|occupant| Some((rank(occupant)?, occupant)));
        let (_, chosen) = ranked.min_by_key(|(order, _)| *order)?;
        if chosen.activity != Activity::Leaves {
            chosen.activity = Activity::Leaves;
            chosen.leave.notify_one();
        }
        Some(())
    }
}

impl Place {
    /// Waits until a newcomer needs the place and no request has come.
    pub(super) async fn left(&self) {
        loop {
            self.leave.notified().await;
            let activity = self
                .gate
                .places()
                .taken
                .get(&self.id)
                .map(|own| own.activity);
            if activity == Some(Activity::Leaves) {
                return self.gate.metrics.http_rejected(Rejection::Displaced);
            }
        }
    }

    /// A whole request has come: from now on nobody takes the place.
    pub(super) fn request_came(&self) {
        self.is_response_made.store(false, Ordering::Relaxed);
        if self.becomes(|_| Activity::Answers) == Some(Activity::Leaves) {
            self.gate.changed.notify_waiters();
        }
    }

    /// The response is made. It is out as soon as all that is written is.
    pub(super) fn response_made(&self) {
        self.is_response_made.store(true, Ordering::Relaxed);
    }

    /// All that was written has been taken by the system: if that was a response, the
    /// connection waits for its next request.
    pub(super) fn written_out(&self) {
        if self.is_response_made.swap(false, Ordering::Relaxed) {
            self.becomes(|since| Activity::Waits { since });
        }
    }

    /// Returns the activity before.
    fn becomes(&self, activity: impl FnOnce(u64) -> Activity) -> Option<Activity> {
        let mut places = self.gate.places();
        let turn = places.next_turn();
        let own = places.taken.get_mut(&self.id)?;
        Some(mem::replace(&mut own.activity, activity(turn)))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        drop(self.gate.places().taken.remove(&self.id));
        self.gate.metrics.http_disconnected();
        self.gate.changed.notify_waiters();
    }
}

/// The address that a client is counted under. One IPv6 client has a whole /64.
pub(super) fn counted_address(peer: IpAddr) -> IpAddr {
    match peer.to_canonical() {
        IpAddr::V6(address) => {
            let prefix = u128::from(address) & (u128::MAX << 64);
            IpAddr::V6(Ipv6Addr::from(prefix))
        }
        address @ IpAddr::V4(_) => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use prometheus_client::registry::Registry;

    fn gate(connections_max: usize, connections_per_address_max: usize) -> Arc<Gate> {
        let metrics = AgentMetrics::register(&mut Registry::default());
        let limits = HttpLimits {
            connections_max,
            connections_per_address_max,
            ..HttpLimits::default()
        };
        Arc::new(Gate::new(&limits, metrics))
    }

    /// A client that connects; `None` if it has to wait until another one leaves.
    fn take(gate: &Arc<Gate>, client: &str) -> Result<Option<Arc<Place>>, Rejection> {
        gate.take_place(counted_address(client.parse().unwrap()))
    }

    fn is_asked_to_leave(place: &Place) -> bool {
        let places = place.gate.places();
        places.taken[&place.id].activity == Activity::Leaves
    }

    #[test]
    fn a_place_comes_back_when_its_connection_ends() {
        let gate = gate(2, 2);
        let first = take(&gate, "192.0.2.1").unwrap().unwrap();
        let second = take(&gate, "192.0.2.1").unwrap().unwrap();
        drop(first);
        assert!(take(&gate, "192.0.2.1").unwrap().is_some());
        assert!(!is_asked_to_leave(&second));
    }

    #[test]
    fn who_waits_longest_gives_way() {
        let gate = gate(2, 2);
        let first = take(&gate, "192.0.2.1").unwrap().unwrap();
        let second = take(&gate, "192.0.2.1").unwrap().unwrap();
        // An answer makes the first the one that began to wait last.
        first.request_came();
        first.response_made();
        first.written_out();
        // Asking again asks nobody else.
        for _ in 0..3 {
            assert!(take(&gate, "192.0.2.1").unwrap().is_none());
        }
        assert!(is_asked_to_leave(&second) && !is_asked_to_leave(&first));
    }

    #[test]
    fn who_is_busy_with_an_answer_keeps_its_place() {
        let gate = gate(2, 1);
        let first = take(&gate, "192.0.2.1").unwrap().unwrap();
        first.request_came();
        assert_eq!(
            take(&gate, "192.0.2.1").unwrap_err(),
            Rejection::ConnectionsPerAddress
        );
        // Made, and not out yet.
        first.response_made();
        assert!(take(&gate, "192.0.2.1").is_err());
        let second = take(&gate, "192.0.2.2").unwrap().unwrap();
        second.request_came();
        // What a flush tells while the answer is being made.
        second.written_out();
        assert_eq!(
            take(&gate, "192.0.2.3").unwrap_err(),
            Rejection::Connections
        );
        first.written_out();
        assert!(take(&gate, "192.0.2.3").unwrap().is_none());
        assert!(is_asked_to_leave(&first));
    }

    #[test]
    fn the_address_that_holds_most_gives_way_to_others() {
        let gate = gate(4, 4);
        let scraper = take(&gate, "192.0.2.1").unwrap().unwrap();
        let flood: Vec<Arc<Place>> = (0..3)
            .map(|_| take(&gate, "::ffff:192.0.2.2").unwrap().unwrap())
            .collect();
        assert!(take(&gate, "192.0.2.3").unwrap().is_none());
        assert!(!is_asked_to_leave(&scraper));
        let asked: Vec<bool> = flood.iter().map(|place| is_asked_to_leave(place)).collect();
        assert_eq!(asked, [true, false, false]);
    }

    #[test]
    fn an_ipv6_client_counts_by_its_network() {
        let gate = gate(9, 1);
        let first = take(&gate, "2001:db8::1").unwrap().unwrap();
        assert!(take(&gate, "2001:db8:0:1::1").unwrap().is_some());
        assert!(!is_asked_to_leave(&first));
        assert!(take(&gate, "2001:db8::2").unwrap().is_none());
        assert!(is_asked_to_leave(&first));
    }

    #[tokio::test]
    async fn a_newcomer_is_let_in_when_its_predecessor_has_ended() {
        let gate = gate(1, 1);
        let client = IpAddr::from([192, 0, 2, 1]);
        let first = gate.admit(client).await.unwrap();
        let newcomer = Arc::clone(&gate);
        let second = tokio::spawn(async move { newcomer.admit(client).await.is_ok() });
        first.left().await;
        // Told to leave, and holding on.
        tokio::task::yield_now().await;
        assert!(!second.is_finished());
        drop(first);
        assert!(second.await.unwrap());
        assert!(gate.places().taken.is_empty());
    }

    #[tokio::test]
    async fn who_is_asked_to_leave_stays_if_its_request_has_come() {
        let gate = gate(2, 2);
        let client = IpAddr::from([192, 0, 2, 1]);
        let first = gate.admit(client).await.unwrap();
        let second = gate.admit(client).await.unwrap();
        let newcomer = Arc::clone(&gate);
        let third = tokio::spawn(async move { newcomer.admit(client).await.is_ok() });
        tokio::task::yield_now().await;
        assert!(is_asked_to_leave(&first));
        first.request_came();
        // The next one is asked instead.
        second.left().await;
        drop(second);
        assert!(third.await.unwrap());
        assert!(!is_asked_to_leave(&first));
    }
}
