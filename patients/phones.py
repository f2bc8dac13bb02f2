"""Telephone numbers written one way, so that the same number is found equal wherever it came from."""

from __future__ import annotations

from typing import Any

import phonenumbers


def plain_phone(text: str, region: str) -> str:
    """The number as +CountryNumber (E.164), or the text as given where it cannot be such a number.

    ``region`` is the two-letter country of numbers written without a country code. Numbers that no exchange
    has given out are kept: whether somebody answers is not known from the digits.
    """
    if not text:
        return ""
    try:
        number = phonenumbers.parse(text, region or None)
    except phonenumbers.NumberParseException:
        return text
    if number.extension or not phonenumbers.is_possible_number(number):
        return text
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def takes_texts(number: str) -> bool:
    """Whether a text message may reach this number: not where the number is known to be something else than mobile."""
    try:
        kind = phonenumbers.number_type(phonenumbers.parse(number))
    except phonenumbers.NumberParseException:
        return False
    mobile = phonenumbers.PhoneNumberType.MOBILE, phonenumbers.PhoneNumberType.FIXED_LINE_OR_MOBILE
    return kind in mobile or (
        kind == phonenumbers.PhoneNumberType.UNKNOWN
        and phonenumbers.is_possible_number(phonenumbers.parse(number))
    )


def readable(phone: Any) -> str:
    """A stored number as people read it, +1 212-555-2368; as it stands where it is none, empty without one."""
    return str(getattr(phone, "as_international", "") or phone or "")
