//! Fingerprints of certificates and of their public keys: SHA-256, as people paste them.

use std::fmt;

use sha2::{Digest as _, Sha256};

/// Length of a SHA-256 sum, in bytes.
const SUM_BYTES: usize = 32;

/// A SHA-256 sum of a certificate or of its public key.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Fingerprint([u8; SUM_BYTES]);

impl Fingerprint {
    /// The sum of these bytes.
    pub fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }

    /// Reads 64 hexadecimal digits, large or small, with or without colons between the
    /// bytes, as `openssl x509 -fingerprint -sha256` prints them.
    pub fn parse(text: &str) -> Option<Self> {
        let mut sum = [0; SUM_BYTES];
        let mut rest = text.bytes();
        for (index, byte) in sum.iter_mut().enumerate() {
            let mut high = rest.next()?;
            if high == b':' && 0 < index {
                high = rest.next()?;
            }
            *byte = digit(high)?
                .checked_mul(16)?
                .checked_add(digit(rest.next()?)?)?;
        }
        rest.next().is_none().then_some(Self(sum))
    }
}

fn digit(letter: u8) -> Option<u8> {
    char::from(letter)
        .to_digit(16)
        .and_then(|digit| u8::try_from(digit).ok())
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0
            .iter()
            .try_for_each(|byte| write!(formatter, "{byte:02x}"))
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{self}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// FIPS 180-2, example B.1.
    const ABC: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

    #[test]
    fn a_fingerprint_is_read_as_it_is_pasted() {
        let sum = Fingerprint::of(b"abc");
        assert_eq!(sum.to_string(), ABC);
        let pairs: Vec<String> = ABC
            .as_bytes()
            .chunks(2)
            .map(|pair| String::from_utf8_lossy(pair).to_uppercase())
            .collect();
        for text in [ABC.to_owned(), ABC.to_uppercase(), pairs.join(":")] {
            assert_eq!(Fingerprint::parse(&text), Some(sum), "{text}");
        }
        for text in [
            "",
            "ab",
            ABC.trim_start_matches('b'),
            &format!("{ABC}0"),
            &ABC.replace('b', "g"),
            &format!(":{ABC}"),
        ] {
            assert_eq!(Fingerprint::parse(text), None, "{text}");
        }
    }
}
