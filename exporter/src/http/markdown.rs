//! Makes HTML of the runbooks' Markdown.
//!
//! The text is ours, and still nothing in it can become more than text, headings, lists,
//! tables and links: HTML in it is dropped, and a link leads to another runbook, to a
//! heading, or to an address with a scheme of the web. What else a link names stands in
//! another document of the project, which is not inside the program, so it becomes text.
//! Headings have the names by which Markdown's readers know them, so that links to one work.

use std::collections::BTreeSet;
use std::fmt;

use askama::filters::HtmlSafe;
use pulldown_cmark::{CowStr, Event, HeadingLevel, LinkType, Options, Parser, Tag, TagEnd, html};

use crate::runbooks;

/// A document, ready to be shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Document {
    /// Its first heading of the first level, without marks. Not part of the body.
    pub(super) title: String,
    pub(super) body: Markup,
}

/// HTML in which everything foreign is escaped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Markup(String);

impl fmt::Display for Markup {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// Only this module makes one, and of a renderer's words.
impl HtmlSafe for Markup {}

/// Reads Markdown with tables, and makes HTML of it.
pub(super) fn document(text: &str) -> Document {
    let events = Parser::new_ext(text, Options::ENABLE_TABLES);
    let mut maker = Maker::default();
    let mut made = Vec::new();
    for event in events {
        maker.take(event, &mut made);
    }
    let mut body = String::with_capacity(text.len().saturating_mul(2));
    html::push_html(&mut body, made.into_iter());
    Document {
        title: maker.title,
        body: Markup(body),
    }
}

/// Where the reading stands.
#[derive(Debug, Default)]
struct Maker<'t> {
    title: String,
    /// The heading that is being read, with what stands in it.
    heading: Option<(HeadingLevel, String, Vec<Event<'t>>)>,
    /// The names that headings have already.
    anchors: BTreeSet<String>,
    /// Links that are open, and what follows their text in the place of a link.
    links: Vec<Option<String>>,
    is_in_table_head: bool,
    is_first_cell: bool,
}

impl<'t> Maker<'t> {
    fn take(&mut self, event: Event<'t>, made: &mut Vec<Event<'t>>) {
        match event {
            Event::Start(Tag::Heading { level, .. }) => {
                self.heading = Some((level, String::new(), Vec::new()));
            }
            Event::End(TagEnd::Heading(_)) => self.end_heading(made),
            // Nothing of ours needs them.
            Event::Html(_)
            | Event::InlineHtml(_)
            | Event::Start(Tag::HtmlBlock | Tag::Image { .. })
            | Event::End(TagEnd::HtmlBlock | TagEnd::Image) => {}
            other => {
                let other = self.with_scope(other);
                let other = self.linked(other);
                match &mut self.heading {
                    Some((_, words, inside)) => {
                        if let Event::Text(text) | Event::Code(text) = &other {
                            words.push_str(text);
                        }
                        inside.push(other);
                    }
                    None => made.push(other),
                }
            }
        }
    }

    fn end_heading(&mut self, made: &mut Vec<Event<'t>>) {
        let Some((level, words, inside)) = self.heading.take() else {
            return;
        };
        if level == HeadingLevel::H1 && self.title.is_empty() {
            self.title = words;
            return;
        }
        let anchor = anchor(&words);
        let id = self.anchors.insert(anchor.clone()).then(|| anchor.into());
        made.push(Event::Start(Tag::Heading {
            level,
            id,
            classes: Vec::new(),
            attrs: Vec::new(),
        }));
        made.extend(inside);
        made.push(Event::End(TagEnd::Heading(level)));
    }

    /// Cells of a table's head say that they are, and so does the first of each row.
    fn with_scope(&mut self, event: Event<'t>) -> Event<'t> {
        let html = |text: &'static str| Event::Html(CowStr::Borrowed(text));
        match event {
            Event::Start(Tag::TableHead) => {
                self.is_in_table_head = true;
                event
            }
            Event::End(TagEnd::TableHead) => {
                self.is_in_table_head = false;
                event
            }
            Event::Start(Tag::TableRow) => {
                self.is_first_cell = true;
                event
            }
            Event::Start(Tag::TableCell) if self.is_in_table_head => html("<th scope=\"col\">"),
            Event::Start(Tag::TableCell) if self.is_first_cell => html("<th scope=\"row\">"),
            Event::Start(Tag::TableCell) => html("<td>"),
            Event::End(TagEnd::TableCell) if self.is_in_table_head => html("</th>"),
            Event::End(TagEnd::TableCell) if self.is_first_cell => {
                self.is_first_cell = false;
                html("</th>")
            }
            Event::End(TagEnd::TableCell) => html("</td>"),
            other => other,
        }
    }

    /// A link with its address as the page has it, or the words that stand for it.
    fn linked(&mut self, event: Event<'t>) -> Event<'t> {
        match event {
            Event::Start(Tag::Link { dest_url, .. }) => match address(&dest_url) {
                Some(address) => {
                    self.links.push(None);
                    Event::Start(Tag::Link {
                        link_type: LinkType::Inline,
                        dest_url: address.into(),
                        title: CowStr::Borrowed(""),
                        id: CowStr::Borrowed(""),
                    })
                }
                None => {
                    self.links.push(Some(elsewhere(&dest_url)));
                    Event::Text(CowStr::Borrowed(""))
                }
            },
            Event::End(TagEnd::Link) => match self.links.pop().flatten() {
                Some(words) => Event::Text(words.into()),
                None => Event::End(TagEnd::Link),
            },
            other => other,
        }
    }
}

/// The address of what a document links to, seen from beside it on the page; `None` if the
/// page has no such.
fn address(link: &str) -> Option<String> {
    if link.starts_with("https://") || link.starts_with("http://") || link.starts_with('#') {
        return Some(link.to_owned());
    }
    let (file, heading) = match link.split_once('#') {
        Some((file, heading)) => (file, format!("#{heading}")),
        None => (link, String::new()),
    };
    let name = file.strip_suffix(".md")?;
    if name == "README" {
        return Some(format!("./{heading}"));
    }
    let page = runbooks::find(name)?;
    Some(format!("{}{heading}", page.name))
}

/// Where in the project's folder a document lies that is not on the page.
fn elsewhere(link: &str) -> String {
    let file = link.split('#').next().unwrap_or_default();
    match file.strip_prefix("../../") {
        Some(file) => format!(" ({file})"),
        None => file
            .strip_prefix("../")
            .map(|file| format!(" (docs/{file})"))
            .unwrap_or_default(),
    }
}

/// The name that a heading's words give it.
fn anchor(words: &str) -> String {
    let letters = words.chars().filter_map(|letter| match letter {
        ' ' => Some('-'),
        letter if letter.is_alphanumeric() || letter == '-' || letter == '_' => Some(letter),
        _ => None,
    });
    letters.flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runbooks::{INDEX, RUNBOOKS};

    fn body(text: &str) -> String {
        document(text).body.to_string()
    }

    #[test]
    fn a_document_becomes_a_title_and_a_body() {
        let made = document(
            "# The `tunnel` is down\n\nText *with* <b>weight</b>.\n\n## By hand, first\n\n\
             | a | b |\n|---|---|\n| 1 | 2 |\n",
        );
        assert_eq!(made.title, "The tunnel is down");
        expect_test::expect![[r#"
            <p>Text <em>with</em> weight.</p>
            <h2 id="by-hand-first">By hand, first</h2>
            <table><thead><tr><th scope="col">a</th><th scope="col">b</th></tr></thead><tbody>
            <tr><th scope="row">1</th><td>2</td></tr>
            </tbody></table>
        "#]]
        .assert_eq(&made.body.to_string());
    }

    #[test]
    fn links_lead_to_pages_that_are_here_and_others_become_text() {
        for (link, made) in [
            ("tunnel-down.md", "<a href=\"tunnel-down\">x</a>"),
            (
                "README.md#what-to-collect",
                "<a href=\"./#what-to-collect\">x</a>",
            ),
            (
                "https://docs.example/a?b=1&c",
                "<a href=\"https://docs.example/a?b=1&amp;c\">x</a>",
            ),
            ("#by-hand", "<a href=\"#by-hand\">x</a>"),
            ("../probes.md#causes", "x (docs/probes.md)"),
            ("../../logparse/catalogue/", "x (logparse/catalogue/)"),
            ("no-such-page.md", "x"),
            ("javascript:alert(1)", "x"),
            ("data:text/html,x", "x"),
        ] {
            let html = body(&format!("[x]({link})"));
            assert_eq!(html, format!("<p>{made}</p>\n"), "{link}");
        }
    }

    #[test]
    fn no_markup_of_a_document_becomes_markup_of_the_page() {
        for text in [
            "<script>alert(1)</script>",
            "a <img src=x onerror=alert(1)> b",
            "![x](https://evil.example/x.png)",
            "<div onclick=alert(1)>\n\nb\n\n</div>",
            "`<script>alert(1)</script>`",
            "    <iframe src=x>",
            "<javascript:alert(1)>",
        ] {
            let html = body(text);
            for forbidden in ["<script", "<img", "<div", "<iframe", "onclick=", "<a "] {
                assert!(!html.contains(forbidden), "{text}: {html}");
            }
        }
    }

    #[test]
    fn every_runbook_has_a_title_and_leads_to_headings_that_exist() {
        let index = body(INDEX);
        for page in RUNBOOKS {
            let made = document(page.text);
            assert!(!made.title.is_empty(), "{}", page.name);
            let html = made.body.to_string();
            for link in html.split("href=\"./#").skip(1) {
                let heading = link.split('"').next().unwrap();
                assert!(index.contains(&format!(" id=\"{heading}\"")), "{heading}");
            }
            // A link to a page that is not there would have become bare text.
            let beside = page
                .text
                .split("](")
                .skip(1)
                .filter(|link| !link.starts_with("..") && !link.starts_with("http"));
            let links = html.matches("<a href=\"").count();
            let web = page.text.matches("](http").count();
            assert_eq!(beside.count(), links - web, "{}", page.name);
        }
    }
}
