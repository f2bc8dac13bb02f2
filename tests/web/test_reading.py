"""Patients search what they can read, and print all of it."""

import pytest
from django.urls import reverse

from infusion.portal.domain.education import PAGES, VERSION
from tests import factory
from tests.web.test_portal import enter

pytestmark = pytest.mark.django_db


@pytest.fixture
def reader(client):
    clinic = factory.make_clinic(education_approved_version=VERSION)
    return enter(client, factory.make_patient(clinic, email="ana@example.org"))


def test_a_word_is_found_with_its_surroundings_and_marked(reader):
    page = reader.get(reverse("portal:education"), {"q": "Alcohol"})
    assert [hit.page.slug for hit in page.context["hits"]] == ["questions"]
    assert "<mark>alcohol</mark>" in page.content.decode()


def test_nothing_found_says_whom_to_call_and_shows_the_question_as_text(reader):
    page = reader.get(reverse("portal:education"), {"q": "<b>zebra"})
    assert (page.context["hits"], "<b>zebra" in page.content.decode()) == ([], False)
    assert "Nothing found." in page.content.decode()


def test_all_pages_stand_on_one_page_to_print_once_approved(reader):
    page = reader.get(reverse("portal:education_all"))
    assert [each.slug for each, _ in page.context["texts"]] == [each.slug for each in PAGES]
    assert min(len(text) for _, text in page.context["texts"]) > 300
    clinic = page.context["request"].clinic
    clinic.education_approved_version = ""
    clinic.save()
    assert reader.get(reverse("portal:education_all")).status_code == 404
