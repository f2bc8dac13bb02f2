"""The page of soft rules: what would be broken, why all the same, and one button that does it."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.shortcuts import render

from clinics.access import StaffRequest
from clinics.domain.refusals import Refusal, Refused
from scheduling import queries
from scheduling.domain.soft import NO_ACCEPTED_REASON, only_soft, rights_for
from scheduling.forms import AcceptForm, read_offer

from .shown import cards, status_of

CARRIED = ("offer", "version", "other_version", "reason", "whole", "only")
"""What a page of times sends along with an offer: it is sent again with the reason."""


def reasons_of(refused: Refused) -> list[Refusal]:
    """What stands in the way, without the missing word why."""
    return [each for each in dict.fromkeys(refused.reasons) if each != NO_ACCEPTED_REASON]


def may_pass(request: StaffRequest, refused: Refused) -> bool:
    """Whether nothing but soft rules stands in the way, and this colleague may pass every one of them."""
    reasons = reasons_of(refused)
    if not only_soft(reasons):
        return False
    return all(request.membership.may(right) for right in rights_for(each.code for each in reasons))


def warning_page(request: StaffRequest, refused: Refused, *, offer: str = "", **shown: Any) -> HttpResponse:
    """What would be broken, with a field for the reason. An empty one is said beside it; what was typed is kept."""
    reasons = reasons_of(refused)
    codes = ",".join(sorted({each.code for each in reasons}))
    asked = "accept" in request.POST
    form = AcceptForm({**request.POST.dict(), "accept": codes} if asked else None, initial={"accept": codes})
    carried = {name: request.POST[name] for name in CARRIED if name in request.POST}
    if offer:
        carried["offer"] = offer
    text = carried.get("offer", "")
    seats = read_offer(text, len(text.split(" "))) if text else None
    context = {
        "not_yet": "Not moved yet" if shown.get("moving") else "Not booked yet",
        "wanted": queries.named_seats(request.clinic, seats or ()),
        "reasons": list(dict.fromkeys(each.message for each in reasons)),
        "accept": form,
        "carried": carried,
        "again": asked and "why" not in form.errors,
        "cards": cards(refused.alternatives),
        **shown,
    }
    return render(request, "scheduling/warning.html", context, status=status_of(refused))
