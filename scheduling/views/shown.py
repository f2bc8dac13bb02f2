"""What several screens share: the clinic's date, refusals beside their fields, and the page of a lost race."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone

from clinics.access import StaffRequest
from clinics.domain.refusals import Refused
from scheduling import queries
from scheduling.domain.booking import was_raced
from scheduling.forms import offer_text

# What somebody else's click, or one's own earlier one, has overtaken.
OVERTAKEN = frozenset(
    {"stale", "already_booked", "not_planned", "no_pair", "not_movable", "busy"}
    | {"time_gone", "offer_lapsed", "offer_answered", "offer_open", "not_earlier", "withdrawn"}
)


def today_of(request: StaffRequest) -> date:
    return queries.today_of(request.clinic, timezone.now())


def cards(found: tuple[queries.Card, ...]) -> list[tuple[queries.Card, str]]:
    """Offers with the text by which a form names their seats."""
    return [(card, offer_text(place.seat for place in card.places)) for card in found]


def status_of(refused: Refused) -> int:
    """409 where somebody was quicker, else 422."""
    return 409 if was_raced(refused.codes) or set(refused.codes) & OVERTAKEN else 422


def refused_page(request: StaffRequest, refused: Refused, **shown: Any) -> HttpResponse:
    """Why nothing was booked, with the nearest free times."""
    status = status_of(refused)
    context = {
        "reasons": list(dict.fromkeys(reason.message for reason in refused.reasons)),
        "taken": status == 409,
        "cards": cards(refused.alternatives),
        **shown,
    }
    return render(request, "scheduling/refused.html", context, status=status)
