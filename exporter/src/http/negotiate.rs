//! Decides from a request's headers how the page of metrics is written.
//!
//! Pure: header text in, choice out. Clients that name OpenMetrics get it, unless they
//! like plain text better; everybody else gets the older text format, which every
//! reader of metrics knows. Nobody is refused: a scrape that asks for something we
//! have not is still better served than lost.

/// How the page is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    /// OpenMetrics 1.0.
    OpenMetrics,
    /// Prometheus' text format 0.0.4.
    Text,
}

/// How the page's bytes are packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Coding {
    /// As they are.
    Identity,
    /// gzip.
    Gzip,
}

impl Format {
    /// The `Content-Type`. Prometheus 3 refuses a scrape without the right one.
    pub(super) const fn content_type(self) -> &'static str {
        match self {
            Self::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
            Self::Text => "text/plain; version=0.0.4; charset=utf-8",
        }
    }

    /// Chooses by the value of `Accept`; `""` if the client sent none.
    pub(super) fn accepted(accept: &str) -> Self {
        let mut openmetrics = 0;
        let mut text = 0;
        for range in ranges(accept) {
            let is_our_version = |ours| range.version.is_none_or(|version| version == ours);
            match range.name.to_ascii_lowercase().as_str() {
                "application/openmetrics-text" if is_our_version("1.0.0") => {
                    openmetrics = range.quality.max(openmetrics);
                }
                "text/plain" if is_our_version("0.0.4") => text = range.quality.max(text),
                _ => {}
            }
        }
        // A tie goes to OpenMetrics: it is the richer of the two.
        if openmetrics > 0 && text <= openmetrics {
            Self::OpenMetrics
        } else {
            Self::Text
        }
    }
}

impl Coding {
    /// Chooses by the value of `Accept-Encoding`; `""` if the client sent none.
    pub(super) fn accepted(accept_encoding: &str) -> Self {
        let mut gzip = None;
        let mut any = None;
        let mut identity = None;
        for range in ranges(accept_encoding) {
            match range.name.to_ascii_lowercase().as_str() {
                "gzip" | "x-gzip" => gzip = Some(range.quality),
                "*" => any = Some(range.quality),
                "identity" => identity = Some(range.quality),
                _ => {}
            }
        }
        let gzip = gzip.or(any).unwrap_or(0);
        if gzip > 0 && identity.unwrap_or(0) <= gzip {
            Self::Gzip
        } else {
            Self::Identity
        }
    }
}

/// One element of an `Accept` header.
struct Range<'a> {
    name: &'a str,
    version: Option<&'a str>,
    /// The weight `q` in thousandths: 0 means "not this".
    quality: u16,
}

fn ranges(header: &str) -> impl Iterator<Item = Range<'_>> {
    header.split(',').map(|element| {
        let mut parts = element.split(';').map(str::trim);
        let mut range = Range {
            name: parts.next().unwrap_or_default(),
            version: None,
            quality: 1000,
        };
        for (name, value) in parts.filter_map(|parameter| parameter.split_once('=')) {
            let value = value.trim().trim_matches('"');
            if name.trim().eq_ignore_ascii_case("q") {
                range.quality = thousandths(value);
            } else if name.trim().eq_ignore_ascii_case("version") {
                range.version = Some(value);
            }
        }
        range
    })
}

/// A weight of RFC 9110 section 12.4.2, `0` to `1` with at most three digits after the
/// point. Anything else counts as 0: who writes it did not ask for us.
fn thousandths(weight: &str) -> u16 {
    let (whole, fraction) = weight.split_once('.').unwrap_or((weight, ""));
    let is_fraction = fraction.len() <= 3 && fraction.bytes().all(|byte| byte.is_ascii_digit());
    match whole {
        "0" if is_fraction => format!("{fraction:0<3}").parse().unwrap_or(0),
        "1" if is_fraction => 1000,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn openmetrics_goes_to_those_who_ask_for_it() {
        for (accept, format) in [
            ("", Format::Text),
            ("*/*", Format::Text),
            ("text/html,application/xhtml+xml,*/*;q=0.8", Format::Text),
            ("text/plain", Format::Text),
            ("application/openmetrics-text", Format::OpenMetrics),
            (
                "application/openmetrics-text;version=1.0.0",
                Format::OpenMetrics,
            ),
            (
                "Application/OpenMetrics-Text; Version=\"1.0.0\"; charset=utf-8",
                Format::OpenMetrics,
            ),
            ("application/openmetrics-text;version=0.0.1", Format::Text),
            ("application/openmetrics-text;version=2.0.0", Format::Text),
            ("application/openmetrics-text;q=0", Format::Text),
            (
                "application/openmetrics-text;q=0.000, text/plain",
                Format::Text,
            ),
            (
                "application/openmetrics-text;q=0.5, text/plain;q=0.6",
                Format::Text,
            ),
            (
                "application/openmetrics-text;q=0.6, text/plain;q=0.6",
                Format::OpenMetrics,
            ),
            ("application/openmetrics-text;q=nonsense", Format::Text),
            ("application/openmetrics-text;q=1.5", Format::OpenMetrics),
            // Prometheus 2.42.
            (
                "application/openmetrics-text;version=1.0.0,application/openmetrics-text;\
                 version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
                Format::OpenMetrics,
            ),
            // Prometheus 3.
            (
                "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,\
                 application/openmetrics-text;version=0.0.1;q=0.5,\
                 text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,\
                 text/plain;version=0.0.4;q=0.3,*/*;q=0.2",
                Format::OpenMetrics,
            ),
        ] {
            assert_eq!(Format::accepted(accept), format, "{accept}");
        }
    }

    #[test]
    fn gzip_goes_to_those_who_take_it() {
        for (accept_encoding, coding) in [
            ("", Coding::Identity),
            ("identity", Coding::Identity),
            ("gzip", Coding::Gzip),
            ("GZIP", Coding::Gzip),
            ("x-gzip", Coding::Gzip),
            ("gzip, deflate, br", Coding::Gzip),
            ("deflate, br", Coding::Identity),
            ("gzip;q=0", Coding::Identity),
            ("gzip;q=0.0, *", Coding::Identity),
            ("*", Coding::Gzip),
            ("*;q=0", Coding::Identity),
            ("gzip;q=0.5, identity;q=1", Coding::Identity),
            ("gzip;q=1, identity;q=0.5", Coding::Gzip),
            ("gzip ; q = 0.001", Coding::Gzip),
        ] {
            assert_eq!(
                Coding::accepted(accept_encoding),
                coding,
                "{accept_encoding}"
            );
        }
    }

    proptest! {
        /// Whatever else a client lists, what it refuses last it does not get.
        #[test]
        fn a_refusal_at_the_end_of_the_list_stands(
            list in "[a-z*/;=,.01 \\PC]{0,60}",
            weight in "0(\\.0{0,3})?",
        ) {
            let coding = Coding::accepted(&format!("{list},gzip;q={weight}"));
            prop_assert_eq!(coding, Coding::Identity);
        }
    }
}
