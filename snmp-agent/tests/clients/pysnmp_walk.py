"""Walks an agent with pysnmp and prints what it meets: `== CASE`, then a name a line.

Usage: pysnmp_walk.py HOST PORT AUTH_PASSPHRASE PRIV_PASSPHRASE. The users are those of
harness.rs. An error is a line that begins with `error`.
"""

import asyncio
import sys

from pysnmp.hlapi.v3arch.asyncio import (
    CommunityData,
    ContextData,
    ObjectIdentity,
    ObjectType,
    SnmpEngine,
    UdpTransportTarget,
    UsmUserData,
    bulk_walk_cmd,
    usmAesBlumenthalCfb256Protocol,
    usmAesCfb128Protocol,
    usmAesCfb256Protocol,
    usmDESPrivProtocol,
    usmHMAC192SHA256AuthProtocol,
    usmHMAC384SHA512AuthProtocol,
    usmHMACMD5AuthProtocol,
    usmHMACSHAAuthProtocol,
    walk_cmd,
)

# pysnmp calls "256" what Cisco makes of a short digest, and names the other after its author.
USERS = [
    ("md5des", usmHMACMD5AuthProtocol, usmDESPrivProtocol),
    ("shaaes", usmHMACSHAAuthProtocol, usmAesCfb128Protocol),
    ("sha256aes256", usmHMAC192SHA256AuthProtocol, usmAesBlumenthalCfb256Protocol),
    ("sha512aes256", usmHMAC384SHA512AuthProtocol, usmAesBlumenthalCfb256Protocol),
    ("sha1aes256b", usmHMACSHAAuthProtocol, usmAesBlumenthalCfb256Protocol),
    ("sha1aes256c", usmHMACSHAAuthProtocol, usmAesCfb256Protocol),
]


async def walk(case, command, who, *sizes):
    print("==", case)
    target = await UdpTransportTarget.create((HOST, PORT), timeout=5, retries=1)
    start = ObjectType(ObjectIdentity("1.3.6.1"))
    rows = command(
        SnmpEngine(), who, target, ContextData(), *sizes, start,
        lookupMib=False, lexicographicMode=False,
    )
    async for failure, status, _, bindings in rows:
        if failure or status:
            print("error", failure or status.prettyPrint())
            return
        for name, _ in bindings:
            print(name)


async def main():
    await walk("v1", walk_cmd, CommunityData("public", mpModel=0))
    await walk("v2c", bulk_walk_cmd, CommunityData("public", mpModel=1), 0, 25)
    for name, digest, cipher in USERS:
        user = UsmUserData(
            name, AUTH, PRIV, authProtocol=digest, privProtocol=cipher
        )
        await walk(f"v3 {name}", bulk_walk_cmd, user, 0, 25)


HOST, PORT, AUTH, PRIV = sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[4]
asyncio.run(main())
