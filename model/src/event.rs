//! What a log line can mean: the closed list of events, and one occurrence of one.
//!
//! An event's name is the same word in rules, metrics, JSON and documents. Which
//! text means which event is not known here but in `logparse`'s catalogue; what an
//! event does to a connector is in [`crate::connector`].

use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;

use crate::untrusted::Untrusted;

/// Declares the events: variant, dotted name, meaning.
macro_rules! events {
    ($($variant:ident $name:literal $meaning:literal,)+) => {
        /// Everything a log line can tell us, one meaning each.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum EventKind {
            $(#[doc = $meaning] $variant,)+
        }

        impl EventKind {
            /// Every event, in the order of the documentation.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The dotted lower-case name, as users write it.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }

            /// One sentence for documents and `explain`.
            pub const fn meaning(self) -> &'static str {
                match self { $(Self::$variant => $meaning,)+ }
            }
        }
    };
}

events! {
    RegistrationStarted "registration.started" "The wizard began to register the connector with its tenant.",
    RegistrationAttempted "registration.attempted" "The wizard tried once to register.",
    RegistrationSucceeded "registration.succeeded" "The tenant accepted the registration.",
    RegistrationFailed "registration.failed" "The registration was given up.",
    CertificateIdentified "certificate.identified" "The connector named its own certificate.",
    CertificateVerified "certificate.verified" "An element of the peer's certificate chain was accepted.",
    TunnelConnecting "tunnel.connecting" "The connector began to connect to a stitcher or a gateway.",
    TunnelConnected "tunnel.connected" "The tunnel to a stitcher or a gateway is confirmed up.",
    TunnelDisconnected "tunnel.disconnected" "The tunnel to a stitcher or a gateway went down.",
    TunnelUnknownEvent "tunnel.unknown_event" "The connector reported a tunnel event whose id we do not know.",
    TlsError "tls.error" "A TLS connection failed.",
    DataplaneChecking "dataplane.checking" "The wizard began to check the way to the data plane.",
    DataplaneVerified "dataplane.verified" "The data plane was reached.",
    StitcherStatus "stitcher.status" "The connector reported how far its connection to a stitcher is.",
    ConfigPulled "config.pulled" "The connector fetched and saved its configuration.",
    ReachabilityProtocolsAdded "reachability.protocols_added" "An application's protocols and ports were added to the reachability check.",
    AppConnectionOpened "app.connection_opened" "A user's connection is being proxied to a private application.",
    ClientConnected "client.connected" "A client identified itself on its channel.",
    ClientDisconnected "client.disconnected" "A client's channel was shut down in good order.",
    UpdateStarted "update.started" "An update of the connector began.",
    UpdateSucceeded "update.succeeded" "An update of the connector ended well.",
    UpdateFailed "update.failed" "An update of the connector failed.",
    UpdateSkipped "update.skipped" "An update was not needed.",
    UpdateReconnectFailed "update.reconnect_failed" "The connector did not come back after an update.",
    UpdateAvailable "update.available" "A newer version of the client is available.",
    TunnelConnectFailed "tunnel.connect_failed" "The client could not connect to a gateway.",
    TunnelKeepaliveFailed "tunnel.keepalive_failed" "The tunnel's signs of life were not answered.",
    ClientInstalled "client.installed" "The client was installed.",
    ClientUninstalled "client.uninstalled" "The client was uninstalled.",
    ClientInstallFailed "client.install_failed" "The client's installation failed.",
    ClientIdentified "client.identified" "The client told its version or its device.",
    ClientEnabled "client.enabled" "The client was switched on.",
    ClientDisabled "client.disabled" "The client was switched off, by whom or by what the reason tells.",
    ClientFailClosed "client.fail_closed" "No tunnel could be established, and the client blocks traffic.",
    ServiceStateChanged "service.state" "A service of the client changed its state, which the reason names.",
    SteeringApplied "steering.applied" "Rules that lead traffic into the tunnel were put in force.",
    SteeringFailed "steering.failed" "Traffic cannot be led into the tunnel.",
    FlowTunneled "flow.tunneled" "A connection was led into the tunnel.",
    FlowBypassed "flow.bypassed" "A connection was led past the tunnel.",
    FlowBlocked "flow.blocked" "A connection was blocked.",
    FlowExempted "flow.exempted" "A destination was found in the exception list.",
    NetworkChanged "network.changed" "The client went off because the device's network changed.",
    SystemStarted "system.started" "The device was started.",
    SystemStopped "system.stopped" "The device was shut down.",
    AuthenticationRequested "authentication.requested" "The user is asked to sign in again.",
    AuthenticationFailed "authentication.failed" "The vendor refused the user or the device.",
    LocationChecked "location.checked" "The client found out where the device is.",
    GatewayConnected "gateway.connected" "The encrypted connection to a gateway stands, over which the tunnel runs.",
    GatewaySelected "gateway.selected" "The client chose a gateway.",
    GatewayMeasured "gateway.measured" "The client measured the round trip to a gateway.",
    PolicyUpdated "policy.updated" "The client fetched its policy for private applications.",
    ConfigUpdated "config.updated" "The client fetched its configuration.",
    ConfigUpdateFailed "config.update_failed" "The client could not fetch its configuration and goes on with the old one.",
    CertificateInstallFailed "certificate.install_failed" "The certificate authority of the vendor could not be installed.",
    ManagementRequestFailed "management.request_failed" "A request to the management plane failed.",
    DnsFailed "dns.failed" "The client could not set up or use name resolution.",
    ProbeFailed "probe.failed" "An active probe failed that had succeeded before, or failed for another reason than before.",
    ProbeRecovered "probe.recovered" "An active probe succeeded that had failed before.",
    ThresholdBreached "host.threshold_breached" "A resource of the host was in a bad way for long enough.",
    ThresholdCleared "host.threshold_cleared" "A resource of the host is well again.",
}

impl EventKind {
    /// Finds an event by its dotted name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.name() == name)
    }

    /// Whether it is the daily business of a busy connector: counted, and neither listed
    /// with the latest events, where it would push everything else out, nor shown to rules
    /// one by one.
    pub const fn is_daily_business(self) -> bool {
        matches!(
            self,
            Self::CertificateVerified
                | Self::ConfigPulled
                | Self::ReachabilityProtocolsAdded
                | Self::AppConnectionOpened
                | Self::ClientConnected
                | Self::ClientDisconnected
                | Self::FlowTunneled
                | Self::FlowBypassed
                | Self::FlowBlocked
                | Self::FlowExempted
                | Self::GatewayMeasured
                | Self::PolicyUpdated
        )
    }
}

impl fmt::Display for EventKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

/// Why an event happened: a word of a closed list that a catalogue declares, or
/// nothing. Never text from a log.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Reason(Arc<str>);

impl Reason {
    /// The word for every cause that the list does not name.
    pub const OTHER: &'static str = "other";

    /// No reason: the label is empty.
    pub fn none() -> Self {
        Self(Arc::from(""))
    }

    /// A reason of `[a-z0-9_]`, 1 to 40 bytes. `None` if `word` is anything else.
    pub fn new(word: &str) -> Option<Self> {
        let is_plain = !word.is_empty()
            && word.len() <= 40
            && word
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
        is_plain.then(|| Self(Arc::from(word)))
    }

    /// The word, or `""`.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether there is no reason.
    pub fn is_none(&self) -> bool {
        self.0.is_empty()
    }
}

impl Default for Reason {
    fn default() -> Self {
        Self::none()
    }
}

impl fmt::Debug for Reason {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:?}", self.as_str())
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// An event with its reason: one series of `ztna_events_total`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EventKey {
    /// What happened.
    pub kind: EventKind,
    /// Why, if the catalogue tells reasons apart.
    pub reason: Reason,
}

/// One named piece of an event's text, as the catalogue row allows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// The capture's name in the row, for example `publisher_id`.
    pub name: Arc<str>,
    /// What the log said. Hostile until encoded.
    pub value: Untrusted,
}

/// One occurrence of an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// What happened, and why.
    pub key: EventKey,
    /// When, by the line's own words. `None` if the line carries no time.
    pub time: Option<Timestamp>,
    /// What else the line said.
    pub fields: Vec<Field>,
}

impl Event {
    /// The value of the field `name`, if the line had it.
    pub fn field(&self, name: &str) -> Option<&Untrusted> {
        self.fields
            .iter()
            .find(|field| &*field.name == name)
            .map(|field| &field.value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_finds_its_event() {
        for kind in EventKind::ALL {
            assert_eq!(EventKind::from_name(kind.name()), Some(*kind));
        }
        assert_eq!(EventKind::from_name("registration.Failed"), None);
    }

    #[test]
    fn a_reason_is_a_plain_word() {
        assert_eq!(Reason::new("docker_pull").unwrap().as_str(), "docker_pull");
        for bad in ["", "Docker", "a b", "a\"b", "é", &"x".repeat(41)] {
            assert_eq!(Reason::new(bad), None, "{bad:?}");
        }
    }
}
