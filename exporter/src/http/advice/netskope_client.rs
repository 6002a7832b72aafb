//! What to do about a Netskope Client.
//!
//! Follows from the vendor's page on the client, read 2026 (status events, icon states),
//! from what users of it report in public, and from what the events mean; the words are
//! ours. How a row is found is the parent's matter.

const NO_TUNNEL_YET: &str = "Normal just after an installation, an upgrade or a restart. If it \
                             lasts longer than a few minutes, check the way to the gateway on \
                             port 443, TCP and UDP.";

const BY_USER: &str = "The user or a service of the client closed the tunnel: both leave the same \
                       words. If nobody did and it stays down, restart the client's service.";

super::advice_rows! {
    events {
        ClientInstalled ""
            "Normal until the user is enrolled and the configuration is there. If it lasts, \
             check the enrolment and the way to the tenant on port 443.",
        ClientInstallFailed ""
            "Read the installer's log (on Linux nsInstallation.log beside the client's own logs) \
             and install again.",
        ClientDisabled "tunnel_down" NO_TUNNEL_YET,
        ClientDisabled "secure_forwarder"
            "Nothing to repair: a Secure Forwarder on this network takes the traffic, and the \
             client comes back when the device leaves. If there is none, ask the tenant's \
             administrator what the client took for one.",
        ClientDisabled "gre"
            "Nothing to repair: this network sends its traffic through a GRE tunnel, and the \
             client comes back when the device leaves. If the network has none, check the \
             addresses of its way out in the tenant's GRE settings.",
        ClientDisabled "dataplane_on_premises"
            "Nothing to repair: a data plane on the premises takes the traffic, and the client \
             comes back when the device leaves.",
        ClientDisabled "config_error"
            "The client has no valid configuration and stays off until it has one: check that \
             its user is enrolled in the tenant, and the way to the tenant on port 443 without \
             TLS inspection.",
        ClientDisabled "user"
            "The user switched the client off and can switch it on from its icon. Whoever does \
             not want that takes the permission away in the client configuration.",
        ClientDisabled "admin"
            "An administrator switched the client off: switch it on in the tenant's console.",
        NetworkChanged ""
            "The client goes off when the network changes and comes back by itself. If it does \
             not within a few minutes, check the new network's way to the gateway on port 443.",
        SystemStopped ""
            "The device was shut down or restarted. The client comes back with it.",
        TunnelDisconnected "by_user" BY_USER,
        TunnelDisconnected "closed_by_peer"
            "The gateway closed the tunnel or stopped answering; the client notices up to two \
             minutes late and builds a new one. If none comes, check the way to the gateway on \
             port 443.",
        TunnelConnectFailed "timed_out"
            "The gateway did not answer: check that firewalls on the way let port 443 out, TCP \
             and UDP (DTLS).",
        TunnelConnectFailed "unreachable"
            "There is no way to the gateway: check the device's network, its default route and \
             other VPNs.",
        TunnelConnectFailed "refused"
            "Something on the way refuses port 443: check firewalls and proxies, and that the \
             gateway's name resolves to the vendor's address.",
        TunnelConnectFailed "reset"
            "The connection is cut while it is set up, as by a firewall or TLS inspection: \
             exempt the gateway from both.",
        TunnelConnectFailed ""
            "Check the way to the gateway on port 443 and the name server; nsdebuglog.log tells \
             the error's code.",
        SteeringFailed "filter_device"
            "The part of the client that leads traffic into the tunnel did not start: restart \
             the client's service. On Windows and macOS check that its driver or system \
             extension is allowed, on Linux that ip and iptables are installed.",
        SteeringFailed "command_missing"
            "The client found no ip or iptables command: install them where its service looks \
             for them, then restart the service.",
        AuthenticationRequested ""
            "The user has to sign in again for private access; the client shows a window.",
        AuthenticationFailed ""
            "The vendor refused the user or the device: check the user's access and the device's \
             classification in the tenant, then let the user sign in again.",
        ServiceStateChanged "gateway_shutdown"
            "The gateway ended private access, mostly so that the user signs in again. If the \
             user has, check the policy for private applications.",
        TlsError "peer_certificate"
            "The vendor's certificate was not accepted: something on the way is likely to \
             inspect TLS. Exempt the vendor's hosts from inspection, and check the device's \
             clock and certificate store.",
        TlsError "handshake"
            "The TLS handshake failed: look for a firewall or proxy that does not let the \
             vendor's TLS or DTLS pass as it is.",
        TlsError "local_certificate"
            "The device's own certificate could not be used: enrol the client again.",
        TlsError ""
            "Look at the line in nsdebuglog.log; if it repeats, exempt the vendor's hosts from \
             TLS inspection.",
        CertificateInstallFailed ""
            "The vendor's certificate authority is not in the system's store, so steered sites \
             look untrusted: check that the client's service may write there, then restart it.",
        ManagementRequestFailed "dns"
            "A name of the management plane did not resolve: check the device's name server.",
        ManagementRequestFailed "connect"
            "The management plane could not be connected to: check the way out on port 443.",
        ManagementRequestFailed "timeout"
            "The management plane did not answer in time: check proxies and the way out on port \
             443.",
        ManagementRequestFailed "http"
            "The management plane answered with an error: check the vendor's status page and \
             that no proxy answers in its place.",
        ManagementRequestFailed ""
            "A request to the management plane failed: nsdebuglog.log has the code.",
        TunnelKeepaliveFailed ""
            "The tunnel's signs of life stay unanswered; a lost tunnel is noticed up to two \
             minutes later. If this repeats, check the network for loss and for limits on UDP 443.",
        DnsFailed ""
            "The client could not set up or use name resolution: check for other programs that \
             take over the device's name servers, and on Linux that their commands are installed.",
    }
    states {
        Client "disabled" ""
            "The client is off. If nobody wished that, switch it on from its icon; nsdebuglog.log \
             tells what it did last.",
        Client "disabled" "by_user" BY_USER,
        Client "disabled" "tunnel_down" NO_TUNNEL_YET,
        Client "disabled" "unenrolled"
            "The client is not enrolled: let the user sign in to it, and check that the tenant \
             has the user and the way to the tenant on port 443.",
        Client "disabled_error" ""
            "The client switched itself off because of an error: read nsdebuglog.log around the \
             time above, restart the client's service, and if that does not help save its logs \
             for the vendor's support.",
        Client "fail_closed" ""
            "No tunnel could be established, and the client blocks the device's traffic: check \
             the way to the gateway on port 443, TCP and UDP; nsdebuglog.log tells what failed \
             last.",
        Client "uninstalled" ""
            "The client is not on the device any more: install it again, or take the connector \
             out of the configuration.",
        Tunnel "disconnected" ""
            "Check that the client is on, then the way to the gateway on port 443, TCP and UDP; \
             nsdebuglog.log tells what failed last.",
        Tunnel "disconnected" "tunnel_down" NO_TUNNEL_YET,
        Steering "failed" ""
            "Nothing is steered although the tunnel may be up: restart the client's service; \
             nsdebuglog.log tells which part did not start.",
        Configuration "update_failed" ""
            "The client works on with its old configuration and tries again by itself. If that \
             lasts, check the way to the tenant on port 443 and TLS inspection.",
        PrivateAccess "connected_warning" ""
            "Private access works, but not for long: let the user sign in again.",
        PrivateAccess "error" ""
            "Private access cannot connect: let the user sign in again, then check the user's \
             policy in the tenant; npadebuglog.log tells more.",
    }
}
