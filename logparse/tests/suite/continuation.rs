//! Among stamped records a line without a stamp is never an event.
//!
//! Names of processes on Linux and the answers of devices may hold line ends, so who
//! writes them decides what stands at a line's front. Only files without any stamp are
//! read line by line as texts.

use std::sync::Arc;

use logparse::catalogue::Catalogue;
use logparse::framing::Encoding;
use proptest::prelude::*;

use crate::harness::{CATO_CLIENT, NETSKOPE_CLIENT, Told, encoded, scan_with};

/// The front of a record that names a process.
const FLOW: &str = "2024/05/01 07:50:34.981 stAgentSvc p6ff8 t50dc info tunnel.cpp:878 nsTunnel \
    DTLS [sessId 1] Tunneling flow from addr: 10.0.2.140:60894, process: ";

/// Its end.
const FLOW_END: &str = " to host: udc.yahoo.com, addr: 98.136.103.27:443 to nsProxy\n";

const CATO_RECORD: &str =
    "03/08/26 11:00:29.125 [D] [Routing] [1474:2788] [dumpRoutes:118] [:] [p:x] [ :] routes:\n";

fn told(catalogue: &Arc<Catalogue>, stream: &str) -> Told {
    scan_with(catalogue, stream.as_bytes(), Encoding::Utf8, &[])
}

/// Every line of our examples that has no product's time, and is an event by itself.
fn bare_events(catalogue: &Arc<Catalogue>) -> Vec<String> {
    let examples = catalogue.rows().iter().flat_map(|row| &row.examples);
    let lines: Vec<String> = examples
        .filter(|one| one.event.is_some())
        .map(|one| one.line.to_string())
        .filter(|line| {
            let first = line.bytes().next();
            first.is_some_and(|byte| !byte.is_ascii_digit() && byte != b'[')
        })
        .collect();
    assert!(3 <= lines.len(), "{lines:?}");
    for line in &lines {
        assert_eq!(told(catalogue, line).events.len(), 1, "{line}");
    }
    lines
}

#[test]
fn a_process_cannot_write_events_by_a_line_end_in_its_name() {
    for bare in bare_events(&NETSKOPE_CLIENT) {
        for name in [
            format!("x\n{bare}"),
            format!("x\n{bare}\n"),
            format!("\n\n\r\n{bare}\ny"),
            format!("x\ntunnel.cpp:7   {bare}"),
        ] {
            let told = told(&NETSKOPE_CLIENT, &format!("{FLOW}{name}{FLOW_END}"));
            assert_eq!(told.names(), ["flow.tunneled"], "{name:?}");
            assert_eq!(told.tally.continuation, told.tally.lines - 1, "{name:?}");
        }
    }
}

#[test]
fn a_devices_answer_in_several_lines_writes_no_events() {
    let told = told(
        &NETSKOPE_CLIENT,
        "2024/05/01 07:50:34.981 stAgentSvc p6ff8 t50dc info deviceId.cpp:88 deviceId device \
         info summary (len: 74): {\n  \"hostname\" : \"x\n\
         config update failed, retry in 9 minutes\n\",\n}\n",
    );
    assert_eq!(told.names(), Vec::<&str>::new());
    assert_eq!((told.tally.ignored, told.tally.continuation), (1, 4));
}

#[test]
fn what_follows_a_cato_record_goes_on_with_it() {
    for bare in bare_events(&CATO_CLIENT).iter().map(String::as_str).chain([
        "2026-01-20T16:30:14.825Z stdout F Successfully connected to CATO VPN \"x\" via DTLS mode",
    ]) {
        let told = told(&CATO_CLIENT, &format!("{CATO_RECORD}{bare}\n"));
        assert_eq!(told.names(), Vec::<&str>::new(), "{bare}");
        assert_eq!((told.tally.ignored, told.tally.continuation), (1, 1));
    }
}

#[test]
fn a_file_that_begins_within_a_record_has_stamps_all_the_same() {
    for bare in bare_events(&NETSKOPE_CLIENT) {
        let stream = format!("{bare}\n{FLOW}curl{FLOW_END}{bare}\n");
        let told = told(&NETSKOPE_CLIENT, &stream);
        assert_eq!(told.names(), ["flow.tunneled"], "{bare}");
        assert_eq!(told.tally.continuation, 2);
    }
    for bare in bare_events(&CATO_CLIENT) {
        let told = told(&CATO_CLIENT, &format!("{bare}\n{CATO_RECORD}{bare}\n"));
        assert_eq!(told.tally.continuation, 2, "{bare}");
        assert_eq!(told.names(), Vec::<&str>::new());
    }
}

#[test]
fn encodings_and_containers_change_nothing() {
    let bare = "keepAlive fails with 15 tries";
    let stream = format!("{FLOW}x\n{bare}{FLOW_END}");
    for encoding in [Encoding::Utf8, Encoding::Utf16Le, Encoding::Utf16Be] {
        let bytes = encoded(&stream, encoding);
        let told = scan_with(&NETSKOPE_CLIENT, &bytes, encoding, &[]);
        assert_eq!(told.names(), ["flow.tunneled"], "{encoding:?}");
        assert_eq!(told.tally.continuation, 1);
    }
    let in_docker =
        |line: &str| format!("{{\"log\":\"{line}\\n\",\"stream\":\"stdout\",\"time\":\"\"}}\n");
    let docker: String = stream.lines().map(in_docker).collect();
    assert_eq!(told(&NETSKOPE_CLIENT, &docker).names(), ["flow.tunneled"]);
}

#[test]
fn samples_without_any_stamp_count_line_by_line() {
    for catalogue in [&NETSKOPE_CLIENT, &CATO_CLIENT] {
        let bare = bare_events(catalogue);
        let told = told(catalogue, &bare.join("\n"));
        assert_eq!(told.events.len(), bare.len());
        assert_eq!(told.tally.continuation, 0);
    }
}

proptest! {
    /// Wherever the stream is cut, and whatever a name holds that begins no record, one
    /// flow is one event.
    #[test]
    fn one_flow_is_one_event(
        parts in prop::collection::vec(
            prop_oneof![
                Just("\n".to_owned()),
                Just("keepAlive fails with 15 tries".to_owned()),
                Just("tunnel.cpp:1 failed to start filter device".to_owned()),
                "[ -~é]{0,12}",
            ],
            0..8,
        ),
        cuts in prop::collection::vec(0_usize..200, 0..6),
    ) {
        let stream = format!("{FLOW}{}{FLOW_END}", parts.concat());
        let told = scan_with(&NETSKOPE_CLIENT, stream.as_bytes(), Encoding::Utf8, &cuts);
        prop_assert_eq!(told.names(), ["flow.tunneled"]);
        prop_assert_eq!(told.tally.continuation + 1, told.tally.lines);
    }
}
