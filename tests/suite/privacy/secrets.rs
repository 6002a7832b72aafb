//! Invented people, hosts and programs, put into lines at marks like `<user>`.
//!
//! Each mark becomes a text of its own that stands nowhere else, and is remembered
//! when it is written. The lines are the documented ones, wordings that changed, torn
//! ones, and some whose names try to look like something else.

use std::collections::{BTreeSet, HashMap};

/// Length of the shortest secret, in bytes: by so many of its first ones it is found.
const START_BYTES: usize = 8;

/// What was written and must not be seen again, in small letters.
#[derive(Debug, Default)]
pub(super) struct Secrets {
    known: Vec<String>,
    serial: u32,
}

impl Secrets {
    pub(super) const fn len(&self) -> usize {
        self.known.len()
    }

    pub(super) fn add_all<'a>(&mut self, secrets: impl Iterator<Item = &'a str>) {
        self.known.extend(secrets.map(str::to_lowercase));
    }

    /// The text with a new secret at each mark.
    pub(super) fn fill(&mut self, text: &str) -> String {
        let mut filled = String::new();
        let mut rest = text;
        while let Some((before, mark, after)) = next_mark(rest) {
            filled.push_str(before);
            filled.push_str(&self.invent(mark));
            rest = after;
        }
        filled + rest
    }

    /// The secrets that stand in a text, in whatever case.
    pub(super) fn found_in(&self, text: &str) -> BTreeSet<&str> {
        let mut by_start: HashMap<&[u8], Vec<&str>> = HashMap::new();
        for secret in &self.known {
            let start = &secret.as_bytes()[..START_BYTES];
            by_start.entry(start).or_default().push(secret);
        }
        // One pass over the text, since secrets are thousands.
        let text = text.to_lowercase();
        let mut found = BTreeSet::new();
        for (at, start) in text.as_bytes().windows(START_BYTES).enumerate() {
            let candidates = by_start.get(start).into_iter().flatten();
            let rest = &text.as_bytes()[at..];
            found.extend(candidates.filter(|secret| rest.starts_with(secret.as_bytes())));
        }
        found
    }

    /// A secret of that kind. What is remembered of it is the part that is unlike all
    /// else, so that one half of an address is found, too.
    fn invent(&mut self, mark: &str) -> String {
        self.serial += 1;
        let core = format!("qz{mark}{:03}kx", self.serial);
        let (text, tell_tales) = match mark {
            "email" => {
                let domain = format!("qzdomain{:03}kx", self.serial);
                (format!("{core}@{domain}.example"), vec![core, domain])
            }
            "host" => (format!("{core}.corp.example"), vec![core]),
            "process" => (format!("{core}.exe"), vec![core]),
            "address" => {
                let address = format!(
                    "10.{}.{}.231",
                    100 + self.serial / 150,
                    100 + self.serial % 150
                );
                (address.clone(), vec![address])
            }
            _ => (core.clone(), vec![core]),
        };
        self.known.extend(tell_tales);
        text
    }
}

const MARKS: [&str; 6] = ["user", "email", "host", "process", "address", "device"];

/// The text before the first mark, the mark's word, and the text after it.
fn next_mark(text: &str) -> Option<(&str, &'static str, &str)> {
    let found = MARKS.iter().filter_map(|mark| {
        let (before, after) = text.split_once(&format!("<{mark}>"))?;
        Some((before, *mark, after))
    });
    found.min_by_key(|(before, ..)| before.len())
}

pub(super) const PUBLISHER: &str = r#"[npa:2024-05-02 02:09:58.000123 +00:00] [info] tcpproxyhandler.cpp:35:TcpProxyHandler():0x2504cf0 Creating tcp connection to <address>:443
neconfig.cpp:121:setClientId():0x0 Set clientId <device>
neconfig.cpp:121:setClientId():0x0 Client <device> set for <email> from <address>:99
L3ClientChannel.cpp:48:destroy():0x1292810 Removing channel of user <user> at host <host>
sslhelper.cpp:311:logSslError():0x0 TLS failure (5): peer <address> host <host> user=<user> "<user>"
tcpproxyhandler.cpp:35:TcpProxyHandler():0x2504cf0 Opening for <email>, process: <process>, path C:\Users\<user>\x
reachability.cpp:109:parse():0x2484790 Added protocols; tcp:80-80; udp:443-443; Application connection: <host>
eventlog.cpp:115:logPublisherTunnelEvent():0x0 {"eventId": "NPACONNECTED", "publisherId": "130dbd9d40e4ad35", "stitcherIp": "203.0.113.7", "tenant": "example.goskope.com", "user": "<email>", "host": "<host>"}
dnsresolver.cpp:91:resolve():0x0 answer for <host> A <address> ttl=3
appmanager.cpp:212:lookup():0x1 app <host> user <email>
2021/08/19 13:21:08 UTC Get "https://<host>/discovery?user=<email>": x509: certificate signed by unknown authority
policy.cpp:410:evaluate():0x0 user <user> Publisher registered successfully.
"#;

pub(super) const NETSKOPE: &str = r#"2024/04/28 11:02:28.408 stAgentSvc p17fc tb44 info bypassAppMgr.cpp:669 BypassAppMgr Bypassing connection by tunneling from process: <process>, host: <host>
2024/04/28 11:02:28.409 stAgentSvc p17fc tb44 info tunnel.cpp:878 nsTunnel DTLS [sessId 1] Tunneling flow from addr: <address>:60894, process: <process> to host: <host>, addr: <address>:443 to nsProxy
2024/04/28 11:02:29.409 stAgentSvc p17fc tb44 info tunnel.cpp:878 nsTunnel DTLS [sessId 1] Tunneling flow from addr: <address>:60894, process: failed to start filter device <process>, pop: <user> to host: <host>, addr: <address>:443 to
2024/04/28 01:56:53.795 stAgentSvc p1fc tbac info bypassAppMgr.cpp:663 BypassAppMgr Dropping connection from process: <process>, host: <host>
2024/04/28 01:56:54.795 stAgentSvc p1fc tbac info bypassAppMgr.cpp:663 BypassAppMgr Blocking UDP connection from process: <process>, dest IP:<address>:443, src IP <address>:50123
2024/04/28 01:56:55.795 stAgentSvc p1fc tbac info bypassAppMgr.cpp:663 BypassAppMgr Found process: <process> to be bypassed for managed devices
2024/04/28 01:56:55.995 stAgentSvc p1fc tbac info bypassAppMgr.cpp:663 BypassAppMgr bypassing flow to exception host: <host>, process: <process>, Dest IP: <address>, Dest Port: 443
2024/04/28 01:56:56.795 stAgentSvc p1fc tbac info bypassAppMgr.cpp:663 BypassAppMgr Bypassing flow from process: <process> to private ip: <address>, Port: 1400, host: <address>
2024/04/28 01:56:57.795 stAgentSvc p1fc tbac info exceptionMgr.cpp:210 ExceptiontMgr IP <address> is found in IP address range Exception List
2024/04/28 01:56:58.795 stAgentSvc p1fc tbac info exceptionMgr.cpp:210 ExceptiontMgr IP address : <address> is in firewall exceptions
2024/04/28 01:56:59.795 stAgentSvc p1fc tbac info nsImpersonate.cpp:88 nsImpersonate Current user: <user>
2024/04/28 01:57:00.795 stAgentSvc p1fc tbac info Config.cpp:412 Config setting STA user agent: hostname: <device>
2024/04/28 01:57:01.795 stAgentSvc p1fc tbac info Config.cpp:412 Config setting STA user agent: Windows NT 11.0 x64;Netskope ST Agent 111.0.0.1880;ID-<device>
2024/04/28 01:57:02.795 stAgentSvc p1fc tbac info nsUtils.cpp:93 nsUtils Pref src ip <address>, iface 21
2024/04/28 01:57:03.795 stAgentSvc p1fc tbac info tunnelMgr.cpp:1147 CTunnelMgr Primary tunnel source IP: <address>
2024/04/28 01:57:04.795 stAgentSvc p1fc tbac info nsDnsMgr.cpp:927 Uplink DNS <address> OIF wlp2s0/4 -> eth0/6; rebuilding socket
2024/04/28 01:57:05.795 stAgentSvc p1fc tbac info NSCom2.cpp:9 NSCOM2 invalid client connection from /home/<user>/<process>
2024/04/28 01:57:06.795 stAgentSvc p1fc tbac info Config.cpp:9 Config System proxy configuration Detected , System proxy Count 1,Pac Server Host <host>
2024/04/28 01:57:07.795 stAgentSvc p1fc tbac info deviceId.cpp:10 deviceId device info summary (len: 212): {
  "hostname": "<device>", "user": "<email>",
  "address": "<address>"
}
2024/04/28 01:57:08.795 stAgentSvc p1fc tbac info tunnel.cpp:1074 nsTunnel DTLS SSL connected to the gslbgw server: gateway-ord2.goskope.com(203.0.113.35):443 successfully for <email>
2024/04/28 01:57:09.795 stAgentSvc p1fc tbac info nsHTTPClient.cpp:512 curl_easy_perform failed, code 60, SSL peer certificate of <host> was not OK
2024/04/28 01:57:10.795 stAgentSvc p1fc tbac info Config.cpp:1 Config Successfully downloaded branding file by email id <email>
2024/04/28 01:57:11.795 stAgentSvc p1fc tbac info Config.cpp:1 Config failed to open file for writing: /Users/<user>/nscacert.crt, err: 2
2024/04/28 01:57:12.795 stAgentSvc p1fc tbac info odd.cpp:1 Odd something new about <email> on <device> at <host>
[<device>:2024-05-01 07:50:34.981002 +02:00] [info] GW FQDN = gateway-iad2.goskope.com, IP = 203.0.113.36, POP = US-IAD2, RTT = 31 ms
[<device>:2024-05-01 07:50:35.981002 +02:00] [info] policy.cpp:410:buildImpl(): ... Adding Host Rule
Policy Name: <user>
App Name: <host>
 <host>:443, <address>
Publishers: <host>
[<device>:2024-05-01 07:50:36.981002 +02:00] [info] gslb.cpp:120 post client rtt pop:<host> ip:<address> rtt:23
Tunneling flow from addr: <address>:53350, process: <process> to host: <address>, addr: <address>:5228 to app-fw
torn <user> <host>
"#;

pub(super) const NSDIAG: &str = "Orgname:: CompanyName.
Tenant URL :: CompanyName.goskope.com.
Gateway:: gateway-xyz.goskope.com.
Gateway IP:: 203.0.113.10.
Config:: Configuration of <email>.
Steering Config:: <email>.
Email:: <email>.
User Name:: <user>.
Hostname:: <device>.
Device IP:: <address>.
Explicit Proxy:: <host>:8080.
Tunnel status:: NSTUNNEL_CONNECTED.
Client status:: enable.
Last process:: <process>.
Client version:: 117.1.0.1234.
";

pub(super) const STAGENTCLI: &str = "Internet Security enabled for <user> (<email>)
Signed in as <email> on <device>
";

pub(super) const CATO: &str = r#"20/01/26 16:30:14.825 [D] [Configurat] [1474:33FC] [getLastActiveSessionCredentials    : 2695] [1234:<user>] [p:auscatod1a] [U:<user>] message for <email>
09/01/26 18:16:49.013 [D] [Routing] [1474:2788] [getRoutingTable:82] [:] [p:chicatod12a] [ :] getRoutingTable <address> via <address>
21/01/26 21:30:19.765 [I] [VPNProc] [1634:2BE4] [getAdditionalProducts : 3264] [:] [:TnlsOfficeMode] [getAdditionalProducts started by <process>
09/01/26 18:05:38.395 [E] [Configurat] [20AC:2490] [logError : 407] [:] [:] [ :] openImp: <user> <host>
22/01/26 11:00:29.125 [I] [VPNProc] [1634:2BE4] [connect : 12] [1234:<user>] [p:auscatod1a] [U:<email>] Successfully connected to CATO VPN "Austin" via DTLS mode
22/01/26 11:00:30.125 [I] [VPNProc] [1634:2BE4] [connect : 12] [1234:<user>] [p:auscatod1a] [U:<email>] USER_NOT_ALLOWED - <email> may not use OAuth 2.0
22/01/26 11:00:31.125 [I] [VPNProc] [1634:2BE4] [connect : 12] [<user>] [<host>] [<email>] Failed to DNS <host>
22/01/26 11:00:32.125 [I] [VPNProc] [1634:2BE4] [connect : 12] [1234:x] Successfully connected to CATO VPN "<user>" via DTLS mode] [U:y] text
  pop name    = "Austin" of <user>] text
  tunnel ip   = 10.41.0.7 for <device>
2025-08-04 11:18:00 [I][client  ][log_client_version:1716][<user>:][:][_:] 5.4 on <device> of <email>
[2025-AUG-04 11:18:00.123] [main] [vpn] - [I] - signed in <email>
[4242:17:0804/111800.123:ERROR:page.cc(12)] <host> of <email>
	host <host> user <user>
"#;

pub(super) const CATO_SDP: &str = "  pop name    = \"Frankfurt\"
  tunnel ip   = 10.41.0.7
  tun device  = tun0
  duration    = 00:10:00
  user        = <email>
  account     = <user>
  hostname    = <device>
  lan         = <address>
";
