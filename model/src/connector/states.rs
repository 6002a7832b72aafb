//! The states that the parts of a connector can be in: closed sets of words.
//!
//! Each set begins with `unknown`, which is where everything begins and what silence
//! leads back to. [`Mood`] tells people, pages and rules alike which words are bad.

use crate::log::label_set;

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
    /// Whether an endpoint client does its work. The vendor's three words, with the two
    /// kinds of "disabled" apart that its icon tells apart.
    ClientStatus {
        /// Nothing has told yet.
        Unknown = "unknown",
        /// It is on, and its tunnel was confirmed.
        Enabled = "enabled",
        /// It is off, by wish or because its configuration is missing.
        Disabled = "disabled",
        /// It is off because of an error.
        DisabledError = "disabled_error",
        /// No tunnel could be established, and traffic is blocked.
        FailClosed = "fail_closed",
        /// It is not installed any more.
        Uninstalled = "uninstalled",
    }
}

label_set! {
    /// What the client's icon shows, as the vendor's page describes it.
    IconState {
        /// Nothing has told yet.
        Unknown = "unknown",
        /// Full colour.
        Enabled = "enabled",
        /// Grey.
        Disabled = "disabled",
        /// Grey with an orange circle and an exclamation point.
        DisabledError = "disabled_error",
        /// Red.
        FailClosed = "fail_closed",
        /// There is no icon: the client is not installed.
        Absent = "absent",
    }
}

label_set! {
    /// Whether traffic is led into the tunnel.
    SteeringState {
        /// No line has told yet.
        Unknown = "unknown",
        /// Traffic was seen going into the tunnel.
        Active = "active",
        /// The part that leads traffic into the tunnel did not start.
        Failed = "failed",
    }
}

label_set! {
    /// Whether the client could fetch its configuration.
    ConfigurationState {
        /// Nothing has told yet.
        Unknown = "unknown",
        /// The last fetch succeeded.
        Current = "current",
        /// The last fetch failed; the client works on with the old one.
        UpdateFailed = "update_failed",
    }
}

label_set! {
    /// State of one service of a client. The words of Cato's Client Management page.
    ServiceState {
        /// Nothing has told yet.
        Unknown = "unknown",
        /// Connected and running correctly.
        Connected = "connected",
        /// Connected, but there might be an issue, such as an expiring token.
        ConnectedWarning = "connected_warning",
        /// The service is unable to connect.
        Error = "error",
        /// Not connected now.
        Disconnected = "disconnected",
    }
}

label_set! {
    /// A service of an endpoint client.
    Service {
        /// Reaching private applications.
        PrivateAccess = "private_access",
        /// Reaching the internet through the vendor's cloud.
        InternetSecurity = "internet_security",
    }
}

label_set! {
    /// Why a connector whose tunnel is up still does not do its work.
    DegradedReason {
        /// Nothing is led into the tunnel.
        SteeringFailed = "steering_failed",
        /// It works with an old configuration.
        ConfigurationUpdateFailed = "configuration_update_failed",
        /// A service is connected with a warning, or in error.
        ServiceImpaired = "service_impaired",
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
        /// See [`ClientStatus`].
        Client = "client",
        /// See [`SteeringState`].
        Steering = "steering",
        /// See [`ConfigurationState`].
        Configuration = "configuration",
        /// See [`Service::PrivateAccess`] and [`ServiceState`].
        PrivateAccess = "private_access",
        /// See [`Service::InternetSecurity`] and [`ServiceState`].
        InternetSecurity = "internet_security",
    }
}

/// How good a state is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Mood {
    /// As it should be.
    Good,
    /// Somebody should look.
    Bad,
    /// On its way, wished by somebody, or not known.
    Open,
}

/// What all sets of states have in common.
pub trait AspectState: Copy + PartialEq + 'static {
    /// Every state, `unknown` first.
    const STATES: &'static [Self];

    /// The state before anything has told.
    const UNKNOWN: Self;

    /// The state's word.
    fn word(self) -> &'static str;

    /// How good it is.
    fn mood(self) -> Mood;
}

/// Ties a set of words to the trait: which are good, which bad; the rest is open.
macro_rules! aspect_state {
    ($name:ident: good [$($good:ident),*], bad [$($bad:ident),*], open [$($open:ident),*]) => {
        impl AspectState for $name {
            const STATES: &'static [Self] = Self::ALL;
            const UNKNOWN: Self = Self::Unknown;

            fn word(self) -> &'static str {
                self.name()
            }

            fn mood(self) -> Mood {
                match self {
                    $(Self::$good => Mood::Good,)*
                    $(Self::$bad => Mood::Bad,)*
                    $(Self::$open => Mood::Open,)*
                }
            }
        }
    };
}

aspect_state!(RegistrationState: good [Registered], bad [Failed], open [Unknown, Registering]);
aspect_state!(TunnelState: good [Connected], bad [Disconnected], open [Unknown, Connecting]);
aspect_state!(UpdateState: good [Current], bad [Failed, ReconnectFailed], open [Unknown, Running]);
aspect_state!(ClientStatus:
    good [Enabled],
    bad [DisabledError, FailClosed],
    open [Unknown, Disabled, Uninstalled]);
aspect_state!(SteeringState: good [Active], bad [Failed], open [Unknown]);
aspect_state!(ConfigurationState: good [Current], bad [UpdateFailed], open [Unknown]);
aspect_state!(ServiceState:
    good [Connected],
    bad [ConnectedWarning, Error],
    open [Unknown, Disconnected]);

impl Service {
    /// The aspect that holds its state.
    pub const fn aspect(self) -> Aspect {
        match self {
            Self::PrivateAccess => Aspect::PrivateAccess,
            Self::InternetSecurity => Aspect::InternetSecurity,
        }
    }
}

impl ClientStatus {
    /// What the client's icon shows in this state.
    pub const fn icon(self) -> IconState {
        match self {
            Self::Unknown => IconState::Unknown,
            Self::Enabled => IconState::Enabled,
            Self::Disabled => IconState::Disabled,
            Self::DisabledError => IconState::DisabledError,
            Self::FailClosed => IconState::FailClosed,
            Self::Uninstalled => IconState::Absent,
        }
    }
}
