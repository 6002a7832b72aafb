//! In which order a file writes day and month, where its dates do not say it themselves.

/// Order of day and month in dates such as `03/08/26`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum DateOrder {
    /// Nothing has told: as the format does by default.
    #[default]
    OfFormat,
    /// `26/01/26` is in January.
    DayFirst,
    /// `01/26/26` is in January.
    MonthFirst,
}
