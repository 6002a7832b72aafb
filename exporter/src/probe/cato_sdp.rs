//! Reads what `cato-sdp` prints on Linux: its status and its version.
//!
//! A status is `key = value` lines, or one sentence.
//!
//! By the vendor's own container the client is up if `pop name` or `tun device`
//! stands in the text; here they must have a value, too. Public tools also know
//! `STATE_AUTHENTICATED`, which says who is signed in and nothing of a tunnel, and take
//! words of signing in for "somebody must". Such words count in sentences and keys, not
//! in values: a point of presence may have any name. One tunnel carries both services,
//! so they share its state. Text that contradicts itself says nothing.
//!
//! Source: the vendor's public container for its Linux client, its page "Getting
//! Started with the Linux Client", and public tools that drive this command.

use std::net::IpAddr;
use std::time::Duration;

use model::connector::{
    Fact, Facts, ProbeFailure, ServiceState, ToolReading, TunnelState, version_in,
};
use model::event::Reason;

use super::answer::{bare, cleaned, learn};

/// Most lines of a text that may ask somebody to sign in. Longer ones are a manual or
/// a page of somebody else, in which such words mean nothing.
const REQUEST_LINES_MAX: usize = 12;

/// Longest name of a network device. Source: `IFNAMSIZ` of `netdevice(7)`, less its NUL.
const DEVICE_BYTES_MAX: usize = 15;

/// Reads the output.
///
/// # Errors
///
/// [`ProbeFailure::Unintelligible`] if it says nothing that we know, or contradicts
/// itself.
pub fn read(output: &str) -> Result<ToolReading, ProbeFailure> {
    let mut reading = ToolReading::default();
    let mut pop = None;
    let mut device = None;
    for (key, value) in output.lines().filter_map(field) {
        match key.as_str() {
            "popname" => set(
                &mut pop,
                learn_if(&mut reading.facts, Fact::Pop, value, |_| true),
            )?,
            "tundevice" => {
                let learnt = learn_if(&mut reading.facts, Fact::TunnelDevice, value, is_device);
                set(&mut device, learnt)?;
            }
            "tunnelip" => {
                let is_address = |text: &str| text.parse::<IpAddr>().is_ok();
                let _ = learn_if(&mut reading.facts, Fact::TunnelIp, value, is_address);
            }
            "duration" => reading.uptime = duration(value),
            "version" | "clientversion" => learn(&mut reading.facts, Fact::Version, value),
            _ => {}
        }
    }
    let said = without_values(output);
    let is_up = pop.is_some() || device.is_some();
    let is_down = said.contains("Cato client is disconnected");
    let must_sign_in = asks_to_sign_in(&said);
    let is_refused = holds_word(&said, "USER_NOT_ALLOWED");
    let is_signed_in = holds_word(&said, "STATE_AUTHENTICATED");
    if is_signed_in && (must_sign_in || is_refused) {
        return Err(ProbeFailure::Unintelligible);
    }
    let (service, reason) = match (is_up, is_down) {
        (true, true) => return Err(ProbeFailure::Unintelligible),
        (true, false) if is_refused => return Err(ProbeFailure::Unintelligible),
        (true, false) if must_sign_in => (ServiceState::ConnectedWarning, "authentication"),
        (true, false) => (ServiceState::Connected, ""),
        (false, _) if is_refused => (ServiceState::Error, "not_allowed"),
        (false, _) if must_sign_in => (ServiceState::Error, "authentication"),
        (false, true) => (ServiceState::Disconnected, ""),
        (false, false) => return Err(ProbeFailure::Unintelligible),
    };
    reading.tunnel = Some(if is_up {
        TunnelState::Connected
    } else {
        TunnelState::Disconnected
    });
    reading.private_access = Some(service);
    reading.internet_security = Some(service);
    reading.reason = Reason::new(reason).unwrap_or_default();
    reading.uptime = reading.uptime.filter(|_| is_up);
    Ok(reading)
}

/// Reads what `cato-sdp version` prints, which is documented nowhere: the first number
/// with dots, best of a line that speaks of a version or a client.
///
/// `None` for a text that has none, that tells of a status instead, as a program may that
/// does not know the word, or that is too long to be about a version.
pub fn read_version(output: &str) -> Option<&str> {
    let is_long = output.lines().nth(REQUEST_LINES_MAX).is_some();
    if is_long || read(output).is_ok() {
        return None;
    }
    // One that is only on offer is not the one that runs.
    let is_offer = |line: &&str| line.to_lowercase().contains("available");
    let lines = || output.lines().filter(|line| !is_offer(line));
    let speaks_of_it = |line: &&str| {
        let lower = line.to_lowercase();
        ["version", "client", "cato"]
            .iter()
            .any(|word| lower.contains(word))
    };
    let mut best = lines().filter(speaks_of_it);
    best.find_map(version_in)
        .or_else(|| lines().find_map(version_in))
}

/// The key and the value of a line that has them, the value without its quotes.
fn field(line: &str) -> Option<(String, &str)> {
    let (key, value) = line.split_once('=')?;
    Some((bare(key), value.trim().trim_matches('"').trim()))
}

/// The text without what stands behind an equals sign.
fn without_values(output: &str) -> String {
    let lines = output
        .lines()
        .map(|line| line.split_once('=').map_or(line, |(key, _)| key));
    lines.collect::<Vec<_>>().join("\n")
}

/// Learns a value that is what it should be, and returns it.
fn learn_if(
    facts: &mut Facts,
    fact: Fact,
    value: &str,
    is_right: impl Fn(&str) -> bool,
) -> Option<String> {
    let told = cleaned(value).filter(|text| is_right(text))?;
    learn(facts, fact, value);
    Some(told)
}

/// Takes a value that was told, unless another was told before.
fn set(told: &mut Option<String>, value: Option<String>) -> Result<(), ProbeFailure> {
    match (&told, value) {
        (Some(before), Some(after)) if *before != after => Err(ProbeFailure::Unintelligible),
        (_, Some(after)) => {
            *told = Some(after);
            Ok(())
        }
        (_, None) => Ok(()),
    }
}

fn is_device(name: &str) -> bool {
    name.len() <= DEVICE_BYTES_MAX && name.bytes().all(|byte| byte.is_ascii_graphic())
}

/// The text's words, as long as a marker of the vendor's: `STATE_AUTHENTICATED` is one.
fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|character: char| !character.is_alphanumeric() && character != '_')
        .filter(|word| !word.is_empty())
}

fn holds_word(text: &str, wanted: &str) -> bool {
    words(text).any(|word| word == wanted)
}

/// Whether a short text, which is no list of options, speaks of signing in.
fn asks_to_sign_in(output: &str) -> bool {
    let is_short = output.lines().nth(REQUEST_LINES_MAX).is_none();
    let lower = output.to_lowercase();
    if !is_short || holds_word(&lower, "usage") {
        return false;
    }
    let mut before = "";
    words(&lower).any(|word| {
        // An error's code is none to sign in with.
        let is_code = word == "code" && !matches!(before, "error" | "exit" | "status" | "return");
        before = word;
        is_code
            || matches!(
                word,
                "auth" | "authenticate" | "authentication" | "login" | "reauthenticate"
            )
    })
}

/// `hh:mm:ss`, with days before it once it grows: `1 day, 02:03:04`, `1d 02:03:04`,
/// `1-02:03:04`. Hours may be more than 23.
fn duration(value: &str) -> Option<Duration> {
    let start = value
        .rfind(|character: char| !character.is_ascii_digit() && character != ':')
        .map_or(0, |last| last.saturating_add(1));
    let (days, clock) = value.split_at_checked(start)?;
    let mut parts = clock.split(':');
    let mut number = || parts.next()?.parse::<u64>().ok();
    let (hours, minutes, seconds) = (number()?, number()?, number()?);
    if parts.next().is_some() || 60 <= minutes || 60 <= seconds {
        return None;
    }
    let seconds = days_of(days)?
        .checked_mul(24)?
        .checked_add(hours)?
        .checked_mul(3600)?
        .checked_add(minutes * 60 + seconds)?;
    // A tunnel older than a century is a misprint.
    (seconds < 100 * 366 * 24 * 3600).then_some(Duration::from_secs(seconds))
}

/// The number of days in front of a clock; 0 for nothing.
fn days_of(text: &str) -> Option<u64> {
    if text.trim().is_empty() {
        return Some(0);
    }
    let is_between = |character: char| character.is_whitespace() || "-,".contains(character);
    let text = text.trim_end_matches(is_between);
    let end = text
        .find(|character: char| !character.is_ascii_digit())
        .unwrap_or(text.len());
    let (number, unit) = text.split_at_checked(end)?;
    let is_days = matches!(unit.trim(), "" | "d" | "day" | "days");
    number.parse().ok().filter(|_| is_days)
}

#[cfg(test)]
mod tests;
