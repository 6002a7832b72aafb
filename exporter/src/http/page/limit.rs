//! The host's limits in words and as gauges.
//!
//! A gauge is what a `<meter>` needs: a share of processors and memory against its limit,
//! and of free space some limits' worth, since how much there is in all says little.

use model::host::threshold::HostResource;

use super::words;
use crate::http::status::ThresholdReport;

/// What a `<meter>` shows, from 0 on.
pub(in crate::http) struct Gauge {
    pub(in crate::http) max: f64,
    pub(in crate::http) low: f64,
    pub(in crate::http) high: f64,
    pub(in crate::http) optimum: f64,
    pub(in crate::http) value: f64,
}

/// How far a gauge of what is free reaches, in limits: more than that is plenty.
const PLENTY_LIMITS: f64 = 4.0;

impl ThresholdReport<'_> {
    /// The worst number of now against the limit; `None` while there is no number.
    pub(in crate::http) fn gauge(&self) -> Option<Gauge> {
        let value = self.value?;
        Some(match self.resource {
            HostResource::Cpu | HostResource::Memory => Gauge {
                max: 1.0,
                low: 0.0,
                high: self.limit,
                optimum: 0.0,
                value,
            },
            HostResource::Disk | HostResource::UpdateSpace => {
                let max = self.limit * PLENTY_LIMITS;
                Gauge {
                    max,
                    low: self.limit,
                    high: max,
                    optimum: max,
                    value: value.min(max),
                }
            }
        })
    }

    pub(in crate::http) fn is_breached(&self) -> bool {
        self.breached == Some(true)
    }

    /// As the style sheet knows it.
    pub(in crate::http) const fn tone(&self) -> &'static str {
        match (self.breached, self.pending) {
            (Some(true), _) => "bad",
            (None, _) | (Some(false), true) => "open",
            (Some(false), false) => "good",
        }
    }

    pub(in crate::http) const fn title(&self) -> &'static str {
        match self.resource {
            HostResource::Cpu => "Processors",
            HostResource::Memory => "Memory",
            HostResource::Disk => "Disk",
            HostResource::UpdateSpace => "Space for an update",
        }
    }

    pub(in crate::http) const fn word(&self) -> &'static str {
        let beyond = match self.resource {
            HostResource::Cpu | HostResource::Memory => ["over its limit", "over, not for long"],
            HostResource::Disk | HostResource::UpdateSpace => {
                ["too little", "too little, not for long"]
            }
        };
        let [breached, pending] = beyond;
        match (self.breached, self.pending) {
            (Some(true), _) => breached,
            (None | Some(false), true) => pending,
            (Some(false), false) => "within its limit",
            (None, false) => "not known",
        }
    }

    /// The number of now beside the limit.
    pub(in crate::http) fn numbers(&self) -> String {
        let (number, limit) = match self.resource {
            HostResource::Cpu | HostResource::Memory => (
                self.value
                    .map(|used| format!("{} used", words::per_cent(used))),
                format!("limit {}", words::per_cent(self.limit)),
            ),
            HostResource::Disk | HostResource::UpdateSpace => (
                self.value
                    .map(|free| format!("at least {} free", words::human_amount(free))),
                format!("limit {}", words::human_amount(self.limit)),
            ),
        };
        let number = number.unwrap_or_else(|| "no number yet".to_owned());
        format!("{number}, {limit}")
    }

    /// The file systems that are in a bad way.
    pub(in crate::http) fn places(&self) -> String {
        let places = self.mountpoints.iter().map(|place| place.printable());
        places.collect::<Vec<_>>().join(", ")
    }
}
