//! Certificates, passwords and bounds that `--web.config.file` puts before the server.
//!
//! [`WebAccess`] is what all listeners share: the rules that the file says now, the memory
//! of passwords that were right, and the bounds of guessing. Each handshake and each request
//! looks whether the file, or a certificate that it names, has changed (`watch`): a renewed
//! certificate needs no restart. What a file says is [`crate::config::web_file`]'s matter;
//! `tls` makes TLS of it, `passwords` checks who asks.
//!
//! A changed file that is wrong changes nothing, nor does one that would leave an address
//! unprotected that other machines can reach: the rules before stay in force, and the log
//! and `ztna_web_config_last_reload_successful` tell of it.

mod basic;
mod certificate;
mod client;
pub(super) mod handshake;
mod pace;
mod passwords;
mod tls;
mod visitor;
mod watch;

#[cfg(test)]
mod tests;

use std::fmt;
use std::net::IpAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use axum::http::header::{HeaderMap, HeaderName, HeaderValue};
use axum::response::Response;
use jiff::Timestamp;
use rustls::ServerConfig;

pub use self::visitor::Visitor;

use self::pace::Pace;
use self::passwords::Passwords;
use self::watch::Watched;
use crate::clock::Clock;
use crate::config::web_file::{RateSection, WebFile};
use crate::config::{Config, ConfigError};
use crate::metrics::{AgentMetrics, Rejection};

/// The rules of one state of the file.
#[derive(Debug)]
pub(crate) struct WebRules {
    tls: Option<Tls>,
    users: passwords::Users,
    headers: Vec<(HeaderName, HeaderValue)>,
    rate: RateSection,
    /// What a person should mend some time.
    warnings: Vec<String>,
}

#[derive(Debug)]
struct Tls {
    config: Arc<ServerConfig>,
    /// When the server's own certificate ends; `None` if it does not say so.
    expires_at: Option<Timestamp>,
    /// Whether every client has shown a certificate that one of ours signed.
    are_clients_known: bool,
}

/// Rules that wait to be put in force, and where they come from.
#[derive(Debug)]
pub struct PreparedWeb {
    file: Option<Watched>,
    rules: Arc<WebRules>,
}

/// What all listeners share. Copies share everything.
#[derive(Clone)]
pub struct WebAccess(Arc<Inner>);

struct Inner {
    clock: Clock,
    metrics: AgentMetrics,
    state: RwLock<State>,
    /// Whoever reads the file holds it: one thread at most waits for a disk that hangs.
    reading: Arc<tokio::sync::Mutex<()>>,
    passwords: Passwords,
    pace: Mutex<Pace>,
    /// Listeners that other machines can reach.
    public_listeners: AtomicUsize,
    /// Whether such may be unprotected.
    is_public_allowed: bool,
    key: visitor::Key,
}

struct State {
    file: Option<Watched>,
    rules: Arc<WebRules>,
}

/// Counts a listener that other machines can reach, until it is dropped.
pub(super) struct PublicListener(WebAccess);

/// Why a request is not let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Denial {
    /// Nobody said who asks, or it is not so.
    Unauthorized,
    /// From this address came too many wrong passwords.
    Guessing,
    /// So many passwords are being checked that this one could not be.
    Busy,
    /// More requests come than the file allows.
    RateLimit,
}

/// A request's way here, as far as it says who asks.
#[derive(Debug, Clone)]
pub(super) struct Arrival {
    /// Whence.
    pub(super) peer: IpAddr,
    /// Whether it came in on a loopback address.
    pub(super) came_on_loopback: bool,
    /// Whom the client's certificate is for, if it was checked.
    pub(super) certificate: Option<Arc<str>>,
}

impl WebRules {
    /// Without a file: anybody, in clear.
    fn open() -> Self {
        Self {
            tls: None,
            users: passwords::Users::default(),
            headers: Vec::new(),
            rate: RateSection::default(),
            warnings: Vec::new(),
        }
    }

    /// What the file says, with certificates and keys read.
    ///
    /// # Errors
    ///
    /// A complete text for people.
    fn of(file: &WebFile, material: &watch::Material) -> Result<Self, String> {
        let section = &file.tls_server_config;
        let tls = match section.is_on() {
            true => Some(tls::build(section, material)?),
            false => None,
        };
        let headers = file.http_server_config.headers.iter();
        Ok(Self {
            tls,
            users: passwords::Users::of(&file.basic_auth_users),
            headers: headers
                .filter_map(|(name, value)| {
                    let name = HeaderName::from_bytes(name.as_bytes()).ok()?;
                    Some((name, HeaderValue::from_str(value).ok()?))
                })
                .collect(),
            rate: file.rate_limit,
            warnings: material.warnings(),
        })
    }

    /// Whether everybody who gets an answer is known.
    pub(super) fn knows_visitors(&self) -> bool {
        !self.users.is_empty() || self.tls.as_ref().is_some_and(|tls| tls.are_clients_known)
    }

    /// Whether an address that other machines can reach may be served by it.
    pub(crate) fn is_protected(&self) -> bool {
        self.tls.is_some() && self.knows_visitors()
    }

    /// How TLS is spoken; `None` if it is not.
    pub(super) fn tls(&self) -> Option<&Arc<ServerConfig>> {
        self.tls.as_ref().map(|tls| &tls.config)
    }

    /// Adds the header fields of the file. They go before our own.
    pub(super) fn dress<B>(&self, response: &mut axum::http::Response<B>) {
        for (name, value) in &self.headers {
            response.headers_mut().insert(name, value.clone());
        }
    }
}

/// Reads the web configuration that a configuration names, and checks that nothing can be
/// reached from outside that it does not protect.
///
/// # Errors
///
/// The first mistake, with its place.
pub fn prepare(config: &Config, is_public_allowed: bool) -> Result<PreparedWeb, ConfigError> {
    let (file, rules) = match &config.web.config_file {
        Some(path) => {
            let (watched, rules) = Watched::open(path).map_err(|words| {
                config.refuse_web_file(words.strip_prefix("error: ").unwrap_or(&words))
            })?;
            (Some(watched), rules)
        }
        None => (None, WebRules::open()),
    };
    config.check_listeners(is_public_allowed || rules.is_protected())?;
    Ok(PreparedWeb {
        file,
        rules: Arc::new(rules),
    })
}

impl PreparedWeb {
    /// What a person should mend some time.
    pub fn warnings(&self) -> &[String] {
        &self.rules.warnings
    }

    /// What it comes to, in a few words.
    pub fn words(&self) -> String {
        let tls = if self.rules.tls.is_some() {
            "TLS"
        } else {
            "no TLS"
        };
        format!("{tls}, {} users", self.rules.users.count())
    }
}

impl fmt::Debug for WebAccess {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("WebAccess").finish_non_exhaustive()
    }
}

impl WebAccess {
    /// No file, and anybody may ask, until [`Self::change`].
    pub fn new(metrics: AgentMetrics, clock: Clock, is_public_allowed: bool) -> Self {
        Self(Arc::new(Inner {
            clock,
            metrics,
            state: RwLock::new(State {
                file: None,
                rules: Arc::new(WebRules::open()),
            }),
            reading: Arc::default(),
            passwords: Passwords::new(),
            pace: Mutex::default(),
            public_listeners: AtomicUsize::new(0),
            is_public_allowed,
            key: visitor::Key::new(),
        }))
    }

    /// Puts rules in force.
    pub fn change(&self, prepared: PreparedWeb) {
        let PreparedWeb { file, rules } = prepared;
        if file.is_some() {
            self.tell(&rules);
        }
        let mut state = self.0.state.write().unwrap_or_else(PoisonError::into_inner);
        *state = State { file, rules };
    }

    /// A listener is opened on this address.
    pub(super) fn listens_on(&self, address: IpAddr) -> Option<PublicListener> {
        if address.to_canonical().is_loopback() {
            return None;
        }
        self.0.public_listeners.fetch_add(1, Ordering::Relaxed);
        Some(PublicListener(self.clone()))
    }

    /// The rules as the file says them now, or as it last said them well.
    pub(super) async fn current(&self) -> Arc<WebRules> {
        let inner = &self.0;
        let (rules, has_file) = {
            let state = inner.state.read().unwrap_or_else(PoisonError::into_inner);
            (Arc::clone(&state.rules), state.file.is_some())
        };
        if !has_file {
            return rules;
        }
        // Whoever comes while the file is read waits for what is read, but not for ever.
        let Ok(reading) = tokio::time::timeout(watch::PATIENCE, self.look()).await else {
            return rules;
        };
        reading
    }

    async fn look(&self) -> Arc<WebRules> {
        let guard = Arc::clone(&self.0.reading).lock_owned().await;
        let access = self.clone();
        let looked = tokio::task::spawn_blocking(move || {
            // Given back when the disk has answered, whoever still waits for it.
            let _guard = guard;
            access.look_at_file();
        });
        drop(looked.await);
        let state = self.0.state.read().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(&state.rules)
    }

    /// Reads the file, and takes it if it is new and right.
    fn look_at_file(&self) {
        let (mut file, before) = {
            let state = self.0.state.read().unwrap_or_else(PoisonError::into_inner);
            let Some(file) = state.file.clone() else {
                return;
            };
            (file, Arc::clone(&state.rules))
        };
        let outcome = match file.look() {
            watch::News::None => return,
            watch::News::Rules(rules) => self.take(*rules),
            watch::News::Wrong(words) => Err(words),
        };
        self.0.metrics.web_config(outcome.is_ok());
        let rules = match outcome {
            Ok(rules) => {
                let rules = Arc::new(rules);
                tracing::info!(file = %file.path().display(), "web configuration read anew");
                self.tell(&rules);
                rules
            }
            Err(error) => {
                tracing::error!(%error, "web configuration refused, the old one stays in force");
                before
            }
        };
        let mut state = self.0.state.write().unwrap_or_else(PoisonError::into_inner);
        // A reload may have named another file meanwhile.
        if state.file.as_ref().map(Watched::path) == Some(file.path()) {
            *state = State {
                file: Some(file),
                rules,
            };
        }
    }

    fn take(&self, rules: WebRules) -> Result<WebRules, String> {
        let is_reachable = 0 < self.0.public_listeners.load(Ordering::Relaxed);
        if is_reachable && !self.0.is_public_allowed && !rules.is_protected() {
            return Err(
                "it would leave an address without TLS or without authentication that other \
                 machines can reach; change `web.listen` first"
                    .to_owned(),
            );
        }
        Ok(rules)
    }

    /// Says what is worth knowing of rules that come in force.
    fn tell(&self, rules: &WebRules) {
        for warning in &rules.warnings {
            tracing::warn!(warning, "web configuration");
        }
        let expires_at = rules.tls.as_ref().and_then(|tls| tls.expires_at);
        if let Some(at) = expires_at
            && at <= self.0.clock.now().timestamp()
        {
            // Served all the same: who scrapes should see that it is over.
            tracing::warn!(expired_at = %at, "the server's certificate is over");
        }
        self.0.metrics.web_config(true);
        self.0.metrics.web_certificate(expires_at);
    }

    /// Decides whether a request is answered. `None` if nobody has to say who asks.
    pub(super) async fn admit(
        &self,
        rules: &WebRules,
        headers: &HeaderMap,
        arrival: &Arrival,
    ) -> Result<Option<Visitor>, Denial> {
        let now = self.0.clock.now().monotonic;
        let RateSection { interval, burst } = rules.rate;
        if !interval.is_zero() {
            let mut pace = self.0.pace.lock().unwrap_or_else(PoisonError::into_inner);
            if !pace.admits(now, interval, burst) {
                return Err(Denial::RateLimit);
            }
        }
        if !rules.users.is_empty() {
            let said = basic::credentials(headers).ok_or(Denial::Unauthorized)?;
            let name = self
                .0
                .passwords
                .check(&rules.users, said, arrival.peer, now);
            return name.await.map(|name| Some(self.visitor(&name)));
        }
        // A connection that was made under other rules has none, and has to be made anew.
        let are_clients_known = rules.tls.as_ref().is_some_and(|tls| tls.are_clients_known);
        match &arrival.certificate {
            Some(name) if are_clients_known => Ok(Some(self.visitor(name))),
            None if are_clients_known => Err(Denial::Unauthorized),
            Some(_) | None => Ok(None),
        }
    }

    pub(super) fn visitor(&self, name: &str) -> Visitor {
        Visitor::new(name, self.0.key.clone())
    }
}

impl Drop for PublicListener {
    fn drop(&mut self) {
        self.0.0.public_listeners.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Denial {
    /// What it is counted as.
    pub(super) const fn rejection(self) -> Rejection {
        match self {
            Self::Unauthorized => Rejection::Unauthorized,
            Self::Guessing | Self::Busy => Rejection::Guessing,
            Self::RateLimit => Rejection::RateLimit,
        }
    }

    /// What the client is told.
    pub(super) fn response(self) -> Response {
        use axum::http::{StatusCode, header};
        use axum::response::IntoResponse as _;
        match self {
            Self::Unauthorized => (
                StatusCode::UNAUTHORIZED,
                [(
                    header::WWW_AUTHENTICATE,
                    "Basic realm=\"ztna-exporter\", charset=\"UTF-8\"",
                )],
                "Say who you are: a name and its password, or a certificate.\n",
            )
                .into_response(),
            Self::Guessing => (
                StatusCode::TOO_MANY_REQUESTS,
                [(header::RETRY_AFTER, "10")],
                "Too many wrong passwords came from your address; try again later.\n",
            )
                .into_response(),
            Self::Busy => (
                StatusCode::SERVICE_UNAVAILABLE,
                [(header::RETRY_AFTER, "2")],
                "Too many passwords are being checked; try again.\n",
            )
                .into_response(),
            Self::RateLimit => (
                StatusCode::TOO_MANY_REQUESTS,
                [(header::RETRY_AFTER, "1")],
                "More requests came than `rate_limit` allows; try again.\n",
            )
                .into_response(),
        }
    }
}
