"""Filling in the page of message wishes, and how a patient's wishes stand."""

from __future__ import annotations

from typing import Any

from patients.models import MessageWishes, Patient


def typed(page: Any, **changed: Any) -> dict[str, Any]:
    """What pressing Save would send, with some of it changed."""
    form = page.context["form"]
    return {name: form[name].value() or "" for name in form.fields} | changed


def stands(patient: Patient) -> tuple[bool, list[str], str, str]:
    """Whether none are wanted, the kinds done without, the way and the language."""
    row = MessageWishes.objects.of(patient.clinic).get(patient=patient)
    patient.refresh_from_db()
    return row.none, row.kinds_off, row.channel, patient.language
