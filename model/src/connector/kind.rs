//! The products that a connector can be, and which parts of the state each of them has.
//!
//! A part that a product does not have is not published for it: a laptop's client has
//! no registration, and "unknown" would be a question that nobody can answer.

use super::facts::Fact;
use super::states::Aspect;
use crate::log::label_set;

label_set! {
    /// The product that a connector is.
    ConnectorKind {
        /// Netskope Private Access Publisher.
        NetskopePublisher = "netskope-publisher",
        /// Netskope Client, on a laptop or server.
        NetskopeClient = "netskope-client",
        /// Cato Client, on a laptop or server.
        CatoClient = "cato-client",
    }
}

impl ConnectorKind {
    /// The aspects of its state, the most important first.
    pub const fn aspects(self) -> &'static [Aspect] {
        match self {
            Self::NetskopePublisher => &[Aspect::Tunnel, Aspect::Registration, Aspect::Update],
            Self::NetskopeClient => &[
                Aspect::Client,
                Aspect::Tunnel,
                Aspect::Steering,
                Aspect::PrivateAccess,
                Aspect::Configuration,
            ],
            Self::CatoClient => &[
                Aspect::Tunnel,
                Aspect::PrivateAccess,
                Aspect::InternetSecurity,
            ],
        }
    }

    /// Whether it has the aspect.
    pub fn has(self, aspect: Aspect) -> bool {
        self.aspects().contains(&aspect)
    }

    /// What can be known about who it is, in the order in which people read it.
    pub const fn facts(self) -> &'static [Fact] {
        match self {
            Self::NetskopePublisher => &[
                Fact::PublisherId,
                Fact::Tenant,
                Fact::Stitcher,
                Fact::Address,
            ],
            Self::NetskopeClient => &[
                Fact::Organisation,
                Fact::Version,
                Fact::Gateway,
                Fact::GatewayIp,
                Fact::Pop,
                Fact::TunnelProtocol,
                Fact::ClientConfiguration,
                Fact::SteeringConfiguration,
                Fact::TrafficMode,
                Fact::DynamicSteering,
                Fact::OnPremisesCheck,
                Fact::DeviceClassification,
                Fact::PrivateAccess,
                Fact::PrivateAccessGateway,
                Fact::ConfigurationStatus,
                Fact::User,
            ],
            Self::CatoClient => &[
                Fact::Version,
                Fact::Pop,
                Fact::TunnelIp,
                Fact::TunnelDevice,
                Fact::TunnelProtocol,
            ],
        }
    }

    /// Whether clients of others come and go on it.
    pub const fn has_sessions(self) -> bool {
        match self {
            Self::NetskopePublisher => true,
            Self::NetskopeClient | Self::CatoClient => false,
        }
    }
}
