//! What files say of a host: its release, its age, who is logged in.
//!
//! Source: os-release(5), proc_uptime(5), utmp(5) and the C library's `struct utmp`.

use std::time::Duration;

use super::super::reader::{TextError, number};

/// Which system is installed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct OsRelease {
    /// `ID`; `linux` if it is not said, as os-release(5) has it.
    pub id: String,
    /// `ID_LIKE`: words.
    pub id_like: String,
    /// `VERSION_ID`. Empty if there is none, as on rolling systems.
    pub version_id: String,
}

/// Longest value that is kept, in characters.
const VALUE_CHARACTERS_MAX: usize = 64;

/// Reads the text of `os-release`. What is no assignment is passed over, as its manual wants.
pub fn read_os_release(text: &str) -> OsRelease {
    let mut os = OsRelease {
        id: "linux".to_owned(),
        ..OsRelease::default()
    };
    for line in text.lines() {
        let Some((key, value)) = line.trim().split_once('=') else {
            continue;
        };
        let slot = match key {
            "ID" => &mut os.id,
            "ID_LIKE" => &mut os.id_like,
            "VERSION_ID" => &mut os.version_id,
            _ => continue,
        };
        *slot = unquoted(value);
    }
    os
}

/// A value as a shell would read it: bare, in single quotes, or in double quotes with
/// backslashes.
fn unquoted(value: &str) -> String {
    let inside = |quote| {
        let rest = value.strip_prefix(quote)?;
        rest.strip_suffix(quote)
    };
    if let Some(literal) = inside('\'') {
        return literal.chars().take(VALUE_CHARACTERS_MAX).collect();
    }
    let mut is_escaped = false;
    let unescaped = inside('"').unwrap_or(value).chars().filter(|character| {
        let is_mark = *character == '\\' && !is_escaped;
        is_escaped = is_mark;
        !is_mark
    });
    unescaped.take(VALUE_CHARACTERS_MAX).collect()
}

/// Reads the text of `/proc/uptime`: seconds with hundredths since boot.
///
/// # Errors
///
/// It begins with no such number.
pub fn read_uptime(text: &str) -> Result<Duration, TextError> {
    let first = text.split_ascii_whitespace().next().unwrap_or_default();
    let (seconds, hundredths) = first.split_once('.').unwrap_or((first, "0"));
    let duration = number(seconds)
        .zip(number(hundredths))
        .map(|(seconds, hundredths)| {
            // The kernel prints two digits; more than 99 is none of its.
            Duration::from_secs(seconds)
                .saturating_add(Duration::from_millis(hundredths.min(99) * 10))
        });
    duration.ok_or(TextError {
        line: 1,
        wanted: "seconds since boot",
    })
}

/// Bytes of an entry. The C library keeps 32 bits for times where it once had 32-bit
/// programs beside (x86-64 and others), 64 where not.
const ENTRY_BYTES: usize = if cfg!(any(target_arch = "aarch64", target_arch = "riscv64")) {
    400
} else {
    384
};

/// Somebody is logged in.
const USER_PROCESS: u16 = 7;

/// Reads `utmp`: processes of those who are logged in. A torn entry is passed over.
pub fn read_logins(bytes: &[u8]) -> Vec<u32> {
    let entries = bytes.chunks_exact(ENTRY_BYTES);
    entries
        .filter_map(|entry| {
            // The type, two bytes of nothing, the process; in the machine's order.
            let (kind, rest) = entry.split_first_chunk::<2>()?;
            let (_, rest) = rest.split_first_chunk::<2>()?;
            let (process, _) = rest.split_first_chunk::<4>()?;
            let is_login = u16::from_ne_bytes(*kind) == USER_PROCESS;
            is_login.then(|| u32::from_ne_bytes(*process))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn os(text: &str) -> (String, String, String) {
        let os = read_os_release(text);
        (os.id, os.id_like, os.version_id)
    }

    #[test]
    fn a_release_is_read_however_it_is_quoted() {
        let of = |id: &str, like: &str, version: &str| {
            (id.to_owned(), like.to_owned(), version.to_owned())
        };
        let ubuntu = include_str!("../../../../tests/fixtures/host/tree/etc/os-release");
        assert_eq!(os(ubuntu), of("ubuntu", "debian", "22.04"));
        assert_eq!(os("ID=\"centos\"\nVERSION_ID='7'\n"), of("centos", "", "7"));
        assert_eq!(os("# x\nID=\"a\\\"b\\\\\"\n\u{0}=\n"), of("a\"b\\", "", ""));
        assert_eq!(os(""), of("linux", "", ""));
        assert_eq!(os("ID=\"half\nID_LIKE\n"), of("\"half", "", ""));
    }

    #[test]
    fn uptime_is_seconds_with_hundredths() {
        assert_eq!(
            read_uptime("350735.47 234388.90\n"),
            Ok(Duration::from_millis(350_735_470))
        );
        assert_eq!(read_uptime("5"), Ok(Duration::from_secs(5)));
        for text in ["", "x.1", "1.", "-1.00"] {
            assert!(read_uptime(text).is_err(), "{text}");
        }
        assert!(read_uptime("99999999999999999999999.99").is_ok());
    }

    #[test]
    fn only_people_are_counted() {
        let mut bytes = vec![0; ENTRY_BYTES * 3 + 5];
        for (entry, kind) in [(0, USER_PROCESS), (1, 8), (2, USER_PROCESS)] {
            let at = entry * ENTRY_BYTES;
            bytes[at..at + 2].copy_from_slice(&kind.to_ne_bytes());
            let process = u32::try_from(entry).unwrap() + 100;
            bytes[at + 4..at + 8].copy_from_slice(&process.to_ne_bytes());
        }
        assert_eq!(read_logins(&bytes), [100, 102]);
        assert!(read_logins(&[]).is_empty());
    }

    proptest! {
        /// Whatever stands there is facts or an error.
        #[test]
        fn any_bytes_are_survived(
            bytes in prop::collection::vec(any::<u8>(), 0..900),
            value in "[\"'\\\\a]{0,6}",
            uptime in "[0-9]{0,30}\\.[0-9]{0,30}",
        ) {
            let text = String::from_utf8_lossy(&bytes);
            let _ = read_os_release(&format!("ID={value}\n{text}"));
            let _ = read_uptime(&text);
            let _ = read_uptime(&uptime);
            let _ = read_logins(&bytes);
        }
    }
}
