//! What happens to the demo's laptop with the Netskope Client in its minute.
//!
//! Each trouble leaves the tunnel or the client in another state, so that a newcomer
//! sees why "up" is not "works". Where no public line of the log tells a state, such as
//! fail closed, the vendor's tool tells it: those chapters last longer than the pause
//! between two questions to the tool. An answer changes shortly before the log tells
//! the same: an old answer that is still on its way would else overrule the log.

mod answers;
mod flows;
mod lines;

use model::connector::Tool;

pub(super) use self::answers::nsdiag_off;
use self::answers::{nsdiag_fail_closed, nsdiag_on};
pub(super) use self::lines::{stamp, stamp_private_access};
use super::logs::Log;
use super::timetable::{Timetable, What};
use crate::corpus::chance::Chance;

/// One of the vendor's gateways.
#[derive(Debug, Clone, Copy)]
struct Gateway {
    host: &'static str,
    /// Of the documentation range 203.0.113.0/24 (RFC 5737).
    address: &'static str,
    /// The point of presence.
    pop: &'static str,
    /// A usual round trip, in milliseconds.
    rtt_ms: u32,
}

const FRANKFURT: Gateway = Gateway {
    host: "gateway-fra1.goskope.com",
    address: "203.0.113.35",
    pop: "DE-FRA1",
    rtt_ms: 12,
};

const AMSTERDAM: Gateway = Gateway {
    host: "gateway-ams1.goskope.com",
    address: "203.0.113.36",
    pop: "NL-AMS1",
    rtt_ms: 31,
};

/// When flows go into the tunnel, in the milliseconds of the cycle.
const STEERED: &[(u32, u32)] = &[
    (3_000, 9_000),
    (14_000, 24_000),
    (37_500, 41_500),
    (55_500, 58_500),
];

/// Adds one cycle.
pub(super) fn fill(table: &mut Timetable, chance: &mut Chance) {
    start(table);
    steering(table);
    private_access(table);
    lost_tunnel(table);
    configuration(table);
    switched_off(table);
    round_trips(table, chance);
    flows::fill(table, chance, STEERED);
}

fn start(table: &mut Timetable) {
    table.tell(0, "Netskope Client: it starts and looks for a gateway");
    table.write(0, lines::version());
    table.write(50, lines::classified());
    table.write(100, lines::no_proxy());
    table.write(200, lines::device_summary());
    table.write(300, lines::tenant());
    table.answer(1_400, Tool::Nsdiag, nsdiag_on(FRANKFURT));
    connect(table, 1_000, FRANKFURT);
    table.tell(
        2_000,
        "Netskope Client: its tunnel is up; nsdiag tells gateway and version: ztna_connector_info",
    );
}

/// A connection that is confirmed one second after `at_ms`.
fn connect(table: &mut Timetable, at_ms: u32, gateway: Gateway) {
    table.write(at_ms, lines::connecting(gateway));
    table.write(at_ms + 300, lines::location());
    table.write(at_ms + 1_000, lines::tls_connected(gateway));
    table.write(at_ms + 1_010, lines::established(gateway));
    table.write(at_ms + 1_100, lines::private_access("STOPPED", "STARTING"));
    table.write(at_ms + 1_150, lines::gateway_chosen(gateway));
    table.write(at_ms + 1_200, lines::private_access_connecting(gateway));
    table.write(at_ms + 1_250, lines::private_access_tunnel());
    table.write(at_ms + 1_400, lines::policy());
    table.write(at_ms + 1_450, lines::policy_current());
    table.write(at_ms + 1_600, lines::private_access("STARTING", "STARTED"));
    table.write(at_ms + 1_610, lines::private_access_gateway());
    table.write(at_ms + 1_700, lines::rules_reset());
    table.write(at_ms + 1_710, lines::rules_added());
}

fn steering(table: &mut Timetable) {
    table.tell(
        9_000,
        "Netskope Client: up, but nothing goes into the tunnel: ztna_degraded is 1, steering_failed",
    );
    table.write(9_000, lines::filter_device_failed());
    table.tell(
        14_000,
        "Netskope Client: a flow goes through the tunnel again, that heals it",
    );
}

fn private_access(table: &mut Timetable) {
    table.tell(
        17_000,
        "Netskope Client: its user must sign in again, private access stops: ztna_service_state",
    );
    table.write(17_000, lines::sign_in_again());
    table.write(18_500, lines::shut_down_by_gateway(0, 1));
    table.write(18_600, lines::private_access("STARTED", "STOPPED"));
    table.tell(20_000, "Netskope Client: signed in, private access is back");
    table.write(20_000, lines::restart_after_sign_in());
    table.write(20_010, lines::shut_down_by_gateway(1, 0));
    table.write(20_020, lines::private_access_wanted());
    table.write(20_030, lines::private_access("STOPPED", "STARTING"));
    table.write(20_700, lines::private_access("STARTING", "STARTED"));
}

fn lost_tunnel(table: &mut Timetable) {
    table.tell(
        24_000,
        "Netskope Client: no gateway answers; only nsdiag tells that it fails closed: \
         ztna_client_status",
    );
    table.write(24_000, lines::keepalive_failed());
    table.write(24_300, lines::tunnel_destroyed());
    table.write(24_500, lines::private_access("STARTED", "STOPPED"));
    table.answer(23_900, Tool::Nsdiag, nsdiag_fail_closed());
    for at_ms in [25_000, 28_000, 32_000] {
        table.write(at_ms, lines::connecting(FRANKFURT));
        table.write(at_ms + 900, lines::unreachable(FRANKFURT));
        table.write(at_ms + 910, lines::connect_failed());
    }
    table.add(30_000, What::Rotate(Log::NetskopeDebug));
    table.tell(
        30_000,
        "Netskope Client: nsdebuglog.log becomes nsdebuglog.1.log: no line is lost",
    );
    table.answer(36_400, Tool::Nsdiag, nsdiag_on(AMSTERDAM));
    connect(table, 36_000, AMSTERDAM);
    table.tell(
        37_000,
        "Netskope Client: the tunnel is rebuilt, over another POP",
    );
}

fn configuration(table: &mut Timetable) {
    table.tell(
        21_500,
        "Netskope Client: its configuration cannot be fetched, somebody re-signs TLS: \
         ztna_degraded",
    );
    table.write(21_500, lines::peer_certificate());
    table.write(21_600, lines::configuration_failed());
    table.tell(
        39_000,
        "Netskope Client: the configuration is fetched again",
    );
    table.write(39_000, lines::configuration_fetched());
}

fn switched_off(table: &mut Timetable) {
    table.tell(
        41_500,
        "Netskope Client: its user switches it off: ztna_client_status is disabled, no error",
    );
    table.write(41_500, lines::ended_by_user());
    table.write(41_600, lines::private_access("STARTED", "STOPPED"));
    table.answer(41_100, Tool::Nsdiag, nsdiag_off());
    table.answer(53_900, Tool::Nsdiag, nsdiag_on(FRANKFURT));
    connect(table, 53_500, FRANKFURT);
    table.tell(54_500, "Netskope Client: switched on again");
    table.tell(58_500, "Netskope Client: the laptop restarts");
    table.write(58_500, lines::ended_by_user());
    table.write(58_600, lines::private_access("STARTED", "STOPPED"));
    table.answer(58_100, Tool::Nsdiag, nsdiag_off());
}

/// Each gateway is measured now and then, whichever is used.
fn round_trips(table: &mut Timetable, chance: &mut Chance) {
    table.tell(
        5_000,
        "Netskope Client: it measures its gateways: ztna_gateway_rtt_seconds by POP",
    );
    for at_ms in (5_000..58_000).step_by(3_000) {
        for gateway in [FRANKFURT, AMSTERDAM] {
            let jitter_ms = chance.below(gateway.rtt_ms);
            // A crowded network now and then.
            let delay_ms = if chance.below(8) == 0 { 120 } else { 0 };
            let rtt_ms = gateway.rtt_ms + jitter_ms + delay_ms;
            table.write(at_ms, lines::round_trip(gateway, rtt_ms));
        }
    }
}
