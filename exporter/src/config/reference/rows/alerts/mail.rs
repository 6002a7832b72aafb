//! The manual's rows of who is told by mail.

use super::super::{MINUTE, SECOND};
use super::receivers::{CA, CA_MEANING, CREDENTIAL, FILE, URL, WORDS};
use super::{Row, Shape, row};

const MAILBOX: Shape =
    Shape::Text("an address like `ztna@example.com`, or `ZTNA alerts <ztna@example.com>`");
const ADDRESS: Shape = Shape::Text("an address without a name, like `ops@example.com`, once");

pub(in super::super) const ROWS: &[Row] = &[
    row(
        "alerts.receivers[].email",
        Shape::Section,
        "",
        "",
        "Tells by mail, one transaction for each recipient.",
    ),
    row(
        "alerts.receivers[].email.host",
        Shape::Text("a name or an address of a mail server, without a port"),
        "required",
        "mail.example.com",
        "The mail server.",
    ),
    row(
        "alerts.receivers[].email.port",
        Shape::Count(1, 65_535),
        "`465`, `587` or `25`, by `tls`",
        "2525",
        "Its port.",
    ),
    row(
        "alerts.receivers[].email.tls",
        Shape::Word(&["implicit", "starttls", "opportunistic", "none"]),
        "starttls",
        "implicit",
        "`implicit`: TLS from the first byte. `starttls`: STARTTLS, and no mail without it. \
         `opportunistic`: STARTTLS if the server has it. The last two are refused with a \
         password, except on this machine.",
    ),
    row(
        "alerts.receivers[].email.ca_file",
        CA,
        "none",
        "",
        CA_MEANING,
    ),
    row(
        "alerts.receivers[].email.username",
        WORDS,
        "none",
        "",
        "The name to sign in with.",
    ),
    row(
        "alerts.receivers[].email.password_file",
        FILE,
        "none",
        "",
        "The password.",
    ),
    row(
        "alerts.receivers[].email.password_credential",
        CREDENTIAL,
        "none",
        "",
        "The password.",
    ),
    row(
        "alerts.receivers[].email.auth",
        Shape::Word(&["plain", "login"]),
        "plain",
        "login",
        "How the password is shown: some servers know LOGIN only.",
    ),
    row(
        "alerts.receivers[].email.oauth",
        Shape::Section,
        "none",
        "",
        "Signs in by XOAUTH2 with a token instead of a password. Exchange Online wants it.",
    ),
    row(
        "alerts.receivers[].email.oauth.token_url",
        URL,
        "required",
        "\"https://login.example.com/token\"",
        "The token server.",
    ),
    row(
        "alerts.receivers[].email.oauth.client_id",
        WORDS,
        "required",
        "0a1b2c",
        "The client's id.",
    ),
    row(
        "alerts.receivers[].email.oauth.client_secret_file",
        FILE,
        "none",
        "",
        "The client's secret.",
    ),
    row(
        "alerts.receivers[].email.oauth.client_secret_credential",
        CREDENTIAL,
        "none",
        "",
        "The client's secret.",
    ),
    row(
        "alerts.receivers[].email.oauth.refresh_token_file",
        FILE,
        "none: client credentials",
        "",
        "The refresh token.",
    ),
    row(
        "alerts.receivers[].email.oauth.refresh_token_credential",
        CREDENTIAL,
        "none: client credentials",
        "",
        "The refresh token.",
    ),
    row(
        "alerts.receivers[].email.oauth.scope",
        WORDS,
        "none",
        "\"https://outlook.office365.com/.default\"",
        "What the token is for.",
    ),
    row(
        "alerts.receivers[].email.oauth.ca_file",
        CA,
        "none",
        "",
        CA_MEANING,
    ),
    row(
        "alerts.receivers[].email.hello",
        Shape::Text("a host's name, without a port"),
        "the host's name",
        "pub-1.example.com",
        "The name said in EHLO.",
    ),
    row(
        "alerts.receivers[].email.from",
        MAILBOX,
        "required",
        "\"ZTNA alerts <ztna@example.com>\"",
        "Whom mails come from.",
    ),
    row(
        "alerts.receivers[].email.sender",
        ADDRESS,
        "the address of `from`",
        "bounces@example.com",
        "The envelope's sender: refused mails go back there.",
    ),
    row(
        "alerts.receivers[].email.to",
        Shape::List("a list of 1 to 64 addresses, like `[ops@example.com]`"),
        "required",
        "[ops@example.com, \"noc@example.com\"]",
        "Who gets them.",
    ),
    row(
        "alerts.receivers[].email.to[]",
        ADDRESS,
        "",
        "ops@example.com",
        "",
    ),
    row(
        "alerts.receivers[].email.reply_to",
        MAILBOX,
        "none",
        "ops@example.com",
        "Whom answers go to.",
    ),
    row(
        "alerts.receivers[].email.time_zone",
        Shape::Text("a name of the time zone database, like `Europe/Berlin`, or `local`"),
        "UTC alone",
        "Europe/Berlin",
        "The zone that times in mails are written in, with UTC beside it.",
    ),
    row(
        "alerts.receivers[].email.timeout",
        Shape::Duration(SECOND, 10 * MINUTE),
        "1m",
        "30s",
        "The longest wait for any one reply.",
    ),
    row(
        "alerts.receivers[].email.templates",
        Shape::Section,
        "the built-in ones",
        "",
        "Templates of your own, in a part of Jinja: see [alerts.md](alerts.md#words-of-your-own). \
         One that cannot be used is told of, and the mail leaves with the built-in text.",
    ),
    row(
        "alerts.receivers[].email.templates.text_file",
        Shape::Text("a file of at most 1MiB of UTF-8"),
        "the built-in one",
        "",
        "The text part.",
    ),
    row(
        "alerts.receivers[].email.templates.html_file",
        Shape::Text("a file of at most 1MiB of UTF-8"),
        "the built-in one",
        "",
        "The HTML part.",
    ),
    row(
        "alerts.receivers[].email.templates.subject_file",
        Shape::Text("a file of at most 1MiB of UTF-8"),
        "the built-in one",
        "",
        "The subject behind the bracket: one line.",
    ),
];
