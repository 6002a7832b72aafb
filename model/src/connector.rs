//! A connector's state, and how events fold into it.
//!
//! State changes on confirmed lines only: an attempt never makes a tunnel up. Silence
//! changes nothing by itself; who watches the time may [`ConnectorState::forget`].
//! The fold is total and pure: any order of events gives a state, the same events give
//! the same state. What an event does depends on the product (`fold`), the words of
//! each part stand in `states`, the vendor's table of a client in `client_status`.
//!
//! Known limit: a Publisher whose tunnel breaks without a word stays `connected`
//! here. No public source shows its line for a lost tunnel; see docs/adr/0005.

mod client_status;
mod facts;
mod fold;
mod kind;
mod observe;
mod states;
mod tool;
mod version;

use jiff::Timestamp;

pub use self::client_status::{Actor, STATUS_TABLE, StatusRow, VendorStatus};
pub use self::facts::{Fact, Facts};
pub use self::fold::Effect;
pub use self::kind::ConnectorKind;
pub use self::states::{
    Aspect, AspectState, ClientStatus, ConfigurationState, DegradedReason, IconState, Mood,
    RegistrationState, Service, ServiceState, SteeringState, TunnelState, UpdateState,
};
pub use self::tool::{ProbeFailure, Tool, ToolReading, ToolRun};
pub use self::version::version_in;

use crate::event::{Event, EventKind, Reason};

/// The reason of a state that silence made unknown.
pub const SILENCE: &str = "silence";

/// The reason of a state that the vendor's tool told, if the tool gave none itself.
pub const TOLD_BY_TOOL: &str = "tool";

/// The reason of a client that is off because its tunnel is down, and nobody says why.
pub const TUNNEL_DOWN: &str = "tunnel_down";

/// One aspect's state, since when, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Status<S> {
    /// The state.
    pub state: S,
    /// When it became so. `None` while nothing has changed it.
    pub since: Option<Timestamp>,
    /// The event that made it so; `None` while nothing has, or if no event did.
    pub event: Option<EventKind>,
    /// That event's reason.
    pub reason: Reason,
}

impl<S: AspectState> Default for Status<S> {
    fn default() -> Self {
        Self {
            state: S::UNKNOWN,
            since: None,
            event: None,
            reason: Reason::none(),
        }
    }
}

/// One aspect's status in words, whatever its type: for readers that show all alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StatusView<'a> {
    /// The state's word.
    pub state: &'static str,
    /// How good it is.
    pub mood: Mood,
    /// See [`Status::since`].
    pub since: Option<Timestamp>,
    /// See [`Status::event`].
    pub event: Option<EventKind>,
    /// See [`Status::reason`].
    pub reason: &'a Reason,
}

/// Since when and why an aspect is as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evidence {
    /// See [`Status::since`].
    pub since: Option<Timestamp>,
    /// See [`Status::event`].
    pub event: Option<EventKind>,
    /// See [`Status::reason`].
    pub reason: Reason,
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

/// The comings and goings of clients on a connector that serves them. No number of
/// those present: the line of a leaving client names none (docs/adr/0005).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Sessions {
    /// When a client came last.
    pub opened_at: Option<Timestamp>,
    /// When a client left in good order last.
    pub closed_at: Option<Timestamp>,
}

impl Sessions {
    /// Takes note of an event. Others than those of sessions change nothing.
    pub const fn note(&mut self, kind: EventKind, at: Timestamp) {
        if matches!(kind, EventKind::ClientConnected) {
            self.opened_at = Some(at);
        } else if matches!(kind, EventKind::ClientDisconnected) {
            self.closed_at = Some(at);
        }
    }
}

/// Declares the state's aspects, and everything that treats all of them alike.
macro_rules! connector_state {
    ($($(#[$doc:meta])* $field:ident: $state:ty => $aspect:ident,)+) => {
        /// Everything known about one connector.
        #[derive(Debug, Clone, PartialEq, Eq, Default)]
        pub struct ConnectorState {
            $($(#[$doc])* pub $field: Status<$state>,)+
            /// When do clients come and go?
            pub sessions: Sessions,
            /// Who is it?
            pub facts: Facts,
        }

        impl ConnectorState {
            /// One aspect in words.
            pub fn view(&self, aspect: Aspect) -> StatusView<'_> {
                match aspect {
                    $(Aspect::$aspect => view(&self.$field),)+
                }
            }

            /// Puts an aspect back as it was stored. A word that is no state of it, such
            /// as one of another version, changes nothing.
            pub fn restore(&mut self, aspect: Aspect, word: &str, evidence: Evidence) {
                match aspect {
                    $(Aspect::$aspect => restore(&mut self.$field, word, evidence),)+
                }
            }

            /// Takes over what another fold, of other files of the same connector, knows
            /// later or alone.
            pub fn absorb(&mut self, other: &Self) {
                $(absorb_status(&mut self.$field, &other.$field);)+
                self.sessions.opened_at = self.sessions.opened_at.max(other.sessions.opened_at);
                self.sessions.closed_at = self.sessions.closed_at.max(other.sessions.closed_at);
                self.facts.absorb(&other.facts);
            }

            /// Nothing vouches for an aspect any more: if its state was known it becomes
            /// unknown. Returns whether it was known.
            pub fn forget(&mut self, aspect: Aspect, at: Timestamp) -> bool {
                match aspect {
                    $(Aspect::$aspect => forget(&mut self.$field, at),)+
                }
            }
        }

        /// The words of an aspect's states, `unknown` first.
        pub fn states_of(aspect: Aspect) -> Vec<&'static str> {
            match aspect {
                $(Aspect::$aspect => {
                    <$state>::STATES.iter().map(|state| state.word()).collect()
                })+
            }
        }
    };
}

connector_state! {
    /// Is it registered?
    registration: RegistrationState => Registration,
    /// Is its tunnel up?
    tunnel: TunnelState => Tunnel,
    /// How did its last update end?
    update: UpdateState => Update,
    /// Is the client on?
    client: ClientStatus => Client,
    /// Is traffic led into the tunnel?
    steering: SteeringState => Steering,
    /// Could it fetch its configuration?
    configuration: ConfigurationState => Configuration,
    /// Are private applications reachable?
    private_access: ServiceState => PrivateAccess,
    /// Does traffic to the internet go through the vendor's cloud?
    internet_security: ServiceState => InternetSecurity,
}

impl ConnectorState {
    /// Takes in one event of a connector of this kind that happened at `at`, and returns
    /// what it changed.
    ///
    /// An event that confirms the present state keeps the state's `since`, and
    /// refreshes its reason.
    pub fn apply(&mut self, event: &Event, at: Timestamp, kind: ConnectorKind) -> Vec<Transition> {
        self.learn(event);
        self.effects(event, kind)
            .into_iter()
            .filter_map(|effect| self.change(effect, event, at))
            .collect()
    }

    /// Whether the last confirmed tunnel event was a connect.
    pub fn is_tunnel_up(&self) -> bool {
        self.tunnel.state == TunnelState::Connected
    }

    /// When an aspect's state changed last.
    pub fn since(&self, aspect: Aspect) -> Option<Timestamp> {
        self.view(aspect).since
    }

    /// Why a connector with its tunnel up still does not do its work; empty if it does,
    /// or if there is no tunnel to speak of.
    pub fn degraded(&self) -> Vec<DegradedReason> {
        if !self.is_tunnel_up() {
            return Vec::new();
        }
        let is_impaired =
            |state| matches!(state, ServiceState::ConnectedWarning | ServiceState::Error);
        let found = [
            (
                DegradedReason::SteeringFailed,
                self.steering.state == SteeringState::Failed,
            ),
            (
                DegradedReason::ConfigurationUpdateFailed,
                self.configuration.state == ConfigurationState::UpdateFailed,
            ),
            (
                DegradedReason::ServiceImpaired,
                is_impaired(self.private_access.state) || is_impaired(self.internet_security.state),
            ),
        ];
        let holding = found.into_iter().filter(|(_, holds)| *holds);
        holding.map(|(reason, _)| reason).collect()
    }

    /// Whether an aspect's state is only worth believing while it is told again: no line
    /// is sure to tell when a failed update of the configuration is over, and a client
    /// that still fails says so every few minutes.
    pub fn needs_repetition(&self, aspect: Aspect) -> bool {
        aspect == Aspect::Configuration
            && self.configuration.state == ConfigurationState::UpdateFailed
    }

    /// Keeps what an event says about who the connector is.
    pub fn learn(&mut self, event: &Event) {
        for field in &event.fields {
            if let Some(fact) = Fact::from_name(&field.name) {
                self.facts.learn(fact, field.value.clone());
            }
        }
    }
}

fn view<S: AspectState>(status: &Status<S>) -> StatusView<'_> {
    StatusView {
        state: status.state.word(),
        mood: status.state.mood(),
        since: status.since,
        event: status.event,
        reason: &status.reason,
    }
}

fn restore<S: AspectState>(status: &mut Status<S>, word: &str, evidence: Evidence) {
    let known = S::STATES.iter().find(|state| state.word() == word);
    if let Some(state) = known {
        *status = Status {
            state: *state,
            since: evidence.since,
            event: evidence.event,
            reason: evidence.reason,
        };
    }
}

fn absorb_status<S: Clone>(own: &mut Status<S>, other: &Status<S>) {
    // `None` is before every time: a state that something made beats one that nothing did.
    if own.since <= other.since && other.since.is_some() {
        own.clone_from(other);
    }
}

fn forget<S: AspectState>(status: &mut Status<S>, at: Timestamp) -> bool {
    if status.state == S::UNKNOWN {
        return false;
    }
    *status = Status {
        state: S::UNKNOWN,
        since: Some(at),
        event: None,
        reason: Reason::new(SILENCE).unwrap_or_default(),
    };
    true
}

#[cfg(test)]
mod tests;
