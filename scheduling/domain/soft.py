"""Rules that may be broken knowingly: which they are, who may break each, and what is left of a list of refusals.

Every rule that is not in the table is absolute: a chair or a patient twice, the person, the clearance, the minimum
interval, the past. Nobody passes those. Which rules are soft is a product default, unverified.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from clinics.domain.refusals import Refusal
from clinics.domain.rights import Right

# A soft rule's code, and the right that is needed to go past it.
SOFT: Mapping[str, Right] = MappingProxyType(
    {
        "nurse_starting": Right.BOOK,
        "nurse_full": Right.BOOK,
        "prep_full": Right.BOOK,
        "outside_hours": Right.BOOK,
        "kept_for_holds": Right.BOOK,
        "no_room": Right.BOOK,
        "not_a_bed": Right.BOOK,
        "outside_window": Right.PRESCRIBE,
    }
)
NO_ACCEPTED_REASON = Refusal("accepted_reason_missing", "Say why in a few words.", "why")
LONGEST_REASON = 250


@dataclass(frozen=True, slots=True)
class Accepted:
    """The soft rules a colleague was shown and goes past, and why."""

    codes: frozenset[str]
    reason: str


def sort_out(
    refusals: Iterable[Refusal], accepted: Collection[str]
) -> tuple[tuple[Refusal, ...], tuple[Refusal, ...]]:
    """What still stands in the way, and which soft rules are broken knowingly. A rule that was not shown, and so is
    not among the accepted, stands in the way.
    """
    blocking: list[Refusal] = []
    broken: list[Refusal] = []
    for refusal in refusals:
        knowingly = refusal.code in SOFT and refusal.code in accepted
        (broken if knowingly else blocking).append(refusal)
    return tuple(blocking), tuple(broken)


def only_soft(refusals: Collection[Refusal]) -> bool:
    """Whether there is something in the way, and all of it could be passed by somebody."""
    return bool(refusals) and all(refusal.code in SOFT for refusal in refusals)


def rights_for(codes: Iterable[str]) -> frozenset[Right]:
    """The rights needed to go past these rules; none for rules that nobody passes (ask ``only_soft`` first)."""
    return frozenset(SOFT[code] for code in codes if code in SOFT)
