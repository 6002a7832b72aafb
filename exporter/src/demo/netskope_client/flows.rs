//! What the demo's laptop does all the time: flows, and the small talk of its client.
//!
//! Flow lines hold what nobody may collect: processes, visited hosts, addresses. The
//! agent counts them and keeps nothing; look for one of these names on its page.

use super::lines::debug;
use crate::corpus::chance::Chance;
use crate::demo::lines::{Meaning, inner_address, outer_address};
use crate::demo::timetable::{Record, Timetable};

const PROCESSES: &[&str] = &["chrome.exe", "outlook.exe", "teams.exe", "curl.exe"];

const HOSTS: &[&str] = &[
    "mail.example.com",
    "wiki.example.net",
    "video.example.org",
    "news.example.com",
];

/// Adds a cycle's flows: into the tunnel within `steered`, past it all the time.
pub(super) fn fill(table: &mut Timetable, chance: &mut Chance, steered: &[(u32, u32)]) {
    let is_steered = |at_ms: &u32| {
        steered
            .iter()
            .any(|(from, to)| (*from..*to).contains(at_ms))
    };
    for at_ms in (0..60_000).step_by(120).filter(is_steered) {
        table.write(at_ms, tunneled(chance));
    }
    for at_ms in (400..60_000).step_by(1_300) {
        table.write(at_ms, past_the_tunnel(chance));
    }
    for at_ms in (700..60_000).step_by(5_900) {
        table.write(at_ms, small_talk(chance));
    }
}

fn tunneled(chance: &mut Chance) -> Record {
    let text = format!(
        "nsTunnel DTLS [sessId 1] Tunneling flow from addr: 192.168.1.{}:{}, process: {} \
         to host: {}, addr: {}:443 to nsProxy",
        chance.between(2, 250),
        chance.between(49_152, 65_535),
        chance.word(PROCESSES),
        chance.word(HOSTS),
        inner_address(chance),
    );
    debug(Meaning::Event("flow.tunneled"), "tunnel.cpp:1150", &text)
}

fn past_the_tunnel(chance: &mut Chance) -> Record {
    let (process, host) = (chance.word(PROCESSES), chance.word(HOSTS));
    let (event, place, text) = match chance.below(6) {
        0 => (
            "flow.bypassed",
            "bypassAppMgr.cpp:654",
            format!("BypassAppMgr Bypassing connection from process: {process}, host: {host}"),
        ),
        1 => (
            "flow.bypassed",
            "bypassAppMgr.cpp:712",
            format!(
                "BypassAppMgr Bypassing flow from process: {process} to private ip: \
                 192.168.1.123, Port: 1400, host: 192.168.1.123"
            ),
        ),
        2 => (
            "flow.bypassed",
            "bypassAppMgr.cpp:1634",
            format!(
                "BypassAppMgr bypassing flow to exception host: {host}, process: {process}, \
                 Dest IP: {}, Dest Port: 443",
                outer_address(chance)
            ),
        ),
        3 => (
            "flow.blocked",
            "bypassAppMgr.cpp:663",
            format!("BypassAppMgr Dropping connection from process: {process}, host: {host}"),
        ),
        4 => (
            "flow.blocked",
            "bypassAppMgr.cpp:830",
            format!(
                "BypassAppMgr Blocking UDP connection from process: {process}, \
                 dest IP:{}:443, src IP 192.168.1.20:55001",
                outer_address(chance)
            ),
        ),
        _ => (
            "flow.exempted",
            "exceptionMgr.cpp:301",
            "ExceptiontMgr IP address : 192.168.1.53 is in firewall exceptions".to_owned(),
        ),
    };
    debug(Meaning::Event(event), place, &text)
}

fn small_talk(chance: &mut Chance) -> Record {
    const DISK: (&str, &str) = (
        "diskEnc.cpp:426",
        "DiskEnc Disk Encryption: Volume: C:, status 1, mediatype: Fixed hard disk media",
    );
    const ADDRESS: (&str, &str) = (
        "nsUtils.cpp:219",
        "nsUtils Pref src ip 192.168.1.20, iface 21",
    );
    const USER: (&str, &str) = (
        "nsImpersonate.cpp:95",
        "nsImpersonate Current user: Alice.Example",
    );
    let (place, text) = match chance.below(3) {
        0 => DISK,
        1 => ADDRESS,
        _ => USER,
    };
    debug(Meaning::Nothing, place, text)
}
