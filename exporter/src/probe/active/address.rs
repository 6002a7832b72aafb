//! Whom a probe asks: a host with a port, written as people write it.
//!
//! Text becomes a type here and is asked no more: a name is one that name servers could
//! know, a port is there and is not 0. Names are kept in lower case and without the dot
//! at their end. What a name's addresses are is `resolve`'s.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

/// Longest name of a host, in bytes (RFC 1035, section 2.3.4, without the root's dot).
const NAME_BYTES_MAX: usize = 253;
const LABEL_BYTES_MAX: usize = 63;

/// A host by name or by number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Host {
    /// A name, in lower case.
    Name(Arc<str>),
    /// An address.
    Ip(IpAddr),
}

impl Host {
    /// Reads a name or an address. `None` if it is neither.
    pub fn parse(text: &str) -> Option<Self> {
        let bare = text
            .strip_prefix('[')
            .and_then(|rest| rest.strip_suffix(']'));
        if let Some(inner) = bare {
            return inner.parse::<Ipv6Addr>().ok().map(|ip| Self::Ip(ip.into()));
        }
        if let Ok(ip) = text.parse::<IpAddr>() {
            return Some(Self::Ip(ip));
        }
        is_name(text).then(|| Self::Name(Arc::from(shortest(text).as_str())))
    }

    /// Whether the host is named, and the name is this one or below it.
    pub fn is_within(&self, domain: &str) -> bool {
        match self {
            Self::Name(name) => name
                .strip_suffix(domain)
                .is_some_and(|rest| rest.is_empty() || rest.ends_with('.')),
            Self::Ip(_) => false,
        }
    }
}

impl fmt::Display for Host {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => formatter.write_str(name),
            Self::Ip(IpAddr::V4(ip)) => write!(formatter, "{ip}"),
            Self::Ip(IpAddr::V6(ip)) => write!(formatter, "[{ip}]"),
        }
    }
}

/// A host with a port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    /// The host.
    pub host: Host,
    /// The port, never 0.
    pub port: u16,
}

impl Address {
    /// Reads `name:443`, `192.0.2.1:443` or `[2001:db8::1]:443`.
    pub fn parse(text: &str) -> Option<Self> {
        let (host, port) = text.rsplit_once(':')?;
        // An IPv6 address without brackets ends in something that looks like a port.
        if host.contains(':') && !host.starts_with('[') {
            return None;
        }
        let is_number = !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit());
        Some(Self {
            host: Host::parse(host)?,
            port: port.parse().ok().filter(|port| is_number && *port != 0)?,
        })
    }

    /// Reads a proxy as people write it: `http://proxy.example.com:3128`, also without
    /// the scheme or with a slash at the end. Neither a user nor a password may stand in
    /// it, nor any other scheme.
    pub fn parse_proxy(text: &str) -> Option<Self> {
        let rest = text.strip_prefix("http://").unwrap_or(text);
        Self::parse(rest.strip_suffix('/').unwrap_or(rest))
    }
}

impl fmt::Display for Address {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}:{}", self.host, self.port)
    }
}

/// A range of addresses, as `192.0.2.0/24`; one address is a range of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network {
    base: IpAddr,
    length: u8,
}

impl Network {
    /// Reads an address, or an address with the length of its prefix.
    pub fn parse(text: &str) -> Option<Self> {
        let Some((base, length)) = text.split_once('/') else {
            let base: IpAddr = text.parse().ok()?;
            return Some(Self {
                base,
                length: bits_of(base),
            });
        };
        let base: IpAddr = base.parse().ok()?;
        let is_number = !length.is_empty() && length.bytes().all(|byte| byte.is_ascii_digit());
        let length: u8 = length.parse().ok().filter(|_| is_number)?;
        (length <= bits_of(base)).then_some(Self { base, length })
    }

    /// Whether the address lies in it. An IPv4 address in IPv6's clothes is an IPv4 address.
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.base.to_canonical(), address.to_canonical()) {
            (IpAddr::V4(base), IpAddr::V4(address)) => {
                let beyond = 32_u32.saturating_sub(self.length_of_v4());
                high(base, beyond) == high(address, beyond)
            }
            (IpAddr::V6(base), IpAddr::V6(address)) => {
                let beyond = 128_u32.saturating_sub(u32::from(self.length));
                let high = |ip: Ipv6Addr| ip.to_bits().checked_shr(beyond).unwrap_or(0);
                high(base) == high(address)
            }
            (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => false,
        }
    }

    /// The prefix as of IPv4, also if the network was written as a mapped one.
    fn length_of_v4(&self) -> u32 {
        let length = u32::from(self.length);
        match self.base {
            IpAddr::V4(_) => length,
            IpAddr::V6(_) => length.saturating_sub(96),
        }
    }
}

fn high(ip: Ipv4Addr, beyond: u32) -> u32 {
    ip.to_bits().checked_shr(beyond).unwrap_or(0)
}

const fn bits_of(address: IpAddr) -> u8 {
    match address {
        IpAddr::V4(_) => 32,
        IpAddr::V6(_) => 128,
    }
}

/// Whether name servers could know the name: labels of letters, digits, `-` and `_`. A
/// name of digits alone would be a mistyped address.
fn is_name(text: &str) -> bool {
    let name = text.strip_suffix('.').unwrap_or(text);
    let is_label = |label: &str| {
        (1..=LABEL_BYTES_MAX).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
    };
    let last = name.rsplit('.').next().unwrap_or_default();
    name.len() <= NAME_BYTES_MAX
        && name.split('.').all(is_label)
        && !last.bytes().all(|byte| byte.is_ascii_digit())
}

fn shortest(name: &str) -> String {
    name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_a_host_with_a_port() {
        for (text, shown) in [
            (
                "NS-1234.us-sjc1.npa.goskope.com.:443",
                "ns-1234.us-sjc1.npa.goskope.com:443",
            ),
            ("127.0.0.1:1", "127.0.0.1:1"),
            ("[::1]:65535", "[::1]:65535"),
            ("my_host:8443", "my_host:8443"),
        ] {
            assert_eq!(Address::parse(text).unwrap().to_string(), shown);
        }
        for text in [
            "",
            "example.com",
            "example.com:",
            "example.com:0",
            "example.com:+1",
            "example.com:65536",
            ":443",
            "::1:443",
            "[::1]",
            "[127.0.0.1]:1",
            "exa mple.com:443",
            "a..b:443",
            "-a.com:443",
            "https://example.com:443",
            "300.1.1.1:443",
            "bücher.example:443",
        ] {
            assert_eq!(Address::parse(text), None, "{text:?}");
        }
        let long = format!("{}.com:443", "a".repeat(64));
        assert_eq!(Address::parse(&long), None);
    }

    #[test]
    fn a_proxy_is_an_http_url_without_a_password() {
        for text in [
            "http://proxy.example:3128/",
            "proxy.example:3128",
            "http://[::1]:8",
        ] {
            assert!(Address::parse_proxy(text).is_some(), "{text}");
        }
        for text in [
            "https://proxy.example:3128",
            "socks5://p:1",
            "http://u:p@p:1",
            "http://p",
        ] {
            assert_eq!(Address::parse_proxy(text), None, "{text}");
        }
    }

    #[test]
    fn a_domain_holds_itself_and_what_is_below_it() {
        let host = Host::parse("ns-1.npa.goskope.com").unwrap();
        assert!(host.is_within("goskope.com"));
        assert!(host.is_within("ns-1.npa.goskope.com"));
        assert!(!host.is_within("skope.com"));
        assert!(!Host::parse("127.0.0.1").unwrap().is_within("1"));
    }

    #[test]
    fn a_network_holds_its_addresses_and_no_others() {
        for (network, address, is_in) in [
            ("192.0.2.0/24", "192.0.2.255", true),
            ("192.0.2.0/24", "192.0.3.0", false),
            ("192.0.2.7", "192.0.2.7", true),
            ("192.0.2.7", "192.0.2.6", false),
            ("0.0.0.0/0", "203.0.113.9", true),
            ("0.0.0.0/0", "::1", false),
            ("2001:db8::/32", "2001:db8:ffff::1", true),
            ("2001:db8::/32", "2001:db9::1", false),
            ("::/0", "2001:db8::1", true),
            ("192.0.2.0/24", "::ffff:192.0.2.1", true),
            ("::ffff:192.0.2.0/120", "192.0.2.1", true),
            ("::ffff:192.0.2.0/120", "192.0.3.1", false),
        ] {
            let found = Network::parse(network).unwrap();
            assert_eq!(
                found.contains(address.parse().unwrap()),
                is_in,
                "{network} {address}"
            );
        }
        for text in [
            "192.0.2.0/33",
            "::/129",
            "192.0.2/24",
            "a/8",
            "192.0.2.0/+8",
            "1.2.3.4/",
        ] {
            assert_eq!(Network::parse(text), None, "{text}");
        }
    }
}
