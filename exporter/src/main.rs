//! The `ztna-exporter` program: reads its arguments and hands over to the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    ztna_exporter::cli::main()
}
