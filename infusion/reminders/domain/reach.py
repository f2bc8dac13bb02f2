"""By which ways a message goes to one patient: what the clinic settled, what the patient wishes, and what there is."""

from __future__ import annotations

from dataclasses import dataclass

from .kinds import EMAIL, SMS, TASK, channels_used, code_of, kind_of
from .rules import Rules


@dataclass(frozen=True, slots=True)
class Reach:
    """How a patient can be written to. ``mobile`` is empty where no text can be sent, for whatever reason."""

    email: str = ""
    mobile: str = ""
    none: bool = False
    kinds_off: frozenset[str] = frozenset()
    channel: str = ""


@dataclass(frozen=True, slots=True)
class Way:
    """One channel with its recipient; ``is_wanted`` is False where the patient does without the message."""

    channel: str
    recipient: str
    is_wanted: bool = True


def is_wanted(kind: str, reach: Reach, rules: Rules) -> bool:
    """Whether a message of this kind goes by any way, a call included."""
    return any(way.is_wanted for way in ways(kind, reach, rules))


def ways(kind: str, reach: Reach, rules: Rules, *, to: str = "") -> tuple[Way, ...]:
    """The ways a message of this kind goes, never none: one that nobody wants keeps its place in the ledger, and
    says so. Where no message may go or none can, a person calls. ``to`` is the address of somebody else than the
    patient, whom it goes to alone.
    """
    if to:
        return (Way(EMAIL, to),)
    about = kind_of(kind)
    if about.channels == (TASK,):
        return (Way(TASK, ""),)
    if reach.none and about.must_reach:
        return (Way(TASK, ""),)
    if reach.none or (about.may_switch_off and code_of(kind) in reach.kinds_off):
        return (Way(EMAIL, reach.email, is_wanted=False),)
    wanted = channels_used((reach.channel,) if reach.channel else rules.setting(kind).channels, kind)
    there_is = {EMAIL: reach.email, SMS: reach.mobile}
    found = tuple(Way(channel, there_is[channel]) for channel in wanted if there_is[channel])
    return found or (Way(EMAIL, reach.email),)
