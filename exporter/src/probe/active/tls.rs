//! Asks for a TLS handshake, and whether the chain of certificates ends where it should.
//!
//! Three steps: [`handshake`] talks until both sides agree or one gives up, and keeps the
//! chain whatever it is; [`roots`] says which roots are expected and which this host
//! trusts; [`judge`], which is pure, tells from these what is wrong, the most telling
//! thing first. A bad chain tells more than how the handshake ended.
//!
//! A server that wants a certificate of ours shows its own first and then refuses us:
//! the path is well, and the probe succeeds.

mod certificate;
mod handshake;
mod judge;
mod roots;

use model::probe::{ProbeFault, ProbePhase, TlsFacts};
use rustls::pki_types::{CertificateDer, IpAddr, ServerName};

use self::handshake::Handshake;
use self::judge::{Case, Verdict, judge};
pub(crate) use self::roots::certificates_of_file;
use self::roots::{Expected, of_system};
use super::Surroundings;
use super::address::Host;
use super::attempt::{Attempt, Failure};
use super::tcp::{parsed, reach};
use crate::config::TlsProbe;

/// Shakes hands, says no more, and judges the chain.
pub(super) async fn ask(
    attempt: &mut Attempt,
    probe: &TlsProbe,
    surroundings: &Surroundings,
) -> Result<String, Failure> {
    let address = parsed(&probe.address)?;
    let host = match &probe.server_name {
        Some(name) => Host::parse(name)
            .ok_or_else(|| Failure::new(ProbeFault::System, format!("`{name}` is no name")))?,
        None => address.host.clone(),
    };
    let name = server_name(&host)?;
    let mut stream = reach(attempt, &address, probe.proxy.as_deref(), surroundings).await?;
    let mut handshake = Handshake::begin(name.clone())?;
    let shaken = attempt
        .phase(
            ProbePhase::Handshake,
            ProbeFault::HandshakeTimeout,
            handshake.shake(&mut stream),
        )
        .await;
    handshake.say_goodbye(&stream);
    let chain = handshake.chain();
    if chain.is_empty() {
        shaken?;
        return Err(Failure::new(
            ProbeFault::HandshakeFailed,
            "the peer showed no certificate",
        ));
    }
    let chain_length = chain.len();
    let verdict = weigh(attempt, probe, surroundings, (host, name, chain)).await?;
    attempt.tls = Some(TlsFacts {
        version: handshake.version(),
        cipher: handshake.cipher(),
        chain_length,
        expires_at: verdict.expires_at,
        subject: verdict.subject,
        root: verdict.root,
        is_intercepted: verdict.is_intercepted,
    });
    let well = verdict.outcome?;
    let wants_ours = handshake.wants_certificate();
    let is_excused = |failure: &Failure| {
        let is_refusal = matches!(
            failure.fault,
            ProbeFault::HandshakeFailed | ProbeFault::Reset
        );
        wants_ours && is_refusal
    };
    match shaken {
        Err(failure) if !is_excused(&failure) => Err(failure),
        Ok(()) | Err(_) if wants_ours => {
            Ok(format!("{well}; the server wants a client's certificate"))
        }
        Ok(()) | Err(_) => Ok(well),
    }
}

/// Judges the chain on a thread that may wait: roots stand in files.
async fn weigh(
    attempt: &mut Attempt,
    probe: &TlsProbe,
    surroundings: &Surroundings,
    (host, name, chain): (Host, ServerName<'static>, Vec<CertificateDer<'static>>),
) -> Result<Verdict, Failure> {
    let (root, trusted) = (surroundings.root.clone(), surroundings.trusted.clone());
    let (pins, file) = (probe.expected_root.clone(), probe.ca_file.clone());
    let now = attempt.now();
    let work = surroundings.reading.read(move || {
        let expected = Expected::load(&pins, file.as_deref())?;
        let case = Case {
            chain: &chain,
            host: &host,
            name: &name,
            now,
        };
        Ok(judge(&case, &expected, || {
            of_system(&root, trusted.as_deref())
        }))
    });
    let judged = attempt.in_time(work).await;
    judged.unwrap_or_else(|| {
        let message = "the roots could not be read in time: is a mount dead?";
        Err(Failure::new(ProbeFault::System, message))
    })?
}

fn server_name(host: &Host) -> Result<ServerName<'static>, Failure> {
    match host {
        Host::Ip(address) => Ok(ServerName::IpAddress(IpAddr::from(*address))),
        Host::Name(name) => ServerName::try_from(name.to_string()).map_err(|_| {
            Failure::new(
                ProbeFault::System,
                format!("`{name}` cannot be asked for by TLS"),
            )
        }),
    }
}
