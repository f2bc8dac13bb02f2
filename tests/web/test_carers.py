"""A patient gives a carer access and takes it away; the carer gets the mail, proves the birth date, and no more."""

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from clinics.models import User
from infusion.reminders.actions import derive
from patients.actions.portal import close_other_addresses
from patients.models import PortalAccess
from tests import factory, ledger
from tests.web.test_portal import enter

BIRTH = {"day": "17", "month": "5", "year": "1970"}
pytestmark = pytest.mark.django_db


@pytest.fixture
def ana():
    return factory.make_patient(factory.make_clinic(), given_name="Ana", email="ana@example.org")


@pytest.fixture
def patient(client, ana):
    return enter(client, ana)


def give(client, email="ben@example.org", name="Ben"):
    return client.post(reverse("portal:carers"), {"name": name, "email": email})


def carer_of(ana, email="ben@example.org"):
    access = PortalAccess.across_clinics.get(patient=ana, user__email=email)
    other = factory.sign_in(Client(), access.user)
    assert other.get(reverse("portal:home")).url == reverse("portal:who")
    other.post(reverse("portal:who"), BIRTH)
    return other


def test_a_carer_proves_the_birth_date_and_sees_the_patients_pages_until_removed(patient, ana):
    assert give(patient).status_code == 302
    ben = carer_of(ana)
    assert ben.get(reverse("portal:home")).status_code == 200
    (row,) = patient.get(reverse("portal:carers")).context["carers"]
    patient.post(reverse("portal:carers"), {"remove": str(row.pk)})
    assert [ben.get(reverse(f"portal:{name}")).status_code for name in ("home", "who")] == [403, 403]


def test_a_carer_lets_nobody_in_and_removes_nobody(patient, ana):
    give(patient)
    ben = carer_of(ana)
    answers = [ben.get(reverse("portal:carers")), give(ben, "eve@example.org")]
    assert [each.status_code for each in answers] == [403, 403]
    assert not User.objects.filter(email="eve@example.org").exists()


def test_known_and_unknown_addresses_are_answered_alike_and_a_colleagues_is_not_taken(patient, ana):
    known = factory.make_user("portal")
    staff = factory.make_member(ana.clinic, "nurse").user
    taken = [give(patient, known.email), give(patient, "new@example.org")]
    assert [each.status_code for each in taken] == [302, 302]
    refused = [give(patient, staff.email), give(patient, ana.email)]
    words = "This address cannot be used here. Use another one."
    assert [each.context["form"].errors["email"] for each in refused] == [[words], [words]]


def test_twice_is_once_three_are_the_most_and_what_was_typed_stays(patient, ana):
    for number in (1, 1, 2, 3):
        give(patient, f"carer-{number}@example.org")
    fourth = give(patient, "carer-4@example.org", "Dora")
    assert (fourth.status_code, fourth.context["form"]["name"].value()) == (422, "Dora")
    assert PortalAccess.across_clinics.filter(patient=ana, is_carer=True).count() == 3
    wrong = give(patient, "not an address", "")
    assert sorted(wrong.context["form"].errors) == ["email", "name"]


@pytest.mark.parametrize("name", ["Prize at evil.example", "https://x", "a@b"])
def test_no_address_passes_for_a_carers_name(patient, ana, name):
    refused = give(patient, name=name)
    assert refused.context["form"].errors == {"name": ["Write the person's name."]}
    assert give(patient, name="Dr. J.R. O’Neil-Ash").status_code == 302


def test_a_patient_cannot_send_invitations_without_end(patient, ana):
    answers = []
    for number in range(11):
        answers.append(give(patient, f"carer-{number}@example.org").status_code)
        for row in PortalAccess.across_clinics.filter(patient=ana, is_carer=True, revoked_at=None):
            patient.post(reverse("portal:carers"), {"remove": row.pk})
    assert answers == [302] * 10 + [429]


def test_a_new_address_of_the_patient_closes_the_old_one_and_no_carers(patient, ana):
    give(patient)
    ana.email = "ana.new@example.org"
    ana.save()
    close_other_addresses(patient=ana, by=None)
    standing = PortalAccess.across_clinics.filter(patient=ana, revoked_at=None)
    assert [row.user.email for row in standing] == ["ben@example.org"]


def test_another_patients_carer_is_not_removed(patient, ana):
    other = factory.make_patient(ana.clinic)
    theirs = PortalAccess.objects.create(
        clinic=ana.clinic,
        patient=other,
        user=factory.make_user("portal"),
        is_carer=True,
        name="Cy",
        invited_at=timezone.now(),
    )
    for pk in (str(theirs.pk), "x", "9" * 30):
        patient.post(reverse("portal:carers"), {"remove": pk})
    theirs.refresh_from_db()
    assert theirs.revoked_at is None


def test_the_invitation_goes_to_the_carer_and_says_nothing_of_the_patient(patient, ana):
    give(patient)
    derive(now=timezone.now())
    ready = ledger.ready()
    told = ready.words.subject + ready.words.text
    assert (ready.message.recipient, ready.words.stop) == ("ben@example.org", "")
    assert [ana.given_name in told, ana.family_name in told, "Dear Ben," in told] == [False, False, True]
