"""Each kind of message in the patient's words."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from ..domain.kinds import (
    ANSWER_READY,
    ARRANGE,
    BOOKED,
    CANCELLED,
    EARLY,
    GATE_NEEDS,
    HEALTH_CHECK,
    INVITED,
    LAB_DUE,
    LATE,
    MORNING_OF,
    MOVED,
    REQUEST_REFUSED,
    WAITLIST_GONE,
    WAITLIST_OFFER,
    WINDOW_OPEN,
    code_of,
)

PLAIN = {
    BOOKED: _("Your visit is booked"),
    MOVED: _("Your visit has moved"),
    CANCELLED: _("Your visit is cancelled"),
    EARLY: _("First reminder of a visit"),
    LATE: _("Second reminder of a visit"),
    MORNING_OF: _("Reminder on the day of the visit"),
    HEALTH_CHECK: _("Questions before a visit"),
    GATE_NEEDS: _("Something is still missing"),
    LAB_DUE: _("A blood test is due"),
    WINDOW_OPEN: _("Time to choose a date"),
    ARRANGE: _("Please book your next check-up"),
    ANSWER_READY: _("We have answered you"),
    REQUEST_REFUSED: _("Your visit stays as it is"),
    WAITLIST_OFFER: _("An earlier time is free"),
    WAITLIST_GONE: _("The earlier time has gone"),
    INVITED: _("Invitation to your own pages"),
}


def plain(kind: str) -> str:
    """A ledger's kind in the patient's words."""
    return str(PLAIN[code_of(kind)])
