//! Which path answers what.
//!
//! Every route reads one snapshot and answers from it alone, so no answer mixes two
//! turns. Nothing here changes anything but `/-/reload`, which asks the application
//! and exists only if the operator wants it, and [`silences`]. What the answers say is
//! made in the modules beside this one.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::header::{self, HeaderMap, HeaderName};
use axum::http::{Request, StatusCode, Uri};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{MethodRouter, get, post};
use axum::{Extension, Router};
use hyper::body::Incoming;
use model::snapshot::Snapshot;
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::oneshot;
use tokio::time::timeout;
use tower::ServiceExt as _;
use tracing::error;

use super::exposition::Exposition;
use super::negotiate::{Coding, Format};
use super::query::View;
use super::stream::{Closing, Streams};
use super::trend::Trends;
use super::views::{Asked, Refusal, Seen};
use super::web_config::{Arrival, Visitor, WebAccess};
use super::{Shared, guard, health, silences, status, unanswered, views};
use crate::metrics::{AgentMetrics, Rejection};

/// How long a reload may take before its asker is told that it goes on without them.
const RELOAD_TIMEOUT: Duration = Duration::from_secs(30);

/// A response's type, as a part of the response.
type ContentType = [(HeaderName, &'static str); 1];
const TEXT: ContentType = [(header::CONTENT_TYPE, "text/plain; charset=utf-8")];
const JSON: ContentType = [(header::CONTENT_TYPE, "application/json")];
const JS: ContentType = [(header::CONTENT_TYPE, "text/javascript; charset=utf-8")];
const EVENTS: ContentType = [(header::CONTENT_TYPE, "text/event-stream")];
const CSS: ContentType = [(header::CONTENT_TYPE, "text/css; charset=utf-8")];
const SVG: ContentType = [(header::CONTENT_TYPE, "image/svg+xml")];

const STYLE: &str = include_str!("../../templates/style.css");
const SCRIPT: &str = include_str!("../../templates/page.js");
const ICON: &str = include_str!("../../templates/icon.svg");

/// Who asks, if that is known.
type Known = Option<Extension<Visitor>>;

/// The routes, and what stands before them.
#[derive(Debug)]
pub(super) struct Front {
    app: Arc<App>,
    router: Router,
}

/// What the routes read.
#[derive(Debug)]
struct App {
    shared: Shared,
    exposition: Exposition,
    streams: Streams,
    trends: Arc<Trends>,
}

impl Front {
    pub(super) fn new(shared: Shared) -> Self {
        let exposition = Exposition::new(
            Arc::clone(&shared.registry),
            shared.metrics.clone(),
            shared.clock,
        );
        let trends = Arc::new(Trends::default());
        let clock = shared.clock;
        tokio::spawn(views::watch(
            Arc::clone(&trends),
            shared.snapshots.clone(),
            move || clock.now().monotonic,
        ));
        let app = Arc::new(App {
            shared,
            exposition,
            streams: Streams::new(),
            trends,
        });
        Self {
            router: routes()
                .with_state(Arc::clone(&app))
                .merge(silences::routes(&app.shared))
                .method_not_allowed_fallback(method_not_allowed),
            app,
        }
    }

    /// What the agent counts about itself.
    pub(super) fn metrics(&self) -> &AgentMetrics {
        &self.app.shared.metrics
    }

    /// Who may ask, and under which certificate.
    pub(super) fn access(&self) -> &WebAccess {
        &self.app.shared.access
    }

    /// Answers one request, if whoever asks may.
    pub(super) async fn answer(&self, request: Request<Incoming>, arrival: &Arrival) -> Response {
        let rules = self.access().current().await;
        let mut response = match self
            .access()
            .admit(&rules, request.headers(), arrival)
            .await
        {
            Ok(visitor) => {
                self.answer_to(visitor, request, arrival.came_on_loopback)
                    .await
            }
            Err(denial) => {
                self.metrics().http_rejected(denial.rejection());
                denial.response()
            }
        };
        guard::dress(&mut response);
        rules.dress(&mut response);
        response
    }

    async fn answer_to(
        &self,
        visitor: Option<Visitor>,
        mut request: Request<Incoming>,
        came_on_loopback: bool,
    ) -> Response {
        let host_names = Arc::clone(&self.app.shared.host_names.borrow());
        if let Err(refusal) = guard::examine(&request, came_on_loopback, &host_names) {
            if refusal == guard::Refusal::ForeignHost {
                self.metrics().http_rejected(Rejection::ForeignHost);
            }
            return refusal.response();
        }
        if let Some(visitor) = visitor {
            request.extensions_mut().insert(visitor);
        }
        let is_read = !guard::has_unread_body(&request);
        // A router answers everything; it has no error of its own.
        let answered = self.router.clone().oneshot(request).await;
        let mut response = answered.unwrap_or_else(|never| match never {});
        if !is_read {
            let close = header::HeaderValue::from_static("close");
            response.headers_mut().insert(header::CONNECTION, close);
        }
        response
    }
}

impl App {
    fn snapshot(&self) -> Arc<Snapshot> {
        Arc::clone(&self.shared.snapshots.borrow())
    }

    fn store_problem(&self) -> Option<String> {
        self.shared.store_health.borrow().clone()
    }
}

fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/", view(View::Connectors))
        .route("/connectors/{name}", named(View::Connector))
        .route("/events", view(View::Events))
        .route("/alerts", view(View::Alerts))
        .route("/host", view(View::Host))
        .route("/logs", view(View::Logs))
        // The list's links stand beside it.
        .route("/runbooks", get(async || Redirect::permanent("runbooks/")))
        .route("/runbooks/", view(View::Runbooks))
        .route("/runbooks/{name}", named(View::Runbook))
        .route("/config", view(View::Configuration))
        .route("/api/v1/status", get(status_json))
        .route("/api/v1/stream", get(stream))
        .route("/metrics", get(metrics))
        .route("/-/healthy", get(async || (TEXT, "Healthy.\n")))
        .route("/-/ready", get(ready))
        .route("/ready/tunnel", get(tunnel_ready))
        .route(guard::RELOAD_PATH, post(reload).put(reload))
        .route("/static/style.css", get(async || (CSS, STYLE)))
        .route("/static/page.js", get(async || (JS, SCRIPT)))
        .route("/static/icon.svg", get(async || (SVG, ICON)))
        .fallback(not_found)
}

/// Does not repeat the path, which is anybody's text.
async fn not_found(uri: Uri, headers: HeaderMap) -> Response {
    let known = "Not found. Known paths: / /connectors/NAME /events /alerts /host /logs \
                 /runbooks/ /config /metrics /api/v1/status /api/v1/stream /api/v1/silences \
                 /-/healthy /-/ready /-/reload /ready/tunnel\n";
    unanswered::response((StatusCode::NOT_FOUND, known), &uri, &headers)
}

async fn method_not_allowed() -> Response {
    (
        StatusCode::METHOD_NOT_ALLOWED,
        TEXT,
        "This path does not take that method.\n",
    )
        .into_response()
}

async fn metrics(State(app): State<Arc<App>>, headers: HeaderMap) -> Response {
    let format = Format::accepted(&joined(&headers, &header::ACCEPT));
    let coding = Coding::accepted(&joined(&headers, &header::ACCEPT_ENCODING));
    let page = match app.exposition.page(&app.snapshot(), format, coding) {
        Ok(page) => page,
        Err(failure) => return internal_error(&failure),
    };
    let mut response = Response::new(Body::from(page));
    let fields = response.headers_mut();
    fields.insert(
        header::CONTENT_TYPE,
        header::HeaderValue::from_static(format.content_type()),
    );
    fields.insert(
        header::VARY,
        header::HeaderValue::from_static("Accept, Accept-Encoding"),
    );
    if coding == Coding::Gzip {
        fields.insert(
            header::CONTENT_ENCODING,
            header::HeaderValue::from_static("gzip"),
        );
    }
    response
}

/// A view that needs no name.
fn view(view: View) -> MethodRouter<Arc<App>> {
    let look = async move |state: State<Arc<App>>, known: Known, uri: Uri, headers: HeaderMap| {
        let seen = see(&state, known, &uri, (view, ""));
        seen.unwrap_or_else(|refused| refuse(&refused, &uri, &headers))
    };
    get(look)
}

/// A view of what the path names.
fn named(view: View) -> MethodRouter<Arc<App>> {
    let look = async move |state: State<Arc<App>>,
                           known: Known,
                           name: Result<Path<String>, PathRejection>,
                           uri: Uri,
                           headers: HeaderMap| {
        // What is no text is nobody's name.
        let name = name.map(|Path(name)| name).unwrap_or_default();
        let seen = see(&state, known, &uri, (view, &name));
        seen.unwrap_or_else(|refused| refuse(&refused, &uri, &headers))
    };
    get(look)
}

fn see(
    app: &App,
    known: Known,
    uri: &Uri,
    (view, name): (View, &str),
) -> Result<Response, Refusal> {
    let now = app.shared.clock.now().timestamp();
    let form_token = known.map(|Extension(visitor)| visitor.form_token(now));
    let (snapshot, store_problem) = (app.snapshot(), app.store_problem());
    let configuration = Arc::clone(&app.shared.configuration.borrow());
    let seen = Seen {
        snapshot: &snapshot,
        store_problem: store_problem.as_deref(),
        version: app.shared.version,
        now,
        trends: &app.trends,
        configuration: &configuration,
        form_token: form_token.as_deref(),
    };
    let query = uri.query();
    views::answer(seen, Asked { view, name, query })
}

fn refuse(refused: &Refusal, uri: &Uri, headers: &HeaderMap) -> Response {
    let told = match refused {
        Refusal::BadQuery(bad) => (StatusCode::BAD_REQUEST, &*bad.0),
        Refusal::NoConnector => (StatusCode::NOT_FOUND, "No connector has this name.\n"),
        Refusal::NoRunbook(text) => (StatusCode::NOT_FOUND, &**text),
        Refusal::NotMade(failure) => return internal_error(failure),
    };
    unanswered::response(told, uri, headers)
}

async fn status_json(State(app): State<Arc<App>>) -> Response {
    let (snapshot, store_problem) = (app.snapshot(), app.store_problem());
    let report = status::report(&snapshot, store_problem.as_deref(), app.shared.version);
    match serde_json::to_vec_pretty(&report) {
        Ok(mut json) => {
            json.push(b'\n');
            (JSON, json).into_response()
        }
        Err(failure) => internal_error(&failure),
    }
}

/// Tells of each turn, for as long as the connection may last.
async fn stream(State(app): State<Arc<App>>, Extension(closing): Extension<Closing>) -> Response {
    match app.streams.open(app.shared.snapshots.clone(), closing) {
        Some(body) => (EVENTS, body).into_response(),
        None => {
            app.shared.metrics.http_rejected(Rejection::Streams);
            let headers = [(header::RETRY_AFTER, "10")];
            let text = "Too many streams of events are open; ask for the page itself.\n";
            (StatusCode::SERVICE_UNAVAILABLE, headers, TEXT, text).into_response()
        }
    }
}

async fn ready(State(app): State<Arc<App>>) -> Response {
    let store_problem = app.store_problem();
    verdict(
        "Ready.\n",
        &health::reasons_not_ready(&app.snapshot(), store_problem.as_deref()),
    )
}

async fn tunnel_ready(State(app): State<Arc<App>>) -> Response {
    verdict(
        "Every tunnel is up.\n",
        &health::reasons_no_tunnel(&app.snapshot()),
    )
}

/// 200 if nothing speaks against it, else 503 with the reasons as lines.
fn verdict(all_well: &'static str, reasons: &[String]) -> Response {
    if reasons.is_empty() {
        return (TEXT, all_well).into_response();
    }
    let lines = reasons.join("\n") + "\n";
    (StatusCode::SERVICE_UNAVAILABLE, TEXT, lines).into_response()
}

async fn reload(State(app): State<Arc<App>>) -> Response {
    let Some(requests) = &app.shared.reload else {
        let hint = "Reloading by HTTP is off. Start with --web.enable-lifecycle, or send SIGHUP.\n";
        return (StatusCode::FORBIDDEN, TEXT, hint).into_response();
    };
    let (request, answer) = oneshot::channel();
    let refused = match requests.try_send(request) {
        Ok(()) => match timeout(RELOAD_TIMEOUT, answer).await {
            Ok(Ok(Ok(()))) => return (TEXT, "Reloaded.\n").into_response(),
            Ok(Ok(Err(problem))) => {
                let text =
                    format!("The configuration was refused; the old one stays.\n{problem}\n");
                return (StatusCode::INTERNAL_SERVER_ERROR, TEXT, text).into_response();
            }
            Ok(Err(_)) => "The agent stops.\n",
            Err(_) => "The reload takes long; it goes on.\n",
        },
        Err(TrySendError::Full(_)) => "A reload is running.\n",
        Err(TrySendError::Closed(_)) => "The agent stops.\n",
    };
    (StatusCode::SERVICE_UNAVAILABLE, TEXT, refused).into_response()
}

/// The values of a header that may come more than once, as one list.
fn joined(headers: &HeaderMap, name: &HeaderName) -> String {
    let values: Vec<&str> = headers
        .get_all(name)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .collect();
    values.join(",")
}

fn internal_error(failure: &dyn std::error::Error) -> Response {
    error!(error = format!("{failure:#}"), "HTTP response not made");
    (
        StatusCode::INTERNAL_SERVER_ERROR,
        TEXT,
        "Something went wrong here.\n",
    )
        .into_response()
}
