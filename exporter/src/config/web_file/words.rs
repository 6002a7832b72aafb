//! Values as the web file has them: names of Go's TLS library, its durations, and YAML 1.1.
//!
//! Exporters in Go read the file by older rules of YAML than ours: `yes` and `on` are truth
//! values there. What they take is taken here too, since it is the same file.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use bcrypt::HashParts;
use serde::de::{self, Deserialize, Deserializer, MapAccess, Visitor};

/// The highest cost of a hash. At 18 a password is checked for some 15 seconds.
const COST_MAX: u32 = 18;

/// The lowest that bcrypt has.
const COST_MIN: u32 = 4;

/// Most users, and most bytes of a name.
const USERS_MAX: usize = 1_000;
const NAME_BYTES_MAX: usize = 256;

/// Header fields that the file may set, with the values that make sense; any if there is
/// none.
const HEADERS: [(&str, &[&str]); 5] = [
    ("Strict-Transport-Security", &[]),
    ("X-Content-Type-Options", &["nosniff"]),
    ("X-Frame-Options", &["deny", "sameorigin"]),
    ("X-XSS-Protection", &[]),
    ("Content-Security-Policy", &[]),
];

/// What is asked of clients.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ClientAuth {
    /// No certificate.
    #[default]
    None,
    /// A certificate, which may be missing and is not checked.
    Request,
    /// Some certificate, which is not checked.
    RequireAny,
    /// A certificate, which may be missing; one that is shown is checked.
    VerifyIfGiven,
    /// A certificate that one of ours signed.
    RequireAndVerify,
}

/// A version of TLS that we speak.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum TlsVersion {
    /// 1.2
    V12,
    /// 1.3
    V13,
}

/// A suite of ciphers that we speak, by its name in the registry of TLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cipher(&'static str);

/// A curve that we speak.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Curve {
    /// NIST P-256
    P256,
    /// NIST P-384
    P384,
    /// Curve25519
    X25519,
}

/// Names with the bcrypt hashes of their passwords, in the order of the file.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Users(Vec<(String, String)>);

/// Suites of TLS 1.2 that are sound: with a fresh key for each connection, and sealed.
const SUITES_OF_TLS12: [&str; 6] = [
    "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
    "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
    "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256",
    "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
    "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
    "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256",
];

/// All of TLS 1.3. They are always on when it is, as in Go.
const SUITES_OF_TLS13: [&str; 3] = [
    "TLS_AES_128_GCM_SHA256",
    "TLS_AES_256_GCM_SHA384",
    "TLS_CHACHA20_POLY1305_SHA256",
];

impl Cipher {
    /// Its name in the registry of TLS.
    pub const fn name(self) -> &'static str {
        self.0
    }

    /// Whether TLS 1.2 has it.
    pub fn is_of_tls12(self) -> bool {
        SUITES_OF_TLS12.contains(&self.0)
    }
}

impl Users {
    /// Names with hashes.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, hash)| (&**name, &**hash))
    }

    /// Whether there is nobody.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Debug for Users {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} users", self.0.len())
    }
}

impl<'de> Deserialize<'de> for ClientAuth {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        match name.as_str() {
            "NoClientCert" => Ok(Self::None),
            "RequestClientCert" => Ok(Self::Request),
            // The second is an old name of the first.
            "RequireAnyClientCert" | "RequireClientCert" => Ok(Self::RequireAny),
            "VerifyClientCertIfGiven" => Ok(Self::VerifyIfGiven),
            "RequireAndVerifyClientCert" => Ok(Self::RequireAndVerify),
            _ => Err(de::Error::custom(
                "is no way to ask clients; want `NoClientCert`, `RequestClientCert`, \
                 `RequireAnyClientCert`, `VerifyClientCertIfGiven` or \
                 `RequireAndVerifyClientCert`",
            )),
        }
    }
}

impl<'de> Deserialize<'de> for TlsVersion {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        match name.as_str() {
            "TLS12" => Ok(Self::V12),
            "TLS13" => Ok(Self::V13),
            "TLS10" | "TLS11" => Err(de::Error::custom(
                "is a version that is broken (RFC 8996), and that we do not speak; want `TLS12` \
                 or `TLS13`",
            )),
            _ => Err(de::Error::custom(
                "is no version of TLS; want `TLS12` or `TLS13`",
            )),
        }
    }
}

impl<'de> Deserialize<'de> for Cipher {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        let mut known = SUITES_OF_TLS12.iter().chain(&SUITES_OF_TLS13);
        if let Some(found) = known.find(|known| **known == name) {
            return Ok(Self(found));
        }
        let is_weak = name.contains("_CBC_")
            || name.contains("_RC4_")
            || name.contains("_3DES_")
            || name.starts_with("TLS_RSA_");
        Err(de::Error::custom(if is_weak {
            "is a weak suite (CBC, RC4, 3DES, or one key for all connections), and we do not \
             speak it; want suites with ECDHE and GCM or CHACHA20 only"
        } else {
            "is no suite of TLS 1.2 or 1.3 that we know; want names like \
             `TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256`"
        }))
    }
}

impl<'de> Deserialize<'de> for Curve {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        match name.as_str() {
            "CurveP256" => Ok(Self::P256),
            "CurveP384" => Ok(Self::P384),
            "X25519" => Ok(Self::X25519),
            "CurveP521" => Err(de::Error::custom(
                "is a curve that we do not speak; want `X25519`, `CurveP256` or `CurveP384`",
            )),
            _ => Err(de::Error::custom(
                "is no curve; want `X25519`, `CurveP256` or `CurveP384`",
            )),
        }
    }
}

impl<'de> Deserialize<'de> for Users {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let pairs: Pairs<Hash> = Pairs::deserialize(deserializer)?;
        if USERS_MAX < pairs.0.len() {
            let words = format!("has more than {USERS_MAX} users; want a proxy for so many");
            return Err(de::Error::custom(words));
        }
        let is_name = |name: &str| {
            (1..=NAME_BYTES_MAX).contains(&name.len())
                && !name.contains(':')
                && !name.chars().any(model::untrusted::is_unprintable)
        };
        if !pairs.0.iter().all(|(name, _)| is_name(name)) {
            return Err(de::Error::custom(
                "holds a name that nobody could sign in with; want 1 to 256 bytes without `:` \
                 and control characters",
            ));
        }
        let users = pairs.0.into_iter();
        Ok(Self(users.map(|(name, hash)| (name, hash.0)).collect()))
    }
}

/// A bcrypt hash. What is none is never repeated: it may be the password itself.
struct Hash(String);

impl<'de> Deserialize<'de> for Hash {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let parts = HashParts::from_str(&text).map_err(|_| {
            de::Error::custom(
                "is no bcrypt hash; want one like `$2y$10$...` of 60 characters, as \
                 `htpasswd -nBC 10 NAME` prints it",
            )
        })?;
        if (COST_MIN..=COST_MAX).contains(&parts.get_cost()) {
            return Ok(Self(text));
        }
        let words = format!(
            "is a bcrypt hash of cost {}; want {COST_MIN} to {COST_MAX}, since each step doubles \
             the time that a password takes to be checked",
            parts.get_cost()
        );
        Err(de::Error::custom(words))
    }
}

/// A map in the order of the file.
struct Pairs<T>(Vec<(String, T)>);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Pairs<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct PairsVisitor<T>(std::marker::PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for PairsVisitor<T> {
            type Value = Pairs<T>;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("keys with texts")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Pairs<T>, A::Error> {
                let mut pairs = Vec::new();
                while let Some(pair) = map.next_entry()? {
                    pairs.push(pair);
                }
                Ok(Pairs(pairs))
            }
        }
        deserializer.deserialize_map(PairsVisitor(std::marker::PhantomData))
    }
}

/// A value, or its default where there is only a key.
pub(super) fn nullable<'de, D: Deserializer<'de>, T: Deserialize<'de> + Default>(
    deserializer: D,
) -> Result<T, D::Error> {
    Ok(Option::<T>::deserialize(deserializer)?.unwrap_or_default())
}

/// A value; an empty text is none.
pub(super) fn given<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    let Some(text) = Option::<String>::deserialize(deserializer)? else {
        return Ok(None);
    };
    if text.is_empty() {
        return Ok(None);
    }
    T::deserialize(de::value::StringDeserializer::new(text)).map(Some)
}

/// A truth value, in the words of YAML 1.1 too; only where the default is `true`.
pub(super) fn truth<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    let Some(text) = Option::<String>::deserialize(deserializer)? else {
        return Ok(true);
    };
    match text.to_ascii_lowercase().as_str() {
        "true" | "yes" | "on" | "y" => Ok(true),
        "false" | "no" | "off" | "n" => Ok(false),
        _ => Err(de::Error::custom(
            "is no truth value; want `true` or `false`",
        )),
    }
}

/// Header fields; one without a value stays as it is without the file.
pub(super) fn headers<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Vec<(String, String)>, D::Error> {
    let Some(pairs) = Option::<Pairs<Option<String>>>::deserialize(deserializer)? else {
        return Ok(Vec::new());
    };
    let mut fields = Vec::new();
    for (name, value) in pairs.0 {
        let Some((_, values)) = HEADERS.iter().find(|(known, _)| *known == name) else {
            let known: Vec<_> = HEADERS.iter().map(|(known, _)| *known).collect();
            return Err(de::Error::custom(format!(
                "holds a field that cannot be set; want {}",
                known.join(", ")
            )));
        };
        let value = value.unwrap_or_default();
        if !values.is_empty() && !values.contains(&value.as_str()) {
            return Err(de::Error::custom(format!(
                "holds a value of `{name}` that makes no sense; want `{}`",
                values.join("` or `")
            )));
        }
        let is_field = |c: char| c == '\t' || (' '..='~').contains(&c);
        if !value.chars().all(is_field) {
            return Err(de::Error::custom(format!(
                "holds a value of `{name}` that is no line of ASCII"
            )));
        }
        if !value.is_empty() {
            fields.push((name, value));
        }
    }
    Ok(fields)
}

/// A span of time as Go writes it, like `1s`, `1.5s` or `1m30s`; a bare number is in
/// nanoseconds.
pub(super) fn go_duration<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Duration, D::Error> {
    let Some(text) = Option::<String>::deserialize(deserializer)? else {
        return Ok(Duration::ZERO);
    };
    if let Ok(nanoseconds) = text.parse::<u64>() {
        return Ok(Duration::from_nanos(nanoseconds));
    }
    parse_go_duration(&text)
        .ok_or_else(|| de::Error::custom("is no duration; want one like `1s`, `500ms` or `1m30s`"))
}

fn parse_go_duration(text: &str) -> Option<Duration> {
    const UNITS: [(&str, f64); 7] = [
        ("ns", 1e-9),
        ("us", 1e-6),
        ("µs", 1e-6),
        ("ms", 1e-3),
        ("s", 1.0),
        ("m", 60.0),
        ("h", 3600.0),
    ];
    let mut rest = text;
    let mut seconds = 0.0;
    while !rest.is_empty() {
        let is_number = |c: char| c.is_ascii_digit() || c == '.';
        let (number, behind) = rest.split_at_checked(rest.find(|c| !is_number(c))?)?;
        let end = behind.find(is_number).unwrap_or(behind.len());
        let (unit, next) = behind.split_at_checked(end)?;
        let (_, factor) = UNITS.iter().find(|(name, _)| *name == unit)?;
        seconds += number.parse::<f64>().ok()? * factor;
        rest = next;
    }
    // Longer than a day is a mistake of the unit.
    (seconds <= 86_400.0 && !text.is_empty())
        .then(|| Duration::try_from_secs_f64(seconds).ok())
        .flatten()
}
