//! Which object of our MIB shows which signal, and which numbers our words have there.
//!
//! Every signal has a decision here: the match has no wildcard, so a new signal does not
//! compile before somebody has thought about SNMP. "Not in SNMP, because" is a decision.
//! So are the numbers of events and aspects: they are part of row indexes, and a number
//! that was given once is never given again.

use model::connector::Aspect;
use model::event::EventKind;
use model::signal::{AlertSignal, HostSignal, ProbeSignal, Signal};

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
                Signal::Alert(alert) => alert_placement(alert),
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
    LogAmbiguousDates ["ztnaLogDayFirst", "ztnaLogMonthFirst"],
}

placements_of! { probe_placement ProbeSignal {
    Success ["ztnaToolSuccess", "ztnaProbeSuccess"],
    Duration ["ztnaToolDuration", "ztnaProbeDuration"],
    LastSuccess ["ztnaToolLastSuccess", "ztnaProbeLastSuccess"],
    Runs ["ztnaToolRuns", "ztnaProbeRuns"],
    Failures [
        "ztnaToolNotFound", "ztnaToolDenied", "ztnaToolTimeouts", "ztnaToolExitStatus",
        "ztnaToolOutputTooLong", "ztnaToolUnintelligible", "ztnaToolSystem", "ztnaToolUnsafe",
        "ztnaProbeFailures", "ztnaProbeFaultCount", "ztnaProbeCause"
    ],
    PhaseDuration [
        "ztnaProbeResolve", "ztnaProbeConnect", "ztnaProbeProxy", "ztnaProbeHandshake"
    ],
    CertificateExpiry ["ztnaProbeCertificateExpires"],
    TlsIntercepted ["ztnaProbeIntercepted"],
    TlsInfo ["ztnaProbeTlsVersion", "ztnaProbeTlsCipher"],
    DnsAddresses ["ztnaProbeAddresses"],
} }

placements_of! { alert_placement AlertSignal {
    Firing ["ztnaAlertCount", "ztnaAlertRule", "ztnaAlertSeverity"],
    Pending ("what may come to nothing is for dashboards; the table shows what fires"),
    Since ["ztnaAlertSince"],
    Held ("a poller sees the alert itself; that nobody is told of it is the page's"),
    Notifications ("the agent's own bookkeeping, on /metrics"),
    RuleFailures ("the alert `agent-fault` tells of them"),
    EventsSkipped ("the alert `agent-fault` tells of them"),
    Silences ("the agent's own bookkeeping, on /metrics"),
    OutboxMessages ("the agent's own bookkeeping, on /metrics"),
    OutboxOldest ("the alert `agent-fault` tells of messages that wait for long"),
    Deliveries ("the agent's own bookkeeping, on /metrics"),
    UpdateScheduled ("a plan of the configuration, on the page and on /metrics"),
    ReleasesBehind ("the alert `version-unsupported` tells of it"),
    AgentFault ("the alert `agent-fault` tells of each"),
} }

placements_of! { host_placement HostSignal {
    Info ["ztnaHostSystem", "ztnaHostSystemVersion"],
    CpuUsed ["ztnaHostCpuUsedPercent"],
    CpuShare [
        "ztnaHostCpuUserPercent", "ztnaHostCpuSystemPercent", "ztnaHostCpuIdlePercent",
        "ztnaHostCpuWaitPercent", "ztnaHostCpuStealPercent"
    ],
    CpuSeconds {
        "UCD-SNMP-MIB::ssCpuRawUser", "UCD-SNMP-MIB::ssCpuRawNice",
        "UCD-SNMP-MIB::ssCpuRawSystem", "UCD-SNMP-MIB::ssCpuRawIdle",
        "UCD-SNMP-MIB::ssCpuRawWait", "UCD-SNMP-MIB::ssCpuRawInterrupt",
        "UCD-SNMP-MIB::ssCpuRawSoftIRQ", "UCD-SNMP-MIB::ssCpuRawSteal"
    },
    Processors {"UCD-SNMP-MIB::ssCpuNumCpus"},
    Load1 {"UCD-SNMP-MIB::laLoad"},
    Load5 {"UCD-SNMP-MIB::laLoad"},
    Load15 {"UCD-SNMP-MIB::laLoad"},
    MemoryUsed ["ztnaHostMemUsed", "ztnaHostMemUsedPercent"],
    MemoryUsedBytes ["ztnaHostMemUsed"],
    MemorySize {"UCD-SNMP-MIB::memTotalRealX"},
    MemoryFree {"UCD-SNMP-MIB::memAvailRealX"},
    MemoryAvailable {"UCD-SNMP-MIB::memSysAvail"},
    MemoryBuffers {"UCD-SNMP-MIB::memBufferX"},
    MemoryCached {"UCD-SNMP-MIB::memCachedX"},
    SwapSize {"UCD-SNMP-MIB::memTotalSwapX"},
    SwapFree {"UCD-SNMP-MIB::memAvailSwapX"},
    FilesystemSize {"UCD-SNMP-MIB::dskTotalLow", "UCD-SNMP-MIB::dskTotalHigh"},
    FilesystemFree {
        "UCD-SNMP-MIB::dskTotalLow", "UCD-SNMP-MIB::dskTotalHigh",
        "UCD-SNMP-MIB::dskUsedLow", "UCD-SNMP-MIB::dskUsedHigh"
    },
    FilesystemAvailable {"UCD-SNMP-MIB::dskAvailLow", "UCD-SNMP-MIB::dskAvailHigh"},
    FilesystemFiles ["ztnaFsInodes"],
    FilesystemFilesFree ["ztnaFsInodesFree"],
    FilesystemReadOnly ["ztnaFsReadOnly"],
    FilesystemHoldsUpdate ["ztnaFsHoldsUpdate"],
    UpdateSpace ["ztnaHostUpdateFree", "ztnaFsHoldsUpdate"],
    UpdateSpaceSufficient ["ztnaHostUpdateSufficient"],
    NetworkReceiveBytes {"IF-MIB::ifHCInOctets"},
    NetworkTransmitBytes {"IF-MIB::ifHCOutOctets"},
    NetworkReceivePackets {"IF-MIB::ifHCInUcastPkts", "IF-MIB::ifHCInMulticastPkts"},
    NetworkTransmitPackets {"IF-MIB::ifHCOutUcastPkts"},
    NetworkReceiveErrors {"IF-MIB::ifInErrors"},
    NetworkTransmitErrors {"IF-MIB::ifOutErrors"},
    NetworkReceiveDrops {"IF-MIB::ifInDiscards"},
    NetworkTransmitDrops {"IF-MIB::ifOutDiscards"},
    NetworkUp {"IF-MIB::ifOperStatus"},
    NetworkSpeed {"IF-MIB::ifSpeed", "IF-MIB::ifHighSpeed"},
    DiskReadBytes {"UCD-DISKIO-MIB::diskIONReadX"},
    DiskWrittenBytes {"UCD-DISKIO-MIB::diskIONWrittenX"},
    DiskReads {"UCD-DISKIO-MIB::diskIOReads"},
    DiskWrites {"UCD-DISKIO-MIB::diskIOWrites"},
    FilesOpen ["ztnaHostFilesOpen"],
    FilesMax ["ztnaHostFilesMax"],
    Conntrack ["ztnaHostConntrack"],
    ConntrackMax ["ztnaHostConntrackMax"],
    EphemeralPorts ["ztnaHostPorts"],
    EphemeralPortsUsed ["ztnaHostTcpPortsUsed", "ztnaHostUdpPortsUsed"],
    Sockets ["ztnaHostTcpSockets", "ztnaHostUdpSockets"],
    SocketsTimeWait ["ztnaHostTcpTimeWait"],
    Processes {"HOST-RESOURCES-MIB::hrSystemProcesses"},
    ProcessCount ["ztnaHostProcessCount", "ztnaHostLargestCount", "ztnaHostBusiestCount"],
    ProcessCpu ["ztnaHostProcessCpu", "ztnaHostLargestCpu", "ztnaHostBusiestCpu"],
    ProcessMemory ["ztnaHostProcessMemory", "ztnaHostLargestMemory", "ztnaHostBusiestMemory"],
    ProcessFiles ["ztnaHostProcessFiles", "ztnaHostLargestFiles", "ztnaHostBusiestFiles"],
    BootTime ["ztnaHostBooted"],
    ClockSynchronised ["ztnaHostClockSynchronised"],
    RebootPending ["ztnaHostRebootPending"],
    OsSupported ["ztnaHostSystemSupported"],
    PublisherSnat ["ztnaHostPublisherSnat"],
    PublisherTcp ["ztnaHostPublisherTcp"],
    PublisherUdp ["ztnaHostPublisherUdp"],
    PublisherFiles ["ztnaHostPublisherFiles"],
    Threshold ["ztnaThresholdLimit"],
    ThresholdBreached ["ztnaThresholdBreached", "ztnaThresholdMounts"],
    ThresholdBreachedAt ("a poller sees the truth change; since when it holds, /metrics says"),
    CollectorSuccess ["ztnaCollectorSuccess"],
    CollectorDuration ["ztnaCollectorDuration"],
    CollectorHungThreads ["ztnaCollectorHung"],
    SampleTime ["ztnaHostSampled"],
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
mod tests;
