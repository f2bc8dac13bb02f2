"""By when a patient must hear of a changed time, and whether a mail is enough."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

PREMEDICATION_LEAD = timedelta(hours=2)
"""How long before a visit patients may begin to prepare for it: tablets taken at home, a ride that is ordered.
Nobody should do so for a time that no longer stands. Product default, unverified.
"""

CALL_WITHIN = timedelta(hours=24)
"""A change of a visit this near is told by telephone as well: nobody is sure to read a mail within a day. Product
default, unverified.
"""


@dataclass(frozen=True, slots=True)
class Telling:
    """What telling one patient of a changed time takes. ``by`` is the instant before which they must know; ``call``
    says that a mail is not enough, and ``why`` the reason in words; ``late`` that the instant has passed already.
    """

    by: datetime
    call: bool
    late: bool
    why: str


def telling(was: datetime | None, starts: datetime, *, has_address: bool, now: datetime) -> Telling | None:
    """What telling takes where a visit moves from ``was`` (None: newly booked) to ``starts``, or None where the time
    stays and there is nothing to tell.

    The patient must know before preparing for the earlier of the two times.
    """
    if was == starts:
        return None
    first = min(each for each in (was, starts) if each is not None)
    by = first - PREMEDICATION_LEAD
    if not has_address:
        return Telling(by, True, by <= now, "no e-mail address is on record")
    if first - now < CALL_WITHIN:
        return Telling(by, True, by <= now, "a mail may not be read in time")
    return Telling(by, False, by <= now, "")


def nobody_placed(was: datetime, *, now: datetime) -> Telling:
    """What telling takes where no new time was found for a visit that cannot stay: always a call."""
    by = was - PREMEDICATION_LEAD
    return Telling(by, True, by <= now, "no other time was found")
