"""What a patient answered before an infusion, for the pages of that visit."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone

from clinics.access import StaffRequest, staff
from clinics.domain.rights import Right
from monitoring import queries
from patients.actions import record_view
from scheduling.queries import visit as find_visit


@staff(Right.VIEW_PATIENTS)
def health_check(request: StaffRequest, visit_pk: int) -> HttpResponse:
    """The answers that count with what the rules made of them, and all others; a page of its own without JavaScript."""
    visit = find_visit(request.clinic, visit_pk)
    record_view(patient=visit.patient, by=request.user, page="health check")
    rows = queries.health_check_rows(visit)
    lead = queries.leading(rows)
    shown = {
        "visit": visit,
        "patient": visit.patient,
        "lead": lead,
        "others": [row for row in rows if row is not lead],
        "waits": any(row.call == "waiting" for row in rows),
        "is_open": queries.may_answer_now(visit, timezone.now()),
    }
    name = "_health_check" if request.htmx else "health_check"
    return render(request, f"monitoring/{name}.html", shown)
