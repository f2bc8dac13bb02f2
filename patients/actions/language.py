"""Writing in which language a patient is written to."""

from __future__ import annotations

from django.conf import settings
from django.db import transaction

from clinics.domain.refusals import Refused
from clinics.models import User

from ..models import Patient
from .messages import UNKNOWN_LANGUAGE
from .trail import note


@transaction.atomic
def choose_language(*, patient: Patient, language: str, by: User) -> Patient:
    """Keep the language a patient chose; nothing is written where it is the one on record. Refused for one unknown."""
    if language not in dict(settings.LANGUAGES):
        raise Refused(UNKNOWN_LANGUAGE)
    patient = Patient.objects.of(patient.clinic).select_for_update(no_key=True).get(pk=patient.pk)
    if patient.language != language:
        before, patient.language = patient.language, language
        patient.version += 1
        patient.save(update_fields=["language", "version"])
        note(patient, by, "chose a language", language=[before, language])
    return patient
