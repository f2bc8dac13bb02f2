"""What a patient's answer does at once, and what waits for a person."""

from datetime import UTC, datetime, timedelta

import pytest

from scheduling.domain.answers import ASK, BOOK, NOT_TO_ANSWER, Rule, Subject, answer_refusal, at_once

NOW = datetime(2031, 3, 10, 9, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.mark.parametrize(
    ("status", "in_hours", "refusal"),
    [
        ("booked", 1, None),
        ("booked", 0, NOT_TO_ANSWER),
        ("arrived", 1, NOT_TO_ANSWER),
        ("cancelled", 1, NOT_TO_ANSWER),
    ],
)
def test_visit_is_answered_until_it_begins(status, in_hours, refusal):
    assert answer_refusal(Subject(status, NOW + in_hours * HOUR, True), now=NOW) == refusal


@pytest.mark.parametrize(
    ("moves", "alone", "in_hours", "wanted_in_hours", "done"),
    [
        (BOOK, True, 48, None, True),
        (BOOK, True, 47, None, False),
        (BOOK, True, 48, 48, True),
        (BOOK, True, 96, 47, False),
        (BOOK, False, 96, 96, False),
        (ASK, True, 96, 96, False),
    ],
)
def test_change_is_made_at_once_only_by_the_rule_alone_and_in_time(
    moves, alone, in_hours, wanted_in_hours, done
):
    wanted = None if wanted_in_hours is None else NOW + wanted_in_hours * HOUR
    subject = Subject("booked", NOW + in_hours * HOUR, alone)
    assert at_once(subject, Rule(moves, 48), now=NOW, wanted=wanted) is done
