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
    ConnectorInfo "ztna_connector_info" Info None ["connector", "kind"]
        "Which connectors are watched, by kind",
    Events "ztna_events_total" Counter None ["connector", "event", "reason"]
        "Events recognised in the connector's logs",
    EventLast "ztna_event_last_timestamp_seconds" Gauge Seconds ["connector", "event"]
        "When the event happened last, by the log line's own time or, if it has none, by the time it was read",
    TunnelUp "ztna_tunnel_up" Gauge None ["connector"]
        "Whether the last confirmed tunnel event was a connect (1) or not (0)",
    TunnelState "ztna_tunnel_state" StateSet None ["connector", "state"]
        "State of the tunnel",
    RegistrationState "ztna_registration_state" StateSet None ["connector", "state"]
        "State of the registration",
    UpdateState "ztna_update_state" StateSet None ["connector", "state"]
        "State of the last update",
    StateChanged "ztna_state_changed_timestamp_seconds" Gauge Seconds ["connector", "aspect"]
        "When the aspect's state changed last",
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
    fn no_label_can_hold_a_path_a_user_or_an_address() {
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
        ];
        for row in SIGNALS {
            assert!(
                row.labels.iter().all(|label| allowed.contains(label)),
                "{}",
                row.name
            );
        }
    }
}
