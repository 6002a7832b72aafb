//! Proof that what is written is read again, and that what is malformed is refused.

use proptest::prelude::*;

use super::*;

fn element(bytes: &[u8]) -> Result<(u8, Vec<u8>), BerError> {
    let mut reader = Reader::new(bytes);
    let (tag, content) = reader.element()?;
    Ok((tag, content.to_vec()))
}

#[test]
fn lengths_are_read_in_every_definite_form() {
    for bytes in [
        &[4, 1, 7][..],
        &[4, 0x81, 1, 7],
        &[4, 0x82, 0, 1, 7],
        &[4, 0x84, 0, 0, 0, 1, 7],
    ] {
        assert_eq!(element(bytes), Ok((4, vec![7])));
    }
    for (bytes, error) in [
        (&[][..], BerError::Truncated),
        (&[4], BerError::Truncated),
        (&[4, 2, 7], BerError::Truncated),
        (&[4, 0x80, 7, 0, 0], BerError::BadLength),
        (&[4, 0x85, 0, 0, 0, 0, 1, 7], BerError::BadLength),
        (&[4, 0x84, 255, 255, 255, 255, 7], BerError::Truncated),
        (&[4, 0x82, 1], BerError::Truncated),
    ] {
        assert_eq!(element(bytes), Err(error), "{bytes:?}");
    }
}

#[test]
fn a_number_must_have_octets_and_fit() {
    for (bytes, expected) in [
        (&[2, 1, 0x80][..], Ok(-128)),
        (&[2, 2, 0, 0x80], Ok(128)),
        (&[2, 5, 0, 0, 0, 0, 5], Ok(5)),
        (&[2, 5, 0, 255, 255, 255, 255], Err(BerError::BadNumber)),
        (&[2, 0], Err(BerError::BadNumber)),
        (&[2, 9, 0, 0, 0, 0, 0, 0, 0, 0, 1], Err(BerError::BadNumber)),
        (&[4, 1, 0], Err(BerError::UnexpectedTag)),
    ] {
        assert_eq!(Reader::new(bytes).integer(), expected, "{bytes:?}");
    }
}

#[test]
fn an_identifier_must_be_whole_and_bounded() {
    let mut numbers = Vec::new();
    for bad in [
        &[][..],
        &[0x2b, 0x86],
        &[0x2b, 0x90, 0x80, 0x80, 0x80, 0x00],
        &[0x2b; SUB_IDENTIFIERS_MAX],
    ] {
        assert_eq!(read_oid(bad, &mut numbers), Err(BerError::BadOid));
    }
    assert_eq!(
        read_oid(&[1; SUB_IDENTIFIERS_MAX - 1], &mut numbers),
        Ok(())
    );
    // 2.999: the first two numbers share octets, and the second may pass 39 under 2.
    assert_eq!(read_oid(&[0x88, 0x37], &mut numbers), Ok(()));
    assert_eq!(numbers, [2, 999]);
}

proptest! {
    #[test]
    fn what_is_written_is_read_again(number: i32, first in 0_u32..2, rest: Vec<u32>) {
        let mut out = Vec::new();
        write_integer(&mut out, i64::from(number));
        let mut oid = vec![first, 39];
        oid.extend(rest.iter().take(SUB_IDENTIFIERS_MAX - 2));
        write_oid(&mut out, &oid);
        let mut reader = Reader::new(&out);
        let mut read = Vec::new();
        prop_assert_eq!(reader.integer(), Ok(number));
        prop_assert_eq!(reader.oid(&mut read), Ok(()));
        prop_assert_eq!(read, oid);
        prop_assert_eq!(reader.finish(), Ok(()));
    }

    #[test]
    fn a_header_is_as_long_as_foretold(length in 0_usize..100_000) {
        let mut out = Vec::new();
        write_header(&mut out, SEQUENCE, length);
        prop_assert_eq!(out.len(), header_size(length));
    }

    #[test]
    fn no_bytes_make_the_reader_panic(bytes: Vec<u8>) {
        let mut reader = Reader::new(&bytes);
        let mut numbers = Vec::new();
        while let Ok((_, content)) = reader.element() {
            let _ = read_oid(content, &mut numbers);
            let _ = Reader::new(content).integer();
        }
    }
}
