"""The regimens' screens: list, detail with its preview, and approval."""

from __future__ import annotations

import re
from html import unescape

import pytest
from django.urls import reverse

from clinics.domain.rights import Role
from clinics.models import AuditEntry
from regimens.defaults import default_regimens
from regimens.models import Approval, RegimenVersion
from tests.factory import make_clinic, make_member, make_regimen, sign_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def clinic():
    return make_clinic(nurses=0)


@pytest.fixture
def version(clinic):
    return make_regimen(clinic, approved=False)


def page(client, version, **asked):
    return client.get(reverse("regimens:detail", args=[version.pk]), asked)


def words(response):
    """The page as it is read: tags gone, blanks single."""
    text = re.sub(r"<(script|style).*?</\1>", " ", response.content.decode(), flags=re.S)
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", text)).split())


@pytest.mark.parametrize("role", list(Role))
def test_every_role_reads_regimens(client, clinic, version, role):
    sign_in(client, make_member(clinic, role))
    assert client.get(reverse("regimens:list")).status_code == 200
    assert page(client, version).status_code == 200


def test_list_shows_state_and_approvers(client, clinic, version):
    member = make_member(clinic, Role.PRESCRIBER, name="Dr Vera Lind")
    sign_in(client, member)
    assert words(client.get(reverse("regimens:list"))).count("Not approved") == 1
    client.post(reverse("regimens:approve", args=[version.pk]))
    shown = words(client.get(reverse("regimens:list")))
    assert shown.count("Waiting for the second approval Dr Vera Lind (prescriber)") == 1


def test_empty_list_offers_the_delivered_regimens_to_those_who_approve(client, clinic):
    sign_in(client, make_member(clinic, Role.NURSE))
    assert words(client.get(reverse("regimens:list"))).count("Load the delivered regimens") == 0
    assert client.post(reverse("regimens:load")).status_code == 403
    sign_in(client, make_member(clinic, Role.PHARMACIST))
    assert words(client.get(reverse("regimens:list"))).count("Load the delivered regimens") == 1
    done = client.post(reverse("regimens:load"), follow=True)
    assert words(done).count("STANDARD, version 1") == 1
    delivered = len(default_regimens())
    assert RegimenVersion.objects.of(clinic).count() == delivered
    client.post(reverse("regimens:load"))
    assert RegimenVersion.objects.of(clinic).count() == delivered


def test_preview_shows_dates_from_the_chosen_start(client, clinic, version):
    sign_in(client, make_member(clinic, Role.PHARMACIST))
    response = page(client, version, start="2026-08-31", dose_mg="1000")
    assert [one.date.isoformat() for one in response.context["dates"]] == [
        "2026-08-31",
        "2026-09-14",
        "2027-02-28",
        "2027-08-31",
        "2028-02-29",
        "2028-08-31",
    ]
    shown = words(response)
    assert shown.count("5 maintenance Tue 29 Feb 2028 29 Feb 2028 to 28 Mar 2028 1000 mg") == 1
    assert shown.count("First infusion, standard: 1000 mg in 255 minutes") == 1
    assert shown.count("in 500 mL of saline it makes 600 mL (1.67 mg/mL); 50 mg/h is 30 mL/h") == 1
    assert shown.count("Later infusions, standard: 1000 mg in 195 minutes") == 1


def test_rate_steps_of_another_dose_are_exact(client, clinic, version):
    sign_in(client, make_member(clinic, Role.PHARMACIST))
    response = page(client, version, dose_mg="437.5")
    assert words(response).count("Later infusions, standard: 437.5 mg in 110 5/8 minutes") == 1
    assert [row.minutes for row in response.context["rates"][1].rows] == ["30", "30", "30", "20 5/8"]


def test_page_says_off_label_schedule_for_every_condition_and_marks_what_is_unverified(
    client, clinic, version
):
    sign_in(client, make_member(clinic, Role.PHARMACIST))
    shown = words(page(client, version))
    assert shown.count("off-label schedule") == 2 + 7
    assert (
        shown.count("Multiple sclerosis off-label use Unverified not an approved use off-label schedule") == 1
    )
    assert shown.count("112 days after the patient's last infusion, outside the induction Unverified") == 1


@pytest.mark.parametrize(
    ("asked", "field", "message"),
    [
        ({"start": "2026-02-31"}, "start", "This is not a date of the calendar. Write it as YYYY-MM-DD."),
        ({"start": "9999-12-01"}, "start", "These dates run outside the calendar (years 1 to 9999)."),
        ({"start": "\x00"}, "start", "This is not a date of the calendar. Write it as YYYY-MM-DD."),
        ({"start": ""}, "start", "This field is required."),
        (
            {"dose_mg": "-4"},
            "dose_mg",
            "Write milligrams above 0 and at most 5000, with at most 3 decimal places.",
        ),
        (
            {"dose_mg": "NaN"},
            "dose_mg",
            "Write milligrams above 0 and at most 5000, with at most 3 decimal places.",
        ),
        (
            {"dose_mg": "1e9"},
            "dose_mg",
            "Write milligrams above 0 and at most 5000, with at most 3 decimal places.",
        ),
    ],
)
def test_bad_preview_is_told_beside_the_field(client, clinic, version, asked, field, message):
    sign_in(client, make_member(clinic, Role.PHARMACIST))
    response = page(client, version, **asked)
    assert response.status_code == 422
    assert response.context["form"].errors == {field: [message]}


def test_prescriber_and_pharmacist_approve_one_after_the_other(client, clinic, version):
    prescriber, pharmacist = make_member(clinic, Role.PRESCRIBER), make_member(clinic, Role.PHARMACIST)
    sign_in(client, prescriber)
    assert words(page(client, version)).count("Approve as prescriber") == 1
    done = client.post(reverse("regimens:approve", args=[version.pk]))
    assert (done.status_code, done["Location"]) == (302, reverse("regimens:detail", args=[version.pk]))
    assert words(page(client, version)).count("Approve as") == 0
    sign_in(client, pharmacist)
    client.post(reverse("regimens:approve", args=[version.pk]))
    assert page(client, version).context["state"] == "approved"
    assert AuditEntry.objects.of(clinic).filter(verb="approved regimen").count() == 2


def test_approving_twice_is_refused_in_words(client, clinic, version):
    sign_in(client, make_member(clinic, Role.PRESCRIBER))
    client.post(reverse("regimens:approve", args=[version.pk]))
    again = client.post(reverse("regimens:approve", args=[version.pk]))
    assert again.status_code == 422
    assert (
        words(again).count("You have approved this version already. The second approval is a colleague") == 1
    )
    assert Approval.objects.of(clinic).count() == 1


@pytest.mark.parametrize("role", [Role.NURSE, Role.RECEPTIONIST, Role.MANAGER])
def test_other_roles_neither_see_the_button_nor_may_press_it(client, clinic, version, role):
    sign_in(client, make_member(clinic, role))
    assert words(page(client, version)).count("Approve as") == 0
    assert client.post(reverse("regimens:approve", args=[version.pk])).status_code == 403


def test_another_clinics_version_is_not_there(client, clinic):
    foreign = make_regimen(make_clinic(nurses=0), approved=False)
    sign_in(client, make_member(clinic, Role.PRESCRIBER))
    assert page(client, foreign).status_code == 404
    assert client.post(reverse("regimens:approve", args=[foreign.pk])).status_code == 404
    assert foreign.approvals.count() == 0


def test_approval_by_get_is_not_possible(client, clinic, version):
    sign_in(client, make_member(clinic, Role.PRESCRIBER))
    assert client.get(reverse("regimens:approve", args=[version.pk])).status_code == 405
