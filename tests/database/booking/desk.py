"""Where the state machine works: a clinic with patients and courses, and a desk that does what a rule asks of it."""

from collections import Counter
from datetime import date, datetime, time, timedelta

from django.db import connection, transaction
from hypothesis.stateful import RuleBasedStateMachine

from clinics.domain.refusals import Refused
from clinics.domain.rights import Role
from clinics.models import Chair, Membership
from regimens.queries import regimen_of
from scheduling import actions, queries
from scheduling.domain.booking import Seat
from scheduling.models import ScheduleChange
from tests.database.booking import laws
from tests.database.booking.arranged import NOW
from tests.factory import make_clearance, make_clinic, make_diagnosis, make_member, make_patient, make_regimen

PATIENTS, CHAIRS, NURSES = 6, 3, 2


class World:
    """The clinic, its people and their courses, made once; every example is rolled back to it."""

    def __init__(self):
        self.clinic = make_clinic(chairs=CHAIRS, nurses=NURSES)
        self.prescriber = make_member(self.clinic, Role.PRESCRIBER).user
        self.regimen = make_regimen(self.clinic)
        # Two days, three patients each: they stand in each other's way.
        starts = [date(2031, 3, 10) + timedelta(days=number // 3) for number in range(PATIENTS)]
        self.courses = [self.course(day) for day in starts]
        self.tried, self.refused, self.codes = Counter(), Counter(), Counter()
        self.examples = self.steps = 0

    def course(self, start_on):
        patient = make_patient(self.clinic)
        make_diagnosis(patient)
        clearance = make_clearance(
            patient,
            regimen_version=self.regimen,
            signed_by=self.prescriber,
            signed_at=NOW,
            valid_from=date(2031, 1, 1),
            valid_until=date(2031, 12, 31),
        )
        return actions.prescribe_course(
            clinic=self.clinic,
            patient=patient,
            clearance=clearance,
            regimen_version=self.regimen,
            start_on=start_on,
            by=self.prescriber,
            now=NOW,
        )

    def told(self):
        lines = [
            f"state machine on {connection.vendor}: {self.examples} examples, {self.steps} steps, "
            f"{sum(self.tried.values())} actions, {sum(self.refused.values())} of them refused"
        ]
        for name in sorted(self.tried):
            done = self.tried[name] - self.refused[name]
            why = ", ".join(f"{code} {n}" for (what, code), n in self.codes.most_common() if what == name)
            lines.append(f"  {name:<16}{done:>6} done {self.refused[name]:>6} refused  {why}")
        return "\n".join(lines)


class Desk(RuleBasedStateMachine):
    """A schedule, a clock, and what there is to work on; its rules are in `test_machine`."""

    world: World

    def __init__(self):
        super().__init__()
        self.example = transaction.atomic()
        self.example.__enter__()
        self.clinic, self.by = self.world.clinic, self.world.prescriber
        self.now, self.closed = NOW, False
        self.before: dict[int, laws.OfPatient] = {}
        self.is_now = self.read()
        self.world.examples += 1

    def teardown(self):
        transaction.set_rollback(True)
        self.example.__exit__(None, None, None)

    def read(self):
        found = laws.read(self.clinic)
        found.min_interval_days = regimen_of(self.world.regimen).min_interval_days
        return found

    def act(self, name, action, back=False, **arguments):
        """Do it. Refused, it changes nothing at all; done, every law holds and what stood before is remembered.
        With ``back`` it is undone at once.
        """
        was, seen = self.is_now, set(ScheduleChange.objects.of(self.clinic).values_list("pk", flat=True))
        self.world.tried[name] += 1
        self.world.steps += 1
        try:
            done = action(**arguments)
        except Refused as refused:
            self.world.refused[name] += 1
            self.world.codes.update((name, code) for code in set(refused.codes))
            done = None
        self.is_now = self.read()
        for patient in {row.patient_id for row in was.courses}:
            if done is None:
                assert self.is_now.of(patient) == was.of(patient), f"{name} was refused and changed something"
        laws.check(self.is_now, was)
        for change in ScheduleChange.objects.of(self.clinic).exclude(pk__in=seen):
            self.before[change.pk] = was.of(change.patient_id)
        if back and done is not None:
            self.take_back()
        return done

    def take_back(self):
        """Undo the newest change: everything of its patient is what it was before; returns the change."""
        change = queries.schedule_change(self.clinic, self.latest().pk)
        if self.act("undo", actions.undo_change, change=change, **self.told()) is None:
            return None
        was, is_now = self.before[change.pk], self.is_now.of(change.patient_id)
        assert is_now.visits == was.visits
        assert (is_now.course, is_now.decisions) == (was.course, was.decisions)
        assert [each[-3:] for each in is_now.infusions] == [each[-3:] for each in was.infusions]
        if not self.closed:
            # Undoing plans the course anew, and a day that has been shut since is no day to plan for.
            assert is_now.infusions == was.infusions
        return change

    # --- what there is to work on

    def plan(self, number):
        key = self.world.courses[number % PATIENTS].pk
        return queries.read_plan(queries.course(self.clinic, key))

    def pairs(self, booked):
        """Courses of whose induction pair so many are booked, by their places in the world's list."""
        found = Counter({course.pk: 0 for course in self.world.courses})
        for row in self.is_now.infusions:
            if row.ordinal <= 2:
                found[row.course_id] += self.is_now.visit_of(row) is not None
                found[row.course_id] -= 9 * (row.state != "planned")
        return [n for n, course in enumerate(self.world.courses) if found[course.pk] == booked]

    def pair(self, number, booked):
        pairs = self.pairs(booked)
        return self.plan(pairs[number % len(pairs)])

    def standing(self):
        return [visit for visit in self.is_now.standing if visit.starts_at > self.now]

    def neighbours(self):
        """Two visits of one day, each way round."""
        found = [(one, laws.day_of(one, self.clinic)) for one in self.standing()]
        return [(one, other) for one, day in found for other, same in found if one != other and day == same]

    def some_visit(self, number):
        return queries.visit(self.clinic, self.standing()[number % len(self.standing())].pk)

    def open_rows(self):
        return [
            row
            for row in self.is_now.infusions
            if row.state == "planned"
            and self.is_now.visit_of(row) is None
            and row.latest_on > self.now.date()
        ]

    def doses(self):
        """Doses about which something can be decided: every other one is booked, where there are any."""
        rows = [row for row in self.is_now.infusions if row.state == "planned" and row.ordinal > 1]
        booked = [row for row in rows if self.is_now.visit_of(row)]
        return [row for both in zip(booked * len(rows), rows, strict=False) for row in both] or rows

    def dose(self, number):
        doses = self.doses()
        return queries.planned_infusion(self.clinic, doses[number % len(doses)].pk)

    def told(self):
        return {"by": self.by, "now": self.now}

    def seat(self, on, hour, chair, nurse):
        chairs = list(Chair.objects.of(self.clinic).order_by("pk"))
        nurses = list(Membership.objects.of(self.clinic).filter(role="nurse").order_by("pk"))
        starts = datetime.combine(on, time(hour), tzinfo=self.clinic.zone).astimezone(NOW.tzinfo)
        return Seat(starts, chairs[chair % CHAIRS].pk, nurses[nurse % NURSES].pk)

    def another_nurse(self, key):
        nurses = Membership.objects.of(self.clinic).filter(role="nurse").order_by("pk")
        return nurses.exclude(pk=key)[0].pk

    def latest(self):
        """The newest change of all, where its patient has heard nothing of it yet."""
        newest = ScheduleChange.objects.of(self.clinic).filter(undone_at__isnull=True).order_by("-at", "-id")
        for change in newest[:1]:
            if self.now - change.at < timedelta(seconds=self.clinic.notice_delay_seconds):
                return change
        return None

    def same(self, name, action, **arguments):
        """The same click once more changes nothing."""
        was = self.is_now
        self.act(name, action, **arguments)
        for course in was.courses:
            assert self.is_now.of(course.patient_id) == was.of(course.patient_id)
