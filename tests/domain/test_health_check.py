"""What the answers of a health check do, and when they can be given."""

from datetime import date

import pytest

from monitoring.domain.health_check import HEALTH_CHECK, is_late, may_answer, sort_answers

NO = {each.code: "no" for each in HEALTH_CHECK.questions}
DAY = date(2027, 3, 8)


def test_nothing_but_no_is_clear():
    found = sort_answers(NO, "", HEALTH_CHECK)
    assert (found.outcome, found.infection, found.rules) == ("clear", False, ())


@pytest.mark.parametrize(
    ("answers", "words", "outcome", "infection"),
    [
        ({"fever": "yes"}, "", "hold", True),
        ({"infection": "unsure"}, "", "hold", True),
        ({"antibiotics": "yes"}, "", "hold", True),
        ({"antibiotics": "unsure"}, "", "ask", False),
        ({"pregnancy": "unsure"}, "", "ask", False),
        ({"vaccine": "yes"}, "", "ask", False),
        ({}, "My leg is swollen", "ask", False),
        ({"vaccine": "yes", "fever": "yes"}, "", "hold", True),
    ],
)
def test_the_strongest_answer_counts(answers, words, outcome, infection):
    found = sort_answers(NO | answers, words, HEALTH_CHECK)
    assert (found.outcome, found.infection) == (outcome, infection)


def test_every_answer_but_no_does_something():
    told = {(each.code, rule.when) for each in HEALTH_CHECK.questions for rule in each.rules}
    assert told == {(each.code, when) for each in HEALTH_CHECK.questions for when in ("yes", "unsure")}


def test_it_opens_three_days_before_and_is_late_from_the_day_before():
    days = [date(2027, 3, day) for day in range(4, 10)]
    assert [may_answer(DAY, each, HEALTH_CHECK) for each in days] == [False, True, True, True, True, False]
    assert [is_late(DAY, each, HEALTH_CHECK) for each in days] == [False, False, False, True, True, False]
