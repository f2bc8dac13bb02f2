from datetime import UTC, date, datetime

from scheduling.domain.harm import Affected, Harmed, Part, by_harm

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
DAY = date(2026, 6, 1)


def affected(key, part, latest=None, starts=NOON):
    return Affected(key, starts, DAY, part, latest)


def test_second_induction_doses_come_first_and_the_reason_is_said():
    order = by_harm(
        [
            affected(1, Part.MAINTENANCE, date(2026, 6, 20)),
            affected(2, Part.OTHER),
            affected(5, Part.SECOND_OF_PAIR, date(2026, 6, 29)),
            affected(3, Part.FIRST_INDUCTION, date(2026, 6, 29)),
            affected(4, Part.SECOND_INDUCTION, date(2026, 6, 4)),
        ]
    )
    assert order == (
        Harmed(4, "Second induction infusion, its window ends 3 days later", 7, 3),
        Harmed(5, "Later infusion of its pair, its window ends 28 days later", 6, 28),
        Harmed(3, "First induction infusion, its window ends 28 days later", 4, 28),
        Harmed(1, "Maintenance infusion, its window ends 19 days later", 2, 19),
        Harmed(2, "Visit without an infusion, no last day is set", 1, None),
    )


def test_maintenance_goes_by_the_days_left_and_a_missed_window_is_first():
    order = by_harm(
        [
            affected(1, Part.MAINTENANCE),
            affected(2, Part.MAINTENANCE, date(2026, 6, 9)),
            affected(3, Part.MAINTENANCE, date(2026, 6, 2)),
            affected(4, Part.MAINTENANCE, DAY),
            affected(5, Part.MAINTENANCE, date(2026, 5, 31)),
        ]
    )
    assert [(one.key, one.weight) for one in order] == [(5, 3), (4, 3), (3, 3), (2, 2), (1, 2)]
    assert [one.words for one in order[:3]] == [
        "Maintenance infusion, its window ended 1 day before",
        "Maintenance infusion, this is the last day of its window",
        "Maintenance infusion, its window ends 1 day later",
    ]


def test_equal_harm_goes_by_the_sooner_visit():
    later = datetime(2026, 6, 1, 15, tzinfo=UTC)
    order = by_harm(
        [
            affected(1, Part.MAINTENANCE, DAY, later),
            affected(3, Part.MAINTENANCE, DAY),
            affected(2, Part.MAINTENANCE, DAY),
        ]
    )
    assert [one.key for one in order] == [2, 3, 1]
