//! Any text as a file that may speak of a proxy: it is read and judged, and never panics.
//!
//! Whatever stands there, no finding shows what a URL says of a user.

#![no_main]

use libfuzzer_sys::fuzz_target;
use ztna_exporter::probe::active::proxy::judge::{Held, Setting, judge};
use ztna_exporter::probe::active::proxy::texts::{
    Settings, of_apt, of_daemon, of_drop_ins, of_environment,
};

fuzz_target!(|text: &str| {
    let place = |place: &str, settings: Settings| Setting {
        place: place.to_owned(),
        settings,
    };
    let daemon = of_daemon(text);
    let held = Held {
        environment: place("/etc/environment", of_environment(text)),
        docker: place(
            "docker",
            daemon.unwrap_or_else(|| of_drop_ins(["[Service]\n", text])),
        ),
        apt: place("apt", of_apt([text])),
        has_docker: true,
        is_on_aws: true,
    };
    for finding in judge(&held, &["npa.goskope.com".to_owned()]) {
        assert!(!finding.action.is_empty());
        assert!(!finding.message.contains('@'));
    }
});
