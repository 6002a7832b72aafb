//! A localised key as a file has it: which engine it is for, and the key.
//!
//! One line, `ENGINE:KEY`, both in hexadecimal digits. The engine's name is there so that
//! a key for an engine that is no more is known as such, and not as a wrong passphrase;
//! a line without it is taken as it is. `snmp user` writes such files, the configuration
//! names them.

use snmp_agent::users::Secret;

/// A key that is in a file.
#[derive(Debug, PartialEq, Eq)]
pub struct LocalKey {
    /// The engine that it was made for, if the line says so.
    pub engine: Option<Vec<u8>>,
    /// The key.
    pub key: Secret,
}

impl LocalKey {
    /// Reads a line. `None` if it is no such line.
    pub fn parse(line: &Secret) -> Option<Self> {
        let text = std::str::from_utf8(line.expose()).ok()?.trim();
        let (engine, key) = match text.split_once(':') {
            None => (None, text),
            Some((engine, key)) => (Some(Secret::from_hex(engine)?.expose().to_vec()), key),
        };
        let key = Secret::from_hex(key).filter(|key| !key.expose().is_empty())?;
        Some(Self { engine, key })
    }

    /// Writes the line, with its end.
    pub fn to_line(engine: &[u8], key: &Secret) -> String {
        format!("{}:{}\n", hex(engine), key.to_hex())
    }
}

/// Bytes as lower-case hexadecimal digits.
pub fn hex(bytes: &[u8]) -> String {
    Secret::new(bytes).to_hex()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(line: &str) -> Option<(Option<Vec<u8>>, Vec<u8>)> {
        let parsed = LocalKey::parse(&Secret::new(line))?;
        Some((parsed.engine, parsed.key.expose().to_vec()))
    }

    #[test]
    fn a_key_is_read_with_and_without_its_engine() {
        assert_eq!(check("0aff"), Some((None, vec![10, 255])));
        assert_eq!(check("0x0aff "), Some((None, vec![10, 255])));
        assert_eq!(
            check("8000:0aff"),
            Some((Some(vec![128, 0]), vec![10, 255]))
        );
        let line = LocalKey::to_line(&[128, 0], &Secret::new([10, 255]));
        assert_eq!(check(line.trim_end()), check("8000:0aff"));
    }

    #[test]
    fn what_is_no_key_is_none() {
        for line in ["", ":", "8000:", "passphrase", "0aff0", "80g0:0aff", "é"] {
            assert_eq!(check(line), None, "{line}");
        }
    }
}
