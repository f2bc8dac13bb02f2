"""Nurses' weeks as the settings show them: shifts, leave and closed days together."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from clinics.actions import duty_of
from clinics.domain.roster import Duty, RosterDay, minutes_worked, week_of
from clinics.domain.spans import Days
from clinics.models import Absence, Clinic, Membership, Shift
from clinics.queries import calendar, leave, nurses, shifts, shifts_of


@dataclass(frozen=True, slots=True)
class NurseWeek:
    """One nurse's week with the hours worked and the next leave."""

    member: Membership
    days: tuple[RosterDay, ...]
    next_leave: Absence | None = None

    @property
    def hours(self) -> str:
        """Hours and minutes on duty, breaks left out."""
        hours, minutes = divmod(minutes_worked(self.days), 60)
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"


def weeks(clinic: Clinic, monday: date, *, today: date) -> list[NurseWeek]:
    """Every nurse's week, in order of names."""
    by_nurse: dict[int, list[Shift]] = {}
    for shift in shifts(clinic):
        by_nurse.setdefault(shift.member_id, []).append(shift)
    away = list(leave(clinic, today=min(monday, today)))
    closed = _closed(clinic, monday)
    return [
        _week(member, by_nurse.get(member.pk, []), away, closed, monday, today)
        for member in nurses(clinic).order_by("user__name", "pk")
    ]


def week(member: Membership, monday: date, *, today: date) -> NurseWeek:
    """One nurse's week."""
    away = leave(member.clinic, today=min(monday, today)).filter(member=member)
    return _week(member, shifts_of(member), away, _closed(member.clinic, monday), monday, today)


def _week(
    member: Membership,
    theirs: Iterable[Shift],
    away: Iterable[Absence],
    closed: dict[date, str],
    monday: date,
    today: date,
) -> NurseWeek:
    mine = [each for each in away if each.member_id == member.pk]
    days = week_of(
        monday,
        [(shift.pk, duty_of(shift)) for shift in theirs],
        leave=[(Days(each.first_day, each.last_day), each.reason) for each in mine],
        closed=closed,
    )
    coming = next((each for each in mine if each.last_day >= today), None)
    return NurseWeek(member, tuple(days), coming)


def _closed(clinic: Clinic, monday: date) -> dict[date, str]:
    """Why the clinic is closed on days of the week that have opening hours."""
    opening = calendar(clinic, monday, monday + timedelta(days=6))
    return {
        day: opening.closures[day]
        for day in (monday + timedelta(days=number) for number in range(7))
        if day in opening.closures
    }


def later_shifts(member: Membership, *, sunday: date) -> list[tuple[int, Duty]]:
    """The shifts that begin after a week, in order of their first day."""
    found = [(shift.pk, duty_of(shift)) for shift in shifts_of(member) if shift.valid_from > sunday]
    return sorted(found, key=lambda pair: (pair[1].days.first, pair[1].weekday, pair[1].starts))
