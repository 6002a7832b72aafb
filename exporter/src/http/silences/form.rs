//! Reads the body of a form (`application/x-www-form-urlencoded`).

/// Most fields. Ours have four.
const FIELDS_MAX: usize = 64;

/// Names with values, in the form's order.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Form(Vec<(String, String)>);

impl Form {
    /// Reads a body.
    ///
    /// # Errors
    ///
    /// What is wrong with it, for people.
    pub(super) fn parse(body: &[u8]) -> Result<Self, String> {
        let mut fields = Vec::new();
        for field in body
            .split(|byte| *byte == b'&')
            .filter(|field| !field.is_empty())
        {
            if FIELDS_MAX <= fields.len() {
                return Err(format!("the form has more than {FIELDS_MAX} fields"));
            }
            let equals = field.iter().position(|byte| *byte == b'=');
            let (name, value) = match equals.and_then(|at| field.split_at_checked(at)) {
                Some((name, value)) => (name, value.get(1..).unwrap_or_default()),
                None => (field, &[][..]),
            };
            fields.push((decoded(name)?, decoded(value)?));
        }
        Ok(Self(fields))
    }

    /// The value of a field that stands there once.
    pub(super) fn one(&self, name: &str) -> Option<&str> {
        let mut values = self.all(name);
        match (values.next(), values.next()) {
            (Some(value), None) => Some(value),
            _ => None,
        }
    }

    /// All values of a field.
    pub(super) fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        let fields = self.0.iter();
        fields
            .filter(move |(known, _)| known == name)
            .map(|(_, value)| value.as_str())
    }
}

fn decoded(text: &[u8]) -> Result<String, String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.iter();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let digit = |digit: Option<&u8>| char::from(*digit?).to_digit(16);
                let (high, low) = (digit(rest.next()), digit(rest.next()));
                let value = high.zip(low).map(|(high, low)| high * 16 + low);
                let value = value.and_then(|value| u8::try_from(value).ok());
                value.ok_or("the form holds a `%` without two digits")?
            }
            plain => *plain,
        });
    }
    String::from_utf8(bytes).map_err(|_| "the form is no UTF-8".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_is_read_and_what_is_none_is_refused() {
        let form = Form::parse(b"a=1&b=x%20y+z%C3%A9&a=2&c&=&").unwrap();
        assert_eq!(form.all("a").collect::<Vec<_>>(), ["1", "2"]);
        assert_eq!((form.one("a"), form.one("d")), (None, None));
        assert_eq!(
            (form.one("b"), form.one("c")),
            (Some("x y z\u{e9}"), Some(""))
        );
        for wrong in [&b"a=%2"[..], b"a=%zz", b"%", b"a=%ff", &b"a&".repeat(65)] {
            assert!(Form::parse(wrong).is_err(), "{wrong:?}");
        }
    }
}
