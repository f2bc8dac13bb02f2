"""When messages leave and by which ways: quiet hours, a clinic's settings, a patient's wishes, parts of a text."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infusion.reminders.domain.kinds import FOR_PATIENTS
from infusion.reminders.domain.reach import Reach, Way, ways
from infusion.reminders.domain.rules import Quiet, Rules, Setting
from infusion.reminders.domain.texts import is_plain, parts

ZONES = [
    ZoneInfo(name) for name in ("Europe/London", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata")
]
LONDON = ZONES[0]
MOBILE = "+447911123456"
times = st.times().map(lambda at: at.replace(second=0, microsecond=0))
instants = st.datetimes(datetime(2026, 1, 1), datetime(2030, 1, 1)).map(lambda at: at.replace(tzinfo=UTC))
reaches = st.builds(
    Reach,
    email=st.sampled_from(["", "a@example.org"]),
    mobile=st.sampled_from(["", MOBILE]),
    none=st.booleans(),
    kinds_off=st.frozensets(st.sampled_from([kind.code for kind in FOR_PATIENTS])),
    channel=st.sampled_from(["", "email", "sms"]),
)


@given(instants, st.timedeltas(timedelta(minutes=1), timedelta(days=3)), times, times, st.sampled_from(ZONES))
def test_quiet_hours_never_push_a_message_past_its_use(due, use, begins, ends, zone) -> None:
    leaves = Rules(zone=zone, quiet=Quiet(begins, ends)).after_quiet(due, due + use)
    assert due <= leaves < due + use
    assert leaves - due < timedelta(hours=26)


@given(instants, times, times, st.sampled_from(ZONES))
def test_what_has_waited_does_not_wait_again(due, begins, ends, zone) -> None:
    rules = Rules(zone=zone, quiet=Quiet(begins, ends))
    leaves = rules.after_quiet(due, due + timedelta(days=9))
    assert rules.after_quiet(leaves, due + timedelta(days=9)) == leaves


@pytest.mark.parametrize(
    ("due", "leaves"),
    [
        (datetime(2027, 1, 4, 19, 59, tzinfo=UTC), datetime(2027, 1, 4, 19, 59, tzinfo=UTC)),
        (datetime(2027, 1, 4, 20, 0, tzinfo=UTC), datetime(2027, 1, 5, 8, 0, tzinfo=UTC)),
        (datetime(2027, 1, 5, 3, 0, tzinfo=UTC), datetime(2027, 1, 5, 8, 0, tzinfo=UTC)),
        (datetime(2027, 1, 5, 8, 0, tzinfo=UTC), datetime(2027, 1, 5, 8, 0, tzinfo=UTC)),
    ],
)
def test_the_night_is_quiet_from_its_first_minute_to_its_last(due, leaves) -> None:
    rules = Rules(zone=LONDON, quiet=Quiet(time(20), time(8)))
    assert rules.after_quiet(due, due + timedelta(days=2)) == leaves


@given(reaches, st.sampled_from(FOR_PATIENTS), st.sets(st.sampled_from(["email", "sms"])))
def test_every_message_has_a_way_or_a_person_and_none_twice(reach, kind, channels) -> None:
    rules = Rules(zone=LONDON, settings={kind.code: Setting(channels=tuple(channels))})
    found = ways(kind.code, reach, rules)
    assert found
    assert len({way.channel for way in found}) == len(found)
    assert not (reach.none and any(way.channel != "task" and way.is_wanted for way in found))
    assert all(way.is_wanted for way in found) or not kind.must_reach


@pytest.mark.parametrize(
    ("reach", "channels", "expected"),
    [
        (
            Reach("a@example.org", MOBILE),
            ("email", "sms"),
            (Way("email", "a@example.org"), Way("sms", MOBILE)),
        ),
        (Reach("a@example.org", ""), ("sms",), (Way("email", "a@example.org"),)),
        (Reach("", MOBILE), ("email", "sms"), (Way("sms", MOBILE),)),
        (Reach("", MOBILE), ("email",), (Way("email", ""),)),
        (Reach("a@example.org", MOBILE, channel="sms"), ("email",), (Way("sms", MOBILE),)),
        (Reach("a@example.org", MOBILE, none=True), ("email",), (Way("task", ""),)),
    ],
)
def test_a_notice_goes_by_what_is_wished_and_what_there_is(reach, channels, expected) -> None:
    rules = Rules(zone=LONDON, settings={"moved": Setting(channels=channels)})
    assert ways("moved", reach, rules) == expected


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("a" * 160, 1),
        ("a" * 161, 2),
        ("a" * 306, 2),
        ("a" * 307, 3),
        ("€" * 80, 1),
        ("ш" * 70, 1),
        ("ш" * 71, 2),
    ],
)
def test_parts_of_a_text_are_counted_as_they_are_paid(text, count) -> None:
    assert parts(text) == count


def test_letters_of_spanish_that_a_telephone_lacks_cost_more() -> None:
    assert (is_plain("mañana ¿qué?"), is_plain("está")) == (True, False)
