//! Any output of a vendor's tool: it is read or refused, what is read is short, printable
//! and no address, the same text says the same twice, and a value sets no field but its
//! own, whatever it looks like.
//!
//! The first byte chooses the tool, how it ended, and its zone.

#![no_main]

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::{Offset, TimeZone};
use libfuzzer_sys::fuzz_target;
use model::connector::{ClientStatus, Fact, ServiceState, Tool, ToolReading, TunnelState};
use model::untrusted::is_unprintable;
use ztna_exporter::probe::runner::{Ending, Printed};
use ztna_exporter::probe::user_label::UserLabel;
use ztna_exporter::probe::{ToolJob, cato_sdp, interpret, nsdiag, version};

/// Longest value that any reader may keep, in characters.
const VALUE_CHARACTERS_MAX: usize = 120;

/// A tunnel older than a century is a misprint.
const UPTIME_MAX: Duration = Duration::from_secs(100 * 366 * 24 * 3600);

fn now() -> Timestamp {
    Timestamp::from_second(1_795_000_000).expect("a time of this century")
}

fn job(tool: Tool, choice: u8) -> ToolJob {
    let hours = i8::try_from(choice >> 3).unwrap_or(0) % 24 - 12;
    ToolJob {
        connector: Arc::from("laptop"),
        tool,
        program: PathBuf::from("/opt/tool"),
        interval: Duration::from_secs(300),
        timeout: Duration::from_secs(10),
        zone: TimeZone::fixed(Offset::constant(hours)),
        user_label: UserLabel::Hashed([7; 16]),
    }
}

fn is_up(reading: &ToolReading) -> bool {
    let services = [reading.private_access, reading.internet_security];
    let is_connected = |service: &Option<ServiceState>| {
        matches!(
            service,
            Some(ServiceState::Connected | ServiceState::ConnectedWarning)
        )
    };
    matches!(
        reading.tunnel,
        Some(TunnelState::Connected | TunnelState::Connecting)
    ) || reading.client == Some(ClientStatus::Enabled)
        || services.iter().any(is_connected)
}

fn check_bounds(reading: &ToolReading) {
    for (fact, text) in reading.facts.iter() {
        let text = text.expose();
        assert!(text.chars().count() <= VALUE_CHARACTERS_MAX, "{fact}");
        assert!(!text.chars().any(is_unprintable), "{fact}: {text:?}");
        let is_address = |at: usize| {
            let before = text[..at].chars().next_back();
            let after = text[at + 1..].chars().next();
            [before, after]
                .iter()
                .all(|side| side.is_some_and(|side| !side.is_whitespace()))
        };
        assert!(
            !text.match_indices('@').any(|(at, _)| is_address(at)),
            "{fact}: {text:?}"
        );
        if fact == Fact::User {
            assert!(text.len() == 16 && text.bytes().all(|byte| byte.is_ascii_hexdigit()));
        }
    }
    assert!(reading.uptime.is_none_or(|uptime| uptime <= UPTIME_MAX));
    assert!(reading.configured_at.is_none_or(|at| at <= now()));
    assert!(!reading.is_empty());
}

/// A value that stands in the line of one field.
fn check_value(value: &str) {
    let line = format!("Orgname:: {value}");
    if let Ok(reading) = nsdiag::read(&line, now(), &TimeZone::UTC, &UserLabel::Withheld) {
        let states = [reading.private_access, reading.internet_security];
        assert_eq!(states, [None; 2]);
        assert_eq!((reading.client, reading.tunnel), (None, None));
        assert!(reading.facts.iter().all(|(fact, _)| fact == Fact::Organisation));
        assert_eq!(reading.configured_at, None);
    }
    let lines = format!("tun device = tun0\ntunnel ip = {value}");
    let reading = cato_sdp::read(&lines).expect("a tunnel with a device is up");
    assert_eq!(reading.tunnel, Some(TunnelState::Connected));
    assert_eq!(reading.private_access, Some(ServiceState::Connected));
    let are_own = [Fact::TunnelDevice, Fact::TunnelIp];
    assert!(reading.facts.iter().all(|(fact, _)| are_own.contains(&fact)));
    assert_eq!(reading.uptime, None);
}

fn check_version(printed: &Printed) {
    let told = version::read(Tool::CatoSdp, printed);
    if let Some(told) = &told {
        let told = told.expose();
        assert!(3 <= told.len() && told.len() < 64, "{told}");
        assert!(told.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.'));
        assert!(printed.text.contains(told));
        assert!(cato_sdp::read(&printed.text).is_err(), "a status is no version");
    }
    assert_eq!(version::read(Tool::CatoSdp, printed), told);
}

fuzz_target!(|data: &[u8]| {
    let [choice, output @ ..] = data else {
        return;
    };
    let ending = if choice & 4 == 0 {
        Ending::Well
    } else {
        Ending::Badly
    };
    let text = String::from_utf8_lossy(output).into_owned();
    check_value(text.split('\n').next().unwrap_or_default());
    let printed = Printed { text, ending };
    let tool = match choice & 3 {
        0 => Tool::Nsdiag,
        1 => Tool::StAgentCli,
        2 => Tool::CatoSdp,
        _ => return check_version(&printed),
    };
    let job = job(tool, *choice);
    let told = interpret(&job, &printed, now());
    assert_eq!(interpret(&job, &printed, now()), told);
    if let Ok(reading) = &told {
        check_bounds(reading);
        assert!(ending == Ending::Well || !is_up(reading));
    }
});
