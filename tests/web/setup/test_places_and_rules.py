"""Chairs and capacity rules on screens: bad input stands beside its field."""

from datetime import date, timedelta

import pytest

from clinics import actions
from clinics.domain.attention import RULES
from clinics.models import Chair, ChairOutage
from tests.factory import make_patient, make_visit

from .arranged import DRIP, NINE, at, broken, carried, changes, day, errors

pytestmark = pytest.mark.django_db


# Chairs


def test_chair_is_added_and_bad_names_stand_beside_the_field(desk, clinic):
    assert desk.post(at("chairs"), {"name": "Bed 1", "kind": "bed"}).url == at("chairs")
    assert Chair.objects.of(clinic).get(kind="bed").name == "Bed 1"
    for typed, found in (
        ({"name": "Chair 1", "kind": "chair"}, {"name": ["There is a chair called Chair 1."]}),
        ({"name": "", "kind": "chair"}, {"name": ["Give it a name, as it stands on the chair."]}),
        ({"name": "Sofa", "kind": "sofa"}, {"kind": ["Choose a chair, a bed or an isolation room."]}),
    ):
        response = desk.post(at("chairs"), typed)
        assert (response.status_code, errors(response)) == (422, found)


def test_retiring_the_last_chair_is_warned_of(desk, clinic):
    first, second, last = Chair.objects.of(clinic)
    for chair in (first, second):
        typed = {"name": chair.name, "kind": "chair", "seen": actions.chair_mark(chair)}
        assert desk.post(at("chair", chair.pk), typed).url == at("chair", chair.pk)
    page = desk.post(
        at("chair", last.pk), {"name": last.name, "kind": "chair", "seen": actions.chair_mark(last)}
    )
    assert page.context["outcome"].warnings == ("No chair is left in service: no infusion can be booked.",)
    assert Chair.objects.of(clinic).filter(in_service=True).count() == 1
    assert desk.post(at("chair", last.pk), carried(page) | {"anyway": "1"}).url == at("chair", last.pk)
    assert Chair.objects.of(clinic).filter(in_service=True).count() == 0


def test_chair_is_taken_out_and_put_back(desk, clinic, visit):
    typed = {"first_day": day(0), "last_day": "", "reason": "Broken"}
    page = desk.post(at("add_outage", visit.chair_id), typed)
    assert [key for key, _ in broken(page)] == [visit.pk]
    assert ChairOutage.objects.of(clinic).count() == 0
    desk.post(at("add_outage", visit.chair_id), carried(page) | {"anyway": "1"})
    outage = ChairOutage.objects.of(clinic).get()
    response = desk.post(at("end_outage", outage.pk), {"back_on": "soon"})
    assert (response.status_code, errors(response, "back_form")) == (
        422,
        {"back_on": ["Write the day like 2027-12-24."]},
    )
    response = desk.post(at("end_outage", outage.pk), {"back_on": day(7)})
    assert response.url == at("chair", visit.chair_id)
    outage.refresh_from_db()
    assert outage.last_day == date(2031, 3, 16)


def test_outage_that_makes_no_sense_is_refused_beside_its_field(desk, clinic, visit):
    response = desk.post(at("add_outage", visit.chair_id), {"first_day": day(3), "last_day": day(1)})
    assert errors(response, "outage_form") == {"reason": ["This field is required."]}
    response = desk.post(
        at("add_outage", visit.chair_id), {"first_day": day(3), "last_day": day(1), "reason": "x"}
    )
    assert errors(response, "outage_form") == {"last_day": ["The last day lies before the first."]}


# Capacity rules


def rules_of(clinic, **changed):
    standing = {name: getattr(clinic, name) for name in RULES}
    return standing | {"seen": actions.rules_mark(clinic)} | changed


def test_rules_show_what_they_break(desk, clinic, visit):
    page = desk.post(at("rules"), rules_of(clinic, weight_steady=4, nurse_units=4))
    assert page.url == at("rules")
    clinic.refresh_from_db()
    second = make_visit(
        make_patient(clinic), starts_at=NINE + timedelta(minutes=15), phases=DRIP, chair=clinic.chairs.last()
    )
    page = desk.post(at("rules"), rules_of(clinic, slot_minutes=30))
    codes = [
        (fault.visit.pk, [reason.code for reason in fault.reasons])
        for fault in page.context["outcome"].broken
    ]
    assert codes == [(second.pk, ["nurse_starting"])]


@pytest.mark.parametrize(
    ("changed", "found"),
    [
        ({"slot_minutes": 7}, {"slot_minutes": ["A slot is 5, 10, 15 or 30 minutes long."]}),
        ({"weight_steady": 5}, {"weight_steady": ["One nurse has 4 units; a phase cannot ask for more."]}),
        ({"nurse_units": 99}, {"nurse_units": ["Choose a number from 1 to 9."]}),
        ({"prep_per_hour": "many"}, {"prep_per_hour": ["Choose a number from 0 to 200."]}),
        ({"hold_beyond_days": ""}, {"hold_beyond_days": ["Choose a number from 7 to 730."]}),
        ({"waitlist_hold_minutes": -1}, {"waitlist_hold_minutes": ["Choose a number from 5 to 2880."]}),
    ],
)
def test_rules_that_make_no_sense_are_refused_beside_their_field(desk, clinic, changed, found):
    response = desk.post(at("rules"), rules_of(clinic, **changed))
    assert (response.status_code, errors(response)) == (422, found)
    assert changes(clinic) == []
