//! What templates may do, and every way to much out of little.

use minijinja::context;

use super::*;

fn rendered(text: &str, tags: &[&str]) -> Result<String, String> {
    check(text, tags).map_err(|refused| refused.why)?;
    let mut environment = environment(5_000);
    let told = |error: minijinja::Error| format!("{:?} {:?}", error.kind(), error.detail());
    environment.add_template("own", text).map_err(told)?;
    let values = context! {
        a => "some words",
        is_over => false,
        facts => [context! { name => "CPU", value => "80 %" }, context! { name => "Zone" }],
    };
    let mut written = Written::at_most(1_000);
    let template = environment.get_template("own").map_err(told)?;
    let done = template.render_captured_to(values, &mut written);
    done.map(drop).map_err(told)?;
    Ok(written.into_text())
}

#[test]
fn facts_are_shown_and_taken_apart() {
    for (text, wanted) in [
        ("{{ a }}", "some words"),
        ("{{- a | upper -}}", "SOME WORDS"),
        ("{{ facts[0].name }}{{ facts[0]['value'] }}", "CPU80 %"),
        ("{{ a[0:4] }}", "some"),
        (
            "{% for one in facts if one.value is defined %}{{ one.name }}{% endfor %}",
            "CPU",
        ),
        (
            "{% if not (is_over and a) %}b{% elif (a) %}c{% endif %}",
            "b",
        ),
        ("{% if a is not startingwith('x') %}b{% endif %}", "b"),
        ("{% if a in ['x', \"some words\"] %}b{% endif %}", "b"),
        ("{{ (a if is_over else 'no') | default(\"-\") }}", "no"),
        (
            "{{ a | replace('some', 'few') }} 2 * 3 {# ~ #}",
            "few words 2 * 3 ",
        ),
        ("{{ '}} ~ \\' {' }}", "}} ~ ' {"),
        ("{{ 3 - 1 }}{{ facts | length }}", "22"),
        (
            "{{ a | known('of ') }}{{ 'none' | known('of ') }}",
            "of some words",
        ),
    ] {
        assert_eq!(rendered(text, SENTENCE).as_deref(), Ok(wanted), "{text}");
    }
}

#[test]
fn whatever_makes_much_of_little_is_refused_where_it_stands() {
    for (text, line, why) in [
        (
            "{% set a = 1 %}",
            1,
            "has the tag `set`; there are if, for, extends, block",
        ),
        ("\n{%- macro m() %}{% endmacro %}", 2, "has the tag `macro`"),
        (
            "{% filter upper %}x{% endfilter %}",
            1,
            "has the tag `filter`",
        ),
        ("{% include 'own' %}", 1, "has the tag `include`"),
        ("{% raw %}{% endraw %}", 1, "has the tag `raw`"),
        ("{{ a ~ a }}", 1, "with `~`"),
        ("{{ a + a }}", 1, "with `+`"),
        ("{{ 'x' * 1000000000 }}", 1, "with `*`"),
        ("{% for b in a * 9 %}{% endfor %}", 1, "with `*`"),
        ("{% for b in range(9) %}{% endfor %}", 1, "calls something"),
        (
            "{% for b in facts recursive %}{{ loop(facts) }}{% endfor %}",
            1,
            "calls something",
        ),
        ("{% if not loop(facts) %}{% endif %}", 1, "calls something"),
        ("{{ self.why() }}", 1, "calls something"),
        ("{{ self['why']() }}", 1, "calls something"),
        ("{{ super() | upper }}", 1, "calls something"),
        ("{{ a | (upper)(a) }}", 1, "calls something"),
        ("{{ self.é() }}", 1, "calls something"),
        ("{{ [a, a] }}", 1, "puts `a` into a list"),
        ("{{ [[1], [a]] }}", 1, "puts `a` into a list"),
        ("{{ [('x')] }}", 1, "puts parentheses into a list"),
        (
            "{% for b in (a, a) %}{% endfor %}",
            1,
            "makes a list in parentheses",
        ),
        (
            "{{ a | default((a, a)) }}",
            1,
            "makes a list in parentheses",
        ),
        ("{{ {'x': a} }}", 1, "makes a map"),
        ("{{ a[{} }} x {{ a ~ a }}", 1, "makes a map"),
        (
            "{# {{ #}\n\n{{ a[ }}\n{{ a ~ a }}",
            3,
            "ends with a bracket open",
        ),
    ] {
        let refused = check(text, TEMPLATE).expect_err(text);
        assert!(refused.why.contains(why), "{text}: {}", refused.why);
        assert_eq!(refused.line, line, "{text}");
    }
    assert_eq!(check("{{ super() }}{{-super()-}}", TEMPLATE), Ok(()));
    assert!(check("{{ super() }}", SENTENCE).is_err());
    assert!(check("{% extends 'mail.txt' %}", SENTENCE).is_err());
}

#[test]
fn what_is_not_refused_ends_small() {
    let chain = |filter: &str| format!("{{{{ a{} | length }}}}", filter.repeat(60));
    for text in [
        chain(" | replace('s', 'ss')"),
        chain(" | replace('', 'sssssss')"),
        chain(&format!(" | known('{}')", "x".repeat(300))),
        chain(" | sort | string"),
        chain(" | indent(1000000)"),
        chain(" | list | string"),
        "{{ '%1000000000d' | format(1) }}".to_owned(),
        "{{ a | center(1000000000) }}".to_owned(),
        "{% for b in facts %}".repeat(12) + &"{% endfor %}".repeat(12),
        "{% extends 'own' %}".to_owned(),
    ] {
        assert!(rendered(&text, TEMPLATE).is_err(), "{text}");
    }
}
