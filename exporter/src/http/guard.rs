//! Looks at a request before any route does, and dresses every response.
//!
//! A page in a browser on this machine could reach our loopback listener under a name
//! of its own (DNS rebinding), read the status page and send it away. So what came in
//! on loopback must name a loopback host, or one that the configuration knows. Scrapes
//! and health checks are exempt: they hold nothing that a browser's page may not
//! guess, and monitoring systems reach them under names that we cannot know. A listener on
//! the network goes by any name while none is configured; TLS and passwords guard it, and
//! with `--web.insecure-public` nothing but configured names keeps such a page out.
//!
//! Not here: bounds of time and size, which are the connection's.

use std::net::IpAddr;

use axum::body::{Body, HttpBody};
use axum::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use axum::http::{Method, Request, StatusCode};
use axum::response::{IntoResponse as _, Response};

use super::silences;

/// Paths that any `Host` may ask for.
const EXEMPT_PATHS: [&str; 4] = ["/metrics", "/-/healthy", "/-/ready", "/ready/tunnel"];

/// Where a reload is asked for.
pub(super) const RELOAD_PATH: &str = "/-/reload";

/// What stands on every response. No frame, no foreign source, and no script but our
/// own file: the page needs none.
const HEADERS: [(HeaderName, &str); 5] = [
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'none'; style-src 'self'; img-src 'self'; script-src 'self'; \
         connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
    ),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
    // Not `no-referrer`: then our own forms would come from an unknown origin.
    (header::REFERRER_POLICY, "same-origin"),
    (header::CACHE_CONTROL, "no-store"),
];

/// Why a request is not passed on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refusal {
    /// It has a body, which its route does not read.
    Body,
    /// It names a host that we are not.
    ForeignHost,
    /// A browser sends it from another site's page.
    CrossSite,
}

impl Refusal {
    pub(super) fn response(self) -> Response<Body> {
        match self {
            // The body was not read, so the connection cannot go on.
            Self::Body => (
                StatusCode::PAYLOAD_TOO_LARGE,
                [(header::CONNECTION, "close")],
                "This path takes no request bodies.\n",
            )
                .into_response(),
            Self::ForeignHost => (
                StatusCode::MISDIRECTED_REQUEST,
                "The name in the Host header is not one of this server's. Ask for localhost or \
                 127.0.0.1, or configure the name.\n",
            )
                .into_response(),
            Self::CrossSite => (
                StatusCode::FORBIDDEN,
                "Another site's page may not ask for this.\n",
            )
                .into_response(),
        }
    }
}

/// Looks at everything but the path's meaning.
///
/// `host_names` are the configured names, in lower case.
pub(super) fn examine<B: HttpBody>(
    request: &Request<B>,
    came_on_loopback: bool,
    host_names: &[String],
) -> Result<(), Refusal> {
    // Of a method that the path does not take the route says so, which helps more.
    let is_taken = match *request.method() {
        Method::GET | Method::HEAD => true,
        Method::POST | Method::PUT => request.uri().path() == RELOAD_PATH,
        _ => false,
    };
    if is_taken && has_unread_body(request) {
        return Err(Refusal::Body);
    }
    let is_exempt = EXEMPT_PATHS.contains(&request.uri().path());
    let is_checked = came_on_loopback || !host_names.is_empty();
    if is_checked && !is_exempt && !is_own_host(request.headers(), came_on_loopback, host_names) {
        return Err(Refusal::ForeignHost);
    }
    // Silences ask the same, and answer it in their own words.
    let acts = !request.method().is_safe() && !silences::takes_body(request);
    if acts && !silences::is_own_page(request.headers()) {
        return Err(Refusal::CrossSite);
    }
    Ok(())
}

/// Whether it has a body that nobody will read: then its connection cannot go on.
pub(super) fn has_unread_body<B: HttpBody>(request: &Request<B>) -> bool {
    !request.body().is_end_stream() && !silences::takes_body(request)
}

/// Adds the headers of every response.
pub(super) fn dress(response: &mut Response<Body>) {
    for (name, value) in HEADERS {
        response
            .headers_mut()
            .insert(name, HeaderValue::from_static(value));
    }
}

/// Whether there is exactly one `Host`, and it is ours.
fn is_own_host(headers: &HeaderMap, came_on_loopback: bool, host_names: &[String]) -> bool {
    let mut hosts = headers.get_all(header::HOST).iter();
    let (Some(host), None) = (hosts.next(), hosts.next()) else {
        return false;
    };
    host.to_str().is_ok_and(|host| {
        let name = host_name(host).to_ascii_lowercase();
        match name.parse::<IpAddr>() {
            // An address cannot be pointed elsewhere, but only these are this machine's
            // own whatever its network. On the network it is the one that was reached.
            Ok(address) => !came_on_loopback || address.to_canonical().is_loopback(),
            Err(_) => name == "localhost" || host_names.contains(&name),
        }
    })
}

/// A `Host` without its port and an address's brackets.
fn host_name(host: &str) -> &str {
    if let Some((address, _port)) = host.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        return address;
    }
    let name = host.split_once(':').map_or(host, |(name, _port)| name);
    name.strip_suffix('.').unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(host: &str, path: &str) -> Request<Body> {
        Request::get(path)
            .header(header::HOST, host)
            .body(Body::empty())
            .unwrap()
    }

    fn examined(host: &str, path: &str) -> Result<(), Refusal> {
        examine(
            &request(host, path),
            true,
            &["monitor.example.com".to_owned()],
        )
    }

    #[test]
    fn our_own_names_are_let_in() {
        for host in [
            "localhost",
            "LOCALHOST:10942",
            "localhost.",
            "127.0.0.1:10942",
            "127.8.8.8",
            "[::1]:10942",
            "[::ffff:127.0.0.1]:1",
            "Monitor.Example.com:80",
        ] {
            assert_eq!(examined(host, "/"), Ok(()), "{host}");
        }
    }

    #[test]
    fn a_foreign_name_is_turned_away_from_the_page_only() {
        for host in [
            "evil.example",
            "localhost.evil.example",
            "10.0.0.7",
            "evil.example:127.0.0.1",
            "",
            "[::2]",
        ] {
            assert_eq!(
                examined(host, "/api/v1/status"),
                Err(Refusal::ForeignHost),
                "{host}"
            );
            for path in EXEMPT_PATHS {
                assert_eq!(examined(host, path), Ok(()), "{host} {path}");
            }
        }
    }

    #[test]
    fn no_host_and_two_hosts_are_foreign() {
        let none = Request::get("/").body(Body::empty()).unwrap();
        let mut two = request("localhost", "/");
        two.headers_mut()
            .append(header::HOST, HeaderValue::from_static("localhost"));
        for request in [none, two] {
            assert_eq!(examine(&request, true, &[]), Err(Refusal::ForeignHost));
        }
    }

    #[test]
    fn a_listener_on_the_network_goes_by_any_name() {
        assert_eq!(
            examine(&request("agent-7.example.com", "/"), false, &[]),
            Ok(())
        );
    }

    #[test]
    fn names_that_are_configured_hold_on_the_network_too() {
        let names = ["monitor.example.com".to_owned()];
        for (host, wanted) in [
            ("evil.example", Err(Refusal::ForeignHost)),
            ("monitor.example.com:10942", Ok(())),
            ("192.0.2.7:10942", Ok(())),
            ("[2001:db8::7]:10942", Ok(())),
        ] {
            assert_eq!(
                examine(&request(host, "/"), false, &names),
                wanted,
                "{host}"
            );
        }
        assert_eq!(examine(&request("any", "/metrics"), false, &names), Ok(()));
    }

    #[test]
    fn a_body_is_refused() {
        let request = Request::get("/metrics").body(Body::from("x")).unwrap();
        assert_eq!(examine(&request, false, &[]), Err(Refusal::Body));
    }

    #[test]
    fn another_sites_page_may_look_but_not_act() {
        for (method, refused) in [("GET", Ok(())), ("POST", Err(Refusal::CrossSite))] {
            let request = Request::builder()
                .method(method)
                .uri("/-/reload")
                .header(header::HOST, "localhost")
                .header("sec-fetch-site", "cross-site")
                .body(Body::empty())
                .unwrap();
            assert_eq!(examine(&request, true, &[]), refused, "{method}");
            // An old browser says the origin alone.
            let mut request = request;
            request.headers_mut().remove("sec-fetch-site");
            let origin = HeaderValue::from_static("http://evil.example");
            request.headers_mut().insert(header::ORIGIN, origin);
            assert_eq!(examine(&request, true, &[]), refused, "{method}");
        }
    }
}
