//! What stands for a person who is signed in: a keyed hash, unless the operator wants the name.
//!
//! The hash tells whether two readings of one host are of one person, and tells nobody
//! who that is: its key is the host's machine id, which local users can read and
//! nobody else. systemd derives ids for applications in this way, so that the machine
//! id itself never leaves the host (`machine-id(5)`). Without an id there is no label:
//! an unkeyed hash of an e-mail address is guessed at once.

use std::fs;
use std::path::Path;

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

/// The host's id. Source: `machine-id(5)`.
const MACHINE_ID: &str = "/etc/machine-id";

/// Sets our hashes apart from those of others who use the same key.
const PURPOSE: &[u8] = b"ztna-exporter user label\0";

/// Bytes of the hash that are shown: enough that two people of one host never meet.
const SHOWN_BYTES: usize = 8;

/// What is shown of who is signed in.
#[derive(Clone, PartialEq, Eq)]
pub enum UserLabel {
    /// The name itself.
    Shown,
    /// A hash with this key.
    Hashed([u8; 16]),
    /// Nothing: there is no key.
    Withheld,
}

impl std::fmt::Debug for UserLabel {
    // The key is no secret of ours to print.
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(match self {
            Self::Shown => "Shown",
            Self::Hashed(_) => "Hashed",
            Self::Withheld => "Withheld",
        })
    }
}

impl UserLabel {
    /// Hashes with this host's id, as long as it has one.
    pub fn of_this_host() -> Self {
        Self::from_machine_id(Path::new(MACHINE_ID))
    }

    fn from_machine_id(path: &Path) -> Self {
        let text = fs::read_to_string(path).unwrap_or_default();
        // "uninitialized" during the first start is no id, nor are 32 zeros.
        let digits = text.trim();
        let is_id = digits.len() == 32 && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
        u128::from_str_radix(digits, 16)
            .ok()
            .filter(|id| is_id && *id != 0)
            .map_or(Self::Withheld, |id| Self::Hashed(id.to_be_bytes()))
    }

    /// The label of a person. Addresses that differ in case are one person.
    pub fn label(&self, name: &str) -> Option<String> {
        match self {
            Self::Shown => Some(name.to_owned()),
            Self::Withheld => None,
            Self::Hashed(key) => {
                let mut mac = Hmac::<Sha256>::new_from_slice(key).ok()?;
                mac.update(PURPOSE);
                mac.update(name.trim().to_lowercase().as_bytes());
                let hash = mac.finalize().into_bytes();
                let shown = hash.iter().take(SHOWN_BYTES);
                Some(shown.map(|byte| format!("{byte:02x}")).collect())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(content: &str) -> UserLabel {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("machine-id");
        fs::write(&path, content).unwrap();
        UserLabel::from_machine_id(&path)
    }

    const ID: &str = "0123456789abcdef0123456789abcdef\n";

    /// `printf 'ztna-exporter user label\0alice@example.com' |
    /// openssl dgst -sha256 -mac HMAC -macopt hexkey:0123456789abcdef0123456789abcdef`
    #[test]
    fn a_name_becomes_the_first_half_of_a_keyed_hash() {
        let label = of(ID).label("alice@example.com").unwrap();
        assert_eq!(label, "1c58ab0446793b32");
        assert_eq!(of(ID).label(" Alice@Example.COM"), Some(label));
    }

    #[test]
    fn another_host_has_another_hash_for_the_same_person() {
        let other = of("0123456789abcdef0123456789abcdee");
        assert_ne!(of(ID).label("a@b.c"), other.label("a@b.c"));
    }

    #[test]
    fn a_host_without_an_id_shows_nothing() {
        for content in [
            "",
            "uninitialized\n",
            "00000000000000000000000000000000",
            "abc",
            "+123456789abcdef0123456789abcdef",
        ] {
            let label = of(content);
            assert_eq!(label, UserLabel::Withheld, "{content:?}");
            assert_eq!(label.label("alice@example.com"), None);
        }
        let missing = UserLabel::from_machine_id(Path::new("/nowhere/machine-id"));
        assert_eq!(missing, UserLabel::Withheld);
    }

    #[test]
    fn a_key_is_never_printed() {
        assert_eq!(format!("{:?}", of(ID)), "Hashed");
    }
}
