"""Reading what happens: the day's visits with their steps, and the chart of one infusion."""

from scheduling.queries import gates

from .bedside import Shown, chart_of, entries_of, entry_in, observe_until, sequence, shown
from .closing import Closing, given_by, told
from .days import (
    booked_between,
    changed_since,
    day_visits,
    gate,
    given,
    last_step_at,
    left_open,
    next_planned,
    record_of,
    stage,
    steps_taken,
    usual_product,
    visit,
    visits,
)
from .plan import dose_of, judged_by, profile_of, regimen_of

__all__ = [
    "Closing",
    "Shown",
    "booked_between",
    "changed_since",
    "chart_of",
    "day_visits",
    "dose_of",
    "entries_of",
    "entry_in",
    "gate",
    "gates",
    "given",
    "given_by",
    "judged_by",
    "last_step_at",
    "left_open",
    "next_planned",
    "observe_until",
    "profile_of",
    "record_of",
    "regimen_of",
    "sequence",
    "shown",
    "stage",
    "steps_taken",
    "told",
    "usual_product",
    "visit",
    "visits",
]
