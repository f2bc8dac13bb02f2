"""The catalogue of messages: every kind is whole, and a ledger's row finds its kind."""

from __future__ import annotations

import pytest

from infusion.reminders.domain.kinds import BY_CODE, KINDS, channels_used, code_of, title
from patients.domain.messages import MAY_SWITCH_OFF


def test_what_a_patient_may_switch_off_is_in_the_catalogue() -> None:
    assert {kind.code for kind in KINDS if kind.may_switch_off} == MAY_SWITCH_OFF


def test_no_kind_can_be_both_switched_off_and_in_need_of_reaching() -> None:
    assert [kind.code for kind in KINDS if kind.may_switch_off and kind.must_reach] == []


def test_default_days_lie_within_their_bounds() -> None:
    outside = [
        kind.code
        for kind in KINDS
        if kind.days is not None and not kind.least_days <= kind.days <= kind.most_days
    ]
    assert outside == []


@pytest.mark.parametrize("days", range(1, 61))
def test_every_reminder_is_of_one_of_the_two_kinds(days: int) -> None:
    kind = BY_CODE[code_of(f"reminder_{days}")]
    assert kind.least_days <= days <= kind.most_days


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("reminder_7", "Reminder, 7 days before"),
        ("reminder_1", "Reminder, 1 day before"),
        ("gate_needs_5", "Something is missing, 5 days before"),
        ("moved", "Visit moved"),
        ("waitlist_offer", "Earlier time on offer"),
        ("waitlist_gone", "Earlier time gone"),
    ],
)
def test_a_kind_has_a_title_for_staff(kind: str, words: str) -> None:
    assert title(kind) == words


@pytest.mark.parametrize(
    ("wanted", "kind", "used"),
    [
        (["sms", "email"], "moved", ("email", "sms")),
        (["sms"], "reminder_7", ("sms",)),
        (["sms"], "invited", ("email",)),
        ([], "moved", ("email",)),
    ],
)
def test_a_kind_uses_only_the_channels_it_has(wanted: list[str], kind: str, used: tuple[str, ...]) -> None:
    assert channels_used(wanted, kind) == used
