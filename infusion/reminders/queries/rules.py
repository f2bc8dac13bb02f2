"""A clinic's settings as the rules read them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from clinics.models import Clinic

from ..domain.kinds import EARLY, LATE, REMINDER, code_of
from ..domain.rules import Quiet, Rules, Setting
from ..models import KindRule


def rules_of(clinic: Clinic) -> Rules:
    """The clinic's settings as the rules read them."""
    return _rules(clinic, KindRule.objects.of(clinic).order_by("id"))


def every_clinics_rules() -> dict[int, Rules]:
    """The settings of all clinics, in two queries."""
    settled: dict[int, list[KindRule]] = {}
    for row in KindRule.across_clinics.order_by("id"):
        settled.setdefault(row.clinic_id, []).append(row)
    clinics = Clinic.objects.order_by("pk")
    return {clinic.pk: _rules(clinic, settled.get(clinic.pk, ())) for clinic in clinics}


def _rules(clinic: Clinic, rows: Iterable[KindRule]) -> Rules:
    settings = {row.kind: Setting(row.is_on, row.days_before, row.at, tuple(row.channels)) for row in rows}
    return Rules(
        zone=clinic.zone,
        reminder_days=_reminder_days(clinic, settings),
        notice_delay=timedelta(seconds=clinic.notice_delay_seconds),
        arrange_days=clinic.arrange_days_before,
        settings=settings,
        quiet=Quiet(clinic.quiet_from, clinic.quiet_until),
    )


def _reminder_days(clinic: Clinic, settings: dict[str, Setting]) -> tuple[int, ...]:
    """The days before a visit on which a reminder goes: a rule for the first or the second kind takes the place of
    the clinic's list for that kind. A day that is no number is passed over.
    """
    listed = [day for day in clinic.reminder_days if isinstance(day, int) and day > 0]
    found: list[int] = []
    for code in (EARLY, LATE):
        setting = settings.get(code, Setting())
        if setting.days is not None:
            days = [setting.days]
        else:
            days = [day for day in listed if code_of(f"{REMINDER}{day}") == code]
        found += days if setting.is_on else []
    return tuple(found)
