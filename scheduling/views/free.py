"""Free starts as JSON: what the slot picker on the times page reads, and any other program of the clinic."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any
from urllib.parse import urlencode

from django.http import HttpResponse, JsonResponse
from django.utils import timezone
from django.views.decorators.http import require_GET

from clinics.access import StaffRequest, staff
from clinics.domain.rights import Right
from patients.actions import record_view
from scheduling import queries
from scheduling.forms import FreeForm

PAGE_DAYS = 184
"""Days on one page: half a year."""
NAMES = {"first": "from", "last": "to"}


@require_GET
@staff(Right.BOOK)
def free(request: StaffRequest) -> HttpResponse:
    """Every free start between two days, for a visit of so many minutes or for one infusion; 400 with a message for
    each field that cannot be read.
    """
    asked = {name: request.GET.get(name, "") for name in ("minutes", "infusion", "all", "page")}
    form = FreeForm({**asked, **{field: request.GET.get(name, "") for field, name in NAMES.items()}})
    if not form.is_valid():
        return _refused(
            {NAMES.get(name, name): [str(each) for each in words] for name, words in form.errors.items()}
        )
    wanted = form.cleaned_data
    first, last, page = wanted["first"], wanted["last"], wanted["page"] or 1
    begin = first + timedelta(days=(page - 1) * PAGE_DAYS)
    if begin > last:
        return _refused({"page": ["There is no such page."]})
    end = min(begin + timedelta(days=PAGE_DAYS - 1), last)
    found, about = _search(
        request, wanted, [begin + timedelta(days=n) for n in range((end - begin).days + 1)]
    )
    answer = {
        "from": first.isoformat(),
        "to": last.isoformat(),
        "time_zone": request.clinic.time_zone,
        "slot_minutes": request.clinic.slot_minutes,
        "page": page,
        "pages": -(-((last - first).days + 1) // PAGE_DAYS),
        "next": None if end == last else "?" + urlencode({**request.GET.dict(), "page": page + 1}),
        **about,
        **_told(found, each_chair=wanted["all"] == "1"),
    }
    response = JsonResponse(answer)
    response["Cache-Control"] = "no-store"
    return response


def _search(
    request: StaffRequest, wanted: dict[str, Any], days: list[date]
) -> tuple[list[queries.FreeDay], dict[str, Any]]:
    now = timezone.now()
    if not wanted["infusion"]:
        minutes = wanted["minutes"]
        return queries.free_days(request.clinic, days, minutes, now=now), {"minutes": minutes}
    planned = queries.planned_infusion(request.clinic, wanted["infusion"])
    record_view(patient=planned.patient, by=request.user, page="free times")
    plan = queries.read_plan(queries.course(request.clinic, planned.course_id))
    own = [visit.pk for visit in plan.visits if visit.planned_infusion_id == planned.pk]
    found = queries.free_days_for(plan, planned, days, now=now, without=own)
    return found, {"infusion": planned.pk}


def _told(found: list[queries.FreeDay], *, each_chair: bool) -> dict[str, Any]:
    """The days as JSON: how many chairs are free at each start, or every start of every chair."""
    days: list[dict[str, Any]] = []
    for day in found:
        told: dict[str, Any] = {"day": day.day.isoformat(), "minutes": day.minutes}
        told |= {name: words for name, words in (("closed", day.closed), ("kept", day.kept)) if words}
        if each_chair and not day.closed:
            told["chairs"] = {str(key): day.of_chair(key) for key in day.chairs}
        elif not day.closed:
            told["starts"] = [{"time": text, "chairs": count} for text, count in day.starts()]
        days.append(told)
    return {"days": days}


def _refused(errors: dict[str, list[str]]) -> JsonResponse:
    return JsonResponse({"errors": errors}, status=400)
