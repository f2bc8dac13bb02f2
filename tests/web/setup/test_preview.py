"""What a change of the settings breaks is shown first; nothing is half written."""

from datetime import date, time, timedelta

import pytest
from django.urls import reverse

from clinics import actions
from clinics.domain.attention import RULES
from clinics.models import Closure, OpeningHours
from tests.factory import make_clinic, make_course, make_member, make_patient, make_visit, sign_in

from .arranged import DRIP, NINE, NOW, at, broken, carried, changes, day, errors, hours, said

pytestmark = pytest.mark.django_db


def test_change_that_breaks_nothing_is_saved_in_one_step(desk, clinic, visit):
    mark = actions.hours_mark(clinic)
    response = desk.post(at("hours"), hours(opens_0="07:00", seen=mark))
    assert response.url == at("hours")
    assert said(response) == ["The opening hours are saved."]
    assert OpeningHours.objects.of(clinic).get(weekday=0).opens == time(7)


def test_what_a_change_breaks_is_shown_and_nothing_is_written(desk, clinic, visit):
    other = make_visit(
        make_patient(clinic), starts_at=NINE + timedelta(days=1), phases=DRIP, chair=clinic.chairs.last()
    )
    asked = hours(opens_0="10:00", closes_1="09:30", seen=actions.hours_mark(clinic))
    response = desk.post(at("hours"), asked)
    assert broken(response) == [
        (visit.pk, ["The visit does not lie within the opening hours, 10:00 to 18:00."]),
        (other.pk, ["The visit does not lie within the opening hours, 08:00 to 09:30."]),
    ]
    text = response.content.decode()
    assert f"{visit.patient}" in text
    assert ("Mon 17 Mar 2031" in text, "09:00–10:30" in text) == (True, True)
    assert OpeningHours.objects.of(clinic).filter(opens=time(8), closes=time(18)).count() == 5
    assert changes(clinic) == []


def test_change_is_saved_anyway_once_and_what_it_broke_is_listed(desk, clinic, visit):
    asked = hours(opens_0="10:00", seen=actions.hours_mark(clinic))
    page = desk.post(at("hours"), asked)
    for _ in range(2):
        response = desk.post(at("hours"), carried(page) | {"anyway": "1"})
        assert response.url == at("hours")
    assert said(desk.get(at("hours")))[:2] == [
        "The opening hours are saved.",
        'One visit no longer fits. <a href="/no-longer-fit/">Look at them</a>',
    ]
    assert changes(clinic) == ["changed opening hours"]
    rows = desk.get(reverse("desk:misfits")).context["faults"]
    assert [fault.visit for fault in rows] == [visit]


def test_what_came_up_meanwhile_is_shown_before_it_is_saved(desk, clinic, visit):
    page = desk.post(at("hours"), hours(opens_0="10:00", seen=actions.hours_mark(clinic)))
    late = make_visit(make_patient(clinic), starts_at=NINE, phases=DRIP, chair=clinic.chairs.last())
    response = desk.post(at("hours"), carried(page) | {"anyway": "1"})
    assert [key for key, _ in broken(response)] == [visit.pk, late.pk]
    assert response.context["again"]
    assert desk.post(at("hours"), carried(response) | {"anyway": "1"}).url == at("hours")


@pytest.mark.parametrize("agreed", ["", "x", "9::", "9:", "9:::", "999999999999::", "²:1:", ":,,:", "0:0:0"])
def test_agreement_to_something_else_is_none(desk, clinic, visit, agreed):
    asked = hours(opens_0="10:00", seen=actions.hours_mark(clinic), anyway="1", agreed=agreed)
    assert [key for key, _ in broken(desk.post(at("hours"), asked))] == [visit.pk]
    assert changes(clinic) == []


def test_held_windows_that_lose_their_room_are_shown_too(desk, clinic):
    course = make_course(make_patient(clinic), start_on=date(2030, 10, 7), maintenance=2)
    held = course.planned_infusions.get(ordinal=3)
    held.earliest_on, held.latest_on = date(2031, 6, 2), date(2031, 6, 6)
    held.held_at, held.held_minutes = NOW, 240
    held.save()
    page = desk.post(
        at("add_closure"), {"first_day": "2031-06-02", "last_day": "2031-06-08", "reason": "Works"}
    )
    assert page.context["outcome"].crowded == (held,)
    assert "Infusion 3, held for 2 Jun 2031 to 6 Jun 2031" in page.content.decode()
    assert changes(clinic) == []
    response = desk.post(at("add_closure"), carried(page) | {"anyway": "1"})
    assert said(response)[-1] == ('One held window has no room. <a href="/no-longer-fit/">Look at them</a>')
    assert desk.get(reverse("desk:misfits")).context["held"] == [held]
    # What has no room already is not blamed on the next change.
    asked = {"first_day": "2031-06-09", "reason": "More works"}
    assert desk.post(at("add_closure"), asked).url == at("hours")


def test_going_back_keeps_what_was_typed(desk, clinic, visit):
    page = desk.post(at("hours"), hours(opens_0="10:00", seen=actions.hours_mark(clinic)))
    response = desk.post(at("hours"), carried(page) | {"back": "1"})
    assert response.status_code == 200
    assert response.context["form"]["opens_0"].value() == "10:00"
    assert response.context["mark"] == actions.hours_mark(clinic)
    assert changes(clinic) == []


def test_visit_that_did_not_fit_before_is_not_blamed_on_another_change(desk, clinic, visit, nurse):
    Closure.objects.create(clinic=clinic, first_day=NINE.date(), last_day=NINE.date(), reason="Works")
    response = desk.post(at("add_closure"), {"first_day": day(8), "reason": "Training"})
    assert response.url == at("hours")
    page = desk.post(
        at("chair", visit.chair_id),
        {"name": "Chair 1", "kind": "chair", "seen": actions.chair_mark(visit.chair)},
    )
    assert broken(page) == [(visit.pk, ["This chair is not in service."])]


def test_change_that_mends_says_so(desk, clinic, visit):
    closure = Closure.objects.create(
        clinic=clinic, first_day=NINE.date(), last_day=NINE.date(), reason="Works"
    )
    response = desk.post(at("remove_closure", closure.pk))
    assert said(response) == [
        "The clinic is no longer closed for Works. One visit that did not fit before fits again."
    ]


def test_stale_page_is_refused_and_can_be_saved_again(desk, clinic):
    mark = actions.hours_mark(clinic)
    desk.post(at("hours"), hours(opens_1="07:00", seen=mark))
    response = desk.post(at("hours"), hours(opens_0="07:00", seen=mark))
    assert response.status_code == 422
    assert list(errors(response)) == ["__all__"]
    assert response.context["form"]["opens_0"].value() == "07:00"
    again = desk.post(at("hours"), hours(opens_0="07:00", seen=response.context["mark"]))
    assert again.url == at("hours")


def test_page_with_a_slip_keeps_the_mark_its_reader_saw(desk, clinic):
    mark = actions.hours_mark(clinic)
    desk.post(at("hours"), hours(opens_1="07:00", seen=mark))
    response = desk.post(at("hours"), hours(opens_0="25:00", seen=mark))
    assert response.context["mark"] == mark


# Who sees what


def test_another_clinics_rows_are_neither_found_nor_changed(desk, clinic):
    other = make_clinic()
    member = other.memberships.filter(role="nurse").first()
    chair, shift = other.chairs.first(), member.shifts.first()
    outage = chair.outages.create(clinic=other, first_day=NOW.date(), reason="Broken")
    closure = Closure.objects.create(clinic=other, first_day=NOW.date(), last_day=NOW.date(), reason="Works")
    absence = member.absences.create(clinic=other, first_day=NOW.date(), last_day=NOW.date())
    times = {"starts": "09:00", "ends": "10:00", "from_day": day(0), "seen": actions.shift_mark(shift)}
    days = {"first_day": day(20), "last_day": day(20), "reason": "Ours"}
    sent = {
        at("chair", chair.pk): {"name": "Ours", "kind": "bed", "seen": actions.chair_mark(chair)},
        at("add_outage", chair.pk): days,
        at("end_outage", outage.pk): {"back_on": day(0)},
        at("nurse", member.pk): times | {"weekdays": ["6"], "first_day": day(0)},
        at("add_leave", member.pk): days,
        at("remove_leave", absence.pk): {},
        at("shift", shift.pk): times,
        at("remove_closure", closure.pk): {},
    }
    assert {where: desk.post(where, typed).status_code for where, typed in sent.items()} == dict.fromkeys(
        sent, 404
    )
    assert changes(other) == changes(clinic) == []


JUNK = [
    "",
    "x" * 5000,
    "\x00",
    "²",
    "9" * 400,
    "-1",
    "2031-02-30",
    "99:99",
    "<script>",
    "\u202e",
    "None",
    "[]",
]
FIELDS = [
    "seen", "opens_0", "closes_0", "first_day", "last_day", "since", "reason", "country", "region", "name", "kind",
    "in_service", "back_on", "weekdays", "starts", "ends", "break_1", "break_1_ends", "from_day", "end", *RULES,
    "anyway", "agreed", "back",
]  # fmt: skip


@pytest.mark.parametrize("junk", JUNK)
def test_junk_in_every_field_does_no_harm(desk, clinic, visit, nurse, junk):
    outage = visit.chair.outages.create(clinic=clinic, first_day=NOW.date(), reason="Broken")
    pages = [
        at("hours"), at("add_closure"), at("holidays"), at("chairs"), at("chair", visit.chair_id),
        at("add_outage", visit.chair_id), at("end_outage", outage.pk), at("nurse", nurse.pk),
        at("add_leave", nurse.pk), at("shift", nurse.shifts.first().pk), at("rules"),
    ]  # fmt: skip
    for without in ([], ["back"], ["back", "anyway"]):
        typed = {name: junk for name in FIELDS if name not in without}
        answers = {where: desk.post(where, typed).status_code for where in pages}
        assert {where: code for where, code in answers.items() if code not in (200, 302, 422)} == {}
    assert desk.get(at("holidays"), {"country": junk, "region": junk}).status_code == 200


def test_keys_no_database_could_hold_are_not_found(desk):
    beyond = 2**70
    for name in ("remove_closure", "end_outage", "remove_leave", "shift", "chair", "nurse"):
        assert desk.post(at(name, beyond)).status_code == 404


def test_misfits_are_counted_on_today_and_stand_on_the_worklist(client, clinic, visit):
    Closure.objects.create(clinic=clinic, first_day=NINE.date(), last_day=NINE.date(), reason="Works")
    sign_in(client, make_member(clinic, "receptionist"))
    today = client.get(reverse("desk:today"))
    assert today.context["misfits"] == 1
    assert reverse("desk:misfits") in today.content.decode()
    section = next(each for each in client.get("/worklist/").context["sections"] if each.code == "misfits")
    assert [(row.href, row.note) for row in section.rows] == [
        (reverse("scheduling:move", args=[visit.pk]), "The clinic is closed on Monday 17 March 2031: Works.")
    ]
    page = client.get(reverse("desk:misfits")).content.decode()
    for name in ("move", "cancel"):
        assert reverse(f"scheduling:{name}", args=[visit.pk]) in page


def test_manager_sees_misfits_but_moves_none(desk, clinic, visit):
    Closure.objects.create(clinic=clinic, first_day=NINE.date(), last_day=NINE.date(), reason="Works")
    page = desk.get(reverse("desk:misfits")).content.decode()
    assert reverse("scheduling:visit", args=[visit.pk]) in page
    assert reverse("scheduling:move", args=[visit.pk]) not in page


def test_settings_are_in_the_managers_navigation_only(client, desk, clinic):
    link = f'href="{at("hours")}"'
    assert link in desk.get(reverse("desk:today")).content.decode()
    sign_in(client, make_member(clinic, "nurse"))
    assert link not in client.get(reverse("desk:today")).content.decode()
