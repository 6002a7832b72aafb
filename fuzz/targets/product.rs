//! Any start of any file: whose it is must not depend on its encoding, nor whether its
//! records are stamped, and no bytes may be too strange to be asked about.
//!
//! The first byte chooses the file's name.

#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use logparse::product::{Recogniser, START_BYTES_MAX};
use logparse::stamped::{self, is_stamped};
use model::connector::ConnectorKind;

static RECOGNISER: LazyLock<Recogniser> =
    LazyLock::new(|| Recogniser::built_in().expect("our rows are proven"));

/// Names of every product, of none, and none at all.
const NAMES: [Option<&str>; 5] = [
    Some("/var/log/agent.txt"),
    Some("C:\\logs\\NSDebugLog.1.log"),
    Some("cato_vpn_6.13.0.0_20260803110029.log"),
    Some("messages"),
    None,
];

fuzz_target!(|data: &[u8]| {
    let [name, start @ ..] = data else {
        return;
    };
    let name = NAMES[usize::from(*name) % NAMES.len()];
    let raw = RECOGNISER.recognise(name, start);
    for kind in ConnectorKind::ALL {
        is_stamped(*kind, start);
    }
    let Ok(text) = str::from_utf8(start) else {
        return;
    };
    let marked = format!("\u{feff}{text}");
    let low_first: Vec<u8> = marked.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let high_first: Vec<u8> = marked.encode_utf16().flat_map(u16::to_be_bytes).collect();
    // What is beyond the bound in one encoding may be within it in another.
    let longest = marked.len().max(low_first.len());
    for encoded in [marked.as_bytes(), &low_first, &high_first] {
        if longest <= START_BYTES_MAX && !text.starts_with('\u{feff}') {
            assert_eq!(RECOGNISER.recognise(name, encoded), raw);
        }
        if longest <= stamped::START_BYTES_MAX {
            for kind in ConnectorKind::ALL {
                let told = is_stamped(*kind, marked.as_bytes());
                assert_eq!(is_stamped(*kind, encoded), told);
            }
        }
    }
});
