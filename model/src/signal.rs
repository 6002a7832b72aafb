//! Everything we publish about connectors and their logs: one table.
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
    /// A count or a truth value.
    None,
    /// Bytes.
    Bytes,
    /// Seconds, or seconds since the epoch in a `_timestamp_seconds` family.
    Seconds,
}

impl Unit {
    /// The suffix that the name carries, without its underscore; `""` if none.
    pub const fn suffix(self) -> &'static str {
        match self {
            Self::None => "",
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
    ($(
        $variant:ident $name:literal $kind:ident $unit:ident [$($label:literal),*] $help:literal,
    )+) => {
        /// Every fact that may be published about a connector or its logs.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Signal {
            $(#[doc = $help] $variant,)+
        }

        /// The table: one row a signal, in the order of the exposition.
        pub const SIGNALS: &[SignalRow] = &[
            $(SignalRow {
                signal: Signal::$variant,
                name: $name,
                kind: SignalKind::$kind,
                unit: Unit::$unit,
                labels: &[$($label),*],
                help: $help,
            },)+
        ];

        impl Signal {
            /// The signal's row.
            pub const fn row(self) -> &'static SignalRow {
                match self {
                    $(Self::$variant => &SignalRow {
                        signal: Self::$variant,
                        name: $name,
                        kind: SignalKind::$kind,
                        unit: Unit::$unit,
                        labels: &[$($label),*],
                        help: $help,
                    },)+
                }
            }
        }
    };
}

signals! {
    ConnectorInfo "ztna_connector_info" Info None
        [
            "connector", "kind", "version", "organisation", "gateway", "gateway_ip", "pop",
            "tunnel_protocol", "client_configuration", "steering_configuration", "traffic_mode",
            "dynamic_steering", "on_premises_check", "device_classification", "private_access",
            "private_access_gateway", "configuration_status", "user"
        ]
        "Which connectors are watched, by kind, and how they are set up as far as the vendor's own tool tells",
    Events "ztna_events_total" Counter None ["connector", "event", "reason"]
        "Events recognised in the connector's logs",
    EventLast "ztna_event_last_timestamp_seconds" Gauge Seconds ["connector", "event"]
        "When the event happened last, by the log line's own time or, if it has none, by the time it was read",
    TunnelUp "ztna_tunnel_up" Gauge None ["connector"]
        "Whether the tunnel is confirmed up (1), by the last log line or answer of the client's tool that told of it",
    TunnelState "ztna_tunnel_state" StateSet None ["connector", "state"]
        "State of the tunnel",
    RegistrationState "ztna_registration_state" StateSet None ["connector", "state"]
        "State of the registration",
    UpdateState "ztna_update_state" StateSet None ["connector", "state"]
        "State of the last update",
    ClientStatus "ztna_client_status" StateSet None ["connector", "status"]
        "Whether an endpoint client is on, and if not, why in the vendor's terms",
    ClientIcon "ztna_client_icon_state" StateSet None ["connector", "state"]
        "What the client's icon shows to its user",
    SteeringState "ztna_steering_state" StateSet None ["connector", "state"]
        "Whether traffic is led into the tunnel",
    ConfigurationState "ztna_configuration_state" StateSet None ["connector", "state"]
        "Whether the client could fetch its configuration",
    ServiceState "ztna_service_state" StateSet None ["connector", "service", "state"]
        "State of a service of the client",
    Degraded "ztna_degraded" Gauge None ["connector", "reason"]
        "Whether the tunnel is up and the connector still does not do its work (1), by reason",
    StateChanged "ztna_state_changed_timestamp_seconds" Gauge Seconds ["connector", "aspect"]
        "When the aspect's state changed last",
    LastHeard "ztna_connector_last_heard_timestamp_seconds" Gauge Seconds ["connector"]
        "When a log line or an answer of the vendor's tool came last",
    Silent "ztna_connector_silent" Gauge None ["connector"]
        "Whether the connector was silent for so long that its states are unknown (1)",
    ConfigurationUpdated "ztna_configuration_updated_timestamp_seconds" Gauge Seconds ["connector"]
        "When the client's configuration was updated last, as the vendor's tool tells",
    TunnelReconnects "ztna_tunnel_reconnects_total" Counter None ["connector"]
        "Times the vendor's tool showed a tunnel younger than before",
    GatewayRtt "ztna_gateway_rtt_seconds" Histogram Seconds ["connector", "pop"]
        "Round trips to the vendor's gateways as the client measures them, by point of presence",
    ProbeSuccess "ztna_probe_success" Gauge None ["connector", "probe"]
        "Whether the last run of the vendor's tool gave a reading (1)",
    ProbeDuration "ztna_probe_duration_seconds" Gauge Seconds ["connector", "probe"]
        "How long the last run took",
    ProbeLastSuccess "ztna_probe_last_success_timestamp_seconds" Gauge Seconds ["connector", "probe"]
        "When a run gave a reading last",
    ProbeRuns "ztna_probe_runs_total" Counter None ["connector", "probe"]
        "Runs of the vendor's tool",
    ProbeFailures "ztna_probe_failures_total" Counter None ["connector", "probe", "cause"]
        "Runs that gave no reading, by cause",
    LogLines "ztna_log_lines_total" Counter None ["connector", "log", "outcome"]
        "Lines read, by what became of them",
    LogBytes "ztna_log_bytes_total" Counter Bytes ["connector", "log"]
        "Bytes read from log files, unpacked",
    LogLag "ztna_log_lag_bytes" Gauge Bytes ["connector", "log"]
        "Bytes written to the log files and not read yet, a last unfinished line included",
    LogFiles "ztna_log_files" Gauge None ["connector", "log"]
        "Log files followed now",
    LogFilesUnreadable "ztna_log_files_unreadable" Gauge None ["connector", "log"]
        "Files that match the log's patterns but cannot be read now",
    LogFilesOverLimit "ztna_log_files_over_limit" Gauge None ["connector", "log"]
        "Files that match the log's patterns and wait because as many as allowed are followed",
    LogLastRead "ztna_log_last_read_timestamp_seconds" Gauge Seconds ["connector", "log"]
        "When a line was read last: the measure of silence",
    LogGenerations "ztna_log_generations_total" Counter None ["connector", "log", "cause"]
        "Times a log file or its content began anew",
    LogLost "ztna_log_lost_bytes_total" Counter Bytes ["connector", "log", "cause"]
        "Bytes that could not be read, or were refused, by cause",
    LogNearMiss "ztna_log_near_miss_total" Counter None ["connector", "log", "function"]
        "Lines of a known function of the connector's program whose text fits no known event: a changed wording",
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
