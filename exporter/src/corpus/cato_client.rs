//! The records of a Cato Client's log, as Windows, macOS and Linux write them.
//!
//! Prefixes and texts are those of public sources; users, accounts and hosts are
//! invented. The sources show hardly any message but those of a connect, so most lines
//! here are ones that tell nothing, as in a log at debug level.

use super::Platform;
use super::chance::Chance;
use super::names::Names;
use super::record::Record;
use super::stamp::Stamp;

/// Draws records of one device.
#[derive(Debug, Clone, Copy)]
pub struct CatoClient<'a> {
    names: &'a Names,
    platform: Platform,
}

/// Nodes of points of presence, as they stand in the context of a line.
const NODES: &[&str] = &["auscatod1a", "chicatod12a", "fracatod3b", "loncatod7a"];

/// Points of presence, as a connect names them.
const POPS: &[&str] = &["Frankfurt", "London", "Austin", "Chicago"];

/// Module and function of lines that tell nothing.
const PLACES: &[(&str, &str)] = &[
    ("Configurat", "getLastActiveSessionCredentials    : 2695"),
    ("Routing", "getRoutingTable:82"),
    ("VPNProc", "getAdditionalProducts : 3264"),
    ("Configurat", "getLastActiveSessionAccountManager : 2672"),
];

impl<'a> CatoClient<'a> {
    /// A device on `platform`, with its people and places.
    pub const fn new(names: &'a Names, platform: Platform) -> Self {
        Self { names, platform }
    }

    /// Draws one record.
    pub fn record(&self, chance: &mut Chance) -> Record {
        // States change in seven records of a thousand, as in a Publisher's corpus.
        match chance.below(1_000) {
            0..942 => self.nothing(chance),
            942..992 => self.torn(chance),
            992..996 => self.connected(chance),
            996 => self.line(chance, "dns.failed", "Failed to DNS"),
            997 => self.line(
                chance,
                "authentication.failed",
                "USER_NOT_ALLOWED - Only 'TVs and Limited Input devices' can use OAuth 2.0",
            ),
            998 => self.line(
                chance,
                "update.available",
                "New client version is available",
            ),
            // A tool's answer, which is no event.
            _ => self.plain(chance, "I", "Cato client is disconnected"),
        }
    }

    fn line(&self, chance: &mut Chance, meaning: &'static str, message: &str) -> Record {
        Record {
            meaning: Some(meaning),
            ..self.plain(chance, "I", message)
        }
    }

    /// A line without a meaning.
    fn plain(&self, chance: &mut Chance, level: &str, message: &str) -> Record {
        let (module, place) = chance.item(PLACES).copied().unwrap_or_default();
        match self.platform {
            Platform::Windows => {
                let (process, thread) =
                    (chance.between(0x400, 0xffff), chance.between(0x400, 0xffff));
                let context = self.context(chance);
                Record {
                    stamp: Stamp::DayFirst,
                    text: format!(
                        " [{level}] [{module:<10}] [{process:X}:{thread:X}] [{place}] {context}{message}"
                    ),
                    meaning: None,
                }
            }
            Platform::MacOs => Record {
                stamp: Stamp::ColonMilliseconds,
                text: format!(
                    " [{module}:{}] [{level}] [t:{}] [p:{}] {message}",
                    chance.between(10, 900),
                    chance.between(10, 90),
                    chance.between(100, 900),
                ),
                meaning: None,
            },
            Platform::Linux => {
                let function = place.split([' ', ':']).next().unwrap_or_default();
                Record {
                    stamp: Stamp::WholeSeconds,
                    text: format!(" [{level}][client  ][{function}:1716][:][:][_:] {message}"),
                    meaning: None,
                }
            }
        }
    }

    /// None to three fields of context, as versions differ.
    fn context(&self, chance: &mut Chance) -> String {
        let user = self.names.user(chance);
        match chance.below(4) {
            0 => format!("[1234:{user}] [p:{}] [U:{user}] ", chance.word(NODES)),
            1 => "[:] [:] [ :] ".to_owned(),
            2 => "[:] [:TnlsOfficeMode] ".to_owned(),
            _ => String::new(),
        }
    }

    fn nothing(&self, chance: &mut Chance) -> Record {
        let host = self.names.host(chance);
        let message = match chance.below(4) {
            0 => "getRoutingTable".to_owned(),
            1 => "[getAdditionalProducts started".to_owned(),
            2 => format!("openImp: {host}"),
            _ => format!("openImp: {} {host}", self.names.process(chance)),
        };
        self.plain(chance, "D", &message)
    }

    /// A line that is cut off from its record, or goes on with one.
    fn torn(&self, chance: &mut Chance) -> Record {
        Record {
            stamp: Stamp::Nothing,
            text: format!(
                "\thost {} user {}",
                self.names.host(chance),
                self.names.user(chance)
            ),
            meaning: None,
        }
    }

    fn connected(&self, chance: &mut Chance) -> Record {
        let message = format!(
            "Successfully connected to CATO VPN \"{}\" via DTLS mode",
            chance.word(POPS)
        );
        self.line(chance, "tunnel.connected", &message)
    }
}
