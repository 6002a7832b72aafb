//! Asks the way to the vendor: the configured probes once each, and the tenant's planes.
//!
//! How a probe asks is `probe::active`'s. Here is only whom: what the configuration names,
//! and what follows from a tenant's address. All are asked at once, each within its time
//! limit and never longer than [`TIME_LIMIT`].

use std::path::Path;
use std::time::Duration;

use model::probe::ProbeKind;
use tokio::runtime;
use tokio::task::JoinSet;

use super::super::facts::{Asked, Plane, Seen, Unseen};
use super::super::verdict::Finding;
use crate::clock::Clock;
use crate::config::{Config, HumanDuration, ProbeConfig, Question};
use crate::probe::active::address::Host;
use crate::probe::active::{proxy, run_once};

/// How long one of them may take: all run at once, and the whole run is to be short.
const TIME_LIMIT: Duration = Duration::from_secs(10);

/// What stands between a tenant's part of a name and the cloud's.
const CLOUD_MARK: &str = ".npa.";

/// The port of both planes.
const PLANE_PORT: u16 = 443;

/// Whom to ask.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::doctor) struct Target {
    plane: Plane,
    probe: ProbeConfig,
}

impl Target {
    /// Every configured probe, and the planes of a tenant.
    pub(in crate::doctor) fn all(config: Option<&Config>, tenant: Option<&str>) -> Vec<Self> {
        let probes = config.iter().flat_map(|config| &config.probes);
        let configured = probes.map(|probe| Self {
            plane: Plane::Configured,
            probe: probe.clone(),
        });
        let of_tenant = tenant.into_iter().flat_map(of_tenant);
        // The proxy's settings are looked at in any case, below the root.
        let is_asked = |target: &Self| target.kind().is_some_and(|kind| kind != ProbeKind::Proxy);
        configured.chain(of_tenant).filter(is_asked).collect()
    }

    fn kind(&self) -> Option<ProbeKind> {
        self.probe.question().map(Question::kind)
    }

    /// The name that has to be resolved.
    fn host(&self) -> &str {
        let address = match self.probe.question() {
            Some(Question::Dns(dns)) => return &dns.name,
            Some(Question::Tls(tls)) => tls.proxy.as_deref().unwrap_or(&tls.address),
            Some(Question::Tcp(tcp)) => tcp.proxy.as_deref().unwrap_or(&tcp.address),
            Some(Question::Proxy(_)) | None => return "",
        };
        address.rsplit_once(':').map_or(address, |(host, _)| host)
    }
}

/// Whether a text can be a tenant's address.
pub(in crate::doctor) fn is_tenant(text: &str) -> bool {
    let is_host = matches!(Host::parse(text), Some(Host::Name(_)));
    is_host && text.contains(CLOUD_MARK)
}

/// The planes and names of a tenant's cloud.
///
/// The tenant's own address is the management plane; the data plane is asked under its
/// name as the vendor's guide does with `openssl s_client -servername`.
///
/// Source: vendor help pages "Manage a Publisher" and "Private Access FAQs", read
/// 2026-08-20: `ns-<tenant>.<pop>.npa.<suffix>`, `stitcher.npa.<suffix>`,
/// `gateway.npa.<suffix>`, TCP port 443.
fn of_tenant(tenant: &str) -> Vec<Target> {
    let Some((_, suffix)) = tenant.split_once(CLOUD_MARK) else {
        return Vec::new();
    };
    let cloud = |service: &str| format!("{service}{CLOUD_MARK}{suffix}");
    let management = ProbeConfig::of_tls("management", &format!("{tenant}:{PLANE_PORT}"));
    let data_address = format!("{}:{PLANE_PORT}", cloud("stitcher"));
    let mut data = ProbeConfig::of_tls("data", &data_address);
    if let Some(tls) = &mut data.tls {
        tls.server_name = Some(tenant.to_owned());
    }
    let gateway = ProbeConfig::of_dns("gateway", &cloud("gateway"));
    [
        (Plane::Management, management),
        (Plane::Data, data),
        (Plane::Gateway, gateway),
    ]
    .map(|(plane, probe)| Target { plane, probe })
    .into()
}

/// Asks everybody at once.
pub(in crate::doctor) fn ask(targets: &[Target], clock: Clock) -> Seen<Vec<Asked>> {
    if targets.is_empty() {
        return Err(Unseen::NotWanted(
            "no probe is configured, and no --tenant named".to_owned(),
        ));
    }
    let started = runtime::Builder::new_current_thread().enable_all().build();
    let runtime = started.map_err(|error| Unseen::Failed(format!("not asked: {error}")))?;
    let mut asked = runtime.block_on(async {
        let mut tasks = JoinSet::new();
        for (place, target) in targets.iter().cloned().enumerate() {
            tasks.spawn(async move { (place, ask_one(&target, clock).await) });
        }
        tasks.join_all().await
    });
    // Whoever waits for a name server's thread waits for nobody.
    runtime.shutdown_background();
    asked.sort_by_key(|(place, _)| *place);
    Ok(asked.into_iter().filter_map(|(_, one)| one).collect())
}

async fn ask_one(target: &Target, clock: Clock) -> Option<Asked> {
    let mut probe = target.probe.clone();
    probe.timeout = HumanDuration(probe.timeout.0.min(TIME_LIMIT));
    let run = run_once(&probe, clock).await;
    Some(Asked {
        plane: target.plane,
        kind: target.kind()?,
        target: probe.question()?.target().into_owned(),
        host: target.host().to_owned(),
        run,
    })
}

/// Which names the configuration keeps from the proxy, if it says so.
pub(in crate::doctor) fn proxy_exclusions(config: &Config) -> Option<Vec<String>> {
    let mut said = config
        .probes
        .iter()
        .filter_map(|probe| probe.proxy.as_ref());
    said.find_map(|proxy| proxy.excluded.clone())
}

/// Looks whether the proxy's settings agree.
pub(in crate::doctor) fn look_at_proxy(root: &Path, excluded: Option<&[String]>) -> Vec<Finding> {
    let found = match excluded {
        Some(excluded) => proxy::inspect_with(root, excluded),
        None => proxy::inspect(root),
    };
    found
        .into_iter()
        .map(|one| Finding::failed("proxy settings", one.message, one.action))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn targets(tenant: &str) -> Vec<(Plane, String, String)> {
        let all = Target::all(None, Some(tenant));
        all.iter()
            .map(|target| {
                let question = target.probe.question().unwrap();
                let name = target
                    .probe
                    .tls
                    .as_ref()
                    .and_then(|tls| tls.server_name.clone());
                (
                    target.plane,
                    question.target().into_owned(),
                    name.unwrap_or_else(|| target.host().to_owned()),
                )
            })
            .collect()
    }

    #[test]
    fn a_tenants_address_leads_to_its_planes() {
        let tenant = "ns-1234.us-sjc1.npa.goskope.com";
        assert!(is_tenant(tenant));
        let of = |plane, target: &str, name: &str| (plane, target.to_owned(), name.to_owned());
        assert_eq!(
            targets(tenant),
            [
                of(
                    Plane::Management,
                    "ns-1234.us-sjc1.npa.goskope.com:443",
                    tenant
                ),
                of(
                    Plane::Data,
                    "stitcher.npa.goskope.com:443 (as ns-1234.us-sjc1.npa.goskope.com)",
                    tenant
                ),
                of(
                    Plane::Gateway,
                    "gateway.npa.goskope.com",
                    "gateway.npa.goskope.com"
                ),
            ]
        );
    }

    #[test]
    fn what_is_no_tenants_address_is_refused() {
        for text in [
            "",
            "example.com",
            "https://a.npa.b.c/",
            "a b.npa.c",
            "1.2.3.4",
            ".npa.",
        ] {
            assert!(!is_tenant(text), "{text}");
        }
    }

    #[test]
    fn nobody_to_ask_is_no_answer() {
        let unseen = ask(&[], Clock::start()).unwrap_err();
        assert!(matches!(unseen, Unseen::NotWanted(_)));
    }
}
