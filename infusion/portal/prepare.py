"""Before my infusion: how long it takes and why, what to hold, and whom to call; a page to print."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext_lazy

from infusion.reminders.words.lines import length_in_words
from patients.actions import record_view
from scheduling.models import Visit

from . import queries
from .access import PatientRequest, patient_page

GIVEN = ("titration", "steady")
PARTS = {
    "set_up": gettext_lazy("Getting ready: we talk with you, measure, and place a small needle"),
    "premedication": gettext_lazy("Medicines first, so that you bear the infusion well"),
    "infusion": gettext_lazy("The infusion itself: it starts slowly and then goes faster"),
    "observation": gettext_lazy("A time of rest while we watch over you"),
}


def parts_of(visit: Visit | None) -> list[tuple[str, str]]:
    """The parts of an infusion visit in the patient's words, each with how long it takes."""
    if visit is None or visit.kind != "infusion":
        return []
    minutes: dict[str, int] = {}
    for name, length, *_ in visit.phases:
        part = "infusion" if name in GIVEN else name
        minutes[part] = minutes.get(part, 0) + int(length)
    return [
        (str(words), length_in_words(minutes[part])) for part, words in PARTS.items() if minutes.get(part)
    ]


@patient_page
def prepare(request: PatientRequest) -> HttpResponse:
    """Everything about getting ready for the next infusion on one page."""
    now = timezone.now()
    record_view(patient=request.patient, by=request.user, page="portal before my infusion")
    visit = queries.next_infusion(request.patient, now)
    shown = {
        "visit": visit,
        "parts": parts_of(visit),
        "instructions": queries.to_hold(visit),
        "now": now,
    }
    return render(request, "portal/prepare.html", shown)
