"""Vital signs: when they are due, and what is out of range."""

from decimal import Decimal

import pytest

from tests.domain.charts import at, entry, rate, ready
from treatment.domain.chart import Kind, read
from treatment.domain.rules import RULES
from treatment.domain.vitals import due, readings


def taken(*minutes):
    return [entry(Kind.VITALS, minute, pulse="80") for minute in minutes]


def due_after(*minutes, change=None):
    found = due(
        read([*ready(-35), rate(0, 50), *taken(*minutes)]), RULES, next_change=at(change) if change else None
    )
    return round((found.at - at(0)).total_seconds() / 60), found.why


@pytest.mark.parametrize(
    ("minutes", "expected"),
    [
        ((), 0),
        ((-2,), 15),
        ((0, 15), 30),
        ((0, 15, 30, 45), 60),
        ((0, 15, 30, 45, 60), 90),
        ((0, 15, 30, 45, 60, 90), 120),
        ((0, 37), 45),
        ((0, 40), 60),
        ((80,), 120),
        ((22,), 30),
        ((23,), 45),
        ((106,), 150),
        ((74,), 90),
        ((76,), 120),
    ],
)
def test_signs_are_due_every_quarter_of_the_first_hour_then_every_half(minutes, expected):
    assert due_after(*minutes) == (expected, "by the clock")


def test_signs_are_due_before_each_change_unless_just_taken():
    assert due_after(0, 15, 30, 45, 60, change=75) == (75, "before the next rate")
    assert due_after(0, 15, 30, 45, 60, 66, change=75) == (90, "by the clock")


def test_signs_are_due_before_the_infusion_and_not_after_its_end():
    assert due(read([]), RULES, next_change=None) is None
    waiting = due(read(ready()), RULES, next_change=None)
    assert (waiting.at, waiting.why) == (at(0), "before the infusion")
    assert due(read([*ready(), *taken(5)]), RULES, next_change=None) is None
    ended = [*ready(-35), rate(0, 50), entry(Kind.STOP, 60, complete=True)]
    assert due(read(ended), RULES, next_change=None) is None


def test_signs_out_of_range_say_which_way():
    found = readings({"temperature": "38.4", "oxygen": "93", "pulse": "80", "breaths": ""}, RULES.signs)
    assert [(each.sign.code, each.value, each.mark) for each in found] == [
        ("temperature", Decimal("38.4"), "high"),
        ("pulse", Decimal(80), ""),
        ("oxygen", Decimal(93), "low"),
    ]
