"""Many people work on one schedule in any order, through the real actions; after every step every law still holds.

The short form runs with the suite; `make soak` runs thousands of examples. What was tried and what was refused is
printed at the end of each run (`pytest -s`), because a machine whose every action is refused proves nothing.
"""

import os
from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import ortools.sat.python.cp_model  # noqa: F401 (loaded before the clock of a search begins to run)
import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)

from clinics.actions import add_closure, add_leave, remove_closure
from clinics.domain.calendar import local_date
from clinics.models import Absence, Chair, Closure, Membership
from scheduling import actions, queries
from scheduling.domain.booking import Seat
from scheduling.domain.proposals import rows_of
from scheduling.domain.soft import SOFT, Accepted
from scheduling.models import Course
from scheduling.queries.replans import Tolerance
from tests.database.booking import laws
from tests.database.booking.desk import NURSES, PATIENTS, Desk, World

pytestmark = pytest.mark.django_db

SOAK = os.environ.get("INFUSION_SOAK", "")
EXAMPLES, STEPS = (int(SOAK), 40) if SOAK else (10, 20)
pick = st.integers(0, 30)
far = st.one_of(st.integers(-9, 30), st.integers(-110, -50))
seldom = st.integers(0, 5).map(lambda number: number == 5)
EVERY_SOFT_RULE = Accepted(frozenset(SOFT), "agreed with the ward")


class Machine(Desk):
    """The rules."""

    @initialize(cards=st.tuples(pick, pick, pick), later=st.integers(1, 10))
    def begin(self, cards, later):
        """Three patients are booked on one day, so that there is something to move, and one is sent to a busy nurse."""
        for number, card in enumerate(cards):
            self.book_the_course(number, card, crowded=True)
        if self.neighbours():
            self.stand_beside(cards[0], later, cards[1])

    # --- booking

    @rule(number=pick, card=pick, again=seldom)
    def book_whole_course(self, number, card, again):
        told = self.book_the_course(number, card)
        if told and again:
            self.same("book course twice", actions.book_course, **told)

    def book_the_course(self, number, card, crowded=False):
        """One of the offers for a whole course; ``crowded``: one of its own first day, where there is one."""
        plan = self.plan(number)
        asked = queries.Asked(limits=queries.MORE)
        cards = queries.course_times(plan, now=self.now, asked=asked).cards
        first = [each for each in cards if self.day_of(each) == plan.course.start_on] if crowded else []
        cards = first or cards
        if not cards:
            return None
        places = cards[card % len(cards)].places
        seats, ordinal = [place.seat for place in places], places[0].planned.ordinal
        told = {"course": plan.course, "seats": seats, "first": ordinal, **self.told()}
        return told if self.act("book course", actions.book_course, **told) else None

    def day_of(self, card):
        return local_date(card.places[0].starts, self.clinic.zone)

    @precondition(lambda self: self.pairs(booked=0))
    @rule(number=pick, card=pick)
    def book_the_pair(self, number, card):
        plan = self.pair(number, booked=0)
        cards = queries.pair_times(plan, now=self.now).cards
        if cards:
            first, second = cards[card % len(cards)].places
            told = {"course": plan.course, "first": first.seat, "second": second.seat, **self.told()}
            self.act("book pair", actions.book_pair, **told)

    @precondition(lambda self: self.open_rows())
    @rule(number=pick, card=pick, earlier=pick)
    def book_one(self, number, card, earlier):
        """A dose without a visit: where its window was held, the hold becomes this time."""
        rows = self.open_rows()
        row = queries.planned_infusion(self.clinic, rows[number % len(rows)].pk)
        plan = queries.read_plan(queries.course(self.clinic, row.course_id))
        asked = queries.Asked(start=row.earliest_on + timedelta(days=earlier))
        cards = queries.single_times(plan, row, now=self.now, asked=asked).cards
        if cards:
            name = "convert hold" if row.held_at else "book one"
            seat = cards[card % len(cards)].places[0].seat
            self.act(name, actions.book_single, planned=row, seat=seat, **self.told())

    @precondition(lambda self: self.open_rows())
    @rule(number=pick, days=far, hour=st.integers(8, 13), chair=pick, nurse=pick, knowingly=st.booleans())
    def book_anywhere(self, number, days, hour, chair, nurse, knowingly):
        """A time nobody offered, with or without going past the soft rules."""
        rows = self.open_rows()
        row = queries.planned_infusion(self.clinic, rows[number % len(rows)].pk)
        on = max(row.earliest_on + timedelta(days=days if knowingly else abs(days) % 8), self.now.date())
        seat = self.seat(on, hour, chair, nurse)
        told = {"planned": row, "seat": seat, "accepted": EVERY_SOFT_RULE if knowingly else None}
        self.act("book anywhere", actions.book_single, **told, **self.told())

    # --- moving

    @precondition(lambda self: self.standing())
    @rule(number=pick, card=pick, again=seldom, hand=st.booleans(), back=st.booleans())
    def move_one(self, number, card, again, hand, back):
        """To a time on offer, with the nurse of the offer or with another one."""
        visit = self.some_visit(number)
        plan = queries.read_plan(queries.course(self.clinic, visit.planned_infusion.course_id))
        row = plan.infusion(visit.planned_infusion.ordinal)
        cards = queries.single_times(plan, row, now=self.now, without=[visit.pk]).cards
        if cards:
            seat = cards[card % len(cards)].places[0].seat
            told = {"visit": visit, "version": visit.version, "reason": "asked to", **self.told()}
            told["seat"] = replace(seat, nurse=self.another_nurse(seat.nurse)) if hand else seat
            name = "move to another" if hand else "move one"
            if self.act(name, actions.move_visit, back=back, **told) and again and not back:
                self.same("move one twice", actions.move_visit, **told)

    @precondition(lambda self: self.standing())
    @rule(number=pick, days=far, hour=st.integers(8, 13), chair=pick, nurse=pick)
    def move_anywhere(self, number, days, hour, chair, nurse):
        """To a time nobody offered, past every soft rule; a later dose where there is one, which stands alone."""
        later = [visit for visit in self.standing() if self.is_now.infusion_of(visit).ordinal > 2]
        visits = later or self.standing()
        visit = queries.visit(self.clinic, visits[number % len(visits)].pk)
        on = max(laws.day_of(visit, self.clinic) + timedelta(days=days), self.now.date())
        told = {"seat": self.seat(on, hour, chair, nurse), "version": visit.version, "reason": "urgent"}
        self.act(
            "move anywhere", actions.move_visit, visit=visit, accepted=EVERY_SOFT_RULE, **told, **self.told()
        )

    @precondition(lambda self: self.neighbours())
    @rule(times=st.lists(st.tuples(pick, st.integers(1, 10), pick), min_size=1, max_size=3))
    def crowd(self, times):
        """Onto the nurse of another visit of the same day, a little later than that one: attention is what decides."""
        for number, later, chair in times:
            self.stand_beside(number, later, chair)

    def stand_beside(self, number, later, chair):
        both = self.neighbours()
        one, other = both[number % len(both)]
        visit = queries.visit(self.clinic, one.pk)
        chairs = list(Chair.objects.of(self.clinic).exclude(pk=other.chair_id).order_by("pk"))
        starts = other.starts_at + timedelta(minutes=15 * later)
        seat = Seat(starts, chairs[chair % len(chairs)].pk, other.nurse_id)
        told = {"visit": visit, "seat": seat, "version": visit.version, "reason": "asked to", **self.told()}
        self.act("crowd", actions.move_visit, **told)

    @precondition(lambda self: self.pairs(booked=2))
    @rule(number=pick, card=pick)
    def move_the_pair(self, number, card):
        plan = self.pair(number, booked=2)
        keys = [visit.pk for visit in plan.pair_visits]
        cards = queries.pair_times(plan, now=self.now, without=keys).cards
        if cards:
            first, second = cards[card % len(cards)].places
            told = {
                "course": plan.course,
                "first": first.seat,
                "second": second.seat,
                "versions": tuple(visit.version for visit in plan.pair_visits),
                "reason": "on holiday",
            }
            self.act("move pair", actions.move_pair, **told, **self.told())

    @precondition(lambda self: self.standing())
    @rule(number=pick, card=pick, back=st.booleans())
    def move_series(self, number, card, back):
        """This infusion and what follows."""
        visit = self.some_visit(number)
        plan = queries.read_plan(queries.course(self.clinic, visit.planned_infusion.course_id))
        row = plan.infusion(visit.planned_infusion.ordinal)
        day = laws.day_of(visit, self.clinic)
        cards = queries.single_times(plan, row, now=self.now, without=[visit.pk]).cards
        other = [each for each in cards if local_date(each.places[0].starts, self.clinic.zone) != day]
        if other:
            told = {
                "visit": visit,
                "seat": other[card % len(other)].places[0].seat,
                "versions": actions.versions_shown(plan),
                "reason": "travels",
                "batch": uuid4(),
                "prescriber": True,
            }
            self.act("move series", actions.move_series, back=back, **told, **self.told())

    # --- giving up, deciding, holding

    @precondition(lambda self: self.standing())
    @rule(number=pick, back=st.booleans())
    def cancel(self, number, back):
        visit = self.some_visit(number)
        told = {"visit": visit, "reason": "ill", "version": visit.version, **self.told()}
        self.act("cancel", actions.cancel_visit, back=back, **told)

    @precondition(lambda self: self.doses())
    @rule(number=pick, days=st.integers(-14, 60), carries=st.booleans(), back=seldom)
    def defer(self, number, days, carries, back):
        if days:
            told = {"planned": self.dose(number), "days": days, "carries": carries, "reason": "infection"}
            self.act("defer", actions.defer_dose, back=back, **told, **self.told())

    @precondition(lambda self: self.doses())
    @rule(number=pick, last=seldom, back=st.booleans())
    def omit_or_cease(self, number, last, back):
        action = actions.cease_from if last else actions.omit_dose
        told = {"planned": self.dose(number), "reason": "decided", **self.told()}
        self.act("cease" if last else "omit", action, back=back, **told)

    @precondition(lambda self: any(row.held_at is None for row in self.open_rows()))
    @rule(number=pick)
    def hold(self, number):
        rows = [row for row in self.open_rows() if row.held_at is None]
        course = queries.course(self.clinic, rows[number % len(rows)].course_id)
        self.act("hold", actions.hold_course, course=course, **self.told())

    @precondition(lambda self: any(row.held_at for row in self.is_now.infusions))
    @rule(number=pick)
    def release(self, number):
        held = [row for row in self.is_now.infusions if row.held_at]
        row = queries.planned_infusion(self.clinic, held[number % len(held)].pk)
        self.act("release", actions.release_infusion, planned=row, **self.told())

    # --- the clinic itself

    @precondition(lambda self: Closure.objects.of(self.clinic).count() < 2)
    @rule(number=pick, days=st.integers(1, 3), from_now=st.integers(1, 40))
    def close(self, number, days, from_now):
        """Days on which a visit stands, or any other."""
        visits = self.standing()
        first = self.now.date() + timedelta(days=from_now)
        if visits and number % 2:
            first = laws.day_of(visits[number % len(visits)], self.clinic)
        told = {"first_day": first, "last_day": first + timedelta(days=days - 1), "reason": "a burst pipe"}
        self.closed = True
        self.act("close", add_closure, clinic=self.clinic, by=self.by, today=self.now.date(), **told)

    @precondition(lambda self: Closure.objects.of(self.clinic).exists())
    @rule()
    def open_again(self):
        closure = Closure.objects.of(self.clinic).order_by("-pk")[0]
        self.act("open again", lambda **told: remove_closure(**told) or True, closure=closure, by=self.by)

    @precondition(lambda self: Absence.objects.of(self.clinic).count() < 2)
    @rule(nurse=pick, from_now=st.integers(1, 40))
    def nurse_away(self, nurse, from_now):
        nurses = list(Membership.objects.of(self.clinic).filter(role="nurse").order_by("pk"))
        day = self.now.date() + timedelta(days=from_now)
        told = {"first_day": day, "last_day": day, "reason": "", "by": self.by, "today": self.now.date()}
        self.act("nurse away", add_leave, member=nurses[nurse % NURSES], **told)

    @precondition(lambda self: self.standing())
    @rule(number=pick, some=st.booleans())
    def replan_a_day(self, number, some):
        """The optimiser's plan for one day, accepted whole or in part."""
        day = laws.day_of(self.some_visit(number), self.clinic)
        asked = Tolerance(minutes=120, others=True, early=True)
        told = {"clinic": self.clinic, "kind": "day", "first_day": day, "last_day": day, "asked": asked}
        replan = self.act("ask plan", actions.ask_replan, **told, **self.told())
        if replan is None:
            return
        actions.work_out(pk=replan.pk, here=True)
        replan.refresh_from_db()
        keys = [row.key for row in rows_of(replan.answer) if row.moves]
        if keys:
            chosen = keys[:1] if some else keys
            self.act("apply plan", actions.apply_replan, replan=replan, keys=chosen, **self.told())

    # --- undoing, and time

    @precondition(lambda self: self.latest() is not None)
    @rule(again=seldom)
    def undo(self, again):
        change = self.take_back()
        if change is not None and again:
            self.same("undo twice", actions.undo_change, change=change, **self.told())

    @rule(minutes=st.sampled_from([1, 1, 1, 3, 60, 24 * 60]))
    def wait(self, minutes):
        self.now += timedelta(minutes=minutes)


def test_every_law_holds_whatever_is_done_in_whatever_order():
    Machine.world = world = World()
    phases = [Phase.explicit, Phase.reuse, Phase.generate, Phase.target, Phase.shrink]
    try:
        run_state_machine_as_test(
            Machine,
            settings=settings(
                max_examples=EXAMPLES,
                stateful_step_count=STEPS,
                deadline=None,
                phases=phases,
                suppress_health_check=list(HealthCheck),
                print_blob=True,
            ),
        )
    finally:
        print("\n" + world.told())
    assert Course.objects.of(world.clinic).count() == PATIENTS
    tried, refused = sum(world.tried.values()), sum(world.refused.values())
    assert refused * 2 < tried, "most of what is asked is refused: steer it"
