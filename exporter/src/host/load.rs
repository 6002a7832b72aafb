//! Load averages, as exactly as the kernel keeps them.
//!
//! By sysinfo(2) rather than `/proc/loadavg`, which rounds to hundredths: SNMP agents
//! truncate, and would show one less.

use model::host::HostCollector;

use super::reader::Reader;
use super::worker::Collector;

/// The kernel's fixed point: sixteen bits behind it (SI_LOAD_SHIFT, linux/sysinfo.h).
const ONE: f64 = 65_536.0;

/// Load averages from the kernel's fixed point numbers. One beyond four thousand million
/// runnable tasks is as large as that.
pub fn loads_of<Word: Into<u64>>(fixed: [Word; 3]) -> [f64; 3] {
    // As wide as the machine's words. Whole and fraction are exact, each on its own.
    fixed.map(|load| {
        let load: u64 = load.into();
        let high = f64::from(u32::try_from(load >> 16).unwrap_or(u32::MAX));
        let low = f64::from(u32::try_from(load & 0xffff).unwrap_or_default());
        high + low / ONE
    })
}

/// Reads the load averages.
pub(super) struct Load;

impl Collector for Load {
    const KIND: HostCollector = HostCollector::Load;
    type Found = [f64; 3];

    fn collect(&mut self, reader: &mut Reader) -> Option<[f64; 3]> {
        reader.asked();
        Some(loads_of(rustix::system::sysinfo().loads))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fixed_point_becomes_a_number() {
        assert_eq!(loads_of([0_u32, 65_536, 98_304]), [0.0, 1.0, 1.5]);
        assert_eq!(loads_of([1_u64, 0, u64::MAX])[0], 1.0 / 65_536.0);
        assert!(loads_of([u64::MAX; 3])[0].is_finite());
    }

    #[test]
    fn this_host_has_loads() {
        let loads = Load.collect(&mut Reader::default()).unwrap();
        assert!(loads.iter().all(|load| 0.0 <= *load && *load < 10_000.0));
    }
}
