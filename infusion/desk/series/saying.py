"""What a person must know before a series moves: what its patient said of the visits, a call that is open, and how and
when the patient is told.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from infusion.reminders import queries as reminders
from infusion.reminders.domain.before import TRAVEL
from infusion.reminders.domain.kinds import MOVED, TASK
from infusion.reminders.domain.reach import ways
from monitoring.queries import health_check_rows, leading
from scheduling.models import Visit
from scheduling.queries import CoursePlan, Step, gates_ahead, today_of
from scheduling.queries.answers import confirmed, requests

ON_HOLD = "On hold: a nurse has to call the patient before this infusion."
TO_CALL = "A nurse has to talk with the patient about the health check."
CONFIRMED = "The patient has confirmed the time that it has now."


@dataclass(frozen=True, slots=True)
class Telling:
    """How the patient hears of a change that is confirmed now: so many seconds later, when the quiet hours end where it
    falls into them and can wait, or by a colleague's call. Of held windows alone nobody is told.
    """

    seconds: int
    waits_until: datetime | None
    by_call: bool
    is_told: bool

    @property
    def delay(self) -> str:
        number, unit = (self.seconds // 60, "minute") if self.seconds % 60 == 0 else (self.seconds, "second")
        return f"{number} {unit}{'' if number == 1 else 's'}"


def telling(plan: CoursePlan, moving: Sequence[Step], *, now: datetime) -> Telling:
    """How the patient would hear that these infusions move."""
    rules, patient = reminders.rules_of(plan.clinic), plan.course.patient
    reach = reminders.known([patient.pk])[patient.pk].reach
    times = [
        at
        for step in moving
        for at in (step.visit and step.visit.starts_at, step.seat and step.seat.starts)
        if at
    ]
    due = now + rules.notice_delay
    leaves = rules.after_quiet(due, min(times) - TRAVEL) if times else due
    return Telling(
        seconds=int(rules.notice_delay.total_seconds()),
        waits_until=leaves if leaves > due else None,
        by_call=all(way.channel == TASK for way in ways(MOVED, reach, rules)),
        is_told=bool(times),
    )


def said_of(
    plan: CoursePlan, steps: Sequence[Step], moving: Collection[int], *, now: datetime
) -> dict[int, tuple[str, ...]]:
    """What stands open about the booked visits, by infusion: for the next one a call, for those that move what the
    patient answered.
    """
    visits = {step.ordinal: step.visit for step in steps if step.visit}
    if not visits:
        return {}
    found: dict[int, list[str]] = {n: [] for n in visits}
    first = min(visits, key=lambda n: visits[n].starts_at)
    found[first] += _calls(visits[first], plan, now)
    done = confirmed(plan.clinic, visits.values())
    asked = {each.visit_id: each for each in requests(plan.clinic, now).filter(visit__in=visits.values())}
    for n, visit in visits.items():
        if n in moving and visit.pk in done:
            found[n].append(CONFIRMED)
        if each := asked.get(visit.pk):
            found[n].append(
                f"The patient’s request waits for an answer: {each.get_answer_display().lower()}."
            )
    return {n: tuple(words) for n, words in found.items()}


def _calls(visit: Visit, plan: CoursePlan, now: datetime) -> list[str]:
    """The call that a nurse owes before the next infusion, if any."""
    verdict = gates_ahead(plan.clinic, [visit], today=today_of(plan.clinic, now)).get(visit.pk)
    if verdict and any(each.code == "nurse_call" and each.blocks for each in verdict.findings):
        return [ON_HOLD]
    lead = leading(health_check_rows(visit))
    return [TO_CALL] if lead and lead.call == "waiting" else []
