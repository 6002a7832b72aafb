//! What an operator decides: where to listen, who may ask what, whom to notify.
//!
//! Values only, already read from wherever they stand. [`Settings::check`] says what
//! types cannot, with the words of a configuration.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;

use crate::access::View;
use crate::front::FrontSettings;
use crate::notify::{Target, Via};
use crate::oid::Oid;
use crate::tree::ztna::DEFAULT_BASE;
use crate::users::{Secret, UserError};
use crate::usm::UserAccess;

/// The view that is always there and shows everything.
pub const EVERYTHING: &str = "all";

/// Largest answer in octets: with headers it passes every path that Ethernet does, and a
/// question cannot make a crowd of fragments.
pub const ANSWER_BYTES_MAX: usize = 1_400;

/// A community and what it sees. It may only read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Community {
    /// The name, which is all the protection there is.
    pub name: Secret,
    /// The view's name.
    pub view: Arc<str>,
}

/// Everything an operator decides.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where to listen. Nowhere: only notifications are sent.
    pub listen: Vec<SocketAddr>,
    /// Who may ask by SNMPv1 and SNMPv2c. Empty: nobody.
    pub communities: Vec<Community>,
    /// Who may ask by SNMPv3. Empty: nobody, and there is no engine unless a target
    /// needs one.
    pub users: Vec<UserAccess>,
    /// Views by name. [`EVERYTHING`] need not be among them.
    pub views: BTreeMap<Arc<str>, View>,
    /// Who may send at all, and how much each gets.
    pub front: FrontSettings,
    /// Whom to notify.
    pub targets: Vec<Target>,
    /// sysContact.
    pub contact: String,
    /// sysLocation.
    pub location: String,
    /// Where our own MIB hangs.
    pub base: Oid,
    /// Largest answer in octets, 484 to 65507.
    pub answer_bytes_max: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            listen: Vec::new(),
            communities: Vec::new(),
            users: Vec::new(),
            views: BTreeMap::new(),
            front: FrontSettings::default(),
            targets: Vec::new(),
            contact: String::new(),
            location: String::new(),
            base: Oid::new(DEFAULT_BASE),
            answer_bytes_max: ANSWER_BYTES_MAX,
        }
    }
}

/// Why settings cannot be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SettingsError {
    /// A community of no letters is open to everybody.
    #[error("a community is empty")]
    EmptyCommunity,
    /// Two users of one name.
    #[error("there are two users `{0}`")]
    TwoUsers(String),
    /// A name or a key that cannot be.
    #[error("the user `{name}` cannot be")]
    User {
        /// The user's name.
        name: String,
        /// What is wrong.
        source: UserError,
    },
    /// A view that is not defined.
    #[error("there is no view `{0}`")]
    NoView(String),
    /// A target wants to sign as somebody who is not there.
    #[error("the target `{target}` sends as `{user}`, who is no user")]
    NoSender {
        /// The target's name.
        target: String,
        /// The missing user.
        user: String,
    },
    /// An answer that no receiver must take, or that no datagram can carry.
    #[error("an answer has 484 to 65507 octets at most, {0} cannot be")]
    BadAnswerSize(usize),
}

impl Settings {
    /// Whether an engine of SNMPv3 is needed.
    pub fn needs_engine(&self) -> bool {
        !self.users.is_empty()
    }

    /// Says what is wrong, if anything is.
    ///
    /// # Errors
    ///
    /// The first [`SettingsError`] found.
    pub fn check(&self) -> Result<(), SettingsError> {
        if !(484..=65_507).contains(&self.answer_bytes_max) {
            return Err(SettingsError::BadAnswerSize(self.answer_bytes_max));
        }
        for community in &self.communities {
            if community.name.expose().is_empty() {
                return Err(SettingsError::EmptyCommunity);
            }
            self.check_view(&community.view)?;
        }
        let mut names = std::collections::BTreeSet::new();
        for access in &self.users {
            let name = access.user.name.as_str();
            if !names.insert(name) {
                return Err(SettingsError::TwoUsers(name.to_owned()));
            }
            access.user.check().map_err(|source| SettingsError::User {
                name: name.to_owned(),
                source,
            })?;
            self.check_view(&access.view)?;
        }
        for target in &self.targets {
            if let Via::TrapAs(user) = &target.via
                && !names.contains(user.as_str())
            {
                return Err(SettingsError::NoSender {
                    target: target.name.clone(),
                    user: user.clone(),
                });
            }
        }
        Ok(())
    }

    fn check_view(&self, view: &Arc<str>) -> Result<(), SettingsError> {
        if &**view == EVERYTHING || self.views.contains_key(view) {
            return Ok(());
        }
        Err(SettingsError::NoView(view.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::notify::Target;
    use crate::users::{AuthProtocol, User};
    use crate::usm::Level;

    fn user(name: &str, key_size: usize) -> UserAccess {
        UserAccess {
            user: User {
                name: name.to_owned(),
                auth: (AuthProtocol::Sha1, Secret::new(vec![1; key_size])),
                privacy: None,
            },
            minimum: Level::AuthPriv,
            view: Arc::from(EVERYTHING),
        }
    }

    fn community(name: &str, view: &str) -> Community {
        Community {
            name: Secret::new(name),
            view: Arc::from(view),
        }
    }

    #[test]
    fn what_cannot_work_is_refused_by_name() {
        let good = Settings {
            communities: vec![community("public", EVERYTHING)],
            users: vec![user("one", 20), user("two", 20)],
            ..Settings::default()
        };
        assert_eq!(good.check(), Ok(()));
        let mut settings = good.clone();
        settings.communities.push(community("", EVERYTHING));
        assert_eq!(settings.check(), Err(SettingsError::EmptyCommunity));
        settings = good.clone();
        settings.communities.push(community("x", "some"));
        assert_eq!(
            settings.check(),
            Err(SettingsError::NoView("some".to_owned()))
        );
        settings = good.clone();
        settings.users.push(user("one", 20));
        assert_eq!(
            settings.check(),
            Err(SettingsError::TwoUsers("one".to_owned()))
        );
        settings = good.clone();
        settings.users.push(user("short", 16));
        assert!(matches!(settings.check(), Err(SettingsError::User { .. })));
        settings = good.clone();
        settings.targets.push(Target {
            name: "noc".to_owned(),
            address: "192.0.2.1:162".parse().unwrap(),
            via: Via::TrapAs("nobody".to_owned()),
        });
        assert!(matches!(
            settings.check(),
            Err(SettingsError::NoSender { .. })
        ));
        settings = good;
        settings.answer_bytes_max = 483;
        assert_eq!(settings.check(), Err(SettingsError::BadAnswerSize(483)));
    }
}
