//! The sentences of the rules that come with the program, as a table. What they are made of
//! is beside it.

/// What each rule says of an example, and how bad it finds it.
pub(super) const SAID: &[(&str, &str, &str)] = &[
    (
        "update-will-start",
        "info",
        "Updates of profile eu-weekly start 2026-12-08 00:00 EST",
    ),
    (
        "update-started",
        "info",
        "Update of pub-2, pub-3 began, stitcher s1, profile eu-weekly, batch 2",
    ),
    (
        "update-succeeded",
        "info",
        "Update of pub-2, pub-3 succeeded, profile eu-weekly, batch 2",
    ),
    (
        "update-failed",
        "critical",
        "Update of pub-2, pub-3 failed (docker_pull), stitcher s1, profile eu-weekly, batch 2",
    ),
    (
        "update-reconnect-failed",
        "critical",
        "Not back after the update: pub-2, pub-3, profile eu-weekly",
    ),
    (
        "update-skipped",
        "info",
        "Update of pub-2, pub-3 was not needed, profile eu-weekly",
    ),
    (
        "host-cpu",
        "warning",
        "The host's processors are used more than they should be (75 % unless configured)",
    ),
    (
        "host-memory",
        "warning",
        "The host's memory is used more than it should be (90 % unless configured)",
    ),
    (
        "host-disk",
        "critical",
        "A file system of the host has less free space than it should have (1 GB unless configured)",
    ),
    (
        "update-disk-precheck",
        "critical",
        "Less than 300 MB are free where updates are written: the next one will be stopped",
    ),
    (
        "host-reboot-pending",
        "warning",
        "The host waits for a restart: an update of the system is not in force",
    ),
    (
        "host-clock",
        "warning",
        "No time service keeps the host's clock",
    ),
    (
        "host-os-unsupported",
        "warning",
        "The vendor does not support a Publisher on this version of the operating system",
    ),
    (
        "version-unsupported",
        "warning",
        "Publisher pub-1 is more than two releases behind: its version is not supported",
    ),
    (
        "registration-failed",
        "critical",
        "Publisher pub-1 could not be registered (docker_pull)",
    ),
    (
        "tls-intercepted",
        "critical",
        "TLS of probe management-plane is inspected on the way: it ends in a root of somebody else",
    ),
    (
        "tls-errors",
        "warning",
        "TLS connections of pub-1 fail (docker_pull)",
    ),
    (
        "certificate-expiring",
        "warning",
        "A certificate that probe management-plane is shown expires in less than 14 d",
    ),
    (
        "certificate-expires-soon",
        "critical",
        "A certificate that probe management-plane is shown expires in less than 2 d, or has expired",
    ),
    ("probe-failed", "warning", "Probe management-plane fails"),
    ("tunnel-down", "critical", "The tunnel of pub-1 is down"),
    (
        "tunnel-flapping",
        "warning",
        "The tunnel of pub-1 does not hold: it was connected 4 times or more within 30 min",
    ),
    (
        "log-silent",
        "warning",
        "Nothing was written to the log agent of pub-1 for more than 1 d 2 h",
    ),
    (
        "connector-silent",
        "warning",
        "Nothing was heard of pub-1 for so long that its state is unknown",
    ),
    (
        "client-fail-closed",
        "critical",
        "Client pub-1 found no tunnel and blocks traffic",
    ),
    (
        "client-error",
        "warning",
        "Client pub-1 is off because of an error",
    ),
    (
        "client-switched-off",
        "info",
        "Client pub-1 was switched off (docker_pull)",
    ),
    ("client-uninstalled", "info", "Client pub-1 was uninstalled"),
    ("client-disabled", "info", "Client pub-1 is switched off"),
    (
        "steering-failed",
        "critical",
        "Traffic of pub-1 cannot be led into the tunnel",
    ),
    (
        "connector-degraded",
        "warning",
        "The tunnel of pub-1 is up and it still does not do its work (service_impaired)",
    ),
    (
        "service-error",
        "critical",
        "Service private_access of client pub-1 is in error",
    ),
    (
        "service-warning",
        "warning",
        "Service private_access of client pub-1 is connected with a warning",
    ),
    (
        "agent-fault",
        "critical",
        "Something is wrong with the monitoring agent itself (store)",
    ),
    (
        "log-wording-changed",
        "info",
        "pub-1 writes in words that are not known: eventlog.cpp:logPublisherTunnelEvent in log agent",
    ),
];
