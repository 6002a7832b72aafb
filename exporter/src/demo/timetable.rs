//! What happens in the demo's minute, and when.
//!
//! Pure data, made anew for each minute since addresses and ids are drawn. A
//! newcomer watches from the first second, so the tunnel comes up, falls and rises
//! within the first half; what only careful people look for comes after.

use std::time::Duration;

use super::lines::{self, Line, Writer};
use crate::corpus::chance::Chance;
use crate::corpus::noise;

/// How long the story takes before it begins again.
pub(super) const CYCLE: Duration = Duration::from_secs(60);

/// One entry: when in the cycle, and what.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    /// Since the cycle's start, in milliseconds.
    pub(super) at_ms: u32,
    /// What is due then.
    pub(super) what: What,
}

/// What can be due.
#[derive(Debug, Clone)]
pub(super) enum What {
    /// Tell the newcomer.
    Tell(&'static str),
    /// Write a line.
    Write(Line),
    /// Rename the log and create it anew.
    Rotate(Writer),
    /// Copy the log and truncate it.
    CopyTruncate(Writer),
}

/// Collects entries in any order.
struct Timetable {
    entries: Vec<Entry>,
}

impl Timetable {
    fn tell(&mut self, at_ms: u32, chapter: &'static str) {
        self.entries.push(Entry {
            at_ms,
            what: What::Tell(chapter),
        });
    }

    fn write(&mut self, at_ms: u32, line: Line) {
        self.entries.push(Entry {
            at_ms,
            what: What::Write(line),
        });
    }
}

/// One cycle's entries in the order of time. Those of one moment keep the order in
/// which they were told, so a chapter comes before its lines.
pub(super) fn cycle(chance: &mut Chance) -> Vec<Entry> {
    let mut table = Timetable {
        entries: Vec::new(),
    };
    registration(&mut table);
    tunnel(&mut table, chance);
    rotations(&mut table);
    update(&mut table);
    surprises(&mut table, chance);
    traffic(&mut table, chance);
    table.entries.sort_by_key(|entry| entry.at_ms);
    table.entries
}

fn registration(table: &mut Timetable) {
    table.tell(0, "a Publisher registers with its tenant");
    table.write(0, lines::registering());
    table.write(0, lines::own_certificate());
    table.write(100, lines::registration_attempt(1));
    table.tell(
        1_000,
        "the call is refused, somebody re-signs TLS: \
         registration.failed counts, ztna_registration_state is failed",
    );
    table.write(1_000, lines::unknown_authority());
    table.write(1_000, lines::registration_refused());
    table.tell(
        4_000,
        "the second try succeeds: ztna_registration_state is registered",
    );
    table.write(3_000, lines::registering());
    table.write(3_000, lines::own_certificate());
    table.write(3_200, lines::registration_attempt_via(1));
    table.write(4_000, lines::registered());
    table.write(5_000, lines::dataplane_checking());
    table.write(6_000, lines::dataplane_verified());
}

fn tunnel(table: &mut Timetable, chance: &mut Chance) {
    let (first, second) = (lines::outer_address(chance), lines::outer_address(chance));
    connect(table, 7_000, &first, chance);
    table.tell(8_000, "the tunnel comes up: ztna_tunnel_up is 1");
    table.write(8_500, lines::config_pulled());
    for at_ms in [8_600, 8_700] {
        table.write(at_ms, lines::protocols(chance));
    }
    table.tell(
        9_000,
        "users reach their applications: app.connection_opened counts",
    );
    table.tell(
        15_000,
        "a TLS error, and the tunnel breaks: watch ztna_tunnel_up fall to 0",
    );
    table.write(15_000, lines::connection_broken());
    table.write(15_100, lines::tunnel_down(&first));
    for at_ms in [15_500, 17_500] {
        table.write(at_ms, lines::stitcher_resolving());
    }
    connect(table, 19_000, &second, chance);
    table.tell(20_000, "the tunnel is back: ztna_tunnel_up is 1 again");
    table.tell(
        58_000,
        "the Publisher is replaced: its tunnel ends, and the story begins again",
    );
    table.write(58_000, lines::tunnel_down(&second));
}

/// A connection that is confirmed one second after `at_ms`.
fn connect(table: &mut Timetable, at_ms: u32, stitcher: &str, chance: &mut Chance) {
    table.write(at_ms, lines::stitcher_resolving());
    table.write(at_ms + 500, lines::stitcher_resolved());
    for _ in 0..2 {
        table.write(at_ms + 800, lines::certificate(chance));
    }
    table.write(at_ms + 1_000, lines::tunnel_up(stitcher));
}

fn rotations(table: &mut Timetable) {
    table.tell(
        28_000,
        "agent.txt is renamed and created anew: no line is lost or counted twice",
    );
    table.entries.push(Entry {
        at_ms: 28_000,
        what: What::Rotate(Writer::Agent),
    });
    table.tell(
        52_000,
        "publisher_wizard.log is copied and truncated: nothing is lost either",
    );
    table.entries.push(Entry {
        at_ms: 52_000,
        what: What::CopyTruncate(Writer::Wizard),
    });
}

fn update(table: &mut Timetable) {
    table.tell(
        33_000,
        "an update fails to download: ztna_update_state is failed",
    );
    table.write(33_000, lines::update_not_downloaded());
    table.tell(
        40_000,
        "it is repeated and not needed any more: ztna_update_state is current",
    );
    table.write(40_000, lines::update_not_needed());
}

fn surprises(table: &mut Timetable, chance: &mut Chance) {
    table.tell(
        45_000,
        "a tunnel event that nobody knows: counted as tunnel.unknown_event",
    );
    let stitcher = lines::outer_address(chance);
    table.write(
        45_000,
        lines::tunnel_event("tunnel.unknown_event", "NPADEMOUNKNOWN", &stitcher),
    );
    table.tell(
        48_000,
        "a known function in new words: ztna_log_near_miss_total tells of it",
    );
    table.write(48_000, lines::changed_wording());
}

/// Noise all the time; users while the tunnel is up.
fn traffic(table: &mut Timetable, chance: &mut Chance) {
    for at_ms in (100..60_000).step_by(200) {
        table.write(at_ms, noise::line(chance));
    }
    let is_up = |at_ms: &u32| (9_000..15_000).contains(at_ms) || (20_000..58_000).contains(at_ms);
    for at_ms in (0..60_000).step_by(350).filter(is_up) {
        table.write(at_ms, lines::app_connection(chance));
    }
    for at_ms in (9_000..58_000).step_by(4_000).filter(is_up) {
        table.write(at_ms, lines::client_connected(chance));
        // Not every client leaves in good order.
        if 0 < chance.below(4) {
            table.write(at_ms + 1_700, lines::client_left(chance));
        }
    }
}
