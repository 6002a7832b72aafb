//! What is answered to an address that leads to no page: in words, and for browsers as a page
//! with a way back.
//!
//! Who does not ask for HTML gets the bare words. Neither repeats the address, which is
//! anybody's text. Why there is no page the views say.

use askama::Template;
use axum::http::header::{self, HeaderMap};
use axum::http::{StatusCode, Uri};
use axum::response::{IntoResponse as _, Response};

#[derive(Template)]
#[template(path = "unanswered.html")]
struct Unanswered<'a> {
    title: &'static str,
    words: &'a str,
    root: &'a str,
}

/// The answer to `uri`, with these words.
pub(super) fn response(
    (status, words): (StatusCode, &str),
    uri: &Uri,
    headers: &HeaderMap,
) -> Response {
    let title = if status == StatusCode::NOT_FOUND {
        "Not found"
    } else {
        "Not understood"
    };
    let page = Unanswered {
        title,
        words: words.trim_end(),
        root: &root_of(uri.path()),
    };
    let html = wants_html(headers).then(|| page.render().ok()).flatten();
    let (kind, body) = match html {
        Some(html) => ("text/html; charset=utf-8", html),
        None => ("text/plain; charset=utf-8", words.to_owned()),
    };
    (status, [(header::CONTENT_TYPE, kind)], body).into_response()
}

fn wants_html(headers: &HeaderMap) -> bool {
    let accepted = headers.get_all(header::ACCEPT).iter();
    let mut texts = accepted.filter_map(|value| value.to_str().ok());
    texts.any(|text| text.contains("text/html"))
}

/// The way from a path to where all of them are, a proxy's part in front left alone.
fn root_of(path: &str) -> String {
    let below = path.matches('/').count().saturating_sub(1);
    format!("./{}", "../".repeat(below))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_way_back_leads_up_from_any_depth() {
        for (path, root) in [
            ("/x", "./"),
            ("/connectors/x", "./../"),
            ("/a//b", "./../../"),
        ] {
            assert_eq!(root_of(path), root, "{path}");
        }
    }
}
