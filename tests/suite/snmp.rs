//! Promise: pollers cannot tell the agent from snmpd, and it forgets nothing over a kill.
//!
//! The whole program with a configuration, asked by net-snmp's tools. What the protocol
//! promises datagram by datagram is tested in `snmp-agent`.

mod life;
mod notices;
mod trouble;
mod users;
mod vendor;

/// snmpEngineBoots.0.
const BOOTS: &str = "1.3.6.1.6.3.10.2.1.2.0";

/// sysUpTime.0.
const UPTIME: &str = "1.3.6.1.2.1.1.3.0";
