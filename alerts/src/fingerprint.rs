//! Names that are computed: the same parts give the same name, in any process, at any time.
//!
//! What is decided again after a crash must be called what it was called before, so that
//! nobody is told twice. So the name is made of what is said, never of a counter or a
//! clock. Not here: what the parts are, which is each caller's to say.

use std::fmt::Write;
use std::sync::Arc;

use sha2::{Digest, Sha256};

/// How many bytes of the hash make the name: 64 bits are enough for all messages that an
/// agent will ever send, and short enough for a header.
const NAME_BYTES: usize = 8;

/// 16 hexadecimal digits that stand for the parts. Parts cannot run into each other:
/// `["ab", "c"]` and `["a", "bc"]` have unlike names.
pub fn fingerprint(parts: &[&str]) -> Arc<str> {
    let mut hash = Sha256::new();
    for part in parts {
        let length = u64::try_from(part.len()).unwrap_or(u64::MAX);
        hash.update(length.to_be_bytes());
        hash.update(part.as_bytes());
    }
    let mut name = String::with_capacity(2 * NAME_BYTES);
    for byte in hash.finalize().iter().take(NAME_BYTES) {
        // Writing to a string cannot fail.
        let _ = write!(name, "{byte:02x}");
    }
    Arc::from(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_parts_have_the_same_name_and_others_have_not() {
        let name = fingerprint(&["pub-1", "tunnel-down", "1800000000"]);
        assert_eq!(
            &*name, "4621a0ab2e93afa6",
            "an update must not rename messages"
        );
        assert_eq!(name, fingerprint(&["pub-1", "tunnel-down", "1800000000"]));
        assert_ne!(fingerprint(&["ab", "c"]), fingerprint(&["a", "bc"]));
        assert_ne!(fingerprint(&["ab"]), fingerprint(&["ab", ""]));
    }
}
