"""Each kind of message to patients as it works in a clinic, whether settled by it or as the catalogue says."""

from __future__ import annotations

from clinics.models import Clinic

from ..domain.kinds import ARRANGE, EARLY, FOR_PATIENTS, LATE, REMINDER, Kind, channels_used, code_of
from ..domain.rules import Rules, Setting
from .rules import rules_of


def kinds_as_they_work(clinic: Clinic) -> dict[str, Setting]:
    """What holds for each kind. No days: it has none, or the clinic lists several reminders of the kind."""
    rules = rules_of(clinic)
    return {kind.code: _as_it_works(kind, rules, clinic) for kind in FOR_PATIENTS}


def _as_it_works(kind: Kind, rules: Rules, clinic: Clinic) -> Setting:
    stored = rules.setting(kind.code)
    is_on, days = rules.is_on(kind.code), None
    if kind.code in (EARLY, LATE) and stored.days is None:
        listed = _listed(clinic, kind.code)
        is_on = is_on and bool(listed)
        days = listed[0] if len(listed) == 1 else None if listed else kind.days
    elif kind.code == ARRANGE:
        days = rules.arrange_days
    elif kind.has_days:
        days = rules.days(kind.code)
    return Setting(is_on, days, stored.at or kind.at, channels_used(stored.channels, kind.code))


def _listed(clinic: Clinic, code: str) -> list[int]:
    """The days of the clinic's own list on which a reminder of the kind goes."""
    days = [day for day in clinic.reminder_days if isinstance(day, int) and day > 0]
    return [day for day in days if code_of(f"{REMINDER}{day}") == code]
