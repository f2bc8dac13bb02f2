"""Screens of the patients room."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.forms import Form
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST

from clinics.access import StaffRequest, staff
from clinics.domain.refusals import Refused
from clinics.domain.rights import Right
from clinics.forms.refusals import show_refusal

from . import actions, queries
from .domain.wishes import in_words
from .forms import (
    DeathForm,
    DecideForm,
    DiagnosisForm,
    EarlierInfusionForm,
    MeasurementForm,
    MedicineForm,
    PatientForm,
    WishesForm,
)


def _today(request: StaffRequest) -> date:
    return timezone.now().astimezone(request.clinic.zone).date()


def _typed(request: StaffRequest) -> QueryDict | None:
    return request.POST if request.method == "POST" else None


@staff(Right.VIEW_PATIENTS)
def patient_list(request: StaffRequest) -> HttpResponse:
    words = request.GET.get("q", "")[:200]
    rows = queries.with_conditions(queries.search(request.clinic, words))
    page = Paginator(rows, 30).get_page(request.GET.get("page"))
    return render(request, "patients/list.html", {"page": page, "q": words.replace("\x00", "")})


@staff(Right.VIEW_PATIENTS)
def detail(request: StaffRequest, pk: int) -> HttpResponse:
    patient = queries.patient(request.clinic, pk)
    actions.record_view(patient=patient, by=request.user, page="patient")
    diagnoses = list(patient.diagnoses.all())
    shown = {
        "patient": patient,
        "age": patient.age_on(_today(request)),
        "conditions": [row for row in diagnoses if row.condition],
        "comorbidities": [row for row in diagnoses if not row.condition],
        "overlap": sum(row.state == "confirmed" for row in diagnoses) > 1,
        "weight": queries.latest_measurement(patient, "weight"),
        "height": queries.latest_measurement(patient, "height"),
        "accesses": [row for row in queries.portal_accesses(patient) if row.revoked_at is None],
        "wishes": _wishes_in_words(patient),
        "address_problem": queries.address_problem(patient),
    }
    return render(request, "patients/detail.html", shown)


@require_POST
@staff(Right.EDIT_PATIENTS)
def address_works(request: StaffRequest, pk: int) -> HttpResponse:
    """Somebody has learnt that the marked address works after all: mail goes there again."""
    patient = queries.patient(request.clinic, pk)
    try:
        actions.say_address_works(patient=patient, by=request.user, now=timezone.now())
    except Refused as refused:
        messages.error(request, refused.reasons[0].message)
    else:
        messages.success(request, f"Mail goes to {patient.email} again.")
    return redirect("patients:detail", pk=pk)


@staff(Right.EDIT_PATIENTS)
def add(request: StaffRequest) -> HttpResponse:
    form = PatientForm(_typed(request), today=_today(request))
    if request.method == "POST" and form.is_valid() and form.person:
        now = timezone.now()
        try:
            patient = actions.add_patient_with_diagnosis(
                clinic=request.clinic,
                by=request.user,
                now=now,
                person=form.person,
                condition=form.cleaned_data["condition"],
                certain=request.membership.may(Right.CONFIRM_DIAGNOSIS),
                **form.more,
            )
        except Refused as refused:
            show_refusal(form, refused)
        else:
            messages.success(request, f"{patient} is on record.")
            return redirect("patients:detail", pk=patient.pk)
    status = 422 if form.is_bound else 200
    return render(request, "patients/form.html", {"form": form}, status=status)


@staff(Right.EDIT_PATIENTS)
def edit(request: StaffRequest, pk: int) -> HttpResponse:
    patient = queries.patient(request.clinic, pk)
    form = PatientForm(_typed(request), today=_today(request), patient=patient)
    if request.method == "POST" and form.is_valid() and form.person:
        shown = request.POST.get("version", "")
        version = int(shown) if shown.isascii() and shown.isdigit() and len(shown) < 10 else 0
        try:
            actions.edit_patient(
                patient=patient, person=form.person, by=request.user, version=version, **form.more
            )
        except Refused as refused:
            show_refusal(form, refused)
            patient = queries.patient(request.clinic, pk)
        else:
            messages.success(request, "Saved.")
            return redirect("patients:detail", pk=pk)
    status = 422 if form.is_bound else 200
    return render(request, "patients/form.html", {"form": form, "patient": patient}, status=status)


@staff(Right.VIEW_PATIENTS)
def background(request: StaffRequest, pk: int) -> HttpResponse:
    """Allergies, medication, vaccinations, other conditions, measurements: all that came along."""
    patient = queries.patient(request.clinic, pk)
    actions.record_view(patient=patient, by=request.user, page="background")
    return render(request, "patients/background.html", {"patient": patient})


def _small_form(
    request: StaffRequest, pk: int, form: Form, title: str, save: Callable[[Any, dict[str, Any]], None]
) -> HttpResponse:
    """Show one of a patient's small forms; ``save`` writes the checked form or raises a refusal."""
    patient = queries.patient(request.clinic, pk)
    if request.method == "POST" and form.is_valid():
        try:
            save(patient, form.cleaned_data)
        except Refused as refused:
            show_refusal(form, refused)
        else:
            messages.success(request, "Saved.")
            return redirect("patients:detail", pk=pk)
    shown = {"patient": patient, "form": form, "form_title": title}
    return render(request, "patients/small_form.html", shown, status=422 if form.is_bound else 200)


@staff(Right.CONFIRM_DIAGNOSIS)
def add_diagnosis(request: StaffRequest, pk: int) -> HttpResponse:
    def save(patient: Any, typed: dict[str, Any]) -> None:
        actions.add_diagnosis(
            patient=patient,
            by=request.user,
            now=timezone.now(),
            condition=typed["condition"],
            recorded_on=typed["recorded_on"],
        )

    return _small_form(
        request,
        pk,
        DiagnosisForm(_typed(request)),
        "Add a diagnosis",
        save,
    )


@staff(Right.CONFIRM_DIAGNOSIS)
def decide_diagnosis(request: StaffRequest, pk: int) -> HttpResponse:
    diagnosis = queries.diagnosis(request.clinic, pk)
    form = DecideForm(
        _typed(request),
        initial={"condition": diagnosis.condition or "none"},
    )
    if request.method == "POST" and form.is_valid():
        chosen, now = form.cleaned_data["condition"], timezone.now()
        try:
            if chosen == "none":
                actions.reject_diagnosis(diagnosis=diagnosis, by=request.user, now=now)
            else:
                actions.confirm_diagnosis(diagnosis=diagnosis, condition=chosen, by=request.user, now=now)
        except Refused as refused:
            show_refusal(form, refused)
        else:
            messages.success(request, "Decided.")
            return redirect("patients:detail", pk=diagnosis.patient_id)
    shown = {
        "patient": diagnosis.patient,
        "form": form,
        "diagnosis": diagnosis,
        "form_title": "Which diagnosis is this?",
    }
    return render(request, "patients/small_form.html", shown, status=422 if form.is_bound else 200)


@staff(Right.RECORD_RESULTS)
def measure(request: StaffRequest, pk: int) -> HttpResponse:
    patient = queries.patient(request.clinic, pk)
    form = MeasurementForm(
        _typed(request),
        patient=patient,
        today=_today(request),
        initial={"taken_on": _today(request)},
    )

    def save(patient: Any, typed: dict[str, Any]) -> None:
        for kind, value in form.values.items():
            if value is not None:
                actions.record_measurement(
                    patient=patient, kind=kind, value=value, taken_on=typed["taken_on"], by=request.user
                )

    return _small_form(request, pk, form, "Weight and height", save)


@staff(Right.RECORD_RESULTS)
def add_medicine(request: StaffRequest, pk: int) -> HttpResponse:
    def save(patient: Any, typed: dict[str, Any]) -> None:
        actions.add_medicine(patient=patient, by=request.user, today=_today(request), **typed)

    return _small_form(request, pk, MedicineForm(_typed(request)), "Add a medicine", save)


@require_POST
@staff(Right.RECORD_RESULTS)
def change_medicine(request: StaffRequest, pk: int, medicine_pk: int) -> HttpResponse:
    """A medicine is stopped, or taken again."""
    found = queries.medicine(queries.patient(request.clinic, pk), medicine_pk)
    actions.set_taken(medicine=found, taken=request.POST.get("taken") == "yes", by=request.user)
    messages.success(request, f"{found.text}: {'taken again' if found.is_current else 'stopped'}.")
    return redirect("patients:background", pk=pk)


@staff(Right.RECORD_HISTORY)
def add_earlier_infusion(request: StaffRequest, pk: int) -> HttpResponse:
    def save(patient: Any, typed: dict[str, Any]) -> None:
        actions.record_earlier_infusion(
            patient=patient,
            given_on=typed["given_on"],
            product=typed["product"],
            dose_mg=typed["dose_mg"],
            given_here=typed["where"] == "here",
            reaction_grade=typed["reaction_grade"],
            reaction_text=typed["reaction_text"],
            by=request.user,
            now=timezone.now(),
        )

    return _small_form(
        request,
        pk,
        EarlierInfusionForm(_typed(request)),
        "Add an earlier infusion",
        save,
    )


def _wishes_in_words(patient: Any) -> tuple[str, ...]:
    row = queries.wishes_of(patient)
    if row is None:
        return ()
    return in_words(row.weekdays, row.not_before, row.not_after, row.place, row.notice_hours, row.note)


@staff(Right.BOOK)
def wishes(request: StaffRequest, pk: int) -> HttpResponse:
    """What the patient asks of their times: weekdays, hours, a bed; the search for times goes by it."""
    patient = queries.patient(request.clinic, pk)
    row = queries.wishes_of(patient)
    form = WishesForm(_typed(request), wishes=row, shown=actions.as_shown(row))

    def save(patient: Any, typed: dict[str, Any]) -> None:
        try:
            actions.set_wishes(patient=patient, by=request.user, **typed)
        except Refused:
            # The page now says what stands, so the next press decides about that.
            form.data = {**request.POST.dict(), "weekdays": typed["weekdays"], "shown": actions.as_shown(row)}
            raise

    return _small_form(request, pk, form, "Wishes for times", save)


@staff(Right.EDIT_PATIENTS)
def mark_deceased(request: StaffRequest, pk: int) -> HttpResponse:
    def save(patient: Any, typed: dict[str, Any]) -> None:
        actions.mark_deceased(
            patient=patient, on=typed["deceased_on"], by=request.user, today=_today(request)
        )

    return _small_form(
        request,
        pk,
        DeathForm(_typed(request)),
        "The patient has died",
        save,
    )


@require_POST
@staff(Right.INVITE_PATIENT)
def invite(request: StaffRequest, pk: int) -> HttpResponse:
    patient = queries.patient(request.clinic, pk)
    try:
        actions.invite(patient=patient, by=request.user, now=timezone.now())
    except Refused as refused:
        for reason in refused.reasons:
            messages.error(request, reason.message)
    else:
        messages.success(request, f"Invited. A mail with the way in goes to {patient.email}.")
    return redirect("patients:detail", pk=pk)


@require_POST
@staff(Right.INVITE_PATIENT)
def revoke(request: StaffRequest, pk: int, access_pk: int) -> HttpResponse:
    patient = queries.patient(request.clinic, pk)
    access = queries.or_404(queries.portal_accesses(patient), pk=access_pk)
    actions.revoke_access(access=access, by=request.user, now=timezone.now())
    messages.success(request, "The patient's pages are closed for this address.")
    return redirect("patients:detail", pk=pk)
