//! Addresses of web servers, as far as they must be right before anybody calls them.

use crate::probe::active::address::Host;

/// Longest address, in bytes.
const BYTES_MAX: usize = 2_000;

/// An address that is one.
#[derive(Debug, PartialEq, Eq)]
pub(in super::super) struct WebAddress {
    host: Host,
    is_protected: bool,
}

impl WebAddress {
    /// Reads `http://host:port/path` or `https://…`.
    ///
    /// # Errors
    ///
    /// What is wrong, to be said behind the address.
    pub(in super::super) fn parse(text: &str) -> Result<Self, &'static str> {
        let (rest, is_protected) = match text.strip_prefix("https://") {
            Some(rest) => (rest, true),
            None => (
                text.strip_prefix("http://")
                    .ok_or("begins with neither http:// nor https://")?,
                false,
            ),
        };
        if BYTES_MAX < text.len() {
            return Err("is too long");
        }
        if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err("has a space or a character that an address cannot have");
        }
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let authority = rest.get(..end).unwrap_or_default();
        if authority.contains('@') {
            return Err("names a user; that is what `username` and `password_file` are for");
        }
        if text.contains('#') {
            return Err("has a part behind `#`, which is never sent");
        }
        let (host, port) = match authority.rsplit_once(':') {
            Some((host, port)) if !port.contains(']') => (host, Some(port)),
            Some(_) | None => (authority, None),
        };
        if port.is_some_and(|port| !port.parse().is_ok_and(|port: u16| port != 0)) {
            return Err("has no right port");
        }
        let host = Host::parse(host).ok_or("has no right host")?;
        Ok(Self { host, is_protected })
    }

    /// Whether what is sent there can be read on the way.
    pub(in super::super) fn is_in_clear(&self) -> bool {
        !self.is_protected && !is_this_machine(&self.host)
    }
}

/// Whether nobody stands between.
pub(in super::super) fn is_this_machine(host: &Host) -> bool {
    match host {
        Host::Name(name) => &**name == "localhost",
        Host::Ip(ip) => ip.to_canonical().is_loopback(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_a_scheme_a_host_and_no_user() {
        for right in [
            "http://127.0.0.1:9093",
            "https://hooks.example.com/x?y=z",
            "https://[2001:db8::1]:8443/",
            "https://[2001:db8::1]/",
        ] {
            assert!(WebAddress::parse(right).is_ok(), "{right}");
        }
        for wrong in [
            "hooks.example.com/x",
            "ftp://a/",
            "https://",
            "https:///x",
            "https://a:0/",
            "https://a:99999/",
            "https://u:p@a/",
            "https://a/ b",
            "https://a/\r\nX: y",
            "https://a/#x",
        ] {
            assert!(WebAddress::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn only_this_machine_may_be_asked_in_clear() {
        for (text, is_in_clear) in [
            ("http://127.0.0.1/", false),
            ("http://localhost:80/", false),
            ("http://[::ffff:127.0.0.1]/", false),
            ("http://192.0.2.1/", true),
            ("https://192.0.2.1/", false),
        ] {
            let address = WebAddress::parse(text).unwrap();
            assert_eq!(address.is_in_clear(), is_in_clear, "{text}");
        }
    }
}
