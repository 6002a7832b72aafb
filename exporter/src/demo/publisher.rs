//! What happens to the demo's Publisher in its minute.
//!
//! Made anew for each minute since addresses and ids are drawn. A newcomer watches
//! from the first second, so the tunnel comes up, falls and rises within the first
//! half; what only careful people look for comes after.

pub mod lines;
pub mod stamp;

use super::folder;
use super::logs::Log;
use super::timetable::{Timetable, What};
use crate::corpus::chance::Chance;
use crate::corpus::noise;

/// Adds one cycle.
pub(super) fn fill(table: &mut Timetable, chance: &mut Chance) {
    registration(table);
    tunnel(table, chance);
    rotations(table);
    update(table);
    surprises(table, chance);
    traffic(table, chance);
    counts(table, chance);
}

fn registration(table: &mut Timetable) {
    table.tell(0, "Publisher: it registers with its tenant");
    table.write(0, lines::registering());
    table.write(0, lines::own_certificate());
    table.write(100, lines::registration_attempt(1));
    table.tell(
        1_000,
        "Publisher: it is refused, somebody re-signs TLS: ztna_registration_state is failed",
    );
    table.write(1_000, lines::unknown_authority());
    table.write(1_000, lines::registration_refused());
    table.tell(
        4_000,
        "Publisher: the second try succeeds: ztna_registration_state is registered",
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
    table.tell(8_000, "Publisher: the tunnel comes up: ztna_tunnel_up is 1");
    table.write(8_500, lines::config_pulled());
    for at_ms in [8_600, 8_700] {
        table.write(at_ms, lines::protocols(chance));
    }
    table.tell(
        9_000,
        "Publisher: users reach their applications: app.connection_opened counts",
    );
    table.tell(
        15_000,
        "Publisher: a TLS error, and the tunnel breaks: watch ztna_tunnel_up fall to 0",
    );
    table.write(15_000, lines::connection_broken());
    table.write(15_100, lines::tunnel_down(&first));
    for at_ms in [15_500, 17_500] {
        table.write(at_ms, lines::stitcher_resolving());
    }
    connect(table, 19_000, &second, chance);
    table.tell(
        20_000,
        "Publisher: the tunnel is back: ztna_tunnel_up is 1 again",
    );
    table.tell(
        58_000,
        "Publisher: it is replaced, its tunnel ends, and the story begins again",
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
        "Publisher: agent.txt is renamed and created anew: no line is lost or counted twice",
    );
    table.add(28_000, What::Rotate(Log::PublisherAgent));
    table.tell(
        52_000,
        "Publisher: publisher_wizard.log is copied and truncated: nothing is lost either",
    );
    table.add(52_000, What::CopyTruncate(Log::PublisherWizard));
}

fn update(table: &mut Timetable) {
    table.tell(
        33_000,
        "Publisher: an update fails to download: ztna_update_state is failed",
    );
    table.write(33_000, lines::update_not_downloaded());
    table.tell(
        40_000,
        "Publisher: it is repeated and not needed any more: ztna_update_state is current",
    );
    table.write(40_000, lines::update_not_needed());
}

fn surprises(table: &mut Timetable, chance: &mut Chance) {
    table.tell(
        45_000,
        "Publisher: a tunnel event that nobody knows: counted as tunnel.unknown_event",
    );
    let stitcher = lines::outer_address(chance);
    table.write(
        45_000,
        lines::tunnel_event("tunnel.unknown_event", "NPADEMOUNKNOWN", &stitcher),
    );
    table.tell(
        48_000,
        "Publisher: a known function in new words: ztna_log_near_miss_total tells of it",
    );
    table.write(48_000, lines::changed_wording());
}

/// Whether the story of [`tunnel`] has it up.
fn is_tunnel_up(at_ms: u32) -> bool {
    (8_000..15_000).contains(&at_ms) || (20_000..58_000).contains(&at_ms)
}

/// Noise all the time; users while the tunnel is up, the first of them a second after it came.
fn traffic(table: &mut Timetable, chance: &mut Chance) {
    for at_ms in (100..60_000).step_by(200) {
        table.write(at_ms, noise::line(chance));
    }
    let has_users = |at_ms: &u32| 9_000 <= *at_ms && is_tunnel_up(*at_ms);
    for at_ms in (0..60_000).step_by(350).filter(has_users) {
        table.write(at_ms, lines::app_connection(chance));
    }
    for at_ms in (9_000..58_000).step_by(4_000).filter(has_users) {
        table.write(at_ms, lines::client_connected(chance));
        // Not every client leaves in good order.
        if 0 < chance.below(4) {
            table.write(at_ms + 1_700, lines::client_left(chance));
        }
    }
}

/// What the Publisher counts inside: users while the tunnel is up.
fn counts(table: &mut Timetable, chance: &mut Chance) {
    for at_ms in (0..60_000).step_by(2_000) {
        let users = if is_tunnel_up(at_ms) {
            chance.between(20, 40)
        } else {
            0
        };
        table.add(at_ms, What::Count(folder::counts(users)));
    }
}
