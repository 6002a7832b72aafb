#!/usr/bin/env python3
"""A mail server that does what a plan says, and keeps what it took.

    smtp.py FOLDER

FOLDER/plan.json says what it does. It is read again at every connection and every
request for a token, so a test may change it on the way:

    {
      "port": 0, "token_port": 0,        only at the start; 0 takes any
      "tls": "none",                     or "starttls", "implicit"
      "certificate": "F", "key": "F",    PEM; needed for TLS
      "auth": {"username": "u", "password": "p", "mechanisms": ["PLAIN", "LOGIN"]},
      "steps": {"RCPT b@example.com": ["550 5.1.1 no"], "DOT": ["close"]},
      "greylist_seconds": 0,
      "size_max": 33554432,
      "token": {"client_id": "c", "client_secret": "s", "refresh_token": "r",
                "lifetime_seconds": 3600, "answers": [503]}
    }

Steps are GREETING, EHLO, STARTTLS, AUTH, MAIL, RCPT, `RCPT address`, DATA and DOT (after
the whole mail). At each a list of what happens the next times: an answer that is said
instead of the usual one, `hang` (no answer, the connection stays), `close` (no answer, the
connection ends) or `take and close` (at DOT: the mail is kept, no answer comes). What begins
with `*` happens for ever. A step that is used up is as usual; a plan whose list changed
starts that list anew. XOAUTH2 takes the tokens of the token server at `/token` until they
run out; `expired` instead of a token's answer hands one out that has run out already.

The first line on the standard output is JSON with both ports. A mail is in FOLDER as
NNNNNN.eml before its 250 is said, and FOLDER/log.jsonl has a line for everything worth
knowing; both are synced, so that a kill forgets nothing that was answered.
"""

import asyncio
import base64
import email
import email.policy
import hashlib
import json
import os
import ssl
import sys
import time
import urllib.parse

from aiosmtpd.smtp import SMTP, AuthResult

HANG_SECONDS = 3600


class Plan:
    """The plan in force, and what was used up of it."""

    def __init__(self, folder):
        self.folder = folder
        self.used = {}
        self.lists = {}
        self.greylist = {}
        self.tokens = {}
        self.serial = len([name for name in os.listdir(folder) if name.endswith(".eml")])
        self.data = {}
        self.read()

    def read(self):
        """Takes over what the file says now; one that is just being written is left."""
        try:
            with open(os.path.join(self.folder, "plan.json"), encoding="utf-8") as file:
                self.data = json.load(file)
        except (OSError, ValueError):
            pass

    def next(self, name, entries):
        """What happens at a step this time; None for the usual."""
        if self.lists.get(name) != entries:
            self.lists[name] = list(entries)
            self.used[name] = 0
        at = self.used[name]
        if at >= len(entries):
            return None
        entry = entries[at]
        if isinstance(entry, str) and entry.startswith("*"):
            return entry[1:]
        self.used[name] = at + 1
        return entry

    def step(self, name):
        return self.next(name, self.data.get("steps", {}).get(name, []))

    def log(self, event, **facts):
        facts = {"at": time.time(), "event": event, **facts}
        append(os.path.join(self.folder, "log.jsonl"), json.dumps(facts) + "\n")

    def keep(self, session, envelope):
        """Puts a mail where a test finds it."""
        self.serial += 1
        name = f"{self.serial:06}.eml"
        path = os.path.join(self.folder, name)
        with open(path + ".new", "wb") as file:
            file.write(envelope.original_content)
            file.flush()
            os.fsync(file.fileno())
        os.rename(path + ".new", path)
        self.log(
            "mail",
            file=name,
            sender=envelope.mail_from,
            recipients=envelope.rcpt_tos,
            **said_of(envelope),
            tls=session.ssl is not None,
            user=session.user if hasattr(session, "user") else None,
        )

    def is_greylisted(self, sender, recipient):
        seconds = self.data.get("greylist_seconds", 0)
        first = self.greylist.setdefault((sender, recipient), time.monotonic())
        return time.monotonic() - first < seconds


def said_of(envelope):
    """What tells a mail from another."""
    mail = email.message_from_bytes(envelope.original_content, policy=email.policy.default)
    return {
        "message_id": str(mail["Message-ID"] or ""),
        "subject": str(mail["Subject"] or ""),
        "digest": hashlib.sha256(envelope.original_content).hexdigest(),
    }


def append(path, text):
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    try:
        os.write(descriptor, text.encode())
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


class Server(SMTP):
    """One connection."""

    def __init__(self, plan):
        plan.read()
        data = plan.data
        auth = data.get("auth")
        context = tls_context(data) if data.get("tls") == "starttls" else None
        wanted = (auth or {}).get("mechanisms", ["PLAIN", "LOGIN"])
        self.plan = plan
        self.is_greeted = False
        super().__init__(
            handler=Handler(plan),
            hostname="mail.test",
            data_size_limit=data.get("size_max", 33554432),
            enable_SMTPUTF8=True,
            tls_context=context,
            auth_required=auth is not None,
            auth_require_tls=context is not None,
            authenticator=self.check_password if auth else None,
            auth_exclude_mechanism=[
                name for name in ("PLAIN", "LOGIN", "XOAUTH2") if name not in wanted
            ],
            timeout=HANG_SECONDS,
        )

    async def acted(self, name):
        """Whether the plan says something else than the usual."""
        act = self.plan.step(name)
        if act is None:
            return False
        self.plan.log("act", step=name, act=act)
        if act == "hang":
            await asyncio.sleep(HANG_SECONDS)
        if act == "close":
            self.transport.close()
            await asyncio.sleep(HANG_SECONDS)
        await super().push(act)
        return True

    async def push(self, status):
        if not self.is_greeted:
            self.is_greeted = True
            if await self.acted("GREETING"):
                return
        await super().push(status)

    async def smtp_EHLO(self, hostname):
        if not await self.acted("EHLO"):
            await super().smtp_EHLO(hostname)

    async def smtp_STARTTLS(self, arg):
        if not await self.acted("STARTTLS"):
            await super().smtp_STARTTLS(arg)

    async def smtp_AUTH(self, arg):
        if not await self.acted("AUTH"):
            await super().smtp_AUTH(arg)

    async def smtp_MAIL(self, arg):
        if not await self.acted("MAIL"):
            await super().smtp_MAIL(arg)

    async def smtp_RCPT(self, arg):
        address = (arg or "").partition("<")[2].partition(">")[0]
        if await self.acted(f"RCPT {address}") or await self.acted("RCPT"):
            return
        if self.envelope.mail_from and self.plan.is_greylisted(self.envelope.mail_from, address):
            self.plan.log("greylisted", recipient=address)
            await super().push("451 4.7.1 greylisted, try again")
            return
        await super().smtp_RCPT(arg)

    async def smtp_DATA(self, arg):
        if not await self.acted("DATA"):
            await super().smtp_DATA(arg)

    def check_password(self, server, session, envelope, mechanism, login):
        auth = self.plan.data.get("auth") or {}
        user, password = login.login.decode(), login.password.decode()
        is_right = (user, password) == (auth.get("username"), auth.get("password"))
        self.plan.log("auth", mechanism=mechanism, user=user, accepted=is_right)
        session.user = user
        return AuthResult(success=is_right, handled=False)

    async def auth_XOAUTH2(self, _, args):
        """Takes a token; one that is refused is told why in a challenge first."""
        try:
            fields = base64.b64decode(args[1]).decode().split("\x01")
            user = fields[0].removeprefix("user=")
            token = fields[1].removeprefix("auth=Bearer ")
        except (IndexError, ValueError):
            return AuthResult(success=False, handled=False)
        until = self.plan.tokens.get(token, 0)
        is_right = time.monotonic() < until
        self.plan.log("auth", mechanism="XOAUTH2", user=user, accepted=is_right)
        if not is_right:
            await self.challenge_auth('{"status":"401","schemes":"bearer"}')
            return AuthResult(success=False, handled=False)
        self.session.user = user
        return AuthResult(success=True, auth_data=user)


class Handler:
    """What is done with a whole mail."""

    def __init__(self, plan):
        self.plan = plan

    async def handle_DATA(self, server, session, envelope):
        act = self.plan.step("DOT")
        if act is None:
            self.plan.keep(session, envelope)
            return "250 2.0.0 taken"
        self.plan.log("act", step="DOT", act=act, **said_of(envelope))
        if act == "hang":
            await asyncio.sleep(HANG_SECONDS)
        if act == "take and close":
            self.plan.keep(session, envelope)
        if act in ("close", "take and close"):
            server.transport.close()
            await asyncio.sleep(HANG_SECONDS)
        if act.startswith("250"):
            self.plan.keep(session, envelope)
        return act


def tls_context(data):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(data["certificate"], data["key"])
    return context


def grant(plan, form):
    """A token server's answer: status and JSON."""
    plan.read()
    wanted = plan.data.get("token", {})
    act = plan.next("token", wanted.get("answers", []))
    if isinstance(act, int):
        return act, {"error": "on_purpose"}
    given = {name: values[0] for name, values in urllib.parse.parse_qs(form).items()}
    kind = given.get("grant_type")
    names = {"client_credentials": ["client_id", "client_secret"],
             "refresh_token": ["client_id", "refresh_token"]}
    if kind not in names:
        return 400, {"error": "unsupported_grant_type"}
    if any(given.get(name) != wanted.get(name) for name in names[kind]):
        return 401, {"error": "invalid_client"}
    lifetime = wanted.get("lifetime_seconds", 3600)
    token = f"token-{os.getpid()}-{len(plan.tokens) + 1}"
    plan.tokens[token] = 0 if act == "expired" else time.monotonic() + lifetime
    return 200, {"access_token": token, "token_type": "Bearer", "expires_in": lifetime}


async def serve_tokens(plan, reader, writer):
    """One request of HTTP."""
    try:
        head = await reader.readuntil(b"\r\n\r\n")
        length = 0
        for line in head.decode("latin-1").lower().split("\r\n"):
            if line.startswith("content-length:"):
                length = int(line.partition(":")[2])
        form = (await reader.readexactly(length)).decode()
        is_token = head.startswith(b"POST /token ")
        status, answer = grant(plan, form) if is_token else (404, {})
        plan.log("token", status=status)
        body = json.dumps(answer).encode()
        writer.write(
            f"HTTP/1.1 {status} X\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n".encode() + body
        )
        await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError, ValueError):
        pass
    writer.close()


async def main(folder):
    plan = Plan(folder)
    loop = asyncio.get_running_loop()
    context = tls_context(plan.data) if plan.data.get("tls") == "implicit" else None
    mails = await loop.create_server(
        lambda: Server(plan), "127.0.0.1", plan.data.get("port", 0), ssl=context
    )
    tokens = await asyncio.start_server(
        lambda reader, writer: serve_tokens(plan, reader, writer),
        "127.0.0.1",
        plan.data.get("token_port", 0),
    )
    ports = {
        "port": mails.sockets[0].getsockname()[1],
        "token_port": tokens.sockets[0].getsockname()[1],
    }
    print(json.dumps(ports), flush=True)
    await asyncio.gather(mails.serve_forever(), tokens.serve_forever())


if __name__ == "__main__":
    if len(sys.argv) != 2 or not os.path.isdir(sys.argv[1]):
        sys.exit(__doc__)
    asyncio.run(main(sys.argv[1]))
