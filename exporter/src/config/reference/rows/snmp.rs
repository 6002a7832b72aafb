//! The manual's rows of the section `snmp`: who may poll, and who is told.

use super::{Row, Shape, row};

/// Where a secret may stand.
const FILE: Shape = Shape::Text(
    "a file whose first line is the secret, like `/etc/ztna-exporter/community`, or the \
     name of a systemd credential in the key that ends in `_credential`",
);

const CREDENTIAL: Shape =
    Shape::Text("the name of a systemd credential (`LoadCredential=`), like `snmp_community`");

const SUBTREE: Shape = Shape::Text("an object identifier in numbers, like `1.3.6.1.2.1.2`");

const VIEW: Shape = Shape::Text("`all`, or a name of `snmp.views`");

const AUTH: Shape = Shape::Word(&["md5", "sha", "sha224", "sha256", "sha384", "sha512"]);

const PRIV: Shape = Shape::Word(&["des", "aes128", "aes192", "aes256", "aes192c", "aes256c"]);

pub(super) const ROWS: &[Row] = &[
    row(
        "snmp",
        Shape::Section,
        "",
        "",
        "How SNMP is served, see [snmp.md](snmp.md).",
    ),
    row(
        "snmp.listen",
        Shape::List(
            "a list of 0 to 16 addresses, like `[\"127.0.0.1:10161\"]`, and somebody who may ask: `communities` or `users`",
        ),
        "none: SNMP is not served",
        "[\"127.0.0.1:10161\"]",
        "Where to answer pollers, by UDP. A port below 1024 needs `CAP_NET_BIND_SERVICE`. \
         Addresses that other machines can reach are refused while there is a community, \
         or a user who need not encrypt; see `insecure_public`.",
    ),
    row(
        "snmp.listen[]",
        Shape::Text("an address with its port, like `127.0.0.1:10161` or `0.0.0.0:161`"),
        "",
        "127.0.0.1:10161",
        "Port 0 takes a free one.",
    ),
    row(
        "snmp.insecure_public",
        Shape::Truth,
        "false",
        "true",
        "Whether communities, and users who need not encrypt, are answered beyond this \
         machine. Who listens on the way then knows how to ask too. The communities \
         `public` and `private` stay refused there.",
    ),
    row(
        "snmp.contact",
        Shape::Text("at most 255 bytes of text"),
        "empty",
        "noc@example.com",
        "sysContact.",
    ),
    row(
        "snmp.location",
        Shape::Text("at most 255 bytes of text"),
        "empty",
        "\"Frankfurt, rack 4\"",
        "sysLocation.",
    ),
    row(
        "snmp.allow",
        Shape::List("a list of at most 64 networks, like `[192.0.2.0/24, \"2001:db8::/32\"]`"),
        "`[]`: everybody whom the addresses let in",
        "[192.0.2.0/24]",
        "Networks that may ask. Others are counted and not read.",
    ),
    row(
        "snmp.allow[]",
        Shape::Text("a network or an address, like `192.0.2.0/24`"),
        "",
        "192.0.2.0/24",
        "",
    ),
    row(
        "snmp.base_oid",
        Shape::Text(
            "an object identifier in numbers of 7 to 32 parts that begins with `1.3.6.1`, like `1.3.6.1.4.1.8072.9999.9999.10942`",
        ),
        "`1.3.6.1.4.1.8072.9999.9999.10942`",
        "1.3.6.1.4.1.8072.9999.9999.7",
        "Where our own objects hang. `snmp mib` prints the module for the default; change \
         the lines marked BASE for another.",
    ),
    row(
        "snmp.communities",
        Shape::List("a list of at most 16 communities, each with `name_file` or `name_credential`"),
        "`[]`: SNMPv1 and SNMPv2c are not answered",
        "",
        "Who may ask by SNMPv1 and SNMPv2c. Nothing protects them but their names.",
    ),
    row(
        "snmp.communities[]",
        Shape::Section,
        "",
        "",
        "One community.",
    ),
    row(
        "snmp.communities[].name_file",
        FILE,
        "this or `name_credential`",
        "",
        "Its name.",
    ),
    row(
        "snmp.communities[].name_credential",
        CREDENTIAL,
        "this or `name_file`",
        "",
        "Its name.",
    ),
    row(
        "snmp.communities[].view",
        VIEW,
        "`all`",
        "all",
        "What it sees.",
    ),
    row(
        "snmp.users",
        Shape::List("a list of at most 64 users, each with `name` and `auth`"),
        "`[]`: SNMPv3 is not answered",
        "",
        "Who may ask by SNMPv3. `ztna-exporter snmp user NAME` makes an item.",
    ),
    row("snmp.users[]", Shape::Section, "", "", "One user."),
    row(
        "snmp.users[].name",
        Shape::Text("1 to 32 bytes of plain text that no other user has"),
        "required",
        "monitor",
        "The user's name.",
    ),
    row(
        "snmp.users[].auth",
        Shape::Section,
        "required",
        "",
        "How his messages are signed.",
    ),
    row(
        "snmp.users[].auth.protocol",
        AUTH,
        "required",
        "sha256",
        "The digest. `md5` only for pollers that know nothing better.",
    ),
    row(
        "snmp.users[].auth.passphrase_file",
        FILE,
        "one of the four",
        "",
        "The passphrase, of at least 8 bytes. Keys are made of it when the configuration is loaded.",
    ),
    row(
        "snmp.users[].auth.passphrase_credential",
        CREDENTIAL,
        "one of the four",
        "",
        "The passphrase.",
    ),
    row(
        "snmp.users[].auth.key_file",
        FILE,
        "one of the four",
        "",
        "The key that `snmp user` made. It fits this agent only, and tells nobody the passphrase.",
    ),
    row(
        "snmp.users[].auth.key_credential",
        CREDENTIAL,
        "one of the four",
        "",
        "That key.",
    ),
    row(
        "snmp.users[].priv",
        Shape::Section,
        "he does not encrypt",
        "",
        "How his messages are encrypted.",
    ),
    row(
        "snmp.users[].priv.protocol",
        PRIV,
        "required",
        "aes128",
        "The cipher. `aes192` and `aes256` extend a short key as net-snmp does, `aes192c` and `aes256c` as Cisco does. `des` only for pollers that know nothing better.",
    ),
    row(
        "snmp.users[].priv.passphrase_file",
        FILE,
        "one of the four",
        "",
        "The passphrase, of at least 8 bytes.",
    ),
    row(
        "snmp.users[].priv.passphrase_credential",
        CREDENTIAL,
        "one of the four",
        "",
        "The passphrase.",
    ),
    row(
        "snmp.users[].priv.key_file",
        FILE,
        "one of the four",
        "",
        "The key that `snmp user` made.",
    ),
    row(
        "snmp.users[].priv.key_credential",
        CREDENTIAL,
        "one of the four",
        "",
        "That key.",
    ),
    row(
        "snmp.users[].level",
        Shape::Word(&["authPriv", "authNoPriv"]),
        "the best that he has",
        "authNoPriv",
        "The least protection with which he is answered. Messages without a signature never are.",
    ),
    row("snmp.users[].view", VIEW, "`all`", "all", "What he sees."),
    row(
        "snmp.views",
        Shape::List(
            "at most 16 names with `include`, like `interfaces: {include: [1.3.6.1.2.1.2]}`",
        ),
        "`all`, which is always there",
        "",
        "Parts of the tree. What a view does not show does not exist for who has it.",
    ),
    row(
        "snmp.views.*",
        Shape::Section,
        "",
        "",
        "One view; its name is 1 to 64 of `A-Z a-z 0-9 . _ -`.",
    ),
    row(
        "snmp.views.*.include",
        Shape::List("a list of 1 to 64 object identifiers, like `[1.3.6.1.2.1.2]`"),
        "required",
        "[1.3.6.1.2.1]",
        "Subtrees that are shown.",
    ),
    row("snmp.views.*.include[]", SUBTREE, "", "1.3.6.1.2.1", ""),
    row(
        "snmp.views.*.exclude",
        Shape::List("a list of at most 64 object identifiers, like `[1.3.6.1.2.1.25]`"),
        "`[]`",
        "[1.3.6.1.2.1.25]",
        "Subtrees that are not. The longest that holds a name decides.",
    ),
    row("snmp.views.*.exclude[]", SUBTREE, "", "1.3.6.1.2.1.25", ""),
    row(
        "snmp.targets",
        Shape::List(
            "a list of at most 16 targets, each with `name`, `address`, and `user`, `community_file` or `community_credential`",
        ),
        "`[]`",
        "",
        "Who is told of the agent's start, and of alerts if a receiver of `alerts.receivers` has `snmp: {}`. `ztna-exporter snmp send-test` tries them.",
    ),
    row("snmp.targets[]", Shape::Section, "", "", "One target."),
    row(
        "snmp.targets[].name",
        Shape::Text("a name of 1 to 64 of `A-Z a-z 0-9 . _ -` that no other target has"),
        "required",
        "noc",
        "Label `target` of what is counted.",
    ),
    row(
        "snmp.targets[].address",
        Shape::Text("an address with its port, like `192.0.2.7:162`"),
        "required",
        "\"192.0.2.7:162\"",
        "Where the receiver listens, by UDP.",
    ),
    row(
        "snmp.targets[].community_file",
        FILE,
        "this, the next or `user`",
        "",
        "The community of SNMPv2c notifications.",
    ),
    row(
        "snmp.targets[].community_credential",
        CREDENTIAL,
        "this, the one before or `user`",
        "",
        "The community of SNMPv2c notifications.",
    ),
    row(
        "snmp.targets[].user",
        Shape::Text("the name of one of `snmp.users`"),
        "this or a community",
        "",
        "Who signs SNMPv3 notifications. A trap is signed for our own engine; an inform is \
         for the receiver's, so the user needs passphrases.",
    ),
    row(
        "snmp.targets[].inform",
        Shape::Truth,
        "false",
        "true",
        "Whether the receiver has to confirm. A trap that is lost is lost.",
    ),
    row(
        "snmp.targets[].timeout",
        Shape::Duration(100, 30_000),
        "2s",
        "1s",
        "How long a confirmation is waited for, each time.",
    ),
    row(
        "snmp.targets[].retries",
        Shape::Count(0, 16),
        "5",
        "3",
        "How often an inform is sent again before it is given up. All tries together may take 2 minutes at most.",
    ),
];
