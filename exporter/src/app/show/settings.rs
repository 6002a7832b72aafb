//! The demo's configuration, as a person would write it.
//!
//! Text, so that the demo goes through the same door as everybody's configuration. Where
//! things are is told to it; the only files written here are the secrets of SNMP, which
//! no configuration may hold, and the root that a probe expects.

use std::fs::OpenOptions;
use std::io::{self, Write as _};
use std::net::{SocketAddr, UdpSocket};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::Timestamp;
use model::connector::{ConnectorKind, Tool};

use crate::demo::folder::{connector_folder, counts_file};
use crate::demo::gateway::{SERVER_NAME, VENDOR_ROOT};
use crate::demo::logs::Log;
use crate::demo::tools::StandIn;

/// How often a tool is asked: as often as the configuration allows.
pub(super) const TOOL_INTERVAL: Duration = Duration::from_secs(10);

/// After how long a tool that says nothing is given up.
const TOOL_TIMEOUT: Duration = Duration::from_secs(2);

/// The community that may poll the demo.
pub(super) const COMMUNITY: &str = "public";
/// The user of SNMPv3 and his passphrases: no secrets, they are printed.
pub(super) const USER: &str = "demo";
pub(super) const AUTH_PASSPHRASE: &str = "demo-authentication";
pub(super) const PRIV_PASSPHRASE: &str = "demo-privacy";

/// Where everything is.
pub(super) struct Places<'a> {
    /// The demo's folder.
    pub(super) folder: &'a Path,
    /// Where HTTP is served, as asked for.
    pub(super) listen: &'a str,
    /// Where SNMP is served.
    pub(super) snmp: SocketAddr,
    /// What the probes ask.
    pub(super) gateway: SocketAddr,
    /// Who takes mails.
    pub(super) mailbox: SocketAddr,
    /// Where traps go.
    pub(super) traps: SocketAddr,
    /// When the demo begins.
    pub(super) now: Timestamp,
}

/// The address to serve SNMP on: the wanted one, or a free port beside it if somebody
/// else, as a second demo, has it.
pub(super) fn snmp_address(wanted: SocketAddr) -> SocketAddr {
    match UdpSocket::bind(wanted) {
        Err(taken) if taken.kind() == io::ErrorKind::AddrInUse => SocketAddr::new(wanted.ip(), 0),
        // Whatever else is wrong is told better when it is put in force.
        Ok(_) | Err(_) => wanted,
    }
}

/// Writes what the configuration refers to, and returns its text.
///
/// # Errors
///
/// What the system says of a file in the folder.
pub(super) fn write(places: &Places<'_>) -> io::Result<String> {
    let mut config = format!(
        "store: {{path: {store}}}\n\
         web: {{listen: [{listen:?}]{links}}}\n\
         tail: {{rotate_grace: 5s}}\n\
         host: {{interval: 5s, publisher_metrics_file: {counts}}}\n",
        store = quoted(&places.folder.join("state.db")),
        listen = places.listen,
        links = match own_page(places) {
            Some(page) => format!(", external_url: \"http://{page}\""),
            None => String::new(),
        },
        counts = quoted(&counts_file(places.folder)),
    );
    config.push_str(&probes(places)?);
    config.push_str(&snmp(places)?);
    config.push_str(&alerts(places)?);
    config.push_str("connectors:\n");
    for kind in ConnectorKind::ALL {
        config.push_str(&connector(places.folder, *kind));
    }
    Ok(config)
}

/// Where the page will be, unless its port is not known yet.
fn own_page(places: &Places<'_>) -> Option<SocketAddr> {
    let page = places.listen.parse::<SocketAddr>().ok();
    page.filter(|page| page.port() != 0)
}

/// The vendor's two planes, for which the demo's gateway and its own page stand.
fn probes(places: &Places<'_>) -> io::Result<String> {
    let root = places.folder.join("vendor-root.pem");
    keep(&root, VENDOR_ROOT)?;
    let data_plane = own_page(places);
    Ok(format!(
        "probes:\n\
         - name: management-plane\n  interval: 1s\n  timeout: 1s\n  \
         tls: {{address: \"{gateway}\", server_name: {SERVER_NAME}, ca_file: {root}}}\n\
         - name: data-plane\n  interval: 5s\n  timeout: 1s\n  tcp: {{address: \"{data_plane}\"}}\n\
         - name: own-name\n  interval: 10s\n  timeout: 2s\n  dns: {{name: localhost}}\n",
        gateway = places.gateway,
        root = quoted(&root),
        data_plane = data_plane.unwrap_or(places.gateway),
    ))
}

/// A tunnel that falls is told after three seconds: nobody watches a demo for as long as
/// the default rule waits.
const IMPATIENT_RULES: &str = "\
version: 1
rules:
- id: tunnel-down
  alert: TUNNEL_DOWN
  on: {sample: tunnel_state, by: [connector], only: {state: [disconnected, connecting]}}
  above: 0
  for: 3s
  severity: critical
  explained_by_update: true
  inhibited_by: [{rule: client-switched-off, equal: [connector]}]
  repeat: 4h
  summary: 'The tunnel of {{ connector }} is down'
  action: 'Nothing: it is the demo, and the tunnel comes back by itself.'
  runbook: docs/runbooks/tunnel-down.md
";

/// How long after the demo's beginning the next update is scheduled. Within a day, so that
/// its notice comes at once.
const UPDATE_AFTER: Duration = Duration::from_secs(20 * 3_600);

/// How long a silence of the demo's lasts.
const SILENCE_LASTS: Duration = Duration::from_secs(24 * 3_600);

/// Mails to the demo's own mailbox, traps to a port of its own, an update that is near, and
/// something that nobody wants to hear of.
fn alerts(places: &Places<'_>) -> io::Result<String> {
    let rules = places.folder.join("impatient.rules.yml");
    keep(&rules, IMPATIENT_RULES)?;
    let update = places.now + UPDATE_AFTER;
    Ok(format!(
        "alerts:\n  agent: demo\n  rules: [default, {rules}]\n  \
         profiles:\n  - {{name: eu-weekly, release: latest-1, \
         schedule: {{weekly: {weekday}, time: \"{time}\", zone: UTC}}}}\n  \
         silences:\n  - {{id: known, matchers: [rule=tls-errors], who: you, \
         why: the demo makes them, until: {until}}}\n  \
         receivers:\n  - name: you\n    \
         email: {{host: {host}, port: {port}, tls: none, from: \"ZTNA demo <demo@localhost>\", \
         to: [you@localhost]}}\n  - name: nms\n    snmp: {{}}\n",
        rules = quoted(&rules),
        until = places.now + SILENCE_LASTS,
        host = places.mailbox.ip(),
        port = places.mailbox.port(),
        weekday = update.strftime("%A").to_string().to_lowercase(),
        time = update.strftime("%H:%M"),
    ))
}

fn snmp(places: &Places<'_>) -> io::Result<String> {
    let secret = |name: &str, text: &str| -> io::Result<PathBuf> {
        let path = places.folder.join(name);
        keep(&path, text)?;
        Ok(path)
    };
    Ok(format!(
        "snmp:\n  listen: [\"{address}\"]\n  contact: whoever runs the demo\n  \
         location: a temporary folder\n  communities: [{{name_file: {community}}}]\n  \
         users:\n  - name: {USER}\n    auth: {{protocol: sha, passphrase_file: {auth}}}\n    \
         priv: {{protocol: aes128, passphrase_file: {privacy}}}\n  \
         targets: [{{name: nms, address: \"{traps}\", community_file: {community}}}]\n",
        traps = places.traps,
        address = places.snmp,
        community = quoted(&secret("snmp-community", COMMUNITY)?),
        auth = quoted(&secret("snmp-authentication", AUTH_PASSPHRASE)?),
        privacy = quoted(&secret("snmp-privacy", PRIV_PASSPHRASE)?),
    ))
}

/// Writes a file that only we may read.
fn keep(path: &Path, text: &str) -> io::Result<()> {
    let mut ours_alone = OpenOptions::new();
    ours_alone
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600);
    ours_alone.open(path)?.write_all(text.as_bytes())
}

fn connector(place: &Path, kind: ConnectorKind) -> String {
    // The demo's programs write in UTC wherever they are.
    let mut config = format!("- name: demo-{kind}\n  kind: {kind}\n  timezone: UTC\n  logs:\n");
    for log in Log::ALL.iter().filter(|log| log.connector() == kind) {
        let pattern = connector_folder(place, kind).join(log.pattern());
        config.push_str(&format!("    {}: [{}]\n", log.name(), quoted(&pattern)));
    }
    match kind {
        ConnectorKind::NetskopePublisher => {}
        // A tool without a stand-in might be this machine's own: it is left alone.
        ConnectorKind::NetskopeClient => {
            config.push_str("  tools:\n    stagentcli: {enabled: false}\n");
            config.push_str(&tool_of(place, Tool::Nsdiag, kind));
        }
        ConnectorKind::CatoClient => {
            config.push_str("  tools:\n");
            config.push_str(&tool_of(place, Tool::CatoSdp, kind));
        }
    }
    config
}

fn tool_of(place: &Path, tool: Tool, kind: ConnectorKind) -> String {
    format!(
        "    {tool}: {{path: {path}, interval: {interval}s, timeout: {timeout}s}}\n",
        path = quoted(StandIn::place(&connector_folder(place, kind), tool).program()),
        interval = TOOL_INTERVAL.as_secs(),
        timeout = TOOL_TIMEOUT.as_secs(),
    )
}

/// Debug formatting quotes a path as YAML's double-quoted strings do.
fn quoted(path: &Path) -> String {
    format!("{:?}", path.display().to_string())
}
