//! Speaks HTTP to webhooks, Alertmanager and token servers: bounded, without redirects.
//!
//! A redirect would send secrets where nobody configured them. `HTTPS_PROXY`, `HTTP_PROXY`
//! and `NO_PROXY` of the environment count, except towards this host itself.

use std::time::Duration;

use reqwest::header::RETRY_AFTER;
use reqwest::redirect::Policy;
use reqwest::{Client, RequestBuilder, Url};

use super::tls::{self, Roots};
use super::words;

/// Most bytes of an answer that are read.
const ANSWER_BYTES_MAX: usize = 64 * 1024;

/// Characters of an answer that are kept for people.
const SHOWN_CHARS: usize = 160;

/// Why there is no answer.
#[derive(Debug)]
pub(super) struct HttpFault {
    /// In words for people, without any secret.
    pub(super) words: String,
    /// Whether people have to repair it.
    pub(super) is_for_people: bool,
}

/// What a server answered.
#[derive(Debug)]
pub(super) struct Answer {
    /// The status' number.
    pub(super) status: u16,
    /// `Retry-After`, as it was sent.
    pub(super) retry_after: Option<String>,
    /// The beginning of the body.
    pub(super) body: Vec<u8>,
}

impl Answer {
    /// 200 to 299.
    pub(super) const fn is_success(&self) -> bool {
        self.status / 100 == 2
    }

    /// Said no for good: trying again does not help.
    pub(super) const fn is_refusal(&self) -> bool {
        !self.is_success() && self.status / 100 != 5 && !matches!(self.status, 408 | 425 | 429)
    }

    /// For people: the status and how the body begins.
    pub(super) fn words(&self) -> String {
        let text = String::from_utf8_lossy(&self.body);
        let shown: String = text.chars().take(SHOWN_CHARS).collect();
        words(&format!("HTTP {} {shown}", self.status))
    }
}

/// Reads an address.
pub(super) fn url(text: &str) -> Result<Url, HttpFault> {
    Url::parse(text).map_err(|error| HttpFault {
        words: words(&format!("the address is none: {error}")),
        is_for_people: true,
    })
}

/// A client for one address.
pub(super) fn client(
    url: &Url,
    ca_pem: Option<&[u8]>,
    roots: Roots,
    limit: Duration,
) -> Result<Client, HttpFault> {
    let config = tls::client_config(ca_pem, roots).map_err(|error| HttpFault {
        words: error.to_string(),
        is_for_people: true,
    })?;
    let mut builder = Client::builder()
        .tls_backend_preconfigured(config)
        .redirect(Policy::none())
        .timeout(limit)
        .connect_timeout(limit)
        .pool_max_idle_per_host(1)
        .user_agent(concat!("ztna-exporter/", env!("CARGO_PKG_VERSION")));
    if is_this_host(url) {
        builder = builder.no_proxy();
    }
    builder.build().map_err(|error| HttpFault {
        words: words(&chain(&error)),
        is_for_people: true,
    })
}

fn is_this_host(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    let address = bare.parse::<std::net::IpAddr>();
    bare == "localhost" || address.is_ok_and(|address| address.is_loopback())
}

/// Asks, and reads the answer as far as it is looked at.
pub(super) async fn exchange(request: RequestBuilder) -> Result<Answer, HttpFault> {
    let mut response = request.send().await.map_err(|error| fault(&error))?;
    let retry_after = response.headers().get(RETRY_AFTER);
    let retry_after = retry_after.and_then(|value| value.to_str().ok());
    let retry_after = retry_after.map(ToOwned::to_owned);
    let status = response.status().as_u16();
    let mut body = Vec::new();
    // What the status says stands, even if the rest of the body does not come.
    while let Ok(Some(chunk)) = response.chunk().await {
        let room = ANSWER_BYTES_MAX.saturating_sub(body.len());
        body.extend(chunk.get(..room.min(chunk.len())).unwrap_or_default());
        if ANSWER_BYTES_MAX <= body.len() {
            break;
        }
    }
    Ok(Answer {
        status,
        retry_after,
        body,
    })
}

/// The address is left out: it may hold a secret in its path.
fn fault(error: &reqwest::Error) -> HttpFault {
    let is_for_people = tls::is_for_people(error) || error.is_builder();
    HttpFault {
        words: words(&chain(error)),
        is_for_people,
    }
}

/// The causes, the innermost of them last; the outermost of `reqwest` names the address.
fn chain(error: &reqwest::Error) -> String {
    let mut parts = Vec::new();
    let mut cause = std::error::Error::source(error);
    while let Some(one) = cause {
        parts.push(one.to_string());
        cause = one.source();
    }
    if error.is_timeout() {
        parts.insert(0, "no answer in time".to_owned());
    }
    if parts.is_empty() {
        return "the request was not made".to_owned();
    }
    parts.dedup();
    parts.join(": ")
}
