//! Mail addresses of the configuration: `ops@example.com`, or with a name in front.
//!
//! Narrower than the standard allows, on purpose: what passes here goes into headers and
//! envelopes as it is, so nothing that could end a header or begin another address does.

use crate::probe::active::address::Host;

/// Longest address: RFC 5321, section 4.5.3.1.3, less the angle brackets.
const ADDRESS_BYTES_MAX: usize = 254;
const LOCAL_BYTES_MAX: usize = 64;

/// Longest name in front of an address.
const NAME_BYTES_MAX: usize = 128;

/// The name and the address in `Name <a@b.example>`, or `a@b.example` alone.
///
/// # Errors
///
/// Why it is none, in a few words.
pub fn mailbox(text: &str) -> Result<(&str, &str), &'static str> {
    if text.chars().any(model::untrusted::is_unprintable) {
        return Err("it has a control character");
    }
    let Some((name, rest)) = text.split_once('<') else {
        check_address(text)?;
        return Ok(("", text));
    };
    let address = rest.strip_suffix('>').ok_or("`>` is missing at the end")?;
    let name = name.trim();
    if NAME_BYTES_MAX < name.len() {
        return Err("its name is too long");
    }
    if name.contains(['"', '\\', '>', ',', ';', ':', '@', '(', ')', '[', ']']) {
        return Err("its name has one of `\" \\ > , ; : @ ( ) [ ]`");
    }
    check_address(address)?;
    Ok((name, address))
}

fn check_address(text: &str) -> Result<(), &'static str> {
    if ADDRESS_BYTES_MAX < text.len() {
        return Err("it is too long");
    }
    let (local, domain) = text.rsplit_once('@').ok_or("it has no `@`")?;
    let is_plain = |c: char| c.is_alphanumeric() || "!#$%&'*+-/=?^_`{|}~.".contains(c);
    let is_local = (1..=LOCAL_BYTES_MAX).contains(&local.len())
        && local.chars().all(is_plain)
        && local.split('.').all(|part| !part.is_empty());
    if !is_local {
        return Err("what stands before the `@` is no name");
    }
    let bracketed = domain
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'));
    let is_domain = match bracketed {
        Some(_) => false,
        None => matches!(Host::parse(domain), Some(Host::Name(_))),
    };
    if is_domain {
        return Ok(());
    }
    Err("what stands behind the `@` is no domain")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_may_have_a_name_in_front() {
        assert_eq!(mailbox("a.b+c@example.com"), Ok(("", "a.b+c@example.com")));
        assert_eq!(
            mailbox("ZTNA alerts <ztna@example.com>"),
            Ok(("ZTNA alerts", "ztna@example.com"))
        );
        assert_eq!(
            mailbox("Störungen <s@example.com>"),
            Ok(("Störungen", "s@example.com"))
        );
        assert_eq!(mailbox("root@localhost"), Ok(("", "root@localhost")));
    }

    #[test]
    fn nothing_that_ends_a_header_or_begins_another_address_passes() {
        for wrong in [
            "",
            "ops",
            "@example.com",
            "ops@",
            "a b@example.com",
            "a@example.com\r\nBcc: x@example.com",
            "a@example.com\n",
            "A <a@example.com>, B <b@example.com>",
            "A <a@example.com",
            "\"A\" <a@example.com>",
            "a@example.com,b@example.com",
            "a@[192.0.2.1]",
            "a@192.0.2.1",
            ".a@example.com",
            "a..b@example.com",
            "a@exa mple.com",
            "a\u{202e}@example.com",
        ] {
            assert!(mailbox(wrong).is_err(), "{wrong:?}");
        }
        assert!(mailbox(&format!("{}@example.com", "a".repeat(65))).is_err());
    }
}
