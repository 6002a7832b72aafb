//! The one file that names the protocol package: digests, ciphers, informs.
//!
//! The package is young and changes often, so nothing of it shows outside of here
//! (ADR 0012). What is taken from it: keys from passphrases, message digests, the
//! ciphers, random numbers, and the client side of informs, where the receiver's engine
//! has to be found and its clock learned. What is not: its agent, which knows users by
//! passphrase only and has no hook before a request is decoded.

use std::fmt;
use std::net::SocketAddr;
use std::time::Duration;

use snmp::v3::{DesSaltState, PersistedDesSaltState, PrivKey, SaltCounter};
use snmp::{Auth, Client, LocalizedKey, Retry, UsmConfig, VarBind};

use crate::oid::Oid;
use crate::users::{AuthProtocol, Passphrases, PrivProtocol, Secret, User};
use crate::value::Value;

/// Why a key or a message could not be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct CryptoError(String);

impl CryptoError {
    fn new(cause: &impl ToString) -> Self {
        Self(cause.to_string())
    }
}

const fn digest(protocol: AuthProtocol) -> snmp::AuthProtocol {
    match protocol {
        AuthProtocol::Md5 => snmp::AuthProtocol::Md5,
        AuthProtocol::Sha1 => snmp::AuthProtocol::Sha1,
        AuthProtocol::Sha224 => snmp::AuthProtocol::Sha224,
        AuthProtocol::Sha256 => snmp::AuthProtocol::Sha256,
        AuthProtocol::Sha384 => snmp::AuthProtocol::Sha384,
        AuthProtocol::Sha512 => snmp::AuthProtocol::Sha512,
    }
}

const fn cipher(protocol: PrivProtocol) -> snmp::PrivProtocol {
    match protocol {
        PrivProtocol::Des => snmp::PrivProtocol::Des,
        PrivProtocol::Aes128 => snmp::PrivProtocol::Aes128,
        PrivProtocol::Aes192 => snmp::PrivProtocol::Aes192Blumenthal,
        PrivProtocol::Aes256 => snmp::PrivProtocol::Aes256Blumenthal,
        PrivProtocol::Aes192Cisco => snmp::PrivProtocol::Aes192Reeder,
        PrivProtocol::Aes256Cisco => snmp::PrivProtocol::Aes256Reeder,
    }
}

/// The key for signing, localised.
///
/// # Errors
///
/// [`CryptoError`] if the package refuses the passphrase.
pub fn auth_key(
    protocol: AuthProtocol,
    passphrase: &Secret,
    engine_id: &[u8],
) -> Result<Secret, CryptoError> {
    let key = LocalizedKey::from_password(digest(protocol), passphrase.expose(), engine_id);
    key.map(|key| Secret::new(key.as_bytes()))
        .map_err(|cause| CryptoError::new(&cause))
}

/// The key for encrypting, localised and extended to its length.
///
/// # Errors
///
/// [`CryptoError`] if the package refuses the passphrase.
pub fn priv_key(
    auth: AuthProtocol,
    protocol: PrivProtocol,
    passphrase: &Secret,
    engine_id: &[u8],
) -> Result<Secret, CryptoError> {
    if matches!(protocol, PrivProtocol::Des) {
        // The package tells only the half that is the key; the other half is for vectors.
        let whole = auth_key(auth, passphrase, engine_id)?;
        let key = whole.expose().get(..protocol.key_size());
        return key
            .map(Secret::new)
            .ok_or_else(|| CryptoError::new(&"the digest is too short"));
    }
    let key = PrivKey::from_password(
        digest(auth),
        cipher(protocol),
        passphrase.expose(),
        engine_id,
    );
    key.map(|key| Secret::new(key.encryption_key()))
        .map_err(|cause| CryptoError::new(&cause))
}

/// Numbers that no cipher may see twice under one key.
pub struct Salts {
    aes: SaltCounter,
    des: DesSaltState,
}

impl Salts {
    /// For one run of an engine. The engine's boots, which never repeat, keep salts of
    /// DES apart from those of earlier runs (RFC 3414 8.1.1.1).
    ///
    /// # Errors
    ///
    /// [`CryptoError`] without a source of random numbers.
    pub fn new(engine_boots: u32) -> Result<Self, CryptoError> {
        let aes = SaltCounter::new().map_err(|cause| CryptoError::new(&cause))?;
        let keep = |_: &PersistedDesSaltState| Ok::<(), std::convert::Infallible>(());
        // Nothing more to keep: who calls has stored the boots already.
        let des = match engine_boots.checked_sub(1) {
            None | Some(0) => DesSaltState::install(keep),
            Some(previous) => {
                let previous = PersistedDesSaltState::new(previous)
                    .map_err(|cause| CryptoError::new(&cause))?;
                DesSaltState::restart(previous, keep)
            }
        };
        let des = des.map_err(|cause| CryptoError::new(&cause))?;
        Ok(Self { aes, des })
    }
}

impl fmt::Debug for Salts {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Salts")
    }
}

/// The engine's clock as it stands in a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EngineTime {
    /// How often the engine was started.
    pub boots: u32,
    /// Seconds since then.
    pub seconds: u32,
}

/// A user's keys, ready for use.
#[derive(Debug)]
pub struct Keys {
    auth: LocalizedKey,
    privacy: Option<PrivKey>,
}

impl Keys {
    /// Makes the user's keys ready.
    ///
    /// # Errors
    ///
    /// [`CryptoError`] for a key of a wrong size.
    pub fn new(user: &User) -> Result<Self, CryptoError> {
        let (protocol, key) = &user.auth;
        let auth = LocalizedKey::from_bytes(digest(*protocol), key.expose());
        let privacy = user
            .privacy
            .as_ref()
            .map(|(sealing, secret)| PrivKey::from_bytes(cipher(*sealing), secret.expose()));
        Ok(Self {
            auth: auth.map_err(|cause| CryptoError::new(&cause))?,
            privacy: privacy
                .transpose()
                .map_err(|cause| CryptoError::new(&cause))?,
        })
    }

    /// Octets of a signature.
    pub fn signature_size(&self) -> usize {
        self.auth.mac_len()
    }

    /// Whether there is a key for encrypting.
    pub const fn has_privacy(&self) -> bool {
        self.privacy.is_some()
    }

    /// Puts the signature into a whole message, at `place`, where there are zeros.
    ///
    /// # Errors
    ///
    /// [`CryptoError`] if the place lies outside of the message.
    pub fn sign(&self, message: &mut [u8], place: usize) -> Result<(), CryptoError> {
        let signature = self
            .auth
            .compute_hmac(message)
            .map_err(|cause| CryptoError::new(&cause))?;
        let end = place.saturating_add(signature.len());
        message
            .get_mut(place..end)
            .ok_or_else(|| CryptoError::new(&"no place for the signature"))?
            .copy_from_slice(&signature);
        Ok(())
    }

    /// Whether the `size` octets at `place` sign the message. Takes as long for a wrong
    /// signature as for a right one.
    pub fn is_signed(&self, message: &[u8], place: usize, size: usize) -> bool {
        let end = place.saturating_add(size);
        let mut unsigned = message.to_vec();
        let (Some(signature), Some(gap)) = (message.get(place..end), unsigned.get_mut(place..end))
        else {
            return false;
        };
        gap.fill(0);
        let is_whole = size == self.signature_size();
        is_whole && self.auth.verify_hmac(&unsigned, signature).unwrap_or(false)
    }

    /// Encrypts. Returns what goes into the message and its privacy parameters.
    ///
    /// # Errors
    ///
    /// [`CryptoError`] without a key, or when DES has used up its salts.
    pub fn encrypt(
        &self,
        plain: &[u8],
        time: EngineTime,
        salts: &Salts,
    ) -> Result<(Vec<u8>, Vec<u8>), CryptoError> {
        let key = self
            .privacy
            .as_ref()
            .ok_or_else(|| CryptoError::new(&"the user has no key for encrypting"))?;
        let sealed = if matches!(key.protocol(), snmp::PrivProtocol::Des) {
            let mut padded = plain.to_vec();
            padded.resize(plain.len().next_multiple_of(8), 0);
            key.encrypt_des_family(&padded, &salts.des)
        } else {
            key.encrypt_aes(plain, time.boots, time.seconds, &salts.aes)
        };
        let (sealed, parameters) = sealed.map_err(|cause| CryptoError::new(&cause))?;
        Ok((sealed.to_vec(), parameters.to_vec()))
    }

    /// Decrypts. Padding stays at the end.
    ///
    /// # Errors
    ///
    /// [`CryptoError`] without a key, or for parameters or a text of a wrong size.
    pub fn decrypt(
        &self,
        sealed: &[u8],
        time: EngineTime,
        parameters: &[u8],
    ) -> Result<Vec<u8>, CryptoError> {
        let key = self
            .privacy
            .as_ref()
            .ok_or_else(|| CryptoError::new(&"the user has no key for decrypting"))?;
        let plain = key.decrypt(sealed, time.boots, time.seconds, parameters);
        plain
            .map(|plain| plain.to_vec())
            .map_err(|cause| CryptoError::new(&cause))
    }
}

/// Random octets, at most 17.
///
/// # Errors
///
/// [`CryptoError`] without a source of random numbers.
pub fn random_octets(count: usize) -> Result<Vec<u8>, CryptoError> {
    let octets = snmp::v3::generate_engine_id().map_err(|cause| CryptoError::new(&cause))?;
    Ok(octets.iter().copied().take(count).collect())
}

/// Who sends an inform.
#[derive(Debug, Clone)]
pub enum Sender {
    /// SNMPv2c.
    Community(Secret),
    /// SNMPv3. An inform is signed for the receiver's engine, which is found out when it
    /// is sent, so it needs passphrases.
    User(String, Passphrases),
}

/// Content of a notification.
#[derive(Debug, Clone, PartialEq)]
pub struct Content {
    /// The agent's uptime in hundredths of a second.
    pub uptime: u32,
    /// Which notification.
    pub name: Oid,
    /// Its objects.
    pub objects: Vec<(Oid, Value)>,
}

/// Most times that an inform is sent again; what is more counts as this.
pub const RETRIES_MAX: u32 = 16;

/// How patiently an inform waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// For each answer.
    pub timeout: Duration,
    /// How often it is sent again, at most [`RETRIES_MAX`] times.
    pub retries: u32,
}

/// Sends an inform and waits until its receiver has confirmed it.
///
/// # Errors
///
/// [`CryptoError`] with the package's words if it was not confirmed.
pub async fn inform(
    receiver: SocketAddr,
    sender: &Sender,
    content: &Content,
    patience: Patience,
) -> Result<(), CryptoError> {
    let auth = match sender {
        Sender::Community(name) => Auth::v2c(name.expose()),
        Sender::User(name, passphrases) => Auth::from(usm(name, passphrases)?),
    };
    let retry = Retry::fixed(patience.retries.min(RETRIES_MAX), Duration::ZERO)
        .map_err(|cause| CryptoError::new(&cause))?;
    let client = Client::builder(receiver, auth)
        .request_timeout(patience.timeout)
        .retry(retry)
        .connect()
        .await
        .map_err(|cause| CryptoError::new(&cause))?;
    let objects = content
        .objects
        .iter()
        .map(|(name, value)| VarBind::new(theirs(name), their_value(value)))
        .collect();
    client
        .send_inform(&theirs(&content.name), content.uptime, objects)
        .await
        .map_err(|cause| CryptoError::new(&cause))
}

fn usm(name: &str, passphrases: &Passphrases) -> Result<UsmConfig, CryptoError> {
    let config = UsmConfig::new(name.as_bytes().to_vec());
    let (auth, secret) = &passphrases.auth;
    let config = match &passphrases.privacy {
        None => config.auth(digest(*auth), secret.expose()),
        Some((privacy, key)) => config.auth_priv(
            digest(*auth),
            secret.expose(),
            cipher(*privacy),
            key.expose(),
        ),
    };
    config.map_err(|cause| CryptoError::new(&cause))
}

fn theirs(name: &Oid) -> snmp::Oid {
    snmp::Oid::from_slice(name.numbers())
}

fn their_value(value: &Value) -> snmp::Value {
    match value {
        Value::Integer(number) => snmp::Value::Integer(*number),
        Value::Octets(octets) => snmp::Value::OctetString(octets.to_vec().into()),
        Value::ObjectId(name) => snmp::Value::ObjectIdentifier(theirs(name)),
        Value::Counter32(number) => snmp::Value::Counter32(*number),
        Value::Gauge32(number) => snmp::Value::Gauge32(*number),
        Value::TimeTicks(number) => snmp::Value::TimeTicks(*number),
        Value::OpaqueFloat(number) => {
            let head = [0x9f, 0x78, 0x04];
            let octets: Vec<u8> = head.into_iter().chain(number.to_be_bytes()).collect();
            snmp::Value::Opaque(octets.into())
        }
        Value::Counter64(number) => snmp::Value::Counter64(*number),
    }
}
