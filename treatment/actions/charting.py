"""Writing the chart: each entry once, judged beside what stands, behind the visit's own lock; none is ever edited."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from django.db import transaction

from clinics.domain.calendar import local_date
from clinics.domain.refusals import Refusal, Refused
from clinics.models import User
from scheduling.domain.course import in_words
from scheduling.models import Visit

from .. import queries
from ..domain.chart import VOID, Chart, Entry, Kind, Line, read, root_of
from ..domain.judging import Judged, judge
from ..domain.rules import RULES
from ..domain.steps import ARRIVED, DONE, IN_CHAIR, IN_TREATMENT, INFUSING, Stage
from ..models import ChartEntry, InfusionRecord
from .carrying import LIFE_THREATENING, carry_forward, tell_severe_at_once
from .gating import pass_gate
from .locking import locked, note
from .weighing import reckon, take_back_weight, weigh

BEFORE_THE_CHAIR = frozenset({Kind.IDENTITY, Kind.WEIGHT, Kind.VITALS, Kind.NOTE})
"""What may be written as soon as the patient is here."""
AFTER_DISCHARGE = frozenset({Kind.VITALS, Kind.REACTION, Kind.NOTE})
"""What may still be typed when the patient has gone home: it happened, and was not written down in time."""

_KEY = re.compile(r"[A-Za-z0-9-]{8,64}")
"""What a page may call an entry. The system's own entries have a colon in their keys: no page can take those."""


@dataclass(frozen=True, slots=True)
class Written:
    """What became of an entry: written, known (sent before) or merged (a colleague's entry says the same)."""

    state: str
    entry: ChartEntry | None = None


@transaction.atomic
def add_entry(
    *,
    visit: Visit,
    kind: Kind,
    payload: Mapping[str, Any],
    happened_at: datetime,
    key: str,
    by: User | None,
    now: datetime,
) -> Written:
    """Write one entry of the chart. The same ``key`` is written once, however often it is sent.

    Refused with every reason where it cannot stand; premedication is refused while the gate is closed. What the chart
    says already is merged: nothing is written, and that is no mistake.
    """
    _check_key(key)
    visit = locked(visit)
    known = _known(visit, key)
    if known is not None:
        return Written("known", known)
    stage, record = queries.stage(visit), queries.record_of(visit)
    refusal = _out_of_place(kind, stage, visit)
    if refusal:
        raise Refused(refusal)
    assert record is not None
    return write(visit, record, kind, payload, happened_at, key, by, now)


def write(
    visit: Visit,
    record: InfusionRecord,
    kind: Kind,
    payload: Mapping[str, Any],
    happened_at: datetime,
    key: str,
    by: User | None,
    now: datetime,
) -> Written:
    """Judge an entry beside the chart of a visit that is held, and write it."""
    rows = queries.entries_of(visit)
    chart = read(rows)
    judged = _judged(visit, chart, Entry(0, kind, payload, happened_at, now), now)
    if judged.merged:
        return Written("merged")
    payload = dict(payload)
    if kind == Kind.PREMEDICATION:
        _on_its_day(visit, happened_at)
        payload["gate"] = pass_gate(visit, record, now)
        payload["profile"] = queries.profile_of(visit, chart).code
    if kind == Kind.WEIGHT:
        payload["dose"] = weigh(visit, chart, kg=payload["kg"], taken_at=happened_at, by=by, now=now)
    row = _append(visit, kind, payload, happened_at, key, by, now)
    if kind == Kind.REACTION:
        tell_severe_at_once(visit, record, chart.worst_grade, by=by, now=now)
    follow_chart(visit, record, by=by, now=now)
    note(visit, f"charted {kind.value}", by, entry=row.pk, at=happened_at.isoformat())
    return Written("written", row)


@transaction.atomic
def correct_entry(
    *,
    visit: Visit,
    entry: ChartEntry,
    payload: Mapping[str, Any],
    happened_at: datetime,
    reason: str,
    key: str,
    by: User | None,
    now: datetime,
) -> Written:
    """Correct an entry by a new one that names it; the old one stays. A payload of ``VOID`` says it never happened.

    A corrected weight is the patient's; a reaction corrected to life-threatening ends an infusion that still runs.

    Refused without a reason, and where the corrected entry could not stand in the chart.
    """
    _check_key(key)
    visit = locked(visit)
    known = _known(visit, key)
    if known is not None:
        return Written("known", known)
    if not reason.strip():
        raise Refused(Refusal("reason_missing", "Say why this is corrected.", "correction_reason"))
    record, chart = queries.record_of(visit), queries.chart_of(visit)
    line = root_of(chart, entry.pk)
    if record is None or line is None:
        raise Refused(Refusal("no_chart", "This visit has no chart."))
    kind = line.entry.kind
    if kind == Kind.DISCHARGE:
        raise Refused(Refusal("discharge_stays", "A discharge is taken back at the desk, not corrected."))
    kept = _kept(line, payload)
    others = read(row for row in queries.entries_of(visit) if not _is_of(row, line))
    if kind == Kind.WEIGHT and line.stands:
        take_back_weight(visit, line.entry, others, by)
    judged = _judged(visit, others, Entry(0, kind, kept, happened_at, now), now)
    if judged.merged:
        raise Refused(
            Refusal("says_the_same", "Another entry says this already. Take this one back instead.")
        )
    if kind == Kind.WEIGHT:
        dose = reckon if kept.get(VOID) else partial(weigh, kg=kept["kg"], taken_at=happened_at)
        kept["dose"] = dose(visit, others, by=by, now=now)
    row = _append(
        visit, kind, kept, happened_at, key, by, now, corrects=line.entry.ref, reason=reason.strip()[:250]
    )
    if kind == Kind.REACTION:
        tell_severe_at_once(visit, record, chart.worst_grade, by=by, now=now)
    follow_chart(visit, record, by=by, now=now)
    note(visit, f"corrected {kind.value}", by, entry=row.pk, corrects=line.entry.ref, reason=reason.strip())
    if kind == Kind.REACTION and kept.get("grade", 0) >= LIFE_THREATENING and record.state == INFUSING.state:
        flow = {"complete": False, "dose_mg": "", "reason": f"Grade {kept['grade']} reaction"}
        write(visit, record, Kind.STOP, flow, now, f"{key}:flow", by, now)
    return Written("written", row)


def _kept(line: Line, payload: Mapping[str, Any]) -> dict[str, Any]:
    """What the correction says: what was noted by the system itself stays (the gate's verdict, the rate profile)."""
    if payload.get(VOID):
        return {VOID: True}
    noted = {name: line.entry.payload[name] for name in ("gate", "profile") if name in line.entry.payload}
    return noted | dict(payload)


def _is_of(row: Entry, line: Line) -> bool:
    return row.ref in {line.root, line.entry.ref, *(each.ref for each in line.replaced)}


def _judged(visit: Visit, chart: Chart, entry: Entry, now: datetime) -> Judged:
    judged = judge(entry, chart, queries.judged_by(visit, chart, now=now), RULES)
    if judged.reasons:
        raise Refused(*judged.reasons)
    return judged


def _append(
    visit: Visit,
    kind: Kind,
    payload: Mapping[str, Any],
    happened_at: datetime,
    key: str,
    by: User | None,
    now: datetime,
    *,
    corrects: int | None = None,
    reason: str = "",
) -> ChartEntry:
    return ChartEntry.objects.create(
        clinic=visit.clinic,
        patient=visit.patient,
        visit=visit,
        kind=kind.value,
        payload=dict(payload),
        happened_at=happened_at,
        recorded_at=now,
        by=by,
        key=key,
        corrects_id=corrects,
        reason=reason,
    )


def follow_chart(visit: Visit, record: InfusionRecord, *, by: User | None, now: datetime) -> None:
    """Let the record follow from the chart: its state until the discharge, and what was given and borne after it."""
    chart = queries.chart_of(visit)
    if record.state == DONE.state:
        if chart.ended is not None:
            _tell_anew(visit, record, chart, by=by, now=now)
    elif record.state in {stage.state for stage in IN_TREATMENT} and chart.state != record.state:
        record.state = chart.state
        if chart.state == IN_CHAIR.state:
            record.gate = {}  # premedication never began: the gate is judged when it does
        record.save(update_fields=["state", "gate"])


def _tell_anew(visit: Visit, record: InfusionRecord, chart: Chart, *, by: User | None, now: datetime) -> None:
    """What a chart tells differently after the discharge stands in the record, and carries forward."""
    told = queries.told(visit, chart)
    before = record.dose_mg, record.product, record.reaction_grade, record.reaction_text
    if (told.dose_mg, told.product, told.grade, told.words) == before:
        return
    grade = record.reaction_grade
    record.dose_mg, record.product = told.dose_mg, told.product
    record.reaction_grade, record.reaction_text = told.grade, told.words
    record.save(update_fields=["dose_mg", "product", "reaction_grade", "reaction_text"])
    if told.grade != grade:
        carry_forward(visit, record, by=by, now=now, told_before=bool(grade))


def _on_its_day(visit: Visit, at: datetime) -> None:
    """Refuse to begin on another day than the visit's: its gate and its interval are judged for its own."""
    zone = visit.clinic.zone
    on = local_date(visit.starts_at, zone)
    if local_date(at, zone) != on:
        words = (
            f"This visit was on {in_words(on)}. To treat the patient on another day, take the arrival back and move "
            "the visit there; what was given on its day is recorded at the desk."
        )
        raise Refused(Refusal("another_day", words))


def _check_key(key: str) -> None:
    if not _KEY.fullmatch(key):
        raise Refused(Refusal("key_unreadable", "The page sent no name for this entry. Load the page again."))


def _known(visit: Visit, key: str) -> ChartEntry | None:
    return ChartEntry.objects.of(visit.clinic).filter(visit=visit, key=key).first()


def _out_of_place(kind: Kind, stage: Stage, visit: Visit) -> Refusal | None:
    """Why nothing of this kind is written at this stage of the visit."""
    if visit.patient.deceased:
        return Refusal("deceased", "The patient has died. Nothing more is charted.")
    if stage in IN_TREATMENT or (stage == ARRIVED and kind in BEFORE_THE_CHAIR):
        return None
    if stage == DONE:
        return (
            None if kind in AFTER_DISCHARGE else Refusal("discharged", "The patient was discharged already.")
        )
    if stage == ARRIVED:
        return Refusal("not_seated", "The patient is not in the chair yet.")
    return Refusal("not_here", f"This visit stands at “{stage.words.lower()}”: nothing can be charted.")
