"""Counting in bits: how much of something is used in each step of a day, as a few integers.

Plane k of a count holds bit k of every step's number, so that one addition changes all steps of a visit at once and
a question about all steps costs a few ands and ors. Counts have no upper end, and taking away undoes adding exactly.
"""

from __future__ import annotations


def runs(free: int, length: int) -> int:
    """The steps at which ``length`` free steps in a row begin, found by doubling."""
    have = 1
    while have < length:
        shift = min(have, length - have)
        free &= free >> shift
        have += shift
    return free


def span(first: int, last: int) -> int:
    """The steps from ``first`` up to but not including ``last``."""
    return ((1 << (last - first)) - 1) << first if last > first else 0


def nothing() -> list[int]:
    """A count of nothing in any step."""
    return [0]


def raise_by(planes: list[int], steps: int, bit: int = 0) -> None:
    """Count 2**bit more in each of the given steps, in place."""
    while steps:
        while len(planes) <= bit:
            planes.append(0)
        have = planes[bit]
        planes[bit] = have ^ steps
        steps &= have
        bit += 1


def lower_by(planes: list[int], steps: int, bit: int = 0) -> None:
    """Count 2**bit less in each of the given steps, in place; ValueError where less than that was counted."""
    while steps:
        if bit >= len(planes):
            raise ValueError("only what was counted can be taken away")
        have = planes[bit]
        planes[bit] = have ^ steps
        steps &= ~have
        bit += 1
    while len(planes) > 1 and not planes[-1]:
        planes.pop()


def used(planes: list[int]) -> int:
    """The steps in which anything is counted."""
    found = 0
    for plane in planes:
        found |= plane
    return found


def above(planes: list[int], most: int, everywhere: int) -> int:
    """Those steps of ``everywhere`` in which more than ``most`` is counted."""
    if most < 0:
        return everywhere
    more, level = 0, everywhere
    for bit in range(max(len(planes), most.bit_length()) - 1, -1, -1):
        plane = planes[bit] if bit < len(planes) else 0
        if most >> bit & 1:
            level &= plane
        else:
            more |= level & plane
            level &= ~plane
    return more
