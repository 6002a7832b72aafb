//! What the name of a log file tells of the client that writes it.
//!
//! Cato's service on Windows begins a file at each start and puts its version and the
//! moment into the name. Nothing of the file is read here. Who wrote the file and whether
//! it gave lines the caller knows.
//!
//! Known limit: other files of the client have a version in their names, too, but not
//! when they were begun to the second; they tell nothing here.

use jiff::civil::DateTime;
use model::connector::{ConnectorKind, version_in};

/// A start of the client, as its log file is named after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NamedStart<'a> {
    /// The version that was started: digits and dots.
    pub version: &'a str,
    /// When, by the device's clock, in whatever zone.
    pub at: DateTime,
}

/// Reads the name (or the path) of a log file of a `kind`.
///
/// `cato_vpn_6.13.0.0_20260803110029.log` was begun by version 6.13.0.0. `None` for any
/// other form, and for a moment that no calendar has.
///
/// Source: file names that the vendor and its users publish.
pub fn named_start(kind: ConnectorKind, path: &str) -> Option<NamedStart<'_>> {
    match kind {
        ConnectorKind::CatoClient => {}
        ConnectorKind::NetskopePublisher | ConnectorKind::NetskopeClient => return None,
    }
    let name = path.rsplit(['/', '\\']).next()?;
    let (opening, rest) = name.split_at_checked(SERVICE_OPENING.len())?;
    let (version, rest) = rest.split_once('_')?;
    let (moment, ending) = rest.split_at_checked(MOMENT_DIGITS)?;
    let is_form = opening.eq_ignore_ascii_case(SERVICE_OPENING)
        && version_in(version) == Some(version)
        && ending.starts_with('.');
    let at = moment_of(moment).filter(|_| is_form)?;
    Some(NamedStart { version, at })
}

/// What the service's files are named like, in whatever case.
const SERVICE_OPENING: &str = "cato_vpn_";

/// Length of `YYYYMMDDhhmmss`.
const MOMENT_DIGITS: usize = 14;

fn moment_of(digits: &str) -> Option<DateTime> {
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let two = |from: usize| digits.get(from..from + 2)?.parse::<i8>().ok();
    let year = digits.get(..4)?.parse::<i16>().ok()?;
    DateTime::new(year, two(4)?, two(6)?, two(8)?, two(10)?, two(12)?, 0).ok()
}

#[cfg(test)]
mod tests {
    use jiff::civil::datetime;
    use proptest::prelude::*;

    use super::*;

    fn check(path: &str, expected: Option<(&str, DateTime)>) {
        let told = named_start(ConnectorKind::CatoClient, path);
        assert_eq!(
            told.map(|start| (start.version, start.at)),
            expected,
            "{path}"
        );
    }

    #[test]
    fn the_name_of_a_services_file_tells_version_and_start() {
        let at = datetime(2026, 8, 3, 11, 0, 29, 0);
        check(
            "cato_vpn_6.13.0.0_20260803110029.log",
            Some(("6.13.0.0", at)),
        );
        check(
            "/mnt/c/Cato Client/CATO_VPN_6.13_20260803110029.log.gz",
            Some(("6.13", at)),
        );
        check(
            r"C:\Cato 1.2\cato_vpn_6.13.0.0_20260803110029.log",
            Some(("6.13.0.0", at)),
        );
    }

    #[test]
    fn any_other_name_tells_nothing() {
        for path in [
            "",
            "cato_vpn_",
            "cato_vpn_6.13.0.0.log",
            "cato_vpn_6.13.0.0_20260803110029",
            "cato_vpn_6.13.0.0_202608031100291.log",
            "cato_vpn_6.13.0.0_20261303110029.log",
            "cato_vpn_6.13.0.0_20260803246029.log",
            "cato_vpn_six_20260803110029.log",
            "cato_vpn_6_20260803110029.log",
            "cato_vpn_6.13.0.0-beta_20260803110029.log",
            "old_cato_vpn_6.13.0.0_20260803110029.log",
            "cato_vpn_6.13.0.0_20260803110029.log/cato-client.log",
            "cato_dem_5.17.3.1.log",
            "CatoClient.Trace.5.16.5_2025-08-07.log",
        ] {
            check(path, None);
        }
        let name = "cato_vpn_6.13.0.0_20260803110029.log";
        assert_eq!(named_start(ConnectorKind::NetskopeClient, name), None);
    }

    proptest! {
        /// Whatever the name, what it tells is a short number.
        #[test]
        fn a_version_is_digits_and_dots(
            name in r"(cato_vpn_|[a-z_]{0,4})[0-9._é-]{0,24}(_20260803110029)?(\.log)?",
        ) {
            if let Some(start) = named_start(ConnectorKind::CatoClient, &name) {
                let is_number = |c: char| c.is_ascii_digit() || c == '.';
                prop_assert!(start.version.len() < 64 && start.version.chars().all(is_number));
            }
        }
    }
}
