//! Compares what the host's files say of a proxy, and says what to do where they differ.
//!
//! Pure. A host without a proxy is in order; one with a proxy has the same one for the
//! system and for Docker, and lets go past it what must: the host itself, the vendor's
//! planes, and on AWS the metadata service.

use std::net::IpAddr;

use super::super::address::{Address, Network};
use super::ProxyFinding;
use super::texts::Settings;

/// Where AWS answers machines about themselves.
///
/// Source: AWS's guide to EC2, "Access instance metadata"; the vendor's page on explicit
/// proxies wants it excluded.
const AWS_METADATA: &str = "169.254.169.254";

/// The host itself, by each of its names.
const SELF: &[&str] = &["localhost", "127.0.0.1"];

/// What one place says.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Setting {
    /// The file or folder, as people know it.
    pub place: String,
    /// What it says.
    pub settings: Settings,
}

/// All that the host's files say.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Held {
    /// `/etc/environment`.
    pub environment: Setting,
    /// Docker's file, or the drop-ins of its service.
    pub docker: Setting,
    /// APT's own settings.
    pub apt: Setting,
    /// Whether Docker is there.
    pub has_docker: bool,
    /// Whether the host is a machine of AWS.
    pub is_on_aws: bool,
}

/// What is wrong, the most telling first.
pub fn judge(held: &Held, excluded: &[String]) -> Vec<ProxyFinding> {
    let mut findings = Vec::new();
    for setting in [&held.environment, &held.docker, &held.apt] {
        findings.extend(alone(setting));
    }
    findings.extend(together(held));
    let mut wanted: Vec<&str> = SELF.to_vec();
    wanted.extend(excluded.iter().map(String::as_str));
    if held.is_on_aws {
        wanted.push(AWS_METADATA);
    }
    // APT asks for packages only: nothing of these.
    for setting in [&held.environment, &held.docker] {
        findings.extend(straight(setting, &wanted));
    }
    findings
}

fn finding(message: String, action: &'static str) -> ProxyFinding {
    ProxyFinding { message, action }
}

/// What is wrong with a place by itself.
fn alone(setting: &Setting) -> Vec<ProxyFinding> {
    let (place, settings) = (&setting.place, &setting.settings);
    let mut findings = Vec::new();
    if let Some(variable) = settings.contradiction {
        findings.push(finding(
            format!("{place} sets `{variable}` in small and in large letters to different values"),
            "Give both spellings the same value: some programs read one, some the other.",
        ));
    }
    for proxy in [&settings.http, &settings.https].into_iter().flatten() {
        if parsed(proxy).is_none() {
            findings.push(finding(
                format!("{place} names a proxy that is no URL with host and port"),
                "Write the proxy as `http://host:port`.",
            ));
            break;
        }
    }
    if settings.https.is_none() && settings.http.is_some() {
        findings.push(finding(
            format!("{place} sets a proxy for HTTP and none for HTTPS"),
            "Set `https_proxy` too: packages and images come by HTTPS.",
        ));
    }
    findings
}

/// What is wrong between the places.
fn together(held: &Held) -> Vec<ProxyFinding> {
    let (environment, docker, apt) = (&held.environment, &held.docker, &held.apt);
    let is_system_set = environment.settings.is_set() || apt.settings.is_set();
    let mut findings = Vec::new();
    if environment.settings.is_set() && held.has_docker && !docker.settings.is_set() {
        findings.push(finding(
            format!(
                "{} names a proxy, and Docker has none ({})",
                environment.place, docker.place
            ),
            "Give Docker the same proxy in \
             /etc/systemd/system/docker.service.d/http-proxy.conf, run `systemctl \
             daemon-reload` and restart Docker: images of the Publisher are not fetched \
             without it.",
        ));
    }
    if docker.settings.is_set() && !is_system_set {
        findings.push(finding(
            format!(
                "Docker has a proxy ({}), and {} names none",
                docker.place, environment.place
            ),
            "Set http_proxy, https_proxy and no_proxy in /etc/environment too, and log in \
             anew: the system's updates do not go through without them.",
        ));
    }
    for other in [docker, apt] {
        if let Some((here, there)) = differing(&environment.settings, &other.settings) {
            findings.push(finding(
                format!(
                    "{} names the proxy {here}, and {} names {there}",
                    environment.place, other.place
                ),
                "Name the same proxy in both places.",
            ));
        }
    }
    findings
}

/// The two proxies that differ, without what they say of users.
fn differing(one: &Settings, other: &Settings) -> Option<(Address, Address)> {
    let pairs = [(&one.https, &other.https), (&one.http, &other.http)];
    pairs.into_iter().find_map(|(here, there)| {
        let here = parsed(here.as_deref()?)?;
        let there = parsed(there.as_deref()?)?;
        (here != there).then_some((here, there))
    })
}

/// Whether what must go straight does.
fn straight(setting: &Setting, wanted: &[&str]) -> Option<ProxyFinding> {
    if !setting.settings.is_set() {
        return None;
    }
    let excluded = &setting.settings.excluded;
    let missing: Vec<String> = wanted
        .iter()
        .filter(|name| !excluded.iter().any(|entry| covers(entry, name)))
        .map(|name| format!("`{name}`"))
        .collect();
    if missing.is_empty() {
        return None;
    }
    Some(finding(
        format!(
            "{} sends through the proxy what must go straight: {}",
            setting.place,
            missing.join(", ")
        ),
        "Add them to no_proxy: the Publisher's tunnel does not go through an explicit \
         proxy, and the host must reach itself.",
    ))
}

/// Whether an entry of `no_proxy` stands for all of the name: `*` for everything, a
/// domain with or without `*.` or a dot for all below it, a network for its addresses.
fn covers(entry: &str, name: &str) -> bool {
    if entry == "*" {
        return true;
    }
    let bare = |text: &str| {
        let text = text.strip_prefix('*').unwrap_or(text);
        text.strip_prefix('.').unwrap_or(text).to_ascii_lowercase()
    };
    let (entry, name) = (bare(entry), bare(name));
    if let (Some(network), Ok(address)) = (Network::parse(&entry), name.parse::<IpAddr>()) {
        return network.contains(address);
    }
    name.strip_suffix(&*entry)
        .is_some_and(|rest| !entry.is_empty() && (rest.is_empty() || rest.ends_with('.')))
}

/// Host and port of a proxy's URL, whatever it says of users and paths.
fn parsed(proxy: &str) -> Option<Address> {
    let rest = match proxy.split_once("://") {
        Some(("http" | "https" | "socks5" | "socks5h", rest)) => rest,
        Some(_) => return None,
        None => proxy,
    };
    let authority = rest.split('/').next().unwrap_or_default();
    let (_, address) = authority.rsplit_once('@').unwrap_or(("", authority));
    Address::parse(address)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_stands_for_what_programs_take_it_for() {
        for (entry, name, is_covered) in [
            ("*", "npa.goskope.com", true),
            ("goskope.com", "npa.goskope.com", true),
            (".goskope.com", "npa.goskope.com", true),
            ("*.goskope.com", "*.goskope.com", true),
            ("*.npa.goskope.com", "goskope.com", false),
            ("skope.com", "goskope.com", false),
            ("", "goskope.com", false),
            (".", "goskope.com", false),
            ("127.0.0.0/8", "127.0.0.1", true),
            ("169.254.169.254", "169.254.169.254", true),
            ("10.0.0.0/8", "169.254.169.254", false),
        ] {
            assert_eq!(covers(entry, name), is_covered, "{entry} {name}");
        }
    }

    #[test]
    fn a_proxy_is_known_without_what_it_says_of_users() {
        for text in [
            "http://proxy.example:3128",
            "http://user:p@ss@proxy.example:3128/",
            "https://PROXY.example:3128",
            "proxy.example:3128",
        ] {
            assert_eq!(parsed(text).unwrap().to_string(), "proxy.example:3128");
        }
        for text in [
            "",
            "http://",
            "http://proxy.example",
            "ftp://proxy.example:1",
        ] {
            assert_eq!(parsed(text), None, "{text}");
        }
    }
}
