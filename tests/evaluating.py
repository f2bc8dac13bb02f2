"""Evaluations for tests, on record: answered, signed, with everything good unless said otherwise."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from django.test import Client
from django.utils import timezone

from clinics.models import Membership, User
from evaluation import actions, queries
from evaluation.domain.answers import Answer
from evaluation.domain.kinds import KINDS
from evaluation.domain.requirements import DEFAULTS, Asked, Purpose
from evaluation.domain.values import parse_value
from evaluation.models import Clearance, Evaluation, Result
from patients.models import Patient
from tests.evidence import GOOD
from tests.factory import make_regimen, sign_in

NOW = timezone.now()


def today() -> date:
    return NOW.date()


def answer(kind: str, text: str, unit: str = "", on: date | None = None, **more: Any) -> Answer:
    """One answer, observed today unless said otherwise."""
    value = parse_value(kind, text, unit)
    return Answer(value, on or today(), **more)


def good_answers(**changes: str | None) -> list[Answer]:
    """Everything a man with rheumatoid arthritis must answer, with some answers changed or left out."""
    asked = [each for each in DEFAULTS.serving(Purpose.CLEARANCE) if each.asked == Asked.ALWAYS]
    kinds = {k for each in asked for k in each.kinds_for("RA")} - {"cdai", "tst", "ast"}
    values = {kind: GOOD[kind] for kind in kinds} | changes
    units = {kind: unit.code for kind in values if (unit := KINDS[kind].unit)}
    return [answer(kind, text, units.get(kind, "")) for kind, text in values.items() if text is not None]


def fill(evaluation: Evaluation, nurse: User, **changes: str | None) -> list[Result]:
    """Answer everything on an evaluation's checklist."""
    return actions.record_answers(
        patient=evaluation.patient,
        answers=good_answers(**changes),
        by=nurse,
        now=NOW,
        evaluation=evaluation,
    )


def sign(evaluation: Evaluation, prescriber: User, **changes: Any) -> Clearance:
    """Sign for STANDARD and half a year unless said otherwise."""
    given = {
        "evaluation": evaluation,
        "regimen_version": changes.pop("regimen_version", None) or make_regimen(evaluation.clinic),
        "valid_until": today() + timedelta(days=180),
        "by": prescriber,
        "now": NOW,
        "off_label_reason": "agreed in the clinic's protocol",
    }
    return actions.sign(**(given | changes))


def codes_of(raised: Any) -> tuple[str, ...]:
    """The codes of a refusal that was caught."""
    return raised.value.codes


def record(
    patient: Patient, nurse: User, kind: str, value: str, unit: str = "", on: date | None = None, **more: Any
) -> Result:
    """Record one result, observed today unless said otherwise."""
    return actions.record_result(
        clinic=patient.clinic,
        patient=patient,
        kind=kind,
        value=value,
        unit=unit,
        observed_on=on or today(),
        by=nurse,
        now=NOW,
        **more,
    )


def kept(patient: Patient) -> list[tuple[str, str]]:
    """What stands on a patient's record, by kind."""
    return [(row.kind, row.value) for row in queries.standing_results(patient).order_by("kind")]


def client_of(member: Membership) -> Client:
    """A browser in which a colleague is signed in."""
    return sign_in(Client(), member)
