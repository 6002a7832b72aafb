//! Any text as a file of rules: it loads or is refused at one of its lines, and never
//! panics. What loads can be asked and rendered.

#![no_main]

use alerts::rule::condition::Scope;
use alerts::rule::load::{RuleFile, load};
use alerts::rule::wording::WordingScope;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let file = RuleFile {
        name: "own.yaml".to_owned(),
        text: text.to_owned(),
    };
    match load(&[file]) {
        Ok(rules) => {
            for rule in &rules.rules {
                if let Some(when) = &rule.when {
                    let _ = when.evaluate(&Scope::default());
                }
                let _ = rule.summary.render(&WordingScope::default());
                let _ = rule.action.render(&WordingScope::default());
            }
        }
        Err(error) => {
            assert!(!error.message.is_empty());
            // YAML takes a carriage return alone for the end of a line, too.
            let breaks = text.bytes().filter(|byte| matches!(byte, b'\n' | b'\r'));
            assert!((1..=breaks.count() + 2).contains(&error.line));
        }
    }
});
