"""A patient confirms, gives up or moves a visit, and staff answer what was only asked."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, time, timedelta
from uuid import uuid4

import pytest
from django.db import connection

from clinics.domain.refusals import Refused
from clinics.models import StaffTask
from patients.models import Patient
from scheduling.actions import answers
from scheduling.actions.answers import accept_request, answer_visit, refuse_request
from scheduling.models import Visit, VisitAnswer, VisitVersion
from scheduling.queries.answers import confirmed, free_times, is_free, requests, times_for
from tests.database.booking.arranged import a_course
from tests.factory import change_visit, make_clinic, make_member, make_patient, make_user, make_visit

pytestmark = pytest.mark.django_db
NOW = datetime(2031, 3, 3, 7, tzinfo=UTC)


@pytest.fixture
def clinic():
    return make_clinic(chairs=2, nurses=2, portal_moves="book", portal_notice_hours=48)


def maintenance(clinic, patient=None):
    """The visit of a third infusion: the first two were given half a year ago."""
    course = a_course(clinic, patient=patient, start_on=date(2030, 9, 12), maintenance=2)
    first, second, third = course.planned_infusions.order_by("ordinal")[:3]
    for row, on in ((first, date(2030, 9, 12)), (second, date(2030, 9, 26))):
        row.state, row.given_on = "given", on
        row.save()
    starts = datetime.combine(third.planned_on, time(9), tzinfo=clinic.zone).astimezone(UTC)
    return make_visit(course.patient, starts_at=starts, planned_infusion=third, at=NOW - timedelta(days=30))


@pytest.fixture
def visit(clinic):
    return maintenance(clinic)


def say(visit, answer, *, version=None, key=None, now=NOW, **more):
    visit.refresh_from_db()
    by = make_user(door="portal")
    told = {"version": version or visit.version, "key": key or uuid4(), "by": by, "now": now}
    return answer_visit(visit=visit, answer=answer, **told, **more)


def status(visit):
    visit.refresh_from_db()
    return visit.status, visit.starts_at


def test_confirmation_counts_until_the_visit_moves(clinic, visit):
    assert say(visit, "confirmed").state == "noted"
    assert confirmed(clinic, [visit]) == {visit.pk}
    change_visit(
        visit,
        "moved",
        starts_at=visit.starts_at + timedelta(days=1),
        ends_at=visit.ends_at + timedelta(days=1),
    )
    assert confirmed(clinic, [visit]) == frozenset()


def test_form_sent_twice_is_one_answer(clinic, visit):
    key = uuid4()
    first = say(visit, "confirmed", key=key)
    assert say(visit, "confirmed", key=key) == first
    assert VisitAnswer.objects.of(clinic).count() == 1


def test_visit_given_up_in_time_is_cancelled_and_the_dose_waits_to_be_booked(clinic, visit):
    row = say(visit, "cannot_come", reason="travel")
    planned = visit.planned_infusion
    planned.refresh_from_db()
    assert (row.state, status(visit)[0], planned.state) == ("done", "cancelled", "planned")
    (task,) = StaffTask.objects.of(clinic).filter(kind="call_patient")
    assert (task.cause, task.role) == (f"visit_answer:{row.pk}", "receptionist")


def test_visit_given_up_late_stands_and_becomes_a_call(clinic, visit):
    late = visit.starts_at - timedelta(hours=5)
    row = say(visit, "cannot_come", reason="travel", now=late)
    assert (row.state, status(visit)[0]) == ("open", "booked")
    assert list(requests(clinic, late)) == [row]
    assert StaffTask.objects.of(clinic).filter(kind="call_patient").count() == 1


@pytest.mark.parametrize("ago", [timedelta(hours=5), timedelta(days=9)], ids=["late", "in time"])
def test_whoever_is_ill_before_an_infusion_is_called_by_a_nurse_who_reads_their_words(clinic, visit, ago):
    Patient.objects.of(clinic).update(phone="+442079460018")
    say(visit, "cannot_come", reason="ill", words="High fever since Sunday", now=visit.starts_at - ago)
    nurse, desk = StaffTask.objects.of(clinic).filter(kind="call_patient").order_by("role")
    told = [
        all(word in task.reason for word in ("+44 20 7946 0018", "Is ill: “High fever since Sunday”"))
        for task in (nurse, desk)
    ]
    assert (nurse.role, desk.role, told) == ("nurse", "receptionist", [True, True])


@pytest.mark.parametrize(("then", "left"), [("confirmed", 0), ("cannot_come", 1), ("other_time", 1)])
def test_call_about_an_answer_is_closed_by_the_next_one(clinic, visit, then, left):
    late = visit.starts_at - timedelta(hours=5)
    first = say(visit, "cannot_come", reason="travel", now=late)
    say(visit, then, reason="travel" if then == "cannot_come" else "", words="Any Friday", now=late)
    tasks = StaffTask.objects.of(clinic).filter(kind="call_patient")
    assert tasks.filter(closed_at__isnull=True).count() == left
    closed = tasks.filter(cause=f"visit_answer:{first.pk}", closed_at__isnull=False)
    assert closed.exists() is (then != "other_time")


def test_every_time_on_offer_can_be_taken_and_keeps_the_window(clinic, visit):
    planned = visit.planned_infusion
    offered = free_times(visit, now=NOW)
    days = {at.astimezone(clinic.zone).date() for at in offered}
    assert (min(days) >= planned.earliest_on, max(days) <= planned.latest_on, visit.starts_at in offered) == (
        True,
        True,
        False,
    )
    chosen = offered[-1]
    assert say(visit, "other_time", wanted_at=chosen).state == "done"
    assert status(visit) == ("booked", chosen)
    changes = (
        VisitVersion.objects.of(clinic)
        .filter(visit=visit)
        .order_by("version")
        .values_list("change", flat=True)
    )
    assert list(changes) == ["booked", "moved"]


def test_few_times_are_shown_of_each_half_of_the_day(clinic, visit):
    morning, afternoon = (times_for(visit, now=NOW, half=half)[0] for half in ("am", "pm"))
    assert 0 < sum(len(times) for _, times in morning) <= 12
    assert {at.astimezone(clinic.zone).hour < 12 for _, times in morning for at in times} == {True}
    assert {at.astimezone(clinic.zone).hour < 12 for _, times in afternoon for at in times} <= {False}


def test_later_times_go_on_where_the_first_ended_until_the_last(clinic, visit):
    shown, after = [], None
    for _ in range(30):
        days, after = times_for(visit, now=NOW, after=after)
        shown += [day for day, _times in days]
        if after is None:
            break
    every = {at.astimezone(clinic.zone).date() for at in free_times(visit, now=NOW)}
    assert (shown, after) == (sorted(every), None)
    assert len(shown) > 4


def test_time_that_is_not_on_offer_is_refused_and_nothing_is_written(clinic, visit):
    with pytest.raises(Refused) as refused:
        say(visit, "other_time", wanted_at=visit.starts_at + timedelta(days=400))
    assert refused.value.codes == ("time_gone",)
    assert VisitAnswer.objects.of(clinic).count() == 0


def test_induction_is_never_moved_by_the_patient_alone(clinic):
    visit = make_visit(make_patient(clinic), starts_at=NOW + timedelta(days=7, hours=2), at=NOW)
    chosen = free_times(visit, now=NOW)[0]
    assert say(visit, "other_time", wanted_at=chosen).state == "open"
    assert status(visit) == ("booked", visit.starts_at)


def test_stale_page_is_told_so(clinic, visit):
    change_visit(
        visit,
        "moved",
        starts_at=visit.starts_at + timedelta(days=1),
        ends_at=visit.ends_at + timedelta(days=1),
    )
    with pytest.raises(Refused) as refused:
        say(visit, "cannot_come", reason="travel", version=1)
    assert (refused.value.codes, status(visit)[0]) == (("stale",), "booked")


@pytest.mark.parametrize(
    ("answer", "more", "field"),
    [
        ("cannot_come", {"reason": ""}, "reason"),
        ("other_time", {"words": " "}, "words"),
        ("other_time", {"words": "x\x00"}, "words"),
    ],
)
def test_answer_without_what_it_needs_is_refused_beside_its_field(visit, answer, more, field):
    with pytest.raises(Refused) as refused:
        say(visit, answer, **more)
    assert [reason.field for reason in refused.value.reasons] == [field]


def test_request_is_done_by_staff_as_it_was_asked(clinic, visit):
    type(clinic).objects.filter(pk=clinic.pk).update(portal_moves="ask")
    visit = Visit.objects.of(clinic).select_related("clinic", "planned_infusion__course").get(pk=visit.pk)
    chosen = free_times(visit, now=NOW)[0]
    row = say(visit, "other_time", wanted_at=chosen)
    desk = make_member(clinic).user
    assert row.state == "open"
    done = accept_request(request=row, by=desk, now=NOW)
    assert (done.state, status(visit), accept_request(request=row, by=desk, now=NOW).pk) == (
        "accepted",
        ("booked", chosen),
        row.pk,
    )
    with pytest.raises(Refused):
        refuse_request(request=row, reply="No.", by=desk, now=NOW)


@pytest.mark.parametrize(("stands", "calls"), [("booked", 0), ("pending", 1)])
def test_refused_request_keeps_the_visit_and_asks_for_a_call_where_nobody_is_written_to(
    clinic, visit, stands, calls
):
    Visit.objects.of(clinic).filter(pk=visit.pk).update(status=stands)
    row = say(visit, "other_time", words="Only on Sundays.")
    refuse_request(request=row, reply="We are closed then.", by=make_member(clinic).user, now=NOW)
    row.refresh_from_db()
    assert (row.state, row.reply, status(visit)[0]) == ("refused", "We are closed then.", stands)
    assert StaffTask.objects.of(clinic).filter(cause=f"visit_answer:{row.pk}:refused").count() == calls


def test_refusing_a_request_about_a_visit_that_no_longer_stands_is_told_so(clinic, visit):
    row = say(visit, "other_time", words="Only on Sundays.")
    change_visit(visit, "cancelled", status="cancelled")
    with pytest.raises(Refused) as refused:
        refuse_request(request=row, reply="We are closed then.", by=make_member(clinic).user, now=NOW)
    row.refresh_from_db()
    assert (refused.value.codes, row.state, StaffTask.objects.of(clinic).count()) == (("stale",), "open", 0)


def test_whoever_says_again_and_again_that_they_are_ill_is_called_once_by_desk_and_nurse(clinic, visit):
    late = visit.starts_at - timedelta(hours=5)
    for answer in ("cannot_come", "cannot_come", "confirmed", "cannot_come"):
        row = say(visit, answer, reason="ill" if answer == "cannot_come" else "", now=late)
    asked = StaffTask.objects.of(clinic).filter(closed_at=None).order_by("role").values_list("role", "cause")
    cause = f"visit_answer:{row.pk}"
    assert list(asked) == [("nurse", f"{cause}:ill"), ("receptionist", cause)]


def test_far_too_many_answers_within_a_day_are_refused(clinic, visit, monkeypatch):
    monkeypatch.setattr(answers, "ANSWERS_A_DAY", 2)
    for words in ("Later.", "Much later."):
        say(visit, "other_time", words=words)
    with pytest.raises(Refused) as refused:
        say(visit, "cannot_come", reason="ill")
    assert (refused.value.codes, VisitAnswer.objects.of(clinic).count()) == (("too_many",), 2)
    assert say(visit, "cannot_come", reason="travel", now=NOW + timedelta(days=1, seconds=1)).state == "done"


@pytest.mark.parametrize("kind", ["infusion", "follow_up"])
def test_one_time_is_looked_for_on_its_day_alone_as_among_all(clinic, visit, kind):
    if kind == "follow_up":
        visit = make_visit(
            make_patient(clinic), kind=kind, starts_at=NOW + timedelta(days=7, hours=2), at=NOW
        )
    offered = free_times(visit, now=NOW)
    first = offered[0].astimezone(clinic.zone).date()
    alone = [at for at in offered if at.astimezone(clinic.zone).date() == first]
    assert free_times(visit, now=NOW, on=first) == alone
    asked = (alone[0], visit.starts_at, NOW - timedelta(days=1), datetime.max.replace(tzinfo=UTC))
    assert [is_free(visit, at, now=NOW) for at in asked] == [True, False, False, False]


def test_newer_answer_takes_the_place_of_an_open_request(clinic, visit):
    first = say(visit, "other_time", words="Later, please.")
    assert say(visit, "confirmed").state == "noted"
    first.refresh_from_db()
    assert (first.state, list(requests(clinic, NOW))) == ("replaced", [])


@pytest.mark.django_db(transaction=True)
def test_one_of_two_patients_gets_the_time_both_choose():
    clinic = make_clinic(chairs=2, nurses=1, portal_moves="book")
    visits = [maintenance(clinic)]
    other = make_patient(clinic)
    course = a_course(clinic, patient=other, start_on=date(2030, 9, 12), maintenance=2)
    first, second, third = course.planned_infusions.order_by("ordinal")[:3]
    for row, on in ((first, date(2030, 9, 12)), (second, date(2030, 9, 26))):
        row.state, row.given_on = "given", on
        row.save()
    starts = visits[0].starts_at + timedelta(days=1)
    chair = clinic.chairs.order_by("pk").last()
    visits.append(
        make_visit(other, starts_at=starts, planned_infusion=third, chair=chair, at=NOW - timedelta(days=30))
    )
    both = sorted(set(free_times(visits[0], now=NOW)) & set(free_times(visits[1], now=NOW)))[-1]

    def take(visit):
        try:
            return say(visit, "other_time", wanted_at=both).state
        except Refused as refused:
            return "gone" if refused.codes else ""
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(take, visits)) == ["done", "gone"]
    assert Visit.objects.of(clinic).filter(starts_at=both, status="booked").count() == 1
