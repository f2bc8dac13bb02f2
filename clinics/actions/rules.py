"""The clinic's own row: its capacity rules and where its public holidays come from."""

from __future__ import annotations

from collections.abc import Mapping

from django.db import transaction
from django.db.models import Model

from clinics.domain.attention import RULES, rule_problems
from clinics.domain.refusals import Refusal, Refused
from clinics.domain.spans import STALE, fingerprint
from clinics.models import Clinic, User
from clinics.queries import region_names

from .trail import differences, record


def lock_clinic(clinic: Clinic) -> Clinic:
    """The clinic as it stands now, held until the transaction ends: settings of one clinic change one by one."""
    return Clinic.objects.select_for_update(no_key=True).get(pk=clinic.pk)


def still_there(row: Model) -> bool:
    """Read a row of a locked clinic again, in place; False where a colleague, or the click before, took it away."""
    try:
        row.refresh_from_db()
    except row.DoesNotExist:  # type: ignore[attr-defined]
        return False
    return True


def rules_mark(clinic: Clinic) -> str:
    """The mark of the capacity rules as they stand."""
    return fingerprint(*(getattr(clinic, name) for name in RULES))


def holidays_mark(clinic: Clinic) -> str:
    """The mark of the country and region as they stand."""
    return fingerprint(clinic.country, clinic.region)


@transaction.atomic
def change_rules(*, clinic: Clinic, rules: Mapping[str, int], seen: str, by: User) -> dict[str, list[str]]:
    """Set the clinic's capacity rules; ``rules`` holds every name of RULES, ``seen`` the mark the page showed.

    Returns what changed. Refused out of bounds, where a phase asks for more than a nurse has, and on a stale page.
    """
    if problems := rule_problems(rules):
        raise Refused(*problems)
    standing = lock_clinic(clinic)
    return _changed(
        standing, dict(rules), "changed capacity rules", stale=seen != rules_mark(standing), by=by
    )


@transaction.atomic
def change_holidays(
    *, clinic: Clinic, country: str, region: str, seen: str, by: User
) -> dict[str, list[str]]:
    """Set whose public holidays close the clinic; an empty country means none do. Returns what changed.

    Refused for an unknown country, for a region that is not one of it, and on a stale page.
    """
    regions = region_names(country)
    if country and regions is None:
        raise Refused(Refusal("no_such_country", "Choose one of the countries.", "country"))
    if region and region not in (regions or {}):
        raise Refused(Refusal("not_its_region", "This is not a region of that country.", "region"))
    standing = lock_clinic(clinic)
    after = {"country": country, "region": region}
    return _changed(standing, after, "changed public holidays", stale=seen != holidays_mark(standing), by=by)


def _changed(
    clinic: Clinic, after: dict[str, int] | dict[str, str], verb: str, *, stale: bool, by: User
) -> dict[str, list[str]]:
    changes = differences(clinic, after)
    if changes and stale:
        raise Refused(STALE)
    if changes:
        for name, value in after.items():
            setattr(clinic, name, value)
        clinic.save(update_fields=list(after))
        record(clinic=clinic, by=by, verb=verb, subject=clinic, changes=changes)
    return changes
