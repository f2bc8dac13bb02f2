"""Chips, icons and navigation: colour, icon and word together, and one set of words for one status."""

import re

import pytest
from django.template import Context, Template
from django.template.loader import render_to_string
from django.test import RequestFactory
from django.urls import ResolverMatch, reverse

from clinics.templatetags.look import chip, icon, nav_link, status
from evaluation.domain.findings import Finding, Standing, State
from evaluation.domain.requirements import Effect
from evaluation.models import Evaluation
from infusion.interop.models import ImportBatch
from infusion.portal.domain.education import PAGES
from infusion.reminders.models import Message
from monitoring.models import FollowUp
from patients.models import Diagnosis
from scheduling.domain.proposals import LOST
from scheduling.models import Course, PlannedInfusion, Replan, Visit, WaitlistOffer
from tests.factory import make_clinic, make_member, sign_in
from treatment.domain.steps import STAGES


def _words(rendered: str) -> str:
    return re.sub(r"<[^>]+>", "", rendered)


def test_chip_says_its_word_beside_colour_and_icon() -> None:
    drawn = chip("warning", "clock", "<b>Will lapse</b>")
    assert _words(drawn) == "&lt;b&gt;Will lapse&lt;/b&gt;"
    assert re.findall(r'class="chip (chip-\w+)"', drawn) == ["chip-warning"]
    assert re.findall(r"#([\w-]+)\"", drawn) == ["clock"]


def test_chip_refuses_an_unknown_tone() -> None:
    with pytest.raises(ValueError, match="unknown chip tone: loud"):
        chip("loud", "clock", "Word")


def test_icon_alone_is_read_out_and_beside_a_word_is_silent() -> None:
    assert re.findall(r'role="img" aria-label="([^"]+)"', icon("telephone", label="Call")) == ["Call"]
    assert re.findall(r'aria-hidden="(\w+)"', icon("telephone")) == ["true"]


@pytest.mark.parametrize("stage", STAGES, ids=lambda stage: stage.code)
def test_visit_chip_agrees_with_the_table_of_stages(stage) -> None:
    assert status("visit", stage.code) == chip(stage.tone, stage.icon, stage.words)
    if not stage.state:
        assert status("visit", stage.status) == status("visit", stage.code)


def _finding(standing: Standing, effect: Effect) -> Finding:
    return Finding(requirement=None, standing=standing, effect=effect, words="")


KINDS = [
    ("visit", [value for value, _ in Visit.STATUSES]),
    ("planned", [value for value, _ in PlannedInfusion.STATES]),
    ("course", [value for value, _ in Course.STATES]),
    ("diagnosis", [value for value, _ in Diagnosis.STATES]),
    ("evaluation", [value for value, _ in Evaluation.STATES]),
    ("follow_up", [value for value, _ in FollowUp.STATES]),
    ("message", [value for value, _ in Message.STATES]),
    ("import", [value for value, _ in ImportBatch.STATES]),
    ("replan", [*(value for value, _ in Replan.STATES), LOST]),
    ("offer", [value for value, _ in WaitlistOffer.STATES]),
    ("requirement", sorted({_finding(standing, effect).word for standing in Standing for effect in Effect})),
    ("verdict", list(State)),
]


@pytest.mark.parametrize(("kind", "value"), [(kind, value) for kind, values in KINDS for value in values])
def test_every_stored_status_has_a_chip_of_its_own(kind: str, value: str) -> None:
    assert status(kind, value) != chip("neutral", "question-circle", value)


def test_unknown_status_is_shown_as_it_is() -> None:
    assert status("visit", "<odd>") == chip("neutral", "question-circle", "<odd>")
    assert status("visit", "") == chip("neutral", "question-circle", "Unknown")


def _request_at(view_name: str):
    namespace, _, name = view_name.rpartition(":")
    request = RequestFactory().get("/")
    request.resolver_match = ResolverMatch(None, (), {}, name, namespaces=[namespace] if namespace else [])
    return request


@pytest.mark.parametrize(
    ("at", "current"), [("patients:list", "page"), ("evaluation:detail", "true"), ("clinics:audit", "")]
)
def test_navigation_marks_page_and_section(at: str, current: str) -> None:
    context = Context({"request": _request_at(at)})
    shown = nav_link(context, "patients:list", "Patients", "people", "patients evaluation")
    assert shown["current"] == current


def test_navigation_hides_what_has_no_address() -> None:
    drawn = Template('{% load look %}{% nav_link "no:such" "Word" "people" %}').render(Context())
    assert drawn.strip() == ""


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.slug)
def test_education_page_is_written_and_names_itself(page) -> None:
    request = _request_at("portal:education_page")
    shown = render_to_string(f"portal/education/{page.slug}.html", {"page": page, "approved": False}, request)
    headings = re.findall(r"<h1>([^<]*)</h1>", shown)
    assert headings == [page.title]
    assert shown.count("The clinic has not approved this text yet") == 1


def test_label_page_says_plainly_what_is_off_the_label() -> None:
    page = next(page for page in PAGES if page.slug == "label")
    shown = render_to_string(
        "portal/education/label.html", {"page": page}, _request_at("portal:education_page")
    )
    rows = re.findall(
        r'<tr><th scope="row">([^<]*)</th><td[^>]*>([^<]*)</td><td[^>]*>([^<]*)</td></tr>', shown
    )
    off = "Off the label"
    assert {illness for illness, *where in rows if where == [off, off]} == {
        "Lupus, also of the kidneys",
        "Multiple sclerosis",
        "Autoimmune haemolytic anaemia",
    }
    assert "The usual schedule here is off the label for every one of these illnesses" in shown


@pytest.mark.django_db
def test_the_menus_of_a_narrow_and_a_wide_screen_say_the_same(client) -> None:
    sign_in(client, make_member(make_clinic(), "manager"))
    page = client.get(reverse("desk:today")).content.decode()
    links = [re.findall(r'class="nav-pill" href="([^"]+)"', part) for part in page.split("phone-menu")]
    assert links[0] == links[1] != []
    assert page.count(reverse("account_logout")) == 2
