//! The section `probes`: what to ask actively on the path to the vendor.
//!
//! A probe has a name, and one of four things to ask. Here is only what stands in the
//! file; ranges and what must not be said together are `check`'s, and how each is asked
//! is `probe::active`'s.

use std::borrow::Cow;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use model::probe::{ProbeKind, ProbePlan};
use serde::Deserialize;

use super::Config;
use super::decode;
use super::quantity::HumanDuration;

/// One probe.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProbeConfig {
    /// The label `probe` of everything it tells.
    pub name: String,
    /// The connector whose path it looks at, if it belongs to one.
    #[serde(default, deserialize_with = "decode::present")]
    pub connector: Option<String>,
    /// From the end of a run to the next one, about.
    #[serde(default = "default_interval")]
    pub interval: HumanDuration,
    /// How long a run may take in all.
    #[serde(default = "default_timeout")]
    pub timeout: HumanDuration,
    /// Asks for a TLS handshake.
    #[serde(default, deserialize_with = "decode::present")]
    pub tls: Option<TlsProbe>,
    /// Asks for a TCP connection.
    #[serde(default, deserialize_with = "decode::present")]
    pub tcp: Option<TcpProbe>,
    /// Asks for a name's addresses.
    #[serde(default, deserialize_with = "decode::present")]
    pub dns: Option<DnsProbe>,
    /// Asks whether the host's proxy settings agree.
    #[serde(default, deserialize_with = "decode::present")]
    pub proxy: Option<ProxyProbe>,
}

/// Often enough to see an outage within two scrapes, seldom enough to be no load.
const fn default_interval() -> HumanDuration {
    HumanDuration(Duration::from_secs(60))
}

/// Longer than a lost packet of each phase takes to be sent again.
const fn default_timeout() -> HumanDuration {
    HumanDuration(Duration::from_secs(10))
}

/// A TLS handshake to ask for.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TlsProbe {
    /// Host and port.
    pub address: String,
    /// The name to ask for and to find in the certificate. Without it: that of the
    /// address.
    #[serde(default, deserialize_with = "decode::present")]
    pub server_name: Option<String>,
    /// SHA-256 fingerprints, of certificates or of their public keys, one of which the
    /// chain has to end in.
    #[serde(default)]
    pub expected_root: Vec<String>,
    /// A PEM file with certificates, one of which the chain has to end in.
    #[serde(default, deserialize_with = "decode::present")]
    pub ca_file: Option<PathBuf>,
    /// The explicit proxy to go through.
    #[serde(default, deserialize_with = "decode::present")]
    pub proxy: Option<String>,
}

impl TlsProbe {
    /// The name to ask for, if it is not the address's.
    fn other_name(&self) -> Option<&str> {
        let host = self.address.rsplit_once(':').map(|(host, _)| host);
        self.server_name
            .as_deref()
            .filter(|name| host.is_none_or(|host| !host.eq_ignore_ascii_case(name)))
    }
}

/// A TCP connection to ask for.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TcpProbe {
    /// Host and port.
    pub address: String,
    /// The explicit proxy to go through.
    #[serde(default, deserialize_with = "decode::present")]
    pub proxy: Option<String>,
}

/// A name to ask for.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DnsProbe {
    /// The name.
    pub name: String,
    /// The name servers to ask, with or without port. Without them: the host's.
    #[serde(default)]
    pub servers: Vec<String>,
    /// Addresses or networks, in one of which each found address has to be. Without
    /// them: any address is fine.
    #[serde(default)]
    pub expect: Vec<String>,
}

/// The host's proxy settings.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ProxyProbe {
    /// Names and addresses that must not go through the proxy. Without them: those that
    /// the vendor's guide excludes.
    #[serde(deserialize_with = "decode::present")]
    pub excluded: Option<Vec<String>>,
}

/// What a probe asks: the one of its four parts that is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Question<'a> {
    /// A TLS handshake.
    Tls(&'a TlsProbe),
    /// A TCP connection.
    Tcp(&'a TcpProbe),
    /// A name's addresses.
    Dns(&'a DnsProbe),
    /// The host's proxy settings.
    Proxy(&'a ProxyProbe),
}

impl Question<'_> {
    /// Which kind of question it is.
    pub const fn kind(self) -> ProbeKind {
        match self {
            Self::Tls(_) => ProbeKind::Tls,
            Self::Tcp(_) => ProbeKind::Tcp,
            Self::Dns(_) => ProbeKind::Dns,
            Self::Proxy(_) => ProbeKind::Proxy,
        }
    }

    /// Whom it asks, for people: with the name asked for, if that is another.
    pub fn target(&self) -> Cow<'_, str> {
        match self {
            Self::Tls(tls) => match tls.other_name() {
                Some(name) => Cow::Owned(format!("{} (as {name})", tls.address)),
                None => Cow::Borrowed(&tls.address),
            },
            Self::Tcp(tcp) => Cow::Borrowed(&tcp.address),
            Self::Dns(dns) => Cow::Borrowed(&dns.name),
            Self::Proxy(_) => Cow::Borrowed("this host's settings"),
        }
    }
}

impl ProbeConfig {
    /// A probe that asks nothing yet, at the default pace.
    pub fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            connector: None,
            interval: default_interval(),
            timeout: default_timeout(),
            tls: None,
            tcp: None,
            dns: None,
            proxy: None,
        }
    }

    /// A probe of a TLS server at `host:port`, against the public roots.
    pub fn of_tls(name: &str, address: &str) -> Self {
        Self {
            tls: Some(TlsProbe {
                address: address.to_owned(),
                server_name: None,
                expected_root: Vec::new(),
                ca_file: None,
                proxy: None,
            }),
            ..Self::new(name)
        }
    }

    /// A probe of a TCP port at `host:port`.
    pub fn of_tcp(name: &str, address: &str) -> Self {
        Self {
            tcp: Some(TcpProbe {
                address: address.to_owned(),
                proxy: None,
            }),
            ..Self::new(name)
        }
    }

    /// A probe of a host's name, by the host's own name servers.
    pub fn of_dns(name: &str, host: &str) -> Self {
        Self {
            dns: Some(DnsProbe {
                name: host.to_owned(),
                servers: Vec::new(),
                expect: Vec::new(),
            }),
            ..Self::new(name)
        }
    }

    /// A probe of the host's proxy settings.
    pub fn of_proxy(name: &str) -> Self {
        Self {
            proxy: Some(ProxyProbe::default()),
            ..Self::new(name)
        }
    }

    /// What is asked: the first of its parts. A checked configuration has just one;
    /// `None` if there is none.
    pub fn question(&self) -> Option<Question<'_>> {
        let tls = self.tls.as_ref().map(Question::Tls);
        tls.or_else(|| self.tcp.as_ref().map(Question::Tcp))
            .or_else(|| self.dns.as_ref().map(Question::Dns))
            .or_else(|| self.proxy.as_ref().map(Question::Proxy))
    }

    fn plan(&self) -> Option<ProbePlan> {
        let question = self.question()?;
        Some(ProbePlan {
            name: Arc::from(self.name.as_str()),
            connector: self.connector.as_deref().map(Arc::from),
            kind: question.kind(),
            target: Arc::from(&*question.target()),
        })
    }
}

impl Config {
    /// The probes as the writer has to know them, in the configuration's order.
    pub fn probe_plans(&self) -> Vec<ProbePlan> {
        self.probes.iter().filter_map(ProbeConfig::plan).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_names_the_name_asked_for_if_it_is_another() {
        let target = |address: &str, name: Option<&str>| {
            let mut probe = ProbeConfig::of_tls("p", address);
            probe.tls.as_mut().unwrap().server_name = name.map(str::to_owned);
            probe.plan().unwrap().target
        };
        assert_eq!(&*target("a.example:443", None), "a.example:443");
        assert_eq!(
            &*target("a.example:443", Some("A.example")),
            "a.example:443"
        );
        assert_eq!(
            &*target("a.example:443", Some("b.example")),
            "a.example:443 (as b.example)"
        );
    }
}
