//! Rows E: forms that are no messages, and what they are met with.

use super::{Check, Lab};
use crate::datagram::bytes;

/// A good message, of which the forms are made: GET of sysUpTime.0.
const GOOD: &str =
    "302602010104067075626c6963a019020101020100020100300e300c06082b060102010103000500";

fn is_silence(lab: &Lab, hex: &str) -> bool {
    lab.asker.is_silence(&bytes(hex))
}

/// Rows E.
pub(crate) const FORMS: &[Check] = &[
    ("E1.1", "an empty datagram is met with silence", |lab| {
        is_silence(lab, "")
    }),
    ("E1.2", "so is one octet", |lab| is_silence(lab, "30")),
    ("E1.3", "so is the first half of a message", |lab| {
        is_silence(lab, "302602010104067075626c6963a0190201010201")
    }),
    ("E1.4", "so is a length of one too many", |lab| {
        is_silence(lab, &GOOD.replacen("3026", "3027", 1))
    }),
    ("E1.5", "so is an indefinite length", |lab| {
        is_silence(lab, &format!("{}0000", GOOD.replacen("3026", "3080", 1)))
    }),
    ("E1.6", "so is a length of 2^32-1", |lab| {
        is_silence(lab, &GOOD.replacen("3026", "3084ffffffff", 1))
    }),
    ("E1.7", "so is a length of eight octets", |lab| {
        is_silence(lab, "30887f7f7f7f7f7f7f7f")
    }),
    ("E1.8", "so is a name of 200 numbers", |lab| {
        let name = "01".repeat(198);
        let head = "3081e902010104067075626c6963a081db0201010201000201003081cf3081cc0681c72b";
        is_silence(lab, &format!("{head}{name}0500"))
    }),
    ("E1.9", "so is a number of 2^32 in a name", |lab| {
        let hex =
            "302602010104067075626c6963a019020101020100020100300e300c06082b060190808080000500";
        is_silence(lab, hex)
    }),
    ("E1.10", "so is a name of no octets", |lab| {
        is_silence(
            lab,
            "301e02010104067075626c6963a0110201010201000201003006300406000500",
        )
    }),
    ("E1.11", "so is an INTEGER of nine octets", |lab| {
        let hex = "302e02010104067075626c6963a0210209010101010101010101020100020100300e300c\
                   06082b060102010103000500";
        is_silence(lab, hex)
    }),
    ("E1.12", "so is an INTEGER of no octets", |lab| {
        let hex = "302502010104067075626c6963a0180200020100020100300e300c06082b060102010103000500";
        is_silence(lab, hex)
    }),
    ("E1.13", "so are 2000 frames in one another", |lab| {
        is_silence(lab, &"30821000".repeat(2_000))
    }),
    ("E1.14", "so are 65507 zeros", |lab| {
        is_silence(lab, &"00".repeat(65_507))
    }),
    ("E1.15", "so are 65000 times 30", |lab| {
        is_silence(lab, &"30".repeat(65_000))
    }),
    (
        "E1.16",
        "octets behind a whole message are ignored",
        |lab| {
            let answer = lab.asker.answer(&bytes(&format!("{GOOD}deadbeef")));
            crate::datagram::request_id(&answer) == Some(1)
        },
    ),
    (
        "E1.17",
        "a binding without a value is met with silence",
        |lab| {
            let hex =
                "302402010104067075626c6963a017020101020100020100300c300a06082b06010201010300";
            is_silence(lab, hex)
        },
    ),
    ("E1.18", "so is a value of type ff", |lab| {
        let hex =
            "302602010104067075626c6963a019020101020100020100300e300c06082b06010201010300ff00";
        is_silence(lab, hex)
    }),
    (
        "E1.19",
        "a name of 128 numbers is looked for, one of 129 is met with silence",
        |lab| {
            let asks = |size| crate::datagram::get(9, &[&vec![1; size]]);
            let answer = lab.asker.answer(&asks(128));
            crate::datagram::request_id(&answer) == Some(9) && lab.asker.is_silence(&asks(129))
        },
    ),
    (
        "E2",
        "a length in more octets than it needs is read",
        |lab| {
            let hex = GOOD.replacen("3026", "308400000026", 1);
            crate::datagram::request_id(&lab.asker.answer(&bytes(&hex))) == Some(1)
        },
    ),
];
