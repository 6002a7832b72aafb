//! Promise: Debian's Postfix, over TLS, delivers our mails as they left, and what it refuses
//! to relay is given up for that recipient alone.
//!
//! Takes root, as Postfix does; see the full disk in `store_faults` for who may pass it over.

use std::fs;

use harness::agent::Agent;
use harness::page::Page;
use harness::postfix::Postfix;
use harness::receivers::{Speaker, scene};
use harness::smtp::{FROM, MailServer};
use harness::tls::Authority;

use crate::store_faults::skip;

/// What it puts in front of a mail.
const ADDED: [&str; 4] = ["return-path", "x-original-to", "delivered-to", "received"];

#[test]
fn a_real_mail_server_delivers_what_we_sent() {
    if !rustix::process::geteuid().is_root() {
        skip("starting Postfix takes root");
        return;
    }
    let authority = Authority::root("Test root").unwrap();
    let postfix = Postfix::start(&authority).unwrap();
    let twin = MailServer::start().unwrap();
    let real = format!(
        "{{name: real, email: {{host: 127.0.0.1, port: {}, from: {FROM}, ca_file: ca.pem, \
         to: [ops@example.com, ops@example.org], timeout: 20s}}}}",
        postfix.port()
    );
    let also = twin.receiver("also", &["ops@example.com"], ", tls: none");
    let scene = scene(&[real, also], "").unwrap();
    fs::write(scene.path("ca.pem"), authority.pem()).unwrap();
    let mut speaker = Speaker::new(&scene).unwrap();
    let agent = Agent::start(&scene).unwrap();
    agent.wait_until_ready().unwrap();
    speaker.lose_tunnel("203.0.113.7").unwrap();
    let came = postfix.wait_for(1).unwrap();
    let sent = twin.wait_for(1).unwrap();
    let (came, sent) = (&came[0], &sent[0]);
    assert_eq!(came.recipients, ["ops@example.com"]);
    assert_eq!(came.defects(), [""; 0]);
    // Postfix says how it came.
    let way = came.header("Received");
    assert!(way.contains("ESMTPS") && way.contains("TLSv1.3"), "{way}");
    // Nothing was added but at its front, nothing changed, nothing moved.
    let mut names = came.header_names();
    let added: Vec<String> = names.drain(..ADDED.len()).collect();
    assert_eq!(added, ADDED);
    assert_eq!(names, sent.header_names());
    for name in names.iter().filter(|name| *name != "message-id") {
        // The boundary between the parts comes from the id.
        let is_same = came.header(name) == sent.header(name);
        assert!(is_same || name == "content-type", "{name}");
    }
    // Each names its receiver.
    let of_twin = |part: &str| part.replace("real", "also");
    assert_eq!(of_twin(came.text()), sent.text());
    assert_eq!(of_twin(came.html_text()), sent.html_text());
    let results = |page: &Page, result| {
        page.count(
            "ztna_deliveries_total",
            &[("receiver", "real"), ("result", result)],
        )
    };
    agent
        .wait_for("one to be given up, one sent", |page| {
            1 <= results(page, "dead") && 1 <= results(page, "sent")
        })
        .unwrap();
    assert!(postfix.log().contains("Relay access denied"));
    agent.terminate().unwrap();
}
