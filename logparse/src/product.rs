//! Tells which product wrote a file, by its first lines and by its name.
//!
//! Each line is read as each product's; how many fit is the answer. A line that a row
//! knows says more than one that only looks right, and a look that programs of others
//! have, too, says nothing. The name decides where the lines do not. Who reads the
//! files, and unpacks them, is the caller.
//!
//! Known limit: a log of another program that repeats a connector's lines is taken for
//! the connector's.

use std::sync::Arc;

use model::connector::ConnectorKind;

use crate::catalogue::recognise::Finding;
use crate::catalogue::{Catalogue, CatalogueError};
use crate::date_order::DateOrder;
use crate::framing::{text_of_start, without_front_nuls};

/// Most bytes of a file's start that are looked at.
pub const START_BYTES_MAX: usize = 64 * 1024;

/// What a line counts that a row knows.
const KNOWN_LINE: u32 = 2;

/// What a line counts that begins as only this product's records do.
const FITTING_LINE: u32 = 1;

/// Words in the names that the vendors give to their logs, in small letters. Sources:
/// the vendors' documentation of paths, as the catalogues name them.
const NAMES: &[(&str, ConnectorKind)] = &[
    ("agent.txt", ConnectorKind::NetskopePublisher),
    ("publisher_wizard", ConnectorKind::NetskopePublisher),
    ("nsdebuglog", ConnectorKind::NetskopeClient),
    ("npadebuglog", ConnectorKind::NetskopeClient),
    ("cato_vpn_", ConnectorKind::CatoClient),
    ("cato_dem", ConnectorKind::CatoClient),
    ("cato-client", ConnectorKind::CatoClient),
    ("catoclient", ConnectorKind::CatoClient),
    ("catonetworks", ConnectorKind::CatoClient),
];

/// Knows the lines of all products.
#[derive(Debug)]
pub struct Recogniser {
    // Invariant: one of each kind, in the order of `ConnectorKind::ALL`.
    catalogues: Vec<Arc<Catalogue>>,
}

impl Recogniser {
    /// Loads the rows that come with the program, of all products.
    ///
    /// # Errors
    ///
    /// [`CatalogueError`] if a row does not prove itself: a mistake in this crate.
    pub fn built_in() -> Result<Self, CatalogueError> {
        let kinds = ConnectorKind::ALL.iter();
        let catalogues = kinds.map(|kind| Catalogue::built_in(*kind).map(Arc::new));
        Ok(Self {
            catalogues: catalogues.collect::<Result<_, _>>()?,
        })
    }

    /// The catalogues, one of each kind.
    pub fn catalogues(&self) -> &[Arc<Catalogue>] {
        &self.catalogues
    }

    /// The product whose log begins with `start`, which may be cut anywhere and is
    /// unpacked but in the file's own encoding. More than [`START_BYTES_MAX`] bytes are
    /// not looked at. `file_name` may be a path; it decides between products whose lines
    /// fit equally, for example if there are no lines.
    ///
    /// `None` if nothing tells: the log of another program.
    pub fn recognise(&self, file_name: Option<&str>, start: &[u8]) -> Option<ConnectorKind> {
        let start = start.get(..START_BYTES_MAX).unwrap_or(start);
        let mut decoded = String::new();
        let text = text_of_start(start, &mut decoded);
        let by_name = file_name.and_then(kind_of_name);
        let counted = self.catalogues.iter().map(|catalogue| {
            let lines = text.split(|byte| *byte == b'\n');
            let evidence: u32 = lines.map(|line| evidence(catalogue, line)).sum();
            (evidence, catalogue.kind())
        });
        let counted: Vec<(u32, ConnectorKind)> = counted.collect();
        let most = counted.iter().map(|(count, _)| *count).max()?;
        if most == 0 {
            return by_name;
        }
        let mut best = counted.iter().filter(|(count, _)| *count == most);
        let only = best.next().filter(|_| best.next().is_none());
        only.map(|(_, kind)| *kind).or(by_name)
    }
}

/// The product that calls its logs so.
pub fn kind_of_name(file_name: &str) -> Option<ConnectorKind> {
    // Folders are named after products that did not write all their files.
    let name = file_name.rsplit(['/', '\\']).next()?.to_ascii_lowercase();
    let known = NAMES.iter().find(|(word, _)| name.contains(word));
    known.map(|(_, kind)| *kind)
}

/// How much a line speaks for the catalogue's product.
fn evidence(catalogue: &Catalogue, line: &[u8]) -> u32 {
    let line = without_front_nuls(line.strip_suffix(b"\r").unwrap_or(line));
    let mut unpacked = String::new();
    let reading = catalogue.read(line, DateOrder::default(), &mut unpacked);
    let is_fitting = match reading.finding {
        Finding::Row(..) | Finding::Known(_) | Finding::NearMiss(_) => return KNOWN_LINE,
        Finding::UnknownFunction => true,
        Finding::ForeignAnchor | Finding::NoRecord => false,
        Finding::NoRow => match catalogue.kind() {
            ConnectorKind::NetskopePublisher => reading.stripped.is_wizard,
            ConnectorKind::NetskopeClient => is_debug_log(line),
            ConnectorKind::CatoClient => is_cato_log(line),
        },
    };
    u32::from(is_fitting) * FITTING_LINE
}

/// Whether a record of a Netskope Client has the ids of `nsdebuglog.log`. Other records
/// begin as a Publisher's or any C++ program's do.
fn is_debug_log(line: &[u8]) -> bool {
    line.first().is_some_and(u8::is_ascii_digit)
}

/// Whether a record of a Cato Client begins as nobody else's.
fn is_cato_log(line: &[u8]) -> bool {
    let after_seconds = line.get("YYYY-MM-DD hh:mm:ss".len()..).unwrap_or_default();
    match line {
        // Every program with a browser in it writes `[pid:tid:MMDD/…`.
        [b'[', rest @ ..] => {
            let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
            rest.get(digits) != Some(&b':')
        }
        // `YYYY-MM-DD hh:mm:ss [INFO] …` is everywhere, `…:mmm [` and ` [I][` are not.
        [_, _, _, _, b'-', ..] => {
            matches!(after_seconds, [b':', ..] | [b' ', b'[', _, b']', b'[', ..])
        }
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PUBLISHER: &str = "[npa-pub-01:2024-03-04 09:15:22.000123 +00:00] [debug] \
        threadpool.cpp:45:run():0x7f0011 worker 3 took 812us backlog=4\n";
    const NETSKOPE: &str = "2024/04/28 11:02:28.409 stAgentSvc p17fc tb44 info \
        newfile.cpp:1 Something nobody has seen\n";
    const CATO: &str = "20/01/26 16:30:14.825 [D] [Routing   ] [1474:33FC] \
        [newFunction : 2695] [:] [:] [ :] something\n";

    fn check(file_name: Option<&str>, start: &[u8], expected: Option<ConnectorKind>) {
        let recogniser = Recogniser::built_in().unwrap();
        assert_eq!(
            recogniser.recognise(file_name, start),
            expected,
            "{file_name:?} {:?}",
            String::from_utf8_lossy(start)
        );
    }

    #[test]
    fn records_tell_their_product_whatever_the_name_says() {
        for (line, kind) in [
            (PUBLISHER, ConnectorKind::NetskopePublisher),
            (NETSKOPE, ConnectorKind::NetskopeClient),
            (CATO, ConnectorKind::CatoClient),
        ] {
            check(None, line.as_bytes(), Some(kind));
            check(Some("messages"), line.as_bytes(), Some(kind));
            for (name, _) in NAMES {
                check(Some(name), line.as_bytes(), Some(kind));
            }
        }
    }

    #[test]
    fn texts_without_prefix_are_known_too() {
        check(
            None,
            b"Publisher registered successfully.\n",
            Some(ConnectorKind::NetskopePublisher),
        );
        check(
            None,
            b"keepAlive fails with 15 tries",
            Some(ConnectorKind::NetskopeClient),
        );
        check(
            None,
            b"Successfully connected to CATO VPN \"Frankfurt\" via DTLS mode",
            Some(ConnectorKind::CatoClient),
        );
    }

    #[test]
    fn windows_encodings_line_ends_and_nuls_do_not_hide_the_product() {
        let text = format!("\u{feff}{}", NETSKOPE.replace('\n', "\r\n"));
        let low_first: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let high_first: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
        let mut torn = vec![0; 600];
        torn.extend(NETSKOPE.bytes());
        for start in [text.as_bytes(), &low_first, &high_first, &torn] {
            check(None, start, Some(ConnectorKind::NetskopeClient));
        }
    }

    #[test]
    fn the_name_decides_where_lines_do_not() {
        for (name, kind) in [
            ("C:\\logs\\NSDebugLog.1.log", ConnectorKind::NetskopeClient),
            ("/var/log/cato-client.log", ConnectorKind::CatoClient),
            ("agent.txt.gz", ConnectorKind::NetskopePublisher),
        ] {
            check(Some(name), b"", Some(kind));
        }
        check(Some("nsdebuglog/readme.txt"), b"", None);
        let equal = format!("{NETSKOPE}{CATO}");
        check(None, equal.as_bytes(), None);
        check(
            Some("cato_vpn_6.13.0.0_20260803110029.log"),
            equal.as_bytes(),
            Some(ConnectorKind::CatoClient),
        );
    }

    #[test]
    fn logs_of_others_are_nobodys() {
        for line in [
            "",
            "\0\0\0\0",
            "Nov  2 10:00:00 host sshd[12]: Accepted publickey for ada\n",
            "2026-01-20 16:30:14 [INFO] started\n",
            "2026-01-20T16:30:14Z [info] started\n",
            "2026/01/20 16:30:14 [error] 12#12: connect() failed\n",
            "[2210:2225:0120/163014.825:ERROR:gpu_init.cc(440)] failed\n",
            "main.cpp:12 hello\n",
            "127.0.0.1 - - [20/Jan/2026:16:30:14 +0000] \"GET / HTTP/1.1\" 200 12\n",
        ] {
            check(None, line.as_bytes(), None);
            check(Some("server.log"), line.as_bytes(), None);
        }
    }
}
