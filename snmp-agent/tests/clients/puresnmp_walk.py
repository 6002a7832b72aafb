"""Walks an agent with puresnmp and prints what it meets: `== CASE`, then a name a line.

Usage: puresnmp_walk.py HOST PORT AUTH_PASSPHRASE PRIV_PASSPHRASE. The users are those of
harness.rs. An error is a line that begins with `error`. This client pads what it encrypts.

Two of its faults are kept out of the way. It takes the counters of usmStats for a refusal
wherever it meets them, so it walks beside them. And it checks a signature over what it
writes anew, where a length of exactly 127 gets an octet more than it needs; answers with
seven bindings are longer.
"""

import asyncio
import sys

from puresnmp import V2C, V3, Client
from puresnmp.credentials import Auth, Priv
from x690.types import ObjectIdentifier


ROOTS = [ObjectIdentifier("1.3.6.1.2.1"), ObjectIdentifier("1.3.6.1.4.1")]


async def walk(case, who):
    print("==", case)
    client = Client(HOST, who, port=PORT)
    try:
        for root in ROOTS:
            async for binding in client.bulkwalk([root], bulk_size=7):
                print(binding.oid)
    except Exception as error:  # whatever it is, the test wants to read it
        print("error", repr(error))


async def main():
    await walk("v2c", V2C("public"))
    await walk("v3 md5des", V3("md5des", Auth(AUTH, "md5"), Priv(PRIV, "des")))
    await walk("v3 shaaes", V3("shaaes", Auth(AUTH, "sha1"), Priv(PRIV, "aes")))


HOST, PORT = sys.argv[1], int(sys.argv[2])
AUTH, PRIV = sys.argv[3].encode(), sys.argv[4].encode()
asyncio.run(main())
