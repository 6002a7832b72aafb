//! A running agent for tests: a clock that stands still until it is moved, a host that
//! does not change, users and communities as the checks want them.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::Timestamp;
use model::host::{CpuTimes, Filesystem, HostSample, Interface, Memory, System, Traffic};
use model::snapshot::Snapshot;
use snmp_agent::access::{View, Visibility};
use snmp_agent::keep::{Clock, EngineRecord, Keep, KeepInMemory, Now};
use snmp_agent::notify::OutboxInMemory;
use snmp_agent::oid::Oid;
use snmp_agent::run::{Foundation, Handle, Picture, Source, bind, start};
use snmp_agent::settings::{Community, EVERYTHING, Settings};
use snmp_agent::users::{AuthProtocol, Passphrases, PrivProtocol, Secret, User};
use snmp_agent::usm::{Level, UserAccess};

/// The engine of every agent in tests.
pub(crate) const ENGINE: [u8; 13] = [0x80, 0, 0x1f, 0x88, 5, 1, 2, 3, 4, 5, 6, 7, 8];

/// The passphrases of every user in tests.
pub(crate) const AUTH_PASSPHRASE: &str = "authpass12";
/// See [`AUTH_PASSPHRASE`].
pub(crate) const PRIV_PASSPHRASE: &str = "privpass12";

/// A clock that is moved by hand.
#[derive(Debug, Default)]
pub(crate) struct ManualClock {
    milliseconds: AtomicU64,
    wall_back_seconds: AtomicI64,
}

impl ManualClock {
    /// Moves it on.
    pub(crate) fn advance(&self, time: Duration) {
        let milliseconds = u64::try_from(time.as_millis()).unwrap();
        self.milliseconds.fetch_add(milliseconds, Ordering::SeqCst);
    }

    /// Puts the wall clock back, and only it.
    pub(crate) fn set_wall_back(&self, seconds: i64) {
        self.wall_back_seconds.store(seconds, Ordering::SeqCst);
    }

    /// How long it has been going.
    pub(crate) fn uptime(&self) -> Duration {
        self.now().uptime
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Now {
        let uptime = Duration::from_millis(self.milliseconds.load(Ordering::SeqCst));
        let back = self.wall_back_seconds.load(Ordering::SeqCst);
        let start = Timestamp::from_second(1_800_000_000 - back).unwrap();
        Now {
            uptime,
            wall: start.checked_add(uptime).unwrap(),
        }
    }
}

/// A host and connectors that tests may change.
pub(crate) struct Stage {
    /// What is shown.
    pub(crate) picture: Mutex<Picture>,
}

impl Source for Stage {
    fn latest(&self) -> Picture {
        self.picture.lock().unwrap().clone()
    }
}

/// A host with a bit of everything.
pub(crate) fn host() -> HostSample {
    let traffic = Traffic {
        bytes: (1 << 32) + 1_000,
        packets: 10,
        ..Traffic::default()
    };
    let interface = |index, name: &str, hardware_type| Interface {
        index,
        name: Arc::from(name),
        hardware_type,
        receive: traffic,
        transmit: traffic,
        ..Interface::default()
    };
    let cpu = CpuTimes {
        user: 100,
        idle: 900,
        ..CpuTimes::default()
    };
    HostSample {
        cpu: Some(cpu),
        processors: vec![cpu],
        load: Some([0.5, 0.25, 0.125]),
        memory: Some(Memory {
            total: 1 << 32,
            free: 1 << 31,
            ..Memory::default()
        }),
        filesystems: vec![Filesystem {
            mountpoint: Arc::from("/"),
            device: Arc::from("/dev/vda"),
            fstype: Arc::from("ext4"),
            size: 1 << 33,
            free: 1 << 32,
            available: 1 << 32,
            block_size: 4_096,
            inodes: 10,
            inodes_free: 5,
            is_read_only: false,
            holds_update: false,
        }],
        interfaces: vec![interface(1, "lo", 772), interface(2, "eth0", 1)],
        system: System {
            hostname: Arc::from("pub-1"),
            kernel: Arc::from("Linux pub-1 6.1.0-18-amd64 #1 SMP PREEMPT_DYNAMIC x86_64"),
            uptime: Some(Duration::from_secs(86_400)),
            ..System::default()
        },
        ..HostSample::default()
    }
}

/// A user of the engine in tests.
pub(crate) fn user(name: &str, auth: AuthProtocol, privacy: Option<PrivProtocol>) -> UserAccess {
    let passphrases = Passphrases {
        auth: (auth, Secret::new(AUTH_PASSPHRASE)),
        privacy: privacy.map(|cipher| (cipher, Secret::new(PRIV_PASSPHRASE))),
    };
    let minimum = if privacy.is_some() {
        Level::AuthPriv
    } else {
        Level::AuthNoPriv
    };
    UserAccess {
        user: User::from_passphrases(name, &passphrases, &ENGINE).unwrap(),
        minimum,
        view: Arc::from(EVERYTHING),
    }
}

/// The users of the checklist.
pub(crate) fn users() -> Vec<UserAccess> {
    use AuthProtocol::{Md5, Sha1, Sha256, Sha512};
    use PrivProtocol::{Aes128, Aes256, Aes256Cisco, Des};
    vec![
        user("md5des", Md5, Some(Des)),
        user("shaaes", Sha1, Some(Aes128)),
        user("shaauth", Sha1, None),
        user("sha256aes256", Sha256, Some(Aes256)),
        user("sha512aes256", Sha512, Some(Aes256)),
        user("sha1aes256b", Sha1, Some(Aes256)),
        user("sha1aes256c", Sha1, Some(Aes256Cisco)),
    ]
}

/// Settings of the checklist, listening on any free port.
pub(crate) fn settings(listen: &[&str]) -> Settings {
    let community = |name: &str, view: &str| Community {
        name: Secret::new(name),
        view: Arc::from(view),
    };
    let system = Oid::parse("1.3.6.1.2.1.1").unwrap();
    let narrow = View::new(vec![(system, Visibility::Shown)]);
    Settings {
        listen: listen.iter().map(|one| one.parse().unwrap()).collect(),
        communities: vec![
            community("public", EVERYTHING),
            community("narrow", "system"),
        ],
        users: users(),
        views: [(Arc::from("system"), narrow)].into_iter().collect(),
        contact: "noc".to_owned(),
        ..Settings::default()
    }
}

/// A memory in which the engine of the tests has been started 41 times.
pub(crate) fn kept_engine() -> Arc<dyn Keep> {
    let keep = KeepInMemory::default();
    let record = EngineRecord {
        id: ENGINE.to_vec(),
        boots: 41,
    };
    keep.save_engine(&record).unwrap();
    Arc::new(keep)
}

/// An agent with all that tests want to touch.
pub(crate) struct Agent {
    /// What the program would hold.
    pub(crate) handle: Option<Handle>,
    /// The time.
    pub(crate) clock: Arc<ManualClock>,
    /// What is shown.
    pub(crate) stage: Arc<Stage>,
    runtime: tokio::runtime::Runtime,
}

impl Agent {
    /// Starts with these settings, on an engine that is known and was started before.
    pub(crate) fn start(settings: Settings) -> Self {
        Self::start_with(settings, kept_engine())
    }

    /// Starts with what is kept.
    pub(crate) fn start_with(settings: Settings, keep: Arc<dyn Keep>) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let clock = Arc::new(ManualClock::default());
        clock.advance(Duration::from_secs(5));
        let stage = Arc::new(Stage {
            picture: Mutex::new(Picture {
                host: Arc::new(host()),
                snapshot: Arc::new(Snapshot::default()),
                alerts: Arc::from([]),
            }),
        });
        let foundation = Foundation {
            source: stage.clone(),
            keep,
            clock: clock.clone(),
            outbox: Arc::new(OutboxInMemory::default()),
            counters: Arc::default(),
        };
        let handle = runtime.block_on(start(settings, foundation)).unwrap();
        // Old enough for messages that are late by more than the window.
        clock.advance(Duration::from_secs(1_000));
        Self {
            handle: Some(handle),
            clock,
            stage,
            runtime,
        }
    }

    /// An agent on the loopback.
    pub(crate) fn on_loopback() -> Self {
        Self::start(settings(&["127.0.0.1:0"]))
    }

    /// What the program would hold.
    pub(crate) fn handle(&self) -> &Handle {
        self.handle.as_ref().unwrap()
    }

    /// Its first address.
    pub(crate) fn address(&self) -> SocketAddr {
        *self.handle().addresses().first().unwrap()
    }

    /// Puts other settings in force, with addresses that it has not yet.
    pub(crate) fn change(&mut self, settings: Settings, missing: &[SocketAddr]) {
        let _inside = self.runtime.enter();
        let bound = bind(missing).unwrap();
        let handle = self.handle.as_mut().unwrap();
        handle.reload(settings).unwrap();
        handle.listen(bound);
        handle.leave_unwanted();
    }

    /// Stops it and waits.
    pub(crate) fn stop(&mut self) {
        if let Some(handle) = self.handle.take() {
            self.runtime.block_on(handle.stop());
        }
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        self.stop();
    }
}
