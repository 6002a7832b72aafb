//! Checks of the section `probes`: what is asked, of whom, and against which roots.
//!
//! A probe asks just one thing. Addresses, names, fingerprints and files are read here
//! as the probe will read them, so that what passes can be asked.

use std::collections::HashMap;
use std::path::Path;

use model::connector::Tool;

use super::super::probes::{DnsProbe, ProbeConfig, ProxyProbe, Question, TcpProbe, TlsProbe};
use super::{Checker, Config, ConfigError, KeyPath, Part, shortened};
use crate::probe::active::address::{Address, Host, Network};
use crate::probe::active::fingerprint::Fingerprint;
use crate::probe::active::{certificates_of_file, name_server};

/// Most probes: each is a task, and a row on the page.
const PROBES_MAX: usize = 64;
/// Most items of a probe's own lists.
const PINS_MAX: usize = 16;
const SERVERS_MAX: usize = 8;
const NETWORKS_MAX: usize = 64;

impl Checker<'_> {
    pub(super) fn probes(&self, config: &Config) -> Result<(), ConfigError> {
        let path = KeyPath::default().key("probes");
        let probes = &config.probes;
        if PROBES_MAX < probes.len() {
            return Err(self.refuse(&path, &format!("has {} probes", probes.len())));
        }
        let mut names = HashMap::new();
        for (index, probe) in probes.iter().enumerate() {
            let item = path.index(index);
            let name = probe.name.as_str();
            self.name(&item.key("name"), Part::Value, name)?;
            if Tool::ALL.iter().any(|tool| tool.name() == name) {
                let wrong = format!("`{name}` is the name of a vendor's tool");
                return Err(self.refuse(&item.key("name"), &wrong));
            }
            if let Some(first) = names.insert(name, index) {
                let wrong = format!("`{name}` is also the name of `{}`", path.index(first));
                return Err(self.refuse(&item.key("name"), &wrong));
            }
            self.probe(&item, probe, config)?;
        }
        Ok(())
    }

    fn probe(
        &self,
        item: &KeyPath,
        probe: &ProbeConfig,
        config: &Config,
    ) -> Result<(), ConfigError> {
        if let Some(connector) = &probe.connector
            && !config.connectors.iter().any(|one| one.name == *connector)
        {
            let wrong = format!("`{}` is no connector's name", shortened(connector));
            return Err(self.refuse(&item.key("connector"), &wrong));
        }
        self.duration(&item.key("interval"), probe.interval)?;
        let timeout = item.key("timeout");
        self.duration(&timeout, probe.timeout)?;
        if probe.interval < probe.timeout {
            let wrong = format!(
                "is `{}`, longer than the interval `{}`",
                probe.timeout, probe.interval
            );
            return Err(self
                .refuse(&timeout, &wrong)
                .wanting("a time limit that ends before the next run"));
        }
        match self.only_question(item, probe)? {
            Question::Tls(tls) => self.tls_probe(&item.key("tls"), tls),
            Question::Tcp(tcp) => self.tcp_probe(&item.key("tcp"), tcp),
            Question::Dns(dns) => self.dns_probe(&item.key("dns"), dns),
            Question::Proxy(proxy) => self.proxy_probe(&item.key("proxy"), proxy),
        }
    }

    fn only_question<'p>(
        &self,
        item: &KeyPath,
        probe: &'p ProbeConfig,
    ) -> Result<Question<'p>, ConfigError> {
        let parts = [
            ("tls", probe.tls.is_some()),
            ("tcp", probe.tcp.is_some()),
            ("dns", probe.dns.is_some()),
            ("proxy", probe.proxy.is_some()),
        ];
        let mut asked = parts.into_iter().filter(|(_, is_there)| *is_there);
        const WANTED: &str = "one of `tls`, `tcp`, `dns` and `proxy`";
        asked.next();
        if let Some((second, _)) = asked.next() {
            let wrong = "asks a second thing";
            return Err(self
                .refuse_part(&item.key(second), Part::Key, wrong)
                .wanting(&format!("{WANTED}; make it a probe of its own")));
        }
        probe.question().ok_or_else(|| {
            self.refuse(item, "asks nothing")
                .wanting(&format!("{WANTED} in it"))
        })
    }

    fn tls_probe(&self, path: &KeyPath, tls: &TlsProbe) -> Result<(), ConfigError> {
        self.probe_address(&path.key("address"), &tls.address)?;
        if let Some(name) = &tls.server_name {
            self.host_name(&path.key("server_name"), name)?;
        }
        let pins = path.key("expected_root");
        self.no_more_than(&pins, tls.expected_root.len(), PINS_MAX)?;
        for (index, pin) in tls.expected_root.iter().enumerate() {
            if Fingerprint::parse(pin).is_none() {
                let wrong = format!("`{}` is no SHA-256 fingerprint", shortened(pin));
                return Err(self.refuse(&pins.index(index), &wrong));
            }
        }
        if let Some(file) = &tls.ca_file {
            self.ca_file(&path.key("ca_file"), file)?;
        }
        self.proxy_address(&path.key("proxy"), tls.proxy.as_deref())
    }

    fn tcp_probe(&self, path: &KeyPath, tcp: &TcpProbe) -> Result<(), ConfigError> {
        self.probe_address(&path.key("address"), &tcp.address)?;
        self.proxy_address(&path.key("proxy"), tcp.proxy.as_deref())
    }

    fn dns_probe(&self, path: &KeyPath, dns: &DnsProbe) -> Result<(), ConfigError> {
        let name = path.key("name");
        if matches!(self.host_name(&name, &dns.name)?, Host::Ip(_)) {
            return Err(self.refuse(&name, &format!("`{}` is an address already", dns.name)));
        }
        let servers = path.key("servers");
        self.no_more_than(&servers, dns.servers.len(), SERVERS_MAX)?;
        for (index, text) in dns.servers.iter().enumerate() {
            if name_server(text).is_none() {
                let wrong = format!("`{}` is no address", shortened(text));
                return Err(self.refuse(&servers.index(index), &wrong));
            }
        }
        let expect = path.key("expect");
        self.no_more_than(&expect, dns.expect.len(), NETWORKS_MAX)?;
        for (index, text) in dns.expect.iter().enumerate() {
            if Network::parse(text).is_none() {
                let wrong = format!("`{}` is no address and no network", shortened(text));
                return Err(self.refuse(&expect.index(index), &wrong));
            }
        }
        Ok(())
    }

    fn proxy_probe(&self, path: &KeyPath, proxy: &ProxyProbe) -> Result<(), ConfigError> {
        let excluded = path.key("excluded");
        let names = proxy.excluded.as_deref().unwrap_or_default();
        self.no_more_than(&excluded, names.len(), NETWORKS_MAX)?;
        names.iter().enumerate().try_for_each(|(index, name)| {
            let item = excluded.index(index);
            self.host_name(&item, name.trim_start_matches("*."))
                .map(|_| ())
        })
    }

    pub(super) fn probe_address(&self, path: &KeyPath, text: &str) -> Result<(), ConfigError> {
        if Address::parse(text).is_some() {
            return Ok(());
        }
        let shown = shortened(text);
        let wrong = if text.contains("://") {
            format!("`{shown}` is a URL")
        } else if Host::parse(text).is_some() {
            format!("`{shown}` has no port; did you mean `{shown}:443`?")
        } else {
            format!("`{shown}` is no address")
        };
        Err(self.refuse(path, &wrong))
    }

    fn host_name(&self, path: &KeyPath, text: &str) -> Result<Host, ConfigError> {
        Host::parse(text)
            .ok_or_else(|| self.refuse(path, &format!("`{}` is no host's name", shortened(text))))
    }

    fn proxy_address(&self, path: &KeyPath, proxy: Option<&str>) -> Result<(), ConfigError> {
        let Some(text) = proxy.filter(|text| Address::parse_proxy(text).is_none()) else {
            return Ok(());
        };
        // What it says of a user is nobody's to print.
        let wrong = if text.contains('@') {
            "names a user".to_owned()
        } else {
            format!("`{}` is no proxy", shortened(text))
        };
        Err(self.refuse(path, &wrong))
    }

    pub(super) fn ca_file(&self, path: &KeyPath, file: &Path) -> Result<(), ConfigError> {
        certificates_of_file(file).map(drop).map_err(|error| {
            let wrong = format!("`{}` cannot be used: {error}", file.display());
            self.refuse(path, &wrong)
        })
    }

    pub(super) fn no_more_than(
        &self,
        path: &KeyPath,
        found: usize,
        most: usize,
    ) -> Result<(), ConfigError> {
        if found <= most {
            return Ok(());
        }
        Err(self.refuse(path, &format!("has {found} items")))
    }
}
