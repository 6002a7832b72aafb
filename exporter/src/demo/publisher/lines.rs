//! The shapes of a Publisher's log lines that mean something, and what each means.
//!
//! Text only: when a line is written is the scenario's or the corpus' business, and
//! how it is recognised is the catalogue's, which must not learn from here: this is
//! the other half of the proof. Shapes are those that the vendor or its users
//! publish; addresses and names are from the ranges reserved for documentation.
//!
//! Known limit: no public source shows the prefix of `agent.txt` nor a line for a
//! lost tunnel. Both are taken by analogy here, see docs/adr/0005.

use crate::corpus::chance::Chance;

/// Which program writes a line, and so how its time is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Writer {
    /// The connector itself: `agent.txt`, microseconds and a level in brackets.
    Agent,
    /// The wizard: `publisher_wizard.log`, whole seconds of UTC.
    Wizard,
}

/// What a line must be taken for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Meaning {
    /// No event.
    Nothing,
    /// One event: `event` or `event|reason`.
    Event(&'static str),
    /// A known function that says something unknown: `file.cpp:function`.
    NearMiss(&'static str),
}

/// One line without its time and line end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Who writes it.
    pub writer: Writer,
    /// The level in an agent line's prefix.
    pub level: &'static str,
    /// The text after the prefix.
    pub text: String,
    /// The truth about it.
    pub meaning: Meaning,
}

impl Line {
    /// An agent line that means `event`.
    pub fn agent(event: &'static str, text: impl Into<String>) -> Self {
        let text = text.into();
        Self {
            writer: Writer::Agent,
            level: "info",
            text,
            meaning: Meaning::Event(event),
        }
    }

    /// A wizard line that means `event`.
    pub fn wizard(event: &'static str, text: impl Into<String>) -> Self {
        let text = text.into();
        Self {
            writer: Writer::Wizard,
            level: "info",
            text,
            meaning: Meaning::Event(event),
        }
    }

    /// An agent line that means nothing.
    pub fn noise(level: &'static str, text: String) -> Self {
        Self {
            writer: Writer::Agent,
            level,
            text,
            meaning: Meaning::Nothing,
        }
    }
}

/// The Publisher of all made-up logs: the id that the vendor's page shows.
pub const PUBLISHER_ID: &str = "130dbd9d40e4ad35";

/// The address it registers with.
pub const TENANT_ADDRESS: &str = "ns-1234.us-sjc1.npa.example.goskope.com";

/// The tenant's name in tunnel events.
pub const TENANT: &str = "example.goskope.com";

/// An OpenSSL error: truth, `SSL_get_error` code, error code, `lib:func:reason`.
type TlsError = (&'static str, u8, &'static str, &'static str);

const TLS_ERRORS: &[TlsError] = &[
    ("tls.error|syscall", 5, "00000005", "lib(0):func(0):DH lib"),
    (
        "tls.error|ssl",
        1,
        "1416F086",
        "SSL routines:tls_process_server_certificate:certificate verify failed",
    ),
    (
        "tls.error|syscall",
        5,
        "00000000",
        "lib(0):func(0):reason(0)",
    ),
    (
        "tls.error|zero_return",
        6,
        "140E0197",
        "SSL routines:SSL_shutdown:shutdown while in init",
    ),
];

const SUBJECTS: &[&str] = &[
    "/DC=io/DC=newedge/CN=New Edge Root CA",
    "/DC=io/DC=newedge/CN=New Edge Issuing CA 3",
    "/C=US/O=Example/CN=stitcher.example.goskope.com",
];

/// Reasons for a refused registration: the truth and the words between
/// `Registration failed because ` and `. Please generate`.
const REFUSALS: &[(&str, &str)] = &[
    (
        "registration.failed|discovery_call",
        "a discovery call didn't succeed",
    ),
    ("registration.failed|token_expired", "the token has expired"),
    ("registration.failed|timeout", "the request timed out"),
];

/// The vendor's sentences for updates that did not end well.
const UPDATE_SENTENCES: &[(&str, &str)] = &[
    (
        "update.failed|trigger_file",
        "Publisher auto-update failed while attempting to open the upgrade trigger file.",
    ),
    (
        "update.failed|update_timeout",
        "Publisher auto-update failed due to timeout.",
    ),
    (
        "update.reconnect_failed|reconnect_timeout",
        "Publisher reconnection failed due to timeout.",
    ),
    (
        "update.failed|docker_engine",
        "Publisher auto-update failed while upgrading Docker engine.",
    ),
    ("update.failed|host_os", "Publisher Host OS update failed."),
    (
        "update.failed|disk_host_os",
        "Publisher Host OS update was stopped. \
         Not enough disk space for the publisher Host OS update.",
    ),
    ("update.failed|docker_pull", UPDATE_NOT_DOWNLOADED),
    ("update.skipped|same_version", UPDATE_NOT_NEEDED),
    (
        "update.failed|container_stop",
        "Publisher auto-update failed while attempting to stop the existing Publisher container.",
    ),
    (
        "update.failed|ui_package",
        "Publisher auto-update failed while attempting to install the Publisher UI package.",
    ),
    ("update.failed|generic", "Publisher auto-update failed."),
    (
        "update.failed|ui_launch",
        "Publisher auto-update failed while launching the Publisher U.I",
    ),
    (
        "update.failed|disk_software",
        "Publisher software update was stopped. \
         Not enough disk space for the publisher software update.",
    ),
];

const UPDATE_NOT_DOWNLOADED: &str = "Publisher auto-update failed while downloading docker image.";
const UPDATE_NOT_NEEDED: &str = "Publisher software update was skipped. \
     The new version and the existing version are the same.";

/// An address of the documentation range 203.0.113.0/24 (RFC 5737).
pub fn outer_address(chance: &mut Chance) -> String {
    format!("203.0.113.{}", chance.between(1, 255))
}

/// An address of the documentation range 198.51.100.0/24 (RFC 5737).
pub fn inner_address(chance: &mut Chance) -> String {
    format!("198.51.100.{}", chance.between(1, 255))
}

/// A port that private applications listen on.
pub fn port(chance: &mut Chance) -> u32 {
    const PORTS: &[u32] = &[
        22, 80, 443, 443, 443, 445, 636, 1433, 3389, 5432, 8080, 8443,
    ];
    chance.item(PORTS).copied().unwrap_or(443)
}

/// An object's address as C++ prints it.
pub fn pointer(chance: &mut Chance) -> String {
    format!("0x{:x}", chance.between(0x10_0000, 0xfff_ffff))
}

/// A user's connection to an application.
pub fn app_connection(chance: &mut Chance) -> Line {
    let (this, peer, port) = (pointer(chance), inner_address(chance), port(chance));
    Line::agent(
        "app.connection_opened",
        format!(
            "tcpproxyhandler.cpp:35:TcpProxyHandler():{this} \
             Creating tcp connection to {peer}:{port}"
        ),
    )
}

/// One to four protocols of an application.
pub fn protocols(chance: &mut Chance) -> Line {
    let mut text = format!(
        "reachability.cpp:109:parse():{} Added protocols;",
        pointer(chance)
    );
    for _ in 0..chance.between(1, 5) {
        let (transport, port) = (chance.word(&["tcp", "udp"]), port(chance));
        text.push_str(&format!(" {transport}:{port}-{port};"));
    }
    text.push_str(" Application connection:");
    Line::agent("reachability.protocols_added", text)
}

/// An accepted element of a certificate chain.
pub fn certificate(chance: &mut Chance) -> Line {
    let subject = chance.word(SUBJECTS);
    Line::agent(
        "certificate.verified",
        format!("sslhelper.cpp:80:verify_callback():0x0 Verified: {subject}"),
    )
}

/// A failed TLS connection.
pub fn tls_error(chance: &mut Chance) -> Line {
    let Some((truth, code, openssl, text)) = chance.item(TLS_ERRORS) else {
        return changed_wording();
    };
    let text =
        format!("sslhelper.cpp:302:logSslError():0x0 SSL Error {code} error:{openssl}:{text}");
    Line {
        level: "error",
        ..Line::agent(truth, text)
    }
}

/// The TLS error of a broken connection, as the vendor's page shows it.
pub fn connection_broken() -> Line {
    let text = "sslhelper.cpp:302:logSslError():0x0 SSL Error 5 \
                error:00000005:lib(0):func(0):DH lib";
    Line {
        level: "error",
        ..Line::agent("tls.error|syscall", text)
    }
}

/// A client names itself: 12 letters and digits.
pub fn client_connected(chance: &mut Chance) -> Line {
    const LETTERS: &[char] = &[
        'a', 'c', 'e', 'g', 'k', 'm', 'n', 'q', 's', 'w', 'y', 'z', 'B', 'D', 'F', 'J', 'L', 'N',
        'T', 'X', 'Z', '0', '2', '3', '5', '7', '9',
    ];
    let id: String = (0..12)
        .map(|_| chance.item(LETTERS).copied().unwrap_or('a'))
        .collect();
    Line::agent(
        "client.connected",
        format!("neconfig.cpp:121:setClientId():0x0 Set clientId {id}"),
    )
}

/// A client leaves in good order.
pub fn client_left(chance: &mut Chance) -> Line {
    let this = pointer(chance);
    Line::agent(
        "client.disconnected",
        format!("L3ClientChannel.cpp:48:destroy():{this} Cleaning up l3clientChannel"),
    )
}

/// A tunnel event; `truth` is what `event_id` must count as.
pub fn tunnel_event(truth: &'static str, event_id: &str, stitcher: &str) -> Line {
    Line::agent(
        truth,
        format!(
            "eventlog.cpp:115:logPublisherTunnelEvent():0x0 {{\"eventId\": \"{event_id}\", \
             \"publisherId\": \"{PUBLISHER_ID}\", \"stitcherIp\": \"{stitcher}\", \
             \"tenant\": \"{TENANT}\"}}"
        ),
    )
}

/// The tunnel to `stitcher` is up.
pub fn tunnel_up(stitcher: &str) -> Line {
    tunnel_event("tunnel.connected", "NPACONNECTED", stitcher)
}

/// The tunnel to `stitcher` is down.
pub fn tunnel_down(stitcher: &str) -> Line {
    tunnel_event("tunnel.disconnected", "NPADISCONNECTED", stitcher)
}

/// The name of the stitcher is being resolved.
pub fn stitcher_resolving() -> Line {
    Line::agent(
        "stitcher.status|resolving",
        "Connect to stitcher status: Resolving",
    )
}

/// The stitcher's address came from the load balancer.
pub fn stitcher_resolved() -> Line {
    Line::agent(
        "stitcher.status|connected_resolved_by_gslb",
        "Connect to stitcher status: ConnectedResolvedByGSLB",
    )
}

/// The configuration was fetched.
pub fn config_pulled() -> Line {
    Line::agent(
        "config.pulled",
        "NsConfig Pull & Save successfully completed",
    )
}

/// A function that we know says something that we do not.
pub fn changed_wording() -> Line {
    Line {
        writer: Writer::Agent,
        level: "error",
        text: "sslhelper.cpp:311:logSslError():0x0 TLS failure (5): peer closed early".to_owned(),
        meaning: Meaning::NearMiss("sslhelper.cpp:logSslError"),
    }
}

/// A registration begins.
pub fn registering() -> Line {
    Line::wizard(
        "registration.started",
        format!("Registering with your Netskope address: {TENANT_ADDRESS}"),
    )
}

/// The connector's own certificate.
pub fn own_certificate() -> Line {
    Line::wizard(
        "certificate.identified",
        format!("Publisher certificate CN: {PUBLISHER_ID}"),
    )
}

/// The wizard tries for the `number`th time.
pub fn registration_attempt(number: u32) -> Line {
    Line::wizard(
        "registration.attempted",
        format!("Attempt {number} to register publisher."),
    )
}

/// The same in the newer wording.
pub fn registration_attempt_via(number: u32) -> Line {
    let text = format!("Attempt {number} to register publisher via {TENANT_ADDRESS}.");
    Line::wizard("registration.attempted", text)
}

/// The registration was accepted.
pub fn registered() -> Line {
    Line::wizard(
        "registration.succeeded",
        "Publisher registered successfully.",
    )
}

/// Somebody between the wizard and the tenant signs with a certificate of their own.
pub fn unknown_authority() -> Line {
    Line::wizard(
        "tls.error|unknown_authority",
        format!(
            "Get \"https://{TENANT_ADDRESS}/discovery\": \
             x509: certificate signed by unknown authority"
        ),
    )
}

/// The registration was given up since a discovery call failed.
pub fn registration_refused() -> Line {
    refusal(REFUSALS.first())
}

/// The registration was given up for any of the known reasons.
pub fn any_refusal(chance: &mut Chance) -> Line {
    refusal(chance.item(REFUSALS))
}

fn refusal(row: Option<&(&'static str, &'static str)>) -> Line {
    let (truth, because) = row
        .copied()
        .unwrap_or(("registration.failed|other", "of an error"));
    let text = format!(
        "Registration failed because {because}. Please generate a new token and try again."
    );
    Line::wizard(truth, text)
}

/// The data plane is being tried.
pub fn dataplane_checking() -> Line {
    Line::wizard(
        "dataplane.checking",
        "Verifying connectivity to the Netskope Dataplane...",
    )
}

/// The data plane answered.
pub fn dataplane_verified() -> Line {
    Line::wizard(
        "dataplane.verified",
        "Connectivity to the Netskope Dataplane was successfully verified.",
    )
}

/// An update's image could not be fetched.
pub fn update_not_downloaded() -> Line {
    Line::wizard("update.failed|docker_pull", UPDATE_NOT_DOWNLOADED)
}

/// An update found the wanted version installed.
pub fn update_not_needed() -> Line {
    Line::wizard("update.skipped|same_version", UPDATE_NOT_NEEDED)
}

/// Any of the vendor's 13 sentences about updates.
pub fn any_update(chance: &mut Chance) -> Line {
    let row = chance.item(UPDATE_SENTENCES).copied();
    row.map_or_else(update_not_needed, |(truth, text)| Line::wizard(truth, text))
}
