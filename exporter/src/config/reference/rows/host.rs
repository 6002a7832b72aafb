//! The manual's rows of the section `host`: what to watch of the host.

use super::{DAY, HOUR, MINUTE, Row, SECOND, Shape, row};

pub(super) const ROWS: &[Row] = &[
    row(
        "host",
        Shape::Section,
        "",
        "",
        "What is watched of the host: processors, memory, disks, network, processes, clock.",
    ),
    row(
        "host.enabled",
        Shape::Truth,
        "true",
        "false",
        "Whether anything of the host is watched.",
    ),
    row(
        "host.interval",
        Shape::Duration(SECOND, HOUR),
        "15s",
        "1m",
        "How often the host is looked at, up to a second more by chance.",
    ),
    row(
        "host.window",
        Shape::Duration(SECOND, HOUR),
        "1m",
        "30s",
        "Time over which shares of processors are taken, about. Shorter than `interval`, it \
         is as long as that.",
    ),
    row(
        "host.time_limit",
        Shape::Duration(100, MINUTE),
        "5s, or `interval` if that is shorter",
        "2s",
        "How long one part of the host may take to answer, at most `interval`. What hangs \
         longer, like a dead mount, is absent and told; the rest is not held up.",
    ),
    row(
        "host.thresholds",
        Shape::Section,
        "",
        "",
        "From where on the host is in a bad way. Each limit is a value, or a group of \
         `value`, `clear` and `for`. The values are the vendor's.",
    ),
    row(
        "host.thresholds.cpu_used_ratio",
        Shape::Text("a share from 0 to 1, like `0.75`, or keys with values below it"),
        "0.75",
        "0.8",
        "Used share of all processors' time, without waiting for disks. A value of 1 is \
         never exceeded.",
    ),
    row(
        "host.thresholds.cpu_used_ratio.value",
        Shape::Text("a share from 0 to 1, like `0.75`"),
        "0.75",
        "0.8",
        "More is a breach.",
    ),
    row(
        "host.thresholds.cpu_used_ratio.clear",
        Shape::Text("a share from 0 to 1, like `0.75`"),
        "`value` less 0.05",
        "0.6",
        "Where a breach ends. On the good side of `value`, or at it; between the two \
         nothing changes.",
    ),
    row(
        "host.thresholds.cpu_used_ratio.for",
        Shape::Duration(0, DAY),
        "5m",
        "2m",
        "How long it must last until it counts. At `0s` the first look counts.",
    ),
    row(
        "host.thresholds.memory_used_ratio",
        Shape::Text("a share from 0 to 1, like `0.75`, or keys with values below it"),
        "0.9",
        "0.95",
        "Used share of memory: what cannot be had without swapping. A value of 1 is never \
         exceeded.",
    ),
    row(
        "host.thresholds.memory_used_ratio.value",
        Shape::Text("a share from 0 to 1, like `0.75`"),
        "0.9",
        "0.95",
        "More is a breach.",
    ),
    row(
        "host.thresholds.memory_used_ratio.clear",
        Shape::Text("a share from 0 to 1, like `0.75`"),
        "`value` less 0.05",
        "0.8",
        "Where a breach ends. On the good side of `value`, or at it; between the two \
         nothing changes.",
    ),
    row(
        "host.thresholds.memory_used_ratio.for",
        Shape::Duration(0, DAY),
        "5m",
        "2m",
        "How long it must last until it counts. At `0s` the first look counts.",
    ),
    row(
        "host.thresholds.disk_free",
        Shape::Text("a size with its unit, like `300MB` or `1GiB`, or keys with values below it"),
        "1GB",
        "2GB",
        "Free space of each file system that data is written to, for others than root. One \
         that is smaller than `clear` is not judged. Less than 0B is never free.",
    ),
    row(
        "host.thresholds.disk_free.value",
        Shape::Text("a size with its unit, like `300MB` or `1GiB`"),
        "1GB",
        "2GB",
        "Less is a breach.",
    ),
    row(
        "host.thresholds.disk_free.clear",
        Shape::Text("a size with its unit, like `300MB` or `1GiB`"),
        "a tenth more than `value`",
        "3GB",
        "Where a breach ends. On the good side of `value`, or at it; between the two \
         nothing changes.",
    ),
    row(
        "host.thresholds.disk_free.for",
        Shape::Duration(0, DAY),
        "1m",
        "2m",
        "How long it must last until it counts. At `0s` the first look counts.",
    ),
    row(
        "host.thresholds.update_space",
        Shape::Text("a size with its unit, like `300MB` or `1GiB`, or keys with values below it"),
        "300MB",
        "500MB",
        "Free space where an update of the connector is written: what the vendor checks \
         before one. Less than 0B is never free.",
    ),
    row(
        "host.thresholds.update_space.value",
        Shape::Text("a size with its unit, like `300MB` or `1GiB`"),
        "300MB",
        "500MB",
        "Less is a breach.",
    ),
    row(
        "host.thresholds.update_space.clear",
        Shape::Text("a size with its unit, like `300MB` or `1GiB`"),
        "a tenth more than `value`",
        "1GB",
        "Where a breach ends. On the good side of `value`, or at it; between the two \
         nothing changes.",
    ),
    row(
        "host.thresholds.update_space.for",
        Shape::Duration(0, DAY),
        "0s",
        "2m",
        "How long it must last until it counts. At `0s` the first look counts.",
    ),
    row(
        "host.update_folders",
        Shape::List("a list of at most 16 folders, like `[/, /var/lib/docker]`"),
        "what fits the connectors: `/`, and `/var/lib/docker` for a Publisher",
        "[/, /var/lib/containers]",
        "Folders that an update of a connector writes to; the file systems below them are \
         looked at.",
    ),
    row(
        "host.update_folders[]",
        Shape::Text("a folder that begins with `/`"),
        "",
        "/var/lib/docker",
        "On a file system with room for an update. One that is missing says nothing.",
    ),
    row(
        "host.connector_processes",
        Shape::List("a list of at most 16 names, like `[npa_publisher]`"),
        "what fits the connectors",
        "[npa_publisher, npa_publisher_wizard]",
        "The programs that are the connector; their containers' other processes count with \
         them. All others are other software on the host. An empty list: none is the \
         connector's.",
    ),
    row(
        "host.connector_processes[]",
        Shape::Text("a short name of a program without its folder"),
        "",
        "cato-clientd",
        "As the kernel shows it in `/proc/PID/comm`, of which it keeps 15 bytes.",
    ),
    row(
        "host.publisher_metrics_file",
        Shape::Text("a path of a file"),
        "none",
        "/home/ubuntu/resources/publisher_metrics",
        "A file with the Publisher's own counts (`num_snat_conns`, `num_tcp_conns`, \
         `num_udp_conns`, `num_opened_fds`), as lines of `name=value` or `name: value`, or \
         as JSON. Who writes it is a script of the vendor, or yours.",
    ),
    row(
        "host.ignored_types",
        Shape::List("a list of at most 256 types, like `[squashfs, overlay]`"),
        "those without storage of their own, images, and overlays",
        "[squashfs, nfs4]",
        "Types of file systems that are left out, in place of the default list.",
    ),
    row(
        "host.ignored_types[]",
        Shape::Text("a type as in `/proc/mounts`, like `squashfs`"),
        "",
        "squashfs",
        "One type.",
    ),
    row(
        "host.ignored_mountpoints",
        Shape::List("a list of at most 256 folders, like `[/mnt/backup]`"),
        "where container engines and systemd mount for others",
        "[/mnt/backup, /run/docker]",
        "Mount points that are left out with all below them, in place of the default list. \
         Those that a folder of `update_folders` lies on stay all the same.",
    ),
    row(
        "host.ignored_mountpoints[]",
        Shape::Text("a folder that begins with `/`"),
        "",
        "/mnt/backup",
        "One mount point.",
    ),
    row(
        "host.root",
        Shape::Text("a folder that is there, like `/` or `/host`"),
        "/",
        "/usr",
        "Where the host's files are seen: mount points, `etc`, `run` and `var`. Other than \
         `/` in a container that has the host's root mounted below a folder; it must share \
         the host's process and network namespaces too, because `/proc` and `/sys` are its \
         own.",
    ),
];
