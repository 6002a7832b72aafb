//! The section `alerts`: rules, receivers, update profiles, silences, maintenance.
//!
//! Words and places of secrets only. What they become is in [`crate::alerting::settings`];
//! what types cannot say is checked in `check::alerts`.

use serde::Deserialize;

/// What is worth an alert, and who is told.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AlertsConfig {}
