//! What a connector's tools told.

use model::connector::Tool;

/// Whether the tool tells how long the tunnel is up, so that a tunnel built anew can be
/// noticed.
pub const fn tells_uptime(tool: Tool) -> bool {
    match tool {
        Tool::CatoSdp => true,
        Tool::Nsdiag | Tool::StAgentCli => false,
    }
}
