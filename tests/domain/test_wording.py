"""A clinic's own words: what they may hold, and how they are filled in."""

from __future__ import annotations

import pytest

from infusion.reminders.domain.kinds import FOR_PATIENTS
from infusion.reminders.domain.wording import (
    MAIL_FIELDS,
    TEXT_FIELDS,
    OwnWords,
    fields_of,
    fill,
    places_of,
    problems,
    too_many_parts,
)


def said(kind: str = "reminder_2", **words: str) -> dict[str, str]:
    return {reason.field: reason.message for reason in problems(kind, OwnWords(**words))}


def test_plain_words_and_every_place_of_their_field_are_fine():
    words = {
        "subject": "{name}, see you on {date} at {time}",
        "opening": "Ms Ada from {clinic} greets you. {{Really}}",
        "closing": "Questions? {phone}. El río está a la derecha.",
    }
    assert said(**words) == {}


@pytest.mark.parametrize(
    ("written", "named"),
    [
        ("{drug}", "{drug}"),
        ("{name.__class__}", "{name.__class__}"),
        ("{name[0]}", "{name[0]}"),
        ("{name!r}", "{name!r}"),
        ("{date:%Y}", "{date:%Y}"),
        ("{}", "{}"),
        ("{0}", "{0}"),
    ],
)
def test_what_may_not_stand_in_braces_is_named_with_what_may(written, named):
    words = f"{named} is not known here. In braces may stand: {{name}}, {{clinic}}, {{date}}, {{time}}, {{phone}}."
    assert said(opening=f"On {written}") == {"opening": words}


@pytest.mark.parametrize("written", ["{", "}", "{name", "name}", "{na{me}}"])
def test_braces_that_do_not_match_are_refused(written):
    assert [*said(closing=written)] == ["closing"]


def test_a_subject_has_no_clinics_name_and_a_notice_no_single_date():
    assert [*said(subject="{clinic}")] == ["subject"]
    assert [*said("moved", opening="{date}", closing="{time}")] == ["opening", "closing"]


@pytest.mark.parametrize("field", TEXT_FIELDS)
def test_a_text_message_has_no_clinics_name(field):
    assert places_of("reminder_2", field) == ("name", "date", "time", "phone")
    assert said(**{field: "{clinic}"}) == {
        field: "{clinic} is not known here. In braces may stand: {name}, {date}, {time}, {phone}."
    }
    assert places_of("moved", field) == ("name", "phone")


@pytest.mark.parametrize("kind", ["reminder_7", "reminder_2", "morning_of", "health_check", "gate_needs"])
def test_what_is_about_one_visit_may_say_when(kind):
    assert said(kind, opening="{date}, {time}", text_opening="{date}, {time}") == {}


def test_a_kind_that_goes_by_mail_alone_has_no_text_message():
    assert fields_of("invited") == MAIL_FIELDS
    assert said("invited", text_opening="Hello") == {
        "text_opening": "This message does not go as a text message."
    }


def test_own_words_that_make_a_text_too_long_are_refused_beside_the_last_of_them():
    both = OwnWords(text_opening="Hello", text_closing="Bye")
    assert too_many_parts(both, 3) is None
    refused = too_many_parts(both, 4)
    assert refused is not None
    assert (refused.field, refused.message) == (
        "text_closing",
        "With these words the text message goes in 4 parts. At most 3 may.",
    )
    refused = too_many_parts(OwnWords(text_opening="Hello"), 4)
    assert refused is not None
    assert refused.field == "text_opening"
    assert too_many_parts(OwnWords(opening="Hello"), 4) is None


@pytest.mark.parametrize(
    "word",
    [
        "rituximab", "RITUXIMAB", "MabThera", "Ritu\u200bximab", "rituximáb", "ｒｉｔｕｘｉｍａｂ", "lupus",
        "Arthritis",
        "esclerosis", "RA", "MS", "rheumatology", "neurología", "Reumatólogo", "infusion", "infusión", "tratamiento",
    ],
)  # fmt: skip
@pytest.mark.parametrize("field", [*MAIL_FIELDS, *TEXT_FIELDS])
def test_drugs_conditions_and_specialities_are_refused_beside_their_field(field, word):
    assert [*said(**{field: f"For your {word}, please."})] == [field]


def test_the_word_refused_is_named():
    words = "“Lupus” names an illness. A message lies open in an inbox: leave it out."
    assert said(subject="Your Lupus visit") == {"subject": words}


@pytest.mark.parametrize("words", ["Dear Ms Example", "a bar, an era, Mars", "privately", "area", "drives"])
def test_words_that_only_hold_such_letters_are_fine(words):
    assert said(opening=words) == {}


def test_length_and_lines_have_their_bounds():
    assert said(subject="a" * 100, opening="b" * 600) == {}
    assert said(subject="a" * 101) == {"subject": "This is 101 letters long. At most 100 fit."}
    assert said(subject="a\nBcc: b") == {"subject": "A subject is one line."}
    assert [*said(closing="\x00")] == ["closing"]


def test_filling_reads_no_braces_in_a_value():
    assert fill("{name} at {{x}} {time}", {"name": "{phone}", "time": "09:00"}) == "{phone} at {x} 09:00"


@pytest.mark.parametrize("kind", [kind.code for kind in FOR_PATIENTS])
def test_every_kind_a_patient_can_get_has_words(kind):
    assert said(kind, **dict.fromkeys(fields_of(kind), "See you, {name}")) == {}
