//! Everything we publish about connectors, their logs, probes and the host: one table.
//!
//! `/metrics`, the status page, rules, dashboards' checks and `docs/metrics.md`
//! follow from [`SIGNALS`]. What a component says about itself (commits, scrapes,
//! connections) is not here but in that component's `metrics.rs`.

/// How a signal's value behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SignalKind {
    /// Only grows; survives restarts; starts at 0 for every label value known beforehand.
    Counter,
    /// A value of now.
    Gauge,
    /// One series a state, exactly one of them 1.
    StateSet,
    /// Constant 1 whose labels carry text.
    Info,
    /// Measurements in buckets; survives restarts like a counter.
    Histogram,
}

/// Base units, as Prometheus names them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Unit {
    /// A count.
    None,
    /// 1 if it is so, 0 if it is not.
    Truth,
    /// Bytes.
    Bytes,
    /// Seconds, or seconds since the epoch in a `_timestamp_seconds` family.
    Seconds,
}

impl Unit {
    /// The suffix that the name carries, without its underscore; `""` if none.
    pub const fn suffix(self) -> &'static str {
        match self {
            Self::None | Self::Truth => "",
            Self::Bytes => "bytes",
            Self::Seconds => "seconds",
        }
    }
}

/// One row of the table.
#[derive(Debug, Clone, Copy)]
pub struct SignalRow {
    /// Which signal the row describes.
    pub signal: Signal,
    /// Full name as users write it, with unit and, for counters, `_total`.
    pub name: &'static str,
    /// How the value behaves.
    pub kind: SignalKind,
    /// The unit, which also ends the name.
    pub unit: Unit,
    /// Label names, in the order of a series' label values.
    pub labels: &'static [&'static str],
    /// One sentence, without full stop.
    pub help: &'static str,
}

macro_rules! signals {
    (
        connector { $($variant:ident $row:tt,)+ }
        probe { $($probe:ident $probe_row:tt,)+ }
        host { $($host:ident $host_row:tt,)+ }
        alert { $($alert:ident $alert_row:tt,)+ }
    ) => {
        /// Every fact that may be published.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Signal {
            $(#[doc = help!($row)] $variant,)+
            /// What somebody asked actively: a vendor's tool, or a server on the path.
            Probe(ProbeSignal),
            /// Something about the host.
            Host(HostSignal),
            /// Something about alerts, their messages, and the agent's own faults.
            Alert(AlertSignal),
        }

        /// Facts about active probes and the vendors' tools. The label `connector` is empty
        /// for a probe that belongs to none, and then not written.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum ProbeSignal {
            $(#[doc = help!($probe_row)] $probe,)+
        }

        /// Facts about the host.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum HostSignal {
            $(#[doc = help!($host_row)] $host,)+
        }

        /// Facts about alerts, messages on their way, and what is wrong with the agent.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum AlertSignal {
            $(#[doc = help!($alert_row)] $alert,)+
        }

        /// The table: one row a signal, in the order of the exposition.
        pub const SIGNALS: &[SignalRow] = &[
            $(row!(Signal::$variant, $row),)+
            $(row!(Signal::Probe(ProbeSignal::$probe), $probe_row),)+
            $(row!(Signal::Host(HostSignal::$host), $host_row),)+
            $(row!(Signal::Alert(AlertSignal::$alert), $alert_row),)+
        ];

        impl Signal {
            /// The signal's row.
            pub const fn row(self) -> &'static SignalRow {
                match self {
                    $(Self::$variant => &row!(Signal::$variant, $row),)+
                    Self::Probe(probe) => match probe {
                        $(ProbeSignal::$probe => {
                            &row!(Signal::Probe(ProbeSignal::$probe), $probe_row)
                        })+
                    },
                    Self::Host(host) => match host {
                        $(HostSignal::$host => {
                            &row!(Signal::Host(HostSignal::$host), $host_row)
                        })+
                    },
                    Self::Alert(alert) => match alert {
                        $(AlertSignal::$alert => {
                            &row!(Signal::Alert(AlertSignal::$alert), $alert_row)
                        })+
                    },
                }
            }
        }
    };
}

macro_rules! help {
    (($name:literal $kind:ident $unit:ident [$($label:literal),*] $help:literal)) => {
        $help
    };
}

macro_rules! row {
    ($signal:expr, (
        $name:literal $kind:ident $unit:ident [$($label:literal),*] $help:literal
    )) => {
        SignalRow {
            signal: $signal,
            name: $name,
            kind: SignalKind::$kind,
            unit: Unit::$unit,
            labels: &[$($label),*],
            help: $help,
        }
    };
}

signals! {
    connector {
        ConnectorInfo ("ztna_connector_info" Info None [
            "connector", "kind", "version", "organisation", "gateway", "gateway_ip", "pop",
            "tunnel_protocol", "client_configuration", "steering_configuration", "traffic_mode",
            "dynamic_steering", "on_premises_check", "device_classification", "private_access",
            "private_access_gateway", "configuration_status", "user"
        ]
            "Which connectors are watched, by kind, and how they are set up as far as the vendor's own tool tells"),
        Events ("ztna_events_total" Counter None ["connector", "event", "reason"]
            "Events recognised in the connector's logs"),
        EventLast ("ztna_event_last_timestamp_seconds" Gauge Seconds ["connector", "event"]
            "When the event happened last, by the log line's own time or, if it has none, by the time it was read"),
        TunnelUp ("ztna_tunnel_up" Gauge Truth ["connector"]
            "Whether the tunnel is confirmed up (1), by the last log line or answer of the client's tool that told of it"),
        TunnelState ("ztna_tunnel_state" StateSet None ["connector", "state"]
            "State of the tunnel"),
        RegistrationState ("ztna_registration_state" StateSet None ["connector", "state"]
            "State of the registration"),
        UpdateState ("ztna_update_state" StateSet None ["connector", "state"]
            "State of the last update"),
        ClientStatus ("ztna_client_status" StateSet None ["connector", "status"]
            "Whether an endpoint client is on, and if not, why in the vendor's terms"),
        ClientIcon ("ztna_client_icon_state" StateSet None ["connector", "state"]
            "What the client's icon shows to its user"),
        SteeringState ("ztna_steering_state" StateSet None ["connector", "state"]
            "Whether traffic is led into the tunnel"),
        ConfigurationState ("ztna_configuration_state" StateSet None ["connector", "state"]
            "Whether the client could fetch its configuration"),
        ServiceState ("ztna_service_state" StateSet None ["connector", "service", "state"]
            "State of a service of the client"),
        Degraded ("ztna_degraded" Gauge Truth ["connector", "reason"]
            "Whether the tunnel is up and the connector still does not do its work (1), by reason"),
        StateChanged ("ztna_state_changed_timestamp_seconds" Gauge Seconds ["connector", "aspect"]
            "When the aspect's state changed last"),
        LastHeard ("ztna_connector_last_heard_timestamp_seconds" Gauge Seconds ["connector"]
            "When a log line or an answer of the vendor's tool came last"),
        Silent ("ztna_connector_silent" Gauge Truth ["connector"]
            "Whether the connector was silent for so long that its states are unknown (1)"),
        ConfigurationUpdated ("ztna_configuration_updated_timestamp_seconds" Gauge Seconds
            ["connector"]
            "When the client's configuration was updated last, as the vendor's tool tells"),
        TunnelReconnects ("ztna_tunnel_reconnects_total" Counter None ["connector"]
            "Times the vendor's tool showed a tunnel younger than before"),
        GatewayRtt ("ztna_gateway_rtt_seconds" Histogram Seconds ["connector", "pop"]
            "Round trips to the vendor's gateways as the client measures them, by point of presence"),
        LogLines ("ztna_log_lines_total" Counter None ["connector", "log", "outcome"]
            "Lines read, by what became of them"),
        LogBytes ("ztna_log_bytes_total" Counter Bytes ["connector", "log"]
            "Bytes read from log files, unpacked"),
        LogLag ("ztna_log_lag_bytes" Gauge Bytes ["connector", "log"]
            "Bytes written to the log files and not read yet, a last unfinished line included"),
        LogFiles ("ztna_log_files" Gauge None ["connector", "log"]
            "Log files followed now"),
        LogFilesUnreadable ("ztna_log_files_unreadable" Gauge None ["connector", "log"]
            "Files that match the log's patterns but cannot be read now"),
        LogFilesOverLimit ("ztna_log_files_over_limit" Gauge None ["connector", "log"]
            "Files that match the log's patterns and wait because as many as allowed are followed"),
        LogLastRead ("ztna_log_last_read_timestamp_seconds" Gauge Seconds ["connector", "log"]
            "When a line was read last: the measure of silence"),
        LogGenerations ("ztna_log_generations_total" Counter None ["connector", "log", "cause"]
            "Times a log file or its content began anew"),
        LogLost ("ztna_log_lost_bytes_total" Counter Bytes ["connector", "log", "cause"]
            "Bytes that could not be read, or were refused, by cause"),
        LogNearMiss ("ztna_log_near_miss_total" Counter None ["connector", "log", "function"]
            "Lines of a known function of the connector's program whose text fits no known event: a changed wording"),
        LogAmbiguousDates ("ztna_log_ambiguous_date_files_total" Counter None
            ["connector", "log", "order"]
            "Files whose dates can be read day first and month first, by the order that was taken"),
    }
    probe {
        Success ("ztna_probe_success" Gauge Truth ["connector", "probe"]
            "Whether the last run of the probe, or of the vendor's tool, succeeded (1)"),
        Duration ("ztna_probe_duration_seconds" Gauge Seconds ["connector", "probe"]
            "How long the last run took"),
        LastSuccess ("ztna_probe_last_success_timestamp_seconds" Gauge Seconds
            ["connector", "probe"]
            "When a run succeeded last"),
        Runs ("ztna_probe_runs_total" Counter None ["connector", "probe"]
            "Runs of the probe, or of the vendor's tool"),
        Failures ("ztna_probe_failures_total" Counter None ["connector", "probe", "cause"]
            "Runs that failed, by cause"),
        PhaseDuration ("ztna_probe_phase_duration_seconds" Gauge Seconds
            ["connector", "probe", "phase"]
            "How long a phase of the last run took, of those that it came to"),
        CertificateExpiry ("ztna_probe_certificate_expiry_timestamp_seconds" Gauge Seconds
            ["connector", "probe"]
            "When the first certificate to expire on the way to the expected root does so, or of all that were shown if there is no such way"),
        TlsIntercepted ("ztna_probe_tls_intercepted" Gauge Truth ["connector", "probe"]
            "Whether the chain ends in another root than it should: TLS is inspected on the path (1)"),
        TlsInfo ("ztna_probe_tls_info" Info None ["connector", "probe", "version", "cipher"]
            "What the last TLS handshake agreed on"),
        DnsAddresses ("ztna_probe_dns_addresses" Gauge None ["connector", "probe"]
            "Addresses that the name had at the last run"),
    }
    host {
        Info ("ztna_host_info" Info None ["os", "version", "kernel"]
            "Which system the host has"),
        CpuUsed ("ztna_host_cpu_used_ratio" Gauge None []
            "Share of processors' time that was used over the last window (a minute unless configured), without waiting for disks"),
        CpuShare ("ztna_host_cpu_share_ratio" Gauge None ["mode"]
            "Share of processors' time over the last window (a minute unless configured), by what they did"),
        CpuSeconds ("ztna_host_cpu_seconds_total" Counter Seconds ["mode"]
            "Processors' time since boot, by what they did"),
        Processors ("ztna_host_processors" Gauge None []
            "Processors that are on"),
        Load1 ("ztna_host_load1" Gauge None []
            "Load average over 1 minute"),
        Load5 ("ztna_host_load5" Gauge None []
            "Load average over 5 minutes"),
        Load15 ("ztna_host_load15" Gauge None []
            "Load average over 15 minutes"),
        MemoryUsed ("ztna_host_memory_used_ratio" Gauge None []
            "Share of memory that cannot be had without swapping"),
        MemoryUsedBytes ("ztna_host_memory_used_bytes" Gauge Bytes []
            "Memory that cannot be had without swapping"),
        MemorySize ("ztna_host_memory_size_bytes" Gauge Bytes []
            "Memory in all"),
        MemoryFree ("ztna_host_memory_free_bytes" Gauge Bytes []
            "Memory that nobody uses"),
        MemoryAvailable ("ztna_host_memory_available_bytes" Gauge Bytes []
            "Memory that can be had without swapping"),
        MemoryBuffers ("ztna_host_memory_buffers_bytes" Gauge Bytes []
            "Memory for blocks of disks"),
        MemoryCached ("ztna_host_memory_cached_bytes" Gauge Bytes []
            "Memory for contents of files"),
        SwapSize ("ztna_host_swap_size_bytes" Gauge Bytes []
            "Swap in all"),
        SwapFree ("ztna_host_swap_free_bytes" Gauge Bytes []
            "Swap that is free"),
        FilesystemSize ("ztna_host_filesystem_size_bytes" Gauge Bytes ["mountpoint"]
            "Size of the file system"),
        FilesystemFree ("ztna_host_filesystem_free_bytes" Gauge Bytes ["mountpoint"]
            "Free space, that for root included"),
        FilesystemAvailable ("ztna_host_filesystem_avail_bytes" Gauge Bytes ["mountpoint"]
            "Free space for everybody"),
        FilesystemFiles ("ztna_host_filesystem_files" Gauge None ["mountpoint"]
            "Inodes in all"),
        FilesystemFilesFree ("ztna_host_filesystem_files_free" Gauge None ["mountpoint"]
            "Inodes that are free"),
        FilesystemReadOnly ("ztna_host_filesystem_readonly" Gauge Truth ["mountpoint"]
            "Whether nothing can be written (1)"),
        FilesystemHoldsUpdate ("ztna_host_filesystem_holds_update" Gauge Truth ["mountpoint"]
            "Whether an update of the connector is written there (1)"),
        UpdateSpace ("ztna_host_update_space_bytes" Gauge Bytes []
            "Free space where an update of the connector is written"),
        UpdateSpaceSufficient ("ztna_host_update_space_sufficient" Gauge Truth []
            "Whether the 300 MB are free that the vendor checks before an update (1)"),
        NetworkReceiveBytes ("ztna_host_network_receive_bytes_total" Counter Bytes ["device"]
            "Bytes received"),
        NetworkTransmitBytes ("ztna_host_network_transmit_bytes_total" Counter Bytes ["device"]
            "Bytes sent"),
        NetworkReceivePackets ("ztna_host_network_receive_packets_total" Counter None ["device"]
            "Packets received"),
        NetworkTransmitPackets ("ztna_host_network_transmit_packets_total" Counter None ["device"]
            "Packets sent"),
        NetworkReceiveErrors ("ztna_host_network_receive_errs_total" Counter None ["device"]
            "Errors at receiving"),
        NetworkTransmitErrors ("ztna_host_network_transmit_errs_total" Counter None ["device"]
            "Errors at sending"),
        NetworkReceiveDrops ("ztna_host_network_receive_drop_total" Counter None ["device"]
            "Packets dropped at receiving"),
        NetworkTransmitDrops ("ztna_host_network_transmit_drop_total" Counter None ["device"]
            "Packets dropped at sending"),
        NetworkUp ("ztna_host_network_up" Gauge Truth ["device"]
            "Whether the interface is up (1)"),
        NetworkSpeed ("ztna_host_network_speed_bytes" Gauge Bytes ["device"]
            "Bytes a second that the interface can carry"),
        DiskReadBytes ("ztna_host_disk_read_bytes_total" Counter Bytes ["device"]
            "Bytes read from the disk"),
        DiskWrittenBytes ("ztna_host_disk_written_bytes_total" Counter Bytes ["device"]
            "Bytes written to the disk"),
        DiskReads ("ztna_host_disk_reads_completed_total" Counter None ["device"]
            "Reads of the disk that were completed"),
        DiskWrites ("ztna_host_disk_writes_completed_total" Counter None ["device"]
            "Writes to the disk that were completed"),
        FilesOpen ("ztna_host_filefd_allocated" Gauge None []
            "Open files of all processes"),
        FilesMax ("ztna_host_filefd_maximum" Gauge None []
            "Most open files there may be"),
        Conntrack ("ztna_host_conntrack_entries" Gauge None []
            "Tracked connections"),
        ConntrackMax ("ztna_host_conntrack_entries_limit" Gauge None []
            "Most tracked connections there may be"),
        EphemeralPorts ("ztna_host_ephemeral_ports" Gauge None []
            "Ports for connections that go out"),
        EphemeralPortsUsed ("ztna_host_ephemeral_ports_used" Gauge None ["protocol"]
            "Ports for connections that go out that a socket has, each counted once; a minute old, where counting is dear up to 5 minutes"),
        Sockets ("ztna_host_sockets" Gauge None ["protocol"]
            "Sockets in use"),
        SocketsTimeWait ("ztna_host_sockets_time_wait" Gauge None []
            "TCP connections that wait to be forgotten"),
        Processes ("ztna_host_processes" Gauge None []
            "Processes there are"),
        ProcessCount ("ztna_host_process_instances" Gauge None ["process"]
            "Processes counted as one: all of the connector's, or, beside it, the one with most memory (largest) or most processor time (busiest)"),
        ProcessCpu ("ztna_host_process_cpu_ratio" Gauge None ["process"]
            "Share of one processor that the process took since the look before"),
        ProcessMemory ("ztna_host_process_resident_memory_bytes" Gauge Bytes ["process"]
            "Memory that the process holds in RAM"),
        ProcessFiles ("ztna_host_process_open_fds" Gauge None ["process"]
            "Files that the process holds open"),
        BootTime ("ztna_host_boot_time_seconds" Gauge Seconds []
            "When the host was started, to the second"),
        ClockSynchronised ("ztna_host_clock_synchronised" Gauge Truth []
            "Whether a time service keeps the clock (1)"),
        RebootPending ("ztna_host_reboot_pending" Gauge Truth []
            "Whether an update of the system waits for a restart (1)"),
        OsSupported ("ztna_host_os_supported" Gauge Truth []
            "Whether the vendor supports a Publisher on this system (1); absent where it says nothing"),
        PublisherSnat ("ztna_publisher_snat_connections" Gauge None []
            "Connections that the Publisher translates addresses for, as it counts itself"),
        PublisherTcp ("ztna_publisher_tcp_connections" Gauge None []
            "TCP connections of the Publisher, as it counts itself"),
        PublisherUdp ("ztna_publisher_udp_connections" Gauge None []
            "UDP connections of the Publisher, as it counts itself"),
        PublisherFiles ("ztna_publisher_open_fds" Gauge None []
            "Open files of the Publisher, as it counts itself"),
        Threshold ("ztna_host_threshold" Gauge None ["resource"]
            "Where the resource begins to be in a bad way"),
        ThresholdBreached ("ztna_host_threshold_breached" Gauge Truth ["resource"]
            "Whether the resource has been in a bad way for long enough (1)"),
        ThresholdBreachedAt ("ztna_host_threshold_breached_timestamp_seconds" Gauge Seconds
            ["resource"]
            "Since when the resource has been in a bad way for long enough; absent while it is not"),
        CollectorSuccess ("ztna_host_collector_success" Gauge Truth ["collector"]
            "Whether the collector read everything it should (1)"),
        CollectorDuration ("ztna_host_collector_duration_seconds" Gauge Seconds ["collector"]
            "How long the collector took"),
        CollectorHungThreads ("ztna_host_collector_hung_threads" Gauge None ["collector"]
            "Threads of the collector that do not come back from the kernel"),
        SampleTime ("ztna_host_sampled_timestamp_seconds" Gauge Seconds []
            "When the host was looked at last"),
    }
    alert {
        Firing ("ztna_alert_firing" Gauge None ["rule", "severity"]
            "Alerts of the rule that fire now"),
        Pending ("ztna_alert_pending" Gauge None ["rule", "severity"]
            "Alerts of the rule whose matter is in a bad way, and not for long enough yet"),
        Since ("ztna_alert_since_timestamp_seconds" Gauge Seconds ["rule", "severity"]
            "Since when the oldest alert of the rule that fires now has fired; absent if none does"),
        Held ("ztna_alert_held" Gauge None ["rule", "severity"]
            "Alerts of the rule that fire and of which nobody is told: silenced, in maintenance, or explained by another"),
        Notifications ("ztna_alert_notifications_total" Counter None ["rule", "message"]
            "Notifications decided, by what they say"),
        RuleFailures ("ztna_alert_rule_failures_total" Counter None ["rule"]
            "Times the rule could not be evaluated"),
        EventsSkipped ("ztna_alert_events_skipped_total" Counter None []
            "Events that no rule saw since more came at once than rules look at"),
        Silences ("ztna_alert_silences" Gauge None []
            "Silences in force"),
        OutboxMessages ("ztna_outbox_messages" Gauge None ["state"]
            "Deliveries that wait: not tried yet (queued), or tried without success (retrying)"),
        OutboxOldest ("ztna_outbox_oldest_timestamp_seconds" Gauge Seconds []
            "Since when the oldest message waits: since it was rendered, or its receiver's hourly limit last held it; absent if none waits"),
        Deliveries ("ztna_deliveries_total" Counter None ["receiver", "result"]
            "Attempts at delivery, by what came of them"),
        UpdateScheduled ("ztna_update_scheduled_timestamp_seconds" Gauge Seconds ["profile"]
            "When the profile's next scheduled update begins"),
        ReleasesBehind ("ztna_publisher_releases_behind" Gauge None ["connector"]
            "How many releases newer than the connector's own the configuration lists"),
        AgentFault ("ztna_agent_fault" Gauge Truth ["fault"]
            "Whether something is wrong with the agent itself (1)"),
    }
}

impl Signal {
    /// Finds a signal by its full name.
    pub fn from_name(name: &str) -> Option<Self> {
        SIGNALS
            .iter()
            .find(|row| row.name == name)
            .map(|row| row.signal)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_carry_prefix_unit_and_kind() {
        for row in SIGNALS {
            assert!(row.name.starts_with("ztna_"), "{}", row.name);
            let stem = row.name.strip_suffix("_total").unwrap_or(row.name);
            assert_eq!(
                row.kind == SignalKind::Counter,
                stem != row.name,
                "{}",
                row.name
            );
            assert!(stem.ends_with(row.unit.suffix()), "{}", row.name);
            assert!(!row.help.ends_with('.'), "{}", row.name);
            let is_truth = row.unit == Unit::Truth;
            assert_eq!(row.help.contains("(1)"), is_truth, "{}", row.name);
            assert_eq!(Signal::from_name(row.name), Some(row.signal));
        }
    }

    #[test]
    fn no_label_can_hold_what_a_log_says() {
        let allowed = [
            "connector",
            "kind",
            "event",
            "reason",
            "state",
            "aspect",
            "log",
            "outcome",
            "cause",
            "function",
            "status",
            "service",
            "probe",
            "pop",
            "phase",
            "mode",
            "mountpoint",
            "device",
            "protocol",
            "process",
            "resource",
            "collector",
            "order",
            "rule",
            "severity",
            "message",
            "receiver",
            "result",
            "profile",
            "fault",
        ];
        // The one family whose labels carry what the vendor's own tool says.
        for row in SIGNALS.iter().filter(|row| row.kind != SignalKind::Info) {
            assert!(
                row.labels.iter().all(|label| allowed.contains(label)),
                "{}",
                row.name
            );
        }
    }
}
