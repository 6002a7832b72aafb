//! What an event does to a connector's state.
//!
//! One table for all products, with the product as an argument: a tunnel event of a
//! client also tells whether the client is on, one of a Publisher does not. Nothing is
//! changed here; who applies effects may leave out those that are old news.

use jiff::Timestamp;

use super::client_status::StatusRow;
use super::states::{
    Aspect, AspectState, ClientStatus, ConfigurationState, RegistrationState, Service,
    ServiceState, SteeringState, TunnelState, UpdateState,
};
use super::{ConnectorKind, ConnectorState, Status, TUNNEL_DOWN, Transition};
use crate::event::{Event, EventKind};

/// One thing that an event does to a connector.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// The registration becomes so.
    Registration(RegistrationState),
    /// The tunnel becomes so.
    Tunnel(TunnelState),
    /// The update becomes so.
    Update(UpdateState),
    /// The client becomes so.
    Client(ClientStatus),
    /// Steering becomes so.
    Steering(SteeringState),
    /// The configuration becomes so.
    Configuration(ConfigurationState),
    /// A service becomes so.
    Service(Service, ServiceState),
}

impl Effect {
    /// The aspect that it changes.
    pub const fn aspect(self) -> Aspect {
        match self {
            Self::Registration(_) => Aspect::Registration,
            Self::Tunnel(_) => Aspect::Tunnel,
            Self::Update(_) => Aspect::Update,
            Self::Client(_) => Aspect::Client,
            Self::Steering(_) => Aspect::Steering,
            Self::Configuration(_) => Aspect::Configuration,
            Self::Service(service, _) => service.aspect(),
        }
    }
}

impl ConnectorState {
    /// What an event would do to this connector, the aspects that its kind does not have
    /// left out.
    pub fn effects(&self, event: &Event, kind: ConnectorKind) -> Vec<Effect> {
        let mut effects = match meaning(event.key.kind) {
            Meaning::Counts | Meaning::Facts => Vec::new(),
            Meaning::Registration(to) => vec![Effect::Registration(to)],
            Meaning::Update(to) => vec![Effect::Update(to)],
            Meaning::Configuration(to) => vec![Effect::Configuration(to)],
            Meaning::TunnelTried => self.tunnel_tried(),
            Meaning::TunnelRefused => self.tunnel_refused(kind),
            Meaning::TunnelUp => tunnel_up(kind),
            Meaning::TunnelDown => self.tunnel_down(event, kind),
            Meaning::StatusRow => self.status_row(event, kind),
            Meaning::SteeringFailed => vec![Effect::Steering(SteeringState::Failed)],
            Meaning::Steered if self.may_steer() => vec![Effect::Steering(SteeringState::Active)],
            Meaning::Steered => Vec::new(),
            Meaning::Service => self.service_told(event.key.reason.as_str()),
            Meaning::SignInAsked => self.sign_in_asked(kind),
            Meaning::SignInRefused => services(kind, ServiceState::Error),
        };
        effects.retain(|effect| kind.has(effect.aspect()));
        effects
    }

    /// Applies one effect of an event that happened at `at`; returns what it changed.
    pub fn change(&mut self, effect: Effect, event: &Event, at: Timestamp) -> Option<Transition> {
        let changed = match effect {
            Effect::Registration(to) => change(&mut self.registration, to, event, at),
            Effect::Tunnel(to) => change(&mut self.tunnel, to, event, at),
            Effect::Update(to) => change(&mut self.update, to, event, at),
            Effect::Client(to) => change(&mut self.client, to, event, at),
            Effect::Steering(to) => change(&mut self.steering, to, event, at),
            Effect::Configuration(to) => change(&mut self.configuration, to, event, at),
            Effect::Service(Service::PrivateAccess, to) => {
                change(&mut self.private_access, to, event, at)
            }
            Effect::Service(Service::InternetSecurity, to) => {
                change(&mut self.internet_security, to, event, at)
            }
        };
        changed.map(|(from, to)| Transition {
            aspect: effect.aspect(),
            from,
            to,
            at,
        })
    }

    /// Whether an event can tell this connector anything that it does not know yet.
    /// Cheap, for events that come by the thousand and mostly repeat.
    pub fn is_news(&self, kind: EventKind) -> bool {
        if kind == EventKind::FlowTunneled {
            self.steering.state != SteeringState::Active && self.may_steer()
        } else {
            kind.concerns_state()
        }
    }

    /// Whether traffic can go into the tunnel. Without a tunnel clients try again and
    /// again, and write a line for each try.
    fn may_steer(&self) -> bool {
        self.tunnel.state != TunnelState::Disconnected
    }

    /// An attempt says nothing against a tunnel that is confirmed up: a second stitcher
    /// or gateway may be tried while the first serves.
    fn tunnel_tried(&self) -> Vec<Effect> {
        if self.is_tunnel_up() {
            return Vec::new();
        }
        vec![Effect::Tunnel(TunnelState::Connecting)]
    }

    fn tunnel_refused(&self, kind: ConnectorKind) -> Vec<Effect> {
        if self.is_tunnel_up() {
            return Vec::new();
        }
        let mut effects = vec![Effect::Tunnel(TunnelState::Disconnected)];
        effects.extend(carried(kind, ServiceState::Error));
        effects
    }

    fn tunnel_down(&self, event: &Event, kind: ConnectorKind) -> Vec<Effect> {
        let mut effects = vec![Effect::Tunnel(TunnelState::Disconnected)];
        effects.extend(self.nothing_steered());
        effects.extend(carried(kind, ServiceState::Disconnected));
        // Whoever is off already, and why, is known better than a lost tunnel tells.
        match self.client.state {
            ClientStatus::Unknown | ClientStatus::Enabled => {
                effects.push(Effect::Client(tunnel_lost(event)));
            }
            ClientStatus::Disabled
            | ClientStatus::DisabledError
            | ClientStatus::FailClosed
            | ClientStatus::Uninstalled => {}
        }
        effects
    }

    /// What a row of the vendor's table does. A client that is off has no tunnel and steers
    /// nothing. Private access has a tunnel of its own: it ends with a client that was
    /// switched off or removed, not with a lost tunnel.
    fn status_row(&self, event: &Event, kind: ConnectorKind) -> Vec<Effect> {
        let row = StatusRow::find(event.key.kind, &event.key.reason);
        let Some(row) = row.filter(|_| kind.has(Aspect::Client)) else {
            return Vec::new();
        };
        let status = row.status(self.tunnel.state);
        let mut effects = vec![Effect::Client(status)];
        if status == ClientStatus::Enabled {
            return effects;
        }
        effects.push(Effect::Tunnel(TunnelState::Disconnected));
        effects.extend(self.nothing_steered());
        let is_off = matches!(status, ClientStatus::Disabled | ClientStatus::Uninstalled);
        if is_off && row.reason != TUNNEL_DOWN {
            effects.push(Effect::Service(
                Service::PrivateAccess,
                ServiceState::Disconnected,
            ));
        }
        effects
    }

    /// Without a tunnel nobody knows whether the next one will steer.
    fn nothing_steered(&self) -> Option<Effect> {
        let is_known = self.steering.state != SteeringState::Unknown;
        is_known.then_some(Effect::Steering(SteeringState::Unknown))
    }

    /// A service that waits for its user, or was shut down by the gateway, stays in error
    /// until it is connected: that it stops and starts meanwhile is part of the trouble.
    fn service_told(&self, reason: &str) -> Vec<Effect> {
        let Some(to) = service_word(reason) else {
            return Vec::new();
        };
        let is_in_error = self.private_access.state == ServiceState::Error;
        if is_in_error && to == ServiceState::Disconnected {
            return Vec::new();
        }
        vec![Effect::Service(Service::PrivateAccess, to)]
    }

    fn sign_in_asked(&self, kind: ConnectorKind) -> Vec<Effect> {
        let mut effects = services(kind, ServiceState::Error);
        for effect in &mut effects {
            if let Effect::Service(service, state) = effect {
                *state = warned(match service {
                    Service::PrivateAccess => self.private_access.state,
                    Service::InternetSecurity => self.internet_security.state,
                });
            }
        }
        effects
    }
}

fn tunnel_up(kind: ConnectorKind) -> Vec<Effect> {
    let mut effects = vec![
        Effect::Tunnel(TunnelState::Connected),
        Effect::Client(ClientStatus::Enabled),
    ];
    effects.extend(carried(kind, ServiceState::Connected));
    effects
}

/// The services that the tunnel carries: both of Cato's, none of Netskope's, whose
/// private access has a tunnel of its own.
fn carried(kind: ConnectorKind, to: ServiceState) -> Vec<Effect> {
    if kind == ConnectorKind::CatoClient {
        services(kind, to)
    } else {
        Vec::new()
    }
}

/// All services of a product.
fn services(kind: ConnectorKind, to: ServiceState) -> Vec<Effect> {
    let of_kind = |service: &&Service| kind.has(service.aspect());
    let services = Service::ALL.iter().filter(of_kind);
    services
        .map(|service| Effect::Service(*service, to))
        .collect()
}

/// What a request to sign in again makes of a service.
const fn warned(present: ServiceState) -> ServiceState {
    match present {
        ServiceState::Connected | ServiceState::ConnectedWarning => ServiceState::ConnectedWarning,
        ServiceState::Unknown | ServiceState::Error | ServiceState::Disconnected => {
            ServiceState::Error
        }
    }
}

/// "By user" is logged for actions of the service too: it is no error, nor surely a wish.
fn tunnel_lost(event: &Event) -> ClientStatus {
    if event.key.reason.as_str() == "by_user" {
        ClientStatus::Disabled
    } else {
        ClientStatus::DisabledError
    }
}

/// The reasons of `service.state` that name a state. Any other says nothing certain.
fn service_word(reason: &str) -> Option<ServiceState> {
    match reason {
        "connected" => Some(ServiceState::Connected),
        "warning" => Some(ServiceState::ConnectedWarning),
        "error" | "gateway_shutdown" => Some(ServiceState::Error),
        // An attempt is no connection.
        "disconnected" | "connecting" => Some(ServiceState::Disconnected),
        _ => None,
    }
}

/// What an event is to the fold: events of one meaning do the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Meaning {
    /// It is counted and does nothing.
    Counts,
    /// It may tell who the connector is.
    Facts,
    Registration(RegistrationState),
    Update(UpdateState),
    Configuration(ConfigurationState),
    TunnelTried,
    TunnelRefused,
    TunnelUp,
    TunnelDown,
    /// It is a row of the vendor's table of a client's status.
    StatusRow,
    SteeringFailed,
    /// Traffic went into the tunnel.
    Steered,
    Service,
    SignInAsked,
    SignInRefused,
}

const fn meaning(kind: EventKind) -> Meaning {
    match kind {
        EventKind::RegistrationStarted | EventKind::RegistrationAttempted => {
            Meaning::Registration(RegistrationState::Registering)
        }
        EventKind::RegistrationSucceeded => Meaning::Registration(RegistrationState::Registered),
        EventKind::RegistrationFailed => Meaning::Registration(RegistrationState::Failed),
        EventKind::UpdateStarted => Meaning::Update(UpdateState::Running),
        // "Skipped" means that the wanted version is the one installed.
        EventKind::UpdateSucceeded | EventKind::UpdateSkipped => {
            Meaning::Update(UpdateState::Current)
        }
        EventKind::UpdateFailed => Meaning::Update(UpdateState::Failed),
        EventKind::UpdateReconnectFailed => Meaning::Update(UpdateState::ReconnectFailed),
        EventKind::ConfigUpdated => Meaning::Configuration(ConfigurationState::Current),
        EventKind::ConfigUpdateFailed => Meaning::Configuration(ConfigurationState::UpdateFailed),
        EventKind::TunnelConnecting => Meaning::TunnelTried,
        EventKind::TunnelConnectFailed => Meaning::TunnelRefused,
        EventKind::TunnelConnected | EventKind::GatewayConnected => Meaning::TunnelUp,
        EventKind::TunnelDisconnected => Meaning::TunnelDown,
        EventKind::ClientInstalled
        | EventKind::ClientUninstalled
        | EventKind::ClientInstallFailed
        | EventKind::ClientEnabled
        | EventKind::ClientDisabled
        | EventKind::ClientFailClosed
        | EventKind::NetworkChanged
        | EventKind::SystemStarted
        | EventKind::SystemStopped => Meaning::StatusRow,
        EventKind::SteeringFailed => Meaning::SteeringFailed,
        EventKind::FlowTunneled => Meaning::Steered,
        EventKind::ServiceStateChanged => Meaning::Service,
        EventKind::AuthenticationRequested => Meaning::SignInAsked,
        EventKind::AuthenticationFailed => Meaning::SignInRefused,
        EventKind::CertificateIdentified
        | EventKind::TunnelUnknownEvent
        | EventKind::StitcherStatus
        | EventKind::ClientIdentified
        | EventKind::LocationChecked
        | EventKind::GatewaySelected => Meaning::Facts,
        EventKind::CertificateVerified
        | EventKind::CertificateInstallFailed
        | EventKind::TunnelKeepaliveFailed
        | EventKind::TlsError
        | EventKind::ManagementRequestFailed
        | EventKind::DnsFailed
        | EventKind::ProbeFailed
        | EventKind::ProbeRecovered
        | EventKind::ThresholdBreached
        | EventKind::ThresholdCleared
        | EventKind::DataplaneChecking
        | EventKind::DataplaneVerified
        | EventKind::ConfigPulled
        | EventKind::PolicyUpdated
        | EventKind::ReachabilityProtocolsAdded
        | EventKind::AppConnectionOpened
        | EventKind::ClientConnected
        | EventKind::ClientDisconnected
        // They are about private applications only.
        | EventKind::SteeringApplied
        | EventKind::FlowBypassed
        | EventKind::FlowBlocked
        | EventKind::FlowExempted
        | EventKind::GatewayMeasured
        | EventKind::UpdateAvailable => Meaning::Counts,
    }
}

impl EventKind {
    /// Whether [`ConnectorState::apply`] can do anything with this event, so that
    /// the many that only count need not be built at all.
    pub const fn concerns_state(self) -> bool {
        !matches!(meaning(self), Meaning::Counts)
    }
}

fn change<S: AspectState>(
    status: &mut Status<S>,
    to: S,
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
    Some((from.word(), to.word()))
}
