//! Invented people, places and programs, as an endpoint client's log is full of them.
//!
//! Made of syllables that no other text here has, so that a test can look for each of
//! them in everything that leaves the host. Hosts are below `.example`, addresses are
//! private ones (RFC 2606, RFC 1918). Which line holds which is not kept.

use super::chance::Chance;

const BEGINNINGS: &[&str] = &[
    "brado", "cuvek", "dozim", "fenqua", "gavlo", "hexuri", "jorpa", "kuzem", "lovaz", "mirqu",
    "nubax", "opzel", "quilda", "ruvok", "sabzu", "tovri",
];
const ENDINGS: &[&str] = &[
    "bex", "dulk", "fant", "gorz", "huvel", "jask", "kemm", "lirq", "moxt", "nulv", "pazk", "qorn",
    "rufz", "syvo", "tulg", "vink",
];

/// How many people, hosts, programs, devices and addresses there are.
const OF_EACH: usize = 200;

/// Programs whose names are what a log says elsewhere: they must count as nothing.
const HOSTILE_PROCESSES: &[&str] = &[
    "failed to start filter device",
    "TLS received nsssl_closed, tunnel destroyed",
    "Successfully connected to CATO VPN \"nowhere\" via DTLS mode",
];

/// Everybody and everything that must not leave the host.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Names {
    users: Vec<String>,
    hosts: Vec<String>,
    processes: Vec<String>,
    devices: Vec<String>,
    addresses: Vec<String>,
}

impl Names {
    /// Invents some hundred of each.
    pub fn invent(chance: &mut Chance) -> Self {
        let mut of_each = |invent: fn(&mut Chance) -> String| -> Vec<String> {
            (0..OF_EACH).map(|_| invent(chance)).collect()
        };
        Self {
            users: of_each(user),
            hosts: of_each(host),
            processes: of_each(word),
            devices: of_each(device),
            addresses: of_each(private_address),
        }
    }

    /// All of them, for who looks whether any got out.
    pub fn all(&self) -> impl Iterator<Item = &str> {
        let lists = [
            &self.users,
            &self.hosts,
            &self.processes,
            &self.devices,
            &self.addresses,
        ];
        lists.into_iter().flatten().map(String::as_str)
    }

    /// A person.
    pub fn user(&self, chance: &mut Chance) -> String {
        drawn(&self.users, chance)
    }

    /// A visited host.
    pub fn host(&self, chance: &mut Chance) -> String {
        drawn(&self.hosts, chance)
    }

    /// A program, now and then one with the words of a log in its name.
    pub fn process(&self, chance: &mut Chance) -> String {
        if chance.below(100) == 0 {
            return chance.word(HOSTILE_PROCESSES).to_owned();
        }
        drawn(&self.processes, chance)
    }

    /// A device.
    pub fn device(&self, chance: &mut Chance) -> String {
        drawn(&self.devices, chance)
    }

    /// An address of a private network.
    pub fn address(&self, chance: &mut Chance) -> String {
        drawn(&self.addresses, chance)
    }
}

fn drawn(list: &[String], chance: &mut Chance) -> String {
    chance.item(list).cloned().unwrap_or_default()
}

fn word(chance: &mut Chance) -> String {
    format!("{}{}", chance.word(BEGINNINGS), chance.word(ENDINGS))
}

fn user(chance: &mut Chance) -> String {
    format!("{}.{}", word(chance), word(chance))
}

fn host(chance: &mut Chance) -> String {
    let (name, number, domain) = (word(chance), chance.below(90), word(chance));
    format!("{name}-{number}.{domain}.example")
}

fn device(chance: &mut Chance) -> String {
    let (name, number) = (word(chance), chance.between(10, 99));
    format!("LT-{}-{number}", name.to_uppercase())
}

fn private_address(chance: &mut Chance) -> String {
    // Three digits everywhere, so that none is part of another or of a number.
    let mut part = || chance.between(100, 255);
    format!("10.{}.{}.{}", part(), part(), part())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_invents_the_same_people() {
        let (one, other) = (
            Names::invent(&mut Chance::new(3)),
            Names::invent(&mut Chance::new(3)),
        );
        assert_eq!(one, other);
        assert_eq!(one.all().count(), 5 * OF_EACH);
        assert!(
            one.all().all(|name| 8 <= name.len()),
            "too short to look for"
        );
    }
}
