"""A patient asks a carer, who says yes or no, proves the birth date, and can stop; the patient can end it too."""

from datetime import date, timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from clinics.models import AuditEntry, User
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


def asked(ana, email="ben@example.org"):
    """The one who was asked, signed in, and the access that waits for an answer."""
    access = PortalAccess.across_clinics.get(patient=ana, user__email=email, revoked_at=None)
    return factory.sign_in(Client(), access.user), access


def answer(client, word, access):
    return client.post(reverse("portal:asked"), {word: access.pk})


def carer_of(ana, email="ben@example.org"):
    other, access = asked(ana, email)
    assert other.get(reverse("portal:home")).url == reverse("portal:asked")
    assert answer(other, "accept", access).url == reverse("portal:who")
    other.post(reverse("portal:who"), BIRTH)
    return other


def test_a_carer_proves_the_birth_date_and_sees_the_patients_pages_until_removed(patient, ana):
    assert give(patient).status_code == 302
    ben = carer_of(ana)
    assert ben.get(reverse("portal:home")).status_code == 200
    (row,) = patient.get(reverse("portal:carers")).context["carers"]
    patient.post(reverse("portal:carers"), {"remove": str(row.pk)})
    assert [ben.get(reverse(f"portal:{name}")).status_code for name in ("home", "who")] == [403, 302]


def test_a_carer_lets_nobody_in_and_removes_nobody(patient, ana):
    give(patient)
    ben = carer_of(ana)
    answers = [ben.get(reverse("portal:carers")), give(ben, "eve@example.org")]
    assert [each.status_code for each in answers] == [403, 403]
    assert not User.objects.filter(email="eve@example.org").exists()


def test_nobody_learns_who_is_known_here_or_works_here(patient, ana):
    known = factory.make_user("portal")
    staff = factory.make_member(ana.clinic, "nurse").user
    seen = []
    for number, address in enumerate([known.email, "new@example.org", staff.email], start=1):
        told = give(patient, address)
        rows = patient.get(reverse("portal:carers")).content.decode()
        seen.append((told.status_code, told.url, rows.count("no answer yet"), number))
    assert seen == [(302, reverse("portal:carers"), number, number) for number in (1, 2, 3)]
    assert factory.sign_in(Client(), staff).get(reverse("portal:asked")).status_code == 403


def test_own_address_is_refused(patient, ana):
    words = "This is your own address. Write the other person’s."
    assert give(patient, ana.email).context["form"].errors["email"] == [words]


def test_twice_is_once_three_are_the_most_and_what_was_typed_stays(patient, ana):
    for number in (1, 1, 2, 3):
        give(patient, f"carer-{number}@example.org")
    fourth = give(patient, "carer-4@example.org", "Dora")
    assert (fourth.status_code, fourth.context["form"]["name"].value()) == (422, "Dora")
    assert PortalAccess.across_clinics.filter(patient=ana, is_carer=True).count() == 3
    wrong = give(patient, "not an address", "")
    assert sorted(wrong.context["form"].errors) == ["email", "name"]


@pytest.mark.parametrize(
    "name", ["Prize at evil.example", "evil。example", "https://x", "a@b", "Call 555 0100"]
)
def test_no_address_or_number_passes_for_a_carers_name(patient, ana, name):
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
    told = give(patient, "one-more@example.org")
    assert (told["Retry-After"], "You can try again in 1 hour, perhaps sooner." in told.content.decode()) == (
        "3600",
        True,
    )


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
    assert (ready.words.subject, "Dear Ben," in told) == ("Can you help?", True)
    assert [told.count("Ana asks you to help"), ana.family_name in told, "/portal/can-you-help/" in told] == [
        1,
        False,
        True,
    ]


def test_a_colleague_is_told_by_mail_that_the_address_opens_another_door(patient, ana):
    give(patient, factory.make_member(ana.clinic, "nurse").user.email)
    derive(now=timezone.now())
    assert ledger.ready().words.text.count("You work with us") == 1


# --- the carer's own say ---------------------------------------------------------------------------------------------
def test_nothing_opens_before_a_yes(patient, ana):
    give(patient)
    ben, _access = asked(ana)
    before = {
        name: ben.get(reverse(f"portal:{name}")) for name in ("home", "who", "schedule", "schedule_pdf")
    }
    assert {(each.status_code, each.url) for each in before.values()} == {(302, reverse("portal:asked"))}
    assert ben.post(reverse("portal:who"), BIRTH).url == reverse("portal:asked")
    page = ben.get(reverse("portal:asked")).content.decode()
    assert [page.count("Ana asks you to help"), ana.family_name in page] == [1, False]


def test_no_thank_you_ends_it_and_the_patient_reads_so(patient, ana):
    give(patient)
    ben, access = asked(ana)
    assert answer(ben, "decline", access).url == reverse("account_request_login_code")
    assert ben.get(reverse("portal:home")).status_code == 302
    page = patient.get(reverse("portal:carers"))
    assert ([row.name for row in page.context["gone"]], list(page.context["carers"])) == (["Ben"], [])
    assert page.content.decode().count("Said no, thank you, on ") == 1
    verbs = AuditEntry.objects.of(ana.clinic).filter(actor=access.user).values_list("verb", flat=True)
    assert list(verbs) == ["declined to help"]


def test_who_said_no_is_left_in_peace_for_a_week(patient, ana):
    give(patient)
    ben, access = asked(ana)
    answer(ben, "decline", access)
    refused = give(patient)
    words = "This person said no. You can ask again a week later."
    assert refused.context["form"].errors["email"] == [words]
    PortalAccess.across_clinics.filter(pk=access.pk).update(declined_at=timezone.now() - timedelta(days=8))
    assert give(patient).status_code == 302
    assert list(patient.get(reverse("portal:carers")).context["gone"]) == []


def test_a_carer_stops_and_sees_nothing_more(patient, ana):
    give(patient)
    ben = carer_of(ana)
    assert ben.get(reverse("portal:leave")).status_code == 200
    assert ben.post(reverse("portal:leave")).url == reverse("account_request_login_code")
    assert ben.get(reverse("portal:home")).status_code == 302
    assert patient.get(reverse("portal:carers")).content.decode().count("Stopped helping on ") == 1
    assert patient.post(reverse("portal:leave")).status_code == 403


def test_answers_pressed_twice_late_or_for_others_change_nothing(patient, ana):
    give(patient)
    give(patient, "cleo@example.org", "Cleo")
    ben, access = asked(ana)
    cleo, hers = asked(ana, "cleo@example.org")
    for word, typed in (
        ("accept", hers.pk),
        ("decline", hers.pk),
        ("accept", "x"),
        ("accept", "9" * 30),
        ("", "1"),
    ):
        assert ben.post(reverse("portal:asked"), {word: typed}).url == reverse("portal:asked")
    patient.post(reverse("portal:carers"), {"remove": access.pk})
    assert answer(ben, "accept", access).url == reverse("portal:home")
    assert ben.get(reverse("portal:home")).status_code == 403
    answer(cleo, "accept", hers)
    assert answer(cleo, "decline", hers).url == reverse("portal:home")
    rows = PortalAccess.across_clinics.filter(is_carer=True).order_by("pk")
    assert [(row.accepted_at is None, row.revoked_at is None) for row in rows] == [
        (True, False),
        (False, True),
    ]


def test_a_patient_who_is_asked_goes_on_seeing_their_own_pages_first(patient, ana):
    cleo = factory.make_patient(ana.clinic, given_name="Cleo", email="cleo@example.org")
    hers = enter(Client(), cleo)
    give(patient, cleo.email, "Cleo")
    page = hers.get(reverse("portal:home"))
    assert (page.status_code, page.context["request"].patient, page.context["asked"]) == (200, cleo, True)


def test_an_old_page_of_one_patient_sends_nothing_to_another(patient, ana):
    """Ben sees Ana's pages, is removed, and has pages of his own: what Ana's page sends is not taken for his."""
    ben = factory.make_patient(
        ana.clinic, given_name="Ben", email="ben@example.org", birth_date=date(1960, 1, 2)
    )
    enter(Client(), ben)
    give(patient)
    his, access = asked(ana)
    answer(his, "accept", access)
    his.post(reverse("portal:who"), BIRTH)
    assert his.get(reverse("portal:home")).context["request"].patient == ana
    patient.post(reverse("portal:carers"), {"remove": access.pk})
    assert his.post(reverse("portal:unwell"), {"words": "Fever"}).status_code == 403
    assert "_auth_user_id" not in his.session


def test_choosing_another_patient_makes_the_pages_before_it_worthless(patient, ana):
    give(patient)
    carer_of(ana)
    ben = Client(enforce_csrf_checks=True)
    factory.sign_in(ben, User.objects.get(email="ben@example.org"))
    token = ben.get(reverse("portal:unwell")).context["csrf_token"]
    assert ben.post(reverse("portal:who"), {**BIRTH, "csrfmiddlewaretoken": token}).status_code == 302
    answers = ben.post(reverse("portal:unwell"), {"words": "Fever", "csrfmiddlewaretoken": token})
    assert (answers.status_code, answers.templates[0].name) == (403, "403_csrf.html")
