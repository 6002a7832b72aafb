//! Who gets a message of his own, and by which id it is known.

use super::*;

#[test]
fn the_same_notification_gives_the_same_bytes_and_ids() {
    for notification in all_kinds() {
        let once = composer().compose(&notification, at("2026-12-08T06:00:00Z"));
        let again = composer().compose(&notification, at("2026-12-09T06:00:00Z"));
        assert!(!once.messages.is_empty());
        for ((first, _), (second, _)) in once.messages.iter().zip(&again.messages) {
            assert_eq!(first.id, second.id);
            assert_eq!(first.body, second.body);
        }
        let ids: std::collections::BTreeSet<_> =
            once.messages.iter().map(|(one, _)| &one.id).collect();
        assert_eq!(ids.len(), once.messages.len());
    }
}

#[test]
fn ids_name_their_notification() {
    let message = message_for("ops", &failed());
    assert_eq!(notification_of(&message.id), Some("0123456789abcdef"));
    assert_eq!(notification_of("x@y"), None);
    assert_eq!(notification_of("nothing"), None);
}

#[test]
fn each_recipient_has_a_delivery_of_his_own() {
    let composed = composer().compose(&failed(), at("2026-12-08T06:00:00Z"));
    let (mail, to_each) = &composed.messages[0];
    let to: Vec<&str> = to_each.iter().map(|one| &*one.recipient).collect();
    assert_eq!(to, ["ops@example.com", "night@example.com"]);
    assert!(to_each.iter().all(|one| one.message == mail.id));
    for (message, deliveries) in composed.messages.iter().skip(1) {
        assert_eq!(deliveries.len(), 1, "{}", message.receiver);
        assert_eq!(&*deliveries[0].recipient, "");
    }
}

#[test]
fn who_hears_is_who_is_named_and_wants_to() {
    let mut all = everybody();
    all[1].send_resolved = false;
    all[2].least_severity = Severity::Critical;
    let composer = Composer::new(identity(), all, vec![text("ops"), text("hook"), text("am")]);
    let hears = |notification: &Notification| {
        let composed = composer.compose(notification, at("2026-12-08T06:00:00Z"));
        let names = composed
            .messages
            .iter()
            .map(|(one, _)| one.receiver.to_string());
        (names.collect::<Vec<_>>().join(" "), composed.faults)
    };
    let firing = incident(Message::Firing);
    assert_eq!(hears(&firing).0, "ops hook am");
    assert_eq!(hears(&incident(Message::Resolved)).0, "ops am");
    assert_eq!(hears(&notice()).0, "ops hook");
    let named = Notification {
        receivers: vec![text("siem")],
        ..incident(Message::Firing)
    };
    assert_eq!(hears(&named).0, "siem");
    let gone = Notification {
        receivers: vec![text("nobody")],
        ..firing
    };
    let (names, faults) = hears(&gone);
    assert_eq!(names, "ops hook am");
    assert_eq!(
        faults,
        ["rule tunnel-down names receiver nobody, which is not configured"]
    );
    let test = Notification {
        receivers: vec![text("am")],
        ..test()
    };
    assert_eq!(hears(&test).0, "am");
}

#[test]
fn what_only_a_host_tells_apart_has_it_in_its_subject() {
    let mut of_host = incident(Message::Firing);
    of_host.alert = text("HOST_CPU");
    of_host.labels = vec![(text("resource"), text("cpu"))];
    of_host.summary = "Its processors are busy".to_owned();
    let subject = |one: &Notification| message_for("ops", one).subject;
    assert_eq!(
        subject(&of_host),
        "[ZTNA critical] HOST_CPU on web-1: Its processors are busy"
    );
    assert!(!subject(&failed()).contains("web-1"));
    assert!(!subject(&incident(Message::Firing)).contains("web-1"));
}

#[test]
fn nothing_to_do_is_no_part_of_the_first_sentence() {
    let mut begun = failed();
    begun.action = "Nothing. It takes a while.".to_owned();
    let mail = read_mail(&message_for("ops", &begun).body);
    let first = mail.text.split("\n\n").next().unwrap();
    assert!(first.ends_with("06:00 CET (05:00 UTC)."), "{first}");
}
