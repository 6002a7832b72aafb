//! The shapes of a Cato Client's log lines and of its tool's answers.
//!
//! The form is that of `cato_vpn_*.log` on Windows: the day first, two digits of the
//! year, no zone, modules and functions sometimes padded and sometimes not. Texts are
//! those that the vendor or its users publish. How all that is recognised is the
//! catalogue's business, which must not learn from here. Names are made up.

use std::io::{self, Write};

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::corpus::chance::Chance;
use crate::demo::lines::Meaning;
use crate::demo::logs::Log;
use crate::demo::timetable::Record;
use crate::demo::tools::Answer;

/// The log of a program that starts at `at`.
pub(in crate::demo) fn file_name(at: Timestamp) -> String {
    let utc = at.to_zoned(TimeZone::UTC);
    format!("cato_vpn_6.13.0.0_{}.log", utc.strftime("%Y%m%d%H%M%S"))
}

/// Appends the beginning of a line written at `at`. The demo's laptop is set to UTC.
pub(in crate::demo) fn stamp(at: Timestamp, out: &mut impl Write) -> io::Result<()> {
    let utc = at.to_zoned(TimeZone::UTC);
    // Before 1970 the part below a second is negative.
    let millisecond = at.subsec_millisecond().unsigned_abs();
    write!(
        out,
        "{}.{millisecond:03} ",
        utc.strftime("%d/%m/%y %H:%M:%S")
    )
}

/// What `cato-sdp status` says while the tunnel has been up so long.
pub(super) fn status(pop: &str, age_seconds: u32) -> Answer {
    let (hours, minutes, seconds) = (age_seconds / 3_600, age_seconds / 60 % 60, age_seconds % 60);
    Answer::Text(format!(
        "  pop name    = \"{pop}\"\n  \
           tunnel ip   = 10.41.0.17\n  \
           tun device  = tun0\n  \
           duration    = {hours:02}:{minutes:02}:{seconds:02}"
    ))
}

/// What it says while the vendor refuses its user.
pub(super) fn status_refused() -> Answer {
    Answer::Text(REFUSED.to_owned())
}

/// The vendor's words for a user who may not sign in so.
const REFUSED: &str = "USER_NOT_ALLOWED - Only 'TVs and Limited Input devices' can use OAuth 2.0";

/// A record. `head` is level, module, ids and function, `text` what they say.
fn record(meaning: Meaning, head: &str, text: &str) -> Record {
    Record {
        log: Log::CatoVpn,
        text: format!("{head} {text}"),
        meaning,
    }
}

pub(super) fn version() -> Record {
    record(
        Meaning::Event("client.identified"),
        "[I] [client    ] [1634:2BE4] [log_client_version             : 1716] [:] [:] [ :]",
        "6.13.0.0",
    )
}

pub(super) fn products() -> Record {
    record(
        Meaning::Nothing,
        "[I] [VPNProc] [1634:2BE4] [getAdditionalProducts : 3264] [:] [:TnlsOfficeMode]",
        "[getAdditionalProducts started",
    )
}

pub(super) fn authenticated() -> Record {
    record(Meaning::Nothing, VPN_PROCESS, "STATE_AUTHENTICATED")
}

pub(super) fn connected(pop: &str) -> Record {
    let text = format!("Successfully connected to CATO VPN \"{pop}\" via DTLS mode");
    record(Meaning::Event("tunnel.connected"), VPN_PROCESS, &text)
}

/// The tool's words in the log, as of a script that asks it: an answer, no event.
pub(super) fn disconnected() -> Record {
    record(Meaning::Nothing, VPN_PROCESS, "Cato client is disconnected")
}

pub(super) fn no_dns() -> Record {
    record(Meaning::Event("dns.failed"), VPN_PROCESS, "Failed to DNS")
}

pub(super) fn newer_version() -> Record {
    record(
        Meaning::Event("update.available"),
        VPN_PROCESS,
        "New client version is available",
    )
}

pub(super) fn refused() -> Record {
    record(
        Meaning::Event("authentication.failed"),
        VPN_PROCESS,
        REFUSED,
    )
}

const VPN_PROCESS: &str = "[I] [VPNProc   ] [1634:2BE4] [onStateChange                  : 2101] \
                           [1234:alice] [p:fracatod1a] [U:5551234]";

/// What the client says all the time, which means nothing.
pub(super) fn small_talk(chance: &mut Chance) -> Record {
    let (head, text) = *chance
        .item(&[
            (
                "[D] [Routing] [1474:2788] [getRoutingTable:82] [:] [p:fracatod1a] [ :]",
                "getRoutingTable",
            ),
            (
                "[E] [Configurat] [20AC:2490] [logError : 407] [:] [:] [ :]",
                "openImp: no key for alice@example.com",
            ),
            (
                "[D] [Configurat] [1474:33FC] [getLastActiveSessionCredentials    : 2695] \
                 [1234:prelogin] [p:fracatod1a] [U:5551234]",
                "found 1 credential",
            ),
            (
                "[D] [Routing] [1474:2788] [dumpRoutes:118] [:] [p:fracatod1a] [ :]",
                "routes:\n  0.0.0.0/0 via 192.168.1.1\n  10.41.0.0/16 dev tun0",
            ),
        ])
        .unwrap_or(&("[D] [Routing] [1474:2788] [getRoutingTable:82]", ""));
    record(Meaning::Nothing, head, text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_day_comes_first_in_a_line_and_last_in_the_files_name() {
        let at: Timestamp = "2026-08-03T11:00:29.825Z".parse().unwrap();
        let mut line = Vec::new();
        stamp(at, &mut line).unwrap();
        assert_eq!(line, b"03/08/26 11:00:29.825 ");
        assert_eq!(file_name(at), "cato_vpn_6.13.0.0_20260803110029.log");
    }

    #[test]
    fn the_tool_tells_hours_minutes_and_seconds() {
        let Answer::Text(text) = status("Frankfurt", 3_725) else {
            panic!("no text");
        };
        assert!(text.ends_with("duration    = 01:02:05"), "{text}");
    }
}
