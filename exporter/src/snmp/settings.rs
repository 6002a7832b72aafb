//! From the configuration's words to the protocol's settings: secrets are read, and
//! passphrases become keys of this engine.
//!
//! The configuration has been checked, so what fails here changed since: a file that is
//! gone. The exception is a key that was made for another engine, which nobody can know
//! before the engine is; its user is left out, with a warning, and the others are served.

use std::net::SocketAddr;
use std::sync::Arc;

use snmp_agent::access::{View, Visibility};
use snmp_agent::front::{FrontSettings, Network};
use snmp_agent::notify::{Target, Via};
use snmp_agent::oid::Oid;
use snmp_agent::provider::{self, CryptoError, Patience, Sender};
use snmp_agent::settings::{Community, Settings};
use snmp_agent::users::{AuthProtocol, Passphrases, PrivProtocol, Secret, User};
use snmp_agent::usm::UserAccess;

use super::key::{LocalKey, hex};
use crate::config::secret::SecretSource;
use crate::config::snmp::{
    KeySource, ProtectionConfig, SnmpConfig, SnmpUserConfig, TargetConfig, ViewConfig,
};

/// Settings, and what people should know of them.
#[derive(Debug, Default)]
pub struct Built {
    /// The settings.
    pub settings: Settings,
    /// What is wrong with files' permissions and the like.
    pub warnings: Vec<String>,
    /// Users whose keys are another engine's.
    pub left_out: usize,
}

/// Makes settings for the engine of this name. Takes some milliseconds for each
/// passphrase.
///
/// # Errors
///
/// A complete text for people.
pub fn build(config: &SnmpConfig, engine: &[u8]) -> Result<Built, String> {
    let mut builder = Builder {
        engine,
        warnings: Vec::new(),
        left_out: 0,
    };
    let mut users = Vec::new();
    for user in &config.users {
        users.extend(builder.user(user)?);
    }
    let mut communities = Vec::new();
    for community in &config.communities {
        communities.push(Community {
            name: builder.optional(community.name().as_ref(), "snmp.communities")?,
            view: Arc::from(community.view.as_str()),
        });
    }
    let mut targets = Vec::new();
    for target in &config.targets {
        targets.extend(builder.target(target, config, &users)?);
    }
    let usual = Settings::default();
    let views = config.views.iter();
    let settings = Settings {
        listen: config
            .listen
            .iter()
            .filter_map(|text| text.parse().ok())
            .collect(),
        communities,
        users,
        views: views
            .map(|(name, subtrees)| (Arc::from(name.as_str()), view(subtrees)))
            .collect(),
        front: FrontSettings {
            sources: config
                .allow
                .iter()
                .filter_map(|text| Network::parse(text))
                .collect(),
            ..FrontSettings::default()
        },
        targets,
        contact: config.contact.clone(),
        location: config.location.clone(),
        base: config
            .base_oid
            .as_deref()
            .and_then(Oid::parse)
            .unwrap_or(usual.base),
        answer_bytes_max: usual.answer_bytes_max,
    };
    Ok(Built {
        settings,
        warnings: builder.warnings,
        left_out: builder.left_out,
    })
}

fn view(config: &ViewConfig) -> View {
    let parse = |texts: &[String], visibility| -> Vec<(Oid, Visibility)> {
        let oids = texts.iter().filter_map(|text| Oid::parse(text));
        oids.map(|oid| (oid, visibility)).collect()
    };
    let mut subtrees = parse(&config.include, Visibility::Shown);
    subtrees.extend(parse(&config.exclude, Visibility::Hidden));
    View::new(subtrees)
}

struct Builder<'a> {
    engine: &'a [u8],
    warnings: Vec<String>,
    left_out: usize,
}

impl Builder<'_> {
    fn secret(&mut self, source: &SecretSource, key: &str) -> Result<Secret, String> {
        let found = source.read().map_err(|error| {
            format!("error: `{key}` {error}\nwant: what `check-config` accepts")
        })?;
        // Several may name one file.
        let warning = found
            .warning
            .filter(|warning| !self.warnings.contains(warning));
        self.warnings.extend(warning);
        Ok(found.secret)
    }

    fn optional(&mut self, source: Option<&SecretSource>, key: &str) -> Result<Secret, String> {
        let source = source.ok_or_else(|| format!("error: `{key}` has no secret"))?;
        self.secret(source, key)
    }

    /// A user with his keys. `None` if he is left out.
    fn user(&mut self, config: &SnmpUserConfig) -> Result<Option<UserAccess>, String> {
        let digest = config.auth.protocol;
        let name = config.name.as_str();
        let engine = self.engine.to_vec();
        let make = |phrase: &Secret| provider::auth_key(digest, phrase, &engine);
        let Some(auth) = self.key(name, &config.auth, &make)? else {
            return Ok(None);
        };
        let privacy = match &config.privacy {
            None => None,
            Some(half) => {
                let cipher = half.protocol;
                let seal = |phrase: &Secret| provider::priv_key(digest, cipher, phrase, &engine);
                let Some(key) = self.key(name, half, &seal)? else {
                    return Ok(None);
                };
                Some((cipher, key))
            }
        };
        Ok(Some(UserAccess {
            user: User {
                name: config.name.clone(),
                auth: (digest, auth),
                privacy,
            },
            minimum: config.minimum(),
            view: Arc::from(config.view.as_str()),
        }))
    }

    fn key<P>(
        &mut self,
        user: &str,
        half: &ProtectionConfig<P>,
        make: &dyn Fn(&Secret) -> Result<Secret, CryptoError>,
    ) -> Result<Option<Secret>, String> {
        let source = half.source();
        let place = source.as_ref().map(KeySource::secret);
        let secret = self.optional(place, "snmp.users")?;
        if let Some(KeySource::Passphrase(_)) = source {
            let made = make(&secret).map_err(|error| format!("error: no key of `{user}`: {error}"));
            return made.map(Some);
        }
        let local = LocalKey::parse(&secret);
        let local = local.ok_or_else(|| format!("error: a key file of `{user}` holds no key"))?;
        match &local.engine {
            Some(engine) if engine != self.engine => {
                self.left_out = self.left_out.saturating_add(1);
                self.warnings.push(format!(
                    "the keys of the user `{user}` are for the engine {}, this one is {}: make \
                     new ones with `ztna-exporter snmp user`",
                    hex(engine),
                    hex(self.engine)
                ));
                Ok(None)
            }
            Some(_) | None => Ok(Some(local.key)),
        }
    }

    /// A target. `None` if the user who signs is left out.
    fn target(
        &mut self,
        target: &TargetConfig,
        config: &SnmpConfig,
        users: &[UserAccess],
    ) -> Result<Option<Target>, String> {
        let address: SocketAddr = target
            .address
            .parse()
            .map_err(|_| format!("error: `{}` is no address", target.address))?;
        let patience = Patience {
            timeout: target.timeout.0,
            retries: target.retries,
        };
        let via = match (&target.user, target.inform) {
            (None, is_inform) => {
                let community = self.optional(target.community().as_ref(), "snmp.targets")?;
                if is_inform {
                    Via::Inform(Sender::Community(community), patience)
                } else {
                    Via::Trap(community)
                }
            }
            (Some(name), false) => {
                if !users.iter().any(|access| access.user.name == *name) {
                    return Ok(None);
                }
                Via::TrapAs(name.clone())
            }
            (Some(name), true) => {
                let found = config.users.iter().find(|user| user.name == *name);
                let user = found.ok_or_else(|| format!("error: there is no user `{name}`"))?;
                Via::Inform(
                    Sender::User(name.clone(), self.passphrases(user)?),
                    patience,
                )
            }
        };
        Ok(Some(Target {
            name: target.name.clone(),
            address,
            via,
        }))
    }

    fn passphrases(&mut self, user: &SnmpUserConfig) -> Result<Passphrases, String> {
        let auth: (AuthProtocol, Secret) = (user.auth.protocol, self.phrase(&user.auth)?);
        let privacy: Option<(PrivProtocol, Secret)> = match &user.privacy {
            None => None,
            Some(half) => Some((half.protocol, self.phrase(half)?)),
        };
        Ok(Passphrases { auth, privacy })
    }

    fn phrase<P>(&mut self, half: &ProtectionConfig<P>) -> Result<Secret, String> {
        let source = half.source();
        self.optional(source.as_ref().map(KeySource::secret), "snmp.users")
    }
}

#[cfg(test)]
mod tests;
