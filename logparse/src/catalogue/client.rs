//! How a client's line is read: one record, and the row that its text begins like.
//!
//! `prefix` takes off what the product writes before a text. In a Netskope Client's
//! `nsdebuglog.log` the text begins with the name of the component that wrote it, and
//! a row may ask for one: then other components' texts never fit it. Records without
//! a component's name, and published samples that lost theirs, fit every row. In a Cato
//! Client's record the function takes the component's place; it stands in the prefix,
//! and text without one fits only the rows that ask for none. Text
//! that is not at the front never counts: names of processes, hosts and devices stand
//! behind the fixed words of a message.
//!
//! A line without the client's time is read as a text, since samples are published so;
//! it is `scan` that does not count one among stamped records.
//!
//! Known limit: who can make a client write a whole record, its time and its place
//! included, can write an event, and in a file without any stamp a whole text is enough.

use model::connector::ConnectorKind;

use super::recognise::{Finding, Reading};
use super::row::Component;
use super::{Beginnings, Catalogue};
use crate::date_order::DateOrder;
use crate::prefix::{Stripped, Style, cato, netskope_client};
use crate::timestamp::Stamp;

/// Where in a record a row's text may begin.
#[derive(Debug, Clone, Copy)]
struct Place<'a> {
    /// The component's name before it.
    component: Option<&'a [u8]>,
    /// Which rows may fit.
    admits: Admits,
    text: &'a [u8],
}

/// Which rows may fit a text, by the component that they ask for.
#[derive(Debug, Clone, Copy)]
enum Admits {
    /// Those of this component, and those of none.
    Of(Component),
    /// Those of none.
    Unnamed,
    /// All: nobody knows whose text it is.
    All,
}

impl Admits {
    fn admits(self, wanted: Option<Component>) -> bool {
        match (self, wanted) {
            (Self::All, _) | (_, None) => true,
            (Self::Of(own), Some(other)) => own == other,
            (Self::Unnamed, Some(_)) => false,
        }
    }
}

impl Catalogue {
    /// A client's line, out of what Docker wrote around it.
    pub(super) fn read_client<'a>(
        &self,
        text: &'a [u8],
        order: DateOrder,
        docker_stamp: Option<Option<Stamp>>,
    ) -> Reading<'a> {
        let opened = match self.kind {
            ConnectorKind::NetskopePublisher => None,
            ConnectorKind::NetskopeClient => netskope_client::strip(text),
            ConnectorKind::CatoClient => cato::strip(text, order),
        };
        let rest = opened.map_or(text, |opened| opened.rest);
        let stamp = opened.and_then(|opened| opened.stamp);
        let none = match opened {
            Some(_) => Finding::NoRow,
            None => Finding::NoRecord,
        };
        let mut reading = Reading {
            is_docker: docker_stamp.is_some(),
            is_bare: !opened.is_some_and(|opened| opened.is_stamped),
            stripped: Stripped {
                styles: [opened.map(|opened| Style::Client(opened.style)), None, None],
                stamp,
                is_wizard: false,
                rest,
            },
            stamp: stamp.or(docker_stamp.flatten()),
            anchor: None,
            component: None,
            context: opened.and_then(|opened| opened.context),
            message: rest,
            finding: none,
        };
        self.find_in(&self.beginnings, &mut reading);
        reading
    }

    /// Reads a client's line that no row makes an event of once more, against the rows
    /// that count as nothing.
    pub(super) fn silent_client<'a>(&self, mut reading: Reading<'a>) -> Reading<'a> {
        self.find_in(&self.silent, &mut reading);
        reading
    }

    /// Finds the row that fits, if one of these does.
    fn find_in(&self, rows: &Beginnings, reading: &mut Reading<'_>) {
        for place in self.places(reading).into_iter().flatten() {
            let (context, text) = match self.kind {
                ConnectorKind::NetskopeClient => netskope_client::message(place.text),
                ConnectorKind::NetskopePublisher | ConnectorKind::CatoClient => (None, place.text),
            };
            let finding = rows.of(text).find_map(|candidate| {
                let is_admitted = place.admits.admits(candidate.component);
                is_admitted.then(|| self.row_finding(candidate.row, text))?
            });
            if let Some(finding) = finding {
                reading.component = place.component;
                reading.context = context.or(reading.context);
                reading.message = text;
                reading.finding = finding;
                return;
            }
        }
    }

    /// Where a row's text may begin, the likeliest first.
    fn places<'a>(&self, reading: &Reading<'a>) -> [Option<Place<'a>>; 2] {
        let rest = reading.stripped.rest;
        let place = |component, admits, text| {
            Some(Place {
                component,
                admits,
                text,
            })
        };
        if self.kind != ConnectorKind::NetskopeClient {
            // Cato's function stands in the prefix; what has none is no function's text.
            let function = reading.context.map(|context| context.value);
            let known = function.and_then(|name| self.component(name));
            let admits = known.map_or(Admits::Unnamed, Admits::Of);
            return [place(function, admits, rest), None];
        }
        let Some((name, after)) = netskope_client::component(rest) else {
            return [place(None, Admits::All, rest), None];
        };
        if let Some(known) = self.component(name) {
            return [
                place(Some(name), Admits::Of(known), after),
                place(None, Admits::Unnamed, rest),
            ];
        }
        // Only where the grammar wants a component may a word that we do not know be one.
        let style = reading.stripped.styles.first().copied().flatten();
        let is_named = style.is_some_and(|style| netskope_client::names_component(style.name()));
        let named = is_named.then(|| place(Some(name), Admits::Unnamed, after));
        [place(None, Admits::All, rest), named.flatten()]
    }

    fn component(&self, name: &[u8]) -> Option<Component> {
        let place = self.components.iter().position(|known| **known == *name);
        place.map(Component)
    }
}
