"""By when a patient must hear of a changed time, and whether a mail is enough."""

from datetime import UTC, datetime, timedelta

from scheduling.domain.telling import Telling, nobody_placed, telling

NOW = datetime(2031, 3, 10, 6, 30, tzinfo=UTC)
SOON = "a mail may not be read in time"


def told(was, starts, *, has_address=True):
    hours = [None if each is None else NOW + timedelta(hours=each) for each in (was, starts)]
    found = telling(hours[0], hours[1], has_address=has_address, now=NOW)
    return found and ((found.by - NOW) / timedelta(hours=1), found.call, found.late, found.why)


def test_time_that_stays_is_not_told():
    assert told(5, 5) is None
    assert told(5, 5, has_address=False) is None


def test_patient_knows_before_preparing_for_the_earlier_of_both_times():
    assert told(10, 14) == (8, True, False, SOON)
    assert told(14, 10) == (8, True, False, SOON)
    assert told(None, 10) == (8, True, False, SOON)


def test_time_that_is_nearly_there_is_told_at_once():
    assert told(2, 6) == (0, True, True, SOON)
    assert told(1, 100) == (-1, True, True, SOON)


def test_a_day_ahead_a_mail_is_enough():
    assert told(23.9, 50) == (21.9, True, False, SOON)
    assert told(24, 50) == (22, False, False, "")


def test_patient_without_an_address_is_called_however_far_ahead():
    assert told(1000, 1010, has_address=False) == (998, True, False, "no e-mail address is on record")


def test_patient_without_a_new_time_is_always_called():
    starts = NOW + timedelta(days=9)
    assert nobody_placed(starts, now=NOW) == Telling(
        starts - timedelta(hours=2), True, False, "no other time was found"
    )
