"""Importing patients on the screen: choose files, look at what would happen, confirm, read what happened."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from clinics.access import StaffRequest, staff
from clinics.domain.refusals import Refused
from clinics.domain.rights import Right

from . import actions, queries
from .domain.incoming import WHOLE_FILE
from .forms import UploadForm
from .writers.refused_rows import refused_csv

SHOWN = ("refused", "confirm", "added", "updated", "unchanged", "notes")


@staff(Right.IMPORT_PATIENTS)
def upload(request: StaffRequest) -> HttpResponse:
    form = UploadForm(request.POST, request.FILES) if request.method == "POST" else UploadForm()
    if form.is_bound and form.is_valid():
        try:
            made = actions.open_preview(
                clinic=request.clinic, files=form.contents(), by=request.user, now=timezone.now()
            )
        except Refused as refused:
            form.add_error("uploads", str(refused))
        else:
            return redirect("interop:batch", pk=made.pk)
    page = Paginator(queries.batches(request.clinic), 10).get_page(request.GET.get("page"))
    status = 422 if form.is_bound else 200
    return render(request, "interop/upload.html", {"form": form, "page": page}, status=status)


@staff(Right.IMPORT_PATIENTS)
def batch(request: StaffRequest, pk: int) -> HttpResponse:
    """The preview of an import, and once it is confirmed what it did: the same page with other words."""
    found = queries.batch(request.clinic, pk)
    groups = _groups(found.report.get("rows", []))
    strays = [part for part in found.report.get("left_out", []) if part["place"] == WHOLE_FILE]
    chosen = request.GET.get("show", "")
    if chosen not in groups:
        chosen = next((name for name in SHOWN if groups[name]), "added")
    page = Paginator(groups[chosen], 50).get_page(request.GET.get("page"))
    keys = queries.keys_of(request.clinic, [row["record_number"] for row in page])
    shown = {
        "batch": found,
        "report": found.report,
        "counts": {name: len(rows) for name, rows in groups.items()},
        "strays": strays,
        "chosen": chosen,
        "page": page,
        "rows": [{**row, "pk": keys.get(row["record_number"])} for row in page],
        "mendable": any(row["columns"] for row in groups["refused"]),
    }
    return render(request, "interop/batch.html", shown)


def _groups(rows: list[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    """The rows under each heading of the page; a row with a question or a note stands under that too."""
    groups = {name: [row for row in rows if row["kind"] == name] for name in SHOWN}
    groups["confirm"] = [row for row in rows if row["questions"]]
    groups["notes"] = [row for row in rows if row["left_out"] or row["same_as"]]
    return groups


@require_POST
@staff(Right.IMPORT_PATIENTS)
def confirm(request: StaffRequest, pk: int) -> HttpResponse:
    found = queries.batch(request.clinic, pk)
    try:
        done = actions.confirm(batch=found, by=request.user, now=timezone.now())
    except Refused as refused:
        messages.error(request, str(refused))
        return redirect("interop:batch", pk=pk)
    if done:
        messages.success(request, _("The import is done."))
    else:
        messages.warning(
            request,
            _("Records have changed since you looked. Nothing was imported; look at it again and confirm."),
        )
    return redirect("interop:batch", pk=pk)


@require_POST
@staff(Right.IMPORT_PATIENTS)
def give_up(request: StaffRequest, pk: int) -> HttpResponse:
    found = queries.batch(request.clinic, pk)
    try:
        actions.give_up(batch=found, by=request.user)
    except Refused as refused:
        messages.error(request, str(refused))
        return redirect("interop:batch", pk=pk)
    messages.success(request, _("The files were thrown away. Nothing was imported."))
    return redirect("interop:upload")


@staff(Right.IMPORT_PATIENTS)
def refused(request: StaffRequest, pk: int) -> HttpResponse:
    """The refused rows as a CSV file, to be mended and imported again."""
    found = queries.batch(request.clinic, pk)
    content = refused_csv(found.report.get("rows", []))
    name = f"refused-{found.created_at:%Y-%m-%d}-{found.pk}.csv"
    return HttpResponse(
        content,
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )
