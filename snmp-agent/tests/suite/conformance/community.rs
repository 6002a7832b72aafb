//! Rows A to D and F: versions 1 and 2c.

use std::sync::Arc;
use std::time::Duration;

use model::host::Interface;
use snmp_agent::access::{View, Visibility};
use snmp_agent::oid::Oid;

use super::{Check, DESCR, IF, IFX, Lab, UPTIME};
use crate::datagram::{bytes, request_id};
use crate::harness::{self, Agent, settings};
use crate::tools::{As, ask};

/// Rows A.
pub(crate) const READS: &[Check] = &[
    ("A1", "GET of a scalar gives its value", |lab| {
        lab.v2("snmpget", &[], &[DESCR])
            .contains("STRING: \"Linux pub-1")
    }),
    ("A2", "GET of an unknown object gives noSuchObject", |lab| {
        lab.v2("snmpget", &[], &["1.3.6.1.2.1.1.99.0"])
            .contains("No Such Object")
    }),
    (
        "A3",
        "GET of another instance of a scalar gives noSuchInstance",
        |lab| {
            lab.v2("snmpget", &[], &["1.3.6.1.2.1.1.1.1"])
                .contains("No Such Instance")
        },
    ),
    (
        "A4",
        "GET of a missing table row gives noSuchInstance",
        |lab| {
            let name = format!("{IF}.10.99999");
            lab.v2("snmpget", &[], &[&name])
                .contains("No Such Instance")
        },
    ),
    (
        "A5",
        "GETNEXT past the end gives endOfMibView and echoes the name",
        |lab| {
            let text = lab.v2("snmpgetnext", &[], &["1.3.7"]);
            text.contains(".1.3.7 = No more variables")
        },
    ),
    (
        "A6",
        "a GET of known and unknown names keeps their order",
        |lab| {
            let names = [DESCR, "1.3.6.1.2.1.1.99.0", UPTIME];
            let text = lab.v2("snmpget", &[], &names);
            let lines: Vec<&str> = text.lines().collect();
            matches!(lines.as_slice(), [one, two, three]
            if one.contains("Linux") && two.contains("No Such") && three.contains("Timeticks"))
        },
    ),
    (
        "A7",
        "request-ids 0, 1, -1, -2^31 and 2^31-1 come back",
        |lab| {
            [
            ("302602010104067075626c6963a019020100020100020100300e300c06082b060102010103000500", 0),
            ("302602010104067075626c6963a019020101020100020100300e300c06082b060102010103000500", 1),
            ("302602010104067075626c6963a0190201ff020100020100300e300c06082b060102010103000500", -1),
            (
                "302902010104067075626c6963a01c020480000000020100020100300e300c06082b060102010103000500",
                i32::MIN,
            ),
            (
                "302902010104067075626c6963a01c02047fffffff020100020100300e300c06082b060102010103000500",
                i32::MAX,
            ),
        ]
        .into_iter()
        .all(|(hex, id)| request_id(&lab.asker.answer(&bytes(hex))) == Some(id))
        },
    ),
    ("A8", "GET of nothing gives noError and nothing", |lab| {
        let hex = "301802010104067075626c6963a00b0201010201000201003000";
        let expected = "301802010104067075626c6963a20b0201010201000201003000";
        lab.asker.answer(&bytes(hex)) == bytes(expected)
    }),
    ("A9", "GETNEXT of 0.0 gives the first object", |lab| {
        lab.v2("snmpgetnext", &[], &["0.0"])
            .starts_with(".1.3.6.1.2.1.1.1.0 = ")
    }),
    ("A10", "GETNEXT of 2.999 gives endOfMibView", |lab| {
        lab.v2("snmpgetnext", &[], &["2.999"])
            .contains("No more variables")
    }),
    (
        "A11",
        "five times the same name gives five answers",
        |lab| lab.v2("snmpget", &[], &[UPTIME; 5]).lines().count() == 5,
    ),
];

/// Rows B.
pub(crate) const VERSION_1: &[Check] = &[
    ("B1", "GET of an unknown name gives noSuchName", |lab| {
        let text = lab.v1("snmpget", &[], &["1.3.6.1.2.1.1.99.0"]);
        text.contains("(noSuchName)") && text.contains(".1.3.6.1.2.1.1.99.0")
    }),
    (
        "B2",
        "of two names the second missing is told by its index",
        |lab| {
            let text = lab.v1("snmpget", &["-Cf"], &[DESCR, "1.3.6.1.2.1.1.99.0"]);
            text.contains("(noSuchName)") && text.contains("Failed object: .1.3.6.1.2.1.1.99.0")
        },
    ),
    ("B3", "GETNEXT past the end gives noSuchName", |lab| {
        lab.v1("snmpgetnext", &[], &["1.3.7"])
            .contains("(noSuchName)")
    }),
    ("B4", "GET of a Counter64 gives noSuchName", |lab| {
        let name = format!("{IFX}.6.1");
        lab.v1("snmpget", &[], &[&name]).contains("(noSuchName)")
    }),
    ("B5", "GETNEXT goes over columns of Counter64", |lab| {
        let name = format!("{IFX}.6");
        lab.v1("snmpgetnext", &[], &[&name])
            .starts_with(&format!(".{IFX}.15.1 = Gauge32"))
    }),
    (
        "B6",
        "GETBULK in a message of version 1 is met with silence",
        |lab| {
            let hex =
                "302402010004067075626c6963a517020101020100020105300c300a06062b06010201010500";
            lab.asker.is_silence(&bytes(hex))
        },
    ),
];

/// Rows C.
pub(crate) const BULK: &[Check] = &[
    (
        "C1",
        "one name once and one three times gives four answers",
        |lab| {
            let name = format!("{IF}.1");
            lab.v2("snmpbulkget", &["-Cn1", "-Cr3"], &[UPTIME, &name])
                .lines()
                .count()
                == 4
        },
    ),
    (
        "C2",
        "max-repetitions 0 gives only what is asked once",
        |lab| {
            let name = format!("{IF}.1");
            lab.v2("snmpbulkget", &["-Cn1", "-Cr0"], &[UPTIME, &name])
                .lines()
                .count()
                == 1
        },
    ),
    ("C3", "negative non-repeaters count as 0", |lab| {
        let hex = "302402010104067075626c6963a5170201010201fb020102300c300a06062b06010201010500";
        answered_bindings(lab, hex) == 2
    }),
    ("C4", "negative max-repetitions count as 0", |lab| {
        let hex = "302402010104067075626c6963a5170201010201000201fb300c300a06062b06010201010500";
        answered_bindings(lab, hex) == 0
    }),
    ("C5", "more non-repeaters than names: each once", |lab| {
        let hex =
            "302602010104067075626c6963a519020101020109020109300e300c06082b060102010103000500";
        answered_bindings(lab, hex) == 1
    }),
    (
        "C6",
        "max-repetitions of 2^31-1 gives one datagram of 1400 octets at most",
        |lab| is_bounded(lab, 1),
    ),
    ("C7", "so do a hundred names with it", |lab| {
        is_bounded(lab, 100)
    }),
    ("C8", "rows increase strictly, across columns", |lab| {
        let name = format!("{IFX}.18");
        let text = lab.v2("snmpbulkget", &["-Cn0", "-Cr10"], &[&name]);
        is_increasing(&text) && text.lines().count() == 10
    }),
    ("C9", "past the end one endOfMibView is enough", |lab| {
        let text = lab.v2("snmpbulkget", &["-Cn0", "-Cr10"], &["1.3.7"]);
        text.lines().count() == 1 && text.contains("No more variables")
    }),
    (
        "C10",
        "an answer larger than the limit is tooBig without bindings",
        |lab| {
            lab.v2("snmpget", &["-Cf"], &[DESCR; 120])
                .contains("(tooBig)")
        },
    ),
];

/// Rows D.
pub(crate) const REFUSALS: &[Check] = &[
    ("D1", "SET by version 2c is refused as notWritable", |lab| {
        lab.v2("snmpset", &[], &["1.3.6.1.2.1.1.6.0", "s", "x"])
            .contains("notWritable")
    }),
    ("D2", "SET by version 1 is refused as noSuchName", |lab| {
        lab.v1("snmpset", &[], &["1.3.6.1.2.1.1.6.0", "s", "x"])
            .contains("noSuchName")
    }),
    ("D3", "an unknown community is met with silence", |lab| {
        let hex = "302502010104057772 6f6e67a019020101020100020100300e300c06082b060102010103000500";
        lab.asker.is_silence(&bytes(&hex.replace(' ', "")))
    }),
    ("D4", "and is counted", |lab| {
        let hex = "3025020101040577726f6e67a019020101020100020100300e300c06082b060102010103000500";
        lab.growth("1.3.6.1.2.1.11.4.0", || lab.asker.send(&bytes(hex))) == 1
    }),
    ("D5", "so is an empty community", |lab| {
        let hex = "30200201010400a019020101020100020100300e300c06082b060102010103000500";
        lab.asker.is_silence(&bytes(hex))
    }),
    ("D6", "so is a version 7", |lab| {
        let hex =
            "302602010704067075626c6963a019020101020100020100300e300c06082b060102010103000500";
        lab.asker.is_silence(&bytes(hex))
    }),
    (
        "D7",
        "Response, Report, Trap2 and tags a4 and a9 are met with silence",
        |lab| {
            ["a2", "a8", "a7", "a4", "a9"].into_iter().all(|tag| {
            let hex = format!(
                "302602010104067075626c6963{tag}19020101020100020100300e300c06082b060102010103000500"
            );
            lab.asker.is_silence(&bytes(&hex))
        })
        },
    ),
    ("D8", "an InformRequest is met with silence", |lab| {
        let hex =
            "302602010104067075626c6963a619020101020100020100300e300c06082b060102010103000500";
        lab.asker.is_silence(&bytes(hex))
    }),
    ("D9", "what a view hides does not exist", |lab| {
        let narrow = As::V2("narrow");
        let address = lab.agent.address();
        let hidden = format!("{IF}.1.1");
        let get = ask("snmpget", narrow, address, (&[], &[&hidden]));
        let walk = ask("snmpwalk", narrow, address, (&[], &["1.3.6.1.2"]));
        get.contains("No Such Object")
            && walk.contains("1.3.6.1.2.1.1.5.0")
            && !walk.contains("1.3.6.1.2.1.2.")
    }),
    (
        "D10",
        "a SET by a community is counted as a bad use",
        |lab| {
            lab.growth("1.3.6.1.2.1.11.5.0", || {
                lab.v2("snmpset", &[], &["1.3.6.1.2.1.1.6.0", "s", "x"]);
            }) == 1
        },
    ),
    ("D11", "a walk goes over thousands of hidden rows", |_| {
        walks_over_what_is_hidden()
    }),
];

/// A walk through a view that shows what stands before and behind a hundred interfaces.
fn walks_over_what_is_hidden() -> bool {
    let mut settings = settings(&["127.0.0.1:0"]);
    let part = |text, visibility| (Oid::parse(text).unwrap(), visibility);
    let view = View::new(vec![
        part("1.3.6.1.2.1", Visibility::Shown),
        part("1.3.6.1.2.1.2", Visibility::Hidden),
        part("1.3.6.1.2.1.31", Visibility::Hidden),
    ]);
    settings.views.insert(Arc::from("system"), view);
    let agent = Agent::start(settings);
    let mut host = harness::host();
    let interface = host.interfaces[1].clone();
    host.interfaces.extend((3..=100).map(|index| Interface {
        index,
        ..interface.clone()
    }));
    agent.stage.picture.lock().unwrap().host = Arc::new(host);
    agent.clock.advance(Duration::from_secs(1));
    let walk = |community| {
        let words: (&[&str], &[&str]) = (&["-Cr25"], &["1.3.6.1.2.1"]);
        let text = ask("snmpbulkwalk", As::V2(community), agent.address(), words);
        let rows = text.lines().filter_map(name_and_type);
        rows.map(|(name, _)| name.to_owned()).collect::<Vec<_>>()
    };
    let is_interface =
        |name: &String| name.starts_with(".1.3.6.1.2.1.2.") || name.starts_with(".1.3.6.1.2.1.31.");
    let (hidden, shown): (Vec<_>, Vec<_>) = walk("public").into_iter().partition(is_interface);
    println!("{} rows hidden, {} shown", hidden.len(), shown.len());
    3_000 < hidden.len() && 50 < shown.len() && walk("narrow") == shown
}

/// Rows F.
pub(crate) const WALKS: &[Check] = &[
    (
        "F1",
        "a walk of everything by GETBULK increases strictly and ends well",
        |lab| {
            let text = lab.v2("snmpbulkwalk", &["-Cr20"], &[".1.3"]);
            let lines = text.lines().filter(|line| line.starts_with('.')).count();
            lines > 200 && is_increasing(&text) && !text.contains("Error")
        },
    ),
    (
        "F2",
        "every object of a walk answers GET with the same type",
        |lab| {
            let text = lab.v2("snmpbulkwalk", &["-Cr20"], &[".1.3"]);
            let rows: Vec<(&str, &str)> = text.lines().filter_map(name_and_type).collect();
            rows.chunks(20).all(|chunk| {
                let names: Vec<&str> = chunk.iter().map(|(name, _)| *name).collect();
                let again = lab.v2("snmpget", &[], &names);
                let found: Vec<(&str, &str)> = again.lines().filter_map(name_and_type).collect();
                found == chunk
            })
        },
    ),
    ("F3", "a walk by GETNEXT meets the same names", |lab| {
        let names = |tool| {
            let text = lab.v2(tool, &[], &["1.3.6.1.2.1"]);
            let rows = text.lines().filter_map(name_and_type);
            rows.map(|(name, _)| name.to_owned()).collect::<Vec<_>>()
        };
        names("snmpwalk") == names("snmpbulkwalk")
    }),
];

fn name_and_type(line: &str) -> Option<(&str, &str)> {
    let (name, rest) = line.split_once(" = ")?;
    if rest.starts_with("No more") {
        return None;
    }
    Some((name, rest.split(':').next().unwrap_or(rest)))
}

fn is_increasing(text: &str) -> bool {
    let names: Vec<Vec<u32>> = text
        .lines()
        .filter_map(|line| name_and_type(line)?.0.strip_prefix('.'))
        .map(|name| {
            name.split('.')
                .filter_map(|part| part.parse().ok())
                .collect()
        })
        .collect();
    names
        .iter()
        .zip(names.iter().skip(1))
        .all(|(one, next)| one < next)
}

/// Bindings in the answer to a request that is answered with noError.
fn answered_bindings(lab: &Lab, hex: &str) -> usize {
    use snmp_agent::ber::{Reader, SEQUENCE};
    let answer = lab.asker.answer(&bytes(hex));
    let mut body = Reader::new(&answer).enter(SEQUENCE).unwrap();
    body.element().unwrap();
    body.element().unwrap();
    let (_, pdu) = body.element().unwrap();
    let mut pdu = Reader::new(pdu);
    let numbers = [
        pdu.integer().unwrap(),
        pdu.integer().unwrap(),
        pdu.integer().unwrap(),
    ];
    assert_eq!(numbers[1], 0, "error-status");
    let mut list = pdu.enter(SEQUENCE).unwrap();
    std::iter::from_fn(|| list.element().ok()).count()
}

/// Whether a GETBULK of so many names, all of them `1.3`, stays in one datagram.
fn is_bounded(lab: &Lab, names: usize) -> bool {
    use snmp_agent::ber;
    let mut binding = Vec::new();
    ber::write_oid(&mut binding, &[1, 3]);
    ber::write(&mut binding, ber::NULL, &[]);
    let mut list = Vec::new();
    for _ in 0..names {
        ber::write(&mut list, ber::SEQUENCE, &binding);
    }
    let pdu = snmp_agent::message::Pdu {
        id: 1,
        status: 0,
        index: i32::MAX,
        bindings: list,
    };
    let message = snmp_agent::message::write_community(1, b"public", 0xa5, &pdu);
    let size = lab.asker.answer(&message).len();
    (1_300..=1_400).contains(&size)
}
