"""A person as typed or read from a file: taken, or refused field by field in plain words."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from patients.domain.checks import Person, Problem, check_person

TODAY = date(2026, 11, 22)
GOOD = {
    "record_number": "MRN-1",
    "given_name": "Ada",
    "family_name": "Byron",
    "birth_date": "1975-12-10",
    "sex": "female",
    "email": "ada@example.org",
    "phone": "+15550100199",
    "language": "en",
    "weight_kg": "61.5",
    "height_cm": "168",
}


def check(**changed: object) -> Person | tuple[Problem, ...]:
    return check_person({**GOOD, **changed}, today=TODAY)


def words_for(field: str, value: object) -> str:
    """The words for the one field that is wrong."""
    problems = check(**{field: value})
    assert isinstance(problems, tuple), problems
    assert [problem.field for problem in problems] == [field]
    return problems[0].words


def test_a_sound_person_is_taken_as_typed():
    assert check() == Person(
        "MRN-1",
        "Ada",
        "Byron",
        date(1975, 12, 10),
        "female",
        "ada@example.org",
        "+15550100199",
        "en",
        Decimal("61.50"),
        Decimal("168.00"),
    )


def test_only_number_names_and_birth_date_are_needed():
    needed = {name: GOOD[name] for name in ("record_number", "given_name", "family_name", "birth_date")}
    assert check_person(needed, today=TODAY) == Person("MRN-1", "Ada", "Byron", date(1975, 12, 10), "unknown")


@pytest.mark.parametrize(
    "name",
    [
        "O'Neil",
        "D'Arcy",
        "李",
        "Null",
        "van der Berg",
        "St. John",
        "Mary-Jane",
        "Ünal",
        "Trần",
        "’t Hooft",
        "N",
    ],
)
def test_unusual_names_of_real_people_are_taken(name):
    person = check(given_name=name, family_name=name)
    assert isinstance(person, Person)
    assert (person.given_name, person.family_name) == (name, name)


def test_a_name_typed_with_separate_accents_is_kept_in_one_form():
    person = check(given_name="Jose\u0301")
    assert isinstance(person, Person)
    assert person.given_name == "José"


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("", "The given name is missing."),
        ("   ", "The given name is missing."),
        ("x" * 151, "The given name has 151 letters; at most 150 are kept."),
        ("x" * 5000, "The given name has 5000 letters; at most 150 are kept."),
        ("=1+1", "The given name “=1+1” begins like a spreadsheet formula. Write the name only."),
        ("+Ada", "The given name “+Ada” begins like a spreadsheet formula. Write the name only."),
        ("-Ada", "The given name “-Ada” begins like a spreadsheet formula. Write the name only."),
        ("@Ada", "The given name “@Ada” begins like a spreadsheet formula. Write the name only."),
        ("<b>Ada</b>", "The given name “<b>Ada</b>” holds < or >. Write the name only."),
        ("...", "The given name “...” has no letter in it."),
        (
            "A\x00da",
            "The given name cannot be kept: this text holds a hidden control character. "
            "Please type it again.",
        ),
        (
            "A\ud800da",
            "The given name cannot be kept: this text holds half of a character that was cut in two. "
            "Please type it again.",
        ),
        ("\tAda", "The given name cannot be kept: it holds a tab or a line break."),
        (
            "Ada\u202e",
            "The given name cannot be kept: it holds a hidden mark that turns the reading direction.",
        ),
    ],
)
def test_a_name_that_is_none_is_refused(name, words):
    assert words_for("given_name", name) == words


def test_a_name_of_150_letters_is_taken():
    assert isinstance(check(family_name="x" * 150), Person)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "The birth date is missing. Write it as year-month-day, for example 1980-02-28."),
        (
            "31/02/1980",
            "The birth date 31/02/1980 does not exist. Write it as year-month-day, for example 1980-02-28.",
        ),
        (
            "1980-02-31",
            "The birth date 1980-02-31 does not exist. Write it as year-month-day, for example 1980-02-28.",
        ),
        (
            "03/04/1980",
            "The birth date 03/04/1980 can be read as 1980-04-03 or 1980-03-04. Write it as year-month-day.",
        ),
        ("25/12/1980", "The birth date 25/12/1980 is not written as year-month-day. Write 1980-12-25."),
        ("2087-01-01", "The birth date 2087-01-01 lies in the future."),
        ("2026-11-23", "The birth date 2026-11-23 lies in the future."),
        ("1899-12-31", "The birth date 1899-12-31 is too long ago: nobody is that old. Check the year."),
        ("1980", "The birth date “1980” cannot be read. Write it as year-month-day, for example 1980-02-28."),
        ("soon", "The birth date “soon” cannot be read. Write it as year-month-day, for example 1980-02-28."),
    ],
)
def test_a_birth_date_that_is_none_or_could_be_two_is_refused(text, words):
    assert words_for("birth_date", text) == words


@pytest.mark.parametrize("text", ["2026-11-22", "1900-01-01", "2000-02-29", "1980-2-8"])
def test_a_birth_date_that_can_be_is_taken(text):
    assert isinstance(check(birth_date=text), Person)


@pytest.mark.parametrize(
    "text",
    [
        "not-an-email",
        "marco antonio.muñoz133@example.com",
        "a@b",
        "@example.org",
        "a@@example.org",
        "a@example.org, b@example.org",
        "Ada <ada@example.org>",
        "=cmd@example.org",
        ".a@example.org",
        "a..b@example.org",
        "a@exa_mple.org",
        "a@-example.org",
        f"{'a' * 250}@example.org",
    ],
)
def test_an_address_that_mail_cannot_reach_is_refused(text):
    assert "e-mail address" in words_for("email", text)


@pytest.mark.parametrize("text", ["", "a.b+c@mail.example.org", "o'neil@example.org", "x@sub.example.museum"])
def test_an_address_that_mail_can_reach_or_none_is_taken(text):
    person = check(email=text)
    assert isinstance(person, Person)
    assert person.email == text


@pytest.mark.parametrize("text", ["call me", "123", "+", "1234567890123456", "555-CALL-NOW", "=1+1"])
def test_what_is_no_telephone_number_is_refused(text):
    assert "is not a telephone number" in words_for("phone", text)


@pytest.mark.parametrize("text", ["", "+15556657690", "555-730-9376", "(555) 010-0199", "+44 20 7946 0018"])
def test_a_telephone_number_or_none_is_taken(text):
    assert isinstance(check(phone=text), Person)


@pytest.mark.parametrize(
    ("field", "text", "words"),
    [
        ("weight_kg", "-4", "The weight -4 is not possible. Write kilograms, from 20 to 400."),
        ("weight_kg", "7000", "The weight 7000 is not possible. Write kilograms, from 20 to 400."),
        ("weight_kg", "NaN", "The weight “NaN” is not a number. Write kilograms only, like 72.5."),
        ("weight_kg", "inf", "The weight “inf” is not a number. Write kilograms only, like 72.5."),
        ("weight_kg", "1e2", "The weight “1e2” is not a number. Write kilograms only, like 72.5."),
        ("weight_kg", "72 kg", "The weight “72 kg” is not a number. Write kilograms only, like 72.5."),
        (
            "weight_kg",
            "72,5",
            "The weight “72,5” is written with a comma. Write kilograms with a point, like 72.5.",
        ),
        (
            "height_cm",
            "1,72",
            "The height “1,72” is written with a comma. Write centimetres with a point, like 172.5.",
        ),
        ("height_cm", "1.72", "The height 1.72 is not possible. Write centimetres, from 50 to 250."),
    ],
)
def test_an_impossible_measure_is_refused(field, text, words):
    assert words_for(field, text) == words


@pytest.mark.parametrize(
    ("text", "sex"), [("F", "female"), ("Male", "male"), ("other", "other"), ("", "unknown")]
)
def test_sex_is_read_in_its_usual_spellings(text, sex):
    person = check(sex=text)
    assert isinstance(person, Person)
    assert person.sex == sex


def test_a_sex_that_is_not_known_is_refused():
    assert words_for("sex", "x") == "The sex “x” is not known. Write female, male, other or unknown."


@pytest.mark.parametrize(
    ("text", "language"), [("en-US", "en"), ("ES", "es"), ("Spanish", "es"), ("fr", "fr"), ("", "")]
)
def test_a_language_is_kept_as_its_code(text, language):
    person = check(language=text)
    assert isinstance(person, Person)
    assert person.language == language


@pytest.mark.parametrize("text", ["", "A B", "-1", "=1", "x" * 41, "<a>", "MRN'"])
def test_a_record_number_that_is_none_is_refused(text):
    assert words_for("record_number", text).startswith("The record number")


def test_every_wrong_field_is_named_in_the_order_of_the_person():
    problems = check(email="x", record_number="", weight_kg="-4", birth_date="2087-01-01")
    assert isinstance(problems, tuple)
    assert [problem.field for problem in problems] == ["record_number", "birth_date", "email", "weight_kg"]


# Lone surrogates among them: files and forms can carry half a character.
ANY_TEXT = st.text(st.characters(exclude_categories=()), max_size=60)


@given(raw=st.dictionaries(st.sampled_from(list(GOOD)), ANY_TEXT | st.none() | st.integers() | st.floats()))
def test_whatever_is_typed_is_answered_and_never_raises(raw):
    answer = check_person({**GOOD, **raw}, today=TODAY)
    assert isinstance(answer, Person) or all(isinstance(problem, Problem) for problem in answer)


@given(text=ANY_TEXT)
def test_a_name_that_is_taken_can_be_stored_and_shown(text):
    person = check(given_name=text)
    if isinstance(person, Person):
        assert person.given_name.encode("utf-8").decode() == person.given_name
        assert not set(person.given_name) & set("\x00<>\n\r\t")
        assert person.given_name[0] not in "=+-@"
