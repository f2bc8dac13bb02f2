"""The staff's own screens across rooms: the day, what waits, and the search."""

from __future__ import annotations

from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone

from clinics.access import StaffRequest, staff
from clinics.actions import record
from clinics.domain.rights import Right
from scheduling.queries import held_infusions, in_the_way_ahead, shown_faults, without_room

from . import queries, worklist
from .pages import day_asked, day_page, view_asked


@staff(Right.VIEW_PATIENTS)
def today(request: StaffRequest) -> HttpResponse:
    """The day by chair and time, or as a list; where staff land."""
    now = timezone.now()
    on, status = day_asked(request, now=now)
    return day_page(request, on, now=now, view=view_asked(request.GET.get("view")), status=status)


@staff(Right.VIEW_PATIENTS, watching=True)
def board(request: StaffRequest) -> HttpResponse:
    """The day's fragment, asked for every half minute; it keeps nobody signed in."""
    now = timezone.now()
    on, _status = day_asked(request, now=now)
    return day_page(request, on, now=now, view=view_asked(request.GET.get("view")), fragment=True)


@staff(Right.VIEW_PATIENTS)
def day_sheet(request: StaffRequest) -> HttpResponse:
    """The day on paper, in the order of the chairs."""
    now = timezone.now()
    on, status = day_asked(request, now=now)
    shown = queries.day(request.clinic, on, member=request.membership, now=now)
    record(clinic=request.clinic, by=request.user, verb="printed day sheet", changes={"day": on.isoformat()})
    return render(request, "desk/day_sheet.html", {"shown": shown}, status=status)


@staff(Right.VIEW_PATIENTS)
def search(request: StaffRequest) -> HttpResponse:
    """Find a patient; a record number that fits exactly leads straight to the record."""
    words = " ".join(request.GET.get("q", "").replace("\x00", "").split())[:100]
    words = words.encode("utf-8", "ignore").decode()
    if not words:
        return render(request, "desk/search.html", {"q": ""})
    rows = queries.found_patients(request.clinic, words)
    page = Paginator(rows, 30).get_page(request.GET.get("page"))
    record(
        clinic=request.clinic,
        by=request.user,
        verb="searched patients",
        changes={"words": words, "found": page.paginator.count},
    )
    first = page.object_list[0] if page.paginator.count == 1 else None
    if first is not None and first.record_number.lower() == words.lower():
        return redirect("patients:detail", pk=first.pk)
    return render(request, "desk/search.html", {"q": words, "page": page})


@staff(Right.VIEW_PATIENTS)
def work(request: StaffRequest) -> HttpResponse:
    """What waits for somebody: the colleague's own work first."""
    now = timezone.now()
    sections = worklist.sections(request.clinic, member=request.membership, now=now)
    everything = request.GET.get("for") == "all"
    mine = [section for section in sections if section.is_for(request.membership.role)]
    shown = {
        "sections": sections if everything else mine,
        "everything": everything,
        "mine": sum(section.total for section in mine),
        "all": sum(section.total for section in sections),
    }
    return render(request, "desk/worklist.html", shown)


@staff(Right.VIEW_PATIENTS)
def misfits(request: StaffRequest) -> HttpResponse:
    """Booked visits that no longer fit the clinic as it is set, soonest first, and held windows without room."""
    now = timezone.now()
    reasons = in_the_way_ahead(request.clinic, now=now)
    page = Paginator(list(reasons), 50).get_page(request.GET.get("page"))
    rows = shown_faults(request.clinic, {key: reasons[key] for key in page})
    held = held_infusions(request.clinic, without_room(request.clinic, now=now))
    return render(request, "desk/misfits.html", {"page": page, "faults": rows, "held": held})
