"""Writing an infusion reaction: what was seen, how bad, and what was done with the flow at once."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from fractions import Fraction
from typing import Any

from django.db import transaction

from clinics.domain.refusals import Refusal, Refused
from clinics.models import User
from scheduling.models import Visit

from .. import queries
from ..domain.chart import Kind
from ..domain.judging import in_force
from .carrying import LIFE_THREATENING
from .charting import Written, add_entry, write
from .locking import locked


@transaction.atomic
def record_reaction(
    *,
    visit: Visit,
    payload: Mapping[str, Any],
    happened_at: datetime,
    key: str,
    by: User | None,
    now: datetime,
) -> Written:
    """Write a reaction and what the nurse did: the flow is slowed, paused or ended in the same stroke.

    A life-threatening reaction (grade 4) always ends the infusion. Refused where the flow is said to be slowed, and no
    lower rate than the present one says to what.
    """
    done = add_entry(
        visit=visit, kind=Kind.REACTION, payload=payload, happened_at=happened_at, key=key, by=by, now=now
    )
    if done.state != "written":
        return done
    visit = locked(visit)
    record, chart = queries.record_of(visit), queries.chart_of(visit)
    assert record is not None
    present = in_force(chart, happened_at)
    if chart.ended is not None or present is None:
        return done
    kind, flow = _flow(payload, present.mg_h)
    if kind is None and payload["act"] == "slow" and present.mg_h:
        words = f"The rate is {float(present.mg_h):g} mg/h. Write the lower one that you set."
        raise Refused(Refusal("not_slower", words, "mg_h"))
    if kind is not None:
        write(visit, record, kind, flow, happened_at, f"{key}:flow", by, now)
    return done


def _flow(payload: Mapping[str, Any], present: Fraction) -> tuple[Kind | None, dict[str, Any]]:
    """What the reaction does to the flow: nothing where it was only watched."""
    grade, act = int(payload["grade"]), payload["act"]
    words = f"Grade {grade} reaction"
    if act == "stop" or grade >= LIFE_THREATENING:
        return Kind.STOP, {"complete": False, "dose_mg": "", "reason": words}
    if act == "pause":
        return Kind.PAUSE, {"reason": words}
    if act == "slow" and payload.get("mg_h") and 0 < Fraction(payload["mg_h"]) < present:
        return Kind.RATE, {"mg_h": payload["mg_h"], "reason": words}
    return None, {}
