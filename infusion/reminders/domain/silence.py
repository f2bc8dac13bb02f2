"""Changes of a patient's visits that tell the patient nothing: another chair, a move that was undone."""

from __future__ import annotations

from datetime import datetime

from .due import NOTICE_KEPT, Circumstances, notice
from .kinds import BOOKED, NOTICES
from .rules import Rules


def silent_changes(patient: Circumstances, rules: Rules, now: datetime) -> tuple[int, str] | None:
    """The number of changes ever made to the patient's visits, as a notice's version, and the kind of the last, where
    they have been left alone for the clinic's delay and leave nothing to say.
    """
    made = [state for state in patient.versions if state.tells]
    is_fresh = any(state.starts_at > now and now - state.at <= NOTICE_KEPT for state in made)
    if patient.is_deceased or not is_fresh or notice(patient, rules, now):
        return None
    last = max(made, key=lambda state: state.at)
    if now < last.at + rules.notice_delay:
        return None
    return len(made), last.change if last.change in NOTICES else BOOKED
