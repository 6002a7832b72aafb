//! The vendor's table of client status events, row by row.
//!
//! Source: Netskope documentation, "Using Netskope Client", client status events and
//! icon states, read 2026. The table says who acted and what the client's status is
//! afterwards; we add our event and reason, and the one of our states it leads to.
//!
//! "Tunnel Down" is also what a client says just after installation, upgrade or
//! restart: it is no trouble by itself.

use super::states::{ClientStatus, TunnelState};
use crate::event::{EventKind, Reason};

/// Who made the status change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Actor {
    /// The client itself.
    System,
    /// The person at the device.
    User,
    /// The tenant's administrator.
    Admin,
}

/// What the vendor's status column says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum VendorStatus {
    /// "Enabled"
    Enabled,
    /// "Disabled"
    Disabled,
    /// "Disabled/Enabled": whatever the tunnel is.
    AsTunnel,
    /// "Uninstalled"
    Uninstalled,
}

/// One row of the vendor's table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StatusRow {
    /// The vendor's name of the event.
    pub name: &'static str,
    /// Who acted.
    pub actor: Actor,
    /// The vendor's status after it.
    pub vendor_status: VendorStatus,
    /// Our event.
    pub event: EventKind,
    /// Our event's reason, `""` if it has none.
    pub reason: &'static str,
    /// Which kind of "disabled" it is, where the vendor's icons tell kinds apart.
    disabled_as: ClientStatus,
}

impl StatusRow {
    /// The client's status after the event, with its tunnel as it is then.
    pub fn status(&self, tunnel: TunnelState) -> ClientStatus {
        match self.vendor_status {
            VendorStatus::Enabled => ClientStatus::Enabled,
            VendorStatus::Disabled => self.disabled_as,
            VendorStatus::Uninstalled => ClientStatus::Uninstalled,
            VendorStatus::AsTunnel if tunnel == TunnelState::Connected => ClientStatus::Enabled,
            VendorStatus::AsTunnel => ClientStatus::Disabled,
        }
    }

    /// The row of an event and its reason. A reason without a row of its own, such as
    /// one of an operator's catalogue, takes the event's plain row.
    pub fn find(event: EventKind, reason: &Reason) -> Option<&'static Self> {
        let of_event = |row: &&Self| row.event == event;
        STATUS_TABLE
            .iter()
            .filter(of_event)
            .find(|row| row.reason == reason.as_str())
            .or_else(|| STATUS_TABLE.iter().find(of_event))
    }
}

macro_rules! status_table {
    ($($name:literal $actor:ident $status:ident $event:ident $reason:literal $as:ident,)+) => {
        /// All 18 rows, in the vendor's order.
        pub const STATUS_TABLE: &[StatusRow] = &[
            $(StatusRow {
                name: $name,
                actor: Actor::$actor,
                vendor_status: VendorStatus::$status,
                event: EventKind::$event,
                reason: $reason,
                disabled_as: ClientStatus::$as,
            },)+
        ];
    };
}

// The last column is read where the status is "Disabled". Missing or wrong
// configuration is the plain grey icon by the vendor's own words, any other error
// the one with the exclamation point.
status_table! {
    "Installed" System Disabled ClientInstalled "" Disabled,
    "Tunnel Up" System Enabled ClientEnabled "tunnel_up" Disabled,
    "Tunnel Down" System Disabled ClientDisabled "tunnel_down" Disabled,
    "Tunnel down due to secure forwarder" System Disabled ClientDisabled "secure_forwarder" Disabled,
    "Fail close" System Disabled ClientFailClosed "" FailClosed,
    "Tunnel down due to GRE" System Disabled ClientDisabled "gre" Disabled,
    "Tunnel down due to Data Plane on-premises" System Disabled
        ClientDisabled "dataplane_on_premises" Disabled,
    "Tunnel down due to config error" System Disabled ClientDisabled "config_error" Disabled,
    "Tunnel down due to error" System Disabled ClientDisabled "error" DisabledError,
    "Change in network" System Disabled NetworkChanged "" Disabled,
    "System shutdown" System Disabled SystemStopped "" Disabled,
    "System powerup" System AsTunnel SystemStarted "" Disabled,
    "User Disabled" User Disabled ClientDisabled "user" Disabled,
    "User Enabled" User Enabled ClientEnabled "user" Disabled,
    "Admin Disabled" Admin Disabled ClientDisabled "admin" Disabled,
    "Admin Enabled" Admin Enabled ClientEnabled "admin" Disabled,
    "Uninstalled" System Uninstalled ClientUninstalled "" Disabled,
    "Installation Failure" System Disabled ClientInstallFailed "" Disabled,
}
