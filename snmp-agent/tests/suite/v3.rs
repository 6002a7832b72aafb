//! Messages of version 3 that no tool can make, and what is in the answers.

use snmp_agent::ber::{self, Reader};
use snmp_agent::message::Pdu;
use snmp_agent::oid::Oid;
use snmp_agent::provider::{EngineTime, Keys, Salts};
use snmp_agent::users::{AuthProtocol, Passphrases, PrivProtocol, Secret, User};

use crate::harness::{AUTH_PASSPHRASE, ENGINE, PRIV_PASSPHRASE};

/// Numbers of the dotted form.
pub(crate) fn oid(text: &str) -> Vec<u32> {
    Oid::parse(text).unwrap().numbers().to_vec()
}

/// The keys of `shaaes` at the engine of the tests.
fn keys() -> Keys {
    keys_at(&ENGINE)
}

/// The keys of `shaaes` at any engine.
fn keys_at(engine: &[u8]) -> Keys {
    let passphrases = Passphrases {
        auth: (AuthProtocol::Sha1, Secret::new(AUTH_PASSPHRASE)),
        privacy: Some((PrivProtocol::Aes128, Secret::new(PRIV_PASSPHRASE))),
    };
    Keys::new(&User::from_passphrases("shaaes", &passphrases, engine).unwrap()).unwrap()
}

/// A message by `shaaes`, signed and encrypted, of which every part can be changed.
pub(crate) struct Message {
    /// msgFlags.
    pub(crate) flags: u8,
    /// msgMaxSize.
    pub(crate) size_max: i64,
    /// msgUserName.
    pub(crate) user: String,
    /// msgAuthoritativeEngineID.
    pub(crate) engine: Vec<u8>,
    /// The engine's starts.
    pub(crate) boots: u32,
    /// The engine's clock.
    pub(crate) time: i64,
    /// contextEngineID.
    pub(crate) context_engine_id: Vec<u8>,
    /// The kind of request.
    pub(crate) tag: u8,
    /// error-index, or max-repetitions.
    pub(crate) index: i32,
    /// Names asked for.
    pub(crate) names: Vec<Vec<u32>>,
    /// Octets behind the scopedPDU, inside of the ciphertext.
    pub(crate) padding: usize,
    /// Whether the ciphertext is left out.
    pub(crate) has_empty_data: bool,
}

impl Message {
    /// A GET.
    pub(crate) fn get(names: &[&str], time: i64) -> Self {
        Self {
            flags: 7,
            size_max: 65_507,
            user: "shaaes".to_owned(),
            engine: ENGINE.to_vec(),
            boots: 42,
            time,
            context_engine_id: ENGINE.to_vec(),
            tag: 0xa0,
            index: 0,
            names: names.iter().map(|name| oid(name)).collect(),
            padding: 0,
            has_empty_data: false,
        }
    }

    /// The octets.
    pub(crate) fn build(&self) -> Vec<u8> {
        let mut bindings = Vec::new();
        for name in &self.names {
            let mut content = Vec::new();
            ber::write_oid(&mut content, name);
            ber::write(&mut content, ber::NULL, &[]);
            ber::write(&mut bindings, ber::SEQUENCE, &content);
        }
        let pdu = Pdu {
            id: 77,
            status: 0,
            index: self.index,
            bindings,
        };
        let mut scoped = Vec::new();
        ber::write(&mut scoped, ber::OCTET_STRING, &self.context_engine_id);
        ber::write(&mut scoped, ber::OCTET_STRING, &[]);
        pdu.write(self.tag, &mut scoped);
        let mut plain = Vec::new();
        ber::write(&mut plain, ber::SEQUENCE, &scoped);
        plain.resize(plain.len() + self.padding, 0);
        let time = EngineTime {
            boots: self.boots,
            seconds: u32::try_from(self.time).unwrap(),
        };
        let salts = Salts::new(7).unwrap();
        let (mut sealed, parameters) = keys_at(&self.engine).encrypt(&plain, time, &salts).unwrap();
        if self.has_empty_data {
            sealed.clear();
        }
        self.frame(&sealed, &parameters)
    }

    fn frame(&self, sealed: &[u8], parameters: &[u8]) -> Vec<u8> {
        let mut global = Vec::new();
        ber::write_integer(&mut global, 1234);
        ber::write_integer(&mut global, self.size_max);
        ber::write(&mut global, ber::OCTET_STRING, &[self.flags]);
        ber::write_integer(&mut global, 3);
        let mut security = Vec::new();
        ber::write(&mut security, ber::OCTET_STRING, &self.engine);
        ber::write_integer(&mut security, i64::from(self.boots));
        ber::write_integer(&mut security, self.time);
        ber::write(&mut security, ber::OCTET_STRING, self.user.as_bytes());
        ber::write(&mut security, ber::OCTET_STRING, &[0; 12]);
        ber::write(&mut security, ber::OCTET_STRING, parameters);
        let mut framed = Vec::new();
        ber::write(&mut framed, ber::SEQUENCE, &security);
        let mut body = Vec::new();
        ber::write_integer(&mut body, 3);
        ber::write(&mut body, ber::SEQUENCE, &global);
        ber::write(&mut body, ber::OCTET_STRING, &framed);
        ber::write(&mut body, ber::OCTET_STRING, sealed);
        let mut message = Vec::new();
        ber::write(&mut message, ber::SEQUENCE, &body);
        let gap = message.windows(14).position(|window| {
            window.starts_with(&[4, 12]) && window[2..].iter().all(|octet| *octet == 0)
        });
        keys_at(&self.engine)
            .sign(&mut message, gap.unwrap() + 2)
            .unwrap();
        message
    }
}

/// What is in an answer.
#[derive(Debug)]
pub(crate) struct Seen {
    /// msgID.
    pub(crate) message_id: i32,
    /// msgAuthoritativeEngineID.
    pub(crate) engine_id: Vec<u8>,
    /// The kind of answer.
    pub(crate) tag: u8,
    /// error-status.
    pub(crate) status: i32,
    /// The bindings' names.
    pub(crate) names: Vec<Vec<u32>>,
}

impl Seen {
    /// An answer in plain words.
    pub(crate) fn plain(message: &[u8]) -> Self {
        Self::read(message, 0)
    }

    /// An answer that is signed.
    pub(crate) fn signed(message: &[u8]) -> Self {
        Self::read(message, 1)
    }

    /// An answer that is signed and encrypted.
    pub(crate) fn sealed(message: &[u8]) -> Self {
        Self::read(message, 3)
    }

    fn read(message: &[u8], flags: u8) -> Self {
        let mut body = Reader::new(message).enter(ber::SEQUENCE).unwrap();
        assert_eq!(body.integer(), Ok(3));
        let mut global = body.enter(ber::SEQUENCE).unwrap();
        let message_id = global.integer().unwrap();
        global.integer().unwrap();
        assert_eq!(global.expect(ber::OCTET_STRING), Ok(&[flags][..]), "flags");
        let security = body.expect(ber::OCTET_STRING).unwrap();
        let mut security = Reader::new(security).enter(ber::SEQUENCE).unwrap();
        let engine_id = security.expect(ber::OCTET_STRING).unwrap().to_vec();
        let number = |number: i32| u32::try_from(number).unwrap();
        let time = EngineTime {
            boots: number(security.integer().unwrap()),
            seconds: number(security.integer().unwrap()),
        };
        security.element().unwrap();
        let signature = security.expect(ber::OCTET_STRING).unwrap();
        let parameters = security.expect(ber::OCTET_STRING).unwrap();
        if flags != 0 {
            let place = snmp_agent::message::place_in(message, signature).unwrap();
            assert!(
                keys().is_signed(message, place, signature.len()),
                "signature"
            );
        }
        let (_, data) = body.element().unwrap();
        let plain = if flags == 3 {
            let plain = keys().decrypt(data, time, parameters).unwrap();
            Reader::new(&plain).expect(ber::SEQUENCE).unwrap().to_vec()
        } else {
            data.to_vec()
        };
        let mut scoped = Reader::new(&plain);
        scoped.element().unwrap();
        scoped.element().unwrap();
        let (tag, pdu) = scoped.element().unwrap();
        let mut pdu = Reader::new(pdu);
        pdu.integer().unwrap();
        let status = pdu.integer().unwrap();
        pdu.integer().unwrap();
        let mut list = pdu.enter(ber::SEQUENCE).unwrap();
        let mut names = Vec::new();
        while !list.is_empty() {
            let mut name = Vec::new();
            list.enter(ber::SEQUENCE).unwrap().oid(&mut name).unwrap();
            names.push(name);
        }
        Self {
            message_id,
            engine_id,
            tag,
            status,
            names,
        }
    }
}
