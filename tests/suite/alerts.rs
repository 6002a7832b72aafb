//! Promises about alerts: Prometheus and Alertmanager agree with ours.

mod alertmanager;
mod promtool;
