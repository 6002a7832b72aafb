//! SNMPv3 users: what they authenticate and encrypt with, and their keys.
//!
//! A key is localised: made of a passphrase for one engine only (RFC 3414 2.6), so that
//! whoever reads it can ask this agent and no other, and never learns the passphrase.
//! [`User::from_passphrases`] is what `snmp user` does once; what is stored and what the
//! agent starts from are the keys.
//!
//! The digests and ciphers themselves are in [`crate::provider`].

use std::fmt;

use crate::provider::{self, CryptoError};

macro_rules! protocols {
    ($(#[$outer:meta])* $name:ident {
        $($(#[$inner:meta])* $variant:ident = $word:literal $size:literal,)+
    }) => {
        $(#[$outer])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum $name {
            $($(#[$inner])* $variant,)+
        }

        impl $name {
            /// Every protocol, the weakest first.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The word in configurations.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $word,)+ }
            }

            /// Finds a protocol by its word.
            pub fn from_name(name: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|one| one.name() == name)
            }

            /// Octets of a localised key.
            pub const fn key_size(self) -> usize {
                match self { $(Self::$variant => $size,)+ }
            }
        }
    };
}

protocols! {
    /// How messages are signed: RFC 3414 6 and 7, RFC 7860.
    AuthProtocol {
        /// HMAC-MD5-96. Only for pollers that know nothing better.
        Md5 = "md5" 16,
        /// HMAC-SHA-1-96.
        Sha1 = "sha" 20,
        /// HMAC-SHA-224-128.
        Sha224 = "sha224" 28,
        /// HMAC-SHA-256-192.
        Sha256 = "sha256" 32,
        /// HMAC-SHA-384-256.
        Sha384 = "sha384" 48,
        /// HMAC-SHA-512-384.
        Sha512 = "sha512" 64,
    }
}

protocols! {
    /// How messages are encrypted: RFC 3414 8, RFC 3826, and the drafts for longer keys.
    PrivProtocol {
        /// CBC-DES. Only for pollers that know nothing better. Half of the key is the
        /// initial vector's.
        Des = "des" 16,
        /// CFB128-AES-128.
        Aes128 = "aes128" 16,
        /// AES-192, its key extended as in draft-blumenthal-aes-usm-04.
        Aes192 = "aes192" 24,
        /// AES-256, its key extended as in draft-blumenthal-aes-usm-04: what net-snmp does.
        Aes256 = "aes256" 32,
        /// AES-192, its key extended as in draft-reeder-snmpv3-usm-3desede-00: what Cisco
        /// and many management systems do.
        Aes192Cisco = "aes192c" 24,
        /// AES-256, extended in the same way.
        Aes256Cisco = "aes256c" 32,
    }
}

/// Shortest passphrase in octets (RFC 3414 11.2).
pub const PASSPHRASE_BYTES_MIN: usize = 8;

/// Longest user name in octets (RFC 3414 5).
pub const NAME_BYTES_MAX: usize = 32;

/// Bytes that are never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Vec<u8>);

impl Secret {
    /// Keeps the bytes.
    pub fn new(bytes: impl Into<Vec<u8>>) -> Self {
        Self(bytes.into())
    }

    /// Reads hexadecimal digits, two a byte, with or without `0x` before them.
    pub fn from_hex(text: &str) -> Option<Self> {
        let digits = text.strip_prefix("0x").unwrap_or(text).as_bytes();
        let (pairs, rest) = digits.as_chunks::<2>();
        let byte = |pair: &[u8; 2]| {
            let pair_text = std::str::from_utf8(pair).ok()?;
            let is_plain = pair.iter().all(u8::is_ascii_hexdigit);
            is_plain.then(|| u8::from_str_radix(pair_text, 16).ok())?
        };
        let bytes: Option<Vec<u8>> = pairs.iter().map(byte).collect();
        bytes.filter(|_| rest.is_empty()).map(Self)
    }

    /// The bytes. The caller takes care of them.
    pub fn expose(&self) -> &[u8] {
        &self.0
    }

    /// The bytes as lower-case hexadecimal digits, for the one place that stores them.
    pub fn to_hex(&self) -> String {
        self.0.iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("(secret)")
    }
}

/// A user's passphrases, before there are keys.
#[derive(Debug, Clone)]
pub struct Passphrases {
    /// Digest and passphrase for signing.
    pub auth: (AuthProtocol, Secret),
    /// Cipher and passphrase for encrypting, if the user may.
    pub privacy: Option<(PrivProtocol, Secret)>,
}

/// A user's localised keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// The name.
    pub name: String,
    /// Digest and key for signing.
    pub auth: (AuthProtocol, Secret),
    /// Cipher and key for encrypting, if the user may.
    pub privacy: Option<(PrivProtocol, Secret)>,
}

/// Why there is no such user.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UserError {
    /// The name is empty or too long.
    #[error("a user's name has 1 to {NAME_BYTES_MAX} bytes, `{0}` has not")]
    BadName(String),
    /// A passphrase that is easily guessed.
    #[error("a passphrase has at least {PASSPHRASE_BYTES_MIN} bytes")]
    ShortPassphrase,
    /// A key that was cut or belongs to another protocol.
    #[error("a key for `{protocol}` has {want} bytes, this one has {found}")]
    BadKey {
        /// The protocol's word.
        protocol: &'static str,
        /// Bytes that it needs.
        want: usize,
        /// Bytes that there are.
        found: usize,
    },
    /// The digest or cipher failed.
    #[error("a key could not be made")]
    Crypto(#[source] CryptoError),
}

impl User {
    /// Makes the localised keys for an engine. Takes some milliseconds: a megabyte is
    /// digested for each key (RFC 3414 A.2).
    ///
    /// # Errors
    ///
    /// [`UserError`] for a bad name or a short passphrase.
    pub fn from_passphrases(
        name: &str,
        passphrases: &Passphrases,
        engine_id: &[u8],
    ) -> Result<Self, UserError> {
        check_name(name)?;
        let (digest, passphrase) = &passphrases.auth;
        check_passphrase(passphrase)?;
        let key = provider::auth_key(*digest, passphrase, engine_id).map_err(UserError::Crypto)?;
        let privacy = match &passphrases.privacy {
            None => None,
            Some((cipher, sealing)) => {
                check_passphrase(sealing)?;
                let made = provider::priv_key(*digest, *cipher, sealing, engine_id);
                Some((*cipher, made.map_err(UserError::Crypto)?))
            }
        };
        Ok(Self {
            name: name.to_owned(),
            auth: (*digest, key),
            privacy,
        })
    }

    /// Refuses names and keys that cannot be.
    ///
    /// # Errors
    ///
    /// [`UserError::BadName`] or [`UserError::BadKey`].
    pub fn check(&self) -> Result<(), UserError> {
        check_name(&self.name)?;
        let (digest, key) = &self.auth;
        check_key(digest.name(), digest.key_size(), key)?;
        match &self.privacy {
            None => Ok(()),
            Some((cipher, sealing)) => check_key(cipher.name(), cipher.key_size(), sealing),
        }
    }
}

fn check_name(name: &str) -> Result<(), UserError> {
    if name.is_empty() || name.len() > NAME_BYTES_MAX {
        return Err(UserError::BadName(name.to_owned()));
    }
    Ok(())
}

const fn check_passphrase(passphrase: &Secret) -> Result<(), UserError> {
    if passphrase.0.len() < PASSPHRASE_BYTES_MIN {
        return Err(UserError::ShortPassphrase);
    }
    Ok(())
}

const fn check_key(protocol: &'static str, want: usize, key: &Secret) -> Result<(), UserError> {
    let found = key.0.len();
    if found == want {
        Ok(())
    } else {
        Err(UserError::BadKey {
            protocol,
            want,
            found,
        })
    }
}

#[cfg(test)]
mod tests;
