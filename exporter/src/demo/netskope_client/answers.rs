//! What the stand-in of `nsdiag -f` prints.
//!
//! Keys, spacing and the dot after each value are those of the public samples; names
//! are made up. It holds an e-mail address as the real one does: the agent shows a
//! keyed hash of it, never the address.

use super::{FRANKFURT, Gateway};
use crate::demo::tools::Answer;

/// The tool's answer while the client is on, with its tunnel to a gateway.
pub(super) fn nsdiag_on(gateway: Gateway) -> Answer {
    answer(gateway, "NSTUNNEL_CONNECTED", "enable")
}

/// The tool's answer while its user has switched the client off.
pub(in crate::demo) fn nsdiag_off() -> Answer {
    answer(FRANKFURT, "NSTUNNEL_DISCONNECTED", "disable")
}

/// The tool's answer while no gateway can be reached and traffic is blocked.
pub(super) fn nsdiag_fail_closed() -> Answer {
    answer(FRANKFURT, "NSTUNNEL_DISCONNECTED", "fail close")
}

fn answer(gateway: Gateway, tunnel: &str, client: &str) -> Answer {
    let Gateway { host, address, .. } = gateway;
    Answer::Text(format!(
        "Orgname:: Example Corp.\n\
         Tenant URL :: example.goskope.com.\n\
         AddonHost:: addon-example.goskope.com.\n\
         AddonCheckerHost:: achecker-example.goskope.com.\n\
         Gateway:: {host}.\n\
         Gateway IP:: {address}.\n\
         Config:: Laptops.\n\
         Steering Config:: Default tenant config.\n\
         Email:: alice@example.com.\n\
         Peruser config:: FALSE.\n\
         Tunnel status:: {tunnel}.\n\
         Client status:: {client}.\n\
         Dynamic Steering:: FALSE.\n\
         OnPremDetection:: Not Configured.\n\
         Explicit Proxy:: false.\n\
         Tunnel Protocol:: DTLS.\n\
         SNI Enable:: FALSE.\n\
         Traffic Mode:: All Traffic.\n\
         Client version:: 117.1.0.1234."
    ))
}
