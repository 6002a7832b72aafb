//! What conditions and wordings may ask for, by name.
//!
//! Closed lists: a name that is not here is a mistake at load. Tests compare them with what
//! the catalogues of logs can tell and with the table of signals.

/// What `event.…` has besides `fields`.
pub(in crate::rule) const EVENT_NAMES: &[&str] =
    &["kind", "reason", "connector", "log", "severity"];

/// The fields that our catalogues of log lines, probes and the host's samples can give an
/// event. An operator's own are asked for as `event.fields["name"]`.
pub const FIELD_NAMES: &[&str] = &[
    "address",
    "attempt",
    "attempts",
    "cause",
    "class",
    "client_id",
    "code",
    "context",
    "device_classification",
    "gateway",
    "gateway_ip",
    "mountpoint",
    "on_premises_check",
    "openssl_code",
    "pop",
    "private_access",
    "private_access_gateway",
    "protocols",
    "publisher_id",
    "retry_minutes",
    "rtt_ms",
    "status",
    "stitcher",
    "subject",
    "target",
    "tcp",
    "tenant",
    "traffic_mode",
    "tunnel_protocol",
    "udp",
    "version",
    "via",
];

/// How a value of a connector behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StateType {
    /// A word of a closed list; `unknown` if it is not known.
    State,
    /// A text; empty if it is not known.
    Text,
    /// True or false; false if it is not known.
    Truth,
}

/// One name of `state.…`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StateName {
    /// The name.
    pub name: &'static str,
    /// How it behaves.
    pub is: StateType,
    /// Where its words come from: the state set of that name, with the other labels that
    /// it must have. Empty: not from a state set.
    pub signal: &'static str,
    /// The label and value that tells this one apart in its state set, if there are several.
    pub only: Option<(&'static str, &'static str)>,
}

/// What `state.…` has: how the event's connector stood when it was published last.
pub const STATE_NAMES: &[StateName] = &[
    state("registration", "ztna_registration_state"),
    state("tunnel", "ztna_tunnel_state"),
    state("update", "ztna_update_state"),
    state("client", "ztna_client_status"),
    state("icon", "ztna_client_icon_state"),
    state("steering", "ztna_steering_state"),
    state("configuration", "ztna_configuration_state"),
    StateName {
        only: Some(("service", "private_access")),
        ..state("private_access", "ztna_service_state")
    },
    StateName {
        only: Some(("service", "internet_security")),
        ..state("internet_security", "ztna_service_state")
    },
    other("kind", StateType::Text),
    other("stitcher", StateType::Text),
    other("version", StateType::Text),
    other("is_tunnel_up", StateType::Truth),
    other("is_silent", StateType::Truth),
];

const fn state(name: &'static str, signal: &'static str) -> StateName {
    StateName {
        name,
        is: StateType::State,
        signal,
        only: None,
    }
}

const fn other(name: &'static str, is: StateType) -> StateName {
    StateName {
        name,
        is,
        signal: "",
        only: None,
    }
}
