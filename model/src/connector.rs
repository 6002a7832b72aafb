//! A connector's state, and how events fold into it.
//!
//! State changes on confirmed lines only: an attempt never makes a tunnel up, and
//! silence changes nothing (it has its own number, the time of the last line). The
//! fold is total and pure: any order of events gives a state, the same events give
//! the same state.
//!
//! Known limit: a Publisher whose tunnel breaks without a word stays `connected`
//! here. No public source shows its line for a lost tunnel; see docs/adr/0005.

use jiff::Timestamp;

use crate::event::{Event, EventKind, Reason};
use crate::log::label_set;
use crate::untrusted::Untrusted;

label_set! {
    /// The product that a connector is.
    ConnectorKind {
        /// Netskope Private Access Publisher.
        NetskopePublisher = "netskope-publisher",
    }
}

label_set! {
    /// Whether the connector is registered with its tenant.
    RegistrationState {
        /// No line has told yet.
        Unknown = "unknown",
        /// A registration runs.
        Registering = "registering",
        /// The tenant accepted it.
        Registered = "registered",
        /// The last registration was given up.
        Failed = "failed",
    }
}

label_set! {
    /// Whether the tunnel to the vendor's cloud is up.
    TunnelState {
        /// No line has told yet.
        Unknown = "unknown",
        /// On its way up, after it was down or unknown.
        Connecting = "connecting",
        /// Confirmed up.
        Connected = "connected",
        /// Confirmed down.
        Disconnected = "disconnected",
    }
}

label_set! {
    /// How the last update of the connector ended.
    UpdateState {
        /// No line has told yet.
        Unknown = "unknown",
        /// An update runs.
        Running = "running",
        /// It ended well, or there was nothing to update.
        Current = "current",
        /// It failed.
        Failed = "failed",
        /// It was installed and the connector did not come back.
        ReconnectFailed = "reconnect_failed",
    }
}

label_set! {
    /// A part of a connector's state that changes on its own.
    Aspect {
        /// See [`RegistrationState`].
        Registration = "registration",
        /// See [`TunnelState`].
        Tunnel = "tunnel",
        /// See [`UpdateState`].
        Update = "update",
    }
}

/// One aspect's state, since when, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Status<S> {
    /// The state.
    pub state: S,
    /// When it became so. `None` while nothing has changed it.
    pub since: Option<Timestamp>,
    /// The event that made it so; `None` while nothing has.
    pub event: Option<EventKind>,
    /// That event's reason.
    pub reason: Reason,
}

impl<S> Status<S> {
    const fn initial(state: S, none: Reason) -> Self {
        Self {
            state,
            since: None,
            event: None,
            reason: none,
        }
    }
}

/// A change of one aspect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transition {
    /// Which aspect changed.
    pub aspect: Aspect,
    /// The state's name before.
    pub from: &'static str,
    /// The state's name now.
    pub to: &'static str,
    /// When.
    pub at: Timestamp,
}

/// What the logs told about the connector itself. Text from logs: shown, never a label.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Facts {
    /// The connector's own id: its certificate's common name.
    pub publisher_id: Option<Untrusted>,
    /// The tenant's name.
    pub tenant: Option<Untrusted>,
    /// The stitcher it was connected to last.
    pub stitcher: Option<Untrusted>,
    /// The address it registered with.
    pub address: Option<Untrusted>,
}

/// Everything known about one connector.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConnectorState {
    /// Is it registered?
    pub registration: Status<RegistrationState>,
    /// Is its tunnel up?
    pub tunnel: Status<TunnelState>,
    /// How did its last update end?
    pub update: Status<UpdateState>,
    /// Who is it?
    pub facts: Facts,
}

impl Default for ConnectorState {
    fn default() -> Self {
        Self {
            registration: Status::initial(RegistrationState::Unknown, Reason::none()),
            tunnel: Status::initial(TunnelState::Unknown, Reason::none()),
            update: Status::initial(UpdateState::Unknown, Reason::none()),
            facts: Facts::default(),
        }
    }
}

impl ConnectorState {
    /// Takes in one event that happened at `at`, and returns what it changed.
    ///
    /// An event that confirms the present state keeps the state's `since`, and
    /// refreshes its reason.
    pub fn apply(&mut self, event: &Event, at: Timestamp) -> Option<Transition> {
        self.learn(event);
        match effect(event.key.kind, self.tunnel.state) {
            Effect::Nothing => None,
            Effect::Registration(to) => change(
                &mut self.registration,
                to,
                RegistrationState::name,
                event,
                at,
            )
            .map(|(from, to)| Transition {
                aspect: Aspect::Registration,
                from,
                to,
                at,
            }),
            Effect::Tunnel(to) => {
                change(&mut self.tunnel, to, TunnelState::name, event, at).map(|(from, to)| {
                    Transition {
                        aspect: Aspect::Tunnel,
                        from,
                        to,
                        at,
                    }
                })
            }
            Effect::Update(to) => {
                change(&mut self.update, to, UpdateState::name, event, at).map(|(from, to)| {
                    Transition {
                        aspect: Aspect::Update,
                        from,
                        to,
                        at,
                    }
                })
            }
        }
    }

    /// Takes over what another fold, of other files of the same connector, knows
    /// later or alone.
    pub fn absorb(&mut self, other: &Self) {
        absorb_status(&mut self.registration, &other.registration);
        absorb_status(&mut self.tunnel, &other.tunnel);
        absorb_status(&mut self.update, &other.update);
        for (own, learned) in [
            (&mut self.facts.publisher_id, &other.facts.publisher_id),
            (&mut self.facts.tenant, &other.facts.tenant),
            (&mut self.facts.stitcher, &other.facts.stitcher),
            (&mut self.facts.address, &other.facts.address),
        ] {
            if learned.is_some() {
                own.clone_from(learned);
            }
        }
    }

    /// Whether the last confirmed tunnel event was a connect.
    pub fn is_tunnel_up(&self) -> bool {
        self.tunnel.state == TunnelState::Connected
    }

    /// When an aspect's state changed last.
    pub const fn since(&self, aspect: Aspect) -> Option<Timestamp> {
        match aspect {
            Aspect::Registration => self.registration.since,
            Aspect::Tunnel => self.tunnel.since,
            Aspect::Update => self.update.since,
        }
    }

    fn learn(&mut self, event: &Event) {
        for (name, slot) in [
            ("publisher_id", &mut self.facts.publisher_id),
            ("tenant", &mut self.facts.tenant),
            ("stitcher", &mut self.facts.stitcher),
            ("address", &mut self.facts.address),
        ] {
            if let Some(value) = event.field(name).filter(|value| !value.expose().is_empty()) {
                *slot = Some(value.clone());
            }
        }
    }
}

impl EventKind {
    /// The aspect that this event can change.
    pub const fn aspect(self) -> Option<Aspect> {
        // In the one state in which every event has its effect.
        match effect(self, TunnelState::Unknown) {
            Effect::Nothing => None,
            Effect::Registration(_) => Some(Aspect::Registration),
            Effect::Tunnel(_) => Some(Aspect::Tunnel),
            Effect::Update(_) => Some(Aspect::Update),
        }
    }

    /// Whether [`ConnectorState::apply`] can do anything with this event, so that
    /// the many that only count need not be built at all.
    pub const fn concerns_state(self) -> bool {
        match self {
            Self::RegistrationStarted
            | Self::RegistrationAttempted
            | Self::RegistrationSucceeded
            | Self::RegistrationFailed
            | Self::CertificateIdentified
            | Self::TunnelConnecting
            | Self::TunnelConnected
            | Self::TunnelDisconnected
            | Self::TunnelUnknownEvent
            | Self::StitcherStatus
            | Self::UpdateStarted
            | Self::UpdateSucceeded
            | Self::UpdateFailed
            | Self::UpdateSkipped
            | Self::UpdateReconnectFailed => true,
            Self::CertificateVerified
            | Self::TlsError
            | Self::DataplaneChecking
            | Self::DataplaneVerified
            | Self::ConfigPulled
            | Self::ReachabilityProtocolsAdded
            | Self::AppConnectionOpened
            | Self::ClientConnected
            | Self::ClientDisconnected => false,
        }
    }
}

/// What an event does to a connector.
enum Effect {
    Nothing,
    Registration(RegistrationState),
    Tunnel(TunnelState),
    Update(UpdateState),
}

const fn effect(kind: EventKind, tunnel: TunnelState) -> Effect {
    match kind {
        EventKind::RegistrationStarted | EventKind::RegistrationAttempted => {
            Effect::Registration(RegistrationState::Registering)
        }
        EventKind::RegistrationSucceeded => Effect::Registration(RegistrationState::Registered),
        EventKind::RegistrationFailed => Effect::Registration(RegistrationState::Failed),
        EventKind::TunnelConnected => Effect::Tunnel(TunnelState::Connected),
        EventKind::TunnelDisconnected => Effect::Tunnel(TunnelState::Disconnected),
        // An attempt says nothing against a tunnel that is confirmed up: a second
        // stitcher may be tried while the first serves.
        EventKind::TunnelConnecting => match tunnel {
            TunnelState::Connected => Effect::Nothing,
            TunnelState::Unknown | TunnelState::Connecting | TunnelState::Disconnected => {
                Effect::Tunnel(TunnelState::Connecting)
            }
        },
        EventKind::UpdateStarted => Effect::Update(UpdateState::Running),
        // "Skipped" means that the wanted version is the one installed.
        EventKind::UpdateSucceeded | EventKind::UpdateSkipped => {
            Effect::Update(UpdateState::Current)
        }
        EventKind::UpdateFailed => Effect::Update(UpdateState::Failed),
        EventKind::UpdateReconnectFailed => Effect::Update(UpdateState::ReconnectFailed),
        EventKind::CertificateIdentified
        | EventKind::CertificateVerified
        | EventKind::TunnelUnknownEvent
        | EventKind::TlsError
        | EventKind::DataplaneChecking
        | EventKind::DataplaneVerified
        | EventKind::StitcherStatus
        | EventKind::ConfigPulled
        | EventKind::ReachabilityProtocolsAdded
        | EventKind::AppConnectionOpened
        | EventKind::ClientConnected
        | EventKind::ClientDisconnected => Effect::Nothing,
    }
}

fn absorb_status<S: Clone>(own: &mut Status<S>, other: &Status<S>) {
    // `None` is before every time: a state that something made beats one that nothing did.
    if own.since <= other.since && other.since.is_some() {
        own.clone_from(other);
    }
}

fn change<S: Copy + PartialEq>(
    status: &mut Status<S>,
    to: S,
    name: fn(S) -> &'static str,
    event: &Event,
    at: Timestamp,
) -> Option<(&'static str, &'static str)> {
    let from = status.state;
    status.event = Some(event.key.kind);
    status.reason = event.key.reason.clone();
    if from == to && status.since.is_some() {
        return None;
    }
    status.state = to;
    status.since = Some(at);
    Some((name(from), name(to)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{EventKey, Field};

    fn event(kind: EventKind) -> Event {
        Event {
            key: EventKey {
                kind,
                reason: Reason::none(),
            },
            time: None,
            fields: Vec::new(),
        }
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn fold(kinds: &[EventKind]) -> ConnectorState {
        let mut state = ConnectorState::default();
        for (second, kind) in (1..).zip(kinds) {
            state.apply(&event(*kind), at(second));
        }
        state
    }

    #[test]
    fn an_attempt_never_makes_a_tunnel_up() {
        let state = fold(&[EventKind::TunnelConnecting, EventKind::StitcherStatus]);
        assert_eq!(state.tunnel.state, TunnelState::Connecting);
        assert!(!state.is_tunnel_up());
    }

    #[test]
    fn an_attempt_beside_a_confirmed_tunnel_changes_nothing() {
        let state = fold(&[EventKind::TunnelConnected, EventKind::TunnelConnecting]);
        assert!(state.is_tunnel_up());
        assert_eq!(state.tunnel.since, Some(at(1)));
    }

    #[test]
    fn a_repeated_confirmation_keeps_the_time_of_the_change() {
        let state = fold(&[
            EventKind::TunnelConnected,
            EventKind::TunnelDisconnected,
            EventKind::TunnelDisconnected,
        ]);
        assert_eq!(
            (state.tunnel.state, state.tunnel.since),
            (TunnelState::Disconnected, Some(at(2)))
        );
    }

    #[test]
    fn a_skipped_update_heals_a_failed_one() {
        let failed = fold(&[EventKind::UpdateFailed]);
        assert_eq!(failed.update.state, UpdateState::Failed);
        let healed = fold(&[EventKind::UpdateFailed, EventKind::UpdateSkipped]);
        assert_eq!(healed.update.state, UpdateState::Current);
    }

    #[test]
    fn an_empty_field_does_not_erase_what_is_known() {
        let mut state = ConnectorState::default();
        for tenant in ["example.goskope.com", ""] {
            let mut connected = event(EventKind::TunnelConnected);
            connected.fields.push(Field {
                name: "tenant".into(),
                value: Untrusted::new(tenant),
            });
            state.apply(&connected, at(1));
        }
        assert_eq!(
            state.facts.tenant,
            Some(Untrusted::new("example.goskope.com"))
        );
    }

    #[test]
    fn what_does_not_concern_the_state_leaves_it_alone() {
        for kind in EventKind::ALL.iter().filter(|kind| !kind.concerns_state()) {
            assert_eq!(fold(&[*kind]), ConnectorState::default(), "{kind}");
        }
    }
}
