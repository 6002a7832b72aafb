//! What happens to the demo's laptop with the Cato Client in its minute.
//!
//! Its log is named after the start of the program, so a restart begins a new file.
//! Its tool, asked at the side, tells the POP and how long the tunnel has been up:
//! a duration that falls back is a tunnel built anew. That the tunnel is down only the
//! tool tells, so that lasts longer than the pause between two questions. For a while
//! the tool hangs, which is no trouble of the client's.
//!
//! Known limit: no single laptop is like this one. The log has the form of the Windows
//! client and texts of the Linux client, since no public source shows how the Windows
//! client says "connected"; and `cato-sdp` exists on Linux only.

mod lines;

use model::connector::Tool;

pub(super) use self::lines::{file_name, stamp};
use super::logs::Log;
use super::timetable::{Timetable, What};
use super::tools::Answer;
use crate::corpus::chance::Chance;

/// How far the tool is ahead of the log.
const AHEAD_MS: u32 = 400;

/// When the tool begins to hang, in the milliseconds of the cycle.
const HANGS_AT_MS: u32 = 36_200;

/// Adds one cycle.
pub(super) fn fill(table: &mut Timetable, chance: &mut Chance) {
    table.tell(
        0,
        "Cato Client: it starts, and begins a log with the time in its name",
    );
    start(table, 0);
    connect(table, 2_000, 13_500, "Frankfurt");
    table.tell(
        2_000,
        "Cato Client: connected to Frankfurt, and so are both services: ztna_service_state",
    );
    lost_tunnel(table);
    surprises(table);
    refused(table);
    small_talk(table, chance);
}

/// The program starts and begins a file.
fn start(table: &mut Timetable, at_ms: u32) {
    table.add(at_ms, What::Begin(Log::CatoVpn));
    table.write(at_ms, lines::version());
    table.write(at_ms + 300, lines::products());
    table.write(at_ms + 900, lines::authenticated());
}

/// A tunnel that is up from `at_ms` on, and whose age the tool tells until `until_ms`. The
/// tool answers a little ahead of the log, as the name plate of the Netskope Client's
/// story explains.
fn connect(table: &mut Timetable, at_ms: u32, until_ms: u32, pop: &str) {
    table.answer(at_ms - AHEAD_MS, Tool::CatoSdp, lines::status(pop, 0));
    table.write(at_ms, lines::connected(pop));
    let last_ms = until_ms - AHEAD_MS;
    for tick_ms in (at_ms..last_ms).step_by(1_000) {
        let age_seconds = (tick_ms - at_ms) / 1_000;
        table.answer(tick_ms, Tool::CatoSdp, lines::status(pop, age_seconds));
    }
}

/// The tunnel is down from `at_ms` on.
fn disconnect(table: &mut Timetable, at_ms: u32) {
    table.answer(at_ms - AHEAD_MS, Tool::CatoSdp, status_off());
    table.write(at_ms, lines::disconnected());
}

fn lost_tunnel(table: &mut Timetable) {
    table.tell(
        13_500,
        "Cato Client: no name can be resolved, dns.failed counts; only cato-sdp tells of the lost tunnel",
    );
    disconnect(table, 13_500);
    table.write(14_500, lines::no_dns());
    table.tell(
        25_000,
        "Cato Client: back over Amsterdam, cato-sdp shows a younger tunnel: \
         ztna_tunnel_reconnects_total",
    );
    connect(table, 25_000, HANGS_AT_MS, "Amsterdam");
}

fn surprises(table: &mut Timetable) {
    table.tell(
        30_000,
        "Cato Client: a newer version is available: update.available counts",
    );
    table.write(30_000, lines::newer_version());
    table.tell(
        HANGS_AT_MS,
        "Cato Client: cato-sdp hangs, no state changes: ztna_probe_failures_total counts a timeout",
    );
    table.answer(HANGS_AT_MS, Tool::CatoSdp, Answer::Hang);
}

fn refused(table: &mut Timetable) {
    table.tell(
        48_000,
        "Cato Client: its user is refused: both services are in error, see ztna_service_state",
    );
    table.answer(48_000 - AHEAD_MS, Tool::CatoSdp, lines::status_refused());
    table.write(48_000, lines::disconnected());
    table.write(48_100, lines::refused());
    table.tell(
        51_000,
        "Cato Client: it is restarted, and its log has a new name",
    );
    start(table, 51_000);
    connect(table, 53_000, 58_000, "Frankfurt");
    table.tell(58_000, "Cato Client: the laptop shuts down");
    disconnect(table, 58_000);
}

fn small_talk(table: &mut Timetable, chance: &mut Chance) {
    for at_ms in (400..60_000).step_by(700) {
        table.write(at_ms, lines::small_talk(chance));
    }
}

/// What the tool says without a tunnel.
pub(super) fn status_off() -> Answer {
    Answer::Text("Cato client is disconnected".to_owned())
}
