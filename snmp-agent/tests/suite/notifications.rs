//! Traps and informs of both versions, as net-snmp's own receiver understands them.

use std::fs;
use std::net::{SocketAddr, UdpSocket};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use jiff::Timestamp;
use snmp_agent::alert::{Alert, Severity};
use snmp_agent::counters::Counter;
use snmp_agent::notify::{Notice, Target, Via};
use snmp_agent::provider::{Patience, Sender};
use snmp_agent::users::{AuthProtocol, Passphrases, PrivProtocol, Secret};

use crate::harness::{AUTH_PASSPHRASE, Agent, ENGINE, PRIV_PASSPHRASE, settings};

/// snmptrapd, writing what it gets into a file.
struct Receiver {
    child: Child,
    address: SocketAddr,
    folder: PathBuf,
}

impl Receiver {
    fn start() -> Option<Self> {
        let address = free_address();
        let folder = std::env::temp_dir().join(format!("ztna-trapd-{}", address.port()));
        fs::create_dir_all(&folder).unwrap();
        let engine: String = ENGINE.iter().map(|octet| format!("{octet:02x}")).collect();
        let keys = format!("SHA \"{AUTH_PASSPHRASE}\" AES \"{PRIV_PASSPHRASE}\"");
        // A trap is signed for the sender's engine, an inform for the receiver's.
        let configuration = format!(
            "authCommunity log public\ncreateUser -e 0x{engine} shaaes {keys}\n\
             createUser informer {keys}\nauthUser log shaaes priv\nauthUser log informer priv\n"
        );
        let file = folder.join("snmptrapd.conf");
        fs::write(&file, configuration).unwrap();
        let child = Command::new("snmptrapd")
            .args(["-f", "-n", "-On", "-C", "-c"])
            .arg(&file)
            .arg("-Lf")
            .arg(folder.join("log"))
            .arg("-p")
            .arg(folder.join("pid"))
            .arg(format!("udp:{address}"))
            .env("MIBS", "")
            .env("SNMP_PERSISTENT_DIR", &folder)
            .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        let receiver = Self {
            child: child.ok()?,
            address,
            folder,
        };
        receiver.wait_for("NET-SNMP version");
        Some(receiver)
    }

    /// The log, once it holds the word.
    fn wait_for(&self, word: &str) -> String {
        loop {
            let log = fs::read_to_string(self.folder.join("log")).unwrap_or_default();
            if log.contains(word) {
                return log;
            }
            assert!(!self.is_late(), "`{word}` did not come: {log}");
            std::thread::yield_now();
        }
    }

    /// Whether the folder is older than anybody waits.
    fn is_late(&self) -> bool {
        let made = fs::metadata(&self.folder).and_then(|folder| folder.modified());
        let age = made.ok().and_then(|at| at.elapsed().ok());
        age.is_some_and(|age| age > Duration::from_secs(60))
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = fs::remove_dir_all(&self.folder);
    }
}

fn free_address() -> SocketAddr {
    UdpSocket::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
}

fn alert() -> Alert {
    Alert {
        index: 12,
        rule: "tunnel_down".to_owned(),
        severity: Severity::Critical,
        connector: "pub-1".to_owned(),
        since: Timestamp::from_second(1_800_000_000).unwrap(),
        summary: "The tunnel is down.".to_owned(),
        action: "Look at the firewall.".to_owned(),
    }
}

const PATIENCE: Patience = Patience {
    timeout: Duration::from_millis(500),
    retries: 10,
};

fn informer() -> Sender {
    let passphrases = Passphrases {
        auth: (AuthProtocol::Sha1, Secret::new(AUTH_PASSPHRASE)),
        privacy: Some((PrivProtocol::Aes128, Secret::new(PRIV_PASSPHRASE))),
    };
    Sender::User("informer".to_owned(), passphrases)
}

fn target(name: &str, address: SocketAddr, via: Via) -> Target {
    Target {
        name: name.to_owned(),
        address,
        via,
    }
}

fn agent(address: SocketAddr, via: Via) -> Agent {
    let mut settings = settings(&[]);
    settings.targets = vec![target("noc", address, via)];
    Agent::start(settings)
}

/// A receiver that reads and never confirms.
fn silent() -> UdpSocket {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket
        .set_read_timeout(Some(Duration::from_secs(10)))
        .unwrap();
    socket
}

fn receive(socket: &UdpSocket) -> Vec<u8> {
    let mut buffer = vec![0; 2_000];
    let size = socket.recv(&mut buffer).unwrap();
    buffer.truncate(size);
    buffer
}

#[test]
pub(crate) fn every_kind_of_notification_is_understood() {
    let Some(receiver) = Receiver::start() else {
        println!("snmptrapd is not installed, this check is left out");
        return;
    };
    let public = || Secret::new("public");
    for (rule, via) in [
        ("by_trap", Via::Trap(public())),
        ("by_signed_trap", Via::TrapAs("shaaes".to_owned())),
        (
            "by_inform",
            Via::Inform(Sender::Community(public()), PATIENCE),
        ),
        ("by_signed_inform", Via::Inform(informer(), PATIENCE)),
    ] {
        let agent = agent(receiver.address, via);
        let mut alert = alert();
        alert.rule = rule.to_owned();
        assert!(agent.handle().notify(Notice::Firing(alert)));
        let log = receiver.wait_for(rule);
        let line = log.lines().find(|line| line.contains(rule)).unwrap();
        let parts: Vec<&str> = line.split('\t').collect();
        let base = ".1.3.6.1.4.1.8072.9999.9999.10942.1";
        assert_eq!(
            parts[0],
            ".1.3.6.1.2.1.1.3.0 = Timeticks: (100500) 0:16:45.00"
        );
        assert_eq!(
            parts[1],
            format!(".1.3.6.1.6.3.1.1.4.1.0 = OID: {base}.0.1")
        );
        let rest = parts[2..].join("\n");
        for expected in [
            format!("{base}.1.4.1.2.12 = STRING: \"{rule}\""),
            format!("{base}.1.4.1.3.12 = INTEGER: 3"),
            format!("{base}.1.4.1.6.12 = STRING: \"The tunnel is down.\""),
            format!("{base}.1.3.0 = Gauge32: 1"),
        ] {
            assert!(rest.contains(&expected), "{expected} in {rest}");
        }
    }
}

#[test]
fn an_inform_is_sent_again_until_it_is_confirmed_or_given_up() {
    let silent = silent();
    let patience = Patience {
        timeout: Duration::from_millis(50),
        retries: 2,
    };
    let sender = Sender::Community(Secret::new("public"));
    let address = silent.local_addr().unwrap();
    let agent = agent(address, Via::Inform(sender, patience));
    agent.handle().notify(Notice::Test);
    let seen: Vec<_> = (0..3)
        .map(|_| crate::datagram::request_id(&receive(&silent)).unwrap())
        .collect();
    // The same request, three times.
    assert!(seen.windows(2).all(|pair| pair[0] == pair[1]), "{seen:?}");
    while agent.handle().counters().get(Counter::NotificationsFailed) == 0 {
        std::thread::yield_now();
    }
}

#[test]
fn a_dead_target_holds_up_no_other() {
    let (dead, alive) = (silent(), silent());
    // Longer than any test waits, and first in the list.
    let patience = Patience {
        timeout: Duration::from_secs(600),
        retries: 1,
    };
    let inform = Via::Inform(Sender::Community(Secret::new("public")), patience);
    let trap = Via::Trap(Secret::new("public"));
    let mut settings = settings(&[]);
    settings.targets = vec![
        target("dead", dead.local_addr().unwrap(), inform),
        target("alive", alive.local_addr().unwrap(), trap),
    ];
    let mut agent = Agent::start(settings.clone());
    for _ in 0..3 {
        assert!(agent.handle().notify(Notice::Test));
    }
    let numbers: Vec<_> = (0..3)
        .map(|_| crate::datagram::request_id(&receive(&alive)).unwrap())
        .collect();
    assert_eq!(numbers, [1, 2, 3]);
    receive(&dead);
    // A target of the settings before is not waited for longer than it takes.
    settings.targets.remove(0);
    agent.change(settings, &[]);
    assert!(agent.handle().notify(Notice::Test));
    assert_eq!(crate::datagram::request_id(&receive(&alive)), Some(4));
    agent.stop();
}
