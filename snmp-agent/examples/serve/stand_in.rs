//! Reads as much of snmpd's command line and of its configuration as net-snmp's own test
//! scripts write, so that they can start our agent where they would start snmpd.
//!
//! Who may ask what is kept: communities, users, views, groups and accesses. What an agent
//! that only reads cannot do (write access, traps by an administrator's hand, modules that
//! are loaded) is passed over, and so is a user without a protocol to sign by.
//!
//! Known limit: masks of views, sources of communities and contexts are not read.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use snmp_agent::access::{View, Visibility};
use snmp_agent::oid::Oid;
use snmp_agent::settings::{Community, EVERYTHING, Settings};
use snmp_agent::users::{AuthProtocol, Passphrases, PrivProtocol, Secret, User};
use snmp_agent::usm::{Level, UserAccess};

/// What a command line of snmpd asks for.
#[derive(Debug, Default)]
pub(crate) struct StandIn {
    /// Who may ask what, and where.
    pub(crate) settings: Settings,
    pid_file: Option<PathBuf>,
    log_file: Option<PathBuf>,
}

impl StandIn {
    /// What these arguments and the files that they name say.
    pub(crate) fn read(arguments: &[String], engine_id: &[u8]) -> io::Result<Self> {
        let mut found = Self::default();
        let mut rules = Rules::default();
        let mut left = arguments.iter().map(String::as_str);
        while let Some(argument) = left.next() {
            match argument {
                "-c" => {
                    for file in left.next().unwrap_or("").split(',') {
                        rules.read(&fs::read_to_string(file)?);
                    }
                }
                "-p" => found.pid_file = left.next().map(PathBuf::from),
                "-Lf" => found.log_file = left.next().map(PathBuf::from),
                "-I" => {
                    left.next();
                }
                _ => {
                    let address = argument.trim_start_matches("udp6:");
                    let address = address.trim_start_matches("udp:");
                    found.settings.listen.extend(address.parse::<SocketAddr>());
                }
            }
        }
        rules.put_into(&mut found.settings, engine_id);
        // Their scripts count the rows of an answer that is larger than ours usually are.
        found.settings.answer_bytes_max = 65_507;
        Ok(found)
    }

    /// Says that it listens, in the words that the scripts wait for.
    pub(crate) fn announce(&self) -> io::Result<()> {
        if let Some(file) = &self.log_file {
            fs::write(file, "NET-SNMP version 0, or rather who stands in for it\n")?;
        }
        match &self.pid_file {
            Some(file) => fs::write(file, format!("{}\n", std::process::id())),
            None => Ok(()),
        }
    }
}

/// Lines of a configuration, sorted by what they say.
#[derive(Debug, Default)]
struct Rules {
    /// Name to passphrases.
    users: BTreeMap<String, Passphrases>,
    /// Name of a user to the level that he needs at least, who sees everything.
    levels: BTreeMap<String, Level>,
    /// Community to the name that groups know it by.
    communities: BTreeMap<String, String>,
    /// That name, or a user's, to its group.
    groups: BTreeMap<String, String>,
    /// Group to its level and view.
    accesses: BTreeMap<String, (Level, String)>,
    views: BTreeMap<String, Vec<(Oid, Visibility)>>,
    /// Community to the one subtree that it sees.
    subtrees: BTreeMap<String, Oid>,
    contact: String,
    location: String,
}

impl Rules {
    fn read(&mut self, text: &str) {
        for line in text.lines() {
            let line = line.trim_start_matches("[snmp]");
            let words: Vec<&str> = line.split_whitespace().map(unquoted).collect();
            self.read_line(&words);
        }
    }

    fn read_line(&mut self, words: &[&str]) {
        match words {
            ["createUser", name, auth, passphrases @ ..] => {
                if let Some(made) = passphrases_of(auth, passphrases) {
                    self.users.insert((*name).to_owned(), made);
                }
            }
            ["rouser" | "rwuser", name, rest @ ..] => {
                let level = rest.first().map_or(Level::AuthNoPriv, |word| level(word));
                self.levels.insert((*name).to_owned(), level);
            }
            ["rocommunity" | "rwcommunity", name, rest @ ..] => {
                let subtree = rest.get(1).and_then(|text| Oid::parse(text));
                self.subtrees
                    .insert((*name).to_owned(), subtree.unwrap_or(Oid::new(&[])));
            }
            ["com2sec" | "com2sec6", name, _, community] => {
                self.communities
                    .insert((*community).to_owned(), (*name).to_owned());
            }
            ["group", group, _, name] => {
                self.groups.insert((*name).to_owned(), (*group).to_owned());
            }
            ["access", group, _, _, word, _, view, ..] => {
                self.accesses
                    .insert((*group).to_owned(), (level(word), (*view).to_owned()));
            }
            ["view", name, how, text, ..] => {
                let visibility = if *how == "included" {
                    Visibility::Shown
                } else {
                    Visibility::Hidden
                };
                let subtrees = self.views.entry((*name).to_owned()).or_default();
                subtrees.extend(Oid::parse(text).map(|oid| (oid, visibility)));
            }
            ["sysContact" | "syscontact", rest @ ..] => self.contact = rest.join(" "),
            ["sysLocation" | "syslocation", rest @ ..] => self.location = rest.join(" "),
            _ => {}
        }
    }

    fn put_into(self, settings: &mut Settings, engine_id: &[u8]) {
        let access = |name: &str| self.accesses.get(self.groups.get(name)?);
        for (name, passphrases) in &self.users {
            let (level, view) = match (self.levels.get(name), access(name)) {
                (Some(level), _) => (*level, EVERYTHING),
                (None, Some((level, view))) => (*level, view.as_str()),
                (None, None) => continue,
            };
            let made = User::from_passphrases(name, passphrases, engine_id);
            settings.users.extend(made.map(|user| UserAccess {
                user,
                minimum: level,
                view: Arc::from(view),
            }));
        }
        let community = |name: &str, view: &str| Community {
            name: Secret::new(name),
            view: Arc::from(view),
        };
        for (name, known_as) in &self.communities {
            let view = access(known_as).map(|(_, view)| community(name, view));
            settings.communities.extend(view);
        }
        for (name, oid) in self.subtrees {
            settings.communities.push(community(&name, &name));
            let view = View::new(vec![(oid, Visibility::Shown)]);
            settings.views.insert(Arc::from(name), view);
        }
        for (name, subtrees) in self.views {
            settings.views.insert(Arc::from(name), View::new(subtrees));
        }
        settings.contact = self.contact;
        settings.location = self.location;
    }
}

fn unquoted(word: &str) -> &str {
    word.trim_matches(['"', '\''])
}

fn level(word: &str) -> Level {
    match word {
        "noauth" => Level::NoAuthNoPriv,
        "priv" => Level::AuthPriv,
        _ => Level::AuthNoPriv,
    }
}

/// The passphrase for encrypting is the one for signing where none is given.
fn passphrases_of(auth: &str, rest: &[&str]) -> Option<Passphrases> {
    let digest = AuthProtocol::from_name(&auth.to_lowercase().replace('-', ""))?;
    let signing = rest.first()?;
    let cipher = |name: &str| match name {
        "AES" => Some(PrivProtocol::Aes128),
        _ => PrivProtocol::from_name(&name.to_lowercase().replace('-', "")),
    };
    let privacy = match rest.get(1) {
        None => None,
        Some(name) => Some((cipher(name)?, Secret::new(*rest.get(2).unwrap_or(signing)))),
    };
    Some(Passphrases {
        auth: (digest, Secret::new(*signing)),
        privacy,
    })
}
