//! Checks of who may poll by SNMP, and who is told.
//!
//! Secrets are read here to see whether they are some, and forgotten. What only the
//! network can say, as whether an address is ours, is found when it is put in force.

use std::collections::{BTreeSet, HashMap};
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use snmp_agent::front::Network;
use snmp_agent::oid::Oid;
use snmp_agent::settings::EVERYTHING;
use snmp_agent::users::{NAME_BYTES_MAX as USER_BYTES_MAX, PASSPHRASE_BYTES_MIN, Secret};
use snmp_agent::usm::Level;

use super::super::secret::SecretSource;
use super::super::snmp::{
    KeySource, ProtectionConfig, SnmpConfig, SnmpUserConfig, TargetConfig, ViewConfig,
};
use super::{Checker, ConfigError, KeyPath, LISTENERS_MAX, Part, not_an_address, shortened};
use crate::snmp::key::LocalKey;

const COMMUNITIES_MAX: usize = 16;
const USERS_MAX: usize = 64;
const VIEWS_MAX: usize = 16;
const SUBTREES_MAX: usize = 64;
const NETWORKS_MAX: usize = 64;
const TARGETS_MAX: usize = 16;

/// How long a notice may be tried at one target: its later notices wait behind it.
const PATIENCE_MAX: Duration = Duration::from_secs(120);

/// The length of sysContact and sysLocation (RFC 3418).
const TEXT_BYTES_MAX: usize = 255;

/// The beginning of everything that SNMP names: `iso.org.dod.internet`.
const INTERNET: &[u32] = &[1, 3, 6, 1];

/// Parts of a base: below the internet's own branches, and short enough for a row's name
/// behind it.
const BASE_PARTS: std::ops::RangeInclusive<usize> = 7..=32;

/// Where standards and others have their objects, which we serve too: ours among them
/// would be taken for theirs.
const TAKEN: [&str; 3] = ["1.3.6.1.2", "1.3.6.1.6.3", "1.3.6.1.4.1.2021"];

/// The communities that everybody tries first.
const KNOWN_COMMUNITIES: [&[u8]; 2] = [b"public", b"private"];

impl Checker<'_> {
    pub(super) fn snmp(&self, snmp: &SnmpConfig) -> Result<(), ConfigError> {
        let section = KeyPath::default().key("snmp");
        let listens_beyond = self.snmp_listen(&section.key("listen"), &snmp.listen)?;
        for (key, text) in [("contact", &snmp.contact), ("location", &snmp.location)] {
            if TEXT_BYTES_MAX < text.len() {
                let wrong = format!("has {} bytes", text.len());
                return Err(self.refuse(&section.key(key), &wrong));
            }
            self.without_controls(&section.key(key), text)?;
        }
        self.networks(&section.key("allow"), &snmp.allow)?;
        if let Some(base) = &snmp.base_oid {
            self.base(&section.key("base_oid"), base)?;
        }
        self.views(&section.key("views"), snmp)?;
        self.communities(&section, snmp)?;
        self.users(&section, snmp)?;
        self.targets(&section.key("targets"), snmp)?;
        if let Some(address) = listens_beyond {
            self.reach(&section, snmp, address)?;
        }
        if !snmp.listen.is_empty() && snmp.communities.is_empty() && snmp.users.is_empty() {
            return Err(self
                .refuse(&section.key("listen"), "listens, but nobody may ask")
                .wanting(
                    "`communities` or `users` beside it; `ztna-exporter snmp user NAME` \
                     makes a user",
                ));
        }
        Ok(())
    }

    /// What reaches people's terminals and other programs' tables.
    fn without_controls(&self, path: &KeyPath, text: &str) -> Result<(), ConfigError> {
        let Some(found) = text.chars().find(|one| one.is_control()) else {
            return Ok(());
        };
        let wrong = format!("has the control character U+{:04X}", u32::from(found));
        Err(self
            .refuse(path, &wrong)
            .wanting("text of one line, without tabs and control characters"))
    }

    /// Returns the first address that other machines can reach.
    fn snmp_listen(
        &self,
        path: &KeyPath,
        listen: &[String],
    ) -> Result<Option<(usize, IpAddr)>, ConfigError> {
        self.at_most(path, listen.len(), LISTENERS_MAX, "addresses")?;
        let mut seen = HashMap::new();
        let mut beyond = None;
        for (index, text) in listen.iter().enumerate() {
            let item = path.index(index);
            let Ok(address) = text.parse::<SocketAddr>() else {
                return Err(self.refuse(&item, &not_an_address(text)));
            };
            if let Some(first) = seen.insert(address, index).filter(|_| address.port() != 0) {
                let wrong = format!("`{text}` is also in `{}`", path.index(first));
                return Err(self.refuse(&item, &wrong).wanting("each address once"));
            }
            if !address.ip().to_canonical().is_loopback() {
                beyond = beyond.or(Some((index, address.ip())));
            }
        }
        Ok(beyond)
    }

    /// What may not be answered beyond this machine.
    fn reach(
        &self,
        section: &KeyPath,
        snmp: &SnmpConfig,
        (index, address): (usize, IpAddr),
    ) -> Result<(), ConfigError> {
        for (number, community) in snmp.communities.iter().enumerate() {
            let item = section.key("communities").index(number);
            let found = community.name().and_then(|source| source.read().ok());
            let is_known =
                found.is_some_and(|found| KNOWN_COMMUNITIES.contains(&found.secret.expose()));
            if is_known {
                return Err(self
                    .refuse(&item, "is the name that everybody tries first")
                    .wanting(
                        "a name that is not `public` or `private`, since other machines may ask",
                    ));
            }
        }
        if snmp.insecure_public {
            return Ok(());
        }
        let who = if !snmp.communities.is_empty() {
            "`snmp.communities` are answered in clear".to_owned()
        } else if let Some(user) = snmp
            .users
            .iter()
            .find(|user| user.minimum() < Level::AuthPriv)
        {
            format!("the user `{}` need not encrypt", shortened(&user.name))
        } else {
            return Ok(());
        };
        let path = section.key("listen").index(index);
        let wrong = format!("`{address}` can be reached by other machines, and {who}");
        Err(self.refuse(&path, &wrong).wanting(
            "an address of this machine only, like `127.0.0.1:10161`; or only users with \
             `auth` and `priv`; or `snmp.insecure_public: true` if everybody on the way \
             may read this",
        ))
    }

    fn networks(&self, path: &KeyPath, networks: &[String]) -> Result<(), ConfigError> {
        self.at_most(path, networks.len(), NETWORKS_MAX, "networks")?;
        for (index, text) in networks.iter().enumerate() {
            if Network::parse(text).is_none() {
                let wrong = format!("`{}` is no network", shortened(text));
                return Err(self.refuse(&path.index(index), &wrong));
            }
        }
        Ok(())
    }

    fn base(&self, path: &KeyPath, text: &str) -> Result<(), ConfigError> {
        let found = Oid::parse(text).filter(|oid| {
            oid.numbers().starts_with(INTERNET) && BASE_PARTS.contains(&oid.numbers().len())
        });
        let Some(base) = found else {
            return Err(self.refuse(path, &format!("is `{}`", shortened(text))));
        };
        let mut taken = TAKEN.iter().filter_map(|one| Oid::parse(one));
        match taken.find(|one| base.numbers().starts_with(one.numbers())) {
            None => Ok(()),
            Some(around) => {
                let wrong = format!("`{base}` lies within `{around}`, which is served");
                Err(self.refuse(path, &wrong).wanting(
                    "a place below `1.3.6.1.4.1`, as of an enterprise of yours, where nothing \
                     else is",
                ))
            }
        }
    }

    fn views(&self, path: &KeyPath, snmp: &SnmpConfig) -> Result<(), ConfigError> {
        self.at_most(path, snmp.views.len(), VIEWS_MAX, "views")?;
        for (name, ViewConfig { include, exclude }) in &snmp.views {
            let view = path.key(name);
            self.name(&view, Part::Key, name)?;
            if name == EVERYTHING {
                return Err(self
                    .refuse_part(&view, Part::Key, "is there already and shows everything")
                    .wanting("another name"));
            }
            let shown = view.key("include");
            self.count(&shown, include.len(), SUBTREES_MAX, "subtrees")?;
            self.subtrees(&shown, include)?;
            let hidden = view.key("exclude");
            self.at_most(&hidden, exclude.len(), SUBTREES_MAX, "subtrees")?;
            self.subtrees(&hidden, exclude)?;
        }
        Ok(())
    }

    fn subtrees(&self, path: &KeyPath, subtrees: &[String]) -> Result<(), ConfigError> {
        for (index, text) in subtrees.iter().enumerate() {
            if Oid::parse(text).is_none() {
                let wrong = format!("`{}` is no object identifier", shortened(text));
                return Err(self.refuse(&path.index(index), &wrong));
            }
        }
        Ok(())
    }

    fn view(&self, path: &KeyPath, snmp: &SnmpConfig, view: &str) -> Result<(), ConfigError> {
        if view == EVERYTHING || snmp.views.contains_key(view) {
            return Ok(());
        }
        let wrong = format!("`{}` is no view", shortened(view));
        Err(self.refuse(&path.key("view"), &wrong))
    }

    fn communities(&self, section: &KeyPath, snmp: &SnmpConfig) -> Result<(), ConfigError> {
        let path = section.key("communities");
        self.at_most(
            &path,
            snmp.communities.len(),
            COMMUNITIES_MAX,
            "communities",
        )?;
        let mut known: Vec<Secret> = Vec::new();
        for (index, community) in snmp.communities.iter().enumerate() {
            let item = path.index(index);
            let Some(source) = community.name() else {
                return Err(self
                    .refuse(&item, "has no name")
                    .wanting("either `name_file` or `name_credential`"));
            };
            let name = self.secret(&item, "name", &source)?;
            if let Some(first) = known.iter().position(|one| *one == name) {
                let wrong = format!("holds the same community as `{}`", path.index(first));
                return Err(self
                    .refuse(&key_of(&item, "name", &source), &wrong)
                    .wanting("each community once: what it sees would be the first one's alone"));
            }
            if name.expose().iter().any(u8::is_ascii_control) {
                return Err(self
                    .refuse(&key_of(&item, "name", &source), "holds a control character")
                    .wanting("a community that can be typed"));
            }
            known.push(name);
            self.view(&item, snmp, &community.view)?;
        }
        Ok(())
    }

    fn users(&self, section: &KeyPath, snmp: &SnmpConfig) -> Result<(), ConfigError> {
        let path = section.key("users");
        self.at_most(&path, snmp.users.len(), USERS_MAX, "users")?;
        let mut names = HashMap::new();
        for (index, user) in snmp.users.iter().enumerate() {
            let item = path.index(index);
            let name = user.name.as_str();
            let is_plain = !name.chars().any(char::is_control);
            if !(1..=USER_BYTES_MAX).contains(&name.len()) || !is_plain {
                let wrong = if name.is_empty() {
                    "is empty".to_owned()
                } else {
                    format!("`{}` is no name of a user", shortened(name))
                };
                return Err(self.refuse(&item.key("name"), &wrong));
            }
            if let Some(first) = names.insert(name, index) {
                let wrong = format!("`{name}` is also the name of `{}`", path.index(first));
                return Err(self.refuse(&item.key("name"), &wrong));
            }
            self.user(&item, user)?;
            self.view(&item, snmp, &user.view)?;
        }
        Ok(())
    }

    fn user(&self, item: &KeyPath, user: &SnmpUserConfig) -> Result<(), ConfigError> {
        let auth_size = user.auth.protocol.key_size();
        self.protection(&item.key("auth"), &user.auth, auth_size)?;
        if let Some(privacy) = &user.privacy {
            self.protection(&item.key("priv"), privacy, privacy.protocol.key_size())?;
        }
        if user.level == Some(Level::AuthPriv) && user.privacy.is_none() {
            return Err(self
                .refuse(
                    &item.key("level"),
                    "is `authPriv`, but the user has no `priv`",
                )
                .wanting("`priv` with `protocol` and a passphrase or a key"));
        }
        Ok(())
    }

    fn protection<P>(
        &self,
        path: &KeyPath,
        protection: &ProtectionConfig<P>,
        key_size: usize,
    ) -> Result<(), ConfigError> {
        let Some(source) = protection.source() else {
            return Err(self.refuse(path, "has no secret, or more than one").wanting(
                "one of `passphrase_file`, `passphrase_credential`, `key_file`, `key_credential`",
            ));
        };
        match &source {
            KeySource::Passphrase(place) => {
                let passphrase = self.secret(path, "passphrase", place)?;
                if passphrase.expose().len() < PASSPHRASE_BYTES_MIN {
                    let key = key_of(path, "passphrase", place);
                    let wrong = format!(
                        "has {} bytes: it would be guessed",
                        passphrase.expose().len()
                    );
                    return Err(self
                        .refuse(&key, &wrong)
                        .wanting("a passphrase of at least 8 bytes, better 16 or more"));
                }
                Ok(())
            }
            KeySource::Key(place) => {
                let text = self.secret(path, "key", place)?;
                let found = LocalKey::parse(&text).map(|key| key.key.expose().len());
                if found == Some(key_size) {
                    return Ok(());
                }
                let wrong = match found {
                    None => "holds no key".to_owned(),
                    Some(size) => format!("holds a key of {size} bytes, not of {key_size}"),
                };
                Err(self
                    .refuse(&key_of(path, "key", place), &wrong)
                    .wanting("a file that `ztna-exporter snmp user` made for this protocol"))
            }
        }
    }

    pub(super) fn secret(
        &self,
        path: &KeyPath,
        stem: &str,
        source: &SecretSource,
    ) -> Result<Secret, ConfigError> {
        match source.read() {
            Ok(found) => Ok(found.secret),
            Err(error) => {
                let key = key_of(path, stem, source);
                let refused = self.refuse(&key, &error.to_string());
                // A secret that stands where its file should: not for a journal or a ticket.
                Err(match (source, refused.length_of_no_path()) {
                    (SecretSource::File(_), Some(length)) => {
                        let what = error.unnamed();
                        let wrong = format!(
                            "{what} (its {length} characters look like no path and are not shown)"
                        );
                        self.refuse(&key, &wrong).hiding_its_value()
                    }
                    (SecretSource::Credential(_), _) => {
                        self.refuse(&key, &error.unnamed()).hiding_its_value()
                    }
                    (SecretSource::File(_), None) => refused,
                })
            }
        }
    }

    fn targets(&self, path: &KeyPath, snmp: &SnmpConfig) -> Result<(), ConfigError> {
        self.at_most(path, snmp.targets.len(), TARGETS_MAX, "targets")?;
        let mut names = BTreeSet::new();
        for (index, target) in snmp.targets.iter().enumerate() {
            let item = path.index(index);
            self.name(&item.key("name"), Part::Value, &target.name)?;
            if !names.insert(target.name.as_str()) {
                let wrong = format!("`{}` is also the name of another target", target.name);
                return Err(self.refuse(&item.key("name"), &wrong));
            }
            let Ok(address) = target.address.parse::<SocketAddr>() else {
                let wrong = not_an_address(&target.address);
                return Err(self.refuse(&item.key("address"), &wrong));
            };
            if address.port() == 0 {
                return Err(self
                    .refuse(&item.key("address"), "has the port 0, where nobody listens")
                    .wanting("the receiver's port; 162 is the usual one"));
            }
            self.duration(&item.key("timeout"), target.timeout)?;
            let retries = u64::from(target.retries);
            self.bounded(&item.key("retries"), retries, &target.retries)?;
            let tries = target.retries.saturating_add(1);
            let patience = target.timeout.0.saturating_mul(tries);
            if PATIENCE_MAX < patience {
                let wrong = format!(
                    "makes {tries} tries of {} each: a notice would be tried for {} s",
                    target.timeout,
                    patience.as_secs()
                );
                return Err(self.refuse(&item.key("retries"), &wrong).wanting(
                    "`timeout` times the tries (`retries` and one) of at most 2 minutes",
                ));
            }
            self.sender(&item, snmp, target)?;
        }
        Ok(())
    }

    fn sender(
        &self,
        item: &KeyPath,
        snmp: &SnmpConfig,
        target: &TargetConfig,
    ) -> Result<(), ConfigError> {
        let has_community =
            target.community_file.is_some() || target.community_credential.is_some();
        match (&target.user, target.community()) {
            (None, Some(community)) => self.secret(item, "community", &community).map(drop),
            (Some(name), None) if !has_community => {
                let Some(user) = snmp.users.iter().find(|user| user.name == *name) else {
                    let wrong = format!("`{}` is none of `snmp.users`", shortened(name));
                    return Err(self.refuse(&item.key("user"), &wrong));
                };
                if target.inform && !user.has_passphrases() {
                    let wrong = format!(
                        "`{name}` has keys for this agent only, and an inform is signed for its receiver"
                    );
                    return Err(self
                        .refuse(&item.key("user"), &wrong)
                        .wanting("a user with passphrases, or `inform: false`"));
                }
                Ok(())
            }
            (Some(_), Some(_)) | (_, None) => Err(self
                .refuse(item, "has no sender, or more than one")
                .wanting("one of `user`, `community_file`, `community_credential`")),
        }
    }

    fn at_most(
        &self,
        path: &KeyPath,
        found: usize,
        most: usize,
        what: &str,
    ) -> Result<(), ConfigError> {
        if found <= most {
            return Ok(());
        }
        Err(self.refuse(path, &format!("has {found} {what}")))
    }
}

/// The key under which a secret's place stands.
fn key_of(path: &KeyPath, stem: &str, source: &SecretSource) -> KeyPath {
    match source {
        SecretSource::File(_) => path.key(&format!("{stem}_file")),
        SecretSource::Credential(_) => path.key(&format!("{stem}_credential")),
    }
}
