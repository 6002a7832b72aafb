//! What is to be read: the inputs, each with the product that wrote it.
//!
//! Each product becomes one connector of the output. With `--kind auto` every input is
//! looked at first; one that no product wrote is told to the user and left out.

use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex};

use anyhow::{Context, anyhow};
use indicatif::ProgressBar;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use logparse::catalogue::{Catalogue, CatalogueFile};
use logparse::date_order::{DateOrder, FileDates, has_slashed_dates};
use logparse::product::Recogniser;
use logparse::scan::Scanner;
use logparse::stamped::is_stamped;
use model::connector::ConnectorKind;
use model::untrusted::printable;
use store::Restored;

use super::input::{BytesSource, Input};
use super::read::Reader;
use crate::cli::{Failure, KindChoice, ParseArgs};
use crate::config::{catalogue_files, zone};
use crate::logging::say_to_user;
use crate::pipeline::ledger::{ConnectorPlan, Ledger};

/// What all threads share.
pub struct Job {
    /// The products that wrote the sources, in the order of [`ConnectorKind::ALL`].
    pub products: Vec<Product>,
    /// What is to be read, in the order of the command line.
    pub sources: Vec<Source>,
    /// When reading began.
    pub now: Timestamp,
    /// The first input that could not even be looked at.
    pub failed: Option<anyhow::Error>,
}

/// One product, which is one connector of the output.
pub struct Product {
    /// Which.
    pub kind: ConnectorKind,
    /// The connector's name in the output.
    pub connector: Arc<str>,
    catalogue: Arc<Catalogue>,
    zone: TimeZone,
}

/// One input whose product is known.
pub struct Source {
    /// The input.
    pub input: Input,
    /// Its product: a place in [`Job::products`].
    pub product: usize,
    /// How it writes dates that have only numbers.
    pub date_order: DateOrder,
    /// Whether its records begin with their product's time.
    pub is_stamped: bool,
    /// Standard input, which cannot be opened again after the look at it.
    held: Mutex<Option<BytesSource>>,
}

impl Source {
    /// Opens it, at its beginning.
    ///
    /// # Errors
    ///
    /// Whatever the system says.
    fn open(&self) -> io::Result<BytesSource> {
        let held = self.held.lock().ok().and_then(|mut held| held.take());
        held.map_or_else(|| self.input.open(), Ok)
    }

    /// Opens it for whoever wants its lines.
    ///
    /// # Errors
    ///
    /// Whatever the system says.
    pub fn reader<'a>(
        &'a self,
        kind: ConnectorKind,
        progress: &'a ProgressBar,
    ) -> io::Result<Reader<'a>> {
        Ok(Reader {
            source: self.open()?,
            date_order: self.date_order,
            dates: has_slashed_dates(kind).then(FileDates::default),
            file_name: self.file_name(),
            is_stamped: self.is_stamped,
            progress,
        })
    }

    /// Its path, if it is a file whose path is text.
    pub fn file_name(&self) -> Option<&str> {
        let path = self.input.path.to_str();
        path.filter(|_| !self.input.is_stdin())
    }

    /// What people know it by.
    pub fn name(&self) -> String {
        self.input.path.display().to_string()
    }
}

impl Product {
    /// A scanner for one file.
    pub fn scanner(&self) -> Scanner {
        Scanner::new(Arc::clone(&self.catalogue), self.zone.clone())
    }

    fn plan(&self) -> ConnectorPlan {
        ConnectorPlan {
            name: Arc::clone(&self.connector),
            kind: self.kind,
            catalogue: Arc::clone(&self.catalogue),
            logs: (log_names(self.kind).iter())
                .map(|name| Arc::from(*name))
                .collect(),
            tools: Vec::new(),
            unknown_after: None,
        }
    }
}

impl Job {
    /// Looks at the inputs and makes a plan.
    ///
    /// # Errors
    ///
    /// [`Failure::Usage`] for zones, names or catalogues that cannot be used or do not
    /// fit several products; [`Failure::Running`] if nothing is left to read.
    pub fn plan(args: &ParseArgs, inputs: Vec<Input>, now: Timestamp) -> Result<Self, Failure> {
        let zone = args.timezone.as_deref().map(zone_of).transpose()?;
        let catalogues = Catalogues::load(args)?;
        let mut job = Self {
            products: Vec::new(),
            sources: Vec::new(),
            now,
            failed: None,
        };
        let mut looked_at = Vec::new();
        for input in inputs {
            match look(&catalogues, &input) {
                Ok(look) => match look.kind {
                    Some(kind) => looked_at.push((kind, input, look)),
                    None => say_skipped(&input.path),
                },
                Err(error) => job.failed = job.failed.or(Some(error)),
            }
        }
        let mut kinds: Vec<_> = looked_at.iter().map(|(kind, ..)| *kind).collect();
        kinds.sort();
        kinds.dedup();
        refuse_ambiguity(args, &kinds)?;
        for kind in &kinds {
            job.products.push(Product {
                kind: *kind,
                connector: Arc::from(connector_name(args, *kind)?),
                catalogue: catalogues.of(*kind)?,
                zone: match &zone {
                    Some(zone) => zone.clone(),
                    None => default_zone(*kind)?,
                },
            });
        }
        for (kind, input, look) in looked_at {
            job.sources.push(Source {
                input,
                product: kinds.iter().position(|one| *one == kind).unwrap_or(0),
                date_order: look.date_order,
                is_stamped: look.is_stamped,
                held: Mutex::new(look.held),
            });
        }
        match job.failed {
            Some(error) if job.sources.is_empty() => Err(error.into()),
            None if job.sources.is_empty() => Err(anyhow!(
                "nothing to read is a log that we know: name its product with `--kind`"
            )
            .into()),
            failed => Ok(Self { failed, ..job }),
        }
    }

    /// An empty ledger of all products.
    pub fn ledger(&self) -> Ledger {
        let plans: Vec<_> = self.products.iter().map(Product::plan).collect();
        Ledger::open(plans, Restored::default())
    }

    /// How many inputs are of the product at `place`.
    pub fn files_of(&self, place: usize) -> usize {
        let of_product = self.sources.iter().filter(|one| one.product == place);
        of_product.count()
    }
}

/// The logs that a file of a product may be taken for; the label `log`.
const fn log_names(kind: ConnectorKind) -> &'static [&'static str] {
    match kind {
        ConnectorKind::NetskopePublisher => &["agent", "wizard", "other"],
        ConnectorKind::NetskopeClient => &["client", "npa"],
        ConnectorKind::CatoClient => &["client", "dem", "ui"],
    }
}

/// Which of its product's logs a file is by its name: its place among them, and its name.
pub fn log_of(kind: ConnectorKind, path: &Path) -> (usize, &'static str) {
    let name = path
        .file_name()
        .map(|name| name.to_string_lossy().to_lowercase());
    let name = name.as_deref().unwrap_or_default();
    let wanted = match kind {
        ConnectorKind::NetskopePublisher if name.starts_with("agent") => "agent",
        ConnectorKind::NetskopePublisher if name.contains("wizard") => "wizard",
        ConnectorKind::NetskopePublisher => "other",
        ConnectorKind::NetskopeClient if name.contains("npadebuglog") => "npa",
        ConnectorKind::CatoClient if name.contains("cato_dem") => "dem",
        ConnectorKind::CatoClient if name.contains("catoclient.trace") => "ui",
        ConnectorKind::NetskopeClient | ConnectorKind::CatoClient => "client",
    };
    let mut known = log_names(kind).iter().enumerate();
    let found = known.find(|(_, one)| **one == wanted);
    found.map_or((0, wanted), |(place, one)| (place, *one))
}

/// The rows of the products that may be wanted.
struct Catalogues {
    /// The one product, if the user named it.
    named: Option<ConnectorKind>,
    /// The rows that come with the program, if the user named no product.
    built_in: Option<Recogniser>,
    /// The operator's own rows.
    own: Vec<CatalogueFile>,
}

impl Catalogues {
    fn load(args: &ParseArgs) -> Result<Self, Failure> {
        let named = kind_of(args.kind);
        Ok(Self {
            named,
            built_in: match named {
                Some(_) => None,
                None => Some(recogniser()?),
            },
            own: own_rows(&args.catalogue)?,
        })
    }

    fn kind_of(&self, file_name: Option<&str>, start: &[u8]) -> Option<ConnectorKind> {
        let by_look = || self.built_in.as_ref()?.recognise(file_name, start);
        self.named.or_else(by_look)
    }

    fn of(&self, kind: ConnectorKind) -> Result<Arc<Catalogue>, Failure> {
        let mut built_in = self.built_in.iter().flat_map(Recogniser::catalogues);
        match built_in.find(|one| one.kind() == kind) {
            Some(known) if self.own.is_empty() => Ok(Arc::clone(known)),
            Some(_) | None => load_catalogue(kind, &self.own).map(Arc::new),
        }
    }
}

/// What a look at an input told.
struct Look {
    kind: Option<ConnectorKind>,
    date_order: DateOrder,
    is_stamped: bool,
    /// The input itself, if it cannot be opened again.
    held: Option<BytesSource>,
}

fn look(catalogues: &Catalogues, input: &Input) -> anyhow::Result<Look> {
    let named = || format!("`{}` cannot be read", input.path.display());
    let name = input.path.to_string_lossy();
    let name = Some(&*name).filter(|_| !input.is_stdin());
    let mut source = input.open().with_context(named)?;
    // Whoever writes to us live is read as soon as the product is clear.
    let is_enough = |seen: &[u8]| {
        input.is_stdin() && seen.contains(&b'\n') && catalogues.kind_of(name, seen).is_some()
    };
    let start = source.look_ahead(is_enough).with_context(named)?;
    let kind = catalogues.kind_of(name, start);
    Ok(Look {
        kind,
        is_stamped: kind.is_some_and(|kind| is_stamped(kind, start)),
        date_order: DateOrder::detect(name, start),
        held: input.is_stdin().then_some(source),
    })
}

fn say_skipped(path: &Path) {
    say_to_user(&format!(
        "`{}` is no log that we know and was left out; if it is one, name its product with `--kind`",
        printable(&path.to_string_lossy())
    ));
}

/// What fits one product only cannot be used for several.
fn refuse_ambiguity(args: &ParseArgs, kinds: &[ConnectorKind]) -> Result<(), Failure> {
    if kinds.len() < 2 {
        return Ok(());
    }
    let found: Vec<&str> = kinds.iter().map(|kind| kind.name()).collect();
    let refuse = |what: &str| {
        Err(Failure::Usage(format!(
            "{what}, and these files are of {}: name one of them with `--kind`, \
             with its files only",
            found.join(", ")
        )))
    };
    match (&args.connector, args.catalogue.is_empty()) {
        (Some(name), _) => refuse(&format!("`--connector {name}` names one connector")),
        (None, false) => refuse("`--catalogue` has the rows of one product"),
        (None, true) => Ok(()),
    }
}

/// The product that a choice names; `None` for `auto`.
pub const fn kind_of(choice: KindChoice) -> Option<ConnectorKind> {
    match choice {
        KindChoice::Auto => None,
        KindChoice::NetskopePublisher => Some(ConnectorKind::NetskopePublisher),
        KindChoice::NetskopeClient => Some(ConnectorKind::NetskopeClient),
        KindChoice::CatoClient => Some(ConnectorKind::CatoClient),
    }
}

/// Knows the lines of all products by the rows that come with the program.
///
/// # Errors
///
/// Rows that do not prove themselves.
pub fn recogniser() -> Result<Recogniser, Failure> {
    Recogniser::built_in()
        .map_err(|error| Failure::Usage(format!("{:#}", anyhow::Error::from(error))))
}

/// The rows of the given files and folders.
///
/// # Errors
///
/// A file that cannot be read.
pub fn own_rows(paths: &[std::path::PathBuf]) -> Result<Vec<CatalogueFile>, Failure> {
    catalogue_files(paths).map_err(|error| Failure::Usage(format!("{error:#}")))
}

/// The built-in rows of a product, and an operator's own.
///
/// # Errors
///
/// Rows that do not prove themselves.
pub fn load_catalogue(kind: ConnectorKind, own: &[CatalogueFile]) -> Result<Catalogue, Failure> {
    Catalogue::load(kind, own)
        .map_err(|error| Failure::Usage(format!("{:#}", anyhow::Error::from(error))))
}

/// The zone of that name.
///
/// # Errors
///
/// There is none.
pub fn zone_of(name: &str) -> Result<TimeZone, Failure> {
    if name == "local" {
        return of_this_host();
    }
    TimeZone::get(name).map_err(|error| {
        Failure::Usage(format!(
            "--timezone `{name}`: {error}; want `local` or an IANA name such as Europe/Berlin or UTC"
        ))
    })
}

/// The zone of time stamps that name none: a Publisher writes UTC as far as we know, a
/// client the zone of its host, which is likely to be this one.
///
/// # Errors
///
/// What says this host's zone says none.
pub fn default_zone(kind: ConnectorKind) -> Result<TimeZone, Failure> {
    match kind {
        ConnectorKind::NetskopePublisher => Ok(TimeZone::UTC),
        ConnectorKind::NetskopeClient | ConnectorKind::CatoClient => of_this_host(),
    }
}

fn of_this_host() -> Result<TimeZone, Failure> {
    zone::of_this_host()
        .map_err(|why| Failure::Usage(format!("the zone of time stamps that name none {why}")))
}

fn connector_name(args: &ParseArgs, kind: ConnectorKind) -> Result<String, Failure> {
    let name = args
        .connector
        .clone()
        .unwrap_or_else(|| kind.name().to_owned());
    crate::config::check_name(&name)
        .map_err(|want| Failure::Usage(format!("--connector `{name}`: {want}")))?;
    Ok(name)
}

#[cfg(test)]
mod tests;
