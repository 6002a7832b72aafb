//! Who a connector is and how it is set up, as logs and the vendor's tools tell.
//!
//! Text of others: bounded, shown, and a label only where the vendor's own tool said it.

use std::collections::BTreeMap;

use crate::log::label_set;
use crate::untrusted::Untrusted;

label_set! {
    /// One thing that can be known about a connector. The words are those of JSON, of
    /// `ztna_connector_info`'s labels and of a catalogue row's captures.
    Fact {
        /// The connector's own id: its certificate's common name.
        PublisherId = "publisher_id",
        /// The tenant's name.
        Tenant = "tenant",
        /// The stitcher it was connected to last.
        Stitcher = "stitcher",
        /// The address it registered with.
        Address = "address",
        /// The organisation that the client belongs to.
        Organisation = "organisation",
        /// The client's version.
        Version = "version",
        /// Host name of the vendor's gateway.
        Gateway = "gateway",
        /// Address of the vendor's gateway.
        GatewayIp = "gateway_ip",
        /// The vendor's point of presence.
        Pop = "pop",
        /// What the tunnel runs over, for example `DTLS`.
        TunnelProtocol = "tunnel_protocol",
        /// Name of the client configuration in force.
        ClientConfiguration = "client_configuration",
        /// Name of the steering configuration in force.
        SteeringConfiguration = "steering_configuration",
        /// Which traffic is steered.
        TrafficMode = "traffic_mode",
        /// Whether steering depends on where the device is.
        DynamicSteering = "dynamic_steering",
        /// Where the device is, as the on-premises check found.
        OnPremisesCheck = "on_premises_check",
        /// Managed or unmanaged.
        DeviceClassification = "device_classification",
        /// The vendor's word for the state of private access.
        PrivateAccess = "private_access",
        /// Address of the private access gateway.
        PrivateAccessGateway = "private_access_gateway",
        /// The vendor's word for the state of the configuration.
        ConfigurationStatus = "configuration_status",
        /// Who is signed in: a keyed hash, or the name if the operator allows it.
        User = "user",
        /// The address that the vendor gave to the device inside the tunnel.
        TunnelIp = "tunnel_ip",
        /// The network device of the tunnel.
        TunnelDevice = "tunnel_device",
    }
}

/// What is known, by [`Fact`]. At most one text each, so it is bounded.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Facts(BTreeMap<Fact, Untrusted>);

impl Facts {
    /// The text of a fact, if it is known.
    pub fn get(&self, fact: Fact) -> Option<&Untrusted> {
        self.0.get(&fact)
    }

    /// Learns a fact. An empty text teaches nothing.
    pub fn learn(&mut self, fact: Fact, text: Untrusted) {
        if !text.expose().is_empty() {
            self.0.insert(fact, text);
        }
    }

    /// Takes over all that `other` knows.
    pub fn absorb(&mut self, other: &Self) {
        for (fact, text) in other.iter() {
            self.learn(fact, text.clone());
        }
    }

    /// What is known, in the order of the documentation.
    pub fn iter(&self) -> impl Iterator<Item = (Fact, &Untrusted)> {
        self.0.iter().map(|(fact, text)| (*fact, text))
    }

    /// Whether nothing is known.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl FromIterator<(Fact, Untrusted)> for Facts {
    fn from_iter<I: IntoIterator<Item = (Fact, Untrusted)>>(facts: I) -> Self {
        let mut known = Self::default();
        for (fact, text) in facts {
            known.learn(fact, text);
        }
        known
    }
}
