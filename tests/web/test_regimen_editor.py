"""The editor of a regimen: what was typed is kept, faults stand beside their fields, and changes are shown first."""

from __future__ import annotations

import pytest
from django.urls import reverse

from clinics.domain.rights import Role
from regimens.defaults import default_definition, default_regimens
from regimens.forms import VersionForm
from regimens.models import RegimenVersion
from tests.factory import make_clinic, make_member, make_regimen, sign_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def clinic():
    return make_clinic(nurses=0)


@pytest.fixture
def desk(client, clinic):
    sign_in(client, make_member(clinic, Role.PHARMACIST))
    return client


def typed(version, **changes):
    """What a browser sends for a form that is left as it is, with some fields changed."""
    form = VersionForm(base=version.definition)
    found = {name: form[name].value() for name in form.fields}
    found = {name: "" if value is None else str(value) for name, value in found.items()}
    return found | {"reason": "Our own schedule"} | changes


def post(client, version, button="look", **changes):
    return client.post(reverse("regimens:edit", args=[version.pk]), typed(version, **changes) | {button: "1"})


@pytest.mark.parametrize("code", default_regimens())
def test_a_form_left_as_it_is_says_what_the_version_says(code):
    base = default_definition(code)
    form = VersionForm(base=base)
    sent = {name: "" if form[name].value() is None else str(form[name].value()) for name in form.fields}
    bound = VersionForm(sent | {"reason": "nothing"}, base=base)
    assert bound.errors == {}
    assert bound.regimen == default_regimens()[code]


def test_changes_and_dates_are_shown_before_anything_is_kept(desk, clinic):
    version = make_regimen(clinic, "PV-EU")
    page = post(desk, version, **{"maintenance-at_months": "9, 18"})
    assert page.status_code == 200
    shown = [(row.label, row.before, row.after) for row in page.context["rows"]]
    assert shown[0] == ("Maintenance, set months", "12, 18", "9, 18")
    assert shown[1:] == [("Marked unverified, Maintenance, set months", "", "yes")]
    assert len(page.context["dates"]) == 6
    assert RegimenVersion.objects.of(clinic).count() == 1


def test_keeping_it_makes_a_version_that_marks_what_was_changed(desk, clinic):
    version = make_regimen(clinic, "AIHA-375x4")
    done = post(desk, version, "keep", **{"induction-3-dose": "375.5", "dosing_rules-round_to_mg": "50"})
    new = RegimenVersion.objects.of(clinic).get(version=2)
    assert (done.status_code, done["Location"]) == (302, reverse("regimens:detail", args=[new.pk]))
    assert new.definition["induction"]["doses"][3]["dose"] == 375.5
    assert new.definition["dosing_rules"]["rounding_words"] == "rounded to the nearest 50 mg"
    assert {"/induction/doses/3/dose", "/dosing_rules/round_to_mg"} <= set(
        new.definition["unverified_fields"]
    )
    assert desk.get(done["Location"]).status_code == 200


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": ""}, "name"),
        ({"reason": ""}, "reason"),
        ({"reason": "a\x01b"}, "reason"),
        ({"induction-0-dose": "many"}, "induction-0-dose"),
        ({"induction-0-dose": "-5"}, "induction-0-dose"),
        ({"induction-0-day_offset": "3"}, "induction-0-day_offset"),
        ({"induction-1-day_offset": "0"}, "induction-0-day_offset"),
        ({"induction-0-unit": "mg/m2"}, None),
        ({"maintenance-interval_value": "0"}, "maintenance-interval_value"),
        ({"maintenance-interval_value": "2"}, "maintenance-interval_value"),
        ({"maintenance-type": "repeat_course"}, "maintenance-anchor"),
        ({"maintenance-type": "scheduled_months_then_interval"}, "maintenance-at_months"),
        ({"min_interval_days": "9999"}, "min_interval_days"),
        ({"window-induction_plus_days": "40"}, "window-induction_plus_days"),
        ({"rate_profile-restart_after_days": "x"}, "rate_profile-restart_after_days"),
        ({"label_status-us": "perhaps"}, "label_status-us"),
    ],
)
def test_a_fault_stands_beside_its_field_and_nothing_typed_is_lost(desk, clinic, changes, field):
    version = make_regimen(clinic)
    page = post(desk, version, "keep", **changes)
    form = page.context["form"]
    assert (page.status_code, list(form.errors)) == (422, [field or "__all__"])
    assert {name: form[name].value() for name in changes} == changes
    assert RegimenVersion.objects.of(clinic).count() == 1


def test_nothing_changed_is_told(desk, clinic):
    page = post(desk, make_regimen(clinic), "keep")
    assert page.status_code == 422
    assert page.context["form"].non_field_errors() == ["Nothing differs from the version it is made from."]


def test_comparing_shows_fields_and_dates_side_by_side(desk, clinic):
    version = make_regimen(clinic)
    post(desk, version, "keep", min_interval_days="120")
    new = RegimenVersion.objects.of(clinic).get(version=2)
    page = desk.get(reverse("regimens:compare", args=[new.pk]))
    assert next((row.label, row.before, row.after) for row in page.context["rows"]) == (
        "Minimum interval, days",
        "112",
        "120",
    )
    assert [(n, was == will) for n, was, will in page.context["dates"]] == [(n, True) for n in range(1, 7)]
    alone = desk.get(reverse("regimens:compare", args=[version.pk]), {"with": "nonsense"})
    assert (alone.status_code, alone.context["other"]) == (200, None)


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.PHARMACIST])
def test_other_roles_compare_but_do_not_edit(client, clinic, role):
    version = make_regimen(clinic)
    sign_in(client, make_member(clinic, role))
    assert client.get(reverse("regimens:compare", args=[version.pk])).status_code == 200
    assert client.get(reverse("regimens:edit", args=[version.pk])).status_code == 403


@pytest.mark.parametrize("code", default_regimens())
def test_every_delivered_regimen_has_its_page(desk, clinic, code):
    version = make_regimen(clinic, code, approved=False)
    page = desk.get(reverse("regimens:detail", args=[version.pk]))
    assert page.status_code == 200
    assert desk.get(reverse("regimens:edit", args=[version.pk])).status_code == 200
