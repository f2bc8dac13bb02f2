"""How hard a page reads: its words as a reader meets them, and the reading scale of each language.

English is measured in school years (Flesch–Kincaid), Spanish in points of ease (Fernández Huerta, higher is easier).
"""

from __future__ import annotations

import re
from html.parser import HTMLParser

import textstat

BLOCKS = frozenset(
    {
        *("p", "li", "h1", "h2", "h3", "h4", "dt", "dd", "td", "th", "label", "legend", "button"),
        *("div", "section", "summary", "title", "br"),
    }
)
SILENT = frozenset({"script", "style", "svg", "select", "textarea"})
SHORTEST = 4
"""Words a line must have to count as a sentence: what is shorter is a label, a name or a number."""


class _Words(HTMLParser):
    def __init__(self, within: str) -> None:
        super().__init__()
        self.within, self.open, self.silent = within, 0, 0
        self.lines: list[str] = [""]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.open += tag == self.within
        self.silent += tag in SILENT
        if tag in BLOCKS:
            self.lines.append("")

    def handle_endtag(self, tag: str) -> None:
        self.open -= tag == self.within
        self.silent -= tag in SILENT
        if tag in BLOCKS:
            self.lines.append("")

    def handle_data(self, data: str) -> None:
        if self.open and not self.silent:
            self.lines[-1] += data


def lines_of(html: str, within: str = "main") -> list[str]:
    """What a reader reads in one part of a page, one line for each block."""
    reader = _Words(within)
    reader.feed(html)
    return [line for line in (re.sub(r"\s+", " ", line).strip() for line in reader.lines) if line]


def sentences_of(lines: list[str]) -> str:
    """The lines that are sentences, each with an end."""
    long = [line for line in lines if len(line.split()) >= SHORTEST]
    return " ".join(line if line[-1] in ".?!" else f"{line.rstrip(':;,')}." for line in long)


def school_years(text: str) -> float:
    """Flesch–Kincaid: a reader of twelve has had some seven years of school."""
    textstat.set_lang("en_US")
    return float(textstat.flesch_kincaid_grade(text))


def points_of_ease(text: str) -> float:
    """Fernández Huerta: from 70 on a text counts as fairly easy."""
    textstat.set_lang("es")
    return float(textstat.fernandez_huerta(text))
