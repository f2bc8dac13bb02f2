"""Every word a patient can read has its Spanish, and what is compiled is what was written."""

import importlib
import re

import pytest
from babel.messages import Message

from scripts import words

BLANK = re.compile(r"%\(\w+\)[sd]|%[sd]|\{\w+\}|</?\w+>")
PATTERN = re.compile(r"""\|(?:date|time):"([^"]+)\"""")


@pytest.fixture(scope="module")
def spanish() -> dict[object, Message]:
    return {words.key(message): message for message in words.translation() if message.id}


def blanks(text: str) -> list[str]:
    return sorted(BLANK.findall(text))


def test_translation_holds_every_word_patients_read_and_no_other(spanish):
    wanted = {words.key(message) for message in words.collected() if message.id}
    assert (sorted(map(str, wanted - spanish.keys())), sorted(map(str, spanish.keys() - wanted))) == ([], [])


def test_every_word_is_translated_in_every_form(spanish):
    forms = {words.key(message): message.string for message in spanish.values()}
    empty = [key for key, given in forms.items() if not all(given if isinstance(given, tuple) else (given,))]
    assert (empty, [message.id for message in spanish.values() if message.fuzzy]) == ([], [])


def test_every_translation_keeps_the_blanks(spanish):
    wrong = []
    for message in spanish.values():
        given = message.string if isinstance(message.string, tuple) else (message.string,)
        asked = message.id if isinstance(message.id, list | tuple) else (message.id,)
        wrong += [text for text in given if blanks(text) != blanks(asked[-1])]
    assert wrong == []


def test_compiled_translation_is_what_was_written():
    assert words.MO.read_bytes() == words.compiled()


def test_every_date_pattern_patients_meet_has_its_spanish():
    known = importlib.import_module("infusion.formats.es.formats").PATTERNS
    used = {pattern for _name, text in words.texts() for pattern in PATTERN.findall(text)}
    assert sorted(used - {"Y-m-d", "c"} - known.keys()) == []
