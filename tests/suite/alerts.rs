//! Promises about alerts, each through the running program: who is told what and when, that
//! nothing is lost or told twice, and that Prometheus and Alertmanager agree with ours.

mod alertmanager;
mod clocks;
mod forwarded;
mod hostile;
mod inform;
mod kills;
mod mail;
mod postfix;
mod promtool;
mod servers;
mod story;

use anyhow::Result;
use harness::agent::Agent;
use harness::receivers::Speaker;
use harness::smtp::{Mail, MailServer};

/// The beginning of the mail that [`say_sentinel`] leads to.
const SENTINEL_SUBJECT: &str = "[ZTNA critical] REGISTRATION_FAILED: ";

/// Writes what is told last: when its mail is there, what was decided before it is worded,
/// and [`all_mails`] waits for it.
fn say_sentinel(speaker: &mut Speaker, server: &MailServer, mails: usize) -> Result<()> {
    speaker.wizard("Registration failed because the token has expired.")?;
    server.wait_for(mails).map(drop)
}

/// All mails, once nothing waits to be sent.
fn all_mails(agent: &Agent, server: &MailServer) -> Result<Vec<Mail>> {
    agent.wait_until_shown(&[
        r#"ztna_outbox_messages{state="queued"} 0"#,
        r#"ztna_outbox_messages{state="retrying"} 0"#,
    ])?;
    server.mails()
}
