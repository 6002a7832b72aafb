//! The log files of the demo: whose they are, what they are called, how they rotate.
//!
//! Names and ways of rotation are those of the vendors' programs. What is done to a
//! file is in [`super::folder`], what is written into it in the connectors' own files.

use model::connector::ConnectorKind;

use super::lines::Writer;

/// One log of one connector.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Log {
    /// The Publisher's `agent.txt`.
    PublisherAgent,
    /// The Publisher's `publisher_wizard.log`.
    PublisherWizard,
    /// The Netskope Client's `nsdebuglog.log`.
    NetskopeDebug,
    /// The Netskope Client's `npadebuglog.log`, of its private access.
    NetskopePrivateAccess,
    /// The Cato Client's `cato_vpn_<version>_<start>.log`: a new name at each start.
    CatoVpn,
}

impl Log {
    /// Every log.
    pub const ALL: &'static [Self] = &[
        Self::PublisherAgent,
        Self::PublisherWizard,
        Self::NetskopeDebug,
        Self::NetskopePrivateAccess,
        Self::CatoVpn,
    ];

    /// Whose log it is.
    pub const fn connector(self) -> ConnectorKind {
        match self {
            Self::PublisherAgent | Self::PublisherWizard => ConnectorKind::NetskopePublisher,
            Self::NetskopeDebug | Self::NetskopePrivateAccess => ConnectorKind::NetskopeClient,
            Self::CatoVpn => ConnectorKind::CatoClient,
        }
    }

    /// The configured name: label `log`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::PublisherAgent => "agent",
            Self::PublisherWizard => "wizard",
            Self::NetskopeDebug | Self::CatoVpn => "client",
            Self::NetskopePrivateAccess => "npa",
        }
    }

    /// What its files are called, as a pattern for the configuration.
    pub const fn pattern(self) -> &'static str {
        match self {
            Self::PublisherAgent => "agent.txt*",
            Self::PublisherWizard => "publisher_wizard.log*",
            Self::NetskopeDebug => "nsdebuglog*.log",
            Self::NetskopePrivateAccess => "npadebuglog*.log",
            Self::CatoVpn => "cato_vpn_*.log",
        }
    }

    /// The file that stands there from the beginning. `None` if a start of the program
    /// names it.
    pub const fn first_file(self) -> Option<&'static str> {
        match self {
            Self::PublisherAgent => Some("agent.txt"),
            Self::PublisherWizard => Some("publisher_wizard.log"),
            Self::NetskopeDebug => Some("nsdebuglog.log"),
            Self::NetskopePrivateAccess => Some("npadebuglog.log"),
            Self::CatoVpn => None,
        }
    }

    /// What `file_name` is called after it was rotated `number` times.
    pub fn rotated(self, file_name: &str, number: u32) -> String {
        match self.connector() {
            ConnectorKind::NetskopePublisher => format!("{file_name}.{number}"),
            ConnectorKind::NetskopeClient | ConnectorKind::CatoClient => {
                let stem = file_name.strip_suffix(".log").unwrap_or(file_name);
                format!("{stem}.{number}.log")
            }
        }
    }
}

impl From<Writer> for Log {
    fn from(writer: Writer) -> Self {
        match writer {
            Writer::Agent => Self::PublisherAgent,
            Writer::Wizard => Self::PublisherWizard,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_vendor_numbers_rotated_files_in_its_own_way() {
        assert_eq!(Log::PublisherAgent.rotated("agent.txt", 1), "agent.txt.1");
        assert_eq!(
            Log::NetskopeDebug.rotated("nsdebuglog.log", 1),
            "nsdebuglog.1.log"
        );
    }

    #[test]
    fn a_pattern_matches_the_file_and_what_it_is_renamed_to() {
        for log in Log::ALL {
            let glob = globset::Glob::new(log.pattern()).unwrap().compile_matcher();
            if let Some(file) = log.first_file() {
                assert!(glob.is_match(file), "{file}");
                assert!(glob.is_match(log.rotated(file, 2)), "{file}");
            }
        }
    }
}
