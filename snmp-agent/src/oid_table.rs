//! Which object of our MIB shows which signal, and which numbers our words have there.
//!
//! Every signal has a decision here: the match has no wildcard, so a new signal does not
//! compile before somebody has thought about SNMP. "Not in SNMP, because" is a decision.
//! So are the numbers of events and aspects: they are part of row indexes, and a number
//! that was given once is never given again.

use model::connector::Aspect;
use model::event::EventKind;
use model::signal::{HostSignal, ProbeSignal, Signal};

/// Where a signal is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Placement {
    /// Objects of ZTNA-EXPORTER-MIB that show it, by their names.
    Objects(&'static [&'static str]),
    /// Objects of other modules that show it, by module and name: `IF-MIB::ifHCInOctets`.
    Elsewhere(&'static [&'static str]),
    /// It is not in SNMP, for this reason.
    Absent(&'static str),
}

/// `[objects of ours]`, `{objects of other modules}`, or `("reason")` for a signal that is
/// not in SNMP.
macro_rules! place {
    ({$($object:literal),+}) => { Placement::Elsewhere(&[$($object),+]) };
    ([$($object:literal),+]) => { Placement::Objects(&[$($object),+]) };
    (($reason:literal)) => { Placement::Absent($reason) };
}

macro_rules! placements {
    ($($variant:ident $place:tt,)+) => {
        /// Where the signal is found in SNMP.
        pub const fn placement(signal: Signal) -> Placement {
            match signal {
                $(Signal::$variant => place!($place),)+
                Signal::Probe(probe) => probe_placement(probe),
                Signal::Host(host) => host_placement(host),
            }
        }
    };
}

macro_rules! placements_of {
    ($name:ident $signals:ident { $($variant:ident $place:tt,)+ }) => {
        const fn $name(signal: $signals) -> Placement {
            match signal {
                $($signals::$variant => place!($place),)+
            }
        }
    };
}

placements! {
    ConnectorInfo [
        "ztnaConnName", "ztnaConnKind", "ztnaConnVersion", "ztnaConnGateway", "ztnaConnPop"
    ],
    Events ["ztnaEventCount"],
    EventLast ["ztnaEventLast"],
    TunnelUp ["ztnaConnTunnelUp"],
    TunnelState ["ztnaConnTunnel", "ztnaStateWord"],
    RegistrationState ["ztnaConnRegistration", "ztnaStateWord"],
    UpdateState ["ztnaConnUpdate", "ztnaStateWord"],
    ClientStatus ["ztnaConnClient", "ztnaStateWord"],
    ClientIcon ["ztnaConnIcon"],
    SteeringState ["ztnaConnSteering", "ztnaStateWord"],
    ConfigurationState ["ztnaConnConfiguration", "ztnaStateWord"],
    ServiceState ["ztnaConnPrivateAccess", "ztnaConnInternetSecurity", "ztnaStateWord"],
    Degraded ["ztnaConnDegraded"],
    StateChanged ["ztnaStateSince"],
    LastHeard ["ztnaConnLastHeard", "ztnaConnSilentFor"],
    Silent ["ztnaConnSilent"],
    ConfigurationUpdated ["ztnaConnConfigured"],
    TunnelReconnects ["ztnaConnTunnelReconnects"],
    // The buckets stay with Prometheus: a poller wants a mean, and can take it.
    GatewayRtt ["ztnaPopMeasurements", "ztnaPopSum"],
    LogLines [
        "ztnaLogRecognised", "ztnaLogIgnored", "ztnaLogOversize", "ztnaLogInvalidUtf8",
        "ztnaLogContinuations"
    ],
    LogBytes ["ztnaLogBytes"],
    LogLag ["ztnaLogLag"],
    LogFiles ["ztnaLogFiles"],
    LogFilesUnreadable ["ztnaLogUnreadable"],
    LogFilesOverLimit ["ztnaLogOverLimit"],
    LogLastRead ["ztnaLogLastRead"],
    LogGenerations [
        "ztnaLogDiscovered", "ztnaLogRotated", "ztnaLogTruncated", "ztnaLogRewritten",
        "ztnaLogTailLost"
    ],
    LogLost [
        "ztnaLogLostTruncated", "ztnaLogLostRemoved", "ztnaLogLostTail", "ztnaLogLostOversize",
        "ztnaLogLostNulRun", "ztnaLogLostUndecodable"
    ],
    // Which function it was, the page and /metrics tell: its name is no row index.
    LogNearMiss ["ztnaLogNearMisses"],
    LogAmbiguousDates ("to be placed"),
}

placements_of! { probe_placement ProbeSignal {
    Success ["ztnaToolSuccess"],
    Duration ["ztnaToolDuration"],
    LastSuccess ["ztnaToolLastSuccess"],
    Runs ["ztnaToolRuns"],
    Failures [
        "ztnaToolNotFound", "ztnaToolDenied", "ztnaToolTimeouts", "ztnaToolExitStatus",
        "ztnaToolOutputTooLong", "ztnaToolUnintelligible", "ztnaToolSystem", "ztnaToolUnsafe"
    ],
    PhaseDuration ("to be placed"),
    CertificateExpiry ("to be placed"),
    TlsIntercepted ("to be placed"),
    TlsInfo ("to be placed"),
    DnsAddresses ("to be placed"),
} }

placements_of! { host_placement HostSignal {
    Info ("to be placed"),
    CpuUsed ("to be placed"),
    CpuShare ("to be placed"),
    CpuSeconds ("to be placed"),
    Processors ("to be placed"),
    Load1 ("to be placed"),
    Load5 ("to be placed"),
    Load15 ("to be placed"),
    MemoryUsed ("to be placed"),
    MemorySize ("to be placed"),
    MemoryFree ("to be placed"),
    MemoryAvailable ("to be placed"),
    MemoryBuffers ("to be placed"),
    MemoryCached ("to be placed"),
    SwapSize ("to be placed"),
    SwapFree ("to be placed"),
    FilesystemSize ("to be placed"),
    FilesystemFree ("to be placed"),
    FilesystemAvailable ("to be placed"),
    FilesystemFiles ("to be placed"),
    FilesystemFilesFree ("to be placed"),
    FilesystemReadOnly ("to be placed"),
    UpdateSpace ("to be placed"),
    NetworkReceiveBytes ("to be placed"),
    NetworkTransmitBytes ("to be placed"),
    NetworkReceivePackets ("to be placed"),
    NetworkTransmitPackets ("to be placed"),
    NetworkReceiveErrors ("to be placed"),
    NetworkTransmitErrors ("to be placed"),
    NetworkReceiveDrops ("to be placed"),
    NetworkTransmitDrops ("to be placed"),
    NetworkUp ("to be placed"),
    NetworkSpeed ("to be placed"),
    DiskReadBytes ("to be placed"),
    DiskWrittenBytes ("to be placed"),
    DiskReads ("to be placed"),
    DiskWrites ("to be placed"),
    FilesOpen ("to be placed"),
    FilesMax ("to be placed"),
    Conntrack ("to be placed"),
    ConntrackMax ("to be placed"),
    EphemeralPorts ("to be placed"),
    Sockets ("to be placed"),
    SocketsTimeWait ("to be placed"),
    Processes ("to be placed"),
    ProcessCount ("to be placed"),
    ProcessCpu ("to be placed"),
    ProcessMemory ("to be placed"),
    ProcessFiles ("to be placed"),
    BootTime ("to be placed"),
    ClockSynchronised ("to be placed"),
    RebootPending ("to be placed"),
    OsSupported ("to be placed"),
    PublisherSnat ("to be placed"),
    PublisherTcp ("to be placed"),
    PublisherUdp ("to be placed"),
    PublisherFiles ("to be placed"),
    Threshold ("to be placed"),
    ThresholdBreached ("to be placed"),
    CollectorSuccess ("to be placed"),
    CollectorDuration ("to be placed"),
    CollectorHungThreads ("to be placed"),
    SampleTime ("to be placed"),
} }

/// The number of an aspect in row indexes.
pub const fn aspect_number(aspect: Aspect) -> u32 {
    match aspect {
        Aspect::Registration => 1,
        Aspect::Tunnel => 2,
        Aspect::Update => 3,
        Aspect::Client => 4,
        Aspect::Steering => 5,
        Aspect::Configuration => 6,
        Aspect::PrivateAccess => 7,
        Aspect::InternetSecurity => 8,
    }
}

macro_rules! event_numbers {
    ($($variant:ident $number:literal,)+) => {
        /// The number of an event in row indexes.
        pub const fn event_number(kind: EventKind) -> u32 {
            match kind { $(EventKind::$variant => $number,)+ }
        }
    };
}

event_numbers! {
    RegistrationStarted 1,
    RegistrationAttempted 2,
    RegistrationSucceeded 3,
    RegistrationFailed 4,
    CertificateIdentified 5,
    CertificateVerified 6,
    TunnelConnecting 7,
    TunnelConnected 8,
    TunnelDisconnected 9,
    TunnelUnknownEvent 10,
    TlsError 11,
    DataplaneChecking 12,
    DataplaneVerified 13,
    StitcherStatus 14,
    ConfigPulled 15,
    ReachabilityProtocolsAdded 16,
    AppConnectionOpened 17,
    ClientConnected 18,
    ClientDisconnected 19,
    UpdateStarted 20,
    UpdateSucceeded 21,
    UpdateFailed 22,
    UpdateSkipped 23,
    UpdateReconnectFailed 24,
    UpdateAvailable 25,
    TunnelConnectFailed 26,
    TunnelKeepaliveFailed 27,
    ClientInstalled 28,
    ClientUninstalled 29,
    ClientInstallFailed 30,
    ClientIdentified 31,
    ClientEnabled 32,
    ClientDisabled 33,
    ClientFailClosed 34,
    ServiceStateChanged 35,
    SteeringApplied 36,
    SteeringFailed 37,
    FlowTunneled 38,
    FlowBypassed 39,
    FlowBlocked 40,
    FlowExempted 41,
    NetworkChanged 42,
    SystemStarted 43,
    SystemStopped 44,
    AuthenticationRequested 45,
    AuthenticationFailed 46,
    LocationChecked 47,
    GatewaySelected 48,
    GatewayMeasured 49,
    PolicyUpdated 50,
    ConfigUpdated 51,
    ConfigUpdateFailed 52,
    CertificateInstallFailed 53,
    ManagementRequestFailed 54,
    DnsFailed 55,
    GatewayConnected 56,
    ProbeFailed 57,
    ProbeRecovered 58,
    ThresholdBreached 59,
    ThresholdCleared 60,
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use model::signal::SIGNALS;

    use super::*;
    use crate::mib;

    #[test]
    fn every_signal_is_placed_at_objects_that_exist_or_has_a_reason() {
        for row in SIGNALS {
            match placement(row.signal) {
                Placement::Objects(names) => {
                    assert!(!names.is_empty(), "{}", row.name);
                    for name in names {
                        let definition = format!("\n{name} OBJECT-TYPE\n");
                        assert!(mib::TEXT.contains(&definition), "{} wants {name}", row.name);
                    }
                }
                Placement::Elsewhere(names) => {
                    assert!(
                        names.iter().all(|name| name.contains("-MIB::")),
                        "{}",
                        row.name
                    );
                }
                Placement::Absent(reason) => assert!(reason.len() > 10, "{}", row.name),
            }
        }
    }

    #[test]
    fn no_number_is_given_twice() {
        let events: BTreeSet<u32> = EventKind::ALL
            .iter()
            .map(|one| event_number(*one))
            .collect();
        assert_eq!(events.len(), EventKind::ALL.len());
        let aspects: BTreeSet<u32> = Aspect::ALL.iter().map(|one| aspect_number(*one)).collect();
        assert_eq!(aspects.len(), Aspect::ALL.len());
        assert!(!events.contains(&0) && !aspects.contains(&0));
    }
}
