"""Nurses' weekly shifts with their breaks. What stood stays on record: a change begins a new shift from a day on."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, time, timedelta

from django.db import transaction

from clinics.domain.refusals import Refusal, Refused
from clinics.domain.roster import Break, Duty, change_from, duty_problems, in_order
from clinics.domain.spans import STALE, WEEKDAYS, Days, day_problem, fingerprint
from clinics.models import Membership, Shift, ShiftBreak, User
from clinics.queries import shifts_of

from .rules import lock_clinic, still_there
from .trail import record

GONE = Refusal("gone", "A colleague has taken this shift away meanwhile.")


def duty_of(shift: Shift) -> Duty:
    """A shift as a value, its breaks in order."""
    breaks = tuple((each.starts, each.ends) for each in shift.breaks.all())
    return Duty(shift.weekday, shift.starts, shift.ends, Days(shift.valid_from, shift.valid_until), breaks)


def shift_mark(shift: Shift) -> str:
    """The mark of a shift as it stands."""
    return fingerprint(shift.pk, duty_of(shift))


@transaction.atomic
def add_shifts(
    *,
    member: Membership,
    weekdays: Iterable[int],
    starts: time,
    ends: time,
    breaks: Sequence[Break],
    first_day: date,
    last_day: date | None,
    by: User,
    today: date,
) -> list[Shift]:
    """Put a nurse on duty on some weekdays, from ``first_day`` to ``last_day`` inclusive or until further notice.

    A shift that stands already in the very same words is left as it is. Refused where one clashes with another shift
    of the nurse, and for what is wrong with its times, breaks or days; then none is added.
    """
    days = Days(first_day, last_day)
    problems = _day_problems(days, today)
    chosen = sorted(set(weekdays))
    if not chosen:
        problems.append(Refusal("no_weekday", "Choose the weekdays.", "weekdays"))
    if problems:
        raise Refused(*problems)
    lock_clinic(member.clinic)
    standing = [duty_of(shift) for shift in shifts_of(member)]
    added = []
    for weekday in chosen:
        duty = Duty(weekday, starts, ends, days, tuple(breaks))
        if in_order(duty) in standing:
            continue
        problems += [each for each in duty_problems(duty, standing) if each not in problems]
        if not problems:
            added.append(_made(member, in_order(duty), by))
    if problems:
        raise Refused(*problems)
    return added


def _day_problems(days: Days, today: date) -> list[Refusal]:
    found = []
    if problem := day_problem(days.first, today=today, field="first_day"):
        found.append(problem)
    if days.last is not None and days.last < days.first:
        found.append(Refusal("ends_before_start", "The last day lies before the first.", "last_day"))
    elif days.last is not None and (problem := day_problem(days.last, today=today, field="last_day")):
        found.append(problem)
    return found


def _made(member: Membership, duty: Duty, by: User) -> Shift:
    shift = Shift.objects.create(
        clinic=member.clinic,
        member=member,
        weekday=duty.weekday,
        starts=duty.starts,
        ends=duty.ends,
        valid_from=duty.days.first,
        valid_until=duty.days.last,
    )
    _set_breaks(shift, duty.breaks)
    record(
        clinic=member.clinic,
        by=by,
        verb="added shift",
        subject=shift,
        changes={"nurse": str(member.user), "shift": _in_words(duty), "days": duty.days.in_words},
    )
    return shift


def _set_breaks(shift: Shift, breaks: Iterable[Break]) -> None:
    ShiftBreak.objects.of(shift.clinic).filter(shift=shift).delete()
    ShiftBreak.objects.bulk_create(
        ShiftBreak(clinic=shift.clinic, shift=shift, starts=starts, ends=ends)
        for starts, ends in sorted(breaks)
    )


def _in_words(duty: Duty) -> str:
    breaks = ", ".join(f"break {starts:%H:%M} to {ends:%H:%M}" for starts, ends in duty.breaks)
    return f"{duty.in_words}{', ' if breaks else ''}{breaks}"


@transaction.atomic
def change_shift(
    *,
    shift: Shift,
    starts: time,
    ends: time,
    breaks: Sequence[Break],
    from_day: date,
    seen: str,
    by: User,
    today: date,
) -> Shift:
    """Change a shift's times or breaks from a day on. The old one ends the day before and stays on record; one that
    has not begun by then is changed itself. Returns the shift that stands from then on.

    Refused as add_shifts, on a day before today or after the shift's end, and on a stale page. The same click again
    gives the shift it made.
    """
    member = shift.member
    lock_clinic(member.clinic)
    if not still_there(shift):
        raise Refused(GONE)
    before = duty_of(shift)
    if done := _changed_already(shift, starts, ends, tuple(sorted(breaks)), from_day):
        return done
    handing = change_from(from_day, before.days, today=today)
    if isinstance(handing, Refusal):
        raise Refused(handing)
    after = Duty(before.weekday, starts, ends, handing.new, tuple(breaks))
    others = [duty_of(each) for each in shifts_of(member) if each.pk != shift.pk]
    if problems := duty_problems(after, others):
        raise Refused(*problems)
    after = in_order(after)
    if (after.starts, after.ends, after.breaks) == (before.starts, before.ends, before.breaks):
        return shift
    if seen != shift_mark(shift):
        raise Refused(STALE)
    changes = {
        "nurse": str(member.user),
        "shift": [_in_words(before), _in_words(after)],
        "from": handing.new.first.isoformat(),
    }
    record(clinic=member.clinic, by=by, verb="changed shift", subject=shift, changes=changes)
    if handing.old_until is None:
        shift.starts, shift.ends = starts, ends
        shift.save(update_fields=["starts", "ends"])
        _set_breaks(shift, after.breaks)
        return shift
    shift.valid_until = handing.old_until
    shift.save(update_fields=["valid_until"])
    return _made(member, after, by)


def _changed_already(
    shift: Shift, starts: time, ends: time, breaks: tuple[Break, ...], from_day: date
) -> Shift | None:
    """The shift that follows this one, where this very change was made before."""
    if shift.valid_until != from_day - timedelta(days=1):
        return None
    for other in shifts_of(shift.member):
        if (other.weekday, other.valid_from) == (shift.weekday, from_day):
            duty = duty_of(other)
            if (duty.starts, duty.ends, duty.breaks) == (starts, ends, breaks):
                return other
    return None


@transaction.atomic
def end_shift(*, shift: Shift, from_day: date, seen: str, by: User, today: date) -> None:
    """Take a nurse off a weekly shift from a day on; one that has not begun by then is taken away altogether.

    Refused on a day before today or after the shift's end, and on a stale page.
    """
    lock_clinic(shift.clinic)
    if not still_there(shift):
        return
    before = duty_of(shift)
    if shift.valid_until == from_day - timedelta(days=1):
        return
    handing = change_from(from_day, before.days, today=today)
    if isinstance(handing, Refusal):
        raise Refused(handing)
    if seen != shift_mark(shift):
        raise Refused(STALE)
    changes = {
        "nurse": str(shift.member.user),
        "shift": f"{WEEKDAYS[shift.weekday]} {shift.starts:%H:%M} to {shift.ends:%H:%M}",
        "from": from_day.isoformat(),
    }
    record(clinic=shift.clinic, by=by, verb="ended shift", subject=shift, changes=changes)
    if handing.old_until is None:
        shift.delete()
    else:
        shift.valid_until = handing.old_until
        shift.save(update_fields=["valid_until"])
