//! Rows G: version 3, with net-snmp's tools and with messages of our own making.

use std::time::Duration;

use super::{Check, Lab, MPD, UPTIME, USM};
use crate::datagram::bytes;
use crate::harness::{AUTH_PASSPHRASE, PRIV_PASSPHRASE};
use crate::v3::{Message, Seen};

/// The tool's words for a user with SHA and AES.
fn who(user: &str, level: &str) -> String {
    format!("-u {user} -a SHA -A {AUTH_PASSPHRASE} -x AES -X {PRIV_PASSPHRASE} -l {level}")
}

fn get(lab: &Lab, line: &str) -> String {
    lab.v3("snmpget", line, &[UPTIME])
}

fn is_value(text: &str) -> bool {
    text.contains("Timeticks: (")
}

/// `usmStats` and its kin, with the instance.
fn counter(group: &str, number: u32) -> String {
    format!("{group}.{number}.0")
}

/// A discovery with one part replaced.
const DISCOVERY: &str = "3038020103300e020101020300ffe30401040201030410300e0400020100020100\
                         040004000400301104000400a00b0201010201000201003000";

/// The engine's clock in tests.
const BOOTS: u32 = 42;

fn clock(lab: &Lab) -> i64 {
    let text = lab.v2("snmpget", &["-Oqv"], &["1.3.6.1.6.3.10.2.1.3.0"]);
    text.trim().parse().unwrap()
}

/// A GET whose clock is `offset` seconds from the agent's, and the counter's growth.
fn with_clock(lab: &Lab, boots: u32, offset: i64) -> (String, u64) {
    let line = format!(
        "{} -Z {boots},{}",
        who("shaaes", "authPriv"),
        clock(lab) + offset
    );
    let mut text = String::new();
    let growth = lab.growth(&counter(USM, 2), || text = get(lab, &line));
    (text, growth)
}

/// Rows that net-snmp's tools can ask.
pub(crate) const CHECKS: &[Check] = &[
    (
        "G1",
        "discovery is answered with the engine's name and its counter",
        |lab| {
            let answer = lab.asker.answer(&bytes(&DISCOVERY.replace(' ', "")));
            let report = Seen::plain(&answer);
            report.tag == 0xa8
                && report.engine_id == crate::harness::ENGINE
                && report.names == [crate::v3::oid("1.3.6.1.6.3.15.1.1.4.0")]
        },
    ),
    ("G2", "the engine's name has the form of RFC 3411", |lab| {
        let text = lab.v2("snmpget", &["-Ox"], &["1.3.6.1.6.3.10.2.1.1.0"]);
        text.contains("Hex-STRING: 80 00 1F 88 05 ")
    }),
    ("G3", "discovery is counted", |lab| {
        lab.growth(&counter(USM, 4), || {
            lab.asker.answer(&bytes(DISCOVERY));
        }) == 1
    }),
    (
        "G4",
        "a clock that was never set is set by a signed report",
        |lab| {
            let engine: String = crate::harness::ENGINE
                .iter()
                .map(|b| format!("{b:02x}"))
                .collect();
            let line = format!("{} -e 0x{engine}", who("shaaes", "authPriv"));
            let mut text = String::new();
            let growth = lab.growth(&counter(USM, 2), || text = get(lab, &line));
            growth == 1 && is_value(&text)
        },
    ),
    ("G5", "every user is answered with his protocols", |lab| {
        [
            ("md5des", "MD5", "DES"),
            ("shaaes", "SHA", "AES"),
            ("sha256aes256", "SHA-256", "AES-256"),
            ("sha512aes256", "SHA-512", "AES-256"),
            ("sha1aes256b", "SHA", "AES-256"),
            ("sha1aes256c", "SHA", "AES-256-C"),
        ]
        .into_iter()
        .all(|(user, auth, privacy)| {
            let line = format!(
                "-u {user} -a {auth} -A {AUTH_PASSPHRASE} -x {privacy} -X {PRIV_PASSPHRASE} \
                 -l authPriv"
            );
            is_value(&get(lab, &line))
        }) && is_value(&get(lab, &who("shaauth", "authNoPriv")))
    }),
    ("G7", "a wrong engine is counted and told ours", |lab| {
        let line = format!("{} -e 0x8000000001020304", who("shaaes", "authPriv"));
        let growth = lab.growth(&counter(USM, 4), || {
            get(lab, &line);
        });
        let mut message = Message::get(&[UPTIME], clock(lab));
        message.engine = vec![0x80, 0, 0, 0, 1, 2, 3, 4];
        let report = Seen::plain(&lab.asker.answer(&message.build()));
        growth == 1 && report.tag == 0xa8 && report.engine_id == crate::harness::ENGINE
    }),
    ("G8", "an unknown user is told so", |lab| {
        get(lab, &who("nobody", "authPriv")).contains("Unknown user name")
    }),
    ("G9", "a user without a cipher cannot encrypt", |lab| {
        get(lab, &who("shaauth", "authPriv")).contains("Unsupported security level")
    }),
    ("G10", "a wrong signature is told so", |lab| {
        let line = who("shaaes", "authPriv").replace(AUTH_PASSPHRASE, "wrongpass12");
        get(lab, &line).contains("Authentication failure")
    }),
    (
        "G11",
        "a message 156 seconds late is reported, and the asker learns the time",
        |lab| {
            let (text, growth) = with_clock(lab, BOOTS, -156);
            growth == 1 && is_value(&text)
        },
    ),
    ("G12", "a message 156 seconds early is reported", |lab| {
        with_clock(lab, BOOTS, 156).1 == 1
    }),
    ("G13", "a message 140 seconds late is answered", |lab| {
        let (text, growth) = with_clock(lab, BOOTS, -140);
        growth == 0 && is_value(&text)
    }),
    (
        "G14",
        "a message from before the last start is reported",
        |lab| with_clock(lab, BOOTS - 1, 0).1 == 1,
    ),
    ("G15", "a wrong key for encrypting is reported", |lab| {
        let line = who("shaaes", "authPriv").replace(PRIV_PASSPHRASE, "otherpass9");
        get(lab, &line).contains("Decryption error")
    }),
    (
        "G18",
        "encrypted but not signed is met with silence and counted",
        |lab| {
            let hex = DISCOVERY.replacen("040104", "040106", 1);
            let mut is_silence = false;
            let growth = lab.growth(&counter(MPD, 2), || {
                is_silence = lab.asker.is_silence(&bytes(&hex));
            });
            growth == 1 && is_silence
        },
    ),
    ("G19", "so is an unknown security model", |lab| {
        let hex = DISCOVERY.replacen("040104020103", "040104020163", 1);
        let mut is_silence = false;
        let growth = lab.growth(&counter(MPD, 1), || {
            is_silence = lab.asker.is_silence(&bytes(&hex));
        });
        growth == 1 && is_silence
    }),
    ("G20", "an asker must take 484 octets", |lab| {
        let hex = |size: &str| {
            let shorter = DISCOVERY.replacen("3038020103300e", "3037020103300d", 1);
            shorter.replacen("020300ffe3", size, 1)
        };
        lab.asker.is_silence(&bytes(&hex("02020190")))
            && lab.asker.is_silence(&bytes(&hex("020201e3")))
            && Seen::plain(&lab.asker.answer(&bytes(&hex("020201e4")))).tag == 0xa8
    }),
    ("G23", "another engine's context is reported", |lab| {
        let line = format!("{} -E 0x80000000056f74686572", who("shaaes", "authPriv"));
        !is_value(&get(lab, &line))
    }),
    ("G24", "so is an unknown context", |lab| {
        let line = format!("{} -n nosuchctx", who("shaaes", "authPriv"));
        let mut text = String::new();
        let growth = lab.growth("1.3.6.1.6.3.12.1.5.0", || text = get(lab, &line));
        growth == 1 && !is_value(&text)
    }),
    (
        "G25",
        "a user who must encrypt is not answered in plain words",
        |lab| {
            let plain = get(lab, &who("shaaes", "noAuthNoPriv"));
            plain.contains("authorizationError")
        },
    ),
    ("G26", "nor with a signature alone", |lab| {
        let signed = get(lab, &who("shaaes", "authNoPriv"));
        signed.contains("authorizationError")
    }),
    ("G27", "msgID 0 comes back", |lab| {
        message_id(lab, "020100", 0)
    }),
    ("G28", "msgID 2^31-1 comes back", |lab| {
        let longer = DISCOVERY.replacen("3038020103300e", "303b0201033011", 1);
        let hex = longer.replacen("020101020300ffe3", "02047fffffff020300ffe3", 1);
        Seen::plain(&lab.asker.answer(&bytes(&hex))).message_id == i32::MAX
    }),
    ("G29", "SET is refused", |lab| {
        let names = ["1.3.6.1.2.1.1.6.0", "s", "x"];
        lab.v3("snmpset", &who("shaaes", "authPriv"), &names)
            .contains("notWritable")
    }),
    (
        "G32",
        "a user's name of 33 octets is met with an answer or silence, and the agent lives",
        |lab| {
            let long = "x".repeat(33);
            get(lab, &who(&long, "authPriv"));
            is_value(&get(lab, &who("shaaes", "authPriv")))
        },
    ),
];

fn message_id(lab: &Lab, number: &str, expected: i32) -> bool {
    let hex = DISCOVERY.replacen("020101020300ffe3", &format!("{number}020300ffe3"), 1);
    Seen::plain(&lab.asker.answer(&bytes(&hex))).message_id == expected
}

/// Rows that no tool can ask.
pub(crate) const BY_HAND: &[Check] = &[
    (
        "G6",
        "a request that wants no report is answered all the same",
        |lab| {
            let mut message = Message::get(&["1.3.6.1.2.1.1.3.0"], clock(lab));
            message.flags = 3;
            Seen::sealed(&lab.asker.answer(&message.build())).tag == 0xa2
        },
    ),
    ("G16", "an empty ciphertext is met with a report", |lab| {
        let mut message = Message::get(&["1.3.6.1.2.1.1.3.0"], clock(lab));
        message.has_empty_data = true;
        Seen::plain(&lab.asker.answer(&message.build())).tag == 0xa8
    }),
    (
        "G17",
        "an error in a message that wants no report is met with silence",
        |lab| {
            let mut message = Message::get(&["1.3.6.1.2.1.1.3.0"], clock(lab));
            message.flags = 3;
            message.user = "nobody".to_owned();
            lab.asker.is_silence(&message.build())
        },
    ),
    (
        "G21",
        "GETBULK for an asker of 484 octets is cut to them",
        |lab| {
            [5, 20, 50].into_iter().all(|repetitions| {
                let mut message = Message::get(&["1.3.6.1.2.1.2.2"], clock(lab));
                message.tag = 0xa5;
                message.index = repetitions;
                message.size_max = 484;
                let answer = lab.asker.answer(&message.build());
                let seen = Seen::sealed(&answer);
                answer.len() <= 484 && seen.status == 0 && seen.names.len() >= 5
            })
        },
    ),
    ("G22", "a GET that cannot fit 484 octets is tooBig", |lab| {
        let mut message = Message::get(&["1.3.6.1.2.1.1.1.0"; 12], clock(lab));
        message.size_max = 484;
        let answer = lab.asker.answer(&message.build());
        let seen = Seen::sealed(&answer);
        answer.len() <= 484 && seen.status == 1 && seen.names.is_empty()
    }),
    ("G30", "a Response is met with silence", |lab| {
        let mut message = Message::get(&["1.3.6.1.2.1.1.3.0"], clock(lab));
        message.tag = 0xa2;
        lab.asker.is_silence(&message.build())
    }),
    (
        "G31",
        "the same octets twice inside the window are answered twice (USM keeps no list)",
        |lab| {
            let message = Message::get(&["1.3.6.1.2.1.1.3.0"], clock(lab)).build();
            let answers = [lab.asker.answer(&message), lab.asker.answer(&message)];
            answers
                .iter()
                .all(|answer| Seen::sealed(answer).tag == 0xa2)
        },
    ),
    ("G34", "a ciphertext padded to 16 octets is read", |lab| {
        let mut message = Message::get(&["1.3.6.1.2.1.1.3.0"], clock(lab));
        message.padding = 9;
        Seen::sealed(&lab.asker.answer(&message.build())).tag == 0xa2
    }),
    ("G35", "an empty contextEngineID is taken for ours", |lab| {
        let mut message = Message::get(&["1.3.6.1.2.1.1.3.0"], clock(lab));
        message.context_engine_id = Vec::new();
        Seen::sealed(&lab.asker.answer(&message.build())).tag == 0xa2
    }),
    (
        "G36",
        "the clock goes on, and what was in time is late after 151 seconds",
        |lab| {
            let message = Message::get(&["1.3.6.1.2.1.1.3.0"], clock(lab)).build();
            lab.agent.clock.advance(Duration::from_secs(151));
            let seen = Seen::signed(&lab.asker.answer(&message));
            seen.tag == 0xa8 && seen.names == [crate::v3::oid("1.3.6.1.6.3.15.1.1.2.0")]
        },
    ),
];
