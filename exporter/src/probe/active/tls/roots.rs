//! Which roots a chain may end in: those expected, and those that this host trusts.
//!
//! The expected ones are a probe's own (`expected_root`, `ca_file`), else the public
//! roots inside the binary. The host's own store is only asked to tell *why* a chain
//! does not end as expected: a root that stands there alone is one that somebody added,
//! as people do for a proxy that inspects TLS.
//!
//! Files are read for each run, so that what changes needs no restart; a list in a
//! file is bounded.

use std::io::{self, Read as _};
use std::path::Path;

use model::probe::ProbeFault;
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;

use super::super::attempt::Failure;
use super::super::fingerprint::Fingerprint;
use super::certificate::Certificate;
use crate::config::plain_file;

/// Longest file of roots, in bytes. Mozilla's whole list has a quarter of a megabyte.
const FILE_BYTES_MAX: u64 = 4 * 1024 * 1024;

/// Where systems keep the roots that they trust, in one file: Debian and Ubuntu, Red Hat
/// and its kin, SUSE, Alpine.
const SYSTEM_FILES: &[&str] = &[
    "etc/ssl/certs/ca-certificates.crt",
    "etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "etc/pki/tls/certs/ca-bundle.crt",
    "etc/ssl/ca-bundle.pem",
    "etc/ssl/cert.pem",
];

/// The roots that a probe expects.
#[derive(Debug, Default)]
pub(super) struct Expected {
    /// Roots themselves.
    pub(super) certificates: Vec<CertificateDer<'static>>,
    /// Sums of roots, or of their public keys.
    pub(super) fingerprints: Vec<Fingerprint>,
}

impl Expected {
    /// What the probe says, with the file's roots.
    pub(super) fn load(pins: &[String], file: Option<&Path>) -> Result<Self, Failure> {
        let certificates = match file {
            None => Vec::new(),
            Some(path) => certificates_of_file(path).map_err(|error| {
                let message = format!("`{}` cannot be used: {error}", path.display());
                Failure::new(ProbeFault::System, message)
            })?,
        };
        Ok(Self {
            certificates,
            fingerprints: pins
                .iter()
                .filter_map(|pin| Fingerprint::parse(pin))
                .collect(),
        })
    }

    /// Whether nothing is said, so that the public roots hold.
    pub(super) const fn is_public(&self) -> bool {
        self.certificates.is_empty() && self.fingerprints.is_empty()
    }

    /// Whether the certificate is itself one of those expected.
    pub(super) fn holds(&self, der: &CertificateDer<'_>) -> bool {
        let is_pinned = || {
            Certificate::read(der).is_some_and(|one| {
                self.fingerprints.contains(&one.fingerprint())
                    || self.fingerprints.contains(&one.key_fingerprint())
            })
        };
        self.certificates
            .iter()
            .any(|one| one.as_ref() == der.as_ref())
            || is_pinned()
    }

    /// All roots that are expected, as far as they are known: given, shown, trusted by
    /// the host, or public.
    pub(super) fn anchors(
        &self,
        shown: &[CertificateDer<'static>],
        system: &[CertificateDer<'static>],
    ) -> RootCertStore {
        if self.is_public() {
            return public();
        }
        let mut anchors = store_of(&self.certificates);
        if self.fingerprints.is_empty() {
            return anchors;
        }
        let pinned = shown.iter().chain(system).filter(|der| self.holds(der));
        anchors.add_parsable_certificates(pinned.cloned());
        let by_key = public().roots.into_iter().filter(|anchor| {
            let key = sequence(anchor.subject_public_key_info.as_ref());
            self.fingerprints.contains(&Fingerprint::of(&key))
        });
        anchors.roots.extend(by_key);
        anchors
    }
}

/// A public key or a name with the head that lists of anchors leave out (X.690, section
/// 8.9).
pub(super) fn sequence(content: &[u8]) -> Vec<u8> {
    let length = content.len();
    let mut whole = vec![0x30];
    match u8::try_from(length) {
        Ok(short) if short < 0x80 => whole.push(short),
        Ok(_) | Err(_) => {
            let bytes: Vec<u8> = length
                .to_be_bytes()
                .into_iter()
                .skip_while(|byte| *byte == 0)
                .collect();
            whole.push(u8::try_from(bytes.len()).map_or(0x80, |count| 0x80 | count));
            whole.extend(bytes);
        }
    }
    whole.extend(content);
    whole
}

/// The roots inside the binary.
pub(super) fn public() -> RootCertStore {
    RootCertStore {
        roots: webpki_roots::TLS_SERVER_ROOTS.to_vec(),
    }
}

/// A store of these. What is no certificate is left out.
pub(super) fn store_of(certificates: &[CertificateDer<'static>]) -> RootCertStore {
    let mut store = RootCertStore::empty();
    store.add_parsable_certificates(certificates.iter().cloned());
    store
}

/// The roots that the host under `root` trusts, in the file that it is told or else where
/// systems keep them; none if it says so nowhere.
pub(super) fn of_system(root: &Path, told: Option<&Path>) -> Vec<CertificateDer<'static>> {
    let known = SYSTEM_FILES.iter().map(|file| root.join(file));
    told.map(Path::to_owned)
        .into_iter()
        .chain(known)
        .find_map(|file| certificates_of_file(&file).ok())
        .unwrap_or_default()
}

/// The certificates of a PEM file.
///
/// # Errors
///
/// If it cannot be read, is no plain file, is far too long, or holds no certificate.
pub(crate) fn certificates_of_file(path: &Path) -> io::Result<Vec<CertificateDer<'static>>> {
    let mut bytes = Vec::new();
    plain_file::open(path)?
        .0
        .take(FILE_BYTES_MAX.saturating_add(1))
        .read_to_end(&mut bytes)?;
    let is_too_long = u64::try_from(bytes.len()).is_ok_and(|length| FILE_BYTES_MAX < length);
    if is_too_long {
        return Err(io::Error::other("it is longer than 4 MiB"));
    }
    let certificates: Vec<_> = CertificateDer::pem_slice_iter(&bytes)
        .filter_map(Result::ok)
        .filter(|der| Certificate::read(der).is_some())
        .map(CertificateDer::into_owned)
        .collect();
    if certificates.is_empty() {
        return Err(io::Error::other("it holds no certificate in PEM form"));
    }
    Ok(certificates)
}

#[cfg(test)]
mod tests {
    use rustix::fs::{CWD, FileType, Mode, mknodat};

    use super::*;

    #[test]
    fn a_head_says_how_long_a_key_is() {
        assert_eq!(sequence(&[7; 2]), [0x30, 2, 7, 7]);
        assert_eq!(sequence(&[7; 200])[..4], [0x30, 0x81, 200, 7]);
        assert_eq!(sequence(&[7; 300])[..5], [0x30, 0x82, 1, 44, 7]);
    }

    /// ISRG Root X1's key, as the authority publishes its sum.
    #[test]
    fn a_public_root_is_found_by_its_key() {
        let keys = public()
            .roots
            .into_iter()
            .map(|anchor| Fingerprint::of(&sequence(anchor.subject_public_key_info.as_ref())));
        let isrg =
            Fingerprint::parse("0b9fa5a59eed715c26c1020c711b4f6ec42d58b0015e14337a39dad301c5afc3")
                .unwrap();
        assert_eq!(keys.filter(|key| *key == isrg).count(), 1);
    }

    #[test]
    fn a_file_without_certificates_says_so() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("ca.pem");
        for text in [
            "",
            "no PEM",
            "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
        ] {
            std::fs::write(&file, text).unwrap();
            let error = certificates_of_file(&file).unwrap_err();
            assert_eq!(error.to_string(), "it holds no certificate in PEM form");
        }
        assert!(certificates_of_file(folder.path()).is_err());
        assert!(of_system(folder.path(), None).is_empty());
    }

    #[test]
    fn a_pipe_in_the_place_of_roots_is_not_waited_for() {
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("ca.pem");
        mknodat(CWD, &pipe, FileType::Fifo, Mode::RWXU, 0).unwrap();
        let error = certificates_of_file(&pipe).unwrap_err();
        assert_eq!(error.to_string(), "it is no plain file");
        assert!(of_system(folder.path(), Some(&pipe)).is_empty());
    }
}
