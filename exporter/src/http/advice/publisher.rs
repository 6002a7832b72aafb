//! What to do about a Netskope Publisher.
//!
//! The update rows follow the vendor's list of auto-update failures and its recommended
//! actions, read 2026-08; the others follow from what the event means. How a row is found
//! is the parent's matter.

super::advice_rows! {
    events {
        RegistrationFailed "discovery_call"
            "Check that the tenant's address is right and reachable on port 443 without TLS \
             inspection, then register with a new token.",
        RegistrationFailed "token_expired"
            "Make a new token in the tenant's console and register again.",
        RegistrationFailed "timeout"
            "Check the firewall and proxy between this host and the tenant on port 443, then \
             register again.",
        UpdateFailed "trigger_file"
            "Read publisher_wizard.log: the file that starts the update could not be opened.",
        UpdateFailed "update_timeout"
            "Send the log bundle to the vendor's support: the update did not end in time.",
        UpdateFailed "docker_engine"
            "Read publisher_wizard.log and /var/log/apt: the container engine could not be \
             upgraded.",
        UpdateFailed "host_os"
            "Read publisher_wizard.log and /var/log/apt: packages of the operating system could \
             not be updated.",
        UpdateFailed "disk_host_os"
            "Free at least 300 MB on / and /boot for the operating system's update, then update \
             again.",
        UpdateFailed "docker_pull"
            "Check the way to hub.docker.com (proxy, TLS inspection, rate limit), then \
             publisher_wizard.log and journalctl -u docker.service.",
        UpdateFailed "container_stop"
            "Read journalctl -u docker.service and publisher_wizard.log: the old container did \
             not stop.",
        UpdateFailed "ui_package"
            "Read publisher_wizard.log and journalctl -u docker.service: the wizard's package \
             could not be installed.",
        UpdateFailed "generic"
            "Read publisher_wizard.log and journalctl -u docker.service.",
        UpdateFailed "ui_launch"
            "Send the log bundle to the vendor's support: the wizard did not start.",
        UpdateFailed "disk_software"
            "Free at least 300 MB below /var/lib/docker, then update again.",
    }
    states {
        Registration "failed" ""
            "Read publisher_wizard.log, make a new token in the tenant's console and register \
             again.",
        Tunnel "disconnected" ""
            "Check the way out on port 443 to the stitcher and the name server; agent.txt tells \
             what failed last.",
        Update "failed" ""
            "Read publisher_wizard.log; if it does not tell the cause, send the log bundle to the \
             vendor's support.",
        Update "reconnect_failed" ""
            "Look in agent.txt for TLS errors or a name that does not resolve since the update; \
             if there is none, send the log bundle to the vendor's support.",
    }
}
