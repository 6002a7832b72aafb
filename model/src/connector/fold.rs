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
use super::{ConnectorKind, ConnectorState, Status, Transition};
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
        let mut effects = Vec::new();
        self.add_tunnel_effects(event, kind, &mut effects);
        self.add_client_effects(event, kind, &mut effects);
        self.add_service_effects(event, kind, &mut effects);
        effects.extend(own_effect(event.key.kind));
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
        match kind {
            EventKind::FlowTunneled => self.steering.state != SteeringState::Active,
            _ => kind.concerns_state(),
        }
    }

    fn add_tunnel_effects(&self, event: &Event, kind: ConnectorKind, effects: &mut Vec<Effect>) {
        let is_up = self.is_tunnel_up();
        let to = match event.key.kind {
            EventKind::TunnelConnected => TunnelState::Connected,
            EventKind::TunnelDisconnected => TunnelState::Disconnected,
            // An attempt says nothing against a tunnel that is confirmed up: a second
            // stitcher or gateway may be tried while the first serves.
            EventKind::TunnelConnecting if !is_up => TunnelState::Connecting,
            EventKind::TunnelConnectFailed if !is_up => TunnelState::Disconnected,
            // A client that is off has no tunnel.
            EventKind::ClientInstalled
            | EventKind::ClientUninstalled
            | EventKind::ClientInstallFailed
            | EventKind::ClientDisabled
            | EventKind::ClientFailClosed
            | EventKind::NetworkChanged
            | EventKind::SystemStopped
                if kind.has(Aspect::Client) =>
            {
                TunnelState::Disconnected
            }
            _ => return,
        };
        effects.push(Effect::Tunnel(to));
    }

    fn add_client_effects(&self, event: &Event, kind: ConnectorKind, effects: &mut Vec<Effect>) {
        if !kind.has(Aspect::Client) {
            return;
        }
        let to = match event.key.kind {
            EventKind::TunnelConnected => ClientStatus::Enabled,
            // Whoever is off already, and why, is known better than a lost tunnel tells.
            EventKind::TunnelDisconnected => match self.client.state {
                ClientStatus::Unknown | ClientStatus::Enabled => tunnel_lost(event),
                ClientStatus::Disabled
                | ClientStatus::DisabledError
                | ClientStatus::FailClosed
                | ClientStatus::Uninstalled => return,
            },
            other => match StatusRow::find(other, &event.key.reason) {
                Some(row) => row.status(self.tunnel.state),
                None => return,
            },
        };
        effects.push(Effect::Client(to));
    }

    fn add_service_effects(&self, event: &Event, kind: ConnectorKind, effects: &mut Vec<Effect>) {
        let own = match event.key.kind {
            EventKind::ServiceStateChanged => service_word(event.key.reason.as_str()),
            EventKind::AuthenticationFailed => Some(ServiceState::Error),
            EventKind::AuthenticationRequested => Some(self.warned(self.private_access.state)),
            _ => None,
        };
        if let Some(to) = own {
            effects.push(Effect::Service(Service::PrivateAccess, to));
        }
        // Cato has one tunnel for both services; Netskope's private access has its own.
        if kind != ConnectorKind::CatoClient {
            return;
        }
        let both = match event.key.kind {
            EventKind::TunnelConnected => ServiceState::Connected,
            EventKind::TunnelDisconnected => ServiceState::Disconnected,
            EventKind::TunnelConnectFailed if !self.is_tunnel_up() => ServiceState::Error,
            EventKind::AuthenticationFailed => ServiceState::Error,
            EventKind::AuthenticationRequested => self.warned(self.internet_security.state),
            _ => return,
        };
        effects.push(Effect::Service(Service::InternetSecurity, both));
        if own.is_none() {
            effects.push(Effect::Service(Service::PrivateAccess, both));
        }
    }

    /// What a request to sign in again makes of a service.
    const fn warned(&self, present: ServiceState) -> ServiceState {
        match present {
            ServiceState::Connected | ServiceState::ConnectedWarning => {
                ServiceState::ConnectedWarning
            }
            ServiceState::Unknown | ServiceState::Error | ServiceState::Disconnected => {
                ServiceState::Error
            }
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
        "error" => Some(ServiceState::Error),
        // An attempt is no connection.
        "disconnected" | "connecting" | "gateway_shutdown" => Some(ServiceState::Disconnected),
        _ => None,
    }
}

/// What an event does by itself, whatever is known and on every product.
const fn own_effect(kind: EventKind) -> Option<Effect> {
    match kind {
        EventKind::RegistrationStarted | EventKind::RegistrationAttempted => {
            Some(Effect::Registration(RegistrationState::Registering))
        }
        EventKind::RegistrationSucceeded => {
            Some(Effect::Registration(RegistrationState::Registered))
        }
        EventKind::RegistrationFailed => Some(Effect::Registration(RegistrationState::Failed)),
        EventKind::UpdateStarted => Some(Effect::Update(UpdateState::Running)),
        // "Skipped" means that the wanted version is the one installed.
        EventKind::UpdateSucceeded | EventKind::UpdateSkipped => {
            Some(Effect::Update(UpdateState::Current))
        }
        EventKind::UpdateFailed => Some(Effect::Update(UpdateState::Failed)),
        EventKind::UpdateReconnectFailed => Some(Effect::Update(UpdateState::ReconnectFailed)),
        EventKind::SteeringFailed => Some(Effect::Steering(SteeringState::Failed)),
        EventKind::SteeringApplied | EventKind::FlowTunneled => {
            Some(Effect::Steering(SteeringState::Active))
        }
        EventKind::ConfigUpdated => Some(Effect::Configuration(ConfigurationState::Current)),
        EventKind::ConfigUpdateFailed => {
            Some(Effect::Configuration(ConfigurationState::UpdateFailed))
        }
        _ => None,
    }
}

impl EventKind {
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
            | Self::TunnelConnectFailed
            | Self::TunnelUnknownEvent
            | Self::StitcherStatus
            | Self::UpdateStarted
            | Self::UpdateSucceeded
            | Self::UpdateFailed
            | Self::UpdateSkipped
            | Self::UpdateReconnectFailed
            | Self::ClientInstalled
            | Self::ClientUninstalled
            | Self::ClientInstallFailed
            | Self::ClientEnabled
            | Self::ClientDisabled
            | Self::ClientFailClosed
            | Self::ClientIdentified
            | Self::SteeringApplied
            | Self::SteeringFailed
            | Self::FlowTunneled
            | Self::NetworkChanged
            | Self::SystemStarted
            | Self::SystemStopped
            | Self::ServiceStateChanged
            | Self::AuthenticationRequested
            | Self::AuthenticationFailed
            | Self::LocationChecked
            | Self::GatewaySelected
            | Self::ConfigUpdated
            | Self::ConfigUpdateFailed => true,
            Self::CertificateVerified
            | Self::CertificateInstallFailed
            | Self::TunnelKeepaliveFailed
            | Self::TlsError
            | Self::ManagementRequestFailed
            | Self::DnsFailed
            | Self::DataplaneChecking
            | Self::DataplaneVerified
            | Self::ConfigPulled
            | Self::PolicyUpdated
            | Self::ReachabilityProtocolsAdded
            | Self::AppConnectionOpened
            | Self::ClientConnected
            | Self::ClientDisconnected
            | Self::FlowBypassed
            | Self::FlowBlocked
            | Self::FlowExempted
            | Self::GatewayMeasured
            | Self::UpdateAvailable => false,
        }
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
