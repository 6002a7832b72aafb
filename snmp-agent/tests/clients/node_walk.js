// Walks an agent with node's net-snmp and prints what it meets: `== CASE`, then a name a
// line.
//
// Usage: node_walk.js HOST PORT AUTH_PASSPHRASE PRIV_PASSPHRASE, with NODE_PATH at the
// folder of its modules. The users are those of harness.rs. An error is a line that begins
// with `error`. DES is left out: the ciphers of this client no longer have it.
"use strict";

const snmp = require("net-snmp");

const [host, port, authKey, privKey] = process.argv.slice(2);
const options = { port: Number(port), timeout: 5000, retries: 1 };

const user = (name, auth, priv) => ({
  name,
  level: snmp.SecurityLevel.authPriv,
  authProtocol: snmp.AuthProtocols[auth],
  authKey,
  privProtocol: snmp.PrivProtocols[priv],
  privKey,
});

const community = (version) => () =>
  snmp.createSession(host, "public", { ...options, version });
const secure = (name, auth, priv) => () =>
  snmp.createV3Session(host, user(name, auth, priv), {
    ...options,
    version: snmp.Version3,
  });

const cases = [
  ["v1", community(snmp.Version1)],
  ["v2c", community(snmp.Version2c)],
  ["v3 shaaes", secure("shaaes", "sha", "aes")],
  ["v3 sha256aes256", secure("sha256aes256", "sha256", "aes256b")],
  ["v3 sha512aes256", secure("sha512aes256", "sha512", "aes256b")],
  ["v3 sha1aes256b", secure("sha1aes256b", "sha", "aes256b")],
  ["v3 sha1aes256c", secure("sha1aes256c", "sha", "aes256r")],
];

const walk = ([name, open]) =>
  new Promise((resolve) => {
    console.log("==", name);
    const session = open();
    const feed = (bindings) => {
      for (const binding of bindings) {
        const isError = snmp.isVarbindError(binding);
        console.log(isError ? `error ${snmp.varbindError(binding)}` : binding.oid);
      }
    };
    session.subtree("1.3.6.1", 20, feed, (error) => {
      if (error) console.log("error", String(error));
      session.close();
      resolve();
    });
  });

(async () => {
  for (const one of cases) await walk(one);
})();
