use super::*;

fn file(name: &str, text: &str) -> RuleFile {
    RuleFile {
        name: name.to_owned(),
        text: text.to_owned(),
    }
}

fn default_rules() -> RuleSet {
    load(&[file(DEFAULT_RULES_NAME, DEFAULT_RULES)]).unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn the_default_rules_load() {
    for rule in default_rules().rules {
        assert!(rule.place.starts_with(DEFAULT_RULES_NAME), "{}", rule.id);
    }
}
