"""Where a medicine's label stands in a clinic's country, and when a reason for off-label use is asked for."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from regimens.domain.definition import Label, Regimen

# Countries whose clinics read the EU status: the EU and EEA, and Switzerland and the United Kingdom, whose own labels
# were not read (product default, unverified).
_EU = frozenset(
    (
        "AT",
        "BE",
        "BG",
        "HR",
        "CY",
        "CZ",
        "DK",
        "EE",
        "FI",
        "FR",
        "DE",
        "GR",
        "HU",
        "IE",
        "IT",
        "LV",
        "LT",
        "LU",
        "MT",
        "NL",
        "PL",
        "PT",
        "RO",
        "SK",
        "SI",
        "ES",
        "SE",
        "IS",
        "LI",
        "NO",
        "CH",
        "GB",
    )
)


class Jurisdiction(StrEnum):
    """Whose label a clinic goes by."""

    US = "us"
    EU = "eu"
    NEITHER = ""

    @property
    def words(self) -> str:
        """The jurisdiction in words; both where neither is the clinic's own."""
        return {"us": "United States", "eu": "European Union"}.get(
            self.value, "United States and European Union"
        )


@dataclass(frozen=True, slots=True)
class OffLabel:
    """Something about a regimen that is not on the label, in words."""

    what: str
    label: Label
    where: Jurisdiction

    @property
    def words(self) -> str:
        """One line for a screen."""
        return f"{self.what}: {self.label.words} ({self.where.words})"


def jurisdiction_of(country: str) -> Jurisdiction:
    """Whose label a country's clinics go by; neither where only the US and the EU label are known."""
    if country == "US":
        return Jurisdiction.US
    return Jurisdiction.EU if country in _EU else Jurisdiction.NEITHER


def off_label(regimen: Regimen, condition: str, country: str) -> tuple[OffLabel, ...]:
    """What is off-label when a regimen is used for a condition in a country: the medicine's use, the schedule, or both.

    In a country that is neither in the US nor in the EU both labels are asked: what either of them does not have counts
    as off-label. An empty answer asks for no reason.
    """
    own = jurisdiction_of(country)
    asked = (Jurisdiction.US, Jurisdiction.EU) if own is Jurisdiction.NEITHER else (own,)
    use = next((each.use for each in regimen.conditions if each.code == condition), None)
    found = []
    for where in asked:
        label = getattr(use, where.value) if use is not None else Label.NOT_APPROVED
        if label.off_label:
            found.append(OffLabel("The medicine in this disease", label, where))
        schedule = getattr(regimen.label_status, where.value)
        if schedule.off_label:
            found.append(OffLabel("This schedule", schedule, where))
    return tuple(found)
