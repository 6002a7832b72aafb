//! Any text as an operator's catalogue: it loads or is refused, and never panics.
//!
//! A catalogue that loads has kept its promises: its examples were recognised.

#![no_main]

use libfuzzer_sys::fuzz_target;
use logparse::catalogue::{Catalogue, CatalogueFile};
use model::connector::ConnectorKind;

fuzz_target!(|text: &str| {
    let file = CatalogueFile {
        name: "own.yaml".to_owned(),
        text: text.to_owned(),
    };
    match Catalogue::load(ConnectorKind::NetskopePublisher, &[file]) {
        Ok(catalogue) => assert!(!catalogue.pairs().is_empty()),
        Err(error) => {
            let mut cause: Option<&dyn std::error::Error> = Some(&error);
            while let Some(inner) = cause {
                assert!(!inner.to_string().is_empty());
                cause = inner.source();
            }
        }
    }
});
