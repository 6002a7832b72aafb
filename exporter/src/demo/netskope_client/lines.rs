//! The shapes of a Netskope Client's log lines that mean something, and what each means.
//!
//! Text only, as the vendor or its users publish it; how it is recognised is the
//! catalogue's business, which must not learn from here. Names of files and components
//! stand where a public sample shows them; numbers of source lines are no version's in
//! particular. Addresses are from the ranges reserved for documentation.
//!
//! Known limit: no whole line of `npadebuglog.log` is public, only its form and texts.

use std::io::{self, Write};

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::Gateway;
use crate::demo::lines::Meaning;
use crate::demo::logs::Log;
use crate::demo::timetable::Record;

/// Appends the beginning of a line of `nsdebuglog.log` written at `at`: as on Windows,
/// with milliseconds and without a zone. The demo's laptop is set to UTC.
pub(in crate::demo) fn stamp(at: Timestamp, out: &mut impl Write) -> io::Result<()> {
    let utc = at.to_zoned(TimeZone::UTC);
    // Before 1970 the part below a second is negative.
    let millisecond = at.subsec_millisecond().unsigned_abs();
    write!(
        out,
        "{}.{millisecond:03} ",
        utc.strftime("%Y/%m/%d %H:%M:%S")
    )
}

/// Appends the beginning of a line of `npadebuglog.log` written at `at`.
pub(in crate::demo) fn stamp_private_access(at: Timestamp, out: &mut impl Write) -> io::Result<()> {
    let utc = at.to_zoned(TimeZone::UTC);
    let microsecond = at.subsec_microsecond().unsigned_abs();
    write!(
        out,
        "[demo-laptop:{}.{microsecond:06} +00:00] ",
        utc.strftime("%Y-%m-%d %H:%M:%S")
    )
}

/// A record of the client's service. `place` is the source file with a line.
pub(super) fn debug(meaning: Meaning, place: &str, text: &str) -> Record {
    Record {
        log: Log::NetskopeDebug,
        text: format!("stAgentSvc p1e64 t3054 info {place} {text}"),
        meaning,
    }
}

/// A record of private access.
fn npa(meaning: Meaning, text: &str) -> Record {
    Record {
        log: Log::NetskopePrivateAccess,
        text: text.to_owned(),
        meaning,
    }
}

/// The client names itself. The last part is the device's serial number.
pub(super) fn version() -> Record {
    debug(
        Meaning::Event("client.identified"),
        "config.cpp:512",
        "Config setting STA user agent: \
         Windows NT 11.0 x64;Netskope ST Agent 117.1.0.1234;ID-DEMO0001",
    )
}

pub(super) fn classified() -> Record {
    debug(
        Meaning::Event("client.identified"),
        "bypassAppMgr.cpp:1153",
        "BypassAppMgr device classification status: managed",
    )
}

pub(super) fn no_proxy() -> Record {
    debug(
        Meaning::Nothing,
        "config.cpp:733",
        "Config System proxy configuration Not Detected , System proxy Count 0,Pac Server Host N/A",
    )
}

/// A record of several lines; those after the first begin no record.
pub(super) fn device_summary() -> Record {
    debug(
        Meaning::Nothing,
        "deviceId.cpp:88",
        "deviceId device info summary (len: 74): {\n  \
           \"hostname\" : \"demo-laptop\",\n  \
           \"serial\" : \"ID-DEMO0001\",\n  \
           \"os\" : \"Windows\"\n\
         }",
    )
}

pub(super) fn tenant() -> Record {
    npa(
        Meaning::Nothing,
        "[info] config.cpp:61:load(): Set tenant url example.goskope.com.",
    )
}

pub(super) fn connecting(gateway: Gateway) -> Record {
    let text = format!("nsTunnel DTLS Connecting to {}", gateway.host);
    debug(Meaning::Event("tunnel.connecting"), "tunnel.cpp:611", &text)
}

pub(super) fn location() -> Record {
    debug(
        Meaning::Event("location.checked|remote"),
        "tunnelMgr.cpp:2204",
        "CTunnelMgr Client location is remote and traffic mode is 3, DNS 1",
    )
}

pub(super) fn tls_connected(gateway: Gateway) -> Record {
    let Gateway { host, address, .. } = gateway;
    let text = format!(
        "nsTunnel DTLS SSL connected to the gslbgw server: {host}({address}):443 successfully"
    );
    debug(
        Meaning::Event("gateway.connected"),
        "tunnel.cpp:1074",
        &text,
    )
}

pub(super) fn established(gateway: Gateway) -> Record {
    let Gateway { host, pop, .. } = gateway;
    let text = format!("nsTunnel DTLS Tunnel established to gateway: {host}, pop: {pop}");
    debug(Meaning::Event("tunnel.connected"), "tunnel.cpp:988", &text)
}

/// Private access goes from one state to another: `STOPPED`, `STARTING`, `STARTED`.
pub(super) fn private_access(from: &str, to: &str) -> Record {
    let meaning = match to {
        "STARTED" => "service.state|connected",
        "STARTING" => "service.state|connecting",
        _ => "service.state|disconnected",
    };
    let text =
        format!("CNpaTunnelMgr Set NPA (current) status from [NPA_IS_{from}] to [NPA_IS_{to}]");
    debug(Meaning::Event(meaning), "npaTunnelMgr.cpp:597", &text)
}

pub(super) fn private_access_gateway() -> Record {
    debug(
        Meaning::Event("gateway.selected"),
        "npaTunnelMgr.cpp:863",
        "CNpaTunnelMgr NPA tunnel remote address is 203.0.113.69:443",
    )
}

pub(super) fn rules_reset() -> Record {
    debug(
        Meaning::Nothing,
        "nsFilterDevice.cpp:831",
        "nsFilterDevice NPA IP rules are reset with settings = 0x100e1.",
    )
}

pub(super) fn rules_added() -> Record {
    debug(
        Meaning::Event("steering.applied"),
        "nsFilterDevice.cpp:871",
        "nsFilterDevice All NPA IP rules are added into kernel, num = 12.",
    )
}

pub(super) fn gateway_chosen(gateway: Gateway) -> Record {
    let text = format!(
        "[info] gateway.cpp:140:choose(): GW FQDN = {}, IP = {}, POP = {}, RTT = {} ms",
        gateway.host, gateway.address, gateway.pop, gateway.rtt_ms
    );
    npa(Meaning::Event("gateway.measured"), &text)
}

pub(super) fn private_access_connecting(gateway: Gateway) -> Record {
    let text = format!(
        "[info] client.cpp:75:connect(): NPA client is connecting to {}",
        gateway.host
    );
    npa(Meaning::Event("service.state|connecting"), &text)
}

pub(super) fn private_access_tunnel() -> Record {
    npa(
        Meaning::Nothing,
        "[info] client.cpp:91:connect(): adding NPA tunnel",
    )
}

/// A rule with its block of lines.
pub(super) fn policy() -> Record {
    npa(
        Meaning::Nothing,
        "[debug] policy.cpp:204:buildImpl(): 1: Adding Host Rule\n\
         Policy Name: developers\n\
         App Name: wiki\n\
         wiki.corp.example tcp 443\n\
         Publishers: npa-pub-01",
    )
}

pub(super) fn policy_current() -> Record {
    npa(
        Meaning::Event("policy.updated"),
        "[info] policy.cpp:310:poll(): SRP live status is 1",
    )
}

pub(super) fn filter_device_failed() -> Record {
    debug(
        Meaning::Event("steering.failed|filter_device"),
        "tunnelMgr.cpp:1288",
        "CTunnelMgr failed to start filter device",
    )
}

pub(super) fn sign_in_again() -> Record {
    debug(
        Meaning::Event("authentication.requested"),
        "NSCom2.cpp:1851",
        "NSCOM2 message NPA_REQUEST_AUTHENTICATION sent from server to \"ALL\" client with count 1",
    )
}

/// The gateway closes private access, or no longer does: 0 or 1.
pub(super) fn shut_down_by_gateway(from: u32, to: u32) -> Record {
    let meaning = if to == 1 {
        Meaning::Event("service.state|gateway_shutdown")
    } else {
        Meaning::Nothing
    };
    let text = format!("CNpaTunnelMgr Set NPA (Shutdown by GW) status from {from} to {to}");
    debug(meaning, "npaTunnelMgr.cpp:580", &text)
}

pub(super) fn restart_after_sign_in() -> Record {
    debug(
        Meaning::Event("service.state|disconnected"),
        "npaTunnelMgr.cpp:1262",
        "CNpaTunnelMgr NPA tunnel is already down, need to restart NPA client after re-auth",
    )
}

pub(super) fn private_access_wanted() -> Record {
    debug(
        Meaning::Nothing,
        "npaTunnelMgr.cpp:575",
        "CNpaTunnelMgr Set NPA (desired) status from [NPA_TO_START] to [NPA_TO_START]",
    )
}

pub(super) fn keepalive_failed() -> Record {
    debug(
        Meaning::Event("tunnel.keepalive_failed"),
        "neClientTransportHandler.cpp:69",
        "keepAlive fails with 15 tries",
    )
}

pub(super) fn tunnel_destroyed() -> Record {
    debug(
        Meaning::Event("tunnel.disconnected|closed_by_peer"),
        "tunnel.cpp:447",
        "nsTunnel DTLS received nsssl_closed, tunnel destroyed",
    )
}

/// The WinSock error for a host that no way leads to.
pub(super) fn unreachable(gateway: Gateway) -> Record {
    let text = format!(
        "nsssl DTLS failed to connect to {}:443, err: 10065",
        gateway.host
    );
    debug(
        Meaning::Event("tunnel.connect_failed|unreachable"),
        "nsssl.cpp:377",
        &text,
    )
}

/// What follows from it, which counts no second time.
pub(super) fn connect_failed() -> Record {
    debug(
        Meaning::Nothing,
        "tunnel.cpp:640",
        "nsTunnel DTLS nsssl_connect failed, err: -1",
    )
}

pub(super) fn peer_certificate() -> Record {
    debug(
        Meaning::Event("tls.error|peer_certificate"),
        "nsHTTPClient.cpp:512",
        "curl_easy_perform failed, code 60, SSL peer certificate or SSH remote key was not OK",
    )
}

pub(super) fn configuration_failed() -> Record {
    debug(
        Meaning::Event("config.update_failed"),
        "config.cpp:1420",
        "Config config update failed, retry in 9 minutes",
    )
}

pub(super) fn configuration_fetched() -> Record {
    debug(
        Meaning::Event("config.updated"),
        "config.cpp:1377",
        "Config Successfully downloaded branding file by email id",
    )
}

pub(super) fn ended_by_user() -> Record {
    debug(
        Meaning::Event("tunnel.disconnected|by_user"),
        "tunnel.cpp:292",
        "nsTunnel DTLS disconnecting nsTunnel, context = NSTUNNEL_DISCONNECTED_BYUSER",
    )
}

pub(super) fn round_trip(gateway: Gateway, rtt_ms: u32) -> Record {
    let Gateway { address, pop, .. } = gateway;
    let text = format!("CTunnelMgr post client rtt pop:{pop} ip:{address} rtt:{rtt_ms}");
    debug(
        Meaning::Event("gateway.measured"),
        "tunnelMgr.cpp:1710",
        &text,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_log_writes_time_in_its_own_way() {
        let at: Timestamp = "2024-05-01T07:50:34.981002Z".parse().unwrap();
        let (mut debug, mut npa) = (Vec::new(), Vec::new());
        stamp(at, &mut debug).unwrap();
        stamp_private_access(at, &mut npa).unwrap();
        assert_eq!(debug, b"2024/05/01 07:50:34.981 ");
        assert_eq!(npa, b"[demo-laptop:2024-05-01 07:50:34.981002 +00:00] ");
    }
}
