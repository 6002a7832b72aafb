//! What to do about a state that is bad: one sentence an event and reason.
//!
//! Rows of data, for the page and its JSON. The update rows follow the vendor's list
//! of auto-update failures and its recommended actions, read 2026-08; the others
//! follow from what the event means. Nothing is done here, and no row may name a
//! tenant, a path outside the vendor's defaults, or text from a log.

use model::event::{EventKind, Reason};

/// One row.
struct Advice {
    event: EventKind,
    /// A reason of the catalogue; `""` stands for every reason without its own row.
    reason: &'static str,
    sentence: &'static str,
}

/// Finds the sentence for an event and its reason. `None` if nothing is to be done.
pub(super) fn advice(event: EventKind, reason: &Reason) -> Option<&'static str> {
    let row = |wanted: &str| {
        ROWS.iter()
            .find(|row| row.event == event && row.reason == wanted)
    };
    row(reason.as_str())
        .or_else(|| row(""))
        .map(|row| row.sentence)
}

macro_rules! rows {
    ($($event:ident $reason:literal $sentence:literal,)+) => {
        const ROWS: &[Advice] = &[
            $(Advice { event: EventKind::$event, reason: $reason, sentence: $sentence },)+
        ];
    };
}

rows! {
    RegistrationFailed ""
        "Read publisher_wizard.log, make a new token in the tenant's console and register again.",
    RegistrationFailed "discovery_call"
        "Check that the tenant's address is right and reachable on port 443 without TLS \
         inspection, then register with a new token.",
    RegistrationFailed "token_expired"
        "Make a new token in the tenant's console and register again.",
    RegistrationFailed "timeout"
        "Check the firewall and proxy between this host and the tenant on port 443, then \
         register again.",
    TunnelDisconnected ""
        "Check the way out on port 443 to the stitcher and the name server; agent.txt tells what \
         failed last.",
    UpdateFailed ""
        "Read publisher_wizard.log; if it does not tell the cause, send the log bundle to the \
         vendor's support.",
    UpdateFailed "trigger_file"
        "Read publisher_wizard.log: the file that starts the update could not be opened.",
    UpdateFailed "update_timeout"
        "Send the log bundle to the vendor's support: the update did not end in time.",
    UpdateFailed "docker_engine"
        "Read publisher_wizard.log and /var/log/apt: the container engine could not be upgraded.",
    UpdateFailed "host_os"
        "Read publisher_wizard.log and /var/log/apt: packages of the operating system could not \
         be updated.",
    UpdateFailed "disk_host_os"
        "Free at least 300 MB on / and /boot for the operating system's update, then update again.",
    UpdateFailed "docker_pull"
        "Check the way to hub.docker.com (proxy, TLS inspection, rate limit), then \
         publisher_wizard.log and journalctl -u docker.service.",
    UpdateFailed "container_stop"
        "Read journalctl -u docker.service and publisher_wizard.log: the old container did not \
         stop.",
    UpdateFailed "ui_package"
        "Read publisher_wizard.log and journalctl -u docker.service: the wizard's package could \
         not be installed.",
    UpdateFailed "generic"
        "Read publisher_wizard.log and journalctl -u docker.service.",
    UpdateFailed "ui_launch"
        "Send the log bundle to the vendor's support: the wizard did not start.",
    UpdateFailed "disk_software"
        "Free at least 300 MB below /var/lib/docker, then update again.",
    UpdateReconnectFailed ""
        "Look in agent.txt for TLS errors or a name that does not resolve since the update; if \
         there is none, send the log bundle to the vendor's support.",
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn a_reason_has_its_own_sentence_or_its_events() {
        let of = |kind, reason| advice(kind, &Reason::new(reason).unwrap_or_default());
        assert!(
            of(EventKind::UpdateFailed, "docker_pull")
                .unwrap()
                .contains("hub.docker.com")
        );
        assert_eq!(
            of(EventKind::UpdateFailed, "unheard_of"),
            of(EventKind::UpdateFailed, "")
        );
        assert_eq!(of(EventKind::TunnelConnected, ""), None);
    }

    #[test]
    fn no_row_stands_twice_and_each_is_a_sentence() {
        let mut seen = BTreeSet::new();
        for row in ROWS {
            assert!(
                seen.insert((row.event, row.reason)),
                "{} {}",
                row.event,
                row.reason
            );
            assert!(row.sentence.ends_with('.'), "{}", row.sentence);
            assert!(row.reason.is_empty() || Reason::new(row.reason).is_some());
            let fallback = (row.event, "");
            assert!(
                ROWS.iter()
                    .any(|other| (other.event, other.reason) == fallback)
            );
        }
    }
}
