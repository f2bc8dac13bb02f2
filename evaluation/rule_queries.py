"""Reading the rules as a clinic has set them."""

from __future__ import annotations

from clinics.domain.calendar import local_date
from clinics.models import Clinic

from .domain.requirements import Catalogue
from .domain.tailoring import Setting, tailored
from .models import RuleSetting


def settings_of(clinic: Clinic) -> dict[str, Setting]:
    """What stands: the newest of each code, unless it went back to the product's own."""
    newest: dict[str, Setting | None] = {}
    for row in RuleSetting.objects.of(clinic).select_related("by").order_by("-at", "-id"):
        if row.code not in newest:
            on = local_date(row.at, clinic.zone)
            newest[row.code] = None if row.value is None else Setting(row.value, str(row.by), on, row.reason)
    return {code: setting for code, setting in newest.items() if setting is not None}


def catalogue_of(clinic: Clinic) -> Catalogue:
    """The requirements in force in a clinic."""
    return tailored(settings_of(clinic))


def history_of(clinic: Clinic, code: str) -> list[RuleSetting]:
    """Everything a clinic has set for a code, newest first."""
    return list(RuleSetting.objects.of(clinic).filter(code=code).select_related("by").order_by("-at", "-id"))
