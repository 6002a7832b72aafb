//! Why it was told, or not, as readers see it while it lasts.

use super::*;

const TUNNEL: &str = r#"
  - id: tunnel-down
    alert: TUNNEL_DOWN
    on: {sample: tunnel_up, by: [connector]}
    below: 1
    severity: critical
    summary: "down"
    action: "look"
"#;

fn silence(until: i64) -> Silence {
    Silence {
        id: Arc::from("s1"),
        matchers: vec![(Arc::from("rule"), Arc::from("tunnel-down"))],
        who: "ann".to_owned(),
        why: "new line".to_owned(),
        from: minute(1).wall,
        until: minute(until).wall,
    }
}

/// Steps at a minute, and says what holds the one alert, and its reason.
fn look(story: &mut Story, at: i64) -> (bool, String) {
    story.step(minute(at));
    let rows = story.engine.rows();
    let [row] = &*rows else {
        panic!("{rows:?}");
    };
    (row.held_by.is_some(), row.reason.to_string())
}

#[test]
fn the_reason_of_a_hold_goes_with_it() {
    let mut story = Story::of(TUNNEL);
    story.facts.set("tunnel_up", &["pub-1"], 0.0);
    let (_, told) = look(&mut story, 0);
    assert_eq!(story.take_said().len(), 1);
    // It was told before the silence.
    story.engine.silence(silence(60)).unwrap();
    let held = |until: &str| {
        let of = format!("silence s1 of ann until 2027-01-15 {until} UTC: new line");
        (true, format!("told before, and no more is said: {of}"))
    };
    assert_eq!(look(&mut story, 1), held("09:00:00"));
    // Longer, and then ended by hand, over a restart too.
    story.engine.silence(silence(70)).unwrap();
    assert_eq!(look(&mut story, 2), held("09:10:00"));
    story.engine.silence(silence(3)).unwrap();
    let free = (false, format!("{told}; told already, and held no more"));
    assert_eq!(look(&mut story, 3), free);
    story.restart(plan(TUNNEL), minute(4));
    assert_eq!(look(&mut story, 4), free);
    assert_eq!(story.take_said(), []);
    assert_eq!(story.take_decisions(), ["firing", "held"]);
}
