//! Proof of the envelopes: what is written is read, and no octets make a reader panic.

use proptest::prelude::*;

use super::*;

fn pdu(id: i32) -> Pdu {
    let mut bindings = Vec::new();
    let mut content = Vec::new();
    ber::write_oid(&mut content, &[1, 3, 6]);
    ber::write(&mut content, ber::NULL, &[]);
    ber::write(&mut bindings, ber::SEQUENCE, &content);
    Pdu {
        id,
        status: 0,
        index: 3,
        bindings,
    }
}

proptest! {
    #[test]
    fn a_community_message_is_read_as_it_was_written(id: i32, community: Vec<u8>) {
        let message = write_community(V2C, &community, 0xa5, &pdu(id));
        let envelope = Envelope::open(&message).unwrap();
        prop_assert_eq!(envelope.version, V2C);
        let (name, request) = envelope.community().unwrap();
        prop_assert_eq!(name, community.as_slice());
        prop_assert_eq!((request.kind, request.id, request.second), (PduKind::GetBulk, id, 3));
        prop_assert_eq!(request.names, vec![vec![1, 3, 6]]);
        let overhead = message.len() - pdu(id).bindings.len();
        prop_assert!(overhead <= community_overhead(&community));
    }

    #[test]
    fn no_octets_make_an_envelope_panic(bytes: Vec<u8>, version in 0_u8..4) {
        // Half of the strings begin like a message, or none would come far.
        let mut body = vec![0x02, 1, version];
        body.extend(&bytes);
        let mut message = Vec::new();
        ber::write(&mut message, ber::SEQUENCE, &body);
        for octets in [&bytes, &message] {
            if let Ok(envelope) = Envelope::open(octets) {
                let _ = envelope.community();
                if let Ok(header) = Header::read(envelope.body) {
                    let _ = Security::read(header.security);
                    let _ = Scoped::read_padded(header.data.1);
                }
            }
        }
    }

    #[test]
    fn one_changed_octet_is_refused_or_read_but_never_more(
        id: i32, place in 0_usize..40, octet: u8,
    ) {
        let mut message = write_community(V1, b"public", 0xa0, &pdu(id));
        let last = message.len() - 1;
        message[place.min(last)] = octet;
        let read = Envelope::open(&message).and_then(Envelope::community);
        if let Ok((_, request)) = read {
            prop_assert!(request.names.len() <= 1);
        }
    }
}

#[test]
fn a_part_lies_where_it_was_cut_from() {
    let whole = [1, 2, 3, 4];
    assert_eq!(place_in(&whole, &whole[1..3]), Some(1));
    assert_eq!(place_in(&whole, &whole[4..]), Some(4));
    assert_eq!(place_in(&whole[1..3], &whole[3..]), None);
    assert_eq!(place_in(&whole[1..], &whole), None);
}
