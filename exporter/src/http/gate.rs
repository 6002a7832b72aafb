//! Gives out the places for connections, and decides who leaves when all are taken.
//!
//! A client that asks nothing must not shut out one that does. So a newcomer takes the
//! place of one that waits: whose request has not come wholly, or who idles after an
//! answer. Of an address over its bound that is the one that waits longest; of all,
//! the one that waits longest among those of the address that holds most. Only if all
//! are busy with an answer is the newcomer refused. Deadlines are `connection`'s
//! matter.
//!
//! Known limits: under a flood a client has as long for its request as it takes others
//! to connect as often as there are places. Who asks and then reads nothing counts as
//! busy until the deadline for writing.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};
use std::convert::Infallible;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;

use super::HttpLimits;
use crate::metrics::{AgentMetrics, Rejection};

/// Knows the open connections of all listeners.
#[derive(Debug)]
pub(super) struct Gate {
    connections_max: usize,
    per_address_max: usize,
    metrics: AgentMetrics,
    places: Mutex<Places>,
}

/// What a connection that was let in is given.
#[derive(Debug)]
pub(super) struct Admission {
    /// Its place.
    pub(super) place: Arc<Place>,
    /// Resolves when a newcomer needs the place: the connection is to end at once.
    pub(super) leave: oneshot::Receiver<()>,
}

/// A connection's place; given back when dropped.
#[derive(Debug)]
pub(super) struct Place {
    gate: Arc<Gate>,
    id: u64,
    is_response_made: AtomicBool,
    /// Dropped with the place, which tells the newcomer that it is free.
    _gone: oneshot::Sender<Infallible>,
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
    leave: oneshot::Sender<()>,
    gone: oneshot::Receiver<Infallible>,
}

#[derive(Debug)]
enum Activity {
    /// For the rest of a request or for the next one, since this turn.
    Waits { since: u64 },
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
        }
    }

    /// Takes a place for a client, if need be that of one that waits, or says which
    /// bound it is over. Counts who is refused or displaced.
    ///
    /// Returns when the one before has closed its connection. That one needs nothing
    /// of its client for it, so no client can hold this up.
    pub(super) async fn admit(self: &Arc<Self>, peer: IpAddr) -> Result<Admission, Rejection> {
        let (admission, predecessor) = self
            .take_place(counted_address(peer))
            .inspect_err(|cause| self.metrics.http_rejected(*cause))?;
        if let Some(gone) = predecessor {
            // Always an error: nothing is ever sent, the sender is dropped.
            drop(gone.await);
        }
        Ok(admission)
    }

    fn take_place(
        self: &Arc<Self>,
        address: IpAddr,
    ) -> Result<(Admission, Option<oneshot::Receiver<Infallible>>), Rejection> {
        let mut places = self.places();
        let displaced = if self.per_address_max <= places.held_by(address) {
            let own = places.displace(|occupant| occupant.address == address);
            Some(own.ok_or(Rejection::ConnectionsPerAddress)?)
        } else if self.connections_max <= places.taken.len() {
            Some(places.displace(|_| true).ok_or(Rejection::Connections)?)
        } else {
            None
        };
        let id = places.next_turn();
        let (leave_sender, leave) = oneshot::channel();
        let (gone_sender, gone) = oneshot::channel();
        let occupant = Occupant {
            address,
            activity: Activity::Waits { since: id },
            leave: leave_sender,
            gone,
        };
        places.taken.insert(id, occupant);
        drop(places);
        self.metrics.http_connected();
        let place = Arc::new(Place {
            gate: Arc::clone(self),
            id,
            is_response_made: AtomicBool::new(false),
            _gone: gone_sender,
        });
        let predecessor = displaced.map(|former| {
            self.metrics.http_rejected(Rejection::Displaced);
            // One that ends by itself just now does not hear it.
            let _unheard = former.leave.send(());
            former.gone
        });
        Ok((Admission { place, leave }, predecessor))
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

    /// Takes out one that waits, of those that `may_go`.
    fn displace(&mut self, may_go: impl Fn(&Occupant) -> bool) -> Option<Occupant> {
        let mut held: HashMap<IpAddr, usize> = HashMap::new();
        for occupant in self.taken.values() {
            let count = held.entry(occupant.address).or_default();
            *count = count.saturating_add(1);
        }
        let candidates = self.taken.iter().filter(|(_, occupant)| may_go(occupant));
        let chosen = candidates.filter_map(|(id, occupant)| match occupant.activity {
            // A flood from one address gives way to itself before others do.
            Activity::Waits { since } => Some((Reverse(held.get(&occupant.address)), since, *id)),
            Activity::Answers => None,
        });
        let (_, _, id) = chosen.min()?;
        self.taken.remove(&id)
    }
}

impl Place {
    /// A whole request has come: from now on nobody takes the place.
    pub(super) fn request_came(&self) {
        self.is_response_made.store(false, Ordering::Relaxed);
        self.becomes(|_| Activity::Answers);
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

    fn becomes(&self, activity: impl FnOnce(u64) -> Activity) {
        let mut places = self.gate.places();
        let turn = places.next_turn();
        // One that has been displaced is no longer there, and ends.
        if let Some(occupant) = places.taken.get_mut(&self.id) {
            occupant.activity = activity(turn);
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        drop(self.gate.places().taken.remove(&self.id));
        self.gate.metrics.http_disconnected();
    }
}

/// The address that a client is counted under. One IPv6 client has a whole /64.
fn counted_address(peer: IpAddr) -> IpAddr {
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

    /// A client that connects, whoever has to leave for it.
    fn take(gate: &Arc<Gate>, client: &str) -> Result<Admission, Rejection> {
        let address = counted_address(client.parse().unwrap());
        gate.take_place(address).map(|(admission, _)| admission)
    }

    fn is_displaced(admission: &mut Admission) -> bool {
        admission.leave.try_recv().is_ok()
    }

    #[test]
    fn a_place_comes_back_when_its_connection_ends() {
        let gate = gate(2, 2);
        let first = take(&gate, "192.0.2.1").unwrap();
        let mut second = take(&gate, "192.0.2.1").unwrap();
        drop(first);
        assert!(take(&gate, "192.0.2.1").is_ok());
        assert!(!is_displaced(&mut second));
    }

    #[test]
    fn who_waits_longest_gives_way() {
        let gate = gate(2, 2);
        let mut first = take(&gate, "192.0.2.1").unwrap();
        let mut second = take(&gate, "192.0.2.1").unwrap();
        let mut third = take(&gate, "192.0.2.1").unwrap();
        assert!(is_displaced(&mut first));
        assert!(!is_displaced(&mut second) && !is_displaced(&mut third));
        // An answer makes the second the one that began to wait last.
        second.place.request_came();
        second.place.response_made();
        second.place.written_out();
        let _fourth = take(&gate, "192.0.2.1").unwrap();
        assert!(is_displaced(&mut third) && !is_displaced(&mut second));
    }

    #[test]
    fn who_is_busy_with_an_answer_keeps_its_place() {
        let gate = gate(2, 1);
        let mut first = take(&gate, "192.0.2.1").unwrap();
        first.place.request_came();
        assert_eq!(
            take(&gate, "192.0.2.1").unwrap_err(),
            Rejection::ConnectionsPerAddress
        );
        // Made, and not out yet.
        first.place.response_made();
        assert!(take(&gate, "192.0.2.1").is_err());
        let second = take(&gate, "192.0.2.2").unwrap();
        second.place.request_came();
        // What a flush tells while the answer is being made.
        second.place.written_out();
        assert_eq!(
            take(&gate, "192.0.2.3").unwrap_err(),
            Rejection::Connections
        );
        first.place.written_out();
        assert!(take(&gate, "192.0.2.3").is_ok());
        assert!(is_displaced(&mut first));
    }

    #[test]
    fn the_address_that_holds_most_gives_way_to_others() {
        let gate = gate(4, 4);
        let mut scraper = take(&gate, "192.0.2.1").unwrap();
        let mut flood: Vec<Admission> = (0..3)
            .map(|_| take(&gate, "::ffff:192.0.2.2").unwrap())
            .collect();
        let _newcomer = take(&gate, "192.0.2.3").unwrap();
        assert!(!is_displaced(&mut scraper));
        let displaced: Vec<bool> = flood.iter_mut().map(is_displaced).collect();
        assert_eq!(displaced, [true, false, false]);
    }

    #[test]
    fn an_ipv6_client_counts_by_its_network() {
        let gate = gate(9, 1);
        let mut first = take(&gate, "2001:db8::1").unwrap();
        let _elsewhere = take(&gate, "2001:db8:0:1::1").unwrap();
        assert!(!is_displaced(&mut first));
        let _neighbour = take(&gate, "2001:db8::2").unwrap();
        assert!(is_displaced(&mut first));
    }

    #[tokio::test]
    async fn a_newcomer_is_let_in_when_its_predecessor_has_ended() {
        let gate = gate(1, 1);
        let client = IpAddr::from([192, 0, 2, 1]);
        let first = gate.admit(client).await.unwrap();
        let newcomer = Arc::clone(&gate);
        let second = tokio::spawn(async move { newcomer.admit(client).await.is_ok() });
        // Told to leave, and holding on.
        let Admission { place, leave } = first;
        leave.await.unwrap();
        tokio::task::yield_now().await;
        assert!(!second.is_finished());
        drop(place);
        assert!(second.await.unwrap());
        assert!(gate.places().taken.is_empty());
    }
}
