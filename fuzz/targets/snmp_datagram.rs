//! Any datagram, at every depth of the SNMP agent: it may be refused, and never more.
//!
//! The first byte chooses how deep the rest goes in: as a whole datagram, as the request
//! of a good community, as a scopedPDU that a user has signed, or that he has encrypted
//! and signed too. So what stands behind the signature is reached as well. Answers must
//! keep to the limit, be whole, and answer what was asked.

#![no_main]

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use jiff::Timestamp;
use libfuzzer_sys::fuzz_target;
use model::host::{HostSample, Interface, Memory};
use model::snapshot::Snapshot;
use snmp_agent::access::{Scene, View};
use snmp_agent::answer::{self, Question, Version};
use snmp_agent::ber::{self, Reader};
use snmp_agent::counters::Counters;
use snmp_agent::message::{self, Envelope, RESPONSE};
use snmp_agent::oid::Oid;
use snmp_agent::provider::{Keys, Salts};
use snmp_agent::tree::history::History;
use snmp_agent::tree::indexes::Indexes;
use snmp_agent::tree::ztna::DEFAULT_BASE;
use snmp_agent::tree::{AgentFacts, Inputs, Moment, Tree};
use snmp_agent::users::{AuthProtocol, Passphrases, PrivProtocol, Secret, User};
use snmp_agent::usm::{Engine, Level, Stage, UserAccess};

const ENGINE: [u8; 13] = [0x80, 0, 0x1f, 0x88, 5, 1, 2, 3, 4, 5, 6, 7, 8];
const ANSWER_BYTES_MAX: usize = 1_400;
const UPTIME: Duration = Duration::from_secs(100);
const COMMUNITY: &[u8] = b"public";

struct World {
    engine: Engine,
    keys: Keys,
    salts: Salts,
    scenes: BTreeMap<Arc<str>, Scene>,
    counters: Counters,
}

static WORLD: LazyLock<World> = LazyLock::new(|| {
    let passphrases = Passphrases {
        auth: (AuthProtocol::Sha1, Secret::new("authpass12")),
        privacy: Some((PrivProtocol::Aes128, Secret::new("privpass12"))),
    };
    let user = User::from_passphrases("one", &passphrases, &ENGINE).expect("a good user");
    let keys = Keys::new(&user).expect("good keys");
    let access = UserAccess {
        user,
        minimum: Level::AuthNoPriv,
        view: Arc::from("all"),
    };
    let engine = Engine::new(ENGINE.to_vec(), 1, Duration::ZERO, &[access]).expect("an engine");
    let scene = Scene::new(Arc::new(tree()), Arc::new(View::everything()));
    World {
        engine,
        keys,
        salts: Salts::new(1).expect("random numbers"),
        scenes: BTreeMap::from([(Arc::from("all"), scene)]),
        counters: Counters::default(),
    }
});

fn tree() -> Tree {
    let interface = |index| Interface {
        index,
        ..Interface::default()
    };
    let host = HostSample {
        load: Some([0.5; 3]),
        memory: Some(Memory::default()),
        interfaces: (1..9).map(interface).collect(),
        ..HostSample::default()
    };
    Tree::build(&Inputs {
        host: &host,
        snapshot: &Snapshot::default(),
        facts: &AgentFacts::default(),
        history: &History::default(),
        indexes: &Indexes::default(),
        alerts: &[],
        now: Timestamp::UNIX_EPOCH,
        uptime: UPTIME,
        base: &Oid::new(DEFAULT_BASE),
    })
}

impl World {
    fn moment(&self) -> Moment<'_> {
        Moment {
            uptime: UPTIME,
            engine_boots: 1,
            engine_time: 100,
            counters: &self.counters,
        }
    }

    /// As the agent answers. Panics where it would, and at an answer that cannot be.
    fn ask(&self, datagram: &[u8]) {
        let Ok(envelope) = Envelope::open(datagram) else {
            return;
        };
        let reply = match envelope.version {
            message::V3 => {
                let moment = self.moment();
                let stage = Stage {
                    scenes: &self.scenes,
                    moment: &moment,
                    size_max: ANSWER_BYTES_MAX,
                };
                self.engine.handle(&envelope, &stage).ok().flatten()
            }
            message::V1 => self.community(&envelope, Version::V1),
            message::V2C => self.community(&envelope, Version::V2),
            _ => None,
        };
        if let Some(reply) = reply {
            assert!(reply.len() <= ANSWER_BYTES_MAX, "{} octets", reply.len());
            let mut whole = Reader::new(&reply);
            whole.expect(ber::SEQUENCE).expect("a whole answer");
            assert!(whole.is_empty(), "something behind the answer");
        }
    }

    fn community(&self, envelope: &Envelope<'_>, version: Version) -> Option<Vec<u8>> {
        let number = envelope.version;
        let (name, request) = envelope.clone().community().ok()?;
        let pdu = answer::answer(&Question {
            request: &request,
            version,
            scene: self.scenes.get("all")?,
            moment: &self.moment(),
            room: ANSWER_BYTES_MAX.saturating_sub(message::community_overhead(name)),
        })?;
        let reply = message::write_community(number, name, RESPONSE, &pdu);
        // The agent drops what is too large even without bindings: a long name.
        (reply.len() <= ANSWER_BYTES_MAX).then_some(reply)
    }

    /// A request as octets, in a message of version 1 or 2c.
    fn in_community(request: &[u8], version: i64) -> Vec<u8> {
        let mut body = Vec::new();
        ber::write_integer(&mut body, version);
        ber::write(&mut body, ber::OCTET_STRING, COMMUNITY);
        body.extend_from_slice(request);
        framed(&body)
    }

    /// Octets as the scopedPDU of a message that the user has signed.
    fn signed(&self, scoped: &[u8], is_sealed: bool) -> Vec<u8> {
        let time = self.engine.time(UPTIME);
        let (data, parameters, flags) = if is_sealed {
            let sealed = self.keys.encrypt(scoped, time, &self.salts);
            let (sealed, parameters) = sealed.expect("a good cipher");
            let mut data = Vec::new();
            ber::write(&mut data, ber::OCTET_STRING, &sealed);
            (data, parameters, 7)
        } else {
            (scoped.to_vec(), Vec::new(), 5)
        };
        let mut global = Vec::new();
        ber::write_integer(&mut global, 1);
        ber::write_integer(&mut global, 65_507);
        ber::write(&mut global, ber::OCTET_STRING, &[flags]);
        ber::write_integer(&mut global, 3);
        let mut security = Vec::new();
        ber::write(&mut security, ber::OCTET_STRING, &ENGINE);
        ber::write_integer(&mut security, i64::from(time.boots));
        ber::write_integer(&mut security, i64::from(time.seconds));
        ber::write(&mut security, ber::OCTET_STRING, b"one");
        ber::write(&mut security, ber::OCTET_STRING, &[0; 12]);
        ber::write(&mut security, ber::OCTET_STRING, &parameters);
        let mut body = Vec::new();
        ber::write_integer(&mut body, 3);
        ber::write(&mut body, ber::SEQUENCE, &global);
        ber::write(&mut body, ber::OCTET_STRING, &framed(&security));
        body.extend_from_slice(&data);
        let mut message = framed(&body);
        // From the end: the data, the parameters with their header, the signature.
        let place = message.len() - data.len() - parameters.len() - 2 - 12;
        self.keys.sign(&mut message, place).expect("a good digest");
        message
    }
}

fn framed(content: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    ber::write(&mut out, ber::SEQUENCE, content);
    out
}

fuzz_target!(|data: &[u8]| {
    let Some((how, rest)) = data.split_first() else {
        return;
    };
    let world = &*WORLD;
    match how % 5 {
        0 => world.ask(rest),
        1 => world.ask(&World::in_community(rest, 1)),
        2 => world.ask(&World::in_community(rest, 0)),
        3 => world.ask(&world.signed(rest, false)),
        _ => world.ask(&world.signed(rest, true)),
    }
});
