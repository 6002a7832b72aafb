//! Asks for a TLS handshake.
use super::Surroundings;
use super::attempt::{Attempt, Failure};
use super::tcp::{parsed, reach};
use crate::config::TlsProbe;

pub(super) async fn ask(
    attempt: &mut Attempt,
    probe: &TlsProbe,
    surroundings: &Surroundings,
) -> Result<String, Failure> {
    let address = parsed(&probe.address)?;
    reach(attempt, &address, probe.proxy.as_deref(), surroundings).await?;
    Ok(String::new())
}
