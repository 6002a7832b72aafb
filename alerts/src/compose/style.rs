//! How the HTML of a mail looks. Styles stand in each element, since many readers of mails
//! read no others.

use model::alert::Severity;
use serde::Serialize;

use crate::notification::Notification;

/// Values of `style` for a template.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub(super) struct Style {
    /// The colour of how bad it is; white can be read on it.
    pub(super) colour: &'static str,
    /// Of a heading.
    pub(super) heading: &'static str,
    /// Of a cell that heads a column.
    pub(super) head: &'static str,
    /// Of any other cell.
    pub(super) cell: &'static str,
    /// Of what a program says, or wants to be told.
    pub(super) mono: &'static str,
}

impl Style {
    pub(super) const fn of(notification: &Notification) -> Self {
        let colour = match notification.severity {
            _ if notification.kind.is_end() => "#2e7d32",
            Severity::Critical => "#c62828",
            Severity::Warning => "#8f5500",
            Severity::Info => "#1565c0",
        };
        Self {
            colour,
            heading: "font-size:13px;letter-spacing:.05em;margin:24px 0 6px;\
                      text-transform:uppercase;opacity:.75",
            head: "padding:4px 10px 4px 0;text-align:left;vertical-align:top;\
                   border-bottom:1px solid rgba(128,128,128,.35)",
            cell: "padding:4px 10px 4px 0;text-align:left;vertical-align:top;\
                   border-bottom:1px solid rgba(128,128,128,.35);overflow-wrap:anywhere",
            mono: "font-family:ui-monospace,Consolas,Menlo,monospace;font-size:12px;\
                   white-space:pre-wrap;overflow-wrap:anywhere;margin:0",
        }
    }
}
