//! What can become of the bytes of a log: outcomes of lines, generations of files, losses.
//!
//! These are the closed label sets of the `ztna_log_*` families. "Lost" is zero or
//! a number with a cause, so each place that gives up bytes names one of these.

/// Declares a closed set of label values.
macro_rules! label_set {
    ($(#[$outer:meta])* $name:ident { $($(#[$inner:meta])* $variant:ident = $word:literal,)+ }) => {
        $(#[$outer])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum $name {
            $($(#[$inner])* $variant,)+
        }

        impl $name {
            /// Every value, in the order of the documentation.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The label's value.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $word,)+ }
            }

            /// Finds a value by its name.
            pub fn from_name(name: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|value| value.name() == name)
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str(self.name())
            }
        }
    };
}
pub(crate) use label_set;

label_set! {
    /// How dates of a file were read that nothing in it decides: label `order`.
    DateOrderTaken {
        /// The day before the month.
        DayFirst = "day_first",
        /// The month before the day.
        MonthFirst = "month_first",
    }
}

label_set! {
    /// What became of a line. Each line read has exactly one outcome.
    LineOutcome {
        /// A catalogue row knew it and an event was counted.
        Recognised = "recognised",
        /// Valid text that no row wants.
        Ignored = "ignored",
        /// Longer than the bound: skipped to its end, its content unread.
        Oversize = "oversize",
        /// Not UTF-8, and no row wanted it.
        InvalidUtf8 = "invalid_utf8",
        /// Begins no record, where every record begins in a known way: the rest of one
        /// that has several lines, a torn one, or a shape that nobody knows.
        Continuation = "continuation",
    }
}

label_set! {
    /// Why a file, or its content, began anew.
    GenerationCause {
        /// A file that was not known before.
        Discovered = "discovered",
        /// A new file took the name of a followed one.
        Rotated = "rotated",
        /// The file became shorter and began again (`copytruncate`).
        Truncated = "truncated",
        /// As long as before or longer, but the bytes before our place are others.
        Rewritten = "rewritten",
        /// The end of the file is gone and the rest is as we knew it: a power loss.
        TailLost = "tail_lost",
    }
}

label_set! {
    /// Where bytes went that nobody can read any more, or that we refuse to read.
    LossCause {
        /// The file was cut before we had read it all.
        Truncated = "truncated",
        /// The file was removed before we had read it all.
        Removed = "removed",
        /// Bytes already counted vanished in a power loss.
        TailLost = "tail_lost",
        /// Content of lines over the length bound.
        Oversize = "oversize",
        /// Runs of NUL bytes where the writer lost its data.
        NulRun = "nul_run",
        /// A compressed file that does not unpack.
        Undecodable = "undecodable",
    }
}

/// Longest line that is looked at, in bytes without its line end. Longer ones are
/// skipped, counted, and the file goes on.
pub const LINE_BYTES_MAX: usize = 64 * 1024;
