//! Lets people silence alerts from the page or by a program, and end silences.
//!
//! `POST /api/v1/silences` and `POST /api/v1/silences/ID/end`, as a form of the page or as
//! JSON, and only if it is known who asks: the silence bears that name. What is made is what
//! `alerts silence add` makes, by the same checks, and is answered when it is durable.
//!
//! A browser sends passwords along with what another site's page makes it send. So a form
//! needs the token that our page gave it, JSON needs its content type, which no other site's
//! page can send without asking, and where a browser says whence it comes it must be from us.

mod again;
mod fit;
mod form;
mod readers;
mod underway;

use std::sync::Arc;
use std::time::Duration;

use askama::Template;
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request as AxumRequest, State};
use axum::http::header::{self, HeaderMap, HeaderValue};
use axum::http::{Request, StatusCode};
use axum::response::{IntoResponse as _, Response};
use axum::routing::post;
use jiff::Timestamp;
use model::alert::Silence;
use model::snapshot::Snapshot;
use serde::{Deserialize, Serialize};
use tokio::sync::watch;
use tokio::time::timeout;

pub(super) use self::again::Typed;
use self::again::{Again, Field};
use self::form::Form;
use self::readers::Readers;
pub use self::underway::SilenceInbox;
use self::underway::{Outcome, Way};
use super::Shared;
use super::web_config::Visitor;
use crate::alerting::letterbox::check_silence;
use crate::alerting::wish::{SilenceWish, WishError, stands_in_configuration};
use crate::clock::Clock;

/// Where silences are made.
const PATH: &str = "/api/v1/silences";

/// What was done: the status for programs, and for browsers the way from the path that they
/// asked to where all are. Whole addresses would leave out what a proxy puts before them.
type Done = (StatusCode, &'static str);
const MADE: Done = (StatusCode::CREATED, "../../");
const ENDED: Done = (StatusCode::OK, "../../../../");

/// Longest body. Sixteen labels with long values fit.
const BODY_BYTES_MAX: usize = 16 * 1024;

/// How long a body may take to arrive.
const BODY_TIMEOUT: Duration = Duration::from_secs(5);

/// Said of what the writer has not taken in yet.
const UNDERWAY: &str = "not done yet: the agent is still busy with its logs and does this when \
                        it is through; there is no need to try again";

/// Said of what the store has not taken in yet.
const UNCOMMITTED: &str = "done, but the store does not commit now: it is lost if the agent \
                           ends before the store commits again";

const FORM_TYPE: &str = "application/x-www-form-urlencoded";
const JSON_TYPE: &str = "application/json";
const PAGE_TYPE: &str = "text/html; charset=utf-8";

/// What the routes use.
struct Desk {
    way: Way,
    snapshots: watch::Receiver<Arc<Snapshot>>,
    clock: Clock,
    readers: Arc<Readers>,
}

/// How somebody asks, and wants to be answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Manner {
    Form,
    Json,
}

/// A silence that is asked for in JSON.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    matchers: Vec<String>,
    #[serde(rename = "for")]
    lasts: String,
    why: String,
}

/// What a program is told.
#[derive(Serialize)]
struct Told<'a> {
    id: &'a str,
    who: &'a str,
    from: Timestamp,
    until: Timestamp,
    /// What is still to come.
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<&'static str>,
    /// What fits no alert now.
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    warnings: &'a [String],
}

/// Why nothing was done.
struct Refused {
    status: StatusCode,
    /// For people.
    words: String,
    /// What is to be mended.
    field: Option<Field>,
    /// The form that was sent, if it can be mended.
    again: Option<Box<Again>>,
}

/// The same for who sent a form, with a way back.
#[derive(Template)]
#[template(path = "refused.html")]
struct RefusedPage<'a> {
    words: &'a str,
    root: &'a str,
    again: Option<&'a Again>,
}

/// What is accepted and not durable yet, for who sent a form.
#[derive(Template)]
#[template(path = "accepted.html")]
struct AcceptedPage<'a> {
    words: &'a str,
    root: &'a str,
}

/// What was asked, after it was made sure of who asks.
struct Asked {
    visitor: Visitor,
    manner: Manner,
    body: Vec<u8>,
}

/// Whether a request may have a body. Which methods there are, the routes say.
pub(super) fn takes_body<B>(request: &Request<B>) -> bool {
    let rest = request.uri().path().strip_prefix(PATH);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// The routes of silences.
pub(super) fn routes(shared: &Shared) -> Router {
    let desk = Desk {
        way: Way::new(shared.silences.clone()),
        snapshots: shared.snapshots.clone(),
        clock: shared.clock,
        readers: Arc::default(),
    };
    Router::new()
        .route(PATH, post(add))
        .route(&format!("{PATH}/{{id}}/end"), post(end))
        .with_state(Arc::new(desk))
}

async fn add(State(desk): State<Arc<Desk>>, request: AxumRequest) -> Response {
    let manner = manner(request.headers());
    let outcome = async {
        let now = desk.clock.now().timestamp();
        let asked = ask(&desk.readers, request).await?;
        let done = async {
            asked.check_token(now)?;
            let granted = granted(&wish(&asked)?, now)?;
            let fitting = fit::warnings(&granted, &desk.snapshots.borrow());
            let warnings = fitting.map_err(|words| bad(words).about(Some(Field::Matcher)))?;
            desk.hand_over(granted, &asked, MADE, &warnings).await
        };
        let again = |refused| Refused {
            again: asked.again(now).map(Box::new),
            ..refused
        };
        done.await.map_err(again)
    };
    outcome
        .await
        .unwrap_or_else(|refused| refused.response(manner, MADE))
}

async fn end(
    State(desk): State<Arc<Desk>>,
    id: Result<Path<String>, PathRejection>,
    request: AxumRequest,
) -> Response {
    let manner = manner(request.headers());
    let outcome = async {
        let now = desk.clock.now().timestamp();
        let asked = ask(&desk.readers, request).await?;
        asked.check_token(now)?;
        let snapshot = Arc::clone(&desk.snapshots.borrow());
        let alerts = &snapshot.alerts;
        // What is no text is no id either.
        let id = id.map(|Path(id)| id).unwrap_or_default();
        let Some(found) = alerts.silences.iter().find(|one| *one.id == *id) else {
            let words = "there is no silence of this id: it may be over, or wait for the agent";
            let words = words.to_owned();
            return Err(Refused::new(StatusCode::NOT_FOUND, words));
        };
        if alerts.configured_silences.contains(&found.id) {
            let words = stands_in_configuration(&found.id);
            return Err(Refused::new(StatusCode::CONFLICT, words));
        }
        // One that is over ends the one with its id.
        let ended = Silence {
            from: now,
            until: now,
            ..found.clone()
        };
        desk.hand_over(ended, &asked, ENDED, &[]).await
    };
    outcome
        .await
        .unwrap_or_else(|refused| refused.response(manner, ENDED))
}

impl Desk {
    /// Gives a silence to the writer, and answers when it is durable, or not so soon.
    async fn hand_over(
        &self,
        silence: Silence,
        asked: &Asked,
        (done, root): Done,
        warnings: &[String],
    ) -> Result<Response, Refused> {
        let later = |words: &str| Refused::new(StatusCode::SERVICE_UNAVAILABLE, words.to_owned());
        let who = asked.visitor.name().to_owned();
        let (silence, outcome) = self.way.hand_over(silence, who).await;
        let note = match outcome {
            Outcome::Durable => None,
            Outcome::Uncommitted => Some(UNCOMMITTED),
            Outcome::Underway => Some(UNDERWAY),
            // Its bounds are right: there is no place for it.
            Outcome::Refused(words) => return Err(Refused::new(StatusCode::CONFLICT, words)),
            Outcome::Full => return Err(later("other silences are being stored; try again")),
            Outcome::NotTaken => {
                return Err(later(
                    "the agent has no time, and nothing was done; try again",
                ));
            }
        };
        Ok(match (asked.manner, note) {
            (Manner::Form, None) => {
                let way = [(header::LOCATION, format!("{root}alerts"))];
                (StatusCode::SEE_OTHER, way).into_response()
            }
            (Manner::Form, Some(words)) => {
                let html = AcceptedPage { words, root }.render().unwrap_or_default();
                let kind = [(header::CONTENT_TYPE, PAGE_TYPE)];
                (StatusCode::ACCEPTED, kind, html).into_response()
            }
            (Manner::Json, note) => {
                let told = Told {
                    id: &silence.id,
                    who: &silence.who,
                    from: silence.from,
                    until: silence.until,
                    note,
                    warnings,
                };
                json(note.map_or(done, |_| StatusCode::ACCEPTED), &told)
            }
        })
    }
}

/// Makes sure of who asks, and that it is not another site's page, and reads the body.
async fn ask(readers: &Arc<Readers>, request: AxumRequest) -> Result<Asked, Refused> {
    let (head, body) = request.into_parts();
    let Some(visitor) = head.extensions.get::<Visitor>().cloned() else {
        return Err(forbidden(
            "silences are made by people who are known: start with --web.config.file and \
             `basic_auth_users` in it, or use `ztna-exporter alerts silence add` on this host",
        ));
    };
    if !is_own_page(&head.headers) {
        return Err(forbidden("another site's page may not ask for this"));
    }
    let Some(manner) = manner(&head.headers) else {
        let words = format!("want a body of the type {JSON_TYPE} or {FORM_TYPE}");
        return Err(Refused::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, words));
    };
    let Some(reading) = readers.begin(visitor.name()) else {
        let words = "other silences of yours have not arrived yet; try again".to_owned();
        return Err(Refused::new(StatusCode::SERVICE_UNAVAILABLE, words));
    };
    let body = read(body).await?;
    drop(reading);
    Ok(Asked {
        visitor,
        manner,
        body,
    })
}

impl Asked {
    /// Makes sure that a form is one that our page showed to this visitor.
    fn check_token(&self, now: Timestamp) -> Result<(), Refused> {
        if self.manner == Manner::Json {
            return Ok(());
        }
        let form = Form::parse(&self.body).map_err(bad)?;
        let token = form.one("token").unwrap_or_default();
        if self.visitor.was_shown(token, now) {
            return Ok(());
        }
        Err(forbidden(
            "this form is too old, or is not ours: load the page again, and try again",
        ))
    }

    /// The form to be mended; `None` of what is none.
    fn again(&self, now: Timestamp) -> Option<Again> {
        let form = (self.manner == Manner::Form).then(|| Form::parse(&self.body));
        let form = form?.ok()?;
        Some(Again::of(&form, self.visitor.form_token(now)))
    }
}

async fn read(body: Body) -> Result<Vec<u8>, Refused> {
    let too_large = || {
        let words = format!("a body of more than {BODY_BYTES_MAX} bytes, or a broken one");
        Refused::new(StatusCode::PAYLOAD_TOO_LARGE, words)
    };
    match timeout(BODY_TIMEOUT, to_bytes(body, BODY_BYTES_MAX)).await {
        Ok(Ok(bytes)) => Ok(bytes.to_vec()),
        Ok(Err(_)) => Err(too_large()),
        Err(_) => {
            let words = "the body did not arrive in time".to_owned();
            Err(Refused::new(StatusCode::REQUEST_TIMEOUT, words))
        }
    }
}

/// The silence that a body asks for.
fn wish(asked: &Asked) -> Result<SilenceWish, Refused> {
    let (matchers, lasts, why) = match asked.manner {
        Manner::Json => {
            let wanted: Wanted =
                serde_json::from_slice(&asked.body).map_err(|error| bad(error.to_string()))?;
            (wanted.matchers, wanted.lasts, wanted.why)
        }
        Manner::Form => {
            let form = Form::parse(&asked.body).map_err(bad)?;
            // One field may hold several, each in its line.
            let lines = form.all("matcher").flat_map(str::lines);
            let matchers = lines.map(str::trim).filter(|line| !line.is_empty());
            (
                matchers.map(str::to_owned).collect(),
                form.one("for").unwrap_or_default().trim().to_owned(),
                form.one("why").unwrap_or_default().trim().to_owned(),
            )
        }
    };
    Ok(SilenceWish {
        matchers,
        lasts,
        why,
        who: asked.visitor.name().to_owned(),
        id: None,
    })
}

/// The silence, within its bounds.
fn granted(wish: &SilenceWish, now: Timestamp) -> Result<Silence, Refused> {
    let granted = wish.granted(now).map_err(|error| {
        let field = match error {
            WishError::Matcher(_) => Some(Field::Matcher),
            WishError::Lasts(_) => Some(Field::Lasts),
            WishError::Why => Some(Field::Why),
            WishError::Who => None,
        };
        bad(error.words("")).about(field)
    })?;
    check_silence(&granted).map_err(|words| {
        let of_no_time = Silence {
            until: now,
            ..granted.clone()
        };
        let is_too_long = check_silence(&of_no_time).is_ok();
        let field = if is_too_long {
            Field::Lasts
        } else {
            Field::Matcher
        };
        bad(words).about(Some(field))
    })?;
    Ok(granted)
}

/// Whether what a browser says of the page that asks speaks for ours. Programs say nothing.
pub(super) fn is_own_page(headers: &HeaderMap) -> bool {
    let site = headers.get("sec-fetch-site").map(HeaderValue::as_bytes);
    if site.is_some_and(|site| site != b"same-origin") {
        return false;
    }
    let mut origins = headers.get_all(header::ORIGIN).iter();
    let (origin, None) = (origins.next(), origins.next()) else {
        return false;
    };
    let Some(origin) = origin else {
        return true;
    };
    let origin = origin.to_str().unwrap_or_default();
    // Kept secret by the page's own policy; then the browser's word on the site counts.
    if origin == "null" {
        return site.is_some();
    }
    let host = headers
        .get(header::HOST)
        .and_then(|host| host.to_str().ok());
    let authority = origin.split_once("://").map(|(_, authority)| authority);
    match (authority, host) {
        (Some(authority), Some(host)) => authority.eq_ignore_ascii_case(host),
        _ => false,
    }
}

/// How somebody asks, by the type of the body.
fn manner(headers: &HeaderMap) -> Option<Manner> {
    let said = headers.get(header::CONTENT_TYPE)?.to_str().ok()?;
    let bare = said.split(';').next()?.trim();
    let known = [(FORM_TYPE, Manner::Form), (JSON_TYPE, Manner::Json)];
    let mut fits = known.into_iter();
    fits.find(|(name, _)| name.eq_ignore_ascii_case(bare))
        .map(|(_, manner)| manner)
}

fn bad(words: String) -> Refused {
    Refused::new(StatusCode::BAD_REQUEST, words)
}

fn forbidden(words: &str) -> Refused {
    Refused::new(StatusCode::FORBIDDEN, words.to_owned())
}

impl Refused {
    const fn new(status: StatusCode, words: String) -> Self {
        Self {
            status,
            words,
            field: None,
            again: None,
        }
    }

    fn about(self, field: Option<Field>) -> Self {
        Self { field, ..self }
    }

    fn response(self, manner: Option<Manner>, (_, root): Done) -> Response {
        let (status, mut again) = (self.status, self.again);
        #[derive(Serialize)]
        struct Error<'a> {
            error: &'a str,
        }
        let words = model::untrusted::printable(&self.words);
        let words = words.as_ref();
        if let (Some(again), Some(field)) = (&mut again, self.field) {
            again.blame(field, words);
        }
        let again = again.as_deref();
        let page = RefusedPage { words, root, again };
        let page = (manner == Some(Manner::Form)).then(|| page.render().ok());
        let mut response = match page.flatten() {
            Some(html) => (status, [(header::CONTENT_TYPE, PAGE_TYPE)], html).into_response(),
            None => json(status, &Error { error: words }),
        };
        // The body may not have been read.
        let close = HeaderValue::from_static("close");
        response.headers_mut().insert(header::CONNECTION, close);
        response
    }
}

fn json<T: Serialize>(status: StatusCode, content: &T) -> Response {
    // Texts and times cannot fail to become JSON.
    let mut bytes = serde_json::to_vec(content).unwrap_or_default();
    bytes.push(b'\n');
    (status, [(header::CONTENT_TYPE, JSON_TYPE)], bytes).into_response()
}
