//! Reads what `nsdiag -f` prints: one `key:: value.` a line.
//!
//! The spacing around `::` varies, one trailing dot belongs to the line, and keys come
//! and go with versions: an unknown one is passed over, and of one that stands twice
//! the first counts. A state's word that we do not know makes the whole answer
//! unintelligible: passed over, it would leave the old state standing as if confirmed.
//!
//! Source: the tests of a public osquery extension and two public tables that read
//! the same output; beside those keys, the words of the client's configuration panel
//! as the vendor's page "Using Netskope Client" has them, since keys take after them.

use std::net::IpAddr;

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use model::connector::{
    ClientStatus, Fact, Facts, ProbeFailure, ServiceState, TUNNEL_DOWN, ToolReading, TunnelState,
};
use model::event::Reason;
use model::untrusted::Untrusted;

use super::answer::{bare, cleaned, learn};
use super::user_label::UserLabel;

/// What a line is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Key {
    Client,
    Tunnel,
    PrivateAccess,
    GatewayAddress,
    User,
    ConfiguredAt,
    Of(Fact),
}

/// Keys, their letters and digits only.
const KEYS: &[(&str, Key)] = &[
    ("clientstatus", Key::Client),
    ("tunnelstatus", Key::Tunnel),
    ("orgname", Key::Of(Fact::Organisation)),
    ("organization", Key::Of(Fact::Organisation)),
    ("clientversion", Key::Of(Fact::Version)),
    ("gateway", Key::Of(Fact::Gateway)),
    ("gatewayip", Key::GatewayAddress),
    ("pop", Key::Of(Fact::Pop)),
    ("popname", Key::Of(Fact::Pop)),
    ("gatewaypop", Key::Of(Fact::Pop)),
    ("tunnelprotocol", Key::Of(Fact::TunnelProtocol)),
    ("config", Key::Of(Fact::ClientConfiguration)),
    ("clientconfiguration", Key::Of(Fact::ClientConfiguration)),
    ("steeringconfig", Key::Of(Fact::SteeringConfiguration)),
    (
        "steeringconfiguration",
        Key::Of(Fact::SteeringConfiguration),
    ),
    ("trafficmode", Key::Of(Fact::TrafficMode)),
    ("trafficsteeringtype", Key::Of(Fact::TrafficMode)),
    ("dynamicsteering", Key::Of(Fact::DynamicSteering)),
    ("onpremdetection", Key::Of(Fact::OnPremisesCheck)),
    ("onpremisecheck", Key::Of(Fact::OnPremisesCheck)),
    ("deviceclassification", Key::Of(Fact::DeviceClassification)),
    ("privateaccess", Key::PrivateAccess),
    ("privateaccessstatus", Key::PrivateAccess),
    ("npastatus", Key::PrivateAccess),
    ("privateaccessgateway", Key::Of(Fact::PrivateAccessGateway)),
    ("configurationstatus", Key::Of(Fact::ConfigurationStatus)),
    ("configupdated", Key::ConfiguredAt),
    ("email", Key::User),
    ("useremail", Key::User),
];

/// What the client says of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ClientWord {
    On,
    Off,
    NotEnrolled,
    Error,
    FailClosed,
}

/// Reads the output. Dates without a zone are in `zone`; one after `now` is none.
///
/// # Errors
///
/// [`ProbeFailure::Unintelligible`] if no line says anything that we know, or one says
/// a state in a word that we do not know.
pub fn read(
    output: &str,
    now: Timestamp,
    zone: &TimeZone,
    user_label: &UserLabel,
) -> Result<ToolReading, ProbeFailure> {
    let mut reading = ToolReading::default();
    let mut client = None;
    let mut has_tunnel_reason = false;
    for (key, value) in fields(output) {
        match key {
            Key::Client => client = client.or(Some(client_word(value)?)),
            Key::Tunnel => {
                reading.tunnel = reading.tunnel.or(Some(tunnel_state(value)?));
                has_tunnel_reason |= bare(value) == "nstunneldisconnectedbyuser";
            }
            Key::PrivateAccess => {
                reading.private_access = reading.private_access.or(service_state(value)?);
                learn_first(&mut reading.facts, Fact::PrivateAccess, value);
            }
            Key::GatewayAddress => learn_address(&mut reading.facts, value),
            Key::User => learn_user(&mut reading.facts, user_label, value),
            Key::ConfiguredAt => {
                reading.configured_at = reading
                    .configured_at
                    .or_else(|| past_date(value, now, zone));
            }
            Key::Of(fact) => learn_first(&mut reading.facts, fact, value),
        }
    }
    let (status, reason) = status_of(client, reading.tunnel);
    reading.client = status;
    let by_user = reading.tunnel == Some(TunnelState::Disconnected) && has_tunnel_reason;
    let reason = if by_user { "by_user" } else { reason };
    reading.reason = Reason::new(reason).unwrap_or_default();
    if reading.is_empty() {
        return Err(ProbeFailure::Unintelligible);
    }
    Ok(reading)
}

/// The lines with a key that we know, without the one dot that ends a line.
fn fields(output: &str) -> impl Iterator<Item = (Key, &str)> {
    output.lines().filter_map(|line| {
        let (name, value) = line.split_once("::")?;
        let name = bare(name);
        let (_, key) = KEYS.iter().find(|(known, _)| *known == name)?;
        let value = value.trim();
        Some((*key, value.strip_suffix('.').unwrap_or(value).trim_end()))
    })
}

fn client_word(value: &str) -> Result<ClientWord, ProbeFailure> {
    match bare(value).as_str() {
        "enable" | "enabled" => Ok(ClientWord::On),
        "disable" | "disabled" => Ok(ClientWord::Off),
        "unenrolled" => Ok(ClientWord::NotEnrolled),
        "error" => Ok(ClientWord::Error),
        "failclose" | "failclosed" => Ok(ClientWord::FailClosed),
        _ => Err(ProbeFailure::Unintelligible),
    }
}

/// The state in a word that begins with `NSTUNNEL_`. Only the two plain words are known
/// in public; others of the same grammar say at least that the tunnel is not up. What is
/// not quite "connected", such as "not connected", is never taken for it.
fn tunnel_state(value: &str) -> Result<TunnelState, ProbeFailure> {
    let word = bare(value);
    let state = word.strip_prefix("nstunnel").unwrap_or_default();
    if state == "connected" {
        return Ok(TunnelState::Connected);
    }
    if state.contains("disconnect") {
        return Ok(TunnelState::Disconnected);
    }
    if state.contains("connecting") {
        return Ok(TunnelState::Connecting);
    }
    Err(ProbeFailure::Unintelligible)
}

/// The panel's word, or that of the client's log, for private access; `None` where
/// there is none to speak of.
fn service_state(value: &str) -> Result<Option<ServiceState>, ProbeFailure> {
    if cleaned(value).is_none() {
        return Ok(None);
    }
    match bare(value).as_str() {
        "connected" | "npaisstarted" => Ok(Some(ServiceState::Connected)),
        "connecting" | "disconnected" | "disabled" | "npaisstarting" | "npaisstopped" => {
            Ok(Some(ServiceState::Disconnected))
        }
        "error" => Ok(Some(ServiceState::Error)),
        "notconfigured" => Ok(None),
        _ => Err(ProbeFailure::Unintelligible),
    }
}

/// The client's status, and why it is so.
///
/// The vendor calls a client enabled if it is connected to the gateway; the tool's
/// `enable` only says that nobody switched it off. A client that looks healthy while
/// its tunnel is down is the very case for which people run this tool.
const fn status_of(
    client: Option<ClientWord>,
    tunnel: Option<TunnelState>,
) -> (Option<ClientStatus>, &'static str) {
    match (client, tunnel) {
        (Some(ClientWord::On), Some(TunnelState::Connected)) => (Some(ClientStatus::Enabled), ""),
        (Some(ClientWord::On), Some(TunnelState::Disconnected)) => {
            (Some(ClientStatus::Disabled), TUNNEL_DOWN)
        }
        (Some(ClientWord::On), Some(TunnelState::Connecting | TunnelState::Unknown) | None)
        | (None, _) => (None, ""),
        (Some(ClientWord::Off), _) => (Some(ClientStatus::Disabled), ""),
        (Some(ClientWord::NotEnrolled), _) => (Some(ClientStatus::Disabled), "unenrolled"),
        (Some(ClientWord::Error), _) => (Some(ClientStatus::DisabledError), "error"),
        (Some(ClientWord::FailClosed), _) => (Some(ClientStatus::FailClosed), "fail_close"),
    }
}

fn learn_first(facts: &mut Facts, fact: Fact, value: &str) {
    if facts.get(fact).is_none() {
        learn(facts, fact, value);
    }
}

/// The address, and the name of the point of presence that some versions print
/// behind it: `203.0.113.10 (US-STL1)`.
fn learn_address(facts: &mut Facts, value: &str) {
    let is_between = |character: char| character.is_whitespace() || ",;()[]".contains(character);
    let mut parts = value.split(is_between).filter(|part| !part.is_empty());
    let Some(address) = parts.next().filter(|part| part.parse::<IpAddr>().is_ok()) else {
        return;
    };
    learn_first(facts, Fact::GatewayIp, address);
    let is_name = |part: &&str| {
        bare(part) != "pop"
            && part.len() <= 40
            && part
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
    };
    if let Some(pop) = parts.find(is_name) {
        learn_first(facts, Fact::Pop, pop);
    }
}

fn learn_user(facts: &mut Facts, user_label: &UserLabel, value: &str) {
    if facts.get(Fact::User).is_none()
        && let Some(label) = cleaned(value).and_then(|name| user_label.label(&name))
    {
        facts.learn(Fact::User, Untrusted::new(&label));
    }
}

/// A date that has been. One that is still to come was read in another zone, or told by
/// a clock that was wrong: it would count as newer than everything for a long time.
fn past_date(value: &str, now: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
    date(value, zone).filter(|date| *date <= now)
}

/// A date in any of the ways that cannot be mistaken: a number of the month alone,
/// as in `03/04/2026`, can.
fn date(value: &str, zone: &TimeZone) -> Option<Timestamp> {
    const WITH_TIME: [&str; 6] = [
        "%Y-%m-%d %H:%M:%S",
        "%Y/%m/%d %H:%M:%S",
        "%Y-%m-%dT%H:%M:%S",
        "%a %b %d %H:%M:%S %Y",
        "%b %d, %Y %H:%M:%S",
        "%d %b %Y %H:%M:%S",
    ];
    const WITHOUT_TIME: [&str; 4] = ["%Y-%m-%d", "%Y/%m/%d", "%b %d, %Y", "%d %b %Y"];
    let text = cleaned(value)?;
    if let Ok(timestamp) = text.parse::<Timestamp>() {
        return Some(timestamp);
    }
    let local = WITH_TIME
        .iter()
        .find_map(|format| DateTime::strptime(format, &text).ok())
        .or_else(|| {
            let mut dates = WITHOUT_TIME.iter();
            let day = dates.find_map(|format| Date::strptime(format, &text).ok())?;
            Some(day.to_datetime(jiff::civil::Time::midnight()))
        })?;
    Some(local.to_zoned(zone.clone()).ok()?.timestamp())
}

#[cfg(test)]
mod tests;
