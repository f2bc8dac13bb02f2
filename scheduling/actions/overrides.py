"""Opening the gate of one visit against what stands in its way, and taking that back."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import date, datetime, timedelta

from django.db import transaction

from clinics.actions import record
from clinics.domain.calendar import local_date
from clinics.domain.refusals import Refusal, Refused
from clinics.domain.rights import Right
from clinics.domain.text import problem_with_text
from clinics.models import Clinic, User
from clinics.queries import active_memberships
from evaluation.domain.findings import Finding, Verdict
from evaluation.domain.requirements import DEFAULTS
from scheduling import queries
from scheduling.domain.course import in_words
from scheduling.models import GateOverride, Visit

from .transactions import lock_visit

LONGEST_REASON = 250
CHANGED = Refusal("stale", "What stands in the way has changed meanwhile. Look at it again, then decide.")


@transaction.atomic
def open_gate(
    *, visit: Visit, tokens: Collection[str], reason: str, expires_on: date, by: User, now: datetime
) -> GateOverride:
    """A prescriber opens the gate of one infusion for the findings named by their ``tokens``, through a last day.

    The gate is judged again here: a finding that has changed since it was shown is refused, and so is one that is
    never opened. Another visit, a later day and a newer answer are judged by themselves.
    """
    _must_prescribe(visit.clinic, by)
    reason = _sentence(reason)
    lock_visit(visit)
    today = local_date(now, visit.clinic.zone)
    verdict = queries.gates_ahead(visit.clinic, [visit], today=today).get(visit.pk)
    if verdict is None:
        raise Refused(Refusal("nothing_to_open", "This visit has no gate to open."))
    problems = [*_problems_with_day(verdict.on, today, expires_on), *_problems_with(verdict, tokens)]
    if problems:
        raise Refused(*problems)
    chosen = [finding for finding in verdict.blocking if finding.token in tokens]
    override = GateOverride.objects.create(
        clinic=visit.clinic,
        patient=visit.patient,
        visit=visit,
        requirements=[_kept(finding) for finding in chosen],
        reason=reason,
        by=by,
        at=now,
        expires_on=expires_on,
    )
    changes = {
        "requirements": [finding.code for finding in chosen],
        "reason": reason,
        "visit_on": verdict.on.isoformat(),
        "expires_on": expires_on.isoformat(),
    }
    _note(override, "opened gate", by, changes)
    return override


@transaction.atomic
def withdraw_override(*, override: GateOverride, reason: str, by: User, now: datetime) -> GateOverride:
    """Take an override back, with the reason: the gate is shut again by what it opened."""
    _must_prescribe(override.clinic, by)
    reason = _sentence(reason)
    held = GateOverride.objects.of(override.clinic).select_for_update(of=("self",)).get(pk=override.pk)
    if held.withdrawn_at is not None:
        raise Refused(Refusal("already_withdrawn", "This override has been withdrawn already."))
    held.withdrawn_at, held.withdrawn_by, held.withdrawn_reason = now, by, reason
    held.save(update_fields=["withdrawn_at", "withdrawn_by", "withdrawn_reason"])
    _note(held, "withdrew override", by, {"reason": reason})
    return held


def _must_prescribe(clinic: Clinic, by: User) -> None:
    if not any(m.clinic_id == clinic.pk and m.may(Right.SIGN_CLEARANCE) for m in active_memberships(by)):
        raise Refused(Refusal("not_a_prescriber", "Only a prescriber of this clinic may do that."))


def _sentence(reason: str) -> str:
    reason = reason.strip()
    if not reason:
        raise Refused(Refusal("reason_missing", "Say why in a few words.", "reason"))
    if problem := problem_with_text(reason):
        raise Refused(Refusal("text_unreadable", problem, "reason"))
    if len(reason) > LONGEST_REASON:
        raise Refused(Refusal("text_too_long", f"At most {LONGEST_REASON} letters, please.", "reason"))
    return reason


def _problems_with_day(on: date, today: date, expires_on: date) -> Iterable[Refusal]:
    first = max(on, today)
    last = first + timedelta(days=DEFAULTS.thresholds.days("override_days"))
    if not first <= expires_on <= last:
        words = f"Choose a day between {in_words(first)} and {in_words(last)}."
        yield Refusal("expires_out_of_range", words, "expires_on")


def _problems_with(verdict: Verdict, tokens: Collection[str]) -> Iterable[Refusal]:
    if not tokens:
        yield Refusal("nothing_chosen", "Choose what is to be opened.", "tokens")
    blocking = {finding.token: finding for finding in verdict.blocking}
    if not set(tokens) <= set(blocking):
        yield CHANGED
    for finding in (blocking[token] for token in sorted(set(tokens) & set(blocking))):
        if finding.final:
            words = f"{finding.label}: never opened for one visit. It needs a newly signed evaluation."
            yield Refusal("never_opened", words, "tokens")


def _kept(finding: Finding) -> dict[str, str]:
    return {"code": finding.code, "label": finding.label, "words": finding.words, "token": finding.token}


def _note(override: GateOverride, verb: str, by: User, changes: Mapping[str, object]) -> None:
    record(
        clinic=override.clinic,
        by=by,
        verb=verb,
        subject=override,
        record_number=override.patient.record_number,
        changes=dict(changes),
    )
