//! Files of several products, told apart and read as what they are.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use clap::Parser;
use expect_test::expect;

use super::super::fold_all::fold_all;
use super::super::{input, summary_of};
use super::*;
use crate::cli::{Cli, Command};

const PUBLISHER: &str = "sslhelper.cpp:302:logSslError():0x0 SSL Error 1 error:0:lib(0)\n";
const NETSKOPE: &str = "2024/04/30 16:34:24.470 stAgentSvc p6ff8 ta9d4 info tunnel.cpp:3 \
    nsTunnel DTLS keepAlive fails with 15 tries\r\nkeepAlive fails with 15 tries\r\n";
const CATO: &str = "2025-08-04 11:18:00 [I][client  ][connect:1716][:][:][_:] \
    Successfully connected to CATO VPN \"Frankfurt\" via DTLS mode\n";

/// A folder with a file of each product, in each of the ways in which files come.
fn mixed_folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| folder.path().join(name);
    fs::write(file("agent.txt"), PUBLISHER).unwrap();
    let units = format!("\u{feff}{NETSKOPE}");
    let utf16: Vec<u8> = units.encode_utf16().flat_map(u16::to_le_bytes).collect();
    fs::write(file("nsdebuglog.1.log"), utf16).unwrap();
    let packed = fs::File::create(file("cato-client.log.1.gz")).unwrap();
    let mut packer = flate2::write::GzEncoder::new(packed, flate2::Compression::fast());
    packer.write_all(CATO.as_bytes()).unwrap();
    packer.finish().unwrap();
    fs::write(file("syslog"), "Nov  2 10:00:00 host sshd[12]: Accepted\n").unwrap();
    folder
}

fn plan(folder: &Path, flags: &[&str]) -> Result<Job, Failure> {
    let words = ["ztna-exporter", "parse"]
        .into_iter()
        .chain(flags.iter().copied());
    let pattern = folder.join("*").display().to_string();
    let cli = Cli::try_parse_from(words.chain([pattern.as_str()])).unwrap();
    let Some(Command::Parse(args)) = cli.command else {
        panic!("not parse")
    };
    let inputs = input::expand(&args.files).unwrap();
    Job::plan(&args, inputs, Timestamp::UNIX_EPOCH)
}

fn refusal(folder: &Path, flags: &[&str]) -> String {
    match plan(folder, flags) {
        Err(Failure::Usage(text)) => format!("usage: {text}"),
        Err(Failure::Running(error)) => format!("running: {error:#}"),
        Err(Failure::Config(text)) => format!("config: {text}"),
        Err(Failure::Reported(code)) => format!("reported: {code}"),
        Ok(_) => "not refused".to_owned(),
    }
}

#[test]
fn each_file_is_read_as_its_own_product() {
    let folder = mixed_folder();
    let job = plan(folder.path(), &[]).unwrap();
    let read_as: Vec<_> = job
        .sources
        .iter()
        .map(|source| {
            let name = source.input.path.file_name().unwrap().to_owned();
            let kind = job.products[source.product].kind;
            (PathBuf::from(name), kind.name())
        })
        .collect();
    expect![[r#"
        [
            (
                "agent.txt",
                "netskope-publisher",
            ),
            (
                "cato-client.log.1.gz",
                "cato-client",
            ),
            (
                "nsdebuglog.1.log",
                "netskope-client",
            ),
        ]
    "#]]
    .assert_debug_eq(&read_as);
    let told = fold_all(&job).unwrap();
    let summary = summary_of(&job, &told);
    expect![[r#"
        netskope-publisher (netskope-publisher): 1 file, 63 bytes, 1 lines
          recognised               1  counted as events

          EVENT                         REASON                             COUNT
          tls.error                     ssl                                    1

          AT THE END
          tunnel                        unknown
          registration                  unknown
          update                        unknown

        netskope-client (netskope-client): 1 file, 284 bytes, 2 lines
          recognised               1  counted as events
          continuation             1  begin no record: the rest of a longer one, torn, or foreign

          EVENT                         REASON                             COUNT
          tunnel.keepalive_failed                                              1

          AT THE END
          client                        unknown
          tunnel                        unknown
          steering                      unknown
          private_access                unknown
          configuration                 unknown

        cato-client (cato-client): 1 file, 119 bytes, 1 lines
          recognised               1  counted as events

          EVENT                         REASON                             COUNT
          tunnel.connected                                                     1

          AT THE END
          tunnel                        connected                   since 1970-01-01T00:00:00Z
          private_access                connected                   since 1970-01-01T00:00:00Z
          internet_security             connected                   since 1970-01-01T00:00:00Z
    "#]]
    .assert_eq(&summary);
}

#[test]
fn what_fits_one_product_is_refused_for_several() {
    let folder = mixed_folder();
    let all = "are of netskope-publisher, netskope-client, cato-client: name one";
    let named = refusal(folder.path(), &["--connector", "laptop"]);
    assert!(named.starts_with("usage: `--connector laptop`"), "{named}");
    assert!(named.contains(all), "{named}");
    let rows = folder.path().join("syslog").display().to_string();
    fs::write(folder.path().join("syslog"), "version: 1\nrows: []\n").unwrap();
    let own_rows = refusal(folder.path(), &["--catalogue", &rows]);
    assert!(own_rows.starts_with("usage: `--catalogue`"), "{own_rows}");
    assert!(own_rows.contains(all), "{own_rows}");
}

#[test]
fn a_named_product_takes_every_file() {
    let folder = mixed_folder();
    let job = plan(
        folder.path(),
        &["--kind", "cato-client", "--connector", "x"],
    )
    .unwrap();
    assert_eq!((job.products.len(), job.sources.len()), (1, 4));
    assert_eq!(&*job.products[0].connector, "x");
}

#[test]
fn nothing_to_read_is_a_failure_that_tells_the_mend() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("notes.txt"), "milk\nbread\n").unwrap();
    assert_eq!(
        refusal(folder.path(), &[]),
        "running: nothing to read is a log that we know: name its product with `--kind`"
    );
}

#[test]
fn a_file_that_cannot_be_read_does_not_hide_the_others() {
    let folder = mixed_folder();
    fs::write(folder.path().join("torn.gz"), [0x1f, 0x8b, 8, 0]).unwrap();
    let job = plan(folder.path(), &[]).unwrap();
    assert_eq!(job.sources.len(), 3);
    let error = format!("{:#}", job.failed.unwrap());
    assert!(error.contains("torn.gz"), "{error}");
}

#[test]
fn a_files_name_tells_which_log_it_is() {
    for (kind, path, log) in [
        (
            ConnectorKind::NetskopePublisher,
            "/logs/agent.txt.3",
            "agent",
        ),
        (
            ConnectorKind::NetskopePublisher,
            "publisher_wizard.log",
            "wizard",
        ),
        (ConnectorKind::NetskopePublisher, "-", "other"),
        (ConnectorKind::NetskopeClient, "nsdebuglog.1.log", "client"),
        (ConnectorKind::NetskopeClient, "NPADebugLog.log", "npa"),
        (ConnectorKind::CatoClient, "cato_dem_5.1.log", "dem"),
        (
            ConnectorKind::CatoClient,
            "CatoClient.Trace.5.16.5_2025-08-07.log",
            "ui",
        ),
        (ConnectorKind::CatoClient, "cato-client.log", "client"),
    ] {
        let (place, name) = log_of(kind, Path::new(path));
        assert_eq!((name, log_names(kind)[place]), (log, log), "{path}");
    }
}
