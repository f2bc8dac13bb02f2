"""What a receptionist says on the telephone where a message cannot be sent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from clinics.models import Clinic
from scheduling.models import Visit, WaitlistOffer

from ..domain.due import Change
from ..domain.kinds import (
    ANSWER_READY,
    ARRANGE,
    BOOKED,
    CANCELLED,
    GATE_NEEDS,
    HEALTH_CHECK,
    INVITED,
    LAB_DUE,
    MOVED,
    REQUEST_REFUSED,
    WAITLIST_GONE,
    WINDOW_OPEN,
    code_of,
)
from .lines import line_of, on_offer

ASKED = {
    ANSWER_READY: "Please tell the patient that somebody has answered what they told us.",
    GATE_NEEDS: "Please tell the patient what is still missing for their infusion: see the visit's gate.",
    HEALTH_CHECK: "Please ask the patient the questions before the visit.",
    LAB_DUE: "Please tell the patient by which day to have a blood test: see the patient's laboratory checks.",
    REQUEST_REFUSED: (
        "Please tell the patient that the change they asked for is not possible: our answer is on the visit's page."
    ),
    WINDOW_OPEN: "Please choose a time for the next infusion with the patient.",
}


def phone_words(
    kind: str,
    changes: Sequence[Change],
    visits: Mapping[int, Visit],
    clinic: Clinic,
    earlier: WaitlistOffer | None = None,
) -> str:
    """What a receptionist says on the telephone instead of the mail."""
    if earlier is not None:
        offered = on_offer(earlier, clinic)
        when = f"{offered.date}, {offered.time} ({offered.zone})"
        if kind == WAITLIST_GONE:
            return f"Please tell the patient: the earlier time, {when}, has gone. Nothing has changed."
        return (
            f"Please ask the patient: an earlier time is on offer, {when}, until {offered.open_until}. "
            "Note the answer under Waiting list."
        )
    if (code := code_of(kind)) in ASKED:
        return ASKED[code]
    if kind == ARRANGE:
        return "Please arrange the next follow-up visit."
    if kind == INVITED:
        return (
            "Please tell the patient how to open their own pages: the clinic's address, and a code by mail."
        )
    said = {
        BOOKED: "an appointment is booked for {when}",
        MOVED: "the appointment of {was} has moved to {when}",
        CANCELLED: "the appointment on {when} is cancelled",
        "reminder": "a reminder of the appointment on {when}",
    }
    parts = []
    for change in changes:
        line = line_of(change, visits[change.visit_id], clinic)
        when = f"{line.date}, {line.time} ({line.zone})"
        parts.append(said[change.verb].format(when=when, was=line.was))
    return "Please tell the patient: " + "; ".join(parts) + "."
