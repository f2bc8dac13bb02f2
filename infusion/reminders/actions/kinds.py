"""Settling what goes when and by which way, and the hours in which nothing does."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import transaction

from clinics.actions import record
from clinics.actions.rules import lock_clinic
from clinics.domain.refusals import Refusal, Refused
from clinics.domain.spans import STALE, clock_problem, fingerprint
from clinics.domain.text import problem_with_text
from clinics.models import Clinic, User

from .. import queries, sms
from ..domain.kinds import ARRANGE, BY_CODE, FOR_PATIENTS, SMS
from ..domain.rules import Quiet, Setting
from ..models import KindRule

LONGEST_SENDER = 60


def kinds_mark(clinic: Clinic) -> str:
    """The mark of the kinds and the quiet hours as they stand."""
    return fingerprint(
        sorted(queries.kinds_as_they_work(clinic).items()),
        clinic.quiet_from,
        clinic.quiet_until,
        clinic.sender_name,
    )


@transaction.atomic
def change_kinds(
    *,
    clinic: Clinic,
    kinds: Mapping[str, Setting],
    quiet: Quiet,
    sender: str | None = None,
    seen: str,
    by: User,
) -> dict[str, Any]:
    """Settle the clinic's kinds of messages, its quiet hours and the name that its mails come from (None leaves that as
    it is, empty is the clinic's own); ``seen`` is the mark the page showed.

    Returns what changed; what stays as it works writes nothing. Refused for a kind that is not for patients, out of
    the kind's bounds, without a way, where a kind must stay on, for a name that cannot be read, and on a stale page.
    """
    if {*kinds} - {kind.code for kind in FOR_PATIENTS}:
        raise Refused(Refusal("no_such_kind", "There is no such kind of message."))
    standing = lock_clinic(clinic)
    working = queries.kinds_as_they_work(standing)
    wanted = {code: setting for code, setting in kinds.items() if setting != working[code]}
    changes = _quiet_changes(standing, quiet)
    problems = [problem for name in changes if (problem := clock_problem(getattr(quiet, QUIET[name]), name))]
    name = standing.sender_name if sender is None else " ".join(sender.split())
    if name != standing.sender_name:
        changes["sender_name"] = [standing.sender_name, name]
        problems += _sender_problems(name)
    for code, setting in wanted.items():
        problems += _problems(code, setting, working[code])
        changes |= _kind_changes(code, setting, working[code])
    if problems:
        raise Refused(*problems)
    if changes and seen != kinds_mark(standing):
        raise Refused(STALE)
    if changes:
        _write(standing, wanted, quiet, name)
        record(clinic=standing, by=by, verb="changed kinds of messages", subject=standing, changes=changes)
    return changes


QUIET = {"quiet_from": "begins", "quiet_until": "ends"}


def _write(clinic: Clinic, wanted: Mapping[str, Setting], quiet: Quiet, sender: str) -> None:
    KindRule.objects.bulk_create(
        [
            KindRule(
                clinic=clinic,
                kind=code,
                is_on=setting.is_on,
                days_before=None if code == ARRANGE else setting.days,
                at=setting.at,
                channels=[*setting.channels],
            )
            for code, setting in wanted.items()
        ],
        update_conflicts=True,
        unique_fields=["clinic", "kind"],
        update_fields=["is_on", "days_before", "at", "channels"],
    )
    clinic.quiet_from, clinic.quiet_until, clinic.sender_name = quiet.begins, quiet.ends, sender
    # The worklist of follow-ups goes by the same days, and knows of no rule.
    if ARRANGE in wanted and (days := wanted[ARRANGE].days) is not None:
        clinic.arrange_days_before = days
    clinic.save(update_fields=[*QUIET, "sender_name", "arrange_days_before"])


def _sender_problems(name: str) -> list[Refusal]:
    if words := problem_with_text(name):
        return [Refusal("sender_unreadable", words, "sender_name")]
    if "@" in name or len(name) > LONGEST_SENDER:
        words = f"A name without an address, of at most {LONGEST_SENDER} letters."
        return [Refusal("sender_no_name", words, "sender_name")]
    return []


def _quiet_changes(clinic: Clinic, quiet: Quiet) -> dict[str, Any]:
    pairs = {name: (getattr(clinic, name), getattr(quiet, part)) for name, part in QUIET.items()}
    return {name: [str(was), str(now)] for name, (was, now) in pairs.items() if was != now}


def _kind_changes(code: str, after: Setting, before: Setting) -> dict[str, Any]:
    """What changes of one kind, by the names of the page's fields."""
    pairs = {
        "on": (before.is_on, after.is_on),
        "days": (before.days, after.days),
        "at": (before.at, after.at),
        "ways": (", ".join(before.channels), ", ".join(after.channels)),
    }
    return {f"{code}_{name}": [str(was), str(now)] for name, (was, now) in pairs.items() if was != now}


def _problems(code: str, after: Setting, before: Setting) -> list[Refusal]:
    """Why a kind cannot be settled so, each beside its field."""
    kind = BY_CODE[code]
    found = []
    if not (after.is_on or kind.is_optional):
        found.append(Refusal("always_on", "This message is always sent.", f"{code}_on"))
    # The days that stay are not asked about: a clinic's own list may hold others, or several.
    if after.days != before.days and not (
        after.days is not None and kind.has_days and kind.least_days <= after.days <= kind.most_days
    ):
        words = f"Between {kind.least_days} and {kind.most_days} days before."
        found.append(Refusal("out_of_bounds", words, f"{code}_days"))
    if after.at != before.at:
        if after.at is None or kind.at is None:
            found.append(Refusal("no_time", "Choose a time.", f"{code}_at"))
        elif problem := clock_problem(after.at, f"{code}_at"):
            found.append(problem)
    offered = {*kind.channels} - (set() if sms.is_offered() else {SMS})
    if not after.channels or {*after.channels} - offered - {*before.channels}:
        words = "Choose one way at least, of those on offer."
        found.append(Refusal("no_way", words, f"{code}_ways"))
    return found
