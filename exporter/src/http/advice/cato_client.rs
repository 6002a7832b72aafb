//! What to do about a Cato Client.
//!
//! Follows from the vendor's pages on the Linux client and on managing clients, read 2026,
//! from its public scripts, and from what the events mean; the words are ours. How a row is
//! found is the parent's matter.

super::advice_rows! {
    events {
        TunnelConnectFailed "timed_out"
            "The vendor's cloud did not answer: check that firewalls let UDP 443 (DTLS) out, and \
             TCP 443, which the client falls back to.",
        TunnelConnectFailed "unreachable"
            "There is no way to the vendor's cloud: check the device's network, its default \
             route and other VPNs.",
        TunnelConnectFailed "refused"
            "Something on the way refuses port 443: check firewalls and proxies.",
        TunnelConnectFailed "reset"
            "The connection is cut while it is set up, as by a firewall or TLS inspection: \
             exempt the vendor's addresses from both.",
        TunnelConnectFailed ""
            "Check the way out on UDP 443 and TCP 443 and the name server; the client's log \
             tells what failed.",
        AuthenticationRequested ""
            "The user has to sign in again. A host without a screen needs a new code or \
             certificate: see cato-sdp start.",
        AuthenticationFailed ""
            "The vendor refused the user or the device: check the user and the way of signing in \
             that the account allows for this kind of device, then sign in again.",
        ServiceStateChanged "gateway_shutdown"
            "The vendor's side ended the connection. The client connects again; if it does not, \
             let the user connect it.",
        TlsError "peer_certificate"
            "The vendor's certificate was not accepted: something on the way is likely to \
             inspect TLS. Exempt the vendor's addresses, and check the device's clock and \
             certificate store.",
        TlsError ""
            "Look at the line in the client's log; if it repeats, exempt the vendor's addresses \
             from TLS inspection.",
        CertificateInstallFailed ""
            "The vendor's certificate authority is not in the system's store, so inspected sites \
             look untrusted: install it from the account's console.",
        ManagementRequestFailed ""
            "A request to the vendor's management failed: check the way out on port 443 and the \
             name server.",
        TunnelKeepaliveFailed ""
            "The tunnel's signs of life stay unanswered. If this repeats, check the network for \
             loss and for limits on UDP 443.",
        DnsFailed ""
            "Names do not resolve for the client. On Linux look for another default route with \
             metric 0, and for an /etc/resolv.conf that the client cannot write.",
        UpdateAvailable ""
            "A newer version of the client is there: update it when it suits.",
    }
    states {
        Tunnel "disconnected" ""
            "If nobody wished that, connect the client (on Linux cato-sdp start). If it does not \
             come up, check the way out on UDP 443 and TCP 443 and the name server.",
        PrivateAccess "connected_warning" ""
            "Connected, but something may end it, such as a token that expires: let the user \
             sign in again.",
        PrivateAccess "error" ""
            "The service cannot connect: sign in again, then check the user's licence and policy \
             and the way out on port 443.",
        InternetSecurity "connected_warning" ""
            "Connected, but something may end it, such as a token that expires: let the user \
             sign in again.",
        InternetSecurity "error" ""
            "The service cannot connect: sign in again, then check the user's licence and policy \
             and the way out on port 443.",
    }
}
