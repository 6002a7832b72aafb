//! The key `unknown_after`: how long silence is taken for "as before".
//!
//! Only what a person writes and what holds without it; who watches the time is
//! `pipeline`.

use std::time::Duration;

use model::connector::ConnectorKind;
use serde::de::Error;
use serde::{Deserialize, Deserializer};

use super::quantity::HumanDuration;

/// How long a connector may be silent before its states are unknown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UnknownAfter {
    /// Silence means nothing.
    Never,
    /// So long.
    Silence(HumanDuration),
}

impl UnknownAfter {
    /// What holds if nobody says. A laptop's client talks all the time or is off; a
    /// Publisher with a healthy tunnel may say nothing for a day.
    pub const fn of_kind(kind: ConnectorKind) -> Self {
        match kind {
            ConnectorKind::NetskopePublisher => Self::Never,
            ConnectorKind::NetskopeClient | ConnectorKind::CatoClient => {
                Self::Silence(HumanDuration(Duration::from_secs(60 * 60)))
            }
        }
    }

    /// The silence; `None` if it means nothing.
    pub const fn silence(self) -> Option<Duration> {
        match self {
            Self::Never => None,
            Self::Silence(silence) => Some(silence.0),
        }
    }
}

impl<'de> Deserialize<'de> for UnknownAfter {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        if text == "never" {
            return Ok(Self::Never);
        }
        HumanDuration::parse(&text)
            .map(Self::Silence)
            .ok_or_else(|| D::Error::custom(format!("`{text}` is no duration")))
    }
}
