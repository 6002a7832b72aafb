//! The records of a Netskope Client's logs, in the proportions of a busy laptop.
//!
//! Texts and prefixes are those of public sources, names and hosts are invented. Most
//! lines are about single connections: they count and nothing else. Lines of
//! `npadebuglog.log` stand between those of `nsdebuglog.log`, as if both were one file.
//!
//! Known limit: no public source shows a whole line of `npadebuglog.log`; its prefix
//! and its texts are known, how they stand together is not.

use super::Platform;
use super::chance::Chance;
use super::names::Names;
use super::record::Record;
use super::stamp::Stamp;

/// Draws records of one device.
#[derive(Debug, Clone, Copy)]
pub struct NetskopeClient<'a> {
    names: &'a Names,
    platform: Platform,
    /// Records of a thousand that are about a connection led into the tunnel.
    flows_per_thousand: u32,
}

/// One run of the client has one process and few threads.
const PROCESS: u32 = 0x1e64;
const THREADS: &[u32] = &[
    0xb44, 0xbac, 0x1228, 0x3054, 0x3764, 0x3b64, 0x45ec, 0x4914, 0x50dc, 0x58b4, 0x9474, 0xa9d4,
];

/// Points of presence that gateways are named after.
const POPS: &[&str] = &[
    "US-ORD2", "US-IAD2", "DE-FRA1", "US-STL1", "GB-LON3", "US-MIA2",
];

/// WinSock and errno numbers of a failed connect, and what they mean.
const CONNECT_ERRORS: &[(&str, &str)] = &[
    ("tunnel.connect_failed|unreachable", "10065"),
    ("tunnel.connect_failed|timed_out", "10060"),
    ("tunnel.connect_failed|other", "-1"),
];

/// How the tunnel ends.
const TUNNEL_ENDS: &[(&str, &str)] = &[
    (
        "tunnel.disconnected|by_user",
        "tunnel.cpp:292 nsTunnel DTLS disconnecting nsTunnel, context = NSTUNNEL_DISCONNECTED_BYUSER",
    ),
    (
        "tunnel.disconnected|closed_by_peer",
        "tunnel.cpp:447 nsTunnel TLS received nsssl_closed, tunnel destroyed",
    ),
];

/// What private access says about itself.
const PRIVATE_ACCESS: &[(&str, &str)] = &[
    (
        "service.state|connected",
        "npaTunnelMgr.cpp:597 CNpaTunnelMgr Set NPA (current) status from [NPA_IS_STARTING] to [NPA_IS_STARTED]",
    ),
    (
        "service.state|connecting",
        "npaTunnelMgr.cpp:597 CNpaTunnelMgr Set NPA (current) status from [NPA_IS_STOPPED] to [NPA_IS_STARTING]",
    ),
    (
        "service.state|disconnected",
        "npaTunnelMgr.cpp:597 CNpaTunnelMgr Set NPA (current) status from [NPA_IS_STARTED] to [NPA_IS_STOPPED]",
    ),
    (
        "service.state|gateway_shutdown",
        "npaTunnelMgr.cpp:580 CNpaTunnelMgr Set NPA (Shutdown by GW) status from 0 to 1",
    ),
    (
        "authentication.requested",
        "NSCom2.cpp:1851 NSCOM2 message NPA_REQUEST_AUTHENTICATION sent from server to \"ALL\" client with count 1",
    ),
];

/// Steering, configuration, location and the management plane.
const CONDITIONS: &[(&str, &str)] = &[
    (
        "steering.failed|filter_device",
        "tunnelMgr.cpp:1288 CTunnelMgr failed to start filter device",
    ),
    (
        "steering.applied",
        "nsFilterDevice.cpp:871 nsFilterDevice All NPA IP rules are added into kernel, num = 12.",
    ),
    (
        "location.checked|remote",
        "tunnelMgr.cpp:2204 CTunnelMgr Client location is remote and traffic mode is 3, DNS 1",
    ),
    (
        "location.checked|on_premises",
        "tunnelMgr.cpp:2204 CTunnelMgr Client location is on-prem and traffic mode is 3, DNS 1",
    ),
    (
        "location.checked|unknown",
        "tunnelMgr.cpp:2204 CTunnelMgr Client location is N/A and traffic mode is 1, DNS 1",
    ),
    (
        "config.update_failed",
        "Config.cpp:311 config update failed, retry in 9 minutes",
    ),
    (
        "tls.error|peer_certificate",
        "nsHTTPClient.cpp:512 curl_easy_perform failed, code 60, SSL peer certificate or SSH remote key was not OK",
    ),
    (
        "tunnel.keepalive_failed",
        "neClientTransportHandler.cpp:69 keepAlive fails with 15 tries",
    ),
];

impl<'a> NetskopeClient<'a> {
    /// A device on `platform`, with its people and places.
    pub const fn new(names: &'a Names, platform: Platform) -> Self {
        Self {
            names,
            platform,
            flows_per_thousand: 700,
        }
    }

    /// Draws one record.
    pub fn record(&self, chance: &mut Chance) -> Record {
        if chance.below(1_000) < self.flows_per_thousand {
            return self.flow(chance);
        }
        // States change in eight records of a thousand, as in a Publisher's corpus.
        match chance.below(3_000) {
            0..700 => self.bypass(chance),
            700..850 => self.block(chance),
            850..1_150 => self.exception(chance),
            1_150..2_700 => self.nothing(chance),
            2_700..2_780 => self.device_summary(chance),
            2_780..2_870 => self.policy_block(chance),
            2_870..2_900 => self.round_trip(chance),
            2_900..2_920 => private_access_gateway(chance),
            2_920..2_950 => self.one_of(PRIVATE_ACCESS, chance),
            2_950..2_975 => self.one_of(CONDITIONS, chance),
            2_975..2_987 => self.tunnel_up(chance),
            2_987..2_992 => self.one_of(TUNNEL_ENDS, chance),
            _ => self.connect_failure(chance),
        }
    }

    fn one_of(
        &self,
        table: &'static [(&'static str, &'static str)],
        chance: &mut Chance,
    ) -> Record {
        let drawn = drawn(table, chance);
        self.line(chance, drawn)
    }

    /// A line of `nsdebuglog.log`.
    fn line(&self, chance: &mut Chance, (meaning, text): (&'static str, &str)) -> Record {
        Record {
            meaning: Some(meaning),
            ..self.plain(chance, text)
        }
    }

    /// The same without a meaning.
    fn plain(&self, chance: &mut Chance, text: &str) -> Record {
        let thread = chance.item(THREADS).copied().unwrap_or(PROCESS);
        let (stamp, text) = match self.platform {
            Platform::Windows | Platform::Linux => (
                Stamp::Milliseconds,
                format!(" stAgentSvc p{PROCESS:x} t{thread:x} info {text}"),
            ),
            Platform::MacOs => (
                Stamp::Microseconds,
                format!(" stAgentNE p{PROCESS} t{thread} info {text}"),
            ),
        };
        Record {
            stamp,
            text,
            meaning: None,
        }
    }

    fn process(&self, chance: &mut Chance) -> String {
        let name = self.names.process(chance);
        match self.platform {
            Platform::Windows | Platform::Linux => format!("{name}.exe"),
            Platform::MacOs => format!("{name} helper"),
        }
    }

    fn flow(&self, chance: &mut Chance) -> Record {
        // A tunnel falls back from DTLS to TLS now and then, not with each connection.
        let protocol = if chance.below(16) == 0 { "TLS" } else { "DTLS" };
        let text = format!(
            "tunnel.cpp:1150 nsTunnel {protocol} [sessId {}] Tunneling flow from addr: {}:{}, \
             process: {} to host: {}, addr: {}:443 to {}",
            chance.between(1, 4),
            self.names.address(chance),
            chance.between(49_152, 65_535),
            self.process(chance),
            self.names.host(chance),
            public_address(chance),
            chance.word(&["nsProxy", "app-fw"]),
        );
        self.line(chance, ("flow.tunneled", &text))
    }

    fn bypass(&self, chance: &mut Chance) -> Record {
        let (process, host) = (self.process(chance), self.names.host(chance));
        let text = match chance.below(4) {
            0 => format!("Bypassing connection by tunneling from process: {process}, host: {host}"),
            1 => format!("Bypassing connection from process: {process}, host: {host}"),
            2 => format!(
                "bypassing flow to exception host: {host}, process: {process}, Dest IP: {}, \
                 Dest Port: 443",
                public_address(chance)
            ),
            _ => {
                let address = self.names.address(chance);
                format!(
                    "Bypassing flow from process: {process} to private ip: {address}, \
                     Port: 1400, host: {address}"
                )
            }
        };
        let text = format!("bypassAppMgr.cpp:669 BypassAppMgr {text}");
        self.line(chance, ("flow.bypassed", &text))
    }

    fn block(&self, chance: &mut Chance) -> Record {
        let process = self.process(chance);
        let text = if chance.below(2) == 0 {
            let host = self.names.host(chance);
            format!("Dropping connection from process: {process}, host: {host}")
        } else {
            format!(
                "Blocking UDP connection from process: {process}, dest IP:{}:443, src IP {}:{}",
                public_address(chance),
                self.names.address(chance),
                chance.between(49_152, 65_535),
            )
        };
        let text = format!("bypassAppMgr.cpp:663 BypassAppMgr {text}");
        self.line(chance, ("flow.blocked", &text))
    }

    fn exception(&self, chance: &mut Chance) -> Record {
        let address = self.names.address(chance);
        let text = if chance.below(2) == 0 {
            format!("IP {address} is found in IP address range Exception List")
        } else {
            format!("IP address : {address} is in firewall exceptions")
        };
        let text = format!("exceptionMgr.cpp:210 ExceptiontMgr {text}");
        self.line(chance, ("flow.exempted", &text))
    }

    /// Texts that are known and tell nothing that counts.
    fn nothing(&self, chance: &mut Chance) -> Record {
        let text = match chance.below(8) {
            0 => format!(
                "nsImpersonate.cpp:88 nsImpersonate Current user: {}",
                self.names.user(chance)
            ),
            1 => format!(
                "Config.cpp:412 Config setting STA user agent: hostname: {}",
                self.names.device(chance)
            ),
            2 => format!(
                "nsUtils.cpp:93 nsUtils Pref src ip {}, iface {}",
                self.names.address(chance),
                chance.between(1, 40)
            ),
            3 => format!(
                "bypassAppMgr.cpp:1150 BypassAppMgr Found process: {} to be bypassed for managed devices",
                self.process(chance)
            ),
            4 => format!(
                "nsDnsMgr.cpp:927 Uplink DNS {} OIF wlp2s0/4 -> eth0/6; rebuilding socket",
                self.names.address(chance)
            ),
            5 => format!(
                "tunnelMgr.cpp:1147 Primary tunnel source IP: {}",
                self.names.address(chance)
            ),
            6 => "Config.cpp:640 Config System proxy configuration Not Detected , \
                  System proxy Count 0,Pac Server Host N/A"
                .to_owned(),
            _ => "diskEnc.cpp:426 DiskEnc Disk Encryption: Volume: C:, status 1, \
                  mediatype: Fixed hard disk media"
                .to_owned(),
        };
        self.plain(chance, &text)
    }

    fn round_trip(&self, chance: &mut Chance) -> Record {
        let text = format!(
            "gslb.cpp:120 post client rtt pop:{} ip:{} rtt:{}",
            chance.word(POPS),
            public_address(chance),
            chance.between(3, 400),
        );
        self.line(chance, ("gateway.measured", &text))
    }

    fn tunnel_up(&self, chance: &mut Chance) -> Record {
        let pop = chance.word(POPS);
        let gateway = gateway_of(pop);
        let (meaning, text) = match chance.below(3) {
            0 => (
                "tunnel.connecting",
                format!("tunnel.cpp:1010 nsTunnel DTLS Connecting to {gateway}"),
            ),
            1 => (
                "gateway.connected",
                format!(
                    "tunnel.cpp:1074 nsTunnel DTLS SSL connected to the gslbgw server: \
                     {gateway}({}):443 successfully",
                    public_address(chance)
                ),
            ),
            _ => (
                "tunnel.connected",
                format!(
                    "tunnel.cpp:988 nsTunnel TLS Tunnel established to gateway: {gateway}, pop: {pop}"
                ),
            ),
        };
        self.line(chance, (meaning, &text))
    }

    fn connect_failure(&self, chance: &mut Chance) -> Record {
        let (meaning, number) = drawn(CONNECT_ERRORS, chance);
        let gateway = gateway_of(chance.word(POPS));
        let text =
            format!("nsssl.cpp:512 nsssl DTLS failed to connect to {gateway}:443, err: {number}");
        self.line(chance, (meaning, &text))
    }

    /// JSON over several lines, one of which looks like a record from afar.
    fn device_summary(&self, chance: &mut Chance) -> Record {
        let (device, user) = (self.names.device(chance), self.names.user(chance));
        let text = format!(
            "deviceId.cpp:77 device info summary (len: 212): {{\n\
             \t\"hostname\": \"{device}\",\n\
             \t\"user\": \"{user}\",\n\
             \t\"address\": \"{}\",\n\
             \t\"note\": \"nsTunnel TLS received nsssl_closed, tunnel destroyed\"\n\
             }}",
            self.names.address(chance)
        );
        self.plain(chance, &text)
    }

    /// A rule of private access over several lines of `npadebuglog.log`.
    fn policy_block(&self, chance: &mut Chance) -> Record {
        Record {
            stamp: Stamp::PrivateAccess,
            text: format!(
                " [info] policy.cpp:{}:buildImpl(): Adding Host Rule\n\
                 Policy Name: {}\n\
                 App Name: {}\n\
                 Host: {}, Ports: tcp 443\n\
                 Publishers: {}",
                chance.between(200, 400),
                self.names.user(chance),
                self.names.process(chance),
                self.names.host(chance),
                self.names.device(chance),
            ),
            meaning: None,
        }
    }
}

fn private_access_gateway(chance: &mut Chance) -> Record {
    let pop = chance.word(POPS);
    Record {
        stamp: Stamp::PrivateAccess,
        text: format!(
            " [info] gslb.cpp:{}:select(): GW FQDN = {}, IP = {}, POP = {pop}, RTT = {} ms",
            chance.between(100, 200),
            gateway_of(pop),
            public_address(chance),
            chance.between(3, 400),
        ),
        meaning: Some("gateway.measured"),
    }
}

/// `gateway-ord2.goskope.com` of `US-ORD2`.
fn gateway_of(pop: &str) -> String {
    let place = pop.rsplit_once('-').map_or(pop, |(_, place)| place);
    format!("gateway-{}.goskope.com", place.to_lowercase())
}

/// An address of the documentation range 203.0.113.0/24 (RFC 5737).
fn public_address(chance: &mut Chance) -> String {
    format!("203.0.113.{}", chance.between(1, 255))
}

fn drawn(
    table: &'static [(&'static str, &'static str)],
    chance: &mut Chance,
) -> (&'static str, &'static str) {
    chance.item(table).copied().unwrap_or_default()
}
