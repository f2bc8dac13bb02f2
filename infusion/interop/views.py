"""Importing patients on the screen: choose files, look at what would happen, confirm, read what happened."""

from __future__ import annotations

from django.http import HttpResponse
from django.views.decorators.http import require_POST

from clinics.access import StaffRequest, staff
from clinics.domain.rights import Right

from . import screens


@staff(Right.IMPORT_PATIENTS)
def upload(request: StaffRequest) -> HttpResponse:
    return screens.upload(request, screens.PATIENTS)


@staff(Right.IMPORT_PATIENTS)
def batch(request: StaffRequest, pk: int) -> HttpResponse:
    """The preview of an import, and once it is confirmed what it did: the same page with other words."""
    return screens.batch(request, pk, screens.PATIENTS)


@require_POST
@staff(Right.IMPORT_PATIENTS)
def confirm(request: StaffRequest, pk: int) -> HttpResponse:
    return screens.confirm(request, pk, screens.PATIENTS)


@require_POST
@staff(Right.IMPORT_PATIENTS)
def give_up(request: StaffRequest, pk: int) -> HttpResponse:
    return screens.give_up(request, pk, screens.PATIENTS)


@staff(Right.IMPORT_PATIENTS)
def refused(request: StaffRequest, pk: int) -> HttpResponse:
    """The refused rows as a CSV file, to be mended and imported again."""
    return screens.refused(request, pk, screens.PATIENTS)


@staff(Right.RECORD_RESULTS)
def upload_results(request: StaffRequest) -> HttpResponse:
    """The same for laboratory results, which clinical staff bring in."""
    return screens.upload(request, screens.RESULTS)


@staff(Right.RECORD_RESULTS)
def results_batch(request: StaffRequest, pk: int) -> HttpResponse:
    return screens.batch(request, pk, screens.RESULTS)


@require_POST
@staff(Right.RECORD_RESULTS)
def confirm_results(request: StaffRequest, pk: int) -> HttpResponse:
    return screens.confirm(request, pk, screens.RESULTS)


@require_POST
@staff(Right.RECORD_RESULTS)
def give_up_results(request: StaffRequest, pk: int) -> HttpResponse:
    return screens.give_up(request, pk, screens.RESULTS)


@staff(Right.RECORD_RESULTS)
def refused_results(request: StaffRequest, pk: int) -> HttpResponse:
    return screens.refused(request, pk, screens.RESULTS)
