//! The section `snmp`: who may poll, and who is told.
//!
//! Words and places of secrets only. What they become for the protocol is in
//! [`crate::snmp`]; what types cannot say is checked in `check::snmp`.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::de::{self, Deserialize, Deserializer};
use snmp_agent::users::{AuthProtocol, PrivProtocol};
use snmp_agent::usm::Level;

use super::quantity::HumanDuration;
use super::secret::SecretSource;

/// How SNMP is served.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SnmpConfig {
    /// Addresses with ports. Empty: SNMP is not served.
    pub listen: Vec<String>,
    /// Whether communities, and users who need not encrypt, may be answered beyond this
    /// machine.
    pub insecure_public: bool,
    /// Whom to call: sysContact.
    pub contact: String,
    /// Where the host stands: sysLocation.
    pub location: String,
    /// Networks that may ask. Empty: everybody whom the addresses let in.
    pub allow: Vec<String>,
    /// Where our own objects hang, if not at the usual place.
    pub base_oid: Option<String>,
    /// Who may ask by SNMPv1 and SNMPv2c.
    pub communities: Vec<CommunityConfig>,
    /// Who may ask by SNMPv3.
    pub users: Vec<SnmpUserConfig>,
    /// Parts of the tree by name.
    pub views: BTreeMap<String, ViewConfig>,
    /// Who is told.
    pub targets: Vec<TargetConfig>,
}

/// A community.
#[derive(Debug, Clone, PartialEq, Eq, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CommunityConfig {
    /// The file that has its name.
    #[serde(default)]
    pub name_file: Option<PathBuf>,
    /// The systemd credential that has its name.
    #[serde(default)]
    pub name_credential: Option<String>,
    /// What it sees.
    #[serde(default = "everything")]
    pub view: String,
}

impl CommunityConfig {
    /// Where its name stands.
    pub fn name(&self) -> Option<SecretSource> {
        SecretSource::of(self.name_file.as_ref(), self.name_credential.as_ref())
    }
}

/// A user of SNMPv3.
#[derive(Debug, Clone, PartialEq, Eq, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SnmpUserConfig {
    /// The name, 1 to 32 bytes.
    pub name: String,
    /// How his messages are signed.
    pub auth: ProtectionConfig<AuthProtocol>,
    /// How they are encrypted, if they are.
    #[serde(default, rename = "priv")]
    pub privacy: Option<ProtectionConfig<PrivProtocol>>,
    /// The least protection with which he is answered, if not the best that he has.
    #[serde(default, deserialize_with = "level")]
    pub level: Option<Level>,
    /// What he sees.
    #[serde(default = "everything")]
    pub view: String,
}

impl SnmpUserConfig {
    /// The least protection with which he is answered.
    pub fn minimum(&self) -> Level {
        let best = if self.privacy.is_some() {
            Level::AuthPriv
        } else {
            Level::AuthNoPriv
        };
        self.level.unwrap_or(best)
    }

    /// Whether passphrases are known for all that he has: without them he can send no
    /// inform, which is signed for its receiver.
    pub fn has_passphrases(&self) -> bool {
        let is_passphrase = |source| matches!(source, Some(KeySource::Passphrase(_)));
        let sealing = self.privacy.as_ref().map(ProtectionConfig::source);
        is_passphrase(self.auth.source()) && sealing.is_none_or(is_passphrase)
    }
}

/// One half of a user's protection.
#[derive(Debug, Clone, PartialEq, Eq, serde::Deserialize)]
#[serde(deny_unknown_fields, bound = "P: Protocol")]
pub struct ProtectionConfig<P> {
    /// The digest or cipher.
    #[serde(deserialize_with = "protocol")]
    pub protocol: P,
    /// The file that has the passphrase.
    #[serde(default)]
    pub passphrase_file: Option<PathBuf>,
    /// The systemd credential that has the passphrase.
    #[serde(default)]
    pub passphrase_credential: Option<String>,
    /// The file that has the key that `snmp user` made.
    #[serde(default)]
    pub key_file: Option<PathBuf>,
    /// The systemd credential that has that key.
    #[serde(default)]
    pub key_credential: Option<String>,
}

/// What a key is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeySource {
    /// A passphrase, for any engine.
    Passphrase(SecretSource),
    /// The key itself, for one engine.
    Key(SecretSource),
}

impl KeySource {
    /// Where it stands.
    pub const fn secret(&self) -> &SecretSource {
        match self {
            Self::Passphrase(secret) | Self::Key(secret) => secret,
        }
    }
}

impl<P> ProtectionConfig<P> {
    /// What the key is made of. `None` if nothing is said of it, or more than one thing.
    pub fn source(&self) -> Option<KeySource> {
        let passphrase = (
            self.passphrase_file.as_ref(),
            self.passphrase_credential.as_ref(),
        );
        let key = (self.key_file.as_ref(), self.key_credential.as_ref());
        match (passphrase, key) {
            ((file, name), (None, None)) => SecretSource::of(file, name).map(KeySource::Passphrase),
            ((None, None), (file, name)) => SecretSource::of(file, name).map(KeySource::Key),
            _ => None,
        }
    }

    fn resolve(&mut self, folder: &Path) {
        resolve(&mut self.passphrase_file, folder);
        resolve(&mut self.key_file, folder);
    }
}

/// A part of the tree.
#[derive(Debug, Clone, PartialEq, Eq, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ViewConfig {
    /// Subtrees that are shown.
    pub include: Vec<String>,
    /// Subtrees of them that are not.
    #[serde(default)]
    pub exclude: Vec<String>,
}

/// Who is told.
#[derive(Debug, Clone, PartialEq, Eq, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TargetConfig {
    /// Label `target` of what is counted.
    pub name: String,
    /// Address with port.
    pub address: String,
    /// The file that has the community of an SNMPv2c notification.
    #[serde(default)]
    pub community_file: Option<PathBuf>,
    /// The systemd credential that has it.
    #[serde(default)]
    pub community_credential: Option<String>,
    /// Who signs an SNMPv3 notification: one of the users.
    #[serde(default)]
    pub user: Option<String>,
    /// Whether the receiver has to confirm.
    #[serde(default)]
    pub inform: bool,
    /// How long a confirmation is waited for, each time.
    #[serde(default = "usual_timeout")]
    pub timeout: HumanDuration,
    /// How often an inform is sent again.
    #[serde(default = "usual_retries")]
    pub retries: u32,
}

impl TargetConfig {
    /// Where its community stands.
    pub fn community(&self) -> Option<SecretSource> {
        SecretSource::of(
            self.community_file.as_ref(),
            self.community_credential.as_ref(),
        )
    }
}

impl SnmpConfig {
    /// Whether there is anything to do.
    pub const fn is_wanted(&self) -> bool {
        !self.listen.is_empty() || !self.targets.is_empty()
    }

    /// Lets relative paths start at `folder`.
    pub(super) fn resolve(&mut self, folder: &Path) {
        for community in &mut self.communities {
            resolve(&mut community.name_file, folder);
        }
        for user in &mut self.users {
            user.auth.resolve(folder);
            if let Some(privacy) = &mut user.privacy {
                privacy.resolve(folder);
            }
        }
        for target in &mut self.targets {
            resolve(&mut target.community_file, folder);
        }
    }
}

fn resolve(path: &mut Option<PathBuf>, folder: &Path) {
    if let Some(path) = path.as_mut().filter(|path| !path.as_os_str().is_empty()) {
        *path = folder.join(&*path);
    }
}

/// The view that shows all: what is served is harmless to whoever may ask at all.
fn everything() -> String {
    snmp_agent::settings::EVERYTHING.to_owned()
}

/// As net-snmp has it nearly: a second for the way and one for a busy receiver.
const fn usual_timeout() -> HumanDuration {
    HumanDuration(Duration::from_secs(2))
}

/// As net-snmp has it.
const fn usual_retries() -> u32 {
    5
}

/// A digest or a cipher, by its word.
pub trait Protocol: Copy + fmt::Debug {
    /// What it is called in an error.
    const WHAT: &'static str;

    /// Finds it by its word.
    fn find(word: &str) -> Option<Self>;
}

impl Protocol for AuthProtocol {
    const WHAT: &'static str = "digest";

    fn find(word: &str) -> Option<Self> {
        Self::from_name(word)
    }
}

impl Protocol for PrivProtocol {
    const WHAT: &'static str = "cipher";

    fn find(word: &str) -> Option<Self> {
        Self::from_name(word)
    }
}

fn protocol<'de, D: Deserializer<'de>, P: Protocol>(deserializer: D) -> Result<P, D::Error> {
    let word = String::deserialize(deserializer)?;
    P::find(&word).ok_or_else(|| de::Error::custom(format!("`{word}` is no known {}", P::WHAT)))
}

/// Reads a level by the standard's word for it (RFC 3411 3.4.3). The one without a
/// signature is left out on purpose.
fn level<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Level>, D::Error> {
    let word = String::deserialize(deserializer)?;
    match word.as_str() {
        "authPriv" => Ok(Some(Level::AuthPriv)),
        "authNoPriv" => Ok(Some(Level::AuthNoPriv)),
        _ => Err(de::Error::custom(format!("`{word}` is no level"))),
    }
}
