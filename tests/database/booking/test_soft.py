"""Rules that are passed knowingly: by whom, with which reason, and what stays on record of it."""

from datetime import UTC, datetime

import pytest
from django.db import DatabaseError, transaction

from clinics.models import AuditEntry
from patients.models import Wishes
from scheduling import actions, queries
from scheduling.domain.booking import Seat
from scheduling.domain.soft import Accepted
from scheduling.models import RuleBreach, Visit
from tests.database.booking.arranged import (
    NOW,
    a_course,
    at,
    book,
    booked,
    chairs,
    codes,
    move,
    nurses,
    pair,
    refusal,
    seat,
)
from tests.factory import make_clinic, make_member, make_patient

pytestmark = pytest.mark.django_db
BOTH = frozenset({"nurse_starting", "nurse_full"})


@pytest.fixture
def prescriber(clinic):
    return make_member(clinic, "prescriber").user


@pytest.fixture
def crowded(clinic, desk):
    """The first nurse sets up a first infusion at nine."""
    return actions.book_single(by=desk, now=NOW, **book(a_course(clinic), at(10)))


def test_a_soft_rule_is_passed_with_a_reason_that_is_kept(clinic, desk, course, crowded):
    wanted = book(course, at(10), chair=1)
    assert set(codes(actions.book_single, by=desk, **wanted)) == BOTH
    visit = actions.book_single(by=desk, now=NOW, accepted=Accepted(BOTH, " Travels from far "), **wanted)
    breach = RuleBreach.objects.get()
    assert (breach.visit, breach.visit_version, breach.by, breach.at) == (visit, 1, desk, NOW)
    assert (set(breach.codes), breach.reason) == (BOTH, "Travels from far")
    assert len(breach.words) == 2
    entry = AuditEntry.objects.get(verb="passed a soft rule")
    assert (entry.subject_id, entry.changes["reason"]) == (str(visit.pk), "Travels from far")
    assert queries.breaches(clinic, [visit, crowded]) == {visit.pk: breach}


def test_what_was_not_shown_is_warned_of_again(clinic, desk, course, crowded):
    wanted = book(course, at(10), chair=1)
    some = Accepted(frozenset({"nurse_starting"}), "Travels from far")
    assert set(codes(actions.book_single, by=desk, accepted=some, **wanted)) == BOTH
    assert (RuleBreach.objects.count(), Visit.objects.count()) == (0, 1)


def test_a_rule_is_not_passed_without_a_word_why(clinic, desk, course, crowded):
    found = codes(
        actions.book_single, by=desk, accepted=Accepted(BOTH, "  "), **book(course, at(10), chair=1)
    )
    assert found[-1] == "accepted_reason_missing"
    assert Visit.objects.count() == 1


def test_nothing_is_noted_where_nothing_is_broken(clinic, desk, course):
    actions.book_single(by=desk, now=NOW, accepted=Accepted(BOTH, ""), **book(course, at(10)))
    assert RuleBreach.objects.count() == 0


def test_absolute_rules_are_not_passed(clinic, desk, course, crowded):
    everything = Accepted(
        frozenset({"just_taken", "chair_taken", "nurse_off_duty", "outside_hours", "nurse_full"}), "Urgent"
    )
    wanted = {"by": desk, "accepted": everything}
    assert codes(actions.book_single, **wanted, **book(course, at(10))) == ("just_taken",)
    assert codes(actions.book_single, **wanted, **book(course, at(10, 7), chair=1, nurse=1)) == (
        "outside_hours",
        "nurse_off_duty",
    )


def test_leaving_the_window_is_a_prescribers_decision(clinic, desk, prescriber, course):
    planned = course.planned_infusions.get(ordinal=3)
    early = Seat(datetime(2031, 9, 9, 8, tzinfo=UTC), chairs(clinic)[0], nurses(clinic)[0])
    wanted = {"planned": planned, "seat": early, "accepted": Accepted(frozenset({"outside_window"}), "Trip")}
    assert codes(actions.book_single, by=desk, **wanted) == ("outside_window",)
    assert codes(actions.book_single, by=None, **wanted) == ("outside_window",)
    visit = actions.book_single(by=prescriber, now=NOW, **wanted)
    assert RuleBreach.objects.get(visit=visit).codes == ["outside_window"]


def test_a_colleague_of_another_clinic_passes_nothing(clinic, course, crowded):
    elsewhere = make_member(make_clinic(), "prescriber").user
    found = codes(
        actions.book_single, by=elsewhere, accepted=Accepted(BOTH, "x"), **book(course, at(10), chair=1)
    )
    assert set(found) == BOTH


def test_the_minimum_interval_is_nobodys_to_pass(clinic, prescriber, course):
    booked(course, prescriber)
    planned = course.planned_infusions.get(ordinal=3)
    near = Seat(datetime(2031, 5, 12, 8, tzinfo=UTC), chairs(clinic)[0], nurses(clinic)[0])
    everything = Accepted(frozenset({"outside_window", "interval_too_short"}), "Trip")
    found = codes(actions.book_single, planned=planned, seat=near, by=prescriber, accepted=everything)
    assert found == ("outside_window", "interval_too_short")


def test_both_of_a_pair_on_one_day_are_nobodys_to_pass(clinic, prescriber, course):
    wanted = {"first": seat(clinic, at(10, 8)), "second": seat(clinic, at(10, 14), chair=1)}
    passing = Accepted(frozenset({"outside_window", "outside_hours"}), "Trip")
    found = codes(actions.book_pair, course=course, by=prescriber, accepted=passing, **wanted)
    assert "infusion_same_day" in found


def test_a_year_far_off_is_nobodys_to_pass(clinic, prescriber, course):
    far = Seat(datetime(2999, 1, 7, 9, tzinfo=UTC), chairs(clinic)[0], nurses(clinic)[0])
    found = codes(
        actions.book_single,
        planned=course.planned_infusions.get(ordinal=1),
        seat=far,
        by=prescriber,
        accepted=Accepted(frozenset({"outside_window"}), "Trip"),
    )
    assert found == ("outside_window", "too_far")


def test_a_breach_of_a_pair_is_noted_on_the_visit_it_is_about(clinic, desk, course):
    actions.book_single(by=desk, now=NOW, **book(a_course(clinic), at(10)))
    first, _ = actions.book_pair(
        course=course,
        by=desk,
        now=NOW,
        accepted=Accepted(BOTH, "Travels from far"),
        first=seat(clinic, at(10), chair=1),
        second=seat(clinic, at(24), chair=1),
    )
    assert [row.visit for row in RuleBreach.objects.all()] == [first]


def test_moving_passes_rules_too_and_the_newest_place_counts(clinic, desk, course, crowded):
    first, _ = booked(course, desk, nurse=1, chair=1)
    assert set(codes(actions.move_visit, by=desk, **move(first, at(10, 9), chair=1))) == BOTH
    actions.move_visit(
        by=desk, now=NOW, accepted=Accepted(BOTH, "Asked for it"), **move(first, at(10, 9), chair=1)
    )
    first.refresh_from_db()
    assert RuleBreach.objects.get().visit_version == 2
    assert list(queries.breaches(clinic, [first])) == [first.pk]
    actions.move_visit(by=desk, now=NOW, **move(first, at(10, 9), version=2, chair=1, nurse=1))
    assert queries.breaches(clinic, [first]) == {}
    assert len(queries.breaches_of(first)) == 1


def test_a_patient_who_needs_a_bed_is_seated_elsewhere_only_with_a_reason(clinic, desk, course):
    Wishes.objects.create(clinic=clinic, patient=course.patient, place="bed")
    found = refusal(actions.book_single, by=desk, **book(course, at(10)))
    assert (found.codes, found.reasons[0].message) == (
        ("not_a_bed",),
        "The patient needs a bed; Chair 1 is none.",
    )
    clinic.chairs.filter(name="Chair 2").update(kind="bed")
    plan = queries.read_plan(course)
    assert queries.seat_at(plan, course.planned_infusions.get(ordinal=1), at(10), now=NOW) == seat(
        clinic, at(10), chair=1
    )
    assert actions.book_single(by=desk, now=NOW, **book(course, at(10), chair=1)).status == "booked"


def test_more_than_the_pharmacy_prepares_in_an_hour_is_passed_with_a_reason(desk):
    clinic = make_clinic(chairs=3, nurses=2, prep_per_hour=1)
    actions.book_single(by=desk, now=NOW, **book(a_course(clinic), at(10)))
    wanted = book(a_course(clinic), at(10, 9, 30), chair=1, nurse=1)
    assert codes(actions.book_single, by=desk, **wanted) == ("prep_full",)
    member = make_member(clinic).user
    actions.book_single(
        by=member, now=NOW, accepted=Accepted(frozenset({"prep_full"}), "Pharmacy agreed"), **wanted
    )
    assert RuleBreach.objects.get().codes == ["prep_full"]


def test_a_typed_time_finds_the_free_chair_and_the_nurse_with_most_left(desk):
    clinic = make_clinic(chairs=4, nurses=2)
    for chair, nurse in ((0, 0), (1, 1)):
        actions.book_single(by=desk, now=NOW, **book(a_course(clinic), at(10), chair=chair, nurse=nurse))
    course = a_course(clinic)
    plan, planned = queries.read_plan(course), course.planned_infusions.get(ordinal=1)
    assert queries.seat_at(plan, planned, at(10), now=NOW) == seat(clinic, at(10), chair=2)
    follow_up = {"patient": make_patient(clinic), "title": "Bloods", "starts_at": at(10, 17), "minutes": 30}
    nurse = clinic.memberships.get(pk=nurses(clinic)[0])
    actions.book_follow_up(by=desk, now=NOW, nurse=nurse, **follow_up)
    assert queries.seat_at(plan, planned, at(10), now=NOW) == seat(clinic, at(10), chair=2, nurse=1)


@pytest.mark.parametrize("verb", ["update", "delete"])
def test_a_breach_is_never_changed(clinic, desk, course, crowded, verb):
    actions.book_single(by=desk, now=NOW, accepted=Accepted(BOTH, "x"), **book(course, at(10), chair=1))
    rows = RuleBreach.objects.all()
    change = {"update": lambda: rows.update(reason="other"), "delete": rows.delete}[verb]
    with pytest.raises(DatabaseError), transaction.atomic():
        change()
    assert RuleBreach.objects.get().reason == "x"


def test_the_same_click_twice_breaks_a_rule_once(clinic, desk, course, crowded):
    for _ in range(2):
        actions.book_single(by=desk, now=NOW, accepted=Accepted(BOTH, "x"), **book(course, at(10), chair=1))
    assert RuleBreach.objects.count() == 1


def test_passing_a_rule_takes_few_queries_more(clinic, desk, course, crowded, django_assert_max_num_queries):
    course = queries.course(clinic, course.pk)
    wanted = pair(clinic, chair=1)
    with django_assert_max_num_queries(31):
        actions.book_pair(course=course, by=desk, now=NOW, accepted=Accepted(BOTH, "x"), **wanted)
