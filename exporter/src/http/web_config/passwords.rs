//! Checks names and passwords against bcrypt hashes, and remembers who was right.
//!
//! A hash takes a tenth of a second of a processor, on purpose. So what was right once is
//! remembered under a keyed hash of name, password and hash: a scraper pays once, and a
//! changed hash forgets him. What was wrong is never remembered, and each address has few
//! tries; one whose password is remembered is let in all the same. At most
//! [`CHECKS_MAX`] are computed at a time, on threads of their own.
//!
//! An unknown name takes as long as a known one: some user's hash, the same each time, is
//! computed for it in vain.

use std::collections::{HashMap, VecDeque};
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use hmac::Mac as _;
use tokio::sync::Semaphore;
use tokio::time::timeout;

use super::Denial;
use super::basic::Credentials;
use super::pace::Pace;
use super::visitor::Key;
use crate::config::web_file;
use crate::http::gate::counted_address;

/// Most hashes that are computed at a time. The agent has other work on the machine.
const CHECKS_MAX: usize = 2;

/// How long a check may wait for its turn.
const TURN_TIMEOUT: Duration = Duration::from_secs(10);

/// Most passwords that are remembered. Each is 32 bytes.
const REMEMBERED_MAX: usize = 256;

/// How many wrong passwords an address may say at once, and then one in so much time.
const TRIES: u32 = 10;
const TRY_INTERVAL: Duration = Duration::from_secs(6);

/// Most addresses whose tries are counted.
const ADDRESSES_MAX: usize = 1_024;

/// Names with their hashes.
#[derive(Default)]
pub(super) struct Users(Vec<(String, Arc<str>)>);

/// The memory of one server.
pub(super) struct Passwords {
    key: Key,
    turns: Arc<Semaphore>,
    /// Those that were right, the oldest first.
    remembered: Mutex<VecDeque<[u8; 32]>>,
    tries: Mutex<HashMap<IpAddr, Pace>>,
}

impl Users {
    /// Those of a file.
    pub(super) fn of(users: &web_file::Users) -> Self {
        let users = users.iter();
        Self(
            users
                .map(|(name, hash)| (name.to_owned(), Arc::from(hash)))
                .collect(),
        )
    }

    /// Whether there is nobody, so that anybody may ask.
    pub(super) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many there are.
    pub(super) const fn count(&self) -> usize {
        self.0.len()
    }

    fn hash_of(&self, name: &str) -> Option<&Arc<str>> {
        let found = self.0.iter().find(|(known, _)| known == name);
        found.map(|(_, hash)| hash)
    }

    /// Some hash, always the same for a name.
    fn some_hash(&self, name: &str, key: &Key) -> Option<&Arc<str>> {
        let mut mac = key.mac();
        mac.update(b"nobody");
        mac.update(name.as_bytes());
        let code: [u8; 32] = mac.finalize().into_bytes().into();
        let [first, second, ..] = code;
        let number = usize::from(u16::from_be_bytes([first, second]));
        let chosen = number.checked_rem(self.0.len())?;
        self.0.get(chosen).map(|(_, hash)| hash)
    }
}

impl std::fmt::Debug for Users {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{} users", self.0.len())
    }
}

impl Passwords {
    /// Nothing is remembered.
    pub(super) fn new() -> Self {
        Self {
            key: Key::new(),
            turns: Arc::new(Semaphore::new(CHECKS_MAX)),
            remembered: Mutex::default(),
            tries: Mutex::default(),
        }
    }

    /// The name, if the password is right.
    pub(super) async fn check(
        &self,
        users: &Users,
        said: Credentials,
        peer: IpAddr,
        now: Duration,
    ) -> Result<String, Denial> {
        let Credentials { name, password } = said;
        let known = users.hash_of(&name).map(Arc::clone);
        let print = known
            .as_ref()
            .map(|hash| self.print(&name, &password, hash));
        if print.is_some_and(|print| self.is_remembered(&print)) {
            return Ok(name);
        }
        let address = counted_address(peer);
        self.try_once(address, now)?;
        let turn = timeout(TURN_TIMEOUT, Arc::clone(&self.turns).acquire_owned());
        let Ok(Ok(turn)) = turn.await else {
            self.take_back(address);
            return Err(Denial::Busy);
        };
        // Somebody else with the same may have had the turn before.
        if print.is_some_and(|print| self.is_remembered(&print)) {
            self.take_back(address);
            return Ok(name);
        }
        let is_known = known.is_some();
        let some = users.some_hash(&name, &self.key).map(Arc::clone);
        let Some(hash) = known.or(some) else {
            return Err(Denial::Unauthorized);
        };
        let checked = tokio::task::spawn_blocking(move || {
            // Given back when the work is done, whoever still waits for it.
            let _turn = turn;
            bcrypt::verify(password, &hash).unwrap_or(false)
        });
        let is_right = checked.await.unwrap_or(false);
        match print {
            Some(print) if is_right && is_known => {
                self.remember(print);
                self.take_back(address);
                Ok(name)
            }
            Some(_) | None => Err(Denial::Unauthorized),
        }
    }

    /// What is remembered of a password. Lengths stand before the parts, so that no two
    /// differ only in where one part ends.
    fn print(&self, name: &str, password: &[u8], hash: &str) -> [u8; 32] {
        let mut mac = self.key.mac();
        mac.update(b"password");
        for part in [name.as_bytes(), password, hash.as_bytes()] {
            let length = u64::try_from(part.len()).unwrap_or(u64::MAX);
            mac.update(&length.to_be_bytes());
            mac.update(part);
        }
        mac.finalize().into_bytes().into()
    }

    fn is_remembered(&self, print: &[u8; 32]) -> bool {
        let remembered = self
            .remembered
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        remembered.contains(print)
    }

    fn remember(&self, print: [u8; 32]) {
        let mut remembered = self
            .remembered
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if remembered.contains(&print) {
            return;
        }
        if REMEMBERED_MAX <= remembered.len() {
            remembered.pop_front();
        }
        remembered.push_back(print);
    }

    fn try_once(&self, address: IpAddr, now: Duration) -> Result<(), Denial> {
        let mut tries = self.tries.lock().unwrap_or_else(PoisonError::into_inner);
        if ADDRESSES_MAX <= tries.len() && !tries.contains_key(&address) {
            tries.retain(|_, pace| !pace.ahead(now).is_zero());
            // All have tried just now: whoever tried least is forgotten.
            let least = tries.iter().min_by_key(|(_, pace)| pace.ahead(now));
            let least = least.map(|(other, _)| *other);
            if let Some(least) = least.filter(|_| ADDRESSES_MAX <= tries.len()) {
                tries.remove(&least);
            }
        }
        let pace = tries.entry(address).or_default();
        if pace.admits(now, TRY_INTERVAL, TRIES) {
            return Ok(());
        }
        Err(Denial::Guessing)
    }

    fn take_back(&self, address: IpAddr) {
        let mut tries = self.tries.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(pace) = tries.get_mut(&address) {
            pace.take_back(TRY_INTERVAL);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of `sesame`, with the least work.
    const HASH_COST: u32 = 4;

    fn users(names: &[&str]) -> Users {
        let hash: Arc<str> = Arc::from(bcrypt::hash("sesame", HASH_COST).unwrap());
        let names = names.iter();
        Users(
            names
                .map(|name| ((*name).to_owned(), Arc::clone(&hash)))
                .collect(),
        )
    }

    async fn check(
        passwords: &Passwords,
        users: &Users,
        said: (&str, &str),
        at: u64,
    ) -> Result<String, Denial> {
        let said = Credentials {
            name: said.0.to_owned(),
            password: said.1.as_bytes().to_vec(),
        };
        let peer = IpAddr::from([192, 0, 2, 1]);
        passwords
            .check(users, said, peer, Duration::from_secs(at))
            .await
    }

    #[tokio::test]
    async fn only_the_right_password_of_the_right_name_is_let_in() {
        let (passwords, users) = (Passwords::new(), users(&["alice", "bob"]));
        let alice = check(&passwords, &users, ("alice", "sesame"), 100).await;
        assert_eq!(alice, Ok("alice".to_owned()));
        for said in [
            ("alice", "Sesame"),
            ("alice", ""),
            ("", "sesame"),
            ("mallory", "sesame"),
        ] {
            let answer = check(&passwords, &users, said, 100).await;
            assert_eq!(answer, Err(Denial::Unauthorized), "{said:?}");
        }
        assert_eq!(passwords.remembered.lock().unwrap().len(), 1);
    }

    #[tokio::test]
    async fn guessing_is_slowed_down_and_who_was_right_before_is_let_in_meanwhile() {
        let (passwords, users) = (Passwords::new(), users(&["alice"]));
        assert!(
            check(&passwords, &users, ("alice", "sesame"), 100)
                .await
                .is_ok()
        );
        for _ in 0..TRIES {
            let answer = check(&passwords, &users, ("alice", "guess"), 100).await;
            assert_eq!(answer, Err(Denial::Unauthorized));
        }
        let answer = check(&passwords, &users, ("alice", "guess"), 100).await;
        assert_eq!(answer, Err(Denial::Guessing));
        assert!(
            check(&passwords, &users, ("alice", "sesame"), 100)
                .await
                .is_ok()
        );
        let later = check(&passwords, &users, ("alice", "guess"), 107).await;
        assert_eq!(later, Err(Denial::Unauthorized));
    }

    #[tokio::test]
    async fn a_changed_hash_forgets_who_was_right() {
        let (passwords, before) = (Passwords::new(), users(&["alice"]));
        assert!(
            check(&passwords, &before, ("alice", "sesame"), 100)
                .await
                .is_ok()
        );
        let hash = bcrypt::hash("other", HASH_COST).unwrap();
        let after = Users(vec![("alice".to_owned(), Arc::from(hash))]);
        let answer = check(&passwords, &after, ("alice", "sesame"), 100).await;
        assert_eq!(answer, Err(Denial::Unauthorized));
        let gone = check(&passwords, &users(&["bob"]), ("alice", "sesame"), 100).await;
        assert_eq!(gone, Err(Denial::Unauthorized));
    }

    #[test]
    fn no_two_differ_only_in_where_a_part_ends() {
        let passwords = Passwords::new();
        let print = passwords.print("a", b"bc", "d");
        assert_ne!(print, passwords.print("ab", b"c", "d"));
        assert_ne!(print, passwords.print("a", b"b", "cd"));
    }

    #[test]
    fn memories_are_bounded() {
        let passwords = Passwords::new();
        for number in 0..=u8::MAX {
            passwords.remember([number; 32]);
            passwords.remember([number; 32]);
        }
        passwords.remember([7; 32].map(|byte: u8| byte.wrapping_add(1)));
        let mut other = [0; 32];
        other[1] = 1;
        passwords.remember(other);
        assert_eq!(passwords.remembered.lock().unwrap().len(), REMEMBERED_MAX);
        assert!(!passwords.is_remembered(&[0; 32]) && passwords.is_remembered(&other));
        let now = Duration::from_secs(100);
        for number in 0..3_000_u32 {
            let address = IpAddr::from(number.to_be_bytes());
            assert_eq!(passwords.try_once(address, now), Ok(()));
        }
        assert_eq!(passwords.tries.lock().unwrap().len(), ADDRESSES_MAX);
    }
}
