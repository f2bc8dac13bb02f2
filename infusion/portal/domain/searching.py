"""Finding words in what patients can read, whatever their accents and capitals."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from html import unescape

LONGEST_QUESTION = 100
AROUND = 70
"""Letters shown on each side of a word that was found."""
_TAG = re.compile(r"<[^>]+>")


@dataclass(frozen=True, slots=True)
class Found:
    """Where a question was found in a page: parts of the text around it, each with whether it is what was asked."""

    parts: tuple[tuple[str, bool], ...]
    rank: int


def plain(html: str) -> str:
    """The words of a page without its marks, in one line."""
    return " ".join(unescape(_TAG.sub(" ", html)).split())


def asked(question: str) -> tuple[str, ...]:
    """The words of a question, folded; those of one letter are left out."""
    return tuple(dict.fromkeys(word for word in _fold(question[:LONGEST_QUESTION]).split() if len(word) > 1))


def find(words: Sequence[str], *, title: str, text: str) -> Found | None:
    """Where all of the words stand in a page's title or text, or None. A page with them in its title ranks first."""
    in_title, folded = _fold(title), _fold(text)
    if not words or not all(word in in_title or word in folded for word in words):
        return None
    rank = 0 if all(word in in_title for word in words) else 1
    first = min((place for place in map(folded.find, words) if place >= 0), default=0)
    begin = text.rfind(" ", 0, max(first - AROUND, 0)) + 1
    close = text.find(" ", first + AROUND)
    end = len(text) if close < 0 else close
    lead = [("… ", False)] if begin else []
    tail = [(" …", False)] if end < len(text) else []
    return Found((*lead, *_marked(text[begin:end], words), *tail), rank)


def _marked(text: str, words: Sequence[str]) -> list[tuple[str, bool]]:
    """A piece of text in parts, each with whether it is one of the words."""
    pattern = re.compile("|".join(re.escape(word) for word in sorted(words, key=len, reverse=True)))
    parts, place = [], 0
    for hit in pattern.finditer(_fold(text)):
        parts += [(text[place : hit.start()], False), (text[hit.start() : hit.end()], True)]
        place = hit.end()
    parts.append((text[place:], False))
    return [part for part in parts if part[0]]


def _fold(text: str) -> str:
    """Letter by letter without accents and in small letters, so that places in it are places in the text."""
    return "".join(_letter(each) for each in text)


def _letter(each: str) -> str:
    small = unicodedata.normalize("NFD", each)[0].lower()
    return small if len(small) == 1 else each
