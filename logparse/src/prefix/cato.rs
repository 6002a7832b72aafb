//! What stands before a record of a Cato Client.
//!
//! Takes the prefix off; what the text after it means is the catalogue's.

use super::Opened;
use crate::date_order::DateOrder;

/// Takes the prefix off a record. `None` if none begins in `line`.
pub(crate) fn strip(line: &[u8], order: DateOrder) -> Option<Opened<'_>> {
    let _ = (line, order);
    None
}
