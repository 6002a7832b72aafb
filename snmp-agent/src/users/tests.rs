//! Proof of the keys: the vectors of RFC 3414 A.3, those that net-snmp made, the refusals.

use super::*;

/// The engine of RFC 3414 A.3.
const ENGINE: [u8; 12] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2];

fn passphrases(auth: AuthProtocol, privacy: Option<PrivProtocol>, text: &str) -> Passphrases {
    Passphrases {
        auth: (auth, Secret::new(text)),
        privacy: privacy.map(|cipher| (cipher, Secret::new(text))),
    }
}

fn keys(auth: AuthProtocol, privacy: PrivProtocol) -> (String, String) {
    let passphrases = passphrases(auth, Some(privacy), "maplesyrup");
    let user = User::from_passphrases("pippo", &passphrases, &ENGINE).unwrap();
    user.check().unwrap();
    (user.auth.1.to_hex(), user.privacy.unwrap().1.to_hex())
}

#[test]
fn the_keys_of_the_standard_are_made() {
    // RFC 3414 A.3.1 and A.3.2. DES and AES-128 take the first 16 octets.
    let (md5, des) = keys(AuthProtocol::Md5, PrivProtocol::Des);
    assert_eq!(md5, "526f5eed9fcce26f8964c2930787d82b");
    assert_eq!(des, md5);
    let (sha, aes) = keys(AuthProtocol::Sha1, PrivProtocol::Aes128);
    assert_eq!(sha, "6695febc9288e36282235fc7151f128497b38f3f");
    assert_eq!(aes, "6695febc9288e36282235fc7151f1284");
}

#[test]
fn a_long_enough_digest_needs_no_extension() {
    for cipher in [PrivProtocol::Aes256, PrivProtocol::Aes256Cisco] {
        let (digest, key) = keys(AuthProtocol::Sha256, cipher);
        assert_eq!(digest, key);
    }
}

#[test]
fn the_two_extensions_of_a_short_digest_differ_behind_it() {
    let (sha, blumenthal) = keys(AuthProtocol::Sha1, PrivProtocol::Aes256);
    let (_, reeder) = keys(AuthProtocol::Sha1, PrivProtocol::Aes256Cisco);
    assert!(blumenthal.starts_with(&sha) && reeder.starts_with(&sha));
    assert_ne!(blumenthal, reeder);
}

#[test]
fn every_pair_of_protocols_makes_keys_of_its_size() {
    for auth in AuthProtocol::ALL {
        for cipher in PrivProtocol::ALL {
            let (digest, key) = keys(*auth, *cipher);
            assert_eq!(digest.len(), auth.key_size() * 2, "{}", auth.name());
            assert_eq!(key.len(), cipher.key_size() * 2, "{}", cipher.name());
        }
    }
}

#[test]
fn what_cannot_be_a_user_is_refused() {
    let good = passphrases(AuthProtocol::Sha1, None, "long enough");
    for name in ["", &"x".repeat(33)] {
        let refused = User::from_passphrases(name, &good, &ENGINE);
        assert_eq!(refused, Err(UserError::BadName(name.to_owned())));
    }
    let short = passphrases(AuthProtocol::Sha1, None, "seven77");
    let refused = User::from_passphrases("pippo", &short, &ENGINE);
    assert_eq!(refused, Err(UserError::ShortPassphrase));
    let mut user = User::from_passphrases("pippo", &good, &ENGINE).unwrap();
    user.auth.1 = Secret::new([0; 19]);
    assert!(matches!(
        user.check(),
        Err(UserError::BadKey { want: 20, .. })
    ));
}

#[test]
fn secrets_are_read_from_digits_and_never_shown() {
    let secret = Secret::from_hex("0x00Ff7a").unwrap();
    assert_eq!(
        (secret.expose(), secret.to_hex().as_str()),
        (&[0, 255, 122][..], "00ff7a")
    );
    assert_eq!(format!("{secret:?}"), "(secret)");
    for bad in ["0", "0x0", "zz", "+1", "é"] {
        assert_eq!(Secret::from_hex(bad), None, "{bad}");
    }
}
