#!/usr/bin/env python3
"""Reads mails as a mailbox would, and says as JSON what a person gets to see.

    read_mail.py FILE...

A line for each file: `headers` (names and values, unfolded and decoded), `text`, `html`,
`html_text` (what is left of the HTML without its elements), `html_tags` (`element` and
`element attribute`, each once, sorted) and `defects` (what is wrong with the mail's form).
"""

import email
import email.policy
import html.parser
import json
import sys


class Page(html.parser.HTMLParser):
    """What stands in a page, and which elements it has."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.words = []
        self.tags = set()
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.tags.update(f"{tag} {name}" for name, _ in attrs)

    def handle_data(self, data):
        self.words.append(data)


def part(mail, kind):
    found = mail.get_body(preferencelist=(kind,))
    return "" if found is None else found.get_content()


def read(path):
    with open(path, "rb") as file:
        mail = email.message_from_binary_file(file, policy=email.policy.default)
    page = Page(part(mail, "html"))
    defects = [str(defect) for one in mail.walk() for defect in one.defects]
    defects += [f"{name}: {defect}" for name, value in mail.items() for defect in value.defects]
    return {
        "headers": [[name, str(value)] for name, value in mail.items()],
        "text": part(mail, "plain"),
        "html": part(mail, "html"),
        "html_text": " ".join(" ".join(page.words).split()),
        "html_tags": sorted(page.tags),
        "defects": defects,
    }


if __name__ == "__main__":
    for name in sys.argv[1:]:
        print(json.dumps(read(name)))
