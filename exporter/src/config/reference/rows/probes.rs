//! The manual's rows of the section `probes`: what to ask actively.

use super::{DAY, Row, SECOND, Shape, row};

const ADDRESS_WANTED: &str =
    "a host with a port, like `ns-1234.us-sjc1.npa.goskope.com:443` or `[2001:db8::1]:443`";

const PROXY_WANTED: &str = "an explicit proxy without user and password, like \
                            `http://proxy.example.com:3128`";

const PROXY_MEANING: &str = "The explicit proxy to go through (CONNECT). Without it, straight: \
                             the host's own settings are not used.";

pub(super) const ROWS: &[Row] = &[
    row(
        "probes",
        Shape::List("a list of at most 64 probes, each with `name` and what it asks"),
        "`[]`",
        "",
        "What is asked actively on the path to the vendor: see docs/probes.md.",
    ),
    row(
        "probes[]",
        Shape::Section,
        "",
        "",
        "One probe. It has just one of `tls`, `tcp`, `dns` and `proxy`.",
    ),
    row(
        "probes[].name",
        Shape::Text(
            "a name of 1 to 64 of `A-Z a-z 0-9 . _ -` that no other probe and no vendor's tool \
             (`nsdiag`, `stagentcli`, `cato-sdp`) has",
        ),
        "required",
        "management-plane",
        "The label `probe` of everything it tells. Renaming it starts new series.",
    ),
    row(
        "probes[].connector",
        Shape::Text("the name of one of `connectors`"),
        "none",
        "a",
        "The connector whose path it looks at: the label `connector` of everything it tells.",
    ),
    row(
        "probes[].interval",
        Shape::Duration(SECOND, DAY),
        "1m",
        "30s",
        "From the end of a run to the next one, a tenth more or less by chance. The first runs follow the \
         start, one after the other.",
    ),
    row(
        "probes[].timeout",
        Shape::Duration(100, 30 * SECOND),
        "10s",
        "5s",
        "How long a run may take in all; not longer than `interval`. At most 8 probes run at \
         once; one that waits for its place longer than its interval says so in the log.",
    ),
    row(
        "probes[].tls",
        Shape::Section,
        "none",
        "",
        "Asks for a TLS handshake: name, connection, chain of certificates, versions and \
         times. Nothing else is sent.",
    ),
    row(
        "probes[].tls.address",
        Shape::Text(ADDRESS_WANTED),
        "required",
        "ns-1234.us-sjc1.npa.goskope.com:443",
        "Whom to ask.",
    ),
    row(
        "probes[].tls.server_name",
        Shape::Text("a host's name, like `ns-1234.us-sjc1.npa.goskope.com`"),
        "the host of `address`",
        "ns-1234.us-sjc1.npa.goskope.com",
        "The name to ask for (SNI) and to find in the certificate: for the data plane, which \
         is asked for by the tenant's name at another address.",
    ),
    row(
        "probes[].tls.expected_root",
        Shape::List("a list of at most 16 SHA-256 fingerprints"),
        "`[]`",
        "[0b9fa5a59eed715c26c1020c711b4f6ec42d58b0015e14337a39dad301c5afc3]",
        "Which roots the chain may end in. A chain that ends in another one is \
         `intercepted`. Without it and `ca_file`: the public roots, as Mozilla lists them.",
    ),
    row(
        "probes[].tls.expected_root[]",
        Shape::Text("64 hexadecimal digits, with or without colons between the bytes"),
        "",
        "0b9fa5a59eed715c26c1020c711b4f6ec42d58b0015e14337a39dad301c5afc3",
        "The SHA-256 sum of a certificate or of its public key: of the root, of an authority \
         below it, or of the server's own certificate.",
    ),
    row(
        "probes[].tls.ca_file",
        Shape::Text("a PEM file with certificates that this user may read"),
        "none",
        "",
        "Which roots the chain may end in, beside `expected_root`: for a root of your own. \
         Read for each run.",
    ),
    row(
        "probes[].tls.proxy",
        Shape::Text(PROXY_WANTED),
        "none",
        "http://proxy.example.com:3128",
        PROXY_MEANING,
    ),
    row(
        "probes[].tcp",
        Shape::Section,
        "none",
        "",
        "Asks for a TCP connection, and hangs up.",
    ),
    row(
        "probes[].tcp.address",
        Shape::Text(ADDRESS_WANTED),
        "required",
        "192.0.2.10:784",
        "Whom to ask.",
    ),
    row(
        "probes[].tcp.proxy",
        Shape::Text(PROXY_WANTED),
        "none",
        "http://proxy.example.com:3128",
        PROXY_MEANING,
    ),
    row(
        "probes[].dns",
        Shape::Section,
        "none",
        "",
        "Asks for the addresses of a name, of IPv4 and of IPv6.",
    ),
    row(
        "probes[].dns.name",
        Shape::Text("a host's name, like `gateway.gslb.goskope.com`"),
        "required",
        "gateway.gslb.goskope.com",
        "The name. One with a dot in it is complete: no search list is tried.",
    ),
    row(
        "probes[].dns.servers",
        Shape::List("a list of at most 8 addresses, like `[\"192.0.2.53\"]`"),
        "those of `/etc/resolv.conf`, with `/etc/hosts` before them",
        "[\"192.0.2.53\", \"[2001:db8::53]:5353\"]",
        "Which name servers to ask.",
    ),
    row(
        "probes[].dns.servers[]",
        Shape::Text("an IP address with or without port, like `192.0.2.53`"),
        "",
        "192.0.2.53",
        "Port 53 if none is said.",
    ),
    row(
        "probes[].dns.expect",
        Shape::List("a list of at most 64 addresses and networks, like `[\"192.0.2.0/24\"]`"),
        "`[]`",
        "[\"192.0.2.0/24\", \"2001:db8::/32\"]",
        "Where each address found has to be; any is fine without it.",
    ),
    row(
        "probes[].dns.expect[]",
        Shape::Text("an IP address or a network, like `192.0.2.0/24`"),
        "",
        "192.0.2.0/24",
        "One address outside of all of them is an `unexpected_address`.",
    ),
    row(
        "probes[].proxy",
        Shape::Section,
        "none",
        "{}",
        "Looks whether the host's proxy settings agree: `/etc/environment`, Docker's and \
         APT's. `{}` is enough.",
    ),
    row(
        "probes[].proxy.excluded",
        Shape::List("a list of at most 64 names and addresses, like `[npa.goskope.com]`"),
        "`[npa.goskope.com]`",
        "[\"*.goskope.com\", 192.0.2.7]",
        "What must not go through the proxy, beside this host itself. The Publisher's tunnel \
         does not go through an explicit proxy; give `[]` for one that does.",
    ),
    row(
        "probes[].proxy.excluded[]",
        Shape::Text("a host's name or an IP address"),
        "",
        "\"*.goskope.com\"",
        "A name stands for all names below it too.",
    ),
];
