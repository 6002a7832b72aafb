//! `/host`: the host against its limits, and the active probes.

use askama::Template;
use axum::response::Response;

use super::frame::Frame;
use super::{Refusal, page};
use crate::http::page::in_order;
use crate::http::status::{HostReport, ProbeReport, host_of, probes_of};

#[derive(Template)]
#[template(path = "host.html")]
struct HostPage<'a> {
    frame: &'a Frame<'a>,
    host: Option<HostReport<'a>>,
    /// Those that fail first.
    probes: Vec<&'a ProbeReport<'a>>,
}

pub(super) fn answer(frame: &Frame<'_>) -> Result<Response, Refusal> {
    let probes = probes_of(frame.seen.snapshot);
    page(&HostPage {
        frame,
        host: host_of(frame.seen.snapshot),
        probes: in_order(&probes),
    })
}
