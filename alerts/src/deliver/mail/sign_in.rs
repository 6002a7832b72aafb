//! Signs in to a mail server: PLAIN (RFC 4616), LOGIN, XOAUTH2.

use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::commands::Auth;

use super::dialogue::{Cause, Dialogue, Fault, Phase, positive};
use super::settings;
use crate::receiver::Secret;

/// With a password in one step.
pub(super) async fn plain(
    dialogue: &mut Dialogue,
    user: &str,
    password: &Secret,
) -> Result<(), Fault> {
    let command = command(dialogue, Mechanism::Plain, None, (user, password))?;
    let reply = dialogue.ask(Phase::SignIn, &command).await?;
    positive(Phase::SignIn, reply).map(|_| ())
}

/// With name and password in two steps. What the server asks for is not looked at: the
/// order is the same everywhere, the words are not.
pub(super) async fn login(
    dialogue: &mut Dialogue,
    user: &str,
    password: &Secret,
) -> Result<(), Fault> {
    let begin = command(dialogue, Mechanism::Login, None, (user, password))?;
    let name = command(
        dialogue,
        Mechanism::Login,
        Some("Username"),
        (user, password),
    )?;
    let secret = command(
        dialogue,
        Mechanism::Login,
        Some("Password"),
        (user, password),
    )?;
    for step in [begin, name] {
        let reply = dialogue.ask(Phase::SignIn, &step).await?;
        if reply.code != 334 {
            return Err(super::dialogue::no(Phase::SignIn, reply));
        }
    }
    let reply = dialogue.ask(Phase::SignIn, &secret).await?;
    positive(Phase::SignIn, reply).map(|_| ())
}

/// With a token. A server that refuses it says why in a challenge, which wants an empty
/// answer before the refusal comes.
pub(super) async fn xoauth2(
    dialogue: &mut Dialogue,
    user: &str,
    token: &Secret,
) -> Result<(), Fault> {
    let command = command(dialogue, Mechanism::Xoauth2, None, (user, token))?;
    let mut reply = dialogue.ask(Phase::SignIn, &command).await?;
    if reply.code == 334 {
        reply = dialogue.ask(Phase::SignIn, "\r\n").await?;
    }
    positive(Phase::SignIn, reply).map(|_| ())
}

fn command(
    dialogue: &Dialogue,
    mechanism: Mechanism,
    challenge: Option<&str>,
    (user, secret): (&str, &Secret),
) -> Result<String, Fault> {
    let offered = dialogue.offered("AUTH").unwrap_or_default();
    let name = mechanism.to_string();
    if !offered.split_whitespace().any(|word| word == name) {
        let words = format!("the server does not offer to sign in by {name}");
        return Err(settings(Phase::SignIn, &words));
    }
    let credentials = Credentials::new(user.to_owned(), secret.expose().to_owned());
    let auth = Auth::new(mechanism, credentials, challenge.map(ToOwned::to_owned));
    auth.map(|auth| auth.to_string()).map_err(|_| Fault {
        phase: Phase::SignIn,
        cause: Cause::Settings(format!("cannot sign in by {name}")),
    })
}
