"""The pages of an import, the same for patients and for laboratory results."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _

from clinics.access import StaffRequest
from clinics.actions import record
from clinics.domain.refusals import Refused

from . import actions, queries
from .domain.incoming import WHOLE_FILE
from .forms import ResultsUploadForm, UploadForm
from .models import ImportBatch
from .writers.refused_rows import refused_csv


@dataclass(frozen=True, slots=True)
class Subject:
    """What is imported: the addresses of its pages, its form, and the groups in which records are shown."""

    code: str
    form: type[UploadForm]
    groups: tuple[str, ...]
    upload: str
    batch: str
    confirm: str
    give_up: str
    refused: str


PATIENTS = Subject(
    code="patients",
    form=UploadForm,
    groups=("refused", "confirm", "added", "updated", "unchanged", "notes"),
    upload="interop:upload",
    batch="interop:batch",
    confirm="interop:confirm",
    give_up="interop:give_up",
    refused="interop:refused",
)
RESULTS = Subject(
    code="results",
    form=ResultsUploadForm,
    groups=("refused", "added", "updated", "unchanged", "not_used"),
    upload="interop:results",
    batch="interop:results_batch",
    confirm="interop:confirm_results",
    give_up="interop:give_up_results",
    refused="interop:refused_results",
)


def upload(request: StaffRequest, subject: Subject) -> HttpResponse:
    form = subject.form(request.POST, request.FILES) if request.method == "POST" else subject.form()
    if form.is_bound and form.is_valid():
        try:
            made = actions.open_preview(
                clinic=request.clinic,
                files=form.contents(),
                by=request.user,
                now=timezone.now(),
                subject=subject.code,
            )
        except Refused as refused:
            form.add_error("uploads", str(refused))
        else:
            return redirect(subject.batch, pk=made.pk)
    page = Paginator(queries.batches(request.clinic, subject.code), 10).get_page(request.GET.get("page"))
    shown = {"form": form, "page": page, "subject": subject}
    return render(request, "interop/upload.html", shown, status=422 if form.is_bound else 200)


def batch(request: StaffRequest, pk: int, subject: Subject) -> HttpResponse:
    found = queries.batch(request.clinic, pk, subject.code)
    groups = _groups(found.report.get("rows", []), subject)
    strays = [part for part in found.report.get("left_out", []) if part["place"] == WHOLE_FILE]
    chosen = request.GET.get("show", "")
    if chosen not in groups:
        chosen = next((name for name in subject.groups if groups[name]), "added")
    page = Paginator(groups[chosen], 50).get_page(request.GET.get("page"))
    _note(request, found, "viewed import", {"show": chosen, "page": page.number})
    keys = queries.keys_of(request.clinic, [row["record_number"] for row in page])
    shown = {
        "batch": found,
        "subject": subject,
        "report": found.report,
        "counts": {name: len(rows) for name, rows in groups.items()},
        "strays": strays,
        "chosen": chosen,
        "page": page,
        "rows": [{**row, "pk": keys.get(row["record_number"])} for row in page],
        "mendable": any(row["columns"] for row in groups["refused"]),
    }
    return render(request, "interop/batch.html", shown)


def _note(request: StaffRequest, found: ImportBatch, verb: str, changes: dict[str, Any]) -> None:
    """Its pages name patients: who saw them is in the audit trail."""
    record(clinic=request.clinic, by=request.user, verb=verb, subject=found, changes=changes)


def _groups(rows: list[dict[str, Any]], subject: Subject) -> dict[str, list[dict[str, Any]]]:
    """The rows under each heading of the page; a row with a question or a note stands under that too."""
    groups = {name: [row for row in rows if row["kind"] == name] for name in subject.groups}
    if "confirm" in groups:
        groups["confirm"] = [row for row in rows if row["questions"]]
        groups["notes"] = [row for row in rows if row["left_out"] or row["same_as"]]
    return groups


def confirm(request: StaffRequest, pk: int, subject: Subject) -> HttpResponse:
    found = queries.batch(request.clinic, pk, subject.code)
    try:
        done = actions.confirm(batch=found, by=request.user, now=timezone.now())
    except Refused as refused:
        messages.error(request, str(refused))
        return redirect(subject.batch, pk=pk)
    if done:
        messages.success(request, _("The import is done."))
    else:
        messages.warning(
            request,
            _("Records have changed since you looked. Nothing was imported; look at it again and confirm."),
        )
    return redirect(subject.batch, pk=pk)


def give_up(request: StaffRequest, pk: int, subject: Subject) -> HttpResponse:
    found = queries.batch(request.clinic, pk, subject.code)
    try:
        actions.give_up(batch=found, by=request.user)
    except Refused as refused:
        messages.error(request, str(refused))
        return redirect(subject.batch, pk=pk)
    messages.success(request, _("The files were thrown away. Nothing was imported."))
    return redirect(subject.upload)


def refused(request: StaffRequest, pk: int, subject: Subject) -> HttpResponse:
    found = queries.batch(request.clinic, pk, subject.code)
    _note(request, found, "downloaded refused rows", {})
    content = refused_csv(found.report.get("rows", []), subject.code)
    name = f"refused-{found.created_at:%Y-%m-%d}-{found.pk}.csv"
    return HttpResponse(
        content,
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )
