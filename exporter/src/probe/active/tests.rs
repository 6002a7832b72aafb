//! Runs against real servers on this machine.
