"""The waiting list: who joins and leaves, what an offer keeps, and who gets the time."""

from datetime import date, timedelta

import pytest

from clinics.domain.refusals import Refused
from clinics.models import AuditEntry
from patients.models import Wishes
from scheduling.actions import cancel_visit, move_visit, undo_change, waiting
from scheduling.domain.booking import Seat
from scheduling.domain.waiting import Freed
from scheduling.models import ChairHold, PlannedInfusion, Visit, VisitVersion, WaitlistEntry, WaitlistOffer
from scheduling.queries import latest_change, read_days
from scheduling.queries import waiting as queries
from tests import factory

from .arranged import NOW, a_freed_time, a_patient, at, offered, refusal, third, visit_of, waits

pytestmark = pytest.mark.django_db
HOURS = timedelta(hours=1)


def states(offers):
    return [WaitlistOffer.objects.get(pk=each.pk).state for each in offers]


# --- joining and leaving ---------------------------------------------------------------------------------------------
def test_joining_twice_is_one_entry_and_one_audit_row(clinic, desk):
    patient = a_patient(clinic)
    first, second = waits(patient, desk), waits(patient, desk, now=NOW + HOURS)
    assert (first.pk, first.at, WaitlistEntry.objects.count()) == (second.pk, NOW, 1)
    assert AuditEntry.objects.filter(verb="joined waiting list").count() == 1


def test_joining_again_keeps_the_place_and_takes_what_is_said_now(clinic, desk):
    patient = a_patient(clinic)
    waits(patient, desk)
    entry = waits(patient, desk, now=NOW + HOURS, from_on=date(2031, 3, 12), note="not on school runs")
    assert (entry.at, entry.from_on, entry.note) == (NOW, date(2031, 3, 12), "not on school runs")


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda patient: type(patient).objects.filter(pk=patient.pk).update(deceased=True), "deceased"),
        (
            lambda patient: type(third(patient)).objects.filter(patient=patient).update(state="omitted"),
            "not_planned",
        ),
        (lambda patient: Visit.objects.filter(patient=patient).update(status="arrived"), "not_movable"),
    ],
)
def test_joining_is_refused_where_nothing_could_come_earlier(clinic, change, code):
    patient = a_patient(clinic)
    change(patient)
    assert refusal(waiting.join, planned=third(patient)).codes == (code,)


def test_leaving_ends_the_entry_and_its_offers_and_frees_the_chair(clinic, desk):
    freed, entry = a_freed_time(clinic), waits(a_patient(clinic), desk)
    offers = offered(clinic, freed, [entry])
    left = waiting.leave(entry=entry, by=desk, now=NOW + HOURS)
    assert (left.state, left.ended_at, states(offers)) == ("withdrawn", NOW + HOURS, ["declined"])
    assert ChairHold.objects.get().released_at == NOW + HOURS
    assert waiting.leave(entry=entry, by=desk, now=NOW + 2 * HOURS).ended_at == NOW + HOURS
    assert waits(left.patient, desk).pk != entry.pk


# --- who may be offered a time ---------------------------------------------------------------------------------------
def answer(clinic, freed, now=NOW):
    day = read_days(clinic, [freed.starts.date()], now=now)[freed.starts.date()]
    found = queries.answers(queries.read_waiting(clinic, now=now), freed, day, now=now)
    return [
        (each.waiting.entry.pk, each.against and [reason.code for reason in each.against.reasons])
        for each in found
    ]


def test_those_who_fit_come_in_the_stated_order_and_the_others_with_reasons(clinic, desk):
    freed = a_freed_time(clinic)
    late = waits(a_patient(clinic, 20, chair=1, nurse=1, closes=date(2031, 4, 10)), now=NOW - HOURS)
    soon = waits(a_patient(clinic, 21, closes=date(2031, 4, 1)))
    earlier = waits(a_patient(clinic, 10, chair=1, nurse=1))
    wishes = waits(a_patient(clinic, 24))
    Wishes.objects.create(clinic=clinic, patient=wishes.patient, weekdays=[3], notice_hours=300)
    unbooked = waits(a_patient(clinic, None, closes=date(2031, 4, 5)))
    assert answer(clinic, freed) == [
        (soon.pk, None),
        (unbooked.pk, None),
        (late.pk, None),
        (earlier.pk, ["not_earlier"]),
        (wishes.pk, ["patient_notice", "wish_weekday"]),
    ]


def test_number_of_queries_does_not_grow_with_the_list(clinic, django_assert_num_queries):
    freed = a_freed_time(clinic)
    waits(a_patient(clinic, 20))
    with django_assert_num_queries(8):
        queries.read_waiting(clinic, now=NOW)
    for day in (21, 24, 25):
        waits(a_patient(clinic, day))
    with django_assert_num_queries(8):
        read = queries.read_waiting(clinic, now=NOW)
    assert len(read.waiting) == 4
    assert freed.starts == at(11)


def test_a_day_that_held_windows_need_is_offered_to_nobody_from_another_day(clinic, desk):
    freed, entry = a_freed_time(clinic), waits(a_patient(clinic, 20))
    clinic.chairs.exclude(pk=freed.chair).update(in_service=False)
    this_day = {"earliest_on": at(11).date(), "latest_on": at(11).date(), "held_at": NOW, "held_minutes": 285}
    holding = [third(a_patient(clinic, None)) for _ in range(2)]
    # One chair takes two such visits a day.
    for row, expected in zip(holding, ([], ["kept_for_holds"]), strict=True):
        PlannedInfusion.objects.filter(pk=row.pk).update(**this_day)
        assert answer(clinic, freed) == [(entry.pk, expected or None)]
    assert [fits for *_, fits in freed_times(clinic)] == [0]
    with pytest.raises(Refused) as refused:
        offered(clinic, freed, [entry])
    assert refused.value.codes == ("kept_for_holds",)
    own = waits(holding[0].patient)
    assert (own.pk, None) in answer(clinic, freed)


def test_another_clinics_patients_are_not_in_the_answer(clinic):
    freed = a_freed_time(clinic)
    waits(a_patient(factory.make_clinic()))
    assert answer(clinic, freed) == []


# --- times that came free --------------------------------------------------------------------------------------------
def freed_times(clinic, now=NOW):
    return [
        (each.starts, each.ends, each.chair.pk, each.fits)
        for each in queries.freed_times(clinic, queries.read_waiting(clinic, now=now), now=now)
    ]


def test_cancelled_and_moved_times_are_proposed_while_they_are_free_and_not_too_near(clinic, desk):
    freed = a_freed_time(clinic)
    waits(a_patient(clinic, 20))
    moved = visit_of(a_patient(clinic, 14, chair=1, nurse=1))
    seat = Seat(at(17), moved.chair_id, moved.nurse_id)
    move_visit(visit=moved, seat=seat, version=1, reason="asked", by=desk, now=NOW)
    assert freed_times(clinic) == [
        (at(11), at(11, 18), freed.chair, 1),
        (at(14), at(14, 18), moved.chair_id, 1),
    ]
    assert freed_times(clinic, at(10)) == [
        (at(11), at(11, 18), freed.chair, 1),
        (at(14), at(14, 18), moved.chair_id, 1),
    ]
    assert freed_times(clinic, at(10) + timedelta(minutes=1)) == [(at(14), at(14, 18), moved.chair_id, 1)]


def test_time_taken_again_or_on_offer_is_not_proposed(clinic):
    freed = a_freed_time(clinic)
    offered(clinic, freed, [waits(a_patient(clinic, 20))])
    assert freed_times(clinic) == []
    assert freed_times(clinic, NOW + 3 * HOURS) == [(at(11), at(11, 18), freed.chair, 1)]
    a_patient(clinic, 11)
    assert freed_times(clinic, NOW + 3 * HOURS) == []


def test_time_given_up_long_ago_is_not_proposed(clinic):
    leaving = visit_of(a_patient(clinic, 28))
    cancel_visit(visit=leaving, reason="ill", by=None, now=NOW)
    assert [each[0] for each in freed_times(clinic, NOW + timedelta(days=14))] == [at(28)]
    assert freed_times(clinic, NOW + timedelta(days=14, seconds=1)) == []


# --- offering --------------------------------------------------------------------------------------------------------
def test_offer_keeps_the_chair_for_as_long_as_the_clinic_says_and_ranks_as_stated(clinic, desk):
    freed = a_freed_time(clinic)
    second, first = waits(a_patient(clinic, 20)), waits(a_patient(clinic, 21, closes=date(2031, 4, 1)))
    offers = offered(clinic, freed, [second, first], desk)
    assert [(each.entry_id, each.rank, each.starts_at, each.expires_at) for each in offers] == [
        (first.pk, 1, at(11), NOW + 2 * HOURS),
        (second.pk, 2, at(11), NOW + 2 * HOURS),
    ]
    hold = ChairHold.objects.get()
    assert (hold.starts_at, hold.ends_at, hold.chair_id, hold.expires_at) == (
        at(11),
        max(each.ends_at for each in offers),
        freed.chair,
        NOW + 2 * HOURS,
    )
    assert AuditEntry.objects.filter(verb="offered earlier time").count() == 2


def test_offering_twice_is_one_hold(clinic, desk):
    freed, entry = a_freed_time(clinic), waits(a_patient(clinic, 20))
    assert offered(clinic, freed, [entry]) == offered(clinic, freed, [entry], now=NOW + HOURS)
    assert (ChairHold.objects.count(), WaitlistOffer.objects.count()) == (1, 1)


def test_offer_ends_when_the_time_begins(clinic):
    clinic.waitlist_notice_hours = 0
    clinic.save()
    freed, entry = a_freed_time(clinic), waits(a_patient(clinic, 20))
    assert offered(clinic, freed, [entry], now=at(11, 8))[0].expires_at == at(11, 9)


def test_nobody_else_can_book_a_time_on_offer_and_everybody_can_once_it_has_run_out(clinic, desk):
    freed = a_freed_time(clinic)
    offered(clinic, freed, [waits(a_patient(clinic, 20))])
    other = visit_of(a_patient(clinic, 25))
    nurse = clinic.memberships.filter(role="nurse").last()
    there = {"visit": other, "seat": Seat(at(11, 10), freed.chair, nurse.pk), "version": 1, "reason": "asked"}
    assert refusal(move_visit, **there, now=NOW + 2 * HOURS - timedelta(seconds=1)).codes == (
        "kept_for_waitlist",
    )
    assert move_visit(**there, by=desk, now=NOW + 2 * HOURS).starts_at == at(11, 10)


def test_offer_is_refused_to_nobody_and_to_whom_it_does_not_fit(clinic):
    freed = a_freed_time(clinic)
    earlier = waits(a_patient(clinic, 10, given_name="Ada", family_name="Byron"))
    fits = waits(a_patient(clinic, 20))
    assert refusal(waiting.offer_time, clinic=clinic, freed=freed, entries=[]).codes == ("nobody_chosen",)
    refused = refusal(waiting.offer_time, clinic=clinic, freed=freed, entries=[earlier.pk, fits.pk])
    assert [(reason.code, reason.message) for reason in refused.reasons] == [
        ("not_earlier", "Ada Byron: The visit booked now is not later than this time.")
    ]
    assert ChairHold.objects.count() == 0


def test_who_has_an_open_offer_is_not_offered_another(clinic):
    freed, other = a_freed_time(clinic), a_freed_time(clinic, 12)
    entry = waits(a_patient(clinic, 20))
    offered(clinic, freed, [entry])
    assert refusal(waiting.offer_time, clinic=clinic, freed=other, entries=[entry.pk]).codes == (
        "offer_open",
    )


def test_time_is_offered_anew_once_it_has_run_out_though_no_job_ran(clinic):
    freed, entry = a_freed_time(clinic), waits(a_patient(clinic, 20))
    first = offered(clinic, freed, [entry])[0]
    second = offered(clinic, freed, [entry], now=NOW + 2 * HOURS)[0]
    assert (second.expires_at, ChairHold.objects.count()) == (NOW + 4 * HOURS, 2)
    assert refusal(waiting.accept, offer=first, now=NOW + 2 * HOURS).codes == ("offer_lapsed",)
    assert waiting.accept(offer=second, by=None, now=NOW + 2 * HOURS).starts_at == at(11)


def test_foreign_entry_is_never_offered_anything(clinic):
    freed = a_freed_time(clinic)
    foreign = waits(a_patient(factory.make_clinic()))
    assert refusal(waiting.offer_time, clinic=clinic, freed=freed, entries=[foreign.pk]).codes == (
        "no_longer_fits",
    )


# --- answering -------------------------------------------------------------------------------------------------------
def test_first_to_accept_is_moved_and_the_others_are_told(clinic, desk):
    freed = a_freed_time(clinic)
    one, two = a_patient(clinic, 20), a_patient(clinic, 21)
    offers = offered(clinic, freed, [waits(one), waits(two)])
    moved = waiting.accept(offer=offers[1], by=desk, now=NOW + HOURS)
    winner = offers[1].patient
    assert (moved.patient, moved.starts_at, moved.chair_id, moved.version) == (winner, at(11), freed.chair, 2)
    assert states(offers) == ["gone", "accepted"]
    assert ChairHold.objects.get().released_at == NOW + HOURS
    loser = offers[0].patient
    before = visit_of(loser).starts_at
    assert refusal(waiting.accept, offer=offers[0]).codes == ("time_gone",)
    assert (visit_of(loser).starts_at, visit_of(loser).version) == (before, 1)
    assert WaitlistEntry.objects.get(patient=winner).state == "moved"
    assert WaitlistEntry.objects.get(patient=loser).state == "waiting"
    last = VisitVersion.objects.filter(visit=moved).last()
    assert (last.change, last.reason) == ("moved", "Accepted an earlier time from the waiting list")


def test_accepting_twice_moves_once(clinic, desk):
    freed, patient = a_freed_time(clinic), a_patient(clinic, 20)
    offers = offered(clinic, freed, [waits(patient)])
    first = waiting.accept(offer=offers[0], by=desk, now=NOW)
    second = waiting.accept(offer=offers[0], by=desk, now=NOW)
    assert (first.pk, first.version, second.version) == (second.pk, 2, 2)


def test_who_came_earlier_by_mistake_waits_again_once_that_is_undone(clinic, desk):
    freed, patient = a_freed_time(clinic), a_patient(clinic, 20)
    entry = waits(patient)
    offers = offered(clinic, freed, [entry])
    waiting.accept(offer=offers[0], by=desk, now=NOW)
    undo_change(change=latest_change(patient), by=desk, now=NOW + timedelta(seconds=60))
    entry.refresh_from_db()
    assert (visit_of(patient).starts_at, entry.state, entry.ended_at) == (at(20), "waiting", None)
    again = offered(clinic, freed, [entry], now=NOW + timedelta(seconds=70))
    assert waiting.accept(offer=again[0], by=desk, now=NOW + HOURS).starts_at == at(11)


def test_undoing_another_move_puts_nobody_on_the_waiting_list(clinic, desk):
    freed, patient = a_freed_time(clinic), a_patient(clinic, 20)
    offers = offered(clinic, freed, [waits(patient)])
    visit = waiting.accept(offer=offers[0], by=desk, now=NOW)
    seat = Seat(at(12), visit.chair_id, visit.nurse_id)
    move_visit(visit=visit, seat=seat, version=2, reason="asked", by=desk, now=NOW + HOURS)
    undo_change(change=latest_change(patient), by=desk, now=NOW + HOURS)
    assert WaitlistEntry.objects.get(patient=patient).state == "moved"


def test_unbooked_infusion_is_booked_by_accepting(clinic, desk):
    freed, patient = a_freed_time(clinic), a_patient(clinic, None)
    offers = offered(clinic, freed, [waits(patient)])
    visit = waiting.accept(offer=offers[0], by=desk, now=NOW)
    assert (visit.patient, visit.starts_at, visit.version, visit.status) == (patient, at(11), 1, "booked")


def test_offer_that_has_run_out_is_refused_whether_or_not_the_job_ran(clinic):
    freed = a_freed_time(clinic)
    offers = offered(clinic, freed, [waits(a_patient(clinic, 20))])
    late = NOW + 2 * HOURS
    assert refusal(waiting.accept, offer=offers[0], now=late).codes == ("offer_lapsed",)
    assert (
        waiting.lapse(now=late - timedelta(seconds=1)),
        waiting.lapse(now=late),
        waiting.lapse(now=late),
    ) == (0, 1, 0)
    assert (states(offers), ChairHold.objects.get().released_at) == (["lapsed"], late)
    assert refusal(waiting.accept, offer=offers[0], now=late).codes == ("offer_lapsed",)


def test_withdrawn_clearance_leaves_the_visit_and_the_offer_as_they_are(clinic, desk):
    freed, patient = a_freed_time(clinic), a_patient(clinic, 20)
    offers = offered(clinic, freed, [waits(patient)])
    clearance = third(patient).course.clearance
    clearance.withdrawn_at = NOW
    clearance.save()
    assert refusal(waiting.accept, offer=offers[0]).codes == ("clearance_withdrawn",)
    assert (visit_of(patient).starts_at, states(offers), ChairHold.objects.get().released_at) == (
        at(20),
        ["open"],
        None,
    )


def test_visit_moved_earlier_meanwhile_is_not_moved_back(clinic, desk):
    freed, patient = a_freed_time(clinic), a_patient(clinic, 20)
    offers = offered(clinic, freed, [waits(patient)])
    visit = visit_of(patient)
    move_visit(
        visit=visit,
        seat=Seat(at(10), visit.chair_id, visit.nurse_id),
        version=1,
        reason="asked",
        by=desk,
        now=NOW,
    )
    assert refusal(waiting.accept, offer=offers[0]).codes == ("not_earlier",)
    assert visit_of(patient).starts_at == at(10)


def test_nurse_who_is_busy_after_all_is_replaced(clinic, desk):
    freed, patient = a_freed_time(clinic), a_patient(clinic, 20)
    offers = offered(clinic, freed, [waits(patient)])
    nurse = ChairHold.objects.get().nurse
    nurse.shifts.all().delete()
    assert waiting.accept(offer=offers[0], by=desk, now=NOW).nurse_id != nurse.pk


def test_declining_keeps_the_patient_waiting_and_frees_the_chair_with_the_last(clinic, desk):
    freed = a_freed_time(clinic)
    offers = offered(clinic, freed, [waits(a_patient(clinic, 20)), waits(a_patient(clinic, 21))])
    waiting.decline(offer=offers[0], by=desk, now=NOW)
    assert ChairHold.objects.get().released_at is None
    waiting.decline(offer=offers[1], by=desk, now=NOW + HOURS)
    assert (states(offers), ChairHold.objects.get().released_at) == (["declined", "declined"], NOW + HOURS)
    assert set(WaitlistEntry.objects.values_list("state", flat=True)) == {"waiting"}
    assert [codes for _, codes in answer(clinic, freed)] == [["declined_before"], ["declined_before"]]
    assert refusal(waiting.accept, offer=offers[0]).codes == ("offer_answered",)


def test_accepted_offer_cannot_be_declined(clinic, desk):
    freed = a_freed_time(clinic)
    offers = offered(clinic, freed, [waits(a_patient(clinic, 20))])
    waiting.accept(offer=offers[0], by=desk, now=NOW)
    assert refusal(waiting.decline, offer=offers[0]).codes == ("offer_answered",)


def test_entry_for_an_infusion_no_longer_planned_is_closed_by_the_job(clinic):
    over, stays = waits(a_patient(clinic, 20)), waits(a_patient(clinic, 21))
    type(third(over.patient)).objects.filter(pk=over.planned_infusion_id).update(state="omitted")
    waiting.lapse(now=NOW)
    assert [WaitlistEntry.objects.get(pk=each.pk).state for each in (over, stays)] == ["over", "waiting"]


def test_freed_time_knows_no_other_clinics_chair(clinic):
    foreign = a_freed_time(factory.make_clinic())
    entry = waits(a_patient(clinic, 20))
    found = refusal(
        waiting.offer_time, clinic=clinic, freed=Freed(foreign.starts, foreign.chair), entries=[entry.pk]
    )
    assert found.codes == ("too_long",)
