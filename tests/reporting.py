"""A patient who tells the clinic something, for tests."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import uuid4

from monitoring import actions
from monitoring.models import SideEffectReport
from patients.models import Patient
from tests.factory import make_user


def told(patient: Patient, *symptoms: str, now: datetime, **fields: Any) -> SideEffectReport:
    """A report about a patient, sent by an address of its own unless ``by`` is given."""
    given = {"key": uuid4(), "since": None, "temperature": None, "words": "", "by": fields.get("by")}
    given |= fields
    given["by"] = given["by"] or make_user("portal")
    return actions.report_side_effects(patient=patient, symptoms=frozenset(symptoms), now=now, **given)
