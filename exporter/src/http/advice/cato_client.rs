//! What to do about a Cato Client.
//!
//! Follows from the vendor's pages on the Linux client and on managing clients, read 2026,
//! from its public scripts, and from what the events mean; the words are ours. How a row is
//! found is the parent's matter.

const SIGN_IN: &str = "The user has to sign in again. A host without a screen needs a new code \
                       or certificate: see cato-sdp start.";

const REFUSED: &str = "The vendor refused the user or the device: check the user and the way of \
                       signing in that the account allows for this kind of device, then sign in \
                       again.";

const SOON_OVER: &str = "Connected, but something may end it, such as a token that expires: let \
                         the user sign in again.";

const NO_SERVICE: &str = "The service cannot connect: sign in again, then check the user's licence \
                          and policy and the way out on port 443.";

super::advice_rows! {
    events {
        TunnelConnectFailed ""
            "Check that firewalls let UDP 443 (DTLS) out, and TCP 443, which the client falls \
             back to, and that names resolve; the client's log tells what failed.",
        AuthenticationRequested "" SIGN_IN,
        AuthenticationFailed "" REFUSED,
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
        Tunnel "disconnected" "authentication" SIGN_IN,
        Tunnel "disconnected" "not_allowed" REFUSED,
        PrivateAccess "connected_warning" "" SOON_OVER,
        PrivateAccess "connected_warning" "authentication" SIGN_IN,
        PrivateAccess "error" "" NO_SERVICE,
        PrivateAccess "error" "authentication" SIGN_IN,
        PrivateAccess "error" "not_allowed" REFUSED,
        InternetSecurity "connected_warning" "" SOON_OVER,
        InternetSecurity "connected_warning" "authentication" SIGN_IN,
        InternetSecurity "error" "" NO_SERVICE,
        InternetSecurity "error" "authentication" SIGN_IN,
        InternetSecurity "error" "not_allowed" REFUSED,
    }
}
