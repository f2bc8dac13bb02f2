"""A clinic's own words: what holds now, and what held before."""

from __future__ import annotations

from django.db.models import QuerySet

from clinics.models import Clinic

from ..domain.kinds import code_of
from ..domain.wording import STANDARD, OwnWords
from ..models import Wording


def wordings(clinic: Clinic, kind: str, language: str) -> QuerySet[Wording]:
    """Every wording of one kind in one language, the one that holds first."""
    rows = Wording.objects.of(clinic).filter(kind=code_of(kind), language=language)
    return rows.select_related("by").order_by("-version")


def own_words(clinic: Clinic, kind: str, language: str) -> OwnWords:
    """The clinic's words that hold now; empty ones where it has none."""
    newest = wordings(clinic, kind, language).first()
    return newest.words if newest else STANDARD


def worded(clinic: Clinic) -> dict[tuple[str, str], Wording]:
    """The wording that holds for each kind and language in which the clinic has words of its own."""
    rows = Wording.objects.of(clinic).select_related("by").order_by("version")
    newest = {(row.kind, row.language): row for row in rows}
    return {key: row for key, row in newest.items() if not row.words.is_standard}
